//! Mosquitto with persistence and `autosave_on_changes`: it saves its whole database after every change, with an
//! fsync.
//!
//! It keeps a message only for a subscriber who is away; so there is one, who comes after each turn and takes the
//! messages off, so that the database stays small. It acknowledges before it saves: its acknowledgement is not a
//! promise that the disk has the message, only that the message before it is there.

use std::time::{Duration, Instant};

use rumqttc::{AsyncClient, Event, EventLoop, MqttOptions, Outgoing, Packet, QoS};

use super::meter::Meter;
use super::program::{Package, Server};
use super::{ANSWER, BODY, SETTLES, free_port, listens};
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

/// A server at work, with a subscriber who is away.
pub(super) struct Mosquitto {
    pub(super) port: u16,
    _server: Server,
}

impl Mosquitto {
    pub(super) async fn start(run: &Run) -> Outcome<Self> {
        Self::start_in(run, "mosquitto").await
    }

    /// The same, with a folder of its own.
    pub(super) async fn start_in(run: &Run, folder: &str) -> Outcome<Self> {
        let program = PACKAGE.get(&run.programs)?;
        let folder = run.folder(folder)?;
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
        let mut subscriber = Client::new(port, "subscriber").await?;
        subscriber.client.subscribe(TOPIC, QoS::AtLeastOnce).await?;
        subscriber.wait(|event| matches!(event, Event::Incoming(Packet::SubAck(_)))).await?;
        subscriber.leave().await?;
        say(&format!("{}, autosave_on_changes", program.version("-h")));
        Ok(Self { port, _server: server })
    }

    pub(super) async fn one_by_one(&self, quality: Quality, count: usize) -> Outcome<Samples> {
        let mut publisher = Client::new(self.port, "publisher").await?;
        let mut samples = Samples::empty();
        for _ in 0..count {
            let began = Instant::now();
            publisher.publish(quality)?;
            publisher.acknowledged(quality).await?;
            samples.since(began);
        }
        self.take_off(count).await?;
        Ok(samples)
    }

    pub(super) async fn many(&self, quality: Quality, count: usize, in_flight: usize) -> Outcome<f64> {
        let mut publisher = Client::new(self.port, "publisher").await?;
        let began = Instant::now();
        for sent in 0..count {
            publisher.publish(quality)?;
            if sent >= in_flight {
                publisher.acknowledged(quality).await?;
            }
        }
        for _ in 0..in_flight.min(count) {
            publisher.acknowledged(quality).await?;
        }
        let rate = count as f64 / began.elapsed().as_secs_f64();
        self.take_off(count).await?;
        Ok(rate)
    }

    /// What a message at QoS 2 and the answer to it take on the link of whoever the message is for.
    pub(super) async fn bytes(&self) -> Outcome<u64> {
        let meter = Meter::before(self.port).await?;
        let mut near = Client::new(self.port, "near").await?;
        let mut far = Client::new(meter.port, "far").await?;
        for (client, topic) in [(&mut near, "bench/answers"), (&mut far, "bench/line")] {
            client.client.subscribe(topic, QoS::ExactlyOnce).await?;
            client.wait(|event| matches!(event, Event::Incoming(Packet::SubAck(_)))).await?;
        }
        let before = meter.bytes();
        let came = |event: &Event| matches!(event, Event::Incoming(Packet::PubRel(_)));
        let done = |event: &Event| matches!(event, Event::Incoming(Packet::PubComp(_)));
        near.client.try_publish("bench/line", QoS::ExactlyOnce, false, vec![b'a'; BODY])?;
        let (sent, taken) = tokio::join!(near.wait(done), far.wait(came));
        sent.and(taken)?;
        far.client.try_publish("bench/answers", QoS::ExactlyOnce, false, ANSWER)?;
        let (sent, taken) = tokio::join!(far.wait(done), near.wait(came));
        sent.and(taken)?;
        // What either has yet to say of it goes while it is asked for more, which does not come.
        let _ = tokio::join!(
            tokio::time::timeout(SETTLES, far.wait(|_| false)),
            tokio::time::timeout(SETTLES, near.wait(|_| false))
        );
        Ok(meter.bytes() - before)
    }

    /// The subscriber comes, takes so many messages, and goes again.
    async fn take_off(&self, count: usize) -> Outcome<()> {
        let mut subscriber = Client::new(self.port, "subscriber").await?;
        for _ in 0..count {
            subscriber.wait(|event| matches!(event, Event::Incoming(Packet::Publish(_)))).await?;
        }
        subscriber.leave().await
    }
}

/// Somebody who publishes or subscribes, and whose session outlives the connection.
struct Client {
    client: AsyncClient,
    events: EventLoop,
}

impl Client {
    async fn new(port: u16, name: &str) -> Outcome<Self> {
        let mut options = MqttOptions::new(name, "127.0.0.1", port);
        options.set_clean_session(false).set_inflight(u16::MAX / 2);
        let (client, mut events) = AsyncClient::new(options, REQUESTS);
        events.network_options.set_tcp_nodelay(true);
        let mut connected = Self { client, events };
        connected.wait(|event| matches!(event, Event::Incoming(Packet::ConnAck(_)))).await?;
        Ok(connected)
    }

    fn publish(&self, quality: Quality) -> Outcome<()> {
        let qos = match quality {
            Quality::AtLeastOnce => QoS::AtLeastOnce,
            Quality::ExactlyOnce => QoS::ExactlyOnce,
        };
        Ok(self.client.try_publish(TOPIC, qos, false, vec![b'a'; BODY])?)
    }

    /// Waits for the next message to be acknowledged in full.
    async fn acknowledged(&mut self, quality: Quality) -> Outcome<()> {
        let last = match quality {
            Quality::AtLeastOnce => |event: &Event| matches!(event, Event::Incoming(Packet::PubAck(_))),
            Quality::ExactlyOnce => |event: &Event| matches!(event, Event::Incoming(Packet::PubComp(_))),
        };
        self.wait(last).await
    }

    /// Says goodbye, so that nobody takes it for lost.
    async fn leave(mut self) -> Outcome<()> {
        self.client.disconnect().await?;
        self.wait(|event| matches!(event, Event::Outgoing(Outgoing::Disconnect))).await
    }

    async fn wait(&mut self, wanted: impl Fn(&Event) -> bool) -> Outcome<()> {
        let poll = async {
            while !wanted(&self.events.poll().await?) {}
            Outcome::Ok(())
        };
        tokio::time::timeout(PATIENCE, poll).await?
    }
}
