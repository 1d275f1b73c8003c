//! A party is brought a book that it cannot take, since it has no secret for it. It says what it lacks, and is not sent the same
//! without end; once it has what it needs, all of it comes.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot be set up fails")]

mod line_in_memory;

use detente_line::frame::Frame;
use detente_record::Class;
use line_in_memory::{LineInMemory, book, message};

fn is_secret(frame: &[u8]) -> bool {
    matches!(Frame::decode(frame), Ok(Frame::Secret { .. }))
}

/// Found by the simulator: each step after the first was a gap, each gap was answered, and each answer brought them all again.
#[test]
fn what_cannot_be_taken_is_not_sent_without_end() {
    // More than one step.
    const MESSAGES: u64 = 12;
    let mut line = LineInMemory::apart(&["usa", "rus"]);
    line.station_mut(0).loses = is_secret;
    line.connect(0, 1);
    line.run_for(1_000);
    for _ in 0..MESSAGES {
        line.write(0, message(Class::Z, &"so ".repeat(3_000))).unwrap();
        line.run_for(100);
    }
    line.run_for(600_000);
    assert_eq!(line.held(1, book(0, Class::Z)), 0);
    let steps = line.station(0).steps;
    assert!(steps < 1_000, "{steps} steps in ten minutes");

    line.station_mut(0).loses = |_| false;
    line.run_for(60_000);
    assert_eq!(line.held(1, book(0, Class::Z)), MESSAGES);
}
