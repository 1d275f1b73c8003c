//! A station as a process of its own, and what the system says of it.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::Outcome;

/// Longest wait for a process to say that it is ready.
const PATIENCE: Duration = Duration::from_secs(60);

/// A process of the program; it ends with this.
#[derive(Debug)]
pub struct Process {
    child: Child,
    log: PathBuf,
}

/// What a process takes of its machine.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Vitals {
    /// Memory that is in use, KiB.
    pub memory_kib: u64,
    /// Files and connections that are open.
    pub descriptors: u64,
}

impl Process {
    /// Starts the program; what it says goes into a file.
    ///
    /// # Errors
    /// The system's.
    pub fn start(program: &Path, log: PathBuf, arguments: &[&str]) -> Outcome<Self> {
        let said = File::options().create(true).append(true).open(&log)?;
        let child = Command::new(program)
            .args(arguments)
            .env("DETENTE_LOG", "info")
            .env("NO_COLOR", "1")
            .stdin(Stdio::null())
            .stdout(said.try_clone()?)
            .stderr(said)
            .spawn()?;
        Ok(Self { child, log })
    }

    /// Waits until something is so.
    ///
    /// # Errors
    /// With what it said last, if it ends or that does not come about.
    pub async fn until(&mut self, mut is_so: impl AsyncFnMut() -> bool) -> Outcome<()> {
        let begun = Instant::now();
        while !is_so().await {
            if self.child.try_wait()?.is_some() || begun.elapsed() > PATIENCE {
                let said = self.said();
                let last: Vec<&str> = said.lines().rev().take(4).collect();
                return Err(format!("a process is not ready: {}", last.join(" / ")).into());
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(())
    }

    /// All that it has said.
    pub fn said(&self) -> String {
        fs::read(&self.log).map(|said| String::from_utf8_lossy(&said).into_owned()).unwrap_or_default()
    }

    /// Has it read its configuration again.
    ///
    /// # Errors
    /// If it does not run any more.
    pub fn hang_up(&self) -> Outcome<()> {
        let id = Pid::from_raw(self.child.id().cast_signed()).ok_or("no process")?;
        Ok(kill_process(id, Signal::HUP)?)
    }

    /// What it takes now.
    ///
    /// # Errors
    /// If it does not run any more.
    pub fn vitals(&self) -> Outcome<Vitals> {
        let of = PathBuf::from(format!("/proc/{}", self.child.id()));
        let status = fs::read_to_string(of.join("status"))?;
        let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let resident = resident.ok_or("the process has ended")?;
        let memory_kib = resident.trim().trim_end_matches("kB").trim().parse()?;
        Ok(Vitals { memory_kib, descriptors: fs::read_dir(of.join("fd"))?.count() as u64 })
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if let Some(id) = Pid::from_raw(self.child.id().cast_signed()) {
            let _ = kill_process(id, Signal::KILL);
        }
        let _ = self.child.wait();
    }
}
