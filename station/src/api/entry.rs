//! Entries as people and programs read them.

use std::collections::BTreeMap;

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use detente_line::airspace::verdict::Verdict;
use detente_line::{
    Amendment, Choice, Content, Duty, Forgotten, Line, Matter, Memorandum, Message, Outcome, Span, Stance,
};
use detente_record::{Book, Entry, EntryRef, Party, Receipt, hex, sha256};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::attachments::attachments_json;
use super::draft::parse_book;
use super::notice::{degrees, notice_json, volume_json};
use super::openapi::Answered;
use super::request::{Path, Query};
use super::{Answer, Api, LinePath, Refused, book_text, fault_json, name_text, parse_name, reason_json};
use crate::keeper::Keeper;
use crate::store;
use crate::words;

/// Most entries in one answer.
pub(crate) const MAX_ENTRIES: usize = 1_000;

pub(crate) fn choice_text(choice: Choice) -> &'static str {
    match choice {
        Choice::For => "for",
        Choice::Against => "against",
        Choice::Abstain => "abstain",
    }
}

pub(crate) fn verdict_text(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Clear => "clear",
        Verdict::WithinSeparation => "within-separation",
        Verdict::Conflict => "conflict",
    }
}

pub(crate) fn outcome_text(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Carried => "carried",
        Outcome::Defeated => "defeated",
        Outcome::Lapsed => "lapsed",
        Outcome::Overtaken => "overtaken",
    }
}

pub(crate) fn stance_text(stance: Stance) -> &'static str {
    match stance {
        Stance::Affirms => "affirms",
        Stance::Disputes => "disputes",
        Stance::Corrects => "corrects",
        Stance::Withdraws => "withdraws",
    }
}

pub(crate) fn matter_text(matter: &Matter) -> &'static str {
    match matter {
        Matter::Reopen => "reopen",
        Matter::Resolve => "resolve",
        Matter::Amend(_) => "amend",
        Matter::Found(_) => "found",
    }
}

pub(crate) fn kind_text(kind: u16) -> String {
    words::kind_name(kind).map_or_else(|| format!("kind {kind}"), str::to_owned)
}

