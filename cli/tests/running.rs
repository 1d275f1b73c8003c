//! Stations as processes: what keeps one from starting ends it at once with 1 and a hint, a bad configuration at
//! SIGHUP changes nothing, and the doctor speaks also where no station does.

mod parties;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use parties::{finish, two, two_connected};

#[test]
fn what_keeps_a_station_from_starting_ends_it_once_with_a_hint() {
    let [usa, _] = two();
    let run = |variable: &str, value: &str| {
        let mut command = usa.command(&["run"]);
        command.env(variable, value);
        finish(command)
    };
    run("DETENTE_CLOCK", "noon").refused(1, "DETENTE_CLOCK: expected ms since 1970, found \"noon\"", "unset");
    run("DETENTE_LOG", "!!").refused(1, "DETENTE_LOG: expected a filter such as info or debug", "unset");
    let config = usa.home().join("station.toml");
    let sound = fs::read_to_string(&config).unwrap();
    fs::write(&config, "lisen = \"127.0.0.1:4800\"\n").unwrap();
    usa.run(&["run"]).refused(
        1,
        "station.toml: line 1, column 1: expected a key of listen",
        "did you mean `listen`?",
    );
    fs::write(&config, sound).unwrap();
    let keys = usa.home().join("lines/syria/keys.toml");
    fs::set_permissions(&keys, fs::Permissions::from_mode(0o644)).unwrap();
    usa.run(&["run"]).refused(1, "can be read by others (mode 644)", "chmod 600");
    fs::set_permissions(&keys, fs::Permissions::from_mode(0o600)).unwrap();
    let paper = usa.home().join("lines/syria/memorandum.toml");
    let signed = fs::read_to_string(&paper).unwrap();
    fs::write(&paper, signed.replace("party = \"rus\"", "party = \"ruz\"")).unwrap();
    usa.run(&["run"]).refused(1, "is not signed by rus", "memorandum sign");
    fs::write(&paper, signed).unwrap();
    let mut running = usa.start();
    usa.run(&["run"]).refused(1, "is in use by process", "stop the other station");
    running.signal("TERM");
    assert_eq!(running.ended(), Some(0));
}

#[test]
fn a_bad_configuration_at_sighup_changes_nothing() {
    let [usa, rus] = two();
    let bell = usa.folder.path().join("rung");
    let hook = |file: &str| {
        let file = usa.folder.path().join(file).display().to_string();
        format!(
            "listen = \"127.0.0.1:{}\"\n[[hook]]\non = \"flash\"\nrun = [\"tee\", \"-a\", \"{file}\"]\n",
            usa.port
        )
    };
    let config = usa.home().join("station.toml");
    fs::write(&config, hook("rung")).unwrap();
    let mut station = usa.start();
    let mut other = rus.start();
    other.says("a circuit is up");
    for (bad, says) in [
        ("[[hook]]\non = \"flahs\"\nrun = [\"x\"]\n", "hook.0.on: expected one of overdue"),
        (
            "[[circuit]]\npeer = \"ruz\"\naddress = \"127.0.0.1:1\"\n",
            "circuit.0.peer: expected another party",
        ),
        ("garbage", "expected TOML"),
    ] {
        fs::write(&config, bad).unwrap();
        station.signal("HUP");
        let line = station.says("the configuration is not taken; the old one stays");
        assert!(line.contains(says) && line.contains("hint="), "{line}");
    }
    rus.done(&["send", "--wait=120", "--precedence", "flash", "The bell must ring."]);
    usa.done(&["show", "rus/Z/1"]);
    wait_for(&bell);
    fs::write(&config, hook("rung-anew")).unwrap();
    station.signal("HUP");
    station.says("the configuration was read again");
    rus.done(&["send", "--wait=120", "--precedence", "flash", "The other bell must ring."]);
    wait_for(&usa.folder.path().join("rung-anew"));
}

/// Waits for a hook to have been fed.
fn wait_for(file: &std::path::Path) {
    let began = std::time::Instant::now();
    while fs::read_to_string(file).map_or(true, |text| !text.contains("rus/Z/")) {
        assert!(began.elapsed().as_secs() < 120, "{} was never written", file.display());
        std::thread::yield_now();
    }
}

