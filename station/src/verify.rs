//! The whole record of a line, read again from the store and held to everything that spec/record.md says: leaves,
//! trees, checkpoints, receipts, seals, and what only several books together show: serials, times and vectors.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use detente_line::{Content, Keyring, Line, Memorandum, kind::number};
use detente_record::book::{Past, Serials, verify_vector};
use detente_record::{
    Book, BookSecret, Checkpoint, Class, Cut, Entry, EntryRef, EntryView, Frontier, Hash, LineSecret, Party,
    SealKey, SignedCheckpoint, leaf_hashes,
};

use crate::comparison;
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
    /// Seals of which both signatures hold, over this very tree.
    pub(crate) seals: u64,
    /// The largest of them.
    pub(crate) sealed: Option<Sealed>,
    /// What does not hold.
    pub(crate) faults: Vec<String>,
}

/// A seal of which both signatures hold.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sealed {
    /// Up to which size.
    pub(crate) size: u64,
    /// By its author's clock.
    pub(crate) seconds: u64,
    /// The entry that it stands in.
    pub(crate) entry: EntryRef,
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
    /// The seal keys that parties have told, as the memorandum commits to them.
    seal_keys: BTreeMap<Party, SealKey>,
    /// Seals of which both signatures hold: what is sealed, and where.
    seals: Vec<(Checkpoint, Sealed)>,
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
            seal_keys: BTreeMap::new(),
            seals: Vec::new(),
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
        run.seals_of_trees(&mut verified)?;
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
                    if entry.kind == number::SEALS {
                        self.sealed(name, &stored.bytes, &mut verified)?;
                    }
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
        let receipted = self.store.most_receipted(book.code())?.filter(|size| *size > frontier.size());
        let covered = receipted.max(next.map(|found| found.size));
        // The book may have grown while it was read; what is covered was durable before.
        if let Some(size) = covered
            && self.store.entry(book.code(), size)?.is_none()
        {
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
        for stored in self.store.receipts_for(book.code(), size)? {
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

    /// Holds both signatures of an entry that seals to their keys; one that is void says nothing.
    fn sealed(&mut self, name: EntryRef, bytes: &[u8], verified: &mut Verified) -> Result<(), StoreError> {
        let read = Entry::decode(bytes).and_then(|entry| Content::decode(entry.kind, &entry.body));
        let Ok(Content::Seals(sealed)) = read else { return Ok(()) };
        if self.store.void(name.book.code(), name.number)?.is_some() {
            return Ok(());
        }
        let (party, line) = (name.book.party, self.memorandum.line());
        let told = sealed.key.as_ref().and_then(|key| SealKey::new(key.as_slice()).ok());
        let committed = self.memorandum.anyone(party).and_then(|member| member.seal);
        if let Some(key) = told.filter(|key| Some(key.commitment()) == committed) {
            self.seal_keys.insert(party, key);
        }
        let book_key = self.keys.ring.book_key(sealed.signed.checkpoint.book);
        let keys = book_key.zip(self.seal_keys.get(&party));
        let held = keys.map(|(book_key, key)| sealed.seal.held(&sealed.signed, &line, book_key, key));
        let of = &sealed.signed.checkpoint;
        match held {
            Some(held) if held.both() => {
                let seal = Sealed { size: of.size, seconds: sealed.seal.seconds, entry: name };
                self.seals.push((of.clone(), seal));
            }
            Some(held) => {
                let word = |holds| if holds { "holds" } else { "does not hold" };
                let (one, other) = (word(held.ed25519), word(held.ml_dsa));
                verified
                    .fault(format!("entry {}: of its seal Ed25519 {one}, ML-DSA-44 {other}", name.number));
            }
            None => {
                verified.fault(format!("entry {}: no seal key that the memorandum commits to", name.number))
            }
        }
        Ok(())
    }

    /// Holds what was sealed to the trees that are held.
    fn seals_of_trees(&self, verified: &mut BTreeMap<Book, Verified>) -> Result<(), StoreError> {
        for (of, seal) in &self.seals {
            // What has not come here yet can be held to nothing.
            let Some(found) = verified.get_mut(&of.book).filter(|found| found.size >= of.size) else {
                continue;
            };
            let root = match self.roots.get(&(of.book, of.size)) {
                Some(root) => Some(*root),
                None => comparison::root(self.store, of.book, of.size).ok(),
            };
            if root != Some(of.root) {
                found.fault(format!("another tree is sealed at size {}", of.size));
                continue;
            }
            found.seals += 1;
            if found.sealed.is_none_or(|last| last.size < seal.size) {
                found.sealed = Some(*seal);
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

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot be set up fails")]
mod tests {
    use std::collections::VecDeque;
    use std::sync::atomic::{AtomicBool, Ordering};

    use detente_line::{
        Command, Draft, Effect, Event, Input, Line, Message, Office, SEALING_MS, Sealed as Said,
    };
    use detente_record::{Seal, SealSecret, leaf_hash};

    use super::*;
    use crate::keys::Keys;
    use crate::paper::{Card, Paper};
    use crate::store::{Batch, Checkpoint as Signed, NewEntry, Options};

    const START_MS: u64 = 1_491_503_400_000;

    /// A station's line and store, and the time.
    struct Scene {
        line: Line,
        store: Store,
        keys: Keys,
        folder: std::path::PathBuf,
        now_ms: u64,
    }

    impl Scene {
        fn new(name: &str) -> Self {
            let office = || vec![Office { number: 1, name: "watch".into(), rank: 0 }];
            let keys = ["usa", "rus"].map(|party| Keys::generate(party).unwrap());
            let cards =
                keys.iter().map(|keys| Card::of(&keys.card(keys.party(), vec!["en".into()], office())));
            let paper = Paper::draft("syria", cards.collect());
            let memorandum = paper.memorandum(std::path::Path::new("m.toml")).unwrap();
            let folder = std::env::temp_dir().join(format!("detente-verify-{name}-{}", std::process::id()));
            std::fs::create_dir_all(&folder).unwrap();
            let options = Options {
                reserve_bytes: 1 << 20,
                ..Options::new(folder.join("store"), folder.join("mark"), memorandum.line().0)
            };
            let (store, _) = Store::open(options).unwrap();
            let [keys, _] = keys;
            let line = Line::new(memorandum, keys.identity(Party::new(0).unwrap())).unwrap();
            let mut scene = Self { line, store, keys, folder, now_ms: START_MS };
            scene.input(Event::Started);
            scene
        }

        fn input(&mut self, event: Event) {
            let mut events = VecDeque::from([event]);
            while let Some(event) = events.pop_front() {
                let (at_ms, passed_ms) = (self.now_ms, self.now_ms);
                self.line.handle(Input { at_ms, passed_ms, entropy: [7; 32], event });
                while let Some(effect) = self.line.effect() {
                    let Effect::Append(append) = effect else { continue };
                    let entries = append.entries.iter().map(|entry| NewEntry {
                        book: entry.name.book.code(),
                        number: entry.name.number,
                        bytes: entry.bytes.clone(),
                        leaf: entry.leaf,
                        kind: entry.kind,
                        time_ms: entry.time_ms,
                        regards: Vec::new(),
                    });
                    let checkpoints = append.checkpoints.iter().map(|signed| Signed {
                        book: signed.checkpoint.book.code(),
                        size: signed.checkpoint.size,
                        root: signed.checkpoint.root,
                        signature: signed.signature,
                    });
                    let batch = Batch {
                        entries: entries.collect(),
                        checkpoints: checkpoints.collect(),
                        seq: append.seq,
                        ..Batch::default()
                    };
                    self.store.submit_and_wait(batch).unwrap();
                    events.push_back(Event::Durable { seq: append.seq });
                }
            }
        }

        fn says(&mut self, class: Class, text: &str) {
            let message = Message { text: text.into(), ..Message::default() };
            let content = Content::Message(message);
            let draft = Draft::of(Some(class), content);
            self.input(Event::Command { id: 1, command: Command::Write(draft) });
        }

        /// Time passes, until everything is sealed that is due.
        fn passes(&mut self, ms: u64) {
            self.now_ms += ms;
            for _ in 0..8 {
                self.input(Event::Woken);
            }
        }

        /// Puts an entry that seals into the store beside the line, which would not write it.
        fn forges(&mut self, sealed: Said) -> u64 {
            let book = self.book(Class::R);
            let size = self.store.size(book.code()).unwrap();
            let content = Content::Seals(Box::new(sealed));
            let (serial, time_ms) = self.line.last_entry();
            let entry = Entry {
                serial: serial + 1,
                time_ms,
                clock_held: false,
                office: 1,
                language: None,
                regards: Vec::new(),
                cut: Cut::new(),
                vector: None,
                kind: content.kind(),
                body: content.encode(),
                second: None,
            };
            let bytes = entry.encode().unwrap();
            let secrets = self.line.secrets();
            let secret = BookSecret::new(&secrets[0].1, &book.origin(&self.line.id()));
            let leaf = leaf_hash(&secret.blind(size), &bytes);
            let entry = NewEntry {
                book: book.code(),
                number: size + 1,
                bytes: bytes.into(),
                leaf,
                kind: content.kind(),
                time_ms,
                regards: Vec::new(),
            };
            let seq = self.line.next_seq();
            self.store.submit_and_wait(Batch { seq, entries: vec![entry], ..Batch::default() }).unwrap();
            size + 1
        }

        fn book(&self, class: Class) -> Book {
            Book { generation: 0, party: self.line.party(), class }
        }

        fn verified(&self) -> BTreeMap<Book, Verified> {
            Verification::run(&self.store, self.line.memorandum(), &super::Keys::of(&self.line)).unwrap()
        }
    }

    impl Drop for Scene {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.folder);
        }
    }

    #[test]
    fn says_up_to_where_each_book_is_sealed() {
        let mut scene = Scene::new("sealed");
        scene.says(Class::Z, "One.");
        scene.says(Class::O, "Two.");
        scene.passes(SEALING_MS);
        scene.says(Class::Z, "Three.");
        let verified = scene.verified();
        assert!(verified.values().all(|book| book.faults.is_empty()), "{verified:?}");
        let (flash, immediate) = (&verified[&scene.book(Class::Z)], &verified[&scene.book(Class::O)]);
        assert_eq!((flash.size, flash.seals, flash.sealed.unwrap().size), (2, 1, 1));
        assert_eq!((immediate.seals, immediate.sealed.unwrap().size), (1, 1));
        assert_eq!(flash.sealed.unwrap().seconds, scene.now_ms / 1_000);
        scene.passes(SEALING_MS);
        let verified = scene.verified();
        let flash = &verified[&scene.book(Class::Z)];
        assert_eq!((flash.seals, flash.sealed.unwrap().size), (2, 2));
    }

    #[test]
    fn what_is_written_while_the_record_is_read_is_no_fault() {
        let mut scene = Scene::new("grows");
        scene.says(Class::R, "One.");
        let (store, memorandum) = (scene.store.clone(), scene.line.memorandum().clone());
        let keys = super::Keys::of(&scene.line);
        let written = AtomicBool::new(false);
        let read = std::thread::scope(|threads| {
            let reading = threads.spawn(|| {
                let mut read = 0;
                while !written.load(Ordering::Relaxed) {
                    let verified = Verification::run(&store, &memorandum, &keys).unwrap();
                    assert!(verified.values().all(|book| book.faults.is_empty()), "{verified:?}");
                    read += 1;
                }
                read
            });
            for _ in 0..400 {
                scene.says(Class::R, "More.");
            }
            written.store(true, Ordering::Relaxed);
            reading.join().unwrap()
        });
        assert!(read > 1, "{read}");
    }

    #[test]
    fn says_which_of_the_two_signatures_hold() {
        let mut scene = Scene::new("forged");
        scene.says(Class::Z, "One.");
        scene.passes(SEALING_MS);
        let checkpoint = Checkpoint { book: scene.book(Class::Z), size: 1, root: [7; 32] };
        let line = scene.line.id();
        let sealed = |secret: &SealSecret, book_key: &detente_record::SecretKey| Said {
            signed: checkpoint.clone().sign(&line, book_key),
            seal: Seal::sign(&checkpoint, 1, &line, secret).unwrap(),
            key: None,
        };
        let own = scene.keys.identity(scene.line.party()).seal_key.unwrap();
        let stranger = SealSecret::from_seed([1; 32]);
        let false_seal = sealed(&stranger, &scene.keys.book_key());
        let false_book = sealed(&own, &detente_record::SecretKey::from_seed([1; 32]));
        let false_root = sealed(&own, &scene.keys.book_key());
        let [one, other, _] = [false_seal, false_book, false_root].map(|sealed| scene.forges(sealed));
        let verified = scene.verified();
        let faults = &verified[&scene.book(Class::R)].faults;
        let expected = [
            format!("entry {one}: of its seal Ed25519 holds, ML-DSA-44 does not hold"),
            format!("entry {other}: of its seal Ed25519 does not hold, ML-DSA-44 holds"),
        ];
        assert!(expected.iter().all(|fault| faults.contains(fault)), "{faults:?}");
        assert_eq!(verified[&scene.book(Class::Z)].faults, ["another tree is sealed at size 1"]);
        assert_eq!(verified[&scene.book(Class::Z)].sealed.unwrap().size, 1);
    }
}
