//! Whether a cover is honest: what a reader looks at (spec/airspace.md §8).
//!
//! It decides nothing: a cover that is short or in excess is in force as it stands, and is shown as such.

use alloc::vec::Vec;

use super::Core;
use super::earth::{Field, Place};
use crate::area::Area;
use crate::position::{Position, QUARTER, around};
use crate::volume::Volume;

/// How many parts every edge is looked at in.
const PARTS: i64 = 8;
/// What is allowed for between two ways of computing a distance: a part of it, and m.
const PART: f64 = 0.000_02;
const SHORT: f64 = 0.02;
const EXCESS: f64 = 0.07;

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
        let core = shape.core();
        let cover = [&volume.area];
        let doubts = Doubts::of(&core, &core.field(), &cover, &[], shape.distance_mm(), tolerance_ppm);
        found.extend(doubts.named(Covered::Shape));
    }
    if let Some(separation) = volume.separation.as_deref().filter(|separation| separation.distance_mm() != 0)
    {
        let core = Core::of_area(&volume.area);
        let parts: Vec<&Area> = separation.ring().iter().collect();
        let distance_mm = separation.distance_mm();
        let doubts = Doubts::of(&core, &core.field(), &parts, &[&volume.area], distance_mm, tolerance_ppm);
        found.extend(doubts.named(Covered::Ring));
    }
    found
}

/// The worst of each kind.
#[derive(Debug, Default)]
pub(super) struct Doubts {
    short: Option<(Position, f64, f64)>,
    excess: Option<(Position, f64, f64)>,
}

impl Doubts {
    /// Looks at the border of every part. The shape is also held by `given`, whose borders may be anywhere.
    pub(super) fn of(
        core: &Core<'_>,
        field: &Field<'_>,
        parts: &[&Area],
        given: &[&Area],
        distance_mm: u32,
        tolerance_ppm: u32,
    ) -> Self {
        let distance = f64::from(distance_mm) / 1_000.0;
        let tolerated = distance * (1.0 + f64::from(tolerance_ppm) / 1e6);
        let (least, most) = (distance * (1.0 - PART) - SHORT, tolerated * (1.0 + PART) + EXCESS);
        let mut doubts = Self::default();
        let elsewhere = |own: usize, at: Position| {
            let others = parts.iter().enumerate().filter(|(number, _)| *number != own).map(|(_, part)| *part);
            others.chain(given.iter().copied()).any(|part| holds_near(part, at))
        };
        for (number, part) in parts.iter().enumerate() {
            border(part.rings().map(Iterator::collect), |at| {
                let found = field.distance(Place::of(at));
                if found > most && doubts.excess.is_none_or(|(_, worst, _)| found > worst) {
                    doubts.excess = Some((at, found, tolerated));
                }
                let worse = doubts.short.is_none_or(|(_, worst, _)| found < worst);
                if found < least && worse && !elsewhere(number, at) {
                    doubts.short = Some((at, found, distance));
                }
            });
        }
        let kernel = core.rings.iter().map(|ring| ring.iter().map(|place| place.rounded()).collect());
        border(kernel, |at| {
            if doubts.short.is_none_or(|(_, worst, _)| worst > 0.0) && !elsewhere_of(parts, at) {
                doubts.short = Some((at, 0.0, distance));
            }
        });
        doubts
    }

    pub(super) fn is_empty(&self) -> bool {
        self.short.is_none() && self.excess.is_none()
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

fn elsewhere_of(parts: &[&Area], at: Position) -> bool {
    parts.iter().any(|part| holds_near(part, at))
}

/// Whether a position, or one a unit from it, is in an area: places between corners are rounded.
fn holds_near(area: &Area, at: Position) -> bool {
    let moved = |lat: i32, lon: i32| Position {
        lat: (at.lat + lat).clamp(-QUARTER, QUARTER),
        lon: around(i64::from(at.lon) + i64::from(lon)) as i32,
    };
    [(0, 0), (1, 0), (-1, 0), (0, 1), (0, -1)].into_iter().any(|(lat, lon)| area.holds(moved(lat, lon)))
}

/// Calls `each` with the corners of rings, and with seven places on every edge between them.
fn border(rings: impl Iterator<Item = Vec<Position>>, mut each: impl FnMut(Position)) {
    for ring in rings {
        let mut seen = None;
        for (from, to) in ring.iter().zip(ring.iter().cycle().skip(1)) {
            let (up, along) =
                (i64::from(to.lat) - i64::from(from.lat), around(i64::from(to.lon) - i64::from(from.lon)));
            for part in 0..PARTS {
                let at =
                    |start: i32, step: i64| i64::from(start) + (step * part + PARTS / 2).div_euclid(PARTS);
                let place =
                    Position { lat: at(from.lat, up) as i32, lon: around(at(from.lon, along)) as i32 };
                if seen.replace(place) != Some(place) {
                    each(place);
                }
            }
        }
    }
}
