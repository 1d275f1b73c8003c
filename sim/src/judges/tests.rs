//! Each judge can object: a small record that is in order, then one thing in it that is not.

#![allow(clippy::unwrap_used, reason = "a test that cannot be set up fails")]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use detente_line::{Content, Evidence, Matter, Message, frame};
use detente_record::{
    Book, BookSecret, Checkpoint, Class, Cut, Entry, EntryRef, Fault, Frontier, Hash, Party, Receipt,
    SecretKey, leaf_hash, vector_hash,
};

use super::blame::{Excused, forks_are_found, honest_are_not_blamed};
use super::books::Books;
use super::liveness::{self, Seen};
use super::narrow::{self, Watched};
use super::receipts::Receipts;
use super::reference::Reading;
use super::theft::Given;
use super::void::{self, Void};
use super::{Court, Stolen, Word, admission, authors, folds, theft};
use crate::founding::{Founded, Keys, found};
use crate::rng::Rng;
use crate::scenario::{NarrowCircuits, Scenario, SerialFaults};
use crate::station::{Speaks, restored};
use crate::store::Record;

/// When everything is written, ms: no day ends near it.
const NOON_MS: u64 = 1_760_011_200_000;

/// A line of two, aria and bor, both honest; reopening needs nobody's consent.
fn court() -> Court {
    court_with(0)
}

/// The same, with so many guests.
fn court_with(guests: usize) -> Court {
    let scenario = Scenario {
        parties: 2,
        liars: 0,
        quota: 3,
        consent: false,
        threshold: 2,
        veto: Vec::new(),
        guests,
        ..Scenario::new(1)
    };
    let Founded { keys, memorandum, roll } = found(&scenario, &mut Rng::new(1)).unwrap();
    let honest = keys.iter().map(|keys| keys.party).collect();
    Court { line: memorandum.line(), memorandum, roll, keys, honest, stolen: BTreeMap::new() }
}

fn book(party: u8, class: Class) -> Book {
    Book { generation: 0, party: Party::new(party).unwrap(), class }
}

fn name(party: u8, class: Class, number: u64) -> EntryRef {
    EntryRef { book: book(party, class), number }
}

fn message(serial: u64) -> Entry {
    let text = format!("number {serial}");
    let content = Content::Message(Message { text, ..Message::default() });
    entry(serial, &content)
}

fn entry(serial: u64, content: &Content) -> Entry {
    Entry {
        serial,
        time_ms: NOON_MS + serial,
        clock_held: false,
        office: 0,
        language: None,
        regards: Vec::new(),
        cut: Cut::new(),
        vector: None,
        kind: content.kind(),
        body: content.encode(),
        second: None,
    }
}

fn suspends(serial: u64) -> Entry {
    let content = Content::Suspends { scope: vec![2], effective_ms: 0, reason: "why not".into() };
    Entry { vector: Some(vector_hash(&BTreeMap::new())), ..entry(serial, &content) }
}

fn keys(court: &Court, party: Party) -> &Keys {
    court.keys_of(party).unwrap()
}

fn root(court: &Court, book: Book, entries: &[Arc<[u8]>]) -> Hash {
    let secret = BookSecret::new(&keys(court, book.party).secret, &book.origin(&court.line));
    let mut frontier = Frontier::default();
    for bytes in entries {
        frontier.push(leaf_hash(&secret.blind(frontier.size()), bytes));
    }
    frontier.root()
}

/// Puts entries at the end of a book, with the checkpoint over them and everybody's receipts.
fn put(court: &Court, record: &mut Record, book: Book, entries: &[Entry]) {
    let held = record.entries.entry(book).or_default();
    held.extend(entries.iter().map(|entry| Arc::from(entry.encode().unwrap())));
    let (size, root) = (held.len() as u64, root(court, book, held));
    let signed = Checkpoint { book, size, root }.sign(&court.line, &keys(court, book.party).book);
    record.checkpoints.entry(book).or_default().insert(size, signed);
    for keys in court.keys.iter().filter(|keys| keys.party != book.party) {
        let receipt = receipt(court, keys.party, book, size, &root, NOON_MS / 1000, &keys.receipt);
        record.receipts.entry(book).or_default().insert((size, keys.party), receipt);
    }
    let secrets = court.keys.iter().map(|keys| ((keys.party, 0), keys.secret.clone()));
    record.secrets.extend(secrets);
}

