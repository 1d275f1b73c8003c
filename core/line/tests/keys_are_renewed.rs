//! A party renews its keys, because it is time or because somebody else has them. Nothing that was said is lost, nobody needs to be
//! told by hand while a circuit stands, and what the old keys go on writing is nobody's.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot be set up fails"
)]

mod line_in_memory;

use std::collections::BTreeMap;

use detente_line::frame::{self, Frame, Hello};
use detente_line::{Content, Forgotten, Shown};
use detente_record::renewal::Why;
use detente_record::{Book, Checkpoint, Class, Entry, EntryRef};
use line_in_memory::{LineInMemory, acknowledgement, book, draft, message, party};

fn suspends() -> Content {
    Content::Suspends { scope: vec![2], effective_ms: 0, reason: "a drill".into() }
}

/// The first book of a class under rank 1.
fn renewed(number: u8, class: Class) -> Book {
    Book { generation: 128, ..book(number, class) }
}

#[test]
fn rotation_loses_nothing_and_needs_no_hand() {
    let mut line = LineInMemory::between(&["usa", "rus", "tur"]);
    let one = line.write(0, message(Class::Z, "one")).unwrap();
    let act = line.write(0, draft(Some(Class::A), &[], suspends())).unwrap();
    line.run_for(1_000);
    // What nobody else holds yet goes along.
    line.disconnect(0, 1);
    line.disconnect(0, 2);
    let two = line.write(0, message(Class::P, "two")).unwrap();

    let (keys, renewal) = line.renewal(0, Why::Rotation);
    line.renew(0, keys, renewal.clone(), true);
    line.run_for(10);
    assert!(line.station(0).shown.contains(&Shown::Renewed));
    let flash = line.write(0, message(Class::Z, "three")).unwrap();
    assert_eq!(flash, EntryRef { book: renewed(0, Class::Z), number: 2 }, "FLASH waits for nobody");
    let opens = Entry::decode(&line.station(0).store.entries[&renewed(0, Class::A)][0]).unwrap();
    match Content::decode(opens.kind, &opens.body).unwrap() {
        Content::Opens { before: 0, size: 1, renewal: Some(in_book), .. } => assert_eq!(*in_book, renewal),
        other => panic!("{other:?}"),
    }

    for other in [1, 2] {
        line.connect(0, other);
    }
    line.run_for(5_000);
    for other in [1, 2] {
        assert_eq!(line.line(other).rank(party(0)), 1, "the circuit brought the renewal");
        assert!(line.station(other).store.evidence.is_empty());
        for of in [one, two, flash, act] {
            assert!(line.held(other, of.book) >= of.number, "{of:?} at {other}");
            assert_eq!(line.line(other).verdict(of).forgotten, None);
        }
        assert_eq!(line.line(other).last_suspension(party(0)).map(|of| of.act), Some(act), "its acts stand");
        let receipts = line.line(0).receipts(two.book).map(|receipt| (receipt.party, receipt.size));
        assert_eq!(receipts.collect::<Vec<_>>(), [(party(1), 1), (party(2), 1)]);
    }
    let ack = line.write(1, acknowledgement(flash)).unwrap();
    line.run_for(1_000);
    assert!(line.held(0, ack.book) >= ack.number);
    let receipt = line.line(1).receipts(ack.book).find(|receipt| receipt.party == party(0)).cloned();
    assert!(receipt.is_some(), "receipts under the new key count");
    let resumed = Content::Resumes { effective_ms: 0, decision: None };
    assert!(line.write(0, draft(Some(Class::A), &[act], resumed)).is_err(), "it goes on from where it was");
}

