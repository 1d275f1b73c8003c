//! The name of an entry, and the text of a verifier's key, that were read say the same again.
#![no_main]

use detente_record::{Book, EntryRef, ParsedRef, Party, VerifierKey};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Ok(name) = ParsedRef::parse(text) {
        let party = Party::new(0).expect("a party");
        let book = Book { party, class: name.class, generation: name.generation };
        assert_eq!(EntryRef { book, number: name.number }.text(&name.party), text);
    }
    if let Ok(key) = VerifierKey::parse(text) {
        assert_eq!(key.text(), text);
    }
});
