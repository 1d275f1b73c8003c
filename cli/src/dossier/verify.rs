//! `verify`: what a dossier shows, on any computer, with no station, key or network; and whether several can all be true.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use clap::Args;
use detente_dossier::archive::MOST_BYTES;
use detente_dossier::{Memoranda, Report, Shows, Wrong, paper};
use detente_line::Memorandum;
use detente_record::Hash;
use detente_station::paper::Paper;
use serde_json::json;

use super::contradiction::between;
use super::{file, html, page, programs, write};
use crate::failure::Failure;
use crate::output::Output;

/// Most dossiers that are compared.
const MOST_FILES: usize = 16;

/// What `verify` takes.
#[derive(Debug, Args)]
pub(crate) struct Verify {
    /// The dossier; or several of one line, to see whether what was signed in them can all be true
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    /// The line's identity as its parties told you: its fingerprint, or its 64 hex digits
    #[arg(long, value_name = "FINGERPRINT")]
    line: Option<String>,
    /// The memorandum as you have it from elsewhere: a TOML file, or memorandum.cbor
    #[arg(long, value_name = "FILE")]
    memorandum: Option<PathBuf>,
    /// An attachment that is beside the dossier, or a folder of them: held to the hashes that entries give
    #[arg(long, value_name = "PATH")]
    attachment: Vec<PathBuf>,
    /// Write a page for a browser or a printer as well, into a file that is not there yet
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
}

/// What the reader holds a dossier's line to.
#[derive(Debug)]
pub(super) struct Anchor {
    /// What it was checked against, in words; nothing, where nothing was given.
    pub(super) checked: Vec<&'static str>,
    /// What does not fit.
    pub(super) wrongs: Vec<Wrong>,
}

/// A whole finding.
pub(super) struct Found {
    pub(super) file: String,
    pub(super) size: u64,
    pub(super) sha256: Hash,
    pub(super) report: Report,
    pub(super) anchor: Anchor,
}

impl Found {
    /// Everything that is wrong, the trust anchor first.
    pub(super) fn wrongs(&self) -> impl Iterator<Item = &Wrong> {
        self.anchor.wrongs.iter().chain(&self.report.wrongs)
    }

    /// How many things are.
    pub(super) fn wrong_count(&self) -> usize {
        self.anchor.wrongs.len() + self.report.wrong_count
    }
}

/// Says what dossiers show.
///
/// # Errors
/// When something in one does not hold, it is none, or not all of them can be true.
pub(crate) fn verify(asked: &Verify, out: &Output) -> Result<(), Failure> {
    if asked.files.len() > MOST_FILES {
        let found = asked.files.len().to_string();
        return Err(Failure::misuse("FILE", "at most 16 dossiers", found, "compare fewer at a time"));
    }
    let found = asked.files.iter().map(|path| find(asked, path, out)).collect::<Result<Vec<_>, Failure>>()?;
    let contradictions = between(&found)?;
    let convictions = &contradictions.convictions;
    if let Some(path) = &asked.html {
        write(path, html::page(&found, &contradictions).as_bytes())?;
    }
    let text = if out.is_json() {
        programs::json(&found, &contradictions)
    } else {
        page::page(&found, &contradictions, out)
    };
    out.data(&text)?;
    let wrong_count = found.iter().map(Found::wrong_count).sum();
    if let Some(first) = found.iter().flat_map(Found::wrongs).next() {
        return Err(failure(first, wrong_count));
    }
    if let (Some(first), Some(one)) = (convictions.first(), found.first()) {
        let part = first.other.part.clone();
        return Err(failure(&Wrong { part, fault: first.fault(&one.report.memoranda) }, convictions.len()));
    }
    if let (Some(rival), Some(one)) = (contradictions.rivals.first(), found.first()) {
        let fault = rival.fault(&one.report.memoranda);
        return Err(failure(&Wrong { part: "amendments.txt".into(), fault }, contradictions.rivals.len()));
    }
    for found in &found {
        let (parts, entries) = (found.report.parts, found.report.entries.len());
        out.remark(&format!("everything in {} holds: {parts} parts, {entries} entries", found.file));
    }
    if found.len() > 1 {
        out.remark("nothing in them shows that they cannot all be true; that proves nothing");
    }
    if found.iter().any(|found| found.anchor.checked.is_empty()) {
        out.remark("compare the line's fingerprint with what its parties say; --line checks it");
    }
    Ok(())
}

