//! Which seals cover the entries of a dossier (spec/line.md §4.3): of each entry the first one.

use std::collections::{BTreeMap, BTreeSet};

use detente_dossier::Memoranda;
use detente_line::kind::number;
use detente_line::{Content, Sealed};
use detente_record::{Book, Class, EntryRef, EntryView, Party};

use super::Making;
use crate::keeper::Refusal;

/// How many entries that seal are read at a time.
const PAGE: usize = 256;

/// The first seal over each entry, by book and size.
#[derive(Default)]
pub(super) struct Seals(BTreeMap<(Book, u64), Sealed>);

impl Seals {
    /// The seals over these entries, of parties whose seal key is known.
    ///
    /// # Errors
    /// If the record cannot be read.
    pub(super) fn over(
        making: &Making<'_>,
        memoranda: &Memoranda,
        names: &BTreeSet<EntryRef>,
    ) -> Result<Self, Refusal> {
        let mut seals = Self::default();
        for (party, key) in &making.fresh.seal_keys {
            if memoranda.seal_committed(*party) != Some(key.commitment()) {
                continue;
            }
            let mut open: BTreeSet<EntryRef> =
                names.iter().filter(|name| name.book.party == *party).copied().collect();
            let mut since_ms = u64::MAX;
            for name in &open {
                since_ms = since_ms.min(making.held(*name)?.time_ms);
            }
            for (code, size) in making.store.sizes()? {
                let book = Book::from_code(code)?;
                if (book.party, book.class) == (*party, Class::R) && !open.is_empty() {
                    let first = making.first_from(book, size, since_ms)?;
                    seals.read(making, book, first, &mut open)?;
                }
            }
        }
        Ok(seals)
    }

    /// Reads the seals of a book from an entry on, until each of these entries is under one.
    fn read(
        &mut self,
        making: &Making<'_>,
        book: Book,
        first: u64,
        open: &mut BTreeSet<EntryRef>,
    ) -> Result<(), Refusal> {
        let mut after = (book.code(), first.saturating_sub(1));
        loop {
            let page = making.store.of_kind(number::SEALS, after, PAGE)?;
            for stored in &page {
                if stored.book != book.code() || open.is_empty() {
                    return Ok(());
                }
                after = (stored.book, stored.number);
                let read = EntryView::decode(&stored.bytes)
                    .and_then(|entry| Content::decode(entry.kind, entry.body));
                let Ok(Content::Seals(sealed)) = read else { continue };
                let of = &sealed.signed.checkpoint;
                let is_under = |name: &EntryRef| name.book == of.book && name.number <= of.size;
                let before = open.len();
                open.retain(|name| !is_under(name));
                if open.len() < before {
                    self.0.insert((of.book, of.size), *sealed);
                }
            }
            if page.len() < PAGE {
                return Ok(());
            }
        }
    }

    /// Whether any is a party's.
    pub(super) fn are_of(&self, party: Party) -> bool {
        self.0.keys().any(|(book, _)| book.party == party)
    }

    /// The seal over a size of a book.
    pub(super) fn at(&self, book: Book, size: u64) -> Option<&Sealed> {
        self.0.get(&(book, size))
    }

    /// The first seal that covers an entry: its size, and the second by the author's clock.
    pub(super) fn covering(&self, name: EntryRef) -> Option<(u64, u64)> {
        let from = (name.book, name.number);
        let (_, sealed) = self.0.range(from..=(name.book, u64::MAX)).next()?;
        Some((sealed.signed.checkpoint.size, sealed.seal.seconds))
    }
}
