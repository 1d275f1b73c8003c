//! What goes into a line and what comes out: the whole of the core's contract with its shell.
//!
//! One [`Input`] at a time, each carrying its own time and entropy; then drain [`Effect`]s until there are
//! none. The core never calls out. An effect is to be performed in order; of `Append` the shell reports
//! [`Event::Durable`] after the fsync, of `Send` it reports [`Event::Sent`] once the circuit has taken it.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

use detente_record::{
    Blob, Book, Class, Cut, EntryRef, Fault, Hash, LineSecret, Node, Party, Receipt, Renewal,
    SignedCheckpoint, conflict, conflict_across, proof,
};

use crate::courier::{Carried, CourierKey, Unladen};
use crate::kind::Content;
use crate::memorandum::Memorandum;
use crate::said::Said;

/// Most void entries, and most pieces of evidence, of one append; what is beyond comes in the next.
pub const MAX_OF_APPEND: usize = 2_048;

/// A circuit, as its shell numbers it; never used again once it is down.
pub type CircuitId = u64;

/// One thing that happened, when, with randomness for whatever it may need.
#[derive(Debug)]
pub struct Input {
    /// What the station's clock shows, ms since 1970.
    pub at_ms: u64,
    /// What has passed by a clock that nobody sets, ms since any moment before the station's start.
    pub passed_ms: u64,
    /// Fresh random bytes.
    pub entropy: [u8; 32],
    /// What happened.
    pub event: Event,
}

/// What happened.
#[derive(Debug)]
pub enum Event {
    /// Everything stored has been restored; the line may begin to act.
    Started,
    /// An officer, or a machine on an officer's behalf, wants something written.
    Command {
        /// Comes back in [`Shown::Accepted`] or [`Shown::Refused`].
        id: u64,
        /// What is wanted.
        command: Command,
    },
    /// A circuit to the station of `peer`, authenticated as such, is there.
    CircuitUp {
        /// Which.
        circuit: CircuitId,
        /// To whom.
        peer: Party,
        /// The rank of the station key by which it is.
        rank: u8,
        /// How much longer P and R may take on another one before they go on this one, ms.
        cost_ms: u64,
        /// How many bytes a second it carries, if it is a narrow one, with lanes (spec/serial.md §5).
        rate: Option<u32>,
        /// Both ends have told the other the same [`Line::agreed`](crate::Line::agreed): no hello is said unless one comes.
        agreed: bool,
    },
    /// A circuit is gone.
    CircuitDown {
        /// Which.
        circuit: CircuitId,
    },
    /// A frame came in.
    Received {
        /// On which circuit.
        circuit: CircuitId,
        /// The frame (spec/line.md §6).
        frame: Vec<u8>,
    },
    /// The circuit has taken the last [`Effect::Send`].
    Sent {
        /// Which.
        circuit: CircuitId,
        /// Where what it has taken went.
        lane: Lane,
        /// For a step: the size of the book that it reached; `None` if the store had no checkpoint for it yet.
        reached: Option<(Book, u64)>,
    },
    /// What [`Effect::Compare`] asked for.
    Compared(Box<Fork>),
    /// Somebody brings a party's renewals, ascending by rank.
    Renewals(Vec<Renewal>),
    /// A courier key, of this station's own making or brought by somebody.
    CourierKey(Box<CourierKey>),
    /// A file has come by courier; some of its frames.
    Carried(Carried),
    /// Of the blobs that the record names, these are here, whole and durable; once, after [`Event::Started`]. Nothing is
    /// fetched before.
    BlobsHere(Vec<Blob>),
    /// How far a blob is here: what [`Effect::Resume`] and [`Effect::Keep`] come to, and what an officer brings.
    Blob {
        /// Which.
        blob: Blob,
        /// How far.
        state: BlobState,
    },
    /// Everything appended up to and including `seq` is durable.
    Durable {
        /// From [`Append::seq`].
        seq: u64,
    },
    /// The time asked for by [`Effect::Wake`] has come.
    Woken,
}

/// How far a blob is here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BlobState {
    /// So many chunks are written, from the first on.
    Kept {
        /// How many.
        chunks: u64,
    },
    /// All of it is durable, and fits its hash.
    Whole,
    /// All of it came, and does not fit its hash; nothing of it is kept.
    False,
    /// The shell has no room for it, or could not write it.
    NoRoom,
}

