//! Parties and witnesses that amendments named: shown where the votes carry them, and refused with whatever was not carried.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test whose scene cannot be set has failed")]

mod scene;

use std::sync::Arc;

use detente_dossier::{Amended, Memoranda, Report, Wrong, verify};
use detente_line::{Choice, Content, Matter, Member, Memorandum, Outcome, Terms};
use detente_record::dossier::Signer;
use detente_record::{Blame, Class, EntryRef};

use scene::{START_S, Scene, at, book_of, edit, later_witness, member, pack, parts, party, witnessed_later};

const SYR: u8 = 3;
const HOUR_MS: u64 = 3_600_000;

/// What a test changes on the way from a motion to its decision; as it is here, all is sound.
struct Story {
    mover: u8,
    decider: u8,
    outcome: Outcome,
    votes: Vec<(u8, Choice)>,
    /// Of the votes counted, those that the decision names.
    counts: fn(Vec<EntryRef>) -> Vec<EntryRef>,
    closes_ms: u64,
    amends: fn(&mut Terms),
    leaves: Vec<u8>,
    /// What the votes are on, and the decision, where it is not the motion.
    elsewhere: bool,
}

impl Story {
    fn sound() -> Self {
        Self {
            mover: 1,
            decider: 0,
            outcome: Outcome::Carried,
            votes: vec![(0, Choice::For), (2, Choice::For)],
            counts: |votes| votes,
            closes_ms: START_S * 1_000 + HOUR_MS,
            amends: admit_syr,
            leaves: vec![],
            elsewhere: false,
        }
    }
}

/// Syria is admitted, a witness is added, and rus orders decisions from then on.
fn admit_syr(terms: &mut Terms) {
    terms.parties.push(member("syr", SYR));
    terms.depositary = 1;
    terms.witnesses.as_mut().unwrap().push(later_witness());
}

fn amend(scene: &mut Scene, story: &Story) {
    let before = scene.memoranda.last();
    let mut terms = Terms { predecessor: Some(before.hash()), ..before.terms().clone() };
    (story.amends)(&mut terms);
    let moved = Memorandum::check(terms).unwrap();
    let content = Content::Motion {
        matter: Matter::Amend(Arc::new(moved.clone())),
        text: "That the memorandum be amended.".into(),
        closes_ms: story.closes_ms,
    };
    let motion = scene.act(story.mover, &content, &[]);
    let about = match story.elsewhere {
        true => scene.act(story.mover, &content, &[]),
        false => motion,
    };
    let mut left = Vec::new();
    for number in &story.leaves {
        left.push(scene.act(*number, &Content::Leaves { reason: None }, &[]));
    }
    let mut votes = vec![(motion, Choice::For)];
    for (number, choice) in &story.votes {
        votes.retain(|(vote, _)| vote.book.party != party(*number));
        votes.push((scene.act(*number, &Content::Vote { choice: *choice, text: None }, &[about]), *choice));
    }
    votes.sort_by_key(|(vote, _)| vote.book.party);
    let counted = (story.counts)(votes.iter().map(|(vote, _)| *vote).collect());
    let decide = Content::Decide { outcome: story.outcome, votes: counted.clone(), before: None };
    let decision = scene.act(story.decider, &decide, &[motion]);
    let votes = votes.into_iter().filter(|(vote, _)| counted.contains(vote)).collect();
    scene.memoranda.amend(Amended { decision, motion, votes, left, memorandum: moved }).unwrap();
}

