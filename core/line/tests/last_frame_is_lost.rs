//! The last frame on a circuit is lost, and nothing follows it that would show the gap. What has no receipt when it
//! should have one goes again, a few times; after that each side says again what it holds.

mod line_in_memory;

use detente_line::frame::Frame;
use detente_record::Class;
use line_in_memory::{LineInMemory, book, message, party};

#[test]
fn last_frame_is_lost() {
    let mut line = LineInMemory::between(&["usa", "rus"]);
    line.station_mut(0).loses = |_| true;
    line.write(0, message(Class::Z, "do you hear me")).unwrap();
    line.run_for(500);
    line.station_mut(0).loses = |_| false;
    line.run_for(300);
    assert_eq!(line.held(1, book(0, Class::Z)), 0, "it is lost, and the circuit stands");
    line.run_for(500);
    assert_eq!(line.held(1, book(0, Class::Z)), 1);
    assert!(line.line(0).receipts(book(0, Class::Z)).any(|receipt| receipt.party == party(1)));
}

#[test]
fn last_receipt_is_lost() {
    let mut line = LineInMemory::between(&["usa", "rus"]);
    line.station_mut(1).loses = |_| true;
    line.write(0, message(Class::Z, "do you hear me")).unwrap();
    line.run_for(1_000);
    line.station_mut(1).loses = |_| false;
    assert_eq!(line.held(1, book(0, Class::Z)), 1);
    assert_eq!(line.line(0).receipts(book(0, Class::Z)).count(), 0, "no receipt proves nothing");
    line.run_for(500);
    assert_eq!(line.line(0).receipts(book(0, Class::Z)).count(), 1);
}

/// Without a secret nothing of a book can be taken: who seems to lack one is told it again.
#[test]
fn line_secret_is_lost() {
    let mut line = LineInMemory::apart(&["usa", "rus"]);
    line.station_mut(0).loses = |frame| matches!(Frame::decode(frame), Ok(Frame::Secret { .. }));
    line.connect(0, 1);
    line.write(0, message(Class::Z, "do you hear me")).unwrap();
    line.run_for(10_000);
    line.station_mut(0).loses = |_| false;
    assert_eq!(line.held(1, book(0, Class::Z)), 0, "nobody can tell its leaves without the secret");
    line.run_for(25_000);
    assert_eq!(line.held(1, book(0, Class::Z)), 1);
}

/// Nothing comes through for half a minute: the sender does not go on without end.
#[test]
fn everything_is_lost_for_a_while() {
    let mut line = LineInMemory::between(&["usa", "rus"]);
    line.station_mut(0).loses = |_| true;
    line.write(0, message(Class::R, "do you hear me")).unwrap();
    line.run_for(4_000);
    let steps = |line: &LineInMemory| line.station(0).steps;
    assert_eq!(steps(&line), 3, "at once, after a second and after three");
    line.station_mut(0).loses = |_| false;
    line.connect(0, 1);
    line.run_for(100);
    assert_eq!((line.held(1, book(0, Class::R)), steps(&line)), (1, 4), "once on the next circuit");
}
