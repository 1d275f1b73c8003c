//! Places and distances on the ellipsoid, in doubles (spec/airspace.md §8). No verdict rests on any of it.

use alloc::vec::Vec;
use core::f64::consts::{FRAC_PI_2, PI, TAU};
use core::ops::{Add, Mul, Sub};

use crate::area::Area;
use crate::position::{Position, QUARTER};

/// WGS84: the equator's radius in m, the flattening, the square of the eccentricity.
pub(super) const EQUATOR: f64 = 6_378_137.0;
const FLATTENING: f64 = 1.0 / 298.257_223_563;
pub(super) const ECCENTRICITY: f64 = FLATTENING * (2.0 - FLATTENING);
/// The radius, in m, by which chords become distances.
pub(super) const MEAN: f64 = 6_371_008.8;
/// The greatest radius of curvature, at the poles.
const FLATTEST: f64 = EQUATOR / (1.0 - FLATTENING);
/// Radians in a unit of a position.
pub(super) const UNIT: f64 = PI / 1_800_000_000.0;
/// A run is so short, in m and in radians of longitude, that the square of a distance to it is a parabola.
const SHORT_M: f64 = 20_000.0;
const SHORT_LON: f64 = 0.02;
/// How often that parabola is drawn anew around its bottom, and how much narrower each time.
const NARROWINGS: usize = 2;
const NARROWER: f64 = 16.0;
/// How many runs are bounded together.
const GROUP: usize = 16;

/// A point of space or a direction, m, from the middle of the earth.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Vector {
    pub(super) x: f64,
    pub(super) y: f64,
    pub(super) z: f64,
}

impl Vector {
    pub(super) const ZERO: Self = Self { x: 0.0, y: 0.0, z: 0.0 };

    pub(super) fn dot(self, other: Self) -> f64 {
        self.x * other.x + self.y * other.y + self.z * other.z
    }

    pub(super) fn cross(self, other: Self) -> Self {
        Self {
            x: self.y * other.z - self.z * other.y,
            y: self.z * other.x - self.x * other.z,
            z: self.x * other.y - self.y * other.x,
        }
    }

    pub(super) fn length(self) -> f64 {
        libm::sqrt(self.dot(self))
    }

    /// The direction alone; nothing for what has none.
    pub(super) fn unit(self) -> Option<Self> {
        let length = self.length();
        (length > 1e-9).then(|| self * (1.0 / length))
    }

    /// Its point on the ellipsoid itself, for points near it.
    pub(super) fn place(self) -> Place {
        let flat = libm::hypot(self.x, self.y);
        let (sin, cos) = libm::sincos(libm::atan2(self.z, flat * (1.0 - FLATTENING)));
        let polar = EQUATOR * (1.0 - FLATTENING);
        let lift = ECCENTRICITY / (1.0 - ECCENTRICITY) * polar * sin * sin * sin;
        let lat = libm::atan2(self.z + lift, flat - ECCENTRICITY * EQUATOR * cos * cos * cos);
        Place { lat, lon: libm::atan2(self.y, self.x) }
    }
}

impl Add for Vector {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self { x: self.x + other.x, y: self.y + other.y, z: self.z + other.z }
    }
}

impl Sub for Vector {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self { x: self.x - other.x, y: self.y - other.y, z: self.z - other.z }
    }
}

impl Mul<f64> for Vector {
    type Output = Self;
    fn mul(self, by: f64) -> Self {
        Self { x: self.x * by, y: self.y * by, z: self.z * by }
    }
}

/// How the direction of something changes that moves over the ellipsoid straight ahead, a m.
pub(super) fn curving(spot: Vector, ahead: Vector) -> Vector {
    let polar = EQUATOR * (1.0 - FLATTENING);
    let scaled = |vector: Vector| Vector {
        x: vector.x / (EQUATOR * EQUATOR),
        y: vector.y / (EQUATOR * EQUATOR),
        z: vector.z / (polar * polar),
    };
    let out = scaled(spot);
    out * (-ahead.dot(scaled(ahead)) / out.dot(out))
}

/// The distance, in m, of points that are a chord apart.
pub(super) fn arc(chord: f64) -> f64 {
    2.0 * MEAN * libm::asin((chord / (2.0 * MEAN)).min(1.0))
}

