//! The instance mark: how a store notices that it is not the one that was running here.
//!
//! The same 16 random bytes stand in the database and in a file that no backup of the database takes along. A
//! database that was restored or copied therefore meets a mark that is missing or different, and its books go on
//! in their next generation (spec/record.md §9). The file also says up to which generation numbers were ever taken
//! here, so that a copy that is restored twice does not take one twice. The store reports this and repairs
//! nothing. What a mark cannot notice: the rollback of a whole machine, mark and all.

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use super::StoreError;
use crate::keys::unhex;

/// 16 random bytes that name one running life of a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark(pub [u8; 16]);

/// Whether the store is the one that was last running here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Instance {
    /// The mark in the file is the one in the database.
    Same,
    /// There was neither a database nor a mark; both exist now.
    New,
    /// They differ: the database was restored, copied or lost, or the mark file was.
    Foreign {
        /// The mark in the database; none when the database is new although a mark file exists.
        expected: Option<Mark>,
        /// The mark in the file; none when the file is missing or is no mark.
        found: Option<Mark>,
    },
}

impl Mark {
    /// A new mark from the system's randomness.
    pub(super) fn random() -> Result<Self, StoreError> {
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes)
            .map_err(|cause| StoreError::Io { what: "draw an instance mark", cause: cause.to_string() })?;
        Ok(Self(bytes))
    }

    /// The mark in a file and the highest generation taken, if the file exists and holds them.
    pub(super) fn read(path: &Path) -> Result<Option<(Self, u16)>, StoreError> {
        match fs::read_to_string(path) {
            Ok(text) => Ok(Self::parse(&text)),
            Err(cause) if matches!(cause.kind(), io::ErrorKind::NotFound | io::ErrorKind::InvalidData) => {
                Ok(None)
            }
            Err(cause) => Err(StoreError::io("read the instance mark", path, &cause)),
        }
    }

    /// Puts the mark and the highest generation taken into a file of mode 0600, durably, whole or not at all.
    pub(super) fn write(self, generation: u16, path: &Path) -> Result<(), StoreError> {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let draft = path.with_extension("new");
        let written = super::make_folder(folder).and_then(|()| {
            let mut file =
                OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&draft)?;
            writeln!(file, "{self} {generation}")?;
            file.sync_all()?;
            fs::rename(&draft, path)?;
            File::open(folder)?.sync_all()
        });
        written.map_err(|cause| StoreError::io("write the instance mark", path, &cause))
    }

    fn parse(text: &str) -> Option<(Self, u16)> {
        let (digits, generation) = text.strip_suffix('\n')?.split_once(' ')?;
        Some((Self(unhex(digits)?), generation.parse().ok()?))
    }
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_reads_back_and_anything_else_is_none() {
        let mark = Mark(*b"0123456789abcdef");
        assert_eq!(Mark::parse(&format!("{mark} 7\n")), Some((mark, 7)));
        for other in ["", "\n", &format!("{mark} 7"), &format!("{mark}\n"), &format!("{mark} 65536\n")] {
            assert_eq!(Mark::parse(other), None, "{other:?}");
        }
        assert_eq!(Mark::parse(&format!("{} 7\n", "g".repeat(32))), None);
    }
}
