//! The one task of a line: performs what the core asks for, in one `match`, and asks it nothing but through its inputs.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use detente_line::{
    Append, Carried, CircuitId, Command, Effect, Event, Input, Keyring, Line, Memorandum, Outgoing, Shown,
    Unladen,
};
use detente_record::{Book, Class, EntryRef, Party, SignedCheckpoint};
use tokio::sync::{mpsc, oneshot, watch};
use zeroize::Zeroizing;

use super::record::batch;
use super::waiting::Waiting;
use super::ways::Ways;
use super::{Ask, Listed, MAX_WAITING, Out, Refusal, Tell, WaitsForRoom};
use crate::airspace::Airspace;
use crate::blobs::{Blobs, Work};
use crate::circuits::Circuits;
use crate::clock::Clock;
use crate::comparison::compare;
use crate::feed::{Feed, Told};
use crate::hooks::Hooks;
use crate::store::{Batch, Space, Store, StoreError};

/// After how many entries the line's state is kept again, so that a start need not read the whole record.
const SNAPSHOT_EVERY: u64 = 65_536;
/// Most entries of a batch that the line's task writes itself.
const SMALL: usize = 4;
/// A note of the store: the record may be older than what this party has said.
pub(super) const DISTRUST: &str = "distrust";

/// Somebody waits for an entry to be written.
struct Writing {
    written: oneshot::Sender<Result<EntryRef, Refusal>>,
    receipted: Option<oneshot::Sender<()>>,
    /// Others of its list come after it.
    listed: bool,
}

/// Somebody waits for an entry to be receipted by everybody.
struct Receipting {
    by: Vec<Party>,
    told: oneshot::Sender<()>,
}

/// The one task of a line.
pub(super) struct Task {
    pub(super) line: Line,
    clock: Clock,
    pub(super) store: Store,
    feed: Feed,
    airspace: Airspace,
    blobs: Blobs,
    hooks: Hooks,
    pub(super) asked: mpsc::Receiver<Ask>,
    /// What was asked while the line stood still, and is answered first.
    pub(super) later: VecDeque<Ask>,
    listed: mpsc::Receiver<Listed>,
    /// How many of lists are under way.
    listing: usize,
    /// The highest generation of own books that is noted outside every copy.
    taken: u16,
    /// The way back for what is worked out beside everything else.
    comparisons: mpsc::WeakSender<Ask>,
    amended: watch::Sender<Arc<Memorandum>>,
    ring: watch::Sender<Arc<Keyring>>,
    supersedes: watch::Sender<Option<u8>>,
    durable_until: watch::Receiver<u64>,
    /// The last batch that was handed to the store.
    handed: u64,
    /// What was seen, and which batch has to be durable before it is told.
    looks: VecDeque<(u64, Tell)>,
    ended_by: watch::Sender<Option<String>>,
    pub(super) circuits: BTreeMap<CircuitId, (Party, Out)>,
    /// What the station knows of them.
    known: Circuits,
    ways: Ways,
    writing: BTreeMap<u64, Writing>,
    receipting: BTreeMap<EntryRef, Receipting>,
    /// Who waits for what becomes of frames by courier.
    carrying: BTreeMap<u64, oneshot::Sender<Result<Unladen, Refusal>>>,
    next_id: u64,
    wake_ms: Option<u64>,
    /// Entries since the line's state was last kept.
    unkept: u64,
    /// What the disk has no room for just now.
    pub(super) waiting: Waiting,
    entropy: Entropy,
}

/// What a task begins with.
pub(super) struct Beginning {
    pub(super) line: Line,
    pub(super) clock: Clock,
    pub(super) store: Store,
    pub(super) feed: Feed,
    pub(super) airspace: Airspace,
    pub(super) blobs: Blobs,
    pub(super) known: Circuits,
    pub(super) hooks: Hooks,
    pub(super) asked: mpsc::Receiver<Ask>,
    pub(super) listed: mpsc::Receiver<Listed>,
    pub(super) comparisons: mpsc::WeakSender<Ask>,
    pub(super) amended: watch::Sender<Arc<Memorandum>>,
    pub(super) ring: watch::Sender<Arc<Keyring>>,
    pub(super) supersedes: watch::Sender<Option<u8>>,
    pub(super) durable_until: watch::Receiver<u64>,
    pub(super) ended_by: watch::Sender<Option<String>>,
    pub(super) waits: watch::Sender<WaitsForRoom>,
    /// Entries that were read after the kept state.
    pub(super) unkept: u64,
}

