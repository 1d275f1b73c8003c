//! What is understood of a notice as somebody types it, and what its kind and others have to say to it, before anything is sent (spec/api.md, "Sketch").

use axum::Json;
use axum::extract::State;
use detente_exchange::{position, time};
use detente_line::airspace::volume::Volume;
use detente_line::kind::number::NOTICE;
use detente_line::notice::{Field, Form};
use detente_line::{Content, Memorandum, Nature, Notice, NoticeKind};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

use super::airspace::{looked, short_json};
use super::notice::{AskedNotice, AskedVolume, degrees, kind_named, volume_json};
use super::openapi::Answered;
use super::request::{Body, Path};
use super::typed::{TIME, Wrong, moment};
use super::{Answer, Api, LinePath, Refused};
use crate::length;

/// Most places of a sketch.
const MAX_PLACES: usize = 256;

/// A notice, each of its parts as somebody types it.
#[derive(Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields, default)]
#[schema(as = Sketch)]
pub(crate) struct Typed {
    notice_kind: String,
    text: String,
    shape: String,
    places: String,
    width: String,
    from: String,
    until: String,
    lowest_m: String,
    highest_m: String,
    datum: String,
    fields: BTreeMap<String, String>,
    emergency: bool,
}

/// A place, and when it can be passed, where that is said.
struct Place {
    at: detente_line::airspace::position::Position,
    window: Option<(u64, u64)>,
}

impl Typed {
    /// The places, one a line, or with `;` between them: `POSITION`, or `POSITION @ TIME` or `POSITION @ FROM / UNTIL`.
    fn places(&self, wrong: &mut Wrong) -> Option<Vec<Place>> {
        let lines = self.places.split(['\n', ';']).map(str::trim).filter(|line| !line.is_empty());
        let mut places = Vec::new();
        for (number, line) in (1..).zip(lines) {
            if number > MAX_PLACES {
                wrong.add("places", "at most 256", "more");
                return None;
            }
            let (place, times) =
                line.split_once('@').map_or((line, None), |(place, times)| (place, Some(times)));
            let what = format!("place {number}");
            let at = wrong.of(&what, "latitude and longitude", position::read(place))?.position;
            let window = match times {
                None => None,
                Some(times) => {
                    let (from, until) = times.split_once('/').unwrap_or((times, times));
                    Some((
                        moment(&what, from.trim(), false, wrong)?,
                        moment(&what, until.trim(), true, wrong)?,
                    ))
                }
            };
            places.push(Place { at, window });
        }
        if places.is_empty() {
            wrong.add("places", "one place or more", "none");
            return None;
        }
        Some(places)
    }

    fn width_m(&self, kind: &NoticeKind, wrong: &mut Wrong) -> Option<f64> {
        match (self.width.trim(), kind.nature()) {
            ("", Nature::Movement) => Some(f64::from(kind.half_width_mm()) / 1e3),
            (text, _) => {
                let mm = length::parse(text).map_err(|_| if text.is_empty() { "none" } else { text });
                wrong.of("width", "a length such as 500m, 12km or 10nmi", mm).map(|mm| mm as f64 / 1e3)
            }
        }
    }

    /// What says the place in a notice as it is asked for, and what shows it, whenever that is.
    fn place(&self, kind: &NoticeKind, places: &[Place], wrong: &mut Wrong) -> Option<Map<String, Value>> {
        let at = |place: &Place| degrees(place.at);
        let mut said = Map::new();
        match self.shape.as_str() {
            "" | "area" => {
                said.insert("area".into(), places.iter().map(at).collect());
            }
            "circle" => {
                let radius_m = self.width_m(kind, wrong);
                let [centre] = places else {
                    wrong.add("places", "one, the middle of the circle", places.len());
                    return None;
                };
                let radius_m = radius_m?;
                said.insert("circle".into(), json!({"centre": at(centre), "radius_m": radius_m}));
            }
            "corridor" => {
                let half_width_m = self.width_m(kind, wrong);
                if places.len() < 2 {
                    wrong.add("places", "two or more, along the way", places.len());
                    return None;
                }
                let half_width_m = half_width_m?;
                let leg = |pair: (&Place, &Place)| {
                    let leg = json!({"from": at(pair.0), "to": at(pair.1), "half_width_m": half_width_m});
                    json!({"leg": leg})
                };
                said.insert("volumes".into(), places.iter().zip(places.iter().skip(1)).map(leg).collect());
            }
            other => {
                wrong.add("shape", "area, circle or corridor", other);
                return None;
            }
        }
        Some(said)
    }

