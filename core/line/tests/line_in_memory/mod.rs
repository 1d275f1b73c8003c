//! A line in memory: real [`Line`]s in virtual time, with stores that sync in two milliseconds and circuits that
//! take twenty. What goes wrong is what a test makes go wrong; the simulator does the rest.

#![allow(dead_code, reason = "each incident uses a part of it")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot be set up fails"
)]

pub(crate) mod courier;
mod folder;
mod founding;
mod store;

use std::collections::{BTreeMap, BTreeSet};

use detente_line::{
    Agreed, Append, Attachment, BlobState, CircuitId, Command, Content, Draft, Effect, Event, Fork, Identity,
    Input, Lane, Line, Member, Memorandum, Message, Outgoing, Renewed, Rule, Shown, frame,
};
use detente_record::renewal::{Occasion, RankSecrets, Why};
use detente_record::{
    Blob, Book, BookSecret, Checkpoint, Class, Cut, Entry, EntryRef, Fault, Frontier, Hash, Party, Ranks,
    Renewal, Root, SealSecret, SignedCheckpoint, leaf_hash,
};

pub(crate) use folder::{Folder, attachment};
pub(crate) use founding::Keys;
pub(crate) use store::Store;

use founding::founded;

/// When every incident begins: 2017-04-06T18:30:00Z.
pub(crate) const START_MS: u64 = 1_491_503_400_000;
const SYNC_MS: u64 = 2;
const LATENCY_MS: u64 = 20;

impl Station {
    /// How a checkpoint stands to what is durable here.
    fn compare(&self, head: SignedCheckpoint, with: SignedCheckpoint) -> Fork {
        let (line, book) = (self.line.as_ref().unwrap().memorandum().line(), with.checkpoint.book);
        let secret = self.store.secrets.get(&(book.party, book.rank())).unwrap_or(&self.keys.secret);
        let secret = BookSecret::new(secret, &book.origin(&line));
        let between = Fork::between::<Fault>(head, with, |node| {
            let (first, end) = (node.index << node.level, (node.index + 1) << node.level);
            let mut tree = Frontier::default();
            for (entry, index) in self.store.entries[&book][first as usize..end as usize].iter().zip(first..)
            {
                tree.push(leaf_hash(&secret.blind(index), entry));
            }
            Ok(tree.root())
        });
        between.unwrap()
    }
}

/// A station, living or dead.
pub(crate) struct Station {
    /// Of its last rank.
    pub(crate) keys: Keys,
    /// Of the ranks before.
    pub(crate) earlier: Vec<Keys>,
    /// What brought its later keys.
    pub(crate) renewals: Vec<Renewal>,
    /// Where the reach of earlier keys ends, if not at all that is held.
    pub(crate) reach: BTreeMap<Class, (u16, u64)>,
    /// Its record was lost with the keys before.
    pub(crate) lost: bool,
    /// The memorandum that admits it, where it is not of those who founded the line.
    pub(crate) enrolling: Option<Memorandum>,
    pub(crate) line: Option<Line>,
    pub(crate) store: Store,
    pub(crate) folder: Folder,
    pub(crate) shown: Vec<Shown>,
    /// Which of the frames that it sends from now on get lost.
    pub(crate) loses: fn(&[u8]) -> bool,
    /// How many steps it has put on circuits.
    pub(crate) steps: u64,
    unsynced: Vec<Append>,
    /// How far its clock is ahead, ms.
    pub(crate) ahead_ms: i64,
    life: u64,
    wakes: u64,
}

enum Happening {
    Synced(Party, u64, u64),
    Woken(Party, u64, u64),
    Compared(Party, u64, Box<Fork>),
    Blob(Party, u64, Blob, BlobState),
    Sent(Party, u64, CircuitId, Lane, Option<(Book, u64)>),
    Arrives(Party, CircuitId, Vec<u8>),
}

