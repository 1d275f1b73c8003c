//! What parties hold of one thing, what became of a motion, and amendments that two files put in one place.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test whose scene cannot be set has failed")]

mod scene;

use std::sync::Arc;

use detente_dossier::agreed::{self, Moved, SideBySide};
use detente_dossier::compare::rivals;
use detente_dossier::{Amended, Report, verify};
use detente_line::{Choice, Content, Matter, Memorandum, Outcome, Stance, Terms};
use detente_record::{Cut, EntryRef};

use scene::{START_S, Scene, party};

const CLOSES_MS: u64 = START_S * 1_000 + 3_600_000;

/// A file with all of these entries.
fn file(scene: &Scene, mut names: Vec<EntryRef>) -> Report {
    names.sort_unstable();
    let prove =
        |name: &EntryRef| scene.prove(*name, &[scene.head(name.book, scene.size(name.book), &[], false)]);
    let report = verify(&scene.dossier(names.iter().map(prove).collect(), vec![])).unwrap();
    assert!(report.holds(), "{:?}", report.wrongs);
    report
}

fn holds(scene: &mut Scene, number: u8, about: EntryRef, stance: Stance, text: &str) -> EntryRef {
    let text = (!text.is_empty()).then(|| text.to_owned());
    scene.write(number, &Content::Position { stance, text, attachments: None }, &[about], Cut::new())
}

#[test]
fn the_last_position_of_each_party_stands_beside_the_others() {
    let mut scene = Scene::new();
    let said = scene.say(0, "The crossing is open.");
    let first = holds(&mut scene, 1, said, Stance::Disputes, "هو مغلق.");
    let last = holds(&mut scene, 1, said, Stance::Corrects, "مفتوح للمشاة.");
    let affirmed = holds(&mut scene, 2, said, Stance::Affirms, "");
    let borne_out = scene.write(
        0,
        &Content::Position { stance: Stance::Affirms, text: None, attachments: None },
        &[last, said],
        Cut::new(),
    );
    let report = file(&scene, vec![said, first, last, affirmed, borne_out]);
    let laid: Vec<SideBySide> = agreed::positions(&report.memoranda, &report.entries);
    assert_eq!(
        laid.iter().map(|laid| laid.about).collect::<Vec<_>>(),
        [said, last],
        "what bears it out is not what it is about"
    );
    let [usa, rus, un] = laid[0].positions.as_slice() else { unreachable!("three parties") };
    assert_eq!(usa, &(party(0), None));
    let held = rus.1.as_ref().unwrap();
    assert_eq!((held.by, held.stance, held.text.as_deref()), (last, Stance::Corrects, Some("مفتوح للمشاة.")));
    assert_eq!(held.before, [first]);
    assert_eq!(un.1.as_ref().map(|held| (held.by, held.stance)), Some((affirmed, Stance::Affirms)));
    // Without the last one the first is what is here, and nothing says that it was the last.
    let report = file(&scene, vec![said, first]);
    let laid = agreed::positions(&report.memoranda, &report.entries);
    assert_eq!(laid[0].positions[1].1.as_ref().map(|held| held.by), Some(first));
    assert!(agreed::NOT_ALL.contains("last word"));
}

#[test]
fn a_motion_stands_with_its_votes_and_what_became_of_it() {
    let mut scene = Scene::new();
    let content =
        Content::Motion { matter: Matter::Resolve, text: "That it was so.".into(), closes_ms: CLOSES_MS };
    let motion = scene.act(1, &content, &[]);
    let vote = |scene: &mut Scene, number, choice| {
        scene.act(number, &Content::Vote { choice, text: None }, &[motion])
    };
    let early = vote(&mut scene, 2, Choice::For);
    let late = vote(&mut scene, 2, Choice::Against);
    let counted = vec![motion, late];
    let decide = Content::Decide { outcome: Outcome::Defeated, votes: counted, before: None };
    let decision = scene.act(0, &decide, &[motion]);
    let moved = |names: Vec<EntryRef>| -> (Moved, String) {
        let report = file(&scene, names);
        let mut all = agreed::motions(&report.memoranda, &report.entries);
        assert_eq!(all.len(), 1);
        let moved = all.remove(0);
        let outcome = moved.outcome(&report.memoranda);
        (moved, outcome)
    };
    let (all, outcome) = moved(vec![motion, early, late, decision]);
    assert_eq!(
        all.votes,
        [
            (party(0), None),
            (party(1), Some((motion, Choice::For))),
            (party(2), Some((late, Choice::Against)))
        ]
    );
    assert_eq!(
        outcome,
        "it was defeated, as usa decided in usa/A/1, counting 2 votes, of which 2 are here as counted"
    );
    let (some, outcome) = moved(vec![motion, early, decision]);
    assert_eq!(some.votes[2], (party(2), Some((early, Choice::For))));
    assert!(outcome.ends_with("counting 2 votes, of which 1 are here as counted"), "{outcome}");
    let (none, outcome) = moved(vec![early]);
    assert_eq!((none.motion, none.what, none.votes[1]), (motion, None, (party(1), None)));
    assert!(outcome.starts_with("no decision on it is here"), "{outcome}");
}

/// An amendment of the founding memorandum that all voted for.
fn amend(scene: &mut Scene, change: impl FnOnce(&mut Terms)) -> Vec<EntryRef> {
    let before = scene.memoranda.last();
    let mut terms = Terms { predecessor: Some(before.hash()), ..before.terms().clone() };
    change(&mut terms);
    let memorandum = Memorandum::check(terms).unwrap();
    let matter = Matter::Amend(Arc::new(memorandum.clone()));
    let motion = scene.act(1, &Content::Motion { matter, text: "Amend.".into(), closes_ms: CLOSES_MS }, &[]);
    let cast = Content::Vote { choice: Choice::For, text: None };
    let [one, other] = [0, 2].map(|number| scene.act(number, &cast, &[motion]));
    let counted = vec![one, motion, other];
    let decide = Content::Decide { outcome: Outcome::Carried, votes: counted.clone(), before: None };
    let decision = scene.act(0, &decide, &[motion]);
    let votes = counted.iter().map(|vote| (*vote, Choice::For)).collect();
    scene.memoranda.amend(Amended { decision, motion, votes, left: vec![], memorandum }).unwrap();
    [counted, vec![decision]].concat()
}

#[test]
fn two_amendments_in_one_place_bind_the_depositary() {
    let shown = |changes: &[u64]| {
        let mut scene = Scene::new();
        let mut names = Vec::new();
        for change in changes {
            names.extend(amend(&mut scene, |terms| terms.handling_ms[0] -= change));
        }
        file(&scene, names)
    };
    let [one, longer, other] = [&[1][..], &[1, 2], &[5]].map(shown);
    assert_eq!(rivals(&[&one, &longer]), [], "the one is the beginning of the other");
    let found = rivals(&[&one, &longer, &other]);
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].dossiers, found[0].one.book.party), ((0, 2), party(0)));
    let says = found[0].says(&one.memoranda);
    assert!(
        says.starts_with("usa, whose station orders decisions, decided in usa/A/2 and in usa/A/2"),
        "{says}"
    );
}
