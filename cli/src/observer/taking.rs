//! `observer take`: dossiers that parties disclosed, verified as by any stranger, and held to all others of their line.

use std::path::PathBuf;

use clap::Args;
use detente_dossier::{Conviction, Report, compare, paper};
use detente_line::{Content, Finding};
use detente_record::{EntryRef, hex};
use detente_station::observer_keys::ObserverKeys;
use serde_json::{Value, json};

use super::folder::{Folder, Held, MOST_DOSSIERS, OfLine, holds, read};
use crate::failure::Failure;
use crate::output::Output;

/// What `observer take` takes.
#[derive(Debug, Args)]
pub(crate) struct Take {
    /// The dossiers, as they came
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
}

/// A dossier that was taken.
struct Taken {
    line: OfLine,
    sha256: String,
    /// What it says was disclosed to this observer, by whom.
    disclosures: Vec<String>,
    entries: usize,
    was_here: bool,
    is_new_line: bool,
}

/// Takes every file that holds, and tells what contradicts.
///
/// # Errors
/// When one of them does not hold, which is not kept; and when what is kept cannot all be true, which is evidence.
pub(super) fn take(asked: &Take, folder: &Folder, out: &Output) -> Result<(), Failure> {
    let keys = folder.open_keys()?;
    let (mut told, mut first) = (Vec::new(), None);
    for path in &asked.files {
        match take_one(folder, &keys, &read(path)?, out) {
            Ok((taken, report)) => told.push(say(&path.display().to_string(), &taken, &report, out)?),
            Err(failure) => {
                if asked.files.len() > 1 {
                    out.remark(&format!("{}: not taken", path.display()));
                }
                first.get_or_insert(failure);
            }
        }
    }
    let mut convictions = Vec::new();
    for line in folder.lines()? {
        let held = line.dossiers()?;
        let all = contradictions(&held)?;
        if let (Some(conviction), Some(one)) = (all.first(), held.first()) {
            first.get_or_insert_with(|| convicted(conviction, &one.report, all.len()));
        }
        for conviction in &all {
            let Some(one) = held.first() else { continue };
            let says = conviction.says(&one.report.memoranda);
            out.remark(&format!("✗ {says}"));
            convictions.push(json!({"line": line.id.to_string(), "says": says}));
        }
    }
    if out.is_json() {
        out.data(&json!({"taken": told, "contradictions": convictions}).to_string())?;
    }
    first.map_or(Ok(()), Err)
}

/// What cannot all be true among the dossiers of one line.
///
/// # Errors
/// Where they are of several, which a folder never has.
pub(super) fn contradictions(held: &[Held]) -> Result<Vec<Conviction>, Failure> {
    let reports: Vec<&Report> = held.iter().map(|held| &held.report).collect();
    compare(&reports).map_err(|fault| {
        let detail = fault.detail();
        let hint = "each line has a folder of its own: move the other's dossiers away";
        Failure::failed("Malformed", detail.what, detail.expected.to_string(), detail.found.to_string(), hint)
    })
}

fn convicted(conviction: &Conviction, report: &Report, count: usize) -> Failure {
    let fault = conviction.fault(&report.memoranda);
    let detail = fault.detail();
    let more = if count > 1 { format!("; {} more are told", count - 1) } else { String::new() };
    let found = format!("{}{more}", detail.found);
    let hint =
        "what was taken is kept: it is evidence against the author, whose signatures contradict each other";
    Failure::failed(&fault.blame().to_string(), detail.what, detail.expected.to_string(), found, hint)
}