fn receipt(
    court: &Court,
    by: Party,
    book: Book,
    size: u64,
    root: &Hash,
    seconds: u64,
    key: &SecretKey,
) -> Receipt {
    Receipt::sign(book, by, size, root, seconds, &court.line, key)
}

/// A record with one book.
fn record(court: &Court, book: Book, entries: &[Entry]) -> Record {
    let mut record = Record::default();
    put(court, &mut record, book, entries);
    record
}

#[track_caller]
fn holds(word: Word) {
    assert_eq!(word, Ok(()));
}

#[track_caller]
fn objects(word: Word, judge: &str, about: &str) {
    let objection = word.unwrap_err();
    assert_eq!(objection.judge, judge);
    assert!(objection.what.contains(about), "{}", objection.what);
}

#[test]
fn books_objects_to_what_its_author_never_had() {
    let court = court();
    let (own, others) = (book(0, Class::R), court.honest[1]);
    let one = record(&court, own, &[message(1)]);
    let other = record(&court, own, &[message(2)]);
    objects(Books::default().durable(&court, others, &one), "books", "never was at its author");
    let mut books = Books::default();
    holds(books.durable(&court, own.party, &one));
    holds(books.clone().durable(&court, others, &one));
    objects(books.durable(&court, others, &other), "books", "another entry");
}

#[test]
fn books_objects_to_an_accepted_entry_that_is_lost() {
    let court = court();
    let own = book(0, Class::R);
    let (empty, full) = (Record::default(), record(&court, own, &[message(1)]));
    let other = record(&court, own, &[message(2)]);
    let mut books = Books::default();
    let accepted = name(0, Class::R, 1);
    objects(books.accepted(&court, accepted, &empty), "books", "before it was durable");
    holds(books.accepted(&court, accepted, &full));
    holds(books.kept(&court, own.party, &full, false));
    objects(books.kept(&court, own.party, &empty, false), "books", "is lost");
    objects(books.kept(&court, own.party, &other, false), "books", "has become another entry");
    holds(books.kept(&court, own.party, &empty, true));
}

#[test]
fn receipts_objects_to_what_is_said_and_not_held() {
    let court = court();
    let (theirs, by) = (book(0, Class::R), court.honest[1]);
    let held = record(&court, theirs, &[message(1), message(2)]);
    let root_at = |size: usize| root(&court, theirs, &held.entries[&theirs][..size]);
    let key = &keys(&court, by).receipt;
    let said = |judge: &mut Receipts, size, root: &Hash, seconds, key| {
        let receipt = receipt(&court, by, theirs, size, root, seconds, key);
        judge.said(&court, by, &held, &frame::receipt(&receipt), false)
    };
    let mut judge = Receipts::default();
    holds(said(&mut judge, 1, &root_at(1), 100, key));
    holds(said(&mut judge, 2, &root_at(2), 100, key));
    objects(said(&mut judge, 3, &root_at(2), 100, key), "receipts", "not durable");
    objects(said(&mut judge, 2, &root_at(1), 100, key), "receipts", "no good");
    objects(said(&mut judge, 2, &root_at(2), 100, &keys(&court, by).book), "receipts", "no good");
    objects(said(&mut judge, 2, &root_at(2), 99, key), "receipts", "not from 100");
    let head = |size, root| {
        let checkpoint = Checkpoint { book: theirs, size, root };
        frame::head(&checkpoint.sign(&court.line, &keys(&court, theirs.party).book))
    };
    holds(judge.said(&court, by, &held, &head(2, root_at(2)), false));
    objects(judge.said(&court, by, &held, &head(2, root_at(1)), false), "receipts", "a head");
    objects(judge.said(&court, by, &held, &[0xff], false), "receipts", "a frame that is none");
    let hello = |size| {
        frame::hello(&frame::Hello {
            version: frame::VERSION,
            line: court.line,
            memorandum: court.memorandum.hash(),
            party: by,
            sizes: Cut::from([(theirs, size)]),
            receipts: BTreeMap::new(),
            heads: BTreeMap::new(),
        })
    };
    holds(judge.said(&court, by, &held, &hello(2), false));
    objects(judge.said(&court, by, &held, &hello(3), false), "receipts", "says that it holds");
}

