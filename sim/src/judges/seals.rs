//! Honest parties seal their books, what is theirs and no more often than the memorandum says; no seal calls for the next.

use std::collections::BTreeMap;

use detente_line::{Content, Sealed};
use detente_record::{Book, Class, EntryRef, Party};

use super::receipts::Receipts;
use super::reference::Reading;
use super::{Court, Word, object};
use crate::store::Record;

/// How late a seal may be once its slot has begun, ms.
const LATE_MS: u64 = 10_000;

/// The numbers of the entries of a book that are no seals, and the time of its first one.
fn to_seal(reading: &Reading<'_>, book: Book) -> Option<(u64, Vec<u64>)> {
    let all = EntryRef { book, number: 0 }..=EntryRef { book, number: u64::MAX };
    let sound = reading.items.range(all).filter(|(_, item)| item.sound);
    let read = sound.filter_map(|(name, item)| Some((name, item.read.as_ref()?)));
    let others: Vec<(u64, u64)> = read
        .filter(|(_, (_, content))| !matches!(content, Content::Seals(_)))
        .map(|(name, (entry, _))| (name.number, entry.time_ms))
        .collect();
    let (_, first_ms) = *others.first()?;
    Some((first_ms, others.into_iter().map(|(number, _)| number).collect()))
}

/// Holds everything that a party has sealed to spec/line.md §7.
///
/// `once` is whether its store has never been restored from a copy: only then does it know what it has sealed.
///
/// # Errors
/// With the first entry that seals what it should not, or when it should not.
pub(crate) fn are_called_for(
    court: &Court,
    author: Party,
    record: &Record,
    reading: &Reading<'_>,
    roots: &mut Receipts,
    once: bool,
) -> Word {
    let every_ms = court.memorandum.sealing_ms();
    let once = once && !court.stolen.contains_key(&author);
    let mut last: BTreeMap<Book, &Sealed> = BTreeMap::new();
    let own = reading.sealing().filter(|(name, _)| name.book.party == author);
    for (name, sealed) in own.filter(|(name, _)| !court.is_stolen(name.book)) {
        let of = &sealed.signed.checkpoint;
        let objected = |what: &str| object("seals", format!("{} {what}", court.entry(name)));
        if roots.root(court, author, record, of.book, of.size).is_some_and(|root| root != of.root) {
            return objected("seals another root than its author's");
        }
        let before = last.insert(of.book, sealed);
        if !once {
            continue;
        }
        let Some((first_ms, others)) = to_seal(reading, of.book) else {
            return objected("seals a book of nothing but seals");
        };
        let (sealed_size, since_ms) =
            before.map_or((0, first_ms), |seal| (seal.signed.checkpoint.size, seal.seal.seconds * 1_000));
        if !others.iter().any(|number| (sealed_size + 1..=of.size).contains(number)) {
            return objected("seals nothing that is new");
        }
        // Its seconds are cut short.
        if (sealed.seal.seconds * 1_000 + 999) / every_ms <= since_ms / every_ms {
            return objected("seals a book twice in a slot");
        }
    }
    Ok(())
}

/// Everything that a party has written before the present slot is sealed. Its clock was never set.
///
/// # Errors
/// With the first book that is not.
pub(crate) fn have_been_made(court: &Court, author: Party, reading: &Reading<'_>, clock_ms: u64) -> Word {
    let every_ms = court.memorandum.sealing_ms();
    if court.keys_of(author).is_none_or(|keys| keys.seal.is_none()) {
        return Ok(());
    }
    let seals = reading.seals();
    for class in Class::ALL {
        let own = reading.items.keys().map(|name| name.book);
        let Some(book) = own.filter(|book| (book.party, book.class) == (author, class)).max() else {
            continue;
        };
        let Some((first_ms, others)) = to_seal(reading, book) else { continue };
        let (sealed, since_ms) =
            seals.get(&book).map_or((0, first_ms), |(_, size, _, seconds)| (*size, seconds * 1_000));
        let due_ms = (since_ms / every_ms + 1) * every_ms;
        if others.last().is_some_and(|last| *last > sealed) && clock_ms > due_ms + LATE_MS {
            return object("seals", format!("{} is sealed to {sealed} alone", court.book(book)));
        }
    }
    Ok(())
}
