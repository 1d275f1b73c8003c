//! Checkpoints: a party's word on the size and root of its book (spec/record.md §6).
//!
//! In transit a checkpoint is a book, a size and a signature; its text, which other people's tools verify, is
//! restored to the letter from these and the root.

use alloc::string::String;
use core::fmt::Write as _;

use crate::fault::Fault;
use crate::hash::{Hash, base64};
use crate::key::{PublicKey, SecretKey, Signature};
use crate::name::{Book, LineId};

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

    /// Signs it with the party's book key.
    pub fn sign(self, line: &LineId, key: &SecretKey) -> SignedCheckpoint {
        let signature = key.sign(self.text(line).as_bytes());
        SignedCheckpoint { checkpoint: self, signature }
    }
}

/// A checkpoint and the signature of its author's book key, which may or may not hold: see
/// [`SignedCheckpoint::verify`].
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
            let found = alloc::format!("none, at size {}", self.checkpoint.size);
            Err(Fault::misbehaved("checkpoint", "a signature by the book key", found))
        }
    }
}

/// Whether two checkpoints of one size cannot both be true. They convict once both are verified.
pub fn conflict(one: &SignedCheckpoint, other: &SignedCheckpoint) -> bool {
    let (one, other) = (&one.checkpoint, &other.checkpoint);
    one.book == other.book && one.size == other.size && one.root != other.root
}
