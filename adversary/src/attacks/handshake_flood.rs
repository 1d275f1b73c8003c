//! A flood of handshakes.
//!
//! **Who:** somebody on the network, without a key. **Has:** the address, the line's server name from the wire, and one address of its
//! own. **Tries:** begins handshakes as fast as it can, over TCP and with a key of its own over QUIC, as whoever answers Retry can, so that
//! all places are its. **Must hold:** every call of a party from elsewhere comes through; handshakes, memory and the log stay bounded.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde_json::json;
use tokio::io::AsyncWriteExt as _;
use tokio::task::JoinSet;

use super::USUAL;
use crate::{Attack, Bounds, Figures, Made, Outcome, Scene, bait, connect, elsewhere, figures, objection};

/// How long it lasts, and by how many at a time.
const FOR: Duration = Duration::from_secs(4);
const AT_A_TIME: usize = 200;
/// How often a party calls.
const EVERY: Duration = Duration::from_millis(50);
/// How long a call of a party may take while it goes on.
const MOST_DIAL: Duration = Duration::from_secs(8);

/// Connections that are let go are closed a moment later, and each good call of the party is told when it ends.
const AT_MOST: Bounds = Bounds { descriptors: 400, log_lines: 200, ..USUAL };

/// Over TCP.
pub(super) const TCP: Attack = Attack {
    name: "handshake-flood-tcp",
    tries: "a stranger begins handshakes over TCP as fast as it can, two hundred at a time",
    bounds: AT_MOST,
    make: |scene| Box::pin(tcp(scene)) as Made<'_>,
};

/// Over QUIC.
pub(super) const QUIC: Attack = Attack {
    name: "handshake-flood-quic",
    tries: "a stranger with a key of its own, who answers Retry, begins handshakes over QUIC as fast as it can",
    bounds: AT_MOST,
    make: |scene| Box::pin(quic(scene)) as Made<'_>,
};

async fn tcp(scene: &Scene) -> Outcome<Figures> {
    let hello = Arc::new(bait::client_hello(scene).await?);
    let (begun, to) = (Arc::new(AtomicU64::new(0)), scene.tcp);
    let mut flood = JoinSet::new();
    for _ in 0..AT_A_TIME {
        let (hello, begun) = (Arc::clone(&hello), Arc::clone(&begun));
        flood.spawn(async move {
            loop {
                let Ok(mut stream) = connect(elsewhere(), to).await else {
                    tokio::time::sleep(Duration::from_millis(1)).await;
                    continue;
                };
                begun.fetch_add(1, Ordering::Relaxed);
                let _ = stream.write_all(&hello).await;
                // Long enough to have a place, and no longer.
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        });
    }
    meanwhile(scene, true, &begun).await
}

async fn quic(scene: &Scene) -> Outcome<Figures> {
    let begun = Arc::new(AtomicU64::new(0));
    let (line, key, to) = (scene.memorandum.line().0, scene.victims_key()?, scene.quic);
    let mut flood = JoinSet::new();
    for _ in 0..8 {
        let endpoint = Arc::new(scene.endpoint(elsewhere(), None)?);
        for _ in 0..AT_A_TIME / 16 {
            let (endpoint, begun) = (Arc::clone(&endpoint), Arc::clone(&begun));
            flood.spawn(async move {
                loop {
                    begun.fetch_add(1, Ordering::Relaxed);
                    let callee = detente_station::circuit::Callee::new(&line, &key);
                    let _ = endpoint.dial(callee, to).await;
                }
            });
        }
    }
    meanwhile(scene, false, &begun).await
}

/// What a party does while strangers flood: it calls, again and again.
async fn meanwhile(scene: &Scene, over_tcp: bool, begun: &AtomicU64) -> Outcome<Figures> {
    let since = Instant::now();
    let honest = scene.endpoint([127, 0, 0, 1].into(), Some(1))?;
    let mut worst = Duration::ZERO;
    let mut calls = 0;
    while since.elapsed() < FOR {
        let call = Instant::now();
        scene.dial(&honest, over_tcp).await?.close("done");
        (worst, calls) = (worst.max(call.elapsed()), calls + 1);
        tokio::time::sleep(EVERY).await;
    }
    if worst > MOST_DIAL {
        return objection("calls of a party within 8 s", format!("{} ms", worst.as_millis()));
    }
    let handshakes = begun.load(Ordering::Relaxed) as f64 / since.elapsed().as_secs_f64();
    Ok(figures([
        ("handshakes_a_second", json!(handshakes.round())),
        ("honest_calls", json!(calls)),
        ("honest_call_worst_ms", json!(worst.as_millis())),
    ]))
}
