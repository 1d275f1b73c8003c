//! Receipts: another party's word that it has stored a book up to a size (spec/record.md §7).
//!
//! A receipt is a cosignature (c2sp.org/tlog-cosignature) over the checkpoint of that size. It carries no root:
//! it is verified against the root that its reader has computed.

use alloc::string::String;
use core::fmt::Write as _;

use crate::checkpoint::Checkpoint;
use crate::fault::Fault;
use crate::hash::Hash;
use crate::key::{PublicKey, SecretKey, Signature};
use crate::name::{Book, LineId, Party};

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
            let found = alloc::format!("{}", self.seconds);
            return Err(Fault::malformed("receipt", "seconds to 2^63 - 1", found));
        }
        let checkpoint = Checkpoint { book: self.book, size: self.size, root: *root };
        if key.verify(text(&checkpoint, self.seconds, line).as_bytes(), &self.signature) {
            Ok(())
        } else {
            let found = alloc::format!("none, at size {}", self.size);
            Err(Fault::misbehaved("receipt", "a signature by the receipt key", found))
        }
    }
}

/// The text that is signed.
fn text(checkpoint: &Checkpoint, seconds: u64, line: &LineId) -> String {
    let mut text = String::with_capacity(160);
    // Writing to a string cannot fail.
    let _ = write!(text, "cosignature/v1\ntime {seconds}\n{}", checkpoint.text(line));
    text
}
