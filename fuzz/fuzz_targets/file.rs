//! Whatever bytes come as a file of whatever name: the answer is items or faults, and items can be written again.
#![no_main]

use libfuzzer_sys::fuzz_target;

const NAMES: [&str; 7] = ["a.geojson", "a.json", "a.kml", "a.kmz", "a.csv", "a.xlsx", "a"];

fuzz_target!(|input: (u8, &[u8])| {
    let (name, bytes) = input;
    detente_fuzz::hold_file(bytes, NAMES[usize::from(name) % NAMES.len()]);
});
