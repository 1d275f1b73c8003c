//! A relay's boxes, from a station's side: what a peer that is away has not receipted is left there, and what others have left is
//! taken (spec/circuits.md §7).

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read as _, Seek as _, Write as _};
use std::time::{Duration, Instant};

use detente_line::{COURIER_KEY, Line};
use detente_record::{Book, Class, LineId, Party};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpStream, lookup_host};
use tokio::sync::watch;
use tokio::time::timeout;

use crate::circuit::Tunnel;
use crate::circuit::connect;
use crate::config::CircuitConfig;
use crate::courier::sealed::{HEADER, MAX_FILE, answer_proof};
use crate::courier::{Imported, Wanted};
use crate::keeper::Keeper;
use crate::links::Lines;
use crate::relay::KEPT;

/// What a call for boxes begins with.
pub(crate) const GREETING: [u8; 16] = *b"detente boxes 1\n";
/// Bytes of a slot.
pub(crate) const SLOT: usize = 16;
/// Bytes of a courier key.
pub(crate) const KEY_BYTES: usize = COURIER_KEY;
/// Bytes of a relay's question: an encapsulated key, and 32 bytes sealed.
pub(crate) const QUESTION: usize = 1_120 + 48;

/// What a caller wants.
pub(crate) mod verb {
    /// To leave a file.
    pub(crate) const LEAVE: u8 = 1;
    /// To take those that are there.
    pub(crate) const TAKE: u8 = 2;
}

/// How often a station looks whether there is something to leave.
const LOOK: Duration = Duration::from_secs(2);
/// How often it looks what was left for it.
const TAKE_EVERY: Duration = Duration::from_secs(60);
/// How long a peer is away before something is left for it; FLASH and acts wait for nothing.
const AWAY: Duration = Duration::from_secs(15);
/// How long after a failure it is tried again.
const PAUSE: Duration = Duration::from_secs(20);
/// How long a relay may take for a word.
const PATIENCE: Duration = Duration::from_secs(60);
/// Most files that are taken at a time.
const MAX_TAKEN: usize = 64;

/// What a file for a peer would tell it: how far books go, and how far this party has receipted its.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Tells {
    books: BTreeMap<Book, u64>,
    receipts: BTreeMap<Book, u64>,
}

/// How things stand with a peer.
struct Seen {
    connected: bool,
    urgent: bool,
    has_key: bool,
    tells: Tells,
}

fn seen(line: &Line, peer: Party) -> Option<Seen> {
    let load = line.load(peer, &[].into(), false)?;
    let me = line.party();
    let held = line.held().into_iter().map(|held| held.book).filter(|book| book.party == peer);
    let receipts = held.filter_map(|book| {
        let own = line.receipts(book).find(|receipt| receipt.party == me)?;
        Some((book, own.size))
    });
    Some(Seen {
        connected: line.circuits().any(|(_, state)| state.peer == peer && state.ready && !state.silent),
        urgent: load.books.iter().any(|bring| matches!(bring.book.class, Class::Z | Class::A)),
        has_key: line.courier_key(peer).is_some(),
        tells: Tells {
            receipts: receipts.collect(),
            books: load.books.iter().map(|bring| (bring.book, bring.end.checkpoint.size)).collect(),
        },
    })
}

/// Leaves and takes files at a relay for as long as it is configured.
pub(crate) async fn tend(lines: Lines, line: LineId, to: CircuitConfig, mut until: watch::Receiver<bool>) {
    let Some(keeper) = lines.get(&line) else { return };
    let mut tending = Tending { keeper, to: &to, left: None, said: String::new() };
    tokio::select! {
        () = tending.go_on() => {}
        _ = until.wait_for(|ends| *ends) => {}
    }
}

struct Tending<'a> {
    keeper: &'a Keeper,
    to: &'a CircuitConfig,
    /// What the last file left there told.
    left: Option<Tells>,
    /// Why it last failed.
    said: String,
}

