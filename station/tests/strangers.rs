//! Bad bytes on a circuit of a whole station: each is refused by name, what a key has signed is kept as evidence, and
//! the station goes on as if nothing had been.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot be set up fails"
)]

mod parties;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use detente_line::airspace::altitude::Band;
use detente_line::airspace::cover;
use detente_line::airspace::span::Span;
use detente_line::airspace::volume::Volume;
use detente_line::frame::{self, Frame, Hello};
use detente_line::{Content, Memorandum, Message, Notice, Position};
use detente_record::{
    Book, BookSecret, Checkpoint, Class, Entry, EntryRef, Frontier, LineId, LineSecret, Party as Number,
    SignedCheckpoint, leaf_hash,
};
use detente_station::circuit::{Callee, CircuitError, Endpoint, FrameReceiver, FrameSender, LineIdentity};
use parties::disk::SmallDisk;
use parties::{PATIENCE, Party, agree, two};
use serde_json::{Value, json};
use tokio::net::UdpSocket;
use zeroize::Zeroizing;

/// A circuit, and the endpoint that it is of.
type Dialled = (FrameSender, FrameReceiver, Endpoint);

/// Whoever holds the keys of `rus` and does not run our program.
struct Liar {
    memorandum: Memorandum,
    party: Party,
    at: SocketAddr,
}

impl Liar {
    /// The line's second party, who lies to the first.
    fn of(memorandum: Memorandum, [usa, rus]: [Party; 2]) -> (Party, Self) {
        let at = SocketAddr::from(([127, 0, 0, 1], usa.port));
        (usa, Self { memorandum, party: rus, at })
    }

    fn number(&self) -> Number {
        self.memorandum.party_named("rus").unwrap()
    }

    async fn dial(&self, seed: Zeroizing<[u8; 32]>) -> Result<Dialled, CircuitError> {
        let usa = self.memorandum.member(self.memorandum.party_named("usa").unwrap()).unwrap().station_key;
        let line = self.memorandum.line().0;
        let identity = LineIdentity::new(line, seed, vec![usa]);
        let endpoint = Endpoint::bind(SocketAddr::from(([127, 0, 0, 1], 0)), vec![identity]).unwrap();
        let (sender, receiver) = endpoint.dial(Callee::new(&line, &usa), self.at).await?.split();
        Ok((sender, receiver, endpoint))
    }

    fn hello(&self) -> Hello {
        Hello {
            version: 1,
            line: self.memorandum.line(),
            memorandum: self.memorandum.hash(),
            party: self.number(),
            sizes: [].into(),
            receipts: [].into(),
            heads: [].into(),
        }
    }

    /// Says frames on a circuit of its own; gives the code and text of the refusal that comes back.
    async fn say(&self, frames: &[Vec<u8>]) -> (u16, String) {
        let (mut sender, mut receiver, _endpoint) =
            self.dial(self.party.keys("test").station_seed()).await.unwrap();
        for frame in frames {
            sender.send(frame).await.unwrap();
        }
        let refusal = async {
            loop {
                let frame = receiver.receive().await.unwrap().expect("a refusal before the end");
                if let Frame::Refusal { code, text } = Frame::decode(&frame).unwrap() {
                    return (code, text.to_string());
                }
            }
        };
        let refused = tokio::time::timeout(PATIENCE, refusal).await.expect("a refusal");
        let ended =
            tokio::time::timeout(PATIENCE, async { while let Ok(Some(_)) = receiver.receive().await {} });
        ended.await.expect("an end of the circuit");
        refused
    }

    /// An entry in its book of O, and its checkpoint.
    fn signed(&self, bytes: &[u8]) -> SignedCheckpoint {
        let (book, line) = (self.book(), self.memorandum.line());
        let identity = self.party.keys("test").identity(self.number());
        let mut frontier = Frontier::default();
        let secret = BookSecret::new(&identity.secret, &book.origin(&line));
        frontier.push(leaf_hash(&secret.blind(0), bytes));
        Checkpoint { book, size: 1, root: frontier.root() }.sign(&line, &identity.book_key)
    }

    fn book(&self) -> Book {
        Book { generation: 0, party: self.number(), class: Class::O }
    }

