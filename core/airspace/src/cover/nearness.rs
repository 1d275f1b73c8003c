//! How near places are to a ring or a leg, eight places at a time (spec/airspace.md §8).
//!
//! The same distances as [`Field`](super::earth::Field)'s, where all is within a quarter of a radian of a middle and away
//! from the poles: there sines are short polynomials, an edge is a chain of parabolas, and distances are compared as squared
//! chords. Together that is off by less than a tenth of a mm, a hundredth of what positions are rounded by. What is not
//! there is not taken.

use alloc::vec::Vec;
use core::ops::{Add, Mul, Sub};

use wide::f64x8;

use super::earth::{ECCENTRICITY, EQUATOR, UNIT, Vector};
use crate::area::Area;
use crate::position::{Position, around};

/// How far from the middle positions may be, in latitude and in longitude, 1e-7 degrees: a quarter of a radian, and the
/// next error terms of the sine and cosine are 6e-15 and 1e-16.
const WIDEST: i64 = 143_000_000;
/// The furthest latitude, 1e-7 degrees: 85°.
const POLEWARD: u32 = 850_000_000;
/// A piece of an edge is so short, in m at the equator and in radians of longitude, that a parabola stands for it.
const PIECE_M: f64 = 10_000.0;
const PIECE_LON: f64 = 0.02;
/// Most pieces; what has more is left to others.
const MOST_PIECES: usize = 4_096;
/// How many pieces are bounded together.
const GROUP: usize = 8;

/// A number, or eight.
pub(super) trait Number:
    Copy + From<f64> + Add<Output = Self> + Sub<Output = Self> + Mul<Output = Self>
{
}
impl Number for f64 {}
impl Number for f64x8 {}

/// A polynomial, from its highest coefficient down.
fn polynomial<T: Number, const N: usize>(at: T, coefficients: [f64; N]) -> T {
    coefficients.into_iter().fold(T::from(0.0), |sum, coefficient| sum * at + T::from(coefficient))
}

/// Sine and cosine of an angle of at most a quarter.
fn sincos<T: Number>(angle: T) -> (T, T) {
    let square = angle * angle;
    let sine = [1.0 / 362_880.0, -1.0 / 5_040.0, 1.0 / 120.0, -1.0 / 6.0, 1.0];
    let cosine = [-1.0 / 3_628_800.0, 1.0 / 40_320.0, -1.0 / 720.0, 1.0 / 24.0, -0.5, 1.0];
    (angle * polynomial(square, sine), polynomial(square, cosine))
}

/// A point of space, or eight of them, m; longitudes counted from the middle of the frame.
#[derive(Debug, Clone, Copy)]
pub(super) struct Spot<T> {
    x: T,
    y: T,
    z: T,
}

/// The two radii of curvature of the ellipsoid at a latitude, m.
#[derive(Debug, Clone, Copy)]
pub(super) struct Curve<T> {
    pub(super) sin: T,
    pub(super) cos: T,
    /// Across the meridian.
    pub(super) normal: T,
    /// Along it.
    pub(super) meridian: T,
}

/// What is near a middle.
#[derive(Debug, Clone, Copy)]
pub(super) struct Frame {
    middle: Position,
    sin: f64,
    cos: f64,
}

impl Frame {
    pub(super) fn around(middle: Position) -> Self {
        let (sin, cos) = libm::sincos(f64::from(middle.lat) * UNIT);
        Self { middle, sin, cos }
    }

    /// How far north and east of the middle a position is, 1e-7 degrees; nothing where that is too far.
    pub(super) fn offset(&self, at: Position) -> Option<(i64, i64)> {
        let north = i64::from(at.lat) - i64::from(self.middle.lat);
        let east = around(i64::from(at.lon) - i64::from(self.middle.lon));
        let near = north.abs() <= WIDEST && east.abs() <= WIDEST && at.lat.unsigned_abs() <= POLEWARD;
        near.then_some((north, east))
    }

    /// The nearest position to a place so far north and east of the middle, radians.
    pub(super) fn position(&self, north: f64, east: f64) -> Position {
        let whole = |radians: f64| libm::floor(radians / UNIT + 0.5) as i64;
        let lat = (i64::from(self.middle.lat) + whole(north)) as i32;
        Position { lat, lon: around(i64::from(self.middle.lon) + whole(east)) as i32 }
    }

