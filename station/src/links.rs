//! Links: from circuits to lines. Dials what the configuration names, takes what comes in, and moves frames.

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use detente_line::{CircuitId, Event, Outgoing, frame};
use detente_record::{Book, Fault, LineId, Party, Receipt, STEP_BYTES, STEP_ENTRIES, SignedCheckpoint};
use tokio::net::lookup_host;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use crate::circuit::{Callee, Circuit, CircuitError, CircuitKind, Endpoint, FrameSender, Meeting, Tunnel};
use crate::circuits::{Carried, DialFailure, LiveCircuit};
use crate::config::CircuitConfig;
use crate::keeper::Keeper;
use crate::store::{self, Step, StoreError};
use callers::{Callers, Complaints};
use up::Up;

mod callers;
pub(crate) mod serial;
mod up;

/// The first pause before a circuit is dialled again; doubled up to the last.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LAST_PAUSE: Duration = Duration::from_secs(5);
/// A circuit that ended sooner was as good as none.
const SETTLED: Duration = Duration::from_secs(1);

/// How long one address may take before the next one is tried beside it (RFC 8305 §5).
const HEAD_START: Duration = Duration::from_millis(250);
/// Most addresses of a circuit that are tried, whatever names stand for.
const MAX_TRIED: usize = 32;

/// How long a circuit that was given up may take for its last frame.
const LAST_WORD: Duration = Duration::from_secs(2);

/// The lines that circuits may be for.
pub(crate) type Lines = Arc<BTreeMap<LineId, Keeper>>;

/// A stored receipt in the record's terms.
///
/// # Errors
/// `Malformed` for a party that does not exist.
pub(crate) fn receipt(book: Book, found: &store::Receipt) -> Result<Receipt, Fault> {
    let party = Party::new(found.party)?;
    Ok(Receipt { book, party, size: found.size, seconds: found.seconds, signature: found.signature })
}

/// Takes circuits that come in until the endpoint closes.
pub(crate) async fn accept(endpoint: Arc<Endpoint>, lines: Lines) {
    let (mut callers, mut complaints) = (Callers::default(), Complaints::at(Instant::now()));
    while let Some(accepted) = endpoint.accept().await {
        match accepted {
            Ok(circuit) => {
                let (lines, of) = (Arc::clone(&lines), (circuit.line, circuit.peer));
                callers.begin(of, async move { carry(circuit, &lines, None).await });
            }
            Err(error) => complaints.tell(&error, Instant::now()),
        }
    }
}

/// Dials one circuit for as long as it is configured.
pub(crate) async fn dial(
    endpoint: Arc<Endpoint>,
    lines: Lines,
    line: LineId,
    to: CircuitConfig,
    mut until: watch::Receiver<bool>,
) {
    let mut pause = FIRST_PAUSE;
    let mut said = String::new();
    loop {
        let attempt = async {
            if let Some(keeper) = lines.get(&line) {
                keeper.withheld.free(&to.peer, to.name()).await;
            }
            let carried = match connect(&endpoint, &lines, line, &to).await {
                Ok(circuit) => {
                    said.clear();
                    if let Some(keeper) = lines.get(&line) {
                        keeper.circuits.succeeded(&to.peer, &to.addresses());
                    }
                    tracing::info!(
                        peer = to.peer,
                        name = to.name(),
                        kind = %circuit.kind,
                        remote = %circuit.remote,
                        "a circuit is up"
                    );
                    let since = Instant::now();
                    carry(circuit, &lines, Some(&to)).await;
                    // Whoever is refused as soon as it greets is not to call again and again.
                    since.elapsed() >= SETTLED
                }
                Err(why) => {
                    if let Some(keeper) = lines.get(&line) {
                        let (address, at_ms) = (to.addresses(), keeper.feed.now_ms());
                        keeper.circuits.failed(&to.peer, DialFailure { address, why: why.clone(), at_ms });
                    }
                    // Once for each reason, not once for each attempt.
                    if said != why {
                        tracing::warn!(
                            peer = to.peer,
                            name = to.name(),
                            address = to.addresses(),
                            why,
                            "a circuit is not up; trying on"
                        );
                        said = why;
                    }
                    false
                }
            };
            pause = if carried { FIRST_PAUSE } else { (pause * 2).min(LAST_PAUSE) };
            tokio::time::sleep(pause).await;
        };
        tokio::select! {
            () = attempt => {}
            _ = until.wait_for(|ends| *ends) => return,
        }
    }
}

