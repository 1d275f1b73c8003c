//! A siege: real stations, each in a network namespace of its own, under load, and everything done to them that happens to machines:
//! killed in the midst of what they do, cut off, paused, started with a clock that is wrong, with a full disk or no descriptors left,
//! with a store that has been spoilt at rest. Then peace, and the simulator's judges before their books ([`sim::trial`]).
//!
//! All traffic stays in namespaces that the siege makes and removes itself; it ends by itself. What is done follows from the seed; when
//! what is done strikes does not, since real machines keep no seed. It needs root, `ip` and, for wrong clocks, libfaketime.
#![forbid(unsafe_code)]

mod assault;
mod books;
mod chance;
mod garrison;
mod namespaces;
mod officers;
mod socket;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;

use assault::{Assault, Toll};
use garrison::Garrison;
use officers::Officers;

/// What may go wrong: anything, and then it is over.
type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// Real stations, killed, cut off, paused, starved and spoilt, and judged by their books.
#[derive(Debug, Clone, Parser)]
#[command(name = "detente-siege")]
pub(crate) struct Options {
    /// How many stations
    #[arg(long, default_value_t = 3)]
    stations: usize,
    /// How many kills
    #[arg(long, default_value_t = 1_000)]
    kills: u64,
    /// How long at most before there is peace, s
    #[arg(long, default_value_t = 3_600)]
    seconds: u64,
    /// What the officers write together, messages a second
    #[arg(long, default_value_t = 50)]
    messages: u32,
    /// What is done follows from it
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Kills and cuts alone: no pauses, wrong clocks, spoilt stores, full disks
    #[arg(long)]
    gentle: bool,
    /// The program that runs a station; otherwise the `detente` beside this program
    #[arg(long)]
    station: Option<PathBuf>,
    /// Where stations write; otherwise a folder beside the builds, which is removed if all is well
    #[arg(long)]
    folder: Option<PathBuf>,
    /// The report as JSON
    #[arg(long)]
    json: bool,
}

fn main() -> ExitCode {
    let options = Options::parse();
    match besiege(&options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("error: {why}");
            ExitCode::FAILURE
        }
    }
}

fn besiege(options: &Options) -> Outcome<()> {
    let here = std::env::current_exe()?;
    let beside = here.parent().unwrap_or(&here);
    let program = options.station.clone().unwrap_or_else(|| beside.join("detente"));
    let folder =
        options.folder.clone().unwrap_or_else(|| beside.join(format!("siege-{}", std::process::id())));
    if !options.gentle && !std::path::Path::new(garrison::FAKETIME).exists() {
        return Err(
            "clocks are made wrong by libfaketime, which is not here: apt-get install libfaketime".into()
        );
    }
    let mut garrison = Garrison::set_up(program, &folder, options.stations)?;
    garrison.start_all()?;
    let officers = Officers::at_work(&garrison, options.messages);
    let toll = Assault::new(options).on(&mut garrison)?;
    garrison.heal()?;
    let accepted = officers.go_home();
    let took = garrison.is_at_peace(Duration::from_secs(300))?;
    garrison.stop_all()?;
    let verdict = books::judge(&garrison, &accepted)?;
    let said: usize = accepted.values().map(Vec::len).sum();
    report(options, &toll, said, took, verdict);
    if options.folder.is_none() {
        std::fs::remove_dir_all(&folder)?;
    }
    Ok(())
}

fn report(options: &Options, toll: &Toll, said: usize, took: Duration, verdict: sim::trial::Verdict) {
    let (entries, receipts, took_s) = (verdict.entries, verdict.receipts, took.as_secs_f64());
    let done = toll.all();
    if options.json {
        let done: serde_json::Map<String, serde_json::Value> =
            done.into_iter().map(|(what, count)| (what.to_owned(), count.into())).collect();
        let report = serde_json::json!({
            "stations": options.stations, "seed": options.seed, "seconds": toll.seconds(), "done": done, "accepted": said,
            "peace_s": took_s, "entries": entries, "receipts": receipts, "objections": 0,
        });
        println!("{report}");
        return;
    }
    println!("{} stations, seed {}, {:.0} s:", options.stations, options.seed, toll.seconds());
    for (what, count) in done {
        println!("{count:>9}  {what}");
    }
    println!("{said:>9}  messages accepted");
    println!(
        "all at peace after {took_s:.1} s: {entries} entries and {receipts} receipts judged, nothing to object to"
    );
}
