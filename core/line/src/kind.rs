//! The kinds of entry and their bodies (spec/line.md §4).
//!
//! What an entry may be written in and *regard*, as far as names alone show it, is checked here; how bodies
//! are read and written is `body`'s, and what they *mean* is the folds' to say.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

use detente_airspace::position::Position;
use detente_record::{Book, Class, Cut, Entry, EntryRef, Fault, Hash, Party, Renewal};
use minicbor::{Decode, Encode};

use crate::attachment::Attachment;
use crate::disclosure::Disclosure;
use crate::finding::Finding;
use crate::memorandum::Memorandum;
use crate::notice::Notice;
use crate::report::ConflictReport;
use crate::seals::Sealed;

/// Longest text of any body, in bytes.
pub const MAX_TEXT: usize = 12_000;
/// Largest memorandum that a motion can hold, in bytes.
pub const MAX_MOVED: usize = 14_000;
/// The first kind that is an act.
pub const FIRST_ACT: u16 = 64;

/// The numbers of the kinds.
pub mod number {
    #![allow(missing_docs, reason = "each is the number of the `Content` variant of its name")]
    pub const MESSAGE: u16 = 1;
    pub const AMENDMENT: u16 = 2;
    pub const WITHDRAWAL: u16 = 3;
    pub const ACKNOWLEDGEMENT: u16 = 4;
    pub const READ_BACK: u16 = 5;
    pub const PASSED_ON: u16 = 6;
    pub const CEASE: u16 = 7;
    pub const DISPLAYED: u16 = 8;
    pub const ESCALATED: u16 = 9;
    pub const TEST: u16 = 10;
    pub const TEST_ANSWER: u16 = 11;
    pub const MISSED: u16 = 12;
    pub const DUTY: u16 = 13;
    pub const NOTICE: u16 = 14;
    pub const CONFLICT: u16 = 15;
    pub const POSITION: u16 = 16;
    pub const FINDING: u16 = 17;
    pub const DISCLOSES: u16 = 18;
    pub const OPENS: u16 = 64;
    pub const SUSPENDS: u16 = 65;
    pub const RESUMES: u16 = 66;
    pub const MOTION: u16 = 67;
    pub const VOTE: u16 = 68;
    pub const DECIDE: u16 = 69;
    pub const LEAVES: u16 = 70;
    pub const HOLDS: u16 = 80;
    pub const SEALS: u16 = 81;
}

/// Text that somebody wrote to somebody.
#[derive(Debug, Clone, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Message {
    /// What is said, 1 to 12,000 bytes.
    #[n(1)]
    pub text: String,
    /// Safety of life; in book Z only. Passes while the line is suspended.
    #[n(2)]
    pub safety_of_life: Option<bool>,
    /// An answer is asked for by this time, ms.
    #[n(3)]
    pub reply_by_ms: Option<u64>,
    /// It answers what it regards.
    #[n(4)]
    pub answers: Option<bool>,
    /// What goes with it, 1 to 16.
    #[n(5)]
    pub attachments: Option<Vec<Attachment>>,
    /// The same in another language, by its author; what binds is [`Message::text`].
    #[n(6)]
    pub also: Option<Rendering>,
    /// It is a translation of the one entry that it regards.
    #[n(7)]
    pub translates: Option<bool>,
}

/// A text in another language than the one that binds.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Rendering {
    /// BCP 47, 2 to 35 bytes.
    #[n(0)]
    pub language: String,
    /// What it says, 1 to 12,000 bytes.
    #[n(1)]
    pub text: String,
}

/// The new content of an amended entry, whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Amendment {
    /// Of a message.
    Text(String),
    /// Of a notice.
    Notice(Notice),
}

/// Whether an officer is present.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Duty {
    /// Nobody is on watch.
    Off,
    /// Somebody is.
    On,
    /// The watch passes to another office.
    Handover {
        /// The office that takes over.
        to: u16,
    },
}

