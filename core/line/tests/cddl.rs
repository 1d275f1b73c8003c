//! spec/line.cddl, with what it takes from spec/record.cddl and spec/airspace.cddl, against the bytes of the vectors: what is sound fits, and what breaks a
//! rule that CDDL can say does not.
//!
//! The validator (the crate `cddl`) falls short of RFC 8610 in three places, and [`Rules`] goes around each: it
//! takes no name for the type of a map's keys, no map as the value of such a key, and holds regular expressions
//! to a part of the text instead of the whole.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a vector that cannot be read has failed")]

use std::path::Path;

use case::Case;
use detente_line::Content;
use detente_record::Entry;

mod case;

/// The rules of both files.
struct Rules(String);

impl Rules {
    fn read() -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../spec");
        let file = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap();
        let text = file("line.cddl") + &file("record.cddl") + &file("airspace.cddl");
        let whole = text.split(".regexp \"").enumerate().map(|(place, part)| match place {
            0 => part.to_owned(),
            _ => format!(".regexp \"^{}", part.replacen('"', "$\"", 1)),
        });
        let text = whole.collect::<String>().replace("{ * book => signed-sizes }", "{ * uint => any }");
        Self(text.replace(" book => ", " uint => ").replace(" party => ", " uint => "))
    }

    /// Whether bytes fit a rule; why not, if not.
    fn fits(&self, rule: &str, bytes: &[u8]) -> Result<(), String> {
        let text = format!("start = {rule}\n{}", self.0);
        cddl::validate_cbor_from_slice(&text, bytes, None).map_err(|error| error.to_string())
    }

    fn hold(&self, at: &str, rule: &str, bytes: &[u8], sound: bool) {
        let found = self.fits(rule, bytes);
        assert_eq!(found.is_ok(), sound, "{at}, as {rule}: {found:?}");
    }
}

/// The rule of a kind's body, by its number.
fn body_rule(kind: u64) -> Option<&'static str> {
    Some(match kind {
        1 => "message",
        2 => "amendment",
        3 => "withdrawal",
        4 => "acknowledgement",
        5 => "read-back",
        6 => "passed-on",
        7 => "cease",
        8 => "displayed",
        9 => "escalated",
        10 => "test",
        11 => "test-answer",
        12 => "missed",
        13 => "duty",
        14 => "notice",
        15 => "conflict",
        16 => "stance",
        17 => "finding",
        18 => "discloses",
        64 => "opens",
        65 => "suspends",
        66 => "resumes",
        67 => "motion",
        68 => "vote",
        69 => "decide",
        70 => "leaves",
        80 => "holds",
        81 => "seals",
        _ => return None,
    })
}

/// Whether a case breaks only what the text of the specification says and CDDL cannot: order, sums, what must
/// exist, which codes name a book, which bytes are canonical.
fn is_beyond(case: &Case, rules: &[&str]) -> bool {
    rules.iter().any(|rule| case.text("name").contains(rule))
}

/// Holds refused cases to a rule: all of them break it but those that are beyond it.
fn hold_refused(rules: &Rules, rule: &str, refused: &[Case], beyond: &[&str]) {
    for case in refused {
        rules.hold(&case.at, rule, &case.bytes("bytes"), is_beyond(case, beyond));
    }
}

#[test]
fn bodies() {
    let rules = Rules::read();
    let beyond = [
        "ends before it begins",
        "class 5",
        "of party 255",
        "runs clockwise",
        "empty list of fields",
        "earlier than the one before",
        "window upside down",
        "by a memorandum",
        "one name twice",
        "of 0 bytes with a hash",
        "an attachment named ",
        "an attachment of media type ",
        "hashes that descend",
        "one hash twice",
        "finding: without",
        "finding: with",
        "finding: under",
        "finding: cut",
        "finding: of version",
        "finding: of no line",
        "finding: of a line",
        "finding: by",
        "finding: of serial",
        "finding: that",
        "finding: at",
        "finding: in",
        "finding: on",
        "discloses: 20,000",
        "discloses: to a number before",
        "spans that",
        "books that",
        "a renewal that is none",
    ];
    for case in Case::file("kinds").list("cases") {
        let Some(rule) = body_rule(case.number("kind")) else { continue };
        let fits = case.text("verdict") == "sound" || is_beyond(&case, &beyond);
        rules.hold(&case.at, rule, &case.bytes("bytes"), fits);
    }
}

#[test]
fn every_entry_of_the_folds() {
    let rules = Rules::read();
    for case in Case::file("folds").list("cases") {
        for entry in case.list("entries") {
            let bytes = entry.bytes("bytes");
            let read = Entry::decode(&bytes);
            rules.hold(&entry.at, "entry", &bytes, read.is_ok());
            if let Ok(read) = read {
                let sound = Content::decode(read.kind, &read.body).is_ok();
                rules.hold(&entry.at, body_rule(read.kind.into()).unwrap(), &read.body, sound);
            }
        }
    }
}

#[test]
fn memorandum() {
    let rules = Rules::read();
    let file = Case::file("memorandum");
    for case in file.list("sound") {
        rules.hold(&case.at, "memorandum", &case.bytes("bytes"), true);
    }
    let beyond = [
        "262,145 bytes",
        "bytes after it",
        "descend",
        "twice",
        "with a line break",
        "with a tab",
        "one key",
        " key of small order",
        " key that is",
        "possession of",
        "possession for",
        "possession under",
        "-abcdefgh",
        "no office of rank 0",
        "depositary that",
        "a rank that",
        "grace as long",
        "more votes",
        "a veto holder that",
        "an integer that is too long",
        "indefinite length",
        "do not ascend",
        "two notice kinds",
        "a witness with a",
        "witness named",
        "witness at",
        "witnessing without",
        "sealing without",
        "fields descend",
        "empty separation",
        "upside down",
        "runs west",
        "over more than a turn",
        "a half width that is no movement",
        "observers descend",
        "an observer with a party's name",
        "an observer with a weak key",
        "an observer, possession for",
        "an observer, possession under",
        "an observer, one key",
        "two observers, one key",
        "founding decision of no parent",
        "founding decision in a book of messages",
        "founding decision of party 255",
        "a recovery key without its proof",
        "four proofs",
        "one recovery key",
        "a recovery key of small order",
    ];
    hold_refused(&rules, "memorandum", &file.list("refused"), &beyond);
}

#[test]
fn frames() {
    let rules = Rules::read();
    let file = Case::file("frames");
    for case in file.list("cases") {
        rules.hold(&case.at, "frame", &case.bytes("bytes"), true);
    }
    let beyond = [
        "131,073 bytes",
        "bytes after it",
        "long integer",
        "indefinite length",
        "do not ascend",
        "class 5",
        "a receipt of party 255",
        "8,193 books",
        "book of party 255",
        "renewals of two",
        "courier keys of party 255",
    ];
    hold_refused(&rules, "frame", &file.list("refused"), &beyond);
    for (signed, fits) in [("a0", true), ("a10203", true), ("a1026133", false), ("820203", false)] {
        rules.hold("receipts of a hello", "signed-sizes", &case::unhex(signed).unwrap(), fits);
    }
}
