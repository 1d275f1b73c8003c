//! What every verb that writes puts into its draft, and what it says of its fate.

use std::io::Write as _;
use std::process::Stdio;

use serde_json::{Value, json};

use crate::fake_station::{Answer, FakeStation, NOW_MS, detente, refused, run, usual};

const HOUR: u64 = 3_600_000;

#[test]
fn every_verb_writes_the_draft_of_the_specification() {
    let station = FakeStation::new(usual);
    let cases: Vec<(Vec<&str>, Value)> = vec![
        (vec!["send", "Aircraft."], json!({"kind": "message", "text": "Aircraft."})),
        (
            vec![
                "send",
                "-p",
                "Z",
                "--safety-of-life",
                "--reply-by",
                "+2h",
                "--regarding",
                "rus/Z/2",
                "--regarding",
                "rus/R.1/7",
                "--office",
                "duty officer",
                "--language",
                "en",
                "Hold.",
            ],
            json!({"kind": "message", "text": "Hold.", "precedence": "Z", "safety_of_life": true, "reply_by_ms": NOW_MS + 2 * HOUR, "regards": ["rus/Z/2", "rus/R.1/7"], "office": "duty officer", "language": "en"}),
        ),
        (
            vec!["send", "--safety-of-life", "Hold."],
            json!({"kind": "message", "text": "Hold.", "precedence": "Z", "safety_of_life": true}),
        ),
        (
            vec!["send", "--precedence", "immediate", "x"],
            json!({"kind": "message", "text": "x", "precedence": "O"}),
        ),
        (
            vec!["send", "--precedence", "p", "--", "-x"],
            json!({"kind": "message", "text": "-x", "precedence": "P"}),
        ),
        (vec!["ack", "rus/Z/2"], json!({"kind": "acknowledgement", "regards": ["rus/Z/2"]})),
        (
            vec!["ack", "rus/Z/2", "Heard."],
            json!({"kind": "acknowledgement", "regards": ["rus/Z/2"], "text": "Heard."}),
        ),
        (
            vec!["reply", "rus/Z/2", "No."],
            json!({"kind": "message", "regards": ["rus/Z/2"], "text": "No.", "answers": true}),
        ),
        (
            vec!["amend", "usa/R/5", "New."],
            json!({"kind": "amendment", "regards": ["usa/R/5"], "text": "New."}),
        ),
        (
            vec!["withdraw", "usa/R/5", "--reason", "Moot."],
            json!({"kind": "withdrawal", "regards": ["usa/R/5"], "reason": "Moot."}),
        ),
        (
            vec!["read-back", "rus/Z/2", "East of it", "--position", "-35.5,40"],
            json!({"kind": "read-back", "regards": ["rus/Z/2"], "text": "East of it", "position": [-35.5, 40.0]}),
        ),
        (
            vec!["passed-on", "rus/Z/2", "--to", "CAOC"],
            json!({"kind": "passed-on", "regards": ["rus/Z/2"], "to": "CAOC"}),
        ),
        (vec!["cease", "35.1234,40.5678"], json!({"kind": "cease", "position": [35.1234, 40.5678]})),
        (
            vec!["cease", "-35.1,40", "Stop.", "--line", "syria"],
            json!({"kind": "cease", "position": [-35.1, 40.0], "text": "Stop."}),
        ),
        (
            vec![
                "notice",
                "send",
                "--kind",
                "activity",
                "--text",
                "Firing",
                "--from",
                "+48h",
                "--until",
                "082240ZAPR17",
                "--area",
                "-35,40 35,41 36,41",
                "--lowest-m",
                "-10",
                "--highest-m",
                "5000",
                "--forces",
                "all",
                "--emergency",
            ],
            json!({"kind": "notice", "notice": {"notice_kind": "activity", "text": "Firing", "from_ms": NOW_MS + 48 * HOUR, "until_ms": NOW_MS + 48 * HOUR, "area": [[-35.0, 40.0], [35.0, 41.0], [36.0, 41.0]], "lowest_m": -10.0, "highest_m": 5000.0, "forces": "all", "emergency": true}}),
        ),
        (
            vec![
                "notice",
                "send",
                "--amends",
                "usa/P/1",
                "--kind",
                "activity",
                "--text",
                "Later",
                "--from",
                "+1h",
                "--until",
                "+2h",
                "--area",
                "35N 40E; 35N 41E; 36N 41E",
            ],
            json!({"kind": "amendment", "regards": ["usa/P/1"], "notice": {"notice_kind": "activity", "text": "Later", "from_ms": NOW_MS + HOUR, "until_ms": NOW_MS + 2 * HOUR, "area": [[35.0, 40.0], [35.0, 41.0], [36.0, 41.0]]}}),
        ),
        (vec!["suspend", "--reason", "The strike"], json!({"kind": "suspends", "reason": "The strike"})),
        (
            vec![
                "suspend",
                "--reason",
                "It",
                "--effective",
                "2017-04-07T00:00+03:00",
                "--scope",
                "message",
                "--scope",
                "notice",
            ],
            json!({"kind": "suspends", "reason": "It", "effective_ms": NOW_MS - 100 * 60_000, "scope": ["message", "notice"]}),
        ),
        (vec!["resume", "--effective", "now"], json!({"kind": "resumes", "effective_ms": NOW_MS})),
        (vec!["resume"], json!({"kind": "resumes"})),
        (
            vec!["reopen", "propose", "--text", "Let us", "--closes", "+1h"],
            json!({"kind": "motion", "text": "Let us", "closes_ms": NOW_MS + HOUR}),
        ),
        (vec!["reopen", "propose", "--about", "rus/A/1"], json!({"kind": "motion", "regards": ["rus/A/1"]})),
        (vec!["reopen", "agree"], json!({"kind": "vote", "choice": "for"})),
        (
            vec!["reopen", "oppose", "usa/A/2", "--text", "Not yet"],
            json!({"kind": "vote", "choice": "against", "regards": ["usa/A/2"], "text": "Not yet"}),
        ),
        (vec!["reopen", "abstain"], json!({"kind": "vote", "choice": "abstain"})),
        (
            vec!["motion", "resolve", "That it was so", "--about", "rus/R/1", "--closes", "+1h"],
            json!({"kind": "motion", "matter": "resolve", "text": "That it was so", "closes_ms": NOW_MS + HOUR, "regards": ["rus/R/1"]}),
        ),
        (
            vec!["motion", "resolve", "That it was so"],
            json!({"kind": "motion", "matter": "resolve", "text": "That it was so"}),
        ),
        (vec!["motion", "for"], json!({"kind": "vote", "choice": "for"})),
        (
            vec!["motion", "against", "usa/A/2", "--text", "Not so"],
            json!({"kind": "vote", "choice": "against", "regards": ["usa/A/2"], "text": "Not so"}),
        ),
        (
            vec!["motion", "abstain", "usa/A/2"],
            json!({"kind": "vote", "choice": "abstain", "regards": ["usa/A/2"]}),
        ),
        (
            vec!["position", "affirm", "rus/Z/2"],
            json!({"kind": "position", "stance": "affirms", "regards": ["rus/Z/2"]}),
        ),
        (
            vec![
                "position",
                "dispute",
                "rus/Z/2",
                "It was not",
                "--borne-out-by",
                "usa/R/1",
                "--borne-out-by",
                "usa/R/2",
                "-p",
                "O",
            ],
            json!({"kind": "position", "stance": "disputes", "text": "It was not", "precedence": "O", "regards": ["rus/Z/2", "usa/R/1", "usa/R/2"]}),
        ),
        (
            vec!["position", "correct", "usa/R/1", "It was a school"],
            json!({"kind": "position", "stance": "corrects", "text": "It was a school", "regards": ["usa/R/1"]}),
        ),
        (
            vec!["position", "withdraw", "rus/Z/2"],
            json!({"kind": "position", "stance": "withdraws", "regards": ["rus/Z/2"]}),
        ),
        (vec!["officer", "on", "--office", "2"], json!({"kind": "duty", "state": "on", "office": "2"})),
        (vec!["officer", "off"], json!({"kind": "duty", "state": "off"})),
        (
            vec!["officer", "handover", "duty officer"],
            json!({"kind": "duty", "state": "handover", "to": "duty officer"}),
        ),
    ];
    for (place, (arguments, draft)) in cases.iter().enumerate() {
        let left = station.run(arguments);
        assert_eq!((left.code, left.out.as_str()), (Some(0), "usa/Z/3\n"), "{arguments:?}: {}", left.err);
        assert_eq!(station.drafts().get(place), Some(draft), "{arguments:?}");
    }
}

