//! Blinds: why a leaf hash tells nothing about its entry (spec/record.md §4).
//!
//! A [`LineSecret`] is a party's; a [`BookSecret`] follows from it for one book, and gives each leaf its blind.
//! Both are wiped from memory when they are dropped, and neither shows itself in Debug output.

use alloc::vec::Vec;
use core::fmt;

use zeroize::Zeroizing;

use crate::compress::{BLOCK, State, after, hash_all, hash_one};
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

/// A book's secret, ready for use.
#[derive(Clone)]
pub struct BookSecret(Keyed);

impl BookSecret {
    /// The secret of the book of an origin.
    pub fn new(secret: &LineSecret, origin: &str) -> Self {
        let key = Zeroizing::new(Keyed::new(&secret.0).mac(origin.as_bytes()));
        Self(Keyed::new(&key))
    }

    /// The blind of the leaf of an index, which is the entry's number − 1.
    pub fn blind(&self, index: u64) -> [u8; BLIND] {
        half(&self.pair(index / 2), index)
    }

    /// The blinds from an index on, at one HMAC for every two of them.
    pub fn blinds(&self, from: u64) -> Blinds<'_> {
        Blinds { secret: self, index: from, pair: self.pair(from / 2) }
    }

    /// The blinds of `count` leaves from an index on: sooner than each by itself.
    pub(crate) fn run(&self, from: u64, count: usize) -> Vec<[u8; BLIND]> {
        // One pair more than half of them: the first pair may be only half wanted.
        let places = (0..=count as u64 / 2).map(|next| (from / 2).wrapping_add(next) & (u64::MAX / 2));
        let places: Vec<_> = places.map(u64::to_be_bytes).collect();
        let pairs = self.0.macs(&places);
        let (blinds, _) = pairs.as_flattened().as_chunks();
        blinds.iter().skip((from % 2) as usize).take(count).copied().collect()
    }

    fn pair(&self, place: u64) -> [u8; 2 * BLIND] {
        self.0.mac(&place.to_be_bytes())
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

/// HMAC-SHA-256 (RFC 2104) under a key: its two hashes, each after the block that the key makes.
#[derive(Clone)]
struct Keyed {
    inner: Zeroizing<State>,
    outer: Zeroizing<State>,
}

impl Keyed {
    fn new(key: &[u8; 32]) -> Self {
        let padded = |pad: u8| {
            let mut block = Zeroizing::new([pad; BLOCK]);
            block.iter_mut().zip(key).for_each(|(byte, key)| *byte ^= key);
            Zeroizing::new(after(&block))
        };
        Self { inner: padded(0x36), outer: padded(0x5c) }
    }

    fn mac(&self, message: &[u8]) -> Hash {
        let inner = hash_one(&self.inner, |laid_out| laid_out.lay_out(BLOCK, &[], message));
        hash_one(&self.outer, |laid_out| laid_out.lay_out(BLOCK, &[], &inner))
    }

    fn macs(&self, messages: &[[u8; 8]]) -> Vec<Hash> {
        let inner =
            hash_all(&self.inner, messages, |laid_out, message| laid_out.lay_out(BLOCK, &[], message));
        hash_all(&self.outer, &inner, |laid_out, inner| laid_out.lay_out(BLOCK, &[], inner))
    }
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

    use super::*;
    use crate::hash::hex;

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
    fn keyed_is_hmac() {
        // RFC 4231 §4.2 and §4.3; their keys are shorter than 32 bytes, and zeros fill them up in any case.
        let of = |key: &[u8], message: &[u8]| {
            let mut filled = [0; 32];
            filled[..key.len()].copy_from_slice(key);
            hex(&Keyed::new(&filled).mac(message))
        };
        let first = "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7";
        assert_eq!(of(&[0x0b; 20], b"Hi There"), first);
        let second = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
        assert_eq!(of(b"Jefe", b"what do ya want for nothing?"), second);
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
        let book = BookSecret::new(&secret, "origin");
        wiped(&book.0.inner);
        wiped(&book.0.outer);
        let shown = format!("{secret:?} {book:?}");
        assert_eq!(shown, "LineSecret BookSecret");
    }
}
