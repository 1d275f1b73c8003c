//! Slow loris at the console.
//!
//! **Who:** somebody who reaches the console, and has no account. **Has:** a browser's TLS. **Tries:** takes all connections that the console has,
//! after good handshakes: says nothing at all, begins HTTP/2 and no request, drips heads or bodies, or asks for the largest file and does
//! not read it. **Must hold:** a program with a token, from elsewhere, is answered at once all the while, and bodies that do not end
//! are bounded in memory.

use std::net::IpAddr;
use std::time::{Duration, Instant};

use serde_json::json;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

use super::USUAL;
use crate::browser::Browser;
use crate::{Attack, Bounds, Figures, Made, Outcome, Scene, elsewhere, figures, objection};

/// More than the connections that the console takes in all.
const VISITORS: usize = 1_100;
/// How many answers an honest program wants meanwhile.
const ANSWERS: usize = 20;
/// How many bytes of a body that does not end each one says.
const OF_A_BODY: usize = 1 << 20;
/// What strangers may hold of the console: their connections, and what they may say on each.
const OF_STRANGERS: Bounds = Bounds { memory_mib: 96, descriptors: 400, ..USUAL };

/// Nothing is said, or the beginning of HTTP/2.
pub(super) const SILENT: Attack = Attack {
    name: "silent-visitors",
    tries: "somebody takes all connections of the console and says nothing on them, or only that it is HTTP/2",
    bounds: OF_STRANGERS,
    make: |scene| {
        Box::pin(async move {
            let http2 = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00".as_slice();
            visit(scene, |visitor, _| if visitor % 2 == 0 { Vec::new() } else { http2.to_vec() }).await
        }) as Made<'_>
    },
};

/// Heads and bodies that do not end.
pub(super) const SLOW: Attack = Attack {
    name: "slow-visitors",
    tries: "somebody takes all connections of the console with requests whose heads or bodies do not end",
    bounds: OF_STRANGERS,
    make: |scene| {
        Box::pin(async move {
            visit(scene, |visitor, browser| {
                let (authority, origin) = (browser.authority(), browser.origin());
                if visitor % 2 == 0 {
                    return format!("GET /sign-in HTTP/1.1\r\nhost: {authority}\r\nx-drip: ").into_bytes();
                }
                let mut request = format!(
                    "POST /sign-in/begin HTTP/1.1\r\nhost: {authority}\r\norigin: {origin}\r\n\
                     content-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n{OF_A_BODY:x}\r\n{{\"officer\":\""
                )
                .into_bytes();
                request.resize(request.len() + OF_A_BODY / 2, b'x');
                request
            })
            .await
        }) as Made<'_>
    },
};

/// Answers that nobody reads.
pub(super) const DEAF: Attack = Attack {
    name: "deaf-visitors",
    tries: "somebody takes all connections of the console, asks for files again and again and reads nothing",
    bounds: OF_STRANGERS,
    make: |scene| {
        Box::pin(async move {
            visit(scene, |_, browser| {
                let one = format!("GET /assets/console.js HTTP/1.1\r\nhost: {}\r\n\r\n", browser.authority());
                one.repeat(64).into_bytes()
            })
            .await
        }) as Made<'_>
    },
};

/// Takes all connections and says this on each; meanwhile an honest program asks from elsewhere.
async fn visit(scene: &Scene, says: impl Fn(usize, &Browser) -> Vec<u8>) -> Outcome<Figures> {
    let browser = scene.browser()?;
    let from: IpAddr = elsewhere();
    let mut held: Vec<TlsStream<TcpStream>> = Vec::new();
    let mut turned_away = 0;
    for visitor in 0..VISITORS {
        // Where no more are taken the attacker has what it came for.
        let Ok(mut stream) = browser.open(from).await else {
            turned_away += 1;
            if turned_away > 64 {
                break;
            }
            continue;
        };
        let said = says(visitor, &browser);
        let saying = async {
            stream.write_all(&said).await?;
            stream.flush().await
        };
        let _ = tokio::time::timeout(Duration::from_millis(200), saying).await;
        held.push(stream);
    }
    let bearer = format!("authorization: Bearer {}\r\n", scene.token);
    let mut worst = Duration::ZERO;
    for _ in 0..ANSWERS {
        let since = Instant::now();
        let said = browser.ask([127, 0, 0, 1].into(), "GET /v1/station", &bearer, "").await;
        match said {
            Ok(said) if said.status == 200 => worst = worst.max(since.elapsed()),
            Ok(said) => return objection("an answer of the console", said.status),
            Err(why) => return objection("an answer of the console", why),
        }
    }
    Ok(figures([
        ("connections", json!(held.len())),
        ("honest_answers", json!(ANSWERS)),
        ("honest_answer_worst_ms", json!(worst.as_millis())),
    ]))
}
