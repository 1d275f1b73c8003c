//! Judgement: what the judges are shown, and when.
//!
//! Safety all the time, a look at any moment, liveness once faults have stopped, everything at the end.

use std::collections::{BTreeMap, BTreeSet};

use detente_line::Line;
use detente_record::{Book, EntryRef, Party};

use super::{Tally, World, station_of};
use crate::judges::liveness::{self, Seen};
use crate::judges::reference::Reading;
use crate::judges::{Objection, Word, admission, authors, blame, blobs, folds, object, seals, theft, void};
use crate::liar::Liar;
use crate::station::restored;
use crate::store::Record;

impl World {
    /// Holds what a live line says to its record.
    pub(super) fn look(&mut self, party: Party) -> Word {
        let Some(station) = self.stations.get(&party) else { return Ok(()) };
        let Some(line) = &station.line else { return Ok(()) };
        let record = match station.store.whole() {
            Ok(record) => record,
            Err(what) => return object("books", format!("{}: {what}", self.court.party(party))),
        };
        let reading = Reading::new(&self.court.memorandum, &record);
        admission::nothing_is_written_before(&self.court, party, &reading)?;
        admission::nothing_is_owed_for_before(&self.court, line, &reading)?;
        theft::nothing_counts_beyond(&self.court, line, &reading)?;
        folds::follow(&self.court, line, &record, &reading, station.clock_ms(self.now_ms))
    }

    /// Every station, as liveness sees it.
    fn seen<'a>(&'a self, calm: &BTreeMap<Party, u64>, none: &'a BTreeSet<(EntryRef, u16)>) -> Vec<Seen<'a>> {
        let seen = self.stations.iter().map(|(party, station)| Seen {
            party: *party,
            record: &station.store.durable,
            line: station.line.as_ref(),
            reading: Reading::new(&self.court.memorandum, &station.store.durable),
            clock_ms: station.clock_ms(self.now_ms),
            rung: self.rung.get(party).unwrap_or(none),
            calm_ms: calm.get(party).copied().unwrap_or(0),
        });
        seen.collect()
    }

    /// Whether a liar has told parties different things, or a thief beside whom it has robbed.
    pub(super) fn has_forks(&self) -> bool {
        !self.court.stolen.is_empty() || self.liars.values().any(Liar::has_forked)
    }

    /// Who has lost everything, and waits for its books before it writes by itself (spec/keys.md §6).
    fn waiting(&self) -> BTreeSet<Party> {
        let waits = self.stations.iter().filter(|(_, of)| of.line.as_ref().is_some_and(Line::awaits_books));
        waits.map(|(party, _)| *party).collect()
    }

    /// Liveness, which may yet come true: the inner word.
    pub(super) fn judge_liveness(&self, calm: &BTreeMap<Party, u64>) -> Result<Word, Objection> {
        let none = BTreeSet::new();
        let seen = self.seen(calm, &none);
        let gone = liveness::gone(&self.court, &seen);
        let seen: Vec<Seen<'_>> = seen.into_iter().filter(|station| !gone.contains(&station.party)).collect();
        let forked = |book: Book| {
            self.court.is_stolen(book) || self.liars.get(&book.party).is_some_and(Liar::has_forked)
        };
        let clocks_agree = self.scenario.jump_ms == 0;
        let forgetful: BTreeSet<Party> = self
            .stations
            .iter()
            .filter(|(party, station)| station.is_forgetful() || gone.contains(party))
            .map(|(party, _)| *party)
            .collect();
        let waiting = self.waiting();
        let mut silent: BTreeSet<Party> = gone.union(&waiting).copied().collect();
        if self.watched.is_some() {
            // Where circuits are narrow, books take long to come back to whoever has lost them, and until then it writes nothing.
            silent.extend(self.stations.iter().filter(|(_, station)| station.lost).map(|(party, _)| *party));
        }
        let asked = || -> Word {
            if let Some(party) =
                waiting.difference(&gone).next().filter(|_| self.liars.is_empty() && self.thieves.is_empty())
            {
                let who = self.court.party(*party);
                return object("liveness", format!("{who} waits for books that nobody keeps from it"));
            }
            if let Some((party, _)) =
                self.stations.iter().find(|(_, station)| station.store.newest().is_some())
            {
                return object(
                    "liveness",
                    format!("{} never has everything durable", self.court.party(*party)),
                );
            }
            let due = |book, size| match &self.watched {
                Some(watched) => watched.due(book, size, self.now_ms),
                None => size,
            };
            liveness::mirrors_are_equal(&self.court, &seen, forked, due)?;
            liveness::receipts_get_round(&self.court, &seen, &forgetful, forked, due)?;
            if let Some(watched) = &self.watched {
                watched.flash_has_come(&self.court, &seen, self.now_ms)?;
            }
            liveness::clocks_have_rung(&self.court, &seen, &gone)?;
            if self.scenario.quota == 0 {
                liveness::motions_are_decided(&self.court, &seen, &waiting)?;
            }
            if self.scenario.quota == 0 && clocks_agree {
                for station in seen.iter().filter(|station| !waiting.contains(&station.party)) {
                    seals::have_been_made(&self.court, station.party, &station.reading, station.clock_ms)?;
                }
            }
            let held = self.stations.iter().filter(|(party, _)| !gone.contains(party));
            let held = held.filter_map(|(party, of)| Some((*party, (of.line.as_ref()?, &of.folder))));
            blobs::get_round(&self.court, &held.collect(), self.scenario.quota == 0)?;
            let stores: Vec<_> = seen.iter().map(|station| (station.party, station.record)).collect();
            blame::forks_are_found(&self.court, &stores)
        };
        if clocks_agree && self.scenario.quota == 0 && !self.has_forks() {
            liveness::tests_are_answered(&self.court, &seen, &silent, self.longer_ms())?;
        }
        Ok(asked())
    }

