//! A depositary that lies decides nothing but what the votes do: every other way is void at every station, convicts it, and
//! leaves the motion open. One that stalls holds a motion up for all to see, and carries nothing by it.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot be set up fails")]

mod line_in_memory;

use std::collections::BTreeMap;

use detente_line::{Choice, Content, Matter, Outcome, Rule, Shown};
use detente_record::{Book, Class, Cut, Entry, EntryRef, Hash, vector_hash};
use line_in_memory::{LineInMemory, book, draft, entry, party};

const WINDOW_MS: u64 = 60_000;
/// The depositary, of whom there is nothing but its circuits and whatever a test says in its name.
const USA: u8 = 0;
const RUS: u8 = 1;
const TUR: u8 = 2;

/// Three parties, two votes carry, rus can defeat. The depositary is gone, and rus has moved something.
fn moved() -> (LineInMemory, EntryRef) {
    let rule = Rule { threshold: 2, veto: vec![RUS], window_ms: WINDOW_MS };
    let mut line = LineInMemory::ruled(&["usa", "rus", "tur"], 1_000, rule);
    for (one, other) in [(USA, RUS), (USA, TUR), (RUS, TUR)] {
        line.connect(one, other);
    }
    line.run_for(1_000);
    line.vanish(USA);
    let text = "That it be looked into.".into();
    let motion = Content::Motion { matter: Matter::Resolve, text, closes_ms: line.now_ms + WINDOW_MS };
    let motion = line.write(RUS, draft(None, &[], motion)).unwrap();
    line.run_for(1_000);
    (line, motion)
}

fn votes(line: &mut LineInMemory, number: u8, motion: EntryRef, choice: Choice) -> EntryRef {
    let vote = line.write(number, draft(None, &[motion], Content::Vote { choice, text: None })).unwrap();
    line.run_for(1_000);
    vote
}

/// An act that a party says by itself, resting on everything that rus holds.
fn says(line: &LineInMemory, of: Book, serial: u64, about: EntryRef, content: &Content) -> Entry {
    let held = line.line(RUS).held().into_iter().filter(|held| held.size > 0);
    let known: BTreeMap<Book, (u64, Hash)> = held.map(|held| (held.book, (held.size, held.root))).collect();
    let cut: Cut =
        known.iter().filter(|(other, _)| **other != of).map(|(of, (size, _))| (*of, *size)).collect();
    Entry {
        regards: vec![about],
        vector: Some(vector_hash(&known)),
        kind: content.kind(),
        body: content.encode(),
        ..line.said(serial, cut)
    }
}

/// A party's first acts arrive at the two others, or at the one.
fn arrives(line: &mut LineInMemory, of: u8, entries: &[Entry]) {
    let step = line.signed_after(book(of, Class::A), entries.len() - 1, entries);
    for at in [RUS, TUR].into_iter().filter(|at| *at != of) {
        line.forge(at, of, step.clone());
    }
    // Not for long: a circuit on which nobody answers is given up.
    line.run_for(300);
}

fn outcome(line: &LineInMemory, number: u8, motion: EntryRef) -> Option<Outcome> {
    let motions = line.line(number).motions();
    let (_, decision) = motions.into_iter().find(|(of, _)| of.act == motion).unwrap();
    decision.map(|decision| decision.outcome)
}

/// A serial that the depositary has not used.
const SERIAL: u64 = 500;

