//! What can be wrong, and whose doing it is.

use alloc::borrow::Cow;

/// Whose doing a fault is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Blame {
    /// The bytes are not what they claim to be.
    Malformed,
    /// A rule was broken, provably, by whoever signed.
    Misbehaved,
    /// Sound, and of a version or kind that this reader does not share.
    Incompatible,
    /// This program's own caller asked for something that makes no sense.
    Misuse,
}

/// Something that was not taken: what, what was expected instead, and what was found.
///
/// Never carries contents of entries, nor keys.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what}: expected {expected}, found {found}")]
pub struct Fault {
    /// Whose doing.
    pub blame: Blame,
    /// What it is about.
    pub what: Cow<'static, str>,
    /// What would have been taken.
    pub expected: Cow<'static, str>,
    /// What was there.
    pub found: Cow<'static, str>,
}

impl Fault {
    fn new(
        blame: Blame,
        what: impl Into<Cow<'static, str>>,
        expected: impl Into<Cow<'static, str>>,
        found: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self { blame, what: what.into(), expected: expected.into(), found: found.into() }
    }

    /// The bytes are at fault.
    pub fn malformed(
        what: impl Into<Cow<'static, str>>,
        expected: impl Into<Cow<'static, str>>,
        found: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self::new(Blame::Malformed, what, expected, found)
    }

    /// The author, signer or carrier is at fault.
    pub fn misbehaved(
        what: impl Into<Cow<'static, str>>,
        expected: impl Into<Cow<'static, str>>,
        found: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self::new(Blame::Misbehaved, what, expected, found)
    }

    /// Nobody is at fault; the versions differ.
    pub fn incompatible(
        what: impl Into<Cow<'static, str>>,
        expected: impl Into<Cow<'static, str>>,
        found: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self::new(Blame::Incompatible, what, expected, found)
    }

    /// The caller is at fault.
    pub fn misuse(
        what: impl Into<Cow<'static, str>>,
        expected: impl Into<Cow<'static, str>>,
        found: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self::new(Blame::Misuse, what, expected, found)
    }
}
