//! Operation sequences on real lines in memory (spec/line.md): each operation is a few bytes, and invariants are held after every one.

use std::collections::BTreeSet;

use detente_line::{Content, Shown};
use detente_record::{Class, EntryRef};

#[path = "../../../core/line/tests/line_in_memory/mod.rs"]
mod line_in_memory;

use line_in_memory::{LineInMemory, acknowledgement, draft, message};

/// How many operations are made of one input.
const MOST: usize = 40;
const NAMES: [&str; 3] = ["usa", "rus", "irq"];
const CLASSES: [Class; 5] = [Class::Z, Class::A, Class::O, Class::P, Class::R];
/// Steps of a clock, ms.
const STEPS: [i64; 8] = [-7_200_000, -60_000, -11_000, -1, 1, 11_000, 60_000, 7_200_000];
/// What gets lost of the frames that a station sends.
const LOSSES: [fn(&[u8]) -> bool; 4] =
    [|_| false, |frame| frame.len() > 200, |frame| frame.last().is_some_and(|byte| byte % 4 == 0), |_| true];

struct Play {
    line: LineInMemory,
    parties: u8,
    down: BTreeSet<u8>,
    /// Some clock was set: receipts may then say less than was said before (spec/record.md §7).
    clocks_moved: bool,
    accepted: Vec<EntryRef>,
}

/// Bytes taken from the front; zeros where there are no more.
fn take<'a>(rest: &mut &'a [u8], count: usize) -> &'a [u8] {
    let (taken, behind) = rest.split_at(count.min(rest.len()));
    *rest = behind;
    taken
}

fn byte(rest: &mut &[u8]) -> u8 {
    take(rest, 1).first().copied().unwrap_or(0)
}

impl Play {
    fn writes(&mut self, by: u8, draft: detente_line::Draft) {
        if !self.down.contains(&by)
            && let Ok(entry) = self.line.write(by, draft)
        {
            self.accepted.push(entry);
        }
    }

    fn dies(&mut self, who: u8) {
        if self.down.insert(who) {
            self.line.kill(who);
        }
    }

    fn starts(&mut self, who: u8) {
        if self.down.remove(&who) {
            self.line.start(who);
        }
    }

    fn connects(&mut self, one: u8, other: u8) {
        if one != other && !self.down.contains(&one) && !self.down.contains(&other) {
            self.line.disconnect(one, other);
            self.line.connect(one, other);
        }
    }

    fn operate(&mut self, rest: &mut &[u8]) {
        let (what, by) = (byte(rest), byte(rest));
        let (one, other) = (by % self.parties, by / 4 % self.parties);
        match what % 12 {
            0 => self.writes(one, message(CLASSES[usize::from(by / 4) % 5], "so")),
            1 => {
                let regarded =
                    self.accepted.get(usize::from(byte(rest)) % self.accepted.len().max(1)).copied();
                if let Some(entry) = regarded {
                    self.writes(one, acknowledgement(entry));
                }
            }
            2 => {
                // Any content that can be written at all, about nothing or about one entry.
                let (kind, about, length) = (byte(rest), byte(rest), byte(rest));
                let body = take(rest, usize::from(length));
                let regarded = self.accepted.get(usize::from(about)).copied();
                if let Ok(content) = Content::decode(u16::from(kind), body) {
                    let class = (by & 128 != 0).then(|| CLASSES[usize::from(by / 4) % 5]);
                    self.writes(one, draft(class, regarded.as_slice(), content));
                }
            }
            3 => {
                let length = byte(rest);
                let frame = take(rest, usize::from(length)).to_vec();
                if !self.down.contains(&one) && self.line.is_connected(one, other) {
                    self.line.forge(one, other, frame);
                }
            }
            4 => self.dies(one),
            5 => self.starts(one),
            6 => self.line.disconnect(one, other),
            7 => self.connects(one, other),
            8 => {
                self.clocks_moved = true;
                let step = STEPS[usize::from(byte(rest)) % STEPS.len()];
                self.line.station_mut(one).ahead_ms += step;
            }
            9 => self.line.station_mut(one).loses = LOSSES[usize::from(by / 4) % LOSSES.len()],
            10 => {
                if !self.down.contains(&one) {
                    self.line.keep(one);
                }
            }
            _ => self.line.run_for(1 << (by % 20)),
        }
    }

    /// What holds at every moment.
    fn hold(&self) {
        for entry in &self.accepted {
            let author = &self.line.station(entry.book.party.number()).store;
            let size = author.entries.get(&entry.book).map_or(0, Vec::len) as u64;
            assert!(size >= entry.number, "{entry:?} was accepted, and is not durable");
        }
        for holder in 0..self.parties {
            let station = self.line.station(holder);
            for (book, held) in &station.store.entries {
                let own = self.line.station(book.party.number()).store.entries.get(book);
                let own = own.map_or(&[][..], Vec::as_slice);
                assert!(own.starts_with(held), "{book:?} at {holder} is not as its author wrote it");
            }
            let blamed = station.shown.iter().find(|shown| matches!(shown, Shown::Breach(_)));
            assert!(self.clocks_moved || blamed.is_none(), "{holder} blames somebody honest: {blamed:?}");
        }
    }

    /// All is well again: everybody comes to hold the same.
    fn heal(&mut self) {
        for who in 0..self.parties {
            self.starts(who);
            self.line.station_mut(who).loses = LOSSES[0];
        }
        for one in 0..self.parties {
            for other in 0..one {
                self.connects(one, other);
            }
        }
        self.line.run_for(120_000);
        self.hold();
        let first = &self.line.station(0).store.entries;
        for who in 1..self.parties {
            assert!(self.line.station(who).store.entries == *first, "{who} does not hold what 0 holds");
        }
    }
}

/// Officers, circuits, clocks and deaths in any order: what was accepted is durable, no honest book forks, and once all is well
/// again everybody holds the same.
///
/// # Panics
/// Where that does not hold.
pub fn operations(bytes: &[u8]) {
    let rest = &mut { bytes };
    let parties = 2 + byte(rest) % 2;
    let line = LineInMemory::between(&NAMES[..usize::from(parties)]);
    let mut play = Play { line, parties, down: BTreeSet::new(), clocks_moved: false, accepted: Vec::new() };
    for _ in 0..MOST {
        if rest.is_empty() {
            break;
        }
        play.operate(rest);
        play.hold();
    }
    play.heal();
}