#[test]
fn after_a_compromise_what_nobody_has_receipted_is_said_again() {
    let mut line = LineInMemory::between(&["usa", "rus", "tur"]);
    let one = line.write(0, message(Class::P, "one")).unwrap();
    let act = line.write(0, draft(Some(Class::A), &[], suspends())).unwrap();
    line.run_for(1_000);
    line.disconnect(0, 1);
    line.disconnect(0, 2);
    let two = line.write(0, message(Class::P, "two")).unwrap();
    let flash = line.write(0, message(Class::Z, "three")).unwrap();

    let (keys, renewal) = line.renewal(0, Why::Compromise);
    line.renew(0, keys, renewal, true);
    for other in [1, 2] {
        line.connect(0, other);
    }
    line.run_for(5_000);
    let ends = |line: &LineInMemory, of: Book| {
        let bytes = &line.station(0).store.entries[&of][0];
        match Content::decode(64, &Entry::decode(bytes).unwrap().body).unwrap() {
            Content::Opens { before: 0, size, .. } => size,
            other => panic!("{other:?}"),
        }
    };
    let reach = [Class::P, Class::A, Class::Z].map(|class| ends(&line, renewed(0, class)));
    assert_eq!(reach, [one.number, act.number, 0], "a thief can sign; a receipt needs others");
    for at in [0, 1, 2] {
        assert_eq!(line.line(at).last_suspension(party(0)).map(|of| of.act), Some(act), "at {at}");
        assert_eq!(line.line(at).verdict(one).forgotten, None);
    }
    for beyond in [two, flash] {
        assert_eq!(line.line(0).verdict(beyond).forgotten, Some(Forgotten::Disowned));
        assert!(line.line(1).receipts(beyond.book).all(|receipt| receipt.size < beyond.number));
    }
    let again = line.write(0, message(Class::Z, "three")).unwrap();
    line.run_for(1_000);
    assert!(line.held(1, again.book) >= again.number);
}

#[test]
fn a_line_restarted_with_renewed_keys_goes_on() {
    let mut line = LineInMemory::between(&["usa", "rus"]);
    let (keys, renewal) = line.renewal(0, Why::Rotation);
    line.renew(0, keys, renewal, true);
    line.connect(0, 1);
    line.write(0, message(Class::O, "one")).unwrap();
    line.run_for(2_000);
    for number in [0, 1] {
        line.kill(number);
        line.start(number);
    }
    line.connect(0, 1);
    let two = line.write(0, message(Class::O, "two")).unwrap();
    line.run_for(2_000);
    assert_eq!((two.book, two.number, line.held(1, two.book)), (renewed(0, Class::O), 3, 3));
    line.keep(0);
    line.keep(1);
    for number in [0, 1] {
        line.kill(number);
        line.start(number);
    }
    line.connect(0, 1);
    let three = line.write(0, message(Class::O, "three")).unwrap();
    line.run_for(2_000);
    assert_eq!((three.book, line.held(1, three.book)), (two.book, 4));
    let (keys, renewal) = line.renewal(0, Why::Rotation);
    assert_eq!(renewal.occasion.rank, 2);
    line.renew(0, keys, renewal, true);
    line.connect(0, 1);
    let four = line.write(0, message(Class::O, "four")).unwrap();
    line.run_for(2_000);
    assert_eq!((four.book.generation, line.held(1, four.book)), (256, 2));
}

#[test]
fn the_old_station_key_opens_no_circuit_and_the_old_station_writes_nothing() {
    let mut line = LineInMemory::between(&["usa", "rus", "tur"]);
    line.run_for(1_000);
    let (_, renewal) = line.renewal(0, Why::Compromise);
    line.station_mut(1).shown.clear();
    line.bring_renewals(1, std::slice::from_ref(&renewal));
    line.run_for(1_000);
    for other in [1, 2] {
        assert_eq!(line.line(other).rank(party(0)), 1, "one tells the others");
        let with_old = line.line(other).circuits().filter(|(_, state)| state.peer == party(0)).count();
        assert_eq!(with_old, 0, "circuits under the old key end");
    }
    assert!(line.station(1).shown.contains(&Shown::KeysRenewed { party: party(0), rank: 1 }));
    // What runs with the old keys was told before its circuit ended.
    assert_eq!(line.line(0).rank(party(0)), 1);
    let refused = line.write(0, message(Class::Z, "as ever")).unwrap_err();
    assert!(refused.to_string().contains("renewed by rank 1"), "{refused}");
    line.connect(0, 1);
    line.run_for(1_000);
    assert_eq!(line.line(1).circuits().filter(|(_, state)| state.peer == party(0)).count(), 0);
}

