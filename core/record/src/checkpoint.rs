//! Checkpoints: what an author commits to (spec/record.md §6, c2sp.org/tlog-checkpoint).

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use crate::blind::BookSecret;
use crate::entry::{MAX_ENTRY, STEP_BYTES, STEP_ENTRIES};
use crate::fault::Fault;
use crate::key::{PublicKey, SecretKey, Signature};
use crate::name::{Book, LineId};
use crate::tree::{Frontier, Hash, leaf_hash};

/// Standard base64 with padding.
pub fn base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// A book's size and root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// Which book.
    pub book: Book,
    /// How many entries.
    pub size: u64,
    /// The root over them.
    pub root: Hash,
}

/// A checkpoint under its author's signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedCheckpoint {
    /// What is signed.
    pub checkpoint: Checkpoint,
    /// By the book key, over the note text.
    pub signature: Signature,
}

impl Checkpoint {
    /// The note text.
    pub fn text(&self, line: &LineId) -> String {
        format!("{}\n{}\n{}\n", self.book.origin(line), self.size, base64(&self.root))
    }

    /// Signs it.
    pub fn sign(self, line: &LineId, key: &SecretKey) -> SignedCheckpoint {
        let signature = key.sign(self.text(line).as_bytes());
        SignedCheckpoint { checkpoint: self, signature }
    }
}

/// A signature line of a note (c2sp.org/signed-note).
pub fn note_line(name: &str, kind: u8, key: &PublicKey, signature: &[u8]) -> String {
    let id = Sha256::new_with_prefix(name.as_bytes()).chain_update([0x0a, kind]).chain_update(key.bytes()).finalize();
    let blob: Vec<u8> = id.iter().take(4).chain(signature).copied().collect();
    format!("\u{2014} {name} {}\n", base64(&blob))
}

impl SignedCheckpoint {
    /// Holds the signature to the author's key.
    ///
    /// # Errors
    /// `Misbehaved` if it is not the key's.
    pub fn verify(&self, line: &LineId, key: &PublicKey) -> Result<(), Fault> {
        if key.verify(self.checkpoint.text(line).as_bytes(), &self.signature) {
            Ok(())
        } else {
            Err(Fault::misbehaved("checkpoint", "a signature by its author's book key", "another"))
        }
    }

    /// The signed note, as other people's tools read it.
    pub fn note(&self, line: &LineId, key: &PublicKey) -> String {
        let origin = self.checkpoint.book.origin(line);
        format!("{}\n{}", self.checkpoint.text(line), note_line(&origin, 1, key, &self.signature))
    }
}

/// Verifies the entries of one step that follow those of `frontier`: the tree that they make has size `size`
/// and the root that the author signed. Gives that tree and the leaf hashes.
///
/// # Errors
/// `Malformed` if the step is over its bounds or does not reach its size; `Misbehaved` if the signature does
/// not fit the entries.
#[expect(clippy::too_many_arguments, reason = "a step is verified against exactly this much")]
pub fn verify_step(
    frontier: &Frontier,
    secret: &BookSecret,
    entries: &[&[u8]],
    book: Book,
    size: u64,
    signature: &Signature,
    line: &LineId,
    key: &PublicKey,
) -> Result<(Frontier, Vec<Hash>), Fault> {
    let bytes: u64 = entries.iter().map(|entry| entry.len() as u64).sum();
    if entries.len() as u64 > STEP_ENTRIES || (bytes > STEP_BYTES && entries.len() > 1) {
        return Err(Fault::malformed("step", "at most 256 entries and 65,536 bytes", format!("{} and {bytes}", entries.len())));
    }
    if entries.iter().any(|entry| entry.is_empty() || entry.len() > MAX_ENTRY) {
        return Err(Fault::malformed("step", "entries of 1 to 16,384 bytes", "another size"));
    }
    if frontier.size().checked_add(entries.len() as u64) != Some(size) {
        return Err(Fault::malformed("step", format!("entries up to {size}"), format!("up to {}", frontier.size() + entries.len() as u64)));
    }
    let mut frontier = frontier.clone();
    let mut leaves = Vec::with_capacity(entries.len());
    let mut pair = None;
    for entry in entries {
        let index = frontier.size();
        let half = index / 2;
        let blinds = match pair {
            Some((of, blinds)) if of == half => blinds,
            _ => secret.pair(half),
        };
        pair = Some((half, blinds));
        let [even, odd] = blinds;
        let leaf = leaf_hash(if index.is_multiple_of(2) { &even } else { &odd }, entry);
        frontier.push(leaf);
        leaves.push(leaf);
    }
    let signed = SignedCheckpoint { checkpoint: Checkpoint { book, size, root: frontier.root() }, signature: *signature };
    signed.verify(line, key)?;
    Ok((frontier, leaves))
}

/// The hash of a full vector: book, size and root of every book that an act knows of (spec §3).
pub fn vector_hash(vector: &alloc::collections::BTreeMap<Book, (u64, Hash)>) -> Hash {
    let mut hash = Sha256::new_with_prefix(b"detente vector v1\n");
    for (book, (size, root)) in vector {
        hash.update(u64::from(book.code()).to_be_bytes());
        hash.update(size.to_be_bytes());
        hash.update(root);
    }
    hash.finalize().into()
}
