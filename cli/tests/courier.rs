//! Books by hand between real stations that no circuit joins: both ways with receipts, in pieces and out of order, by a third party, and what
//! is refused.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]

mod parties;

use std::fs;
use std::path::Path;

use parties::{Folder, Party, Running};
use serde_json::{Value, json};

/// Parties that have agreed on the line `syria` and know no way to each other.
fn apart(names: &[&'static str]) -> Vec<Party> {
    let parties: Vec<Party> = names.iter().map(|name| Party::new(name)).collect();
    for party in &parties {
        assert_eq!(party.init(&[]).code, Some(0));
    }
    found(&parties);
    parties
}

fn found(parties: &[Party]) {
    let cards: Vec<String> = parties.iter().map(Party::card).collect();
    let draft: Vec<&str> = ["memorandum", "draft", "--line", "syria"]
        .into_iter()
        .chain(cards.iter().map(String::as_str))
        .collect();
    let paper = parties[0].folder.file("memorandum.toml", parties[0].done(&draft));
    for party in parties {
        party.done(&["memorandum", "sign", &paper]);
    }
    for party in parties {
        party.done(&["memorandum", "adopt", &paper]);
    }
}

/// Gives everybody everybody's courier key, as files.
fn exchange_keys(parties: &[Party], stick: &Folder) {
    for party in parties {
        let file = stick.path().join(format!("{}.key", party.name)).display().to_string();
        party.done(&["courier", "key", "--out", &file]);
        for other in parties.iter().filter(|other| other.name != party.name) {
            other.done(&["courier", "import", &file]);
        }
    }
}

/// Two that have each other's courier keys and nothing else.
fn two_apart() -> (Vec<Party>, Vec<Running>, Folder) {
    let parties = apart(&["usa", "rus"]);
    let stations = parties.iter().map(Party::start).collect();
    let stick = Folder::new();
    exchange_keys(&parties, &stick);
    (parties, stations, stick)
}

fn export(from: &Party, to: &str, stick: &Folder, name: &str) -> String {
    let file = stick.path().join(name).display().to_string();
    from.done(&["courier", "export", to, "--out", &file]);
    file
}

/// What a station holds of a book.
fn holds(at: &Party, book: &str) -> u64 {
    let books = at.read(&["record", "books"]);
    let all = books["books"].as_array().unwrap();
    all.iter().find(|one| one["book"] == json!(book)).map_or(0, |one| one["size"].as_u64().unwrap())
}

/// Up to where a party has receipted a book, as a station knows.
fn receipted(at: &Party, book: &str, by: &str) -> u64 {
    let books = at.read(&["record", "books"]);
    let all = books["books"].as_array().unwrap();
    let found = all.iter().find(|one| one["book"] == json!(book)).unwrap();
    found["receipts"][by]["size"].as_u64().unwrap_or(0)
}

/// A station has a circuit that works.
fn connected(at: &Party) {
    let ready = |status: &Value| {
        status["circuits"].as_array().is_some_and(|all| all.iter().any(|one| one["ready"] == json!(true)))
    };
    at.until(&["status"], ready);
}

#[test]
fn books_go_and_receipts_come_back_by_hand() {
    let (parties, _stations, stick) = two_apart();
    let [usa, rus] = parties.as_slice() else { unreachable!() };
    for text in ["One.", "Two.", "Three."] {
        usa.done(&["send", text]);
    }
    usa.done(&["send", "--precedence", "flash", "Strike in 10 minutes."]);
    let there = export(usa, "rus", &stick, "there.courier");
    let came = rus.read(&["courier", "import", &there]);
    assert_eq!(came["entries"], json!(4), "{came}");
    assert_eq!(came["files"][0]["from"], json!("usa"));
    assert_eq!((&came["files"][0]["refused"], &came["files"][0]["beyond"]), (&json!(0), &json!(0)), "{came}");
    // FLASH first, and handled like any other.
    assert_eq!(rus.read(&["show", "usa/Z/1"])["body"]["text"], json!("Strike in 10 minutes."));
    rus.done(&["ack", "usa/Z/1"]);
    let back = export(rus, "usa", &stick, "back.courier");
    let came = usa.read(&["courier", "import", &back]);
    let told = came["files"][0]["receipted"].as_array().unwrap().clone();
    assert!(told.contains(&json!({"book": "usa/Z", "before": 0, "after": 1})), "{came}");
    assert!(told.contains(&json!({"book": "usa/R", "before": 0, "after": 3})), "{came}");
    assert_eq!((receipted(usa, "usa/R", "rus"), holds(usa, "rus/Z")), (3, 1));
    // Nothing of the four goes again; what rus wrote is receipted by the next file.
    let again =
        usa.read(&["courier", "export", "rus", "--out", &stick.path().join("again").display().to_string()]);
    assert_eq!(again["files"][0]["entries"], json!(0), "{again}");
    // To import it all once more changes nothing.
    let came = usa.read(&["courier", "import", &back]);
    assert_eq!((&came["entries"], &came["files"][0]["refused"]), (&json!(0), &json!(0)), "{came}");
    let came = rus.read(&["courier", "import", &there]);
    assert_eq!((&came["entries"], &came["files"][0]["refused"]), (&json!(0), &json!(0)), "{came}");
}

#[test]
fn without_a_key_there_is_no_file_and_one_circuit_brings_it() {
    let (usa, rus) = (Party::new("usa"), Party::new("rus"));
    let peer = format!("usa=127.0.0.1:{}", usa.port);
    assert_eq!((usa.init(&[]).code, rus.init(&["--peer", &peer]).code), (Some(0), Some(0)));
    let parties = [usa, rus];
    found(&parties);
    let [usa, rus] = &parties;
    let station = usa.start();
    let stick = Folder::new();
    let file = stick.path().join("there").display().to_string();
    let left = usa.run(&["courier", "export", "rus", "--out", &file]);
    left.refused(1, "NoCourierKey", "detente courier key");
    assert!(!Path::new(&file).exists());
    usa.run(&["courier", "export", "tur", "--out", &file]).refused(2, "one of rus", "");
    let other = rus.start();
    connected(usa);
    connected(rus);
    let known = |at: &Party| {
        at.until(&["courier", "show"], |seen| seen["parties"][0]["key_made_ms"].is_u64());
    };
    // A key goes last, when nothing else is to be said: something has to happen for a test to look again.
    usa.done(&["send", "--wait=60", "Hello."]);
    rus.done(&["send", "--wait=60", "Hello."]);
    known(usa);
    known(rus);
    drop((station, other));
    // It is kept.
    let _station = usa.start();
    usa.done(&["send", "After the last circuit."]);
    export(usa, "rus", &stick, "there");
    let _other = rus.start_with(&[]);
    let came = rus.read(&["courier", "import", &file]);
    assert_eq!(came["files"][0]["refused"], json!(0), "{came}");
}

#[test]
fn files_in_pieces_come_in_any_order_and_more_than_once() {
    let (parties, _stations, stick) = two_apart();
    let [usa, rus] = parties.as_slice() else { unreachable!() };
    let text = "x".repeat(11_000);
    for _ in 0..30 {
        usa.done(&["send", &text]);
    }
    usa.done(&["send", "--precedence", "flash", "The last, and first of all."]);
    let file = stick.path().join("there").display().to_string();
    let made = usa.read(&["courier", "export", "rus", "--out", &file, "--max-bytes", "131072"]);
    let files: Vec<String> = made["files"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["file"].as_str().unwrap().to_owned())
        .collect();
    assert!(files.len() >= 3, "{made}");
    for path in &files {
        let length = fs::metadata(path).unwrap().len();
        assert!(length <= 131_072, "{path}: {length}");
    }
    // The last one alone brings nothing that it builds on.
    let last = files.last().unwrap();
    let came = rus.read(&["courier", "import", last]);
    assert!(came["files"][0]["beyond"].as_u64().unwrap() > 0, "{came}");
    assert_eq!(holds(rus, "usa/R"), 0);
    let backwards: Vec<&str> = files.iter().rev().chain(files.iter()).map(String::as_str).collect();
    let came = rus.read(&[&["courier", "import"], backwards.as_slice()].concat());
    assert_eq!((holds(rus, "usa/R"), holds(rus, "usa/Z")), (30, 1), "{came}");
    let back = export(rus, "usa", &stick, "back");
    usa.done(&["courier", "import", &back]);
    assert_eq!(receipted(usa, "usa/R", "rus"), 30);
}

#[test]
fn what_is_cut_edited_foreign_or_old_is_refused_and_nothing_of_it_is_taken() {
    let (parties, mut stations, stick) = two_apart();
    let [usa, rus] = parties.as_slice() else { unreachable!() };
    usa.done(&["send", "One."]);
    let there = export(usa, "rus", &stick, "there");
    let whole = fs::read(&there).unwrap();
    let refused = |name: &str, bytes: &[u8], says: &str, hint: &str| {
        let file = stick.file(name, bytes);
        rus.run(&["courier", "import", &file]).refused(1, says, hint);
        assert_eq!(holds(rus, "usa/R"), 0, "{name}");
    };
    refused("half", &whole[..whole.len() / 2], "Altered", "bring it again");
    refused("short", &whole[..whole.len() - 1], "Altered", "bring it again");
    let mut edited = whole.clone();
    let middle = edited.len() - 200;
    edited[middle] ^= 1;
    refused("edited", &edited, "Altered", "bring it again");
    refused("longer", &[&whole[..], b"x"].concat(), "Altered", "bring it again");
    refused("text", b"Dear Sir or Madam", "NotCourier", "detente courier export");
    refused("nothing", b"", "NotCourier", "detente courier export");
    refused("key", b"detente courier key 1\nAAAA", "Altered", "bring it again");
    // One's own, and that of another line between the same two.
    usa.run(&["courier", "import", &there]).refused(1, "NotForUs", "export again");
    let (others, _their_stations, _their_stick) = two_apart();
    let foreign = export(&others[0], "rus", &stick, "foreign");
    rus.run(&["courier", "import", &foreign]).refused(1, "NotForUs", "export again");
    let key = stick.path().join("foreign.key").display().to_string();
    others[0].done(&["courier", "key", "--out", &key]);
    rus.run(&["courier", "import", &key]).refused(1, "Misbehaved", "over a telephone");
    // A year later the key is still here; after two it is not.
    let later = |days: u64| {
        let now =
            std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_millis() as u64;
        (now + days * 86_400_000).to_string()
    };
    stations.truncate(1);
    stations.push(rus.start_with(&[("DETENTE_CLOCK", &later(380))]));
    let came = rus.read(&["courier", "import", &there]);
    assert_eq!(came["entries"], json!(1), "{came}");
    stations.truncate(1);
    let station = rus.start_with(&[("DETENTE_CLOCK", &later(800))]);
    drop(station);
    stations.push(rus.start_with(&[("DETENTE_CLOCK", &later(1_250))]));
    rus.run(&["courier", "import", &there]).refused(1, "NotForUs", "400 days");
}

#[test]
fn a_third_party_carries_books_between_two_that_do_not_reach_each_other() {
    let (usa, rus, tur) = (Party::new("usa"), Party::new("rus"), Party::new("tur"));
    let peer = format!("usa=127.0.0.1:{}", usa.port);
    assert_eq!((usa.init(&[]).code, rus.init(&[]).code), (Some(0), Some(0)));
    assert_eq!(tur.init(&["--peer", &peer]).code, Some(0));
    let parties = [usa, rus, tur];
    found(&parties);
    let [usa, rus, tur] = &parties;
    let _stations: Vec<Running> = parties.iter().map(Party::start).collect();
    let stick = Folder::new();
    exchange_keys(&parties, &stick);
    connected(tur);
    usa.done(&["send", "--precedence", "immediate", "To rus, by whoever reaches it."]);
    tur.until(&["record", "books"], |books| {
        books["books"].as_array().is_some_and(|all| all.iter().any(|one| one["book"] == json!("usa/O")))
    });
    let says = usa.done(&["circuits"]);
    assert!(says.contains("no circuit to rus: books come and go by any party"), "{says}");
    assert!(!says.contains("no circuit to tur"), "{says}");
    let there = export(tur, "rus", &stick, "there");
    rus.done(&["courier", "import", &there]);
    assert_eq!(rus.read(&["show", "usa/O/1"])["body"]["text"], json!("To rus, by whoever reaches it."));
    rus.done(&["ack", "usa/O/1"]);
    let back = export(rus, "tur", &stick, "back");
    let came = tur.read(&["courier", "import", &back]);
    assert_eq!(came["files"][0]["from"], json!("rus"));
    // And on by the circuit, without anybody's doing.
    usa.until(&["record", "books"], |books| {
        let all = books["books"].as_array().cloned().unwrap_or_default();
        all.iter().any(|one| one["book"] == json!("usa/O") && one["receipts"]["rus"]["size"] == json!(1))
            && all.iter().any(|one| one["book"] == json!("rus/O"))
    });
}

#[test]
fn attachments_come_when_they_are_asked_for() {
    let (parties, _stations, stick) = two_apart();
    let [usa, rus] = parties.as_slice() else { unreachable!() };
    let map: Vec<u8> = (0..200_000_u32).map(|n| (n * 7 % 251) as u8).collect();
    let path = stick.file("map.png", &map);
    usa.done(&["send", "--attach", &path, "With a map."]);
    let without = export(usa, "rus", &stick, "without");
    assert!(fs::metadata(&without).unwrap().len() < 100_000);
    rus.done(&["courier", "import", &without]);
    let state = |at: &Party| at.read(&["attachments"])["attachments"][0]["state"].clone();
    assert_ne!(state(rus), json!("here"));
    let with = stick.path().join("with").display().to_string();
    let small = ["courier", "export", "rus", "--out", &with, "--force", "--attachments"];
    let made = usa.read(&[&small[..], &["1000"]].concat());
    assert_eq!((&made["files"][0]["attachments"], &made["files"][0]["left_out"]), (&json!(0), &json!(1)));
    let made = usa.read(&[&small[..], &["1000000"]].concat());
    assert_eq!((&made["files"][0]["attachments"], &made["files"][0]["left_out"]), (&json!(1), &json!(0)));
    let came = rus.read(&["courier", "import", &with]);
    assert_eq!(
        (&came["files"][0]["attachments"], &came["files"][0]["refused"]),
        (&json!(1), &json!(0)),
        "{came}"
    );
    rus.until(&["attachments"], |all| all["attachments"][0]["state"] == json!("here"));
    let taken = stick.path().join("taken.png").display().to_string();
    rus.done(&["attachment", "get", "usa/R/1", "map.png", "-o", &taken]);
    assert_eq!(fs::read(&taken).unwrap(), map);
    // Once it is said on the record that it is held, it goes no more.
    rus.until(&["record", "books"], |books| {
        let all = books["books"].as_array().cloned().unwrap_or_default();
        all.iter().any(|one| one["book"] == json!("rus/R"))
    });
    let back = export(rus, "usa", &stick, "back");
    usa.done(&["courier", "import", &back]);
    let made = usa.read(&[&small[..], &["1000000"]].concat());
    assert_eq!((&made["files"][0]["attachments"], &made["files"][0]["left_out"]), (&json!(0), &json!(0)));
    let came = rus.read(&["courier", "import", &with]);
    assert_eq!((&came["files"][0]["attachments"], &came["entries"]), (&json!(0), &json!(0)), "{came}");
}
