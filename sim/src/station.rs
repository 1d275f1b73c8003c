//! A station that keeps the contract: it feeds a [`Line`], performs its effects in one `match`, and can die
//! between any two of them.

use std::collections::BTreeMap;

use detente_line::{
    Append, BlobState, CircuitId, Effect, Event, Fork, Input, Lane, Line, Memorandum, Outgoing, Renewed,
    Shown, frame,
};
use detente_record::{Blob, Book, BookSecret, Class, Cut, EntryRef, Fault, Party};

use crate::blobs::Folder;
use crate::founding::Keys;
use crate::rng::Rng;
use crate::store::{Record, Store};

/// What an effect comes to outside the station.
#[derive(Debug)]
pub(crate) enum Deed {
    /// The store has more that is not durable.
    Submitted,
    /// Frames go in a lane of a circuit, which then reports how far a book got.
    Put(CircuitId, Lane, Vec<Vec<u8>>, Option<(Book, u64)>),
    /// A last frame, then the circuit is closed.
    Close(CircuitId, Option<Vec<u8>>),
    /// The line wants to be woken, by the station's clock.
    WakeAt(u64),
    /// How a checkpoint of somebody else's stands to what is durable.
    Compared(Result<Fork, Fault>),
    /// How far a blob is.
    Blob(Blob, BlobState),
    /// Something was shown.
    Shown(Shown),
}

/// A station.
pub(crate) struct Station {
    /// Its first keys, from which the later ones follow.
    pub(crate) keys: Keys,
    /// The rank of the keys that it signs with.
    pub(crate) rank: u8,
    /// Its record was lost before it came to those.
    pub(crate) lost: bool,
    /// Somebody has its keys, and it knows that.
    pub(crate) is_robbed: bool,
    /// The rank that it came to for that reason.
    pub(crate) compromise: Option<u8>,
    /// Where the reach of the keys before ends, where its officers say so.
    pub(crate) reach: BTreeMap<Class, (u16, u64)>,
    /// The memorandum that names its party, where that is not the founding one.
    pub(crate) enrolling: Option<Memorandum>,
    /// The line, while the station lives.
    pub(crate) line: Option<Line>,
    /// What outlives it.
    pub(crate) store: Store,
    /// Its blobs, which outlive it too.
    pub(crate) folder: Folder,
    /// How far its clock is ahead of the true one, ms.
    pub(crate) ahead_ms: i64,
    /// Counts its lives.
    pub(crate) life: u64,
    /// Counts what it asked to be woken for; only the last counts.
    pub(crate) wake: u64,
    /// When it wants to be woken, by its own clock, ms.
    pub(crate) wake_ms: Option<u64>,
    /// How many effects it performs before it dies.
    pub(crate) dies_in: Option<u64>,
    /// It began a life with its clock behind what it had been before.
    pub(crate) was_behind: bool,
    /// Calls of [`Event::Woken`], to notice a line that never rests.
    pub(crate) woken: u64,
}

impl Station {
    /// A station that has never run, of a founder, or of whom a memorandum lets in.
    pub(crate) fn new(keys: Keys, enrolling: Option<Memorandum>) -> Self {
        Self {
            keys,
            rank: 0,
            lost: false,
            is_robbed: false,
            compromise: None,
            reach: BTreeMap::new(),
            enrolling,
            line: None,
            store: Store::default(),
            folder: Folder::default(),
            ahead_ms: 0,
            life: 0,
            wake: 0,
            wake_ms: None,
            dies_in: None,
            was_behind: false,
            woken: 0,
        }
    }

    /// Whether it may have forgotten the seconds of receipts that it gave, and its clock not make up for that: then it
    /// breaks the rule that they never decrease, and cannot know (spec/record.md §7).
    pub(crate) fn is_forgetful(&self) -> bool {
        self.was_behind || self.store.was_restored()
    }

    /// Its clock.
    pub(crate) fn clock_ms(&self, now_ms: u64) -> u64 {
        now_ms.saturating_add_signed(self.ahead_ms)
    }

    /// Gives the line one input.
    pub(crate) fn input(&mut self, now_ms: u64, event: Event, rng: &mut Rng) {
        let at_ms = self.clock_ms(now_ms);
        if let Some(line) = &mut self.line {
            line.handle(Input { at_ms, passed_ms: now_ms, entropy: rng.bytes(), event });
        }
    }

