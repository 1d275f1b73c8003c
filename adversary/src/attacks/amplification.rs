//! A station as an amplifier.
//!
//! **Who:** somebody who forges the address of a victim. **Has:** the station's address. **Tries:** sends datagrams in another's name, so that
//! the station floods that one: the first flight of a handshake, a version that nobody has, a packet of a circuit that is forgotten,
//! garbage. **Must hold:** an address that has not shown that it is one gets at most three bytes for each that came from it (RFC 9000
//! §8.1) and the rest of a datagram, since quinn ends what it has begun; and for what begins no handshake no more than came.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::net::UdpSocket;
use tokio::time::{Instant, timeout_at};

use super::USUAL;
use crate::{Attack, Figures, Made, Outcome, Scene, bait, elsewhere, figures, objection};

/// How long the forged address listens: an answerer repeats itself until its handshake is given up after 10 s.
const LISTENS: Duration = Duration::from_secs(11);
/// For how long to what begins no handshake.
const SHORTLY: Duration = Duration::from_secs(1);
/// Bytes of a datagram before more are known to pass.
const DATAGRAM: u64 = 1_200;

/// The attack.
pub(super) const ATTACK: Attack = Attack {
    name: "amplification",
    tries: "somebody forges the sender of datagrams, so that the station floods another",
    bounds: USUAL,
    make: |scene| Box::pin(forge(scene)) as Made<'_>,
};

async fn forge(scene: &Scene) -> Outcome<Figures> {
    let dialer = scene.endpoint(elsewhere(), None)?;
    let flight = bait::first_flight(scene, &dialer).await?;
    let initial = returned(scene.quic, &flight, LISTENS).await?;
    // A long header of a version that nobody speaks, as long as an Initial has to be.
    let mut strange =
        vec![0xc0, 0x0a, 0x0a, 0x0a, 0x0a, 8, 1, 2, 3, 4, 5, 6, 7, 8, 8, 1, 2, 3, 4, 5, 6, 7, 8];
    strange.resize(1_200, 0);
    let version = returned(scene.quic, &[strange], SHORTLY).await?;
    // A short header with a connection id of nobody's.
    let forgotten = returned(scene.quic, &[vec![0x40; 600]], SHORTLY).await?;
    let garbage = returned(scene.quic, &[vec![0xff; 1_200], vec![0; 1_200]], SHORTLY).await?;
    initial.within("a first flight", 3, DATAGRAM)?;
    version.within("another version", 1, 0)?;
    forgotten.within("a forgotten circuit", 1, 0)?;
    garbage.within("garbage", 1, 0)?;
    Ok(figures([
        ("handshake", initial.json()),
        ("another_version", version.json()),
        ("forgotten_circuit", forgotten.json()),
        ("garbage", garbage.json()),
    ]))
}

/// What was sent to the station, and what came back to somebody who answers nothing, in bytes.
#[derive(Debug, Clone, Copy)]
struct Returned {
    out: u64,
    back: u64,
}

impl Returned {
    fn within(self, what: &str, times: u64, more: u64) -> Outcome<()> {
        if self.back <= self.out * times + more {
            return Ok(());
        }
        let Self { out, back } = self;
        objection(
            &format!("at most {times} bytes and {more} for each of {what}"),
            format!("{back} for {out}"),
        )
    }

    fn json(self) -> Value {
        json!({"bytes_out": self.out, "bytes_back": self.back})
    }
}

async fn returned(to: SocketAddr, datagrams: &[Vec<u8>], listens: Duration) -> Outcome<Returned> {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    socket.connect(to).await?;
    let mut returned = Returned { out: 0, back: 0 };
    for datagram in datagrams {
        returned.out += socket.send(datagram).await? as u64;
    }
    let until = Instant::now() + listens;
    let mut buffer = vec![0; 65_536];
    while let Ok(Ok(length)) = timeout_at(until, socket.recv(&mut buffer)).await {
        returned.back += length as u64;
    }
    Ok(returned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn whoever_answers_four_bytes_to_one_is_objected_to() {
        let loud = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let at = loud.local_addr().unwrap();
        tokio::spawn(async move {
            let mut buffer = [0; 2_000];
            while let Ok((length, from)) = loud.recv_from(&mut buffer).await {
                for _ in 0..4 {
                    let _ = loud.send_to(&buffer[..length], from).await;
                }
            }
        });
        let returned = returned(at, &[vec![7; 100]], Duration::from_millis(300)).await.unwrap();
        assert_eq!((returned.out, returned.back), (100, 400));
        assert!(returned.within("it", 3, 99).is_err());
        assert!(returned.within("it", 3, 100).is_ok());
    }
}
