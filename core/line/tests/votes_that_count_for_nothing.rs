//! Votes after the window, votes after the decision, second votes, votes of strangers and of those who were expelled, votes on
//! what is no motion: each is kept, or refused with a name; none changes what was decided, at any station.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot be set up fails")]

mod line_in_memory;

use std::sync::Arc;

use detente_line::{Choice, Content, Matter, Memorandum, Outcome, Rule, Terms};
use detente_record::{Book, Class, Cut, Entry, EntryRef, vector_hash};
use line_in_memory::{LineInMemory, book, draft, entry, member, message, party};

const WINDOW_MS: u64 = 60_000;
const USA: u8 = 0;
const RUS: u8 = 1;
const TUR: u8 = 2;
const SYR: u8 = 7;

fn three(threshold: u8, veto: Vec<u8>) -> LineInMemory {
    let mut line =
        LineInMemory::ruled(&["usa", "rus", "tur"], 1_000, Rule { threshold, veto, window_ms: WINDOW_MS });
    for (one, other) in [(USA, RUS), (USA, TUR), (RUS, TUR)] {
        line.connect(one, other);
    }
    line.run_for(1_000);
    line
}

fn moves(line: &mut LineInMemory, number: u8, matter: Matter) -> EntryRef {
    let closes_ms = line.now_ms + WINDOW_MS;
    let motion = Content::Motion { matter, text: "That it be so.".into(), closes_ms };
    let motion = line.write(number, draft(None, &[], motion)).unwrap();
    line.run_for(1_000);
    motion
}

fn vote(motion: EntryRef, choice: Choice) -> detente_line::Draft {
    draft(None, &[motion], Content::Vote { choice, text: None })
}

fn votes(line: &mut LineInMemory, number: u8, motion: EntryRef, choice: Choice) -> EntryRef {
    let vote = line.write(number, vote(motion, choice)).unwrap();
    line.run_for(1_000);
    vote
}

/// What every station finds decided, which is the same.
fn outcome(line: &LineInMemory, motion: EntryRef) -> Option<Outcome> {
    let at = |number: u8| {
        let motions = line.line(number).motions();
        let (_, decision) = motions.into_iter().find(|(of, _)| of.act == motion).unwrap();
        decision.map(|decision| (decision.act, decision.outcome))
    };
    assert_eq!(at(USA), at(RUS));
    at(USA).map(|(_, outcome)| outcome)
}

#[test]
fn a_vote_after_the_window_is_kept_and_carries_nothing() {
    let mut line = three(3, Vec::new());
    let motion = moves(&mut line, USA, Matter::Resolve);
    votes(&mut line, RUS, motion, Choice::For);
    assert_eq!(outcome(&line, motion), None);
    line.run_for(WINDOW_MS);
    assert_eq!(outcome(&line, motion), Some(Outcome::Lapsed));
    let late = votes(&mut line, TUR, motion, Choice::For);
    line.run_for(5_000);
    for number in [USA, RUS, TUR] {
        assert_eq!(line.held(number, late.book), late.number, "it is on the record");
        assert_eq!(line.void_at(number, late), None, "and no breach");
    }
    assert_eq!(outcome(&line, motion), Some(Outcome::Lapsed));
}

/// The window is held to the decision's time and to no other clock: a vote whose author's clock is ahead counts as long as
/// the depositary decides in time.
#[test]
fn no_clock_but_the_depositarys_closes_a_motion() {
    let mut line = three(2, Vec::new());
    let motion = moves(&mut line, USA, Matter::Resolve);
    line.station_mut(TUR).ahead_ms = 2 * WINDOW_MS as i64;
    votes(&mut line, TUR, motion, Choice::For);
    line.run_for(5_000);
    assert_eq!(outcome(&line, motion), Some(Outcome::Carried));
}

#[test]
fn of_two_votes_the_last_one_counts_and_after_the_decision_none() {
    let mut line = three(3, Vec::new());
    let motion = moves(&mut line, USA, Matter::Resolve);
    let first = votes(&mut line, RUS, motion, Choice::Against);
    assert_eq!(outcome(&line, motion), Some(Outcome::Defeated), "two of three cannot be three");
    let second = votes(&mut line, RUS, motion, Choice::For);
    votes(&mut line, TUR, motion, Choice::For);
    line.run_for(5_000);
    assert_eq!(outcome(&line, motion), Some(Outcome::Defeated), "nothing changes what was decided");
    assert!(second.number > first.number);

    let motion = moves(&mut line, USA, Matter::Resolve);
    votes(&mut line, TUR, motion, Choice::Abstain);
    assert_eq!(outcome(&line, motion), Some(Outcome::Defeated));

    let mut line = three(2, vec![RUS]);
    let motion = moves(&mut line, USA, Matter::Resolve);
    votes(&mut line, TUR, motion, Choice::For);
    votes(&mut line, TUR, motion, Choice::Abstain);
    votes(&mut line, TUR, motion, Choice::For);
    votes(&mut line, TUR, motion, Choice::For);
    assert_eq!(outcome(&line, motion), None, "however often one says it, it is one vote");
    votes(&mut line, RUS, motion, Choice::Abstain);
    line.run_for(5_000);
    assert_eq!(outcome(&line, motion), Some(Outcome::Carried));
}

