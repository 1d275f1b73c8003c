//! Circuits of TLS over TCP, over real sockets on the loopback: who gets one, who does not, what passes on it, and the
//! way through a proxy.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use crate::proxy::HttpProxy;
use crate::stranger::{Manners, public_key, secure_tcp};
use detente_station::circuit::{
    Callee, Circuit, CircuitError, CircuitKind, Endpoint, LineIdentity, MAX_FRAME, MAX_HANDSHAKES, Proxy,
    Refusal, Short, Tunnel, server_name,
};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};
use tokio::sync::mpsc;
use zeroize::Zeroizing;

pub(crate) const LINE: [u8; 32] = [0x11; 32];
const OTHER_LINE: [u8; 32] = [0x22; 32];
pub(crate) const USA: [u8; 32] = [1; 32];
const RUS: [u8; 32] = [2; 32];
const CHN: [u8; 32] = [3; 32];

fn identity(line: [u8; 32], own: [u8; 32], peers: &[[u8; 32]]) -> LineIdentity {
    let peers = peers.iter().map(|seed| public_key(*seed)).collect();
    LineIdentity::new(line, Zeroizing::new(own), peers)
}

fn endpoint(lines: Vec<LineIdentity>) -> Arc<Endpoint> {
    let anywhere = SocketAddr::from(([127, 0, 0, 1], 0));
    Arc::new(Endpoint::bind(anywhere, lines).unwrap().with_tcp(anywhere).unwrap())
}

/// Keeps an endpoint answering, as a station does.
fn answering(endpoint: &Arc<Endpoint>) -> mpsc::UnboundedReceiver<Result<Circuit, CircuitError>> {
    let (answers, answered) = mpsc::unbounded_channel();
    let endpoint = endpoint.clone();
    tokio::spawn(async move {
        while let Some(outcome) = endpoint.accept().await {
            if answers.send(outcome).is_err() {
                break;
            }
        }
    });
    answered
}

fn short(seed: [u8; 32]) -> Short {
    Short::of(&public_key(seed))
}

/// USA dials RUS on LINE; both ends.
async fn pair(through: Option<&Tunnel>, to: Option<SocketAddr>) -> (Circuit, Circuit) {
    let usa = endpoint(vec![identity(LINE, USA, &[RUS])]);
    let rus = endpoint(vec![identity(LINE, RUS, &[USA])]);
    pair_of(&usa, &rus, through, to).await
}

async fn pair_of(
    usa: &Endpoint,
    rus: &Endpoint,
    through: Option<&Tunnel>,
    to: Option<SocketAddr>,
) -> (Circuit, Circuit) {
    let callee = public_key(RUS);
    let to = to.unwrap_or_else(|| rus.tcp_addr().unwrap());
    let (dialled, answered) =
        tokio::join!(usa.dial_tcp(Callee::new(&LINE, &callee), to, through), rus.accept());
    (dialled.unwrap(), answered.unwrap().unwrap())
}

#[tokio::test]
async fn frames_pass_both_ways_whole_and_in_order() {
    let (usa, rus) = pair(None, None).await;
    assert_eq!((usa.line, usa.peer, usa.kind), (LINE, public_key(RUS), CircuitKind::Tcp));
    assert_eq!((rus.line, rus.peer, rus.kind), (LINE, public_key(USA), CircuitKind::Tcp));
    let frames: Vec<Vec<u8>> =
        [0, 1, 16_384, MAX_FRAME, 3].iter().zip(7..).map(|(len, fill)| vec![fill; *len]).collect();
    let exchange = |circuit: Circuit| async {
        let (mut sender, mut receiver) = circuit.split();
        let send = async {
            for frame in &frames {
                sender.send(frame).await.unwrap();
            }
        };
        let receive = async {
            for frame in &frames {
                assert!(receiver.receive().await.unwrap().as_ref() == Some(frame));
            }
        };
        tokio::join!(send, receive);
        (sender, receiver)
    };
    // Both are kept until both are through.
    let _both = tokio::join!(exchange(usa), exchange(rus));
}

