//! Keys are renewed among three real stations: under traffic, because it is time; and on an empty machine, because everything is lost.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]

mod parties;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use parties::{Party, Running};
use serde_json::{Value, json};

/// Three parties with recovery keys, each dialled by those after it.
fn three() -> [Party; 3] {
    let parties = ["usa", "rus", "tur"].map(Party::new);
    for (place, party) in parties.iter().enumerate() {
        let peers: Vec<String> =
            parties[..place].iter().map(|peer| format!("{}=127.0.0.1:{}", peer.name, peer.port)).collect();
        let recovery = recovery(party);
        let mut more = vec!["--recovery", &recovery];
        more.extend(peers.iter().flat_map(|peer| ["--peer", peer.as_str()]));
        assert_eq!(party.init(&more).code, Some(0));
    }
    let cards: Vec<String> = parties.iter().map(Party::card).collect();
    let draft: Vec<&str> = ["memorandum", "draft", "--line", "syria"]
        .into_iter()
        .chain(cards.iter().map(String::as_str))
        .collect();
    let text = parties[0].done(&draft);
    let often = text.replace("every = \"1d\"", "every = \"1m\"");
    assert_ne!(text, often, "a seal a minute");
    let paper = parties[0].folder.file("memorandum.toml", often);
    for party in &parties {
        party.done(&["memorandum", "sign", &paper]);
    }
    for party in &parties {
        party.done(&["memorandum", "adopt", &paper]);
    }
    parties
}

fn recovery(party: &Party) -> String {
    party.folder.path().join("recovery.toml").display().to_string()
}

fn renewals(party: &Party) -> String {
    party.home().join("lines/syria/renewals.toml").display().to_string()
}

/// Which rank a station knows a party's keys to be of.
fn knows(at: &Party, of: &str, rank: u64) {
    let is = |keys: &Value| {
        keys["parties"]
            .as_array()
            .is_some_and(|all| all.iter().any(|one| one["party"] == json!(of) && one["rank"] == json!(rank)))
    };
    at.until(&["keys", "show"], is);
}

/// A station has circuits with so many others.
fn connected(at: &Party, others: usize) {
    let ready = |status: &Value| {
        let all = status["circuits"].as_array().cloned().unwrap_or_default();
        let mut peers: Vec<String> =
            all.iter().filter(|one| one["ready"] == json!(true)).map(|one| one["peer"].to_string()).collect();
        peers.sort();
        peers.dedup();
        peers.len() == others
    };
    at.until(&["status"], ready);
}

