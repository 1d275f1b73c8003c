//! What is wrong, where, and who is to blame for it (spec/airspace.md §9).
//!
//! Rings are numbered from 0 (the exterior), corners from 0 as they were given, and edge `n` runs from corner `n`
//! to the next one.

use alloc::string::String;

/// Who is to blame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Blame {
    /// Whoever made what was read.
    Malformed,
    /// Nobody: this reader does not know what it read.
    Incompatible,
    /// The caller in this very program.
    Misuse,
}

/// A refusal: what was wrong and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// A place that does not exist; swapped coordinates often end here.
    #[error(
        "ring {ring}, corner {corner}: expected ±900000000 and ±1800000000 (1e-7 degrees), found {lat}, {lon}"
    )]
    Position {
        /// Which ring.
        ring: usize,
        /// Which corner of it.
        corner: usize,
        /// Latitude as found.
        lat: i64,
        /// Longitude as found.
        lon: i64,
    },
    /// Too few corners for an area, or too many to be read.
    #[error("ring {ring}: expected 1 corner or 3 and more, at most 1024 in an area, found {found}")]
    Corners {
        /// Which ring.
        ring: usize,
        /// How many corners there are.
        found: usize,
    },
    /// A ring that should end where it begins and does not.
    #[error("ring {ring} is not closed: its last position is not its first")]
    Unclosed {
        /// Which ring.
        ring: usize,
    },
    /// Two corners, one after the other, in one place.
    #[error("ring {ring}: edge {edge} has no length; leave one of its corners out")]
    ZeroEdge {
        /// Which ring.
        ring: usize,
        /// Which edge of it.
        edge: usize,
    },
    /// An edge that could go either way around the world.
    #[error(
        "ring {ring}: edge {edge} spans 180 degrees of longitude; add a corner that says which way it goes"
    )]
    WhichWay {
        /// Which ring.
        ring: usize,
        /// Which edge of it.
        edge: usize,
    },
    /// A ring that crosses or touches itself.
    #[error("ring {ring} crosses or touches itself: edges {edge} and {other}")]
    Crossing {
        /// Which ring.
        ring: usize,
        /// One edge; the least that meets another out of turn.
        edge: usize,
        /// The other; the least after that one. The number after the last is the pole's.
        other: usize,
    },
    /// A ring that runs the wrong way around.
    #[error("ring {ring} runs the wrong way: an exterior anticlockwise, a hole clockwise")]
    Orientation {
        /// Which ring.
        ring: usize,
    },
    /// A ring that spans more than all longitudes.
    #[error("ring {ring} spans more than 360 degrees of longitude")]
    Wide {
        /// Which ring.
        ring: usize,
    },
    /// A ring around a pole that is not on that pole's side of the equator, or a hole around a pole.
    #[error(
        "ring {ring} runs around a pole: only an exterior may, eastward north of the equator, westward south of it"
    )]
    Pole {
        /// Which ring.
        ring: usize,
    },
    /// A hole that is not inside the exterior.
    #[error("ring {ring}: a hole lies within the exterior, and this one does not")]
    HoleOutside {
        /// Which ring.
        ring: usize,
    },
    /// Two rings of one area that touch, or a hole within a hole.
    #[error("rings {ring} and {other} of one area meet")]
    RingsMeet {
        /// One ring.
        ring: usize,
        /// The other.
        other: usize,
    },
    /// An altitude that cannot be.
    #[error("altitude: expected ±2000000000 mm, found {mm}")]
    Limit {
        /// As found, mm.
        mm: i64,
    },
    /// A band with nothing in it.
    #[error("altitudes: expected the upper limit at or above the lower, found {lower_mm} to {upper_mm} mm")]
    Band {
        /// The lower limit, mm.
        lower_mm: i64,
        /// The upper limit, mm.
        upper_mm: i64,
    },
    /// A ground that cannot be.
    #[error("ground: expected -500000 to 9000000 mm, ascending, found {lowest_mm} to {highest_mm}")]
    Ground {
        /// The lowest ground, mm.
        lowest_mm: i64,
        /// The highest ground, mm.
        highest_mm: i64,
    },
    /// A span that ends before it begins, or beyond the year 9999.
    #[error(
        "time: expected until at or after from, both at most 253402300799999 ms, found {from_ms} to {until_ms}"
    )]
    Span {
        /// The first moment, ms.
        from_ms: u64,
        /// The last moment, ms; the greatest number for no end.
        until_ms: u64,
    },
    /// A radius or distance that no cover is made for.
    #[error("distance: expected {least_mm} to {most_mm} mm, found {mm}")]
    Distance {
        /// The least, mm.
        least_mm: u64,
        /// The most, mm.
        most_mm: u64,
        /// As found, mm.
        mm: u64,
    },
    /// A tolerance that no cover is made to.
    #[error("tolerance: expected 100 to 100000 parts in a million, found {ppm}")]
    Tolerance {
        /// As found, parts in a million.
        ppm: u32,
    },
    /// No cover of at most so many corners keeps the tolerance; a coarser one, or a smaller shape, may.
    #[error("no cover of this shape keeps its tolerance; ask for a coarser one")]
    NoCover,
    /// More parts than a separation may have, or more volumes than may be said at once.
    #[error("{what}: expected 1 to {most}, found {found}")]
    Many {
        /// Of what.
        what: &'static str,
        /// How many there may be.
        most: usize,
        /// How many there are.
        found: usize,
    },
    /// Bytes that are not what they should be.
    #[error("{what}: expected {expected}, found {found}")]
    Bytes {
        /// What was looked at.
        what: &'static str,
        /// What it should have been.
        expected: &'static str,
        /// What it was.
        found: String,
    },
    /// Well formed, with keys or codes that this reader does not know.
    #[error("{what}: not known here")]
    Unknown {
        /// What is not known.
        what: &'static str,
    },
    /// A register that holds as much as it was made for.
    #[error("the register is full: it was made for {most} volumes")]
    Full {
        /// How many it was made for.
        most: usize,
    },
}

impl Fault {
    /// The refusal's name in the specification.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Position { .. } => "Position",
            Self::Corners { .. } => "Corners",
            Self::Unclosed { .. } => "Unclosed",
            Self::ZeroEdge { .. } => "ZeroEdge",
            Self::WhichWay { .. } => "WhichWay",
            Self::Crossing { .. } => "Crossing",
            Self::Orientation { .. } => "Orientation",
            Self::Wide { .. } => "Wide",
            Self::Pole { .. } => "Pole",
            Self::HoleOutside { .. } => "HoleOutside",
            Self::RingsMeet { .. } => "RingsMeet",
            Self::Limit { .. } => "Limit",
            Self::Band { .. } => "Band",
            Self::Ground { .. } => "Ground",
            Self::Span { .. } => "Span",
            Self::Distance { .. } => "Distance",
            Self::Tolerance { .. } => "Tolerance",
            Self::NoCover => "NoCover",
            Self::Many { .. } => "Many",
            Self::Bytes { .. } => "Bytes",
            Self::Unknown { .. } => "Unknown",
            Self::Full { .. } => "Full",
        }
    }

    /// Who is to blame.
    pub fn blame(&self) -> Blame {
        match self {
            Self::Unknown { .. } => Blame::Incompatible,
            Self::Tolerance { .. } | Self::NoCover | Self::Full { .. } => Blame::Misuse,
            _ => Blame::Malformed,
        }
    }
}