/// What the shell is to do.
#[derive(Debug, Clone)]
pub enum Effect {
    /// Make it durable, whole or not at all, in order.
    Append(Append),
    /// Put it on a circuit, then report [`Event::Sent`].
    Send {
        /// Which circuit.
        circuit: CircuitId,
        /// What.
        what: Outgoing,
    },
    /// Find out from the store what the book of `with`, up to that, has as its root at the smaller size of `head`,
    /// and how that leads to `with`; then report [`Event::Compared`].
    Compare {
        /// Somebody else's, of a size that no checkpoint is kept for here.
        head: SignedCheckpoint,
        /// This station's own last one, which is larger.
        with: SignedCheckpoint,
    },
    /// Find out how much of a blob is here, from its first chunk on, and report it as [`Event::Blob`].
    Resume {
        /// Which.
        blob: Blob,
    },
    /// Write the next chunk of a blob, which is verified, and report it as [`Event::Blob`]: `Kept`, or, after the last one
    /// and the fsync, `Whole` or `False`. No promise rests on a chunk before that.
    Keep {
        /// Of which blob.
        blob: Blob,
        /// Which chunk, counted from 0.
        chunk: u64,
        /// Its bytes.
        bytes: Vec<u8>,
    },
    /// Tell whoever is watching.
    Show(Shown),
    /// Come back when the clock shows this time; replaces the time asked for before.
    Wake {
        /// ms since 1970.
        at_ms: u64,
    },
}

/// What goes on a circuit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outgoing {
    /// These frames, in order.
    Frames(Vec<Vec<u8>>),
    /// The next step of a book from a size on (the store knows its bytes), and the receipts for its end: up to
    /// `end` if one step reaches it, else up to a checkpoint that the store has.
    Step {
        /// Which book.
        book: Book,
        /// The size that the peer has.
        from: u64,
        /// The last signed size; its checkpoint may not have come to be stored yet.
        end: SignedCheckpoint,
        /// Before it go its entries, [`crate::frame::ahead_of`] it, where they are few: its reader shows them while the
        /// signature is on its way.
        ahead: bool,
    },
    /// A chunk of a blob with its proof, both of which the shell has; or, if it has not, [`crate::frame::lack`].
    Part {
        /// Of which blob.
        blob: Blob,
        /// Which chunk, counted from 0.
        chunk: u64,
    },
    /// A courier key, as a frame; nothing waits behind it but parts of blobs.
    Key(Vec<u8>),
    /// This last frame, if any; then close.
    Close(Option<Vec<u8>>),
}

/// Where something goes on a circuit. A narrow one has one thing of each lane under way, the first lane first; any other one
/// thing of all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Lane {
    /// Steps of books of FLASH.
    Z,
    /// What is short: hellos, receipts, pings.
    Word,
    /// Steps of books of acts.
    A,
    /// Steps of books of IMMEDIATE.
    O,
    /// Steps of books of PRIORITY.
    P,
    /// Steps of books of ROUTINE.
    R,
    /// Courier keys, and parts of blobs.
    Part,
}

impl From<Class> for Lane {
    fn from(class: Class) -> Self {
        match class {
            Class::Z => Self::Z,
            Class::A => Self::A,
            Class::O => Self::O,
            Class::P => Self::P,
            Class::R => Self::R,
        }
    }
}

impl Outgoing {
    /// Where it goes.
    pub fn lane(&self) -> Lane {
        match self {
            Self::Frames(_) | Self::Close(_) => Lane::Word,
            Self::Step { book, .. } => book.class.into(),
            Self::Part { .. } | Self::Key(_) => Lane::Part,
        }
    }
}

/// Two checkpoints of one book, and what ties the larger to a root at the size of the smaller. If that is another
/// root than the smaller's, they convict the book's author of a fork (spec/record.md §6).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fork {
    /// The smaller one, or one of two of one size.
    pub head: SignedCheckpoint,
    /// The larger one.
    pub with: SignedCheckpoint,
    /// The root, at the size of `head`, of the tree that `with` is the head of.
    pub root: Hash,
    /// The consistency proof from that root to `with`; empty for two of one size.
    pub proof: Vec<Hash>,
}

impl Fork {
    /// Works out how two checkpoints of one book stand to each other, from the hashes of complete subtrees of the book
    /// that `with` is the head of.
    ///
    /// # Errors
    /// `Misuse` when `with` is smaller; and whatever `subtree` fails with.
    pub fn between<E: From<Fault>>(
        head: SignedCheckpoint,
        with: SignedCheckpoint,
        mut subtree: impl FnMut(Node) -> Result<Hash, E>,
    ) -> Result<Self, E> {
        let (from, to) = (head.checkpoint.size, with.checkpoint.size);
        let root = proof::root(from, &mut subtree)?;
        let proof = proof::consistency(from, to, subtree)?;
        Ok(Self { head, with, root, proof })
    }

    /// Whether it convicts, once both checkpoints are verified.
    pub fn convicts(&self) -> bool {
        conflict(&self.head, &self.with) || conflict_across(&self.head, &self.with, &self.root, &self.proof)
    }
}

