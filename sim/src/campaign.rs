//! Campaigns: many seeds on a few threads, with a panic counted as what it is, a bug.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crate::judges::Objection;
use crate::scenario::Scenario;
use crate::world::{Failure, Tally, World};

/// Runs one seed, in which so much may happen; gives its story too.
pub(crate) fn run(seed: u64, most: u64, told: bool) -> (Result<Tally, Failure>, Vec<String>) {
    let failed = |what: String| Failure { at_ms: 0, objection: Objection { judge: "world", what } };
    let mut world = match World::new(Scenario::new(seed), most, told) {
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
    /// The seed in which most happened, and how much.
    pub(crate) busiest: (u64, u64),
    /// Seeds that failed, and why.
    pub(crate) failures: Vec<(u64, Failure)>,
}

/// Runs so many seeds, each as its place has it, on as many threads as asked for, until there are too many failures; in each at most `most` may happen.
/// Calls `progress` after each.
pub(crate) fn campaign(
    seed_at: impl Fn(u64) -> u64 + Sync,
    seeds: u64,
    threads: usize,
    most_failures: usize,
    most: u64,
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
            let seed = seed_at(place);
            let (outcome, _) = run(seed, most, false);
            let Ok(mut report) = report.lock() else { return };
            report.seeds += 1;
            match outcome {
                Ok(tally) => {
                    report.tally.entries += tally.entries;
                    report.tally.deaths += tally.deaths;
                    report.tally.happenings += tally.happenings;
                    if tally.happenings > report.busiest.1 {
                        report.busiest = (seed, tally.happenings);
                    }
                    report.tally.breaches += tally.breaches;
                    report.tally.admitted += tally.admitted;
                    for (what, count) in tally.marks.iter() {
                        report.tally.marks.add(what.to_owned(), count);
                    }
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
    use crate::world::MOST_HAPPENINGS;

    #[test]
    fn a_short_campaign_finds_nothing() {
        let report = campaign(|place| 1 + place, 24, 2, 1, MOST_HAPPENINGS, |_| ());
        assert!(report.failures.is_empty(), "cargo run --release -p sim -- --seed N: {:#?}", report.failures);
        assert_eq!(report.seeds, 24);
    }

    #[test]
    fn a_seed_is_one_story() {
        let told = |seed| run(seed, MOST_HAPPENINGS, true);
        for seed in [1, 2, 3] {
            assert_eq!(told(seed), told(seed));
        }
    }

    #[test]
    fn a_storm_is_told_with_what_to_do() {
        let (outcome, _) = run(1, 1_000, false);
        let objection = outcome.unwrap_err().objection;
        assert_eq!(objection.judge, "liveness");
        for said in ["more than 1000 things", "`--seed 1`", "`--most 10000`"] {
            assert!(objection.what.contains(said), "{}", objection.what);
        }
    }
}
