//! No frame makes the decoder panic.
#![no_main]

use detente_line::frame::Frame;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let _ = Frame::decode(bytes);
});
