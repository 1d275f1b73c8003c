//! Files that go with entries: in the dossier or beside it they are what their entry names, or refused; and who holds them is told.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test whose scene cannot be set has failed")]

mod scene;

use detente_dossier::archive::Outline;
use detente_dossier::{Bytes, Loading, Report, Wrong, verify, verify_loaded};
use detente_line::{Attachment, Content, Message};
use detente_record::{Blame, Blob, BlobHasher, Cut, EntryRef, Hash, hex, sha256};

use scene::{Parts, Scene, at, edit, pack, parts};

const MAP: &[u8] = b"a map of the crossing";
const LOG: &[u8] = b"";

fn blob(bytes: &[u8]) -> Blob {
    let mut hasher = BlobHasher::default();
    hasher.update(bytes);
    hasher.finish()
}

fn attachment(name: &str, bytes: &[u8]) -> Attachment {
    let Blob { hash, size, root } = blob(bytes);
    Attachment { hash, size, name: name.into(), media_type: "text/plain".into(), root }
}

fn says(scene: &mut Scene, number: u8, attachments: Vec<Attachment>) -> EntryRef {
    let attachments = (!attachments.is_empty()).then_some(attachments);
    let message = Message { text: "With files.".into(), attachments, ..Message::default() };
    scene.write(number, &Content::Message(message), &[], Cut::new())
}

/// usa attaches a map and a log of no bytes; rus says that it holds the map; un says nothing.
fn attached(change: impl FnOnce(&mut Vec<Attachment>)) -> (Scene, Vec<detente_dossier::Proven>) {
    let mut scene = Scene::new();
    let mut files = vec![attachment("map.txt", MAP), attachment("log.txt", LOG)];
    change(&mut files);
    let said = says(&mut scene, 0, files);
    let holds = scene.write(1, &Content::Holds { hashes: vec![blob(MAP).hash] }, &[], Cut::new());
    let prove = |name: EntryRef| scene.prove(name, &[scene.head(name.book, 1, &[], false)]);
    let proofs = vec![prove(said), prove(holds)];
    (scene, proofs)
}

fn made() -> Vec<u8> {
    let (scene, proofs) = attached(|_| ());
    scene.with_attachments(proofs, &[MAP, LOG])
}

fn refused(read: Result<Report, Wrong>) -> Wrong {
    match read {
        Err(wrong) => wrong,
        Ok(report) => report.wrongs.into_iter().next().expect("a file that is refused"),
    }
}

/// What somebody does to the parts of a file.
type Change<'a> = &'a dyn Fn(&mut Parts);

/// As it comes from a disk, in pieces of some bytes.
fn read(bytes: &[u8], piece: usize) -> Result<Report, Wrong> {
    let mut loading = Loading::default();
    for piece in bytes.chunks(piece) {
        loading.push(piece).map_err(|fault| Wrong { part: "the file".into(), fault })?;
    }
    verify_loaded(&loading.finish())
}

#[test]
fn custody_names_who_is_bound_and_the_bytes_are_held_to_their_hash() {
    let report = verify(&made()).unwrap();
    assert_eq!((report.wrongs.as_slice(), report.unread.as_slice(), report.version), (&[][..], &[][..], 2));
    let [map, log] = report.attachments.as_slice() else { unreachable!("two attachments") };
    let part = |hash: Hash| Bytes::Fit(format!("attachments/{}", hex(&hash)));
    assert_eq!((&map.bytes, &log.bytes), (&part(blob(MAP).hash), &part(sha256(b""))));
    let facts = |attached: &detente_dossier::Attached| {
        let facts = attached.facts(&report.memoranda).into_iter();
        facts.map(|fact| (fact.name, report.memoranda.name_of(fact.of), fact.binds)).collect::<Vec<_>>()
    };
    let none = "not-said-to-be-held";
    let fact = |name, of: &str, binds| (name, of.to_owned(), binds);
    assert_eq!(
        facts(map),
        [fact("attached", "usa", true), fact("holds", "rus", true), fact(none, "un", false)]
    );
    assert_eq!(
        facts(log),
        [fact("attached", "usa", true), fact(none, "rus", false), fact(none, "un", false)]
    );
    assert!(map.facts(&report.memoranda).iter().all(|fact| fact.does_not_prove.len() > 10));
}

