//! How long clients with default settings take to get a message through after their connection has gone dark without a word.
//!
//! A new connection would get through at once: what is measured is how long they take to know that they need one.

use std::time::{Duration, Instant};

use async_nats::jetstream;
use rumqttc::{AsyncClient, Event, MqttOptions, Packet, QoS};

use super::mosquitto::Mosquitto;
use super::nats::{Nats, SUBJECT};
use super::{BODY, PAUSE};
use crate::path::Path;
use crate::{Outcome, Run};

/// Delay each way.
const DELAY: Duration = Duration::from_millis(10);
/// Longest wait for a client that does not notice.
const PATIENCE: Duration = Duration::from_secs(600);

/// Seconds until a NATS client's next message is acknowledged by JetStream; the application tries again as often as it is told that it failed.
pub(crate) async fn nats(run: &Run) -> Outcome<f64> {
    let server = Nats::start_in(run, "nats-silence").await?;
    let path = Path::tcp(server.port, DELAY).await?;
    let context = jetstream::new(async_nats::connect(format!("127.0.0.1:{}", path.port)).await?);
    let publish =
        async || Outcome::Ok(context.publish(SUBJECT, vec![b'a'; BODY].into()).await?.await.map(|_| ())?);
    publish().await?;
    path.strands();
    let began = Instant::now();
    tokio::time::timeout(PATIENCE, async {
        while publish().await.is_err() {
            tokio::time::sleep(PAUSE).await;
        }
    })
    .await?;
    Ok(began.elapsed().as_secs_f64())
}

/// Seconds until an MQTT client's next message of QoS 1 is acknowledged.
pub(crate) async fn mqtt(run: &Run) -> Outcome<f64> {
    let server = Mosquitto::start_in(run, "mosquitto-silence").await?;
    let path = Path::tcp(server.port, DELAY).await?;
    let mut options = MqttOptions::new("silence", "127.0.0.1", path.port);
    options.set_clean_session(false);
    let (client, mut events) = AsyncClient::new(options, 16);
    let mut began = None;
    tokio::time::timeout(PATIENCE, async {
        client.publish("bench/silence", QoS::AtLeastOnce, false, vec![b'a'; BODY]).await?;
        loop {
            match events.poll().await {
                Ok(Event::Incoming(Packet::PubAck(_))) if began.is_some() => return Outcome::Ok(()),
                Ok(Event::Incoming(Packet::PubAck(_))) => {
                    path.strands();
                    began = Some(Instant::now());
                    client.publish("bench/silence", QoS::AtLeastOnce, false, vec![b'a'; BODY]).await?;
                }
                Ok(_) => {}
                // It connects anew at the next poll.
                Err(_) => tokio::time::sleep(PAUSE).await,
            }
        }
    })
    .await??;
    began.map(|began| began.elapsed().as_secs_f64()).ok_or_else(|| "no message was acknowledged".into())
}