#[test]
fn receipts_objects_to_a_store_that_does_not_hold() {
    let court = court();
    let (theirs, at) = (book(0, Class::R), court.honest[1]);
    let sound = record(&court, theirs, &[message(1)]);
    holds(Receipts::default().stored(&court, at, &sound));
    let mut altered = sound.clone();
    altered.entries.insert(theirs, vec![Arc::from(message(2).encode().unwrap())]);
    objects(Receipts::default().stored(&court, at, &altered), "receipts", "does not hold");
    let mut forged = sound;
    let root = root(&court, theirs, &forged.entries[&theirs]);
    let wrong = receipt(&court, at, theirs, 1, &root, 0, &keys(&court, at).book);
    forged.receipts.insert(theirs, BTreeMap::from([((1, at), wrong)]));
    objects(Receipts::default().stored(&court, at, &forged), "receipts", "no good");
}

fn kept(court: &Court, record: &Record) -> Word {
    let reading = Reading::new(&court.memorandum, record);
    let author = court.honest[0];
    authors::keep_the_rules(
        court,
        authors::Author { party: author, once: true, rank: 0 },
        record,
        &reading,
        &mut Receipts::default(),
    )
}

#[test]
fn authors_objects_to_what_breaks_a_rule() {
    let court = court();
    let own = book(0, Class::R);
    let written = |entries: &[Entry]| kept(&court, &record(&court, own, entries));
    holds(written(&[message(1), message(2)]));
    objects(written(&[message(1), message(3)]), "authors", "has serial 3");
    objects(written(&[message(1), message(1)]), "authors", "is void");
    objects(written(&[Entry { kind: 40, ..message(1) }]), "authors", "is void");
    objects(written(&[Entry { office: 9, ..message(1) }]), "authors", "is void");
    objects(written(&[Entry { clock_held: true, ..message(1) }]), "authors", "has time");
    objects(written(&[1, 2, 3, 4].map(message)), "authors", "more than the quota");
    let missing = Entry { cut: Cut::from([(book(1, Class::A), 1)]), ..message(1) };
    objects(written(&[missing]), "authors", "rests on acts that its author lacks");
    let missing = Entry { cut: Cut::from([(book(1, Class::R), 1)]), ..message(1) };
    objects(written(&[missing]), "authors", "which its author lacks");
}

#[test]
fn authors_objects_to_a_time_that_decreases_between_books() {
    let court = court();
    let mut record = record(&court, book(0, Class::R), &[message(1)]);
    let early = Entry { time_ms: NOON_MS, ..message(2) };
    put(&court, &mut record, book(0, Class::Z), &[early]);
    objects(kept(&court, &record), "authors", "after");
}

#[test]
fn authors_objects_to_a_generation_without_a_cause() {
    let court = court();
    let mut record = record(&court, book(0, Class::R), &[message(1)]);
    let next = Book { generation: 1, ..book(0, Class::R) };
    let root = root(&court, book(0, Class::R), &record.entries[&book(0, Class::R)]);
    put(&court, &mut record, next, &[entry(2, &Content::Opens { before: 0, size: 1, root, renewal: None })]);
    objects(kept(&court, &record), "authors", "nothing called for");
}

