//! No circuit for thirty days: books go by courier, late, twice, out of order, by a third party; and their receipts come back.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot be set up fails"
)]

mod line_in_memory;

use detente_line::Shown;
use detente_record::Class;
use line_in_memory::{LineInMemory, acknowledgement, book, message, party};

const DAY_MS: u64 = 86_400_000;

/// Up to where a party has receipted a book, as another knows.
fn receipted(line: &LineInMemory, at: u8, of: detente_record::Book, by: u8) -> u64 {
    let receipt = line.line(at).receipts(of).find(|receipt| receipt.party == party(by));
    receipt.map_or(0, |receipt| receipt.size)
}

#[test]
fn books_go_and_their_receipts_come_back() {
    let mut line = LineInMemory::apart(&["usa", "rus"]);
    for day in 0..30 {
        line.write(0, message(Class::R, &format!("day {day}"))).unwrap();
        line.run_for(DAY_MS);
    }
    let flash = line.write(0, message(Class::Z, "strike")).unwrap();
    let there = line.file(0, 1);
    // What was written since is for the next one.
    line.write(0, message(Class::R, "later")).unwrap();
    assert_eq!(line.brought(&there).refused, 0);
    assert_eq!((line.held(1, book(0, Class::R)), line.held(1, book(0, Class::Z))), (30, 1));
    let rings = |shown: &Shown| matches!(shown, Shown::Entry { name, marked: None, unjudged: false, .. } if *name == flash);
    assert!(line.station(1).shown.iter().any(rings), "a FLASH is a FLASH");
    line.write(1, acknowledgement(flash)).unwrap();
    let back = line.file(1, 0);
    assert_eq!(line.brought(&back).refused, 0);
    assert_eq!(receipted(&line, 0, book(0, Class::R), 1), 30);
    assert_eq!(receipted(&line, 0, book(0, Class::Z), 1), 1);
    assert_eq!(line.held(0, book(1, Class::Z)), 1, "its acknowledgement");
    // The next one brings what is new alone, and what it brings twice is there once.
    let next = line.file(0, 1);
    assert!(next.frames.len() < there.frames.len() + 8, "{}", next.frames.len());
    for file in [&next, &there, &next, &there] {
        assert_eq!(line.brought(file).refused, 0);
    }
    assert_eq!(line.held(1, book(0, Class::R)), 31);
    // A circuit finds nothing left to say but receipts.
    let steps = line.station(0).steps;
    line.connect(0, 1);
    line.run_for(5_000);
    assert_eq!(line.station(0).steps, steps);
    assert_eq!(receipted(&line, 0, book(0, Class::R), 1), 31);
}

#[test]
fn a_receipt_of_long_ago_still_proves() {
    let mut line = LineInMemory::apart(&["usa", "rus"]);
    line.write(0, message(Class::R, "of long ago")).unwrap();
    let there = line.file(0, 1);
    line.brought(&there);
    let back = line.file(1, 0);
    // More checkpoints than a station has in mind.
    for n in 0..1_100 {
        if n % 900 == 0 {
            line.run_for(DAY_MS);
        }
        line.write(0, message(Class::R, &n.to_string())).unwrap();
    }
    line.brought(&back);
    assert_eq!(receipted(&line, 0, book(0, Class::R), 1), 1);
}

#[test]
fn an_old_file_takes_back_nothing() {
    let mut line = LineInMemory::apart(&["usa", "rus"]);
    line.write(0, message(Class::R, "one")).unwrap();
    let early = line.file(1, 0);
    line.run_for(1_000);
    let there = line.file(0, 1);
    line.brought(&there);
    let back = line.file(1, 0);
    line.brought(&back);
    let before = line.file(0, 1).frames.len();
    // It says that rus holds nothing, and comes after the one that says it does.
    line.brought(&early);
    assert_eq!(line.file(0, 1).frames.len(), before);
}

#[test]
fn what_is_beyond_waits_for_the_file_before() {
    let mut line = LineInMemory::apart(&["usa", "rus"]);
    line.write(0, message(Class::R, "one")).unwrap();
    let first = line.file(0, 1);
    line.brought(&first);
    let back = line.file(1, 0);
    line.brought(&back);
    line.write(0, message(Class::R, "two")).unwrap();
    let second = line.file(0, 1);
    // To somebody who has lost what the first one brought.
    line.kill(1);
    line.station_mut(1).store = line_in_memory::Store::default();
    line.start(1);
    let unladen = line.brought(&second);
    assert_eq!((unladen.beyond, line.held(1, book(0, Class::R))), (1, 0));
    line.brought(&first);
    let unladen = line.brought(&second);
    assert_eq!((unladen.beyond, line.held(1, book(0, Class::R))), (0, 2));
}

#[test]
fn a_third_party_brings_the_books_of_others() {
    let mut line = LineInMemory::apart(&["usa", "rus", "tur"]);
    let sent = line.write(0, message(Class::O, "by somebody else's hand")).unwrap();
    line.connect(0, 2);
    line.run_for(3_000);
    assert_eq!(line.held(2, book(0, Class::O)), 1);
    // rus hears of it by a file of tur's, with tur's receipt, and answers the same way.
    let there = line.file(2, 1);
    assert_eq!(line.brought(&there).refused, 0);
    assert_eq!(line.held(1, book(0, Class::O)), 1);
    assert_eq!(receipted(&line, 1, book(0, Class::O), 2), 1);
    line.write(1, acknowledgement(sent)).unwrap();
    let back = line.file(1, 2);
    assert_eq!(line.brought(&back).refused, 0);
    line.run_for(5_000);
    assert_eq!(receipted(&line, 0, book(0, Class::O), 1), 1, "by the circuit of tur");
    assert_eq!(line.held(0, book(1, Class::O)), 1);
}

#[test]
fn a_file_of_a_stranger_or_under_an_old_key_is_not_taken() {
    let mut line = LineInMemory::apart(&["usa", "rus"]);
    line.write(0, message(Class::R, "one")).unwrap();
    let file = line.file(0, 1);
    let of_nobody = line_in_memory::courier::File { from: 9, ..file.clone() };
    assert_eq!((line.brought(&of_nobody).refused, line.held(1, book(0, Class::R))), (1, 0));
    let of_another_rank = line_in_memory::courier::File { rank: 1, ..file.clone() };
    assert_eq!((line.brought(&of_another_rank).refused, line.held(1, book(0, Class::R))), (1, 0));
    // What carries false frames brings the others.
    let mut spoilt = file.clone();
    for frame in &mut spoilt.frames {
        if frame.starts_with(&[0x85, 1]) {
            let last = frame.len() - 1;
            frame[last] ^= 1;
        }
    }
    spoilt.frames.push(vec![0xff]);
    let unladen = line.brought(&spoilt);
    assert!(unladen.refused >= 2 && unladen.fault.is_some(), "{unladen:?}");
    assert_eq!(line.held(1, book(0, Class::R)), 0);
    assert_eq!(line.brought(&file).refused, 0);
    assert_eq!(line.held(1, book(0, Class::R)), 1);
}