/// What is to be made durable together.
#[derive(Debug, Clone, Default)]
pub struct Append {
    /// Ascending by one.
    pub seq: u64,
    /// Whether somebody waits for it; otherwise it may wait a few milliseconds for company.
    pub urgent: bool,
    /// Entries, own or mirrored.
    pub entries: Vec<StoredEntry>,
    /// Checkpoints, signed or verified.
    pub checkpoints: Vec<SignedCheckpoint>,
    /// Receipts, given or got.
    pub receipts: Vec<Receipt>,
    /// Renewals taken.
    pub renewals: Vec<Renewal>,
    /// Courier keys taken, each in place of its party's one before.
    pub courier_keys: Vec<CourierKey>,
    /// Line secrets learnt, by party and rank.
    pub secrets: Vec<((Party, u8), LineSecret)>,
    /// Provable breaches.
    pub evidence: Vec<Evidence>,
    /// Entries that were judged since the last append, or while the record was restored, and are void. A restored one
    /// may be in the store already.
    pub void: Vec<Void>,
}

impl Append {
    /// Whether there is nothing to be made durable.
    pub(crate) fn is_idle(&self) -> bool {
        let Self {
            seq: _,
            urgent: _,
            entries,
            checkpoints,
            receipts,
            renewals,
            courier_keys,
            secrets,
            evidence,
            void,
        } = self;
        entries.is_empty()
            && checkpoints.is_empty()
            && receipts.is_empty()
            && renewals.is_empty()
            && courier_keys.is_empty()
            && secrets.is_empty()
            && evidence.is_empty()
            && void.is_empty()
    }
}

/// An entry that its own cut forbids, or that cannot be read: folds skip it, here and everywhere, for ever. The core tells it
/// once, and remembers it only until it is durable; whoever reads entries back from the store leaves it out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Void {
    /// Its name.
    pub name: EntryRef,
    /// Why.
    pub fault: Fault,
}

/// An entry on its way to the store.
#[derive(Debug, Clone)]
pub struct StoredEntry {
    /// Its name.
    pub name: EntryRef,
    /// Its bytes, as received.
    pub bytes: Arc<[u8]>,
    /// Its leaf hash.
    pub leaf: Hash,
    /// Its kind, 0 if that could not be read.
    pub kind: u16,
    /// Its author's time, ms, 0 if that could not be read.
    pub time_ms: u64,
    /// What it regards.
    pub regards: Vec<EntryRef>,
}

/// A provable breach, with what proves it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    /// Against whom.
    pub party: Party,
    /// What was done, by the names of spec/line.md §8.
    pub fault: Fault,
    /// The bytes that prove it: entry, checkpoints, or receipt.
    pub proof: Vec<u8>,
}

/// What can be asked of a line.
#[derive(Debug, Clone)]
pub enum Command {
    /// Write an entry.
    Write(Draft),
    /// Write an entry whose body is made: for whoever writes many.
    WriteSaid(Draft<Said>),
}

/// An entry before it has a name; of content, or of what was [`Said`] already.
#[derive(Debug, Clone)]
pub struct Draft<C = Content> {
    /// The precedence; `None` takes that of what it regards, or the only one its kind allows.
    pub class: Option<Class>,
    /// The releasing office; `None` for the lowest-numbered watch office.
    pub office: Option<u16>,
    /// The office of the second releasing officer, where two release it (memorandum, key 24).
    pub second: Option<u16>,
    /// BCP 47; `None` for the party's first language.
    pub language: Option<String>,
    /// What it regards.
    pub regards: Vec<EntryRef>,
    /// What it says.
    pub content: C,
}

impl<C> Draft<C> {
    /// A draft of nothing but its content, by the watch, in the party's first language.
    pub fn of(class: Option<Class>, content: C) -> Self {
        Self { class, office: None, second: None, language: None, regards: Vec::new(), content }
    }
}