#[test]
fn an_empty_machine_gets_its_books_back_before_it_opens_its_acts() {
    let mut line = LineInMemory::between(&["usa", "rus", "tur"]);
    let act = line.write(0, draft(Some(Class::A), &[], suspends())).unwrap();
    let told = line.write(0, message(Class::R, "one")).unwrap();
    line.run_for(2_000);
    let (keys, renewal) = line.renewal(0, Why::Compromise);
    let station = line.station_mut(0);
    (station.store, station.lost) = (line_in_memory::Store::default(), true);
    line.renew(0, keys, renewal.clone(), false);
    assert!(line.write(0, draft(Some(Class::A), &[], suspends())).is_err(), "acts come back first");
    let flash = line.write(0, message(Class::Z, "we are back")).unwrap();
    assert_eq!(flash.book, renewed(0, Class::Z), "FLASH waits for nobody");
    line.run_for(60_000);
    assert_eq!(line.held(0, renewed(0, Class::A)), 0, "nobody has said what there was");

    // Nobody lets the new key in that has not heard of it; somebody carries the file.
    for other in [1, 2] {
        line.bring_renewals(other, std::slice::from_ref(&renewal));
        line.connect(0, other);
    }
    line.run_for(5_000);
    assert_eq!((line.held(0, act.book), line.held(0, told.book)), (1, 1), "the mirrors bring what there was");
    let opens = Entry::decode(&line.station(0).store.entries[&renewed(0, Class::A)][0]).unwrap();
    let opens = Content::decode(opens.kind, &opens.body).unwrap();
    assert!(matches!(opens, Content::Opens { before: 0, size: 1, .. }), "{opens:?}");
    let again = line.write(0, message(Class::R, "two")).unwrap();
    line.run_for(2_000);
    for other in [0, 1, 2] {
        assert_eq!(line.line(other).last_suspension(party(0)).map(|of| of.act), Some(act));
        assert_eq!(line.line(other).verdict(told).forgotten, None);
        assert_eq!((line.held(other, flash.book), line.held(other, again.book)), (2, 2));
        assert!(line.station(other).store.evidence.is_empty());
    }
}

#[test]
fn where_no_peer_holds_anything_an_empty_machine_begins_at_once() {
    let mut line = LineInMemory::apart(&["usa", "rus"]);
    let (keys, renewal) = line.renewal(0, Why::Compromise);
    line.station_mut(0).lost = true;
    line.renew(0, keys, renewal.clone(), false);
    line.bring_renewals(1, &[renewal]);
    line.connect(0, 1);
    line.run_for(1_000);
    let act = line.write(0, draft(Some(Class::A), &[], suspends())).unwrap();
    assert_eq!(act, EntryRef { book: renewed(0, Class::A), number: 2 });
}

#[test]
fn who_has_lost_its_books_takes_them_back_from_whoever_has_left() {
    let mut line = LineInMemory::between(&["usa", "rus", "tur"]);
    line.write(0, message(Class::R, "to both")).unwrap();
    line.run_for(3_000);
    line.disconnect(0, 1);
    line.disconnect(1, 2);
    let told = line.write(0, message(Class::R, "to one")).unwrap();
    line.run_for(3_000);
    line.write(2, draft(None, &[], Content::Leaves { reason: None })).unwrap();
    line.run_for(3_000);
    line.disconnect(0, 2);
    // The other one hears that it has left, and of nothing else.
    line.station_mut(2).loses = |bytes| matches!(Frame::decode(bytes), Ok(Frame::Step { book, .. }) if book.party == party(0) && book.class == Class::R);
    line.connect(1, 2);
    line.run_for(3_000);
    assert_eq!(line.held(1, told.book), 1);
    line.disconnect(1, 2);

    let (keys, renewal) = line.renewal(0, Why::Rotation);
    let station = line.station_mut(0);
    (station.store, station.lost) = (line_in_memory::Store::default(), true);
    line.renew(0, keys, renewal.clone(), false);
    line.bring_renewals(1, std::slice::from_ref(&renewal));
    line.bring_renewals(2, &[renewal]);
    line.station_mut(2).loses = |bytes| matches!(Frame::decode(bytes), Ok(Frame::Step { .. }));
    line.connect(0, 2);
    line.run_for(1_000);
    line.connect(0, 1);
    line.run_for(3_000);
    assert!(line.line(0).parted(party(2)).is_some(), "it knows that it has left");
    assert_eq!((line.held(0, told.book), line.held(0, renewed(0, Class::R))), (1, 0), "and waits for more");
    line.disconnect(0, 2);
    line.station_mut(2).loses = |_| false;
    line.connect(0, 2);
    line.run_for(3_000);
    assert_eq!(line.held(0, told.book), 2);
    assert_eq!(line.held(0, renewed(0, Class::R)), 1, "and it goes on");
}

