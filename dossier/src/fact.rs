//! What a dossier shows: facts, who is bound by each, and what each does not prove (spec/dossier.md §6).
//!
//! Promises that a fact follows from signatures that hold, and that nothing follows from what is not there. Whether an entry
//! was permitted when it was written is not judged: that takes every act that its cut covers.

use std::cmp::{Ordering, Reverse};
use std::collections::BTreeMap;

use detente_line::Content;
use detente_line::kind::number;
use detente_record::dossier::{Basis, Bound, Signer};
use detente_record::{Book, EntryRef, Party};

use crate::memoranda::Memoranda;
use crate::{signers, words};

/// Something that is shown of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fact {
    /// Whom it is about: who is bound, or the party of which nothing is here.
    pub of: Signer,
    /// What it is.
    pub shows: Shows,
}

/// What is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shows {
    /// The party wrote the entry: it signed a checkpoint of this size that it stands under.
    Wrote {
        /// The smallest such size here.
        size: u64,
    },
    /// The party's receipt covers it.
    Stored {
        /// The party's own clock, s since 1970.
        seconds: u64,
        /// The size that was receipted.
        size: u64,
        /// Whether it is under a key that the party has renewed since.
        renewed: bool,
    },
    /// The author's seal covers it: both of its signatures hold there.
    Sealed {
        /// The author's own clock, s since 1970.
        seconds: u64,
        /// The size that was sealed.
        size: u64,
    },
    /// The author says, under later keys, that it is beyond what the author takes for its own.
    Disowned {
        /// Which entry says so.
        by: EntryRef,
        /// By the author's own clock, ms.
        time_ms: u64,
        /// How many entries of the book the author takes for its own.
        reach: u64,
    },
    /// The witness's cosignature covers it.
    Witnessed {
        /// The witness's own clock, s since 1970.
        seconds: u64,
        /// The size that was cosigned.
        size: u64,
    },
    /// An entry of the party states that it held it.
    Held {
        /// Which entry.
        by: EntryRef,
        /// By the party's own clock, ms.
        time_ms: u64,
    },
    /// The party said something of it.
    Said {
        /// The kind of what it said.
        kind: u16,
        /// The entry in which it did.
        by: EntryRef,
        /// By the party's own clock, ms.
        time_ms: u64,
    },
    /// Neither a receipt nor an entry of the party is here that shows that it had it.
    Nothing {
        /// Since when, ms, by the clock of the entry's author.
        since_ms: Option<u64>,
    },
}

/// What somebody signed first over an entry.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Signed {
    pub(crate) by: Signer,
    /// By its own clock.
    pub(crate) seconds: u64,
    /// Over how much of the book.
    pub(crate) size: u64,
    /// Whether it is a receipt under a key that was renewed since.
    pub(crate) renewed: bool,
}

/// What is shown of one entry by itself.
pub(crate) struct Shown<'a> {
    /// Its author's time.
    pub(crate) time_ms: Option<u64>,
    /// The smallest size that it stands under.
    pub(crate) size: u64,
    pub(crate) signed: &'a [Signed],
    /// The author's seal: at which second, over which size.
    pub(crate) sealed: Option<(u64, u64)>,
    pub(crate) bounds: &'a [Bound],
}

/// An entry here that opens a rank of its author's books (spec/keys.md §5).
#[derive(Debug, Clone, Copy)]
pub(crate) struct Opening {
    name: EntryRef,
    time_ms: u64,
    /// The generation before, and how much of it is the author's own.
    before: (u16, u64),
}

impl Opening {
    pub(crate) fn of(name: EntryRef, time_ms: u64, content: &Content) -> Option<Self> {
        match content {
            Content::Opens { before, size, renewal: Some(_), .. } => {
                Some(Self { name, time_ms, before: (*before, *size) })
            }
            _ => None,
        }
    }

    /// How much of an earlier book of the same author and class is its own; `None` where it says nothing of that.
    fn reach(&self, book: Book) -> Option<u64> {
        let new = self.name.book;
        let is_earlier =
            (new.party, new.class) == (book.party, book.class) && book.generation < new.generation;
        let (before, size) = self.before;
        is_earlier.then_some(())?;
        match book.generation.cmp(&before) {
            Ordering::Less => None,
            Ordering::Equal => Some(size),
            Ordering::Greater => Some(0),
        }
    }

    fn disowns(&self, entry: EntryRef) -> bool {
        self.reach(entry.book).is_some_and(|reach| entry.number > reach)
    }

