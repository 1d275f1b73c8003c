//! Two stations and their witnesses: one that works, and many that lie, stall or are not there.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test whose scene cannot be set has failed")]

mod parties;

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::{SystemTime, UNIX_EPOCH};

use detente_line::Keyring;
use detente_record::note::{COSIGNATURE, ED25519, signature_line};
use detente_record::witness::{Cosignature, Submission, submission};
use detente_record::{Frontier, SecretKey, VerifierKey, base64};
use detente_station::clock::Clock;
use detente_station::paper::{WitnessPart, WitnessingPart};
use detente_station::witness::folder::{Folder, line_keys};
use serde_json::{Value, json};

use parties::{Folder as Scratch, Party, agree_on};

/// Reads a request and gives its body.
fn body_of(stream: &TcpStream) -> Option<String> {
    let mut reader = BufReader::new(stream);
    let (mut line, mut length) = (String::new(), 0);
    while reader.read_line(&mut line).ok()? > 2 {
        if let Some(found) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = found.trim().parse().ok()?;
        }
        line.clear();
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    String::from_utf8(body).ok()
}

/// Asks a witness, over a connection of its own; gives status and body.
fn ask(at: SocketAddr, request: &str, body: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(at).unwrap();
    let head = format!(
        "{request} HTTP/1.1\r\nhost: w\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    // A witness may answer, and close, before it has read all of it.
    let _ = stream.write_all((head + body).as_bytes());
    let mut answer = String::new();
    let _ = stream.read_to_string(&mut answer);
    let (head, body) = answer.split_once("\r\n\r\n").expect("an answer");
    (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
}

fn submit(at: SocketAddr, text: &str) -> (u16, String) {
    ask(at, "POST /add-checkpoint", text)
}

fn now_s() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

fn answer(status: &str, kind: &str, body: &str) -> String {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\n\r\n{body}")
}

/// A witness that does as it likes; `lie` makes the answer to a submission's body, or none for ever.
fn liar(lie: impl Fn(&str) -> Option<String> + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        let mut stalled = Vec::new();
        for stream in listener.incoming().flatten() {
            let Some(body) = body_of(&stream) else { continue };
            match lie(&body) {
                Some(answer) => {
                    let _ = (&stream).write_all(answer.as_bytes());
                }
                None => stalled.push(stream),
            }
        }
    });
    format!("http://{address}")
}

const PLAIN: &str = "text/plain";
const SIZE: &str = "text/x.tlog.size";

/// Every liar: its name, what is told of it, and how it lies.
type Lie = Box<dyn Fn(&str) -> Option<String> + Send>;

