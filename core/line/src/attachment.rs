//! Attachments: what an entry says of a blob that goes with it (spec/blobs.md §1).
//!
//! Promises that the name of one that was read is a bare name, which no system takes for a path, and that no two of an
//! entry have the same. Whether the blob is what it is said to be, only its bytes show.

use alloc::collections::BTreeSet;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use detente_record::{Blob, CHUNK, Fault, Hash, MAX_BLOB, empty_root};
use minicbor::{Decode, Encode};

/// Most attachments of an entry.
pub const MAX_ATTACHMENTS: usize = 16;
/// Longest name, in bytes.
pub(crate) const MAX_NAME: usize = 200;
/// Most hashes in one entry of the kind `holds`.
pub(crate) const MAX_HOLDS: usize = 128;

/// A blob, and what its author calls it.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Attachment {
    /// SHA-256 of the whole.
    #[cbor(n(0), with = "minicbor::bytes")]
    pub hash: Hash,
    /// Bytes, at most 4 GiB.
    #[n(1)]
    pub size: u64,
    /// A bare file name.
    #[n(2)]
    pub name: String,
    /// RFC 6838, in lower case, such as `image/jpeg`.
    #[n(3)]
    pub media_type: String,
    /// Root of the tree over its chunks.
    #[cbor(n(4), with = "minicbor::bytes")]
    pub root: Hash,
}

impl Attachment {
    /// The bytes that it names.
    pub fn blob(&self) -> Blob {
        Blob { hash: self.hash, size: self.size, root: self.root }
    }

    fn check(&self) -> Result<(), Fault> {
        if self.size > MAX_BLOB {
            let (expected, found) = (format!("at most {MAX_BLOB} bytes"), format!("{} bytes", self.size));
            return Err(Fault::malformed("attachment", expected, found));
        }
        if self.size == 0 && (self.hash != empty_root() || self.root != empty_root()) {
            return Err(Fault::malformed("attachment", "of 0 bytes, SHA-256 of nothing", "another hash"));
        }
        if !is_bare_name(&self.name) {
            let found = format!("{:?}", self.name.chars().take(60).collect::<String>());
            return Err(Fault::malformed("attachment", "a bare file name of 1 to 200 bytes", found));
        }
        if !is_media_type(&self.media_type) {
            let found = format!("{:?}", self.media_type.chars().take(60).collect::<String>());
            return Err(Fault::malformed("attachment", "a media type such as image/jpeg", found));
        }
        Ok(())
    }
}

/// Whether a name is one that no system takes for anything but a file right here, and that shows as it is.
pub fn is_bare_name(name: &str) -> bool {
    let odd = |character: char| {
        character.is_control()
            || matches!(character, '/' | '\\' | ':')
            || matches!(character, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
    };
    (1..=MAX_NAME).contains(&name.len())
        && !name.contains(odd)
        && !name.starts_with(['.', '-', ' '])
        && !name.ends_with(['.', ' '])
}

/// Whether a text has the form `type/subtype` of RFC 6838 §4.2, in lower case.
pub fn is_media_type(text: &str) -> bool {
    let part = |part: &str| {
        let first = part.bytes().next();
        (1..=127).contains(&part.len())
            && first.is_some_and(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
            && part.bytes().all(|byte| {
                byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"!#$&-^_.+".contains(&byte)
            })
    };
    text.split_once('/').is_some_and(|(kind, rest)| part(kind) && part(rest))
}

/// Holds what an entry has attached to its rules.
///
/// # Errors
/// `Malformed`, naming the rule.
pub(crate) fn checked(attachments: Option<Vec<Attachment>>) -> Result<Option<Vec<Attachment>>, Fault> {
    let Some(all) = attachments else { return Ok(None) };
    if !(1..=MAX_ATTACHMENTS).contains(&all.len()) {
        return Err(Fault::malformed("attachments", "1 to 16, or no such key", format!("{}", all.len())));
    }
    let mut names = BTreeSet::new();
    for attachment in &all {
        attachment.check()?;
        if !names.insert(attachment.name.as_str()) {
            return Err(Fault::malformed("attachments", "names that differ", "one name twice"));
        }
    }
    Ok(Some(all))
}

/// Holds the hashes of a `holds` to its rules.
///
/// # Errors
/// `Malformed`, naming the rule.
pub(crate) fn checked_holds(hashes: Vec<Hash>) -> Result<Vec<Hash>, Fault> {
    if !(1..=MAX_HOLDS).contains(&hashes.len()) {
        return Err(Fault::malformed("holds", "1 to 128 hashes", format!("{}", hashes.len())));
    }
    if hashes.is_sorted_by(|before, after| before < after) {
        Ok(hashes)
    } else {
        Err(Fault::malformed("holds", "hashes that ascend", "another order, or one twice"))
    }
}

const _: () = assert!(MAX_BLOB.is_multiple_of(CHUNK));

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_lead_elsewhere_are_none() {
        for name in ["report.pdf", "طلب.pdf", "снимок 1.jpg", "a", "two..dots"] {
            assert!(is_bare_name(name), "{name}");
        }
        let long = "x".repeat(201);
        let none = [
            "",
            ".",
            "..",
            "../etc/passwd",
            "/etc/passwd",
            "a/b",
            "a\\b",
            "C:x",
            ".bashrc",
            "-rf",
            " x",
            "x ",
            "x.",
            "a\0b",
            "a\nb",
            "gpj\u{202e}exe",
            long.as_str(),
        ];
        for name in none {
            assert!(!is_bare_name(name), "{name:?}");
        }
    }

    #[test]
    fn media_types_have_one_form() {
        for text in ["image/jpeg", "application/vnd.oasis.opendocument.text", "text/x-c++"] {
            assert!(is_media_type(text), "{text}");
        }
        for text in ["", "image", "image/", "/jpeg", "Image/jpeg", "text/plain; charset=utf-8", "a/b/c"] {
            assert!(!is_media_type(text), "{text}");
        }
    }
}
