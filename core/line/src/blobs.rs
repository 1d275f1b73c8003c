//! Transfer of blobs: what is asked of whom and when, and what is given (spec/blobs.md §3).
//!
//! Promises: a part goes on a circuit only where no book has anything to send there; a chunk is held to its tree before it
//! is handed to the shell, and in order; who gives a false one, or has none, is not asked again for a while, and another
//! is; one word on the record says what is held here, once it is durable. Refuses to ask for more at a time than the shell
//! has written, so that a gigabyte needs no more memory than a megabyte. Holds no bytes.
//!
//! What is here is the shell's to know and to tell ([`Event::BlobsHere`], [`Event::Blob`]); nothing of this is kept in a
//! snapshot, and no fold reads any of it.

use alloc::collections::{BTreeMap, BTreeSet, VecDeque};
use alloc::vec::Vec;

use detente_record::{Blob, Class, EntryRef, Fault, Hash, Party};

use crate::attachment::MAX_HOLDS;
use crate::contract::{BlobState, CircuitId, Draft, Effect, Shown};
use crate::frame;
use crate::kind::Content;
use crate::line::Line;

/// Most blobs that are fetched at a time.
const MAX_AT_ONCE: usize = 4;
/// Most of them that one party has named: a place is left for what others name.
const MAX_OF_ONE: usize = MAX_AT_ONCE - 1;
/// Most blobs that are wanted at a time. Beyond them, whoever has named the most gives way; what gave way is wanted again once
/// half of them are here.
const MAX_WANTED: usize = 1_024;
/// How many give way at once.
const GIVE_WAY: usize = 128;
/// Most chunks that are asked for and not written yet, of one blob.
const MAX_CREDIT: u64 = 16;
/// A chunk that takes no longer than this is no queue, ms.
const NO_QUEUE_MS: u64 = 8;
/// Most chunks that wait to go on a circuit.
const MAX_GIVEN: u64 = 64;
/// How long a chunk that was asked for may take where the circuit is not narrow, once what was asked for before it has come, ms.
pub(crate) const PART_MS: u64 = 20_000;
/// The first pause before a party is asked again for a blob, ms; doubled up to the last.
const FIRST_PAUSE_MS: u64 = 2_000;
const LAST_PAUSE_MS: u64 = 300_000;
/// How long what is held waits for company before it is said, ms.
const SAY_AFTER_MS: u64 = 3_000;
/// How long the shell is left alone once its disk has no room for blobs, ms.
const FULL_MS: u64 = 60_000;
/// Most bytes a UTC day that are fetched of what one party has named: 16 GiB.
pub const BLOB_BYTES_A_DAY: u64 = 16 << 30;
const DAY_MS: u64 = 86_400_000;

/// What is known here of the fetching of a blob, for people to see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fetching {
    /// It is here, whole and durable.
    Here,
    /// So many of its chunks are here, and it is being asked for.
    UnderWay {
        /// Chunks, counted from the first.
        chunks: u64,
    },
    /// It is asked for as soon as somebody may have it.
    Wanted {
        /// How often it could not be had.
        failures: u32,
    },
    /// Its bytes fit the tree and not the hash: whoever named it said what is not so.
    False,
    /// It is not asked for: the shell has not said what is here yet, or too much is wanted.
    Unasked,
}

#[derive(Debug, Clone, Default)]
struct Wanted {
    failures: u32,
    /// Until when a party is not asked, and how long that pause is, ms.
    pauses: BTreeMap<Party, (u64, u64)>,
}

/// A blob on its way here.
#[derive(Debug, Clone)]
struct UnderWay {
    source: CircuitId,
    peer: Party,
    /// The shell has not said yet how much of it is here.
    opening: bool,
    /// The first chunk that has not come.
    next: u64,
    /// The first chunk that the shell has not written.
    kept: u64,
    /// The first chunk that was not asked for.
    asked: u64,
    /// The chunk from which was asked again since one was missing.
    again: Option<u64>,
    /// How many chunks may be asked for and not written.
    credit: u64,
    /// When chunks were asked for, by the first of them not asked for then, ms.
    asks: VecDeque<(u64, u64)>,
    least_ms: u64,
    heard_ms: u64,
}

