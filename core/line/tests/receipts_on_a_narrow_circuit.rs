//! On a narrow circuit nothing that somebody waits for waits for what others have receipted of others.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot be set up fails"
)]

mod line_in_memory;

use detente_record::{Class, EntryRef};
use line_in_memory::{LineInMemory, message};

/// 300 bit/s.
const RATE: u32 = 30;
const NAMES: [&str; 9] = ["usa", "rus", "tur", "irn", "jor", "un", "irq", "leb", "egy"];

#[test]
fn what_others_have_receipted_of_others_waits() {
    let mut line = LineInMemory::apart(&NAMES);
    line.connect_narrow(0, 1, RATE);
    let mut first = None;
    for class in Class::ALL.into_iter().filter(|class| *class != Class::A) {
        first = Some(line.write(1, message(class, "so")).unwrap());
    }
    let first = first.unwrap();
    line.run_for(300_000);
    assert_eq!(line.held(0, first.book), first.number);
    let written = line.write(1, message(Class::R, &"word ".repeat(2_400))).unwrap();
    line.run_for(1_000);
    for other in 2..u8::try_from(NAMES.len()).unwrap() {
        line.connect(1, other);
    }
    // Twenty-eight receipts are to go now, of more than a hundred bytes each: a hundred seconds.
    line.run_for(200_000);
    let receipted = |line: &LineInMemory, entry: EntryRef| {
        let receipts = line.line(0).receipts(entry.book);
        receipts.filter(|receipt| receipt.party.number() > 1 && receipt.size >= entry.number).count()
    };
    assert_eq!(line.held(0, written.book), first.number, "12,000 bytes in 200 seconds");
    assert_eq!(receipted(&line, first), 0, "a step waits for no receipt of others");
    line.run_for(1_000_000);
    assert_eq!(line.held(0, written.book), written.number);
    assert_eq!(receipted(&line, written), NAMES.len() - 2, "and then they come");
}
