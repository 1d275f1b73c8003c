//! From degrees to the plane of the map: Web Mercator (EPSG:3857), in metres at the equator, y to the south.
//!
//! Edges are straight in longitude and latitude (spec/airspace.md §4), so that those that climb are bent here, and are drawn in pieces.

use std::f64::consts::{FRAC_PI_4, PI};

/// The radius that the projection takes the earth to have, m.
const RADIUS_M: f64 = 6_378_137.0;
/// The latitude at which the map ends.
const MOST_LATITUDE: f64 = 85.051_1;
/// The longest climb of a piece of an edge, degrees, and the most pieces of one.
const CLIMB: f64 = 0.5;
const MOST_PIECES: f64 = 64.0;

/// A position, degrees.
pub(super) type Place = [f64; 2];

/// A place in the plane, m: to the east, to the south.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Point {
    pub(super) x: f64,
    pub(super) y: f64,
}

/// A position in the plane; its longitude may be beyond ±180.
pub(super) fn point([latitude, longitude]: Place) -> Point {
    let within = latitude.clamp(-MOST_LATITUDE, MOST_LATITUDE).to_radians();
    Point { x: longitude.to_radians() * RADIUS_M, y: -RADIUS_M * (FRAC_PI_4 + within / 2.0).tan().ln() }
}

/// A whole turn, m.
pub(super) fn turn() -> f64 {
    2.0 * PI * RADIUS_M
}

/// The least step from one longitude to another.
fn step(from: f64, to: f64) -> f64 {
    (to - from + 180.0).rem_euclid(360.0) - 180.0
}

/// Positions one after the other, each as near to the one before as whole turns bring it.
fn unrolled(places: &[Place]) -> Vec<Place> {
    let mut longitude = places.first().map_or(0.0, |[_, first]| *first);
    let mut unrolled = Vec::with_capacity(places.len() + 3);
    for [latitude, next] in places {
        longitude += step(longitude, *next);
        unrolled.push([*latitude, longitude]);
    }
    unrolled
}

/// Edges as they run on the plane, so many degrees to the east; without the end of the last.
fn bent(unrolled: &[Place], turns: f64) -> Vec<Point> {
    let mut points: Vec<Point> = Vec::with_capacity(unrolled.len());
    for pair in unrolled.windows(2) {
        let [[lat, lon], [to_lat, to_lon]] = *pair else { continue };
        let climbs = (to_lat - lat).abs();
        let pieces = if lon == to_lon { 1.0 } else { (climbs / CLIMB).ceil().clamp(1.0, MOST_PIECES) };
        for piece in 0..pieces as u32 {
            let part = f64::from(piece) / pieces;
            points.push(point([lat + (to_lat - lat) * part, lon + (to_lon - lon) * part + turns]));
        }
    }
    points
}

/// A line as it runs on the plane, from its first position on.
pub(super) fn line(places: &[Place]) -> Vec<Point> {
    let unrolled = unrolled(places);
    let mut points = bent(&unrolled, 0.0);
    points.extend(unrolled.last().map(|end| point(*end)));
    points
}

/// A ring as it runs on the plane, of which the middle is as near to a longitude as whole turns bring it.
pub(super) fn ring(corners: &[Place], near: f64) -> Vec<Point> {
    let Some([_, first]) = corners.first() else { return Vec::new() };
    let mut unrolled = unrolled(corners);
    let longitude = unrolled.last().map_or(*first, |[_, last]| *last);
    let back = longitude + step(longitude, *first);
    if let [[latitude, start], ..] = *unrolled.as_slice() {
        let end = [latitude, start];
        if (back - start).abs() > 180.0 {
            // Around a pole: over the edge of the map.
            let pole = 90.0_f64.copysign(latitude);
            unrolled.extend([[latitude, back], [pole, back], [pole, start]]);
        }
        unrolled.push(end);
    }
    let least = unrolled.iter().map(|[_, lon]| *lon).fold(f64::INFINITY, f64::min);
    let greatest = unrolled.iter().map(|[_, lon]| *lon).fold(f64::NEG_INFINITY, f64::max);
    let turns = ((near - f64::midpoint(least, greatest)) / 360.0).round() * 360.0;
    bent(&unrolled, turns)
}

