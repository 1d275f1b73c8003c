//! Why a courier file was not made, or nothing of one was taken.

use std::io;

use detente_record::Fault;

use crate::blobs::BlobError;
use crate::store::StoreError;

/// Why a courier file was not made, or nothing of one was taken.
#[derive(Debug, thiserror::Error)]
pub enum CourierError {
    /// The file is something else.
    #[error("it does not begin as a courier file of version 1")]
    NotCourier,
    /// It is sealed to a key that is not here.
    #[error("it is sealed to none of this station's courier keys")]
    NotForUs,
    /// It is not as its sender made it.
    #[error("{0}")]
    Altered(&'static str),
    /// It is of another line.
    #[error("it is of another line")]
    WrongLine,
    /// It is from or to somebody else.
    #[error("it is {0}")]
    WrongParty(String),
    /// Its sender's station key has been renewed since.
    #[error("it is under a station key that {0} has renewed since")]
    OldKey(String),
    /// Its signature is not its sender's.
    #[error("its signature is not that of {0}'s station")]
    NotSigned(String),
    /// There is no courier key of the addressee's yet.
    #[error("no courier key of {0} is known here")]
    NoKey(String),
    /// A courier key is no key.
    #[error("the courier key is no X-Wing key")]
    Key,
    /// More than a file may hold.
    #[error("a courier file holds at most 4 GiB")]
    TooLarge,
    /// The rules of the line.
    #[error("{0}")]
    Fault(#[from] Fault),
    /// The store.
    #[error("{0}")]
    Store(#[from] StoreError),
    /// An attachment could not be kept; the books that came are.
    #[error("{0}")]
    Blob(#[from] BlobError),
    /// The disk.
    #[error("cannot {what} a courier file: {cause}")]
    Io {
        /// What was tried.
        what: &'static str,
        /// What the system said.
        cause: String,
    },
    /// The station stops.
    #[error("the station stops")]
    Stopping,
}

impl CourierError {
    pub(crate) fn io(what: &'static str, cause: &io::Error) -> Self {
        Self::Io { what, cause: cause.to_string() }
    }

    /// Its name (spec/courier.md §5).
    pub fn name(&self) -> &'static str {
        match self {
            Self::NotCourier => "NotCourier",
            Self::NotForUs => "NotForUs",
            Self::Altered(_) => "Altered",
            Self::WrongLine => "WrongLine",
            Self::WrongParty(_) => "WrongParty",
            Self::OldKey(_) => "OldKey",
            Self::NotSigned(_) | Self::Key | Self::Fault(_) => "Misbehaved",
            Self::NoKey(_) => "NoCourierKey",
            Self::TooLarge => "TooLarge",
            Self::Store(_) | Self::Blob(_) | Self::Io { .. } => "Store",
            Self::Stopping => "Stopping",
        }
    }

    /// Whether the same file would be refused another time, too.
    pub(crate) fn is_final(&self) -> bool {
        !matches!(self, Self::Store(_) | Self::Blob(_) | Self::Io { .. } | Self::Stopping)
    }

    /// What a person can do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::NotCourier => "take the file that `detente courier export` or `detente courier key` wrote",
            Self::NotForUs => {
                "it is for somebody else, or older than 400 days: have its sender export again, after it has `detente courier key` of this station"
            }
            Self::Altered(_) => "nothing of it was taken: bring it again, whole and as it was",
            Self::WrongLine | Self::WrongParty(_) => "nothing of it was taken: import it where it belongs",
            Self::OldKey(_) => "nothing of it was taken: have it exported again, with the new keys",
            Self::NotSigned(_) | Self::Key | Self::Fault(_) => {
                "nothing of it was taken: ask its sender, over a telephone, what it has sent"
            }
            Self::NoKey(_) => {
                "have the other side run `detente courier key --out FILE`, and `detente courier import` that file here; one circuit brings it too"
            }
            Self::TooLarge => "export with --max-bytes, in several files",
            Self::Store(error) => error.hint(),
            Self::Blob(error) => error.hint(),
            Self::Io { .. } => "look at the disk of the station's folder",
            Self::Stopping => "start the station again: `detente run`",
        }
    }
}
