//! Keys and signatures: Ed25519, strict (spec/record.md §8).

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use ed25519_dalek::{Signer, SigningKey, VerifyingKey};
use sha2::{Digest, Sha256};

use crate::fault::Fault;

/// An Ed25519 signature.
pub type Signature = [u8; 64];

/// A secret key; wiped when dropped, never shown.
#[derive(Clone)]
pub struct SecretKey(SigningKey);

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretKey")
    }
}

impl SecretKey {
    /// The key of a seed of 32 random bytes.
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        Self(SigningKey::from_bytes(seed))
    }

    /// Its public half.
    pub fn public(&self) -> PublicKey {
        PublicKey(self.0.verifying_key())
    }

    /// Signs.
    pub fn sign(&self, message: &[u8]) -> Signature {
        self.0.sign(message).to_bytes()
    }
}

/// A public key that is not weak.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct PublicKey(VerifyingKey);

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.as_bytes().iter().take(4).try_for_each(|byte| write!(f, "{byte:02x}"))?;
        f.write_str("…")
    }
}

impl PublicKey {
    /// The key of 32 bytes.
    ///
    /// # Errors
    /// `Malformed`, `WeakKey`: not a point, of small order, or not in canonical encoding.
    pub fn new(bytes: [u8; 32]) -> Result<Self, Fault> {
        let weak = |found: &'static str| Fault::malformed("key (WeakKey)", "a canonical point of large order", found);
        let key = VerifyingKey::from_bytes(&bytes).map_err(|_| weak("not a point"))?;
        if key.is_weak() {
            return Err(weak("a point of small order"));
        }
        if key.to_edwards().compress().to_bytes() != bytes {
            return Err(weak("another encoding of a point"));
        }
        Ok(Self(key))
    }

    /// Its 32 bytes.
    pub fn bytes(&self) -> &[u8; 32] {
        self.0.as_bytes()
    }

    /// Whether a signature over a message is this key's, by the strict rules.
    pub fn verify(&self, message: &[u8], signature: &Signature) -> bool {
        self.0.verify_strict(message, &ed25519_dalek::Signature::from_bytes(signature)).is_ok()
    }
}

/// What a party signs to prove that it has a key in a role: `book`, `receipt` or `station`.
pub fn possession_message(role: &str, party: &str, key: &PublicKey) -> Vec<u8> {
    let mut message = format!("detente possession v1\n{role}\n{party}\n").into_bytes();
    message.extend_from_slice(key.bytes());
    message
}

/// A fingerprint for two people on a telephone: six groups of four letters and digits.
pub fn fingerprint(subject: &[u8]) -> String {
    const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let digest = Sha256::new_with_prefix(b"detente fingerprint v1\n").chain_update(subject).finalize();
    let mut text = String::new();
    for (group, five) in digest.chunks_exact(5).take(3).enumerate() {
        let bits = five.iter().fold(0u64, |bits, byte| bits << 8 | u64::from(*byte));
        for place in 0..8 {
            if place % 4 == 0 && (group, place) != (0, 0) {
                text.push('-');
            }
            let symbol = (bits >> (35 - 5 * place)) & 31;
            text.push(ALPHABET.get(symbol as usize).map_or('?', |symbol| char::from(*symbol)));
        }
    }
    text
}
