//! From keys to a memorandum in force, with every mistake that people make on the way: each is named, with its place
//! and what was meant, and nothing is left half done.

mod parties;

use std::fs;

use parties::{Party, finish, two};

#[test]
fn init_refuses_what_is_no_name_no_address_and_what_is_there_already() {
    let usa = Party::new("usa");
    let init = |arguments: &[&str]| usa.run(&[&["init"], arguments].concat());
    for line in ["Syria", "../../etc", "a line", ""] {
        init(&["--party", "usa", "--line", line]).refused(
            1,
            "line name: expected [a-z][a-z0-9-]{0,31}",
            "correct",
        );
    }
    init(&["--party", "USA", "--line", "syria"]).refused(1, "party name: expected [a-z]", "correct");
    usa.init(&["--language", "e n"]).refused(1, "a BCP 47 tag such as en or ar-SY, found e n", "correct");
    usa.init(&["--office", "chief"]).refused(
        1,
        "NAME:RANK, such as \"watch officer:0\", found chief",
        "correct",
    );
    usa.init(&["--office", "chief:1"]).refused(1, "at least one of rank 0, the watch", "correct");
    for peer in ["rus", "rus=192.0.2.10", "=192.0.2.10:4800", "rus=192.0.2.10:0"] {
        usa.init(&["--peer", peer]).refused(
            1,
            &format!("PARTY=HOST:PORT, such as rus=192.0.2.10:4800, found {peer}"),
            "correct",
        );
    }
    let listen = init(&["--party", "usa", "--line", "syria", "--listen", "4800"]);
    assert_eq!(listen.code, Some(2));
    assert!(listen.err.contains("a UDP port, such as 0.0.0.0:4800, found \"4800\""), "{}", listen.err);
    assert!(!usa.home().exists(), "nothing was made");

    assert_eq!(usa.init(&[]).code, Some(0));
    let keys = fs::read(usa.home().join("lines/syria/keys.toml")).unwrap();
    usa.init(&[]).refused(1, "keys.toml: expected no such file, found one", "nothing is overwritten");
    assert_eq!(fs::read(usa.home().join("lines/syria/keys.toml")).unwrap(), keys);
    let second = init(&["--party", "usa", "--line", "border", "--peer", "tur=192.0.2.1:4800"]);
    second.refused(1, "[[circuit]]", "add these tables to it by hand");
    assert!(!usa.home().join("lines/border").exists(), "nothing was made");
}

