//! What a line says follows from its record: live, rebuilt, and at every side alike.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;

use detente_line::kind::number;
use detente_line::{Content, Line, Moment, Positions};
use detente_record::{Book, Cut, Entry, EntryRef, Hash, Party, Receipt};

use super::reference::{Awaiting, Open, Reading};
use super::{Court, Word, object, observers};
use crate::store::Record;

/// Everything that a line says of acts and facts, as values that can be compared.
#[derive(Debug, PartialEq, Eq)]
struct Said {
    standing: BTreeMap<(Party, u64), Option<EntryRef>>,
    last_suspension: BTreeMap<Party, Option<EntryRef>>,
    open_motions: BTreeSet<EntryRef>,
    votes: BTreeMap<EntryRef, BTreeMap<Party, String>>,
    consent: BTreeMap<EntryRef, Option<EntryRef>>,
    memorandum: Hash,
    members: Vec<Party>,
    owed: BTreeMap<EntryRef, Open>,
    awaited: BTreeMap<EntryRef, Awaiting>,
    seals: BTreeMap<Book, (EntryRef, u64, Hash, u64)>,
}

/// The times at which standings are compared: around the present, since they change by the clock alone.
fn times(now_ms: u64) -> [u64; 4] {
    [now_ms.saturating_sub(60_000), now_ms, now_ms + 30_000, now_ms + 100_000_000]
}

/// Everybody who is, was or may become a party.
fn everybody(court: &Court) -> Vec<Party> {
    court.roll.parties().collect()
}

fn said_by(court: &Court, line: &Line, now_ms: u64) -> Said {
    let parties = everybody(court);
    let standing = |party: &Party| {
        times(now_ms).map(|at_ms| ((*party, at_ms), line.suspension(*party, at_ms).map(|s| s.act)))
    };
    let last: BTreeMap<Party, Option<EntryRef>> =
        parties.iter().map(|party| (*party, line.last_suspension(*party).map(|s| s.act))).collect();
    let owed = line.facts().owed().iter();
    let awaited = line.facts().awaited().iter();
    Said {
        standing: parties.iter().flat_map(standing).collect(),
        open_motions: line.open_motions().iter().map(|motion| motion.act).collect(),
        votes: line
            .open_motions()
            .iter()
            .map(|motion| {
                let votes = line.votes(motion).into_iter();
                (motion.act, votes.map(|(party, choice)| (party, format!("{choice:?}"))).collect())
            })
            .collect(),
        consent: last.values().flatten().map(|suspension| (*suspension, line.consent(*suspension))).collect(),
        memorandum: line.memorandum().hash(),
        members: line.members().to_vec(),
        last_suspension: last,
        seals: line
            .seals()
            .map(|(book, last)| (book, (last.entry, last.size, last.root, last.seconds)))
            .collect(),
        owed: owed
            .map(|(name, owed)| (*name, Open { arrived_ms: owed.arrived_ms, displayed: owed.displayed }))
            .collect(),
        awaited: awaited
            .map(|(name, open)| {
                let open = open.clone();
                let (displayed, acknowledged) = (open.displayed, open.acknowledged);
                (
                    *name,
                    Awaiting { displayed, acknowledged, passed_on: open.passed_on, answered: open.answered },
                )
            })
            .collect(),
    }
}

fn read_from(court: &Court, me: Party, record: &Record, reading: &Reading<'_>, now_ms: u64) -> Said {
    let cut: Cut = reading.judged_acts();
    let parties = everybody(court);
    let standing =
        |party: &Party| times(now_ms).map(|at_ms| ((*party, at_ms), reading.standing(*party, &cut, at_ms)));
    let last: BTreeMap<Party, Option<EntryRef>> =
        parties.iter().map(|party| (*party, reading.in_force(*party, &cut))).collect();
    let open_motions = reading.open_motions(&cut);
    let votes = |motion: &EntryRef| {
        let votes = reading.votes(*motion, &cut).into_iter();
        (*motion, votes.map(|(party, (_, choice))| (party, format!("{choice:?}"))).collect())
    };
    Said {
        standing: parties.iter().flat_map(standing).collect(),
        votes: open_motions.iter().map(votes).collect(),
        open_motions,
        consent: last
            .values()
            .flatten()
            .map(|suspension| (*suspension, reading.consent(*suspension, &cut)))
            .collect(),
        memorandum: reading.memorandum(&cut).hash(),
        members: reading.members(&cut),
        last_suspension: last,
        owed: reading.owed(me, record),
        seals: reading.seals(),
        awaited: reading.awaited(me),
    }
}

