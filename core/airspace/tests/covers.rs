//! Covers against geodesics that others compute (`geographiclib-rs`): random circles, legs and buffers of every size,
//! everywhere on the globe. Nothing of a shape is outside its cover, and no cover strays beyond its tolerance.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot make its input has failed")]

use detente_airspace::altitude::Band;
use detente_airspace::area::Area;
use detente_airspace::cover::check::{Covered, Stray, check};
use detente_airspace::cover::geodesic::{densified, densified_ring};
use detente_airspace::cover::{self, Shape};
use detente_airspace::fault::Fault;
use detente_airspace::position::Position;
use detente_airspace::separation::Separation;
use detente_airspace::span::Span;
use detente_airspace::volume::Volume;
use dice::Dice;
use geographiclib_rs::{DirectGeodesic, Geodesic, InverseGeodesic};
use globe::{anywhere, area, away, between, border, degrees, distance, edges, position, tolerance};

mod dice;
mod globe;

/// What two ways of measuring may differ by (spec/airspace.md §8), and m for rounding to positions.
const PART: f64 = 0.000_01;
const ROUNDED: f64 = 0.02;
/// How many legs are tried.
const LEGS: usize = 300;

fn apart(one: Position, two: Position) -> f64 {
    let ((lat, lon), (lat2, lon2)) = (degrees(one), degrees(two));
    Geodesic::wgs84().inverse(lat, lon, lat2, lon2)
}

/// How far a place is from a straight edge, by others' geodesics: the least of many, refined.
fn from_edge(place: Position, one: Position, two: Position) -> f64 {
    let at = |part: f64| apart(place, between(one, two, part));
    let nearest =
        (0..=64).min_by(|one, two| at(f64::from(*one) / 64.0).total_cmp(&at(f64::from(*two) / 64.0)));
    let nearest = f64::from(nearest.unwrap()) / 64.0;
    let (mut low, mut high) = ((nearest - 1.0 / 64.0).max(0.0), (nearest + 1.0 / 64.0).min(1.0));
    for _ in 0..60 {
        let third = (high - low) / 3.0;
        if at(low + third) <= at(high - third) { high -= third } else { low += third }
    }
    at((low + high) / 2.0).min(at(0.0)).min(at(1.0))
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
        assert!(
            parts.iter().any(|part| part.holds(inside)),
            "{inside:?} is not in the cover of {shape:?} to {ppm} ppm"
        );
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
    for _ in 0..1_000 {
        let (centre, radius_mm, ppm) = (anywhere(&mut dice), distance(&mut dice), tolerance(&mut dice));
        let shape = Shape::Circle { centre, radius_mm };
        let cover = shape.cover(ppm).unwrap_or_else(|fault| panic!("{shape:?} to {ppm} ppm: {fault}"));
        hold(&mut dice, &shape, ppm, &[cover], 20);
    }
}

#[test]
fn legs() {
    let mut dice = Dice(12);
    let mut given_up = 0;
    for _ in 0..LEGS {
        let (from, half_width_mm, ppm) = (anywhere(&mut dice), distance(&mut dice), tolerance(&mut dice));
        let far = 10.0 * 200_000f64.powf(dice.unit());
        let to = away(&mut dice, from, far);
        let shape = Shape::Leg { from, to, half_width_mm };
        match shape.cover(ppm) {
            Ok(cover) => hold(&mut dice, &shape, ppm, &[cover], 20),
            Err(fault) => {
                assert_eq!(fault, Fault::NoCover, "{shape:?}");
                given_up += 1;
            }
        }
    }
    // Some legs wind around a pole, and need more corners than there may be.
    assert!(given_up * 50 < LEGS, "{given_up} of {LEGS} legs have no cover");
}

#[test]
fn rings() {
    let mut dice = Dice(13);
    for _ in 0..150 {
        let (area, distance_mm, ppm) =
            (area(&mut dice, 1_000_000.0), distance(&mut dice), tolerance(&mut dice));
        let ring = cover::ring(&area, distance_mm, ppm);
        let ring =
            ring.unwrap_or_else(|fault| panic!("{distance_mm} mm around {area:?} to {ppm} ppm: {fault}"));
        let shape = Shape::Around { area, distance_mm };
        hold(&mut dice, &shape, ppm, &ring, 6);
    }
}

