//! The Merkle tree of a book (spec/record.md §5, RFC 6962 §2.1).
//!
//! A [`Frontier`] is all that a book needs to grow: the roots of the complete subtrees along its right edge.
//! It takes memory and time in the logarithm of the size.

use alloc::string::ToString as _;
use alloc::vec::Vec;

use crate::blind::BLIND;
use crate::fault::Fault;
use crate::hash::{Hash, sha256, sha256_headed};
use crate::name::MAX_SIZE;

/// The root of a tree without leaves.
pub fn empty_root() -> Hash {
    sha256(&[])
}

/// The hash of the leaf of an entry under its blind.
pub fn leaf_hash(blind: &[u8; BLIND], entry: &[u8]) -> Hash {
    let mut head = [0; 1 + BLIND];
    let (_, rest) = head.split_at_mut(1);
    rest.copy_from_slice(blind);
    sha256_headed(&head, entry)
}

/// The hash of a node with two children.
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    let mut head = [1; 1 + 32];
    let (_, rest) = head.split_at_mut(1);
    rest.copy_from_slice(left);
    sha256_headed(&head, right)
}

/// The right edge of a tree, from which its root follows and to which leaves are added.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Frontier {
    size: u64,
    /// One for every bit set in `size`, the largest subtree first.
    peaks: Vec<Hash>,
}

impl Frontier {
    /// How many leaves the tree has.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Adds the hash of a leaf.
    pub fn push(&mut self, leaf: Hash) {
        let mut hash = leaf;
        for _ in 0..self.size.trailing_ones() {
            let Some(left) = self.peaks.pop() else { break };
            hash = node_hash(&left, &hash);
        }
        self.peaks.push(hash);
        self.size = self.size.saturating_add(1);
    }

    /// The root of the tree.
    pub fn root(&self) -> Hash {
        let mut peaks = self.peaks.iter().rev();
        match peaks.next() {
            Some(last) => peaks.fold(*last, |right, left| node_hash(left, &right)),
            None => empty_root(),
        }
    }

    /// Its bytes, for storing it: `u64(size)`, then the subtrees' roots, the largest first.
    pub fn encode(&self) -> Vec<u8> {
        [&self.size.to_be_bytes(), self.peaks.as_flattened()].concat()
    }

    /// Reads what [`Frontier::encode`] wrote.
    ///
    /// # Errors
    /// `Malformed` for a size over 2^40 − 1, or any other number of hashes than that size has.
    pub fn decode(bytes: &[u8]) -> Result<Self, Fault> {
        let Some((size, hashes)) = bytes.split_first_chunk() else {
            return Err(Fault::malformed("frontier", "a size of 8 bytes", bytes.len().to_string()));
        };
        let size = u64::from_be_bytes(*size);
        let (peaks, rest) = hashes.as_chunks();
        if size > MAX_SIZE || !rest.is_empty() || peaks.len() != size.count_ones() as usize {
            let found = alloc::format!("{} bytes of them for size {size}", hashes.len());
            return Err(Fault::malformed("frontier", "one hash for every bit of a size to 2^40 - 1", found));
        }
        Ok(Self { size, peaks: peaks.to_vec() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash::hex;

    #[test]
    fn small_trees_by_hand() {
        assert_eq!(hex(&empty_root()), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
        let (a, b, c) = ([1; 32], [2; 32], [3; 32]);
        let mut frontier = Frontier::default();
        [a, b, c].into_iter().for_each(|leaf| frontier.push(leaf));
        assert_eq!(frontier.root(), node_hash(&node_hash(&a, &b), &c));
        assert_eq!(node_hash(&a, &b), sha256(&[&[1][..], &a, &b].concat()));
        assert_eq!(leaf_hash(&[7; 16], b"entry"), sha256(&[&[0][..], &[7; 16], b"entry"].concat()));
    }

    #[test]
    fn frontiers_of_another_form_are_refused() {
        let mut frontier = Frontier::default();
        (0..5).for_each(|leaf| frontier.push([leaf; 32]));
        let bytes = frontier.encode();
        assert_eq!(bytes.len(), 8 + 2 * 32);
        assert_eq!(Frontier::decode(&bytes).unwrap(), frontier);
        let sized = |size: u64| [&size.to_be_bytes(), &bytes[8..]].concat();
        assert!(Frontier::decode(&sized(6)).is_ok());
        for size in [0, 1, 7, (1 << 40) | 1, u64::MAX] {
            assert!(Frontier::decode(&sized(size)).is_err(), "{size}");
        }
        for length in [0, 7, 9, bytes.len() - 1] {
            assert!(Frontier::decode(&bytes[..length]).is_err(), "{length}");
        }
    }
}
