//! The circuits of a line: those that are there, and those that are configured and are not.

use axum::Json;
use axum::extract::State;
use detente_line::{CircuitId, CircuitState};
use serde_json::{Value, json};

use super::request::Path;
use super::{Answer, Api, LinePath, Refused};
use crate::circuits::{Carried, Circuits, LiveCircuit};
use crate::config::CircuitConfig;

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
    Ok(Json(json!({"now_ms": now_ms, "circuits": all})))
}
