//! Randomness from a seed: xoshiro256++ (Blackman and Vigna), filled by SplitMix64.
//!
//! It promises that one seed gives one sequence, on every machine and for ever; nothing else in the simulator
//! may be a source of chance. It is of no use for keys that anybody relies on.

/// A sequence of numbers that follows from its seed alone.
#[derive(Debug, Clone)]
pub(crate) struct Rng([u64; 4]);

fn split_mix(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut mixed = *state;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

impl Rng {
    /// The sequence of a seed.
    pub(crate) fn new(seed: u64) -> Self {
        let mut state = seed;
        Self(core::array::from_fn(|_| split_mix(&mut state)))
    }

    /// A sequence of its own, for a part that is not to disturb the others by drawing more or less.
    pub(crate) fn fork(&mut self) -> Self {
        Self::new(self.next())
    }

    /// 64 random bits.
    pub(crate) fn next(&mut self) -> u64 {
        let [a, b, c, d] = &mut self.0;
        let result = a.wrapping_add(*d).rotate_left(23).wrapping_add(*a);
        let shifted = *b << 17;
        *c ^= *a;
        *d ^= *b;
        *b ^= *c;
        *a ^= *d;
        *c ^= shifted;
        *d = d.rotate_left(45);
        result
    }

    /// A number from 0 to one below `end`; 0 if `end` is 0.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        let wide = u128::from(self.next()) * u128::from(end);
        (wide >> 64) as u64
    }

    /// A number from `low` to `high`, both included.
    pub(crate) fn within(&mut self, low: u64, high: u64) -> u64 {
        low + self.below(high.saturating_sub(low).saturating_add(1))
    }

    /// True so many times in a thousand.
    pub(crate) fn chance(&mut self, permille: u64) -> bool {
        self.below(1000) < permille
    }

    /// A span whose mean is `mean`, from 1 to 20 times that: how long until something that comes by chance.
    pub(crate) fn until(&mut self, mean: u64) -> u64 {
        // Geometric in sixteenths of the mean; integers keep it the same on every machine.
        let mut sixteenths = 1;
        while sixteenths < 320 && !self.chance(61) {
            sixteenths += 1;
        }
        (mean * sixteenths / 16).max(1)
    }

    /// One of several, or `None` of none.
    pub(crate) fn pick<'a, T>(&mut self, items: &'a [T]) -> Option<&'a T> {
        items.get(self.below(items.len() as u64) as usize)
    }

    /// 32 random bytes.
    pub(crate) fn bytes(&mut self) -> [u8; 32] {
        let mut bytes = [0; 32];
        for part in bytes.chunks_mut(8) {
            part.copy_from_slice(&self.next().to_le_bytes());
        }
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_the_reference_sequence() {
        // From the authors' reference code with the state 1, 2, 3, 4.
        let mut rng = Rng([1, 2, 3, 4]);
        let drawn: Vec<u64> = (0..3).map(|_| rng.next()).collect();
        assert_eq!(drawn, [41_943_041, 58_720_359, 3_588_806_011_781_223]);
    }

    #[test]
    fn chances_are_about_what_they_say() {
        let mut rng = Rng::new(7);
        let hits = (0..10_000).filter(|_| rng.chance(250)).count();
        assert!((2_300..2_700).contains(&hits), "{hits}");
        let mean = (0..10_000).map(|_| rng.until(160)).sum::<u64>() / 10_000;
        assert!((140..190).contains(&mean), "{mean}");
    }
}