/// Some stations, their circuits, and the time.
pub(crate) struct LineInMemory {
    pub(crate) memorandum: Memorandum,
    pub(crate) now_ms: u64,
    pub(crate) stations: BTreeMap<Party, Station>,
    circuits: BTreeMap<CircuitId, (Party, Party)>,
    /// Circuits that seem to stand and bring nothing any more.
    pub(crate) dark: BTreeSet<CircuitId>,
    /// Circuits that bring everything but steps.
    pub(crate) without_steps: BTreeSet<CircuitId>,
    /// How much longer than usual what goes on a circuit is under way, ms.
    pub(crate) delays: BTreeMap<CircuitId, u64>,
    queue: BTreeMap<(u64, u64), Happening>,
    queued: u64,
    last_circuit: CircuitId,
    /// How many bytes a second narrow circuits carry in each lane, and slow ones.
    narrow: BTreeMap<CircuitId, u32>,
    /// When the first word of an end of one arrives, ms.
    first_words: BTreeMap<(CircuitId, u8), u64>,
}

pub(crate) fn party(number: u8) -> Party {
    Party::new(number).unwrap()
}

pub(crate) fn book(number: u8, class: Class) -> Book {
    Book { generation: 0, party: party(number), class }
}

pub(crate) fn entry(number: u8, class: Class, place: u64) -> EntryRef {
    EntryRef { book: book(number, class), number: place }
}

/// A party of a number, and its keys.
pub(crate) fn member(number: u8, name: &str) -> (Keys, Member) {
    founding::member(number, name)
}

/// Something to be written.
pub(crate) fn draft(class: Option<Class>, regards: &[EntryRef], content: Content) -> Draft {
    Draft { regards: regards.to_vec(), ..Draft::of(class, content) }
}

/// A party's next keys, under its recovery key.
pub(crate) fn signed_renewal(
    root: &Root,
    rank: u8,
    follows: Hash,
    why: Why,
    time_ms: u64,
    keys: &Keys,
) -> Renewal {
    let occasion = Occasion { line: root.line, party: root.party, rank, follows, why, time_ms };
    let next = RankSecrets {
        book: &keys.book,
        receipt: &keys.receipt,
        station: &keys.station,
        commitment: keys.secret.commitment(),
    };
    Renewal::sign(occasion, &root.name, &next, &keys.recovery)
}

/// A message of a class.
pub(crate) fn message(class: Class, text: &str) -> Draft {
    let message = Message { text: text.into(), ..Message::default() };
    draft(Some(class), &[], Content::Message(message))
}

/// An acknowledgement of an entry.
pub(crate) fn acknowledgement(subject: EntryRef) -> Draft {
    draft(None, &[subject], Content::Acknowledgement { text: None })
}

impl LineInMemory {
    /// A line between parties numbered from 0, the first one the depositary, every one running and each two
    /// connected. Reopening needs the consent of all.
    pub(crate) fn between(names: &[&str]) -> Self {
        let mut line = Self::apart(names);
        line.connect_all();
        line
    }

    fn connect_all(&mut self) {
        let all = self.stations.len() as u8;
        for one in 0..all {
            for other in one + 1..all {
                self.connect(one, other);
            }
        }
        self.run_for(1_000);
    }

    /// The same, without circuits.
    pub(crate) fn apart(names: &[&str]) -> Self {
        Self::rationed(names, 1_000)
    }

    /// The same, with so many entries of each book a day.
    pub(crate) fn rationed(names: &[&str], entries: u64) -> Self {
        let all = names.len() as u8;
        Self::ruled(names, entries, Rule { threshold: all, veto: Vec::new(), window_ms: 3_600_000 })
    }

    /// The same, with a rule by which motions carry.
    pub(crate) fn ruled(names: &[&str], entries: u64, rule: Rule) -> Self {
        Self::founded(names, entries, rule, None)
    }

    /// Every party seals its books so often; every two are connected.
    pub(crate) fn sealing(names: &[&str], every_ms: u64) -> Self {
        let all = names.len() as u8;
        let rule = Rule { threshold: all, veto: Vec::new(), window_ms: 3_600_000 };
        let mut line = Self::founded(names, 1_000, rule, Some(every_ms));
        line.connect_all();
        line
    }

