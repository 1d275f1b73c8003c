//! A narrow circuit has ROUTINE on its way for minutes. FLASH is handed to it at once, and nobody takes it for dead
//! meanwhile. When it comes up again and both ends hold the same, nobody says hello.

#![allow(clippy::unwrap_used, reason = "a test that cannot be set up fails")]

mod line_in_memory;

use std::sync::atomic::{AtomicBool, Ordering};

use detente_line::Shown;
use detente_line::frame::{self, Frame};
use detente_record::{Class, Cut};
use line_in_memory::{LineInMemory, book, message};

/// 300 bit/s.
const RATE: u32 = 30;

/// Says hello, and whatever else there is, until all of it has passed.
fn connected() -> LineInMemory {
    let mut line = LineInMemory::apart(&["usa", "rus"]);
    line.connect_narrow(0, 1, RATE);
    line.ask(0, 1, message(Class::P, "to begin with"));
    line.ask(1, 1, message(Class::P, "and back"));
    line.run_for(120_000);
    assert_eq!(line.held(1, book(0, Class::P)), 1);
    line
}

#[test]
fn flash_does_not_wait_for_what_is_on_its_way() {
    let mut line = connected();
    line.ask(0, 1, message(Class::R, &"word ".repeat(2_400)));
    line.run_for(60_000);
    assert_eq!(line.held(1, book(0, Class::R)), 0, "12,000 bytes in a minute");
    line.ask(0, 2, message(Class::Z, "cease"));
    line.run_for(12_000);
    assert_eq!(line.held(1, book(0, Class::Z)), 1);
    line.run_for(600_000);
    assert_eq!(line.held(1, book(0, Class::R)), 1);
    let shown = &line.station(0).shown;
    assert!(!shown.iter().any(|shown| matches!(shown, Shown::CircuitSilent { .. })), "{shown:?}");
}

#[test]
fn the_next_step_does_not_wait_for_a_receipt() {
    let mut line = connected();
    // A receipt begins with an array of six and its type.
    line.station_mut(1).loses = |frame| frame.starts_with(&[0x86, 2]);
    let before = line.station(0).steps;
    for place in 0..3 {
        line.ask(0, 10 + place, message(Class::R, &"word ".repeat(100)));
        line.run_for(100);
    }
    // Each takes twenty seconds.
    line.run_for(38_000);
    assert_eq!(line.station(0).steps, before + 2);
    line.station_mut(1).loses = |_| false;
    line.run_for(600_000);
    assert_eq!(line.held(1, book(0, Class::R)), 3);
}

#[test]
fn where_both_hold_the_same_nobody_says_hello() {
    let mut line = connected();
    line.disconnect(0, 1);
    line.run_for(1_000);
    let circuit = line.connect_narrow(0, 1, RATE);
    // Two hellos and what goes with them would take half a minute.
    line.ask(0, 1, message(Class::Z, "cease"));
    line.run_for(12_000);
    assert_eq!(line.held(1, book(0, Class::Z)), 1);
    let state = |line: &LineInMemory, of| {
        let all = line.station(of).line.as_ref().unwrap().circuits().collect::<Vec<_>>();
        all.into_iter().find(|(id, _)| *id == circuit).unwrap().1
    };
    assert!(state(&line, 0).ready && state(&line, 1).ready);
}

#[test]
fn flash_does_not_overtake_the_hello() {
    let mut line = LineInMemory::apart(&["usa", "rus", "tur", "irn", "jor", "un"]);
    // What one of them holds takes far longer to say than what the other does.
    for other in 2..6 {
        line.connect(0, other);
        for class in Class::ALL.into_iter().filter(|class| *class != Class::A) {
            line.write(0, message(class, "so")).unwrap();
            line.write(other, message(class, "and so")).unwrap();
        }
    }
    line.run_for(10_000);
    line.connect_narrow(0, 1, RATE);
    line.run_for(600_000);
    assert_eq!(line.held(1, book(0, Class::Z)), line.held(0, book(0, Class::Z)));
    let shown = &line.station(1).shown;
    assert!(!shown.iter().any(|shown| matches!(shown, Shown::NotTaken { .. })), "{shown:?}");
}

#[test]
fn the_answer_to_a_ping_waits_for_little_of_what_is_short() {
    static ANSWERED: AtomicBool = AtomicBool::new(false);
    let mut line = connected();
    line.station_mut(0).loses = |bytes| {
        ANSWERED.fetch_or(matches!(Frame::decode(bytes), Ok(Frame::Pong(7))), Ordering::Relaxed);
        false
    };
    // Each is answered with a head, of which so many take two minutes.
    let entry = line.said(9, Cut::new()).encode().unwrap();
    for _ in 0..30 {
        line.forge(0, 1, frame::step(book(1, Class::P), 2, &[&entry], &[7; 64]));
    }
    line.run_for(10_000);
    line.forge(0, 1, frame::ping(7));
    line.run_for(40_000);
    assert!(ANSWERED.load(Ordering::Relaxed));
}

#[test]
fn where_one_holds_more_it_says_so() {
    let mut line = connected();
    line.disconnect(0, 1);
    line.run_for(1_000);
    line.write(0, message(Class::Z, "into the dark")).unwrap();
    line.write(1, message(Class::R, "and back")).unwrap();
    line.connect_narrow(0, 1, RATE);
    line.run_for(60_000);
    assert_eq!((line.held(1, book(0, Class::Z)), line.held(0, book(1, Class::R))), (1, 1));
}