    /// Everything that is judged once, when all is quiet.
    pub(super) fn judge_the_end(&mut self) -> Result<Tally, Objection> {
        for (kind, count) in self.happened.kinds() {
            self.marks.add(format!("happening: {kind}"), count);
        }
        let mut tally = Tally {
            deaths: self.deaths,
            happenings: self.happened.all(),
            marks: core::mem::take(&mut self.marks),
            ..Tally::default()
        };
        for party in self.court.honest.clone() {
            let station = station_of(&self.stations, party)?;
            let record = &station.store.durable;
            let clock_ms = station.clock_ms(self.now_ms);
            self.books.kept(&self.court, party, record, station.store.was_restored())?;
            self.receipts.stored(&self.court, party, record)?;
            self.void.stays(&self.court, party, record)?;
            blobs::words_are_true(&self.court, party, record, &station.folder)?;
            let reading = Reading::new(&self.court.memorandum, record);
            let once = !station.store.was_restored();
            let said = authors::Author { party, once, rank: station.rank };
            authors::keep_the_rules(&self.court, said, record, &reading, &mut self.receipts)?;
            seals::are_called_for(&self.court, party, record, &reading, &mut self.receipts, once)?;
            admission::nothing_is_written_before(&self.court, party, &reading)?;
            if let Some(line) = &station.line {
                admission::nothing_is_owed_for_before(&self.court, line, &reading)?;
                theft::nothing_counts_beyond(&self.court, line, &reading)?;
                theft::receipts_count(&self.court, line, record, &reading)?;
            }
            if let Some(rank) = station.compromise.filter(|_| once) {
                theft::reach_is_receipted(&self.court, party, rank, record, &reading)?;
            }
            if !self.court.is_founder(party) && reading.has_been_admitted(party, &reading.judged_acts()) {
                tally.admitted += 1;
            }
            let Some(line) = &station.line else { continue };
            folds::follow(&self.court, line, record, &reading, clock_ms)?;
            for snapshot in [record.snapshot.clone(), None] {
                let record = Record { snapshot, ..record.clone() };
                match restored(&self.court.memorandum, station.speaks(), &record) {
                    Ok(again) => {
                        folds::rebuilt(&self.court, line, &again, clock_ms)?;
                        void::read_again(&self.court, &again, &record)?;
                    }
                    Err(fault) => {
                        let who = self.court.party(party);
                        return object("folds", format!("{who} cannot be restored: {fault}"));
                    }
                }
            }
            let others = self.stations.iter().filter(|_| !self.has_forks());
            for (other, station) in others {
                let Some(of_other) = &station.line else { continue };
                folds::equal(&self.court, line, of_other, clock_ms)?;
                let judged = of_other.held().into_iter().map(|held| (held.book, held.judged)).collect();
                let other = (*other, &station.store.durable);
                void::alike(&self.court, (party, record), other, &judged)?;
            }
            tally.breaches += record.evidence.len() as u64;
            let own = record.entries.iter().filter(|(book, _)| book.party == party);
            tally.entries += own.map(|(_, entries)| entries.len() as u64).sum::<u64>();
        }
        Ok(tally)
    }
}