async fn connect(
    endpoint: &Arc<Endpoint>,
    lines: &Lines,
    line: LineId,
    to: &CircuitConfig,
) -> Result<Circuit, String> {
    let keeper = lines.get(&line).ok_or("no such line")?;
    let (party, keyring) = (keeper.memorandum().party_named(&to.peer), keeper.keyring());
    let found = party.and_then(|party| Some((party, keyring.last(party)?)));
    let (party, (rank, keys)) = found.ok_or_else(|| format!("{} is not a party of the line", to.peer))?;
    let key = *keys.station.bytes();
    let mut why = format!("{} names no address", to.addresses());
    let mut ways = VecDeque::new();
    for address in &to.address {
        // Where there is a proxy, it finds out what a name means.
        let tunnel = to.proxy.clone().map(|proxy| Tunnel { proxy, to: address.clone() });
        let near = tunnel.as_ref().map_or(address.as_str(), |tunnel| tunnel.proxy.address());
        match lookup_host(near).await {
            Ok(found) => ways.extend(found.map(|at| (at, tunnel.clone()))),
            Err(cause) => why = format!("{near}: {cause}"),
        }
    }
    ways.truncate(MAX_TRIED);
    let meeting = Meeting::of(&line.0, keeper.party.number(), party.number());
    let call = Call { line, key, rank, kind: to.kind(), meeting };
    first_to_answer(endpoint, call, ways).await.map_err(|error| match error {
        Some(error) => format!("{error}. {}", error.hint()),
        None => why,
    })
}

/// Whom to call, and how.
#[derive(Clone, Copy)]
struct Call {
    line: LineId,
    key: [u8; 32],
    rank: u8,
    kind: CircuitKind,
    meeting: Meeting,
}

impl Call {
    /// With the last of the own keys; whoever has not heard of it knows an earlier one, and is told by this circuit.
    async fn make(
        &self,
        endpoint: &Endpoint,
        at: SocketAddr,
        tunnel: Option<&Tunnel>,
    ) -> Result<Circuit, CircuitError> {
        let Self { line: LineId(line), key, rank, kind, meeting } = self;
        let mut own_ranks = endpoint.own_ranks(line).into_iter();
        let mut own_rank = own_ranks.next().unwrap_or_default();
        loop {
            let callee = Callee { line, peer: key, rank: *rank, own_rank };
            let made = match kind {
                CircuitKind::Quic => endpoint.dial(callee, at).await,
                CircuitKind::Tcp => endpoint.dial_tcp(callee, at, tunnel).await,
                CircuitKind::Relay => endpoint.meet_at_relay(callee, meeting, at, tunnel).await,
                CircuitKind::Serial => {
                    Err(CircuitError::Closed { reason: "a serial line is not dialled".into() })
                }
            };
            match (made, own_ranks.next()) {
                (Err(error), Some(earlier)) if error.is_unknown_key() => own_rank = earlier,
                (made, _) => return made,
            }
        }
    }
}

