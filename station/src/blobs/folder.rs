//! The folder that blobs are in: what is whole there, how much there may be, and its chunks with their proofs.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, FileExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use detente_line::frame;
use detente_record::{Blob, BlobTree, CHUNK, Hash, MAX_BLOB, chunk_hash, hex};

/// How much a line's blobs may take on the disk, bytes: 64 GiB.
pub const MOST_STORED_BYTES: u64 = 64 << 30;
/// Free space that blobs leave to everything else, bytes: many times what the store keeps for itself.
pub(super) const FLOOR_BYTES: u64 = 512 << 20;
/// How many blobs stay open to be read by others.
const MAX_OPEN: usize = 8;

/// What went wrong with a blob.
#[derive(Debug, thiserror::Error)]
pub enum BlobError {
    /// The file system refused.
    #[error("could not {what} {}: {cause}", path.display())]
    Io {
        /// What was tried.
        what: &'static str,
        /// On what.
        path: PathBuf,
        /// Why not.
        cause: io::Error,
    },
    /// No room for blobs.
    #[error("expected room for attachments, found {free_bytes} bytes free and {stored_bytes} stored")]
    Full {
        /// Free on the disk.
        free_bytes: u64,
        /// Taken by blobs of this line.
        stored_bytes: u64,
    },
    /// Larger than a blob may be.
    #[error("expected at most {MAX_BLOB} bytes, found more")]
    TooLarge,
}

impl BlobError {
    pub(super) fn io(what: &'static str, path: &Path, cause: io::Error) -> Self {
        Self::Io { what, path: path.to_owned(), cause }
    }

    /// What to do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Io { .. } => {
                "check the disk that holds the station's folder; entries go on without attachments"
            }
            Self::Full { .. } => {
                "make room on the disk: attachments stop first, and go on by themselves within a minute"
            }
            Self::TooLarge => "send it in parts of at most 4 GiB",
        }
    }
}

/// How much there is, and may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stored {
    /// Taken by blobs of this line, bytes.
    pub bytes: u64,
    /// Whether there is room for more.
    pub has_room: bool,
}

/// A blob that is open to be read.
struct Open {
    blob: Blob,
    file: File,
    tree: BlobTree,
}

/// A folder of blobs; clones are handles to the same one.
#[derive(Clone)]
pub struct Folder(Arc<Inner>);

struct Inner {
    path: PathBuf,
    stored: AtomicU64,
    open: Mutex<Vec<Arc<Open>>>,
}

