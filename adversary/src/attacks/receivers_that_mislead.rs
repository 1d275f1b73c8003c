//! Receivers of webhooks that answer with more, and with another place.
//!
//! **Who:** whoever runs the web server that a webhook names. **Tries:** redirects deliveries to an address that only the station reaches
//! (SSRF), answers with heads and bodies without end, or with nothing. **Must hold:** nobody is called but the receiver itself, what is read of an
//! answer is bounded, and the line waits for none of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use detente_station::home;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::USUAL;
use crate::{Attack, Figures, Made, Outcome, Scene, elsewhere, figures, objection};

/// How many deliveries are misled, each in its way.
const WAYS: usize = 3;
/// Longest wait for them: a delivery is tried again after 1, 2 and 4 s.
const PATIENCE: Duration = Duration::from_secs(20);
/// How much a receiver says of what does not end.
const ENDLESS: usize = 256 << 20;

/// The attack.
pub(super) const ATTACK: Attack = Attack {
    name: "receivers-that-mislead",
    tries: "a webhook's receiver redirects to where only the station gets, or answers without end",
    bounds: USUAL,
    make: |scene| Box::pin(mislead(scene)) as Made<'_>,
};

async fn mislead(scene: &Scene) -> Outcome<Figures> {
    let inner = TcpListener::bind((elsewhere(), 0)).await?;
    let receiver = TcpListener::bind((elsewhere(), 0)).await?;
    let config = home::read(&scene.home.config())?;
    let webhook = format!(
        "[[webhook]]\nname = \"misled\"\nurl = \"http://{}/\"\non = [\"entry\"]\n",
        receiver.local_addr()?
    );
    home::write(&scene.home.config(), &format!("{config}\n{webhook}"), 0o600, true)?;
    scene.victim().hang_up()?;
    let (answered, said) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let to = inner.local_addr()?;
    let receives = {
        let (answered, said) = (Arc::clone(&answered), Arc::clone(&said));
        async move {
            while let Ok((stream, _)) = receiver.accept().await {
                let way = answered.fetch_add(1, Ordering::Relaxed);
                let redirect = format!(
                    "HTTP/1.1 307 Temporary Redirect\r\nlocation: http://{to}/latest/meta-data/\r\ncontent-length: 0\r\n\r\n"
                );
                let (answered, said) = (Arc::clone(&answered), Arc::clone(&said));
                tokio::spawn(async move {
                    let taken = answer(stream, way, &redirect).await.unwrap_or_default();
                    said.fetch_add(taken, Ordering::Relaxed);
                    drop(answered);
                });
            }
        }
    };
    let (since, mut calls) = (Instant::now(), 0);
    let watches = async {
        while answered.load(Ordering::Relaxed) < WAYS && since.elapsed() < PATIENCE {
            tokio::select! {
                _ = inner.accept() => calls += 1,
                () = tokio::time::sleep(Duration::from_millis(100)) => {}
            }
        }
        // What the last answer leads to.
        if tokio::time::timeout(Duration::from_millis(500), inner.accept()).await.is_ok() {
            calls += 1;
        }
    };
    tokio::select! {
        () = receives => {}
        () = watches => {}
    }
    home::write(&scene.home.config(), &config, 0o600, true)?;
    scene.victim().hang_up()?;
    let answered = answered.load(Ordering::Relaxed);
    if answered < WAYS {
        return objection(&format!("{WAYS} deliveries"), answered);
    }
    if calls > 0 {
        return objection("nobody called but the receiver", format!("{calls} calls elsewhere"));
    }
    let read = said.load(Ordering::Relaxed);
    if read > 16 << 20 {
        return objection("an answer without end that is not read", format!("{read} bytes taken"));
    }
    Ok(figures([
        ("deliveries", json!(answered)),
        ("calls_elsewhere", json!(calls)),
        ("bytes_taken", json!(read)),
    ]))
}

/// Answers a delivery; how many bytes were taken of it.
async fn answer(mut stream: TcpStream, way: usize, redirect: &str) -> Outcome<usize> {
    let mut request = [0; 16_384];
    let _ = stream.read(&mut request).await?;
    let (begins, goes_on) = match way % WAYS {
        0 => (redirect.to_owned(), None),
        1 => (format!("HTTP/1.1 200 OK\r\ncontent-length: {ENDLESS}\r\n\r\n"), Some(vec![b'x'; 65_536])),
        _ => {
            ("HTTP/1.1 200 OK\r\n".to_owned(), Some(b"x-more: and more and more and more\r\n".repeat(1_024)))
        }
    };
    stream.write_all(begins.as_bytes()).await?;
    let mut taken = begins.len();
    if let Some(part) = goes_on {
        while taken < ENDLESS {
            match tokio::time::timeout(Duration::from_secs(2), stream.write(&part)).await {
                Ok(Ok(bytes)) if bytes > 0 => taken += bytes,
                _ => break,
            }
        }
    }
    Ok(taken)
}
