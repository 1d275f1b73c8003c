//! The whole record of a line, read again from the store and held to everything that spec/record.md says: leaves,
//! trees, checkpoints, receipts, and what only several books together show: serials, times and vectors.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use detente_line::{Keyring, Line, Memorandum};
use detente_record::book::{Past, Serials, verify_vector};
use detente_record::{
    Book, BookSecret, Checkpoint, Class, Cut, Entry, EntryRef, EntryView, Frontier, Hash, LineSecret, Party,
    SignedCheckpoint, leaf_hashes,
};

use crate::links;
use crate::store::{Store, StoreError};

/// Most faults that are told of one book or party.
const MAX_FAULTS: usize = 100;
/// Entries that are read at a time, and their bytes.
const CHUNK: (usize, usize) = (1_024, 4 << 20);

/// What was found of one book.
#[derive(Debug, Default)]
pub(crate) struct Verified {
    /// Entries read.
    pub(crate) size: u64,
    /// The root over them.
    pub(crate) root: Hash,
    /// Checkpoints held to their author's key.
    pub(crate) checkpoints: u64,
    /// Receipts held to their signer's key.
    pub(crate) receipts: u64,
    /// What does not hold.
    pub(crate) faults: Vec<String>,
}

impl Verified {
    fn fault(&mut self, text: String) {
        if self.faults.len() < MAX_FAULTS {
            self.faults.push(text);
        }
    }
}

/// An act's name, its entry and its full cut.
type Act = (EntryRef, Entry, Cut);

/// What a record is verified by, beside its memorandum.
pub(crate) struct Keys {
    pub(crate) ring: Arc<Keyring>,
    pub(crate) secrets: Vec<((Party, u8), LineSecret)>,
    /// Where the reach of old keys ends, in the books of their ranks.
    pub(crate) reach: Cut,
}

impl Keys {
    /// As a line has them.
    pub(crate) fn of(line: &Line) -> Self {
        Self { ring: Arc::new(line.keyring()), secrets: line.secrets(), reach: line.reaches() }
    }
}

/// A record under verification.
pub(crate) struct Verification<'a> {
    store: &'a Store,
    memorandum: &'a Memorandum,
    keys: &'a Keys,
    acts: Vec<Act>,
    /// The sizes at which acts state a root.
    stated: BTreeMap<Book, BTreeSet<u64>>,
    roots: BTreeMap<(Book, u64), Hash>,
    /// What of every entry that could be read ties it to those of other books, by party.
    serials: BTreeMap<Party, Vec<(u64, EntryRef, u64, bool)>>,
}