/// What is changed in a sound memorandum, where that is found, what is said of it, and what is said to do.
const MISTAKES: [(&str, &str, &str, &str, &str); 34] = [
    (
        "flash = \"10m\"",
        "flahs = \"10m\"",
        ": line 7, column 1: ",
        "expected a key of flash, immediate, priority, routine, found `flahs`",
        "did you mean `flash`?",
    ),
    (
        "grace = \"10m\"",
        "grace = \"10 minutes\"",
        ": line 14, column 9: ",
        "a length of time such as 90s, 10m, 3h or 2d, found \"10 minutes\"",
        "spec/memorandum.md",
    ),
    (
        "grace = \"10m\"",
        "grace = \"2h\"",
        ": line 12, column 1, tests: ",
        "a grace over 0 and below the interval, found a grace of 7200000 ms",
        "spec/memorandum.md",
    ),
    (
        "consent = true",
        "consent = \"yes\"",
        ": line 18, column 11: ",
        "expected true or false, found string \"yes\"",
        "spec/memorandum.md",
    ),
    ("consent = true", "consent = yes", ": line 18, column 11: ", "expected TOML", "spec/memorandum.md"),
    (
        "passes = []",
        "passes = [\"mesage\"]",
        ", suspension.passes.0: ",
        "expected a kind of entry such as message or notice, found \"mesage\"; did you mean \"message\"?",
        "",
    ),
    (
        "depositary = \"usa\"",
        "depositary = \"us\"",
        ": line 3, column 14, line.depositary: ",
        "the short name of a party, one of usa, rus, found \"us\"",
        "did you mean \"usa\"?",
    ),
    ("depositary = \"usa\"", "", ": line 1, column 1: ", "expected a key `depositary`, found none", ""),
    (
        "veto = []",
        "veto = [\"fra\"]",
        ", motions.veto.0: ",
        "the short name of a party, one of usa, rus, found \"fra\"",
        "",
    ),
    ("veto = []", "veto = [\"rus\", \"usa\"]", ", motions.veto: ", "ascending, each once", ""),
    ("votes-to-carry = 2", "votes-to-carry = 3", ", motions: ", "expected 1 to 2 votes, found 3", ""),
    (
        "votes-to-carry = 2",
        "votes-to-carry = 300",
        ": ",
        "expected a whole number from 0 to 255, found integer `300`",
        "",
    ),
    ("window = \"14d\"", "wndow = \"14d\"", ": ", "found `wndow`", "did you mean `window`?"),
    ("window = \"14d\"", "window = \"0s\"", ", motions: ", "a window over 0", ""),
    ("[motions]", "[motion]", ": ", "found `motion`", "did you mean `motions`?"),
    ("[[circuit]]", "[circuit]", ": ", "expected a list, found a table", ""),
    (
        "nature = \"site\"",
        "nature = \"sites\"",
        ", notice.2.nature: ",
        "found \"sites\"",
        "did you mean \"site\"?",
    ),
    (
        "\"organisation\",",
        "\"organization\",",
        ", notice.1.requires.0: ",
        "found \"organization\"",
        "\"organisation\"?",
    ),
    ("distance = \"500m\"", "distance = \"500\"", ": ", "expected a length such as 500m", ""),
    ("distance = \"500m\"", "distance = \"0.5m\"", ", notice: ", "separation of 1 m to 500 km", ""),
    ("name = \"activity\"", "name = \"An Activity\"", ", notice: ", "[a-z][a-z0-9-]{0,31}", ""),
    ("priority = \"3h\"", "priority = \"5m\"", ", handling: ", "four, over 0, ascending Z, O, P, R", ""),
    (
        "precedence = \"immediate\"",
        "precedence = \"imediate\"",
        ", escalation.2.precedence: ",
        "flash (Z), immediate (O)",
        "",
    ),
    (
        "after = \"2m\"\nrank = 1",
        "after = \"2m\"\nrank = 9",
        ", escalation: ",
        "an office of rank 9 at every party, found none of usa",
        "",
    ),
    ("after = \"2m\"", "after = \"10m\"", ", escalation: ", "ascending by class, then by time", ""),
    ("    10000,", "    0,", ", quota: ", "1 entry and 16,384 bytes, or more", ""),
    ("name = \"syria\"", "name = \"Syria\"", ", line.name: ", "[a-z][a-z0-9-]{0,31}, found Syria", ""),
    (
        "number = 1\nname = \"rus\"",
        "number = 0\nname = \"rus\"",
        ", party: ",
        "ascending by number, each once",
        "",
    ),
    ("number = 1\nname = \"rus\"", "name = \"rus\"", ", party.1: ", "expected a number, found none", ""),
    (
        "number = 1\nname = \"rus\"",
        "number = 1\nname = \"rsu\"",
        ", party.1: ",
        "a signature by the book key, found none of rsu",
        "",
    ),
    ("kind = \"quic\"", "kind = \"\"", ", circuit: ", "a name and a kind of 1 to 200 bytes", ""),
    ("languages = [\"en\"]", "languages = [\"e n\"]", ", party.0: ", "one or more BCP 47 tags", ""),
    (
        "depositary = \"usa\"",
        "depositary = \"usa\"\nparent = \"abc\"",
        ", line.parent: ",
        "64 hex digits",
        "",
    ),
    ("[tests]", "[tests", ": line 12, column 7: ", "expected TOML", ""),
];

fn draft() -> ([Party; 2], String) {
    let parties = [Party::new("usa"), Party::new("rus")];
    let [usa, rus] = &parties;
    assert_eq!((usa.init(&[]).code, rus.init(&[]).code), (Some(0), Some(0)));
    let text = usa.done(&["memorandum", "draft", "--line", "syria", &usa.card(), &rus.card()]);
    (parties, text)
}

#[test]
fn a_memorandum_with_a_mistake_is_named_with_its_place_and_what_was_meant() {
    let ([usa, _], text) = draft();
    for (sound, wrong, place, says, hint) in MISTAKES {
        assert!(text.contains(sound), "{sound}");
        let file = usa.folder.file("m.toml", text.replacen(sound, wrong, 1));
        for verb in ["check", "show", "sign", "adopt"] {
            let left = usa.run(&["memorandum", verb, &file]);
            left.refused(1, says, hint);
            assert!(
                left.err.starts_with(&format!("error: {file}")) && left.err.contains(place),
                "{place}: {}",
                left.err
            );
        }
    }
}

