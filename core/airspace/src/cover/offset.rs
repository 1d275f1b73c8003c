//! Outlines put straight out: corners around a position, a leg or a ring, without any overlay (spec/airspace.md §8).
//!
//! Each edge moves out by the distance and a little; where two meet they are mitred, and where they turn too far for
//! that a fan of corners stands between. Offsets are of second order in how far out they are, and so for what is ordinary:
//! small against the earth, away from the poles, without holes. Nothing rests on it: an outline from here that is
//! not a ring, or does not pass the check, is made in another way.

use alloc::vec::Vec;
use core::f64::consts::{PI, TAU};

use super::earth::{MEAN, UNIT};
use super::nearness::{Curve, Frame};
use super::{ROUNDING, SLACK};
use crate::area::MAX_CORNERS;
use crate::position::Position;

/// What is left of the room between the shape and the tolerance for what second order leaves out.
const FINE: f64 = 1.0 / 64.0;
/// What of the room long edges may take by bending otherwise than what they are beside.
const BEND: f64 = 1.0 / 8.0;
/// The sharpest turn to the right that is mitred: the least sum of 1 and its cosine.
const SHARPEST: f64 = 0.1;

/// A level vector, m: east and north.
#[derive(Debug, Clone, Copy)]
struct Level {
    east: f64,
    north: f64,
}

impl Level {
    fn dot(self, other: Self) -> f64 {
        self.east * other.east + self.north * other.north
    }

    fn cross(self, other: Self) -> f64 {
        self.east * other.north - self.north * other.east
    }

    fn plus(self, other: Self) -> Self {
        Self { east: self.east + other.east, north: self.north + other.north }
    }

    fn times(self, by: f64) -> Self {
        Self { east: self.east * by, north: self.north * by }
    }
}

/// A corner of what is gone around, or a place on a long edge of it; radians from the middle of the frame.
#[derive(Debug, Clone, Copy)]
struct Station {
    north: f64,
    east: f64,
    curve: Curve<f64>,
    /// On an edge, to keep what is beside it in line.
    between: bool,
    /// To the right of the edge that ends here, and of the one that begins, of length 1.
    ended: Level,
    begun: Level,
    /// How long the edge is that begins here, m.
    length: f64,
}

impl Station {
    fn new(frame: &Frame, north: f64, east: f64, between: bool) -> Self {
        let none = Level { east: 1.0, north: 0.0 };
        Self { north, east, curve: frame.curve(north), between, ended: none, begun: none, length: 0.0 }
    }

    /// To the right of the straight way to another station, and how long that is, m.
    fn right(&self, to: &Self) -> (Level, f64) {
        let east = (to.east - self.east) * self.curve.normal * self.curve.cos;
        let north = (to.north - self.north) * self.curve.meridian;
        let length = libm::sqrt(east * east + north * north);
        (Level { east: north / length, north: -east / length }, length)
    }

    /// Where another station is, as seen from this one, to second order.
    fn towards(&self, to: &Self) -> Level {
        let Curve { sin, cos, normal, meridian } = self.curve;
        let (north, east) = ((to.north - self.north) * meridian, (to.east - self.east) * normal * cos);
        let steep = sin / (cos * normal);
        Level { east: east * (1.0 - north * steep), north: north + east * east * steep / 2.0 }
    }

    /// The place in a direction, to second order, and as far as it should be, m; radians from the middle.
    fn away(&self, frame: &Frame, to: Level) -> (f64, f64) {
        let Curve { sin, cos, normal, meridian } = self.curve;
        let steep = sin / (cos * normal);
        let north = (to.north - to.east * to.east * steep / 2.0) / meridian;
        let east = to.east * (1.0 + to.north * steep) / (normal * cos);
        let square = to.dot(to);
        let chord = libm::sqrt(square) * (1.0 - square / (24.0 * MEAN * MEAN));
        let spot = |north: f64, east: f64| frame.spot(self.north + north, self.east + east).vector();
        let found = (spot(north, east) - spot(0.0, 0.0)).length();
        let scale = chord / found;
        (self.north + north * scale, self.east + east * scale)
    }

    /// The turn to the left here: its sine and cosine.
    fn turn(&self) -> (f64, f64) {
        (self.ended.cross(self.begun), self.ended.dot(self.begun))
    }

