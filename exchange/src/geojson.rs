//! GeoJSON (RFC 7946): one feature an item, geometries its parts, properties what is said of it (spec/exchange.md §6).

use detente_airspace::position::Position;
use detente_line::notice::Value as Stated;
use serde_json::{Map, Value, json};

use crate::angle::{self, Axis};
use crate::attribute::Attribute;
use crate::fault::{Place, Reason, Unit};
use crate::item::{Item, Shape};
use crate::json::{self, found, member};
use crate::outline;
use crate::parts::{self, Drawn, listed};
use crate::reading::{Desk, MOST_ROWS, Options};
use crate::said::{Geometry, Said, unswapped};
use crate::writing;

/// Reads a file of GeoJSON.
pub(crate) fn read(bytes: &[u8], desk: &mut Desk<'_>) {
    let whole = Place::whole();
    let Some(root) = desk.keep(&whole, json::parse(bytes, "GeoJSON")) else { return };
    desk.keep(&whole, crs(&root));
    match member(&root, "type").and_then(Value::as_str) {
        Some("FeatureCollection") => {
            let features = member(&root, "features").and_then(Value::as_array);
            let Some(features) = features else {
                return desk.fault(&whole, Reason::Missing { what: "the list of features" });
            };
            if features.len() > MOST_ROWS {
                let found = features.len();
                return desk.fault(&whole, Reason::Many { what: "features", most: MOST_ROWS, found });
            }
            for (number, value) in (1..).zip(features) {
                feature(value, number, desk);
            }
        }
        Some("Feature") => feature(&root, 1, desk),
        Some(_) if root.get("coordinates").is_some() || root.get("geometries").is_some() => {
            let (place, before) = (Place::at(Unit::Feature, 1), desk.faults.count());
            let mut item = Item::at(place.clone());
            shapes(&root, &Said::default(), &Map::new(), &place, &mut item, desk);
            desk.put(item, before);
        }
        _ => {
            let expected = "a FeatureCollection, a Feature or a geometry";
            let other = member(&root, "type").map_or("no type".into(), found);
            desk.fault(&whole, Reason::meaning(expected, &other));
        }
    }
}

/// Coordinates are of WGS84; an older file may say so, or that they are not.
fn crs(root: &Value) -> Result<(), Reason> {
    let Some(crs) = member(root, "crs") else { return Ok(()) };
    let name = crs.pointer("/properties/name").and_then(Value::as_str).unwrap_or_default();
    match name.ends_with("CRS84") || name.ends_with(":4326") {
        true => Ok(()),
        false => Err(Reason::meaning(
            "coordinates of WGS84 (EPSG:4326): export the layer in that",
            &found_crs(name),
        )),
    }
}

fn found_crs(name: &str) -> String {
    if name.is_empty() { "another system".into() } else { name.into() }
}

fn feature(value: &Value, number: usize, desk: &mut Desk<'_>) {
    let (place, before) = (Place::at(Unit::Feature, number), desk.faults.count());
    if member(value, "type").and_then(Value::as_str) != Some("Feature") {
        return desk.fault(&place, Reason::meaning("a Feature", &found(value)));
    }
    let none = Map::new();
    let properties = match value.get("properties") {
        None | Some(Value::Null) => &none,
        Some(Value::Object(properties)) => properties,
        Some(other) => return desk.fault(&place, Reason::meaning("properties, or null", &found(other))),
    };
    let mut said = parts::properties(properties, &place, desk);
    match member(value, "id") {
        None => {}
        Some(Value::String(id)) if !id.trim().is_empty() => said.id = Some(id.trim().to_owned()),
        Some(Value::Number(id)) => said.id = Some(id.to_string()),
        Some(other) => desk.fault(&place, Reason::meaning("an id of text or a number", &found(other))),
    }
    let mut item = Item::at(place.clone());
    desk.keep(&place, said.describe(&mut item));
    match member(value, "geometry") {
        Some(geometry) => shapes(geometry, &said, properties, &place, &mut item, desk),
        None => {
            let own = said.geometry(desk.options);
            if let Some(Some(geometry)) = desk.keep(&place, own) {
                desk.keep(&place, said.place(geometry, None, &mut item));
            }
        }
    }
    if desk.faults.count() == before {
        desk.keep(&place, said.spend_width(0, &mut item));
    }
    desk.put(item, before);
}

