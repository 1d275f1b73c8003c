//! Rings: corners joined by straight edges, and everything a ring may not be (spec/airspace.md §4).
//!
//! An edge goes the short way around the world, so a ring crosses the antimeridian without being cut; a ring whose
//! edges add up to a whole turn encloses a pole. What comes out of here is simple, runs the right way around and
//! lies in one plane; what does not is refused with the edge or corner that shows it.

use alloc::vec::Vec;

use crate::edge::{Edge, Point, cross, turn};
use crate::fault::Fault;
use crate::position::{HALF_TURN, Position, QUARTER, TURN, around};

/// Most corners of all rings of an area.
pub(crate) const MAX_CORNERS: usize = 1_024;

/// A ring in the plane, its longitudes counted on from edge to edge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Ring {
    /// The corners; of a ring around a pole followed by the two ends of the pole's edge.
    pub(crate) points: Vec<Point>,
    /// Whether it runs around a pole.
    pub(crate) polar: bool,
}

/// What a ring is to its area.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    Exterior,
    Hole,
}

/// What is done with a ring that runs the wrong way around.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wrong {
    Refused,
    Turned,
}

/// The edges between points, the last one leading back to the first.
pub(crate) fn edges(points: &[Point]) -> impl Iterator<Item = Edge> + Clone + '_ {
    let next = points.iter().cycle().skip(1);
    points.iter().zip(next).map(|(from, to)| Edge { from: *from, to: *to })
}

impl Ring {
    /// Ring number `ring` of an area, from its corners, the first not repeated at the end.
    pub(crate) fn new(
        ring: usize,
        role: Role,
        corners: impl ExactSizeIterator<Item = Position> + Clone,
        wrong: Wrong,
    ) -> Result<Self, Fault> {
        let found = corners.len();
        let enough = found >= 3 || (found == 1 && role == Role::Exterior);
        if !enough || found > MAX_CORNERS {
            return Err(Fault::Corners { ring, found });
        }
        for (corner, position) in corners.clone().enumerate() {
            position.checked(ring, corner)?;
        }
        if found == 1 {
            let points = corners.map(|p| Point { lon: p.lon.into(), lat: p.lat.into() }).collect();
            return Ok(Self { points, polar: false });
        }
        let (points, turned) = unrolled(ring, corners)?;
        let north = points.iter().all(|point| point.lat > 0);
        let south = points.iter().all(|point| point.lat < 0);
        if turned != 0 && (role == Role::Hole || !(north || south)) {
            return Err(Fault::Pole { ring });
        }
        let pole = i64::from(if north { QUARTER } else { -QUARTER });
        let this = Self::closed(points, turned, pole);
        let (west, east) = this.reach();
        if east - west > TURN {
            return Err(Fault::Wide { ring });
        }
        simple(ring, &this.points)?;
        let origin = this.points.first().copied().unwrap_or(Point { lon: 0, lat: 0 });
        let area: i128 = edges(&this.points).map(|edge| cross(origin, edge.from, edge.to)).sum();
        if (area > 0) == (role == Role::Exterior) {
            return Ok(this);
        }
        match wrong {
            Wrong::Refused => Err(Fault::Orientation { ring }),
            Wrong::Turned => {
                let mut points = this.points;
                points.truncate(found);
                points.reverse();
                Ok(Self::closed(points, -turned, pole))
            }
        }
    }

    /// The ring of these points; one that ends a turn away from where it began is led back by way of the pole.
    fn closed(mut points: Vec<Point>, turned: i64, pole: i64) -> Self {
        let polar = turned != 0;
        if let Some(first) = points.first().copied().filter(|_| polar) {
            let lon = first.lon + turned;
            points.extend([Point { lon, ..first }, Point { lon, lat: pole }, Point { lat: pole, ..first }]);
        }
        Self { points, polar }
    }

    /// The least and the greatest longitude.
    pub(crate) fn reach(&self) -> (i64, i64) {
        let lons = self.points.iter().map(|point| point.lon);
        lons.fold((i64::MAX, i64::MIN), |(west, east), lon| (west.min(lon), east.max(lon)))
    }

