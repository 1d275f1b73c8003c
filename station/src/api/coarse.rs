//! What an own plan has in common with a notice, said no finer than was chosen (spec/api.md, "Airspace").

use std::ops::RangeInclusive;

use axum::Json;
use axum::extract::State;
use detente_line::airspace::coarse::{self, Coarseness};
use detente_line::notices::{Conflict, Subject};
use serde::Deserialize;
use serde_json::json;

use super::entry::verdict_text;
use super::openapi::Answered;
use super::request::{Path, Query};
use super::{Answer, Api, LinePath, Refused, parse_name};
use crate::airspace::Room;

/// The finest cell, and the shortest and the longest step of the clock.
const LEAST_PLACE_M: f64 = 100.0;
const STEP_MS: RangeInclusive<u64> = 60_000..=86_400_000;
/// Most plans that a refusal names.
const MAX_NAMED: usize = 16;

/// What is asked.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Asked {
    of: String,
    place_m: f64,
    time_ms: u64,
    plan: Option<u64>,
}

impl Asked {
    fn coarseness(&self) -> Result<Coarseness, Refused> {
        let least = self.place_m.is_finite() && self.place_m >= LEAST_PLACE_M;
        if !least || !STEP_MS.contains(&self.time_ms) {
            let found = format!("{} m, {} ms", self.place_m, self.time_ms);
            return Err(Refused::misuse("coarseness", "100 m or more, and a minute to a day", found));
        }
        Ok(Coarseness { place_mm: (self.place_m * 1e3).ceil() as u64, time_ms: self.time_ms })
    }
}

/// `GET …/conflicts/coarse`: at no height, and the same for whatever touches the same cells and steps.
#[utoipa::path(get, operation_id = "coarse", path = "/v1/lines/{line}/conflicts/coarse", tag = "airspace", summary = "A conflict as it may be told without saying what is there", params(("line" = String, Path), Asked), responses(Answered))]
pub(crate) async fn coarse(
    State(api): State<Api>,
    Path(line): LinePath,
    Query(asked): Query<Asked>,
) -> Answer {
    let keeper = api.line(&line)?;
    let coarseness = asked.coarseness()?;
    let of = parse_name(&keeper.memorandum(), &asked.of)?;
    let now_ms = api.now_ms();
    let found = keeper.airspace.look(move |room: &mut Room| {
        let conflicts = room.notices().conflicts_of(Subject::Notice(of));
        let plans = conflicts.filter_map(|(other, conflict)| match other {
            Subject::Plan(plan) => Some((plan, conflict)),
            Subject::Notice(_) => None,
        });
        let current = plans.filter(|(_, conflict)| conflict.span.until_ms() >= now_ms);
        current.collect::<Vec<(u64, Conflict)>>()
    });
    let mut found = found.await.ok_or_else(Refused::stopping)?;
    found.retain(|(plan, _)| asked.plan.is_none_or(|one| one == *plan));
    let [(plan, conflict)] = found.as_slice() else {
        let named = found.iter().take(MAX_NAMED).map(|(plan, _)| format!("plan/{plan}"));
        let plans = named.collect::<Vec<_>>().join(", ");
        let found = match found.len() {
            0 => "none".to_owned(),
            count if count > MAX_NAMED => format!("{plans} and {} more", count - MAX_NAMED),
            _ => plans,
        };
        let hint = "`detente conflicts` lists what is in the way; name one of several with --plan";
        let expected = format!("one own plan in the way of {}", asked.of);
        return Err(Refused::misuse("plan", &expected, found).hinted(hint));
    };
    let bounds = coarseness.place(conflict.overlap.bounds);
    let Some((bounds, span)) = bounds.zip(coarseness.time(conflict.overlap.span)) else {
        let hint = "choose a finer one, or say the place yourself";
        let expected = "one that this place can be said at";
        return Err(Refused::misuse("coarseness", expected, "a coarser one").hinted(hint));
    };
    let corners =
        coarse::corners(bounds).map(|corner| [f64::from(corner.lat) / 1e7, f64::from(corner.lon) / 1e7]);
    let volume = json!({"area": corners, "from_ms": span.from_ms(), "until_ms": span.end_ms()});
    Ok(Json(json!({"plan": plan, "verdict": verdict_text(conflict.verdict), "volume": volume})))
}
