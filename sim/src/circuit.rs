//! A circuit between two stations, and everything that can go wrong on it.

use detente_record::Party;

use crate::narrow::Narrow;
use crate::rng::Rng;
use crate::scenario::{CircuitFaults, NarrowCircuits};

/// One direction.
#[derive(Debug, Clone, Copy, Default)]
struct Way {
    /// When the last frame in order arrives.
    last_ms: u64,
    /// When the sender's end is free again.
    free_ms: u64,
    /// Until when it takes everything and brings nothing.
    swallows_ms: u64,
    /// Until when it takes nothing.
    blocked_ms: u64,
    /// Somebody between has changed what passes: nothing is taken for what it was from there on.
    spoilt: bool,
}

/// A circuit. Each end learns by itself, and later, that it is up or down.
#[derive(Debug, Clone)]
pub(crate) struct Circuit {
    /// Who is at its ends.
    pub(crate) ends: [Party; 2],
    /// Which ends know that it is up.
    pub(crate) up: [bool; 2],
    /// It brings nothing any more.
    pub(crate) broken: bool,
    /// Which of the circuits between the two it is.
    pub(crate) slot: u64,
    /// The end at which somebody sits who has stolen its party's keys.
    pub(crate) thief: Option<usize>,
    /// It has a rate, which its ends are told.
    pub(crate) narrow: Option<Narrow>,
    /// It goes through a relay, which does this with it.
    pub(crate) relayed: Option<NarrowCircuits>,
    ways: [Way; 2],
    latency_ms: u64,
    bytes_per_ms: u64,
    /// How much longer P and R may take on another one before they go on this one, ms: at both ends alike.
    pub(crate) cost_ms: u64,
}

/// What becomes of a frame.
#[derive(Debug, Default)]
pub(crate) struct Passage {
    /// When it arrives, as what; nothing if it is lost.
    pub(crate) arrivals: Vec<(u64, Vec<u8>)>,
    /// When the circuit has taken it.
    pub(crate) taken_ms: u64,
    /// The circuit notices that something came changed, and breaks.
    pub(crate) breaks: bool,
    /// What happened to it, for the story.
    pub(crate) fate: &'static str,
}

impl Circuit {
    /// A circuit between two stations, with a latency and a bandwidth of its own.
    pub(crate) fn new(ends: [Party; 2], slot: u64, rng: &mut Rng) -> Self {
        Self {
            ends,
            up: [false; 2],
            broken: false,
            slot,
            thief: None,
            narrow: None,
            relayed: None,
            ways: [Way::default(); 2],
            latency_ms: [2, 20, 80, 300][rng.below(4) as usize],
            bytes_per_ms: [4, 100, 10_000][rng.below(3) as usize],
            cost_ms: [0, 0, 500, 20_000][rng.below(4) as usize],
        }
    }

    /// Which end a party, or a thief in its name, is at.
    pub(crate) fn side(&self, party: Party) -> Option<usize> {
        self.ends.iter().position(|end| *end == party)
    }

    /// How long what has been said is on its way, ms.
    pub(crate) fn latency_ms(&self) -> u64 {
        self.latency_ms
    }

    /// Faults stop: whatever is stalled moves again.
    pub(crate) fn calm(&mut self) {
        self.relayed = None;
        if let Some(narrow) = &mut self.narrow {
            narrow.calm();
        }
        for way in &mut self.ways {
            (way.swallows_ms, way.blocked_ms) = (0, 0);
        }
    }

    /// Takes a frame at one end.
    pub(crate) fn carry(
        &mut self,
        side: usize,
        mut frame: Vec<u8>,
        now_ms: u64,
        faults: &CircuitFaults,
        rng: &mut Rng,
    ) -> Passage {
        if let Some(relay) = self.relayed {
            self.relay(side, now_ms, &relay, rng);
        }
        let Some(way) = self.ways.get_mut(side) else { return Passage::default() };
        if rng.chance(faults.stall) {
            let until = now_ms + rng.within(1_000, 60_000);
            if rng.chance(500) { way.swallows_ms = until } else { way.blocked_ms = until }
        }
        let begins = now_ms.max(way.free_ms).max(way.blocked_ms);
        let taken_ms = begins + frame.len() as u64 / self.bytes_per_ms + 1;
        way.free_ms = taken_ms;
        let mut passage = Passage { taken_ms, fate: "", breaks: way.spoilt, ..Passage::default() };
        if self.broken || way.spoilt || begins < way.swallows_ms || rng.chance(faults.drop) {
            passage.fate = " (lost)";
            return passage;
        }
        let arrives = taken_ms + self.latency_ms + rng.below(self.latency_ms / 2 + 1);
        if rng.chance(faults.corrupt) {
            corrupt(&mut frame, rng);
            passage.breaks = true;
            passage.fate = " (changed on its way)";
        }
        let late = if rng.chance(faults.delay) { rng.within(500, 20_000) } else { 0 };
        if rng.chance(faults.duplicate) {
            passage.arrivals.push((arrives + rng.within(1, 10_000), frame.clone()));
            passage.fate = " (twice)";
        }
        if rng.chance(faults.reorder) {
            passage.arrivals.push((arrives + rng.below(2_000), frame));
            passage.fate = " (out of order)";
        } else {
            way.last_ms = way.last_ms.max(arrives + late);
            passage.arrivals.push((way.last_ms, frame));
        }
        passage
    }
}

impl Circuit {
    /// What a relay does with what passes: it keeps it for a while, or spoils the stream that the ends have sealed.
    fn relay(&mut self, side: usize, now_ms: u64, relay: &NarrowCircuits, rng: &mut Rng) {
        let Some(way) = self.ways.get_mut(side) else { return };
        if rng.chance(relay.held) {
            way.last_ms = way.last_ms.max(now_ms) + rng.within(100, 20_000);
        }
        way.spoilt |= rng.chance(relay.tampered);
    }
}

fn corrupt(frame: &mut Vec<u8>, rng: &mut Rng) {
    match rng.below(4) {
        0 => frame.truncate(rng.below(frame.len() as u64) as usize),
        1 => frame.push(rng.next() as u8),
        _ => {
            let place = rng.below(frame.len() as u64) as usize;
            if let Some(byte) = frame.get_mut(place) {
                *byte ^= 1 << rng.below(8);
            }
        }
    }
}
