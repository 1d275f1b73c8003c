//! Keys that were renewed, and seals: what stands under them holds in a dossier, what an owner disowned is told, and what is not an
//! owner's word is refused.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test whose scene cannot be set has failed")]

mod scene;

use detente_dossier::{Established, Report, Shows, Wrong, verify};
use detente_line::Content;
use detente_record::renewal::Why;
use detente_record::{Blame, Book, Cut, EntryRef, Receipt, Renewal, base64};

use scene::{
    FIRST_ROLE, Parts, START_S, Scene, at, book, edit, memorandum_with_keys, pack, parts, party, renewed_key,
    seal_key,
};

fn renewed_book(number: u8) -> Book {
    Book { generation: 128, ..book(number) }
}

/// usa wrote two entries, of which rus receipted both, and renewed its keys; the second is beyond the reach.
struct Renewed {
    scene: Scene,
    own: EntryRef,
    beyond: EntryRef,
    opens: EntryRef,
    renewal: Renewal,
}

fn renewed(why: Why) -> Renewed {
    let mut scene = Scene::of(memorandum_with_keys());
    let own = scene.say(0, "The convoy leaves at 0600Z.");
    let beyond = scene.say(0, "It does not leave.");
    let renewal = scene.renewal(0, why, FIRST_ROLE);
    let root = scene.memoranda.root(party(0)).unwrap();
    scene.memoranda.renew(&root, renewal.clone()).unwrap();
    let reach = scene.signed(book(0), 1).checkpoint;
    let said = Content::Opens {
        before: 0,
        size: reach.size,
        root: reach.root,
        renewal: Some(Box::new(renewal.clone())),
    };
    let opens = scene.write_in(renewed_book(0), &said, &[], Cut::new());
    Renewed { scene, own, beyond, opens, renewal }
}

impl Renewed {
    fn file(&self) -> Vec<u8> {
        let Self { scene, own, beyond, opens, .. } = self;
        let of_old = [scene.head(own.book, 2, &[(1, 30)], false)];
        let of_new = [scene.head(opens.book, 1, &[(1, 600)], false)];
        let proofs =
            vec![scene.prove(*own, &of_old), scene.prove(*beyond, &of_old), scene.prove(*opens, &of_new)];
        scene.dossier(proofs, Vec::new())
    }
}

fn of(report: &Report, name: EntryRef) -> &Established {
    report.entries.iter().find(|entry| entry.name == name).unwrap()
}

fn names(report: &Report, name: EntryRef) -> Vec<String> {
    of(report, name).facts.iter().map(detente_dossier::Fact::name).collect()
}

fn refused(parts: &Parts) -> Wrong {
    match verify(&pack(parts)) {
        Err(wrong) => wrong,
        Ok(report) => report.wrongs.into_iter().next().expect("a file that is refused"),
    }
}

#[test]
fn what_stands_under_renewed_keys_holds_and_what_is_beyond_the_reach_is_told() {
    let renewed = renewed(Why::Compromise);
    let report = verify(&renewed.file()).unwrap();
    assert!(report.holds(), "{:?}", report.wrongs);
    assert_eq!((report.version, report.entries.len()), (3, 3));
    assert_eq!(names(&report, renewed.own), ["wrote", "stored", "unacknowledged"]);
    assert_eq!(names(&report, renewed.beyond), ["wrote", "disowned", "stored", "unacknowledged"]);
    assert_eq!(names(&report, renewed.opens), ["wrote", "stored", "unacknowledged"]);
    let disowned = of(&report, renewed.beyond).facts[1];
    assert!(matches!(disowned.shows, Shows::Disowned { by, reach: 1, .. } if by == renewed.opens));
    let says = disowned.says(&report.memoranda, renewed.beyond);
    assert!(says.starts_with("usa disowned it, in usa/R.128/1 at 2017-07-14"), "{says}");
    let renewals: Vec<String> = detente_dossier::later_keys::all(&report.memoranda)
        .map(|renewal| detente_dossier::later_keys::renewal_says(&report.memoranda, renewal))
        .collect();
    assert!(renewals.len() == 1 && renewals[0].contains("in other hands"), "{renewals:?}");
}

