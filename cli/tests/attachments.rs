//! Files that go with messages, as two people pass them: a large one while the other's station is killed in the middle, with no more
//! memory than a small one needs, an empty one, and everything that must not be written over or led astray.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot be set up fails")]

mod parties;

use std::fs;
use std::io::{Read as _, Write as _};

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

/// MiB of the large file; `cargo xtask large-file` asks for 1,024.
const LARGE_MIB: &str = "DETENTE_TEST_LARGE_MIB";
const MIB: u64 = 1 << 20;
/// How much more memory than it had a station may come to need, whatever the file's size.
const GROWTH: u64 = 64 * MIB;

/// One MiB of the large file, of which no chunk is like another.
fn piece(number: u64) -> Vec<u8> {
    (number * MIB / 8..(number + 1) * MIB / 8)
        .flat_map(|place| place.wrapping_mul(place).to_le_bytes())
        .collect()
}

#[test]
fn a_large_file_survives_a_kill_in_the_middle_with_memory_held_flat() {
    let pieces: u64 = std::env::var(LARGE_MIB).map_or(192, |mib| mib.parse().expect("MiB"));
    let [usa, rus] = two();
    let (author, mut reader) = (usa.start(), rus.start());
    reader.says("a circuit is up");
    let (author_before, reader_before) = (author.peak_memory(), reader.peak_memory());
    let film = usa.folder.path().join("film.mp4");
    let mut file = fs::File::create(&film).unwrap();
    (0..pieces).for_each(|number| file.write_all(&piece(number)).unwrap());
    drop(file);
    let began = std::time::Instant::now();
    usa.done(&["send", "--wait=120", "Film.", "--attach", &film.display().to_string()]);
    once(&rus, "film.mp4", |one| one["received_bytes"].as_u64() > Some(pieces * MIB / 10));
    let reader_grew = reader.peak_memory() - reader_before;
    reader.signal("KILL");
    reader.ended();
    let part = |party: &Party| {
        let names = fs::read_dir(party.home().join("lines/syria/blobs")).unwrap();
        let names = names.map(|file| file.unwrap().path());
        names.into_iter().find(|path| path.extension().is_some_and(|end| end == "part"))
    };
    let had = fs::metadata(part(&rus).expect("it was killed in the middle")).unwrap().len();
    assert!(had > pieces * MIB / 10 && had < pieces * MIB, "{had}");
    let reader = rus.start();
    // A FLASH while the rest is on its way.
    usa.done(&["send", "--wait=120", "-p", "flash", "Stop."]);
    let one = once(&rus, "film.mp4", is_here);
    let took = began.elapsed();
    assert_eq!(one["size"], pieces * MIB);
    assert!(part(&rus).is_none());
    fs::remove_file(&film).unwrap();
    let target = rus.folder.path().join("film.mp4");
    rus.done(&["attachment", "get", "usa/R/1", "film.mp4", "-o", &target.display().to_string()]);
    let mut taken = fs::File::open(&target).unwrap();
    for number in 0..pieces {
        let mut bytes = vec![0; MIB as usize];
        taken.read_exact(&mut bytes).unwrap();
        assert!(bytes == piece(number), "other bytes in MiB {number}");
    }
    assert_eq!(taken.read(&mut [0]).unwrap(), 0, "and nothing more");
    let grew = [
        ("who sends", author.peak_memory() - author_before),
        ("who receives, until it was killed", reader_grew),
        ("who receives, from then on", reader.peak_memory().saturating_sub(reader_before)),
    ];
    for (who, grew) in grew {
        println!(
            "{pieces} MiB in {:.1} s: {who} came to need {:.1} MiB more",
            took.as_secs_f64(),
            grew as f64 / MIB as f64
        );
        assert!(grew < GROWTH, "{who} came to need {grew} bytes more");
    }
}
