//! A relay: an untrusted forwarder for two stations that can both reach it and cannot reach each other.
//!
//! Promises that whoever waits is joined with the newest caller that has the token it waits for, that bytes then pass
//! both ways unaltered, and that strangers can hold no more than a bounded part of it: callers in all, callers of
//! one address, callers with one token, bytes of each pair under way. It keeps nothing, unless it is asked to keep
//! courier files (`boxes`), and logs neither tokens nor
//! addresses. What it can do to those who use it: TRUST.md.
//!
//! Specification: spec/circuits.md §7.

mod boxes;

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::time::timeout;

pub(crate) use boxes::KEPT;
pub use boxes::{Boxes, Room as BoxRoom};

use crate::circuit::relayed::{GREETING, GREETING_BYTES, TOKEN, WAITING_EVERY, mark};
use crate::crowd::origin;
use crate::mailbox;

/// By when a caller has said its greeting.
const GREETING_DEADLINE: Duration = Duration::from_secs(10);
/// After how long without a byte either way a pair is let go: stations ask each other far more often.
const IDLE_LIMIT: Duration = Duration::from_secs(300);
/// Bytes of each direction of a pair that are in this program at a time.
const BUFFER: usize = 4 * 1024;
/// The pause after the system could give no connection.
const PAUSE: Duration = Duration::from_millis(100);

/// How much a relay takes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Most callers at a time, waiting or joined.
    pub callers: usize,
    /// Most of them from one address.
    pub of_one_address: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { callers: 12_000, of_one_address: 1_000 }
    }
}

/// What a relay has at the moment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Load {
    /// Callers that are there.
    pub callers: usize,
    /// Those of them that wait.
    pub waiting: usize,
}

type Token = [u8; TOKEN];

/// Somebody who waits: how to bring it the one that it waits for.
struct Waiting {
    number: u64,
    wanted: Token,
    brings: oneshot::Sender<Caller>,
}

#[derive(Default)]
struct Room {
    /// By the caller's own token. One waits with each; a newer one takes its place.
    waiting: HashMap<Token, Waiting>,
    callers: usize,
    of_address: HashMap<IpAddr, usize>,
    last: u64,
}

/// A relay; clones are handles to the same one.
#[derive(Clone)]
pub struct Relay {
    room: Arc<Mutex<Room>>,
    bounds: Bounds,
    boxes: Option<Boxes>,
}

/// A caller's place; given back with it.
struct Place {
    relay: Relay,
    address: IpAddr,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut room = self.relay.room();
        room.callers = room.callers.saturating_sub(1);
        if let Some(count) = room.of_address.get_mut(&self.address) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                room.of_address.remove(&self.address);
            }
        }
    }
}

impl Relay {
    /// One that has nobody yet.
    pub fn new(bounds: Bounds) -> Self {
        Self { room: Arc::default(), bounds, boxes: None }
    }

    /// The same, which keeps courier files as well.
    #[must_use]
    pub fn keeping(self, boxes: Boxes) -> Self {
        Self { boxes: Some(boxes), ..self }
    }

    fn room(&self) -> MutexGuard<'_, Room> {
        self.room.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Who is there.
    pub fn load(&self) -> Load {
        let room = self.room();
        Load { callers: room.callers, waiting: room.waiting.len() }
    }

