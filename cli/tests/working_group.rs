//! A working group from the motion that founds it to its own line, on stations that carry its parent and on one that does not.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]

mod parties;

use parties::{Party, two_connected};
use serde_json::{Value, json};

/// The decision that carried a motion, once it is at a party.
fn carried(party: &Party, motion: &str) -> String {
    let of = |list: &Value| {
        let motions = list["motions"].as_array().unwrap().clone();
        motions.into_iter().find(|one| one["motion"] == json!(motion))
    };
    let list = party.until(&["motion", "list"], |list| {
        of(list).is_some_and(|one| one["decision"]["outcome"] == json!("carried"))
    });
    of(&list).unwrap()["decision"]["entry"].as_str().unwrap().to_owned()
}

fn card(party: &Party) -> String {
    party.home().join(format!("lines/inquiry/{}.party.toml", party.name)).display().to_string()
}

#[test]
fn a_working_group_names_the_decision_that_founded_it_and_is_held_to_it() {
    let ([usa, rus], mut stations) = two_connected();
    let unnamed = usa.run(&["motion", "found", "The Inquiry", "x"]);
    assert!(unnamed.code == Some(2) && unnamed.err.contains("such as inquiry"), "{unnamed:?}");
    let motion = usa.done(&["motion", "found", "inquiry", "To look into the strike of 4 April."]);
    let motion = motion.trim();
    rus.until(&["motion", "list"], |list| list["motions"][0]["motion"] == json!(motion));
    assert!(rus.done(&["motion", "list"]).contains("to found inquiry"));
    rus.done(&["motion", "for", motion]);
    let decision = carried(&usa, motion);

    // The draft: what the parent's record does not say cannot be drafted from it.
    let draft = ["memorandum", "draft", "--working-group-of", "syria", "--by"];
    let drafts = |decision: &str, more: &[&str]| usa.run(&[&draft, &[decision][..], more].concat());
    drafts(&decision, &[]).refused(2, "usa.party.toml rus.party.toml", "--line inquiry");
    drafts(motion, &[]).refused(2, "is no decision that stands", "motion list");
    drafts("usa/A/99", &[]).refused(2, "is not held here", "motion list");
    for party in [&usa, &rus] {
        party.done(&["init", "--party", party.name, "--line", "inquiry"]);
    }
    let cards = [card(&usa), card(&rus)];
    let cards = [cards[0].as_str(), cards[1].as_str()];
    let named = drafts(&decision, &[&["--line", "other"][..], &cards].concat());
    named.refused(2, "expected inquiry, found other", "the decision names the line");
    let drafted = drafts(&decision, &cards);
    assert_eq!(drafted.code, Some(0), "{}", drafted.err);
    assert!(!drafted.err.contains("parent line"), "its parties are the parent's: {}", drafted.err);
    let paper = usa.folder.file("inquiry.toml", &drafted.out);
    assert!(drafted.out.contains("decision = \"0/A/2\""), "{}", drafted.out);

    // Held to the parent's record where that is, and to nothing else.
    let checked = usa.done(&["memorandum", "check", &paper]);
    assert!(checked.contains("was carried on syria, and founds this line"), "{checked}");
    let hash = drafted.out.lines().find(|line| line.starts_with("decision-hash")).unwrap();
    let forged = drafted.out.replace(hash, &format!("decision-hash = \"{}\"", "0".repeat(64)));
    let forged = usa.folder.file("forged.toml", forged);
    usa.run(&["memorandum", "check", &forged]).refused(1, "the decision has the hash", "--by DECISION");
    let renamed = usa.folder.file("renamed.toml", drafted.out.replace("\"inquiry\"", "\"inquest\""));
    usa.run(&["memorandum", "check", &renamed]).refused(1, "founds a line called inquiry", "");
    let elsewhere = drafted.out.replace("0/A/2", "0/A/1");
    let elsewhere = usa.folder.file("elsewhere.toml", elsewhere);
    usa.run(&["memorandum", "check", &elsewhere]).refused(1, "is no decision that stands", "");
    for (wrong, says) in [("0/Z/2", "an act of the parent line"), ("usa/A/2", "such as 0/A/4")] {
        let file = usa.folder.file("wrong.toml", drafted.out.replace("0/A/2", wrong));
        usa.run(&["memorandum", "check", &file]).refused(1, says, "correct");
    }
    stations[1].signal("TERM");
    stations[1].ended();
    let unchecked = rus.done(&["memorandum", "check", &paper]);
    assert!(unchecked.contains("not checked: no station runs here"), "{unchecked}");
    let shown = usa.done(&["memorandum", "show", &paper]);
    assert!(shown.contains("Working group of") && shown.contains("Founded by       0/A/2 there"), "{shown}");

    // In force, it tells its parent, and the parent tells it.
    for party in [&usa, &rus] {
        party.done(&["memorandum", "sign", &paper]);
    }
    usa.run(&["memorandum", "adopt", &forged]).refused(1, "the decision has the hash", "");
    let adopted = usa.run(&["memorandum", "adopt", &paper]);
    assert!(adopted.err.contains("founds this line"), "{}", adopted.err);
    stations[0].signal("TERM");
    stations[0].ended();
    let _again = usa.start();
    let parent = usa.read(&["status", "--line", "inquiry"])["parent"].clone();
    let told = [&parent["name"], &parent["decision"], &parent["holds"]];
    assert_eq!(told, [&json!("syria"), &json!(decision), &json!(true)]);
    assert!(usa.done(&["status", "--line", "inquiry"]).contains("● that decision was carried there"));
    assert_eq!(usa.read(&["status", "--line", "syria"])["parent"], json!(null));
    let motions = usa.read(&["motion", "list", "--line", "syria"]);
    assert_eq!(motions["motions"][0]["founded"], json!(["inquiry"]));
    let amending = usa.done(&["memorandum", "in-force", "--line", "inquiry"]);
    let hash = hash.to_owned();
    assert!(amending.contains(&hash), "an amendment keeps what founded it: {amending}");
}
