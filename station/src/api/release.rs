//! What two officers release: a draft of a kind that takes two waits here until another officer has looked at it (spec/line.md §3).
//!
//! Who the two are stays at this station, in the audit; the line is told the two offices.

use axum::extract::State;
use axum::http::StatusCode;
use axum::{Extension, Json};
use detente_record::{hex, sha256};
use serde::Deserialize;
use serde_json::{Value, json};

use super::asker::Asker;
use super::draft::{Asked, draft, office};
use super::openapi::Answered;
use super::request::{Body, Path};
use super::{Answer, Api, LinePath, Refused, name_text};
use crate::feed::Told;
use crate::keeper::Keeper;
use crate::officers::{Waiting, right_to_write};

/// The path of a draft that waits: line, number.
type WaitingPath = Path<(String, u64)>;

fn whose(name: Option<&str>) -> &str {
    name.unwrap_or("the owner of the station's folder")
}

fn digest(draft: &str) -> String {
    hex(&sha256(draft.as_bytes()))
}

fn waiting_json(waiting: &Waiting, asker: &Asker) -> Value {
    let Waiting { id, drafter, draft, drafted_ms } = waiting;
    json!({
        "release": id,
        "drafter": drafter,
        "drafted_ms": drafted_ms,
        "draft": serde_json::from_str::<Value>(draft).unwrap_or_default(),
        "sha256": digest(draft),
        "yours": *drafter == asker.name(),
    })
}

fn tell(keeper: &Keeper, id: u64, state: &'static str) {
    keeper.feed.tell(Told::Release { id, state }, None);
}

/// Keeps a draft for a second officer, and says under which number.
pub(super) fn wait(
    api: &Api,
    line: &str,
    keeper: &Keeper,
    asker: &Asker,
    asked: &Value,
) -> Result<Value, Refused> {
    let text = asked.to_string();
    let id = api.officers.await_release(line, asker.name().as_deref(), &text, api.now_ms())?;
    tell(keeper, id, "waits");
    asker.note(&format!("draft {id}, {}", digest(&text)));
    Ok(json!({"release": id, "sha256": digest(&text), "waits_for": "a second officer"}))
}

/// `GET …/releases`
#[utoipa::path(get, operation_id = "release_list", path = "/v1/lines/{line}/releases", tag = "officers", summary = "What waits for a second officer", params(("line" = String, Path)), responses(Answered))]
pub(crate) async fn list(
    State(api): State<Api>,
    Extension(asker): Extension<Asker>,
    Path(line): LinePath,
) -> Answer {
    api.line(&line)?;
    let waiting = api.officers.waiting(&line)?;
    Ok(Json(json!({"releases": waiting.iter().map(|one| waiting_json(one, &asker)).collect::<Vec<_>>()})))
}

/// What whoever releases has seen.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Seen {
    sha256: String,
}

fn found(api: &Api, line: &str, id: u64) -> Result<Waiting, Refused> {
    api.officers.waiting_one(line, id)?.ok_or_else(|| {
        let hint =
            "it was released or taken back, or was never there; `detente release list` shows what waits";
        let expected = "a draft that waits for a second officer";
        Refused::new(StatusCode::NOT_FOUND, "UnknownDraft", "release", expected, id.to_string(), hint)
    })
}

/// The office that somebody releases by: the officer's own, or the lowest of those that hold the watch.
fn office_of(keeper: &Keeper, asker: &Asker) -> Result<u16, Refused> {
    let memorandum = keeper.memorandum();
    match asker.office() {
        Some(name) => office(&memorandum, keeper.party, &json!(name)),
        None => memorandum
            .member(keeper.party)
            .map(detente_line::Member::watch_office)
            .ok_or_else(|| Refused::misuse("office", "one of a party of the line", "none")),
    }
}

/// `POST …/releases/{number}`
#[utoipa::path(post, operation_id = "release_give", path = "/v1/lines/{line}/releases/{number}", tag = "officers", summary = "Releases a draft that somebody else drafted", params(("line" = String, Path), ("number" = u64, Path)), request_body = Seen, responses(Answered))]
pub(crate) async fn give(
    State(api): State<Api>,
    Extension(asker): Extension<Asker>,
    Path((line, id)): WaitingPath,
    Body(seen): Body<Seen>,
) -> Answer {
    let keeper = api.line(&line)?;
    // Of two who release, each is somebody: a program is neither.
    asker.is_a_person()?;
    let waiting = found(&api, &line, id)?;
    let asked: Asked = serde_json::from_str(&waiting.draft)
        .map_err(|wrong| Refused::misuse("draft", "one of spec/api.md", wrong.to_string()))?;
    asker.may(right_to_write(asked.kind()))?;
    let wrong = |expected: &str, found: &str| {
        Refused::misuse("release", expected, found)
            .hinted("look at the draft again, and have somebody else release it; nothing was written")
    };
    let releaser = asker.name();
    if waiting.drafter == releaser {
        return Err(wrong("another officer than the one who drafted it", whose(releaser.as_deref())));
    }
    if seen.sha256 != digest(&waiting.draft) {
        return Err(wrong("the digest of the draft that waits", &seen.sha256));
    }
    let mut draft = draft(keeper, asked, api.now_ms()).await?;
    draft.second = Some(office_of(keeper, &asker)?);
    // Of two who release it at once, one does.
    if !api.officers.end_waiting(&line, id)? {
        return Err(wrong(
            "a draft that waits for a second officer",
            "one that somebody else has just released",
        ));
    }
    let written = match keeper.write(draft).await {
        Ok(entry) => name_text(&keeper.memorandum(), entry),
        Err(refusal) => {
            api.officers.wait_again(&line, &waiting)?;
            return Err(refusal.into());
        }
    };
    tell(keeper, id, "released");
    let (first, second) = (whose(waiting.drafter.as_deref()), whose(releaser.as_deref()));
    asker.note(&format!("{written}: draft {id}, {}, released by {first} and {second}", seen.sha256));
    Ok(Json(json!({"entry": written, "release": id, "drafter": waiting.drafter, "durable": true})))
}

/// `DELETE …/releases/{number}`
#[utoipa::path(delete, operation_id = "release_take_back", path = "/v1/lines/{line}/releases/{number}", tag = "officers", summary = "Takes a draft back, so that it is never written", params(("line" = String, Path), ("number" = u64, Path)), responses(Answered))]
pub(crate) async fn take_back(
    State(api): State<Api>,
    Extension(asker): Extension<Asker>,
    Path((line, id)): WaitingPath,
) -> Answer {
    let keeper = api.line(&line)?;
    let waiting = found(&api, &line, id)?;
    if waiting.drafter != asker.name() {
        asker.is_a_person()?;
    }
    let kind = serde_json::from_str::<Value>(&waiting.draft).unwrap_or_default();
    asker.may(right_to_write(kind.get("kind").and_then(Value::as_str).unwrap_or_default()))?;
    if !api.officers.end_waiting(&line, id)? {
        return Err(found(&api, &line, id).err().unwrap_or_else(Refused::stopping));
    }
    tell(keeper, id, "taken back");
    asker.note(&format!("draft {id}, {}, of {}", digest(&waiting.draft), whose(waiting.drafter.as_deref())));
    Ok(Json(json!({"release": id, "taken_back": true})))
}
