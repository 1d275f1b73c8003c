//! Files of other programs, and what people type: spec/exchange.md.

use detente_exchange::format::Format;
use detente_exchange::reading::{Options, read};
use detente_exchange::writing::write;
use detente_exchange::{position, time};

use crate::text;

const NAMES: [&str; 7] = ["a.geojson", "a.json", "a.kml", "a.kmz", "a.csv", "a.xlsx", "a"];

/// Whatever bytes come as a file of a name: the answer is items or faults, and items can be written in every format and read again.
fn hold(bytes: &[u8], name: &str) {
    let Ok(reading) = read(bytes, name, &Options::default()) else { return };
    for format in Format::ALL {
        if let Ok(written) = write(&reading.items, format) {
            let again = read(&written.bytes, &format!("a.{}", format.extension()), &Options::default());
            let again = again.expect("what was written is read");
            assert_eq!(again.items.len(), reading.items.len());
        }
    }
}

/// A CSV file: items or faults, and items can be written in every format and read again.
///
/// # Panics
/// Where they cannot.
pub fn csv(bytes: &[u8]) {
    hold(bytes, "a.csv");
}

/// A file of whatever name, which the first byte says: as the others.
///
/// # Panics
/// As the others.
pub fn file(bytes: &[u8]) {
    let Some((name, bytes)) = bytes.split_first() else { return };
    hold(bytes, NAMES[usize::from(*name) % NAMES.len()]);
}

/// A GeoJSON file: items or faults, and items can be written in every format and read again.
///
/// # Panics
/// Where they cannot.
pub fn geojson(bytes: &[u8]) {
    hold(bytes, "a.geojson");
}

/// A KML file: items or faults, and items can be written in every format and read again.
///
/// # Panics
/// Where they cannot.
pub fn kml(bytes: &[u8]) {
    hold(bytes, "a.kml");
}

/// A JSON file, operational intents of ASTM F3548 among them: items or faults, and items can be written in every format and read again.
///
/// # Panics
/// Where they cannot.
pub fn operational_intent(bytes: &[u8]) {
    hold(bytes, "a.json");
}

/// An XLSX workbook: items or faults, and items can be written in every format and read again.
///
/// # Panics
/// Where they cannot.
pub fn xlsx(bytes: &[u8]) {
    hold(bytes, "a.xlsx");
}

/// A position or a time that was read is said back in words that read as the same.
///
/// # Panics
/// Where it is not.
pub fn typed(bytes: &[u8]) {
    let text = text(bytes);
    if let Ok(typed) = position::read(text) {
        let echoed = position::read(&position::decimal(typed.position));
        assert_eq!(echoed.map(|echoed| echoed.position), Ok(typed.position));
    }
    if let Ok(moment) = time::read(text, None) {
        let echoed = time::read(&time::rfc3339(moment.first_ms), None);
        assert_eq!(echoed.map(|echoed| echoed.first_ms), Ok(moment.first_ms));
    }
}
