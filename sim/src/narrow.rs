//! A narrow circuit, as the core sees a serial line (spec/serial.md §5, §7): bytes take their time, frames go in fragments, and a more
//! urgent lane speaks between two of them. What is lost goes again, so that a frame comes or the circuit ends: where nothing
//! gets through any more in one direction, its end notices.

use std::collections::{BTreeMap, VecDeque};

use detente_line::Lane;
use detente_record::Book;

use crate::rng::Rng;
use crate::scenario::SerialFaults;

/// How many fragments in a row may bring nothing before a circuit is given up.
const MOST_IN_VAIN: u32 = 8;
/// Most frames that wait in a lane: a liar that says more is cut short.
const MOST_WAITING: usize = 256;
/// Bytes of a fragment that are not its frame's.
const OVERHEAD: u64 = 22;

/// What a station is told once it has gone: in which life, and how far its book got.
pub(crate) type Gone = (u64, Option<(Book, u64)>);

/// A frame that waits to be said.
#[derive(Debug, Clone)]
struct Waiting {
    frame: Vec<u8>,
    /// How much of it has been said.
    said: u64,
    /// Whom to tell, behind the last one of what was put together.
    gone: Option<Gone>,
}

/// One direction.
#[derive(Debug, Clone, Default)]
struct Way {
    lanes: BTreeMap<Lane, VecDeque<Waiting>>,
    /// The lane that speaks, and how many bytes of its first frame.
    speaks: Option<(Lane, u64)>,
    in_vain: u32,
    /// Until when it brings nothing, ms.
    dark_ms: u64,
}

/// A circuit with a rate.
#[derive(Debug, Clone)]
pub(crate) struct Narrow {
    /// Bytes a second that its ends are told.
    pub(crate) rate: u32,
    /// Both ends have said that they hold the same.
    pub(crate) agreed: bool,
    /// How many times slower it is than they are told.
    slower: u64,
    /// Bytes of a fragment.
    fragment: u64,
    ways: [Way; 2],
}

/// What comes of a fragment.
#[derive(Debug, Default)]
pub(crate) struct Spoken {
    /// A frame is complete, and comes to the other end.
    pub(crate) frame: Option<Vec<u8>>,
    /// What was put in a lane has gone.
    pub(crate) gone: Option<(Lane, Gone)>,
    /// Nothing has got through for too long: the circuit ends.
    pub(crate) breaks: bool,
}

impl Narrow {
    /// A circuit of a rate, whose ends have agreed or not; with a slowness of its own while there are faults.
    pub(crate) fn new(faults: &SerialFaults, agreed: bool, calm: bool, rng: &mut Rng) -> Self {
        let slower = if !calm && rng.chance(faults.slower) { rng.within(2, 10) } else { 1 };
        let ways = [Way::default(), Way::default()];
        Self { rate: faults.rate, agreed, slower, fragment: faults.fragment, ways }
    }

    /// Puts frames in a lane.
    pub(crate) fn put(&mut self, side: usize, lane: Lane, frames: Vec<Vec<u8>>, gone: Option<Gone>) {
        let Some(way) = self.ways.get_mut(side) else { return };
        let waiting = way.lanes.entry(lane).or_default();
        let room = MOST_WAITING.saturating_sub(waiting.len());
        waiting.extend(frames.into_iter().take(room).map(|frame| Waiting { frame, said: 0, gone: None }));
        if let Some(last) = waiting.back_mut() {
            last.gone = gone;
        }
    }

    /// Whether something waits in a lane.
    pub(crate) fn is_busy(&self, side: usize, lane: Lane) -> bool {
        let waiting = self.ways.get(side).and_then(|way| way.lanes.get(&lane));
        waiting.is_some_and(|waiting| !waiting.is_empty())
    }

    /// Begins the next fragment of the most urgent lane, unless one is being said: how long it takes, ms.
    pub(crate) fn begin(&mut self, side: usize) -> Option<u64> {
        let way = self.ways.get_mut(side).filter(|way| way.speaks.is_none())?;
        let (lane, first) = way.lanes.iter().find_map(|(lane, waiting)| Some((*lane, waiting.front()?)))?;
        let bytes = (first.frame.len() as u64).saturating_sub(first.said).min(self.fragment);
        way.speaks = Some((lane, bytes));
        Some((bytes + OVERHEAD) * 1_000 * self.slower / u64::from(self.rate.max(1)) + 1)
    }

