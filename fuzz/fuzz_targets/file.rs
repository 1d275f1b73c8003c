//! Whatever bytes come as a file of whatever name: the answer is items or faults, and items can be written again.
#![no_main]

use detente_exchange::format::Format;
use detente_exchange::reading::{Options, read};
use detente_exchange::writing::write;
use libfuzzer_sys::fuzz_target;

const NAMES: [&str; 7] = ["a.geojson", "a.json", "a.kml", "a.kmz", "a.csv", "a.xlsx", "a"];

fuzz_target!(|input: (u8, &[u8])| {
    let (name, bytes) = input;
    let name = NAMES[usize::from(name) % NAMES.len()];
    if let Ok(reading) = read(bytes, name, &Options::default()) {
        for format in Format::ALL {
            if let Ok(written) = write(&reading.items, format) {
                let again = read(&written.bytes, &format!("a.{}", format.extension()), &Options::default());
                let again = again.expect("what was written is read");
                assert_eq!(again.items.len(), reading.items.len());
            }
        }
    }
});
