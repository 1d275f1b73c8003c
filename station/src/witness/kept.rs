//! The cosignatures that witnesses gave for the books of a line.
//!
//! They are in a file of their own beside the record: none of them is needed to send, to receipt or to start, so no
//! sync of theirs ever stands before an entry's, and a file that is lost costs nothing but the past's "existed by".
//! The first cosignature of each witness for each size is kept for ever.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use detente_line::{Keyring, Memorandum};
use detente_record::witness::Cosignature;
use detente_record::{Book, Checkpoint, PublicKey, SignedCheckpoint};
use rusqlite::{Connection, params};

use crate::store::{Store, StoreError};

/// The format of the database.
const FORMAT: u32 = 1;
const TABLES: &str = "
    CREATE TABLE IF NOT EXISTS cosignature (
        book INTEGER NOT NULL, witness BLOB NOT NULL, size INTEGER NOT NULL, seconds INTEGER NOT NULL,
        signature BLOB NOT NULL, PRIMARY KEY (book, witness, size)) STRICT, WITHOUT ROWID;
    PRAGMA user_version = 1;";
/// Most faults that are told.
const MAX_FAULTS: usize = 100;

/// What is wrong with the file of cosignatures.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeptError {
    /// The database failed.
    #[error("could not {what}: {cause}")]
    Database {
        /// What was tried.
        what: &'static str,
        /// What it said.
        cause: String,
    },
    /// A file of another version.
    #[error("the cosignatures are of format {found}, expected {FORMAT}")]
    Format {
        /// As found.
        found: u32,
    },
}

impl KeptError {
    /// What to do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Database { .. } => {
                "check the disk that holds witnessed.db; without that file the station starts, and asks the witnesses anew"
            }
            Self::Format { .. } => "it was written by a later version: use that one",
        }
    }
}

/// A cosignature as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptCosignature {
    /// Of which book.
    pub book: Book,
    /// The witness's key.
    pub witness: [u8; 32],
    /// Up to which size.
    pub size: u64,
    /// What the witness gave.
    pub cosignature: Cosignature,
}

/// The cosignatures of a line.
#[derive(Debug)]
pub struct Kept(Mutex<Connection>);

fn failed(what: &'static str) -> impl Fn(rusqlite::Error) -> KeptError {
    move |cause| KeptError::Database { what, cause: cause.to_string() }
}

