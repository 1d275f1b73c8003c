//! Handshakes as an honest station begins them, caught to be used otherwise: it dials a trap.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use detente_station::circuit::{Callee, Endpoint};
use tokio::io::AsyncReadExt as _;
use tokio::net::{TcpListener, UdpSocket};

use crate::{Outcome, Scene, elsewhere};

/// Longest wait for the honest station to call.
const PATIENCE: Duration = Duration::from_secs(5);
/// What a datagram can be.
const DATAGRAM: usize = 65_536;

async fn trapped<T>(
    scene: &Scene,
    dialer: &Endpoint,
    at: SocketAddr,
    over_tcp: bool,
    caught: impl Future<Output = std::io::Result<T>>,
) -> Outcome<T> {
    let (line, key) = (scene.memorandum.line().0, scene.victims_key()?);
    let callee = Callee::new(&line, &key);
    let calls = async {
        if over_tcp { dialer.dial_tcp(callee, at, None).await } else { dialer.dial(callee, at).await }
    };
    tokio::select! {
        caught = caught => Ok(caught?),
        _ = calls => Err("a trap was answered".into()),
        () = tokio::time::sleep(PATIENCE) => Err("nobody called".into()),
    }
}

/// The first flight of a call over QUIC, as datagrams: what it takes to begin a handshake.
///
/// # Errors
/// If nobody calls.
pub async fn first_flight(scene: &Scene, dialer: &Endpoint) -> Outcome<Vec<Vec<u8>>> {
    let trap = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let caught = async {
        let mut flight = Vec::new();
        let mut datagram = vec![0; DATAGRAM];
        // A ClientHello with ML-KEM takes two datagrams.
        while flight.len() < 2 {
            let (length, _) = trap.recv_from(&mut datagram).await?;
            flight.push(datagram.get(..length).unwrap_or_default().to_vec());
        }
        Ok(flight)
    };
    trapped(scene, dialer, trap.local_addr()?, false, caught).await
}

/// The ClientHello of a call over TCP, as bytes of the stream.
///
/// # Errors
/// If nobody calls.
pub async fn client_hello(scene: &Scene) -> Outcome<Vec<u8>> {
    let trap = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let caught = async {
        let (mut stream, _) = trap.accept().await?;
        let mut head = [0; 5];
        stream.read_exact(&mut head).await?;
        let [.., high, low] = head;
        let mut record = vec![0; usize::from(u16::from_be_bytes([high, low]))];
        stream.read_exact(&mut record).await?;
        Ok([head.as_slice(), &record].concat())
    };
    let dialer = scene.endpoint(elsewhere(), None)?;
    trapped(scene, &dialer, trap.local_addr()?, true, caught).await
}
