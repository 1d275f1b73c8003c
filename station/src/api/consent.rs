//! What parties agree on and what they do not: motions with their votes, and positions side by side.

use axum::Json;
use axum::extract::State;
use detente_line::kind::number::POSITION;
use detente_line::{Content, Decision, Held, Line, MAX_MOVED, Matter, Memorandum, Motion, Positions, Seen};
use detente_record::{Book, Cut, Entry, EntryRef};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::entry::{MAX_ENTRIES, choice_text, full_json, matter_text, outcome_text, stance_text};
use super::moment::Asked;
use super::openapi::Answered;
use super::request::{Path, Query};
use super::working_group::lines_founded_by;
use super::{Answer, Api, LinePath, Refused, book_text, name_text, parse_name};
use crate::SetupError;
use crate::keeper::Keeper;
use crate::paper::Paper;

/// A memorandum that was moved: its hash, and what it says otherwise than the one that it is to take the place of.
fn moved_json(line: &Line, moved: &Memorandum) -> Value {
    let before = line.memoranda().find(|before| Some(before.hash()) == moved.terms().predecessor);
    let changes = before.map(|before| Paper::of(before).changes(&Paper::of(moved))).unwrap_or_default();
    let changes = changes
        .into_iter()
        .map(|change| json!({"field": change.field, "before": change.before, "after": change.after}));
    json!({
        "hash": detente_record::hex(&moved.hash()),
        "fingerprint": detente_record::fingerprint(&moved.hash()),
        "changes": changes.collect::<Vec<_>>(),
    })
}

/// The memorandum that a file says, as an amendment of the one in force where the file names none before it.
pub(crate) fn moved(in_force: &Memorandum, file: &str) -> Result<Memorandum, Refused> {
    let named = std::path::Path::new("the memorandum moved");
    let refused = |error: SetupError| {
        Refused::misuse("memorandum", "one that keeps every rule", error.to_string()).hinted(&error.hint())
    };
    let mut paper = Paper::parse(named, file).map_err(refused)?;
    paper.line.predecessor.get_or_insert_with(|| detente_record::hex(&in_force.hash()));
    paper.signature.clear();
    let moved = paper.memorandum(named).map_err(refused)?;
    in_force.may_become(&moved, [in_force]).map_err(|fault| {
        Refused::from(fault).hinted("`detente memorandum in-force` writes a file to begin from")
    })?;
    let size = moved.encode().len();
    if size > MAX_MOVED {
        let expected = format!("at most {MAX_MOVED} bytes, so that an entry holds it");
        return Err(Refused::misuse("memorandum", &expected, size.to_string()));
    }
    Ok(moved)
}

/// A motion with the votes that count and what was decided, under a cut.
pub(crate) fn motion_json(
    line: &Line,
    seen: &Seen<'_>,
    motion: &Motion,
    decision: Option<&Decision>,
) -> Value {
    let memorandum = line.memorandum();
    let votes = seen.votes(motion).into_iter();
    let votes = votes.map(|(party, choice)| (memorandum.name_of(party), json!(choice_text(choice))));
    let about: Vec<String> = motion.about.iter().map(|entry| name_text(memorandum, *entry)).collect();
    json!({
        "motion": name_text(memorandum, motion.act),
        "matter": matter_text(&motion.matter),
        "memorandum": match &motion.matter {
            Matter::Amend(moved) => moved_json(line, moved),
            _ => Value::Null,
        },
        "working_group": match &motion.matter {
            Matter::Found(name) => Some(name),
            _ => None,
        },
        "about": about,
        "text": motion.text,
        "moved_ms": motion.moved_ms,
        "closes_ms": motion.closes_ms,
        "votes": votes.collect::<Map<_, _>>(),
        "decision": decision.map(|decision| json!({
            "entry": name_text(memorandum, decision.act),
            "outcome": outcome_text(decision.outcome),
        })),
    })
}

pub(crate) fn cut_json(memorandum: &Memorandum, cut: &Cut) -> Map<String, Value> {
    cut.iter().map(|(book, size)| (book_text(memorandum, *book), json!(size))).collect()
}

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Most {
    limit: Option<usize>,
    as_of_ms: Option<u64>,
    known_to: Option<String>,
}