    /// The earth's curvature so far north of the middle, radians.
    pub(super) fn curve<T: Number>(&self, north: T) -> Curve<T> {
        let (step_sin, step_cos) = sincos(north);
        let (middle_sin, middle_cos) = (T::from(self.sin), T::from(self.cos));
        let sin = middle_sin * step_cos + middle_cos * step_sin;
        let cos = middle_cos * step_cos - middle_sin * step_sin;
        // 1/√(1 − u) for u up to 0.0067: what is left out is 1e-16.
        let series = [231.0 / 1_024.0, 63.0 / 256.0, 35.0 / 128.0, 5.0 / 16.0, 3.0 / 8.0, 0.5, 1.0];
        let root = polynomial(sin * sin * T::from(ECCENTRICITY), series);
        let normal = root * T::from(EQUATOR);
        let meridian = normal * root * root * T::from(1.0 - ECCENTRICITY);
        Curve { sin, cos, normal, meridian }
    }

    /// The point of the ellipsoid so far north and east of the middle, radians.
    pub(super) fn spot<T: Number>(&self, north: T, east: T) -> Spot<T> {
        let Curve { sin, cos, normal, .. } = self.curve(north);
        let (east_sin, east_cos) = sincos(east);
        let flat = normal * cos;
        Spot { x: flat * east_cos, y: flat * east_sin, z: normal * sin * T::from(1.0 - ECCENTRICITY) }
    }
}

impl Spot<f64> {
    pub(super) fn vector(self) -> Vector {
        Vector { x: self.x, y: self.y, z: self.z }
    }
}

impl Spot<f64x8> {
    /// A middle of them, and how far from it, m, they are at most.
    fn ball(&self) -> Ball {
        let mean = |axis: f64x8| axis.reduce_add() / 8.0;
        let middle = Vector { x: mean(self.x), y: mean(self.y), z: mean(self.z) };
        let (x, y, z) = (self.x - middle.x, self.y - middle.y, self.z - middle.z);
        Ball { middle, reach: libm::sqrt(greatest(x * x + y * y + z * z)) }
    }

    /// How far, m, one is from the next at most, if they stand evenly in a row and each is rounded to a position.
    pub(super) fn step(&self) -> f64 {
        let ends = |axis: f64x8| {
            let [first, .., last] = axis.to_array();
            last - first
        };
        let row = Vector { x: ends(self.x), y: ends(self.y), z: ends(self.z) };
        row.length() / 7.0 + 0.03
    }
}

fn greatest(numbers: f64x8) -> f64 {
    numbers.to_array().into_iter().fold(f64::MIN, f64::max)
}

/// All within a reach, m, of a middle.
#[derive(Debug, Clone, Copy)]
struct Ball {
    middle: Vector,
    reach: f64,
}

impl Ball {
    /// Whether something of both is less than `most` apart.
    fn is_near(&self, other: &Self, most: f64) -> bool {
        let (apart, reach) = (self.middle - other.middle, self.reach + other.reach + most);
        apart.dot(apart) < reach * reach
    }
}

/// A piece of an edge: `middle + along·t + bend·t²`, t from -1 to 1.
#[derive(Debug, Clone, Copy)]
struct Piece {
    ball: Ball,
    along: Vector,
    bend: Vector,
    along_along: f64,
    along_bend: f64,
    bend_bend: f64,
}

impl Piece {
    fn new(from: Vector, middle: Vector, to: Vector) -> Self {
        let (along, bend) = ((to - from) * 0.5, (from + to) * 0.5 - middle);
        let reach = along.length() + bend.length();
        Self {
            ball: Ball { middle, reach },
            along,
            bend,
            along_along: along.dot(along),
            along_bend: along.dot(bend),
            bend_bend: bend.dot(bend),
        }
    }

    /// The squared chords from eight points to the nearest of it, m².
    fn squares(&self, spots: &Spot<f64x8>) -> f64x8 {
        let Vector { x, y, z } = self.ball.middle;
        let (x, y, z) = (spots.x - x, spots.y - y, spots.z - z);
        let on = |vector: Vector| x * vector.x + y * vector.y + z * vector.z;
        let (along, bend) = (on(self.along), on(self.bend));
        // Where the slope of the squared chord is nothing, terms in t³ and t⁴, of a millionth, left out.
        let steep = (f64x8::from(self.along_along) - (bend + bend)).fast_max(f64x8::from(f64::MIN_POSITIVE));
        let t = (along / steep).fast_max(f64x8::from(-1.0)).fast_min(f64x8::from(1.0));
        let quadratic = (t * self.bend_bend + 2.0 * self.along_bend) * t + self.along_along - bend - bend;
        (quadratic * t - along - along) * t + x * x + y * y + z * z
    }
}

