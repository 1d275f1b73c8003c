//! A party moves that the line be reopened, and loses its disk. Its next generation disowns the motion: whatever was decided on it
//! is consent no more, for everybody who knows of that.

#![allow(clippy::unwrap_used, reason = "a test that cannot be set up fails")]

use std::sync::Arc;

use detente_line::{Acts, Content, Matter, Outcome, Under};
use detente_record::{Book, Class, Cut, EntryRef, Party};

fn act(party: u8, generation: u16, number: u64) -> EntryRef {
    let book = Book { generation, party: Party::new(party).unwrap(), class: Class::A };
    EntryRef { book, number }
}

#[test]
fn disowned_motion_carries_nothing() {
    let mut acts = Acts::default();
    let (suspension, motion, decision, opening) = (act(0, 0, 1), act(1, 0, 1), act(2, 0, 1), act(1, 1, 1));
    let suspends = Content::Suspends { scope: Vec::new(), effective_ms: 0, reason: "a drill".into() };
    acts.admit(suspension, &[], &suspends, 1);
    acts.admit(
        motion,
        &[suspension],
        &Content::Motion { matter: Matter::Reopen, text: "to reopen".into(), closes_ms: 9 },
        2,
    );
    let decide = Content::Decide { outcome: Outcome::Carried, votes: vec![motion], before: None };
    acts.admit(decision, &[motion], &decide, 3);
    acts.admit(opening, &[], &Content::Opens { before: 0, size: 0, root: [0; 32], renewal: None }, 4);

    let before = Cut::from([suspension, motion, decision].map(|act| (act.book, act.number)));
    let mut after = before.clone();
    after.insert(opening.book, opening.number);
    let consent = |cut| acts.consent(suspension, &Under::new(Arc::new(cut), None)).map(|found| found.act);
    assert_eq!(consent(before), Some(decision));
    assert_eq!(consent(after), None);
}
