//! Links: from circuits to lines. Dials what the configuration names, takes what comes in, and moves frames.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use detente_line::{CircuitId, Event, Outgoing, frame};
use detente_record::{Book, Fault, LineId, Party, Receipt, STEP_BYTES, STEP_ENTRIES, SignedCheckpoint};
use tokio::net::lookup_host;
use tokio::sync::{mpsc, watch};

use crate::circuit::{Callee, Circuit, Endpoint, FrameSender};
use crate::config::CircuitConfig;
use crate::dials::DialFailure;
use crate::keeper::Keeper;
use crate::store::{self, Step, StoreError};

/// The first pause before a circuit is dialled again; doubled up to the last.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LAST_PAUSE: Duration = Duration::from_secs(5);
/// A circuit that ended sooner was as good as none.
const SETTLED: Duration = Duration::from_secs(1);

/// How long a circuit that was given up may take for its last frame.
const LAST_WORD: Duration = Duration::from_secs(2);

/// Circuits are numbered over the whole life of a station.
static NEXT_CIRCUIT: AtomicU64 = AtomicU64::new(1);

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
    while let Some(accepted) = endpoint.accept().await {
        match accepted {
            Ok(circuit) => {
                let lines = Arc::clone(&lines);
                tokio::spawn(async move { carry(circuit, &lines).await });
            }
            Err(error) => tracing::warn!(%error, hint = error.hint(), "a circuit was not taken"),
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
            let carried = match connect(&endpoint, &lines, line, &to).await {
                Ok(circuit) => {
                    said.clear();
                    if let Some(keeper) = lines.get(&line) {
                        keeper.dials.succeeded(&to.peer, &to.address);
                    }
                    tracing::info!(peer = to.peer, address = to.address, "a circuit is up");
                    let since = Instant::now();
                    carry(circuit, &lines).await;
                    // Whoever is refused as soon as it greets is not to call again and again.
                    since.elapsed() >= SETTLED
                }
                Err(why) => {
                    if let Some(keeper) = lines.get(&line) {
                        let (address, at_ms) = (to.address.clone(), keeper.feed.now_ms());
                        keeper.dials.failed(&to.peer, DialFailure { address, why: why.clone(), at_ms });
                    }
                    // Once for each reason, not once for each attempt.
                    if said != why {
                        tracing::warn!(
                            peer = to.peer,
                            address = to.address,
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
    endpoint: &Endpoint,
    lines: &Lines,
    line: LineId,
    to: &CircuitConfig,
) -> Result<Circuit, String> {
    let keeper = lines.get(&line).ok_or("no such line")?;
    let (party, keyring) = (keeper.memorandum().party_named(&to.peer), keeper.keyring());
    let last = party.and_then(|party| keyring.last(party));
    let (rank, keys) = last.ok_or_else(|| format!("{} is not a party of the line", to.peer))?;
    let peer = keys.station.bytes();
    let mut why = format!("{} names no address", to.address);
    for address in lookup_host(&to.address).await.map_err(|cause| format!("{}: {cause}", to.address))? {
        // Whoever has not heard of a renewal knows an earlier key, and is told by this circuit.
        for own_rank in endpoint.own_ranks(&line.0) {
            match endpoint.call(Callee { line: &line.0, peer, rank, own_rank }, address).await {
                Ok(circuit) => return Ok(circuit),
                Err(error) => {
                    why = format!("{error}. {}", error.hint());
                    if !error.is_unknown_key() {
                        break;
                    }
                }
            }
        }
    }
    Err(why)
}

/// Moves frames between a circuit and its line until either ends.
async fn carry(circuit: Circuit, lines: &Lines) {
    let Some(keeper) = lines.get(&LineId(circuit.line)) else { return };
    let keyring = keeper.keyring();
    let peer = keyring.station_keys().find(|(.., key)| *key.bytes() == circuit.peer);
    let Some((peer, rank, _)) = peer else { return };
    let id: CircuitId = NEXT_CIRCUIT.fetch_add(1, Ordering::Relaxed);
    let (sender, mut receiver) = circuit.split();
    let Some((outgoing, given_up)) = keeper.up(id, peer, rank).await else { return };
    let mut sending = std::pin::pin!(send(sender, outgoing, keeper.clone(), id, peer));
    let receiving = async {
        loop {
            match receiver.receive().await {
                Ok(Some(frame)) => {
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
    tokio::select! {
        () = &mut sending => {}
        () = receiving => {}
        _ = given_up => {
            // A last word may still go out.
            let _ = tokio::time::timeout(LAST_WORD, sending).await;
        }
    }
    keeper.event(Event::CircuitDown { circuit: id }).await;
}

async fn send(
    mut sender: FrameSender,
    mut outgoing: mpsc::Receiver<Outgoing>,
    keeper: Keeper,
    circuit: CircuitId,
    peer: Party,
) {
    while let Some(what) = outgoing.recv().await {
        let (frames, reached) = match what {
            Outgoing::Frames(frames) => (frames, None),
            Outgoing::Step { book, from, end } => match step(&keeper, book, from, &end, peer) {
                Ok(Some((frames, size))) => (frames, Some((book, size))),
                Ok(None) => (Vec::new(), None),
                Err(error) => {
                    tracing::error!(%error, "a step could not be read");
                    return;
                }
            },
            Outgoing::Part { blob, chunk } => (vec![keeper.blobs.folder.frame(&blob, chunk)], None),
            Outgoing::Close(last) => {
                if let Some(last) = last {
                    let _ = sender.send(&last).await;
                }
                return sender.close("given up").await;
            }
        };
        for frame in frames {
            if let Err(error) = sender.send(&frame).await {
                tracing::info!(circuit, %error, "a circuit ended");
                return;
            }
        }
        if !keeper.event(Event::Sent { circuit, reached }).await {
            return;
        }
    }
}

/// The frames of a step, and the size that it reaches.
type Carried = (Vec<Vec<u8>>, u64);

/// The next step of a book for a peer, and the receipts of others for its end. A step ends where another party's
/// receipt does, so that the receipt can travel with it (spec/line.md §6).
fn step(
    keeper: &Keeper,
    book: Book,
    from: u64,
    end: &SignedCheckpoint,
    peer: Party,
) -> Result<Option<Carried>, StoreError> {
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
    let others = |receipt: &&store::Receipt| receipt.party != peer.number();
    // Between two parties there are no others.
    let receipts = if keeper.is_of_two() { Vec::new() } else { store.receipts(book.code(), from)? };
    if let Some(first) = receipts.iter().find(others).filter(|first| first.size < checkpoint.size)
        && let Some(found) = store.checkpoint_at(book.code(), first.size)?
    {
        entries.retain(|entry| entry.number <= first.size);
        checkpoint = found;
    }
    let bytes: Vec<&[u8]> = entries.iter().map(|entry| entry.bytes.as_ref()).collect();
    let mut frames = vec![frame::step(book, from + 1, &bytes, &checkpoint.signature)];
    let ends = receipts.iter().filter(others).filter(|found| found.size == checkpoint.size);
    frames.extend(ends.filter_map(|found| receipt(book, found).ok()).map(|receipt| frame::receipt(&receipt)));
    Ok(Some((frames, checkpoint.size)))
}
