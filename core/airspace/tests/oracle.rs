//! Areas against `geo`, whose predicates are exact on the plane too and were written by others: random pairs, and
//! pairs made to touch, nest and run along one another.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot make its input has failed")]

use detente_airspace::area::Area;
use detente_airspace::position::Position;
use dice::Dice;
use geo::{Area as _, BooleanOps, BoundingRect, Coord, Intersects, LineString, Polygon, Validation};

mod dice;

/// How many pairs are tried of each kind.
const PAIRS: usize = 50_000;

fn ring_of(corners: &[Position]) -> LineString<f64> {
    corners.iter().map(|corner| Coord { x: corner.lon.into(), y: corner.lat.into() }).collect()
}

fn polygon(exterior: &[Position], holes: &[Vec<Position>]) -> Polygon<f64> {
    Polygon::new(ring_of(exterior), holes.iter().map(|hole| ring_of(hole)).collect())
}

/// A ring of 3 to 12 corners around a middle, star-shaped, its corners on a grid of `step`.
fn star(dice: &mut Dice, middle: (i64, i64), radius: i64, step: i64) -> Vec<Position> {
    let count = 3 + dice.below(10);
    let mut corners: Vec<Position> = (0..count)
        .map(|corner| {
            let angle = (corner as f64 + 0.9 * dice.unit()) / count as f64 * core::f64::consts::TAU;
            let reach = radius as f64 * (0.2 + 0.8 * dice.unit());
            let snap = |value: f64| (value as i64).div_euclid(step) * step;
            Position {
                lat: (middle.1 + snap(reach * angle.sin())) as i32,
                lon: (middle.0 + snap(reach * angle.cos())) as i32,
            }
        })
        .collect();
    corners.dedup();
    corners
}

/// Any ring at all, most of them crossing themselves.
fn scribble(dice: &mut Dice, size: i64) -> Vec<Position> {
    let count = 3 + dice.below(5);
    let mut at = || dice.within(-size, size) as i32;
    (0..count).map(|_| Position { lat: at(), lon: at() }).collect()
}

/// A shape and what others make of it.
struct Both {
    ours: Area,
    theirs: Polygon<f64>,
}

impl Both {
    /// With a hole now and then: a ring shrunk towards a corner's neighbourhood is tried, and taken if it fits.
    fn new(dice: &mut Dice, middle: (i64, i64), radius: i64, step: i64) -> Option<Self> {
        let exterior = star(dice, middle, radius, step);
        let holes = match dice.below(3) {
            0 => vec![star(dice, middle, radius / 4, step)],
            _ => Vec::new(),
        };
        let slices: Vec<&[Position]> = holes.iter().map(Vec::as_slice).collect();
        let (ours, holes) = match (Area::turned(&exterior, &slices), Area::turned(&exterior, &[])) {
            (Ok(area), _) => (area, holes),
            (Err(_), Ok(area)) => (area, Vec::new()),
            (Err(_), Err(_)) => return None,
        };
        Some(Self { ours, theirs: polygon(&exterior, &holes) })
    }
}

/// Whether both agree on a pair; the pair is shown if not.
fn agree(one: &Both, two: &Both) -> bool {
    let theirs = one.theirs.intersects(&two.theirs);
    for (ours, how) in [(one.ours.touches(&two.ours), "one way"), (two.ours.touches(&one.ours), "the other")]
    {
        assert_eq!(ours, theirs, "{how}: {:?} and {:?}", one.theirs, two.theirs);
    }
    theirs
}

fn campaign(seed: u64, spread: i64, radius: i64, step: i64) {
    let mut dice = Dice(seed);
    let near = |dice: &mut Dice| loop {
        let middle = (dice.within(-spread, spread) / step * step, dice.within(-spread, spread) / step * step);
        if let Some(both) = Both::new(dice, middle, radius, step) {
            break both;
        }
    };
    let mut touching = 0;
    for _ in 0..PAIRS {
        let (one, two) = (near(&mut dice), near(&mut dice));
        touching += usize::from(agree(&one, &two));
    }
    assert!((PAIRS / 20..PAIRS * 19 / 20).contains(&touching), "{touching} of {PAIRS} touch: too one-sided");
}

