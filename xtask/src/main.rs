//! The project's own commands: `cargo xtask ci`, `cargo xtask bench`.
#![forbid(unsafe_code)]

mod bench;
mod ci;
mod rules;
mod shell;

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
    /// Measure us beside the peers
    Bench(bench::Options),
}

fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Verb::Ci(options) => ci::pass(&options),
        Verb::Bench(options) => bench::measure(&options),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("error: {why}");
            ExitCode::FAILURE
        }
    }
}