impl<'a> Verification<'a> {
    /// Verifies everything that a store holds.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub(crate) fn run(
        store: &'a Store,
        memorandum: &'a Memorandum,
        keys: &'a Keys,
    ) -> Result<BTreeMap<Book, Verified>, StoreError> {
        let mut run = Self {
            store,
            memorandum,
            keys,
            acts: Vec::new(),
            stated: BTreeMap::new(),
            roots: BTreeMap::new(),
            serials: BTreeMap::new(),
        };
        let books: Vec<Book> =
            store.sizes()?.into_keys().filter_map(|code| Book::from_code(code).ok()).collect();
        for book in books.iter().filter(|book| book.class == Class::A) {
            run.read_acts(*book)?;
        }
        let mut verified = BTreeMap::new();
        for book in books {
            verified.insert(book, run.book(book)?);
        }
        run.between_books(&mut verified);
        Ok(verified)
    }

    /// Notes at which sizes the acts of a book state roots.
    fn read_acts(&mut self, book: Book) -> Result<(), StoreError> {
        let mut past = Past::new(book);
        let mut from = 1;
        loop {
            let entries = self.store.entries(book.code(), from, CHUNK.0, CHUNK.1)?;
            let Some(last) = entries.last() else { return Ok(()) };
            from = last.number + 1;
            for stored in entries {
                let Ok(entry) = Entry::decode(&stored.bytes) else { continue };
                let follows = past.follow(&entry).is_ok();
                let cut = past.full_cut(stored.number);
                for (of, size) in cut.iter().filter(|(_, size)| **size > 0) {
                    self.stated.entry(*of).or_default().insert(*size);
                }
                if follows {
                    self.acts.push((EntryRef { book, number: stored.number }, entry, cut));
                }
            }
        }
    }

    /// Reads a whole book again and holds every checkpoint and receipt of it to what it says.
    fn book(&mut self, book: Book) -> Result<Verified, StoreError> {
        let mut verified = Verified::default();
        let line = self.memorandum.line();
        let of = |(of, _): &&((Party, u8), LineSecret)| *of == (book.party, book.rank());
        let Some((_, secret)) = self.keys.secrets.iter().find(of) else {
            verified.fault("no line secret for this book".into());
            return Ok(verified);
        };
        let secret = BookSecret::new(secret, &book.origin(&line));
        let mut frontier = Frontier::default();
        let size = self.store.size(book.code())?;
        let mut next = self.store.next_checkpoint(book.code(), 0)?;
        while frontier.size() < size {
            let entries = self.store.entries(book.code(), frontier.size() + 1, CHUNK.0, CHUNK.1)?;
            if entries.is_empty() {
                verified.fault(format!("entry {} is missing", frontier.size() + 1));
                break;
            }
            let bytes: Vec<&[u8]> = entries.iter().map(|stored| &*stored.bytes).collect();
            let leaves = leaf_hashes(&secret, frontier.size(), &bytes);
            for (stored, leaf) in entries.iter().zip(leaves) {
                if leaf != stored.leaf {
                    verified.fault(format!("entry {} does not hash to its stored leaf", stored.number));
                }
                frontier.push(leaf);
                let name = EntryRef { book, number: stored.number };
                // What is beyond the reach of an old key is not its party's.
                let own = self.keys.reach.get(&book).is_none_or(|reach| stored.number <= *reach);
                if own && let Ok(entry) = EntryView::decode(&stored.bytes) {
                    let tie = (entry.serial, name, entry.time_ms, entry.clock_held);
                    self.serials.entry(book.party).or_default().push(tie);
                }
                if self.stated.get(&book).is_some_and(|sizes| sizes.contains(&frontier.size())) {
                    self.roots.insert((book, frontier.size()), frontier.root());
                }
                let Some(found) = next.take_if(|found| found.size == frontier.size()) else { continue };
                let checkpoint = Checkpoint { book, size: found.size, root: frontier.root() };
                let signed = SignedCheckpoint { checkpoint, signature: found.signature };
                self.signed(&signed, &mut verified)?;
                next = self.store.next_checkpoint(book.code(), found.size)?;
            }
        }
        verified.size = frontier.size();
        verified.root = frontier.root();
        if next.is_some() || !self.store.receipts(book.code(), frontier.size())?.is_empty() {
            verified.fault("a checkpoint or receipt covers more than is held".into());
        }
        Ok(verified)
    }

    /// Holds a checkpoint to its author and the receipts for it to their signers.
    fn signed(&self, signed: &SignedCheckpoint, verified: &mut Verified) -> Result<(), StoreError> {
        let line = self.memorandum.line();
        let Checkpoint { book, size, root } = signed.checkpoint;
        verified.checkpoints += 1;
        if self.keys.ring.book_key(book).is_none_or(|key| signed.verify(&line, key).is_err()) {
            verified.fault(format!("the checkpoint of size {size} is not its author's"));
        }
        for stored in
            self.store.receipts(book.code(), size - 1)?.into_iter().filter(|found| found.size == size)
        {
            let Ok(receipt) = links::receipt(book, &stored) else { continue };
            verified.receipts += 1;
            let mut keys = self.keys.ring.receipt_keys(receipt.party);
            if !keys.any(|key| receipt.verify(&root, &line, key).is_ok()) {
                let name = self.memorandum.name_of(receipt.party);
                verified.fault(format!("the receipt of {name} for size {size} is not its own"));
            }
        }
        Ok(())
    }

    /// What only several books together show: it is told of the book that the breach stands in.
    fn between_books(&mut self, verified: &mut BTreeMap<Book, Verified>) {
        for (name, entry, cut) in &self.acts {
            let rooted = cut.iter().filter(|(_, size)| **size > 0);
            let rooted: Option<BTreeMap<Book, (u64, Hash)>> =
                rooted.map(|(of, size)| Some((*of, (*size, *self.roots.get(&(*of, *size))?)))).collect();
            // An act may rest on more than has come here yet; then its vector cannot be held to anything.
            if let Some(fault) = rooted.and_then(|rooted| verify_vector(entry, &rooted).err())
                && let Some(book) = verified.get_mut(&name.book)
            {
                book.fault(format!("entry {}: {fault}", name.number));
            }
        }
        for entries in self.serials.values_mut() {
            entries.sort_unstable();
            // Books come by precedence: what is not here yet, or cannot be read, may hold the serials between.
            let mut serials = Serials::default();
            let mut before = 0;
            for (serial, name, time_ms, clock_held) in entries.iter().copied() {
                let between = serial.saturating_sub(before + 1);
                if let Err(fault) = serials.follow(serial, time_ms, clock_held, between)
                    && let Some(book) = verified.get_mut(&name.book)
                {
                    book.fault(format!("entry {}: {fault}", name.number));
                }
                before = serial;
            }
        }
    }
}
