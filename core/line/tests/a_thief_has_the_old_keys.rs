//! Somebody has a party's keys and writes with them: before the owner renews them and after. What it can do is bounded, what it
//! did is kept, and nothing of it holds the owner or anybody else.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot be set up fails"
)]

mod line_in_memory;

use std::collections::BTreeMap;

use detente_line::{Choice, Content, Forgotten, Matter, Shown, frame};
use detente_record::renewal::Why;
use detente_record::{
    Book, BookSecret, Checkpoint, Class, Cut, Entry, EntryRef, Fault, Frontier, Hash, Receipt, Renewal,
    leaf_hash, vector_hash,
};
use line_in_memory::{Keys, LineInMemory, book, draft, message, party, signed_renewal};

/// Books that a thief goes on with, from what others hold.
struct Thief {
    keys: Keys,
    books: BTreeMap<Book, Vec<Vec<u8>>>,
    serial: u64,
}

impl Thief {
    fn of(line: &LineInMemory, number: u8) -> Self {
        let held = line.station(1).store.entries.iter().filter(|(of, _)| of.party == party(number));
        let books = held.map(|(of, entries)| (*of, entries.iter().map(|entry| entry.to_vec()).collect()));
        Self { keys: line.station(number).keys.clone(), books: books.collect(), serial: 1_000 }
    }

    /// One more entry of a book, as a step that the thief signs.
    fn says(
        &mut self,
        line: &LineInMemory,
        of: Book,
        time_ms: u64,
        regards: &[EntryRef],
        content: &Content,
    ) -> Vec<u8> {
        self.serial += 1;
        let entry = Entry {
            serial: self.serial,
            time_ms,
            clock_held: false,
            office: 0,
            language: None,
            regards: regards.to_vec(),
            cut: Cut::new(),
            vector: (of.class == Class::A).then(|| vector_hash(&BTreeMap::new())),
            kind: content.kind(),
            body: content.encode(),
            second: None,
        };
        self.says_entry(line, of, &entry)
    }

    fn says_entry(&mut self, line: &LineInMemory, of: Book, entry: &Entry) -> Vec<u8> {
        let id = line.memorandum.line();
        self.books.entry(of).or_default().push(entry.encode().unwrap());
        let entries = &self.books[&of];
        let first = entries.len() as u64;
        let head = Checkpoint { book: of, size: first, root: self.root(line, of) };
        frame::step(of, first, &entries[first as usize - 1..], &head.sign(&id, &self.keys.book).signature)
    }

    fn root(&self, line: &LineInMemory, of: Book) -> Hash {
        let secret = BookSecret::new(&self.keys.secret, &of.origin(&line.memorandum.line()));
        let mut frontier = Frontier::default();
        for bytes in &self.books[&of] {
            frontier.push(leaf_hash(&secret.blind(frontier.size()), bytes));
        }
        frontier.root()
    }
}

fn renewed(number: u8, class: Class) -> Book {
    Book { generation: 128, ..book(number, class) }
}

fn moves(line: &mut LineInMemory, by: u8) -> EntryRef {
    let closes_ms = line.now_ms + 3_000_000;
    let content = Content::Motion { matter: Matter::Resolve, text: "that it be so".into(), closes_ms };
    line.write(by, draft(Some(Class::A), &[], content)).unwrap()
}

/// The owner renews, with whatever reach; everybody hears of it.
fn renews(line: &mut LineInMemory, reach: &[(Class, u64)]) -> Renewal {
    let (keys, renewal) = line.renewal(0, Why::Compromise);
    line.station_mut(0).reach = reach.iter().map(|(class, size)| (*class, (0, *size))).collect();
    line.renew(0, keys, renewal.clone(), true);
    for other in [1, 2] {
        line.bring_renewals(other, std::slice::from_ref(&renewal));
        line.connect(0, other);
    }
    line.run_for(3_000);
    renewal
}

