//! The `detente` command: data on standard output, messages on standard error, exit codes 0 (done), 1 (refused
//! or failed) and 2 (misuse).
#![forbid(unsafe_code)]

mod demo;
mod run;
mod scenario;
mod setup;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use detente_station::{Home, SetupError};

/// A recorded line between parties who do not trust each other.
#[derive(Debug, Parser)]
#[command(name = "detente", version)]
struct Cli {
    /// The station's folder
    #[arg(long, global = true, env = "DETENTE_HOME")]
    home: Option<PathBuf>,
    /// JSON on standard output
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Make a party's keys for a line, and its card
    Init(setup::Init),
    /// Draft, show, check, sign or adopt a memorandum
    #[command(subcommand)]
    Memorandum(setup::Paperwork),
    /// Run the station
    Run,
    /// Replay a scenario on real stations, before your eyes
    Demo(demo::Options),
}

/// Where the station's folder is unless it is named.
fn usual_home() -> PathBuf {
    let state = std::env::var_os("XDG_STATE_HOME").map(PathBuf::from);
    let home = || std::env::var_os("HOME").map(PathBuf::from).unwrap_or_default().join(".local/state");
    state.unwrap_or_else(home).join("detente")
}

fn said(said: Result<setup::Said, SetupError>, json: bool) -> Result<(), SetupError> {
    let said = said?;
    if json {
        println!("{}", said.json);
    } else {
        print!("{}", said.text);
    }
    if let Some(next) = said.next.filter(|_| !json) {
        eprintln!("next: {next}");
    }
    Ok(())
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let home = Home::at(cli.home.unwrap_or_else(usual_home));
    let done = match cli.command {
        Verb::Init(asked) => said(setup::init(&home, &asked), cli.json),
        Verb::Memorandum(asked) => said(setup::paperwork(&home, &asked), cli.json),
        Verb::Run => run::run(home, cli.json),
        Verb::Demo(options) => return demo::run(&options),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}\n hint: {}", error.hint());
            ExitCode::FAILURE
        }
    }
}
