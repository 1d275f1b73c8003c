//! Areas: an exterior ring less its holes, and whether two of them have a point in common (spec/airspace.md §4).
//!
//! An area is a closed set: its edges, and those of its holes, belong to it. Every answer is exact.

use alloc::boxed::Box;
use alloc::vec::Vec;

use crate::bounds::Bounds;
use crate::edge::{Edge, NARROW, Point, Reach, Side, odd, side_of_ring};
use crate::fault::Fault;
use crate::position::{HALF_TURN, Position, QUARTER, TURN, around};
use crate::ring::{self, Ring, Role, Wrong};

/// Most corners of all rings of an area.
pub const MAX_CORNERS: usize = ring::MAX_CORNERS;

/// A place on the map: an exterior ring and holes in it, or a single position.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Area {
    /// The corners of all rings, one ring after the other, longitudes less `meridian`.
    corners: Box<[Position]>,
    /// Where each ring ends in `corners`; empty where there is one ring only.
    ends: Box<[u32]>,
    /// What longitudes are counted from: 0 unless the area crosses the antimeridian.
    meridian: i64,
    bounds: Bounds,
    /// The exterior runs around a pole; its last three corners are not the author's, but close it over the pole.
    polar: bool,
}

/// An area, wherever its corners are kept.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AreaView<'a> {
    pub(crate) corners: &'a [Position],
    pub(crate) ends: &'a [u32],
    pub(crate) meridian: i64,
    pub(crate) bounds: Bounds,
}

/// How many corners close an exterior over a pole.
const POLE_CORNERS: usize = 3;

impl Area {
    /// An area from its exterior and its holes, each without its first corner repeated: the exterior anticlockwise,
    /// holes clockwise.
    ///
    /// # Errors
    /// A [`Fault`] that names the ring, and the corner or edge, that breaks a rule of spec/airspace.md §4.
    pub fn new(exterior: &[Position], holes: &[&[Position]]) -> Result<Self, Fault> {
        Self::from_rings(exterior, holes, Wrong::Refused)
    }

    /// As [`new`](Self::new), with each ring turned around where it runs the wrong way.
    ///
    /// # Errors
    /// As for [`new`](Self::new), but never [`Fault::Orientation`].
    pub fn turned(exterior: &[Position], holes: &[&[Position]]) -> Result<Self, Fault> {
        Self::from_rings(exterior, holes, Wrong::Turned)
    }

    /// As [`turned`](Self::turned), from rings whose last position repeats the first (GeoJSON, KML).
    ///
    /// # Errors
    /// [`Fault::Unclosed`], or as for [`turned`](Self::turned).
    pub fn closed(exterior: &[Position], holes: &[&[Position]]) -> Result<Self, Fault> {
        let open = |(ring, corners): (usize, &&'_ [Position])| match corners {
            [first, rest @ .., last] if !rest.is_empty() && first == last => Ok(corners.len() - 1),
            _ => Err(Fault::Unclosed { ring }),
        };
        let exterior = exterior.get(..open((0, &exterior))?).unwrap_or_default();
        let mut cut = Vec::with_capacity(holes.len());
        for (ring, hole) in (1..).zip(holes) {
            cut.push(hole.get(..open((ring, hole))?).unwrap_or_default());
        }
        Self::turned(exterior, &cut)
    }

    /// A single position.
    ///
    /// # Errors
    /// [`Fault::Position`] if it does not exist.
    pub fn point(position: Position) -> Result<Self, Fault> {
        Self::new(&[position], &[])
    }

    fn from_rings(exterior: &[Position], holes: &[&[Position]], wrong: Wrong) -> Result<Self, Fault> {
        let all = holes.iter().fold(exterior.len(), |sum, hole| sum.saturating_add(hole.len()));
        if all > MAX_CORNERS {
            return Err(Fault::Corners { ring: holes.len(), found: all });
        }
        let mut outer = Ring::new(0, Role::Exterior, exterior.iter().copied(), wrong)?;
        let (west, _) = outer.reach();
        outer.shift(around(west) - west);
        let polar = outer.polar;
        let mut rings = Vec::with_capacity(1 + holes.len());
        rings.push(outer);
        for (number, hole) in (1..).zip(holes) {
            let hole = Ring::new(number, Role::Hole, hole.iter().copied(), wrong)?;
            let hole = placed(number, hole, &rings)?;
            rings.push(hole);
        }
        Ok(Self::assembled(&rings, polar))
    }

