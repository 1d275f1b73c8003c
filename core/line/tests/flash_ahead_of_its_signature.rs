//! On a narrow circuit FLASH and IMMEDIATE are shown before their signature has come. What came so stands in no book, gets no
//! receipt, and is held to what is signed.

#![allow(clippy::unwrap_used, reason = "a test that cannot be set up fails")]

mod line_in_memory;

use detente_line::{Content, Draft, Shown, frame};
use detente_record::{Class, Cut, Entry, EntryRef, sha256};
use line_in_memory::{LineInMemory, book, message};

/// 300 bit/s.
const RATE: u32 = 30;

/// Signatures of station 0 do not arrive.
fn without_steps(line: &mut LineInMemory) {
    line.station_mut(0).loses = |frame| frame.starts_with(&[0x85, 1]);
}

fn connected() -> LineInMemory {
    let mut line = LineInMemory::apart(&["usa", "rus"]);
    line.connect_narrow(0, 1, RATE);
    line.ask(0, 1, message(Class::P, "to begin with"));
    line.ask(1, 1, message(Class::P, "and back"));
    line.run_for(120_000);
    assert_eq!(line.held(1, book(0, Class::P)), 1);
    line
}

fn ahead(line: &LineInMemory) -> Vec<EntryRef> {
    let shown = line.station(1).shown.iter();
    shown.filter_map(|shown| if let Shown::Ahead { name, .. } = shown { Some(*name) } else { None }).collect()
}

fn signed(line: &LineInMemory, of: EntryRef) -> bool {
    line.station(1).shown.iter().any(|shown| matches!(shown, Shown::Entry { name, .. } if *name == of))
}

fn otherwise(line: &LineInMemory) -> Vec<&Shown> {
    line.station(1).shown.iter().filter(|shown| matches!(shown, Shown::Otherwise { .. })).collect()
}

fn not_taken(line: &LineInMemory) -> Vec<String> {
    let shown = line.station(1).shown.iter();
    shown.filter(|shown| matches!(shown, Shown::NotTaken { .. })).map(|shown| format!("{shown:?}")).collect()
}

fn waiting(line: &LineInMemory) -> usize {
    line.station(1).line.as_ref().unwrap().came_ahead().count()
}

fn receipts(line: &LineInMemory, class: Class) -> usize {
    line.station(0).line.as_ref().unwrap().receipts(book(0, class)).count()
}

/// A message as its author would have written it.
fn said(line: &LineInMemory, text: &str) -> Vec<u8> {
    let content = message(Class::Z, text).content;
    let entry = line.said(2, Cut::new());
    Entry { kind: content.kind(), body: content.encode(), ..entry }.encode().unwrap()
}

#[test]
fn it_is_shown_while_its_signature_is_on_its_way() {
    for class in [Class::Z, Class::O] {
        let mut line = connected();
        without_steps(&mut line);
        let name = line.write(0, message(class, "cease")).unwrap();
        line.run_for(20_000);
        assert_eq!(ahead(&line), [name]);
        assert!(!signed(&line, name));
        assert_eq!((line.held(1, name.book), receipts(&line, class), waiting(&line)), (0, 0, 1));
        line.station_mut(0).loses = |_| false;
        line.run_for(600_000);
        assert!(signed(&line, name));
        assert_eq!((line.held(1, name.book), receipts(&line, class), waiting(&line)), (1, 1, 0));
        assert_eq!(ahead(&line), [name], "shown twice");
        assert_eq!((otherwise(&line).len(), not_taken(&line)), (0, Vec::new()));
    }
}

#[test]
fn nothing_goes_ahead_where_it_need_not() {
    let mut line = connected();
    line.write(0, message(Class::P, "a priority")).unwrap();
    line.write(0, message(Class::R, "a routine")).unwrap();
    line.run_for(120_000);
    line.disconnect(0, 1);
    line.connect(0, 1);
    line.write(0, message(Class::Z, "over a wide circuit")).unwrap();
    line.run_for(10_000);
    assert_eq!(line.held(1, book(0, Class::Z)), 1);
    // More of them than go ahead are caught up with as ever.
    line.disconnect(0, 1);
    for place in 0..9 {
        line.write(0, message(Class::Z, &format!("{place} into the dark"))).unwrap();
    }
    line.run_for(1_000);
    line.connect_narrow(0, 1, RATE);
    line.run_for(600_000);
    assert_eq!(line.held(1, book(0, Class::Z)), 10);
    assert_eq!(ahead(&line), []);
}

