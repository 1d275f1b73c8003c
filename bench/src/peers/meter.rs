//! Counts what passes between a client and a server, as a byte counter on the wire between them would.
//!
//! The peers run without TLS here. For those that need it what TLS 1.3 would add once it stands is known: each write becomes a record, with five bytes in
//! front and seventeen behind (RFC 8446 §5.2). IP and TCP, which a line without them does not carry, are left out.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::Outcome;

/// What a record of TLS 1.3 has beside what is said in it: its header, the type of its content, the seal's tag.
const OF_A_RECORD: u64 = 5 + 1 + 16;

/// A way to a server that counts.
pub(super) struct Meter {
    pub(super) port: u16,
    bytes: Arc<AtomicU64>,
}

async fn pass(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    (bytes, beside): (Arc<AtomicU64>, u64),
) {
    let mut held = [0; 16_384];
    while let Ok(read) = from.read(&mut held).await
        && read > 0
    {
        bytes.fetch_add(read as u64 + beside, Ordering::Relaxed);
        if to.write_all(held.get(..read).unwrap_or_default()).await.is_err() {
            return;
        }
    }
}

impl Meter {
    /// In front of a server's port.
    pub(super) async fn before(server: u16) -> Outcome<Self> {
        Self::with(server, OF_A_RECORD).await
    }

    /// In front of that of a server which would run without TLS too.
    pub(super) async fn plain(server: u16) -> Outcome<Self> {
        Self::with(server, 0).await
    }

    async fn with(server: u16, beside: u64) -> Outcome<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let (port, bytes) = (listener.local_addr()?.port(), Arc::<AtomicU64>::default());
        let counted = Arc::clone(&bytes);
        tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                let Ok(far) = TcpStream::connect(("127.0.0.1", server)).await else { return };
                let _ = (near.set_nodelay(true), far.set_nodelay(true));
                let (near_in, near_out) = near.into_split();
                let (far_in, far_out) = far.into_split();
                tokio::spawn(pass(near_in, far_out, (Arc::clone(&counted), beside)));
                tokio::spawn(pass(far_in, near_out, (Arc::clone(&counted), beside)));
            }
        });
        Ok(Self { port, bytes })
    }

    /// Bytes both ways so far, with those of TLS where there would be some.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }
}
