//! Files that go with messages, as two people pass them: a large one while the other's station is killed in the middle, an
//! empty one, and everything that must not be written over or led astray.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot be set up fails")]

mod parties;

use std::fs;

use parties::{Party, two, two_connected};
use serde_json::Value;

/// What a station knows of an attachment.
fn listed(party: &Party, name: &str) -> Value {
    let answer: Value = serde_json::from_str(&party.done(&["attachments", "--json"])).unwrap();
    let all = answer["attachments"].as_array().cloned().unwrap_or_default();
    all.into_iter().find(|one| one["name"] == name).unwrap_or(Value::Null)
}

/// Looks until it is as wanted.
fn once(party: &Party, name: &str, wanted: impl Fn(&Value) -> bool) -> Value {
    let began = std::time::Instant::now();
    loop {
        let one = listed(party, name);
        if wanted(&one) {
            return one;
        }
        assert!(began.elapsed().as_secs() < 120, "{name} at {}: {one}", party.name);
    }
}

fn is_here(one: &Value) -> bool {
    one["state"] == "here"
}

#[test]
fn files_are_attached_listed_and_taken_out() {
    let ([usa, rus], _running) = two_connected();
    let map = usa.folder.file("map.png", [7; 100_000]);
    let nothing = usa.folder.file("empty.txt", "");
    let sent = usa.done(&["send", "--wait=120", "As attached.", "--attach", &map, "--attach", &nothing]);
    assert_eq!(sent.trim(), "usa/R/1");
    for name in ["map.png", "empty.txt"] {
        once(&rus, name, |one| is_here(one) && one["held_by"].as_object().is_some_and(|by| by.len() == 2));
    }
    let page = rus.done(&["attachments", "usa/R/1"]);
    for says in ["map.png", "● here", "97.6 KiB, image/png", "by usa", "by rus since", "rus/R/1", "0 bytes"]
    {
        assert!(page.contains(says), "{says}: {page}");
    }
    let shown = rus.done(&["show", "usa/R/1"]);
    assert!(shown.contains("map.png (97.6 KiB, image/png), empty.txt (0 bytes, text/plain)"), "{shown}");
    let target = rus.folder.path().join("taken.png");
    let to = target.display().to_string();
    let get = ["attachment", "get", "usa/R/1", "map.png", "-o", &to];
    assert_eq!(rus.done(&get).trim(), to);
    assert_eq!(fs::read(&target).unwrap(), [7; 100_000]);
    rus.run(&get).refused(1, "expected a file that is not there yet", "--force");
    rus.done(&[&get[..], &["--force"]].concat());
    rus.run(&["attachment", "get", "usa/R/1", "../map.png"]).refused(
        1,
        "map.png, empty.txt",
        "attachments REF",
    );
    let bad = usa.folder.file("-rf", "x");
    usa.run(&["send", "x", "--attach", &bad]).refused(2, "a name that an attachment may have", "copy it");
    usa.run(&["send", "x", "--attach", "/"]).refused(2, "a name that an attachment may have", "copy it");
    let folder = usa.folder.path().display().to_string();
    usa.run(&["send", "x", "--attach", &folder]).refused(2, "expected a file", "archive");
    usa.run(&["send", "x", "--attach", &format!("{folder}/none")]).refused(2, "none", "check the path");
    assert_eq!(usa.run(&["show", "usa/R/2"]).code, Some(1), "nothing was written without its file");
}

#[test]
fn two_hundred_megabytes_survive_a_kill_in_the_middle() {
    let [usa, rus] = two();
    let (_author, mut reader) = (usa.start(), rus.start());
    reader.says("a circuit is up");
    let bytes: Vec<u8> = (0..25_000_000_u64).flat_map(|place| (place * place).to_le_bytes()).collect();
    let film = usa.folder.file("film.mp4", &bytes);
    usa.done(&["send", "--wait=120", "Film.", "--attach", &film]);
    once(&rus, "film.mp4", |one| one["received_bytes"].as_u64() > Some(20_000_000));
    reader.signal("KILL");
    reader.ended();
    let part = |party: &Party| {
        let names = fs::read_dir(party.home().join("lines/syria/blobs")).unwrap();
        let names = names.map(|file| file.unwrap().path());
        names.into_iter().find(|path| path.extension().is_some_and(|end| end == "part"))
    };
    let had = fs::metadata(part(&rus).expect("it was killed in the middle")).unwrap().len();
    assert!(had > 20_000_000 && had < 200_000_000, "{had}");
    let _reader = rus.start();
    // A FLASH while the rest is on its way.
    usa.done(&["send", "--wait=120", "-p", "flash", "Stop."]);
    let one = once(&rus, "film.mp4", is_here);
    assert_eq!(one["size"], 200_000_000);
    assert!(part(&rus).is_none());
    let target = rus.folder.path().join("film.mp4");
    rus.done(&["attachment", "get", "usa/R/1", "film.mp4", "-o", &target.display().to_string()]);
    assert!(fs::read(&target).unwrap() == bytes, "other bytes");
}
