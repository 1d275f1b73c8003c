//! Parties flood the line with entries that are void. No verdict goes by it, whoever's flood it is: not while the line lives, not
//! after a restart from a kept state, and a store that knows of none learns them all again from the record.

#![allow(clippy::unwrap_used, reason = "a test that cannot be set up fails")]

mod line_in_memory;

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use detente_line::{Content, MAX_OF_APPEND, Shown};
use detente_record::{Book, Class, Cut, Entry, EntryRef, Fault, STEP_ENTRIES};
use line_in_memory::{LineInMemory, book, draft, entry};

/// More than any part of a station remembers.
const FLOOD: u64 = 9_000;

/// What a party says in an office that it does not have, resting on what a cut covers.
fn unauthorised(line: &LineInMemory, serials: RangeInclusive<u64>, cut: &Cut) -> Vec<Entry> {
    serials.map(|serial| Entry { office: 9, ..line.said(serial, cut.clone()) }).collect()
}

/// A party's book arrives at the first party, in steps as long as they may be.
fn arrives(line: &mut LineInMemory, of: Book, entries: &[Entry]) {
    for before in (0..entries.len()).step_by(STEP_ENTRIES as usize) {
        let end = entries.len().min(before + STEP_ENTRIES as usize);
        let step = line.signed_after(of, before, &entries[..end]);
        line.forge(0, of.party.number(), step);
    }
    line.run_for(1_000);
    assert_eq!(line.held(0, of), entries.len() as u64);
}

fn void(line: &LineInMemory, number: u8) -> BTreeMap<EntryRef, Fault> {
    line.station(number).store.void.clone()
}

#[test]
fn a_flood_pushes_no_verdict_out() {
    let mut line = LineInMemory::rationed(&["usa", "rus", "liar"], 20_000);
    line.connect(0, 1);
    line.connect(0, 2);
    line.run_for(1_000);
    let one = unauthorised(&line, 1..=1, &Cut::new());
    arrives(&mut line, book(1, Class::Z), &one);
    let flood = unauthorised(&line, 1..=FLOOD, &Cut::new());
    arrives(&mut line, book(2, Class::R), &flood);

    let names = (1..=FLOOD).map(|number| entry(2, Class::R, number)).chain([entry(1, Class::Z, 1)]);
    let names: Vec<EntryRef> = names.collect();
    let known = void(&line, 0);
    assert_eq!(known.len() as u64, FLOOD + 1);
    for name in &names {
        assert_eq!(line.void_at(0, *name).unwrap().detail().what, "office");
    }

    line.keep(0);
    line.kill(0);
    line.start(0);
    assert_eq!(void(&line, 0), known, "after a restart from a kept state");

    line.kill(0);
    let store = &mut line.station_mut(0).store;
    (store.snapshot, store.void) = (None, BTreeMap::new());
    line.start(0);
    assert_eq!(void(&line, 0), known, "as the record alone says");

    line.connect(0, 1);
    line.run_for(60_000);
    assert_eq!(line.held(1, book(2, Class::R)), FLOOD, "carried on to the third");
    assert_eq!(void(&line, 1)[&names[0]], known[&names[0]]);
    for name in names.iter().filter(|name| name.book.party.number() == 2) {
        assert!(line.void_at(1, *name).is_some(), "what is void at one is void at all");
    }
}

#[test]
fn one_act_may_be_what_thousands_waited_for() {
    let mut line = LineInMemory::rationed(&["usa", "rus", "liar"], 20_000);
    line.connect(0, 2);
    line.run_for(1_000);
    // They rest on an act of the second party, which does not come yet.
    let waits = 4_000;
    let cut = Cut::from([(book(1, Class::A), 1)]);
    for (place, class) in [Class::O, Class::P, Class::R].into_iter().enumerate() {
        let first = place as u64 * waits + 1;
        let entries = unauthorised(&line, first..=first + waits - 1, &cut);
        arrives(&mut line, book(2, class), &entries);
    }
    assert!(void(&line, 0).is_empty(), "nothing is judged before its time");
    let suspends = Content::Suspends { scope: vec![14], effective_ms: 0, reason: "no notices".into() };
    line.write(1, draft(None, &[], suspends)).unwrap();
    line.connect(0, 1);
    line.run_for(1_000);

    let known = void(&line, 0);
    assert_eq!(known.len() as u64, 3 * waits);
    assert!(known.len() > 4 * MAX_OF_APPEND, "in several appends, which the store holds to their bound");
    assert_eq!(line.station(0).store.evidence.len(), known.len());
    let told = line.station(0).shown.iter();
    let told = told.filter(|shown| matches!(shown, Shown::Entry { marked: Some(_), unjudged: false, .. }));
    assert_eq!(told.count(), known.len());
}
