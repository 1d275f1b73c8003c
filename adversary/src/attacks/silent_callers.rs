//! Slow loris at the port for circuits over TCP.
//!
//! **Who:** somebody on the network, without a key. **Has:** the address. **Tries:** holds a thousand connections open, of which some say
//! nothing, some a ClientHello byte by byte, and some one that announces more than it brings. **Must hold:** a party gets in meanwhile,
//! and no more connections are held than there are places for handshakes.

use std::time::{Duration, Instant};

use serde_json::json;
use tokio::io::AsyncWriteExt as _;

use super::USUAL;
use crate::{Attack, Made, Scene, bait, connect, elsewhere, figures};

/// How many call at a time, and for how long they say something.
const CALLERS: usize = 1_000;
const FOR: Duration = Duration::from_secs(3);
/// How often a party calls, and a byte is said.
const EVERY: Duration = Duration::from_millis(50);

/// The attack.
pub(super) const TCP: Attack = Attack {
    name: "silent-callers",
    tries: "a stranger holds a thousand connections of TCP in the handshake, silent or byte by byte",
    bounds: USUAL,
    make: |scene| Box::pin(call(scene)) as Made<'_>,
};

async fn call(scene: &Scene) -> crate::Outcome<crate::Figures> {
    let hello = bait::client_hello(scene).await?;
    let mut callers = Vec::new();
    for _ in 0..CALLERS {
        callers.push(connect(elsewhere(), scene.tcp).await?);
    }
    let mut lied = hello.clone();
    // The record says that 16,384 bytes follow.
    if let Some(length) = lied.get_mut(3..5) {
        length.copy_from_slice(&[0x40, 0]);
    }
    let begun = Instant::now();
    let honest = scene.endpoint([127, 0, 0, 1].into(), Some(1))?;
    let mut dials = Vec::new();
    for place in 0.. {
        if begun.elapsed() > FOR {
            break;
        }
        for (number, caller) in callers.iter_mut().enumerate() {
            let said = match number % 3 {
                0 => continue,
                1 => &hello,
                _ => &lied,
            };
            // Whoever was let go hears no more.
            if let Some(byte) = said.get(place..=place) {
                let _ = caller.try_write(byte);
            }
        }
        let since = Instant::now();
        scene.dial(&honest, true).await?.close("done");
        dials.push(since.elapsed());
        tokio::time::sleep(EVERY).await;
    }
    for caller in &mut callers {
        let _ = caller.shutdown().await;
    }
    let worst = dials.iter().max().map_or(0, Duration::as_millis);
    Ok(figures([
        ("connections", json!(CALLERS)),
        ("honest_calls", json!(dials.len())),
        ("honest_call_worst_ms", json!(worst)),
    ]))
}
