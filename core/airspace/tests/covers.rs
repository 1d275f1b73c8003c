//! Covers against geodesics that others compute (`geographiclib-rs`): random circles, legs and buffers of every size,
//! everywhere on the globe. Nothing of a shape is outside its cover, and no cover strays beyond its tolerance.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot make its input has failed")]

use detente_airspace::area::Area;
use detente_airspace::cover::{self, Shape};
use detente_airspace::fault::Fault;
use detente_airspace::position::Position;
use dice::Dice;
use geographiclib_rs::{DirectGeodesic, Geodesic, InverseGeodesic};

mod dice;

const DEGREE: f64 = 1e7;
/// What two ways of measuring may differ by (spec/airspace.md §8), and m for rounding to positions.
const PART: f64 = 0.000_01;
const ROUNDED: f64 = 0.02;

fn position(lat: f64, lon: f64) -> Position {
    let lon = (lon + 180.0).rem_euclid(360.0) - 180.0;
    let round = |degrees: f64| (degrees * DEGREE).round() as i32;
    Position { lat: round(lat.clamp(-90.0, 90.0)), lon: round(lon) }
}

fn degrees(position: Position) -> (f64, f64) {
    (f64::from(position.lat) / DEGREE, f64::from(position.lon) / DEGREE)
}

