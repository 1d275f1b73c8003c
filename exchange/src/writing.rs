//! Writing: items in, bytes out, for other people's programs (spec/exchange.md §10).
//!
//! Promises that what was written reads back as the same items, except for what [`Written::lost`] names. Refuses, item by
//! item and all at once, what a format has no way to say, instead of saying something near it.

use detente_airspace::altitude::{Band, Ground};
use detente_airspace::position::Position;
use detente_airspace::span::Span;
use detente_line::notice::{Field, Form, Value};

use crate::attribute::Attribute;
use crate::cell;
use crate::fault::{Faults, Note, Place, Reason, Unit};
use crate::format::Format;
use crate::item::{Item, Part, Shape, Waypoint};
use crate::length;
use crate::reading::{MOST_BYTES, MOST_PARTS, MOST_ROWS};
use crate::time;
use crate::{delimited, geojson, kml, operational_intent, workbook};

/// Most accuracy that is written, mm: 1,000,000 km.
const MOST_LENGTH_MM: u64 = 1_000_000_000_000;

/// A file, and what of the items is not in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// The file.
    pub bytes: Vec<u8>,
    /// What the format has no room for.
    pub lost: Vec<Note>,
}

/// Writes items as a file of a format.
///
/// # Errors
/// Every item that the format cannot say, with the reason; items are numbered from 1.
pub fn write(items: &[Item], format: Format) -> Result<Written, Faults> {
    let mut faults = Faults::default();
    let mut seen = std::collections::BTreeSet::new();
    for (place, item) in numbered(items) {
        faults.keep(&place, sayable(item));
        if let Some(id) = item.id.as_ref().filter(|id| !seen.insert(id.as_str())) {
            faults.push(Reason::Again { id: id.clone() }.at(&place));
        }
    }
    let rows: usize = items.iter().map(|item| item.parts.len() + item.waypoints.len()).sum();
    if rows > MOST_ROWS {
        faults.push(
            Reason::Many { what: "parts and waypoints", most: MOST_ROWS, found: rows }.at(&Place::whole()),
        );
    }
    if faults.count() > 0 {
        return Err(faults);
    }
    let mut lost = Vec::new();
    let bytes = match format {
        Format::GeoJson => Ok(geojson::write(items)),
        Format::Kml => kml::write(items).map(String::into_bytes),
        Format::Kmz => kml::write_archive(items),
        Format::Csv => delimited::write(items),
        Format::Xlsx => workbook::write(items),
        Format::F3548 => operational_intent::write(items, &mut lost),
    };
    let bytes = bytes?;
    if bytes.len() > MOST_BYTES {
        let (most, found) = (MOST_BYTES as u64, bytes.len() as u64);
        return Err(Reason::Large { most, found }.at(&Place::whole()).into());
    }
    Ok(Written { bytes, lost })
}

/// Items with their numbers, from 1.
pub(crate) fn numbered(items: &[Item]) -> impl Iterator<Item = (Place, &Item)> {
    (1..).zip(items).map(|(number, item)| (Place::at(Unit::Item, number), item))
}

/// What no format can say.
fn sayable(item: &Item) -> Result<(), Reason> {
    let blank = |text: &str| text.trim() != text;
    let found = item.parts.len().saturating_add(item.waypoints.len());
    if found > MOST_PARTS {
        return Err(Reason::Many { what: "parts and waypoints of one thing", most: MOST_PARTS, found });
    }
    if item.parts.is_empty() && item.waypoints.is_empty() {
        return Err(Reason::Missing { what: "a position or an area" });
    }
    if item.id.as_deref().is_some_and(|id| id.is_empty() || blank(id)) || blank(&item.text) {
        let expected = "a text without blanks around it, and an identifier that is not empty";
        return Err(Reason::meaning(expected, item.id.as_deref().unwrap_or_default()));
    }
    for waypoint in &item.waypoints {
        Span::new(waypoint.from_ms, waypoint.until_ms)?;
    }
    for (field, value) in &item.fields {
        let fits = match (field.form(), value) {
            (Form::Text, Value::Text(text)) => !text.is_empty() && !blank(text),
            (Form::Length, Value::Number(mm)) => *mm < MOST_LENGTH_MM,
            _ => true,
        };
        if !fits || field.check(value).is_err() {
            let found = format!("{} {}", field.name(), cell::written(*field, value));
            return Err(Reason::meaning("a value of the field's form, without blanks around it", &found));
        }
    }
    Ok(())
}

