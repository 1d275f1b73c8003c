//! No entry is lost, repeated, reordered or altered within a book of an honest author, wherever it is held.

use std::collections::BTreeMap;
use std::sync::Arc;

use detente_record::{Book, EntryRef, Party};

use super::{Court, Word, object};
use crate::store::Record;

/// Everything that ever became durable of honest authors' books, the first time that anybody saw it.
#[derive(Default, Clone)]
pub(crate) struct Books {
    said: BTreeMap<Book, Vec<Arc<[u8]>>>,
    seen: BTreeMap<(Party, Book), u64>,
    accepted: BTreeMap<EntryRef, Arc<[u8]>>,
}

impl Books {
    /// A station's store has more that is durable.
    ///
    /// # Errors
    /// When it differs from what anybody else has held under that name, or is durable at a mirror before it has
    /// been at its author.
    pub(crate) fn durable(&mut self, court: &Court, at: Party, record: &Record) -> Word {
        for (book, entries) in &record.entries {
            if !court.is_honest(book.party) {
                continue;
            }
            let said = self.said.entry(*book).or_default();
            let seen = self.seen.entry((at, *book)).or_default();
            for (entry, place) in entries.iter().zip(0usize..).skip(*seen as usize) {
                let name = EntryRef { book: *book, number: place as u64 + 1 };
                if court.may_be_stolen(name) {
                    continue;
                }
                match said.get(place) {
                    Some(known) if known == entry => {}
                    Some(_) => {
                        let (name, at) = (court.entry(name), court.party(at));
                        return object("books", format!("{name} is another entry at {at} than elsewhere"));
                    }
                    None if at != book.party => {
                        let (name, at) = (court.entry(name), court.party(at));
                        return object(
                            "books",
                            format!("{name} is durable at {at} and never was at its author"),
                        );
                    }
                    None => said.push(Arc::clone(entry)),
                }
            }
            *seen = entries.len() as u64;
        }
        Ok(())
    }

    /// A station's store has been restored from a copy: it is looked at anew. What it had said stays said, whether
    /// anybody holds it or not.
    pub(crate) fn restored(&mut self, at: Party) {
        self.seen.retain(|(of, _), _| *of != at);
    }

    /// An officer was told that an entry is accepted.
    ///
    /// # Errors
    /// When it is not durable.
    pub(crate) fn accepted(&mut self, court: &Court, entry: EntryRef, record: &Record) -> Word {
        let place = usize::try_from(entry.number - 1).unwrap_or(usize::MAX);
        match record.entries.get(&entry.book).and_then(|entries| entries.get(place)) {
            Some(bytes) => {
                self.accepted.insert(entry, Arc::clone(bytes));
                Ok(())
            }
            None => object("books", format!("{} was accepted before it was durable", court.entry(entry))),
        }
    }

    /// What was accepted is where it was, at its author; `restored` is whether the author's store has ever been
    /// replaced by an older copy, which only what others held can mend.
    ///
    /// # Errors
    /// When an accepted entry is gone or another.
    pub(crate) fn kept(&self, court: &Court, author: Party, record: &Record, restored: bool) -> Word {
        for (name, bytes) in self.accepted.iter().filter(|(name, _)| name.book.party == author) {
            let place = usize::try_from(name.number - 1).unwrap_or(usize::MAX);
            match record.entries.get(&name.book).and_then(|entries| entries.get(place)) {
                Some(held) if held == bytes => {}
                None if restored => {}
                // What comes back to it may be a thief's.
                Some(_) if restored && court.may_be_stolen(*name) => {}
                found => {
                    let found = if found.is_some() { "has become another entry" } else { "is lost" };
                    return object("books", format!("{}, which was accepted, {found}", court.entry(*name)));
                }
            }
        }
        Ok(())
    }
}
