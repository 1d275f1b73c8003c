//! Replays, as somebody at a terminal has them: what is shown, what is left behind, and the exit code.
#![expect(clippy::expect_used, reason = "a test whose scene cannot be set has failed")]

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};

fn demo(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_detente"))
        .env("DETENTE_LANGUAGE", "en")
        .args(["demo", "--once", "--pace", "instant", "--width", "120"])
        .args(arguments)
        .output()
        .expect("the command runs")
}

/// What is on the screen, without the breaks of its lines.
fn shown(output: &Output) -> String {
    let text =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A folder of one test alone, with a scenario in it.
fn folder(name: &str, scenario: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}", std::process::id()));
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).expect("a folder");
    fs::write(folder.join("scenario.toml"), scenario).expect("a scenario");
    folder
}

fn play(name: &str, scenario: &str) -> (Option<i32>, String) {
    let output = demo(&["--scenario", &folder(name, scenario).display().to_string()]);
    (output.status.code(), shown(&output))
}

const HEAD: &str = r#"
[scenario]
title = "Trial"
summary = "A trial."
fiction = "FICTION: all of it."
line = "trial"
start = 2026-01-10T06:00:00Z

[[party]]
name = "north"
full-name = "The North"

[[party]]
name = "south"
full-name = "The South"
"#;

#[test]
fn april_2017_holds_in_everything_that_it_expects() {
    let output = demo(&[]);
    let text = shown(&output);
    assert_eq!(output.status.code(), Some(0), "{text}");
    // Each side's console can be entered, by a link and a certificate of its own.
    let links: BTreeSet<&str> = text.split(' ').filter(|word| word.contains("/enrol#")).collect();
    let pins = text.split("spki-list=").nth(1).and_then(|rest| rest.split(' ').next()).unwrap_or_default();
    let pins: BTreeSet<&str> = pins.split(',').filter(|pin| pin.len() == 44).collect();
    assert_eq!((links.len(), pins.len()), (2, 2), "{links:?} {pins:?}");
    for expected in [
        "062240ZAPR17 Z NOTICE usa/Z/1",
        "lead time 2 h 00 min",
        "stays on the station of rus",
        "▲ CONFLICT: usa/Z/1 and plan/1",
        "(widened: two datums)",
        "plan/1 and usa/Z/1: conflict, computed by rus",
        "rus/A/1 acknowledged by usa",
        "✘ refused: NotPermitted",
        "safety of life",
        "“They are answering.”",
        "◐ in effect until 072100ZAPR17, rus/A/1",
        "○ suspended since 072100ZAPR17, rus/A/1",
        "carried by usa/A/2",
        "a circle of 55 km, all heights",
        "▲ conflict with usa/O/4 of usa",
        "everything in force: clear",
        "✘ STATION KILLED, as by kill -9",
        "nothing lost: all 200 accepted entries on every side, the same",
        "78 scheduled tests answered, 0 missed",
        "FICTION",
    ] {
        assert!(text.contains(expected), "lacks {expected}:\n{text}");
    }
    assert!(!text.contains('\x1b'), "no colour where there is no terminal");
}

#[test]
fn deir_ez_zor_2016_escalates_the_unanswered_call_and_shows_the_kilometres() {
    let output = demo(&["--scenario", "deir-ez-zor-2016"]);
    let text = shown(&output);
    assert_eq!(output.status.code(), Some(0), "{text}");
    for expected in [
        "▲ 8.6 km between them",
        "8.6 km between said and meant",
        "usa/O/1: clear, found by rus",
        "rus/Z/1 escalated to rank 1 by usa",
        "rus/Z/1 escalated to rank 2 by usa",
        "owes an answer: 1 Z",
        "rus/Z/1 handled by usa after 6 min 30 s",
    ] {
        assert!(text.contains(expected), "lacks {expected}:\n{text}");
    }
}

