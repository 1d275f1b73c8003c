//! Receipts: what a receiver acknowledges storing (spec/record.md §7, c2sp.org/tlog-cosignature).

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use crate::checkpoint::{Checkpoint, note_line};
use crate::fault::Fault;
use crate::key::{PublicKey, SecretKey, Signature};
use crate::name::{Book, LineId, Party, receipt_name};
use crate::tree::Hash;

/// A party's acknowledgement that it stores another's book up to a size.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// The book received.
    pub book: Book,
    /// Who received it.
    pub party: Party,
    /// Up to which size.
    pub size: u64,
    /// When, by the receiver's clock: seconds since 1970 UTC.
    pub seconds: u64,
    /// By the receipt key.
    pub signature: Signature,
}

fn text(book: Book, size: u64, root: &Hash, seconds: u64, line: &LineId) -> String {
    let checkpoint = Checkpoint { book, size, root: *root };
    format!("cosignature/v1\ntime {seconds}\n{}", checkpoint.text(line))
}

impl Receipt {
    /// Gives a receipt.
    pub fn sign(book: Book, party: Party, size: u64, root: &Hash, seconds: u64, line: &LineId, key: &SecretKey) -> Self {
        let signature = key.sign(text(book, size, root, seconds, line).as_bytes());
        Self { book, party, size, seconds, signature }
    }

    /// Holds it to its signer, for the root that the book has at its size.
    ///
    /// # Errors
    /// `Misbehaved` if the signature is not the key's or a party receipts its own book.
    pub fn verify(&self, root: &Hash, line: &LineId, key: &PublicKey) -> Result<(), Fault> {
        if self.party == self.book.party {
            return Err(Fault::misbehaved("receipt", "one for another party's book", "one for its own"));
        }
        if key.verify(text(self.book, self.size, root, self.seconds, line).as_bytes(), &self.signature) {
            Ok(())
        } else {
            Err(Fault::misbehaved("receipt", "a signature by the receiver's receipt key", "another"))
        }
    }

    /// Its signature line below the checkpoint's note.
    pub fn note_line(&self, line: &LineId, key: &PublicKey) -> String {
        let blob: Vec<u8> = self.seconds.to_be_bytes().into_iter().chain(self.signature).collect();
        note_line(&receipt_name(line, self.party), 4, key, &blob)
    }
}
