//! Handshakes that are being answered: side by side, and never too many.
//!
//! Promises that strangers can hold neither memory nor places: beyond [`MAX_HANDSHAKES`] the oldest gives way, since
//! an honest handshake is over in two round trips.

use std::collections::VecDeque;

use tokio::task::{AbortHandle, JoinSet};

use super::frames::Circuit;
use super::{CircuitError, MAX_HANDSHAKES};

/// The handshakes being answered, oldest first.
#[derive(Default)]
pub(super) struct Handshakes {
    running: JoinSet<Result<Circuit, CircuitError>>,
    order: VecDeque<AbortHandle>,
}

impl Handshakes {
    /// How many are under way.
    pub(super) fn count(&mut self) -> usize {
        self.order.retain(|handshake| !handshake.is_finished());
        self.order.len()
    }

    /// Begins another one.
    pub(super) fn begin<F>(&mut self, handshake: F)
    where
        F: Future<Output = Result<Circuit, CircuitError>> + Send + 'static,
    {
        while self.count() >= MAX_HANDSHAKES {
            let Some(oldest) = self.order.pop_front() else { break };
            oldest.abort();
        }
        self.order.push_back(self.running.spawn(handshake));
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
