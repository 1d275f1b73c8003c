//! A station's store, simulated: what is durable, what is not yet, and what a death leaves of it.
//!
//! It keeps the promise of the real one (whole batches, in order, all or nothing) and no other.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use detente_line::{Append, CourierKey, Evidence, Fork, Void, frame};
use detente_record::{
    Book, BookSecret, Class, Cut, EntryRef, Fault, Frontier, LineSecret, Party, Receipt, Renewal, STEP_BYTES,
    STEP_ENTRIES, Signature, SignedCheckpoint, leaf_hash,
};

use crate::rng::Rng;

/// What a store holds.
#[derive(Debug, Clone, Default)]
pub struct Record {
    /// The bytes of every entry of a book, in order; the first is number 1.
    pub entries: BTreeMap<Book, Vec<Arc<[u8]>>>,
    /// Every checkpoint, by size.
    pub checkpoints: BTreeMap<Book, BTreeMap<u64, SignedCheckpoint>>,
    /// Every receipt, by size and signer.
    pub receipts: BTreeMap<Book, BTreeMap<(u64, Party), Receipt>>,
    /// Renewals of keys.
    pub renewals: Vec<Renewal>,
    /// The last courier key of each party.
    pub courier_keys: BTreeMap<Party, CourierKey>,
    /// Line secrets, by party and rank.
    pub secrets: BTreeMap<(Party, u8), LineSecret>,
    /// Breaches.
    pub evidence: Vec<Evidence>,
    /// Entries that are void, and why.
    pub void: BTreeMap<EntryRef, Fault>,
    /// The state that the line was in, to start from.
    pub snapshot: Option<Vec<u8>>,
}

/// Something handed to the store, in order.
#[derive(Debug)]
enum Batch {
    Append(Append),
    Snapshot(u64, Vec<u8>),
}

impl Batch {
    fn seq(&self) -> u64 {
        match self {
            Self::Append(append) => append.seq,
            Self::Snapshot(seq, _) => *seq,
        }
    }
}

impl Record {
    /// How many entries of a book it holds.
    pub(crate) fn size(&self, book: Book) -> u64 {
        self.entries.get(&book).map_or(0, |entries| entries.len() as u64)
    }

    /// Takes a batch.
    ///
    /// # Errors
    /// Says which entry is not the next one of its book: an entry lost, repeated or out of order.
    fn apply(&mut self, batch: &Batch) -> Result<(), String> {
        let batch = match batch {
            Batch::Append(append) => append,
            Batch::Snapshot(_, bytes) => {
                self.snapshot = Some(bytes.clone());
                return Ok(());
            }
        };
        for entry in &batch.entries {
            let entries = self.entries.entry(entry.name.book).or_default();
            let next = entries.len() as u64 + 1;
            if entry.name.number != next {
                return Err(format!("asked to store {:?} where number {next} is next", entry.name));
            }
            entries.push(Arc::clone(&entry.bytes));
        }
        for signed in &batch.checkpoints {
            let checkpoint = &signed.checkpoint;
            let of = self.checkpoints.entry(checkpoint.book).or_default();
            of.insert(checkpoint.size, signed.clone());
        }
        for receipt in &batch.receipts {
            let of = self.receipts.entry(receipt.book).or_default();
            // One that is given again, under a later key, is the one that counts.
            of.insert((receipt.size, receipt.party), receipt.clone());
        }
        self.renewals.extend(batch.renewals.iter().cloned());
        self.courier_keys.extend(batch.courier_keys.iter().map(|key| (key.party, key.clone())));
        self.secrets.extend(batch.secrets.iter().cloned());
        self.evidence.extend(batch.evidence.iter().cloned());
        self.know(&batch.void)
    }

    /// Takes in which entries are void.
    ///
    /// # Errors
    /// Says which of them is not held, or was void for another reason.
    pub(crate) fn know(&mut self, void: &[Void]) -> Result<(), String> {
        for Void { name, fault } in void {
            if !(1..=self.size(name.book)).contains(&name.number) {
                return Err(format!("asked to store that {name:?} is void, which is not held"));
            }
            let known = self.void.entry(*name).or_insert_with(|| fault.clone());
            if known != fault {
                return Err(format!(
                    "{name:?} is void, of late because of {fault}; it was because of {known}"
                ));
            }
        }
        Ok(())
    }

