//! From what somebody means to volumes that travel: covers to the kind's tolerance, and the room that it asks for at
//! the least.

use alloc::boxed::Box;

use detente_airspace::altitude::Band;
use detente_airspace::area::Area;
use detente_airspace::cover::{self, Shape};
use detente_airspace::fault::Fault;
use detente_airspace::separation::Separation;
use detente_airspace::span::Span;
use detente_airspace::volume::Volume;

use super::rule::NoticeKind;

/// Where something is meant to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// In an area, or at a single position.
    Area(Area),
    /// In a shape that is to be covered.
    Shape(Shape),
}

impl From<Area> for Place {
    fn from(area: Area) -> Self {
        Self::Area(area)
    }
}

impl From<Shape> for Place {
    fn from(shape: Shape) -> Self {
        Self::Shape(shape)
    }
}

impl NoticeKind {
    /// A volume of a notice of this kind, covered to its tolerance and with the least room around it.
    ///
    /// # Errors
    /// What the airspace refuses: a shape out of range, or one that no cover of so many corners keeps.
    pub fn volume(&self, place: Place, band: Band, span: Span) -> Result<Volume, Fault> {
        let ppm = self.tolerance_ppm();
        let (area, shape) = match place {
            Place::Area(area) => (area, None),
            Place::Shape(shape) => (shape.cover(ppm)?, Some(shape)),
        };
        let minima = self.minima();
        let distance_mm = minima.distance_mm.unwrap_or(0);
        let ring = if distance_mm == 0 { Default::default() } else { cover::ring(&area, distance_mm, ppm)? };
        let (vertical_mm, time_ms) = (minima.vertical_mm.unwrap_or(0), minima.time_ms.unwrap_or(0));
        let room = distance_mm > 0 || vertical_mm > 0 || time_ms > 0;
        let separation =
            room.then(|| Separation::new(distance_mm, ring, vertical_mm, time_ms)).transpose()?.map(Box::new);
        Ok(Volume { area, band, span, shape, separation })
    }
}