/// What is asked of whom.
#[derive(Debug, Clone, Default)]
pub(crate) struct Blobs {
    /// The shell has said what is here.
    told: bool,
    here: BTreeSet<Blob>,
    wanted: BTreeMap<Blob, Wanted>,
    /// Something that is named has given way.
    gave_way: bool,
    under_way: BTreeMap<Blob, UnderWay>,
    /// Blobs whose bytes do not fit their hash.
    not_so: BTreeSet<Blob>,
    /// Bytes fetched on a day of what a party has named.
    taken: BTreeMap<Party, (u64, u64)>,
    /// Held here, and not on the record yet.
    unsaid: BTreeSet<Hash>,
    say_ms: u64,
    /// No blob is begun before, for want of a disk with room, ms.
    full_ms: u64,
    /// Whom to ask is to be looked at again: at once, or at a time, ms.
    stale: bool,
    look_ms: Option<u64>,
}

/// Chunks that wait to go on a circuit.
#[derive(Debug, Clone, Default)]
pub(crate) struct Given(VecDeque<(Blob, u64, u64)>);

impl Given {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Gives none of them.
    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    fn waiting(&self) -> u64 {
        self.0.iter().map(|(_, from, until)| until - from).sum()
    }

    /// Whether chunks of a blob wait already.
    fn has(&self, blob: &Blob, first: u64, end: u64) -> bool {
        self.0.iter().any(|(of, from, until)| of == blob && *from <= first && end <= *until)
    }

    pub(crate) fn pop(&mut self) -> Option<(Blob, u64)> {
        let (blob, from, until) = self.0.front_mut()?;
        let (blob, chunk) = (*blob, *from);
        *from += 1;
        if *from >= *until {
            self.0.pop_front();
        }
        Some((blob, chunk))
    }
}

impl UnderWay {
    /// A chunk came: while one takes no longer for it, more may be under way (as with steps, spec/line.md §6).
    fn came(&mut self, now_ms: u64) {
        self.heard_ms = now_ms;
        let Some((until, at_ms)) = self.asks.front().copied() else { return };
        if self.next < until {
            return;
        }
        self.asks.pop_front();
        let took_ms = now_ms.saturating_sub(at_ms);
        self.least_ms = took_ms.min(self.least_ms);
        if took_ms <= NO_QUEUE_MS || took_ms <= self.least_ms.saturating_add(self.least_ms / 4) {
            self.credit = (self.credit + 1).min(MAX_CREDIT);
        } else if took_ms > self.least_ms.saturating_add(self.least_ms / 2) {
            self.credit = (self.credit - 1).max(1);
        }
    }
}

impl Line {
    /// What is known here of the fetching of a blob.
    pub fn fetching(&self, blob: &Blob) -> Fetching {
        let blobs = &self.blobs;
        if blobs.here.contains(blob) {
            Fetching::Here
        } else if blobs.not_so.contains(blob) {
            Fetching::False
        } else if let Some(under_way) = blobs.under_way.get(blob) {
            Fetching::UnderWay { chunks: under_way.kept }
        } else {
            let wanted = blobs.wanted.get(blob);
            wanted.map_or(Fetching::Unasked, |wanted| Fetching::Wanted { failures: wanted.failures })
        }
    }

    /// Until when no blob is begun, since the disk has no room for any, ms.
    pub fn blobs_wait_for_room(&self) -> Option<u64> {
        Some(self.blobs.full_ms).filter(|until_ms| *until_ms > self.pace.now_ms)
    }

    /// An entry that was found sound may name blobs, or say who holds them.
    pub(crate) fn blobs_named(&mut self, name: EntryRef, content: &Content) {
        for attachment in content.attachments() {
            self.want(attachment.blob());
        }
        if let Content::Holds { hashes } = content {
            // Who says that it holds one is asked at once, whatever it said before.
            let hashes: BTreeSet<&Hash> = hashes.iter().collect();
            for (_, wanted) in self.blobs.wanted.iter_mut().filter(|(blob, _)| hashes.contains(&blob.hash)) {
                wanted.pauses.remove(&name.book.party);
                self.blobs.stale = true;
            }
        }
    }

    fn want(&mut self, blob: Blob) {
        let blobs = &mut self.blobs;
        if !blobs.told || blobs.not_so.contains(&blob) {
            return;
        }
        if blobs.here.contains(&blob) {
            self.say_soon(blob);
        } else {
            blobs.wanted.entry(blob).or_default();
            if blobs.wanted.len() > MAX_WANTED {
                self.give_way();
            }
            // Whoever has all its places taken waits for one of them.
            let by = self.named_by(&blob);
            self.blobs.stale |= self.places().get(&by).is_none_or(|taken| *taken < MAX_OF_ONE);
        }
    }