/// What a party holds of something that was said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum Stance {
    /// It is so.
    #[n(1)]
    Affirms,
    /// It is not so.
    #[n(2)]
    Disputes,
    /// It is otherwise, as the text says.
    #[n(3)]
    Corrects,
    /// Nothing any more.
    #[n(4)]
    Withdraws,
}

/// What a motion is to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Matter {
    /// To consent to the end of the suspension that it regards.
    Reopen,
    /// To say something in the name of all; no rule of the line changes by it.
    Resolve,
    /// To put this memorandum in the place of the one in force, which it names as its predecessor.
    Amend(Arc<Memorandum>),
    /// To found a working group, a line of this name.
    Found(String),
}

/// A party's word on a motion.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum Choice {
    /// In favour.
    #[n(1)]
    For,
    /// Opposed; from a veto holder it defeats.
    #[n(2)]
    Against,
    /// Neither.
    #[n(3)]
    Abstain,
}

/// What became of a motion.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum Outcome {
    /// Adopted.
    #[n(1)]
    Carried,
    /// Not adopted.
    #[n(2)]
    Defeated,
    /// Its window ended first.
    #[n(3)]
    Lapsed,
    /// Another amendment of the same memorandum carried first.
    #[n(4)]
    Overtaken,
}

/// The body of an entry, by kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// Kind 1.
    Message(Message),
    /// Kind 2.
    Amendment(Amendment),
    /// Kind 3.
    Withdrawal {
        /// Why.
        reason: Option<String>,
    },
    /// Kind 4. Never acknowledged itself, never a permission.
    Acknowledgement {
        /// What the officer adds.
        text: Option<String>,
    },
    /// Kind 5: what was understood, said back.
    ReadBack {
        /// In words.
        text: String,
        /// The position as understood.
        position: Option<Position>,
    },
    /// Kind 6: it reached those who act on it.
    PassedOn {
        /// To whom.
        to: String,
    },
    /// Kind 7: "stop: you are hitting us".
    Cease {
        /// Where we are being hit.
        position: Position,
        /// More.
        text: Option<String>,
    },
    /// Kind 8: it was shown to an officer.
    Displayed,
    /// Kind 9: it was not handled in time and went up.
    Escalated {
        /// The rank that was called.
        rank: u16,
        /// The step's time, ms.
        after_ms: u64,
    },
    /// Kind 10.
    Test {
        /// Slot of the schedule.
        slot: u64,
        /// Content to be answered.
        text: String,
    },
    /// Kind 11.
    TestAnswer {
        /// SHA-256 of the test's text.
        digest: Hash,
    },
    /// Kind 12.
    Missed {
        /// Slot of the schedule.
        slot: u64,
        /// Who owed the test, or the answer.
        party: Party,
    },
    /// Kind 13.
    Duty(Duty),
    /// Kind 14.
    Notice(Notice),
    /// Kind 15: what one party plans, and does not say, is in the way of what another gave notice of.
    Conflict(ConflictReport),
    /// Kind 16: what a party holds of the first entry that it regards; the others bear it out.
    Position {
        /// What it holds.
        stance: Stance,
        /// In words; where it corrects, what is right.
        text: Option<String>,
        /// What goes with it, 1 to 16.
        attachments: Option<Vec<Attachment>>,
    },
    /// Kind 17: what an observer found, as it signed it; its author lodges it, and need not agree.
    Finding(Box<Finding>),
    /// Kind 18: what its author shows to an observer.
    Discloses(Disclosure),
    /// Kind 64: first entry of a later generation.
    Opens {
        /// The generation before.
        before: u16,
        /// Its last size known.
        size: u64,
        /// The root at that size.
        root: Hash,
        /// What brought the keys of its rank, where that is not the rank of the generation before.
        renewal: Option<Box<Renewal>>,
    },
    /// Kind 65.
    Suspends {
        /// Kinds it covers; empty: all.
        scope: Vec<u16>,
        /// From when, ms.
        effective_ms: u64,
        /// Why.
        reason: String,
    },
    /// Kind 66.
    Resumes {
        /// From when, ms.
        effective_ms: u64,
        /// The decision that consents.
        decision: Option<EntryRef>,
    },
    /// Kind 67.
    Motion {
        /// What it is to do.
        matter: Matter,
        /// What is moved, in words.
        text: String,
        /// When it closes, ms.
        closes_ms: u64,
    },
    /// Kind 68.
    Vote {
        /// The word.
        choice: Choice,
        /// Explanation of vote.
        text: Option<String>,
    },
    /// Kind 69.
    Decide {
        /// What became of the motion.
        outcome: Outcome,
        /// The votes counted, ascending by party.
        votes: Vec<EntryRef>,
        /// The decision before this one.
        before: Option<EntryRef>,
    },
    /// Kind 70: its author says nothing more on this line.
    Leaves {
        /// Why.
        reason: Option<String>,
    },
    /// Kind 80, in R: this party holds blobs whole and durable.
    Holds {
        /// SHA-256 of each, ascending.
        hashes: Vec<Hash>,
    },
    /// Kind 81, in R: its author's second signature, which outlives Ed25519, of a checkpoint of its own.
    Seals(Box<Sealed>),
    /// A kind that this version does not know; kept as it is.
    Unknown {
        /// Its number.
        kind: u16,
    },
}

