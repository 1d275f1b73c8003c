//! Requests to the API of a station of a line of its own (spec/api.md).
//!
//! One station answers a whole run: what it has taken stays, as with any station. [`end`] ends it, and its folder is gone.

use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use detente_line::Office;
use detente_station::clock::Clock;
use detente_station::keys::Keys;
use detente_station::paper::{Card, Paper};
use detente_station::{Home, home};
use serde_json::Value;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::oneshot;

/// Longest wait for the first bytes of an answer.
const PATIENCE: Duration = Duration::from_secs(20);
const LINE: &str = "test";

/// How long what a station has under way has when it ends.
const LAST_WORDS: Duration = Duration::from_secs(5);

struct Answering {
    socket: PathBuf,
    /// Method and path of every call, by the station's own description.
    calls: Vec<(String, String)>,
    folder: PathBuf,
    stop: Option<oneshot::Sender<()>>,
    running: Option<JoinHandle<()>>,
}

impl Drop for Answering {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(running) = self.running.take() {
            let _ = running.join();
        }
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

static STATION: Mutex<Option<Arc<Answering>>> = Mutex::new(None);

/// Ends the station, if one has begun.
pub(crate) fn end() {
    STATION.lock().unwrap_or_else(PoisonError::into_inner).take();
}

/// No request to any call of the API makes a station panic, say nothing, or say that it has failed.
///
/// A request is made of bytes: the first one says which call of the description it is, the first line behind it what stands in the
/// path's places, separated by spaces, and the second what is asked. The rest is the body.
///
/// # Panics
/// If the station does not answer, or says that it has failed: both are findings.
pub fn api(bytes: &[u8]) {
    let station = Arc::clone(
        STATION.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert_with(|| Arc::new(begin())),
    );
    let Some((which, rest)) = bytes.split_first() else { return };
    let (method, path) = &station.calls[usize::from(*which) % station.calls.len()];
    let mut parts = rest.splitn(3, |byte| *byte == b'\n');
    let mut part = || parts.next().unwrap_or_default();
    let (places, asked, body) = (part(), part(), part());
    let mut places = places.split(|byte| *byte == b' ');
    let mut target = String::new();
    for piece in path.split('/').skip(1) {
        target.push('/');
        match piece.strip_prefix('{').map(|name| name.trim_end_matches('}')) {
            None => target += piece,
            Some("line") => target += LINE,
            Some(_) => target += &escaped(places.next().unwrap_or_default(), b""),
        }
    }
    if !asked.is_empty() {
        target = target + "?" + &escaped(asked, b"=&%+");
    }
    let status = station.status(method, &target, body);
    assert!(status < 500, "{method} {target} with {:?}: {status}", String::from_utf8_lossy(body));
}

/// Bytes as a request's target may have them; those of `plain` stand for themselves.
fn escaped(bytes: &[u8], plain: &[u8]) -> String {
    let mut text = String::new();
    for byte in bytes {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(byte) || plain.contains(byte) {
            text.push(char::from(*byte));
        } else {
            text += &format!("%{byte:02X}");
        }
    }
    text
}

impl Answering {
    fn ask(&self, method: &str, target: &str, body: &[u8]) -> UnixStream {
        let mut stream = UnixStream::connect(&self.socket).expect("a station that listens");
        stream.set_read_timeout(Some(PATIENCE)).expect("a time limit");
        let kind = if body.first().is_some_and(|byte| b"{[\"".contains(byte)) {
            "application/json"
        } else {
            "application/octet-stream"
        };
        let head = format!(
            "{method} {target} HTTP/1.1\r\nhost: station\r\nconnection: close\r\ncontent-type: {kind}\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        // A station may answer, and close, before it has read all of it.
        let _ = stream.write_all(&[head.as_bytes(), body].concat());
        stream
    }

    /// Of an answer only its status: the rest may be a stream without an end.
    fn status(&self, method: &str, target: &str, body: &[u8]) -> u16 {
        let mut first = [0; 12];
        let read = self.ask(method, target, body).read_exact(&mut first);
        read.unwrap_or_else(|cause| panic!("{method} {target}: {cause}"));
        let status = std::str::from_utf8(&first[9..]).ok().and_then(|status| status.parse().ok());
        status.expect("a status")
    }
}

fn begin() -> Answering {
    let folder = std::env::temp_dir().join(format!("detente-fuzz-{}", std::process::id()));
    let home = Home::at(&folder);
    let offices = [(1, "watch officer", 0), (2, "duty officer", 1)];
    let offices = offices.map(|(number, name, rank)| Office { number, name: name.into(), rank }).to_vec();
    let keys = ["usa", "rus"].map(|name| Keys::generate(name).expect("keys"));
    let cards =
        keys.iter().map(|keys| Card::of(&keys.card(keys.party(), vec!["en".into()], offices.clone())));
    let mut paper = Paper::draft(LINE, cards.collect());
    let memorandum = paper.memorandum(Path::new("test")).expect("a memorandum");
    for keys in &keys {
        paper.add_signature(keys.party(), &memorandum.sign(&keys.book_key()));
    }
    home.make(&home.line(LINE)).expect("a folder");
    keys[0].write(&home.keys(LINE)).expect("keys that are kept");
    home::write(&home.memorandum(LINE), &paper.text(), 0o600, true).expect("a memorandum that is kept");
    home::write(&home.config(), "listen = \"127.0.0.1:0\"\n", 0o600, true)
        .expect("a configuration that is kept");
    let socket = home.socket();
    let (stop, told) = oneshot::channel();
    let running = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = runtime.expect("threads");
        runtime.block_on(async {
            // A station may close before it has read all of a request, which must not end this program.
            let _pipes = signal(SignalKind::pipe()).expect("signals");
            tokio::select! {
                ended = detente_station::run(home, Clock::system()) => {
                    // Whoever told it to end, there is nothing left to ask.
                    std::process::exit(i32::from(ended.is_err()));
                }
                _ = told => {}
            }
        });
        runtime.shutdown_timeout(LAST_WORDS);
    });
    let mut station =
        Answering { socket, calls: Vec::new(), folder, stop: Some(stop), running: Some(running) };
    while UnixStream::connect(&station.socket).is_err() {
        std::thread::yield_now();
    }
    let mut described = Vec::new();
    let _ = station.ask("GET", "/v1/openapi.json", b"").read_to_end(&mut described);
    let body = described.windows(4).position(|at| at == b"\r\n\r\n").map_or(0, |at| at + 4);
    let described: Value = serde_json::from_slice(&described[body..]).expect("a description");
    let paths = described["paths"].as_object().expect("its paths");
    for (path, methods) in paths {
        for method in methods.as_object().into_iter().flat_map(|methods| methods.keys()) {
            let method = method.to_uppercase();
            if ["GET", "POST", "PUT", "DELETE", "PATCH"].contains(&method.as_str()) {
                station.calls.push((method, path.clone()));
            }
        }
    }
    assert!(!station.calls.is_empty());
    station
}