    /// Entries in a book of its, as steps.
    fn steps(&self, class: Class, entries: &[Vec<u8>]) -> Vec<Vec<u8>> {
        let (book, line) = (Book { class, ..self.book() }, self.memorandum.line());
        let identity = self.party.keys("test").identity(self.number());
        let secret = BookSecret::new(&identity.secret, &book.origin(&line));
        let mut frontier = Frontier::default();
        let steps = entries.chunks(64).map(|entries| {
            let first = frontier.size() + 1;
            for bytes in entries {
                frontier.push(leaf_hash(&secret.blind(frontier.size()), bytes));
            }
            let head = Checkpoint { book, size: frontier.size(), root: frontier.root() };
            frame::step(book, first, entries, &head.sign(&line, &identity.book_key).signature)
        });
        steps.collect()
    }

    /// Hello and secret: what every conversation begins with.
    fn opening(&self) -> Vec<Vec<u8>> {
        let identity = self.party.keys("test").identity(self.number());
        vec![frame::hello(&self.hello()), frame::secret(self.number(), 0, &identity.secret)]
    }
}

fn message(text: &str) -> Vec<u8> {
    said(1, 1, &[], &Content::Message(Message { text: text.into(), ..Message::default() }))
}

/// An entry's bytes, by its serial and the office that releases it.
fn said(serial: u64, office: u16, regards: &[EntryRef], content: &Content) -> Vec<u8> {
    let entry = Entry {
        serial,
        time_ms: 1_800_000_000_000,
        clock_held: false,
        office,
        language: None,
        regards: regards.into(),
        cut: [].into(),
        vector: None,
        kind: content.kind(),
        body: content.encode(),
        second: None,
    };
    entry.encode().unwrap()
}

fn line_of_two() -> (Party, Liar) {
    line_of(["usa", "rus"].map(Party::new))
}