    /// What a mitre takes of both edges where they turn to the right, by how far out it is.
    fn taken(&self) -> f64 {
        let (sin, cos) = self.turn();
        if sin < 0.0 { -sin / (1.0 + cos).max(f64::MIN_POSITIVE) } else { 0.0 }
    }
}

/// How far out an outline is.
#[derive(Debug, Clone, Copy)]
struct Reach {
    /// Its edges, and its corners at most, m.
    inner: f64,
    outer: f64,
    /// The widest turn of a mitre: half of it, and the cosine of all of it.
    half: f64,
    cos: f64,
    /// The longest edge beside which one edge may run, m.
    longest: f64,
}

impl Reach {
    /// For what is around these corners.
    fn new(distance_mm: u32, tolerance_ppm: u32, corners: &[Station]) -> Option<Self> {
        let most = |of: fn(&Station) -> f64| corners.iter().map(of).fold(0.0, f64::max);
        let steep = most(|corner| (corner.curve.sin / corner.curve.cos).abs());
        let (length, taken) = (most(|corner| corner.length), most(Station::taken));
        let distance = f64::from(distance_mm) / 1_000.0;
        let spare = distance * f64::from(tolerance_ppm) / 1e6 + SLACK - 2.0 * ROUNDING;
        let outer = distance + ROUNDING + spare * (1.0 - FINE);
        let (far, bent) = (outer / MEAN, 1.0 + 2.0 * steep * steep);
        // A straight edge beside another that is so long, m, strays by its square times this.
        let bend = outer * bent / (8.0 * MEAN * MEAN);
        let longest = libm::sqrt(BEND * spare / bend);
        let (length, taken) = (length.min(longest), taken * outer);
        // Where a mitre takes something of an edge, that has bent by then.
        let strayed = bend * length * length + 0.6 * steep * taken * taken / MEAN;
        let lift = spare * (FINE + 1.2 * far * steep + 2.0 * far * far * bent) + strayed;
        let inner = distance + ROUNDING + lift;
        let ratio = inner / outer;
        (lift < spare / 2.0).then(|| Self {
            inner,
            outer,
            half: libm::acos(ratio),
            cos: 2.0 * ratio * ratio - 1.0,
            longest,
        })
    }
}

/// The corners of an outline around a closed ring of one, two or more positions, anticlockwise; nothing where that is not
/// to be had so.
pub(super) fn outline(ring: &[Position], distance_mm: u32, tolerance_ppm: u32) -> Option<Vec<Position>> {
    let frame = Frame::around(*ring.first()?);
    let mut corners = Vec::with_capacity(ring.len());
    for corner in ring {
        let (north, east) = frame.offset(*corner)?;
        corners.push(Station::new(&frame, north as f64 * UNIT, east as f64 * UNIT, false));
    }
    corners.dedup_by_key(|corner| (corner.north, corner.east));
    link(&mut corners);
    let reach = Reach::new(distance_mm, tolerance_ppm, &corners)?;
    let stations = stations(&frame, &corners, &reach)?;
    let mut walk = Walk { frame, reach, corners: Vec::with_capacity(stations.len() + 80) };
    match stations.as_slice() {
        [] => walk.fan(corners.first()?, Level { east: 0.0, north: -1.0 }, TAU),
        stations => walk.around(stations)?,
    }
    (walk.corners.len() <= MAX_CORNERS).then_some(walk.corners)
}

/// The corners, and places between where edges are long; none where there is one corner only.
fn stations(frame: &Frame, corners: &[Station], reach: &Reach) -> Option<Vec<Station>> {
    if corners.len() < 2 {
        return Some(Vec::new());
    }
    let mut stations = Vec::with_capacity(corners.len());
    for (from, to) in corners.iter().zip(corners.iter().cycle().skip(1)) {
        let count = libm::ceil(from.length / reach.longest).max(1.0);
        if stations.len() as f64 + count > MAX_CORNERS as f64 {
            return None;
        }
        stations.push(*from);
        for number in 1..count as usize {
            let part = number as f64 / count;
            let (north, east) = (to.north - from.north, to.east - from.east);
            stations.push(Station::new(frame, from.north + part * north, from.east + part * east, true));
        }
    }
    link(&mut stations);
    let mut edges = stations.iter().zip(stations.iter().cycle().skip(1));
    let room = |(from, to): (&Station, &Station)| {
        let (_, cos) = from.turn();
        let taken = (from.taken() + to.taken()) * reach.inner;
        taken == 0.0 || (taken < from.length && 1.0 + cos > SHARPEST)
    };
    edges.all(room).then_some(stations)
}

