//! Honest authors keep every rule: what their own cuts forbid they do not append, and what they append nobody
//! voids.

use std::collections::BTreeMap;

use detente_record::{Book, Class, Cut, Entry, EntryRef, Party, vector_hash};

use super::receipts::Receipts;
use super::reference::Reading;
use super::{Court, Word, object};
use crate::store::Record;

/// How many serials a generation has for itself (spec/record.md §3).
const SERIALS_OF_A_GENERATION: u64 = 1 << 32;

/// Whose entries are judged.
#[derive(Clone, Copy)]
pub(crate) struct Author {
    pub(crate) party: Party,
    /// Its store has never been restored from a copy or lost: only then are its serials without gaps.
    pub(crate) once: bool,
    /// The rank of its keys, each of which began a generation.
    pub(crate) rank: u8,
}

/// Holds everything that a party has written to spec/record.md §3 and spec/line.md §5.
///
/// # Errors
/// With the first entry that breaks a rule, and the rule.
pub(crate) fn keep_the_rules(
    court: &Court,
    author: Author,
    record: &Record,
    reading: &Reading<'_>,
    roots: &mut Receipts,
) -> Word {
    let Author { party: author, once, rank } = author;
    // It cannot know how far somebody else has gone on with its keys.
    let once = once && !court.stolen.contains_key(&author);
    let mut written: Vec<(EntryRef, &Entry)> = Vec::new();
    let own = reading.items.iter().filter(|(name, _)| name.book.party == author);
    for (name, item) in own.filter(|(name, _)| !court.is_stolen(name.book)) {
        let Some((entry, _)) = &item.read else {
            return object("authors", format!("{} cannot be read", court.entry(*name)));
        };
        if !item.judged {
            if !once {
                continue;
            }
            return object("authors", format!("{} rests on acts that its author lacks", court.entry(*name)));
        }
        if !item.sound {
            if !once && !rests_on_one_history(court, &item.cut) {
                continue;
            }
            return object("authors", format!("{} is void: {entry:?}", court.entry(*name)));
        }
        let mut cut = item.cut.clone();
        cut.insert(name.book, name.number - 1);
        closed(court, *name, &cut, reading, once)?;
        if name.book.class == Class::A {
            let mut rooted = BTreeMap::new();
            for (book, size) in cut.iter().filter(|(_, size)| **size > 0) {
                let root = roots.root(court, author, record, *book, *size);
                rooted.insert(*book, (*size, root.unwrap_or_default()));
            }
            // One that has lost entries may have stated sizes whose roots it does not know any more.
            if once && entry.vector != Some(vector_hash(&rooted)) {
                let name = court.entry(*name);
                return object("authors", format!("the vector of {name} is not that of its cut {cut:?}"));
            }
        }
        written.push((*name, entry));
    }
    let mut over_quota = reading.over_quota.iter().filter(|book| !court.is_stolen(**book));
    if let Some(book) = over_quota.find(|book| book.party == author) {
        return object("authors", format!("{} holds more than the quota of a day", court.book(*book)));
    }
    written.sort_by_key(|(_, entry)| entry.serial);
    let (mut last, mut serial) = (0, 0);
    for (name, entry) in written {
        let opened = name.book.generation.is_multiple_of(128) && name.book.generation / 128 <= rank.into();
        if once && name.book.generation > 0 && !opened {
            return object(
                "authors",
                format!("{} is of a generation that nothing called for", court.entry(name)),
            );
        }
        // What a restored station has lost may never come back; nothing has the same serial.
        let opens = name.book.generation > 0 && name.number == 1;
        if entry.serial <= serial || once && !opens && entry.serial != serial + 1 {
            return object(
                "authors",
                format!("{} has serial {} after {serial}", court.entry(name), entry.serial),
            );
        }
        if !once && entry.serial / SERIALS_OF_A_GENERATION > serial / SERIALS_OF_A_GENERATION {
            // It cannot know the times of what it has lost.
            last = 0;
        }
        serial = entry.serial;
        if entry.time_ms < last || once && entry.clock_held && entry.time_ms != last {
            let (name, time) = (court.entry(name), entry.time_ms);
            return object("authors", format!("{name} has time {time} after {last}"));
        }
        last = entry.time_ms;
    }
    Ok(())
}

/// Whether all acts that something rests on have one history: a restored station may by now hold another version of a liar's book than the
/// one that it stated, or of a thief's.
fn rests_on_one_history(court: &Court, cut: &Cut) -> bool {
    let acts = cut.keys().filter(|book| book.class == Class::A);
    acts.into_iter().all(|book| court.is_honest(book.party) && !court.is_stolen(*book))
}

/// A cut covers every act that the entries under it rest on (spec/record.md §3).
fn closed(court: &Court, name: EntryRef, cut: &Cut, reading: &Reading<'_>, once: bool) -> Word {
    // A restored station may hold another version of a liar's book by now than the one that it stated, or of a thief's.
    let told_once = |book: &Book| once || court.is_honest(book.party) && !court.is_stolen(*book);
    for (book, size) in cut.iter().filter(|(book, size)| **size > 0 && told_once(book)) {
        let last = EntryRef { book: *book, number: *size };
        let Some(item) = reading.items.get(&last) else {
            if !once {
                continue;
            }
            return object(
                "authors",
                format!("{} covers {}, which its author lacks", court.entry(name), court.entry(last)),
            );
        };
        let open = item
            .cut
            .iter()
            .find(|(of, rests)| of.class == Class::A && cut.get(of).copied().unwrap_or(0) < **rests);
        if let Some((of, rests)) = open {
            let (name, last, of) = (court.entry(name), court.entry(last), court.book(*of));
            return object(
                "authors",
                format!("{name} covers {last}, and not {of} to {rests}, on which that rests"),
            );
        }
    }
    Ok(())
}
