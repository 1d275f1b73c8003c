//! What an end says: which packet is written next, when, and what becomes of one that is being written.

use std::collections::BTreeMap;

use detente_line::Lane;

use super::{
    End, LEAST, MAX_DOUBLED, MAX_OFFERS, MORE, NO_LANE, SHORT, TAKEN, Told, WORTH_CUTTING_US, Writing, draw,
};
use crate::circuit::serial::cobs;
use crate::circuit::serial::flight::Fragment;
use crate::circuit::serial::lanes::{self, Outlet};
use crate::circuit::serial::packet::{self, MAX_PIECE};
use crate::circuit::serial::pairs::PairId;
use crate::circuit::serial::pieces::Pieces;
use crate::circuit::serial::turn::Turn;
use crate::error::SetupError;

impl End {
    /// The next packet to be written, as it goes on the line; nothing else may be being written.
    pub(crate) fn packet(&mut self, now_us: u64) -> Option<Vec<u8>> {
        let wants = self.wants_us().is_some_and(|at_us| at_us <= now_us);
        if let Some(turn) = &mut self.turn
            && (!wants || !turn.may_speak(now_us, u64::from_be_bytes(draw())))
        {
            if !wants {
                turn.ends();
            }
            return None;
        }
        let packet = match self.next(now_us) {
            Ok(Some(packet)) => packet,
            Ok(None) => {
                self.turn.iter_mut().for_each(Turn::ends);
                return None;
            }
            Err(error) => {
                self.trouble = Some(error);
                return None;
            }
        };
        // Right behind another packet the zero that ended it is enough.
        let mut line = if now_us < self.busy_until_us + self.byte_us { Vec::new() } else { vec![0] };
        cobs::stuff(&packet, &mut line);
        line.push(0);
        self.length = line.len();
        Some(line)
    }

    fn next(&mut self, now_us: u64) -> Result<Option<Vec<u8>>, SetupError> {
        self.writing = Some(Writing::Other);
        if let Some(id) = self.openings.answer.take() {
            return self.opening(id, now_us);
        }
        // With a pair that has just come nothing of the handshake needs to be said any more.
        let is_new = self.openings.tries == 0 && self.may_open();
        if !is_new && let Some(found) = self.handshake_packet(now_us) {
            return Ok(Some(found));
        }
        if now_us >= self.openings.next_us && self.may_open() {
            let ids = self.pairs.ids();
            let turn = if self.up.is_some() { 0 } else { self.openings.tries as usize % ids.len().max(1) };
            if let Some(id) = ids.get(turn) {
                self.openings.tries += 1;
                let pause_us = self.answer_us() << self.openings.tries.saturating_sub(1).min(MAX_DOUBLED);
                self.openings.next_us = now_us + pause_us;
                return self.opening(*id, now_us);
            }
        }
        if is_new && let Some(found) = self.handshake_packet(now_us) {
            return Ok(Some(found));
        }
        self.data_packet(now_us)
    }

    /// Whether openings go by themselves: there is no circuit, or there is a later pair than the one in use.
    pub(super) fn may_open(&self) -> bool {
        match &self.up {
            None => !self.pairs.ids().is_empty(),
            Some(up) => {
                self.openings.tries < MAX_OFFERS
                    && self.pairs.ids().first().is_some_and(|latest| self.pairs.is_later(*latest, up.pair))
            }
        }
    }

    fn opening(&mut self, id: PairId, now_us: u64) -> Result<Option<Vec<u8>>, SetupError> {
        let Some(counter) = self.pairs.counter(id)? else { return Ok(None) };
        self.openings.last_us = Some(now_us);
        let head = packet::opening_head(id.name, counter);
        let mut body = [&self.own_tag[..], &self.agreed].concat();
        if self.peer_tag != [0; 4] {
            body.extend(self.peer_tag);
        }
        if self.pairs.seal(id, counter, &head, &mut body).is_none() {
            return Ok(None);
        }
        Ok(Some([&head[..], &body].concat()))
    }

    fn handshake_packet(&mut self, now_us: u64) -> Option<Vec<u8>> {
        let patience_us = 2 * self.answer_us();
        if self.up.is_some() {
            return None;
        }
        if let Some(pieces) = &mut self.handshake {
            if now_us > pieces.heard_us.saturating_add(16 * patience_us) {
                self.handshake = None;
                self.told.push_back(Told::HandshakeOver);
                return None;
            }
            return pieces.packet(now_us, patience_us);
        }
        if !self.wants_handshake() || self.called_us.is_some_and(|at_us| now_us < at_us + patience_us) {
            return None;
        }
        self.called_us = Some(now_us);
        if self.answers {
            return Some(packet::call());
        }
        self.handshake = Some(Pieces::new(u16::from_be_bytes(draw()), now_us));
        self.told.push_back(Told::Handshake);
        None
    }