#[test]
fn authors_objects_to_a_vector_that_does_not_fit() {
    let court = court();
    let acts = book(0, Class::A);
    holds(kept(&court, &record(&court, acts, &[suspends(1)])));
    let wrong = Entry { vector: Some([7; 32]), ..suspends(1) };
    objects(kept(&court, &record(&court, acts, &[wrong])), "authors", "the vector of");
}

#[test]
fn authors_objects_to_a_cut_that_is_not_closed() {
    let court = court();
    let mut record = record(&court, book(1, Class::A), &[suspends(1)]);
    let rests = Entry { cut: Cut::from([(book(1, Class::A), 1)]), ..message(2) };
    put(&court, &mut record, book(1, Class::R), &[rests]);
    let open = Entry { cut: Cut::from([(book(1, Class::R), 1)]), ..message(1) };
    let mut closed = open.clone();
    closed.cut.insert(book(1, Class::A), 1);
    let with = |entry: Entry| {
        let mut record = record.clone();
        put(&court, &mut record, book(0, Class::P), &[entry]);
        kept(&court, &record)
    };
    holds(with(closed));
    objects(with(open), "authors", "on which that rests");
}

#[test]
fn folds_objects_to_a_line_that_says_something_else() {
    let court = court();
    let me = court.honest[1];
    let open = record(&court, book(0, Class::R), &[message(1)]);
    let mut suspended = open.clone();
    put(&court, &mut suspended, book(0, Class::A), &[suspends(2)]);
    let line = |record| restored(&court.memorandum, Speaks::first(keys(&court, me)), record).unwrap();
    let (one, other) = (line(&open), line(&suspended));
    let follow =
        |line, record| folds::follow(&court, line, record, &Reading::new(&court.memorandum, record), NOON_MS);
    holds(follow(&one, &open));
    holds(follow(&other, &suspended));
    objects(follow(&other, &open), "folds", "standing");
    objects(follow(&one, &suspended), "folds", "unjudged");
    let mut unreceipted = open.clone();
    unreceipted.receipts.clear();
    objects(follow(&one, &unreceipted), "folds", "owed");
    let over = record(&court, book(0, Class::R), &[1, 2, 3, 4].map(message));
    objects(follow(&line(&over), &over), "folds", "quota");
    holds(folds::rebuilt(&court, &one, &line(&open), NOON_MS));
    objects(folds::rebuilt(&court, &other, &one, NOON_MS), "folds", "rebuilt");
    holds(folds::equal(&court, &one, &line(&open), NOON_MS));
}

#[test]
fn folds_objects_to_what_is_void_and_kept_as_sound() {
    let court = court();
    let me = court.honest[1];
    let mut kept = record(&court, book(0, Class::R), &[message(1), Entry { office: 9, ..message(2) }]);
    let line = restored(&court.memorandum, Speaks::first(keys(&court, me)), &kept).unwrap();
    let follow = |record: &Record| -> Word {
        folds::follow(&court, &line, record, &Reading::new(&court.memorandum, record), NOON_MS)
    };
    objects(follow(&kept), "folds", "void None, sound false");
    let fault = |name| line.verdict(name).marked.unwrap();
    kept.void.insert(name(0, Class::R, 2), fault(name(0, Class::R, 2)));
    holds(follow(&kept));
    holds(void::read_again(&court, &line, &kept));
    kept.void.insert(name(0, Class::R, 1), fault(name(0, Class::R, 2)));
    objects(follow(&kept), "folds", "sound true");
    objects(void::read_again(&court, &line, &kept), "void", "read again");
}