    /// Whom the bytes of a blob are counted on.
    fn named_by(&self, blob: &Blob) -> Party {
        self.custody.adder(blob).unwrap_or(self.me.party)
    }

    /// How many blobs under way each party has named.
    fn places(&self) -> BTreeMap<Party, usize> {
        let mut places = BTreeMap::new();
        for blob in self.blobs.under_way.keys() {
            *places.entry(self.named_by(blob)).or_default() += 1;
        }
        places
    }

    /// Of the party that has named most of what is wanted, what failed most often is wanted no more: names without blobs
    /// keep nobody else's waiting.
    fn give_way(&mut self) {
        let mut named: BTreeMap<Party, Vec<(u32, Blob)>> = BTreeMap::new();
        let idle = self.blobs.wanted.iter().filter(|(blob, _)| !self.blobs.under_way.contains_key(blob));
        for (blob, wanted) in idle {
            named.entry(self.named_by(blob)).or_default().push((wanted.failures, *blob));
        }
        let Some(mut most) = named.into_values().max_by_key(Vec::len) else { return };
        most.sort_unstable_by(|one, other| other.cmp(one));
        for (_, blob) in most.into_iter().take(GIVE_WAY) {
            self.blobs.wanted.remove(&blob);
        }
        self.blobs.gave_way = true;
    }

    /// Once there is room, what gave way is wanted again.
    fn want_again(&mut self) {
        if self.blobs.wanted.len() > MAX_WANTED / 2 || !core::mem::take(&mut self.blobs.gave_way) {
            return;
        }
        let named: Vec<Blob> = self.custody.blobs().collect();
        for blob in named {
            self.want(blob);
        }
    }

    /// What is here and named is said, unless this party has said so.
    fn say_soon(&mut self, blob: Blob) {
        let me = self.me.party;
        if self.custody.names(&blob) && !self.custody.is_held_by(&blob, me) {
            if self.blobs.unsaid.is_empty() {
                self.blobs.say_ms = self.pace.now_ms.saturating_add(SAY_AFTER_MS);
            }
            self.blobs.unsaid.insert(blob.hash);
        }
    }

    /// The shell says which of the blobs that the record names are here.
    pub(crate) fn blobs_here(&mut self, here: Vec<Blob>) {
        self.blobs.told = true;
        self.blobs.here.extend(here);
        let named: Vec<Blob> = self.custody.blobs().collect();
        for blob in named {
            self.want(blob);
        }
    }

    /// The shell says how far a blob is.
    pub(crate) fn blob_is(&mut self, blob: Blob, state: BlobState) {
        let (now_ms, blobs) = (self.pace.now_ms, &mut self.blobs);
        match state {
            BlobState::Kept { chunks } => {
                let Some(under_way) = blobs.under_way.get_mut(&blob) else { return };
                if core::mem::take(&mut under_way.opening) {
                    (under_way.next, under_way.asked) = (chunks, chunks);
                    under_way.asks.clear();
                    under_way.heard_ms = now_ms;
                }
                under_way.kept = chunks.max(under_way.kept);
                under_way.next = under_way.next.max(chunks);
                under_way.asked = under_way.asked.max(chunks);
            }
            BlobState::Whole => {
                blobs.wanted.remove(&blob);
                let fetched = blobs.under_way.remove(&blob).is_some();
                blobs.stale = true;
                if blobs.here.insert(blob) && fetched {
                    self.show(Shown::Blob { blob, fault: None });
                }
                self.say_soon(blob);
            }
            BlobState::False => {
                blobs.wanted.remove(&blob);
                blobs.under_way.remove(&blob);
                blobs.not_so.insert(blob);
                blobs.stale = true;
                let fault =
                    Fault::misbehaved("blob", "bytes that fit its hash", "others, which fit its tree");
                self.show(Shown::Blob { blob, fault: Some(fault) });
            }
            BlobState::NoRoom => {
                blobs.under_way.clear();
                blobs.full_ms = now_ms.saturating_add(FULL_MS);
                blobs.stale = true;
            }
        }
    }

