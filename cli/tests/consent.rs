//! Positions and motions on two real stations: what each party holds stands beside what the other holds, and what all
//! of them say is decided by their votes.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]

mod parties;

use parties::{Party, two_connected};
use serde_json::{Value, json};

/// Writes, waits until the other has receipted it, and says under which name.
fn write(party: &Party, arguments: &[&str]) -> String {
    party.done(&[arguments, &["--wait=60"]].concat()).trim().to_owned()
}

#[test]
fn parties_who_contradict_each_other_stand_side_by_side() {
    let ([usa, rus], _stations) = two_connected();
    let said = write(&usa, &["send", "The convoy left at 0600Z."]);
    let log = write(&rus, &["send", "Gate log: nothing passed before 0740Z."]);
    let disputed = write(
        &rus,
        &["position", "dispute", &said, "Он не выехал.", "--borne-out-by", &log, "--language", "ru"],
    );
    let corrected = write(&usa, &["position", "correct", &said, "It left at 0745Z."]);
    for party in [&usa, &rus] {
        let positions = party.read(&["positions", &said]);
        let held = |name: &str| positions["positions"][name]["held"].clone();
        let [ours, theirs] = ["usa", "rus"].map(held);
        assert_eq!((&ours["entry"], &ours["stance"]), (&json!(corrected), &json!("corrects")));
        assert_eq!((&theirs["entry"], &theirs["stance"]), (&json!(disputed), &json!("disputes")));
        assert_eq!((&theirs["language"], &theirs["borne_out_by"]), (&json!("ru"), &json!([log])));
    }
    // Who takes a position back has none; that it was held is not forgotten, and the other's is as it was.
    let withdrawn = write(&rus, &["position", "withdraw", &said]);
    let positions = usa.read(&["positions", &said]);
    assert_eq!(positions["positions"]["rus"]["held"], json!(null));
    let history = positions["positions"]["rus"]["history"].as_array().unwrap().clone();
    let history: Vec<&str> = history.iter().filter_map(|held| held["entry"].as_str()).collect();
    assert_eq!(history, [disputed, withdrawn]);
    assert_eq!(positions["positions"]["usa"]["held"]["entry"], json!(corrected));
    let page = usa.done(&["positions", &said]);
    for says in ["! CORRECTS", "It left at 0745Z.", "has withdrawn its position"] {
        assert!(page.contains(says), "{says}: {page}");
    }
    assert!(!page.contains("DISPUTES"), "{page}");
    assert!(usa.done(&["positions", &said, "--history"]).contains("DISPUTES"));
}

#[test]
fn what_all_say_is_carried_by_their_votes_alone() {
    let ([usa, rus], _stations) = two_connected();
    let report = write(&rus, &["send", "Inspectors found the gate open."]);
    let motion = write(&usa, &["motion", "resolve", "That the gate was open.", "--about", &report]);
    let pending = rus.read(&["motion", "list"])["motions"][0].clone();
    assert_eq!(
        (&pending["motion"], &pending["decision"]),
        (&json!(motion), &json!(null)),
        "one vote is not enough"
    );
    assert_eq!((&pending["matter"], &pending["about"]), (&json!("resolve"), &json!([report])));
    assert_eq!(pending["votes"], json!({"usa": "for"}), "who moves it is for it");
    write(&rus, &["motion", "for", &motion]);
    let against = write(&rus, &["motion", "resolve", "That it was shut."]);
    write(&usa, &["motion", "against", &against, "--text", "It was not."]);
    // The depositary's station decides by itself; its acts are on their way to the other side.
    let outcomes = |list: &Value| -> Vec<Value> {
        list["motions"]
            .as_array()
            .unwrap()
            .iter()
            .map(|motion| motion["decision"]["outcome"].clone())
            .collect()
    };
    for party in [&usa, &rus] {
        let decided =
            party.until(&["motion", "list"], |list| outcomes(list).iter().all(|outcome| !outcome.is_null()));
        let mut outcomes = outcomes(&decided);
        outcomes.sort_by_key(Value::to_string);
        assert_eq!(outcomes, [json!("carried"), json!("defeated")]);
    }
    let page = rus.done(&["motion", "list"]);
    for says in [
        "● CARRIED by usa/A/",
        "✗ DEFEATED by usa/A/",
        "votes: rus for, usa for",
        "votes: rus for, usa against",
    ] {
        assert!(page.contains(says), "{says}: {page}");
    }
    usa.run(&["motion", "for"]).refused(2, "found 0 open", "detente motion list");
    let last = write(&usa, &["motion", "resolve", "That it was locked."]);
    let listed = rus.read(&["motion", "list"])["motions"].as_array().unwrap().clone();
    let listed: Vec<&str> = listed.iter().filter_map(|motion| motion["motion"].as_str()).collect();
    assert_eq!(listed, [&last, &against, &motion], "the newest first, whoever moved it");
}

