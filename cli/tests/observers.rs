//! An observer from its card to its findings: two real stations that disclose to it and lodge what it finds, and a folder of
//! its own with neither station nor circuit.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]

mod parties;

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use parties::{Folder, Left, Party, finish, two_connected};
use serde_json::{Value, json};

/// Somebody with a laptop: a folder, no station.
struct Observer(Folder);

impl Observer {
    fn new() -> Self {
        Self(Folder::new())
    }

    fn run(&self, arguments: &[&str]) -> Left {
        let mut command = Command::new(env!("CARGO_BIN_EXE_detente"));
        command.env_clear().env("DETENTE_HOME", self.0.path().join("home"));
        command.arg("observer").args(arguments).stdin(Stdio::null());
        finish(command)
    }

    fn done(&self, arguments: &[&str]) -> String {
        let left = self.run(arguments);
        assert_eq!(left.code, Some(0), "{arguments:?}: {}", left.err);
        left.out
    }

    fn read(&self, arguments: &[&str]) -> Value {
        serde_json::from_str(&self.done(&[arguments, &["--json"]].concat())).unwrap()
    }

    fn card(&self) -> String {
        self.0.path().join("home/observer/un-board.observer.toml").display().to_string()
    }

    fn path(&self, name: &str) -> String {
        self.0.path().join(name).display().to_string()
    }
}

/// Writes, waits until the other has receipted it, and says under which name.
fn write(party: &Party, arguments: &[&str]) -> String {
    party.done(&[arguments, &["--wait=60"]].concat()).trim().to_owned()
}

/// Discloses, waits until the other has that entry, and gives the dossier and the entry's name.
fn disclose(party: &Party, file: &str, arguments: &[&str]) -> (String, String) {
    let path = party.folder.path().join(file).display().to_string();
    let told = ["disclose", "--to", "un-board", "--out", &path];
    let name = write(party, &[&told, arguments].concat());
    (path, name)
}

/// Usa moves an amendment in a file, rus is for it, and both have it in force.
fn amend(usa: &Party, rus: &Party, file: &str) {
    let motion = usa.done(&["motion", "amend", file, "--text", "That others may look."]);
    let motion = motion.trim();
    let moved = |list: &Value| -> Option<Value> {
        list["motions"].as_array()?.iter().find(|one| one["motion"] == json!(motion)).cloned()
    };
    rus.until(&["motion", "list"], |list| moved(list).is_some());
    rus.done(&["motion", "for", motion]);
    for party in [usa, rus] {
        party.until(&["motion", "list"], |list| {
            moved(list).is_some_and(|moved| moved["decision"]["outcome"] == json!("carried"))
        });
    }
}