#[test]
fn a_weak_key_a_key_twice_and_a_key_that_is_none_are_told_by_party_and_role() {
    let ([usa, _], text) = draft();
    let key_of = |party: &str, role: &str| {
        let from = text.find(&format!("name = \"{party}\"\nfull-name")).unwrap();
        let at = from + text[from..].find(&format!("{role}-key = \"")).unwrap() + role.len() + 8;
        text[at..at + 64].to_owned()
    };
    let check = |from: &str, to: &str| {
        let file = usa.folder.file("m.toml", text.replacen(from, to, 1));
        usa.run(&["memorandum", "check", &file])
    };
    let weak = [&"0".repeat(64), &format!("01{}", "0".repeat(62)), &format!("ec{}7f", "f".repeat(60))]
        .map(String::clone);
    for key in weak {
        let left = check(&key_of("rus", "station"), &key);
        left.refused(1, "party.1.station-key: WeakKey: public key", "this key secures nothing");
    }
    check(&key_of("rus", "book"), "abc").refused(
        1,
        "party.1.book-key: expected 64 hex digits, found 3 characters",
        "",
    );
    let other = key_of("usa", "receipt");
    check(&key_of("rus", "receipt"), &other).refused(
        1,
        "party.1: Malformed: possession: expected a signature by the receipt key",
        "",
    );
    let left = usa.run(&["memorandum", "draft", "--line", "syria", &usa.card(), &usa.card()]);
    left.refused(1, "distinct names, found a name twice", "spec/memorandum.md");
}

#[test]
fn a_file_that_is_something_else_is_not_quoted() {
    let ([usa, rus], text) = draft();
    let keys = usa.home().join("lines/syria/keys.toml");
    let secrets: Vec<String> = fs::read_to_string(&keys)
        .unwrap()
        .split('"')
        .filter(|part| part.len() == 64)
        .map(str::to_owned)
        .collect();
    assert_eq!(secrets.len(), 5);
    let (large, binary) =
        (usa.folder.file("large", vec![b'#'; 2 << 20]), usa.folder.file("binary", [0xff; 99]));
    let (empty, memorandum) = (usa.folder.file("empty", ""), usa.folder.file("m.toml", text));
    let keys = keys.display().to_string();
    for (file, says) in [
        (keys.as_str(), "found `book`"),
        (&large, "expected at most 1048576 bytes, found more"),
        (&binary, "expected text in UTF-8, found another byte at place 1"),
        (&empty, "expected a key `line`, found none"),
        (&usa.card(), "found `book-key`"),
        ("/dev/zero", "expected at most 1048576 bytes, found more"),
        ("/nowhere", "No such file"),
        ("/", "Is a directory"),
    ] {
        let left = usa.run(&["memorandum", "check", file]);
        left.refused(1, says, "");
        assert!(secrets.iter().all(|secret| !left.err.contains(secret)), "a key on the screen");
    }
    let left = usa.run(&["demo", "--check", "--scenario", &keys]);
    assert_eq!(left.code, Some(2), "{}", left.err);
    assert!(secrets.iter().all(|secret| !left.err.contains(secret)), "a key on the screen");
    for file in [&keys, &memorandum, &binary, &empty] {
        let left = usa.run(&["memorandum", "draft", "--line", "syria", file, &rus.card()]);
        left.refused(1, "expected ", "");
        assert!(secrets.iter().all(|secret| !left.err.contains(secret)), "a key on the screen");
    }
}

#[test]
fn signatures_are_those_of_the_parties_and_of_this_text() {
    let ([usa, rus], text) = draft();
    let file = usa.folder.file("m.toml", &text);
    usa.run(&["memorandum", "adopt", &file]).refused(
        1,
        "not signed by usa, rus",
        "gather all signatures in one file",
    );
    usa.done(&["memorandum", "sign", &file]);
    usa.run(&["memorandum", "adopt", &file]).refused(1, "not signed by rus", "memorandum sign");
    rus.done(&["memorandum", "sign", &file]);
    let signed = fs::read_to_string(&file).unwrap();
    let changed = usa.folder.file("changed.toml", signed.replace("flash = \"10m\"", "flash = \"11m\""));
    usa.run(&["memorandum", "adopt", &changed]).refused(1, "not signed by usa, rus", "memorandum sign");
    let stranger = Party::new("usa");
    assert_eq!(stranger.init(&[]).code, Some(0));
    stranger.run(&["memorandum", "adopt", &file]).refused(
        1,
        "these keys of usa are not those that the memorandum names",
        "draft",
    );
    Party::new("tur").run(&["memorandum", "sign", &file]).refused(
        1,
        "keys.toml: No such file",
        "detente init",
    );

    usa.done(&["memorandum", "adopt", &file]);
    assert!(usa.done(&["memorandum", "adopt", &file]).contains("in force already"));
    let text = text.replace("flash = \"10m\"", "flash = \"9m\"");
    let other = usa.folder.file("other.toml", text);
    for party in [&usa, &rus] {
        party.done(&["memorandum", "sign", &other]);
    }
    usa.run(&["memorandum", "adopt", &other]).refused(
        1,
        "expected no memorandum in force for this line, found another",
        "refound",
    );
}