/// Reads one dossier.
fn find(asked: &Verify, path: &Path, out: &Output) -> Result<Found, Failure> {
    let (loaded, sha256) = file::load(path)?;
    let file = path.display().to_string();
    let mut report = detente_dossier::verify_loaded(&loaded).map_err(|wrong| {
        if out.is_json() {
            // Whoever reads no more has the exit code.
            let told = json!({"ok": false, "file": file, "faults": [programs::wrong(&wrong)]});
            let _ = out.data(&told.to_string());
        }
        failure(&wrong, 1)
    })?;
    let mut anchor = anchor(asked, &report.memoranda)?;
    for path in &asked.attachment {
        for path in file::files(path)? {
            let blob = file::blob(&path)?;
            if let Err(wrong) = report.lay(&path.display().to_string(), &blob) {
                anchor.wrongs.push(wrong);
            }
        }
    }
    Ok(Found { file, size: loaded.size, sha256, report, anchor })
}

pub(super) fn failure(wrong: &Wrong, count: usize) -> Failure {
    let detail = wrong.fault.detail();
    let more = match count {
        0 | 1 => String::new(),
        count => format!("; {} more are listed", count - 1),
    };
    let what = format!("{}: {}", wrong.part, detail.what);
    Failure::failed(
        &wrong.fault.blame().to_string(),
        what,
        detail.expected.to_string(),
        format!("{}{more}", detail.found),
        hint(wrong),
    )
}

/// What to do about something that does not hold.
pub(super) fn hint(wrong: &Wrong) -> &'static str {
    use detente_record::Blame;
    match (wrong.fault.blame(), wrong.fault.detail().what) {
        (_, "line") => "this is not the dossier of the line that you mean: ask who gave it to you",
        (Blame::Malformed, "dossier" | "directory of the archive" | "header of a part" | "part") => {
            "it was cut, packed again or altered on its way: ask for the file as it was made"
        }
        (Blame::Incompatible, _) => "a newer detente may read it",
        (Blame::Misbehaved, "book") => {
            "this is evidence against the author, whose signatures contradict each other"
        }
        (Blame::Malformed, "attachment") => {
            "it is not the file that its entry names: it was altered or cut, or belongs to something else"
        }
        _ => "it was altered after it was made, or made by other means: rely on nothing in this part",
    }
}

/// Reads a file that is no longer than a memorandum may be, by far.
fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    let failed = |cause: std::io::Error| {
        let hint = "check the path and who may read it";
        Failure::misuse(path.display().to_string(), "a file that can be read", cause.to_string(), hint)
    };
    let file = File::open(path).map_err(failed)?;
    let mut bytes = Vec::new();
    file.take(MOST_BYTES as u64 + 1).read_to_end(&mut bytes).map_err(failed)?;
    Ok(bytes)
}

/// Holds the memoranda of a dossier to what the reader has from elsewhere.
fn anchor(asked: &Verify, memoranda: &Memoranda) -> Result<Anchor, Failure> {
    let mut anchor = Anchor { checked: Vec::new(), wrongs: Vec::new() };
    let mut hold = |what: &'static str, holds: bool, expected: String, found: String| {
        anchor.checked.push(what);
        if !holds {
            let fault = detente_record::Fault::misbehaved("line", expected, found);
            anchor.wrongs.push(Wrong { part: "memorandum.cbor".into(), fault });
        }
    };
    if let Some(given) = &asked.line {
        let (id, fingerprint) = (memoranda.line().to_string(), paper::line_fingerprint(memoranda));
        let letters = |text: &str| text.chars().filter(char::is_ascii_alphanumeric).collect::<String>();
        let (bare, is_hex) = (letters(given), letters(given).len() == 64);
        if !is_hex && bare.len() != 24 {
            let hint = "it is six groups of four letters and digits, or 64 hex digits";
            return Err(Failure::misuse(
                "--line",
                "a fingerprint, or a line's identity",
                given.as_str(),
                hint,
            ));
        }
        let found = if is_hex { id } else { fingerprint };
        let holds = bare.eq_ignore_ascii_case(&letters(&found));
        hold("the line that was given", holds, given.clone(), found);
    }
    if let Some(path) = &asked.memorandum {
        let bytes = read(path)?;
        let given = match Memorandum::decode(&bytes) {
            Ok(memorandum) => memorandum,
            Err(_) => Paper::read(path).and_then(|paper| paper.memorandum(path))?,
        };
        let holds = memoranda.of_hash(&given.hash()).is_some();
        let [expected, found] =
            [&given, memoranda.founding()].map(|of| format!("{} ({})", of.line(), of.terms().name));
        hold("the memorandum that was given", holds, expected, found);
    }
    Ok(anchor)
}

/// How many entries are here of which nothing shows that some other party had them.
pub(super) fn unreceipted(report: &Report) -> usize {
    let lacks = |fact: &detente_dossier::Fact| matches!(fact.shows, Shows::Nothing { .. });
    report.entries.iter().filter(|entry| entry.facts.iter().any(lacks)).count()
}
