//! A station of a checked line: the real [`Line`], its disk, and what it has promised in all of its lives.
//!
//! A station is a value. What happens to it makes another one, and a station is known by everything that ever happened to it: two
//! that went through the same are the same, whatever happened elsewhere meanwhile. The core is deterministic, so nothing is
//! left out that could tell them apart, and each is computed once.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use detente_line::frame::Frame;
use detente_line::{
    Append, CircuitId, Command, Effect, Event, Fork, Input, Line, Memorandum, Outgoing, Renewed, Shown,
};
use detente_record::{Book, BookSecret, Class, EntryRef, Fault, Party, Receipt, SignedCheckpoint, leaf_hash};

use crate::founding::Keys;
use crate::record::Record;
use crate::wish::Wish;

/// Frames that arrive or are lost together.
pub(crate) type Packet = Arc<Vec<Vec<u8>>>;

/// What happens to a station.
#[derive(Debug, Clone, Hash)]
pub(crate) enum Step {
    /// It starts, with what its disk holds.
    Starts,
    /// An officer asks for something.
    Asked(Wish),
    /// A circuit is there.
    Up(CircuitId, Party),
    /// A circuit is gone.
    Down(CircuitId),
    /// Frames come in.
    Received(CircuitId, Packet),
    /// The next batch is on the disk.
    Synced,
    /// It dies; so many of the batches that were handed to the disk are on it.
    Dies(usize),
    /// The time has come that it asked for.
    Woken,
}

/// A promise that is kept or broken in the moment of a deed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Promise {
    /// Record §7: a receipt is given only when every entry up to its size is durable.
    Receipt,
    /// Record §6: a checkpoint is signed only for a size whose entries are durable.
    Checkpoint,
    /// Nobody here breaks a rule: nobody is accused, refused or not understood.
    Trust,
    /// Line §5: a suspension needs nobody's consent.
    Suspension,
    /// Line §5: what always passes is never refused.
    Passage,
}

/// How a station is false to the house's rules, for checks that have to find it out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Deceit {
    /// Its disk says of a batch that it is durable as soon as it has it.
    HastyDisk,
    /// Nothing is heard of the receipts that it gives.
    LostReceipts,
    /// It refuses to suspend and to cry out, as if that needed somebody's consent.
    Gagged,
    /// Its disk gives back other acts than it was given, when it starts again.
    AlteredDisk,
}

/// What all stations of a check have.
pub(crate) struct Ground {
    pub(crate) keys: Vec<Keys>,
    pub(crate) memorandum: Memorandum,
    /// By party.
    pub(crate) deceits: BTreeSet<(u8, Deceit)>,
    /// Whether every frame travels by itself.
    pub(crate) apart: bool,
}

/// A station.
#[derive(Clone)]
pub(crate) struct Station {
    /// Stands for everything that ever happened to it.
    pub(crate) id: u64,
    pub(crate) party: Party,
    /// The line, while it lives.
    pub(crate) line: Option<Line>,
    /// What a crash leaves.
    pub(crate) disk: Arc<Record>,
    /// What its disk says that it holds: the same, unless that deceives.
    pub(crate) read: Arc<Record>,
    /// Batches that are not on the disk yet.
    pub(crate) pending: VecDeque<Arc<Append>>,
    pub(crate) circuits: BTreeMap<CircuitId, Party>,
    pub(crate) wake_ms: Option<u64>,
    /// What it has told its officers to be accepted, in all lives, and what that said.
    pub(crate) accepted: BTreeMap<EntryRef, Arc<[u8]>>,
    /// The largest size of each book that it has given a receipt for, in all lives.
    pub(crate) receipted: BTreeMap<Book, u64>,
    /// Promises that it has broken, in all lives.
    pub(crate) broken: BTreeMap<Promise, String>,
    /// What the last step put on circuits.
    pub(crate) out: Vec<(CircuitId, Packet)>,
    asked: Option<Wish>,
}

impl Ground {
    fn has(&self, party: Party, deceit: Deceit) -> bool {
        self.deceits.contains(&(party.number(), deceit))
    }

    /// What a station is known by, after something has happened to it.
    pub(crate) fn id_after(id: u64, step: &Step, now_ms: u64) -> u64 {
        let mut hasher = DefaultHasher::new();
        (id, step, now_ms).hash(&mut hasher);
        hasher.finish()
    }
}

