//! Areas in a single cell: positions one after the other, or well-known text (spec/exchange.md §2).
//!
//! Positions are parted by `;`, holes by `|`: `36.2,37.1; 36.2,37.2; 36.3,37.2`. Positions without blanks may be parted
//! by blanks. `POLYGON ((37.1 36.2, …))` has longitudes first and rings closed, as its standard asks.

use detente_airspace::area::{Area, MAX_CORNERS};
use detente_airspace::position::Position;

use crate::angle::{self, Axis};
use crate::fault::Reason;
use crate::position;
use crate::reading::Options;
use crate::said::unswapped;

/// Most bytes of an outline.
const MOST_BYTES: usize = 200_000;

const EXPECTED: &str = "the corners of an area, such as 36.2,37.1; 36.2,37.2; 36.3,37.2";

/// Reads an area.
///
/// # Errors
/// [`Reason::Position`], or what the airspace refuses.
pub(crate) fn read(text: &str, options: &Options) -> Result<Area, Reason> {
    let text = text.trim();
    if text.len() > MOST_BYTES {
        return Err(Reason::position(EXPECTED, text));
    }
    let upper = text.get(..7).map(str::to_ascii_uppercase);
    if upper.as_deref() == Some("POLYGON") {
        return well_known(text, options);
    }
    let rings = text.split('|').map(|ring| typed(ring, options)).collect::<Result<Vec<_>, _>>()?;
    area(&rings, false)
}

/// An area of rings, the first being the exterior; corners that repeat the one before are left out.
///
/// # Errors
/// What the airspace refuses.
pub(crate) fn area(rings: &[Vec<Position>], closed: bool) -> Result<Area, Reason> {
    let distinct = |ring: &Vec<Position>| {
        let mut ring = ring.clone();
        ring.dedup();
        ring
    };
    let rings: Vec<Vec<Position>> = rings.iter().map(distinct).collect();
    let (exterior, holes) =
        rings.split_first().ok_or(Reason::Missing { what: "the exterior of the area" })?;
    let holes: Vec<&[Position]> = holes.iter().map(Vec::as_slice).collect();
    Ok(if closed { Area::closed(exterior, &holes) } else { Area::turned(exterior, &holes) }?)
}

fn typed(ring: &str, options: &Options) -> Result<Vec<Position>, Reason> {
    let corners: Vec<&str> = match ring.contains(';') {
        true => ring.split(';').map(str::trim).filter(|corner| !corner.is_empty()).collect(),
        false => ring.split_whitespace().collect(),
    };
    if corners.len() < 3 {
        return Err(Reason::position(EXPECTED, ring));
    }
    if corners.len() > MAX_CORNERS + 1 {
        return Err(Reason::Many { what: "corners", most: MAX_CORNERS, found: corners.len() });
    }
    let read = |corner: &&str| unswapped(position::read(corner)?.position, options);
    let mut corners = corners.iter().map(read).collect::<Result<Vec<_>, _>>()?;
    // Whoever repeats the first corner means the same ring.
    if corners.len() > 3 && corners.first() == corners.last() {
        corners.pop();
    }
    Ok(corners)
}

fn well_known(text: &str, options: &Options) -> Result<Area, Reason> {
    let refused = || Reason::position("POLYGON ((37.1 36.2, 37.2 36.2, 37.2 36.3, 37.1 36.2))", text);
    let inner = text.get(7..).map(str::trim).and_then(|rest| rest.strip_prefix('(')?.strip_suffix(')'));
    let inner = inner.ok_or_else(refused)?.trim();
    let mut rings = Vec::new();
    for ring in inner.split(')').filter(|ring| !ring.trim().is_empty()) {
        let ring = ring.trim().trim_start_matches(',').trim().strip_prefix('(').ok_or_else(refused)?;
        let corner = |corner: &str| {
            let mut numbers = corner.split_whitespace();
            let (lon, lat) = (numbers.next()?, numbers.next()?);
            let axis =
                |axis: Axis, text| angle::signed(text).and_then(|(units, minus)| axis.bounded(units, minus));
            let position = Position { lat: axis(Axis::Latitude, lat)?, lon: axis(Axis::Longitude, lon)? };
            numbers.next().is_none().then_some(position)
        };
        let corners = ring.split(',').map(|text| corner(text).ok_or_else(refused));
        let corners = corners.map(|position| unswapped(position?, options));
        rings.push(corners.collect::<Result<Vec<_>, _>>()?);
    }
    area(&rings, true)
}

/// An area as it is read back.
pub(crate) fn written(area: &Area) -> String {
    let ring = |ring: Vec<Position>| {
        let corners: Vec<String> = ring.into_iter().map(position::decimal).collect();
        corners.join("; ")
    };
    let rings: Vec<String> = area.rings().map(|corners| ring(corners.collect())).collect();
    rings.join(" | ")
}
