//! Several circuits between two stations at work: over TCP alone, over addresses of which one answers, and over a cable
//! that goes dark without a word while another circuit is there.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking, in its own functions too")]

mod parties;

use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use detente_station::circuit::relayed::{GREETING, GREETING_BYTES, mark};
use detente_station::relay::{Bounds, Load, Relay};
use parties::stream::Stream;
use parties::{Party, Station, agree};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// Two parties whose second one is to be told how it reaches the first.
fn two() -> [Party; 2] {
    let mut parties = [Party::new("usa"), Party::new("rus")];
    agree("test", &mut parties);
    parties
}

/// A TCP port of loopback that nobody has just now; somebody may take it, and the test then fails loudly.
fn tcp_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn flash(text: &str) -> Value {
    json!({"kind": "message", "precedence": "flash", "text": text})
}

fn routine(text: &str) -> Value {
    json!({"kind": "message", "precedence": "routine", "text": text})
}

/// A circuit by its name, once it is as wanted.
async fn circuit(at: &Station, name: &str, wanted: impl Fn(&Value) -> bool) -> Value {
    let find = |answer: &Value| {
        let all = answer["circuits"].as_array().cloned().unwrap_or_default();
        all.into_iter().find(|one| one["name"] == json!(name))
    };
    let answer =
        at.wait("/v1/lines/test/circuits", |answer| find(answer).is_some_and(|one| wanted(&one))).await;
    find(&answer).unwrap()
}

/// Which way an entry came, as the stream tells it.
async fn came(at: &Station, name: &str) -> Value {
    let mut stream = Stream::open(at, "?after=0", "").await;
    loop {
        let event = stream.next_named("entry").await;
        if event["entry"] == json!(name) {
            return event["way"].clone();
        }
    }
}

