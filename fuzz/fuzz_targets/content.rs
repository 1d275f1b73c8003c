//! A body that was read with its kind is written as the same bytes.
#![no_main]

use detente_line::Content;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (u16, &[u8])| {
    let (kind, body) = input;
    match Content::decode(kind, body) {
        Ok(Content::Unknown { .. }) | Err(_) => {}
        Ok(content) => assert_eq!(content.encode(), body),
    }
});
