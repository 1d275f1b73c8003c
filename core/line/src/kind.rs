//! The kinds of entry and their bodies (spec/line.md §4).
//!
//! A body is read with its kind and only in its one canonical form: what is decoded and encoded again gives
//! the same bytes, or it is refused. What an entry may *regard*, as far as names alone show it, is checked
//! here too; what it *means* is the folds' to say.

use alloc::string::String;
use alloc::vec::Vec;

use detente_record::{Book, Class, Entry, EntryRef, Fault, Hash, Party};
use minicbor::{Decode, Encode};

/// Longest text of any body, in bytes.
pub const MAX_TEXT: usize = 12_000;
/// Most corners of an area.
pub const MAX_CORNERS: usize = 256;
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
    pub const OPENS: u16 = 64;
    pub const SUSPENDS: u16 = 65;
    pub const RESUMES: u16 = 66;
    pub const MOTION: u16 = 67;
    pub const VOTE: u16 = 68;
    pub const DECIDE: u16 = 69;
}

/// A position on WGS 84: latitude and longitude in units of 1e-7 degree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct Position {
    /// Latitude, ±900,000,000.
    #[n(0)]
    pub lat: i32,
    /// Longitude, ±1,800,000,000.
    #[n(1)]
    pub lon: i32,
}

impl Position {
    /// Whether both coordinates are within their ranges.
    pub fn is_valid(self) -> bool {
        self.lat.unsigned_abs() <= 900_000_000 && self.lon.unsigned_abs() <= 1_800_000_000
    }
}

/// An entry's name in a body: `[book, number]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct WireRef {
    #[n(0)]
    book: u32,
    #[n(1)]
    number: u64,
}

impl From<EntryRef> for WireRef {
    fn from(entry: EntryRef) -> Self {
        Self { book: entry.book.code(), number: entry.number }
    }
}

impl WireRef {
    fn entry(self) -> Result<EntryRef, Fault> {
        if self.number == 0 {
            return Err(Fault::malformed("entry number", "1 or more", "0"));
        }
        Ok(EntryRef { book: Book::from_code(self.book)?, number: self.number })
    }
}

/// Text that somebody wrote to somebody.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
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
}

