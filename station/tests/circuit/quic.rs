//! Circuits over real sockets on the loopback: who gets one, who does not, and what passes on it.
//!
//! There is no test of a TLS 1.2 dialer: QUIC has no way to carry one.

use std::future::{Future, poll_fn};
use std::net::{SocketAddr, UdpSocket};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;
use std::time::{Duration, Instant};

use crate::stranger::{Manners, public_key};
use detente_station::circuit::{
    Blame, Callee, Circuit, CircuitError, Endpoint, HANDSHAKE_DEADLINE, LineFault, LineIdentity, MAX_FRAME,
    MAX_HANDSHAKES, Refusal, SEND_WINDOW, Short, server_name,
};
use tokio::sync::mpsc;
use zeroize::Zeroizing;

const LINE: [u8; 32] = [0x11; 32];
const OTHER_LINE: [u8; 32] = [0x22; 32];
const USA: [u8; 32] = [1; 32];
const RUS: [u8; 32] = [2; 32];
const CHN: [u8; 32] = [3; 32];

fn identity(line: [u8; 32], own: [u8; 32], peers: &[[u8; 32]]) -> LineIdentity {
    let peers = peers.iter().map(|seed| public_key(*seed)).collect();
    LineIdentity::new(line, Zeroizing::new(own), peers)
}

