//! Files of dossiers and of attachments, read and written piece by piece: none is ever whole in memory.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use detente_dossier::archive::Outline;
use detente_dossier::{Loaded, Loading, Wrong};
use detente_record::{Blob, BlobHasher, Hash, hex};
use sha2::{Digest as _, Sha256};

use super::verify::failure;
use crate::failure::Failure;
use crate::harmless;

/// How much is read at a time, bytes.
const PIECE: usize = 1 << 20;

fn unread(path: &Path, cause: &io::Error) -> Failure {
    let hint = "check the path and who may read it";
    Failure::misuse(path.display().to_string(), "a file that can be read", cause.to_string(), hint)
}

/// Hands a file over piece by piece.
fn pieces(path: &Path, mut take: impl FnMut(&[u8]) -> Result<(), Failure>) -> Result<(), Failure> {
    let failed = |cause: io::Error| unread(path, &cause);
    let mut file = File::open(path).map_err(failed)?;
    let length = file.metadata().map_err(failed)?.len();
    let mut piece = vec![0; PIECE.min(usize::try_from(length).unwrap_or(PIECE).max(4_096))];
    loop {
        match file.read(&mut piece) {
            Ok(0) => return Ok(()),
            Ok(read) => take(piece.get(..read).unwrap_or_default())?,
            Err(cause) if cause.kind() == io::ErrorKind::Interrupted => {}
            Err(cause) => return Err(failed(cause)),
        }
    }
}

/// A dossier and its SHA-256.
///
/// # Errors
/// When it cannot be read, or is past a bound.
pub(super) fn load(path: &Path) -> Result<(Loaded, Hash), Failure> {
    let (mut loading, mut whole) = (Loading::default(), Sha256::new());
    pieces(path, |piece| {
        whole.update(piece);
        loading.push(piece).map_err(|fault| failure(&Wrong { part: "the file".into(), fault }, 1))
    })?;
    Ok((loading.finish(), whole.finalize().into()))
}

/// What blob a file is.
///
/// # Errors
/// When it cannot be read.
pub(super) fn blob(path: &Path) -> Result<Blob, Failure> {
    let mut hasher = BlobHasher::default();
    pieces(path, |piece| {
        hasher.update(piece);
        Ok(())
    })?;
    Ok(hasher.finish())
}

/// The files that a path means: itself, or those in the folder that it is.
///
/// # Errors
/// When it cannot be read, or a folder has more than a dossier could name.
pub(super) fn files(path: &Path) -> Result<Vec<PathBuf>, Failure> {
    let failed = |cause: io::Error| unread(path, &cause);
    if !fs::metadata(path).map_err(failed)?.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let mut files = Vec::new();
    for found in fs::read_dir(path).map_err(failed)? {
        let found = found.map_err(failed)?.path();
        if found.is_file() {
            files.push(found);
        }
        if files.len() > detente_dossier::archive::MOST_PARTS {
            let hint = "name the files one by one";
            return Err(Failure::misuse(path.display().to_string(), "at most 65,000 files", "more", hint));
        }
    }
    files.sort();
    Ok(files)
}

/// A dossier that is being written beside its place; it is gone again unless it comes to its end.
pub(super) struct Writing {
    target: PathBuf,
    beside: PathBuf,
    file: File,
    outline: Outline,
    done: bool,
}

/// An attachment on its way into a dossier.
pub(super) struct Part {
    name: String,
    at: u64,
    checksum: crc32fast::Hasher,
    blob: BlobHasher,
}

