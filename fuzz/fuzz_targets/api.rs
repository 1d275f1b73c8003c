//! No request to any call of the API makes a station panic, say nothing, or say that it has failed.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| detente_fuzz::answers(bytes));
