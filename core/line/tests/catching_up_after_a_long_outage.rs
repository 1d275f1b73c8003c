//! A peer was away while a book grew by more signed sizes than a station has at hand. Its receipts for old sizes cannot
//! be held to anything, and still say that it is ready for more.

mod line_in_memory;

use detente_record::Class;
use line_in_memory::{LineInMemory, book, message, party};

#[test]
fn catching_up_after_a_long_outage() {
    let mut line = LineInMemory::rationed(&["usa", "rus"], 10_000);
    let count = 2_000;
    for _ in 0..count {
        line.write(0, message(Class::R, "meanwhile")).unwrap();
    }
    line.connect(0, 1);
    line.run_for(2_000);
    let routine = book(0, Class::R);
    assert_eq!(line.held(1, routine), count);
    let receipted = line.line(0).receipts(routine).find(|receipt| receipt.party == party(1));
    assert_eq!(receipted.map(|receipt| receipt.size), Some(count));
}
