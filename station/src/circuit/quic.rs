//! One UDP port that dials and answers for every line of a station.
//!
//! Promises that every handshake ends by [`HANDSHAKE_DEADLINE`], that handshakes do not wait for each other,
//! and that strangers can hold neither memory nor places: beyond a few handshakes at a time an address must
//! first prove that it is one (RFC 9000 §8.1.2), and beyond [`MAX_HANDSHAKES`] the oldest gives way.

use std::collections::VecDeque;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::sync::{Arc, PoisonError, RwLock};

use quinn::{ConnectError, Incoming, ReadError, ReadExactError, TransportConfig, VarInt, WriteError};
use tokio::sync::Mutex;
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::timeout;

use super::frames::{Circuit, DONE, VERSION_UNKNOWN, close, closed, lost};
use super::tls::{Answer, Findings, Keyring};
use super::{
    Callee, CircuitError, HANDSHAKE_DEADLINE, IDLE_LIMIT, LineIdentity, MAX_HANDSHAKES, SEND_WINDOW, VERSION,
    reset,
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
}

/// The handshakes being answered, oldest first.
#[derive(Default)]
struct Handshakes {
    running: JoinSet<Result<Circuit, CircuitError>>,
    order: VecDeque<AbortHandle>,
}

impl Endpoint {
    /// Opens the port; must be called within a tokio runtime.
    ///
    /// # Errors
    /// `NotOpened`; `Line` for a line that cannot be served.
    pub fn bind(addr: SocketAddr, lines: Vec<LineIdentity>) -> Result<Self, CircuitError> {
        let resetting = reset::endpoint(&lines);
        let keyring = Arc::new(Keyring::load(lines)?);
        let mut answering = quinn::ServerConfig::with_crypto(keyring.answer()?.crypto);
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
        })
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

    /// Calls the station that holds the key `peer`, and nobody else, for `line`. Returns when the other
    /// station has accepted this one's key and version too.
    ///
    /// # Errors
    /// `Line`, `Unreachable`, `WrongKey`, `Refused`, `Handshake`, `VersionUnknown`, `Closed`, and `TimedOut`
    /// after [`HANDSHAKE_DEADLINE`].
    pub async fn dial(
        &self,
        line: &[u8; 32],
        peer: &[u8; 32],
        to: SocketAddr,
    ) -> Result<Circuit, CircuitError> {
        self.call(Callee { line, peer, rank: 0, own_rank: 0 }, to).await
    }

    /// The ranks of the own keys on a line, the last one first.
    pub(crate) fn own_ranks(&self, line: &[u8; 32]) -> Vec<u8> {
        self.keyring().own_ranks(line)
    }

    /// The same, where keys have been renewed.
    ///
    /// # Errors
    /// As [`Endpoint::dial`].
    pub async fn call(&self, callee: Callee<'_>, to: SocketAddr) -> Result<Circuit, CircuitError> {
        let call = self.keyring().call(callee)?;
        check_route(to)?;
        let mut config = quinn::ClientConfig::new(call.crypto);
        config.transport_config(self.dialling.clone());
        let connecting =
            self.quinn.connect_with(config, to, &call.server_name).map_err(|error| match error {
                ConnectError::EndpointStopping => closed("by this station"),
                error => CircuitError::Unreachable { to, detail: error.to_string() },
            })?;
        by_deadline(introduce(connecting, &call.findings)).await
    }

    /// The next circuit that a peer has dialled, or why one did not come about; `None` once the endpoint is
    /// closed. To be called again and again, by one task: handshakes go on side by side, but only while this
    /// is awaited are new ones begun. A call that is dropped loses nothing.
    pub async fn accept(&self) -> Option<Result<Circuit, CircuitError>> {
        let mut handshakes = self.handshakes.lock().await;
        loop {
            tokio::select! {
                biased;
                Some(ended) = handshakes.running.join_next() => match ended {
                    Ok(outcome) => return Some(outcome),
                    Err(evicted) => tracing::debug!(%evicted, "a handshake was dropped"),
                },
                incoming = self.quinn.accept() => match incoming {
                    Some(incoming) => self.answer(incoming, &mut handshakes),
                    None => break,
                },
            }
        }
        while let Some(ended) = handshakes.running.join_next().await {
            if let Ok(outcome) = ended {
                return Some(outcome);
            }
        }
        None
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
        handshakes.order.retain(|handshake| !handshake.is_finished());
        if handshakes.order.len() >= HANDSHAKES_ON_TRUST && !incoming.remote_address_validated() {
            // Fails only for an address that is validated.
            let _ = incoming.retry();
            return;
        }
        while handshakes.order.len() >= MAX_HANDSHAKES {
            let Some(oldest) = handshakes.order.pop_front() else { break };
            oldest.abort();
        }
        let Ok(Answer { crypto, findings }) = self.keyring().answer() else {
            incoming.refuse();
            return;
        };
        let mut config = self.answering.clone();
        config.crypto = crypto;
        let handshake = async move {
            let connecting = incoming.accept_with(Arc::new(config)).map_err(lost)?;
            by_deadline(meet(connecting, &findings)).await
        };
        handshakes.order.push_back(handshakes.running.spawn(handshake));
    }
}

/// The dialer's part after the call: open the stream, say the version, wait for the other's.
async fn introduce(connecting: quinn::Connecting, findings: &Findings) -> Result<Circuit, CircuitError> {
    let connection = connecting.await.map_err(|error| findings.objection().unwrap_or_else(|| lost(error)))?;
    let (mut to, mut from) = connection.open_bi().await.map_err(lost)?;
    say_version(&mut to).await?;
    hear_version(&connection, &mut from).await?;
    let parties = findings.parties().ok_or_else(unproved)?;
    Ok(Circuit::new(parties, connection, (to, from)))
}

/// The answerer's part: wait for the stream and the version, then say its own.
async fn meet(connecting: quinn::Connecting, findings: &Findings) -> Result<Circuit, CircuitError> {
    let connection = connecting.await.map_err(|error| findings.objection().unwrap_or_else(|| lost(error)))?;
    let (mut to, mut from) = connection.accept_bi().await.map_err(lost)?;
    hear_version(&connection, &mut from).await?;
    say_version(&mut to).await?;
    let parties = findings.parties().ok_or_else(unproved)?;
    Ok(Circuit::new(parties, connection, (to, from)))
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

async fn by_deadline<T>(handshake: impl Future<Output = Result<T, CircuitError>>) -> Result<T, CircuitError> {
    let late = CircuitError::TimedOut { after: HANDSHAKE_DEADLINE };
    timeout(HANDSHAKE_DEADLINE, handshake).await.unwrap_or(Err(late))
}

/// Unreachable as long as TLS keeps its word; refused all the same.
fn unproved() -> CircuitError {
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
