//! The officers of this station: who they are, their one-time links, and what they did.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::openapi::Answered;
use super::request::{Body, Path, Query};
use super::{Answer, Api, Refused};
use crate::clock;
use crate::officers::{Deed, Officer, OfficersError, Role};

/// Most deeds of one answer.
const MAX_DEEDS: u64 = 1_000;

impl From<OfficersError> for Refused {
    fn from(error: OfficersError) -> Self {
        match error {
            OfficersError::Misuse { expected, ref found } => {
                Self::misuse("officer", expected, found.as_str()).hinted(error.hint())
            }
            _ => {
                let (status, expected) = (StatusCode::SERVICE_UNAVAILABLE, "a database that takes and gives");
                Self::new(status, "Store", "officers", expected, error.to_string(), error.hint())
            }
        }
    }
}

fn officer_json(officer: &Officer) -> Value {
    json!({
        "name": officer.name,
        "role": officer.role.name(),
        "lines": officer.lines,
        "office": officer.office,
        "passkeys": officer.passkeys,
        "ended_ms": officer.ended_ms,
    })
}

fn link(api: &Api, officer: &Officer) -> Answer {
    let Some(origin) = &api.origin else {
        let hint = "put [console] into station.toml and start the station again; docs/console.md says how";
        return Err(Refused::misuse("console", "one that this station serves", "none").hinted(hint));
    };
    let (secret, until_ms) = api.officers.invite(officer, clock::system_ms())?;
    let link = format!("{origin}/enrol#{}", *secret);
    Ok(Json(json!({"officer": officer_json(officer), "link": link, "until_ms": until_ms})))
}

/// `GET /v1/officers`
#[utoipa::path(
    get,
    operation_id = "officers_list",
    path = "/v1/officers",
    tag = "officers",
    summary = "The officers of this station",
    responses(Answered)
)]
pub(crate) async fn list(State(api): State<Api>) -> Answer {
    let officers = api.officers.all()?;
    Ok(Json(
        json!({"officers": officers.iter().map(officer_json).collect::<Vec<_>>(), "console": api.origin.as_deref()}),
    ))
}

/// A new officer.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = OfficerAsked)]
pub(crate) struct Asked {
    name: String,
    role: String,
    #[serde(default)]
    lines: Vec<String>,
    office: Option<String>,
}

/// Holds lines and an office to those that there are.
pub(super) fn check_place(api: &Api, lines: &[String], office: Option<&str>) -> Result<(), Refused> {
    for line in lines {
        api.line(line)?;
    }
    let Some(office) = office else { return Ok(()) };
    let offices = |keeper: &crate::keeper::Keeper| {
        let memorandum = keeper.memorandum();
        let offices = memorandum.member(keeper.party).map(|member| member.offices.clone());
        offices.unwrap_or_default().into_iter().map(|office| office.name).collect::<Vec<_>>()
    };
    let seen = api.lines.iter().filter(|(name, _)| lines.is_empty() || lines.contains(name));
    let known: Vec<String> = seen.flat_map(|(_, keeper)| offices(keeper)).collect();
    if known.iter().any(|name| name.eq_ignore_ascii_case(office)) {
        return Ok(());
    }
    Err(Refused::misuse("office", &format!("one of {}", known.join(", ")), office))
}

/// `POST /v1/officers`
#[utoipa::path(post, operation_id = "officers_add", path = "/v1/officers", tag = "officers", summary = "Admits an officer", request_body = Asked, responses(Answered))]
pub(crate) async fn add(State(api): State<Api>, Body(asked): Body<Asked>) -> Answer {
    let Some(role) = Role::named(&asked.role) else {
        return Err(Refused::misuse("role", &Role::ALL.map(Role::name).join(", "), asked.role));
    };
    check_place(&api, &asked.lines, asked.office.as_deref())?;
    let officer =
        api.officers.add(&asked.name, role, &asked.lines, asked.office.as_deref(), clock::system_ms())?;
    link(&api, &officer)
}

/// `POST /v1/officers/{name}/link`
#[utoipa::path(post, operation_id = "officers_invite", path = "/v1/officers/{name}/link", tag = "officers", summary = "Another one-time link for an officer", params(("name" = String, Path)), responses(Answered))]
pub(crate) async fn invite(State(api): State<Api>, Path(name): Path<String>) -> Answer {
    link(&api, &api.officers.named(&name)?)
}

/// `DELETE /v1/officers/{name}`
#[utoipa::path(delete, operation_id = "officers_end", path = "/v1/officers/{name}", tag = "officers", summary = "Dismisses an officer", params(("name" = String, Path)), responses(Answered))]
pub(crate) async fn end(State(api): State<Api>, Path(name): Path<String>) -> Answer {
    let now_ms = clock::system_ms();
    api.officers.end(&name, now_ms)?;
    Ok(Json(json!({"ended": name, "ended_ms": now_ms})))
}

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Which {
    before: Option<u64>,
    limit: Option<u64>,
}

fn deed_json(deed: &Deed) -> Value {
    let Deed { number, time_ms, officer, what, about, outcome } = deed;
    json!({"number": number, "time_ms": time_ms, "officer": officer, "what": what, "about": about, "outcome": outcome})
}

/// `GET /v1/audit`
#[utoipa::path(
    get,
    operation_id = "officers_audit",
    path = "/v1/audit",
    tag = "officers",
    summary = "What officers and programs with tokens did, the newest first",
    params(Which),
    responses(Answered)
)]
pub(crate) async fn audit(State(api): State<Api>, Query(which): Query<Which>) -> Answer {
    let deeds = api.officers.deeds(which.before, which.limit.unwrap_or(100).min(MAX_DEEDS))?;
    Ok(Json(json!({"deeds": deeds.iter().map(deed_json).collect::<Vec<_>>()})))
}
