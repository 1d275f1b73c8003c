//! The judges: apart from the judged. They read stores, and what was said aloud; what a line says of itself they
//! hold against that.
//!
//! Safety is judged all the time: no entry lost, repeated or reordered ([`books`]), receipts that are true
//! ([`receipts`]), folds that follow from the record alone ([`folds`]), authors who keep their own rules
//! ([`authors`]), nobody blamed who is honest ([`blame`]), blobs that are
//! what they are said to be, and go last ([`blobs`]), observers shown and heard as the record has it ([`observers`]), what is void staying so everywhere ([`void`]),
//! seals that are called for ([`seals`]), nobody writing or owing anything before it is admitted ([`admission`]), nothing counting that
//! a thief wrote once its keys are renewed ([`theft`]). Liveness is judged once faults have stopped
//! ([`liveness`]).

use std::collections::BTreeMap;

use detente_line::Memorandum;
use detente_record::{Book, Cut, EntryRef, LineId, Party};

use crate::founding::Keys;

pub(crate) mod admission;
pub(crate) mod authors;
pub(crate) mod blame;
pub(crate) mod blobs;
pub(crate) mod books;
pub(crate) mod folds;
pub(crate) mod liveness;
pub(crate) mod narrow;
pub(crate) mod observers;
pub(crate) mod receipts;
pub(crate) mod reference;
pub(crate) mod seals;
#[cfg(test)]
mod tests;
pub(crate) mod theft;
pub(crate) mod void;

/// What a judge found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Objection {
    /// Which judge.
    pub(crate) judge: &'static str,
    /// What must not be.
    pub(crate) what: String,
}

/// A judge's word: nothing to object, or what.
pub(crate) type Word = Result<(), Objection>;

/// An objection.
pub(crate) fn object<T>(judge: &'static str, what: impl Into<String>) -> Result<T, Objection> {
    Err(Objection { judge, what: what.into() })
}

/// What every judge knows of a run: the rules, the keys, and who is honest.
pub(crate) struct Court {
    /// The rules that the line was founded with.
    pub(crate) memorandum: Memorandum,
    /// Everybody who is or may become a party, with names and keys; it is never in force.
    pub(crate) roll: Memorandum,
    /// Which line it is.
    pub(crate) line: LineId,
    /// Everybody's keys, by place.
    pub(crate) keys: Vec<Keys>,
    /// Who keeps the contract.
    pub(crate) honest: Vec<Party>,
    /// What was stolen of those.
    pub(crate) stolen: BTreeMap<Party, Stolen>,
}

/// The keys of an honest party that somebody else has.
pub(crate) struct Stolen {
    /// Their rank.
    pub(crate) rank: u8,
    /// What the party had written with them by then.
    pub(crate) written: Cut,
}

impl Court {
    /// Whether a party keeps the contract.
    pub(crate) fn is_honest(&self, party: Party) -> bool {
        self.honest.contains(&party)
    }

    /// Whether somebody else can write in an honest party's book.
    pub(crate) fn is_stolen(&self, book: Book) -> bool {
        self.stolen.get(&book.party).is_some_and(|of| of.rank == book.rank())
    }

    /// Whether an entry of an honest party's book may be somebody else's.
    pub(crate) fn may_be_stolen(&self, entry: EntryRef) -> bool {
        let written = |of: &Stolen| of.written.get(&entry.book).copied().unwrap_or(0);
        self.is_stolen(entry.book)
            && self.stolen.get(&entry.book.party).is_some_and(|of| entry.number > written(of))
    }

    /// Whether a party founded the line.
    pub(crate) fn is_founder(&self, party: Party) -> bool {
        self.memorandum.member(party).is_some()
    }

    /// A party's keys.
    pub(crate) fn keys_of(&self, party: Party) -> Option<&Keys> {
        self.keys.iter().find(|keys| keys.party == party)
    }

    /// A party's name.
    pub(crate) fn party(&self, party: Party) -> String {
        crate::story::party(&self.roll, party)
    }

    /// A book's name.
    pub(crate) fn book(&self, book: Book) -> String {
        crate::story::book(&self.roll, book)
    }

    /// An entry's name.
    pub(crate) fn entry(&self, entry: EntryRef) -> String {
        crate::story::entry(&self.roll, entry)
    }
}