/// A body, by the fields of a draft.
pub(crate) fn content_json(content: &Content, memorandum: &Memorandum, author: Party) -> Value {
    let name = |entry: &EntryRef| name_text(memorandum, *entry);
    match content {
        Content::Message(message) => json!({
            "text": message.text,
            "safety_of_life": message.safety_of_life.unwrap_or(false),
            "reply_by_ms": message.reply_by_ms,
            "answers": message.answers.unwrap_or(false),
            "also": message.also.as_ref().map(|also| json!({"language": also.language, "text": also.text})),
            "translates": message.translates.unwrap_or(false),
            "attachments": attachments_json(content),
        }),
        Content::Amendment(Amendment::Text(text)) => json!({"text": text}),
        Content::Amendment(Amendment::Notice(notice)) | Content::Notice(notice) => {
            json!({"notice": notice_json(notice)})
        }
        Content::Conflict(report) => json!({
            "verdict": verdict_text(report.verdict),
            "volumes": report.volumes.iter().map(volume_json).collect::<Vec<_>>(),
            "text": report.text,
        }),
        Content::Withdrawal { reason } => json!({"reason": reason}),
        Content::Acknowledgement { text } => json!({"text": text}),
        Content::ReadBack { text, position } => json!({"text": text, "position": position.map(degrees)}),
        Content::PassedOn { to } => json!({"to": to}),
        Content::Cease { position, text } => json!({"position": degrees(*position), "text": text}),
        Content::Escalated { rank, after_ms } => json!({"rank": rank, "after_ms": after_ms}),
        Content::Test { slot, text } => json!({"slot": slot, "text": text}),
        Content::TestAnswer { digest } => json!({"digest": hex(digest)}),
        Content::Missed { slot, party } => json!({"slot": slot, "party": memorandum.name_of(*party)}),
        Content::Duty(Duty::On) => json!({"state": "on"}),
        Content::Duty(Duty::Off) => json!({"state": "off"}),
        Content::Duty(Duty::Handover { to }) => {
            json!({"state": "handover", "to": office_text(memorandum, author, *to)})
        }
        Content::Opens { before, size, root, renewal } => {
            let rank = renewal.as_ref().map(|renewal| renewal.occasion.rank);
            json!({"before": before, "size": size, "root": hex(root), "rank": rank})
        }
        Content::Suspends { scope, effective_ms, reason } => json!({
            "scope": scope.iter().copied().map(kind_text).collect::<Vec<_>>(),
            "effective_ms": effective_ms,
            "reason": reason,
        }),
        Content::Leaves { reason } => json!({"reason": reason}),
        Content::Resumes { effective_ms, decision } => {
            json!({"effective_ms": effective_ms, "decision": decision.as_ref().map(name)})
        }
        Content::Position { stance, text, .. } => json!({
            "stance": stance_text(*stance),
            "text": text,
            "attachments": attachments_json(content),
        }),
        Content::Finding(finding) => {
            let found = finding.found();
            let on = found.on.iter().map(|on| json!({"entry": on.entry, "sha256": hex(&on.sha256)}));
            json!({
                "observer": found.by,
                "serial": found.serial,
                "hash": hex(&finding.hash()),
                "before": found.before.map(|before| hex(&before)),
                "corrects": found.corrects,
                "found_ms": found.time_ms,
                "found_in": found.language,
                "on": on.collect::<Vec<_>>(),
                "text": found.text,
                "note": finding.note(),
            })
        }
        Content::Discloses(disclosure) => json!({
            "observer": disclosure.to(),
            "shown": disclosure.spans().iter().map(|span| span_json(memorandum, *span)).collect::<Vec<_>>(),
            "text": disclosure.text(),
        }),
        Content::Holds { hashes } => {
            json!({"hashes": hashes.iter().map(|hash| hex(hash)).collect::<Vec<_>>()})
        }
        Content::Seals(sealed) => {
            let of = &sealed.signed.checkpoint;
            json!({
                "book": book_text(memorandum, of.book),
                "size": of.size,
                "root": hex(&of.root),
                "seconds": sealed.seal.seconds,
                "tells_key": sealed.key.is_some(),
            })
        }
        Content::Motion { matter, text, closes_ms } => {
            let mut motion = json!({"matter": matter_text(matter), "text": text, "closes_ms": closes_ms});
            match (matter, motion.as_object_mut()) {
                (Matter::Amend(moved), Some(motion)) => {
                    motion.insert("memorandum".into(), json!(hex(&moved.hash())));
                }
                (Matter::Found(name), Some(motion)) => {
                    motion.insert("working_group".into(), json!(name));
                }
                _ => {}
            }
            motion
        }
        Content::Vote { choice, text } => json!({"choice": choice_text(*choice), "text": text}),
        Content::Decide { outcome, votes, before } => json!({
            "outcome": outcome_text(*outcome),
            "votes": votes.iter().map(name).collect::<Vec<_>>(),
            "before": before.as_ref().map(name),
        }),
        Content::Displayed | Content::Unknown { .. } => json!({}),
    }
}

/// Entries that follow each other.
pub(crate) fn span_json(memorandum: &Memorandum, span: Span) -> Value {
    json!({"book": book_text(memorandum, span.book), "first": span.first, "last": span.last})
}

fn office_text(memorandum: &Memorandum, party: Party, number: u16) -> String {
    let offices = memorandum.member(party).map(|member| member.offices.as_slice()).unwrap_or_default();
    let found = offices.iter().find(|office| office.number == number);
    found.map_or_else(|| format!("office {number}"), |office| office.name.clone())
}