#[test]
fn an_observer_is_shown_what_parties_choose_and_what_it_finds_is_on_the_record() {
    let ([usa, rus], _stations) = two_connected();
    let un = Observer::new();
    un.run(&["take", "nothing.zip"]).refused(2, "an observer's key, found none", "observer init");
    un.run(&["init", "UN"]).refused(1, "observer name: expected [a-z]", "correct");
    un.done(&["init", "un-board", "--full-name", "Board of Inquiry"]);
    un.run(&["init", "un-board"]).refused(1, "keys.toml: expected no such file", "nothing is overwritten");
    let keys: PathBuf = un.0.path().join("home/observer/keys.toml");
    let mode = std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&keys).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);

    // Nobody discloses to somebody whom the memorandum does not name; an observer is no party, nor the other way round.
    let call = write(&usa, &["send", "Aircraft are hitting our column."]);
    let out = usa.folder.path().join("early.zip").display().to_string();
    let early = usa.run(&["disclose", &call, "--to", "un-board", "--out", &out]);
    early.refused(1, "one that the memorandum in force names, found un-board", "--observe CARD");
    assert!(!fs::exists(&out).unwrap());
    let card = fs::read_to_string(un.card()).unwrap();
    let stolen = usa.folder.file("stolen.toml", card.replace("\"un-board\"", "\"rus\""));
    usa.run(&["memorandum", "in-force", "--observe", &stolen]).refused(
        1,
        "a signature by the observer's key",
        "",
    );
    let granting = usa.done(&["memorandum", "in-force", "--observe", &un.card()]);
    amend(&usa, &rus, &usa.folder.file("granting.toml", &granting));

    // Each discloses what it chooses; the line says so for ever.
    let answer = write(&rus, &["reply", &call, "We have nothing there."]);
    write(&usa, &["send", "A neighbour, which is nobody's business."]);
    let (ours, said) = disclose(&usa, "usa.zip", &["--thread", &call, "--text", "The call and its answer."]);
    let (theirs, said_too) = disclose(&rus, "rus.zip", &[&answer]);
    let listed = rus.until(&["disclosures"], |all| {
        all["observers"]["un-board"].as_array().is_some_and(|all| all.len() == 2)
    });
    let first = &listed["observers"]["un-board"][0];
    assert_eq!((&first["entry"], &first["by"], &first["count"]), (&json!(said), &json!("usa"), &json!(2)));
    assert!(rus.done(&["disclosures", "--to", "un-board"]).contains("The call and its answer."));
    usa.run(&["disclose", "usa/R/99", "--to", "un-board", "--out", &out]).refused(2, "held here", "");

    // The observer verifies, and sees who showed what.
    un.run(&["take", &un.path("none.zip")]).refused(2, "a file that can be read", "path");
    let taken = un.run(&["take", &ours, &theirs]);
    assert_eq!(taken.code, Some(0), "{}", taken.err);
    assert!(taken.err.contains("a line that is new here: compare its fingerprint"), "{}", taken.err);
    assert_eq!(un.read(&["take", &ours])["taken"][0]["was_here"], json!(true));
    let bytes = fs::read(&ours).unwrap();
    for (name, wrong) in [
        ("cut.zip", bytes[..bytes.len() - 9].to_vec()),
        ("flipped.zip", bytes.iter().enumerate().map(|(at, byte)| byte ^ u8::from(at == 5_000)).collect()),
        ("empty.zip", Vec::new()),
    ] {
        let file = un.0.file(name, wrong);
        un.run(&["take", &file]).refused(1, "", "ask the party that disclosed it");
    }
    let shown = un.read(&["show"]);
    let by = |name: &str| {
        let entries = shown["entries"].as_array().unwrap();
        let entry = entries.iter().find(|entry| entry["entry"] == json!(name)).unwrap();
        entry["disclosed_by"].clone()
    };
    assert_eq!(by(&call), json!([["usa", said]]));
    assert_eq!(by(&answer), json!([["usa", said], ["rus", said_too]]));
    let side = shown["threads"][0][0].clone();
    assert_eq!(side, json!({"entry": call, "by": ["usa"], "not_by": ["rus"]}));
    assert_eq!((&shown["not_announced"], &shown["contradictions"]), (&json!([]), &json!([])));
    let page = un.done(&["show"]);
    for says in
        ["Aircraft are hitting our column.", "binds rus; does not prove", "not by rus", "disclosed by"]
    {
        assert!(page.contains(says), "{says}: {page}");
    }
    assert!(!page.contains("neighbour"), "{page}");

    // It finds, and several lodge it: one finding.
    let note = un.path("finding-1");
    un.run(&["find", "usa/R/99", "--text", "x", "--out", &note]).refused(
        2,
        "an entry that was disclosed",
        "show",
    );
    un.done(&[
        "find",
        &call,
        &answer,
        "--text",
        "The call was answered.\n\nIt was not acted on.",
        "--out",
        &note,
    ]);
    un.run(&["find", &call, "--text", "x", "--out", &note]).refused(2, "not there yet", "another name");
    let long = "x".repeat(11_990);
    un.run(&["find", &call, "--text", &long, "--out", &un.path("long")]).refused(
        2,
        "at most 12000 bytes",
        "less",
    );
    let lodged = write(&rus, &["finding", "lodge", &note]);
    let again = write(&usa, &["finding", "lodge", &note, "--precedence", "routine"]);
    let found = usa.until(&["findings"], |all| {
        all["observers"]["un-board"]["findings"][0]["lodged_by"].as_array().is_some_and(|by| by.len() == 2)
    });
    let board = &found["observers"]["un-board"];
    let on = &board["findings"][0]["on"];
    assert_eq!((&on[0]["entry"], &on[0]["same_here"]), (&json!(call), &json!(true)));
    assert_eq!((board["findings"].as_array().unwrap().len(), &board["missing"]), (1, &json!([])));
    assert_eq!(usa.read(&["show", &lodged])["regards"], json!([call, answer]));

    // What a party holds of it stands beside it.
    let disputed = write(&usa, &["position", "dispute", &lodged, "It was acted on."]);
    let positions = rus.read(&["positions", &lodged]);
    assert_eq!(positions["positions"]["usa"]["held"]["entry"], json!(disputed));
    assert!(rus.done(&["positions", &lodged]).contains("1 of un-board"));
    assert!(usa.done(&["findings"]).contains("It was not acted on."));

    // The observer learns that it was lodged; what is lodged of a later one alone shows the gap.
    let (back, _) = disclose(&usa, "back.zip", &[&again]);
    un.done(&["take", &back]);
    assert_eq!(un.read(&["show"])["findings"][0]["lodged_by"], json!([again]));
    for (number, corrects) in [(2, None), (3, Some("1"))] {
        let out = un.path(&format!("finding-{number}"));
        let more: Vec<&str> = corrects.iter().flat_map(|serial| ["--corrects", serial]).collect();
        un.done(&[&["find", &call, "--text", "More.", "--out", &out][..], &more].concat());
    }
    write(&usa, &["finding", "lodge", &un.path("finding-3")]);
    let found = usa.read(&["findings"])["observers"]["un-board"].clone();
    assert_eq!((&found["missing"], &found["findings"][0]["corrected_by"]), (&json!([[2, 2]]), &json!([3])));
    assert!(usa.done(&["findings"]).contains("finding 2 is not lodged here"));
    let early = usa.read(&["findings", "--as-of", "2001-01-01T00:00Z"]);
    assert_eq!(early["observers"], json!({}));

    // A folder put back from a copy takes back what was lodged, and signs no serial twice.
    let (third, _) = disclose(&usa, "third.zip", &["--thread", &call]);
    let findings = un.0.path().join("home/observer/lines").join(found_line(&un)).join("findings");
    for serial in [2, 3] {
        fs::remove_file(findings.join(format!("{serial:08}.finding"))).unwrap();
    }
    let taken = un.run(&["take", &third]);
    assert!(taken.err.contains("finding 3, which was not here, is taken back"), "{}", taken.err);
    un.done(&["find", &call, "--text", "The fourth.", "--out", &un.path("finding-4")]);
    assert!(fs::read_to_string(un.path("finding-4")).unwrap().contains("\nserial 4\n"));

    // What is no finding, of another line, or forged is lodged by nobody.
    let text = fs::read_to_string(&note).unwrap();
    let refused = |name: &str, bytes: &[u8], code: i32, says: &str| {
        let file = usa.folder.file(name, bytes);
        usa.run(&["finding", "lodge", &file]).refused(code, says, "the observer");
    };
    refused("empty", b"", 1, "1 to 12,000 bytes, found 0");
    refused("huge", &vec![b'a'; 10 << 20], 2, "at most 12,000 bytes");
    refused("truncated", &text.as_bytes()[..text.len() - 20], 1, "");
    refused(
        "tampered",
        text.replace("was answered", "was ignored").as_bytes(),
        1,
        "a signature of the observer un-board",
    );
    let line = text.lines().find(|line| line.starts_with("line ")).unwrap();
    refused("foreign", text.replace(line, &format!("line {}", "0".repeat(64))).as_bytes(), 1, "");

    // Access ends by an amendment; what was found stays.
    let ending = usa.done(&["memorandum", "in-force", "--dismiss", "un-board"]);
    usa.run(&["memorandum", "in-force", "--dismiss", "icrc"]).refused(
        2,
        "one of un-board, found icrc",
        "observers",
    );
    amend(&usa, &rus, &usa.folder.file("ending.toml", &ending));
    usa.run(&["disclose", &call, "--to", "un-board", "--out", &out]).refused(1, "names, found un-board", "");
    refused("late", fs::read(un.path("finding-2")).unwrap().as_slice(), 1, "names, found un-board");
    let after = rus.read(&["findings"])["observers"]["un-board"].clone();
    assert_eq!((after["findings"].as_array().unwrap().len(), &after["named"]), (2, &json!(false)));
}

