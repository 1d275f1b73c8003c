//! What people ask a line: how it stands, what is open, what has been proved.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::sync::Arc;
use alloc::vec::Vec;

use detente_record::{
    Book, Cut, EntryRef, Fault, Hash, LineId, LineSecret, Party, Receipt, SignedCheckpoint,
};

use crate::acts::{Decision, Motion, Suspended};
use crate::books::BookState;
use crate::custody::Custody;
use crate::facts::Facts;
use crate::kind::{Choice, Duty};
use crate::line::Line;
use crate::memorandum::Memorandum;

/// A book, as it is held here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldBook {
    /// Which.
    pub book: Book,
    /// Entries held, durable or not.
    pub size: u64,
    /// Entries durable here.
    pub durable: u64,
    /// The last signed size held.
    pub signed: u64,
    /// The root over all entries held.
    pub root: Hash,
    /// Up to which number entries have been judged.
    pub judged: u64,
    /// It has forked or been rolled back: nothing is added to it.
    pub ended: bool,
}

/// An entry beyond what its author knew of the book when it went on in a later generation (spec/record.md §9), or beyond what
/// the decision knew that expelled its author (spec/line.md §5, Members).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Forgotten {
    /// Its author has it again.
    Recovered,
    /// Its author has not shown that it has it again.
    Disowned,
    /// Its author was expelled, by a decision that does not know of it.
    AfterItsTime,
}

/// What became of an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// Why folds skip it, until that is durable: then whoever has the store finds it there ([`crate::Append::void`]).
    pub marked: Option<Fault>,
    /// It rests on acts that have not come yet.
    pub unjudged: bool,
    /// Its author lost it.
    pub forgotten: Option<Forgotten>,
}

impl Line {
    /// The line's identity.
    pub fn id(&self) -> LineId {
        self.id
    }

    /// Which entries name blobs, and who says that it holds them.
    pub fn custody(&self) -> &Custody {
        &self.custody
    }

    /// The party that this station speaks for.
    pub fn party(&self) -> Party {
        self.me.party
    }

    /// The memorandum in force, as everything held here shows.
    pub fn memorandum(&self) -> &Arc<Memorandum> {
        &self.memorandum
    }

    /// Every memorandum that has been in force, as everything held here shows, the founding one first.
    pub fn memoranda(&self) -> impl Iterator<Item = &Arc<Memorandum>> {
        [&self.founding].into_iter().chain(self.acts.amendments())
    }

    /// The decisions that put amendments in force, as everything held here shows, in their order.
    pub fn amending(&self) -> Vec<EntryRef> {
        self.acts.carried(&self.under_all()).map(|(decision, _)| decision).collect()
    }

    /// The acts by which parties have left, as everything held here shows, ascending.
    pub fn leaving(&self) -> Vec<EntryRef> {
        let under = self.under_all();
        let parties: BTreeSet<Party> = self.memoranda().flat_map(|memorandum| memorandum.parties()).collect();
        parties.into_iter().filter_map(|party| self.acts.leaving(party, &under)).collect()
    }

    /// Every book held.
    pub fn held(&self) -> Vec<HeldBook> {
        let held = self.books.iter().map(|(book, state)| HeldBook {
            book: *book,
            size: state.size(),
            durable: state.durable,
            signed: state.signed_size(),
            root: state.frontier.root(),
            judged: state.judged,
            ended: state.ended,
        });
        held.collect()
    }

