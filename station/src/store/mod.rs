//! The store: where everything that a station has said and received is kept (spec/record.md).
//!
//! **Promises.** A batch is durable whole or not at all, batches become durable in the order in which they were
//! submitted, and `on_durable` is called only once the disk has them. Reads, from any thread, see everything that
//! is durable and nothing else. A book has no gap and no entry is ever changed or removed.
//!
//! **Refuses.** A second process; a store of another line or of a newer format; anything past a stated limit;
//! ordinary batches while the disk is nearly full, so that FLASH and acts go on ([`Space`]). After the first
//! failure of a write it refuses everything: a sync that failed is never tried again, and what was not reported
//! durable counts as not written. It repairs nothing silently: a restored or copied store is reported as
//! [`Instance::Foreign`].
//!
//! **How.** One writer commits what waits as one group (`writer`, `queue`, `ledger`); readers use connections of their own (`reading`) behind a memory of what was written last (`recent`). Bit rot is found
//! by seals, trees and signatures as rows are read, and all at once by [`Store::check`]. Which entries are void is kept beside
//! them, written with what shows it, and never unsaid: it follows from the record alone, and whoever replays that learns it again. One kind cannot be told
//! from a crash: damage inside the write-ahead log, which SQLite cuts there. The store then shows shorter books,
//! and the other parties' receipts tell.

mod audit;
mod batch;
mod error;
mod ledger;
mod lock;
mod mark;
mod queue;
mod reading;
mod receipts;
mod recent;
mod reserve;
mod sqlite;
mod tile;
mod writer;

use std::collections::BTreeMap;
use std::fmt;
use std::fs::{self, File};
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::mpsc::sync_channel;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use rusqlite::Connection;

pub use audit::{Audit, Counts, MAX_FAULTS};
pub use batch::{
    Batch, Checkpoint, Entry, Evidence, MAX_BATCH_ITEMS, MAX_ENTRY_BYTES, MAX_EVIDENCE_BYTES, MAX_KEY_BYTES,
    MAX_NOTE_BYTES, MAX_REASON_BYTES, MAX_REGARDS, MAX_SNAPSHOT_BYTES, NewEntry, NewEvidence, Reason,
    Receipt, Regard, STEP_BYTES, STEP_ENTRIES, Snapshot, Step, Void,
};
pub use error::StoreError;
pub use mark::{Instance, Mark};
pub use reading::MAX_LIST;
pub use reserve::Space;

use ledger::Ledger;
use lock::Lock;
use queue::{Adoption, Queue};
use recent::Recent;
use reserve::Reserve;
use writer::{Shared, Writer};

/// Called with the highest `seq` that is durable, on the thread of whoever made it so. It must not block.
pub type OnDurable = Box<dyn FnMut(u64) + Send>;
/// Called once, with the failure that stopped the store, on the thread of whoever met it.
pub type OnFailed = Box<dyn FnMut(StoreError) + Send>;

/// Reading connections kept open between reads.
const IDLE_READERS: usize = 4;

/// What a store is opened with.
pub struct Options {
    /// The folder of this line's store: database, lock and reserve. Made if missing.
    pub folder: PathBuf,
    /// The instance mark's file, outside every backup of `folder`.
    pub mark: PathBuf,
    /// The line's identity.
    pub line: [u8; 32],
    /// Disk kept back for FLASH and acts, in bytes.
    pub reserve_bytes: u64,
    /// Free space that ordinary batches must leave, in bytes.
    pub floor_bytes: u64,
    /// How long the write-ahead log is made at the start, where there is ample room, in bytes: a commit within a file
    /// takes half the time of one that makes it longer.
    pub log_bytes: u64,
    /// Memory for the newest entries, in bytes.
    pub recent_bytes: usize,
    /// The largest that the database may grow, in bytes; beyond it a commit fails with [`StoreError::Full`].
    pub max_bytes: Option<u64>,
    /// Told what is durable.
    pub on_durable: OnDurable,
    /// Told why the store stopped.
    pub on_failed: OnFailed,
}

