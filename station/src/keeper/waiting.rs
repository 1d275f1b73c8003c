//! What a full disk keeps waiting, so that FLASH and acts need not wait for it.
//!
//! [`WaitingEvidence`] and [`WaitingSignatures`] say what may use the reserve and what waits in memory; notes go with the
//! next batch, whatever room there is for it. All of it goes to the store by itself once there is room, and everybody can
//! see meanwhile how much waits ([`WaitsForRoom`]).

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use super::evidence::WaitingEvidence;
use super::signatures::WaitingSignatures;
use crate::store::Batch;

/// How often it is looked whether there is room again.
pub(super) const LOOK: Duration = Duration::from_secs(1);

/// How much waits in memory for room on the disk, for people to see.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct WaitsForRoom {
    /// Entries that the line's rules have this station write: until they are stored the line stands still.
    pub entries: usize,
    /// Checkpoints and receipts.
    pub signatures: usize,
    /// Proofs of breaches.
    pub evidence: usize,
    /// Proofs of breaches, since this station started, for which there was no place in memory either.
    pub dropped: u64,
}

/// What is not in the store yet, although the core has handed it over.
pub(super) struct Waiting {
    evidence: WaitingEvidence,
    signatures: WaitingSignatures,
    /// For the store, with the next batch.
    notes: Vec<(String, Vec<u8>)>,
    look_at: Option<Instant>,
    entries: usize,
    told: watch::Sender<WaitsForRoom>,
}

impl Waiting {
    /// Nothing; how much there is, is told there.
    pub(super) fn new(told: watch::Sender<WaitsForRoom>) -> Self {
        Self {
            evidence: WaitingEvidence::default(),
            signatures: WaitingSignatures::default(),
            notes: Vec::new(),
            look_at: None,
            entries: 0,
            told,
        }
    }

    /// A note for the store.
    pub(super) fn note(&mut self, key: &str, value: Vec<u8>) {
        self.notes.push((key.into(), value));
    }

    /// Whether anything waits.
    pub(super) fn is_any(&self) -> bool {
        self.evidence.len() > 0 || self.signatures.len() > 0 || !self.notes.is_empty()
    }

    /// Whether everything that the core holds as kept is stored, or handed to the store.
    pub(super) fn is_all_stored(&self) -> bool {
        self.signatures.are_stored() && self.notes.is_empty()
    }

    /// Notes go with this batch; if `room` says that there is some, all the rest does too. Asked only where it matters.
    pub(super) fn go_with(&mut self, batch: &mut Batch, room: impl FnOnce() -> bool) {
        batch.notes.splice(0..0, self.notes.drain(..));
        let rest = !self.evidence.is_idle() || self.signatures.len() > 0;
        if rest && room() {
            self.evidence.go_with(batch);
            self.signatures.go_with(batch);
        }
    }

    /// There is no room for this batch but in the reserve: leaves in it what must not wait. Signatures go with an
    /// ordinary entry that does not.
    pub(super) fn hold_back(&mut self, batch: &mut Batch, urgent: impl Fn(u32) -> bool) {
        self.evidence.hold_back(batch);
        if batch.entries.iter().all(|entry| urgent(entry.book)) {
            self.signatures.hold_back(batch, urgent);
        }
    }

    /// Not even the reserve has room for a batch without entries: all of it waits.
    pub(super) fn take(&mut self, mut batch: Batch) {
        self.signatures.hold_back(&mut batch, |_| false);
        self.evidence.wait(batch.evidence);
        self.notes.splice(0..0, batch.notes);
    }

    /// When it is looked next whether there is room for what waits; never, while nothing does.
    pub(super) fn look_at(&mut self) -> Option<Instant> {
        self.tell();
        if self.is_any() {
            Some(*self.look_at.get_or_insert_with(|| Instant::now() + LOOK))
        } else {
            self.look_at = None;
            None
        }
    }

    /// It is being looked now.
    pub(super) fn looked(&mut self) {
        self.look_at = None;
    }

    /// So many entries have the line stand still.
    pub(super) fn tell_entries(&mut self, entries: usize) {
        self.entries = entries;
        self.tell();
    }

    fn tell(&self) {
        let now = WaitsForRoom {
            entries: self.entries,
            signatures: self.signatures.len(),
            evidence: self.evidence.len(),
            dropped: self.evidence.dropped(),
        };
        self.told.send_if_modified(|told| std::mem::replace(told, now) != now);
    }
}
