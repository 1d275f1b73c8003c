//! What a station keeps of files.

use std::collections::BTreeMap;

use detente_line::{Attachment, BlobState, frame};
use detente_record::{Blob, BlobTree, CHUNK, chunk_hash, sha256};

/// What a station's folder of blobs holds.
#[derive(Default, Clone)]
pub(crate) struct Folder {
    pub(crate) whole: BTreeMap<Blob, Vec<u8>>,
    pub(crate) parts: BTreeMap<Blob, Vec<u8>>,
}

/// What bytes are, as an attachment of a name.
pub(crate) fn attachment(name: &str, bytes: &[u8]) -> Attachment {
    let leaves = bytes.chunks(CHUNK as usize).map(chunk_hash).collect();
    Attachment {
        hash: sha256(bytes),
        size: bytes.len() as u64,
        name: name.into(),
        media_type: "application/octet-stream".into(),
        root: BlobTree::new(leaves).root(),
    }
}

impl Folder {
    /// Where a part goes on, or that the whole is here.
    pub(super) fn resume(&mut self, blob: Blob) -> BlobState {
        let part = self.parts.entry(blob).or_default();
        let chunks = part.len() as u64 / CHUNK;
        if self.whole.contains_key(&blob) || blob.size == 0 {
            self.whole.entry(blob).or_default();
            return BlobState::Whole;
        }
        BlobState::Kept { chunks }
    }

    pub(super) fn keep(&mut self, blob: Blob, chunk: u64, bytes: &[u8]) -> BlobState {
        let part = self.parts.entry(blob).or_default();
        assert_eq!(part.len() as u64, chunk * CHUNK, "a chunk out of order");
        part.extend_from_slice(bytes);
        if (part.len() as u64) < blob.size {
            return BlobState::Kept { chunks: chunk + 1 };
        }
        let part = self.parts.remove(&blob).unwrap();
        if sha256(&part) != blob.hash {
            return BlobState::False;
        }
        self.whole.insert(blob, part);
        BlobState::Whole
    }

    pub(super) fn part(&self, blob: Blob, chunk: u64) -> Vec<u8> {
        let bytes = &self.whole[&blob];
        let tree = BlobTree::new(bytes.chunks(CHUNK as usize).map(chunk_hash).collect());
        let chunks = bytes.chunks(CHUNK as usize).nth(chunk as usize);
        frame::part(&blob, chunk, &tree.proof(chunk).unwrap(), chunks.unwrap())
    }
}
