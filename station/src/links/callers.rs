//! Those who call: parties, of whose circuits there are never too many, and strangers, who do not fill the log.
//!
//! Promises that one party has no more than [`MOST_OF_A_PEER`] circuits that it has dialled, of which the oldest give way: what it may
//! have forgotten after a crash goes before what it has just dialled. And that of calls which came to nothing no more than [`MOST_TOLD`]
//! are told in each [`TOLD_ANEW`]; how many were not told is.

use std::collections::{BTreeMap, VecDeque};
use std::future::Future;
use std::time::{Duration, Instant};

use tokio::task::AbortHandle;

use crate::circuit::CircuitError;

/// Most circuits that one party has dialled, on one line: far more than there are ways between two stations.
const MOST_OF_A_PEER: usize = 32;
/// Most failed calls that are told, and after how long as many again are.
const MOST_TOLD: u32 = 20;
const TOLD_ANEW: Duration = Duration::from_secs(60);

/// The circuits that parties have dialled, by line and station key, the oldest first.
#[derive(Debug, Default)]
pub(super) struct Callers(BTreeMap<([u8; 32], [u8; 32]), VecDeque<AbortHandle>>);

impl Callers {
    /// Carries another one.
    pub(super) fn begin(
        &mut self,
        of: ([u8; 32], [u8; 32]),
        carried: impl Future<Output = ()> + Send + 'static,
    ) {
        self.0.retain(|_, circuits| {
            circuits.retain(|circuit| !circuit.is_finished());
            !circuits.is_empty()
        });
        let circuits = self.0.entry(of).or_default();
        if circuits.len() >= MOST_OF_A_PEER
            && let Some(oldest) = circuits.pop_front()
        {
            // Not told: whoever dials so often would fill the log.
            tracing::debug!("the oldest of too many circuits of one party gives way");
            oldest.abort();
        }
        circuits.push_back(tokio::spawn(carried).abort_handle());
    }
}

/// What is told of calls that came to nothing.
#[derive(Debug)]
pub(super) struct Complaints {
    since: Instant,
    told: u32,
    untold: u64,
}

impl Complaints {
    /// Nothing yet.
    pub(super) fn at(now: Instant) -> Self {
        Self { since: now, told: 0, untold: 0 }
    }

    /// Tells of another one, if it may be told.
    pub(super) fn tell(&mut self, error: &CircuitError, now: Instant) {
        if now.saturating_duration_since(self.since) >= TOLD_ANEW {
            if self.untold > 0 {
                tracing::warn!(count = self.untold, "more circuits were not taken");
            }
            *self = Self::at(now);
        }
        if self.told < MOST_TOLD {
            self.told += 1;
            tracing::warn!(%error, hint = error.hint(), "a circuit was not taken");
        } else {
            self.untold += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::oneshot;

    use super::*;

    #[tokio::test]
    async fn the_oldest_of_too_many_of_one_party_gives_way_and_no_other_partys() {
        let mut callers = Callers::default();
        let mut ended = Vec::new();
        let mut calls = |of: u8| {
            let (lives, gone) = oneshot::channel::<()>();
            callers.begin(([0; 32], [of; 32]), async move {
                let _lives = lives;
                std::future::pending::<()>().await;
            });
            ended.push(gone);
        };
        calls(1);
        (0..=MOST_OF_A_PEER).for_each(|_| calls(2));
        let mut ended = ended.into_iter();
        let (mut other, oldest) = (ended.next().unwrap(), ended.next().unwrap());
        assert!(oldest.await.is_err());
        let is_there = |gone: &mut oneshot::Receiver<()>| {
            matches!(gone.try_recv(), Err(oneshot::error::TryRecvError::Empty))
        };
        assert!(is_there(&mut other));
        assert!(ended.all(|mut gone| is_there(&mut gone)));
    }

    #[test]
    fn a_flood_of_calls_is_told_in_a_few_lines_and_again_later() {
        let (error, begun) = (CircuitError::TimedOut { after: TOLD_ANEW }, Instant::now());
        let mut complaints = Complaints::at(begun);
        (0..1_000).for_each(|_| complaints.tell(&error, begun));
        assert_eq!((complaints.told, complaints.untold), (MOST_TOLD, 1_000 - u64::from(MOST_TOLD)));
        complaints.tell(&error, begun + TOLD_ANEW);
        assert_eq!((complaints.told, complaints.untold), (1, 0));
    }
}
