//! Covers (spec/airspace.md §8).
use crate::position::Position;

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
}
