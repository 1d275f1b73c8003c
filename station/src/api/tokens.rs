//! Tokens of this station: which there are, a new one, the end of one.

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use serde_json::{Value, json};

use super::officers::check_place;
use super::openapi::Answered;
use super::request::{Body, Path};
use super::{Answer, Api, Refused};
use crate::clock;
use crate::officers::{AskedToken, OfficersError, Token};

fn refused(error: OfficersError) -> Refused {
    match error {
        OfficersError::Misuse { expected, found } => Refused::misuse("token", expected, found)
            .hinted("`detente token list` shows which there are; spec/api.md says what one can be"),
        other => other.into(),
    }
}

fn token_json(token: &Token, now_ms: u64) -> Value {
    json!({
        "name": token.name,
        "scope": token.scope_names(),
        "lines": token.lines,
        "office": token.office,
        "added_ms": token.added_ms,
        "until_ms": token.until_ms,
        "used_ms": token.used_ms,
        "ended_ms": token.ended_ms,
        "good": token.is_good(now_ms),
    })
}

/// `GET /v1/tokens`
#[utoipa::path(
    get,
    operation_id = "tokens_list",
    path = "/v1/tokens",
    tag = "officers",
    summary = "The tokens of this station, without their secrets",
    responses(Answered)
)]
pub(crate) async fn list(State(api): State<Api>) -> Answer {
    let now_ms = clock::system_ms();
    let tokens = api.officers.tokens().map_err(refused)?;
    let tokens: Vec<Value> = tokens.iter().map(|token| token_json(token, now_ms)).collect();
    Ok(Json(json!({"tokens": tokens, "console": api.origin.as_deref()})))
}

/// A new token.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = TokenAsked)]
pub(crate) struct Asked {
    name: String,
    #[serde(default)]
    scope: Vec<String>,
    #[serde(default)]
    lines: Vec<String>,
    office: Option<String>,
    until_ms: Option<u64>,
    for_ms: Option<u64>,
}

/// `POST /v1/tokens`
#[utoipa::path(post, operation_id = "tokens_add", path = "/v1/tokens", tag = "officers", summary = "Makes a token, and shows its secret this once", request_body = Asked, responses(Answered))]
pub(crate) async fn add(State(api): State<Api>, Body(asked): Body<Asked>) -> Answer {
    check_place(&api, &asked.lines, asked.office.as_deref())?;
    let now_ms = clock::system_ms();
    let until_ms = match (asked.until_ms, asked.for_ms) {
        (Some(_), Some(_)) => return Err(Refused::misuse("until_ms", "one of until_ms and for_ms", "both")),
        (until_ms, None) => until_ms,
        (None, Some(for_ms)) => Some(now_ms.saturating_add(for_ms)),
    };
    let wanted = AskedToken {
        name: &asked.name,
        scope: &asked.scope,
        lines: &asked.lines,
        office: asked.office.as_deref(),
        until_ms,
    };
    let (token, secret) = api.officers.add_token(&wanted, now_ms).map_err(refused)?;
    Ok(Json(
        json!({"token": token_json(&token, now_ms), "secret": secret.as_str(), "console": api.origin.as_deref()}),
    ))
}

/// `DELETE /v1/tokens/{name}`
#[utoipa::path(delete, operation_id = "tokens_end", path = "/v1/tokens/{name}", tag = "officers", summary = "Ends a token", params(("name" = String, Path)), responses(Answered))]
pub(crate) async fn end(State(api): State<Api>, Path(name): Path<String>) -> Answer {
    let now_ms = clock::system_ms();
    api.officers.end_token(&name, now_ms).map_err(refused)?;
    Ok(Json(json!({"ended": name, "ended_ms": now_ms})))
}
