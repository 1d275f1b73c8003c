//! Volumes as bytes (spec/airspace.md §10).
//!
//! Bytes are read only in their one canonical form: what is read and written again gives the same bytes, or it is
//! refused. Whatever is read has passed every rule of this crate.

use alloc::boxed::Box;
use alloc::format;
use alloc::vec::Vec;
use core::convert::Infallible;

use minicbor::decode::Error;
use minicbor::{Decoder, Encoder};

use crate::altitude::{Band, Datum, Ground, Limit};
use crate::area::{Area, MAX_CORNERS};
use crate::cover::Shape;
use crate::fault::Fault;
use crate::position::{HALF_TURN, Position, around};
use crate::separation::{MAX_PARTS, Separation};
use crate::span::Span;
use crate::volume::Volume;

/// Most volumes that are said at once.
pub const MAX_VOLUMES: usize = 64;

type Writer<'a> = Encoder<&'a mut Vec<u8>>;
type Written = Result<(), minicbor::encode::Error<Infallible>>;

/// Volumes as canonical CBOR.
pub fn encode(volumes: &[Volume]) -> Vec<u8> {
    let mut bytes = Vec::new();
    // Writing to a `Vec` cannot fail.
    let _ = write_volumes(&mut Encoder::new(&mut bytes), volumes);
    bytes
}

/// Reads volumes.
///
/// # Errors
/// [`Fault::Bytes`] if they are not canonical CBOR of the form of spec/airspace.cddl, [`Fault::Unknown`] if a key,
/// datum or shape is not known, or the rule that a volume breaks.
pub fn decode(bytes: &[u8]) -> Result<Vec<Volume>, Fault> {
    let mut reader = Decoder::new(bytes);
    let count = items(&mut reader, "volumes")?;
    if count == 0 || count > MAX_VOLUMES {
        return Err(Fault::Many { what: "volumes", most: MAX_VOLUMES, found: count });
    }
    let volumes = (0..count).map(|_| read_volume(&mut reader)).collect::<Result<Vec<_>, _>>()?;
    if encode(&volumes) == bytes {
        Ok(volumes)
    } else {
        Err(Fault::Bytes { what: "volumes", expected: "canonical CBOR", found: "another form of it".into() })
    }
}

fn write_volumes(out: &mut Writer<'_>, volumes: &[Volume]) -> Written {
    out.array(volumes.len() as u64)?;
    volumes.iter().try_for_each(|volume| write_volume(out, volume))
}

fn write_volume(out: &mut Writer<'_>, volume: &Volume) -> Written {
    let Volume { area, band, span, shape, separation } = volume;
    let ground = (band.ground() != Ground::ANYWHERE).then(|| band.ground());
    let optional = [
        band.lower().is_some(),
        band.upper().is_some(),
        ground.is_some(),
        span.end_ms().is_some(),
        shape.is_some(),
        separation.is_some(),
    ];
    out.map(2 + optional.into_iter().filter(|present| *present).count() as u64)?;
    write_area(out.u8(1)?, area)?;
    for (key, limit) in [(2, band.lower()), (3, band.upper())] {
        if let Some(Limit { mm, datum }) = limit {
            out.u8(key)?.array(2)?.i32(mm)?.u8(datum.code())?;
        }
    }
    if let Some(Ground { lowest_mm, highest_mm }) = ground {
        out.u8(4)?.array(2)?.i32(lowest_mm)?.i32(highest_mm)?;
    }
    out.u8(5)?.u64(span.from_ms())?;
    if let Some(end_ms) = span.end_ms() {
        out.u8(6)?.u64(end_ms)?;
    }
    if let Some(shape) = shape {
        write_shape(out.u8(7)?, shape)?;
    }
    if let Some(separation) = separation {
        write_separation(out.u8(8)?, separation)?;
    }
    Ok(())
}

/// An area is its rings; a ring is its first position, then the step from each corner to the next.
fn write_area(out: &mut Writer<'_>, area: &Area) -> Written {
    out.array(area.rings().count() as u64)?;
    for ring in area.rings() {
        out.array(2 * ring.len() as u64)?;
        let mut before = Position::default();
        for corner in ring {
            out.i64(i64::from(corner.lat) - i64::from(before.lat))?;
            out.i64(around(i64::from(corner.lon) - i64::from(before.lon)))?;
            before = corner;
        }
    }
    Ok(())
}

fn write_position(out: &mut Writer<'_>, position: Position) -> Written {
    out.array(2)?.i32(position.lat)?.i32(position.lon)?;
    Ok(())
}