#[test]
fn a_peer_that_shows_books_and_brings_none_is_not_waited_for_for_ever() {
    let mut line = LineInMemory::between(&["usa", "rus", "tur"]);
    let act = line.write(0, draft(Some(Class::A), &[], suspends())).unwrap();
    let asked = line.write(1, message(Class::Z, "are you there")).unwrap();
    line.run_for(2_000);
    let (keys, renewal) = line.renewal(0, Why::Compromise);
    // Somebody signed more of its acts with its old key than anybody brings.
    let (id, memorandum) = (line.memorandum.line(), line.memorandum.hash());
    let shown = Checkpoint { book: act.book, size: 7, root: [7; 32] }.sign(&id, &line.station(0).keys.book);
    let hello = Hello {
        version: 1,
        line: id,
        memorandum,
        party: party(2),
        sizes: [(act.book, 7)].into(),
        receipts: BTreeMap::new(),
        heads: [(act.book, ([7; 32], shown.signature))].into(),
    };
    let station = line.station_mut(0);
    (station.store, station.lost) = (line_in_memory::Store::default(), true);
    line.renew(0, keys, renewal.clone(), false);
    line.bring_renewals(1, &[renewal]);
    // Who shows them says nothing more.
    line.vanish(2);
    line.connect(0, 2);
    line.forge(0, 2, frame::hello(&hello));
    line.connect(0, 1);
    line.run_for(1_200_000);
    assert_eq!(line.held(0, act.book), 1);
    assert_eq!(line.held(0, renewed(0, Class::A)), 0, "it waits for what was shown");
    assert!(line.write(0, draft(Some(Class::A), &[], suspends())).is_err());
    let overdue = |shown: &Shown| matches!(shown, Shown::Overdue { entry, .. } if *entry == asked);
    assert!(line.station(0).shown.iter().any(overdue), "and shows meanwhile what is due");
    line.run_for(3_600_000);
    assert_eq!(line.held(0, renewed(0, Class::A)), 1, "not for ever");
    assert_eq!(line.line(1).verdict(act).forgotten, None, "what has come back is its own");
}

#[test]
fn what_was_written_at_once_on_an_empty_machine_is_not_written_over_from_a_copy() {
    let mut line = LineInMemory::between(&["usa", "rus"]);
    line.write(0, message(Class::R, "one")).unwrap();
    line.run_for(2_000);
    let (keys, renewal) = line.renewal(0, Why::Compromise);
    let station = line.station_mut(0);
    (station.store, station.lost) = (line_in_memory::Store::default(), true);
    line.renew(0, keys, renewal, false);
    let flash = line.write(0, message(Class::Z, "we are back")).unwrap();
    assert_eq!(flash.book, renewed(0, Class::Z));
    line.run_for(1_000);
    line.kill(0);
    line.start_distrusted(0);
    let again = line.write(0, message(Class::Z, "and again")).unwrap();
    assert!(again.book.generation > flash.book.generation, "{again:?}");
}

#[test]
fn who_knows_of_a_renewal_and_not_the_secret_that_came_with_it_is_greeted_on_a_narrow_circuit() {
    let mut line = LineInMemory::between(&["usa", "rus"]);
    line.connect(0, 1);
    line.write(0, message(Class::P, "one")).unwrap();
    line.write(1, message(Class::P, "two")).unwrap();
    line.run_for(5_000);
    line.disconnect(0, 1);
    let (keys, renewal) = line.renewal(0, Why::Rotation);
    line.renew(0, keys, renewal.clone(), true);
    line.run_for(10);
    // By hand, as by a circuit that broke before the secret was through.
    line.bring_renewals(1, &[renewal]);
    let three = line.write(0, message(Class::P, "three")).unwrap();
    assert_eq!(three.book, renewed(0, Class::P));
    line.connect_narrow(0, 1, 300);
    line.run_for(120_000);
    assert_eq!(line.held(1, three.book), three.number, "without the secret no step of it is taken");
}

