//! What is asked of the database: every query, over one connection, answering in the store's own words.
//!
//! Each answer is one consistent view of what is durable. Lists are bounded, by the caller or by [`MAX_LIST`].
//! A row that is not what was written is [`StoreError::Damaged`], never an answer.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::batch::{NUMBERS, STEP_BYTES, STEP_ENTRIES};
use super::sqlite::{fault, pack, seal, seal_entry, seal_void, unpack};
use super::tile::{Frontier, TILE};
use super::{Checkpoint, Entry, Evidence, Reason, Regard, Snapshot, Step, StoreError};

/// Most rows of a list that the caller does not bound.
pub const MAX_LIST: usize = 4_096;
/// Most entries of a step whose author signed more seldom than it must.
const MAX_STEP_ENTRIES: u64 = 65_536;

type Found<T> = Result<T, StoreError>;

/// The size of every book that has an entry: two seeks a book.
pub(super) fn sizes(connection: &Connection) -> Found<BTreeMap<u32, u64>> {
    let read = || {
        let mut next = connection.prepare("SELECT id FROM entry WHERE id >= ?1 ORDER BY id LIMIT 1")?;
        let mut last = connection.prepare("SELECT id FROM entry WHERE id <= ?1 ORDER BY id DESC LIMIT 1")?;
        let id = |row: &Row<'_>| row.get::<_, i64>(0);
        let mut sizes = BTreeMap::new();
        let mut from = Some(0);
        while let Some(first) = from.and_then(|from| next.query_row([from], id).optional().transpose()) {
            let (book, _) = unpack(first?);
            let end = pack(book, NUMBERS - 1).unwrap_or(i64::MAX);
            let (_, size) = unpack(last.query_row([end], id)?);
            sizes.insert(book, size);
            from = end.checked_add(1);
        }
        Ok(sizes)
    };
    read().map_err(fault("read the sizes of the books"))
}

pub(super) fn entry(connection: &Connection, book: u32, number: u64) -> Found<Option<Entry>> {
    Ok(entries(connection, book, number, 1, usize::MAX)?.pop().filter(|entry| entry.number == number))
}

/// Entries of a book from a number on, without a gap, up to the bounds but at least one if there is one.
pub(super) fn entries(
    connection: &Connection,
    book: u32,
    from: u64,
    max_count: usize,
    max_bytes: usize,
) -> Found<Vec<Entry>> {
    const WHAT: &str = "read entries";
    let (Some(first), Some(last)) = (pack(book, from), pack(book, NUMBERS - 1)) else {
        return Ok(Vec::new());
    };
    let mut prepared = connection
        .prepare_cached("SELECT id, kind, time_ms, seal, leaf, bytes FROM entry WHERE id BETWEEN ?1 AND ?2 ORDER BY id LIMIT ?3")
        .map_err(fault(WHAT))?;
    let mut rows = prepared.query(params![first, last, bound(max_count)]).map_err(fault(WHAT))?;
    let mut found: Vec<Entry> = Vec::new();
    let mut bytes = 0;
    while let Some(row) = rows.next().map_err(fault(WHAT))? {
        let entry = sealed_entry(row)?;
        bytes += entry.bytes.len();
        if !found.is_empty() && bytes > max_bytes {
            break;
        }
        let expected = from + found.len() as u64;
        if from > 0 && entry.number != expected {
            return Err(gap("entries", book, expected, entry.number));
        }
        found.push(entry);
    }
    Ok(found)
}

