//! What the writer does to the database. There is one ledger an open store, on the writer's own thread.
//!
//! It promises that a book has no gaps and no second entry under one name, that a batch is written whole or not
//! at all, and that what [`Ledger::commit`] counts as committed is on the disk. It refuses a batch that
//! contradicts what is there ([`StoreError::Misuse`]). After any failure it is done for: the caller drops it, and
//! nothing is synced a second time, because a second sync can succeed without the data.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use rusqlite::{Connection, params};

use super::batch::NUMBERS;
use super::mark::Mark;
use super::sqlite::{self, fault, pack, seal, seal_entry, seal_void};
use super::tile::{Frontier, Node};
use super::{Batch, Checkpoint, NewEntry, NewEvidence, Reason, Receipt, StoreError, Void, reading};

/// Pages in the log from which an idle writer brings them into the database: 1 MiB.
const SETTLE_WHEN_IDLE_PAGES: u32 = 256;
/// Pages in the log from which a busy one does: 4 MiB, well within the usual reserve, which must have room for it.
const SETTLE_ANYWAY_PAGES: u32 = 1_024;
/// As long as the log becomes before a busy writer settles it, and a group of commits beyond, in bytes.
pub(super) const LOG_BYTES: u64 = 5 << 20;

/// The database, for writing.
pub(super) struct Ledger {
    connection: Connection,
    sizes: BTreeMap<u32, u64>,
    /// Loaded at a book's first append.
    frontiers: HashMap<u32, Frontier>,
    /// Pages in the write-ahead log after the last commit that are not yet in the database.
    log_pages: Arc<AtomicU32>,
}

/// How far a group came.
#[derive(Debug)]
pub(super) struct Outcome {
    /// How many batches, from the first, are durable.
    pub committed: usize,
    /// Why not all of them.
    pub failure: Option<StoreError>,
}

impl Ledger {
    /// Opens the database, or makes it for `line`. The flag says that it was made now.
    ///
    /// Whatever an earlier process left in the log is first brought into the database. If that process ended on
    /// a failed sync, the log may be in memory only, and believed clean; writing it out anew heals that.
    pub(super) fn open(
        path: &Path,
        line: &[u8; 32],
        max_bytes: Option<u64>,
    ) -> Result<(Self, bool), StoreError> {
        let mut connection = sqlite::connect_writer(path, max_bytes)?;
        let format = identify(&connection)?;
        let created = format == 0;
        if created {
            create(&mut connection, line)?;
        }
        let found: [u8; 32] = meta(&connection, "line")?.ok_or_else(|| StoreError::Damaged {
            what: "the name of the line".to_owned(),
            expected: "32 bytes".to_owned(),
            found: "nothing".to_owned(),
        })?;
        if found != *line {
            return Err(StoreError::WrongLine { expected: *line, found });
        }
        if format == 1 {
            bring_up(&mut connection)?;
        }
        index(&connection)?;
        let log_pages = Arc::new(AtomicU32::new(0));
        let pages = Arc::clone(&log_pages);
        let count = move |_: &mut rusqlite::hooks::Wal, found: i32| {
            pages.store(found.unsigned_abs(), Ordering::Relaxed);
            Ok(())
        };
        connection.wal_hook(Some(count)).map_err(fault("open the database"))?;
        let sizes = reading::sizes(&connection)?;
        let mut ledger = Self { connection, sizes, frontiers: HashMap::new(), log_pages };
        ledger.settle()?;
        Ok((ledger, created))
    }

    /// The size of every book that has an entry.
    pub(super) fn sizes(&self) -> &BTreeMap<u32, u64> {
        &self.sizes
    }

    /// The instance mark in the database.
    pub(super) fn mark(&self) -> Result<Option<Mark>, StoreError> {
        Ok(meta(&self.connection, "mark")?.map(Mark))
    }

    /// Replaces the instance mark in the database, durably.
    pub(super) fn adopt(&mut self, mark: Mark) -> Result<(), StoreError> {
        self.connection
            .execute("INSERT OR REPLACE INTO meta (key, value) VALUES ('mark', ?1)", params![mark.0])
            .map_err(fault("write the instance mark"))?;
        Ok(())
    }