    fn founded(names: &[&str], entries: u64, rule: Rule, sealing_ms: Option<u64>) -> Self {
        let (keys, memorandum) = founded(names, entries, rule, sealing_ms);
        let mut line = Self {
            memorandum,
            now_ms: START_MS,
            stations: BTreeMap::new(),
            circuits: BTreeMap::new(),
            dark: BTreeSet::new(),
            without_steps: BTreeSet::new(),
            delays: BTreeMap::new(),
            queue: BTreeMap::new(),
            queued: 0,
            last_circuit: 0,
            narrow: BTreeMap::new(),
            first_words: BTreeMap::new(),
        };
        for keys in keys {
            line.settle(keys, None);
        }
        line
    }

    /// A party of its keys has a station, which starts.
    pub(crate) fn settle(&mut self, keys: Keys, enrolling: Option<Memorandum>) {
        let (number, party) = (keys.party.number(), keys.party);
        let station = Station {
            keys,
            earlier: Vec::new(),
            renewals: Vec::new(),
            reach: BTreeMap::new(),
            lost: false,
            enrolling,
            line: None,
            store: Store::default(),
            folder: Folder::default(),
            shown: Vec::new(),
            loses: |_| false,
            steps: 0,
            unsynced: Vec::new(),
            ahead_ms: 0,
            life: 0,
            wakes: 0,
        };
        self.stations.insert(party, station);
        self.start(number);
    }

    pub(crate) fn station(&self, number: u8) -> &Station {
        &self.stations[&party(number)]
    }

    pub(crate) fn station_mut(&mut self, number: u8) -> &mut Station {
        self.stations.get_mut(&party(number)).unwrap()
    }

    /// A party's line; it is running.
    pub(crate) fn line(&self, number: u8) -> &Line {
        self.station(number).line.as_ref().unwrap()
    }

    /// How much of a book is durable at a party.
    pub(crate) fn held(&self, at: u8, book: Book) -> u64 {
        self.station(at).store.entries.get(&book).map_or(0, |entries| entries.len() as u64)
    }

    /// Starts a station from its store.
    pub(crate) fn start(&mut self, number: u8) {
        self.start_as(number, None);
    }

    /// Starts a station whose store may be older than what it has said.
    pub(crate) fn start_distrusted(&mut self, number: u8) {
        self.start_as(number, Some(1));
    }

    /// The same, where it is known which generations were taken: none below one is to be taken again.
    pub(crate) fn start_distrusted_from(&mut self, number: u8, least: u16) {
        self.start_as(number, Some(least));
    }

    fn start_as(&mut self, number: u8, distrusted: Option<u16>) {
        let memorandum = self.memorandum.clone();
        let station = self.station_mut(number);
        let keys = station.keys.clone();
        let identity = Identity {
            party: keys.party,
            book_key: keys.book,
            receipt_key: keys.receipt,
            secret: keys.secret,
            seal_key: Some(SealSecret::from_seed(keys.seal)),
        };
        let earlier = || station.earlier.iter().zip(0..);
        let renewed = Renewed {
            renewals: station.renewals.clone(),
            book_keys: earlier().map(|(keys, rank)| (rank, keys.book.clone())).collect(),
            secrets: earlier().map(|(keys, rank)| (rank, keys.secret.clone())).collect(),
            reach: station.reach.clone(),
            lost: station.lost,
        };
        let mut line = Line::with_keys(memorandum, station.enrolling.clone(), identity, renewed).unwrap();
        let store = &mut station.store;
        for renewal in &store.renewals {
            line.restore_renewal(renewal.clone());
        }
        for ((party, rank), secret) in &store.secrets {
            line.restore_secret(*party, *rank, secret.clone());
        }
        if let Some(snapshot) = &store.snapshot {
            assert!(line.restore_snapshot(snapshot), "a snapshot that fits");
        }
        let kept: Cut = line.held().into_iter().map(|held| (held.book, held.size)).collect();
        for (of, signed) in &store.checkpoints {
            store.ends(*of, line.end_said(*of)).for_each(|end| line.restore_end(end));
            for (_, signed) in signed.range(line.signed_size(*of) + 1..) {
                line.restore_checkpoint(signed.clone());
            }
        }
        let mut books: Vec<Book> = store.entries.keys().copied().collect();
        books.sort_by_key(|book| (book.class != Class::A, book.party == keys.party, *book));
        for book in books {
            let kept = kept.get(&book).copied().unwrap_or(0);
            for (bytes, number) in store.entries[&book].iter().zip(1..).skip(kept as usize) {
                line.restore_entry(EntryRef { book, number }, bytes).unwrap();
            }
        }
        for receipt in store.receipts.values().flat_map(|of| of.values()) {
            line.restore_receipt(receipt.clone());
        }
        for evidence in &store.evidence {
            line.restore_evidence(&evidence.proof);
        }
        while let Some(append) = line.void_restored() {
            store.take(append);
        }
        if let Some(least) = distrusted {
            line.distrust(least);
        }
        station.line = Some(line);
        station.life += 1;
        self.input(party(number), Event::Started);
        let station = self.station(number);
        let named = station.line.as_ref().unwrap().custody();
        let here = station.folder.whole.keys().filter(|blob| named.names(blob)).copied().collect();
        self.input(party(number), Event::BlobsHere(here));
    }

