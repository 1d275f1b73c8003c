//! How a volume stands in the register: a line of memory that tells most candidates apart, and the rest of it elsewhere.

use crate::altitude::{Band, Datum, Ground, Limit};
use crate::bounds::Bounds;
use crate::grid::Slot;
use crate::position::{HALF_TURN, Position, QUARTER};
use crate::span::Span;
use crate::volume::{Extent, Volume, VolumeView};

/// How many corners an entry has room for; more are kept elsewhere, and cost one wait for memory more.
pub(super) const FEW: usize = 12;

/// What is looked at first.
#[derive(Debug, Clone, Copy)]
#[repr(C, align(32))]
pub(super) struct Entry {
    pub(super) from_ms: u64,
    pub(super) until_ms: u64,
    pub(super) south: i32,
    pub(super) north: i32,
    pub(super) west: i32,
    /// From west to east.
    pub(super) width: u32,
    pub(super) lower_mm: i32,
    pub(super) upper_mm: i32,
    /// Where its corners are, or itself if it is not plain.
    pub(super) at: u32,
    pub(super) slot: Slot,
    pub(super) corners: u16,
    /// The caller's, of the key.
    pub(super) group: u16,
    pub(super) form: Form,
    /// Its corners, if they are few.
    pub(super) few: [Position; FEW],
}

/// How a volume is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// Nothing is there.
    Empty,
    /// One ring, one datum, no room asked for: all of it is in the entry and its corners.
    Plain { datum: Datum, lower: bool, upper: bool },
    /// Kept whole.
    Whole,
}

const _: () = assert!(size_of::<Entry>() == 64 + FEW * 8, "a cache line, and the corners");

impl Entry {
    pub(super) const EMPTY: Self = Self {
        from_ms: 0,
        until_ms: 0,
        south: 0,
        north: 0,
        west: 0,
        width: 0,
        lower_mm: 0,
        upper_mm: 0,
        at: 0,
        slot: Slot { cell: 0, place: 0 },
        corners: 0,
        group: 0,
        form: Form::Empty,
        few: [Position { lat: 0, lon: 0 }; FEW],
    };

    /// Something that can only be known by reading all lines of memory that it is in.
    #[inline]
    pub(super) fn touch(&self) -> u32 {
        let [first, .., last] = self.few;
        self.from_ms as u32 ^ first.lat as u32 ^ last.lat as u32
    }

    /// Its corners, if it has room for them.
    #[inline]
    pub(super) fn few(&self) -> Option<&[Position]> {
        self.few.get(..self.corners.into())
    }

    pub(super) fn bounds(&self) -> Bounds {
        let west = i64::from(self.west);
        Bounds { south: self.south, west, north: self.north, east: west + i64::from(self.width) }
    }

    /// How far a plain volume reaches.
    pub(super) fn extent(&self) -> Option<Extent> {
        let (lower, upper) = self.band()?.heights();
        Some(Extent { bounds: self.bounds(), lower, upper, span: self.span() })
    }

    pub(super) fn span(&self) -> Span {
        Span::kept(self.from_ms, self.until_ms)
    }

    pub(super) fn band(&self) -> Option<Band> {
        let Form::Plain { datum, lower, upper } = self.form else { return None };
        let limit = |there: bool, mm: i32| there.then_some(Limit { mm, datum });
        Some(Band::kept(limit(lower, self.lower_mm), limit(upper, self.upper_mm)))
    }

    /// Whether it is worth looking at more of it.
    #[inline]
    pub(super) fn could_meet(&self, asked: &VolumeView<'_>, span: &Span) -> bool {
        if !span.meets(self.span()) {
            return false;
        }
        // With room asked for, or a pole, or the antimeridian, boxes are not all there is to it.
        let plainly = asked.separation.is_none() && asked.area.meridian == 0;
        match self.form {
            Form::Plain { .. } if plainly => {
                let (own, other) = (self.bounds(), asked.area.bounds);
                let polar = own.north == QUARTER || own.south == -QUARTER;
                let ends = own.west == -i64::from(HALF_TURN) || own.east == i64::from(HALF_TURN);
                (polar || ends || own.meets(&other, 0))
                    && self.band().is_some_and(|band| band.meets(&asked.band, 0))
            }
            _ => true,
        }
    }
}

/// How a volume is kept if it is plain, and its corners.
pub(super) fn plain(volume: &Volume) -> Option<(Form, &[Position])> {
    let Volume { area, band, separation, shape, .. } = volume;
    let datums = (band.lower().map(|limit| limit.datum), band.upper().map(|limit| limit.datum));
    let datum = match datums {
        (Some(lower), Some(upper)) if lower != upper => return None,
        (lower, upper) => lower.or(upper).unwrap_or(Datum::Wgs84),
    };
    let plain =
        area.is_plain() && separation.is_none() && shape.is_none() && band.ground() == Ground::ANYWHERE;
    let form = Form::Plain { datum, lower: datums.0.is_some(), upper: datums.1.is_some() };
    plain.then(|| (form, area.plain_corners()))
}
