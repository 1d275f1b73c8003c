//! A narrow circuit has ROUTINE on its way for minutes. FLASH is handed to it at once, and nobody takes it for dead
//! meanwhile. When it comes up again and both ends hold the same, nobody says hello.

mod line_in_memory;

use detente_line::Shown;
use detente_record::Class;
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
