//! What is void at one station is void at every station that has judged it, and stays so, whatever becomes of the station.

use std::collections::{BTreeMap, BTreeSet};

use detente_line::Line;
use detente_record::{Cut, EntryRef, Party};

use super::{Court, Word, object};
use crate::store::Record;

/// What was ever durable as void, by station.
#[derive(Default, Clone)]
pub(crate) struct Void {
    at: BTreeMap<Party, BTreeSet<EntryRef>>,
}

impl Void {
    /// Looks at what is durable at a station.
    ///
    /// # Errors
    /// When an entry that was void there is not any more.
    pub(crate) fn stays(&mut self, court: &Court, at: Party, record: &Record) -> Word {
        let known = self.at.entry(at).or_default();
        let held = |name: &&EntryRef| name.number <= record.size(name.book);
        if let Some(name) = known.iter().filter(held).find(|name| !record.void.contains_key(name)) {
            let (name, at) = (court.entry(*name), court.party(at));
            return object("void", format!("{name} was void at {at}, and is not any more"));
        }
        known.extend(record.void.keys());
        Ok(())
    }

    /// A station's store has been restored from a copy: it is looked at anew.
    pub(crate) fn restored(&mut self, at: Party) {
        self.at.remove(&at);
    }
}

/// Holds what two stations keep as void to one another; no book has forked.
///
/// # Errors
/// With an entry that the other has judged to be sound.
pub(crate) fn alike(court: &Court, one: (Party, &Record), other: (Party, &Record), judged: &Cut) -> Word {
    let of_other = |name: &&EntryRef| judged.get(&name.book).is_some_and(|size| name.number <= *size);
    let void = one.1.void.keys().filter(of_other);
    match void.into_iter().find(|name| !other.1.void.contains_key(name)) {
        None => Ok(()),
        Some(name) => {
            let (name, one, other) = (court.entry(*name), court.party(one.0), court.party(other.0));
            object("void", format!("{name} is void at {one}, and sound at {other}"))
        }
    }
}

/// Holds what a line has found to be void, while it was restored from a record, to what the record keeps as such: all of it, or,
/// from a kept state, a part.
///
/// # Errors
/// With the first difference.
pub(crate) fn read_again(court: &Court, again: &Line, record: &Record) -> Word {
    for (book, entries) in &record.entries {
        for (_, number) in entries.iter().zip(1..) {
            let name = EntryRef { book: *book, number };
            let (found, known) = (again.verdict(name).marked, record.void.get(&name));
            if found.as_ref() != known && (found.is_some() || record.snapshot.is_none()) {
                let (name, who) = (court.entry(name), court.party(again.party()));
                return object("void", format!("{name} at {who}, read again: {found:?}, kept: {known:?}"));
            }
        }
    }
    Ok(())
}
