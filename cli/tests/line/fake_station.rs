//! A Unix socket that answers HTTP as it is told, and notes what it was asked.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use serde_json::{Value, json};

/// 2017-04-06T22:40:00Z, what the station's clock shows.
pub(crate) const NOW_MS: u64 = 1_491_518_400_000;

/// A request.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Asked {
    /// Method and path, with the query: `GET /v1/station`.
    pub(crate) what: String,
    /// Its body, `null` if there is none.
    pub(crate) body: Value,
}

/// How a request is answered.
pub(crate) enum Answer {
    /// With this status and body.
    Text(u16, String),
    /// With these bytes and nothing else.
    Bytes(Vec<u8>),
    /// With these bytes, and then with silence for as long as the other side waits.
    Held(Vec<u8>),
}

/// A body with status 200.
pub(crate) fn ok(body: Value) -> Answer {
    Answer::Text(200, body.to_string())
}

/// An error of spec/api.md.
pub(crate) fn refused(status: u16, error: &str, found: &str) -> Answer {
    let body = json!({"error": error, "what": "permission", "expected": "an open line", "found": found, "hint": "propose the reopening"});
    Answer::Text(status, body.to_string())
}

/// The head of a stream of events.
pub(crate) const STREAM: &str = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n";

/// What a station of one line, `syria`, says when nothing else is to be tested.
pub(crate) fn usual(asked: &Asked) -> Answer {
    let query = asked.what.split_once('?').map_or(asked.what.as_str(), |(path, _)| path);
    match query {
        "GET /v1/station" => ok(json!({
            "version": "0.1.0", "started_ms": 7, "now_ms": NOW_MS,
            "lines": [{"name": "syria", "line": "00", "party": "usa"}],
        })),
        "GET /v1/lines/syria/memorandum" => {
            ok(json!({"name": "syria", "parties": [{"name": "usa"}, {"name": "rus"}]}))
        }
        "POST /v1/lines/syria/entries" => {
            ok(json!({"entry": "usa/Z/3", "durable": true, "receipted_by": ["rus"]}))
        }
        _ => refused(404, "UnknownEntry", "nothing"),
    }
}

/// A station of a folder of its own, until it is dropped.
pub(crate) struct FakeStation {
    home: PathBuf,
    asked: Arc<Mutex<Vec<Asked>>>,
}

/// What a command left behind.
#[derive(Debug)]
pub(crate) struct Left {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

/// A folder of its own, with a path that is short enough for a socket.
pub(crate) fn folder() -> PathBuf {
    static FOLDERS: AtomicU32 = AtomicU32::new(0);
    let name = format!("detente-cli-{}-{}", std::process::id(), FOLDERS.fetch_add(1, Ordering::Relaxed));
    let folder = std::env::temp_dir().join(name);
    fs::create_dir_all(&folder).unwrap();
    folder
}

/// The command, with nothing of the environment that would change what it does.
pub(crate) fn detente(home: &std::path::Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_detente"));
    for variable in ["DETENTE_LINE", "NO_COLOR", "XDG_STATE_HOME", "DETENTE_LANGUAGE"] {
        command.env_remove(variable);
    }
    command
        .env("LC_ALL", "C")
        .env("TERM", "xterm")
        .env("DETENTE_HOME", home)
        .args(arguments)
        .stdin(Stdio::null());
    command
}

/// Runs a command to its end.
pub(crate) fn run(mut command: Command) -> Left {
    let left = command.output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Left { code: left.status.code(), out: text(left.stdout), err: text(left.stderr) }
}

impl FakeStation {
    /// A station that answers as it is told.
    pub(crate) fn new(answer: impl Fn(&Asked) -> Answer + Send + Sync + 'static) -> Self {
        let home = folder();
        let listener = UnixListener::bind(home.join("station.sock")).unwrap();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (notes, answer) = (Arc::clone(&asked), Arc::new(answer));
        // Ends with the process: a listener cannot be woken but by a connection.
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (notes, answer) = (Arc::clone(&notes), Arc::clone(&answer));
                thread::spawn(move || serve(stream, &notes, answer.as_ref()));
            }
        });
        Self { home, asked }
    }

    /// A station that answers as usual, but for one request.
    pub(crate) fn but(what: &'static str, answer: impl Fn() -> Answer + Send + Sync + 'static) -> Self {
        Self::new(move |asked| if asked.what == what { answer() } else { usual(asked) })
    }

    /// Its folder.
    pub(crate) fn home(&self) -> &std::path::Path {
        &self.home
    }

    /// Runs the command against it.
    pub(crate) fn run(&self, arguments: &[&str]) -> Left {
        run(detente(&self.home, arguments))
    }

    /// What it was asked.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    /// The drafts that it got.
    pub(crate) fn drafts(&self) -> Vec<Value> {
        let posts = self.asked().into_iter().filter(|asked| asked.what.starts_with("POST"));
        posts.map(|asked| asked.body).collect()
    }
}

impl Drop for FakeStation {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.home);
    }
}

fn serve(stream: UnixStream, notes: &Mutex<Vec<Asked>>, answer: &(dyn Fn(&Asked) -> Answer + Send + Sync)) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let (mut head, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).unwrap_or(0) == 0 {
            return;
        }
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse().unwrap();
        }
        if line == "\r\n" {
            break;
        }
        head += &line;
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    let what = head.split_whitespace().take(2).collect::<Vec<_>>().join(" ");
    let asked = Asked { what, body: serde_json::from_slice(&body).unwrap_or_default() };
    notes.lock().unwrap().push(asked.clone());
    let (bytes, hold) = match answer(&asked) {
        Answer::Bytes(bytes) => (bytes, false),
        Answer::Held(bytes) => (bytes, true),
        Answer::Text(status, body) => {
            let length = body.len();
            (
                format!("HTTP/1.1 {status} x\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}")
                    .into(),
                false,
            )
        }
    };
    let mut writer = stream;
    // The other side may have gone, which is its right.
    let _ = writer.write_all(&bytes);
    if hold {
        let _ = reader.read(&mut [0]);
    }
}
