//! Checkpoints: a party's word on the size and root of its book (spec/record.md §6).
//!
//! In transit a checkpoint is a book, a size and a signature; its text (c2sp.org/tlog-checkpoint), which other
//! people's tools verify, is restored to the letter from these and the root.

use alloc::string::{String, ToString as _};
use core::fmt::Write as _;

use crate::fault::Fault;
use crate::hash::{Hash, array_from_base64, base64};
use crate::key::{PublicKey, SecretKey, Signature};
use crate::name::{Book, LineId, MAX_SIZE, decimal};
use crate::note::{ED25519, Note, signature_line};
use crate::proof::verify_consistency;

/// The size and root of a book.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Checkpoint {
    /// Which book.
    pub book: Book,
    /// How many entries it holds.
    pub size: u64,
    /// The root of its tree.
    pub root: Hash,
}

impl Checkpoint {
    /// The text that is signed.
    pub fn text(&self, line: &LineId) -> String {
        let mut text = self.book.origin(line);
        text.reserve(72);
        // Writing to a string cannot fail.
        let _ = write!(text, "\n{}\n{}\n", self.size, base64(&self.root));
        text
    }

    /// Reads the text of a checkpoint of a book; an origin does not say which book it is of.
    ///
    /// # Errors
    /// `Malformed` for any text but one that [`Checkpoint::text`] writes; `Misbehaved` for another book's.
    pub fn from_text(text: &str, line: &LineId, book: Book) -> Result<Self, Fault> {
        let malformed =
            |found| Fault::malformed("checkpoint", "an origin, a size and a root, a line each", found);
        let mut lines = text.split('\n');
        let (Some(origin), Some(size), Some(root), Some(""), None) =
            (lines.next(), lines.next(), lines.next(), lines.next(), lines.next())
        else {
            return Err(malformed("other lines"));
        };
        let size = decimal(size).filter(|size| *size <= MAX_SIZE).ok_or_else(|| malformed("another size"))?;
        let root = array_from_base64("root of a checkpoint", root)?;
        let expected = book.origin(line);
        if origin != expected {
            let found = origin.chars().take(64).collect::<String>();
            return Err(Fault::misbehaved("origin of a checkpoint", expected, found));
        }
        Ok(Self { book, size, root })
    }

    /// Signs it with the party's book key.
    pub fn sign(self, line: &LineId, key: &SecretKey) -> SignedCheckpoint {
        let signature = key.sign(self.text(line).as_bytes());
        SignedCheckpoint { checkpoint: self, signature }
    }
}

/// A checkpoint and a signature of it, which may or may not hold: see [`SignedCheckpoint::verify`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedCheckpoint {
    /// What is signed.
    pub checkpoint: Checkpoint,
    /// Over its text.
    pub signature: Signature,
}

impl SignedCheckpoint {
    /// Holds the signature to the author's book key.
    ///
    /// # Errors
    /// `Misbehaved` when it is not that key's over this text.
    pub fn verify(&self, line: &LineId, key: &PublicKey) -> Result<(), Fault> {
        if key.verify(self.checkpoint.text(line).as_bytes(), &self.signature) {
            Ok(())
        } else {
            let found = alloc::format!("another, at size {}", self.checkpoint.size);
            Err(Fault::misbehaved("checkpoint", "a signature by the book key", found))
        }
    }

    /// It as a signed note; receipts can be added below it.
    pub fn note(&self, line: &LineId, key: &PublicKey) -> String {
        let mut note = self.checkpoint.text(line);
        note.push('\n');
        note.push_str(&signature_line(&self.checkpoint.book.origin(line), ED25519, key, &self.signature));
        note
    }

    /// Reads and verifies a signed note of a checkpoint of a book.
    ///
    /// # Errors
    /// Those of [`Checkpoint::from_text`] and [`SignedCheckpoint::verify`]; `Misbehaved` without a signature by
    /// this key.
    pub fn from_note(note: &Note<'_>, line: &LineId, book: Book, key: &PublicKey) -> Result<Self, Fault> {
        let checkpoint = Checkpoint::from_text(note.text, line, book)?;
        let Some(bytes) = note.signature_by(&book.origin(line), ED25519, key) else {
            return Err(Fault::misbehaved("checkpoint", "a signature by the book key", "none"));
        };
        let signature = Signature::try_from(bytes).map_err(|_| {
            Fault::malformed("signature of a checkpoint", "64 bytes", bytes.len().to_string())
        })?;
        let signed = Self { checkpoint, signature };
        signed.verify(line, key)?;
        Ok(signed)
    }
}

