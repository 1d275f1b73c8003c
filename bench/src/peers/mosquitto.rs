//! Mosquitto with persistence and `autosave_on_changes`: it saves its whole database after every change, with an
//! fsync, and a subscriber that keeps its session takes the messages off again, so that the database stays small.

use std::time::{Duration, Instant};

use rumqttc::{AsyncClient, Event, EventLoop, MqttOptions, Packet, QoS};
use tokio::task::JoinHandle;

use super::program::{Package, Server};
use super::{BODY, free_port, listens};
use crate::samples::Samples;
use crate::{Outcome, Run, say};

const PACKAGE: Package = Package {
    program: "mosquitto",
    packages: &["mosquitto", "libmosquitto1", "libcjson1", "libdlt2", "libwrap0", "libcap2", "libssl3"],
    release: None,
};
/// Where messages are published.
const TOPIC: &str = "bench/messages";
/// Requests that a client holds.
const REQUESTS: usize = 1_024;
/// Longest silence of a server that is asked something.
const PATIENCE: Duration = Duration::from_secs(30);

/// What an acknowledgement promises.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Quality {
    /// QoS 1.
    AtLeastOnce,
    /// QoS 2.
    ExactlyOnce,
}

/// A server at work, with a subscriber.
pub(super) struct Mosquitto {
    port: u16,
    subscriber: JoinHandle<()>,
    _server: Server,
}

impl Mosquitto {
    pub(super) async fn start(run: &Run) -> Outcome<Self> {
        let program = PACKAGE.get(&run.programs)?;
        let folder = run.folder("mosquitto")?;
        let (port, config) = (free_port()?, folder.join("mosquitto.conf"));
        let text = format!(
            "listener {port} 127.0.0.1\nallow_anonymous true\nuser root\npersistence true\n\
             persistence_location {}/\nautosave_on_changes true\nautosave_interval 1\n\
             max_inflight_messages 0\nmax_queued_messages 0\n",
            folder.display()
        );
        std::fs::write(&config, text)?;
        let server = program.serve(&["-c", &config.display().to_string()], &folder)?;
        listens(port).await?;
        let (client, mut events) = connect(port, "subscriber");
        client.subscribe(TOPIC, QoS::ExactlyOnce).await?;
        // It takes what comes until it is let go.
        let subscriber = tokio::spawn(async move { while events.poll().await.is_ok() {} });
        say(&format!("{}, autosave_on_changes", program.version("-h")));
        Ok(Self { port, subscriber, _server: server })
    }

    pub(super) async fn one_by_one(&self, quality: Quality, count: usize) -> Outcome<Samples> {
        let mut publisher = Publisher::new(self.port, quality).await?;
        let mut samples = Samples::empty();
        for _ in 0..count {
            let began = Instant::now();
            publisher.publish()?;
            publisher.acknowledged().await?;
            samples.since(began);
        }
        Ok(samples)
    }

    pub(super) async fn many(&self, quality: Quality, count: usize, in_flight: usize) -> Outcome<f64> {
        let mut publisher = Publisher::new(self.port, quality).await?;
        let began = Instant::now();
        for sent in 0..count {
            publisher.publish()?;
            if sent >= in_flight {
                publisher.acknowledged().await?;
            }
        }
        for _ in 0..in_flight.min(count) {
            publisher.acknowledged().await?;
        }
        Ok(count as f64 / began.elapsed().as_secs_f64())
    }
}

impl Drop for Mosquitto {
    fn drop(&mut self) {
        self.subscriber.abort();
    }
}

fn connect(port: u16, name: &str) -> (AsyncClient, EventLoop) {
    let mut options = MqttOptions::new(name, "127.0.0.1", port);
    options.set_clean_session(false).set_inflight(u16::MAX / 2);
    let (client, mut events) = AsyncClient::new(options, REQUESTS);
    events.network_options.set_tcp_nodelay(true);
    (client, events)
}

/// Somebody who publishes.
struct Publisher {
    client: AsyncClient,
    events: EventLoop,
    quality: Quality,
}

impl Publisher {
    async fn new(port: u16, quality: Quality) -> Outcome<Self> {
        let (client, events) = connect(port, "publisher");
        let mut publisher = Self { client, events, quality };
        publisher.wait(|event| matches!(event, Event::Incoming(Packet::ConnAck(_)))).await?;
        Ok(publisher)
    }

    fn publish(&self) -> Outcome<()> {
        let qos = match self.quality {
            Quality::AtLeastOnce => QoS::AtLeastOnce,
            Quality::ExactlyOnce => QoS::ExactlyOnce,
        };
        Ok(self.client.try_publish(TOPIC, qos, false, vec![b'a'; BODY])?)
    }

    /// Waits for the next message to be acknowledged in full.
    async fn acknowledged(&mut self) -> Outcome<()> {
        let last = match self.quality {
            Quality::AtLeastOnce => |event: &Event| matches!(event, Event::Incoming(Packet::PubAck(_))),
            Quality::ExactlyOnce => |event: &Event| matches!(event, Event::Incoming(Packet::PubComp(_))),
        };
        self.wait(last).await
    }

    async fn wait(&mut self, wanted: impl Fn(&Event) -> bool) -> Outcome<()> {
        let poll = async {
            while !wanted(&self.events.poll().await?) {}
            Outcome::Ok(())
        };
        tokio::time::timeout(PATIENCE, poll).await?
    }
}