#[test]
fn an_expectation_that_does_not_hold_is_told_with_its_line_and_ends_with_1() {
    let scenario = format!(
        r#"{HEAD}
[memorandum]

[[step]]
after = "1m"
by = "north"
do = "message"
text = "Weather report."
expect = [
  {{ that = "receipted" }},
  {{ that = "acknowledged", within = "10ms" }},
]
"#
    );
    let line = scenario.lines().position(|line| line.contains("acknowledged")).expect("a line") + 1;
    let (code, text) = play("unmet", &scenario);
    assert_eq!(code, Some(1), "{text}");
    let told = format!("line {line} of the scenario: expected north/R/1 acknowledged by south");
    assert!(text.contains(&told), "lacks {told}:\n{text}");
    assert!(text.contains("✔ north/R/1 receipted by south"), "{text}");
}

#[test]
fn a_refusal_that_nobody_expected_is_a_failure() {
    let scenario = format!(
        r#"{HEAD}
[memorandum]

[[step]]
after = "1m"
by = "south"
do = "suspend"
reason = "An incident."
expect = [{{ that = "receipted" }}]

[[step]]
after = "1m"
by = "north"
do = "message"
text = "Weather report."
"#
    );
    let (code, text) = play("refused", &scenario);
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("expected accepted; found NotPermitted"), "{text}");
}

#[test]
fn three_parties_are_cut_off_and_everything_arrives_once_healed() {
    let scenario = format!(
        r#"{HEAD}
[[party]]
name = "east"
full-name = "The East"

[memorandum]
rule = {{ votes = 3, window = "24h" }}

[[step]]
after = "1m"
by = "east"
do = "message"
text = "All three hear this."
expect = [{{ that = "circuit", by = "east", is = "up" }}, {{ that = "receipted", by = ["north", "south"] }}]

[[step]]
after = "1m"
do = "cut"

[[step]]
id = "unheard"
after = "1m"
by = "north"
do = "message"
precedence = "Z"
text = "Nobody hears this yet."

[[step]]
after = "1m"
do = "heal"
expect = [{{ that = "receipted", of = "unheard", by = ["south", "east"], within = "60s" }}, {{ that = "same-books" }}]
"#
    );
    let (code, text) = play("three", &scenario);
    assert_eq!(code, Some(0), "{text}");
    for expected in
        ["╳ every circuit is cut", "north/Z/1 receipted by south, east", "✔ same at north, south, east"]
    {
        assert!(text.contains(expected), "lacks {expected}:\n{text}");
    }
}

/// Four parties: three votes carry, and the first two can defeat.
fn council(steps: &str) -> String {
    format!(
        r#"{HEAD}
[[party]]
name = "east"
full-name = "The East"

[[party]]
name = "west"
full-name = "The West"

[memorandum]
rule = {{ votes = 2, veto = ["north", "south"], window = "24h" }}

[[step]]
id = "motion"
after = "1m"
by = "east"
do = "move"
text = "That the bridge be mended."
closes = 2026-01-10T07:00:00Z
expect = [{{ that = "decided", is = "pending" }}, {{ that = "votes", for = 1 }}]
{steps}"#
    )
}

#[test]
fn a_vote_fills_in_a_roll_and_its_decision_says_why_and_that_all_compute_the_same() {
    let scenario = council(
        r#"
[[step]]
after = "1m"
by = "north"
do = "vote"
of = "motion"
choice = "for"

[[step]]
after = "1m"
by = "south"
do = "vote"
of = "motion"
choice = "abstain"

[[step]]
after = "1m"
do = "decision"
of = "motion"
expect = [{ that = "decided", of = "motion", is = "carried" }, { that = "votes", of = "motion", for = 2, abstain = 1 }]
"#,
    );
    let (code, text) = play("carried", &scenario);
    assert_eq!(code, Some(0), "{text}");
    for expected in [
        "·NORTH ·SOUTH ✔east ·west 1 for (2 needed), 0 against, 0 abstain, 3 silent",
        "VOTE FOR north/A/1 on east/A/1 all 3 others: ✔ receipted",
        "✔NORTH ·SOUTH ✔east ·west 2 for (2 needed), 0 against, 0 abstain, 2 silent",
        "✔NORTH –SOUTH ✔east ·west 2 for (2 needed), 0 against, 1 abstain, 1 silent",
        "north ──▶ DECIDES north/A/2 east/A/1 is CARRIED because 2 are for it and it takes 2",
        "all 3 others: ✔ computes the same: carried",
        "east/A/1 carried by north/A/2, as computed by north, south, east, west",
    ] {
        assert!(text.contains(expected), "lacks {expected}:\n{text}");
    }
}