/// Planned activity (spec/line.md §4.1).
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Notice {
    /// The notice kind's name in the memorandum.
    #[n(1)]
    pub kind: String,
    /// What is planned.
    #[n(2)]
    pub text: String,
    /// Start of the activity, ms.
    #[n(3)]
    pub from_ms: u64,
    /// End of the activity, ms.
    #[n(4)]
    pub until_ms: u64,
    /// Corners of the area, 3 to 256.
    #[n(5)]
    pub area: Vec<Position>,
    /// Lower limit, mm.
    #[n(6)]
    pub lowest_mm: Option<i64>,
    /// Upper limit, mm.
    #[n(7)]
    pub highest_mm: Option<i64>,
    /// Forces that it binds.
    #[n(8)]
    pub forces: Option<String>,
    /// Sent later than its lead time, and says so.
    #[n(9)]
    pub emergency: Option<bool>,
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
    /// Kind 64: first entry of a later generation.
    Opens {
        /// The generation before.
        before: u16,
        /// Its last size known.
        size: u64,
        /// The root at that size.
        root: Hash,
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
    /// Kind 67: a motion to reopen.
    Motion {
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
    /// A kind that this version does not know; kept as it is.
    Unknown {
        /// Its number.
        kind: u16,
    },
}

#[derive(Encode, Decode)]
#[cbor(map)]
struct TextBody {
    #[n(1)]
    text: String,
}

#[derive(Encode, Decode)]
#[cbor(map)]
struct MaybeTextBody {
    #[n(1)]
    text: Option<String>,
}

#[derive(Encode, Decode)]
#[cbor(map)]
struct ReadBackBody {
    #[n(1)]
    text: String,
    #[n(2)]
    position: Option<Position>,
}

#[derive(Encode, Decode)]
#[cbor(map)]
struct CeaseBody {
    #[n(1)]
    position: Position,
    #[n(2)]
    text: Option<String>,
}

#[derive(Encode, Decode)]
#[cbor(map)]
struct EscalatedBody {
    #[n(1)]
    rank: u16,
    #[n(2)]
    after_ms: u64,
}

#[derive(Encode, Decode)]
#[cbor(map)]
struct TestBody {
    #[n(1)]
    slot: u64,
    #[n(2)]
    text: String,
}

#[derive(Encode, Decode)]
#[cbor(map)]
struct DigestBody {
    #[cbor(n(1), with = "minicbor::bytes")]
    digest: Hash,
}

#[derive(Encode, Decode)]
#[cbor(map)]
struct MissedBody {
    #[n(1)]
    slot: u64,
    #[n(2)]
    party: u8,
}

#[derive(Encode, Decode)]
#[cbor(map)]
struct DutyBody {
    #[n(1)]
    state: u8,
    #[n(2)]
    to: Option<u16>,
}

#[derive(Encode, Decode)]
#[cbor(map)]
struct OpensBody {
    #[n(1)]
    before: u16,
    #[n(2)]
    size: u64,
    #[cbor(n(3), with = "minicbor::bytes")]
    root: Hash,
}

#[derive(Encode, Decode)]
#[cbor(map)]
struct SuspendsBody {
    #[n(1)]
    scope: Vec<u16>,
    #[n(2)]
    effective_ms: u64,
    #[n(3)]
    reason: String,
}

#[derive(Encode, Decode)]
#[cbor(map)]
struct ResumesBody {
    #[n(1)]
    effective_ms: u64,
    #[n(2)]
    decision: Option<WireRef>,
}

#[derive(Encode, Decode)]
#[cbor(map)]
struct MotionBody {
    #[n(1)]
    what: u16,
    #[n(2)]
    text: String,
    #[n(3)]
    closes_ms: u64,
}

#[derive(Encode, Decode)]
#[cbor(map)]
struct VoteBody {
    #[n(1)]
    choice: Choice,
    #[n(2)]
    text: Option<String>,
}

#[derive(Encode, Decode)]
#[cbor(map)]
struct DecideBody {
    #[n(1)]
    outcome: Outcome,
    #[n(2)]
    votes: Vec<WireRef>,
    #[n(3)]
    before: Option<WireRef>,
}

#[derive(Encode, Decode)]
#[cbor(map)]
struct EmptyBody {}

fn bytes(body: impl Encode<()>) -> Vec<u8> {
    let mut out = Vec::new();
    // Writing to a `Vec` cannot fail, and no body holds a type whose encoding can.
    let _ = minicbor::encode(body, &mut out);
    out
}

/// Reads a body, and holds it to be the one canonical encoding of what was read.
fn exactly<'b, T: Decode<'b, ()> + Encode<()>>(body: &'b [u8]) -> Result<T, Fault> {
    let read: T = minicbor::decode(body)
        .map_err(|error| Fault::malformed("body", "the body of its kind", alloc::format!("{error}")))?;
    if bytes(&read) == body {
        Ok(read)
    } else {
        Err(Fault::incompatible("body", "only keys that its kind defines", "other keys or another form"))
    }
}

fn within(text: String) -> Result<String, Fault> {
    if (1..=MAX_TEXT).contains(&text.len()) {
        Ok(text)
    } else {
        Err(Fault::malformed("text", "1 to 12,000 bytes", alloc::format!("{}", text.len())))
    }
}

fn maybe_within(text: Option<String>) -> Result<Option<String>, Fault> {
    text.map(within).transpose()
}

/// A flag is `true` or absent.
fn flag(flag: Option<bool>) -> Result<bool, Fault> {
    match flag {
        None => Ok(false),
        Some(true) => Ok(true),
        Some(false) => Err(Fault::malformed("flag", "true, or absent", "false")),
    }
}

fn valid(position: Position) -> Result<Position, Fault> {
    if position.is_valid() {
        Ok(position)
    } else {
        Err(Fault::malformed("position", "±90° and ±180° in 1e-7 degrees", alloc::format!("{position:?}")))
    }
}

impl Notice {
    fn check(self) -> Result<Self, Fault> {
        within(self.text.clone())?;
        if self.kind.is_empty() || self.kind.len() > 32 {
            return Err(Fault::malformed(
                "notice kind",
                "1 to 32 bytes",
                alloc::format!("{}", self.kind.len()),
            ));
        }
        maybe_within(self.forces.clone())?;
        flag(self.emergency)?;
        if !(3..=MAX_CORNERS).contains(&self.area.len()) {
            return Err(Fault::malformed("area", "3 to 256 corners", alloc::format!("{}", self.area.len())));
        }
        for corner in &self.area {
            valid(*corner)?;
        }
        if self.until_ms < self.from_ms {
            return Err(Fault::malformed("notice", "until at or after from", "until before from"));
        }
        if let (Some(low), Some(high)) = (self.lowest_mm, self.highest_mm)
            && high < low
        {
            return Err(Fault::malformed("notice", "highest at or above lowest", "highest below lowest"));
        }
        Ok(self)
    }
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
            Self::Opens { .. } => OPENS,
            Self::Suspends { .. } => SUSPENDS,
            Self::Resumes { .. } => RESUMES,
            Self::Motion { .. } => MOTION,
            Self::Vote { .. } => VOTE,
            Self::Decide { .. } => DECIDE,
            Self::Unknown { kind } => *kind,
        }
    }

    /// The body as canonical CBOR.
    pub fn encode(&self) -> Vec<u8> {
        match self.clone() {
            Self::Message(message) => bytes(message),
            Self::Amendment(Amendment::Text(text)) => bytes(TextBody { text }),
            Self::Amendment(Amendment::Notice(notice)) | Self::Notice(notice) => bytes(notice),
            Self::Withdrawal { reason: text } | Self::Acknowledgement { text } => {
                bytes(MaybeTextBody { text })
            }
            Self::ReadBack { text, position } => bytes(ReadBackBody { text, position }),
            Self::PassedOn { to: text } => bytes(TextBody { text }),
            Self::Cease { position, text } => bytes(CeaseBody { position, text }),
            Self::Displayed | Self::Unknown { .. } => bytes(EmptyBody {}),
            Self::Escalated { rank, after_ms } => bytes(EscalatedBody { rank, after_ms }),
            Self::Test { slot, text } => bytes(TestBody { slot, text }),
            Self::TestAnswer { digest } => bytes(DigestBody { digest }),
            Self::Missed { slot, party } => bytes(MissedBody { slot, party: party.number() }),
            Self::Duty(Duty::Off) => bytes(DutyBody { state: 0, to: None }),
            Self::Duty(Duty::On) => bytes(DutyBody { state: 1, to: None }),
            Self::Duty(Duty::Handover { to }) => bytes(DutyBody { state: 2, to: Some(to) }),
            Self::Opens { before, size, root } => bytes(OpensBody { before, size, root }),
            Self::Suspends { scope, effective_ms, reason } => {
                bytes(SuspendsBody { scope, effective_ms, reason })
            }
            Self::Resumes { effective_ms, decision } => {
                bytes(ResumesBody { effective_ms, decision: decision.map(WireRef::from) })
            }
            Self::Motion { text, closes_ms } => bytes(MotionBody { what: 1, text, closes_ms }),
            Self::Vote { choice, text } => bytes(VoteBody { choice, text }),
            Self::Decide { outcome, votes, before } => bytes(DecideBody {
                outcome,
                votes: votes.into_iter().map(WireRef::from).collect(),
                before: before.map(WireRef::from),
            }),
        }
    }

    /// Reads the body of an entry of `kind`.
    ///
    /// # Errors
    /// `Malformed` if it is not a body of its kind or breaks a limit, `Incompatible` if it has keys that the
    /// kind does not define. A kind that is not known reads as [`Content::Unknown`].
    pub fn decode(kind: u16, body: &[u8]) -> Result<Self, Fault> {
        use number::*;
        Ok(match kind {
            MESSAGE => {
                let message: Message = exactly(body)?;
                flag(message.safety_of_life)?;
                flag(message.answers)?;
                Self::Message(Message { text: within(message.text)?, ..message })
            }
            AMENDMENT => Self::Amendment(match exactly::<TextBody>(body) {
                Ok(TextBody { text }) => Amendment::Text(within(text)?),
                Err(_) => Amendment::Notice(exactly::<Notice>(body)?.check()?),
            }),
            WITHDRAWAL => Self::Withdrawal { reason: maybe_within(exactly::<MaybeTextBody>(body)?.text)? },
            ACKNOWLEDGEMENT => {
                Self::Acknowledgement { text: maybe_within(exactly::<MaybeTextBody>(body)?.text)? }
            }
            READ_BACK => {
                let ReadBackBody { text, position } = exactly(body)?;
                Self::ReadBack { text: within(text)?, position: position.map(valid).transpose()? }
            }
            PASSED_ON => Self::PassedOn { to: within(exactly::<TextBody>(body)?.text)? },
            CEASE => {
                let CeaseBody { position, text } = exactly(body)?;
                Self::Cease { position: valid(position)?, text: maybe_within(text)? }
            }
            DISPLAYED => exactly::<EmptyBody>(body).map(|_| Self::Displayed)?,
            ESCALATED => {
                let EscalatedBody { rank, after_ms } = exactly(body)?;
                Self::Escalated { rank, after_ms }
            }
            TEST => {
                let TestBody { slot, text } = exactly(body)?;
                Self::Test { slot, text: within(text)? }
            }
            TEST_ANSWER => Self::TestAnswer { digest: exactly::<DigestBody>(body)?.digest },
            MISSED => {
                let MissedBody { slot, party } = exactly(body)?;
                Self::Missed { slot, party: Party::new(party)? }
            }
            DUTY => Self::Duty(match exactly(body)? {
                DutyBody { state: 0, to: None } => Duty::Off,
                DutyBody { state: 1, to: None } => Duty::On,
                DutyBody { state: 2, to: Some(to) } => Duty::Handover { to },
                DutyBody { state, .. } => {
                    return Err(Fault::malformed(
                        "duty",
                        "0, 1, or 2 with an office",
                        alloc::format!("{state}"),
                    ));
                }
            }),
            NOTICE => Self::Notice(exactly::<Notice>(body)?.check()?),
            OPENS => {
                let OpensBody { before, size, root } = exactly(body)?;
                Self::Opens { before, size, root }
            }
            SUSPENDS => {
                let SuspendsBody { scope, effective_ms, reason } = exactly(body)?;
                Self::Suspends { scope, effective_ms, reason: within(reason)? }
            }
            RESUMES => {
                let ResumesBody { effective_ms, decision } = exactly(body)?;
                Self::Resumes { effective_ms, decision: decision.map(WireRef::entry).transpose()? }
            }
            MOTION => match exactly(body)? {
                MotionBody { what: 1, text, closes_ms } => Self::Motion { text: within(text)?, closes_ms },
                MotionBody { what, .. } => {
                    return Err(Fault::incompatible("motion", "1, to reopen", alloc::format!("{what}")));
                }
            },
            VOTE => {
                let VoteBody { choice, text } = exactly(body)?;
                Self::Vote { choice, text: maybe_within(text)? }
            }
            DECIDE => {
                let DecideBody { outcome, votes, before } = exactly(body)?;
                Self::Decide {
                    outcome,
                    votes: votes.into_iter().map(WireRef::entry).collect::<Result<_, _>>()?,
                    before: before.map(WireRef::entry).transpose()?,
                }
            }
            kind => Self::Unknown { kind },
        })
    }

    /// Whether somebody on the other side has to take note of it: it stays open until acknowledged.
    pub fn is_to_be_handled(&self) -> bool {
        matches!(self, Self::Message(_) | Self::Amendment(_) | Self::Notice(_) | Self::Cease { .. })
    }

    /// Whether it passes however the line stands, before the memorandum adds anything (spec §5, Permitted).
    pub fn always_passes(&self) -> bool {
        match self {
            Self::Message(message) => message.safety_of_life == Some(true),
            Self::Amendment(_) | Self::Notice(_) => false,
            Self::Unknown { kind } => *kind >= FIRST_ACT,
            _ => true,
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
            Self::Acknowledgement { .. }
            | Self::ReadBack { .. }
            | Self::PassedOn { .. }
            | Self::Displayed
            | Self::Escalated { .. } => {
                one(|subject, book| subject.book.party != book.party && subject.book.class == book.class)
            }
            Self::TestAnswer { .. } => {
                one(|subject, book| subject.book.party != book.party && subject.book.class == Class::P)
            }
            Self::Resumes { .. } => {
                one(|subject, book| subject.book.party == book.party && subject.book.class == Class::A)
            }
            Self::Motion { .. } | Self::Vote { .. } | Self::Decide { .. } => {
                one(|subject, _| subject.book.class == Class::A)
            }
            Self::Test { .. }
            | Self::Missed { .. }
            | Self::Duty(_)
            | Self::Opens { .. }
            | Self::Suspends { .. } => entry.regards.is_empty(),
            Self::Message(_) | Self::Cease { .. } | Self::Notice(_) | Self::Unknown { .. } => true,
        };
        if fits {
            Ok(())
        } else {
            let found = alloc::format!("{} entries", entry.regards.len());
            Err(Fault::misbehaved("regards", "what its kind may regard (spec/line.md §4)", found))
        }
    }
}
