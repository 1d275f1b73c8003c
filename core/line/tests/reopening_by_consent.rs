//! A line that needs everybody's consent to reopen reopens by it, and in no other way: a party that suspended
//! cannot just go on, a vote that is missing carries nothing, and the depositary's station decides by itself as
//! soon as the votes do.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot be set up fails"
)]

mod line_in_memory;

use detente_line::{Choice, Content, Matter, Outcome, Shown};
use detente_record::{Class, EntryRef};
use line_in_memory::{LineInMemory, draft, message, party};

fn resumes(suspension: EntryRef, decision: Option<EntryRef>) -> detente_line::Draft {
    draft(None, &[suspension], Content::Resumes { effective_ms: 0, decision })
}

#[test]
fn reopening_by_consent() {
    let mut line = LineInMemory::between(&["usa", "rus", "tur"]);
    let suspends = Content::Suspends { scope: vec![1], effective_ms: 0, reason: "the strike".into() };
    let suspension = line.write(1, draft(None, &[], suspends)).unwrap();
    line.run_for(1_000);
    let refused = line.write(1, resumes(suspension, None)).unwrap_err();
    assert_eq!(refused.detail().what, "act", "{refused}");

    let closes_ms = line.now_ms + 600_000;
    let motion =
        Content::Motion { matter: Matter::Reopen, text: "to reopen from midnight".into(), closes_ms };
    let motion = line.write(0, draft(None, &[suspension], motion)).unwrap();
    line.run_for(1_000);
    let vote = |choice| draft(None, &[motion], Content::Vote { choice, text: None });
    line.write(1, vote(Choice::For)).unwrap();
    line.run_for(60_000);
    assert!(line.line(1).consent(suspension).is_none(), "two votes of three do not carry");
    assert_eq!(line.line(0).open_motions().len(), 1);

    line.write(2, vote(Choice::For)).unwrap();
    line.run_for(1_000);
    let decision = line.line(1).consent(suspension).unwrap();
    assert_eq!(decision.book.party, party(0), "the depositary's station decided");
    for number in 0..3 {
        assert_eq!(line.line(number).consent(suspension), Some(decision), "and everybody finds it right");
        assert!(line.line(number).open_motions().is_empty());
    }
    let decided = line.station(2).shown.iter().any(|shown| {
        let carried = |content: &Content| matches!(content, Content::Decide { outcome: Outcome::Carried, .. });
        matches!(shown, Shown::Entry { name, marked: None, content: Some(content), .. } if *name == decision && carried(content))
    });
    assert!(decided);

    assert!(line.write(2, message(Class::R, "too early")).is_err(), "consent alone reopens nothing");
    line.write(1, resumes(suspension, Some(decision))).unwrap();
    line.run_for(1_000);
    for number in 0..3 {
        assert!(line.line(number).suspension(party(1), line.now_ms).is_none());
        line.write(number, message(Class::R, "good morning")).unwrap();
    }
}
