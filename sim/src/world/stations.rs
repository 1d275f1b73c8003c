//! Stations: their inputs and what follows from them, their stores, their officers.
//!
//! Whatever a station says aloud is judged when it says it, and whatever becomes durable when it does.

use detente_line::{BlobState, CircuitId, Command, Content, Event, Fork, Shown};
use detente_record::{Blob, Cut, Party};

use super::{Happening, World, station_of};
use crate::blobs;
use crate::judges::blame::Excused;
use crate::judges::reference::Reading;
use crate::judges::{self, Word, blame, object};
use crate::officer;
use crate::station::{Deed, Station};
use crate::store::Record;
use crate::story;

/// More calls of one life than this are a line that never rests.
const MAX_WOKEN: u64 = 50_000;

impl World {
    /// Gives a station one input, and performs what follows, in order, until it is done or dead.
    pub(super) fn input(&mut self, party: Party, event: Event) -> Word {
        let Some(station) = self.stations.get_mut(&party).filter(|station| station.line.is_some()) else {
            return Ok(());
        };
        let latest = self.latest_ms.entry(party).or_default();
        *latest = station.clock_ms(self.now_ms).max(*latest);
        station.input(self.now_ms, event, &mut self.rng);
        loop {
            let Some(station) = self.stations.get_mut(&party) else { return Ok(()) };
            if let Some(left) = &mut station.dies_in {
                if *left == 0 {
                    return self.die(party);
                }
                *left -= 1;
            }
            let circuits = &self.circuits;
            let deed = station.perform(|id| {
                let circuit = circuits.get(&id)?;
                circuit.ends.iter().copied().find(|end| *end != party)
            });
            let Some(deed) = deed else { return Ok(()) };
            self.carry_out(party, deed)?;
        }
    }

    /// Carries out what an effect comes to in the world.
    pub(super) fn carry_out(&mut self, party: Party, deed: Deed) -> Word {
        let Some(station) = self.stations.get_mut(&party) else { return Ok(()) };
        let life = station.life;
        match deed {
            Deed::Submitted => self.sync(party),
            Deed::WakeAt(at_ms) => {
                let at_ms = at_ms.max(station.clock_ms(self.now_ms) + 1);
                station.wake += 1;
                let wake = station.wake;
                let at_ms = at_ms.saturating_add_signed(-station.ahead_ms);
                self.at(at_ms, Happening::Woken(party, life, wake));
            }
            Deed::Put(id, lane, frames, reached) => {
                let Some(side) = self.circuits.get(&id).and_then(|circuit| circuit.side(party)) else {
                    return Ok(());
                };
                let mut taken_ms = self.now_ms;
                let is_narrow = self.circuits.get(&id).is_some_and(|circuit| circuit.narrow.is_some());
                self.flash_goes_first(party, id, side, lane, &frames)?;
                let mut narrow = Vec::new();
                for frame in frames {
                    if let Some(station) = self.stations.get(&party) {
                        self.receipts.said(
                            &self.court,
                            party,
                            &station.store.durable,
                            &frame,
                            station.is_forgetful(),
                        )?;
                    }
                    self.parts_go_last(party, id, side, &frame)?;
                    self.tell(|m| {
                        format!("{} sends {} on {id}", story::party(m, party), story::frame(m, &frame))
                    });
                    if is_narrow {
                        if let Some(watched) = &mut self.watched {
                            watched.said_ahead(&frame);
                        }
                        narrow.push(frame);
                    } else {
                        taken_ms = self.carry(id, side, frame).max(taken_ms);
                    }
                }
                if !narrow.is_empty() {
                    self.put(id, side, lane, narrow, Some((life, reached)));
                    return Ok(());
                }
                self.at(taken_ms, Happening::Taken(id, side, life, lane, reached));
            }
            Deed::Close(id, frame) => {
                let Some(side) = self.circuits.get(&id).and_then(|circuit| circuit.side(party)) else {
                    return Ok(());
                };
                self.tell(|m| format!("{} closes {id}", story::party(m, party)));
                if let Some(frame) = frame {
                    self.carry(id, side, frame);
                }
                self.after(1_000, Happening::Cut(id));
            }
            Deed::Compared(Ok(fork)) => {
                let takes = self.rng.within(1, 50);
                self.after(takes, Happening::Compared(party, life, Box::new(fork)));
            }
            Deed::Compared(Err(fault)) => {
                let who = self.court.party(party);
                return object("books", format!("{who} cannot compare what it holds: {fault}"));
            }
            Deed::Blob(blob, mut state) => {
                // Now and then a disk is full; in order, as the real one answers.
                if !self.calm && self.rng.chance(10) && matches!(state, BlobState::Kept { .. }) {
                    state = BlobState::NoRoom;
                }
                self.after(5, Happening::Blob(party, life, blob, state));
            }
            Deed::Shown(shown) => self.shown(party, shown)?,
        }
        Ok(())
    }

