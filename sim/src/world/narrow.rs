//! Narrow circuits and relays in the world: which circuits are so, what is said on them, and FLASH in the calm.

use detente_line::frame::Frame;
use detente_line::{Agreed, CircuitId, Command, Content, Draft, Event, Lane, Message};
use detente_record::{Class, Cut, Party};

use super::{Happening, World, station_of};
use crate::circuit::Circuit;
use crate::judges::{self, Word};
use crate::narrow::{Gone, Narrow};
use crate::scenario::SerialFaults;

/// How long after faults have stopped the first officer has something urgent to say, and each further one, ms.
const FLASH_AFTER_MS: u64 = 150_000;

impl World {
    /// A circuit becomes what its slot is.
    pub(super) fn kind_of(&mut self, mut circuit: Circuit) -> Circuit {
        let Some(kinds) = self.scenario.narrow else { return circuit };
        if kinds.is_narrow(circuit.slot, self.scenario.circuits) {
            let [one, other] = circuit.ends;
            let says = |of: Party, to: Party| Some(self.stations.get(&of)?.line.as_ref()?.agreed(to));
            let agreed = says(one, other).filter(|says| *says != Agreed::default());
            let agreed = agreed.is_some() && agreed == says(other, one);
            circuit.narrow = Some(Narrow::new(&kinds.faults, agreed, self.calm, &mut self.rng));
        } else if circuit.slot == 0 && !self.calm {
            circuit.relayed = Some(kinds);
        }
        circuit
    }

    /// Whether a slot has no circuits any more once faults have stopped.
    pub(super) fn is_left_out(&self, slot: u64) -> bool {
        self.scenario.narrow.is_some_and(|kinds| kinds.left && !kinds.is_narrow(slot, self.scenario.circuits))
    }

    /// Faults stop: where narrow circuits are all that is left, the others break for good.
    pub(super) fn leave_narrow(&mut self) {
        let others = self.circuits.iter().filter(|(_, circuit)| self.is_left_out(circuit.slot));
        let others: Vec<CircuitId> = others.map(|(id, _)| *id).collect();
        for id in others {
            self.cut(id, 500);
        }
    }

    fn faults_of_narrow(&self) -> SerialFaults {
        let faults = self.scenario.narrow.map(|kinds| kinds.faults);
        let faults = faults.unwrap_or(SerialFaults { rate: 1, fragment: 1, lost: 0, dark: 0, slower: 0 });
        if self.calm { SerialFaults { lost: 0, dark: 0, slower: 0, ..faults } } else { faults }
    }

    /// Puts frames in a lane of a narrow circuit.
    pub(super) fn put(
        &mut self,
        id: CircuitId,
        side: usize,
        lane: Lane,
        frames: Vec<Vec<u8>>,
        gone: Option<Gone>,
    ) {
        if let Some(narrow) = self.circuits.get_mut(&id).and_then(|circuit| circuit.narrow.as_mut()) {
            narrow.put(side, lane, frames, gone);
            self.speak(id, side);
        }
    }

    /// What nobody is told about goes in the lane that is its own.
    pub(super) fn says_narrow(&mut self, id: CircuitId, side: usize, frame: Vec<u8>) {
        let lane = match Frame::decode(&frame) {
            Ok(Frame::Step { book, .. }) => book.class.into(),
            Ok(Frame::Part { .. } | Frame::CourierKey(_)) => Lane::Part,
            _ => Lane::Word,
        };
        self.put(id, side, lane, vec![frame], None);
    }

    fn speak(&mut self, id: CircuitId, side: usize) {
        let narrow = self.circuits.get_mut(&id).and_then(|circuit| circuit.narrow.as_mut());
        if let Some(takes_ms) = narrow.and_then(|narrow| narrow.begin(side)) {
            self.after(takes_ms, Happening::Spoken(id, side));
        }
    }

    /// A fragment has been said.
    pub(super) fn spoken(&mut self, id: CircuitId, side: usize) -> Word {
        let (now_ms, faults) = (self.now_ms, self.faults_of_narrow());
        let Some(circuit) = self.circuits.get_mut(&id).filter(|circuit| !circuit.broken) else {
            return Ok(());
        };
        let latency_ms = circuit.latency_ms();
        let Some(narrow) = &mut circuit.narrow else { return Ok(()) };
        let spoken = narrow.spoken(side, now_ms, &faults, &mut self.rng);
        if spoken.breaks {
            self.cut(id, 5_000);
            return Ok(());
        }
        if let Some(frame) = spoken.frame {
            // An end hears nothing before it has learnt, within 200 ms, that there is a circuit.
            self.after(latency_ms + 200, Happening::Arrive(id, 1 - side, frame));
        }
        if let Some((lane, (life, reached))) = spoken.gone {
            self.taken(id, side, life, lane, reached)?;
        }
        self.speak(id, side);
        Ok(())
    }

    /// Holds what goes on a narrow circuit to what should go before it, and what goes ahead to the record.
    pub(super) fn flash_goes_first(
        &self,
        party: Party,
        id: CircuitId,
        side: usize,
        lane: Lane,
        frames: &[Vec<u8>],
    ) -> Word {
        let Some(circuit) = self.circuits.get(&id) else { return Ok(()) };
        let Some(narrow) = &circuit.narrow else { return Ok(()) };
        let station = station_of(&self.stations, party)?;
        for frame in frames {
            judges::narrow::ahead_is_the_record(&self.court, party, &station.store.durable, frame)?;
        }
        let is_step = matches!(lane, Lane::O | Lane::P | Lane::R | Lane::Part);
        if frames.is_empty() || !is_step {
            return Ok(());
        }
        let none = Cut::new();
        let Some(peer) = self.peer_of(id, side) else { return Ok(()) };
        // Whoever is a member no more is not given all there is.
        let at_the_end = circuit.ends.get(1 - side).copied();
        if at_the_end
            .is_some_and(|peer| station.line.as_ref().is_some_and(|line| line.parted(peer).is_some()))
        {
            return Ok(());
        }
        let sent = self.sent.get(&(id, side)).unwrap_or(&none);
        let busy = |class: Class| narrow.is_busy(side, class.into());
        judges::narrow::flash_goes_first(&self.court, party, &station.store.durable, sent, peer, busy)
    }

    /// Every station's officer is to have something urgent to say, one after the other.
    pub(super) fn flash_in_calm(&mut self) {
        if self.watched.is_none() {
            return;
        }
        for (place, party) in (1..).zip(self.court.honest.clone()) {
            self.after(place * FLASH_AFTER_MS, Happening::Flash(party));
        }
    }

    /// A station's officer has something urgent to say.
    pub(super) fn flash(&mut self, party: Party) -> Word {
        let id = self.queued;
        if let Some(watched) = &mut self.watched {
            watched.asked(id);
        }
        let content = Content::Message(Message { text: "Cease, at once.".into(), ..Message::default() });
        let draft = Draft::of(Some(Class::Z), content);
        self.input(party, Event::Command { id, command: Command::Write(draft) })
    }
}
