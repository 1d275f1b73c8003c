//! The clerk: writes the chunks of blobs that come from other stations, in order, on a thread of its own, and tells the line
//! what became of them.

use std::collections::BTreeMap;
use std::sync::mpsc;
use std::thread;

use detente_line::{BlobState, Event};
use detente_record::Blob;
use tokio::sync::mpsc::WeakSender;

use super::folder::{BlobError, Folder};
use super::writing::Writing;
use crate::keeper::Ask;

/// How many blobs stay open to be written; the core fetches fewer at a time.
const MAX_OPEN: usize = 8;

/// What the core wants done with a blob on its way here.
pub(crate) enum Work {
    /// Say how much of it is here.
    Resume(Blob),
    /// Write its next chunk.
    Keep(Blob, u64, Vec<u8>),
}

/// Starts a clerk; it ends when nobody can hand it anything any more.
///
/// # Errors
/// `Io` if there is no thread to be had.
pub(super) fn start(
    folder: Folder,
    work: mpsc::Receiver<Work>,
    line: WeakSender<Ask>,
) -> Result<(), BlobError> {
    let path = folder.path(&[0; 32]);
    let named = thread::Builder::new().name("blobs".into());
    let started = named.spawn(move || {
        let mut open = BTreeMap::new();
        while let Ok(work) = work.recv() {
            let blob = match &work {
                Work::Resume(blob) | Work::Keep(blob, ..) => *blob,
            };
            let state = done(&folder, &mut open, work).unwrap_or_else(|error| {
                tracing::warn!(%error, hint = error.hint(), "an attachment is not taken now");
                open.remove(&blob);
                BlobState::NoRoom
            });
            let Some(line) = line.upgrade() else { return };
            if line.blocking_send(Ask::Event(Event::Blob { blob, state })).is_err() {
                return;
            }
        }
    });
    started.map(|_| ()).map_err(|cause| BlobError::io("start a thread for", &path, cause))
}

fn done(folder: &Folder, open: &mut BTreeMap<Blob, Writing>, work: Work) -> Result<BlobState, BlobError> {
    match work {
        Work::Resume(blob) => {
            if folder.holds(&blob) {
                return Ok(BlobState::Whole);
            }
            if !open.contains_key(&blob) {
                while open.len() >= MAX_OPEN {
                    open.pop_first();
                }
                open.insert(blob, Writing::resumed(folder, &blob)?);
            }
            settled(folder, open, blob)
        }
        Work::Keep(blob, chunk, bytes) => {
            if let Some(writing) = open.get_mut(&blob)
                && writing.size() == chunk * detente_record::CHUNK
            {
                writing.write(&bytes)?;
            }
            settled(folder, open, blob)
        }
    }
}

/// How far a blob is; one that has all its bytes is brought to its end.
fn settled(folder: &Folder, open: &mut BTreeMap<Blob, Writing>, blob: Blob) -> Result<BlobState, BlobError> {
    let Some(writing) = open.get(&blob) else {
        return Ok(if folder.holds(&blob) { BlobState::Whole } else { BlobState::NoRoom });
    };
    if writing.size() < blob.size {
        return Ok(BlobState::Kept { chunks: writing.chunks() });
    }
    let finished = match open.remove(&blob) {
        Some(writing) => writing.finish(Some(&blob))?,
        None => None,
    };
    Ok(if finished.is_some() { BlobState::Whole } else { BlobState::False })
}
