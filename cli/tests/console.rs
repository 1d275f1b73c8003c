//! The console as officers use it: real stations, a real Chromium, a passkey of a simulated authenticator. The scripts are in `console/`.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]

mod parties;

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use parties::{Party, Running, two, two_with};
use serde_json::{Map, Value, json};

/// Where `cargo xtask ci` puts what the scripts need of others.
fn modules() -> PathBuf {
    let target = Path::new(env!("CARGO_BIN_EXE_detente")).ancestors().nth(2).unwrap().to_owned();
    let modules = target.join("browser");
    assert!(
        modules.join("node_modules").exists(),
        "`cargo xtask ci --only browser` installs what this test needs"
    );
    modules
}

/// Gives a party's station a console at a port of its own.
fn with_console(party: &Party) {
    let port = parties::free_port();
    let mut config = OpenOptions::new().append(true).open(party.home().join("station.toml")).unwrap();
    write!(config, "\n[console]\nlisten = \"127.0.0.1:{port}\"\n").unwrap();
}

/// Plays a script of `console/` on the stations of parties, of each of which it gets an officer's link.
fn play(script: &str, parties: &[Party], stations: &[Running], officer: &[&str]) {
    let mut told = Map::new();
    for (party, station) in parties.iter().zip(stations) {
        let added = party.read(&[&["officer", "add"], officer].concat());
        let said = json!({
            "home": party.home(),
            "certificate": party.home().join("console.crt"),
            "link": added["link"],
            "pid": station.id(),
        });
        told.insert(party.name.into(), said);
    }
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/console").join(script);
    let mut node = Command::new("node");
    node.arg(script).env("STATIONS", Value::Object(told).to_string());
    node.env("DETENTE", env!("CARGO_BIN_EXE_detente")).env("BROWSER_MODULES", modules());
    node.env("CHROMIUM", "/usr/bin/chromium").env_remove("DETENTE_LINE");
    let left = parties::finish(node);
    assert_eq!(left.code, Some(0), "{}{}", left.out, left.err);
}

#[test]
fn an_officer_answers_a_flash_by_keyboard_alone() {
    let parties = two();
    parties.iter().for_each(with_console);
    let mut stations = [parties[0].start(), parties[1].start()];
    stations[1].says("a circuit is up");
    let officer = ["Anna", "--role", "watch-officer", "--office", "watch officer"];
    play("flash.mjs", &parties, &stations, &officer);
    // What she did is written down; what she signs in with is nobody else's to read.
    drop(stations);
    let _again = parties[1].start();
    let audit = parties[1].read(&["officer", "audit"]);
    let did = |what: &str, about: &str| {
        let deeds = audit["deeds"].as_array().unwrap();
        deeds.iter().any(|one| {
            let is = |field: &str, wanted: &str| one[field].as_str().unwrap().contains(wanted);
            one["officer"] == json!("Anna") && is("what", what) && is("about", about)
        })
    };
    assert!(did("enrol", "127.0.0.1") && did("sign in", "127.0.0.1"), "{audit}");
    assert!(did("POST /v1/lines/syria/entries", "rus/Z/1"), "{audit}");
    use std::os::unix::fs::PermissionsExt as _;
    for file in ["officers.db", "console.key"] {
        let mode = fs::metadata(parties[1].home().join(file)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{file}");
    }
}

#[test]
fn nobody_else_is_let_in() {
    let parties = two();
    parties.iter().for_each(with_console);
    let mut stations = [parties[0].start(), parties[1].start()];
    stations[1].says("a circuit is up");
    let officer = ["Anna", "--role", "watch-officer", "--line", "syria"];
    play("gate.mjs", &parties, &stations, &officer);
}

#[test]
fn the_record_is_read_printed_and_taken_along() {
    let parties = two();
    parties.iter().for_each(with_console);
    let mut stations = [parties[0].start(), parties[1].start()];
    stations[1].says("a circuit is up");
    play("record.mjs", &parties, &stations, &["Anna", "--role", "supervisor"]);
}

#[test]
fn a_message_is_composed_from_a_template_in_two_languages() {
    let parties = two();
    parties.iter().for_each(with_console);
    let mut stations = [parties[0].start(), parties[1].start()];
    stations[1].says("a circuit is up");
    play("template.mjs", &parties, &stations, &["Anna", "--role", "watch-officer"]);
}

#[test]
fn one_officer_hands_the_watch_to_another() {
    let parties = two();
    parties.iter().for_each(with_console);
    let mut stations = [parties[0].start(), parties[1].start()];
    stations[1].says("a circuit is up");
    play(
        "handover.mjs",
        &parties,
        &stations,
        &["Anna", "--role", "watch-officer", "--office", "watch officer"],
    );
}

/// A boundary of one line, as both parties may have agreed on it.
const AGREED: &str = r#"{"type":"FeatureCollection","name":"Agreed in Geneva","features":[{"type":"Feature","properties":{},
    "geometry":{"type":"LineString","coordinates":[[38.5,34.5],[39.4,35.3],[41,35.4]]}}]}"#;