#[tokio::test]
async fn a_circuit_that_is_closed_in_good_order_gives_its_last_frame_and_ends() {
    let (usa, rus) = pair(None, None).await;
    let (mut sender, receiver) = usa.split();
    let (mut to_usa, mut from_usa) = rus.split();
    // Something that USA never reads: closing on it would take the last word back.
    to_usa.send(&[1; 1_000]).await.unwrap();
    sender.send(b"last word").await.unwrap();
    sender.close("done").await;
    let drained = tokio::spawn(receiver.drain());
    assert_eq!(from_usa.receive().await.unwrap().as_deref(), Some(&b"last word"[..]));
    assert_eq!(from_usa.receive().await.unwrap(), None);
    to_usa.close("done").await;
    drained.await.unwrap();
}

#[tokio::test]
async fn a_cut_within_a_frame_is_an_error() {
    let (usa, rus) = pair(None, None).await;
    let (_to_usa, mut from_usa) = rus.split();
    drop(usa);
    assert!(matches!(from_usa.receive().await, Err(CircuitError::Closed { .. })));
}

#[tokio::test]
async fn keys_and_lines_are_held_to_each_other_and_both_ends_hear_why() {
    let usa = endpoint(vec![identity(LINE, USA, &[RUS])]);
    let chn = endpoint(vec![identity(LINE, CHN, &[USA])]);
    let mut answered = answering(&chn);
    let error =
        usa.dial_tcp(Callee::new(&LINE, &public_key(RUS)), chn.tcp_addr().unwrap(), None).await.unwrap_err();
    assert_eq!(error, CircuitError::WrongKey { expected: vec![short(RUS)], found: short(CHN) });
    let error = answered.recv().await.unwrap().unwrap_err();
    assert_eq!(error, CircuitError::Refused { why: Refusal::UnknownKey });

    // The dialer's key is what the answerer does not know.
    let rus = endpoint(vec![identity(LINE, RUS, &[CHN])]);
    let mut answered = answering(&rus);
    let error =
        usa.dial_tcp(Callee::new(&LINE, &public_key(RUS)), rus.tcp_addr().unwrap(), None).await.unwrap_err();
    assert_eq!(error, CircuitError::Refused { why: Refusal::UnknownKey });
    let error = answered.recv().await.unwrap().unwrap_err();
    assert_eq!(error, CircuitError::WrongKey { expected: vec![short(CHN)], found: short(USA) });

    // The line is what it does not carry.
    let other = endpoint(vec![identity(OTHER_LINE, RUS, &[USA])]);
    let mut answered = answering(&other);
    let error = usa
        .dial_tcp(Callee::new(&LINE, &public_key(RUS)), other.tcp_addr().unwrap(), None)
        .await
        .unwrap_err();
    assert_eq!(error, CircuitError::Refused { why: Refusal::UnknownLine });
    assert!(matches!(answered.recv().await.unwrap().unwrap_err(), CircuitError::UnknownLine { .. }));
}

#[tokio::test]
async fn whoever_speaks_no_tls_gets_nothing_and_keeps_nobody_out() {
    let usa = endpoint(vec![identity(LINE, USA, &[RUS])]);
    let rus = endpoint(vec![identity(LINE, RUS, &[USA])]);
    let mut answered = answering(&rus);
    let at = rus.tcp_addr().unwrap();
    let mut stranger = TcpStream::connect(at).await.unwrap();
    stranger.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
    let error = answered.recv().await.unwrap().unwrap_err();
    assert!(matches!(error, CircuitError::Handshake { .. }), "{error:?}");
    // More than may be under way, all of whom say nothing: the oldest give way.
    let mut silent = Vec::new();
    for _ in 0..2 * MAX_HANDSHAKES {
        silent.push(TcpStream::connect(at).await.unwrap());
    }
    let dialled = usa.dial_tcp(Callee::new(&LINE, &public_key(RUS)), at, None).await.unwrap();
    assert_eq!(answered.recv().await.unwrap().unwrap().peer, public_key(USA));
    let mut gone = Vec::new();
    assert_eq!(silent.remove(0).read_to_end(&mut gone).await.unwrap_or(0), 0, "the oldest was let go");
    drop(dialled);
}

