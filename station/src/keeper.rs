//! The keeper of one line: performs what the core asks for, in one `match`, and asks it nothing but through
//! its inputs. One task a line; everything else talks to it through a [`Keeper`].

mod record;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use detente_line::{
    Append, CircuitId, Command, Draft, Effect, Event, Input, Line, Memorandum, Outgoing, Shown,
};
use detente_record::{Book, Class, EntryRef, Fault, LineId, Party, SignedCheckpoint};
use tokio::sync::{mpsc, oneshot, watch};
use zeroize::Zeroizing;

use crate::airspace::{self, Airspace};
use crate::clock::Clock;
use crate::comparison::compare;
use crate::dials::Dials;
use crate::error::SetupError;
use crate::feed::{Feed, Told};
use crate::home::Home;
use crate::hooks::Hooks;
use crate::keys::Keys;
use crate::paper::Paper;
use crate::store::{Batch, Instance, NewEvidence, Options, Space, Store, StoreError};

use record::batch;
pub use record::secret_note;

/// Most inputs that wait for a line.
const MAX_WAITING: usize = 1_024;
/// Most entries of one caller that are written at a time.
const MAX_UNDER_WAY: usize = 512;
/// Most things that wait for a circuit: the core sends one at a time, and a last one.
const MAX_OUTGOING: usize = 4;
/// After how many entries the line's state is kept again, so that a start need not read the whole record.
const SNAPSHOT_EVERY: u64 = 65_536;
/// Most evidence that waits for room on the disk.
const MAX_EVIDENCE: usize = 256;
/// A note of the store: the record may be older than what this party has said.
const DISTRUST: &str = "distrust";

/// The line's end of a circuit; once it is dropped, the circuit ends.
struct Out {
    frames: mpsc::Sender<Outgoing>,
    _held: oneshot::Sender<()>,
}

/// What a line's task is asked.
enum Ask {
    Event(Event),
    Up {
        circuit: CircuitId,
        peer: Party,
        out: Out,
    },
    Write {
        draft: Box<Draft>,
        written: oneshot::Sender<Result<EntryRef, Refusal>>,
        receipted: Option<oneshot::Sender<()>>,
    },
    Look(Box<dyn FnOnce(&Line) + Send>),
    Stop(oneshot::Sender<()>),
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
    /// The memorandum in force.
    pub memorandum: Arc<Memorandum>,
    /// Who this station speaks for.
    pub party: Party,
    /// The record.
    pub store: Store,
    /// What happened, for whoever follows.
    pub feed: Feed,
    /// What notices are in force, and the own plans.
    pub airspace: Airspace,
    /// Why circuits that are dialled are not up.
    pub dials: Dials,
    asks: mpsc::Sender<Ask>,
}

impl Keeper {
    /// The line's identity.
    pub fn line(&self) -> LineId {
        self.memorandum.line()
    }

    /// Whether the line has no more than two parties.
    pub fn is_of_two(&self) -> bool {
        self.memorandum.parties().nth(2).is_none()
    }

    /// Writes an entry; answers once it is durable. `receipted` is told when every other party has receipted it.
    ///
    /// # Errors
    /// Why it was not written.
    pub async fn write(
        &self,
        draft: Draft,
        receipted: Option<oneshot::Sender<()>>,
    ) -> Result<EntryRef, Refusal> {
        let (written, answer) = oneshot::channel();
        let ask = Ask::Write { draft: Box::new(draft), written, receipted };
        self.asks.send(ask).await.map_err(|_| Refusal::Stopping)?;
        answer.await.map_err(|_| Refusal::Stopping)?
    }

