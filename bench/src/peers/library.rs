//! Peers that are libraries of Python: a script runs both ends of one, and what passes between them is counted on its way.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

use super::SETTLES;
use super::meter::Meter;
use crate::{Outcome, Run, say};

/// Longest wait for a script to say something.
const PATIENCE: Duration = Duration::from_secs(240);

/// How long nothing has passed before anything is counted.
const QUIET: Duration = Duration::from_secs(3);

/// What the libraries are, and how what they exchange is counted.
pub(crate) struct Library {
    name: &'static str,
    script: &'static str,
    packages: &'static [&'static str],
    /// They would run in TLS.
    in_tls: bool,
}

/// A signed mail, its signed receipt, the signed answer and the signed receipt of that.
pub(crate) const MAIL: Library = Library {
    name: "mail",
    script: include_str!("mail.py"),
    packages: &["aiosmtpd==1.4.6", "cryptography==50.0.2"],
    in_tls: true,
};
/// A message and the answer to it, each proved by its recipient, over a link that is up; sealed by itself.
pub(crate) const RETICULUM: Library = Library {
    name: "reticulum",
    script: include_str!("reticulum.py"),
    packages: &["lxmf==1.2.1", "rns==1.5.7", "cryptography==50.0.2"],
    in_tls: false,
};

/// A script at work.
struct Running {
    said: Lines<BufReader<ChildStdout>>,
    told: ChildStdin,
    _child: Child,
}

impl Library {
    /// What a message of these words, received, and answered by an officer take between the two ends, the lesser of two times; none
    /// where the libraries cannot be had.
    pub(crate) async fn bytes(&self, run: &Run, words: &str) -> Option<u64> {
        let counted = async {
            let first = self.count(run, words).await?;
            Outcome::Ok(first.min(self.count(run, words).await?))
        };
        counted.await.map_err(|why| say(&format!("{} is not measured: {why}", self.name))).ok()
    }

    async fn count(&self, run: &Run, words: &str) -> Outcome<u64> {
        let python = self.python(&run.programs).await?;
        let script = run.folder(self.name)?.join("script.py");
        fs::write(&script, self.script)?;
        let mut command = Command::new(python);
        command.arg(&script).arg(words).stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
        let mut child = command.stderr(Stdio::null()).spawn()?;
        let said = child.stdout.take().ok_or("its output is not there")?;
        let told = child.stdin.take().ok_or("its input is not there")?;
        let mut running = Running { said: BufReader::new(said).lines(), told, _child: child };
        let mut meters = Vec::new();
        for port in running.says().await?.split_whitespace() {
            let port = port.parse()?;
            meters.push(if self.in_tls { Meter::before(port).await? } else { Meter::plain(port).await? });
        }
        let ports: Vec<String> = meters.iter().map(|meter| meter.port.to_string()).collect();
        running.tell(&ports.join(" ")).await?;
        let bytes = || meters.iter().map(Meter::bytes).sum::<u64>();
        running.says().await?;
        let mut before = bytes();
        loop {
            tokio::time::sleep(QUIET).await;
            if bytes() == before {
                break;
            }
            before = bytes();
        }
        running.tell("go").await?;
        running.says().await?;
        tokio::time::sleep(SETTLES).await;
        Ok(bytes() - before)
    }

    /// A Python that has the libraries, in an environment of its own beside the builds.
    async fn python(&self, kept: &Path) -> Outcome<PathBuf> {
        let environment = kept.join(format!("python-{}", self.name));
        let (python, there) = (environment.join("bin/python"), environment.join("packages"));
        let wanted = self.packages.join("\n");
        if fs::read_to_string(&there).is_ok_and(|found| found == wanted) {
            return Ok(python);
        }
        say(&format!("installing {} from PyPI, into {}", self.packages.join(", "), environment.display()));
        fs::create_dir_all(kept)?;
        call(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&environment)).await?;
        let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"];
        call(Command::new(&python).args(pip).args(self.packages)).await?;
        fs::write(&there, wanted)?;
        Ok(python)
    }
}

impl Running {
    async fn says(&mut self) -> Outcome<String> {
        let line = tokio::time::timeout(PATIENCE, self.said.next_line()).await;
        Ok(line.map_err(|_| "it says nothing")??.ok_or("it ended too early")?)
    }

    async fn tell(&mut self, line: &str) -> Outcome<()> {
        self.told.write_all(format!("{line}\n").as_bytes()).await?;
        Ok(self.told.flush().await?)
    }
}

async fn call(command: &mut Command) -> Outcome<()> {
    let output = command.stdin(Stdio::null()).output().await?;
    if output.status.success() {
        return Ok(());
    }
    Err(String::from_utf8_lossy(&output.stderr).trim().to_owned().into())
}