    /// Those that count: from the highest generation down, what none that counts disowns.
    pub(crate) fn counting(mut all: Vec<Self>) -> Vec<Self> {
        all.sort_by_key(|opening| Reverse(opening.name.book.generation));
        let mut counting: Vec<Self> = Vec::new();
        for opening in all {
            if !counting.iter().any(|later| later.disowns(opening.name)) {
                counting.push(opening);
            }
        }
        counting
    }
}

/// What entries say of others: by subject, in the order of their names.
pub(crate) type Sayings = BTreeMap<EntryRef, Vec<(u16, EntryRef, u64)>>;

/// Whether an entry of this kind says something of one that it regards, and is by the right party to say it.
///
/// What a position, beyond its first subject, regards is only what bears it out.
pub(crate) fn says_of(content: &Content, by: Party, of: Party, is_first: bool) -> bool {
    match content {
        Content::Position { .. } => is_first,
        Content::Vote { .. } | Content::Decide { .. } => true,
        Content::Amendment(_) | Content::Withdrawal { .. } => by == of,
        Content::Acknowledgement { .. }
        | Content::ReadBack { .. }
        | Content::PassedOn { .. }
        | Content::Displayed
        | Content::Conflict(_) => by != of,
        Content::Message(message) => by != of && message.answers == Some(true),
        _ => false,
    }
}

/// The facts of one entry: that it was written, sealed and disowned, then party by party, then witness by witness.
pub(crate) fn facts(
    memoranda: &Memoranda,
    entry: EntryRef,
    shown: &Shown<'_>,
    sayings: &Sayings,
    openings: &[Opening],
) -> Vec<Fact> {
    let author = entry.book.party;
    let of_author = |shows| Fact { of: Signer::Party(author), shows };
    let mut facts = vec![of_author(Shows::Wrote { size: shown.size })];
    facts.extend(shown.sealed.map(|(seconds, size)| of_author(Shows::Sealed { seconds, size })));
    let disowning = openings.iter().find(|opening| opening.disowns(entry));
    facts.extend(disowning.map(|opening| {
        let reach = opening.reach(entry.book).unwrap_or(0);
        of_author(Shows::Disowned { by: opening.name, time_ms: opening.time_ms, reach })
    }));
    let said = sayings.get(&entry).map(Vec::as_slice).unwrap_or_default();
    for party in memoranda.parties() {
        let of = Signer::Party(party);
        let mut add = |shows: Shows| facts.push(Fact { of, shows });
        let receipt = shown.signed.iter().find(|signed| signed.by == of);
        let held = shown.bounds.iter().find(|bound| bound.clock == of).and_then(|bound| bound.held);
        match (receipt, held) {
            _ if party == author => {}
            (Some(Signed { seconds, size, renewed, .. }), _) => {
                add(Shows::Stored { seconds: *seconds, size: *size, renewed: *renewed });
            }
            (None, Some((time_ms, by))) => add(Shows::Held { by, time_ms }),
            (None, None) => add(Shows::Nothing { since_ms: shown.time_ms }),
        }
        for (kind, by, time_ms) in said.iter().filter(|(_, by, _)| by.book.party == party) {
            add(Shows::Said { kind: *kind, by: *by, time_ms: *time_ms });
        }
    }
    for signed in shown.signed.iter().filter(|signed| matches!(signed.by, Signer::Witness(_))) {
        let Signed { by, seconds, size, .. } = *signed;
        facts.push(Fact { of: by, shows: Shows::Witnessed { seconds, size } });
    }
    facts
}

impl Fact {
    /// Who is bound by it, if anybody is.
    pub fn bound(&self) -> Option<Signer> {
        (!matches!(self.shows, Shows::Nothing { .. })).then_some(self.of)
    }

    /// Its name, for programs.
    pub fn name(&self) -> String {
        match self.shows {
            Shows::Wrote { .. } => "wrote".into(),
            Shows::Stored { .. } => "stored".into(),
            Shows::Sealed { .. } => "sealed".into(),
            Shows::Disowned { .. } => "disowned".into(),
            Shows::Witnessed { .. } => "witnessed".into(),
            Shows::Held { .. } => "held".into(),
            Shows::Nothing { .. } => "unacknowledged".into(),
            Shows::Said { kind: number::MESSAGE, .. } => "answered".into(),
            Shows::Said { kind, .. } => words::kind(kind),
        }
    }