fn lies(name: &'static str, seed: u8) -> Vec<(&'static str, &'static str, Lie)> {
    let cosigned = move |key: u8, seconds: u64, change: fn(&str) -> String| -> Lie {
        Box::new(move |body: &str| {
            let read = Submission::parse(body.as_bytes()).unwrap();
            let key = SecretKey::from_seed([key; 32]);
            let cosignature = Cosignature::sign(&change(read.note.text), seconds, &key);
            let shown = SecretKey::from_seed([seed; 32]).public();
            Some(answer("200 OK", PLAIN, &cosignature.note_line(name, &shown)))
        })
    };
    let says = |status: &'static str, kind: &'static str, body: &'static str| -> Lie {
        Box::new(move |_: &str| Some(answer(status, kind, body)))
    };
    vec![
        ("another key", "BadCosignature", cosigned(99, now_s(), str::to_owned)),
        (
            "another checkpoint",
            "BadCosignature",
            cosigned(seed, now_s(), |text| text.replace("\n1\n", "\n2\n")),
        ),
        ("a time of long ago", "ClocksApart", cosigned(seed, 1_000_000_000, str::to_owned)),
        ("a time to come", "ClocksApart", cosigned(seed, now_s() + 3_600, str::to_owned)),
        ("nothing", "BadAnswer", says("200 OK", PLAIN, "")),
        ("a page", "BadAnswer", says("200 OK", "text/html", "<html>welcome</html>\n")),
        ("a line of another", "BadCosignature", says("200 OK", PLAIN, "— other.example AAAAAAE=\n")),
        ("no end", "BadAnswer", Box::new(|_| Some(answer("200 OK", PLAIN, &"x".repeat(1 << 20))))),
        ("no HTTP", "Unreachable", Box::new(|_| Some("hello\n".into()))),
        (
            "half an answer",
            "Unreachable",
            Box::new(|_| Some("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nx".into())),
        ),
        ("an absurd size", "WitnessAhead", says("409 Conflict", SIZE, "9223372036854775807\n")),
        ("no size", "BadAnswer", says("409 Conflict", SIZE, "18446744073709551616\n")),
        ("the same size", "BadCosignature", says("409 Conflict", SIZE, "0\n")),
        ("another root", "WitnessDisagrees", says("409 Conflict", PLAIN, "fork\n")),
        ("no proof", "WitnessDisagrees", says("422 Unprocessable Entity", PLAIN, "")),
        ("no such log", "UnknownBook", says("404 Not Found", PLAIN, "")),
        ("no such key", "OtherKey", says("403 Forbidden", PLAIN, "")),
        ("it is ill", "Refused", says("500 Internal Server Error", PLAIN, "disk\n")),
        ("elsewhere", "Refused", says("302 Found", PLAIN, "")),
        ("silence", "Stalled", Box::new(|_| None)),
    ]
}

/// A witness at work in this process.
struct Working {
    address: SocketAddr,
    task: tokio::task::JoinHandle<()>,
    folder: Folder,
    _scratch: std::sync::Arc<Scratch>,
}

impl Working {
    /// One that knows logs; on a port that is free.
    async fn start(folder: Folder, scratch: std::sync::Arc<Scratch>, port: u16) -> Self {
        let (bound, address) = tokio::sync::oneshot::channel();
        let serving = folder.clone();
        let listen = SocketAddr::from(([127, 0, 0, 1], port));
        let task = tokio::spawn(async move {
            let served = detente_station::witness::serve(serving, listen, Clock::system(), |address| {
                bound.send(address).unwrap();
            });
            served.await.expect("a witness that goes on");
        });
        Self { address: address.await.expect("a witness that listens"), task, folder, _scratch: scratch }
    }
}

impl Drop for Working {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_witness_cosigns_and_liars_are_told_of_and_keep_nobody_waiting() {
    let scratch = Scratch::new();
    let folder = Folder::at(scratch.path().join("witness"));
    let vkey = folder.make("w.example/honest").unwrap();
    let port = free_port();
    let mut named = vec![WitnessPart {
        name: vkey.name.clone(),
        key: vkey.text(),
        url: format!("http://127.0.0.1:{port}"),
    }];
    let mut told: Vec<(String, &str)> = Vec::new();
    const NAMES: [&str; 20] = [
        "l/00", "l/01", "l/02", "l/03", "l/04", "l/05", "l/06", "l/07", "l/08", "l/09", "l/10", "l/11",
        "l/12", "l/13", "l/14", "l/15", "l/16", "l/17", "l/18", "l/19",
    ];
    for (place, name) in NAMES.into_iter().enumerate() {
        let seed = 100 + place as u8;
        let (_, error, lie) = lies(name, seed).swap_remove(place);
        let key = VerifierKey {
            name: name.into(),
            signature_type: COSIGNATURE,
            key: SecretKey::from_seed([seed; 32]).public(),
        };
        named.push(WitnessPart { name: name.into(), key: key.text(), url: liar(lie) });
        told.push((name.into(), error));
    }
    let gone = SecretKey::from_seed([90; 32]).public();
    named.push(WitnessPart {
        name: "l/gone".into(),
        key: detente_record::hex(gone.bytes()),
        url: format!("http://127.0.0.1:{}", free_port()),
    });
    told.push(("l/gone".into(), "Unreachable"));
    let mut parties = [Party::new("usa"), Party::new("rus")];
    let memorandum = agree_on("test", &mut parties, |paper| {
        paper.witness = named;
        paper.witnessing = Some(WitnessingPart { every: 1_000 });
    });
    folder.add(&line_keys(&memorandum.line(), &Keyring::of(&memorandum, &[]))).unwrap();
    let witness = Working::start(folder, scratch, port).await;
    let [usa, rus] = parties.each_ref().map(Party::start);
    usa.circuits_ready("test", 1).await;
    rus.circuits_ready("test", 1).await;