#[test]
fn whoever_is_expelled_meanwhile_has_not_voted() {
    let mut line = three(2, vec![RUS]);
    let motion = moves(&mut line, USA, Matter::Resolve);
    votes(&mut line, TUR, motion, Choice::For);
    let before = line.line(USA).memorandum();
    let mut terms = Terms { predecessor: Some(before.hash()), ..before.terms().clone() };
    terms.parties.retain(|member| member.name != "tur");
    let moved = Arc::new(Memorandum::check(terms).unwrap());
    let expels = moves(&mut line, USA, Matter::Amend(moved));
    votes(&mut line, RUS, expels, Choice::For);
    line.run_for(5_000);
    assert_eq!(outcome(&line, expels), Some(Outcome::Carried));
    assert_eq!(outcome(&line, motion), None);
    votes(&mut line, RUS, motion, Choice::Abstain);
    line.run_for(5_000);
    assert_eq!(outcome(&line, motion), Some(Outcome::Defeated), "one is for it, and there are two");
    let why = line.write(TUR, vote(motion, Choice::For)).unwrap_err().to_string();
    assert!(why.contains("no member since usa/A/"), "{why}");
}

#[test]
fn a_stranger_has_no_vote() {
    let mut line = three(3, Vec::new());
    let motion = moves(&mut line, USA, Matter::Resolve);
    let (keys, syr) = member(SYR, "syr");
    let before = line.line(USA).memorandum();
    let mut terms = Terms { predecessor: Some(before.hash()), ..before.terms().clone() };
    terms.parties.push(syr);
    line.settle(keys, Some(Memorandum::check(terms).unwrap()));
    let why = line.write(SYR, vote(motion, Choice::For)).unwrap_err().to_string();
    assert!(why.contains("the decision that admits this party has not come"), "{why}");
    // And by itself, on a circuit that an honest station would not even have: nobody knows its key.
    line.connect(USA, SYR);
    let said = line.said(1, Cut::new());
    let step = line.signed(book(SYR, Class::R), &[said]);
    line.forge(USA, SYR, step);
    line.run_for(5_000);
    assert_eq!(line.held(USA, book(SYR, Class::R)), 0);
    votes(&mut line, RUS, motion, Choice::For);
    votes(&mut line, TUR, motion, Choice::For);
    line.run_for(5_000);
    assert_eq!(outcome(&line, motion), Some(Outcome::Carried), "by those who are parties");
}

#[test]
fn a_vote_on_what_is_no_motion_or_was_not_heard_of_is_void() {
    let mut line = three(2, Vec::new());
    let report = line.write(RUS, message(Class::R, "it was so")).unwrap();
    let motion = moves(&mut line, RUS, Matter::Resolve);
    let voted = votes(&mut line, USA, motion, Choice::Abstain);
    for (about, rule) in [(report, "what its kind may regard"), (voted, "a motion under the vote's cut")] {
        let refused = line.write(TUR, vote(about, Choice::For)).unwrap_err().to_string();
        assert!(refused.contains(rule), "{refused}");
    }

    line.vanish(TUR);
    let choice = Content::Vote { choice: Choice::For, text: None };
    let root = |of: Book| line.line(USA).held().into_iter().find(|held| held.book == of).unwrap().root;
    let on = |about: EntryRef, serial: u64, rests_on: &[EntryRef]| Entry {
        regards: vec![about],
        vector: Some(vector_hash(&rests_on.iter().map(|of| (of.book, (of.number, root(of.book)))).collect())),
        kind: choice.kind(),
        body: choice.encode(),
        ..line.said(serial, rests_on.iter().map(|of| (of.book, of.number)).collect())
    };
    // The first states nothing of the motion that it is about.
    let said = [on(motion, 500, &[]), on(voted, 501, &[motion, voted])];
    let step = line.signed(book(TUR, Class::A), &said);
    line.forge(USA, TUR, step);
    line.run_for(5_000);
    for number in [USA, RUS] {
        for place in [1, 2] {
            let void = line.void_at(number, entry(TUR, Class::A, place)).expect("it is void").to_string();
            assert!(void.contains("a motion under the vote's cut"), "{void}");
        }
    }
    assert_eq!(outcome(&line, motion), None, "with its vote it would have carried");
    let found = line.line(USA).motions();
    let (found, _) = found.into_iter().find(|(of, _)| of.act == motion).unwrap();
    assert!(!line.line(USA).votes(found).contains_key(&party(TUR)));
}
