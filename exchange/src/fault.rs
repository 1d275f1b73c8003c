//! What is wrong in a file, where in it, and who is to blame (spec/exchange.md §9).
//!
//! A found text stands as it was in the file, cut to [`FOUND`] characters: whoever shows it makes it harmless.

use std::fmt;

use detente_airspace::fault as airspace;

/// Most characters of what was found that a fault repeats.
pub const FOUND: usize = 60;
/// Most faults of one file that are told; the rest are counted.
pub const MOST_FAULTS: usize = 1_000;

/// Who is to blame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Blame {
    /// Whoever made the file.
    Malformed,
    /// Nobody: this reader or that format cannot hold it.
    Incompatible,
    /// The caller in this very program.
    Misuse,
}

/// What a file counts its contents by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Unit {
    /// Rows of a table, the first being 1.
    Row,
    /// Features of a GeoJSON file, the first being 1.
    Feature,
    /// Placemarks of a KML file, the first being 1.
    Placemark,
    /// Volumes of an F3548 file, the first being 1.
    Volume,
    /// Items that were to be written, the first being 1.
    Item,
}

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Row => "row",
            Self::Feature => "feature",
            Self::Placemark => "placemark",
            Self::Volume => "volume",
            Self::Item => "item",
        })
    }
}

/// A column, as people look for it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Column {
    /// What its header, or the property, is called.
    pub name: String,
    /// Its letter in a table (`A`, `AB`); none for a property.
    pub letter: Option<String>,
}

/// Where in a file.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Place {
    /// Name of the sheet of a workbook.
    pub sheet: Option<String>,
    /// Which row, feature, placemark, volume or item.
    pub number: Option<(Unit, usize)>,
    /// In which column or property.
    pub column: Option<Column>,
}

impl Place {
    /// The whole file.
    pub fn whole() -> Self {
        Self::default()
    }

    /// A numbered thing in the file.
    pub fn at(unit: Unit, number: usize) -> Self {
        Self { sheet: None, number: Some((unit, number)), column: None }
    }

    /// A property or column of it.
    pub fn column(&self, name: &str, letter: Option<String>) -> Self {
        Self { column: Some(Column { name: clipped(name), letter }), ..self.clone() }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut said = false;
        let mut gap = |f: &mut fmt::Formatter<'_>| {
            let gap = if said { ", " } else { "" };
            said = true;
            f.write_str(gap)
        };
        if let Some(sheet) = &self.sheet {
            gap(f)?;
            write!(f, "sheet {sheet}")?;
        }
        if let Some((unit, number)) = self.number {
            gap(f)?;
            write!(f, "{unit} {number}")?;
        }
        if let Some(Column { name, letter }) = &self.column {
            gap(f)?;
            match letter {
                Some(letter) => write!(f, "column {letter} ({name})")?,
                None => write!(f, "{name}")?,
            }
        }
        if said { Ok(()) } else { f.write_str("the file") }
    }
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {reason}")]
pub struct Fault {
    /// Where.
    pub place: Place,
    /// What.
    pub reason: Reason,
}

/// Something that was read otherwise than somebody may think; nothing is refused for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// Where.
    pub place: Place,
    /// What was done, for a person.
    pub text: String,
}

/// Why something was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Reason {
    /// No position, or none that exists.
    #[error("expected {expected}, found {found}")]
    Position {
        /// What would have been taken.
        expected: &'static str,
        /// What was there.
        found: String,
    },
    /// Latitude and longitude in the wrong order.
    #[error("latitude and longitude seem swapped: {} is inside the area", inside(*.lat, *.lon))]
    Swapped {
        /// The latitude that would be inside, 1e-7 degrees.
        lat: i32,
        /// The longitude that would be inside, 1e-7 degrees.
        lon: i32,
    },
    /// No time, or none that is known for sure.
    #[error("expected {expected}, found {found}")]
    Time {
        /// What would have been taken.
        expected: &'static str,
        /// What was there.
        found: String,
    },
    /// No length or altitude with its unit and datum.
    #[error("expected {expected}, found {found}")]
    Length {
        /// What would have been taken.
        expected: &'static str,
        /// What was there.
        found: String,
    },
    /// A word, number or structure that means nothing here.
    #[error("expected {expected}, found {found}")]
    Meaning {
        /// What would have been taken.
        expected: &'static str,
        /// What was there.
        found: String,
    },
    /// Something that is needed is not there.
    #[error("{what} is missing")]
    Missing {
        /// What.
        what: &'static str,
    },
    /// What belongs to one thing says two things.
    #[error("expected {first}, as said before of the same, found {second}")]
    Contradiction {
        /// What was said first.
        first: String,
        /// What was said then.
        second: String,
    },
    /// A shape, band or span that the airspace refuses.
    #[error(transparent)]
    Airspace(#[from] airspace::Fault),
    /// A column whose meaning another column has already.
    #[error("expected one column for {what}, found another")]
    Twice {
        /// What both mean.
        what: &'static str,
    },
    /// An identifier that something else in the file has.
    #[error("identifier {id} stands for something else already")]
    Again {
        /// Which.
        id: String,
    },
    /// Cells that were merged over more than one row.
    #[error("cells {cells} are merged: write the value into each of them")]
    Merged {
        /// Which, as `A1:B2`.
        cells: String,
    },
    /// A name that is not of any known format, and contents that tell none.
    #[error("expected GeoJSON, KML, KMZ, CSV, XLSX or F3548 JSON, found {found}")]
    Format {
        /// What was there.
        found: String,
    },
    /// Bytes that are not what the format says.
    #[error("not {format}: {why}")]
    Syntax {
        /// Of which format.
        format: &'static str,
        /// What its reader says.
        why: String,
    },
    /// Text in another encoding than UTF-8.
    #[error("expected UTF-8, found byte {byte:#04x} at {at}: save the file as UTF-8")]
    Encoding {
        /// The first byte that does not fit.
        byte: u8,
        /// Where it is, from 0.
        at: usize,
    },
    /// A document type, by which a small file becomes a large one.
    #[error("a document type (<!DOCTYPE) is not accepted")]
    Doctype,
    /// Structures within structures, without end.
    #[error("nested more than {most} deep")]
    Deep {
        /// How deep it may be.
        most: usize,
    },
    /// More bytes than are read.
    #[error("expected at most {most} bytes, found {found}")]
    Large {
        /// How many there may be.
        most: u64,
        /// How many there are, or are said to be.
        found: u64,
    },
    /// More of something than is read or can be written.
    #[error("expected at most {most} {what}, found {found}")]
    Many {
        /// Of what.
        what: &'static str,
        /// How many there may be.
        most: usize,
        /// How many there are, at least.
        found: usize,
    },
    /// Something that the format to be written has no way to say.
    #[error("{format} cannot say {what}")]
    Unsayable {
        /// Which format.
        format: &'static str,
        /// What.
        what: &'static str,
    },
}