fn is_up(one: &Value) -> bool {
    one["state"] == json!("up")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_circuit_that_is_no_longer_configured_is_gone_at_both_ends() {
    let [usa, rus] = two();
    let at = tcp_port();
    usa.configure(&format!("listen = \"127.0.0.1:{}\"\nlisten-tcp = \"127.0.0.1:{at}\"\n", usa.port));
    let one = format!(
        "listen = \"127.0.0.1:{}\"\n[[circuit]]\npeer = \"usa\"\naddress = \"127.0.0.1:{}\"\n",
        rus.port, usa.port
    );
    let other = format!(
        "[[circuit]]\npeer = \"usa\"\nkind = \"tcp\"\nname = \"backup\"\naddress = \"127.0.0.1:{at}\"\n"
    );
    rus.configure(&format!("{one}{other}"));
    let (here, there) = (rus.up().await, usa.up().await);
    circuit(&here, "backup", is_up).await;
    circuit(&there, "tcp", is_up).await;
    let first = circuit(&here, "quic", is_up).await;
    assert!(first["packets"]["sent"].as_u64().is_some_and(|sent| sent > 0), "{first}");
    assert!(first["rate_bits_s"].as_u64().is_some_and(|rate| rate > 0), "{first}");
    rus.configure(&one);
    let hung_up = std::process::Command::new("kill").args(["-HUP", &std::process::id().to_string()]).status();
    assert!(hung_up.unwrap().success());
    for (station, name) in [(&here, "backup"), (&there, "tcp")] {
        let is_gone = |answer: &Value| {
            answer["circuits"].as_array().is_some_and(|all| all.iter().all(|one| one["name"] != json!(name)))
        };
        station.wait("/v1/lines/test/circuits", is_gone).await;
    }
    circuit(&here, "quic", is_up).await;
}

/// What is done with a datagram, and where it came from.
type Pass = Box<dyn Fn(&[u8], SocketAddr) + Send>;

/// A cable between two UDP ports of loopback that can go dark.
struct Cable {
    port: u16,
    carries: Arc<AtomicBool>,
}

impl Cable {
    fn to(port: u16) -> Self {
        let near = UdpSocket::bind("127.0.0.1:0").unwrap();
        let far = UdpSocket::bind("127.0.0.1:0").unwrap();
        far.connect(("127.0.0.1", port)).unwrap();
        let cable = Self { port: near.local_addr().unwrap().port(), carries: Arc::new(true.into()) };
        let caller = Arc::new(std::sync::Mutex::new(None));
        let (near, far) = (Arc::new(near), Arc::new(far));
        let pump = |from: Arc<UdpSocket>, pass: Pass| {
            let carries = Arc::clone(&cable.carries);
            std::thread::spawn(move || {
                let mut datagram = [0; 65_535];
                loop {
                    // A station that is not there is told of as an error; the cable stays.
                    let Ok((length, sender)) = from.recv_from(&mut datagram) else { continue };
                    if carries.load(Ordering::Relaxed) {
                        pass(&datagram[..length], sender);
                    }
                }
            });
        };
        let (answering, on) = (Arc::clone(&caller), Arc::clone(&far));
        pump(
            Arc::clone(&near),
            Box::new(move |datagram, sender| {
                *answering.lock().unwrap() = Some(sender);
                let _ = on.send(datagram);
            }),
        );
        pump(
            far,
            Box::new(move |datagram, _| {
                if let Some(caller) = *caller.lock().unwrap() {
                    let _ = near.send_to(datagram, caller);
                }
            }),
        );
        cable
    }
}

#[tokio::test]
async fn a_line_runs_on_tcp_alone() {
    let [usa, rus] = two();
    let at = tcp_port();
    usa.configure(&format!("listen = \"127.0.0.1:{}\"\nlisten-tcp = \"127.0.0.1:{at}\"\n[[circuit]]\npeer = \"rus\"\nkind = \"tcp\"\nname = \"what comes in\"\n", usa.port));
    rus.configure(&format!("listen = \"127.0.0.1:{}\"\n[[circuit]]\npeer = \"usa\"\nkind = \"tcp\"\naddress = \"127.0.0.1:{at}\"\npurpose = \"where UDP is shut\"\n", rus.port));
    let (usa, rus) = (usa.up().await, rus.up().await);
    circuit(&rus, "tcp", is_up).await;
    let said = usa.write(flash("over TCP")).await;
    assert!(rus.entry_with(&said).await.to_string().contains("over TCP"));
    let large = rus.write(routine(&"x".repeat(12_000))).await;
    assert_eq!(usa.entry_with(&large).await["entry"], json!(large));
    let (here, there) = (circuit(&rus, "tcp", is_up).await, circuit(&usa, "what comes in", is_up).await);
    assert_eq!((&here["kind"], &here["dialled"]), (&json!("tcp"), &json!(true)));
    assert_eq!((&there["kind"], &there["dialled"]), (&json!("tcp"), &json!(false)));
    assert_eq!(here["purpose"], json!("where UDP is shut"));
    assert!(here["sent"]["bytes"].as_u64().unwrap() > 12_000, "{here}");
    assert!(there["received"]["bytes"].as_u64().unwrap() > 12_000, "{there}");
    assert_eq!(usa.books().await, rus.books().await);
}

#[tokio::test]
async fn a_cable_that_goes_dark_leaves_the_other_circuit() {
    let [usa, rus] = two();
    let at = tcp_port();
    let cable = Cable::to(usa.port);
    usa.configure(&format!("listen = \"127.0.0.1:{}\"\nlisten-tcp = \"127.0.0.1:{at}\"\n[[circuit]]\npeer = \"rus\"\nkind = \"tcp\"\nname = \"radio\"\ncost = \"5s\"\n[[circuit]]\npeer = \"rus\"\nname = \"cable\"\n", usa.port));
    rus.configure(&format!(
        "listen = \"127.0.0.1:{}\"\n[[circuit]]\npeer = \"usa\"\nname = \"cable\"\naddress = \"127.0.0.1:{}\"\n[[circuit]]\npeer = \"usa\"\nkind = \"tcp\"\nname = \"radio\"\naddress = \"127.0.0.1:{at}\"\ncost = \"5s\"\n",
        rus.port, cable.port
    ));
    let (usa, rus) = (usa.up().await, rus.up().await);
    for station in [&usa, &rus] {
        circuit(station, "cable", |one| one["best"] == json!(true)).await;
        circuit(station, "radio", is_up).await;
    }
    usa.write(routine("by cable")).await;
    cable.carries.store(false, Ordering::Relaxed);
    // Nobody is told anything; both get there all the same.
    let (urgent, usual) = tokio::join!(usa.write(flash("stop")), rus.write(routine("as usual")));
    rus.entry_with(&urgent).await;
    usa.entry_with(&usual).await;
    assert_eq!(came(&rus, &urgent).await, json!({"peer": "usa", "name": "radio", "kind": "tcp"}));
    assert_eq!(came(&usa, &usual).await, json!({"peer": "rus", "name": "radio", "kind": "tcp"}));
    circuit(&rus, "radio", |one| one["best"] == json!(true)).await;
    circuit(&rus, "cable", |one| one["state"] != json!("up")).await;
    // What is given up is dialled on, and says why it is not there.
    let down = circuit(&rus, "cable", |one| !one["failure"].is_null()).await;
    assert_eq!((&down["state"], &down["id"]), (&json!("down"), &Value::Null));
    assert!(down["failure"]["why"].as_str().unwrap().contains("no answer within"), "{down}");
    cable.carries.store(true, Ordering::Relaxed);
    let back = circuit(&rus, "cable", |one| one["best"] == json!(true)).await;
    assert_eq!(back["state"], json!("up"));
}

/// A relay on loopback, and where it is.
async fn relay(bounds: Bounds) -> (Relay, std::net::SocketAddr) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (relay, at) = (Relay::new(bounds), listener.local_addr().unwrap());
    let serving = relay.clone();
    tokio::spawn(async move { serving.serve(listener).await });
    (relay, at)
}