    /// An officer brings a file.
    pub(crate) fn bring(&mut self, number: u8, name: &str, bytes: &[u8]) -> Attachment {
        let attachment = attachment(name, bytes);
        self.bring_as(number, attachment.blob(), bytes);
        attachment
    }

    /// An officer brings bytes, and calls them what they may not be.
    pub(crate) fn bring_as(&mut self, number: u8, blob: Blob, bytes: &[u8]) {
        self.station_mut(number).folder.whole.insert(blob, bytes.to_vec());
        self.input(party(number), Event::Blob { blob, state: BlobState::Whole });
    }

    /// A station dies: what is not durable is lost, and its circuits with it.
    pub(crate) fn kill(&mut self, number: u8) {
        let station = self.station_mut(number);
        station.line = None;
        station.unsynced.clear();
        let of = party(number);
        let gone: Vec<_> = self.circuits.iter().filter(|(_, ends)| ends.0 == of || ends.1 == of).collect();
        let gone: Vec<_> = gone.into_iter().map(|(circuit, ends)| (*circuit, *ends)).collect();
        for (circuit, (one, other)) in gone {
            self.circuits.remove(&circuit);
            self.input(if one == of { other } else { one }, Event::CircuitDown { circuit });
        }
    }

    /// A station dies, and nobody is told: its circuits seem to stand.
    pub(crate) fn vanish(&mut self, number: u8) {
        let station = self.station_mut(number);
        station.line = None;
        station.unsynced.clear();
    }

    /// A party signs its next keys; its station does not know of it yet.
    pub(crate) fn renewal(&self, number: u8, why: Why) -> (Keys, Renewal) {
        let station = self.station(number);
        let known = station.line.as_ref().and_then(|line| line.root(party(number)));
        let root = known.or_else(|| self.memorandum.root(party(number))).unwrap();
        let mut ranks = Ranks::default();
        for renewal in &station.renewals {
            ranks.take(&root, renewal.clone()).unwrap();
        }
        let (rank, follows) = ranks.next(&root).unwrap();
        let keys = station.keys.of_rank(rank);
        let renewal = signed_renewal(&root, rank, follows, why, self.now_ms, &keys);
        (keys, renewal)
    }

    /// A station stops and goes on with later keys; what it keeps of the earlier ones is said.
    pub(crate) fn renew(&mut self, number: u8, keys: Keys, renewal: Renewal, keeps_earlier: bool) {
        self.run_for(2 * SYNC_MS);
        self.kill(number);
        let station = self.station_mut(number);
        let earlier = std::mem::replace(&mut station.keys, keys);
        if keeps_earlier {
            station.earlier.push(earlier);
        }
        station.renewals.push(renewal);
        self.start(number);
    }

    /// Somebody brings a renewal by hand.
    pub(crate) fn bring_renewals(&mut self, number: u8, renewals: &[Renewal]) {
        self.input(party(number), Event::Renewals(renewals.to_vec()));
    }

