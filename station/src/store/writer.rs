//! The writer: commits what was submitted, in groups, and says what is durable.
//!
//! A group is everything that waits, up to a bound, in one transaction: under load many batches share one sync,
//! and a batch that comes alone waits for nothing but its own, unless it is patient. Only after the commit has
//! returned does the memory that readers share learn of it, and only then is `on_durable` called. The first failure
//! is the last thing the writer does: it lets go of the ledger, stops the queue, tells `on_failed`, and leaves the
//! files as they are.
//!
//! There is one writer a store, and a thread that works for it. A submitter with nothing else to do may write what
//! waits itself ([`Shared::write_here`]) where the disk is quick: to wake another thread and be woken by it takes a
//! good part of what a commit takes. Whoever it is holds the writer while he takes a group and commits it.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::ledger::{Ledger, Outcome};
use super::queue::{Queue, Work};
use super::recent::Recent;
use super::reserve::Reserve;
use super::{OnDurable, OnFailed, StoreError};

/// How long nothing must come before the log is settled.
const IDLE: Duration = Duration::from_millis(100);
/// A commit that takes no longer may be made by a submitter itself: a task holds up the others of its thread so
/// long.
const QUICK: Duration = Duration::from_millis(2);

/// The writer, between its thread and submitters.
pub(super) struct Shared {
    writer: Mutex<Writer>,
    queue: Arc<Queue>,
}

/// What commits.
pub(super) struct Writer {
    /// None once anything has failed.
    pub ledger: Option<Ledger>,
    pub queue: Arc<Queue>,
    pub recent: Arc<Recent>,
    pub reserve: Arc<Reserve>,
    pub on_durable: OnDurable,
    pub on_failed: OnFailed,
    /// The last commit was quick.
    pub quick: bool,
}

impl Shared {
    pub(super) fn new(writer: Writer) -> Self {
        Self { queue: Arc::clone(&writer.queue), writer: Mutex::new(writer) }
    }

    /// The thread's work, until the store is closed or fails.
    pub(super) fn work(&self) {
        let _guard = StopAtEnd(&self.queue);
        loop {
            let work = self.queue.wait();
            // Whoever panicked while he held it has stopped the queue.
            let Ok(mut writer) = self.writer.lock() else { return };
            let done = match work {
                Work::Due => match writer.write() {
                    Ok(true) => writer.settle(),
                    written => written.map(drop),
                },
                Work::Adopt(adoption) => {
                    let adopted = writer.ledger().and_then(|ledger| ledger.adopt(adoption.mark));
                    // Whoever asked may have gone; the mark is written all the same.
                    let _ = adoption.done.send(adopted.clone());
                    adopted
                }
                Work::Settle => writer.settle(),
                Work::Closed => {
                    // After a failure there is nothing left to be settled.
                    if writer.ledger.is_some()
                        && let Err(failure) = writer.settle()
                    {
                        writer.fail(failure);
                    }
                    return;
                }
            };
            if let Err(failure) = done {
                return writer.fail(failure);
            }
        }
    }

    /// Writes what waits on the caller's own thread, unless the thread is at it, the disk is not quick, or nothing
    /// is due; the thread looks to the rest.
    pub(super) fn write_here(&self) {
        let guard = StopAtEnd(&self.queue);
        if let Ok(mut writer) = self.writer.try_lock()
            && writer.quick
        {
            match writer.write() {
                Ok(true) => self.queue.settle_at(Some(Instant::now())),
                Ok(false) => {}
                Err(failure) => writer.fail(failure),
            }
        }
        std::mem::forget(guard);
        if self.queue.has_due() {
            self.queue.ring();
        }
    }

    /// Writes all that is due on the caller's own thread; what the thread is at, it has written when this returns.
    pub(super) fn write_all(&self) {
        let guard = StopAtEnd(&self.queue);
        if let Ok(mut writer) = self.writer.lock() {
            let mut write = || -> Result<(), StoreError> {
                while self.queue.has_due() {
                    if writer.write()? {
                        writer.settle()?;
                    }
                }
                Ok(())
            };
            if let Err(failure) = write() {
                writer.fail(failure);
            }
        }
        std::mem::forget(guard);
    }
}

impl Writer {
    /// Writes the group that is due, if there is one; says whether the log must be settled even before the next.
    fn write(&mut self) -> Result<bool, StoreError> {
        let mut group = self.queue.group();
        if group.is_empty() {
            return Ok(false);
        }
        let began = Instant::now();
        let Outcome { committed, failure } = self.ledger()?.commit(&group);
        self.quick = began.elapsed() < QUICK;
        group.truncate(committed);
        if let Some(seq) = group.last().map(|batch| batch.seq) {
            self.recent.absorb(group);
            (self.on_durable)(seq);
        }
        if let Some(failure) = failure {
            return Err(failure);
        }
        let ledger = self.ledger()?;
        let (wants, needs) = (ledger.wants_settling(), ledger.needs_settling());
        let log_bytes = ledger.log_bytes();
        self.reserve.owes(log_bytes)?;
        if wants {
            self.queue.settle_at(Some(Instant::now() + IDLE));
        }
        // A log that is settled is written over instead of growing: what matters once room is scarce.
        Ok(needs || wants && self.reserve.is_spent())
    }

    fn settle(&mut self) -> Result<(), StoreError> {
        self.queue.settle_at(None);
        let ledger = self.ledger()?;
        ledger.settle()?;
        let log_bytes = ledger.log_bytes();
        self.reserve.owes(log_bytes)
    }

    fn ledger(&mut self) -> Result<&mut Ledger, StoreError> {
        self.ledger.as_mut().ok_or_else(|| StoreError::Stopped { because: "it has failed".to_owned() })
    }

    /// The end of it all; only the first failure is told.
    fn fail(&mut self, failure: StoreError) {
        if self.ledger.take().is_none() {
            return;
        }
        let failure = self.explain(failure);
        self.queue.stop(&failure);
        (self.on_failed)(failure);
    }

    /// Adds to a full disk how full it is.
    fn explain(&self, failure: StoreError) -> StoreError {
        match failure {
            StoreError::Full { what, needed_bytes, .. } => {
                let free_bytes = self.reserve.space().map_or(0, |space| space.free_bytes);
                StoreError::Full { what, needed_bytes, free_bytes }
            }
            failure => failure,
        }
    }
}

/// Lets nobody wait for a writer that is gone, should a callback have panicked.
struct StopAtEnd<'q>(&'q Queue);

impl Drop for StopAtEnd<'_> {
    fn drop(&mut self) {
        self.0.stop(&StoreError::Stopped { because: "its writer has ended".to_owned() });
    }
}