/// `GET …/motions`
#[utoipa::path(get, operation_id = "consent_motions", path = "/v1/lines/{line}/motions", tag = "consent", summary = "Motions with their votes and decisions, the newest first", params(("line" = String, Path), Most), responses(Answered))]
pub(crate) async fn motions(
    State(api): State<Api>,
    Path(line): LinePath,
    Query(most): Query<Most>,
) -> Answer {
    let keeper = api.line(&line)?;
    let limit = most.limit.unwrap_or(100).min(MAX_ENTRIES);
    let asked = Asked { as_of_ms: most.as_of_ms, known_to: most.known_to };
    let past = asked.read(keeper, api.now_ms()).await?;
    let founding = api.clone();
    let seen = keeper.look(move |line| {
        let seen = past.as_ref().map_or_else(|| line.seen(), |past| line.seen_under(&past.cut));
        let mut all = seen.motions();
        all.sort_by_key(|(motion, _)| (motion.moved_ms, motion.act));
        let more = all.len() > limit;
        let newest = all.into_iter().rev().take(limit);
        let motions = newest.map(|(motion, decision)| {
            let mut json = motion_json(line, &seen, motion, decision);
            if let (Matter::Found(name), Some(fields)) = (&motion.matter, json.as_object_mut()) {
                let by = decision.map(|by| lines_founded_by(&founding, line.id(), by.act, name));
                fields.insert("founded".into(), json!(by.unwrap_or_default()));
            }
            json
        });
        json!({
            "motions": motions.collect::<Vec<_>>(),
            "more": more,
            "moment": past.as_ref().map(|past| past.json(line)),
            "cut": cut_json(line.memorandum(), &past.as_ref().map_or_else(|| line.judged(), |past| past.cut.clone())),
        })
    });
    seen.await.map(Json).ok_or_else(Refused::stopping)
}

fn held_json(memorandum: &Memorandum, held: &Held) -> Value {
    let party = memorandum.member(held.name.book.party);
    let language = held.language.clone().or_else(|| party?.languages.first().cloned());
    let borne_out_by: Vec<String> =
        held.borne_out_by.iter().map(|entry| name_text(memorandum, *entry)).collect();
    json!({
        "entry": name_text(memorandum, held.name),
        "time_ms": held.time_ms,
        "language": language,
        "stance": stance_text(held.stance),
        "text": held.text,
        "borne_out_by": borne_out_by,
    })
}

/// An entry that was read, with its name.
type Read = (EntryRef, Entry, Content);

/// The positions that were written on an entry, sound or not, and whether there are more than may be read at once.
fn taken(keeper: &Keeper, subject: EntryRef) -> Result<(Vec<Read>, bool), Refused> {
    let mut taken = Vec::new();
    let mut after = None;
    loop {
        let regards = keeper.store.regards_of(subject.book.code(), subject.number, after)?;
        let Some(last) = regards.last() else { return Ok((taken, false)) };
        after = Some((last.book, last.number));
        for regard in regards.iter().filter(|regard| regard.kind == POSITION && !regard.void) {
            if taken.len() == MAX_ENTRIES {
                return Ok((taken, true));
            }
            let name = EntryRef { book: Book::from_code(regard.book)?, number: regard.number };
            let Some(stored) = keeper.store.entry(regard.book, regard.number)? else { continue };
            if let Ok(entry) = Entry::decode(&stored.bytes)
                && let Ok(content) = Content::decode(entry.kind, &entry.body)
            {
                taken.push((name, entry, content));
            }
        }
    }
}

/// `GET …/positions/{party}/{book}/{number}`
#[utoipa::path(get, operation_id = "consent_positions", path = "/v1/lines/{line}/positions/{party}/{book}/{number}", tag = "consent", summary = "All positions on an entry, side by side", params(("line" = String, Path), ("party" = String, Path), ("book" = String, Path), ("number" = u64, Path), super::moment::Asked), responses(Answered))]
pub(crate) async fn positions(
    State(api): State<Api>,
    Path((line, party, book, number)): Path<(String, String, String, String)>,
    Query(asked): Query<Asked>,
) -> Answer {
    let keeper = api.line(&line)?;
    let past = asked.read(keeper, api.now_ms()).await?;
    let memorandum = &keeper.memorandum();
    let subject = parse_name(memorandum, &format!("{party}/{book}/{number}"))?;
    let entry = full_json(keeper, subject).await?;
    let (taken, more) = taken(keeper, subject)?;
    // What the line calls void may not be in the store as such yet.
    let folded = keeper.look(move |line| {
        let cut = past.as_ref().map_or_else(|| line.judged(), |past| past.cut.clone());
        let sound = taken.into_iter().filter(|(name, ..)| {
            let verdict = line.verdict(*name);
            verdict.marked.is_none() && !verdict.unjudged
        });
        (Positions::under(&cut, subject, sound), cut, past.as_ref().map(|past| past.json(line)))
    });
    let (positions, cut, moment) = folded.await.ok_or_else(Refused::stopping)?;
    let sides = memorandum.parties().map(|party| {
        let history = positions.history(party).iter().map(|held| held_json(memorandum, held));
        let held = positions.of(party).map(|held| held_json(memorandum, held));
        (memorandum.name_of(party), json!({"held": held, "history": history.collect::<Vec<_>>()}))
    });
    Ok(Json(json!({
        "entry": entry,
        "positions": sides.collect::<Map<_, _>>(),
        "more": more,
        "moment": moment,
        "cut": cut_json(memorandum, &cut),
    })))
}
