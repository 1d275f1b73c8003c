//! Keys, strictly verified (spec/record.md §8).
//!
//! A [`PublicKey`] that exists is canonical and not of small order. A [`SecretKey`] is wiped from memory when it
//! is dropped and never shows itself in Debug output.

use alloc::string::String;
use alloc::vec::Vec;
use core::cmp::Ordering;
use core::fmt;
use core::hash::Hasher;

use ed25519_dalek::{Signer as _, SigningKey, VerifyingKey};
use zeroize::Zeroize as _;

use crate::fault::Fault;
use crate::hash::{hex, sha256_of};

/// An Ed25519 signature.
pub type Signature = [u8; 64];

/// A key that verifies.
#[derive(Clone)]
pub struct PublicKey(VerifyingKey);

impl PublicKey {
    /// The key of these bytes.
    ///
    /// # Errors
    /// `WeakKey` for bytes that are no point, a point of small order, or a point in another than its canonical
    /// encoding.
    pub fn new(bytes: [u8; 32]) -> Result<Self, Fault> {
        let key = VerifyingKey::from_bytes(&bytes).map_err(|_| Fault::weak_key("no point of the curve"))?;
        if key.is_weak() {
            return Err(Fault::weak_key("a point of small order"));
        }
        if key.to_edwards().compress().to_bytes() != bytes {
            return Err(Fault::weak_key("a point in a non-canonical encoding"));
        }
        Ok(Self(key))
    }

    /// Its encoding.
    pub fn bytes(&self) -> &[u8; 32] {
        self.0.as_bytes()
    }

    /// Whether a signature of a message is this key's, strictly: also `R` is not of small order, and `S < L`.
    pub fn verify(&self, message: &[u8], signature: &Signature) -> bool {
        self.0.verify_strict(message, &signature.into()).is_ok()
    }
}

impl PartialEq for PublicKey {
    fn eq(&self, other: &Self) -> bool {
        self.bytes() == other.bytes()
    }
}

impl Eq for PublicKey {}

impl PartialOrd for PublicKey {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for PublicKey {
    fn cmp(&self, other: &Self) -> Ordering {
        self.bytes().cmp(other.bytes())
    }
}

impl core::hash::Hash for PublicKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.bytes().hash(state);
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (start, _) = self.bytes().split_at(4);
        write!(f, "PublicKey({}…)", hex(start))
    }
}

/// A key that signs.
#[derive(Clone)]
pub struct SecretKey(SigningKey);

impl SecretKey {
    /// The key of a seed (RFC 8032 §5.1.5), which must have been drawn at random.
    pub fn from_seed(mut seed: [u8; 32]) -> Self {
        let key = Self(SigningKey::from_bytes(&seed));
        seed.zeroize();
        key
    }

    /// The key that verifies what this one signs.
    pub fn public(&self) -> PublicKey {
        PublicKey(self.0.verifying_key())
    }

    /// Signs a message.
    pub fn sign(&self, message: &[u8]) -> Signature {
        self.0.sign(message).to_bytes()
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecretKey(of {:?})", self.public())
    }
}

/// What a party signs with a key to prove that it has it; the role is `book`, `receipt` or `station`.
pub fn possession_message(role: &str, party: &str, key: &PublicKey) -> Vec<u8> {
    [b"detente possession v1\n", role.as_bytes(), b"\n", party.as_bytes(), b"\n", key.bytes().as_slice()]
        .concat()
}

/// What two people read to one another over a telephone: six groups of four letters and digits.
///
/// The subject is the line's 32 bytes for a memorandum, and `book ‖ receipt ‖ station ‖ commitment` for the keys
/// of a party.
pub fn fingerprint(subject: &[u8]) -> String {
    let hash = sha256_of(&[b"detente fingerprint v1\n", subject]);
    let (groups, _) = hash.as_chunks::<5>();
    let mut text = String::with_capacity(29);
    // Five bytes are eight characters of base32, which are two groups of four; fifteen bytes are wanted.
    for (place, [a, b, c, d, e]) in groups.iter().take(3).enumerate() {
        let bits = u64::from_be_bytes([0, 0, 0, *a, *b, *c, *d, *e]);
        for character in 0..8 {
            if character % 4 == 0 && (place, character) != (0, 0) {
                text.push('-');
            }
            text.push(base32((bits >> (35 - 5 * character)) & 31));
        }
    }
    text
}

fn base32(value: u64) -> char {
    let value = (value & 31) as u8;
    char::from(if value < 26 { b'A' + value } else { b'2' + value - 26 })
}

#[cfg(test)]
mod tests {
    use alloc::format;

    use super::*;

    /// L, the order of the group, little-endian.
    const ORDER: [u8; 32] = [
        0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0,
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
    ];

    fn ending(first: u8, middle: u8, last: u8) -> [u8; 32] {
        let mut bytes = [middle; 32];
        (bytes[0], bytes[31]) = (first, last);
        bytes
    }

    #[test]
    fn weak_keys_are_refused() {
        let weak = [
            (ending(0x01, 0x00, 0x00), "small order"),
            (ending(0xec, 0xff, 0x7f), "small order"),
            (ending(0x00, 0x00, 0x00), "small order"),
            (ending(0x00, 0x00, 0x80), "small order"),
            (ending(0xed, 0xff, 0x7f), "small order"),
            (ending(0xee, 0xff, 0x7f), "small order"),
            (ending(0x02, 0x00, 0x00), "no point"),
            (ending(0xf0, 0xff, 0x7f), "non-canonical"),
        ];
        for (bytes, reason) in weak {
            let fault = PublicKey::new(bytes).expect_err(reason);
            assert!(
                matches!(&fault, Fault::WeakKey(detail) if detail.found.contains(reason)),
                "{bytes:02x?}: {fault}"
            );
        }
    }

    #[test]
    fn signatures_are_strict() {
        let secret = SecretKey::from_seed([1; 32]);
        let key = PublicKey::new(*secret.public().bytes()).unwrap();
        let signature = secret.sign(b"message");
        assert!(key.verify(b"message", &signature));
        assert!(!key.verify(b"other", &signature));
        let mut larger = signature;
        let mut carry = 0;
        for (byte, order) in larger[32..].iter_mut().zip(ORDER) {
            let sum = u16::from(*byte) + u16::from(order) + carry;
            (*byte, carry) = (sum as u8, sum >> 8);
        }
        assert!(!key.verify(b"message", &larger), "S + L");
        let mut small = signature;
        small[..32].copy_from_slice(&ending(0x01, 0x00, 0x00));
        assert!(!key.verify(b"message", &small), "R of small order");
    }

    #[test]
    fn fingerprints_have_six_groups() {
        let text = fingerprint(&[0; 32]);
        assert_eq!(text.len(), 29);
        assert!(text.split('-').count() == 6 && text.split('-').all(|group| group.len() == 4));
        assert_ne!(text, fingerprint(&[1; 32]));
    }

    #[test]
    fn secret_keys_do_not_show_themselves() {
        let shown = format!("{:?}", SecretKey::from_seed([0x61; 32]));
        let public = hex(SecretKey::from_seed([0x61; 32]).public().bytes());
        assert_eq!(shown, format!("SecretKey(of PublicKey({}…))", &public[..8]));
    }
}
