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

/// Waits until a party knows who holds a file.
fn held_by_both(party: &Party, name: &str) {
    party.until(&["attachments"], |found| {
        let all = found["attachments"].as_array().unwrap().iter();
        all.clone()
            .any(|one| one["name"] == name && one["held_by"].as_object().is_some_and(|by| by.len() == 2))
    });
}

#[test]
fn files_travel_in_a_dossier_or_beside_it_and_are_what_their_entry_names() {
    let ([usa, rus], _stations) = two_connected();
    let (map, log) = (usa.folder.file("خريطة.png", [7; 300_000]), usa.folder.file("log.txt", ""));
    let said = write(&usa, &["send", "As attached.", "--attach", &map, "--attach", &log]);
    ["خريطة.png", "log.txt"].iter().for_each(|name| held_by_both(&usa, name));
    let whole = make(&usa, "whole.zip", &["--with-attachments", &said]);
    let found = read(&[&whole]);
    let attachments = found["attachments"].as_array().unwrap();
    let state = |one: &Value| (one["name"].clone(), one["size"].as_u64(), one["bytes"].clone());
    assert_eq!(
        attachments.iter().map(state).collect::<Vec<_>>(),
        [("خريطة.png".into(), Some(300_000), "fit".into()), ("log.txt".into(), Some(0), "fit".into())]
    );
    let facts = attachments[0]["facts"].as_array().unwrap().iter();
    let facts: Vec<_> = facts.map(|fact| (fact["fact"].as_str(), fact["bound"].as_str())).collect();
    assert_eq!(facts, [(Some("attached"), Some("usa")), (Some("holds"), Some("rus"))]);
    let page = stranger(&["verify", &whole]);
    assert!(page.out.contains("rus said that it holds it, in rus/R/"), "{}", page.out);

    // Whoever has a ZIP program has the file.
    let mut archive = zip::ZipArchive::new(fs::File::open(&whole).unwrap()).unwrap();
    let hash = attachments[0]["sha256"].as_str().unwrap();
    let mut bytes = Vec::new();
    let mut part = archive.by_name(&format!("attachments/{hash}")).unwrap();
    std::io::Read::read_to_end(&mut part, &mut bytes).unwrap();
    assert_eq!(bytes, [7; 300_000]);

    // Without them, and then beside: one by one or in a folder, and nothing else.
    let custody = make(&usa, "custody.zip", &["--custody", &said]);
    let bytes_of = |arguments: &[&str]| {
        let found = read(arguments);
        let all = found["attachments"].as_array().unwrap().clone();
        all.iter().map(|one| one["bytes"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(bytes_of(&[&custody]), ["absent", "absent"]);
    assert_eq!(bytes_of(&[&custody, "--attachment", &map]), ["fit", "absent"]);
    let folder = Folder::new();
    for path in [&map, &log] {
        let name = std::path::Path::new(path).file_name().unwrap();
        fs::copy(path, folder.path().join(name)).unwrap();
    }
    let beside = folder.path().display().to_string();
    assert_eq!(bytes_of(&[&custody, "--attachment", &beside]), ["fit", "fit"]);
    for (name, bytes) in [("cut.png", vec![7; 299_999]), ("altered.png", vec![8; 300_000])] {
        let other = usa.folder.file(name, bytes);
        let left = stranger(&["verify", &custody, "--attachment", &other]);
        left.refused(1, "a file that an entry here names", "altered or cut");
    }

    // What the other side does not have yet is left out, and that is said; what was spoilt on its way is refused.
    let theirs = rus.folder.path().join("theirs.zip").display().to_string();
    fs::remove_file(rus.home().join("lines/syria/blobs").join(hash)).unwrap();
    let left = rus.run(&["dossier", "make", &said, "--with-attachments", "--out", &theirs]);
    assert_eq!(left.code, Some(0), "{left:?}");
    assert!(left.err.contains("not here, and so not in the file"), "{}", left.err);
    assert_eq!(bytes_of(&[&theirs]), ["absent", "fit"]);
    let mut spoilt = fs::read(&whole).unwrap();
    let middle = spoilt.windows(64).position(|window| window == [7; 64]).unwrap();
    spoilt[middle + 30] ^= 1;
    let spoilt = usa.folder.file("spoilt.zip", spoilt);
    stranger(&["verify", &spoilt]).refused(1, "Malformed", "altered");
}

/// What convicts is shown as somebody has to read it who decides on it: what was said in each, who signed for it, whom it binds.
#[test]
fn two_histories_are_laid_side_by_side() {
    let vector = |name: &str| {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../vectors/dossier");
        folder.join(name).display().to_string()
    };
    let [one, other] = ["history-one.zip", "history-other.zip"].map(vector);
    let folder = Folder::new();
    let html = folder.path().join("both.html").display().to_string();
    let left = stranger(&["verify", &one, &other, "--html", &html]);
    left.refused(1, "one history", "evidence against the author");
    let html = fs::read_to_string(html).unwrap();
    for says in ["It was otherwise: 4", "So it was: 4", "rus signed for it by"] {
        assert!(left.out.contains(says), "{says}: {}", left.out);
        assert!(html.contains(says), "{says}: {html}");
    }
    assert!(left.out.contains("binds usa: both signatures are its own"), "{}", left.out);
    let found = read(&[&one, &other]);
    assert_eq!((&found["ok"], found["convictions"][0]["bound"].as_str()), (&Value::Bool(false), Some("usa")));
}