/// Random bytes for inputs, asked of the system for many at a time. Each is given once and overwritten.
struct Entropy {
    ahead: Zeroizing<[[u8; 32]; 64]>,
    left: usize,
}

impl Entropy {
    fn none() -> Self {
        Self { ahead: Zeroizing::new([[0; 32]; 64]), left: 0 }
    }

    /// Fresh ones; `None` when the system has none to give.
    fn draw(&mut self) -> Option<[u8; 32]> {
        if self.left == 0 {
            getrandom::fill(self.ahead.as_flattened_mut()).ok()?;
            self.left = self.ahead.len();
        }
        self.left -= 1;
        self.ahead.get_mut(self.left).map(std::mem::take)
    }
}

impl Task {
    pub(super) fn new(beginning: Beginning) -> Self {
        Self {
            line: beginning.line,
            clock: beginning.clock,
            store: beginning.store,
            feed: beginning.feed,
            airspace: beginning.airspace,
            blobs: beginning.blobs,
            hooks: beginning.hooks,
            asked: beginning.asked,
            later: VecDeque::new(),
            listed: beginning.listed,
            listing: 0,
            comparisons: beginning.comparisons,
            amended: beginning.amended,
            ring: beginning.ring,
            supersedes: beginning.supersedes,
            durable_until: beginning.durable_until,
            handed: 0,
            looks: VecDeque::new(),
            ended_by: beginning.ended_by,
            unkept: beginning.unkept,
            taken: 0,
            circuits: BTreeMap::new(),
            known: beginning.known,
            ways: Ways::default(),
            writing: BTreeMap::new(),
            receipting: BTreeMap::new(),
            carrying: BTreeMap::new(),
            next_id: 0,
            wake_ms: None,
            waiting: Waiting::new(beginning.waits),
            entropy: Entropy::none(),
        }
    }

