//! The `detente` command: data on standard output, messages on standard error, exit codes 0 (done), 1 (refused
//! or failed) and 2 (misuse).
#![forbid(unsafe_code)]

mod airspace;
mod answer;
mod attachment;
mod circuits;
mod command;
mod courier;
mod demo;
mod disclosure;
mod dossier;
mod draft;
mod drill;
mod enrolment;
mod entry;
mod events;
mod failure;
mod files;
mod finding;
mod inbox;
mod keys;
mod line;
mod memorandum;
mod moment;
mod motion;
mod notice;
mod observer;
mod officer;
mod output;
mod page;
mod place;
mod position;
mod precedence;
mod progress;
mod record;
mod regard;
mod relay;
mod release;
mod report;
mod run;
mod scenario;
mod send;
mod setup;
mod socket;
mod standing;
mod status;
mod time;
mod token;
mod watch;
mod witness;
mod words;
mod working_group;

use std::process::ExitCode;

use clap::Parser as _;
use detente_console::Words;
use detente_dossier::harmless;

use self::command::Cli;
use self::failure::Failure;
use self::output::Output;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return unread(&error),
    };
    // Programs read the same in every language.
    let words = if cli.json { words::reader_of_programs() } else { words::reader(cli.words) };
    let out = Output::new(cli.json, words);
    cli.run(&out).unwrap_or_else(|failure| end(&out, &failure))
}

fn end(out: &Output, failure: &Failure) -> ExitCode {
    if let Some(message) = failure.message(out) {
        out.message(&message);
    }
    failure.exit_code()
}

/// A command line that makes no sense: for people in the parser's own words, for programs in ours.
fn unread(error: &clap::Error) -> ExitCode {
    let as_json = std::env::args_os().any(|argument| argument == "--json");
    if !as_json || !error.use_stderr() {
        error.exit();
    }
    let text = error.to_string();
    let first = text.lines().next().unwrap_or_default();
    let found = first.strip_prefix("error: ").unwrap_or(first);
    let failure = Failure::misuse("command line", "a command of `detente help`", found, "`detente help`");
    end(&Output::new(true, Words::english()), &failure)
}
