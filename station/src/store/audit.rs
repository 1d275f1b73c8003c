//! The doctor's look at a whole store: is it what was written, and does it prove what it claims?
//!
//! It reads every row once: SQLite's own check, every entry against its seal, every book for gaps, every tile and
//! every checkpoint's root against the leaves. It changes nothing and repairs nothing. Whether a signature
//! verifies, and whether a leaf hash belongs to its entry, is for whoever has the keys and blinds.

use std::collections::BTreeMap;

use rusqlite::{Connection, params};

use super::StoreError;
use super::reading::{checkpoint, count, nodes, sealed_entry, sealed_void, sizes};
use super::sqlite::{fault, pack};
use super::tile::{Frontier, Node};

/// Most faults that are written down; the count goes on.
pub const MAX_FAULTS: usize = 100;

/// What the doctor found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Audit {
    /// The size of every book.
    pub sizes: BTreeMap<u32, u64>,
    /// How many rows there are of each kind.
    pub counts: Counts,
    /// The first [`MAX_FAULTS`] faults, in words.
    pub faults: Vec<String>,
    /// How many faults there are in all; 0 is a sound store.
    pub fault_count: u64,
}

/// How much a store holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Entries of all books.
    pub entries: u64,
    /// Signed sizes.
    pub checkpoints: u64,
    /// Receipts.
    pub receipts: u64,
    /// Pieces of evidence.
    pub evidence: u64,
    /// The database file, in bytes.
    pub file_bytes: u64,
    /// The write-ahead log's file, in bytes; it keeps its length.
    pub log_bytes: u64,
}

/// Counts the rows; the sizes of files are the caller's to add.
pub(super) fn counts(connection: &Connection) -> Result<Counts, StoreError> {
    Ok(Counts {
        entries: sizes(connection)?.values().sum(),
        checkpoints: count(connection, "checkpoint")?,
        receipts: count(connection, "receipt")?,
        evidence: count(connection, "evidence")?,
        ..Counts::default()
    })
}

/// Checks everything, in one consistent view of the store.
pub(super) fn audit(connection: &Connection) -> Result<Audit, StoreError> {
    let view = connection.unchecked_transaction().map_err(fault("check the store"))?;
    let mut audit = Audit { sizes: sizes(&view)?, counts: counts(&view)?, ..Audit::default() };
    audit.integrity(&view)?;
    for (book, size) in audit.sizes.clone() {
        audit.book(&view, book, size)?;
    }
    audit.strays(&view)?;
    audit.void(&view)?;
    Ok(audit)
}

impl Audit {
    fn note(&mut self, fault: impl FnOnce() -> String) {
        self.fault_count += 1;
        if self.faults.len() < MAX_FAULTS {
            self.faults.push(fault());
        }
    }

    fn integrity(&mut self, view: &Connection) -> Result<(), StoreError> {
        let failed = fault("check the store");
        let mut prepared = view.prepare("PRAGMA integrity_check(100)").map_err(failed)?;
        let words = prepared.query_map([], |row| row.get::<_, String>(0)).map_err(failed)?;
        for word in words {
            match word {
                Ok(word) if word == "ok" => {}
                Ok(word) => self.note(|| word),
                Err(cause) => self.note(|| cause.to_string()),
            }
        }
        Ok(())
    }

