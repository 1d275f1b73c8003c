//! SHA-256, and the two ways in which the record writes bytes as text.
//!
//! What is hashed once for every entry (leaves, nodes, blinds) is short: buffering it, and wiping the buffer, would
//! cost as much as hashing it. So it goes block by block into `sha2`'s compression function, and is padded here.

use alloc::string::String;
use alloc::vec::Vec;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::block_api::compress256;
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

/// Bytes that SHA-256 takes in at a time.
pub(crate) const BLOCK: usize = 64;

/// SHA-256 between two blocks.
pub(crate) type State = [u32; 8];

/// SHA-256 before its first block (FIPS 180-4 §5.3.3).
const INITIAL: State = [
    0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19,
];

/// SHA-256 after one block.
pub(crate) fn after_block(block: &[u8; BLOCK]) -> State {
    let mut state = INITIAL;
    compress256(&mut state, core::slice::from_ref(block));
    state
}

/// The hash of one block, which led to `state`, and of `rest`.
pub(crate) fn finish(mut state: State, rest: &[u8]) -> Hash {
    let (whole, tail) = rest.as_chunks();
    if !whole.is_empty() {
        compress256(&mut state, whole);
    }
    // FIPS 180-4 §5.1.1: a bit, zeros, and the length in bits at the end of a block.
    let mut padded = [[0; BLOCK]; 2];
    let blocks = if tail.len() < BLOCK - 8 { 1 } else { 2 };
    let (last, _) = padded.split_at_mut(blocks);
    let (start, space) = last.as_flattened_mut().split_at_mut(tail.len());
    start.copy_from_slice(tail);
    if let Some((mark, zeros)) = space.split_first_mut()
        && let Some(length) = zeros.last_chunk_mut()
    {
        *mark = 0x80;
        *length = ((BLOCK + rest.len()) as u64 * 8).to_be_bytes();
    }
    compress256(&mut state, last);
    let mut hash = Hash::default();
    for (bytes, word) in hash.as_chunks_mut().0.iter_mut().zip(state) {
        *bytes = word.to_be_bytes();
    }
    hash
}

/// SHA-256 of `N` bytes, fewer than a block, and of what follows them.
pub(crate) fn sha256_headed<const N: usize>(head: &[u8; N], rest: &[u8]) -> Hash {
    let mut block = [0; BLOCK];
    let (start, space) = block.split_at_mut(N);
    let Some((fitting, rest)) = rest.split_at_checked(space.len()) else {
        return sha256_of(&[head, rest]);
    };
    start.copy_from_slice(head);
    space.copy_from_slice(fitting);
    finish(after_block(&block), rest)
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
pub(crate) fn from_base64(what: &'static str, text: &str) -> Result<Vec<u8>, Fault> {
    STANDARD.decode(text).map_err(|_| Fault::malformed(what, "base64 with padding", "something else"))
}

/// Reads a base64 value of a length that is known.
pub(crate) fn array_from_base64<const N: usize>(what: &'static str, text: &str) -> Result<[u8; N], Fault> {
    let bytes = from_base64(what, text)?;
    <[u8; N]>::try_from(bytes.as_slice())
        .map_err(|_| Fault::malformed(what, alloc::format!("{N} bytes"), alloc::format!("{}", bytes.len())))
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

    #[test]
    fn what_is_padded_here_hashes_as_elsewhere() {
        let bytes: Vec<u8> = (0..=255).cycle().take(400).collect();
        for length in 0..bytes.len() - 64 {
            let (block, rest) = (bytes.first_chunk().unwrap(), &bytes[64..64 + length]);
            assert_eq!(finish(after_block(block), rest), sha256(&bytes[..64 + length]), "{length}");
            let (head, rest) = (bytes.first_chunk::<17>().unwrap(), &bytes[17..17 + length]);
            assert_eq!(sha256_headed(head, rest), sha256(&bytes[..17 + length]), "{length}");
        }
    }
}
