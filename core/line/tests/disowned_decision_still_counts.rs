//! A depositary loses its disk, and with it a decision on which another depositary's rests. The order of decisions is what each
//! one's word on the one before it says, for ever: what is disowned later keeps its place in the chain and is never the last.

#![allow(clippy::unwrap_used, reason = "a test that cannot be set up fails")]

use std::sync::Arc;

use detente_line::{Acts, Content, Matter, Outcome, Under};
use detente_record::{Book, Class, Cut, EntryRef, Party};

fn act(party: u8, generation: u16, number: u64) -> EntryRef {
    let book = Book { generation, party: Party::new(party).unwrap(), class: Class::A };
    EntryRef { book, number }
}

/// A motion to resolve, and the decision on it.
fn decided(acts: &mut Acts, motion: EntryRef, decision: EntryRef, before: Option<EntryRef>) {
    let moves = Content::Motion { matter: Matter::Resolve, text: "so".into(), closes_ms: 9 };
    acts.admit(motion, &[], &moves, 1);
    let decides = Content::Decide { outcome: Outcome::Carried, votes: vec![motion], before };
    acts.admit(decision, &[motion], &decides, 2);
}

#[test]
fn disowned_decision_still_counts() {
    let (first, lost, resting, again) = (act(0, 0, 1), act(0, 0, 2), act(1, 0, 1), act(0, 1, 2));
    let mut acts = Acts::default();
    decided(&mut acts, act(2, 0, 1), first, None);
    decided(&mut acts, act(2, 0, 2), lost, Some(first));
    decided(&mut acts, act(2, 0, 3), resting, Some(lost));
    acts.admit(act(0, 1, 1), &[], &Content::Opens { before: 0, size: 1, root: [0; 32], renewal: None }, 3);
    decided(&mut acts, act(2, 0, 4), again, Some(first));

    let last = |cut: &[EntryRef]| {
        let cut: Cut = cut.iter().map(|act| (act.book, act.number)).collect();
        acts.last_decision(&Under::new(Arc::new(cut), None)).map(|decision| decision.act)
    };
    let moved = act(2, 0, 4);
    assert_eq!(last(&[moved, lost]), Some(lost), "nothing disowns it yet");
    assert_eq!(last(&[moved, lost, again]), Some(again));
    assert_eq!(
        last(&[moved, lost, again, resting]),
        Some(resting),
        "two come before it, one of them disowned"
    );
}
