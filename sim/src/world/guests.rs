//! Guests: parties that founded nothing. Somebody moves that one be let in; it sets up its station on the founding
//! memorandum and the one that was moved, and is called by nobody who has not heard of it: its key is unknown there.
//!
//! Where some founders are apart, a guest has a circuit with one of them alone, who carries everything.

use detente_line::{Content, Matter, Memorandum};
use detente_record::Party;

use super::{Happening, World};
use crate::judges::Word;
use crate::liar::Liar;
use crate::station::Station;
use crate::story;

/// How long a guest takes at most to set up its station once it is moved that it be let in, ms.
const SETTLES_MS: u64 = 20_000;

impl World {
    /// Whether a party of the founding memorandum has a number.
    pub(super) fn is_founding_number(&self, number: u8) -> bool {
        self.court.memorandum.terms().parties.iter().any(|party| party.number == number)
    }

    /// Whether a party has a key to know another by; whoever lies has them all.
    pub(super) fn knows_by_key(&self, party: Party, other: Party) -> bool {
        self.court.is_founder(other) && self.court.is_founder(party)
            || self.liars.contains_key(&party)
            || self.stations.get(&party).is_some_and(|station| station.names(other))
    }

    /// Whom an officer asks to let in hears of it, whatever becomes of the motion.
    pub(super) fn invites(&mut self, content: &Content) {
        let Content::Motion { matter: Matter::Amend(moved), .. } = content else { return };
        let guests: Vec<Party> = moved.parties().filter(|party| !self.court.is_founder(*party)).collect();
        for guest in guests {
            let settles = self.rng.below(SETTLES_MS);
            self.after(settles, Happening::Settle(guest, Box::new((**moved).clone())));
        }
    }

    /// A guest sets up its station, or begins to lie, unless it has.
    pub(super) fn settle(&mut self, party: Party, enrolling: Memorandum) -> Word {
        if self.stations.contains_key(&party) || self.liars.contains_key(&party) {
            return Ok(());
        }
        let Some(keys) = self.court.keys_of(party).cloned() else { return Ok(()) };
        self.tell(|m| format!("{} sets up its station", story::party(m, party)));
        let everybody: Vec<Party> = self.court.roll.parties().collect();
        let lies = everybody.iter().rev().take(self.scenario.lying_guests).any(|liar| *liar == party);
        let others: Vec<Party> = self.stations.keys().chain(self.liars.keys()).copied().collect();
        if lies {
            let (memorandum, roll) = (self.court.memorandum.clone(), self.court.roll.clone());
            let liar = Liar::new(keys, memorandum, roll, self.scenario.guest_lies, self.rng.fork());
            self.liars.insert(party, liar);
            self.after(2_000, Happening::Lie(party));
        } else {
            self.stations.insert(party, Station::new(keys, Some(enrolling)));
            self.court.honest.push(party);
            self.after(1, Happening::Start(party));
            self.busy(party);
        }
        let founders: Vec<Party> = self.court.memorandum.parties().collect();
        let lone = self.rng.pick(&founders).copied().filter(|_| self.scenario.apart);
        for other in others.into_iter().filter(|other| lone.is_none_or(|lone| lone == *other)) {
            for slot in 0..self.scenario.circuits {
                let dial = self.rng.below(2_000);
                self.after(dial, Happening::Dial(other.min(party), other.max(party), slot));
            }
        }
        Ok(())
    }
}
