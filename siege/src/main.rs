//! A siege: real stations, each in a network namespace of its own, under load, and everything done to them that happens to machines:
//! killed in the midst of what they do, cut off, paused, started with a clock that is wrong, with a full disk or no descriptors left,
//! with a store that has been spoilt at rest. Then peace, and the simulator's judges before their books ([`sim::trial`]).
//!
//! All traffic stays in namespaces that the siege makes and removes itself; it ends by itself. What is done follows from the seed; when
//! what is done strikes does not, since real machines keep no seed. With `--hold` nobody is harmed: the same stations are only watched,
//! for whether their memory and what they ask of processors stay what they are. It needs root, `ip` and, for wrong clocks, libfaketime.
#![forbid(unsafe_code)]

mod assault;
mod books;
mod chance;
mod garrison;
mod namespaces;
mod officers;
mod socket;
mod watch;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;

use assault::{Assault, Toll};
use garrison::Garrison;
use officers::Officers;
use watch::Quarter;

/// What may go wrong: anything, and then it is over.
type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// How long stations may take, once there is peace, until all hold the same; and how long for each of them, where they are many.
const PEACE: Duration = Duration::from_secs(300);
const A_STATION: Duration = Duration::from_secs(10);

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
    #[arg(long, default_value_t = 50.0)]
    messages: f64,
    /// How many others each station dials, those next to it and further and further away; otherwise all of them
    #[arg(long)]
    dials: Option<usize>,
    /// What is done follows from it
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Kills and cuts alone: no pauses, wrong clocks, spoilt stores, full disks
    #[arg(long)]
    gentle: bool,
    /// Nothing is done to the stations for all of the time: what they take of memory and processors is told by quarters
    #[arg(long)]
    hold: bool,
    /// The program that runs a station; otherwise the `detente` beside this program
    #[arg(long)]
    station: Option<PathBuf>,
    /// Where stations write; otherwise a folder beside the builds, which is removed if all is well
    #[arg(long)]
    folder: Option<PathBuf>,
    /// The report as JSON
    #[arg(long)]
    json: bool,
    /// Keeps the report as JSON in this file too
    #[arg(long)]
    report: Option<PathBuf>,
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
    let mut garrison = Garrison::set_up(program, &folder, options)?;
    garrison.start_all()?;
    let officers = Officers::at_work(&garrison, options.messages);
    let time = Duration::from_secs(options.seconds);
    let (toll, quarters) = match options.hold {
        true => (Toll::nothing_for(time), watch::over(&garrison, time)?),
        false => (Assault::new(options).on(&mut garrison)?, Vec::new()),
    };
    garrison.heal()?;
    let accepted = officers.go_home();
    let took = garrison.is_at_peace(PEACE.max(A_STATION * u32::try_from(options.stations)?))?;
    garrison.stop_all()?;
    let verdict = books::judge(&garrison, &accepted)?;
    let report = Report {
        options,
        toll: &toll,
        quarters: &quarters,
        accepted: accepted.values().map(Vec::len).sum(),
        peace: took,
        verdict,
    };
    report.say()?;
    if options.folder.is_none() {
        std::fs::remove_dir_all(&folder)?;
    }
    Ok(())
}

/// What came of it.
struct Report<'a> {
    options: &'a Options,
    toll: &'a Toll,
    quarters: &'a [Quarter],
    accepted: usize,
    peace: Duration,
    verdict: sim::trial::Verdict,
}

impl Report<'_> {
    fn json(&self) -> serde_json::Value {
        let done = self.toll.all().into_iter();
        let done: serde_json::Map<String, serde_json::Value> =
            done.map(|(what, count)| (what.to_owned(), count.into())).collect();
        let quarters = self.quarters.iter().map(|of| {
            serde_json::json!({
                "memory_mib": of.memory_mib, "most_mib": of.most_mib, "processor_s": of.processor_s,
            })
        });
        serde_json::json!({
            "stations": self.options.stations, "seed": self.options.seed, "seconds": self.toll.seconds(), "done": done,
            "quarters": quarters.collect::<Vec<_>>(), "accepted": self.accepted, "peace_s": self.peace.as_secs_f64(),
            "entries": self.verdict.entries, "receipts": self.verdict.receipts, "objections": 0,
        })
    }

    fn say(&self) -> Outcome<()> {
        if let Some(path) = &self.options.report {
            std::fs::write(path, format!("{:#}\n", self.json()))?;
        }
        if self.options.json {
            println!("{}", self.json());
            return Ok(());
        }
        println!(
            "{} stations, seed {}, {:.0} s:",
            self.options.stations,
            self.options.seed,
            self.toll.seconds()
        );
        for (what, count) in self.toll.all() {
            println!("{count:>9}  {what}");
        }
        for (place, of) in self.quarters.iter().enumerate() {
            println!(
                "quarter {}: {:.1} MiB in all, {:.1} MiB the largest station, {:.1} s of processors",
                place + 1,
                of.memory_mib,
                of.most_mib,
                of.processor_s
            );
        }
        println!("{:>9}  messages accepted", self.accepted);
        println!(
            "all at peace after {:.1} s: {} entries and {} receipts judged, nothing to object to",
            self.peace.as_secs_f64(),
            self.verdict.entries,
            self.verdict.receipts
        );
        Ok(())
    }
}
