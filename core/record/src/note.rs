//! Signed notes (c2sp.org/signed-note), the text in which checkpoints and receipts leave the line.
//!
//! [`Note::parse`] promises the form and its bounds, and verifies nothing: what a signature says is for
//! [`crate::checkpoint`] and [`crate::receipt`] to hold to a key.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use crate::fault::Fault;
use crate::hash::{base64, from_base64, sha256_of};
use crate::key::PublicKey;

/// The signature type of a plain Ed25519 signature.
pub const ED25519: u8 = 0x01;
/// The signature type of an Ed25519 cosignature with its time (c2sp.org/tlog-cosignature).
pub const COSIGNATURE: u8 = 0x04;
/// The signature type of an ML-DSA-44 cosignature with its time (c2sp.org/tlog-cosignature).
pub const SEAL: u8 = 0x06;
/// Most bytes of a note's text.
pub const MAX_TEXT: usize = 16_384;
/// Most signature lines of a note.
pub const MAX_SIGNATURES: usize = 64;
/// Most bytes of a signature line; signatures that withstand quantum computers need nearly 5,000.
pub const MAX_SIGNATURE_LINE: usize = 8_192;

/// The four bytes by which a signature line names its key.
pub fn key_id(name: &str, signature_type: u8, key: &PublicKey) -> [u8; 4] {
    id_of(name, signature_type, key.bytes())
}

/// The same of a key of any type, by its bytes.
pub(crate) fn id_of(name: &str, signature_type: u8, key: &[u8]) -> [u8; 4] {
    let [a, b, c, d, ..] = sha256_of(&[name.as_bytes(), b"\n", &[signature_type], key]);
    [a, b, c, d]
}

/// A signature line, ending in a newline.
pub fn signature_line(name: &str, signature_type: u8, key: &PublicKey, signature: &[u8]) -> String {
    line_of(name, key_id(name, signature_type, key), signature)
}

/// The same by the id of its key.
pub(crate) fn line_of(name: &str, key_id: [u8; 4], signature: &[u8]) -> String {
    format!("— {name} {}\n", base64(&[&key_id, signature].concat()))
}

/// A note, in its parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note<'a> {
    /// What is signed, with its last newline.
    pub text: &'a str,
    /// The signature lines, in their order.
    pub signatures: Vec<NoteSignature<'a>>,
}

/// A signature line, in its parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoteSignature<'a> {
    /// The key's name.
    pub name: &'a str,
    /// Which key of that name.
    pub key_id: [u8; 4],
    /// The signature; its form is the type's.
    pub signature: Vec<u8>,
}

impl<'a> Note<'a> {
    /// Reads a note.
    ///
    /// # Errors
    /// `Malformed` for bytes that are no note, or a note over a bound of this module.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Fault> {
        if bytes.len() > MAX_TEXT + 1 + MAX_SIGNATURES * MAX_SIGNATURE_LINE {
            return Err(malformed("at most 64 signatures under 16,384 bytes of text", "a longer note"));
        }
        let Ok(note) = core::str::from_utf8(bytes) else {
            return Err(malformed("UTF-8", "other bytes"));
        };
        if note.bytes().any(|byte| byte < b' ' && byte != b'\n') {
            return Err(malformed("no control characters but newlines", "one"));
        }
        let Some((before, signatures)) = note.rsplit_once("\n\n") else {
            return Err(malformed("an empty line before the signatures", "none"));
        };
        let text = note.get(..before.len() + 1).unwrap_or_default();
        if text.len() > MAX_TEXT {
            return Err(malformed("at most 16,384 bytes of text", "more"));
        }
        let Some(lines) = signatures.strip_suffix('\n') else {
            return Err(malformed("signature lines that end in a newline", "none, or one that does not"));
        };
        if lines.split('\n').count() > MAX_SIGNATURES {
            return Err(malformed("at most 64 signatures", "more"));
        }
        let signatures = lines.split('\n').map(NoteSignature::parse).collect::<Result<_, _>>()?;
        Ok(Self { text, signatures })
    }

    /// The first signature by a key under a name, if there is one.
    pub fn signature_by(&self, name: &str, signature_type: u8, key: &PublicKey) -> Option<&[u8]> {
        self.signature_of(name, key_id(name, signature_type, key))
    }

    /// The same by the id of its key.
    pub(crate) fn signature_of(&self, name: &str, key_id: [u8; 4]) -> Option<&[u8]> {
        let found = self.signatures.iter().find(|found| found.name == name && found.key_id == key_id)?;
        Some(&found.signature)
    }
}

