//! Two stations of a test line, set up as two people would, and asked through their sockets.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot be set up fails"
)]

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use detente_line::Office;
use detente_station::clock::Clock;
use detente_station::keys::Keys;
use detente_station::paper::{Card, Paper};
use detente_station::{Home, home};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::UnixStream;
use tokio::task::JoinHandle;

/// Longest wait for anything.
const PATIENCE: Duration = Duration::from_secs(20);
static FOLDERS: AtomicU32 = AtomicU32::new(0);

/// A station at work in a folder of its own.
pub(crate) struct Station {
    home: Home,
    task: JoinHandle<()>,
}

fn folder() -> PathBuf {
    let count = FOLDERS.fetch_add(1, Ordering::Relaxed);
    std::env::temp_dir().join(format!("detente-test-{}-{count}", std::process::id()))
}

/// A free UDP port on loopback; another test may take it between here and its use, which then fails loudly.
fn free_port() -> u16 {
    let socket = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.local_addr().unwrap().port()
}

/// Two stations, `usa` and `rus`, with a circuit between them that is ready.
pub(crate) async fn pair() -> [Station; 2] {
    let names = ["usa", "rus"];
    let homes = names.map(|_| Home::at(folder()));
    let keys = names.map(|name| Keys::generate(name).unwrap());
    let offices = || {
        [(1, "watch officer", 0), (2, "duty officer", 1), (3, "chief", 2)]
            .map(|(number, name, rank)| Office { number, name: name.into(), rank })
            .to_vec()
    };
    let cards = keys.iter().map(|keys| Card::of(&keys.card(keys.party(), vec!["en".into()], offices())));
    let mut paper = Paper::draft("test", cards.collect());
    let path = PathBuf::from("test");
    for keys in &keys {
        let signature = paper.memorandum(&path).unwrap().sign(&keys.book_key());
        paper.add_signature(keys.party(), &signature);
    }
    let ports = [free_port(), free_port()];
    for ((home, keys), (own, other)) in homes.iter().zip(&keys).zip([(0, 1), (1, 0)]) {
        home.make(&home.line("test")).unwrap();
        keys.write(&home.keys("test")).unwrap();
        home::write(&home.memorandum("test"), &paper.text(), 0o600, false).unwrap();
        // Only one of them dials, as where the other is behind a firewall.
        let circuit = if own == 0 {
            format!("[[circuit]]\npeer = \"{}\"\naddress = \"127.0.0.1:{}\"\n", names[other], ports[other])
        } else {
            String::new()
        };
        let config = format!("listen = \"127.0.0.1:{}\"\n{circuit}", ports[own]);
        home::write(&home.config(), &config, 0o600, false).unwrap();
    }
    let stations = homes.map(start);
    for station in &stations {
        station
            .wait("/v1/lines/test", |status| {
                status["circuits"].as_array().is_some_and(|all| all.iter().any(|c| c["ready"] == true))
            })
            .await;
    }
    stations
}

fn start(home: Home) -> Station {
    let running = home.clone();
    let task = tokio::spawn(async move { detente_station::run(running, Clock::system()).await.unwrap() });
    Station { home, task }
}

impl Station {
    async fn ask(&self, method: &str, path: &str, body: &str) -> Option<Value> {
        let mut stream = UnixStream::connect(self.home.socket()).await.ok()?;
        let request = format!(
            "{method} {path} HTTP/1.1\r\nhost: station\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(request.as_bytes()).await.ok()?;
        let mut reader = BufReader::new(stream);
        let mut line = String::new();
        while reader.read_line(&mut line).await.ok()? > 2 {
            line.clear();
        }
        let mut answer = Vec::new();
        reader.read_to_end(&mut answer).await.ok()?;
        serde_json::from_slice(&answer).ok()
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        self.ask("GET", path, "").await.expect("an answer")
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Value {
        self.ask("POST", path, &body.to_string()).await.expect("an answer")
    }

    /// Writes an entry; gives its name.
    pub(crate) async fn write(&self, draft: Value) -> String {
        let answer = self.post("/v1/lines/test/entries?until=receipted&timeout_ms=20000", draft).await;
        assert_eq!(answer["receipted_by"].as_array().map(Vec::len), Some(1), "{answer}");
        answer["entry"].as_str().expect("an entry").to_owned()
    }

    async fn try_wait(&self, path: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let mut tries = tokio::time::interval(Duration::from_millis(5));
        loop {
            tries.tick().await;
            if let Some(found) = self.ask("GET", path, "").await.filter(&wanted) {
                return found;
            }
        }
    }

    async fn wait(&self, path: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        tokio::time::timeout(PATIENCE, self.try_wait(path, wanted))
            .await
            .unwrap_or_else(|_| panic!("{path}: not in time"))
    }

    /// An entry, once it is here and judged.
    pub(crate) async fn entry_with(&self, name: &str) -> Value {
        let path = format!("/v1/lines/test/entries/{name}");
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
        let settled = |answer: &Value| {
            answer["books"].as_array().is_some_and(|all| all.iter().all(|b| b["size"] == b["signed"]))
        };
        let answer = self.wait("/v1/lines/test/books", settled).await;
        let books = answer["books"].as_array().cloned().unwrap_or_default();
        books
            .iter()
            .map(|book| json!([book["book"], book["size"], book["root"]]))
            .filter(|book| book[1] != 0)
            .collect()
    }
}

impl Drop for Station {
    fn drop(&mut self) {
        self.task.abort();
    }
}
