//! A turn: all questions, in several passes.

use std::time::Instant;

/// How many passes in a row a turn has.
const PASSES: usize = 3;

/// What a turn showed, or a pass of it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Turn {
    /// Questions answered a second, all of them in a row.
    pub(crate) rate: f64,
    /// The middle question's time, µs.
    pub(crate) p50: f64,
    /// The time that one of a hundred questions takes longer than, µs.
    pub(crate) p99: f64,
    /// Hits of all questions together.
    pub(crate) hits: u64,
}

impl Turn {
    /// Before any turn.
    pub(crate) const NONE: Self = Self { rate: 0.0, p50: f64::INFINITY, p99: f64::INFINITY, hits: 0 };

    /// The better of two in each respect.
    pub(crate) fn better(self, other: Self) -> Self {
        Self {
            rate: self.rate.max(other.rate),
            p50: self.p50.min(other.p50),
            p99: self.p99.min(other.p99),
            hits: other.hits,
        }
    }
}

/// Asks everything in several passes; the best of them counts.
pub(crate) fn turn<Q>(questions: &[Q], mut hits: impl FnMut(&Q) -> u64) -> Turn {
    (0..PASSES).fold(Turn::NONE, |best, _| best.better(pass(questions, &mut hits)))
}

/// Asks everything twice: in a row for the rate, then each on its own for the times.
fn pass<Q>(questions: &[Q], hits: &mut impl FnMut(&Q) -> u64) -> Turn {
    let began = Instant::now();
    let found = questions.iter().map(&mut *hits).sum();
    let rate = questions.len() as f64 / began.elapsed().as_secs_f64();
    let mut times: Vec<f64> = questions
        .iter()
        .map(|question| {
            let began = Instant::now();
            std::hint::black_box(hits(question));
            began.elapsed().as_secs_f64() * 1e6
        })
        .collect();
    times.sort_by(f64::total_cmp);
    let at = |share: usize| times.get(times.len() * share / 100).copied().unwrap_or(f64::NAN);
    Turn { rate, p50: at(50), p99: at(99), hits: found }
}
