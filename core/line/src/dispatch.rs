//! Dispatch: what goes next on which circuit (spec/line.md §6).
//!
//! A circuit takes one thing at a time and says when it has taken it; so whatever is most urgent at that
//! moment goes next, and nothing urgent waits behind more than one thing under way. A narrow one takes one thing of each
//! lane at a time, and lets the more urgent one overtake within it.

mod due;
mod next;
mod open;
mod patience;

use alloc::collections::{BTreeMap, BTreeSet, VecDeque};
use alloc::vec::Vec;

use detente_record::{Book, Class, Cut, Party, Receipt};

use crate::ahead::is_said_first;
use crate::blobs::{Given, PART_MS};
use crate::books::BookState;
use crate::contract::{CircuitId, Effect, Lane, Outgoing, Shown};
use crate::frame::{self, Hello, VERSION};
use crate::line::Line;
use crate::membership::Parting;
use crate::rate::Rate;
use crate::window::Window;
use due::Due;
use open::Open;

/// How long a circuit may be quiet before a ping, ms.
pub const PING_AFTER_MS: u64 = 5_000;
/// How many times longer than the smoothed round trip an answer to a ping may take before it is measured again.
const UNUSUAL: u64 = 4;
/// How often the number of pings is doubled that a late circuit answers before it is tried again.
const MOST_DOUBLED: u32 = 9;
/// How long a circuit may keep something to itself, nothing coming in, before it is given up, ms.
const STUCK_AFTER_MS: u64 = 15_000;
/// How long after something has passed on a circuit each side says again what it holds, so that what was lost on
/// the way is sent again, ms.
const HELLO_AGAIN_MS: u64 = 20_000;
/// How long another party's O, P, R wait before this station carries them on, ms.
pub const CARRY_AFTER_MS: u64 = 1_000;
/// How long a step may wait for anything to come in beside three usual round trips, before the next best circuit
/// carries what this one does, ms. What goes there then arrives within three round trips and a second in all.
const LATE_AFTER_MS: u64 = 900;
/// How long a circuit whose books wait for receipts carries no parts of blobs after its last step, ms.
const PARTS_AFTER_MS: u64 = 1_000;
/// Of how many books that came with a gap it is remembered what was said.
const MAX_GAPS: usize = 1_024;
/// Most small frames that wait on a circuit.
const MAX_QUEUE: usize = 64;
/// Most receipts that go out together; so many on a narrow circuit.
const MAX_RECEIPTS: usize = 64;
const NARROW_RECEIPTS: usize = 4;
/// Most bytes of small frames that go out together on a narrow circuit, where there is more than one: an answer to a ping that comes
/// waits for no more.
const NARROW_WORDS: usize = 600;

/// What is known of another party's station, whatever the circuit.
#[derive(Debug, Clone, Default)]
pub(crate) struct Peer {
    /// The sizes that it is known to hold.
    pub(crate) known: Cut,
    /// It has said so, on a circuit or by courier, since this station began.
    pub(crate) greeted: bool,
    /// When it last did, ms: by this clock, or by its own where a courier brought it.
    pub(crate) said_ms: u64,
    /// Since when it lacks something that others should bring it, ms.
    lacking: BTreeMap<Book, u64>,
}

