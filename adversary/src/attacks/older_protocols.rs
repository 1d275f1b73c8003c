//! Downgrade.
//!
//! **Who:** somebody on the way of a circuit or of a browser, or a client of long ago. **Tries:** has the station agree on TLS 1.2, on a
//! suite without forward secrecy, on no application protocol, or on plain HTTP. **Must hold:** the station says why, in a word of TLS or not at
//! all, and no byte of content. That no other key exchange, signature, protocol or version is taken within TLS 1.3 is shown by
//! station/tests/circuit/quic.rs and tcp.rs.

use std::net::SocketAddr;
use std::time::Duration;

use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::USUAL;
use crate::{Attack, Figures, Made, Outcome, Scene, connect, elsewhere, figures, objection};

/// Longest wait for the station to end a connection.
const PATIENCE: Duration = Duration::from_secs(12);

/// The attack.
pub(super) const ATTACK: Attack = Attack {
    name: "older-protocols",
    tries: "somebody has the station agree on TLS 1.2, on no encryption, or on less",
    bounds: USUAL,
    make: |scene| Box::pin(downgrade(scene)) as Made<'_>,
};

/// A ClientHello of TLS 1.2 (RFC 5246 §7.4.1.2) with these suites, which knows no later version.
fn client_hello(suites: &[u16]) -> Vec<u8> {
    let mut body = vec![3, 3];
    body.extend([7; 32]);
    body.push(0);
    body.extend(u16::try_from(suites.len() * 2).unwrap_or_default().to_be_bytes());
    body.extend(suites.iter().flat_map(|suite| suite.to_be_bytes()));
    body.extend([1, 0]);
    // Groups: x25519, secp256r1. Signatures: ed25519, ecdsa_secp256r1_sha256, rsa_pss_rsae_sha256.
    let extensions = [
        0x00, 0x0a, 0, 6, 0, 4, 0x00, 0x1d, 0x00, 0x17, 0x00, 0x0d, 0, 8, 0, 6, 0x08, 0x07, 0x04, 0x03, 0x08,
        0x04,
    ];
    body.extend(u16::try_from(extensions.len()).unwrap_or_default().to_be_bytes());
    body.extend(extensions);
    let length = u16::try_from(body.len()).unwrap_or_default();
    let mut record = vec![22, 3, 1];
    record.extend((length + 4).to_be_bytes());
    record.extend([1, 0]);
    record.extend(length.to_be_bytes());
    record.extend(body);
    record
}

async fn downgrade(scene: &Scene) -> Outcome<Figures> {
    // ECDHE with AES-GCM and ChaCha20; RSA key transport, which has no forward secrecy.
    let hellos = [client_hello(&[0xc02b, 0xc02f, 0xcca9]), client_hello(&[0x009c, 0x002f])];
    let plain = b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n".to_vec();
    let mut refused = 0;
    for at in [scene.tcp, scene.console] {
        for hello in &hellos {
            let answer = said(at, hello).await?;
            // protocol_version (70), or handshake_failure (40).
            let is_alert = matches!(answer.as_slice(), [21, 3, _, 0, 2, 2, 70 | 40]);
            if !is_alert {
                return objection("an alert that refuses the version", format!("{answer:02x?}"));
            }
            refused += 1;
        }
        let answer = said(at, &plain).await?;
        if !matches!(answer.as_slice(), [] | [21, 3, _, 0, 2, 2, _]) {
            return objection("no answer to what is not encrypted", format!("{answer:02x?}"));
        }
        refused += 1;
    }
    Ok(figures([("refused", json!(refused))]))
}

/// What comes back until the connection ends.
async fn said(at: SocketAddr, bytes: &[u8]) -> Outcome<Vec<u8>> {
    let mut stream = connect(elsewhere(), at).await?;
    stream.write_all(bytes).await?;
    let mut answer = Vec::new();
    let ended = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut answer)).await;
    // However it ends.
    let _ = ended.map_err(|_| "a connection that does not end")?;
    Ok(answer)
}