impl Tending<'_> {
    async fn go_on(&mut self) {
        let (mut away_since, mut taken): (Instant, Option<Instant>) = (Instant::now(), None);
        loop {
            if taken.is_none_or(|at| at.elapsed() >= TAKE_EVERY) {
                let outcome = self.take().await;
                taken = Some(Instant::now());
                self.tell(outcome.map(|_| ())).await;
            }
            let peer = self.keeper.memorandum().party_named(&self.to.peer);
            if let Some(peer) = peer
                && let Some(Some(seen)) = self.keeper.look(move |line| seen(line, peer)).await
            {
                if seen.connected {
                    (away_since, self.left) = (Instant::now(), None);
                }
                let before = self.left.clone().unwrap_or_default();
                let is_news = !seen.tells.books.is_empty() && seen.tells != before
                    || seen.tells.receipts != before.receipts;
                let waits = if seen.urgent { Duration::ZERO } else { AWAY };
                if !seen.connected && seen.has_key && is_news && away_since.elapsed() >= waits {
                    let outcome = self.leave(peer, seen.tells).await;
                    self.tell(outcome).await;
                }
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Says a failure once, and waits a while.
    async fn tell(&mut self, outcome: Result<(), String>) {
        match outcome {
            Ok(()) => self.said.clear(),
            Err(why) => {
                if self.said != why {
                    let (relay, hint) =
                        (self.to.addresses(), "it is tried again; the relay must be run with --keep");
                    tracing::warn!(peer = self.to.peer, relay, why, hint, "no file at the relay");
                    self.said = why;
                }
                tokio::time::sleep(PAUSE).await;
            }
        }
    }

    async fn call(&self) -> Result<TcpStream, String> {
        let address = self.to.address.first().ok_or("no address of a relay")?;
        let tunnel = self.to.proxy.clone().map(|proxy| Tunnel { proxy, to: address.clone() });
        let near = tunnel.as_ref().map_or(address.as_str(), |tunnel| tunnel.proxy.address());
        let mut why = format!("{near} names no address");
        for at in lookup_host(near).await.map_err(|cause| format!("{near}: {cause}"))? {
            match timeout(PATIENCE, connect(at, tunnel.as_ref())).await {
                Ok(Ok(mut stream)) => {
                    stream.write_all(&GREETING).await.map_err(|cause| cause.to_string())?;
                    return Ok(stream);
                }
                Ok(Err(error)) => why = error.to_string(),
                Err(_) => why = format!("{at} does not answer"),
            }
        }
        Err(why)
    }

    /// Leaves a file with everything that a peer has not receipted, in place of the one before.
    async fn leave(&mut self, peer: Party, tells: Tells) -> Result<(), String> {
        let made =
            self.keeper.courier.export(self.keeper, peer, Wanted { part: 1, ..Wanted::default() }).await;
        let mut made = made.map_err(|error| error.to_string())?;
        let stream = self.call().await?;
        let slot = self.keeper.courier.slot(peer);
        let outcome =
            hand_over(stream, &slot, made.bytes, &mut made.file).await.map_err(|error| error.to_string())?;
        match outcome {
            KEPT => {
                let (entries, bytes) = (made.entries, made.bytes);
                tracing::info!(peer = self.to.peer, entries, bytes, "a file is left at the relay");
                self.left = Some(tells);
                Ok(())
            }
            _ => Err("it has no room".into()),
        }
    }

    /// Takes what was left for this station.
    async fn take(&self) -> Result<usize, String> {
        let mut count = 0;
        for (seed, key) in self.keeper.courier.openers() {
            let mut stream = self.call().await?;
            let broken = |cause: io::Error| format!("it breaks off, or keeps no boxes: {cause}");
            stream.write_all(&[&[verb::TAKE], key.as_slice()].concat()).await.map_err(broken)?;
            let mut question = [0; QUESTION];
            let read = timeout(PATIENCE, stream.read_exact(&mut question)).await;
            read.map_err(|_| "it says nothing".to_owned())?.map_err(broken)?;
            let answer = answer_proof(&seed, &question).ok_or("it asks what it should not")?;
            stream.write_all(&answer).await.map_err(broken)?;
            for _ in 0..MAX_TAKEN {
                let length = timeout(PATIENCE, stream.read_u64()).await;
                let length = length.map_err(|_| "it says nothing".to_owned())?.map_err(broken)?;
                if length == 0 {
                    break;
                }
                if length > MAX_FILE {
                    return Err("it has a file that is longer than any".into());
                }
                let file =
                    fetch(&mut stream, length, self.keeper.courier.incoming()).await.map_err(broken)?;
                let done = self.import(file).await;
                stream.write_u8(u8::from(done)).await.map_err(broken)?;
                count += 1;
            }
        }
        Ok(count)
    }

    /// Takes one file; says whether it is of no more use at the relay.
    async fn import(&self, file: File) -> bool {
        match self.keeper.courier.import(self.keeper, file).await {
            Ok(Imported::Books(books)) => {
                let (from, entries) = (self.keeper.memorandum().name_of(books.from), books.entries());
                let (refused, beyond) = (books.unladen.refused, books.unladen.beyond);
                tracing::info!(from, entries, refused, beyond, "a file from the relay was taken");
                true
            }
            Ok(Imported::Key(_)) => true,
            Err(error) => {
                tracing::warn!(%error, hint = error.hint(), "a file from the relay was not taken");
                // What is no good stays no good; a disk may have room again.
                error.is_final()
            }
        }
    }
}

async fn hand_over(mut stream: TcpStream, slot: &[u8; SLOT], bytes: u64, file: &mut File) -> io::Result<u8> {
    file.rewind()?;
    let mut header = [0; HEADER];
    file.read_exact(&mut header)?;
    let call = [&[verb::LEAVE], slot.as_slice(), &bytes.to_be_bytes(), &header].concat();
    stream.write_all(&call).await?;
    let word = timeout(PATIENCE, stream.read_u8()).await??;
    if word != 0 {
        return Ok(word);
    }
    let mut buffer = vec![0; 65_536];
    loop {
        let read = file.read(&mut buffer)?;
        let Some(part) = buffer.get(..read).filter(|part| !part.is_empty()) else { break };
        timeout(PATIENCE, stream.write_all(part)).await??;
    }
    timeout(PATIENCE, stream.read_u8()).await?
}

async fn fetch<E: std::fmt::Display>(
    stream: &mut TcpStream,
    length: u64,
    file: Result<File, E>,
) -> io::Result<File> {
    let mut file = file.map_err(|error| io::Error::other(error.to_string()))?;
    let (mut left, mut buffer) = (length, vec![0; 65_536]);
    while left > 0 {
        let most = buffer.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        let part = buffer.get_mut(..most).unwrap_or_default();
        let read = timeout(PATIENCE, stream.read(part)).await??;
        let Some(bytes) = part.get(..read).filter(|bytes| !bytes.is_empty()) else {
            return Err(io::ErrorKind::UnexpectedEof.into());
        };
        file.write_all(bytes)?;
        left -= read as u64;
    }
    Ok(file)
}
