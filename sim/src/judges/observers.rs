//! What a line says of observers follows from its record: what they were shown, and what they found.

use std::collections::{BTreeMap, BTreeSet};

use detente_line::{Chain, Content, Contradiction, Disclosures, Findings, Line};
use detente_record::{Cut, Entry, EntryRef};

use super::reference::{Found, Reading};
use super::{Word, object};
use crate::store::Record;

/// Every sound entry that is of these kinds, as a line has judged it.
fn sound(line: &Line, record: &Record) -> Vec<(EntryRef, Entry, Content)> {
    let mut read = Vec::new();
    for (book, entries) in &record.entries {
        for (bytes, number) in entries.iter().zip(1..) {
            let name = EntryRef { book: *book, number };
            let of = Entry::decode(bytes).and_then(|entry| {
                let content = Content::decode(entry.kind, &entry.body)?;
                Ok((name, entry, content))
            });
            let sound = !line.verdict(name).unjudged && !record.void.contains_key(&name);
            read.extend(of.ok().filter(|_| sound));
        }
    }
    read
}

fn described(chain: &Chain) -> Found {
    let lodged = chain.lodged().iter().map(|lodged| {
        let by: BTreeSet<EntryRef> = lodged.by.iter().map(|(by, _)| *by).collect();
        ((lodged.finding.found().serial, lodged.hash), by)
    });
    let convicting = chain.contradictions().into_iter().map(|found| match found {
        Contradiction::Serial { serial, other, .. } => (serial, other),
        Contradiction::Before { serial, later, .. } => (serial, later),
    });
    Found {
        lodged: lodged.collect(),
        missing: chain.missing().into_iter().flat_map(|(first, last)| first..=last).collect(),
        convicting: convicting.collect(),
    }
}

/// Holds what a line says of observers to the record that it has.
///
/// # Errors
/// With the first difference.
pub(crate) fn follow(who: &str, line: &Line, record: &Record, reading: &Reading<'_>) -> Word {
    let cut: Cut = line.held().into_iter().map(|held| (held.book, held.judged)).collect();
    let read = sound(line, record);
    let findings = Findings::under(&cut, read.iter().cloned());
    let found: BTreeMap<String, Found> =
        findings.by_observer().map(|(observer, chain)| (observer.to_owned(), described(chain))).collect();
    let expected = reading.findings();
    if found != expected {
        return object("observers", format!("findings at {who}: {found:?}, expected {expected:?}"));
    }
    let disclosures = Disclosures::under(&cut, read);
    let shown: BTreeMap<String, BTreeSet<EntryRef>> = disclosures
        .by_observer()
        .map(|(observer, of)| (observer.to_owned(), of.iter().map(|one| one.name).collect()))
        .collect();
    let expected = reading.disclosures();
    if shown != expected {
        return object("observers", format!("disclosures at {who}: {shown:?}, expected {expected:?}"));
    }
    Ok(())
}
