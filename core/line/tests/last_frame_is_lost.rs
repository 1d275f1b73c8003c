//! The last frame on a circuit is lost, and nothing follows it that would show the gap. Each side says again what it
//! holds before long, and what is missing is sent again.

mod line_in_memory;

use detente_record::Class;
use line_in_memory::{LineInMemory, book, message, party};

#[test]
fn last_frame_is_lost() {
    let mut line = LineInMemory::between(&["usa", "rus"]);
    line.station_mut(0).mute = true;
    line.write(0, message(Class::Z, "do you hear me")).unwrap();
    line.run_for(1_000);
    line.station_mut(0).mute = false;
    line.run_for(1_000);
    assert_eq!(line.held(1, book(0, Class::Z)), 0, "it is lost, and the circuit stands");
    line.run_for(30_000);
    assert_eq!(line.held(1, book(0, Class::Z)), 1);
    assert!(line.line(0).receipts(book(0, Class::Z)).any(|receipt| receipt.party == party(1)));
}

#[test]
fn last_receipt_is_lost() {
    let mut line = LineInMemory::between(&["usa", "rus"]);
    line.station_mut(1).mute = true;
    line.write(0, message(Class::Z, "do you hear me")).unwrap();
    line.run_for(1_000);
    line.station_mut(1).mute = false;
    assert_eq!(line.held(1, book(0, Class::Z)), 1);
    assert_eq!(line.line(0).receipts(book(0, Class::Z)).count(), 0, "no receipt proves nothing");
    line.run_for(30_000);
    assert_eq!(line.line(0).receipts(book(0, Class::Z)).count(), 1);
}
