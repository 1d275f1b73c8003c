//! What is written together, and what is read back.
//!
//! A [`Batch`] becomes durable whole or not at all. Sizes, numbers and hashes are the record's own
//! (spec/record.md §2 and §5); a book is its integer code.

use std::sync::Arc;

use super::StoreError;

/// Largest entry, in bytes (spec/record.md §3).
pub const MAX_ENTRY_BYTES: usize = 16_384;
/// Largest piece of evidence, in bytes.
pub const MAX_EVIDENCE_BYTES: usize = 256 * 1024;
/// Largest snapshot of the core's state, in bytes.
pub const MAX_SNAPSHOT_BYTES: usize = 32 * 1024 * 1024;
/// Largest key of a note and largest kind of a piece of evidence, in bytes of UTF-8.
pub const MAX_KEY_BYTES: usize = 256;
/// Largest value of a note, in bytes.
pub const MAX_NOTE_BYTES: usize = 64 * 1024;
/// Largest part of a reason why an entry is void, in bytes of UTF-8; what is longer is to be cut off before.
pub const MAX_REASON_BYTES: usize = 512;
/// Most items (entries, checkpoints, receipts, evidence, notes and void entries together) of one batch.
pub const MAX_BATCH_ITEMS: usize = 8_192;
/// Most entries that one entry may regard (spec/record.md §3).
pub const MAX_REGARDS: usize = 16;

/// A step has at most this many entries (spec/record.md §6) ...
pub const STEP_ENTRIES: u64 = 256;
/// ... and at most this many bytes of entries, unless its author signed more seldom than it must.
pub const STEP_BYTES: usize = 65_536;

/// Books have codes below this: 4096 generations of 256 parties of 8 classes (spec/record.md §2).
pub(super) const BOOKS: u32 = 1 << 23;
/// Numbers and sizes are below this, so that a book and a number pack into one ordered 63-bit integer.
pub(super) const NUMBERS: u64 = 1 << 40;

/// An entry on its way into the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewEntry {
    /// The book's code.
    pub book: u32,
    /// The entry's number in its book, from 1.
    pub number: u64,
    /// The entry as received, 1 to [`MAX_ENTRY_BYTES`] bytes.
    pub bytes: Arc<[u8]>,
    /// The leaf hash of `blind ‖ entry` (spec/record.md §4).
    pub leaf: [u8; 32],
    /// The entry's kind, as far as the caller could read it.
    pub kind: u16,
    /// The author's time, in ms since 1970.
    pub time_ms: u64,
    /// The entries it regards, `(book, number)`; a reference outside the legal ranges is not indexed.
    pub regards: Vec<(u32, u64)>,
}

/// A signed size of a book (spec/record.md §6).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// The book's code.
    pub book: u32,
    /// How many entries it covers.
    pub size: u64,
    /// The Merkle root at that size.
    pub root: [u8; 32],
    /// The author's signature.
    pub signature: [u8; 64],
}

/// A party's countersignature over a signed size (spec/record.md §7).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// The book's code.
    pub book: u32,
    /// The party that gave it.
    pub party: u8,
    /// The signed size it covers.
    pub size: u64,
    /// The giver's clock, in seconds since 1970.
    pub seconds: u64,
    /// The giver's signature.
    pub signature: [u8; 64],
}

/// Something that may have to be shown to a third: kept for ever, never changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewEvidence {
    /// What it shows, in the words of the protocol's errors.
    pub kind: String,
    /// When it was found, in ms since 1970.
    pub time_ms: u64,
    /// The proof, at most [`MAX_EVIDENCE_BYTES`].
    pub bytes: Vec<u8>,
}

/// Why an entry is void, in the words of the protocol's errors (spec/line.md §8).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    /// The error's name.
    pub error: String,
    /// What was looked at.
    pub what: String,
    /// What the rules ask for there.
    pub expected: String,
    /// What is there.
    pub found: String,
}

impl Reason {
    pub(super) fn parts(&self) -> [&str; 4] {
        [&self.error, &self.what, &self.expected, &self.found]
    }
}

/// An entry that was judged, for ever, to be skipped by whoever makes sense of the record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Void {
    /// The book's code.
    pub book: u32,
    /// The entry's number in its book.
    pub number: u64,
    /// Why.
    pub reason: Reason,
}

/// Writes that become durable together, or not at all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Batch {
    /// The caller's own count, rising from batch to batch while the store is open; `on_durable` says it back.
    pub seq: u64,
    /// Entries, each the next of its book, or one that is already there with equal bytes.
    pub entries: Vec<NewEntry>,
    /// Signed sizes, none beyond what the book holds once this batch is in.
    pub checkpoints: Vec<Checkpoint>,
    /// Receipts.
    pub receipts: Vec<Receipt>,
    /// Evidence.
    pub evidence: Vec<NewEvidence>,
    /// Facts that matter to this station alone; a later value replaces an earlier one.
    pub notes: Vec<(String, Vec<u8>)>,
    /// Void entries, each held already or in this batch; of one that is known to be void nothing changes.
    pub void: Vec<Void>,
    /// The core's whole state, up to and including this batch. The latest two are kept.
    pub snapshot: Option<Vec<u8>>,
    /// Nobody waits for it to be durable: it may wait a few milliseconds for others to share their sync with.
    pub patient: bool,
    /// The rules of the line have the station write it whatever room there is (a test, an escalation, proof of a
    /// breach), so that refusing it would be to stop: little, which its caller bounds, for which it may use the reserve.
    pub insisted: bool,
}