    fn data_packet(&mut self, now_us: u64) -> Result<Option<Vec<u8>>, SetupError> {
        let (own_tag, peer_tag) = (self.own_tag, self.peer_tag);
        let Some(up) = &mut self.up else { return Ok(None) };
        match up.flight.overdue(now_us) {
            Some(lost) => {
                for (lane, index) in lost {
                    up.outlets.entry(lane).or_default().lost(index);
                }
            }
            None => {
                self.close("the other station does not answer", now_us);
                return Ok(None);
            }
        }
        let sends = up.flight.has_room() && up.outlets.values().any(Outlet::has_any);
        if !sends && up.tell_us.is_none_or(|at_us| at_us > now_us) {
            return Ok(None);
        }
        let fragment = if up.flight.loses_many() { SHORT } else { MAX_PIECE };
        let pair = up.pair;
        let Some(counter) = self.pairs.counter(pair)? else {
            self.close("its keys are used up", now_us);
            return Ok(None);
        };
        let mut body = Vec::with_capacity(fragment + 32);
        // What came is told under the pair that it came under.
        if up.tell_us.is_some() && up.came_under == Some(pair) {
            body.push(TAKEN | NO_LANE);
            if let Some(arrivals) = self.arrivals.get(&pair) {
                arrivals.say(&mut body);
            }
        }
        up.tell_us = None;
        let fragments = if sends { fill(&mut up.outlets, fragment, &mut body) } else { Vec::new() };
        let urgent = fragments.iter().all(|(lane, _)| lanes::is_urgent(*lane));
        let head = packet::data_head(pair.name, counter);
        let [first, ..] = head;
        let bound = [&[first][..], &own_tag, &peer_tag].concat();
        if self.pairs.seal(pair, counter, &bound, &mut body).is_none() {
            return Ok(None);
        }
        up.used.insert(pair, counter);
        if !fragments.is_empty() {
            up.flight.begins(pair, counter, fragments);
        }
        self.writing = Some(Writing::Data { pair, counter, urgent });
        Ok(Some([&head[..], &body].concat()))
    }

    /// Whether what is being written, of which so much is left, should give way to something more urgent.
    pub(crate) fn should_cut(&self, left: usize) -> bool {
        let left_us = self.byte_us.saturating_mul(left as u64);
        let (Some(Writing::Data { urgent: false, .. }), Some(up)) = (&self.writing, &self.up) else {
            return false;
        };
        let waits = |lane| up.outlets.get(&lane).is_some_and(Outlet::has_any);
        left_us > WORTH_CUTTING_US && (waits(Lane::Z) || waits(Lane::Word))
    }

    /// What was being written was cut short.
    pub(crate) fn was_cut(&mut self) {
        let (Some(Writing::Data { pair, counter, .. }), Some(up)) = (self.writing.take(), &mut self.up)
        else {
            return;
        };
        for (lane, index) in up.flight.cut(pair, counter) {
            up.outlets.entry(lane).or_default().lost(index);
        }
    }

    /// What was being written has been written; its last byte is on its way at that time.
    pub(crate) fn written(&mut self, at_us: u64) {
        self.busy_until_us = at_us;
        if let Some(turn) = &mut self.turn {
            turn.says(self.length, at_us);
        }
        let (Some(Writing::Data { pair, counter, .. }), Some(up)) = (self.writing.take(), &mut self.up)
        else {
            return;
        };
        for (lane, index) in up.flight.written(pair, counter, at_us) {
            if up.outlets.entry(lane).or_default().gone(index) {
                self.told.push_back(Told::Gone(lane));
            }
        }
    }

    /// When it wants to be asked for a packet though nothing happens, us.
    pub(crate) fn due_us(&self) -> Option<u64> {
        let turn_us = self.turn.as_ref().map_or(0, Turn::next_us);
        self.wants_us().map(|at_us| at_us.max(turn_us))
    }

    /// When it has something to say, whosever turn it is, us.
    fn wants_us(&self) -> Option<u64> {
        let opening = self.may_open().then_some(self.openings.next_us);
        let answer = self.openings.answer.map(|_| 0);
        let up = self.up.as_ref();
        let sends = up.is_some_and(|up| up.flight.has_room() && up.outlets.values().any(Outlet::has_any));
        let handshake = match &self.handshake {
            Some(pieces) => pieces.due_us(),
            None => {
                self.wants_handshake().then(|| self.called_us.map_or(0, |at_us| at_us + 2 * self.answer_us()))
            }
        };
        let handshake = handshake.filter(|_| up.is_none());
        let over = self.handshake.as_ref().map(|pieces| pieces.heard_us + 32 * self.answer_us() + 1);
        let more = [opening, answer, handshake, over, sends.then_some(0)];
        let data = up.into_iter().flat_map(|up| [up.tell_us, up.flight.due_us()]);
        more.into_iter().chain(data).flatten().min()
    }
}

/// Fills a packet with fragments, the most urgent first; behind what is urgent goes nothing that is not.
fn fill(outlets: &mut BTreeMap<Lane, Outlet>, most: usize, body: &mut Vec<u8>) -> Vec<Fragment> {
    let mut found: Vec<(Lane, u64, Vec<u8>)> = Vec::new();
    let mut room = most;
    'packet: for lane in lanes::ALL {
        if !found.is_empty() && !lanes::is_urgent(lane) {
            break;
        }
        let Some(outlet) = outlets.get_mut(&lane) else { continue };
        while room >= LEAST
            && let Some((index, bytes, ends)) = outlet.fragment(room, found.is_empty())
        {
            let bytes = bytes.to_vec();
            room = room.saturating_sub(bytes.len() + 3);
            found.push((lane, index, bytes));
            if ends {
                break 'packet;
            }
        }
    }
    let count = found.len();
    let mut fragments = Vec::with_capacity(count);
    for (place, (lane, index, bytes)) in found.into_iter().enumerate() {
        let more = if place + 1 < count { MORE } else { 0 };
        let flags = more | lanes::code(lane);
        // What came was told with no lane; the first part takes it over.
        match body.first_mut().filter(|first| place == 0 && **first == TAKEN | NO_LANE) {
            Some(first) => *first = TAKEN | flags,
            None => body.push(flags),
        }
        body.push(index as u8);
        if more != 0 {
            body.push(bytes.len() as u8);
        }
        body.extend(bytes);
        fragments.push((lane, index));
    }
    fragments
}
