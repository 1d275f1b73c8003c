//! A party that lies: it has its own keys and no scruples, and speaks the frames of spec/line.md §6 by itself.
//!
//! It keeps its books in branches, so that it can tell parties different things under one name. What it cannot
//! do is sign as somebody else; everything short of that is in here.

mod breaches;
mod deciding;
mod robbing;
mod seals;
mod writing;

use std::collections::BTreeMap;

use detente_line::frame::{self, Frame, Hello};
use detente_line::{Choice, CircuitId, Content, Memorandum};
use detente_record::{
    Book, BookSecret, Class, Cut, Entry, EntryRef, Frontier, Hash, LineId, LineSecret, Party, PublicKey,
    Receipt, Renewal, STEP_BYTES, STEP_ENTRIES, SecretKey, Signature, verify_step,
};

use crate::founding::Keys;
use crate::rng::Rng;
use crate::scenario::Lies;

use breaches::message;

/// Most frames that are kept to be said again.
const OVERHEARD: usize = 64;

/// What goes out, and where.
pub(crate) type Sent = Vec<(CircuitId, Vec<u8>)>;

/// One version of everything that the party has said.
#[derive(Clone, Default)]
struct Branch {
    entries: BTreeMap<Book, Vec<Vec<u8>>>,
    frontiers: BTreeMap<Book, Frontier>,
    signatures: BTreeMap<Book, Vec<Signature>>,
    stated: BTreeMap<Book, Cut>,
    generations: BTreeMap<Class, u16>,
    serial: u64,
    time_ms: u64,
}

/// A circuit, as the liar sees it.
struct Talk {
    peer: Party,
    ready: bool,
    told: Cut,
}

/// A party that lies.
pub(crate) struct Liar {
    keys: Keys,
    /// The first generation of the rank of its keys.
    first: u16,
    wrong: SecretKey,
    line: LineId,
    memorandum: Memorandum,
    /// Everybody who is or may become a party: it has heard of them all.
    roll: Memorandum,
    lies: Lies,
    rng: Rng,
    branches: Vec<Branch>,
    follows: BTreeMap<Party, usize>,
    /// By party and rank.
    secrets: BTreeMap<(Party, u8), LineSecret>,
    /// The book keys that renewals brought, by party and rank.
    renewed: BTreeMap<(Party, u8), PublicKey>,
    heard: BTreeMap<Book, Frontier>,
    /// What the authors of those signed last.
    heads: BTreeMap<Book, (Hash, Signature)>,
    seen: Vec<(EntryRef, u16)>,
    /// Motions, votes and decisions, its own too: what each regards, and says.
    moved: BTreeMap<EntryRef, (Vec<EntryRef>, Content)>,
    talks: BTreeMap<CircuitId, Talk>,
    overheard: Vec<Vec<u8>>,
    /// It has signed a checkpoint, to seal it, that none of its books has.
    sealed_another: bool,
}

impl Liar {
    /// A liar who has said nothing yet.
    pub(crate) fn new(
        keys: Keys,
        memorandum: Memorandum,
        roll: Memorandum,
        lies: Lies,
        mut rng: Rng,
    ) -> Self {
        let secrets = BTreeMap::from([((keys.party, 0), keys.secret.clone())]);
        Self {
            wrong: SecretKey::from_seed(rng.bytes()),
            line: memorandum.line(),
            keys,
            first: 0,
            memorandum,
            roll,
            lies,
            rng,
            branches: vec![Branch::default()],
            follows: BTreeMap::new(),
            secrets,
            renewed: BTreeMap::new(),
            heard: BTreeMap::new(),
            heads: BTreeMap::new(),
            seen: Vec::new(),
            moved: BTreeMap::new(),
            talks: BTreeMap::new(),
            overheard: Vec::new(),
            sealed_another: false,
        }
    }

    /// Whether it has told parties different things.
    pub(crate) fn has_forked(&self) -> bool {
        self.branches.len() > 1 || self.sealed_another
    }

    /// A circuit is there.
    pub(crate) fn up(&mut self, circuit: CircuitId, peer: Party) -> Sent {
        self.talks.insert(circuit, Talk { peer, ready: false, told: Cut::new() });
        let mut hello = self.hello(peer);
        if self.lies.stale && self.rng.chance(300) {
            hello.memorandum = self.rng.bytes();
        }
        if self.lies.frames && self.rng.chance(150) {
            match self.rng.below(4) {
                0 => hello.version = 2,
                1 => hello.party = peer,
                2 => hello.line = LineId(self.rng.bytes()),
                _ => self.claim(&mut hello, peer),
            }
        }
        let mut out = vec![(circuit, frame::hello(&hello))];
        let wrong = self.lies.frames && self.rng.chance(50);
        let secret = if wrong { LineSecret::from_bytes(self.rng.bytes()) } else { self.keys.secret.clone() };
        out.push((circuit, frame::secret(self.keys.party, self.rank(), &secret)));
        out
    }