    // Nothing waits for any of them.
    let name =
        usa.write(json!({"kind": "message", "precedence": "flash", "text": "You are hitting us."})).await;
    rus.entry_with(&name).await;
    let of = |status: &Value, name: &str| {
        let all = status["witnesses"].as_array().cloned().unwrap_or_default();
        all.into_iter().find(|witness| witness["name"] == name).unwrap_or_default()
    };
    for station in [&usa, &rus] {
        let cosigned = |status: &Value| {
            let witness = of(status, "w.example/honest");
            witness["cosigned"]["usa/Z"]["size"] == 1 && witness["troubles"] == json!([])
        };
        station.wait("/v1/lines/test", cosigned).await;
    }
    let all_told = |status: &Value| {
        told.iter().all(|(name, error)| {
            let witness = of(status, name);
            let troubles = witness["troubles"].as_array().cloned().unwrap_or_default();
            witness["cosigned"] == json!({}) && troubles.iter().any(|trouble| trouble["error"] == **error)
        })
    };
    let status = usa.wait("/v1/lines/test", all_told).await;
    let fields =
        |trouble: &Value| ["error", "found", "hint"].map(|field| trouble[field].as_str().unwrap_or("").len());
    for (name, _) in &told {
        let troubles = of(&status, name)["troubles"].as_array().cloned().unwrap_or_default();
        assert!(
            troubles.iter().all(|trouble| fields(trouble).iter().all(|length| *length > 3)),
            "{troubles:?}"
        );
        assert_eq!(usa.check(&format!("test: witness {name}")).await["ok"], false, "{name}");
    }
    assert_eq!(usa.check("test: witness w.example/honest").await["ok"], true);

    // It goes on from where it was, and what was cosigned holds.
    let name = usa.write(json!({"kind": "message", "precedence": "flash", "text": "Cease."})).await;
    rus.entry_with(&name).await;
    let grown = |status: &Value| of(status, "w.example/honest")["cosigned"]["usa/Z"]["size"] == 2;
    usa.wait("/v1/lines/test", grown).await;
    let verified = usa.post("/v1/lines/test/verify", json!({})).await;
    assert_eq!(verified["ok"], true, "{verified}");
    let books = verified["books"].as_array().unwrap();
    let flash = books.iter().find(|book| book["book"] == "usa/Z").unwrap();
    assert_eq!(flash["cosignatures_checked"], 2, "{flash}");
    let (status, said) = ask(witness.address, "GET /forks", "");
    assert_eq!((status, said.as_str()), (200, "none\n"));
}

/// A log of numbered leaves, signed with one key, of one history or another.
struct Log {
    key: SecretKey,
    history: u8,
}

impl Log {
    const ORIGIN: &str = "log.example/1";

    fn vkey(&self) -> VerifierKey {
        VerifierKey { name: Self::ORIGIN.into(), signature_type: ED25519, key: self.key.public() }
    }

