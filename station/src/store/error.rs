//! What can go wrong with a store, each with what was expected, what was found, and what to do about it.
//!
//! Nothing here is a remote party's fault: a store is this station's own disk. [`StoreError::Misuse`] and
//! [`StoreError::Bounded`] are the fault of the station's own code, [`StoreError::Incompatible`] of an older
//! program meeting a newer store; everything else is the disk, the operator, or the machine. No error carries
//! the contents of an entry.

use std::path::PathBuf;

/// Why the store could not do what it was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// Another process (or another handle of this one) holds the store.
    #[error("{} is in use by process {}", .path.display(), .pid.map_or_else(|| "unknown".to_owned(), |pid| pid.to_string()))]
    Locked {
        /// The lock file.
        path: PathBuf,
        /// The holder as it named itself; absent when the lock file could not be read.
        pid: Option<u32>,
    },
    /// The bytes on disk are not what this store wrote.
    #[error("damaged store, {what}: expected {expected}, found {found}")]
    Damaged {
        /// Which part.
        what: String,
        /// What a sound store has there.
        expected: String,
        /// What is there.
        found: String,
    },
    /// A newer program wrote this store.
    #[error("store format {found} is newer than {known}, the newest known here")]
    Incompatible {
        /// The newest format this program reads.
        known: u32,
        /// The format of the store.
        found: u32,
    },
    /// The store belongs to another line.
    #[error("store of line {}, expected {}", hex(.found), hex(.expected))]
    WrongLine {
        /// The line that the caller asked for.
        expected: [u8; 32],
        /// The line that the store was made for.
        found: [u8; 32],
    },
    /// No space is left for this; see the module `reserve` for what may still be written.
    #[error("no space to {what}: {needed_bytes} bytes needed, {free_bytes} free")]
    Full {
        /// What was being done.
        what: &'static str,
        /// How much room it asks for, in bytes.
        needed_bytes: u64,
        /// How much of the free space it may use, in bytes.
        free_bytes: u64,
    },
    /// The place is not writable.
    #[error("{} is not writable", .path.display())]
    ReadOnly {
        /// The file or folder.
        path: PathBuf,
    },
    /// A foreign program holds SQLite's own lock on the database for longer than the store waits.
    #[error("the database is held by another program while trying to {what}")]
    Busy {
        /// What was being done.
        what: &'static str,
    },
    /// A stated limit was passed. Nothing was written.
    #[error("{what}: limit {limit}, found {found}")]
    Bounded {
        /// Which limit.
        what: &'static str,
        /// Its value.
        limit: u64,
        /// What was asked for.
        found: u64,
    },
    /// The caller contradicts the store: a second entry under a name that is taken, a gap, a root that differs.
    #[error("{what}: expected {expected}, found {found}")]
    Misuse {
        /// Which rule.
        what: &'static str,
        /// What the store holds or demands.
        expected: String,
        /// What the caller gave.
        found: String,
    },
    /// The operating system refused.
    #[error("could not {what}: {cause}")]
    Io {
        /// What was being done.
        what: &'static str,
        /// The system's own words.
        cause: String,
    },
    /// The store failed earlier, or was closed, and takes nothing more.
    #[error("the store has stopped: {because}")]
    Stopped {
        /// The failure that stopped it.
        because: String,
    },
}

impl StoreError {
    /// What an operator can do about it, in one sentence.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Locked { .. } => "stop the other station of this line, or wait until it has ended",
            Self::Damaged { .. } => {
                "move this line's folder store/ away, keep it, and start again: the other parties' mirrors bring \
                 everything back"
            }
            Self::Incompatible { .. } => "run the newer version of the program that wrote this store",
            Self::WrongLine { .. } => "point the station at the folder of this line",
            Self::Full { .. } => {
                "free space on this filesystem; FLASH and acts go on for as long as the reserve lasts"
            }
            Self::ReadOnly { .. } => "let the station's user write there, or mount the filesystem writable",
            Self::Busy { .. } => "close whatever else has the database open",
            Self::Bounded { .. } | Self::Misuse { .. } => {
                "this is a fault of the station's program: report it"
            }
            Self::Io { .. } => "check the disk and its kernel log before starting the station again",
            Self::Stopped { .. } => "see the first failure, remove its cause, and start the station again",
        }
    }

    pub(super) fn io(what: &'static str, path: &std::path::Path, cause: &std::io::Error) -> Self {
        match cause.kind() {
            std::io::ErrorKind::PermissionDenied | std::io::ErrorKind::ReadOnlyFilesystem => {
                Self::ReadOnly { path: path.to_owned() }
            }
            std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => {
                Self::Full { what, needed_bytes: 0, free_bytes: 0 }
            }
            _ => Self::Io { what, cause: format!("{}: {cause}", path.display()) },
        }
    }

    pub(super) fn stopped(&self) -> Self {
        match self {
            Self::Stopped { .. } => self.clone(),
            cause => Self::Stopped { because: cause.to_string() },
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
