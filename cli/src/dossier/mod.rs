//! `dossier make` and `verify`: part of the record for a stranger, and what a stranger sees of it (spec/dossier.md).

mod contradiction;
mod file;
mod html;
pub(crate) mod page;
mod programs;
mod verify;

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, Subcommand};
use detente_dossier::{Attached, Report, Wrong};
use detente_record::{Hash, ParsedRef};
use detente_station::Home;
use http_body_util::BodyExt as _;
use hyper::body::Bytes;
use serde_json::{Value, json};

use crate::failure::Failure;
use crate::harmless;
use crate::line::{LineArgs, OnLine};
use crate::output::Output;
use crate::socket::Trouble;
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
    /// Only what the founding memorandum allows to show: no amendments, and no entry, receipt or witness of theirs
    #[arg(long)]
    founding_only: bool,
    /// Also where parties say that they hold the attachments of these entries
    #[arg(long)]
    custody: bool,
    /// Put the attachments of these entries into the file, with where parties say that they hold them
    #[arg(long)]
    with_attachments: bool,
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
        "founding_only": asked.founding_only, "custody": asked.custody || asked.with_attachments,
        "attachments": asked.with_attachments,
    });
    let (made, without) = made(&on, &body).await?;
    let mut writing = file::Writing::begin(path, &made)?;
    let mut left_out = Vec::new();
    if asked.with_attachments {
        let all = without.attachments.iter().map(|attached| (attached.attachment.hash, attached));
        for (hash, attached) in all.collect::<BTreeMap<_, _>>() {
            if !attach(&on, &mut writing, &hash, attached).await? {
                left_out.push(harmless::line(&attached.attachment.name));
            }
        }
    }
    let (loaded, sha256) = file::load(writing.end()?)?;
    let report = held(detente_dossier::verify_loaded(&loaded))?;
    writing.keep()?;
    let (entries, unreceipted) = (report.entries.len(), verify::unreceipted(&report));
    let line = detente_dossier::paper::line_fingerprint(&report.memoranda);
    if out.is_json() {
        let said = json!({
            "file": path.display().to_string(), "bytes": loaded.size, "sha256": detente_record::hex(&sha256),
            "entries": entries, "unacknowledged": unreceipted, "parts": report.parts, "line": report.memoranda.line().to_string(),
            "fingerprint": line, "attachments": report.attachments.len(), "not_here": left_out,
        });
        return out.data(&said.to_string());
    }
    let size = format!("{entries} entries, {} parts, {} bytes", report.parts, loaded.size);
    out.data(&format!("{}: {size}", path.display()))?;
    if !left_out.is_empty() {
        let names = left_out.join(", ");
        out.remark(&format!(
            "not here, and so not in the file: {names}; `detente attachments` says who holds them"
        ));
    }
    out.remark(&format!("next: detente verify {} --line {line}", path.display()));
    Ok(())
}

/// What the station made does not hold: nothing is written.
fn does_not_hold(found: String) -> Failure {
    let hint = "stop the station, keep a copy of lines/, and run `detente record verify`";
    Failure::failed("Dossier", "what the station made", "that it holds", found, hint)
}

/// Takes an attachment from the station into a dossier; says whether it is there.
async fn attach(
    on: &OnLine,
    writing: &mut file::Writing,
    hash: &Hash,
    attached: &Attached,
) -> Result<bool, Failure> {
    let mut body = match on.follow(&format!("/blobs/{}", detente_record::hex(hash))).await {
        Ok(body) => body,
        Err(Trouble::Answered(failure)) if failure.is("NotReceived") => return Ok(false),
        Err(trouble) => return Err(trouble.into()),
    };
    let mut part = writing.begin_part(hash)?;
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|cause| {
            let hint = "ask again; `detente doctor` looks whether the station is well";
            Failure::failed("Station", "an attachment", "all of it", cause.to_string(), hint)
        })?;
        if let Some(bytes) = frame.data_ref() {
            writing.more(&mut part, bytes)?;
        }
    }
    writing.end_part(part, &attached.attachment.blob())?;
    Ok(true)
}

/// Has the station make a dossier, and holds it to everything that a stranger will.
///
/// # Errors
/// When the station makes none, or one that does not hold.
pub(crate) async fn made(on: &OnLine, selection: &Value) -> Result<(Bytes, Report), Failure> {
    let bytes = on.fetch("/dossier", selection, MAKING).await?;
    let report = held(detente_dossier::verify(&bytes))?;
    Ok((bytes, report))
}

/// A report that nothing is wrong with.
fn held(report: Result<Report, Wrong>) -> Result<Report, Failure> {
    let report = report.map_err(|wrong| does_not_hold(wrong.to_string()))?;
    match report.wrongs.first() {
        Some(wrong) => Err(does_not_hold(wrong.to_string())),
        None => Ok(report),
    }
}

/// Refuses the path of a file that is there.
///
/// # Errors
/// Misuse, naming it.
pub(crate) fn is_new(path: &Path) -> Result<(), Failure> {
    if path.exists() {
        let hint = "choose another name, or remove it";
        return Err(Failure::misuse(path.display().to_string(), "a file that is not there yet", "one", hint));
    }
    Ok(())
}

/// Writes a file that is not there yet, whole or not at all.
///
/// # Errors
/// When it is there, and when it cannot be written.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
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
