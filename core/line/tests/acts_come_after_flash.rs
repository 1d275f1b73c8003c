//! A FLASH rests on an act that is still on its way. It is shown at once, marked as not judged yet; its clock runs
//! from the moment it was stored, and rings for it even though it could be judged only later.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot be set up fails"
)]

mod line_in_memory;

use detente_line::{Content, Message, Shown};
use detente_record::Class;
use line_in_memory::{LineInMemory, book, draft, entry};

#[test]
fn acts_come_after_flash() {
    let mut line = LineInMemory::between(&["usa", "rus"]);
    let suspends = Content::Suspends { scope: vec![14], effective_ms: 0, reason: "no notices".into() };
    line.disconnect(0, 1);
    line.write(0, draft(None, &[], suspends)).unwrap();
    let life = Message { text: "pilot down".into(), safety_of_life: Some(true), ..Message::default() };
    let flash = line.write(0, draft(Some(Class::Z), &[], Content::Message(life))).unwrap();
    // Z goes before A: the FLASH arrives while the act that it rests on is under way.
    line.connect(0, 1);
    line.run_for(5_000);
    assert_eq!((line.held(1, flash.book), line.held(1, book(0, Class::A))), (1, 1));
    let unjudged: Vec<bool> = line
        .station(1)
        .shown
        .iter()
        .filter_map(|shown| match shown {
            Shown::Entry { name, unjudged, .. } if *name == flash => Some(*unjudged),
            _ => None,
        })
        .collect();
    assert_eq!(unjudged, [true, false], "shown twice: at once, and judged");
    assert!(line.line(1).facts().owed()[&flash].arrived_ms.is_some(), "its clock runs");

    line.run_for(70_000);
    let rung = line
        .station(1)
        .shown
        .iter()
        .any(|shown| matches!(shown, Shown::Overdue { entry, rank: 1, .. } if *entry == flash));
    assert!(rung);
    assert_eq!(line.void_at(1, entry(0, Class::Z, 1)), None);
}