#[test]
fn void_objects_to_what_comes_back_into_force() {
    let court = court();
    let [one, other] = [court.honest[0], court.honest[1]];
    let mut kept = record(&court, book(0, Class::R), &[message(1)]);
    let fault = Fault::misbehaved("office", "this", "that");
    kept.void.insert(name(0, Class::R, 1), fault);
    let forgets = Record { void: BTreeMap::new(), ..kept.clone() };
    let mut judge = Void::default();
    holds(judge.stays(&court, one, &kept));
    holds(judge.stays(&court, other, &forgets));
    holds(judge.stays(&court, one, &Record::default()));
    objects(judge.stays(&court, one, &forgets), "void", "is not any more");
    let judged = Cut::from([(book(0, Class::R), 1)]);
    holds(void::alike(&court, (one, &kept), (other, &kept), &judged));
    holds(void::alike(&court, (one, &kept), (other, &forgets), &Cut::new()));
    objects(void::alike(&court, (one, &kept), (other, &forgets), &judged), "void", "sound at");
}

#[test]
fn blame_objects_to_evidence_against_the_honest() {
    let court = court();
    let (at, other) = (court.honest[0], court.honest[1]);
    let fault = |what| Fault::misbehaved(what, "this", "that");
    let blamed = |what, excused: bool| {
        let evidence = vec![Evidence { party: other, fault: fault(what), proof: Vec::new() }];
        let excused = Excused { forgetful: &|_| excused, forked: excused };
        honest_are_not_blamed(&court, at, &Record { evidence, ..Record::default() }, &excused)
    };
    objects(blamed("receipt", false), "blame", "who is honest");
    objects(blamed("act", false), "blame", "who is honest");
    objects(blamed("checkpoint", true), "blame", "who is honest");
    holds(blamed("receipt", true));
}

#[test]
fn blame_objects_to_a_fork_that_nobody_found() {
    let court = court();
    let forked = book(0, Class::R);
    let (one, other) = (court.honest[0], court.honest[1]);
    let first = record(&court, forked, &[message(1)]);
    let mut second = record(&court, forked, &[message(2)]);
    holds(forks_are_found(&court, &[(one, &first), (other, &first)]));
    objects(forks_are_found(&court, &[(one, &first), (other, &second)]), "blame", "nobody knows");
    let fault = Fault::misbehaved("checkpoint", "one root", "two");
    second.evidence.push(Evidence { party: forked.party, fault, proof: Vec::new() });
    holds(forks_are_found(&court, &[(one, &first), (other, &second)]));
}

/// Everybody, each with a record, long after noon.
fn seen<'a>(
    court: &'a Court,
    records: [&'a Record; 2],
    rung: &'a BTreeSet<(EntryRef, u16)>,
) -> Vec<Seen<'a>> {
    let seen = court.honest.iter().zip(records).map(|(party, record)| Seen {
        party: *party,
        record,
        line: None,
        reading: Reading::new(&court.memorandum, record),
        clock_ms: NOON_MS + 3_600_000,
        rung,
        calm_ms: NOON_MS,
    });
    seen.collect()
}

#[test]
fn liveness_objects_to_what_never_arrives() {
    let court = court();
    let (none, own) = (BTreeSet::new(), book(0, Class::R));
    let (full, empty) = (record(&court, own, &[message(1)]), Record::default());
    let mut silent = full.clone();
    silent.receipts.clear();
    let all = seen(&court, [&full, &full], &none);
    holds(liveness::mirrors_are_equal(&court, &all, |_| false, |_, size| size));
    holds(liveness::receipts_get_round(&court, &all, &BTreeSet::new(), |_| false, |_, size| size));
    let late = seen(&court, [&full, &empty], &none);
    objects(liveness::mirrors_are_equal(&court, &late, |_| false, |_, size| size), "liveness", "holds 0");
    let host = court_with(1);
    let guest = record(&host, book(9, Class::R), &[message(1)]);
    let acts = record(&host, book(0, Class::A), &[message(1)]);
    let acts_forked = |of: Book| of.class == Class::A;
    let unheard = seen(&host, [&guest, &acts], &none);
    holds(liveness::mirrors_are_equal(&host, &unheard, acts_forked, |_, size| size));
    let unheard = seen(&host, [&guest, &empty], &none);
    objects(liveness::mirrors_are_equal(&host, &unheard, acts_forked, |_, size| size), "liveness", "holds 0");
    let other = record(&court, own, &[message(2)]);
    let apart = seen(&court, [&full, &other], &none);
    objects(
        liveness::mirrors_are_equal(&court, &apart, |_| false, |_, size| size),
        "liveness",
        "not the same",
    );
    let silent = seen(&court, [&silent, &full], &none);
    objects(
        liveness::receipts_get_round(&court, &silent, &BTreeSet::new(), |_| true, |_, size| size),
        "liveness",
        "lacks",
    );
}

