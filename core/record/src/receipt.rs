//! Receipts: another party's word that it has stored a book up to a size (spec/record.md §7).
//!
//! A receipt is a cosignature (c2sp.org/tlog-cosignature) over the checkpoint of that size. It carries no root:
//! it is verified against the root that its reader has computed.

use alloc::format;
use alloc::string::String;
use core::fmt::Write as _;

use crate::checkpoint::Checkpoint;
use crate::fault::Fault;
use crate::hash::Hash;
use crate::key::{PublicKey, SecretKey, Signature};
use crate::name::{Book, LineId, Party, receipt_name};
use crate::note::{COSIGNATURE, Note, signature_line};

/// The last second that a receipt may name: 2^63 − 1.
pub const MAX_SECONDS: u64 = i64::MAX.cast_unsigned();

/// A party's word that it has stored a book of another's up to a size.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// The book stored.
    pub book: Book,
    /// Who stored it.
    pub party: Party,
    /// Up to which size; its author has signed it.
    pub size: u64,
    /// The receiver's own clock, seconds since 1970.
    pub seconds: u64,
    /// By the receiver's receipt key.
    pub signature: Signature,
}

impl Receipt {
    /// Signs a receipt with a party's receipt key.
    pub fn sign(
        book: Book,
        party: Party,
        size: u64,
        root: &Hash,
        seconds: u64,
        line: &LineId,
        key: &SecretKey,
    ) -> Self {
        let signature = key.sign(text(&Checkpoint { book, size, root: *root }, seconds, line).as_bytes());
        Self { book, party, size, seconds, signature }
    }

    /// Holds it to the root of the book at its size and to the party's receipt key.
    ///
    /// # Errors
    /// `Malformed` for seconds over 2^63 − 1; `Misbehaved` for a signature that is not that key's over this.
    pub fn verify(&self, root: &Hash, line: &LineId, key: &PublicKey) -> Result<(), Fault> {
        if self.seconds > MAX_SECONDS {
            let found = format!("{}", self.seconds);
            return Err(Fault::malformed("receipt", "seconds to 2^63 - 1", found));
        }
        let checkpoint = Checkpoint { book: self.book, size: self.size, root: *root };
        if key.verify(text(&checkpoint, self.seconds, line).as_bytes(), &self.signature) {
            Ok(())
        } else {
            let found = format!("none, at size {}", self.size);
            Err(Fault::misbehaved("receipt", "a signature by the receipt key", found))
        }
    }

    /// It as a signature line below the note of its checkpoint.
    pub fn note_line(&self, line: &LineId, key: &PublicKey) -> String {
        let timed = [self.seconds.to_be_bytes().as_slice(), &self.signature].concat();
        signature_line(&receipt_name(line, self.party), COSIGNATURE, key, &timed)
    }

    /// Reads and verifies a party's receipt below the note of a checkpoint; `None` when there is none.
    ///
    /// # Errors
    /// `Malformed` for a signature line of another form; those of [`Receipt::verify`].
    pub fn from_note(
        note: &Note<'_>,
        checkpoint: &Checkpoint,
        line: &LineId,
        party: Party,
        key: &PublicKey,
    ) -> Result<Option<Self>, Fault> {
        let Some(bytes) = note.signature_by(&receipt_name(line, party), COSIGNATURE, key) else {
            return Ok(None);
        };
        let parts =
            bytes.split_first_chunk().map(|(seconds, signature)| (*seconds, Signature::try_from(signature)));
        let Some((seconds, Ok(signature))) = parts else {
            return Err(Fault::malformed("receipt", "72 bytes", format!("{}", bytes.len())));
        };
        let seconds = u64::from_be_bytes(seconds);
        let receipt = Self { book: checkpoint.book, party, size: checkpoint.size, seconds, signature };
        receipt.verify(&checkpoint.root, line, key)?;
        Ok(Some(receipt))
    }
}

/// The text that is signed.
fn text(checkpoint: &Checkpoint, seconds: u64, line: &LineId) -> String {
    let mut text = String::with_capacity(160);
    // Writing to a string cannot fail.
    let _ = write!(text, "cosignature/v1\ntime {seconds}\n{}", checkpoint.text(line));
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::name::Class;

    const LINE: LineId = LineId([7; 32]);

    fn checkpoint() -> Checkpoint {
        let book = Book { generation: 0, party: Party::new(3).unwrap(), class: Class::Z };
        Checkpoint { book, size: 12, root: [9; 32] }
    }

    fn key() -> SecretKey {
        SecretKey::from_seed([5; 32])
    }

    fn receipt(seconds: u64) -> Receipt {
        let Checkpoint { book, size, root } = checkpoint();
        Receipt::sign(book, Party::new(4).unwrap(), size, &root, seconds, &LINE, &key())
    }

    #[test]
    fn holds_for_one_root_size_time_and_key() {
        let receipt = receipt(1_500_000_000);
        assert!(receipt.verify(&[9; 32], &LINE, &key().public()).is_ok());
        assert!(receipt.verify(&[8; 32], &LINE, &key().public()).is_err());
        assert!(receipt.verify(&[9; 32], &LineId([8; 32]), &key().public()).is_err());
        assert!(receipt.verify(&[9; 32], &LINE, &SecretKey::from_seed([6; 32]).public()).is_err());
        let later = Receipt { seconds: receipt.seconds + 1, ..receipt.clone() };
        let larger = Receipt { size: receipt.size + 1, ..receipt };
        assert!(later.verify(&[9; 32], &LINE, &key().public()).is_err());
        assert!(larger.verify(&[9; 32], &LINE, &key().public()).is_err());
    }

    #[test]
    fn times_end_with_63_bits() {
        assert!(receipt(MAX_SECONDS).verify(&[9; 32], &LINE, &key().public()).is_ok());
        assert!(receipt(MAX_SECONDS + 1).verify(&[9; 32], &LINE, &key().public()).is_err());
    }

    #[test]
    fn reads_from_the_note_that_it_was_added_to() {
        let author = SecretKey::from_seed([1; 32]);
        let signed = checkpoint().sign(&LINE, &author);
        let receipt = receipt(1_500_000_000);
        let line = receipt.note_line(&LINE, &key().public());
        let note = signed.note(&LINE, &author.public()) + &line;
        let note = Note::parse(note.as_bytes()).unwrap();
        let read = |party: u8, key: &SecretKey| {
            Receipt::from_note(&note, &checkpoint(), &LINE, Party::new(party).unwrap(), &key.public())
                .unwrap()
        };
        assert_eq!(read(4, &key()), Some(receipt));
        assert_eq!(read(5, &key()), None);
        assert_eq!(read(4, &author), None);
    }
}
