//! The database: its file, its tables, and what each of SQLite's failures means.
//!
//! One file a line, write-ahead log, `synchronous=FULL`: a commit that returned is on the disk. SQLite is built to
//! sync by `fdatasync` (`.cargo/config.toml`), which leaves out no content and no length, only times. What the rest of
//! the store asks of a database is the whole of [`ledger`](super::ledger) (open, commit a group, settle, adopt a
//! mark) and of [`reading`](super::reading); PostgreSQL would stand behind these two.
//!
//! SQLite keeps no checksum of a page in the database file, so rows whose change would go unnoticed carry a
//! [`seal`]; trees and signatures guard the others.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Read as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::ffi::{ErrorCode, SQLITE_IOERR_SHORT_READ};
use rusqlite::{Connection, Error, OpenFlags};
use sha2::{Digest, Sha256};

use super::batch::{BOOKS, NUMBERS};
use super::{Reason, StoreError};

/// The format written here; a store of a higher one is refused, one of a lower is brought to it when it is opened.
pub(super) const FORMAT: u32 = 2;
/// Marks the file as ours: "dtnt".
pub(super) const APPLICATION: u32 = 0x6474_6e74;

/// The database's name in the store's folder.
pub(super) const DATABASE: &str = "line.db";
/// How long a foreign lock on the database is waited for.
const PATIENCE: Duration = Duration::from_secs(5);
/// Prepared statements kept by a connection: more than there are.
const STATEMENTS: usize = 64;

/// `entry.id` and `regard` pack a book and a number into one integer, so that a book lies in one place of the
/// file, in order, and its end is found by one seek.
pub(super) const TABLES: &str = "
    CREATE TABLE meta (key TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
    CREATE TABLE entry (
        id INTEGER PRIMARY KEY, kind INTEGER NOT NULL, time_ms INTEGER NOT NULL, seal INTEGER NOT NULL,
        leaf BLOB NOT NULL, bytes BLOB NOT NULL);
    CREATE INDEX notice ON entry (kind, id) WHERE kind IN (2, 3, 14);
    CREATE TABLE regard (
        subject INTEGER NOT NULL, by INTEGER NOT NULL, kind INTEGER NOT NULL,
        PRIMARY KEY (subject, by)) WITHOUT ROWID;
    CREATE TABLE checkpoint (
        book INTEGER NOT NULL, size INTEGER NOT NULL, root BLOB NOT NULL, signature BLOB NOT NULL,
        PRIMARY KEY (book, size)) WITHOUT ROWID;
    CREATE TABLE receipt (
        book INTEGER NOT NULL, party INTEGER NOT NULL, size INTEGER NOT NULL, seconds INTEGER NOT NULL,
        signature BLOB NOT NULL,
        PRIMARY KEY (book, party, size, seconds)) WITHOUT ROWID;
    CREATE TABLE node (
        book INTEGER NOT NULL, level INTEGER NOT NULL, place INTEGER NOT NULL, hash BLOB NOT NULL,
        PRIMARY KEY (book, level, place)) WITHOUT ROWID;
    CREATE TABLE evidence (
        id INTEGER PRIMARY KEY, kind TEXT NOT NULL, time_ms INTEGER NOT NULL, bytes BLOB NOT NULL);
    CREATE TABLE note (key TEXT PRIMARY KEY, seal INTEGER NOT NULL, value BLOB NOT NULL) WITHOUT ROWID;
    CREATE TABLE snapshot (
        id INTEGER PRIMARY KEY, seq INTEGER NOT NULL, seal INTEGER NOT NULL, bytes BLOB NOT NULL);
";

/// Void entries, named as in `entry`; new in format 2.
pub(super) const VOID: &str = "
    CREATE TABLE void (
        id INTEGER PRIMARY KEY, seal INTEGER NOT NULL, error TEXT NOT NULL, what TEXT NOT NULL,
        expected TEXT NOT NULL, found TEXT NOT NULL);
";

/// What is found by its kind beside notices: findings of observers with what was shown to them, and seals. Each is made at the first
/// start that asks for it, which reads every entry's kind once; whatever version writes keeps it.
pub(super) const INDICES: &str = "
    CREATE INDEX IF NOT EXISTS observed ON entry (kind, id) WHERE kind IN (17, 18);
    CREATE INDEX IF NOT EXISTS sealing ON entry (kind, id) WHERE kind IN (81);
";

/// From format 1 to 2. The kept states go: the next start judges the whole record again, and fills the table.
pub(super) const FROM_1: &str = "DELETE FROM snapshot";

/// Opens the connection that writes.
pub(super) fn connect_writer(path: &Path, max_bytes: Option<u64>) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE;
    let connection = connect(path, flags)?;
    if connection.is_readonly("main").map_err(fault("open the database"))? {
        return Err(StoreError::ReadOnly { path: path.to_owned() });
    }
    let set = || {
        connection.pragma_update(None, "page_size", 4096)?;
        let mode = |row: &rusqlite::Row<'_>| row.get::<_, String>(0);
        let mode = connection.pragma_update_and_check(None, "journal_mode", "wal", mode)?;
        connection.pragma_update(None, "synchronous", "full")?;
        connection.pragma_update(None, "wal_autocheckpoint", 0)?;
        connection.pragma_update(None, "cache_size", -16_384)?;
        if let Some(bytes) = max_bytes {
            connection.pragma_update(None, "max_page_count", (bytes / 4096).max(1).cast_signed())?;
        }
        Ok(mode)
    };
    let mode = set().map_err(fault("open the database"))?;
    if mode != "wal" {
        return Err(StoreError::Io {
            what: "use a write-ahead log",
            cause: format!("journal mode is {mode}"),
        });
    }
    Ok(connection)
}