    pub(super) async fn run(mut self) {
        self.input(Event::Started).await;
        self.show_keys();
        let here = self.blobs.here(self.line.custody().blobs());
        self.input(Event::BlobsHere(here)).await;
        loop {
            while let Some(ask) = self.later.pop_front() {
                match ask {
                    Ask::Stop(stopped) => return self.stop(stopped).await,
                    ask => self.asked(ask).await,
                }
            }
            let wake_ms = self.wake_ms;
            let clock = self.clock.clone();
            let wake = async move {
                match wake_ms {
                    Some(at_ms) => clock.until(at_ms.max(clock.now_ms() + 1)).await,
                    None => std::future::pending().await,
                }
            };
            let look_at = self.waiting.look_at();
            let look = async move {
                match look_at {
                    Some(at) => tokio::time::sleep_until(at).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                changed = self.durable_until.changed() => {
                    if changed.is_err() {
                        return;
                    }
                    let seq = *self.durable_until.borrow_and_update();
                    while let Some((_, tell)) = self.looks.pop_front_if(|(until, _)| *until <= seq) {
                        tell();
                    }
                    self.input(Event::Durable { seq }).await;
                }
                ask = self.asked.recv() => match ask {
                    None => return,
                    Some(Ask::Stop(stopped)) => return self.stop(stopped).await,
                    Some(ask) => self.asked(ask).await,
                },
                () = wake => {
                    self.wake_ms = None;
                    self.input(Event::Woken).await;
                }
                () = look => {
                    self.waiting.looked();
                    self.write_what_waits().await;
                }
                // Last of all: a list has time.
                Some(Listed { draft, written }) = self.listed.recv() => {
                    let writing = Writing { written, receipted: None, listed: true };
                    let class = draft.class;
                    self.write(class, Command::WriteSaid(*draft), writing).await;
                }
            }
        }
    }

    /// Keeps what is to be kept, and says that it is.
    async fn stop(mut self, stopped: oneshot::Sender<()>) {
        self.write_what_waits().await;
        self.keep_snapshot().await;
        drop(self);
        let _ = stopped.send(());
    }

    async fn asked(&mut self, ask: Ask) {
        match ask {
            Ask::Event(event) => {
                if let Event::CircuitDown { circuit } = &event
                    && let Some((peer, _)) = self.circuits.remove(circuit)
                {
                    self.tell(Told::Down { circuit: *circuit, peer });
                }
                if !self.must_wait_for_room(&event) {
                    if let Event::Received { circuit, .. } = &event {
                        self.ways.on(&self.known, *circuit);
                    }
                    self.input(event).await;
                    self.ways.taken();
                }
            }
            Ask::Up { circuit, peer, rank, cost_ms, narrow, out } => {
                let (rate, agreed) =
                    narrow.map_or((None, false), |narrow| (Some(narrow.rate), narrow.agreed));
                self.circuits.insert(circuit, (peer, out));
                self.input(Event::CircuitUp { circuit, peer, rank, cost_ms, rate, agreed }).await;
            }
            Ask::Write { draft, written, receipted } => {
                let writing = Writing { written, receipted, listed: false };
                let class = draft.class;
                self.write(class, Command::Write(*draft), writing).await;
            }
            Ask::Carry { carried, told } => self.carry(*carried, told).await,
            Ask::Look(look) => {
                let tell = look(&self.line);
                match *self.durable_until.borrow() < self.handed {
                    true => self.looks.push_back((self.handed, tell)),
                    false => tell(),
                }
            }
            // Taken by `run`, which it ends.
            Ask::Stop(_) => {}
        }
    }

    /// Hands frames of a courier file to the core, if the disk has room for what they bring.
    async fn carry(&mut self, carried: Carried, told: oneshot::Sender<Result<Unladen, Refusal>>) {
        if let Err(error) = has_room(&self.store, false) {
            let _ = told.send(Err(Refusal::Store(error)));
            return;
        }
        self.next_id += 1;
        self.carrying.insert(self.next_id, told);
        self.ways.by_courier(self.line.memorandum(), carried.from);
        self.input(Event::Carried(Carried { id: self.next_id, ..carried })).await;
        self.ways.taken();
    }

    /// Hands a command to the core, if the disk has room for what it writes.
    async fn write(&mut self, class: Option<Class>, command: Command, writing: Writing) {
        if let Err(error) = has_room(&self.store, matches!(class, Some(Class::Z | Class::A))) {
            let _ = writing.written.send(Err(Refusal::Store(error)));
            return;
        }
        self.next_id += 1;
        self.listing += usize::from(writing.listed);
        self.writing.insert(self.next_id, writing);
        self.input(Event::Command { id: self.next_id, command }).await;
    }

    /// Whoever waits for a command; it is done, or refused.
    fn written(&mut self, id: u64) -> Option<Writing> {
        let writing = self.writing.remove(&id)?;
        self.listing -= usize::from(writing.listed);
        Some(writing)
    }

    /// A step that the disk has no room for is not taken; its carrier offers it again.
    fn must_wait_for_room(&self, event: &Event) -> bool {
        let Event::Received { frame, .. } = event else { return false };
        detente_line::frame::step_class(frame)
            .is_some_and(|class| has_room(&self.store, matches!(class, Class::Z | Class::A)).is_err())
    }

    /// One input; then everything that the core wants done, in order.
    async fn input(&mut self, event: Event) {
        let Some(entropy) = self.entropy.draw() else {
            return self.end("the system gives no random bytes".into());
        };
        self.line.handle(Input {
            at_ms: self.clock.now_ms(),
            passed_ms: self.clock.passed_ms(),
            entropy,
            event,
        });
        while let Some(effect) = self.line.effect() {
            match effect {
                Effect::Append(append) => {
                    if let Err(error) = self.append(append).await {
                        return self.end(format!("the store refused: {error}. {}", error.hint()));
                    }
                }
                Effect::Send { circuit, what } => self.send(circuit, what),
                Effect::Compare { head, with } => self.compare(head, with),
                Effect::Resume { blob } => self.blobs.hand(Work::Resume(blob)),
                Effect::Keep { blob, chunk, bytes } => self.blobs.hand(Work::Keep(blob, chunk, bytes)),
                Effect::Show(shown) => self.shown(shown),
                Effect::Wake { at_ms } => self.wake_ms = Some(at_ms),
            }
        }
        if self.unkept >= SNAPSHOT_EVERY {
            self.keep_snapshot().await;
        }
    }

    /// Keeps the line's state, unless too much is under way just now.
    async fn keep_snapshot(&mut self) {
        if !self.waiting.is_all_stored() {
            return;
        }
        let Some((seq, snapshot)) = self.line.snapshot().filter(|_| self.unkept > 0) else { return };
        let bytes = snapshot.len();
        match self.store.submit_async(Batch { seq, snapshot: Some(snapshot), ..Batch::default() }).await {
            Ok(()) => tracing::debug!(bytes, "the line's state was kept"),
            // The next start reads more of the record; nothing else depends on it.
            Err(error) => tracing::warn!(%error, bytes, "the line's state was not kept"),
        }
        self.unkept = 0;
    }

    async fn append(&mut self, append: Append) -> Result<(), StoreError> {
        let own =
            append.entries.iter().map(|entry| entry.name.book).filter(|book| book.party == self.line.party());
        let generation = own.map(|book| book.generation).max().unwrap_or(0);
        if generation > self.taken {
            self.store.take_generation(generation)?;
            self.taken = generation;
        }
        self.ways.came(self.line.memorandum(), self.line.party(), &append.entries);
        let mut batch = batch(append, self.clock.now_ms());
        self.waiting.go_with(&mut batch, || has_room(&self.store, false).is_ok());
        // Among more than two, a receipt travels on with a step, which is read from the store.
        batch.patient &= self.line.memorandum().parties().nth(2).is_none() || batch.receipts.is_empty();
        self.unkept += batch.entries.len() as u64;
        match self.submit(batch.clone()).await {
            Err(StoreError::Full { .. }) => {}
            submitted => return submitted,
        }
        self.waiting.hold_back(&mut batch, is_urgent);
        // Commands and steps were held back before; this is what the line's rules have a station write.
        batch.insisted = true;
        let refused = match self.submit(batch.clone()).await {
            Err(refused @ StoreError::Full { .. }) => refused,
            submitted => return submitted,
        };
        if !(batch.entries.is_empty() && batch.void.is_empty()) {
            return self.stand_still(batch, refused).await;
        }
        // What others send unasked waits in memory, and nothing else waits for it.
        self.waiting.take(batch);
        Ok(())
    }

    /// Writes what a full disk has kept waiting, if there is room by now.
    async fn write_what_waits(&mut self) {
        if !self.waiting.is_any() || has_room(&self.store, false).is_err() {
            return;
        }
        let mut batch = Batch { seq: self.line.next_seq(), ..Batch::default() };
        self.waiting.go_with(&mut batch, || true);
        match self.store.submit_async(batch.clone()).await {
            Ok(()) => {}
            Err(StoreError::Full { .. }) => self.waiting.take(batch),
            Err(error) => self.end(format!("the store refused: {error}. {}", error.hint())),
        }
    }

    /// Hands a batch to the store, and notes that it did; where nothing else waits for the line, and it is small, it is written at once, by this
    /// very task: a step of a backlog would keep a FLASH that comes meanwhile waiting, and a list goes on while its
    /// last group is written.
    async fn submit(&mut self, batch: Batch) -> Result<(), StoreError> {
        let seq = batch.seq;
        let handed = if self.asked.is_empty() && self.listing == 0 && batch.entries.len() <= SMALL {
            self.store.submit_here(batch).await
        } else {
            self.store.submit_async(batch).await
        };
        if handed.is_ok() {
            self.handed = seq;
        }
        handed
    }

    /// Works out beside everything else how a peer's checkpoint stands to what is held.
    fn compare(&self, head: SignedCheckpoint, with: SignedCheckpoint) {
        let (store, comparisons) = (self.store.clone(), self.comparisons.clone());
        tokio::task::spawn_blocking(move || match compare(&store, head, with) {
            Ok(fork) => {
                if let Some(asks) = comparisons.upgrade() {
                    let _ = asks.blocking_send(Ask::Event(Event::Compared(Box::new(fork))));
                }
            }
            Err(error) => {
                tracing::error!(%error, "a peer's checkpoint could not be compared with the record")
            }
        });
    }

    fn send(&mut self, circuit: CircuitId, what: Outgoing) {
        let closes = matches!(what, Outgoing::Close(_));
        let sent = self.circuits.get(&circuit).is_some_and(|(_, out)| out.frames.try_send(what).is_ok());
        if (closes || !sent)
            && let Some((peer, _)) = self.circuits.remove(&circuit)
        {
            self.tell(Told::Down { circuit, peer });
        }
    }

    fn shown(&mut self, shown: Shown) {
        match &shown {
            Shown::Accepted { id, entry } => {
                if let Some(writing) = self.written(*id) {
                    let _ = writing.written.send(Ok(*entry));
                    if let Some(told) = writing.receipted {
                        let others = self.line.members().iter().copied();
                        let by = others.filter(|party| *party != self.line.party()).collect();
                        self.receipting.insert(*entry, Receipting { by, told });
                    }
                }
                return;
            }
            Shown::Carried { id, unladen } => {
                if let Some(told) = self.carrying.remove(id) {
                    let _ = told.send(Ok(unladen.clone()));
                }
                return;
            }
            Shown::Refused { id, fault } => {
                if let Some(writing) = self.written(*id) {
                    let _ = writing.written.send(Err(Refusal::Fault(fault.clone())));
                }
                return;
            }
            Shown::Receipted { receipt } => {
                let first = EntryRef { book: receipt.book, number: 1 };
                let last = EntryRef { book: receipt.book, number: receipt.size };
                let covered: Vec<EntryRef> =
                    self.receipting.range(first..=last).map(|(entry, _)| *entry).collect();
                for entry in covered {
                    if let Some(receipting) = self.receipting.get_mut(&entry) {
                        receipting.by.retain(|party| *party != receipt.party);
                        if receipting.by.is_empty()
                            && let Some(done) = self.receipting.remove(&entry)
                        {
                            let _ = done.told.send(());
                        }
                    }
                }
                if self.receipting.len() > MAX_WAITING {
                    self.receipting.retain(|_, receipting| !receipting.told.is_closed());
                }
            }
            Shown::Amended { memorandum, judged, .. } => {
                self.airspace.amended(memorandum, judged.clone());
                self.amended.send_replace(Arc::clone(memorandum));
                self.show_keys();
            }
            Shown::Named { memorandum, .. } => {
                self.amended.send_replace(Arc::clone(memorandum));
                self.show_keys();
            }
            Shown::KeysRenewed { .. } => self.show_keys(),
            Shown::Otherwise { name, digests: [said, signed], .. } => {
                tracing::error!(
                    entry = %crate::api::name_text(self.line.memorandum(), *name),
                    said = detente_record::hex(said),
                    signed = detente_record::hex(signed),
                    "a party has signed another entry than it said ahead under that name"
                );
            }
            Shown::Renewed => self.waiting.note(DISTRUST, Vec::new()),
            _ => {}
        }
        self.airspace.shown(&shown);
        let way = match &shown {
            Shown::Entry { name, .. } => self.ways.of(*name),
            _ => self.ways.now(),
        };
        let told = Told::Shown(Box::new(shown));
        self.hooks.run(&told, self.line.memorandum(), self.line.party());
        self.feed.tell(told, way);
    }

    /// Tells whoever verifies, and whoever listens for circuits, what keys there are.
    fn show_keys(&mut self) {
        self.ring.send_replace(Arc::new(self.line.keyring()));
        let rank = self.line.rank(self.line.party());
        if rank > self.line.own_rank() {
            self.supersedes.send_replace(Some(rank));
        }
    }

    pub(super) fn tell(&mut self, told: Told) {
        self.hooks.run(&told, self.line.memorandum(), self.line.party());
        self.feed.tell(told, None);
    }

    fn end(&mut self, why: String) {
        let _ = self.ended_by.send(Some(why));
    }
}

/// Whether a book, by its code, is one of FLASH or acts.
fn is_urgent(book: u32) -> bool {
    Book::from_code(book).is_ok_and(|book| matches!(book.class, Class::Z | Class::A))
}

/// Whether the disk has room for what is urgent, or for more than that.
pub(super) fn has_room(store: &Store, urgent: bool) -> Result<(), StoreError> {
    match store.space()? {
        Space { ordinary_accepted: false, free_bytes, .. } if !urgent => {
            Err(StoreError::Full { what: "write anything but FLASH and acts", needed_bytes: 0, free_bytes })
        }
        Space { urgent_accepted: false, free_bytes, .. } => {
            Err(StoreError::Full { what: "write even FLASH and acts", needed_bytes: 0, free_bytes })
        }
        _ => Ok(()),
    }
}
