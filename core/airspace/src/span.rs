//! When: closed spans of time (spec/airspace.md §2).

use crate::fault::Fault;

/// The last moment that can be named: the end of the year 9999, in ms since 1970.
pub const LAST_MS: u64 = 253_402_300_799_999;

/// From a moment to a moment, both included; or without end.
///
/// `from_ms` is not after `until_ms`, and both are at most [`LAST_MS`] except an `until_ms` of `u64::MAX`, which
/// says that there is no end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    from_ms: u64,
    until_ms: u64,
}

impl Span {
    /// From a moment to a moment, in ms since 1970 (UTC), both included.
    ///
    /// # Errors
    /// [`Fault::Span`] if it ends before it begins, or a moment is after [`LAST_MS`].
    pub fn new(from_ms: u64, until_ms: u64) -> Result<Self, Fault> {
        if from_ms <= until_ms && until_ms <= LAST_MS {
            Ok(Self { from_ms, until_ms })
        } else {
            Err(Fault::Span { from_ms, until_ms })
        }
    }

    /// From a moment on, without end.
    ///
    /// # Errors
    /// [`Fault::Span`] if the moment is after [`LAST_MS`].
    pub fn since(from_ms: u64) -> Result<Self, Fault> {
        if from_ms <= LAST_MS {
            Ok(Self { from_ms, until_ms: u64::MAX })
        } else {
            Err(Fault::Span { from_ms, until_ms: u64::MAX })
        }
    }

    /// A span that was judged before.
    pub(crate) fn kept(from_ms: u64, until_ms: u64) -> Self {
        Self { from_ms, until_ms }
    }

    /// The first moment, ms.
    pub fn from_ms(self) -> u64 {
        self.from_ms
    }

    /// The last moment, ms; `u64::MAX` if there is no end.
    pub fn until_ms(self) -> u64 {
        self.until_ms
    }

    /// The last moment, ms, if there is one.
    pub fn end_ms(self) -> Option<u64> {
        (self.until_ms != u64::MAX).then_some(self.until_ms)
    }

    /// Whether a moment is in both.
    pub fn meets(self, other: Self) -> bool {
        self.from_ms <= other.until_ms && other.from_ms <= self.until_ms
    }

    /// The moments in both.
    pub fn shared(self, other: Self) -> Option<Self> {
        self.meets(other).then(|| Self {
            from_ms: self.from_ms.max(other.from_ms),
            until_ms: self.until_ms.min(other.until_ms),
        })
    }

    /// The shortest span that covers both.
    pub fn hull(self, other: Self) -> Self {
        Self { from_ms: self.from_ms.min(other.from_ms), until_ms: self.until_ms.max(other.until_ms) }
    }

    /// Begun earlier and ended later, by `margin_ms` each, within the moments that can be named.
    pub(crate) fn widened(self, margin_ms: u64) -> Self {
        let until_ms = match self.until_ms {
            u64::MAX => u64::MAX,
            until_ms => until_ms.saturating_add(margin_ms).min(LAST_MS),
        };
        Self { from_ms: self.from_ms.saturating_sub(margin_ms), until_ms }
    }
}