/// Dials one address after the other, each a moment after the one before or as soon as that one has failed, until one
/// answers; then the others are let go.
async fn first_to_answer(
    endpoint: &Arc<Endpoint>,
    call: Call,
    mut ways: VecDeque<(SocketAddr, Option<Tunnel>)>,
) -> Result<Circuit, Option<CircuitError>> {
    let mut tries = JoinSet::new();
    let mut last = None;
    loop {
        if let Some((at, tunnel)) = ways.pop_front() {
            let endpoint = Arc::clone(endpoint);
            tries.spawn(async move { call.make(&endpoint, at, tunnel.as_ref()).await });
        }
        let more = !ways.is_empty();
        tokio::select! {
            ended = tries.join_next() => match ended {
                Some(Ok(Ok(circuit))) => return Ok(circuit),
                Some(Ok(Err(error))) => last = Some(error),
                Some(Err(_)) => {}
                None if more => {}
                None => return Err(last),
            },
            () = tokio::time::sleep(HEAD_START), if more => {}
        }
    }
}

/// Moves frames between a circuit and its line until either ends.
async fn carry(circuit: Circuit, lines: &Lines, dialled: Option<&CircuitConfig>) {
    let Some(keeper) = lines.get(&LineId(circuit.line)) else { return };
    let (memorandum, keyring) = (keeper.memorandum(), keeper.keyring());
    let peer = keyring.station_keys().find(|(.., key)| *key.bytes() == circuit.peer);
    let Some((peer, rank, _)) = peer else { return };
    let name = &memorandum.name_of(peer);
    let live = live(&circuit, name, keeper, dialled);
    let (withheld, of) = (keeper.withheld.clone(), live.name.clone());
    if withheld.left(name, &of).is_some() && !withheld.is_dark(name, &of) {
        return;
    }
    if let Some(root) = &circuit.serial_root {
        keeper.circuits.keep_serial_root(name, root.clone());
    }
    let (cost_ms, sent, received) = (live.cost_ms, Arc::clone(&live.sent), Arc::clone(&live.received));
    let (sender, mut receiver) = circuit.split();
    let up = Up::begin(keeper, live);
    let id = up.id;
    let Some((outgoing, given_up)) = keeper.up(id, peer, rank, cost_ms, None).await else { return };
    let dark = || withheld.is_dark(name, &of);
    let mut sending = std::pin::pin!(send(sender, outgoing, keeper.clone(), id, peer, (&sent, &dark)));
    let receiving = async {
        loop {
            match receiver.receive().await {
                Ok(Some(_)) if withheld.is_dark(name, &of) => {}
                Ok(Some(frame)) => {
                    received.add(frame.len());
                    if !keeper.event(Event::Received { circuit: id, frame }).await {
                        return;
                    }
                }
                Ok(None) => return,
                Err(error) => {
                    tracing::info!(circuit = id, %error, "a circuit ended");
                    return;
                }
            }
        }
    };
    let last_word = tokio::select! {
        () = &mut sending => true,
        () = receiving => false,
        () = withheld.cut(name, &of) => false,
        _ = given_up => {
            // A last word may still go out.
            tokio::time::timeout(LAST_WORD, sending).await.is_ok()
        }
    };
    drop(up);
    if last_word {
        receiver.drain().await;
    }
}

/// What is known of a circuit that has come up.
fn live(circuit: &Circuit, peer: &str, keeper: &Keeper, dialled: Option<&CircuitConfig>) -> LiveCircuit {
    let configured = match dialled {
        Some(configured) => Some(configured.clone()),
        None => keeper.circuits.expected(peer, circuit.kind),
    };
    LiveCircuit {
        peer: peer.into(),
        name: configured.as_ref().map_or(circuit.kind.name(), CircuitConfig::name).into(),
        kind: circuit.kind,
        remote: circuit.remote.to_string(),
        dialled: dialled.is_some(),
        cost_ms: configured.as_ref().map_or(0, |configured| configured.cost),
        purpose: configured.and_then(|configured| configured.purpose),
        since_ms: keeper.feed.now_ms(),
        sent: Arc::default(),
        received: Arc::default(),
        gauge: circuit.gauge.clone(),
    }
}