/// Whether two checkpoints of one book and size have different roots. Once both are verified they convict.
pub fn conflict(one: &SignedCheckpoint, other: &SignedCheckpoint) -> bool {
    let (one, other) = (&one.checkpoint, &other.checkpoint);
    one.book == other.book && one.size == other.size && one.root != other.root
}

/// Whether a consistency proof ties the larger of two checkpoints of one book to `root`, at the size of the
/// smaller, and the smaller has another root. Once both are verified they convict.
pub fn conflict_across(
    smaller: &SignedCheckpoint,
    larger: &SignedCheckpoint,
    root: &Hash,
    proof: &[Hash],
) -> bool {
    let (smaller, larger) = (&smaller.checkpoint, &larger.checkpoint);
    smaller.book == larger.book
        && smaller.size < larger.size
        && smaller.root != *root
        && verify_consistency(smaller.size, root, larger.size, &larger.root, proof).is_ok()
}

#[cfg(test)]
mod tests {
    use alloc::format;
    use alloc::vec::Vec;

    use super::*;
    use crate::name::{Class, Party};
    use crate::proof::{Node, consistency};
    use crate::tree::Frontier;

    const LINE: LineId = LineId([7; 32]);

    fn book() -> Book {
        Book { generation: 1, party: Party::new(3).unwrap(), class: Class::O }
    }

    fn key() -> SecretKey {
        SecretKey::from_seed([5; 32])
    }

    fn checkpoint(size: u64, root: Hash) -> SignedCheckpoint {
        Checkpoint { book: book(), size, root }.sign(&LINE, &key())
    }

    fn parse(note: &str) -> Result<SignedCheckpoint, Fault> {
        SignedCheckpoint::from_note(&Note::parse(note.as_bytes())?, &LINE, book(), &key().public())
    }

    #[test]
    fn a_note_reads_as_it_was_signed() {
        let signed = checkpoint(1234, [9; 32]);
        let note = signed.note(&LINE, &key().public());
        assert_eq!(parse(&note).unwrap(), signed);
        assert_eq!(parse(&format!("{note}— other.example AAAAAAE=\n")).unwrap(), signed);
    }

    #[test]
    fn a_note_that_was_touched_is_refused() {
        let note = checkpoint(1234, [9; 32]).note(&LINE, &key().public());
        for (from, to) in
            [("\n1234\n", "\n1235\n"), ("CQkJ", "CQkK"), ("detente/", "detented"), ("\n\n", "\nmore\n\n")]
        {
            assert!(parse(&note.replacen(from, to, 1)).is_err(), "{from:?}");
        }
        for size in ["01234", "+1234", "", "1099511627776", "18446744073709551616"] {
            assert!(parse(&note.replacen("1234", size, 1)).is_err(), "{size:?}");
        }
        let others = SecretKey::from_seed([6; 32]).public();
        let read = Note::parse(note.as_bytes()).unwrap();
        assert!(SignedCheckpoint::from_note(&read, &LINE, book(), &others).is_err());
        assert!(SignedCheckpoint::from_note(&read, &LineId([8; 32]), book(), &key().public()).is_err());
    }

    #[test]
    fn two_roots_at_one_size_convict() {
        let (one, other) = (checkpoint(8, [1; 32]), checkpoint(8, [2; 32]));
        assert!(conflict(&one, &other));
        assert!(!conflict(&one, &one) && !conflict(&one, &checkpoint(9, [2; 32])));
        let mut elsewhere = other;
        elsewhere.checkpoint.book.generation = 2;
        assert!(!conflict(&one, &elsewhere));
    }

    #[test]
    fn a_book_rewritten_convicts_across_sizes() {
        let root_of = |size: u8| {
            let mut frontier = Frontier::default();
            (0..size).for_each(|leaf| frontier.push([leaf; 32]));
            frontier.root()
        };
        let hash = |node: Node| {
            let mut frontier = Frontier::default();
            let width = 1 << node.level;
            (0..width).for_each(|place| frontier.push([(node.index as u8) * width + place; 32]));
            Ok::<_, Fault>(frontier.root())
        };
        let proof: Vec<Hash> = consistency(6, 11, hash).unwrap();
        let (larger, true_root) = (checkpoint(11, root_of(11)), root_of(6));
        assert!(conflict_across(&checkpoint(6, [1; 32]), &larger, &true_root, &proof));
        assert!(!conflict_across(&checkpoint(6, true_root), &larger, &true_root, &proof));
        assert!(!conflict_across(&checkpoint(6, true_root), &larger, &[1; 32], &proof));
        assert!(!conflict_across(&larger, &checkpoint(6, [1; 32]), &true_root, &proof));
    }
}
