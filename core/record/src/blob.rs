//! Blobs: bytes beside the record that an entry names by their hash (spec/blobs.md §2).
//!
//! Promises: a chunk is held to the tree that an entry names before anybody keeps it, so that nobody has to take a
//! gigabyte on trust; and whoever has the leaves of a whole blob can prove any chunk of it. Refuses chunks of another
//! length than the blob's size makes them. Reads and writes nothing: where the bytes are is a shell's to know.

use alloc::format;
use alloc::vec::Vec;

use sha2::{Digest as _, Sha256};

use crate::fault::Fault;
use crate::hash::Hash;
use crate::proof::{self, Node};
use crate::tree::node_hash;

/// The length of every chunk but the last, in bytes.
pub const CHUNK: u64 = 65_536;
/// The largest blob, in bytes: 4 GiB.
pub const MAX_BLOB: u64 = 1 << 32;
/// Most hashes of the proof of one chunk.
pub const MAX_CHUNK_PROOF: usize = 16;

/// Bytes, by what they must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Blob {
    /// SHA-256 of the whole.
    pub hash: Hash,
    /// Its length, bytes.
    pub size: u64,
    /// The root of the tree over its chunks (RFC 6962 §2.1); of no chunks, SHA-256 of nothing.
    pub root: Hash,
}

impl Blob {
    /// How many chunks it has; none when it is empty.
    pub fn chunks(&self) -> u64 {
        self.size.div_ceil(CHUNK)
    }

    /// The length of a chunk, bytes; 0 beyond the last.
    pub fn chunk_length(&self, chunk: u64) -> u64 {
        self.size.saturating_sub(chunk.saturating_mul(CHUNK)).min(CHUNK)
    }

    /// Holds bytes to be its chunk of a number, counted from 0.
    ///
    /// # Errors
    /// `Misbehaved` for another length, and for bytes or a proof that do not lead to the root.
    pub fn verify_chunk(&self, chunk: u64, bytes: &[u8], proof: &[Hash]) -> Result<Hash, Fault> {
        let length = self.chunk_length(chunk);
        if length == 0 || bytes.len() as u64 != length {
            let found = format!("{} bytes", bytes.len());
            return Err(Fault::misbehaved("chunk of a blob", format!("{length} bytes"), found));
        }
        let leaf = chunk_hash(bytes);
        proof::verify_inclusion(&leaf, chunk, self.chunks(), proof, &self.root)?;
        Ok(leaf)
    }
}

/// The leaf of a chunk: SHA-256 of a zero byte and its bytes (RFC 6962 §2.1).
pub fn chunk_hash(bytes: &[u8]) -> Hash {
    Sha256::new().chain_update([0]).chain_update(bytes).finalize().into()
}

/// Bytes on their way through: what blob they are, in memory that does not grow with them but for 32 bytes a chunk.
#[derive(Debug, Clone, Default)]
pub struct BlobHasher {
    whole: Sha256,
    /// Of the chunk that is not full yet: its hash so far, and how many bytes are in it.
    chunk: Option<(Sha256, u64)>,
    leaves: Vec<Hash>,
    size: u64,
}

impl BlobHasher {
    /// Takes the next bytes.
    pub fn update(&mut self, mut bytes: &[u8]) {
        self.whole.update(bytes);
        self.size = self.size.saturating_add(bytes.len() as u64);
        while !bytes.is_empty() {
            let (hasher, filled) = self.chunk.get_or_insert_with(|| (Sha256::new_with_prefix([0]), 0));
            let room = usize::try_from(CHUNK - *filled).unwrap_or(usize::MAX);
            let (now, rest) = bytes.split_at(room.min(bytes.len()));
            hasher.update(now);
            *filled += now.len() as u64;
            bytes = rest;
            if *filled == CHUNK {
                self.end_chunk();
            }
        }
    }

    fn end_chunk(&mut self) {
        if let Some((hasher, _)) = self.chunk.take() {
            self.leaves.push(hasher.finalize().into());
        }
    }

    /// What they were.
    pub fn finish(mut self) -> Blob {
        self.end_chunk();
        let root = BlobTree::new(self.leaves).root();
        Blob { hash: self.whole.finalize().into(), size: self.size, root }
    }
}

/// The tree over the chunks of a whole blob, for whoever proves them: two hashes a chunk.
#[derive(Debug, Clone)]
pub struct BlobTree {
    /// The complete subtrees of every height, leaves first.
    levels: Vec<Vec<Hash>>,
}