impl Station {
    /// A station that has never run.
    pub(crate) fn new(party: Party) -> Self {
        Self {
            id: u64::from(party.number()),
            party,
            line: None,
            disk: Arc::default(),
            read: Arc::default(),
            pending: VecDeque::new(),
            circuits: BTreeMap::new(),
            wake_ms: None,
            accepted: BTreeMap::new(),
            receipted: BTreeMap::new(),
            broken: BTreeMap::new(),
            out: Vec::new(),
            asked: None,
        }
    }

    /// Whether an officer could ask for something now.
    pub(crate) fn can_ask(&self, wish: Wish, now_ms: u64) -> bool {
        self.line.as_ref().is_some_and(|line| wish.draft(line, now_ms).is_some())
    }

    /// The station after something has happened to it.
    pub(crate) fn after(&self, ground: &Ground, step: &Step, now_ms: u64) -> Self {
        let mut next = Self { out: Vec::new(), asked: None, ..self.clone() };
        next.id = Ground::id_after(self.id, step, now_ms);
        match step {
            Step::Starts => next.start(ground, now_ms),
            Step::Asked(wish) if next.can_ask(*wish, now_ms) => next.ask(ground, *wish, now_ms),
            Step::Asked(_) => {}
            Step::Up(circuit, peer) => {
                next.circuits.insert(*circuit, *peer);
                let up = Event::CircuitUp {
                    circuit: *circuit,
                    peer: *peer,
                    rank: 0,
                    cost_ms: 0,
                    rate: None,
                    agreed: false,
                };
                next.feed(ground, up, now_ms);
            }
            Step::Down(circuit) => {
                next.circuits.remove(circuit);
                next.feed(ground, Event::CircuitDown { circuit: *circuit }, now_ms);
            }
            Step::Received(circuit, packet) => {
                for frame in packet.iter() {
                    next.feed(ground, Event::Received { circuit: *circuit, frame: frame.clone() }, now_ms);
                }
            }
            Step::Synced => next.sync(ground, now_ms),
            Step::Dies(survive) => next.die(ground, *survive),
            Step::Woken => {
                next.wake_ms = None;
                next.feed(ground, Event::Woken, now_ms);
            }
        }
        next
    }

    fn ask(&mut self, ground: &Ground, wish: Wish, now_ms: u64) {
        let Some(draft) = self.line.as_ref().and_then(|line| wish.draft(line, now_ms)) else { return };
        self.asked = Some(wish);
        if matches!(wish, Wish::Suspend | Wish::Cease) && ground.has(self.party, Deceit::Gagged) {
            return self.refused("by its own station");
        }
        self.feed(ground, Event::Command { id: 1, command: Command::Write(draft) }, now_ms);
    }

    fn refused(&mut self, why: &str) {
        let promise = match self.asked {
            Some(Wish::Suspend) => Promise::Suspension,
            Some(Wish::Cease) => Promise::Passage,
            _ => return,
        };
        self.breaks(promise, format!("refused: {why}"));
    }

    fn breaks(&mut self, promise: Promise, how: String) {
        self.broken.entry(promise).or_insert(how);
    }

    fn sync(&mut self, ground: &Ground, now_ms: u64) {
        let Some(append) = self.pending.pop_front() else { return };
        if let Err(why) = Arc::make_mut(&mut self.disk).take(&append) {
            self.breaks(Promise::Trust, why);
        }
        if !ground.has(self.party, Deceit::HastyDisk) {
            self.read = Arc::clone(&self.disk);
            self.feed(ground, Event::Durable { seq: append.seq }, now_ms);
        }
    }

    fn die(&mut self, ground: &Ground, survive: usize) {
        for append in std::mem::take(&mut self.pending).into_iter().take(survive) {
            if let Err(why) = Arc::make_mut(&mut self.disk).take(&append) {
                self.breaks(Promise::Trust, why);
            }
        }
        if ground.has(self.party, Deceit::AlteredDisk) {
            Arc::make_mut(&mut self.disk).alter();
        }
        self.read = Arc::clone(&self.disk);
        self.line = None;
        self.circuits.clear();
        self.wake_ms = None;
    }

