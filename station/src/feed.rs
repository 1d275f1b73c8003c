//! What happened, kept for whoever follows: a bounded list that ascends by one.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use detente_line::{CircuitId, Shown};
use detente_record::{Book, Party};
use tokio::sync::watch;

use crate::airspace::{Raised, Reminder};
use crate::clock::Clock;
use crate::witness::Trouble;

/// How many happenings are kept.
pub const KEPT: usize = 10_000;

/// Something that happened.
#[derive(Debug, Clone)]
pub enum Told {
    /// The core said so.
    Shown(Box<Shown>),
    /// Two notices, or a notice and a plan, have come to be in each other's way.
    Conflict(Raised),
    /// A notice ends soon, or its review is near or overdue.
    Due(Reminder),
    /// Own plans were added, or dropped.
    Plans {
        /// How many were added.
        added: usize,
        /// How many were dropped.
        dropped: usize,
    },
    /// A witness cosigned a book.
    Witnessed {
        /// The witness's name.
        witness: String,
        /// Which book.
        book: Book,
        /// Up to which size.
        size: u64,
        /// When, by the witness's clock, seconds since 1970.
        seconds: u64,
    },
    /// A witness does not cosign.
    WitnessTrouble {
        /// The witness's name.
        witness: String,
        /// Which book; none where it is about all of them.
        book: Option<Book>,
        /// Why.
        trouble: Box<Trouble>,
    },
    /// A webhook does not deliver.
    WebhookTrouble {
        /// Its name.
        webhook: String,
        /// The number of what it does not deliver; none of a `begins` or a `gap`.
        number: Option<u64>,
        /// Why.
        trouble: Box<crate::webhook::Trouble>,
    },
    /// A circuit is withheld on purpose, for a drill, or given back.
    Withheld {
        /// Short name of the party at the other end.
        peer: String,
        /// What people call it.
        name: String,
        /// For how long, ms; 0: no more.
        for_ms: u64,
        /// It stands, and brings nothing.
        dark: bool,
    },
    /// A draft waits for a second officer, or does so no more.
    Release {
        /// Its number at this station.
        id: u64,
        /// `waits`, `released` or `taken back`.
        state: &'static str,
    },
    /// A circuit is gone.
    Down {
        /// Which.
        circuit: CircuitId,
        /// To whom.
        peer: Party,
    },
}

/// Which way something came: a circuit by its name, or a courier file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Way {
    /// Short name of the party that brought it.
    pub peer: String,
    /// What people call the circuit; `courier` for a file.
    pub name: String,
    /// What it runs on; `courier` for a file.
    pub kind: &'static str,
}

/// What happened, when, and in which order.
#[derive(Debug, Clone)]
pub struct Happening {
    /// From 1.
    pub id: u64,
    /// ms since 1970, by the station's clock.
    pub at_ms: u64,
    /// What.
    pub told: Arc<Told>,
    /// Which way it came, where it came from outside.
    pub way: Option<Arc<Way>>,
}

#[derive(Debug)]
struct Kept {
    happenings: Mutex<VecDeque<Happening>>,
    last: watch::Sender<u64>,
    clock: Clock,
}

/// The feed of one line; clones are handles to the same one.
#[derive(Debug, Clone)]
pub struct Feed(Arc<Kept>);

impl Feed {
    pub(crate) fn new(clock: Clock) -> Self {
        Self(Arc::new(Kept { happenings: Mutex::default(), last: watch::Sender::new(0), clock }))
    }

    pub(crate) fn tell(&self, told: Told, way: Option<Arc<Way>>) {
        let mut happenings = self.0.happenings.lock().unwrap_or_else(PoisonError::into_inner);
        let id = *self.0.last.borrow() + 1;
        if happenings.len() == KEPT {
            happenings.pop_front();
        }
        happenings.push_back(Happening { id, at_ms: self.0.clock.now_ms(), told: Arc::new(told), way });
        drop(happenings);
        self.0.last.send_replace(id);
    }

    /// Happenings after one, at most `limit`, and whether some before them are no longer kept.
    pub fn after(&self, id: u64, limit: usize) -> (Vec<Happening>, bool) {
        let happenings = self.0.happenings.lock().unwrap_or_else(PoisonError::into_inner);
        let gap = happenings.front().is_some_and(|first| first.id > id + 1);
        let found = happenings.partition_point(|happening| happening.id <= id);
        (happenings.range(found..).take(limit).cloned().collect(), gap)
    }

    /// The station's time, ms since 1970.
    pub fn now_ms(&self) -> u64 {
        self.0.clock.now_ms()
    }

    /// Tells when there are more.
    pub fn last(&self) -> watch::Receiver<u64> {
        self.0.last.subscribe()
    }
}
