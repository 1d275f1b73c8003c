//! The bytes of a handshake over the line: a stream each way in pieces, each sent until it is taken (spec/serial.md §6).

use std::collections::BTreeMap;

use super::packet::{self, MAX_PIECE};

/// Most bytes of a handshake in one direction. One is of some 1,700.
const MAX_STREAM: usize = 8_192;
/// How many pieces come before they are said to have come, where more do.
const TAKEN_EVERY: u32 = 4;

/// One attempt at a handshake.
#[derive(Debug)]
pub(super) struct Pieces {
    pub(super) attempt: u16,
    /// All that this side has said.
    said: Vec<u8>,
    /// Up to where it came, and up to where it has gone once.
    came: usize,
    gone: usize,
    /// What came of the other side: up to where it is handed on, and what is ahead of that.
    taken: usize,
    early: BTreeMap<usize, Vec<u8>>,
    /// Pieces that came since the other side was last told.
    owed: u32,
    /// Tell it as soon as possible: something is missing.
    at_once: bool,
    /// A piece has gone since it was to be told; one goes first, whose reader waits for more than that.
    one_went: bool,
    /// When what has not been taken goes again, and when whatever came is said to have, us.
    again_us: Option<u64>,
    tell_us: Option<u64>,
    /// When something last came of it, us.
    pub(super) heard_us: u64,
}

impl Pieces {
    pub(super) fn new(attempt: u16, now_us: u64) -> Self {
        Self {
            attempt,
            said: Vec::new(),
            came: 0,
            gone: 0,
            taken: 0,
            early: BTreeMap::new(),
            owed: 0,
            at_once: false,
            one_went: false,
            again_us: None,
            tell_us: None,
            heard_us: now_us,
        }
    }

    /// This side says more.
    pub(super) fn say(&mut self, bytes: &[u8]) {
        let room = MAX_STREAM.saturating_sub(self.said.len());
        self.said.extend(bytes.iter().take(room));
    }

    /// A piece came; gives what is in order now. `pause_us` is how long the other side may wait to be told.
    pub(super) fn take(&mut self, place: u16, bytes: &[u8], now_us: u64, pause_us: u64) -> Vec<u8> {
        self.heard_us = now_us;
        let place = usize::from(place);
        if place + bytes.len() <= MAX_STREAM && place >= self.taken {
            self.early.entry(place).or_insert_with(|| bytes.to_vec());
        }
        // What came before, or is ahead of a gap, is an answer to its sender.
        self.at_once |= place != self.taken;
        let mut found = Vec::new();
        while let Some(bytes) = self.early.remove(&self.taken) {
            self.taken += bytes.len();
            found.extend(bytes);
        }
        self.owed += 1;
        let tell_us = if self.owed >= TAKEN_EVERY { now_us } else { now_us + pause_us };
        self.tell_us = Some(self.tell_us.map_or(tell_us, |at_us| at_us.min(tell_us)));
        found
    }

    /// What came need not be said before then: an opening will show it.
    pub(super) fn wait_until(&mut self, at_us: u64) {
        if self.owed > 0 && !self.at_once {
            self.tell_us = Some(at_us);
        }
    }

    /// The other side says how much came.
    pub(super) fn came(&mut self, place: u16, now_us: u64, patience_us: u64) {
        self.heard_us = now_us;
        let place = usize::from(place);
        if place > self.came && place <= self.gone {
            self.came = place;
            self.again_us = (self.came < self.gone).then_some(now_us + patience_us);
        } else if place == self.came && self.came < self.gone {
            // Said again: what is behind came out of order.
            self.again_us = Some(self.again_us.unwrap_or(now_us).min(now_us + patience_us / 8));
        }
    }

    /// The next packet, if one is due. `patience_us` is how long an answer may take.
    pub(super) fn packet(&mut self, now_us: u64, patience_us: u64) -> Option<Vec<u8>> {
        if self.again_us.is_some_and(|at_us| at_us <= now_us) {
            (self.gone, self.again_us) = (self.came, None);
        }
        let rest = self.said.get(self.gone..).unwrap_or_default();
        let told = self.tell_us.is_some_and(|at_us| at_us <= now_us);
        let waits = !(self.at_once || self.one_went || rest.is_empty());
        self.one_went |= told;
        if self.owed > 0 && (self.at_once || told && !waits) {
            (self.owed, self.at_once, self.one_went, self.tell_us) = (0, false, false, None);
            return Some(packet::taken(self.attempt, u16::try_from(self.taken).ok()?));
        }
        if rest.is_empty() {
            return None;
        }
        let bytes = rest.get(..MAX_PIECE).unwrap_or(rest);
        let packet = packet::piece(self.attempt, u16::try_from(self.gone).ok()?, bytes);
        self.gone += bytes.len();
        self.again_us = Some(now_us + patience_us);
        Some(packet)
    }

    /// When a packet is due, us.
    pub(super) fn due_us(&self) -> Option<u64> {
        let more = (self.gone < self.said.len() || self.at_once && self.owed > 0).then_some(0);
        [more, self.again_us, self.tell_us].into_iter().flatten().min()
    }
}
