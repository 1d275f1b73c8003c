//! Who is a member of the line, who ever was a party of it, and what those who are members no more may still be given
//! (spec/line.md §5, Members).

use alloc::collections::BTreeMap;
use alloc::string::ToString as _;
use alloc::sync::Arc;
use alloc::vec::Vec;

use detente_record::{Book, Cut, Entry, EntryRef, Fault, Party, SignedCheckpoint};

use crate::acts::Under;
use crate::facts::{Awaited, Owed};
use crate::frame::Hello;
use crate::kind::{Content, Matter, Outcome};
use crate::line::Line;
use crate::memorandum::Memorandum;
use crate::snapshot::keep;

/// What a party that is a member no more may still be given.
#[derive(Debug, Clone)]
pub(crate) struct Parting {
    /// The decision that expelled it, or its own word that it leaves.
    act: EntryRef,
    /// How much of every book was written before its author held that act.
    sizes: Cut,
    /// The last checkpoints within those sizes.
    ends: BTreeMap<Book, SignedCheckpoint>,
}

keep!(Parting { act, sizes, ends });

impl Parting {
    /// The last checkpoint of a book that it may have.
    pub(crate) fn end(&self, book: Book) -> Option<&SignedCheckpoint> {
        self.ends.get(&book)
    }

    /// Whether it may be told that somebody holds so much of a book.
    pub(crate) fn covers(&self, book: Book, size: u64) -> bool {
        self.sizes.get(&book).is_some_and(|last| *last >= size)
    }

    /// Whether it may have what a party's leaves are blinded with.
    pub(crate) fn reads(&self, party: Party) -> bool {
        self.sizes.keys().any(|book| book.party == party)
    }

    /// Whether it holds all that it may have.
    fn is_served(&self, held: &Cut) -> bool {
        let has = |(book, end): (&Book, &SignedCheckpoint)| {
            held.get(book).is_some_and(|size| *size >= end.checkpoint.size)
        };
        self.ends.iter().all(has)
    }
}

impl Line {
    /// The members, ascending, as everything held here shows.
    pub fn members(&self) -> &[Party] {
        &self.members
    }

    /// By what a party is a member no more, as everything held here shows: the decision that expelled it, or its own word.
    pub fn parted(&self, party: Party) -> Option<EntryRef> {
        self.acts.parting(party, &self.under_all())
    }

    /// Whether this station's party is a member, as everything held here shows.
    pub(crate) fn is_member(&self) -> bool {
        self.members.contains(&self.me.party)
    }

    /// A memorandum that names a party: the one in force, or else another one known that did.
    pub(crate) fn naming(&self, party: Party) -> Option<&Memorandum> {
        let known = || self.acts.amendments().chain(&self.enrolled).chain([&self.founding]);
        let naming = |memorandum: &&Arc<Memorandum>| memorandum.member(party).is_some();
        [&self.memorandum].into_iter().chain(known()).find(naming).map(|memorandum| &**memorandum)
    }

    /// A memorandum as one of this line's, which knows by name whomever another of them names.
    pub(crate) fn at_home(&self, memorandum: &Memorandum) -> Memorandum {
        let others = self.roll().into_iter().filter(|party| memorandum.member(*party).is_none());
        let others = others.filter_map(|party| self.naming(party)?.member(party).cloned());
        memorandum.of_line(self.id, others.collect())
    }

    /// Every party that a memorandum ever named which was in force, and those of the one that enrolled this station, ascending.
    pub(crate) fn roll(&self) -> Vec<Party> {
        let all = self.acts.amendments().chain(&self.enrolled).chain([&self.founding]);
        let mut roll: Vec<Party> = all.flat_map(|memorandum| memorandum.parties()).collect();
        roll.sort_unstable();
        roll.dedup();
        roll
    }

    /// What this party has to handle that a member wrote, by entry.
    pub fn owed(&self) -> impl Iterator<Item = (EntryRef, &Owed)> {
        let owed = self.facts.owed().iter().map(|(name, owed)| (*name, owed));
        owed.filter(|(name, _)| self.members.contains(&name.book.party))
    }

    /// What this party waits for members to handle, by entry.
    pub fn awaited(&self) -> impl Iterator<Item = (EntryRef, &Awaited)> {
        let waits = |awaited: &Awaited| self.facts.silent(awaited).any(|party| self.members.contains(&party));
        let awaited = self.facts.awaited().iter().map(|(name, awaited)| (*name, awaited));
        awaited.filter(move |(_, awaited)| waits(awaited))
    }

    /// What a party may still be given that is a member no more; `None` for whoever may have everything.
    pub(crate) fn parting(&self, party: Party) -> Option<&Parting> {
        self.partings.get(&party)
    }

