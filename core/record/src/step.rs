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
use crate::tree::{Frontier, leaf_hashes};

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
    let leaves = leaf_hashes(secret, held.size(), entries);
    let mut frontier = held.clone();
    frontier.extend(&leaves);
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

#[cfg(test)]
mod tests {
    use alloc::vec;

    use super::*;
    use crate::blind::LineSecret;
    use crate::key::SecretKey;
    use crate::name::{Class, Party};
    use crate::tree::leaf_hash;

    const LINE: LineId = LineId([7; 32]);

    fn book() -> Book {
        Book { generation: 0, party: Party::new(3).unwrap(), class: Class::Z }
    }

    fn secret() -> BookSecret {
        BookSecret::new(&LineSecret::from_bytes([4; 32]), &book().origin(&LINE))
    }

    fn key() -> SecretKey {
        SecretKey::from_seed([5; 32])
    }

    fn grown(held: &Frontier, entries: &[&[u8]]) -> Frontier {
        let mut frontier = held.clone();
        for entry in entries {
            frontier.push(leaf_hash(&secret().blind(frontier.size()), entry));
        }
        frontier
    }

    fn signed(frontier: &Frontier) -> Signature {
        Checkpoint { book: book(), size: frontier.size(), root: frontier.root() }
            .sign(&LINE, &key())
            .signature
    }

    fn verify(
        held: &Frontier,
        entries: &[&[u8]],
        size: u64,
        signature: &Signature,
    ) -> Result<Frontier, Fault> {
        let (frontier, leaves) =
            verify_step(held, &secret(), entries, book(), size, signature, &LINE, &key().public())?;
        assert_eq!(leaves.len(), entries.len());
        Ok(frontier)
    }

    #[test]
    fn a_book_grows_by_its_steps_alone() {
        let mut held = Frontier::default();
        for entries in [vec![b"a".as_slice(), b"b", b"c"], vec![b"d"], vec![b"e", b"f"]] {
            let after = grown(&held, &entries);
            let signature = signed(&after);
            assert!(verify(&held, &entries[1..], after.size(), &signature).is_err());
            assert!(verify(&held, &entries, after.size() + 1, &signature).is_err());
            assert!(verify(&after, &entries, after.size() + entries.len() as u64, &signature).is_err());
            let swapped: Vec<&[u8]> = entries.iter().rev().copied().collect();
            assert!(entries.len() == 1 || verify(&held, &swapped, after.size(), &signature).is_err());
            assert_eq!(verify(&held, &entries, after.size(), &signature).unwrap(), after);
            held = after;
        }
        assert_eq!(held.size(), 6);
    }

    #[test]
    fn bounds_are_those_of_the_specification() {
        let verdict = |entries: &[&[u8]]| {
            let after = grown(&Frontier::default(), entries);
            verify(&Frontier::default(), entries, after.size(), &signed(&after)).map(|_| ())
        };
        let full = [0; MAX_ENTRY];
        assert!(verdict(&[full.as_slice(); 4]).is_ok());
        assert!(verdict(&[&full[..], &full, &full, &full, &[0]]).is_err());
        assert!(verdict(&[b"a".as_slice(); 256]).is_ok());
        assert!(verdict(&[b"a".as_slice(); 257]).is_err());
        assert!(verdict(&[]).is_err());
        assert!(verdict(&[b"a", b""]).is_err());
        assert!(verdict(&[&[0; MAX_ENTRY + 1]]).is_err());
    }
}
