//! A blob being written: its hash and its leaves are worked out as its bytes come, and it gets its name when it is whole
//! and synced.

use std::fs::{self, File};
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};

use detente_record::{Blob, BlobTree, CHUNK, MAX_BLOB, chunk_hash};
use sha2::{Digest as _, Sha256};

use super::folder::{BlobError, Folder};

/// How much may wait for a sync, bytes: so that the last one is short, and an entry's waits for little.
const UNSYNCED_BYTES: u64 = 8 << 20;

/// What officers bring is numbered over the life of a station.
static NEXT_INCOMING: AtomicU64 = AtomicU64::new(1);

/// A blob being written.
pub struct Writing {
    folder: Folder,
    path: PathBuf,
    leaves_path: PathBuf,
    file: File,
    leaves: File,
    whole: Sha256,
    /// The bytes of the chunk that is not full yet.
    chunk: Vec<u8>,
    size: u64,
    unsynced: u64,
    /// What is written goes on another time; otherwise it is thrown away unless it comes to its end.
    stays: bool,
    ended: bool,
}

impl Writing {
    /// Something that an officer brings.
    ///
    /// # Errors
    /// `Io`, or `Full`.
    pub fn incoming(folder: &Folder) -> Result<Self, BlobError> {
        folder.room(0)?;
        let path = folder.incoming(NEXT_INCOMING.fetch_add(1, Ordering::Relaxed));
        Self::begin(folder, path, false)
    }

    /// A blob on its way here, as far as it is: every chunk that is there is held to its leaf again, for a crash of the
    /// machine may have left anything behind the last sync.
    ///
    /// # Errors
    /// `Io`, or `Full`.
    pub fn resumed(folder: &Folder, blob: &Blob) -> Result<Self, BlobError> {
        let mut writing = Self::begin(folder, folder.part(blob), true)?;
        folder.room(0)?;
        let failed = |cause| BlobError::io("read", &folder.part(blob), cause);
        let (mut chunk, mut leaf) = (vec![0; CHUNK as usize], [0; 32]);
        let (had, leaves_had) = writing.lengths()?;
        let mut good = 0;
        while (good + 1) * CHUNK <= had && (good + 1) * 32 <= leaves_had {
            writing.file.read_exact(&mut chunk).map_err(failed)?;
            writing.leaves.read_exact(&mut leaf).map_err(failed)?;
            if chunk_hash(&chunk) != leaf {
                break;
            }
            writing.whole.update(&chunk);
            good += 1;
        }
        writing.size = good * CHUNK;
        let cut = |file: &mut File, length: u64| {
            file.set_len(length).and_then(|()| file.seek(SeekFrom::Start(length))).map(|_| ())
        };
        cut(&mut writing.file, good * CHUNK).map_err(failed)?;
        cut(&mut writing.leaves, good * 32).map_err(failed)?;
        folder.shrank((had + leaves_had).saturating_sub(good * (CHUNK + 32)));
        Ok(writing)
    }

    fn begin(folder: &Folder, path: PathBuf, stays: bool) -> Result<Self, BlobError> {
        let mut leaves_path = path.clone().into_os_string();
        leaves_path.push(".leaves");
        let leaves_path = PathBuf::from(leaves_path);
        let (file, leaves) = (Folder::create(&path, !stays)?, Folder::create(&leaves_path, !stays)?);
        Ok(Self {
            folder: folder.clone(),
            path,
            leaves_path,
            file,
            leaves,
            whole: Sha256::new(),
            chunk: Vec::with_capacity(CHUNK as usize),
            size: 0,
            unsynced: 0,
            stays,
            ended: false,
        })
    }

    fn lengths(&self) -> Result<(u64, u64), BlobError> {
        let length = |file: &File| file.metadata().map(|found| found.len());
        let both = length(&self.file).and_then(|file| Ok((file, length(&self.leaves)?)));
        both.map_err(|cause| BlobError::io("look at", &self.path, cause))
    }

    /// How many whole chunks there are.
    pub fn chunks(&self) -> u64 {
        self.size / CHUNK
    }

    /// How many bytes there are.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Takes more.
    ///
    /// # Errors
    /// `TooLarge`, `Full` or `Io`.
    pub fn write(&mut self, mut bytes: &[u8]) -> Result<(), BlobError> {
        if self.size.saturating_add(bytes.len() as u64) > MAX_BLOB {
            return Err(BlobError::TooLarge);
        }
        while !bytes.is_empty() {
            let room = CHUNK as usize - self.chunk.len();
            let (now, rest) = bytes.split_at(room.min(bytes.len()));
            self.chunk.extend_from_slice(now);
            self.size += now.len() as u64;
            bytes = rest;
            if self.chunk.len() as u64 == CHUNK {
                self.put()?;
            }
        }
        Ok(())
    }

    /// Writes the chunk that has come together: first its bytes, then its leaf, which vouches for them.
    fn put(&mut self) -> Result<(), BlobError> {
        let length = self.chunk.len() as u64;
        if self.unsynced == 0 {
            self.folder.room(UNSYNCED_BYTES)?;
        }
        let failed = |cause| BlobError::io("write", &self.path, cause);
        self.file.write_all(&self.chunk).map_err(failed)?;
        self.leaves.write_all(&chunk_hash(&self.chunk)).map_err(failed)?;
        self.folder.grew(length + 32);
        self.whole.update(&self.chunk);
        self.chunk.clear();
        self.unsynced += length;
        if self.unsynced >= UNSYNCED_BYTES {
            self.file.sync_data().map_err(failed)?;
            self.unsynced = 0;
        }
        Ok(())
    }

    /// Ends it: it is synced, gets the name of its hash, and is a blob. `None` where it is not what was `expected`: then
    /// nothing is left of it.
    ///
    /// # Errors
    /// `Io`.
    pub fn finish(mut self, expected: Option<&Blob>) -> Result<Option<Blob>, BlobError> {
        if !self.chunk.is_empty() {
            self.put()?;
        }
        let failed = |cause| BlobError::io("write", &self.path, cause);
        let mut leaves = Vec::new();
        self.leaves.seek(SeekFrom::Start(0)).map_err(failed)?;
        self.leaves.read_to_end(&mut leaves).map_err(failed)?;
        let root = BlobTree::new(leaves.as_chunks::<32>().0.to_vec()).root();
        let hash = self.whole.finalize_reset().into();
        let blob = Blob { hash, size: self.size, root };
        if expected.is_some_and(|expected| *expected != blob) {
            self.stays = false;
            return Ok(None);
        }
        self.file.sync_all().and_then(|()| self.leaves.sync_all()).map_err(failed)?;
        if !self.folder.holds(&blob) {
            let (path, leaves_path) = (self.folder.path(&hash), self.folder.leaves(&hash));
            // The leaves first: whatever has its hash for a name can be proved.
            fs::rename(&self.leaves_path, leaves_path)
                .and_then(|()| fs::rename(&self.path, path))
                .map_err(failed)?;
            self.folder.sync()?;
            self.ended = true;
        } else {
            self.stays = false;
        }
        Ok(Some(blob))
    }
}

impl Drop for Writing {
    fn drop(&mut self) {
        if !self.stays && !self.ended {
            self.folder.discard(&self.path);
            self.folder.discard(&self.leaves_path);
        }
    }
}