#[test]
fn its_votes_before_are_undone_and_its_votes_after_are_nothing() {
    let mut line = LineInMemory::between(&["usa", "rus", "tur"]);
    let moved = moves(&mut line, 1);
    line.run_for(1_000);
    let mut thief = Thief::of(&line, 0);
    let vote = Content::Vote { choice: Choice::Against, text: None };
    let at_ms = line.now_ms;
    let stated: Cut = [(moved.book, moved.number)].into();
    thief.serial += 1;
    let entry = Entry {
        serial: thief.serial,
        time_ms: at_ms,
        clock_held: false,
        office: 0,
        language: None,
        regards: vec![moved],
        cut: stated,
        vector: Some([7; 32]),
        kind: vote.kind(),
        body: vote.encode(),
        second: None,
    };
    let step = thief.says_entry(&line, book(0, Class::A), &entry);
    line.disconnect(0, 1);
    line.disconnect(0, 2);
    line.forge(1, 2, step);
    line.run_for(1_000);
    let voted = |line: &LineInMemory, at: u8| {
        let all = line.line(at).motions();
        let (motion, _) = all.iter().find(|(motion, _)| motion.act == moved).unwrap();
        line.line(at).votes(motion).get(&party(0)).copied()
    };
    assert_eq!(voted(&line, 1), Some(Choice::Against), "a stolen key speaks until it is renewed");

    renews(&mut line, &[]);
    for at in [0, 1, 2] {
        assert_eq!(voted(&line, at), None, "beyond the reach, at {at}");
    }
    let stolen = EntryRef { book: book(0, Class::A), number: 1 };
    assert_eq!(
        line.line(1).verdict(stolen).forgotten,
        Some(Forgotten::Disowned),
        "kept, and shown as what it is"
    );
    let again = Content::Vote { choice: Choice::Against, text: None };
    let later = thief.says(&line, book(0, Class::A), at_ms, &[moved], &again);
    line.forge(1, 2, later);
    line.run_for(1_000);
    assert_eq!((voted(&line, 1), line.held(1, book(0, Class::A))), (None, 1), "and nothing more is taken");
    line.write(0, draft(Some(Class::A), &[moved], Content::Vote { choice: Choice::For, text: None }))
        .unwrap();
    line.run_for(1_000);
    assert!([0, 1, 2].iter().all(|at| voted(&line, *at) == Some(Choice::For)), "the owner votes");
}

#[test]
fn its_openings_disown_nothing_of_the_owner() {
    let mut line = LineInMemory::between(&["usa", "rus", "tur"]);
    let act = moves(&mut line, 0);
    line.run_for(1_000);
    let mut thief = Thief::of(&line, 0);
    let now_ms = line.now_ms;
    line.disconnect(0, 1);
    line.disconnect(0, 2);
    // It goes on in generations of its own, and says that the owner's acts are none.
    for generation in [7, 127] {
        let opens = Content::Opens { before: 0, size: 0, root: detente_record::empty_root(), renewal: None };
        let of = Book { generation, ..book(0, Class::A) };
        let step = thief.says(&line, of, now_ms, &[], &opens);
        line.forge(1, 2, step);
    }
    line.run_for(2_000);
    let stands = |line: &LineInMemory, at: u8| line.line(at).motions().iter().any(|(of, _)| of.act == act);
    assert!(!stands(&line, 1), "as it would be after a loss");
    renews(&mut line, &[]);
    for at in [0, 1, 2] {
        assert!(stands(&line, at), "a disowned opening disowns nothing, at {at}");
    }
    let of = Book { generation: 9, ..book(0, Class::Z) };
    let opens = Content::Opens { before: 0, size: 0, root: detente_record::empty_root(), renewal: None };
    let step = thief.says(&line, of, now_ms, &[], &opens);
    line.forge(1, 2, step);
    line.run_for(1_000);
    assert_eq!(line.held(1, of), 0, "no further generation of the old keys is taken");
}

