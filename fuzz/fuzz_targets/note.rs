//! A note that was read has the parts that it is made of, and a checkpoint read from its text writes that text.
#![no_main]

use detente_record::{Book, Checkpoint, LineId, Note};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(note) = Note::parse(bytes) else { return };
    assert!(
        bytes.starts_with(note.text.as_bytes()) && note.text.ends_with('\n') && !note.signatures.is_empty()
    );
    let (line, Ok(book)) = (LineId([0; 32]), Book::from_code(0)) else { return };
    if let Ok(checkpoint) = Checkpoint::from_text(note.text, &line, book) {
        assert_eq!(checkpoint.text(&line), note.text);
    }
});