/// Puts the geometry of a feature into its item, part by part.
fn shapes(
    geometry: &Value,
    said: &Said,
    properties: &Map<String, Value>,
    place: &Place,
    item: &mut Item,
    desk: &mut Desk<'_>,
) {
    let mut geometries = Vec::new();
    let mut high = false;
    if desk.keep(place, flatten(geometry, &mut geometries, &mut high, desk.options)).is_none() {
        return;
    }
    if high {
        desk.note(
            place,
            "the third number of its positions is not read: say lower and upper, with their datum",
        );
    }
    let drawn = geometries.into_iter().map(Drawn::from).collect();
    let parts = listed(properties, Attribute::Parts);
    parts::settle(drawn, said, parts, listed(properties, Attribute::Times), place, item, desk);
}

/// Takes a geometry apart into points, lines and areas, in order.
fn flatten(
    value: &Value,
    into: &mut Vec<Geometry>,
    high: &mut bool,
    options: &Options,
) -> Result<(), Reason> {
    let kind = member(value, "type").and_then(Value::as_str).unwrap_or_default();
    if kind == "GeometryCollection" {
        let geometries = member(value, "geometries").and_then(Value::as_array);
        let geometries = geometries.ok_or(Reason::Missing { what: "the list of geometries" })?;
        return geometries.iter().try_for_each(|one| flatten(one, into, high, options));
    }
    let coordinates = value.get("coordinates").ok_or(Reason::Missing { what: "the coordinates" })?;
    let mut position = |value: &Value| position(value, high, options);
    match kind {
        "Point" => into.push(Geometry::Point(position(coordinates)?)),
        "MultiPoint" => {
            for value in list(coordinates)? {
                into.push(Geometry::Point(position(value)?));
            }
        }
        "LineString" => into.push(line(coordinates, &mut position)?),
        "MultiLineString" => {
            for value in list(coordinates)? {
                into.push(line(value, &mut position)?);
            }
        }
        "Polygon" => into.push(polygon(coordinates, &mut position)?),
        "MultiPolygon" => {
            for value in list(coordinates)? {
                into.push(polygon(value, &mut position)?);
            }
        }
        other => return Err(Reason::meaning("a geometry of RFC 7946", other)),
    }
    Ok(())
}

fn list(value: &Value) -> Result<&[Value], Reason> {
    value.as_array().map(Vec::as_slice).ok_or_else(|| Reason::meaning("a list of coordinates", &found(value)))
}

fn ring(
    value: &Value,
    position: &mut impl FnMut(&Value) -> Result<Position, Reason>,
) -> Result<Vec<Position>, Reason> {
    list(value)?.iter().map(position).collect()
}

fn line(
    value: &Value,
    position: &mut impl FnMut(&Value) -> Result<Position, Reason>,
) -> Result<Geometry, Reason> {
    let positions = ring(value, position)?;
    match positions.len() {
        0 | 1 => Err(Reason::meaning("two positions or more in a line", &positions.len().to_string())),
        _ => Ok(Geometry::Line(positions)),
    }
}

fn polygon(
    value: &Value,
    position: &mut impl FnMut(&Value) -> Result<Position, Reason>,
) -> Result<Geometry, Reason> {
    let rings = list(value)?.iter().map(|value| ring(value, position)).collect::<Result<Vec<_>, _>>()?;
    outline::area(&rings, true).map(Geometry::Area)
}

