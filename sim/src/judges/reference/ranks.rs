//! Where the reach of earlier keys ends (spec/keys.md §5).

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use detente_line::Content;
use detente_record::{Book, Class, Cut, EntryRef, Party};

use super::{Reading, is_disowned};

impl Reading<'_> {
    /// The openings of every class that count, as everything held has it: which, the generation before, its size.
    fn openings(&self) -> Vec<(EntryRef, u16, u64)> {
        let sound = self.items.iter().filter(|(_, item)| item.sound);
        let openings = sound.filter_map(|(name, item)| match item.read.as_ref()?.1 {
            Content::Opens { before, size, .. } => Some((*name, before, size)),
            _ => None,
        });
        let mut openings: Vec<(EntryRef, u16, u64)> = openings.collect();
        openings.sort_by_key(|(name, ..)| Reverse(name.book.generation));
        let mut counting = Vec::new();
        for opening in openings {
            if !is_disowned(opening.0, &counting) {
                counting.push(opening);
            }
        }
        counting
    }

    /// Entries beyond the reach of the keys that they were written with.
    pub(crate) fn beyond_their_rank(&self) -> Vec<EntryRef> {
        let openings = self.openings();
        let beyond = |name: &EntryRef| {
            let later: Vec<_> =
                openings.iter().filter(|(of, ..)| of.book.rank() > name.book.rank()).copied().collect();
            is_disowned(*name, &later)
        };
        self.items.keys().copied().filter(beyond).collect()
    }

    /// Up to which sizes a party's receipts under a key of a rank count: as the first act that it wrote with a later key states.
    pub(crate) fn receipts_end(&self, party: Party, rank: u8) -> Option<&Cut> {
        let openings = self.openings();
        let acts = openings.iter().map(|(name, ..)| name).filter(|name| {
            (name.book.party, name.book.class) == (party, Class::A) && name.book.rank() > rank
        });
        let brings = |name: &&EntryRef| match self.items.get(name).and_then(|item| item.read.as_ref()) {
            Some((_, Content::Opens { renewal, .. })) => renewal.is_some(),
            _ => false,
        };
        Some(&self.items.get(acts.filter(brings).min()?)?.cut)
    }

    /// How much of each book of earlier keys its author takes for its own, where it has said so.
    pub(crate) fn reaches(&self) -> BTreeMap<Book, u64> {
        let books: BTreeSet<Book> = self.items.keys().map(|name| name.book).collect();
        books.into_iter().filter_map(|of| Some((of, self.reach(of)?))).collect()
    }

    /// How much of a book of earlier keys its author takes for its own, where it has said so, be anything of the book here or not.
    pub(crate) fn reach(&self, of: Book) -> Option<u64> {
        let openings = self.openings();
        let concerning = openings.iter().filter(|(later, before, _)| {
            (later.book.party, later.book.class) == (of.party, of.class)
                && of.generation < later.book.generation
                && of.generation >= *before
        });
        concerning.map(|(_, before, size)| if of.generation == *before { *size } else { 0 }).min()
    }
}
