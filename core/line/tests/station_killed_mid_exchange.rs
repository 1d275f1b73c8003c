//! A station is killed at every moment of an exchange, on either side. Whatever was accepted is delivered once it
//! is back, once, and in its place; whatever was not may be gone, and nobody was told otherwise.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot be set up fails"
)]

mod line_in_memory;

use detente_line::Shown;
use detente_record::{Class, EntryRef};
use line_in_memory::{LineInMemory, book, entry, message, party};

/// An exchange in which a station is killed so many milliseconds after the second message was asked for.
fn exchange(killed: u8, after_ms: u64) {
    let mut line = LineInMemory::between(&["usa", "rus"]);
    line.write(0, message(Class::Z, "one")).unwrap();
    line.ask(0, u64::MAX, message(Class::Z, "two"));
    line.run_for(after_ms);
    line.kill(killed);
    line.run_for(5_000);
    line.start(killed);
    line.connect(0, 1);
    line.run_for(5_000);

    let accepted = line.station(0).shown.iter().any(|shown| {
        matches!(shown, Shown::Accepted { id: u64::MAX, entry: name } if *name == entry(0, Class::Z, 2))
    });
    let held = line.held(0, book(0, Class::Z));
    assert!(held == 2 || (held == 1 && !accepted), "{killed} killed after {after_ms} ms: accepted and lost");
    line.write(0, message(Class::Z, "three")).unwrap();
    line.run_for(5_000);
    let stores = [0, 1].map(|number| &line.station(number).store.entries[&book(0, Class::Z)]);
    assert_eq!(stores[0], stores[1], "{killed} killed after {after_ms} ms");
    assert_eq!(stores[0].len() as u64, held + 1);
    let last = EntryRef { book: book(0, Class::Z), number: held + 1 };
    let receipted = line.line(0).receipts(last.book).any(|r| r.party == party(1) && r.size == last.number);
    assert!(receipted, "{killed} killed after {after_ms} ms: no receipt");
}

#[test]
fn the_author_is_killed() {
    (0..60).for_each(|after_ms| exchange(0, after_ms));
}

#[test]
fn the_receiver_is_killed() {
    (0..60).for_each(|after_ms| exchange(1, after_ms));
}