#[test]
fn liveness_objects_to_clocks_that_run_out_in_silence() {
    let court = court();
    let full = record(&court, book(0, Class::Z), &[message(1)]);
    let (none, flash) = (BTreeSet::new(), name(0, Class::Z, 1));
    objects(
        liveness::clocks_have_rung(&court, &seen(&court, [&full, &full], &none), &BTreeSet::new()),
        "liveness",
        "overdue",
    );
    let rung = BTreeSet::from([(flash, 1), (flash, 2)]);
    holds(liveness::clocks_have_rung(&court, &seen(&court, [&full, &full], &rung), &BTreeSet::new()));
    let mut stopped = full.clone();
    stopped.receipts.clear();
    let seen = seen(&court, [&full, &stopped], &rung);
    objects(liveness::clocks_have_rung(&court, &seen, &BTreeSet::new()), "liveness", "does not run");
}

#[test]
fn liveness_objects_to_a_motion_that_nobody_decides() {
    let court = court();
    let depositary = court.memorandum.depositary().unwrap();
    let acts = book(depositary.number(), Class::A);
    let suspension = suspends(1);
    let motion =
        Content::Motion { matter: Matter::Reopen, text: "to reopen".into(), closes_ms: NOON_MS + 1_000 };
    let motion = Entry {
        regards: vec![EntryRef { book: acts, number: 1 }],
        vector: Some([0; 32]),
        ..entry(2, &motion)
    };
    let none = BTreeSet::new();
    let quiet = record(&court, acts, std::slice::from_ref(&suspension));
    holds(liveness::motions_are_decided(&court, &seen(&court, [&quiet, &quiet], &none), &BTreeSet::new()));
    let moved = record(&court, acts, &[suspension, motion]);
    let seen = seen(&court, [&moved, &moved], &none);
    objects(liveness::motions_are_decided(&court, &seen, &BTreeSet::new()), "liveness", "is not decided");
}

#[test]
fn liveness_objects_to_a_test_missed_in_calm() {
    let court = court();
    let interval_ms = court.memorandum.terms().tests.interval_ms;
    let missed = |slot| {
        let content = Content::Missed { slot, party: court.honest[1] };
        let record = record(&court, book(0, Class::P), &[entry(1, &content)]);
        let (none, empty) = (BTreeSet::new(), Record::default());
        liveness::tests_are_answered(&court, &seen(&court, [&record, &empty], &none), &BTreeSet::new(), 0)
    };
    holds(missed(NOON_MS / interval_ms));
    objects(missed((NOON_MS + 3_000_000) / interval_ms), "liveness", "in calm");
}

#[test]
fn admission_objects_to_what_a_guest_wrote_before_it_was_let_in() {
    let court = court_with(1);
    let guest = court.roll.parties().last().unwrap();
    assert!(!court.is_founder(guest));
    let mine = Book { generation: 0, party: guest, class: Class::R };
    let founder = record(&court, book(0, Class::R), &[message(1)]);
    let word = |record: &Record| {
        let reading = Reading::new(&court.memorandum, record);
        court
            .roll
            .parties()
            .try_for_each(|party| admission::nothing_is_written_before(&court, party, &reading))
    };
    holds(word(&founder));
    objects(word(&record(&court, mine, &[message(1)])), "admission", "before it held the decision");
}