/// Opens a connection that only reads.
pub(super) fn connect_reader(path: &Path) -> Result<Connection, StoreError> {
    connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY)
}

/// The write-ahead log of a database.
pub(super) fn log(database: &Path) -> PathBuf {
    database.with_extension("db-wal")
}

/// Makes the log at least so long, with zeros behind what it holds: SQLite reads it up to the first frame without
/// its salt, writes over what is behind, and never cuts it here. A disk without room for it is no failure.
pub(super) fn lengthen_log(database: &Path, bytes: u64) -> Result<(), StoreError> {
    let path = log(database);
    let lengthen = || -> std::io::Result<()> {
        let mut file = OpenOptions::new().append(true).open(&path)?;
        let missing = bytes.saturating_sub(file.metadata()?.len());
        if missing > 0 {
            std::io::copy(&mut std::io::repeat(0).take(missing), &mut file)?;
            file.sync_all()?;
        }
        Ok(())
    };
    match lengthen() {
        Err(cause) if cause.kind() != ErrorKind::StorageFull => {
            Err(StoreError::io("lengthen the log", &path, &cause))
        }
        _ => Ok(()),
    }
}

fn connect(path: &Path, access: OpenFlags) -> Result<Connection, StoreError> {
    let flags = access | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_EXRESCODE;
    let connection = Connection::open_with_flags(path, flags).map_err(fault("open the database"))?;
    let set = || {
        connection.busy_timeout(PATIENCE)?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS);
        // Closing must not touch the log: after a failed sync nothing may sync again, and otherwise a log that
        // keeps its length makes every later commit cheaper.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
        // Otherwise a statement is compiled anew whenever a bound number changes.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
        connection.pragma_update(None, "cell_size_check", true)?;
        connection.pragma_update(None, "temp_store", "memory")
    };
    set().map_err(fault("open the database"))?;
    Ok(connection)
}

/// Says in the store's words what SQLite said, for whoever was trying to do `what`.
pub(super) fn fault(what: &'static str) -> impl Fn(Error) -> StoreError + Copy {
    move |error| match &error {
        Error::SqliteFailure(failure, _) => match failure.code {
            ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase => damaged(what, &error),
            ErrorCode::DiskFull => StoreError::Full { what, needed_bytes: 0, free_bytes: 0 },
            ErrorCode::ReadOnly | ErrorCode::PermissionDenied => {
                StoreError::ReadOnly { path: PathBuf::from(DATABASE) }
            }
            ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => StoreError::Busy { what },
            _ if failure.extended_code == SQLITE_IOERR_SHORT_READ => damaged(what, &error),
            _ => StoreError::Io { what, cause: error.to_string() },
        },
        Error::FromSqlConversionFailure(..)
        | Error::IntegralValueOutOfRange(..)
        | Error::InvalidColumnType(..)
        | Error::Utf8Error(..) => damaged(what, &error),
        _ => StoreError::Io { what, cause: error.to_string() },
    }
}

fn damaged(what: &'static str, error: &Error) -> StoreError {
    StoreError::Damaged {
        what: format!("while trying to {what}"),
        expected: "a sound database".to_owned(),
        found: error.to_string(),
    }
}

/// A book and a number as one integer, in the order of the books and then of the numbers.
pub(super) fn pack(book: u32, number: u64) -> Option<i64> {
    let legal = book < BOOKS && number < NUMBERS;
    legal.then(|| (u64::from(book) << 40 | number).cast_signed())
}

/// The book and the number of a packed integer.
pub(super) fn unpack(id: i64) -> (u32, u64) {
    let id = id.cast_unsigned();
    ((id >> 40) as u32, id & (NUMBERS - 1))
}

/// 64 bits that change when any part of a row does: the first of its SHA-256.
pub(super) fn seal<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> i64 {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    let digest: [u8; 32] = hash.finalize().into();
    let [a, b, c, d, e, f, g, h, ..] = digest;
    i64::from_be_bytes([a, b, c, d, e, f, g, h])
}

/// The seal of an entry's row.
pub(super) fn seal_entry(id: i64, kind: u16, time_ms: u64, leaf: &[u8; 32], bytes: &[u8]) -> i64 {
    seal([&id.to_be_bytes()[..], &kind.to_be_bytes(), &time_ms.to_be_bytes(), leaf, bytes])
}

/// The seal of a void entry's row.
pub(super) fn seal_void(id: i64, reason: &Reason) -> i64 {
    let [error, what, expected, found] = reason.parts().map(str::as_bytes);
    seal([&id.to_be_bytes()[..], error, what, expected, found])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_pack_in_order_and_only_legal_ones() {
        assert_eq!(pack(3, 7).map(unpack), Some((3, 7)));
        assert_eq!(pack(BOOKS - 1, NUMBERS - 1).map(unpack), Some((BOOKS - 1, NUMBERS - 1)));
        assert!(pack(3, NUMBERS - 1) < pack(4, 0));
        assert_eq!(pack(BOOKS, 1), None);
        assert_eq!(pack(0, NUMBERS), None);
    }

    #[test]
    fn a_seal_tells_where_one_part_ends() {
        assert_ne!(seal([&b"ab"[..], b"c"]), seal([&b"a"[..], b"bc"]));
    }
}
