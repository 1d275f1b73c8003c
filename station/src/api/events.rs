//! What changed, as a stream of server-sent events.

use std::convert::Infallible;
use std::time::Duration;

use axum::Extension;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Sse;
use axum::response::sse::{Event, KeepAlive};
use detente_line::{Memorandum, Shown};
use detente_record::hex;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::airspace::{conflict_json, due_json};
use super::asker::Asker;
use super::entry::{content_json, kind_text, plain_json};
use super::openapi::Answered;
use super::request::{Path, Query};
use super::{Api, LinePath, Refused, book_text, fault_json, name_text};
use crate::feed::{Happening, Told};
use crate::keeper::Keeper;

/// Happenings that are written ahead of a slow reader.
const AHEAD: usize = 64;
/// How often a stream may beat, ms.
const MIN_BEAT_MS: u64 = 100;
const MAX_BEAT_MS: u64 = 60_000;
/// How long whoever follows is taken to be let in, once that was looked up.
const LET_IN: Duration = Duration::from_secs(1);

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct After {
    after: Option<u64>,
    beat_ms: Option<u64>,
}

/// The name of an event and what it says.
pub(crate) fn json(told: &Told, memorandum: &Memorandum) -> (&'static str, Value) {
    let party = |party| memorandum.name_of(party);
    match told {
        Told::Down { circuit, peer } => {
            ("circuit", json!({"circuit": circuit, "peer": party(*peer), "state": "down"}))
        }
        Told::Withheld { peer, name, for_ms, dark } => {
            ("withheld", json!({"peer": peer, "name": name, "for_ms": for_ms, "dark": dark}))
        }
        Told::Release { id, state } => ("release", json!({"release": id, "state": state})),
        Told::Conflict(raised) => ("conflict", conflict_json(memorandum, raised.pair, &raised.conflict)),
        Told::Plans { added, dropped } => ("plans", json!({"added": added, "dropped": dropped})),
        Told::Due(reminder) => ("due", due_json(memorandum, reminder)),
        Told::Witnessed { witness, book, size, seconds } => (
            "witnessed",
            json!({"witness": witness, "book": book_text(memorandum, *book), "size": size, "seconds": seconds}),
        ),
        Told::WitnessTrouble { witness, book, trouble } => (
            "witness-trouble",
            json!({
                "witness": witness,
                "book": book.map(|book| book_text(memorandum, book)),
                "error": trouble.name(),
                "found": trouble.to_string(),
                "hint": trouble.hint(),
            }),
        ),
        Told::WebhookTrouble { webhook, number, trouble } => (
            "webhook-trouble",
            json!({
                "webhook": webhook,
                "error": trouble.name(),
                "found": trouble.to_string(),
                "hint": trouble.hint(),
                "number": number,
            }),
        ),
        Told::Shown(shown) => match shown.as_ref() {
            Shown::Entry { name, marked, unjudged, content, regards, time_ms, .. } => (
                "entry",
                json!({
                    "entry": name_text(memorandum, *name),
                    "party": party(name.book.party),
                    "book": book_text(memorandum, name.book),
                    "number": name.number,
                    "time_ms": time_ms,
                    "regards": regards.iter().map(|subject| name_text(memorandum, *subject)).collect::<Vec<_>>(),
                    "kind": content.as_ref().map(|content| kind_text(content.kind())),
                    "body": content.as_ref().map(|content| content_json(content, memorandum, name.book.party)),
                    "marked": marked.as_ref().map(fault_json),
                    "unjudged": unjudged,
                }),
            ),
            Shown::Ahead { circuit, name, content, regards, time_ms } => (
                "ahead",
                json!({
                    "entry": name_text(memorandum, *name),
                    "party": party(name.book.party),
                    "book": book_text(memorandum, name.book),
                    "number": name.number,
                    "time_ms": time_ms,
                    "regards": regards.iter().map(|subject| name_text(memorandum, *subject)).collect::<Vec<_>>(),
                    "kind": kind_text(content.kind()),
                    "body": content_json(content, memorandum, name.book.party),
                    "ahead": true,
                    "unjudged": true,
                    "circuit": circuit,
                }),
            ),
            Shown::Otherwise { name, said, said_ms, digests: [of_said, of_signed] } => (
                "otherwise",
                json!({
                    "entry": name_text(memorandum, *name),
                    "party": party(name.book.party),
                    "said": {
                        "time_ms": said_ms,
                        "kind": kind_text(said.kind()),
                        "body": content_json(said, memorandum, name.book.party),
                        "sha256": hex(of_said),
                    },
                    "signed_sha256": hex(of_signed),
                }),
            ),
            Shown::Receipted { receipt } => (
                "receipted",
                json!({
                    "book": book_text(memorandum, receipt.book),
                    "party": party(receipt.party),
                    "size": receipt.size,
                    "seconds": receipt.seconds,
                }),
            ),
            Shown::Overdue { entry, rank, open_ms } => {
                ("overdue", json!({"entry": name_text(memorandum, *entry), "rank": rank, "open_ms": open_ms}))
            }
            Shown::Standing { party: of, in_effect } => {
                ("standing", json!({"party": party(*of), "in_effect": in_effect}))
            }
            Shown::CircuitReady { circuit, peer } => {
                ("circuit", json!({"circuit": circuit, "peer": party(*peer), "state": "ready"}))
            }
            Shown::CircuitSilent { circuit, silent } => {
                ("circuit", json!({"circuit": circuit, "state": if *silent { "silent" } else { "answers" }}))
            }
            Shown::CircuitLate { circuit, late } => {
                ("circuit", json!({"circuit": circuit, "state": if *late { "late" } else { "in-time" }}))
            }
            Shown::Missed { slot, party: of } => ("missed", json!({"slot": slot, "party": party(*of)})),
            Shown::Breach(evidence) => {
                ("breach", with(fault_json(&evidence.fault), "party", json!(party(evidence.party))))
            }
            Shown::NotTaken { circuit, fault } => {
                ("not-taken", with(fault_json(fault), "circuit", json!(circuit)))
            }
            Shown::Amended { decision, memorandum: amended, judged: _ } => (
                "amended",
                json!({
                    "decision": decision.map(|decision| name_text(memorandum, decision)),
                    "memorandum": detente_record::hex(&amended.hash()),
                    "fingerprint": detente_record::fingerprint(&amended.hash()),
                }),
            ),
            Shown::Named { parties, memorandum: _ } => {
                ("named", json!({"parties": parties.iter().map(|of| party(*of)).collect::<Vec<_>>()}))
            }
            Shown::Blob { blob, fault } => (
                "attachment",
                json!({
                    "hash": hex(&blob.hash),
                    "size": blob.size,
                    "state": if fault.is_none() { "here" } else { "false" },
                    "error": fault.as_ref().map(fault_json),
                }),
            ),
            Shown::ClockJumped { by_ms } => ("clock", json!({"by_ms": by_ms})),
            Shown::ClockSetBack { by_ms } => ("clock", json!({"back_ms": by_ms})),
            Shown::Renewed => ("renewed", json!({})),
            Shown::KeysRenewed { party: of, rank } => ("keys", json!({"party": party(*of), "rank": rank})),
            Shown::NotRenewed { fault } => ("not-renewed", json!({"error": fault_json(fault)})),
            Shown::Accepted { id, .. } | Shown::Refused { id, .. } | Shown::Carried { id, .. } => {
                ("command", json!({"id": id}))
            }
        },
    }
}

