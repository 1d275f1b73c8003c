//! Campaigns: many seeds on a few threads, with a panic counted as what it is, a bug.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crate::judges::Objection;
use crate::scenario::Scenario;
use crate::world::{Failure, Tally, World};

/// Runs one seed; gives its story too.
pub(crate) fn run(seed: u64, told: bool) -> (Result<Tally, Failure>, Vec<String>) {
    let failed = |what: String| Failure { at_ms: 0, objection: Objection { judge: "world", what } };
    let mut world = match World::new(Scenario::new(seed), told) {
        Ok(world) => world,
        Err(fault) => return (Err(failed(fault.to_string())), Vec::new()),
    };
    let outcome = catch_unwind(AssertUnwindSafe(|| world.run())).unwrap_or_else(|cause| {
        let text = cause.downcast_ref::<String>().cloned();
        let text = text.or_else(|| cause.downcast_ref::<&str>().map(|text| (*text).to_string()));
        Err(failed(format!("panicked: {}", text.unwrap_or_default())))
    });
    (outcome, world.story().lines().to_vec())
}

/// What a campaign came to.
#[derive(Debug, Default)]
pub(crate) struct Report {
    /// Seeds that were run.
    pub(crate) seeds: u64,
    /// What they came to together.
    pub(crate) tally: Tally,
    /// Seeds that failed, and why.
    pub(crate) failures: Vec<(u64, Failure)>,
}

/// Runs seeds on as many threads as asked for, until there are too many failures; calls `progress` after each.
pub(crate) fn campaign(
    first: u64,
    seeds: u64,
    threads: usize,
    most_failures: usize,
    progress: impl Fn(&Report) + Sync,
) -> Report {
    let next = AtomicU64::new(0);
    let enough = AtomicBool::new(false);
    let report = Mutex::new(Report::default());
    let work = || {
        while !enough.load(Ordering::Relaxed) {
            let place = next.fetch_add(1, Ordering::Relaxed);
            if place >= seeds {
                return;
            }
            let seed = first.wrapping_add(place);
            let (outcome, _) = run(seed, false);
            let Ok(mut report) = report.lock() else { return };
            report.seeds += 1;
            match outcome {
                Ok(tally) => {
                    report.tally.entries += tally.entries;
                    report.tally.deaths += tally.deaths;
                    report.tally.happenings += tally.happenings;
                    report.tally.breaches += tally.breaches;
                }
                Err(failure) => report.failures.push((seed, failure)),
            }
            enough.store(report.failures.len() >= most_failures, Ordering::Relaxed);
            progress(&report);
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..threads.max(1) {
            scope.spawn(work);
        }
    });
    let mut report = report.into_inner().unwrap_or_default();
    report.failures.sort_by_key(|(seed, _)| *seed);
    report
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_campaign_finds_nothing() {
        let report = campaign(1, 24, 2, 1, |_| ());
        assert!(report.failures.is_empty(), "cargo run --release -p sim -- --seed N: {:#?}", report.failures);
        assert_eq!(report.seeds, 24);
    }

    #[test]
    fn a_seed_is_one_story() {
        let told = |seed| run(seed, true);
        for seed in [1, 2, 3] {
            assert_eq!(told(seed), told(seed));
        }
    }
}
