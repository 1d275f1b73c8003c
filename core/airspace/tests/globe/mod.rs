//! Places and areas anywhere on the globe, most of them where it is hard.

use detente_airspace::area::Area;
use detente_airspace::position::Position;
use geographiclib_rs::{DirectGeodesic, Geodesic};

use crate::dice::Dice;

const DEGREE: f64 = 1e7;

/// The position nearest to so many degrees.
pub(crate) fn position(lat: f64, lon: f64) -> Position {
    let lon = (lon + 180.0).rem_euclid(360.0) - 180.0;
    let round = |degrees: f64| (degrees * DEGREE).round() as i32;
    Position { lat: round(lat.clamp(-90.0, 90.0)), lon: round(lon) }
}

/// Latitude and longitude.
pub(crate) fn degrees(position: Position) -> (f64, f64) {
    (f64::from(position.lat) / DEGREE, f64::from(position.lon) / DEGREE)
}

/// Anywhere, and often where it is hard: the poles, the antimeridian, the equator.
pub(crate) fn anywhere(dice: &mut Dice) -> Position {
    let near = |dice: &mut Dice| (dice.unit() - 0.5) * 10f64.powf(2.0 - 8.0 * dice.unit());
    let lon = match dice.below(3) {
        0 => 180.0 + near(dice),
        _ => 360.0 * dice.unit(),
    };
    let lat = match dice.below(8) {
        0 => 90.0 - near(dice).abs(),
        1 => -90.0 + near(dice).abs(),
        2 => near(dice),
        3 => [90.0, -90.0][dice.below(2)],
        _ => 180.0 * dice.unit() - 90.0,
    };
    position(lat, lon)
}

/// From 1 m to 500 km.
pub(crate) fn distance(dice: &mut Dice) -> u32 {
    (1_000.0 * 500_000f64.powf(dice.unit())) as u32
}

pub(crate) fn tolerance(dice: &mut Dice) -> u32 {
    [100, 1_000, 1_000, 10_000, 100_000][dice.below(5)]
}

/// A place so far from another, m, in any direction.
pub(crate) fn away(dice: &mut Dice, from: Position, metres: f64) -> Position {
    let (lat, lon) = degrees(from);
    let (lat, lon) = Geodesic::wgs84().direct(lat, lon, 360.0 * dice.unit(), metres);
    position(lat, lon)
}

/// A place on the straight edge between two others.
pub(crate) fn between(one: Position, two: Position, part: f64) -> Position {
    let ((lat, lon), (lat2, lon2)) = (degrees(one), degrees(two));
    let step = (lon2 - lon + 180.0).rem_euclid(360.0) - 180.0;
    position(lat + part * (lat2 - lat), lon + part * step)
}

/// A place on the border of an area.
pub(crate) fn border(dice: &mut Dice, area: &Area) -> Position {
    let rings: Vec<Vec<Position>> = area.rings().map(Iterator::collect).collect();
    let ring = &rings[dice.below(rings.len())];
    let corner = dice.below(ring.len());
    between(ring[corner], ring[(corner + 1) % ring.len()], dice.unit())
}

/// All edges of an area, those of its holes too.
pub(crate) fn edges(area: &Area) -> Vec<(Position, Position)> {
    let rings: Vec<Vec<Position>> = area.rings().map(Iterator::collect).collect();
    let closed = |ring: &Vec<Position>| {
        let next = ring.iter().cycle().skip(1).copied();
        ring.iter().copied().zip(next).collect::<Vec<_>>()
    };
    rings.iter().flat_map(closed).collect()
}

/// A star of up to 40 corners, 10 to `most` m from its middle, some with a hole, some around a pole.
pub(crate) fn area(dice: &mut Dice, most: f64) -> Area {
    loop {
        let middle = anywhere(dice);
        let size = 10.0 * (most / 10.0).powf(dice.unit());
        let star = |dice: &mut Dice, size: f64, least: f64| -> Vec<Position> {
            let most = [38, 5, 5][dice.below(3)];
            let count = 3 + dice.below(most);
            let (lat, lon) = degrees(middle);
            let corner = |(number, part): (usize, f64)| {
                let angle = 360.0 * (number as f64 + 0.8 * part) / count as f64;
                let (lat, lon) =
                    Geodesic::wgs84().direct(lat, lon, -angle, size * (least + (1.0 - least) * part));
                position(lat, lon)
            };
            let parts: Vec<f64> = (0..count).map(|_| dice.unit()).collect();
            parts.into_iter().enumerate().map(corner).collect::<Vec<_>>()
        };
        let exterior = star(dice, size, 0.4);
        let hole = star(dice, 0.3 * size, 0.6);
        let none: &[&[Position]] = &[];
        let some: &[&[Position]] = &[&hole];
        let holes = if dice.below(3) == 0 { some } else { none };
        if let Ok(area) = Area::turned(&exterior, holes) {
            return area;
        }
    }
}
