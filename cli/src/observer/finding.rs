//! `observer find`: a finding on entries that were disclosed, signed, kept, and only then handed over.

use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use clap::Args;
use detente_line::{Found, On};
use detente_record::{Fault, Hash, hex, sha256};
use serde_json::json;

use super::folder::{Folder, Held};
use super::taking::text;
use crate::dossier::{is_new, write};
use crate::draft::{entry_name, held_text};
use crate::failure::Failure;
use crate::output::Output;

/// What `observer find` takes.
#[derive(Debug, Args)]
pub(crate) struct Find {
    /// The entries that it is on, each of which was disclosed, such as usa/Z/3
    #[arg(value_name = "REF", value_parser = entry_name, required = true)]
    entries: Vec<String>,
    /// What was found
    #[arg(long, value_parser = held_text)]
    text: String,
    /// The number of an own finding that this one takes the place of
    #[arg(long, value_name = "SERIAL")]
    corrects: Option<u64>,
    /// Language that it is in (BCP 47)
    #[arg(long, value_name = "TAG", default_value = "en")]
    language: String,
    /// Name or fingerprint of the line, where there are several
    #[arg(long, value_name = "LINE")]
    line: Option<String>,
    /// Where to write it, for a party to lodge
    #[arg(long, short, value_name = "FILE")]
    out: PathBuf,
}

/// The hash of an entry's bytes, as every dossier here shows it.
fn shown(held: &[Held], name: &str) -> Result<Hash, Failure> {
    let mut found = None;
    for held in held {
        for entry in held.report.entries.iter().filter(|entry| text(&held.report, entry.name) == name) {
            let hash = sha256(&entry.bytes);
            if found.replace(hash).is_some_and(|other| other != hash) {
                let hint = "`detente observer show` tells who signed both, which convicts it; find that on the disclosures";
                return Err(Failure::failed("Misbehaved", name, "one entry of that name", "two", hint));
            }
        }
    }
    found.ok_or_else(|| {
        let hint = "`detente observer show` lists what was disclosed";
        Failure::misuse("REF", "an entry that was disclosed", name, hint)
    })
}

/// Signs a finding.
///
/// # Errors
/// For entries that were not disclosed, for what breaks a rule, and when it cannot be kept or written.
pub(super) fn find(asked: &Find, folder: &Folder, out: &Output) -> Result<(), Failure> {
    is_new(&asked.out)?;
    let keys = folder.open_keys()?;
    let (line, held) = folder.choose(asked.line.as_deref())?;
    let on = asked.entries.iter().map(|name| Ok(On { entry: name.clone(), sha256: shown(&held, name)? }));
    let on = on.collect::<Result<Vec<On>, Failure>>()?;
    let before = line.findings()?;
    let last = before.last();
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let serial = last.map_or(1, |last| last.found().serial + 1);
    if let Some(corrects) =
        asked.corrects.filter(|serial| !before.iter().any(|one| one.found().serial == *serial))
    {
        let hint = "`detente observer show` lists the findings that are here";
        return Err(Failure::misuse(
            "--corrects",
            "the number of an own finding",
            corrects.to_string(),
            hint,
        ));
    }
    let found = Found {
        line: line.id,
        by: keys.observer().to_owned(),
        serial,
        before: last.map(detente_line::Finding::hash),
        corrects: asked.corrects,
        time_ms: u64::try_from(since.as_millis()).unwrap_or(u64::MAX),
        language: asked.language.clone(),
        on,
        text: asked.text.trim_matches('\n').to_owned(),
    };
    let finding = found.sign(&keys.key()).map_err(|fault: Fault| {
        let detail = fault.detail();
        let hint = "say it in less, or in plain lines; what is long goes into several findings";
        Failure::misuse(detail.what, detail.expected.to_string(), detail.found.to_string(), hint)
    })?;
    // Kept first: a serial that may have been handed over is never signed again.
    if line.keep_finding(&finding)? {
        let hint = "another command has just signed one: run this again";
        return Err(Failure::failed("Busy", "serial", "one that is not used", serial.to_string(), hint));
    }
    write(&asked.out, finding.note().as_bytes()).map_err(|failure| {
        let kept =
            format!("finding {serial} is signed and kept in {}: copy it from there", folder.path().display());
        let hint = format!("{}; {kept}", failure.hint());
        failure.with_hint(hint)
    })?;
    let name = held.first().map(|held| held.report.memoranda.line_name().to_owned()).unwrap_or_default();
    if out.is_json() {
        let said = json!({
            "serial": serial, "hash": hex(&finding.hash()), "line": line.id.to_string(), "name": name,
            "observer": keys.observer(), "file": asked.out.display().to_string(),
        });
        return out.data(&said.to_string());
    }
    out.data(&format!("finding {serial} of {} on {name}: {}", keys.observer(), asked.out.display()))?;
    out.remark("next: give the file to a party, or to several, who run `detente finding lodge FILE`");
    Ok(())
}
