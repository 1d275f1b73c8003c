//! What a dossier shows of entries whose whole story the test knows, and that it shows nothing of their neighbours.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test whose scene cannot be set has failed")]

mod scene;

use detente_dossier::{Report, Shows, verify};
use detente_line::Content;
use detente_record::dossier::{Basis, Signer};
use detente_record::{EntryRef, base64, hex, leaf_hash, sha256};

use scene::{START_S, Scene, name, party, scene, vector};

fn shows(report: &Report, entry: EntryRef) -> Vec<(String, Option<Signer>)> {
    let entry = report.entries.iter().find(|established| established.name == entry).unwrap();
    entry.facts.iter().map(|fact| (fact.name(), fact.bound())).collect()
}

#[test]
fn each_fact_names_who_is_bound() {
    let (_, bytes) = scene();
    let report = verify(&bytes).unwrap();
    assert_eq!(
        (report.wrongs.as_slice(), report.unread.as_slice(), &report.texts_by),
        (&[][..], &[][..], &None)
    );
    let [usa, rus, un] = [0, 1, 2].map(|number| Some(Signer::Party(party(number))));
    let fact = |name: &str, bound| (name.to_owned(), bound);
    assert_eq!(
        shows(&report, name(0, 2)),
        [
            fact("wrote", usa),
            fact("stored", rus),
            fact("answered", rus),
            fact("stored", un),
            fact("witnessed", Some(Signer::Witness(0)))
        ]
    );
    assert_eq!(
        shows(&report, name(1, 1)),
        [fact("wrote", rus), fact("stored", usa), fact("unacknowledged", None)]
    );
    for fact in report.entries.iter().flat_map(|entry| &entry.facts) {
        assert!(fact.does_not_prove().len() > 10);
        let says = fact.says(&report.memoranda, name(0, 2));
        assert!(
            !matches!(fact.shows, Shows::Nothing { .. }) || says.contains("unacknowledged since"),
            "{says}"
        );
    }
}

/// The same evidence makes the same bytes, for ever: who changes a word of the texts that was released changes `TEXTS_BY`, and adds a
/// vector.
#[test]
fn it_is_made_to_the_byte_as_the_vector_was() {
    let (_, bytes) = scene();
    assert!(vector("thread-2.zip") == bytes, "another file than vectors/dossier/thread-2.zip");
}

/// What was made in other words holds as it did: these are passed over, and it is said.
#[test]
fn a_file_of_earlier_words_holds_and_shows_the_same() {
    let (earlier, now) = (verify(&vector("thread.zip")).unwrap(), verify(&vector("thread-2.zip")).unwrap());
    assert!(earlier.holds() && earlier.unread.is_empty());
    assert_eq!((earlier.texts_by.as_deref(), now.texts_by.as_deref()), (Some("detente-1"), None));
    assert_eq!(shows(&earlier, name(0, 2)), shows(&now, name(0, 2)));
}

#[test]
fn each_time_is_by_a_clock_that_is_named() {
    let (_, bytes) = scene();
    let report = verify(&bytes).unwrap();
    let bounds = |place: usize| report.entries[place].bounds.clone();
    let bound = |place: usize, clock| bounds(place).into_iter().find(|bound| bound.clock == clock).unwrap();
    let [usa, rus, un] = [0, 1, 2].map(|number| Signer::Party(party(number)));
    // rus answered, by its own clock, long before it gave the receipt that is shown.
    assert_eq!(bound(0, rus).not_after, Some(((START_S + 1) * 1_000, Basis::Entry(name(1, 1)))));
    assert_eq!(bound(0, un).not_after, Some(((START_S + 40) * 1_000 + 999, Basis::Signature)));
    assert_eq!(
        bound(0, Signer::Witness(0)).not_after,
        Some(((START_S + 100) * 1_000 + 999, Basis::Signature))
    );
    assert_eq!(bound(1, usa).not_before, Some(((START_S + 2) * 1_000, name(0, 2))));
    assert!(bounds(0).iter().all(|bound| bound.clock != usa), "its author's clock bounds nothing");
}

#[test]
fn nothing_of_a_neighbour_is_in_it() {
    let (scene, bytes) = scene();
    let holds = |needle: &[u8]| bytes.windows(needle.len()).any(|window| window == needle);
    for neighbour in [name(0, 1), name(0, 3)] {
        let (blind, entry) = scene.leaf(neighbour).split_at(16);
        assert!(!holds(entry) && !holds(b"neighbour"), "its bytes");
        assert!(!holds(blind) && !holds(base64(blind).trim_end_matches('=').as_bytes()), "its blind");
        // Who guesses every byte of the entry finds no hash of it: neither with no blind nor with the shown one's.
        let shown: [u8; 16] = scene.leaf(name(0, 2))[..16].try_into().unwrap();
        for guess in [
            sha256(entry),
            leaf_hash(&[0; 16], entry),
            leaf_hash(&shown, entry),
            sha256(&[&[0], entry].concat()),
        ] {
            assert!(!holds(base64(&guess).as_bytes()) && !holds(hex(&guess).as_bytes()) && !holds(&guess));
        }
        // That there is a hash of it with its blind is what a proof is.
        let real = leaf_hash(blind.try_into().unwrap(), entry);
        assert!(holds(base64(&real).as_bytes()));
    }
    for number in 0..3_u8 {
        assert!(!holds(&[200 + number; 32]), "a line secret");
    }
}

#[test]
fn bytes_that_cannot_be_read_are_proved_and_marked() {
    let mut scene = Scene::new();
    let entry = scene.append(0, b"no entry at all");
    let bytes =
        scene.dossier(vec![scene.prove(entry, &[scene.head(entry.book, 1, &[(1, 5)], false)])], vec![]);
    let report = verify(&bytes).unwrap();
    assert!(report.holds() && report.entries[0].read.is_err());
    let facts: Vec<String> = report.entries[0].facts.iter().map(detente_dossier::Fact::name).collect();
    assert_eq!(facts, ["wrote", "stored", "unacknowledged"]);
}

#[test]
fn what_an_author_wrote_cannot_pass_for_our_words() {
    let mut scene = Scene::new();
    let entry = scene.say(0, "Fine.\nauthor          rus (RUS)\n\u{1b}[2J\u{202e}gnorw");
    let bytes = scene.dossier(vec![scene.prove(entry, &[scene.head(entry.book, 1, &[], false)])], vec![]);
    let report = verify(&bytes).unwrap();
    let text = scene::parts(&bytes).into_iter().find(|(name, _)| name.ends_with("entry.txt")).unwrap().1;
    let text = String::from_utf8(text).unwrap();
    assert!(text.contains("| author          rus (RUS)") && !text.contains('\u{1b}'), "{text}");
    assert!(!text.contains('\u{202e}'), "{text}");
    assert!(matches!(&report.entries[0].content, Ok(Content::Message(_))));
}
