//! A circuit in use: whole frames, both ways, over one stream of QUIC, or of TLS over TCP.
//!
//! Promises that a frame is delivered whole and in order or the circuit ends, that dropping a call of `send`
//! or `receive` half-way loses nothing and leaves the stream in step, and that neither side can make the
//! other hold more than a window and a frame. Refuses frames over [`MAX_FRAME`] (spec/line.md §6).

use std::fmt;
use std::mem;
use std::net::SocketAddr;
use std::time::Duration;

use detente_dossier::harmless;
use quinn::{Connection, ConnectionError, ReadError, RecvStream, SendStream, VarInt, WriteError};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, ReadHalf, WriteHalf};

use zeroize::Zeroizing;

use super::tls::{self, Secured};
use super::{CircuitError, CircuitKind, IDLE_LIMIT, MAX_FRAME, Refusal, Short, serial};
use crate::circuits::Gauge;

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
    /// What it runs on.
    pub kind: CircuitKind,
    /// Where the other station is, or the proxy before it.
    pub remote: SocketAddr,
    /// What the keys of a serial circuit between the same stations come of.
    pub(crate) serial_root: Option<Zeroizing<[u8; 32]>>,
    /// How much it can take, and what it loses.
    pub(crate) gauge: Gauge,
    sender: FrameSender,
    receiver: FrameReceiver,
}

impl Circuit {
    /// Wraps a stream of QUIC on which both versions have been exchanged.
    pub(super) fn over_quic(
        (line, peer): ([u8; 32], [u8; 32]),
        connection: Connection,
        (to, from): (SendStream, RecvStream),
    ) -> Self {
        let remote = connection.remote_address();
        let mut root = Zeroizing::new([0; 32]);
        let exported = connection.export_keying_material(&mut *root, serial::LABEL, &line);
        let gauge = Gauge::Quic(connection.clone());
        let to = Outward::Quic { connection: connection.clone(), stream: to };
        let from = Inward::Quic { connection, stream: from };
        let circuit = Self::new((line, peer), CircuitKind::Quic, remote, to, from);
        Self { serial_root: exported.is_ok().then_some(root), gauge, ..circuit }
    }

    /// Wraps a stream of TLS over TCP, through a relay or not, on which both versions have been exchanged.
    pub(super) fn over_tcp(
        parties: ([u8; 32], [u8; 32]),
        kind: CircuitKind,
        remote: SocketAddr,
        stream: Secured,
    ) -> Self {
        let serial_root = tls::serial_root(&stream, &parties.0);
        let (from, to) = tokio::io::split(stream);
        let circuit = Self::new(parties, kind, remote, Outward::Tcp(to), Inward::Tcp(from));
        Self { serial_root, ..circuit }
    }

    fn new(
        (line, peer): ([u8; 32], [u8; 32]),
        kind: CircuitKind,
        remote: SocketAddr,
        to: Outward,
        from: Inward,
    ) -> Self {
        let sender = FrameSender { to, unsent: Vec::new(), passed: 0 };
        let receiver = FrameReceiver { from, held: Vec::new() };
        Self { line, peer, kind, remote, serial_root: None, gauge: Gauge::None, sender, receiver }
    }

    /// The two directions, to be used by two tasks.
    pub fn split(self) -> (FrameSender, FrameReceiver) {
        (self.sender, self.receiver)
    }

    /// Closes the circuit at once, whatever is under way.
    pub fn close(self, reason: &str) {
        self.receiver.close(reason);
    }
}

impl fmt::Debug for Circuit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Circuit")
            .field("line", &Short::of(&self.line))
            .field("peer", &Short::of(&self.peer))
            .field("kind", &self.kind)
            .field("remote", &self.remote)
            .finish_non_exhaustive()
    }
}

/// The sending end of what a circuit runs on.
enum Outward {
    Quic { connection: Connection, stream: SendStream },
    Tcp(WriteHalf<Secured>),
}

impl Outward {
    /// Hands some of the bytes over, and says how many; a call that is dropped has handed over none.
    async fn write(&mut self, bytes: &[u8]) -> Result<usize, CircuitError> {
        match self {
            Self::Quic { stream, .. } => stream.write(bytes).await.map_err(|error| match error {
                WriteError::ConnectionLost(error) => lost(error),
                WriteError::Stopped(_) | WriteError::ClosedStream | WriteError::ZeroRttRejected => {
                    closed("the other side takes no more frames")
                }
            }),
            Self::Tcp(stream) => stream.write(bytes).await.map_err(|error| tls::broken(&error)),
        }
    }

    /// Sees to it that what was handed over is on its way.
    async fn flush(&mut self) -> Result<(), CircuitError> {
        match self {
            Self::Quic { .. } => Ok(()),
            Self::Tcp(stream) => stream.flush().await.map_err(|error| tls::broken(&error)),
        }
    }

