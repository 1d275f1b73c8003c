//! What a station knows of its circuits beside what the core decides by: as they are configured, what each is made of
//! and has carried, and why one that is dialled is not there. For people and machines that ask; nothing is decided by it.
//!
//! Keeps the last failure of each circuit, and forgets it once the circuit is up.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use detente_line::CircuitId;
use tokio::sync::watch;
use zeroize::Zeroizing;

use crate::circuit::CircuitKind;
use crate::config::CircuitConfig;

/// Why a circuit did not come about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DialFailure {
    /// Where its other end is, as configured.
    pub address: String,
    /// What was wrong, and what to do.
    pub why: String,
    /// When it was last tried, ms since 1970.
    pub at_ms: u64,
}

/// What went one way on a circuit.
#[derive(Debug, Default)]
pub struct Carried {
    frames: AtomicU64,
    bytes: AtomicU64,
}

impl Carried {
    /// A frame of so many bytes has gone, or come.
    pub(crate) fn add(&self, bytes: usize) {
        self.frames.fetch_add(1, Ordering::Relaxed);
        self.bytes.fetch_add(u64::try_from(bytes).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// How many frames, and bytes of frames.
    pub fn count(&self) -> (u64, u64) {
        (self.frames.load(Ordering::Relaxed), self.bytes.load(Ordering::Relaxed))
    }
}

/// The packets that a circuit has sent, and those of them that did not come.
#[derive(Debug, Default)]
pub struct Packets {
    sent: AtomicU64,
    lost: AtomicU64,
}

impl Packets {
    /// So many by now.
    pub(crate) fn are(&self, sent: u64, lost: u64) {
        self.sent.store(sent, Ordering::Relaxed);
        self.lost.store(lost, Ordering::Relaxed);
    }
}

/// What tells how much a circuit can take and what it loses.
#[derive(Debug, Clone, Default)]
pub enum Gauge {
    /// Nothing does: the system sends again on TCP, and keeps that to itself.
    #[default]
    None,
    /// QUIC's own congestion control.
    Quic(quinn::Connection),
    /// The rate that a serial line is configured with, and what is said to have come.
    Serial {
        /// Bits a second.
        bits_per_s: u64,
        /// What went and was lost.
        packets: Arc<Packets>,
    },
}

/// What a gauge shows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Measured {
    /// What the circuit is taken to be able to carry, bits a second.
    pub bits_per_s: Option<u64>,
    /// Packets that were sent, and those of them that were lost.
    pub packets: Option<(u64, u64)>,
}

impl Gauge {
    /// What it shows now.
    pub fn measured(&self) -> Measured {
        match self {
            Self::None => Measured::default(),
            Self::Quic(connection) => {
                let path = connection.stats().path;
                let trip_us = path.rtt.as_micros().max(1);
                let bits = u128::from(path.cwnd) * 8 * 1_000_000 / trip_us;
                Measured {
                    bits_per_s: u64::try_from(bits).ok(),
                    packets: Some((path.sent_packets, path.lost_packets)),
                }
            }
            Self::Serial { bits_per_s, packets } => {
                let count = |of: &AtomicU64| of.load(Ordering::Relaxed);
                Measured {
                    bits_per_s: Some(*bits_per_s),
                    packets: Some((count(&packets.sent), count(&packets.lost))),
                }
            }
        }
    }
}

/// A circuit that is there.
#[derive(Debug, Clone)]
pub struct LiveCircuit {
    /// Short name of the party at the other end.
    pub peer: String,
    /// What people call it.
    pub name: String,
    /// What it runs on.
    pub kind: CircuitKind,
    /// Where the other station, or the proxy before it, is.
    pub remote: String,
    /// Whether this station dialled it.
    pub dialled: bool,
    /// How much longer P and R may take on another one, ms.
    pub cost_ms: u64,
    /// What it is for.
    pub purpose: Option<String>,
    /// Since when it is there, ms since 1970.
    pub since_ms: u64,
    /// What went out on it.
    pub sent: Arc<Carried>,
    /// What came in on it.
    pub received: Arc<Carried>,
    /// How much it can take, and what it loses.
    pub gauge: Gauge,
}

/// The circuits of one line; clones are handles to the same ones.
#[derive(Debug, Clone, Default)]
pub struct Circuits(Arc<Mutex<Known>>);

#[derive(Debug, Default)]
struct Known {
    configured: Vec<CircuitConfig>,
    live: BTreeMap<CircuitId, LiveCircuit>,
    /// By the peer's name and the addresses.
    failures: BTreeMap<(String, String), DialFailure>,
    /// What the last circuit to each peer gave for the keys of a serial one, where no serial one has taken it yet.
    serial_roots: BTreeMap<String, Zeroizing<[u8; 32]>>,
    /// Another one is there.
    more_roots: watch::Sender<()>,
}

impl Circuits {
    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The circuits that are configured from now on.
    pub(crate) fn configure(&self, configured: Vec<CircuitConfig>) {
        let mut known = self.known();
        let stays = |peer: &str, addresses: &str| {
            configured.iter().any(|circuit| circuit.peer == peer && circuit.addresses() == addresses)
        };
        known.failures.retain(|(peer, addresses), _| stays(peer, addresses));
        known.configured = configured;
    }

