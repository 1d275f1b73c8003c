//! Which way what comes came, so that the log and the stream can say so: by which circuit, or by courier.
//!
//! What is under way to the disk is remembered until it is shown, within a bound; nothing is decided by it, and past the
//! bound it is told without its way.

use std::collections::BTreeMap;
use std::sync::Arc;

use detente_line::{CircuitId, Memorandum, StoredEntry};
use detente_record::{Class, EntryRef, Party};

use crate::circuits::Circuits;
use crate::feed::Way;

/// Most entries whose way is remembered until they are durable.
const MAX_COMING: usize = 4_096;

/// What came which way.
#[derive(Debug, Default)]
pub(super) struct Ways {
    /// What is taken now came this way.
    now: Option<Arc<Way>>,
    /// That of entries which are not shown yet.
    coming: BTreeMap<EntryRef, Arc<Way>>,
}

impl Ways {
    /// Something comes on a circuit.
    pub(super) fn on(&mut self, circuits: &Circuits, circuit: CircuitId) {
        let live = circuits.live(circuit);
        self.now =
            live.map(|live| Arc::new(Way { peer: live.peer, name: live.name, kind: live.kind.name() }));
    }

    /// Something comes by courier.
    pub(super) fn by_courier(&mut self, memorandum: &Memorandum, from: Party) {
        let (peer, name) = (memorandum.name_of(from), "courier".to_owned());
        self.now = Some(Arc::new(Way { peer, name, kind: "courier" }));
    }

    /// What comes next comes from within.
    pub(super) fn taken(&mut self) {
        self.now = None;
    }

    /// Entries of others are on their way to the disk.
    pub(super) fn came(&mut self, memorandum: &Memorandum, me: Party, entries: &[StoredEntry]) {
        let Some(way) = &self.now else { return };
        let Way { peer, name: circuit, kind } = way.as_ref();
        for entry in entries.iter().map(|entry| entry.name).filter(|entry| entry.book.party != me) {
            let name = || entry.text(&memorandum.name_of(entry.book.party));
            match entry.book.class {
                Class::Z | Class::O | Class::A => tracing::info!(entry = name(), peer, circuit, kind, "came"),
                Class::P | Class::R => tracing::debug!(entry = name(), peer, circuit, kind, "came"),
            }
            if self.coming.len() < MAX_COMING {
                self.coming.insert(entry, Arc::clone(way));
            }
        }
    }

    /// The way of an entry that is shown now.
    pub(super) fn of(&mut self, entry: EntryRef) -> Option<Arc<Way>> {
        self.coming.remove(&entry)
    }

    /// The way of what is taken now.
    pub(super) fn now(&self) -> Option<Arc<Way>> {
        self.now.clone()
    }
}