    /// Says that nothing more comes, and waits, over QUIC, until the other side has everything.
    async fn finish(&mut self) -> Option<()> {
        match self {
            Self::Quic { stream, .. } => {
                stream.finish().ok()?;
                stream.stopped().await.ok().map(|_| ())
            }
            Self::Tcp(stream) => stream.shutdown().await.ok(),
        }
    }
}

/// The sending half of a circuit.
pub struct FrameSender {
    to: Outward,
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

    /// Ends the circuit for both sides, after the other station's transport has everything that was sent, or
    /// two seconds have gone by. Over TCP only the receiving half learns whether it has: see [`FrameReceiver::drain`].
    pub async fn close(mut self, reason: &str) {
        let farewell = async {
            self.flush().await.ok()?;
            self.to.finish().await
        };
        let _ = tokio::time::timeout(FAREWELL, farewell).await;
        if let Outward::Quic { connection, .. } = &self.to {
            close(connection, DONE, reason);
        }
    }

    async fn flush(&mut self) -> Result<(), CircuitError> {
        while let Some(rest) = self.unsent.get(self.passed..).filter(|rest| !rest.is_empty()) {
            self.passed += self.to.write(rest).await?;
        }
        self.to.flush().await?;
        self.unsent.clear();
        self.passed = 0;
        Ok(())
    }
}

/// The receiving end of what a circuit runs on.
enum Inward {
    Quic { connection: Connection, stream: RecvStream },
    Tcp(ReadHalf<Secured>),
}

impl Inward {
    /// Appends up to so many bytes; how many came, or `None` when nothing comes any more. A call that is dropped
    /// takes none.
    async fn read(&mut self, most: usize, to: &mut Vec<u8>) -> Result<Option<usize>, CircuitError> {
        match self {
            Self::Quic { stream, .. } => match stream.read_chunk(most, true).await {
                Ok(Some(chunk)) => {
                    to.extend_from_slice(&chunk.bytes);
                    Ok(Some(chunk.bytes.len()))
                }
                Ok(None) => Ok(None),
                Err(ReadError::ConnectionLost(error)) if in_good_order(&error) => Ok(None),
                Err(ReadError::ConnectionLost(error)) => Err(lost(error)),
                Err(ReadError::Reset(_)) => Err(closed("the other side broke off")),
                Err(ReadError::ClosedStream | ReadError::IllegalOrderedRead | ReadError::ZeroRttRejected) => {
                    Err(closed("this side takes no more frames"))
                }
            },
            Self::Tcp(stream) => {
                to.reserve(most);
                let mut bounded = stream.take(u64::try_from(most).unwrap_or(u64::MAX));
                match bounded.read_buf(to).await {
                    Ok(0) => Ok(None),
                    Ok(read) => Ok(Some(read)),
                    Err(error) => Err(tls::broken(&error)),
                }
            }
        }
    }

    fn close(&self, code: VarInt, reason: &str) {
        // TCP ends with the last half that is dropped.
        if let Self::Quic { connection, .. } = self {
            close(connection, code, reason);
        }
    }
}

/// The receiving half of a circuit.
pub struct FrameReceiver {
    from: Inward,
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
            if self.from.read(missing, &mut self.held).await?.is_none() {
                if self.held.is_empty() {
                    return Ok(None);
                }
                return Err(CircuitError::FrameCut { expected, found: self.held.len() });
            }
        }
    }

    /// Takes and forgets what still comes, until the other side has ended too or two seconds have gone by: a system that
    /// closes a connection of TCP with something unread in it may take back what was sent on it last.
    pub async fn drain(mut self) {
        let ended = async { while matches!(self.receive().await, Ok(Some(_))) {} };
        let _ = tokio::time::timeout(FAREWELL, ended).await;
    }

    /// Closes the circuit at once, whatever is under way.
    pub fn close(self, reason: &str) {
        self.from.close(DONE, reason);
    }

    /// How long `held` is to become, as far as is known yet.
    fn expected(&self) -> Result<usize, CircuitError> {
        let Some(prefix) = self.held.first_chunk::<PREFIX>() else {
            return Ok(PREFIX);
        };
        let found = usize::try_from(u32::from_be_bytes(*prefix)).unwrap_or(usize::MAX);
        if found > MAX_FRAME {
            self.from.close(FRAME_TOO_LONG, "frame too long");
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
                None => CircuitError::Handshake { detail: said(&close.to_string()) },
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
    CircuitError::Closed { reason: said(reason) }
}

/// What the other side gave as its reason, which may be anybody: cut, and such that it does nothing to the log or the terminal that it
/// comes to.
fn said(reason: &str) -> String {
    let cut: String = reason.chars().take(MAX_REASON).collect();
    harmless::line(&cut)
}

fn in_good_order(error: &ConnectionError) -> bool {
    match error {
        ConnectionError::ApplicationClosed(close) => close.error_code == DONE,
        ConnectionError::LocallyClosed => true,
        _ => false,
    }
}