fn inside(lat: i32, lon: i32) -> String {
    let short =
        |units: i32| crate::angle::decimal(units).trim_end_matches('0').trim_end_matches('.').to_owned();
    format!("{},{}", short(lat), short(lon))
}

impl Reason {
    /// The refusal's name in the specification.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Position { .. } => "Position",
            Self::Swapped { .. } => "Swapped",
            Self::Time { .. } => "Time",
            Self::Length { .. } => "Length",
            Self::Meaning { .. } => "Meaning",
            Self::Missing { .. } => "Missing",
            Self::Contradiction { .. } => "Contradiction",
            Self::Airspace(fault) => fault.name(),
            Self::Twice { .. } => "Twice",
            Self::Again { .. } => "Again",
            Self::Merged { .. } => "Merged",
            Self::Format { .. } => "Format",
            Self::Syntax { .. } => "Syntax",
            Self::Encoding { .. } => "Encoding",
            Self::Doctype => "Doctype",
            Self::Deep { .. } => "Deep",
            Self::Large { .. } => "Large",
            Self::Many { .. } => "Many",
            Self::Unsayable { .. } => "Unsayable",
        }
    }

    /// Who is to blame.
    pub fn blame(&self) -> Blame {
        match self {
            Self::Unsayable { .. } | Self::Format { .. } => Blame::Incompatible,
            Self::Airspace(fault) => match fault.blame() {
                airspace::Blame::Malformed => Blame::Malformed,
                airspace::Blame::Incompatible => Blame::Incompatible,
                airspace::Blame::Misuse => Blame::Misuse,
            },
            _ => Blame::Malformed,
        }
    }

    pub(crate) fn position(expected: &'static str, found: &str) -> Self {
        Self::Position { expected, found: clipped(found) }
    }

    pub(crate) fn time(expected: &'static str, found: &str) -> Self {
        Self::Time { expected, found: clipped(found) }
    }

    pub(crate) fn length(expected: &'static str, found: &str) -> Self {
        Self::Length { expected, found: clipped(found) }
    }

    pub(crate) fn meaning(expected: &'static str, found: &str) -> Self {
        Self::Meaning { expected, found: clipped(found) }
    }

    pub(crate) fn syntax(format: &'static str, why: impl fmt::Display) -> Self {
        Self::Syntax { format, why: why.to_string() }
    }

    pub(crate) fn at(self, place: &Place) -> Fault {
        Fault { place: place.clone(), reason: self }
    }
}

/// A text cut to [`FOUND`] characters; `nothing` where there is none.
pub(crate) fn clipped(text: &str) -> String {
    let text = text.trim();
    let mut cut: String = text.chars().take(FOUND).collect();
    if cut.len() < text.len() {
        cut.push('…');
    }
    if cut.is_empty() { "nothing".into() } else { cut }
}

/// All that is wrong with a file: the first [`MOST_FAULTS`], and how many there are.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Faults {
    told: Vec<Fault>,
    count: usize,
}

impl Faults {
    /// The faults, in the order of the file, at most [`MOST_FAULTS`].
    pub fn told(&self) -> &[Fault] {
        &self.told
    }

    /// How many there are, told or not.
    pub fn count(&self) -> usize {
        self.count
    }

    pub(crate) fn push(&mut self, fault: Fault) {
        self.count = self.count.saturating_add(1);
        if self.told.len() < MOST_FAULTS {
            self.told.push(fault);
        }
    }

    /// The value, or nothing and the fault kept.
    pub(crate) fn keep<T>(&mut self, place: &Place, result: Result<T, Reason>) -> Option<T> {
        result.map_err(|reason| self.push(reason.at(place))).ok()
    }
}

impl From<Fault> for Faults {
    fn from(fault: Fault) -> Self {
        Self { told: vec![fault], count: 1 }
    }
}

impl std::error::Error for Faults {}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, fault) in self.told.iter().enumerate() {
            write!(f, "{}{fault}", if number == 0 { "" } else { "\n" })?;
        }
        match self.count - self.told.len() {
            0 => Ok(()),
            more => write!(f, "\nand {more} more"),
        }
    }
}
