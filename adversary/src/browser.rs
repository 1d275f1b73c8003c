//! A client of the console that says what it likes: HTTP byte by byte, over TLS.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use detente_station::Home;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::version::TLS13;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use crate::{Outcome, connect};

/// Longest wait for an answer.
const PATIENCE: Duration = Duration::from_secs(15);

/// What a console answers.
#[derive(Debug, Clone)]
pub struct Said {
    /// The status; 0 where the connection ended without one.
    pub status: u16,
    /// The lines before the body, in small letters.
    pub head: String,
    /// The body.
    pub body: String,
}

impl Said {
    /// The name of a refusal; empty where it is none.
    pub fn error(&self) -> String {
        let body: serde_json::Value = serde_json::from_str(&self.body).unwrap_or_default();
        body["error"].as_str().unwrap_or_default().to_owned()
    }

    /// Whether a header is there.
    pub fn has(&self, header: &str) -> bool {
        self.head.lines().any(|line| line.split_once(':').is_some_and(|(name, _)| name == header))
    }
}

/// The client.
#[derive(Clone)]
pub struct Browser {
    connector: TlsConnector,
    console: SocketAddr,
}

impl Browser {
    /// One that trusts the console's own certificate.
    ///
    /// # Errors
    /// If that cannot be read.
    pub fn of(home: &Home, console: SocketAddr) -> Outcome<Self> {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(home.console_certificate())?)?;
        let rules = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_protocol_versions(&[&TLS13])?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self { connector: TlsConnector::from(Arc::new(rules)), console })
    }

    /// The console's authority: `localhost:4880`.
    pub fn authority(&self) -> String {
        format!("localhost:{}", self.console.port())
    }

    /// Its origin.
    pub fn origin(&self) -> String {
        format!("https://{}", self.authority())
    }

    /// A connection from an address, after the handshake.
    ///
    /// # Errors
    /// If it does not come about.
    pub async fn open(&self, from: IpAddr) -> Outcome<TlsStream<TcpStream>> {
        let name = ServerName::try_from("localhost")?;
        let opening = async { self.connector.connect(name, connect(from, self.console).await?).await };
        Ok(tokio::time::timeout(PATIENCE, opening).await.map_err(|_| "no handshake in time")??)
    }

    /// Says bytes, and reads what comes back until the other side ends.
    ///
    /// # Errors
    /// If nothing ends in time.
    pub async fn say(&self, from: IpAddr, bytes: &[u8]) -> Outcome<Said> {
        let mut stream = self.open(from).await?;
        let exchange = async {
            // A station may answer, and close, before it has read all of it.
            let _ = stream.write_all(bytes).await;
            let mut answer = Vec::new();
            let mut part = [0; 16_384];
            // Whoever ends a connection without a word has still said what came before.
            while let Ok(read) = stream.read(&mut part).await {
                let Some(some) = part.get(..read).filter(|some| !some.is_empty()) else { break };
                answer.extend_from_slice(some);
                if answer.len() > 8 << 20 {
                    break;
                }
            }
            answer
        };
        let answer = tokio::time::timeout(PATIENCE, exchange).await.map_err(|_| "no answer in time")?;
        let text = String::from_utf8_lossy(&answer);
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or_default();
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_default();
        Ok(Said { status, head: head.to_ascii_lowercase(), body: body.to_owned() })
    }

    /// A request of these headers, each with its end of line; `Host` is the console's own unless they name one.
    pub fn request(&self, call: &str, headers: &str, body: &str) -> Vec<u8> {
        let host = if headers.to_ascii_lowercase().starts_with("host:") {
            String::new()
        } else {
            format!("host: {}\r\n", self.authority())
        };
        let length =
            if body.is_empty() { String::new() } else { format!("content-length: {}\r\n", body.len()) };
        format!("{call} HTTP/1.1\r\n{headers}{host}{length}connection: close\r\n\r\n{body}").into_bytes()
    }

    /// Asks.
    ///
    /// # Errors
    /// As [`Browser::say`].
    pub async fn ask(&self, from: IpAddr, call: &str, headers: &str, body: &str) -> Outcome<Said> {
        self.say(from, &self.request(call, headers, body)).await
    }
}

impl std::fmt::Debug for Browser {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Browser").field("console", &self.console).finish_non_exhaustive()
    }
}
