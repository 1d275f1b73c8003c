//! A serial line at work: moves bytes between a tty, the end of a circuit (spec/serial.md) and the line of books that it
//! is for. A device that is not there, or vanishes, is told once and tried again.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use detente_line::{Event, Lane, Outgoing};
use detente_record::{Book, LineId, Party};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;
use zeroize::Zeroizing;

use super::up::Up;
use super::{FIRST_PAUSE, LAST_PAUSE, Lines, SETTLED, frames_of};
use crate::circuit::DICTIONARY;
use crate::circuit::serial::{End, Exported, Forms, Pairs, Told, Tty, byte_us};
use crate::circuit::{Callee, CircuitError, CircuitKind, Endpoint};
use crate::circuits::{Carried, DialFailure, Gauge, LiveCircuit, Packets};
use crate::config::CircuitConfig;
use crate::keeper::{Keeper, Narrow};

/// How much of its bytes a line may have before it, where they cannot be taken back, us.
const AHEAD_US: u64 = 50_000;
/// How long a device that takes nothing is left alone.
const BLOCKED_US: u64 = 10_000;
/// The rate of a line that is configured with none, bits a second.
const DEFAULT_RATE: u32 = 9_600;
/// The least and the most that nothing is looked at where nothing happens, us.
const LEAST_US: u64 = 1_000;
const LONG_US: u64 = 60_000_000;
/// How much of a handshake waits between TLS and the line.
const HANDSHAKE_BYTES: usize = 16 * 1024;

/// What one line needs.
#[derive(Clone)]
pub(crate) struct Serial {
    pub(crate) endpoint: Arc<Endpoint>,
    pub(crate) lines: Lines,
    pub(crate) line: LineId,
    pub(crate) to: CircuitConfig,
    /// The file of its keys.
    pub(crate) keys: std::path::PathBuf,
}

/// Keeps a serial line at work for as long as it is configured.
pub(crate) async fn keep(serial: Serial, mut until: watch::Receiver<bool>) {
    let Serial { endpoint, lines, line, to, keys } = serial;
    let Some(keeper) = lines.get(&line) else { return };
    let mut pause = FIRST_PAUSE;
    let mut said = String::new();
    loop {
        let attempt = async {
            // A dark one stands; one that is cut is tried again once that is over.
            if !keeper.withheld.is_dark(&to.peer, to.name()) {
                keeper.withheld.free(&to.peer, to.name()).await;
            }
            let since = Instant::now();
            if let Err(why) = run(&endpoint, keeper, &to, &keys, &mut said).await {
                let (address, at_ms) = (to.addresses(), keeper.feed.now_ms());
                keeper.circuits.failed(&to.peer, DialFailure { address, why: why.clone(), at_ms });
                if said != why {
                    tracing::warn!(
                        peer = to.peer,
                        name = to.name(),
                        device = to.addresses(),
                        why,
                        "a circuit is not up; trying on"
                    );
                    said = why;
                }
            }
            pause = if since.elapsed() >= SETTLED { FIRST_PAUSE } else { (pause * 2).min(LAST_PAUSE) };
            tokio::time::sleep(pause).await;
        };
        tokio::select! {
            () = attempt => {}
            _ = until.wait_for(|ends| *ends) => return,
        }
    }
}

/// A circuit that is up, and what is put on it.
struct Running {
    up: Up,
    outgoing: mpsc::Receiver<Outgoing>,
    given_up: oneshot::Receiver<()>,
    sent: Arc<Carried>,
    received: Arc<Carried>,
    packets: Arc<Packets>,
    /// How far the step reaches that is under way in a lane.
    reaches: BTreeMap<Lane, Option<(Book, u64)>>,
    /// The line has let go of it; its last word still goes.
    closing: bool,
}

/// A handshake that runs over the line.
struct Shaking {
    near: DuplexStream,
    task: JoinHandle<Result<Zeroizing<[u8; 32]>, CircuitError>>,
}