fn with(mut json: Value, key: &str, value: Value) -> Value {
    if let Some(fields) = json.as_object_mut() {
        fields.insert(key.into(), value);
    }
    json
}

/// An event's name and what it carries as it goes out; entries with their own fields, from the store.
pub(crate) fn outgoing(keeper: &Keeper, happening: &Happening) -> (&'static str, Value) {
    let (name, mut data) = json(&happening.told, &keeper.memorandum());
    if let Told::Shown(shown) = happening.told.as_ref()
        && let Shown::Entry { name, marked, .. } = shown.as_ref()
        && marked.is_none()
        && let Ok(Some(stored)) = keeper.store.entry(name.book.code(), name.number)
        && let Some(fields) = data.as_object_mut()
        && let Value::Object(more) = plain_json(keeper, *name, &stored)
    {
        let unjudged = fields.get("unjudged").cloned().unwrap_or_default();
        fields.extend(more);
        fields.insert("unjudged".into(), unjudged);
    }
    let data = with(data, "at_ms", json!(happening.at_ms));
    let data = match &happening.way {
        Some(way) => with(data, "way", json!({"peer": way.peer, "name": way.name, "kind": way.kind})),
        None => data,
    };
    (name, data)
}

fn event(keeper: &Keeper, happening: &Happening) -> Event {
    let (name, data) = outgoing(keeper, happening);
    Event::default().id(happening.id.to_string()).event(name).data(data.to_string())
}