/// What somebody who watches sees.
#[derive(Debug, Clone, PartialEq)]
pub enum Shown {
    /// A command is done and durable.
    Accepted {
        /// The command.
        id: u64,
        /// The entry that it became.
        entry: EntryRef,
    },
    /// A command is refused; nothing was written.
    Refused {
        /// The command.
        id: u64,
        /// Why.
        fault: Fault,
    },
    /// Another memorandum than before is in force, as everything held here shows.
    Amended {
        /// The decision that carried it; `None` for the founding one, which is in force again where the depositary has
        /// lost and disowned its decision.
        decision: Option<EntryRef>,
        /// What is in force now.
        memorandum: Arc<Memorandum>,
        /// How much of each book had been judged by then. Which of that is void is durable when this is shown; what was judged
        /// later is shown later.
        judged: Cut,
    },
    /// Parties are known that a decision admitted which does not count, since the depositary has lost and disowned it: the memorandum
    /// in force stays as it is.
    Named {
        /// Who.
        parties: Vec<Party>,
        /// The one in force, which knows them by name and key now.
        memorandum: Arc<Memorandum>,
    },
    /// An entry is durable here, with what became of it.
    Entry {
        /// Its name.
        name: EntryRef,
        /// Its serial, 0 if that could not be read.
        serial: u64,
        /// Why folds skip it, or `None`.
        marked: Option<Fault>,
        /// It rests on acts that have not come yet; it is shown again once it is judged.
        unjudged: bool,
        /// Its content, where it could be read.
        content: Option<Content>,
        /// What it regards.
        regards: Vec<EntryRef>,
        /// Whether all that it regards had been judged before it.
        regarded_judged: bool,
        /// Its author's time, ms.
        time_ms: u64,
    },
    /// A peer's FLASH or IMMEDIATE has come ahead of its signature (spec/line.md §6, Ahead): the peer's word, by the seal of the
    /// circuit and to nobody else. It is not durable, stands in no book, and is not judged; signed, it comes as [`Shown::Entry`].
    Ahead {
        /// On which circuit.
        circuit: CircuitId,
        /// What its name will be.
        name: EntryRef,
        /// Its content.
        content: Content,
        /// What it regards.
        regards: Vec<EntryRef>,
        /// Its author's time, ms.
        time_ms: u64,
    },
    /// A FLASH or IMMEDIATE has come signed, and is not what its author said ahead under that name. The signed one counts, and is
    /// shown as any other.
    Otherwise {
        /// Its name.
        name: EntryRef,
        /// What was said ahead.
        said: Content,
        /// The author's time in that, ms.
        said_ms: u64,
        /// SHA-256 of what was said ahead, and of what is signed.
        digests: [Hash; 2],
    },
    /// What became of frames that came by courier; what was taken of them is durable.
    Carried {
        /// From [`Carried::id`].
        id: u64,
        /// What was not taken.
        unladen: Unladen,
    },
    /// Somebody acknowledged storing a book up to a size.
    Receipted {
        /// The receipt.
        receipt: Receipt,
    },
    /// An entry was not handled in time.
    Overdue {
        /// Which.
        entry: EntryRef,
        /// The rank to call.
        rank: u16,
        /// How long it has been open, ms.
        open_ms: u64,
    },
    /// A party's standing, as everything held here shows it, is another than before.
    Standing {
        /// Whose.
        party: Party,
        /// Whether it is in effect.
        in_effect: bool,
    },
    /// A circuit opened its conversation.
    CircuitReady {
        /// Which.
        circuit: CircuitId,
        /// With whom.
        peer: Party,
    },
    /// A circuit has not answered a ping in its own time, or answers again.
    CircuitSilent {
        /// Which.
        circuit: CircuitId,
        /// Silent, or no longer.
        silent: bool,
    },
    /// Something took too long on a circuit, and others carry P and R; or it is in time again.
    CircuitLate {
        /// Which.
        circuit: CircuitId,
        /// Whether it is late.
        late: bool,
    },
    /// A test, or its answer, did not come.
    Missed {
        /// The slot.
        slot: u64,
        /// Who owed it.
        party: Party,
    },
    /// A party has other keys than before.
    KeysRenewed {
        /// Which.
        party: Party,
        /// The rank of its keys from now on.
        rank: u8,
    },
    /// After [`crate::Line::distrust`], or with new keys: every own book goes on in a new generation, durably. The store is from now on
    /// the one that runs.
    Renewed,
    /// After [`crate::Line::distrust`]: some own book cannot go on, and nothing can be written in it.
    NotRenewed {
        /// Why.
        fault: Fault,
    },
    /// A blob that was fetched is here whole, or is not what an entry says.
    Blob {
        /// Which.
        blob: Blob,
        /// Why it is not kept.
        fault: Option<Fault>,
    },
    /// Somebody did what must not be done; the evidence is kept.
    Breach(Evidence),
    /// A circuit's peer sent what was not taken, and why.
    NotTaken {
        /// Which circuit.
        circuit: CircuitId,
        /// Why.
        fault: Fault,
    },
    /// The clock jumped ahead by more than an hour.
    ClockJumped {
        /// By how much, ms.
        by_ms: u64,
    },
    /// The clock was set back by more than ten seconds: the line goes on in the time that it went by, a little slower,
    /// until the clock has caught up.
    ClockSetBack {
        /// By how much, ms.
        by_ms: u64,
    },
}
