//! A book as this station holds it: its tree, what of it is durable and signed, and what its last entries said.
//!
//! One [`BookState`] serves own books and mirrors alike; they differ only in who signs and who receipts.

use alloc::collections::{BTreeMap, BTreeSet, VecDeque};
use alloc::sync::Arc;
use alloc::vec::Vec;

use detente_record::book::Past;
use detente_record::{
    Book, BookSecret, Checkpoint, Class, Cut, Entry, Fault, Frontier, Hash, Party, Receipt, Signature,
    SignedCheckpoint, empty_root,
};

use crate::kind::Content;
use crate::memorandum::Quota;
use crate::snapshot::{Keep, keep};

/// How many recent checkpoints of a book are kept, to hold receipts and other checkpoints to.
const CHECKPOINTS: usize = 1_024;
/// How many older ones at most, of a book.
const ANCHORS: usize = 2;
/// Milliseconds in a day.
const DAY_MS: u64 = 86_400_000;
/// Most entries of one book that may wait for acts to come before they are judged.
pub(crate) const MAX_UNJUDGED: usize = 4_096;

/// An entry that waits for the acts that it rests on.
#[derive(Debug, Clone)]
pub(crate) struct Unjudged {
    pub(crate) number: u64,
    pub(crate) acts: Arc<Cut>,
    pub(crate) read: Result<(Entry, Content), Fault>,
    /// When this party receipted it, which is when its clock began, ms.
    pub(crate) arrived_ms: Option<u64>,
    /// What its author has appended to the book in its day, it included.
    pub(crate) day: Day,
    /// All that it states of other books, where that may end a party's past.
    pub(crate) stated: Option<Cut>,
}

/// A verified size that this station's cuts may not state yet, because they cannot state the acts under it.
#[derive(Debug, Clone)]
struct Unclosed {
    size: u64,
    root: Hash,
    acts: Arc<Cut>,
}

/// What an author has appended to a book in a day.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Day {
    day: u64,
    entries: u64,
    bytes: u64,
}

impl Day {
    /// Counts an entry.
    pub(crate) fn spend(&mut self, time_ms: u64, bytes: u64) {
        // A day that is over does not come back, whatever an author says.
        let day = time_ms / DAY_MS;
        if day > self.day {
            *self = Self { day, entries: 0, bytes: 0 };
        }
        self.entries = self.entries.saturating_add(1);
        self.bytes = self.bytes.saturating_add(bytes);
    }

    /// Whether a day's quota holds it.
    pub(crate) fn is_within(&self, quota: Quota) -> bool {
        self.entries <= quota.entries && self.bytes <= quota.bytes
    }
}

/// A book as this station holds it.
#[derive(Debug, Clone)]
pub(crate) struct BookState {
    /// The tree over all entries appended or verified, durable or not.
    pub(crate) frontier: Frontier,
    /// How many of them are durable here.
    pub(crate) durable: u64,
    /// The last checkpoint whose entries are durable here.
    pub(crate) signed: Option<SignedCheckpoint>,
    /// For the blinds of its leaves.
    pub(crate) secret: Option<BookSecret>,
    /// The last receipt of each party.
    pub(crate) receipts: BTreeMap<Party, Receipt>,
    /// Up to which number entries have been judged.
    pub(crate) judged: u64,
    pub(crate) unjudged: VecDeque<Unjudged>,
    /// It has forked: nothing more of it is taken.
    pub(crate) ended: bool,
    /// What its entries have stated.
    pub(crate) past: Past,
    /// The acts of what they have stated.
    acts: Arc<Cut>,
    closed: (u64, Hash),
    unclosed: VecDeque<Unclosed>,
    checkpoints: BTreeMap<u64, (Hash, Signature)>,
    /// Sizes of which the checkpoint stays, however many come after it, while this station runs.
    anchors: BTreeSet<u64>,
    /// What its author has appended in the day of its last entry.
    pub(crate) day: Day,
}

keep!(Day { day, entries, bytes });
keep!(Unclosed { size, root, acts });

impl Keep for BookState {
    /// Everything but its secret, and what waits to be judged: then there is no snapshot.
    fn keep(&self, out: &mut Vec<u8>) {
        let past = &self.past;
        past.book.keep(out);
        (past.serial, past.time_ms).keep(out);
        past.stated.keep(out);
        self.frontier.keep(out);
        self.signed.keep(out);
        self.receipts.keep(out);
        self.judged.keep(out);
        self.ended.keep(out);
        self.acts.keep(out);
        self.closed.keep(out);
        self.unclosed.keep(out);
        self.checkpoints.keep(out);
        self.day.keep(out);
    }
    fn back(from: &mut &[u8]) -> Option<Self> {
        let mut state = Self::new(Book::back(from)?, None);
        (state.past.serial, state.past.time_ms) = Keep::back(from)?;
        state.past.stated = Keep::back(from)?;
        state.frontier = Keep::back(from)?;
        state.signed = Keep::back(from)?;
        state.receipts = Keep::back(from)?;
        state.judged = Keep::back(from)?;
        state.ended = Keep::back(from)?;
        state.acts = Keep::back(from)?;
        state.closed = Keep::back(from)?;
        state.unclosed = Keep::back(from)?;
        state.checkpoints = Keep::back(from)?;
        state.day = Keep::back(from)?;
        state.durable = state.size();
        Some(state)
    }
}

impl BookState {
    /// An empty book, whose leaves are blinded by a secret once that is known.
    pub(crate) fn new(book: Book, secret: Option<BookSecret>) -> Self {
        Self {
            frontier: Frontier::default(),
            durable: 0,
            signed: None,
            secret,
            receipts: BTreeMap::new(),
            judged: 0,
            unjudged: VecDeque::new(),
            ended: false,
            past: Past::new(book),
            acts: Arc::default(),
            closed: (0, empty_root()),
            unclosed: VecDeque::new(),
            checkpoints: BTreeMap::new(),
            anchors: BTreeSet::new(),
            day: Day::default(),
        }
    }

