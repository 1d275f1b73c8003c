//! Boxes: courier files that a relay keeps for stations that are away (spec/circuits.md §7).
//!
//! Promises that what it has called kept is on its disk, that only who holds a courier key gets what is sealed to it or can have it
//! deleted, and that strangers fill no more than a bounded part of the disk: bytes and files of a box, bytes in all, and no file
//! for longer than its age. It reads nothing of a file but the name of the key.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::courier::sealed::{HEADER, Header, KeyId, MAX_FILE, Proof, key_id};
use crate::keys::hex16;
use crate::mailbox::{KEY_BYTES, SLOT, verb};

/// By when a caller has said something.
const DEADLINE: Duration = Duration::from_secs(30);
/// How long a station may take over one file: to leave it, or to make it its own before the next one.
const TAKING: Duration = Duration::from_secs(600);
/// Bytes of a file that are in this program at a time.
const BUFFER: usize = 64 * 1024;
/// The word that goes on.
const GO_ON: u8 = 0;
/// A file is kept.
pub(crate) const KEPT: u8 = 1;
/// There is no room.
const FULL: u8 = 2;

/// How much a relay keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Room {
    /// Bytes of one box.
    pub of_one_box: u64,
    /// Files of one box.
    pub files: usize,
    /// Bytes in all.
    pub in_all: u64,
    /// How long a file is kept.
    pub age: Duration,
}

impl Default for Room {
    fn default() -> Self {
        Self { of_one_box: 64 << 20, files: 16, in_all: 4 << 30, age: Duration::from_secs(60 * 86_400) }
    }
}

/// The boxes of a relay.
#[derive(Clone)]
pub struct Boxes {
    folder: Arc<PathBuf>,
    room: Room,
    /// Bytes that are there or on their way.
    taken: Arc<Mutex<u64>>,
}

/// Room that a file on its way has been given; what does not become a file gives it back.
struct Given {
    boxes: Boxes,
    bytes: u64,
    path: PathBuf,
    kept: bool,
}

impl Drop for Given {
    fn drop(&mut self) {
        if !self.kept {
            let _ = fs::remove_file(&self.path);
            self.boxes.give_back(self.bytes);
        }
    }
}

