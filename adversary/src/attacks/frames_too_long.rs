//! Frames that are too long, that are nothing, or that never end.
//!
//! **Who:** a party of bad faith. **Has:** its own keys, so that its circuits are good. **Tries:** sends frames of the greatest length that
//! are no frames, of structures within structures, and of entries that promise more than they bring; and many frames byte by
//! byte at once. **Must hold:** each circuit is refused or waits for itself alone; memory is bounded by what a frame can be.

use std::time::{Duration, Instant};

use detente_line::frame;
use detente_station::circuit::MAX_FRAME;
use serde_json::json;
use tokio::task::JoinSet;

use super::USUAL;
use crate::{Attack, Figures, Made, Outcome, Scene, elsewhere, figures, objection};

/// How long it goes on.
const FOR: Duration = Duration::from_secs(2);
/// Longest wait for a circuit to end.
const PATIENCE: Duration = Duration::from_secs(10);

/// All at once.
pub(super) const LONG: Attack = Attack {
    name: "frames-too-long",
    tries: "a party of bad faith sends frames of the greatest length that mean nothing",
    bounds: USUAL,
    make: |scene| Box::pin(long(scene)) as Made<'_>,
};

/// Byte by byte.
pub(super) const SLOW: Attack = Attack {
    name: "frames-byte-by-byte",
    tries: "a party of bad faith begins long frames on many circuits and ends none",
    bounds: USUAL,
    make: |scene| Box::pin(slow(scene)) as Made<'_>,
};

/// Frames that are none: garbage, CBOR arrays within arrays, a byte string of 4 GiB, a list of 2⁶⁴ - 1 items.
fn none() -> [Vec<u8>; 4] {
    let mut greatest = vec![0x82, 0x01, 0x5a, 0xff, 0xff, 0xff, 0xff];
    greatest.resize(MAX_FRAME, 0);
    let mut endless = vec![0x82, 0x01, 0x9b];
    endless.extend([0xff; 8]);
    endless.resize(MAX_FRAME, 0x81);
    [vec![0xff; MAX_FRAME], vec![0x81; MAX_FRAME], greatest, endless]
}

async fn long(scene: &Scene) -> Outcome<Figures> {
    let from = scene.endpoint(elsewhere(), Some(2))?;
    let (begun, mut frames) = (Instant::now(), 0);
    while begun.elapsed() < FOR {
        for frame in none() {
            let (mut sender, mut receiver) = scene.dial(&from, frames % 2 == 0).await?.split();
            let conversation = async {
                // Whoever is refused need not be heard out.
                while sender.send(&frame).await.is_ok() {
                    frames += 1;
                    if frames % 8 == 0 {
                        break;
                    }
                }
                while let Ok(Some(_)) = receiver.receive().await {}
            };
            if tokio::time::timeout(PATIENCE, conversation).await.is_err() {
                return objection("an end of a circuit that says no frames", "one that goes on");
            }
        }
    }
    Ok(figures([("frames", json!(frames)), ("bytes", json!(frames * MAX_FRAME))]))
}

async fn slow(scene: &Scene) -> Outcome<Figures> {
    let from = scene.endpoint(elsewhere(), Some(2))?;
    let mut tasks = JoinSet::new();
    for _ in 0..24 {
        let (mut sender, receiver) = scene.dial(&from, false).await?.split();
        tasks.spawn(async move {
            let _held = receiver;
            // A send that is dropped has begun its frame, and brings no more of it.
            for frame in [frame::ping(1), vec![0; MAX_FRAME]] {
                let _ = tokio::time::timeout(Duration::ZERO, sender.send(&frame)).await;
            }
            std::future::pending::<()>().await;
        });
    }
    tokio::time::sleep(FOR).await;
    Ok(figures([("circuits", json!(tasks.len()))]))
}
