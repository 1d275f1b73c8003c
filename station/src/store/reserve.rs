//! Disk kept back for FLASH and acts.
//!
//! A full disk must not silence the books of class Z and A, and must not be found out by a failed commit, which
//! stops the station. So free space is looked at before a batch is taken: ordinary batches are refused while a
//! floor of free space is still left, and when that too is used up a file that was allocated beforehand is given
//! back to the filesystem, for batches of Z and A alone. Once there is room again the file is allocated anew.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::StoreError;

/// How long a look at the free space is believed; what was admitted since is subtracted.
const BELIEVED: Duration = Duration::from_secs(1);
/// Room that one commit may take beyond its content: partly filled pages, the write-ahead log, the index.
const COMMIT_OVERHEAD_BYTES: u64 = 512 * 1024;
/// Room without which FLASH and acts are refused too: a whole step of them and what goes with it.
const URGENT_BYTES: u64 = 2 * 1024 * 1024;
/// The pages that even the smallest commit writes.
const PAGES_OF_A_COMMIT_BYTES: u64 = 16 * 1024;
/// Pages, log and database together: what a byte of content can take on disk at worst.
const SPREAD: u64 = 4;

/// The reserve of one store, and its view of the free space around it.
#[derive(Debug)]
pub(super) struct Reserve {
    path: PathBuf,
    bytes: u64,
    floor_bytes: u64,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    free_bytes: u64,
    looked: Instant,
    /// Whether the file is allocated now.
    held: bool,
    /// What the database will still grow by when the log is settled.
    owed_bytes: u64,
}

/// Free space as the store sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Space {
    /// Free on the filesystem for this process, in bytes.
    pub free_bytes: u64,
    /// Whether the reserve is intact; if not, FLASH and acts are living on it.
    pub reserve_held: bool,
    /// Whether batches other than FLASH and acts are being taken.
    pub ordinary_accepted: bool,
    /// Whether FLASH and acts are, with some room to spare for what goes with them.
    pub urgent_accepted: bool,
}

impl Reserve {
    /// Allocates the reserve file of `bytes`, or finds it allocated; without room for it and the floor, goes
    /// without. When there is too little room even to open a database, it is given back at once.
    pub(super) fn open(path: PathBuf, bytes: u64, floor_bytes: u64) -> Result<Self, StoreError> {
        let held = fs::metadata(&path).is_ok_and(|found| found.len() == bytes && bytes > 0);
        let free_bytes = free(&path)?;
        let reserve = Self {
            path,
            bytes,
            floor_bytes,
            state: Mutex::new(State { free_bytes, looked: Instant::now(), held, owed_bytes: 0 }),
        };
        let mut state = reserve.state.lock().unwrap_or_else(PoisonError::into_inner);
        if !state.held && state.free_bytes >= bytes.saturating_add(floor_bytes) {
            reserve.allocate(&mut state)?;
        } else if state.free_bytes < COMMIT_OVERHEAD_BYTES {
            reserve.release(&mut state)?;
        }
        drop(state);
        Ok(reserve)
    }

