//! Narrow circuits: FLASH passes on them, what is said ahead of its signature is what comes to be signed, and what
//! anybody holds is with everybody once it has had the time that it takes there.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use detente_line::frame::Frame;
use detente_record::{Book, Class, Cut, EntryRef, Party, sha256};

use super::blobs::is_over;
use super::liveness::Seen;
use super::{Court, Word, object};
use crate::scenario::NarrowCircuits;
use crate::store::Record;

/// How long anything may take to everybody beside what its bytes take, ms.
const SLACK_MS: u64 = 60_000;
/// So many bytes may be in front of it on the way.
const SLACK_BYTES: u64 = 8_000;
/// So many in front of a FLASH, its own among them: a fragment, and what else is of its class.
const FLASH_BYTES: u64 = 3_000;
/// How long a FLASH may take beside those, ms.
const FLASH_MS: u64 = 10_000;

/// Something other than FLASH and acts goes in its lane only when every signed entry of an honest party's Z and A that is durable here,
/// and the peer lacks, has gone before, or its lane is busy with that class.
///
/// # Errors
/// With the book that should have gone first.
pub(crate) fn flash_goes_first(
    court: &Court,
    of: Party,
    record: &Record,
    sent: &Cut,
    peer: &Record,
    is_busy: impl Fn(Class) -> bool,
) -> Word {
    let first = |book: &Book| matches!(book.class, Class::Z | Class::A) && court.is_honest(book.party);
    let waiting = record.checkpoints.iter().filter(|(book, _)| first(book) && !is_busy(book.class));
    for (book, checkpoints) in waiting {
        let signed = checkpoints.last_key_value().map_or(0, |(size, _)| *size);
        let gone = sent.get(book).copied().unwrap_or(0).max(peer.size(*book));
        if signed > gone && !is_over(court, record, *book, gone) {
            let (who, book) = (court.party(of), court.book(*book));
            let what = format!("{who} uses a lane behind FLASH while {book} has {signed} and {gone} went");
            return object("narrow", what);
        }
    }
    Ok(())
}

/// What an honest station says ahead is its own, and durable there.
///
/// # Errors
/// With an entry that is not so.
pub(crate) fn ahead_is_the_record(court: &Court, of: Party, record: &Record, frame: &[u8]) -> Word {
    let Ok(Frame::Ahead { book, first, entries }) = Frame::decode(frame) else { return Ok(()) };
    for (bytes, number) in entries.iter().zip(first..) {
        let held = record.entries.get(&book).and_then(|held| held.get(number as usize - 1));
        if book.party != of || held.is_none_or(|held| **held != **bytes) {
            let (of, name) = (court.party(of), court.entry(EntryRef { book, number }));
            return object("narrow", format!("{of} says {name} ahead, and does not hold it"));
        }
    }
    Ok(())
}

/// What is watched where there are narrow circuits.
#[derive(Debug)]
pub(crate) struct Watched {
    circuits: NarrowCircuits,
    /// When anybody honest came to hold how much of a book, ms.
    grown: BTreeMap<Book, VecDeque<(u64, u64)>>,
    /// Commands of officers who have something urgent to say, in calm.
    asked: BTreeSet<u64>,
    /// What came of them, and when it was written, ms.
    flashes: BTreeMap<EntryRef, u64>,
    /// To whom of them what has come.
    came: BTreeSet<(EntryRef, Party)>,
    /// How many circuits may lie between two parties.
    hops: u64,
    /// What was said ahead, by honest authors.
    ahead: BTreeMap<EntryRef, [u8; 32]>,
}

impl Watched {
    /// Nothing has happened yet.
    pub(crate) fn new(circuits: NarrowCircuits, apart: bool) -> Self {
        Self {
            came: BTreeSet::new(),
            hops: 1 + u64::from(apart),
            circuits,
            grown: BTreeMap::new(),
            asked: BTreeSet::new(),
            flashes: BTreeMap::new(),
            ahead: BTreeMap::new(),
        }
    }