#[test]
fn what_was_understood_is_told_back() {
    let station = FakeStation::new(usual);
    let left = station.run(&["cease", "35°20'10\"N 040°05'00\"E"]);
    assert!(
        left.err.starts_with("position 35.3361111, 40.0833333  (35°20'10.000\"N 040°05'00.000\"E)\n"),
        "{}",
        left.err
    );
    let left = station.run(&["send", "--reply-by", "070040ZAPR17", "x"]);
    assert!(left.err.starts_with("reply by 070040ZAPR17 00:40:00Z (in 2 h 00 min)\n"), "{}", left.err);
    let left = station.run(&["cease", "35,40", "--json"]);
    assert_eq!(left.err, "", "programs are told nothing back");
    assert_eq!(left.out, "{\"durable\":true,\"entry\":\"usa/Z/3\",\"receipted_by\":[\"rus\"]}\n");
}

#[test]
fn to_wait_is_to_wait_for_every_other_party() {
    let station = FakeStation::new(usual);
    let left = station.run(&["send", "--wait", "x"]);
    assert_eq!((left.code, left.err.as_str()), (Some(0), "durable here; receipted by rus\n"));
    assert!(
        station.asked().iter().any(|asked| asked.what.ends_with("/entries?until=receipted&timeout_ms=10000"))
    );

    let unheard = FakeStation::but("POST /v1/lines/syria/entries?until=receipted&timeout_ms=3000", || {
        Answer::Text(200, r#"{"entry":"usa/R/1","durable":true,"receipted_by":[]}"#.into())
    });
    let left = unheard.run(&["send", "--wait=3", "x"]);
    assert_eq!((left.code, left.out.as_str()), (Some(1), "usa/R/1\n"));
    assert_eq!(
        left.err,
        "error: NotReceipted: usa/R/1: expected a receipt of every other party within 3 s, found none of rus\n \
         hint: it is durable here and goes out by itself; do not send it again: `detente show` tells its receipts\n"
    );
}

#[test]
fn a_refusal_comes_in_the_stations_words() {
    let station = FakeStation::but("POST /v1/lines/syria/entries", || {
        refused(409, "NotPermitted", "suspended by rus/A/1\u{1b}[2J")
    });
    let left = station.run(&["send", "x"]);
    assert_eq!((left.code, left.out.as_str()), (Some(1), ""));
    assert_eq!(
        left.err,
        "error: NotPermitted: permission: expected an open line, found suspended by rus/A/1⟨U+001B⟩[2J\n \
         hint: propose the reopening\n"
    );
    let left = station.run(&["--json", "send", "x"]);
    let error: Value = serde_json::from_str(&left.err).unwrap();
    assert_eq!((left.code, &error["error"], left.out.as_str()), (Some(1), &json!("NotPermitted"), ""));
    let misuse = FakeStation::but("POST /v1/lines/syria/entries", || refused(400, "Misuse", "office 9"));
    assert_eq!(misuse.run(&["send", "x"]).code, Some(2));
}

#[test]
fn a_text_that_no_entry_carries_is_refused_before_it_is_sent() {
    let station = FakeStation::new(usual);
    let long = "x".repeat(12_001);
    let file = station.home().join("text");
    std::fs::write(&file, &long).unwrap();
    let path = file.to_str().unwrap();
    for arguments in [
        &["send", ""] as &[&str],
        &["send", " \n"],
        &["send", &long],
        &["send", "--file", path],
        &["send", "--file", "/nowhere"],
        &["send", "--file", path, "both"],
        &["send"],
        &["reply", "rus/Z/1", ""],
        &["ack", "rus/Z/1", &long],
        &["suspend", "--reason", ""],
        &["send", "-p", "R", "--safety-of-life", "x"],
        &["send", "-p", "A", "x"],
        &["send", "--regarding", "rus/Z", "x"],
        &["ack", "usa/Z/0"],
        &["cease", "140.5,35.1"],
        &["cease", "35.1"],
        &[
            "notice",
            "send",
            "--kind",
            "a",
            "--text",
            "x",
            "--from",
            "+2h",
            "--until",
            "+1h",
            "--area",
            "1,1 1,2 2,2",
        ],
        &["send", "--reply-by", "22:40", "x"],
        &["send", "--wait=0", "x"],
    ] {
        let left = station.run(arguments);
        assert_eq!((left.code, left.out.as_str()), (Some(2), ""), "{:?}: {}", arguments.first(), left.err);
        assert!(left.err.contains("error: "), "{}", left.err);
    }
    assert_eq!(station.drafts(), Vec::<Value>::new());
}

fn send_from_standard_input(station: &FakeStation, bytes: &[u8]) -> (Option<i32>, String, bool) {
    let mut command = detente(station.home(), &["send", "-"]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    let taken = input.write_all(bytes).is_ok();
    drop(input);
    let left = child.wait_with_output().unwrap();
    (left.status.code(), String::from_utf8(left.stderr).unwrap(), taken)
}

#[test]
fn ten_megabytes_of_standard_input_are_not_read_whole() {
    let station = FakeStation::new(usual);
    let (code, err, taken) = send_from_standard_input(&station, &vec![b'x'; 10_000_000]);
    assert_eq!(code, Some(2));
    assert!(err.contains("expected 1 to 12,000 bytes of text, found more"), "{err}");
    assert!(!taken, "it read all of it");
    let (code, err, _) = send_from_standard_input(&station, b"caf\xe9");
    assert!(code == Some(2) && err.contains("found another byte at place 4"), "{err}");
    assert_eq!(send_from_standard_input(&station, b"").0, Some(2));
    assert_eq!(station.drafts(), Vec::<Value>::new());
    let text = "é".repeat(6_000);
    assert_eq!(send_from_standard_input(&station, format!("{text}\n").as_bytes()).0, Some(0));
    assert_eq!(station.drafts(), vec![json!({"kind": "message", "text": text})]);
}

#[test]
fn when_the_answer_is_lost_nobody_claims_to_know() {
    let cut = FakeStation::but("POST /v1/lines/syria/entries", || {
        Answer::Bytes(b"HTTP/1.1 200 OK\r\ncontent-length: 90\r\n\r\n{\"entry\"".to_vec())
    });
    let silent = FakeStation::but("POST /v1/lines/syria/entries", || Answer::Held(Vec::new()));
    for (station, arguments) in [(cut, vec!["send", "x"]), (silent, vec!["send", "--timeout", "1", "x"])] {
        let left = station.run(&arguments);
        assert_eq!((left.code, left.out.as_str()), (Some(1), ""));
        assert!(left.err.contains("nobody knows whether it was written"), "{}", left.err);
        assert_eq!(station.drafts().len(), 1, "it tried again");
    }
}

#[test]
fn the_station_named_in_the_environment_is_the_one() {
    let station = FakeStation::new(usual);
    let mut command = detente(std::path::Path::new("/nowhere"), &["officer", "on", "--home"]);
    command.arg(station.home()).env("DETENTE_LINE", "syria");
    assert_eq!(run(command).code, Some(0));
    let mut command = detente(station.home(), &["officer", "on"]);
    command.env("DETENTE_LINE", "other");
    assert_eq!(run(command).code, Some(1));
}