/// A box on the plane that grows.
#[derive(Debug, Clone, Copy)]
pub(super) struct Frame {
    pub(super) west: f64,
    pub(super) north: f64,
    pub(super) east: f64,
    pub(super) south: f64,
}

impl Frame {
    /// What holds some points; none of none.
    pub(super) fn of<'a>(points: impl Iterator<Item = &'a Point>) -> Option<Self> {
        points.fold(None, |frame: Option<Self>, at| {
            let frame = frame.unwrap_or(Self { west: at.x, north: at.y, east: at.x, south: at.y });
            Some(Self {
                west: frame.west.min(at.x),
                north: frame.north.min(at.y),
                east: frame.east.max(at.x),
                south: frame.south.max(at.y),
            })
        })
    }

    pub(super) fn middle(&self) -> Point {
        Point { x: f64::midpoint(self.west, self.east), y: f64::midpoint(self.north, self.south) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_places_are_where_web_mercator_has_them() {
        let near = |one: f64, other: f64| assert!((one - other).abs() < 0.5, "{one} {other}");
        let Point { x, y } = point([0.0, 180.0]);
        near(x, 20_037_508.34);
        near(y, 0.0);
        // EPSG guidance note 7-2, example of method 1024.
        let Point { x, y } = point([24.381_786_944_444, -100.333_333_333_333]);
        near(x, -11_169_055.58);
        near(y, -2_800_000.00);
        near(point([90.0, 0.0]).y, -20_037_471.0);
    }

    #[test]
    fn a_ring_over_the_date_line_is_one_ring() {
        let points = ring(&[[10.0, 179.0], [10.0, -179.0], [12.0, -179.0], [12.0, 179.0]], -179.5);
        let frame = Frame::of(points.iter()).unwrap();
        assert!((frame.east - frame.west - 2.0 * turn() / 360.0).abs() < 1.0, "{frame:?}");
        assert!(frame.east < 0.0, "it is drawn where one looks: {frame:?}");
    }

    #[test]
    fn an_edge_that_climbs_is_bent_as_the_map_is() {
        let points = ring(&[[0.0, 0.0], [60.0, 60.0], [60.0, 0.0]], 0.0);
        let halfway = point([30.0, 30.0]);
        assert!(points.iter().any(|at| (at.x - halfway.x).abs() < 1e5 && (at.y - halfway.y).abs() < 1e5));
        // One that does not is not.
        assert_eq!(ring(&[[0.0, 0.0], [0.0, 60.0], [60.0, 60.0], [60.0, 0.0]], 0.0).len(), 4);
    }

    #[test]
    fn a_line_over_the_date_line_goes_on_and_ends_where_it_ends() {
        let points = line(&[[10.0, 179.0], [10.0, -179.0], [11.0, -178.0]]);
        let (first, last) = (points.first().unwrap(), points.last().unwrap());
        assert!((last.x - first.x - 3.0 * turn() / 360.0).abs() < 1.0, "{points:?}");
        assert!(last.y < first.y && points.len() == 4, "what climbs is bent: {points:?}");
    }

    #[test]
    fn a_ring_around_a_pole_is_closed_over_the_edge_of_the_map() {
        let points = ring(&[[70.0, 0.0], [70.0, 120.0], [70.0, -120.0]], 0.0);
        let frame = Frame::of(points.iter()).unwrap();
        assert!((frame.east - frame.west - turn()).abs() < 1.0, "{frame:?}");
        assert!((frame.north - point([90.0, 0.0]).y).abs() < 1.0, "{frame:?}");
    }
}
