//! A KML file: items or faults, and items can be written in every format and read again.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| detente_fuzz::hold_file(bytes, "a.kml"));
