//! What can go wrong with a circuit, who is to blame, and what a person can do about it.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use super::Short;

/// Who is to blame for an error. What the network did is nobody's, and has no blame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blame {
    /// The other side sent bytes that are not what the protocol says.
    Malformed,
    /// The other side is not, or does not act as, who it should.
    Misbehaved,
    /// Both are in order, and do not fit each other.
    Incompatible,
    /// This station was asked for something that it cannot do.
    Misuse,
}

/// Why a circuit could not be had, or ended.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CircuitError {
    /// The port could not be opened.
    #[error("cannot open {at}: {kind}")]
    NotOpened {
        /// The address asked for.
        at: SocketAddr,
        /// What the system said.
        kind: io::ErrorKind,
    },
    /// A line was given, or asked for, that the endpoint cannot use.
    #[error("line {line} {fault}")]
    Line {
        /// Which line.
        line: Short,
        /// What is wrong with it.
        fault: LineFault,
    },
    /// The other end proved a key, or presented one, that is not pinned.
    #[error("the other end has key {found}, expected {}", one_of(expected))]
    WrongKey {
        /// The keys pinned.
        expected: Vec<Short>,
        /// The key presented.
        found: Short,
    },
    /// A dialer asked for a line that this station does not carry.
    #[error("the dialer asked for {asked:?}, no line of this station")]
    UnknownLine {
        /// The server name it gave; empty if none.
        asked: String,
    },
    /// The other station refused the circuit.
    #[error("the other station refused: {why}")]
    Refused {
        /// What it said.
        why: Refusal,
    },
    /// TLS or QUIC found no common ground.
    #[error("no secure connection: {detail}")]
    Handshake {
        /// In the words of TLS.
        detail: String,
    },
    /// The other end speaks another version of the framing.
    #[error("the other end speaks version {found}, expected {expected}")]
    VersionUnknown {
        /// This station's version.
        expected: u8,
        /// The version received.
        found: u8,
    },
    /// Nothing came in time.
    #[error("no answer within {} s", after.as_secs())]
    TimedOut {
        /// How long was waited.
        after: Duration,
    },
    /// This machine has no way to send there.
    #[error("no way to {to}: {detail}")]
    Unreachable {
        /// The address dialled.
        to: SocketAddr,
        /// What the system said.
        detail: String,
    },
    /// A proxy gave no way to the other station.
    #[error("the proxy {proxy} gives no way to {to}: {detail}")]
    Proxy {
        /// Where the proxy is.
        proxy: String,
        /// What it was asked for.
        to: String,
        /// What it answered.
        detail: String,
    },
    /// A relay did not bring the other station.
    #[error("the relay at {relay} does not bring the other station: {detail}")]
    Relay {
        /// Where the relay is.
        relay: SocketAddr,
        /// What it said, or did not.
        detail: String,
    },
    /// The other end announced a frame over the limit; the circuit is closed.
    #[error("the other end sent a frame of {found} bytes, the limit is {limit}")]
    FrameTooLong {
        /// The longest frame.
        limit: usize,
        /// The length announced.
        found: usize,
    },
    /// This station was asked to send a frame over the limit; the circuit is still good.
    #[error("cannot send a frame of {found} bytes, the limit is {limit}")]
    OwnFrameTooLong {
        /// The longest frame.
        limit: usize,
        /// The length asked for.
        found: usize,
    },
    /// The other end finished in the middle of a frame.
    #[error("the other end stopped after {found} bytes of {expected}")]
    FrameCut {
        /// Bytes of the frame or of its length.
        expected: usize,
        /// Bytes that came.
        found: usize,
    },
    /// The circuit is closed.
    #[error("the circuit is closed: {reason:?}")]
    Closed {
        /// What the side that closed it said, at most 128 characters.
        reason: String,
    },
}

