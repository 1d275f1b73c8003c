//! No station, the wrong one, or one that has lost its mind: each has its own message, and a hint.

use std::fs;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::Stdio;

use serde_json::{Value, json};

use crate::fake_station::{Answer, FakeStation, NOW_MS, detente, folder, ok, run, usual};

fn message(home: &Path, arguments: &[&str], code: i32) -> String {
    let left = run(detente(home, arguments));
    assert_eq!((left.code, left.out.as_str()), (Some(code), ""), "{}", left.err);
    assert!(left.err.contains("\n hint: "), "{}", left.err);
    left.err
}

#[test]
fn a_station_that_is_not_there_is_missed_in_its_own_words() {
    let home = folder();
    let nowhere = home.join("nowhere");
    assert!(message(&nowhere, &["status"], 1).contains(&format!("found no folder {}", nowhere.display())));
    let missing = message(&home, &["status"], 1);
    assert!(
        missing.contains("station.sock") && missing.contains("hint: start it: `detente run`"),
        "{missing}"
    );
    // A socket whose station was killed.
    drop(UnixListener::bind(home.join("station.sock")).unwrap());
    assert!(message(&home, &["status"], 1).contains("it has stopped"));
    let long = home.join("x".repeat(120));
    fs::create_dir(&long).unwrap();
    assert!(message(&long, &["status"], 1).contains("too long for a socket's path"));
    fs::remove_dir_all(&home).unwrap();
}

#[test]
fn without_any_folder_named_it_says_so() {
    let mut command = detente(Path::new(""), &["status"]);
    command.env_remove("HOME");
    let left = run(command);
    assert_eq!(left.code, Some(2));
    assert!(left.err.contains("expected --home, DETENTE_HOME, XDG_STATE_HOME or HOME"), "{}", left.err);
}

#[test]
fn the_folder_is_where_the_environment_says() {
    let state = folder();
    let usual = |variable: &str, value: &Path| {
        let mut command = detente(Path::new(""), &["status"]);
        command.env("HOME", "/home/officer").env(variable, value);
        run(command).err
    };
    assert!(usual("XDG_STATE_HOME", &state).contains(&format!("{}/detente", state.display())));
    assert!(usual("HOME", &state).contains(&format!("{}/.local/state/detente", state.display())));
    assert!(usual("XDG_STATE_HOME", Path::new("relative")).contains("/home/officer/.local/state/detente"));
    fs::remove_dir_all(&state).unwrap();
}

fn carrying(lines: Value) -> FakeStation {
    FakeStation::new(move |asked| match asked.what.as_str() {
        "GET /v1/station" => {
            ok(json!({"version": "0.1.0", "started_ms": 7, "now_ms": NOW_MS, "lines": lines}))
        }
        _ => usual(asked),
    })
}

#[test]
fn the_line_is_the_one_named_or_the_only_one() {
    let two = carrying(json!([{"name": "border", "party": "usa"}, {"name": "syria", "party": "usa"}]));
    let several = message(two.home(), &["send", "x"], 2);
    assert!(
        several.contains("expected the name of one of border, syria, found none named, and several here"),
        "{several}"
    );
    let wrong = message(two.home(), &["send", "--line", "syira", "x"], 1);
    assert!(wrong.contains("UnknownLine: line: expected one of border, syria, found syira"), "{wrong}");
    assert_eq!(two.run(&["send", "--line", "syria", "x"]).code, Some(0));
    assert_eq!(two.drafts().len(), 1);
    assert!(message(carrying(json!([])).home(), &["status"], 1).contains("found none"));
}

