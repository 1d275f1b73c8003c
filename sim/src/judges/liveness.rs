//! Once faults have stopped, every mirror catches up, receipts get round, clocks that are overdue have rung,
//! and what can be decided is.
//!
//! Everything here is asked again and again; it is wrong only if it never comes true.

use std::collections::{BTreeMap, BTreeSet};

use detente_line::{Content, Line};
use detente_record::{Book, Class, Entry, EntryRef, Party};

use super::reference::Reading;
use super::{Court, Word, object};
use crate::store::Record;

/// A station, as liveness sees it.
pub(crate) struct Seen<'a> {
    /// Whose.
    pub(crate) party: Party,
    /// What is durable there.
    pub(crate) record: &'a Record,
    /// What it goes by, while it lives.
    pub(crate) line: Option<&'a Line>,
    /// What follows from it.
    pub(crate) reading: Reading<'a>,
    /// Its clock, ms.
    pub(crate) clock_ms: u64,
    /// What it called somebody for: entry and rank, over all its lives.
    pub(crate) rung: &'a BTreeSet<(EntryRef, u16)>,
    /// Since when it has been running without a fault, by its own clock, ms.
    pub(crate) calm_ms: u64,
}

/// Whoever is no member, or no more, as any honest station has it: nobody owes it anything. Whom a founder no longer
/// sees is not asked who has been admitted since.
pub(crate) fn gone(court: &Court, seen: &[Seen<'_>]) -> BTreeSet<Party> {
    let members = |station: &Seen<'_>| station.reading.members(&station.reading.judged_acts());
    let members: BTreeMap<Party, Vec<Party>> =
        seen.iter().map(|station| (station.party, members(station))).collect();
    let founders = court.roll.parties().filter(|party| court.is_founder(*party));
    let gone: BTreeSet<Party> =
        founders.filter(|party| !members.values().all(|members| members.contains(party))).collect();
    let staying = |founder: &Party| court.is_founder(*founder) && !gone.contains(founder);
    let stays = |guest: &Party| {
        let mut asked = members.iter().filter(|(of, _)| staying(of) || *of == guest);
        members.contains_key(guest) && asked.all(|(_, members)| members.contains(guest))
    };
    let guests = court.roll.parties().filter(|party| !court.is_founder(*party) && !stays(party));
    let guests: BTreeSet<Party> = guests.collect();
    gone.into_iter().chain(guests).collect()
}

/// Every mirror of every book that its author has not forked holds as much as any other, or as is due of that; but for what is beyond the reach of
/// earlier keys and rested on by nobody, and for books of whoever
/// was let in by acts that are not judged there, or not alike, since they rest on a branch of a fork that is not held (spec/keys.md §5).
///
/// # Errors
/// With a mirror that lacks something.
pub(crate) fn mirrors_are_equal(
    court: &Court,
    seen: &[Seen<'_>],
    forked: impl Fn(Book) -> bool,
    due: impl Fn(Book, u64) -> u64,
) -> Word {
    let mut sizes: BTreeMap<Book, (u64, Party)> = BTreeMap::new();
    for station in seen {
        for book in station.record.entries.keys().filter(|book| !forked(**book)) {
            let size = station.record.size(*book);
            let most = sizes.entry(*book).or_insert((size, station.party));
            *most = (*most).max((size, station.party));
        }
    }
    for (book, (size, at)) in sizes {
        for station in seen {
            let held = station.record.size(book);
            let is_short = held < due(book, size) && !ends_there(station, book, held);
            if is_short && !is_unheard_of(court, station, book.party, &forked) {
                let (book, who, at) = (court.book(book), court.party(station.party), court.party(at));
                return object("liveness", format!("{who} holds {held} of {book}, and {at} {size}"));
            }
        }
        let mut copies = seen.iter().filter_map(|station| station.record.entries.get(&book));
        let first = copies.next();
        let differs = |one: &[_], other: &[_]| one.iter().zip(other).any(|(one, other)| one != other);
        if first.is_some_and(|first| copies.any(|copy| differs(copy, first))) {
            return object("liveness", format!("{} is not the same book everywhere", court.book(book)));
        }
    }
    Ok(())
}

/// Whether nothing beyond a size of a book is taken at a station: the reach of its keys ends before, and neither others nor its party's last keys state
/// more of it (spec/keys.md §5). Who took more before that was known still holds it.
fn ends_there(station: &Seen<'_>, book: Book, held: u64) -> bool {
    if station.reading.reach(book).is_none_or(|reach| held < reach) {
        return false;
    }
    let last = station.record.entries.keys().filter(|of| of.party == book.party).map(|of| of.rank()).max();
    let speaks = |of: &Book| of.party != book.party || Some(of.rank()) == last;
    let speaking = station.record.entries.iter().filter(|(of, _)| speaks(of));
    let mut cuts = speaking.flat_map(|(_, entries)| entries).filter_map(|bytes| Entry::decode(bytes).ok());
    cuts.all(|entry| entry.cut.get(&book).is_none_or(|stated| *stated <= held))
}

/// Whether a station may never hear that a guest was let in: a book of acts has forked.
fn is_unheard_of(court: &Court, station: &Seen<'_>, party: Party, forked: impl Fn(Book) -> bool) -> bool {
    let lacks_acts = station.record.entries.keys().any(|book| book.class == Class::A && forked(*book));
    lacks_acts
        && !court.is_founder(party)
        && !station.reading.has_been_admitted(party, &station.reading.judged_acts())
}

/// Everybody holds everybody's receipt for the whole of every honest book; but for those
/// who may have forgotten the seconds of receipts they gave, so that later ones are refused, and those who take no book of a party that they never
/// hear of. Where the first act of a signer's last keys
/// rests on more of a book that forked than has come, it cannot be judged, and how far receipts under the keys before count is not known.
///
/// # Errors
/// With a receipt that is missing.
pub(crate) fn receipts_get_round(
    court: &Court,
    seen: &[Seen<'_>],
    forgetful: &BTreeSet<Party>,
    forked: impl Fn(Book) -> bool,
    due: impl Fn(Book, u64) -> u64,
) -> Word {
    for station in seen {
        let judged = station.reading.judged_acts();
        let lacks_acts = station.record.entries.keys().any(|book| book.class == Class::A && forked(*book));
        let last = |party: Party| {
            let books = station.record.entries.keys().filter(|of| of.party == party).map(|of| of.rank());
            let renewed = station.record.renewals.iter().map(|renewal| &renewal.occasion);
            let goes_by = station.line.map(|line| line.rank(party));
            books.chain(renewed.filter(|of| of.party == party).map(|of| of.rank)).chain(goes_by).max()
        };
        let honest = station.record.entries.keys().filter(|book| court.is_honest(book.party));
        // How far the books of earlier keys are receipted, their end says.
        for book in honest.filter(|book| last(book.party) == Some(book.rank())) {
            let size = due(*book, station.record.size(*book));
            let signers = court.honest.iter().filter(|signer| **signer != book.party);
            let hears_nothing = |signer: Party| {
                let mut at = seen.iter().filter(|of| of.party == signer);
                at.any(|at| is_unheard_of(court, at, book.party, &forked))
            };
            let cannot_tell = |signer: Party| {
                let opens = |rank: u8| Book {
                    generation: u16::from(rank) * Book::GENERATIONS_OF_A_RANK,
                    party: signer,
                    class: Class::A,
                };
                let last = last(signer).filter(|rank| *rank > 0).map(opens);
                lacks_acts && last.is_some_and(|opens| !judged.contains_key(&opens))
            };
            let excused = |of: Party| forgetful.contains(&of) || cannot_tell(of) || hears_nothing(of);
            for signer in signers.filter(|signer| !excused(**signer)) {
                let of = station.record.receipts.get(book);
                let is_one = |(of, by): &(u64, Party)| *of >= size && by == signer;
                let stored = size == 0 || of.is_some_and(|of| of.keys().any(is_one));
                // Of whoever was robbed a thief's may be stored, which counts no more.
                let robbed = court.stolen.contains_key(signer) && *signer != station.party;
                let goes_by = |line: &Line| {
                    line.receipts(*book).any(|receipt| receipt.party == *signer && receipt.size >= size)
                };
                let counts = if robbed { station.line.is_none_or(goes_by) } else { stored };
                if !counts {
                    let (who, book, signer) =
                        (court.party(station.party), court.book(*book), court.party(*signer));
                    return object(
                        "liveness",
                        format!("{who} lacks {signer}'s receipt for {book} to {size}"),
                    );
                }
            }
        }
    }
    Ok(())
}

/// Every step of escalation that is due has happened.
///
/// # Errors
/// With an entry whose clock has run out in silence.
pub(crate) fn clocks_have_rung(court: &Court, seen: &[Seen<'_>], gone: &BTreeSet<Party>) -> Word {
    for station in seen {
        let owed = station.reading.owed(station.party, station.record).into_iter();
        for (entry, open) in owed.filter(|(entry, _)| !gone.contains(&entry.book.party)) {
            let of = station.record.entries.keys().filter(|of| of.party == entry.book.party);
            let renewed = station.record.renewals.iter().map(|renewal| &renewal.occasion);
            let renewed = renewed.filter(|of| of.party == entry.book.party).map(|of| of.rank);
            // What an earlier key wrote beyond its reach nobody receipts, nor anything while that is not said, so that no clock runs.
            let last = of.map(|of| of.rank()).chain(renewed).max();
            let is_earlier = last.is_some_and(|last| entry.book.rank() < last);
            if open.arrived_ms.is_none() && is_earlier {
                continue;
            }
            let Some(arrived_ms) = open.arrived_ms else {
                let (who, entry) = (court.party(station.party), court.entry(entry));
                return object("liveness", format!("{entry} is open at {who} and its clock does not run"));
            };
            for step in court.memorandum.escalations(entry.book.class) {
                let due_ms = arrived_ms + step.after_ms;
                if due_ms < station.clock_ms && !station.rung.contains(&(entry, step.rank)) {
                    let (who, entry, rank) = (court.party(station.party), court.entry(entry), step.rank);
                    let late = station.clock_ms - due_ms;
                    return object(
                        "liveness",
                        format!("{entry} is overdue at {who} by {late} ms: rank {rank} was not called"),
                    );
                }
            }
        }
    }
    Ok(())
}

/// Motions whose window has ended are decided, where the depositary is honest and does not wait for its books.
///
/// # Errors
/// With a motion that is still open.
pub(crate) fn motions_are_decided(court: &Court, seen: &[Seen<'_>], waiting: &BTreeSet<Party>) -> Word {
    for station in seen.iter().filter(|station| !waiting.contains(&station.party)) {
        let cut = station.reading.judged_acts();
        if station.reading.memorandum(&cut).depositary() != Some(station.party) {
            continue;
        }
        for motion in station.reading.open_motions(&cut) {
            let read = station.reading.items.get(&motion).and_then(|item| item.read.as_ref());
            if let Some((_, Content::Motion { closes_ms, .. })) = read
                && closes_ms + 1_000 < station.clock_ms
            {
                return object("liveness", format!("{} has closed and is not decided", court.entry(motion)));
            }
        }
    }
    Ok(())
}

/// Where all clocks agree, nobody who is honest misses a test of a slot that began in calm, once what was waiting has had its time.
///
/// # Errors
/// With a test, or an answer, that was missed.
pub(crate) fn tests_are_answered(
    court: &Court,
    seen: &[Seen<'_>],
    gone: &BTreeSet<Party>,
    longer_ms: u64,
) -> Word {
    let interval_ms = court.memorandum.terms().tests.interval_ms;
    for station in seen {
        let admitted_ms = station.reading.last_admission_ms(&station.reading.judged_acts());
        for (name, item) in station.reading.items.iter().filter(|(name, _)| name.book.party == station.party)
        {
            let Some((_, Content::Missed { slot, party })) = &item.read else { continue };
            let owes = court.is_honest(*party) && !gone.contains(party);
            // Whoever has just been let in may have to come first, and whose turn it is follows it everywhere.
            let settled_ms = (station.calm_ms + 60_000 + longer_ms).max(admitted_ms + 120_000);
            if owes && slot * interval_ms > settled_ms {
                let (name, party) = (court.entry(*name), court.party(*party));
                return object("liveness", format!("{name}: {party} missed slot {slot}, in calm"));
            }
        }
    }
    Ok(())
}