    /// A peer asks for chunks of a blob.
    pub(crate) fn asked_for_parts(&mut self, circuit: CircuitId, blob: Blob, first: u64, count: u64) {
        let peer = self.circuits.get(&circuit).map(|state| state.peer);
        let is_member = peer.is_some_and(|peer| self.parting(peer).is_none());
        let has = is_member && self.blobs.here.contains(&blob) && self.custody.names(&blob);
        if !has || first.saturating_add(count) > blob.chunks() {
            return self.queue(circuit, frame::lack(&blob));
        }
        let Some(state) = self.circuits.get_mut(&circuit) else { return };
        // Who asks again while it waits for them on a long way gets them once.
        if !state.given.has(&blob, first, first + count) && state.given.waiting() + count <= MAX_GIVEN {
            state.given.0.push_back((blob, first, first + count));
        }
    }

    /// A chunk came.
    ///
    /// # Errors
    /// `Misbehaved` for one that is not its blob's: its giver is not asked again for a while.
    pub(crate) fn take_part(
        &mut self,
        circuit: CircuitId,
        blob: Blob,
        chunk: u64,
        proof: &[Hash],
        bytes: &[u8],
    ) -> Result<(), Fault> {
        let now_ms = self.pace.now_ms;
        let giver = self.circuits.get(&circuit).map(|state| state.peer);
        let Some(under_way) = self.blobs.under_way.get_mut(&blob) else {
            return self.came_late(giver, blob, chunk, proof, bytes);
        };
        if under_way.opening {
            return Ok(());
        }
        if chunk > under_way.next && under_way.source == circuit && under_way.again != Some(under_way.next) {
            // One was lost on the way: what was asked for since is asked for again, once.
            under_way.again = Some(under_way.next);
            under_way.asked = under_way.next;
            under_way.asks.clear();
        }
        if chunk != under_way.next {
            return Ok(());
        }
        if let Err(fault) = blob.verify_chunk(chunk, bytes, proof) {
            if let Some(giver) = giver {
                self.give_up(blob, giver, LAST_PAUSE_MS);
            }
            return Err(fault);
        }
        under_way.next += 1;
        under_way.asked = under_way.asked.max(under_way.next);
        let asked_ms = under_way.asks.front().map(|(_, at_ms)| *at_ms);
        under_way.came(now_ms);
        if let (Some(asked_ms), Some(state)) = (asked_ms, self.circuits.get_mut(&circuit)) {
            state.part_took_ms = Some(now_ms.saturating_sub(asked_ms));
        }
        // A giver answers in the order of asking: what was asked for later has not been due until now.
        let waited =
            |of: &UnderWay| of.source == circuit && of.asks.front().map(|(_, at_ms)| *at_ms) >= asked_ms;
        for of in self.blobs.under_way.values_mut().filter(|of| waited(of)) {
            of.heard_ms = now_ms;
        }
        if let (Some(giver), Some(wanted)) = (giver, self.blobs.wanted.get_mut(&blob)) {
            wanted.pauses.remove(&giver);
        }
        let by = self.named_by(&blob);
        let taken = self.blobs.taken.entry(by).or_default();
        *taken = (now_ms / DAY_MS, spent(*taken, now_ms).saturating_add(bytes.len() as u64));
        self.do_next(Effect::Keep { blob, chunk, bytes: Vec::from(bytes) });
        Ok(())
    }

    /// A chunk came that is not waited for any more: its giver does have the blob, and is asked again at once.
    fn came_late(
        &mut self,
        giver: Option<Party>,
        blob: Blob,
        chunk: u64,
        proof: &[Hash],
        bytes: &[u8],
    ) -> Result<(), Fault> {
        let pauses = |wanted: &Wanted| giver.is_some_and(|giver| wanted.pauses.contains_key(&giver));
        let (Some(giver), true) = (giver, self.blobs.wanted.get(&blob).is_some_and(pauses)) else {
            return Ok(());
        };
        if let Err(fault) = blob.verify_chunk(chunk, bytes, proof) {
            self.give_up(blob, giver, LAST_PAUSE_MS);
            return Err(fault);
        }
        if let Some(wanted) = self.blobs.wanted.get_mut(&blob) {
            wanted.pauses.remove(&giver);
        }
        self.blobs.stale = true;
        Ok(())
    }

