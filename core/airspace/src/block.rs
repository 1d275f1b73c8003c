//! Coarse boxes, sixteen at a time (spec/airspace.md does not know them: they only save looking).
//!
//! A box is kept as eight bytes, its sides on a scale of 256 steps that is the same for all boxes of a cell. The
//! scale never turns two sides around, so what meets exactly meets coarsely, and nothing is missed. Sixteen boxes
//! lie side by side and are compared at once, by the crate `wide`: instructions that every machine of its kind has
//! (SSE2, NEON), so that nothing has to be found out when the program runs.

use wide::u8x16;

/// How many boxes a block has room for.
pub(crate) const LANES: usize = 16;
/// Latitude, longitude, time, altitude.
const SIDES: usize = 4;

/// The sides of a box, in steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Coarse {
    pub(crate) low: [u8; SIDES],
    pub(crate) high: [u8; SIDES],
}

/// Sixteen boxes and what they belong to.
#[derive(Debug, Clone)]
pub(crate) struct Block {
    low: [u8x16; SIDES],
    high: [u8x16; SIDES],
    entries: [u32; LANES],
}

/// The lanes that passed, as bits.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Lanes(u32);

impl Iterator for Lanes {
    type Item = usize;

    #[inline]
    fn next(&mut self) -> Option<usize> {
        let lane = self.0.trailing_zeros() as usize;
        self.0 &= self.0.wrapping_sub(1);
        (lane < LANES).then_some(lane)
    }
}

impl Block {
    pub(crate) const EMPTY: Self =
        Self { low: [u8x16::MAX; SIDES], high: [u8x16::ZERO; SIDES], entries: [0; LANES] };

    /// Something that can only be known by reading the block.
    #[inline]
    pub(crate) fn touch(&self) -> u32 {
        let [first, ..] = self.entries;
        let [side, ..] = self.low;
        first ^ u32::from(side.as_array()[0])
    }

    /// The entry of a lane.
    #[inline]
    pub(crate) fn entry(&self, lane: usize) -> Option<u32> {
        self.entries.get(lane).copied()
    }

    /// Puts an entry into a lane.
    pub(crate) fn put(&mut self, lane: usize, coarse: Coarse, entry: u32) {
        let sides = self.low.iter_mut().zip(coarse.low).chain(self.high.iter_mut().zip(coarse.high));
        for (lanes, side) in sides {
            if let Some(place) = lanes.as_mut_array().get_mut(lane) {
                *place = side;
            }
        }
        if let Some(place) = self.entries.get_mut(lane) {
            *place = entry;
        }
    }

    /// What a lane holds.
    pub(crate) fn at(&self, lane: usize) -> Option<(Coarse, u32)> {
        let mut coarse = Coarse { low: [0; SIDES], high: [0; SIDES] };
        let low = coarse.low.iter_mut().zip(&self.low);
        for (side, lanes) in low.chain(coarse.high.iter_mut().zip(&self.high)) {
            *side = *lanes.as_array().get(lane)?;
        }
        Some((coarse, self.entry(lane)?))
    }

    /// The first `held` lanes, less those that do not meet a box.
    #[inline]
    pub(crate) fn meeting(&self, asked: &Coarse, held: usize) -> Lanes {
        let mut beyond = u8x16::ZERO;
        for ((low, high), (from, to)) in
            self.low.iter().zip(&self.high).zip(asked.low.iter().zip(&asked.high))
        {
            beyond |= low.saturating_sub(u8x16::splat(*to)) | u8x16::splat(*from).saturating_sub(*high);
        }
        let hits = beyond.simd_eq(u8x16::ZERO);
        let there = if held < LANES { (1 << held) - 1 } else { u32::MAX };
        Lanes(hits.to_bitmask() & there)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    #[test]
    fn every_side_decides_and_touching_counts() {
        let mut block = Block::EMPTY;
        let whole = Coarse { low: [10; SIDES], high: [20; SIDES] };
        block.put(3, whole, 77);
        assert_eq!(block.at(3), Some((whole, 77)));
        let lanes = |asked: Coarse, held| block.meeting(&asked, held).collect::<Vec<_>>();
        for side in 0..SIDES {
            let mut asked = Coarse { low: [0; SIDES], high: [255; SIDES] };
            assert!(lanes(asked, LANES).contains(&3));
            assert!(!lanes(asked, 3).contains(&3), "a lane that is not held");
            asked.high[side] = 10;
            assert_eq!(lanes(asked, LANES), [3]);
            asked.high[side] = 9;
            assert_eq!(lanes(asked, LANES), []);
            (asked.low[side], asked.high[side]) = (20, 255);
            assert!(lanes(asked, LANES).contains(&3));
            asked.low[side] = 21;
            assert_eq!(lanes(asked, LANES), []);
        }
    }
}