#[test]
fn what_people_fly() {
    let mut dice = Dice(17);
    let metres = |dice: &mut Dice, least: f64, most: f64| least * (most / least).powf(dice.unit());
    for number in 0..300 {
        let centre = position(150.0 * dice.unit() - 75.0, 360.0 * dice.unit());
        let mm = (metres(&mut dice, 20.0, 50_000.0) * 1_000.0) as u32;
        let far = metres(&mut dice, 10.0, 300_000.0);
        let shape = match dice.below(3) {
            0 => Shape::Circle { centre, radius_mm: mm },
            1 => Shape::Leg { from: centre, to: away(&mut dice, centre, far), half_width_mm: mm },
            _ => {
                let corners: Vec<Position> = (0..4).map(|_| away(&mut dice, centre, far)).collect();
                let Ok(area) = Area::turned(&corners, &[]) else { continue };
                Shape::Around { area, distance_mm: mm }
            }
        };
        let cover = shape.cover(1_000).unwrap_or_else(|fault| panic!("{shape:?}: {fault}"));
        hold(&mut dice, &shape, 1_000, core::slice::from_ref(&cover), 10);
        let distance_mm = (metres(&mut dice, 20.0, 20_000.0) * 1_000.0) as u32;
        let ring =
            cover::ring(&cover, distance_mm, 1_000).unwrap_or_else(|fault| panic!("{shape:?}: {fault}"));
        // Geodesics to all edges of a cover take long.
        if number % 5 == 0 {
            hold(&mut dice, &Shape::Around { area: cover, distance_mm }, 1_000, &ring, 2);
        }
    }
}

#[test]
fn a_ring_that_no_area_can_be_is_several() {
    // Around the north pole, and within 500 km of the equator: one area may not run around a pole and cross it.
    let cap: Vec<Position> = (0..36).map(|ten| position(3.0, f64::from(ten) * 10.0)).collect();
    let cap = Area::new(&cap, &[]).unwrap();
    assert_eq!(cover::around(&cap, 500_000_000, 10_000), Err(Fault::NoCover));
    let ring = cover::ring(&cap, 500_000_000, 10_000).unwrap();
    assert!(ring.len() > 1);
    let mut dice = Dice(14);
    hold(&mut dice, &Shape::Around { area: cap, distance_mm: 500_000_000 }, 10_000, &ring, 50);
}

#[test]
fn few_corners() {
    for (lat, metres, most) in
        [(0.0, 1_000, 72), (35.0, 50_000, 74), (60.0, 10_000, 74), (-75.0, 100_000, 80)]
    {
        let found = cover::circle(position(lat, 179.9), metres * 1_000, 1_000).unwrap().corners();
        assert!((60..=most).contains(&found), "{found} corners at {lat}");
    }
    let square =
        [(10.0, 10.0), (10.0, 10.1), (10.1, 10.1), (10.1, 10.0)].map(|(lat, lon)| position(lat, lon));
    let ring = cover::ring(&Area::new(&square, &[]).unwrap(), 5_000_000, 1_000).unwrap();
    assert!(ring[0].corners() < 90, "{} corners", ring[0].corners());
}

/// A cover, some of its corners moved towards or away from what it is around by so many m.
fn tampered(dice: &mut Dice, cover: &Area, centre: Position, metres: f64) -> Option<Area> {
    let mut corners: Vec<Position> = cover.rings().next()?.collect();
    let moved = dice.within(0, corners.len() as i64 - 1) as usize;
    let ((lat, lon), (lat2, lon2)) = (degrees(corners[moved]), degrees(centre));
    let (_, azimuth, _, _): (f64, f64, f64, f64) = Geodesic::wgs84().inverse(lat, lon, lat2, lon2);
    let (lat, lon) = Geodesic::wgs84().direct(lat, lon, azimuth, metres);
    corners[moved] = position(lat, lon);
    Area::new(&corners, &[]).ok()
}

#[test]
fn tampering_shows() {
    let mut dice = Dice(15);
    let mut tried = 0;
    while tried < 300 {
        let (centre, radius_mm) = (anywhere(&mut dice), distance(&mut dice));
        let shape = Shape::Circle { centre, radius_mm };
        let honest = Volume::covering(shape, 1_000, Band::ALL, Span::since(0).unwrap()).unwrap();
        assert_eq!(check(&honest, 1_000), []);
        let metres = f64::from(radius_mm) / 1_000.0;
        let inward = dice.below(2) == 0;
        let by = (0.003 + 0.1 * dice.unit()) * metres + 0.3;
        let by = if inward { by } else { -by };
        let Some(area) = tampered(&mut dice, &honest.area, centre, by) else { continue };
        let found = check(&Volume { area, ..honest }, 1_000);
        let stray = if inward { Stray::Short } else { Stray::Excess };
        let doubt = found.iter().find(|doubt| doubt.stray == stray);
        let doubt = doubt.unwrap_or_else(|| panic!("{by} m of {metres} m at {centre:?}: {found:?}"));
        assert_eq!(doubt.covered, Covered::Shape);
        let measured = apart(doubt.at, centre);
        let agree = (measured * 1_000.0 - doubt.found_mm as f64).abs() <= 1.0 + measured * 1_000.0 * PART;
        assert!(agree, "{measured} m, {doubt:?}");
        tried += 1;
    }
}

