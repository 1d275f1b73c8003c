//! The way to the writer: batches in the order in which they were submitted, bounded in number and in bytes.
//!
//! A submitter waits while the queue is full; one batch is always taken, however large, when the queue is empty.
//! Batches that are patient are held for [`COMPANY`]: a sync costs the same for one batch as for a hundred, and
//! what comes next would have to wait for theirs. One that is not lets all before it go with it.
//! Once stopped, the queue refuses for ever and lets every waiting submitter go with the reason.

use std::collections::VecDeque;
use std::sync::mpsc::SyncSender;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use super::mark::Mark;
use super::{Batch, StoreError};

/// Most batches that wait for the writer.
const MAX_BATCHES: usize = 1_024;
/// Most content bytes that wait for the writer.
const MAX_BYTES: usize = 8 * 1024 * 1024;
/// A group is closed once it has this many items.
const GROUP_ITEMS: usize = 256;
/// A group is closed once it has this many content bytes.
const GROUP_BYTES: usize = 256 * 1024;

/// How long a patient batch waits for others.
const COMPANY: Duration = Duration::from_millis(10);

/// Where submitters and the writer meet.
#[derive(Debug, Default)]
pub(super) struct Queue {
    state: Mutex<State>,
    /// Rung when there is something to take, or the queue closes.
    work: Condvar,
    /// Rung when there is room, or the queue stops; for threads, and for tasks.
    room: Condvar,
    room_for_tasks: Notify,
}

#[derive(Debug, Default)]
struct State {
    batches: VecDeque<(Batch, usize)>,
    bytes: usize,
    /// How many of the batches are not patient.
    impatient: usize,
    /// Until when those that wait may be held.
    held_until: Option<Instant>,
    /// When the writer, while it waits, looks again without being rung; none if it waits for ever.
    looks_at: Option<Instant>,
    /// When the log is to be settled, if nothing else is to be done by then.
    settle_at: Option<Instant>,
    last_seq: Option<u64>,
    adoption: Option<Adoption>,
    closed: bool,
    stopped: Option<StoreError>,
}

/// A request for a new instance mark, with the way back.
#[derive(Debug)]
pub(super) struct Adoption {
    /// The mark to write into the database.
    pub mark: Mark,
    /// Told once it is durable there.
    pub done: SyncSender<Result<(), StoreError>>,
}

/// What the writer is to do next.
#[derive(Debug)]
pub(super) enum Work {
    /// Commit the group that is due.
    Due,
    /// Write a new mark.
    Adopt(Adoption),
    /// Settle the log.
    Settle,
    /// Nothing will come any more.
    Closed,
}

/// A batch waiting outside a full queue.
enum Offer {
    Taken,
    Waits(Batch),
}

