//! `dossier make` and `verify`: part of the record for a stranger, and what a stranger sees of it (spec/dossier.md).

mod html;
mod page;
mod programs;
mod verify;

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, Subcommand};
use detente_record::{ParsedRef, sha256};
use detente_station::Home;
use serde_json::json;

use crate::failure::Failure;
use crate::harmless;
use crate::line::LineArgs;
use crate::output::Output;
use crate::time::When;

pub(crate) use verify::{Verify, verify};

/// How much longer than other answers a dossier may take.
const MAKING: Duration = Duration::from_secs(600);

/// What can be done with dossiers.
#[derive(Debug, Subcommand)]
pub(crate) enum Dossier {
    /// Write chosen entries and what proves them into one file, for somebody who was not there
    Make(Make),
}

/// What `dossier make` takes.
#[derive(Debug, Args)]
pub(crate) struct Make {
    /// These entries, such as usa/Z/3
    #[arg(value_name = "REF", value_parser = entry_name, required_unless_present_any = ["thread", "notice", "since", "until"])]
    entries: Vec<String>,
    /// This entry, what it regards and what regards it, and so on both ways
    #[arg(long, value_name = "REF", value_parser = entry_name)]
    thread: Vec<String>,
    /// This notice, its amendments and withdrawal, and all that was said of it
    #[arg(long, value_name = "REF", value_parser = entry_name)]
    notice: Vec<String>,
    /// Everything from this time on, by its authors' clocks
    #[arg(long, value_name = "TIME")]
    since: Option<When>,
    /// Everything up to this time
    #[arg(long, value_name = "TIME")]
    until: Option<When>,
    /// Show every entry under the first signature of everybody, however long verifying then takes
    #[arg(long)]
    exact: bool,
    /// Where to write it
    #[arg(long, short, value_name = "FILE")]
    out: PathBuf,
    #[command(flatten)]
    line: LineArgs,
}

fn entry_name(text: &str) -> Result<String, String> {
    let found = || format!("expected an entry such as usa/Z/3, found {}", harmless::line(text));
    ParsedRef::parse(text).map(|_| text.to_owned()).map_err(|_| found())
}

/// Has the station make a dossier, holds it to everything that a stranger will, and writes it.
///
/// # Errors
/// When the station makes none, and when it cannot be written.
pub(crate) async fn dossier(asked: &Dossier, home: &Home, out: &Output) -> Result<(), Failure> {
    let Dossier::Make(asked) = asked;
    let path = &asked.out;
    is_new(path)?;
    let on = asked.line.open(home).await?;
    let time = |when: Option<When>| when.map(|when| when.ms(on.now_ms));
    let body = json!({
        "entries": asked.entries, "threads": asked.thread, "notices": asked.notice,
        "since_ms": time(asked.since), "until_ms": time(asked.until), "exact": asked.exact,
    });
    let bytes = on.fetch("/dossier", &body, MAKING).await?;
    let hint = "stop the station, keep a copy of lines/, and run `detente record verify`";
    let does_not =
        |found: String| Failure::failed("Dossier", "what the station made", "that it holds", found, hint);
    let report = detente_dossier::verify(&bytes).map_err(|wrong| does_not(wrong.to_string()))?;
    if let Some(wrong) = report.wrongs.first() {
        return Err(does_not(wrong.to_string()));
    }
    write(path, &bytes)?;
    let (entries, unreceipted) = (report.entries.len(), verify::unreceipted(&report));
    let line = detente_dossier::paper::line_fingerprint(&report.memorandum);
    if out.is_json() {
        let said = json!({
            "file": path.display().to_string(), "bytes": bytes.len(), "sha256": detente_record::hex(&sha256(&bytes)),
            "entries": entries, "unacknowledged": unreceipted, "parts": report.parts, "line": report.memorandum.line().to_string(),
            "fingerprint": line,
        });
        return out.data(&said.to_string());
    }
    let size = format!("{entries} entries, {} parts, {} bytes", report.parts, bytes.len());
    out.data(&format!("{}: {size}", path.display()))?;
    out.remark(&format!("next: detente verify {} --line {line}", path.display()));
    Ok(())
}

fn is_new(path: &Path) -> Result<(), Failure> {
    if path.exists() {
        let hint = "choose another name, or remove it";
        return Err(Failure::misuse(path.display().to_string(), "a file that is not there yet", "one", hint));
    }
    Ok(())
}

/// Writes a file that is not there yet, whole or not at all.
fn write(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    is_new(path)?;
    let mut beside = path.as_os_str().to_owned();
    beside.push(".new");
    let beside = PathBuf::from(beside);
    let written = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .open(&beside)
        .and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()))
        .and_then(|()| fs::rename(&beside, path));
    written.map_err(|cause| {
        // What was begun is of no use; where it cannot be removed, it is said all the same.
        let _ = fs::remove_file(&beside);
        let hint = "choose a folder that can be written and has room";
        Failure::failed(
            "Station",
            path.display().to_string(),
            "a file that can be written",
            cause.to_string(),
            hint,
        )
    })
}
