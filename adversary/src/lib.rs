//! A malicious station and a malicious client, against a real station.
//!
//! Each attack is a file of [`attacks`]: who the attacker is, what it has, what it tries, and what must hold. All are made on one
//! [`Scene`]: a line of three, of which the station `usa` is attacked, `rus` is honest and runs as well, and `irn` is a party of the line
//! that the adversary holds the keys of. While an attack goes on an honest officer of `rus` sends FLASH after FLASH to `usa`, and the
//! [`judge`] holds to bounds how long each takes, how much memory and how many descriptors `usa` has, and that it runs.
//!
//! All traffic is to loopback; an attacker from elsewhere calls from another address of it ([`elsewhere`]). Every attack ends by itself.
#![forbid(unsafe_code)]

pub mod asking;
pub mod attacks;
pub mod bait;
pub mod browser;
pub mod judge;
pub mod process;
pub mod scene;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::pin::Pin;

use serde_json::{Map, Value};
use tokio::net::{TcpSocket, TcpStream};

pub use judge::{Bounds, Seen};
pub use scene::Scene;

/// What may go wrong: anything, and then it is over.
pub type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// What an attack measured, by name.
pub type Figures = Map<String, Value>;

/// What goes on while an attack is made.
pub type Made<'a> = Pin<Box<dyn Future<Output = Outcome<Figures>> + 'a>>;

/// An attack.
#[derive(Debug, Clone, Copy)]
pub struct Attack {
    /// How it is called on the command line and in docs/threat-model.md.
    pub name: &'static str,
    /// Who attacks, with what, and how, in a line.
    pub tries: &'static str,
    /// What the station may take meanwhile.
    pub bounds: Bounds,
    /// Makes it; fails where what must hold does not.
    pub make: for<'a> fn(&'a Scene) -> Made<'a>,
}

/// An address of this machine from which nobody honest calls.
pub const fn elsewhere() -> IpAddr {
    IpAddr::V4(Ipv4Addr::new(127, 0, 0, 66))
}

/// Opens a connection from an address.
///
/// # Errors
/// The system's.
pub async fn connect(from: IpAddr, to: SocketAddr) -> std::io::Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    socket.bind(SocketAddr::new(from, 0))?;
    socket.connect(to).await
}

/// Figures out of pairs.
pub fn figures<const N: usize>(of: [(&str, Value); N]) -> Figures {
    of.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// An objection: what was expected, and what was found.
pub fn objection<T>(expected: &str, found: impl std::fmt::Display) -> Outcome<T> {
    Err(format!("expected {expected}, found {found}").into())
}
