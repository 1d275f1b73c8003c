//! Whole lines in virtual time, from a seed: circuits that fail, stations that die, clocks that jump, parties
//! that lie, and judges who look at nothing but what is stored and what is said.
//!
//! `sim --seeds N --first S` runs a campaign; `sim --seed S` replays one run and tells its story. What a seed
//! does is the same on every machine. One world runs single-threaded and draws everything from its seed; only
//! different worlds run side by side.

mod blobs;
mod campaign;
mod circuit;
mod founding;
mod judges;
mod liar;
mod narrow;
mod observer;
mod officer;
mod rng;
mod scenario;
mod station;
mod store;
mod story;
mod world;

use std::io::Write as _;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Parser;

/// Whole lines in virtual time, from a seed.
#[derive(Debug, Parser)]
struct Arguments {
    /// Replay one seed and tell its story.
    #[arg(long, conflicts_with_all = ["seeds", "first"])]
    seed: Option<u64>,
    /// How many seeds to run.
    #[arg(long, default_value_t = 2_000)]
    seeds: u64,
    /// The first seed. From 9223372036854775808 (2^63) on parties are admitted, depositaries decide falsely, and keys are stolen; where
    /// 4611686018427387904 (2^62) is in it, there are narrow circuits and relays.
    #[arg(long, default_value_t = 0)]
    first: u64,
    /// How many run side by side.
    #[arg(long, default_value_t = 2)]
    threads: usize,
    /// Stop after so many failures.
    #[arg(long, default_value_t = 1)]
    failures: usize,
    /// The most that may happen in one seed: beyond that it is a storm, and has failed.
    #[arg(long, default_value_t = world::MOST_HAPPENINGS)]
    most: u64,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match arguments.seed {
        Some(seed) => replay(seed, arguments.most),
        None => campaign(&arguments),
    }
}

fn replay(seed: u64, most: u64) -> ExitCode {
    let scenario = scenario::Scenario::new(seed);
    let (outcome, story) = campaign::run(seed, most, true);
    let mut out = std::io::stdout().lock();
    // A reader that has seen enough may close the pipe.
    let _ = writeln!(out, "{scenario:#?}");
    for line in story {
        if writeln!(out, "{line}").is_err() {
            break;
        }
    }
    match outcome {
        Ok(tally) => {
            eprintln!("seed {seed}: nothing to object to; {tally:?}");
            ExitCode::SUCCESS
        }
        Err(failure) => {
            eprintln!("seed {seed}: {} objects: {}", failure.objection.judge, failure.objection.what);
            ExitCode::FAILURE
        }
    }
}

fn campaign(arguments: &Arguments) -> ExitCode {
    let begun = Instant::now();
    let said = std::sync::Mutex::new(begun);
    let progress = |report: &campaign::Report| {
        let Ok(mut said) = said.lock() else { return };
        if said.elapsed() > Duration::from_secs(2) {
            *said = Instant::now();
            let (seeds, seconds) = (report.seeds, begun.elapsed().as_secs());
            eprintln!(
                "{seeds} seeds of {} in {seconds} s, {} failed",
                arguments.seeds,
                report.failures.len()
            );
        }
    };
    // A panic is reported with its seed; its own message would come between.
    std::panic::set_hook(Box::new(|_| ()));
    let report = campaign::campaign(
        arguments.first,
        arguments.seeds,
        arguments.threads,
        arguments.failures,
        arguments.most,
        progress,
    );
    for (seed, failure) in &report.failures {
        let (judge, what) = (failure.objection.judge, &failure.objection.what);
        println!("seed {seed}, after {} ms: {judge} objects: {what}", failure.at_ms);
        println!("  cargo run --release -p sim -- --seed {seed}");
    }
    let tally = &report.tally;
    println!(
        "{} seeds in {:.1} s: {} entries, {} deaths, {} admitted, {} breaches kept, {} failed",
        report.seeds,
        begun.elapsed().as_secs_f64(),
        tally.entries,
        tally.deaths,
        tally.admitted,
        tally.breaches,
        report.failures.len()
    );
    let (busiest, happened) = report.busiest;
    println!("at most {happened} things happened in one, seed {busiest}, of {} that may", arguments.most);
    if report.failures.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
