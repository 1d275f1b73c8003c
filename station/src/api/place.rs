//! What was understood of a position or a time that somebody typed, so that they see it before they send it.

use axum::Json;
use detente_exchange::{position, time};
use serde::Deserialize;
use serde_json::json;

use super::openapi::Answered;
use super::request::Query;
use super::{Answer, Refused};

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Typed {
    text: String,
}

/// `GET /v1/place`
#[utoipa::path(
    get,
    operation_id = "place",
    path = "/v1/place",
    tag = "station",
    summary = "What is understood of a place as somebody types it",
    params(Typed),
    responses(Answered)
)]
pub(crate) async fn place(Query(typed): Query<Typed>) -> Answer {
    let understood = position::read(&typed.text).map_err(|reason| {
        let hint = "35.24,40.19, 35°14′24″N 40°11′24″E, UTM and MGRS are understood";
        Refused::misuse("position", "latitude and longitude", reason.to_string()).hinted(hint)
    })?;
    let at = understood.position;
    Ok(Json(json!({
        "position": [f64::from(at.lat) / 1e7, f64::from(at.lon) / 1e7],
        "decimal": position::decimal(at),
        "sexagesimal": position::sexagesimal(at),
        "utm": position::utm_text(at),
        "mgrs": position::mgrs_text(at),
    })))
}

/// `GET /v1/moment`
#[utoipa::path(
    get,
    operation_id = "place_moment",
    path = "/v1/moment",
    tag = "station",
    summary = "What is understood of a moment as somebody types it",
    params(Typed),
    responses(Answered)
)]
pub(crate) async fn moment(Query(typed): Query<Typed>) -> Answer {
    let understood = time::read(&typed.text, None).map_err(|reason| {
        let hint =
            "2017-04-06T22:40Z and 062240ZAPR17 are understood, and a date alone as all of that day, UTC";
        Refused::misuse("time", "a time with its zone", reason.to_string()).hinted(hint)
    })?;
    Ok(Json(json!({
        "first_ms": understood.first_ms,
        "last_ms": understood.last_ms,
        "group": time::group(understood.first_ms),
    })))
}