impl Kept {
    /// Opens the file of a line's cosignatures, or makes it.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn open(path: &Path) -> Result<Self, KeptError> {
        let fail = failed("open the cosignatures");
        let connection = Connection::open(path).map_err(&fail)?;
        let found = connection.pragma_query_value(None, "user_version", |row| row.get(0)).map_err(&fail)?;
        if ![0, FORMAT].contains(&found) {
            return Err(KeptError::Format { found });
        }
        let make = || {
            connection.pragma_update(None, "journal_mode", "wal")?;
            connection.pragma_update(None, "synchronous", "full")?;
            connection.execute_batch(TABLES)
        };
        make().map_err(fail)?;
        Ok(Self(Mutex::new(connection)))
    }

    fn lock(&self) -> MutexGuard<'_, Connection> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps one, durably; one that is there already stays.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn keep(&self, kept: &KeptCosignature) -> Result<(), KeptError> {
        let KeptCosignature { book, witness, size, cosignature } = kept;
        let of = params![
            book.code(),
            witness,
            size.cast_signed(),
            cosignature.seconds.cast_signed(),
            cosignature.signature
        ];
        let written =
            self.lock().execute("INSERT OR IGNORE INTO cosignature VALUES (?1, ?2, ?3, ?4, ?5)", of);
        written.map(drop).map_err(failed("keep a cosignature"))
    }

    fn read(&self, query: &str, with: &[&dyn rusqlite::ToSql]) -> Result<Vec<KeptCosignature>, KeptError> {
        let connection = self.lock();
        let read = || {
            let mut prepared = connection.prepare_cached(query)?;
            let rows = prepared.query_map(with, |row| {
                let seconds = row.get::<_, i64>(3)?.cast_unsigned();
                let cosignature = Cosignature { seconds, signature: row.get(4)? };
                Ok((row.get(0)?, row.get(1)?, row.get::<_, i64>(2)?.cast_unsigned(), cosignature))
            })?;
            rows.collect::<rusqlite::Result<Vec<_>>>()
        };
        let rows = read().map_err(failed("read the cosignatures"))?;
        let known = rows.into_iter().filter_map(|(code, witness, size, cosignature)| {
            Some(KeptCosignature { book: Book::from_code(code).ok()?, witness, size, cosignature })
        });
        Ok(known.collect())
    }

    /// The newest of a witness for each book.
    ///
    /// # Errors
    /// If they cannot be read.
    pub fn newest(&self, witness: &[u8; 32]) -> Result<BTreeMap<Book, (u64, u64)>, KeptError> {
        let newest = self.read(
            "SELECT book, witness, max(size), seconds, signature FROM cosignature WHERE witness = ?1 GROUP BY book",
            &[witness],
        )?;
        Ok(newest.into_iter().map(|kept| (kept.book, (kept.size, kept.cosignature.seconds))).collect())
    }

    /// What shows by when an entry existed: of each witness, the earliest cosignature over a size that covers it.
    ///
    /// # Errors
    /// If they cannot be read.
    pub fn covering(&self, book: Book, number: u64) -> Result<Vec<KeptCosignature>, KeptError> {
        self.read(
            "SELECT book, witness, size, min(seconds), signature FROM cosignature
             WHERE book = ?1 AND size >= ?2 GROUP BY witness",
            &[&book.code(), &number.cast_signed()],
        )
    }

    /// The cosignature of one witness over the smallest size that covers an entry: its first, since its times never
    /// decrease.
    ///
    /// # Errors
    /// If they cannot be read.
    pub fn first_covering(
        &self,
        book: Book,
        witness: &[u8; 32],
        number: u64,
    ) -> Result<Option<KeptCosignature>, KeptError> {
        let found = self.read(
            "SELECT book, witness, size, seconds, signature FROM cosignature
             WHERE book = ?1 AND witness = ?2 AND size >= ?3 ORDER BY size LIMIT 1",
            &[&book.code(), witness, &number.cast_signed()],
        )?;
        Ok(found.into_iter().next())
    }

    /// Holds every cosignature to the checkpoint that it is over, as the record has it, and to its witness's key. Gives
    /// how many there are of each book, and what does not hold.
    ///
    /// # Errors
    /// If they, or the record, cannot be read.
    pub fn verify(
        &self,
        store: &Store,
        memorandum: &Memorandum,
        keys: &Keyring,
    ) -> Result<BTreeMap<Book, (u64, Vec<String>)>, VerifyError> {
        let line = memorandum.line();
        let mut found: BTreeMap<Book, (u64, Vec<String>)> = BTreeMap::new();
        for kept in self.read("SELECT book, witness, size, seconds, signature FROM cosignature", &[])? {
            let (count, faults) = found.entry(kept.book).or_default();
            *count += 1;
            let witness = memorandum.witnesses().iter().find(|witness| witness.key == kept.witness);
            let (Some(witness), Ok(key)) = (witness, PublicKey::new(kept.witness)) else { continue };
            let stored = store.checkpoint_at(kept.book.code(), kept.size)?;
            let holds = stored.is_some_and(|stored| {
                let checkpoint = Checkpoint { book: kept.book, size: kept.size, root: stored.root };
                let text = checkpoint.text(&line);
                let signed = SignedCheckpoint { checkpoint, signature: stored.signature };
                let author = keys.book_key(kept.book);
                author.is_some_and(|author| signed.verify(&line, author).is_ok())
                    && kept.cosignature.verify(&text, &key).is_ok()
            });
            if !holds && faults.len() < MAX_FAULTS {
                faults.push(format!(
                    "the cosignature of {} for size {} does not hold",
                    witness.name, kept.size
                ));
            }
        }
        Ok(found)
    }
}

/// Why cosignatures could not be verified.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// They cannot be read.
    #[error("{0}")]
    Kept(#[from] KeptError),
    /// The record cannot be read.
    #[error("{0}")]
    Store(#[from] StoreError),
}
