//! Samples of a time, and what is said of them.

use std::time::{Duration, Instant};

/// Times of one kind, in the order in which they were taken.
#[derive(Debug, Clone, Default)]
pub(crate) struct Samples(Vec<Duration>);

impl Samples {
    /// None yet.
    pub(crate) const fn empty() -> Self {
        Self(Vec::new())
    }

    /// Adds one.
    pub(crate) fn push(&mut self, took: Duration) {
        self.0.push(took);
    }

    /// Adds the time since an instant.
    pub(crate) fn since(&mut self, began: Instant) {
        self.push(began.elapsed());
    }

    /// Adds those of another turn.
    pub(crate) fn extend(&mut self, others: Self) {
        self.0.extend(others.0);
    }

    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        self.0.len()
    }

    /// The time in ms that so many of a hundred do not exceed (nearest rank); 0 without any.
    pub(crate) fn percentile_ms(&self, hundredth: usize) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort_unstable();
        let rank = (sorted.len() * hundredth).div_ceil(100).max(1);
        sorted.get(rank - 1).map_or(0.0, |time| time.as_secs_f64() * 1e3)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_samples_by_nearest_rank() {
        let mut samples = Samples::default();
        assert!(samples.percentile_ms(50).abs() < 1e-9);
        for ms in (1..=200).rev() {
            samples.push(Duration::from_millis(ms));
        }
        let near = |hundredth, ms: f64| (samples.percentile_ms(hundredth) - ms).abs() < 1e-6;
        assert!(near(50, 100.0) && near(99, 198.0) && near(100, 200.0) && near(0, 1.0));
    }
}
