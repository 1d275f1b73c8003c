//! Verifier keys of signed notes as text (c2sp.org/signed-note): `name+<key id>+<base64 of type and key>`.
//!
//! A [`VerifierKey`] that exists is of a type that this crate verifies, under a name that a note can carry, and its key
//! is sound. The key id in the text is held to the rest: one that was mistyped is refused.

use alloc::format;
use alloc::string::{String, ToString as _};

use crate::fault::Fault;
use crate::hash::{base64, from_base64, hex};
use crate::key::PublicKey;
use crate::note::{COSIGNATURE, ED25519, key_id};

/// Most bytes of a verifier key's text.
pub const MAX_VKEY: usize = 512;

/// A key under its name, and what it signs.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct VerifierKey {
    /// The name in signature lines.
    pub name: String,
    /// [`ED25519`] for a log, [`COSIGNATURE`] for a witness.
    pub signature_type: u8,
    /// The key.
    pub key: PublicKey,
}

impl VerifierKey {
    /// Reads one.
    ///
    /// # Errors
    /// `Malformed` for another form or a key id that is not this key's; `Incompatible` for another type of signature;
    /// `WeakKey`.
    pub fn parse(text: &str) -> Result<Self, Fault> {
        let malformed = |found: &'static str| Fault::malformed("verifier key", "name+key id+base64", found);
        if text.len() > MAX_VKEY {
            return Err(malformed("over 512 bytes"));
        }
        let mut parts = text.splitn(3, '+');
        let (Some(name), Some(id), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(malformed("fewer than three parts"));
        };
        if name.is_empty() || name.chars().any(|c| c.is_whitespace() || c.is_control()) {
            return Err(malformed("no name, or one with spaces"));
        }
        let bytes = from_base64("verifier key", key)?;
        let Some((signature_type, key)) = bytes.split_first() else { return Err(malformed("no key")) };
        if ![ED25519, COSIGNATURE].contains(signature_type) {
            let expected = "type 1 (Ed25519) or 4 (Ed25519 cosignatures)";
            return Err(Fault::incompatible("verifier key", expected, format!("type {signature_type}")));
        }
        let Ok(key) = <[u8; 32]>::try_from(key) else {
            return Err(Fault::malformed("verifier key", "a key of 32 bytes", key.len().to_string()));
        };
        let key = Self { name: name.to_string(), signature_type: *signature_type, key: PublicKey::new(key)? };
        let expected = key.id();
        if id == expected {
            Ok(key)
        } else {
            let found = id.chars().take(16).collect::<String>();
            Err(Fault::malformed("verifier key", format!("key id {expected}"), found))
        }
    }

    /// Its text.
    pub fn text(&self) -> String {
        let key = base64(&[&[self.signature_type], self.key.bytes().as_slice()].concat());
        format!("{}+{}+{key}", self.name, self.id())
    }

    fn id(&self) -> String {
        hex(&key_id(&self.name, self.signature_type, &self.key))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::SecretKey;

    #[test]
    fn a_key_reads_as_it_was_written_and_not_otherwise() {
        let key = SecretKey::from_seed([3; 32]).public();
        for signature_type in [ED25519, COSIGNATURE] {
            let whole = VerifierKey { name: "witness.example/w1".into(), signature_type, key: key.clone() };
            let text = whole.text();
            assert_eq!(VerifierKey::parse(&text).unwrap(), whole);
            for other in [
                text.replace("w1", "w2"),
                text.replace("w1", "w 1"),
                text.replacen('+', "-", 1),
                text.clone() + "=",
                text.replace("witness.example/w1", ""),
                format!("{}{text}", "w".repeat(MAX_VKEY)),
            ] {
                assert!(VerifierKey::parse(&other).is_err(), "{other}");
            }
        }
        let other = VerifierKey { name: "w".into(), signature_type: 6, key };
        assert!(matches!(VerifierKey::parse(&other.text()), Err(Fault::Incompatible(_))));
        assert!(VerifierKey::parse("").is_err());
    }
}