#[test]
fn pairs_of_the_size_of_plans() {
    campaign(1, 3_000_000, 2_000_000, 1);
}

#[test]
fn pairs_on_a_coarse_grid_touch_nest_and_run_along_one_another() {
    campaign(2, 12, 12, 2);
}

#[test]
fn pairs_on_the_finest_grid() {
    campaign(3, 9, 7, 1);
}

#[test]
fn pairs_as_wide_as_continents() {
    campaign(4, 500_000_000, 380_000_000, 1);
}

#[test]
fn slivers() {
    let mut dice = Dice(5);
    let mut touching = 0;
    let mut tried = 0;
    let sliver = |dice: &mut Dice| {
        let (lat, lon) = (dice.within(-1_000, 1_000), dice.within(-1_000, 1_000));
        let (up, along) = (dice.within(-800_000_000, 800_000_000), dice.within(-800_000_000, 800_000_000));
        let at = |lat: i64, lon: i64| Position { lat: lat as i32, lon: lon as i32 };
        let exterior =
            [at(lat, lon), at(lat + up, lon + along), at(lat + up + dice.within(-2, 2), lon + along + 1)];
        let ours = Area::turned(&exterior, &[]).ok()?;
        Some(Both { ours, theirs: polygon(&exterior, &[]) })
    };
    while tried < PAIRS {
        let (Some(one), Some(two)) = (sliver(&mut dice), sliver(&mut dice)) else { continue };
        tried += 1;
        touching += usize::from(agree(&one, &two));
    }
    assert!((PAIRS / 20..PAIRS * 19 / 20).contains(&touching), "{touching} of {PAIRS} touch: too one-sided");
}

#[test]
fn what_is_shared_lies_in_the_box_of_what_is_shared() {
    let mut dice = Dice(6);
    let mut compared = 0;
    while compared < 2_000 {
        let some = |dice: &mut Dice| {
            let middle = (dice.within(-3_000_000, 3_000_000), dice.within(-3_000_000, 3_000_000));
            Both::new(dice, middle, 3_000_000, 1)
        };
        let (Some(one), Some(two)) = (some(&mut dice), some(&mut dice)) else { continue };
        let ours = one.ours.shared(&two.ours);
        assert_eq!(ours.is_some(), one.theirs.intersects(&two.theirs));
        assert_eq!(ours, two.ours.shared(&one.ours));
        // Their intersection is computed on a grid of its own, so it is no more exact than this.
        let Some((ours, theirs)) = ours.zip(one.theirs.intersection(&two.theirs).bounding_rect()) else {
            continue;
        };
        let near = |one: f64, two: f64| (one - two).abs() <= 3.0;
        assert!(
            near(ours.west as f64, theirs.min().x)
                && near(ours.east as f64, theirs.max().x)
                && near(ours.south.into(), theirs.min().y)
                && near(ours.north.into(), theirs.max().y),
            "{ours:?} {theirs:?}"
        );
        compared += 1;
    }
}

#[test]
fn rings_that_cross_themselves_are_refused_and_no_others() {
    let mut dice = Dice(7);
    let mut sound = 0;
    for round in 0..PAIRS {
        let size = if round % 2 == 0 { 6 } else { 1_000_000 };
        let corners = scribble(&mut dice, size);
        let ours = Area::turned(&corners, &[]);
        // Others pass over a corner that is given twice in a row, and over three corners on one line.
        let twice = corners.iter().zip(corners.iter().cycle().skip(1)).any(|(one, two)| one == two);
        let shape = polygon(&corners, &[]);
        let theirs = !twice && shape.signed_area() != 0.0 && shape.is_valid();
        assert_eq!(ours.is_ok(), theirs, "{corners:?}: {ours:?}");
        sound += usize::from(theirs);
    }
    assert!((PAIRS / 20..PAIRS * 19 / 20).contains(&sound), "{sound} of {PAIRS} are sound: too one-sided");
}