/// The first receipt of every other party that covers an entry, in seconds; `fresh` are the last ones that came,
/// which the store may not hold yet.
fn delivered(keeper: &Keeper, name: EntryRef, fresh: &[Receipt]) -> Result<Map<String, Value>, Refused> {
    let mut delivered = Map::new();
    for party in keeper.memorandum().parties().filter(|party| *party != name.book.party) {
        let found = keeper.store.first_receipt_covering(name.book.code(), party.number(), name.number)?;
        let fresh = fresh.iter().find(|receipt| receipt.party == party && receipt.size >= name.number);
        if let Some(seconds) = found.map(|receipt| receipt.seconds).or(fresh.map(|receipt| receipt.seconds)) {
            delivered.insert(keeper.memorandum().name_of(party), json!(seconds));
        }
    }
    Ok(delivered)
}

/// What others said of an entry that counts, by the names of the facts.
fn said_of(keeper: &Keeper, name: EntryRef, fresh: &[Receipt]) -> Result<Value, Refused> {
    let memorandum = &keeper.memorandum();
    let mut facts: [Map<String, Value>; 4] = Default::default();
    let mut escalated: BTreeMap<Party, (u16, String)> = BTreeMap::new();
    let (mut amended_by, mut translations) = (Vec::new(), Vec::new());
    let mut withdrawn_by = Value::Null;
    let mut after = None;
    loop {
        let regards = keeper.store.regards_of(name.book.code(), name.number, after)?;
        let Some(last) = regards.last() else { break };
        after = Some((last.book, last.number));
        for regard in regards.iter().filter(|regard| !regard.void) {
            let by = EntryRef { book: Book::from_code(regard.book)?, number: regard.number };
            let (party, text) = (by.book.party, name_text(memorandum, by));
            use detente_line::kind::number::*;
            let fact = match regard.kind {
                DISPLAYED => 0,
                ACKNOWLEDGEMENT => 1,
                PASSED_ON => 2,
                MESSAGE => match message_of(keeper, by)? {
                    Some((entry, message)) if message.translates == Some(true) => {
                        let language = entry.language.or_else(|| first_language(memorandum, party));
                        translations.push(json!({
                            "entry": text, "party": memorandum.name_of(party), "language": language, "text": message.text,
                        }));
                        continue;
                    }
                    Some((_, message)) if party != name.book.party && message.answers == Some(true) => 3,
                    _ => continue,
                },
                AMENDMENT => {
                    amended_by.push(text);
                    continue;
                }
                WITHDRAWAL => {
                    withdrawn_by = json!(text);
                    continue;
                }
                ESCALATED => {
                    let rank = rank_called(keeper, by)?;
                    let furthest = escalated.entry(party).or_insert_with(|| (rank, text.clone()));
                    if furthest.0 < rank {
                        *furthest = (rank, text);
                    }
                    continue;
                }
                _ => continue,
            };
            if let Some(fact) = facts.get_mut(fact) {
                fact.entry(memorandum.name_of(party)).or_insert(json!(text));
            }
        }
    }
    let [displayed, acknowledged, passed_on, answered] = facts;
    Ok(json!({
        "delivered": delivered(keeper, name, fresh)?,
        "displayed": displayed,
        "acknowledged": acknowledged,
        "passed_on": passed_on,
        "answered": answered,
        "escalated": escalated_json(memorandum, &escalated),
        "amended_by": amended_by,
        "translations": translations,
        "withdrawn_by": withdrawn_by,
    }))
}

/// The rank that an escalation called; 0 where it cannot be read.
fn rank_called(keeper: &Keeper, by: EntryRef) -> Result<u16, Refused> {
    let Some(stored) = keeper.store.entry(by.book.code(), by.number)? else { return Ok(0) };
    let content = Entry::decode(&stored.bytes).and_then(|entry| Content::decode(entry.kind, &entry.body));
    Ok(match content {
        Ok(Content::Escalated { rank, .. }) => rank,
        _ => 0,
    })
}

/// How far each party has called for its own officers about an entry, and whom.
fn escalated_json(memorandum: &Memorandum, escalated: &BTreeMap<Party, (u16, String)>) -> Value {
    let of = |(party, (rank, entry)): (&Party, &(u16, String))| {
        let offices = memorandum.member(*party).map(|member| member.offices.as_slice()).unwrap_or_default();
        let called = offices.iter().filter(|office| office.rank == *rank).map(|office| office.name.as_str());
        let said = json!({"entry": entry, "rank": rank, "offices": called.collect::<Vec<_>>()});
        (memorandum.name_of(*party), said)
    };
    Value::Object(escalated.iter().map(of).collect())
}

