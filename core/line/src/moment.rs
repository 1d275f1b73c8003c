//! What was, as of a time, and what a party knew then (spec/line.md §5, Moments).
//!
//! A [`Moment`] says which entries of a record are to be read for that, takes them one by one, and ends in a cut that is closed:
//! whoever holds the same entries comes to the same one. What acts mean under it is what they mean under any cut ([`Seen`]).

use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use alloc::vec::Vec;

use detente_record::{Book, Class, Cut, Entry, EntryRef, Party};

use crate::acts::{Acts, Decision, Motion, Suspended, Under};
use crate::kind::Choice;
use crate::line::Line;
use crate::memorandum::Memorandum;

/// A cut on its way: what of a record belongs to it is found entry by entry.
#[derive(Debug, Clone)]
pub struct Moment {
    at_ms: u64,
    /// Whose past it is; everybody's, if nobody is named.
    of: Option<Party>,
    books: BTreeMap<Book, Progress>,
}

/// How far a book was read, and how much of it belongs to the cut.
#[derive(Debug, Clone, Copy, Default)]
struct Progress {
    read: u64,
    size: u64,
    /// An entry later than the moment was met.
    ended: bool,
}

impl Moment {
    /// As of a time, ms; or what one party knew by then.
    pub fn new(at_ms: u64, of: Option<Party>) -> Self {
        Self { at_ms, of, books: BTreeMap::new() }
    }

    /// The entry that is to be taken next, of a record that holds so much of each book.
    pub fn next(&self, held: &Cut) -> Option<EntryRef> {
        held.iter().find_map(|(book, held)| {
            let progress = self.books.get(book).copied().unwrap_or_default();
            let wanted = self.is_open(*book, progress) || progress.read < progress.size;
            (wanted && progress.read < *held).then_some(EntryRef { book: *book, number: progress.read + 1 })
        })
    }

    fn is_open(&self, book: Book, progress: Progress) -> bool {
        !progress.ended && self.of.is_none_or(|party| party == book.party)
    }

    /// Takes an entry that was asked for, or that follows one that was; `None` if it cannot be read. Any other is passed over.
    pub fn take(&mut self, name: EntryRef, entry: Option<&Entry>) {
        let known = self.books.get(&name.book).copied().unwrap_or_default();
        if name.number != known.read + 1 {
            return;
        }
        let mut progress = known;
        if self.is_open(name.book, known) {
            match entry {
                Some(entry) if entry.time_ms > self.at_ms => progress.ended = true,
                _ => progress.size = progress.size.max(name.number),
            }
        }
        if name.number <= progress.size {
            progress.read = name.number;
            for (book, size) in entry.into_iter().flat_map(|entry| &entry.cut) {
                if *book != name.book {
                    let known = &mut self.books.entry(*book).or_default().size;
                    *known = (*known).max(*size);
                }
            }
        }
        self.books.insert(name.book, progress);
    }

    /// The cut, as far as a record holds it. It is closed once nothing more is asked for.
    pub fn cut(&self, held: &Cut) -> Cut {
        let sizes =
            held.iter().filter_map(|(book, held)| Some((*book, self.books.get(book)?.size.min(*held))));
        sizes.filter(|(_, size)| *size > 0).collect()
    }

    /// The books of which the cut covers more than a record holds.
    pub fn lacking<'a>(&'a self, held: &'a Cut) -> impl Iterator<Item = Book> + 'a {
        let beyond = |book: &Book, size: u64| size > held.get(book).copied().unwrap_or(0);
        self.books.iter().filter(move |(book, of)| beyond(book, of.size)).map(|(book, _)| *book)
    }

    /// Whether a party may yet bring entries that belong to it: no later one of that party has been met.
    pub fn is_provisional_for(&self, party: Party) -> bool {
        let asked = self.of.is_none_or(|of| of == party);
        asked && !self.books.iter().any(|(book, of)| book.party == party && of.ended)
    }
}

/// What acts mean under a cut.
#[derive(Debug)]
pub struct Seen<'a> {
    acts: &'a Acts,
    founding: &'a Memorandum,
    under: Under,
}

impl Line {
    /// What acts mean under a cut.
    pub fn seen_under(&self, cut: &Cut) -> Seen<'_> {
        let acts = cut.iter().filter(|(book, _)| book.class == Class::A);
        let acts = acts.map(|(book, size)| (*book, *size)).collect();
        Seen { acts: &self.acts, founding: &self.founding, under: Under::new(Arc::new(acts), None) }
    }

    /// What acts mean under everything held here.
    pub fn seen(&self) -> Seen<'_> {
        Seen { acts: &self.acts, founding: &self.founding, under: self.under_all() }
    }
}