#[test]
fn its_openings_do_not_end_the_reach() {
    let mut line = LineInMemory::between(&["usa", "rus", "tur"]);
    let told = line.write(0, message(Class::R, "one")).unwrap();
    line.run_for(1_000);
    let mut thief = Thief::of(&line, 0);
    let (_, renewal) = line.renewal(0, Why::Compromise);
    line.disconnect(0, 1);
    line.disconnect(0, 2);
    let now_ms = line.now_ms;
    let noise = Content::Message(detente_line::Message { text: "noise".into(), ..Default::default() });
    let beyond = thief.says(&line, told.book, now_ms, &[], &noise);
    let root = thief.root(&line, told.book);
    let opens = Content::Opens { before: 0, size: 2, root, renewal: None };
    let opening = thief.says(&line, Book { generation: 7, ..told.book }, now_ms, &[], &opens);
    line.forge(1, 2, opening);
    line.run_for(1_000);
    for at in [1, 2] {
        line.bring_renewals(at, std::slice::from_ref(&renewal));
    }
    line.forge(1, 2, beyond);
    line.run_for(1_000);
    assert_eq!(line.held(1, told.book), 2, "where the reach ends is not known yet: it is mirrored");
    let receipts = line.line(1).receipts(told.book).map(|receipt| receipt.size).max();
    assert_eq!(receipts, Some(1), "and receipted only when the owner has said so");
}

#[test]
fn its_receipts_prove_nothing_beyond_what_the_owner_held() {
    let mut line = LineInMemory::between(&["usa", "rus", "tur"]);
    let one = line.write(1, message(Class::R, "one")).unwrap();
    line.run_for(1_000);
    let thief = Thief::of(&line, 0);
    renews(&mut line, &[]);
    line.disconnect(0, 1);
    line.disconnect(0, 2);
    let two = line.write(1, message(Class::R, "two")).unwrap();
    line.run_for(1_000);
    let id = line.memorandum.line();
    let root = line.line(1).held().iter().find(|held| held.book == two.book).unwrap().root;
    let receipt = Receipt::sign(two.book, party(0), 2, &root, line.now_ms / 1_000, &id, &thief.keys.receipt);
    line.forge(1, 2, frame::receipt(&receipt));
    line.run_for(1_000);
    let receipted = |line: &LineInMemory| {
        line.line(1).receipts(two.book).find(|receipt| receipt.party == party(0)).map(|receipt| receipt.size)
    };
    assert_eq!(receipted(&line), Some(one.number), "under the old key, beyond its reach");
    line.connect(0, 1);
    line.run_for(1_000);
    assert_eq!(receipted(&line), Some(2), "the owner holds it by now");
}

#[test]
fn its_receipts_stand_in_no_later_ones_way() {
    let mut line = LineInMemory::between(&["usa", "rus", "tur"]);
    line.write(1, message(Class::R, "one")).unwrap();
    line.run_for(1_000);
    let thief = Thief::of(&line, 0);
    line.disconnect(0, 1);
    line.disconnect(0, 2);
    let two = line.write(1, message(Class::R, "two")).unwrap();
    let flash = line.write(1, message(Class::Z, "three")).unwrap();
    line.run_for(1_000);
    let id = line.memorandum.line();
    let far = line.now_ms / 1_000 + 1_000_000;
    for of in [two, flash] {
        let root = line.line(1).held().iter().find(|held| held.book == of.book).unwrap().root;
        let receipt = Receipt::sign(of.book, party(0), of.number, &root, far, &id, &thief.keys.receipt);
        line.forge(1, 2, frame::receipt(&receipt));
    }
    line.run_for(1_000);
    let seconds = |line: &LineInMemory, at: u8, of: EntryRef| {
        let mut receipts = line.line(at).receipts(of.book).filter(|receipt| receipt.party == party(0));
        receipts.find(|receipt| receipt.size == of.number).map(|receipt| receipt.seconds)
    };
    assert_eq!(seconds(&line, 1, two), Some(far), "a stolen key speaks until it is renewed");
    renews(&mut line, &[]);
    line.run_for(30_000);
    for of in [two, flash] {
        for at in [1, 2] {
            assert!(seconds(&line, at, of).is_some_and(|of| of < far), "the owner's, at {at}");
        }
    }
    let four = line.write(1, message(Class::R, "four")).unwrap();
    line.run_for(1_000);
    for at in [1, 2] {
        assert!(seconds(&line, at, four).is_some_and(|of| of < far), "and the next one, at {at}");
        let breaches = &line.station(at).store.evidence;
        assert!(breaches.is_empty(), "nobody is convicted: {breaches:?}");
    }
    line.kill(1);
    line.start(1);
    line.connect(0, 1);
    line.run_for(30_000);
    assert!(seconds(&line, 1, four).is_some_and(|of| of < far), "nor after a restart");
}

