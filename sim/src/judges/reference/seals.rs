//! What is sealed, and whether it holds (spec/line.md §4.3).

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};

use detente_line::{Content, Memorandum, Sealed};
use detente_record::{Book, Cut, EntryRef, Hash, PublicKey, SealKey, sha256};

use super::Reading;

/// Most verdicts that are remembered.
const REMEMBERED: usize = 4_096;

thread_local! {
    /// Whether seals hold that were looked at before: a record is read anew at every look.
    static HELD: RefCell<HashMap<Hash, bool>> = RefCell::new(HashMap::new());
}

impl Reading<'_> {
    /// Whether an entry that seals is sound under its cut, which holds its own book up to it.
    pub(super) fn seal_holds(
        &self,
        name: EntryRef,
        sealed: &Sealed,
        cut: &Cut,
        memorandum: &Memorandum,
    ) -> bool {
        let of = &sealed.signed.checkpoint;
        let Some(member) = memorandum.member(name.book.party) else { return false };
        let before = EntryRef { number: 0, ..name }..name;
        let told = self.items.range(before).rev().filter(|(_, item)| item.sound);
        let mut told = told.filter_map(|(_, item)| match &item.read {
            Some((_, Content::Seals(earlier))) => earlier.key.as_deref(),
            _ => None,
        });
        let Some(key) = sealed.key.as_deref().or_else(|| told.next()) else { return false };
        let commitment = sha256(&[b"detente seal key v1\n", key.as_slice()].concat());
        cut.get(&of.book).is_some_and(|known| of.size <= *known)
            && member.seal == Some(commitment)
            && of.book.rank() <= name.book.rank()
            && self.both_hold(sealed, key, memorandum)
    }

    fn both_hold(&self, sealed: &Sealed, key: &[u8], memorandum: &Memorandum) -> bool {
        let of = &sealed.signed.checkpoint;
        let line = self.founding.line();
        let what = sha256(format!("{line:?} {key:?} {sealed:?}").as_bytes());
        if let Some(held) = HELD.with_borrow(|held| held.get(&what).copied()) {
            return held;
        }
        let book_key = self.book_key(of.book, memorandum);
        let holds = book_key.is_some_and(|key| sealed.signed.verify(&line, &key).is_ok())
            && SealKey::new(key).is_ok_and(|key| sealed.seal.verify(of, &line, &key).is_ok());
        HELD.with_borrow_mut(|held| {
            if held.len() >= REMEMBERED {
                held.clear();
            }
            held.insert(what, holds);
        });
        holds
    }

    /// The key of a book: the memorandum's, or that of the renewal in the first entry of a book of its rank.
    fn book_key(&self, book: Book, memorandum: &Memorandum) -> Option<PublicKey> {
        if book.rank() == 0 {
            return memorandum.book_key(book.party).cloned();
        }
        let of_rank = |name: &EntryRef| (name.book.party, name.book.rank()) == (book.party, book.rank());
        let mut opened = self.items.iter().filter(|(name, item)| item.sound && of_rank(name));
        opened.find_map(|(_, item)| match &item.read {
            Some((_, Content::Opens { renewal: Some(renewal), .. })) => Some(renewal.keys.book.clone()),
            _ => None,
        })
    }

    /// Every sound entry that seals, ascending by name.
    pub(crate) fn sealing(&self) -> impl Iterator<Item = (EntryRef, &Sealed)> {
        let sound = self.items.iter().filter(|(_, item)| item.judged && item.sound);
        sound.filter_map(|(name, item)| match &item.read {
            Some((_, Content::Seals(sealed))) => Some((*name, &**sealed)),
            _ => None,
        })
    }

    /// The largest seal of every book, and of one size the first by name: its entry, size, root and seconds.
    pub(crate) fn seals(&self) -> BTreeMap<Book, (EntryRef, u64, Hash, u64)> {
        let mut largest: BTreeMap<Book, (EntryRef, u64, Hash, u64)> = BTreeMap::new();
        for (name, sealed) in self.sealing() {
            let of = &sealed.signed.checkpoint;
            if largest.get(&of.book).is_none_or(|(_, size, ..)| *size < of.size) {
                largest.insert(of.book, (name, of.size, of.root, sealed.seal.seconds));
            }
        }
        largest
    }
}