/// A message that can be read, with its entry.
fn message_of(keeper: &Keeper, by: EntryRef) -> Result<Option<(Entry, Message)>, Refused> {
    let Some(stored) = keeper.store.entry(by.book.code(), by.number)? else { return Ok(None) };
    let Ok(entry) = Entry::decode(&stored.bytes) else { return Ok(None) };
    Ok(match Content::decode(entry.kind, &entry.body) {
        Ok(Content::Message(message)) => Some((entry, message)),
        _ => None,
    })
}

/// The language of a party's entries that name none.
pub(super) fn first_language(memorandum: &Memorandum, party: Party) -> Option<String> {
    memorandum.member(party)?.languages.first().cloned()
}

/// An entry with everything that is known of it.
pub(crate) async fn full_json(keeper: &Keeper, name: EntryRef) -> Result<Value, Refused> {
    let memorandum = &keeper.memorandum();
    let stored = match keeper.store.entry(name.book.code(), name.number)? {
        Some(stored) => stored,
        None => {
            let came = keeper.look(move |line| line.came_ahead().find(|(of, ..)| *of == name));
            if let Some((_, came_ms, bytes)) = came.await.ok_or_else(Refused::stopping)? {
                return Ok(ahead_json(keeper, name, came_ms, bytes));
            }
            // It may have been signed meanwhile.
            let stored = keeper.store.entry(name.book.code(), name.number)?;
            stored.ok_or_else(|| Refused::no_entry(name_text(memorandum, name)))?
        }
    };
    let look = move |line: &Line| (line.verdict(name), line.receipts(name.book).cloned().collect::<Vec<_>>());
    let (judged, fresh) = keeper.look(look).await.ok_or_else(Refused::stopping)?;
    let mut json = plain_json(keeper, name, &stored);
    if let (Some(all), Value::Object(facts)) = (json.as_object_mut(), said_of(keeper, name, &fresh)?) {
        all.extend(facts);
        // What the line no longer says is durable.
        let marked = match judged.marked {
            Some(fault) => Some(fault_json(&fault)),
            None => keeper.store.void(name.book.code(), name.number)?.as_ref().map(reason_json),
        };
        if let Some(marked) = marked {
            all.insert("marked".into(), marked);
        }
        all.insert("unjudged".into(), json!(judged.unjudged));
        let forgotten = judged.forgotten.map(|forgotten| match forgotten {
            Forgotten::Recovered => "recovered",
            Forgotten::Disowned => "disowned",
            Forgotten::AfterItsTime => "after-its-time",
        });
        all.insert("forgotten".into(), json!(forgotten));
    }
    Ok(json)
}

/// An entry that came ahead of its signature (spec/line.md §6): its author's word to this station, of which nothing is known yet.
pub(crate) fn ahead_json(keeper: &Keeper, name: EntryRef, came_ms: u64, bytes: Arc<[u8]>) -> Value {
    let stored = store::Entry {
        book: name.book.code(),
        number: name.number,
        bytes,
        leaf: [0; 32],
        kind: 0,
        time_ms: 0,
    };
    let mut json = plain_json(keeper, name, &stored);
    if let Some(all) = json.as_object_mut() {
        // It has no place in a tree before it is signed.
        all.remove("leaf");
        all.insert("ahead".into(), json!(true));
        all.insert("unjudged".into(), json!(true));
        all.insert("came_ms".into(), json!(came_ms));
        for fact in ["delivered", "displayed", "acknowledged", "passed_on", "answered"] {
            all.insert(fact.into(), json!({}));
        }
        all.insert("amended_by".into(), json!([]));
        all.insert("withdrawn_by".into(), Value::Null);
    }
    json
}

