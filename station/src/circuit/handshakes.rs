//! Handshakes that are being answered: side by side, and never too many.
//!
//! Promises that strangers can hold neither memory nor places: beyond [`MAX_HANDSHAKES`] the oldest gives way of the address that has the most
//! of them ([`Crowd`]), since an honest handshake is over in two round trips. So whoever floods from one address only pushes out its own.

use std::net::IpAddr;

use tokio::task::{AbortHandle, JoinSet};

use super::frames::Circuit;
use super::{CircuitError, MAX_HANDSHAKES};
use crate::crowd::Crowd;

/// The handshakes being answered.
#[derive(Default)]
pub(super) struct Handshakes {
    running: JoinSet<Result<Circuit, CircuitError>>,
    order: Crowd<AbortHandle>,
}

impl Handshakes {
    /// How many are under way.
    pub(super) fn count(&mut self) -> usize {
        self.order.retain(|handshake| !handshake.is_finished());
        self.order.len()
    }

    /// Begins another one, with whoever is at an address.
    pub(super) fn begin<F>(&mut self, with: IpAddr, handshake: F)
    where
        F: Future<Output = Result<Circuit, CircuitError>> + Send + 'static,
    {
        while self.count() >= MAX_HANDSHAKES {
            let Some(yields) = self.order.yields() else { break };
            yields.abort();
        }
        self.order.enter(with, self.running.spawn(handshake));
    }

    /// What came of the next one that ends; `None` while none is under way. A call that is dropped loses nothing.
    pub(super) async fn next(&mut self) -> Option<Result<Circuit, CircuitError>> {
        loop {
            match self.running.join_next().await? {
                Ok(outcome) => return Some(outcome),
                Err(evicted) => tracing::debug!(%evicted, "a handshake was dropped"),
            }
        }
    }
}