impl Boxes {
    /// The boxes in a folder, made if it is not there.
    ///
    /// # Errors
    /// Those of the folder.
    pub fn open(folder: &Path, room: Room) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        let boxes = Self { folder: Arc::new(folder.to_owned()), room, taken: Arc::default() };
        boxes.sweep()?;
        Ok(boxes)
    }

    /// Lets go of what is too old, and of what a relay that died was taking; counts the rest.
    ///
    /// # Errors
    /// Those of the folder.
    pub fn sweep(&self) -> io::Result<()> {
        let mut all = 0;
        for of in fs::read_dir(self.folder.as_path())?.flatten() {
            for file in fs::read_dir(of.path()).into_iter().flatten().flatten() {
                let Ok(found) = file.metadata() else { continue };
                let age = found.modified().ok().and_then(|at| SystemTime::now().duration_since(at).ok());
                let part = file.path().extension().is_some_and(|end| end == "part");
                let over = if part { DEADLINE * 20 } else { self.room.age };
                if age.is_some_and(|age| age > over) {
                    let _ = fs::remove_file(file.path());
                } else if !part {
                    all += found.len();
                }
            }
            // Only one that is empty goes.
            let _ = fs::remove_dir(of.path());
        }
        *self.taken.lock().unwrap_or_else(PoisonError::into_inner) = all;
        Ok(())
    }

    fn of(&self, key: &KeyId) -> PathBuf {
        self.folder.join(hex16(key))
    }

    /// The files of a box, the oldest first, and their lengths.
    fn files(&self, key: &KeyId) -> Vec<(PathBuf, u64)> {
        let found = fs::read_dir(self.of(key)).into_iter().flatten().flatten();
        let mut files: Vec<(SystemTime, PathBuf, u64)> = found
            .filter(|file| file.path().extension().is_some_and(|end| end == "courier"))
            .filter_map(|file| {
                let of = file.metadata().ok()?;
                Some((of.modified().ok()?, file.path(), of.len()))
            })
            .collect();
        files.sort();
        files.into_iter().map(|(_, path, length)| (path, length)).collect()
    }

    fn give_back(&self, bytes: u64) {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        *taken = taken.saturating_sub(bytes);
    }

    /// Room for a file in a box, if there is any.
    fn give(&self, key: &KeyId, slot: &[u8; SLOT], length: u64) -> Option<Given> {
        let of = self.of(key);
        let place = of.join(format!("{}.courier", hex16(slot)));
        let others = self.files(key).into_iter().filter(|(path, _)| *path != place);
        let (count, bytes) = others.fold((0, 0), |(count, bytes), (_, length)| (count + 1, bytes + length));
        let fits = length <= MAX_FILE && count < self.room.files && bytes + length <= self.room.of_one_box;
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if !fits || *taken + length > self.room.in_all {
            return None;
        }
        fs::create_dir_all(&of).ok()?;
        *taken += length;
        let mut number = [0; SLOT];
        getrandom::fill(&mut number).ok()?;
        let path = of.join(format!("{}.part", hex16(&number)));
        Some(Given { boxes: self.clone(), bytes: length, path, kept: false })
    }

    /// Hears a caller out who has said the greeting of boxes.
    ///
    /// # Errors
    /// Those of the stream and the disk; they are the caller's affair.
    pub(super) async fn serve(&self, stream: &mut TcpStream) -> io::Result<()> {
        match timeout(DEADLINE, stream.read_u8()).await?? {
            verb::LEAVE => self.leave(stream).await,
            verb::TAKE => self.take(stream).await,
            _ => Ok(()),
        }
    }

    async fn leave(&self, stream: &mut TcpStream) -> io::Result<()> {
        let (mut slot, mut header) = ([0; SLOT], [0; HEADER]);
        timeout(DEADLINE, stream.read_exact(&mut slot)).await??;
        let length = timeout(DEADLINE, stream.read_u64()).await??;
        timeout(DEADLINE, stream.read_exact(&mut header)).await??;
        let Some(key) = Header::read(&mut header.as_slice()).ok().and_then(|header| header.key()) else {
            return Ok(());
        };
        let Some(left) = length.checked_sub(HEADER as u64) else { return Ok(()) };
        let Some(given) = self.give(&key, &slot, length) else {
            return stream.write_all(&[FULL]).await;
        };
        stream.write_all(&[GO_ON]).await?;
        let Some(file) = take_in(stream, &given.path, &header, left).await? else { return Ok(()) };
        let (boxes, of) = (self.clone(), self.of(&key));
        // Durable, then said; what passes between others waits for no disk.
        let keeping = tokio::task::spawn_blocking(move || -> io::Result<()> {
            let mut given = given;
            file.sync_all()?;
            let place = of.join(format!("{}.courier", hex16(&slot)));
            let before = fs::metadata(&place).map_or(0, |found| found.len());
            fs::rename(&given.path, &place)?;
            given.kept = true;
            boxes.give_back(before);
            File::open(of)?.sync_all()
        });
        keeping.await.map_err(io::Error::other)??;
        stream.write_all(&[KEPT]).await
    }

    async fn take(&self, stream: &mut TcpStream) -> io::Result<()> {
        let mut key = Box::new([0; KEY_BYTES]);
        timeout(DEADLINE, stream.read_exact(key.as_mut_slice())).await??;
        let Some(proof) = Proof::ask(&key) else { return Ok(()) };
        stream.write_all(&proof.question).await?;
        let mut answer = [0; 32];
        timeout(DEADLINE, stream.read_exact(&mut answer)).await??;
        if !proof.holds(&answer) {
            return Ok(());
        }
        for (path, length) in self.files(&key_id(&key)) {
            let mut file = match File::open(&path) {
                Ok(file) => tokio::fs::File::from_std(file),
                Err(_) => continue,
            };
            stream.write_u64(length).await?;
            let mut buffer = vec![0; BUFFER];
            loop {
                let read = file.read(&mut buffer).await?;
                let Some(bytes) = buffer.get(..read).filter(|bytes| !bytes.is_empty()) else { break };
                timeout(DEADLINE, stream.write_all(bytes)).await??;
            }
            if timeout(TAKING, stream.read_u8()).await?? == 1 {
                // A newer one may have come into its slot meanwhile.
                let same = fs::metadata(&path).is_ok_and(|found| found.len() == length);
                if same && fs::remove_file(&path).is_ok() {
                    self.give_back(length);
                }
            }
        }
        stream.write_u64(0).await
    }
}

/// Writes what a caller leaves into a file: its header, and as much as it said would follow; `None` where that does not come.
///
/// # Errors
/// Those of the stream and the disk; and whoever drips holds its room no longer than [`TAKING`].
async fn take_in(
    stream: &mut (impl AsyncRead + Unpin),
    path: &Path,
    header: &[u8],
    mut left: u64,
) -> io::Result<Option<File>> {
    let taking = async {
        let mut file = File::create_new(path)?;
        file.write_all(header)?;
        let mut buffer = vec![0; BUFFER];
        while left > 0 {
            let most = buffer.len().min(usize::try_from(left).unwrap_or(BUFFER));
            let Some(part) = buffer.get_mut(..most) else { return Ok(None) };
            let read = timeout(DEADLINE, stream.read(part)).await??;
            let Some(bytes) = part.get(..read).filter(|bytes| !bytes.is_empty()) else { return Ok(None) };
            file.write_all(bytes)?;
            left -= read as u64;
        }
        Ok(Some(file))
    };
    timeout(TAKING, taking).await?
}

#[cfg(test)]
mod tests {
    use tokio::time::Instant;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_file_that_drips_is_not_waited_for_longer_than_any() {
        let path = std::env::temp_dir().join(format!("detente-drip-{}", std::process::id()));
        let _ = fs::remove_file(&path);
        let (mut drips, mut stream) = tokio::io::duplex(64);
        let dripping = tokio::spawn(async move {
            // Always in time for the next byte.
            while drips.write_all(&[7]).await.is_ok() {
                tokio::time::sleep(DEADLINE / 2).await;
            }
        });
        let begun = Instant::now();
        let left = take_in(&mut stream, &path, &[0; HEADER], 1 << 20).await;
        assert_eq!(left.unwrap_err().kind(), io::ErrorKind::TimedOut);
        assert_eq!(begun.elapsed().as_secs(), TAKING.as_secs());
        drop(stream);
        dripping.await.unwrap();
        fs::remove_file(&path).unwrap();
    }
}
