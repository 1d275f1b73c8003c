//! Verdicts: whether two volumes could touch, and where, how high and when (spec/airspace.md §7).
//!
//! The same two volumes have the same verdict everywhere, whichever comes first.

use alloc::vec::Vec;

use crate::altitude::SharedBand;
use crate::area::Area;
use crate::bounds::Bounds;
use crate::span::Span;
use crate::volume::{Volume, VolumeView};

/// What is to be said of two volumes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    /// Neither is in the room of the other.
    Clear,
    /// One is in the room that the other asks for.
    WithinSeparation,
    /// They have a point in common at some moment, for all that is known.
    Conflict,
}

/// What two volumes have in common, or one with the other's room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Overlap {
    /// Where: the box around it, rounded outward.
    pub bounds: Bounds,
    /// How high.
    pub band: SharedBand,
    /// When.
    pub span: Span,
}

/// The verdict on two volumes.
pub fn verdict(one: &Volume, two: &Volume) -> Verdict {
    judge(&one.view(), &two.view())
}

/// The verdict, and what it rests on; nothing where they are clear of each other.
pub fn overlap(one: &Volume, two: &Volume) -> (Verdict, Option<Overlap>) {
    let (one, two) = (one.view(), two.view());
    let verdict = judge(&one, &two);
    let overlap = match verdict {
        Verdict::Clear => None,
        Verdict::Conflict => common(&one, &two, Room::NONE),
        Verdict::WithinSeparation => {
            let parts = [common(&one, &two, Room::of(&one)), common(&two, &one, Room::of(&two))];
            parts.into_iter().flatten().reduce(|first, second| Overlap {
                bounds: Bounds::hull([first.bounds, second.bounds]).unwrap_or(first.bounds),
                band: first.band.hull(second.band),
                span: first.span.hull(second.span),
            })
        }
    };
    (verdict, overlap)
}

/// The verdict on two volumes, wherever they are kept.
pub(crate) fn judge(one: &VolumeView<'_>, two: &VolumeView<'_>) -> Verdict {
    if conflict(one, two) {
        Verdict::Conflict
    } else if in_room(one, two) || in_room(two, one) {
        Verdict::WithinSeparation
    } else {
        Verdict::Clear
    }
}

/// The room around a volume.
#[derive(Debug, Clone, Copy)]
struct Room<'a> {
    ring: &'a [Area],
    vertical_mm: u32,
    time_ms: u64,
}

impl<'a> Room<'a> {
    const NONE: Self = Self { ring: &[], vertical_mm: 0, time_ms: 0 };

    fn of(volume: &VolumeView<'a>) -> Self {
        volume.separation.map_or(Self::NONE, |separation| Self {
            ring: separation.ring(),
            vertical_mm: separation.vertical_mm(),
            time_ms: separation.time_ms(),
        })
    }
}

fn conflict(one: &VolumeView<'_>, two: &VolumeView<'_>) -> bool {
    one.span.meets(two.span) && one.band.meets(&two.band, 0) && one.area.touches(&two.area)
}

/// Whether the other volume is in the room that one asks for.
fn in_room(one: &VolumeView<'_>, other: &VolumeView<'_>) -> bool {
    if one.separation.is_none() {
        return false;
    }
    let room = Room::of(one);
    one.span.widened(room.time_ms).meets(other.span)
        && one.band.meets(&other.band, room.vertical_mm)
        && (one.area.touches(&other.area) || room.ring.iter().any(|part| part.view().touches(&other.area)))
}

/// What the other volume has in common with one and its room.
fn common(one: &VolumeView<'_>, other: &VolumeView<'_>, room: Room<'_>) -> Option<Overlap> {
    let span = one.span.widened(room.time_ms).shared(other.span)?;
    let band = one.band.shared(&other.band, room.vertical_mm)?;
    let places = core::iter::once(one.area).chain(room.ring.iter().map(Area::view));
    let boxes: Vec<Bounds> = places.filter_map(|place| place.shared(&other.area)).collect();
    Some(Overlap { bounds: Bounds::hull(boxes)?, band, span })
}