#[test]
fn a_ring_with_a_part_left_out_is_short() {
    let cap: Vec<Position> = (0..36).map(|ten| position(3.0, f64::from(ten) * 10.0)).collect();
    let cap = Area::new(&cap, &[]).unwrap();
    let distance_mm = 500_000_000;
    let ring = cover::ring(&cap, distance_mm, 10_000).unwrap();
    let volume = Volume::new(cap, Band::ALL, Span::since(0).unwrap());
    let of = |ring: Vec<Area>| {
        let separation = Separation::new(distance_mm, ring, 0, 0).unwrap();
        check(&volume.clone().with_separation(separation), 10_000)
    };
    assert_eq!(of(ring.clone()), []);
    let found = of(ring[1..].to_vec());
    assert!(
        found.iter().any(|doubt| (doubt.covered, doubt.stray) == (Covered::Ring, Stray::Short)),
        "{found:?}"
    );
}

#[test]
fn what_cannot_be_covered_is_refused() {
    let here = position(10.0, 20.0);
    assert!(matches!(cover::circle(here, 999, 1_000), Err(Fault::Distance { .. })));
    assert!(matches!(cover::circle(here, 1_000, 99), Err(Fault::Tolerance { ppm: 99 })));
    let beyond = Position { lat: 900_000_001, lon: 0 };
    assert!(matches!(cover::circle(beyond, 1_000, 1_000), Err(Fault::Position { .. })));
    let half = cover::leg(position(1.0, -90.0), position(1.0, 90.0), 1_000, 1_000);
    assert_eq!(half, Err(Fault::WhichWay { ring: 0, edge: 0 }));
}

#[test]
fn separations_bring_their_ring() {
    let area = Area::point(position(-80.0, 180.0)).unwrap();
    let separation = Separation::around(&area, 5_000_000, 1_000, 300_000, 0).unwrap();
    assert_eq!((separation.ring().len(), separation.vertical_mm()), (1, 300_000));
    assert_eq!(Separation::around(&area, 0, 1_000, 300_000, 0).unwrap().ring(), []);
}

#[test]
fn geodesics_as_straight_edges() {
    let mut dice = Dice(16);
    let (mut tried, mut given_up) = (0, 0);
    while tried < 300 {
        let (from, far) = (anywhere(&mut dice), 1_000.0 * 8_000f64.powf(dice.unit()));
        let error_mm = [50, 1_000, 100_000][dice.below(3)];
        let to = away(&mut dice, from, far);
        let positions = match densified(from, to, error_mm) {
            // A long way by a pole needs more positions than an area may have.
            Err(Fault::NoCover) if far > 50_000.0 && error_mm < 100_000 => {
                given_up += 1;
                continue;
            }
            positions => {
                positions.unwrap_or_else(|fault| panic!("{from:?} to {to:?}, {error_mm} mm: {fault}"))
            }
        };
        tried += 1;
        assert_eq!((positions.first(), positions.last()), (Some(&from), Some(&to)));
        let ((lat, lon), (lat2, lon2)) = (degrees(from), degrees(to));
        let (length, azimuth, _, _): (f64, f64, f64, f64) = Geodesic::wgs84().inverse(lat, lon, lat2, lon2);
        for _ in 0..6 {
            let along = dice.unit() * length;
            let (lat, lon) = Geodesic::wgs84().direct(lat, lon, azimuth, along);
            let place = position(lat, lon);
            // Only edges nearby are worth measuring.
            let near = |edge: &&[Position]| {
                apart(place, edge[0]) <= apart(edge[0], edge[1]) * 2.0 + 1_000.0
                    && apart(place, edge[1]) <= apart(edge[0], edge[1]) * 2.0 + 1_000.0
            };
            let from_edges = positions.windows(2).filter(near).map(|edge| from_edge(place, edge[0], edge[1]));
            let stray = from_edges.fold(f64::MAX, f64::min);
            assert!(
                stray <= f64::from(error_mm) / 1_000.0 + ROUNDED,
                "{stray} m, {error_mm} mm, {from:?} to {to:?}"
            );
        }
    }
    assert!(given_up < 100, "{given_up} given up");
}

#[test]
fn a_ring_of_geodesics() {
    let corners =
        [(60.0, 0.0), (60.0, 90.0), (60.0, 180.0), (60.0, -90.0)].map(|(lat, lon)| position(lat, lon));
    let ring = densified_ring(&corners, 1_000_000).unwrap();
    let area = Area::new(&ring, &[]).unwrap();
    // Geodesics run north of the parallel.
    assert!(!area.holds(position(65.0, 45.0)) && area.holds(position(69.0, 45.0)));
    assert!(corners.iter().all(|corner| ring.contains(corner)));
}
