//! On a narrow circuit tests and their answers go ahead of their signature: they count for the watch, and one checkpoint covers
//! many of them later. What came so is no part of any book.

#![allow(clippy::unwrap_used, reason = "a test that cannot be set up fails")]

mod line_in_memory;

use detente_line::{Content, Duty, Shown, frame};
use detente_record::{Class, Cut, Entry};
use line_in_memory::{LineInMemory, book, message};

/// 300 bit/s.
const RATE: u32 = 30;
const HOUR_MS: u64 = 3_600_000;

fn connected() -> LineInMemory {
    let mut line = LineInMemory::apart(&["usa", "rus"]);
    line.connect_narrow(0, 1, RATE);
    line.ask(0, 1, message(Class::P, "to begin with"));
    line.ask(1, 1, message(Class::P, "and back"));
    line.run_for(120_000);
    assert_eq!((line.held(1, book(0, Class::P)), line.held(0, book(1, Class::P))), (1, 1));
    line
}

fn shown(line: &LineInMemory, at: u8, of: impl Fn(&Shown) -> bool) -> Vec<String> {
    let shown = line.station(at).shown.iter().filter(|shown| of(shown));
    shown.map(|shown| format!("{shown:?}")).collect()
}

fn missed(line: &LineInMemory) -> Vec<String> {
    let missed = |shown: &Shown| matches!(shown, Shown::Missed { .. });
    [shown(line, 0, missed), shown(line, 1, missed)].concat()
}

fn not_taken(line: &LineInMemory, at: u8) -> Vec<String> {
    shown(line, at, |shown| matches!(shown, Shown::NotTaken { .. }))
}

/// A test as its author would have written it.
fn test(line: &LineInMemory, text: &str) -> Vec<u8> {
    // The last slot, or the one before, that is the first party's.
    let slot = line.now_ms / 600_000 / 2 * 2;
    written(line, &Content::Test { slot, text: text.into() })
}

fn written(line: &LineInMemory, content: &Content) -> Vec<u8> {
    let entry = line.said(2, Cut::new());
    Entry { kind: content.kind(), body: content.encode(), ..entry }.encode().unwrap()
}

#[test]
fn one_signature_covers_the_tests_of_an_hour() {
    let mut line = connected();
    let steps = [0, 1].map(|number| line.station(number).steps);
    line.run_for(HOUR_MS);
    for (number, steps) in [0, 1].into_iter().zip(steps) {
        let of = book(number, Class::P);
        assert_eq!(line.station(number).steps, steps, "a step of tests alone");
        assert_eq!(line.held(1 - number, of), 1);
        // Six slots, each with a test of one and an answer of the other.
        assert!(line.held(number, of) >= 6, "{}", line.held(number, of));
    }
    assert_eq!(missed(&line), Vec::<String>::new());
    line.ask(0, 2, message(Class::P, "and now a word"));
    line.run_for(60_000);
    assert_eq!(line.held(1, book(0, Class::P)), line.held(0, book(0, Class::P)));
    assert_eq!(line.held(0, book(1, Class::P)), 1, "nobody said anything in that book");
    assert_eq!(line.station(0).steps, steps[0] + 1);
    line.run_for(HOUR_MS / 2);
    assert_eq!((missed(&line), not_taken(&line, 0), not_taken(&line, 1)), Default::default());
}

#[test]
fn the_signature_follows_within_the_time_that_the_memorandum_says() {
    let mut line = connected();
    line.run_for(2 * HOUR_MS + HOUR_MS / 2);
    for number in 0..2 {
        let of = book(number, Class::P);
        assert!(line.held(1 - number, of) > 6, "{}", line.held(1 - number, of));
        // It covered all that stood there; what came later waits again.
        assert!(line.held(1 - number, of) < line.held(number, of));
    }
    assert_eq!(missed(&line), Vec::<String>::new());
}

#[test]
fn whoever_begins_anew_or_hears_late_brings_and_gets_a_step() {
    let mut line = connected();
    line.run_for(HOUR_MS / 2);
    let written = line.held(0, book(0, Class::P));
    assert!(written > 1);
    line.kill(0);
    line.start(0);
    line.connect_narrow(0, 1, RATE);
    line.run_for(300_000);
    assert!(line.held(1, book(0, Class::P)) >= written, "nobody knows any more that these were tests");
    // Over another circuit steps go as ever.
    line.connect(0, 1);
    line.run_for(HOUR_MS / 2);
    for number in 0..2 {
        assert_eq!(line.held(1 - number, book(number, Class::P)), line.held(number, book(number, Class::P)));
    }
}

/// Numbers that a seed repeats.
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % most
    }
}