/// The chord, in m, of points a distance apart.
pub(super) fn chord(distance: f64) -> f64 {
    2.0 * MEAN * libm::sin(distance / (2.0 * MEAN))
}

/// Latitude and longitude in radians; the longitude may be counted on beyond half a turn.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Place {
    pub(super) lat: f64,
    pub(super) lon: f64,
}

impl Place {
    pub(super) fn of(position: Position) -> Self {
        Self { lat: f64::from(position.lat) * UNIT, lon: f64::from(position.lon) * UNIT }
    }

    /// The nearest position.
    pub(super) fn rounded(self) -> Position {
        let lat = libm::round(self.lat / UNIT) as i32;
        let lon = crate::position::around(libm::round(self.lon / UNIT) as i64);
        Position { lat: lat.clamp(-QUARTER, QUARTER), lon: lon as i32 }
    }

    /// The same place, its longitude at most half a turn from another's.
    pub(super) fn beside(self, other: Self) -> Self {
        let turns = libm::round((self.lon - other.lon) / TAU);
        Self { lon: self.lon - turns * TAU, ..self }
    }

    pub(super) fn between(self, other: Self, part: f64) -> Self {
        Self { lat: self.lat + part * (other.lat - self.lat), lon: self.lon + part * (other.lon - self.lon) }
    }

    pub(super) fn spot(self) -> Vector {
        let ((sin, cos), (sin_lon, cos_lon)) = (libm::sincos(self.lat), libm::sincos(self.lon));
        let normal = EQUATOR / libm::sqrt(1.0 - ECCENTRICITY * sin * sin);
        Vector {
            x: normal * cos * cos_lon,
            y: normal * cos * sin_lon,
            z: normal * (1.0 - ECCENTRICITY) * sin,
        }
    }

    /// Straight up.
    pub(super) fn up(self) -> Vector {
        let ((sin, cos), (sin_lon, cos_lon)) = (libm::sincos(self.lat), libm::sincos(self.lon));
        Vector { x: cos * cos_lon, y: cos * sin_lon, z: sin }
    }

    /// North and east.
    pub(super) fn level(self) -> (Vector, Vector) {
        let ((sin, cos), (sin_lon, cos_lon)) = (libm::sincos(self.lat), libm::sincos(self.lon));
        let north = Vector { x: -sin * cos_lon, y: -sin * sin_lon, z: cos };
        (north, Vector { x: -sin_lon, y: cos_lon, z: 0.0 })
    }

    /// The place that far away, m, in a level direction of length 1.
    pub(super) fn towards(self, direction: Vector, distance: f64) -> Self {
        let (here, up) = (self.spot(), self.up());
        let wanted = chord(distance);
        let mut angle = distance / MEAN;
        let mut place = self;
        for _ in 0..4 {
            let ahead = direction * (MEAN * libm::sin(angle));
            place = (here + ahead - up * (MEAN * (1.0 - libm::cos(angle)))).place();
            angle *= wanted / (place.spot() - here).length();
        }
        place.beside(self)
    }
}

/// A straight edge, or a part of one.
#[derive(Debug, Clone, Copy)]
pub(super) struct Run {
    pub(super) from: Place,
    pub(super) to: Place,
    ends: [Vector; 2],
    middle: Vector,
    /// No point of it is further from the middle, m.
    reach: f64,
}

impl Run {
    /// From a place to another, whose longitude is counted on from the first.
    pub(super) fn new(from: Place, to: Place) -> Self {
        Self::with_ends(from, to, [from.spot(), to.spot()])
    }

    fn with_ends(from: Place, to: Place, ends: [Vector; 2]) -> Self {
        let low = if from.lat * to.lat <= 0.0 { 0.0 } else { from.lat.abs().min(to.lat.abs()) };
        let across = libm::cos(low.min(FRAC_PI_2)) * (to.lon - from.lon);
        let reach = FLATTEST * libm::hypot(to.lat - from.lat, across) / 2.0;
        Self { from, to, ends, middle: from.between(to, 0.5).spot(), reach }
    }

    fn halves(&self) -> [Self; 2] {
        let middle = self.from.between(self.to, 0.5);
        let [from, to] = self.ends;
        [
            Self::with_ends(self.from, middle, [from, self.middle]),
            Self::with_ends(middle, self.to, [self.middle, to]),
        ]
    }

