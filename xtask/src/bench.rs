//! `cargo xtask bench`: us beside the peers, built as it is given to people (the profile `dist`).

use std::process::Command;

use clap::Args;

use crate::ci::provide_browser;
use crate::shell::{cargo, run, target};

/// What `bench` takes.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// What to measure, and how: see `cargo xtask bench -- --help`
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<String>,
}

/// Builds what is measured and what measures, and runs it.
///
/// # Errors
/// If either fails.
pub(crate) fn measure(options: &Options) -> Result<(), String> {
    build()?;
    run(&mut measuring(&options.arguments)?)
}

/// Builds what is measured and what measures.
///
/// # Errors
/// If that fails.
pub(crate) fn build() -> Result<(), String> {
    run(&mut cargo(&[
        "build",
        "--quiet",
        "--profile",
        "dist",
        "--locked",
        "-p",
        "detente",
        "-p",
        "detente-bench",
    ]))
}

/// What measures, with what it is asked for, and what that needs.
///
/// # Errors
/// If that cannot be had.
pub(crate) fn measuring(arguments: &[String]) -> Result<Command, String> {
    let mut measuring = Command::new(target().join("dist/detente-bench"));
    measuring.args(arguments);
    if arguments.iter().any(|argument| argument == "console") {
        provide_browser()?;
        measuring.arg("--browser").arg(target().join("browser"));
    }
    Ok(measuring)
}