/// A circuit, as dispatch sees it.
#[derive(Debug, Clone)]
pub(crate) struct Circuit {
    pub(crate) peer: Party,
    /// The rank of the peer's station key.
    pub(crate) rank: u8,
    /// The peer's hello has been taken, or stands for itself.
    pub(crate) ready: bool,
    /// The peer has said a hello, and this station one of its own.
    pub(crate) greeted: bool,
    pub(crate) greets: bool,
    /// What it opens with has gone on it, or nothing has to. Where lanes overtake, nothing else goes before.
    opened: bool,
    /// How many frames of that are still in line.
    opening: usize,
    /// Up to which sizes books have been sent on it.
    pub(crate) sent: Cut,
    /// Books that may have something for it.
    pub(crate) open: Open,
    window: Window,
    /// Up to which sizes it was said ahead what stands in books.
    pub(crate) ahead: Cut,
    /// Receipts still to be sent.
    pub(crate) due: Due,
    queue: VecDeque<Vec<u8>>,
    /// Chunks that its peer has asked for.
    pub(crate) given: Given,
    /// Parties whose courier keys are still to be sent.
    pub(crate) keys: BTreeSet<Party>,
    /// The courier keys that its peer knows, by rank and number.
    pub(crate) theirs: BTreeMap<Party, (u8, u64)>,
    /// Some book has more for its peer than may be under way.
    crowded: bool,
    /// What is under way, and since when, ms.
    busy: BTreeMap<Lane, u64>,
    rate: Rate,
    /// The store could not give the last step yet; it can once more is durable.
    starved: bool,
    /// Books whose fork its peer was told of.
    pub(crate) told: BTreeSet<Book>,
    /// Of books that came with a gap, which size its peer was told last, and when, ms; at most [`MAX_GAPS`].
    gaps: BTreeMap<Book, (u64, u64)>,
    /// When to say again what is held, ms.
    hello_ms: Option<u64>,
    /// When it was last said again, ms.
    said_ms: u64,
    /// When the last step was handed to it, ms.
    step_ms: u64,
    heard_ms: u64,
    /// Since when a step has waited for anything to come in, ms.
    waits_since_ms: Option<u64>,
    /// A newer circuit of the same peer has come, and nothing on this one since: its other end may be gone.
    doubted: bool,
    /// The last answer to a ping took far longer than usual: the next ping goes at once, and says whether that is how it is now.
    unsure: bool,
    /// A step on it took too long; until a receipt for what went on it comes, others carry P and R.
    late: bool,
    /// Whether it was said to be.
    told_late: bool,
    /// How often it has become late since it last brought a receipt for what went on it, and how many pings it has answered in time since the last.
    lapses: u32,
    answers_since: u32,
    /// How much longer P and R may take on another circuit before they go on this one, ms.
    cost_ms: u64,
    /// How many steps went on it, and how many times some went again.
    steps: u64,
    again: u64,
    /// A part that was asked for on it has not come: an answer may be behind it.
    pub(crate) awaits_part: bool,
    /// How long the last one took, ms.
    pub(crate) part_took_ms: Option<u64>,
    ping: Option<(u64, u64)>,
    smoothed_ms: Option<u64>,
    silent: bool,
    /// Since when, ms.
    silent_ms: u64,
}

/// How a circuit does, for people to see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CircuitState {
    /// With whom.
    pub peer: Party,
    /// Whether the peer has opened the conversation.
    pub ready: bool,
    /// Whether it leaves a ping unanswered.
    pub silent: bool,
    /// When something was last heard on it, ms.
    pub heard_ms: u64,
    /// Smoothed round trip, ms.
    pub round_trip_ms: Option<u64>,
    /// Whether others carry P and R, since something took too long on it.
    pub late: bool,
    /// Whether it is the one that P and R go on.
    pub best: bool,
    /// How many steps of books went on it.
    pub steps: u64,
    /// How many times books went again, since no receipt came.
    pub again: u64,
}

impl Circuit {
    /// Puts a ping or its answer in line: where all that waits takes long, before that.
    fn ask(&mut self, frame: Vec<u8>) {
        if self.rate.is_narrow() && self.opening == 0 {
            self.queue.push_front(frame);
        } else {
            self.queue.push_back(frame);
        }
    }

    /// What is short and goes next.
    fn words(&mut self) -> Vec<Vec<u8>> {
        if !self.rate.is_narrow() {
            return self.queue.drain(..).collect();
        }
        let mut bytes = 0;
        let mut go = Vec::new();
        while let Some(frame) =
            self.queue.pop_front_if(|frame| bytes == 0 || bytes + frame.len() <= NARROW_WORDS)
        {
            bytes += frame.len();
            self.opening = self.opening.saturating_sub(1);
            go.push(frame);
        }
        go
    }

    /// Whether something may go in a lane.
    fn is_free(&self, lane: Lane) -> bool {
        if self.rate.is_narrow() { !self.busy.contains_key(&lane) } else { self.busy.is_empty() }
    }

    /// Whether a step is under way in any lane.
    fn carries_step(&self) -> bool {
        self.busy.keys().any(|lane| !matches!(lane, Lane::Word | Lane::Part))
    }

    /// Whether it has lanes.
    pub(crate) fn is_narrow(&self) -> bool {
        self.rate.is_narrow()
    }

    /// Something came in; only an answer to a ping ends silence.
    pub(crate) fn heard(&mut self, now_ms: u64) {
        (self.heard_ms, self.waits_since_ms, self.doubted) = (now_ms, None, false);
    }

