//! The tables of the file that say what they say by themselves: one structure for each (spec/memorandum.md, "Fields").

use serde::{Deserialize, Serialize};

use crate::duration;

/// `[line]`
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct LinePart {
    /// Its name.
    pub name: String,
    /// Short name of the depositary.
    pub depositary: String,
    /// Hash of the memorandum that this one amends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub predecessor: Option<String>,
    /// The line that this one is a working group of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<String>,
    /// The decision of the parent line that founded this one, such as `0/A/4`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decision: Option<String>,
    /// SHA-256 of that entry's bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decision_hash: Option<String>,
    /// The line that this one replaces.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refounds: Option<String>,
    /// SHA-256 of the plain text of the agreement.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// SHA-256 of the dictionary that narrow circuits pack with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dictionary: Option<String>,
    /// The area that notices are about: south, west, north, east, degrees.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extent: Option<[f64; 4]>,
}

/// `[handling]`
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "each is the precedence of its name, ms")]
pub struct Handling {
    #[serde(with = "duration")]
    pub flash: u64,
    #[serde(with = "duration")]
    pub immediate: u64,
    #[serde(with = "duration")]
    pub priority: u64,
    #[serde(with = "duration")]
    pub routine: u64,
}

/// `[[escalation]]`
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EscalationPart {
    /// A precedence.
    pub precedence: String,
    /// Time open, ms.
    #[serde(with = "duration")]
    pub after: u64,
    /// The rank that is called.
    pub rank: u16,
}

/// `[tests]`
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TestsPart {
    /// Length of a slot, ms.
    #[serde(with = "duration")]
    pub interval: u64,
    /// How late, ms.
    #[serde(with = "duration")]
    pub grace: u64,
    /// How long at most a checkpoint may follow behind them on a narrow circuit, ms.
    #[serde(default, with = "duration::maybe", skip_serializing_if = "Option::is_none")]
    pub checkpoint: Option<u64>,
}

/// `[suspension]`
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SuspensionPart {
    /// Reopening needs a carried motion.
    pub consent: bool,
    /// Kinds that pass beyond those that always do.
    #[serde(default)]
    pub passes: Vec<String>,
}

/// `[motions]`
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct MotionsPart {
    /// Votes for that it takes.
    pub votes_to_carry: u8,
    /// Parties whose vote against defeats.
    #[serde(default)]
    pub veto: Vec<String>,
    /// Longest time that a motion may be open, ms.
    #[serde(with = "duration")]
    pub window: u64,
}

/// `[quota]`: `[entries, bytes]` a day and party.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "each is the book of its name")]
pub struct QuotaPart {
    pub flash: [u64; 2],
    pub acts: [u64; 2],
    pub immediate: [u64; 2],
    pub priority: [u64; 2],
    pub routine: [u64; 2],
}

/// `[[circuit]]`
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CircuitPart {
    /// Its name.
    pub name: String,
    /// Its kind.
    pub kind: String,
}

/// `[seals]`
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SealsPart {
    /// How often each party that has a seal key seals its books, ms.
    #[serde(with = "duration")]
    pub every: u64,
}

/// `[release]`
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ReleasePart {
    /// Kinds of entry that two officers release.
    pub two_officers: Vec<String>,
}

/// `[[party.office]]`
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "the fields of detente_line::Office")]
pub struct OfficePart {
    pub number: u16,
    pub name: String,
    pub rank: u16,
}

/// `[[signature]]`
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignaturePart {
    /// Short name of the party.
    pub party: String,
    /// Base64.
    pub signature: String,
}
