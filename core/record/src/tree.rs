//! The Merkle tree of a book (spec/record.md §5, RFC 6962 §2.1).
//!
//! A [`Frontier`] is all that a book needs to grow: the roots of the complete subtrees along its right edge.
//! It takes memory and time in the logarithm of the size.

use alloc::string::ToString as _;
use alloc::vec::Vec;

use sha2::{Digest as _, Sha256};

use crate::blind::{BLIND, BookSecret};
use crate::fault::Fault;
use crate::hash::{Hash, sha256};
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
    Sha256::new_with_prefix(head).chain_update(entry).finalize().into()
}

/// The hashes of consecutive leaves of a book, from the one of an index on.
pub fn leaf_hashes(secret: &BookSecret, from: u64, entries: &[&[u8]]) -> Vec<Hash> {
    secret.blinds(from).zip(entries).map(|(blind, entry)| leaf_hash(&blind, entry)).collect()
}

/// The hash of a node with two children.
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    let mut node = [1; 65];
    let (_, children) = node.split_at_mut(1);
    let (first, second) = children.split_at_mut(32);
    first.copy_from_slice(left);
    second.copy_from_slice(right);
    sha256(&node)
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

    /// Adds the hashes of leaves.
    pub fn extend(&mut self, leaves: &[Hash]) {
        leaves.iter().for_each(|leaf| self.push(*leaf));
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
    use alloc::vec;

    use super::*;
    use crate::blind::LineSecret;
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
    fn many_leaves_grow_it_like_each() {
        let leaves: Vec<Hash> = (0..70_u8).map(|leaf| [leaf; 32]).collect();
        for held in 0..leaves.len() {
            let mut one_by_one = Frontier::default();
            leaves[..held].iter().for_each(|leaf| one_by_one.push(*leaf));
            let before = one_by_one.clone();
            for count in 0..=leaves.len() - held {
                let mut at_once = before.clone();
                at_once.extend(&leaves[held..held + count]);
                assert_eq!(at_once, one_by_one, "{held} and {count}");
                if let Some(leaf) = leaves.get(held + count) {
                    one_by_one.push(*leaf);
                }
            }
        }
    }

    #[test]
    fn many_leaves_hash_like_each() {
        let secret = BookSecret::new(&LineSecret::from_bytes([3; 32]), "detente/00");
        let entries: Vec<Vec<u8>> = (0..40).map(|length| vec![5; length * 9]).collect();
        let entries: Vec<&[u8]> = entries.iter().map(Vec::as_slice).collect();
        for (from, count) in [(0, 40), (1, 40), (0, 1), (7, 1), (7, 2), (8, 0), (u64::MAX, 3)] {
            let each = entries.iter().zip(secret.blinds(from)).map(|(entry, blind)| leaf_hash(&blind, entry));
            let each: Vec<Hash> = each.take(count).collect();
            assert_eq!(leaf_hashes(&secret, from, &entries[..count]), each);
        }
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