/// What is wrong with a line that an endpoint was given or asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineFault {
    /// It is not among the endpoint's lines.
    NotHeld,
    /// It was given twice.
    Twice,
    /// Its seed makes no key.
    NoKey,
    /// This station's own key is among the peers.
    OwnKeyPinned,
    /// The peer dialled is not among the line's peers.
    PeerNotPinned,
}

impl fmt::Display for LineFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotHeld => "is not one of this station's",
            Self::Twice => "is given twice",
            Self::NoKey => "has a station seed that makes no key",
            Self::OwnKeyPinned => "lists this station's own key among its peers",
            Self::PeerNotPinned => "has no peer with the key dialled",
        })
    }
}

/// Why the other station refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// It takes no more connections.
    Busy,
    /// It has not pinned this station's key for the line.
    UnknownKey,
    /// It does not carry the line.
    UnknownLine,
    /// It does not speak this station's version.
    Version,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Busy => "it takes no more connections",
            Self::UnknownKey => "it does not know this station's key",
            Self::UnknownLine => "it does not carry this line",
            Self::Version => "it does not speak this version",
        })
    }
}

impl CircuitError {
    /// Whether the other station does not know the key that was shown.
    pub(crate) fn is_unknown_key(&self) -> bool {
        matches!(self, Self::Refused { why: Refusal::UnknownKey })
    }

    /// Who is to blame; `None` when it is the network, or nobody.
    pub fn blame(&self) -> Option<Blame> {
        match self {
            Self::NotOpened { .. } | Self::Line { .. } | Self::OwnFrameTooLong { .. } => Some(Blame::Misuse),
            Self::WrongKey { .. } => Some(Blame::Misbehaved),
            Self::UnknownLine { .. } | Self::Handshake { .. } | Self::VersionUnknown { .. } => {
                Some(Blame::Incompatible)
            }
            Self::FrameTooLong { .. } | Self::FrameCut { .. } => Some(Blame::Malformed),
            Self::Refused { why: Refusal::Busy } => None,
            Self::Refused { .. } => Some(Blame::Incompatible),
            Self::TimedOut { .. }
            | Self::Unreachable { .. }
            | Self::Proxy { .. }
            | Self::Relay { .. }
            | Self::Closed { .. } => None,
        }
    }

    /// What a person can do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::NotOpened { .. } => "check the circuit's address, and that no other station runs on it",
            Self::Line { .. } => "compare this station's configuration with the memorandum in force",
            Self::WrongKey { .. } => "read the keys to the other party over the telephone before trusting it",
            Self::UnknownLine { .. } => "if it is a party of a line of yours, add that line here",
            Self::Refused { why: Refusal::Busy } => "wait; the circuit is dialled again",
            Self::Refused { why: Refusal::UnknownKey } => {
                "ask the other party which key its memorandum has for this station"
            }
            Self::Refused { why: Refusal::UnknownLine } => {
                "ask the other party to add the line to its station"
            }
            Self::Refused { why: Refusal::Version } | Self::VersionUnknown { .. } => {
                "one of the two stations needs an update"
            }
            Self::Handshake { .. } => {
                "check that what answers there is a station, and not older than this one"
            }
            Self::TimedOut { .. } => {
                "check the address, and that firewalls on the way pass it: UDP for quic, TCP for tcp"
            }
            Self::Unreachable { .. } => "check this machine's network, and that something listens there",
            Self::Relay { .. } => "check the relay's address, and ask whoever runs it; it is called again",
            Self::Proxy { .. } => {
                "ask whoever runs the proxy to let CONNECT through to that address and port"
            }
            Self::FrameTooLong { .. } | Self::FrameCut { .. } => {
                "tell the other party: its station is faulty"
            }
            Self::OwnFrameTooLong { .. } => "report this as a fault of this station",
            Self::Closed { .. } => "the circuit is dialled again",
        }
    }
}

fn one_of(expected: &[Short]) -> String {
    let shown: Vec<String> = expected.iter().map(Short::to_string).collect();
    if shown.is_empty() { "none: the line has no peers".into() } else { shown.join(" or ") }
}