    fn assembled(rings: &[Ring], polar: bool) -> Self {
        let points = || rings.iter().flat_map(|ring| &ring.points);
        let (west, east) = rings.first().map_or((0, 0), Ring::reach);
        let south = points().map(|point| point.lat).min().unwrap_or(0) as i32;
        let north = points().map(|point| point.lat).max().unwrap_or(0) as i32;
        let meridian = if east <= i64::from(HALF_TURN) { 0 } else { (west + east).div_euclid(2) };
        // At most 360° wide, so at most 180° to either side of the middle.
        let corner = |point: &Point| Position { lat: point.lat as i32, lon: (point.lon - meridian) as i32 };
        let ends = rings.iter().scan(0_u32, |end, ring| {
            *end += ring.points.len() as u32;
            Some(*end)
        });
        let ends = if rings.len() == 1 { Box::default() } else { ends.collect() };
        let bounds = Bounds { south, west, north, east };
        Self { corners: points().map(corner).collect(), ends, meridian, bounds, polar }
    }

    /// A plain area whose corners were judged before.
    pub(crate) fn restored(corners: &[Position], bounds: Bounds) -> Self {
        Self { corners: corners.into(), ends: Box::default(), meridian: 0, bounds, polar: false }
    }

    /// The box around it.
    pub fn bounds(&self) -> Bounds {
        self.bounds
    }

    /// The rings as they were given, the exterior first, each without its first corner repeated.
    pub fn rings(&self) -> impl Iterator<Item = impl ExactSizeIterator<Item = Position>> {
        let pole = if self.polar { POLE_CORNERS } else { 0 };
        let meridian = self.meridian;
        self.view().rings().enumerate().map(move |(number, ring)| {
            let own = if number == 0 { ring.len().saturating_sub(pole) } else { ring.len() };
            ring.iter().take(own).map(move |corner| Position {
                lat: corner.lat,
                lon: around(i64::from(corner.lon) + meridian) as i32,
            })
        })
    }

    /// How many corners its author gave it.
    pub fn corners(&self) -> usize {
        self.corners.len() - if self.polar { POLE_CORNERS } else { 0 }
    }

    /// How many bytes it takes beyond itself.
    pub(crate) fn heap_bytes(&self) -> usize {
        size_of_val(&*self.corners) + size_of_val(&*self.ends)
    }

    /// Whether two areas have a point in common.
    pub fn touches(&self, other: &Self) -> bool {
        self.view().touches(&other.view())
    }

    /// Whether a position is in it.
    pub fn holds(&self, position: Position) -> bool {
        let point = [position];
        let lon = around(position.lon.into());
        let bounds = Bounds { south: position.lat, west: lon, north: position.lat, east: lon };
        self.view().touches(&AreaView {
            corners: &point,
            ends: &[],
            meridian: lon - i64::from(position.lon),
            bounds,
        })
    }

    /// The box around all points that two areas have in common, its sides rounded outward.
    pub fn shared(&self, other: &Self) -> Option<Bounds> {
        self.view().shared(&other.view())
    }

    pub(crate) fn view(&self) -> AreaView<'_> {
        AreaView { corners: &self.corners, ends: &self.ends, meridian: self.meridian, bounds: self.bounds }
    }

    /// Whether there is one ring, and all of it within ±180° as it stands.
    pub(crate) fn is_plain(&self) -> bool {
        self.ends.is_empty() && self.meridian == 0 && !self.polar
    }

    /// Its corners, if it is plain.
    pub(crate) fn plain_corners(&self) -> &[Position] {
        &self.corners
    }
}

/// A hole moved by whole turns to where it is within the exterior, held to be there and apart from all other rings.
fn placed(number: usize, mut hole: Ring, rings: &[Ring]) -> Result<Ring, Fault> {
    let outside = Fault::HoleOutside { ring: number };
    let Some((exterior, others)) = rings.split_first() else { return Err(outside) };
    let (west, east) = exterior.reach();
    let (hole_west, hole_east) = hole.reach();
    let shift = [-TURN, 0, TURN].into_iter().find(|by| west <= hole_west + by && hole_east + by <= east);
    hole.shift(shift.ok_or_else(|| outside.clone())?);
    for (other, ring) in rings.iter().enumerate() {
        let touch = ring::edges(&ring.points)
            .any(|one| ring::edges(&hole.points).any(|two| one.touches::<false>(two)));
        if touch {
            return Err(Fault::RingsMeet { ring: number, other });
        }
    }
    let within = |inner: &Ring, outer: &Ring| {
        let first = inner.points.first().copied();
        first.is_some_and(|p| side_of_ring::<false>(ring::edges(&outer.points), p) == Side::Inside)
    };
    if !within(&hole, exterior) {
        return Err(outside);
    }
    match others.iter().position(|other| within(&hole, other) || within(other, &hole)) {
        Some(other) => Err(Fault::RingsMeet { ring: number, other: other + 1 }),
        None => Ok(hole),
    }
}

