//! A machine was rolled back, its mark with it, and knows nothing of it. A peer's hello tells, with this party's own
//! signature: it goes on in a generation after every one that is shown. A peer that only says so is not believed.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot be set up fails")]

mod line_in_memory;

use detente_line::frame::{self, Hello, VERSION};
use detente_line::{Content, Shown};
use detente_record::{Book, Class, Cut, Entry, Hash, Signature};
use line_in_memory::{LineInMemory, book, message, party};

/// A hello of rus to usa that says how much it holds of a book of usa's.
fn hello(line: &LineInMemory, of: Book, size: u64, head: Option<(Hash, Signature)>) -> Vec<u8> {
    frame::hello(&Hello {
        version: VERSION,
        line: line.memorandum.line(),
        memorandum: line.memorandum.hash(),
        party: party(1),
        sizes: Cut::from([(of, size)]),
        receipts: [].into(),
        heads: head.map(|head| (of, head)).into_iter().collect(),
    })
}

#[test]
fn claim_without_a_signature_costs_nothing() {
    let mut line = LineInMemory::between(&["usa", "rus"]);
    let z = book(0, Class::Z);
    for text in ["one", "two", "three"] {
        line.write(0, message(Class::Z, text)).unwrap();
    }
    line.run_for(1_000);
    let signed = line.station(1).store.checkpoints[&z][&3].clone();
    let own = (signed.checkpoint.root, signed.signature);
    let mut other = signed.checkpoint;
    other.size = 1_000;
    let foreign = (other.root, other.sign(&line.memorandum.line(), &line.station(1).keys.book).signature);
    let later = Book { generation: 7, ..z };
    let claims = [(z, None), (z, Some(own)), (z, Some(foreign)), (later, None), (later, Some(own))];
    for (place, (of, head)) in claims.into_iter().enumerate() {
        let claim = hello(&line, of, 1_000, head);
        line.forge(0, 1, claim);
        let name = line.write(0, message(Class::Z, "go on")).unwrap();
        assert_eq!((name.book, name.number), (z, 4 + place as u64), "claim {place}");
        let refused = |shown: &&Shown| matches!(shown, Shown::NotTaken { fault, .. } if fault.to_string().contains("own book"));
        assert_eq!(line.station(0).shown.iter().filter(refused).count(), 1 + place, "it is shown");
    }
    assert!(line.station(0).store.evidence.is_empty(), "nobody signs a hello");
}

#[test]
fn signed_claim_ends_the_generation() {
    let mut line = LineInMemory::between(&["usa", "rus"]);
    let (z, o) = (book(0, Class::Z), book(0, Class::O));
    line.write(0, message(Class::Z, "one")).unwrap();
    line.write(0, message(Class::O, "one")).unwrap();
    line.run_for(1_000);
    let backup = line.station(0).store.clone();
    line.write(0, message(Class::Z, "two")).unwrap();
    line.run_for(1_000);

    let mut before = z;
    for life in 1..=2 {
        // The second time what it opened the first time is forgotten as well.
        line.kill(0);
        line.station_mut(0).store = backup.clone();
        line.start(0);
        line.connect(0, 1);
        line.run_for(1_000);
        let name = line.write(0, message(Class::Z, "three")).unwrap();
        assert!(name.book > before, "{name:?} comes after {before:?}");
        assert_eq!(name.number, 2);
        let opens = Entry::decode(&line.station(0).store.entries[&name.book][0]).unwrap();
        let opens = Content::decode(opens.kind, &opens.body).unwrap();
        let Content::Opens { before: 0, size: 1, .. } = opens else { panic!("{opens:?}") };
        line.run_for(2_000);
        assert_eq!(line.held(0, z), 2, "what was lost comes back");
        assert_eq!(line.held(0, before), 2, "whatever generation it is of");
        assert_eq!(line.held(1, name.book), 2);
        assert!(line.station(1).store.evidence.is_empty(), "life {life}");
        before = name.book;
    }
    assert_eq!(line.write(0, message(Class::O, "two")).unwrap().book, o, "the other classes go on");
}
