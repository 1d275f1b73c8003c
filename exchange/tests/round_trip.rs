//! What was written reads back as the same items, in every format.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot make its input has failed")]

mod dice;

use detente_exchange::format::Format;
use detente_exchange::item::Item;
use detente_exchange::reading::{Options, read};
use detente_exchange::writing::write;
use dice::Dice;

const SEEDS: u64 = 150;

fn same(format: Format, only_volumes: bool) {
    for seed in 0..SEEDS {
        let items = Dice::new(seed).items(only_volumes);
        let written = write(&items, format).unwrap_or_else(|faults| panic!("{format} seed {seed}: {faults}"));
        let name = format!("items.{}", format.extension());
        let reading = read(&written.bytes, &name, &Options::default());
        let reading = reading.unwrap_or_else(|faults| {
            panic!("{format} seed {seed}: {faults}\n{}", String::from_utf8_lossy(&written.bytes))
        });
        assert_eq!(reading.format, format);
        assert_eq!(reading.notes, [], "{format} seed {seed}");
        assert_eq!(reading.items.len(), items.len(), "{format} seed {seed}");
        for (one, other) in reading.items.iter().zip(&items) {
            let expected = Item { place: one.place.clone(), ..other.clone() };
            assert_eq!(*one, expected, "{format} seed {seed}");
        }
        assert_eq!(write(&items, format).unwrap().bytes, written.bytes, "{format} seed {seed}");
    }
}

#[test]
fn nothing_at_all() {
    for format in Format::ALL {
        let written = write(&[], format).unwrap();
        let reading = read(&written.bytes, &format!("items.{}", format.extension()), &Options::default());
        assert_eq!(reading.map(|reading| reading.items).ok(), Some(Vec::new()), "{format}");
    }
}

#[test]
fn geojson() {
    same(Format::GeoJson, false);
}

#[test]
fn kml() {
    same(Format::Kml, false);
}

#[test]
fn kmz() {
    same(Format::Kmz, false);
}

#[test]
fn csv() {
    same(Format::Csv, false);
}

#[test]
fn xlsx() {
    same(Format::Xlsx, false);
}

#[test]
fn f3548() {
    same(Format::F3548, true);
}
