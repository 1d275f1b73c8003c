//! SHA-256, and the two ways in which the record writes bytes as text.

use alloc::string::String;
use alloc::vec::Vec;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

use crate::fault::Fault;

/// A SHA-256 hash.
pub type Hash = [u8; 32];

/// SHA-256 of some bytes.
pub fn sha256(bytes: &[u8]) -> Hash {
    Sha256::digest(bytes).into()
}

/// SHA-256 of parts, one after the other.
pub(crate) fn sha256_of(parts: &[&[u8]]) -> Hash {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update(part);
    }
    hasher.finalize().into()
}

/// Lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    let digit = |nibble: u8| char::from(if nibble < 10 { b'0' + nibble } else { b'a' + nibble - 10 });
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

/// Base64 of RFC 4648 §4, with padding.
pub fn base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// Reads base64 in its one canonical form: padded, with no stray bits and no white space.
///
/// # Errors
/// `Malformed` for anything else.
pub fn from_base64(what: &'static str, text: &str) -> Result<Vec<u8>, Fault> {
    STANDARD.decode(text).map_err(|_| Fault::malformed(what, "base64 with padding", "something else"))
}

/// Reads a base64 value of a length that is known.
pub(crate) fn array_from_base64<const N: usize>(what: &'static str, text: &str) -> Result<[u8; N], Fault> {
    let bytes = from_base64(what, text)?;
    <[u8; N]>::try_from(bytes.as_slice())
        .map_err(|_| Fault::malformed(what, alloc::format!("{N} bytes"), alloc::format!("{}", bytes.len())))
}

/// Reads a hash in base64, in its one canonical form.
///
/// # Errors
/// `Malformed` for anything else.
pub fn read_base64(text: &str) -> Result<Hash, Fault> {
    array_from_base64("hash", text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_forms() {
        assert_eq!(hex(&[0x00, 0x0f, 0xa5, 0xff]), "000fa5ff");
        assert_eq!(base64(b"f"), "Zg==");
        assert_eq!(from_base64("test", "Zg==").unwrap(), b"f");
        for other in ["Zg", "Zh==", "Zg==\n", " Zg==", "Z-=="] {
            assert!(from_base64("test", other).is_err(), "{other:?}");
        }
        assert!(array_from_base64::<2>("test", "Zg==").is_err());
    }

    #[test]
    fn hashes_in_parts_as_in_whole() {
        assert_eq!(sha256_of(&[b"a", b"", b"bc"]), sha256(b"abc"));
        assert_eq!(hex(&sha256(b"abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }
}
