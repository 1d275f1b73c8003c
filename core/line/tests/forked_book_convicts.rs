//! A party tells two others different things under one name. As soon as these two meet, each holds two checkpoints
//! that cannot both be true, signed by the same key: that convicts it, before anybody.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot be set up fails"
)]

mod line_in_memory;

use detente_line::{Content, Message, Shown, frame};
use detente_record::{BookSecret, Checkpoint, Class, Entry, Frontier, leaf_hash};
use line_in_memory::{LineInMemory, book, message, party};

/// The first entry of the liar's book, and a step that brings it.
fn told(line: &LineInMemory, text: &str) -> Vec<u8> {
    let (keys, of) = (&line.station(2).keys, book(2, Class::O));
    let message = Message { text: text.into(), safety_of_life: None, reply_by_ms: None, answers: None };
    let content = Content::Message(message);
    let entry = Entry {
        serial: 1,
        time_ms: line.now_ms,
        clock_held: false,
        office: 0,
        language: None,
        regards: Vec::new(),
        cut: [].into(),
        vector: None,
        kind: content.kind(),
        body: content.encode(),
    };
    let bytes = entry.encode().unwrap();
    let id = line.memorandum.line();
    let mut frontier = Frontier::default();
    frontier.push(leaf_hash(&BookSecret::new(&keys.secret, &of.origin(&id)).blind(0), &bytes));
    let signed = Checkpoint { book: of, size: 1, root: frontier.root() }.sign(&id, &keys.book);
    frame::step(of, 1, &[bytes], &signed.signature)
}

#[test]
fn forked_book_convicts() {
    let mut line = LineInMemory::between(&["usa", "rus", "liar"]);
    line.disconnect(0, 1);
    let (one, other) = (told(&line, "we saw them leave"), told(&line, "we never saw them"));
    line.forge(0, 2, one);
    line.forge(1, 2, other);
    line.run_for(1_000);
    assert_eq!(
        (line.held(0, book(2, Class::O)), line.held(1, book(2, Class::O))),
        (1, 1),
        "each believes it"
    );

    line.connect(0, 1);
    line.run_for(2_000);
    for number in [0, 1] {
        let evidence = &line.station(number).store.evidence;
        assert!(evidence.iter().any(|e| e.party == party(2) && e.fault.detail().what == "checkpoint"));
        assert!(
            line.station(number)
                .shown
                .iter()
                .any(|shown| matches!(shown, Shown::Breach(e) if e.party == party(2)))
        );
        let proof = &evidence[0].proof;
        assert!(!proof.is_empty(), "both checkpoints, for anybody to check");
        let held = line.line(number).held();
        assert!(
            held.iter().any(|held| held.book == book(2, Class::O) && held.ended),
            "nothing more of it is taken"
        );
    }
    line.write(0, message(Class::O, "we have seen")).unwrap();
    line.run_for(1_000);
    assert_eq!(line.held(1, book(0, Class::O)), 1, "the line goes on without the liar");
}
