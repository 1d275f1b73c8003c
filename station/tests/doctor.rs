//! The doctor finds each thing that keeps a station from working, and says what to do about it. Clocks that are apart
//! are in `clock.rs`, disks that are full in `disk.rs`, and a station that does not answer in the command's tests.

#![expect(clippy::panic, reason = "a test that cannot be set up fails")]

mod parties;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use detente_station::doctor::{self, Check};
use parties::{Party, two};
use serde_json::json;

fn found(party: &Party, name: &str) -> Check {
    let checks = doctor::look(&party.home);
    let found = checks.iter().find(|check| check.name == name).cloned();
    found.unwrap_or_else(|| panic!("no check {name} in {checks:?}"))
}

fn assert_bad(check: &Check, says: &str, hint: &str) {
    assert!(!check.ok && check.found.contains(says) && check.hint.contains(hint), "{check:?}");
}

#[test]
fn a_folder_in_order_is_well_and_has_no_hints() {
    let [usa, _] = two();
    let checks = doctor::look(&usa.home);
    let names: Vec<&str> = checks.iter().map(|check| check.name.as_str()).collect();
    assert_eq!(names, ["folder", "configuration", "test: keys", "test: memorandum", "test: disk"]);
    for check in checks.iter().filter(|check| check.name != "test: disk") {
        assert!(check.ok && check.hint.is_empty(), "{check:?}");
    }
}

#[test]
fn keys_that_others_can_read() {
    let [usa, _] = two();
    let path = usa.home.keys("test");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    let check = found(&usa, "test: keys");
    assert_bad(&check, "mode 644", &format!("chmod 600 {}", path.display()));
    fs::set_permissions(usa.home.path(), fs::Permissions::from_mode(0o777)).unwrap();
    assert_bad(&found(&usa, "folder"), "mode 777", "chmod 700");
}

#[test]
fn keys_that_are_damaged_are_not_shown() {
    let [usa, _] = two();
    let path = usa.home.keys("test");
    let text = fs::read_to_string(&path).unwrap();
    let key =
        text.lines().find_map(|line| line.strip_prefix("book = \"")).unwrap().trim_matches('"').to_owned();
    fs::write(&path, text.replace("secret", "sceret")).unwrap();
    let check = found(&usa, "test: keys");
    assert_bad(&check, "expected party, book, receipt, station, secret and seal", "restore");
    assert!(!check.found.contains(&key) && !check.hint.contains(&key));
}

#[test]
fn a_memorandum_that_not_all_have_signed_or_that_is_none() {
    let [usa, _] = two();
    let path = usa.home.memorandum("test");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replace("party = \"rus\"", "party = \"ruz\"")).unwrap();
    assert_bad(&found(&usa, "test: memorandum"), "not signed by rus", "memorandum sign");
    fs::write(&path, text.replace("[motions]", "[motoins]")).unwrap();
    assert_bad(&found(&usa, "test: memorandum"), "found `motoins`", "did you mean `motions`?");
    fs::remove_file(&path).unwrap();
    assert_bad(&found(&usa, "test: memorandum"), "none in force", "memorandum adopt");
}

#[test]
fn a_configuration_with_a_typo_and_a_folder_without_lines() {
    let [usa, _] = two();
    usa.configure("lisen = \"127.0.0.1:4800\"\n");
    assert_bad(&found(&usa, "configuration"), "line 1, column 1", "did you mean `listen`?");
    let nobody = Party::new("nobody");
    assert_bad(&found(&nobody, "lines"), "has no line", "detente init");
    fs::remove_dir(nobody.home.path()).unwrap();
    assert_bad(&found(&nobody, "folder"), "No such file", "detente init");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_peer_that_cannot_be_reached_and_all_that_the_folder_shows() {
    let [usa, rus] = two();
    let station = usa.up().await;
    let circuit = station.check("test: circuit to rus").await;
    assert_eq!((&circuit["ok"], &circuit["found"]), (&json!(false), &json!("0 up")), "{circuit}");
    assert!(circuit["hint"].as_str().is_some_and(|hint| hint.contains("UDP")), "{circuit}");
    for name in ["folder", "configuration", "test: keys", "test: memorandum", "test: store", "test: room"] {
        assert_eq!(station.check(name).await["ok"], true, "{name}");
    }
    fs::set_permissions(usa.home.keys("test"), fs::Permissions::from_mode(0o640)).unwrap();
    assert_eq!(station.check("test: keys").await["ok"], false);
    let _rus = rus.up().await;
    station.circuits_ready("test", 1).await;
    assert_eq!(station.check("test: circuit to rus").await["ok"], true);
}
