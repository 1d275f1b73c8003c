//! Whether a cover is honest: what a reader looks at (spec/airspace.md §8).
//!
//! It decides nothing: a cover that is short or in excess is in force as it stands, and is shown as such.

use alloc::vec::Vec;

use wide::f64x8;

use super::earth::{Place, arc, chord};
use super::nearness::Nearness;
use super::{Core, ROUNDING, SLACK};
use crate::area::Area;
use crate::position::{Position, QUARTER, around};
use crate::volume::Volume;

/// How many parts every edge is looked at in.
const PARTS: i64 = 8;
/// What is allowed for between two ways of computing a distance: a part of it, and m.
const PART: f64 = 0.000_02;
const SHORT: f64 = 0.02;
const EXCESS: f64 = 0.07;
/// Two places on a border that are nearer to each other than so many times their distance from another border are on one
/// side of that: less than twice, since edges bend a little.
const CLOSE: f64 = 1.9;

/// What is covered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Covered {
    /// The volume's shape, by its area.
    Shape,
    /// What is near the volume's area, by the ring of its separation.
    Ring,
}

/// How a cover strays from what it covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stray {
    /// Something that should be in it is not.
    Short,
    /// It holds what is too far away.
    Excess,
}

/// Something about a cover that a reader is shown; of its kind, the worst.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Doubt {
    /// What is covered.
    pub covered: Covered,
    /// How the cover strays.
    pub stray: Stray,
    /// Where.
    pub at: Position,
    /// How far that place is from what the shape is around, mm: what was found.
    pub found_mm: u64,
    /// How far it should have been: at least, if the cover is short, at most, if in excess; mm.
    pub expected_mm: u64,
}

/// Holds the covers of a volume to what they cover, to a tolerance in parts in a million. It looks at no more than
/// 65 × 1,024 × 8 places, each against no more than 1,024 edges.
pub fn check(volume: &Volume, tolerance_ppm: u32) -> Vec<Doubt> {
    let mut found = Vec::new();
    if let Some(shape) = &volume.shape {
        let bar = Bar::reading(shape.distance_mm(), tolerance_ppm);
        let doubts = Doubts::of(&shape.core(), &[&volume.area], &[], &bar);
        found.extend(doubts.named(Covered::Shape));
    }
    if let Some(separation) = volume.separation.as_deref().filter(|separation| separation.distance_mm() != 0)
    {
        let parts: Vec<&Area> = separation.ring().iter().collect();
        let bar = Bar::reading(separation.distance_mm(), tolerance_ppm);
        let doubts = Doubts::of(&Core::of_area(&volume.area), &parts, &[&volume.area], &bar);
        found.extend(doubts.named(Covered::Ring));
    }
    found
}

/// What the border of a cover is held to, m.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bar {
    /// The distance, and with what is tolerated beyond it.
    distance: f64,
    tolerated: f64,
    /// Nearer is short, further is in excess.
    least: f64,
    most: f64,
}

impl Bar {
    /// As a reader holds it, who allows for another way of computing.
    pub(super) fn reading(distance_mm: u32, tolerance_ppm: u32) -> Self {
        let distance = f64::from(distance_mm) / 1_000.0;
        let tolerated = distance * (1.0 + f64::from(tolerance_ppm) / 1e6);
        let (least, most) = (distance * (1.0 - PART) - SHORT, tolerated * (1.0 + PART) + EXCESS);
        Self { distance, tolerated, least, most }
    }

    /// As its maker does: nothing is allowed for but that places between corners are rounded.
    pub(super) fn making(distance_mm: u32, tolerance_ppm: u32) -> Self {
        let reading = Self::reading(distance_mm, tolerance_ppm);
        Self { least: reading.distance - ROUNDING, most: reading.tolerated + SLACK, ..reading }
    }
}

/// The worst of each kind.
#[derive(Debug, Default)]
pub(super) struct Doubts {
    short: Option<(Position, f64, f64)>,
    excess: Option<(Position, f64, f64)>,
}

/// Areas that hold a shape together.
pub(super) struct Cover<'a> {
    pub(super) parts: &'a [&'a Area],
    /// Others that hold it too, whose borders may be anywhere.
    pub(super) given: &'a [&'a Area],
}

impl Cover<'_> {
    /// Whether a position on the border of a part is in another.
    fn holds_beside(&self, own: usize, at: Position) -> bool {
        let others =
            self.parts.iter().enumerate().filter(|(number, _)| *number != own).map(|(_, part)| *part);
        others.chain(self.given.iter().copied()).any(|part| holds_near(part, at))
    }
}

impl Doubts {
    /// Looks at the border of every part, and at that of what is covered. The shape is also held by `given`.
    pub(super) fn of(core: &Core<'_>, parts: &[&Area], given: &[&Area], bar: &Bar) -> Self {
        let mut doubts = Self::default();
        let cover = Cover { parts, given };
        let apart = match Nearness::new(&core.rings, parts) {
            Some(nearness) => doubts.look_near(core, nearness, &cover, bar),
            None => doubts.look_far(core, &cover, bar),
        };
        doubts.look_within(core, parts, apart, bar);
        doubts
    }

    /// Looks whether all of the core's border is in a part. Where no border of the cover crosses one of the core (`apart`),
    /// one position of each ring stands for all.
    pub(super) fn look_within(&mut self, core: &Core<'_>, parts: &[&Area], apart: bool, bar: &Bar) {
        let looks = if apart { 1 } else { usize::MAX };
        for ring in &core.rings {
            for at in edges(ring).flat_map(|(from, to)| looks_on(from, to)).take(looks) {
                if self.short.is_none_or(|(_, worst, _)| worst > 0.0)
                    && !parts.iter().any(|part| holds_near(part, at))
                {
                    self.short = Some((at, 0.0, bar.distance));
                }
            }
        }
    }

