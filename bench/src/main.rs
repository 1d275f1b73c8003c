//! Us beside the peers, in one run: `detente-bench line`.
//!
//! Promises that every figure it prints was measured in that run, on that machine and disk, and that what is
//! compared was measured in turns, so that a disk that drifts drifts for all. Stations are real processes, asked
//! through their sockets; peers are real servers with the settings that come nearest to keeping what they
//! acknowledge. All traffic stays on loopback. A figure that misses its goal is printed like any other.
#![forbid(unsafe_code)]

mod airspace;
mod api;
mod circuits;
mod console;
mod evidence;
mod figure;
mod flash;
mod floor;
mod large;
mod latency;
mod pair;
mod path;
mod peers;
mod record;
mod samples;
mod throughput;
mod verify;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, ValueEnum};

use figure::Figure;

/// What may go wrong in a measurement: anything, and then it is over.
type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// What can be measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Suite {
    /// The line: latency, throughput, precedence, a large record, verification
    Line,
    /// The conflict check: a register of a million volumes, on one thread
    Airspace,
    /// What a record proves to others, and what parties decide together: dossiers, witnesses, motions
    Evidence,
    /// Circuits of every kind: what a message takes on each, in time and in bytes
    Circuits,
    /// The console: how fast a FLASH stands on a page, and what a page weighs
    Console,
}

/// A part of a suite.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    /// One message at a time, beside the disk's floor, NATS and Mosquitto
    Latency,
    /// Many messages at a time, beside the same
    Throughput,
    /// A FLASH behind a queue
    Flash,
    /// A station with a large record
    Large,
    /// Verifying a large record
    Verify,
    /// Of the circuits: a month's entries by one courier file, and their receipts by another
    Courier,
    /// Of the conflict check: the register beside `rstar` + `geo`
    Register,
    /// Of the conflict check: the register rebuilt from a station's store
    Rebuild,
    /// Of the conflict check: sites and movements from a file, through two stations
    Import,
    /// Of the evidence: checkpoints that a witness cosigns
    Witness,
    /// Of the evidence: dossiers of a large record, made and verified
    Dossier,
    /// Of the evidence: a council's motions
    Council,
    /// Of the circuits: a primary one that goes dark while a second one is there, beside NATS and MQTT clients
    BlackHole,
    /// Of the circuits: a relay with thousands of idle pairs
    Relay,
    /// Of the circuits: a serial line of 75, 300 and 2,400 bit/s, in real time
    Serial,
}

/// Measures us beside the peers.
#[derive(Debug, Parser)]
#[command(name = "detente-bench")]
struct Cli {
    /// What to measure
    #[arg(value_enum, default_value = "line")]
    suite: Suite,
    /// A list of objects on standard output instead of a table
    #[arg(long)]
    json: bool,
    /// A smoke run: a few seconds, figures that mean little
    #[arg(long)]
    quick: bool,
    /// Only these parts
    #[arg(long, value_enum)]
    only: Vec<Part>,
    /// The program that runs a station; otherwise the `detente` beside this program
    #[arg(long)]
    station: Option<PathBuf>,
    /// Where what drives a browser is installed, for the console
    #[arg(long)]
    browser: Option<PathBuf>,
    /// Where stations and peers write; otherwise a folder beside the builds
    #[arg(long)]
    folder: Option<PathBuf>,
}

/// How much is measured.
#[derive(Debug, Clone, Copy)]
struct Effort {
    /// How often the contenders take turns.
    rounds: usize,
    /// Messages of a turn, one at a time.
    single: usize,
    /// Messages of a turn, many at a time.
    many: usize,
    /// ROUTINE entries that a FLASH has before it.
    queued: usize,
    /// Entries of the large record.
    entries: u64,
    /// Entries written after a station's state was last kept; 65,536 is where it would be kept again.
    unkept: usize,
    /// How long an idle station is watched, in seconds.
    idle_seconds: u64,
}

const FULL: Effort = Effort {
    rounds: 4,
    single: 250,
    many: 20_000,
    queued: 10_000,
    entries: 1_000_000,
    unkept: 65_000,
    idle_seconds: 10,
};
const QUICK: Effort = Effort {
    rounds: 1,
    single: 50,
    many: 2_000,
    queued: 1_000,
    entries: 20_480,
    unkept: 2_000,
    idle_seconds: 2,
};

/// Where everything is, and how much of it is measured.
struct Run {
    effort: Effort,
    /// The program that runs a station.
    station: PathBuf,
    /// A folder of this run alone, removed at its end.
    folder: PathBuf,
    /// Where the peers' programs are kept from run to run.
    programs: PathBuf,
}