/// Hours on a line of two or three, where circuits of both sorts come and go, stations die, frames are lost, and now and then
/// somebody writes.
fn hours(seed: u64) {
    let mut dice = Dice(seed);
    let names = &["usa", "rus", "un"][..2 + usize::from(seed.is_multiple_of(2))];
    let parties = names.len() as u64;
    let mut line = LineInMemory::apart(names);
    // One frame in five of those of the two kinds that matter most here.
    let loses: fn(&[u8]) -> bool = |frame| {
        let last = frame.last().copied().unwrap_or_default();
        matches!(frame, [0x84, 0x10, ..] | [0x85, 1, ..]) && last.is_multiple_of(5)
    };
    for number in 0..names.len() as u8 {
        line.station_mut(number).loses = loses;
    }
    for _ in 0..60 {
        let one = dice.below(parties);
        let other = (one + 1 + dice.below(parties - 1)) % parties;
        let (one, other) = (one as u8, other as u8);
        match dice.below(8) {
            0 | 1 => drop(line.connect_narrow(one, other, 60)),
            2 => line.connect(one, other),
            3 => line.disconnect(one, other),
            4 => {
                line.kill(one);
                line.start(one);
            }
            5 => line.ask(one, 1_000, message(Class::P, "a word between tests")),
            6 => line.ask(one, 1_000, message(Class::O, "an urgent one")),
            _ => {}
        }
        line.run_for(1_000 + dice.below(300_000));
    }
    for number in 0..names.len() as u8 {
        line.station_mut(number).loses = |_| false;
        for other in 0..number {
            line.disconnect(other, number);
            line.connect_narrow(other, number, 60);
        }
    }
    line.run_for(HOUR_MS);
    let written: Vec<_> = (0..names.len() as u8)
        .map(|number| line.write(number, message(Class::P, "the last word")).unwrap())
        .collect();
    line.run_for(HOUR_MS / 2);
    for (number, entry) in (0..).zip(written) {
        let own = line.station(number).store.entries[&entry.book][..entry.number as usize].to_vec();
        for other in (0..names.len() as u8).filter(|other| *other != number) {
            let held = &line.station(other).store.entries[&entry.book];
            assert!(held.len() >= own.len(), "seed {seed}: {other} holds {} of {}", held.len(), own.len());
            assert_eq!(held[..own.len()], own[..], "seed {seed}");
        }
        let odd = not_taken(&line, number);
        assert!(!odd.iter().any(|shown| shown.contains("ahead")), "seed {seed}: {odd:?}");
    }
}

#[test]
fn nothing_is_lost_whatever_comes_and_goes_meanwhile() {
    for seed in 0..12 {
        hours(seed);
    }
}

#[test]
fn whoever_is_reached_through_another_misses_none() {
    let mut line = LineInMemory::apart(&["usa", "rus", "tur"]);
    line.connect_narrow(0, 1, 4 * RATE);
    line.connect_narrow(1, 2, 4 * RATE);
    line.run_for(1_300_000);
    let of = |line: &LineInMemory, at| shown(line, at, |shown| matches!(shown, Shown::Missed { .. })).len();
    let before = [0, 1, 2].map(|at| of(&line, at));
    line.run_for(HOUR_MS);
    assert_eq!([0, 1, 2].map(|at| of(&line, at)), before);
}

#[test]
fn what_is_signed_otherwise_is_shown() {
    let mut line = connected();
    let said = test(&line, "said ahead");
    line.forge(1, 0, frame::ahead(book(0, Class::P), 2, std::slice::from_ref(&said)));
    line.forge(1, 0, frame::ahead(book(0, Class::P), 2, &[said]));
    line.run_for(1_000);
    assert_eq!(not_taken(&line, 1), Vec::<String>::new());
    let other = test(&line, "said otherwise");
    line.forge(1, 0, frame::ahead(book(0, Class::P), 2, &[other]));
    line.run_for(1_000);
    assert!(not_taken(&line, 1).iter().any(|shown| shown.contains("said under its name before")));
    assert_eq!(line.held(1, book(0, Class::P)), 1, "it stands in no book");
    line.ask(0, 2, message(Class::P, "another entry under that name"));
    line.run_for(60_000);
    assert!(line.held(1, book(0, Class::P)) >= 2, "the signed one counts");
    let shown = not_taken(&line, 1);
    assert!(shown.iter().any(|shown| shown.contains("said ahead of its signature")), "{shown:?}");
}

#[test]
fn nothing_but_tests_of_the_peer_itself_goes_ahead() {
    let mut line = connected();
    let duty = written(&line, &Content::Duty(Duty::On));
    let tested = test(&line, "a test");
    let slot = line.now_ms / 600_000 + 2;
    let early = written(&line, &Content::Test { slot, text: "of another time".into() });
    let slot = line.now_ms / 600_000 / 2 * 2;
    let second = written(&line, &Content::Test { slot, text: "a second one".into() });
    let first = test(&line, "the first one");
    line.forge(1, 0, frame::ahead(book(0, Class::P), 7, &[first]));
    line.run_for(1_000);
    assert_eq!(not_taken(&line, 1), Vec::<String>::new());
    for (of, bytes, why) in [
        (book(0, Class::P), duty, "a test or an answer"),
        (book(0, Class::P), second, "one test of a slot"),
        (book(1, Class::P), tested.clone(), "the party at the other end"),
        (book(0, Class::R), tested.clone(), "the party at the other end"),
        (book(0, Class::Z), tested, "a book that its kind may be in"),
        (book(0, Class::P), b"no entry".to_vec(), "a map"),
    ] {
        line.forge(1, 0, frame::ahead(of, 9, &[bytes]));
        line.run_for(1_000);
        let last = not_taken(&line, 1).pop().unwrap_or_default();
        assert!(last.contains(why), "{last}");
    }
    let before = not_taken(&line, 1).len();
    line.forge(1, 0, frame::ahead(book(0, Class::P), 11, &[early]));
    line.run_for(1_000);
    assert_eq!(not_taken(&line, 1).len(), before, "it is nobody's fault");
    assert_eq!(line.held(1, book(0, Class::P)), 1);
}
