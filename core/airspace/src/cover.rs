//! Covers: areas that hold all of a circle, a leg of a corridor, or what is near an area (spec/airspace.md §8).
//!
//! A cover made here holds all of its shape, strays from it by no more than the tolerance, and has passed the very
//! [`check`](check::check) that its readers hold it to; where that cannot be had, [`Fault::NoCover`] says so. Covers are
//! made of doubles, and two machines may make slightly different ones: that is why a volume carries its cover, and
//! why no verdict rests on anything in here.

pub mod check;
mod earth;
pub mod geodesic;
mod nearness;
mod offset;
mod sweep;
#[cfg(test)]
mod tests;
mod trim;

use alloc::vec::Vec;

use crate::area::{Area, MAX_CORNERS};
use crate::fault::Fault;
use crate::position::{HALF_TURN, Position, QUARTER, around as wrapped};
use crate::separation::MAX_PARTS;
use check::{Bar, Doubts};
use earth::{Field, Place};
use sweep::{Dot, Outlines, Plane, Sweep};
use trim::Room;

/// The least distance that is covered: 1 m, in mm.
pub const LEAST_MM: u32 = 1_000;
/// The greatest distance that is covered: 500 km, in mm.
pub const MOST_MM: u32 = 500_000_000;
/// The tolerance where nobody says otherwise: a thousandth, in parts in a million.
pub const TOLERANCE_PPM: u32 = 1_000;
/// The finest and the coarsest tolerance, in parts in a million.
const TOLERANCES_PPM: core::ops::RangeInclusive<u32> = 100..=100_000;
/// What a cover may stray beyond its tolerance, m: positions are whole.
const SLACK: f64 = 0.05;
/// What of that is kept for rounding to positions, m: half the diagonal of a unit, and a little.
const ROUNDING: f64 = 0.01;
/// How many points a fan has for every corner that it needs.
const FINENESS: f64 = 8.0;
/// The least that an outline strays, m: finer ones cost more than they are worth.
const FINEST: f64 = 0.002;

/// What somebody meant, where that is no area with straight edges.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shape {
    /// All within a distance of a position.
    Circle {
        /// The middle.
        centre: Position,
        /// The distance, mm.
        radius_mm: u32,
    },
    /// All within a distance of a leg: the straight edge between two positions.
    Leg {
        /// Where it begins.
        from: Position,
        /// Where it ends.
        to: Position,
        /// The distance, mm.
        half_width_mm: u32,
    },
    /// All within a distance of an area, and the area itself.
    Around {
        /// The area.
        area: Area,
        /// The distance, mm.
        distance_mm: u32,
    },
}

impl Shape {
    /// The distance that makes the shape, mm.
    pub fn distance_mm(&self) -> u32 {
        match self {
            Self::Circle { radius_mm: mm, .. }
            | Self::Leg { half_width_mm: mm, .. }
            | Self::Around { distance_mm: mm, .. } => *mm,
        }
    }

    /// Itself, if covers are made for its distance.
    ///
    /// # Errors
    /// [`Fault::Distance`] if not.
    pub fn checked(self) -> Result<Self, Fault> {
        distance_checked(self.distance_mm())?;
        Ok(self)
    }

    /// An area that covers it, to a tolerance in parts in a million.
    ///
    /// # Errors
    /// As for [`circle`], [`leg`] and [`around`].
    pub fn cover(&self, tolerance_ppm: u32) -> Result<Area, Fault> {
        match self {
            Self::Circle { centre, radius_mm } => circle(*centre, *radius_mm, tolerance_ppm),
            Self::Leg { from, to, half_width_mm } => leg(*from, *to, *half_width_mm, tolerance_ppm),
            Self::Around { area, distance_mm } => around(area, *distance_mm, tolerance_ppm),
        }
    }

    /// What it is around.
    fn core(&self) -> Core<'_> {
        match self {
            Self::Circle { centre, .. } => Core::of_positions(&[*centre]),
            Self::Leg { from, to, .. } => Core::of_positions(&[*from, *to]),
            Self::Around { area, .. } => Core::of_area(area),
        }
    }
}

fn distance_checked(mm: u32) -> Result<(), Fault> {
    if (LEAST_MM..=MOST_MM).contains(&mm) {
        Ok(())
    } else {
        let (least_mm, most_mm, mm) = (LEAST_MM.into(), MOST_MM.into(), mm.into());
        Err(Fault::Distance { least_mm, most_mm, mm })
    }
}

/// Covers a circle. A radius of up to 500 km, mm; a tolerance of 100 to 100,000 parts in a million.
///
/// # Errors
/// [`Fault::Position`], [`Fault::Distance`] or [`Fault::Tolerance`] if one of them cannot be; [`Fault::NoCover`] if
/// no area does it.
pub fn circle(centre: Position, radius_mm: u32, tolerance_ppm: u32) -> Result<Area, Fault> {
    let centre = centre.checked(0, 0)?;
    one(&Core::of_positions(&[centre]), radius_mm, tolerance_ppm)
}