    /// An fsync begins, unless one is under way.
    pub(super) fn sync(&mut self, party: Party) {
        let Some(station) = self.stations.get_mut(&party) else { return };
        if let Some(seq) = station.store.newest().filter(|_| !station.store.syncing) {
            station.store.syncing = true;
            let life = station.life;
            let takes = self.sync_takes_ms();
            self.after(takes, Happening::Synced(party, life, seq));
        }
    }

    /// A station keeps its line's state, and will again while there are faults.
    pub(super) fn keep(&mut self, party: Party) {
        if !self.calm {
            let next = self.rng.until(self.scenario.snapshot_ms);
            self.after(next, Happening::Keep(party));
        }
        if self.stations.get_mut(&party).is_some_and(Station::keep) {
            self.tell(|m| format!("{} keeps its state", story::party(m, party)));
            self.sync(party);
        }
    }

    /// An fsync has ended: everything up to a batch is durable, judged, and told to the line.
    pub(super) fn synced(&mut self, party: Party, life: u64, seq: u64) -> Word {
        let Some(station) = self.stations.get_mut(&party).filter(|of| of.life == life && of.line.is_some())
        else {
            return Ok(());
        };
        station.store.syncing = false;
        if self.sync_fails(party) {
            return self.die(party);
        }
        self.persist(party, seq)?;
        let Some(station) = self.stations.get(&party) else { return Ok(()) };
        self.books.durable(&self.court, party, &station.store.durable)?;
        let forgetful = |party| self.stations.get(&party).is_some_and(Station::is_forgetful);
        let excused = Excused { forgetful: &forgetful, forked: self.has_forks() };
        let record = &station_of(&self.stations, party)?.store.durable;
        blame::honest_are_not_blamed(&self.court, party, record, &excused)?;
        if let Some(watched) = &mut self.watched {
            watched.durable(&self.court, party, record, self.now_ms)?;
        }
        self.tell(|m| format!("  {} has batch {seq} durable", story::party(m, party)));
        self.sync(party);
        self.input(party, Event::Durable { seq })
    }

    /// What was submitted becomes durable up to a batch, one after the other: a receipt is held to what was known when it was given.
    pub(super) fn persist(&mut self, party: Party, seq: u64) -> Word {
        while let Some(station) = self.stations.get_mut(&party) {
            match station.store.settle(seq) {
                Ok(true) => {}
                Ok(false) => break,
                Err(what) => return object("books", format!("{}: {what}", self.court.party(party))),
            }
            let record = &station.store.durable;
            let reaches = || Reading::new(&self.court.memorandum, record).reaches();
            self.given.durable(&self.court, party, record, reaches)?;
        }
        Ok(())
    }

    /// A station is woken, if it has not asked for another time since.
    pub(super) fn woken(&mut self, party: Party, life: u64, wake: u64) -> Word {
        let Some(station) = self.stations.get_mut(&party).filter(|of| of.life == life && of.wake == wake)
        else {
            return Ok(());
        };
        station.wake_ms = None;
        station.woken += 1;
        if station.woken > MAX_WOKEN {
            return object("liveness", format!("{} never rests", self.court.party(party)));
        }
        self.input(party, Event::Woken)
    }

    /// A station has compared a checkpoint with what it holds.
    pub(super) fn compared(&mut self, party: Party, life: u64, fork: Box<Fork>) -> Word {
        match self.stations.get(&party).filter(|of| of.life == life) {
            Some(_) => self.input(party, Event::Compared(fork)),
            None => Ok(()),
        }
    }

    /// A station's folder has answered.
    pub(super) fn blob(&mut self, party: Party, life: u64, blob: Blob, state: BlobState) -> Word {
        match self.stations.get(&party).filter(|of| of.life == life) {
            Some(_) => self.input(party, Event::Blob { blob, state }),
            None => Ok(()),
        }
    }

    /// Holds a part of a blob to go only when nothing that is urgent could.
    fn parts_go_last(&self, party: Party, id: CircuitId, side: usize, frame: &[u8]) -> Word {
        if self.circuits.get(&id).is_some_and(|circuit| circuit.narrow.is_some()) {
            // There something of each lane is under way.
            return Ok(());
        }
        let none = Cut::new();
        let record = &station_of(&self.stations, party)?.store.durable;
        let peer = self.peer_of(id, side);
        let sent = self.sent.get(&(id, side)).unwrap_or(&none);
        judges::blobs::flash_goes_first(&self.court, party, record, frame, sent, peer)
    }

    /// What the peer of an end of a circuit holds, if it is honest and has never held more.
    pub(super) fn peer_of(&self, id: CircuitId, side: usize) -> Option<&Record> {
        let peer = self.circuits.get(&id).and_then(|circuit| circuit.ends.get(1 - side));
        // Who was restored from a copy may hold less than it has said.
        // For whom somebody has spoken that had its keys, holds less than was said, too.
        let peer = peer.filter(|peer| !self.court.stolen.contains_key(peer));
        let peer = peer.and_then(|peer| self.stations.get(peer)).filter(|peer| !peer.store.was_restored());
        peer.map(|peer| &peer.store.durable)
    }

