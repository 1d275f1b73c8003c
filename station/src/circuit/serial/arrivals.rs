//! What came under a key: nothing counts twice, and the other side is told (spec/serial.md §5).

use std::collections::BTreeSet;

/// How far behind the greatest a counter may be.
const WINDOW: u64 = 1_024;
/// Most runs of counters that the other side is told of.
const MAX_RUNS: usize = 15;

/// The counters that came under a key.
#[derive(Debug, Default)]
pub(super) struct Arrivals {
    came: BTreeSet<u64>,
    /// Everything below is dropped.
    floor: u64,
}

impl Arrivals {
    /// The greatest counter that came.
    pub(super) fn greatest(&self) -> Option<u64> {
        self.came.last().copied()
    }

    /// The whole counter whose last 16 bits these are: the one nearest to the greatest that came.
    pub(super) fn whole(&self, low: u16) -> u64 {
        let near = self.greatest().unwrap_or(self.floor);
        let ahead = low.wrapping_sub(near as u16).cast_signed();
        near.saturating_add_signed(ahead.into())
    }

    /// Whether a counter is new.
    pub(super) fn is_new(&self, counter: u64) -> bool {
        counter >= self.floor && !self.came.contains(&counter)
    }

    /// A counter came; whether it shows a gap.
    pub(super) fn took(&mut self, counter: u64) -> bool {
        let expected = self.greatest().map_or(counter, |greatest| greatest + 1);
        self.came.insert(counter);
        self.floor = self.floor.max(counter.saturating_sub(WINDOW));
        while self.came.first().is_some_and(|first| *first < self.floor) {
            self.came.pop_first();
        }
        counter != expected
    }

    /// Nothing up to a counter counts any more, but it came.
    pub(super) fn begin_at(&mut self, counter: u64) {
        self.came = BTreeSet::from([counter]);
        self.floor = counter;
    }

    /// `largest(2) ‖ n ‖ n bytes`.
    pub(super) fn say(&self, to: &mut Vec<u8>) -> Option<()> {
        let greatest = self.greatest()?;
        let mut runs: Vec<u8> = Vec::new();
        let mut expected = greatest;
        let mut run: u8 = 0;
        for counter in self.came.iter().rev().copied() {
            let gap = expected - counter;
            if gap > 0 {
                let Some(gap) = u8::try_from(gap).ok().filter(|_| runs.len() + 3 <= MAX_RUNS) else { break };
                runs.extend([run, gap]);
                run = 0;
            }
            if run == u8::MAX {
                break;
            }
            (run, expected) = (run + 1, counter.wrapping_sub(1));
            if counter == 0 {
                break;
            }
        }
        runs.push(run);
        to.extend((greatest as u16).to_be_bytes());
        to.push(runs.len() as u8);
        to.extend(runs);
        Some(())
    }
}

/// What the other side says came of this one: how far it says so, and what.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Taken {
    /// Ranges of counters, greatest first, both ends within.
    pub(super) came: Vec<(u64, u64)>,
}

impl Taken {
    /// Reads it from the front of what is left; `near` is the last counter that this side used.
    pub(super) fn read(rest: &mut &[u8], near: u64) -> Option<Self> {
        let (head, behind) = rest.split_first_chunk::<3>()?;
        let [high, low, count] = *head;
        let runs = behind.get(..usize::from(count))?;
        *rest = behind.get(usize::from(count)..)?;
        let behind_by = (near as u16).wrapping_sub(u16::from_be_bytes([high, low]));
        // Only what has been used can have come.
        let mut at = near.checked_sub(behind_by.into())?;
        let mut came = Vec::new();
        for (place, run) in runs.iter().enumerate() {
            let run = u64::from(*run);
            if place % 2 == 0 && run > 0 {
                came.push((at.checked_sub(run - 1)?, at));
            }
            let Some(below) = at.checked_sub(run) else { break };
            at = below;
        }
        Some(Self { came })
    }

    /// Whether a counter came; `None` where that is not said.
    pub(super) fn came(&self, counter: u64) -> Option<bool> {
        let (lowest, _) = self.came.last()?;
        let (_, greatest) = self.came.first()?;
        let within = self.came.iter().any(|(from, to)| (*from..=*to).contains(&counter));
        (*lowest..=*greatest).contains(&counter).then_some(within)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(counters: &[u64]) -> Arrivals {
        let mut arrivals = Arrivals::default();
        for counter in counters {
            arrivals.took(*counter);
        }
        arrivals
    }

    #[test]
    fn what_is_said_is_what_came() {
        for (counters, near) in [
            (&[0_u64][..], 0_u64),
            (&[0, 1, 2, 3], 9),
            (&[70_000, 70_001, 70_005, 70_009], 70_020),
            (&[1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21], 21),
        ] {
            let arrivals = of(counters);
            let mut said = Vec::new();
            arrivals.say(&mut said).unwrap();
            let taken = Taken::read(&mut said.as_slice(), near).unwrap();
            let mut told = 0;
            for counter in 0..=near {
                if let Some(came) = taken.came(counter) {
                    assert_eq!(came, counters.contains(&counter), "{counter} of {counters:?}");
                    told += usize::from(came);
                }
            }
            assert!(told >= counters.len().min(7));
        }
    }

    #[test]
    fn nothing_counts_twice_nor_what_is_far_behind() {
        let mut arrivals = of(&[5_000, 5_002]);
        assert!(!arrivals.is_new(5_002) && arrivals.is_new(5_001) && arrivals.is_new(5_003));
        assert!(arrivals.took(5_001));
        assert!(!arrivals.is_new(5_001) && !arrivals.is_new(5_002 - 1_025));
        assert_eq!(arrivals.whole(5_003), 5_003);
        assert_eq!(of(&[65_535]).whole(1), 65_537);
        assert_eq!(of(&[65_537]).whole(65_535), 65_535);
        arrivals.begin_at(6_000);
        assert!(!arrivals.is_new(5_999) && !arrivals.is_new(6_000) && arrivals.is_new(6_001));
    }

    #[test]
    fn what_was_never_sent_cannot_have_come() {
        assert_eq!(Taken::read(&mut &[0, 5, 1, 1][..], 4), None);
        assert_eq!(Taken::read(&mut &[0, 5, 1][..], 9), None);
        let taken = Taken::read(&mut &[0, 5, 3, 2, 1, 2][..], 9).unwrap();
        assert_eq!(taken.came, [(4, 5), (1, 2)]);
    }
}