/// Tells every station of a ring, of two or more, of the edges before and after it.
fn link(stations: &mut [Station]) {
    let [first, .., last] = stations else { return };
    let (first, mut before) = (*first, *last);
    let mut rest = stations.iter_mut().peekable();
    while let Some(here) = rest.next() {
        let next = rest.peek().map_or(first, |next| **next);
        // To the right of the way ahead is to the left of the way back.
        let (back, _) = here.right(&before);
        here.ended = back.times(-1.0);
        (here.begun, here.length) = here.right(&next);
        before = *here;
    }
}

/// An outline on its way around.
struct Walk {
    frame: Frame,
    reach: Reach,
    corners: Vec<Position>,
}

impl Walk {
    fn around(&mut self, stations: &[Station]) -> Option<()> {
        let mut rest = stations;
        while let Some((here, others)) = rest.split_first() {
            let (sin, cos) = here.turn();
            if cos >= self.reach.cos || (sin < 0.0 && 1.0 + cos > SHARPEST) {
                let mitre = here.ended.plus(here.begun).times(self.reach.inner / (1.0 + cos));
                let (mitre, left_out) =
                    if sin < 0.0 || here.between { (mitre, 0) } else { self.further(here, others, mitre) };
                self.put(here, mitre);
                rest = others.get(left_out..)?;
            } else {
                // There and back is half a turn, whatever a sine of all but nothing says.
                let turn = if cos < 0.0 && sin.abs() < 1e-6 { PI } else { libm::atan2(sin, cos) };
                self.fan(here, here.ended, turn);
                rest = others;
            }
            if self.corners.len() > MAX_CORNERS {
                return None;
            }
        }
        Some(())
    }

    /// One corner for as many stations as it can stand for: where it is from the first of them, and how many others it
    /// stands for.
    fn further(&self, here: &Station, others: &[Station], mitre: Level) -> (Level, usize) {
        let (mut corner, mut count) = (mitre, 0);
        for (number, next) in (1..).zip(others) {
            let (one, two) = (here.ended, next.begun);
            let sin = one.cross(two);
            if next.between || sin <= 1e-9 || one.dot(two) < self.reach.cos || next.turn().0 < 0.0 {
                break;
            }
            // Where the lines beside the edges before and after meet.
            let (near, far) = (self.reach.inner, self.reach.inner + two.dot(here.towards(next)));
            let meeting = Level {
                east: (near * two.north - one.north * far) / sin,
                north: (one.east * far - near * two.east) / sin,
            };
            let mut gone = core::iter::once(here).chain(others.iter().take(number));
            let is_near = |station: &Station| {
                let apart = meeting.plus(here.towards(station).times(-1.0));
                apart.dot(apart) <= self.reach.outer * self.reach.outer
            };
            if !gone.any(is_near) {
                break;
            }
            (corner, count) = (meeting, number);
        }
        (corner, count)
    }

    /// Corners for a turn to the left, from a direction on.
    fn fan(&mut self, here: &Station, first: Level, turn: f64) {
        let count = libm::ceil(turn / (2.0 * self.reach.half)).max(1.0);
        let (sin, cos) = libm::sincos(turn / (2.0 * count));
        let turned = |level: Level| Level {
            east: level.east * cos - level.north * sin,
            north: level.east * sin + level.north * cos,
        };
        let mut direction = turned(first.times(self.reach.inner / cos));
        for _ in 0..count as usize {
            self.put(here, direction);
            direction = turned(turned(direction));
        }
    }

    fn put(&mut self, here: &Station, to: Level) {
        let (north, east) = here.away(&self.frame, to);
        let corner = self.frame.position(north, east);
        if self.corners.last() != Some(&corner) {
            self.corners.push(corner);
        }
    }
}
