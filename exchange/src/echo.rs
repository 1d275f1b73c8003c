//! Echoes: what was understood, said back to who typed or imported it (spec/exchange.md §11).
//!
//! Positions in decimal degrees, in degrees, minutes and seconds, and as an MGRS square; times as date-time groups and as
//! the clock of a named zone shows them. An echo is for people: what it says of a text is the text, however long; whoever
//! shows it makes it harmless.

use detente_airspace::altitude::{Band, Limit};
use detente_airspace::position::Position;

use crate::cell;
use crate::item::{Item, Part, Shape};
use crate::length;
use crate::position;
use crate::time::{self, Zone};

/// A position in every form: `36.2021000, 37.1343000  36°12'07.560"N 037°08'03.480"E  37S CA 32269 07977`.
pub fn place(position: Position) -> String {
    let grid = position::mgrs_text(position).unwrap_or_else(|| "no MGRS so near the pole".into());
    format!("{}  {}  {grid}", position::decimal(position), position::sexagesimal(position))
}

/// A time as a date-time group, and as the clocks of a zone show it.
pub fn moment(ms: u64, zone: Option<&Zone>) -> String {
    match zone {
        Some(zone) => format!("{}  {}", time::group(ms), time::in_zone(ms, zone)),
        None => time::group(ms),
    }
}

/// An item, line by line: what it is, its parts, its waypoints, its fields.
pub fn item(item: &Item, zone: Option<&Zone>) -> Vec<String> {
    let mut head = item.place.to_string();
    head.push(':');
    for word in [item.id.as_deref(), item.kind.map(|kind| kind.name())].into_iter().flatten() {
        head.push(' ');
        head.push_str(word);
    }
    let mut lines = vec![head];
    if !item.text.is_empty() {
        lines.push(format!("  {}", item.text));
    }
    for one in &item.parts {
        part(one, zone, &mut lines);
    }
    if let Some(mm) = item.half_width_mm {
        lines.push(format!("  a way of {} m to either side", length::metres(mm.into())));
    }
    for waypoint in &item.waypoints {
        lines.push(format!("  waypoint {}", place(waypoint.position)));
        lines.push(format!("    from {}", moment(waypoint.from_ms, zone)));
        lines.push(format!("    until {}", moment(waypoint.until_ms, zone)));
    }
    for (field, value) in &item.fields {
        lines.push(format!("  {}: {}", field.name(), cell::written(*field, value)));
    }
    lines
}

fn part(part: &Part, zone: Option<&Zone>, lines: &mut Vec<String>) {
    let metres = |mm: u32| length::metres(mm.into());
    match &part.shape {
        Shape::Area(area) => {
            for (number, ring) in area.rings().enumerate() {
                lines.push(if number == 0 { "  area with corners".into() } else { "    and a hole".into() });
                lines.extend(ring.map(|corner| format!("    {}", place(corner))));
            }
        }
        Shape::Circle { centre, radius_mm } => {
            lines.push(format!("  circle of {} m around {}", metres(*radius_mm), place(*centre)));
        }
        Shape::Leg { from, to, half_width_mm } => {
            lines.push(format!("  leg, {} m to either side, from {}", metres(*half_width_mm), place(*from)));
            lines.push(format!("    to {}", place(*to)));
        }
        Shape::Point(position) => lines.push(format!("  point {}", place(*position))),
    }
    if part.band != Band::ALL {
        let limit = |limit: Option<Limit>, none: &str| limit.map_or(none.to_owned(), length::limit);
        let (lower, upper) = (part.band.lower(), part.band.upper());
        lines.push(format!(
            "    altitude {} to {}",
            limit(lower, "all the way down"),
            limit(upper, "unlimited")
        ));
    }
    if let Some(span) = part.span {
        lines.push(format!("    from {}", moment(span.from_ms(), zone)));
        let until = span.end_ms().map_or("withdrawn".into(), |ms| moment(ms, zone));
        lines.push(format!("    until {until}"));
    }
}