fn write_shape(out: &mut Writer<'_>, shape: &Shape) -> Written {
    match shape {
        Shape::Circle { centre, radius_mm } => {
            write_position(out.array(3)?.u8(1)?, *centre)?;
            out.u32(*radius_mm)?;
        }
        Shape::Leg { from, to, half_width_mm } => {
            write_position(out.array(4)?.u8(2)?, *from)?;
            write_position(out, *to)?;
            out.u32(*half_width_mm)?;
        }
        Shape::Around { area, distance_mm } => {
            write_area(out.array(3)?.u8(3)?, area)?;
            out.u32(*distance_mm)?;
        }
    }
    Ok(())
}

fn write_separation(out: &mut Writer<'_>, separation: &Separation) -> Written {
    let (distance, vertical) = (separation.distance_mm(), separation.vertical_mm());
    let time = separation.time_ms();
    let optional = [distance != 0, vertical != 0, time != 0];
    out.map(optional.into_iter().filter(|present| *present).count() as u64)?;
    if distance != 0 {
        out.u8(1)?.array(2)?.u32(distance)?.array(separation.ring().len() as u64)?;
        separation.ring().iter().try_for_each(|part| write_area(out, part))?;
    }
    if vertical != 0 {
        out.u8(2)?.u32(vertical)?;
    }
    if time != 0 {
        out.u8(3)?.u64(time)?;
    }
    Ok(())
}

fn bytes_fault(what: &'static str) -> impl FnOnce(Error) -> Fault {
    move |error| Fault::Bytes { what, expected: "the form of spec/airspace.cddl", found: format!("{error}") }
}

fn form(what: &'static str, expected: &'static str, found: impl core::fmt::Display) -> Fault {
    Fault::Bytes { what, expected, found: format!("{found}") }
}

/// How many items a list has; a list of unknown length is not canonical.
fn items(reader: &mut Decoder<'_>, what: &'static str) -> Result<usize, Fault> {
    let count = reader.array().map_err(bytes_fault(what))?;
    let count = count.ok_or_else(|| form(what, "a list of definite length", "none"))?;
    Ok(usize::try_from(count).unwrap_or(usize::MAX))
}

fn exactly(reader: &mut Decoder<'_>, what: &'static str, expected: usize) -> Result<(), Fault> {
    match items(reader, what)? {
        count if count == expected => Ok(()),
        count => Err(form(what, "a list of another length", count)),
    }
}

