//! Ahead of their signature: on a narrow circuit a test and its answer go as they are, and one checkpoint covers many of them
//! later; FLASH and IMMEDIATE go as they are, and their signature right behind them (spec/line.md §6, Ahead).
//!
//! What came ahead is its peer's word, by the seal of the circuit and to nobody else: it is held in memory, stands in no book, and
//! gets no receipt. Tests are good for the watch alone; FLASH and IMMEDIATE are shown. Once the signed entry comes under its name
//! it is held to that.

use alloc::collections::BTreeMap;
use alloc::string::ToString;
use alloc::sync::Arc;
use alloc::vec::Vec;

use detente_record::{Book, Class, Entry, EntryRef, Fault, Hash, Party, sha256};

use crate::contract::{CircuitId, Shown};
use crate::frame::{self, MAX_AHEAD_OF_STEP};
use crate::kind::Content;
use crate::line::Line;

/// Most tests of one party that are held ahead, and of one's own that may go so.
const MAX_AHEAD: usize = 64;
/// Most FLASH and IMMEDIATE of one party that are held ahead, and most bytes of them.
const MAX_SHOWN: usize = 16;
const MAX_SHOWN_BYTES: usize = 65_536;

/// The number of the kind *test*, and of its answer.
const QUIET: [u16; 2] = [10, 11];

/// An entry that may go ahead, or came so.
#[derive(Debug, Clone)]
struct Written {
    /// When it was written, or came, ms.
    at_ms: u64,
    bytes: Arc<[u8]>,
}

/// The end of the own book P, where nothing but tests and their answers stands in it.
#[derive(Debug, Clone)]
struct Tail {
    book: Book,
    /// By number.
    written: BTreeMap<u64, Written>,
    /// Something else was written behind it, under this number: once that is signed all goes.
    ends: Option<u64>,
}

/// Whether a class is shown before it is signed for.
pub(crate) fn is_said_first(class: Class) -> bool {
    matches!(class, Class::Z | Class::O)
}

/// What goes and what came ahead of its signature.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ahead {
    tail: Option<Tail>,
    /// SHA-256 of tests and answers that others said ahead.
    said: BTreeMap<EntryRef, Hash>,
    /// FLASH and IMMEDIATE that others said ahead, and when they came, ms.
    shown: BTreeMap<EntryRef, Written>,
}

impl Ahead {
    /// An own entry was written.
    pub(crate) fn wrote(&mut self, name: EntryRef, kind: u16, at_ms: u64, bytes: &[u8]) {
        if name.book.class != Class::P {
            return;
        }
        let follows = |tail: &&mut Tail| {
            let last = tail.written.last_key_value().map(|(last, _)| last + 1);
            tail.book == name.book && tail.ends.is_none() && last == Some(name.number)
        };
        let tail = self.tail.as_mut().filter(follows);
        if !QUIET.contains(&kind) {
            if let Some(tail) = tail {
                tail.ends = Some(name.number);
            }
            return;
        }
        let written = Written { at_ms, bytes: Arc::from(bytes) };
        if let Some(tail) = tail {
            tail.written.insert(name.number, written);
            if tail.written.len() > MAX_AHEAD {
                tail.written.pop_first();
            }
        } else {
            let written = BTreeMap::from([(name.number, written)]);
            self.tail = Some(Tail { book: name.book, written, ends: None });
        }
    }

    /// Until when what a book, signed up to a size, holds beyond another one may wait for its checkpoint, ms, where all of it
    /// may.
    fn waits_until_ms(&self, book: Book, signed: u64, from: u64, within_ms: u64) -> Option<u64> {
        let tail = self.tail.as_ref().filter(|tail| tail.book == book)?;
        let (first, _) = tail.written.first_key_value().filter(|(first, _)| **first <= from + 1)?;
        let (_, oldest) = tail.written.range((from + 1).max(*first)..).next()?;
        let goes = tail.ends.is_some_and(|ends| ends <= signed);
        (!goes).then(|| oldest.at_ms.saturating_add(within_ms))
    }

    /// What stands in a book beyond a size and up to another one, where all of it may go ahead.
    fn between(&self, book: Book, from: u64, signed: u64) -> Option<Vec<Arc<[u8]>>> {
        let tail =
            self.tail.as_ref().filter(|tail| tail.book == book && tail.ends.is_none() && from < signed)?;
        let entries: Vec<_> =
            tail.written.range(from + 1..=signed).map(|(_, written)| Arc::clone(&written.bytes)).collect();
        (entries.len() as u64 == signed - from).then_some(entries)
    }