    /// The way ahead at a part of it, level, of length 1; nothing where it stays in one place.
    pub(super) fn ahead(&self, part: f64) -> Option<Vector> {
        let place = self.from.between(self.to, part);
        let ((sin, cos), (north, east)) = (libm::sincos(place.lat), place.level());
        let squared = 1.0 - ECCENTRICITY * sin * sin;
        let along_meridian = EQUATOR * (1.0 - ECCENTRICITY) / (squared * libm::sqrt(squared));
        let along_parallel = EQUATOR / libm::sqrt(squared) * cos.max(0.0);
        let up = north * (along_meridian * (self.to.lat - self.from.lat));
        (up + east * (along_parallel * (self.to.lon - self.from.lon))).unit()
    }

    /// The chord from a point to the nearest of it, m, if that is less than `most`; otherwise `most`.
    pub(super) fn chord(&self, spot: Vector, most: f64) -> f64 {
        let apart = (spot - self.middle).length();
        if apart - self.reach >= most {
            return most;
        }
        if 2.0 * self.reach > SHORT_M || (self.to.lon - self.from.lon).abs() > SHORT_LON {
            let [one, two] = self.halves();
            let (near, far) =
                if (spot - one.middle).dot(spot - one.middle) <= (spot - two.middle).dot(spot - two.middle) {
                    (one, two)
                } else {
                    (two, one)
                };
            return far.chord(spot, near.chord(spot, most));
        }
        let (mut part, mut width) = (0.5, 0.5);
        let mut squares = [self.ends[0], self.middle, self.ends[1]].map(|end| (spot - end).dot(spot - end));
        for _ in 0..NARROWINGS {
            part += bottom(squares).0 * width;
            width /= NARROWER;
            part = part.clamp(width, 1.0 - width);
            squares = [part - width, part, part + width].map(|part| {
                let apart = self.from.between(self.to, part).spot() - spot;
                apart.dot(apart)
            });
        }
        most.min(libm::sqrt(bottom(squares).1))
    }
}

/// Where between -1 and 1 the parabola through three points, at -1, 0 and 1, is least, and its value there.
fn bottom([from, middle, to]: [f64; 3]) -> (f64, f64) {
    let (bend, slope) = ((from + to) / 2.0 - middle, (to - from) / 2.0);
    if bend > 0.0 && slope.abs() < 2.0 * bend {
        (-slope / (2.0 * bend), (middle - slope * slope / (4.0 * bend)).max(0.0))
    } else if from < to {
        (-1.0, from)
    } else {
        (1.0, to)
    }
}

/// What a shape is around, and how far places are from it.
#[derive(Debug)]
pub(super) struct Field<'a> {
    runs: Vec<Run>,
    /// Around each so many runs, a middle and a reach.
    groups: Vec<(Vector, f64)>,
    /// Inside of it is no distance.
    area: Option<&'a Area>,
}

impl<'a> Field<'a> {
    /// Around rings of places, each closed; of one or two places too.
    pub(super) fn new(rings: &[Vec<Place>], area: Option<&'a Area>) -> Self {
        let mut runs = Vec::new();
        for ring in rings {
            for (from, to) in ring.iter().zip(ring.iter().cycle().skip(1)) {
                runs.push(Run::new(*from, to.beside(*from)));
            }
        }
        let groups = runs.chunks(GROUP).map(|group| {
            let middles = group.iter().map(|run| run.middle);
            let sum = middles.reduce(|one, two| one + two).unwrap_or(Vector::ZERO);
            let middle = sum * (1.0 / group.len() as f64);
            let reaches = group.iter().map(|run| (run.middle - middle).length() + run.reach);
            (middle, reaches.fold(0.0, f64::max))
        });
        let groups = groups.collect();
        Self { runs, groups, area }
    }

    /// How far a place is, m.
    pub(super) fn distance(&self, place: Place) -> f64 {
        if self.area.is_some_and(|area| area.holds(place.rounded())) {
            return 0.0;
        }
        let spot = place.spot();
        let near = |(middle, reach): &(Vector, f64)| (spot - *middle).length() + reach;
        let mut least = self.groups.iter().map(near).fold(f64::MAX, f64::min);
        for (group, (middle, reach)) in self.runs.chunks(GROUP).zip(&self.groups) {
            if (spot - *middle).length() - reach < least {
                least = group.iter().fold(least, |least, run| run.chord(spot, least));
            }
        }
        arc(least)
    }
}
