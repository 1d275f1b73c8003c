//! What is on its way and has not been said to have come, and how long an answer takes (spec/serial.md §7).

use std::collections::BTreeMap;

use detente_line::Lane;

use super::arrivals::Taken;
use super::pairs::PairId;

/// A fragment: its lane and index.
pub(super) type Fragment = (Lane, u64);

/// Most packets on their way.
const MAX_PACKETS: usize = 64;
/// How often in a row an answer may fail to come.
const MAX_TRIES: u32 = 8;
/// The share of packets lost, of 1,024, from which on short fragments bring more than long ones: where an error in
/// 16,000 bits is the cause, one packet in ten.
const MANY: u32 = 102;
/// The most by which a patience is doubled, as a power of two.
const MAX_DOUBLED: u32 = 4;

/// A packet that has gone.
#[derive(Debug)]
struct Gone {
    fragments: Vec<Fragment>,
    /// When its last byte left, us; none while it is being written.
    at_us: Option<u64>,
}

/// Packets on their way.
#[derive(Debug)]
pub(super) struct Flight {
    byte_us: u64,
    gone: BTreeMap<PairId, BTreeMap<u64, Gone>>,
    /// The smoothed round trip and its deviation, us.
    round_trip: Option<(u64, u64)>,
    tries: u32,
    /// The share of packets that were lost of late, of 1,024.
    losses: u32,
    /// Packets of which it is known whether they came, and those that did not.
    known: u64,
    lost: u64,
    /// When something was last said to have come, or went again, us.
    since_us: u64,
}

impl Flight {
    pub(super) fn new(byte_us: u64) -> Self {
        Self {
            byte_us,
            gone: BTreeMap::new(),
            round_trip: None,
            tries: 0,
            losses: 0,
            known: 0,
            lost: 0,
            since_us: 0,
        }
    }

    /// Whether another packet may go.
    pub(super) fn has_room(&self) -> bool {
        self.gone.values().map(BTreeMap::len).sum::<usize>() < MAX_PACKETS
    }

    /// Whether so many packets are lost that shorter ones would lose less.
    pub(super) fn loses_many(&self) -> bool {
        self.losses > MANY
    }

    /// Of how many packets it is known whether they came, and how many of them did not.
    pub(super) fn packets(&self) -> (u64, u64) {
        (self.known, self.lost)
    }

    /// A packet with fragments begins to be written.
    pub(super) fn begins(&mut self, pair: PairId, counter: u64, fragments: Vec<Fragment>) {
        self.gone.entry(pair).or_default().insert(counter, Gone { fragments, at_us: None });
    }

    /// It has been written; what it carries.
    pub(super) fn written(&mut self, pair: PairId, counter: u64, at_us: u64) -> Vec<Fragment> {
        let gone = self.gone.get_mut(&pair).and_then(|gone| gone.get_mut(&counter));
        gone.map_or_else(Vec::new, |gone| {
            gone.at_us = Some(at_us);
            gone.fragments.clone()
        })
    }

    /// It was cut short; what it would have carried.
    pub(super) fn cut(&mut self, pair: PairId, counter: u64) -> Vec<Fragment> {
        let gone = self.gone.get_mut(&pair).and_then(|gone| gone.remove(&counter));
        gone.map(|gone| gone.fragments).unwrap_or_default()
    }

    /// The other side says what came: the fragments that did, and those that did not.
    pub(super) fn taken(
        &mut self,
        pair: PairId,
        taken: &Taken,
        now_us: u64,
    ) -> (Vec<Fragment>, Vec<Fragment>) {
        let (mut came, mut lost) = (Vec::new(), Vec::new());
        let Some(gone) = self.gone.get_mut(&pair) else { return (came, lost) };
        let told: Vec<(u64, bool)> =
            gone.keys().filter_map(|counter| Some((*counter, taken.came(*counter)?))).collect();
        let greatest = taken.came.first().map(|(_, greatest)| *greatest);
        for (counter, arrived) in told {
            let Some(gone) = gone.remove(&counter) else { continue };
            self.known += 1;
            self.lost += u64::from(!arrived);
            self.losses = (15 * self.losses + if arrived { 0 } else { 1_024 }) / 16;
            if arrived {
                came.extend(gone.fragments);
                if let Some(at_us) = gone.at_us.filter(|_| Some(counter) == greatest) {
                    let sample = now_us.saturating_sub(at_us);
                    let (smoothed, deviation) = self.round_trip.unwrap_or((sample, sample / 2));
                    let deviation = (3 * deviation + smoothed.abs_diff(sample)) / 4;
                    self.round_trip = Some(((7 * smoothed + sample) / 8, deviation));
                }
            } else {
                lost.extend(gone.fragments);
            }
        }
        if !came.is_empty() {
            (self.tries, self.since_us) = (0, now_us);
        }
        (came, lost)
    }

    fn patience_us(&self) -> u64 {
        let patience_us = match self.round_trip {
            Some((smoothed, deviation)) => smoothed + 4 * deviation + 300 * self.byte_us + 50_000,
            None => 1_000 * self.byte_us + 500_000,
        };
        patience_us << self.tries.min(MAX_DOUBLED)
    }

    fn oldest(&self) -> Option<(u64, PairId, u64)> {
        let all =
            self.gone.iter().flat_map(|(pair, gone)| gone.iter().map(move |(of, gone)| (pair, of, gone)));
        all.filter_map(|(pair, counter, gone)| Some((gone.at_us?, *pair, *counter))).min()
    }

    /// When the oldest goes again, us.
    pub(super) fn due_us(&self) -> Option<u64> {
        let (at_us, ..) = self.oldest()?;
        Some(at_us.max(self.since_us) + self.patience_us())
    }

    /// What goes again by now; `None` once nothing has come of it too often.
    pub(super) fn overdue(&mut self, now_us: u64) -> Option<Vec<Fragment>> {
        if self.due_us().is_none_or(|at_us| at_us > now_us) {
            return Some(Vec::new());
        }
        self.tries += 1;
        self.since_us = now_us;
        let (_, pair, counter) = self.oldest()?;
        (self.known, self.lost) = (self.known + 1, self.lost + 1);
        (self.tries <= MAX_TRIES).then(|| self.cut(pair, counter))
    }
}
