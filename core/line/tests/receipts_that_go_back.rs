//! A party receipts with times that go back, again and again. The first such receipt of a book convicts it; what follows is refused and fills nobody's disk,
//! over a start as well.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot be set up fails"
)]

mod line_in_memory;

use detente_line::frame;
use detente_record::{Class, Receipt};
use line_in_memory::{LineInMemory, message, party};

#[test]
fn receipts_that_go_back_convict_once() {
    let mut line = LineInMemory::between(&["usa", "rus", "liar"]);
    line.write(0, message(Class::R, "one")).unwrap();
    line.run_for(1_000);
    line.disconnect(0, 2);
    line.disconnect(1, 2);
    let two = line.write(0, message(Class::R, "two")).unwrap();
    line.run_for(1_000);
    let (id, key) = (line.memorandum.line(), line.station(2).keys.receipt.clone());
    let root = line.line(0).held().iter().find(|held| held.book == two.book).unwrap().root;
    let convicted = |line: &LineInMemory| {
        let evidence = line.station(0).store.evidence.iter();
        evidence.filter(|one| one.party == party(2) && one.fault.detail().what == "receipt").count()
    };
    assert_eq!(convicted(&line), 0);
    for seconds in 1..=4 {
        // Whoever brings such a receipt is refused, and may come again.
        if !line.is_connected(0, 1) {
            line.connect(0, 1);
            line.run_for(1_000);
        }
        let receipt = Receipt::sign(two.book, party(2), 2, &root, seconds, &id, &key);
        line.forge(0, 1, frame::receipt(&receipt));
        line.run_for(1_000);
        assert_eq!(convicted(&line), 1, "of {seconds}");
        if seconds == 2 {
            line.kill(0);
            line.start(0);
            line.connect(0, 1);
            line.run_for(1_000);
        }
    }
    let of = line.line(0).receipts(two.book).find(|receipt| receipt.party == party(2)).map(|of| of.size);
    assert_eq!(of, Some(1), "none of them counts");
}