impl Run {
    fn new(cli: &Cli) -> Outcome<Self> {
        let own = std::env::current_exe()?;
        let beside = own.parent().ok_or("this program is in no folder")?;
        let station = cli.station.clone().unwrap_or_else(|| beside.join("detente"));
        if !station.exists() {
            let asked = station.display();
            return Err(
                format!("{asked} is not there: build it with `cargo build --release -p detente`").into()
            );
        }
        let kept = cli.folder.clone().unwrap_or_else(|| beside.join("bench"));
        let folder = kept.join(format!("run-{}", std::process::id()));
        std::fs::create_dir_all(&folder)?;
        let effort = if cli.quick { QUICK } else { FULL };
        Ok(Self { effort, station, folder, programs: kept.join("peers") })
    }

    /// A new folder for something of this run.
    fn folder(&self, name: &str) -> Outcome<PathBuf> {
        let folder = self.folder.join(name);
        std::fs::create_dir_all(&folder)?;
        Ok(folder)
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        // What cannot be removed is in a folder of builds and does no harm.
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

async fn measure(run: &Run, wanted: impl Fn(Part) -> bool) -> Outcome<Vec<Figure>> {
    let mut figures = Vec::new();
    let peers = wanted(Part::Latency) || wanted(Part::Throughput);
    let peers = if peers { peers::Peers::start(run).await } else { peers::Peers::none() };
    if wanted(Part::Latency) {
        say("one message at a time, in turns with the disk's floor, NATS and Mosquitto");
        figures.extend(latency::measure(run, &peers).await?);
    }
    if wanted(Part::Throughput) {
        say("many messages at a time, in turns with NATS and Mosquitto");
        figures.extend(throughput::measure(run, &peers).await?);
    }
    drop(peers);
    if wanted(Part::Flash) {
        say("a FLASH behind a queue of ROUTINE");
        figures.extend(flash::measure(run).await?);
    }
    if wanted(Part::Large) || wanted(Part::Verify) {
        say("a large record");
        let record = large::Large::write(run)?;
        if wanted(Part::Large) {
            figures.extend(record.measure(run).await?);
        }
        if wanted(Part::Verify) {
            say("verifying it");
            figures.extend(verify::measure(&record)?);
        }
    }
    Ok(figures)
}

/// Tells what is going on, apart from the figures.
fn say(text: &str) {
    eprintln!("bench: {text}");
}

fn about(folder: &Path) -> String {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let version = env!("CARGO_PKG_VERSION");
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split(' ').next().unwrap_or("unknown");
    format!("detente {version}, {cores} cores, load before {load}, writing to {}", folder.display())
}

fn work(cli: &Cli) -> Outcome<Vec<Figure>> {
    let run = Run::new(cli)?;
    say(&about(&run.folder));
    let wanted = |part| cli.only.is_empty() || cli.only.contains(&part);
    // One thread for all load: two cores are to be the stations' as far as possible.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    match cli.suite {
        Suite::Line => runtime.block_on(measure(&run, wanted)),
        Suite::Airspace => {
            let mut figures = Vec::new();
            if wanted(Part::Register) {
                figures.extend(airspace::measure(cli.quick)?);
            }
            if wanted(Part::Rebuild) {
                figures.extend(airspace::rebuild::measure(&run, cli.quick)?);
            }
            if wanted(Part::Import) {
                figures.extend(runtime.block_on(airspace::import::measure(&run, cli.quick))?);
            }
            Ok(figures)
        }
        Suite::Evidence => {
            let mut figures = Vec::new();
            if wanted(Part::Council) {
                figures.extend(evidence::council::measure(cli.quick)?);
            }
            if wanted(Part::Witness) {
                figures.extend(runtime.block_on(evidence::witness::measure(&run, cli.quick))?);
            }
            if wanted(Part::Dossier) {
                say("dossiers of a large record");
                figures.extend(runtime.block_on(evidence::dossier::measure(&run))?);
            }
            Ok(figures)
        }
        Suite::Console => {
            let modules =
                cli.browser.as_deref().ok_or("--browser is needed: `cargo xtask bench console` gives it")?;
            runtime.block_on(console::measure(&run, modules, cli.quick))
        }
        Suite::Circuits => {
            let mut figures = Vec::new();
            if wanted(Part::Serial) {
                figures.extend(runtime.block_on(circuits::serial::measure(&run, cli.quick))?);
            }
            if wanted(Part::BlackHole) {
                say("the primary circuit goes dark");
                figures.extend(runtime.block_on(circuits::black_hole::measure(&run, cli.quick))?);
            }
            if wanted(Part::Relay) {
                figures.extend(runtime.block_on(circuits::relay::measure(&run, cli.quick))?);
            }
            if wanted(Part::Courier) {
                say("a month's entries by courier");
                figures.extend(runtime.block_on(circuits::courier::measure(&run, cli.quick))?);
            }
            Ok(figures)
        }
    }
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    match work(&cli) {
        Ok(figures) if cli.json => {
            println!("{}", figure::json(&figures));
            ExitCode::SUCCESS
        }
        Ok(figures) => {
            print!("{}", figure::table(&figures));
            ExitCode::SUCCESS
        }
        Err(why) => {
            eprintln!("error: {why}");
            ExitCode::FAILURE
        }
    }
}
