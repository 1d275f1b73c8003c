//! Under which checkpoints the entries of a dossier are shown (spec/dossier.md §8).
//!
//! The first signature of each party and witness over an entry bounds its time best. Where that takes more checkpoints
//! than a reader should have to verify, neighbours share a later one: as little later as it takes, and never another's.

use std::collections::{BTreeMap, BTreeSet};

use detente_dossier::Memoranda;
use detente_record::dossier::{Head, Signer};
use detente_record::{Book, Checkpoint, Cosignature, EntryRef, Party, Receipt, SignedCheckpoint};

use super::{Making, Seals};
use crate::keeper::Refusal;
use crate::links;

/// Most signatures that a reader has to verify before neighbours share them.
const MOST_SIGNATURES: usize = 256;
/// By how much later a shared signature may be than the first, in seconds; the first of these that is enough is taken.
const LATER_S: [u64; 20] = [
    0,
    1,
    2,
    5,
    10,
    20,
    30,
    60,
    120,
    300,
    600,
    1_200,
    1_800,
    3_600,
    7_200,
    14_400,
    28_800,
    43_200,
    86_400,
    u64::MAX,
];

/// Under which sizes of its book each entry is shown.
pub(super) type Plan = BTreeMap<EntryRef, BTreeSet<u64>>;

/// What somebody first signed over an entry: the entry's number, the size, the second.
type First = (u64, u64, u64);
/// What each signer first signed over each entry of a book, ascending by number.
type Firsts = BTreeMap<(Book, Signer), Vec<First>>;

/// The checkpoints of a record, each read once.
pub(super) struct Heads<'a> {
    making: &'a Making<'a>,
    memoranda: &'a Memoranda,
    seals: &'a Seals,
    read: BTreeMap<(Book, u64), Option<Head>>,
}

impl<'a> Heads<'a> {
    /// None read yet.
    pub(super) fn new(making: &'a Making<'a>, memoranda: &'a Memoranda, seals: &'a Seals) -> Self {
        Self { making, memoranda, seals, read: BTreeMap::new() }
    }

    /// Under which checkpoints to show these entries.
    ///
    /// # Errors
    /// If the record cannot be read.
    pub(super) fn choose(&mut self, names: &BTreeSet<EntryRef>, is_exact: bool) -> Result<Plan, Refusal> {
        let firsts = self.firsts(names)?;
        let mut chosen = Plan::new();
        for later_s in LATER_S {
            chosen = share(&firsts, later_s);
            if is_exact || self.signatures(&chosen)? <= MOST_SIGNATURES {
                break;
            }
        }
        self.unsigned(names, &mut chosen)?;
        Ok(chosen)
    }

    /// What everybody first signed over these entries.
    fn firsts(&mut self, names: &BTreeSet<EntryRef>) -> Result<Firsts, Refusal> {
        let mut firsts = Firsts::new();
        for name in names {
            let (book, number) = (name.book, name.number);
            for party in self.memoranda.parties().filter(|party| *party != book.party) {
                if let Some(receipt) = self.receipt(book, party, number)?
                    && self.at(book, receipt.size)?.is_some()
                {
                    let of_signer = firsts.entry((book, Signer::Party(party))).or_default();
                    of_signer.push((number, receipt.size, receipt.seconds));
                }
            }
            for (place, witness) in (0..=u8::MAX).zip(self.memoranda.witnesses()) {
                let Some(kept) = self.making.witnessed else { break };
                if let Some(found) = kept.first_covering(book, &witness.key, number)?
                    && self.at(book, found.size)?.is_some()
                {
                    let of_signer = firsts.entry((book, Signer::Witness(place))).or_default();
                    of_signer.push((number, found.size, found.cosignature.seconds));
                }
            }
        }
        for name in names {
            // Nobody receipts its own books: the author stands for its seal.
            let author = Signer::Party(name.book.party);
            if let Some((size, seconds)) = self.seals.covering(*name) {
                firsts.entry((name.book, author)).or_default().push((name.number, size, seconds));
            }
        }
        Ok(firsts)
    }

    /// How many signatures a reader of the checkpoints of a plan has to verify.
    fn signatures(&mut self, plan: &Plan) -> Result<usize, Refusal> {
        let mut count = 0;
        for (book, size) in checkpoints(plan) {
            let others = self
                .at(book, size)?
                .map(|head| head.receipts.len() + head.cosignatures.len() + usize::from(head.seal.is_some()));
            count += others.map_or(0, |others| 1 + others);
        }
        Ok(count)
    }

    /// Adds a checkpoint for what nobody else signed for: one that is there already, or else the first that covers it.
    fn unsigned(&self, names: &BTreeSet<EntryRef>, chosen: &mut Plan) -> Result<(), Refusal> {
        let mut last: Option<(Book, u64)> = None;
        for name in names.iter().rev() {
            if let Some(size) = chosen.get(name).and_then(BTreeSet::first) {
                last = Some((name.book, *size));
                continue;
            }
            let near = last.filter(|(book, _)| *book == name.book).map(|(_, size)| size);
            let size = match near {
                Some(size) => Some(size),
                None => self.first_covering(*name)?,
            };
            if let Some(size) = size {
                last = Some((name.book, size));
                chosen.entry(*name).or_default().insert(size);
            }
        }
        Ok(())
    }

    /// The smallest signed size that covers an entry.
    fn first_covering(&self, name: EntryRef) -> Result<Option<u64>, Refusal> {
        let before = name.number.saturating_sub(1);
        if let Some(found) = self.making.store.next_checkpoint(name.book.code(), before)? {
            return Ok(Some(found.size));
        }
        let fresh = self.making.fresh.checkpoints.iter().map(|signed| &signed.checkpoint);
        let covering = fresh.filter(|of| of.book == name.book && of.size >= name.number);
        Ok(covering.map(|of| of.size).min())
    }