impl BlobTree {
    /// The tree over leaves, in order.
    pub fn new(leaves: Vec<Hash>) -> Self {
        let mut levels = Vec::from([leaves]);
        while let Some(below) = levels.last().filter(|level| level.len() > 1) {
            let above = below.chunks_exact(2).filter_map(|pair| match pair {
                [left, right] => Some(node_hash(left, right)),
                _ => None,
            });
            let above = above.collect();
            levels.push(above);
        }
        Self { levels }
    }

    /// How many chunks it is over.
    pub fn chunks(&self) -> u64 {
        self.levels.first().map_or(0, |leaves| leaves.len() as u64)
    }

    /// The leaf of a chunk, if there is one.
    pub fn leaf(&self, chunk: u64) -> Option<Hash> {
        self.levels.first()?.get(usize::try_from(chunk).ok()?).copied()
    }

    fn node(&self, node: Node) -> Result<Hash, Fault> {
        let index = usize::try_from(node.index).ok();
        let found = index.and_then(|index| self.levels.get(usize::from(node.level))?.get(index));
        found.copied().ok_or_else(|| Fault::misuse("chunk of a blob", "one of its tree", "none"))
    }

    /// Its root.
    pub fn root(&self) -> Hash {
        let root = proof::root(self.chunks(), |node| self.node(node));
        // Every complete subtree is there.
        root.unwrap_or_default()
    }

    /// The proof of a chunk, counted from 0.
    ///
    /// # Errors
    /// `Misuse` for a chunk beyond the last.
    pub fn proof(&self, chunk: u64) -> Result<Vec<Hash>, Fault> {
        proof::inclusion(chunk, self.chunks(), |node| self.node(node))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot be set up fails")]
    use alloc::vec;

    use super::*;
    use crate::hash::sha256;
    use crate::tree::empty_root;

    fn blob_of(bytes: &[u8]) -> (Blob, BlobTree) {
        let tree = BlobTree::new(bytes.chunks(CHUNK as usize).map(chunk_hash).collect());
        (Blob { hash: sha256(bytes), size: bytes.len() as u64, root: tree.root() }, tree)
    }

    #[test]
    fn every_chunk_is_proved_and_nothing_else() {
        for size in [1, 65_535, 65_536, 65_537, 5 * 65_536 + 9] {
            let bytes: Vec<u8> = (0..size).map(|place| (place % 251) as u8).collect();
            let (blob, tree) = blob_of(&bytes);
            for (chunk, part) in bytes.chunks(CHUNK as usize).enumerate() {
                let proof = tree.proof(chunk as u64).unwrap();
                assert_eq!(blob.verify_chunk(chunk as u64, part, &proof), Ok(chunk_hash(part)));
                let mut other = part.to_vec();
                other[0] ^= 1;
                assert!(blob.verify_chunk(chunk as u64, &other, &proof).is_err());
                assert!(blob.verify_chunk(chunk as u64, &part[..part.len() - 1], &proof).is_err());
                assert!(blob.verify_chunk(chunk as u64 + 1, part, &proof).is_err());
            }
            // A path to a leaf in the middle tells no size: the last one does.
            let (longer, last) = (Blob { size: blob.size + CHUNK, ..blob }, blob.chunks() - 1);
            let part = bytes.chunks(CHUNK as usize).last().unwrap();
            assert!(longer.verify_chunk(last, part, &tree.proof(last).unwrap()).is_err());
            assert!(tree.proof(blob.chunks()).is_err());
        }
    }

    #[test]
    fn bytes_on_their_way_are_the_blob_that_they_are_whole() {
        let bytes: Vec<u8> = (0..3 * CHUNK + 7).map(|place| (place % 253) as u8).collect();
        for size in [0, 1, 65_535, 65_536, 65_537, bytes.len()] {
            for piece in [1_000, 65_536, 70_000] {
                let mut hasher = BlobHasher::default();
                bytes[..size].chunks(piece).for_each(|piece| hasher.update(piece));
                assert_eq!(hasher.finish(), blob_of(&bytes[..size]).0, "{size} in pieces of {piece}");
            }
        }
    }

    #[test]
    fn an_empty_blob_has_no_chunk() {
        let (blob, tree) = blob_of(&[]);
        assert_eq!((blob.chunks(), blob.root), (0, empty_root()));
        assert!(tree.proof(0).is_err());
        assert!(blob.verify_chunk(0, &[], &[]).is_err());
    }

    #[test]
    fn the_longest_proof_is_that_of_the_largest_blob() {
        let tree = BlobTree::new(vec![[7; 32]; (MAX_BLOB / CHUNK) as usize]);
        assert_eq!(tree.proof(1).unwrap().len(), MAX_CHUNK_PROOF);
    }
}