    /// Measures place by place.
    pub(super) fn look_far(&mut self, core: &Core<'_>, cover: &Cover<'_>, bar: &Bar) -> bool {
        let places = core.places();
        let field = core.field(&places);
        for (number, part) in cover.parts.iter().enumerate() {
            for ring in part.rings() {
                let corners: Vec<Position> = ring.collect();
                for at in edges(&corners).flat_map(|(from, to)| looks_on(from, to)) {
                    self.judge(at, field.distance(Place::of(at)), number, cover, bar);
                }
            }
        }
        false
    }

    /// Measures edge by edge. Tells whether it saw that no border of the cover crosses one of the core.
    fn look_near(&mut self, core: &Core<'_>, mut nearness: Nearness, cover: &Cover<'_>, bar: &Bar) -> bool {
        let square = |distance: f64| chord(distance) * chord(distance);
        let (least, most) = (f64x8::from(square(bar.least)), f64x8::from(square(bar.most)));
        let mut apart = cover.parts.len() == 1;
        for (number, part) in cover.parts.iter().enumerate() {
            for ring in part.rings() {
                let corners: Vec<Position> = ring.collect();
                // Whether the place before is outside of the core, and the next one is too where nothing lies between.
                let mut outside = core.area.is_none();
                for (from, to) in edges(&corners) {
                    let Some(spots) = nearness.spots(from, to) else { continue };
                    let squares = nearness.squares(&spots);
                    let near = squares.simd_lt(least).any();
                    let honest = !near && !squares.simd_gt(most).any();
                    let step = spots.step() < CLOSE * bar.least;
                    apart &= !near && (step || is_left(&core.rings, from, to));
                    if let Some(area) = core.area {
                        outside = honest && step && (outside || !area.holds(from));
                    }
                    if honest && outside {
                        continue;
                    }
                    for (at, square) in looks_on(from, to).zip(squares.to_array()) {
                        let inside = core.area.is_some_and(|area| area.holds(at));
                        let found = if inside { 0.0 } else { arc(libm::sqrt(square.max(0.0))) };
                        self.judge(at, found, number, cover, bar);
                    }
                }
            }
        }
        apart
    }

    /// Takes note of a place on the border of a part, found so far from the core, m.
    fn judge(&mut self, at: Position, found: f64, own: usize, cover: &Cover<'_>, bar: &Bar) {
        if found > bar.most && self.excess.is_none_or(|(_, worst, _)| found > worst) {
            self.excess = Some((at, found, bar.tolerated));
        }
        let worse = self.short.is_none_or(|(_, worst, _)| found < worst);
        if found < bar.least && worse && !cover.holds_beside(own, at) {
            self.short = Some((at, found, bar.distance));
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.short.is_none() && self.excess.is_none()
    }

    /// The least distance that is short and the greatest in excess, m.
    #[cfg(test)]
    pub(super) fn found(&self) -> [Option<f64>; 2] {
        [self.short, self.excess].map(|worst| worst.map(|(_, found, _)| found))
    }

    fn named(self, covered: Covered) -> impl Iterator<Item = Doubt> {
        let mm = |metres: f64| libm::round(metres * 1_000.0) as u64;
        let of = move |stray: Stray, worst: Option<(Position, f64, f64)>| {
            worst.map(|(at, found, expected)| Doubt {
                covered,
                stray,
                at,
                found_mm: mm(found),
                expected_mm: mm(expected),
            })
        };
        [of(Stray::Short, self.short), of(Stray::Excess, self.excess)].into_iter().flatten()
    }
}

/// Whether a position, or one a unit from it, is in an area: places between corners are rounded.
fn holds_near(area: &Area, at: Position) -> bool {
    let moved = |lat: i32, lon: i32| Position {
        lat: (at.lat + lat).clamp(-QUARTER, QUARTER),
        lon: around(i64::from(at.lon) + i64::from(lon)) as i32,
    };
    [(0, 0), (1, 0), (-1, 0), (0, 1), (0, -1)].into_iter().any(|(lat, lon)| area.holds(moved(lat, lon)))
}

/// The edges of a closed ring.
fn edges(ring: &[Position]) -> impl Iterator<Item = (Position, Position)> + '_ {
    ring.iter().copied().zip(ring.iter().cycle().skip(1).copied())
}

/// The beginning of an edge and seven places between, evenly spaced, rounded.
fn looks_on(from: Position, to: Position) -> impl Iterator<Item = Position> {
    let (up, along) =
        (i64::from(to.lat) - i64::from(from.lat), around(i64::from(to.lon) - i64::from(from.lon)));
    (0..PARTS).map(move |part| {
        let at = |start: i32, step: i64| i64::from(start) + (step * part + PARTS / 2).div_euclid(PARTS);
        Position { lat: at(from.lat, up) as i32, lon: around(at(from.lon, along)) as i32 }
    })
}

/// Whether all corners of rings are on the left of an edge, less than half a turn away: none of their edges crosses it.
fn is_left(rings: &[Vec<Position>], from: Position, to: Position) -> bool {
    let off = |at: Position| {
        let east = around(i64::from(at.lon) - i64::from(from.lon));
        (i128::from(east), i128::from(at.lat) - i128::from(from.lat))
    };
    let (east, north) = off(to);
    rings.iter().flatten().all(|corner| {
        let (there_east, there_north) = off(*corner);
        east * there_north > north * there_east
    })
}