/// Covers a leg: all within `half_width_mm` of the straight edge between two positions.
///
/// # Errors
/// As for [`circle`]; [`Fault::WhichWay`] if the edge could go either way around the world.
pub fn leg(from: Position, to: Position, half_width_mm: u32, tolerance_ppm: u32) -> Result<Area, Fault> {
    let (from, to) = (from.checked(0, 0)?, to.checked(0, 1)?);
    if wrapped(i64::from(to.lon) - i64::from(from.lon)) == -i64::from(HALF_TURN) {
        return Err(Fault::WhichWay { ring: 0, edge: 0 });
    }
    one(&Core::of_positions(&[from, to]), half_width_mm, tolerance_ppm)
}

/// Covers an area and all within a distance of it, by one area.
///
/// # Errors
/// As for [`circle`]. [`ring`] does more, with several areas.
pub fn around(area: &Area, distance_mm: u32, tolerance_ppm: u32) -> Result<Area, Fault> {
    one(&Core::of_area(area), distance_mm, tolerance_ppm)
}

/// Covers an area and all within a distance of it, by 1 to 64 areas: the ring of a separation.
///
/// # Errors
/// As for [`circle`].
pub fn ring(area: &Area, distance_mm: u32, tolerance_ppm: u32) -> Result<Vec<Area>, Fault> {
    parts(&Core::of_area(area), distance_mm, tolerance_ppm, MAX_PARTS)
}

fn one(core: &Core<'_>, distance_mm: u32, tolerance_ppm: u32) -> Result<Area, Fault> {
    parts(core, distance_mm, tolerance_ppm, 1)?.pop().ok_or(Fault::NoCover)
}

fn parts(core: &Core<'_>, distance_mm: u32, tolerance_ppm: u32, most: usize) -> Result<Vec<Area>, Fault> {
    distance_checked(distance_mm)?;
    if !TOLERANCES_PPM.contains(&tolerance_ppm) {
        return Err(Fault::Tolerance { ppm: tolerance_ppm });
    }
    match straight(core, distance_mm, tolerance_ppm) {
        Some(area) => Ok(alloc::vec![area]),
        None => swept(core, distance_mm, tolerance_ppm, most),
    }
}

/// The cover of what is ordinary, put straight out; one that its maker has no doubts about.
fn straight(core: &Core<'_>, distance_mm: u32, tolerance_ppm: u32) -> Option<Area> {
    let [ring] = core.rings.as_slice() else { return None };
    let area = Area::new(&offset::outline(ring, distance_mm, tolerance_ppm)?, &[]).ok()?;
    let bar = Bar::making(distance_mm, tolerance_ppm);
    Doubts::of(core, &[&area], &[], &bar).is_empty().then_some(area)
}

/// The cover of whatever can be covered: everything near it swept and joined.
fn swept(core: &Core<'_>, distance_mm: u32, tolerance_ppm: u32, most: usize) -> Result<Vec<Area>, Fault> {
    let places = core.places();
    let field = core.field(&places);
    let bar = Bar::reading(distance_mm, tolerance_ppm);
    let mut fits = Level::ALL.map(|level| (level, None));
    // One area if there can be one; then as many as may be.
    for most in [1, most] {
        for (level, fit) in &mut fits {
            let new = || Fit::new(core, &places, &field, distance_mm, tolerance_ppm, *level);
            let Ok(fit) = fit.get_or_insert_with(new) else { continue };
            let Ok(parts) = fit.cover(most) else { continue };
            let covering: Vec<&Area> = parts.iter().collect();
            if Doubts::of(core, &covering, &[], &bar).is_empty() {
                return Ok(parts);
            }
        }
    }
    Err(Fault::NoCover)
}

/// What a shape is around.
struct Core<'a> {
    /// Each closed; of one or two positions too.
    rings: Vec<Vec<Position>>,
    /// The area, if it is one and not a single position.
    area: Option<&'a Area>,
}

impl<'a> Core<'a> {
    fn of_positions(positions: &[Position]) -> Self {
        Self { rings: alloc::vec![positions.to_vec()], area: None }
    }

    fn of_area(area: &'a Area) -> Self {
        let rings = area.rings().map(Iterator::collect).collect();
        Self { rings, area: (area.corners() > 1).then_some(area) }
    }