/// A file with everything that the scene's amendments rest on, and these entries.
fn file(scene: &Scene, shown: Vec<detente_dossier::Proven>) -> Vec<u8> {
    let mut acts: Vec<EntryRef> = Vec::new();
    for amended in scene.memoranda.amended() {
        acts.extend([amended.decision, amended.motion]);
        acts.extend(amended.votes.iter().map(|(vote, _)| *vote));
        acts.extend(&amended.left);
    }
    acts.sort_unstable();
    acts.dedup();
    let prove = |name: &EntryRef| {
        let head = scene.head(name.book, scene.size(name.book), &[], false);
        scene.prove(*name, &[head])
    };
    let mut proofs: Vec<_> = acts.iter().map(prove).collect();
    proofs.extend(shown);
    proofs.sort_by_key(|proven| proven.name);
    scene.dossier(proofs, vec![])
}

/// Syr is admitted and says something, which usa receipts and the new witness has seen; then syr is moved on its own to amend again.
fn admitted() -> (Scene, Vec<u8>, EntryRef) {
    let mut scene = Scene::new();
    amend(&mut scene, &Story::sound());
    let said = scene.say(SYR, "Good morning to all.");
    let again = Story {
        mover: SYR,
        decider: 1,
        votes: vec![(0, Choice::For), (1, Choice::For), (2, Choice::Abstain)],
        amends: |terms| terms.handling_ms[0] -= 1,
        ..Story::sound()
    };
    amend(&mut scene, &again);
    let head = witnessed_later(&scene, scene.head(said.book, 1, &[(0, 5)], false));
    let bytes = file(&scene, vec![scene.prove(said, &[head])]);
    (scene, bytes, said)
}

fn refused(bytes: &[u8]) -> Wrong {
    match verify(bytes) {
        Err(wrong) => wrong,
        Ok(report) => report.wrongs.into_iter().next().expect("a file that is refused"),
    }
}

fn shows(report: &Report, entry: EntryRef) -> Vec<(String, Option<Signer>)> {
    let entry = report.entries.iter().find(|established| established.name == entry).unwrap();
    entry.facts.iter().map(|fact| (fact.name(), fact.bound())).collect()
}

#[test]
fn what_an_admitted_party_said_is_shown_with_who_had_it() {
    let (scene, bytes, said) = admitted();
    let report = verify(&bytes).unwrap();
    assert_eq!((report.wrongs.as_slice(), report.unread.as_slice(), report.version), (&[][..], &[][..], 2));
    let [usa, syr] = [0, SYR].map(|number| Some(Signer::Party(party(number))));
    let fact = |name: &str, bound| (name.to_owned(), bound);
    assert_eq!(
        shows(&report, said),
        [
            fact("wrote", syr),
            fact("stored", usa),
            fact("unacknowledged", None),
            fact("unacknowledged", None),
            fact("witnessed", Some(Signer::Witness(1)))
        ]
    );
    let amended = report.memoranda.amended();
    assert_eq!(amended, scene.memoranda.amended());
    assert_eq!(report.memoranda.last().hash(), scene.memoranda.last().hash());
    assert_eq!(amended[1].decision.book.party, party(1), "by the depositary that the first one named");
    assert!(report.memoranda.is_admitted(party(SYR)) && !report.memoranda.is_admitted(party(0)));
    // The motion says in words what it changes.
    let motion = report.entries.iter().find(|entry| entry.name == amended[0].motion).unwrap();
    let rows = motion.rows(&report.memoranda);
    let row = |label: &str| rows.iter().find(|row| row.label == label).unwrap().lines.join("\n");
    assert!(row("takes out").contains("depositary: usa"), "{rows:?}");
    assert!(row("puts in").contains("depositary: rus") && row("puts in").contains("party 3: syr: SYR"));
}

#[test]
fn it_is_made_to_the_byte_as_the_vector_was() {
    let (_, bytes, _) = admitted();
    assert!(scene::vector("amended.zip") == bytes, "another file than vectors/dossier/amended.zip");
}

