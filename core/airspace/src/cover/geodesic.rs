//! Geodesics as straight edges: what other formats mean by an edge, said in ours (spec/airspace.md §8).
//!
//! An edge of an area is straight in longitude and latitude; others mean the shortest way over the ellipsoid. Positions
//! set along that way keep the two as close as is asked for. The way is followed through space, where poles are places
//! like any other: a body that moves on the ellipsoid without being pushed sideways.

use alloc::vec::Vec;
use core::f64::consts::PI;

use super::earth::{Place, Run, Vector, arc, curving};
use crate::area::MAX_CORNERS;
use crate::fault::Fault;
use crate::position::{HALF_TURN, Position, QUARTER, around};

/// The least error that can be asked for, mm: positions are whole.
pub const LEAST_ERROR_MM: u32 = 50;
/// What of an error is kept for rounding, m.
const ROUNDING: f64 = 0.02;
/// The longest step, m: errors of a step are below a hundredth of a mm.
const STEP_M: f64 = 20_000.0;
/// Ends that are further apart, m, could be joined either way around the world.
const FURTHEST_M: f64 = 18_000_000.0;
/// How often a way is aimed anew, and how well it then ends, m.
const TRIES: usize = 20;
const AIM_M: f64 = 1e-4;
/// Places between two positions that are looked at.
const LOOKS: usize = 8;
/// How often a way is halved at most.
const HALVINGS: u32 = 40;
const RADIUS: f64 = 6_371_008.8;

/// Where somebody on the way is, and where to.
#[derive(Debug, Clone, Copy)]
struct Stage {
    spot: Vector,
    ahead: Vector,
}

impl Stage {
    /// A step further, m (Runge and Kutta's of fourth order).
    fn step(self, length: f64) -> Self {
        let after = |stage: &Self, by: f64| Self {
            spot: self.spot + stage.spot * by,
            ahead: self.ahead + stage.ahead * by,
        };
        let slope = |stage: &Self| Self { spot: stage.ahead, ahead: curving(stage.spot, stage.ahead) };
        let one = slope(&self);
        let two = slope(&after(&one, length / 2.0));
        let three = slope(&after(&two, length / 2.0));
        let four = slope(&after(&three, length));
        let sum = |axis: fn(&Self) -> Vector| {
            (axis(&one) + axis(&two) * 2.0 + axis(&three) * 2.0 + axis(&four)) * (length / 6.0)
        };
        Self { spot: self.spot + sum(|stage| stage.spot), ahead: self.ahead + sum(|stage| stage.ahead) }
    }
}

/// A shortest way: stages at even steps.
struct Way {
    stages: Vec<Stage>,
    step: f64,
}

impl Way {
    fn follow(from: Vector, ahead: Vector, length: f64) -> Self {
        let count = libm::ceil(length / STEP_M).max(1.0);
        let step = length / count;
        let mut stage = Stage { spot: from, ahead };
        let mut stages = alloc::vec![stage];
        for _ in 0..count as usize {
            stage = stage.step(step);
            stages.push(stage);
        }
        Self { stages, step }
    }

    /// The way between two places, found by aiming.
    fn between(from: Place, to: Place) -> Result<Self, Fault> {
        let either = Fault::WhichWay { ring: 0, edge: 0 };
        let (start, end, up) = (from.spot(), to.spot(), from.up());
        let chord = end - start;
        let mut length = arc(chord.length());
        if length > FURTHEST_M {
            return Err(either);
        }
        let level = |vector: Vector| (vector - up * vector.dot(up)).unit();
        let Some(mut ahead) = level(chord) else { return Ok(Self::follow(start, chord, 0.0)) };
        for _ in 0..TRIES {
            let way = Self::follow(start, ahead, length);
            let Some(last) = way.stages.last() else { break };
            let miss = end - last.spot;
            if miss.length() < AIM_M {
                return Ok(way);
            }
            let left = last.spot.place().up().cross(last.ahead);
            length += miss.dot(last.ahead);
            let turn = miss.dot(left) / (RADIUS * libm::sin((length / RADIUS).clamp(1e-9, PI - 0.05)));
            ahead = level(ahead + up.cross(ahead) * turn).ok_or_else(|| either.clone())?;
        }
        Err(either)
    }

    fn length(&self) -> f64 {
        self.step * self.stages.len().saturating_sub(1) as f64
    }

