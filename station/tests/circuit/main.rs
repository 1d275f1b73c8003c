//! Circuits over real sockets on the loopback, of QUIC and of TLS over TCP.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking, in its own functions too")]

mod proxy;
mod quic;
mod stranger;
mod tcp;