    /// It, in a sentence.
    pub fn says(&self, memoranda: &Memoranda, entry: EntryRef) -> String {
        let party = signers::name(memoranda, self.of);
        let author = memoranda.name_of(entry.book.party);
        let name = |entry: EntryRef| words::name(memoranda, entry);
        match self.shows {
            Shows::Wrote { size } => {
                let book = entry.book.text(&author);
                format!(
                    "{party} wrote it: it signed its book {book} of {size} {}, of which this is number {}",
                    if size == 1 { "entry" } else { "entries" },
                    entry.number
                )
            }
            Shows::Stored { seconds, renewed, .. } => {
                let when = words::second(seconds);
                let under = if renewed { ", under a key that it has renewed since" } else { "" };
                format!(
                    "{party} acknowledged storing it, no later than {when} by the clock of {party}{under}"
                )
            }
            Shows::Sealed { seconds, size } => {
                let (book, when) = (entry.book.text(&author), words::second(seconds));
                format!(
                    "{party} sealed its book {book} of {size} with a second signature (ML-DSA-44), at {when} by its clock; both hold"
                )
            }
            Shows::Disowned { by, time_ms, reach } => {
                let book = entry.book.text(&author);
                format!(
                    "{party} disowned it, in {} at {} by its clock: of {book}, what is beyond {reach} is not its word",
                    name(by),
                    words::time(time_ms)
                )
            }
            Shows::Witnessed { seconds, .. } => {
                let when = words::second(seconds);
                format!(
                    "the witness {party} saw a book that it is in, no later than {when} by the clock of {party}"
                )
            }
            Shows::Held { by, time_ms } => {
                let when = words::time(time_ms);
                format!("{party} had it when it wrote {}, at {when} by the clock of {party}", name(by))
            }
            Shows::Said { kind, by, time_ms } => {
                let what = match kind {
                    number::AMENDMENT => "amended it",
                    number::WITHDRAWAL => "withdrew it",
                    number::ACKNOWLEDGEMENT => "said that an officer dealt with it",
                    number::READ_BACK => "read it back",
                    number::PASSED_ON => "said that it was passed on to those who act on it",
                    number::DISPLAYED => "said that it was shown to an officer",
                    number::CONFLICT => "reported that something is in its way",
                    number::POSITION => "stated its position on it",
                    number::VOTE => "voted on it",
                    number::DECIDE => "wrote down what became of it",
                    _ => "answered it",
                };
                format!("{party} {what}, in {} at {} by the clock of {party}", name(by), words::time(time_ms))
            }
            Shows::Nothing { since_ms } => {
                let since = since_ms.map_or_else(|| "a time that cannot be read".into(), words::time);
                format!("{party}: unacknowledged since {since}, by the clock of {author}")
            }
        }
    }

    /// What it does not prove.
    pub fn does_not_prove(&self) -> &'static str {
        match self.shows {
            Shows::Wrote { .. } => "which person wrote it, that it is true, or when, but for the times below",
            Shows::Stored { renewed: true, .. } => {
                "that anybody there read it; or that the party itself gave it, if somebody else had that key by then: \
                 that takes its first act under later keys"
            }
            Shows::Stored { .. } | Shows::Held { .. } => {
                "that anybody there read it, understood it or agreed"
            }
            Shows::Sealed { .. } => "anything more; it still holds when Ed25519 can be forged",
            Shows::Disowned { .. } => {
                "that somebody else wrote it: the party's own key did; or when others came to know of that"
            }
            Shows::Witnessed { .. } => "what it says: a witness sees no entry, only that it existed by then",
            Shows::Nothing { .. } => {
                "anything: it may have been received, and what shows that may be kept elsewhere"
            }
            Shows::Said { kind, .. } => match kind {
                number::AMENDMENT | number::WITHDRAWAL => "that anybody else knew of it by then",
                number::ACKNOWLEDGEMENT => "that they agreed; it is never a permission",
                number::READ_BACK => "that they understood it rightly, or agreed",
                number::PASSED_ON => "that it reached these people, or that they acted on it",
                number::DISPLAYED => "that the officer read or understood it",
                number::CONFLICT => "what that is, or that nothing else is in its way",
                number::POSITION => "that it is so, or that the party still holds it",
                number::VOTE => "that the vote was its last one",
                number::DECIDE => "that it follows from the votes: that takes all of them",
                _ => "that what the answer says is true",
            },
        }
    }
}

/// Between which times an entry came to be by one clock, in a sentence.
pub fn bound_says(bound: &Bound, memoranda: &Memoranda) -> String {
    let name = |entry: EntryRef| words::name(memoranda, entry);
    let after = bound.not_before.map(|(ms, by)| format!("not before {} ({})", words::time(ms), name(by)));
    let before = bound.not_after.map(|(ms, basis)| match basis {
        Basis::Signature => format!("not after {} (its signature)", words::time(ms)),
        Basis::Entry(by) => format!("not after {} ({})", words::time(ms), name(by)),
    });
    let both: Vec<String> = after.into_iter().chain(before).collect();
    format!("by the clock of {}: {}", signers::name(memoranda, bound.clock), both.join(", "))
}