fn same<T: PartialEq + Debug>(who: &str, what: &str, line: &T, other: &T) -> Word {
    if line == other {
        return Ok(());
    }
    object("folds", format!("{what} at {who}: {line:?}, expected {other:?}"))
}

/// The first of two maps' entries that differ, so that an objection stays readable.
fn same_map<K: Ord + Debug, V: PartialEq + Debug>(
    who: &str,
    what: &str,
    line: &BTreeMap<K, V>,
    other: &BTreeMap<K, V>,
) -> Word {
    let keys: BTreeSet<&K> = line.keys().chain(other.keys()).collect();
    for key in keys {
        if line.get(key) != other.get(key) {
            let (line, other) = (line.get(key), other.get(key));
            return object("folds", format!("{what} at {who}, {key:?}: {line:?}, expected {other:?}"));
        }
    }
    Ok(())
}

fn same_said(who: &str, line: &Said, other: &Said) -> Word {
    same_map(who, "standing", &line.standing, &other.standing)?;
    same_map(who, "last suspension", &line.last_suspension, &other.last_suspension)?;
    same(who, "open motions", &line.open_motions, &other.open_motions)?;
    same_map(who, "votes", &line.votes, &other.votes)?;
    same_map(who, "consent", &line.consent, &other.consent)?;
    same(who, "memorandum in force", &line.memorandum, &other.memorandum)?;
    same(who, "members", &line.members, &other.members)?;
    same_map(who, "owed", &line.owed, &other.owed)?;
    same_map(who, "awaited", &line.awaited, &other.awaited)
}

/// Holds what a line says to the record that it has.
///
/// # Errors
/// With the first difference.
pub(crate) fn follow(
    court: &Court,
    line: &Line,
    record: &Record,
    reading: &Reading<'_>,
    now_ms: u64,
) -> Word {
    let who = court.party(line.party());
    if let Some(book) = reading.over_quota.first() {
        return object("folds", format!("{who} holds more of {} than its quota of a day", court.book(*book)));
    }
    for (name, item) in &reading.items {
        let (verdict, void) = (line.verdict(*name), record.void.get(name));
        let name = court.entry(*name);
        if verdict.unjudged == item.judged {
            return object(
                "folds",
                format!("{name} at {who}: unjudged {}, judged {}", verdict.unjudged, item.judged),
            );
        }
        if void.is_some() != (item.judged && !item.sound) {
            let void = void.map(ToString::to_string);
            return object("folds", format!("{name} at {who}: void {void:?}, sound {}", item.sound));
        }
        if verdict.marked.is_some() && verdict.marked.as_ref() != void {
            return object("folds", format!("{name} at {who}: void, and its store is not told"));
        }
    }
    same_map(&who, "positions", &positions_of(court, line, record), &reading.positions())?;
    observers::follow(&who, line, record, reading)?;
    past(court, line, record, reading)?;
    same_said(&who, &said_by(court, line, now_ms), &read_from(court, line.party(), record, reading, now_ms))
}

/// Holds what a line says of the past to its record: as of some times, and as one party knew then.
///
/// # Errors
/// With the first difference.
fn past(court: &Court, line: &Line, record: &Record, reading: &Reading<'_>) -> Word {
    let who = &court.party(line.party());
    let held: Cut = record.entries.iter().map(|(book, entries)| (*book, entries.len() as u64)).collect();
    let times = reading.times();
    for (at_ms, place) in
        [times.len() / 3, times.len() * 2 / 3].into_iter().filter_map(|at| times.get(at)).zip(0..)
    {
        for of in [None, everybody(court).get(place).copied()] {
            let mut moment = Moment::new(*at_ms, of);
            while let Some(name) = moment.next(&held) {
                let bytes = record.entries.get(&name.book).and_then(|all| all.get(name.number as usize - 1));
                moment.take(name, bytes.and_then(|bytes| Entry::decode(bytes).ok()).as_ref());
            }
            let cut = moment.cut(&held);
            same_map(who, &format!("the cut as of {at_ms} of {of:?}"), &cut, &reading.moment(*at_ms, of))?;
            let seen = line.seen_under(&cut);
            same(who, "members as of a time", &seen.members(), &reading.members(&cut))?;
            same(
                who,
                "memorandum as of a time",
                &seen.memorandum().hash(),
                &reading.memorandum(&cut).hash(),
            )?;
            for party in everybody(court) {
                let standing = seen.suspension(party, *at_ms).map(|suspended| suspended.act);
                same(who, "standing as of a time", &standing, &reading.standing(party, &cut, *at_ms))?;
            }
            let open: BTreeSet<EntryRef> = seen.open_motions().iter().map(|motion| motion.act).collect();
            same(who, "open motions as of a time", &open, &reading.open_motions(&cut))?;
        }
    }
    Ok(())
}

