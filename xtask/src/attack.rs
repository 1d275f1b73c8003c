//! `cargo xtask attack`: a malicious station and a malicious client against real stations (docs/threat-model.md).

use std::process::Command;

use clap::Args;

use crate::shell::{cargo, run, target};

/// What `attack` takes.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Which attacks, and how they are told of: see `cargo xtask attack -- --help` and `--list`
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<String>,
}

/// Builds the station and its adversary, and has it attacked.
///
/// # Errors
/// If something did not hold.
pub(crate) fn attack(options: &Options) -> Result<(), String> {
    run(&mut cargo(&[
        "build",
        "--quiet",
        "--release",
        "--locked",
        "-p",
        "detente",
        "-p",
        "detente-adversary",
    ]))?;
    make(&options.arguments)
}

/// Makes attacks with what is built.
///
/// # Errors
/// If something did not hold.
pub(crate) fn make(arguments: &[String]) -> Result<(), String> {
    run(Command::new(target().join("release/detente-adversary")).args(arguments))
}
