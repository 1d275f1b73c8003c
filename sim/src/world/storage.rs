//! What befalls a store beside a plain death: a sync that fails, a disk that is full for a while, rows that rot, writes that were said
//! to be durable and are not, and a newer program that does not read the state which the older one kept.
//!
//! The real store marks every row with a checksum and notices what rots (station/src/store); its operator moves it away and
//! starts anew. That writes were lost which the disk had confirmed it cannot notice: then its party is in two places, like one whose keys
//! are stolen, and what is promised of that is judged (TRUST.md).

use detente_record::{Cut, Party};

use super::{Happening, World};
use crate::judges::Stolen;
use crate::story;

impl World {
    /// Whether one of these faults strikes, of a thousand chances so many; of none nothing is drawn.
    fn befalls(&mut self, often: u64) -> bool {
        often > 0 && !self.calm && self.rng.chance(often)
    }

    /// A sync may fail: nothing syncs again in that life, which is over.
    pub(super) fn sync_fails(&mut self, party: Party) -> bool {
        let fails = self.befalls(self.scenario.storage.sync_fails);
        if fails {
            self.marks.note("store: a sync fails");
            self.tell(|m| format!("{}'s sync fails", story::party(m, party)));
        }
        fails
    }

    /// How long a sync takes, ms: one for which there is no room waits until there is.
    pub(super) fn sync_takes_ms(&mut self) -> u64 {
        if self.befalls(self.scenario.storage.full) {
            self.marks.note("store: the disk is full for a while");
            return self.rng.within(5_000, 90_000);
        }
        self.rng.within(1, self.fsync_ms)
    }

    /// What may have become of a store while its station was dead. Says whether it is not what it was.
    pub(super) fn rots(&mut self, party: Party) -> bool {
        let faults = self.scenario.storage;
        if self.befalls(faults.upgrade) {
            self.marks.note("store: another version does not read the kept state");
            if let Some(station) = self.stations.get_mut(&party) {
                station.store.durable.snapshot = None;
            }
        }
        if self.befalls(faults.rot)
            && let Some(station) = self.stations.get_mut(&party)
        {
            station.store.move_away();
            self.marks.note("store: what has rotted is moved away");
            self.tell(|m| format!("{}'s store has rotted, and is moved away", story::party(m, party)));
            return true;
        }
        self.loses_writes(party)
    }

    /// The disk had said that writes were durable, and of some there is nothing left: of one table more than of another. Once in a run,
    /// where nobody is robbed.
    fn loses_writes(&mut self, party: Party) -> bool {
        let often = self.scenario.storage.lost_writes;
        if self.scenario.thief.is_some() || !self.court.stolen.is_empty() || !self.befalls(often) {
            return false;
        }
        let Some(station) = self.stations.get_mut(&party).filter(|of| of.rank == 0) else { return false };
        let lost = station.store.lose_writes(&mut self.rng);
        let (rank, record) = (station.rank, &station.store.durable);
        let own = record.entries.iter().filter(|(book, _)| (book.party, book.rank()) == (party, rank));
        let written: Cut = own.map(|(book, entries)| (*book, entries.len() as u64)).collect();
        self.court.stolen.insert(party, Stolen { rank, written });
        self.marks.note("store: confirmed writes are lost");
        self.tell(|m| format!("{}'s store has lost {lost} rows that were durable", story::party(m, party)));
        let known = self.rng.within(5_000, self.scenario.faults_ms);
        self.after(known, Happening::Known(party));
        true
    }
}