    fn note(&self, size: u64) -> String {
        let mut tree = Frontier::default();
        (0..size).for_each(|leaf| tree.push([self.history.wrapping_add(leaf as u8); 32]));
        let text = format!("{}\n{size}\n{}\n", Self::ORIGIN, base64(&tree.root()));
        let line = signature_line(Self::ORIGIN, ED25519, &self.key.public(), &self.key.sign(text.as_bytes()));
        format!("{text}\n{line}")
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fork_that_is_shown_is_caught_and_kept() {
    let scratch = Scratch::new();
    let folder = Folder::at(scratch.path().join("witness"));
    let vkey = folder.make("w.example").unwrap();
    let [log, fork] = [0, 100].map(|history| Log { key: SecretKey::from_seed([7; 32]), history });
    let stranger = Log { key: SecretKey::from_seed([8; 32]), history: 0 };
    assert_eq!(folder.add(&[log.vkey()]).unwrap(), 1);
    assert_eq!(folder.add(&[log.vkey()]).unwrap(), 0);
    let witness = Working::start(folder, scratch, 0).await;
    let at = witness.address;
    let (status, said) = ask(at, "GET /", "");
    assert!(status == 200 && said.contains(&vkey.text()), "{said}");

    let first = submission(0, &[], &log.note(1));
    let (status, cosigned) = submit(at, &first);
    let checkpoint = log.note(1).split("\n\n").next().unwrap().to_owned() + "\n";
    let cosignature = Cosignature::from_answer(cosigned.as_bytes(), &checkpoint, "w.example", &vkey.key);
    assert!(status == 200 && cosignature.unwrap().seconds.abs_diff(now_s()) < 60);
    // From one leaf to two, the proof is the second leaf.
    assert_eq!(submit(at, &submission(1, &[[1; 32]], &log.note(2))).0, 200);
    assert_eq!(submit(at, &submission(2, &[], &log.note(2))).0, 200, "the same again");
    assert_eq!(submit(at, &submission(0, &[], &log.note(9))), (409, "2\n".into()));
    assert_eq!(submit(at, &submission(3, &[], &log.note(2))).0, 400);
    assert_eq!(submit(at, &submission(2, &[[9; 32]], &log.note(3))).0, 422, "of no known meaning");
    assert_eq!(submit(at, &submission(2, &[], &stranger.note(3))).0, 403);
    assert_eq!(submit(at, &submission(2, &[], &log.note(3).replace("log.example", "lag.example"))).0, 404);
    assert_eq!(submit(at, "garbage").0, 400);
    assert_eq!(submit(at, &"x".repeat(70_000)).0, 413);
    assert_eq!(ask(at, "GET /add-checkpoint", "").0, 405);
    assert_eq!(ask(at, "GET /etc/passwd", "").0, 404);

    let (status, said) = submit(at, &submission(2, &[], &fork.note(2)));
    assert_eq!(status, 409, "{said}");
    assert!(!said.starts_with(char::is_numeric), "{said}");
    // Once more, by somebody who does not know what the witness knows.
    assert_eq!(submit(at, &submission(0, &[], &fork.note(2))), (409, "2\n".into()));
    let (_, forks) = ask(at, "GET /forks", "");
    assert!(forks.contains(&log.note(2)) && forks.contains(&fork.note(2)), "{forks}");
    assert_eq!(forks.matches("this convicts whoever holds the log's key").count(), 1, "{forks}");
    assert_eq!(submit(at, &submission(2, &[], &log.note(2))).0, 200, "the first history goes on");
    let look = detente_station::witness::memory::Look::open(&witness.folder.memory()).unwrap();
    assert_eq!(look.cosigned().unwrap()[0].size, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_witness_without_its_memory_does_not_begin_anew() {
    let scratch = Scratch::new();
    let folder = Folder::at(scratch.path().join("witness"));
    folder.make("w.example").unwrap();
    assert!(folder.make("w.example").is_err(), "a key is never overwritten");
    std::fs::remove_file(folder.memory()).unwrap();
    let listen = SocketAddr::from(([127, 0, 0, 1], 0));
    let ended = detente_station::witness::serve(folder.clone(), listen, Clock::system(), |_| ()).await;
    assert!(ended.is_err() && !folder.memory().exists());
}