/// The name of a shape in files.
pub(crate) fn figure(shape: &Shape) -> &'static str {
    match shape {
        Shape::Area(_) => "area",
        Shape::Circle { .. } => "circle",
        Shape::Leg { .. } => "leg",
        Shape::Point(_) => "point",
    }
}

/// What is said of a part beside where it is, by attribute; all values as texts that read back.
pub(crate) fn attributes(part: &Part) -> Vec<(Attribute, String)> {
    let mut said = vec![(Attribute::Shape, figure(&part.shape).to_owned())];
    match &part.shape {
        Shape::Circle { radius_mm, .. } => {
            said.push((Attribute::Radius, length::metres((*radius_mm).into())))
        }
        Shape::Leg { half_width_mm, .. } => {
            said.push((Attribute::HalfWidth, length::metres((*half_width_mm).into())));
        }
        Shape::Area(_) | Shape::Point(_) => {}
    }
    if let Some(span) = part.span {
        said.push((Attribute::From, time::rfc3339(span.from_ms())));
        said.extend(span.end_ms().map(|ms| (Attribute::Until, time::rfc3339(ms))));
    }
    said.extend(band(&part.band));
    said
}

fn band(band: &Band) -> impl Iterator<Item = (Attribute, String)> {
    let lower = band.lower().map(|limit| (Attribute::Lower, length::limit(limit)));
    let upper = band.upper().map(|limit| (Attribute::Upper, length::limit(limit)));
    let ground = Some(band.ground()).filter(|ground| *ground != Ground::ANYWHERE);
    let lowest = ground.map(|ground| (Attribute::GroundLowest, length::metres(ground.lowest_mm.into())));
    let highest = ground.map(|ground| (Attribute::GroundHighest, length::metres(ground.highest_mm.into())));
    [lower, upper, lowest, highest].into_iter().flatten()
}

/// How wide the way between the waypoints is.
pub(crate) fn way(item: &Item) -> Option<(Attribute, String)> {
    item.half_width_mm.map(|mm| (Attribute::HalfWidth, length::metres(mm.into())))
}

/// When a waypoint is passed: a time, or from when until when.
pub(crate) fn window(waypoint: &Waypoint) -> (String, String) {
    (time::rfc3339(waypoint.from_ms), time::rfc3339(waypoint.until_ms))
}

/// What is said of an item as a whole, beside its identifier, by attribute.
pub(crate) fn whole(item: &Item) -> Vec<(Attribute, String)> {
    let mut said = Vec::new();
    said.extend(item.kind.map(|kind| (Attribute::Kind, kind.name().to_owned())));
    if !item.text.is_empty() {
        said.push((Attribute::Text, item.text.clone()));
    }
    let fields = item.fields.iter();
    said.extend(fields.map(|(field, value)| (Attribute::Field(*field), cell::written(*field, value))));
    said
}

/// The first position of a ring, again at its end, as closed rings have it.
pub(crate) fn closed(ring: impl Iterator<Item = Position>) -> Vec<Position> {
    let mut ring: Vec<Position> = ring.collect();
    ring.extend(ring.first().copied());
    ring
}

/// Whether a field's value reads better as a number or a truth than as a text.
pub(crate) fn is_plain(field: Field) -> bool {
    matches!(field.form(), Form::Number | Form::Flag)
}
