//! Files that were touched: every one is refused, with the part and who is to blame.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test whose scene cannot be set has failed")]

mod scene;

use detente_dossier::archive::{MOST_OF_PART, Writer};
use detente_dossier::{Report, Wrong, verify};
use detente_record::Blame;

use scene::{Parts, Scene, at, book, edit, memorandum, name, pack, parts, scene};

/// The first thing wrong with a file.
fn wrong(bytes: &[u8]) -> Option<Wrong> {
    match verify(bytes) {
        Ok(report) => report.wrongs.into_iter().next(),
        Err(wrong) => Some(wrong),
    }
}

/// What a file with other parts is refused for: the part and the blame.
fn after(change: impl FnOnce(&mut Parts)) -> (String, Blame) {
    let (_, bytes) = scene();
    let mut parts = parts(&bytes);
    change(&mut parts);
    let wrong = wrong(&pack(&parts)).expect("a file that is refused");
    (wrong.part, wrong.fault.blame())
}

#[test]
fn every_flipped_byte_is_refused() {
    let (_, bytes) = scene();
    for place in 0..bytes.len() {
        let mut bytes = bytes.clone();
        bytes[place] ^= 1 << (place % 8);
        assert!(wrong(&bytes).is_some(), "byte {place}");
    }
}

#[test]
fn every_cut_and_whatever_follows_is_refused() {
    let (_, bytes) = scene();
    for length in 0..bytes.len() {
        assert!(wrong(&bytes[..length]).is_some(), "{length} bytes");
    }
    assert!(wrong(&[&bytes[..], b"\0"].concat()).is_some());
    assert!(wrong(&[b"\0", &bytes[..]].concat()).is_some());
    assert!(wrong(&[&bytes[..], &bytes[..]].concat()).is_some());
}

/// As [`every_flipped_byte_is_refused`], by somebody who knows how to pack: the checksums are right. Who spoils the name of a
/// receipt has only left it out, and that it is there is told.
#[test]
fn every_byte_of_evidence_changed_with_care_is_refused() {
    let (_, bytes) = scene();
    let parts = parts(&bytes);
    let (whole, mut refused) = (4, 0);
    for (place, (name, content)) in parts.iter().enumerate() {
        // Texts take their time to compare: some of their bytes stand for all.
        let step = if name.ends_with(".txt") { 97 } else { 1 };
        for byte in (0..content.len()).step_by(step) {
            let mut parts = parts.clone();
            parts[place].1[byte] ^= 1;
            let left_out = |report: Report| {
                let receipts = |report: &Report| {
                    let facts = report.entries.iter().flat_map(|entry| &entry.facts);
                    facts.filter(|fact| ["stored", "witnessed"].contains(&fact.name().as_str())).count()
                };
                assert!(!report.unread.is_empty() && receipts(&report) < whole, "byte {byte} of {name}");
            };
            match verify(&pack(&parts)) {
                Ok(report) if report.holds() => left_out(report),
                _ => refused += 1,
            }
        }
    }
    assert!(refused > 3_000, "{refused}");
}

#[test]
fn parts_left_out_doubled_reordered_and_renamed_are_refused() {
    let (_, bytes) = scene();
    let whole = parts(&bytes);
    for place in 0..whole.len() {
        let name = &whole[place].0;
        let mut without = whole.clone();
        without.remove(place);
        // An entry may be shown under one checkpoint less.
        if !name.ends_with("at-2.tlog-proof") && !name.ends_with("at-3.tlog-proof") {
            assert!(wrong(&pack(&without)).is_some(), "without {name}");
        }
        let mut doubled = whole.clone();
        doubled.insert(place, whole[place].clone());
        assert!(wrong(&pack(&doubled)).is_some(), "twice {name}");
        if place > 0 {
            let mut swapped = whole.clone();
            swapped.swap(place - 1, place);
            assert!(wrong(&pack(&swapped)).is_some(), "{name} one place up");
        }
        let mut renamed = whole.clone();
        renamed[place].0.insert(0, 'x');
        assert!(wrong(&pack(&renamed)).is_some(), "x{name}");
    }
}

#[test]
fn parts_of_an_entry_under_another_name_are_refused() {
    for (from, to) in [
        ("entries/usa-R-2/", "entries/usa-R-1/"),
        ("entries/usa-R-2/", "entries/usa-R-02/"),
        ("entries/usa-R-2/", "entries/usa-P-2/"),
        ("entries/usa-R-2/", "entries/usa-R.0-2/"),
        ("entries/usa-R-2/", "entries/usa-R.1-2/"),
        ("entries/usa-R-2/", "entries/un-R-2/"),
        ("at-3.tlog-proof", "at-4.tlog-proof"),
        ("at-3.tlog-proof", "at-03.tlog-proof"),
    ] {
        let (part, blame) = after(|parts| {
            parts.iter_mut().for_each(|(name, _)| *name = name.replace(from, to));
            // As many as can be put in order again are: it is the name that is refused.
            let fixed = parts.iter().take_while(|(name, _)| !name.contains('/')).count();
            parts[fixed..].sort();
            let proofs = parts.iter().filter(|(name, _)| name.ends_with("proof")).count();
            assert_eq!(proofs, 3);
        });
        assert!(matches!(blame, Blame::Malformed | Blame::Misbehaved), "{from} as {to}: {part} {blame}");
    }
}