    pub(crate) fn shift(&mut self, by: i64) {
        for point in &mut self.points {
            point.lon += by;
        }
    }
}

/// The corners with longitudes counted on, and how far around the world the ring goes: 0 or a turn either way.
fn unrolled(
    ring: usize,
    corners: impl ExactSizeIterator<Item = Position> + Clone,
) -> Result<(Vec<Point>, i64), Fault> {
    let mut points: Vec<Point> = Vec::with_capacity(corners.len() + 3);
    let next = corners.clone().cycle().skip(1);
    let mut lon = corners.clone().next().map_or(0, |first| around(first.lon.into()));
    let begun = lon;
    for (edge, (from, to)) in corners.zip(next).enumerate() {
        let step = around(i64::from(to.lon) - i64::from(from.lon));
        if step == -i64::from(HALF_TURN) {
            return Err(Fault::WhichWay { ring, edge });
        }
        if step == 0 && from.lat == to.lat {
            return Err(Fault::ZeroEdge { ring, edge });
        }
        points.push(Point { lon, lat: from.lat.into() });
        lon += step;
    }
    match lon - begun {
        turned @ (0 | TURN) => Ok((points, turned)),
        turned if turned == -TURN => Ok((points, turned)),
        _ => Err(Fault::Wide { ring }),
    }
}

/// Holds a ring of at most 360° to be simple: edges meet only in the corner between them, and there do not fold back.
fn simple(ring: usize, points: &[Point]) -> Result<(), Fault> {
    if convex(points) { Ok(()) } else { uncrossed(ring, points) }
}

/// The same, every two edges held against each other.
fn uncrossed(ring: usize, points: &[Point]) -> Result<(), Fault> {
    let count = points.len();
    for (place, edge) in edges(points).enumerate() {
        let rest = edges(points).enumerate().skip(place + 1);
        for (other, later) in rest {
            let next = other == place + 1;
            let before = place == 0 && other + 1 == count;
            let meet = if next {
                folds(edge, later)
            } else if before {
                folds(later, edge)
            } else {
                edge.touches::<false>(later)
            };
            if meet {
                return Err(Fault::Crossing { ring, edge: place, other });
            }
        }
    }
    Ok(())
}

/// Whether a ring turns left at every corner and comes around once: then it is simple at a glance.
fn convex(points: &[Point]) -> bool {
    let eastward = |edge: &Edge| (edge.to.lon, edge.to.lat) > (edge.from.lon, edge.from.lat);
    let pairs = edges(points).zip(edges(points).cycle().skip(1));
    let mut turned = 0_usize;
    for (edge, next) in pairs {
        if !turn::<false>(edge.from, edge.to, next.to).is_gt() {
            return false;
        }
        // No turn is half a turn, so each time around has one turn eastward and one westward.
        turned += usize::from(eastward(&edge) != eastward(&next));
    }
    turned == 2
}

