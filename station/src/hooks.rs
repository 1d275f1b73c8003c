//! Hooks: commands that are run when something happens, so that an alarm rings outside of this program.
//!
//! The event goes to the command's standard input as JSON; nothing of it is on the command line. A hook has a
//! minute; no more than eight run at a time, and what comes on top of that is logged and left out.

use std::process::Stdio;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use detente_line::{Memorandum, Shown};
use detente_record::{Class, Party};
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;
use tokio::sync::Semaphore;

use crate::api::events;
use crate::config::Hook;
use crate::feed::Told;

/// Most hooks that run at a time.
const MAX_RUNNING: usize = 8;
/// How long a hook may run.
const DEADLINE: Duration = Duration::from_secs(60);

/// The hooks of a station; clones share them.
#[derive(Debug, Clone)]
pub struct Hooks {
    hooks: Arc<RwLock<Vec<Hook>>>,
    running: Arc<Semaphore>,
}

impl Hooks {
    /// These.
    pub fn new(hooks: Vec<Hook>) -> Self {
        Self { hooks: Arc::new(RwLock::new(hooks)), running: Arc::new(Semaphore::new(MAX_RUNNING)) }
    }

    /// Others from now on.
    pub fn replace(&self, hooks: Vec<Hook>) {
        *self.hooks.write().unwrap_or_else(PoisonError::into_inner) = hooks;
    }

    /// Runs those that wait for what happened.
    pub(crate) fn run(&self, told: &Told, memorandum: &Memorandum, me: Party) {
        let hooks = self.hooks.read().unwrap_or_else(PoisonError::into_inner);
        if hooks.is_empty() {
            return;
        }
        let shown = match told {
            Told::Shown(shown) => Some(shown.as_ref()),
            Told::Down { .. } | Told::Conflict(_) | Told::Due(_) => None,
        };
        let flash = matches!(shown, Some(Shown::Entry { name, .. })
            if name.book.class == Class::Z && name.book.party != me);
        let (name, event) = events::json(told, memorandum);
        let rank = match shown {
            Some(Shown::Overdue { rank, .. }) => Some(*rank),
            _ => None,
        };
        for hook in hooks.iter() {
            let waits = hook.on == name || (flash && hook.on == "flash");
            if waits && (hook.rank.is_none() || hook.rank == rank) {
                self.start(hook.clone(), event.to_string());
            }
        }
    }

    fn start(&self, hook: Hook, event: String) {
        let Ok(permit) = Arc::clone(&self.running).try_acquire_owned() else {
            tracing::error!(on = hook.on, "a hook was left out: {MAX_RUNNING} are running");
            return;
        };
        tokio::spawn(async move {
            let _permit = permit;
            match tokio::time::timeout(DEADLINE, feed_to(&hook, event)).await {
                Ok(Ok(status)) if status.success() => {}
                Ok(Ok(status)) => tracing::error!(on = hook.on, %status, "a hook failed"),
                Ok(Err(cause)) => tracing::error!(on = hook.on, %cause, "a hook could not be run"),
                Err(_) => tracing::error!(on = hook.on, "a hook ran for over a minute and was stopped"),
            }
        });
    }
}

async fn feed_to(hook: &Hook, event: String) -> std::io::Result<std::process::ExitStatus> {
    let (program, arguments) = hook.run.split_first().ok_or(std::io::ErrorKind::InvalidInput)?;
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .kill_on_drop(true)
        .spawn()?;
    if let Some(mut input) = child.stdin.take() {
        // A hook need not read.
        let _ = input.write_all(event.as_bytes()).await;
    }
    child.wait().await
}
