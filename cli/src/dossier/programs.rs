//! What dossiers show, as JSON for programs.

use detente_dossier::agreed::{self, Moved, SideBySide};
use detente_dossier::compare::{self, Rival};
use detente_dossier::{
    Attached, Bytes, Conviction, Established, Memoranda, Shows, Wrong, amending, fact, later_keys, paper,
    signers, words,
};
use detente_line::{Choice, Outcome, Stance};
use detente_record::dossier::Signer;
use detente_record::renewal::Why;
use detente_record::{base64, hex};
use rayon::prelude::*;
use serde::Serialize;
use serde_json::{Value, json};

use super::contradiction::Contradictions;
use super::verify::{Found, hint};
use crate::harmless;

/// Something that does not hold.
pub(super) fn wrong(wrong: &Wrong) -> Value {
    let detail = wrong.fault.detail();
    json!({
        "part": wrong.part, "error": wrong.fault.blame().to_string(), "what": detail.what,
        "expected": detail.expected, "found": detail.found, "hint": hint(wrong),
    })
}

/// Everything, as one text: the object of one dossier, or those of several and what convicts between them.
pub(super) fn json(found: &[Found], contradictions: &Contradictions) -> String {
    match found {
        [one] => dossier(one),
        several => {
            let ok = contradictions.is_empty() && several.iter().all(|found| found.wrong_count() == 0);
            let said = contradictions.convictions.iter();
            let said = said.filter_map(|found| Some(conviction(several.first()?, found, several)));
            let rivals = contradictions
                .rivals
                .iter()
                .filter_map(|found| Some(rival(several.first()?, found, several)));
            let rest = json!({
                "ok": ok, "convictions": said.collect::<Vec<_>>(), "rival_amendments": rivals.collect::<Vec<_>>(),
            });
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

fn rival(first: &Found, rival: &Rival, among: &[Found]) -> Value {
    let memoranda = &first.report.memoranda;
    let file = |place: usize| among.get(place).map_or("", |found| found.file.as_str());
    let name = |entry| words::name(memoranda, entry);
    json!({
        "bound": memoranda.name_of(rival.one.book.party),
        "decisions": [
            {"file": file(rival.dossiers.0), "entry": name(rival.one)},
            {"file": file(rival.dossiers.1), "entry": name(rival.other)},
        ],
        "says": rival.says(memoranda), "does_not_prove": compare::RIVALS_DO_NOT_PROVE,
    })
}

fn conviction(first: &Found, conviction: &Conviction, among: &[Found]) -> Value {
    let memoranda = &first.report.memoranda;
    let author = memoranda.name_of(conviction.book.party);
    let signed = |signed: &compare::Signed| {
        let file = among.get(signed.dossier).map_or(first.file.as_str(), |found| &found.file);
        json!({"file": file, "part": signed.part, "size": signed.size, "root": hex(&signed.root)})
    };
    json!({
        "book": conviction.book.text(&author), "bound": author,
        "checkpoints": [signed(&conviction.one), signed(&conviction.other)],
        "says": conviction.says(memoranda), "does_not_prove": compare::DOES_NOT_PROVE,
    })
}

fn dossier(found: &Found) -> String {
    let Found { report, anchor, .. } = found;
    let memoranda = &report.memoranda;
    let parties = memoranda.parties().map(|party| {
        json!({
            "name": memoranda.name_of(party),
            "full_name": memoranda.member(party).map(|member| &member.full_name),
            "fingerprint": paper::party_fingerprint(memoranda, party),
        })
    });
    let amendments = memoranda.amended().iter().enumerate().map(|(place, amended)| {
        let name = |entry| words::name(memoranda, entry);
        let votes = amended.votes.iter().map(|(vote, choice)| {
            let party = memoranda.name_of(vote.book.party);
            json!({"party": party, "vote": self::vote(*choice), "entry": name(*vote)})
        });
        json!({
            "decision": name(amended.decision), "motion": name(amended.motion), "votes": votes.collect::<Vec<_>>(),
            "left": amended.left.iter().map(|act| name(*act)).collect::<Vec<_>>(),
            "memorandum": hex(&amended.memorandum.hash()),
            "says": amending::says(memoranda, place), "not_checked": amending::NOT_CHECKED,
        })
    });
    let renewals = later_keys::all(memoranda).map(|renewal| {
        let of = &renewal.occasion;
        let why = if of.why == Why::Rotation { "rotation" } else { "compromise" };
        json!({
            "party": memoranda.name_of(of.party), "rank": of.rank, "why": why, "time_ms": of.time_ms,
            "hash": hex(&renewal.hash()), "says": later_keys::renewal_says(memoranda, renewal),
            "does_not_prove": later_keys::RENEWAL_DOES_NOT_PROVE,
        })
    });
    let contradicted = memoranda.parties().filter_map(|party| {
        let says = later_keys::contradiction_says(memoranda, party)?;
        Some(json!({
            "party": memoranda.name_of(party), "from_rank": memoranda.ranks(party)?.spoiled_from(), "says": says,
            "does_not_prove": later_keys::CONTRADICTION_DOES_NOT_PROVE,
        }))
    });
    let attachments = report.attachments.iter().map(|attached| attachment(memoranda, attached));
    let positions = agreed::positions(memoranda, &report.entries);
    let positions = positions.iter().map(|laid| self::positions(memoranda, laid));
    let motions = agreed::motions(memoranda, &report.entries);
    let motions = motions.iter().map(|moved| motion(memoranda, moved));
    let forks = report.forks.iter().map(|fork| {
        let book = fork.head.checkpoint.book;
        let author = memoranda.name_of(book.party);
        json!({
            "book": book.text(&author), "bound": author, "sizes": [fork.head.checkpoint.size, fork.with.checkpoint.size],
            "says": super::page::fork_says(memoranda, fork), "does_not_prove": compare::DOES_NOT_PROVE,
        })
    });
    let convictions =
        report.convictions.iter().map(|told| conviction(found, told, std::slice::from_ref(found)));
    let unread = report.unread.iter().map(|unread| json!({"part": unread.part, "what": unread.what}));
    // Most of the work, which all cores share.
    let entries: Vec<String> = report.entries.par_iter().map(|entry| self::entry(found, entry)).collect();
    let rest = json!({
        "ok": found.wrong_count() == 0,
        "file": found.file, "sha256": hex(&found.sha256), "bytes": found.size, "parts": report.parts,
        "line": {
            "name": memoranda.line_name(), "line": memoranda.line().to_string(),
            "fingerprint": paper::line_fingerprint(memoranda), "checked_against": anchor.checked,
        },
        "parties": parties.collect::<Vec<_>>(),
        "witnesses": memoranda.witnesses().iter().map(|witness| &witness.name).collect::<Vec<_>>(),
        "version": report.version, "amendments": amendments.collect::<Vec<_>>(),
        "renewals": renewals.collect::<Vec<_>>(), "contradicted": contradicted.collect::<Vec<_>>(),
        "attachments": attachments.collect::<Vec<_>>(), "positions": positions.collect::<Vec<_>>(),
        "motions": motions.collect::<Vec<_>>(), "forks": forks.collect::<Vec<_>>(), "convictions": convictions.collect::<Vec<_>>(),
        "unread": unread.collect::<Vec<_>>(), "texts_unchecked_by": report.texts_by,
        "faults": found.wrongs().map(wrong).collect::<Vec<_>>(), "fault_count": found.wrong_count(),
    });
    with_list("entries", &entries, &rest)
}

fn attachment(memoranda: &Memoranda, attached: &Attached) -> Value {
    let name = |entry| words::name(memoranda, entry);
    let one = &attached.attachment;
    let (bytes, place) = match &attached.bytes {
        Bytes::Absent => ("absent", None),
        Bytes::Fit(place) => ("fit", Some(place)),
        Bytes::FalseTree(place) => ("false-tree", Some(place)),
    };
    let facts = attached.facts(memoranda).into_iter().map(|fact| {
        json!({
            "fact": fact.name, "party": memoranda.name_of(fact.of),
            "bound": fact.binds.then(|| memoranda.name_of(fact.of)), "says": fact.says,
            "does_not_prove": fact.does_not_prove, "by": fact.by.map(|(by, _)| name(by)),
            "time_ms": fact.by.map(|(_, ms)| ms),
        })
    });
    json!({
        "entry": name(attached.entry), "name": one.name, "media_type": one.media_type, "size": one.size,
        "sha256": hex(&one.hash), "root": hex(&one.root), "bytes": bytes, "in": place,
        "says": attached.bytes_say(memoranda), "facts": facts.collect::<Vec<_>>(),
    })
}

fn positions(memoranda: &Memoranda, laid: &SideBySide) -> Value {
    let name = |entry| words::name(memoranda, entry);
    let each = laid.positions.iter().map(|(party, held)| {
        let held = held.as_ref().map(|held| {
            json!({
                "entry": name(held.by), "time_ms": held.time_ms, "stance": stance(held.stance), "text": held.text,
                "language": held.language, "before": held.before.iter().map(|by| name(*by)).collect::<Vec<_>>(),
            })
        });
        json!({"party": memoranda.name_of(*party), "position": held})
    });
    json!({"about": name(laid.about), "parties": each.collect::<Vec<_>>(), "does_not_prove": agreed::NOT_ALL})
}

fn stance(stance: Stance) -> &'static str {
    match stance {
        Stance::Affirms => "affirms",
        Stance::Disputes => "disputes",
        Stance::Corrects => "corrects",
        Stance::Withdraws => "withdraws",
    }
}

fn motion(memoranda: &Memoranda, moved: &Moved) -> Value {
    let name = |entry| words::name(memoranda, entry);
    let votes = moved.votes.iter().map(|(party, cast)| {
        json!({
            "party": memoranda.name_of(*party), "vote": cast.map(|(_, choice)| vote(choice)),
            "entry": cast.map(|(by, _)| name(by)),
        })
    });
    let decision = moved.decision.as_ref().map(|(by, outcome, counted)| {
        let outcome = match outcome {
            Outcome::Carried => "carried",
            Outcome::Defeated => "defeated",
            Outcome::Lapsed => "lapsed",
            Outcome::Overtaken => "overtaken",
        };
        json!({"entry": name(*by), "outcome": outcome, "counted": counted.iter().map(|by| name(*by)).collect::<Vec<_>>()})
    });
    json!({
        "motion": name(moved.motion), "to": moved.what.as_ref().map(|(to, _)| to),
        "text": moved.what.as_ref().map(|(_, text)| text), "votes": votes.collect::<Vec<_>>(), "decision": decision,
        "says": moved.outcome(memoranda), "does_not_prove": agreed::NOT_ALL,
    })
}

fn vote(choice: Choice) -> &'static str {
    match choice {
        Choice::For => "for",
        Choice::Against => "against",
        Choice::Abstain => "abstain",
    }
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
    let memoranda = &found.report.memoranda;
    let name = |of| words::name(memoranda, of);
    let facts = entry.facts.iter().map(|fact| {
        let (by, time_ms) = match fact.shows {
            Shows::Held { by, time_ms }
            | Shows::Said { by, time_ms, .. }
            | Shows::Disowned { by, time_ms, .. } => (Some(name(by)), Some(time_ms)),
            Shows::Stored { seconds, .. }
            | Shows::Witnessed { seconds, .. }
            | Shows::Sealed { seconds, .. } => (None, Some(seconds.saturating_mul(1_000))),
            Shows::Nothing { since_ms } => (None, since_ms),
            Shows::Wrote { .. } => (None, None),
        };
        let of = signers::name(memoranda, fact.of);
        let (party, witness) = match fact.of {
            Signer::Party(_) => (Some(of), None),
            Signer::Witness(_) => (None, Some(of)),
        };
        FactShown {
            fact: fact.name(),
            party,
            witness,
            bound: fact.bound().map(|signer| signers::name(memoranda, signer)),
            says: fact.says(memoranda, entry.name),
            does_not_prove: fact.does_not_prove(),
            by,
            time_ms,
        }
    });
    let times = entry.bounds.iter().map(|bound| TimeShown {
        clock: signers::name(memoranda, bound.clock),
        not_before_ms: bound.not_before.map(|(ms, _)| ms),
        not_before_by: bound.not_before.map(|(_, by)| name(by)),
        not_after_ms: bound.not_after.map(|(ms, _)| ms),
        says: fact::bound_says(bound, memoranda),
    });
    let rows = entry.rows(memoranda).into_iter();
    let read = entry.read.as_ref().ok();
    let author = memoranda.name_of(entry.name.book.party);
    let shown = EntryShown {
        entry: name(entry.name),
        kind: read.map(|read| words::kind(read.kind)),
        time_ms: read.map(|read| read.time_ms),
        clock: author.clone(),
        party: author,
        regards: read.map(|read| read.regards.iter().map(|of| name(*of)).collect()),
        marked: entry.read.as_ref().err().or(entry.content.as_ref().err()).map(ToString::to_string),
        said: rows
            .map(|row| Said { label: row.label, text: harmless::bare(&row.lines.join("\n")) })
            .collect(),
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