#[test]
fn keys_are_renewed_under_traffic_and_no_message_is_lost() {
    let parties = three();
    let [usa, rus, tur] = &parties;
    let mut stations: Vec<Running> = parties.iter().map(Party::start).collect();
    for party in &parties {
        connected(party, 2);
    }
    let recovery_file = recovery(usa);
    assert_eq!(fs::metadata(&recovery_file).unwrap().permissions().mode() & 0o777, 0o600);
    let before = usa.done(&["send", "--wait=60", "Before."]);
    let act = usa.done(&["suspend", "--reason", "A drill.", "--scope", "notice"]);

    // Traffic in both directions meanwhile.
    let mut said = Vec::new();
    for number in 0..10 {
        said.push(rus.done(&["send", &format!("From rus, {number}.")]));
        said.push(usa.done(&["send", &format!("From usa, {number}.")]));
    }
    let another = rus.run(&["keys", "renew", "--recovery", &recovery_file]);
    another.refused(2, "the recovery key of rus", "");
    let told = usa.read(&["keys", "renew", "--recovery", &recovery_file]);
    assert_eq!((told["rank"].clone(), told["told"].clone()), (json!(1), json!(true)));
    stations[0].says("begins again with the new ones");
    stations[0].says("the station listens");
    for number in 10..20 {
        said.push(rus.done(&["send", &format!("From rus, {number}.")]));
        said.push(usa.done(&["send", &format!("From usa, {number}.")]));
    }
    for party in &parties {
        knows(party, "usa", 1);
        connected(party, 2);
    }
    let after = usa.done(&["send", "--wait=120", "After."]);
    assert!(after.contains("R.128/"), "{after}");
    rus.done(&["send", "--wait=120", "So it is."]);
    for party in [rus, tur] {
        for name in said.iter().chain([&before, &after]) {
            let entry = party.read(&["show", name.trim()]);
            assert_eq!(
                (entry["marked"].clone(), entry["forgotten"].clone()),
                (json!(null), json!(null)),
                "{name}"
            );
        }
        let status = party.read(&["status"]);
        assert!(status.to_string().contains(act.trim()), "its suspension stands: {status}");
    }
    for party in &parties {
        let verified = party.read(&["record", "verify"]);
        assert_eq!(verified["ok"], json!(true), "{verified}");
    }
    // A stranger reads in one file what was said under either key, how far the first ones reach, and both signatures over it.
    let number: u64 = after.trim().rsplit('/').next().unwrap().parse().unwrap();
    let is_sealed =
        |book: &Value| book["book"] == json!("usa/R.128") && book["sealed"]["size"].as_u64() >= Some(number);
    tur.until(&["record", "verify"], |found| found["books"].as_array().unwrap().iter().any(is_sealed));
    let file = tur.folder.path().join("renewed.zip").display().to_string();
    tur.done(&["dossier", "make", before.trim(), after.trim(), "--out", &file]);
    let shown = tur.read(&["verify", &file]);
    assert_eq!((shown["ok"].clone(), shown["version"].clone()), (json!(true), json!(3)), "{shown}");
    assert_eq!(shown["renewals"][0]["why"], json!("rotation"));
    let entries = shown["entries"].as_array().unwrap();
    let opens = entries.iter().find(|entry| entry["entry"] == json!("usa/R.128/1")).unwrap();
    assert_eq!(opens["kind"], json!("opens"));
    assert!(!shown.to_string().contains("disowned"), "nothing is beyond: {shown}");
    let facts = |name: &str| {
        let entry = entries.iter().find(|entry| entry["entry"] == json!(name)).unwrap();
        entry["facts"].as_array().unwrap().iter().map(|fact| fact["fact"].clone()).collect::<Vec<_>>()
    };
    assert!(facts(after.trim()).contains(&json!("sealed")), "{:?}", facts(after.trim()));
    // A witness is told the keys of either rank by whoever knows them, and by the memorandum those of the first.
    let keys = |asked: &[&str]| tur.done(asked).lines().map(str::to_owned).collect::<Vec<_>>();
    let founding =
        keys(&["witness", "keys", &tur.home().join("lines/syria/memorandum.toml").display().to_string()]);
    let known = keys(&["witness", "keys"]);
    assert!(founding.iter().all(|key| known.contains(key)));
    assert_eq!((founding.len(), known.len()), (3 * 64 * 5, 4 * 64 * 5), "64 generations of five books");
    // And both are as they were after a start.
    for (station, party) in stations.iter_mut().zip(&parties) {
        station.signal("TERM");
        station.ended();
        *station = party.start();
    }
    for party in &parties {
        connected(party, 2);
    }
    usa.done(&["send", "--wait=120", "Still here."]);
}

#[test]
fn an_empty_machine_speaks_again_with_new_keys() {
    let parties = three();
    let [usa, rus, tur] = &parties;
    let mut stations: Vec<Running> = parties.iter().map(Party::start).collect();
    for party in &parties {
        connected(party, 2);
    }
    let told = usa.done(&["send", "--wait=60", "--precedence", "flash", "Before the fire."]);
    let act = usa.done(&["suspend", "--reason", "A drill.", "--scope", "notice"]);
    usa.done(&["send", "--wait=60", "All of that is with you."]);
    let paper = rus.home().join("lines/syria/memorandum.toml").display().to_string();

    // The machine is gone; what is left is the recovery key, and the paper that the others have.
    stations[0].signal("KILL");
    stations[0].ended();
    let config = fs::read_to_string(usa.home().join("station.toml")).unwrap();
    fs::remove_dir_all(usa.home()).unwrap();
    usa.done(&[
        "keys",
        "renew",
        "--recovery",
        &recovery(usa),
        "--memorandum",
        &paper,
        "--reason",
        "compromise",
    ]);
    fs::write(usa.home().join("station.toml"), config).unwrap();
    let file = renewals(usa);
    stations[0] = usa.start();
    let refused = usa.run(&["suspend", "--reason", "Too early."]);
    refused.refused(2, "the acts that this party wrote with its earlier keys", "");
    for party in [rus, tur] {
        let taken = party.read(&["keys", "take", &file]);
        assert_eq!((taken["party"].clone(), taken["rank"].clone()), (json!("usa"), json!(1)));
    }
    for party in &parties {
        connected(party, 2);
    }
    usa.until(&["record", "show"], |_| usa.run(&["show", told.trim()]).code == Some(0));
    let doctor = usa.run(&["doctor"]).out;
    let lost = "✗ not well  syria: seals: the memorandum commits to a key that is not here";
    assert!(doctor.contains(lost), "{doctor}");
    assert!(rus.run(&["doctor"]).out.contains("● well      syria: seals: with the key"));
    let back = usa.done(&["send", "--wait=120", "We are back."]);
    for party in [rus, tur] {
        assert_eq!(party.read(&["show", back.trim()])["marked"], json!(null));
        assert_eq!(party.read(&["show", told.trim()])["forgotten"], json!(null), "within the reach");
        assert!(party.read(&["status"]).to_string().contains(act.trim()), "its suspension stands");
    }
}
