//! `cargo xtask campaign`: the simulator's long campaign, which goes on where it was left.

use std::path::PathBuf;
use std::process::Command;

use clap::Args;

use crate::shell::{cargo, commit, root, run, target};

/// What `campaign` takes.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// How many seeds in all
    #[arg(long, default_value_t = 100_000)]
    seeds: u64,
    /// Its ledger, in place of docs/evidence/campaign.json; without one it begins anew
    #[arg(long, value_name = "FILE")]
    ledger: Option<PathBuf>,
    /// How many run side by side
    #[arg(long, default_value_t = 2)]
    threads: usize,
    /// Stop after so many failures
    #[arg(long, default_value_t = 10)]
    failures: usize,
}

/// Builds the simulator and goes on.
///
/// # Errors
/// If a seed fails, or, at its end, something was never come upon.
pub(crate) fn go_on(options: &Options) -> Result<(), String> {
    run(&mut cargo(&["build", "--quiet", "--release", "--locked", "-p", "sim"]))?;
    let ledger = options.ledger.clone().unwrap_or_else(|| root().join("docs/evidence/campaign.json"));
    let (seeds, threads) = (options.seeds.to_string(), options.threads.to_string());
    let failures = options.failures.to_string();
    let mut playing = Command::new(target().join("release/sim"));
    playing.arg("--campaign").arg(ledger).args(["--program", &commit(&["core", "sim"])?, "--seeds", &seeds]);
    run(playing.args(["--threads", &threads, "--failures", &failures]))
}
