//! `[[witness]]` and `[witnessing]`: who witnesses the books, and how often.

use detente_line::Witness;
use detente_record::VerifierKey;
use detente_record::note::COSIGNATURE;
use serde::{Deserialize, Serialize};

use crate::duration;
use crate::form::Wrong;
use crate::keys::unhex;

/// `[[witness]]`
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WitnessPart {
    /// The name of its key.
    pub name: String,
    /// Its key: 64 hex digits, or the whole vkey that the witness shows.
    pub key: String,
    /// Where it takes submissions.
    pub url: String,
}

/// `[witnessing]`
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WitnessingPart {
    /// How often at most the head of a book is submitted, ms.
    #[serde(with = "duration")]
    pub every: u64,
}

impl WitnessPart {
    /// The witness of this table; `at` is where it stands in its file.
    fn witness(&self, at: &str) -> Result<Witness, Wrong> {
        let wrong = |expected: &str, found: &str| Err(Wrong::new(format!("{at}.key"), expected, found));
        let key = if let Some(key) = unhex(&self.key) {
            key
        } else {
            match VerifierKey::parse(&self.key) {
                Ok(vkey) if vkey.name != self.name => {
                    return wrong(&format!("the vkey of {}", self.name), &format!("that of {}", vkey.name));
                }
                Ok(vkey) if vkey.signature_type != COSIGNATURE => {
                    return wrong("the vkey of a witness (type 4)", "that of a log");
                }
                Ok(vkey) => *vkey.key.bytes(),
                Err(fault) => return wrong("64 hex digits or a vkey", &fault.detail().found),
            }
        };
        Ok(Witness { name: self.name.clone(), key, url: self.url.clone() })
    }
}

/// The witnesses of a memorandum, ascending by name; `None` without any.
pub(super) fn witnesses(parts: &[WitnessPart]) -> Result<Option<Vec<Witness>>, Wrong> {
    let read = parts.iter().enumerate().map(|(place, part)| part.witness(&format!("witness.{place}")));
    let mut witnesses: Vec<Witness> = read.collect::<Result<_, _>>()?;
    witnesses.sort_by(|a, b| a.name.cmp(&b.name));
    Ok((!witnesses.is_empty()).then_some(witnesses))
}
