//! What is wrong, and who is to blame for it (spec/record.md §3, spec/line.md §8).
//!
//! Every refusal of this crate is a [`Fault`]: it says what was looked at, what was expected and what was found,
//! and never shows a key or the content of an entry.

use alloc::borrow::Cow;
use core::fmt;

/// Who is to blame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Blame {
    /// The bytes: whoever made them did not follow the format.
    Malformed,
    /// The party that signed: a provable breach of a rule.
    Misbehaved,
    /// Nobody: this reader does not know what it read.
    Incompatible,
    /// The caller in this very program.
    Misuse,
}

impl fmt::Display for Blame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Malformed => "Malformed",
            Self::Misbehaved => "Misbehaved",
            Self::Incompatible => "Incompatible",
            Self::Misuse => "Misuse",
        })
    }
}

/// What was looked at, what was expected of it, and what it was.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what}: expected {expected}, found {found}")]
pub struct Detail {
    /// What was looked at, in the words of the specification.
    pub what: &'static str,
    /// What it should have been.
    pub expected: Cow<'static, str>,
    /// What it was.
    pub found: Cow<'static, str>,
}

/// A refusal, classified by blame.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// Not canonical, ill-typed, over a limit, or not of its format.
    #[error("Malformed: {0}")]
    Malformed(Detail),
    /// Well formed, and breaks a rule: a signature or proof that does not hold, an entry that does not follow.
    #[error("Misbehaved: {0}")]
    Misbehaved(Detail),
    /// Well formed, of a kind or version that this reader does not know.
    #[error("Incompatible: {0}")]
    Incompatible(Detail),
    /// This program asked for what cannot be.
    #[error("Misuse: {0}")]
    Misuse(Detail),
    /// A public key of small order, in a non-canonical encoding, or no key at all (spec/record.md §8).
    #[error("WeakKey: {0}")]
    WeakKey(Detail),
}

/// Each constructor takes what was looked at, what was expected, and what was found.
impl Fault {
    /// The bytes are to blame.
    #[cold]
    pub fn malformed(
        what: &'static str,
        expected: impl Into<Cow<'static, str>>,
        found: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self::Malformed(Detail { what, expected: expected.into(), found: found.into() })
    }

    /// The party that signed is to blame.
    #[cold]
    pub fn misbehaved(
        what: &'static str,
        expected: impl Into<Cow<'static, str>>,
        found: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self::Misbehaved(Detail { what, expected: expected.into(), found: found.into() })
    }

    /// Nobody is to blame; this reader does not know it.
    #[cold]
    pub fn incompatible(
        what: &'static str,
        expected: impl Into<Cow<'static, str>>,
        found: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self::Incompatible(Detail { what, expected: expected.into(), found: found.into() })
    }

    /// The caller is to blame.
    #[cold]
    pub fn misuse(
        what: &'static str,
        expected: impl Into<Cow<'static, str>>,
        found: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self::Misuse(Detail { what, expected: expected.into(), found: found.into() })
    }

    #[cold]
    pub(crate) fn weak_key(found: &'static str) -> Self {
        let expected = "the canonical encoding of a point that is not of small order".into();
        Self::WeakKey(Detail { what: "public key", expected, found: found.into() })
    }

    /// Who is to blame. A weak key is [`Blame::Malformed`]: it is refused wherever it is read.
    pub fn blame(&self) -> Blame {
        match self {
            Self::Malformed(_) | Self::WeakKey(_) => Blame::Malformed,
            Self::Misbehaved(_) => Blame::Misbehaved,
            Self::Incompatible(_) => Blame::Incompatible,
            Self::Misuse(_) => Blame::Misuse,
        }
    }

    /// What was looked at, expected and found.
    pub fn detail(&self) -> &Detail {
        match self {
            Self::Malformed(detail)
            | Self::Misbehaved(detail)
            | Self::Incompatible(detail)
            | Self::Misuse(detail)
            | Self::WeakKey(detail) => detail,
        }
    }
}
