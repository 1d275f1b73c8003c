//! `relay`: bring stations together that cannot reach each other, and learn nothing of what they say.

use std::io;
use std::net::SocketAddr;

use clap::{Args, Subcommand};
use detente_station::relay::{Bounds, Relay as Forwarder};
use serde_json::json;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

use crate::failure::Failure;
use crate::output::Output;

/// What can be done with a relay.
#[derive(Debug, Subcommand)]
pub(crate) enum Relay {
    /// Run a relay until it is told to stop; it keeps nothing
    Serve(Serve),
}

/// What `relay serve` takes.
#[derive(Debug, Args)]
pub(crate) struct Serve {
    /// The address and TCP port that stations call
    #[arg(long, value_name = "ADDRESS", default_value = "0.0.0.0:4801")]
    listen: SocketAddr,
    /// Most stations at a time, waiting or joined
    #[arg(long, value_name = "NUMBER", default_value_t = Bounds::default().callers)]
    most: usize,
    /// Most of them from one address
    #[arg(long, value_name = "NUMBER", default_value_t = Bounds::default().of_one_address)]
    most_of_one_address: usize,
}

/// Runs a relay.
///
/// # Errors
/// When its address cannot be opened.
pub(crate) async fn relay(asked: &Relay, out: &Output) -> Result<(), Failure> {
    let Relay::Serve(serve) = asked;
    let failed = |cause: io::Error| {
        let hint = "choose another address with --listen, or stop what has it";
        Failure::failed(
            "NotOpened",
            "relay",
            "an address to listen at",
            format!("{}: {cause}", serve.listen),
            hint,
        )
    };
    let listener = TcpListener::bind(serve.listen).await.map_err(failed)?;
    let at = listener.local_addr().map_err(failed)?;
    let mut terminate = signal(SignalKind::terminate()).map_err(failed)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(failed)?;
    let relay = Forwarder::new(Bounds { callers: serve.most, of_one_address: serve.most_of_one_address });
    out.data(&if out.is_json() {
        json!({"address": at.to_string()}).to_string()
    } else {
        format!("listening at {at}")
    })?;
    tokio::select! {
        () = relay.serve(listener) => {}
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}
