//! A trial: the judges of the simulator before the books of real stations, which were killed, cut off, starved and paused somewhere else.
//!
//! They are shown nothing but the records at the end and what officers were told: every honest author's book is one history wherever it
//! is held, what was accepted is there, receipts are true, authors kept their rules, folds follow from the record, nobody is
//! blamed, and, since everything is calm again, all hold the same, receipted by all. Lines of which nobody renews keys, seals books or lies.

use std::collections::{BTreeMap, BTreeSet};

use detente_line::{Identity, Memorandum};
use detente_record::{EntryRef, Party};

use crate::founding::Keys;
use crate::judges::authors::{self, Author};
use crate::judges::books::Books;
use crate::judges::liveness::{self, Seen};
use crate::judges::receipts::Receipts;
use crate::judges::reference::Reading;
use crate::judges::void::Void;
use crate::judges::{Court, Objection, Word, admission, blame, folds, object};
use crate::station::{Speaks, restored};
pub use crate::store::Record;

/// What a station leaves.
pub struct Testimony {
    /// Its party, and the keys that it wrote with.
    pub identity: Identity,
    /// Its record.
    pub record: Record,
    /// What its officers were told is accepted.
    pub accepted: Vec<EntryRef>,
    /// Its store was replaced by an older copy, or begun anew, and it may have forgotten what it said.
    pub restored: bool,
    /// Its clock was set back, and it may have given receipts of the same second twice over.
    pub forgetful: bool,
}

/// What a trial came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verdict {
    /// Entries that were judged, at their authors.
    pub entries: u64,
    /// Receipts that were held to what they receipt.
    pub receipts: u64,
}

/// Judges what stations leave, once all of them could reach one another for long enough; `now_ms` is their clock.
///
/// # Errors
/// What a judge objects to first, in words.
pub fn judge(memorandum: &Memorandum, testimonies: &[Testimony], now_ms: u64) -> Result<Verdict, String> {
    let words = |Objection { judge, what }: Objection| format!("{judge} objects: {what}");
    hear(memorandum, testimonies, now_ms).map_err(words)
}

fn hear(memorandum: &Memorandum, testimonies: &[Testimony], now_ms: u64) -> Result<Verdict, Objection> {
    let court = Court {
        line: memorandum.line(),
        roll: memorandum.clone(),
        memorandum: memorandum.clone(),
        keys: testimonies.iter().map(|of| Keys::of(&of.identity)).collect(),
        honest: testimonies.iter().map(|of| of.identity.party).collect(),
        stolen: BTreeMap::new(),
    };
    books_are_one_history(&court, testimonies)?;
    let mut lines = Vec::new();
    let mut verdict = Verdict { entries: 0, receipts: 0 };
    let (mut receipts, mut void) = (Receipts::default(), Void::default());
    for Testimony { identity, record, restored: is_restored, .. } in testimonies {
        let party = identity.party;
        receipts.stored(&court, party, record)?;
        void.stays(&court, party, record)?;
        let reading = Reading::new(memorandum, record);
        let author = Author { party, once: !is_restored, rank: 0 };
        authors::keep_the_rules(&court, author, record, &reading, &mut receipts)?;
        admission::nothing_is_written_before(&court, party, &reading)?;
        if let Some(evidence) = record.evidence.first() {
            let (who, of) = (court.party(party), court.party(evidence.party));
            return object("blame", format!("{who} keeps evidence against {of}: {}", evidence.fault));
        }
        let line = line_of(&court, party, record)?;
        folds::follow(&court, &line, record, &reading, now_ms)?;
        let unkept = Record { snapshot: None, ..record.clone() };
        folds::rebuilt(&court, &line, &line_of(&court, party, &unkept)?, now_ms)?;
        let own = record.entries.iter().filter(|(book, _)| book.party == party);
        verdict.entries += own.map(|(_, of)| of.len() as u64).sum::<u64>();
        verdict.receipts += record.receipts.values().map(|of| of.len() as u64).sum::<u64>();
        lines.push((line, reading));
    }
    let stores: Vec<(Party, &Record)> =
        testimonies.iter().map(|of| (of.identity.party, &of.record)).collect();
    blame::forks_are_found(&court, &stores)?;
    all_hold_the_same(&court, testimonies, lines, now_ms)?;
    Ok(verdict)
}

