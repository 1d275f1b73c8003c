//! Findings of observers as signed notes (spec/observers.md §3): what they say, to the byte.
//!
//! A [`Finding`] that exists was read from, or makes, exactly one note. Whose signature it bears is not looked at before
//! [`Finding::is_signed_by`] is asked: the key is in the memorandum.

use alloc::collections::BTreeSet;
use alloc::format;
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;

use detente_record::note::{self, ED25519, Note};
use detente_record::{Fault, Hash, LineId, ParsedRef, PublicKey, SecretKey, Signature, base64, hex, sha256};

use crate::memorandum::{Memorandum, is_language, is_name};

/// Largest note of a finding, in bytes.
pub const MAX_FINDING: usize = 12_000;
/// Most entries that a finding is on.
pub const MAX_ON: usize = 64;
/// What the text begins with.
const HEADING: &str = "detente finding v1";
/// The first number that none of a finding is.
const NUMBERS: u64 = 1 << 53;

/// An entry that a finding is on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct On {
    /// Its name, such as `usa/Z/3`.
    pub entry: String,
    /// SHA-256 of the bytes that the observer was shown.
    pub sha256: Hash,
}

/// What an observer says, before or without its signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The line that it is about.
    pub line: LineId,
    /// The observer's name.
    pub by: String,
    /// Counts from 1 on each line.
    pub serial: u64,
    /// The hash of the finding before it; `None` for the first.
    pub before: Option<Hash>,
    /// The serial of an earlier one that it takes the place of.
    pub corrects: Option<u64>,
    /// The observer's time, ms.
    pub time_ms: u64,
    /// BCP 47.
    pub language: String,
    /// The entries that it is on, 1 to 64.
    pub on: Vec<On>,
    /// What was found.
    pub text: String,
}

/// A finding with its signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    found: Found,
    key_id: [u8; 4],
    signature: Signature,
}

fn malformed(expected: &'static str, found: impl Into<String>) -> Fault {
    Fault::malformed("finding", expected, found.into())
}

/// The name under which an observer signs findings on a line.
pub fn finding_key_name(line: &LineId, observer: &str) -> String {
    let hash = sha256(&[b"detente observer v1\n", line.0.as_slice(), observer.as_bytes()].concat());
    let (start, _) = hash.split_at(16);
    format!("detente/{}", hex(start))
}

/// A decimal number without leading zeros, below 2^53.
fn number(text: &str) -> Option<u64> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    plain.then(|| text.parse().ok())?.filter(|number| *number < NUMBERS)
}

/// 64 lower-case hex digits.
fn hash(text: &str) -> Option<Hash> {
    let digits = text.as_bytes();
    let lower = |byte: &u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(byte);
    if digits.len() != 64 || !digits.iter().all(lower) {
        return None;
    }
    let mut hash = [0; 32];
    for (byte, pair) in hash.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = u8::from_str_radix(core::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(hash)
}

/// The lines of a heading, each to be taken by its word.
struct Lines<'a>(core::iter::Peekable<core::str::Split<'a, char>>);

impl<'a> Lines<'a> {
    fn any(&mut self, word: &str) -> Option<&'a str> {
        let value = self.0.peek()?.strip_prefix(word)?.strip_prefix(' ')?;
        self.0.next();
        Some(value)
    }

    fn one(&mut self, word: &'static str) -> Result<&'a str, Fault> {
        self.any(word).ok_or_else(|| malformed(word, "another line, or none"))
    }
}

impl Found {
    /// Holds it to the rules of spec/observers.md §3.
    fn check(&self) -> Result<(), Fault> {
        if !is_name(&self.by, 16) {
            return Err(malformed("by: an observer's name", "another"));
        }
        let first = self.serial == 1;
        if self.serial == 0 || self.serial >= NUMBERS || self.before.is_none() != first {
            return Err(malformed("a serial from 1, and the finding before it but for the first", "another"));
        }
        if self.corrects.is_some_and(|earlier| earlier == 0 || earlier >= self.serial) {
            return Err(malformed("corrects: an earlier serial", "another"));
        }
        if self.time_ms >= NUMBERS {
            return Err(malformed("a time below 2^53 ms", self.time_ms.to_string()));
        }
        if !is_language(&self.language) {
            return Err(malformed("a language of BCP 47", "another"));
        }
        let named: BTreeSet<&str> = self.on.iter().map(|on| on.entry.as_str()).collect();
        if named.len() != self.on.len() || !(1..=MAX_ON).contains(&self.on.len()) {
            return Err(malformed("1 to 64 entries that it is on, each once", self.on.len().to_string()));
        }
        if self.on.iter().any(|on| ParsedRef::parse(&on.entry).is_err()) {
            return Err(malformed("on: the name of an entry such as usa/Z/3", "another"));
        }
        let text = &self.text;
        let control = |c: char| c < ' ' && c != '\n';
        if text.is_empty() || text.starts_with('\n') || text.ends_with('\n') || text.contains(control) {
            let expected = "a text of lines without control characters, with none empty at either end";
            return Err(malformed(expected, "another"));
        }
        Ok(())
    }