    /// A place in the middle of it.
    fn middle(&self) -> Place {
        let Some(bounds) = self.area.map(Area::bounds) else {
            let places = || self.rings.iter().flatten().copied().map(Place::of);
            let origin = Place { lat: 0.0, lon: 0.0 };
            let first = places().next().unwrap_or(origin);
            return first.between(places().next_back().unwrap_or(origin).beside(first), 0.5);
        };
        let at = |lat: i32, lon: i64| Place::of(Position { lat, lon: wrapped(lon) as i32 });
        match (bounds.south, bounds.north) {
            (_, QUARTER) => at(QUARTER, 0),
            (south, _) if south == -QUARTER => at(-QUARTER, 0),
            (south, north) => at(i32::midpoint(south, north), i64::midpoint(bounds.west, bounds.east)),
        }
    }

    fn places(&self) -> Vec<Vec<Place>> {
        self.rings.iter().map(|ring| ring.iter().copied().map(Place::of).collect()).collect()
    }

    fn field(&self, places: &[Vec<Place>]) -> Field<'a> {
        Field::new(places, self.area)
    }
}

/// How far out corners are put.
#[derive(Debug, Clone, Copy)]
enum Level {
    /// All the way: round outlines need fewest corners so.
    Outer,
    /// Half-way: hollow outlines can be cut short too.
    Middle,
}

impl Level {
    const ALL: [Self; 2] = [Self::Outer, Self::Middle];
}

/// The outlines that a cover is cut from, and how much it may cut.
struct Fit<'a> {
    field: &'a Field<'a>,
    /// How far out outlines are, m.
    distance: f64,
    plane: Plane,
    shapes: Vec<Outlines>,
    room: Room,
    overlap: f64,
}

impl<'a> Fit<'a> {
    fn new(
        core: &Core<'_>,
        places: &[Vec<Place>],
        field: &'a Field<'a>,
        distance_mm: u32,
        tolerance_ppm: u32,
        level: Level,
    ) -> Result<Self, Fault> {
        let least = f64::from(distance_mm) / 1_000.0;
        let spare = least * f64::from(tolerance_ppm) / 1e6 + SLACK - 2.0 * ROUNDING;
        let fine = (spare / 64.0).max(FINEST);
        // Where outlines are, beyond the shape; what edges may cut off, and what they may add.
        let (beyond, inward, outward) = match level {
            Level::Outer => (spare - 2.0 * fine, spare - 4.0 * fine, fine),
            Level::Middle => (spare / 2.0, spare / 2.0 - 2.0 * fine, spare / 2.0 - 2.0 * fine),
        };
        let distance = least + ROUNDING + beyond;
        let edge = 2.0 * libm::acos(1.0 - inward / distance);
        let edges = libm::ceil(core::f64::consts::TAU / edge);
        let step = core::f64::consts::TAU / (edges * FINENESS);
        let plane = Plane::around(core.middle());
        let shapes = Sweep::new(&plane, distance, fine, step).outlines(places, core.area.is_some())?;
        Ok(Self {
            field,
            distance,
            plane,
            shapes,
            room: Room { inward, outward, fine },
            overlap: 4.0 * spare + 1.0,
        })
    }

    /// Areas for all shapes; those that cannot be one area are split.
    fn cover(&self, most: usize) -> Result<Vec<Area>, Fault> {
        let mut open = self.shapes.clone();
        let mut areas = Vec::new();
        let mut splits = 0;
        while let Some(shape) = open.pop() {
            if areas.len() + open.len() >= most {
                return Err(Fault::NoCover);
            }
            if let Some(area) = self.area(&shape) {
                areas.push(area);
                continue;
            }
            splits += 1;
            if splits > MAX_PARTS || most == 1 {
                return Err(Fault::NoCover);
            }
            open.extend(sweep::split(&shape, self.overlap).into_iter().flatten());
        }
        Ok(areas)
    }

    /// Whether nothing in a hole is of the shape. One between two strips, of no width or nearer than the outline, is there
    /// by rounding only.
    fn is_hole(&self, outline: &[Dot]) -> bool {
        let far = |dot: &Dot| self.field.distance(self.plane.place(dot.x as f64, dot.y as f64));
        sweep::width(outline) > 2.0 * self.room.fine
            && outline.iter().any(|dot| far(dot) > self.distance - 2.0 * self.room.fine)
    }

    /// One area for a shape, if that can be.
    fn area(&self, shape: &Outlines) -> Option<Area> {
        let outlines = shape.iter().enumerate();
        let wide = outlines.filter(|(number, outline)| *number == 0 || self.is_hole(outline));
        let mut rings = wide.map(|(_, outline)| trim::trimmed(&self.plane, outline, &self.room));
        let exterior = rings.next()?;
        let holes: Vec<Vec<Position>> = rings.filter(|hole| hole.len() > 2).collect();
        let all = holes.iter().fold(exterior.len(), |sum, hole| sum + hole.len());
        if all > MAX_CORNERS {
            return None;
        }
        let holes: Vec<&[Position]> = holes.iter().map(Vec::as_slice).collect();
        Area::new(&exterior, &holes).ok()
    }
}
