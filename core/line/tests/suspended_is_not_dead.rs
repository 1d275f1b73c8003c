//! Syria, April and June 2017: the line was declared suspended, and nobody outside could tell whether anything
//! still passed. Here a suspension is an act that says what it covers; everything else goes on, and a station
//! refuses what it covers before it is sent.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot be set up fails"
)]

mod line_in_memory;

use detente_line::{Content, Message, Shown};
use detente_record::{Blame, Class};
use line_in_memory::{LineInMemory, acknowledgement, draft, entry, message, party};

#[test]
fn suspended_is_not_dead() {
    let mut line = LineInMemory::between(&["usa", "rus"]);
    let before = line.write(0, message(Class::O, "strike at 18:40")).unwrap();
    line.run_for(1_000);
    let suspends = Content::Suspends { scope: Vec::new(), effective_ms: 0, reason: "the strike".into() };
    line.write(1, draft(None, &[], suspends)).unwrap();
    line.run_for(1_000);
    let told = Shown::Standing { party: party(1), in_effect: false };
    assert!(line.station(0).shown.contains(&told), "closing the line is a message on it");

    for author in [0, 1] {
        let refused = line.write(author, message(Class::O, "as before")).unwrap_err();
        assert_eq!(refused.blame(), Blame::Misbehaved, "{refused}");
        let refused = line.write(author, message(Class::Z, "urgent")).unwrap_err();
        assert_eq!(refused.detail().what, "permission");
    }
    let life = Message { text: "pilot down".into(), safety_of_life: Some(true), ..Message::default() };
    let life = line.write(0, draft(Some(Class::Z), &[], Content::Message(life))).unwrap();
    let answered = line.write(1, acknowledgement(before)).unwrap();
    line.run_for(1_000);
    assert_eq!(line.held(1, life.book), 1, "safety of life passes");
    assert_eq!(line.held(0, answered.book), 1, "acknowledgements pass");
    let receipted =
        line.line(0).receipts(life.book).any(|receipt| receipt.party == party(1) && receipt.size == 1);
    assert!(receipted, "receipts never stop");

    line.run_for(30 * 60_000);
    let missed = |shown: &Shown| matches!(shown, Shown::Missed { .. });
    assert!(
        !line.station(0).shown.iter().chain(&line.station(1).shown).any(missed),
        "tests go on and are answered"
    );
    assert!(line.held(0, entry(1, Class::P, 1).book) >= 2);
}