#[test]
fn an_answer_that_makes_no_sense_is_shown_and_does_no_harm() {
    type Case = (&'static str, fn() -> Answer);
    let answers: [Case; 6] = [
        ("expected JSON, found <html>⟨U+001B⟩[2J… (status 200 OK)", || {
            Answer::Text(200, "<html>\u{1b}[2J\nmore".into())
        }),
        ("expected JSON, found nothing (status 200 OK)", || Answer::Text(200, String::new())),
        ("expected an error of spec/api.md, found {} (status 500", || Answer::Text(500, "{}".into())),
        ("expected a whole one over HTTP", || Answer::Bytes(b"SSH-2.0-OpenSSH_9\r\n".to_vec())),
        ("expected a whole one over HTTP", || Answer::Bytes(Vec::new())),
        ("expected a whole one over HTTP", || {
            Answer::Bytes(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{}".to_vec())
        }),
    ];
    for (expected, answer) in answers {
        let station = FakeStation::but("GET /v1/lines/syria", answer);
        let found = message(station.home(), &["status"], 1);
        assert!(found.contains(expected), "{expected}: {found}");
    }
    let hollow =
        FakeStation::but("GET /v1/station", || ok(json!({"lines": [{"name": "syria", "party": "usa"}]})));
    assert!(message(hollow.home(), &["status"], 1).contains("expected started_ms and now_ms"));
}

#[test]
fn a_station_that_does_not_answer_is_not_waited_for_for_ever() {
    let station = FakeStation::but("GET /v1/lines/syria", || Answer::Held(Vec::new()));
    let late = message(station.home(), &["status", "--timeout", "1"], 1);
    assert!(late.contains("expected an answer within 1 s, found none"), "{late}");
}

#[test]
fn fields_that_are_missing_or_of_another_type_break_no_page() {
    for body in [
        json!({}),
        json!([]),
        json!(null),
        json!({"parties": 7, "owed": [1, "x", {}], "circuits": {}, "books": [{}], "checks": [{}], "entries": [{"body": 3}]}),
    ] {
        let answer = body.clone();
        let station = FakeStation::new(move |asked| match asked.what.as_str() {
            "GET /v1/station" | "GET /v1/lines/syria/memorandum" => usual(asked),
            _ => ok(answer.clone()),
        });
        for arguments in [
            &["status"] as &[&str],
            &["inbox"],
            &["show", "rus/Z/1"],
            &["record", "show"],
            &["record", "books"],
            &["record", "evidence"],
        ] {
            let left = station.run(arguments);
            assert_eq!(left.code, Some(0), "{arguments:?} of {body}: {}", left.err);
        }
        assert_eq!(station.run(&["record", "verify"]).code, Some(1), "{body}");
    }
}

#[test]
fn a_reader_that_goes_away_ends_it_quietly() {
    let many: Vec<Value> = (1..=1_000).map(|number| json!({"entry": format!("usa/R/{number}"), "kind": "message", "body": {"text": "x".repeat(200)}})).collect();
    let station = FakeStation::new(move |asked| match asked.what.contains("/entries?") {
        true => ok(json!({"entries": many})),
        false => usual(asked),
    });
    for arguments in [&["record", "show"] as &[&str], &["record", "show", "--json"], &["completions", "bash"]]
    {
        let mut command = detente(station.home(), arguments);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let left = child.wait_with_output().unwrap();
        assert_eq!(
            (left.status.code(), String::from_utf8_lossy(&left.stderr).as_ref()),
            (Some(0), ""),
            "{arguments:?}"
        );
    }
}

#[test]
fn a_disk_that_is_full_is_no_quiet_end() {
    let Ok(full) = fs::OpenOptions::new().write(true).open("/dev/full") else { return };
    let station = FakeStation::new(usual);
    let mut command = detente(station.home(), &["send", "x"]);
    let left = command.stdout(full).stderr(Stdio::piped()).output().unwrap();
    assert_eq!(left.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&left.stderr).contains("standard output"));
}

#[test]
fn completions_are_for_the_shell_that_is_named() {
    for (shell, mark) in
        [("bash", "complete -F _detente"), ("zsh", "#compdef detente"), ("fish", "complete -c detente")]
    {
        let left = run(detente(Path::new("/nowhere"), &["completions", shell]));
        assert_eq!(left.code, Some(0));
        assert!(left.out.contains(mark), "{shell}");
    }
    assert_eq!(run(detente(Path::new("/nowhere"), &["completions", "cmd"])).code, Some(2));
}