impl<'a> Seen<'a> {
    /// The memorandum in force.
    pub fn memorandum(&self) -> &'a Memorandum {
        self.acts.in_force(self.founding, &self.under)
    }

    /// The members, ascending.
    pub fn members(&self) -> Vec<Party> {
        self.acts.members(self.memorandum(), &self.under).collect()
    }

    /// A party's suspension at a time, ms; `None` while it is in effect.
    pub fn suspension(&self, party: Party, at_ms: u64) -> Option<&'a Suspended> {
        self.acts.suspension(party, &self.under, at_ms)
    }

    /// The suspension that a party has stated last, whether it is effective yet or not.
    pub fn last_suspension(&self, party: Party) -> Option<&'a Suspended> {
        self.acts.last_suspension(party, &self.under)
    }

    /// The decision that consents to reopening after a suspension.
    pub fn consent(&self, suspension: EntryRef) -> Option<EntryRef> {
        self.acts.consent(suspension, &self.under).map(|decision| decision.act)
    }

    /// By what a party is a member no more: the decision that expelled it, or its own word that it leaves.
    pub fn parting(&self, party: Party) -> Option<EntryRef> {
        self.acts.parting(party, &self.under)
    }

    /// Motions without a decision.
    pub fn open_motions(&self) -> Vec<&'a Motion> {
        self.acts.open_motions(&self.under)
    }

    /// Every motion with its decision, ascending.
    pub fn motions(&self) -> Vec<(&'a Motion, Option<&'a Decision>)> {
        self.acts.motions(&self.under)
    }

    /// The votes that count on a motion.
    pub fn votes(&self, motion: &Motion) -> BTreeMap<Party, Choice> {
        let votes = self.acts.votes(self.memorandum(), motion, &self.under);
        votes.into_iter().map(|(party, (_, choice))| (party, choice)).collect()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot be set up fails")]
    use super::*;

    fn book(party: u8, class: Class) -> Book {
        Book { generation: 0, party: Party::new(party).unwrap(), class }
    }

    fn entry(time_ms: u64, cut: &[(Book, u64)]) -> Entry {
        Entry {
            serial: 1,
            time_ms,
            clock_held: false,
            office: 1,
            language: None,
            regards: Vec::new(),
            cut: cut.iter().copied().collect(),
            vector: None,
            kind: 1,
            body: Vec::new(),
            second: None,
        }
    }

    /// Reads a record as a moment asks for it.
    fn gathered(moment: &mut Moment, record: &BTreeMap<Book, Vec<Entry>>) -> Cut {
        let held: Cut = record.iter().map(|(book, entries)| (*book, entries.len() as u64)).collect();
        while let Some(name) = moment.next(&held) {
            moment.take(name, record[&name.book].get(name.number as usize - 1));
        }
        moment.cut(&held)
    }

    #[test]
    fn what_an_entry_rests_on_belongs_to_its_moment_whatever_its_time() {
        let (one, acts, two) = (book(1, Class::R), book(2, Class::A), book(2, Class::R));
        let record = BTreeMap::from([
            (one, [entry(10, &[]), entry(20, &[(acts, 1)]), entry(30, &[(two, 1)])].into()),
            // The other's clock is ahead by far.
            (acts, [entry(500, &[(two, 2)]), entry(510, &[])].into()),
            (two, [entry(480, &[]), entry(490, &[]), entry(520, &[])].into()),
        ]);
        let at = |at_ms, of: Option<u8>| {
            let mut moment = Moment::new(at_ms, of.and_then(|of| Party::new(of).ok()));
            let cut = gathered(&mut moment, &record);
            let provisional = [1, 2].map(|party| moment.is_provisional_for(Party::new(party).unwrap()));
            (cut, provisional)
        };
        assert_eq!(at(15, None), ([(one, 1)].into(), [false, false]));
        assert_eq!(at(20, None), ([(one, 2), (acts, 1), (two, 2)].into(), [false, false]));
        assert_eq!(at(20, Some(1)), ([(one, 2), (acts, 1), (two, 2)].into(), [false, false]));
        assert_eq!(at(495, Some(2)), ([(two, 2)].into(), [false, false]));
        assert_eq!(at(600, None).1, [true, true]);
        assert_eq!(at(600, Some(1)).1, [true, false]);
    }

    #[test]
    fn what_is_not_held_is_said() {
        let (one, acts) = (book(1, Class::R), book(2, Class::A));
        let record =
            BTreeMap::from([(one, [entry(10, &[(acts, 7)])].into()), (acts, [entry(5, &[])].into())]);
        let mut moment = Moment::new(10, Some(Party::new(1).unwrap()));
        assert_eq!(gathered(&mut moment, &record), [(one, 1), (acts, 1)].into());
        let held = [(one, 1), (acts, 1)].into();
        assert_eq!(moment.lacking(&held).collect::<Vec<_>>(), [acts]);
    }

    #[test]
    fn an_entry_that_cannot_be_read_goes_with_the_one_before_it() {
        let one = book(1, Class::R);
        let held = [(one, 3)].into();
        let mut moment = Moment::new(10, None);
        for (number, entry) in [(1, Some(entry(10, &[]))), (2, None), (3, Some(entry(11, &[])))] {
            assert_eq!(moment.next(&held), Some(EntryRef { book: one, number }));
            moment.take(EntryRef { book: one, number }, entry.as_ref());
        }
        assert_eq!((moment.next(&held), moment.cut(&held)), (None, [(one, 2)].into()));
    }
}
