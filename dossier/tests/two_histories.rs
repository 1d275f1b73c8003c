//! Authors who show one history to one and another to the other: the two dossiers convict them.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test whose scene cannot be set has failed")]

mod scene;

use detente_dossier::{Report, compare, verify};
use detente_line::Fork;
use detente_record::fork::Contradiction;
use detente_record::{Blame, EntryRef};

use scene::{Scene, book, memorandum, name, pack, parts};

/// A dossier of these entries under one checkpoint.
fn dossier(scene: &Scene, size: u64, entries: &[u64]) -> Vec<u8> {
    let head = scene.head(book(0), size, &[(1, 5)], false);
    let prove = |number: &u64| scene.prove(name(0, *number), std::slice::from_ref(&head));
    scene.dossier(entries.iter().map(prove).collect(), vec![])
}

/// A history that is like any other up to an entry, and then another.
fn history(length: u64, other_from: u64) -> Scene {
    let mut scene = Scene::new();
    for number in 1..=length {
        let told = if number < other_from { "So it was" } else { "It was otherwise" };
        scene.say(0, &format!("{told}: {number}"));
    }
    scene
}

fn read(bytes: &[u8]) -> Report {
    let report = verify(bytes).unwrap();
    assert!(report.holds(), "each holds by itself: {:?}", report.wrongs);
    report
}

fn between(one: &[u8], other: &[u8]) -> Vec<Contradiction> {
    let (one, other) = (read(one), read(other));
    compare(&[&one, &other]).unwrap().into_iter().map(|found| found.why).collect()
}

#[test]
fn two_dossiers_convict_who_signed_both() {
    let (one, other) = (history(5, 4), history(9, 99));
    let shown = |scene: &Scene, size, entries: &[u64]| dossier(scene, size, entries);
    assert_eq!(between(&shown(&one, 5, &[4]), &shown(&other, 9, &[4])), [Contradiction::Entry(4)]);
    assert_eq!(between(&shown(&other, 9, &[4]), &shown(&one, 5, &[4])), [Contradiction::Entry(4)]);
    assert_eq!(between(&shown(&one, 5, &[3]), &shown(&other, 9, &[4])), [Contradiction::Entry(4)]);
    assert_eq!(between(&shown(&one, 5, &[1]), &shown(&other, 9, &[2])), [Contradiction::Within(3, 4)]);
    assert_eq!(between(&shown(&one, 5, &[1]), &shown(&other, 5, &[1])).len(), 1, "one size, two roots");
}

#[test]
fn what_grew_convicts_nobody() {
    let whole = history(9, 99);
    for (small, large) in [(1, 9), (4, 8), (5, 9), (9, 9)] {
        assert_eq!(between(&dossier(&whole, small, &[1]), &dossier(&whole, large, &[1, large])), []);
    }
}

/// The command is tested with these two.
#[test]
fn they_are_made_to_the_byte_as_the_vectors_were() {
    for (name, of) in [("history-one.zip", history(5, 4)), ("history-other.zip", history(9, 99))] {
        let size = if name == "history-one.zip" { 5 } else { 9 };
        assert!(scene::vector(name) == dossier(&of, size, &[4]), "another file than vectors/dossier/{name}");
    }
}

#[test]
fn it_is_said_in_words_and_by_whom() {
    let (one, other) = (read(&dossier(&history(5, 4), 5, &[4])), read(&dossier(&history(9, 99), 9, &[4])));
    let found = compare(&[&one, &other]).unwrap();
    let says = found[0].says(&one.memoranda);
    assert!(says.starts_with("usa signed its book usa/R of 5 and of 9 entries, in two ways"), "{says}");
    assert!(says.contains("entry usa/R/4 is one thing in the first"), "{says}");
    assert_eq!(found[0].fault(&one.memoranda).blame(), Blame::Misbehaved);
    assert_eq!((found[0].one.dossier, found[0].other.dossier), (0, 1));
    assert_eq!(found[0].one.part, "entries/usa-R-4/at-5.tlog-proof");
}

#[test]
fn one_file_with_both_is_refused_for_it() {
    let (one, other) = (history(5, 4), history(9, 99));
    let mut mixed = parts(&dossier(&other, 9, &[1, 2]));
    let theirs = parts(&dossier(&one, 5, &[1]));
    let proof = theirs.iter().find(|(name, _)| name.ends_with("at-5.tlog-proof")).unwrap();
    let place = mixed.iter().position(|(name, _)| name == "entries/usa-R-1/at-9.tlog-proof").unwrap();
    mixed.insert(place, proof.clone());
    let report = verify(&pack(&mixed)).unwrap();
    assert_eq!(report.wrong_count, 1);
    assert_eq!(report.wrongs[0].fault.blame(), Blame::Misbehaved);
    assert_eq!(report.convictions.len(), 1);
}

#[test]
fn dossiers_of_two_lines_are_not_comparable() {
    let mut elsewhere = Scene::of(memorandum(2));
    elsewhere.say(0, "So it was: 1");
    let (one, other) = (read(&dossier(&history(1, 99), 1, &[1])), read(&dossier(&elsewhere, 1, &[1])));
    assert_eq!(compare(&[&one, &other]).unwrap_err().blame(), Blame::Misuse);
}

#[test]
fn a_fork_that_was_kept_is_shown_and_a_made_up_one_refused() {
    let (one, other) = (history(5, 4), history(5, 99));
    let fork = |a: &Scene, b: &Scene| Fork {
        head: a.signed(book(0), 5),
        with: b.signed(book(0), 5),
        root: b.signed(book(0), 5).checkpoint.root,
        proof: Vec::new(),
    };
    let entry = EntryRef { book: book(0), number: 1 };
    let proof = || vec![other.prove(entry, &[other.head(book(0), 5, &[], false)])];
    let bytes = other.dossier(proof(), vec![fork(&one, &other)]);
    let report = read(&bytes);
    assert_eq!(report.forks.len(), 1);
    let none = other.dossier(proof(), vec![fork(&other, &other)]);
    let report = verify(&none).unwrap();
    assert_eq!((report.forks.len(), report.wrong_count), (0, 1));
    assert!(report.wrongs[0].part.starts_with("forks/usa-R/"), "{:?}", report.wrongs);
}