fn endpoint(lines: Vec<LineIdentity>) -> Arc<Endpoint> {
    Arc::new(Endpoint::bind(SocketAddr::from(([127, 0, 0, 1], 0)), lines).unwrap())
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

/// USA dials RUS on LINE; both ends.
async fn pair() -> (Circuit, Circuit) {
    let usa = endpoint(vec![identity(LINE, USA, &[RUS])]);
    let rus = endpoint(vec![identity(LINE, RUS, &[USA])]);
    let callee = public_key(RUS);
    let (dialled, answered) =
        tokio::join!(usa.dial(Callee::new(&LINE, &callee), rus.local_addr()), rus.accept());
    (dialled.unwrap(), answered.unwrap().unwrap())
}

/// A stranger says its version and hears the station's.
async fn introduce(connection: &quinn::Connection) -> (quinn::SendStream, quinn::RecvStream) {
    let (mut to, mut from) = connection.open_bi().await.unwrap();
    to.write_all(&[1]).await.unwrap();
    let mut version = [0];
    from.read_exact(&mut version).await.unwrap();
    assert_eq!(version, [1]);
    (to, from)
}

fn short(seed: [u8; 32]) -> Short {
    Short::of(&public_key(seed))
}

#[tokio::test]
async fn frames_pass_both_ways_whole_and_in_order() {
    let (usa, rus) = pair().await;
    assert_eq!((usa.line, usa.peer), (LINE, public_key(RUS)));
    assert_eq!((rus.line, rus.peer), (LINE, public_key(USA)));
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
async fn a_server_with_another_key_is_refused_by_the_dialer() {
    let usa = endpoint(vec![identity(LINE, USA, &[RUS])]);
    let chn = endpoint(vec![identity(LINE, CHN, &[USA])]);
    let mut answered = answering(&chn);
    let error = usa.dial(Callee::new(&LINE, &public_key(RUS)), chn.local_addr()).await.unwrap_err();
    assert_eq!(error, CircuitError::WrongKey { expected: vec![short(RUS)], found: short(CHN) });
    assert_eq!(error.blame(), Some(Blame::Misbehaved));
    let error = answered.recv().await.unwrap().unwrap_err();
    assert_eq!(error, CircuitError::Refused { why: Refusal::UnknownKey });
}

#[tokio::test]
async fn a_dialer_with_a_key_that_is_not_pinned_is_refused() {
    let chn = endpoint(vec![identity(LINE, CHN, &[RUS])]);
    let rus = endpoint(vec![identity(LINE, RUS, &[USA])]);
    let mut answered = answering(&rus);
    let error = chn.dial(Callee::new(&LINE, &public_key(RUS)), rus.local_addr()).await.unwrap_err();
    assert_eq!(error, CircuitError::Refused { why: Refusal::UnknownKey });
    let error = answered.recv().await.unwrap().unwrap_err();
    assert_eq!(error, CircuitError::WrongKey { expected: vec![short(USA)], found: short(CHN) });
}

#[tokio::test]
async fn a_line_that_is_not_carried_is_refused() {
    let usa = endpoint(vec![identity(OTHER_LINE, USA, &[RUS])]);
    let rus = endpoint(vec![identity(LINE, RUS, &[USA])]);
    let mut answered = answering(&rus);
    let error = usa.dial(Callee::new(&OTHER_LINE, &public_key(RUS)), rus.local_addr()).await.unwrap_err();
    assert_eq!(error, CircuitError::Refused { why: Refusal::UnknownLine });
    let error = answered.recv().await.unwrap().unwrap_err();
    assert_eq!(error, CircuitError::UnknownLine { asked: server_name(&OTHER_LINE, 0) });
}

#[tokio::test]
async fn only_lines_and_peers_of_ones_own_can_be_dialled() {
    let usa = endpoint(vec![identity(LINE, USA, &[RUS])]);
    let nowhere = SocketAddr::from(([127, 0, 0, 1], 9));
    let fault = |line, fault| CircuitError::Line { line: Short::of(line), fault };
    let error = usa.dial(Callee::new(&OTHER_LINE, &public_key(RUS)), nowhere).await.unwrap_err();
    assert_eq!(error, fault(&OTHER_LINE, LineFault::NotHeld));
    let error = usa.dial(Callee::new(&LINE, &public_key(CHN)), nowhere).await.unwrap_err();
    assert_eq!(error, fault(&LINE, LineFault::PeerNotPinned));
    assert_eq!(error.blame(), Some(Blame::Misuse));
}

#[tokio::test]
async fn two_lines_share_a_port_and_keep_their_parties_apart() {
    let usa = endpoint(vec![identity(LINE, USA, &[RUS]), identity(OTHER_LINE, USA, &[CHN])]);
    let rus = endpoint(vec![identity(LINE, RUS, &[USA]), identity(OTHER_LINE, RUS, &[USA])]);
    let chn = endpoint(vec![identity(OTHER_LINE, CHN, &[USA])]);
    let mut answered = answering(&usa);
    for (from, line, seed) in [(&rus, LINE, RUS), (&chn, OTHER_LINE, CHN)] {
        let _dialled = from.dial(Callee::new(&line, &public_key(USA)), usa.local_addr()).await.unwrap();
        let circuit = answered.recv().await.unwrap().unwrap();
        assert_eq!((circuit.line, circuit.peer), (line, public_key(seed)));
    }
    // A party of one line is a stranger on the other.
    let error = rus.dial(Callee::new(&OTHER_LINE, &public_key(USA)), usa.local_addr()).await.unwrap_err();
    assert_eq!(error, CircuitError::Refused { why: Refusal::UnknownKey });
    let error = answered.recv().await.unwrap().unwrap_err();
    assert_eq!(error, CircuitError::WrongKey { expected: vec![short(CHN)], found: short(RUS) });
}

#[tokio::test]
async fn replaced_lines_rule_from_the_next_handshake_on() {
    let usa = endpoint(vec![identity(LINE, USA, &[RUS])]);
    let rus = endpoint(vec![]);
    let mut answered = answering(&rus);
    let error = usa.dial(Callee::new(&LINE, &public_key(RUS)), rus.local_addr()).await.unwrap_err();
    assert_eq!(error, CircuitError::Refused { why: Refusal::UnknownLine });
    assert!(answered.recv().await.unwrap().is_err());

    rus.replace_lines(vec![identity(LINE, RUS, &[USA])]).unwrap();
    let standing = usa.dial(Callee::new(&LINE, &public_key(RUS)), rus.local_addr()).await.unwrap();
    let answering_end = answered.recv().await.unwrap().unwrap();

    rus.replace_lines(vec![identity(LINE, RUS, &[CHN])]).unwrap();
    let error = usa.dial(Callee::new(&LINE, &public_key(RUS)), rus.local_addr()).await.unwrap_err();
    assert_eq!(error, CircuitError::Refused { why: Refusal::UnknownKey });

    let (mut sender, _receiver) = standing.split();
    sender.send(b"still here").await.unwrap();
    assert_eq!(answering_end.split().1.receive().await.unwrap().unwrap(), b"still here");
}

#[tokio::test]
async fn a_dialer_without_post_quantum_key_exchange_is_refused() {
    let rus = endpoint(vec![identity(LINE, RUS, &[USA])]);
    let mut answered = answering(&rus);
    let port = crate::stranger::port();
    let call = |manners| crate::stranger::call(&port, &manners, &server_name(&LINE, 0), rus.local_addr());
    assert!(call(Manners::of_station(USA).only_x25519()).await.is_err());
    let error = answered.recv().await.unwrap().unwrap_err();
    assert!(matches!(error, CircuitError::Handshake { .. }), "{error:?}");
    // The key exchange alone made the difference.
    let connection = call(Manners::of_station(USA)).await.unwrap();
    introduce(&connection).await;
    assert_eq!(answered.recv().await.unwrap().unwrap().peer, public_key(USA));
}

#[tokio::test]
async fn a_dialer_without_a_key_is_refused() {
    let rus = endpoint(vec![identity(LINE, RUS, &[USA])]);
    let mut answered = answering(&rus);
    let manners = Manners { seed: None, ..Manners::of_station(USA) };
    let port = crate::stranger::port();
    let connecting = crate::stranger::call(&port, &manners, &server_name(&LINE, 0), rus.local_addr());
    // A dialer believes itself connected until the answer to its last flight.
    if let Ok(connection) = connecting.await {
        let closed = connection.closed().await;
        assert!(matches!(closed, quinn::ConnectionError::ConnectionClosed(_)), "{closed:?}");
    }
    let error = answered.recv().await.unwrap().unwrap_err();
    assert!(matches!(error, CircuitError::Handshake { .. }), "{error:?}");
}

#[tokio::test]
async fn a_dialer_of_another_protocol_is_refused() {
    let rus = endpoint(vec![identity(LINE, RUS, &[USA])]);
    let mut answered = answering(&rus);
    let manners = Manners { alpn: b"h3", ..Manners::of_station(USA) };
    let port = crate::stranger::port();
    assert!(crate::stranger::call(&port, &manners, &server_name(&LINE, 0), rus.local_addr()).await.is_err());
    let error = answered.recv().await.unwrap().unwrap_err();
    assert!(matches!(error, CircuitError::Handshake { .. }), "{error:?}");
}

#[tokio::test]
async fn another_version_of_the_framing_is_refused_and_told_why() {
    let rus = endpoint(vec![identity(LINE, RUS, &[USA])]);
    let mut answered = answering(&rus);
    let port = crate::stranger::port();
    let manners = Manners::of_station(USA);
    let connection =
        crate::stranger::call(&port, &manners, &server_name(&LINE, 0), rus.local_addr()).await.unwrap();
    let (mut to, _from) = connection.open_bi().await.unwrap();
    to.write_all(&[2]).await.unwrap();
    let error = answered.recv().await.unwrap().unwrap_err();
    assert_eq!(error, CircuitError::VersionUnknown { expected: 1, found: 2 });
    let closed = connection.closed().await;
    assert!(
        matches!(&closed, quinn::ConnectionError::ApplicationClosed(close) if close.error_code == 2u32.into()),
        "{closed:?}"
    );
}

#[tokio::test]
async fn a_reason_to_close_does_nothing_to_the_log_that_it_comes_to() {
    let rus = endpoint(vec![identity(LINE, RUS, &[USA])]);
    let mut answered = answering(&rus);
    let port = crate::stranger::port();
    let manners = Manners::of_station(USA);
    let connecting = crate::stranger::call(&port, &manners, &server_name(&LINE, 0), rus.local_addr());
    let connection = connecting.await.unwrap();
    connection.close(7u32.into(), "\u{1b}[2J\nWARN all is well\u{202e}".as_bytes());
    let error = answered.recv().await.unwrap().unwrap_err();
    assert_eq!(error, CircuitError::Closed { reason: "⟨U+001B⟩[2J⏎WARN all is well⟨U+202E⟩".into() });
}

#[tokio::test]
async fn no_session_ticket_is_sent() {
    let rus = endpoint(vec![identity(LINE, RUS, &[USA])]);
    let mut answered = answering(&rus);
    let port = crate::stranger::port();
    let manners = Manners::of_station(USA);
    for _ in 0..2 {
        let connecting = crate::stranger::call(&port, &manners, &server_name(&LINE, 0), rus.local_addr());
        let Err(connecting) = connecting.into_0rtt() else { panic!("early data was possible") };
        let connection = connecting.await.unwrap();
        let (_to, mut from) = introduce(&connection).await;
        // A ticket would have come before the frame.
        let (mut sender, _receiver) = answered.recv().await.unwrap().unwrap().split();
        sender.send(b"x").await.unwrap();
        from.read_exact(&mut [0; 5]).await.unwrap();
        assert_eq!(manners.tickets.received(), 0);
    }

    // The same stranger does notice the tickets of a server that sends some.
    let (server, _) = crate::stranger::ticketing_server(RUS);
    let connecting =
        crate::stranger::call(&port, &manners, &server_name(&LINE, 0), server.local_addr().unwrap());
    let (_connection, _answered) = tokio::join!(async { connecting.await.unwrap() }, async {
        let connection = server.accept().await.unwrap().await.unwrap();
        let mut to = connection.open_uni().await.unwrap();
        to.write_all(b"x").await.unwrap();
        (connection, to)
    });
    _connection.accept_uni().await.unwrap().read_exact(&mut [0]).await.unwrap();
    assert!(manners.tickets.received() > 0);
}

#[tokio::test]
async fn a_dialer_never_resumes_even_where_it_could() {
    let (server, trusting) = crate::stranger::ticketing_server(RUS);
    let usa = endpoint(vec![identity(LINE, USA, &[RUS])]);
    let callee = public_key(RUS);
    for handshakes in 1..=2 {
        let (_dialled, _answered) =
            tokio::join!(usa.dial(Callee::new(&LINE, &callee), server.local_addr().unwrap()), async {
                let connection = server.accept().await.unwrap().await.unwrap();
                let (mut to, mut from) = connection.accept_bi().await.unwrap();
                from.read_exact(&mut [0]).await.unwrap();
                to.write_all(&[1]).await.unwrap();
                (connection, to, from)
            });
        assert!(_dialled.is_ok());
        // A resumed handshake shows no key, so nobody would have been asked about it.
        assert_eq!(trusting.asked(), handshakes);
    }
}

#[tokio::test]
async fn an_oversized_frame_ends_its_circuit_and_no_other() {
    let rus = endpoint(vec![identity(LINE, RUS, &[USA])]);
    let mut answered = answering(&rus);
    let port = crate::stranger::port();
    let manners = Manners::of_station(USA);
    let connection =
        crate::stranger::call(&port, &manners, &server_name(&LINE, 0), rus.local_addr()).await.unwrap();
    let (mut to, _from) = introduce(&connection).await;
    let announced = u32::try_from(MAX_FRAME).unwrap() + 1;
    to.write_all(&announced.to_be_bytes()).await.unwrap();
    let (_sender, mut receiver) = answered.recv().await.unwrap().unwrap().split();
    let error = receiver.receive().await.unwrap_err();
    assert_eq!(error, CircuitError::FrameTooLong { limit: MAX_FRAME, found: MAX_FRAME + 1 });
    assert_eq!(error.blame(), Some(Blame::Malformed));
    let closed = connection.closed().await;
    assert!(
        matches!(&closed, quinn::ConnectionError::ApplicationClosed(close) if close.error_code == 1u32.into()),
        "{closed:?}"
    );

    let usa = endpoint(vec![identity(LINE, USA, &[RUS])]);
    let dialled = usa.dial(Callee::new(&LINE, &public_key(RUS)), rus.local_addr()).await.unwrap();
    let (mut sender, _receiver) = dialled.split();
    sender.send(b"served").await.unwrap();
    let (_back, mut receiver) = answered.recv().await.unwrap().unwrap().split();
    assert_eq!(receiver.receive().await.unwrap().unwrap(), b"served");
}

#[tokio::test]
async fn a_frame_too_long_to_send_leaves_the_circuit_good() {
    let (usa, rus) = pair().await;
    let (mut sender, _) = usa.split();
    let error = sender.send(&vec![0; MAX_FRAME + 1]).await.unwrap_err();
    assert_eq!(error, CircuitError::OwnFrameTooLong { limit: MAX_FRAME, found: MAX_FRAME + 1 });
    sender.send(b"short").await.unwrap();
    assert_eq!(rus.split().1.receive().await.unwrap().unwrap(), b"short");
}

#[tokio::test]
async fn a_frame_cut_short_is_not_taken_for_an_end() {
    let rus = endpoint(vec![identity(LINE, RUS, &[USA])]);
    let mut answered = answering(&rus);
    let port = crate::stranger::port();
    let manners = Manners::of_station(USA);
    let connection =
        crate::stranger::call(&port, &manners, &server_name(&LINE, 0), rus.local_addr()).await.unwrap();
    let (mut to, _from) = introduce(&connection).await;
    to.write_all(&[0, 0, 0, 9, 1, 2]).await.unwrap();
    to.finish().unwrap();
    let (_sender, mut receiver) = answered.recv().await.unwrap().unwrap().split();
    assert_eq!(receiver.receive().await, Err(CircuitError::FrameCut { expected: 13, found: 6 }));
}

#[tokio::test]
async fn a_close_lets_through_what_was_sent_and_is_seen() {
    let (usa, rus) = pair().await;
    let (mut sender, _receiver) = usa.split();
    let (mut back, mut receiver) = rus.split();
    sender.send(&vec![5; MAX_FRAME]).await.unwrap();
    let (_, frame) = tokio::join!(sender.close("done for today"), receiver.receive());
    assert_eq!(frame.unwrap().unwrap().len(), MAX_FRAME);
    assert_eq!(receiver.receive().await, Ok(None));
    // Whoever goes on sending learns that nobody listens, and the reason.
    while back.send(b"?").await.is_ok() {}
    assert_eq!(back.send(b"?").await, Err(CircuitError::Closed { reason: "done for today".into() }));
}

#[tokio::test]
async fn a_closed_endpoint_ends_its_circuits_and_accepts_no_more() {
    let usa = endpoint(vec![identity(LINE, USA, &[RUS])]);
    let rus = endpoint(vec![identity(LINE, RUS, &[USA])]);
    let mut answered = answering(&rus);
    let dialled = usa.dial(Callee::new(&LINE, &public_key(RUS)), rus.local_addr()).await.unwrap();
    let _circuit = answered.recv().await.unwrap().unwrap();
    rus.close().await;
    assert_eq!(dialled.split().1.receive().await, Ok(None));
    assert!(answered.recv().await.is_none());
    let error = rus.dial(Callee::new(&LINE, &public_key(USA)), usa.local_addr()).await.unwrap_err();
    assert!(matches!(error, CircuitError::Closed { .. }), "{error:?}");
}

#[tokio::test]
async fn garbage_at_the_port_is_ignored() {
    let usa = endpoint(vec![identity(LINE, USA, &[RUS])]);
    let rus = endpoint(vec![identity(LINE, RUS, &[USA])]);
    let mut answered = answering(&rus);
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    // Among them the heads of a long header with a known version, an unknown one, and of a short header.
    for head in
        [&[][..], &[0xc0, 0, 0, 0, 1], &[0xff, 0xde, 0xad, 0xbe, 0xef], &[0x40], b"GET / HTTP/1.1\r\n"]
    {
        for len in [1, 20, 1200, 1400] {
            let mut datagram = head.to_vec();
            datagram.resize(len.max(head.len()), 0x5a);
            socket.send_to(&datagram, rus.local_addr()).unwrap();
        }
    }
    let _dialled = usa.dial(Callee::new(&LINE, &public_key(RUS)), rus.local_addr()).await.unwrap();
    // The garbage came first, and what comes out first is the circuit.
    assert_eq!(answered.recv().await.unwrap().unwrap().peer, public_key(USA));
}

#[tokio::test]
async fn those_who_stall_do_not_keep_a_party_out() {
    let usa = endpoint(vec![identity(LINE, USA, &[RUS])]);
    let rus = endpoint(vec![identity(LINE, RUS, &[USA])]);
    let mut answered = answering(&rus);
    let port = crate::stranger::port();
    let manners = Manners::of_station(USA);
    let mut stalled = Vec::new();
    for _ in 0..=MAX_HANDSHAKES {
        // Past the handshake of TLS, and never a version.
        let call = crate::stranger::call(&port, &manners, &server_name(&LINE, 0), rus.local_addr());
        stalled.push(call.await.unwrap());
    }
    let _dialled = usa.dial(Callee::new(&LINE, &public_key(RUS)), rus.local_addr()).await.unwrap();
    assert_eq!(answered.recv().await.unwrap().unwrap().peer, public_key(USA));
    // The oldest had to go, the youngest are still waited for.
    stalled[0].closed().await;
    assert_eq!(stalled[MAX_HANDSHAKES].close_reason(), None);
}

#[tokio::test(start_paused = true)]
async fn a_silent_address_is_given_up_by_the_deadline() {
    let silent = UdpSocket::bind("127.0.0.1:0").unwrap();
    let usa = endpoint(vec![identity(LINE, USA, &[RUS])]);
    let error =
        usa.dial(Callee::new(&LINE, &public_key(RUS)), silent.local_addr().unwrap()).await.unwrap_err();
    assert_eq!(error, CircuitError::TimedOut { after: HANDSHAKE_DEADLINE });
}

#[tokio::test]
async fn an_address_without_a_route_is_said_to_be_unreachable() {
    let usa = endpoint(vec![identity(LINE, USA, &[RUS])]);
    let to = SocketAddr::from(([127, 0, 0, 1], 0));
    let error = usa.dial(Callee::new(&LINE, &public_key(RUS)), to).await.unwrap_err();
    assert!(matches!(error, CircuitError::Unreachable { .. }), "{error:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sender_is_never_further_ahead_than_the_windows() {
    const FRAMES: usize = 64;
    let (usa, rus) = pair().await;
    let (mut sender, _receiver) = usa.split();
    let (_sender, mut receiver) = rus.split();
    let handed_over = Arc::new(AtomicUsize::new(0));
    let counter = handed_over.clone();
    let sending = tokio::spawn(async move {
        for _ in 0..FRAMES {
            sender.send(&vec![0; MAX_FRAME]).await.unwrap();
            counter.fetch_add(1, Ordering::SeqCst);
        }
        sender
    });
    // One window at either end, and the frame that is being received.
    let ahead = 2 * SEND_WINDOW as usize / MAX_FRAME + 1;
    for received in 1..=FRAMES {
        receiver.receive().await.unwrap().unwrap();
        let sent = handed_over.load(Ordering::SeqCst);
        assert!(sent <= received + ahead, "{sent} handed over, {received} received");
    }
    sending.await.unwrap();
}

#[tokio::test]
async fn calls_that_are_dropped_leave_the_circuit_in_step() {
    let (usa, rus) = pair().await;
    let (mut sender, _keep) = usa.split();
    let (_keep, mut receiver) = rus.split();
    // Fills the window until a call has to wait half-way, and is dropped there.
    let mut begun = 0u8;
    loop {
        begun += 1;
        if once(sender.send(&vec![begun; MAX_FRAME])).await.is_none() {
            break;
        }
    }
    let last = async {
        sender.send(b"last").await.unwrap();
    };
    let all = async {
        for fill in 1..=begun {
            let frame = loop {
                // Most of these are dropped half-way through a frame.
                match once(receiver.receive()).await {
                    Some(frame) => break frame.unwrap().unwrap(),
                    None => tokio::task::yield_now().await,
                }
            };
            assert!(frame == vec![fill; MAX_FRAME]);
        }
        assert_eq!(receiver.receive().await.unwrap().unwrap(), b"last");
    };
    tokio::join!(last, all);
}

/// Polls a call once, then drops it.
async fn once<T>(call: impl Future<Output = T>) -> Option<T> {
    let mut call = pin!(call);
    poll_fn(|context| match call.as_mut().poll(context) {
        Poll::Ready(outcome) => Poll::Ready(Some(outcome)),
        Poll::Pending => Poll::Ready(None),
    })
    .await
}

#[tokio::test]
async fn nothing_holds_a_short_frame_back() {
    const ROUNDS: usize = 201;
    let (usa, rus) = pair().await;
    let echo = tokio::spawn(async move {
        let (mut sender, mut receiver) = rus.split();
        while let Some(frame) = receiver.receive().await.unwrap() {
            sender.send(&frame).await.unwrap();
        }
    });
    let (mut sender, mut receiver) = usa.split();
    let mut rounds = Vec::new();
    for _ in 0..ROUNDS {
        let start = Instant::now();
        sender.send(&[9; 100]).await.unwrap();
        receiver.receive().await.unwrap().unwrap();
        rounds.push(start.elapsed());
    }
    rounds.sort();
    let median = rounds[ROUNDS / 2];
    println!("round trips: median {median:?}, slowest {:?}", rounds[ROUNDS - 1]);
    // A delayed acknowledgement or a batching timer anywhere in the way would add 25 ms.
    assert!(median < Duration::from_millis(10), "{median:?}");
    sender.close("enough").await;
    echo.await.unwrap();
}

/// A station is killed, without a word to anybody, and comes back at the same port: it knows nothing of the circuit.
#[test]
fn a_station_that_was_killed_and_is_back_ends_its_old_circuits() {
    let runtime =
        || tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let (living, killed, back) = (runtime(), runtime(), runtime());
    let lines = || vec![identity(LINE, RUS, &[USA])];
    let rus = killed.block_on(async { endpoint(lines()) });
    let at = rus.local_addr();
    let accepting = killed.spawn({
        let rus = rus.clone();
        async move { rus.accept().await.unwrap().unwrap() }
    });
    let usa = living.block_on(async { endpoint(vec![identity(LINE, USA, &[RUS])]) });
    let (mut sender, mut receiver) =
        living.block_on(usa.dial(Callee::new(&LINE, &public_key(RUS)), at)).unwrap().split();
    let answered = living.block_on(accepting).unwrap();
    // With its threads gone nothing that is dropped can say goodbye.
    killed.shutdown_timeout(Duration::from_secs(60));
    drop((answered, rus));

    let _rus = back.block_on(async { Endpoint::bind(at, lines()).unwrap() });
    living.block_on(async {
        // What the living station still had to acknowledge may have brought the answer before it says anything more.
        let ended = match sender.send(b"are you there?").await {
            Err(error) => error,
            Ok(()) => tokio::time::timeout(Duration::from_secs(30), receiver.receive())
                .await
                .expect("an end long before a circuit counts as idle")
                .expect_err("a circuit that nobody knows brings nothing"),
        };
        assert!(ended.to_string().contains("does not know this circuit"), "{ended}");
    });
}
