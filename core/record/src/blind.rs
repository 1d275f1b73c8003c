//! Blinds: why a proof of one entry tells nothing about its neighbours (spec/record.md §4).

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::tree::Hash;

/// The secret that a party shares with the other parties of a line, and with nobody else.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct LineSecret([u8; 32]);

impl core::fmt::Debug for LineSecret {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("LineSecret")
    }
}

impl LineSecret {
    /// A secret of 32 random bytes.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Its bytes, to be stored or sent to another party of the line.
    pub fn expose(&self) -> &[u8; 32] {
        &self.0
    }

    /// What the memorandum says of it.
    pub fn commitment(&self) -> Hash {
        Sha256::new_with_prefix(b"detente blind v1\n").chain_update(self.0).finalize().into()
    }
}

/// The source of the blinds of one book.
#[derive(Clone)]
pub struct BookSecret(Hmac<Sha256>);

impl core::fmt::Debug for BookSecret {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("BookSecret")
    }
}

/// HMAC takes keys of any length.
fn keyed(key: &[u8; 32]) -> Hmac<Sha256> {
    let Ok(mac) = Hmac::<Sha256>::new_from_slice(key) else { unreachable!("HMAC takes keys of any length") };
    mac
}

impl BookSecret {
    /// For the book of an origin.
    pub fn new(secret: &LineSecret, origin: &str) -> Self {
        let mut mac = keyed(&secret.0);
        mac.update(origin.as_bytes());
        let mut key: Hash = mac.finalize().into_bytes().into();
        let book = Self(keyed(&key));
        key.zeroize();
        book
    }

    /// The blind of the leaf of an index.
    pub fn blind(&self, index: u64) -> [u8; 16] {
        let [even, odd] = self.pair(index / 2);
        if index.is_multiple_of(2) { even } else { odd }
    }

    /// The blinds of the leaves `2·half` and `2·half + 1`.
    pub fn pair(&self, half: u64) -> [[u8; 16]; 2] {
        let mut mac = self.0.clone();
        mac.update(&half.to_be_bytes());
        let pair: Hash = mac.finalize().into_bytes().into();
        let mut blinds = [[0; 16]; 2];
        blinds[0].copy_from_slice(&pair[..16]);
        blinds[1].copy_from_slice(&pair[16..]);
        blinds
    }
}
