//! The station's clock: the system's, or a scenario's that only demonstrations and exercises use.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use tokio::sync::Notify;

/// The environment variable that sets a scenario's time at the start, in ms since 1970 UTC.
pub const SCENARIO: &str = "DETENTE_CLOCK";

/// A clock in ms since 1970 UTC; clones tell the same time.
#[derive(Debug, Clone)]
pub struct Clock {
    ahead_ms: Arc<AtomicI64>,
    moved: Arc<Notify>,
    scenario: bool,
    made: Instant,
}

/// The machine's own time, ms since 1970 UTC, whatever a scenario says: by which officers are let in and signed out.
pub(crate) fn system_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

impl Clock {
    /// The system's.
    pub fn system() -> Self {
        Self { ahead_ms: Arc::default(), moved: Arc::default(), scenario: false, made: Instant::now() }
    }

    /// A scenario's, which stands at a time now and goes on from there.
    pub fn scenario(now_ms: u64) -> Self {
        let ahead_ms = now_ms.cast_signed().saturating_sub(system_ms().cast_signed());
        Self {
            ahead_ms: Arc::new(AtomicI64::new(ahead_ms)),
            moved: Arc::default(),
            scenario: true,
            made: Instant::now(),
        }
    }

    /// The one that the environment asks for.
    ///
    /// # Errors
    /// Says what would have been taken.
    pub fn from_environment() -> Result<Self, String> {
        match std::env::var(SCENARIO) {
            Err(std::env::VarError::NotPresent) => Ok(Self::system()),
            // Variables are often emptied to unset them.
            Ok(text) if text.is_empty() => Ok(Self::system()),
            Err(_) => Err(format!("{SCENARIO}: expected ms since 1970, found what is no text")),
            Ok(text) => match text.parse() {
                Ok(now_ms) => Ok(Self::scenario(now_ms)),
                Err(_) => Err(format!("{SCENARIO}: expected ms since 1970, found {text:?}")),
            },
        }
    }

    /// The time.
    pub fn now_ms(&self) -> u64 {
        system_ms().saturating_add_signed(self.ahead_ms.load(Ordering::Relaxed))
    }

    /// What has passed since it was made, ms, whatever it was set to meanwhile.
    pub fn passed_ms(&self) -> u64 {
        u64::try_from(self.made.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// Whether it is a scenario's.
    pub fn is_scenario(&self) -> bool {
        self.scenario
    }

    /// Moves a scenario's clock forward; says whether it did.
    pub fn advance_to(&self, now_ms: u64) -> bool {
        let by = now_ms.saturating_sub(self.now_ms());
        if !self.scenario || by == 0 {
            return false;
        }
        self.ahead_ms.fetch_add(by.cast_signed(), Ordering::Relaxed);
        self.moved.notify_waiters();
        true
    }

    /// Comes back at a time, or when a scenario's clock is moved.
    pub async fn until(&self, at_ms: u64) {
        // First, so that a move between the two is not missed.
        let moved = self.moved.notified();
        let wait = Duration::from_millis(at_ms.saturating_sub(self.now_ms()));
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = moved => {}
        }
    }
}