#[test]
fn what_was_receipted_long_ago_is_within_the_reach() {
    let mut line = LineInMemory::rationed(&["usa", "rus", "tur"], 5_000);
    line.connect(0, 1);
    line.run_for(1_000);
    for class in [Class::R, Class::P] {
        line.write(0, message(class, "one")).unwrap();
        line.write(0, message(class, "two")).unwrap();
    }
    line.run_for(1_000);
    line.disconnect(0, 1);
    // More signed sizes than a station remembers.
    for _ in 0..1_100 {
        line.write(0, message(Class::R, "on and on")).unwrap();
        line.write(0, message(Class::P, "on and on")).unwrap();
    }
    renews(&mut line, &[(Class::P, 1)]);
    for at in [0, 1, 2] {
        let reaches = line.line(at).reaches();
        assert_eq!(reaches.get(&book(0, Class::R)), Some(&2), "as others have receipted it, at {at}");
        assert_eq!(reaches.get(&book(0, Class::P)), Some(&1), "as its owner says, at {at}");
    }
}

#[test]
fn its_far_future_holds_nobodys_clock_and_its_serials_no_amendment() {
    let mut line = LineInMemory::between(&["usa", "rus", "tur"]);
    let told = line.write(0, message(Class::R, "one")).unwrap();
    line.run_for(1_000);
    let mut thief = Thief::of(&line, 0);
    thief.serial = u64::MAX - 10;
    let far_ms = line.now_ms + (100 << 32);
    let bomb = Content::Message(detente_line::Message { text: "tick".into(), ..Default::default() });
    let step = thief.says(&line, told.book, far_ms, &[], &bomb);
    line.forge(1, 2, step);
    line.run_for(2_000);
    assert!(line.held(1, told.book) > 1, "it is mirrored as ever");
    renews(&mut line, &[(Class::R, 1)]);
    let flash = line.write(0, message(Class::Z, "now")).unwrap();
    let bytes = &line.station(0).store.entries[&flash.book][flash.number as usize - 1];
    let entry = Entry::decode(bytes).unwrap();
    assert!(!entry.clock_held && entry.time_ms.abs_diff(line.now_ms) < 1_000, "{entry:?}");
    assert!(entry.serial > 128 << 32 && entry.serial < u64::MAX >> 1);
}

#[test]
fn its_far_future_holds_nobodys_clock_from_a_kept_state_either() {
    let mut line = LineInMemory::between(&["usa", "rus", "tur"]);
    let told = line.write(0, message(Class::R, "one")).unwrap();
    line.run_for(1_000);
    let mut thief = Thief::of(&line, 0);
    let far_ms = line.now_ms + (100 << 32);
    let bomb = Content::Message(detente_line::Message { text: "tick".into(), ..Default::default() });
    let step = thief.says(&line, told.book, far_ms, &[], &bomb);
    line.forge(1, 2, step);
    line.run_for(2_000);
    line.disconnect(0, 1);
    line.disconnect(0, 2);
    line.run_for(1_000);
    line.connect(0, 1);
    line.run_for(5_000);
    assert_eq!(line.held(0, told.book), 2, "its owner takes it for what it had lost");
    line.keep(0);
    renews(&mut line, &[(Class::R, 1)]);
    let flash = line.write(0, message(Class::Z, "now")).unwrap();
    let bytes = &line.station(0).store.entries[&flash.book][flash.number as usize - 1];
    let entry = Entry::decode(bytes).unwrap();
    assert!(!entry.clock_held && entry.time_ms.abs_diff(line.now_ms) < 1_000, "{entry:?}");
}