    /// Writes batches in their order, in one transaction. One that contradicts the store ends the group: those
    /// before it are still committed. Any other failure commits none.
    pub(super) fn commit(&mut self, group: &[Batch]) -> Outcome {
        let mut committed = 0;
        let mut refused = None;
        let written = self.execute("BEGIN IMMEDIATE").and_then(|()| {
            for batch in group {
                match self.fresh(batch) {
                    Ok(fresh) => self.write(batch, &fresh)?,
                    Err(failure) => {
                        refused = Some(failure);
                        break;
                    }
                }
                committed += 1;
            }
            self.execute("COMMIT")
        });
        match written {
            Ok(()) => Outcome { committed, failure: refused },
            Err(failure) => Outcome { committed: 0, failure: Some(failure) },
        }
    }

    /// How much of the log is not yet in the database, in bytes.
    pub(super) fn log_bytes(&self) -> u64 {
        u64::from(self.log_pages.load(Ordering::Relaxed)) * 4096
    }

    /// Whether the log is long enough to be settled when nothing else is to be done.
    pub(super) fn wants_settling(&self) -> bool {
        self.log_pages.load(Ordering::Relaxed) >= SETTLE_WHEN_IDLE_PAGES
    }

    /// Whether the log must be settled even between two groups.
    pub(super) fn needs_settling(&self) -> bool {
        self.log_pages.load(Ordering::Relaxed) >= SETTLE_ANYWAY_PAGES
    }