    /// An honest hello.
    fn hello(&self, peer: Party) -> Hello {
        Hello {
            version: 1,
            line: self.line,
            memorandum: self.memorandum.hash(),
            party: self.keys.party,
            sizes: self.heard.iter().map(|(book, frontier)| (*book, frontier.size())).collect(),
            receipts: BTreeMap::new(),
            heads: self.heads_of(peer),
        }
    }

    /// Of a party's own books, the latest generation of each class, as it signed it.
    fn heads_of(&self, party: Party) -> BTreeMap<Book, (Hash, Signature)> {
        let of = self.heads.iter().filter(|(book, _)| book.party == party);
        let latest: BTreeMap<Class, _> = of.map(|(book, head)| (book.class, (*book, *head))).collect();
        latest.into_values().collect()
    }

    /// A hello says to hold more of its reader's books than the reader does, with a signature that shows something
    /// else, or with none.
    fn claim(&mut self, hello: &mut Hello, reader: Party) {
        let generation = if self.rng.chance(300) { self.rng.below(20) as u16 } else { 0 };
        let book = Book { generation, party: reader, class: self.class() };
        let heard = self.heard.get(&book).map_or(0, Frontier::size);
        hello.sizes.insert(book, heard + self.rng.within(1, 1_000));
        let head = match self.rng.below(4) {
            0 => None,
            1 => self.heads.get(&book).copied(),
            2 => self.heads.values().next_back().copied(),
            _ => Some((self.rng.bytes(), self.wrong.sign(b"a head"))),
        };
        hello.heads.retain(|other, _| other.class != book.class);
        hello.heads.extend(head.map(|head| (book, head)));
    }

    /// A circuit is gone.
    pub(crate) fn down(&mut self, circuit: CircuitId) {
        self.talks.remove(&circuit);
    }

    /// A frame came in.
    pub(crate) fn received(&mut self, circuit: CircuitId, bytes: &[u8], now_ms: u64) -> Sent {
        if self.overheard.len() < OVERHEARD {
            self.overheard.push(bytes.to_vec());
        } else if let Some(place) = self.overheard.get_mut(self.rng.below(OVERHEARD as u64) as usize) {
            *place = bytes.to_vec();
        }
        let mut out = Sent::new();
        match Frame::decode(bytes) {
            Ok(Frame::Hello(hello)) => {
                if let Some(talk) = self.talks.get_mut(&circuit) {
                    talk.ready = true;
                    talk.told = hello.sizes;
                }
            }
            Ok(Frame::Ping(nonce)) => out.push((circuit, frame::pong(nonce))),
            Ok(Frame::Have(sizes)) => {
                if let Some(talk) = self.talks.get_mut(&circuit) {
                    talk.told.extend(sizes);
                }
            }
            Ok(Frame::Secret { party, epoch: 0, secret })
                if self.roll.member(party).is_some_and(|of| of.commitment == secret.commitment()) =>
            {
                self.secrets.insert((party, 0), secret);
            }
            // Those who are honest say what is so; it takes what they say as it comes.
            Ok(Frame::Secret { party, epoch, secret }) => {
                self.secrets.insert((party, epoch as u8), secret);
            }
            Ok(Frame::Renewals(renewals)) => {
                let keys = |of: &Renewal| ((of.occasion.party, of.occasion.rank), of.keys.book.clone());
                self.renewed.extend(renewals.iter().map(keys));
            }
            Ok(Frame::Want { blob, first, .. }) => {
                // It has none of what it names, and gives what it has not.
                let answer = match self.rng.below(3) {
                    0 => frame::lack(&blob),
                    1 => frame::part(&blob, first, &[], &vec![7; blob.chunk_length(first).max(1) as usize]),
                    _ => return out,
                };
                out.push((circuit, answer));
            }
            Ok(Frame::Step { book, first, entries, signature }) => {
                out.extend(self.hears(circuit, book, first, &entries, &signature, now_ms));
            }
            _ => {}
        }
        out.extend(self.spread());
        out
    }

