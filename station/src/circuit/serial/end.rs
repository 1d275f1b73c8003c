//! One end of a serial line: openings, fragments, what goes again (spec/serial.md §4, §5, §7). It reads no clock and
//! opens no file but that of its keys; whoever drives it hands it bytes and the time, and takes packets from it.
//!
//! Promises that frames of a lane come whole, once and in order, or the circuit is said to be down; that nothing is handed
//! on that did not come under the keys since the circuit's own opening; and that no counter is used twice.

mod playing;
mod saying;

use std::collections::{BTreeMap, VecDeque};

use detente_line::{AGREED, Agreed, Lane};

use super::arrivals::{Arrivals, Taken};
use super::cobs::Finder;
use super::flight::Flight;
use super::lanes::{self, Inlet, Outlet};
use super::narrow::{Forms, Tests};
use super::packet::{self, Packet};
use super::pairs::{Exported, PairId, Pairs};
use super::pieces::Pieces;
use super::turn::Turn;
use crate::error::SetupError;

pub use playing::{Heard, hear};

/// Flags of a part.
const TAKEN: u8 = 0x80;
const MORE: u8 = 0x10;
const LANE: u8 = 0x07;
const NO_LANE: u8 = 7;

/// Bytes of a fragment where many packets are lost: an error costs less of a short one.
const SHORT: usize = 160;
/// The least room that a fragment is cut for.
const LEAST: usize = 24;
/// How much of a packet must be left for it to be cut short, us.
const WORTH_CUTTING_US: u64 = 250_000;
/// The most by which the pause between openings is doubled, as a power of two.
const MAX_DOUBLED: u32 = 3;
/// How soon the hello of a circuit that has just come up is there to be sent, us.
const HELLO_COMES_US: u64 = 50_000;
/// How often another pair is offered while a circuit is up.
const MAX_OFFERS: u32 = 4;

/// What an end says to whoever drives it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Told {
    /// The circuit is up; whether both ends have told the other that they hold the same.
    Up { agreed: bool },
    /// It is not any more.
    Down(String),
    /// A frame came.
    Frame(Vec<u8>),
    /// What was put in a lane has gone.
    Gone(Lane),
    /// A handshake begins; what was under way of an earlier one is void.
    Handshake,
    /// Bytes of it came.
    Handed(Vec<u8>),
    /// It comes to nothing.
    HandshakeOver,
}

/// What is being written.
#[derive(Debug)]
enum Writing {
    /// Data, with its place in the flight.
    Data {
        pair: PairId,
        counter: u64,
        urgent: bool,
    },
    Other,
}

/// A circuit that is up.
struct Up {
    /// Under which this side sends.
    pair: PairId,
    outlets: BTreeMap<Lane, Outlet>,
    inlets: BTreeMap<Lane, Inlet>,
    tests: Tests,
    /// The other side's hello was handed on.
    greeted: bool,
    flight: Flight,
    /// The last counter used, of each pair.
    used: BTreeMap<PairId, u64>,
    /// When the other side is told what came, us, and under which pair it came.
    tell_us: Option<u64>,
    came_under: Option<PairId>,
}

/// When openings go.
#[derive(Debug, Default)]
struct Openings {
    next_us: u64,
    tries: u32,
    /// The pair that is to be answered under.
    answer: Option<PairId>,
    /// When the last one went, us.
    last_us: Option<u64>,
}

/// One end.
pub(crate) struct End {
    byte_us: u64,
    /// It answers a handshake; the other end begins it.
    answers: bool,
    /// Only one side can speak at a time.
    turn: Option<Turn>,
    /// How long what is being written is on the line.
    length: usize,
    pairs: Pairs,
    forms: Forms,
    finder: Finder,
    told: VecDeque<Told>,
    own_tag: [u8; 4],
    peer_tag: [u8; 4],
    /// What this side holds, as it last told, and what the other side told.
    agreed: Agreed,
    peer_agreed: Agreed,
    arrivals: BTreeMap<PairId, Arrivals>,
    openings: Openings,
    up: Option<Up>,
    handshake: Option<Pieces>,
    /// The other side does not know this side's pairs.
    strange: bool,
    /// A call has gone, or an attempt begun, us.
    called_us: Option<u64>,
    writing: Option<Writing>,
    /// When the last byte of the last packet will have been said, us.
    busy_until_us: u64,
    /// Why it cannot go on.
    trouble: Option<SetupError>,
}

/// Random bytes, never all zero.
fn draw<const N: usize>() -> [u8; N] {
    let mut drawn = [0; N];
    while drawn == [0; N] {
        // A system without random bytes has not come this far; the loop ends when it has some again.
        let _ = getrandom::fill(&mut drawn);
    }
    drawn
}

