//! A party tells two others different things under one name. As soon as these two meet, each holds two checkpoints
//! that cannot both be true, signed by the same key: that convicts it, before anybody.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot be set up fails"
)]

mod line_in_memory;

use detente_line::frame::Frame;
use detente_line::{Content, Message, Shown, frame};
use detente_record::{BookSecret, Checkpoint, Class, Entry, Frontier, leaf_hash};
use line_in_memory::{LineInMemory, book, message, party};

/// The first entries of the liar's book, and a step that brings them.
fn told(line: &LineInMemory, texts: &[&str]) -> Vec<u8> {
    let (keys, of) = (&line.station(2).keys, book(2, Class::O));
    let id = line.memorandum.line();
    let secret = BookSecret::new(&keys.secret, &of.origin(&id));
    let (mut frontier, mut entries) = (Frontier::default(), Vec::new());
    for (text, serial) in texts.iter().zip(1..) {
        let message = Message { text: (*text).into(), ..Message::default() };
        let content = Content::Message(message);
        let entry = Entry {
            serial,
            time_ms: line.now_ms,
            clock_held: false,
            office: 0,
            language: None,
            regards: Vec::new(),
            cut: [].into(),
            vector: None,
            kind: content.kind(),
            body: content.encode(),
            second: None,
        };
        let bytes = entry.encode().unwrap();
        frontier.push(leaf_hash(&secret.blind(serial - 1), &bytes));
        entries.push(bytes);
    }
    let signed = Checkpoint { book: of, size: frontier.size(), root: frontier.root() }.sign(&id, &keys.book);
    frame::step(of, 1, &entries, &signed.signature)
}

#[test]
fn forked_book_convicts() {
    let mut line = LineInMemory::between(&["usa", "rus", "liar"]);
    line.disconnect(0, 1);
    let (one, other) = (told(&line, &["we saw them leave"]), told(&line, &["we never saw them"]));
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

/// The two that are told different things have been connected all the while: each other's receipts, which do not
/// verify, lead them to it.
#[test]
fn fork_under_a_circuit_that_stands_convicts() {
    let mut line = LineInMemory::between(&["usa", "rus", "liar"]);
    let (one, other) = (told(&line, &["we saw them leave"]), told(&line, &["we never saw them"]));
    line.forge(0, 2, one);
    line.forge(1, 2, other);
    line.run_for(2_000);
    for number in [0, 1] {
        let evidence = &line.station(number).store.evidence;
        assert!(evidence.iter().any(|e| e.party == party(2) && e.fault.detail().what == "checkpoint"));
    }
}

/// The two that meet hold different numbers of entries, and no checkpoint of one size: what proves the fork is how the
/// larger one leads back to another root. A third, told by nobody but them, holds the proof as well.
#[test]
fn fork_between_different_sizes_convicts() {
    for swapped in [false, true] {
        let mut line = LineInMemory::between(&["usa", "rus", "liar", "tur"]);
        line.disconnect(0, 1);
        line.disconnect(0, 3);
        let one = told(&line, &["we saw them leave"]);
        let other = told(&line, &["we never saw them", "nor did anybody", "so we say"]);
        let (first, second) = if swapped { (other, one) } else { (one, other) };
        line.forge(0, 2, first);
        line.forge(1, 2, second);
        line.run_for(1_000);

        line.connect(0, 1);
        line.run_for(2_000);
        for number in [0, 1, 3] {
            let evidence = &line.station(number).store.evidence;
            let [evidence] = evidence.as_slice() else { panic!("one breach, kept once: {evidence:?}") };
            assert_eq!(evidence.party, party(2));
            let Ok(Frame::Fork(fork)) = Frame::decode(&evidence.proof) else { panic!("{evidence:?}") };
            let key = line.memorandum.book_key(party(2)).unwrap();
            assert!(fork.head.verify(&line.memorandum.line(), key).is_ok());
            assert!(fork.with.verify(&line.memorandum.line(), key).is_ok());
            assert!(fork.convicts(), "a stranger convicts by it alone");
        }

        line.kill(0);
        line.start(0);
        let held = line.line(0).held();
        assert!(held.iter().any(|held| held.book == book(2, Class::O) && held.ended), "it stays ended");
    }
}
