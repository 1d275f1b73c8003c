//! A proof that was read is written as the same text, and proves nothing under a key that signed nothing.
#![no_main]

use detente_record::tlog_proof::{Keys, TlogProof};
use detente_record::{Book, LineId, SecretKey};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let Ok(proof) = TlogProof::parse(text) else { return };
    assert_eq!(proof.format(), text);
    let author = SecretKey::from_seed([0x5a; 32]).public();
    let keys = Keys { author: &author, receipts: &[], seal: None };
    assert!(Book::from_code(0).is_ok_and(|book| proof.verify(&LineId([0; 32]), book, &keys).is_err()));
});
