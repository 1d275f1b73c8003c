//! Held to a verifier by others: Sigsum's own, as crates.io has it.
//!
//! **What it can read.** Sigsum's proofs are of its own form (hex, no signed notes), over checkpoints of one origin,
//! `sigsum.org/v1/tree/…`, and leaves of 128 bytes. What lies under that form is what we have too, and here ours makes all of it: the
//! tree (RFC 6962), the inclusion proof, the log's signature over the text of a checkpoint, and the cosignature of one of our witnesses
//! (`cosignature/v1`), which takes checkpoints of any origin. So it says that our trees, our proofs, the text that we sign and
//! our cosignatures are what others mean by them.
//!
//! **What it cannot read.** Signed notes as such, vkeys, tlog-proofs, and our books' checkpoints, whose origins are not Sigsum's:
//! those are held to Go's `sumdb/note` and `sumdb/tlog` (dossier/tests/other_tools.rs). It checks no consistency between sizes.

#![allow(clippy::unwrap_used, reason = "a test that cannot be set up fails")]

use detente_record::note::{ED25519, signature_line};
use detente_record::proof::inclusion;
use detente_record::witness::{Head, Submission, submission};
use detente_record::{
    Cosignature, Fault, Frontier, Node, PublicKey, SecretKey, base64, hex, leaf_hash, sha256,
};
use sigsum::{Hash, Policy, SigsumSignature, verify};

const SECONDS: u64 = 1_492_023_600;
const NAME: &str = "witness.example/1";

fn key(seed: u8) -> SecretKey {
    SecretKey::from_seed([seed; 32])
}

fn key_hash(key: &PublicKey) -> [u8; 32] {
    sha256(key.bytes())
}

/// The leaf of a message: its checksum, signed, and by whom.
fn leaf(number: u64) -> (Vec<u8>, String) {
    let checksum = sha256(Hash::new(message(number)).as_ref());
    let signature = key(3).sign(&[b"sigsum.org/v1/tree-leaf\0", checksum.as_slice()].concat());
    let by = key_hash(&key(3).public());
    let line = format!("leaf={} {}", hex(&by), hex(&signature));
    ([checksum.as_slice(), &signature, &by].concat(), line)
}

fn message(number: u64) -> String {
    format!("message {number}")
}

/// A tree of ours over Sigsum's leaves: a leaf of ours is any bytes, of which the first sixteen are the blind.
fn tree(numbers: core::ops::Range<u64>) -> Frontier {
    let mut tree = Frontier::default();
    for number in numbers {
        let (leaf, _) = leaf(number);
        let (blind, rest) = leaf.split_first_chunk::<16>().unwrap();
        tree.push(leaf_hash(blind, rest));
    }
    tree
}

/// The text that a log signs, as ours writes it.
fn checkpoint(size: u64) -> (String, String) {
    let origin = format!("sigsum.org/v1/tree/{}", hex(&key_hash(&key(1).public())));
    let text = format!("{origin}\n{size}\n{}\n", base64(&tree(0..size).root()));
    (origin, text)
}

/// A whole proof of a leaf, in Sigsum's form.
fn proof(index: u64, size: u64) -> String {
    let (origin, text) = checkpoint(size);
    let (log, witness) = (key(1), key(2));
    let signature = log.sign(text.as_bytes());
    // The way to a cosignature: submitted as a note, read, cosigned.
    let note = format!("{text}\n{}", signature_line(&origin, ED25519, &log.public(), &signature));
    let sent = submission(0, &[], &note);
    let read = Submission::parse(sent.as_bytes()).unwrap();
    let head = Head::parse(read.note.text).unwrap();
    assert_eq!((head.origin, head.size), (origin.as_str(), size));
    let cosignature = Cosignature::sign(read.note.text, SECONDS, &witness);
    let answer = cosignature.note_line(NAME, &witness.public());
    let kept = Cosignature::from_answer(answer.as_bytes(), &text, NAME, &witness.public()).unwrap();

    let node = |node: Node| {
        let first = node.index << node.level;
        Ok::<_, Fault>(tree(first..first + (1 << node.level)).root())
    };
    let path: String = inclusion(index, size, node)
        .unwrap()
        .iter()
        .map(|hash| format!("node_hash={}\n", hex(hash)))
        .collect();
    format!(
        "version=2\nlog={}\n{}\n\nsize={size}\nroot_hash={}\nsignature={}\ncosignature={} {} {}\n\nleaf_index={index}\n{path}",
        hex(&key_hash(&log.public())),
        leaf(index).1,
        hex(&tree(0..size).root()),
        hex(&signature),
        hex(&key_hash(&witness.public())),
        kept.seconds,
        hex(&kept.signature),
    )
}

/// Whether Sigsum takes a proof for a message, where it trusts our log and wants our witness.
fn takes(proof: &str, number: u64) -> bool {
    let (log, witness) = (hex(key(1).public().bytes()), hex(key(2).public().bytes()));
    let policy = Policy::parse(&format!("log {log}\nwitness ours {witness}\nquorum ours\n")).unwrap();
    let signer: [u8; 32] = *key(3).public().bytes();
    let Ok(read) = SigsumSignature::from_ascii(proof) else { return false };
    verify(&Hash::new(message(number)), &read, &[signer.into()], &policy).is_ok()
}

#[test]
fn sigsum_takes_our_trees_proofs_checkpoints_and_cosignatures() {
    for size in 1..=13 {
        for index in 0..size {
            let proof = proof(index, size);
            assert!(takes(&proof, index), "leaf {index} of {size}:\n{proof}");
            assert!(!takes(&proof, index + 1), "another message");
        }
    }
}

#[test]
fn sigsum_refuses_every_character_changed() {
    let whole = proof(4, 11);
    assert!(takes(&whole, 4));
    let mut changed = 0;
    for (place, letter) in whole.char_indices().filter(|(_, letter)| *letter != '\n') {
        let other = if letter == '0' { '1' } else { '0' };
        let tampered = format!("{}{other}{}", &whole[..place], &whole[place + 1..]);
        assert!(!takes(&tampered, 4), "character {place}:\n{tampered}");
        changed += 1;
    }
    assert!(changed > 1_000);
}

#[test]
fn sigsum_refuses_what_belongs_to_another_size_another_place_or_another_witness() {
    let part = |whole: &str, place: usize| whole.split("\n\n").nth(place).unwrap().to_owned();
    let (one, larger) = (proof(4, 11), proof(4, 12));
    let mixed =
        |head: &str, tree: &str, path: &str| [part(head, 0), part(tree, 1), part(path, 2)].join("\n\n");
    assert!(takes(&mixed(&one, &one, &one), 4));
    assert!(!takes(&mixed(&one, &larger, &one), 4), "the way to another root");
    assert!(!takes(&mixed(&one, &one, &proof(5, 11)), 4), "the way from another leaf");
    let (_, text) = checkpoint(11);
    let by_another = hex(&Cosignature::sign(&text, SECONDS, &key(9)).signature);
    let ours = hex(&Cosignature::sign(&text, SECONDS, &key(2)).signature);
    assert!(one.contains(&ours));
    assert!(!takes(&one.replace(&ours, &by_another), 4), "another's cosignature");
    let without: String = one
        .lines()
        .filter(|line| !line.starts_with("cosignature="))
        .map(|line| format!("{line}\n"))
        .collect();
    assert!(!takes(&without, 4), "none");
}
