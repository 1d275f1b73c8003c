//! Webhooks: events that are brought to web servers elsewhere, signed, in order, and more than once rather than never (spec/api.md, "Webhooks").
//!
//! Each has a lane of its own (`lane`), which reads what the feeds of its lines keep and asks nothing of a line's task: a receiver that
//! stalls holds up itself.
//!
//! **Bounds.** One delivery of a webhook is under way at a time, and what waits is what the feeds keep anyhow. What nobody takes is
//! given up, and told of. Nothing of it outlives the process: a receiver catches up by the API.

mod lane;
pub(crate) mod secret;
mod trouble;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::task::JoinHandle;

use crate::clock;
use crate::config::WebhookConfig;
use crate::doctor::Check;
use crate::home::Home;
use crate::hooks::Hooks;
use crate::links::Lines;
use lane::{Lane, Progress};
use secret::Secret;
pub use trouble::Trouble;

/// The webhooks of a station; clones are handles to the same ones.
#[derive(Clone)]
pub(crate) struct Webhooks(Arc<Kept>);

struct Kept {
    home: Home,
    lines: Lines,
    hooks: Hooks,
    /// When the station was started, ms by its clock.
    started_ms: u64,
    running: Mutex<BTreeMap<String, Running>>,
}

struct Running {
    config: WebhookConfig,
    task: JoinHandle<()>,
    progress: Arc<Mutex<Progress>>,
}

fn held<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Webhooks {
    /// None yet.
    pub(crate) fn of(home: &Home, lines: &Lines, hooks: &Hooks, started_ms: u64) -> Self {
        let (home, lines, hooks) = (home.clone(), Arc::clone(lines), hooks.clone());
        Self(Arc::new(Kept { home, lines, hooks, started_ms, running: Mutex::default() }))
    }

    /// These, with what happened since the start.
    pub(crate) fn begin(&self, configs: &[WebhookConfig]) {
        self.change(configs, false);
    }

    /// Others from now on: of a name that was there, where it was; of another, with what happens from now on.
    pub(crate) fn replace(&self, configs: &[WebhookConfig]) {
        self.change(configs, true);
    }

    fn change(&self, configs: &[WebhookConfig], from_now: bool) {
        let mut running = held(&self.0.running);
        let mut before = std::mem::take(&mut *running);
        for one in before.values() {
            one.task.abort();
        }
        for config in configs {
            let progress = before.remove(&config.name).map(|one| one.progress);
            let progress =
                progress.unwrap_or_else(|| Arc::new(Mutex::new(Progress::begin(&self.0.lines, from_now))));
            let lane = Lane::of(&self.0, config.clone(), Arc::clone(&progress));
            let one = Running { config: config.clone(), task: tokio::spawn(lane.run()), progress };
            running.insert(config.name.clone(), one);
        }
    }

    /// Ends them all; each has let go of its lines' records then.
    pub(crate) async fn stop(&self) {
        let running = std::mem::take(&mut *held(&self.0.running));
        for one in running.into_values() {
            one.task.abort();
            // It was told to end, and did.
            let _ = one.task.await;
        }
    }

    /// How each does that brings nothing but what somebody may see.
    pub(crate) fn checks(&self, sees: impl Fn(&str) -> bool) -> Vec<Check> {
        let now_ms = clock::system_ms();
        let all: Vec<String> =
            self.0.lines.values().map(|keeper| keeper.memorandum().terms().name.clone()).collect();
        let running = held(&self.0.running);
        let seen = running
            .values()
            .filter(|one| all.iter().filter(|line| one.config.is_of(line)).all(|line| sees(line)));
        seen.map(|one| {
            let standing = held(&one.progress).standing.clone();
            let name = format!("webhook {}", one.config.name);
            let ago_s = |ms: u64| now_ms.saturating_sub(ms) / 1_000;
            match (standing.trouble, standing.taken_ms) {
                (Some((trouble, since_ms)), _) => {
                    let found = format!("{}: {trouble}, for {} s", trouble.name(), ago_s(since_ms));
                    Check::of(&name, false, found, trouble.hint())
                }
                (None, Some(at_ms)) => {
                    let given_up = match standing.given_up {
                        0 => String::new(),
                        count => format!(", {count} given up"),
                    };
                    let found =
                        format!("{} taken, the last {} s ago{given_up}", standing.taken, ago_s(at_ms));
                    Check::of(&name, true, found, "")
                }
                (None, None) => Check::of(&name, true, "nothing was brought yet", ""),
            }
        })
        .collect()
    }
}

/// Where the secret of a webhook is.
fn secret_of(home: &Home, config: &WebhookConfig) -> PathBuf {
    match &config.secret {
        Some(path) => home.path().join(path),
        None => home.webhook_secret(&config.name),
    }
}

/// What a folder shows of a webhook's secret.
pub(crate) fn check_secret(home: &Home, config: &WebhookConfig) -> Check {
    let (path, name) = (secret_of(home, config), format!("secret of webhook {}", config.name));
    if !path.exists() {
        return Check::of(&name, true, "none yet: the station makes one", "");
    }
    match Secret::read(&path) {
        Ok(_) => Check::of(&name, true, "there, its owner's alone", ""),
        Err(error) => Check::of(&name, false, error.to_string(), error.hint()),
    }
}
