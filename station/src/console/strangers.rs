//! Connections on which nobody has been let in yet.
//!
//! Promises that strangers take none of the places that officers and programs need: they have a part of all connections, each of theirs
//! ends after [`LIFE`] whatever is under way on it, and beyond [`MOST`] the oldest gives way of the address that has the most ([`Crowd`]). A
//! connection on which somebody has shown a session or a token is a stranger's no more.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::task::AbortHandle;

use crate::crowd::Crowd;

/// Most of them at a time.
const MOST: usize = 256;
/// How long one lives: far longer than a page, a handshake and an authenticator's answer take to pass.
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

/// A stranger's connection, and how to end it.
#[derive(Debug)]
struct Stranger {
    known: Known,
    ends: AbortHandle,
}

/// The connections of strangers.
#[derive(Debug, Default)]
pub(super) struct Strangers(Crowd<Stranger>);

impl Strangers {
    /// Answers another connection, from an address.
    pub(super) fn begin<F>(&mut self, from: IpAddr, answer: impl FnOnce(Known) -> F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        self.0.retain(|stranger| !stranger.known.is_known() && !stranger.ends.is_finished());
        while self.0.len() >= MOST {
            let Some(yields) = self.0.yields() else { break };
            // Whoever was let in this very moment stays.
            if !yields.known.is_known() {
                yields.ends.abort();
            }
        }
        let known = Known::default();
        let ends = tokio::spawn(while_welcome(known.clone(), answer(known.clone()))).abort_handle();
        self.0.enter(from, Stranger { known, ends });
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
    fn connects(strangers: &mut Strangers, from: &str) -> (Known, oneshot::Receiver<()>) {
        let (lives, ended) = oneshot::channel();
        let mut of = Known::default();
        strangers.begin(from.parse().unwrap(), |known| {
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
        let mut strangers = Strangers::default();
        let (_, mut neighbour) = connects(&mut strangers, "192.0.2.1");
        let (_, first) = connects(&mut strangers, "192.0.2.66");
        let mut flood: Vec<_> = (0..2 * MOST).map(|_| connects(&mut strangers, "192.0.2.66").1).collect();
        let _ = first.await;
        assert!(is_there(&mut neighbour));
        let there = flood.iter_mut().map(is_there).filter(|there| *there).count();
        // Who is pushed out ends when its task is next run.
        assert!(there >= MOST - 2, "{there}");
        assert_eq!(strangers.0.len(), MOST);
    }

    #[tokio::test(start_paused = true)]
    async fn a_stranger_goes_in_time_and_who_is_let_in_stays() {
        let mut strangers = Strangers::default();
        let (officer, mut hers) = connects(&mut strangers, "192.0.2.1");
        let (_, other) = connects(&mut strangers, "192.0.2.1");
        officer.is_let_in();
        let begun = tokio::time::Instant::now();
        let _ = other.await;
        assert_eq!(begun.elapsed().as_secs(), LIFE.as_secs());
        tokio::time::sleep(LIFE * 100).await;
        assert!(is_there(&mut hers));
        let _flood: Vec<_> = (0..2 * MOST).map(|_| connects(&mut strangers, "192.0.2.1")).collect();
        tokio::task::yield_now().await;
        assert!(is_there(&mut hers));
    }
}