#[test]
fn floods_under_the_old_keys_fill_no_mirror() {
    let mut line = LineInMemory::between(&["usa", "rus", "tur"]);
    let told = line.write(0, message(Class::R, "one")).unwrap();
    line.run_for(1_000);
    let mut thief = Thief::of(&line, 0);
    renews(&mut line, &[]);
    let now_ms = line.now_ms;
    let noise = Content::Message(detente_line::Message { text: "noise".into(), ..Default::default() });
    let mut covered = Vec::new();
    for _ in 0..20 {
        let step = thief.says(&line, told.book, now_ms, &[], &noise);
        line.forge(1, 2, step.clone());
        covered.push(step);
    }
    line.run_for(1_000);
    assert_eq!(line.held(1, told.book), 1);
    // Another party had more of it, and wrote an entry that rests on that: so much is taken, and receipted by nobody.
    let rests = line.said(1, [(told.book, 3)].into());
    let step = line.signed(book(2, Class::O), &[rests]);
    line.forge(1, 2, step);
    for step in covered {
        line.forge(1, 2, step);
    }
    line.run_for(1_000);
    assert_eq!(line.held(1, told.book), 3);
    let receipts = line.line(1).receipts(told.book).map(|receipt| receipt.size).max();
    assert_eq!(receipts, Some(1));
    line.run_for(120_000);
    assert_eq!(line.held(1, told.book), 3, "and it stays at that");
}

/// Offers a renewal to a party, and says what came of it.
fn offered(line: &mut LineInMemory, renewal: Renewal) -> Result<(), Fault> {
    line.line(1).would_take(&[renewal])
}

#[test]
fn renewals_that_are_not_the_owners_word_are_refused() {
    let mut line = LineInMemory::between(&["usa", "rus", "tur"]);
    let (keys, sound) = line.renewal(0, Why::Rotation);
    let root = line.memorandum.root(party(0)).unwrap();
    let signed = |root: &detente_record::Root, rank, follows, keys: &Keys| {
        signed_renewal(root, rank, follows, Why::Rotation, 1, keys)
    };
    let follows = sound.occasion.follows;
    assert!(offered(&mut line, sound.clone()).is_ok());
    let wrong = Keys { recovery: keys.book.clone(), ..keys.clone() };
    assert!(offered(&mut line, signed(&root, 1, follows, &wrong)).is_err(), "another key's");
    let elsewhere = detente_record::Root { line: detente_record::LineId([9; 32]), ..root.clone() };
    assert!(offered(&mut line, signed(&elsewhere, 1, follows, &keys)).is_err(), "of another line");
    let rus = line.memorandum.root(party(1)).unwrap();
    assert!(offered(&mut line, signed(&rus, 1, follows, &keys)).is_err(), "for another party");
    let skipped = offered(&mut line, signed(&root, 2, sound.hash(), &keys.of_rank(2))).unwrap_err();
    assert!(skipped.to_string().contains("rank 2 after rank 0"), "{skipped}");
    assert_eq!(line.line(1).rank(party(0)), 0);
}

#[test]
fn two_renewals_of_one_rank_leave_none() {
    let mut line = LineInMemory::between(&["usa", "rus", "tur"]);
    line.write(0, message(Class::R, "one")).unwrap();
    line.run_for(1_000);
    let (keys, one) = line.renewal(0, Why::Compromise);
    let root = line.memorandum.root(party(0)).unwrap();
    let other = signed_renewal(&root, 1, one.occasion.follows, Why::Compromise, 1, &keys.of_rank(2));
    line.bring_renewals(1, std::slice::from_ref(&one));
    line.disconnect(1, 2);
    line.bring_renewals(2, std::slice::from_ref(&other));
    line.renew(0, keys, one, true);
    line.connect(0, 1);
    line.run_for(1_000);
    let held = line.held(1, renewed(0, Class::Z));
    assert_eq!(held, 1, "one of the two is in use where only it is known");

    line.connect(1, 2);
    line.run_for(3_000);
    for at in [1, 2] {
        assert_eq!(line.line(at).spoiled_from(party(0)), Some(1));
        let breaches = &line.station(at).store.evidence;
        assert!(breaches.iter().any(|of| of.party == party(0) && of.fault.detail().what == "renewal"));
    }
    line.write(0, message(Class::R, "two")).unwrap();
    let flash = line.write(0, message(Class::Z, "three")).unwrap();
    line.run_for(3_000);
    assert_eq!(
        (line.held(1, renewed(0, Class::R)), line.held(1, flash.book)),
        (1, 1),
        "nothing more is taken"
    );
    let shown = |shown: &Shown| matches!(shown, Shown::Entry { name, marked: Some(_), .. } if *name == flash);
    assert!(line.station(1).shown.iter().any(shown), "FLASH is shown, marked");
    line.kill(1);
    line.start(1);
    assert_eq!(line.line(1).spoiled_from(party(0)), Some(1), "and stays so");
}
