//! Relays: what lies between two stations of a replay, so that their circuit can be cut and healed.
//!
//! A relay carries UDP datagrams from one station to another and back, on loopback. Cut, it drops all of them,
//! as a severed cable does; neither station is told.

use std::collections::HashMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::net::UdpSocket;
use tokio::sync::watch;
use tokio::task::JoinSet;

/// Largest datagram.
const MAX_DATAGRAM: usize = 65_535;
/// Most senders that one relay carries for; a replay has one for each.
const MAX_SENDERS: usize = 16;

/// One relay; dropping it ends it.
#[derive(Debug)]
pub(crate) struct Relay {
    /// Where to send what it carries.
    pub(crate) address: SocketAddr,
    way: Way,
    _task: JoinSet<()>,
}

/// Whether datagrams get through, and how many did not.
#[derive(Debug, Clone)]
struct Way {
    carries: Arc<AtomicBool>,
    dropped: watch::Sender<u64>,
}

impl Way {
    async fn pass(&self, socket: &UdpSocket, datagram: Option<&[u8]>, to: SocketAddr) {
        match datagram {
            Some(datagram) if self.carries.load(Ordering::Relaxed) => {
                let _ = socket.send_to(datagram, to).await;
            }
            _ => self.dropped.send_modify(|count| *count += 1),
        }
    }
}

impl Relay {
    /// A relay to an address.
    ///
    /// # Errors
    /// When loopback gives no socket.
    pub(crate) async fn to(target: SocketAddr) -> io::Result<Self> {
        let front = Arc::new(UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await?);
        let address = front.local_addr()?;
        let way = Way { carries: Arc::new(AtomicBool::new(true)), dropped: watch::Sender::new(0) };
        let mut task = JoinSet::new();
        task.spawn(forward(front, target, way.clone()));
        Ok(Self { address, way, _task: task })
    }

    /// Cuts it, or heals it.
    pub(crate) fn carry(&self, carries: bool) {
        self.way.carries.store(carries, Ordering::Relaxed);
    }
}

async fn forward(front: Arc<UdpSocket>, target: SocketAddr, way: Way) {
    let mut backs: HashMap<SocketAddr, Arc<UdpSocket>> = HashMap::new();
    let mut answers = JoinSet::new();
    let mut datagram = vec![0; MAX_DATAGRAM];
    loop {
        // A datagram to a killed station comes back as an error of the socket; the relay outlives it.
        let Ok((length, sender)) = front.recv_from(&mut datagram).await else { continue };
        let back = match backs.get(&sender) {
            Some(back) => Arc::clone(back),
            None if backs.len() < MAX_SENDERS => {
                let Ok(back) = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await else { continue };
                let back = Arc::new(back);
                backs.insert(sender, Arc::clone(&back));
                answers.spawn(answer(Arc::clone(&front), Arc::clone(&back), sender, way.clone()));
                back
            }
            None => continue,
        };
        way.pass(&back, datagram.get(..length), target).await;
    }
}

async fn answer(front: Arc<UdpSocket>, back: Arc<UdpSocket>, sender: SocketAddr, way: Way) {
    let mut datagram = vec![0; MAX_DATAGRAM];
    loop {
        let Ok((length, _)) = back.recv_from(&mut datagram).await else { continue };
        way.pass(&front, datagram.get(..length), sender).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_sent_arrives_both_ways_until_it_is_cut_and_again_once_healed() {
        let station = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let relay = Relay::to(station.local_addr().unwrap()).await.unwrap();
        let other = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let mut datagram = [0; 16];
        other.send_to(b"there", relay.address).await.unwrap();
        let (length, from) = station.recv_from(&mut datagram).await.unwrap();
        assert_eq!(&datagram[..length], b"there");
        station.send_to(b"back", from).await.unwrap();
        let (length, _) = other.recv_from(&mut datagram).await.unwrap();
        assert_eq!(&datagram[..length], b"back");
        relay.carry(false);
        station.send_to(b"lost", from).await.unwrap();
        other.send_to(b"lost", relay.address).await.unwrap();
        relay.way.dropped.subscribe().wait_for(|dropped| *dropped == 2).await.unwrap();
        relay.carry(true);
        other.send_to(b"again", relay.address).await.unwrap();
        let (length, _) = station.recv_from(&mut datagram).await.unwrap();
        assert_eq!(&datagram[..length], b"again");
    }
}
