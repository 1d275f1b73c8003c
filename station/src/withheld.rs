//! Circuits that are withheld on purpose, for a drill: closed and not dialled or taken again, or left standing and silent.
//!
//! Every withholding ends by itself: whoever asked for it may be gone. Nothing of it is kept over a start.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

/// The longest that a circuit is withheld.
pub const MAX_WITHHELD: Duration = Duration::from_secs(600);

/// How a circuit is withheld, and until when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Withholding {
    until: Instant,
    dark: bool,
}

/// A circuit, by the name of its peer and its own.
type Named = (String, String);

/// What is withheld of a line's circuits; clones are handles to the same.
#[derive(Debug, Clone, Default)]
pub struct Withheld(Arc<watch::Sender<BTreeMap<Named, Withholding>>>);

impl Withheld {
    /// Withholds a circuit for so long, at most [`MAX_WITHHELD`]; nothing gives it back. A dark one stands and brings nothing, another one is closed.
    pub fn withhold(&self, peer: &str, name: &str, long: Duration, dark: bool) {
        let until = Instant::now() + long.min(MAX_WITHHELD);
        self.0.send_modify(|all| {
            all.retain(|_, of| of.until > Instant::now());
            let named = (peer.to_owned(), name.to_owned());
            match long.is_zero() {
                true => all.remove(&named),
                false => all.insert(named, Withholding { until, dark }),
            };
        });
    }

    fn now(&self, peer: &str, name: &str) -> Option<Withholding> {
        let all = self.0.borrow();
        let of = all.get(&(peer.to_owned(), name.to_owned()))?;
        (of.until > Instant::now()).then_some(*of)
    }

    /// How much longer a circuit is withheld.
    pub fn left(&self, peer: &str, name: &str) -> Option<Duration> {
        self.now(peer, name).map(|of| of.until.saturating_duration_since(Instant::now()))
    }

    /// Whether a circuit stands and is to bring nothing.
    pub(crate) fn is_dark(&self, peer: &str, name: &str) -> bool {
        self.now(peer, name).is_some_and(|of| of.dark)
    }

    /// Comes back once a circuit is withheld by being closed; at once, if it is.
    pub(crate) async fn cut(&self, peer: &str, name: &str) {
        let mut changes = self.0.subscribe();
        while self.now(peer, name).is_none_or(|of| of.dark) {
            if changes.changed().await.is_err() {
                return std::future::pending().await;
            }
        }
    }

    /// Comes back once a circuit is not withheld.
    pub(crate) async fn free(&self, peer: &str, name: &str) {
        let mut changes = self.0.subscribe();
        while let Some(of) = self.now(peer, name) {
            tokio::select! {
                () = sleep_until(of.until) => {}
                _ = changes.changed() => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_is_withheld_comes_back_by_itself_or_when_it_is_given_back() {
        let (withheld, second) = (Withheld::default(), Duration::from_secs(1));
        assert_eq!(withheld.left("rus", "cable"), None);
        withheld.withhold("rus", "cable", second, false);
        assert!(!withheld.is_dark("rus", "cable"));
        withheld.cut("rus", "cable").await;
        withheld.free("rus", "radio").await;
        let began = Instant::now();
        withheld.free("rus", "cable").await;
        assert_eq!(began.elapsed(), second);
        withheld.withhold("rus", "cable", second * 100_000, true);
        assert_eq!(withheld.left("rus", "cable"), Some(MAX_WITHHELD));
        assert!(withheld.is_dark("rus", "cable"));
        let again = withheld.clone();
        let waits = tokio::spawn(async move { again.free("rus", "cable").await });
        tokio::task::yield_now().await;
        withheld.withhold("rus", "cable", Duration::ZERO, false);
        waits.await.unwrap();
        assert_eq!(withheld.left("rus", "cable"), None);
    }
}
