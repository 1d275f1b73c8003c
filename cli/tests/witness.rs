//! `detente witness` as its operator runs it: a process that is killed under load, and never cosigns two histories.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test whose scene cannot be set has failed"
)]

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use detente_record::note::{ED25519, signature_line};
use detente_record::witness::{Cosignature, submission, told_size};
use detente_record::{Fault, Frontier, Hash, Node, SecretKey, VerifierKey, base64, node_hash, proof};

/// A folder of its own, gone at the end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("detente-witness-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn detente(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_detente"));
    command.env("DETENTE_LANGUAGE", "en").arg("--home").arg(folder).args(arguments);
    command
}

fn done(folder: &Path, arguments: &[&str]) -> String {
    let Output { status, stdout, stderr } = detente(folder, arguments).output().unwrap();
    assert!(status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&stderr));
    String::from_utf8(stdout).unwrap().trim().to_owned()
}

/// A witness as a process; killed, without a word, when it goes out of sight.
struct Witness {
    process: Child,
    address: String,
}

impl Witness {
    fn start(folder: &Path) -> Self {
        let mut command = detente(folder, &["witness", "serve", "--listen", "127.0.0.1:0"]);
        let mut process = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim().strip_prefix("listening at ").expect("an address").to_owned();
        Self { process, address }
    }

