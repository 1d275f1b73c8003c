//! Traffic: circuits that come up and break, and what becomes of the frames on them.
//!
//! Each end of a circuit learns by itself, and later, that it is up or down; what arrives before or after that
//! is not heard. Liars are at the other end like anybody else, and say what they like.

use detente_line::{CircuitId, Event, Lane};
use detente_record::{Book, Party};

use super::{Happening, World};
use crate::circuit::Circuit;
use crate::judges::Word;
use crate::liar::Liar;
use crate::story;

impl World {
    /// Whether somebody answers for a party.
    pub(super) fn is_there(&self, party: Party) -> bool {
        self.liars.contains_key(&party)
            || self.stations.get(&party).is_some_and(|station| station.line.is_some())
    }

    /// Two stations try for a circuit, and again later while they are parted or one of them is dead.
    pub(super) fn dial(&mut self, one: Party, other: Party, slot: u64) -> Word {
        if self.calm && self.is_left_out(slot) {
            return Ok(());
        }
        let parted = !self.calm && self.parted.get(&(one, other)).is_some_and(|until| *until > self.now_ms);
        let strangers = !self.knows_by_key(one, other) || !self.knows_by_key(other, one);
        if parted || !self.is_there(one) || !self.is_there(other) || strangers {
            let again = self.rng.within(300, 2_000);
            self.after(again, Happening::Dial(one, other, slot));
            return Ok(());
        }
        self.last_circuit += 1;
        let id = self.last_circuit;
        let circuit = Circuit::new([one, other], slot, &mut self.rng);
        let circuit = self.kind_of(circuit);
        self.circuits.insert(id, circuit);
        // Half-open: one end believes in it, the other never hears of it.
        let half = !self.calm && self.faults.stall > 0 && self.rng.chance(100);
        let lone = self.rng.below(2) as usize;
        for side in 0..2 {
            if half && side != lone {
                continue;
            }
            let up = self.rng.below(200);
            self.after(up, Happening::Up(id, side));
        }
        if half {
            self.cut(id, 40_000);
        } else if self.faults.life_ms > 0 && !self.calm {
            let life = self.rng.until(self.faults.life_ms);
            self.after(life, Happening::Cut(id));
        }
        self.tell(|m| {
            format!("circuit {id} between {} and {}", story::party(m, one), story::party(m, other))
        });
        Ok(())
    }

    /// The party at an end of a circuit that knows the circuit to be up.
    fn knows(&self, circuit: CircuitId, side: usize) -> Option<Party> {
        let circuit = self.circuits.get(&circuit)?;
        circuit.up.get(side).filter(|up| **up)?;
        circuit.ends.get(side).copied()
    }

    /// Who lies at an end of a circuit, if anybody: as a party, or in the name of one.
    fn liar_at(&mut self, id: CircuitId, side: usize) -> Option<&mut Liar> {
        let circuit = self.circuits.get(&id)?;
        let party = circuit.ends.get(side)?;
        match circuit.thief {
            Some(thief) if thief == side => self.thieves.get_mut(party),
            _ => self.liars.get_mut(party),
        }
    }

    /// An end learns that a circuit is up.
    pub(super) fn up(&mut self, id: CircuitId, side: usize) -> Word {
        let Some(circuit) = self.circuits.get_mut(&id) else { return Ok(()) };
        let (Some(party), Some(peer)) =
            (circuit.ends.get(side).copied(), circuit.ends.get(1 - side).copied())
        else {
            return Ok(());
        };
        let (cost_ms, thief) = (circuit.cost_ms, circuit.thief);
        let narrow = circuit.narrow.as_ref();
        let narrow = (narrow.map(|narrow| narrow.rate), narrow.is_some_and(|narrow| narrow.agreed));
        if thief != Some(side) && !self.is_there(party) {
            self.cut(id, 2_000);
            return Ok(());
        }
        if let Some(up) = self.circuits.get_mut(&id).and_then(|circuit| circuit.up.get_mut(side)) {
            *up = true;
        }
        if let Some(liar) = self.liar_at(id, side) {
            let sent = liar.up(id, peer);
            self.liar_sends(party, sent);
            return Ok(());
        }
        let rank = match thief {
            Some(_) => self.court.stolen.get(&peer).map_or(0, |stolen| stolen.rank),
            None => self.shown_by(peer, party),
        };
        let (rate, agreed) = narrow;
        self.input(party, Event::CircuitUp { circuit: id, peer, rank, cost_ms, rate, agreed })
    }

    /// The rank of the station key that a party shows to another: the last one that this one knows, if it still has that.
    fn shown_by(&self, party: Party, to: Party) -> u8 {
        let Some(station) = self.stations.get(&party) else { return 0 };
        let known = self.stations.get(&to).and_then(|to| Some(to.line.as_ref()?.rank(party)));
        match known {
            Some(known) if !station.lost => known.min(station.rank),
            _ => station.rank,
        }
    }

