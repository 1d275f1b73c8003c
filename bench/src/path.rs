//! A way from one program to another over loopback, with a delay, that can go dark without a word.
//!
//! What goes dark swallows what comes and tells nobody. On TCP the path itself takes the bytes, as a middlebox would that has lost its other side: so
//! nothing but silence tells of it, as of a cable that was cut far away.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until};

use crate::Outcome;

/// Pieces that are on their way at most.
const UNDER_WAY: usize = 4_096;
/// The largest piece, in bytes.
const PIECE: usize = 65_535;

#[derive(Default)]
struct Shared {
    dark: AtomicBool,
    /// Connections made before the last stranding pass nothing any more.
    stranded: AtomicU64,
    made: AtomicU64,
}

impl Shared {
    fn passes(&self, connection: u64) -> bool {
        !self.dark.load(Ordering::Relaxed) && connection >= self.stranded.load(Ordering::Relaxed)
    }
}

/// A path; it ends when it is let go.
pub(crate) struct Path {
    /// Where it is entered.
    pub(crate) port: u16,
    shared: Arc<Shared>,
    pump: JoinHandle<()>,
}

impl Path {
    /// One for datagrams, to a port of loopback, with a delay each way.
    pub(crate) async fn udp(to: u16, delay: Duration) -> Outcome<Self> {
        let near = Arc::new(UdpSocket::bind("127.0.0.1:0").await?);
        let far = Arc::new(UdpSocket::bind("127.0.0.1:0").await?);
        far.connect(("127.0.0.1", to)).await?;
        let (port, shared) = (near.local_addr()?.port(), Arc::<Shared>::default());
        let (caller, called) = watch::channel(None);
        let (there, back) = (Arc::clone(&shared), Arc::clone(&shared));
        let pump = tokio::spawn(async move {
            let forth = datagrams(Arc::clone(&near), there, delay, {
                let far = Arc::clone(&far);
                async move |bytes: &[u8], from| {
                    let _ = caller.send(Some(from));
                    let _ = far.send(bytes).await;
                }
            });
            let back = datagrams(Arc::clone(&far), back, delay, async move |bytes: &[u8], _| {
                let to = *called.borrow();
                if let Some(to) = to {
                    let _ = near.send_to(bytes, to).await;
                }
            });
            tokio::join!(forth, back);
        });
        Ok(Self { port, shared, pump })
    }

    /// One for streams.
    pub(crate) async fn tcp(to: u16, delay: Duration) -> Outcome<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let (port, shared) = (listener.local_addr()?.port(), Arc::<Shared>::default());
        let of = Arc::clone(&shared);
        let pump = tokio::spawn(async move {
            let mut connections = tokio::task::JoinSet::new();
            while let Ok((near, _)) = listener.accept().await {
                let Ok(far) = TcpStream::connect(("127.0.0.1", to)).await else { continue };
                let _ = (near.set_nodelay(true), far.set_nodelay(true));
                let number = of.made.fetch_add(1, Ordering::Relaxed);
                let ((near_reads, near_writes), (far_reads, far_writes)) =
                    (near.into_split(), far.into_split());
                connections.spawn(stream(near_reads, far_writes, Arc::clone(&of), number, delay));
                connections.spawn(stream(far_reads, near_writes, Arc::clone(&of), number, delay));
            }
        });
        Ok(Self { port, shared, pump })
    }

    /// From now on it swallows everything, or passes everything.
    pub(crate) fn goes_dark(&self, dark: bool) {
        self.shared.dark.store(dark, Ordering::Relaxed);
    }

    /// Connections that are there pass nothing any more, and are not told; those that come do.
    pub(crate) fn strands(&self) {
        self.shared.stranded.store(self.shared.made.load(Ordering::Relaxed), Ordering::Relaxed);
    }
}

impl Drop for Path {
    fn drop(&mut self) {
        self.pump.abort();
    }
}

/// Carries datagrams one way, in order.
async fn datagrams(
    from: Arc<UdpSocket>,
    shared: Arc<Shared>,
    delay: Duration,
    mut pass: impl AsyncFnMut(&[u8], SocketAddr),
) {
    let (enter, mut leave) = mpsc::channel::<(Instant, Vec<u8>, SocketAddr)>(UNDER_WAY);
    let entering = async move {
        let mut piece = vec![0; PIECE];
        loop {
            // A program that is not there is told of as an error; the path stays.
            let Ok((length, sender)) = from.recv_from(&mut piece).await else { continue };
            let bytes = piece.get(..length).unwrap_or_default().to_vec();
            if shared.passes(0) && enter.send((Instant::now() + delay, bytes, sender)).await.is_err() {
                return;
            }
        }
    };
    let leaving = async move {
        while let Some((due, bytes, sender)) = leave.recv().await {
            sleep_until(due).await;
            pass(&bytes, sender).await;
        }
    };
    tokio::join!(entering, leaving);
}

/// Carries a stream one way.
async fn stream(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    shared: Arc<Shared>,
    connection: u64,
    delay: Duration,
) {
    let (enter, mut leave) = mpsc::channel::<(Instant, Vec<u8>)>(UNDER_WAY);
    let entering = async move {
        let mut piece = vec![0; PIECE];
        while let Ok(length @ 1..) = from.read(&mut piece).await {
            let bytes = piece.get(..length).unwrap_or_default().to_vec();
            if shared.passes(connection) && enter.send((Instant::now() + delay, bytes)).await.is_err() {
                return;
            }
        }
    };
    let leaving = async move {
        while let Some((due, bytes)) = leave.recv().await {
            sleep_until(due).await;
            if to.write_all(&bytes).await.is_err() {
                return;
            }
        }
        let _ = to.shutdown().await;
    };
    tokio::join!(entering, leaving);
}