#[test]
fn a_receipt_under_a_key_that_was_renewed_is_told_as_such() {
    let mut scene = Scene::of(memorandum_with_keys());
    let said = scene.say(0, "The convoy leaves at 0600Z.");
    let renewal = scene.renewal(1, Why::Rotation, FIRST_ROLE);
    let root = scene.memoranda.root(party(1)).unwrap();
    scene.memoranda.renew(&root, renewal).unwrap();
    let old = scene.head(said.book, 1, &[(1, 30)], false);
    let mut new = old.clone();
    let (line, root) = (scene.memoranda.line(), old.checkpoint.checkpoint.root);
    let receipt = renewed_key(1, FIRST_ROLE + 1);
    new.receipts = vec![Receipt::sign(said.book, party(1), 1, &root, START_S + 900, &line, &receipt)];
    for (head, is_old) in [(old, true), (new, false)] {
        let report = verify(&scene.dossier(vec![scene.prove(said, &[head])], Vec::new())).unwrap();
        assert!(report.holds(), "{:?}", report.wrongs);
        let stored = of(&report, said).facts[1];
        assert!(matches!(stored.shows, Shows::Stored { renewed, .. } if renewed == is_old));
        assert_eq!(stored.does_not_prove().contains("somebody else had that key"), is_old);
    }
}

#[test]
fn renewals_that_are_not_their_owners_word_are_refused() {
    let renewed = renewed(Why::Rotation);
    let sound = parts(&renewed.file());
    let place = at(&sound, "renewals.txt");
    let line = String::from_utf8(sound[place].1.clone()).unwrap();
    assert_eq!(line, format!("usa {}\n", base64(&renewed.renewal.encode())));
    let with = |text: String| {
        let mut parts = sound.clone();
        parts[place].1 = text.into_bytes();
        refused(&parts)
    };
    let mut forged = renewed.renewal.encode();
    *forged.last_mut().unwrap() ^= 1;
    let wrong = with(format!("usa {}\n", base64(&forged)));
    assert_eq!((wrong.part.as_str(), wrong.fault.blame()), ("renewals.txt", Blame::Misbehaved));
    for (text, blame) in [
        (line.replace("usa", "rus"), Blame::Misbehaved),
        (line.replace("usa", "nobody"), Blame::Misbehaved),
        (format!("{line}{line}"), Blame::Malformed),
        (line.replace('=', ""), Blame::Malformed),
        ("usa\n".into(), Blame::Malformed),
        (String::new(), Blame::Malformed),
    ] {
        let wrong = with(text.clone());
        assert_eq!((wrong.part.as_str(), wrong.fault.blame()), ("renewals.txt", blame), "{text}");
    }
    let mut without = sound.clone();
    without.remove(place);
    let report = verify(&pack(&without)).unwrap();
    let of_books = |wrong: &Wrong| wrong.to_string().contains("those in renewals.txt");
    assert!(report.wrongs.iter().any(of_books), "{:?}", report.wrongs);
    assert_eq!(report.entries.len(), 2, "what stands under the first keys is proved all the same");
    let mut earlier = sound.clone();
    edit(&mut earlier, "README.txt", |text| text.replacen("version 3", "version 2", 1));
    assert!(refused(&earlier).to_string().contains("which version 3 has"), "a part of a later version");
}

#[test]
fn two_renewals_of_one_rank_convict_the_recovery_key() {
    let Renewed { mut scene, own, .. } = renewed(Why::Compromise);
    let root = scene.memoranda.root(party(0)).unwrap();
    let other = scene.renewal(0, Why::Compromise, FIRST_ROLE + 10);
    scene.memoranda.renew(&root, other).unwrap();
    let heads = [scene.head(own.book, 2, &[], false)];
    let report = verify(&scene.dossier(vec![scene.prove(own, &heads)], Vec::new())).unwrap();
    assert!(report.holds(), "the file is as it should be: {:?}", report.wrongs);
    let says = detente_dossier::later_keys::contradiction_says(&report.memoranda, party(0)).unwrap();
    assert!(says.contains("two renewals of rank 1"), "{says}");
    assert_eq!(detente_dossier::later_keys::contradiction_says(&report.memoranda, party(1)), None);
}