    /// Brings the log into the database, as far as no reader still needs the old pages. A disk too full for it
    /// is no failure: what was committed stays safe in the log.
    pub(super) fn settle(&mut self) -> Result<(), StoreError> {
        let settled = self.connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |row| {
            Ok((row.get::<_, i64>(1)?, row.get::<_, i64>(2)?))
        });
        match settled.map_err(fault("settle the log")) {
            Ok((logged, moved)) => {
                let left = u32::try_from(logged.saturating_sub(moved)).unwrap_or(0);
                self.log_pages.store(left, Ordering::Relaxed);
                Ok(())
            }
            Err(StoreError::Full { .. } | StoreError::Busy { .. }) => Ok(()),
            Err(failure) => Err(failure),
        }
    }

    /// The entries of a batch that are not there yet.
    fn fresh<'b>(&self, batch: &'b Batch) -> Result<Vec<&'b NewEntry>, StoreError> {
        let mut fresh: Vec<&NewEntry> = Vec::with_capacity(batch.entries.len());
        let mut sizes: BTreeMap<u32, u64> = BTreeMap::new();
        for entry in &batch.entries {
            let size = sizes.entry(entry.book).or_insert_with(|| self.size(entry.book));
            if entry.number == *size + 1 {
                *size += 1;
                fresh.push(entry);
                continue;
            }
            if entry.number > *size {
                return Err(StoreError::Misuse {
                    what: "a book has no gaps",
                    expected: format!("number {} of book {}", *size + 1, entry.book),
                    found: entry.number.to_string(),
                });
            }
            let new = fresh.iter().find(|new| (new.book, new.number) == (entry.book, entry.number));
            let equal = match new {
                Some(new) => new.bytes == entry.bytes && new.leaf == entry.leaf,
                None => reading::entry(&self.connection, entry.book, entry.number)?
                    .is_some_and(|held| held.bytes == entry.bytes && held.leaf == entry.leaf),
            };
            if !equal {
                return Err(StoreError::Misuse {
                    what: "an entry never changes",
                    expected: format!(
                        "the bytes and the leaf held as {} of book {}",
                        entry.number, entry.book
                    ),
                    found: "others".to_owned(),
                });
            }
        }
        let mut roots = BTreeMap::new();
        for checkpoint in &batch.checkpoints {
            let (book, size) = (checkpoint.book, checkpoint.size);
            let held = sizes.get(&book).copied().unwrap_or_else(|| self.size(book));
            if size > held {
                return Err(StoreError::Misuse {
                    what: "a checkpoint is stored with or after its entries",
                    expected: format!("at most {held} of book {book}"),
                    found: size.to_string(),
                });
            }
            let known = match roots.insert((book, size), checkpoint.root) {
                None => reading::checkpoint_at(&self.connection, book, size)?.map(|known| known.root),
                known => known,
            };
            if known.is_some_and(|root| root != checkpoint.root) {
                return Err(StoreError::Misuse {
                    what: "a size of a book has one root",
                    expected: format!("the root held at {size} of book {book}"),
                    found: "another".to_owned(),
                });
            }
        }
        for Void { book, number, .. } in &batch.void {
            let held = sizes.get(book).copied().unwrap_or_else(|| self.size(*book));
            if !(1..=held).contains(number) {
                return Err(StoreError::Misuse {
                    what: "what is void is an entry that is held",
                    expected: format!("1 to {held} of book {book}"),
                    found: number.to_string(),
                });
            }
        }
        Ok(fresh)
    }

    fn write(&mut self, batch: &Batch, fresh: &[&NewEntry]) -> Result<(), StoreError> {
        for entry in fresh {
            self.write_entry(entry)?;
        }
        self.write_rest(batch).map_err(fault("write a batch"))?;
        self.write_void(&batch.void).map_err(fault("write what is void"))
    }

    fn write_void(&self, void: &[Void]) -> rusqlite::Result<()> {
        for Void { book, number, reason } in void {
            let Some(id) = pack(*book, *number) else { continue };
            let Reason { error, what, expected, found } = reason;
            self.connection
                .prepare_cached(
                    "INSERT OR IGNORE INTO void (id, seal, error, what, expected, found)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                )?
                .execute(params![id, seal_void(id, reason), error, what, expected, found])?;
        }
        Ok(())
    }

    fn write_entry(&mut self, entry: &NewEntry) -> Result<(), StoreError> {
        let NewEntry { book, number, kind, time_ms, .. } = *entry;
        let Some(id) = pack(book, number) else {
            return Err(StoreError::Bounded {
                what: "number of an entry",
                limit: NUMBERS - 1,
                found: number,
            });
        };
        let mut nodes: Vec<Node> = Vec::new();
        self.frontier(book)?.append(entry.leaf, |node| nodes.push(node));
        let sealed = seal_entry(id, kind, time_ms, &entry.leaf, &entry.bytes);
        let insert = || {
            self.connection
                .prepare_cached(
                    "INSERT INTO entry (id, kind, time_ms, seal, leaf, bytes) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                )?
                .execute(params![id, kind, time_ms.cast_signed(), sealed, entry.leaf, &*entry.bytes])?;
            for (subject_book, subject_number) in &entry.regards {
                let Some(subject) = pack(*subject_book, *subject_number) else { continue };
                self.connection
                    .prepare_cached("INSERT OR IGNORE INTO regard (subject, by, kind) VALUES (?1, ?2, ?3)")?
                    .execute(params![subject, id, kind])?;
            }
            for node in &nodes {
                self.connection
                    .prepare_cached("INSERT INTO node (book, level, place, hash) VALUES (?1, ?2, ?3, ?4)")?
                    .execute(params![book, node.level, node.index.cast_signed(), node.hash])?;
            }
            Ok(())
        };
        insert().map_err(fault("write an entry"))?;
        self.sizes.insert(book, number);
        Ok(())
    }

    fn write_rest(&self, batch: &Batch) -> rusqlite::Result<()> {
        for Checkpoint { book, size, root, signature } in &batch.checkpoints {
            self.connection
                .prepare_cached(
                    "INSERT OR IGNORE INTO checkpoint (book, size, root, signature) VALUES (?1, ?2, ?3, ?4)",
                )?
                .execute(params![book, size.cast_signed(), root, signature])?;
        }
        for Receipt { book, party, size, seconds, signature } in &batch.receipts {
            self.connection
                .prepare_cached(
                    "INSERT OR REPLACE INTO receipt (book, party, size, seconds, signature)
                     VALUES (?1, ?2, ?3, ?4, ?5)",
                )?
                .execute(params![book, party, size.cast_signed(), seconds.cast_signed(), signature])?;
        }
        for NewEvidence { kind, time_ms, bytes } in &batch.evidence {
            self.connection
                .prepare_cached("INSERT INTO evidence (kind, time_ms, bytes) VALUES (?1, ?2, ?3)")?
                .execute(params![kind, time_ms.cast_signed(), bytes])?;
        }
        for (key, value) in &batch.notes {
            self.connection
                .prepare_cached("INSERT OR REPLACE INTO note (key, seal, value) VALUES (?1, ?2, ?3)")?
                .execute(params![key, seal([key.as_bytes(), value]), value])?;
        }
        if let Some(bytes) = &batch.snapshot {
            let sealed = seal([&batch.seq.to_be_bytes()[..], bytes]);
            self.connection
                .prepare_cached("INSERT INTO snapshot (seq, seal, bytes) VALUES (?1, ?2, ?3)")?
                .execute(params![batch.seq.cast_signed(), sealed, bytes])?;
            self.connection
                .prepare_cached("DELETE FROM snapshot WHERE id <= (SELECT max(id) FROM snapshot) - 2")?
                .execute([])?;
        }
        Ok(())
    }

    fn size(&self, book: u32) -> u64 {
        self.sizes.get(&book).copied().unwrap_or_default()
    }

    fn frontier(&mut self, book: u32) -> Result<&mut Frontier, StoreError> {
        if !self.frontiers.contains_key(&book) {
            let loaded = reading::frontier(&self.connection, book, self.size(book))?;
            self.frontiers.insert(book, loaded);
        }
        Ok(self.frontiers.entry(book).or_default())
    }

    fn execute(&self, statement: &'static str) -> Result<(), StoreError> {
        let mut prepared = self.connection.prepare_cached(statement).map_err(fault("commit"))?;
        prepared.execute([]).map_err(fault("commit"))?;
        Ok(())
    }
}

/// The format of the store; 0 for a file that is new and empty.
fn identify(connection: &Connection) -> Result<u32, StoreError> {
    let ask = |pragma| connection.pragma_query_value(None, pragma, |row| row.get::<_, u32>(0));
    let found = || {
        let tables: u32 = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
        Ok((ask("application_id")?, ask("user_version")?, tables))
    };
    let (application, format, tables) = found().map_err(fault("identify the store"))?;
    match (application, format, tables) {
        (0, 0, 0) => Ok(0),
        (sqlite::APPLICATION, 1..=sqlite::FORMAT, _) => Ok(format),
        (sqlite::APPLICATION, found, _) if found > sqlite::FORMAT => {
            Err(StoreError::Incompatible { known: sqlite::FORMAT, found })
        }
        _ => Err(StoreError::Damaged {
            what: "the kind of the database".to_owned(),
            expected: format!("application {:08x}, format 1 to {}", sqlite::APPLICATION, sqlite::FORMAT),
            found: format!("application {application:08x}, format {format}, {tables} tables and indices"),
        }),
    }
}

fn create(connection: &mut Connection, line: &[u8; 32]) -> Result<(), StoreError> {
    let make = |connection: &mut Connection| {
        let transaction = connection.transaction()?;
        transaction.execute_batch(sqlite::TABLES)?;
        transaction.execute_batch(sqlite::VOID)?;
        transaction.execute("INSERT INTO meta (key, value) VALUES ('line', ?1)", params![line])?;
        transaction.pragma_update(None, "application_id", sqlite::APPLICATION)?;
        transaction.pragma_update(None, "user_version", sqlite::FORMAT)?;
        transaction.commit()
    };
    make(connection).map_err(fault("make the store"))
}

/// Brings a store of format 1 to the one of today, whole or not at all.
fn bring_up(connection: &mut Connection) -> Result<(), StoreError> {
    let make = |connection: &mut Connection| {
        let transaction = connection.transaction()?;
        transaction.execute_batch(sqlite::VOID)?;
        transaction.execute(sqlite::FROM_1, [])?;
        transaction.pragma_update(None, "user_version", sqlite::FORMAT)?;
        transaction.commit()
    };
    make(connection).map_err(fault("bring the store to its new format"))
}

/// Makes the indices that a store may lack. A disk without room for them is no failure: what they find is then found slowly.
fn index(connection: &Connection) -> Result<(), StoreError> {
    match connection.execute_batch(sqlite::INDICES).map_err(fault("make an index")) {
        Err(StoreError::Full { .. }) => Ok(()),
        made => made,
    }
}

fn meta<const N: usize>(connection: &Connection, key: &str) -> Result<Option<[u8; N]>, StoreError> {
    use rusqlite::OptionalExtension as _;
    connection
        .query_row("SELECT value FROM meta WHERE key = ?1", [key], |row| row.get(0))
        .optional()
        .map_err(fault("identify the store"))
}
