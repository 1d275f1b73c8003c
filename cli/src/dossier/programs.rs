//! What dossiers show, as JSON for programs.

use detente_dossier::{Conviction, Established, Shows, Wrong, compare, fact, paper, signers, words};
use detente_record::dossier::Signer;
use detente_record::{base64, hex, sha256};
use rayon::prelude::*;
use serde::Serialize;
use serde_json::{Value, json};

use super::verify::{Found, hint};

/// Something that does not hold.
pub(super) fn wrong(wrong: &Wrong) -> Value {
    let detail = wrong.fault.detail();
    json!({
        "part": wrong.part, "error": wrong.fault.blame().to_string(), "what": detail.what,
        "expected": detail.expected, "found": detail.found, "hint": hint(wrong),
    })
}

/// Everything, as one text: the object of one dossier, or those of several and what convicts between them.
pub(super) fn json(found: &[Found], convictions: &[Conviction]) -> String {
    match found {
        [one] => dossier(one),
        several => {
            let ok = convictions.is_empty() && several.iter().all(|found| found.wrong_count() == 0);
            let said =
                convictions.iter().filter_map(|found| Some(conviction(several.first()?, found, several)));
            let rest = json!({"ok": ok, "convictions": said.collect::<Vec<_>>()});
            let dossiers = several.iter().map(dossier).collect::<Vec<_>>();
            with_list("dossiers", &dossiers, &rest)
        }
    }
}

/// An object with a list before its other members; what is in the list is JSON already.
fn with_list(name: &str, list: &[String], rest: &Value) -> String {
    let rest = rest.to_string();
    let rest = rest.strip_prefix('{').unwrap_or("}");
    let comma = if rest == "}" { "" } else { "," };
    format!("{{\"{name}\":[{}]{comma}{rest}", list.join(","))
}

fn conviction(first: &Found, conviction: &Conviction, among: &[Found]) -> Value {
    let memorandum = &first.report.memorandum;
    let author = memorandum.name_of(conviction.book.party);
    let signed = |signed: &compare::Signed| {
        let file = among.get(signed.dossier).map_or(first.file.as_str(), |found| &found.file);
        json!({"file": file, "part": signed.part, "size": signed.size, "root": hex(&signed.root)})
    };
    json!({
        "book": conviction.book.text(&author), "bound": author,
        "checkpoints": [signed(&conviction.one), signed(&conviction.other)],
        "says": conviction.says(memorandum), "does_not_prove": compare::DOES_NOT_PROVE,
    })
}

fn dossier(found: &Found) -> String {
    let Found { report, anchor, .. } = found;
    let memorandum = &report.memorandum;
    let parties = memorandum.parties().map(|party| {
        json!({
            "name": memorandum.name_of(party),
            "full_name": memorandum.member(party).map(|member| &member.full_name),
            "fingerprint": paper::party_fingerprint(memorandum, party),
        })
    });
    let forks = report.forks.iter().map(|fork| {
        let book = fork.head.checkpoint.book;
        let author = memorandum.name_of(book.party);
        json!({
            "book": book.text(&author), "bound": author, "sizes": [fork.head.checkpoint.size, fork.with.checkpoint.size],
            "says": super::page::fork_says(memorandum, fork), "does_not_prove": compare::DOES_NOT_PROVE,
        })
    });
    let convictions =
        report.convictions.iter().map(|told| conviction(found, told, std::slice::from_ref(found)));
    let unread = report.unread.iter().map(|unread| json!({"part": unread.part, "what": unread.what}));
    // Most of the work, which all cores share.
    let entries: Vec<String> = report.entries.par_iter().map(|entry| self::entry(found, entry)).collect();
    let rest = json!({
        "ok": found.wrong_count() == 0,
        "file": found.file, "sha256": hex(&sha256(&found.bytes)), "bytes": found.bytes.len(), "parts": report.parts,
        "line": {
            "name": memorandum.terms().name, "line": memorandum.line().to_string(),
            "fingerprint": paper::line_fingerprint(memorandum), "checked_against": anchor.checked,
        },
        "parties": parties.collect::<Vec<_>>(),
        "witnesses": memorandum.witnesses().iter().map(|witness| &witness.name).collect::<Vec<_>>(),
        "forks": forks.collect::<Vec<_>>(), "convictions": convictions.collect::<Vec<_>>(),
        "unread": unread.collect::<Vec<_>>(), "texts_unchecked_by": report.texts_by,
        "faults": found.wrongs().map(wrong).collect::<Vec<_>>(), "fault_count": found.wrong_count(),
    });
    with_list("entries", &entries, &rest)
}

