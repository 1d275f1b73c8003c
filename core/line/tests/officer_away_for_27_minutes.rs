//! Deir ez-Zor, 17 September 2016: a caller with urgent news held the line while the officer whom he asked for was
//! away, and the strikes went on for 27 minutes. Here the message is delivered, shown and acted upon without him; that he is away is
//! on the record, and whom the station called in his place.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot be set up fails"
)]

mod line_in_memory;

use detente_line::{Content, Shown};
use detente_record::Class;
use line_in_memory::{LineInMemory, acknowledgement, entry, message, party};

const MINUTE_MS: u64 = 60_000;

#[test]
fn officer_away_for_27_minutes() {
    let mut line = LineInMemory::between(&["usa", "rus"]);
    let cease = line.write(1, message(Class::Z, "you are hitting us")).unwrap();
    assert_eq!(cease, entry(1, Class::Z, 1));

    line.run_for(1_000);
    let delivered = line.line(1).receipts(cease.book).any(|receipt| receipt.party == party(0));
    assert!(delivered, "a receipt comes from the station, not from an officer");
    assert!(line.line(1).facts().awaited()[&cease].acknowledged.is_empty(), "stored is not read");

    line.write(0, line_in_memory::draft(None, &[cease], Content::Displayed)).unwrap();
    line.run_for(27 * MINUTE_MS);
    let called: Vec<(u16, u64)> = line
        .station(0)
        .shown
        .iter()
        .filter_map(|shown| match shown {
            Shown::Overdue { entry, rank, open_ms } if *entry == cease => Some((*rank, open_ms / MINUTE_MS)),
            _ => None,
        })
        .collect();
    assert_eq!(called, [(1, 1), (2, 5)], "first the duty officer, then a senior one, each once");
    let escalated = line
        .line(0)
        .held()
        .iter()
        .find(|held| held.book.party == party(0) && held.book.class == Class::Z)
        .unwrap()
        .size;
    assert_eq!(escalated, 3, "shown once, and called twice, on the record");
    let awaited = &line.line(1).facts().awaited()[&cease];
    assert!(
        awaited.displayed.contains(&party(0)) && awaited.acknowledged.is_empty(),
        "shown is not acknowledged"
    );

    line.write(0, acknowledgement(cease)).unwrap();
    line.run_for(1_000);
    assert!(!line.line(1).facts().awaited().contains_key(&cease));
    assert!(!line.line(0).facts().owed().contains_key(&cease));
}
