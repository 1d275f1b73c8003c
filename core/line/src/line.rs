//! The router: takes one input, lets the room that it concerns act, and hands out what is to be done.

use alloc::collections::{BTreeMap, BTreeSet, VecDeque};
use alloc::string::ToString;
use alloc::sync::Arc;
use alloc::vec::Vec;

use detente_record::{
    Book, BookSecret, Class, Cut, Entry, EntryRef, Fault, Hash, LineId, LineSecret, Party, Ranks, Receipt,
    STEP_BYTES, STEP_ENTRIES, SealSecret, SecretKey, SignedCheckpoint, leaf_hash,
};

use crate::acts::{Acts, Under};
use crate::ahead::Ahead;
use crate::blobs::Blobs;
use crate::books::BookState;
use crate::contract::{
    Append, CircuitId, Command, Effect, Event, Evidence, Input, MAX_OF_APPEND, Shown, Void,
};
use crate::courier::CourierKey;
use crate::custody::Custody;
use crate::dispatch::{Circuit, Peer};
use crate::facts::Facts;
use crate::keys::{OwnKeys, Renewed};
use crate::kind::{Content, Duty};
use crate::membership::Parting;
use crate::memorandum::Memorandum;
use crate::pace::{Jump, Pace};
use crate::rate::Rate;
use crate::seals::{Sealing, Seals};
use crate::snapshot::{self, Keep};
use crate::watch::Watch;

/// A party's own keys and secret for one line.
#[derive(Clone)]
pub struct Identity {
    /// Who this station speaks for.
    pub party: Party,
    /// Signs checkpoints.
    pub book_key: SecretKey,
    /// Signs receipts.
    pub receipt_key: SecretKey,
    /// For the blinds of own leaves.
    pub secret: LineSecret,
    /// Seals own books, where the party has such a key.
    pub seal_key: Option<SealSecret>,
}

/// A book's size and root at the end of something appended.
#[derive(Debug, Clone)]
pub(crate) struct Reached {
    pub(crate) book: Book,
    pub(crate) size: u64,
    pub(crate) root: Hash,
    /// Bytes of the entries that it adds.
    pub(crate) bytes: u64,
    /// A checkpoint is signed here, whatever else there is to sign.
    pub(crate) ends: bool,
    /// The author's signature, for a mirror.
    pub(crate) signed: Option<SignedCheckpoint>,
}

/// What waits for something appended to be durable.
#[derive(Debug, Clone, Default)]
pub(crate) struct Pending {
    seq: u64,
    reached: Vec<Reached>,
    shown: Vec<Shown>,
    void: Vec<EntryRef>,
}

/// What a snapshot holds of a line.
struct Kept {
    books: BTreeMap<Book, BookState>,
    acts_held: Arc<Cut>,
    acts: Acts,
    facts: Facts,
    duty: BTreeMap<Party, (EntryRef, Duty)>,
    last: (u64, u64),
    generations: BTreeMap<Class, u16>,
    custody: Custody,
    partings: BTreeMap<Party, Parting>,
    seals: Seals,
}

impl Kept {
    fn back(mut bytes: &[u8]) -> Option<Self> {
        let from = &mut bytes;
        let kept = Self {
            books: Keep::back(from)?,
            acts_held: Keep::back(from)?,
            acts: Keep::back(from)?,
            facts: Keep::back(from)?,
            duty: Keep::back(from)?,
            last: Keep::back(from)?,
            generations: Keep::back(from)?,
            custody: Keep::back(from)?,
            partings: Keep::back(from)?,
            seals: Keep::back(from)?,
        };
        from.is_empty().then_some(kept)
    }
}