impl Writing {
    /// Begins with the parts of a dossier that was made without attachments.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(super) fn begin(target: &Path, made: &[u8]) -> Result<Self, Failure> {
        super::is_new(target)?;
        let mut beside = target.as_os_str().to_owned();
        beside.push(".new");
        let beside = PathBuf::from(beside);
        let outline = Outline::of(made).map_err(|fault| super::does_not_hold(fault.to_string()))?;
        let open = OpenOptions::new().write(true).create(true).truncate(true).open(&beside);
        let file = open.map_err(|cause| unwritten(&beside, &cause))?;
        let mut writing = Self { target: target.to_owned(), beside, file, outline, done: false };
        let parts = usize::try_from(writing.outline.before_directory()).unwrap_or(made.len());
        writing.put(made.get(..parts).unwrap_or(made))?;
        Ok(writing)
    }

    fn put(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        self.file.write_all(bytes).map_err(|cause| unwritten(&self.beside, &cause))
    }

    /// Begins an attachment, under its hash in hexadecimal.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(super) fn begin_part(&mut self, hash: &Hash) -> Result<Part, Failure> {
        let name = format!("attachments/{}", hex(hash));
        let at = self.outline.before_directory();
        // What stands before a content says its checksum, which is known behind it.
        let empty = usize::try_from(Outline::header_length(&name)).unwrap_or_default();
        self.put(&vec![0; empty])?;
        Ok(Part { name, at, checksum: crc32fast::Hasher::new(), blob: BlobHasher::default() })
    }

    /// Takes more of it.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(super) fn more(&mut self, part: &mut Part, bytes: &[u8]) -> Result<(), Failure> {
        part.checksum.update(bytes);
        part.blob.update(bytes);
        self.put(bytes)
    }

    /// Ends it, and holds it to what an entry says that it is.
    ///
    /// # Errors
    /// When it is something else, or the file would be larger than one can be.
    pub(super) fn end_part(&mut self, part: Part, expected: &Blob) -> Result<(), Failure> {
        let Part { name, at, checksum, blob } = part;
        let found = blob.finish();
        if found != *expected {
            let hint = "the station's disk gives other bytes than it took: look at it before anything else";
            let found = format!("{} bytes with SHA-256 {}", found.size, hex(&found.hash));
            return Err(Failure::failed("WrongHash", "an attachment", name, found, hint));
        }
        let added = self.outline.add(&name, found.size, checksum.finalize());
        let header = added.map_err(|fault| {
            let hint = "make it with --custody instead, and give large files beside it: `detente attachment get`, then `detente verify --attachment`";
            let detail = fault.detail();
            Failure::failed("TooLarge", detail.what, detail.expected.to_string(), detail.found.to_string(), hint)
        })?;
        let back = self.file.seek(SeekFrom::Start(at));
        let written =
            back.and_then(|_| self.file.write_all(&header)).and_then(|()| self.file.seek(SeekFrom::End(0)));
        written.map(|_| ()).map_err(|cause| unwritten(&self.beside, &cause))
    }

    /// Ends the file; gives where it lies until [`Writing::keep`].
    ///
    /// # Errors
    /// When it cannot be written.
    pub(super) fn end(&mut self) -> Result<&Path, Failure> {
        let directory = std::mem::take(&mut self.outline).finish();
        self.put(&directory)?;
        self.file.sync_all().map_err(|cause| unwritten(&self.beside, &cause))?;
        Ok(&self.beside)
    }

    /// Puts it in its place.
    ///
    /// # Errors
    /// When it cannot be put there.
    pub(super) fn keep(mut self) -> Result<(), Failure> {
        super::is_new(&self.target)?;
        fs::rename(&self.beside, &self.target).map_err(|cause| unwritten(&self.target, &cause))?;
        self.done = true;
        Ok(())
    }
}

impl Drop for Writing {
    fn drop(&mut self) {
        if !self.done {
            // What was begun is of no use.
            let _ = fs::remove_file(&self.beside);
        }
    }
}

fn unwritten(path: &Path, cause: &io::Error) -> Failure {
    let hint = "choose a folder that can be written and has room";
    let shown = harmless::line(&path.display().to_string());
    Failure::failed("Station", shown, "a file that can be written", cause.to_string(), hint)
}
