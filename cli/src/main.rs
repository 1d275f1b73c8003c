//! The `detente` command: data on standard output, messages on standard error, exit codes 0 (done), 1 (refused
//! or failed) and 2 (misuse).
#![forbid(unsafe_code)]

mod answer;
mod command;
mod demo;
mod draft;
mod entry;
mod events;
mod failure;
mod harmless;
mod inbox;
mod line;
mod notice;
mod officer;
mod output;
mod page;
mod place;
mod precedence;
mod record;
mod regard;
mod run;
mod scenario;
mod send;
mod setup;
mod socket;
mod standing;
mod status;
mod time;
mod watch;

use std::process::ExitCode;

use clap::Parser as _;

use self::command::Cli;
use self::output::Output;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let out = Output::new(cli.json);
    cli.run(&out).unwrap_or_else(|failure| {
        if let Some(message) = failure.message(out.is_json()) {
            out.message(&message);
        }
        failure.exit_code()
    })
}
