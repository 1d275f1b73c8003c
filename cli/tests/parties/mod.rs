//! The command itself as two people run it: real folders, real processes, real circuits.

#![allow(dead_code, reason = "each file of tests takes what it needs")]
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test whose scene cannot be set has failed"
)]

use std::fs;
use std::io::{BufRead as _, BufReader, Read};
use std::net::{TcpListener, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use serde_json::Value;

/// Longest wait for anything.
const PATIENCE: Duration = Duration::from_secs(120);
static FOLDERS: AtomicU32 = AtomicU32::new(0);

/// What a command left behind.
#[derive(Debug)]
pub(crate) struct Left {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Left {
    /// Holds it to a refusal: an exit code, an error on standard error with what it says, and a hint.
    pub(crate) fn refused(&self, code: i32, says: &str, hint: &str) {
        assert_eq!(self.code, Some(code), "{self:?}");
        let (error, found) = self.err.split_once("\n hint: ").unwrap_or_default();
        assert!(error.starts_with("error: ") && error.contains(says), "{says}: {}", self.err);
        assert!(found.contains(hint) && !found.trim().is_empty(), "{hint}: {}", self.err);
        for inner in ["None", "Some(", "panicked", "{ "] {
            assert!(!self.err.contains(inner), "shows {inner}: {}", self.err);
        }
    }
}

/// A folder of its own, with a path that is short enough for a socket; gone at the end.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        let name = format!("detente-run-{}-{}", std::process::id(), FOLDERS.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// A file in it.
    pub(crate) fn file(&self, name: &str, text: impl AsRef<[u8]>) -> String {
        let path = self.0.join(name);
        fs::write(&path, text).unwrap();
        path.display().to_string()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// The ports that are given out here: none of those that the system gives to whoever asks for any.
const PORTS: std::ops::Range<u16> = 20_000..32_000;

/// A port of loopback that nobody uses, for TCP and for UDP, and that nobody here is given again.
pub(crate) fn free_port() -> u16 {
    static GIVEN: AtomicU32 = AtomicU32::new(0);
    let count = u32::from(PORTS.end - PORTS.start);
    loop {
        // Every program begins elsewhere.
        let place = (std::process::id().wrapping_mul(101) + GIVEN.fetch_add(1, Ordering::Relaxed)) % count;
        let port = PORTS.start + u16::try_from(place).unwrap();
        if TcpListener::bind(("127.0.0.1", port)).is_ok() && UdpSocket::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

/// A party at its machine.
pub(crate) struct Party {
    pub(crate) folder: Folder,
    pub(crate) name: &'static str,
    pub(crate) port: u16,
}

impl Party {
    pub(crate) fn new(name: &'static str) -> Self {
        Self { folder: Folder::new(), name, port: free_port() }
    }

    /// Its station's folder.
    pub(crate) fn home(&self) -> PathBuf {
        self.folder.path().join("home")
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_detente"));
        for variable in
            ["DETENTE_LINE", "DETENTE_CLOCK", "DETENTE_LOG", "DETENTE_LANGUAGE", "NO_COLOR", "XDG_STATE_HOME"]
        {
            command.env_remove(variable);
        }
        command.env("LC_ALL", "C").env("DETENTE_HOME", self.home()).args(arguments).stdin(Stdio::null());
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Left {
        finish(self.command(arguments))
    }

    /// Runs what is expected to work; gives its standard output.
    pub(crate) fn done(&self, arguments: &[&str]) -> String {
        let left = self.run(arguments);
        assert_eq!(left.code, Some(0), "{arguments:?}: {}{}", left.err, left.out);
        left.out
    }

    /// The same, as JSON.
    pub(crate) fn read(&self, arguments: &[&str]) -> Value {
        serde_json::from_str(&self.done(&[arguments, &["--json"]].concat())).unwrap()
    }

    /// What a command says once that is so: it is asked again whenever something has happened at this station.
    pub(crate) fn until(&self, arguments: &[&str], what: impl Fn(&Value) -> bool) -> Value {
        let events = self.events();
        loop {
            let found = self.read(arguments);
            if what(&found) {
                return found;
            }
            let next = events.lines.recv_timeout(PATIENCE);
            next.unwrap_or_else(|_| panic!("nothing more happens at {}: {arguments:?}: {found}", self.name));
            while events.lines.try_recv().is_ok() {}
        }
    }

    /// All that has happened at its station since that started, and what happens from now on.
    fn events(&self) -> Running {
        self.watching(&["--json"])
    }

    /// The same, as somebody reads it.
    pub(crate) fn watching(&self, arguments: &[&str]) -> Running {
        let mut command = self.command(&[&["watch", "--after", "0"], arguments].concat());
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let lines = lines(child.stdout.take().unwrap());
        Running { child, lines }
    }

    /// Its card for the line `syria`.
    pub(crate) fn card(&self) -> String {
        self.home().join(format!("lines/syria/{}.party.toml", self.name)).display().to_string()
    }

    pub(crate) fn init(&self, more: &[&str]) -> Left {
        let listen = format!("127.0.0.1:{}", self.port);
        let usual = ["init", "--party", self.name, "--line", "syria", "--listen", &listen];
        self.run(&[&usual, more].concat())
    }

    /// Keeps an own plan of a circle for a time.
    pub(crate) fn plans(&self, place: &str, radius: &str, from: &str, until: &str) {
        let what = ["plan", "add", "--kind", "activity", "--text", "Our own"];
        let place = ["--circle", place, "--radius", radius];
        self.done(&[&what[..], &place, &["--from", from, "--until", until]].concat());
    }

    /// Sends a list of notices, and waits until the others have all of it.
    pub(crate) fn gives(&self, list: &str) {
        self.done(&["notice", "send", &self.folder.file("list.csv", list)]);
        self.done(&["send", "--wait=120", "All of it is sent."]);
    }

    /// Starts its station; gives it with the lines of its log.
    pub(crate) fn start(&self) -> Running {
        self.start_with(&[])
    }

    /// The same, with variables in its environment.
    pub(crate) fn start_with(&self, variables: &[(&str, &str)]) -> Running {
        let mut command = self.command(&["run"]);
        command.envs(variables.iter().copied());
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let lines = lines(child.stderr.take().unwrap());
        let mut running = Running { child, lines };
        running.says("the station listens");
        running
    }
}

/// What a process says, line by line, as it says it.
fn lines(said: impl Read + Send + 'static) -> Receiver<String> {
    let (to, lines) = channel();
    std::thread::spawn(move || {
        for line in BufReader::new(said).lines().map_while(Result::ok) {
            if to.send(line).is_err() {
                return;
            }
        }
    });
    lines
}

/// Runs a command to its end.
pub(crate) fn finish(mut command: Command) -> Left {
    let left = command.output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Left { code: left.status.code(), out: text(left.stdout), err: text(left.stderr) }
}

/// A station at work, or somebody who watches one.
pub(crate) struct Running {
    child: Child,
    lines: Receiver<String>,
}

impl Running {
    /// Waits for a line of its log that says this.
    pub(crate) fn says(&mut self, what: &str) -> String {
        loop {
            let line =
                self.lines.recv_timeout(PATIENCE).unwrap_or_else(|_| panic!("the log never says {what}"));
            if line.contains(what) {
                return line;
            }
        }
    }

    /// The most memory that it has had so far, in bytes.
    pub(crate) fn peak_memory(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("a peak");
        let kib: u64 = line.trim().trim_end_matches("kB").trim().parse().unwrap();
        kib * 1024
    }

    /// Its number among the system's processes.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends it a signal, by name.
    pub(crate) fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([&format!("-{name}"), &self.child.id().to_string()]).status();
        assert!(sent.expect("`kill` is there").success());
    }

    /// Its exit code, once it has ended.
    pub(crate) fn ended(&mut self) -> Option<i32> {
        self.child.wait().unwrap().code()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Two parties that have agreed on the line `syria`; the second dials the first.
pub(crate) fn two() -> [Party; 2] {
    two_with("")
}

/// Two parties whose memorandum says more than the usual terms.
pub(crate) fn two_with(more: &str) -> [Party; 2] {
    let parties = [Party::new("usa"), Party::new("rus")];
    let [usa, rus] = &parties;
    let peer = format!("usa=127.0.0.1:{}", usa.port);
    assert_eq!((usa.init(&[]).code, rus.init(&["--peer", &peer]).code), (Some(0), Some(0)));
    let text = usa.done(&["memorandum", "draft", "--line", "syria", &usa.card(), &rus.card()]);
    let paper = usa.folder.file("memorandum.toml", text + more);
    for party in &parties {
        party.done(&["memorandum", "sign", &paper]);
    }
    for party in &parties {
        party.done(&["memorandum", "adopt", &paper]);
    }
    parties
}

/// The same, with both stations running and a circuit between them.
pub(crate) fn two_connected() -> ([Party; 2], [Running; 2]) {
    let parties = two();
    let mut stations = [parties[0].start(), parties[1].start()];
    stations[1].says("a circuit is up");
    (parties, stations)
}