#[test]
fn a_veto_holder_that_says_nothing_lets_a_motion_lapse_and_a_late_vote_changes_nothing() {
    let scenario = council(
        r#"
[[step]]
after = "1m"
do = "roll-call"
of = "motion"
for = ["north", "west"]
expect = [
  { that = "votes", of = "motion", for = 3 },
  { that = "decided", of = "motion", is = "pending" },
]

[[step]]
at = 2026-01-10T07:00:01Z
do = "decision"
of = "motion"

[[step]]
after = "1m"
by = "south"
do = "vote"
of = "motion"
choice = "for"
expect = [{ that = "votes", of = "motion", for = 4 }, { that = "decided", of = "motion", is = "lapsed" }]
"#,
    );
    let (code, text) = play("lapsed", &scenario);
    assert_eq!(code, Some(0), "{text}");
    for expected in [
        "north, west: VOTE FOR",
        "east/A/1 is LAPSED because its time is over: 3 were for it and it takes 2, but south said nothing",
        "east/A/1 lapsed by north/A/2",
    ] {
        assert!(text.contains(expected), "lacks {expected}:\n{text}");
    }
}

#[test]
fn a_plan_near_a_convoy_is_in_its_room_until_it_is_dropped() {
    let scenario = format!(
        r#"{HEAD}
[memorandum]
notice = [
  {{ name = "activity", lead = "0s" }},
  {{ name = "convoy", lead = "1h", nature = "movement", separation = {{ distance = "5km", time = "10m" }} }},
]

[[step]]
id = "plan"
after = "1m"
by = "south"
do = "plan"
notice = "activity"
text = "Firing"
circle = {{ centre = [34.0, 36.0], km = 1 }}
from = 2026-01-10T09:00:00Z
until = 2026-01-10T10:00:00Z

[[step]]
id = "convoy"
after = "1m"
by = "north"
do = "notice"
notice = "convoy"
text = "Convoy"
way = [
  {{ position = [33.9, 36.05], at = 2026-01-10T09:30:00Z }},
  {{ position = [34.1, 36.05], at = 2026-01-10T09:50:00Z }},
]
km = 0.1
expect = [{{ that = "conflict", between = ["plan", "convoy"], is = "within-separation" }}]

[[step]]
after = "1m"
by = "south"
do = "drop"
of = "plan"

[[step]]
after = "1m"
by = "south"
do = "check"
position = [34.0, 36.0]
km = 1
from = 2026-01-10T09:00:00Z
until = 2026-01-10T10:00:00Z
expect = [
  {{ that = "conflict", between = ["plan", "convoy"], is = "clear" }},
  {{ that = "touches", notice = "convoy", is = "within-separation" }},
]
"#
    );
    let (code, text) = play("dropped", &scenario);
    assert_eq!(code, Some(0), "{text}");
    for expected in ["plan/1 is given up", "a way along 2 waypoints"] {
        assert!(text.contains(expected), "lacks {expected}:\n{text}");
    }
}

#[test]
fn what_is_kept_is_a_folder_for_each_party_that_nothing_overwrites() {
    let scenario = format!("{HEAD}\n[memorandum]\n\n[[step]]\nafter = \"1m\"\ndo = \"look\"\n");
    let folder = folder("kept", &scenario);
    let kept = folder.join("stations").display().to_string();
    let keep = || demo(&["--scenario", &folder.display().to_string(), "--keep", &kept]);
    let output = keep();
    assert_eq!(output.status.code(), Some(0), "{}", shown(&output));
    for party in ["north", "south"] {
        let memorandum = folder.join("stations").join(party).join("lines/trial/memorandum.toml");
        assert!(memorandum.exists(), "{}", shown(&output));
    }
    let again = keep();
    assert_eq!(again.status.code(), Some(1), "a folder that exists is not written into");
    assert!(shown(&again).contains("expected a folder that can be made"), "{}", shown(&again));
}