    /// A circuit between two parties.
    pub(crate) fn connect(&mut self, one: u8, other: u8) {
        self.connect_at(one, other, 0);
    }

    /// A narrow circuit between two parties, of so many bytes a second in each lane, whose ends say first what they hold.
    pub(crate) fn connect_narrow(&mut self, one: u8, other: u8, rate: u32) -> CircuitId {
        let held =
            |line: &Self, of: u8, peer: u8| line.station(of).line.as_ref().unwrap().agreed(party(peer));
        let (here, there) = (held(self, one, other), held(self, other, one));
        let agreed = here == there && here != Agreed::default();
        self.narrow.insert(self.last_circuit + 1, rate);
        self.connect_with(one, other, 0, Some(rate), agreed)
    }

    /// A circuit between two parties that carries so many bytes a second, and does not say so.
    pub(crate) fn connect_slow(&mut self, one: u8, other: u8, rate: u32) {
        self.narrow.insert(self.last_circuit + 1, rate);
        self.connect_with(one, other, 0, None, false);
    }

    /// A circuit between two parties that costs something.
    pub(crate) fn connect_at(&mut self, one: u8, other: u8, cost_ms: u64) -> CircuitId {
        self.connect_with(one, other, cost_ms, None, false)
    }

    fn connect_with(
        &mut self,
        one: u8,
        other: u8,
        cost_ms: u64,
        rate: Option<u32>,
        agreed: bool,
    ) -> CircuitId {
        self.last_circuit += 1;
        let (circuit, one, other) = (self.last_circuit, party(one), party(other));
        self.circuits.insert(circuit, (one, other));
        let rank = |line: &Self, of: Party| line.stations[&of].renewals.len() as u8;
        let (ranked, other_ranked) = (rank(self, one), rank(self, other));
        self.input(one, Event::CircuitUp { circuit, peer: other, rank: other_ranked, cost_ms, rate, agreed });
        self.input(other, Event::CircuitUp { circuit, peer: one, rank: ranked, cost_ms, rate, agreed });
        circuit
    }

    /// Whether a circuit stands between two parties.
    pub(crate) fn is_connected(&self, one: u8, other: u8) -> bool {
        let ends = (party(one.min(other)), party(one.max(other)));
        self.circuits.values().any(|of| (of.0.min(of.1), of.0.max(of.1)) == ends)
    }

    /// Every circuit between two parties goes.
    pub(crate) fn disconnect(&mut self, one: u8, other: u8) {
        let ends = (party(one.min(other)), party(one.max(other)));
        let gone = self.circuits.iter().filter(|(_, of)| (of.0.min(of.1), of.0.max(of.1)) == ends);
        for circuit in gone.map(|(circuit, _)| *circuit).collect::<Vec<_>>() {
            self.circuits.remove(&circuit);
            self.input(ends.0, Event::CircuitDown { circuit });
            self.input(ends.1, Event::CircuitDown { circuit });
        }
    }

    /// An officer asks for something; a moment later it is written, or refused.
    pub(crate) fn write(&mut self, number: u8, draft: Draft) -> Result<EntryRef, Fault> {
        self.queued += 1;
        let wanted = self.queued;
        self.ask(number, wanted, draft);
        self.run_for(2 * SYNC_MS);
        let shown = self.station(number).shown.iter().rev().find_map(|shown| match shown {
            Shown::Accepted { id, entry } if *id == wanted => Some(Ok(*entry)),
            Shown::Refused { id, fault } if *id == wanted => Some(Err(fault.clone())),
            _ => None,
        });
        shown.unwrap()
    }

    /// An officer asks for something, under a number; no time passes.
    pub(crate) fn ask(&mut self, number: u8, id: u64, draft: Draft) {
        self.input(party(number), Event::Command { id, command: Command::Write(draft) });
    }

    /// What a party says by itself, without its station: a message with a serial, resting on what a cut covers.
    pub(crate) fn said(&self, serial: u64, cut: Cut) -> Entry {
        let content = Content::Message(Message { text: "so".into(), ..Message::default() });
        Entry {
            serial,
            time_ms: self.now_ms,
            clock_held: false,
            office: 0,
            language: None,
            regards: Vec::new(),
            cut,
            vector: None,
            kind: content.kind(),
            body: content.encode(),
            second: None,
        }
    }

