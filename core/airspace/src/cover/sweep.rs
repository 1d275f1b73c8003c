//! All that is within a distance of rings, as outlines finer than any cover (spec/airspace.md §8).
//!
//! Each edge sweeps a strip on its right, each corner a fan; what they and the area make up together is found in a plane
//! in which poles and the antimeridian are places like any other: the stereographic one around the middle. Strips and fans
//! never hold anything further away than the distance, so it does no harm where they overlap.

use alloc::vec::Vec;
use core::f64::consts::{PI, TAU};

use i_overlay::core::fill_rule::FillRule;
use i_overlay::core::overlay::Overlay;
use i_overlay::core::overlay_rule::OverlayRule;
use i_overlay::i_float::int::point::IntPoint;

use super::earth::{Place, Run, Vector};
use crate::fault::Fault;

/// A point of the plane, in tenths of a mm.
pub(super) type Dot = IntPoint<i64>;
/// An outline and those of its holes.
pub(super) type Outlines = Vec<Vec<Dot>>;

/// Tenths of a mm in a m.
const GRID: f64 = 10_000.0;
/// The radius of the sphere that is laid out, m.
const RADIUS: f64 = 6_371_008.8;
/// The least cosine of an angle from the middle: 154°.
const FURTHEST: f64 = -0.9;
/// How often an edge is halved at most.
const HALVINGS: u32 = 24;
/// Edges longer than this, in radians, are halved once in any case: one across the equator bends both ways.
const LONG: f64 = 0.001;
/// Most points of all strips and fans together.
const MOST_POINTS: usize = 400_000;

/// The plane around a middle.
#[derive(Debug, Clone, Copy)]
pub(super) struct Plane {
    east: Vector,
    north: Vector,
    up: Vector,
}

impl Plane {
    pub(super) fn around(middle: Place) -> Self {
        let (north, east) = middle.level();
        Self { east, north, up: middle.up() }
    }

    /// Where a place is.
    pub(super) fn dot(&self, place: Place) -> Result<Dot, Fault> {
        let direction = place.up();
        let height = direction.dot(self.up);
        if height < FURTHEST {
            return Err(Fault::NoCover);
        }
        let scale = 2.0 * RADIUS * GRID / (1.0 + height);
        let round = |value: f64| libm::round(value * scale) as i64;
        Ok(Dot::new(round(direction.dot(self.east)), round(direction.dot(self.north))))
    }

    /// The place there.
    pub(super) fn place(&self, x: f64, y: f64) -> Place {
        let (x, y) = (x / (2.0 * RADIUS * GRID), y / (2.0 * RADIUS * GRID));
        let square = x * x + y * y;
        let height = (1.0 - square) / (1.0 + square);
        let direction =
            self.east * (x * (1.0 + height)) + self.north * (y * (1.0 + height)) + self.up * height;
        let lat = libm::atan2(direction.z, libm::hypot(direction.x, direction.y));
        Place { lat, lon: libm::atan2(direction.y, direction.x) }
    }
}

/// What is swept.
pub(super) struct Sweep<'a> {
    plane: &'a Plane,
    /// How far, m.
    distance: f64,
    /// How far outlines may stray, m.
    fine: f64,
    /// The angle between points of a fan.
    step: f64,
    strips: Outlines,
    points: usize,
}

/// A point of an edge, and the one that is furthest on its right.
#[derive(Clone, Copy)]
struct Sample {
    at: Dot,
    right: Dot,
}

impl<'a> Sweep<'a> {
    pub(super) fn new(plane: &'a Plane, distance: f64, fine: f64, step: f64) -> Self {
        Self { plane, distance, fine, step, strips: Vec::new(), points: 0 }
    }

    /// Everything within the distance of rings, and, if they are `filled`, between them.
    pub(super) fn outlines(mut self, rings: &[Vec<Place>], filled: bool) -> Result<Vec<Outlines>, Fault> {
        for ring in rings {
            let outline = self.ring(ring)?;
            if filled {
                self.strips.push(outline);
            }
        }
        let mut overlay = Overlay::<i64>::from_subj(&self.strips);
        Ok(overlay.overlay(OverlayRule::Subject, FillRule::NonZero))
    }