#[test]
fn the_doctor_looks_at_the_folder_where_no_station_answers() {
    let [usa, _] = two();
    let left = usa.run(&["doctor"]);
    assert_eq!(left.code, Some(1), "{left:?}");
    assert!(left.out.starts_with("✗ not well  station: "), "{}", left.out);
    assert!(
        left.out.contains("station.sock") && left.out.contains("hint: start it: `detente run`"),
        "{}",
        left.out
    );
    for well in ["folder", "configuration", "syria: keys", "syria: memorandum"] {
        assert!(left.out.contains(&format!("● well      {well}: ")), "{well}: {}", left.out);
    }
    fs::set_permissions(usa.home().join("lines/syria/keys.toml"), fs::Permissions::from_mode(0o644)).unwrap();
    fs::remove_file(usa.home().join("lines/syria/memorandum.toml")).unwrap();
    let left = usa.run(&["doctor", "--json"]);
    let answer: serde_json::Value = serde_json::from_str(&left.out).unwrap();
    let bad: Vec<&str> = answer["checks"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|check| check["ok"] == false)
        .filter_map(|check| check["name"].as_str())
        .collect();
    assert!(bad.starts_with(&["station", "syria: keys", "syria: memorandum"]), "{bad:?}");
    assert_eq!(left.code, Some(1));
}

#[test]
fn the_doctor_of_a_station_at_work_finds_it_well_and_then_finds_the_peer_gone() {
    let ([usa, rus], [_station, mut other]) = two_connected();
    rus.done(&["send", "--wait=120", "Good morning."]);
    usa.done(&["send", "--wait=120", "Good morning."]);
    let answer = usa.run(&["doctor", "--json"]);
    let answer: serde_json::Value = serde_json::from_str(&answer.out).unwrap();
    for check in answer["checks"].as_array().unwrap() {
        assert!(check["ok"] == true || check["name"] == "syria: disk", "{check}");
    }
    other.signal("TERM");
    assert_eq!(other.ended(), Some(0));
    let began = std::time::Instant::now();
    loop {
        let left = usa.run(&["doctor"]);
        if left.out.contains("✗ not well  syria: circuit to rus: 0 up") {
            assert!(!left.out.contains("was dialled"), "rus dials, and usa does not: {}", left.out);
            assert_eq!(left.code, Some(1), "{}", left.out);
            break;
        }
        assert!(began.elapsed().as_secs() < 120, "{}", left.out);
    }
}

#[test]
fn the_doctor_says_why_the_last_dial_failed() {
    let [usa, rus] = two();
    let mut station = rus.start();
    station.says("a circuit is not up");
    let dialled = format!("circuit to usa: 0 up; 127.0.0.1:{} was dialled", usa.port);
    let began = std::time::Instant::now();
    loop {
        let left = rus.run(&["doctor"]);
        if left.out.contains(&dialled) && left.out.contains(" s ago: ") {
            assert_eq!(left.code, Some(1), "{}", left.out);
            break;
        }
        // A station that is busy may not answer at once.
        assert!(began.elapsed().as_secs() < 120, "{} {}", left.out, left.err);
    }
}

/// A machine burns down; keys and memorandum were saved, the record and the mark beside it were not.
#[test]
fn a_party_that_lost_its_record_goes_on_in_its_next_generation() {
    let [usa, rus] = two();
    let mut station = usa.start();
    let mut other = rus.start();
    other.says("a circuit is up");
    assert_eq!(usa.done(&["send", "--wait=120", "Before."]).lines().next(), Some("usa/R/1"));
    station.signal("KILL");
    station.ended();
    let paper =
        usa.folder.file("saved.toml", std::fs::read(usa.home().join("lines/syria/memorandum.toml")).unwrap());
    usa.run(&["memorandum", "adopt", "--after-loss", &paper]).refused(
        1,
        "expected no record",
        "without --after-loss",
    );
    std::fs::remove_dir_all(usa.home().join("lines/syria/store")).unwrap();
    std::fs::remove_dir_all(usa.home().join("instance")).unwrap();
    std::fs::remove_file(usa.home().join("lines/syria/memorandum.toml")).unwrap();
    usa.done(&["memorandum", "adopt", "--after-loss", &paper]);
    let _station = usa.start();
    let sent = usa.done(&["send", "--wait=120", "After."]);
    let first = sent.lines().next().unwrap_or_default();
    assert!(first.starts_with("usa/R.") && first.ends_with("/2"), "{sent}");
    let began = std::time::Instant::now();
    // What was lost comes back.
    while !usa.run(&["show", "usa/R/1"]).out.contains("Before.") {
        assert!(began.elapsed().as_secs() < 120, "{}", usa.run(&["record", "show"]).out);
    }
    assert!(rus.done(&["record", "evidence"]).trim().is_empty(), "and nobody is convicted");
}