    /// A fragment has been said.
    pub(crate) fn spoken(
        &mut self,
        side: usize,
        now_ms: u64,
        faults: &SerialFaults,
        rng: &mut Rng,
    ) -> Spoken {
        let mut spoken = Spoken::default();
        let Some(way) = self.ways.get_mut(side) else { return spoken };
        let Some((lane, bytes)) = way.speaks.take() else { return spoken };
        if rng.chance(faults.dark) {
            way.dark_ms = now_ms + rng.within(2_000, 120_000);
        }
        if now_ms < way.dark_ms || rng.chance(faults.lost) {
            way.in_vain += 1;
            spoken.breaks = way.in_vain >= MOST_IN_VAIN;
            return spoken;
        }
        way.in_vain = 0;
        let Some(waiting) = way.lanes.get_mut(&lane) else { return spoken };
        let Some(first) = waiting.front_mut() else { return spoken };
        first.said += bytes;
        if first.said >= first.frame.len() as u64
            && let Some(Waiting { frame, gone, .. }) = waiting.pop_front()
        {
            spoken.frame = Some(frame);
            spoken.gone = gone.map(|gone| (lane, gone));
        }
        spoken
    }

    /// Faults stop: it brings what it says, as fast as it says.
    pub(crate) fn calm(&mut self) {
        self.slower = 1;
        for way in &mut self.ways {
            way.dark_ms = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(lost: u64) -> SerialFaults {
        SerialFaults { rate: 100, fragment: 50, lost, dark: 0, slower: 0 }
    }

    /// Everything that comes of what was put, with when it does, ms.
    fn all(of: &mut Narrow, faults: &SerialFaults, rng: &mut Rng) -> Vec<(u64, Spoken)> {
        let (mut now_ms, mut come) = (0, Vec::new());
        while let Some(takes_ms) = of.begin(0) {
            now_ms += takes_ms;
            come.push((now_ms, of.spoken(0, now_ms, faults, rng)));
        }
        come
    }

    #[test]
    fn what_is_urgent_speaks_between_two_fragments() {
        let (mut rng, faults) = (Rng::new(1), faults(0));
        let mut circuit = Narrow::new(&faults, false, true, &mut rng);
        circuit.put(0, Lane::R, vec![vec![1; 200]], Some((1, None)));
        let takes_ms = circuit.begin(0).unwrap_or_default();
        assert_eq!(takes_ms, 721, "a fragment and what is not its frame's, at a hundred bytes a second");
        circuit.put(0, Lane::Z, vec![vec![2; 40]], Some((1, None)));
        assert!(circuit.begin(0).is_none(), "a fragment is being said");
        circuit.spoken(0, takes_ms, &faults, &mut rng);
        let come = all(&mut circuit, &faults, &mut rng);
        let lanes: Vec<Lane> = come.iter().filter_map(|(_, of)| Some(of.gone?.0)).collect();
        assert_eq!(lanes, [Lane::Z, Lane::R]);
        assert!(!circuit.is_busy(0, Lane::R));
    }

    #[test]
    fn what_is_lost_goes_again_until_nothing_gets_through() {
        let mut rng = Rng::new(2);
        let half = faults(500);
        let mut circuit = Narrow::new(&half, false, true, &mut rng);
        circuit.put(0, Lane::P, vec![vec![1; 120]], None);
        let frames: Vec<Vec<u8>> =
            all(&mut circuit, &half, &mut rng).into_iter().filter_map(|(_, of)| of.frame).collect();
        assert_eq!(frames, [vec![1; 120]]);
        circuit.put(0, Lane::P, vec![vec![1; 120]], None);
        let none = faults(1_000);
        let breaks = (0..8).map(|_| {
            circuit.begin(0);
            circuit.spoken(0, 0, &none, &mut rng).breaks
        });
        assert_eq!(breaks.collect::<Vec<_>>(), [false, false, false, false, false, false, false, true]);
    }
}