/// The statement that reads entries of one of these kinds.
macro_rules! of_kinds {
    ($kinds:literal) => {
        concat!(
            "SELECT entry.id, kind, time_ms, entry.seal, leaf, bytes,
                 void.id, void.seal, void.error, void.what, void.expected, void.found
             FROM entry LEFT JOIN void ON void.id = entry.id
             WHERE kind IN (",
            $kinds,
            ") AND kind = ?1 AND entry.id > ?2 ORDER BY entry.id"
        )
    };
}

/// Entries of a kind that has an index and that are not void, in the order of books, after one of them.
pub(super) fn of_kind(
    connection: &Connection,
    kind: u16,
    after: (u32, u64),
    max_count: usize,
) -> Found<Vec<Entry>> {
    const WHAT: &str = "read entries of a kind";
    let Some(after) = pack(after.0, after.1) else { return Ok(Vec::new()) };
    // The list of kinds is the index's own: without it, the whole record would be read.
    let statement = match kind {
        17 | 18 => of_kinds!("17, 18"),
        81 => of_kinds!("81"),
        _ => of_kinds!("2, 3, 14"),
    };
    let mut prepared = connection.prepare_cached(statement).map_err(fault(WHAT))?;
    let mut rows = prepared.query(params![kind, after]).map_err(fault(WHAT))?;
    let mut found = Vec::new();
    while found.len() < max_count
        && let Some(row) = rows.next().map_err(fault(WHAT))?
    {
        match row.get::<_, Option<i64>>(6).map_err(fault(WHAT))? {
            None => found.push(sealed_entry(row)?),
            Some(_) => drop(sealed_void(row, 6)?),
        }
    }
    Ok(found)
}

/// Why an entry is void; `None` for one that is not known to be.
pub(super) fn void(connection: &Connection, book: u32, number: u64) -> Found<Option<Reason>> {
    const WHAT: &str = "read what is void";
    let Some(id) = pack(book, number) else { return Ok(None) };
    let mut prepared = connection
        .prepare_cached("SELECT id, seal, error, what, expected, found FROM void WHERE id = ?1")
        .map_err(fault(WHAT))?;
    let mut rows = prepared.query([id]).map_err(fault(WHAT))?;
    rows.next().map_err(fault(WHAT))?.map(|row| sealed_void(row, 0)).transpose()
}

/// The leaf hashes of the entries with these numbers, all of them or an error.
pub(super) fn leaves(connection: &Connection, book: u32, numbers: Range<u64>) -> Found<Vec<[u8; 32]>> {
    const WHAT: &str = "read leaf hashes";
    let (Some(first), Some(end)) = (pack(book, numbers.start), pack(book, numbers.end)) else {
        return Ok(Vec::new());
    };
    let mut prepared = connection
        .prepare_cached("SELECT leaf FROM entry WHERE id >= ?1 AND id < ?2 ORDER BY id")
        .map_err(fault(WHAT))?;
    let rows = prepared.query_map([first, end], |row| row.get(0)).map_err(fault(WHAT))?;
    let leaves = rows.collect::<Result<Vec<_>, _>>().map_err(fault(WHAT))?;
    complete("leaf hashes", book, numbers, leaves)
}

/// The roots of full tiles of a level, from 1, with these indices, all of them or an error.
pub(super) fn nodes(
    connection: &Connection,
    book: u32,
    level: u8,
    indices: Range<u64>,
) -> Found<Vec<[u8; 32]>> {
    const WHAT: &str = "read nodes of the tree";
    let mut prepared = connection
        .prepare_cached("SELECT hash FROM node WHERE book = ?1 AND level = ?2 AND place >= ?3 AND place < ?4 ORDER BY place")
        .map_err(fault(WHAT))?;
    let rows = prepared
        .query_map(params![book, level, indices.start.cast_signed(), indices.end.cast_signed()], |row| {
            row.get(0)
        })
        .map_err(fault(WHAT))?;
    let nodes = rows.collect::<Result<Vec<_>, _>>().map_err(fault(WHAT))?;
    complete("nodes of the tree", book, indices, nodes)
}

pub(super) fn node(connection: &Connection, book: u32, level: u8, index: u64) -> Found<Option<[u8; 32]>> {
    one(
        connection,
        "SELECT hash FROM node WHERE book = ?1 AND level = ?2 AND place = ?3",
        "read a node of the tree",
    )
    .row(params![book, level, index.cast_signed()], |row| row.get(0))
}

/// The right edge of a book's tree: at most 255 leaves and 255 nodes of each level.
pub(super) fn frontier(connection: &Connection, book: u32, size: u64) -> Found<Frontier> {
    let mut frontier = Frontier::default();
    for level in (0..5_u8).rev() {
        let height = u32::from(level) * 8;
        let end = size >> height;
        let start = end - end % TILE;
        let hashes = match level {
            0 => leaves(connection, book, start + 1..end + 1)?,
            _ => nodes(connection, book, level, start..end)?,
        };
        for hash in hashes {
            frontier.graft(level, hash, |_| ());
        }
    }
    Ok(frontier)
}

pub(super) fn checkpoint_at(connection: &Connection, book: u32, size: u64) -> Found<Option<Checkpoint>> {
    one(
        connection,
        "SELECT book, size, root, signature FROM checkpoint WHERE book = ?1 AND size = ?2",
        "read a checkpoint",
    )
    .row(params![book, size.cast_signed()], checkpoint)
}

pub(super) fn checkpoint_within(connection: &Connection, book: u32, most: u64) -> Found<Option<Checkpoint>> {
    one(
        connection,
        "SELECT book, size, root, signature FROM checkpoint WHERE book = ?1 AND size <= ?2 ORDER BY size DESC LIMIT 1",
        "read a checkpoint",
    )
    .row(params![book, most.cast_signed()], checkpoint)
}

pub(super) fn newest_checkpoint(connection: &Connection, book: u32) -> Found<Option<Checkpoint>> {
    one(
        connection,
        "SELECT book, size, root, signature FROM checkpoint WHERE book = ?1 ORDER BY size DESC LIMIT 1",
        "read a checkpoint",
    )
    .row(params![book], checkpoint)
}

pub(super) fn next_checkpoint(
    connection: &Connection,
    book: u32,
    after_size: u64,
) -> Found<Option<Checkpoint>> {
    one(
        connection,
        "SELECT book, size, root, signature FROM checkpoint WHERE book = ?1 AND size > ?2 ORDER BY size LIMIT 1",
        "read a checkpoint",
    )
    .row(params![book, after_size.cast_signed()], checkpoint)
}

/// The step after `from_size` (spec/record.md §6): to the largest signed size within the bounds, or else to the
/// smallest signed size beyond them.
pub(super) fn step(connection: &Connection, book: u32, from_size: u64) -> Found<Option<Step>> {
    let Some(first) = from_size.checked_add(1).filter(|first| *first < NUMBERS) else { return Ok(None) };
    let mut near = entries(connection, book, first, STEP_ENTRIES as usize, STEP_BYTES)?;
    let fit = near.iter().map(|entry| entry.bytes.len()).sum::<usize>() <= STEP_BYTES;
    let reach = if fit { from_size + near.len() as u64 } else { from_size };
    let within = one(
        connection,
        "SELECT book, size, root, signature FROM checkpoint
         WHERE book = ?1 AND size > ?2 AND size <= ?3 ORDER BY size DESC LIMIT 1",
        "read a step",
    )
    .row(params![book, from_size.cast_signed(), reach.cast_signed()], checkpoint)?;
    if let Some(checkpoint) = within {
        near.retain(|entry| entry.number <= checkpoint.size);
        return Ok(Some(Step { entries: near, checkpoint }));
    }
    let Some(checkpoint) = next_checkpoint(connection, book, from_size)? else { return Ok(None) };
    let count = checkpoint.size - from_size;
    if count > MAX_STEP_ENTRIES {
        return Err(StoreError::Bounded { what: "entries of a step", limit: MAX_STEP_ENTRIES, found: count });
    }
    let entries = entries(connection, book, first, count as usize, usize::MAX)?;
    if entries.len() as u64 != count {
        return Err(gap("entries", book, checkpoint.size, from_size + entries.len() as u64));
    }
    Ok(Some(Step { entries, checkpoint }))
}

/// The entries that regard one, by book and number, from after `after` on: at most [`MAX_LIST`].
pub(super) fn regards_of(
    connection: &Connection,
    book: u32,
    number: u64,
    after: Option<(u32, u64)>,
) -> Found<Vec<Regard>> {
    const WHAT: &str = "read what regards an entry";
    let after = after.map_or(Some(-1), |(book, number)| pack(book, number));
    let (Some(subject), Some(after)) = (pack(book, number), after) else { return Ok(Vec::new()) };
    let mut prepared = connection
        .prepare_cached(
            "SELECT by, kind, EXISTS (SELECT 1 FROM void WHERE id = by)
             FROM regard WHERE subject = ?1 AND by > ?2 ORDER BY by LIMIT ?3",
        )
        .map_err(fault(WHAT))?;
    let rows = prepared
        .query_map(params![subject, after, bound(MAX_LIST)], |row| {
            let (book, number) = unpack(row.get(0)?);
            Ok(Regard { book, number, kind: row.get(1)?, void: row.get(2)? })
        })
        .map_err(fault(WHAT))?;
    rows.collect::<Result<_, _>>().map_err(fault(WHAT))
}

pub(super) fn evidence(connection: &Connection, after_id: u64, max_count: usize) -> Found<Vec<Evidence>> {
    const WHAT: &str = "read evidence";
    let mut prepared = connection
        .prepare_cached("SELECT id, kind, time_ms, bytes FROM evidence WHERE id > ?1 ORDER BY id LIMIT ?2")
        .map_err(fault(WHAT))?;
    let rows = prepared
        .query_map(params![after_id.cast_signed(), bound(max_count)], |row| {
            Ok(Evidence {
                id: unsigned(row, 0)?,
                kind: row.get(1)?,
                time_ms: unsigned(row, 2)?,
                bytes: row.get(3)?,
            })
        })
        .map_err(fault(WHAT))?;
    rows.collect::<Result<_, _>>().map_err(fault(WHAT))
}

pub(super) fn note(connection: &Connection, key: &str) -> Found<Option<Vec<u8>>> {
    let found: Option<(i64, Vec<u8>)> =
        one(connection, "SELECT seal, value FROM note WHERE key = ?1", "read a note")
            .row(params![key], |row| Ok((row.get(0)?, row.get(1)?)))?;
    match found {
        Some((sealed, value)) if sealed != seal([key.as_bytes(), &value]) => {
            Err(broken(format!("note {key}")))
        }
        found => Ok(found.map(|(_, value)| value)),
    }
}

/// The newest snapshot; if that one is damaged, the one before it.
pub(super) fn latest_snapshot(connection: &Connection) -> Found<Option<Snapshot>> {
    const WHAT: &str = "read a snapshot";
    let mut prepared = connection
        .prepare_cached("SELECT seq, seal, bytes FROM snapshot ORDER BY id DESC LIMIT 2")
        .map_err(fault(WHAT))?;
    let mut rows = prepared.query([]).map_err(fault(WHAT))?;
    let mut damaged = None;
    while let Some(row) = rows.next().map_err(fault(WHAT))? {
        let read = || Ok((unsigned(row, 0)?, row.get::<_, i64>(1)?, row.get::<_, Vec<u8>>(2)?));
        let (seq, sealed, bytes) = read().map_err(fault(WHAT))?;
        if sealed == seal([&seq.to_be_bytes()[..], &bytes]) {
            return Ok(Some(Snapshot { seq, bytes }));
        }
        damaged = Some(broken(format!("snapshot {seq}")));
    }
    damaged.map_or(Ok(None), Err)
}

/// How many rows a table has.
pub(super) fn count(connection: &Connection, table: &'static str) -> Found<u64> {
    one(connection, &format!("SELECT count(*) FROM {table}"), "count rows")
        .row(params![], |row| unsigned(row, 0))
        .map(Option::unwrap_or_default)
}

/// Reads an entry's row, holding it to its seal.
pub(super) fn sealed_entry(row: &Row<'_>) -> Found<Entry> {
    let read = || {
        let id: i64 = row.get(0)?;
        let (book, number) = unpack(id);
        let bytes: Arc<[u8]> = row.get(5)?;
        let entry =
            Entry { book, number, kind: row.get(1)?, time_ms: unsigned(row, 2)?, leaf: row.get(4)?, bytes };
        Ok((id, row.get::<_, i64>(3)?, entry))
    };
    let (id, sealed, entry) = read().map_err(fault("read entries"))?;
    if sealed != seal_entry(id, entry.kind, entry.time_ms, &entry.leaf, &entry.bytes) {
        return Err(broken(format!("entry {} of book {}", entry.number, entry.book)));
    }
    Ok(entry)
}

/// Reads the row of a void entry, whose columns begin with the given one, holding it to its seal.
pub(super) fn sealed_void(row: &Row<'_>, first: usize) -> Found<Reason> {
    let read = || {
        let reason = Reason {
            error: row.get(first + 2)?,
            what: row.get(first + 3)?,
            expected: row.get(first + 4)?,
            found: row.get(first + 5)?,
        };
        Ok((row.get::<_, i64>(first)?, row.get::<_, i64>(first + 1)?, reason))
    };
    let (id, sealed, reason) = read().map_err(fault("read what is void"))?;
    if sealed != seal_void(id, &reason) {
        let (book, number) = unpack(id);
        return Err(broken(format!("why entry {number} of book {book} is void")));
    }
    Ok(reason)
}

/// Reads a checkpoint's row.
pub(super) fn checkpoint(row: &Row<'_>) -> rusqlite::Result<Checkpoint> {
    Ok(Checkpoint { book: row.get(0)?, size: unsigned(row, 1)?, root: row.get(2)?, signature: row.get(3)? })
}

/// A query for at most one row.
pub(super) struct One<'c> {
    connection: &'c Connection,
    query: &'c str,
    what: &'static str,
}

