//! The peers: what users would run instead, with the settings that come nearest to keeping what they acknowledge.
//!
//! NATS syncs before it acknowledges, Mosquitto after; both keep a message at one end only. Ours is durable at two
//! before it is receipted. A peer that cannot be had
//! here is said to be missing, and its figures are left out; nothing stands in for them.

pub(crate) mod library;
mod meter;
mod mosquitto;
mod nats;
mod program;
pub(crate) mod silence;

use std::time::Duration;

use tokio::net::TcpStream;

pub(crate) use mosquitto::Quality;

use crate::pair::free_tcp_port as free_port;
use crate::samples::Samples;
use crate::{Outcome, Run, say};
use mosquitto::Mosquitto;
use nats::Nats;

/// Longest wait for a server to listen, and pause between two tries.
const TRIES: usize = 1_000;
const PAUSE: Duration = Duration::from_millis(5);
/// Longest wait until all has passed that belongs to something.
const SETTLES: Duration = Duration::from_millis(300);
/// What whoever got a message says of it.
const ANSWER: &[u8] = b"acknowledged by the watch officer";
/// Bytes of a message's body, as of ours.
const BODY: usize = 200;

/// The servers that run.
pub(crate) struct Peers {
    nats: Option<Nats>,
    mosquitto: Option<Mosquitto>,
}

impl Peers {
    /// None, for parts that compare with none.
    pub(crate) fn none() -> Self {
        Self { nats: None, mosquitto: None }
    }

    /// Gets the programs where they are not there, and starts them.
    pub(crate) async fn start(run: &Run) -> Self {
        let told = |name: &str, why| say(&format!("{name} is not measured: {why}"));
        let nats = Nats::start(run).await.map_err(|why| told("NATS", why)).ok();
        let mosquitto = Mosquitto::start(run).await.map_err(|why| told("Mosquitto", why)).ok();
        Self { nats, mosquitto }
    }

    /// What a message, taken by whoever it is for, and the answer to it take on the link of that one: Mosquitto at QoS 2, and NATS
    /// with JetStream; none of either without it.
    pub(crate) async fn bytes(&self) -> Outcome<(Option<u64>, Option<u64>)> {
        let mqtt = match &self.mosquitto {
            Some(mosquitto) => Some(mosquitto.bytes().await?),
            None => None,
        };
        let nats = match &self.nats {
            Some(nats) => Some(nats.bytes().await?),
            None => None,
        };
        Ok((mqtt, nats))
    }

    /// A few messages that are not counted.
    pub(crate) async fn warm_up(&self, count: usize) -> Outcome<()> {
        self.nats_one_by_one(count).await?;
        self.mosquitto_one_by_one(Quality::AtLeastOnce, count).await?;
        self.mosquitto_one_by_one(Quality::ExactlyOnce, count).await?;
        Ok(())
    }

    /// Publish to acknowledgement, one at a time; none without the peer.
    pub(crate) async fn nats_one_by_one(&self, count: usize) -> Outcome<Samples> {
        match &self.nats {
            Some(nats) => nats.one_by_one(count).await,
            None => Ok(Samples::empty()),
        }
    }

    /// Acknowledged messages a second with so many in flight.
    pub(crate) async fn nats_many(&self, count: usize, in_flight: usize) -> Outcome<Option<f64>> {
        match &self.nats {
            Some(nats) => nats.many(count, in_flight).await.map(Some),
            None => Ok(None),
        }
    }

    /// As [`Peers::nats_one_by_one`].
    pub(crate) async fn mosquitto_one_by_one(&self, quality: Quality, count: usize) -> Outcome<Samples> {
        match &self.mosquitto {
            Some(mosquitto) => mosquitto.one_by_one(quality, count).await,
            None => Ok(Samples::empty()),
        }
    }

    /// As [`Peers::nats_many`].
    pub(crate) async fn mosquitto_many(
        &self,
        quality: Quality,
        count: usize,
        in_flight: usize,
    ) -> Outcome<Option<f64>> {
        match &self.mosquitto {
            Some(mosquitto) => mosquitto.many(quality, count, in_flight).await.map(Some),
            None => Ok(None),
        }
    }
}

/// Waits until something listens.
async fn listens(port: u16) -> Outcome<()> {
    for _ in 0..TRIES {
        if TcpStream::connect(("127.0.0.1", port)).await.is_ok() {
            return Ok(());
        }
        tokio::time::sleep(PAUSE).await;
    }
    Err(format!("nothing listens on port {port}").into())
}