/// One lie: what it decides, counting which votes, after which decision; and what is said of it.
type Lie = (Outcome, Vec<EntryRef>, Option<EntryRef>, &'static str);

#[test]
fn a_decision_that_does_not_follow_from_the_votes_is_void_everywhere_and_convicts() {
    let (mut line, motion) = moved();
    let first = votes(&mut line, TUR, motion, Choice::Against);
    let last = votes(&mut line, TUR, motion, Choice::For);
    let right = vec![motion, last];
    let lies: [Lie; 8] = [
        (Outcome::Defeated, right.clone(), None, "the outcome that the votes give"),
        (Outcome::Lapsed, right.clone(), None, "the outcome that the votes give"),
        (Outcome::Overtaken, right.clone(), None, "the outcome that the votes give"),
        (Outcome::Defeated, vec![motion, first], None, "each party's last vote under the cut"),
        (Outcome::Defeated, vec![motion], None, "each party's last vote under the cut"),
        (Outcome::Carried, vec![last, motion], None, "each party's last vote under the cut"),
        (Outcome::Carried, vec![motion, last, last], None, "each party's last vote under the cut"),
        (Outcome::Carried, right.clone(), Some(motion), "the decision before this one"),
    ];
    let mut said = Vec::new();
    for (place, (outcome_said, counted, before, rule)) in (1_u64..).zip(lies) {
        let content = Content::Decide { outcome: outcome_said, votes: counted, before };
        said.push(says(&line, book(USA, Class::A), SERIAL + place, motion, &content));
        arrives(&mut line, USA, &said);
        let lie = entry(USA, Class::A, place);
        for at in [RUS, TUR] {
            let void = line.void_at(at, lie).expect("it is void").to_string();
            assert!(void.contains(rule), "{outcome_said:?}: {void}");
            assert_eq!(outcome(&line, at, motion), None, "{outcome_said:?} decides nothing");
            let station = line.station(at);
            assert!(
                station.store.evidence.iter().any(|evidence| evidence.party == party(USA)
                    && evidence.fault.to_string().contains(rule)),
                "it is kept as evidence"
            );
            let told = |shown: &Shown| matches!(shown, Shown::Breach(breach) if breach.party == party(USA));
            assert!(station.shown.iter().any(told), "people are told");
        }
    }
    // What follows from the votes still decides, and a second word on it is one too many.
    let content = Content::Decide { outcome: Outcome::Carried, votes: right.clone(), before: None };
    said.push(says(&line, book(USA, Class::A), SERIAL + 50, motion, &content));
    arrives(&mut line, USA, &said);
    let carried = entry(USA, Class::A, said.len() as u64);
    let again = Content::Decide { outcome: Outcome::Carried, votes: right, before: Some(carried) };
    said.push(says(&line, book(USA, Class::A), SERIAL + 51, motion, &again));
    arrives(&mut line, USA, &said);
    for at in [RUS, TUR] {
        assert_eq!(line.void_at(at, carried), None);
        assert_eq!(outcome(&line, at, motion), Some(Outcome::Carried));
        let void = line.void_at(at, entry(USA, Class::A, said.len() as u64)).unwrap().to_string();
        assert!(void.contains("a motion not decided before"), "{void}");
    }
}

#[test]
fn nobody_decides_before_the_votes_do_or_on_what_is_no_motion() {
    let (mut line, motion) = moved();
    let voted = votes(&mut line, TUR, motion, Choice::Abstain);
    let lies = [
        (motion, Outcome::Carried, "votes that decide the motion"),
        (motion, Outcome::Defeated, "votes that decide the motion"),
        (motion, Outcome::Lapsed, "votes that decide the motion"),
        (voted, Outcome::Carried, "a motion under the decision's cut"),
    ];
    let mut said = Vec::new();
    for (place, (about, outcome_said, rule)) in (1_u64..).zip(lies) {
        let content = Content::Decide { outcome: outcome_said, votes: vec![motion, voted], before: None };
        said.push(says(&line, book(USA, Class::A), SERIAL + place, about, &content));
        arrives(&mut line, USA, &said);
        for at in [RUS, TUR] {
            let void = line.void_at(at, entry(USA, Class::A, place)).expect("it is void").to_string();
            assert!(void.contains(rule), "{outcome_said:?}: {void}");
            assert_eq!(outcome(&line, at, motion), None);
        }
    }
}

#[test]
fn whoever_is_not_the_depositary_decides_nothing() {
    let (mut line, motion) = moved();
    line.vanish(TUR);
    let content = Content::Decide { outcome: Outcome::Defeated, votes: vec![motion], before: None };
    let said = says(&line, book(TUR, Class::A), SERIAL, motion, &content);
    arrives(&mut line, TUR, &[said]);
    let void = line.void_at(RUS, entry(TUR, Class::A, 1)).expect("it is void").to_string();
    assert!(void.contains("a decision by the depositary"), "{void}");
    assert_eq!(outcome(&line, RUS, motion), None);
}

#[test]
fn a_depositary_that_stalls_carries_nothing_and_its_word_comes_too_late() {
    let (mut line, motion) = moved();
    votes(&mut line, TUR, motion, Choice::For);
    line.run_for(10 * WINDOW_MS);
    for at in [RUS, TUR] {
        assert_eq!(outcome(&line, at, motion), None, "two are for it, and it is pending for all to see");
        assert_eq!(line.line(at).open_motions().len(), 1);
    }
    // What it says now lapses, whatever the votes were: only a decision of the motion's own time carries.
    line.kill(USA);
    line.start(USA);
    for other in [RUS, TUR] {
        line.connect(USA, other);
    }
    line.run_for(10_000);
    for at in [USA, RUS, TUR] {
        assert_eq!(outcome(&line, at, motion), Some(Outcome::Lapsed));
    }
}
