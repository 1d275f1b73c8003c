//! A FLASH is written while hundreds of ROUTINE entries are on their way. It waits for no more of them than the step
//! that has gone already. A long way is filled all the same.

mod line_in_memory;

use detente_line::Shown;
use detente_record::{Class, STEP_ENTRIES};
use line_in_memory::{LineInMemory, book, message};

#[test]
fn flash_waits_for_no_more_than_a_step() {
    let mut line = LineInMemory::apart(&["usa", "rus"]);
    let queued = 3 * STEP_ENTRIES;
    for number in 1..=queued {
        line.write(0, message(Class::R, &format!("routine {number}"))).unwrap();
    }
    line.connect(0, 1);
    while !line.station(0).shown.iter().any(|shown| matches!(shown, Shown::CircuitReady { .. })) {
        line.run_for(1);
    }
    line.ask(0, 1, message(Class::Z, "cease"));
    while line.held(1, book(0, Class::Z)) == 0 {
        line.run_for(1);
    }
    assert!(line.held(1, book(0, Class::R)) <= STEP_ENTRIES, "more than a step was before it");
    line.run_for(1_000);
    assert_eq!(line.held(1, book(0, Class::R)), queued);
}

#[test]
fn a_long_way_is_filled() {
    let mut line = LineInMemory::apart(&["usa", "rus"]);
    // Five to a step.
    for _ in 0..200 {
        line.write(0, message(Class::R, &"word ".repeat(2_400))).unwrap();
    }
    line.connect(0, 1);
    // A step and its receipt take more than 40 ms: one at a time, the forty would take 1,600.
    line.run_for(800);
    assert_eq!(line.held(1, book(0, Class::R)), 200);
}