    /// Writes entries in order, many under way at a time; ends at the first that is not written. Gives the names of those
    /// that were, all durable, and why the next one was not.
    pub async fn write_all(&self, drafts: Vec<Draft>) -> (Vec<EntryRef>, Option<Refusal>) {
        let (mut names, mut under_way) = (Vec::with_capacity(drafts.len()), VecDeque::new());
        let mut drafts = drafts.into_iter();
        loop {
            while under_way.len() < MAX_UNDER_WAY
                && let Some(draft) = drafts.next()
            {
                let (written, answer) = oneshot::channel();
                let ask = Ask::Write { draft: Box::new(draft), written, receipted: None };
                if self.asks.send(ask).await.is_err() {
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

    /// Looks at the line as it is now.
    pub async fn look<T: Send + 'static>(&self, ask: impl FnOnce(&Line) -> T + Send + 'static) -> Option<T> {
        let (seen, answer) = oneshot::channel();
        let look = Box::new(move |line: &Line| {
            let _ = seen.send(ask(line));
        });
        self.asks.send(Ask::Look(look)).await.ok()?;
        answer.await.ok()
    }

    /// A circuit is there; gives what is to be put on it, and what ends when the line gives it up.
    pub(crate) async fn up(
        &self,
        circuit: CircuitId,
        peer: Party,
    ) -> Option<(mpsc::Receiver<Outgoing>, oneshot::Receiver<()>)> {
        let (frames, outgoing) = mpsc::channel(MAX_OUTGOING);
        let (held, given_up) = oneshot::channel();
        let out = Out { frames, _held: held };
        self.asks.send(Ask::Up { circuit, peer, out }).await.ok().map(|()| (outgoing, given_up))
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

/// What a line is opened with.
pub(crate) struct Opening<'a> {
    pub(crate) home: &'a Home,
    pub(crate) name: &'a str,
    pub(crate) clock: Clock,
    pub(crate) hooks: Hooks,
}

/// A line's own key of its station, for its circuits.
pub(crate) struct Opened {
    pub(crate) keeper: Keeper,
    pub(crate) keys: Keys,
    /// Says why when the line can go on no longer.
    pub(crate) ended: watch::Receiver<Option<String>>,
}

/// Opens a line: reads its papers and its record, and starts its task.
///
/// # Errors
/// Whatever is wrong with the papers or the store.
pub(crate) fn open(opening: Opening<'_>) -> Result<Opened, SetupError> {
    let Opening { home, name, clock, hooks } = opening;
    let keys = Keys::read(&home.keys(name))?;
    let path = home.memorandum(name);
    let paper = Paper::read(&path)?;
    let memorandum = paper.memorandum(&path)?;
    let missing = paper.missing(&path)?;
    if !missing.is_empty() {
        return Err(SetupError::Unsigned { path, missing: missing.join(", ") });
    }
    let Some(party) = memorandum.party_named(keys.party()) else {
        let found = keys.party().to_owned();
        return Err(Fault::misuse("keys", "those of a party of the memorandum", found).into());
    };
    let mut line = Line::new(memorandum.clone(), keys.identity(party))?;
    home.make(&home.store(name))?;
    home.make(home.mark(name).parent().unwrap_or(home.path()))?;
    let (durable, durable_until) = watch::channel(0);
    let (ended_by, ended) = watch::channel(None);
    let failed_by = ended_by.clone();
    let (store, instance) = Store::open(Options {
        on_durable: Box::new(move |seq| {
            let _ = durable.send(seq);
        }),
        on_failed: Box::new(move |error| {
            let _ = failed_by.send(Some(format!("the store failed: {error}. {}", error.hint())));
        }),
        ..Options::new(home.store(name), home.mark(name), memorandum.line().0)
    })?;
    let (asks, asked) = mpsc::channel(MAX_WAITING);
    let comparisons = asks.downgrade();
    let feed = Feed::new(clock.clone());
    let memorandum = Arc::new(memorandum);
    let unkept = record::restore(&mut line, &store)?;
    let airspace = Airspace::open(airspace::Opening {
        memorandum: Arc::clone(&memorandum),
        me: party,
        store: store.clone(),
        plans: home.plans(name),
        clock: clock.clone(),
        feed: feed.clone(),
        hooks: hooks.clone(),
        judged: line.held().into_iter().map(|held| (held.book, held.judged)).collect(),
        marked: line.marked().collect(),
    })?;
    let keeper = Keeper {
        memorandum,
        party,
        store: store.clone(),
        feed: feed.clone(),
        airspace: airspace.clone(),
        dials: Dials::default(),
        asks,
    };
    let mut task = Task {
        line,
        clock,
        store,
        feed,
        airspace,
        hooks,
        asked,
        taken: 0,
        comparisons,
        durable_until,
        ended_by,
        circuits: BTreeMap::new(),
        writing: BTreeMap::new(),
        receipting: BTreeMap::new(),
        next_id: 0,
        wake_ms: None,
        of_two: keeper.is_of_two(),
        unkept,
        notes: Vec::new(),
        evidence: VecDeque::new(),
        entropy: Entropy::none(),
    };
    if matches!(instance, Instance::Foreign { .. })
        || task.store.note(DISTRUST)?.is_some_and(|note| note == [1])
    {
        tracing::warn!(
            line = name,
            "the store was restored, copied or lost: its books go on in their next generation, and what is missing \
             comes back from the other parties"
        );
        task.store.submit(Batch { seq: 0, notes: vec![(DISTRUST.into(), vec![1])], ..Batch::default() })?;
        // What else was taken, on another machine, nobody here can know: some numbers are left out.
        let mut left_out = [0];
        getrandom::fill(&mut left_out)
            .map_err(|cause| StoreError::Io { what: "draw a random number", cause: cause.to_string() })?;
        let taken = task.store.taken_generation()?.unwrap_or(0).max(task.line.generation());
        let least = taken.saturating_add(1).saturating_add(u16::from(left_out[0] % 16));
        task.store.adopt_mark(least)?;
        task.line.distrust(least);
    }
    tokio::spawn(task.run());
    Ok(Opened { keeper, keys, ended })
}

/// Somebody waits for an entry to be written.
struct Writing {
    written: oneshot::Sender<Result<EntryRef, Refusal>>,
    receipted: Option<oneshot::Sender<()>>,
}

/// Somebody waits for an entry to be receipted by everybody.
struct Receipting {
    by: Vec<Party>,
    told: oneshot::Sender<()>,
}

struct Task {
    line: Line,
    clock: Clock,
    store: Store,
    feed: Feed,
    airspace: Airspace,
    hooks: Hooks,
    asked: mpsc::Receiver<Ask>,
    /// The highest generation of own books that is noted outside every copy.
    taken: u16,
    /// The way back for what is worked out beside everything else.
    comparisons: mpsc::WeakSender<Ask>,
    durable_until: watch::Receiver<u64>,
    ended_by: watch::Sender<Option<String>>,
    circuits: BTreeMap<CircuitId, (Party, Out)>,
    writing: BTreeMap<u64, Writing>,
    receipting: BTreeMap<EntryRef, Receipting>,
    next_id: u64,
    wake_ms: Option<u64>,
    /// Entries since the line's state was last kept.
    unkept: u64,
    /// The line has two parties.
    of_two: bool,
    /// For the store, with the next batch.
    notes: Vec<(String, Vec<u8>)>,
    /// What the disk had no room for yet, for the next batch that it has room for.
    evidence: VecDeque<NewEvidence>,
    entropy: Entropy,
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
    async fn run(mut self) {
        self.input(Event::Started).await;
        loop {
            let wake_ms = self.wake_ms;
            let clock = self.clock.clone();
            let wake = async move {
                match wake_ms {
                    Some(at_ms) => clock.until(at_ms.max(clock.now_ms() + 1)).await,
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
                    self.input(Event::Durable { seq }).await;
                }
                ask = self.asked.recv() => match ask {
                    None => return,
                    Some(Ask::Stop(stopped)) => {
                        self.keep_snapshot().await;
                        drop(self);
                        let _ = stopped.send(());
                        return;
                    }
                    Some(ask) => self.asked(ask).await,
                },
                () = wake => {
                    self.wake_ms = None;
                    self.input(Event::Woken).await;
                }
            }
        }
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
                    self.input(event).await;
                }
            }
            Ask::Up { circuit, peer, out } => {
                self.circuits.insert(circuit, (peer, out));
                self.input(Event::CircuitUp { circuit, peer }).await;
            }
            Ask::Write { draft, written, receipted } => {
                let urgent = matches!(draft.class, Some(Class::Z | Class::A));
                if let Err(error) = self.room(urgent) {
                    let _ = written.send(Err(Refusal::Store(error)));
                    return;
                }
                self.next_id += 1;
                let id = self.next_id;
                self.writing.insert(id, Writing { written, receipted });
                self.input(Event::Command { id, command: Command::Write(*draft) }).await;
            }
            Ask::Look(look) => look(&self.line),
            // Taken by `run`, which it ends.
            Ask::Stop(_) => {}
        }
    }

    /// Whether the disk has room for what is urgent, or for more than that.
    fn room(&self, urgent: bool) -> Result<(), StoreError> {
        match self.store.space()? {
            Space { ordinary_accepted: false, free_bytes, .. } if !urgent => Err(StoreError::Full {
                what: "write anything but FLASH and acts",
                needed_bytes: 0,
                free_bytes,
            }),
            Space { urgent_accepted: false, free_bytes, .. } => {
                Err(StoreError::Full { what: "write even FLASH and acts", needed_bytes: 0, free_bytes })
            }
            _ => Ok(()),
        }
    }

    /// A step that the disk has no room for is not taken; its carrier offers it again.
    fn must_wait_for_room(&self, event: &Event) -> bool {
        let Event::Received { frame, .. } = event else { return false };
        detente_line::frame::step_class(frame)
            .is_some_and(|class| self.room(matches!(class, Class::Z | Class::A)).is_err())
    }

    /// One input; then everything that the core wants done, in order.
    async fn input(&mut self, event: Event) {
        let Some(entropy) = self.entropy.draw() else {
            return self.end("the system gives no random bytes".into());
        };
        self.line.handle(Input { at_ms: self.clock.now_ms(), entropy, event });
        while let Some(effect) = self.line.effect() {
            match effect {
                Effect::Append(append) => {
                    if let Err(error) = self.append(append).await {
                        return self.end(format!("the store refused: {error}. {}", error.hint()));
                    }
                }
                Effect::Send { circuit, what } => self.send(circuit, what),
                Effect::Compare { head, with } => self.compare(head, with),
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
        let mut batch = batch(append, self.clock.now_ms());
        batch.notes.append(&mut self.notes);
        if !self.evidence.is_empty() && self.room(false).is_ok() {
            batch.evidence.extend(self.evidence.drain(..));
        }
        // Among more than two, a receipt travels on with a step, which is read from the store.
        batch.patient &= self.of_two || batch.receipts.is_empty();
        self.unkept += batch.entries.len() as u64;
        let urgent =
            |book: u32| Book::from_code(book).is_ok_and(|book| matches!(book.class, Class::Z | Class::A));
        match self.submit(batch.clone()).await {
            // What is ordinary and not an entry is signed again later; FLASH and acts must not wait for it.
            Err(StoreError::Full { .. }) if batch.entries.iter().all(|entry| urgent(entry.book)) => {
                batch.checkpoints.retain(|checkpoint| urgent(checkpoint.book));
                batch.receipts.retain(|receipt| urgent(receipt.book));
                let room = MAX_EVIDENCE.saturating_sub(self.evidence.len());
                self.evidence.extend(batch.evidence.drain(..).take(room));
                self.submit(batch).await
            }
            // Commands and steps were held back before; this is what the line's rules have a station write.
            Err(StoreError::Full { .. }) => self.submit(Batch { insisted: true, ..batch }).await,
            submitted => submitted,
        }
    }

    /// Hands a batch to the store; where nothing else waits for the line, it is written at once, by this very task.
    async fn submit(&self, batch: Batch) -> Result<(), StoreError> {
        if self.asked.is_empty() {
            self.store.submit_here(batch).await
        } else {
            self.store.submit_async(batch).await
        }
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
                if let Some(writing) = self.writing.remove(id) {
                    let _ = writing.written.send(Ok(*entry));
                    if let Some(told) = writing.receipted {
                        let by = self
                            .line
                            .memorandum()
                            .parties()
                            .filter(|party| *party != self.line.party())
                            .collect();
                        self.receipting.insert(*entry, Receipting { by, told });
                    }
                }
                return;
            }
            Shown::Refused { id, fault } => {
                if let Some(writing) = self.writing.remove(id) {
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
            Shown::Renewed => self.notes.push((DISTRUST.into(), Vec::new())),
            _ => {}
        }
        self.airspace.shown(&shown);
        self.tell(Told::Shown(Box::new(shown)));
    }

    fn tell(&mut self, told: Told) {
        self.hooks.run(&told, self.line.memorandum(), self.line.party());
        self.feed.tell(told);
    }

    fn end(&mut self, why: String) {
        let _ = self.ended_by.send(Some(why));
    }
}
