//! Volumes of ASTM F3548-21, alone or in operational intents: one intent an item, volumes its parts
//! (spec/exchange.md §8).

use detente_airspace::altitude::{Datum, Ground, Limit};
use detente_airspace::position::Position;
use serde_json::{Map, Value, json};

use crate::angle::Axis;
use crate::attribute::Attribute;
use crate::cell::Cell;
use crate::fault::{Faults, Note, Place, Reason, Unit};
use crate::geojson::degrees;
use crate::item::{Item, Kind, Part, Shape};
use crate::json::{self, found, member};
use crate::length::{self, Unit as Measure};
use crate::outline;
use crate::reading::{Desk, MOST_ROWS, Options};
use crate::said::{Geometry, Said, unswapped};
use crate::time::{self, Moment};
use crate::writing;

/// Members under which intents stand, one or a list of them.
const INTENTS: [&str; 3] = ["operational_intent", "operational_intents", "full"];

/// Reads a file of F3548 JSON.
pub(crate) fn read(bytes: &[u8], desk: &mut Desk<'_>) {
    let whole = Place::whole();
    let Some(root) = desk.keep(&whole, json::parse(bytes, "F3548 JSON")) else { return };
    let mut intents = Vec::new();
    gather(&root, &mut intents);
    let said = INTENTS.iter().any(|name| member(&root, name).is_some_and(|list| *list == json!([])));
    if intents.is_empty() && !said {
        return desk.fault(&whole, Reason::Missing { what: "a list of volumes" });
    }
    let count: usize = intents.iter().map(|(_, volumes)| volumes.len()).sum();
    if count > MOST_ROWS {
        return desk.fault(&whole, Reason::Many { what: "volumes", most: MOST_ROWS, found: count });
    }
    let mut number = 0;
    for (id, volumes) in intents {
        let mut item = Item::at(Place::at(Unit::Volume, number + 1));
        let before = desk.faults.count();
        item.kind = Some(Kind::Activity);
        item.id = id;
        for volume in volumes {
            number += 1;
            let place = Place::at(Unit::Volume, number);
            let read = part(volume, &mut item, desk.options);
            desk.keep(&place, read);
        }
        desk.put(item, before);
    }
}

/// Finds what has volumes, and by which identifier it goes.
fn gather<'v>(value: &'v Value, into: &mut Vec<(Option<String>, Vec<&'v Value>)>) {
    if let Some(list) = value.as_array() {
        if list.iter().any(|one| one.get("volume").is_some()) {
            into.push((None, list.iter().collect()));
        } else {
            list.iter().for_each(|one| gather(one, into));
        }
        return;
    }
    let id = [value.pointer("/reference/id"), value.get("id")].into_iter().flatten().find_map(Value::as_str);
    let holders = [Some(value), member(value, "details")];
    let lists = holders.into_iter().flatten().flat_map(|holder| {
        ["volumes", "off_nominal_volumes"].into_iter().filter_map(|name| member(holder, name)?.as_array())
    });
    let lists: Vec<&Vec<Value>> = lists.collect();
    if !lists.is_empty() {
        into.push((id.map(str::to_owned), lists.into_iter().flatten().collect()));
    }
    for name in INTENTS {
        if let Some(inner) = member(value, name) {
            gather(inner, into);
        }
    }
}

fn part(value: &Value, item: &mut Item, options: &Options) -> Result<(), Reason> {
    let volume = member(value, "volume").ok_or(Reason::Missing { what: "the member volume" })?;
    let mut said = Said::default();
    said.spans(moment(value, "time_start")?, moment(value, "time_end")?);
    said.reaches(altitude(volume, "altitude_lower")?, altitude(volume, "altitude_upper")?);
    let geometry = match (member(volume, "outline_polygon"), member(volume, "outline_circle")) {
        (Some(polygon), None) => {
            let vertices = member(polygon, "vertices").and_then(Value::as_array);
            let vertices = vertices.ok_or(Reason::Missing { what: "the vertices of the polygon" })?;
            let mut ring =
                vertices.iter().map(|value| position(value, options)).collect::<Result<Vec<_>, _>>()?;
            if ring.len() > 3 && ring.first() == ring.last() {
                ring.pop();
            }
            Geometry::Area(outline::area(&[ring], false)?)
        }
        (None, Some(circle)) => {
            let centre =
                member(circle, "center").ok_or(Reason::Missing { what: "the center of the circle" })?;
            let radius =
                member(circle, "radius").ok_or(Reason::Missing { what: "the radius of the circle" })?;
            said.spreads(length::distance(&measure(radius)?, Some(Measure::Metre))?);
            Geometry::Point(position(centre, options)?)
        }
        (Some(_), Some(_)) => return Err(Reason::meaning("one outline, polygon or circle", "both")),
        (None, None) => return Err(Reason::Missing { what: "the outline of the volume" }),
    };
    said.place(geometry, None, item)
}

/// The number of something that is measured in metres.
fn measure(value: &Value) -> Result<String, Reason> {
    let metres = member(value, "units").and_then(Value::as_str) == Some("M");
    let number = member(value, "value").and_then(Value::as_f64);
    match number.filter(|_| metres) {
        Some(number) => Cell::Number(number).text(),
        None => Err(Reason::length("a value in units of M", &value.to_string())),
    }
}