/// Anywhere, and often where it is hard: the poles, the antimeridian, the equator.
fn anywhere(dice: &mut Dice) -> Position {
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
fn distance(dice: &mut Dice) -> u32 {
    (1_000.0 * 500_000f64.powf(dice.unit())) as u32
}

fn tolerance(dice: &mut Dice) -> u32 {
    [100, 1_000, 1_000, 10_000, 100_000][dice.below(5)]
}

fn apart(one: Position, two: Position) -> f64 {
    let ((lat, lon), (lat2, lon2)) = (degrees(one), degrees(two));
    Geodesic::wgs84().inverse(lat, lon, lat2, lon2)
}

/// A place so far from another, m, in any direction.
fn away(dice: &mut Dice, from: Position, metres: f64) -> Position {
    let (lat, lon) = degrees(from);
    let (lat, lon) = Geodesic::wgs84().direct(lat, lon, 360.0 * dice.unit(), metres);
    position(lat, lon)
}

/// A place on the straight edge between two others.
fn between(one: Position, two: Position, part: f64) -> Position {
    let ((lat, lon), (lat2, lon2)) = (degrees(one), degrees(two));
    let step = (lon2 - lon + 180.0).rem_euclid(360.0) - 180.0;
    position(lat + part * (lat2 - lat), lon + part * step)
}

/// A place on the border of an area.
fn border(dice: &mut Dice, area: &Area) -> Position {
    let rings: Vec<Vec<Position>> = area.rings().map(Iterator::collect).collect();
    let ring = &rings[dice.below(rings.len())];
    let corner = dice.below(ring.len());
    between(ring[corner], ring[(corner + 1) % ring.len()], dice.unit())
}

/// How far a place is from a straight edge, by others' geodesics: the least of many, refined.
fn from_edge(place: Position, one: Position, two: Position) -> f64 {
    let at = |part: f64| apart(place, between(one, two, part));
    let nearest = (0..=64).min_by(|one, two| at(f64::from(*one) / 64.0).total_cmp(&at(f64::from(*two) / 64.0)));
    let nearest = f64::from(nearest.unwrap()) / 64.0;
    let (mut low, mut high) = ((nearest - 1.0 / 64.0).max(0.0), (nearest + 1.0 / 64.0).min(1.0));
    for _ in 0..60 {
        let third = (high - low) / 3.0;
        if at(low + third) <= at(high - third) { high -= third } else { low += third }
    }
    at((low + high) / 2.0).min(at(0.0)).min(at(1.0))
}

fn edges(area: &Area) -> Vec<(Position, Position)> {
    let rings: Vec<Vec<Position>> = area.rings().map(Iterator::collect).collect();
    let closed = |ring: &Vec<Position>| {
        let next = ring.iter().cycle().skip(1).copied();
        ring.iter().copied().zip(next).collect::<Vec<_>>()
    };
    rings.iter().flat_map(closed).collect()
}

/// Holds a cover to its shape at many places.
fn hold(dice: &mut Dice, shape: &Shape, ppm: u32, parts: &[Area], looks: usize) {
    let metres = f64::from(shape.distance_mm()) / 1_000.0;
    let kernel: Vec<(Position, Position)> = match shape {
        Shape::Circle { centre, .. } => vec![(*centre, *centre)],
        Shape::Leg { from, to, .. } => vec![(*from, *to)],
        Shape::Around { area, .. } => edges(area),
    };
    for _ in 0..looks {
        let (from, to) = kernel[dice.below(kernel.len())];
        let near = between(from, to, [0.0, 1.0, dice.unit()][dice.below(3)]);
        let reach = [1.0, dice.unit(), 1.0 - 0.001 * dice.unit()][dice.below(3)] * metres;
        let inside = away(dice, near, (reach * (1.0 - PART) - ROUNDED).max(0.0));
        assert!(parts.iter().any(|part| part.holds(inside)), "{inside:?} is not in the cover of {shape:?} to {ppm} ppm");
        let part = dice.below(parts.len());
        let outside = border(dice, &parts[part]);
        let own = matches!(shape, Shape::Around { area, .. } if area.holds(outside));
        let most = metres * (1.0 + f64::from(ppm) / 1e6) * (1.0 + PART) + 0.05 + ROUNDED;
        let found = kernel.iter().map(|(from, to)| from_edge(outside, *from, *to)).fold(f64::MAX, f64::min);
        assert!(own || found <= most, "{outside:?} is {found} m from {shape:?}, not {most}, to {ppm} ppm");
    }
}

#[test]
fn circles() {
    let mut dice = Dice(11);
    for _ in 0..300 {
        let (centre, radius_mm, ppm) = (anywhere(&mut dice), distance(&mut dice), tolerance(&mut dice));
        let shape = Shape::Circle { centre, radius_mm };
        let Ok(cover) = shape.cover(ppm) else { eprintln!("FAILED {shape:?} {ppm}"); continue };
        hold(&mut dice, &shape, ppm, &[cover], 20);
    }
}

#[test]
fn legs() {
    let mut dice = Dice(12);let mut clock=std::time::Instant::now();
    for _ in 0..600 {
        let (from, half_width_mm, ppm) = (anywhere(&mut dice), distance(&mut dice), tolerance(&mut dice));
        let far = 10.0 * 200_000f64.powf(dice.unit());
        let to = away(&mut dice, from, far);
        let shape = Shape::Leg { from, to, half_width_mm };
        let cover = match shape.cover(ppm) {
            Err(Fault::WhichWay { .. }) => continue,
 _ if {let e=clock.elapsed().as_millis(); clock=std::time::Instant::now(); if e>1500 {eprintln!("SLOW {e} {shape:?} {ppm}");} false} => continue,
            Ok(cover) => cover, _ => { eprintln!("FAILED {shape:?} {ppm}"); continue }
        };
        hold(&mut dice, &shape, ppm, &[cover], 20);
    }
}

/// A star of up to 40 corners, some with a hole, some around a pole.
fn area(dice: &mut Dice) -> Area {
    loop {
        let middle = anywhere(dice);
        let size = 10.0 * 100_000f64.powf(dice.unit());
        let star = |dice: &mut Dice, size: f64, least: f64| -> Vec<Position> {
            let most = [38, 5, 5][dice.below(3)];
            let count = 3 + dice.below(most);
            let (lat, lon) = degrees(middle);
            let corner = |(number, part): (usize, f64)| {
                let angle = 360.0 * (number as f64 + 0.8 * part) / count as f64;
                let (lat, lon) = Geodesic::wgs84().direct(lat, lon, -angle, size * (least + (1.0 - least) * part));
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

#[test]
fn rings() {
    let mut dice = Dice(13);
    let mut clock;
    let mut parts = [0; 3];
    for _ in 0..150 {
        let (area, distance_mm, ppm) = (area(&mut dice), distance(&mut dice), tolerance(&mut dice));
        clock = std::time::Instant::now();
        let Ok(ring) = cover::ring(&area, distance_mm, ppm) else { eprintln!("FAILED {distance_mm} {ppm} {:?}", area.rings().map(|r|r.collect::<Vec<_>>()).collect::<Vec<_>>()); continue };
        {let e=clock.elapsed().as_millis(); if e>500 {eprintln!("SLOW {e} {distance_mm} {ppm} {:?}", area.bounds());}}
        parts[ring.len().min(2)] += 1;
        let shape = Shape::Around { area, distance_mm };
        hold(&mut dice, &shape, ppm, &ring, 6);
    }
    eprintln!("{parts:?}");
}

#[test]
fn corners_of_a_circle() {
    for (lat, metres) in [(0.0, 1_000), (35.0, 50_000), (60.0, 10_000), (-75.0, 100_000)] {
        let cover = cover::circle(position(lat, 179.9), metres * 1_000, 1_000).unwrap();
        println!("{lat} {metres} {}", cover.corners());
        assert!((60..80).contains(&cover.corners()), "{} corners at {lat}", cover.corners());
    }
}