/// Authors are heard first: what a mirror holds was at its author before.
fn books_are_one_history(court: &Court, testimonies: &[Testimony]) -> Word {
    let mut books = Books::default();
    for Testimony { identity, record, .. } in testimonies {
        let own = record.entries.iter().filter(|(book, _)| book.party == identity.party);
        let own = own.map(|(book, entries)| (*book, entries.clone())).collect();
        books.durable(court, identity.party, &Record { entries: own, ..Record::default() })?;
    }
    for Testimony { identity, record, accepted, .. } in testimonies {
        books.durable(court, identity.party, record)?;
        let lost = accepted.iter().find(|name| name.number > record.size(name.book));
        if let Some(lost) = lost {
            return object("books", format!("{}, which was accepted, is lost", court.entry(*lost)));
        }
    }
    Ok(())
}

fn line_of(court: &Court, party: Party, record: &Record) -> Result<detente_line::Line, Objection> {
    let Some(keys) = court.keys_of(party) else { return object("world", "a party without keys") };
    restored(&court.memorandum, Speaks::first(keys), record)
        .or_else(|fault| object("folds", format!("{} cannot be restored: {fault}", court.party(party))))
}

fn all_hold_the_same(
    court: &Court,
    testimonies: &[Testimony],
    lines: Vec<(detente_line::Line, Reading<'_>)>,
    now_ms: u64,
) -> Word {
    let none = BTreeSet::new();
    let (lines, readings): (Vec<_>, Vec<_>) = lines.into_iter().unzip();
    let seen: Vec<Seen<'_>> = testimonies
        .iter()
        .zip(lines.iter().zip(readings))
        .map(|(of, (line, reading))| Seen {
            party: of.identity.party,
            record: &of.record,
            line: Some(line),
            reading,
            clock_ms: now_ms,
            rung: &none,
            calm_ms: now_ms,
        })
        .collect();
    let forgetful =
        testimonies.iter().filter(|of| of.forgetful || of.restored).map(|of| of.identity.party).collect();
    let all = |_, size| size;
    liveness::mirrors_are_equal(court, &seen, |_| false, all)?;
    liveness::receipts_get_round(court, &seen, &forgetful, |_| false, all)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::founding::{Founded, found};
    use crate::rng::Rng;
    use crate::scenario::Scenario;

    /// Two parties that have said nothing, and their rules.
    fn silent() -> (Memorandum, Vec<Testimony>) {
        let seed = (1..).find(|seed| Scenario::new(*seed).parties == 2).unwrap();
        let Founded { keys, memorandum, .. } = found(&Scenario::new(seed), &mut Rng::new(seed)).unwrap();
        let of = |keys: &Keys| Testimony {
            identity: keys.identity(),
            record: Record::default(),
            accepted: Vec::new(),
            restored: false,
            forgetful: false,
        };
        let testimonies = keys.iter().map(of).collect();
        (memorandum, testimonies)
    }

    #[test]
    fn nothing_said_is_nothing_to_object_to() {
        let (memorandum, testimonies) = silent();
        assert_eq!(judge(&memorandum, &testimonies, 0), Ok(Verdict { entries: 0, receipts: 0 }));
    }

    #[test]
    fn what_was_accepted_and_is_gone_is_objected_to() {
        let (memorandum, mut testimonies) = silent();
        let book = detente_record::Book {
            generation: 0,
            party: testimonies[0].identity.party,
            class: detente_record::Class::R,
        };
        testimonies[0].accepted.push(EntryRef { book, number: 1 });
        let objection = judge(&memorandum, &testimonies, 0).unwrap_err();
        assert!(objection.starts_with("books objects: ") && objection.ends_with("is lost"), "{objection}");
    }

    #[test]
    fn an_entry_that_its_author_does_not_hold_is_objected_to() {
        let (memorandum, mut testimonies) = silent();
        let party = testimonies[0].identity.party;
        let book = detente_record::Book { generation: 0, party, class: detente_record::Class::R };
        testimonies[1].record.entries.insert(book, vec![Arc::from(&b"an entry"[..])]);
        let objection = judge(&memorandum, &testimonies, 0).unwrap_err();
        assert!(objection.contains("never was at its author"), "{objection}");
    }
}