    /// Whether a test came ahead.
    pub(crate) fn has(&self, name: &EntryRef) -> bool {
        self.said.contains_key(name)
    }

    /// Whether there is room for so many bytes more of a party's FLASH and IMMEDIATE.
    fn has_room(&self, party: Party, bytes: usize) -> bool {
        let of_party = self.shown.iter().filter(|(name, _)| name.book.party == party);
        let (count, sum) =
            of_party.fold((1, bytes), |(count, sum), (_, one)| (count + 1, sum + one.bytes.len()));
        count <= MAX_SHOWN && sum <= MAX_SHOWN_BYTES
    }

    /// Holds a test that is signed now to what was said ahead of it, and forgets that.
    fn is_otherwise(&mut self, name: EntryRef, bytes: &[u8]) -> bool {
        self.said.remove(&name).is_some_and(|said| said != sha256(bytes))
    }
}

impl Line {
    /// Where tests may go ahead on a circuit: the book, how much of it is signed, and up to where the peer has got it.
    fn ahead_on(&self, circuit: CircuitId) -> Option<(Book, u64, u64)> {
        let book = self.current(Class::P);
        let state = self.circuits.get(&circuit).filter(|state| state.is_narrow() && state.ready)?;
        let known = self.peers.get(&state.peer).and_then(|peer| peer.known.get(&book)).copied();
        let from = state.sent.get(&book).copied().unwrap_or(0).max(known.unwrap_or(0));
        let signed = self.books.get(&book)?.signed_size();
        // Whoever is reached through others alone hears of nothing before it is signed.
        let is_reached = |party: &Party| {
            *party == self.me.party || self.circuits.values().any(|state| state.ready && state.peer == *party)
        };
        let goes = self.partings.is_empty() && self.members.iter().all(is_reached);
        goes.then_some((book, signed, from))
    }

    /// The book of which a circuit carries no step from a size on, since it waits for a checkpoint that covers more; and until
    /// when, ms.
    pub(crate) fn waits_ahead(&self, circuit: CircuitId) -> Option<(Book, u64, u64)> {
        let within_ms = self.memorandum.terms().tests.checkpoint_ms?;
        let (book, signed, from) = self.ahead_on(circuit)?;
        let until_ms = self.ahead.waits_until_ms(book, signed, from, within_ms)?;
        (until_ms > self.pace.now_ms).then_some((book, from, until_ms))
    }

    /// Says ahead on a narrow circuit what may wait for its checkpoint, or would else come behind a long step.
    pub(crate) fn say_ahead(&mut self, circuit: CircuitId) {
        if self.memorandum.terms().tests.checkpoint_ms.is_none() {
            return;
        }
        let Some((book, signed, from)) = self.ahead_on(circuit) else { return };
        let Some(state) = self.circuits.get(&circuit).filter(|state| self.is_best(circuit, state.peer))
        else {
            return;
        };
        let from = from.max(state.ahead.get(&book).copied().unwrap_or(0));
        let Some(entries) = self.ahead.between(book, from, signed) else { return };
        self.queue(circuit, frame::ahead(book, from + 1, &entries));
        if let Some(state) = self.circuits.get_mut(&circuit) {
            state.ahead.insert(book, signed);
        }
    }

    /// Whether the entries of a step go ahead of it: few FLASH or IMMEDIATE of this party's own, once on a narrow circuit.
    pub(crate) fn goes_ahead(&self, circuit: CircuitId, book: Book, from: u64, end: u64) -> bool {
        let Some(state) = self.circuits.get(&circuit).filter(|state| state.is_narrow()) else { return false };
        is_said_first(book.class)
            && book == self.current(book.class)
            && end.saturating_sub(from) <= MAX_AHEAD_OF_STEP.0
            && state.ahead.get(&book).is_none_or(|said| from >= *said)
            && !self.partings.contains_key(&state.peer)
    }