    /// The circuit has taken what one end put on it last.
    pub(super) fn taken(
        &mut self,
        circuit: CircuitId,
        side: usize,
        life: u64,
        lane: Lane,
        reached: Option<(Book, u64)>,
    ) -> Word {
        let Some(party) = self.knows(circuit, side) else { return Ok(()) };
        if let Some((book, size)) = reached {
            self.sent.entry((circuit, side)).or_default().insert(book, size);
        }
        if self.stations.get(&party).is_some_and(|station| station.life == life) {
            self.input(party, Event::Sent { circuit, lane, reached })?;
        }
        Ok(())
    }

    /// A circuit brings nothing any more; each end learns of it within a time.
    pub(super) fn cut(&mut self, id: CircuitId, within_ms: u64) {
        let within_ms = if self.calm { 500 } else { within_ms };
        let Some(circuit) = self.circuits.get_mut(&id) else { return };
        if core::mem::replace(&mut circuit.broken, true) {
            return;
        }
        for side in 0..2 {
            // Never before the end may have learnt that it was up.
            let down = 200 + self.rng.below(within_ms);
            self.after(down, Happening::Down(id, side));
        }
        self.tell(|_| format!("circuit {id} breaks"));
    }

    /// An end learns that a circuit is down; once both have, they try again.
    pub(super) fn down(&mut self, id: CircuitId, side: usize) -> Word {
        let knew = self.knows(id, side);
        let Some(circuit) = self.circuits.get_mut(&id) else { return Ok(()) };
        if let Some(up) = circuit.up.get_mut(side) {
            *up = false;
        }
        let over = circuit.broken && circuit.up == [false; 2];
        let (ends, slot, thief) = (circuit.ends, circuit.slot, circuit.thief);
        let lies = self.liar_at(id, side).map(|liar| liar.down(id)).is_some();
        if over {
            self.circuits.remove(&id);
            self.sent.retain(|(circuit, _), _| *circuit != id);
            if thief.is_some() {
                let again = self.rng.within(2_000, 30_000);
                self.after(again, Happening::Mask(ends[0], ends[1]));
            } else {
                let again = self.rng.within(100, 3_000);
                self.after(again, Happening::Dial(ends[0], ends[1], slot));
            }
        }
        if let Some(party) = knew.filter(|_| !lies) {
            return self.input(party, Event::CircuitDown { circuit: id });
        }
        Ok(())
    }

    /// A frame arrives at an end, which hears it if it knows the circuit to be up.
    pub(super) fn arrive(&mut self, id: CircuitId, side: usize, frame: Vec<u8>) -> Word {
        let Some(party) = self.knows(id, side) else { return Ok(()) };
        let now_ms = self.now_ms;
        if let Some(liar) = self.liar_at(id, side) {
            let sent = liar.received(id, &frame, now_ms);
            self.liar_sends(party, sent);
            return Ok(());
        }
        self.marks.frame(&frame);
        self.tell(|m| format!("  {} gets {} on {id}", story::party(m, party), story::frame(m, &frame)));
        self.input(party, Event::Received { circuit: id, frame })
    }

    /// A liar does something, and will again while there are faults.
    pub(super) fn lie(&mut self, party: Party) {
        let now_ms = self.now_ms;
        let sent = self.liars.get_mut(&party).map(|liar| liar.acts(now_ms)).unwrap_or_default();
        self.liar_sends(party, sent);
        if !self.calm {
            let next = self.rng.until(6_000);
            self.after(next, Happening::Lie(party));
        }
    }

    /// What a liar says goes on circuits as anything else does.
    pub(super) fn liar_sends(&mut self, party: Party, sent: Vec<(CircuitId, Vec<u8>)>) {
        for (id, frame) in sent {
            if let Some(side) = self.circuits.get(&id).and_then(|circuit| circuit.side(party)) {
                self.tell(|m| {
                    format!("{} (a liar) sends {} on {id}", story::party(m, party), story::frame(m, &frame))
                });
                self.carry(id, side, frame);
            }
        }
    }

    /// Puts a frame on a circuit; says when it is taken.
    pub(super) fn carry(&mut self, id: CircuitId, side: usize, frame: Vec<u8>) -> u64 {
        if self.circuits.get(&id).is_some_and(|circuit| circuit.narrow.is_some()) {
            self.says_narrow(id, side, frame);
            return self.now_ms;
        }
        let Some(circuit) = self.circuits.get_mut(&id) else { return self.now_ms };
        let passage = circuit.carry(side, frame, self.now_ms, &self.faults, &mut self.rng);
        for (at_ms, frame) in passage.arrivals {
            // An end hears nothing before it has learnt, within 200 ms, that there is a circuit.
            self.at(at_ms + 200, Happening::Arrive(id, 1 - side, frame));
        }
        if !passage.fate.is_empty() {
            self.tell(|_| format!("    on {id}:{}", passage.fate));
        }
        if passage.breaks {
            self.after(1_000, Happening::Cut(id));
        }
        passage.taken_ms
    }
}