/// The class in which something said of an entry is written: the entry's own, and IMMEDIATE of an act.
pub fn answer_class(subject: Class) -> Class {
    if subject == Class::A { Class::O } else { subject }
}

impl Content {
    /// The kind's number.
    pub fn kind(&self) -> u16 {
        use number::*;
        match self {
            Self::Message(_) => MESSAGE,
            Self::Amendment(_) => AMENDMENT,
            Self::Withdrawal { .. } => WITHDRAWAL,
            Self::Acknowledgement { .. } => ACKNOWLEDGEMENT,
            Self::ReadBack { .. } => READ_BACK,
            Self::PassedOn { .. } => PASSED_ON,
            Self::Cease { .. } => CEASE,
            Self::Displayed => DISPLAYED,
            Self::Escalated { .. } => ESCALATED,
            Self::Test { .. } => TEST,
            Self::TestAnswer { .. } => TEST_ANSWER,
            Self::Missed { .. } => MISSED,
            Self::Duty(_) => DUTY,
            Self::Notice(_) => NOTICE,
            Self::Conflict(_) => CONFLICT,
            Self::Position { .. } => POSITION,
            Self::Finding(_) => FINDING,
            Self::Discloses(_) => DISCLOSES,
            Self::Opens { .. } => OPENS,
            Self::Suspends { .. } => SUSPENDS,
            Self::Resumes { .. } => RESUMES,
            Self::Motion { .. } => MOTION,
            Self::Vote { .. } => VOTE,
            Self::Decide { .. } => DECIDE,
            Self::Leaves { .. } => LEAVES,
            Self::Holds { .. } => HOLDS,
            Self::Seals(_) => SEALS,
            Self::Unknown { kind } => *kind,
        }
    }

    /// Whether somebody on the other side has to take note of it: it stays open until acknowledged.
    pub fn is_to_be_handled(&self) -> bool {
        matches!(
            self,
            Self::Message(_)
                | Self::Amendment(_)
                | Self::Notice(_)
                | Self::Conflict(_)
                | Self::Position { .. }
                | Self::Finding(_)
                | Self::Cease { .. }
        )
    }

    /// Whether it passes however the line stands, before the memorandum adds anything (spec §5, Permitted).
    pub fn always_passes(&self) -> bool {
        match self {
            Self::Message(message) => message.safety_of_life == Some(true),
            Self::Amendment(_)
            | Self::Notice(_)
            | Self::Conflict(_)
            | Self::Position { .. }
            | Self::Finding(_)
            | Self::Discloses(_) => false,
            Self::Unknown { kind } => *kind >= FIRST_ACT,
            _ => true,
        }
    }