/// The name of the only line's folder at an observer.
fn found_line(un: &Observer) -> String {
    un.read(&["list"])["lines"][0]["line"].as_str().unwrap().to_owned()
}

#[test]
fn what_was_shown_can_be_written_again_and_what_was_not_announced_shows() {
    let ([usa, rus], _stations) = two_connected();
    let un = Observer::new();
    un.done(&["init", "un-board"]);
    let granting = usa.done(&["memorandum", "in-force", "--observe", &un.card()]);
    amend(&usa, &rus, &usa.folder.file("granting.toml", &granting));
    let [one, two] = ["One.", "Two."].map(|text| write(&usa, &["send", text]));
    let (path, name) = disclose(&usa, "one.zip", &[&one, &two]);
    let again = usa.folder.path().join("again.zip").display().to_string();
    usa.done(&["disclose", "--again", &name, "--out", &again]);
    assert!(fs::read(&path).unwrap() == fs::read(&again).unwrap(), "the same evidence makes the same file");
    usa.run(&["disclose", "--again", &one, "--out", &un.path("x.zip")]).refused(2, "discloses something", "");
    // A dossier that was made without saying so: the observer sees that, too.
    let [plain, half] =
        ["plain.zip", "half.zip"].map(|name| usa.folder.path().join(name).display().to_string());
    usa.done(&["dossier", "make", &one, "--out", &plain]);
    let taken = un.run(&["take", &plain]);
    assert!(taken.err.contains("nobody is bound to have shown it"), "{}", taken.err);
    assert_eq!(un.read(&["show"])["not_announced"], json!([one]));
    // One that says more than it shows.
    usa.done(&["dossier", "make", &name, "--out", &half]);
    un.done(&["take", &half]);
    let shown = un.read(&["show"]);
    assert_eq!(shown["disclosures"][0]["not_shown"], json!([two]));
    assert!(un.done(&["show"]).contains("! announced, and not shown"));
    un.done(&["take", &path]);
    assert_eq!(un.read(&["show"])["disclosures"][0]["not_shown"], json!([]));
    let lines = un.read(&["list"]);
    let known = (&lines["lines"][0]["name"], &lines["lines"][0]["entries"]);
    assert_eq!(known, (&json!("syria"), &json!(6)), "three, and the three acts that named the observer");
}