async fn send(
    mut sender: FrameSender,
    mut outgoing: mpsc::Receiver<Outgoing>,
    keeper: Keeper,
    circuit: CircuitId,
    peer: Party,
    (sent, dark): (&Carried, &(dyn Fn() -> bool + Sync)),
) {
    while let Some(what) = outgoing.recv().await {
        let lane = what.lane();
        let closes = matches!(what, Outgoing::Close(_));
        let (frames, reached) = match frames_of(&keeper, what, peer) {
            Ok(found) => found,
            Err(error) => {
                tracing::error!(%error, "a step could not be read");
                return;
            }
        };
        if closes {
            for last in frames {
                let _ = sender.send(&last).await;
            }
            return sender.close("given up").await;
        }
        for frame in frames.into_iter().filter(|_| !dark()) {
            if let Err(error) = sender.send(&frame).await {
                tracing::info!(circuit, %error, "a circuit ended");
                return;
            }
            sent.add(frame.len());
        }
        if !keeper.event(Event::Sent { circuit, lane, reached }).await {
            return;
        }
    }
}

/// The frames that something comes to, and how far it brings a book.
type Frames = (Vec<Vec<u8>>, Option<(Book, u64)>);

/// What is to be put on a circuit, as frames.
fn frames_of(keeper: &Keeper, what: Outgoing, peer: Party) -> Result<Frames, StoreError> {
    Ok(match what {
        Outgoing::Frames(frames) => (frames, None),
        Outgoing::Step { book, from, end, ahead } => match step(keeper, book, from, &end, peer)? {
            Some((frames, size)) => {
                let first = frames.first().filter(|_| ahead).and_then(|step| frame::ahead_of(step));
                (first.into_iter().chain(frames).collect(), Some((book, size)))
            }
            None => (Vec::new(), None),
        },
        Outgoing::Part { blob, chunk } => (vec![keeper.blobs.folder.frame(&blob, chunk)], None),
        Outgoing::Key(frame) => (vec![frame], None),
        Outgoing::Close(last) => (last.into_iter().collect(), None),
    })
}

/// The frames of a step, and the size that it reaches.
pub(crate) type StepFrames = (Vec<Vec<u8>>, u64);

/// The next step of a book for a peer, and the receipts of others for its end. A step ends where another party's
/// receipt does, so that the receipt can travel with it (spec/line.md §6).
pub(crate) fn step(
    keeper: &Keeper,
    book: Book,
    from: u64,
    end: &SignedCheckpoint,
    peer: Party,
) -> Result<Option<StepFrames>, StoreError> {
    let store = &keeper.store;
    let within = store.entries(book.code(), from + 1, STEP_ENTRIES as usize, STEP_BYTES as usize)?;
    let size = end.checkpoint.size;
    let next = if within.last().is_some_and(|last| last.number >= size) {
        let entries = within.into_iter().filter(|entry| entry.number <= size).collect();
        let checkpoint = store::Checkpoint {
            book: book.code(),
            size,
            root: end.checkpoint.root,
            signature: end.signature,
        };
        Some(Step { entries, checkpoint })
    } else {
        store.step(book.code(), from)?
    };
    let Some(Step { mut entries, mut checkpoint }) = next else { return Ok(None) };
    // Between two parties there are no others.
    let others = !keeper.is_of_two();
    let first = if others { store.next_receipted(book.code(), from, peer.number())? } else { None };
    if let Some(first) = first.filter(|first| *first < checkpoint.size)
        && let Some(found) = store.checkpoint_at(book.code(), first)?
    {
        entries.retain(|entry| entry.number <= first);
        checkpoint = found;
    }
    let bytes: Vec<&[u8]> = entries.iter().map(|entry| entry.bytes.as_ref()).collect();
    let mut frames = vec![frame::step(book, from + 1, &bytes, &checkpoint.signature)];
    let ends = if others { store.receipts_for(book.code(), checkpoint.size)? } else { Vec::new() };
    let ends = ends.iter().filter(|receipt| receipt.party != peer.number());
    frames.extend(ends.filter_map(|found| receipt(book, found).ok()).map(|receipt| frame::receipt(&receipt)));
    Ok(Some((frames, checkpoint.size)))
}