impl Drop for Shaking {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// What is on its way to the device.
#[derive(Default)]
struct Wire {
    packet: Vec<u8>,
    written: usize,
    /// When the line will have said all that the device was given, us.
    free_us: u64,
}

impl Wire {
    /// Gives the device what it should have by now; when to look again, us.
    fn pump(
        &mut self,
        write: impl Fn(&[u8]) -> io::Result<usize>,
        end: &mut End,
        byte_us: u64,
        now_us: u64,
    ) -> io::Result<Option<u64>> {
        let ahead_us = AHEAD_US.max(byte_us);
        loop {
            if self.free_us > now_us + ahead_us {
                return Ok(Some(self.free_us - ahead_us));
            }
            let rest = self.packet.get(self.written..).unwrap_or_default();
            if rest.is_empty() {
                match end.packet(now_us) {
                    Some(packet) => (self.packet, self.written) = (packet, 0),
                    None => return Ok(end.due_us()),
                }
                continue;
            }
            let cut = self.written > 0 && end.should_cut(rest.len());
            let most = usize::try_from(ahead_us / byte_us).unwrap_or(1).max(1);
            let chunk = if cut { &[0][..] } else { rest.get(..most).unwrap_or(rest) };
            let wrote = match write(chunk) {
                Ok(wrote) => wrote,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    return Ok(Some(now_us + BLOCKED_US));
                }
                Err(error) => return Err(error),
            };
            self.free_us = self.free_us.max(now_us) + byte_us * wrote as u64;
            if cut && wrote > 0 {
                end.was_cut();
                self.packet.clear();
                self.written = 0;
            } else if !cut {
                self.written += wrote;
                if self.written >= self.packet.len() {
                    end.written(self.free_us);
                    self.packet.clear();
                    self.written = 0;
                }
            }
        }
    }
}

/// Whether the memorandum in force has bodies packed with the dictionary that there is.
fn packs(keeper: &Keeper) -> bool {
    keeper.memorandum().dictionary() == Some(&DICTIONARY)
}

/// Who is at the two ends.
struct Ends {
    peer: Party,
    rank: u8,
    own_key: [u8; 32],
    peer_key: [u8; 32],
}

impl Ends {
    fn of(keeper: &Keeper, to: &CircuitConfig) -> Option<Self> {
        let keyring = keeper.keyring();
        let peer = keeper.memorandum().party_named(&to.peer)?;
        let (rank, keys) = keyring.last(peer)?;
        let (_, own) = keyring.last(keeper.party)?;
        Some(Self { peer, rank, own_key: *own.station.bytes(), peer_key: *keys.station.bytes() })
    }
}

async fn run(
    endpoint: &Arc<Endpoint>,
    keeper: &Keeper,
    to: &CircuitConfig,
    keys: &Path,
    said: &mut String,
) -> Result<(), String> {
    let ends = Ends::of(keeper, to).ok_or_else(|| format!("{} is not a party of the line", to.peer))?;
    let (device, rate) = (to.device.as_deref().unwrap_or_default(), to.rate.unwrap_or(DEFAULT_RATE));
    let tty = Tty::open(device, rate).map_err(|cause| format!("cannot open {device}: {cause}"))?;
    let pairs = Pairs::read(keys, &ends.own_key, &ends.peer_key)
        .map_err(|error| format!("{error}. {}", error.hint()))?;
    let own = keeper.party.number();
    let forms = Forms::new(&keeper.line(), keeper.party, ends.peer, packs(keeper));
    let end = End::new(rate, own < ends.peer.number(), pairs, forms);
    let mut work = Work {
        endpoint,
        keeper,
        to,
        end: if to.half_duplex { end.in_turns() } else { end },
        own_rank: endpoint.own_ranks(&keeper.line().0).into_iter().next().unwrap_or_default(),
        ends,
        running: None,
        shaking: None,
        since: Instant::now(),
    };
    let ended = work.go(&tty, byte_us(rate), said).await;
    work.down("the device is let go");
    ended
}

/// A device that is open, and what runs over it.
struct Work<'a> {
    endpoint: &'a Arc<Endpoint>,
    keeper: &'a Keeper,
    to: &'a CircuitConfig,
    end: End,
    own_rank: u8,
    ends: Ends,
    running: Option<Running>,
    shaking: Option<Shaking>,
    since: Instant,
}

/// What happened.
enum Happened {
    Read(io::Result<usize>),
    Outgoing(Option<Outgoing>),
    GivenUp,
    Shaken(io::Result<usize>),
    Finished(Result<Zeroizing<[u8; 32]>, String>),
    Roots,
    Keys(bool),
    Withheld,
    Time,
}