    /// What is signed.
    fn note_text(&self) -> String {
        let Self { line, by, serial, before, corrects, time_ms, language, on, text } = self;
        let mut out = format!("{HEADING}\nline {line}\nby {by}\nserial {serial}\n");
        if let Some(before) = before {
            out += &format!("before {}\n", hex(before));
        }
        if let Some(corrects) = corrects {
            out += &format!("corrects {corrects}\n");
        }
        out += &format!("time {time_ms}\nlanguage {language}\n");
        for On { entry, sha256 } in on {
            out += &format!("on {entry} {}\n", hex(sha256));
        }
        format!("{out}\n{text}\n")
    }

    fn parse(note: &str) -> Result<Self, Fault> {
        let body = note.strip_suffix('\n').and_then(|note| note.split_once("\n\n"));
        let Some((heading, text)) = body else {
            return Err(malformed("a heading, an empty line and a text", "less"));
        };
        let mut lines = Lines(heading.split('\n').peekable());
        if lines.0.next() != Some(HEADING) {
            return Err(Fault::incompatible("finding", HEADING, "another first line"));
        }
        let want = |word: &'static str| move || malformed(word, "another value");
        let line = hash(lines.one("line")?).ok_or_else(want("line"))?;
        let by = lines.one("by")?.to_string();
        let serial = number(lines.one("serial")?).ok_or_else(want("serial"))?;
        let before = lines.any("before").map(|text| hash(text).ok_or_else(want("before"))).transpose()?;
        let corrects =
            lines.any("corrects").map(|text| number(text).ok_or_else(want("corrects"))).transpose()?;
        let time_ms = number(lines.one("time")?).ok_or_else(want("time"))?;
        let language = lines.one("language")?.to_string();
        let mut on = Vec::new();
        while let Some(named) = lines.any("on") {
            let (entry, sha256) = named.split_once(' ').ok_or_else(want("on"))?;
            on.push(On { entry: entry.to_string(), sha256: hash(sha256).ok_or_else(want("on"))? });
        }
        if lines.0.next().is_some() {
            return Err(malformed("the lines of spec/observers.md §3, in their order", "another line"));
        }
        let text = text.to_string();
        let found = Self { line: LineId(line), by, serial, before, corrects, time_ms, language, on, text };
        found.check()?;
        Ok(found)
    }

    /// Signs it.
    ///
    /// # Errors
    /// `Misuse` for what breaks a rule, or is too long.
    pub fn sign(self, key: &SecretKey) -> Result<Finding, Fault> {
        let misuse = |fault: Fault| {
            let detail = fault.detail();
            Fault::misuse("finding", detail.expected.clone(), detail.found.clone())
        };
        self.check().map_err(misuse)?;
        let text = self.note_text();
        let public = key.public();
        let key_id = note::key_id(&finding_key_name(&self.line, &self.by), ED25519, &public);
        let finding = Finding { signature: key.sign(text.as_bytes()), key_id, found: self };
        let length = finding.note().len();
        if length > MAX_FINDING {
            let expected = format!("at most {MAX_FINDING} bytes with everything that it is on");
            return Err(Fault::misuse("finding", expected, length.to_string()));
        }
        Ok(finding)
    }
}

impl Finding {
    /// Reads a note.
    ///
    /// # Errors
    /// `Malformed` for bytes that are no finding in its one form, `Incompatible` for a later version of it.
    pub fn parse(bytes: &[u8]) -> Result<Self, Fault> {
        if !(1..=MAX_FINDING).contains(&bytes.len()) {
            return Err(malformed("1 to 12,000 bytes", bytes.len().to_string()));
        }
        let note = Note::parse(bytes)?;
        let found = Found::parse(note.text)?;
        let [one] = note.signatures.as_slice() else {
            return Err(malformed("one signature", note.signatures.len().to_string()));
        };
        let Ok(signature) = Signature::try_from(one.signature.as_slice()) else {
            return Err(malformed("a signature of 64 bytes", one.signature.len().to_string()));
        };
        let finding = Self { found, key_id: one.key_id, signature };
        // One finding has one form: names of keys and everything else included.
        if finding.note().as_bytes() == bytes {
            Ok(finding)
        } else {
            Err(malformed("its one form, under the name of its observer's key", "another"))
        }
    }

