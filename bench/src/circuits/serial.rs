//! The serial circuit: two stations, each a process of its own, and nothing between them but a line of 75 to 19,200 bit/s.
//! Time passes as it does; bytes are counted on the line.
//!
//! Beside a message stand the same of peers. SMTP with S/MIME signs what it says and its receipts (RFC 8098), LXMF signs messages and proofs
//! that they came; either shows the two ends to each other, and neither keeps an order, a whole record, or a time that anybody but its
//! author vouches for.

use std::time::{Duration, Instant};

use detente_station::paper::Paper;
use serde_json::{Value, json};

use super::cable::Cable;
use crate::api::{Connection, LINE};
use crate::figure::{Figure, Goal};
use crate::pair::{Pair, Station};
use crate::peers::Peers;
use crate::peers::library::{MAIL, RETICULUM};
use crate::{Outcome, Run, say};

/// Longest wait for anything on a slow line.
const PATIENCE: Duration = Duration::from_secs(1_200);
/// Pause between two looks at a station.
const LOOK: Duration = Duration::from_millis(10);
/// By when the stations have said the hellos that follow a message (line.md §6: 20 s, and 100,000 byte times at this rate after one before):
/// on a line on which nothing but tests is said there are none. At 19,200 bit/s
/// that is 72 s after the one before, whose wait began as late as with the first test; so they are waited for twice.
const HELLOS: Duration = Duration::from_secs(160);
/// How long a line is quiet before what passed on it is counted, in byte times; longer than `taken` waits.
const SETTLES_BYTES: u64 = 800;
/// A message of a hundred characters, and one of two hundred.
const HUNDRED: &str =
    "Aircraft of yours are closing on grid 37 S; stop and turn north at once. Our people there cannot move.";
const TWO_HUNDRED: &str = "A convoy of six lorries under the red crescent leaves Qamishli at 0600Z on route five, \
     reaches Hasakah at 0900Z and returns by 1500Z. Please hold fire on the road, and confirm that your crews know it.";

/// Letters in which nothing repeats, so that they could hardly be said shorter.
fn unlike(count: usize, seed: u64) -> String {
    let mut drawn = seed;
    let mut next = || {
        drawn = drawn.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        char::from(33 + ((drawn >> 33) % 90) as u8)
    };
    (0..count).map(|_| next()).collect()
}

/// What is held to what is aimed at on a line of a rate.
struct Goals {
    bits_per_s: u32,
    cold: Goal,
    restart: Goal,
    displayed: Goal,
    receipted: Goal,
}

/// A pair of stations on a line.
struct OnLine {
    pair: Pair,
    cable: Cable,
    bits_per_s: u32,
}

impl OnLine {
    fn new(run: &Run, bits_per_s: u32, name: &str) -> Outcome<Self> {
        Self::by(run, bits_per_s, name, |_| {})
    }

    /// One of a line whose terms are not quite the usual ones.
    fn by(run: &Run, bits_per_s: u32, name: &str, change: impl FnOnce(&mut Paper)) -> Outcome<Self> {
        let pair = Pair::set_up_by(run, &format!("serial-{bits_per_s}-{name}"), change)?;
        let cable = Cable::new(bits_per_s)?;
        let [usa, rus] = cable.paths.as_slice() else { return Err("a cable has two ends".into()) };
        let config = |peer: &str, device: &std::path::Path| {
            format!(
                "listen = \"127.0.0.1:0\"\n[[circuit]]\npeer = \"{peer}\"\nkind = \"serial\"\ndevice = \"{}\"\nrate = {bits_per_s}\n",
                device.display()
            )
        };
        pair.configure(&[config("rus", usa), config("usa", rus)])?;
        Ok(Self { pair, cable, bits_per_s })
    }

    /// Waits until so little has passed that everything has been said.
    async fn settle(&self) {
        let quiet = Duration::from_micros(SETTLES_BYTES * 10_000_000 / u64::from(self.bits_per_s));
        let (mut last, mut since) = (self.cable.bytes(), Instant::now());
        while since.elapsed() < quiet {
            tokio::time::sleep(LOOK).await;
            if self.cable.bytes() != last {
                (last, since) = (self.cable.bytes(), Instant::now());
            }
        }
    }
}