    /// The books of which two histories were signed, as evidence held here shows, ascending.
    pub fn forked_books(&self) -> impl Iterator<Item = Book> + '_ {
        self.forks.keys().copied()
    }

    /// Everything that has been judged here, as a cut.
    pub fn judged(&self) -> Cut {
        let judged = self.books.iter().filter(|(_, state)| state.judged > 0);
        judged.map(|(book, state)| (*book, state.judged)).collect()
    }

    /// The last signed size held of a book.
    pub fn signed_size(&self, book: Book) -> u64 {
        self.books.get(&book).map_or(0, |state| state.signed_size())
    }

    /// The last checkpoints of a book whose entries are durable here, ascending by size.
    pub fn checkpoints(&self, book: Book) -> impl DoubleEndedIterator<Item = SignedCheckpoint> {
        self.books.get(&book).into_iter().flat_map(BookState::recent_checkpoints)
    }

    /// The last receipts for a book.
    pub fn receipts(&self, book: Book) -> impl Iterator<Item = &Receipt> {
        self.books.get(&book).into_iter().flat_map(|state| state.receipts.values())
    }

    /// A party's suspension at a time, as everything held here shows it; `None` while it is in effect.
    pub fn suspension(&self, party: Party, at_ms: u64) -> Option<&Suspended> {
        self.seen().suspension(party, at_ms)
    }

    /// The suspension that a party has stated last, whether it is effective yet or not.
    pub fn last_suspension(&self, party: Party) -> Option<&Suspended> {
        self.seen().last_suspension(party)
    }

    /// Motions without a decision, as everything held here shows it.
    pub fn open_motions(&self) -> Vec<&Motion> {
        self.seen().open_motions()
    }

    /// Every motion with its decision, ascending, as everything held here shows it.
    pub fn motions(&self) -> Vec<(&Motion, Option<&Decision>)> {
        self.seen().motions()
    }

    /// The decision that consents to reopening after a suspension.
    pub fn consent(&self, suspension: EntryRef) -> Option<EntryRef> {
        self.seen().consent(suspension)
    }

    /// What is open between the parties.
    pub fn facts(&self) -> &Facts {
        &self.facts
    }

    /// A party's last word on whether an officer is present, and the entry that says so.
    pub fn duty(&self, party: Party) -> Option<(EntryRef, Duty)> {
        self.duty.get(&party).copied()
    }

    /// The votes that count on a motion, as everything held here shows it.
    pub fn votes(&self, motion: &Motion) -> BTreeMap<Party, Choice> {
        self.seen().votes(motion)
    }

    /// What time it is on the line when the clock shows a time, ms: the line's own never goes back.
    pub fn time_ms(&self, shown_ms: u64) -> u64 {
        self.pace.now_ms.max(shown_ms)
    }

    /// When the next test of the schedule is due, whoever's turn it is, ms.
    pub fn next_test_ms(&self) -> u64 {
        let interval_ms = self.memorandum.terms().tests.interval_ms;
        (self.pace.now_ms / interval_ms).saturating_add(1).saturating_mul(interval_ms)
    }

    /// The line secrets known here, by party and rank.
    pub fn secrets(&self) -> Vec<((Party, u8), LineSecret)> {
        self.secrets.iter().map(|(of, secret)| (*of, secret.clone())).collect()
    }

    /// What became of an entry: why folds skip it, and whether it still waits to be judged.
    pub fn verdict(&self, entry: EntryRef) -> Verdict {
        let judged = self.books.get(&entry.book).map_or(0, |state| state.judged);
        let beyond = self.acts.is_beyond_opening(entry);
        let covers = |state: &BookState| {
            state.past.book.party == entry.book.party
                && state.past.stated.get(&entry.book).is_some_and(|size| *size >= entry.number)
        };
        // That its author holds it again is no word for what an old key wrote.
        let own = !self.acts.is_beyond_rank(entry);
        let forgotten = beyond.then(|| match own && self.books.values().any(covers) {
            true => Forgotten::Recovered,
            false => Forgotten::Disowned,
        });
        let forgotten = forgotten.or_else(|| self.is_after_time(entry).then_some(Forgotten::AfterItsTime));
        Verdict { marked: self.void.get(&entry).cloned(), unjudged: entry.number > judged, forgotten }
    }

    /// Time and serial of this party's last entry.
    pub fn last_entry(&self) -> (u64, u64) {
        self.last
    }
}
