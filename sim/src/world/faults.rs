//! Faults: stations that die and are restored, clocks that jump, parties that are parted; and their end.

use std::collections::BTreeSet;

use detente_line::CircuitId;
use detente_record::Party;

use super::{Happening, World, station_of};
use crate::judges::Word;
use crate::scenario::{CircuitFaults, MOST_RANKS};
use crate::station::Deed;
use crate::story;

impl World {
    /// A station is to die, at once or between two of its next effects.
    pub(super) fn kill(&mut self, party: Party) -> Word {
        if self.calm {
            return Ok(());
        }
        let next = self.rng.until(self.scenario.crash_ms);
        self.after(next, Happening::Kill(party));
        let effects = self.rng.below(12);
        let Some(station) = self.stations.get_mut(&party).filter(|station| station.line.is_some()) else {
            return Ok(());
        };
        if self.scenario.crash_between_effects {
            station.dies_in = Some(effects);
            return Ok(());
        }
        self.die(party)
    }

    /// A station dies: its circuits break, its store keeps what was durable or is replaced by an older copy.
    pub(super) fn die(&mut self, party: Party) -> Word {
        let Some(station) = self.stations.get_mut(&party) else { return Ok(()) };
        (station.line, station.dies_in) = (None, None);
        let survived = station.store.die(&mut self.rng);
        station.folder.die(&mut self.rng);
        self.persist(party, u64::MAX)?;
        self.deaths += 1;
        self.marks.note(if survived == 0 {
            "store: a death"
        } else {
            "store: a death leaves what was not durable"
        });
        self.tell(|m| {
            format!("{} dies; {survived} batches survive that were not durable", story::party(m, party))
        });
        let record = &station_of(&self.stations, party)?.store.durable;
        self.books.durable(&self.court, party, record)?;
        self.void.stays(&self.court, party, record)?;
        if self.rng.chance(self.scenario.restored)
            && let Some(station) = self.stations.get_mut(&party)
            && station.store.restore_copy()
        {
            self.forget(party);
            self.marks.note("store: restored from a copy");
            self.tell(|m| format!("{}'s store is restored from a copy", story::party(m, party)));
        }
        if self.rots(party) {
            self.forget(party);
        }
        self.renew(party);
        let circuits: Vec<(CircuitId, usize)> =
            self.circuits.iter().filter_map(|(id, circuit)| Some((*id, circuit.side(party)?))).collect();
        let thieves = |of: &World, id, side| of.circuits.get(&id).is_some_and(|of| of.thief == Some(side));
        for (id, side) in circuits {
            if thieves(self, id, side) {
                continue;
            }
            if let Some(up) = self.circuits.get_mut(&id).and_then(|circuit| circuit.up.get_mut(side)) {
                *up = false;
            }
            self.cut(id, 20_000);
        }
        let again = self.rng.within(100, 20_000);
        self.after(again, Happening::Start(party));
        Ok(())
    }

    /// A station's store is not what it was: it is looked at anew.
    pub(super) fn forget(&mut self, party: Party) {
        self.books.restored(party);
        self.receipts.restored(party);
        self.void.restored(party);
        self.given.restored(party);
    }

    /// A station that has died may go on with new keys, and does where it has been robbed; of the old machine there may be nothing
    /// left.
    pub(super) fn renew(&mut self, party: Party) {
        let Some(station) = self.stations.get(&party) else { return };
        let (is_robbed, rank) = (station.is_robbed, station.rank);
        let (often, losing) = self.scenario.renewals;
        // The last one is kept for whoever is robbed.
        if !is_robbed && (often == 0 || !self.rng.chance(often)) {
            return;
        }
        let lost = self.rng.chance(if is_robbed { 200 } else { losing });
        if !is_robbed && rank + 1 >= MOST_RANKS {
            return;
        }
        let Some(station) = self.stations.get_mut(&party) else { return };
        station.rank += 1;
        station.lost = lost;
        station.reach.clear();
        if is_robbed {
            (station.is_robbed, station.compromise) = (false, Some(rank + 1));
        }
        if lost {
            station.store.lose();
            self.marks.note("store: lost with its machine");
            self.forget(party);
        }
        if is_robbed {
            self.says_reach(party);
        }
        self.tell(|m| {
            let what = if lost { "new keys and nothing else" } else { "new keys" };
            format!("{} comes to {what}", story::party(m, party))
        });
    }