#[test]
fn texts_that_say_something_else_are_refused() {
    for (part, from, to) in [
        ("README.txt", "proves nothing", "proves all"),
        ("memorandum.txt", "depositary              usa", "depositary              rus"),
        ("usa-R-2/entry.txt", "0600Z", "0700Z"),
        ("keys.txt", "# usa receipts", "# rus receipts"),
    ] {
        let found = after(|parts| edit(parts, part, |text| text.replace(from, to)));
        assert_eq!(found.1, Blame::Malformed, "{part}");
        assert!(found.0.ends_with(part), "{found:?}");
    }
}

/// Texts in other words are nobody's evidence: they are passed over, and it is said.
#[test]
fn texts_by_others_are_not_compared_and_that_is_said() {
    let (_, bytes) = scene();
    let mut parts = parts(&bytes);
    edit(&mut parts, "README.txt", |text| text.replace("texts by detente-2", "texts by acme-7"));
    edit(&mut parts, "usa-R-2/entry.txt", |_| "whatever acme says\n".into());
    let report = verify(&pack(&parts)).unwrap();
    assert!(report.holds());
    assert_eq!(report.texts_by.as_deref(), Some("acme-7"));
    for first in [
        "detente dossier, version 4\n",
        "PK",
        "detente dossier, version 1\ntexts by \n",
        "detente dossier, version 1\ntexts by A b\n",
    ] {
        let found = after(|parts| edit(parts, "README.txt", |_| first.into()));
        let blame = if first.contains('4') { Blame::Incompatible } else { Blame::Malformed };
        assert_eq!(found, ("README.txt".into(), blame), "{first}");
    }
}

#[test]
fn what_later_versions_add_is_listed_and_everything_else_refused() {
    let (_, bytes) = scene();
    let mut more = parts(&bytes);
    more.push(("extra/blob".into(), vec![7; 9]));
    more.push(("extra/seal.txt".into(), vec![]));
    let proof = at(&more, "at-3.tlog-proof");
    more[proof].1.extend_from_slice("— seal.example/1 AAAAAAE=\n".as_bytes());
    let report = verify(&pack(&more)).unwrap();
    assert!(report.holds(), "{:?}", report.wrongs);
    let unread: Vec<&str> = report.unread.iter().map(|unread| unread.part.as_str()).collect();
    assert_eq!(unread, ["extra/blob", "extra/seal.txt", "entries/usa-R-2/at-3.tlog-proof"]);

    let malformed = Blame::Malformed;
    for name in ["blob", "entries/usa-R-2/more.txt", "extras/x", "README.txt.exe", "forks/usa-R/x"] {
        let found = after(|parts| parts.push((name.into(), vec![1])));
        assert_eq!(found, (name.into(), malformed));
    }
    let (_, blame) = after(|parts| {
        parts.push(("extra/b".into(), vec![]));
        parts.push(("extra/a".into(), vec![]));
    });
    assert_eq!(blame, malformed, "another order");
}

#[test]
fn signature_lines_are_each_once_and_in_order() {
    let line = |text: &str, place: usize| text.lines().rev().nth(place).unwrap().to_owned() + "\n";
    for (what, change) in [
        (
            "twice",
            Box::new(move |text: String| text.clone() + &line(&text, 0)) as Box<dyn Fn(String) -> String>,
        ),
        (
            "swapped",
            Box::new(move |text: String| {
                let [one, other] = [line(&text, 1), line(&text, 0)];
                text.replace(&(one.clone() + &other), &(other + &one))
            }),
        ),
        ("without the author's", Box::new(move |text: String| text.replace(&line(&text, 2), ""))),
    ] {
        let (part, blame) = after(|parts| edit(parts, "at-3.tlog-proof", &change));
        assert!(part.ends_with("at-3.tlog-proof") && blame != Blame::Incompatible, "{what}: {part} {blame}");
    }
}

