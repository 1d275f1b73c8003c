//! What comes to a witness and what comes from one: read or refused, and nothing cosigned by a key that signed nothing.
#![no_main]

use detente_record::witness::{Head, Submission, told_size};
use detente_record::{Cosignature, SecretKey};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(submission) = Submission::parse(bytes) {
        let _ = submission;
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        let _ = Head::parse(text);
    }
    let _ = told_size(bytes);
    let key = SecretKey::from_seed([0x5a; 32]).public();
    let checkpoint = "detente.example/line\n1\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n";
    assert!(Cosignature::from_answer(bytes, checkpoint, "witness.example", &key).is_err());
});
