//! A station is restored from yesterday's backup. It may have said more than it remembers, so it never goes on in
//! its old books: every one goes on in its next generation at once, and FLASH waits for nobody. What others hold
//! of the old books comes back.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot be set up fails"
)]

mod line_in_memory;

use detente_line::frame::{self, Hello, VERSION};
use detente_line::{Content, Forgotten, Shown};
use detente_record::{Book, Class, Cut, Entry, EntryRef};
use line_in_memory::{LineInMemory, book, draft, message, party};

#[test]
fn restored_backup_opens_next_generation() {
    let mut line = LineInMemory::between(&["usa", "rus", "tur"]);
    line.write(0, message(Class::Z, "one")).unwrap();
    line.run_for(1_000);
    let backup = line.station(0).store.clone();
    line.write(0, message(Class::Z, "two")).unwrap();
    line.write(0, message(Class::O, "three")).unwrap();
    line.run_for(2_000);

    line.kill(0);
    line.station_mut(0).store = backup;
    line.start_distrusted(0);
    let flash = line.write(0, message(Class::Z, "four")).unwrap();
    let next = Book { generation: 1, ..book(0, Class::Z) };
    assert_eq!((flash.book, flash.number), (next, 2), "the first entry says what is known of the old book");
    let opens = Entry::decode(&line.station(0).store.entries[&next][0]).unwrap();
    let Content::Opens { before: 0, size: 1, .. } = Content::decode(opens.kind, &opens.body).unwrap() else {
        panic!("another entry opens it");
    };

    for other in [1, 2] {
        line.connect(0, other);
    }
    line.run_for(5_000);
    line.write(0, message(Class::P, "back again")).unwrap();
    line.run_for(1_000);
    assert!(line.station(0).shown.contains(&Shown::Renewed));
    assert_eq!(line.held(0, book(0, Class::Z)), 2, "what others hold comes back");
    assert_eq!(line.held(0, book(0, Class::O)), 1);
    for other in [1, 2] {
        assert_eq!(line.held(other, next), 2);
        assert!(line.station(other).store.evidence.is_empty(), "nobody is to blame");
    }
    let two = EntryRef { book: book(0, Class::Z), number: 2 };
    assert_eq!(line.line(1).verdict(two).forgotten, Some(Forgotten::Recovered), "the next entry tells");
    assert_eq!(line.line(1).verdict(EntryRef { number: 1, ..two }).forgotten, None);
    let again = line.write(0, message(Class::Z, "five")).unwrap();
    assert_eq!((again.book, again.number), (next, 3), "and the old generation is never appended to again");
}

/// Nobody receipts its own book: whoever brings it has to hear in another way that the next step can come.
#[test]
fn what_was_said_in_many_steps_comes_back_as_fast_as_it_can() {
    let mut line = LineInMemory::between(&["usa", "rus", "tur"]);
    // Five of them make a step.
    for _ in 0..100 {
        line.write(0, message(Class::R, &"word ".repeat(2_400))).unwrap();
        line.run_for(100);
    }
    line.kill(0);
    line.station_mut(0).store = line_in_memory::Store::default();
    line.start_distrusted(0);
    line.connect(0, 1);
    line.run_for(3_000);
    assert_eq!(line.held(0, book(0, Class::R)), 100);
}

/// Acts come back of which the last ones rest on an act that has not. Whatever is written meanwhile covers all that it rests on.
#[test]
fn lost_acts_come_back_before_what_they_rest_on() {
    let mut line = LineInMemory::between(&["usa", "rus", "tur"]);
    let backup = line.station(0).store.clone();
    let suspends = || Content::Suspends { scope: vec![2], effective_ms: 0, reason: "a drill".into() };
    line.write(0, draft(Some(Class::A), &[], suspends())).unwrap();
    line.run_for(1_000);
    line.write(2, message(Class::Z, "noted")).unwrap();
    line.run_for(1_000);
    line.write(1, draft(Some(Class::A), &[], suspends())).unwrap();
    line.run_for(1_000);
    line.write(0, draft(Some(Class::A), &[], suspends())).unwrap();
    line.run_for(3_000);

    line.kill(0);
    line.station_mut(0).store = backup;
    line.start_distrusted(0);
    line.run_for(1_000);
    line.station_mut(2).loses = |_| true;
    line.connect(0, 2);
    line.run_for(1_000);
    let held = line.station(2).store.clone();
    let hello = Hello {
        version: VERSION,
        line: line.memorandum.line(),
        memorandum: line.memorandum.hash(),
        party: party(2),
        sizes: Cut::new(),
        receipts: [].into(),
        heads: [].into(),
    };
    line.forge(0, 2, frame::hello(&hello));
    let (flashes, acts) = (book(2, Class::Z), book(0, Class::A));
    for of in [flashes, acts] {
        let (size, head) = held.checkpoints[&of].last_key_value().unwrap();
        let step = frame::step(of, 1, &held.entries[&of][..*size as usize], &head.signature);
        line.forge(0, 2, step);
    }
    line.run_for(1_000);
    assert_eq!((line.held(0, flashes), line.held(0, acts)), (1, 2));
    let name = line.write(0, message(Class::O, "what has come back")).unwrap();
    let covered = |cut: &Cut, of| cut.get(&of).copied().unwrap_or(0);
    let book_so_far = &line.station(0).store.entries[&name.book];
    let mut cut = Cut::new();
    for bytes in book_so_far {
        cut.extend(Entry::decode(bytes).unwrap().cut);
    }
    assert_eq!((covered(&cut, flashes), covered(&cut, acts)), (1, 1), "a part of what has come back");
    assert_eq!(covered(&cut, book(1, Class::A)), 0, "and nothing that rests on what has not");
}