/// One line, as one party's station holds it.
#[derive(Clone)]
pub struct Line {
    pub(crate) me: Identity,
    pub(crate) id: LineId,
    pub(crate) founding: Arc<Memorandum>,
    /// The one in force, as everything held here shows.
    pub(crate) memorandum: Arc<Memorandum>,
    /// The one that enrols this station's party, where that is not the founding one.
    pub(crate) enrolled: Option<Arc<Memorandum>>,
    /// The members, ascending, as everything held here shows.
    pub(crate) members: Vec<Party>,
    /// Those who are members no more.
    pub(crate) partings: BTreeMap<Party, Parting>,
    pub(crate) pace: Pace,
    pub(crate) entropy: [u8; 32],
    pub(crate) started: bool,
    pub(crate) books: BTreeMap<Book, BookState>,
    /// Line secrets, by party and rank.
    pub(crate) secrets: BTreeMap<(Party, u8), LineSecret>,
    /// Renewals of every party that has any.
    pub(crate) ranks: BTreeMap<Party, Ranks>,
    pub(crate) own: OwnKeys,
    /// The last courier key of each party.
    pub(crate) courier_keys: BTreeMap<Party, CourierKey>,
    /// How much of each book of acts has been judged.
    pub(crate) acts_held: Arc<Cut>,
    /// How much of each book of acts this station's cuts may state.
    pub(crate) statable: Cut,
    pub(crate) acts: Acts,
    pub(crate) facts: Facts,
    pub(crate) duty: BTreeMap<Party, (EntryRef, Duty)>,
    pub(crate) custody: Custody,
    pub(crate) seals: Seals,
    pub(crate) sealing: Sealing,
    pub(crate) blobs: Blobs,
    pub(crate) watch: Watch,
    pub(crate) ahead: Ahead,
    pub(crate) circuits: BTreeMap<CircuitId, Circuit>,
    pub(crate) peers: BTreeMap<Party, Peer>,
    /// Serial and time of this party's last entry.
    pub(crate) last: (u64, u64),
    /// Why folds skip the entries that they skip, as far as the store may not hold that yet.
    pub(crate) void: BTreeMap<EntryRef, Fault>,
    /// Books that have forked, and the frames that prove it.
    pub(crate) forks: BTreeMap<Book, Vec<u8>>,
    /// Who is convicted already by a receipt of a book that goes back in time: once is enough.
    pub(crate) gone_back: BTreeSet<(Book, Party)>,
    /// How much of forked books Z has been shown, though it is not taken.
    pub(crate) shown_forked: BTreeMap<Book, u64>,
    /// The store is not the one that ran last: every own book goes on in a generation no lower than this.
    pub(crate) renews: Option<u16>,
    /// The generation that each class is written in.
    pub(crate) generations: BTreeMap<Class, u16>,
    pub(crate) append: Append,
    pub(crate) reached: Vec<Reached>,
    pub(crate) on_durable: Vec<Shown>,
    /// Books whose receipt given here may not go out before an append is durable, and which one.
    pub(crate) unsaid: BTreeMap<Book, u64>,
    /// Receipts that came before what they receipt, the newest of each book and signer.
    pub(crate) early_receipts: BTreeMap<(Book, Party), Receipt>,
    pending: VecDeque<Pending>,
    seq: u64,
    effects: VecDeque<Effect>,
    wake_ms: Option<u64>,
}

impl Line {
    /// A line with an empty record; what is stored is restored next, then [`Event::Started`] is handled.
    ///
    /// # Errors
    /// `Misuse` if the identity's party or its book key, receipt key or secret are not the memorandum's.
    pub fn new(founding: Memorandum, me: Identity) -> Result<Self, Fault> {
        Self::enrolled(founding, None, me)
    }

    /// The same, of a party that an amendment admits; nothing of it is believed before the decision that carried it is held.
    ///
    /// # Errors
    /// `Misuse` if the identity's party or its book key, receipt key or secret are not those of the memorandum that enrols it.
    pub fn enrolled(
        founding: Memorandum,
        enrolling: Option<Memorandum>,
        me: Identity,
    ) -> Result<Self, Fault> {
        Self::with_keys(founding, enrolling, me, Renewed::default())
    }

