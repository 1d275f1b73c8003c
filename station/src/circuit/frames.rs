//! A circuit in use: whole frames, both ways, over one QUIC stream.
//!
//! Promises that a frame is delivered whole and in order or the circuit ends, that dropping a call of `send`
//! or `receive` half-way loses nothing and leaves the stream in step, and that neither side can make the
//! other hold more than a window and a frame. Refuses frames over [`MAX_FRAME`] (spec/line.md §6).

use std::fmt;
use std::mem;
use std::net::SocketAddr;
use std::time::Duration;

use quinn::{Connection, ConnectionError, ReadError, RecvStream, SendStream, VarInt, WriteError};

use super::{CircuitError, IDLE_LIMIT, MAX_FRAME, Refusal, Short, tls};

/// The application codes that close a circuit.
pub(super) const DONE: VarInt = VarInt::from_u32(0);
pub(super) const FRAME_TOO_LONG: VarInt = VarInt::from_u32(1);
pub(super) const VERSION_UNKNOWN: VarInt = VarInt::from_u32(2);

/// How long a close waits for the other side to have everything that was sent before.
const FAREWELL: Duration = Duration::from_secs(2);

/// The longest reason given with a close, and the longest taken over from the other side, in characters.
const MAX_REASON: usize = 128;

/// Length of the length that goes before each frame.
const PREFIX: usize = 4;

/// An authenticated connection to one station, for one line.
///
/// Dropping it, or both its halves, closes it at once, whatever is under way.
pub struct Circuit {
    /// The line it serves.
    pub line: [u8; 32],
    /// The Ed25519 public key that the other station has proved to hold.
    pub peer: [u8; 32],
    /// Where the other station is.
    pub remote: SocketAddr,
    sender: FrameSender,
    receiver: FrameReceiver,
}

impl Circuit {
    /// Wraps a stream on which both versions have been exchanged.
    pub(super) fn new(
        (line, peer): ([u8; 32], [u8; 32]),
        connection: Connection,
        (to, from): (SendStream, RecvStream),
    ) -> Self {
        Self {
            line,
            peer,
            remote: connection.remote_address(),
            sender: FrameSender { connection: connection.clone(), stream: to, unsent: Vec::new(), passed: 0 },
            receiver: FrameReceiver { connection, stream: from, held: Vec::new() },
        }
    }

    /// The two directions, to be used by two tasks.
    pub fn split(self) -> (FrameSender, FrameReceiver) {
        (self.sender, self.receiver)
    }

    /// The smoothed round trip, as the transport estimates it.
    pub fn rtt(&self) -> Duration {
        self.sender.rtt()
    }

    /// Closes the circuit at once, whatever is under way.
    pub fn close(self, reason: &str) {
        close(&self.sender.connection, DONE, reason);
    }
}

impl fmt::Debug for Circuit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Circuit")
            .field("line", &Short::of(&self.line))
            .field("peer", &Short::of(&self.peer))
            .field("remote", &self.remote)
            .finish_non_exhaustive()
    }
}

/// The sending half of a circuit.
pub struct FrameSender {
    connection: Connection,
    stream: SendStream,
    /// The frame being handed over, with its length; empty between frames.
    unsent: Vec<u8>,
    /// How much of `unsent` the transport has taken.
    passed: usize,
}

impl FrameSender {
    /// Hands a frame to the transport; returns when the transport has taken it, which it does while fewer
    /// than [`SEND_WINDOW`](super::SEND_WINDOW) bytes are under way.
    ///
    /// A call that is dropped has begun the frame: the next call of `send` or `close` completes it first.
    ///
    /// # Errors
    /// `OwnFrameTooLong`, and the circuit is still good; any other error ends it.
    pub async fn send(&mut self, frame: &[u8]) -> Result<(), CircuitError> {
        let found = frame.len();
        let too_long = CircuitError::OwnFrameTooLong { limit: MAX_FRAME, found };
        let prefix = u32::try_from(found).map_err(|_| too_long.clone())?.to_be_bytes();
        if found > MAX_FRAME {
            return Err(too_long);
        }
        self.flush().await?;
        // Together, so that a short frame leaves in one packet.
        self.unsent.extend_from_slice(&prefix);
        self.unsent.extend_from_slice(frame);
        self.flush().await
    }

    /// The smoothed round trip, as the transport estimates it.
    pub fn rtt(&self) -> Duration {
        self.connection.rtt()
    }

    /// Ends the circuit for both sides, after the other station's transport has everything that was sent, or
    /// two seconds have gone by.
    pub async fn close(mut self, reason: &str) {
        let farewell = async {
            self.flush().await.ok()?;
            self.stream.finish().ok()?;
            self.stream.stopped().await.ok()
        };
        let _ = tokio::time::timeout(FAREWELL, farewell).await;
        close(&self.connection, DONE, reason);
    }