    /// The way of a movement: a place without a time can be passed at any time of the whole that those before and after it leave.
    fn waypoints(places: &[Place], (from_ms, until_ms): (u64, u64), wrong: &mut Wrong) -> Value {
        let mut windows: Vec<(u64, u64)> = Vec::with_capacity(places.len());
        let mut earliest_ms = from_ms;
        for place in places {
            earliest_ms = place.window.map_or(earliest_ms, |(from_ms, _)| from_ms);
            windows.push(place.window.unwrap_or((earliest_ms, until_ms)));
        }
        let mut latest_ms = until_ms;
        for (place, window) in places.iter().zip(&mut windows).rev() {
            latest_ms = place.window.map_or(latest_ms, |(_, until_ms)| until_ms);
            window.1 = latest_ms;
        }
        for (number, (before, window)) in (2..).zip(windows.iter().zip(windows.iter().skip(1))) {
            if window.0 < before.0 || window.1 < before.1 || window.1 < window.0 {
                let found = format!("{} to {}", time::group(window.0), time::group(window.1));
                wrong.add(
                    &format!("place {number}"),
                    "a time that is not before that of the place before it",
                    found,
                );
            }
        }
        let waypoint = |(place, (from_ms, until_ms)): (&Place, (u64, u64))| json!({"position": degrees(place.at), "from_ms": from_ms, "until_ms": until_ms});
        places.iter().zip(windows).map(waypoint).collect()
    }

    fn altitudes(&self, into: &mut Map<String, Value>, wrong: &mut Wrong) {
        for (what, text) in [("lowest_m", self.lowest_m.trim()), ("highest_m", self.highest_m.trim())] {
            if text.is_empty() {
                continue;
            }
            match text.parse::<f64>().ok().filter(|metres| metres.is_finite()) {
                Some(metres) => drop(into.insert(what.into(), json!(metres))),
                None => wrong.add(what, "metres, such as 3000", text),
            }
        }
        if !self.datum.is_empty() {
            into.insert("datum".into(), json!(self.datum));
        }
    }

    fn fields(&self, wrong: &mut Wrong) -> Map<String, Value> {
        let mut said = Map::new();
        for (name, text) in &self.fields {
            let text = text.trim();
            let Some(field) = Field::named(name) else {
                wrong.add("field", "a field of spec/line.md §4.1", name);
                continue;
            };
            let value = match field.form() {
                _ if text.is_empty() => continue,
                Form::Time => moment(name, text, false, wrong).map(Value::from),
                Form::Length => wrong
                    .of(name, "a length such as 5m or 100m", length::parse(text).map_err(|_| text))
                    .map(|mm| json!(mm as f64 / 1e3)),
                Form::Number => {
                    wrong.of(name, "a whole number", text.parse::<u64>().map_err(|_| text)).map(Value::from)
                }
                Form::Flag => match text {
                    "yes" | "true" => Some(json!(true)),
                    "no" | "false" => Some(json!(false)),
                    _ => {
                        wrong.add(name, "yes or no", text);
                        None
                    }
                },
                Form::Text | Form::OneOf(_) => Some(json!(text)),
            };
            said.extend(value.map(|value| (name.clone(), value)));
        }
        said
    }
}

/// What a kind asks for, whatever has been typed.
fn asks_json(kind: &NoticeKind) -> Value {
    let minima = kind.minima();
    json!({
        "nature": kind.nature().name(),
        "lead_ms": kind.lead_ms,
        "emergency_lead_ms": kind.emergency_lead_ms,
        "required": kind.required().map(Field::name).collect::<Vec<_>>(),
        "half_width_m": (kind.nature() == Nature::Movement).then(|| f64::from(kind.half_width_mm()) / 1e3),
        "separation_m": minima.distance_mm.map(|mm| f64::from(mm) / 1e3),
        "review_ms": kind.review_ms,
    })
}

/// Volumes of a place at some time, to be looked at.
fn drawn(kind: &NoticeKind, said: &Map<String, Value>, from_ms: u64, wrong: &mut Wrong) -> Vec<Volume> {
    let alone = Value::Object(said.clone());
    let asked = said.get("volumes").and_then(Value::as_array);
    let asked = asked.map_or_else(|| std::slice::from_ref(&alone), Vec::as_slice);
    let volume = |asked: &Value| {
        let mut volume: AskedVolume = serde_json::from_value(asked.clone())
            .map_err(|cause| Refused::misuse("place", "one of spec/api.md", cause.to_string()))?;
        volume.from_ms = Some(from_ms);
        volume.volume(kind)
    };
    let drawn: Result<Vec<Volume>, Refused> = asked.iter().map(volume).collect();
    wrong.refused(drawn).unwrap_or_default()
}

fn required(kind: &NoticeKind, fields: &Map<String, Value>) -> Vec<Value> {
    let lacking = kind.required().filter(|field| !fields.contains_key(field.name()));
    lacking
        .map(|field| json!({"what": field.name(), "expected": field.form().to_string(), "found": "nothing"}))
        .collect()
}

/// A notice as others read it, if it can be written.
fn as_read(notice: Notice) -> Result<Notice, Refused> {
    match Content::decode(NOTICE, &Content::Notice(notice).encode()) {
        Ok(Content::Notice(notice)) => Ok(notice),
        Ok(_) => Err(Refused::stopping()),
        Err(fault) => Err(fault.into()),
    }
}