pub(super) async fn until<T>(mut look: impl AsyncFnMut() -> Outcome<Option<T>>) -> Outcome<T> {
    let began = Instant::now();
    loop {
        if let Some(found) = look().await? {
            return Ok(found);
        }
        if began.elapsed() > PATIENCE {
            return Err("the line brought nothing in twenty minutes".into());
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// Waits for the serial circuit to be ready.
async fn ready(connection: &mut Connection) -> Outcome<()> {
    until(async || {
        let status = connection.read(LINE).await?;
        let circuits = status.get("circuits").and_then(Value::as_array);
        let is_ready = |circuit: &Value| circuit.get("ready") == Some(&Value::Bool(true));
        Ok(circuits.is_some_and(|circuits| circuits.iter().any(is_ready)).then_some(()))
    })
    .await
}

pub(super) async fn write(connection: &mut Connection, draft: Value) -> Outcome<String> {
    let path = format!("{LINE}/entries?until=durable");
    let answer: Value = serde_json::from_slice(connection.ask("POST", &path, &draft.to_string()).await?)?;
    Ok(answer.get("entry").and_then(Value::as_str).ok_or("no entry was written")?.to_owned())
}

pub(super) fn message(precedence: &str, text: &str) -> Value {
    json!({"kind": "message", "precedence": precedence, "text": text})
}

/// Waits until a station shows an entry.
pub(super) async fn shown(connection: &mut Connection, entry: &str) -> Outcome<()> {
    let path = format!("{LINE}/entries/{entry}");
    until(async || Ok(connection.read(&path).await.is_ok().then_some(()))).await
}

/// Waits until a station holds a receipt for an entry.
async fn receipted(connection: &mut Connection, entry: &str) -> Outcome<()> {
    let path = format!("{LINE}/entries/{entry}");
    until(async || {
        let found = connection.read(&path).await?;
        let by = found.get("delivered").and_then(Value::as_object);
        Ok(by.is_some_and(|by| !by.is_empty()).then_some(()))
    })
    .await
}

async fn seconds(what: impl Future<Output = Outcome<()>>) -> Outcome<f64> {
    let began = Instant::now();
    what.await?;
    Ok(began.elapsed().as_secs_f64())
}

/// Cold start, restart, and a FLASH behind a queue.
async fn at_rate(run: &Run, goals: &Goals, quick: bool) -> Outcome<Vec<Figure>> {
    let bits = goals.bits_per_s;
    let line = OnLine::new(run, bits, "flash")?;
    let name = |what: &str| format!("{bits} bit/s: {what}");
    let mut figures = Vec::new();
    let (usa, rus) = (line.pair.start_usa().await?, line.pair.start_rus().await?);
    let (mut here, mut there) = (usa.connect().await?, rus.connect().await?);
    let cold = seconds(async {
        ready(&mut here).await?;
        ready(&mut there).await
    })
    .await?;
    figures.push(Figure::alone(name("cold start, no keys and no fast circuit"), cold, "s", goals.cold));
    figures.push(Figure::alone(name("bytes of it, both ways"), line.cable.bytes() as f64, "B", Goal::None));
    let first = write(&mut here, message("flash", "first")).await?;
    receipted(&mut here, &first).await?;
    // Who has no receipt of the other's yet says a whole hello at every start.
    let back = write(&mut there, message("flash", "and back")).await?;
    receipted(&mut there, &back).await?;
    line.settle().await;
    drop((usa, here));
    let usa = line.pair.start_usa().await?;
    let mut here = usa.connect().await?;
    let before = line.cable.bytes();
    let again = seconds(ready(&mut here)).await?;
    figures.push(Figure::alone(name("after a restart, keys in place"), again, "s", goals.restart));
    line.settle().await;
    figures.push(Figure::alone(
        name("bytes of it, both ways"),
        (line.cable.bytes() - before) as f64,
        "B",
        Goal::None,
    ));
    for place in 0..if quick { 1 } else { 5 } {
        write(&mut here, message("routine", &unlike(10_000, place))).await?;
    }
    // Some of it is on its way.
    tokio::time::sleep(Duration::from_micros(300 * 10_000_000 / u64::from(bits))).await;
    let began = Instant::now();
    let entry = write(&mut here, message("flash", HUNDRED)).await?;
    shown(&mut there, &entry).await?;
    let displayed = began.elapsed().as_secs_f64();
    receipted(&mut here, &entry).await?;
    let by_then = began.elapsed().as_secs_f64();
    let queue = "FLASH of 100 characters behind 50 KB of ROUTINE";
    figures.push(Figure::alone(name(&format!("{queue}, displayed")), displayed, "s", goals.displayed));
    figures.push(Figure::alone(name(&format!("{queue}, receipted")), by_then, "s", goals.receipted));
    Ok(figures)
}

/// What a message, its receipt, its acknowledgement and the receipt of that take in bytes.
async fn message_bytes(run: &Run) -> Outcome<Vec<Figure>> {
    let line = OnLine::new(run, 19_200, "bytes")?;
    let (usa, rus) = (line.pair.start_usa().await?, line.pair.start_rus().await?);
    let (mut here, mut there) = (usa.connect().await?, rus.connect().await?);
    ready(&mut here).await?;
    ready(&mut there).await?;
    for _ in 0..2 {
        let entry = write(&mut here, message("priority", "to begin with")).await?;
        receipted(&mut here, &entry).await?;
    }
    line.settle().await;
    let before = line.cable.bytes();
    let entry = write(&mut here, message("priority", TWO_HUNDRED)).await?;
    shown(&mut there, &entry).await?;
    let answer = write(&mut there, json!({"kind": "acknowledgement", "regards": [entry]})).await?;
    receipted(&mut there, &answer).await?;
    line.settle().await;
    let bytes = (line.cable.bytes() - before) as f64;
    let what = "a 200-byte message, receipted and acknowledged, all bytes both ways";
    // Those of MQTT and NATS prove nothing to strangers, and say nothing of who could have altered them on the way.
    let (mqtt, nats) = Peers::start(run).await.bytes().await?;
    let of = |theirs: Option<u64>| theirs.map(|bytes| bytes as f64);
    let mail = MAIL.bytes(run, TWO_HUNDRED).await;
    let reticulum = RETICULUM.bytes(run, TWO_HUNDRED).await;
    let beside = "beside it, theirs without signatures, at the recipient's link without IP and TCP";
    let signed = "beside it, theirs signed four times, between the two ends without IP and TCP";
    Ok(vec![
        Figure::alone(what, bytes, "B", Goal::AtMost(560.0)),
        Figure::beside(beside, bytes, "B", ("MQTT QoS 2 in TLS", of(mqtt)), Goal::None),
        Figure::beside(beside, bytes, "B", ("NATS JetStream in TLS", of(nats)), Goal::None),
        Figure::beside(signed, bytes, "B", ("SMTP in TLS with S/MIME", of(mail)), Goal::None),
        Figure::beside(signed, bytes, "B", ("LXMF over Reticulum", of(reticulum)), Goal::None),
    ])
}

/// How many entries of PRIORITY, where tests stand, a station's own party has written.
async fn tests_of(connection: &mut Connection, party: &str) -> Outcome<u64> {
    let answer = connection.read(&format!("{LINE}/books")).await?;
    let books = answer.get("books").and_then(Value::as_array);
    let is_its = |book: &&Value| book.get("book").and_then(Value::as_str) == Some(&format!("{party}/P"));
    let size = books.and_then(|books| books.iter().find(is_its)).and_then(|book| book.get("size"));
    Ok(size.and_then(Value::as_u64).unwrap_or(0))
}

/// What a scheduled test and its answer take in bytes, on a line where nothing else is said: in a minute here, in an hour elsewhere.
async fn test_bytes(run: &Run) -> Outcome<Figure> {
    let line = OnLine::by(run, 19_200, "test", |paper| {
        (paper.tests.interval, paper.tests.grace) = (14_000, 10_000)
    })?;
    let (usa, rus) = (line.pair.start_usa().await?, line.pair.start_rus().await?);
    let (mut here, mut there) = (usa.connect().await?, rus.connect().await?);
    ready(&mut here).await?;
    ready(&mut there).await?;
    for connection in [&mut here, &mut there] {
        let entry = write(connection, message("priority", "to begin with")).await?;
        receipted(connection, &entry).await?;
    }
    tokio::time::sleep(HELLOS).await;
    let (mut taken, mut most) = (0, 0);
    while taken < 4 {
        line.settle().await;
        let (written, mut before) =
            ((tests_of(&mut here, "usa").await?, tests_of(&mut there, "rus").await?), 0);
        let both = until(async || {
            let now = (tests_of(&mut here, "usa").await?, tests_of(&mut there, "rus").await?);
            if now == written {
                // Pings of a line that is quiet are not of the test.
                before = line.cable.bytes();
            }
            Ok((now.0 > written.0 && now.1 > written.1).then_some(now))
        })
        .await?;
        line.settle().await;
        if both == (written.0 + 1, written.1 + 1) {
            most = most.max(line.cable.bytes() - before);
            taken += 1;
        }
    }
    let what = "a scheduled test with its answer, all bytes both ways, the most of four";
    Ok(Figure::alone(what, most as f64, "B", Goal::AtMost(180.0)))
}

/// How much of what losses leave gets through.
async fn goodput(run: &Run, quick: bool) -> Outcome<Figure> {
    let bits = 9_600;
    // What is measured is the line, not how well something packs.
    let line = OnLine::by(run, bits, "goodput", |paper| paper.line.dictionary = None)?;
    let (usa, rus): (Station, Station) = (line.pair.start_usa().await?, line.pair.start_rus().await?);
    let (mut here, mut there) = (usa.connect().await?, rus.connect().await?);
    ready(&mut here).await?;
    ready(&mut there).await?;
    line.cable.spoil(50, 100);
    let (count, each) = (if quick { 2 } else { 8 }, 11_000);
    let began = Instant::now();
    let mut last = String::new();
    for place in 0..count {
        last = write(&mut here, message("routine", &unlike(each, place))).await?;
    }
    shown(&mut there, &last).await?;
    let rate = (count * each as u64) as f64 / began.elapsed().as_secs_f64();
    // One packet in twenty is lost, and of a packet of 185 bytes one in seven is hit by a changed bit.
    let left = f64::from(bits) / 10.0 * 0.95 * (1.0_f64 - 1e-4).powi(8 * 185);
    let what = "5 % of packets lost and 1e-4 of bits changed: goodput of what that leaves of 9,600 bit/s";
    Ok(Figure::alone(what, 100.0 * rate / left, "%", Goal::AtLeast(80.0)))
}

/// Measures what the serial circuit is aimed at.
pub(crate) async fn measure(run: &Run, quick: bool) -> Outcome<Vec<Figure>> {
    let mut figures = Vec::new();
    say("a serial line: bytes of a message, goodput under losses");
    figures.extend(message_bytes(run).await?);
    figures.push(test_bytes(run).await?);
    figures.push(goodput(run, quick).await?);
    let at_most = Goal::AtMost;
    let rates = [
        Goals {
            bits_per_s: 2_400,
            cold: Goal::None,
            restart: Goal::None,
            displayed: at_most(1.5),
            receipted: at_most(3.0),
        },
        Goals {
            bits_per_s: 300,
            cold: at_most(120.0),
            restart: at_most(3.0),
            displayed: at_most(7.0),
            receipted: at_most(15.0),
        },
        Goals {
            bits_per_s: 75,
            cold: Goal::None,
            restart: Goal::None,
            displayed: Goal::None,
            receipted: Goal::None,
        },
    ];
    for goals in rates.iter().take(if quick { 1 } else { rates.len() }) {
        say(&format!("a serial line of {} bit/s, in real time", goals.bits_per_s));
        figures.extend(at_rate(run, goals, quick).await?);
    }
    Ok(figures)
}