impl Batch {
    /// Bytes of content, which is what the queue and the groups are bounded by.
    pub(super) fn content_bytes(&self) -> usize {
        let entries: usize = self.entries.iter().map(|entry| entry.bytes.len() + 96).sum();
        let evidence: usize = self.evidence.iter().map(|item| item.bytes.len() + 32).sum();
        let notes: usize = self.notes.iter().map(|(key, value)| key.len() + value.len()).sum();
        let signed = 128 * (self.checkpoints.len() + self.receipts.len());
        let void: usize = self
            .void
            .iter()
            .map(|void| void.reason.parts().iter().map(|part| part.len()).sum::<usize>() + 32)
            .sum();
        entries + evidence + notes + signed + void + self.snapshot.as_ref().map_or(0, Vec::len)
    }

    /// Whether it may use the disk reserved for FLASH and acts: everything in it that names a book names one of
    /// class Z or A, and it carries neither evidence nor a snapshot, which can wait; or it is insisted on. Which entries are
    /// void never waits: no snapshot may come to be kept that knows more of them than the store.
    pub(super) fn may_use_reserve(&self) -> bool {
        let urgent = |book: u32| book & 7 <= 1;
        self.insisted
            || self.evidence.is_empty()
                && self.snapshot.is_none()
                && self.entries.iter().all(|entry| urgent(entry.book))
                && self.checkpoints.iter().all(|checkpoint| urgent(checkpoint.book))
                && self.receipts.iter().all(|receipt| urgent(receipt.book))
    }

    /// Holds every item to its limit, so that nothing past a limit reaches the writer.
    pub(super) fn within_bounds(&self) -> Result<(), StoreError> {
        let items = self.entries.len()
            + self.checkpoints.len()
            + self.receipts.len()
            + self.evidence.len()
            + self.notes.len()
            + self.void.len();
        at_most("items of a batch", MAX_BATCH_ITEMS, items)?;
        at_most("bytes of a snapshot", MAX_SNAPSHOT_BYTES, self.snapshot.as_ref().map_or(0, Vec::len))?;
        for entry in &self.entries {
            at_most("bytes of an entry", MAX_ENTRY_BYTES, entry.bytes.len())?;
            at_most("regards of an entry", MAX_REGARDS, entry.regards.len())?;
            named("an entry", entry.book, entry.number)?;
            if entry.bytes.is_empty() || entry.number == 0 {
                return Err(StoreError::Misuse {
                    what: "an entry is numbered from 1 and never empty",
                    expected: "number 1 or more, 1 byte or more".to_owned(),
                    found: format!("number {}, {} bytes", entry.number, entry.bytes.len()),
                });
            }
        }
        for checkpoint in &self.checkpoints {
            named("a checkpoint", checkpoint.book, checkpoint.size)?;
        }
        for receipt in &self.receipts {
            named("a receipt", receipt.book, receipt.size)?;
        }
        for item in &self.evidence {
            at_most("bytes of evidence", MAX_EVIDENCE_BYTES, item.bytes.len())?;
            at_most("bytes of an evidence kind", MAX_KEY_BYTES, item.kind.len())?;
        }
        for void in &self.void {
            named("a void entry", void.book, void.number)?;
            for part in void.reason.parts() {
                at_most("bytes of a reason", MAX_REASON_BYTES, part.len())?;
            }
        }
        for (key, value) in &self.notes {
            at_most("bytes of a note's key", MAX_KEY_BYTES, key.len())?;
            at_most("bytes of a note", MAX_NOTE_BYTES, value.len())?;
        }
        Ok(())
    }
}

/// An entry as it stands in the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The book's code.
    pub book: u32,
    /// Its number in the book, from 1.
    pub number: u64,
    /// The entry as received.
    pub bytes: Arc<[u8]>,
    /// Its leaf hash.
    pub leaf: [u8; 32],
    /// Its kind, as the writer read it.
    pub kind: u16,
    /// The author's time, in ms since 1970.
    pub time_ms: u64,
}

/// What a circuit sends next of a book: entries that end in a signed size (spec/record.md §6).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The entries after the size that was asked for, up to the checkpoint's.
    pub entries: Vec<Entry>,
    /// The signed size they end in.
    pub checkpoint: Checkpoint,
}

/// An entry that regards another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Regard {
    /// The regarding entry's book.
    pub book: u32,
    /// Its number.
    pub number: u64,
    /// Its kind.
    pub kind: u16,
    /// Whether it is void: it stands in the record, and says nothing of what it regards.
    pub void: bool,
}

/// A piece of evidence as it stands in the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// Its place among all evidence, from 1.
    pub id: u64,
    /// What it shows.
    pub kind: String,
    /// When it was found, in ms since 1970.
    pub time_ms: u64,
    /// The proof.
    pub bytes: Vec<u8>,
}

/// A state of the core, as of one batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// The `seq` of the batch that carried it.
    pub seq: u64,
    /// The core's own bytes.
    pub bytes: Vec<u8>,
}

fn at_most(what: &'static str, limit: usize, found: usize) -> Result<(), StoreError> {
    if found <= limit {
        return Ok(());
    }
    Err(StoreError::Bounded { what, limit: limit as u64, found: found as u64 })
}

fn named(what: &'static str, book: u32, number: u64) -> Result<(), StoreError> {
    if book < BOOKS && number < NUMBERS {
        return Ok(());
    }
    Err(StoreError::Misuse {
        what: "a name within the legal ranges",
        expected: format!("{what} of a book below {BOOKS}, with a number or size below {NUMBERS}"),
        found: format!("book {book}, {number}"),
    })
}