/// An entry by itself.
pub(crate) fn plain_json(keeper: &Keeper, name: EntryRef, stored: &store::Entry) -> Value {
    let memorandum = &keeper.memorandum();
    let author = name.book.party;
    let mut json = json!({
        "entry": name_text(memorandum, name),
        "party": memorandum.name_of(author),
        "book": book_text(memorandum, name.book),
        "number": name.number,
        "marked": null,
        "ahead": false,
        "unjudged": false,
        "forgotten": null,
        "bytes": stored.bytes.len(),
        "leaf": hex(&stored.leaf),
        "sha256": hex(&sha256(&stored.bytes)),
    });
    let read = |entry: &Entry| Content::decode(entry.kind, &entry.body);
    let fields = match Entry::decode(&stored.bytes) {
        Ok(entry) => {
            let language = entry.language.clone().or_else(|| first_language(memorandum, author));
            let cut = entry.cut.iter().map(|(book, size)| (book_text(memorandum, *book), json!(size)));
            let (body, marked) = match read(&entry) {
                Ok(content) => (content_json(&content, memorandum, author), Value::Null),
                Err(fault) => (Value::Null, fault_json(&fault)),
            };
            json!({
                "serial": entry.serial,
                "time_ms": entry.time_ms,
                "clock_held": entry.clock_held,
                "office": office_text(memorandum, author, entry.office),
                "second_office": entry.second.map(|second| office_text(memorandum, author, second)),
                "language": language,
                "regards": entry.regards.iter().map(|subject| name_text(memorandum, *subject)).collect::<Vec<_>>(),
                "kind": kind_text(entry.kind),
                "cut": cut.collect::<Map<_, _>>(),
                "body": body,
                "marked": marked,
            })
        }
        Err(fault) => json!({"marked": fault_json(&fault)}),
    };
    if let (Some(all), Value::Object(fields)) = (json.as_object_mut(), fields) {
        all.extend(fields);
    }
    json
}

/// `GET …/entries/{party}/{book}/{number}`
#[utoipa::path(get, operation_id = "entry_one", path = "/v1/lines/{line}/entries/{party}/{book}/{number}", tag = "line", summary = "An entry with everything that is known of it", params(("line" = String, Path), ("party" = String, Path), ("book" = String, Path), ("number" = u64, Path)), responses(Answered))]
pub(crate) async fn one(
    State(api): State<Api>,
    Path((line, party, book, number)): Path<(String, String, String, String)>,
) -> Answer {
    let keeper = api.line(&line)?;
    let name = parse_name(&keeper.memorandum(), &format!("{party}/{book}/{number}"))?;
    Ok(Json(full_json(keeper, name).await?))
}

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Range {
    book: Option<String>,
    from: Option<u64>,
    limit: Option<usize>,
}

/// `GET …/entries`
#[utoipa::path(get, operation_id = "entry_list", path = "/v1/lines/{line}/entries", tag = "line", summary = "Entries of a book, or of every book in turn", params(("line" = String, Path), Range), responses(Answered))]
pub(crate) async fn list(State(api): State<Api>, Path(line): LinePath, Query(range): Query<Range>) -> Answer {
    let keeper = api.line(&line)?;
    let limit = range.limit.unwrap_or(100).min(MAX_ENTRIES);
    let from = range.from.unwrap_or(1).max(1);
    let books = match &range.book {
        Some(text) => vec![parse_book(&keeper.memorandum(), text)?],
        None => keeper.store.sizes()?.into_keys().map(Book::from_code).collect::<Result<_, _>>()?,
    };
    let mut entries = Vec::new();
    for book in books {
        let left = limit - entries.len();
        if left == 0 {
            break;
        }
        for stored in keeper.store.entries(book.code(), from, left, 4 << 20)? {
            let mut entry = plain_json(keeper, EntryRef { book, number: stored.number }, &stored);
            if let (Some(all), Some(reason)) =
                (entry.as_object_mut(), keeper.store.void(stored.book, stored.number)?)
            {
                all.insert("marked".into(), reason_json(&reason));
            }
            entries.push(entry);
        }
    }
    Ok(Json(json!({"entries": entries})))
}