fn take_one(
    folder: &Folder,
    keys: &ObserverKeys,
    bytes: &[u8],
    out: &Output,
) -> Result<(Taken, Report), Failure> {
    let refuse = |wrong: &detente_dossier::Wrong| {
        let detail = wrong.fault.detail();
        let what = format!("{}: {}", wrong.part, detail.what);
        let hint =
            "it was altered on its way, or made by other means: ask the party that disclosed it for the file";
        Failure::failed(
            &wrong.fault.blame().to_string(),
            what,
            detail.expected.to_string(),
            detail.found.to_string(),
            hint,
        )
    };
    let report = detente_dossier::verify(bytes).map_err(|wrong| refuse(&wrong))?;
    holds(&report).map_err(refuse)?;
    let line = folder.line(report.memoranda.line());
    let here = line.dossiers()?;
    if here.len() >= MOST_DOSSIERS {
        let hint = "move those away that are not needed any more";
        return Err(Failure::failed("Full", "dossiers of a line", "at most 256", "one more", hint));
    }
    let (is_new_line, was_here) = (here.is_empty(), line.keep(bytes)?);
    recover(&line, keys, &report, out)?;
    let names = disclosed_to(&report, keys.observer()).map(|(name, _)| text(&report, name));
    let (disclosures, entries) = (names.collect(), report.entries.len());
    let sha256 = hex(&detente_record::sha256(bytes));
    Ok((Taken { line, sha256, disclosures, entries, was_here, is_new_line }, report))
}

/// The disclosures in a dossier to an observer, with the entries that each names.
pub(super) fn disclosed_to<'r>(
    report: &'r Report,
    observer: &'r str,
) -> impl Iterator<Item = (EntryRef, &'r detente_line::Disclosure)> {
    report.entries.iter().filter_map(move |entry| match &entry.content {
        Ok(Content::Discloses(disclosure)) if disclosure.to() == observer => Some((entry.name, disclosure)),
        _ => None,
    })
}

/// An entry's name.
pub(super) fn text(report: &Report, name: EntryRef) -> String {
    name.text(&report.memoranda.name_of(name.book.party))
}

/// The findings under an observer's key that are lodged in a dossier.
pub(super) fn lodged<'r>(
    report: &'r Report,
    keys: &'r ObserverKeys,
) -> impl Iterator<Item = (EntryRef, &'r Finding)> {
    let (key, line) = (keys.key().public(), report.memoranda.line());
    report.entries.iter().filter_map(move |entry| match &entry.content {
        Ok(Content::Finding(finding))
            if finding.found().by == keys.observer()
                && finding.found().line == line
                && finding.is_signed_by(&key) =>
        {
            Some((entry.name, &**finding))
        }
        _ => None,
    })
}

/// Takes back what of its own was lodged and is not here: a folder that was put back from a copy signs no serial twice.
fn recover(line: &OfLine, keys: &ObserverKeys, report: &Report, out: &Output) -> Result<(), Failure> {
    let here = line.findings()?;
    for (name, finding) in lodged(report, keys) {
        let serial = finding.found().serial;
        match here.iter().find(|one| one.found().serial == serial) {
            Some(one) if one.hash() == finding.hash() => {}
            Some(_) => out.message(&format!(
                "✗ {} lodges another finding {serial} under your key than the one in this folder: whoever else has the key \
                 signed it, or this folder was put back from a copy; both signatures convict you",
                text(report, name)
            )),
            None if line.keep_finding(finding)? => {}
            None => out.remark(&format!("finding {serial}, which was not here, is taken back from {}", text(report, name))),
        }
    }
    Ok(())
}

fn say(file: &str, taken: &Taken, report: &Report, out: &Output) -> Result<Value, Failure> {
    let memoranda = &report.memoranda;
    let (line, print) = (memoranda.line_name(), paper::line_fingerprint(memoranda));
    if !out.is_json() {
        let here = if taken.was_here { ", which was here" } else { "" };
        out.data(&format!("{file}: {} entries of {line}{here}", taken.entries))?;
    }
    if taken.is_new_line {
        out.remark(&format!(
            "a line that is new here: compare its fingerprint {print} with what the parties say"
        ));
    }
    if taken.disclosures.is_empty() {
        out.remark(&format!(
            "no entry in {file} says that it was disclosed to you: nobody is bound to have shown it"
        ));
    }
    Ok(json!({
        "file": file, "sha256": taken.sha256, "line": taken.line.id.to_string(), "name": line, "fingerprint": print,
        "entries": taken.entries, "disclosures": taken.disclosures, "was_here": taken.was_here,
    }))
}
