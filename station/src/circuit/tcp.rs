//! Circuits over TLS on TCP, for networks that let nothing else through.
//!
//! Promises what circuits over QUIC promise: the same keys on both sides, the same rules of TLS, frames whole and in
//! order or the circuit ends. Handshakes have a bound of their own, so that a crowd at this door keeps nobody from the
//! other one.
//!
//! On the wire (spec/circuits.md §6): TLS 1.3 with the ALPN and server name of QUIC; then each side says its version at
//! once, and frames follow. A side ends in good order by TLS's close_notify between two frames.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::Mutex;
use tokio::time::timeout;

use super::frames::Circuit;
use super::handshakes::Handshakes;
use super::quic::{by_deadline, unproved};
use super::relayed::{self, Meeting};
use super::tls::{self, Answer, Call, Findings, Secured};
use super::tunnel::Tunnel;
use super::{CircuitError, CircuitKind, VERSION};

/// Connections that wait to be looked at.
const BACKLOG: u32 = 256;
/// How much the system may hold of what was sent and is not under way yet: what is sent next waits behind no more.
const UNSENT: u32 = 16 * 1024;
/// How long, and for how many bytes, a caller that was refused is heard out, so that it hears the reason.
const HEARD_OUT: Duration = Duration::from_secs(1);
const HEARD_BYTES: u64 = 16 * 1024;
/// The pause after the system could give no connection: it has no descriptors left, for instance.
const PAUSE: Duration = Duration::from_millis(100);

/// An address at which circuits come in over TCP.
pub(super) struct Door {
    listener: TcpListener,
    local: SocketAddr,
    handshakes: Mutex<Handshakes>,
}

impl Door {
    /// Opens it; must be called within a tokio runtime.
    pub(super) fn open(at: SocketAddr) -> Result<Self, CircuitError> {
        let not_opened = |error: io::Error| CircuitError::NotOpened { at, kind: error.kind() };
        let socket = if at.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() };
        let socket = socket.map_err(not_opened)?;
        // A station that was killed and is back finds its address free.
        socket.set_reuseaddr(true).map_err(not_opened)?;
        socket.bind(at).map_err(not_opened)?;
        let listener = socket.listen(BACKLOG).map_err(not_opened)?;
        let local = listener.local_addr().map_err(not_opened)?;
        Ok(Self { listener, local, handshakes: Mutex::default() })
    }

    pub(super) fn local(&self) -> SocketAddr {
        self.local
    }
}

/// The next circuit that came in, or why one did not come about; waits for ever where there is no door. A call that
/// is dropped loses nothing.
pub(super) async fn next(
    door: Option<&Door>,
    answer: impl Fn() -> Result<Answer, CircuitError>,
) -> Result<Circuit, CircuitError> {
    let Some(door) = door else { return std::future::pending().await };
    let mut handshakes = door.handshakes.lock().await;
    loop {
        tokio::select! {
            biased;
            Some(outcome) = handshakes.next() => return outcome,
            incoming = door.listener.accept() => match incoming {
                Ok((stream, remote)) => match answer() {
                    Ok(answer) => handshakes.begin(remote.ip(), by_deadline(meet(answer, stream, remote))),
                    Err(error) => return Err(error),
                },
                Err(error) => {
                    tracing::debug!(%error, "no connection could be taken");
                    tokio::time::sleep(PAUSE).await;
                }
            },
        }
    }
}

/// Calls a station, through a proxy if there is one.
pub(super) async fn dial(
    call: &Call,
    to: SocketAddr,
    through: Option<&Tunnel>,
) -> Result<Circuit, CircuitError> {
    let stream = connect(to, through).await?;
    introduce(call.secure(stream).await?, CircuitKind::Tcp, to, &call.findings).await
}

/// Waits at a relay until the other station is there, and calls it, or answers it.
pub(super) async fn meet_at(
    relay: SocketAddr,
    through: Option<&Tunnel>,
    meeting: &Meeting,
    call: &Call,
    answer: &Answer,
) -> Result<Circuit, CircuitError> {
    let stream = by_deadline(connect(relay, through)).await?;
    let stream = relayed::meet(stream, meeting, relay).await?;
    by_deadline(async {
        let (stream, findings) = if meeting.answers {
            (answered(answer, stream).await?, &answer.findings)
        } else {
            (call.secure(stream).await?, &call.findings)
        };
        introduce(stream, CircuitKind::Relay, relay, findings).await
    })
    .await
}

pub(crate) async fn connect(to: SocketAddr, through: Option<&Tunnel>) -> Result<TcpStream, CircuitError> {
    let unreachable = |error: io::Error| CircuitError::Unreachable { to, detail: error.to_string() };
    let stream = TcpStream::connect(to).await.map_err(unreachable)?;
    prepare(&stream);
    match through {
        Some(tunnel) => tunnel.open(stream).await,
        None => Ok(stream),
    }
}

async fn meet(answer: Answer, stream: TcpStream, remote: SocketAddr) -> Result<Circuit, CircuitError> {
    prepare(&stream);
    introduce(answered(&answer, stream).await?, CircuitKind::Tcp, remote, &answer.findings).await
}

/// Puts TLS on a stream that came in; whoever is refused is heard out.
async fn answered(answer: &Answer, stream: TcpStream) -> Result<Secured, CircuitError> {
    match answer.secure(stream).await {
        Ok(secured) => Ok(secured),
        Err((error, stream)) => {
            // Closed with something unread, the connection would take the reason back.
            let _ = timeout(HEARD_OUT, hear_out(stream)).await;
            Err(error)
        }
    }
}

async fn hear_out(mut stream: TcpStream) -> io::Result<()> {
    stream.shutdown().await?;
    tokio::io::copy(&mut stream.take(HEARD_BYTES), &mut tokio::io::sink()).await.map(|_| ())
}

/// Both sides alike: say the version, hear the other's.
async fn introduce(
    mut stream: Secured,
    kind: CircuitKind,
    remote: SocketAddr,
    findings: &Findings,
) -> Result<Circuit, CircuitError> {
    let broken = |error: io::Error| tls::broken(&error);
    stream.write_all(&[VERSION]).await.map_err(broken)?;
    stream.flush().await.map_err(broken)?;
    let mut found = [0; 1];
    stream.read_exact(&mut found).await.map_err(broken)?;
    let [found] = found;
    if found != VERSION {
        let _ = stream.shutdown().await;
        return Err(CircuitError::VersionUnknown { expected: VERSION, found });
    }
    let parties = findings.parties().ok_or_else(unproved)?;
    Ok(Circuit::over_tcp(parties, kind, remote, stream))
}

/// Short frames leave at once, and little waits in the system where nothing overtakes it. A system that does neither is
/// slower, not wrong.
fn prepare(stream: &TcpStream) {
    let _ = stream.set_nodelay(true);
    let _ = socket2::SockRef::from(stream).set_tcp_notsent_lowat(UNSENT);
}