    /// How many entries it has here, durable or not.
    pub(crate) fn size(&self) -> u64 {
        self.frontier.size()
    }

    /// The size up to which others may have it from here.
    pub(crate) fn signed_size(&self) -> u64 {
        self.signed.as_ref().map_or(0, |signed| signed.checkpoint.size)
    }

    /// The largest size for which a receipt is held; of an own book, another party's.
    pub(crate) fn receipted(&self) -> u64 {
        self.receipts.values().map(|receipt| receipt.size).max().unwrap_or(0)
    }

    /// The root at a signed size, if it is recent.
    pub(crate) fn root_at(&self, size: u64) -> Option<Hash> {
        self.checkpoints.get(&size).map(|(root, _)| *root)
    }

    /// The checkpoint of a size, if it is recent.
    pub(crate) fn checkpoint_at(&self, size: u64) -> Option<SignedCheckpoint> {
        let (root, signature) = *self.checkpoints.get(&size)?;
        Some(SignedCheckpoint { checkpoint: Checkpoint { book: self.past.book, size, root }, signature })
    }

    /// The recent ones, ascending by size.
    pub(crate) fn recent_checkpoints(&self) -> impl DoubleEndedIterator<Item = SignedCheckpoint> {
        self.checkpoints.iter().map(|(size, (root, signature))| SignedCheckpoint {
            checkpoint: Checkpoint { book: self.past.book, size: *size, root: *root },
            signature: *signature,
        })
    }

    /// Keeps a checkpoint whose entries are durable here, as the last one.
    pub(crate) fn keep_checkpoint(&mut self, signed: SignedCheckpoint) {
        let Checkpoint { size, root, .. } = signed.checkpoint;
        self.checkpoints.insert(size, (root, signed.signature));
        if self.checkpoints.len() > CHECKPOINTS {
            // The last one that is receipted stays: the reach of a key may come to end there.
            let receipted = self.receipted();
            let stays = |size: &u64| *size == receipted || self.anchors.contains(size);
            let oldest = self.checkpoints.keys().copied().find(|size| !stays(size));
            oldest.and_then(|size| self.checkpoints.remove(&size));
        }
        self.signed = Some(signed);
    }

    /// Keeps a checkpoint of long ago that the record holds, and goes on keeping it.
    pub(crate) fn anchor(&mut self, signed: &SignedCheckpoint) {
        if self.anchors.len() < ANCHORS {
            self.anchors.insert(signed.checkpoint.size);
            self.checkpoints.insert(signed.checkpoint.size, (signed.checkpoint.root, signed.signature));
        }
    }

    /// The acts that the next entry rests on, as far as it states them.
    pub(crate) fn acts(&self) -> &Arc<Cut> {
        &self.acts
    }

    /// Holds an entry to the rules that tie it to its own book (spec/line.md §5), and takes what it states as
    /// stated, whatever the verdict.
    ///
    /// # Errors
    /// `Misbehaved`, with the rule that it breaks.
    pub(crate) fn follow(&mut self, entry: &Entry) -> Result<(), Fault> {
        let verdict = self.past.follow(entry);
        if entry.cut.keys().any(|of| of.class == Class::A) {
            let acts = self.past.stated.iter().filter(|(of, _)| of.class == Class::A);
            self.acts = Arc::new(acts.map(|(of, size)| (*of, *size)).collect());
        }
        verdict
    }

    /// The largest verified size that this station's own cuts may state.
    pub(crate) fn closed(&self) -> u64 {
        self.closed.0
    }

    /// So much is held, resting on the acts stated so far; cuts may state it once they can state those.
    pub(crate) fn reach(&mut self, size: u64, root: Hash) {
        if size > self.unclosed.back().map_or(self.closed.0, |last| last.size) {
            self.unclosed.push_back(Unclosed { size, root, acts: Arc::clone(&self.acts) });
        }
    }

    /// Takes the leaf of an entry. Where the entry rests on further acts, what came before it may be stated without
    /// them: they may never come.
    pub(crate) fn push(&mut self, leaf: Hash, rests_on_more: bool) {
        if rests_on_more {
            self.reach_all();
        }
        self.frontier.push(leaf);
    }

    /// Everything that is held so far may be stated by itself.
    pub(crate) fn reach_all(&mut self) {
        self.reach(self.size(), self.frontier.root());
    }

    /// The largest verified size that could be stated if a cut over books of acts were.
    pub(crate) fn closable(&self, acts: &Cut) -> u64 {
        let closable = self.unclosed.iter().take_while(|next| covers(acts, &next.acts));
        closable.last().map_or(self.closed.0, |last| last.size)
    }

    /// Moves the closed size on, given what is stated of books of acts.
    pub(crate) fn close(&mut self, acts: &Cut) {
        while let Some(next) = self.unclosed.pop_front_if(|next| covers(acts, &next.acts)) {
            self.closed = (next.size, next.root);
        }
    }

    /// The root at a size that was stated once: the whole book, its closed part, or one of its checkpoints.
    pub(crate) fn stated_root(&self, size: u64) -> Option<Hash> {
        if size == self.size() {
            Some(self.frontier.root())
        } else if size == self.closed.0 {
            Some(self.closed.1)
        } else {
            self.root_at(size)
        }
    }
}

fn covers(cut: &Cut, acts: &Cut) -> bool {
    acts.iter().all(|(book, size)| cut.get(book).is_some_and(|stated| stated >= size))
}