    /// Takes callers for ever.
    pub async fn serve(&self, listener: TcpListener) {
        loop {
            match listener.accept().await {
                Ok((stream, from)) => {
                    let relay = self.clone();
                    tokio::spawn(async move {
                        // What ends a caller is the caller's affair.
                        let _ = relay.take(stream, from).await;
                    });
                }
                Err(error) => {
                    tracing::debug!(%error, "no connection could be taken");
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
    }

    fn place(&self, address: IpAddr) -> Option<Place> {
        let mut room = self.room();
        if room.callers >= self.bounds.callers {
            return None;
        }
        let of_address = room.of_address.entry(address).or_default();
        if *of_address >= self.bounds.of_one_address {
            return None;
        }
        *of_address += 1;
        room.callers += 1;
        drop(room);
        Some(Place { relay: self.clone(), address })
    }

    async fn take(&self, mut stream: TcpStream, from: SocketAddr) -> io::Result<()> {
        let _ = stream.set_nodelay(true);
        let Some(place) = self.place(origin(from.ip())) else { return stream.write_all(&[mark::FULL]).await };
        let mut greeting = [0; GREETING_BYTES];
        let (begins, rest) = greeting.split_at_mut(GREETING.len());
        timeout(GREETING_DEADLINE, stream.read_exact(begins)).await??;
        if *begins == mailbox::GREETING {
            return match &self.boxes {
                Some(boxes) => boxes.serve(&mut stream).await,
                None => Ok(()),
            };
        }
        timeout(GREETING_DEADLINE, stream.read_exact(rest)).await??;
        let Some((own, wanted)) = tokens(&greeting) else { return Ok(()) };
        let mut caller = Caller { stream, _place: place };
        while let Some(waiting) = self.waiting_for(own, wanted) {
            // Who waited may have gone this moment.
            match waiting.brings.send(caller) {
                Ok(()) => return Ok(()),
                Err(back) => caller = back,
            }
        }
        self.wait(own, wanted, caller).await
    }

    /// Takes out who waits for a token, if it is the one wanted.
    fn waiting_for(&self, own: Token, wanted: Token) -> Option<Waiting> {
        let mut room = self.room();
        room.waiting.get(&wanted).filter(|waiting| waiting.wanted == own)?;
        room.waiting.remove(&wanted)
    }

    async fn wait(&self, own: Token, wanted: Token, mut caller: Caller) -> io::Result<()> {
        let (brings, mut comes) = oneshot::channel();
        let number = {
            let mut room = self.room();
            room.last += 1;
            let number = room.last;
            room.waiting.insert(own, Waiting { number, wanted, brings });
            number
        };
        let _leaves = Leaves { relay: self.clone(), own, number };
        let mut says = tokio::time::interval(WAITING_EVERY);
        loop {
            tokio::select! {
                other = &mut comes => return match other {
                    Ok(other) => join(caller, other).await,
                    Err(_) => caller.stream.write_all(&[mark::REPLACED]).await,
                },
                _ = says.tick() => caller.stream.write_all(&[mark::WAITING]).await?,
                // It has ended, or speaks before there is anybody to hear it.
                _ = caller.stream.readable() => {
                    match caller.stream.try_read(&mut [0]) {
                        Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                        _ => return Ok(()),
                    }
                }
            }
        }
    }
}

/// A caller and its place.
struct Caller {
    stream: TcpStream,
    _place: Place,
}

/// Takes who waits out of the room, however it ends.
struct Leaves {
    relay: Relay,
    own: Token,
    number: u64,
}

impl Drop for Leaves {
    fn drop(&mut self) {
        let mut room = self.relay.room();
        if room.waiting.get(&self.own).is_some_and(|waiting| waiting.number == self.number) {
            room.waiting.remove(&self.own);
        }
    }
}

/// Passes bytes both ways until either side ends.
async fn join(mut one: Caller, mut other: Caller) -> io::Result<()> {
    one.stream.write_all(&[mark::JOINED]).await?;
    other.stream.write_all(&[mark::JOINED]).await?;
    let (mut from_one, mut to_one) = one.stream.split();
    let (mut from_other, mut to_other) = other.stream.split();
    tokio::try_join!(pass(&mut from_one, &mut to_other), pass(&mut from_other, &mut to_one))?;
    Ok(())
}

async fn pass(from: &mut (impl AsyncRead + Unpin), to: &mut (impl AsyncWrite + Unpin)) -> io::Result<()> {
    let mut buffer = [0; BUFFER];
    loop {
        let read = timeout(IDLE_LIMIT, from.read(&mut buffer)).await??;
        let Some(bytes) = buffer.get(..read).filter(|bytes| !bytes.is_empty()) else {
            return to.shutdown().await;
        };
        // A side that takes nothing holds up the other one, and is let go in the end.
        timeout(IDLE_LIMIT, to.write_all(bytes)).await??;
    }
}

/// The caller's token, and the one that it waits for.
fn tokens(greeting: &[u8; GREETING_BYTES]) -> Option<(Token, Token)> {
    let (begins, rest) = greeting.split_first_chunk::<{ GREETING.len() }>()?;
    let (own, wanted) = rest.split_first_chunk::<TOKEN>()?;
    let wanted = Token::try_from(wanted).ok()?;
    (*begins == GREETING && *own != wanted).then_some((*own, wanted))
}