/// Walks a map: `each` reads the value of a key, or says that it does not know the key.
fn fields(
    reader: &mut Decoder<'_>,
    what: &'static str,
    mut each: impl FnMut(&mut Decoder<'_>, u64) -> Result<bool, Fault>,
) -> Result<(), Fault> {
    let count = reader.map().map_err(bytes_fault(what))?;
    let count = count.ok_or_else(|| form(what, "a map of definite length", "none"))?;
    for _ in 0..count {
        let key = reader.u64().map_err(bytes_fault(what))?;
        if !each(reader, key)? {
            return Err(Fault::Unknown { what });
        }
    }
    Ok(())
}

fn read_volume(reader: &mut Decoder<'_>) -> Result<Volume, Fault> {
    let what = "volume";
    let (mut area, mut lower, mut upper, mut ground) = (None, None, None, None);
    let (mut from_ms, mut until_ms, mut shape, mut separation) = (None, None, None, None);
    fields(reader, what, |reader, key| {
        match key {
            1 => area = Some(read_area(reader)?),
            2 => lower = Some(read_limit(reader)?),
            3 => upper = Some(read_limit(reader)?),
            4 => ground = Some(read_ground(reader)?),
            5 => from_ms = Some(reader.u64().map_err(bytes_fault(what))?),
            6 => until_ms = Some(reader.u64().map_err(bytes_fault(what))?),
            7 => shape = Some(read_shape(reader)?),
            8 => separation = Some(Box::new(read_separation(reader)?)),
            _ => return Ok(false),
        }
        Ok(true)
    })?;
    let area = area.ok_or_else(|| form(what, "an area", "none"))?;
    let from_ms = from_ms.ok_or_else(|| form(what, "when it begins", "nothing"))?;
    let span = match until_ms {
        Some(until_ms) => Span::new(from_ms, until_ms)?,
        None => Span::since(from_ms)?,
    };
    Ok(Volume { area, band: Band::new(lower, upper, ground)?, span, shape, separation })
}

fn read_area(reader: &mut Decoder<'_>) -> Result<Area, Fault> {
    let count = items(reader, "area")?;
    let mut corners: Vec<Position> = Vec::new();
    let mut ends = Vec::new();
    for ring in 0..count {
        read_ring(reader, ring, &mut corners)?;
        ends.push(corners.len());
    }
    let mut start = 0;
    let mut rings = ends.iter().map(|end| {
        let ring = corners.get(start..*end).unwrap_or_default();
        start = *end;
        ring
    });
    let exterior = rings.next().ok_or_else(|| form("area", "a ring", "none"))?;
    let holes: Vec<&[Position]> = rings.collect();
    Area::new(exterior, &holes)
}

/// Reads a ring's corners after those of the rings before it.
fn read_ring(reader: &mut Decoder<'_>, ring: usize, corners: &mut Vec<Position>) -> Result<(), Fault> {
    let what = "ring";
    let numbers = items(reader, what)?;
    if numbers % 2 != 0 {
        return Err(form(what, "pairs of latitude and longitude", "an odd number"));
    }
    if corners.len().saturating_add(numbers / 2) > MAX_CORNERS {
        return Err(Fault::Corners { ring, found: corners.len().saturating_add(numbers / 2) });
    }
    let (mut lat, mut lon) = (0_i64, 0_i64);
    for corner in 0..numbers / 2 {
        let up = i64::from(reader.i32().map_err(bytes_fault(what))?);
        let along = i64::from(reader.i32().map_err(bytes_fault(what))?);
        if !(-i64::from(HALF_TURN)..i64::from(HALF_TURN)).contains(&along) {
            return Err(form(what, "longitudes and steps from -1800000000 to 1799999999", along));
        }
        lat += up;
        lon = around(lon + along);
        let exists = i32::try_from(lat).ok().zip(i32::try_from(lon).ok());
        let (exact_lat, exact_lon) = exists.ok_or(Fault::Position { ring, corner, lat, lon })?;
        corners.push(Position { lat: exact_lat, lon: exact_lon }.checked(ring, corner)?);
    }
    Ok(())
}

fn read_limit(reader: &mut Decoder<'_>) -> Result<Limit, Fault> {
    let what = "limit";
    exactly(reader, what, 2)?;
    let mm = reader.i32().map_err(bytes_fault(what))?;
    let datum = reader.u8().map_err(bytes_fault(what))?;
    Ok(Limit { mm, datum: Datum::from_code(datum).ok_or(Fault::Unknown { what: "datum" })? })
}

fn read_ground(reader: &mut Decoder<'_>) -> Result<Ground, Fault> {
    let what = "ground";
    exactly(reader, what, 2)?;
    let lowest_mm = reader.i32().map_err(bytes_fault(what))?;
    Ok(Ground { lowest_mm, highest_mm: reader.i32().map_err(bytes_fault(what))? })
}

fn read_position(reader: &mut Decoder<'_>) -> Result<Position, Fault> {
    let what = "position";
    exactly(reader, what, 2)?;
    let lat = reader.i32().map_err(bytes_fault(what))?;
    Position::new(lat, reader.i32().map_err(bytes_fault(what))?)
}

fn read_shape(reader: &mut Decoder<'_>) -> Result<Shape, Fault> {
    let what = "shape";
    let count = items(reader, what)?;
    let kind = reader.u64().map_err(bytes_fault(what))?;
    let shape = match (kind, count) {
        (1, 3) => Shape::Circle {
            centre: read_position(reader)?,
            radius_mm: reader.u32().map_err(bytes_fault(what))?,
        },
        (2, 4) => Shape::Leg {
            from: read_position(reader)?,
            to: read_position(reader)?,
            half_width_mm: reader.u32().map_err(bytes_fault(what))?,
        },
        (3, 3) => {
            Shape::Around { area: read_area(reader)?, distance_mm: reader.u32().map_err(bytes_fault(what))? }
        }
        (1..=3, _) => return Err(form(what, "as many items as its kind has", count)),
        _ => return Err(Fault::Unknown { what }),
    };
    shape.checked()
}

fn read_separation(reader: &mut Decoder<'_>) -> Result<Separation, Fault> {
    let what = "separation";
    let (mut distance_mm, mut ring, mut vertical_mm, mut time_ms) = (0, Vec::new(), 0, 0);
    fields(reader, what, |reader, key| {
        match key {
            1 => {
                exactly(reader, what, 2)?;
                distance_mm = reader.u32().map_err(bytes_fault(what))?;
                let parts = items(reader, what)?;
                if parts == 0 || parts > MAX_PARTS {
                    let what = "parts of a separation ring";
                    return Err(Fault::Many { what, most: MAX_PARTS, found: parts });
                }
                ring = (0..parts).map(|_| read_area(reader)).collect::<Result<_, _>>()?;
            }
            2 => vertical_mm = reader.u32().map_err(bytes_fault(what))?,
            3 => time_ms = reader.u64().map_err(bytes_fault(what))?,
            _ => return Ok(false),
        }
        Ok(true)
    })?;
    Separation::new(distance_mm, ring, vertical_mm, time_ms)
}