/// What somebody who can sign as the parties could, and yet not carried an amendment, cannot make a file of that holds.
#[test]
fn an_amendment_that_the_votes_do_not_carry_is_refused() {
    let story = Story::sound;
    let stories: [(&str, Story); 16] = [
        ("another decides", Story { decider: 2, ..story() }),
        ("it was defeated", Story { outcome: Outcome::Defeated, ..story() }),
        ("too few are for it", Story { votes: vec![(0, Choice::For)], ..story() }),
        ("one abstains", Story { votes: vec![(0, Choice::For), (2, Choice::Abstain)], ..story() }),
        ("one is against", Story { votes: vec![(0, Choice::Against), (2, Choice::For)], ..story() }),
        ("the mover is against", {
            Story { votes: vec![(0, Choice::For), (1, Choice::Against), (2, Choice::For)], ..story() }
        }),
        ("another order", Story { counts: |votes| votes.into_iter().rev().collect(), ..story() }),
        ("one vote twice", Story { counts: |votes| vec![votes[0], votes[0], votes[1]], ..story() }),
        ("without the mover's", {
            let votes = vec![(0, Choice::For), (2, Choice::For)];
            Story { votes, counts: |votes| vec![votes[0], votes[2]], ..story() }
        }),
        ("votes of who is none yet", {
            Story { votes: vec![(0, Choice::For), (2, Choice::For), (SYR, Choice::For)], ..story() }
        }),
        ("moved by who is none yet", Story { mover: SYR, ..story() }),
        ("votes on another motion", Story { elsewhere: true, ..story() }),
        ("decided late", Story { closes_ms: (START_S + 1) * 1_000, ..story() }),
        ("a window that is too long", Story { closes_ms: START_S * 1_000 + 2 * HOUR_MS, ..story() }),
        ("who stays gets another key", {
            let amends = |terms: &mut Terms| terms.parties[2] = Member { number: 2, ..member("un", 9) };
            Story { amends, ..story() }
        }),
        ("the depositary has left", { Story { votes: vec![(2, Choice::For)], leaves: vec![0], ..story() } }),
    ];
    for (what, story) in stories {
        let mut scene = Scene::new();
        amend(&mut scene, &story);
        let found = refused(&file(&scene, vec![]));
        assert_eq!(
            (found.part.as_str(), found.fault.blame()),
            ("amendments.txt", Blame::Misbehaved),
            "{what}: {found}"
        );
    }
}

#[test]
fn who_has_left_owes_no_vote() {
    let mut scene = Scene::new();
    amend(&mut scene, &Story { votes: vec![(0, Choice::For)], leaves: vec![2], ..Story::sound() });
    let report = verify(&file(&scene, vec![])).unwrap();
    assert!(report.holds(), "{:?}", report.wrongs);
    assert_eq!(report.memoranda.amended()[0].left.len(), 1);
    let without = |text: String| text.replace(" un/A/1", "");
    let mut parts = parts(&file(&scene, vec![]));
    edit(&mut parts, "amendments.txt", without);
    assert_eq!(refused(&pack(&parts)).fault.blame(), Blame::Misbehaved, "two of three do not carry");
}

/// A name that a party had is never another's, whatever is voted.
#[test]
fn nobody_comes_back_as_another() {
    let mut scene = Scene::new();
    let expels = |terms: &mut Terms| {
        terms.parties.pop();
        terms.rule.threshold = 2;
    };
    amend(&mut scene, &Story { amends: expels, ..Story::sound() });
    assert!(verify(&file(&scene, vec![])).unwrap().holds(), "un is expelled");
    let back = |terms: &mut Terms| terms.parties.push(member("un", 9));
    amend(&mut scene, &Story { amends: back, votes: vec![(0, Choice::For)], ..Story::sound() });
    let found = refused(&file(&scene, vec![]));
    assert_eq!((found.part.as_str(), found.fault.blame()), ("amendments.txt", Blame::Misbehaved), "{found}");
}