    fn has_parts(&self) -> bool {
        !(self.given.is_empty() && self.keys.is_empty())
    }

    /// Whether its peer can be asked.
    pub(crate) fn answers(&self) -> bool {
        self.ready && !self.silent
    }

    /// Its smoothed round trip, ms; of one that is not known yet, as long as can be.
    pub(crate) fn round_trip_ms(&self) -> u64 {
        self.smoothed_ms.unwrap_or(u64::MAX)
    }

    /// How long a chunk that was asked for on it may take, ms.
    pub(crate) fn part_ms(&self) -> u64 {
        self.rate.part_ms(PART_MS)
    }

    /// How much longer an answer may take that may be behind a part, ms. A narrow one has lanes.
    fn behind_parts_ms(&self) -> u64 {
        let took_ms = self.part_took_ms.map_or(PART_MS, |took_ms| UNUSUAL * took_ms);
        if self.awaits_part && !self.rate.is_narrow() { took_ms.min(PART_MS) } else { 0 }
    }

    /// Whether a chunk of a blob may go: no book has anything to send, and none has had for want of receipts alone; but
    /// a peer that receipts nothing any more keeps no blob from others.
    fn has_room_for_parts(&self, now_ms: u64) -> bool {
        self.ready
            && self.opened
            && !self.starved
            && !(self.crowded && now_ms < self.step_ms.saturating_add(PARTS_AFTER_MS))
    }

    /// When a step will have waited too long for anything to come in, ms.
    fn late_ms(&self) -> Option<u64> {
        let since_ms = self.waits_since_ms.filter(|_| !self.late)?;
        let takes_ms = 3 * self.smoothed_ms.unwrap_or(0) + self.rate.slack_ms();
        Some(since_ms.saturating_add(LATE_AFTER_MS).saturating_add(takes_ms))
    }

    /// A receipt of its peer came: it carries well, if what it is for went on it.
    pub(crate) fn receipted(&mut self, book: Book, size: u64) {
        if self.sent.get(&book).is_some_and(|sent| *sent >= size) {
            (self.late, self.lapses) = (false, 0);
        }
    }

    /// What went on it took too long.
    fn lapses(&mut self) {
        if !self.late {
            (self.late, self.lapses, self.answers_since) = (true, self.lapses.saturating_add(1), 0);
        }
    }

    /// It has answered a ping in time: after some of them it is tried again with P and R, after more of them each time that this was in vain.
    fn answers_in_time(&mut self) {
        self.answers_since = self.answers_since.saturating_add(1);
        self.late &= self.answers_since < 1 << self.lapses.min(MOST_DOUBLED);
    }

    /// How well it would carry P and R: the less the better.
    fn rank(&self, id: CircuitId) -> (bool, bool, bool, u64, CircuitId) {
        let takes_ms = self.round_trip_ms().saturating_add(self.cost_ms);
        (self.silent, self.doubted, self.late, takes_ms, id)
    }

    /// How long an answer may take, ms.
    fn patience_ms(&self) -> u64 {
        4 * self.smoothed_ms.unwrap_or(0) + 1_000 + self.rate.slack_ms()
    }

    /// Puts a receipt in line, unless its peer was told it so short a time ago that it cannot have said that it lacks it.
    pub(crate) fn tells(&mut self, receipt: Receipt, now_ms: u64) {
        self.due.add(receipt, now_ms.saturating_sub(self.rate.hello_again_ms(HELLO_AGAIN_MS)));
    }

    /// Puts a receipt in line that its peer lacks, as it seems, unless it may still be under way.
    pub(crate) fn tells_again(&mut self, receipt: Receipt, now_ms: u64) {
        self.due.add(receipt, now_ms.saturating_sub(self.patience_ms()));
    }

    /// A step or a receipt passes: before long each side says again what it holds.
    pub(crate) fn stirs(&mut self, now_ms: u64) {
        self.hello_ms.get_or_insert(now_ms.saturating_add(self.rate.hello_again_ms(HELLO_AGAIN_MS)));
    }

    /// The peer says again what it holds: what was sent before and has not come is sent again, unless some of it may
    /// still be under way; where this station `lacks` something, it says so.
    pub(crate) fn greeted_again(&mut self, sizes: &Cut, lacks: bool, now_ms: u64) {
        if now_ms > self.step_ms.saturating_add(self.patience_ms()) {
            self.sent.clone_from(sizes);
            self.open = Open::All;
        }
        if lacks {
            // Never at once after the last time, or two that cannot help one another would talk without end.
            let again_ms = self.rate.hello_again_ms(HELLO_AGAIN_MS);
            self.hello_ms = Some(self.said_ms.saturating_add(again_ms).max(now_ms));
        }
    }