/// What each party holds of each entry that positions were taken on, as a line's fold has it.
fn positions_of(
    court: &Court,
    line: &Line,
    record: &Record,
) -> BTreeMap<EntryRef, BTreeMap<Party, EntryRef>> {
    let cut: Cut = line.held().into_iter().map(|held| (held.book, held.judged)).collect();
    let mut taken: BTreeMap<EntryRef, Vec<(EntryRef, Entry, Content)>> = BTreeMap::new();
    for (book, entries) in &record.entries {
        for (bytes, number) in entries.iter().zip(1..) {
            let name = EntryRef { book: *book, number };
            let read = Entry::decode(bytes).ok().and_then(|entry| {
                let content = Content::decode(entry.kind, &entry.body).ok()?;
                Some((*entry.regards.first()?, (name, entry, content)))
            });
            let sound = !line.verdict(name).unjudged && !record.void.contains_key(&name);
            if let Some((about, read)) =
                read.filter(|(_, (.., content))| sound && content.kind() == number::POSITION)
            {
                taken.entry(about).or_default().push(read);
            }
        }
    }
    let parties = everybody(court);
    let folded = taken.into_iter().map(|(about, taken)| {
        let positions = Positions::under(&cut, about, taken);
        let held = parties.iter().filter_map(|party| Some((*party, positions.of(*party)?.name)));
        (about, held.collect())
    });
    folded.collect()
}

/// Holds a line that was rebuilt from its record to the live one.
///
/// # Errors
/// With the first difference.
pub(crate) fn rebuilt<'a>(court: &Court, live: &'a Line, rebuilt: &'a Line, now_ms: u64) -> Word {
    let who = court.party(live.party());
    for (one, other) in live
        .held()
        .iter()
        .filter(|held| held.size > 0)
        .zip(rebuilt.held().iter().filter(|held| held.size > 0))
    {
        // A book that has ended is one that evidence was found against, or that somebody held more of.
        let other = detente_line::HeldBook { ended: one.ended, ..other.clone() };
        same(&who, "a book, live and rebuilt", one, &other)?;
        // Of those who renewed their keys a line lets go, when it starts, of what counts no more.
        let receipts = |line: &'a Line, book: Book| -> Vec<&Receipt> {
            line.receipts(book).filter(|receipt| live.rank(receipt.party) == 0).collect()
        };
        let (one, other) = (receipts(live, one.book), receipts(rebuilt, other.book));
        same(&who, "receipts, live and rebuilt", &one, &other)?;
    }
    let held = |line: &Line| {
        line.held().iter().filter(|held| held.size > 0).map(|held| held.book).collect::<Vec<_>>()
    };
    same(&who, "books held, live and rebuilt", &held(live), &held(rebuilt))?;
    same(&who, "the last entry, live and rebuilt", &live.last_entry(), &rebuilt.last_entry())?;
    let secrets = |line: &Line| line.secrets().iter().map(|(party, _)| *party).collect::<Vec<_>>();
    same(&who, "secrets, live and rebuilt", &secrets(live), &secrets(rebuilt))?;
    same(&who, "custody, live and rebuilt", live.custody(), rebuilt.custody())?;
    for party in everybody(court) {
        same(&who, "duty, live and rebuilt", &live.duty(party), &rebuilt.duty(party))?;
    }
    same_said(&who, &said_by(court, rebuilt, now_ms), &said_by(court, live, now_ms))
}

/// Holds two lines that have judged the same acts to one another: equal cuts, equal answers.
///
/// # Errors
/// With the first difference.
pub(crate) fn equal(court: &Court, one: &Line, other: &Line, now_ms: u64) -> Word {
    let acts = |line: &Line| -> Cut {
        let held = line.held().into_iter().filter(|held| held.book.class == detente_record::Class::A);
        held.filter(|held| held.judged > 0).map(|held| (held.book, held.judged)).collect()
    };
    if acts(one) != acts(other) {
        return Ok(());
    }
    let who = format!("{} and {}", court.party(one.party()), court.party(other.party()));
    let (one, other) = (said_by(court, one, now_ms), said_by(court, other, now_ms));
    same_map(&who, "standing", &one.standing, &other.standing)?;
    same(&who, "open motions", &one.open_motions, &other.open_motions)?;
    same_map(&who, "votes", &one.votes, &other.votes)?;
    same_map(&who, "consent", &one.consent, &other.consent)?;
    same(&who, "members", &one.members, &other.members)?;
    same(&who, "memorandum in force", &one.memorandum, &other.memorandum)
}
