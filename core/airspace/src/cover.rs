//! Covers: areas that hold all of a circle, a leg of a corridor, or what is near an area (spec/airspace.md §8).

use crate::area::Area;
use crate::fault::Fault;
use crate::position::Position;

/// The least distance that is covered: 1 m, in mm.
pub const LEAST_MM: u32 = 1_000;
/// The greatest distance that is covered: 500 km, in mm.
pub const MOST_MM: u32 = 500_000_000;

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
        let mm = self.distance_mm();
        if (LEAST_MM..=MOST_MM).contains(&mm) {
            Ok(self)
        } else {
            let (least_mm, most_mm, mm) = (LEAST_MM.into(), MOST_MM.into(), mm.into());
            Err(Fault::Distance { least_mm, most_mm, mm })
        }
    }
}
