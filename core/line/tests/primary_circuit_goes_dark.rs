//! The circuit that everything went on brings nothing any more, and nothing says so. FLASH was on the other one anyway;
//! ROUTINE goes there after three round trips and a second, long before the circuit is known to be dead.

#![allow(clippy::unwrap_used, reason = "a test that cannot be set up fails")]

mod line_in_memory;

use detente_line::{CircuitId, CircuitState, Shown};
use detente_record::Class;
use line_in_memory::{LineInMemory, book, message};

/// Of which circuits the first party was told that they are late, or in time again.
fn told(line: &LineInMemory) -> Vec<(CircuitId, bool)> {
    let late = line.station(0).shown.iter().filter_map(|shown| match shown {
        Shown::CircuitLate { circuit, late } => Some((*circuit, *late)),
        _ => None,
    });
    late.collect()
}

/// Two parties, a circuit that costs nothing and one that does, both of which have shown how long they take.
fn on_two_circuits() -> (LineInMemory, CircuitId, CircuitId) {
    let mut line = LineInMemory::apart(&["usa", "rus"]);
    let cable = line.connect_at(0, 1, 0);
    let radio = line.connect_at(0, 1, 5_000);
    line.run_for(30_000);
    (line, cable, radio)
}

fn state(line: &LineInMemory, of: CircuitId) -> CircuitState {
    line.line(0).circuits().find(|(circuit, _)| *circuit == of).unwrap().1
}

#[test]
fn the_one_that_costs_nothing_carries_routine() {
    let (mut line, cable, radio) = on_two_circuits();
    assert!(state(&line, cable).best && !state(&line, radio).best);
    let (before, on_cable) = (state(&line, radio).steps, state(&line, cable).steps);
    for _ in 0..5 {
        line.write(0, message(Class::R, "as usual")).unwrap();
        line.run_for(1_000);
    }
    assert_eq!(line.held(1, book(0, Class::R)), 5);
    assert_eq!(state(&line, radio).steps, before, "nothing of it on the dear one");
    assert!(state(&line, cable).steps >= on_cable + 5);
}

#[test]
fn flash_is_there_already_and_routine_is_late_by_little() {
    let (mut line, cable, radio) = on_two_circuits();
    line.dark.insert(cable);
    line.write(0, message(Class::Z, "stop")).unwrap();
    line.write(0, message(Class::R, "as usual")).unwrap();
    line.run_for(30);
    assert_eq!(line.held(1, book(0, Class::Z)), 1, "on the other one, at once");
    assert_eq!(line.held(1, book(0, Class::R)), 0);
    // A round trip takes 40 ms, and the store 2 at either end.
    line.run_for(900 + 3 * 40 + 30);
    assert_eq!(line.held(1, book(0, Class::R)), 1, "on the other one, within a second and three round trips");
    assert!(state(&line, cable).late && !state(&line, cable).silent, "before it is known to be dead");
    assert!(state(&line, radio).best);
}

#[test]
fn the_other_one_takes_over_at_once_though_it_was_there_first() {
    let mut line = LineInMemory::apart(&["usa", "rus"]);
    let radio = line.connect_at(0, 1, 5_000);
    let cable = line.connect_at(0, 1, 0);
    line.run_for(30_000);
    line.dark.insert(cable);
    line.write(0, message(Class::R, "as usual")).unwrap();
    line.run_for(900 + 3 * 40 + 30);
    assert_eq!(line.held(1, book(0, Class::R)), 1, "on the other one, within a second and three round trips");
    assert!(state(&line, cable).late && state(&line, radio).best);
}

#[test]
fn with_one_circuit_nothing_arrives() {
    let mut line = LineInMemory::between(&["usa", "rus"]);
    line.run_for(30_000);
    line.dark.insert(1);
    line.write(0, message(Class::R, "as usual")).unwrap();
    line.run_for(20_000);
    assert_eq!(line.held(1, book(0, Class::R)), 0);
}

#[test]
fn a_circuit_that_was_late_is_used_again() {
    let (mut line, cable, _) = on_two_circuits();
    line.dark.insert(cable);
    line.write(0, message(Class::R, "as usual")).unwrap();
    line.run_for(1_200);
    assert!(state(&line, cable).late);
    line.dark.remove(&cable);
    line.write(0, message(Class::Z, "both ways")).unwrap();
    line.run_for(100);
    assert!(
        !state(&line, cable).late && state(&line, cable).best,
        "its receipt for FLASH shows that it carries"
    );
}

#[test]
fn an_answer_that_came_late_is_not_how_long_the_way_is() {
    let (mut line, cable, radio) = on_two_circuits();
    let usual = state(&line, cable).round_trip_ms;
    line.delays.insert(cable, 2_000);
    while !state(&line, cable).silent {
        line.run_for(100);
    }
    assert!(state(&line, radio).best);
    line.delays.remove(&cable);
    line.run_for(6_000);
    let after = state(&line, cable);
    assert!(!after.silent && after.best, "{after:?}");
    assert_eq!(after.round_trip_ms, usual);
}

#[test]
fn a_way_that_has_become_longer_is_found_to_be() {
    let (mut line, cable, _) = on_two_circuits();
    let usual = state(&line, cable).round_trip_ms.unwrap();
    line.delays.insert(cable, 200);
    line.run_for(60_000);
    let after = state(&line, cable).round_trip_ms.unwrap();
    assert!(after > usual + 200, "{usual} ms, then {after} ms");
}

#[test]
fn a_late_circuit_that_answers_in_time_is_tried_again() {
    let (mut line, cable, _) = on_two_circuits();
    line.without_steps.insert(cable);
    line.write(0, message(Class::R, "as usual")).unwrap();
    line.run_for(1_200);
    assert!(state(&line, cable).late);
    line.without_steps.remove(&cable);
    line.run_for(15_000);
    assert!(
        !state(&line, cable).late && state(&line, cable).best,
        "though nothing went that it could bring a receipt for"
    );
    assert_eq!(told(&line), [(cable, true), (cable, false)], "whoever watches is told, once each");
    let before = state(&line, cable).steps;
    line.write(0, message(Class::R, "again")).unwrap();
    line.run_for(100);
    assert_eq!((line.held(1, book(0, Class::R)), state(&line, cable).steps), (2, before + 1));
}

#[test]
fn a_circuit_that_answers_and_brings_nothing_is_tried_less_and_less() {
    let (mut line, cable, _) = on_two_circuits();
    line.without_steps.insert(cable);
    let before = state(&line, cable).steps;
    for count in 1..=60 {
        line.write(0, message(Class::R, "as usual")).unwrap();
        line.run_for(20_000);
        assert_eq!(line.held(1, book(0, Class::R)), count, "by the other one");
    }
    let tried = state(&line, cable).steps - before;
    assert!((4..12).contains(&tried), "{tried} times in twenty minutes");
}