#[test]
fn an_entry_of_another_line_is_refused() {
    let mut other = Scene::of(memorandum(2));
    let entry = other.say(0, "Said on another line.");
    let head = other.head(entry.book, 1, &[(1, 5)], false);
    let theirs = parts(&other.dossier(vec![other.prove(entry, &[head])], vec![]));
    let mut scene = Scene::new();
    let entry = scene.say(0, "Said on another line.");
    let ours =
        scene.dossier(vec![scene.prove(entry, &[scene.head(entry.book, 1, &[(1, 5)], false)])], vec![]);
    let mut spliced = parts(&ours);
    let place = at(&spliced, "at-1.tlog-proof");
    spliced[place].1 = theirs[at(&theirs, "at-1.tlog-proof")].1.clone();
    let found = wrong(&pack(&spliced)).unwrap();
    assert!(found.part.ends_with("at-1.tlog-proof"), "{found}");
    // And a memorandum of another line under entries of this one.
    let mut foreign = parts(&ours);
    foreign[1] = theirs[1].clone();
    assert_eq!(wrong(&pack(&foreign)).unwrap().part, "memorandum.note");
    foreign[2] = theirs[2].clone();
    assert!(wrong(&pack(&foreign)).is_some());
}

#[test]
fn a_memorandum_that_not_all_have_signed_is_refused() {
    let (part, blame) = after(|parts| {
        edit(parts, "memorandum.note", |text| {
            let last = text.trim_end().rfind('\n').unwrap();
            text[..=last].to_owned()
        })
    });
    assert_eq!((part.as_str(), blame), ("memorandum.note", Blame::Misbehaved));
    let (part, _) = after(|parts| parts[1].1.push(0));
    assert_eq!(part, "memorandum.cbor");
}

#[test]
fn paths_that_lead_elsewhere_cannot_be_written_or_read() {
    let (_, bytes) = scene();
    for name in
        ["../x", "/etc/x", "a//b", "a/", "", ".x", "a/../b", "a\\b", "a\0b", "ü", "C:x", &"n".repeat(129)]
    {
        assert!(Writer::default().add(name, b"x").is_err(), "{name:?}");
    }
    // The same by hand: the name in both headers, of the same length.
    let mut forged = bytes.clone();
    for place in 0..forged.len() - 10 {
        if &forged[place..place + 10] == b"README.txt" {
            forged[place..place + 10].copy_from_slice(b"../../x.tx");
        }
    }
    let found = wrong(&forged).unwrap();
    assert_eq!((found.part.as_str(), found.fault.blame()), ("the file", Blame::Malformed));
}

/// Other programs write archives that unpack to more, or in another way to another content: all of them are refused.
#[test]
fn archives_that_grow_or_have_two_readings_are_refused() {
    use std::io::Write as _;
    use zip::write::SimpleFileOptions;
    let written = |method: zip::CompressionMethod, bytes: &[u8]| {
        let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
        let options = SimpleFileOptions::default().compression_method(method);
        writer.start_file("README.txt", options).unwrap();
        writer.write_all(bytes).unwrap();
        writer.finish().unwrap().into_inner()
    };
    let bomb = written(zip::CompressionMethod::Deflated, &vec![0; 64 << 20]);
    assert!(bomb.len() < 1 << 20, "it is one");
    for archive in [bomb, written(zip::CompressionMethod::Stored, b"detente dossier, version 1\n")] {
        let found = wrong(&archive).unwrap();
        assert_eq!((found.part.as_str(), found.fault.blame()), ("the file", Blame::Malformed));
    }
    assert!(Writer::default().add("a", &vec![0; MOST_OF_PART + 1]).is_err());
    // A part that says that it is longer than the file.
    let (_, mut bytes) = scene();
    bytes[18..26].copy_from_slice(&[0xff, 0xff, 0x0f, 0, 0xff, 0xff, 0x0f, 0]);
    assert!(wrong(&bytes).is_some());
}

#[test]
fn other_programs_read_what_we_write() {
    use std::io::Read as _;
    let (_, bytes) = scene();
    let ours = parts(&bytes);
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(&bytes)).unwrap();
    assert_eq!(archive.len(), ours.len());
    for (place, (name, content)) in ours.iter().enumerate() {
        let mut file = archive.by_index(place).unwrap();
        let mut read = Vec::new();
        file.read_to_end(&mut read).unwrap();
        assert_eq!((file.name().unwrap().as_ref(), &read), (name.as_str(), content));
    }
}

fn report(bytes: &[u8]) -> Report {
    verify(bytes).unwrap()
}

#[test]
fn a_wrong_entry_takes_nothing_from_the_others() {
    let (_, bytes) = scene();
    let mut parts = parts(&bytes);
    edit(&mut parts, "usa-R-2/entry.txt", |text| text + "more\n");
    let report = report(&pack(&parts));
    assert_eq!(report.entries.iter().map(|entry| entry.name).collect::<Vec<_>>(), [name(1, 1)]);
    assert_eq!(report.wrong_count, 1);
    assert_eq!(report.entries[0].name.book, book(1));
}