#[tokio::test]
async fn two_that_cannot_reach_each_other_meet_at_a_relay() {
    let [usa, rus] = two();
    let (relay, at) = relay(Bounds::default()).await;
    let through = |own: u16, peer: &str| {
        format!(
            "listen = \"127.0.0.1:{own}\"\n[[circuit]]\npeer = \"{peer}\"\nkind = \"relay\"\naddress = \"{at}\"\n"
        )
    };
    usa.configure(&through(usa.port, "rus"));
    rus.configure(&through(rus.port, "usa"));
    let at_usa = usa.up().await;
    let waits = async {
        while relay.load().waiting == 0 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(parties::PATIENCE, waits).await.unwrap();
    let at_rus = rus.up().await;
    for station in [&at_usa, &at_rus] {
        let up = circuit(station, "relay", is_up).await;
        assert_eq!((&up["kind"], &up["address"]), (&json!("relay"), &json!(at.to_string())));
    }
    let said = at_usa.write(flash("through somebody else")).await;
    at_rus.entry_with(&said).await;
    let large = at_rus.write(routine(&"x".repeat(12_000))).await;
    at_usa.entry_with(&large).await;
    assert_eq!(relay.load().callers, 2);
    // One goes without a word, and is back: they meet again.
    at_rus.lost("test").await;
    let at_rus = rus.up().await;
    let said = at_usa.write(flash("again")).await;
    at_rus.entry_with(&said).await;
    assert_eq!(at_usa.books().await, at_rus.books().await);
}

#[tokio::test]
async fn strangers_at_a_relay_get_nothing_and_keep_nobody_out() {
    let (relay, at) = relay(Bounds { callers: 8, of_one_address: 8 }).await;
    // What is no greeting ends, and so does who wants itself.
    let mut stranger = TcpStream::connect(at).await.unwrap();
    stranger.write_all(&[b'x'; GREETING_BYTES]).await.unwrap();
    assert_eq!(stranger.read(&mut [0; 8]).await.unwrap_or(0), 0);
    let mut selfish = TcpStream::connect(at).await.unwrap();
    selfish.write_all(&[&GREETING[..], &[7; 32]].concat()).await.unwrap();
    assert_eq!(selfish.read(&mut [0; 8]).await.unwrap_or(0), 0);
    // The newer caller with a token takes the older one's place, which is told so.
    let greeting = [&GREETING[..], &[1; 16], &[2; 16]].concat();
    let mut older = TcpStream::connect(at).await.unwrap();
    older.write_all(&greeting).await.unwrap();
    assert_eq!(older.read_u8().await.unwrap(), mark::WAITING);
    let mut newer = TcpStream::connect(at).await.unwrap();
    newer.write_all(&greeting).await.unwrap();
    assert_eq!(newer.read_u8().await.unwrap(), mark::WAITING);
    assert_eq!(older.read_u8().await.unwrap(), mark::REPLACED);
    // Whoever wants its token, and is not the one that it wants, is not joined with it.
    let mut other = TcpStream::connect(at).await.unwrap();
    other.write_all(&[&GREETING[..], &[3; 16], &[1; 16]].concat()).await.unwrap();
    assert_eq!(other.read_u8().await.unwrap(), mark::WAITING);
    let mut right = TcpStream::connect(at).await.unwrap();
    right.write_all(&[&GREETING[..], &[2; 16], &[1; 16]].concat()).await.unwrap();
    assert_eq!(right.read_u8().await.unwrap(), mark::JOINED);
    assert_eq!(newer.read_u8().await.unwrap(), mark::JOINED);
    right.write_all(b"to the other").await.unwrap();
    let mut read = [0; 12];
    newer.read_exact(&mut read).await.unwrap();
    assert_eq!(&read, b"to the other");
    // Full is full, and said; who leaves makes room.
    let mut crowd = Vec::new();
    while relay.load().callers < 8 {
        crowd.push(TcpStream::connect(at).await.unwrap());
        tokio::task::yield_now().await;
        tokio::time::timeout(parties::PATIENCE, async {
            while relay.load().callers < crowd.len() + 3 {
                tokio::task::yield_now().await;
            }
        })
        .await
        .unwrap();
    }
    let mut turned_away = TcpStream::connect(at).await.unwrap();
    assert_eq!(turned_away.read_u8().await.unwrap(), mark::FULL);
    drop((crowd, older, newer, other, right));
    let empty = async {
        while relay.load() != Load::default() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(parties::PATIENCE, empty).await.unwrap();
}

#[tokio::test]
async fn the_first_of_several_addresses_that_answers_is_taken() {
    let [usa, rus] = two();
    let silent = UdpSocket::bind("127.0.0.1:0").unwrap();
    rus.configure(&format!(
        "listen = \"127.0.0.1:{}\"\n[[circuit]]\npeer = \"usa\"\naddress = [\"127.0.0.1:{}\", \"127.0.0.1:{}\"]\n",
        rus.port,
        silent.local_addr().unwrap().port(),
        usa.port
    ));
    let port = usa.port;
    let (_usa, rus) = (usa.up().await, rus.up().await);
    let up = circuit(&rus, "quic", is_up).await;
    assert_eq!(up["address"], json!(format!("127.0.0.1:{port}")));
    silent.set_nonblocking(true).unwrap();
    assert!(silent.recv(&mut [0; 2_000]).is_ok(), "the one that says nothing was tried too");
}
