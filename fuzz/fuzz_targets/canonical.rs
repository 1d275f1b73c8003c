//! Every entry is canonical, and nothing canonical is longer than what was looked at.
#![no_main]

use detente_record::{Entry, canonical};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if canonical(bytes).is_err() {
        assert!(Entry::decode(bytes).is_err());
    } else {
        assert!(canonical(&[bytes, &[0]].concat()).is_err());
        assert!(bytes.split_last().is_none_or(|(_, start)| canonical(start).is_err()));
    }
});
