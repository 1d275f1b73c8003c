//! The project's own commands: `cargo xtask ci`, and what measures, plays, attacks, besieges and pictures the system: `cargo xtask --help`.
#![forbid(unsafe_code)]

mod attack;
mod bench;
mod benchmarks;
mod campaign;
mod ci;
mod fuzz;
mod large_file;
mod rules;
mod screens;
mod shell;
mod siege;
mod supply_chain;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// The project's own commands.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    command: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Pass every check and test, installing what they need
    Ci(ci::Options),
    /// Attack real stations, and say what held
    Attack(attack::Options),
    /// Measure us beside the peers
    Bench(bench::Options),
    /// Measure suites, and write docs/benchmarks.md
    Benchmarks(benchmarks::Options),
    /// Go on with the simulator's long campaign
    Campaign(campaign::Options),
    /// Run the fuzz targets, guided by coverage
    Fuzz(fuzz::Options),
    /// Pass a file of a gigabyte between two stations, one of which is killed in the middle, and hold their memory flat
    LargeFile(large_file::Options),
    /// Besiege real stations in network namespaces, and judge their books
    Siege(siege::Options),
    /// Hold what the station is made of to its bill of materials and to deny.toml; build it twice
    SupplyChain(supply_chain::Options),
    /// Take the pictures of the console that the README shows, by its browser tests
    Screens,
}

fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Verb::Ci(options) => ci::pass(&options),
        Verb::Attack(options) => attack::attack(&options),
        Verb::Bench(options) => bench::measure(&options),
        Verb::Benchmarks(options) => benchmarks::write(&options),
        Verb::Campaign(options) => campaign::go_on(&options),
        Verb::Fuzz(options) => fuzz::pass(&options),
        Verb::LargeFile(options) => large_file::pass(&options),
        Verb::Siege(options) => siege::lay(&options),
        Verb::SupplyChain(options) => supply_chain::pass(&options),
        Verb::Screens => screens::take(),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("error: {why}");
            ExitCode::FAILURE
        }
    }
}
