//! Many messages at a time, under the same guarantee.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Instant;

use tokio::task::LocalSet;

use crate::api::{Connection, draft};
use crate::figure::{Figure, Goal};
use crate::pair::Pair;
use crate::peers::{Peers, Quality};
use crate::{Outcome, Run};

/// Messages in flight at a peer.
const IN_FLIGHT: usize = 64;
/// Connections to our station, each with one message in flight.
const CONNECTIONS: usize = 512;

/// What a writer waits for.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Until {
    /// It is durable where it was written.
    Durable,
    /// It is receipted by the other party.
    Receipted,
}

/// Has connections write a message again and again, `count` times in all; gives how often a second.
pub(crate) async fn spread(
    connections: &mut Vec<Connection>,
    count: usize,
    draft: &str,
    until: Until,
) -> Outcome<f64> {
    let left = Rc::new(Cell::new(count));
    let draft: Rc<str> = draft.into();
    let local = LocalSet::new();
    let began = Instant::now();
    let tasks: Vec<_> = connections
        .drain(..)
        .map(|mut connection| {
            let (left, draft) = (Rc::clone(&left), Rc::clone(&draft));
            local.spawn_local(async move {
                while let Some(rest) = left.get().checked_sub(1) {
                    left.set(rest);
                    match until {
                        Until::Durable => connection.durable(&draft).await?,
                        Until::Receipted => connection.receipted(&draft).await?,
                    }
                }
                Outcome::Ok(connection)
            })
        })
        .collect();
    let ended = local.run_until(async {
        for task in tasks {
            connections.push(task.await??);
        }
        Outcome::Ok(())
    });
    ended.await?;
    Ok(count as f64 / began.elapsed().as_secs_f64())
}

/// Measures in turns.
pub(crate) async fn measure(run: &Run, peers: &Peers) -> Outcome<Vec<Figure>> {
    let pair = Pair::set_up(run, "throughput")?;
    let [usa, _rus] = pair.start().await?;
    let mut connections = usa.connections(CONNECTIONS).await?;
    let (count, message) = (run.effort.many, draft('R'));
    spread(&mut connections, count / 10, &message, Until::Receipted).await?;
    let (mut ours, mut theirs) = (Vec::new(), [const { Vec::new() }; 3]);
    for _ in 0..run.effort.rounds {
        ours.push(spread(&mut connections, count, &message, Until::Receipted).await?);
        let [nats, at_least_once, exactly_once] = &mut theirs;
        nats.extend(peers.nats_many(count / 10, IN_FLIGHT).await?);
        at_least_once.extend(peers.mosquitto_many(Quality::AtLeastOnce, count / 10, IN_FLIGHT).await?);
        exactly_once.extend(peers.mosquitto_many(Quality::ExactlyOnce, count / 10, IN_FLIGHT).await?);
    }
    let ours = middle(ours).unwrap_or_default();
    let [nats, at_least_once, exactly_once] = theirs.map(middle);
    let better = [nats, at_least_once, exactly_once].into_iter().flatten().reduce(f64::max);
    let name = format!("durable at both ends and receipted, {CONNECTIONS} connections, by HTTP");
    let beside = |against: &str, theirs, goal| {
        let against = format!("{against}, {IN_FLIGHT} in flight");
        Figure::beside(name.clone(), ours, "entries/s", (against, theirs), goal)
    };
    Ok(vec![
        Figure::alone(name.clone(), ours, "entries/s", Goal::AtLeast(20_000.0)),
        beside("NATS JetStream, sync_interval always, at one end", nats, Goal::None),
        beside(
            "Mosquitto, autosave_on_changes, QoS 1, acknowledged before it saves",
            at_least_once,
            Goal::None,
        ),
        beside(
            "Mosquitto, autosave_on_changes, QoS 2, acknowledged before it saves",
            exactly_once,
            Goal::None,
        ),
        beside("the best of these", better, Goal::RatioAtLeast(5.0)),
    ])
}

/// The median of some rates.
fn middle(mut rates: Vec<f64>) -> Option<f64> {
    rates.sort_by(f64::total_cmp);
    rates.get(rates.len() / 2).copied()
}
