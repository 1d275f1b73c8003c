//! All that is not clear of each other in a register, counted at once, as is to be done after much was put in.
//!
//! Volumes that are near each other are asked about one after the other, so that what one of them met is still at hand for
//! the next, and each two are judged once. The work can be shared out: whoever has threads gives each a part of [`Register::places`].

use alloc::vec::Vec;

use super::{Form, Register};
use crate::volume::Volume;

/// With how many others each volume of a register is not clear, as far as was counted. It means something only to the register
/// that counted it, and only as long as that stays as it is.
#[derive(Debug, Clone, Default)]
pub struct Tally(Vec<u32>);

impl Tally {
    /// What both counted.
    #[must_use]
    pub fn and(mut self, mut other: Self) -> Self {
        if self.0.len() < other.0.len() {
            core::mem::swap(&mut self, &mut other);
        }
        for (count, more) in self.0.iter_mut().zip(other.0) {
            *count = count.saturating_add(more);
        }
        self
    }

    fn count(&mut self, entry: u32) {
        if let Some(count) = self.0.get_mut(entry as usize) {
            *count = count.saturating_add(1);
        }
    }
}

impl<K: Copy + Ord> Register<K> {
    /// Every volume once, those that are near each other together: what [`tally`](Self::tally) is to count, in as many parts as
    /// are wanted.
    pub fn places(&self) -> Vec<u32> {
        let mut places = Vec::with_capacity(self.held);
        self.grid.each_by_place(|entry| places.push(entry));
        places
    }

    /// Counts, for some of [`places`](Self::places), who is not clear of whom; each two volumes are counted at one of their places, for
    /// both. `minds` tells by their groups which two matter; volumes under the same key do not.
    pub fn tally(&self, places: &[u32], minds: impl Fn(u16, u16) -> bool, tally: &mut Tally) {
        tally.0.resize(self.entries.len().max(tally.0.len()), 0);
        let mut met = Vec::new();
        for place in places {
            let (Some(kept), Some(origin)) = (self.entries.get(*place), self.origins.get(*place)) else {
                continue;
            };
            let whole = match kept.form {
                Form::Whole => self.whole.get(kept.at).and_then(Option::as_deref),
                Form::Plain { .. } | Form::Empty => None,
            };
            let Some(extent) = whole.map(Volume::extent).or_else(|| kept.extent()) else { continue };
            let Some(view) = self.view(kept) else { continue };
            let wanted = |other: u32, group| other > *place && minds(kept.group, group);
            met.clear();
            if self.search(&view, &extent, wanted, |other, _| met.push(other)) {
                met.sort_unstable();
                met.dedup();
            }
            for other in &met {
                if self.origins.get(*other).is_some_and(|other| other.key != origin.key) {
                    tally.count(*place);
                    tally.count(*other);
                }
            }
        }
    }

    /// What was counted, by keys ascending; those that are clear of all are left out.
    pub fn tallied(&self, tally: &Tally) -> impl Iterator<Item = (K, u64)> {
        let count = |entry: u32| tally.0.get(entry as usize).copied().map_or(0, u64::from);
        let counts = self.first.keys().map(move |key| (*key, self.under(*key).map(count).sum::<u64>()));
        counts.filter(|(_, count)| *count > 0)
    }
}