#[test]
fn what_comes_back_to_a_machine_that_is_empty_for_the_second_time_is_not_gone_on_in() {
    let mut line = LineInMemory::between(&["usa", "rus"]);
    line.connect(0, 1);
    line.write(0, message(Class::R, "one")).unwrap();
    line.run_for(2_000);
    let empty = |line: &mut LineInMemory| {
        let station = line.station_mut(0);
        (station.store, station.lost) = (line_in_memory::Store::default(), true);
    };
    let (keys, renewal) = line.renewal(0, Why::Rotation);
    empty(&mut line);
    line.renew(0, keys, renewal, false);
    line.connect(0, 1);
    line.run_for(5_000);
    let flash = line.write(0, message(Class::Z, "we are back")).unwrap();
    line.run_for(2_000);
    assert!(line.held(1, flash.book) >= flash.number);
    // The store is damaged, and moved away; what was taken is noted outside of it.
    line.kill(0);
    empty(&mut line);
    line.start_distrusted_from(0, 133);
    line.connect(0, 1);
    line.run_for(5_000);
    assert!(line.held(0, flash.book) >= flash.number, "its book comes back");
    let again = line.write(0, message(Class::Z, "and again")).unwrap();
    assert!(again.book.generation >= 133, "{again:?}: others may hold what was said in those before");
}

#[test]
fn a_damaged_store_that_is_moved_away_after_a_renewal_disowns_nothing() {
    let mut line = LineInMemory::between(&["usa", "rus"]);
    line.connect(0, 1);
    let one = line.write(0, message(Class::R, "one")).unwrap();
    line.run_for(2_000);
    let (keys, renewal) = line.renewal(0, Why::Rotation);
    line.renew(0, keys, renewal, true);
    line.connect(0, 1);
    let two = line.write(0, message(Class::R, "two")).unwrap();
    line.run_for(5_000);
    assert!(line.held(1, two.book) >= two.number);
    line.kill(0);
    line.station_mut(0).store = line_in_memory::Store::default();
    line.start_distrusted_from(0, 133);
    let flash = line.write(0, message(Class::Z, "we are back")).unwrap();
    assert!(flash.book.generation >= 133, "FLASH waits for nobody: {flash:?}");
    line.connect(0, 1);
    line.run_for(5_000);
    let three = line.write(0, message(Class::R, "three")).unwrap();
    assert!(three.book.generation >= 133, "{three:?}");
    line.run_for(2_000);
    for of in [one, two, three] {
        assert!(line.held(0, of.book) >= of.number, "{of:?} comes back");
        assert_eq!(line.line(1).verdict(of).forgotten, None, "{of:?}");
    }
}

/// Found by the simulator: what it wrote at once knew of fewer acts than what it had written before.
#[test]
fn what_a_restored_party_says_before_its_books_are_back_knows_of_its_acts() {
    let mut line = LineInMemory::between(&["usa", "rus"]);
    line.connect(0, 1);
    let act = line.write(0, draft(Some(Class::A), &[], suspends())).unwrap();
    line.run_for(2_000);
    let answer = line.write(1, message(Class::R, "so be it")).unwrap();
    line.run_for(2_000);
    let (keys, renewal) = line.renewal(0, Why::Rotation);
    line.keep(0);
    line.kill(0);
    let station = line.station_mut(0);
    station.earlier.push(std::mem::replace(&mut station.keys, keys));
    station.renewals.push(renewal);
    line.start_distrusted_from(0, 133);
    let flash = line.write(0, message(Class::Z, "we are back")).unwrap();
    assert!(flash.book.generation >= 133, "FLASH waits for nobody: {flash:?}");
    let entries = &line.station(0).store.entries[&flash.book];
    let opens = Entry::decode(&entries[0]).unwrap();
    let known = [answer.book, act.book].map(|of| opens.cut.get(&of).copied());
    assert_eq!(known, [Some(answer.number), Some(act.number)], "the answer rests on the act");
}
