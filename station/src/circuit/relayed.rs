//! Circuits through a relay: two stations that cannot reach each other both call somebody who can be reached by both.
//!
//! The relay learns two tokens and how many bytes pass; TLS goes through it, end to end. On the wire
//! (spec/circuits.md §7): a greeting with both tokens, then marks of one byte until the other station is there, and from
//! then on what a circuit over TCP is.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use sha2::{Digest as _, Sha256};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::CircuitError;

/// What a greeting begins with: the protocol and its version.
pub const GREETING: [u8; 16] = *b"detente relay 1\n";
/// Bytes of a token, and of a whole greeting: it, the caller's token, and the one that it waits for.
pub const TOKEN: usize = 16;
/// Bytes of a greeting.
pub const GREETING_BYTES: usize = GREETING.len() + 2 * TOKEN;

/// The marks of a relay.
pub mod mark {
    /// The other station is not there yet.
    pub const WAITING: u8 = 0;
    /// It is: what follows is its own.
    pub const JOINED: u8 = 1;
    /// The relay has no room.
    pub const FULL: u8 = 2;
    /// A newer caller waits with this token.
    pub const REPLACED: u8 = 3;
}

/// How often a relay says that one still waits.
pub const WAITING_EVERY: Duration = Duration::from_secs(30);
/// After how long without such a word the relay is taken to be gone.
const PATIENCE: Duration = Duration::from_secs(90);

/// Who calls a relay, and for whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Meeting {
    own: [u8; TOKEN],
    wanted: [u8; TOKEN],
    /// Of the two, the party of the lower number answers the handshake.
    pub(super) answers: bool,
}

impl Meeting {
    /// Between two parties of a line, as the first one calls for it.
    pub fn of(line: &[u8; 32], own: u8, peer: u8) -> Self {
        Self { own: token(line, own, peer), wanted: token(line, peer, own), answers: own < peer }
    }

    fn greeting(&self) -> [u8; GREETING_BYTES] {
        let mut greeting = [0; GREETING_BYTES];
        let parts = GREETING.iter().chain(&self.own).chain(&self.wanted);
        greeting.iter_mut().zip(parts).for_each(|(to, from)| *to = *from);
        greeting
    }
}

/// The token of one party towards another: the first 16 bytes of
/// SHA-256(`"detente relay v1\n"` ‖ line ‖ u8(from) ‖ u8(to)).
fn token(line: &[u8; 32], from: u8, to: u8) -> [u8; TOKEN] {
    let digest = Sha256::new().chain_update("detente relay v1\n").chain_update(line).chain_update([from, to]);
    let digest: [u8; 32] = digest.finalize().into();
    digest.first_chunk().copied().unwrap_or_default()
}

/// Waits at a relay, for as long as it takes, until the other station is there too.
pub(super) async fn meet(
    mut stream: TcpStream,
    meeting: &Meeting,
    at: SocketAddr,
) -> Result<TcpStream, CircuitError> {
    let failed = |detail: String| CircuitError::Relay { relay: at, detail };
    let broken = |error: io::Error| failed(error.to_string());
    stream.write_all(&meeting.greeting()).await.map_err(broken)?;
    loop {
        let word = timeout(PATIENCE, stream.read_u8()).await;
        match word
            .map_err(|_| failed(format!("not a word within {} s", PATIENCE.as_secs())))?
            .map_err(broken)?
        {
            mark::WAITING => {}
            mark::JOINED => return Ok(stream),
            mark::FULL => return Err(failed("it has no room".into())),
            mark::REPLACED => return Err(failed("this station waits there a second time".into())),
            found => return Err(failed(format!("it is no relay: it says {found:#04x}"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_one_wants_is_what_the_other_has_and_one_of_them_answers() {
        let (one, other) = (Meeting::of(&[7; 32], 0, 3), Meeting::of(&[7; 32], 3, 0));
        assert_eq!((one.own, one.wanted), (other.wanted, other.own));
        assert_ne!(one.own, one.wanted);
        assert!(one.answers && !other.answers);
        assert_ne!(Meeting::of(&[8; 32], 0, 3).own, one.own);
        // printf 'detente relay v1\n', 32 zero bytes, 00 01, through sha256sum.
        let shown: String = token(&[0; 32], 0, 1).iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(shown, "f30ba50c663fadad6cc5cd16a0043d7f");
    }
}
