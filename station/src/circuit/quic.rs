//! One UDP port that dials and answers for every line of a station, and one of TCP where it is asked for.
//!
//! Promises that every handshake ends by [`HANDSHAKE_DEADLINE`], that handshakes do not wait for each other,
//! and that strangers can hold neither memory nor places: beyond a few handshakes at a time an address must
//! first prove that it is one (RFC 9000 §8.1.2), and beyond a bound the oldest of the address that holds the most gives way.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::sync::{Arc, PoisonError, RwLock};

use quinn::{ConnectError, Incoming, ReadError, ReadExactError, TransportConfig, VarInt, WriteError};
use tokio::sync::Mutex;
use tokio::time::timeout;
use zeroize::Zeroizing;

use super::frames::{Circuit, DONE, VERSION_UNKNOWN, close, closed, lost};
use super::handshakes::Handshakes;
use super::relayed::Meeting;
use super::tls::{self, Findings, Keyring};
use super::tunnel::Tunnel;
use super::{
    Callee, CircuitError, HANDSHAKE_DEADLINE, IDLE_LIMIT, LineIdentity, SEND_WINDOW, VERSION, reset, tcp,
};

/// Beyond so many handshakes at a time an address that has not been heard from before is asked to repeat a
/// token, so that forged addresses take no places.
const HANDSHAKES_ON_TRUST: usize = 16;

/// Bounds on what quinn keeps of connections that nobody has looked at yet: how many, bytes each, bytes in all.
const MAX_WAITING: usize = 256;
const WAITING_BYTES: u64 = 16 * 1024;
const WAITING_BYTES_ALL: u64 = 1024 * 1024;

/// A UDP port on which circuits are dialled and accepted. Dropping it ends unfinished handshakes; circuits
/// live on by themselves.
pub struct Endpoint {
    quinn: quinn::Endpoint,
    local: SocketAddr,
    /// The rules of QUIC for answering; each answer brings its own rules of TLS.
    answering: quinn::ServerConfig,
    dialling: Arc<TransportConfig>,
    keyring: RwLock<Arc<Keyring>>,
    handshakes: Mutex<Handshakes>,
    /// Where circuits come in over TCP, if they may.
    tcp: Option<tcp::Door>,
}

impl Endpoint {
    /// Opens the port; must be called within a tokio runtime.
    ///
    /// # Errors
    /// `NotOpened`; `Line` for a line that cannot be served.
    pub fn bind(addr: SocketAddr, lines: Vec<LineIdentity>) -> Result<Self, CircuitError> {
        let resetting = reset::endpoint(&lines);
        let keyring = Arc::new(Keyring::load(lines)?);
        let mut answering = quinn::ServerConfig::with_crypto(keyring.answer()?.quic()?);
        answering.transport_config(Arc::new(transport(1)));
        answering.validation_token.sent(0);
        answering
            .max_incoming(MAX_WAITING)
            .incoming_buffer_size(WAITING_BYTES)
            .incoming_buffer_size_total(WAITING_BYTES_ALL);
        let not_opened = |error: std::io::Error| CircuitError::NotOpened { at: addr, kind: error.kind() };
        let socket = UdpSocket::bind(addr).map_err(not_opened)?;
        let runtime = Arc::new(quinn::TokioRuntime);
        let quinn =
            quinn::Endpoint::new(resetting, Some(answering.clone()), socket, runtime).map_err(not_opened)?;
        Ok(Self {
            local: quinn.local_addr().map_err(not_opened)?,
            quinn,
            answering,
            dialling: Arc::new(transport(0)),
            keyring: RwLock::new(keyring),
            handshakes: Mutex::default(),
            tcp: None,
        })
    }

    /// Takes circuits over TCP as well, at an address of their own.
    ///
    /// # Errors
    /// `NotOpened`.
    pub fn with_tcp(self, at: SocketAddr) -> Result<Self, CircuitError> {
        Ok(Self { tcp: Some(tcp::Door::open(at)?), ..self })
    }

    /// The address that TCP was opened on.
    pub fn tcp_addr(&self) -> Option<SocketAddr> {
        self.tcp.as_ref().map(tcp::Door::local)
    }

    /// The address that the port was opened on.
    pub fn local_addr(&self) -> SocketAddr {
        self.local
    }

    /// Replaces the lines for every handshake that begins from now on. Circuits that stand are not touched.
    ///
    /// # Errors
    /// `Line`, and the lines stay as they were.
    pub fn replace_lines(&self, lines: Vec<LineIdentity>) -> Result<(), CircuitError> {
        let keyring = Arc::new(Keyring::load(lines)?);
        *self.keyring.write().unwrap_or_else(PoisonError::into_inner) = keyring;
        Ok(())
    }