pub(super) fn one<'c>(connection: &'c Connection, query: &'c str, what: &'static str) -> One<'c> {
    One { connection, query, what }
}

impl One<'_> {
    pub(super) fn row<T>(
        &self,
        with: &[&dyn rusqlite::ToSql],
        read: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Found<Option<T>> {
        let mut prepared = self.connection.prepare_cached(self.query).map_err(fault(self.what))?;
        prepared.query_row(with, read).optional().map_err(fault(self.what))
    }
}

pub(super) fn unsigned(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    row.get::<_, i64>(column).map(i64::cast_unsigned)
}

pub(super) fn bound(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

fn complete<T>(what: &str, book: u32, wanted: Range<u64>, found: Vec<T>) -> Found<Vec<T>> {
    if found.len() as u64 == wanted.end.saturating_sub(wanted.start) {
        return Ok(found);
    }
    Err(StoreError::Damaged {
        what: format!("{what} of book {book}"),
        expected: format!("{} to {}", wanted.start, wanted.end.saturating_sub(1)),
        found: format!("{} of them", found.len()),
    })
}

fn gap(what: &str, book: u32, expected: u64, found: u64) -> StoreError {
    StoreError::Damaged {
        what: format!("{what} of book {book}"),
        expected: expected.to_string(),
        found: found.to_string(),
    }
}

fn broken(what: String) -> StoreError {
    StoreError::Damaged {
        what,
        expected: "the row as it was sealed".to_owned(),
        found: "a changed one".to_owned(),
    }
}
