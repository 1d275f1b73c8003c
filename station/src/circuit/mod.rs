//! Circuits: authenticated connections that carry the frames of spec/line.md §6.
//!
//! **Promises.** A [`Circuit`] exists only between two stations that each hold the Ed25519 key which the
//! other has pinned for that line; both have said so before either is handed the circuit. Frames arrive
//! whole, in order and unaltered, or the circuit ends. One port carries any number of lines, and a
//! stranger at the port cannot keep a party out.
//!
//! **Refuses.** TLS below 1.3, any key exchange but X25519MLKEM768, any signature but Ed25519, certificates,
//! session tickets, resumption, early data; a key that is not pinned for the line asked for; a line that
//! this station does not carry; a frame over [`MAX_FRAME`].
//!
//! **Leaves to others.** Whether the other station is silent: the core judges that by answers (spec/line.md
//! §7); a quiet circuit stays up for [`IDLE_LIMIT`]. What a frame means. When to dial again.
//!
//! On the wire: QUIC (RFC 9000), or TLS over TCP, with ALPN `detente/1`, raw public keys (RFC 7250), and a server name
//! that tells which line is meant ([`server_name`]). On one stream each side sends one byte, the version
//! ([`VERSION`]), and from then on frames, each a `u32` length and that many bytes.

use std::fmt;
use std::time::Duration;

use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

pub use error::{Blame, CircuitError, LineFault, Refusal};
pub use frames::{Circuit, FrameReceiver, FrameSender};
pub use quic::Endpoint;
pub use relayed::Meeting;
pub use serial::{DICTIONARY, Forms, Last, Misformed, Tests};
pub(crate) use tcp::connect;
pub(crate) use tls::{Roots, pages, secure};
pub use tunnel::{Proxy, Tunnel};

mod error;
mod frames;
mod handshakes;
mod quic;
pub mod relayed;
mod reset;
pub(crate) mod serial;
mod tcp;
mod tls;
mod tunnel;

/// What a circuit runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CircuitKind {
    /// QUIC, on UDP.
    Quic,
    /// TLS on TCP.
    Tcp,
    /// The same, through a relay.
    Relay,
    /// Sealed packets on a line without IP.
    Serial,
}

impl CircuitKind {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::Quic, Self::Tcp, Self::Relay, Self::Serial];

    /// Its name in configurations and memoranda.
    pub fn name(self) -> &'static str {
        match self {
            Self::Quic => "quic",
            Self::Tcp => "tcp",
            Self::Relay => "relay",
            Self::Serial => "serial",
        }
    }

    /// The kind of a name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

impl fmt::Display for CircuitKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The longest frame, in bytes (spec/line.md §6).
pub const MAX_FRAME: usize = 131_072;

/// The version of the framing that this station speaks: the first byte in either direction.
pub const VERSION: u8 = 1;

/// How many bytes a sender may have under way, unsent or unanswered, on one circuit. What is handed over
/// last waits behind at most this much, so it is kept near two frames of the longest kind.
pub const SEND_WINDOW: u32 = 256 * 1024;

/// By when both sides must have shown their keys and versions.
pub const HANDSHAKE_DEADLINE: Duration = Duration::from_secs(10);

/// After how long without a single packet the transport itself gives a circuit up.
pub const IDLE_LIMIT: Duration = Duration::from_secs(300);

/// How many handshakes an endpoint answers at a time. When another comes, the oldest of the address that has the most is dropped: an
/// honest one is over in two round trips, so only those who stall or flood lose their place.
pub const MAX_HANDSHAKES: usize = 64;

/// What this station needs to be itself on one line.
pub struct LineIdentity {
    /// The line's id: the hash of its founding memorandum.
    pub line: [u8; 32],
    /// The rank of this station's key (spec/keys.md §2).
    pub rank: u8,
    /// The seed (RFC 8032 §5.1.5) of this station's key on the line.
    pub station_seed: Zeroizing<[u8; 32]>,
    /// Seeds of its keys of earlier ranks, to be known by those who have not heard of a later one.
    pub earlier: Vec<(u8, Zeroizing<[u8; 32]>)>,
    /// The Ed25519 public keys of the other parties' stations, from the memorandum in force.
    pub peers: Vec<[u8; 32]>,
}

