//! Courier files: made by one station whatever circuits there are, brought to another late, twice, out of order or never.

use detente_line::frame::Frame;
use detente_line::{COURIER_KEY, Carried, CourierKey, Event};
use detente_record::{Cut, Party, SignedCheckpoint};

use super::{Happening, World, station_of};
use crate::judges::Word;
use crate::story;

/// A file on its way.
#[derive(Debug, Clone)]
pub(super) struct OnItsWay {
    from: Party,
    to: Party,
    rank: u8,
    time_ms: u64,
    frames: Vec<Vec<u8>>,
}

impl World {
    /// A station tells the courier key of this life of it.
    pub(super) fn tell_courier_key(&mut self, party: Party) -> Word {
        if self.scenario.courier_ms == 0 {
            return Ok(());
        }
        let mut key = Box::new([0; COURIER_KEY]);
        key.chunks_mut(32).zip(std::iter::repeat_with(|| self.rng.bytes())).for_each(|(part, bytes)| {
            part.copy_from_slice(bytes.get(..part.len()).unwrap_or_default());
        });
        let station = station_of(&self.stations, party)?;
        let (rank, number) = (station.rank, station.life);
        let message = CourierKey::message(&self.court.line, party, rank, number, &key);
        let signature = station.keys.of_rank(rank).station.sign(&message);
        let key = CourierKey { party, rank, number, key, signature };
        self.input(party, Event::CourierKey(Box::new(key)))
    }

    /// A station makes a file for another party, and will make more while there are faults.
    pub(super) fn send_by_courier(&mut self, from: Party) -> Word {
        if self.calm {
            return Ok(());
        }
        let next = self.rng.until(self.scenario.courier_ms);
        self.after(next, Happening::Courier(from));
        let others = self.court.honest.iter().copied();
        let others: Vec<Party> =
            others.filter(|party| *party != from && self.knows_by_key(from, *party)).collect();
        let Some(to) = others.get(self.rng.below(others.len().max(1) as u64) as usize).copied() else {
            return Ok(());
        };
        let all = self.rng.chance(100);
        let station = station_of(&self.stations, from)?;
        let Some(load) = station.line.as_ref().and_then(|line| line.load(to, &Cut::new(), all)) else {
            return Ok(());
        };
        let mut frames = load.before;
        for bring in &load.books {
            let mut size = bring.from;
            while size < bring.end.checkpoint.size
                && let Some((step, reached)) = station.store.durable.step(bring.book, size, &bring.end, to)
            {
                frames.extend(step);
                size = reached;
            }
        }
        frames.extend(load.after);
        let (rank, time_ms) = (station.rank, station.clock_ms(self.now_ms));
        for frame in &frames {
            let station = station_of(&self.stations, from)?;
            let forgetful = station.is_forgetful();
            self.receipts.said(&self.court, from, &station.store.durable, frame, forgetful)?;
        }
        self.tell(|m| {
            format!(
                "{} gives {} frames for {} to a courier",
                story::party(m, from),
                frames.len(),
                story::party(m, to)
            )
        });
        let file = OnItsWay { from, to, rank, time_ms, frames };
        let copies = if self.rng.chance(200) { 0 } else { 1 + u64::from(self.rng.chance(300)) };
        for _ in 0..copies {
            let takes = self.rng.within(1_000, 200_000);
            self.after(takes, Happening::Brought(Box::new(file.clone())));
        }
        Ok(())
    }

    /// A courier comes; where nobody is there the file is lost.
    pub(super) fn brought(&mut self, file: OnItsWay) -> Word {
        let OnItsWay { from, to, rank, time_ms, mut frames } = file;
        let known = |world: &Self| {
            let station = world.stations.get(&to).filter(|station| station.names(from))?;
            Some(station.line.as_ref()?.rank(from))
        };
        let Some(known_rank) = known(self) else { return Ok(()) };
        self.tell(|m| format!("a courier from {} comes to {}", story::party(m, from), story::party(m, to)));
        if known_rank < rank {
            // As a station does: they are believed for their own signatures.
            let renewals = frames.iter().find_map(|frame| match Frame::decode(frame) {
                Ok(Frame::Renewals(all)) if all.iter().all(|one| one.occasion.party == from) => Some(all),
                _ => None,
            });
            self.input(to, Event::Renewals(renewals.unwrap_or_default()))?;
        }
        if known(self) != Some(rank) {
            return Ok(());
        }
        while !frames.is_empty() {
            let some = self.rng.within(1, 12).min(frames.len() as u64);
            let batch: Vec<Vec<u8>> = frames.drain(..some as usize).collect();
            let record = &station_of(&self.stations, to)?.store.durable;
            let stored = batch.iter().filter_map(|frame| match Frame::decode(frame) {
                Ok(Frame::Receipt(receipt)) => {
                    record.checkpoints.get(&receipt.book)?.get(&receipt.size).cloned()
                }
                _ => None,
            });
            let checkpoints: Vec<SignedCheckpoint> = stored.collect();
            let carried = Carried { id: 0, from, rank, time_ms, frames: batch, checkpoints };
            self.input(to, Event::Carried(carried))?;
        }
        Ok(())
    }
}