    /// The ranks of the own keys on a line, the last one first.
    pub(crate) fn own_ranks(&self, line: &[u8; 32]) -> Vec<u8> {
        self.keyring().own_ranks(line)
    }

    /// Calls the station that holds a key, and nobody else, for a line. Returns when the other station has accepted this
    /// one's key and version too.
    ///
    /// # Errors
    /// `Line`, `Unreachable`, `WrongKey`, `Refused`, `Handshake`, `VersionUnknown`, `Closed`, and `TimedOut`
    /// after [`HANDSHAKE_DEADLINE`].
    pub async fn dial(&self, callee: Callee<'_>, to: SocketAddr) -> Result<Circuit, CircuitError> {
        let call = self.keyring().call(callee)?;
        check_route(to)?;
        let mut config = quinn::ClientConfig::new(call.quic()?);
        config.transport_config(self.dialling.clone());
        let connecting =
            self.quinn.connect_with(config, to, &call.server_name).map_err(|error| match error {
                ConnectError::EndpointStopping => closed("by this station"),
                error => CircuitError::Unreachable { to, detail: error.to_string() },
            })?;
        by_deadline(introduce(connecting, &call.findings)).await
    }

    /// The same over TCP. Through a proxy, `to` is the proxy's address.
    ///
    /// # Errors
    /// As [`Endpoint::dial`], and `Proxy` for what a proxy answered.
    pub async fn dial_tcp(
        &self,
        callee: Callee<'_>,
        to: SocketAddr,
        through: Option<&Tunnel>,
    ) -> Result<Circuit, CircuitError> {
        let call = self.keyring().call(callee)?;
        by_deadline(tcp::dial(&call, to, through)).await
    }

    /// Waits at a relay for the station that holds a key, for as long as it takes, and makes a circuit with it
    /// through the relay. `through` is a proxy on the way to the relay.
    ///
    /// # Errors
    /// As [`Endpoint::dial_tcp`], and `Relay` for what the relay said.
    pub async fn meet_at_relay(
        &self,
        callee: Callee<'_>,
        meeting: &Meeting,
        relay: SocketAddr,
        through: Option<&Tunnel>,
    ) -> Result<Circuit, CircuitError> {
        let keyring = self.keyring();
        let (call, answer) = (keyring.call(callee)?, keyring.answer()?);
        tcp::meet_at(relay, through, meeting, &call, &answer).await
    }

    /// One handshake over a serial line, for the keys of its circuit (spec/serial.md §6); whether this station answers it.
    /// Gives what they come of.
    ///
    /// # Errors
    /// As [`Endpoint::dial`].
    pub(crate) async fn shake_over(
        &self,
        callee: Callee<'_>,
        answers: bool,
        stream: tokio::io::DuplexStream,
    ) -> Result<Zeroizing<[u8; 32]>, CircuitError> {
        let keyring = self.keyring();
        let (stream, findings) = if answers {
            let answer = keyring.answer()?;
            (answer.secure(stream).await.map_err(|(error, _)| error)?, answer.findings)
        } else {
            let call = keyring.call(callee)?;
            (call.secure(stream).await?, call.findings)
        };
        if findings.parties() != Some((*callee.line, *callee.peer)) {
            return Err(unproved());
        }
        tls::serial_root(&stream, callee.line).ok_or_else(unproved)
    }

    /// The next circuit that a peer has dialled, or why one did not come about; `None` once the endpoint is
    /// closed. To be called again and again, by one task: handshakes go on side by side, but only while this
    /// is awaited are new ones begun. A call that is dropped loses nothing.
    pub async fn accept(&self) -> Option<Result<Circuit, CircuitError>> {
        let mut handshakes = self.handshakes.lock().await;
        loop {
            // In no order: a flood on one of them keeps the other waiting no longer.
            tokio::select! {
                Some(outcome) = handshakes.next() => return Some(outcome),
                incoming = self.quinn.accept() => match incoming {
                    Some(incoming) => self.answer(incoming, &mut handshakes),
                    None => break,
                },
                outcome = tcp::next(self.tcp.as_ref(), || self.keyring().answer()) => return Some(outcome),
            }
        }
        handshakes.next().await
    }

    /// Closes the port and every circuit on it; returns when the peers have been told, as far as they answer.
    pub async fn close(&self) {
        self.quinn.close(DONE, b"the station closes");
        self.quinn.wait_idle().await;
    }