    /// The note, whole.
    pub fn note(&self) -> String {
        let name = finding_key_name(&self.found.line, &self.found.by);
        let signature = base64(&[self.key_id.as_slice(), &self.signature].concat());
        format!("{}\n— {name} {signature}\n", self.found.note_text())
    }

    /// What it says.
    pub fn found(&self) -> &Found {
        &self.found
    }

    /// The finding's hash: SHA-256 of what is signed.
    pub fn hash(&self) -> Hash {
        sha256(self.found.note_text().as_bytes())
    }

    /// Whether an observer's key signed it.
    pub fn is_signed_by(&self, key: &PublicKey) -> bool {
        let name = finding_key_name(&self.found.line, &self.found.by);
        self.key_id == note::key_id(&name, ED25519, key)
            && key.verify(self.found.note_text().as_bytes(), &self.signature)
    }

    /// Holds it to a line and the memorandum in force under the cut of whoever lodges it.
    ///
    /// # Errors
    /// `Misbehaved`: of another line, by nobody who is named, or not signed by whom it says.
    pub(crate) fn held_to(&self, line: &LineId, memorandum: &Memorandum) -> Result<(), Fault> {
        let found = &self.found;
        if found.line != *line {
            return Err(Fault::misbehaved("finding", "one about this line", "one about another"));
        }
        let observer = memorandum.named_observer(&found.by)?;
        if PublicKey::new(observer.key).is_ok_and(|key| self.is_signed_by(&key)) {
            Ok(())
        } else {
            let expected = format!("a signature of the observer {}", found.by);
            Err(Fault::misbehaved("finding", expected, "none that holds"))
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot be set up fails")]
    use alloc::vec;

    use super::*;

    fn found(serial: u64) -> Found {
        Found {
            line: LineId([7; 32]),
            by: "un-board".into(),
            serial,
            before: (serial > 1).then_some([9; 32]),
            corrects: None,
            time_ms: 1_491_500_000_000,
            language: "en".into(),
            on: vec![On { entry: "usa/Z/3".into(), sha256: [1; 32] }],
            text: "Nobody was told.\n\nNobody was asked.".into(),
        }
    }

    #[test]
    fn a_finding_reads_as_it_was_signed_and_not_otherwise() {
        let key = SecretKey::from_seed([3; 32]);
        for serial in [1, 2] {
            let signed = found(serial).sign(&key).unwrap();
            let note = signed.note();
            assert_eq!(Finding::parse(note.as_bytes()).unwrap(), signed);
            assert!(signed.is_signed_by(&key.public()));
            assert!(!signed.is_signed_by(&SecretKey::from_seed([4; 32]).public()));
            // Whatever byte is changed, it is no finding, or not that observer's, or it says something else unsigned.
            for place in 0..note.len() {
                let mut bytes = note.clone().into_bytes();
                bytes[place] ^= 1;
                let read = Finding::parse(&bytes);
                assert!(read.is_err() || !read.unwrap().is_signed_by(&key.public()), "byte {place}");
            }
            for cut in 0..note.len() {
                assert!(Finding::parse(&note.as_bytes()[..cut]).is_err(), "cut at {cut}");
            }
        }
        assert!(Finding::parse(&vec![b'a'; 10 << 20]).is_err());
    }

    #[test]
    fn what_breaks_a_rule_is_not_signed() {
        let key = SecretKey::from_seed([3; 32]);
        let base = || found(2);
        let wrong = [
            Found { by: "Board".into(), ..base() },
            Found { serial: 0, ..base() },
            Found { before: None, ..base() },
            Found { serial: 1, ..base() },
            Found { corrects: Some(2), ..base() },
            Found { corrects: Some(0), ..base() },
            Found { time_ms: 1 << 53, ..base() },
            Found { language: "e".into(), ..base() },
            Found { on: Vec::new(), ..base() },
            Found { on: vec![On { entry: "usa/Z/3".into(), sha256: [1; 32] }; 2], ..base() },
            Found { on: vec![On { entry: "usa".into(), sha256: [1; 32] }], ..base() },
            Found { text: String::new(), ..base() },
            Found { text: "x\n".into(), ..base() },
            Found { text: "\tx".into(), ..base() },
            Found { text: "x".repeat(MAX_FINDING), ..base() },
        ];
        for one in wrong {
            assert!(one.clone().sign(&key).is_err(), "{one:?}");
        }
        assert!(Found { corrects: Some(1), ..base() }.sign(&key).is_ok());
    }
}