/// usa wrote an entry, sealed it, and rus receipted it.
fn sealed() -> (Scene, EntryRef, Vec<u8>) {
    let mut scene = Scene::of(memorandum_with_keys());
    let said = scene.say(0, "The convoy leaves at 0600Z.");
    scene.memoranda.tell_seal_key(party(0), seal_key(0));
    let head = scene.sealed(scene.head(said.book, 1, &[(1, 30)], true));
    let bytes = scene.dossier(vec![scene.prove(said, &[head])], Vec::new());
    (scene, said, bytes)
}

#[test]
fn a_seal_is_a_second_signature_and_both_hold() {
    let (_, said, bytes) = sealed();
    let report = verify(&bytes).unwrap();
    assert!(report.holds() && report.unread.is_empty(), "{:?} {:?}", report.wrongs, report.unread);
    assert_eq!(names(&report, said)[..2], ["wrote", "sealed"]);
    let says = of(&report, said).facts[1].says(&report.memoranda, said);
    assert!(says.contains("both hold") && says.contains("ML-DSA-44"), "{says}");
}

#[test]
fn a_seal_that_does_not_hold_or_is_elsewhere_is_refused() {
    let (_, _, bytes) = sealed();
    let sound = parts(&bytes);
    let proof = ".tlog-proof";
    let lines = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
    let joined = |lines: Vec<String>| lines.join("\n") + "\n";
    let changed = |change: &dyn Fn(Vec<String>) -> Vec<String>| {
        let mut parts = sound.clone();
        edit(&mut parts, proof, |text| joined(change(lines(&text))));
        refused(&parts)
    };
    let touched = changed(&|mut lines| {
        let last = lines.pop().unwrap();
        let (head, seal) = last.rsplit_once(' ').unwrap();
        let (start, end) = seal.split_at(2_000);
        let other = if end.starts_with('A') { "B" } else { "A" };
        lines.push(format!("{head} {start}{other}{}", &end[1..]));
        lines
    });
    assert_eq!((touched.fault.blame(), touched.fault.detail().what), (Blame::Misbehaved, "seal"));
    let earlier = changed(&|mut lines| {
        let last = lines.pop().unwrap();
        lines.insert(lines.len() - 1, last);
        lines
    });
    assert_eq!(earlier.fault.blame(), Blame::Malformed, "{earlier}");
    let mut another = sound.clone();
    edit(&mut another, "seals.txt", |text| {
        let (scene, _, _) = sealed();
        let name = detente_record::seal_name(&scene.memoranda.line(), party(0));
        text.replace(&seal_key(0).vkey(&name), &seal_key(1).vkey(&name))
    });
    let wrong = refused(&another);
    assert_eq!((wrong.part.as_str(), wrong.fault.blame()), ("seals.txt", Blame::Misbehaved), "{wrong}");
}

/// All of it in one file: usa sealed and renewed, rus receipted under its first key, un under a later one.
#[test]
fn it_is_made_to_the_byte_as_the_vector_was() {
    let mut renewed = renewed(Why::Compromise);
    let un = renewed.scene.renewal(2, Why::Rotation, FIRST_ROLE);
    let root = renewed.scene.memoranda.root(party(2)).unwrap();
    renewed.scene.memoranda.renew(&root, un).unwrap();
    renewed.scene.memoranda.tell_seal_key(party(0), seal_key(0));
    let Renewed { scene, own, beyond, opens, .. } = &renewed;
    let mut of_old = scene.head(own.book, 2, &[(1, 30)], true);
    let (line, at) = (scene.memoranda.line(), of_old.checkpoint.checkpoint.root);
    let by_un = renewed_key(2, FIRST_ROLE + 1);
    of_old.receipts.push(Receipt::sign(own.book, party(2), 2, &at, START_S + 700, &line, &by_un));
    let of_old = [scene.sealed(of_old)];
    let of_new = [scene.sealed(scene.head(opens.book, 1, &[(1, 600)], false))];
    let proofs =
        vec![scene.prove(*own, &of_old), scene.prove(*beyond, &of_old), scene.prove(*opens, &of_new)];
    let made = scene.dossier(proofs, Vec::new());
    assert!(scene::vector("renewed.zip") == made, "another file than vectors/dossier/renewed.zip");
}