#[test]
fn whoever_dies_between_gets_it_again() {
    for dies in [0, 1] {
        let mut line = connected();
        without_steps(&mut line);
        let name = line.write(0, message(Class::Z, "cease")).unwrap();
        line.run_for(20_000);
        assert_eq!(waiting(&line), 1);
        line.kill(dies);
        line.station_mut(0).loses = |_| false;
        line.start(dies);
        line.connect_narrow(0, 1, RATE);
        line.run_for(300_000);
        assert!(signed(&line, name));
        assert_eq!((line.held(1, name.book), waiting(&line), otherwise(&line).len()), (1, 0, 0));
    }
}

#[test]
fn what_is_signed_otherwise_is_shown_beside_what_was_said() {
    let mut line = connected();
    let bytes = said(&line, "proceed");
    line.forge(1, 0, frame::ahead(book(0, Class::Z), 1, std::slice::from_ref(&bytes)));
    line.forge(1, 0, frame::ahead(book(0, Class::Z), 1, &[said(&line, "proceed at once")]));
    line.run_for(1_000);
    assert_eq!(ahead(&line).len(), 1);
    assert!(not_taken(&line).iter().any(|shown| shown.contains("said under its name before")));
    let name = line.write(0, message(Class::Z, "cease")).unwrap();
    line.run_for(60_000);
    assert_eq!(line.held(1, name.book), 1, "the signed one counts");
    let signed_bytes = line.station(1).store.entries[&name.book][0].clone();
    let found = otherwise(&line);
    let [Shown::Otherwise { name: of, said, digests, .. }] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!((*of, digests), (name, &[sha256(&bytes), sha256(&signed_bytes)]));
    assert_eq!(*said, message(Class::Z, "proceed").content);
    assert_eq!(waiting(&line), 0);
}

#[test]
fn it_is_regarded_by_nothing_before_it_is_signed() {
    let mut line = connected();
    without_steps(&mut line);
    let name = line.write(0, message(Class::Z, "cease")).unwrap();
    line.run_for(20_000);
    let ack = Draft { regards: vec![name], ..message(Class::Z, "") };
    let ack = Draft { class: None, content: Content::Acknowledgement { text: None }, ..ack };
    let refused = line.write(1, ack.clone()).unwrap_err();
    assert_eq!(refused.detail().what, "regards");
    line.station_mut(0).loses = |_| false;
    line.run_for(600_000);
    line.write(1, ack).unwrap();
}

#[test]
fn a_peer_that_signs_nothing_is_held_to_a_bound() {
    let mut line = connected();
    for number in 1..=20 {
        line.forge(1, 0, frame::ahead(book(0, Class::Z), number, &[said(&line, "never signed")]));
    }
    line.run_for(1_000);
    assert_eq!((ahead(&line).len(), waiting(&line)), (16, 16));
    let mut line = connected();
    let long = said(&line, &"w".repeat(11_000));
    for number in 1..=8 {
        line.forge(1, 0, frame::ahead(book(0, Class::O), number, std::slice::from_ref(&long)));
    }
    line.run_for(1_000);
    assert_eq!(waiting(&line), 65_536 / long.len(), "{:?}", not_taken(&line));
    // What is not its own, or could stand in no such book, is refused.
    for (of, bytes, why) in [
        (book(1, Class::Z), said(&line, "of another"), "the party at the other end"),
        (book(0, Class::A), said(&line, "in a book of acts"), "the party at the other end"),
        (book(0, Class::Z), b"no entry".to_vec(), "a map"),
    ] {
        line.forge(1, 0, frame::ahead(of, 30, &[bytes]));
        line.run_for(1_000);
        let last = not_taken(&line).pop().unwrap_or_default();
        assert!(last.contains(why), "{last}");
    }
}
