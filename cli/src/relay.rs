//! `relay`: bring stations together that cannot reach each other, and learn nothing of what they say.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand};
use detente_station::relay::{Bounds, BoxRoom, Boxes, Relay as Forwarder};
use serde_json::json;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

use crate::failure::Failure;
use crate::output::Output;

/// What can be done with a relay.
#[derive(Debug, Subcommand)]
pub(crate) enum Relay {
    /// Run a relay until it is told to stop; it keeps nothing, unless --keep asks it to
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
    /// Keep courier files for stations that are away in this folder, bounded by what follows
    #[arg(long, value_name = "FOLDER", help_heading = "Boxes")]
    keep: Option<PathBuf>,
    /// Most megabytes that are kept in all
    #[arg(long, value_name = "MIB", default_value_t = BoxRoom::default().in_all >> 20, help_heading = "Boxes")]
    keep_most: u64,
    /// Most megabytes of one box
    #[arg(long, value_name = "MIB", default_value_t = BoxRoom::default().of_one_box >> 20, help_heading = "Boxes")]
    keep_most_of_one: u64,
    /// How many days a file is kept
    #[arg(long, value_name = "DAYS", default_value_t = BoxRoom::default().age.as_secs() / 86_400, help_heading = "Boxes")]
    keep_days: u64,
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
    let (relay, boxes) = match &serve.keep {
        Some(folder) => {
            let room = BoxRoom {
                in_all: serve.keep_most << 20,
                of_one_box: serve.keep_most_of_one << 20,
                age: Duration::from_secs(serve.keep_days.saturating_mul(86_400)),
                ..BoxRoom::default()
            };
            let boxes = Boxes::open(folder, room).map_err(|cause| {
                let (found, hint) =
                    (format!("{}: {cause}", folder.display()), "name another folder with --keep");
                Failure::failed("NotOpened", "relay", "a folder to keep files in", found, hint)
            })?;
            (relay.keeping(boxes.clone()), Some(boxes))
        }
        None => (relay, None),
    };
    out.data(&if out.is_json() {
        json!({"address": at.to_string()}).to_string()
    } else {
        format!("listening at {at}")
    })?;
    tokio::select! {
        () = relay.serve(listener) => {}
        () = sweep(boxes) => {}
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}

/// Lets go of what is too old, every hour.
async fn sweep(boxes: Option<Boxes>) {
    let Some(boxes) = boxes else { return std::future::pending().await };
    loop {
        tokio::time::sleep(Duration::from_secs(3_600)).await;
        // What cannot be looked at now is looked at in an hour.
        let _ = boxes.sweep();
    }
}