    /// The circuits that are configured.
    pub fn configured(&self) -> Vec<CircuitConfig> {
        self.known().configured.clone()
    }

    /// What is configured of a circuit that a peer has dialled: one of its kind that has no address.
    pub(crate) fn expected(&self, peer: &str, kind: CircuitKind) -> Option<CircuitConfig> {
        let known = self.known();
        let mut expected = known.configured.iter();
        expected
            .find(|circuit| circuit.address.is_empty() && circuit.peer == peer && circuit.kind() == kind)
            .cloned()
    }

    /// A circuit gave what the keys of a serial one come of.
    pub(crate) fn keep_serial_root(&self, peer: &str, root: Zeroizing<[u8; 32]>) {
        let mut known = self.known();
        known.serial_roots.insert(peer.into(), root);
        known.more_roots.send_replace(());
    }

    /// Takes what was kept last for a peer. Nobody is given it again: counters under its keys begin once.
    pub(crate) fn take_serial_root(&self, peer: &str) -> Option<Zeroizing<[u8; 32]>> {
        self.known().serial_roots.remove(peer)
    }

    /// Tells when another one is there.
    pub(crate) fn serial_roots(&self) -> watch::Receiver<()> {
        self.known().more_roots.subscribe()
    }

    /// A circuit is there.
    pub(crate) fn up(&self, id: CircuitId, circuit: LiveCircuit) {
        self.known().live.insert(id, circuit);
    }

    /// A circuit is gone.
    pub(crate) fn down(&self, id: CircuitId) {
        self.known().live.remove(&id);
    }

    /// The circuits that are there.
    pub fn all_live(&self) -> BTreeMap<CircuitId, LiveCircuit> {
        self.known().live.clone()
    }

    /// A circuit that is there.
    pub fn live(&self, id: CircuitId) -> Option<LiveCircuit> {
        self.known().live.get(&id).cloned()
    }

    /// A dial failed.
    pub(crate) fn failed(&self, peer: &str, failure: DialFailure) {
        self.known().failures.insert((peer.into(), failure.address.clone()), failure);
    }

    /// A dial came through.
    pub(crate) fn succeeded(&self, peer: &str, addresses: &str) {
        self.known().failures.remove(&(peer.into(), addresses.into()));
    }

    /// Why a configured circuit is not there, if its last dial failed.
    pub fn failure(&self, circuit: &CircuitConfig) -> Option<DialFailure> {
        self.known().failures.get(&(circuit.peer.clone(), circuit.addresses())).cloned()
    }

    /// The last failure to reach a peer, if its circuits are down.
    pub fn last_failure(&self, peer: &str) -> Option<DialFailure> {
        let known = self.known();
        let of_peer = known.failures.iter().filter(|((name, _), _)| name == peer);
        of_peer.map(|(_, failure)| failure).max_by_key(|failure| failure.at_ms).cloned()
    }
}
