//! Why a webhook does not deliver.

use std::time::Duration;

/// Why something was not delivered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Trouble {
    /// No connection, or one that broke.
    #[error("expected a connection, found {cause}")]
    Unreachable {
        /// What the system or the other end said.
        cause: String,
    },
    /// It took the request and gave no whole answer.
    #[error("expected an answer within {} s, found none", within.as_secs())]
    Stalled {
        /// How long it was waited for.
        within: Duration,
    },
    /// Another status than 2xx.
    #[error("expected a status of 2xx, found {status}")]
    Refused {
        /// As it came.
        status: u16,
    },
    /// Its secret, or the certificates that its server is held to, cannot be used.
    #[error("{what}")]
    Secret {
        /// What is wrong.
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
            Self::Secret { .. } => "Secret",
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Unreachable { .. } | Self::Stalled { .. } => {
                "check its url in station.toml and the way there; it is tried again, and the line waits for nothing"
            }
            Self::Refused { status: 300..=399 } => {
                "give the address that it is moved to as url: a webhook follows nobody elsewhere"
            }
            Self::Refused { .. } => {
                "ask whoever runs it: does it hold the signature to the secret in the webhook's file?"
            }
            Self::Secret { .. } => {
                "chmod 600 the file, or remove it and the station makes another; the receiver needs the same; then `kill -HUP` the station"
            }
        }
    }

    /// Whether it is about this very delivery, as far as one side can tell: another one may be taken.
    pub(super) fn is_refusal(&self) -> bool {
        matches!(self, Self::Refused { status: 400..=407 | 409..=424 | 426..=428 | 430..=499 })
    }
}