    /// Performs the next effect, if there is one; `peer` says who is at the other end of a circuit.
    pub(crate) fn perform(&mut self, peer: impl Fn(CircuitId) -> Option<Party>) -> Option<Deed> {
        let effect = self.line.as_mut()?.effect()?;
        Some(match effect {
            Effect::Append(append) => {
                self.note_generations(&append);
                self.store.submit(append);
                Deed::Submitted
            }
            Effect::Send { circuit, what: Outgoing::Frames(frames) } => {
                Deed::Put(circuit, Lane::Word, frames, None)
            }
            Effect::Send { circuit, what: Outgoing::Key(frame) } => {
                Deed::Put(circuit, Lane::Part, vec![frame], None)
            }
            Effect::Send { circuit, what: Outgoing::Close(frame) } => Deed::Close(circuit, frame),
            Effect::Send { circuit, what: Outgoing::Step { book, from, end, ahead } } => {
                let step = peer(circuit).and_then(|peer| self.store.durable.step(book, from, &end, peer));
                match step {
                    Some((frames, size)) => {
                        let first = frames.first().filter(|_| ahead).and_then(|step| frame::ahead_of(step));
                        let frames = first.into_iter().chain(frames).collect();
                        Deed::Put(circuit, book.class.into(), frames, Some((book, size)))
                    }
                    None => Deed::Put(circuit, book.class.into(), Vec::new(), None),
                }
            }
            Effect::Send { circuit, what: Outgoing::Part { blob, chunk } } => {
                Deed::Put(circuit, Lane::Part, vec![self.folder.part(blob, chunk)], None)
            }
            Effect::Resume { blob } => Deed::Blob(blob, self.folder.resume(blob)),
            Effect::Keep { blob, chunk, bytes } => Deed::Blob(blob, self.folder.keep(blob, chunk, &bytes)),
            Effect::Wake { at_ms } => {
                self.wake_ms = Some(at_ms);
                Deed::WakeAt(at_ms)
            }
            Effect::Compare { head, with } => {
                let (line, book) = (self.line.as_ref()?.memorandum().line(), with.checkpoint.book);
                let known = self.store.durable.secrets.get(&(book.party, book.rank()));
                let own = self.keys.of_rank(book.rank()).secret;
                let secret = BookSecret::new(known.unwrap_or(&own), &book.origin(&line));
                Deed::Compared(self.store.durable.compare(&secret, head, with))
            }
            Effect::Show(shown) => {
                if shown == Shown::Renewed {
                    self.store.distrusted = false;
                }
                Deed::Shown(shown)
            }
        })
    }

    /// Notes outside the store, where no copy takes it along, which generations are about to be taken.
    fn note_generations(&mut self, append: &Append) {
        let own = append.entries.iter().filter(|entry| entry.name.book.party == self.keys.party);
        self.store.taken = own.map(|entry| entry.name.book.generation).fold(self.store.taken, u16::max);
    }

    /// Which keys it has.
    pub(crate) fn speaks(&self) -> Speaks<'_> {
        Speaks {
            keys: &self.keys,
            enrolling: self.enrolling.as_ref(),
            rank: self.rank,
            lost: self.lost,
            compromise: self.compromise,
            reach: Some(&self.reach),
        }
    }

    /// Keeps the line's state, unless too much is under way.
    pub(crate) fn keep(&mut self) -> bool {
        let kept = self.line.as_mut().and_then(Line::snapshot);
        let keeps = kept.is_some();
        if let Some((seq, snapshot)) = kept {
            self.store.keep(seq, snapshot);
        }
        keeps
    }

    /// Whether it has ever heard of a party, and so has a key to know it by.
    pub(crate) fn names(&self, party: Party) -> bool {
        let Some(line) = &self.line else { return false };
        let known = line.memoranda().map(|memorandum| &**memorandum).chain(&self.enrolling);
        known.into_iter().any(|memorandum| memorandum.member(party).is_some())
    }

    /// Begins a life: the record is restored; [`Event::Started`] is still to be given.
    ///
    /// # Errors
    /// Those of restoring.
    pub(crate) fn begin(&mut self, memorandum: &Memorandum) -> Result<(), Fault> {
        let mut line = restored(memorandum, self.speaks(), &self.store.durable)?;
        // As a station does (station/src/keeper/record.rs).
        let held: Cut = line.held().into_iter().map(|held| (held.book, held.size)).collect();
        if let Some((book, size)) = self.store.durable.said_beyond(&held, self.keys.party) {
            let expected = format!("no more of {book:?} than its {} entries", self.store.durable.size(book));
            return Err(Fault::misuse("record", expected, size.to_string()));
        }
        while let Some(append) = line.void_restored() {
            let known = self.store.durable.know(&append.void);
            known.map_err(|what| Fault::misuse("void entry", "one that is held", what))?;
        }
        if self.store.distrusted {
            // As a station does: the mark outside the copy knows what was taken here before.
            self.store.taken = self.store.taken.max(line.generation()) + 1;
            line.distrust(self.store.taken);
        }
        self.line = Some(line);
        self.life += 1;
        Ok(())
    }
}

