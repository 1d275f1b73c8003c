//! The circuits of a line: those that are there, and those that are configured and are not.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use detente_line::{CircuitId, CircuitState};
use serde::Deserialize;
use serde_json::{Value, json};

use super::openapi::Answered;
use super::request::{Body, Path};
use super::{Answer, Api, LinePath, Refused};
use crate::circuits::{Carried, Circuits, LiveCircuit};
use crate::config::CircuitConfig;
use crate::feed::Told;
use crate::keeper::Keeper;
use crate::withheld::MAX_WITHHELD;

/// A circuit that the line knows.
pub(super) fn state_json(circuits: &Circuits, id: CircuitId, peer: &str, state: &CircuitState) -> Value {
    let live = circuits.live(id);
    json!({
        "id": id,
        "peer": peer,
        "name": live.as_ref().map(|live| &live.name),
        "kind": live.as_ref().map(|live| live.kind.name()),
        "address": live.as_ref().map(|live| &live.remote),
        "ready": state.ready,
        "silent": state.silent,
        "late": state.late,
        "best": state.best,
        "heard_ms": state.heard_ms,
        "round_trip_ms": state.round_trip_ms,
    })
}

fn carried_json(carried: &Carried) -> Value {
    let (frames, bytes) = carried.count();
    json!({"frames": frames, "bytes": bytes})
}

fn live_json(id: CircuitId, live: &LiveCircuit, state: Option<&CircuitState>) -> Value {
    let word = match state {
        None => "opening",
        Some(state) if state.silent => "silent",
        Some(state) if !state.ready => "opening",
        Some(state) if state.late => "late",
        Some(_) => "up",
    };
    let measured = live.gauge.measured();
    json!({
        "id": id,
        "peer": live.peer,
        "name": live.name,
        "kind": live.kind.name(),
        "address": live.remote,
        "dialled": live.dialled,
        "cost_ms": live.cost_ms,
        "purpose": live.purpose,
        "state": word,
        "best": state.is_some_and(|state| state.best),
        "since_ms": live.since_ms,
        "heard_ms": state.map(|state| state.heard_ms),
        "round_trip_ms": state.and_then(|state| state.round_trip_ms),
        "steps": state.map(|state| state.steps),
        "again": state.map(|state| state.again),
        "sent": carried_json(&live.sent),
        "received": carried_json(&live.received),
        "rate_bits_s": measured.bits_per_s,
        "packets": measured.packets.map(|(sent, lost)| json!({"sent": sent, "lost": lost})),
        "failure": null,
    })
}

fn down_json(circuits: &Circuits, configured: &CircuitConfig) -> Value {
    let failure = circuits.failure(configured);
    json!({
        "id": null,
        "peer": configured.peer,
        "name": configured.name(),
        "kind": configured.kind().name(),
        "address": configured.addresses(),
        "dialled": !configured.address.is_empty(),
        "cost_ms": configured.cost,
        "purpose": configured.purpose,
        "state": "down",
        "best": false,
        "failure": failure.map(|failure| json!({"why": failure.why, "at_ms": failure.at_ms})),
    })
}

/// `GET …/circuits`
#[utoipa::path(get, operation_id = "circuits", path = "/v1/lines/{line}/circuits", tag = "circuits", summary = "The circuits: what each is, carried and refuses", params(("line" = String, Path)), responses(Answered))]
pub(crate) async fn circuits(State(api): State<Api>, Path(line): LinePath) -> Answer {
    let clock_ms = api.now_ms();
    let keeper = api.line(&line)?;
    let seen = keeper.look(move |line| {
        let states: Vec<(CircuitId, CircuitState)> = line.circuits().collect();
        (states, line.time_ms(clock_ms))
    });
    let (states, now_ms) = seen.await.ok_or_else(Refused::stopping)?;
    let live = keeper.circuits.all_live();
    let state = |id: CircuitId| states.iter().find(|(of, _)| *of == id).map(|(_, state)| state);
    let mut all: Vec<Value> = live.iter().map(|(id, live)| live_json(*id, live, state(*id))).collect();
    let is_there = |configured: &&CircuitConfig| {
        live.values().any(|live| live.peer == configured.peer && live.name == configured.name())
    };
    let configured = keeper.circuits.configured();
    all.extend(configured.iter().filter(|one| !is_there(one)).map(|one| down_json(&keeper.circuits, one)));
    for one in &mut all {
        let text = |field: &str| one.get(field).and_then(Value::as_str).unwrap_or_default().to_owned();
        let left = keeper.withheld.left(&text("peer"), &text("name"));
        if let Some(fields) = one.as_object_mut() {
            fields.insert("withheld_ms".into(), json!(left.map(|left| left.as_millis() as u64)));
        }
    }
    Ok(Json(json!({"now_ms": now_ms, "circuits": all})))
}

