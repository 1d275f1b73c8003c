//! A party is admitted, is expelled, and another leaves: three real stations, each of which says the same of it.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]

mod parties;

use parties::{Party, two_connected};
use serde_json::{Value, json};

fn members(party: &Party, names: &[&str]) {
    party.until(&["status"], |status| status["members"] == json!(names));
}

/// Usa moves an amendment in a file, the others are for it, and it is in force at all of them.
fn amend(parties: &[&Party], file: &str) {
    let motion = parties[0].done(&["motion", "amend", file, "--text", "That the parties be others."]);
    for party in &parties[1..] {
        party.until(&["motion", "list"], |list| list["motions"][0]["motion"] == json!(motion.trim()));
        party.done(&["motion", "for", motion.trim()]);
    }
    for party in parties {
        party.until(&["motion", "list"], |list| {
            let decided = |moved: &Value| {
                moved["motion"] == json!(motion.trim()) && moved["decision"]["outcome"] == json!("carried")
            };
            list["motions"].as_array().is_some_and(|all| all.iter().any(decided))
        });
    }
}

#[test]
fn parties_come_and_go_and_every_station_says_the_same() {
    let ([usa, rus], _stations) = two_connected();
    let before = usa.done(&["send", "--wait=60", "Between the two of us."]);
    let founding = usa.home().join("lines/syria/memorandum.toml").display().to_string();

    // Admitted: it is given everything, and is heard.
    let syr = Party::new("syr");
    let peer = |party: &Party| format!("{}=127.0.0.1:{}", party.name, party.port);
    assert_eq!(syr.init(&["--peer", &peer(&usa), "--peer", &peer(&rus)]).code, Some(0));
    let unknown = usa.run(&["memorandum", "in-force", "--expel", "tur"]);
    unknown.refused(2, "expected one of usa, rus, found tur", "detente status");
    let file = usa.done(&["memorandum", "in-force", "--admit", &syr.card()]);
    let admitting = usa.folder.file("admitting.toml", file);
    amend(&[&usa, &rus], &admitting);
    syr.run(&["memorandum", "adopt", &founding]).refused(1, "are not those that the memorandum names", "");
    syr.run(&["memorandum", "adopt", &founding, "--admitted-by", &founding]).refused(
        1,
        "one without a predecessor, which founds a line",
        "detente memorandum in-force",
    );
    syr.done(&["memorandum", "adopt", &founding, "--admitted-by", &admitting]);
    let mut at_syr = syr.start();
    for party in [&usa, &rus, &syr] {
        members(party, &["usa", "rus", "syr"]);
    }
    assert!(syr.done(&["show", before.trim()]).contains("Between the two of us."));
    let said = syr.done(&["send", "--wait=120", "Good morning to both."]);
    assert_eq!(rus.read(&["show", said.trim()])["marked"], json!(null));
    let out = rus.folder.path().join("said.zip").display().to_string();
    let founding_only = ["dossier", "make", said.trim(), "--founding-only", "--out", &out];
    rus.run(&founding_only).refused(2, "those who founded the line", "");
    rus.done(&["dossier", "make", said.trim(), "--out", &out]);
    let found = rus.read(&["verify", &out]);
    assert_eq!(found["amendments"][0]["votes"].as_array().map(Vec::len), Some(2), "{found}");
    let shown =
        found["entries"].as_array().unwrap().iter().find(|entry| entry["entry"] == json!(said.trim()));
    let facts = shown.unwrap()["facts"].as_array().unwrap().iter();
    let facts: Vec<_> = facts.map(|fact| (fact["fact"].clone(), fact["bound"].clone())).collect();
    let [wrote, stored] = [json!("wrote"), json!("stored")];
    let bound = |fact: &Value, by: &str| (fact.clone(), json!(by));
    assert_eq!(facts, [bound(&wrote, "syr"), bound(&stored, "usa"), bound(&stored, "rus")]);
    assert!(rus.done(&["verify", &out]).contains("admitting syr"));

    // After a start everything is as it was.
    at_syr.signal("TERM");
    at_syr.ended();
    let _at_syr = syr.start();
    members(&syr, &["usa", "rus", "syr"]);
    syr.done(&["send", "--wait=120", "Still here."]);
    assert!(syr.done(&["record", "verify"]).contains("syr"));

    // Expelled: it is told by what, and is heard no more; what it said stays under its name.
    let file = usa.done(&["memorandum", "in-force", "--expel", "syr"]);
    let expelling =
        usa.folder.file("expelling.toml", file.replace("votes-to-carry = 3", "votes-to-carry = 2"));
    amend(&[&usa, &rus], &expelling);
    for party in [&usa, &rus, &syr] {
        members(party, &["usa", "rus"]);
    }
    syr.run(&["send", "Too late."]).refused(2, "found no member since usa/A/", "");
    syr.until(&["status"], |status| status["circuits"] == json!([]));
    assert!(syr.done(&["status"]).contains("✗ a member no more by usa/A/"));
    let after = usa.done(&["send", "--wait=60", "Between the two of us again."]);
    syr.run(&["show", after.trim()]).refused(1, "", "");
    assert!(rus.done(&["show", said.trim()]).contains("Good morning to both."));

    // Whoever leaves says so, and nothing more.
    rus.run(&["leave", "--for-good", "iraq"]).refused(2, "expected syria, the line that is left", "");
    let left = rus.done(&["leave", "--for-good", "syria", "--reason", "It is over."]);
    members(&usa, &["usa"]);
    assert!(usa.done(&["show", left.trim()]).contains("It is over."));
    assert!(usa.done(&["status"]).contains(&format!("✗ it has left by {}", left.trim())));
    rus.run(&["send", "One more thing."]).refused(2, &format!("no member since {}", left.trim()), "");
    usa.run(&["leave", "--for-good", "syria"]).refused(1, "another depositary before this one leaves", "");
}