/// Whose station it is, and which of its keys it has.
#[derive(Clone, Copy)]
pub(crate) struct Speaks<'a> {
    keys: &'a Keys,
    enrolling: Option<&'a Memorandum>,
    rank: u8,
    lost: bool,
    compromise: Option<u8>,
    reach: Option<&'a BTreeMap<Class, (u16, u64)>>,
}

impl<'a> Speaks<'a> {
    /// With the keys that the memorandum names.
    pub(crate) fn first(keys: &'a Keys) -> Self {
        Self { keys, enrolling: None, rank: 0, lost: false, compromise: None, reach: None }
    }
}

/// A line with a record restored, in the order that the core asks for: secrets, the kept state if there is one, and
/// what came after it: checkpoints, acts, other parties' books, own ones, receipts.
///
/// # Errors
/// Those of the core, for a record that it does not take.
pub(crate) fn restored(founding: &Memorandum, of: Speaks<'_>, record: &Record) -> Result<Line, Fault> {
    let Speaks { keys, enrolling, rank, lost, compromise, reach } = of;
    let earlier = if lost { 0..0 } else { 0..rank };
    let earlier = || earlier.clone().map(|rank| (rank, keys.of_rank(rank)));
    let renewed = Renewed {
        renewals: keys.renewals(founding.line(), enrolling.unwrap_or(founding), rank, compromise)?,
        book_keys: earlier().map(|(rank, keys)| (rank, keys.book)).collect(),
        secrets: earlier().map(|(rank, keys)| (rank, keys.secret)).collect(),
        reach: reach.cloned().unwrap_or_default(),
        lost,
    };
    let identity = keys.of_rank(rank).identity();
    let mut line = Line::with_keys(founding.clone(), enrolling.cloned(), identity, renewed)?;
    for renewal in &record.renewals {
        line.restore_renewal(renewal.clone());
    }
    for key in record.courier_keys.values() {
        line.restore_courier_key(key.clone());
    }
    for ((party, rank), secret) in &record.secrets {
        line.restore_secret(*party, *rank, secret.clone());
    }
    if let Some(snapshot) = &record.snapshot
        && !line.restore_snapshot(snapshot)
    {
        return Err(Fault::misuse("snapshot", "one that fits", "another"));
    }
    let kept: Cut = line.held().into_iter().map(|held| (held.book, held.size)).collect();
    for (book, checkpoints) in &record.checkpoints {
        let others = record.receipts.get(book).into_iter().flat_map(|receipts| receipts.keys());
        let receipted = others.filter(|(_, by)| *by != book.party).map(|(size, _)| *size).max();
        for most in receipted.into_iter().chain(line.end_said(*book)) {
            if let Some((_, end)) = checkpoints.range(..=most).next_back() {
                line.restore_end(end);
            }
        }
        for (_, signed) in checkpoints.range(line.signed_size(*book) + 1..) {
            line.restore_checkpoint(signed.clone());
        }
    }
    let mut books: Vec<Book> = record.entries.keys().copied().collect();
    books.sort_by_key(|book| (book.class != Class::A, book.party == keys.party, *book));
    for book in books {
        let entries = record.entries.get(&book).into_iter().flatten().zip(1..);
        for (bytes, number) in entries.skip(kept.get(&book).copied().unwrap_or(0) as usize) {
            line.restore_entry(EntryRef { book, number }, bytes)?;
        }
    }
    for receipt in record.receipts.values().flat_map(|of| of.values()) {
        line.restore_receipt(receipt.clone());
    }
    for evidence in &record.evidence {
        line.restore_evidence(&evidence.proof);
    }
    Ok(line)
}