fn line_of(mut parties: [Party; 2]) -> (Party, Liar) {
    let memorandum = agree("test", &mut parties);
    Liar::of(memorandum, parties)
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_bytes_are_refused_by_name_and_the_next_circuit_is_served() {
    let (usa, liar) = line_of_two();
    let station = usa.up().await;
    let hello = liar.hello();
    let good = frame::hello(&hello);
    let ping = frame::ping(7);
    assert_eq!(ping, [0x82, 4, 7], "what is made non-canonical below");
    let not_its_own = frame::secret(liar.number(), 0, &LineSecret::from_bytes([9; 32]));
    let cases: [(&str, u16, &str, Vec<Vec<u8>>); 11] = [
        ("garbage", 1, "Malformed", vec![vec![0xff; 500]]),
        ("nothing", 1, "Malformed", vec![Vec::new()]),
        ("truncated", 1, "Malformed", vec![good[..good.len() - 5].to_vec()]),
        ("too long by a byte", 1, "Malformed", vec![[good.as_slice(), &[0]].concat()]),
        ("non-canonical", 1, "Malformed", vec![good.clone(), vec![0x82, 4, 0x18, 7]]),
        ("an unknown frame", 1, "a type from 0 to 16", vec![good.clone(), vec![0x82, 17, 0]]),
        ("another version", 4, "protocol version: expected 1, found 2", {
            vec![frame::hello(&Hello { version: 2, ..hello.clone() })]
        }),
        ("another line", 2, "line: expected", {
            vec![frame::hello(&Hello { line: LineId([9; 32]), ..hello.clone() })]
        }),
        ("another party", 5, "party: expected 1, found 0", {
            vec![frame::hello(&Hello { party: Number::new(0).unwrap(), ..hello.clone() })]
        }),
        ("no hello", 6, "a hello first", vec![ping]),
        ("a secret of nobody", 7, "line secret", vec![good, not_its_own]),
    ];
    for (name, code, text, frames) in cases {
        let (found, said) = liar.say(&frames).await;
        assert_eq!(found, code, "{name}: {said}");
        assert!(said.contains(text) && said.contains("expected") && said.contains("found"), "{name}: {said}");
    }
    // None of this was signed, so none of it proves anything against anybody.
    let evidence = station.get("/v1/lines/test/evidence").await;
    assert_eq!(evidence["evidence"], json!([]));
    let rus = liar.party.up().await;
    assert_eq!(
        rus.write(json!({"kind": "message", "precedence": "Z", "text": "The true one."})).await,
        "rus/Z/1"
    );
    station.entry_with("rus/Z/1").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_is_not_of_the_line_gets_no_circuit() {
    let (usa, liar) = line_of_two();
    let station = usa.up().await;
    let error = match liar.dial(Zeroizing::new([7; 32])).await {
        Err(error) => error,
        Ok((mut sender, mut receiver, _endpoint)) => {
            // The dialer may take the handshake for done before it hears of the refusal.
            let _ = sender.send(&frame::hello(&liar.hello())).await;
            tokio::time::timeout(PATIENCE, receiver.receive()).await.unwrap().unwrap_err()
        }
    };
    assert!(!error.hint().is_empty(), "{error}");
    assert_eq!(station.get("/v1/lines/test").await["circuits"], json!([]));
}

/// Waits for an entry of the liar's, judged or marked.
async fn marked(station: &parties::Station, name: &str) -> Value {
    let path = format!("/v1/lines/test/entries/{name}");
    station.wait(&path, |entry| entry["unjudged"] == false && entry["entry"] == name).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signed_entry_that_nobody_can_read_is_kept_marked_and_receipted() {
    let (usa, liar) = line_of_two();
    let station = usa.up().await;
    let (mut sender, mut receiver, _endpoint) =
        liar.dial(liar.party.keys("test").station_seed()).await.unwrap();
    let bytes = vec![0xff; 40];
    let step = frame::step(liar.book(), 1, std::slice::from_ref(&bytes), &liar.signed(&bytes).signature);
    for frame in liar.opening().into_iter().chain([step]) {
        sender.send(&frame).await.unwrap();
    }
    let receipted = async {
        loop {
            let frame = receiver.receive().await.unwrap().expect("a receipt before the end");
            if let Frame::Receipt(receipt) = Frame::decode(&frame).unwrap() {
                return receipt;
            }
        }
    };
    let receipt = tokio::time::timeout(PATIENCE, receipted).await.expect("a receipt");
    assert_eq!((receipt.book, receipt.size), (liar.book(), 1));
    let entry = marked(&station, "rus/O/1").await;
    assert_eq!(entry["marked"]["error"], "Malformed", "{entry}");
    assert_eq!(entry["bytes"], 40);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_step_that_its_author_did_not_sign_is_not_taken() {
    let (usa, liar) = line_of_two();
    let station = usa.up().await;
    let (mut sender, receiver, _endpoint) = liar.dial(liar.party.keys("test").station_seed()).await.unwrap();
    let (said, signed) = (message("we saw them leave"), message("we never saw them"));
    let step = frame::step(liar.book(), 1, std::slice::from_ref(&said), &liar.signed(&signed).signature);
    let good = frame::step(liar.book(), 1, std::slice::from_ref(&signed), &liar.signed(&signed).signature);
    for frame in liar.opening().into_iter().chain([step, good]) {
        sender.send(&frame).await.unwrap();
    }
    let entry = marked(&station, "rus/O/1").await;
    assert_eq!(entry["body"]["text"], "we never saw them", "{entry}");
    drop((sender, receiver));
}

/// The liar dials and says one thing, which the station has judged by then.
async fn says(liar: &Liar, station: &parties::Station, text: &str) -> Dialled {
    let mut dialled = liar.dial(liar.party.keys("test").station_seed()).await.unwrap();
    let said = message(text);
    let step = frame::step(liar.book(), 1, std::slice::from_ref(&said), &liar.signed(&said).signature);
    for frame in liar.opening().into_iter().chain([step]) {
        dialled.0.send(&frame).await.unwrap();
    }
    marked(station, "rus/O/1").await;
    dialled
}

#[tokio::test(flavor = "multi_thread")]
async fn two_signed_heads_are_evidence_that_outlives_the_station() {
    let (usa, liar) = line_of_two();
    let station = usa.up().await;
    let (mut sender, _receiver, _endpoint) = says(&liar, &station, "we saw them leave").await;
    sender.send(&frame::head(&liar.signed(&message("we never saw them")))).await.unwrap();
    let found = |answer: &Value| answer["evidence"].as_array().is_some_and(|all| all.len() == 1);
    let evidence = station.wait("/v1/lines/test/evidence", found).await;
    let what = evidence["evidence"][0]["what"].as_str().unwrap();
    assert!(
        what.contains("one history of a book") && what.contains("both signed, that cannot both be true"),
        "{what}"
    );
    assert!(evidence["evidence"][0]["proof"].as_str().unwrap().len() > 200, "{evidence}");
    assert_eq!(station.check("test: evidence").await["ok"], false);
    station.lost("test").await;
    let again = usa.up().await;
    assert_eq!(again.wait("/v1/lines/test/evidence", found).await, evidence);
}

#[tokio::test(flavor = "multi_thread")]
async fn evidence_found_on_a_full_disk_outlives_the_station() {
    let disk = SmallDisk::mount(200);
    let (usa, liar) = line_of(disk.strangers());
    let station = usa.up().await;
    let (mut sender, _receiver, _endpoint) = says(&liar, &station, "we saw them leave").await;
    disk.fill_but("ballast", 0);
    sender.send(&frame::head(&liar.signed(&message("we never saw them")))).await.unwrap();
    let found = |answer: &Value| answer["evidence"].as_array().is_some_and(|all| all.len() == 1);
    let evidence = station.wait("/v1/lines/test/evidence", found).await;
    // Not even a word from the liar helps the next start: there is no circuit, and still not a byte.
    drop(sender);
    station.lost("test").await;
    let again = usa.up().await;
    assert_eq!(again.get("/v1/lines/test/evidence").await, evidence);
}

/// Void notices that the liar floods the line with: more than any part of a station keeps in memory.
const FLOOD: u64 = 4_500;

/// A notice of the liar's, by its number in the book, released by an office.
fn notice(number: u64, office: u16) -> Vec<u8> {
    let place = Position::new(345_000_000, 370_000_000).unwrap();
    let area = cover::circle(place, 1_000_000, cover::TOLERANCE_PPM).unwrap();
    let span = Span::new(1_900_000_000_000, 1_900_000_600_000).unwrap();
    let content = Content::Notice(Notice {
        kind: "activity".into(),
        text: "so".into(),
        volumes: vec![Volume::new(area, Band::ALL, span)],
        fields: [].into(),
        emergency: false,
        waypoints: Vec::new(),
    });
    said(number, office, &[], &content)
}

/// The flood, released by an office that the liar does not have, then one sound notice.
fn flood(liar: &Liar) -> Vec<Vec<u8>> {
    let notices = (1..=FLOOD).map(|number| notice(number, 99)).chain([notice(FLOOD + 1, 1)]);
    liar.steps(Class::P, &notices.collect::<Vec<_>>())
}

/// Only the sound notice is in force, and people are told why the first is not.
async fn shows_what_is_sound(station: &parties::Station) {
    let sound = format!("rus/P/{}", FLOOD + 1);
    station.entry_with(&sound).await;
    let listed = station.get("/v1/lines/test/notices?all=true&party=rus").await;
    let names: Vec<&Value> = listed["notices"].as_array().unwrap().iter().map(|one| &one["entry"]).collect();
    assert_eq!(names, [&json!(sound)]);
    let first = station.entry_with("rus/P/1").await;
    assert_eq!(
        (&first["marked"]["error"], &first["marked"]["what"]),
        (&json!("Misbehaved"), &json!("office"))
    );
    let list = station.get("/v1/lines/test/entries?book=rus/P&limit=1").await;
    assert_eq!(list["entries"][0]["marked"], first["marked"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_void_acknowledgement_acknowledges_nothing() {
    let (usa, liar) = line_of_two();
    let station = usa.up().await;
    let draft = json!({"kind": "message", "precedence": "R", "text": "Say that you have it."});
    station.post("/v1/lines/test/entries", draft).await;
    let subject = Book { generation: 0, party: Number::new(0).unwrap(), class: Class::R };
    let subject = EntryRef { book: subject, number: 1 };
    let acknowledges = Content::Acknowledgement { text: None };
    let entries = [said(1, 99, &[subject], &acknowledges), said(2, 1, &[subject], &acknowledges)];
    let (mut sender, _receiver, _endpoint) = liar.dial(liar.party.keys("test").station_seed()).await.unwrap();
    for frame in liar.opening().into_iter().chain(liar.steps(Class::R, &entries)) {
        sender.send(&frame).await.unwrap();
    }
    station.entry_with("rus/R/2").await;
    let asked = station.get("/v1/lines/test/entries/usa/R/1").await;
    assert_eq!(asked["acknowledged"], json!({"rus": "rus/R/2"}), "rus/R/1 is void");
}

#[tokio::test(flavor = "multi_thread")]
async fn void_notices_stay_out_of_force_however_many_there_are() {
    let (usa, liar) = line_of_two();
    let station = usa.up().await;
    let (mut sender, mut receiver, _endpoint) =
        liar.dial(liar.party.keys("test").station_seed()).await.unwrap();
    for frame in liar.opening().into_iter().chain(flood(&liar)) {
        sender.send(&frame).await.unwrap();
        // Whoever leaves pings unanswered for as long as a slow machine takes over all this is given up.
        while let Ok(Ok(Some(came))) = tokio::time::timeout(Duration::ZERO, receiver.receive()).await {
            if let Ok(Frame::Ping(nonce)) = Frame::decode(&came) {
                sender.send(&frame::pong(nonce)).await.unwrap();
            }
        }
    }
    shows_what_is_sound(&station).await;
    drop((sender, receiver));
    station.lost("test").await;

    let again = usa.up().await;
    shows_what_is_sound(&again).await;
    again.lost("test").await;

    // As a build before format 2 has left it: nobody knows what is void until the record is judged again.
    let direct = rusqlite::Connection::open(usa.home.store("test").join("line.db")).unwrap();
    direct.execute_batch("DROP TABLE void; PRAGMA user_version = 1").unwrap();
    drop(direct);
    shows_what_is_sound(&usa.up().await).await;
}

/// A relay that keeps what goes towards the station.
async fn relay(to: SocketAddr) -> (SocketAddr, Arc<Mutex<Vec<Vec<u8>>>>) {
    let outside = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let inside = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    inside.connect(to).await.unwrap();
    let (at, kept) = (outside.local_addr().unwrap(), Arc::new(Mutex::new(Vec::new())));
    let keeps = Arc::clone(&kept);
    tokio::spawn(async move {
        let (mut towards, mut back) = ([0; 65_536], [0; 65_536]);
        let mut dialer = None;
        loop {
            tokio::select! {
                Ok((length, from)) = outside.recv_from(&mut towards) => {
                    dialer = Some(from);
                    keeps.lock().unwrap().push(towards[..length].to_vec());
                    let _ = inside.send(&towards[..length]).await;
                }
                Ok(length) = inside.recv(&mut back) => {
                    if let Some(dialer) = dialer {
                        let _ = outside.send_to(&back[..length], dialer).await;
                    }
                }
            }
        }
    });
    (at, kept)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handshake_that_is_replayed_opens_nothing() {
    let [usa, rus] = two();
    let (at, kept) = relay(SocketAddr::from(([127, 0, 0, 1], usa.port))).await;
    rus.configure(&format!(
        "listen = \"127.0.0.1:{}\"\n[[circuit]]\npeer = \"usa\"\naddress = \"{at}\"\n",
        rus.port
    ));
    let station = usa.start();
    let dialer = rus.up().await;
    station.circuits_ready("test", 1).await;
    dialer.write(json!({"kind": "message", "precedence": "Z", "text": "Said once."})).await;
    dialer.lost("test").await;
    let datagrams = kept.lock().unwrap().clone();
    assert!(datagrams.len() > 3, "a handshake and what was said");
    let intruder = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let to = SocketAddr::from(([127, 0, 0, 1], usa.port));
    for datagram in &datagrams {
        intruder.send_to(datagram, to).await.unwrap();
    }
    // What came of it is judged once a true circuit, dialled after it, has brought a message.
    rus.configure(&format!(
        "listen = \"127.0.0.1:{}\"\n[[circuit]]\npeer = \"usa\"\naddress = \"{to}\"\n",
        rus.port
    ));
    let again = rus.up().await;
    assert_eq!(
        again.write(json!({"kind": "message", "precedence": "Z", "text": "Said next."})).await,
        "rus/Z/2"
    );
    let list = station.get("/v1/lines/test/entries?book=rus/Z").await;
    assert_eq!(list["entries"].as_array().map(Vec::len), Some(2), "{list}");
    let ready = station.get("/v1/lines/test").await["circuits"].as_array().cloned().unwrap_or_default();
    assert!(ready.iter().filter(|circuit| circuit["ready"] == true).count() <= 2, "{ready:?}");
    assert_eq!(station.get("/v1/lines/test/evidence").await["evidence"], json!([]));
}
