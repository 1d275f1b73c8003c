//! What stands between two stations in these tests: a small HTTP proxy, and a dialer of another version.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::stranger::{Manners, secure_tcp};
use crate::tcp::{LINE, USA};

/// A proxy that answers CONNECT with one status; with 200 it leads to where it was asked, after the bytes it says first.
pub(crate) struct HttpProxy {
    pub(crate) address: SocketAddr,
    /// The head of the last request.
    pub(crate) asked: Arc<Mutex<String>>,
}

impl HttpProxy {
    pub(crate) async fn start(status: u16, first: &'static [u8]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (address, asked) = (listener.local_addr().unwrap(), Arc::<Mutex<String>>::default());
        let told = Arc::clone(&asked);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, status, first, Arc::clone(&told)));
            }
        });
        Self { address, asked }
    }
}

async fn serve(mut near: TcpStream, status: u16, first: &[u8], asked: Arc<Mutex<String>>) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let Ok(byte) = near.read_u8().await else { return };
        head.push(byte);
    }
    let head = String::from_utf8(head).unwrap();
    let to = head.split(' ').nth(1).unwrap_or_default().to_owned();
    *asked.lock().unwrap() = head;
    if status == 0 {
        let _ = near.write_all(b"what?\r\n\r\n").await;
        return;
    }
    let mut answer = format!("HTTP/1.1 {status} so\r\n\r\n").into_bytes();
    answer.extend_from_slice(first);
    near.write_all(&answer).await.unwrap();
    if let (200, b"", Ok(mut far)) = (status, first, TcpStream::connect(to).await) {
        let _ = tokio::io::copy_bidirectional(&mut near, &mut far).await;
    }
}

/// USA dials, and says version 2.
pub(crate) async fn strange_version(
    to: SocketAddr,
) -> (impl tokio::io::AsyncWrite + Unpin, impl tokio::io::AsyncRead + Unpin) {
    let stream = TcpStream::connect(to).await.unwrap();
    let name = detente_station::circuit::server_name(&LINE, 0);
    let stream = secure_tcp(&Manners::of_station(USA), &name, stream).await;
    let (from, mut to) = tokio::io::split(stream);
    to.write_all(&[2]).await.unwrap();
    (to, from)
}
