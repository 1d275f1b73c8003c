//! Both ways of making a cover against both ways of measuring one; and which way is taken.

use super::*;
use dice::Dice;

#[path = "../../tests/dice/mod.rs"]
mod dice;

const DEGREE: f64 = 1e7;

fn position(lat: f64, lon: f64) -> Position {
    let round = |degrees: f64| libm::round(degrees * DEGREE);
    Position { lat: round(lat) as i32, lon: wrapped(round(lon) as i64) as i32 }
}

/// From `least` to `most`, as many of each size.
fn between(dice: &mut Dice, least: f64, most: f64) -> f64 {
    least * libm::pow(most / least, dice.unit())
}

/// A position so far from another, m, roughly.
fn away(dice: &mut Dice, from: (f64, f64), metres: f64) -> Position {
    let (sin, cos) = libm::sincos(dice.unit() * 6.3);
    let degrees = metres / 111_000.0;
    position(from.0 + degrees * sin, from.1 + degrees * cos / libm::cos(from.0.to_radians()))
}

/// Circles, legs, and what is around either, where people fly: up to 70° of latitude, up to 100 km; mm.
fn ordinary(dice: &mut Dice) -> (Shape, u32) {
    let at = (140.0 * dice.unit() - 70.0, 360.0 * dice.unit());
    let centre = position(at.0, at.1);
    let distance_mm = between(dice, 20_000.0, 100_000_000.0) as u32;
    let far = between(dice, 10.0, 100_000.0);
    let shape = match dice.below(2) {
        0 => Shape::Circle { centre, radius_mm: distance_mm },
        _ => Shape::Leg { from: centre, to: away(dice, at, far), half_width_mm: distance_mm },
    };
    (shape, between(dice, 20_000.0, 50_000_000.0) as u32)
}

/// Shapes of all sizes anywhere, poles and the antimeridian more often than chance would have it.
fn whatever(dice: &mut Dice) -> Shape {
    let near = |dice: &mut Dice| between(dice, 1e-5, 10.0);
    let lat = [90.0 - near(dice), near(dice) - 90.0, near(dice), 180.0 * dice.unit() - 90.0][dice.below(4)];
    let at = (lat, [180.0 + near(dice), 360.0 * dice.unit()][dice.below(2)]);
    let distance_mm = between(dice, 1_000.0, 500_000_000.0) as u32;
    let corners: Vec<Position> = (0..dice.within(3, 5))
        .map(|_| {
            let far = between(dice, 10.0, 1_000_000.0);
            let Position { lat, lon } = away(dice, at, far);
            Position { lat: lat.clamp(-QUARTER, QUARTER), lon }
        })
        .collect();
    match (dice.below(3), Area::turned(&corners, &[])) {
        (0, _) => Shape::Circle { centre: position(at.0, at.1), radius_mm: distance_mm },
        (1, Ok(area)) => Shape::Around { area, distance_mm },
        _ => Shape::Leg { from: corners[0], to: corners[1], half_width_mm: distance_mm },
    }
}

#[test]
fn ordinary_covers_are_put_straight_out() {
    let mut dice = Dice(21);
    for _ in 0..1_000 {
        let (shape, distance_mm) = ordinary(&mut dice);
        let cover = straight(&shape.core(), shape.distance_mm(), TOLERANCE_PPM);
        let cover = cover.unwrap_or_else(|| panic!("{shape:?}"));
        assert!(cover.corners() < 100, "{} corners: {shape:?}", cover.corners());
        let ring = straight(&Core::of_area(&cover), distance_mm, TOLERANCE_PPM);
        let ring = ring.unwrap_or_else(|| panic!("{distance_mm} mm around the cover of {shape:?}"));
        assert!(ring.corners() < 150, "{} corners: {distance_mm} mm around {shape:?}", ring.corners());
    }
}

#[test]
fn what_bends_inward_is_put_straight_out_too() {
    let corner = [(0.0, 0.0), (0.0, 2.0), (1.0, 2.0), (1.0, 1.0), (2.0, 1.0), (2.0, 0.0)];
    let corner = corner.map(|(lat, lon)| position(50.0 + lat / 10.0, 179.9 + lon / 10.0));
    let area = Area::new(&corner, &[]).unwrap();
    assert!(straight(&Core::of_area(&area), 1_000_000, TOLERANCE_PPM).is_some());
    // Too far for the edges at the inner corner: the sweep does it.
    assert!(straight(&Core::of_area(&area), 20_000_000, TOLERANCE_PPM).is_none());
    assert!(around(&area, 20_000_000, TOLERANCE_PPM).is_ok());
}

#[test]
fn a_bay_that_closes_is_left_to_the_sweep() {
    let bay = [
        (0.0, 0.0),
        (0.0, 9.0),
        (9.0, 9.0),
        (9.0, 4.6),
        (8.9, 4.6),
        (1.0, 8.0),
        (1.0, 1.0),
        (8.9, 4.4),
        (9.0, 4.4),
        (9.0, 0.0),
    ];
    let bay = bay.map(|(lat, lon)| position(lat / 100.0, lon / 100.0));
    let area = Area::new(&bay, &[]).unwrap();
    assert!(straight(&Core::of_area(&area), 200_000, TOLERANCE_PPM).is_none());
    assert!(around(&area, 200_000, TOLERANCE_PPM).unwrap().rings().count() > 1);
}

#[test]
fn swept_covers_hold_too() {
    let mut dice = Dice(22);
    for _ in 0..100 {
        let (shape, _) = ordinary(&mut dice);
        let found = swept(&shape.core(), shape.distance_mm(), TOLERANCE_PPM, 1);
        assert_eq!(found.map(|areas| areas.len()), Ok(1), "{shape:?}");
    }
}

/// Places judged one by one, and all of the core's border.
fn one_by_one(core: &Core<'_>, parts: &[&Area], bar: &Bar) -> Doubts {
    let mut doubts = Doubts::default();
    doubts.look_far(core, &check::Cover { parts, given: &[] }, bar);
    doubts.look_within(core, parts, false, bar);
    doubts
}

#[test]
fn both_ways_of_measuring_find_the_same() {
    let mut dice = Dice(23);
    let mut doubtful = 0;
    for _ in 0..1_500 {
        let shape = whatever(&mut dice);
        let core = shape.core();
        let Some(cover) = straight(&core, shape.distance_mm(), TOLERANCE_PPM) else { continue };
        // Held to another distance, or to what is beside it, so that there is something to find.
        let by = [0.9, 0.999, 1.0, 1.001, 1.1][dice.below(5)];
        let distance_mm = (f64::from(shape.distance_mm()) * by) as u32;
        let bar = Bar::reading(distance_mm, TOLERANCE_PPM);
        let (near, far) = (Doubts::of(&core, &[&cover], &[], &bar), one_by_one(&core, &[&cover], &bar));
        for (near, far) in near.found().into_iter().zip(far.found()) {
            match (near, far) {
                (Some(near), Some(far)) => {
                    assert!((near - far).abs() < 0.005 + far * 1e-6, "{near} or {far} m: {shape:?}, {by}");
                    doubtful += 1;
                }
                (near, far) => assert_eq!(near, far, "{shape:?}, {by}"),
            }
        }
    }
    assert!(doubtful > 100, "{doubtful}");
}