#[tokio::test]
async fn a_flood_from_one_address_takes_no_place_of_anothers() {
    let rus = endpoint(vec![identity(LINE, RUS, &[USA])]);
    let mut answered = answering(&rus);
    let at = rus.tcp_addr().unwrap();
    // Slower than all of the flood, and before it.
    let slow = TcpStream::connect(at).await.unwrap();
    let mut flood = Vec::new();
    for _ in 0..2 * MAX_HANDSHAKES {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.66:0".parse().unwrap()).unwrap();
        flood.push(socket.connect(at).await.unwrap());
    }
    // So many came that places had to be taken: from the flood itself.
    let mut gone = Vec::new();
    assert_eq!(flood[0].read_to_end(&mut gone).await.unwrap_or(0), 0);
    let mut slow = secure_tcp(&Manners::of_station(USA), &server_name(&LINE, 0), slow).await;
    slow.write_all(&[1]).await.unwrap();
    slow.flush().await.unwrap();
    assert_eq!(answered.recv().await.unwrap().unwrap().peer, public_key(USA));
}

#[tokio::test]
async fn another_version_is_refused_by_both() {
    let rus = endpoint(vec![identity(LINE, RUS, &[USA])]);
    let mut answered = answering(&rus);
    let (mut to, _from) = crate::proxy::strange_version(rus.tcp_addr().unwrap()).await;
    let _ = to.flush().await;
    let error = answered.recv().await.unwrap().unwrap_err();
    assert_eq!(error, CircuitError::VersionUnknown { expected: 1, found: 2 });
}

#[tokio::test]
async fn a_proxy_leads_to_the_other_station() {
    let http = HttpProxy::start(200, b"").await;
    let usa = endpoint(vec![identity(LINE, USA, &[RUS])]);
    let rus = endpoint(vec![identity(LINE, RUS, &[USA])]);
    let proxy = Proxy::parse(&format!("http://me:secret@{}", http.address)).unwrap();
    let tunnel = Tunnel { proxy, to: rus.tcp_addr().unwrap().to_string() };
    let (dialled, answered) = pair_of(&usa, &rus, Some(&tunnel), Some(http.address)).await;
    let (mut sender, _r) = dialled.split();
    let (_s, mut receiver) = answered.split();
    sender.send(b"through").await.unwrap();
    assert_eq!(receiver.receive().await.unwrap().as_deref(), Some(&b"through"[..]));
    let asked = http.asked.lock().unwrap().clone();
    assert!(asked.starts_with(&format!("CONNECT {} HTTP/1.1\r\n", tunnel.to)), "{asked}");
    // base64 of me:secret.
    assert!(asked.to_ascii_lowercase().contains("proxy-authorization: basic bwu6c2vjcmv0"), "{asked}");
}

#[tokio::test]
async fn a_proxy_that_refuses_stalls_or_speaks_first_is_named() {
    let usa = endpoint(vec![identity(LINE, USA, &[RUS])]);
    let dial = |http: SocketAddr| {
        let usa = usa.clone();
        async move {
            let proxy = Proxy::parse(&format!("http://{http}")).unwrap();
            let tunnel = Tunnel { proxy, to: "station.invalid:443".into() };
            usa.dial_tcp(Callee::new(&LINE, &public_key(RUS)), http, Some(&tunnel)).await.unwrap_err()
        }
    };
    let refusing = HttpProxy::start(403, b"").await;
    let error = dial(refusing.address).await;
    assert!(error.to_string().contains("gives no way to station.invalid:443: it answered 403"), "{error}");
    let early = HttpProxy::start(200, b"I am the station").await;
    let error = dial(early.address).await;
    assert!(matches!(error, CircuitError::Proxy { .. } | CircuitError::Handshake { .. }), "{error}");
    let garbage = HttpProxy::start(0, b"").await;
    let error = dial(garbage.address).await;
    assert!(matches!(error, CircuitError::Proxy { .. }), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_answers_nothing_is_given_up_by_the_deadline() {
    let usa = endpoint(vec![identity(LINE, USA, &[RUS])]);
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let began = tokio::time::Instant::now();
    let error = usa
        .dial_tcp(Callee::new(&LINE, &public_key(RUS)), listener.local_addr().unwrap(), None)
        .await
        .unwrap_err();
    assert!(matches!(error, CircuitError::TimedOut { .. }), "{error:?}");
    assert!(began.elapsed() >= Duration::from_secs(10));
}
