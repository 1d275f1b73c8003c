//! A station is killed and comes back before its peer has noticed: the old circuits still seem to stand, and are the
//! ones that were known to be fast. The new one is relied on at once.

mod line_in_memory;

use detente_line::Shown;
use detente_record::Class;
use line_in_memory::{LineInMemory, book, message};

#[test]
fn station_comes_back_unseen() {
    let mut line = LineInMemory::between(&["usa", "rus"]);
    line.run_for(6_000);
    line.vanish(1);
    for class in [Class::Z, Class::O, Class::P, Class::R] {
        line.write(0, message(class, "into the void")).unwrap();
    }
    line.start(1);
    line.connect(0, 1);
    line.run_for(100);
    for class in [Class::Z, Class::O, Class::P, Class::R] {
        assert_eq!(line.held(1, book(0, class)), 1, "{class:?}");
    }
    line.run_for(10_000);
    let silent = |shown: &&Shown| matches!(shown, Shown::CircuitSilent { silent: true, .. });
    assert_eq!(line.station(0).shown.iter().filter(silent).count(), 1, "the old one is found out");
    assert_eq!(line.line(0).circuits().count(), 1, "and given up");
}

#[test]
fn an_older_circuit_that_answers_is_used_on() {
    let mut line = LineInMemory::between(&["usa", "rus"]);
    line.run_for(6_000);
    line.connect(0, 1);
    line.run_for(20_000);
    assert_eq!(line.line(0).circuits().filter(|(_, state)| !state.silent).count(), 2);
    assert!(!line.station(0).shown.iter().any(|shown| matches!(shown, Shown::CircuitSilent { .. })));
}
