//! The connections of the console: on which somebody has shown a session or a token, and those of strangers.
//!
//! Promises that strangers take none of the places that officers and programs need: they have [`MOST_STRANGERS`] of [`MOST`] places, and each of
//! theirs ends after [`LIFE`] whatever is under way on it. Where there is no room, the oldest gives way of the address that has the most
//! ([`Crowd`]): of strangers where these are too many, else of all others, so that whoever has come by a token locks nobody out with it.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::task::AbortHandle;

use crate::crowd::Crowd;

/// Most connections at a time.
const MOST: usize = 1_024;
/// Most of them on which nobody has been let in yet.
const MOST_STRANGERS: usize = 256;
/// How long one of these lives: far longer than a page, a handshake and an authenticator's answer take to pass.
const LIFE: Duration = Duration::from_secs(60);

/// Whether somebody has been let in on a connection; clones tell of the same one.
#[derive(Debug, Clone, Default)]
pub(super) struct Known(Arc<AtomicBool>);

impl Known {
    /// Somebody is.
    pub(super) fn is_let_in(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    fn is_known(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// A connection, and how to end it.
#[derive(Debug)]
struct Visitor {
    known: Known,
    ends: AbortHandle,
}

/// All connections.
#[derive(Debug, Default)]
pub(super) struct Visitors {
    strangers: Crowd<Visitor>,
    guests: Crowd<Visitor>,
}

impl Visitors {
    /// Answers another connection, from an address.
    pub(super) fn begin<F>(&mut self, from: IpAddr, answer: impl FnOnce(Known) -> F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let Self { strangers, guests } = self;
        strangers.passes_on(guests, |visitor| visitor.known.is_known());
        for crowd in [&mut *strangers, &mut *guests] {
            crowd.retain(|visitor| !visitor.ends.is_finished());
        }
        while strangers.len() >= MOST_STRANGERS || strangers.len() + guests.len() >= MOST {
            let are_many = strangers.len() >= MOST_STRANGERS || guests.len() == 0;
            let crowd = if are_many { &mut *strangers } else { &mut *guests };
            let Some(yields) = crowd.yields() else { break };
            yields.ends.abort();
        }
        let known = Known::default();
        let ends = tokio::spawn(while_welcome(known.clone(), answer(known.clone()))).abort_handle();
        strangers.enter(from, Visitor { known, ends });
    }
}

async fn while_welcome(known: Known, answered: impl Future<Output = ()>) {
    let mut answered = std::pin::pin!(answered);
    tokio::select! {
        () = &mut answered => return,
        () = tokio::time::sleep(LIFE) => {}
    }
    if known.is_known() {
        answered.await;
    } else {
        tracing::debug!("a connection on which nobody was let in has ended");
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::oneshot;

    use super::*;

    /// A connection that ends by itself never: how to let it in, and what tells that it has ended.
    fn connects(visitors: &mut Visitors, from: &str) -> (Known, oneshot::Receiver<()>) {
        let (lives, ended) = oneshot::channel();
        let mut of = Known::default();
        visitors.begin(from.parse().unwrap(), |known| {
            of = known;
            async move {
                let _lives: oneshot::Sender<()> = lives;
                std::future::pending::<()>().await;
            }
        });
        (of, ended)
    }

    fn is_there(ended: &mut oneshot::Receiver<()>) -> bool {
        matches!(ended.try_recv(), Err(oneshot::error::TryRecvError::Empty))
    }

    #[tokio::test(start_paused = true)]
    async fn a_flood_from_one_address_takes_nobody_elses_place() {
        let mut visitors = Visitors::default();
        let (_, mut neighbour) = connects(&mut visitors, "192.0.2.1");
        let (_, first) = connects(&mut visitors, "192.0.2.66");
        let mut flood: Vec<_> =
            (0..2 * MOST_STRANGERS).map(|_| connects(&mut visitors, "192.0.2.66").1).collect();
        let _ = first.await;
        assert!(is_there(&mut neighbour));
        let there = flood.iter_mut().map(is_there).filter(|there| *there).count();
        // Who is pushed out ends when its task is next run.
        assert!(there >= MOST_STRANGERS - 2, "{there}");
        assert_eq!(visitors.strangers.len(), MOST_STRANGERS);
    }

    #[tokio::test(start_paused = true)]
    async fn a_stranger_goes_in_time_and_who_is_let_in_stays() {
        let mut visitors = Visitors::default();
        let (officer, mut hers) = connects(&mut visitors, "192.0.2.1");
        let (_, other) = connects(&mut visitors, "192.0.2.1");
        officer.is_let_in();
        let begun = tokio::time::Instant::now();
        let _ = other.await;
        assert_eq!(begun.elapsed().as_secs(), LIFE.as_secs());
        tokio::time::sleep(LIFE * 100).await;
        assert!(is_there(&mut hers));
        let _flood: Vec<_> = (0..2 * MOST_STRANGERS).map(|_| connects(&mut visitors, "192.0.2.1")).collect();
        tokio::task::yield_now().await;
        assert!(is_there(&mut hers));
    }

    #[tokio::test(start_paused = true)]
    async fn a_token_that_is_stolen_locks_nobody_out() {
        let mut visitors = Visitors::default();
        let (officer, mut hers) = connects(&mut visitors, "192.0.2.1");
        officer.is_let_in();
        let mut held = Vec::new();
        for _ in 0..2 * MOST {
            let (known, ended) = connects(&mut visitors, "192.0.2.66");
            known.is_let_in();
            held.push(ended);
        }
        let (_, mut newcomer) = connects(&mut visitors, "192.0.2.2");
        assert!(held.remove(0).await.is_err(), "the oldest of the thief's was let go");
        assert!(is_there(&mut hers) && is_there(&mut newcomer));
        assert!(visitors.strangers.len() + visitors.guests.len() <= MOST);
    }
}