    fn start(&mut self, ground: &Ground, now_ms: u64) {
        match self.restored(ground) {
            Ok(line) => self.line = Some(line),
            Err(fault) => return self.breaks(Promise::Trust, format!("does not start: {fault}")),
        }
        self.feed(ground, Event::Started, now_ms);
        self.feed(ground, Event::BlobsHere(Vec::new()), now_ms);
    }

    /// The line as its disk has it, in the order that the core asks for.
    fn restored(&self, ground: &Ground) -> Result<Line, Fault> {
        let none = || Fault::misuse("party", "one of the line", self.party.number().to_string());
        let keys = ground.keys.get(usize::from(self.party.number())).ok_or_else(none)?;
        let renewed = Renewed::default();
        let mut line = Line::with_keys(ground.memorandum.clone(), None, keys.identity(), renewed)?;
        let record = &*self.disk;
        for ((party, rank), secret) in &record.secrets {
            line.restore_secret(*party, *rank, secret.clone());
        }
        for signed in record.checkpoints.values().flat_map(|of| of.values()) {
            line.restore_checkpoint(signed.clone());
        }
        let mut books: Vec<Book> = record.entries.keys().copied().collect();
        books.sort_by_key(|book| (book.class != Class::A, book.party == self.party, *book));
        for book in books {
            for (bytes, number) in record.entries.get(&book).into_iter().flatten().zip(1..) {
                line.restore_entry(EntryRef { book, number }, bytes)?;
            }
        }
        for receipt in record.receipts.values().flat_map(|of| of.values()) {
            line.restore_receipt(receipt.clone());
        }
        for proof in &record.evidence {
            line.restore_evidence(proof);
        }
        while line.void_restored().is_some() {}
        Ok(line)
    }

    /// Gives the line one input, and does what it asks for.
    fn feed(&mut self, ground: &Ground, event: Event, now_ms: u64) {
        let [a, b, c, d, e, f, g, h] = self.id.to_be_bytes();
        let mut entropy = [0; 32];
        entropy.iter_mut().zip([a, b, c, d, e, f, g, h].iter().cycle()).for_each(|(to, from)| *to = *from);
        let mut events = VecDeque::from([event]);
        while let Some(event) = events.pop_front() {
            let Some(line) = &mut self.line else { return };
            line.handle(Input { at_ms: now_ms, passed_ms: now_ms, entropy, event });
            let effects: Vec<Effect> = std::iter::from_fn(|| line.effect()).collect();
            for effect in effects {
                events.extend(self.perform(ground, effect));
            }
        }
    }

    fn perform(&mut self, ground: &Ground, effect: Effect) -> Option<Event> {
        match effect {
            Effect::Append(append) => self.append(ground, append),
            Effect::Send { circuit, what } => self.send(ground, circuit, what),
            Effect::Compare { head, with } => match self.compare(ground, head, with) {
                Ok(fork) => Some(Event::Compared(Box::new(fork))),
                Err(fault) => {
                    self.breaks(Promise::Trust, format!("cannot compare: {fault}"));
                    None
                }
            },
            Effect::Resume { .. } | Effect::Keep { .. } => None,
            Effect::Wake { at_ms } => {
                self.wake_ms = Some(at_ms);
                None
            }
            Effect::Show(shown) => {
                self.shown(shown);
                None
            }
        }
    }

    fn append(&mut self, ground: &Ground, append: Append) -> Option<Event> {
        let me = self.party;
        for signed in append.checkpoints.iter().filter(|signed| signed.checkpoint.book.party == me) {
            let (book, size) = (signed.checkpoint.book, signed.checkpoint.size);
            let held = self.disk.size(book);
            if held < size {
                self.breaks(
                    Promise::Checkpoint,
                    format!("signs size {size} of {book:?}; {held} are durable"),
                );
            }
        }
        let seq = append.seq;
        let hasty = ground.has(self.party, Deceit::HastyDisk);
        if hasty && let Err(why) = Arc::make_mut(&mut self.read).take(&append) {
            self.breaks(Promise::Trust, why);
        }
        self.pending.push_back(Arc::new(append));
        hasty.then_some(Event::Durable { seq })
    }

