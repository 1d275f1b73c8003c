//! The keeper of one line: a handle to the one task that performs what the core asks for. Everything else talks to a
//! line through a [`Keeper`].
//!
//! `opening` reads a line's papers and its record, `task` is what then runs, `record` brings entries to the core and
//! to the store; `waiting` is what a full disk has no room for.

mod evidence;
mod opening;
mod record;
mod signatures;
mod standstill;
mod task;
mod waiting;
mod ways;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use detente_line::{Carried, CircuitId, Draft, Event, Keyring, Line, Memorandum, Outgoing, Said, Unladen};
use detente_record::{EntryRef, Fault, LineId, Party};
use tokio::sync::{mpsc, oneshot, watch};

use crate::airspace::Airspace;
use crate::blobs::Blobs;
use crate::circuits::Circuits;
use crate::courier::Courier;
use crate::feed::Feed;
use crate::store::{Store, StoreError};
use crate::withheld::Withheld;
use crate::witness::Witnesses;

pub(crate) use opening::{Opening, open};
pub use record::secret_note;
pub(crate) use record::signed;
pub use waiting::WaitsForRoom;

/// Most inputs that wait for a line.
const MAX_WAITING: usize = 1_024;
/// Most entries of one list that are under way: as many as one group of the store takes, which a FLASH may have to wait for,
/// while the next are made.
const MAX_UNDER_WAY: usize = 128;
/// Most things that wait for a circuit: the core sends one at a time, or one of each lane, and a last one.
const MAX_OUTGOING: usize = 8;

/// What a narrow circuit says of itself.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Narrow {
    /// How many bytes a second it carries.
    pub(crate) rate: u32,
    /// Both ends hold the same of each other's word.
    pub(crate) agreed: bool,
}

/// The line's end of a circuit; once it is dropped, the circuit ends.
pub(crate) struct Out {
    frames: mpsc::Sender<Outgoing>,
    _held: oneshot::Sender<()>,
}

/// Tells whoever looked what was seen.
type Tell = Box<dyn FnOnce() + Send>;

/// What a line's task is asked.
pub(crate) enum Ask {
    Event(Event),
    Up {
        circuit: CircuitId,
        peer: Party,
        rank: u8,
        cost_ms: u64,
        narrow: Option<Narrow>,
        out: Out,
    },
    Write {
        draft: Box<Draft>,
        written: oneshot::Sender<Result<EntryRef, Refusal>>,
        receipted: Option<oneshot::Sender<()>>,
    },
    Carry {
        carried: Box<Carried>,
        told: oneshot::Sender<Result<Unladen, Refusal>>,
    },
    Look(Box<dyn FnOnce(&Line) -> Tell + Send>),
    Stop(oneshot::Sender<()>),
}

/// One entry of a list; everything that a line is asked passes it.
struct Listed {
    draft: Box<Draft<Said>>,
    written: oneshot::Sender<Result<EntryRef, Refusal>>,
}

/// Why something was not written.
#[derive(Debug)]
pub enum Refusal {
    /// The rules of the line, or of an entry.
    Fault(Fault),
    /// The store.
    Store(StoreError),
    /// The station stops.
    Stopping,
}

/// A line at work; clones are handles to the same one.
#[derive(Clone)]
pub struct Keeper {
    /// The memorandum that founded the line, with every party's signature in its file.
    pub founding: Arc<Memorandum>,
    /// Who this station speaks for.
    pub party: Party,
    /// The record.
    pub store: Store,
    /// What happened, for whoever follows.
    pub feed: Feed,
    /// What notices are in force, and the own plans.
    pub airspace: Airspace,
    /// The attachments.
    pub blobs: Blobs,
    /// How the memorandum's witnesses do, and what they have cosigned.
    pub witnesses: Witnesses,
    /// Its courier keys, and files by courier.
    pub courier: Courier,
    /// Its circuits, as configured and as they are.
    pub circuits: Circuits,
    /// Those that are withheld for a drill.
    pub withheld: Withheld,
    in_force: watch::Receiver<Arc<Memorandum>>,
    keyring: watch::Receiver<Arc<Keyring>>,
    waits: watch::Receiver<WaitsForRoom>,
    asks: mpsc::Sender<Ask>,
    list: mpsc::Sender<Listed>,
}

impl Keeper {
    /// The memorandum in force, as everything held here shows.
    pub fn memorandum(&self) -> Arc<Memorandum> {
        Arc::clone(&self.in_force.borrow())
    }

    /// Everybody's public keys, as everything held here shows.
    pub fn keyring(&self) -> Arc<Keyring> {
        Arc::clone(&self.keyring.borrow())
    }

    /// Everybody's public keys, and every change of them from now on.
    pub(crate) fn keyrings(&self) -> watch::Receiver<Arc<Keyring>> {
        let mut keyring = self.keyring.clone();
        keyring.mark_unchanged();
        keyring
    }

    /// What of this line waits in memory for room on the disk.
    pub fn waits_for_room(&self) -> WaitsForRoom {
        *self.waits.borrow()
    }

    /// The line's identity.
    pub fn line(&self) -> LineId {
        self.in_force.borrow().line()
    }