    /// Holds what it names to what its author knew, as the book that it is in has it by then.
    ///
    /// # Errors
    /// `Misbehaved`, for a disclosure of what its full cut does not cover.
    pub(crate) fn check_known(&self, name: EntryRef, stated: &Cut) -> Result<(), Fault> {
        match self {
            Self::Discloses(disclosure) => disclosure.is_known(name, stated),
            _ => Ok(()),
        }
    }

    /// Checks the book that it is in and what it regards, as far as names alone show it (spec §4).
    ///
    /// # Errors
    /// `Misbehaved`, saying what was expected.
    pub fn check_place(&self, book: Book, entry: &Entry) -> Result<(), Fault> {
        let class = book.class;
        let fits = match self {
            Self::Opens { .. } => true,
            Self::Cease { .. } => class == Class::Z,
            Self::Message(message) if message.safety_of_life == Some(true) => class == Class::Z,
            Self::Displayed => matches!(class, Class::Z | Class::O),
            Self::Finding(_) => matches!(class, Class::O | Class::P | Class::R),
            Self::Discloses(_) => matches!(class, Class::P | Class::R),
            Self::Holds { .. } => class == Class::R,
            Self::Seals(sealed) => class == Class::R && sealed.signed.checkpoint.book.party == book.party,
            Self::Test { .. } | Self::TestAnswer { .. } | Self::Missed { .. } | Self::Duty(_) => {
                class == Class::P
            }
            content => (class == Class::A) == (content.kind() >= FIRST_ACT),
        };
        if !fits {
            let found = alloc::format!("{}", class.letter());
            return Err(Fault::misbehaved("book", "a book that its kind may be in", found));
        }
        let one = |wanted: fn(&EntryRef, Book) -> bool| match entry.regards.as_slice() {
            [subject] => wanted(subject, book),
            _ => false,
        };
        let fits = match self {
            Self::Amendment(_) | Self::Withdrawal { .. } => {
                one(|subject, book| subject.book.party == book.party && subject.book.class != Class::A)
            }
            Self::Acknowledgement { .. } | Self::ReadBack { .. } | Self::PassedOn { .. } => {
                one(|subject, book| {
                    subject.book.party != book.party && answer_class(subject.book.class) == book.class
                })
            }
            Self::Displayed | Self::Escalated { .. } => {
                one(|subject, book| subject.book.party != book.party && subject.book.class == book.class)
            }
            Self::TestAnswer { .. } => {
                one(|subject, book| subject.book.party != book.party && subject.book.class == Class::P)
            }
            Self::Resumes { .. } => {
                one(|subject, book| subject.book.party == book.party && subject.book.class == Class::A)
            }
            Self::Motion { matter: Matter::Reopen, .. } | Self::Vote { .. } | Self::Decide { .. } => {
                one(|subject, _| subject.book.class == Class::A)
            }
            Self::Position { .. } => !entry.regards.is_empty(),
            Self::Message(message) if message.translates == Some(true) => one(|_, _| true),
            Self::Holds { .. }
            | Self::Discloses(_)
            | Self::Seals(_)
            | Self::Test { .. }
            | Self::Missed { .. }
            | Self::Duty(_)
            | Self::Opens { .. }
            | Self::Leaves { .. }
            | Self::Suspends { .. } => entry.regards.is_empty(),
            Self::Conflict(_) => one(|subject, book| subject.book.party != book.party),
            Self::Motion { matter: Matter::Resolve | Matter::Amend(_) | Matter::Found(_), .. }
            | Self::Message(_)
            | Self::Cease { .. }
            | Self::Notice(_)
            | Self::Finding(_)
            | Self::Unknown { .. } => true,
        };
        if fits {
            Ok(())
        } else {
            let found = alloc::format!("{} entries", entry.regards.len());
            Err(Fault::misbehaved("regards", "what its kind may regard (spec/line.md §4)", found))
        }
    }
}
