//! What is said of each part of a thing: a list beside its geometries, as GeoJSON and KML hold it (spec/exchange.md §6).

use detente_airspace::altitude::Limit;
use detente_airspace::span::Span;
use serde_json::{Map, Value};

use crate::attribute::{Attribute, Header};
use crate::cell::Cell;
use crate::fault::{Place, Reason};
use crate::item::Item;
use crate::json::found;
use crate::reading::Desk;
use crate::said::{Geometry, Said};
use crate::time::{self, Zone};
use crate::writing;

/// A geometry of a file, and how high it was drawn.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Drawn {
    pub(crate) geometry: Geometry,
    pub(crate) lower: Option<Limit>,
    pub(crate) upper: Option<Limit>,
}

impl From<Geometry> for Drawn {
    fn from(geometry: Geometry) -> Self {
        Self { geometry, lower: None, upper: None }
    }
}

/// Puts geometries into an item, by what is said of all of them, and in `parts` of each.
pub(crate) fn settle(
    drawn: Vec<Drawn>,
    said: &Said,
    parts: Option<&Value>,
    times: Option<&Value>,
    place: &Place,
    item: &mut Item,
    desk: &mut Desk<'_>,
) {
    let Some(parts) = parts else {
        for one in drawn {
            settle_one(one, said.clone(), times, place, item, desk);
        }
        return;
    };
    let at = place.column("parts", None);
    let Some(parts) = parts.as_array().filter(|parts| parts.len() == drawn.len()) else {
        let found = match parts.as_array() {
            Some(parts) => format!("{} for {} geometries", parts.len(), drawn.len()),
            None => found(parts),
        };
        return desk.fault(&at, Reason::meaning("a list of as many objects as there are geometries", &found));
    };
    for (one, part) in drawn.into_iter().zip(parts) {
        let Some(part) = part.as_object() else {
            desk.fault(&at, Reason::meaning("an object for each geometry", &found(part)));
            continue;
        };
        let mut own = properties(part, &at, desk);
        own.inherit(said);
        settle_one(one, own, listed(part, Attribute::Times), &at, item, desk);
    }
}

fn settle_one(
    Drawn { geometry, lower, upper }: Drawn,
    mut said: Said,
    times: Option<&Value>,
    place: &Place,
    item: &mut Item,
    desk: &mut Desk<'_>,
) {
    said.reaches(lower, upper);
    let at = place.column("times", None);
    let times = match times.map(|times| desk.keep(&at, spans(times, desk.options.zone.as_ref()))) {
        Some(None) => return,
        times => times.flatten(),
    };
    desk.keep(place, said.place(geometry, times.as_deref(), item));
}

/// What properties say, less those that say it of parts or of positions.
pub(crate) fn properties(properties: &Map<String, Value>, place: &Place, desk: &mut Desk<'_>) -> Said {
    let mut pairs = Vec::new();
    for (name, value) in properties {
        if Header::of(name)
            .is_some_and(|header| matches!(header.attribute, Attribute::Times | Attribute::Parts))
        {
            continue;
        }
        match value {
            Value::Null => {}
            Value::String(text) => pairs.extend(Cell::text_of(text).map(|cell| (name.as_str(), cell))),
            Value::Number(number) => {
                pairs.extend(number.as_f64().map(|number| (name.as_str(), Cell::Number(number))));
            }
            Value::Bool(flag) => pairs.push((name, Cell::Flag(*flag))),
            Value::Array(_) | Value::Object(_) if Header::of(name).is_none() => {
                desk.unknown(&place.column(name, None));
            }
            other => {
                desk.fault(&place.column(name, None), Reason::meaning("a single value", &found(other)));
            }
        }
    }
    desk.said(place, pairs)
}

/// The property of an attribute that has a list for a value.
pub(crate) fn listed(properties: &Map<String, Value>, attribute: Attribute) -> Option<&Value> {
    let named = |name: &str| Header::of(name).is_some_and(|header| header.attribute == attribute);
    properties.iter().find(|(name, value)| named(name) && !value.is_null()).map(|(_, value)| value)
}

/// The times of a line's positions: each a time, or from when until when.
fn spans(value: &Value, zone: Option<&Zone>) -> Result<Vec<Span>, Reason> {
    let expected = "a list of times, or of pairs of times";
    let times = value.as_array().ok_or_else(|| Reason::meaning(expected, &found(value)))?;
    let moment = |value: &Value| {
        let text = value.as_str().ok_or_else(|| Reason::meaning(expected, &found(value)))?;
        time::read(text, zone)
    };
    let span = |value: &Value| match value {
        Value::Array(pair) => match pair.as_slice() {
            [from, until] => Ok(Span::new(moment(from)?.first_ms, moment(until)?.last_ms)?),
            _ => Err(Reason::meaning(expected, &found(value))),
        },
        one => {
            let moment = moment(one)?;
            Ok(Span::new(moment.first_ms, moment.last_ms)?)
        }
    };
    times.iter().map(span).collect()
}

/// What is to be said of each geometry of an item, in their order.
pub(crate) fn list(item: &Item) -> Value {
    let object = |said: Vec<(Attribute, String)>| {
        let member =
            |(attribute, text): (Attribute, String)| (attribute.name().to_owned(), Value::from(text));
        Value::Object(said.into_iter().map(member).collect())
    };
    let mut parts: Vec<Value> = item.parts.iter().map(|part| object(writing::attributes(part))).collect();
    if !item.waypoints.is_empty() {
        let window = |waypoint| match writing::window(waypoint) {
            (from, until) if from == until => Value::from(from),
            (from, until) => Value::from(vec![from, until]),
        };
        let times: Vec<Value> = item.waypoints.iter().map(window).collect();
        let mut said = Map::from_iter([(Attribute::Times.name().to_owned(), Value::from(times))]);
        said.extend(
            writing::way(item).map(|(attribute, text)| (attribute.name().to_owned(), Value::from(text))),
        );
        parts.push(Value::Object(said));
    }
    Value::from(parts)
}
