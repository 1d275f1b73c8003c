//! What a station keeps of books, as long as it lives and after.

use std::collections::BTreeMap;
use std::sync::Arc;

use detente_line::{Append, Evidence, MAX_OF_APPEND, frame};
use detente_record::{
    Book, EntryRef, Fault, LineSecret, Party, Receipt, Renewal, STEP_BYTES, STEP_ENTRIES, SignedCheckpoint,
};

/// What a station's store holds.
#[derive(Default, Clone)]
pub(crate) struct Store {
    pub(crate) entries: BTreeMap<Book, Vec<Arc<[u8]>>>,
    pub(crate) checkpoints: BTreeMap<Book, BTreeMap<u64, SignedCheckpoint>>,
    pub(crate) receipts: BTreeMap<Book, BTreeMap<(u64, Party), Receipt>>,
    pub(crate) secrets: BTreeMap<(Party, u8), LineSecret>,
    pub(crate) renewals: Vec<Renewal>,
    pub(crate) evidence: Vec<Evidence>,
    pub(crate) void: BTreeMap<EntryRef, Fault>,
    /// The state that the line was in, to start from.
    pub(crate) snapshot: Option<Vec<u8>>,
}

impl Store {
    pub(super) fn take(&mut self, append: Append) {
        assert!(
            append.void.len().max(append.evidence.len()) <= MAX_OF_APPEND,
            "more than an append may have"
        );
        for entry in append.entries {
            let entries = self.entries.entry(entry.name.book).or_default();
            assert_eq!(entry.name.number, entries.len() as u64 + 1, "an entry out of order");
            entries.push(entry.bytes);
        }
        for signed in append.checkpoints {
            let of = self.checkpoints.entry(signed.checkpoint.book).or_default();
            of.insert(signed.checkpoint.size, signed);
        }
        for receipt in append.receipts {
            let of = self.receipts.entry(receipt.book).or_default();
            of.insert((receipt.size, receipt.party), receipt);
        }
        self.renewals.extend(append.renewals);
        self.secrets.extend(append.secrets);
        self.evidence.extend(append.evidence);
        self.void.extend(append.void.into_iter().map(|void| (void.name, void.fault)));
    }

    /// Where the reach of a book's key may end: the last checkpoint that another party has receipted, and the last one within what its
    /// owner says.
    pub(super) fn ends(&self, of: Book, said: Option<u64>) -> impl Iterator<Item = &SignedCheckpoint> {
        let others = self.receipts.get(&of).into_iter().flat_map(|receipts| receipts.keys());
        let receipted = others.filter(|(_, by)| *by != of.party).map(|(size, _)| *size).max();
        let most = receipted.into_iter().chain(said);
        most.filter_map(move |most| self.checkpoints.get(&of)?.range(..=most).next_back()).map(|(_, end)| end)
    }

    /// A step towards the end asked for, with the receipts that are held for where it ends.
    pub(super) fn step(&self, book: Book, from: u64, end: &SignedCheckpoint) -> Option<(Vec<Vec<u8>>, u64)> {
        let held = self.entries.get(&book)?;
        let fits = |size: u64| {
            held.get(from as usize..size as usize).is_some_and(|entries| {
                entries.len() as u64 <= STEP_ENTRIES
                    && entries.iter().map(|entry| entry.len() as u64).sum::<u64>() <= STEP_BYTES
            })
        };
        let mut ends = self.checkpoints.get(&book).into_iter().flat_map(|of| of.values()).chain([end]);
        let end = ends.rfind(|end| end.checkpoint.size > from && fits(end.checkpoint.size))?;
        let size = end.checkpoint.size;
        let entries = held.get(from as usize..size as usize)?;
        let mut frames = vec![frame::step(book, from + 1, entries, &end.signature)];
        let receipts = self.receipts.get(&book).into_iter().flatten();
        frames
            .extend(receipts.filter(|((at, _), _)| *at == size).map(|(_, receipt)| frame::receipt(receipt)));
        Some((frames, size))
    }
}