fn short(memorandum: &Memorandum, kind: &NoticeKind, notice: &Notice, now_ms: u64) -> Vec<Value> {
    kind.short(notice, now_ms, memorandum.terms().extent.as_ref()).iter().map(short_json).collect()
}

/// `POST …/sketch`
#[utoipa::path(post, operation_id = "sketch", path = "/v1/lines/{line}/sketch", tag = "airspace", summary = "What is understood of a notice or plan as somebody types it", params(("line" = String, Path)), request_body = Typed, responses(Answered))]
pub(crate) async fn sketch(State(api): State<Api>, Path(line): LinePath, Body(typed): Body<Typed>) -> Answer {
    let (keeper, now_ms) = (api.line(&line)?, api.now_ms());
    let memorandum = keeper.memorandum();
    let kind = kind_named(&memorandum, &typed.notice_kind)?;
    let mut wrong = Wrong::default();
    let places = typed.places(&mut wrong);
    let place = places.as_ref().and_then(|places| typed.place(kind, places, &mut wrong));
    let drawn = place.as_ref().map(|said| drawn(kind, said, now_ms, &mut wrong)).unwrap_or_default();
    let from_ms = moment("from", &typed.from, false, &mut wrong);
    let until_ms = match typed.until.trim() {
        "" => None,
        text => moment("until", text, true, &mut wrong),
    };
    let mut notice = Map::new();
    notice.insert("notice_kind".into(), json!(kind.name));
    notice.insert("emergency".into(), json!(typed.emergency));
    match typed.text.trim() {
        "" => wrong.add("text", "what will happen", "none"),
        text => drop(notice.insert("text".into(), json!(text))),
    }
    let mut times = Map::new();
    times.extend(from_ms.map(|ms| ("from_ms".to_owned(), json!(ms))));
    times.extend(until_ms.map(|ms| ("until_ms".to_owned(), json!(ms))));
    typed.altitudes(&mut times, &mut wrong);
    let said = typed.fields(&mut wrong);
    let fields_short = required(kind, &said);
    if !said.is_empty() {
        notice.insert("fields".into(), Value::Object(said));
    }
    if let (Some(places), Some(mut said)) = (&places, place) {
        match said.get_mut("volumes").and_then(Value::as_array_mut) {
            Some(legs) if kind.nature() == Nature::Movement => {
                let half_width = legs.first().and_then(|leg| leg.pointer("/leg/half_width_m")).cloned();
                said = Map::new();
                said.extend(half_width.map(|metres| ("half_width_m".to_owned(), metres)));
                match from_ms.zip(until_ms) {
                    Some(window) => {
                        drop(said.insert("waypoints".into(), Typed::waypoints(places, window, &mut wrong)))
                    }
                    None => wrong.add("until", TIME, "none, and a movement has an end"),
                }
                notice.extend(times);
            }
            Some(legs) => {
                for leg in legs.iter_mut().filter_map(Value::as_object_mut) {
                    leg.extend(times.clone());
                }
            }
            None => notice.extend(times),
        }
        notice.extend(said);
    }
    let notice = Value::Object(notice);
    let made = match wrong.0.is_empty() {
        true => {
            let asked: Result<AskedNotice, _> = serde_json::from_value(notice.clone());
            let asked =
                asked.map_err(|cause| Refused::misuse("notice", "one of spec/api.md", cause.to_string()));
            wrong.refused(asked.and_then(|asked| asked.notice(&memorandum)).and_then(as_read))
        }
        false => None,
    };
    let short = made.as_ref().map_or(fields_short, |made| short(&memorandum, kind, made, now_ms));
    let touches = match &made {
        Some(made) => looked(keeper, made.volumes.clone()).await?,
        None => Value::Null,
    };
    let volumes = made.as_ref().map_or(drawn.as_slice(), |made| made.volumes.as_slice());
    let echo = |place: &Place| {
        json!({
            "position": degrees(place.at), "decimal": position::decimal(place.at),
            "sexagesimal": position::sexagesimal(place.at), "mgrs": position::mgrs_text(place.at),
        })
    };
    let group = |ms: Option<u64>| ms.map(|ms| json!({"ms": ms, "group": time::group(ms)}));
    Ok(Json(json!({
        "now_ms": now_ms,
        "places": places.iter().flatten().map(echo).collect::<Vec<_>>(),
        "from": group(from_ms), "until": group(until_ms),
        "lead_ms": from_ms.map(|from_ms| from_ms as i64 - now_ms as i64),
        "drawn": volumes.iter().map(volume_json).collect::<Vec<_>>(),
        "notice": made.is_some().then_some(notice),
        "asks": asks_json(kind),
        "wrong": wrong.0, "short": short, "check": touches,
    })))
}