/// Gives a console that is set up a boundary.
fn with_boundary(party: &Party, text: &str) {
    fs::write(party.home().join("agreed.geojson"), text).unwrap();
    let mut config = OpenOptions::new().append(true).open(party.home().join("station.toml")).unwrap();
    writeln!(config, "boundary = \"agreed.geojson\"").unwrap();
}

#[test]
fn a_boundary_that_has_an_inside_is_refused_at_the_start() {
    let parties = two();
    with_console(&parties[1]);
    let area = r#"{"type":"Polygon","coordinates":[[[39,35],[40,35],[40,36],[39,35]]]}"#;
    with_boundary(&parties[1], area);
    let refused = parties::finish(parties[1].command(&["run"]));
    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert!(refused.err.contains("agreed.geojson: expected lines alone"), "{refused:?}");
    assert!(refused.err.contains("hint: [console] boundary takes GeoJSON"), "{refused:?}");
    let looked = parties::finish(parties[1].command(&["doctor"]));
    assert!(looked.out.contains("expected lines alone"), "{looked:?}");
}

#[test]
fn the_map_shows_who_is_where_when() {
    let parties = two();
    parties.iter().for_each(with_console);
    with_boundary(&parties[1], AGREED);
    let mut stations = [parties[0].start(), parties[1].start()];
    stations[1].says("a circuit is up");
    let officer = ["Anna", "--role", "watch-officer", "--office", "watch officer"];
    play("map.mjs", &parties, &stations, &officer);
}

#[test]
fn a_notice_composed_on_the_map_is_a_conflict_at_the_other_station() {
    let parties = two();
    parties.iter().for_each(with_console);
    let mut stations = [parties[0].start(), parties[1].start()];
    stations[1].says("a circuit is up");
    let officer = ["Anna", "--role", "watch-officer", "--office", "watch officer"];
    play("compose.mjs", &parties, &stations, &officer);
}

#[test]
fn a_file_is_looked_at_row_by_row_before_anything_of_it_is_taken() {
    let parties = two();
    parties.iter().for_each(with_console);
    let mut stations = [parties[0].start(), parties[1].start()];
    stations[1].says("a circuit is up");
    play("import.mjs", &parties, &stations, &["Anna", "--role", "planner"]);
}

#[test]
fn two_officers_release_what_the_memorandum_has_two_release() {
    let parties = two_with("\n[release]\ntwo-officers = [\"suspends\", \"message\"]\n");
    parties.iter().for_each(with_console);
    let mut stations = [parties[0].start(), parties[1].start()];
    stations[1].says("a circuit is up");
    play("release.mjs", &parties, &stations, &["Anna", "--role", "supervisor", "--office", "duty officer"]);
}