    fn keyring(&self) -> Arc<Keyring> {
        self.keyring.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn answer(&self, incoming: Incoming, handshakes: &mut Handshakes) {
        if handshakes.count() >= HANDSHAKES_ON_TRUST && !incoming.remote_address_validated() {
            // Fails only for an address that is validated.
            let _ = incoming.retry();
            return;
        }
        let rules = self.keyring().answer().and_then(|answer| Ok((answer.quic()?, answer.findings)));
        let Ok((crypto, findings)) = rules else {
            incoming.refuse();
            return;
        };
        let with = incoming.remote_address().ip();
        let mut config = self.answering.clone();
        config.crypto = crypto;
        let handshake = async move {
            let connecting = incoming.accept_with(Arc::new(config)).map_err(lost)?;
            by_deadline(meet(connecting, &findings)).await
        };
        handshakes.begin(with, handshake);
    }
}

/// The dialer's part after the call: open the stream, say the version, wait for the other's.
async fn introduce(connecting: quinn::Connecting, findings: &Findings) -> Result<Circuit, CircuitError> {
    let connection = connecting.await.map_err(|error| findings.objection().unwrap_or_else(|| lost(error)))?;
    let (mut to, mut from) = connection.open_bi().await.map_err(lost)?;
    say_version(&mut to).await?;
    hear_version(&connection, &mut from).await?;
    let parties = findings.parties().ok_or_else(unproved)?;
    Ok(Circuit::over_quic(parties, connection, (to, from)))
}

/// The answerer's part: wait for the stream and the version, then say its own.
async fn meet(connecting: quinn::Connecting, findings: &Findings) -> Result<Circuit, CircuitError> {
    let connection = connecting.await.map_err(|error| findings.objection().unwrap_or_else(|| lost(error)))?;
    let (mut to, mut from) = connection.accept_bi().await.map_err(lost)?;
    hear_version(&connection, &mut from).await?;
    say_version(&mut to).await?;
    let parties = findings.parties().ok_or_else(unproved)?;
    Ok(Circuit::over_quic(parties, connection, (to, from)))
}

async fn say_version(to: &mut quinn::SendStream) -> Result<(), CircuitError> {
    to.write_all(&[VERSION]).await.map_err(|error| match error {
        WriteError::ConnectionLost(error) => lost(error),
        error => closed(&error.to_string()),
    })
}

async fn hear_version(
    connection: &quinn::Connection,
    from: &mut quinn::RecvStream,
) -> Result<(), CircuitError> {
    let mut found = [0; 1];
    from.read_exact(&mut found).await.map_err(|error| match error {
        ReadExactError::ReadError(ReadError::ConnectionLost(error)) => lost(error),
        error => closed(&error.to_string()),
    })?;
    let [found] = found;
    if found == VERSION {
        return Ok(());
    }
    close(connection, VERSION_UNKNOWN, "version unknown");
    Err(CircuitError::VersionUnknown { expected: VERSION, found })
}

pub(super) async fn by_deadline<T>(
    handshake: impl Future<Output = Result<T, CircuitError>>,
) -> Result<T, CircuitError> {
    let late = CircuitError::TimedOut { after: HANDSHAKE_DEADLINE };
    timeout(HANDSHAKE_DEADLINE, handshake).await.unwrap_or(Err(late))
}

/// Unreachable as long as TLS keeps its word; refused all the same.
pub(super) fn unproved() -> CircuitError {
    CircuitError::Handshake { detail: "the other end has proved no key".into() }
}

/// Asks the system for a route, since a packet without one is lost without a word.
fn check_route(to: SocketAddr) -> Result<(), CircuitError> {
    let any: IpAddr = if to.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
    let probe = UdpSocket::bind((any, 0)).and_then(|socket| socket.connect(to));
    probe.map_err(|error| CircuitError::Unreachable { to, detail: error.to_string() })
}

/// QUIC for one stream of short, urgent frames. What is left at quinn's default is so on purpose: the first
/// round trip is taken as 333 ms (RFC 9002 §6.2.2), which a satellite needs, and packets grow by discovery.
fn transport(streams_from_peer: u32) -> TransportConfig {
    let mut config = TransportConfig::default();
    config
        .max_concurrent_bidi_streams(VarInt::from_u32(streams_from_peer))
        .max_concurrent_uni_streams(VarInt::from_u32(0))
        .datagram_receive_buffer_size(None)
        .stream_receive_window(VarInt::from_u32(SEND_WINDOW))
        .receive_window(VarInt::from_u32(SEND_WINDOW))
        .send_window(SEND_WINDOW.into())
        .keep_alive_interval(None)
        // The spin bit would tell onlookers the round trip.
        .allow_spin(false);
    // A duration of minutes is far below what the format can hold.
    config.max_idle_timeout(IDLE_LIMIT.try_into().ok());
    // A largest entry leaves in one flight, also on a circuit that has just come up.
    let mut congestion = quinn::congestion::CubicConfig::default();
    congestion.initial_window(32 * 1024);
    config.congestion_controller_factory(Arc::new(congestion));
    config
}
