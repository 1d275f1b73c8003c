//! Volumes that were read are written as the same bytes, and the verdict on any two of them is the same either way.
#![no_main]

use detente_airspace::verdict::verdict;
use detente_airspace::wire;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(volumes) = wire::decode(bytes) else { return };
    assert_eq!(wire::encode(&volumes), bytes);
    if let [one, two, ..] = volumes.as_slice() {
        assert_eq!(verdict(one, two), verdict(two, one));
    }
});
