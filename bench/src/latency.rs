//! One message at a time: durable at both ends and receipted, beside the floor and beside the peers.

use std::time::Instant;

use crate::api::{Connection, draft};
use crate::figure::{Figure, Goal};
use crate::floor::Floor;
use crate::pair::Pair;
use crate::peers::{Peers, Quality};
use crate::samples::Samples;
use crate::{Outcome, Run};

/// So many messages, each sent when the one before it is receipted.
pub(crate) async fn one_by_one(
    connection: &mut Connection,
    precedence: char,
    count: usize,
) -> Outcome<Samples> {
    let (mut samples, draft) = (Samples::default(), draft(precedence));
    for _ in 0..count {
        let began = Instant::now();
        connection.receipted(&draft).await?;
        samples.since(began);
    }
    Ok(samples)
}

/// Measures in turns.
pub(crate) async fn measure(run: &Run, peers: &Peers) -> Outcome<Vec<Figure>> {
    let mut floor = Floor::new(&run.folder("floor")?)?;
    let pair = Pair::set_up(run, "latency")?;
    let [usa, _rus] = pair.start().await?;
    let mut connection = usa.connect().await?;
    let count = run.effort.single;
    one_by_one(&mut connection, 'R', count / 5).await?;
    peers.warm_up(count / 5).await?;
    let [mut ours, mut floors, mut kept, mut appends] = [const { Samples::empty() }; 4];
    let [mut nats, mut at_least_once, mut exactly_once] = [const { Samples::empty() }; 3];
    for _ in 0..run.effort.rounds {
        let [messages, durable, raw] = floor.measure(count)?;
        floors.extend(messages);
        kept.extend(durable);
        appends.extend(raw);
        ours.extend(one_by_one(&mut connection, 'R', count).await?);
        nats.extend(peers.nats_one_by_one(count).await?);
        at_least_once.extend(peers.mosquitto_one_by_one(Quality::AtLeastOnce, count).await?);
        exactly_once.extend(peers.mosquitto_one_by_one(Quality::ExactlyOnce, count).await?);
    }
    let name = |hundredth| format!("durable at both ends and receipted, one at a time, p{hundredth}");
    let beside = |hundredth, against: &str, theirs: &Samples, goal| {
        let theirs = (theirs.count() > 0).then(|| theirs.percentile_ms(hundredth));
        Figure::beside(name(hundredth), ours.percentile_ms(hundredth), "ms", (against, theirs), goal)
    };
    let floor = "floor: 2 fsyncs, a UDP round trip, 2 signatures made and checked";
    let raw = |hundredth| {
        let figure = format!("raw append of 256 bytes with fdatasync, p{hundredth}");
        Figure::alone(figure, appends.percentile_ms(hundredth), "ms", Goal::None)
    };
    Ok(vec![
        raw(50),
        raw(99),
        beside(50, floor, &floors, Goal::RatioAtMost(2.0)),
        beside(99, floor, &floors, Goal::RatioAtMost(4.0)),
        beside(50, "the same floor, and a third fsync: the receipt's at its holder's", &kept, Goal::None),
        beside(50, "NATS JetStream, sync_interval always, at one end", &nats, Goal::RatioAtMost(1.5)),
        beside(99, "NATS JetStream, sync_interval always, at one end", &nats, Goal::None),
        beside(
            50,
            "Mosquitto, autosave_on_changes, QoS 1, acknowledged before it saves",
            &at_least_once,
            Goal::RatioAtMost(1.0),
        ),
        beside(
            50,
            "Mosquitto, autosave_on_changes, QoS 2, acknowledged before it saves",
            &exactly_once,
            Goal::RatioAtMost(1.0),
        ),
    ])
}
