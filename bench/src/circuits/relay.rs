//! A relay with thousands of pairs that are joined and say nothing.

use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use detente_station::circuit::relayed::{GREETING, TOKEN, mark};
use rustix::process::{Resource, getrlimit, setrlimit};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::figure::{Figure, Goal};
use crate::large::memory_mib;
use crate::pair::free_tcp_port;
use crate::{Outcome, Run, say};

/// Pairs of the full run.
const PAIRS: u64 = 5_000;
/// Files that this program and the relay each have open for them: two ends of each pair, and a few.
const FILES: u64 = 2 * PAIRS + 256;
const PATIENCE: Duration = Duration::from_secs(60);

/// A relay as a process, killed when it is let go.
struct Relay(Child);

impl Drop for Relay {
    fn drop(&mut self) {
        // Either may fail only because it has ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Calls the relay with one token, for another, and reads its first mark.
async fn call(at: SocketAddr, own: [u8; TOKEN], wanted: [u8; TOKEN]) -> Outcome<(TcpStream, u8)> {
    let mut stream = TcpStream::connect(at).await?;
    stream.write_all(&[&GREETING[..], &own, &wanted].concat()).await?;
    let mark = stream.read_u8().await?;
    Ok((stream, mark))
}

/// The tokens of a pair.
fn tokens(pair: u64) -> [[u8; TOKEN]; 2] {
    [0, 1].map(|side| {
        let mut token = [side; TOKEN];
        token.iter_mut().zip(pair.to_be_bytes()).for_each(|(to, from)| *to = from);
        token
    })
}

/// What a relay needs for pairs that say nothing, and how long a byte then takes through it.
pub(crate) async fn measure(run: &Run, quick: bool) -> Outcome<Vec<Figure>> {
    let pairs = if quick { 200 } else { PAIRS };
    let mut limit = getrlimit(Resource::Nofile);
    if limit.current.is_some_and(|current| current < FILES) {
        limit.current = limit.maximum.map_or(Some(FILES), |maximum| Some(maximum.min(FILES)));
        setrlimit(Resource::Nofile, limit)?;
    }
    let at = SocketAddr::from(([127, 0, 0, 1], free_tcp_port()?));
    let most = (2 * pairs + 16).to_string();
    let process = Command::new(&run.station)
        .args([
            "relay",
            "serve",
            "--listen",
            &at.to_string(),
            "--most",
            &most,
            "--most-of-one-address",
            &most,
        ])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    let relay = Relay(process);
    let began = Instant::now();
    while TcpStream::connect(at).await.is_err() {
        if began.elapsed() > PATIENCE {
            return Err("the relay does not listen".into());
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let empty = memory_mib(relay.0.id(), "VmRSS:")?;
    say(&format!("{pairs} idle pairs at a relay"));
    let mut joined = Vec::with_capacity(2 * pairs as usize);
    for pair in 0..pairs {
        let [own, wanted] = tokens(pair);
        let (mut first, waits) = call(at, own, wanted).await?;
        let (second, joins) = call(at, wanted, own).await?;
        if (waits, joins, first.read_u8().await?) != (mark::WAITING, mark::JOINED, mark::JOINED) {
            return Err(format!("the relay did not join pair {pair}").into());
        }
        joined.push((first, second));
    }
    let resident = memory_mib(relay.0.id(), "VmRSS:")?;
    // All of them are joined: each passes on what it is given.
    let mut slowest = Duration::ZERO;
    for (first, second) in joined.iter_mut().step_by(97) {
        let began = Instant::now();
        first.write_all(b"detente").await?;
        let mut read = [0; 7];
        second.read_exact(&mut read).await?;
        slowest = slowest.max(began.elapsed());
    }
    let name = |what: &str| format!("a relay with {pairs} idle pairs: {what}");
    Ok(vec![
        Figure::beside(
            name("memory"),
            resident,
            "MiB",
            ("the same with none", Some(empty)),
            Goal::AtMost(300.0),
        ),
        Figure::alone(
            name("slowest passage of seven bytes"),
            slowest.as_secs_f64() * 1_000.0,
            "ms",
            Goal::None,
        ),
    ])
}
