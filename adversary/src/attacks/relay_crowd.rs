//! A relay that strangers crowd, and boxes that they fill.
//!
//! **Who:** somebody on the network who reaches a relay. **Has:** one address. **Tries:** waits there with tokens of its own, as often as
//! it can; says nothing at all; asks for boxes with files that are longer than any; for keys that it does not have. **Must hold:**
//! two stations from elsewhere still meet and their bytes pass; nothing of anybody's box is given; no room is taken for what cannot be.

use std::fs;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::USUAL;
use crate::process::Process;
use crate::scene::free_port;
use crate::{Attack, Figures, Made, Outcome, Scene, connect, elsewhere, figures, objection};

/// How many callers the relay takes here, and of one address, in the proportion that it has by itself.
const CALLERS: usize = 240;
const OF_ONE_ADDRESS: usize = 20;
/// Longest wait for the relay.
const PATIENCE: Duration = Duration::from_secs(5);

/// The attack.
pub(super) const ATTACK: Attack = Attack {
    name: "relay-crowd",
    tries: "somebody takes the places of a relay, and has it make room for files that cannot be",
    bounds: USUAL,
    make: |scene| Box::pin(crowd(scene)) as Made<'_>,
};

fn greeting(own: u8, wanted: u8) -> Vec<u8> {
    [b"detente relay 1\n".as_slice(), &[own; 16], &[wanted; 16]].concat()
}

async fn crowd(scene: &Scene) -> Outcome<Figures> {
    let at = SocketAddr::from((Ipv4Addr::LOCALHOST, free_port()?));
    let keeps = scene.folder.join("boxes");
    let (listen, callers, of_one) = (at.to_string(), CALLERS.to_string(), OF_ONE_ADDRESS.to_string());
    let keep = keeps.display().to_string();
    let arguments = [
        "relay",
        "serve",
        "--listen",
        &listen,
        "--most",
        &callers,
        "--most-of-one-address",
        &of_one,
        "--keep",
        &keep,
    ];
    let mut relay = Process::start(&scene.program, scene.folder.join("relay.log"), &arguments)?;
    relay.until(async || TcpStream::connect(at).await.is_ok()).await?;
    let before = relay.vitals()?;
    let mut held = Vec::new();
    for number in 0..2 * CALLERS {
        let mut caller = connect(elsewhere(), at).await?;
        let own = u8::try_from(number % 200).unwrap_or_default();
        if number % 2 == 0 {
            caller.write_all(&greeting(own, 201)).await?;
        }
        held.push(caller);
    }
    // Two who are honest, and who each call from elsewhere.
    let mut pair = Vec::new();
    for (own, wanted) in [(250, 251), (251, 250)] {
        let mut caller = connect(IpAddr::V4(Ipv4Addr::LOCALHOST), at).await?;
        caller.write_all(&greeting(own, wanted)).await?;
        pair.push(caller);
    }
    let [mut one, mut other] = <[TcpStream; 2]>::try_from(pair).map_err(|_| "two call")?;
    let passes = async {
        // Mark 0 as long as the other is not there, then mark 1.
        while one.read_u8().await? != 1 {}
        while other.read_u8().await? != 1 {}
        one.write_all(b"through").await?;
        let mut read = [0; 7];
        other.read_exact(&mut read).await?;
        Ok::<_, std::io::Error>(read)
    };
    match tokio::time::timeout(PATIENCE, passes).await {
        Ok(Ok(read)) if read == *b"through" => {}
        found => return objection("two stations that meet in the crowd", format!("{found:?}")),
    }
    let after = relay.vitals()?;
    drop(held);
    let refused = boxes(at).await?;
    let kept = fs::read_dir(&keeps)?.count();
    if kept > 0 {
        return objection("nothing kept of files that cannot be", format!("{kept} boxes"));
    }
    Ok(figures([
        ("callers", json!(2 * CALLERS)),
        ("descriptors_more", json!(after.descriptors - before.descriptors)),
        ("memory_more_kib", json!(after.memory_kib.saturating_sub(before.memory_kib))),
        ("box_calls_refused", json!(refused)),
    ]))
}

/// Calls for boxes that get nothing: how many.
async fn boxes(at: SocketAddr) -> Outcome<usize> {
    let leave = |length: u64, header: &[u8]| {
        [b"detente boxes 1\n\x01".as_slice(), &[9; 16], &length.to_be_bytes(), header].concat()
    };
    let take = [b"detente boxes 1\n\x02".as_slice(), &[0x5a; 1_216]].concat();
    let calls = [
        leave(u64::MAX, &[0xff; 1_154]),
        leave(1, &[0; 1_154]),
        leave(1 << 40, b"detente courier 1\n".repeat(65).get(..1_154).unwrap_or_default()),
        take,
        b"detente boxes 1\n\x07".to_vec(),
    ];
    let mut refused = 0;
    for call in &calls {
        let mut caller = connect(elsewhere(), at).await?;
        caller.write_all(call).await?;
        caller.shutdown().await?;
        let mut answer = Vec::new();
        let _ = tokio::time::timeout(PATIENCE, caller.read_to_end(&mut answer))
            .await
            .map_err(|_| "a call without an end")?;
        // Nothing, that there is no room (2), or a question that only the key's holder can answer.
        if !matches!(answer.len(), 0 | 1_168) && answer != [2] {
            return objection("nothing out of a box", format!("{} bytes", answer.len()));
        }
        refused += 1;
    }
    Ok(refused)
}
