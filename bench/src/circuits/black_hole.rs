//! The primary circuit swallows everything without a word, while a second one is there.

use std::time::{Duration, Instant};

use serde_json::Value;

use super::serial::{message, shown, until, write};
use crate::api::{Connection, LINE};
use crate::figure::{Figure, Goal};
use crate::pair::{Pair, free_port, free_tcp_port};
use crate::path::Path;
use crate::{Outcome, Run, peers, say};

/// Delay each way of the primary circuit, QUIC, and of the second one, TCP.
const PRIMARY: Duration = Duration::from_millis(10);
const SECOND: Duration = Duration::from_millis(40);

/// A circuit of a station, by its name, once it is as wanted.
async fn circuit(
    station: &mut Connection,
    name: &str,
    wanted: impl Fn(&str, bool) -> bool,
) -> Outcome<Value> {
    let path = format!("{LINE}/circuits");
    until(async || {
        let answer = station.read(&path).await?;
        let all = answer.get("circuits").and_then(Value::as_array).into_iter().flatten();
        let is_it = |one: &&Value| {
            let text = |field: &str| one.get(field).and_then(Value::as_str).unwrap_or_default();
            text("name") == name && wanted(text("state"), one.get("best") == Some(&Value::Bool(true)))
        };
        Ok(all.into_iter().find(is_it).cloned())
    })
    .await
}

/// From being written at one station to being shown at the other, in seconds.
async fn arrives(here: &mut Connection, there: &mut Connection, precedence: &str) -> Outcome<f64> {
    let began = Instant::now();
    let entry = write(here, message(precedence, "Which way does this go?")).await?;
    shown(there, &entry).await?;
    Ok(began.elapsed().as_secs_f64())
}

fn median(measured: &mut [f64]) -> f64 {
    measured.sort_by(f64::total_cmp);
    measured.get(measured.len() / 2).copied().unwrap_or_default()
}

/// Measures it beside NATS and MQTT clients with default settings, all at the same time.
pub(crate) async fn measure(run: &Run, quick: bool) -> Outcome<Vec<Figure>> {
    let peers = async {
        if quick {
            return (None, None);
        }
        say("beside it a NATS and an MQTT client on a path that goes dark: some three minutes");
        let told = |name: &str, why| say(&format!("{name} is not measured: {why}"));
        let (nats, mqtt) = tokio::join!(peers::silence::nats(run), peers::silence::mqtt(run));
        (nats.map_err(|why| told("NATS", why)).ok(), mqtt.map_err(|why| told("MQTT", why)).ok())
    };
    let (ours, (nats, mqtt)) = tokio::join!(ours(run, if quick { 2 } else { 9 }), peers);
    let Ours { alone, flash, routine, round_trip } = ours?;
    let dark = "the primary circuit goes dark";
    let hedged = Goal::AtMost(1.0 + 3.0 * round_trip + alone);
    let seconds = "s";
    Ok(vec![
        Figure::beside(
            format!("{dark}: FLASH arrives"),
            flash * 1_000.0,
            "ms",
            ("the second circuit alone, idle", Some(alone * 1_000.0)),
            Goal::RatioAtMost(1.5),
        ),
        Figure::beside(
            format!("{dark}: ROUTINE arrives"),
            routine,
            seconds,
            ("NATS client, default settings", nats),
            hedged,
        ),
        Figure::beside(
            format!("{dark}: ROUTINE arrives"),
            routine,
            seconds,
            ("MQTT client, default settings", mqtt),
            hedged,
        ),
    ])
}

/// What was measured of us, in seconds.
struct Ours {
    /// A FLASH on the second circuit when there is no other.
    alone: f64,
    flash: f64,
    routine: f64,
    /// Of the primary circuit, as it was last measured.
    round_trip: f64,
}

async fn ours(run: &Run, rounds: usize) -> Outcome<Ours> {
    let pair = Pair::set_up(run, "black-hole")?;
    let (udp, tcp) = (free_port()?, free_tcp_port()?);
    let primary = Path::udp(udp, PRIMARY).await?;
    let second = Path::tcp(tcp, SECOND).await?;
    pair.configure(&[
        format!("listen = \"127.0.0.1:{udp}\"\nlisten-tcp = \"127.0.0.1:{tcp}\"\n"),
        format!(
            "listen = \"127.0.0.1:0\"\n\
             [[circuit]]\npeer = \"usa\"\nname = \"primary\"\naddress = \"127.0.0.1:{}\"\n\
             [[circuit]]\npeer = \"usa\"\nname = \"second\"\nkind = \"tcp\"\naddress = \"127.0.0.1:{}\"\n",
            primary.port, second.port
        ),
    ])?;
    let (usa, rus) = (pair.start_usa().await?, pair.start_rus().await?);
    let (mut there, mut here) = (usa.connect().await?, rus.connect().await?);
    let is_up = |state: &str, _| state == "up";
    circuit(&mut here, "second", is_up).await?;
    circuit(&mut here, "primary", is_up).await?;
    arrives(&mut here, &mut there, "flash").await?;

    primary.goes_dark(true);
    circuit(&mut here, "primary", |state, _| matches!(state, "silent" | "down" | "opening")).await?;
    let mut alone = Vec::new();
    for _ in 0..2 * rounds + 1 {
        alone.push(arrives(&mut here, &mut there, "flash").await?);
    }
    primary.goes_dark(false);

    let (mut flashes, mut routines, mut round_trips) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..2 * rounds {
        let found = circuit(&mut here, "primary", |state, best| state == "up" && best).await?;
        circuit(&mut there, "quic", is_up).await?;
        circuit(&mut here, "second", is_up).await?;
        round_trips.push(found.get("round_trip_ms").and_then(Value::as_f64).unwrap_or_default() / 1_000.0);
        // Whatever goes on after a circuit has come up is over.
        arrives(&mut here, &mut there, "routine").await?;
        tokio::time::sleep(10 * SECOND).await;
        primary.goes_dark(true);
        let (precedence, measured) =
            if round % 2 == 0 { ("flash", &mut flashes) } else { ("routine", &mut routines) };
        measured.push(arrives(&mut here, &mut there, precedence).await?);
        primary.goes_dark(false);
    }
    Ok(Ours {
        alone: median(&mut alone),
        flash: median(&mut flashes),
        routine: median(&mut routines),
        round_trip: median(&mut round_trips),
    })
}
