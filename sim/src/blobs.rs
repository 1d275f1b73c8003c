//! A station's folder of blobs, simulated: whole ones, which are durable, and parts, of which a death leaves any
//! beginning.
//!
//! It keeps the promise of the real one (a blob is whole only if it fits its hash) and no other.

use std::collections::BTreeMap;

use detente_line::{Attachment, BlobState, frame};
use detente_record::{Blob, BlobTree, CHUNK, chunk_hash, sha256};

use crate::rng::Rng;

/// What a folder holds.
#[derive(Debug, Default)]
pub(crate) struct Folder {
    whole: BTreeMap<Blob, Vec<u8>>,
    parts: BTreeMap<Blob, Vec<u8>>,
}

/// A file of an officer's: small, and of a length that chunks make interesting.
pub(crate) fn file(rng: &mut Rng, name: String) -> (Attachment, Vec<u8>) {
    let length = [0, 1, CHUNK, CHUNK + 1, rng.within(2, 4 * CHUNK)][rng.below(5) as usize];
    let start = rng.next();
    let bytes: Vec<u8> =
        (0..length).map(|place| (start.wrapping_add(place).wrapping_mul(0x9e37_79b9) >> 13) as u8).collect();
    let attachment = Attachment {
        hash: sha256(&bytes),
        size: length,
        name,
        media_type: "application/octet-stream".into(),
        root: tree(&bytes).root(),
    };
    (attachment, bytes)
}

fn tree(bytes: &[u8]) -> BlobTree {
    BlobTree::new(bytes.chunks(CHUNK as usize).map(chunk_hash).collect())
}

impl Folder {
    /// Takes a whole one from an officer.
    pub(crate) fn bring(&mut self, blob: Blob, bytes: Vec<u8>) {
        self.whole.insert(blob, bytes);
    }

    /// What is here whole.
    pub(crate) fn whole(&self) -> impl Iterator<Item = (&Blob, &Vec<u8>)> {
        self.whole.iter()
    }

    /// Whether something of a hash is here whole.
    pub(crate) fn has(&self, hash: &[u8; 32]) -> bool {
        self.whole.keys().any(|blob| blob.hash == *hash)
    }

    /// Where a part goes on.
    pub(crate) fn resume(&mut self, blob: Blob) -> BlobState {
        if self.whole.contains_key(&blob) {
            return BlobState::Whole;
        }
        if blob.size == 0 {
            self.whole.insert(blob, Vec::new());
            return BlobState::Whole;
        }
        let part = self.parts.entry(blob).or_default();
        part.truncate(part.len() / CHUNK as usize * CHUNK as usize);
        BlobState::Kept { chunks: part.len() as u64 / CHUNK }
    }

    /// Takes the next chunk.
    pub(crate) fn keep(&mut self, blob: Blob, chunk: u64, bytes: &[u8]) -> BlobState {
        let part = self.parts.entry(blob).or_default();
        // What came again after a cut is there already.
        if part.len() as u64 == chunk * CHUNK {
            part.extend_from_slice(bytes);
        }
        if (part.len() as u64) < blob.size {
            return BlobState::Kept { chunks: part.len() as u64 / CHUNK };
        }
        let whole = self.parts.remove(&blob).unwrap_or_default();
        if sha256(&whole) != blob.hash {
            return BlobState::False;
        }
        self.whole.insert(blob, whole);
        BlobState::Whole
    }

    /// The frame of a chunk.
    pub(crate) fn part(&self, blob: Blob, chunk: u64) -> Vec<u8> {
        let bytes = self.whole.get(&blob);
        let found = bytes.and_then(|bytes| {
            let part = bytes.chunks(CHUNK as usize).nth(chunk as usize)?;
            Some(frame::part(&blob, chunk, &tree(bytes).proof(chunk).ok()?, part))
        });
        found.unwrap_or_else(|| frame::lack(&blob))
    }

    /// A death: any beginning of what is not whole survives.
    pub(crate) fn die(&mut self, rng: &mut Rng) {
        for part in self.parts.values_mut() {
            let length = rng.below(part.len() as u64 + 1) as usize;
            part.truncate(length);
        }
    }
}
