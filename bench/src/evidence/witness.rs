//! How many checkpoints a witness takes a second, each durable before it is answered: `detente witness serve` as a process,
//! many logs that grow at once, over connections that are kept.
//!
//! All submissions are made and signed beforehand, so that what is measured is the witness. Every answer is held to the
//! witness's key afterwards. Torchwood's `litewitness` would stand beside it, where Go modules can be had.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use detente_record::note::{ED25519, signature_line};
use detente_record::witness::{Cosignature, submission};
use detente_record::{Fault, Frontier, Hash, Node, SecretKey, VerifierKey, base64, node_hash, proof};
use detente_station::witness::folder::Folder;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::figure::{Figure, Goal};
use crate::{Outcome, Run};

/// Logs, each over a connection of its own.
const LOGS: u8 = 64;
const NAME: &str = "witness.example/bench";

/// Kills its process at the end.
struct Serving(Child);

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A log whose leaves are its own.
struct Log {
    number: u8,
    key: SecretKey,
}

/// A submission as it goes out, and the checkpoint's text in it.
struct Prepared {
    request: Vec<u8>,
    text: String,
}

impl Log {
    fn new(number: u8) -> Self {
        Self { number, key: SecretKey::from_seed([number; 32]) }
    }

    fn origin(&self) -> String {
        format!("log.example/{}", self.number)
    }

    fn node(&self, node: Node) -> Hash {
        match node.level {
            0 => {
                let mut leaf = [self.number; 32];
                leaf[..8].copy_from_slice(&node.index.to_be_bytes());
                leaf
            }
            level => {
                let half = |index| self.node(Node { level: level - 1, index });
                node_hash(&half(2 * node.index), &half(2 * node.index + 1))
            }
        }
    }

    /// It grows leaf by leaf.
    fn submissions(&self, count: u64) -> Outcome<Vec<Prepared>> {
        let (mut tree, origin) = (Frontier::default(), self.origin());
        let mut prepared = Vec::new();
        for old in 0..count {
            tree.push(self.node(Node { level: 0, index: old }));
            let text = format!("{origin}\n{}\n{}\n", old + 1, base64(&tree.root()));
            let line = signature_line(&origin, ED25519, &self.key.public(), &self.key.sign(text.as_bytes()));
            let proof = proof::consistency::<Fault>(old, old + 1, |node| Ok(self.node(node)))?;
            let body = submission(old, &proof, &format!("{text}\n{line}"));
            let length = body.len();
            let head =
                format!("POST /add-checkpoint HTTP/1.1\r\nhost: w\r\ncontent-length: {length}\r\n\r\n");
            prepared.push(Prepared { request: (head + &body).into_bytes(), text });
        }
        Ok(prepared)
    }
}

/// Submits one after the other; gives the checkpoints and what was answered.
async fn push(at: SocketAddr, prepared: Vec<Prepared>) -> Outcome<Vec<(String, Vec<u8>)>> {
    let mut stream = tokio::io::BufReader::new(TcpStream::connect(at).await?);
    stream.get_ref().set_nodelay(true)?;
    let mut answers = Vec::with_capacity(prepared.len());
    for Prepared { request, text } in prepared {
        stream.write_all(&request).await?;
        let (mut line, mut length, mut status) = (String::new(), 0, String::new());
        loop {
            line.clear();
            if stream.read_line(&mut line).await? <= 2 {
                break;
            }
            if status.is_empty() {
                status.clone_from(&line);
            }
            if let Some(found) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = found.trim().parse()?;
            }
        }
        let mut body = vec![0; length];
        stream.read_exact(&mut body).await?;
        if !status.contains(" 200 ") {
            return Err(format!("{}: {}", status.trim(), String::from_utf8_lossy(&body)).into());
        }
        answers.push((text, body));
    }
    Ok(answers)
}

/// Measures a witness under load.
pub(crate) async fn measure(run: &Run, quick: bool) -> Outcome<Vec<Figure>> {
    let count = if quick { 20 } else { 200 };
    let folder = run.folder("witness")?.join("folder");
    let witness = Folder::at(&folder);
    let vkey = witness.make(NAME)?;
    let logs: Vec<Log> = (0..LOGS).map(Log::new).collect();
    let keys = logs.iter().map(|log| VerifierKey {
        name: log.origin(),
        signature_type: ED25519,
        key: log.key.public(),
    });
    witness.add(&keys.collect::<Vec<_>>())?;
    let prepared = logs.iter().map(|log| log.submissions(count)).collect::<Outcome<Vec<_>>>()?;
    let mut process = Command::new(&run.station)
        .args(["witness", "serve", "--listen", "127.0.0.1:0", "--folder"])
        .arg(&folder)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()?;
    let said = process.stdout.take().ok_or("the witness has no standard output")?;
    let _serving = Serving(process);
    let mut line = String::new();
    BufReader::new(said).read_line(&mut line)?;
    let at: SocketAddr =
        line.trim().strip_prefix("listening at ").ok_or("no address of the witness")?.parse()?;
    let began = Instant::now();
    let mut pushing = JoinSet::new();
    for prepared in prepared {
        pushing.spawn(push(at, prepared));
    }
    let mut answers = Vec::new();
    while let Some(pushed) = pushing.join_next().await {
        answers.extend(pushed??);
    }
    let seconds = began.elapsed().as_secs_f64();
    for (text, body) in &answers {
        Cosignature::from_answer(body, text, NAME, &vkey.key)?;
    }
    let each = answers.len() as f64 / seconds;
    let figure = format!("add-checkpoint/s durable, {LOGS} logs at once ({} in all)", answers.len());
    Ok(vec![Figure::beside(
        figure,
        each,
        "1/s",
        ("litewitness (Go modules cannot be had here)", None),
        Goal::AtLeast(1_000.0),
    )])
}
