//! Callers of a relay, and of the boxes that it keeps (spec/circuits.md §7).
//!
//! One relay takes the callers of a whole run; [`end`] ends it, and its folder is gone.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpStream};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use detente_station::relay::{Bounds, BoxRoom, Boxes, Load, Relay};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

/// By when a relay has let go of callers that say nothing more.
const PATIENCE: Duration = Duration::from_secs(20);

struct Called {
    relay: Relay,
    address: SocketAddr,
    folder: PathBuf,
    runtime: Option<Runtime>,
}

impl Drop for Called {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_timeout(PATIENCE);
        }
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

static RELAY: Mutex<Option<Arc<Called>>> = Mutex::new(None);

/// Ends the relay, if one has begun.
pub(crate) fn end() {
    RELAY.lock().unwrap_or_else(PoisonError::into_inner).take();
}

fn begin() -> Called {
    let folder = std::env::temp_dir().join(format!("detente-fuzz-relay-{}", std::process::id()));
    let boxes = Boxes::open(&folder, BoxRoom { in_all: 1 << 20, ..BoxRoom::default() }).expect("boxes");
    let relay = Relay::new(Bounds::default()).keeping(boxes);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    let runtime = runtime.expect("threads");
    let listener =
        runtime.block_on(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))).expect("a port that is free");
    let address = listener.local_addr().expect("its address");
    let serving = relay.clone();
    runtime.spawn(async move { serving.serve(listener).await });
    Called { relay, address, folder, runtime: Some(runtime) }
}

/// Two callers say whatever they like: the relay answers or lets them go, and has nobody left.
///
/// The first byte says how many bytes the first one says, in sixteens; the other one says the rest.
///
/// # Panics
/// Where it does not.
pub fn relay(bytes: &[u8]) {
    let called = Arc::clone(
        RELAY.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert_with(|| Arc::new(begin())),
    );
    let Some((length, rest)) = bytes.split_first() else { return };
    let (one, other) = rest.split_at((usize::from(*length) * 16).min(rest.len()));
    let callers = [one, other].map(|says| {
        let mut stream = TcpStream::connect(called.address).expect("a relay that listens");
        stream.set_read_timeout(Some(PATIENCE)).expect("a time limit");
        // It may have let go of whoever says what is no greeting.
        let _ = stream.write_all(says);
        stream
    });
    for stream in &callers {
        let _ = stream.shutdown(Shutdown::Write);
    }
    for mut stream in callers {
        let mut answer = Vec::new();
        if let Err(cause) = stream.read_to_end(&mut answer) {
            let reset = cause.kind() == std::io::ErrorKind::ConnectionReset;
            assert!(reset, "a caller was neither answered nor let go: {cause}");
        }
    }
    let began = Instant::now();
    while called.relay.load() != Load::default() {
        assert!(began.elapsed() < PATIENCE, "{:?} and no callers", called.relay.load());
        std::thread::yield_now();
    }
}
