//! How the line stood, as of a time and as a party knew then: whoever claims otherwise can be shown.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]

mod parties;

use parties::{Party, two_connected};
use serde_json::{Value, json};

/// When an entry was written by its author's clock, and a ms before, as the command takes it.
fn times_of(party: &Party, entry: &str) -> [String; 2] {
    let entry = party.until(&["show", entry], |found| found["time_ms"].is_u64());
    let text = |ms: u64| jiff::Timestamp::from_millisecond(ms.cast_signed()).unwrap().to_string();
    let ms = entry["time_ms"].as_u64().unwrap();
    [text(ms), text(ms - 1)]
}

fn write(party: &Party, arguments: &[&str]) -> String {
    party.done(&[arguments, &["--wait=60"]].concat()).trim().to_owned()
}

#[test]
fn a_suspension_is_in_force_from_its_own_time_and_known_when_it_was_stated() {
    let ([usa, rus], _stations) = two_connected();
    write(&usa, &["send", "Before."]);
    let suspension = write(&rus, &["suspend", "--reason", "The strike."]);
    let [at, before] = times_of(&usa, &suspension);
    for party in [&usa, &rus] {
        let then = |time: &str| party.read(&["standing", "--as-of", time]);
        assert_eq!(then(&before)["open"], true);
        let suspended = then(&at);
        assert_eq!(
            (&suspended["open"], &suspended["parties"][1]["suspension"]["entry"]),
            (&json!(false), &json!(suspension))
        );
        assert_eq!(suspended["cut"]["rus/A"], 1, "{suspended}");
    }
    // Both sides say the same, from the same cut.
    let [ours, theirs] = [&usa, &rus].map(|party| party.read(&["standing", "--as-of", &at]));
    for field in ["cut", "parties", "members", "memorandum"] {
        assert_eq!(ours[field], theirs[field], "{field}");
    }
    // It has come to usa; that usa knew of it is shown by what usa writes then.
    let known = |party: &Party| party.read(&["standing", "--known-to", "usa"]);
    let silent = known(&rus);
    assert_eq!((&silent["open"], &silent["moment"]["provisional"]), (&json!(true), &json!(["usa"])));
    let told = write(&usa, &["officer", "on"]);
    let [stated, _] = times_of(&rus, &told);
    for party in [&usa, &rus] {
        let then = party.read(&["standing", "--known-to", "usa", "--as-of", &stated]);
        assert_eq!((&then["open"], &then["moment"]["known_to"]), (&json!(false), &json!("usa")));
    }
    let page = rus.done(&["standing", "--known-to", "usa", "--as-of", &before]);
    for says in ["● OPEN", "as known to usa", "cut", "● in effect"] {
        assert!(page.contains(says), "{says}: {page}");
    }
    assert!(rus.done(&["standing"]).contains("✗ suspended by rus/A/"));
    usa.run(&["standing", "--known-to", "fra"]).refused(2, "one of usa, rus", "");
}

#[test]
fn motions_and_positions_are_shown_as_they_were() {
    let ([usa, rus], _stations) = two_connected();
    let said = write(&usa, &["send", "The convoy left at 0600Z."]);
    let disputed = write(&rus, &["position", "dispute", &said, "It did not."]);
    let [_, before] = times_of(&usa, &disputed);
    let withdrawn = write(&rus, &["position", "withdraw", &said]);
    let [_, held] = times_of(&usa, &withdrawn);
    let motion = write(&usa, &["motion", "resolve", "That it left."]);
    let [pending, _] = times_of(&rus, &motion);
    write(&rus, &["motion", "for", &motion]);
    rus.until(&["motion", "list"], |list| !list["motions"][0]["decision"].is_null());
    for party in [&usa, &rus] {
        let of_rus = |time: &str| {
            party.read(&["positions", &said, "--as-of", time])["positions"]["rus"]["held"].clone()
        };
        assert_eq!((of_rus(&before), of_rus(&held)["entry"].clone()), (Value::Null, json!(disputed)));
        let then = party.read(&["motion", "list", "--as-of", &pending])["motions"][0].clone();
        assert_eq!((&then["decision"], &then["votes"]), (&Value::Null, &json!({"usa": "for"})));
        assert_eq!(party.read(&["motion", "list", "--as-of", &before])["motions"], json!([]));
    }
    assert!(usa.done(&["motion", "list", "--as-of", &pending]).contains("pending"));
}