impl End {
    /// An end of a line of so many bits a second; `answers` for that of the lower party.
    pub(crate) fn new(bits_per_s: u32, answers: bool, pairs: Pairs, forms: Forms) -> Self {
        let byte_us = byte_us(bits_per_s);
        Self {
            byte_us,
            answers,
            turn: None,
            length: 0,
            pairs,
            forms,
            finder: Finder::default(),
            told: VecDeque::new(),
            own_tag: draw(),
            peer_tag: [0; 4],
            agreed: Agreed::default(),
            peer_agreed: Agreed::default(),
            arrivals: BTreeMap::new(),
            openings: Openings::default(),
            up: None,
            handshake: None,
            strange: false,
            called_us: None,
            writing: None,
            busy_until_us: 0,
            trouble: None,
        }
    }

    /// The line is one on which only one side can speak at a time.
    pub(crate) fn in_turns(mut self) -> Self {
        self.turn = Some(Turn::new(self.byte_us, !self.answers));
        self
    }

    /// What there is to say, in order.
    pub(crate) fn told(&mut self) -> Option<Told> {
        self.told.pop_front()
    }

    /// Whether there is something to say.
    pub(crate) fn has_told(&self) -> bool {
        !self.told.is_empty()
    }

    /// Why it cannot go on, if that is so.
    pub(crate) fn trouble(&mut self) -> Option<SetupError> {
        self.trouble.take()
    }

    /// How long an answer to an opening, or in a handshake, may take, us.
    fn answer_us(&self) -> u64 {
        250 * self.byte_us + 500_000
    }

    /// A later pair is there.
    pub(crate) fn offer(&mut self, keys: Exported, now_us: u64) {
        if let Err(error) = self.pairs.add(keys) {
            self.trouble = Some(error);
        }
        self.strange = false;
        self.openings = Openings { next_us: now_us, ..Openings::default() };
        let until_us = now_us + 2 * self.answer_us();
        if let Some(pieces) = &mut self.handshake {
            pieces.wait_until(until_us);
        }
    }

    /// Whether bodies are packed from now on.
    pub(crate) fn packs(&mut self, packs: bool) {
        self.forms.packs = packs;
    }

    /// Puts frames in a lane.
    pub(crate) fn put(&mut self, lane: Lane, frames: &[Vec<u8>]) {
        let Some(up) = &mut self.up else { return };
        let outlet = up.outlets.entry(lane).or_default();
        let (last, tests) = (&mut outlet.last, &mut up.tests);
        let forms: Vec<Vec<u8>> = frames.iter().map(|frame| self.forms.narrow(frame, last, tests)).collect();
        // Tests ahead of their signature wait for nothing that is behind them.
        outlet.put(&forms, lane != Lane::Word);
        if outlet.is_gone() {
            self.told.push_back(Told::Gone(lane));
        }
    }

    /// Lets the circuit go, and begins anew.
    pub(crate) fn close(&mut self, why: &str, now_us: u64) {
        if self.up.take().is_some() {
            self.told.push_back(Told::Down(why.into()));
        }
        (self.own_tag, self.peer_tag) = (draw(), [0; 4]);
        self.openings = Openings { next_us: now_us, ..Openings::default() };
    }

    /// Whether an opening is about to go that tells what this side holds.
    pub(crate) fn is_to_tell(&self, now_us: u64) -> bool {
        let due = self.openings.answer.is_some() || (self.may_open() && now_us >= self.openings.next_us);
        self.up.is_none() && due
    }

    /// Of how many packets of the circuit it is known whether they came, and how many of them did not.
    pub(crate) fn packets(&self) -> (u64, u64) {
        self.up.as_ref().map_or((0, 0), |up| up.flight.packets())
    }

    /// What this side holds.
    pub(crate) fn tell(&mut self, agreed: Agreed) {
        self.agreed = agreed;
    }

    /// Bytes came in.
    pub(crate) fn took(&mut self, bytes: &[u8], now_us: u64) {
        if let Some(turn) = self.turn.as_mut().filter(|_| !bytes.is_empty()) {
            turn.hears(now_us);
        }
        for byte in bytes {
            if let Some(packet) = self.finder.take(*byte) {
                self.read(&packet, now_us);
            }
        }
    }

