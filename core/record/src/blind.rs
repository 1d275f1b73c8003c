//! Blinds: why a leaf hash tells nothing about its entry (spec/record.md §4).
//!
//! A [`LineSecret`] is a party's; a [`BookSecret`] follows from it for one book, and gives each leaf its blind.
//! Both are wiped from memory when they are dropped, and neither shows itself in Debug output.

use core::fmt;

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use zeroize::{Zeroize as _, Zeroizing};

use crate::hash::{Hash, sha256_of};

/// Bytes of a blind.
pub const BLIND: usize = 16;

/// What the parties of a line share so that nobody else can guess at leaves.
#[derive(Clone, PartialEq, Eq)]
pub struct LineSecret(Zeroizing<[u8; 32]>);

impl LineSecret {
    /// The secret of these bytes, which must have been drawn at random.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// Its bytes, for storing it and for telling it to another party of the line.
    pub fn expose(&self) -> &[u8; 32] {
        &self.0
    }

    /// What the memorandum says of it.
    pub fn commitment(&self) -> Hash {
        sha256_of(&[b"detente blind v1\n", self.0.as_slice()])
    }
}

impl fmt::Debug for LineSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LineSecret")
    }
}

/// A book's secret, as an HMAC state that is ready for use; `sha2` wipes its states with its feature `zeroize`.
#[derive(Clone)]
pub struct BookSecret(Hmac<Sha256>);

impl BookSecret {
    /// The secret of the book of an origin.
    pub fn new(secret: &LineSecret, origin: &str) -> Self {
        let mut key: [u8; 32] = keyed(&secret.0).chain_update(origin).finalize().into_bytes().into();
        let book = Self(keyed(&key));
        key.zeroize();
        book
    }

    /// The blind of the leaf of an index, which is the entry's number − 1.
    pub fn blind(&self, index: u64) -> [u8; BLIND] {
        half(&self.pair(index / 2), index)
    }

    /// The blinds from an index on, at one HMAC for every two of them.
    pub fn blinds(&self, from: u64) -> Blinds<'_> {
        Blinds { secret: self, index: from, pair: self.pair(from / 2) }
    }

    fn pair(&self, place: u64) -> [u8; 2 * BLIND] {
        self.0.clone().chain_update(place.to_be_bytes()).finalize().into_bytes().into()
    }
}

impl fmt::Debug for BookSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BookSecret")
    }
}

/// The blinds of consecutive leaves, without end: after the last index comes the first.
#[derive(Debug, Clone)]
pub struct Blinds<'a> {
    secret: &'a BookSecret,
    index: u64,
    /// Of `index`, whenever `index` is odd.
    pair: [u8; 2 * BLIND],
}

impl Iterator for Blinds<'_> {
    type Item = [u8; BLIND];

    fn next(&mut self) -> Option<Self::Item> {
        if self.index.is_multiple_of(2) {
            self.pair = self.secret.pair(self.index / 2);
        }
        let blind = half(&self.pair, self.index);
        self.index = self.index.wrapping_add(1);
        Some(blind)
    }
}

/// RFC 2104 fills a short key with zeros up to the block; done here, it cannot fail.
fn keyed(key: &[u8; 32]) -> Hmac<Sha256> {
    let mut block = [0; 64];
    let (start, _) = block.split_at_mut(key.len());
    start.copy_from_slice(key);
    let mac = Hmac::new((&block).into());
    block.zeroize();
    mac
}

fn half(pair: &[u8; 2 * BLIND], index: u64) -> [u8; BLIND] {
    let mut blind = [0; BLIND];
    let (even, odd) = pair.split_at(BLIND);
    blind.copy_from_slice(if index.is_multiple_of(2) { even } else { odd });
    blind
}

#[cfg(test)]
mod tests {
    use alloc::format;
    use alloc::vec::Vec;

    use super::*;

    #[test]
    fn blinds_follow_one_another() {
        let secret = BookSecret::new(&LineSecret::from_bytes([3; 32]), "detente/00");
        let alone: Vec<_> = (0..9).map(|index| secret.blind(index)).collect();
        for from in 0..9 {
            let followed: Vec<_> = secret.blinds(from as u64).take(9 - from).collect();
            assert_eq!(followed, alone[from..]);
        }
        assert!(alone.iter().enumerate().all(|(place, blind)| !alone[..place].contains(blind)));
    }

    #[test]
    fn blinds_differ_by_book_and_secret() {
        let blind = |secret, origin| BookSecret::new(&LineSecret::from_bytes([secret; 32]), origin).blind(0);
        assert_ne!(blind(1, "detente/00"), blind(2, "detente/00"));
        assert_ne!(blind(1, "detente/00"), blind(1, "detente/01"));
    }

    #[test]
    fn the_last_index_does_not_overflow() {
        let secret = BookSecret::new(&LineSecret::from_bytes([3; 32]), "detente/00");
        let around: Vec<_> = secret.blinds(u64::MAX).take(2).collect();
        assert_eq!(around, [secret.blind(u64::MAX), secret.blind(0)]);
    }

    #[test]
    fn secrets_are_wiped_and_do_not_show_themselves() {
        fn wiped(_: &impl zeroize::ZeroizeOnDrop) {}
        let secret = LineSecret::from_bytes([0x61; 32]);
        wiped(&secret.0);
        let shown = format!("{secret:?} {:?}", BookSecret::new(&secret, "origin"));
        assert_eq!(shown, "LineSecret BookSecret");
    }
}