    /// The same, of a party whose keys were renewed; the identity's are the last ones.
    ///
    /// # Errors
    /// `Misuse` if the identity's keys are not those that the last renewal brought, or, where there is none, those of the memorandum; and for
    /// renewals that are not this party's.
    pub fn with_keys(
        founding: Memorandum,
        enrolling: Option<Memorandum>,
        me: Identity,
        renewed: Renewed,
    ) -> Result<Self, Fault> {
        let memorandum = enrolling.as_ref().unwrap_or(&founding);
        let Some(member) = memorandum.member(me.party) else {
            return Err(Fault::misuse(
                "identity",
                "a party of the memorandum",
                me.party.number().to_string(),
            ));
        };
        let fits = member.book_key == *me.book_key.public().bytes()
            && member.receipt_key == *me.receipt_key.public().bytes()
            && member.commitment == me.secret.commitment();
        let fits = fits || !renewed.renewals.is_empty();
        let sealing = Sealing::with(me.seal_key.as_ref());
        let sealed = member.seal.zip(sealing.commitment());
        if !fits || sealed.is_some_and(|(named, mine)| named != mine) {
            return Err(Fault::misuse("identity", "the keys and secret that the memorandum names", "others"));
        }
        let named = founding.parties().chain(memorandum.parties());
        let others = named.filter(|party| *party != me.party);
        let peers: BTreeMap<Party, Peer> = others.map(|party| (party, Peer::default())).collect();
        let (id, memorandum) = (founding.line(), Arc::new(founding));
        let mut line = Self {
            id,
            pace: Pace::default(),
            entropy: [0; 32],
            started: false,
            books: BTreeMap::new(),
            secrets: BTreeMap::new(),
            ranks: BTreeMap::new(),
            own: OwnKeys::default(),
            courier_keys: BTreeMap::new(),
            acts_held: Arc::default(),
            statable: Cut::new(),
            acts: Acts::default(),
            facts: Facts::new(me.party),
            enrolled: enrolling.map(Arc::new),
            members: memorandum.parties().collect(),
            partings: BTreeMap::new(),
            duty: BTreeMap::new(),
            custody: Custody::default(),
            seals: Seals::default(),
            sealing,
            blobs: Blobs::default(),
            watch: Watch::default(),
            ahead: Ahead::default(),
            circuits: BTreeMap::new(),
            peers,
            last: (0, 0),
            void: BTreeMap::new(),
            forks: BTreeMap::new(),
            gone_back: BTreeSet::new(),
            shown_forked: BTreeMap::new(),
            renews: None,
            generations: BTreeMap::new(),
            append: Append::default(),
            reached: Vec::new(),
            on_durable: Vec::new(),
            unsaid: BTreeMap::new(),
            early_receipts: BTreeMap::new(),
            pending: VecDeque::new(),
            seq: 0,
            effects: VecDeque::new(),
            wake_ms: None,
            founding: Arc::clone(&memorandum),
            memorandum,
            me,
        };
        line.memorandum = Arc::new(line.at_home(&line.founding));
        if renewed.renewals.is_empty() {
            let secret = line.me.secret.clone();
            line.learn(line.me.party, 0, secret);
        } else {
            line.take_on(renewed)?;
        }
        Ok(line)
    }

    /// One input; then drain [`Line::effect`] until it is `None`.
    pub fn handle(&mut self, input: Input) {
        let jump = self.pace.go_on(input.at_ms, input.passed_ms, self.wake_ms);
        match jump.filter(|_| self.started) {
            Some(Jump::Ahead(by_ms)) => self.show(Shown::ClockJumped { by_ms }),
            Some(Jump::Back(by_ms)) => self.show(Shown::ClockSetBack { by_ms }),
            None => {}
        }
        self.entropy = input.entropy;
        match input.event {
            Event::Started => self.start(),
            Event::Command { id, command } => {
                let written = match command {
                    Command::Write(draft) => self.write(draft),
                    Command::WriteSaid(draft) => self.write_said(draft),
                };
                match written {
                    Ok(entry) => self.on_durable.push(Shown::Accepted { id, entry }),
                    Err(fault) => self.show(Shown::Refused { id, fault }),
                }
            }
            Event::CircuitUp { circuit, peer, rank, cost_ms, rate, agreed } => {
                self.circuit_up(circuit, peer, rank, cost_ms, Rate(rate), agreed)
            }
            Event::CircuitDown { circuit } => self.circuit_down(circuit),
            Event::Received { circuit, frame } => self.received(circuit, &frame),
            Event::Sent { circuit, lane, reached } => self.sent(circuit, lane, reached),
            Event::Compared(fork) => self.compared(*fork),
            Event::Renewals(renewals) => self.take_renewals(None, renewals),
            Event::CourierKey(key) => {
                if let Err(fault) = self.take_courier_key(None, *key) {
                    self.show(Shown::NotTaken { circuit: 0, fault });
                }
            }
            Event::Carried(carried) => self.carried(carried),
            Event::BlobsHere(here) => self.blobs_here(here),
            Event::Blob { blob, state } => self.blob_is(blob, state),
            Event::Durable { seq } => self.durable(seq),
            Event::Woken => self.wake_ms = None,
        }
        if self.started {
            self.begin_distrusted();
            self.open_what_came_back();
            self.receipt_ended();
            self.keep_watch();
            self.fetch();
            self.flush();
            self.dispatch();
            self.flush();
            self.ask_to_wake();
        }
    }

