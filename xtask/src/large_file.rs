//! `cargo xtask large-file`: what CI does with a file of some size, done with one of a gigabyte.

use clap::Args;

use crate::shell::{cargo, run};

/// What `large-file` takes.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// How large, in MiB
    #[arg(long, default_value_t = 1_024, value_parser = clap::value_parser!(u64).range(1..=4_096))]
    mib: u64,
}

/// Runs the test of large attachments with a file of that size.
///
/// # Errors
/// If it fails.
pub(crate) fn pass(options: &Options) -> Result<(), String> {
    let test =
        ["test", "--locked", "-p", "detente", "--test", "attachments", "a_large_file", "--", "--nocapture"];
    run(cargo(&test).env("DETENTE_TEST_LARGE_MIB", options.mib.to_string()))
}
