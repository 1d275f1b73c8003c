//! Volumes: an area, a band of altitudes and a span of time, with the room that is asked for around them
//! (spec/airspace.md §5).

use alloc::boxed::Box;

use crate::altitude::Band;
use crate::area::Area;
use crate::cover::Shape;
use crate::separation::Separation;
use crate::span::Span;

/// Where, how high and when something may be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Volume {
    /// Where: what decides, whatever the shape.
    pub area: Area,
    /// How high.
    pub band: Band,
    /// When.
    pub span: Span,
    /// What the area covers, where that is not the area itself.
    pub shape: Option<Shape>,
    /// The room that is asked for.
    pub separation: Option<Box<Separation>>,
}

impl Volume {
    /// A volume that asks for no room.
    pub fn new(area: Area, band: Band, span: Span) -> Self {
        Self { area, band, span, shape: None, separation: None }
    }

    /// The same volume, asking for room.
    #[must_use]
    pub fn with_separation(self, separation: Separation) -> Self {
        Self { separation: Some(Box::new(separation)), ..self }
    }
}