    /// The next thing to be done, in order.
    pub fn effect(&mut self) -> Option<Effect> {
        self.effects.pop_front()
    }

    pub(crate) fn show(&mut self, shown: Shown) {
        self.effects.push_back(Effect::Show(shown));
    }

    pub(crate) fn do_next(&mut self, effect: Effect) {
        self.effects.push_back(effect);
    }

    /// Learns a party's line secret of a rank, and with it the blinds of its books.
    pub(crate) fn learn(&mut self, party: Party, rank: u8, secret: LineSecret) {
        let of = |book: &Book| (book.party, book.rank()) == (party, rank);
        for (book, state) in self.books.iter_mut().filter(|(book, _)| of(book)) {
            state.secret = Some(BookSecret::new(&secret, &book.origin(&self.id)));
        }
        self.secrets.insert((party, rank), secret);
    }

    /// The state of a book, made when it is first asked for.
    pub(crate) fn book(&mut self, book: Book) -> &mut BookState {
        let (secrets, id) = (&self.secrets, &self.id);
        self.books.entry(book).or_insert_with(|| unheard(book, secrets, id))
    }

    /// A book that nothing is held of.
    pub(crate) fn unheard(&self, book: Book) -> BookState {
        unheard(book, &self.secrets, &self.id)
    }

    /// Everything held here, as a cut over books of acts.
    pub(crate) fn under_all(&self) -> Under {
        Under::new(Arc::clone(&self.acts_held), None)
    }

    /// A receipt that is given now goes out once it is durable.
    pub(crate) fn say_once_durable(&mut self, book: Book) {
        self.unsaid.insert(book, self.seq + 1);
    }

    /// Hands what was written since the last flush to the store, whole.
    fn flush(&mut self) {
        let mut append = core::mem::take(&mut self.append);
        if append.is_idle() {
            return;
        }
        let urgent = !append.entries.is_empty() || !self.unsaid.is_empty();
        // One act may be what thousands of entries waited for.
        let mut void = core::mem::take(&mut append.void).into_iter();
        let mut evidence = core::mem::take(&mut append.evidence).into_iter();
        loop {
            append.void.extend(void.by_ref().take(MAX_OF_APPEND));
            append.evidence.extend(evidence.by_ref().take(MAX_OF_APPEND));
            let is_last = void.len() == 0 && evidence.len() == 0;
            self.seq += 1;
            self.pending.push_back(Pending {
                seq: self.seq,
                reached: core::mem::take(&mut self.reached),
                // What is said rests on all of it.
                shown: if is_last { core::mem::take(&mut self.on_durable) } else { Vec::new() },
                void: append.void.iter().map(|void| void.name).collect(),
            });
            let append = core::mem::take(&mut append);
            self.do_next(Effect::Append(Append { seq: self.seq, urgent, ..append }));
            if is_last {
                return;
            }
        }
    }

    /// What is durable is signed and receipted, then said.
    fn durable(&mut self, seq: u64) {
        self.fed();
        self.unsaid.retain(|_, awaited| *awaited > seq);
        let mut reached: BTreeMap<Book, Vec<Reached>> = BTreeMap::new();
        let mut shown = Vec::new();
        while let Some(pending) = self.pending.pop_front_if(|pending| pending.seq <= seq) {
            for one in pending.reached {
                reached.entry(one.book).or_default().push(one);
            }
            shown.extend(pending.shown);
            for name in pending.void {
                self.void.remove(&name);
            }
        }
        for (book, steps) in reached {
            if book.party == self.me.party {
                self.sign(book, &steps);
                self.say_what_came_back(book, |_| true);
            } else {
                self.give_receipt(book, steps);
            }
        }
        for one in shown {
            self.show(one);
        }
    }

    /// Takes the entry of a book that was stored, in order; before [`Event::Started`].
    ///
    /// Books of acts come first; then other parties' books; then own ones.
    ///
    /// # Errors
    /// `Misuse` for an entry out of order, or of a book whose secret is not known.
    pub fn restore_entry(&mut self, name: EntryRef, bytes: &[u8]) -> Result<(), Fault> {
        let state = self.book(name.book);
        if name.number != state.size() + 1 {
            let expected = alloc::format!("number {}", state.size() + 1);
            return Err(Fault::misuse("stored entry", expected, name.number.to_string()));
        }
        let Some(secret) = &state.secret else {
            return Err(Fault::misuse("stored entry", "a line secret for its book", "none"));
        };
        let leaf = leaf_hash(&secret.blind(state.size()), bytes);
        state.durable = name.number;
        self.take_entry(name, bytes, Entry::decode(bytes), None, leaf)?;
        let state = self.book(name.book);
        if let Some(root) = state.root_at(name.number) {
            state.reach(name.number, root);
        }
        Ok(())
    }

