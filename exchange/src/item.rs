//! Items: what a file says of one thing (spec/exchange.md §1).
//!
//! An item is what a person meant by one row, one feature or one placemark, before any line's rules are asked: nothing in
//! it is required, and nothing in it was guessed.

use std::collections::BTreeMap;

use detente_airspace::altitude::Band;
use detente_airspace::area::Area;
use detente_airspace::position::Position;
use detente_airspace::span::Span;
use detente_line::notice::{Field, Value};

use crate::fault::Place;

/// What a thing is, where the file says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// Something that will be done in a volume, for a time.
    Activity,
    /// Somebody who goes from place to place.
    Movement,
    /// Somewhere that is to be spared.
    Site,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Activity, Self::Movement, Self::Site];

    /// Its name in files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Activity => "activity",
            Self::Movement => "movement",
            Self::Site => "site",
        }
    }
}

/// What a part of an item covers on the map.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shape {
    /// An area.
    Area(Area),
    /// All within a distance of a position.
    Circle {
        /// The middle.
        centre: Position,
        /// The distance, mm.
        radius_mm: u32,
    },
    /// All within a distance of the straight edge between two positions.
    Leg {
        /// Where it begins.
        from: Position,
        /// Where it ends.
        to: Position,
        /// The distance, mm.
        half_width_mm: u32,
    },
    /// A position.
    Point(Position),
}

/// Where, how high and when something is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// Where.
    pub shape: Shape,
    /// How high; all altitudes if nothing was said.
    pub band: Band,
    /// When, if that was said.
    pub span: Option<Span>,
}

/// Where a movement is, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Waypoint {
    /// Where.
    pub position: Position,
    /// From when, ms since 1970.
    pub from_ms: u64,
    /// Until when, ms since 1970; not before `from_ms`.
    pub until_ms: u64,
}

/// What a file says of one thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// Where in the file it begins.
    pub place: Place,
    /// The file's own identifier, by which a later file is compared; no two items of a file have the same.
    pub id: Option<String>,
    /// What it is.
    pub kind: Option<Kind>,
    /// What it says; may be empty.
    pub text: String,
    /// Its parts, in the order of the file.
    pub parts: Vec<Part>,
    /// Its waypoints, in the order of the file.
    pub waypoints: Vec<Waypoint>,
    /// How wide the way between its waypoints is to either side, mm, if that was said.
    pub half_width_mm: Option<u32>,
    /// What else is said of it.
    pub fields: BTreeMap<Field, Value>,
}

impl Item {
    /// An item of which nothing is known but where it is.
    pub fn at(place: Place) -> Self {
        Self {
            place,
            id: None,
            kind: None,
            text: String::new(),
            parts: Vec::new(),
            waypoints: Vec::new(),
            half_width_mm: None,
            fields: BTreeMap::new(),
        }
    }

    /// Whether both say the same, wherever they stand.
    pub fn says_as(&self, other: &Self) -> bool {
        (&self.id, self.kind, &self.text, &self.parts, &self.waypoints, self.half_width_mm, &self.fields)
            == (
                &other.id,
                other.kind,
                &other.text,
                &other.parts,
                &other.waypoints,
                other.half_width_mm,
                &other.fields,
            )
    }
}
