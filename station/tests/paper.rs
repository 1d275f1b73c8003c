//! A memorandum written as a file is the same memorandum when it is read again, whatever it says: every sound one of the
//! vectors that a file can say, and one with everything.

#![allow(clippy::unwrap_used, reason = "a vector that cannot be read has failed")]

use std::path::Path;

use detente_line::{Memorandum, Terms};
use detente_station::paper::{Change, Paper};
use serde_json::Value;

/// Bytes of a vector: hex, in which `00*64` is 64 bytes `00`.
fn bytes(text: &str) -> Vec<u8> {
    let byte = |pair: &str| u8::from_str_radix(pair, 16).unwrap();
    let group = |group: &str| match group.split_once('*') {
        Some((pair, times)) => vec![byte(pair); times.parse().unwrap()],
        None => (0..group.len()).step_by(2).map(|at| byte(&group[at..at + 2])).collect(),
    };
    text.split(' ').flat_map(group).collect()
}

fn sound() -> Vec<(String, Memorandum)> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../vectors/line/memorandum.json");
    let file: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let sound = file["sound"].as_array().unwrap().iter();
    let read = sound.map(|case| {
        let name = case["name"].as_str().unwrap().to_owned();
        (name, Memorandum::decode(&bytes(case["bytes"].as_str().unwrap())).unwrap())
    });
    read.collect()
}

/// What a file says otherwise: all the way around the earth is from 180° to 180°, wherever it began, and no circuits are no list.
fn as_written(terms: &Terms) -> Terms {
    let mut terms = terms.clone();
    if let Some(extent) = terms.extent.as_mut().filter(|extent| extent.east - extent.west == 3_600_000_000) {
        (extent.west, extent.east) = (-1_800_000_000, 1_800_000_000);
    }
    terms.circuits = terms.circuits.filter(|circuits| !circuits.is_empty());
    terms
}

#[test]
fn what_is_written_is_read_as_the_same() {
    // Its kinds that pass are numbers that no word names.
    let sayable = sound().into_iter().filter(|(name, _)| name != "262,144 bytes");
    let mut read = 0;
    for (name, memorandum) in sayable {
        let text = Paper::of(&memorandum).text();
        let again = Paper::parse(Path::new("written"), &text).unwrap().memorandum(Path::new("written"));
        let again = again.unwrap();
        assert_eq!(again.terms(), &as_written(memorandum.terms()), "{name}:\n{text}");
        read += 1;
    }
    assert!(read >= 4, "{read} were read");
}

#[test]
fn what_two_say_otherwise_is_told_field_by_field() {
    let sound = sound();
    let of = |wanted: &str| Paper::of(&sound.iter().find(|(name, _)| name == wanted).unwrap().1);
    let (two, least) = (of("two parties"), of("least"));
    assert_eq!(two.changes(&two), []);
    let changed = two.changes(&least);
    let change = |field: &str, before: Option<&str>, after: Option<&str>| Change {
        field: field.into(),
        before: before.map(str::to_owned),
        after: after.map(str::to_owned),
    };
    for expected in [
        change("handling.flash", Some("10m"), Some("1ms")),
        change("motions.votes-to-carry", Some("2"), Some("1")),
        change("escalation.1.rank", Some("1"), None),
    ] {
        assert!(changed.contains(&expected), "{expected:?}: {changed:?}");
    }
    assert!(!changed.iter().any(|change| change.field.starts_with("party")), "the parties are the same");
}