    fn send(&mut self, ground: &Ground, circuit: CircuitId, what: Outgoing) -> Option<Event> {
        let peer = self.circuits.get(&circuit).copied()?;
        let lane = what.lane();
        let mut reached = None;
        let frames = match what {
            Outgoing::Frames(frames) => frames,
            Outgoing::Key(frame) => vec![frame],
            Outgoing::Step { book, from, end, ahead: _ } => {
                let (frames, size) = self.read.step(book, from, &end, peer).unzip();
                reached = size.map(|size| (book, size));
                frames.unwrap_or_default()
            }
            Outgoing::Part { .. } => Vec::new(),
            Outgoing::Close(_) => {
                self.breaks(Promise::Trust, format!("closes its circuit with {peer:?}"));
                return None;
            }
        };
        for frame in &frames {
            if let Ok(Frame::Receipt(receipt)) = Frame::decode(frame)
                && receipt.party == self.party
            {
                self.gives(ground, &receipt);
            }
        }
        let is_receipt = |frame: &Vec<u8>| matches!(Frame::decode(frame), Ok(Frame::Receipt(_)));
        let mutes = ground.has(self.party, Deceit::LostReceipts);
        let frames: Vec<Vec<u8>> = frames.into_iter().filter(|frame| !(mutes && is_receipt(frame))).collect();
        if ground.apart {
            self.out.extend(frames.into_iter().map(|frame| (circuit, Arc::new(vec![frame]))));
        } else if !frames.is_empty() {
            self.out.push((circuit, Arc::new(frames)));
        }
        Some(Event::Sent { circuit, lane, reached })
    }

    /// Holds a receipt that leaves to what the disk has in that moment.
    fn gives(&mut self, ground: &Ground, receipt: &Receipt) {
        let known = self.receipted.entry(receipt.book).or_default();
        *known = receipt.size.max(*known);
        let line = ground.memorandum.line();
        let (Some(keys), Some(author)) = (
            ground.keys.get(usize::from(self.party.number())),
            ground.keys.get(usize::from(receipt.book.party.number())),
        ) else {
            return;
        };
        let secret = BookSecret::new(author.secret(), &receipt.book.origin(&line));
        let leaf = |index, bytes: &[u8]| leaf_hash(&secret.blind(index), bytes);
        let tree = self.disk.tree(receipt.book, 0..receipt.size, leaf);
        let fits = receipt.verify(&tree.root(), &line, &keys.receipt.public()).is_ok();
        if tree.size() < receipt.size || !fits {
            let (book, size) = (receipt.book, receipt.size);
            self.breaks(Promise::Receipt, format!("for {size} of {book:?}; {} are durable", tree.size()));
        }
    }

    fn compare(
        &self,
        ground: &Ground,
        head: SignedCheckpoint,
        with: SignedCheckpoint,
    ) -> Result<Fork, Fault> {
        let book = with.checkpoint.book;
        let none = || Fault::misuse("party", "one of the line", book.party.number().to_string());
        let author = ground.keys.get(usize::from(book.party.number())).ok_or_else(none)?;
        let secret = BookSecret::new(author.secret(), &book.origin(&ground.memorandum.line()));
        Fork::between(head, with, |node| {
            let (first, end) = (node.index << node.level, (node.index + 1) << node.level);
            let leaf = |index, bytes: &[u8]| leaf_hash(&secret.blind(index), bytes);
            Ok::<_, Fault>(self.read.tree(book, first..end, leaf).root())
        })
    }

    fn shown(&mut self, shown: Shown) {
        match shown {
            Shown::Accepted { entry, .. } => match self.read.entry(entry) {
                Some(bytes) => {
                    self.accepted.insert(entry, Arc::clone(bytes));
                }
                None => self.breaks(Promise::Trust, format!("accepts {entry:?}, which is nowhere")),
            },
            Shown::Refused { fault, .. } => self.refused(&fault.to_string()),
            Shown::Breach(evidence) => {
                self.breaks(Promise::Trust, format!("accuses {:?}: {}", evidence.party, evidence.fault));
            }
            Shown::NotTaken { fault, .. } => self.breaks(Promise::Trust, format!("does not take: {fault}")),
            _ => {}
        }
    }
}
