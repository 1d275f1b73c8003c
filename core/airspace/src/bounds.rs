//! The box around a place (spec/airspace.md §4).

use alloc::vec::Vec;

use crate::position::{HALF_TURN, TURN, around};

/// From south to north and from west to east, in 1e-7 degrees, sides included.
///
/// `west` is in −180° (with) to 180° (without); `east` is at or east of it by at most 360°, and so may be beyond
/// 180°: then the box crosses the antimeridian.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Bounds {
    /// The least latitude.
    pub south: i32,
    /// The longitude of the western side.
    pub west: i64,
    /// The greatest latitude.
    pub north: i32,
    /// The longitude of the eastern side, counted on from `west`.
    pub east: i64,
}

impl Bounds {
    /// The box with `west` brought into its range.
    pub(crate) fn rolled(self) -> Self {
        let west = around(self.west);
        Self { west, east: west + (self.east - self.west), ..self }
    }

    /// Whether the other one, moved east by `shift`, has a point in common with this one.
    pub(crate) fn meets(&self, other: &Self, shift: i64) -> bool {
        self.south <= other.north
            && other.south <= self.north
            && self.west <= other.east + shift
            && other.west + shift <= self.east
    }

    /// Whether the other one, moved east by `shift`, is within this one.
    pub(crate) fn holds(&self, other: &Self, shift: i64) -> bool {
        self.south <= other.south
            && other.north <= self.north
            && self.west <= other.west + shift
            && other.east + shift <= self.east
    }

    /// The box of least width that covers all of these; the westernmost of several such.
    pub(crate) fn hull(boxes: impl IntoIterator<Item = Self>) -> Option<Self> {
        let mut boxes: Vec<Self> = boxes.into_iter().map(Self::rolled).collect();
        boxes.sort_unstable_by_key(|bounds| (bounds.west, bounds.east));
        let south = boxes.iter().map(|bounds| bounds.south).min()?;
        let north = boxes.iter().map(|bounds| bounds.north).max()?;
        let first = boxes.first()?.west;
        // The widest gap is what the hull leaves out; it ends where the hull begins.
        let reach = boxes.iter().map(|bounds| bounds.east).max()?;
        let (mut widest, mut west, mut before) = (first + TURN - reach, first, reach - TURN);
        let mut reached = first;
        for bounds in &boxes {
            let reached_before = reached.max(reach - TURN);
            if bounds.west - reached_before > widest {
                (widest, west, before) = (bounds.west - reached_before, bounds.west, reached_before);
            }
            reached = reached.max(bounds.east);
        }
        if widest <= 0 {
            let half = i64::from(HALF_TURN);
            return Some(Self { south, west: -half, north, east: half });
        }
        Some(Self { south, west, north, east: before + TURN }.rolled())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hull(boxes: &[(i64, i64)]) -> (i64, i64) {
        let degree = 10_000_000;
        let boxes = boxes.iter().map(|(west, east)| Bounds {
            south: 0,
            west: west * degree,
            north: 1,
            east: east * degree,
        });
        let hull = Bounds::hull(boxes).unwrap();
        (hull.west / degree, hull.east / degree)
    }

    #[test]
    fn the_hull_leaves_out_the_widest_gap() {
        assert_eq!(hull(&[(0, 10)]), (0, 10));
        assert_eq!(hull(&[(0, 10), (20, 30)]), (0, 30));
        assert_eq!(hull(&[(-170, -160), (160, 170)]), (160, 200));
        assert_eq!(hull(&[(-170, -160), (160, 200)]), (160, 200));
        assert_eq!(hull(&[(-180, 0), (0, 180)]), (-180, 180));
        assert_eq!(hull(&[(-180, -180), (-180, -180)]), (-180, -180));
        assert_eq!(hull(&[(0, 200), (170, 350)]), (0, 350));
        assert_eq!(hull(&[(-90, 90), (90, 240)]), (-90, 240));
        assert_eq!(hull(&[(-180, 180), (-20, 20)]), (-180, 180));
    }
}