/// Which circuit is withheld, and how.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Withheld)]
pub(crate) struct Asked {
    peer: String,
    name: String,
    for_ms: u64,
    #[serde(default)]
    dark: bool,
    #[serde(default)]
    last: bool,
}

/// Whether a peer has another circuit that works and is not withheld.
async fn has_another(keeper: &Keeper, asked: &Asked) -> Result<bool, Refused> {
    let states = keeper.look(|line| line.circuits().collect::<Vec<(CircuitId, CircuitState)>>());
    let states = states.await.ok_or_else(Refused::stopping)?;
    let works = |id: &CircuitId| states.iter().any(|(of, state)| of == id && state.ready && !state.silent);
    let live = keeper.circuits.all_live();
    let mut others = live.iter().filter(|(_, live)| live.peer == asked.peer && live.name != asked.name);
    Ok(others.any(|(id, live)| works(id) && keeper.withheld.left(&live.peer, &live.name).is_none()))
}

/// `POST …/circuits/withhold`
#[utoipa::path(post, operation_id = "circuits_withhold", path = "/v1/lines/{line}/circuits/withhold", tag = "circuits", summary = "Withholds a circuit on purpose, for a drill", params(("line" = String, Path)), request_body = Asked, responses(Answered))]
pub(crate) async fn withhold(
    State(api): State<Api>,
    Path(line): LinePath,
    Body(asked): Body<Asked>,
) -> Answer {
    let keeper = api.line(&line)?;
    let most_ms = MAX_WITHHELD.as_millis() as u64;
    if asked.for_ms > most_ms {
        return Err(Refused::misuse("for_ms", "at most 600,000", asked.for_ms.to_string()));
    }
    let live = keeper.circuits.all_live();
    let is_it = |peer: &str, name: &str| (peer, name) == (asked.peer.as_str(), asked.name.as_str());
    let configured = keeper.circuits.configured();
    let known = live.values().any(|live| is_it(&live.peer, &live.name))
        || configured.iter().any(|configured| is_it(&configured.peer, configured.name()));
    if !known {
        let found = format!("{} to {}", asked.name, asked.peer);
        let hint = "`detente circuits` shows them";
        return Err(Refused::misuse("circuit", "one that is there or configured", found).hinted(hint));
    }
    if asked.for_ms > 0 && !asked.last && !has_another(keeper, &asked).await? {
        return Err(Refused::new(
            StatusCode::CONFLICT,
            "LastCircuit",
            "circuit",
            "one beside which another works",
            format!("{}, the only one to {} that does", asked.name, asked.peer),
            "nothing was withheld; ask for it by name and with --last, if that is what is to be exercised",
        ));
    }
    let Asked { peer, name, for_ms, dark, .. } = asked;
    keeper.withheld.withhold(&peer, &name, std::time::Duration::from_millis(for_ms), dark);
    tracing::warn!(peer, name, for_ms, dark, "a circuit is withheld for a drill, or given back");
    keeper.feed.tell(Told::Withheld { peer, name, for_ms, dark }, None);
    Ok(Json(json!({"for_ms": for_ms})))
}