    /// Walks a book once, with its tree growing beside it.
    fn book(&mut self, view: &Connection, book: u32, size: u64) -> Result<(), StoreError> {
        const WHAT: &str = "check a book";
        let (Some(first), Some(last)) = (pack(book, 0), pack(book, size)) else { return Ok(()) };
        let mut entries = view
            .prepare("SELECT id, kind, time_ms, seal, leaf, bytes FROM entry WHERE id BETWEEN ?1 AND ?2 ORDER BY id")
            .map_err(fault(WHAT))?;
        let mut rows = entries.query([first, last]).map_err(fault(WHAT))?;
        let mut signed = view
            .prepare("SELECT book, size, root, signature FROM checkpoint WHERE book = ?1 ORDER BY size")
            .map_err(fault(WHAT))?;
        let mut checkpoints = signed.query_map([book], checkpoint).map_err(fault(WHAT))?.peekable();
        let mut tree = Frontier::default();
        loop {
            while let Some(next) =
                checkpoints.next_if(|next| next.as_ref().is_ok_and(|at| at.size <= tree.size()))
            {
                let next = next.map_err(fault(WHAT))?;
                if next.size < tree.size() || next.root != tree.root() {
                    self.note(|| {
                        format!("book {book}: the root signed at size {} is not its entries'", next.size)
                    });
                }
            }
            let row = match rows.next() {
                Ok(Some(row)) => row,
                Ok(None) => break,
                Err(cause) => {
                    self.note(|| format!("book {book} after {}: {cause}", tree.size()));
                    return Ok(());
                }
            };
            let entry = match sealed_entry(row) {
                Ok(entry) => entry,
                Err(cause) => {
                    self.note(|| cause.to_string());
                    return Ok(());
                }
            };
            if entry.number != tree.size() + 1 {
                self.note(|| {
                    format!("book {book}: expected entry {}, found {}", tree.size() + 1, entry.number)
                });
                return Ok(());
            }
            let mut filled: Vec<Node> = Vec::new();
            tree.append(entry.leaf, |node| filled.push(node));
            for node in filled {
                let kept = nodes(view, book, node.level, node.index..node.index + 1);
                if kept.is_ok_and(|kept| kept != [node.hash]) {
                    self.note(|| {
                        format!("book {book}: tile {} of level {} is not its leaves'", node.index, node.level)
                    });
                }
            }
        }
        for beyond in checkpoints {
            let beyond = beyond.map_err(fault(WHAT))?;
            self.note(|| {
                format!("book {book}: a checkpoint of size {}, but only {size} entries", beyond.size)
            });
        }
        Ok(())
    }

    /// Holds every void entry to its seal, and to the entries held.
    fn void(&mut self, view: &Connection) -> Result<(), StoreError> {
        const WHAT: &str = "check what is void";
        let mut prepared = view
            .prepare("SELECT id, seal, error, what, expected, found, id IN (SELECT id FROM entry) FROM void")
            .map_err(fault(WHAT))?;
        let mut rows = prepared.query([]).map_err(fault(WHAT))?;
        loop {
            let row = match rows.next() {
                Ok(Some(row)) => row,
                Ok(None) => return Ok(()),
                Err(cause) => {
                    self.note(|| format!("what is void: {cause}"));
                    return Ok(());
                }
            };
            if let Err(cause) = sealed_void(row, 0) {
                self.note(|| cause.to_string());
            } else if !row.get::<_, bool>(6).map_err(fault(WHAT))? {
                self.note(|| "an entry is void that is not held".to_owned());
            }
        }
    }

    /// Rows that belong to no entry held.
    fn strays(&mut self, view: &Connection) -> Result<(), StoreError> {
        const WHAT: &str = "check the index";
        let lost: u64 = view
            .query_row(
                "SELECT count(*) FROM regard WHERE by NOT IN (SELECT id FROM entry)",
                params![],
                |row| row.get::<_, i64>(0).map(i64::cast_unsigned),
            )
            .map_err(fault(WHAT))?;
        if lost > 0 {
            self.note(|| format!("{lost} rows of the index of what regards what belong to no entry"));
        }
        let mut signed = view.prepare("SELECT DISTINCT book FROM checkpoint").map_err(fault(WHAT))?;
        let books = signed.query_map([], |row| row.get::<_, u32>(0)).map_err(fault(WHAT))?;
        for book in books {
            let book = book.map_err(fault(WHAT))?;
            if !self.sizes.contains_key(&book) {
                self.note(|| format!("book {book}: signed, but without an entry"));
            }
        }
        Ok(())
    }
}