    /// FLASH and IMMEDIATE that came ahead of their signature, which has not come yet; since when, ms, and the entry.
    pub fn came_ahead(&self) -> impl Iterator<Item = (EntryRef, u64, Arc<[u8]>)> + '_ {
        self.ahead.shown.iter().map(|(name, one)| (*name, one.at_ms, Arc::clone(&one.bytes)))
    }

    /// Holds a signed entry to what its author said ahead of it.
    pub(crate) fn hold_to_ahead(&mut self, circuit: CircuitId, name: EntryRef, bytes: &[u8]) {
        if self.ahead.is_otherwise(name, bytes) {
            let fault = Fault::misbehaved("entry", "what its author said ahead of its signature", "another");
            self.show(Shown::NotTaken { circuit, fault });
        }
        let Some(said) = self.ahead.shown.remove(&name).filter(|said| *said.bytes != *bytes) else { return };
        // It was read when it came.
        let Ok(entry) = Entry::decode(&said.bytes) else { return };
        let Ok(content) = Content::decode(entry.kind, &entry.body) else { return };
        let digests = [sha256(&said.bytes), sha256(bytes)];
        self.show(Shown::Otherwise { name, said: content, said_ms: entry.time_ms, digests });
    }

    /// A peer's FLASH or IMMEDIATE comes ahead of its signature: it is shown, once.
    fn take_shown(&mut self, circuit: CircuitId, name: EntryRef, bytes: &[u8]) -> Result<(), Fault> {
        if let Some(said) = self.ahead.shown.get(&name) {
            if *said.bytes == *bytes {
                return Ok(());
            }
            return Err(Fault::misbehaved("entry ahead", "what was said under its name before", "another"));
        }
        let entry = Entry::decode(bytes)?;
        let content = Content::decode(entry.kind, &entry.body)?;
        content.check_place(name.book, &entry)?;
        // What has no room, or is of a kind that is not known here, is shown once it is signed.
        if matches!(content, Content::Unknown { .. }) || !self.ahead.has_room(name.book.party, bytes.len()) {
            return Ok(());
        }
        let written = Written { at_ms: self.pace.now_ms, bytes: Arc::from(bytes) };
        self.ahead.shown.insert(name, written);
        let (regards, time_ms) = (entry.regards, entry.time_ms);
        self.show(Shown::Ahead { circuit, name, content, regards, time_ms });
        Ok(())
    }

    /// A peer says something ahead of its signature.
    ///
    /// # Errors
    /// `Misbehaved` for what may not go ahead, or was said otherwise before; those of entries and their kinds.
    pub(crate) fn take_ahead(
        &mut self,
        circuit: CircuitId,
        peer: Party,
        book: Book,
        first: u64,
        entries: &[&[u8]],
    ) -> Result<(), Fault> {
        if book.party != peer || !(book.class == Class::P || is_said_first(book.class)) {
            let expected = "of a book P, Z or O of the party at the other end";
            return Err(Fault::misbehaved("entry ahead", expected, book.code().to_string()));
        }
        let held = self.books.get(&book).map_or(0, |state| state.size());
        let ended = self.books.get(&book).is_some_and(|state| state.ended) || self.is_spoiled(book);
        if ended || book.rank() != self.rank(peer) {
            return Ok(());
        }
        for (bytes, number) in entries.iter().zip(first..) {
            let name = EntryRef { book, number };
            if number <= held {
                continue;
            }
            if is_said_first(book.class) {
                self.take_shown(circuit, name, bytes)?;
                continue;
            }
            let entry = Entry::decode(bytes)?;
            if !QUIET.contains(&entry.kind) {
                let expected = "a test or an answer to one";
                return Err(Fault::misbehaved("entry ahead", expected, entry.kind.to_string()));
            }
            let content = Content::decode(entry.kind, &entry.body)?;
            content.check_place(book, &entry)?;
            if let Content::Test { slot, .. } = content {
                if !self.is_about_now(slot) {
                    // Of a circuit that was down meanwhile, or by another clock: it is heard once it is signed.
                    continue;
                }
                if self.has_other_test(name, slot) {
                    let expected = "one test of a slot";
                    return Err(Fault::misbehaved("entry ahead", expected, slot.to_string()));
                }
            }
            match self.ahead.said.insert(name, sha256(bytes)) {
                Some(said) if said == sha256(bytes) => continue,
                Some(said) => {
                    self.ahead.said.insert(name, said);
                    return Err(Fault::misbehaved(
                        "entry ahead",
                        "what was said under its name before",
                        "another",
                    ));
                }
                None => {}
            }
            let of_peer = |name: &&EntryRef| name.book.party == peer;
            if self.ahead.said.keys().filter(of_peer).count() > MAX_AHEAD
                && let Some(oldest) = self.ahead.said.keys().find(of_peer).copied()
            {
                self.ahead.said.remove(&oldest);
            }
            self.heard_test(name, &entry.regards, &content);
        }
        Ok(())
    }
}
