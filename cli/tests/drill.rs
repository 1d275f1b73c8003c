//! A drill on a real line: each of two circuits is cut in its turn and the other one carries; the only one is not cut unasked; whatever is withheld comes
//! back, also when nobody asks for it any more.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]

mod parties;

use std::fs;

use parties::{Party, Running, two};
use serde_json::{Value, json};

/// A line whose second party dials the first, by these circuits.
fn by(circuits: impl Fn(u16, u16) -> String) -> ([Party; 2], [Running; 2]) {
    let parties = two();
    let tcp = parties::free_port();
    let [usa, rus] = &parties;
    let config = |party: &Party, rest: String| {
        let text = format!("listen = \"127.0.0.1:{}\"\n{rest}", party.port);
        fs::write(party.home().join("station.toml"), text).unwrap();
    };
    config(usa, format!("listen-tcp = \"127.0.0.1:{tcp}\"\n"));
    config(rus, circuits(usa.port, tcp));
    let stations = [usa.start(), rus.start()];
    (parties, stations)
}

fn circuit(name: &str, kind: &str, port: u16) -> String {
    format!(
        "[[circuit]]\npeer = \"usa\"\nname = \"{name}\"\nkind = \"{kind}\"\naddress = \"127.0.0.1:{port}\"\n"
    )
}

/// Waits until so many circuits are up at a station.
fn ups(at: &Party, count: usize) {
    let up = |answer: &Value| {
        let all = answer["circuits"].as_array().cloned().unwrap_or_default();
        all.iter().filter(|one| one["state"] == json!("up")).count() == count
    };
    at.until(&["circuits"], up);
}

#[test]
fn each_circuit_is_cut_in_its_turn_and_the_other_one_carries() {
    let (parties, _stations) = by(|quic, tcp| circuit("cable", "quic", quic) + &circuit("radio", "tcp", tcp));
    let [usa, rus] = &parties;
    ups(rus, 2);
    for way in [&[][..], &["--dark"]] {
        let report = rus.read(&[&["drill", "--for", "30s"], way].concat());
        let cuts = report["cuts"].as_array().unwrap();
        assert_eq!((cuts.len(), &report["skipped"]), (2, &json!([])), "{report}");
        for (cut, other) in cuts.iter().zip(["radio", "cable"]) {
            assert!(
                cut["usual_ms"].is_u64() && cut["cut_ms"].is_u64() && cut["back_ms"].is_u64(),
                "{report}"
            );
            assert!(cut["carried_by"].as_array().unwrap().contains(&json!(other)), "{report}");
        }
        ups(rus, 2);
    }
    // What was said is withdrawn, so that nobody owes anything.
    usa.until(&["inbox"], |inbox| inbox["owed"].as_array().is_some_and(Vec::is_empty));
}

#[test]
fn the_only_circuit_is_cut_when_asked_alone_and_comes_back_by_itself() {
    let (parties, _stations) = by(|quic, _| circuit("cable", "quic", quic));
    let [_, rus] = &parties;
    ups(rus, 1);
    let report = rus.read(&["drill", "--for", "5s"]);
    assert_eq!(report["cuts"], json!([]), "{report}");
    assert!(report["skipped"][0]["why"].as_str().unwrap().contains("LastCircuit"), "{report}");
    let report = rus.read(&["drill", "--for", "2s", "--circuit", "cable", "--last"]);
    let cut = &report["cuts"][0];
    assert_eq!((&cut["cut_ms"], &cut["carried_by"]), (&Value::Null, &json!([])), "{report}");
    assert!(cut["back_ms"].is_u64(), "{report}");
    rus.run(&["drill", "--circuit", "elsewhere"]).refused(1, "NoCircuit", "detente circuits");
}
