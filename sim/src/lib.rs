//! Whole lines in virtual time, from a seed: circuits that fail, stations that die, clocks that jump, parties
//! that lie, and judges who look at nothing but what is stored and what is said.
//!
//! `sim --seeds N --first S` runs a campaign; `sim --campaign FILE --seeds N` goes on with a long one, of all kinds of seeds; `sim --seed S` replays one run and tells its story. What a seed
//! does is the same on every machine. One world runs single-threaded and draws everything from its seed; only
//! different worlds run side by side.

mod blobs;
mod campaign;
mod circuit;
mod founding;
mod judges;
mod ledger;
mod liar;
mod marks;
mod narrow;
mod observer;
mod officer;
mod rng;
mod scenario;
mod station;
mod store;
mod story;
pub mod trial;
mod world;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Parser;

use ledger::{Failed, Ledger};

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
    /// 4611686018427387904 (2^62) is in it, there are narrow circuits and relays; where 2305843009213693952 (2^61) is, stores fail.
    #[arg(long, default_value_t = 0)]
    first: u64,
    /// Of eight in a row each is of another kind, from the first on.
    #[arg(long, conflicts_with_all = ["seed", "campaign"])]
    mixed: bool,
    /// How many run side by side.
    #[arg(long, default_value_t = 2)]
    threads: usize,
    /// Stop after so many failures.
    #[arg(long, default_value_t = 1)]
    failures: usize,
    /// Go on with the long campaign whose ledger is this file, until so many seeds are played in all; begin it where there is none.
    #[arg(long, value_name = "FILE", conflicts_with = "first")]
    campaign: Option<PathBuf>,
    /// What the ledger calls this program: a commit.
    #[arg(long, default_value = "unknown", requires = "campaign")]
    program: String,
    /// The most that may happen in one seed: beyond that it is a storm, and has failed.
    #[arg(long, default_value_t = world::MOST_HAPPENINGS)]
    most: u64,
}

/// The command `sim`.
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match arguments.seed {
        Some(seed) => replay(seed, arguments.most),
        None => match &arguments.campaign {
            Some(ledger) => long_campaign(&arguments, ledger),
            None => campaign(&arguments),
        },
    }
}

/// So many seeds are played between two writings of the ledger.
const BETWEEN: u64 = 64;

/// Goes on with a long campaign.
fn long_campaign(arguments: &Arguments, path: &Path) -> ExitCode {
    match played_on(arguments, path) {
        Ok(ledger) => {
            for failed in &ledger.failed {
                let Failed { seed, judge, what, program } = failed;
                println!("seed {seed} of {program}: {judge} objects: {what}");
                println!("  cargo run --release -p sim -- --seed {seed}");
            }
            for (what, count) in &ledger.marks {
                println!("{count:>12}  {what}");
            }
            let lacking = marks::lacking(|what| ledger.marks.contains_key(what));
            for what in &lacking {
                println!("{:>12}  {what}: never", "-");
            }
            let seconds: f64 = ledger.spans.iter().map(|span| span.seconds).sum();
            let Ledger { played, entries, deaths, admitted, breaches, failed, .. } = &ledger;
            println!(
                "{played} seeds in {seconds:.0} s: {entries} entries, {deaths} deaths, {admitted} admitted, {breaches} breaches \
                 kept, {} failed, {} marks never reached",
                failed.len(),
                lacking.len()
            );
            if failed.is_empty() && lacking.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Err(why) => {
            eprintln!("error: {why}");
            ExitCode::FAILURE
        }
    }
}

fn played_on(arguments: &Arguments, path: &Path) -> Result<Ledger, String> {
    std::panic::set_hook(Box::new(|_| ()));
    let mut ledger = Ledger::read(path)?;
    let (begun, before) = (Instant::now(), ledger.played);
    let mut failures = 0;
    while ledger.played < arguments.seeds && failures < arguments.failures {
        let (first, few) = (ledger.played, BETWEEN.min(arguments.seeds - ledger.played));
        let since = Instant::now();
        let seed_at = |place| ledger::seed_at(first + place);
        // All of them, whatever fails: the ledger knows no holes.
        let report = campaign::campaign(seed_at, few, arguments.threads, usize::MAX, arguments.most, |_| ());
        failures += report.failures.len();
        ledger.take(&report, &arguments.program, since.elapsed().as_secs_f64());
        ledger.write(path)?;
        let (done, took) = (ledger.played - before, begun.elapsed().as_secs_f64());
        let left_s = took / done as f64 * (arguments.seeds - ledger.played) as f64;
        eprintln!(
            "{} seeds of {}, {:.1} a second, {:.1} h to go, {} failed",
            ledger.played,
            arguments.seeds,
            done as f64 / took,
            left_s / 3_600.0,
            ledger.failed.len()
        );
    }
    Ok(ledger)
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
        |place| match arguments.mixed {
            true => ledger::mixed(arguments.first, place),
            false => arguments.first.wrapping_add(place),
        },
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