    /// A station's clock jumps.
    pub(super) fn jump(&mut self, party: Party) -> Word {
        if self.calm {
            return Ok(());
        }
        let next = self.rng.until(self.scenario.jump_ms);
        self.after(next, Happening::Jump(party));
        let far = self.rng.below(2 * self.scenario.jump_by_ms) as i64 - self.scenario.jump_by_ms as i64;
        // Half of the jumps bring the clock back to the truth.
        let ahead_ms = if self.rng.chance(500) { 0 } else { far };
        self.set_clock(party, ahead_ms)
    }

    /// Sets how far a station's clock is ahead; what it asked to be woken for comes sooner or later.
    fn set_clock(&mut self, party: Party, ahead_ms: i64) -> Word {
        let Some(station) = self.stations.get_mut(&party) else { return Ok(()) };
        station.ahead_ms = ahead_ms;
        self.tell(|m| format!("{}'s clock is {ahead_ms} ms ahead", story::party(m, party)));
        let Some(station) = self.stations.get(&party) else { return Ok(()) };
        match station.wake_ms {
            Some(at_ms) => self.carry_out(party, Deed::WakeAt(at_ms)),
            None => Ok(()),
        }
    }

    /// Some parties are parted from the others for a while.
    pub(super) fn part(&mut self) {
        if self.calm {
            return;
        }
        let next = self.rng.until(self.scenario.partition_ms);
        self.after(next, Happening::Part);
        let parties: Vec<Party> = self.court.roll.parties().collect();
        let until = self.now_ms + self.rng.within(2_000, 60_000);
        let side: BTreeSet<Party> = parties.iter().copied().filter(|_| self.rng.chance(500)).collect();
        let splits = |one: &Party, other: &Party| side.contains(one) != side.contains(other);
        for (place, one) in parties.iter().enumerate() {
            for other in parties.iter().skip(place + 1).filter(|other| splits(one, other)) {
                self.parted.insert((*one, *other), until);
            }
        }
        let cut: Vec<CircuitId> = self
            .circuits
            .iter()
            .filter(|(_, circuit)| splits(&circuit.ends[0], &circuit.ends[1]))
            .map(|(id, _)| *id)
            .collect();
        for id in cut {
            self.cut(id, 30_000);
        }
        self.tell(|m| {
            let side: Vec<String> = side.iter().map(|party| story::party(m, *party)).collect();
            format!("{} parted from the others", side.join(" and "))
        });
    }

    /// Faults stop: the dead start, half of the clocks that were set back go on from the latest time they showed,
    /// circuits come back.
    pub(super) fn make_calm(&mut self) -> Word {
        self.calm = true;
        self.faults = CircuitFaults::default();
        self.fsync_ms = 20;
        self.tell(|_| "faults stop".into());
        for circuit in self.circuits.values_mut() {
            circuit.calm();
        }
        self.leave_narrow();
        for party in self.court.honest.clone() {
            if let Some(station) = self.stations.get_mut(&party) {
                station.dies_in = None;
            }
            self.known(party)?;
            let latest = self.latest_ms.get(&party).copied().unwrap_or(0);
            let goes_on = self.rng.chance(500);
            let clock = self.stations.get(&party).map_or(0, |station| station.clock_ms(self.now_ms));
            if clock < latest && goes_on {
                self.set_clock(party, latest as i64 - self.now_ms as i64)?;
            }
            self.start(party)?;
        }
        Ok(())
    }
}