/// A position: longitude, latitude, perhaps an altitude, which is looked at only to say that it is not read.
fn position(value: &Value, high: &mut bool, options: &Options) -> Result<Position, Reason> {
    let shown = || match value.as_array() {
        Some(numbers) => format!("[{}]", numbers.iter().map(found).collect::<Vec<_>>().join(", ")),
        None => found(value),
    };
    let expected = "a position [longitude, latitude] in degrees";
    let refused = || Reason::position(expected, &shown());
    let numbers = value.as_array().filter(|numbers| (2..=4).contains(&numbers.len())).ok_or_else(refused)?;
    let (Some(lon), Some(lat)) = (numbers.first(), numbers.get(1)) else { return Err(refused()) };
    let units = |axis: Axis, value: &Value| degrees(axis, value.as_f64()?);
    match (units(Axis::Latitude, lat), units(Axis::Longitude, lon)) {
        (Some(lat), Some(lon)) => {
            *high |= numbers.get(2).and_then(Value::as_f64).is_some_and(|altitude| altitude != 0.0);
            unswapped(Position { lat, lon }, options)
        }
        (None, Some(_)) if units(Axis::Latitude, lon).is_some() && units(Axis::Longitude, lat).is_some() => {
            Err(Reason::position("the longitude first, then a latitude within ±90 degrees", &shown()))
        }
        _ => Err(refused()),
    }
}

/// Degrees of a file as 1e-7 degrees, by their shortest decimals.
pub(crate) fn degrees(axis: Axis, degrees: f64) -> Option<i32> {
    let (units, negative) = angle::signed(&degrees.to_string())?;
    axis.bounded(units, negative)
}

/// Writes items as a collection of features.
pub(crate) fn write(items: &[Item]) -> Vec<u8> {
    let features: Vec<Value> = items.iter().map(written).collect();
    let root = json!({ "type": "FeatureCollection", "features": features });
    let mut bytes = serde_json::to_vec_pretty(&root).unwrap_or_default();
    bytes.push(b'\n');
    bytes
}

fn written(item: &Item) -> Value {
    let mut properties = Map::new();
    for (attribute, text) in writing::whole(item) {
        let value = match attribute {
            Attribute::Field(field) if writing::is_plain(field) => match item.fields.get(&field) {
                Some(Stated::Flag(flag)) => Value::from(*flag),
                // Beyond these, numbers of JSON are not exact everywhere.
                Some(Stated::Number(number)) if *number < 1 << 53 => Value::from(*number),
                _ => Value::from(text),
            },
            _ => Value::from(text),
        };
        properties.insert(attribute.name().to_owned(), value);
    }
    let (mut geometries, parts) = (geometries(item), parts::list(item));
    let geometry = match (geometries.len(), parts) {
        (1, Value::Array(mut parts)) => {
            if let Some(Value::Object(part)) = parts.pop() {
                properties.extend(part);
            }
            geometries.pop().unwrap_or(Value::Null)
        }
        (_, parts) => {
            properties.insert(Attribute::Parts.name().to_owned(), parts);
            json!({ "type": "GeometryCollection", "geometries": geometries })
        }
    };
    let mut feature = json!({ "type": "Feature", "properties": properties, "geometry": geometry });
    if let (Some(id), Value::Object(feature)) = (&item.id, &mut feature) {
        feature.insert("id".to_owned(), Value::from(id.as_str()));
    }
    feature
}

/// One geometry for each part, and one for all waypoints together.
fn geometries(item: &Item) -> Vec<Value> {
    let geometry = |kind: &str, coordinates: Value| json!({ "type": kind, "coordinates": coordinates });
    let of_part = |part: &crate::item::Part| match &part.shape {
        Shape::Area(area) => {
            let ring = |ring: Vec<Position>| ring.into_iter().map(coordinates).collect::<Vec<_>>();
            let rings: Vec<_> = area.rings().map(|corners| ring(writing::closed(corners))).collect();
            geometry("Polygon", json!(rings))
        }
        Shape::Circle { centre, .. } => geometry("Point", coordinates(*centre)),
        Shape::Leg { from, to, .. } => geometry("LineString", json!([coordinates(*from), coordinates(*to)])),
        Shape::Point(position) => geometry("Point", coordinates(*position)),
    };
    let mut all: Vec<Value> = item.parts.iter().map(of_part).collect();
    match item.waypoints.as_slice() {
        [] => {}
        [one] => all.push(geometry("Point", coordinates(one.position))),
        more => {
            let line: Vec<Value> = more.iter().map(|waypoint| coordinates(waypoint.position)).collect();
            all.push(geometry("LineString", json!(line)));
        }
    }
    all
}

fn coordinates(position: Position) -> Value {
    json!([f64::from(position.lon) / 1e7, f64::from(position.lat) / 1e7])
}