    /// The author's signature over a size.
    fn signed(&self, book: Book, size: u64) -> Result<Option<SignedCheckpoint>, Refusal> {
        if let Some(found) = self.making.store.checkpoint_at(book.code(), size)? {
            let checkpoint = Checkpoint { book, size, root: found.root };
            return Ok(Some(SignedCheckpoint { checkpoint, signature: found.signature }));
        }
        let is_it =
            |signed: &&SignedCheckpoint| signed.checkpoint.book == book && signed.checkpoint.size == size;
        let fresh = self.making.fresh.checkpoints.iter().find(is_it);
        Ok(fresh.or_else(|| self.seals.at(book, size).map(|sealed| &sealed.signed)).cloned())
    }

    /// A party's first receipt that covers a number.
    fn receipt(&self, book: Book, party: Party, number: u64) -> Result<Option<Receipt>, Refusal> {
        let stored = self.making.store.first_receipt_covering(book.code(), party.number(), number)?;
        if let Some(found) = stored {
            return Ok(Some(links::receipt(book, &found)?));
        }
        let covers =
            |receipt: &&Receipt| receipt.book == book && receipt.party == party && receipt.size >= number;
        Ok(self.making.fresh.receipts.iter().filter(covers).min_by_key(|receipt| receipt.size).cloned())
    }

    /// The checkpoint of a size, with all that others signed for exactly that, if its author signed it.
    ///
    /// # Errors
    /// If the record cannot be read.
    pub(super) fn at(&mut self, book: Book, size: u64) -> Result<Option<Head>, Refusal> {
        if let Some(head) = self.read.get(&(book, size)) {
            return Ok(head.clone());
        }
        let mut head = None;
        if let Some(checkpoint) = self.signed(book, size)? {
            let mut receipts = Vec::new();
            for party in self.memoranda.parties().filter(|party| *party != book.party) {
                receipts.extend(self.receipt(book, party, size)?.filter(|receipt| receipt.size == size));
            }
            let cosignatures = self.cosignatures(book, size)?;
            let seal = self.seals.at(book, size).map(|sealed| sealed.seal.clone());
            head = Some(Head { checkpoint, receipts, cosignatures, seal });
        }
        self.read.insert((book, size), head.clone());
        Ok(head)
    }

    fn cosignatures(&self, book: Book, size: u64) -> Result<Vec<(u8, Cosignature)>, Refusal> {
        let Some(kept) = self.making.witnessed else { return Ok(Vec::new()) };
        let mut found = Vec::new();
        for (place, witness) in (0..=u8::MAX).zip(self.memoranda.witnesses()) {
            let first = kept.first_covering(book, &witness.key, size)?.filter(|first| first.size == size);
            found.extend(first.map(|first| (place, first.cosignature)));
        }
        Ok(found)
    }
}

/// The checkpoints of a plan, each once.
fn checkpoints(plan: &Plan) -> BTreeSet<(Book, u64)> {
    plan.iter().flat_map(|(name, sizes)| sizes.iter().map(|size| (name.book, *size))).collect()
}

/// Each entry under what each signer first signed over it, or under what the same signer first signed over a later entry
/// no more than so many seconds later.
fn share(firsts: &Firsts, later_s: u64) -> Plan {
    let mut plan = Plan::new();
    for ((book, _), firsts) in firsts {
        let mut shared: Option<(u64, u64)> = None;
        for (number, size, seconds) in firsts.iter().rev() {
            let is_near = |(_, then): &(u64, u64)| then.saturating_sub(*seconds) <= later_s;
            let (size, then) = shared.filter(is_near).unwrap_or((*size, *seconds));
            shared = Some((size, then));
            plan.entry(EntryRef { book: *book, number: *number }).or_default().insert(size);
        }
    }
    plan
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot be set up fails")]
    use super::*;
    use detente_record::Class;

    fn firsts<const N: usize>(of: [(Signer, &[First]); N]) -> Firsts {
        let book = Book { generation: 0, party: Party::new(0).unwrap(), class: Class::R };
        of.into_iter().map(|(signer, of)| ((book, signer), of.to_vec())).collect()
    }

    fn sizes(plan: &Plan) -> Vec<Vec<u64>> {
        plan.values().map(|sizes| sizes.iter().copied().collect()).collect()
    }

    #[test]
    fn neighbours_share_what_was_signed_soon_after_and_nothing_later() {
        let one = Signer::Party(Party::new(1).unwrap());
        let all = firsts([(one, &[(1, 1, 10), (2, 3, 12), (3, 3, 12), (7, 9, 80)])]);
        assert_eq!(sizes(&share(&all, 0)), [[1], [3], [3], [9]]);
        assert_eq!(sizes(&share(&all, 2)), [[3], [3], [3], [9]]);
        assert_eq!(sizes(&share(&all, 69)), [[1], [9], [9], [9]]);
        assert_eq!(sizes(&share(&all, u64::MAX)), [[9], [9], [9], [9]]);
    }

    #[test]
    fn no_signer_stands_in_for_another() {
        let one = Signer::Party(Party::new(1).unwrap());
        let all = firsts([(one, &[(1, 4, 10), (2, 4, 10)]), (Signer::Witness(0), &[(1, 6, 30), (2, 8, 50)])]);
        assert_eq!(sizes(&share(&all, 0)), [[4, 6], [4, 8]]);
        assert_eq!(checkpoints(&share(&all, 20)).len(), 2);
    }
}