/// Whether an edge that begins where another ends runs back along it.
fn folds(edge: Edge, next: Edge) -> bool {
    turn::<false>(edge.from, edge.to, next.to).is_eq() && {
        let ahead = (edge.to.lon - edge.from.lon).signum() * (next.to.lon - next.from.lon).signum();
        let up = (edge.to.lat - edge.from.lat).signum() * (next.to.lat - next.from.lat).signum();
        ahead < 0 || up < 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ring(corners: &[(i32, i32)]) -> Result<Ring, Fault> {
        let positions: Vec<Position> = corners.iter().map(|&(lat, lon)| Position { lat, lon }).collect();
        Ring::new(0, Role::Exterior, positions.iter().copied(), Wrong::Refused)
    }

    const DEGREE: i32 = 10_000_000;

    #[test]
    fn what_a_ring_may_not_be() {
        let name = |corners: &[(i32, i32)]| ring(corners).err().map(|fault| fault.name());
        assert_eq!(name(&[(0, 0), (0, 2), (2, 2), (2, 0)]), None);
        assert_eq!(name(&[(0, 0), (2, 0), (2, 2), (0, 2)]), Some("Orientation"));
        assert_eq!(name(&[(0, 0), (2, 2), (0, 2), (2, 0)]), Some("Crossing"));
        assert_eq!(name(&[(0, 0), (0, 2), (0, 2), (2, 2)]), Some("ZeroEdge"));
        assert_eq!(name(&[(0, 0), (0, 4), (0, 2)]), Some("Crossing"), "a ring without area");
        assert_eq!(name(&[(0, 0), (0, 4), (2, 4), (0, 4), (-1, 2)]), Some("Crossing"), "a spike");
        assert_eq!(name(&[(0, 0), (0, 4), (2, 4), (0, 2), (2, 0)]), Some("Crossing"), "a corner on an edge");
        assert_eq!(name(&[(0, 0), (0, 2)]), Some("Corners"));
        assert_eq!(name(&[]), Some("Corners"));
        assert_eq!(name(&[(0, 0)]), None);
        assert_eq!(name(&[(0, 0), (900_000_001, 2), (2, 2)]), Some("Position"));
        assert_eq!(name(&[(0, -90 * DEGREE), (0, 90 * DEGREE), (DEGREE, 0)]), Some("WhichWay"));
    }

    #[test]
    fn the_antimeridian_is_a_line_like_any_other() {
        let east = 179 * DEGREE;
        let crossing = ring(&[(0, east), (0, -east), (DEGREE, -east), (DEGREE, east)]).unwrap();
        let (west, east) = crossing.reach();
        assert_eq!(east - west, i64::from(2 * DEGREE));
        let same = ring(&[(0, HALF_TURN), (0, -HALF_TURN), (5, 0)]);
        assert_eq!(same, Err(Fault::ZeroEdge { ring: 0, edge: 0 }));
    }

    #[test]
    fn a_turn_encloses_the_pole_on_the_left() {
        let at = |lat: i32, lons: [i32; 4]| lons.map(|lon| (lat * DEGREE, lon * DEGREE));
        assert!(ring(&at(80, [0, 90, 180, -90])).unwrap().polar);
        assert!(ring(&at(-80, [-90, 180, 90, 0])).unwrap().polar);
        assert_eq!(ring(&at(80, [-90, 180, 90, 0])), Err(Fault::Orientation { ring: 0 }));
        assert_eq!(ring(&at(0, [0, 90, 180, -90])), Err(Fault::Pole { ring: 0 }));
    }

    #[test]
    fn a_ring_is_turned_where_that_is_asked_for() {
        let wrong = [(0, 0), (2, 0), (2, 2), (0, 2)].map(|(lat, lon)| Position { lat, lon });
        let turned = Ring::new(0, Role::Exterior, wrong.iter().copied(), Wrong::Turned).unwrap();
        assert_eq!(turned.points.first().map(|point| (point.lat, point.lon)), Some((0, 2)));
        let cap = [0, -90, 180, 90].map(|lon| Position { lat: 80 * DEGREE, lon: lon * DEGREE });
        assert!(Ring::new(0, Role::Exterior, cap.iter().copied(), Wrong::Turned).unwrap().polar);
    }

    #[test]
    fn a_convex_ring_is_one_that_no_two_edges_cross() {
        let mut dice = 24_u64;
        let mut throw = |sides: u64| {
            dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            ((dice >> 33) % sides) as i64
        };
        let (mut rings, mut others) = (0, 0);
        for _ in 0..20_000 {
            // Few places, so that corners are often the same, in line, folded, crossed or around the wrong way.
            let count = 3 + throw(5);
            let points: Vec<Point> = (0..count).map(|_| Point { lon: throw(6), lat: throw(6) }).collect();
            let sound = uncrossed(0, &points).is_ok();
            rings += u32::from(convex(&points));
            others += u32::from(sound && !convex(&points));
            assert!(sound || !convex(&points), "{points:?}");
        }
        assert!(rings > 500 && others > 500, "{rings} {others}");
        // Twice around, always to the left.
        let star = [(0, 0), (6, 20), (6, -20), (0, 10), (12, 0)];
        let star: Vec<Point> = star.iter().map(|&(lat, lon)| Point { lon, lat }).collect();
        assert!(!convex(&star));
    }
}