    /// A peer has not got a blob.
    pub(crate) fn lacks_blob(&mut self, circuit: CircuitId, blob: Blob) {
        let source = self.blobs.under_way.get(&blob).filter(|under_way| under_way.source == circuit);
        if let Some(peer) = source.map(|under_way| under_way.peer) {
            self.give_up(blob, peer, FIRST_PAUSE_MS);
        }
    }

    /// A party is not asked for a blob for a while, twice as long each time.
    fn give_up(&mut self, blob: Blob, peer: Party, least_ms: u64) {
        let (now_ms, blobs) = (self.pace.now_ms, &mut self.blobs);
        if let Some(wanted) = blobs.wanted.get_mut(&blob) {
            wanted.failures = wanted.failures.saturating_add(1);
            let pause = wanted.pauses.entry(peer).or_default();
            let length_ms = pause.1.saturating_mul(2).clamp(least_ms, LAST_PAUSE_MS);
            *pause = (now_ms.saturating_add(length_ms), length_ms);
        }
        if blobs.under_way.get(&blob).is_some_and(|under_way| under_way.peer == peer) {
            blobs.under_way.remove(&blob);
        }
        blobs.stale = true;
    }

    /// A circuit has come or gone: whom to ask may be another.
    pub(crate) fn ask_others(&mut self) {
        self.blobs.stale = true;
    }

    /// Asks for what is lacking, and says what is held.
    pub(crate) fn fetch(&mut self) {
        if !self.blobs.told {
            return;
        }
        self.say_held();
        let now_ms = self.pace.now_ms;
        let (mut late, mut gone) = (Vec::new(), Vec::new());
        for (blob, under_way) in &self.blobs.under_way {
            match self.circuits.get(&under_way.source).filter(|state| state.answers()) {
                None => gone.push(*blob),
                Some(state) if now_ms >= under_way.heard_ms.saturating_add(state.part_ms()) => {
                    late.push((*blob, under_way.peer));
                }
                Some(_) => {}
            }
        }
        for blob in gone {
            self.blobs.under_way.remove(&blob);
            self.blobs.stale = true;
        }
        for (blob, peer) in late {
            self.give_up(blob, peer, FIRST_PAUSE_MS);
        }
        if self.blobs.stale || self.blobs.look_ms.is_some_and(|at_ms| at_ms <= now_ms) {
            self.begin();
        }
        let mut frames = Vec::new();
        for (blob, under_way) in self.blobs.under_way.iter_mut().filter(|(_, under_way)| !under_way.opening) {
            let until = (under_way.kept + under_way.credit).min(blob.chunks());
            if under_way.asked < until {
                frames.push((under_way.source, frame::want(blob, under_way.asked, until - under_way.asked)));
                if under_way.asked == under_way.next {
                    under_way.heard_ms = now_ms;
                }
                under_way.asked = until;
                under_way.asks.push_back((until, now_ms));
            }
        }
        for (circuit, frame) in frames {
            self.queue(circuit, frame);
        }
        for (id, state) in &mut self.circuits {
            let of_it = self.blobs.under_way.values().filter(|of| of.source == *id);
            state.awaits_part = of_it.into_iter().any(|of| !of.asks.is_empty());
        }
    }