    /// When a ping is due, when an unanswered one makes it silent, or when it is given up, ms.
    fn due_ms(&self) -> u64 {
        let ping_after_ms = self.rate.ping_after_ms(PING_AFTER_MS);
        // A narrow circuit knows by itself whether anything gets through; what is urgent may be in front of an answer.
        let heard_ms = if self.rate.is_narrow() { self.heard_ms } else { 0 };
        let ping = self.ping.map(|(nonce, at_ms)| (nonce, at_ms.max(heard_ms)));
        match (self.stuck_since_ms(), ping) {
            (Some(since_ms), _) => since_ms.max(self.heard_ms).saturating_add(STUCK_AFTER_MS),
            (None, Some((_, at_ms))) if self.silent => {
                at_ms.saturating_add(ping_after_ms).max(self.silent_ms.saturating_add(self.patience_ms()))
            }
            (None, Some((_, at_ms))) => {
                at_ms.saturating_add(self.patience_ms()).saturating_add(self.behind_parts_ms())
            }
            (None, None) if self.doubted || self.unsure => self.heard_ms,
            (None, None) => {
                let quiet_ms = self.heard_ms.saturating_add(ping_after_ms);
                let waits = self.waits_since_ms.map(|at_ms| at_ms.saturating_add(self.patience_ms()));
                waits.map_or(quiet_ms, |at_ms| at_ms.min(quiet_ms))
            }
        }
    }

    /// Since when it has kept something to itself, ms. A narrow one may, for hours; pings pass it.
    fn stuck_since_ms(&self) -> Option<u64> {
        if self.rate.is_narrow() { None } else { self.busy.values().min().copied() }
    }

    fn state(&self, best: bool) -> CircuitState {
        CircuitState {
            late: self.late,
            best,
            steps: self.steps,
            again: self.again,
            peer: self.peer,
            ready: self.ready,
            silent: self.silent,
            heard_ms: self.heard_ms,
            round_trip_ms: self.smoothed_ms,
        }
    }
}

/// Up to where a book goes to a peer.
pub(crate) fn signed_for(parting: Option<&Parting>, book: Book, held: &BookState) -> u64 {
    parting.map_or(held.signed_size(), |parting| parting.end(book).map_or(0, |end| end.checkpoint.size))
}

/// Whether a class goes at once, on every circuit, whatever else is under way.
fn is_urgent(class: Class) -> bool {
    matches!(class, Class::Z | Class::A)
}

impl Line {
    pub(crate) fn circuit_up(
        &mut self,
        circuit: CircuitId,
        peer: Party,
        rank: u8,
        cost_ms: u64,
        rate: Rate,
        agreed: bool,
    ) {
        if !self.peers.contains_key(&peer) {
            return self.do_next(Effect::Send { circuit, what: Outgoing::Close(None) });
        }
        if rank < self.rank(peer) {
            return self.refuse_old_key(circuit, peer);
        }
        let queue = if agreed { VecDeque::new() } else { self.greeting(peer) };
        let state = Circuit {
            peer,
            rank,
            ready: agreed,
            greeted: false,
            greets: !agreed,
            opened: agreed || !rate.is_narrow(),
            opening: queue.len(),
            sent: Cut::new(),
            open: Open::All,
            window: Window::new(rate.slack_ms(), rate.is_narrow()),
            ahead: Cut::new(),
            due: Due::new(rate.is_narrow()),
            queue,
            given: Given::default(),
            keys: BTreeSet::new(),
            theirs: BTreeMap::new(),
            crowded: false,
            busy: BTreeMap::new(),
            rate,
            starved: false,
            told: BTreeSet::new(),
            gaps: BTreeMap::new(),
            hello_ms: None,
            said_ms: 0,
            step_ms: 0,
            heard_ms: self.pace.now_ms,
            waits_since_ms: None,
            doubted: false,
            unsure: false,
            late: false,
            lapses: 0,
            told_late: false,
            answers_since: 0,
            cost_ms,
            steps: 0,
            again: 0,
            awaits_part: false,
            part_took_ms: None,
            ping: None,
            smoothed_ms: None,
            silent: false,
            silent_ms: 0,
        };
        self.circuits.insert(circuit, state);
        if agreed {
            self.agrees(circuit, peer);
        }
    }