#[test]
fn a_motion_that_contradicts_the_memorandum_is_refused_with_what_the_memorandum_says() {
    let ([usa, rus], _stations) = two_connected();
    let resolve = ["motion", "resolve", "That it be so."];
    for (closes, says) in [
        ("2100-01-01T00:00Z", "expected at most 14 days from now, the memorandum's motions.window, found 2"),
        ("2017-04-12T20:00Z", "days ago"),
    ] {
        let left = usa.run(&[&resolve[..], &["--closes", closes]].concat());
        assert_eq!(left.code, Some(2), "{left:?}");
        assert!(left.err.contains(says) && left.err.contains("hint: without it"), "{}", left.err);
    }
    usa.run(&["reopen", "propose"]).refused(2, "expected one in force to move on", "detente status");
    usa.run(&["motion", "for", "rus/A/7"]).refused(1, "found rus/A/7", "record show");
    let said = write(&rus, &["send", "No motion at all."]);
    usa.run(&["motion", "for", &said]).refused(2, &format!("found {said}"), "detente motion list");

    let file = usa.done(&["memorandum", "in-force"]);
    let line_of = |key: &str| file.lines().find(|line| line.starts_with(key)).unwrap().to_owned();
    let changed = |key: &str, to: &str| file.replacen(&line_of(key), to, 1);
    for (name, text, says) in [
        ("name", changed("name =", "name = \"iraq\""), "name"),
        ("depositary", changed("depositary =", "depositary = \"tur\""), "tur"),
        ("votes", changed("votes-to-carry =", "votes-to-carry = 3"), "votes"),
        ("none", changed("votes-to-carry =", "votes-to-carry = 0"), "votes"),
        ("veto", changed("veto =", "veto = [\"tur\"]"), "tur"),
        ("key", changed("book-key =", &line_of("receipt-key =").replace("receipt", "book")), "key"),
        ("window", changed("window =", "window = \"0s\""), "window"),
        ("nothing", String::from("# nothing"), "line"),
    ] {
        let path = usa.folder.file(&format!("{name}.toml"), text);
        let left = usa.run(&["motion", "amend", &path]);
        assert!(matches!(left.code, Some(1 | 2)), "{name}: {left:?}");
        assert!(left.err.contains(says) && left.err.contains("\n hint: "), "{name}: {}", left.err);
    }
    assert_eq!(rus.read(&["motion", "list"])["motions"], json!([]), "nothing of it was moved");
    assert_eq!(usa.read(&["motion", "list"])["motions"], json!([]));
}

#[test]
fn the_rules_are_amended_by_a_motion_and_hold_after_a_start() {
    let ([usa, rus], [at_usa, mut at_rus]) = two_connected();
    let founding = usa.read(&["memorandum", "in-force"]);
    assert_eq!(founding["hash"], founding["line"], "the one that founded the line");
    let file = usa.done(&["memorandum", "in-force"]);
    assert!(file.contains("flash = \"10m\""), "{file}");
    let path = usa.folder.file("amended.toml", file.replacen("flash = \"10m\"", "flash = \"5m\"", 1));

    let motion = write(&usa, &["motion", "amend", &path, "--text", "Ten minutes are too long."]);
    let moved = rus.read(&["motion", "list"])["motions"][0].clone();
    let change = json!([{"field": "handling.flash", "before": "10m", "after": "5m"}]);
    assert_eq!((&moved["matter"], &moved["memorandum"]["changes"]), (&json!("amend"), &change));
    assert!(rus.done(&["motion", "list"]).contains("handling.flash: 10m → 5m"));
    assert_eq!(rus.read(&["memorandum", "in-force"])["hash"], founding["hash"], "moved is not carried");
    write(&rus, &["motion", "for", &motion]);

    let amended =
        |party: &Party| party.until(&["memorandum", "in-force"], |found| found["hash"] != founding["hash"]);
    let now = amended(&usa);
    assert_eq!(now["hash"], moved["memorandum"]["hash"]);
    assert_eq!((&now["line"], &now["predecessor"]), (&founding["line"], &founding["hash"]));
    assert_eq!((&amended(&rus)["hash"], &now["handling_ms"]["Z"]), (&now["hash"], &json!(300_000)));

    // The file was an amendment of the one before: it would undo what others have changed since.
    usa.run(&["motion", "amend", &path]).refused(1, "predecessor", "memorandum in-force");
    at_rus.signal("TERM");
    at_rus.ended();
    let _stations = (at_usa, rus.start());
    assert_eq!(rus.read(&["memorandum", "in-force"])["hash"], now["hash"]);
    write(&usa, &["send", "Received."]);
}
