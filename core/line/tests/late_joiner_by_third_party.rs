//! A party comes late, when the author is gone already. A third one brings it the author's book, cannot alter it,
//! and brings the receipts that others gave along with it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot be set up fails"
)]

mod line_in_memory;

use detente_record::Class;
use line_in_memory::{LineInMemory, book, message, party};

#[test]
fn late_joiner_by_third_party() {
    let mut line = LineInMemory::apart(&["usa", "rus", "tur"]);
    line.kill(2);
    line.connect(0, 1);
    for class in [Class::Z, Class::R] {
        line.write(0, message(class, "before you came")).unwrap();
    }
    line.run_for(2_000);
    line.kill(0);

    line.start(2);
    line.connect(1, 2);
    line.run_for(5_000);
    for class in [Class::Z, Class::R] {
        let of = book(0, class);
        assert_eq!(line.station(2).store.entries[&of], line.station(0).store.entries[&of]);
        let signers: Vec<_> = line.line(2).receipts(of).map(|receipt| receipt.party).collect();
        assert_eq!(
            signers,
            [party(1), party(2)],
            "the receipt of the one travels with the book, its own it gives"
        );
    }

    line.start(0);
    line.connect(0, 1);
    line.run_for(2_000);
    let signers: Vec<_> = line.line(0).receipts(book(0, Class::Z)).map(|receipt| receipt.party).collect();
    assert_eq!(signers, [party(1), party(2)], "and goes back to the author the same way");
}
