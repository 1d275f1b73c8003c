//! The public keys of everybody who was ever named, for whoever verifies beside the line.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use detente_record::{Book, Party, PublicKey, RankKeys, Ranks, Renewal};

use crate::line::Line;
use crate::memorandum::Memorandum;

/// The public keys of everybody who was ever named, by rank: for whoever verifies beside the line.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Keyring {
    parties: BTreeMap<Party, Vec<RankKeys>>,
}

impl Keyring {
    /// The keys that a memorandum names, and those that renewals brought; a party of which some do not follow keeps what does.
    pub fn of(memorandum: &Memorandum, renewals: &[Renewal]) -> Self {
        let mut parties = BTreeMap::new();
        for party in memorandum.everyone().filter_map(|member| Party::new(member.number).ok()) {
            let Some(root) = memorandum.root_of_anyone(party) else { continue };
            let mut ranks = Ranks::default();
            for renewal in renewals.iter().filter(|renewal| renewal.occasion.party == party) {
                let _ = ranks.take(&root, renewal.clone());
            }
            let renewed = ranks.renewals().iter().map(|renewal| renewal.keys.clone());
            parties.insert(party, core::iter::once(root.keys.clone()).chain(renewed).collect());
        }
        Self { parties }
    }

    /// The key that signs a book's checkpoints.
    pub fn book_key(&self, book: Book) -> Option<&PublicKey> {
        self.parties.get(&book.party)?.get(usize::from(book.rank())).map(|keys| &keys.book)
    }

    /// The keys that a party's receipts may be under, the last one first.
    pub fn receipt_keys(&self, party: Party) -> impl Iterator<Item = &PublicKey> {
        self.parties.get(&party).into_iter().flatten().rev().map(|keys| &keys.receipt)
    }

    /// Every key of books, with whose it is and of which rank.
    pub fn book_keys(&self) -> impl Iterator<Item = (Party, u8, &PublicKey)> {
        self.of_each(|keys| &keys.book)
    }

    /// Every station key, with whose it is and of which rank.
    pub fn station_keys(&self) -> impl Iterator<Item = (Party, u8, &PublicKey)> {
        self.of_each(|keys| &keys.station)
    }

    fn of_each(
        &self,
        key: impl Fn(&RankKeys) -> &PublicKey + Copy,
    ) -> impl Iterator<Item = (Party, u8, &PublicKey)> {
        self.parties.iter().flat_map(move |(party, ranks)| {
            ranks.iter().zip(0..).map(move |(keys, rank)| (*party, rank, key(keys)))
        })
    }

    /// The last keys of a party, and their rank.
    pub fn last(&self, party: Party) -> Option<(u8, &RankKeys)> {
        let ranks = self.parties.get(&party)?;
        let rank = u8::try_from(ranks.len().saturating_sub(1)).ok()?;
        ranks.last().map(|keys| (rank, keys))
    }
}

impl Line {
    /// The public keys of everybody who was ever named, as everything held here shows.
    pub fn keyring(&self) -> Keyring {
        let of = |party: Party| {
            let root = self.root(party)?;
            let renewed = self.renewals(party).iter().map(|renewal| renewal.keys.clone());
            Some((party, core::iter::once(root.keys).chain(renewed).collect()))
        };
        Keyring { parties: self.roll().into_iter().filter_map(of).collect() }
    }
}
