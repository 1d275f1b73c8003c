//! A memorandum that was read is written as the same bytes.
#![no_main]

use detente_line::Memorandum;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(memorandum) = Memorandum::decode(bytes) {
        assert_eq!(memorandum.encode(), bytes);
    }
});