    /// Begins to fetch what can be had: first of whoever has the fewest places, and of that what has failed least often, so that
    /// names without a blob behind them keep nothing else waiting.
    fn begin(&mut self) {
        let now_ms = self.pace.now_ms;
        self.want_again();
        self.blobs.stale = false;
        self.blobs.look_ms = None;
        if self.blobs.full_ms > now_ms {
            self.blobs.look_ms = Some(self.blobs.full_ms);
            return;
        }
        let ready =
            self.circuits.iter().filter(|(id, state)| state.answers() && self.is_best(**id, state.peer));
        let sources: Vec<(CircuitId, Party, u64)> =
            ready.map(|(id, state)| (*id, state.peer, state.round_trip_ms())).collect();
        let mut look_ms: Option<u64> = None;
        let mut can_begin: BTreeMap<Party, Vec<(u32, Blob, CircuitId, Party)>> = BTreeMap::new();
        for (blob, wanted) in &self.blobs.wanted {
            if self.blobs.under_way.contains_key(blob) {
                continue;
            }
            let by = self.named_by(blob);
            let taken = self.blobs.taken.get(&by).map_or(0, |taken| spent(*taken, now_ms));
            if taken.saturating_add(blob.size) > BLOB_BYTES_A_DAY {
                let tomorrow_ms = (now_ms / DAY_MS + 1) * DAY_MS;
                look_ms = Some(look_ms.map_or(tomorrow_ms, |at_ms| at_ms.min(tomorrow_ms)));
                continue;
            }
            let pause_ms = |peer: &Party| wanted.pauses.get(peer).map_or(0, |(until_ms, _)| *until_ms);
            let free = sources.iter().filter(|(_, peer, _)| pause_ms(peer) <= now_ms);
            let best =
                free.min_by_key(|(id, peer, trip_ms)| (!self.custody.is_held_by(blob, *peer), *trip_ms, *id));
            if let Some((id, peer, _)) = best {
                can_begin.entry(by).or_default().push((wanted.failures, *blob, *id, *peer));
            } else if let Some(until_ms) = sources.iter().map(|(_, peer, _)| pause_ms(peer)).min() {
                look_ms = Some(look_ms.map_or(until_ms, |at_ms| at_ms.min(until_ms)));
            }
        }
        // The next one of each is its last.
        for of in can_begin.values_mut() {
            of.sort_unstable_by(|one, other| other.cmp(one));
        }
        let mut places = self.places();
        while self.blobs.under_way.len() < MAX_AT_ONCE {
            let free = can_begin.iter().filter(|(_, of)| !of.is_empty()).map(|(by, _)| *by);
            let fewest = free.min_by_key(|by| places.get(by).copied().unwrap_or(0));
            let Some(by) = fewest else { break };
            let taken = places.entry(by).or_default();
            if *taken >= MAX_OF_ONE {
                break;
            }
            *taken += 1;
            let next = can_begin.get_mut(&by).and_then(Vec::pop);
            let Some((_, blob, source, peer)) = next else { break };
            let under_way = UnderWay {
                source,
                peer,
                opening: true,
                next: 0,
                kept: 0,
                asked: 0,
                again: None,
                credit: 1,
                asks: VecDeque::new(),
                least_ms: u64::MAX,
                heard_ms: now_ms,
            };
            self.blobs.under_way.insert(blob, under_way);
            self.do_next(Effect::Resume { blob });
        }
        self.blobs.look_ms = look_ms;
    }

    fn say_held(&mut self) {
        let now_ms = self.pace.now_ms;
        if self.blobs.unsaid.is_empty() || self.blobs.say_ms > now_ms {
            return;
        }
        let hashes: Vec<Hash> = self.blobs.unsaid.iter().take(MAX_HOLDS).copied().collect();
        let content = Content::Holds { hashes: hashes.clone() };
        if self.write(Draft::of(Some(Class::R), content)).is_ok() {
            for hash in hashes {
                self.blobs.unsaid.remove(&hash);
            }
            self.blobs.say_ms = now_ms.saturating_add(SAY_AFTER_MS);
        } else {
            // The day's quota: it is said when there is room again.
            self.blobs.say_ms = now_ms.saturating_add(FULL_MS);
        }
    }

    /// When there is something to do by the clock alone, ms.
    pub(crate) fn next_fetch_ms(&self) -> Option<u64> {
        let blobs = &self.blobs;
        let said = (!blobs.unsaid.is_empty()).then_some(blobs.say_ms);
        let late = blobs.under_way.values().map(|under_way| {
            let part_ms = self.circuits.get(&under_way.source).map_or(0, |state| state.part_ms());
            under_way.heard_ms.saturating_add(part_ms)
        });
        let late = late.min();
        [said, late, blobs.look_ms].into_iter().flatten().min()
    }

    /// Holds what an own draft has attached to be here, durably: what is named is held.
    ///
    /// # Errors
    /// `Misuse`, naming what is not.
    pub(crate) fn has_all(&self, content: &Content) -> Result<(), Fault> {
        match content.attachments().iter().find(|one| !self.blobs.here.contains(&one.blob())) {
            None => Ok(()),
            Some(lacking) => {
                let found = alloc::format!("{:?}, which is not", lacking.name);
                Err(Fault::misuse("attachment", "a blob that this station holds whole", found))
            }
        }
    }
}

/// What was taken today.
fn spent((day, bytes): (u64, u64), now_ms: u64) -> u64 {
    if day == now_ms / DAY_MS { bytes } else { 0 }
}