    /// Some of the void entries that restoring has come upon, or `None` if there are no more. What an older version of this
    /// crate has judged, the store may not know yet: the shell makes it durable before it reads notices back, and before
    /// [`Event::Started`]. Asked now and then while much is restored, the line remembers little.
    pub fn void_restored(&mut self) -> Option<Append> {
        let found = &mut self.append.void;
        let void: Vec<Void> = found.drain(..found.len().min(MAX_OF_APPEND)).collect();
        if void.is_empty() {
            return None;
        }
        for one in &void {
            self.void.remove(&one.name);
        }
        self.seq += 1;
        Some(Append { seq: self.seq, void, ..Append::default() })
    }

    /// Takes a checkpoint that was stored, ascending by size within a book, before its entries.
    pub fn restore_checkpoint(&mut self, signed: SignedCheckpoint) {
        self.book(signed.checkpoint.book).keep_checkpoint(signed);
    }

    /// Takes a checkpoint of an own book that was stored, at which the reach of its key may come to end: the last one that another
    /// party has receipted, and the last one within [`Line::end_said`]. However many came after it, it is
    /// remembered. Before [`Line::restore_checkpoint`] for that book.
    pub fn restore_end(&mut self, signed: &SignedCheckpoint) {
        if signed.checkpoint.book.party == self.me.party {
            self.book(signed.checkpoint.book).anchor(signed);
        }
    }

    /// Takes a receipt that was stored, ascending by size within a book and signer, after all entries.
    pub fn restore_receipt(&mut self, receipt: Receipt) {
        self.note_receipt(receipt);
    }

    /// Takes a line secret that was stored, before any entry.
    pub fn restore_secret(&mut self, party: Party, rank: u8, secret: LineSecret) {
        self.learn(party, rank, secret);
    }

    /// The record may be older than what this party has said: restored from a copy, or copied. Before
    /// [`Event::Started`], with which every own book goes on in its next generation, numbered `least` or higher:
    /// what was said in the old one since the copy, and may still be on its way, is never said otherwise. Once
    /// that is durable, [`Shown::Renewed`] tells.
    pub fn distrust(&mut self, least: u16) {
        self.renews = Some(least);
    }

    /// The highest generation of this party's books that is known here.
    pub fn generation(&self) -> u16 {
        self.generations.values().copied().max().unwrap_or(0)
    }

    /// This line's whole state, for [`Line::restore_snapshot`], and the seq to store it under; `None` at a moment
    /// when too much is under way.
    ///
    /// It holds everything that was handed to the store before it: it is to be stored after that, in order.
    pub fn snapshot(&mut self) -> Option<(u64, Vec<u8>)> {
        let judging = self.books.values().any(|state| !state.unjudged.is_empty());
        let unsigned =
            self.pending.iter().flat_map(|pending| &pending.reached).filter(|one| one.signed.is_none());
        let (entries, bytes) =
            unsigned.fold((0, 0), |(entries, bytes), one| (entries + 1, bytes + one.bytes));
        if judging || entries > STEP_ENTRIES || bytes > STEP_BYTES || !self.append.is_idle() {
            return None;
        }
        let mut out = snapshot::begin(&self.id.0, self.me.party);
        // In the order of `Kept`.
        self.books.keep(&mut out);
        self.acts_held.keep(&mut out);
        self.acts.keep(&mut out);
        self.facts.keep(&mut out);
        self.duty.keep(&mut out);
        self.last.keep(&mut out);
        self.generations.keep(&mut out);
        self.custody.keep(&mut out);
        self.partings.keep(&mut out);
        self.seals.keep(&mut out);
        self.seq += 1;
        Some((self.seq, out))
    }

