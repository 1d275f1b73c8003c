//! Separation: how much room a volume asks for around it (spec/airspace.md §6).

use alloc::boxed::Box;
use alloc::vec::Vec;

use crate::area::Area;
use crate::cover::{self, LEAST_MM, MOST_MM};
use crate::fault::Fault;

/// Most parts of a ring.
pub const MAX_PARTS: usize = 64;
/// Most height above and below that can be asked for: 100 km, in mm.
pub const MAX_VERTICAL_MM: u32 = 100_000_000;
/// Most time before and after that can be asked for: 31 days, in ms.
pub const MAX_TIME_MS: u64 = 31 * 86_400_000;

/// The room that a volume asks for: to the sides, above and below, before and after.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Separation {
    distance_mm: u32,
    ring: Box<[Area]>,
    vertical_mm: u32,
    time_ms: u64,
}

impl Separation {
    /// `ring` covers, together with the volume's own area, all that is within `distance_mm` of that area; it is
    /// empty where the distance is 0, and only there.
    ///
    /// # Errors
    /// [`Fault::Bytes`] if no room is asked for; [`Fault::Many`] if the ring has too many parts, or none for a distance; [`Fault::Distance`] if a margin is
    /// too large.
    pub fn new(distance_mm: u32, ring: Vec<Area>, vertical_mm: u32, time_ms: u64) -> Result<Self, Fault> {
        if ring.len() > MAX_PARTS || ring.is_empty() != (distance_mm == 0) {
            return Err(Fault::Many {
                what: "parts of a separation ring",
                most: MAX_PARTS,
                found: ring.len(),
            });
        }
        if (distance_mm, vertical_mm, time_ms) == (0, 0, 0) {
            let expected = "a distance, a height or a time";
            return Err(Fault::Bytes { what: "separation", expected, found: "none of them".into() });
        }
        if distance_mm != 0 && !(LEAST_MM..=MOST_MM).contains(&distance_mm) {
            let (least_mm, most_mm, mm) = (LEAST_MM.into(), MOST_MM.into(), distance_mm.into());
            return Err(Fault::Distance { least_mm, most_mm, mm });
        }
        for (mm, most_mm) in [(vertical_mm.into(), MAX_VERTICAL_MM.into()), (time_ms, MAX_TIME_MS)] {
            if mm > most_mm {
                return Err(Fault::Distance { least_mm: 0, most_mm, mm });
            }
        }
        Ok(Self { distance_mm, ring: ring.into(), vertical_mm, time_ms })
    }

    /// Room around an area, with a ring that covers it to a tolerance in parts in a million.
    ///
    /// # Errors
    /// As for [`new`](Self::new) and [`cover::ring`].
    pub fn around(
        area: &Area,
        distance_mm: u32,
        tolerance_ppm: u32,
        vertical_mm: u32,
        time_ms: u64,
    ) -> Result<Self, Fault> {
        let ring = match distance_mm {
            0 => Vec::new(),
            _ => cover::ring(area, distance_mm, tolerance_ppm)?,
        };
        Self::new(distance_mm, ring, vertical_mm, time_ms)
    }

    /// How far to the sides, mm.
    pub fn distance_mm(&self) -> u32 {
        self.distance_mm
    }

    /// The areas that cover what is so far away, together with the volume's own.
    pub fn ring(&self) -> &[Area] {
        &self.ring
    }

    /// How far above and below, mm.
    pub fn vertical_mm(&self) -> u32 {
        self.vertical_mm
    }

    /// How long before and after, ms.
    pub fn time_ms(&self) -> u64 {
        self.time_ms
    }
}