    /// What a circuit opens with.
    pub(crate) fn greeting(&self, peer: Party) -> VecDeque<Vec<u8>> {
        let opening = [self.hello(peer)].into_iter();
        let opening = opening.chain(self.all_renewals()).chain(self.secrets_for(peer, |_, _| true));
        opening.chain(self.courier_keys()).collect()
    }

    /// The secrets known here that a peer may lack.
    pub(crate) fn secrets_for(&self, peer: Party, lacks: impl Fn(Party, u8) -> bool) -> Vec<Vec<u8>> {
        let parting = self.parting(peer);
        let reads = |party: Party| parting.is_none_or(|parting| parting.reads(party));
        // A party may have lost what it blinded with its earlier keys.
        let others = |party: Party, rank: u8| party != peer || rank < self.rank(peer);
        let lacking = self.secrets.iter();
        let lacking = lacking.filter(|((of, rank), _)| others(*of, *rank) && lacks(*of, *rank) && reads(*of));
        lacking.map(|((party, rank), secret)| frame::secret(*party, (*rank).into(), secret)).collect()
    }

    /// What is held here; of the peer's own books with its own word for it.
    pub(crate) fn hello(&self, peer: Party) -> Vec<u8> {
        let parting = self.parting(peer);
        let sizes = self.books.iter().map(|(book, state)| (*book, signed_for(parting, *book, state)));
        let sizes: Cut = sizes.filter(|(_, size)| *size > 0).collect();
        let receipts = self.books.iter().filter(|(_, state)| !state.receipts.is_empty());
        let receipts = receipts.map(|(book, state)| {
            let known = state.receipts.iter().map(|(party, receipt)| (*party, receipt.size));
            let tells =
                |size| book.party == peer || parting.is_none_or(|parting| parting.covers(*book, size));
            (*book, known.filter(|(_, size)| tells(*size)).collect())
        });
        let theirs = self.books.iter().filter(|(book, _)| book.party == peer);
        let theirs = theirs.filter_map(|(book, state)| Some((book.class, (*book, state.signed.as_ref()?))));
        let latest: BTreeMap<Class, _> = theirs.collect();
        let heads = latest.into_values().map(|(book, head)| (book, (head.checkpoint.root, head.signature)));
        let hello = Hello {
            version: VERSION,
            line: self.id,
            memorandum: self.memorandum.hash(),
            party: self.me.party,
            sizes,
            receipts: receipts.collect(),
            heads: heads.collect(),
        };
        frame::hello(&hello.fitting())
    }

    pub(crate) fn circuit_down(&mut self, circuit: CircuitId) {
        self.circuits.remove(&circuit);
        self.ask_others();
    }

