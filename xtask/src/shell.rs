//! Running other programs, and saying so.

use std::path::{Path, PathBuf};
use std::process::Command;

/// The project's root.
pub(crate) fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_owned()
}

/// Where builds go.
pub(crate) fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}

/// Cargo, in the project's root. Nothing is built twice in one run, so nothing is kept for the next: that takes gigabytes.
pub(crate) fn cargo(arguments: &[&str]) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(arguments).current_dir(root()).env("CARGO_INCREMENTAL", "0");
    command
}

/// Runs a command to its end.
///
/// # Errors
/// If it cannot be run, or fails.
pub(crate) fn run(command: &mut Command) -> Result<(), String> {
    let shown = std::iter::once(command.get_program()).chain(command.get_args());
    let shown = shown.map(|word| word.to_string_lossy().into_owned()).collect::<Vec<_>>().join(" ");
    eprintln!("    $ {shown}");
    let status = command.status().map_err(|cause| format!("cannot run `{shown}`: {cause}"))?;
    if status.success() { Ok(()) } else { Err(format!("`{shown}` failed: {status}")) }
}

/// What a ledger calls a program: its commit, and whether what is in these folders is more than that.
///
/// # Errors
/// If Git does not say.
pub(crate) fn commit(folders: &[&str]) -> Result<String, String> {
    let ask = |arguments: &[&str]| {
        let told = Command::new("git").args(arguments).current_dir(root()).output();
        let told = told.map_err(|cause| format!("run git: {cause}"))?;
        Ok::<_, String>(String::from_utf8_lossy(&told.stdout).trim().to_owned())
    };
    let commit = ask(&["rev-parse", "--short=10", "HEAD"])?;
    let changed = ask(&[&["status", "--porcelain", "--"], folders].concat())?;
    Ok(if changed.is_empty() { commit } else { format!("{commit}, changed") })
}
