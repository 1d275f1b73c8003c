//! What is written and what it proves: bytes of spec/record.md, keys.md, observers.md and witness.md.

use detente_line::{Finding, Waybill};
use detente_record::tlog_proof::{Keys, TlogProof};
use detente_record::witness::{Head, Submission, told_size};
use detente_record::{
    Book, Checkpoint, Cosignature, Entry, EntryRef, Frontier, LineId, Note, ParsedRef, Party, Renewal,
    SecretKey, VerifierKey, canonical as is_canonical,
};

use crate::text;

/// Every entry is canonical, and nothing canonical is longer than what was looked at.
///
/// # Panics
/// Where that does not hold.
pub fn canonical(bytes: &[u8]) {
    if is_canonical(bytes).is_err() {
        assert!(Entry::decode(bytes).is_err());
    } else {
        assert!(is_canonical(&[bytes, &[0]].concat()).is_err());
        assert!(bytes.split_last().is_none_or(|(_, start)| is_canonical(start).is_err()));
    }
}

/// An entry that was read is written as the same bytes.
///
/// # Panics
/// Where it is not.
pub fn entry(bytes: &[u8]) {
    if let Ok(entry) = Entry::decode(bytes) {
        assert_eq!(entry.encode().as_deref(), Ok(bytes));
    }
}

/// A frontier that was read is written as the same bytes, and grows.
///
/// # Panics
/// Where it is not, or does not.
pub fn frontier(bytes: &[u8]) {
    if let Ok(mut frontier) = Frontier::decode(bytes) {
        assert_eq!(frontier.encode(), bytes);
        let (size, root) = (frontier.size(), frontier.root());
        frontier.push([0; 32]);
        assert_eq!(frontier.size(), size + 1);
        assert_ne!(frontier.root(), root);
    }
}

/// A note that was read has the parts that it is made of, and a checkpoint read from its text writes that text.
///
/// # Panics
/// Where it has not, or does not.
pub fn note(bytes: &[u8]) {
    let Ok(note) = Note::parse(bytes) else { return };
    assert!(
        bytes.starts_with(note.text.as_bytes()) && note.text.ends_with('\n') && !note.signatures.is_empty()
    );
    // The origin of a checkpoint is of its line and book: a text of another one is refused before it is read on.
    let (line, Ok(book)) = (LineId([0; 32]), Book::from_code(0)) else { return };
    if let Ok(checkpoint) = Checkpoint::from_text(note.text, &line, book) {
        assert_eq!(checkpoint.text(&line), note.text);
    }
}

/// A proof that was read is written as the same text, and proves nothing under a key that signed nothing.
///
/// # Panics
/// Where it is not, or proves something.
pub fn tlog_proof(bytes: &[u8]) {
    let text = text(bytes);
    let Ok(proof) = TlogProof::parse(text) else { return };
    assert_eq!(proof.format(), text);
    let author = SecretKey::from_seed([0x5a; 32]).public();
    let keys = Keys { author: &author, receipts: &[], seal: None };
    assert!(Book::from_code(0).is_ok_and(|book| proof.verify(&LineId([0; 32]), book, &keys).is_err()));
}

/// The name of an entry, and the text of a verifier's key, that were read say the same again.
///
/// # Panics
/// Where they do not.
pub fn names(bytes: &[u8]) {
    let text = text(bytes);
    if let Ok(name) = ParsedRef::parse(text) {
        let party = Party::new(0).expect("a party");
        let book = Book { party, class: name.class, generation: name.generation };
        assert_eq!(EntryRef { book, number: name.number }.text(&name.party), text);
    }
    if let Ok(key) = VerifierKey::parse(text) {
        assert_eq!(key.text(), text);
    }
}

/// Renewals, findings of observers and a courier file's waybill: what was read is written as the same bytes.
///
/// # Panics
/// Where it is not.
pub fn signed(bytes: &[u8]) {
    if let Ok(renewal) = Renewal::decode(bytes) {
        assert_eq!(renewal.encode(), bytes);
    }
    if let Ok(finding) = Finding::parse(bytes) {
        assert_eq!(finding.note().as_bytes(), bytes);
    }
    if let Ok(waybill) = Waybill::decode(bytes) {
        assert_eq!(waybill.encode(), bytes);
    }
}

/// What comes to a witness and what comes from one: read or refused, and nothing cosigned by a key that signed nothing.
///
/// # Panics
/// Where something is.
pub fn witness(bytes: &[u8]) {
    let _ = Submission::parse(bytes).is_ok();
    let _ = Head::parse(text(bytes)).is_ok();
    let _ = told_size(bytes);
    let key = SecretKey::from_seed([0x5a; 32]).public();
    let checkpoint = "detente.example/line\n1\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n";
    assert!(Cosignature::from_answer(bytes, checkpoint, "witness.example", &key).is_err());
}