#[test]
fn parts_of_amendments_that_were_touched_are_refused() {
    let (_, bytes, said) = admitted();
    let whole = parts(&bytes);
    let with = |change: &dyn Fn(&mut scene::Parts)| {
        let mut parts = whole.clone();
        change(&mut parts);
        refused(&pack(&parts))
    };
    // Every byte of what names the amendments, and of the proofs of the acts that they rest on.
    for (place, (name, content)) in whole.iter().enumerate() {
        let is_act = name.contains("-A-") && name.ends_with("proof");
        let step = if name == "amendments.txt" { 1 } else { 41 };
        for byte in (0..content.len()).step_by(step).filter(|_| is_act || name == "amendments.txt") {
            with(&|parts| parts[place].1[byte] ^= 1);
        }
    }
    let place = at(&whole, "amendments.txt");
    let gone = with(&|parts| drop(parts.remove(place)));
    assert_eq!(gone.fault.blame(), Blame::Malformed, "nobody is called syr then: {gone}");
    let lines: Vec<&str> = str::from_utf8(&whole[place].1).unwrap().lines().collect();
    assert_eq!(lines, ["usa/A/2", "rus/A/3"]);
    for text in [
        "",
        "\n",
        "usa/A/2\nrus/A/3",
        "rus/A/3\nusa/A/2\n",
        "rus/A/3\n",
        "usa/A/2\nusa/A/2\n",
        "usa/A/2\nrus/A/3\n\n",
        "usa/A/02\nrus/A/3\n",
        "usa/A/2 \nrus/A/3\n",
        "usa/A/2 usa/A/1\nrus/A/3\n",
        "usa/A/2 rus/A/1\nrus/A/3\n",
        "usa/R/2\nrus/A/3\n",
        "usa/A/9\nrus/A/3\n",
        "tur/A/2\nrus/A/3\n",
    ] {
        with(&|parts| parts[place].1 = text.into());
    }
    // One line fewer is another file: what it calls itself says so, and the acts of the second are then ordinary entries.
    let fewer = with(&|parts| parts[place].1 = "usa/A/2\n".into());
    assert!(fewer.part == "memorandum.txt", "{fewer}");
    // Parts in another place, twice, in a file of version 1.
    let moved = with(&|parts| parts.swap(place, place - 1));
    let twice = with(&|parts| parts.insert(place, parts[place].clone()));
    let older = with(&|parts| edit(parts, "README.txt", |text| text.replace("version 2", "version 1")));
    for found in [moved, twice, older] {
        assert_eq!(found.fault.blame(), Blame::Malformed, "{found}");
    }
    // The acts of one line spliced into a file of another, where all names are the same.
    let mut other = Scene::of(scene::memorandum(2));
    amend(&mut other, &Story::sound());
    let theirs = parts(&file(&other, vec![]));
    let decision = at(&whole, "usa-A-2/at-3.tlog-proof");
    let spliced = with(&|parts| parts[decision].1 = theirs[at(&theirs, "usa-A-2/at-2.tlog-proof")].1.clone());
    assert!(spliced.part.ends_with("usa-A-2/at-3.tlog-proof"), "{spliced}");
    assert_eq!(said.book, book_of(SYR, Class::R));
}

/// The bounds of what a file may make its reader hold.
#[test]
fn more_amendments_than_a_file_may_have_are_refused() {
    let (_, bytes, _) = admitted();
    let mut parts = parts(&bytes);
    let place = at(&parts, "amendments.txt");
    parts[place].1 = "usa/A/2\n".repeat(257).into_bytes();
    assert_eq!(refused(&pack(&parts)).fault.blame(), Blame::Malformed);
    let mut memoranda = Memoranda::founded(scene::memorandum(1));
    let memorandum = memoranda.founding().clone();
    let act = EntryRef { book: book_of(0, Class::A), number: 1 };
    let amended = Amended { decision: act, motion: act, votes: vec![], left: vec![], memorandum };
    for _ in 0..256 {
        memoranda.amend(amended.clone()).unwrap();
    }
    assert!(memoranda.amend(amended).is_err());
}
