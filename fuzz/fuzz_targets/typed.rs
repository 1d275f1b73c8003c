//! A position or a time that was read is said back in words that read as the same.
#![no_main]

use detente_exchange::{position, time};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Ok(typed) = position::read(text) {
        let echoed = position::read(&position::decimal(typed.position));
        assert_eq!(echoed.map(|echoed| echoed.position), Ok(typed.position));
    }
    if let Ok(moment) = time::read(text, None) {
        let echoed = time::read(&time::rfc3339(moment.first_ms), None);
        assert_eq!(echoed.map(|echoed| echoed.first_ms), Ok(moment.first_ms));
    }
});