impl Folder {
    /// Opens a folder, making it if need be.
    ///
    /// # Errors
    /// `Io` if it cannot be made or read.
    pub fn open(path: PathBuf) -> Result<Self, BlobError> {
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&path)
            .map_err(|cause| BlobError::io("make the folder", &path, cause))?;
        let mut stored = 0;
        let found = fs::read_dir(&path).map_err(|cause| BlobError::io("list", &path, cause))?;
        for file in found {
            let file = file.map_err(|cause| BlobError::io("list", &path, cause))?;
            if file.file_name().to_string_lossy().contains(".incoming") {
                let path = file.path();
                fs::remove_file(&path).map_err(|cause| BlobError::io("remove", &path, cause))?;
                continue;
            }
            stored += file.metadata().map_or(0, |of| of.len());
        }
        Ok(Self(Arc::new(Inner { path, stored: AtomicU64::new(stored), open: Mutex::default() })))
    }

    /// Where a blob of a hash stands once it is whole.
    pub fn path(&self, hash: &Hash) -> PathBuf {
        self.0.path.join(hex(hash))
    }

    pub(super) fn leaves(&self, hash: &Hash) -> PathBuf {
        self.0.path.join(format!("{}.leaves", hex(hash)))
    }

    pub(super) fn part(&self, blob: &Blob) -> PathBuf {
        self.0.path.join(format!("{}-{}-{}.part", hex(&blob.hash), hex(&blob.root), blob.size))
    }

    pub(super) fn incoming(&self, number: u64) -> PathBuf {
        self.0.path.join(format!("{number}.incoming"))
    }

    /// Makes names in it durable.
    pub(super) fn sync(&self) -> Result<(), BlobError> {
        let path = &self.0.path;
        let synced = File::open(path).and_then(|folder| folder.sync_all());
        synced.map_err(|cause| BlobError::io("sync", path, cause))
    }

    /// Whether a blob is here, whole: it has its name only since it was.
    pub fn holds(&self, blob: &Blob) -> bool {
        fs::metadata(self.path(&blob.hash)).is_ok_and(|found| found.is_file() && found.len() == blob.size)
    }

    /// How much there is.
    pub fn stored(&self) -> Stored {
        Stored { bytes: self.0.stored.load(Ordering::Relaxed), has_room: self.room(0).is_ok() }
    }

    /// Whether so many bytes more may come.
    ///
    /// # Errors
    /// `Full` when they may not, `Io` when that cannot be told.
    pub(super) fn room(&self, more: u64) -> Result<(), BlobError> {
        let path = &self.0.path;
        let found = rustix::fs::statvfs(path.as_path())
            .map_err(|cause| BlobError::io("look at the free space of", path, cause.into()))?;
        let free_bytes = found.f_bavail.saturating_mul(found.f_frsize);
        let stored_bytes = self.0.stored.load(Ordering::Relaxed);
        if free_bytes < FLOOR_BYTES.saturating_add(more)
            || stored_bytes.saturating_add(more) > MOST_STORED_BYTES
        {
            return Err(BlobError::Full { free_bytes, stored_bytes });
        }
        Ok(())
    }

    pub(super) fn grew(&self, bytes: u64) {
        self.0.stored.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(super) fn shrank(&self, bytes: u64) {
        let less = |stored: u64| Some(stored.saturating_sub(bytes));
        // It never fails: there is always an answer.
        let _ = self.0.stored.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less);
    }

    /// Takes files away that are no blob.
    pub(super) fn discard(&self, path: &Path) {
        let length = fs::metadata(path).map_or(0, |found| found.len());
        if fs::remove_file(path).is_ok() {
            self.shrank(length);
        }
    }

    /// A file of this folder, for its owner alone.
    pub(super) fn create(path: &Path, truncate: bool) -> Result<File, BlobError> {
        let opened =
            OpenOptions::new().read(true).write(true).create(true).truncate(truncate).mode(0o600).open(path);
        opened.map_err(|cause| BlobError::io("write", path, cause))
    }

    /// The frame of a chunk for whoever asked for it; that it is lacking, if it is.
    pub(crate) fn frame(&self, blob: &Blob, chunk: u64) -> Vec<u8> {
        match self.read(blob, chunk) {
            Ok(Some(part)) => part,
            Ok(None) => frame::lack(blob),
            Err(error) => {
                tracing::error!(%error, hint = error.hint(), "an attachment could not be read");
                frame::lack(blob)
            }
        }
    }

    fn read(&self, blob: &Blob, chunk: u64) -> Result<Option<Vec<u8>>, BlobError> {
        let Some(open) = self.opened(blob)? else { return Ok(None) };
        let mut bytes = vec![0; blob.chunk_length(chunk) as usize];
        let path = self.path(&blob.hash);
        let read = open.file.read_exact_at(&mut bytes, chunk.saturating_mul(CHUNK));
        read.map_err(|cause| BlobError::io("read", &path, cause))?;
        // What has rotted on the disk is not given as if it were whole.
        let fits = open.tree.leaf(chunk) == Some(chunk_hash(&bytes));
        let proof = open.tree.proof(chunk).ok().filter(|_| fits);
        Ok(proof.map(|proof| frame::part(blob, chunk, &proof, &bytes)))
    }

    fn opened(&self, blob: &Blob) -> Result<Option<Arc<Open>>, BlobError> {
        let mut all = self.0.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(place) = all.iter().position(|open| open.blob == *blob) {
            let open = all.remove(place);
            all.push(Arc::clone(&open));
            return Ok(Some(open));
        }
        if !self.holds(blob) {
            return Ok(None);
        }
        let (path, leaves) = (self.path(&blob.hash), self.leaves(&blob.hash));
        let file = File::open(&path).map_err(|cause| BlobError::io("open", &path, cause))?;
        let bytes = fs::read(&leaves).map_err(|cause| BlobError::io("read", &leaves, cause))?;
        let tree = BlobTree::new(bytes.as_chunks::<32>().0.to_vec());
        if tree.root() != blob.root {
            return Ok(None);
        }
        if all.len() >= MAX_OPEN {
            all.remove(0);
        }
        let open = Arc::new(Open { blob: *blob, file, tree });
        all.push(Arc::clone(&open));
        Ok(Some(open))
    }
}