    /// `kill -9`.
    fn kill(mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

impl Drop for Witness {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Submits over a connection of its own; none where the witness is gone.
fn submit(address: &str, body: &str) -> Option<(u16, String)> {
    let mut stream = TcpStream::connect(address).ok()?;
    let length = body.len();
    let head = format!(
        "POST /add-checkpoint HTTP/1.1\r\nhost: w\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n"
    );
    stream.write_all((head + body).as_bytes()).ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    let (head, body) = answer.split_once("\r\n\r\n")?;
    Some((head.split(' ').nth(1)?.parse().ok()?, body.to_owned()))
}

const ORIGIN: &str = "log.example/forked";

fn key() -> SecretKey {
    SecretKey::from_seed([7; 32])
}

/// A history of the log: leaves numbered from one on, so that every history is another.
fn leaf(history: u8, node: Node) -> Hash {
    match node.level {
        0 => {
            let mut leaf = [history; 32];
            leaf[..8].copy_from_slice(&node.index.to_be_bytes());
            leaf
        }
        level => {
            let half = |index| leaf(history, Node { level: level - 1, index });
            node_hash(&half(2 * node.index), &half(2 * node.index + 1))
        }
    }
}

/// The text and the note of a history's checkpoint.
fn checkpoint(history: u8, size: u64) -> (String, String) {
    let mut tree = Frontier::default();
    (0..size).for_each(|index| tree.push(leaf(history, Node { level: 0, index })));
    let text = format!("{ORIGIN}\n{size}\n{}\n", base64(&tree.root()));
    let line = signature_line(ORIGIN, ED25519, &key().public(), &key().sign(text.as_bytes()));
    let note = format!("{text}\n{line}");
    (text, note)
}

/// What was cosigned of each size.
type Cosigned = Mutex<BTreeMap<u64, String>>;

/// Pushes a history as far as it goes, whatever the witness says, until the witness is gone.
fn push(address: &str, history: u8, witness: &VerifierKey, cosigned: &Cosigned, count: &AtomicUsize) {
    let (mut known, mut size) = (0, 1);
    loop {
        let (text, note) = checkpoint(history, size);
        let proof =
            proof::consistency::<Fault>(known.min(size), size, |node| Ok(leaf(history, node))).unwrap();
        let Some((status, body)) = submit(address, &submission(known.min(size), &proof, &note)) else {
            return;
        };
        match status {
            200 => {
                let found = Cosignature::from_answer(body.as_bytes(), &text, &witness.name, &witness.key);
                found.expect("a cosignature that holds");
                let before = cosigned.lock().unwrap().insert(size, text.clone());
                assert!(before.is_none_or(|before| before == text), "two roots cosigned at size {size}");
                count.fetch_add(1, Ordering::Relaxed);
                (known, size) = (size, size + 1);
            }
            409 => match told_size(body.as_bytes()) {
                Ok(told) => {
                    known = told;
                    size = size.max(told + u64::from(history % 2));
                }
                Err(_) => size += 1,
            },
            422 => size = known.max(1),
            status => panic!("{status}: {body}"),
        }
        count.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn a_witness_killed_under_load_never_cosigns_two_histories() {
    let folder = Folder::new("killed");
    let vkey = VerifierKey::parse(&done(&folder.0, &["witness", "init", "w.example/1"])).unwrap();
    let log = VerifierKey { name: ORIGIN.into(), signature_type: ED25519, key: key().public() };
    let file = folder.0.join("keys.txt");
    std::fs::write(&file, format!("# a log\n{}\n", log.text())).unwrap();
    let added = done(&folder.0, &["witness", "add", file.to_str().unwrap()]);
    assert_eq!(added, "1 logs added, 0 were known");
    let cosigned: Arc<Cosigned> = Arc::default();
    for _ in 0..4 {
        let witness = Witness::start(&folder.0);
        let count = Arc::new(AtomicUsize::new(0));
        let pushers: Vec<_> = (0..4)
            .map(|history| {
                let (address, vkey) = (witness.address.clone(), vkey.clone());
                let (cosigned, count) = (Arc::clone(&cosigned), Arc::clone(&count));
                std::thread::spawn(move || push(&address, history, &vkey, &cosigned, &count))
            })
            .collect();
        while count.load(Ordering::Relaxed) < 200 && pushers.iter().any(|pusher| !pusher.is_finished()) {
            std::thread::yield_now();
        }
        witness.kill();
        pushers.into_iter().for_each(|pusher| pusher.join().expect("no two roots of one size"));
    }
    let cosigned = cosigned.lock().unwrap();
    assert!(cosigned.len() > 20, "only {} sizes", cosigned.len());
    let shown = done(&folder.0, &["--json", "witness", "show"]);
    let shown: serde_json::Value = serde_json::from_str(&shown).unwrap();
    let last = *cosigned.keys().max().unwrap();
    assert!(shown["cosigned"][0]["size"].as_u64() >= Some(last), "{last}: {shown:.300}");
    let findings = shown["findings"].as_array().unwrap();
    let convicts = |finding: &&serde_json::Value| finding["found"] != "unproved";
    assert!(findings.iter().any(|finding| convicts(&finding)), "four histories, and none is kept");
}

#[test]
fn what_is_wrong_with_a_list_or_a_folder_is_said_with_its_place() {
    let folder = Folder::new("wrong");
    let refused = |arguments: &[&str], says: &str| {
        let Output { status, stderr, .. } = detente(&folder.0, arguments).output().unwrap();
        let said = String::from_utf8(stderr).unwrap();
        assert!(!status.success() && said.contains(says) && said.contains("hint:"), "{says}: {said}");
    };
    refused(&["witness", "serve"], "cannot");
    let vkey = done(&folder.0, &["witness", "init", "w.example/1"]);
    refused(&["witness", "init", "w.example/2"], "expected no such file");
    refused(
        &["witness", "init", "w example", "--folder", folder.0.join("x").to_str().unwrap()],
        "verifier key",
    );
    let file = folder.0.join("keys.txt");
    let file = |text: &str| {
        std::fs::write(&file, text).unwrap();
        file.to_str().unwrap().to_owned()
    };
    refused(&["witness", "add", &file(&format!("\n{vkey}\n"))], "line 2: expected the key of a log");
    refused(&["witness", "add", &file("a+b+c\n")], "line 1:");
    refused(&["witness", "keys", "nowhere.toml"], "nowhere.toml");
    assert!(done(&folder.0, &["witness", "show"]).contains("nothing"));
}