/// A record in which aria wrote two entries, of which others receipted one, and goes on with other keys from a size.
fn goes_on(court: &Court, size: u64) -> Record {
    let (aria, bor) = (court.honest[0], court.honest[1]);
    let of = book(0, Class::R);
    let mut record = record(court, of, &[message(1)]);
    let two = message(2).encode().unwrap();
    record.entries.get_mut(&of).unwrap().push(Arc::from(two));
    let renewal = keys(court, aria).renewals(court.line, &court.memorandum, 1, Some(1)).unwrap().remove(0);
    let held = &record.entries[&of][..size as usize];
    let root = root(court, of, held);
    let opens = Content::Opens { before: 0, size, root, renewal: Some(Box::new(renewal.clone())) };
    let opening = entry(1 << 40, &opens).encode().unwrap();
    record.entries.insert(Book { generation: 128, ..of }, vec![Arc::from(opening)]);
    assert_eq!(record.receipts[&of].keys().collect::<Vec<_>>(), [&(1, bor)]);
    record
}

#[test]
fn theft_objects_to_a_reach_that_nobody_has_receipted() {
    let court = court();
    let word = |size| {
        let record = goes_on(&court, size);
        let reading = Reading::new(&court.memorandum, &record);
        theft::reach_is_receipted(&court, court.honest[0], 1, &record, &reading)
    };
    holds(word(0));
    holds(word(1));
    objects(word(2), "theft", "which nobody has receipted");
}

#[test]
fn liveness_asks_nobody_for_what_earlier_keys_wrote_beyond_their_reach() {
    let court = court();
    let (of, none) = (book(0, Class::R), BTreeSet::new());
    let whole = goes_on(&court, 1);
    let word = |short: &Record| {
        liveness::mirrors_are_equal(&court, &seen(&court, [&whole, short], &none), |_| false, |_, size| size)
    };
    let cut = |size: usize| {
        let mut short = whole.clone();
        short.entries.get_mut(&of).unwrap().truncate(size);
        short
    };
    holds(word(&cut(1)));
    objects(word(&cut(0)), "liveness", "holds 0");
    // Nor for anything of a generation that its author's later keys know nothing of, of which nothing ever came.
    let mut more = whole.clone();
    put(&court, &mut more, Book { generation: 5, ..of }, &[message(3)]);
    let lacking = seen(&court, [&more, &whole], &none);
    holds(liveness::mirrors_are_equal(&court, &lacking, |_| false, |_, size| size));
    let mut later = whole.clone();
    put(&court, &mut later, Book { generation: 129, ..of }, &[message(3)]);
    let lacking = seen(&court, [&later, &whole], &none);
    objects(liveness::mirrors_are_equal(&court, &lacking, |_| false, |_, size| size), "liveness", "holds 0");
    // What others rest on is taken.
    let mut rested_on = whole.clone();
    let rests = Entry { cut: Cut::from([(of, 2)]), ..message(1) };
    put(&court, &mut rested_on, book(1, Class::R), &[rests]);
    let mut short = rested_on.clone();
    short.entries.get_mut(&of).unwrap().truncate(1);
    let both = seen(&court, [&rested_on, &short], &none);
    objects(liveness::mirrors_are_equal(&court, &both, |_| false, |_, size| size), "liveness", "holds 1");
}

#[test]
fn theft_objects_to_a_line_for_which_stolen_keys_count() {
    let mut court = court();
    let written = Cut::from([(book(0, Class::R), 1)]);
    court.stolen.insert(court.honest[0], Stolen { rank: 0, written });
    let me = court.honest[1];
    let (within, beyond) = (goes_on(&court, 2), goes_on(&court, 1));
    let mut renewed = within.clone();
    renewed.renewals =
        keys(&court, court.honest[0]).renewals(court.line, &court.memorandum, 1, Some(1)).unwrap();
    let later = keys(&court, court.honest[0]).of_rank(1).secret;
    renewed.secrets.insert((court.honest[0], 1), later);
    let line = restored(&court.memorandum, Speaks::first(keys(&court, me)), &renewed).unwrap();
    let word = |record| theft::nothing_counts_beyond(&court, &line, &Reading::new(&court.memorandum, record));
    holds(word(&within));
    objects(word(&beyond), "theft", "counts");
}

