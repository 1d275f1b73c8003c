//! Edges in the plane of longitude and latitude, and the exact questions that are asked of them
//! (spec/airspace.md §4).
//!
//! No number is rounded here. Within 2^32 of longitude (429°) 64 bits are enough to tell sides; areas that span
//! more together need 128, and which of the two is meant (`WIDE`) is chosen once for a pair of areas.

use core::cmp::Ordering;

/// The largest extent in longitude for which 64 bits are enough, in 1e-7 degrees.
pub(crate) const NARROW: i64 = 1 << 32;

/// A point of the plane: longitude and latitude, in 1e-7 degrees; the longitude counted on beyond 180°.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Point {
    pub(crate) lon: i64,
    pub(crate) lat: i64,
}

/// A straight edge, both ends included; it may be a single point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Edge {
    pub(crate) from: Point,
    pub(crate) to: Point,
}

/// The box around an edge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Reach {
    pub(crate) west: i64,
    pub(crate) east: i64,
    pub(crate) south: i64,
    pub(crate) north: i64,
}

impl Reach {
    pub(crate) const NOWHERE: Self = Self { west: 0, east: 0, south: 0, north: 0 };

    #[inline]
    pub(crate) fn of(edge: &Edge) -> Self {
        let Edge { from, to } = edge;
        Self {
            west: from.lon.min(to.lon),
            east: from.lon.max(to.lon),
            south: from.lat.min(to.lat),
            north: from.lat.max(to.lat),
        }
    }

    #[inline]
    pub(crate) fn meets(&self, other: &Self) -> bool {
        (self.west <= other.east)
            & (other.west <= self.east)
            & (self.south <= other.north)
            & (other.south <= self.north)
    }
}

/// Where a point is, as seen from a ring.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    Inside,
    On,
    Outside,
}

/// On which side of the line from `a` to `b` the point `p` is: `Greater` to the left, `Equal` on it.
pub(crate) fn turn<const WIDE: bool>(a: Point, b: Point, p: Point) -> Ordering {
    if WIDE {
        cross(a, b, p).cmp(&0)
    } else {
        // Longitudes differ by at most 2^32, latitudes by at most 1.8e9: each product is below 2^63, and they are
        // compared, never subtracted.
        let left = (b.lon - a.lon) * (p.lat - a.lat);
        let right = (b.lat - a.lat) * (p.lon - a.lon);
        left.cmp(&right)
    }
}

/// Twice the area of the triangle `a`, `b`, `p`, positive anticlockwise.
pub(crate) fn cross(a: Point, b: Point, p: Point) -> i128 {
    i128::from(b.lon - a.lon) * i128::from(p.lat - a.lat)
        - i128::from(b.lat - a.lat) * i128::from(p.lon - a.lon)
}

impl Edge {
    /// Whether a point is on both.
    pub(crate) fn touches<const WIDE: bool>(self, other: Self) -> bool {
        Reach::of(&self).meets(&Reach::of(&other)) && self.touches_near::<WIDE>(&other)
    }

    /// Whether a point is on both, their boxes having been found to meet. Edges of one point, and edges on one line,
    /// are no exception: where boxes meet and neither edge lies wholly to one side of the other's line, there is such a
    /// point.
    #[inline]
    pub(crate) fn touches_near<const WIDE: bool>(&self, other: &Self) -> bool {
        let one = turn::<WIDE>(self.from, self.to, other.from);
        let two = turn::<WIDE>(self.from, self.to, other.to);
        if one == two && one != Ordering::Equal {
            return false;
        }
        let one = turn::<WIDE>(other.from, other.to, self.from);
        let two = turn::<WIDE>(other.from, other.to, self.to);
        one != two || one == Ordering::Equal
    }

    /// Where two edges cross in a point that is an end of neither, as the least and the greatest whole coordinates
    /// around it.
    pub(crate) fn crossing(self, other: Self) -> Option<(Point, Point)> {
        let from = cross(other.from, other.to, self.from);
        let to = cross(other.from, other.to, self.to);
        let apart = from.signum() * to.signum() < 0
            && cross(self.from, self.to, other.from).signum() * cross(self.from, self.to, other.to).signum()
                < 0;
        if !apart {
            return None;
        }
        let (over, whole) = if from > to { (from, from - to) } else { (-from, to - from) };
        let along = |start: i64, end: i64| {
            let part = i128::from(end - start) * over;
            let floor = part.div_euclid(whole);
            let ceiling = floor + i128::from(part.rem_euclid(whole) != 0);
            // Between `start` and `end`, so it fits.
            (start + floor as i64, start + ceiling as i64)
        };
        let (west, east) = along(self.from.lon, self.to.lon);
        let (south, north) = along(self.from.lat, self.to.lat);
        Some((Point { lon: west, lat: south }, Point { lon: east, lat: north }))
    }
}

/// Whether an odd number of a ring's edges lie east of `p`: then it is inside or on the ring, else outside or on it. It
/// has no branches to guess, so that it costs less than [`side_of_ring`], which tells which of the two it is.
#[inline]
pub(crate) fn odd<const WIDE: bool>(edges: impl Iterator<Item = Edge>, p: Point) -> bool {
    edges.fold(false, |odd, Edge { from, to }| {
        let (from_above, to_above) = (from.lat > p.lat, to.lat > p.lat);
        let left = turn::<WIDE>(from, to, p) == Ordering::Greater;
        odd ^ ((from_above != to_above) & (left == to_above))
    })
}

/// Where `p` is, as seen from a ring whose edges are given in any order.
pub(crate) fn side_of_ring<const WIDE: bool>(edges: impl Iterator<Item = Edge>, p: Point) -> Side {
    let mut inside = false;
    for Edge { from, to } in edges {
        let above = (from.lat > p.lat, to.lat > p.lat);
        if above == (true, true) || (from.lat < p.lat && to.lat < p.lat) {
            continue;
        }
        if from.lat == to.lat {
            if from.lon.min(to.lon) <= p.lon && p.lon <= from.lon.max(to.lon) {
                return Side::On;
            }
            continue;
        }
        match turn::<WIDE>(from, to, p) {
            Ordering::Equal => return Side::On,
            // A ray to the east meets an edge that rises on its left, or falls on its right.
            side if above.0 != above.1 && (side == Ordering::Greater) == above.1 => inside = !inside,
            _ => {}
        }
    }
    if inside { Side::Inside } else { Side::Outside }
}
