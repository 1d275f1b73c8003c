//! `cargo xtask siege`: real stations in network namespaces, killed, cut off, paused, starved and spoilt, and judged by their books.

use std::path::Path;
use std::process::Command;

use clap::Args;

use crate::ci::install_from_debian;
use crate::shell::{cargo, run, target};

/// What `siege` takes.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// How long, how hard, with how many: see `cargo xtask siege -- --help`
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<String>,
}

/// Builds the stations and those who besiege them, and runs it.
///
/// # Errors
/// With what the judges object to.
pub(crate) fn lay(options: &Options) -> Result<(), String> {
    run(&mut cargo(&["build", "--quiet", "--release", "--locked", "-p", "detente", "-p", "detente-siege"]))?;
    besiege(&options.arguments)
}

/// Runs it as it was built.
///
/// # Errors
/// With what the judges object to.
pub(crate) fn besiege(arguments: &[String]) -> Result<(), String> {
    let lacking = |program: &str| Command::new(program).arg("-V").output().is_err();
    if lacking("ip") || !Path::new("/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1").exists() {
        eprintln!(
            "    what makes namespaces or false clocks is missing: installing iproute2 and libfaketime from Debian"
        );
        install_from_debian(&["iproute2", "libfaketime"])?;
    }
    run(Command::new(target().join("release/detente-siege")).args(arguments))
}