/// How many edges of one area are held against all of another at a time.
const BATCH: usize = 16;
const NOWHERE: Edge = Edge { from: Point { lon: 0, lat: 0 }, to: Point { lon: 0, lat: 0 } };

impl<'a> AreaView<'a> {
    fn rings(&self) -> impl Iterator<Item = &'a [Position]> + use<'a> {
        let (corners, ends) = (self.corners, self.ends);
        let count = ends.len().max(1);
        (0..count).map(move |number| {
            let start =
                number.checked_sub(1).and_then(|before| ends.get(before)).map_or(0, |end| *end as usize);
            let end = ends.get(number).map_or(corners.len(), |end| *end as usize);
            corners.get(start..end).unwrap_or_default()
        })
    }

    /// The edges of a ring, moved east by `shift`.
    #[inline]
    fn edges_of(ring: &'a [Position], shift: i64) -> impl Iterator<Item = Edge> + 'a {
        let point =
            move |corner: &Position| Point { lon: i64::from(corner.lon) + shift, lat: corner.lat.into() };
        let mut from = ring.last().map_or(NOWHERE.from, point);
        ring.iter().map(move |corner| {
            let to = point(corner);
            Edge { from: core::mem::replace(&mut from, to), to }
        })
    }

    /// Whole turns by which the other area must be moved for the boxes of both to meet.
    fn meetings(&self, other: &Self) -> impl Iterator<Item = i64> {
        let (one, two) = (self.bounds, other.bounds);
        [0, -TURN, TURN].into_iter().filter(move |shift| one.meets(&two, *shift))
    }

    /// The pole that both hold, if neither holds it where their boxes meet.
    fn pole_of_both(&self, other: &Self) -> Option<i32> {
        let both = |lat: i32| {
            let at = |view: &Self| view.corners.iter().any(|corner| corner.lat == lat);
            at(self) && at(other)
        };
        [QUARTER, -QUARTER].into_iter().find(|lat| both(*lat))
    }

    fn is_wide(&self, other: &Self) -> bool {
        (self.bounds.east - self.bounds.west) + (other.bounds.east - other.bounds.west) >= NARROW
    }

    /// Whether both have a point in common.
    #[inline]
    pub(crate) fn touches(&self, other: &Self) -> bool {
        let wide = self.is_wide(other);
        self.meetings(other).any(|turns| self.touches_at(other, turns, wide))
            || ((self.bounds.north == QUARTER || self.bounds.south == -QUARTER)
                && self.pole_of_both(other).is_some())
    }

    fn touches_at(&self, other: &Self, turns: i64, wide: bool) -> bool {
        if wide { self.touches_in::<true>(other, turns) } else { self.touches_in::<false>(other, turns) }
    }

    /// Whether both have a point in common, the other one moved by whole turns.
    fn touches_in<const WIDE: bool>(&self, other: &Self, turns: i64) -> bool {
        self.share_middle::<WIDE>(other, turns)
            || self.edges_touch::<WIDE>(other, turns)
            // No edges meet: they are apart, or one lies within the other, all of it.
            || (self.bounds.holds(&other.bounds, turns) && self.holds_first_of::<WIDE>(other, turns))
            || (other.bounds.holds(&self.bounds, -turns) && other.holds_first_of::<WIDE>(self, -turns))
    }

    /// Whether the middle of where the boxes meet is found in both: so most pairs that touch are told without looking at
    /// edge after edge.
    #[inline]
    fn share_middle<const WIDE: bool>(&self, other: &Self, turns: i64) -> bool {
        let (one, two) = (self.bounds, other.bounds);
        let middle = Point {
            lon: (one.west.max(two.west + turns) + one.east.min(two.east + turns)) >> 1,
            lat: (i64::from(one.south.max(two.south)) + i64::from(one.north.min(two.north))) >> 1,
        };
        self.surely_has::<WIDE>(middle)
            && other.surely_has::<WIDE>(Point { lon: middle.lon - turns, ..middle })
    }

    /// Whether a point is in it, as far as a quick look shows: of what is on an edge it may say either.
    #[inline]
    fn surely_has<const WIDE: bool>(&self, point: Point) -> bool {
        let point = Point { lon: point.lon - self.meridian, ..point };
        let mut rings = self.rings();
        let exterior = rings.next().unwrap_or_default();
        odd::<WIDE>(Self::edges_of(exterior, 0), point)
            && rings.all(|hole| !odd::<WIDE>(Self::edges_of(hole, 0), point))
    }

    fn edges_touch<const WIDE: bool>(&self, other: &Self, turns: i64) -> bool {
        // Where the boxes meet, in this area's own longitudes; edges elsewhere meet nothing.
        let own = self.bounds;
        let there = Reach {
            west: own.west.max(other.bounds.west + turns) - self.meridian,
            east: own.east.min(other.bounds.east + turns) - self.meridian,
            south: i64::from(own.south.max(other.bounds.south)),
            north: i64::from(own.north.min(other.bounds.north)),
        };
        let shift = other.meridian + turns - self.meridian;
        let mut batch = [(NOWHERE, Reach::NOWHERE); BATCH];
        let mut held = 0;
        for ring in other.rings() {
            for edge in Self::edges_of(ring, shift) {
                let reach = Reach::of(&edge);
                if !reach.meets(&there) {
                    continue;
                }
                if held == BATCH {
                    if self.touches_any::<WIDE>(&batch, &there) {
                        return true;
                    }
                    held = 0;
                }
                if let Some(place) = batch.get_mut(held) {
                    *place = (edge, reach);
                    held += 1;
                }
            }
        }
        batch.get(..held).is_some_and(|batch| self.touches_any::<WIDE>(batch, &there))
    }

    /// Whether an edge of this area, of those that reach there, touches one of a batch.
    fn touches_any<const WIDE: bool>(&self, batch: &[(Edge, Reach)], there: &Reach) -> bool {
        for ring in self.rings() {
            for edge in Self::edges_of(ring, 0) {
                let reach = Reach::of(&edge);
                if !reach.meets(there) {
                    continue;
                }
                for (other, other_reach) in batch {
                    if reach.meets(other_reach) && edge.touches_near::<WIDE>(other) {
                        return true;
                    }
                }
            }
        }
        false
    }

    /// Whether the other one's first corner is in this area; enough to know it of all where no edges meet.
    fn holds_first_of<const WIDE: bool>(&self, other: &Self, turns: i64) -> bool {
        let shift = other.meridian + turns - self.meridian;
        other.corners.first().is_some_and(|first| {
            self.has::<WIDE>(Point { lon: i64::from(first.lon) + shift, lat: first.lat.into() })
        })
    }

    /// Whether a point, in this area's own longitudes, is in it.
    fn has<const WIDE: bool>(&self, point: Point) -> bool {
        let mut rings = self.rings();
        let exterior = rings.next().unwrap_or_default();
        side_of_ring::<WIDE>(Self::edges_of(exterior, 0), point) != Side::Outside
            && rings.all(|hole| side_of_ring::<WIDE>(Self::edges_of(hole, 0), point) != Side::Inside)
    }

    /// The box around all that both have in common.
    pub(crate) fn shared(&self, other: &Self) -> Option<Bounds> {
        let wide = self.is_wide(other);
        let boxes = self
            .meetings(other)
            .filter(|turns| self.touches_at(other, *turns, wide))
            .filter_map(|turns| self.shared_at(other, turns));
        Bounds::hull(boxes).or_else(|| {
            let lat = self.pole_of_both(other)?;
            let west = -i64::from(HALF_TURN);
            Some(Bounds { south: lat, west, north: lat, east: west })
        })
    }

    /// The corners of either that are in the other, and the points where edges cross, span all that is shared.
    fn shared_at(&self, other: &Self, turns: i64) -> Option<Bounds> {
        let shift = other.meridian + turns - self.meridian;
        let mut around: Option<(Point, Point)> = None;
        let mut add = |low: Point, high: Point| {
            let (south_west, north_east) = around.get_or_insert((low, high));
            south_west.lon = south_west.lon.min(low.lon);
            south_west.lat = south_west.lat.min(low.lat);
            north_east.lon = north_east.lon.max(high.lon);
            north_east.lat = north_east.lat.max(high.lat);
        };
        for corner in self.corners {
            let own = Point { lon: corner.lon.into(), lat: corner.lat.into() };
            if other.has::<true>(Point { lon: own.lon - shift, ..own }) {
                add(own, own);
            }
        }
        for corner in other.corners {
            let there = Point { lon: i64::from(corner.lon) + shift, lat: corner.lat.into() };
            if self.has::<true>(there) {
                add(there, there);
            }
        }
        for two in other.rings().flat_map(|ring| Self::edges_of(ring, shift)) {
            for one in self.rings().flat_map(|ring| Self::edges_of(ring, 0)) {
                if let Some((low, high)) = one.crossing(two) {
                    add(low, high);
                }
            }
        }
        around.map(|(low, high)| {
            let (west, east) = (low.lon + self.meridian, high.lon + self.meridian);
            // Latitudes between those of corners.
            Bounds { south: low.lat as i32, west, north: high.lat as i32, east }
        })
    }
}
