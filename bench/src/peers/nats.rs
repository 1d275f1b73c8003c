//! NATS JetStream with `sync_interval: always`: a stream on disk, acknowledged after the fsync.

use std::collections::VecDeque;
use std::time::Instant;

use async_nats::jetstream::consumer::{AckPolicy, push};
use async_nats::jetstream::{self, stream};
use tokio_stream::StreamExt as _;

use super::meter::Meter;
use super::program::{Package, Server};
use super::{ANSWER, BODY, SETTLES, free_port, listens};
use crate::samples::Samples;
use crate::{Outcome, Run, say};

/// Debian 12's 2.9.10 knows no `sync_interval`; the next release's does.
const PACKAGE: Package =
    Package { program: "nats-server", packages: &["nats-server"], release: Some("trixie") };
/// Where messages are published.
pub(super) const SUBJECT: &str = "bench.messages";

/// Where a message goes whose bytes are counted, and its answer.
const LINE: &str = "bench.line";
const ANSWERS: &str = "bench.answers";

/// A server at work, and a client.
pub(super) struct Nats {
    context: jetstream::Context,
    pub(super) port: u16,
    _server: Server,
}

impl Nats {
    pub(super) async fn start(run: &Run) -> Outcome<Self> {
        Self::start_in(run, "nats").await
    }

    /// The same, with a folder of its own.
    pub(super) async fn start_in(run: &Run, folder: &str) -> Outcome<Self> {
        let program = PACKAGE.get(&run.programs)?;
        let folder = run.folder(folder)?;
        let (port, config) = (free_port()?, folder.join("server.conf"));
        let text = format!(
            "listen: \"127.0.0.1:{port}\"\njetstream {{ store_dir: \"{}\", sync_interval: always }}\n",
            folder.display()
        );
        std::fs::write(&config, text)?;
        let server = program.serve(&["-c", &config.display().to_string()], &folder)?;
        listens(port).await?;
        let context = jetstream::new(async_nats::connect(format!("127.0.0.1:{port}")).await?);
        let stream = stream::Config {
            name: "bench".into(),
            subjects: vec![SUBJECT.into(), LINE.into(), ANSWERS.into()],
            storage: stream::StorageType::File,
            ..stream::Config::default()
        };
        context.create_stream(stream).await?;
        say(&format!("{}, sync_interval always", program.version("--version")));
        Ok(Self { context, port, _server: server })
    }

    pub(super) async fn one_by_one(&self, count: usize) -> Outcome<Samples> {
        let mut samples = Samples::empty();
        for _ in 0..count {
            let began = Instant::now();
            self.context.publish(SUBJECT, vec![b'a'; BODY].into()).await?.await?;
            samples.since(began);
        }
        Ok(samples)
    }

    /// What a message, stored and delivered and acknowledged, and the answer to it, stored, take on the link of whoever the message
    /// is for.
    pub(super) async fn bytes(&self) -> Outcome<u64> {
        let meter = Meter::before(self.port).await?;
        let client = async_nats::connect(format!("127.0.0.1:{}", meter.port)).await?;
        let inbox = client.new_inbox();
        let far = jetstream::new(client);
        let consumer = push::Config {
            deliver_subject: inbox,
            ack_policy: AckPolicy::Explicit,
            filter_subject: LINE.into(),
            ..push::Config::default()
        };
        let consumer = far.get_stream("bench").await?.create_consumer(consumer).await?;
        let mut messages = consumer.messages().await?;
        tokio::time::sleep(SETTLES).await;
        let before = meter.bytes();
        self.context.publish(LINE, vec![b'a'; BODY].into()).await?.await?;
        let message = messages.next().await.ok_or("no message came")??;
        message.double_ack().await.map_err(|why| why.to_string())?;
        far.publish(ANSWERS, ANSWER.into()).await?.await?;
        tokio::time::sleep(SETTLES).await;
        Ok(meter.bytes() - before)
    }

    pub(super) async fn many(&self, count: usize, in_flight: usize) -> Outcome<f64> {
        let mut waiting = VecDeque::with_capacity(in_flight);
        let began = Instant::now();
        for _ in 0..count {
            if waiting.len() == in_flight
                && let Some(first) = waiting.pop_front()
            {
                first.await?;
            }
            waiting.push_back(self.context.publish(SUBJECT, vec![b'a'; BODY].into()).await?);
        }
        for one in waiting {
            one.await?;
        }
        Ok(count as f64 / began.elapsed().as_secs_f64())
    }
}