/// An entry, as programs read it.
#[derive(Serialize)]
struct EntryShown {
    entry: String,
    party: String,
    kind: Option<String>,
    time_ms: Option<u64>,
    clock: String,
    regards: Option<Vec<String>>,
    marked: Option<String>,
    said: Vec<Said>,
    facts: Vec<FactShown>,
    times: Vec<TimeShown>,
    checkpoints: Vec<CheckpointShown>,
    bytes: String,
}

#[derive(Serialize)]
struct Said {
    label: String,
    text: String,
}

#[derive(Serialize)]
struct FactShown {
    fact: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    party: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    witness: Option<String>,
    bound: Option<String>,
    says: String,
    does_not_prove: &'static str,
    by: Option<String>,
    time_ms: Option<u64>,
}

#[derive(Serialize)]
struct TimeShown {
    clock: String,
    not_before_ms: Option<u64>,
    not_before_by: Option<String>,
    not_after_ms: Option<u64>,
    says: String,
}

#[derive(Serialize)]
struct CheckpointShown {
    size: u64,
    root: String,
}

fn entry(found: &Found, entry: &Established) -> String {
    let memorandum = &found.report.memorandum;
    let name = |of| words::name(memorandum, of);
    let facts = entry.facts.iter().map(|fact| {
        let (by, time_ms) = match fact.shows {
            Shows::Held { by, time_ms } | Shows::Said { by, time_ms, .. } => (Some(name(by)), Some(time_ms)),
            Shows::Stored { seconds, .. } | Shows::Witnessed { seconds, .. } => {
                (None, Some(seconds.saturating_mul(1_000)))
            }
            Shows::Nothing { since_ms } => (None, since_ms),
            Shows::Wrote { .. } => (None, None),
        };
        let of = signers::name(memorandum, fact.of);
        let (party, witness) = match fact.of {
            Signer::Party(_) => (Some(of), None),
            Signer::Witness(_) => (None, Some(of)),
        };
        FactShown {
            fact: fact.name(),
            party,
            witness,
            bound: fact.bound().map(|signer| signers::name(memorandum, signer)),
            says: fact.says(memorandum, entry.name),
            does_not_prove: fact.does_not_prove(),
            by,
            time_ms,
        }
    });
    let times = entry.bounds.iter().map(|bound| TimeShown {
        clock: signers::name(memorandum, bound.clock),
        not_before_ms: bound.not_before.map(|(ms, _)| ms),
        not_before_by: bound.not_before.map(|(_, by)| name(by)),
        not_after_ms: bound.not_after.map(|(ms, _)| ms),
        says: fact::bound_says(bound, memorandum),
    });
    let rows = entry.rows(memorandum).into_iter();
    let read = entry.read.as_ref().ok();
    let author = memorandum.name_of(entry.name.book.party);
    let shown = EntryShown {
        entry: name(entry.name),
        kind: read.map(|read| words::kind(read.kind)),
        time_ms: read.map(|read| read.time_ms),
        clock: author.clone(),
        party: author,
        regards: read.map(|read| read.regards.iter().map(|of| name(*of)).collect()),
        marked: entry.read.as_ref().err().or(entry.content.as_ref().err()).map(ToString::to_string),
        said: rows.map(|row| Said { label: row.label, text: row.lines.join("\n") }).collect(),
        facts: facts.collect(),
        times: times.collect(),
        checkpoints: entry
            .under
            .iter()
            .map(|under| CheckpointShown { size: under.size, root: hex(&under.root) })
            .collect(),
        bytes: base64(&entry.bytes),
    };
    // Numbers and texts can always be written.
    serde_json::to_string(&shown).unwrap_or_default()
}
