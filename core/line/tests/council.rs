//! The rule of the United Nations Security Council on a line of fifteen: nine votes for, and none against from a permanent
//! member, who may abstain. Absence is where a line is stricter: a veto holder that says nothing carries nothing.
//!
//! The vote of 12 April 2017 on the draft S/2017/315 is replayed as the public record has it: 10 for, 2 against, 3
//! abstentions; not adopted. The texts are fiction.

#![allow(clippy::unwrap_used, reason = "a test that cannot be set up fails")]

mod line_in_memory;

use detente_line::{Choice, Content, Matter, Outcome, Rule};
use detente_record::{Class, EntryRef};
use line_in_memory::{LineInMemory, draft};

use Choice::{Abstain, Against, For};

/// The members of 2017, the five permanent ones first; the presidency of that April, which was the United States',
/// is the depositary.
const MEMBERS: [(&str, Choice); 15] = [
    ("usa", For),
    ("chn", Abstain),
    ("fra", For),
    ("gbr", For),
    ("rus", Against),
    ("bol", Against),
    ("egy", For),
    ("eth", Abstain),
    ("ita", For),
    ("jpn", For),
    ("kaz", Abstain),
    ("sen", For),
    ("swe", For),
    ("ukr", For),
    ("ury", For),
];
const WINDOW_MS: u64 = 60_000;
const FRANCE: u8 = 2;

/// The council, every member connected to the presidency, and a motion of France before it.
fn council() -> (LineInMemory, EntryRef) {
    let names = MEMBERS.map(|(name, _)| name);
    let rule = Rule { threshold: 9, veto: vec![0, 1, 2, 3, 4], window_ms: WINDOW_MS };
    let mut line = LineInMemory::ruled(&names, 1_000, rule);
    for member in 1..names.len() as u8 {
        line.connect(0, member);
    }
    line.run_for(1_000);
    let closes_ms = line.now_ms + WINDOW_MS;
    let text = "That what happened be investigated.".into();
    let motion = Content::Motion { matter: Matter::Resolve, text, closes_ms };
    let motion = line.write(FRANCE, draft(Some(Class::A), &[], motion)).unwrap();
    line.run_for(5_000);
    (line, motion)
}

/// Members vote, by their number; what everybody finds decided after that.
fn votes(
    line: &mut LineInMemory,
    motion: EntryRef,
    votes: impl Iterator<Item = (u8, Choice)>,
) -> Option<Outcome> {
    for (member, choice) in votes {
        let vote = Content::Vote { choice, text: None };
        line.write(member, draft(Some(Class::A), &[motion], vote)).unwrap();
    }
    line.run_for(10_000);
    let found = |number| {
        let motions = line.line(number).motions();
        assert_eq!(motions.len(), 1);
        motions.first().unwrap().1.map(|decision| decision.outcome)
    };
    let outcome = found(0);
    for number in 1..MEMBERS.len() as u8 {
        assert_eq!(
            found(number),
            outcome,
            "{} finds what the presidency finds",
            MEMBERS[usize::from(number)].0
        );
    }
    outcome
}

fn as_on_the_day() -> impl Iterator<Item = (u8, Choice)> {
    (0..).zip(MEMBERS.map(|(_, choice)| choice))
}

#[test]
fn ten_for_two_against_and_three_abstentions_with_a_permanent_member_against_are_not_adopted() {
    let (mut line, motion) = council();
    let tally = |wanted| as_on_the_day().filter(|(_, choice)| *choice == wanted).count();
    assert_eq!((tally(For), tally(Against), tally(Abstain)), (10, 2, 3), "the public record");
    assert_eq!(votes(&mut line, motion, as_on_the_day()), Some(Outcome::Defeated));
}

#[test]
fn an_abstention_of_a_permanent_member_defeats_nothing() {
    let (mut line, motion) = council();
    let without_veto = as_on_the_day().map(|(member, choice)| match (member, choice) {
        (4, Against) => (member, Abstain),
        vote => vote,
    });
    assert_eq!(votes(&mut line, motion, without_veto), Some(Outcome::Carried));
}

#[test]
fn a_permanent_member_that_says_nothing_carries_nothing() {
    let (mut line, motion) = council();
    let all_but_one = as_on_the_day().filter(|(member, _)| *member != 4);
    assert_eq!(votes(&mut line, motion, all_but_one), None, "ten are for it, and it is pending");
    line.run_for(WINDOW_MS);
    assert_eq!(votes(&mut line, motion, std::iter::empty()), Some(Outcome::Lapsed));
}

#[test]
fn what_nine_can_no_longer_be_for_is_defeated_without_any_veto() {
    let (mut line, motion) = council();
    let seven = as_on_the_day().filter(|(member, _)| *member != 4).map(|(member, choice)| match member {
        12.. => (member, Against),
        _ => (member, choice),
    });
    assert_eq!(votes(&mut line, motion, seven), Some(Outcome::Defeated));
}
