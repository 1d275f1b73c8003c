//! What a station's disk holds: whole batches, in order, all or nothing.

use std::collections::BTreeMap;
use std::sync::Arc;

use detente_line::{Append, Choice, Content, frame};
use detente_record::{
    Book, Entry, EntryRef, Fault, Frontier, LineSecret, Party, Receipt, STEP_BYTES, STEP_ENTRIES,
    SignedCheckpoint,
};

/// A record.
#[derive(Debug, Clone, Default)]
pub(crate) struct Record {
    /// The bytes of every entry of a book, in order.
    pub(crate) entries: BTreeMap<Book, Vec<Arc<[u8]>>>,
    /// Every checkpoint, by size.
    pub(crate) checkpoints: BTreeMap<Book, BTreeMap<u64, SignedCheckpoint>>,
    /// Every receipt, by size and signer.
    pub(crate) receipts: BTreeMap<Book, BTreeMap<(u64, Party), Receipt>>,
    /// Line secrets, by party and rank.
    pub(crate) secrets: BTreeMap<(Party, u8), LineSecret>,
    /// Proofs of breaches.
    pub(crate) evidence: Vec<Vec<u8>>,
    /// Entries that are void, and why.
    pub(crate) void: BTreeMap<EntryRef, Fault>,
}

impl Record {
    /// How many entries of a book it holds.
    pub(crate) fn size(&self, book: Book) -> u64 {
        self.entries.get(&book).map_or(0, |entries| entries.len() as u64)
    }

    /// The bytes of an entry.
    pub(crate) fn entry(&self, name: EntryRef) -> Option<&Arc<[u8]>> {
        let index = usize::try_from(name.number.checked_sub(1)?).ok()?;
        self.entries.get(&name.book)?.get(index)
    }

    /// Takes a batch.
    ///
    /// # Errors
    /// Says which entry is not the next one of its book.
    pub(crate) fn take(&mut self, append: &Append) -> Result<(), String> {
        for entry in &append.entries {
            let entries = self.entries.entry(entry.name.book).or_default();
            if entry.name.number != entries.len() as u64 + 1 {
                return Err(format!("asked to store {:?} after {} entries", entry.name, entries.len()));
            }
            entries.push(Arc::clone(&entry.bytes));
        }
        for signed in &append.checkpoints {
            let of = self.checkpoints.entry(signed.checkpoint.book).or_default();
            of.insert(signed.checkpoint.size, signed.clone());
        }
        for receipt in &append.receipts {
            let of = self.receipts.entry(receipt.book).or_default();
            of.insert((receipt.size, receipt.party), receipt.clone());
        }
        self.secrets.extend(append.secrets.iter().cloned());
        self.evidence.extend(append.evidence.iter().map(|evidence| evidence.proof.clone()));
        self.void.extend(append.void.iter().map(|void| (void.name, void.fault.clone())));
        Ok(())
    }

    /// The tree over the first entries of a book, or over some in its midst.
    pub(crate) fn tree(
        &self,
        book: Book,
        of: std::ops::Range<u64>,
        leaf: impl Fn(u64, &[u8]) -> [u8; 32],
    ) -> Frontier {
        let mut tree = Frontier::default();
        let entries = self.entries.get(&book).into_iter().flatten().zip(0..);
        let wanted = entries.filter(|(_, index)| of.contains(index));
        wanted.for_each(|(bytes, index)| tree.push(leaf(index, bytes)));
        tree
    }

    /// The next step of a book for a peer, and the receipts for its end (spec/line.md §6).
    pub(crate) fn step(
        &self,
        book: Book,
        from: u64,
        end: &SignedCheckpoint,
        peer: Party,
    ) -> Option<(Vec<Vec<u8>>, u64)> {
        let held = self.entries.get(&book)?.get(usize::try_from(from).ok()?..)?;
        let mut bytes = 0;
        let fits = held.iter().take(STEP_ENTRIES as usize).take_while(|entry| {
            bytes += entry.len() as u64;
            bytes <= STEP_BYTES
        });
        let reach = from + fits.count() as u64;
        let checkpoints = self.checkpoints.get(&book);
        let mut last = match end.checkpoint.size {
            size if (from + 1..=reach).contains(&size) => end.clone(),
            _ => checkpoints?.range(from + 1..=reach).next_back()?.1.clone(),
        };
        let receipts = self.receipts.get(&book).into_iter().flat_map(|of| of.values());
        let others: Vec<&Receipt> =
            receipts.filter(|receipt| receipt.size > from && receipt.party != peer).collect();
        if let Some(first) = others.first().filter(|first| first.size < last.checkpoint.size)
            && let Some(signed) = checkpoints.and_then(|of| of.get(&first.size))
        {
            last = signed.clone();
        }
        let size = last.checkpoint.size;
        let entries = held.get(..usize::try_from(size - from).ok()?)?;
        let mut frames = vec![frame::step(book, from + 1, entries, &last.signature)];
        let ends = others.into_iter().filter(|receipt| receipt.size == size);
        frames.extend(ends.map(frame::receipt));
        Some((frames, size))
    }
}

impl Record {
    /// Makes every suspension one of messages alone, and of every vote for one against: what a disk does that gives back other bytes than
    /// it was given.
    pub(crate) fn alter(&mut self) {
        for bytes in self.entries.values_mut().flatten() {
            let Ok(mut entry) = Entry::decode(bytes) else { continue };
            entry.body = match Content::decode(entry.kind, &entry.body) {
                Ok(Content::Suspends { effective_ms, reason, .. }) => {
                    Content::Suspends { scope: vec![1], effective_ms, reason }.encode()
                }
                Ok(Content::Vote { choice: Choice::For, text }) => {
                    Content::Vote { choice: Choice::Against, text }.encode()
                }
                _ => continue,
            };
            if let Ok(other) = entry.encode() {
                *bytes = other.into();
            }
        }
    }
}
