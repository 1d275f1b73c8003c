//! A dossier from two real stations to a stranger who has neither station, keys nor network.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test whose scene cannot be set has failed"
)]

mod parties;

use std::fs;
use std::process::{Command, Stdio};

use parties::{Folder, Left, Party, finish, two_connected};
use serde_json::Value;

/// Somebody with a laptop and nothing else: no home, no station, no variables.
fn stranger(arguments: &[&str]) -> Left {
    let mut command = Command::new(env!("CARGO_BIN_EXE_detente"));
    command.env_clear().args(arguments).stdin(Stdio::null());
    finish(command)
}

/// Writes, waits until the other has receipted it, and says under which name.
fn write(party: &Party, arguments: &[&str]) -> String {
    party.done(&[arguments, &["--wait=60"]].concat()).trim().to_owned()
}

/// Has a party make a dossier of a selection; gives its path.
fn make(party: &Party, name: &str, selection: &[&str]) -> String {
    let path = party.folder.path().join(name).display().to_string();
    party.done(&[&["dossier", "make", "--out", &path], selection].concat());
    path
}

fn read(arguments: &[&str]) -> Value {
    let left = stranger(&[&["verify", "--json"], arguments].concat());
    serde_json::from_str(&left.out).unwrap_or_else(|_| panic!("{left:?}"))
}

/// The names of the entries that a finding shows.
fn entries(found: &Value) -> Vec<&str> {
    found["entries"].as_array().unwrap().iter().map(|entry| entry["entry"].as_str().unwrap()).collect()
}

/// What is shown of one of its entries: fact, who is bound.
fn facts<'a>(found: &'a Value, name: &str) -> Vec<(&'a str, Option<&'a str>)> {
    let all = found["entries"].as_array().unwrap();
    let entry = all.iter().find(|entry| entry["entry"] == name).expect("an entry of this name");
    let facts = entry["facts"].as_array().unwrap();
    facts.iter().map(|fact| (fact["fact"].as_str().unwrap(), fact["bound"].as_str())).collect()
}

#[test]
fn a_stranger_sees_who_is_bound_by_what_and_nothing_else() {
    let ([usa, rus], stations) = two_connected();
    let before = write(&usa, &["send", "The neighbour before, which is nobody's business."]);
    let said = write(&usa, &["send", "The convoy leaves at 0600Z."]);
    let answer = write(&rus, &["reply", &said, "Understood: 0600Z."]);
    write(&usa, &["send", "The neighbour after, which is nobody's business."]);

    let path = make(&usa, "thread.zip", &["--thread", &said]);
    let found = read(&[&path]);
    assert_eq!((&found["ok"], entries(&found)), (&Value::Bool(true), vec![said.as_str(), answer.as_str()]));
    assert_eq!(
        facts(&found, &said),
        [("wrote", Some("usa")), ("stored", Some("rus")), ("answered", Some("rus"))]
    );
    assert_eq!(facts(&found, &answer), [("wrote", Some("rus")), ("stored", Some("usa"))]);
    let clocks = found["entries"][0]["times"].as_array().unwrap();
    assert!(clocks.iter().any(|time| time["clock"] == "rus" && time["not_after_ms"].is_u64()), "{clocks:?}");

    let page = stranger(&["verify", &path]);
    assert_eq!(page.code, Some(0), "{}", page.err);
    for says in
        ["The convoy leaves at 0600Z.", "binds rus; does not prove", "by the clock of rus", "nobody yet"]
    {
        assert!(page.out.contains(says), "{says}: {}", page.out);
    }
    let line = found["line"]["fingerprint"].as_str().unwrap();
    assert_eq!(stranger(&["verify", &path, "--line", line]).code, Some(0));
    let other = line.chars().rev().collect::<String>();
    stranger(&["verify", &path, "--line", &other]).refused(1, "line", "not the dossier of the line");

    let folder = Folder::new();
    let html = folder.path().join("page.html").display().to_string();
    assert_eq!(stranger(&["verify", &path, "--html", &html]).code, Some(0));
    let html = fs::read_to_string(html).unwrap();
    assert!(html.starts_with("<!DOCTYPE html>") && html.contains("Binds rus.") && !html.contains("<script"));

    // Nothing of the neighbours is in it, in whatever form.
    let bytes = fs::read(&path).unwrap();
    for told in [&bytes, &page.out.into_bytes(), &html.into_bytes()] {
        assert!(!told.windows(9).any(|window| window == b"neighbour"));
    }
    assert!(!entries(&found).contains(&before.as_str()));

    // Both sides hold the same evidence of the same entries.
    let theirs = make(&rus, "theirs.zip", &["--thread", &answer]);
    let both = stranger(&["verify", &path, &theirs]);
    assert_eq!(both.code, Some(0), "{}", both.err);
    assert!(both.out.contains("that proves nothing"), "{}", both.out);
    drop(stations);
}

#[test]
fn what_nobody_receipted_is_said_to_be_so() {
    let ([usa, _rus], mut stations) = two_connected();
    stations[1].signal("TERM");
    stations[1].ended();
    let said = usa.done(&["send", "Is anybody there?"]).trim().to_owned();
    let found = read(&[&make(&usa, "alone.zip", &[&said])]);
    assert_eq!(facts(&found, &said), [("wrote", Some("usa")), ("unacknowledged", None)]);
    let fact = &found["entries"][0]["facts"][1];
    assert!(fact["says"].as_str().unwrap().contains("unacknowledged since"), "{fact}");
    assert!(fact["does_not_prove"].as_str().unwrap().starts_with("anything"), "{fact}");
}

#[test]
fn what_is_asked_for_wrongly_is_refused() {
    let ([usa, _rus], _stations) = two_connected();
    let said = write(&usa, &["send", "One."]);
    let path = make(&usa, "one.zip", &[&said]);
    assert!(fs::metadata(&path).unwrap().len() < 20 * 1_024, "{}", fs::metadata(&path).unwrap().len());
    usa.run(&["dossier", "make", "--out", &path, &said]).refused(2, "not there yet", "another name");
    let other = usa.folder.path().join("other.zip").display().to_string();
    usa.run(&["dossier", "make", "--out", &other, "usa/R/99"]).refused(2, "held here", "");
    let long_ago = ["--since", "2001-01-01T00:00Z", "--until", "2001-01-02T00:00Z"];
    usa.run(&[&["dossier", "make", "--out", &other], &long_ago[..]].concat()).refused(2, "none", "");
    assert!(!fs::exists(&other).unwrap());
    stranger(&["verify", "/nowhere/at/all.zip"]).refused(2, "can be read", "path");
    let mut bytes = fs::read(&path).unwrap();
    let cut = usa.folder.file("cut.zip", &bytes[..bytes.len() - 7]);
    stranger(&["verify", &cut]).refused(1, "all of it", "ask for the file as it was made");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    let flipped = usa.folder.file("flipped.zip", &bytes);
    stranger(&["verify", &flipped]).refused(1, "Malformed", "altered");
}