    /// Says whether a batch of `content_bytes` may be taken. Gives the reserve back if an urgent one needs it.
    ///
    /// # Errors
    /// [`StoreError::Full`] when this kind of batch must wait until there is room.
    pub(super) fn admit(&self, content_bytes: u64, urgent: bool) -> Result<(), StoreError> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let needed_bytes = content_bytes.saturating_mul(SPREAD).saturating_add(COMMIT_OVERHEAD_BYTES);
        self.look(&mut state, BELIEVED)?;
        if self.usable(&state, urgent) < needed_bytes {
            self.look(&mut state, Duration::ZERO)?;
        }
        if urgent && state.held && self.usable(&state, true) < needed_bytes {
            self.release(&mut state)?;
        }
        let free_bytes = self.usable(&state, urgent);
        if free_bytes < needed_bytes {
            return Err(StoreError::Full { what: "take a batch", needed_bytes, free_bytes });
        }
        // Believed gone until the next look: what its pages take at worst, the overhead aside.
        let taken = content_bytes.saturating_mul(SPREAD).saturating_add(PAGES_OF_A_COMMIT_BYTES);
        state.free_bytes = state.free_bytes.saturating_sub(taken);
        Ok(())
    }

    /// Told by the writer how long the part of the log is that the database does not have yet: it is on the disk
    /// once, and will be twice.
    pub(super) fn owes(&self, log_bytes: u64) -> Result<(), StoreError> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let settled = log_bytes < state.owed_bytes;
        state.owed_bytes = log_bytes;
        if settled { self.look(&mut state, Duration::ZERO) } else { Ok(()) }
    }

    /// Whether the reserve has been given back, so that room is scarce for FLASH and acts too.
    pub(super) fn is_spent(&self) -> bool {
        self.bytes > 0 && !self.state.lock().unwrap_or_else(PoisonError::into_inner).held
    }

    /// The free space now.
    pub(super) fn space(&self) -> Result<Space, StoreError> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        self.look(&mut state, Duration::ZERO)?;
        let reserved = if state.held { self.bytes } else { 0 };
        Ok(Space {
            free_bytes: state.free_bytes,
            reserve_held: state.held,
            ordinary_accepted: self.usable(&state, false) >= COMMIT_OVERHEAD_BYTES,
            urgent_accepted: self.usable(&state, true).saturating_add(reserved) >= URGENT_BYTES,
        })
    }

    /// What a batch may use; ordinary ones never the floor, nor the room of a reserve that has been given back.
    fn usable(&self, state: &State, urgent: bool) -> u64 {
        let free_bytes = state.free_bytes.saturating_sub(state.owed_bytes);
        if urgent {
            return free_bytes;
        }
        let spent = if state.held { 0 } else { self.bytes };
        free_bytes.saturating_sub(self.floor_bytes).saturating_sub(spent)
    }

    fn look(&self, state: &mut State, believed: Duration) -> Result<(), StoreError> {
        if !believed.is_zero() && state.looked.elapsed() < believed {
            return Ok(());
        }
        state.free_bytes = free(&self.path)?;
        state.looked = Instant::now();
        // Twice the floor, so that the reserve does not come and go at the edge.
        if !state.held && self.usable(state, false) >= self.floor_bytes {
            self.allocate(state)?;
        }
        Ok(())
    }

    fn allocate(&self, state: &mut State) -> Result<(), StoreError> {
        if self.bytes == 0 {
            return Ok(());
        }
        match fill(&self.path, self.bytes) {
            Ok(()) => state.held = true,
            Err(cause) if cause.kind() == io::ErrorKind::StorageFull => self.release(state)?,
            Err(cause) => return Err(StoreError::io("allocate the reserve", &self.path, &cause)),
        }
        state.free_bytes = free(&self.path)?;
        Ok(())
    }

    fn release(&self, state: &mut State) -> Result<(), StoreError> {
        match fs::remove_file(&self.path) {
            Err(cause) if cause.kind() != io::ErrorKind::NotFound => {
                return Err(StoreError::io("release the reserve", &self.path, &cause));
            }
            _ => state.held = false,
        }
        state.free_bytes = free(&self.path)?;
        Ok(())
    }
}

/// Bytes free, to this process, on the filesystem of the folder that `path` lies in.
fn free(path: &Path) -> Result<u64, StoreError> {
    let folder = path.parent().unwrap_or(path);
    let found = rustix::fs::statvfs(folder)
        .map_err(|cause| StoreError::io("look at the free space", folder, &cause.into()))?;
    Ok(found.f_bavail.saturating_mul(found.f_frsize))
}

fn fill(path: &Path, bytes: u64) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).open(path)?;
    match rustix::fs::fallocate(&file, rustix::fs::FallocateFlags::empty(), 0, bytes) {
        Ok(()) => {}
        Err(rustix::io::Errno::OPNOTSUPP) => write_zeros(&mut file, bytes)?,
        Err(cause) => return Err(cause.into()),
    }
    file.sync_all()
}

fn write_zeros(file: &mut File, bytes: u64) -> io::Result<()> {
    let block = [0; 64 * 1024];
    let mut left = bytes;
    while left > 0 {
        let (now, _) = block.split_at(left.min(block.len() as u64) as usize);
        file.write_all(now)?;
        left -= now.len() as u64;
    }
    Ok(())
}