    /// Takes a snapshot, after secrets and before anything else; then only what was stored after it is restored.
    /// Says whether it fitted; if not, nothing was taken.
    pub fn restore_snapshot(&mut self, bytes: &[u8]) -> bool {
        let Some(kept) =
            bytes.strip_prefix(snapshot::begin(&self.id.0, self.me.party).as_slice()).and_then(Kept::back)
        else {
            return false;
        };
        self.books = kept.books;
        for (book, state) in &mut self.books {
            let secret = self.secrets.get(&(book.party, book.rank()));
            state.secret = secret.map(|secret| BookSecret::new(secret, &book.origin(&self.id)));
            // What was not signed yet by then is signed at the start, as one step.
            if book.party == self.me.party && state.size() > state.signed_size() {
                let (size, root) = (state.size(), state.frontier.root());
                self.reached.push(Reached { book: *book, size, root, bytes: 0, ends: true, signed: None });
            }
        }
        self.acts_held = kept.acts_held;
        self.acts = kept.acts;
        self.facts = kept.facts;
        self.duty = kept.duty;
        // Of what was written with earlier keys some may be a thief's, in a far future: nothing goes on from there.
        let is_of_earlier = kept.generations.values().all(|of| *of < self.first_generation());
        self.last = if is_of_earlier { (0, 0) } else { kept.last };
        self.generations = kept.generations;
        self.custody = kept.custody;
        self.partings = kept.partings;
        self.seals = kept.seals;
        self.follow_amendments();
        self.follow_members();
        true
    }

    /// A seq for what the shell has to write by itself, in order with everything that it was handed.
    pub fn next_seq(&mut self) -> u64 {
        self.seq += 1;
        self.seq
    }

    fn start(&mut self) {
        self.started = true;
        self.root_renewals();
        let mut reached: BTreeMap<Book, Vec<Reached>> = BTreeMap::new();
        for one in core::mem::take(&mut self.reached) {
            reached.entry(one.book).or_default().push(one);
        }
        for (book, steps) in reached {
            if book.party == self.me.party {
                self.sign(book, &steps);
            }
        }
        for party in self.ranks.keys().copied().collect::<Vec<Party>>() {
            self.let_go_of_receipts(party);
        }
        let mirrors: Vec<Book> =
            self.books.keys().copied().filter(|book| book.party != self.me.party).collect();
        for book in mirrors {
            self.give_receipt(book, Vec::new());
        }
        let current = Class::ALL.map(|class| self.current(class));
        let over = |book: &Book| book.party == self.me.party && !current.contains(book);
        for (_, state) in self.books.iter_mut().filter(|(book, _)| over(book)) {
            state.reach_all();
        }
        self.close_cuts();
        if self.renews.is_none() {
            self.begin_with_keys(None);
        }
        self.start_watch();
    }

    /// Keeps proof of a breach, and says so.
    pub(crate) fn convict(&mut self, evidence: Evidence) {
        self.append.evidence.push(evidence.clone());
        self.show(Shown::Breach(evidence));
    }

    fn ask_to_wake(&mut self) {
        let Some(at_ms) = self.next_wake_ms().map(|at_ms| self.pace.shown_at(at_ms)) else { return };
        if self.wake_ms != Some(at_ms) {
            self.wake_ms = Some(at_ms);
            self.do_next(Effect::Wake { at_ms });
        }
    }

    /// Takes a sound entry into every fold.
    pub(crate) fn admit(
        &mut self,
        name: EntryRef,
        regards: &[EntryRef],
        content: &Content,
        time_ms: u64,
        under: &Under,
    ) {
        if name.book.class == Class::A || matches!(content, Content::Opens { .. }) {
            self.acts.admit(name, regards, content, time_ms);
            self.reach_moved(content);
        }
        let books = &self.books;
        let judged = |of: EntryRef| books.get(&of.book).is_some_and(|state| state.judged >= of.number);
        let memorandum = self.acts.in_force(&self.founding, under);
        self.facts.admit(name, regards, content, time_ms, self.acts.members(memorandum, under), judged);
        if let Content::Duty(duty) = content {
            let party = name.book.party;
            if self.duty.get(&party).is_none_or(|(last, _)| *last < name) {
                self.duty.insert(party, (name, *duty));
            }
        }
        self.heard_test(name, regards, content);
        self.heard_seal(name, content, time_ms);
        self.custody.admit(name, content);
        self.blobs_named(name, content);
    }
}

fn unheard(book: Book, secrets: &BTreeMap<(Party, u8), LineSecret>, id: &LineId) -> BookState {
    let secret = secrets.get(&(book.party, book.rank()));
    BookState::new(book, secret.map(|secret| BookSecret::new(secret, &book.origin(id))))
}