    /// The first entries of a book, as one step that its author signed.
    pub(crate) fn signed(&self, of: Book, entries: &[Entry]) -> Vec<u8> {
        self.signed_after(of, 0, entries)
    }

    /// The entries of a book after the first ones, as one step that its author signed.
    pub(crate) fn signed_after(&self, of: Book, before: usize, entries: &[Entry]) -> Vec<u8> {
        let (keys, id) = (self.station(of.party.number()).keys.clone(), self.memorandum.line());
        let secret = BookSecret::new(&keys.secret, &of.origin(&id));
        let entries: Vec<Vec<u8>> = entries.iter().map(|entry| entry.encode().unwrap()).collect();
        let mut frontier = Frontier::default();
        for bytes in &entries {
            frontier.push(leaf_hash(&secret.blind(frontier.size()), bytes));
        }
        let head = Checkpoint { book: of, size: frontier.size(), root: frontier.root() };
        frame::step(of, before as u64 + 1, &entries[before..], &head.sign(&id, &keys.book).signature)
    }

    /// A frame of somebody's own making arrives at a party, on a circuit that stands to another.
    pub(crate) fn forge(&mut self, at: u8, from: u8, frame: Vec<u8>) {
        let ends = [party(at), party(from)];
        let on = |of: &(Party, Party)| ends.contains(&of.0) && ends.contains(&of.1);
        let circuit = self.circuits.iter().find(|(_, of)| on(of)).map(|(circuit, _)| *circuit).unwrap();
        self.input(party(at), Event::Received { circuit, frame });
    }

    /// Keeps a station's state, to start from.
    pub(crate) fn keep(&mut self, number: u8) {
        self.run_for(2 * SYNC_MS);
        let station = self.station_mut(number);
        assert!(station.unsynced.is_empty(), "all is durable");
        let (_, snapshot) = station.line.as_mut().unwrap().snapshot().unwrap();
        station.store.snapshot = Some(snapshot);
    }

    /// Why folds skip an entry at a party, as its line and its store have it together.
    pub(crate) fn void_at(&self, number: u8, entry: EntryRef) -> Option<Fault> {
        let marked = self.line(number).verdict(entry).marked;
        marked.or_else(|| self.station(number).store.void.get(&entry).cloned())
    }

    /// Time passes.
    pub(crate) fn run_for(&mut self, ms: u64) {
        let end_ms = self.now_ms + ms;
        while let Some(first) = self.queue.first_entry().filter(|first| first.key().0 <= end_ms) {
            self.now_ms = first.key().0;
            match first.remove() {
                Happening::Synced(party, life, seq) if self.lives(party, life) => {
                    let station = self.stations.get_mut(&party).unwrap();
                    let count = station.unsynced.iter().take_while(|append| append.seq <= seq).count();
                    for append in station.unsynced.drain(..count) {
                        station.store.take(append);
                    }
                    self.input(party, Event::Durable { seq });
                }
                Happening::Woken(party, life, wake)
                    if self.lives(party, life) && self.stations[&party].wakes == wake =>
                {
                    self.input(party, Event::Woken);
                }
                Happening::Compared(party, life, fork) if self.lives(party, life) => {
                    self.input(party, Event::Compared(fork));
                }
                Happening::Blob(party, life, blob, state) if self.lives(party, life) => {
                    self.input(party, Event::Blob { blob, state });
                }
                Happening::Sent(party, life, circuit, lane, reached) if self.lives(party, life) => {
                    self.input(party, Event::Sent { circuit, lane, reached });
                }
                Happening::Arrives(party, circuit, frame) if self.circuits.contains_key(&circuit) => {
                    self.input(party, Event::Received { circuit, frame });
                }
                _ => {}
            }
        }
        self.now_ms = end_ms;
    }

    fn lives(&self, party: Party, life: u64) -> bool {
        self.stations[&party].life == life && self.stations[&party].line.is_some()
    }

    fn after(&mut self, ms: u64, happening: Happening) {
        self.queued += 1;
        self.queue.insert((self.now_ms + ms, self.queued), happening);
    }

