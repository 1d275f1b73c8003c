//! Volumes: an area, a band of altitudes and a span of time, with the room that is asked for around them
//! (spec/airspace.md §5).

use alloc::boxed::Box;

use crate::altitude::Band;
use crate::area::{Area, AreaView};
use crate::bounds::Bounds;
use crate::cover::Shape;
use crate::fault::Fault;
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

    /// A volume whose area covers a shape, to a tolerance in parts in a million.
    ///
    /// # Errors
    /// As for [`Shape::cover`].
    pub fn covering(shape: Shape, tolerance_ppm: u32, band: Band, span: Span) -> Result<Self, Fault> {
        let area = shape.cover(tolerance_ppm)?;
        Ok(Self { shape: Some(shape), ..Self::new(area, band, span) })
    }

    /// The same volume, asking for room.
    #[must_use]
    pub fn with_separation(self, separation: Separation) -> Self {
        Self { separation: Some(Box::new(separation)), ..self }
    }

    /// How many bytes it takes, with all that belongs to it.
    pub(crate) fn bytes(&self) -> usize {
        let shape = match &self.shape {
            Some(Shape::Around { area, .. }) => area.heap_bytes(),
            _ => 0,
        };
        let separation = self.separation.as_deref().map_or(0, |separation| {
            let ring = separation.ring().iter().map(|part| size_of::<Area>() + part.heap_bytes());
            size_of::<Separation>() + ring.sum::<usize>()
        });
        size_of::<Self>() + self.area.heap_bytes() + shape + separation
    }

    pub(crate) fn view(&self) -> VolumeView<'_> {
        VolumeView {
            area: self.area.view(),
            band: self.band,
            span: self.span,
            separation: self.separation.as_deref(),
        }
    }

    /// A box that nothing outside of can be in conflict with it, or within the room that it asks for.
    pub(crate) fn extent(&self) -> Extent {
        let (lower, upper) = self.band.heights();
        let bounds = self.area.bounds();
        let Some(separation) = &self.separation else {
            return Extent { bounds, lower, upper, span: self.span };
        };
        let parts = separation.ring().iter().map(Area::bounds);
        let margin = i64::from(separation.vertical_mm());
        Extent {
            bounds: Bounds::hull(parts.chain([bounds])).unwrap_or(bounds),
            lower: lower.map(|lower| lower - margin),
            upper: upper.map(|upper| upper + margin),
            span: self.span.widened(separation.time_ms()),
        }
    }
}

/// A volume, wherever it is kept.
#[derive(Debug, Clone, Copy)]
pub(crate) struct VolumeView<'a> {
    pub(crate) area: AreaView<'a>,
    pub(crate) band: Band,
    pub(crate) span: Span,
    pub(crate) separation: Option<&'a Separation>,
}

/// How far something reaches, in every direction.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Extent {
    pub(crate) bounds: Bounds,
    /// Above the ellipsoid, mm.
    pub(crate) lower: Option<i64>,
    /// Above the ellipsoid, mm.
    pub(crate) upper: Option<i64>,
    pub(crate) span: Span,
}