#[test]
fn it_is_made_to_the_byte_as_the_vector_was() {
    assert!(scene::vector("attached.zip") == made(), "another file than vectors/dossier/attached.zip");
}

#[test]
fn a_file_in_pieces_reads_as_it_does_whole() {
    let bytes = made();
    let whole = verify(&bytes).unwrap();
    for piece in [1, 7, 29, 30, 31, 4_096, bytes.len()] {
        let found = read(&bytes, piece).unwrap();
        assert!(found.holds(), "{piece}: {:?}", found.wrongs);
        assert_eq!((&found.attachments, found.parts), (&whole.attachments, whole.parts), "{piece}");
    }
    for length in 0..bytes.len() {
        assert!(!read(&bytes[..length], 64).is_ok_and(|read| read.holds()), "{length} bytes");
    }
    for more in [[&bytes[..], b"x"].concat(), [&bytes[..], &bytes[..]].concat(), [b"x", &bytes[..]].concat()]
    {
        refused(read(&more, 1_000));
    }
    for place in 0..bytes.len() {
        let mut flipped = bytes.clone();
        flipped[place] ^= 1 << (place % 8);
        refused(read(&flipped, 777));
    }
}

/// As by somebody who knows how to pack: the checksums are right.
#[test]
fn attachments_that_were_touched_are_refused() {
    let whole = parts(&made());
    let with = |change: &dyn Fn(&mut Parts)| {
        let mut parts = whole.clone();
        change(&mut parts);
        let bytes = pack(&parts);
        let (one, other) = (refused(verify(&bytes)), refused(read(&bytes, 500)));
        assert_eq!(one, other);
        one
    };
    let end = hex(&blob(MAP).hash);
    let map = at(&whole, &end);
    for byte in 0..MAP.len() {
        let found = with(&|parts| parts[map].1[byte] ^= 1);
        assert_eq!((found.part.ends_with(&end), found.fault.blame()), (true, Blame::Malformed), "{found}");
    }
    let changes: [(&str, Change<'_>); 10] = [
        ("cut short", &|parts| parts[map].1.truncate(MAP.len() - 1)),
        ("longer", &|parts| parts[map].1.push(0)),
        ("empty", &|parts| parts[map].1.clear()),
        ("of nobody", &|parts| {
            parts.push((format!("attachments/{}", hex(&sha256(b"other"))), b"other".to_vec()));
            let first = parts.iter().position(|(name, _)| name.starts_with("attachments/")).unwrap();
            parts[first..].sort();
        }),
        ("twice", &|parts| parts.push(parts[map].clone())),
        ("another order", &|parts| {
            let beside = if map + 1 < parts.len() { map + 1 } else { map - 1 };
            parts.swap(map, beside);
        }),
        ("before an entry", &|parts| {
            let moved = parts.remove(map);
            parts.insert(5, moved);
        }),
        ("by another name", &|parts| parts[map].0.make_ascii_uppercase()),
        ("a short name", &|parts| parts[map].0.truncate(40)),
        ("in a file of version 1", &|parts| {
            edit(parts, "README.txt", |text| text.replace("version 2", "version 1"))
        }),
    ];
    for (what, change) in changes {
        assert_eq!(with(change).fault.blame(), Blame::Malformed, "{what}");
    }
    // Spliced: the bytes of the one under the name of the other.
    let log = at(&whole, &hex(&sha256(b"")));
    with(&|parts| {
        let (one, other) = (parts[map].1.clone(), parts[log].1.clone());
        (parts[map].1, parts[log].1) = (other, one);
    });
}

#[test]
fn what_is_not_in_it_can_be_held_to_it_beside_it() {
    let (scene, proofs) = attached(|_| ());
    let mut report = verify(&scene.with_attachments(proofs, &[])).unwrap();
    assert!(report.holds() && report.attachments.iter().all(|attached| attached.bytes == Bytes::Absent));
    report.lay("map.txt", &blob(MAP)).unwrap();
    assert_eq!(report.attachments[0].bytes, Bytes::Fit("map.txt".into()));
    let other = report.lay("map.txt", &blob(b"a map of another crossing")).unwrap_err();
    assert_eq!((other.part.as_str(), other.fault.blame()), ("map.txt", Blame::Malformed));
    assert_eq!(report.attachments[1].bytes, Bytes::Absent);
}

/// The bytes are what they are: who gave their hash another tree has said what is not so.
#[test]
fn an_author_who_gives_a_hash_another_tree_is_told_of() {
    let (scene, proofs) = attached(|files| files[0].root = [9; 32]);
    let report = verify(&scene.with_attachments(proofs, &[MAP])).unwrap();
    assert!(report.holds());
    assert!(matches!(report.attachments[0].bytes, Bytes::FalseTree(_)));
    assert!(report.attachments[0].bytes_say(&report.memoranda).contains("what usa said of it is not so"));
}

/// A large one passes through: what is kept of it does not grow with it, and 0 bytes are a file as well.
#[test]
fn a_large_attachment_is_read_and_not_kept() {
    const PIECE: usize = 1 << 16;
    const PIECES: usize = 3_000;
    let piece: Vec<u8> = (0..PIECE).map(|place| (place % 251) as u8).collect();
    let mut hasher = BlobHasher::default();
    let mut checksum = crc32fast::Hasher::new();
    for _ in 0..PIECES {
        hasher.update(&piece);
        checksum.update(&piece);
    }
    let large = hasher.finish();
    let (scene, proofs) = attached(|files| {
        files[0] = Attachment { hash: large.hash, size: large.size, root: large.root, ..files[0].clone() };
    });
    let made = scene.with_attachments(proofs, &[]);
    let mut outline = Outline::of(&made).unwrap();
    let mut loading = Loading::default();
    loading.push(&made[..outline.before_directory() as usize]).unwrap();
    let mut order = [(large.hash, large.size, checksum.finalize()), (sha256(b""), 0, 0)];
    order.sort();
    for (hash, size, checksum) in order {
        let name = format!("attachments/{}", hex(&hash));
        loading.push(&outline.add(&name, size, checksum).unwrap()).unwrap();
        for _ in 0..size / PIECE as u64 {
            loading.push(&piece).unwrap();
        }
    }
    loading.push(&outline.finish()).unwrap();
    let loaded = loading.finish();
    assert!(loaded.size > (PIECE * PIECES) as u64 && loaded.kept_bytes() < 2 * made.len());
    let report = verify_loaded(&loaded).unwrap();
    assert!(report.holds(), "{:?}", report.wrongs);
    assert!(report.attachments.iter().all(|attached| matches!(attached.bytes, Bytes::Fit(_))));
}

#[test]
fn what_is_past_a_bound_is_refused() {
    let mut outline = Outline::default();
    let name = format!("attachments/{}", hex(&[7; 32]));
    assert!(outline.add("a", 1 << 21, 0).is_err(), "only attachments are longer than 1 MiB");
    assert!(outline.add(&name, u64::from(u32::MAX), 0).is_err(), "a file ends below 4 GiB");
    assert!(outline.add(&name, 1 << 31, 0).is_ok());
    assert!(outline.add(&name, 1 << 31, 0).is_err());
    // A part that says of itself that it is long, and is none.
    let mut bytes = made();
    bytes[18..26].copy_from_slice(&[0, 0, 0, 0x10, 0, 0, 0, 0x10]);
    refused(read(&bytes, 100));
    // Nothing but one large part that is no attachment: it is not kept beyond what a file may have.
    let mut loading = Loading::default();
    let piece = vec![0; 1 << 20];
    let mut pushed = bytes[..40].to_vec();
    pushed.extend_from_slice(&piece);
    loading.push(&pushed).unwrap();
    let full = (0..300).find_map(|_| loading.push(&piece).err());
    assert_eq!(full.expect("an end").blame(), Blame::Malformed);
}
