//! The blobs of a line: files that go with entries, beside the store (spec/blobs.md).
//!
//! ```text
//! HOME/lines/NAME/blobs/HASH          a blob, whole and durable, mode 0600
//! HOME/lines/NAME/blobs/HASH.leaves   the leaves of its tree, from which every chunk is proved
//! HOME/lines/NAME/blobs/….part        one on its way here, with its leaves so far in ….part.leaves
//! HOME/lines/NAME/blobs/….incoming    one that an officer is bringing
//! ```
//!
//! Promises: what stands under a hash fits it and was synced before it got that name; whatever its size, no more of a blob
//! than a chunk is in memory; and a disk with little room takes no blobs long before it takes no entries. Decides nothing: what to
//! fetch is the core's, which hears what became of it from the `clerk`.

mod clerk;
mod folder;
mod writing;

use std::path::PathBuf;
use std::sync::mpsc;

use detente_record::Blob;
use tokio::sync::mpsc::WeakSender;

pub(crate) use clerk::Work;
pub use folder::{BlobError, Folder, MOST_STORED_BYTES, Stored};
pub use writing::Writing;

use crate::keeper::Ask;

/// A line's blobs; clones are handles to the same ones.
#[derive(Clone)]
pub struct Blobs {
    /// What is on the disk.
    pub folder: Folder,
    clerk: mpsc::Sender<Work>,
}

impl Blobs {
    /// Opens a folder, throws away what officers never brought to an end, and starts its clerk, who reports to a line.
    ///
    /// # Errors
    /// `Io` if the folder cannot be used.
    pub(crate) fn open(path: PathBuf, line: WeakSender<Ask>) -> Result<Self, BlobError> {
        let folder = Folder::open(path)?;
        let (clerk, work) = mpsc::channel();
        clerk::start(folder.clone(), work, line)?;
        Ok(Self { folder, clerk })
    }

    /// Hands the clerk what the core wants done with a blob that is on its way here, in order.
    pub(crate) fn hand(&self, work: Work) {
        // It ends only with the last handle.
        let _ = self.clerk.send(work);
    }

    /// Which of some blobs are here, whole.
    pub(crate) fn here(&self, named: impl Iterator<Item = Blob>) -> Vec<Blob> {
        named.filter(|blob| self.folder.holds(blob)).collect()
    }
}