#[test]
fn theft_objects_to_receipts_given_for_what_is_beyond_the_reach() {
    let mut court = court();
    let of = book(0, Class::R);
    court.stolen.insert(court.honest[0], Stolen { rank: 0, written: Cut::from([(of, 1)]) });
    let me = court.honest[1];
    let mut knows = goes_on(&court, 1);
    knows.renewals =
        keys(&court, court.honest[0]).renewals(court.line, &court.memorandum, 1, Some(1)).unwrap();
    let mut more = knows.clone();
    let root = root(&court, of, &more.entries[&of]);
    let two = receipt(&court, me, of, 2, &root, 0, &keys(&court, me).receipt);
    more.receipts.get_mut(&of).unwrap().insert((2, me), two);
    let given = |records: [&Record; 2]| {
        let mut judge = Given::default();
        records.into_iter().try_for_each(|record| {
            judge.durable(&court, me, record, || Reading::new(&court.memorandum, record).reaches())
        })
    };
    holds(given([&knows, &knows]));
    holds(given([&more, &more]));
    objects(given([&knows, &more]), "theft", "beyond the reach");
}

#[test]
fn what_is_narrow_objects_to_flash_that_waits() {
    let (court, aria, own) = (court(), book(0, Class::Z).party, book(0, Class::Z));
    let (full, empty) = (record(&court, own, &[message(1)]), Record::default());
    let goes = |peer: &Record, busy: bool| {
        narrow::flash_goes_first(&court, aria, &full, &Cut::new(), peer, |_| busy)
    };
    holds(goes(&full, false));
    holds(goes(&empty, true));
    objects(goes(&empty, false), "narrow", "1 and 0 went");

    let tests = book(0, Class::P);
    let said = record(&court, tests, &[message(1)]);
    let ahead = frame::ahead(tests, 1, said.entries.get(&tests).unwrap());
    holds(narrow::ahead_is_the_record(&court, aria, &said, &ahead));
    objects(narrow::ahead_is_the_record(&court, aria, &empty, &ahead), "narrow", "does not hold it");

    let faults = SerialFaults { rate: 300, fragment: 100, lost: 0, dark: 0, slower: 0 };
    let circuits = NarrowCircuits { faults, all: true, left: true, held: 0, tampered: 0, ahead_ms: None };
    let watched = || {
        let mut watched = Watched::new(circuits, false);
        watched.said_ahead(&ahead);
        watched.asked(7);
        watched.accepted(7, name(0, Class::Z, 1), NOON_MS);
        watched
    };
    holds(watched().durable(&court, court.honest[1], &full, NOON_MS + 19_000));
    objects(watched().durable(&court, court.honest[1], &full, NOON_MS + 21_000), "narrow", "took 21000 ms");
    let none = BTreeSet::new();
    let lacks = seen(&court, [&full, &empty], &none);
    holds(watched().flash_has_come(&court, &lacks, NOON_MS + 19_000));
    objects(watched().flash_has_come(&court, &lacks, NOON_MS + 21_000), "narrow", "bor lacks aria/Z/1");
    let other = record(&court, tests, &[message(2)]);
    objects(watched().durable(&court, court.honest[1], &other, NOON_MS), "narrow", "than was said ahead");
    let mut late = watched();
    holds(late.durable(&court, aria, &full, NOON_MS));
    assert_eq!(late.due(own, 1, NOON_MS + 60_000), 0, "it is on its way");
    assert_eq!(late.due(own, 1, NOON_MS + 100_000), 1);
}