/// Says that events after one are no longer kept, or were of a station that has been started again since.
fn gap_after(after: u64) -> Event {
    Event::default().event("gap").data(json!({"after": after}).to_string())
}

/// The number that a reader resumes after, as WHATWG HTML, "Server-sent events", has it said.
fn last_event_id(headers: &HeaderMap) -> Result<Option<u64>, Refused> {
    let Some(found) = headers.get("last-event-id") else { return Ok(None) };
    let text = found.to_str().unwrap_or("bytes that are no text");
    let wrong = |_| {
        Refused::misuse("Last-Event-ID", "the number of an event", text)
            .hinted("send the `id` of the last event that was read, or no such header")
    };
    // A reader that has seen no number yet sends an empty one.
    if text.is_empty() { Ok(None) } else { text.parse().map(Some).map_err(wrong) }
}

/// `GET …/events`
#[utoipa::path(get, operation_id = "events_follow", path = "/v1/lines/{line}/events", tag = "events", summary = "What happens on the line, as server-sent events", params(("line" = String, Path), After), responses(Answered))]
pub(crate) async fn follow(
    State(api): State<Api>,
    Extension(asker): Extension<Asker>,
    Path(line): LinePath,
    Query(query): Query<After>,
    headers: HeaderMap,
) -> Result<Sse<impl futures_core::Stream<Item = Result<Event, Infallible>>>, Refused> {
    let keeper = api.line(&line)?.clone();
    let from = match query.after {
        Some(after) => Some(after),
        None => last_event_id(&headers)?,
    };
    let beat_ms = query.beat_ms.map(|ms| ms.clamp(MIN_BEAT_MS, MAX_BEAT_MS));
    let (out, stream) = mpsc::channel(AHEAD);
    let mut stopping = api.stopping.clone();
    let (started_ms, officers) = (api.started_ms, api.officers.clone());
    tokio::spawn(async move {
        let mut changes = keeper.feed.last();
        let last = *changes.borrow();
        // A number that has not been reached is one of before the station was started again.
        let earlier = from.filter(|from| *from > last);
        let mut after = if earlier.is_some() { 0 } else { from.unwrap_or(last) };
        let begins =
            json!({"after": after, "last": last, "started_ms": started_ms, "at_ms": keeper.feed.now_ms()});
        let begins = Event::default().id(after.to_string()).event("begins").data(begins.to_string());
        if out.send(Ok(begins)).await.is_err() {
            return;
        }
        if let Some(from) = earlier
            && out.send(Ok(gap_after(from))).await.is_err()
        {
            return;
        }
        let mut looked = None;
        let mut beats = beat_ms.map(|ms| tokio::time::interval(Duration::from_millis(ms)));
        loop {
            // Whoever was let in and is so no more hears nothing further; not asked at every event, for the database may be writing.
            if looked.is_none_or(|at: Instant| at.elapsed() >= LET_IN) {
                if !asker.is_let_in(&officers).unwrap_or(false) {
                    return;
                }
                looked = Some(Instant::now());
            }
            let (happenings, gap) = keeper.feed.after(after, AHEAD);
            if gap && out.send(Ok(gap_after(after))).await.is_err() {
                return;
            }
            if happenings.is_empty() {
                let beat = async {
                    match &mut beats {
                        Some(beats) => {
                            beats.tick().await;
                        }
                        None => std::future::pending().await,
                    }
                };
                let beats_now = tokio::select! {
                    () = beat => true,
                    changed = changes.wait_for(|last| *last > after) => match changed {
                        Ok(_) => false,
                        Err(_) => return,
                    },
                    _ = stopping.wait_for(|stops| *stops) => return,
                    () = out.closed() => return,
                };
                let at = json!({"at_ms": keeper.feed.now_ms()});
                let beat = Event::default().event("beat").data(at.to_string());
                if beats_now && out.send(Ok(beat)).await.is_err() {
                    return;
                }
                continue;
            }
            for happening in happenings {
                after = happening.id;
                if out.send(Ok(event(&keeper, &happening))).await.is_err() {
                    return;
                }
            }
        }
    });
    Ok(Sse::new(tokio_stream::wrappers::ReceiverStream::new(stream)).keep_alive(KeepAlive::default()))
}