impl Work<'_> {
    fn now_us(&self) -> u64 {
        u64::try_from(self.since.elapsed().as_micros()).unwrap_or(u64::MAX)
    }

    async fn go(&mut self, tty: &Tty, byte_us: u64, said: &mut String) -> Result<(), String> {
        let mut keys = self.keeper.keyrings();
        let mut roots = self.keeper.circuits.serial_roots();
        let mut wire = Wire::default();
        let (mut bytes, mut shaken) = ([0; 512], [0; 512]);
        loop {
            if let Some(root) = self.keeper.circuits.take_serial_root(&self.to.peer) {
                self.offer(&root);
            }
            if !self.perform(said).await? {
                return Ok(());
            }
            let (now_us, dark) = (self.now_us(), self.keeper.withheld.is_dark(&self.to.peer, self.to.name()));
            if self.end.is_to_tell(now_us) {
                let peer = self.ends.peer;
                let agreed = self.keeper.look(move |line| line.agreed(peer)).await;
                self.end.tell(agreed.ok_or("the station stops")?);
            }
            let wake_us = wire
                .pump(
                    |bytes| if dark { Ok(bytes.len()) } else { tty.write(bytes) },
                    &mut self.end,
                    byte_us,
                    now_us,
                )
                .map_err(|cause| format!("the device is gone: {cause}"))?;
            if let Some(error) = self.end.trouble() {
                return Err(format!("{error}. {}", error.hint()));
            }
            if self.end.has_told() {
                continue;
            }
            if let Some(running) = &self.running {
                let (known, lost) = self.end.packets();
                running.packets.are(known, lost);
            }
            let wake_us = wake_us.map_or(LONG_US, |at_us| at_us.saturating_sub(now_us).max(LEAST_US));
            let wake = Duration::from_micros(wake_us);
            let (outgoing, given_up) = match &mut self.running {
                Some(running) if !running.closing => {
                    (Some(&mut running.outgoing), Some(&mut running.given_up))
                }
                _ => (None, None),
            };
            let (near, task) = match &mut self.shaking {
                Some(Shaking { near, task }) => (Some(near), Some(task)),
                None => (None, None),
            };
            let happened = tokio::select! {
                // What a line says last, before it lets go.
                biased;
                read = tty.read(&mut bytes) => Happened::Read(read),
                what = maybe(outgoing, |all| all.recv()) => Happened::Outgoing(what),
                _ = maybe(given_up, |given_up| given_up) => Happened::GivenUp,
                read = maybe(near, |near| near.read(&mut shaken)) => Happened::Shaken(read),
                done = maybe(task, |task| task) => Happened::Finished(match done {
                    Ok(Ok(root)) => Ok(root),
                    Ok(Err(error)) => Err(format!("{error}. {}", error.hint())),
                    Err(_) => Err("the handshake was broken off".into()),
                }),
                Ok(()) = roots.changed() => Happened::Roots,
                changed = keys.changed() => Happened::Keys(changed.is_ok()),
                () = self.keeper.withheld.cut(&self.to.peer, self.to.name()) => Happened::Withheld,
                () = tokio::time::sleep(wake) => Happened::Time,
            };
            let now_us = self.now_us();
            match happened {
                Happened::Read(read) => {
                    let read = read.map_err(|cause| format!("the device is gone: {cause}"))?;
                    if !dark {
                        self.end.took(bytes.get(..read).unwrap_or_default(), now_us);
                    }
                }
                Happened::Outgoing(Some(what)) => self.put(what)?,
                Happened::Outgoing(None) | Happened::GivenUp => {
                    return Err("it does not answer, and is tried anew".into());
                }
                Happened::Shaken(read) => match read {
                    Ok(read) if read > 0 => self.end.hand(shaken.get(..read).unwrap_or_default()),
                    // TLS is done with the stream; what it found is still to come.
                    _ => self.finish().await?,
                },
                Happened::Finished(found) => self.finished(found)?,
                Happened::Keys(true) => {
                    let now = Ends::of(self.keeper, self.to);
                    let same = now.is_some_and(|now| {
                        (now.own_key, now.peer_key) == (self.ends.own_key, self.ends.peer_key)
                    });
                    if !same {
                        return Err("the keys of a station were renewed".into());
                    }
                }
                Happened::Keys(false) | Happened::Withheld => return Ok(()),
                Happened::Roots | Happened::Time => {}
            }
        }
    }

    fn offer(&mut self, root: &[u8; 32]) {
        let now_us = self.now_us();
        if let Some(pair) = Exported::of(root, self.keeper.party.number(), self.ends.peer.number()) {
            self.end.offer(pair, now_us);
        }
    }

    /// Does what the end says; whether it goes on.
    async fn perform(&mut self, said: &mut String) -> Result<bool, String> {
        while let Some(told) = self.end.told() {
            match told {
                Told::Up { agreed } => {
                    said.clear();
                    self.up(agreed).await?;
                }
                Told::Down(why) => self.down(&why),
                Told::Frame(frame) => {
                    let Some(running) = &self.running else { continue };
                    running.received.add(frame.len());
                    if !self.keeper.event(Event::Received { circuit: running.up.id, frame }).await {
                        return Ok(false);
                    }
                }
                Told::Gone(lane) => {
                    let Some(running) = &mut self.running else { continue };
                    if running.closing {
                        return Ok(false);
                    }
                    let reached = running.reaches.remove(&lane).flatten();
                    if !self.keeper.event(Event::Sent { circuit: running.up.id, lane, reached }).await {
                        return Ok(false);
                    }
                }
                Told::Handshake => self.shake(),
                Told::Handed(bytes) => {
                    if let Some(shaking) = &mut self.shaking {
                        let _ = shaking.near.write_all(&bytes).await;
                    }
                }
                Told::HandshakeOver => self.shaking = None,
            }
        }
        Ok(true)
    }

    async fn up(&mut self, agreed: bool) -> Result<(), String> {
        let (sent, received) = (Arc::<Carried>::default(), Arc::<Carried>::default());
        let packets = Arc::<Packets>::default();
        let bits_per_s = u64::from(self.to.rate.unwrap_or(DEFAULT_RATE));
        let live = LiveCircuit {
            peer: self.to.peer.clone(),
            name: self.to.name().into(),
            kind: CircuitKind::Serial,
            remote: self.to.addresses(),
            dialled: false,
            cost_ms: self.to.cost,
            purpose: self.to.purpose.clone(),
            since_ms: self.keeper.feed.now_ms(),
            sent: Arc::clone(&sent),
            received: Arc::clone(&received),
            gauge: Gauge::Serial { bits_per_s, packets: Arc::clone(&packets) },
        };
        self.keeper.circuits.succeeded(&self.to.peer, &self.to.addresses());
        let up = Up::begin(self.keeper, live);
        let rate = (self.to.rate.unwrap_or(DEFAULT_RATE) / 10).max(1);
        let narrow = Narrow { rate, agreed };
        let Some((outgoing, given_up)) =
            self.keeper.up(up.id, self.ends.peer, self.ends.rank, self.to.cost, Some(narrow)).await
        else {
            return Err("the station stops".into());
        };
        tracing::info!(
            peer = self.to.peer,
            name = self.to.name(),
            kind = "serial",
            remote = self.to.addresses(),
            "a circuit is up"
        );
        let reaches = BTreeMap::new();
        self.running =
            Some(Running { up, outgoing, given_up, sent, received, packets, reaches, closing: false });
        Ok(())
    }

    fn down(&mut self, why: &str) {
        if let Some(running) = self.running.take() {
            tracing::info!(circuit = running.up.id, why, "a circuit ended");
        }
    }

    fn put(&mut self, what: Outgoing) -> Result<(), String> {
        let Some(running) = &mut self.running else { return Ok(()) };
        let lane = what.lane();
        running.closing = matches!(what, Outgoing::Close(_));
        let found = frames_of(self.keeper, what, self.ends.peer);
        let (frames, reached) = found.map_err(|error| format!("a step could not be read: {error}"))?;
        for frame in &frames {
            running.sent.add(frame.len());
        }
        running.reaches.insert(lane, reached);
        self.end.packs(packs(self.keeper));
        self.end.put(lane, &frames);
        Ok(())
    }

    /// Begins a handshake over the line, anew where one is under way.
    fn shake(&mut self) {
        let (near, far) = tokio::io::duplex(HANDSHAKE_BYTES);
        let endpoint = Arc::clone(self.endpoint);
        let (line, peer) = (self.keeper.line().0, self.ends.peer_key);
        let (rank, own_rank) = (self.ends.rank, self.own_rank);
        let answers = self.keeper.party.number() < self.ends.peer.number();
        let task = tokio::spawn(async move {
            let callee = Callee { line: &line, peer: &peer, rank, own_rank };
            endpoint.shake_over(callee, answers, far).await
        });
        self.shaking = Some(Shaking { near, task });
    }

    /// TLS has said all that it will.
    async fn finish(&mut self) -> Result<(), String> {
        let Some(shaking) = &mut self.shaking else { return Ok(()) };
        let found = match (&mut shaking.task).await {
            Ok(found) => found.map_err(|error| format!("{error}. {}", error.hint())),
            Err(_) => Err("the handshake was broken off".into()),
        };
        self.finished(found)
    }

    fn finished(&mut self, found: Result<Zeroizing<[u8; 32]>, String>) -> Result<(), String> {
        // What TLS said last may not have been read yet.
        if let Some(mut shaking) = self.shaking.take() {
            let mut rest = [0; 4_096];
            let mut room = tokio::io::ReadBuf::new(&mut rest);
            let mut context = std::task::Context::from_waker(std::task::Waker::noop());
            let near = std::pin::Pin::new(&mut shaking.near);
            if tokio::io::AsyncRead::poll_read(near, &mut context, &mut room).is_ready() {
                self.end.hand(room.filled());
            }
        }
        match found {
            Ok(root) => {
                self.offer(&root);
                Ok(())
            }
            Err(why) => {
                self.end.handshake_failed();
                Err(why)
            }
        }
    }
}

/// What comes of something, where it is there; else nothing ever does.
async fn maybe<T, F: Future>(of: Option<T>, get: impl FnOnce(T) -> F) -> F::Output {
    match of {
        Some(of) => get(of).await,
        None => std::future::pending().await,
    }
}
