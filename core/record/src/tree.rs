//! The Merkle tree of a book (spec/record.md §5, RFC 6962 §2.1), kept by its right edge alone.

use alloc::vec::Vec;

use sha2::{Digest, Sha256};

use crate::fault::Fault;
use crate::name::MAX_NUMBER;

/// A SHA-256 digest.
pub type Hash = [u8; 32];

/// SHA-256.
pub fn sha256(bytes: &[u8]) -> Hash {
    Sha256::digest(bytes).into()
}

/// The hash of the leaf `blind ‖ entry`.
pub fn leaf_hash(blind: &[u8; 16], entry: &[u8]) -> Hash {
    let mut hash = Sha256::new();
    hash.update([0]);
    hash.update(blind);
    hash.update(entry);
    hash.finalize().into()
}

/// The hash over two subtrees.
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    let mut input = [1; 65];
    input[1..33].copy_from_slice(left);
    input[33..].copy_from_slice(right);
    sha256(&input)
}

/// The root of the empty tree.
pub fn empty_root() -> Hash {
    sha256(&[])
}

/// The right edge of a tree: the roots of its complete subtrees, largest first, one for every bit of its size.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Frontier {
    size: u64,
    edge: Vec<Hash>,
}

impl Frontier {
    /// How many leaves.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Adds a leaf by its hash.
    pub fn push(&mut self, leaf: Hash) {
        let mut hash = leaf;
        for _ in 0..self.size.trailing_ones() {
            if let Some(left) = self.edge.pop() {
                hash = node_hash(&left, &hash);
            }
        }
        self.edge.push(hash);
        self.size += 1;
    }

    /// The root over all leaves.
    pub fn root(&self) -> Hash {
        let mut edge = self.edge.iter().rev();
        let Some(last) = edge.next() else { return empty_root() };
        edge.fold(*last, |right, left| node_hash(left, &right))
    }

    /// `u64(size)` and the edge, largest first.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::from(self.size.to_be_bytes());
        self.edge.iter().for_each(|hash| out.extend_from_slice(hash));
        out
    }

    /// Reads what [`Frontier::encode`] wrote.
    ///
    /// # Errors
    /// `Malformed` for any other length.
    pub fn decode(bytes: &[u8]) -> Result<Self, Fault> {
        let wrong = || Fault::malformed("frontier", "a size and a hash for each of its bits", "another length");
        let (size, edge) = bytes.split_first_chunk::<8>().ok_or_else(wrong)?;
        let size = u64::from_be_bytes(*size);
        let (edge, rest) = edge.as_chunks::<32>();
        if size > MAX_NUMBER || !rest.is_empty() || edge.len() != size.count_ones() as usize {
            return Err(wrong());
        }
        Ok(Self { size, edge: edge.to_vec() })
    }
}
