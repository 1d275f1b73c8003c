//! Thefts: somebody copies an honest party's keys and record, and speaks in its name beside it, until the party knows and renews
//! its keys.

use detente_record::{Book, Class, Cut, Party};

use super::{Happening, World};
use crate::circuit::Circuit;
use crate::judges::{Stolen, Word};
use crate::liar::Liar;
use crate::story;

impl World {
    /// Lays out a theft, where there is to be one.
    pub(super) fn plan_theft(&mut self) {
        if self.scenario.thief.is_none() {
            return;
        }
        let honest = self.court.honest.clone();
        if let Some(party) = self.rng.pick(&honest).copied() {
            let theft = self.rng.below(self.scenario.faults_ms * 2 / 3);
            self.after(theft, Happening::Theft(party));
        }
    }

    /// Somebody copies a party's keys and what its station has durable; from then on there are two who can speak for it.
    pub(super) fn steal(&mut self, party: Party) {
        let Some(lies) = self.scenario.thief.filter(|_| !self.calm) else { return };
        let Some(station) = self.stations.get(&party) else { return };
        let (rank, record) = (station.rank, &station.store.durable);
        let has_opened = |class: &Class| {
            record.entries.keys().any(|of| (of.party, of.class, of.rank()) == (party, *class, rank))
        };
        if station.line.is_none() || rank > 0 && !Class::ALL.iter().all(has_opened) {
            return self.after(5_000, Happening::Theft(party));
        }
        let own = record.entries.iter().filter(|(book, _)| (book.party, book.rank()) == (party, rank));
        let written: Cut = own.map(|(book, entries)| (*book, entries.len() as u64)).collect();
        let (memorandum, roll) = (self.court.memorandum.clone(), self.court.roll.clone());
        let keys = station.keys.of_rank(rank);
        let mut thief = Liar::new(keys, memorandum, roll, lies, self.rng.fork());
        thief.takes_over(rank, record);
        self.thieves.insert(party, thief);
        self.court.stolen.insert(party, Stolen { rank, written });
        self.tell(|m| format!("somebody has {}'s keys of rank {rank}", story::party(m, party)));
        let others: Vec<Party> = self.stations.keys().chain(self.liars.keys()).copied().collect();
        for other in others.into_iter().filter(|other| *other != party) {
            let dial = self.rng.below(20_000);
            self.after(dial, Happening::Mask(party, other));
        }
        self.after(2_000, Happening::Plunder(party));
        let known = self.rng.within(5_000, self.scenario.faults_ms);
        self.after(known, Happening::Known(party));
    }

    /// A thief tries for a circuit, in its victim's name.
    pub(super) fn mask(&mut self, victim: Party, other: Party) {
        let again = self.rng.within(2_000, 30_000);
        if !self.is_there(other) || !self.knows_by_key(other, victim) {
            return self.after(again, Happening::Mask(victim, other));
        }
        self.last_circuit += 1;
        let id = self.last_circuit;
        let mut circuit = Circuit::new([victim, other], 0, &mut self.rng);
        circuit.thief = Some(0);
        self.circuits.insert(id, circuit);
        for side in 0..2 {
            let up = self.rng.below(200);
            self.after(up, Happening::Up(id, side));
        }
        if self.faults.life_ms > 0 && !self.calm {
            let life = self.rng.until(self.faults.life_ms);
            self.after(life, Happening::Cut(id));
        }
        self.tell(|m| {
            let (victim, other) = (story::party(m, victim), story::party(m, other));
            format!("circuit {id} between a thief as {victim} and {other}")
        });
    }

    /// A thief does something, and will again while there are faults.
    pub(super) fn plunder(&mut self, victim: Party) {
        let now_ms = self.now_ms;
        let sent = self.thieves.get_mut(&victim).map(|thief| thief.acts(now_ms)).unwrap_or_default();
        self.liar_sends(victim, sent);
        if !self.calm {
            let next = self.rng.until(6_000);
            self.after(next, Happening::Plunder(victim));
        }
    }

    /// A party comes to know that somebody else has its keys: its station ends, and goes on with others.
    pub(super) fn known(&mut self, victim: Party) -> Word {
        let Some(stolen) = self.court.stolen.get(&victim) else { return Ok(()) };
        let Some(station) = self.stations.get_mut(&victim).filter(|of| of.rank == stolen.rank) else {
            return Ok(());
        };
        station.is_robbed = true;
        if station.line.is_some() {
            return self.die(victim);
        }
        self.renew(victim);
        Ok(())
    }

    /// Where a party that was robbed says that its keys' reach ends: nowhere before what it holds, or where it was when they were
    /// stolen.
    pub(super) fn says_reach(&mut self, victim: Party) {
        if self.rng.chance(600) {
            return;
        }
        let Some(stolen) = self.court.stolen.get(&victim) else { return };
        let first = u16::from(stolen.rank) * Book::GENERATIONS_OF_A_RANK;
        let last = |class: Class| {
            let of = stolen.written.iter().rfind(|(book, _)| book.class == class);
            of.map_or((first, 0), |(book, size)| (book.generation, *size))
        };
        let reach = Class::ALL.into_iter().map(|class| (class, last(class))).collect();
        if let Some(station) = self.stations.get_mut(&victim) {
            station.reach = reach;
        }
    }
}
