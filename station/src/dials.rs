//! Dials that came to nothing: the last failure of each circuit that a station keeps trying to make, for whoever asks
//! why there is none.
//!
//! Forgets a failure once the circuit is up.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Why a circuit did not come about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DialFailure {
    /// Where its other end is, as configured: HOST:PORT.
    pub address: String,
    /// What was wrong, and what to do.
    pub why: String,
    /// When it was last tried, ms since 1970.
    pub at_ms: u64,
}

/// The failures of one line, by the peer's name and the address; clones are handles to the same ones.
#[derive(Debug, Clone, Default)]
pub struct Dials(Arc<Mutex<BTreeMap<(String, String), DialFailure>>>);

impl Dials {
    /// A dial failed.
    pub(crate) fn failed(&self, peer: &str, failure: DialFailure) {
        let mut failures = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        failures.insert((peer.into(), failure.address.clone()), failure);
    }

    /// A dial came through.
    pub(crate) fn succeeded(&self, peer: &str, address: &str) {
        let mut failures = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        failures.remove(&(peer.into(), address.into()));
    }

    /// The last failure to reach a peer, if its circuits are down.
    pub fn last(&self, peer: &str) -> Option<DialFailure> {
        let failures = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let of_peer = failures.iter().filter(|((name, _), _)| name == peer);
        of_peer.map(|(_, failure)| failure).max_by_key(|failure| failure.at_ms).cloned()
    }
}
