//! The writer: one thread that commits what was submitted, in groups, and says what is durable.
//!
//! A group is everything that waits, up to a bound, in one transaction: under load many batches share one sync,
//! and a batch that comes alone waits for nothing but its own, unless it is patient. Only after the commit has returned does the memory
//! that readers share learn of it, and only then is `on_durable` called. The first failure is the last thing the
//! writer does: it tells `on_failed`, stops the queue, and leaves the files as they are.

use std::sync::Arc;
use std::time::Duration;

use super::ledger::{Ledger, Outcome};
use super::queue::{Queue, Work};
use super::recent::Recent;
use super::reserve::Reserve;
use super::{Batch, OnDurable, OnFailed, StoreError};

/// How long nothing must come before the log is settled.
const IDLE: Duration = Duration::from_millis(100);

/// The writer's half of an open store.
pub(super) struct Writer {
    pub ledger: Ledger,
    pub queue: Arc<Queue>,
    pub recent: Arc<Recent>,
    pub reserve: Arc<Reserve>,
    pub on_durable: OnDurable,
    pub on_failed: OnFailed,
}

impl Writer {
    /// Works until the store is closed or fails.
    pub(super) fn run(mut self) {
        let _guard = StopAtEnd(Arc::clone(&self.queue));
        let ended = self.work();
        if let Err(failure) = ended {
            let failure = self.explain(failure);
            self.queue.stop(&failure);
            (self.on_failed)(failure);
        }
    }

    fn work(&mut self) -> Result<(), StoreError> {
        loop {
            let patience = self.ledger.wants_settling().then_some(IDLE);
            match self.queue.take(patience) {
                Work::Group(group) => self.commit(group)?,
                Work::Adopt(adoption) => {
                    let adopted = self.ledger.adopt(adoption.mark);
                    // Whoever asked may have gone; the mark is written all the same.
                    let _ = adoption.done.send(adopted.clone());
                    adopted?;
                }
                Work::Idle => self.settle()?,
                Work::Closed => return self.ledger.settle(),
            }
        }
    }

    fn commit(&mut self, mut group: Vec<Batch>) -> Result<(), StoreError> {
        let Outcome { committed, failure } = self.ledger.commit(&group);
        group.truncate(committed);
        if let Some(seq) = group.last().map(|batch| batch.seq) {
            self.recent.absorb(group);
            (self.on_durable)(seq);
        }
        if let Some(failure) = failure {
            return Err(failure);
        }
        // A log that is settled is written over instead of growing: what matters once room is scarce.
        if self.ledger.needs_settling() || self.ledger.wants_settling() && self.reserve.is_spent() {
            return self.settle();
        }
        self.reserve.owes(self.ledger.log_bytes())
    }

    fn settle(&mut self) -> Result<(), StoreError> {
        self.ledger.settle()?;
        self.reserve.owes(self.ledger.log_bytes())
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
struct StopAtEnd(Arc<Queue>);

impl Drop for StopAtEnd {
    fn drop(&mut self) {
        self.0.stop(&StoreError::Stopped { because: "its writer has ended".to_owned() });
    }
}