    /// A book of which more is said than its entries are: by the state that was kept, by a checkpoint, by a receipt of its party's, or by
    /// what is void. Then rows are lost.
    pub(crate) fn said_beyond(&self, kept: &Cut, me: Party) -> Option<(Book, u64)> {
        let kept = kept.iter().map(|(book, size)| (*book, *size));
        let signed = self.checkpoints.iter().filter_map(|(book, of)| Some((*book, *of.last_key_value()?.0)));
        let own = self.receipts.iter().flat_map(|(book, of)| of.keys().map(|(size, by)| (*book, *size, *by)));
        let receipted = own.filter(|(.., by)| *by == me).map(|(book, size, _)| (book, size));
        let void = self.void.keys().map(|name| (name.book, name.number));
        let mut said = kept.chain(signed).chain(receipted).chain(void);
        said.find(|(book, size)| *size > self.size(*book))
    }

    /// Of each table some rows at the end are lost, of one more than of another.
    fn loses(&mut self, rng: &mut Rng) {
        for (book, entries) in &mut self.entries {
            let (all, loses) = (entries.len() as u64, rng.chance(400));
            entries.truncate(if loses { rng.below(all + 1) } else { all } as usize);
            if loses && book.class == Class::A {
                // Rows that follow from acts which are gone would not be missed by anything here: they go with them.
                self.void.clear();
                self.snapshot = None;
            }
        }
        self.entries.retain(|_, entries| !entries.is_empty());
        if rng.chance(500) {
            // Else they are there, of entries that are not.
            let sizes: Cut = self.entries.iter().map(|(book, of)| (*book, of.len() as u64)).collect();
            let size = |book: &Book| sizes.get(book).copied().unwrap_or(0);
            self.checkpoints.iter_mut().for_each(|(book, of)| of.retain(|most, _| *most <= size(book)));
            self.receipts.iter_mut().for_each(|(book, of)| of.retain(|(most, _), _| *most <= size(book)));
            self.void.retain(|name, _| name.number <= size(&name.book));
        }
        for of in self.receipts.values_mut() {
            of.retain(|_, _| !rng.chance(100));
        }
        let left = rng.below(self.evidence.len() as u64 + 1);
        self.evidence.truncate(left as usize);
        if rng.chance(500) {
            self.snapshot = None;
        }
    }

    /// How a checkpoint stands to what is held of its book.
    ///
    /// # Errors
    /// Those of [`Fork::between`], and when what is asked for is not held.
    pub(crate) fn compare(
        &self,
        secret: &BookSecret,
        head: SignedCheckpoint,
        with: SignedCheckpoint,
    ) -> Result<Fork, Fault> {
        let lacks = |what: &'static str| Fault::misuse("comparison", what, "none");
        let book = with.checkpoint.book;
        let entries = self.entries.get(&book).ok_or_else(|| lacks("a book that is held"))?;
        Fork::between(head, with, |node| {
            let (first, end) = (node.index << node.level, (node.index + 1) << node.level);
            let held = entries.get(first as usize..end as usize).ok_or_else(|| lacks("entries up to it"))?;
            let mut tree = Frontier::default();
            for (entry, index) in held.iter().zip(first..) {
                tree.push(leaf_hash(&secret.blind(index), entry));
            }
            Ok(tree.root())
        })
    }

    /// The next step of a book for a peer, and the receipts for its end: up to `end` if one step reaches it,
    /// else up to a checkpoint held. It ends where another party's receipt does, so that the receipt can travel
    /// with it (spec/line.md §6). `None` while there is no checkpoint for what is held.
    pub(crate) fn step(
        &self,
        book: Book,
        from: u64,
        end: &SignedCheckpoint,
        peer: Party,
    ) -> Option<(Vec<Vec<u8>>, u64)> {
        let held = self.entries.get(&book)?.get(from as usize..)?;
        let mut bytes = 0;
        let fits = held.iter().take(STEP_ENTRIES as usize).take_while(|entry| {
            bytes += entry.len() as u64;
            bytes <= STEP_BYTES
        });
        let reach = from + fits.count() as u64;
        let checkpoints = self.checkpoints.get(&book);
        let last = end.checkpoint.size;
        let (mut size, mut signature): (u64, Signature) = if (from + 1..=reach).contains(&last) {
            (last, end.signature)
        } else {
            let (size, signed) = checkpoints?.range(from + 1..=reach).next_back()?;
            (*size, signed.signature)
        };
        let receipts = self.receipts.get(&book).into_iter().flatten().map(|(_, receipt)| receipt);
        let others: Vec<&Receipt> =
            receipts.filter(|receipt| receipt.size > from && receipt.party != peer).collect();
        if let Some(first) = others.first().filter(|first| first.size < size)
            && let Some(signed) = checkpoints.and_then(|of| of.get(&first.size))
        {
            (size, signature) = (first.size, signed.signature);
        }
        let entries = held.get(..(size - from) as usize)?;
        let mut frames = vec![frame::step(book, from + 1, entries, &signature)];
        let ends = others.into_iter().filter(|receipt| receipt.size == size);
        frames.extend(ends.map(frame::receipt));
        Some((frames, size))
    }
}