    /// An officer may bring files with a message.
    fn bring(&mut self, party: Party, content: &mut Content) -> Word {
        let Content::Message(message) = content else { return Ok(()) };
        if !self.rng.chance(self.scenario.files) {
            return Ok(());
        }
        for place in 0..self.rng.within(1, 2) {
            let (attachment, bytes) = blobs::file(&mut self.rng, format!("{place}.bin"));
            let blob = attachment.blob();
            self.brought.insert(blob);
            if let Some(station) = self.stations.get_mut(&party) {
                station.folder.bring(blob, bytes);
            }
            message.attachments.get_or_insert_default().push(attachment);
            self.input(party, Event::Blob { blob, state: BlobState::Whole })?;
        }
        Ok(())
    }

    /// A station's officer asks for something.
    pub(super) fn officer(&mut self, party: Party) -> Word {
        if self.calm {
            return Ok(());
        }
        let next = self.rng.until(self.scenario.officer_ms);
        self.after(next, Happening::Officer(party));
        let Some(station) = self.stations.get(&party) else { return Ok(()) };
        let Some(line) = &station.line else { return Ok(()) };
        let guests: Vec<_> =
            self.court.roll.everyone().filter(|of| !self.is_founding_number(of.number)).collect();
        let clock_ms = station.clock_ms(self.now_ms);
        let mut draft = officer::asks(line, clock_ms, &self.scenario, &guests, &mut self.rng);
        // One that forgets it now and then is refused by its own station.
        draft.second = (line.takes_two(&draft) && !self.queued.is_multiple_of(7)).then_some(1);
        self.bring(party, &mut draft.content)?;
        self.invites(&draft.content);
        let id = self.queued;
        self.tell(|m| {
            let regards: Vec<String> =
                draft.regards.iter().map(|subject| story::entry(m, *subject)).collect();
            let kind = draft.content.kind();
            format!("{}'s officer asks ({id}) for kind {kind} about {regards:?}", story::party(m, party))
        });
        self.input(party, Event::Command { id, command: Command::Write(draft) })
    }

    /// A station shows something.
    fn shown(&mut self, party: Party, shown: Shown) -> Word {
        self.marks.shown(&shown);
        self.tell(|m| format!("  {} shows {}", story::party(m, party), story::shown(m, &shown)));
        let Some(station) = self.stations.get(&party) else { return Ok(()) };
        match shown {
            Shown::Accepted { id, entry } => {
                if let Some(watched) = &mut self.watched {
                    watched.accepted(id, entry, self.now_ms);
                }
                self.books.accepted(&self.court, entry, &station.store.durable)
            }
            Shown::Blob { blob, fault: Some(fault) } if self.brought.contains(&blob) => {
                object("blobs", format!("{}: {fault}, of what is true", self.court.party(party)))
            }
            Shown::Overdue { entry, rank, .. } => {
                self.rung.entry(party).or_default().insert((entry, rank));
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// A station that is dead starts from its record.
    pub(super) fn start(&mut self, party: Party) -> Word {
        let Some(station) = self.stations.get_mut(&party).filter(|station| station.line.is_none()) else {
            return Ok(());
        };
        let mut began = station.begin(&self.court.memorandum);
        let no_longer_fits = began.is_err() && self.court.stolen.contains_key(&party);
        if no_longer_fits {
            // What has lost rows may not fit together any more, which is noticed: its operator moves it away.
            station.store.move_away();
            began = station.begin(&self.court.memorandum);
        }
        if no_longer_fits {
            self.marks.note("store: what does not fit together is moved away");
            self.forget(party);
        }
        if let Err(fault) = began {
            return object("folds", format!("{} cannot be restored: {fault}", self.court.party(party)));
        }
        let Some(station) = self.stations.get_mut(&party) else { return Ok(()) };
        self.void.stays(&self.court, party, &station.store.durable)?;
        (station.dies_in, station.woken) = (None, 0);
        let (life, distrusted) = (station.life, station.store.distrusted);
        let clock_ms = station.clock_ms(self.now_ms);
        if self.latest_ms.get(&party).is_some_and(|latest| *latest > clock_ms) {
            station.was_behind = true;
        }
        self.tell(|m| {
            let of = if distrusted { ", from a copy" } else { "" };
            format!("{} starts, life {life}{of}", story::party(m, party))
        });
        self.input(party, Event::Started)?;
        let station = station_of(&self.stations, party)?;
        if let Some(line) = &station.line {
            let whole = station.folder.whole().map(|(blob, _)| *blob);
            let here = whole.filter(|blob| line.custody().names(blob)).collect();
            self.input(party, Event::BlobsHere(here))?;
        }
        self.tell_courier_key(party)?;
        self.look(party)
    }
}