    /// The place so far along, m: the cubic through two stages.
    fn at(&self, length: f64) -> Vector {
        let last = self.stages.len().saturating_sub(2);
        let number = if self.step > 0.0 { (length / self.step) as usize } else { 0 }.min(last);
        let (Some(one), Some(two)) = (self.stages.get(number), self.stages.get(number + 1)) else {
            return Vector::ZERO;
        };
        let t = if self.step > 0.0 { length / self.step - number as f64 } else { 0.0 };
        let rest = 1.0 - t;
        one.spot * ((1.0 + 2.0 * t) * rest * rest)
            + one.ahead * (self.step * t * rest * rest)
            + two.spot * (t * t * (3.0 - 2.0 * t))
            - two.ahead * (self.step * t * t * rest)
    }
}

/// Positions along the geodesic from one position to another, both included: no straight edge between two of them in
/// a row strays from it by more than `error_mm`.
///
/// # Errors
/// [`Fault::Position`]; [`Fault::Distance`] for an error of less than [`LEAST_ERROR_MM`]; [`Fault::WhichWay`] for ends
/// more than 18,000 km apart; [`Fault::NoCover`] if more than 1,024 positions are needed.
pub fn densified(from: Position, to: Position, error_mm: u32) -> Result<Vec<Position>, Fault> {
    let (from, to) = (from.checked(0, 0)?, to.checked(0, 1)?);
    if error_mm < LEAST_ERROR_MM {
        let (least_mm, most_mm, mm) = (LEAST_ERROR_MM.into(), u32::MAX.into(), error_mm.into());
        return Err(Fault::Distance { least_mm, most_mm, mm });
    }
    let error = f64::from(error_mm) / 1_000.0 - ROUNDING;
    let way = Way::between(Place::of(from), Place::of(to))?;
    let mut found = alloc::vec![from];
    let mut open = alloc::vec![(way.length(), to, 0_u32)];
    let (mut begun, mut here) = (0.0, from);
    while let Some((end, there, halved)) = open.last().copied() {
        if halved < HALVINGS && strays(&way, (begun, here), (end, there), error) {
            if let Some(last) = open.last_mut() {
                last.2 += 1;
            }
            let middle = (begun + end) / 2.0;
            open.push((middle, way.at(middle).place().rounded(), halved + 1));
            continue;
        }
        open.pop();
        if around(i64::from(there.lon) - i64::from(here.lon)) == -i64::from(HALF_TURN) {
            // From one side of a pole to the other, by way of it.
            let lat = if there.lat > 0 { QUARTER } else { -QUARTER };
            let lon = around(i64::from(here.lon) + i64::from(HALF_TURN) / 2) as i32;
            found.push(Position { lat, lon });
        }
        if found.last() != Some(&there) {
            found.push(there);
        }
        if found.len() > MAX_CORNERS {
            return Err(Fault::NoCover);
        }
        (begun, here) = (end, there);
    }
    Ok(found)
}

/// A ring of geodesic edges, its first position not repeated, as a ring of straight ones.
///
/// # Errors
/// As for [`densified`], with the edge of the ring.
pub fn densified_ring(corners: &[Position], error_mm: u32) -> Result<Vec<Position>, Fault> {
    let mut found = Vec::new();
    let edges = corners.iter().zip(corners.iter().cycle().skip(1));
    for (edge, (from, to)) in edges.enumerate() {
        let positions = densified(*from, *to, error_mm).map_err(|fault| match fault {
            Fault::WhichWay { ring, .. } => Fault::WhichWay { ring, edge },
            fault => fault,
        })?;
        found.extend(positions.split_last().map_or(&[][..], |(_, before)| before));
        if found.len() > MAX_CORNERS {
            return Err(Fault::NoCover);
        }
    }
    Ok(found)
}

/// Whether a straight edge between two positions of a way strays from it.
fn strays(way: &Way, from: (f64, Position), to: (f64, Position), error: f64) -> bool {
    let first = Place::of(from.1);
    let run = Run::new(first, Place::of(to.1).beside(first));
    if (run.to.lon - run.from.lon).abs() > PI * 0.97 {
        return to.0 - from.0 > error;
    }
    let at = |look: usize| way.at(from.0 + (to.0 - from.0) * look as f64 / LOOKS as f64);
    (1..LOOKS).any(|look| run.chord(at(look), f64::MAX) > error * 0.9)
}