fn altitude(volume: &Value, name: &str) -> Result<Option<Limit>, Reason> {
    let Some(value) = member(volume, name) else { return Ok(None) };
    if member(value, "reference").and_then(Value::as_str) != Some("W84") {
        return Err(Reason::length("an altitude with the reference W84", &value.to_string()));
    }
    length::altitude(&measure(value)?, Some(Measure::Metre), Some(Datum::Wgs84))
}

fn moment(value: &Value, name: &str) -> Result<Option<Moment>, Reason> {
    let Some(value) = member(value, name) else { return Ok(None) };
    let shaped = member(value, "format").and_then(Value::as_str) == Some("RFC3339");
    match member(value, "value").and_then(Value::as_str).filter(|_| shaped) {
        Some(text) => time::read(text, None).map(Some),
        None => Err(Reason::time("a value with the format RFC3339", &value.to_string())),
    }
}

fn position(value: &Value, options: &Options) -> Result<Position, Reason> {
    let units = |axis, name| degrees(axis, member(value, name)?.as_f64()?);
    match (units(Axis::Latitude, "lat"), units(Axis::Longitude, "lng")) {
        (Some(lat), Some(lon)) => unswapped(Position { lat, lon }, options),
        _ => {
            let found = if value.is_object() { value.to_string() } else { found(value) };
            Err(Reason::position("a position with lat within ±90 and lng within ±180 degrees", &found))
        }
    }
}

/// Writes items as operational intents.
///
/// # Errors
/// [`Reason::Unsayable`] for every item with something that volumes cannot say.
pub(crate) fn write(items: &[Item], lost: &mut Vec<Note>) -> Result<Vec<u8>, Faults> {
    let mut faults = Faults::default();
    let mut intents = Vec::new();
    for (place, item) in writing::numbered(items) {
        let Some(volumes) = faults.keep(&place, volumes(item)) else { continue };
        let mut intent = json!({ "details": { "volumes": volumes } });
        if let (Some(id), Value::Object(intent)) = (&item.id, &mut intent) {
            intent.insert("id".to_owned(), Value::from(id.as_str()));
        }
        intents.push(intent);
        let said = writing::whole(item);
        let mut names: Vec<&str> = said.iter().map(|(attribute, _)| attribute.name()).collect();
        if item.kind == Some(Kind::Activity) {
            names.retain(|name| *name != Attribute::Kind.name());
        }
        if item.parts.iter().any(|part| part.band.ground() != Ground::ANYWHERE) {
            names.push("ground");
        }
        if !names.is_empty() {
            lost.push(Note { place, text: format!("not carried: {}", names.join(", ")) });
        }
    }
    if faults.count() > 0 {
        return Err(faults);
    }
    let mut bytes = serde_json::to_vec_pretty(&json!({ "operational_intents": intents })).unwrap_or_default();
    bytes.push(b'\n');
    Ok(bytes)
}

fn volumes(item: &Item) -> Result<Vec<Value>, Reason> {
    if !item.waypoints.is_empty() {
        return Err(unsayable("waypoints"));
    }
    item.parts.iter().map(written).collect()
}

fn unsayable(what: &'static str) -> Reason {
    Reason::Unsayable { format: "F3548 JSON", what }
}

fn written(part: &Part) -> Result<Value, Reason> {
    let vertex = |position: Position| json!({ "lng": f64::from(position.lon) / 1e7, "lat": f64::from(position.lat) / 1e7 });
    let mut volume = Map::new();
    match &part.shape {
        Shape::Area(area) => {
            let mut rings = area.rings();
            let vertices: Vec<Value> = rings.next().into_iter().flatten().map(vertex).collect();
            if rings.next().is_some() {
                return Err(unsayable("holes"));
            }
            volume.insert("outline_polygon".into(), json!({ "vertices": vertices }));
        }
        Shape::Circle { centre, radius_mm } => {
            let radius = json!({ "value": f64::from(*radius_mm) / 1e3, "units": "M" });
            volume.insert("outline_circle".into(), json!({ "center": vertex(*centre), "radius": radius }));
        }
        Shape::Leg { .. } => return Err(unsayable("legs of a corridor")),
        Shape::Point(_) => return Err(unsayable("a position without a radius")),
    }
    let limits = [("altitude_lower", part.band.lower()), ("altitude_upper", part.band.upper())];
    for (name, limit) in limits.into_iter().filter_map(|(name, limit)| Some((name, limit?))) {
        if limit.datum != Datum::Wgs84 {
            return Err(unsayable("altitudes above the sea or the ground, only above the ellipsoid"));
        }
        let value = f64::from(limit.mm) / 1e3;
        volume.insert(name.into(), json!({ "value": value, "reference": "W84", "units": "M" }));
    }
    let mut whole = Map::from_iter([("volume".to_owned(), Value::Object(volume))]);
    let ends = [
        ("time_start", part.span.map(|span| span.from_ms())),
        ("time_end", part.span.and_then(|span| span.end_ms())),
    ];
    for (name, ms) in ends.into_iter().filter_map(|(name, ms)| Some((name, ms?))) {
        whole.insert(name.into(), json!({ "value": time::rfc3339(ms), "format": "RFC3339" }));
    }
    Ok(Value::Object(whole))
}
