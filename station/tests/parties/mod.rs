//! Stations of test lines, set up as people would, and asked through their sockets.

#![allow(dead_code, reason = "each file of tests takes what it needs")]
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot be set up fails"
)]

pub(crate) mod console;
pub(crate) mod disk;
pub(crate) mod receiver;
pub(crate) mod stream;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use detente_line::{Memorandum, Office};
use detente_station::clock::Clock;
use detente_station::keys::Keys;
use detente_station::paper::{Card, Paper};
use detente_station::{Home, SetupError, home};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::UnixStream;
use tokio::runtime::Runtime;
use tokio::task::JoinHandle;

/// Longest wait for anything.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);
static FOLDERS: AtomicU32 = AtomicU32::new(0);

/// A folder of its own, gone with the last who holds it.
#[derive(Debug)]
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new() -> Arc<Self> {
        let count = FOLDERS.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("detente-test-{}-{count}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Arc::new(Self(path))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A free UDP port on loopback; another test may take it between here and its use, which then fails loudly.
fn free_port() -> u16 {
    let socket = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.local_addr().unwrap().port()
}

/// A party that is set up and does not run yet.
pub(crate) struct Party {
    pub(crate) name: String,
    pub(crate) home: Home,
    pub(crate) port: u16,
    circuits: String,
    folder: Arc<Folder>,
}

impl Party {
    pub(crate) fn new(name: &str) -> Self {
        let folder = Folder::new();
        Self::at(name, folder.path().to_owned(), folder)
    }

    /// One whose folder is somewhere else, which `folder` keeps.
    pub(crate) fn at(name: &str, path: PathBuf, folder: Arc<Folder>) -> Self {
        Self { name: name.into(), home: Home::at(path), port: free_port(), circuits: String::new(), folder }
    }

    /// Its keys for a line.
    pub(crate) fn keys(&self, line: &str) -> Keys {
        Keys::read(&self.home.keys(line)).unwrap()
    }

    /// Puts other text into its configuration.
    pub(crate) fn configure(&self, text: &str) {
        home::write(&self.home.config(), text, 0o600, true).unwrap();
    }

    /// The text of its configuration.
    pub(crate) fn config(&self) -> String {
        format!("listen = \"127.0.0.1:{}\"\n{}", self.port, self.circuits)
    }

    pub(crate) fn start(&self) -> Station {
        self.start_at(Clock::system())
    }

    /// Starts it with a clock.
    pub(crate) fn start_at(&self, clock: Clock) -> Station {
        let running = self.home.clone();
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
        let runtime = runtime.expect("threads");
        let task = runtime.spawn(async move { detente_station::run(running, clock).await });
        let folder = Arc::clone(&self.folder);
        Station { home: self.home.clone(), task, runtime: Some(runtime), _folder: folder }
    }

    /// Starts it, and comes back once it answers.
    pub(crate) async fn up(&self) -> Station {
        let station = self.start();
        station.wait("/v1/station", |_| true).await;
        station
    }

    /// Runs it where it is not expected to: why it does not.
    pub(crate) async fn fail(&self) -> SetupError {
        let run = detente_station::run(self.home.clone(), Clock::system());
        let ended = tokio::time::timeout(PATIENCE, run).await;
        ended.expect("a station that ends").expect_err("a station that does not start")
    }
}

pub(crate) fn offices() -> Vec<Office> {
    [(1, "watch officer", 0), (2, "duty officer", 1), (3, "chief", 2)]
        .map(|(number, name, rank)| Office { number, name: name.into(), rank })
        .to_vec()
}

/// Has parties agree on a line; each dials those before it. Gives the memorandum.
pub(crate) fn agree(line: &str, parties: &mut [Party]) -> Memorandum {
    agree_on(line, parties, |_| ())
}

/// The same, on other terms than the usual ones.
pub(crate) fn agree_on(line: &str, parties: &mut [Party], change: impl FnOnce(&mut Paper)) -> Memorandum {
    let keys: Vec<Keys> = parties.iter().map(|party| Keys::generate(&party.name).unwrap()).collect();
    let cards = keys.iter().map(|keys| Card::of(&keys.card(keys.party(), vec!["en".into()], offices())));
    let mut paper = Paper::draft(line, cards.collect());
    change(&mut paper);
    let memorandum = paper.memorandum(Path::new("test")).unwrap();
    for keys in &keys {
        paper.add_signature(keys.party(), &memorandum.sign(&keys.book_key()));
    }
    let mut before: Vec<(String, u16)> = Vec::new();
    for (party, keys) in parties.iter_mut().zip(&keys) {
        party.home.make(&party.home.line(line)).unwrap();
        keys.write(&party.home.keys(line)).unwrap();
        home::write(&party.home.memorandum(line), &paper.text(), 0o600, false).unwrap();
        for (name, port) in &before {
            party.circuits += &format!(
                "[[circuit]]\nline = \"{line}\"\npeer = \"{name}\"\naddress = \"127.0.0.1:{port}\"\n"
            );
        }
        party.configure(&party.config());
        before.push((party.name.clone(), party.port));
    }
    memorandum
}

/// Two parties of the line `test`, not running.
pub(crate) fn two() -> [Party; 2] {
    let mut parties = [Party::new("usa"), Party::new("rus")];
    agree("test", &mut parties);
    parties
}

/// Two stations, `usa` and `rus`, with a circuit between them that is ready.
pub(crate) async fn pair() -> [Station; 2] {
    let stations = two().map(|party| party.start());
    for station in &stations {
        station.circuits_ready("test", 1).await;
    }
    stations
}

/// A station at work in a folder of its own.
pub(crate) struct Station {
    pub(crate) home: Home,
    task: JoinHandle<Result<(), SetupError>>,
    /// Its own, so that all of it can be ended at once.
    runtime: Option<Runtime>,
    _folder: Arc<Folder>,
}

/// Status and body of an answer.
pub(crate) type Answered = (u16, Value);

impl Station {
    /// Sends bytes and reads what comes back to the end.
    pub(crate) async fn exchange(&self, request: &[u8]) -> Option<Answered> {
        let stream = UnixStream::connect(self.home.socket()).await.ok()?;
        let (read, mut write) = stream.into_split();
        // A station may answer, and close, before it has read all of it.
        let _ = write.write_all(request).await;
        let mut reader = BufReader::new(read);
        let mut line = String::new();
        reader.read_line(&mut line).await.ok()?;
        let status = line.split_whitespace().nth(1)?.parse().ok()?;
        while reader.read_line(&mut line).await.ok()? > 2 {
            line.clear();
        }
        let mut answer = Vec::new();
        reader.read_to_end(&mut answer).await.ok()?;
        Some((status, serde_json::from_slice(&answer).ok()?))
    }

    /// Sends bytes, ends its half, and reads whatever comes back.
    pub(crate) async fn exchange_and_leave(&self, request: &[u8]) -> Vec<u8> {
        let mut stream =
            UnixStream::connect(self.home.socket()).await.expect("a station that takes connections");
        let _ = stream.write_all(request).await;
        let _ = stream.shutdown().await;
        let mut answer = Vec::new();
        let _ = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut answer)).await.expect("an end");
        answer
    }

    async fn ask(&self, method: &str, path: &str, body: &str) -> Option<Answered> {
        let request = format!(
            "{method} {path} HTTP/1.1\r\nhost: station\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        self.exchange(request.as_bytes()).await
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        self.ask("GET", path, "").await.expect("an answer").1
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Value {
        self.ask("POST", path, &body.to_string()).await.expect("an answer").1
    }

    /// Asks for what is refused; holds the refusal to the form of spec/api.md.
    pub(crate) async fn refused(&self, method: &str, path: &str, body: &str) -> Answered {
        let (status, refusal) = self.ask(method, path, body).await.expect("an answer");
        assert_refusal(status, &refusal);
        (status, refusal)
    }

    /// Writes an entry on the line `test`; gives its name.
    pub(crate) async fn write(&self, draft: Value) -> String {
        self.write_on("test", draft, 1).await
    }

    /// Writes an entry on a line and waits until all others have receipted it; gives its name.
    pub(crate) async fn write_on(&self, line: &str, draft: Value, others: usize) -> String {
        let path = format!("/v1/lines/{line}/entries?until=receipted&timeout_ms=120000");
        let answer = self.post(&path, draft).await;
        assert_eq!(answer["receipted_by"].as_array().map(Vec::len), Some(others), "{answer}");
        answer["entry"].as_str().expect("an entry").to_owned()
    }

    async fn try_wait(&self, path: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let mut tries = tokio::time::interval(Duration::from_millis(5));
        loop {
            tries.tick().await;
            if let Some((_, found)) = self.ask("GET", path, "").await.filter(|(_, found)| wanted(found)) {
                return found;
            }
            assert!(!self.task.is_finished(), "{path}: the station has ended");
        }
    }

    /// What an answer is once it is as wanted.
    pub(crate) async fn wait(&self, path: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        tokio::time::timeout(PATIENCE, self.try_wait(path, wanted))
            .await
            .unwrap_or_else(|_| panic!("{path}: not in time"))
    }

    /// Comes back once so many circuits of a line are ready.
    pub(crate) async fn circuits_ready(&self, line: &str, count: usize) {
        let ready = |status: &Value| {
            let circuits = status["circuits"].as_array();
            circuits.is_some_and(|all| all.iter().filter(|c| c["ready"] == true).count() >= count)
        };
        self.wait(&format!("/v1/lines/{line}"), ready).await;
    }

    /// An entry, once it is here and judged.
    pub(crate) async fn entry_with(&self, name: &str) -> Value {
        self.entry_on("test", name).await
    }

    /// An entry of a line, once it is here and judged.
    pub(crate) async fn entry_on(&self, line: &str, name: &str) -> Value {
        let path = format!("/v1/lines/{line}/entries/{name}");
        self.wait(&path, |entry| entry["unjudged"] == false && entry["entry"] == name).await
    }

    /// The first entry of a kind, once it is here.
    pub(crate) async fn entry_of_kind(&self, kind: &str) -> Value {
        let found = |list: &Value| {
            list["entries"].as_array().and_then(|all| all.iter().find(|e| e["kind"] == kind).cloned())
        };
        let list = self.wait("/v1/lines/test/entries?limit=1000", |list| found(list).is_some()).await;
        found(&list).unwrap_or(json!(null))
    }

    /// Size and root of every book, once everything is durable.
    pub(crate) async fn books(&self) -> Vec<Value> {
        self.books_of("test").await
    }

    /// Size and root of every book of a line, once everything is durable.
    pub(crate) async fn books_of(&self, line: &str) -> Vec<Value> {
        let settled = |answer: &Value| {
            answer["books"].as_array().is_some_and(|all| all.iter().all(|b| b["size"] == b["signed"]))
        };
        let answer = self.wait(&format!("/v1/lines/{line}/books"), settled).await;
        let books = answer["books"].as_array().cloned().unwrap_or_default();
        books
            .iter()
            .map(|book| json!([book["book"], book["size"], book["root"]]))
            .filter(|book| book[1] != 0)
            .collect()
    }

    /// What the doctor says of one thing.
    pub(crate) async fn check(&self, name: &str) -> Value {
        found_check(&self.get("/v1/doctor").await, name)
    }

    /// How it ended, which it does by itself.
    pub(crate) async fn ended(mut self) -> Result<(), SetupError> {
        let ended = tokio::time::timeout(PATIENCE, &mut self.task).await;
        ended.expect("a station that ends").expect("no panic")
    }

    /// Ends it without a word, as a lost machine does, and comes back once its store is free again.
    pub(crate) async fn lost(mut self, line: &str) {
        let runtime = self.runtime.take();
        let lock = self.home.store(line).join("lock");
        let free = tokio::task::spawn_blocking(move || {
            drop(runtime);
            let lock = std::fs::File::open(&lock).unwrap();
            lock.lock().unwrap();
        });
        tokio::time::timeout(PATIENCE, free).await.expect("in time").expect("a store that is let go");
    }
}

impl Drop for Station {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// One check of a doctor's answer.
pub(crate) fn found_check(answer: &Value, name: &str) -> Value {
    let checks = answer["checks"].as_array().cloned().unwrap_or_default();
    let found = checks.iter().find(|check| check["name"] == name).cloned();
    found.unwrap_or_else(|| panic!("no check {name} in {answer}"))
}

/// Holds a refusal to its form: a name, what was looked at, expected and found, and what to do.
pub(crate) fn assert_refusal(status: u16, refusal: &Value) {
    assert!(status >= 400, "{status}: {refusal}");
    for field in ["error", "what", "expected", "found", "hint"] {
        let text = refusal[field].as_str().unwrap_or_default();
        assert!(!text.is_empty(), "no {field}: {refusal}");
        for inner in ["None", "Some(", "EntryRef", "Party(", "{ "] {
            assert!(!text.contains(inner), "{field} shows {inner}: {refusal}");
        }
    }
}