impl Options {
    /// The usual sizes: a reserve of 16 MiB, a floor of 64 MiB, 8 MiB of memory, a database without limit, and
    /// a log as long as it becomes before it is settled.
    /// The callbacks do nothing until they are set.
    pub fn new(folder: impl Into<PathBuf>, mark: impl Into<PathBuf>, line: [u8; 32]) -> Self {
        Self {
            folder: folder.into(),
            mark: mark.into(),
            line,
            reserve_bytes: 16 << 20,
            floor_bytes: 64 << 20,
            log_bytes: ledger::LOG_BYTES,
            recent_bytes: 8 << 20,
            max_bytes: None,
            on_durable: Box::new(|_| ()),
            on_failed: Box::new(|_| ()),
        }
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("folder", &self.folder)
            .field("mark", &self.mark)
            .finish_non_exhaustive()
    }
}

/// An open store; a clone is another handle to it. The last handle dropped writes what waits and closes it.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

struct Inner {
    thread: Mutex<Option<JoinHandle<()>>>,
    writer: Arc<Shared>,
    readers: Mutex<Vec<Connection>>,
    queue: Arc<Queue>,
    recent: Arc<Recent>,
    reserve: Arc<Reserve>,
    database: PathBuf,
    mark: PathBuf,
    /// Last, so that it is let go last.
    _lock: Arc<Lock>,
}

impl Store {
    /// Opens the store of a line, making it if there is none, and says whether it is the one that ran here.
    ///
    /// # Errors
    /// `Locked`, `WrongLine`, `Incompatible`, `Damaged`, `ReadOnly`, `Full` or `Io`; nothing was changed then,
    /// except that an empty store may have been made.
    pub fn open(options: Options) -> Result<(Self, Instance), StoreError> {
        let Options { folder, mark, line, .. } = options;
        let folder_failed = |cause| StoreError::io("make the store's folder", &folder, &cause);
        make_folder(&folder).map_err(folder_failed)?;
        let lock = Arc::new(Lock::take(&folder.join("lock"))?);
        let reserve =
            Arc::new(Reserve::open(folder.join("reserve"), options.reserve_bytes, options.floor_bytes)?);
        let database = folder.join(sqlite::DATABASE);
        let (mut ledger, created) = Ledger::open(&database, &line, options.max_bytes)?;
        if created {
            File::open(&folder).and_then(|folder| folder.sync_all()).map_err(folder_failed)?;
        }
        if reserve.space()?.ordinary_accepted {
            sqlite::lengthen_log(&database, options.log_bytes)?;
        }
        let instance = recognise(&mut ledger, created, &mark)?;
        let recent = Arc::new(Recent::new(ledger.sizes().clone(), options.recent_bytes));
        let queue = Arc::new(Queue::default());
        let writer = Arc::new(Shared::new(Writer {
            ledger: Some(ledger),
            queue: Arc::clone(&queue),
            recent: Arc::clone(&recent),
            reserve: Arc::clone(&reserve),
            on_durable: options.on_durable,
            on_failed: options.on_failed,
            quick: false,
        }));
        let (working, held) = (Arc::clone(&writer), Arc::clone(&lock));
        let run = move || {
            working.work();
            drop(working);
            drop(held);
        };
        let thread = std::thread::Builder::new()
            .name("store".to_owned())
            .spawn(run)
            .map_err(|cause| StoreError::Io { what: "start the writer", cause: cause.to_string() })?;
        let inner = Inner {
            thread: Mutex::new(Some(thread)),
            writer,
            readers: Mutex::default(),
            queue,
            recent,
            reserve,
            database,
            mark,
            _lock: lock,
        };
        Ok((Self { inner: Arc::new(inner) }, instance))
    }

    /// Hands a batch to the writer; blocks while its queue is full. `on_durable` tells when it is on the disk.
    ///
    /// # Errors
    /// `Bounded` or `Misuse` for a batch past a limit or out of order; `Full` when this batch must wait until
    /// there is room on the disk, or hold only Z and A; `Stopped` once the store has failed. A batch that
    /// contradicts what the store holds is found by the writer, and stops the store.
    pub fn submit(&self, batch: Batch) -> Result<(), StoreError> {
        let bytes = self.admit(&batch)?;
        self.inner.queue.push(batch, bytes)
    }

    /// As [`Store::submit`], the task waiting instead of the thread. Dropped while it waits, nothing was queued.
    ///
    /// # Errors
    /// As [`Store::submit`].
    pub async fn submit_async(&self, batch: Batch) -> Result<(), StoreError> {
        let bytes = self.admit(&batch)?;
        if self.inner.queue.push_async(batch, bytes).await? {
            self.inner.queue.ring();
        }
        Ok(())
    }