    /// Follows who is a member, after the acts held here have changed.
    pub(crate) fn follow_members(&mut self) {
        let under = self.under_all();
        let members: Vec<Party> = self.acts.members(&self.memorandum, &under).collect();
        if members == self.members {
            return;
        }
        self.members = members;
        self.opens_all();
        if self.started {
            // Whose turn a slot is goes by them: what is owed is counted from the next one on.
            self.start_watch();
        }
        let me = self.me.party;
        for party in self.roll().into_iter().filter(|party| *party != me) {
            self.peers.entry(party).or_default();
            if self.members.contains(&party) {
                self.partings.remove(&party);
            } else if !self.partings.contains_key(&party)
                && let Some(act) = self.acts.parting(party, &under)
            {
                let sizes = self.books.iter().filter(|(_, state)| state.judged > 0);
                let sizes: Cut = sizes.map(|(book, state)| (*book, state.judged)).collect();
                let books: Vec<Book> = sizes.keys().copied().collect();
                self.partings.insert(party, Parting { act, sizes, ends: BTreeMap::new() });
                for book in books {
                    self.parted_at(book);
                }
            }
        }
    }

    /// An entry has been judged: what its author wrote without knowing that a party is a member no more, that party may have.
    pub(crate) fn parts_with(&mut self, name: EntryRef, under: &Under) {
        if self.partings.is_empty() {
            return;
        }
        for parting in self.partings.values_mut().filter(|parting| !under.covers(parting.act)) {
            parting.sizes.insert(name.book, name.number);
        }
        self.grew(name.book);
    }

    /// A book has grown or been signed.
    pub(crate) fn grew(&mut self, book: Book) {
        self.opens(book);
        self.parted_at(book);
    }

    /// A book has grown or been signed: finds the last checkpoints of it that those may have who are members no more.
    fn parted_at(&mut self, book: Book) {
        let Some(state) = self.books.get(&book).filter(|_| !self.partings.is_empty()) else { return };
        for parting in self.partings.values_mut() {
            let last = parting.sizes.get(&book).copied().unwrap_or(0);
            if parting.ends.get(&book).is_some_and(|end| end.checkpoint.size == last) {
                continue;
            }
            let mut recent = state.recent_checkpoints().rev();
            if let Some(end) = recent.find(|signed| signed.checkpoint.size <= last) {
                parting.ends.insert(book, end);
            }
        }
    }

    /// Whether a party that greets has no business here: it is a member no more, and neither side lacks anything that it may
    /// have of the other.
    pub(crate) fn is_done_with(&self, peer: Party, hello: &Hello) -> bool {
        // Who has lost its own books takes them back from anybody.
        let lost = self.awaits_books();
        let has_theirs = |(book, size): (&Book, &u64)| {
            !(book.party == peer || lost && book.party == self.me.party)
                || self.books.get(book).is_some_and(|state| state.size() >= *size)
        };
        self.parting(peer)
            .is_some_and(|parting| parting.is_served(&hello.sizes) && hello.sizes.iter().all(has_theirs))
    }

    /// Holds an author to having left, or not.
    ///
    /// # Errors
    /// `Misbehaved`, naming the entry by which it left.
    pub(crate) fn has_not_left(&self, party: Party, under: &Under) -> Result<(), Fault> {
        self.acts.leaving(party, under).map_or(Ok(()), |left| {
            let found = alloc::format!("one that left by {}", left.text(&self.memorandum.name_of(party)));
            Err(Fault::misbehaved("author", "a party that has not left the line", found))
        })
    }

    /// Refuses to write while this party is no member.
    ///
    /// # Errors
    /// `Misuse`, with what made it so.
    pub(crate) fn may_write(&self) -> Result<(), Fault> {
        if self.is_member() {
            return self.has_last_keys();
        }
        let found = match self.parted(self.me.party) {
            Some(act) => {
                alloc::format!("no member since {}", act.text(&self.memorandum.name_of(act.book.party)))
            }
            None => "none yet: the decision that admits this party has not come".to_string(),
        };
        Err(Fault::misuse("party", "a member of the line, to write on it", found))
    }

    /// A sound decision that carries an amendment ends the past of the parties that this leaves out: where, its full cut says.
    pub(crate) fn expel(
        &mut self,
        name: EntryRef,
        entry: &Entry,
        content: &Content,
        stated: Option<Cut>,
        under: &Under,
    ) {
        let Content::Decide { outcome: Outcome::Carried, .. } = content else { return };
        let Some(motion) = entry.regards.first() else { return };
        let Some(Matter::Amend(moved)) = self.acts.matter(*motion) else { return };
        let before = self.acts.in_force(&self.founding, under);
        let left_out: Vec<Party> = before.parties().filter(|party| moved.member(*party).is_none()).collect();
        let stated = stated.unwrap_or_default();
        for party in left_out {
            let mut sizes: Cut = stated
                .iter()
                .filter(|(book, _)| book.party == party)
                .map(|(book, size)| (*book, *size))
                .collect();
            if party == name.book.party {
                sizes.insert(name.book, name.number);
            }
            self.acts.end(name, *motion, party, sizes);
        }
    }

    /// Whether an entry is after its author's time, as everything held here shows.
    pub(crate) fn is_after_time(&self, entry: EntryRef) -> bool {
        self.acts.is_after_time(entry, &self.under_all())
    }
}

/// Whether its author signs a checkpoint at an entry: whoever it may part with is given all up to there, and no more.
pub(crate) fn may_part(content: &Content) -> bool {
    matches!(content, Content::Decide { outcome: Outcome::Carried, .. } | Content::Leaves { .. })
}
