//! Hooks: commands that are run when something happens, so that an alarm rings outside of this program.
//!
//! The event goes to the command's standard input as JSON; nothing of it is on the command line. A hook has a
//! minute. Of each hook eight run at a time and a thousand wait, in order, so that no crowd of one kind keeps another
//! waiting: a FLASH rings however many reviews are due. What comes on top of that is logged and left out.

use std::collections::VecDeque;
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use detente_line::{Memorandum, Shown};
use detente_record::{Class, EntryRef, LineId, Party};
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;
use tokio::sync::Semaphore;

use crate::api::events;
use crate::config::Hook;
use crate::feed::Told;

/// How often a hook runs at a time, at most.
const MAX_RUNNING: usize = 8;
/// How often it runs or waits to be run, at most.
const MAX_STARTED: usize = 1_024;
/// How long a hook may run.
const DEADLINE: Duration = Duration::from_secs(60);

/// How many FLASH that rang ahead of their signature are remembered, so that they do not ring again with it.
const MAX_RUNG: usize = 64;

/// The hooks of a station; clones share them.
#[derive(Debug, Clone)]
pub struct Hooks {
    lanes: Arc<RwLock<Vec<Lane>>>,
    rung: Arc<Mutex<Rung>>,
}

/// A hook, and how many more times it may be started, and run.
#[derive(Debug, Clone)]
struct Lane {
    hook: Hook,
    started: Arc<Semaphore>,
    running: Arc<Semaphore>,
}

impl Hooks {
    /// These.
    pub fn new(hooks: Vec<Hook>) -> Self {
        let lanes = hooks.into_iter().map(Lane::of).collect();
        Self { lanes: Arc::new(RwLock::new(lanes)), rung: Arc::default() }
    }

    /// Others from now on.
    pub fn replace(&self, hooks: Vec<Hook>) {
        *self.lanes.write().unwrap_or_else(PoisonError::into_inner) =
            hooks.into_iter().map(Lane::of).collect();
    }

    /// Runs those that wait for what happened.
    pub(crate) fn run(&self, told: &Told, memorandum: &Memorandum, me: Party) {
        let lanes = self.lanes.read().unwrap_or_else(PoisonError::into_inner);
        if lanes.is_empty() {
            return;
        }
        let shown = match told {
            Told::Shown(shown) => Some(shown.as_ref()),
            _ => None,
        };
        let mut rung = self.rung.lock().unwrap_or_else(PoisonError::into_inner);
        let flash = shown.is_some_and(|shown| rung.rings(shown, memorandum.line(), me));
        drop(rung);
        let (name, event) = events::json(told, memorandum);
        let rank = match shown {
            Some(Shown::Overdue { rank, .. }) => Some(*rank),
            _ => None,
        };
        for lane in lanes.iter() {
            let waits = lane.hook.on == name || (flash && lane.hook.on == "flash");
            if waits && (lane.hook.rank.is_none() || lane.hook.rank == rank) {
                lane.clone().start(event.to_string());
            }
        }
    }
}

/// FLASH of other parties that rang ahead of their signature, so that each rings once.
#[derive(Debug, Default)]
pub(crate) struct Rung(VecDeque<(LineId, EntryRef)>);

impl Rung {
    /// Whether something is a FLASH of another party that has not rung yet.
    pub(crate) fn rings(&mut self, shown: &Shown, line: LineId, me: Party) -> bool {
        match shown {
            Shown::Ahead { name, .. } if name.book.class == Class::Z => {
                self.0.push_back((line, *name));
                if self.0.len() > MAX_RUNG {
                    self.0.pop_front();
                }
                true
            }
            // The signed one is another, and rings.
            Shown::Otherwise { name, .. } => {
                self.0.retain(|of| *of != (line, *name));
                false
            }
            Shown::Entry { name, .. } if name.book.class == Class::Z && name.book.party != me => {
                let before = self.0.len();
                self.0.retain(|of| *of != (line, *name));
                self.0.len() == before
            }
            _ => false,
        }
    }
}

impl Lane {
    fn of(hook: Hook) -> Self {
        let room = |most| Arc::new(Semaphore::new(most));
        Self { hook, started: room(MAX_STARTED), running: room(MAX_RUNNING) }
    }

    fn start(self, event: String) {
        let Self { hook, started, running } = self;
        let Ok(started) = started.try_acquire_owned() else {
            tracing::error!(on = hook.on, "a hook was left out: {MAX_STARTED} of it run or wait");
            return;
        };
        tokio::spawn(async move {
            let _started = started;
            let Ok(_running) = running.acquire_owned().await else { return };
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

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::io::{BufRead as _, BufReader};
    use std::path::Path;

    use super::*;

    /// A hook that hands its event to a pipe, and runs until somebody reads there.
    fn to(pipe: &Path) -> Lane {
        let made = std::process::Command::new("mkfifo").arg(pipe).status().unwrap();
        assert!(made.success());
        let run = ["sh", "-c", "cat > \"$0\"", pipe.to_str().unwrap()].map(str::to_owned);
        Lane::of(Hook { on: "due".into(), rank: None, run: run.into() })
    }

    /// What comes out of a pipe, line by line, for ever.
    fn lines(pipe: &Path) -> impl Iterator<Item = String> {
        let pipe = File::options().read(true).write(true).open(pipe).unwrap();
        BufReader::new(pipe).lines().map(Result::unwrap)
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_crowd_of_one_hook_keeps_no_other_waiting_and_is_not_lost() {
        let folder = std::env::temp_dir().join(format!("detente-hooks-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let (due, flash) = (folder.join("due"), folder.join("flash"));
        let (crowd, urgent) = (to(&due), to(&flash));
        let count = 3 * MAX_RUNNING;
        for number in 0..count {
            crowd.clone().start(format!("{number}\n"));
        }
        urgent.clone().start("flash\n".into());
        let (rung, told) = tokio::task::spawn_blocking(move || {
            // Nobody reads what is due, so all of those that run still do.
            let rung = lines(&flash).next();
            let mut told: Vec<String> = lines(&due).take(count).collect();
            told.sort_by_key(|number| number.parse::<usize>().ok());
            (rung, told)
        })
        .await
        .unwrap();
        assert_eq!(rung.as_deref(), Some("flash"));
        assert_eq!(told, (0..count).map(|number| number.to_string()).collect::<Vec<_>>());
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
