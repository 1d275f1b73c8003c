//! A frontier that was read is written as the same bytes, and grows.
#![no_main]

use detente_record::Frontier;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(mut frontier) = Frontier::decode(bytes) {
        assert_eq!(frontier.encode(), bytes);
        let (size, root) = (frontier.size(), frontier.root());
        frontier.push([0; 32]);
        assert_eq!(frontier.size(), size + 1);
        assert_ne!(frontier.root(), root);
    }
});
