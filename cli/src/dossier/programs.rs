//! What dossiers show, as JSON for programs.

use detente_dossier::{Conviction, Shows, Wrong, compare, fact, paper, signers, words};
use detente_record::dossier::Signer;
use detente_record::{base64, hex, sha256};
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

/// Everything: the object of one dossier, or those of several and what convicts between them.
pub(super) fn json(found: &[Found], convictions: &[Conviction]) -> Value {
    match found {
        [one] => dossier(one),
        several => {
            let ok = convictions.is_empty() && several.iter().all(|found| found.wrong_count() == 0);
            let said =
                convictions.iter().filter_map(|found| Some(conviction(several.first()?, found, several)));
            json!({
                "ok": ok, "dossiers": several.iter().map(dossier).collect::<Vec<_>>(),
                "convictions": said.collect::<Vec<_>>(),
            })
        }
    }
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

fn dossier(found: &Found) -> Value {
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
    json!({
        "ok": found.wrong_count() == 0,
        "file": found.file, "sha256": hex(&sha256(&found.bytes)), "bytes": found.bytes.len(), "parts": report.parts,
        "line": {
            "name": memorandum.terms().name, "line": memorandum.line().to_string(),
            "fingerprint": paper::line_fingerprint(memorandum), "checked_against": anchor.checked,
        },
        "parties": parties.collect::<Vec<_>>(),
        "witnesses": memorandum.witnesses().iter().map(|witness| &witness.name).collect::<Vec<_>>(),
        "entries": report.entries.iter().map(|entry| self::entry(found, entry)).collect::<Vec<_>>(),
        "forks": forks.collect::<Vec<_>>(), "convictions": convictions.collect::<Vec<_>>(),
        "unread": unread.collect::<Vec<_>>(), "texts_unchecked_by": report.texts_by,
        "faults": found.wrongs().map(wrong).collect::<Vec<_>>(), "fault_count": found.wrong_count(),
    })
}

fn entry(found: &Found, entry: &detente_dossier::Established) -> Value {
    let memorandum = &found.report.memorandum;
    let name = |of| words::name(memorandum, of);
    let kind_of = |signer: Signer| match signer {
        Signer::Party(_) => "party",
        Signer::Witness(_) => "witness",
    };
    let facts = entry.facts.iter().map(|fact| {
        let (by, by_ms) = match fact.shows {
            Shows::Held { by, time_ms } | Shows::Said { by, time_ms, .. } => (Some(name(by)), Some(time_ms)),
            Shows::Stored { seconds, .. } | Shows::Witnessed { seconds, .. } => {
                (None, Some(seconds.saturating_mul(1_000)))
            }
            Shows::Nothing { since_ms } => (None, since_ms),
            Shows::Wrote { .. } => (None, None),
        };
        json!({
            "fact": fact.name(), kind_of(fact.of): signers::name(memorandum, fact.of),
            "bound": fact.bound().map(|signer| signers::name(memorandum, signer)),
            "says": fact.says(memorandum, entry.name), "does_not_prove": fact.does_not_prove(),
            "by": by, "time_ms": by_ms,
        })
    });
    let times = entry.bounds.iter().map(|bound| {
        json!({
            "clock": signers::name(memorandum, bound.clock),
            "not_before_ms": bound.not_before.map(|(ms, _)| ms), "not_before_by": bound.not_before.map(|(_, by)| name(by)),
            "not_after_ms": bound.not_after.map(|(ms, _)| ms),
            "says": fact::bound_says(bound, memorandum),
        })
    });
    let under = entry.under.iter().map(|under| json!({"size": under.size, "root": hex(&under.root)}));
    let said = entry
        .rows(memorandum)
        .into_iter()
        .map(|row| json!({"label": row.label, "text": row.lines.join("\n")}));
    let read = entry.read.as_ref().ok();
    json!({
        "entry": name(entry.name), "party": memorandum.name_of(entry.name.book.party),
        "kind": read.map(|read| words::kind(read.kind)),
        "time_ms": read.map(|read| read.time_ms),
        "clock": memorandum.name_of(entry.name.book.party),
        "regards": read.map(|read| read.regards.iter().map(|of| name(*of)).collect::<Vec<_>>()),
        "marked": entry.read.as_ref().err().or(entry.content.as_ref().err()).map(ToString::to_string),
        "said": said.collect::<Vec<_>>(), "facts": facts.collect::<Vec<_>>(), "times": times.collect::<Vec<_>>(),
        "checkpoints": under.collect::<Vec<_>>(), "bytes": base64(&entry.bytes),
    })
}
