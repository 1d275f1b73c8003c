//! The parties change their rules by a motion: every station finds the same memorandum in force from the same decision on,
//! one that was away learns of it from the books, one that starts anew finds it again, and nobody who has not heard
//! of it is held to it.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot be set up fails")]

mod line_in_memory;

use std::sync::Arc;

use detente_line::{Choice, Content, Matter, Memorandum, Office, Outcome, Shown, Terms};
use detente_record::{Class, EntryRef, Hash};
use line_in_memory::{LineInMemory, draft, message, party};

const PRESS: u16 = 9;

/// The memorandum in force at a station, changed.
fn amended(line: &LineInMemory, number: u8, change: impl FnOnce(&mut Terms)) -> Arc<Memorandum> {
    let before = line.line(number).memorandum();
    let mut terms = Terms { predecessor: Some(before.hash()), ..before.terms().clone() };
    change(&mut terms);
    Arc::new(Memorandum::check(terms).unwrap())
}

fn moves(line: &mut LineInMemory, number: u8, moved: &Arc<Memorandum>) -> EntryRef {
    let closes_ms = line.now_ms + 600_000;
    let matter = Matter::Amend(Arc::clone(moved));
    let motion = Content::Motion { matter, text: "That the memorandum be amended.".into(), closes_ms };
    line.write(number, draft(None, &[], motion)).unwrap()
}

fn votes_for(line: &mut LineInMemory, number: u8, motion: EntryRef) {
    line.write(number, draft(None, &[motion], Content::Vote { choice: Choice::For, text: None })).unwrap();
}

fn in_force(line: &LineInMemory, number: u8) -> Hash {
    line.line(number).memorandum().hash()
}

fn outcome(line: &LineInMemory, number: u8, motion: EntryRef) -> Option<Outcome> {
    let motions = line.line(number).motions();
    let (_, decision) = motions.into_iter().find(|(of, _)| of.act == motion).unwrap();
    decision.map(|decision| decision.outcome)
}

fn opens_press_office(terms: &mut Terms) {
    terms.parties[0].offices.push(Office { number: PRESS, name: "press".into(), rank: 0 });
}

#[test]
fn an_amendment_is_in_force_everywhere_and_after_a_start() {
    let mut line = LineInMemory::between(&["usa", "rus", "tur"]);
    let (id, founding) = (line.line(0).id(), in_force(&line, 0));
    let from_press = |text| {
        let mut draft = message(Class::R, text);
        draft.office = Some(PRESS);
        draft
    };
    assert!(line.write(0, from_press("too early")).is_err(), "there is no such office yet");

    let moved = amended(&line, 1, opens_press_office);
    let motion = moves(&mut line, 1, &moved);
    line.run_for(1_000);
    line.kill(2);
    votes_for(&mut line, 0, motion);
    line.run_for(1_000);
    assert_eq!((in_force(&line, 0), in_force(&line, 1)), (founding, founding), "two of three do not carry");
    line.start(2);
    line.connect(0, 2);
    line.run_for(5_000);
    votes_for(&mut line, 2, motion);
    line.run_for(5_000);

    for number in 0..3 {
        assert_eq!(outcome(&line, number, motion), Some(Outcome::Carried));
        assert_eq!(in_force(&line, number), moved.hash());
        assert_eq!(line.line(number).memorandum().line(), id, "it is the same line for ever");
        let told = line.station(number).shown.iter().filter(
            |shown| matches!(shown, Shown::Amended { memorandum, .. } if memorandum.hash() == moved.hash()),
        );
        assert_eq!(told.count(), 1, "people are told once");
    }
    let written = line.write(0, from_press("good morning")).unwrap();
    line.run_for(1_000);
    for number in 1..3 {
        assert_eq!(line.void_at(number, written), None);
    }

    line.kill(1);
    line.start(1);
    assert_eq!(in_force(&line, 1), moved.hash(), "the record says so");
    line.connect(0, 1);
    line.run_for(1_000);
    assert_eq!(line.void_at(1, written), None);
}

#[test]
fn of_rival_amendments_one_carries_and_the_other_is_overtaken() {
    let mut line = LineInMemory::between(&["usa", "rus"]);
    let sooner = amended(&line, 0, |terms| terms.handling_ms[0] /= 2);
    let later = amended(&line, 1, |terms| terms.handling_ms[0] -= 1);
    let (one, two) = (moves(&mut line, 0, &sooner), moves(&mut line, 1, &later));
    line.run_for(1_000);
    votes_for(&mut line, 0, two);
    line.run_for(1_000);
    votes_for(&mut line, 1, one);
    line.run_for(5_000);
    for number in 0..2 {
        assert_eq!(in_force(&line, number), later.hash(), "its votes were there first");
        assert_eq!(outcome(&line, number, two), Some(Outcome::Carried));
        assert_eq!(outcome(&line, number, one), Some(Outcome::Overtaken));
    }
    let stale = Content::Motion {
        matter: Matter::Amend(sooner),
        text: "Once more.".into(),
        closes_ms: line.now_ms + 600_000,
    };
    let refused = line.write(0, draft(None, &[], stale)).unwrap_err();
    assert_eq!(refused.detail().what, "amendment", "{refused}");
}

#[test]
fn the_next_depositary_decides_after_the_last_one() {
    let mut line = LineInMemory::between(&["usa", "rus"]);
    let handed_on = amended(&line, 0, |terms| terms.depositary = 1);
    let motion = moves(&mut line, 0, &handed_on);
    line.run_for(1_000);
    votes_for(&mut line, 1, motion);
    line.run_for(1_000);
    let resolve = Content::Motion {
        matter: Matter::Resolve,
        text: "That it was so.".into(),
        closes_ms: line.now_ms + 9_000,
    };
    let motion = line.write(0, draft(None, &[], resolve)).unwrap();
    line.run_for(1_000);
    votes_for(&mut line, 1, motion);
    line.run_for(1_000);
    for number in 0..2 {
        let motions = line.line(number).motions();
        let (_, decision) = motions.into_iter().find(|(of, _)| of.act == motion).unwrap();
        let decision = decision.unwrap();
        assert_eq!((decision.act.book.party, decision.outcome), (party(1), Outcome::Carried));
        assert_eq!(decision.after, 1, "it names the last decision of the one before");
    }
}