    /// Sweeps a ring; returns the ring itself.
    fn ring(&mut self, corners: &[Place]) -> Result<Vec<Dot>, Fault> {
        let edges = corners.iter().zip(corners.iter().cycle().skip(1));
        let runs = edges.map(|(from, to)| Run::new(*from, to.beside(*from)));
        // What begins and ends in one place, at a pole, goes nowhere.
        let runs: Vec<Run> =
            runs.filter(|run| run.ahead(0.0).is_some() || run.ahead(0.5).is_some()).collect();
        let Some(last) = runs.last() else {
            let first = corners.first().ok_or(Fault::NoCover)?;
            let (north, _) = first.level();
            self.fan(*first, north, TAU)?;
            return Ok(Vec::new());
        };
        let mut outline = Vec::new();
        let mut before = last;
        for run in &runs {
            if let (Some(ended), Some(begun)) = (before.ahead(1.0), run.ahead(0.0)) {
                let up = run.from.up();
                let turn = libm::atan2(up.dot(ended.cross(begun)), ended.dot(begun));
                // All but turned around: to either side, since a fan too many does no harm.
                let turn = if turn.abs() > PI - 1e-6 { PI } else { turn };
                if turn > 0.0 {
                    self.fan(run.from, ended.cross(up), turn)?;
                }
            }
            self.strip(run, &mut outline)?;
            before = run;
        }
        Ok(outline)
    }

    /// All within the distance of a place, from a direction counter-clockwise.
    fn fan(&mut self, middle: Place, first: Vector, turn: f64) -> Result<(), Fault> {
        let Some(first) = first.unit() else { return Ok(()) };
        let second = middle.up().cross(first);
        let count = libm::ceil(turn / self.step - 1e-9).max(1.0);
        let whole = turn == TAU;
        let ends = if whole { count as usize } else { count as usize + 1 };
        let mut outline = Vec::with_capacity(ends + 1);
        if !whole {
            outline.push(self.plane.dot(middle)?);
        }
        for number in 0..ends {
            let (sin, cos) = libm::sincos(turn * number as f64 / count);
            outline.push(self.plane.dot(middle.towards(first * cos + second * sin, self.distance))?);
        }
        self.add(outline)
    }

    fn sample(&self, run: &Run, part: f64) -> Result<Sample, Fault> {
        let place = run.from.between(run.to, part);
        let at = self.plane.dot(place)?;
        // At a pole an edge may stand still: a little before or after it does not.
        let ahead = run.ahead(part).or_else(|| run.ahead(part + 1e-6)).or_else(|| run.ahead(part - 1e-6));
        let right = match ahead.and_then(|ahead| ahead.cross(place.up()).unit()) {
            Some(right) => self.plane.dot(place.towards(right, self.distance))?,
            None => at,
        };
        Ok(Sample { at, right })
    }

    /// The strip on the right of an edge; adds the edge itself to `outline`, without its end.
    fn strip(&mut self, run: &Run, outline: &mut Vec<Dot>) -> Result<(), Fault> {
        let long = (run.to.lat - run.from.lat).abs().max((run.to.lon - run.from.lon).abs()) > LONG;
        let mut open = alloc::vec![(1.0, self.sample(run, 1.0)?, u32::from(!long))];
        let (mut begun, mut from) = (0.0, self.sample(run, 0.0)?);
        while let Some((end, to, halved)) = open.last().copied() {
            let middle = (begun + end) / 2.0;
            let there = self.sample(run, middle)?;
            let straight = self.straight(from.at, there.at, to.at)
                && (self.straight(from.right, there.right, to.right) || folded(from, to).is_some());
            if halved == 0 || (!straight && halved < HALVINGS) {
                if let Some(last) = open.last_mut() {
                    last.2 += 1;
                }
                open.push((middle, there, halved + 1));
                if open.len() + self.points > MOST_POINTS {
                    return Err(Fault::NoCover);
                }
                continue;
            }
            open.pop();
            outline.push(from.at);
            self.quadrilateral(from, to)?;
            (begun, from) = (end, to);
        }
        Ok(())
    }

    /// Whether a point is all but half-way between two others.
    fn straight(&self, from: Dot, there: Dot, to: Dot) -> bool {
        let stray = |from: i64, there: i64, to: i64| (from + to - 2 * there) as f64 / 2.0;
        let (x, y) = (stray(from.x, there.x, to.x), stray(from.y, there.y, to.y));
        libm::hypot(x, y) <= self.fine * GRID
    }

