//! Receipts that a circuit is still to carry.
//!
//! What a peer has said itself, or was told a moment ago, it is not told again on a narrow circuit: a receipt comes to a station from
//! every other one, and would else be most of what is said there.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use detente_record::{Book, Party, Receipt};

/// Receipts in line for a peer, the newest of each signer and book, and those that it need not be told.
#[derive(Debug, Clone, Default)]
pub(crate) struct Due {
    waiting: BTreeMap<(Book, Party), Receipt>,
    told: BTreeMap<(Book, Party), Told>,
    /// Whether what is told is remembered at all.
    sparing: bool,
}

/// A receipt that the peer was told, or has told.
#[derive(Debug, Clone)]
struct Told {
    size: u64,
    signature: [u8; 64],
    at_ms: u64,
}

impl Told {
    fn of(receipt: &Receipt, at_ms: u64) -> Self {
        Self { size: receipt.size, signature: receipt.signature, at_ms }
    }

    /// Whether it leaves nothing to be told: another one of the same size is one under other keys.
    fn covers(&self, receipt: &Receipt) -> bool {
        self.size > receipt.size || self.size == receipt.size && self.signature == receipt.signature
    }
}

impl Due {
    /// Of a circuit that has carried nothing yet; where it is `sparing`, it remembers what it carries.
    pub(crate) fn new(sparing: bool) -> Self {
        Self { sparing, ..Self::default() }
    }

    /// Puts a receipt in line, unless the peer was told it after a time, ms.
    pub(crate) fn add(&mut self, receipt: Receipt, unless_since_ms: u64) {
        let key = (receipt.book, receipt.party);
        let told = self.told.get(&key).filter(|told| told.at_ms > unless_since_ms);
        if !told.is_some_and(|told| told.covers(&receipt)) {
            self.waiting.insert(key, receipt);
        }
    }

    /// The peer has said a receipt itself.
    pub(crate) fn hears(&mut self, receipt: &Receipt, now_ms: u64) {
        if !self.sparing {
            return;
        }
        let (key, told) = ((receipt.book, receipt.party), Told::of(receipt, now_ms));
        if self.waiting.get(&key).is_some_and(|waiting| told.covers(waiting)) {
            self.waiting.remove(&key);
        }
        self.told.insert(key, told);
    }

    /// Takes some out that may go, to be said now.
    pub(crate) fn take(
        &mut self,
        most: usize,
        now_ms: u64,
        may_go: impl Fn(Book, Party) -> bool,
    ) -> Vec<Receipt> {
        let keys = self.waiting.keys().filter(|(book, signer)| may_go(*book, *signer));
        let keys: Vec<_> = keys.take(most).copied().collect();
        let receipts: Vec<Receipt> = keys.iter().filter_map(|key| self.waiting.remove(key)).collect();
        if self.sparing {
            self.told.extend(keys.into_iter().zip(receipts.iter().map(|of| Told::of(of, now_ms))));
        }
        receipts
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot be set up fails")]
mod tests {
    use detente_record::Class;

    use super::*;

    fn receipt(size: u64, signature: u8) -> Receipt {
        let party = Party::new(0).unwrap();
        let book = Book { generation: 0, party, class: Class::R };
        Receipt { book, party, size, seconds: 0, signature: [signature; 64] }
    }

    fn sizes(due: &mut Due, now_ms: u64) -> Vec<u64> {
        due.take(9, now_ms, |_, _| true).iter().map(|receipt| receipt.size).collect()
    }

    #[test]
    fn nobody_is_told_what_it_has_said() {
        let mut due = Due::new(true);
        due.add(receipt(3, 1), 0);
        due.hears(&receipt(4, 1), 1_000);
        assert!(sizes(&mut due, 1_000).is_empty(), "what was in line goes out of it");
        due.add(receipt(4, 1), 500);
        assert!(sizes(&mut due, 1_000).is_empty());
        due.add(receipt(5, 1), 500);
        assert_eq!(sizes(&mut due, 1_000), [5]);
    }

    #[test]
    fn what_was_told_is_told_again_after_a_time_or_under_another_key() {
        let mut due = Due::new(true);
        due.add(receipt(3, 1), 0);
        assert_eq!(sizes(&mut due, 1_000), [3]);
        due.add(receipt(3, 1), 999);
        assert!(sizes(&mut due, 1_000).is_empty());
        due.add(receipt(3, 2), 999);
        assert_eq!(sizes(&mut due, 1_000), [3], "under another key");
        due.add(receipt(3, 2), 1_000);
        assert_eq!(sizes(&mut due, 2_000), [3], "it may have been lost");
    }

    #[test]
    fn where_there_is_room_nothing_is_spared() {
        let mut due = Due::new(false);
        due.hears(&receipt(4, 1), 1_000);
        due.add(receipt(3, 1), 0);
        assert_eq!(sizes(&mut due, 1_000), [3]);
    }
}
