//! What may be wrong with a witness, and whose fault it is.

use std::time::Duration;

use detente_record::{Blame, Fault};

use super::kept::KeptError;
use crate::store::StoreError;

/// Why a checkpoint was not cosigned.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Trouble {
    /// No connection, or one that broke.
    #[error("expected a connection, found {cause}")]
    Unreachable {
        /// What the system or the other end said.
        cause: String,
    },
    /// It took the request and gave no whole answer.
    #[error("expected a whole answer within {} s, found none", within.as_secs())]
    Stalled {
        /// How long it was waited for.
        within: Duration,
    },
    /// A status that is none of the protocol's, or that says that it is not well.
    #[error("expected status 200 or 409, found {status}: {said}")]
    Refused {
        /// As it came.
        status: u16,
        /// The beginning of what it said.
        said: String,
    },
    /// It has not been told of this book.
    #[error("expected a witness that knows this book, found one that does not (404)")]
    Unknown,
    /// It knows another key for this book.
    #[error("expected a witness that knows this book's key, found one that knows another (403)")]
    Distrusted,
    /// An answer that is none, or that its key has not signed.
    #[error("{0}")]
    Answer(Fault),
    /// A cosignature whose time is far from this station's.
    #[error("expected a time within 5 minutes of {here_s} s, found {told_s} s")]
    Clock {
        /// The witness's, seconds since 1970.
        told_s: u64,
        /// This station's.
        here_s: u64,
    },
    /// It says that the book is larger than what is held here.
    #[error("expected a size of at most {held}, which is held here, found {told}")]
    Ahead {
        /// What the witness says.
        told: u64,
        /// What is held.
        held: u64,
        /// Whether it is a book of this station's own party.
        own: bool,
    },
    /// It knows another history of the book.
    #[error("expected the root that is held here at size {size}, found that the witness knows another")]
    Disagrees {
        /// Where.
        size: u64,
    },
    /// The station's own record or disk.
    #[error("{what}")]
    Own {
        /// What failed.
        what: String,
    },
}

impl Trouble {
    /// Its name in events and logs.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Unreachable { .. } => "Unreachable",
            Self::Stalled { .. } => "Stalled",
            Self::Refused { .. } => "Refused",
            Self::Unknown => "UnknownBook",
            Self::Distrusted => "OtherKey",
            Self::Answer(fault) if fault.blame() == Blame::Misbehaved => "BadCosignature",
            Self::Answer(_) => "BadAnswer",
            Self::Clock { .. } => "ClocksApart",
            Self::Ahead { .. } => "WitnessAhead",
            Self::Disagrees { .. } => "WitnessDisagrees",
            Self::Own { .. } => "Own",
        }
    }

    /// Whose fault it is, as far as one side can tell; none where it may be either's, or the network's.
    pub fn blame(&self) -> Option<Blame> {
        match self {
            Self::Answer(fault) => Some(fault.blame()),
            Self::Unknown | Self::Distrusted => Some(Blame::Misuse),
            _ => None,
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Unreachable { .. } | Self::Stalled { .. } => {
                "check its address in the memorandum and the way there; it is asked again, and nothing waits for it"
            }
            Self::Refused { .. } => "ask whoever runs it; it is asked again",
            Self::Unknown => "give its operator the keys of the line: `detente witness keys MEMORANDUM`",
            Self::Distrusted => {
                "its operator has another key for this book: compare `detente witness keys MEMORANDUM`"
            }
            Self::Answer(_) => {
                "nothing of it was kept; is the key in the memorandum the one that the witness shows at its address?"
            }
            Self::Clock { .. } => {
                "one of the two clocks is wrong: look at `timedatectl` here, and ask whoever runs the witness"
            }
            Self::Ahead { own: true, .. } => {
                "this station may run on an old copy of its own record: stop it, and compare with the other parties \
                 before anything more is written"
            }
            Self::Ahead { own: false, .. } => {
                "its author has said more that has not come here: look at the circuits; a witness may also be wrong"
            }
            Self::Disagrees { .. } => {
                "either the book's author has shown the witness another history, or the witness lies: ask its operator \
                 for `detente witness show`, which has what the author signed"
            }
            Self::Own { .. } => "look at `detente doctor`",
        }
    }

    /// Whether it is about one book only: then the others are submitted all the same.
    pub(super) fn is_of_one_book(&self) -> bool {
        matches!(self, Self::Unknown | Self::Distrusted | Self::Ahead { .. } | Self::Disagrees { .. })
    }
}

impl From<StoreError> for Trouble {
    fn from(error: StoreError) -> Self {
        Self::Own { what: error.to_string() }
    }
}

impl From<KeptError> for Trouble {
    fn from(error: KeptError) -> Self {
        Self::Own { what: error.to_string() }
    }
}