    /// How every circuit does.
    pub fn circuits(&self) -> impl Iterator<Item = (CircuitId, CircuitState)> + '_ {
        let best = |circuit: CircuitId, state: &Circuit| state.ready && self.is_best(circuit, state.peer);
        self.circuits.iter().map(move |(circuit, state)| (*circuit, state.state(best(*circuit, state))))
    }

    /// The circuit has taken the last thing.
    pub(crate) fn sent(&mut self, circuit: CircuitId, lane: Lane, reached: Option<(Book, u64)>) {
        let now_ms = self.pace.now_ms;
        let Some(state) = self.circuits.get_mut(&circuit) else { return };
        let Some(mut since_ms) = state.busy.remove(&lane) else { return };
        state.opened |= lane == Lane::Word && state.opening == 0;
        if let Some((book, size)) = reached {
            if state.rate.is_narrow() {
                // What took long to go is not late yet.
                since_ms = now_ms;
                state.waits_since_ms.get_or_insert(now_ms);
            }
            let sent = state.sent.entry(book).or_default();
            *sent = size.max(*sent);
            state.open.add(book);
            if is_said_first(book.class) {
                state.ahead.insert(book, size);
            }
            state.window.sent(book, size, since_ms);
        } else {
            state.starved = !matches!(lane, Lane::Word | Lane::Part);
        }
    }

    /// Puts a small frame in line on a circuit.
    pub(crate) fn queue(&mut self, circuit: CircuitId, frame: Vec<u8>) {
        if let Some(state) = self.circuits.get_mut(&circuit).filter(|state| state.queue.len() < MAX_QUEUE) {
            state.queue.push_back(frame);
        }
    }

    /// Answers a gap: so much of a book is held. What cannot be taken would else be sent, and asked for, without end: the same is said
    /// again only after as long as a hello is.
    pub(crate) fn say_have(&mut self, circuit: CircuitId, book: Book, size: u64) {
        let now_ms = self.pace.now_ms;
        let Some(state) = self.circuits.get_mut(&circuit).filter(|state| state.queue.len() < MAX_QUEUE)
        else {
            return;
        };
        let again_ms = state.rate.hello_again_ms(HELLO_AGAIN_MS);
        let is_said = |(said, at_ms): &(u64, u64)| *said == size && now_ms < at_ms.saturating_add(again_ms);
        if !state.gaps.get(&book).is_some_and(is_said) {
            if state.gaps.len() >= MAX_GAPS {
                state.gaps.clear();
            }
            state.gaps.insert(book, (size, now_ms));
            self.queue(circuit, frame::have(&[(book, size)].into_iter().collect()));
        }
    }

    /// Says that so much of a book is held.
    pub(crate) fn say_size(&mut self, circuit: CircuitId, book: Book, size: u64) {
        if self.circuits.get(&circuit).is_some_and(|state| state.queue.len() < MAX_QUEUE) {
            self.queue(circuit, frame::have(&[(book, size)].into_iter().collect()));
        }
    }

    /// Answers a ping.
    pub(crate) fn answer(&mut self, circuit: CircuitId, nonce: u64) {
        if let Some(state) = self.circuits.get_mut(&circuit).filter(|state| state.queue.len() < MAX_QUEUE) {
            state.ask(frame::pong(nonce));
        }
    }

    /// The answer to a ping came.
    pub(crate) fn answered(&mut self, circuit: CircuitId, nonce: u64) {
        let now_ms = self.pace.now_ms;
        let Some(state) = self.circuits.get_mut(&circuit) else { return };
        if let Some((_, at_ms)) = state.ping.take_if(|(asked, _)| *asked == nonce) {
            let sample = now_ms.saturating_sub(at_ms);
            // What was lost on the way and sent again below says nothing of how long the way is.
            let strange = state.smoothed_ms.is_some_and(|smoothed| sample > UNUSUAL * smoothed.max(1));
            state.unsure = strange && !state.unsure;
            if !state.unsure {
                let smoothed = state.smoothed_ms.map_or(sample, |smoothed| (7 * smoothed + sample) / 8);
                state.smoothed_ms = Some(smoothed);
                state.answers_in_time();
            }
            if core::mem::take(&mut state.silent) {
                self.show(Shown::CircuitSilent { circuit, silent: false });
                self.ask_others();
            }
        }
    }

    /// More is durable: what the store could not give before, it may give now.
    pub(crate) fn fed(&mut self) {
        for state in self.circuits.values_mut() {
            state.starved = false;
        }
    }

    /// Fills every circuit that is free.
    pub(crate) fn dispatch(&mut self) {
        let all: Vec<CircuitId> = self.circuits.keys().copied().collect();
        // What one circuit is found to be no more another one takes over at once, whichever comes first.
        for circuit in &all {
            self.ping_if_due(*circuit);
            self.note_if_late(*circuit);
        }
        for circuit in all {
            self.hello_if_due(circuit);
            self.send_again_if_due(circuit);
            self.say_ahead(circuit);
            while let Some(what) = self.next_for(circuit) {
                self.do_next(Effect::Send { circuit, what });
            }
        }
        self.tell_lateness();
    }

    /// Whether a circuit is the one for P and R: of those to its peer that answer and are not late, the one on which they
    /// take the least time and cost.
    pub(crate) fn is_best(&self, circuit: CircuitId, peer: Party) -> bool {
        let rivals = self.circuits.iter().filter(|(_, state)| state.peer == peer && state.ready);
        let best = rivals.min_by_key(|(id, state)| state.rank(**id));
        best.is_some_and(|(best, _)| *best == circuit)
    }

    /// A peer has greeted on a new circuit: whatever the old ones of it are busy with, they must show that they are
    /// still there before more than what is urgent depends on them.
    pub(crate) fn doubt_others(&mut self, circuit: CircuitId, peer: Party) {
        let others = self.circuits.iter_mut().filter(|(id, state)| **id < circuit && state.peer == peer);
        for (_, state) in others {
            state.doubted = true;
        }
    }
}