    /// As [`Store::submit_async`], for a caller who has nothing else to do: where the disk has been quick and the
    /// writer rests, the commit is made on the caller's own thread, which it holds up for a millisecond or two, and
    /// `on_durable` has been called when this returns.
    ///
    /// # Errors
    /// As [`Store::submit_async`].
    pub async fn submit_here(&self, batch: Batch) -> Result<(), StoreError> {
        let bytes = self.admit(&batch)?;
        let patient = batch.patient;
        match self.inner.queue.push_async(batch, bytes).await? {
            true if patient => self.inner.queue.ring(),
            true => self.inner.writer.write_here(),
            false => {}
        }
        Ok(())
    }

    /// Makes a batch durable before it returns, on the caller's thread or the writer's.
    ///
    /// # Errors
    /// As [`Store::submit`], and why the store stopped if that kept it from being written.
    pub fn submit_and_wait(&self, batch: Batch) -> Result<(), StoreError> {
        self.submit(batch)?;
        self.inner.writer.write_all();
        self.inner.queue.alive()
    }

    /// Writes a new instance mark, to the database and to its file, and the highest generation that its caller is
    /// about to take: the store is from now on the one that runs here. For a caller that deals with
    /// [`Instance::Foreign`].
    ///
    /// # Errors
    /// If either cannot be written; the store is then still foreign at its next opening.
    pub fn adopt_mark(&self, generation: u16) -> Result<Mark, StoreError> {
        let mark = Mark::random()?;
        let (done, adopted) = sync_channel(1);
        self.inner.queue.adopt(Adoption { mark, done })?;
        let gone = |_| StoreError::Stopped { because: "its writer has ended".to_owned() };
        adopted.recv().map_err(gone)??;
        mark.write(generation, &self.inner.mark)?;
        Ok(mark)
    }

    /// Notes outside every copy, durably, that a generation is about to be taken.
    ///
    /// # Errors
    /// If the instance mark's file cannot be read or written.
    pub fn take_generation(&self, generation: u16) -> Result<(), StoreError> {
        match Mark::read(&self.inner.mark)? {
            Some((mark, taken)) if taken < generation => mark.write(generation, &self.inner.mark),
            _ => Ok(()),
        }
    }