    fn read(&mut self, packet: &[u8], now_us: u64) {
        match Packet::read(packet) {
            Some(Packet::Opening { name, counter, head, sealed }) => {
                self.opened(name, counter, head, sealed, now_us);
            }
            Some(Packet::Data { first, low, sealed }) => self.data(first, low, sealed, now_us),
            // Whoever has a circuit that answers takes part in no handshake.
            Some(_) if self.up.is_some() => {}
            Some(Packet::Piece { attempt, place, bytes }) => self.piece(attempt, place, bytes, now_us),
            Some(Packet::Taken { attempt, place }) => {
                let patience_us = 2 * self.answer_us();
                if let Some(pieces) = self.handshake.as_mut().filter(|pieces| pieces.attempt == attempt) {
                    pieces.came(place, now_us, patience_us);
                }
            }
            Some(Packet::Call) => self.strange = true,
            None => {}
        }
    }

    fn opened(&mut self, name: [u8; 2], counter: u64, head: &[u8], sealed: &[u8], now_us: u64) {
        let known = self.pairs.ids().into_iter().filter(|id| id.name == name);
        let opened = known.filter_map(|id| Some((id, self.pairs.open(id, counter, head, sealed)?))).next();
        let Some((id, body)) = opened else {
            self.strange = true;
            return;
        };
        let (Some((tag, rest)), arrivals) =
            (body.split_first_chunk::<4>(), self.arrivals.entry(id).or_default())
        else {
            return;
        };
        let Some((agreed, echo)) = rest.split_first_chunk::<AGREED>() else { return };
        let agreed = *agreed;
        // Whoever has not heard this side's tag leaves it out.
        let echo = if echo.is_empty() { Ok([0; 4]) } else { <[u8; 4]>::try_from(echo) };
        let Ok(echo) = echo else { return };
        if arrivals.greatest().is_some_and(|greatest| counter <= greatest) || *tag == [0; 4] {
            return;
        }
        let echoes = echo == self.own_tag;
        if *tag == self.peer_tag {
            arrivals.took(counter);
        } else {
            arrivals.begin_at(counter);
            if self.up.take().is_some() {
                self.told.push_back(Told::Down("the other station began anew".into()));
                self.own_tag = draw();
            }
            self.peer_tag = *tag;
        }
        self.peer_agreed = agreed;
        let was_up = self.up.is_some();
        if echoes && echo == self.own_tag {
            self.comes_up(id, true, now_us);
        }
        // Its sender may not have this side's echo; what shows it is data, which follows at once where the circuit has
        // just come up.
        let soon = self.openings.last_us.is_some_and(|at_us| now_us < at_us + self.answer_us() / 2);
        if !echoes || (was_up && !soon) || self.up.as_ref().is_some_and(|up| up.pair != id) {
            self.openings.answer = Some(id);
        }
    }

    /// The other side knows this side's tag, under a pair.
    fn comes_up(&mut self, id: PairId, by_opening: bool, now_us: u64) {
        match &mut self.up {
            Some(up) => {
                if self.pairs.is_later(id, up.pair) {
                    up.pair = id;
                }
            }
            None => {
                let agreed = self.agreed != [0; AGREED] && self.agreed == self.peer_agreed;
                // By data the other side learns that its tag has come; a hello is some.
                let pause_us = if agreed { 0 } else { HELLO_COMES_US };
                self.up = Some(Up {
                    pair: id,
                    outlets: BTreeMap::new(),
                    inlets: BTreeMap::new(),
                    tests: Tests::default(),
                    greeted: agreed,
                    flight: Flight::new(self.byte_us),
                    used: BTreeMap::new(),
                    tell_us: by_opening.then_some(now_us + pause_us),
                    came_under: None,
                });
                self.told.push_back(Told::Up { agreed });
                (self.strange, self.called_us) = (false, None);
                if self.handshake.take().is_some() {
                    self.told.push_back(Told::HandshakeOver);
                }
                self.openings = Openings { last_us: self.openings.last_us, ..Openings::default() };
                self.openings.next_us = now_us;
                if let Err(error) = self.pairs.end_before(id) {
                    self.trouble = Some(error);
                }
            }
        }
    }

    fn data(&mut self, first: u8, low: u16, sealed: &[u8], now_us: u64) {
        if self.peer_tag == [0; 4] {
            return;
        }
        let mut bound = vec![first];
        bound.extend(self.peer_tag);
        bound.extend(self.own_tag);
        for id in self.pairs.ids() {
            if packet::data_first(id.name) != first {
                continue;
            }
            // Under a pair under which nothing was opened there is no circuit.
            let Some(arrivals) = self.arrivals.get(&id) else { continue };
            let counter = arrivals.whole(low);
            if !arrivals.is_new(counter) {
                continue;
            }
            let Some(body) = self.pairs.open(id, counter, &bound, sealed) else { continue };
            let gap = self.arrivals.entry(id).or_default().took(counter);
            self.comes_up(id, false, now_us);
            return self.parts(id, &body, gap, now_us);
        }
    }