    /// A station has more that is durable.
    ///
    /// # Errors
    /// With an entry of an honest party that was said otherwise ahead of its signature, or a FLASH that took too long in calm.
    pub(crate) fn durable(&mut self, court: &Court, at: Party, record: &Record, now_ms: u64) -> Word {
        for (book, entries) in &record.entries {
            let size = entries.len() as u64;
            let grown = self.grown.entry(*book).or_default();
            if grown.back().is_none_or(|(_, before)| *before < size) {
                grown.push_back((now_ms, size));
            }
        }
        for (flash, at_ms) in self.flashes.iter().filter(|(flash, _)| record.size(flash.book) >= flash.number)
        {
            if self.came.insert((*flash, at)) && now_ms > at_ms + self.flash_takes_ms() {
                let (who, flash) = (court.party(at), court.entry(*flash));
                return object("narrow", format!("{flash} took {} ms to {who}", now_ms - at_ms));
            }
        }
        let held = |name: &EntryRef| record.entries.get(&name.book)?.get(name.number as usize - 1);
        let of_others = self.ahead.iter().filter(|(name, _)| !court.may_be_stolen(**name));
        for (name, said) in of_others.filter(|(name, _)| court.is_honest(name.book.party)) {
            if held(name).is_some_and(|bytes| sha256(bytes) != *said) {
                let (at, name) = (court.party(at), court.entry(*name));
                return object("narrow", format!("{at} holds another {name} than was said ahead"));
            }
        }
        Ok(())
    }

    /// Something was said ahead to somebody.
    pub(crate) fn said_ahead(&mut self, frame: &[u8]) {
        if let Ok(Frame::Ahead { book, first, entries }) = Frame::decode(frame) {
            for (bytes, number) in entries.iter().zip(first..) {
                self.ahead.insert(EntryRef { book, number }, sha256(bytes));
            }
        }
    }

    /// An officer is about to ask for something urgent.
    pub(crate) fn asked(&mut self, id: u64) {
        self.asked.insert(id);
    }

    /// Something was written.
    pub(crate) fn accepted(&mut self, id: u64, entry: EntryRef, now_ms: u64) {
        if self.asked.remove(&id) {
            self.flashes.insert(entry, now_ms);
        }
    }

    /// How much of what is held of a book has had its time to come to everybody.
    pub(crate) fn due(&self, book: Book, size: u64, now_ms: u64) -> u64 {
        let takes_ms = self.hops * (SLACK_MS + self.circuits.takes_ms(SLACK_BYTES));
        let waits_ms = if book.class == Class::P { self.circuits.ahead_ms.unwrap_or(0) } else { 0 };
        let grown = self.grown.get(&book).into_iter().flatten();
        let over = grown.filter(|(at_ms, _)| at_ms + takes_ms + waits_ms <= now_ms);
        over.map(|(_, size)| *size).max().unwrap_or(0).min(size)
    }

    fn flash_takes_ms(&self) -> u64 {
        self.hops * (FLASH_MS + self.circuits.takes_ms(FLASH_BYTES))
    }

    /// What was urgent has come to everybody, in its time.
    ///
    /// # Errors
    /// With a FLASH that somebody lacks.
    pub(crate) fn flash_has_come(&self, court: &Court, seen: &[Seen<'_>], now_ms: u64) -> Word {
        let takes_ms = self.flash_takes_ms();
        for (flash, at_ms) in self.flashes.iter().filter(|(_, at_ms)| *at_ms + takes_ms <= now_ms) {
            let lacks = seen.iter().find(|of| of.record.size(flash.book) < flash.number);
            if let Some(station) = lacks {
                let (who, flash) = (court.party(station.party), court.entry(*flash));
                return object("narrow", format!("{who} lacks {flash} after {} ms", now_ms - at_ms));
            }
        }
        Ok(())
    }
}