#[test]
fn show_tells_every_term() {
    let ([usa, _], text) = draft();
    let text = text
        .replace("passes = []", "passes = [\"notice\"]")
        .replace("depositary = \"usa\"", &format!("depositary = \"usa\"\nparent = \"{}\"", "ab".repeat(32)));
    let file = usa.folder.file("m.toml", text);
    let shown = usa.done(&["memorandum", "show", &file]);
    for row in [
        "While suspended  acts, acknowledgements, tests, safety of life, notice pass",
        "Quota a day      FLASH: 10000 entries, 64 MiB",
        "Quota a day      acts: 10000 entries, 64 MiB",
        "Quota a day      IMMEDIATE: 50000 entries, 256 MiB",
        "Quota a day      PRIORITY: 200000 entries, 512 MiB",
        "Quota a day      ROUTINE: 2000000 entries, 2 GiB",
        "Circuit          main: quic",
        "Seals            every 1d, by usa, rus",
        &format!("Working group of {}", "ab".repeat(32)),
    ] {
        assert!(shown.lines().any(|line| line == row), "{row}: {shown}");
    }
    let json: serde_json::Value =
        serde_json::from_str(&usa.done(&["memorandum", "show", &file, "--json"])).unwrap();
    assert_eq!(json["quotas"]["FLASH"], serde_json::json!([10_000, 64 << 20]));
    assert_eq!(
        (&json["passes"], &json["circuits"][0]["kind"]),
        (&serde_json::json!(["notice"]), &serde_json::json!("quic"))
    );
}

#[test]
fn a_command_line_that_makes_no_sense_is_json_for_programs() {
    let usa = Party::new("usa");
    let left = finish(usa.command(&["send", "--json", "--precedence", "urgent", "x"]));
    let error: serde_json::Value = serde_json::from_str(&left.err).unwrap();
    assert_eq!(
        (left.code, &error["error"], &error["what"]),
        (Some(2), &serde_json::json!("Misuse"), &serde_json::json!("command line"))
    );
    assert!(error["found"].as_str().is_some_and(|found| found.contains("urgent")), "{error}");
}

#[test]
fn a_card_that_was_lost_is_written_again() {
    let [usa, _rus] = two();
    let card = fs::read(usa.card()).unwrap();
    let again = ["init", "--party", "usa", "--line", "syria", "--card"];
    usa.run(&again).refused(1, "expected no such file, found one", "nothing is overwritten");
    fs::remove_file(usa.card()).unwrap();
    usa.done(&again);
    assert_eq!(fs::read(usa.card()).unwrap(), card);
    let mut other = again;
    other[2] = "rus";
    usa.run(&other).refused(1, "expected usa, found rus", "correct");
    let stranger = Party::new("tur");
    stranger.run(&["init", "--party", "tur", "--line", "syria", "--card"]).refused(1, "keys.toml", "");
}

#[test]
fn a_party_of_before_seals_makes_a_seal_key() {
    let [usa, _rus] = two();
    let keys = usa.home().join("lines/syria/keys.toml");
    let make = ["init", "--party", "usa", "--line", "syria", "--seal-key"];
    usa.run(&make).refused(1, "seal key: expected none yet, found one", "");
    let seal_of = |text: &str| text.lines().find(|line| line.starts_with("seal = ")).map(str::to_owned);
    // As an older version made them: keys and a card without it.
    let text = fs::read_to_string(&keys).unwrap();
    let older: String =
        text.lines().filter(|line| !line.starts_with("seal")).map(|line| line.to_owned() + "\n").collect();
    fs::write(&keys, &older).unwrap();
    let card = fs::read_to_string(usa.card()).unwrap();
    fs::remove_file(usa.card()).unwrap();
    usa.done(&make);
    let (made, again) = (fs::read_to_string(&keys).unwrap(), fs::read_to_string(usa.card()).unwrap());
    assert!(made.starts_with(&older) && seal_of(&made).is_some_and(|seal| Some(seal) != seal_of(&text)));
    assert!(seal_of(&again).is_some_and(|seal| Some(seal) != seal_of(&card)), "{again}");
    use std::os::unix::fs::PermissionsExt as _;
    assert_eq!(fs::metadata(&keys).unwrap().permissions().mode() & 0o777, 0o600);
}
