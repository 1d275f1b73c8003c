//! What both ends remember of what was said, so that it need not be said again (spec/serial.md §5.1).

use std::collections::VecDeque;

use detente_line::Content;
use detente_line::frame::Frame;
use detente_record::{EntryRef, EntryView, Hash, sha256};

use super::TEST;

/// What was said last in one direction of a lane.
#[derive(Debug, Clone, Default)]
pub struct Last {
    /// The last time, ms; 0 before the first.
    pub(super) time_ms: u64,
    /// The frame before, where it was one ahead of its signature.
    pub(super) ahead: Option<Vec<u8>>,
}

/// Digests of tests that went over a circuit, so that their answers need not say them.
#[derive(Debug, Clone, Default)]
pub struct Tests {
    pub(super) sent: VecDeque<(EntryRef, Hash)>,
    pub(super) heard: VecDeque<(EntryRef, Hash)>,
}

/// How many tests are remembered that went, which is more than could be answered at a time, and of those that came.
pub(super) const MAX_SENT: usize = 1_024;
pub(super) const MAX_HEARD: usize = 4;

pub(super) fn find(tests: &VecDeque<(EntryRef, Hash)>, regards: &[EntryRef]) -> Option<Hash> {
    let test = regards.first()?;
    tests.iter().rev().find(|(name, _)| name == test).map(|(_, digest)| *digest)
}

/// Remembers the tests of a frame.
pub(super) fn note(frame: &[u8], to: &mut VecDeque<(EntryRef, Hash)>, most: usize) {
    let Ok(Frame::Step { book, first, entries, .. } | Frame::Ahead { book, first, entries }) =
        Frame::decode(frame)
    else {
        return;
    };
    for (bytes, number) in entries.iter().zip(first..) {
        let Ok(entry) = EntryView::decode(bytes) else { continue };
        if entry.kind != TEST {
            continue;
        }
        let Ok(Content::Test { text, .. }) = Content::decode(entry.kind, entry.body) else { continue };
        to.push_back((EntryRef { book, number }, sha256(text.as_bytes())));
        if to.len() > most {
            to.pop_front();
        }
    }
}
