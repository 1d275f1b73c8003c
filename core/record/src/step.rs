//! Steps: how a book travels (spec/record.md §6).
//!
//! A step is more of a book, ending in a size that its author has signed. Whoever carries it can neither alter
//! nor reorder it, and a reader takes all of it or nothing.

use alloc::format;
use alloc::vec::Vec;

use crate::blind::BookSecret;
use crate::checkpoint::{Checkpoint, SignedCheckpoint};
use crate::entry::MAX_ENTRY;
use crate::fault::Fault;
use crate::hash::Hash;
use crate::key::{PublicKey, Signature};
use crate::name::{Book, LineId, MAX_SIZE};
use crate::tree::{Frontier, leaf_hash};

/// Most entries of a step.
pub const STEP_ENTRIES: u64 = 256;
/// Most bytes of a step's entries.
pub const STEP_BYTES: u64 = 65_536;

/// Verifies the entries that bring a book from its frontier to a signed size; gives the new frontier and the
/// hash of each leaf.
///
/// What the entries are is not looked at: one that nobody can read is still part of its book.
///
/// # Errors
/// `Malformed` for a step over its bounds, without entries or with an empty or too long one; `Misbehaved` when
/// the signature is not the author's over the root that these entries lead to.
#[allow(
    clippy::too_many_arguments,
    reason = "three say what is held, three what came in, two who is to have signed"
)]
pub fn verify_step(
    held: &Frontier,
    secret: &BookSecret,
    entries: &[&[u8]],
    book: Book,
    size: u64,
    signature: &Signature,
    line: &LineId,
    key: &PublicKey,
) -> Result<(Frontier, Vec<Hash>), Fault> {
    check_bounds(entries)?;
    if size > MAX_SIZE || held.size().checked_add(entries.len() as u64) != Some(size) {
        let expected = format!("{} more than {}, the size held", entries.len(), held.size());
        return Err(Fault::malformed("size of a step", expected, format!("{size}")));
    }
    let mut frontier = held.clone();
    let mut leaves = Vec::with_capacity(entries.len());
    for (entry, blind) in entries.iter().zip(secret.blinds(held.size())) {
        let leaf = leaf_hash(&blind, entry);
        frontier.push(leaf);
        leaves.push(leaf);
    }
    let checkpoint = Checkpoint { book, size, root: frontier.root() };
    SignedCheckpoint { checkpoint, signature: *signature }.verify(line, key)?;
    Ok((frontier, leaves))
}

/// Holds entries to the bounds of a step.
fn check_bounds(entries: &[&[u8]]) -> Result<(), Fault> {
    let count = entries.len() as u64;
    if !(1..=STEP_ENTRIES).contains(&count) {
        return Err(Fault::malformed("step", "1 to 256 entries", format!("{count}")));
    }
    if let Some(entry) = entries.iter().find(|entry| entry.is_empty() || entry.len() > MAX_ENTRY) {
        return Err(Fault::malformed("entry of a step", "1 to 16,384 bytes", format!("{}", entry.len())));
    }
    let bytes: u64 = entries.iter().map(|entry| entry.len() as u64).sum();
    if bytes > STEP_BYTES {
        return Err(Fault::malformed("step", "at most 65,536 bytes of entries", format!("{bytes}")));
    }
    Ok(())
}