impl<'a> NoteSignature<'a> {
    fn parse(line: &'a str) -> Result<Self, Fault> {
        if line.len() >= MAX_SIGNATURE_LINE {
            return Err(malformed("signature lines of at most 8,192 bytes", "a longer one"));
        }
        let Some((name, signature)) = line.strip_prefix("— ").and_then(|line| line.split_once(' ')) else {
            return Err(malformed("signature lines of the form — name signature", "another line"));
        };
        if name.is_empty() || name.contains('+') || name.contains(char::is_whitespace) {
            return Err(malformed("key names without spaces and plus signs", "another name"));
        }
        let bytes = from_base64("signature of a note", signature)?;
        match bytes.split_first_chunk() {
            Some((key_id, signature)) if !signature.is_empty() => {
                Ok(Self { name, key_id: *key_id, signature: signature.to_vec() })
            }
            _ => Err(malformed("signatures of 5 bytes or more", "a shorter one")),
        }
    }
}

fn malformed(expected: &'static str, found: &'static str) -> Fault {
    Fault::malformed("note", expected, found)
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString as _;

    use super::*;

    const LINE: &str = "— example.com/a AAAAAAE=\n";

    fn note(text: &str, lines: &str) -> Result<(String, usize), Fault> {
        let note = format!("{text}\n{lines}");
        Note::parse(note.as_bytes()).map(|note| (note.text.to_string(), note.signatures.len()))
    }

    #[test]
    fn the_last_empty_line_ends_the_text() {
        assert_eq!(note("a\n\nb\n", LINE).unwrap(), ("a\n\nb\n".to_string(), 1));
        assert_eq!(note("a\n", &LINE.repeat(64)).unwrap(), ("a\n".to_string(), 64));
        let read = format!("a\n\n{LINE}");
        let read = Note::parse(read.as_bytes()).unwrap();
        assert_eq!(
            read.signatures[0],
            NoteSignature { name: "example.com/a", key_id: [0; 4], signature: [1].into() }
        );
    }

    #[test]
    fn refuses_what_is_no_note() {
        let bad = [
            ("a\n", ""),
            ("a", LINE),
            ("a\n", "— example.com/a AAAAAAE="),
            ("a\n", "- example.com/a AAAAAAE=\n"),
            ("a\n", "—  AAAAAAE=\n"),
            ("a\n", "— a+b AAAAAAE=\n"),
            ("a\n", "— a\u{2003}b AAAAAAE=\n"),
            ("a\n", "— a AAAAAA==\n"),
            ("a\n", "— a AAAA\n"),
            ("a\n", "— a AAAAAAE\n"),
            ("a\n", "— a AAAAAAF=\n"),
            ("a\n", "— a  AAAAAAE=\n"),
            ("a\n", "— a AAAAAAE= \n"),
            ("a\tb\n", LINE),
            ("a\rb\n", LINE),
            ("a\0\n", LINE),
        ];
        for (text, lines) in bad {
            assert!(note(text, lines).is_err(), "{text:?} {lines:?}");
        }
        assert!(Note::parse(b"\xff\n\n").is_err());
        assert!(note("a\n", &LINE.repeat(65)).is_err());
        assert!(note(&("a".repeat(MAX_TEXT - 1) + "\n"), LINE).is_ok());
        assert!(note(&("a".repeat(MAX_TEXT) + "\n"), LINE).is_err());
        assert!(note("a\n", &format!("— {} AAAAAAE=\n", "a".repeat(MAX_SIGNATURE_LINE))).is_err());
    }
}