impl LineIdentity {
    /// A station whose key is the one that the memorandum names.
    pub fn new(line: [u8; 32], station_seed: Zeroizing<[u8; 32]>, peers: Vec<[u8; 32]>) -> Self {
        Self { line, rank: 0, station_seed, earlier: Vec::new(), peers }
    }
}

/// Whom a call is for, and with which own key.
#[derive(Debug, Clone, Copy)]
pub struct Callee<'a> {
    /// The line.
    pub line: &'a [u8; 32],
    /// The station key that is expected.
    pub peer: &'a [u8; 32],
    /// Its rank.
    pub rank: u8,
    /// The rank of the own key to be shown.
    pub own_rank: u8,
}

impl<'a> Callee<'a> {
    /// Where nobody's keys have been renewed.
    pub fn new(line: &'a [u8; 32], peer: &'a [u8; 32]) -> Self {
        Self { line, peer, rank: 0, own_rank: 0 }
    }
}

impl fmt::Debug for LineIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { line, rank: _, station_seed: _, earlier: _, peers } = self;
        let peers: Vec<Short> = peers.iter().map(Short::of).collect();
        f.debug_struct("LineIdentity").field("line", &Short::of(line)).field("peers", &peers).finish()
    }
}

/// The first eight bytes of a public key or of a line's id, shown in hex: enough for a person to tell which
/// one of the memorandum's is meant, not enough to decide anything by.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Short([u8; 8]);

impl Short {
    /// Shortens a key or a line's id.
    pub fn of(whole: &[u8; 32]) -> Self {
        let [a, b, c, d, e, f, g, h, ..] = *whole;
        Self([a, b, c, d, e, f, g, h])
    }
}

impl fmt::Display for Short {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_hex(f, &self.0)?;
        f.write_str("…")
    }
}

impl fmt::Debug for Short {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The server name by which a dialer says which line it means: the first 16 bytes of
/// SHA-256(`"detente sni v1\n"` ‖ line) in hex, under `detente.invalid`, and behind the line its rank where the answerer's key that
/// is expected is a renewed one. A hash, because a server name crosses the network where anybody can read it, and the line's id is
/// for its parties.
pub fn server_name(line: &[u8; 32], rank: u8) -> String {
    let mut digest = Sha256::new().chain_update(b"detente sni v1\n").chain_update(line);
    if rank > 0 {
        digest.update([rank]);
    }
    let digest = digest.finalize();
    let mut name = String::with_capacity(48);
    let head = digest.get(..16).unwrap_or(&digest);
    // Writing to a String cannot fail.
    let _ = write_hex(&mut name, head);
    name.push_str(".detente.invalid");
    name
}

fn write_hex(to: &mut impl fmt::Write, bytes: &[u8]) -> fmt::Result {
    bytes.iter().try_for_each(|byte| write!(to, "{byte:02x}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_name_is_half_a_hash_under_invalid() {
        // printf 'detente sni v1\n' and 32 zero bytes, through sha256sum.
        let name = server_name(&[0; 32], 0);
        assert_eq!(name, "8f81b8dfdd5438e3d8985c2236f9cb2a.detente.invalid");
        // The same with a byte 01 behind.
        let renewed = server_name(&[0; 32], 1);
        assert_eq!(renewed, "ed6cab07f0a13ea2e28848e1760718b5.detente.invalid");
    }

    #[test]
    fn an_identity_does_not_show_its_seed() {
        let identity = LineIdentity::new([1; 32], Zeroizing::new([0xab; 32]), vec![[2; 32]]);
        let shown = format!("{identity:?}");
        assert!(!shown.contains("ab") && !shown.contains("171"), "{shown}");
        assert!(shown.contains("0202020202020202…"), "{shown}");
    }
}
