//! A party says more than the memorandum allows a day, in the very first step of a book. A mirror takes none of it.

#![allow(clippy::unwrap_used, reason = "a test that cannot be set up fails")]

mod line_in_memory;

use detente_line::Shown;
use detente_record::{Class, Cut};
use line_in_memory::{LineInMemory, book};

#[test]
fn more_than_a_day_allows() {
    for (entries, taken) in [(4, 4), (5, 0)] {
        let mut line = LineInMemory::rationed(&["usa", "rus"], 4);
        line.connect(0, 1);
        line.run_for(1_000);
        let of = book(1, Class::R);
        let said: Vec<_> = (1..=entries).map(|serial| line.said(serial, Cut::new())).collect();
        line.forge(0, 1, line.signed(of, &said));
        line.run_for(1_000);
        assert_eq!(line.held(0, of), taken);
        let refused =
            |shown: &Shown| matches!(shown, Shown::NotTaken { fault, .. } if fault.detail().what == "quota");
        assert_eq!(line.station(0).shown.iter().any(refused), taken == 0);
    }
}