    /// Takes what a packet carried, as far as it can be read.
    fn parts(&mut self, id: PairId, body: &[u8], gap: bool, now_us: u64) {
        let byte_us = self.byte_us;
        let Some(up) = &mut self.up else { return };
        let mut rest = body;
        while let Some((flags, behind)) = rest.split_first() {
            rest = behind;
            if flags & TAKEN != 0 {
                let near = up.used.get(&id).copied();
                let Some(taken) = near.and_then(|near| Taken::read(&mut rest, near)) else { return };
                let (came, lost) = up.flight.taken(id, &taken, now_us);
                for (lane, index) in came {
                    up.outlets.entry(lane).or_default().came(index);
                }
                for (lane, index) in lost {
                    up.outlets.entry(lane).or_default().lost(index);
                }
            }
            if flags & LANE == NO_LANE {
                continue;
            }
            let (Some(lane), Some((index, behind))) = (lanes::of_code(flags & LANE), rest.split_first())
            else {
                return;
            };
            let bytes = if flags & MORE == 0 {
                rest = &[];
                behind
            } else {
                let Some((length, behind)) = behind.split_first() else { return };
                let Some((bytes, behind)) = behind.split_at_checked((*length).into()) else { return };
                rest = behind;
                bytes
            };
            up.inlets.entry(lane).or_default().take(*index, bytes);
            let wait_us = if lanes::is_urgent(lane) { 150 * byte_us } else { 500 * byte_us };
            let tell_us = if gap { now_us } else { now_us + wait_us.max(20_000) };
            up.tell_us = Some(up.tell_us.map_or(tell_us, |at_us| at_us.min(tell_us)));
            up.came_under = Some(id);
        }
        self.hand_on(now_us);
    }

    /// Hands on the frames that are whole: nothing before the hello, which is the first of its lane.
    fn hand_on(&mut self, now_us: u64) {
        let Some(up) = &mut self.up else { return };
        let order = [Lane::Word].into_iter().chain(lanes::ALL);
        for lane in order {
            if lane != Lane::Word && !up.greeted {
                return;
            }
            let Some(inlet) = up.inlets.get_mut(&lane) else { continue };
            loop {
                let found = match inlet.frame() {
                    Ok(None) => break,
                    Ok(Some(form)) => {
                        let wide = self.forms.wide(&form, &mut inlet.last, &mut up.tests);
                        wide.map_err(|wrong| wrong.to_string())
                    }
                    Err(found) => Err(format!("a frame of {found} bytes")),
                };
                match found {
                    Ok(frame) => {
                        up.greeted = true;
                        self.told.push_back(Told::Frame(frame));
                    }
                    Err(wrong) => return self.close(&format!("the other end sent {wrong}"), now_us),
                }
            }
        }
    }

    fn piece(&mut self, attempt: u16, place: u16, bytes: &[u8], now_us: u64) {
        self.strange = true;
        let is_other = self.handshake.as_ref().is_none_or(|pieces| pieces.attempt != attempt);
        if is_other {
            if !self.answers || place != 0 || !self.wants_handshake() {
                return;
            }
            self.handshake = Some(Pieces::new(attempt, now_us));
            self.told.push_back(Told::Handshake);
        }
        let pause_us = 300 * self.byte_us;
        if let Some(pieces) = &mut self.handshake {
            let found = pieces.take(place, bytes, now_us, pause_us);
            if !found.is_empty() {
                self.told.push_back(Told::Handed(found));
            }
        }
    }

    /// Whether the keys can only come of a handshake: there are none, or each was tried and the other side is there and
    /// knows none of them.
    fn wants_handshake(&self) -> bool {
        let tried = self.openings.tries as usize > self.pairs.ids().len();
        self.up.is_none() && (self.pairs.ids().is_empty() || (self.strange && tried))
    }

    /// What a handshake says.
    pub(crate) fn hand(&mut self, bytes: &[u8]) {
        if let Some(pieces) = &mut self.handshake {
            pieces.say(bytes);
        }
    }

    /// A handshake came to nothing.
    pub(crate) fn handshake_failed(&mut self) {
        self.handshake = None;
    }
}

/// How long a byte takes, us.
pub(crate) fn byte_us(bits_per_s: u32) -> u64 {
    10_000_000 / u64::from(bits_per_s.max(1))
}