    fn quadrilateral(&mut self, from: Sample, to: Sample) -> Result<(), Fault> {
        if let Some(fold) = folded(from, to) {
            return self.add(alloc::vec![from.at, fold, to.at]);
        }
        let one = [from.at, from.right, to.right];
        let two = [from.at, to.right, to.at];
        if area(one) > 0 && area(two) > 0 {
            return self.add(alloc::vec![from.at, from.right, to.right, to.at]);
        }
        for mut triangle in [one, two] {
            if area(triangle) < 0 {
                triangle.reverse();
            }
            self.add(triangle.to_vec())?;
        }
        Ok(())
    }

    fn add(&mut self, outline: Vec<Dot>) -> Result<(), Fault> {
        self.points += outline.len();
        if self.points > MOST_POINTS {
            return Err(Fault::NoCover);
        }
        self.strips.push(outline);
        Ok(())
    }
}

/// Where the lines to the right of two samples cross: what lies beyond is nearer to another part of the edge. Nothing
/// if they don't, or if the edge turns by much between the two.
fn folded(from: Sample, to: Sample) -> Option<Dot> {
    let (from_far, from_near) = (area([from.at, to.at, to.right]), area([from.right, to.at, to.right]));
    let (to_far, to_near) = (area([to.at, from.at, from.right]), area([to.right, from.at, from.right]));
    let crossing = from_far.signum() * from_near.signum() < 0 && to_far.signum() * to_near.signum() < 0;
    let length = |from: Dot, to: Dot| libm::hypot((to.x - from.x) as f64, (to.y - from.y) as f64);
    if !crossing || length(from.right, to.right) > 0.2 * length(from.at, from.right) {
        return None;
    }
    let part = from_far as f64 / (from_far - from_near) as f64;
    let along = |start: i64, end: i64| start + libm::round((end - start) as f64 * part) as i64;
    Some(Dot::new(along(from.at.x, from.right.x), along(from.at.y, from.right.y)))
}

/// Twice the area of a triangle, positive anticlockwise.
fn area([one, two, three]: [Dot; 3]) -> i128 {
    let difference = |one: i64, two: i64| i128::from(two - one);
    difference(one.x, two.x) * difference(one.y, three.y)
        - difference(one.y, two.y) * difference(one.x, three.x)
}

/// How wide an outline is at most, roughly, m: its area by half of its length.
pub(super) fn width(outline: &[Dot]) -> f64 {
    let Some(first) = outline.first().copied() else { return 0.0 };
    let (mut twice, mut length) = (0, 0.0);
    for (from, to) in outline.iter().zip(outline.iter().cycle().skip(1)) {
        twice += area([first, *from, *to]);
        length += libm::hypot((to.x - from.x) as f64, (to.y - from.y) as f64);
    }
    if length > 0.0 { twice.unsigned_abs() as f64 / length / GRID } else { 0.0 }
}

/// What of a shape is on each side of a line, with so much of the other side, m; the line stands across its longer side.
pub(super) fn split(shape: &Outlines, overlap: f64) -> [Vec<Outlines>; 2] {
    let dots = || shape.iter().flatten();
    let ends =
        |axis: fn(&Dot) -> i64| (dots().map(axis).min().unwrap_or(0), dots().map(axis).max().unwrap_or(0));
    let ((west, east), (south, north)) = (ends(|dot| dot.x), ends(|dot| dot.y));
    let more = (overlap * GRID) as i64;
    // Not in the middle, where a pole may be.
    let at = |low: i64, high: i64| low + (high - low) / 16 * 7;
    let rectangle = |west, south, east, north| {
        alloc::vec![
            Dot::new(west, south),
            Dot::new(east, south),
            Dot::new(east, north),
            Dot::new(west, north)
        ]
    };
    let halves = if east - west >= north - south {
        let line = at(west, east);
        [rectangle(west, south, line + more, north), rectangle(line - more, south, east, north)]
    } else {
        let line = at(south, north);
        [rectangle(west, south, east, line + more), rectangle(west, line - more, east, north)]
    };
    halves.map(|half| {
        let mut overlay = Overlay::<i64>::from_subj_and_clip(shape, &half);
        overlay.overlay(OverlayRule::Intersect, FillRule::NonZero)
    })
}