impl Queue {
    /// Queues a batch; blocks while the queue is full.
    pub(super) fn push(&self, batch: Batch, bytes: usize) -> Result<(), StoreError> {
        let mut state = self.lock();
        let mut waiting = batch;
        loop {
            match state.offer(waiting, bytes)? {
                Offer::Taken => break,
                Offer::Waits(batch) => waiting = batch,
            }
            state = self.room.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        let rings = state.needs_ring();
        drop(state);
        if rings {
            self.work.notify_one();
        }
        Ok(())
    }

    /// Queues a batch; the task waits while the queue is full. Dropped while it waits, nothing was queued.
    ///
    /// Returns whether there is something to take now: for whoever rings ([`Queue::ring`]), or takes it itself.
    pub(super) async fn push_async(&self, batch: Batch, bytes: usize) -> Result<bool, StoreError> {
        let mut waiting = batch;
        loop {
            let room = self.room_for_tasks.notified();
            let mut room = std::pin::pin!(room);
            room.as_mut().enable();
            let (offered, rings) = {
                let mut state = self.lock();
                (state.offer(waiting, bytes)?, state.needs_ring())
            };
            match offered {
                Offer::Taken => return Ok(rings),
                Offer::Waits(batch) => waiting = batch,
            }
            room.await;
        }
    }

    /// Has the writer's thread look at what there is to do.
    pub(super) fn ring(&self) {
        self.work.notify_one();
    }

    /// Says when the log is to be settled if nothing else is to be done by then; never, for none.
    pub(super) fn settle_at(&self, at: Option<Instant>) {
        let mut state = self.lock();
        let rings = at.is_some_and(|at| state.looks_at.is_none_or(|looks_at| at < looks_at));
        state.settle_at = at;
        drop(state);
        if rings {
            self.work.notify_one();
        }
    }

    /// Asks the writer for a new mark.
    pub(super) fn adopt(&self, adoption: Adoption) -> Result<(), StoreError> {
        let mut state = self.lock();
        state.open()?;
        state.adoption = Some(adoption);
        drop(state);
        self.work.notify_one();
        Ok(())
    }

    /// Waits for the next work of the writer's thread.
    pub(super) fn wait(&self) -> Work {
        let began = Instant::now();
        let mut state = self.lock();
        loop {
            if let Some(adoption) = state.adoption.take() {
                return Work::Adopt(adoption);
            }
            if state.is_due() {
                return Work::Due;
            }
            if state.batches.is_empty() && (state.closed || state.stopped.is_some()) {
                return Work::Closed;
            }
            let now = Instant::now();
            if state.settle_at.take_if(|at| *at <= now).is_some() {
                return Work::Settle;
            }
            // What is patient comes right after a group, as a rule: it is waited for a while, so that it need not ring.
            let soon = Some(began + COMPANY).filter(|at| *at > now);
            let looks_at = state.held_until.or(soon).into_iter().chain(state.settle_at).min();
            state.looks_at = looks_at;
            state = match looks_at.map(|at| at.saturating_duration_since(now)) {
                None => self.work.wait(state).unwrap_or_else(PoisonError::into_inner),
                Some(wait) => self.work.wait_timeout(state, wait).unwrap_or_else(PoisonError::into_inner).0,
            };
        }
    }

    /// Whether there is something to be taken now.
    pub(super) fn has_due(&self) -> bool {
        self.lock().is_due()
    }

    /// All that waits and is due, up to one group; nothing if somebody else has taken it. To be called by whoever
    /// holds the ledger, so that groups are written in the order in which they are taken.
    pub(super) fn group(&self) -> Vec<Batch> {
        let mut state = self.lock();
        if !state.is_due() {
            return Vec::new();
        }
        let group = state.group();
        drop(state);
        self.room.notify_all();
        self.room_for_tasks.notify_waiters();
        group
    }

    /// No more is taken in; what waits is still written.
    pub(super) fn close(&self) {
        self.lock().closed = true;
        self.wake_all();
    }

    /// Refuses everything from now on, for this reason; what waits is dropped. The first reason stays.
    pub(super) fn stop(&self, because: &StoreError) {
        let mut state = self.lock();
        state.stopped.get_or_insert_with(|| because.stopped());
        state.batches.clear();
        (state.impatient, state.held_until, state.adoption) = (0, None, None);
        drop(state);
        self.wake_all();
    }

    /// Fails with the reason once the store has stopped.
    pub(super) fn alive(&self) -> Result<(), StoreError> {
        self.lock().stopped.clone().map_or(Ok(()), Err)
    }

    fn wake_all(&self) {
        self.work.notify_all();
        self.room.notify_all();
        self.room_for_tasks.notify_waiters();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn open(&self) -> Result<(), StoreError> {
        if let Some(reason) = &self.stopped {
            return Err(reason.clone());
        }
        if self.closed {
            return Err(StoreError::Stopped { because: "it was closed".to_owned() });
        }
        Ok(())
    }

    fn offer(&mut self, batch: Batch, bytes: usize) -> Result<Offer, StoreError> {
        self.open()?;
        if let Some(last) = self.last_seq.filter(|last| batch.seq <= *last) {
            return Err(StoreError::Misuse {
                what: "the seq of batches rises",
                expected: format!("more than {last}"),
                found: batch.seq.to_string(),
            });
        }
        let full = self.batches.len() >= MAX_BATCHES || self.bytes.saturating_add(bytes) > MAX_BYTES;
        if full && !self.batches.is_empty() {
            return Ok(Offer::Waits(batch));
        }
        self.last_seq = Some(batch.seq);
        self.bytes += bytes;
        self.impatient += usize::from(!batch.patient);
        self.held_until.get_or_insert_with(|| Instant::now() + COMPANY);
        self.batches.push_back((batch, bytes));
        Ok(Offer::Taken)
    }

    /// Whether the writer would come too late by itself.
    fn needs_ring(&self) -> bool {
        self.is_due() || self.batches.len() == 1 && self.looks_at.is_none_or(|at| Some(at) > self.held_until)
    }

    /// Whether there is something that is held no longer.
    fn is_due(&self) -> bool {
        let full = self.batches.len() >= GROUP_ITEMS || self.bytes >= GROUP_BYTES;
        let over = || self.held_until.is_some_and(|until| until <= Instant::now());
        !self.batches.is_empty() && (self.impatient > 0 || full || self.closed || over())
    }

    fn group(&mut self) -> Vec<Batch> {
        let (mut group, mut items, mut bytes) = (Vec::new(), 0, 0);
        while items < GROUP_ITEMS && bytes < GROUP_BYTES {
            let fits = |(_, more): &mut (Batch, usize)| group.is_empty() || bytes + *more <= GROUP_BYTES;
            let Some((batch, more)) = self.batches.pop_front_if(fits) else { break };
            self.bytes -= more;
            self.impatient -= usize::from(!batch.patient);
            bytes += more;
            items += batch.entries.len().max(1);
            group.push(batch);
        }
        if self.batches.is_empty() {
            self.held_until = None;
        }
        group
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn batch(seq: u64) -> Batch {
        Batch { seq, ..Batch::default() }
    }

    /// The next group, if any is due now.
    fn group(queue: &Queue) -> Vec<u64> {
        queue.group().iter().map(|batch| batch.seq).collect()
    }

    #[test]
    fn a_group_ends_at_its_bounds_and_keeps_the_order() {
        let queue = Queue::default();
        for seq in 1..=300 {
            queue.push(batch(seq), 1).unwrap();
        }
        assert_eq!(group(&queue), (1..=256).collect::<Vec<_>>());
        assert_eq!(group(&queue), (257..=300).collect::<Vec<_>>());
        queue.push(batch(301), GROUP_BYTES * 2).unwrap();
        queue.push(batch(302), 1).unwrap();
        assert_eq!(group(&queue), [301], "one that is larger than a group goes alone");
        assert_eq!(group(&queue), [302]);
        assert_eq!(group(&queue), [] as [u64; 0]);
    }

    #[test]
    fn patient_batches_wait_for_company_but_not_for_ever() {
        let queue = Queue::default();
        let patient = |seq| Batch { seq, patient: true, ..Batch::default() };
        let waiting = || queue.lock().batches.len();
        queue.push(patient(1), 1).unwrap();
        queue.push(patient(2), 1).unwrap();
        assert!(!queue.lock().is_due());
        queue.push(batch(3), 1).unwrap();
        assert_eq!(group(&queue), [1, 2, 3], "one that does not wait lets those before it go");
        queue.push(patient(4), 1).unwrap();
        assert_eq!(group(&queue), [] as [u64; 0]);
        assert!(matches!(queue.wait(), Work::Due));
        assert_eq!(group(&queue), [4], "held for a while, then written alone");
        queue.push(patient(5), GROUP_BYTES).unwrap();
        assert!(queue.lock().is_due(), "a group's worth waits for nothing");
        assert_eq!(group(&queue), [5]);
        queue.push(patient(6), 1).unwrap();
        queue.close();
        assert_eq!((group(&queue), waiting()), (vec![6], 0), "nor does what is left at the end");
        assert!(matches!(queue.wait(), Work::Closed));
    }

    #[test]
    fn a_patient_batch_does_not_ring_a_writer_that_looks_in_time() {
        let rings = |looks_at, patient| {
            let mut state = State { looks_at, ..State::default() };
            state.offer(Batch { seq: 1, patient, ..Batch::default() }, 1).unwrap();
            state.needs_ring()
        };
        let now = Instant::now();
        assert!(!rings(Some(now), true), "it looks before the batch is held too long");
        assert!(rings(Some(now), false), "nothing that is not patient waits for it");
        assert!(rings(Some(now + 10 * COMPANY), true), "it would look too late");
        assert!(rings(None, true), "it would not look at all");
    }

    #[test]
    fn the_log_is_settled_when_it_is_due_and_nothing_else_is() {
        let queue = Queue::default();
        queue.settle_at(Some(Instant::now()));
        queue.push(batch(1), 1).unwrap();
        assert!(matches!(queue.wait(), Work::Due));
        assert_eq!(group(&queue), [1]);
        assert!(matches!(queue.wait(), Work::Settle));
        queue.close();
        assert!(matches!(queue.wait(), Work::Closed), "once is enough");
    }

    #[test]
    fn a_seq_that_does_not_rise_is_refused() {
        let queue = Queue::default();
        queue.push(batch(7), 1).unwrap();
        assert!(matches!(queue.push(batch(7), 1), Err(StoreError::Misuse { .. })));
    }

    #[test]
    fn whoever_waits_for_room_gets_it_or_the_reason() {
        let queue = Queue::default();
        queue.push(batch(1), MAX_BYTES).unwrap();
        std::thread::scope(|threads| {
            let waiting = threads.spawn(|| queue.push(batch(2), MAX_BYTES));
            let mut seen = Vec::new();
            while seen.len() < 2 {
                seen.extend(group(&queue));
            }
            assert_eq!(seen, [1, 2]);
            assert_eq!(waiting.join().unwrap(), Ok(()));

            queue.push(batch(3), MAX_BYTES).unwrap();
            let refused = threads.spawn(|| queue.push(batch(4), MAX_BYTES));
            let cause = StoreError::Busy { what: "commit" };
            queue.stop(&cause);
            assert_eq!(refused.join().unwrap(), Err(cause.stopped()));
            assert_eq!(queue.alive(), Err(cause.stopped()));
        });
    }

    #[tokio::test]
    async fn a_task_that_waits_is_woken() {
        let queue = Queue::default();
        queue.push(batch(1), MAX_BYTES).unwrap();
        let wait = queue.push_async(batch(2), MAX_BYTES);
        let take = async {
            tokio::task::yield_now().await;
            group(&queue)
        };
        let (waited, taken) = tokio::join!(wait, take);
        assert_eq!((waited, taken), (Ok(true), vec![1]));
        assert_eq!(group(&queue), [2]);
    }
}
