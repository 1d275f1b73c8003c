//! What is different when a person looks: colour, and the fact that an entry was displayed.

use std::fs::{File, OpenOptions};
use std::io::Read as _;
use std::process::Stdio;

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use serde_json::{Value, json};

use crate::fake_station::{Asked, FakeStation, detente, ok, refused, usual};
use crate::reading::flash;

/// Runs a command whose standard output is a terminal; gives what stood there, its exit code and its messages.
fn look(
    station: &FakeStation,
    arguments: &[&str],
    variables: &[(&str, &str)],
) -> (String, Option<i32>, String) {
    let screen = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&screen).unwrap();
    unlockpt(&screen).unwrap();
    let name = ptsname(&screen, Vec::new()).unwrap();
    let keyboard = OpenOptions::new().read(true).write(true).open(name.to_str().unwrap()).unwrap();
    let mut command = detente(station.home(), arguments);
    command.envs(variables.iter().copied()).stdout(keyboard).stderr(Stdio::piped());
    let child = command.spawn().unwrap();
    // Else this process holds the terminal open, and its end never comes.
    drop(command);
    let (mut screen, mut shown) = (File::from(screen), Vec::new());
    // At its end a terminal reads as an error.
    let mut buffer = [0; 4096];
    while let Ok(count @ 1..) = screen.read(&mut buffer) {
        shown.extend_from_slice(&buffer[..count]);
    }
    let left = child.wait_with_output().unwrap();
    (String::from_utf8(shown).unwrap(), left.status.code(), String::from_utf8(left.stderr).unwrap())
}

fn showing(entry: Value) -> FakeStation {
    FakeStation::new(move |asked: &Asked| match asked.what.as_str() {
        what if what.starts_with("GET /v1/lines/syria/entries/") => ok(entry.clone()),
        what if what.starts_with("GET /v1/lines/syria/inbox") => ok(json!({"owed": [entry], "awaited": []})),
        _ => usual(asked),
    })
}

fn displayed(entry: &str) -> Vec<Value> {
    vec![json!({"kind": "displayed", "regards": [entry]})]
}

#[test]
fn a_flash_that_a_person_sees_is_displayed_once() {
    let station = showing(flash());
    let (shown, code, err) = look(&station, &["show", "rus/Z/2"], &[]);
    assert_eq!(code, Some(0), "{err}");
    assert!(
        shown.contains("\u{1b}[1;31m◆ Z FLASH") && shown.contains("⟨U+001B⟩[31mвторая⟨U+202E⟩"),
        "{shown}"
    );
    assert_eq!(err, "rus/Z/2: the others are told that it was displayed; that acknowledges nothing\n");
    assert_eq!(station.drafts(), displayed("rus/Z/2"));

    let mut seen = flash();
    seen["displayed"] = json!({"usa": "usa/Z/9"});
    let again = showing(seen);
    assert_eq!(look(&again, &["show", "rus/Z/2"], &[]).1, Some(0));
    assert_eq!(again.drafts(), Vec::<Value>::new());
}

#[test]
fn what_nobody_saw_or_nobody_asks_about_is_not_displayed() {
    let station = showing(flash());
    assert_eq!(look(&station, &["show", "rus/Z/2", "--json"], &[]).1, Some(0));
    assert_eq!(station.run(&["show", "rus/Z/2"]).code, Some(0));
    assert_eq!(station.run(&["inbox"]).code, Some(0));
    assert_eq!(station.drafts(), Vec::<Value>::new());
    for (field, value) in [("book", "rus/R"), ("party", "usa"), ("kind", "acknowledgement")] {
        let mut other = flash();
        other[field] = json!(value);
        let station = showing(other);
        assert_eq!(look(&station, &["show", "rus/Z/2"], &[]).1, Some(0));
        assert_eq!(station.drafts(), Vec::<Value>::new(), "{field} {value}");
    }
}

#[test]
fn without_a_terminal_it_is_displayed_only_when_somebody_says_so() {
    let station = showing(flash());
    assert_eq!(station.run(&["show", "rus/Z/2", "--displayed", "--json"]).code, Some(0));
    assert_eq!(station.drafts(), displayed("rus/Z/2"));
}

#[test]
fn an_inbox_displays_only_what_it_shows_whole() {
    let cut = showing(flash());
    let (shown, _, _) = look(&cut, &["inbox"], &[]);
    assert!(shown.contains("there is more: detente show rus/Z/2"), "{shown}");
    assert_eq!(cut.drafts(), Vec::<Value>::new());
    let mut short = flash();
    short["body"]["text"] = json!("One line.");
    let whole = showing(short);
    look(&whole, &["inbox"], &[]);
    assert_eq!(whole.drafts(), displayed("rus/Z/2"));
}

#[test]
fn a_station_that_refuses_the_fact_does_not_spoil_the_sight() {
    let station = FakeStation::new(|asked| match asked.what.as_str() {
        "GET /v1/lines/syria/entries/rus/Z/2" => ok(flash()),
        "POST /v1/lines/syria/entries" => refused(503, "Stopping", "one that stops"),
        _ => usual(asked),
    });
    let (shown, code, err) = look(&station, &["show", "rus/Z/2"], &[]);
    assert!(shown.contains("Первая строка"));
    assert_eq!(code, Some(0));
    assert!(err.contains("the others are not told that it was displayed: Stopping"), "{err}");
    assert_eq!(station.run(&["show", "rus/Z/2", "--displayed"]).code, Some(1));
}

#[test]
fn colour_can_be_refused() {
    let station = showing(flash());
    for refusal in [("NO_COLOR", "1"), ("TERM", "dumb")] {
        let (shown, ..) = look(&station, &["show", "rus/Z/2"], &[refusal]);
        assert!(shown.contains("◆ Z FLASH") && !shown.contains('\u{1b}'), "{refusal:?}: {shown}");
    }
    let (shown, ..) = look(&station, &["show", "rus/Z/2"], &[("NO_COLOR", "")]);
    assert!(shown.contains('\u{1b}'));
}