    /// Whether the line has no more than two parties.
    pub fn is_of_two(&self) -> bool {
        self.in_force.borrow().parties().nth(2).is_none()
    }

    /// Writes an entry; answers once it is durable.
    ///
    /// # Errors
    /// Why it was not written.
    pub async fn write(&self, draft: Draft) -> Result<EntryRef, Refusal> {
        self.ask_to_write(draft, None).await?.await.map_err(|_| Refusal::Stopping)?
    }

    /// Writes an entry; answers once every other party has receipted it, which the flag says, or after so long.
    ///
    /// # Errors
    /// Why it was not written.
    pub async fn write_receipted(
        &self,
        draft: Draft,
        patience: Duration,
    ) -> Result<(EntryRef, bool), Refusal> {
        let (told, receipted) = oneshot::channel();
        let written = self.ask_to_write(draft, Some(told)).await?;
        // The end of it first, and what is durable long before only then: whoever waits is woken once.
        let by_all = matches!(tokio::time::timeout(patience, receipted).await, Ok(Ok(())));
        Ok((written.await.map_err(|_| Refusal::Stopping)??, by_all))
    }

    async fn ask_to_write(
        &self,
        draft: Draft,
        receipted: Option<oneshot::Sender<()>>,
    ) -> Result<oneshot::Receiver<Result<EntryRef, Refusal>>, Refusal> {
        let (written, answer) = oneshot::channel();
        let ask = Ask::Write { draft: Box::new(draft), written, receipted };
        self.asks.send(ask).await.map_err(|_| Refusal::Stopping)?;
        Ok(answer)
    }

    /// Writes entries in order, many under way at a time; ends at the first that is not written. Gives the names of those
    /// that were, all durable, and why the next one was not. FLASH, receipts and whatever else comes passes them.
    pub async fn write_all(&self, drafts: Vec<Draft<Said>>) -> (Vec<EntryRef>, Option<Refusal>) {
        let (mut names, mut under_way) = (Vec::with_capacity(drafts.len()), VecDeque::new());
        let mut drafts = drafts.into_iter();
        loop {
            while under_way.len() < MAX_UNDER_WAY
                && let Some(draft) = drafts.next()
            {
                let (written, answer) = oneshot::channel();
                if self.list.send(Listed { draft: Box::new(draft), written }).await.is_err() {
                    return (names, Some(Refusal::Stopping));
                }
                under_way.push_back(answer);
            }
            let Some(answer) = under_way.pop_front() else { return (names, None) };
            match answer.await {
                Ok(Ok(name)) => names.push(name),
                Ok(Err(refusal)) => {
                    // What was asked for after it may have been written; those are told too.
                    for later in under_way {
                        names.extend(later.await.into_iter().flatten());
                    }
                    return (names, Some(refusal));
                }
                Err(_) => return (names, Some(Refusal::Stopping)),
            }
        }
    }

    /// Feeds frames of a courier file to the line; what is given answers once what was taken of them is durable.
    ///
    /// # Errors
    /// `Stopping`.
    pub(crate) async fn carry(
        &self,
        carried: Carried,
    ) -> Result<oneshot::Receiver<Result<Unladen, Refusal>>, Refusal> {
        let (told, answer) = oneshot::channel();
        let ask = Ask::Carry { carried: Box::new(carried), told };
        self.asks.send(ask).await.map_err(|_| Refusal::Stopping)?;
        Ok(answer)
    }

    /// Looks at the line as it is now; tells what was seen once all of it is durable, so that nobody is shown what a loss of power takes
    /// back.
    pub async fn look<T: Send + 'static>(&self, ask: impl FnOnce(&Line) -> T + Send + 'static) -> Option<T> {
        let (seen, answer) = oneshot::channel();
        let look = Box::new(move |line: &Line| -> Tell {
            let found = ask(line);
            Box::new(move || {
                let _ = seen.send(found);
            })
        });
        self.asks.send(Ask::Look(look)).await.ok()?;
        answer.await.ok()
    }

    /// A circuit is there, under a station key of a rank, `narrow` if it is such a one; gives what is to be put on it, and what ends when the line gives it up.
    pub(crate) async fn up(
        &self,
        circuit: CircuitId,
        peer: Party,
        rank: u8,
        cost_ms: u64,
        narrow: Option<Narrow>,
    ) -> Option<(mpsc::Receiver<Outgoing>, oneshot::Receiver<()>)> {
        let (frames, outgoing) = mpsc::channel(MAX_OUTGOING);
        let (held, given_up) = oneshot::channel();
        let out = Out { frames, _held: held };
        self.asks
            .send(Ask::Up { circuit, peer, rank, cost_ms, narrow, out })
            .await
            .ok()
            .map(|()| (outgoing, given_up))
    }

    /// Keeps the line's state for the next start and ends its task.
    pub(crate) async fn stop(&self) {
        let (stopped, done) = oneshot::channel();
        if self.asks.send(Ask::Stop(stopped)).await.is_ok() {
            let _ = done.await;
        }
    }

    /// Something happened on a circuit.
    pub async fn event(&self, event: Event) -> bool {
        self.asks.send(Ask::Event(event)).await.is_ok()
    }
}
