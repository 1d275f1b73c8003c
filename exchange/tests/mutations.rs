//! Every reader, on files that were good and then were damaged: it answers, and never panics.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot make its input has failed")]

use detente_exchange::format::Format;
use detente_exchange::reading::{Options, read};
use detente_exchange::writing::write;

mod dice;
use dice::Dice;

const FILES: [&str; 8] = [
    "humanitarian.xlsx",
    "bad_rows.xlsx",
    "qgis.geojson",
    "earth.kml",
    "arabic.csv",
    "ukrainian.csv",
    "movement.csv",
    "intent.json",
];

fn damage(bytes: &mut Vec<u8>, dice: &mut Dice) {
    for _ in 0..=dice.below(4) {
        if bytes.is_empty() {
            return;
        }
        let at = dice.below(bytes.len() as u64) as usize;
        match dice.below(6) {
            0 => bytes[at] ^= 1 << dice.below(8),
            1 => bytes[at] = b"<>&\"'{}[],:;0-9.eN\0\xFF\x80 "[dice.below(22) as usize],
            2 => drop(bytes.remove(at)),
            3 => bytes.truncate(at),
            4 => {
                let end = (at + dice.below(40) as usize).min(bytes.len());
                let piece = bytes[at..end].to_vec();
                let to = dice.below(bytes.len() as u64) as usize;
                bytes.splice(to..to, piece);
            }
            _ => bytes.insert(at, dice.next() as u8),
        }
    }
}

fn survive(good: &[u8], name: &str, seeds: u64) {
    for seed in 0..seeds {
        let mut dice = Dice::new(seed);
        let mut bytes = good.to_vec();
        damage(&mut bytes, &mut dice);
        if let Ok(reading) = read(&bytes, name, &Options::default()) {
            // What was understood can be written, or is refused with a reason.
            for format in [Format::GeoJson, Format::F3548] {
                let _ = write(&reading.items, format);
            }
        }
    }
}

#[test]
fn damaged_files_are_answered() {
    for name in FILES {
        let path = format!("{}/tests/files/{name}", env!("CARGO_MANIFEST_DIR"));
        survive(&std::fs::read(path).unwrap(), name, 400);
    }
}

/// Archives refuse most damage by their checksums; so the parts of a workbook are damaged before they are packed.
#[test]
fn damaged_parts_of_a_workbook_are_answered() {
    use std::io::{Cursor, Read, Write};
    let items = Dice::new(1).items(false);
    let good = write(&items, Format::Xlsx).unwrap().bytes;
    for seed in 0..150 {
        let mut dice = Dice::new(seed);
        let mut from = zip::ZipArchive::new(Cursor::new(good.as_slice())).unwrap();
        let mut to = zip::ZipWriter::new(Cursor::new(Vec::new()));
        let hurt = dice.below(from.len() as u64) as usize;
        for index in 0..from.len() {
            let mut entry = from.by_index(index).unwrap();
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes).unwrap();
            if index == hurt {
                damage(&mut bytes, &mut dice);
            }
            to.start_file(entry.name().unwrap(), zip::write::SimpleFileOptions::DEFAULT).unwrap();
            to.write_all(&bytes).unwrap();
        }
        let bytes = to.finish().unwrap().into_inner();
        let _ = read(&bytes, "a.xlsx", &Options::default());
    }
}
