//! One process, one store: an exclusive lock on a file beside the database.
//!
//! The system drops the lock when its holder ends, however it ends, so a lock file left behind means nothing.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read as _, Seek as _, Write as _};
use std::path::Path;
use std::thread;
use std::time::Duration;

use super::StoreError;

/// How often, and how long apart, a lock that this very process held is tried again: a program that is being started
/// (a hook) has a copy of every open file from its fork to its exec, and of the lock with it.
const TRIES: u32 = 100;
const APART: Duration = Duration::from_millis(10);

/// Held for as long as the store is open.
#[derive(Debug)]
pub(super) struct Lock {
    _file: File,
}

impl Lock {
    /// Takes the lock and writes this process's number into the file, for whoever is refused.
    pub(super) fn take(path: &Path) -> Result<Self, StoreError> {
        let failed = |cause| StoreError::io("lock the store", path, &cause);
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)
            .map_err(failed)?;
        let mut tries = 0;
        loop {
            match file.try_lock() {
                Ok(()) => break,
                Err(TryLockError::WouldBlock) => {
                    let mut text = String::new();
                    let read = file.rewind().and_then(|()| (&mut file).take(32).read_to_string(&mut text));
                    let pid = read.ok().and_then(|_| text.trim().parse().ok());
                    if pid != Some(std::process::id()) || tries == TRIES {
                        return Err(StoreError::Locked { path: path.to_owned(), pid });
                    }
                    tries += 1;
                    thread::sleep(APART);
                }
                Err(TryLockError::Error(cause)) => return Err(failed(cause)),
            }
        }
        // The number is a courtesy: on a full disk the lock holds without it.
        let _ = file
            .rewind()
            .and_then(|()| file.set_len(0))
            .and_then(|()| writeln!(file, "{}", std::process::id()));
        Ok(Self { _file: file })
    }
}
