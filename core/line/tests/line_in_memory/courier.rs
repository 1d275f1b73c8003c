//! Files that a courier carries between stations in memory.

use detente_line::frame::Frame;
use detente_line::{Carried, Event, Shown, Unladen};
use detente_record::{Cut, SignedCheckpoint};

use super::{LineInMemory, party};

/// A file on its way, opened already.
#[derive(Debug, Clone)]
pub(crate) struct File {
    pub(crate) from: u8,
    pub(crate) to: u8,
    pub(crate) rank: u8,
    pub(crate) time_ms: u64,
    pub(crate) frames: Vec<Vec<u8>>,
}

impl LineInMemory {
    /// A station makes a file for another party.
    pub(crate) fn file(&self, from: u8, to: u8) -> File {
        let station = self.station(from);
        let load = self.line(from).load(party(to), &Cut::new(), false).expect("another party");
        let mut frames = load.before;
        for bring in &load.books {
            let mut size = bring.from;
            while let Some((step, reached)) = station.store.step(bring.book, size, &bring.end) {
                frames.extend(step);
                size = reached;
            }
        }
        frames.extend(load.after);
        let time_ms = self.now_ms.saturating_add_signed(station.ahead_ms);
        File { from, to, rank: self.line(from).own_rank(), time_ms, frames }
    }

    /// A courier comes; a second later, what was not taken.
    pub(crate) fn brought(&mut self, file: &File) -> Unladen {
        let store = &self.station(file.to).store;
        let stored = file.frames.iter().filter_map(|frame| match Frame::decode(frame) {
            Ok(Frame::Receipt(receipt)) => store.checkpoints.get(&receipt.book)?.get(&receipt.size).cloned(),
            _ => None,
        });
        let checkpoints: Vec<SignedCheckpoint> = stored.collect();
        let id = u64::MAX;
        let (from, frames) = (party(file.from), file.frames.clone());
        let carried = Carried { id, from, rank: file.rank, time_ms: file.time_ms, frames, checkpoints };
        let before = self.station(file.to).shown.len();
        self.input(party(file.to), Event::Carried(carried));
        self.run_for(1_000);
        let shown = self.station(file.to).shown.iter().skip(before);
        let mut unladen = shown.filter_map(|shown| match shown {
            Shown::Carried { id: of, unladen } if *of == id => Some(unladen.clone()),
            _ => None,
        });
        unladen.next().expect("it is said what became of it")
    }
}