/// A store: what is durable, and batches that are not yet.
#[derive(Debug, Default)]
pub(crate) struct Store {
    /// What an fsync has covered.
    pub(crate) durable: Record,
    pending: VecDeque<Batch>,
    /// An fsync is under way.
    pub(crate) syncing: bool,
    /// The distrust that a restored copy calls for, until every book goes on in a new generation.
    pub(crate) distrusted: bool,
    /// The highest generation that was ever taken; no copy takes it along.
    pub(crate) taken: u16,
    copy: Option<Box<Record>>,
    restored: bool,
}

impl Store {
    /// Takes a batch, which is not durable yet.
    pub(crate) fn submit(&mut self, append: Append) {
        self.pending.push_back(Batch::Append(append));
    }

    /// Takes the line's state, to start from once everything before it is durable.
    pub(crate) fn keep(&mut self, seq: u64, snapshot: Vec<u8>) {
        self.pending.push_back(Batch::Snapshot(seq, snapshot));
    }

    /// The last batch submitted, if any is not durable.
    pub(crate) fn newest(&self) -> Option<u64> {
        self.pending.back().map(Batch::seq)
    }

    /// The oldest batch that was submitted becomes durable, if it is none after `seq`; says whether there was one.
    ///
    /// # Errors
    /// Those of [`Record::apply`].
    pub(crate) fn settle(&mut self, seq: u64) -> Result<bool, String> {
        let Some(batch) = self.pending.pop_front_if(|batch| batch.seq() <= seq) else { return Ok(false) };
        self.durable.apply(&batch)?;
        Ok(true)
    }

    /// A death: of the batches that were not durable any prefix survives, and is to settle. Says how many.
    pub(crate) fn die(&mut self, rng: &mut Rng) -> usize {
        let survive = rng.below(self.pending.len() as u64 + 1) as usize;
        self.pending.truncate(survive);
        self.syncing = false;
        survive
    }

    /// Somebody copies the store.
    pub(crate) fn back_up(&mut self) {
        self.copy = Some(Box::new(self.durable.clone()));
    }

    /// Somebody restores the copy, if there is one; it stays there.
    pub(crate) fn restore_copy(&mut self) -> bool {
        let Some(copy) = &self.copy else { return false };
        self.durable = Record::clone(copy);
        (self.distrusted, self.restored) = (true, true);
        true
    }

    /// What is durable has rotted: its operator moves it away, and starts with nothing.
    pub(crate) fn move_away(&mut self) {
        self.durable = Record::default();
        (self.distrusted, self.restored) = (true, true);
    }

    /// Writes that the disk had confirmed are lost, and nothing says so: everything since the copy, or of each table some. Says how
    /// many entries.
    pub(crate) fn lose_writes(&mut self, rng: &mut Rng) -> u64 {
        let count = |record: &Record| record.entries.values().map(|of| of.len() as u64).sum::<u64>();
        let before = count(&self.durable);
        self.restored = true;
        match &self.copy {
            Some(copy) if rng.chance(500) => self.durable = Record::clone(copy),
            _ => self.durable.loses(rng),
        }
        before.saturating_sub(count(&self.durable))
    }

    /// The machine is gone, and every copy with it.
    pub(crate) fn lose(&mut self) {
        *self = Self { restored: true, ..Self::default() };
    }

    /// Whether it has ever been restored from a copy, or lost.
    pub(crate) fn was_restored(&self) -> bool {
        self.restored
    }

    /// What there would be if everything submitted were durable: what the live line knows.
    ///
    /// # Errors
    /// Those of [`Record::apply`].
    pub(crate) fn whole(&self) -> Result<Record, String> {
        let mut record = self.durable.clone();
        for batch in &self.pending {
            record.apply(batch)?;
        }
        Ok(record)
    }
}