    /// The highest generation that was ever taken here, as the instance mark's file says; `None` without one.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn taken_generation(&self) -> Result<Option<u16>, StoreError> {
        Ok(Mark::read(&self.inner.mark)?.map(|(_, generation)| generation))
    }

    /// The size of every book that has an entry.
    pub fn sizes(&self) -> Result<BTreeMap<u32, u64>, StoreError> {
        self.inner.queue.alive()?;
        Ok(self.inner.recent.sizes())
    }

    /// The size of one book, 0 if it has no entry.
    pub fn size(&self, book: u32) -> Result<u64, StoreError> {
        self.inner.queue.alive()?;
        Ok(self.inner.recent.size(book))
    }

    /// One entry.
    pub fn entry(&self, book: u32, number: u64) -> Result<Option<Entry>, StoreError> {
        self.inner.queue.alive()?;
        match self.inner.recent.entry(book, number) {
            Some(entry) => Ok(Some(entry)),
            None => self.read(|connection| reading::entry(connection, book, number)),
        }
    }

    /// Entries of a book from number `from` on, at most `max_count` and `max_bytes` of content, but at least one
    /// if there is one.
    pub fn entries(
        &self,
        book: u32,
        from: u64,
        max_count: usize,
        max_bytes: usize,
    ) -> Result<Vec<Entry>, StoreError> {
        self.inner.queue.alive()?;
        match self.inner.recent.entries(book, from, max_count, max_bytes) {
            Some(entries) => Ok(entries),
            None => self.read(|connection| reading::entries(connection, book, from, max_count, max_bytes)),
        }
    }

    /// Entries of a kind, one of amendment, withdrawal, notice, finding and disclosure, that are not void, of all books in the order of their codes,
    /// after one of them (book and number, or zeros), at most `max_count`.
    pub fn of_kind(&self, kind: u16, after: (u32, u64), max_count: usize) -> Result<Vec<Entry>, StoreError> {
        self.inner.queue.alive()?;
        self.read(|connection| reading::of_kind(connection, kind, after, max_count))
    }

    /// Why an entry is void; `None` for one that is not known to be.
    pub fn void(&self, book: u32, number: u64) -> Result<Option<Reason>, StoreError> {
        self.read(|connection| reading::void(connection, book, number))
    }

    /// What to send to a mirror that has `from_size` entries (spec/record.md §6): the entries up to the largest
    /// signed size within [`STEP_ENTRIES`] and [`STEP_BYTES`], or else up to the smallest one beyond these.
    /// `None` when no larger size is signed.
    pub fn step(&self, book: u32, from_size: u64) -> Result<Option<Step>, StoreError> {
        self.inner.queue.alive()?;
        match self.inner.recent.step(book, from_size) {
            Some(step) => Ok(step),
            None => self.read(|connection| reading::step(connection, book, from_size)),
        }
    }

    /// The checkpoint of exactly this size.
    pub fn checkpoint_at(&self, book: u32, size: u64) -> Result<Option<Checkpoint>, StoreError> {
        self.read(|connection| reading::checkpoint_at(connection, book, size))
    }

    /// The checkpoint of the largest size up to `most`.
    pub fn checkpoint_within(&self, book: u32, most: u64) -> Result<Option<Checkpoint>, StoreError> {
        self.read(|connection| reading::checkpoint_within(connection, book, most))
    }

    /// The largest size that a party has receipted.
    pub fn receipted(&self, book: u32, party: u8) -> Result<Option<u64>, StoreError> {
        self.read(|connection| receipts::largest_size_of(connection, book, party))
    }

    /// The checkpoint of the largest size.
    pub fn newest_checkpoint(&self, book: u32) -> Result<Option<Checkpoint>, StoreError> {
        self.read(|connection| reading::newest_checkpoint(connection, book))
    }

    /// The checkpoint of the smallest size above `after_size`.
    pub fn next_checkpoint(&self, book: u32, after_size: u64) -> Result<Option<Checkpoint>, StoreError> {
        self.read(|connection| reading::next_checkpoint(connection, book, after_size))
    }

    /// The receipts of all parties for exactly this size, by party and time.
    pub fn receipts_for(&self, book: u32, size: u64) -> Result<Vec<Receipt>, StoreError> {
        self.read(|connection| receipts::for_size(connection, book, size))
    }

    /// The smallest size above `after_size` that a party other than `besides` has receipted.
    pub fn next_receipted(&self, book: u32, after_size: u64, besides: u8) -> Result<Option<u64>, StoreError> {
        self.read(|connection| receipts::next_size(connection, book, after_size, besides))
    }

    /// The largest size that any party has receipted.
    pub fn most_receipted(&self, book: u32) -> Result<Option<u64>, StoreError> {
        self.read(|connection| receipts::largest_size(connection, book))
    }

    /// A party's receipts for sizes above `size`, by size. At about [`MAX_LIST`] the list ends, never within one size; ask again from
    /// its last size.
    pub fn receipts_after(&self, book: u32, party: u8, size: u64) -> Result<Vec<Receipt>, StoreError> {
        self.read(|connection| receipts::after(connection, book, party, size))
    }

    /// The first receipt of a party that covers an entry: of the smallest size, and of these the earliest.
    pub fn first_receipt_covering(
        &self,
        book: u32,
        party: u8,
        number: u64,
    ) -> Result<Option<Receipt>, StoreError> {
        self.read(|connection| receipts::first_covering(connection, book, party, number))
    }

    /// The entries that regard this one, in the order of their names, after `after`; at most [`MAX_LIST`].
    pub fn regards_of(
        &self,
        book: u32,
        number: u64,
        after: Option<(u32, u64)>,
    ) -> Result<Vec<Regard>, StoreError> {
        self.read(|connection| reading::regards_of(connection, book, number, after))
    }

    /// Evidence after the one of `after_id` (0: from the first), at most `max_count`.
    pub fn evidence(&self, after_id: u64, max_count: usize) -> Result<Vec<Evidence>, StoreError> {
        self.read(|connection| reading::evidence(connection, after_id, max_count))
    }

    /// The value last noted under a key.
    pub fn note(&self, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        self.read(|connection| reading::note(connection, key))
    }

    /// The newest snapshot that is sound.
    pub fn latest_snapshot(&self) -> Result<Option<Snapshot>, StoreError> {
        self.read(reading::latest_snapshot)
    }

    /// The root of the full subtree of `256^level` leaves that starts at leaf `index · 256^level`; `None` as long
    /// as it is not full. `level` is 1 or more: a leaf's hash is [`Store::leaf_hashes`].
    pub fn subtree(&self, book: u32, level: u8, index: u64) -> Result<Option<[u8; 32]>, StoreError> {
        self.read(|connection| reading::node(connection, book, level, index))
    }

    /// The roots of the full subtrees of `256^level` leaves with these indices, all of them or an error; `level` is 1
    /// or more.
    pub fn subtrees(&self, book: u32, level: u8, indices: Range<u64>) -> Result<Vec<[u8; 32]>, StoreError> {
        self.read(|connection| reading::nodes(connection, book, level, indices))
    }

    /// The leaf hashes of the entries with these numbers, at most [`MAX_LIST`], all of them or an error.
    pub fn leaf_hashes(&self, book: u32, numbers: Range<u64>) -> Result<Vec<[u8; 32]>, StoreError> {
        let found = numbers.end.saturating_sub(numbers.start);
        if found > MAX_LIST as u64 {
            return Err(StoreError::Bounded {
                what: "leaf hashes in one read",
                limit: MAX_LIST as u64,
                found,
            });
        }
        self.read(|connection| reading::leaves(connection, book, numbers))
    }

    /// Checks the whole store, for the doctor. Reads everything: minutes, for a large one.
    pub fn check(&self) -> Result<Audit, StoreError> {
        let mut audit = self.read(audit::audit)?;
        self.add_file_sizes(&mut audit.counts);
        Ok(audit)
    }

    /// How much the store holds.
    pub fn counts(&self) -> Result<Counts, StoreError> {
        let mut counts = self.read(audit::counts)?;
        self.add_file_sizes(&mut counts);
        Ok(counts)
    }

    /// The free space around the store, looked at now.
    pub fn space(&self) -> Result<Space, StoreError> {
        self.inner.reserve.space()
    }

    fn admit(&self, batch: &Batch) -> Result<usize, StoreError> {
        self.inner.queue.alive()?;
        batch.within_bounds()?;
        let bytes = batch.content_bytes();
        self.inner.reserve.admit(bytes as u64, batch.may_use_reserve())?;
        Ok(bytes)
    }

    fn read<T>(&self, ask: impl FnOnce(&Connection) -> Result<T, StoreError>) -> Result<T, StoreError> {
        self.inner.queue.alive()?;
        let idle = || self.inner.readers.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = idle().pop();
        let connection = kept.map_or_else(|| sqlite::connect_reader(&self.inner.database), Ok)?;
        let answer = ask(&connection);
        let mut idle = idle();
        if idle.len() < IDLE_READERS {
            idle.push(connection);
        }
        answer
    }

    fn add_file_sizes(&self, counts: &mut Counts) {
        let length = |path: &Path| fs::metadata(path).map_or(0, |found| found.len());
        counts.file_bytes = length(&self.inner.database);
        counts.log_bytes = length(&sqlite::log(&self.inner.database));
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").field("database", &self.inner.database).finish_non_exhaustive()
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.queue.close();
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        // A callback may hold the last handle: the writer cannot wait for itself, and ends anyway.
        if let Some(thread) = thread.filter(|thread| thread.thread().id() != std::thread::current().id()) {
            // A panic of a callback was reported where it happened.
            let _ = thread.join();
        }
    }
}

/// Makes a folder and those above it, durably: what is in it is not lost with its name.
fn make_folder(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    make_folder(parent)?;
    match fs::create_dir(path) {
        Err(cause) if cause.kind() != io::ErrorKind::AlreadyExists => Err(cause),
        _ => File::open(parent)?.sync_all(),
    }
}

/// Compares the marks. A new store gets one, unless a mark file says that a store was here before.
fn recognise(ledger: &mut Ledger, created: bool, path: &Path) -> Result<Instance, StoreError> {
    let (expected, found) = (ledger.mark()?, Mark::read(path)?.map(|(mark, _)| mark));
    match (expected, found) {
        (Some(expected), Some(found)) if expected == found => Ok(Instance::Same),
        (None, None) if created && !path.exists() => {
            let mark = Mark::random()?;
            ledger.adopt(mark)?;
            mark.write(0, path)?;
            Ok(Instance::New)
        }
        (expected, found) => Ok(Instance::Foreign { expected, found }),
    }
}
