//! Handing over the watch: the outgoing officer begins it with what is open then, another officer takes over.
//!
//! Who the two are stays at this station, in the audit (spec/line.md §3: who a person was is not on the line); the line is told which office takes over.

use axum::extract::State;
use axum::{Extension, Json};
use detente_line::{Content, Draft, Duty};
use detente_record::{hex, sha256};
use serde::Deserialize;
use serde_json::{Value, json};

use super::airspace;
use super::asker::Asker;
use super::draft::office;
use super::openapi::Answered;
use super::request::{Body, Path, Query};
use super::status;
use super::{Answer, Api, LinePath, Refused, name_text};
use crate::keeper::Keeper;
use crate::officers::{Handover, Officer, Right};

/// Most entries of each part of the list.
const MOST: usize = 200;

/// What is open on a line now, as it is handed over.
async fn open_items(api: &Api, line: &str) -> Result<Value, Refused> {
    let asked = || (State(api.clone()), Path(line.to_owned()));
    let (state, path) = asked();
    let Json(status) = status::status(state, path).await?;
    let (state, path) = asked();
    let Json(inbox) = status::inbox(state, path, Query(status::Limit { limit: Some(MOST) })).await?;
    let (state, path) = asked();
    let Json(conflicts) = airspace::conflicts(state, path, Query(airspace::Of::default())).await?;
    let part = |of: &Value, field: &str, names: &[&str]| {
        let items = of.get(field).and_then(Value::as_array).into_iter().flatten().take(MOST);
        let kept = |item: &Value| {
            let fields =
                names.iter().map(|name| ((*name).to_owned(), item.get(*name).cloned().unwrap_or_default()));
            Value::Object(fields.collect())
        };
        Value::Array(items.map(kept).collect())
    };
    Ok(json!({
        "at_ms": status.get("now_ms"),
        "owed": part(&inbox, "owed", &["entry", "kind", "party", "due_ms", "overdue"]),
        "awaited": part(&inbox, "awaited", &["entry", "kind", "party"]),
        "more": inbox.get("more"),
        "parties": part(&status, "parties", &["name", "willing", "officer", "suspension"]),
        "motions": part(&status, "motions", &["motion", "closes_ms"]),
        "conflicts": part(&conflicts, "conflicts", &["one", "other", "verdict"]),
        "next_test_ms": status.get("next_test_ms"),
    }))
}

fn digest(list: &str) -> String {
    hex(&sha256(list.as_bytes()))
}

fn handover_json(begun: Option<&Handover>) -> Value {
    begun.map_or(Value::Null, |begun| {
        json!({
            "outgoing": begun.outgoing,
            "begun_ms": begun.begun_ms,
            "list": serde_json::from_str::<Value>(&begun.list).unwrap_or_default(),
            "sha256": digest(&begun.list),
        })
    })
}

/// The officer who asks: the owner of the folder is nobody who can hold a watch.
fn officer(asker: &Asker) -> Result<&Officer, Refused> {
    asker.may(Right::Write)?;
    asker.is_a_person()?;
    match asker {
        Asker::Officer(officer, _) => Ok(officer),
        Asker::Owner | Asker::Token(..) => {
            let expected = "an officer who is signed in at the console";
            Err(Refused::misuse("officer", expected, "the owner of the station's folder")
                .hinted("hand over in the console; `detente officer handover` tells the line alone"))
        }
    }
}

/// `GET …/handover`
#[utoipa::path(get, operation_id = "handover_show", path = "/v1/lines/{line}/handover", tag = "officers", summary = "The handover of the watch that waits", params(("line" = String, Path)), responses(Answered))]
pub(crate) async fn show(State(api): State<Api>, Path(line): LinePath) -> Answer {
    api.line(&line)?;
    Ok(Json(json!({"handover": handover_json(api.officers.handover(&line)?.as_ref())})))
}

/// `POST …/handover`
#[utoipa::path(post, operation_id = "handover_begin", path = "/v1/lines/{line}/handover", tag = "officers", summary = "Begins a handover with what is open now", params(("line" = String, Path)), responses(Answered))]
pub(crate) async fn begin(
    State(api): State<Api>,
    Extension(asker): Extension<Asker>,
    Path(line): LinePath,
) -> Answer {
    api.line(&line)?;
    let outgoing = officer(&asker)?.name.clone();
    let list = open_items(&api, &line).await?.to_string();
    let begun = Handover { outgoing, list, begun_ms: api.now_ms() };
    api.officers.begin_handover(&line, &begun)?;
    asker.note(&format!("handover of {line}, list {}", digest(&begun.list)));
    Ok(Json(json!({"handover": handover_json(Some(&begun))})))
}

/// What whoever takes over has seen.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Taken {
    sha256: String,
}

/// The office that takes over: the officer's own, or the lowest of those that hold the watch.
fn office_of(keeper: &Keeper, officer: &Officer) -> Result<u16, Refused> {
    let memorandum = keeper.memorandum();
    if let Some(name) = &officer.office {
        return office(&memorandum, keeper.party, &json!(name));
    }
    let offices = memorandum.member(keeper.party).map(|member| member.offices.as_slice()).unwrap_or_default();
    let watch = offices.iter().find(|office| office.rank == 0).map(|office| office.number);
    watch.ok_or_else(|| Refused::misuse("office", "one of rank 0", "none"))
}

/// `POST …/handover/take`
#[utoipa::path(post, operation_id = "handover_take", path = "/v1/lines/{line}/handover/take", tag = "officers", summary = "Takes over the watch", params(("line" = String, Path)), request_body = Taken, responses(Answered))]
pub(crate) async fn take(
    State(api): State<Api>,
    Extension(asker): Extension<Asker>,
    Path(line): LinePath,
    Body(taken): Body<Taken>,
) -> Answer {
    let keeper = api.line(&line)?;
    let incoming = officer(&asker)?;
    let wrong = |expected: &str, found: &str| {
        Refused::misuse("handover", expected, found)
            .hinted("look at the page of the handover again; nothing was done")
    };
    let begun = api.officers.handover(&line)?;
    let begun = begun.ok_or_else(|| wrong("one that the outgoing officer has begun", "none"))?;
    if begun.outgoing == incoming.name {
        return Err(wrong("another officer than the one who hands over", &begun.outgoing));
    }
    let held = digest(&begun.list);
    if taken.sha256 != held {
        return Err(wrong("the list that was begun with", "another list"));
    }
    let to = office_of(keeper, incoming)?;
    // Of two who take over at once, one does.
    if !api.officers.end_handover(&line, &begun)? {
        return Err(wrong(
            "one that the outgoing officer has begun",
            "one that somebody else has just taken",
        ));
    }
    let content = Content::Duty(Duty::Handover { to });
    let draft = Draft { office: Some(to), ..Draft::of(None, content) };
    let written = match keeper.write(draft).await {
        Ok(entry) => name_text(&keeper.memorandum(), entry),
        Err(refusal) => {
            // The line was not told: whoever handed over still holds the watch.
            api.officers.begin_handover(&line, &begun)?;
            return Err(refusal.into());
        }
    };
    asker.note(&format!("{written}: {} took over from {}, list {held}", incoming.name, begun.outgoing));
    Ok(Json(json!({"entry": written, "outgoing": begun.outgoing, "incoming": incoming.name, "sha256": held})))
}