/// Rings of straight edges, and how near places are to them.
#[derive(Debug)]
pub(super) struct Nearness {
    frame: Frame,
    pieces: Vec<Piece>,
    groups: Vec<Ball>,
    /// The piece that was nearest last: that of the next places is not far.
    last: usize,
}

impl Nearness {
    /// To rings, each closed, of one or two positions too, of places on the edges of `parts`; nothing where one of them
    /// is too far away.
    pub(super) fn new(rings: &[Vec<Position>], parts: &[&Area]) -> Option<Self> {
        let frame = Frame::around(*rings.first()?.first()?);
        let mut corners = parts.iter().flat_map(|part| part.rings().flatten());
        if !corners.all(|corner| frame.offset(corner).is_some()) {
            return None;
        }
        let mut pieces = Vec::with_capacity(rings.iter().map(Vec::len).sum());
        for ring in rings {
            let ends = ring.iter().zip(ring.iter().cycle().skip(1));
            // There and back is one way.
            let count = if ring.len() == 2 { 1 } else { ring.len() };
            for (from, to) in ends.take(count) {
                add_pieces(&frame, frame.offset(*from)?, frame.offset(*to)?, &mut pieces)?;
            }
        }
        let groups = pieces.chunks(GROUP).map(|group| {
            let sum = group.iter().fold(Vector::ZERO, |sum, piece| sum + piece.ball.middle);
            let middle = sum * (1.0 / group.len() as f64);
            let reaches = group.iter().map(|piece| (piece.ball.middle - middle).length() + piece.ball.reach);
            Ball { middle, reach: reaches.fold(0.0, f64::max) }
        });
        let groups = groups.collect();
        Some(Self { frame, pieces, groups, last: 0 })
    }

    /// The points of space of the places on an edge: its beginning and seven between, rounded to the nearest position.
    pub(super) fn spots(&self, from: Position, to: Position) -> Option<Spot<f64x8>> {
        let ((north, east), (to_north, to_east)) = (self.frame.offset(from)?, self.frame.offset(to)?);
        let radians = |start: i64, end: i64| {
            let mut part = 4 - (end - start);
            let places = [(); 8].map(|()| {
                part += end - start;
                (start + (part >> 3)) as f64
            });
            f64x8::from(places) * UNIT
        };
        Some(self.frame.spot(radians(north, to_north), radians(east, to_east)))
    }

    /// The squared chords from eight places to what is nearest to each of them, m².
    pub(super) fn squares(&mut self, spots: &Spot<f64x8>) -> f64x8 {
        let ball = spots.ball();
        let first = self.last;
        let Some(piece) = self.pieces.get(first) else { return f64x8::from(f64::MAX) };
        let mut least = piece.squares(spots);
        let mut most = libm::sqrt(greatest(least));
        for (number, (group, bound)) in self.pieces.chunks(GROUP).zip(&self.groups).enumerate() {
            if !ball.is_near(bound, most) {
                continue;
            }
            for (piece, place) in group.iter().zip(number * GROUP..) {
                if place == first || !ball.is_near(&piece.ball, most) {
                    continue;
                }
                let squares = piece.squares(spots);
                let [.., before] = least.to_array();
                let [.., found] = squares.to_array();
                if found < before {
                    self.last = place;
                }
                least = least.fast_min(squares);
                most = libm::sqrt(greatest(least));
            }
        }
        least
    }
}

/// Adds an edge between two offsets, in as many pieces as it takes.
fn add_pieces(frame: &Frame, from: (i64, i64), to: (i64, i64), pieces: &mut Vec<Piece>) -> Option<()> {
    let radians = |(north, east): (i64, i64)| (north as f64 * UNIT, east as f64 * UNIT);
    let ((north, east), (to_north, to_east)) = (radians(from), radians(to));
    let (up, along) = (to_north - north, to_east - east);
    let spot = |part: f64| frame.spot(north + part * up, east + part * along).vector();
    let mut begun = spot(0.0);
    let long = EQUATOR * (up.abs() + along.abs());
    let cos = frame.curve(north).cos.min(frame.curve(to_north).cos);
    let count = libm::ceil((long / (PIECE_M * cos)).max(along.abs() / PIECE_LON)).max(1.0);
    if pieces.len() as f64 + count > MOST_PIECES as f64 {
        return None;
    }
    for number in 0..count as usize {
        let part = |on: f64| (number as f64 + on) / count;
        let end = spot(part(1.0));
        pieces.push(Piece::new(begun, spot(part(0.5)), end));
        begun = end;
    }
    Some(())
}