    async fn flush(&mut self) -> Result<(), CircuitError> {
        while let Some(rest) = self.unsent.get(self.passed..).filter(|rest| !rest.is_empty()) {
            self.passed += self.stream.write(rest).await.map_err(|error| match error {
                WriteError::ConnectionLost(error) => lost(error),
                WriteError::Stopped(_) | WriteError::ClosedStream | WriteError::ZeroRttRejected => {
                    closed("the other side takes no more frames")
                }
            })?;
        }
        self.unsent.clear();
        self.passed = 0;
        Ok(())
    }
}

/// The receiving half of a circuit.
pub struct FrameReceiver {
    connection: Connection,
    stream: RecvStream,
    /// The frame being received, with its length; never a byte of the next one.
    held: Vec<u8>,
}

impl FrameReceiver {
    /// The next frame; `None` when the other station, or this one, has closed the circuit in good order. A
    /// call that is dropped loses nothing.
    ///
    /// # Errors
    /// `FrameTooLong`, upon which this station closes the circuit; `FrameCut`; whatever ended the circuit.
    pub async fn receive(&mut self) -> Result<Option<Vec<u8>>, CircuitError> {
        loop {
            let expected = self.expected()?;
            if self.held.len() == expected {
                return Ok(Some(mem::take(&mut self.held).split_off(PREFIX)));
            }
            let missing = expected.saturating_sub(self.held.len());
            match self.stream.read_chunk(missing, true).await {
                Ok(Some(chunk)) => self.held.extend_from_slice(&chunk.bytes),
                Ok(None) if self.held.is_empty() => return Ok(None),
                Ok(None) => return Err(CircuitError::FrameCut { expected, found: self.held.len() }),
                Err(ReadError::ConnectionLost(error)) if in_good_order(&error) => return Ok(None),
                Err(ReadError::ConnectionLost(error)) => return Err(lost(error)),
                Err(ReadError::Reset(_)) => return Err(closed("the other side broke off")),
                Err(ReadError::ClosedStream | ReadError::IllegalOrderedRead | ReadError::ZeroRttRejected) => {
                    return Err(closed("this side takes no more frames"));
                }
            }
        }
    }

    /// Closes the circuit at once, whatever is under way.
    pub fn close(self, reason: &str) {
        close(&self.connection, DONE, reason);
    }

    /// How long `held` is to become, as far as is known yet.
    fn expected(&self) -> Result<usize, CircuitError> {
        let Some(prefix) = self.held.first_chunk::<PREFIX>() else {
            return Ok(PREFIX);
        };
        let found = usize::try_from(u32::from_be_bytes(*prefix)).unwrap_or(usize::MAX);
        if found > MAX_FRAME {
            close(&self.connection, FRAME_TOO_LONG, "frame too long");
            return Err(CircuitError::FrameTooLong { limit: MAX_FRAME, found });
        }
        Ok(PREFIX + found)
    }
}

pub(super) fn close(connection: &Connection, code: VarInt, reason: &str) {
    let reason: String = reason.chars().take(MAX_REASON).collect();
    connection.close(code, reason.as_bytes());
}

/// What the loss of a connection means.
pub(super) fn lost(error: ConnectionError) -> CircuitError {
    match error {
        ConnectionError::ConnectionClosed(close) => match u64::from(close.error_code) {
            2 => CircuitError::Refused { why: Refusal::Busy },
            // TLS alerts, RFC 9001 §4.8.
            code @ 0x100..=0x1ff => match u8::try_from(code - 0x100).ok().and_then(tls::refusal) {
                Some(why) => CircuitError::Refused { why },
                None => CircuitError::Handshake { detail: close.to_string() },
            },
            _ => closed(&close.to_string()),
        },
        ConnectionError::ApplicationClosed(close) if close.error_code == VERSION_UNKNOWN => {
            CircuitError::Refused { why: Refusal::Version }
        }
        ConnectionError::ApplicationClosed(close) => closed(&String::from_utf8_lossy(&close.reason)),
        ConnectionError::TransportError(error) => CircuitError::Handshake { detail: error.to_string() },
        ConnectionError::VersionMismatch => {
            CircuitError::Handshake { detail: "no version of QUIC in common".into() }
        }
        ConnectionError::TimedOut => CircuitError::TimedOut { after: IDLE_LIMIT },
        ConnectionError::Reset => closed("the other station does not know this circuit any more"),
        ConnectionError::LocallyClosed => closed("by this station"),
        ConnectionError::CidsExhausted => closed("out of connection ids"),
    }
}

pub(super) fn closed(reason: &str) -> CircuitError {
    CircuitError::Closed { reason: reason.chars().take(MAX_REASON).collect() }
}

fn in_good_order(error: &ConnectionError) -> bool {
    match error {
        ConnectionError::ApplicationClosed(close) => close.error_code == DONE,
        ConnectionError::LocallyClosed => true,
        _ => false,
    }
}