    fn hears(
        &mut self,
        circuit: CircuitId,
        book: Book,
        first: u64,
        entries: &[&[u8]],
        signature: &Signature,
        now_ms: u64,
    ) -> Sent {
        if book.party == self.keys.party {
            return Sent::new();
        }
        let held = self.heard.get(&book).cloned().unwrap_or_default();
        if first == 0 || first > held.size() + 1 {
            // Not always: with receipts that are lies as well it would ask for ever.
            let have = frame::have(&Cut::from([(book, held.size())]));
            return if self.rng.chance(300) { vec![(circuit, have)] } else { Sent::new() };
        }
        let of = (book.party, book.rank());
        let key = if of.1 == 0 { self.roll.book_key(of.0) } else { self.renewed.get(&of) };
        let (Some(secret), Some(key)) = (self.secrets.get(&of), key) else { return Sent::new() };
        let secret = BookSecret::new(secret, &book.origin(&self.line));
        let fresh = entries.get((held.size() + 1 - first) as usize..).unwrap_or_default();
        let end = first + entries.len() as u64 - 1;
        let Ok((frontier, _)) = verify_step(&held, &secret, fresh, book, end, signature, &self.line, key)
        else {
            return Sent::new();
        };
        for (bytes, number) in fresh.iter().zip(held.size() + 1..) {
            let name = EntryRef { book, number };
            let entry = Entry::decode(bytes).ok();
            self.seen.push((name, entry.as_ref().map_or(0, |entry| entry.kind)));
            self.note(name, entry.as_ref());
        }
        let root = frontier.root();
        self.heard.insert(book, frontier);
        self.heads.insert(book, (root, *signature));
        let (mut size, mut seconds, mut key) = (end, now_ms / 1000, &self.keys.receipt);
        if self.lies.receipts && self.rng.chance(500) {
            match self.rng.below(4) {
                0 => size += self.rng.within(1, 5),
                1 => seconds = seconds.saturating_sub(self.rng.below(10_000)),
                2 => key = &self.wrong,
                _ => seconds = u64::MAX,
            }
        }
        let receipt = Receipt::sign(book, self.keys.party, size, &root, seconds, &self.line, key);
        let ready: Vec<CircuitId> =
            self.talks.iter().filter(|(_, talk)| talk.ready).map(|(id, _)| *id).collect();
        ready.into_iter().map(|circuit| (circuit, frame::receipt(&receipt))).collect()
    }

    /// Does something, as a rule something bad.
    pub(crate) fn acts(&mut self, now_ms: u64) -> Sent {
        let parties: Vec<Party> = self.roll.parties().filter(|party| *party != self.keys.party).collect();
        if self.lies.fork && self.branches.len() < 3 && self.rng.chance(60) {
            self.branches.extend(self.branches.first().cloned());
            for party in parties {
                let branch = self.rng.below(self.branches.len() as u64) as usize;
                self.follows.insert(party, branch);
            }
        }
        let branch = self.rng.below(self.branches.len() as u64) as usize;
        let mut out = Sent::new();
        if self.keys.seal.is_some() && self.rng.chance(100) {
            self.seals(branch, now_ms);
        }
        if self.lies.decides && self.rng.chance(400) {
            self.decides(branch, now_ms);
        }
        match self.rng.below(8) {
            0 | 1 if self.lies.breach => self.breach(branch, now_ms),
            2 | 3 if self.lies.forbidden => self.forbidden(branch, now_ms),
            4 if self.lies.frames => out.extend(self.bad_frames()),
            5 if self.lies.replay => {
                if let (Some(frame), Some(circuit)) =
                    (self.rng.pick(&self.overheard).cloned(), self.any_talk())
                {
                    out.push((circuit, frame));
                }
            }
            6 => {
                // So that it does not look like one: it acknowledges and votes.
                let seen = self.rng.pick(&self.seen).copied();
                match seen {
                    Some((motion, 67)) => {
                        let choice =
                            [Choice::For, Choice::Against, Choice::Abstain][self.rng.below(3) as usize];
                        self.write(
                            branch,
                            Class::A,
                            vec![motion],
                            &Content::Vote { choice, text: None },
                            now_ms,
                        );
                    }
                    Some((subject, 1)) => {
                        let content = Content::Acknowledgement { text: None };
                        self.write(branch, subject.book.class, vec![subject], &content, now_ms);
                    }
                    _ => {}
                }
            }
            _ => {
                let class = self.class();
                let content = message(&mut self.rng);
                self.write(branch, class, Vec::new(), &content, now_ms);
            }
        }
        out.extend(self.spread());
        out
    }

    fn any_talk(&mut self) -> Option<CircuitId> {
        let ready: Vec<CircuitId> =
            self.talks.iter().filter(|(_, talk)| talk.ready).map(|(id, _)| *id).collect();
        self.rng.pick(&ready).copied()
    }

    /// More of its books to whoever lacks it, each by the branch that the party is told.
    fn spread(&mut self) -> Sent {
        let mut out = Sent::new();
        for (circuit, talk) in self.talks.iter_mut().filter(|(_, talk)| talk.ready) {
            let follows = self.follows.get(&talk.peer).copied().unwrap_or(0);
            let Some(branch) = self.branches.get(follows) else { continue };
            for (book, entries) in &branch.entries {
                let from = talk.told.get(book).copied().unwrap_or(0) as usize;
                let mut bytes = 0;
                let fits = entries.iter().skip(from).take(STEP_ENTRIES as usize).take_while(|entry| {
                    bytes += entry.len() as u64;
                    bytes <= STEP_BYTES
                });
                let end = from + fits.count();
                let signature = branch.signatures.get(book).and_then(|of| of.get(end.wrapping_sub(1)));
                if let (Some(signature), Some(step)) = (signature, entries.get(from..end))
                    && end > from
                {
                    out.push((*circuit, frame::step(*book, from as u64 + 1, step, signature)));
                    talk.told.insert(*book, end as u64);
                }
            }
        }
        out
    }
}
