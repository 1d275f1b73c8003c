//! A party tells two others different things under one name, as whoever brings back a whole machine from a copy does. The two
//! checkpoints convict it: before a witness, before peers as soon as they meet, and before a stranger with a dossier of each.
//! All three say so in words, and say what to do.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on has failed"
)]

mod parties;

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Stdio};

use parties::Party;
use serde_json::{Value, json};

/// A witness as a process, killed when it goes out of sight.
struct Witness(Child);

impl Drop for Witness {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn copied(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for file in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let target = to.join(file.file_name());
        if file.file_type().unwrap().is_dir() {
            copied(&file.path(), &target);
        } else if file.file_type().unwrap().is_file() {
            fs::copy(file.path(), target).unwrap();
        }
    }
}

/// Usa, rus and un on one line, each dialling the others, with a witness; nobody runs yet but the witness.
fn three() -> ([Party; 3], Party, Witness) {
    let parties = [Party::new("usa"), Party::new("rus"), Party::new("un")];
    let neutral = Party::new("witness");
    let vkey = neutral.done(&["witness", "init", "w.example/1"]);
    for party in &parties {
        let peers = parties.iter().filter(|other| other.name != party.name);
        let peers: Vec<String> = peers
            .flat_map(|other| ["--peer".into(), format!("{}=127.0.0.1:{}", other.name, other.port)])
            .collect();
        let peers: Vec<&str> = peers.iter().map(String::as_str).collect();
        assert_eq!(party.init(&peers).code, Some(0));
    }
    let cards = parties.each_ref().map(Party::card);
    let [usa, ..] = &parties;
    let draft = usa.done(&["memorandum", "draft", "--line", "syria", &cards[0], &cards[1], &cards[2]]);
    let port = parties::free_port();
    let witnessed = format!(
        "{draft}\n[[witness]]\nname = \"w.example/1\"\nkey = \"{}\"\nurl = \"http://127.0.0.1:{port}\"\n\n\
         [witnessing]\nevery = \"1s\"\n",
        vkey.trim()
    );
    let paper = usa.folder.file("memorandum.toml", witnessed);
    for party in &parties {
        party.done(&["memorandum", "sign", &paper]);
    }
    for party in &parties {
        party.done(&["memorandum", "adopt", &paper]);
    }
    let logs = neutral.folder.file("logs.txt", neutral.done(&["witness", "keys", &paper]));
    neutral.done(&["witness", "add", &logs]);
    let listen = format!("127.0.0.1:{port}");
    let mut command = neutral.command(&["witness", "serve", "--listen", &listen]);
    let mut process = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert!(line.contains("listening at"), "{line}");
    (parties, neutral, Witness(process))
}

fn cosigned(status: &Value) -> bool {
    status["witnesses"][0]["cosigned"]["usa/O"]["size"] == json!(1)
}

fn troubles(status: &Value) -> Vec<Value> {
    status["witnesses"][0]["troubles"].as_array().cloned().unwrap_or_default()
}

#[test]
fn whoever_tells_two_stories_is_convicted_by_peers_by_a_witness_and_by_two_dossiers() {
    let ([usa, rus, un], neutral, _witness) = three();
    let copy = usa.folder.path().join("copy");
    copied(&usa.home(), &copy);

    // One story to rus, which the witness sees.
    let told = {
        let (_at_usa, _at_rus) = (usa.start(), rus.start());
        rus.until(&["status"], |status| status["circuits"][0]["ready"] == json!(true));
        let told = usa.done(&["send", "-p", "immediate", "We saw them leave."]).trim().to_owned();
        rus.until(&["show", &told], |entry| entry["entry"] == json!(told));
        rus.until(&["status"], cosigned);
        told
    };
    let file = |party: &Party| party.folder.path().join("told.zip").display().to_string();
    let dossier = |party: &Party| {
        let out = file(party);
        party.done(&["dossier", "make", &told, "--out", &out]);
        out
    };

    // Another one to un, by the machine as it was before.
    fs::remove_dir_all(usa.home()).unwrap();
    copied(&copy, &usa.home());
    let at_un = un.start();
    {
        let _at_usa = usa.start();
        un.until(&["status"], |status| {
            status["circuits"].as_array().is_some_and(|all| all.iter().any(|c| c["ready"] == json!(true)))
        });
        let again = usa.done(&["send", "-p", "immediate", "We never saw them."]);
        assert_eq!(again.trim(), told, "under the same name");
        un.until(&["show", &told], |entry| entry["entry"] == json!(told));
    }

    // The witness has both, cosigns one, and says what that is.
    let status = un.until(&["status"], |status| {
        troubles(status).iter().any(|trouble| trouble["error"] == json!("WitnessDisagrees"))
    });
    assert!(!cosigned(&status), "{status}");
    let page = neutral.done(&["witness", "show"]);
    for says in [
        "two checkpoints of one size with different roots, both signed",
        "this convicts whoever holds the log's key",
        "Give both to everybody who relies on the log",
    ] {
        assert!(page.contains(says), "{says}: {page}");
    }
    let page = un.done(&["status"]);
    for says in ["WitnessDisagrees", "usa/O"] {
        assert!(page.contains(says), "{says}: {page}");
    }

    // A stranger with a dossier of each.
    let theirs = dossier(&un);
    let at_rus = rus.start();
    let ours = dossier(&rus);
    for whole in [&theirs, &ours] {
        assert_eq!(neutral.run(&["verify", whole]).code, Some(0), "each holds by itself");
    }
    let left = neutral.run(&["verify", &ours, &theirs]);
    assert_eq!(left.code, Some(1), "{left:?}");
    let page = left.out.split_whitespace().collect::<Vec<_>>().join(" ");
    for says in [
        "usa signed its book usa/O of 1 entry twice, in two ways that cannot both be true",
        "binds usa: both signatures are its own",
    ] {
        assert!(page.contains(says), "{says}: {page}");
    }
    let left = neutral.run(&["verify", &ours, &theirs, "--json"]);
    let read: Value = serde_json::from_str(&left.out).unwrap();
    assert_eq!(read["convictions"].as_array().map(Vec::len), Some(1), "{read}");

    // Rus and un have met meanwhile, and each holds the proof, for good.
    for (party, running) in [(&rus, at_rus), (&un, at_un)] {
        let found = party.until(&["record", "evidence"], |found| found["evidence"] != json!([]));
        let fork =
            found["evidence"].as_array().unwrap().iter().find(|one| one["fork"]["book"] == json!("usa/O"));
        let fork = fork.unwrap_or_else(|| panic!("{found}")).clone();
        assert_eq!((&fork["party"], &fork["fork"]["sizes"]), (&json!("usa"), &json!([1, 1])), "{fork}");
        assert!(fork["proof"].as_str().is_some_and(|proof| proof.len() > 200), "both checkpoints, signed");
        let page = party.done(&["record", "evidence"]);
        for says in [
            "usa signed two histories of its book usa/O",
            "1 entry",
            "cannot both be true",
            "whoever holds usa's key",
            "detente dossier make",
        ] {
            assert!(page.contains(says), "{says}: {page}");
        }
        let page = party.done(&["status"]);
        assert!(page.contains("✗ usa signed two histories of usa/O: detente record evidence"), "{page}");
        let doctor = party.run(&["doctor"]);
        assert!(doctor.out.contains("detente record evidence"), "{doctor:?}");
        drop(running);
    }
}
