//! Reading: bytes in, items out, or everything that is wrong with them (spec/exchange.md §5, §9).
//!
//! Promises that a file is read as a whole or not at all, that all bad rows are told at once, and that memory is bounded
//! by the limits below, whatever the bytes say.

use std::collections::{BTreeMap, BTreeSet};

use detente_airspace::bounds::Bounds;

use crate::attribute::Header;
use crate::cell::Cell;
use crate::fault::{Fault, Faults, MOST_FAULTS, Note, Place, Reason};
use crate::format::Format;
use crate::item::Item;
use crate::said::Said;
use crate::time::Zone;
use crate::{delimited, geojson, kml, operational_intent, workbook};

/// Most bytes of a file: 64 MiB.
pub const MOST_BYTES: usize = 64 << 20;
/// Most rows, features, placemarks or volumes of a file.
pub const MOST_ROWS: usize = 200_000;
/// Most parts and waypoints of one item; of all items of a file together there are at most [`MOST_ROWS`].
pub const MOST_PARTS: usize = 10_000;
/// Most bytes that an archive may hold, inflated: 256 MiB.
pub const MOST_INFLATED: u64 = 256 << 20;
/// Most structures within structures.
pub const MOST_DEPTH: usize = 64;
/// Most values of a file: cells, or numbers and texts of JSON.
pub const MOST_VALUES: usize = 4_000_000;

/// What the reader of a file is told beforehand.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The zone of times that carry none; without it they are refused.
    pub zone: Option<Zone>,
    /// The area of the line, by which swapped coordinates are found.
    pub within: Option<Bounds>,
}

/// What was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// What the file was.
    pub format: Format,
    /// What it says, in its order.
    pub items: Vec<Item>,
    /// What was read otherwise than somebody may think; at most 1,000.
    pub notes: Vec<Note>,
}

/// Reads a file; `name` is what it is called, and decides only where the bytes do not.
///
/// # Errors
/// Everything that is wrong, with its place: the first 1,000 and a count. Nothing is read by half.
pub fn read(bytes: &[u8], name: &str, options: &Options) -> Result<Reading, Faults> {
    let whole = Place::whole();
    let found = bytes.len();
    if found > MOST_BYTES {
        let (most, found) = (MOST_BYTES as u64, found as u64);
        return Err(Reason::Large { most, found }.at(&whole).into());
    }
    let format = Format::of(bytes, name).map_err(|reason| reason.at(&whole))?;
    let mut desk = Desk::new(options);
    match format {
        Format::GeoJson => geojson::read(bytes, &mut desk),
        Format::Kml => kml::read(bytes, &mut desk),
        Format::Kmz => kml::read_archive(bytes, &mut desk),
        Format::Csv => delimited::read(bytes, &mut desk),
        Format::Xlsx => workbook::read(bytes, &mut desk),
        Format::F3548 => operational_intent::read(bytes, &mut desk),
    }
    desk.finish(format)
}

/// Where a file is read: what came of it so far.
pub(crate) struct Desk<'a> {
    pub(crate) options: &'a Options,
    pub(crate) faults: Faults,
    items: Vec<Item>,
    notes: Vec<Note>,
    /// Parts and waypoints of all items.
    placed: usize,
    /// Names that mean nothing here, each noted once.
    unknown: BTreeSet<String>,
}

impl<'a> Desk<'a> {
    pub(crate) fn new(options: &'a Options) -> Self {
        Self {
            options,
            faults: Faults::default(),
            items: Vec::new(),
            notes: Vec::new(),
            placed: 0,
            unknown: BTreeSet::new(),
        }
    }

    pub(crate) fn fault(&mut self, place: &Place, reason: Reason) {
        self.faults.push(reason.at(place));
    }

    /// The value, or nothing and the fault kept.
    pub(crate) fn keep<T>(&mut self, place: &Place, result: Result<T, Reason>) -> Option<T> {
        self.faults.keep(place, result)
    }

    pub(crate) fn note(&mut self, place: &Place, text: impl Into<String>) {
        if self.notes.len() < MOST_FAULTS {
            self.notes.push(Note { place: place.clone(), text: text.into() });
        }
    }

    /// Takes an item; one of which nothing is known where it is, is at fault, unless something else of it was.
    pub(crate) fn put(&mut self, item: Item, faults_before: usize) {
        if item.parts.is_empty() && item.waypoints.is_empty() && self.faults.count() == faults_before {
            self.fault(&item.place.clone(), Reason::Missing { what: "a position or an area" });
        }
        let before = self.placed;
        self.placed = self.placed.saturating_add(item.parts.len()).saturating_add(item.waypoints.len());
        if self.placed <= MOST_ROWS {
            self.items.push(item);
        } else if before <= MOST_ROWS {
            let (what, found) = ("parts and waypoints", self.placed);
            self.fault(&item.place, Reason::Many { what, most: MOST_ROWS, found });
        }
    }

    /// Notes, once for each name, that a column or property is not read.
    pub(crate) fn unknown(&mut self, at: &Place) {
        let name = at.column.as_ref().map(|column| column.name.clone()).unwrap_or_default();
        if self.unknown.len() < MOST_FAULTS && self.unknown.insert(name) {
            self.note(at, "is not read: its name says nothing here");
        }
    }

    /// Gathers what the properties of one thing say; columns that mean nothing here are noted by their names.
    pub(crate) fn said<'c>(
        &mut self,
        place: &Place,
        pairs: impl IntoIterator<Item = (&'c str, Cell)>,
    ) -> Said {
        let mut said = Said::default();
        let mut known = Vec::new();
        let mut seen: BTreeMap<&'static str, ()> = BTreeMap::new();
        for (name, cell) in pairs {
            let at = place.column(name, None);
            match Header::of(name) {
                Some(header) if seen.insert(header.attribute.name(), ()).is_some() => {
                    self.fault(&at, Reason::Twice { what: header.attribute.name() });
                }
                Some(header) => known.push((at, header, cell)),
                None => self.unknown(&at),
            }
        }
        for (at, header, cell) in &known {
            self.keep(at, said.prepare(header, cell));
        }
        for (at, header, cell) in &known {
            self.keep(at, said.take(header, cell, self.options));
        }
        self.pass_notes(place, &mut said);
        said
    }

    pub(crate) fn pass_notes(&mut self, place: &Place, said: &mut Said) {
        for text in said.notes.drain(..) {
            if self.notes.len() < MOST_FAULTS {
                self.notes.push(Note { place: place.clone(), text });
            }
        }
    }

    fn finish(mut self, format: Format) -> Result<Reading, Faults> {
        let mut known: BTreeMap<&str, &Place> = BTreeMap::new();
        let mut again = Vec::new();
        for item in &self.items {
            let Some(id) = &item.id else { continue };
            if known.insert(id, &item.place).is_some() {
                again.push(Fault { place: item.place.clone(), reason: Reason::Again { id: id.clone() } });
            }
        }
        for fault in again {
            self.faults.push(fault);
        }
        if self.faults.count() > 0 {
            return Err(self.faults);
        }
        Ok(Reading { format, items: self.items, notes: self.notes })
    }
}

/// Text of a file, without its byte order mark.
///
/// # Errors
/// [`Reason::Encoding`], with the first byte that does not fit.
pub(crate) fn utf8(bytes: &[u8]) -> Result<&str, Reason> {
    let text = std::str::from_utf8(bytes).map_err(|cause| {
        let at = cause.valid_up_to();
        Reason::Encoding { byte: bytes.get(at).copied().unwrap_or_default(), at }
    })?;
    Ok(text.strip_prefix('\u{FEFF}').unwrap_or(text))
}