    fn input(&mut self, party: Party, event: Event) {
        let passed_ms = self.now_ms;
        let station = self.stations.get_mut(&party).unwrap();
        let at_ms = passed_ms.saturating_add_signed(station.ahead_ms);
        let life = station.life;
        let Some(line) = &mut station.line else { return };
        line.handle(Input { at_ms, passed_ms, entropy: [life as u8; 32], event });
        let effects: Vec<Effect> = core::iter::from_fn(|| line.effect()).collect();
        for effect in effects {
            let station = self.stations.get_mut(&party).unwrap();
            match effect {
                Effect::Append(append) => {
                    let seq = append.seq;
                    station.unsynced.push(append);
                    self.after(SYNC_MS, Happening::Synced(party, life, seq));
                }
                Effect::Send { circuit, what } => self.send(party, circuit, what),
                Effect::Compare { head, with } => {
                    let fork = station.compare(head, with);
                    self.after(1, Happening::Compared(party, life, Box::new(fork)));
                }
                Effect::Resume { blob } => {
                    let state = station.folder.resume(blob);
                    self.after(1, Happening::Blob(party, life, blob, state));
                }
                Effect::Keep { blob, chunk, bytes } => {
                    let state = station.folder.keep(blob, chunk, &bytes);
                    self.after(1, Happening::Blob(party, life, blob, state));
                }
                Effect::Show(shown) => station.shown.push(shown),
                Effect::Wake { at_ms } => {
                    station.wakes += 1;
                    let wake = station.wakes;
                    let ms =
                        at_ms.saturating_add_signed(-station.ahead_ms).saturating_sub(self.now_ms).max(1);
                    self.after(ms, Happening::Woken(party, life, wake));
                }
            }
        }
    }

    fn send(&mut self, from: Party, circuit: CircuitId, what: Outgoing) {
        let Some((one, other)) = self.circuits.get(&circuit).copied() else { return };
        let to = if one == from { other } else { one };
        let station = self.stations.get_mut(&from).unwrap();
        station.steps += u64::from(matches!(what, Outgoing::Step { .. }));
        let (life, loses) = (station.life, station.loses);
        let lane = what.lane();
        let (frames, reached) = match what {
            Outgoing::Frames(frames) => (frames, None),
            Outgoing::Key(frame) => (vec![frame], None),
            Outgoing::Step { book, from, end, ahead } => match station.store.step(book, from, &end) {
                Some((frames, size)) => {
                    let first = frames.first().filter(|_| ahead).and_then(|step| frame::ahead_of(step));
                    (first.into_iter().chain(frames).collect(), Some((book, size)))
                }
                None => (Vec::new(), None),
            },
            Outgoing::Part { blob, chunk } => (vec![station.folder.part(blob, chunk)], None),
            Outgoing::Close(last) => (last.into_iter().collect(), None),
        };
        let brings =
            !(self.dark.contains(&circuit) || reached.is_some() && self.without_steps.contains(&circuit));
        let rate = self.narrow.get(&circuit).copied();
        let latency_ms = LATENCY_MS + self.delays.get(&circuit).copied().unwrap_or(0);
        let mut taken_ms = 0;
        for frame in frames {
            taken_ms += rate.map_or(0, |rate| frame.len() as u64 * 1_000 / u64::from(rate));
            // On a narrow circuit the hello comes first, whatever overtakes it (spec/serial.md §5).
            let mut arrives_ms = self.now_ms + latency_ms + taken_ms;
            if rate.is_some() {
                if lane == Lane::Word {
                    self.first_words.entry((circuit, from.number())).or_insert(arrives_ms);
                }
                let first_ms = self.first_words.get(&(circuit, from.number())).copied().unwrap_or(0);
                arrives_ms = arrives_ms.max(first_ms + 1);
            }
            if brings && !loses(&frame) {
                self.after(arrives_ms - self.now_ms, Happening::Arrives(to, circuit, frame));
            }
        }
        self.after(1 + taken_ms, Happening::Sent(from, life, circuit, lane, reached));
    }
}
