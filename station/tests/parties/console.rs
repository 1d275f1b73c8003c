//! A program elsewhere, which asks a station's console over HTTPS, with what headers it likes.

use std::net::TcpListener;
use std::sync::Arc;

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::version::TLS13;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use super::{PATIENCE, Party, Station};

/// Gives a party's station a console at a port of its own; gives the port.
pub(crate) fn with_console(party: &Party) -> u16 {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    party.configure(&format!("{}[console]\nlisten = \"127.0.0.1:{port}\"\n", party.config()));
    port
}

/// What a console answers: status, head and body.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Value,
}

impl Said {
    /// The name of a refusal, which has the form of all of them.
    pub(crate) fn error(&self) -> &str {
        super::assert_refusal(self.status, &self.body);
        self.body["error"].as_str().unwrap_or_default()
    }
}

/// A program that trusts the console's own certificate.
pub(crate) struct Program {
    port: u16,
    connector: TlsConnector,
    /// Headers of every request, each with its end of line.
    pub(crate) headers: String,
}

impl Program {
    /// One without a token.
    pub(crate) fn of(station: &Station, port: u16) -> Self {
        let mut roots = RootCertStore::empty();
        let certificate = CertificateDer::from_pem_file(station.home.console_certificate()).unwrap();
        roots.add(certificate).unwrap();
        let rules = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_protocol_versions(&[&TLS13])
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        Self { port, connector: TlsConnector::from(Arc::new(rules)), headers: String::new() }
    }

    /// The same program with other headers.
    pub(crate) fn with(&self, headers: &str) -> Self {
        Self { port: self.port, connector: self.connector.clone(), headers: headers.to_owned() }
    }

    /// The same program with a token.
    pub(crate) fn bearing(&self, secret: &str) -> Self {
        self.with(&format!("authorization: Bearer {secret}\r\n"))
    }

    async fn open(&self, request: &str) -> TlsStream<TcpStream> {
        let stream = TcpStream::connect(("127.0.0.1", self.port)).await.unwrap();
        let name = ServerName::try_from("localhost").unwrap();
        let mut stream = self.connector.connect(name, stream).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        stream
    }

    fn request(&self, version: &str, call: &str, more: &str, body: &str) -> String {
        let host = if more.starts_with("host:") {
            String::new()
        } else {
            format!("host: localhost:{}\r\n", self.port)
        };
        format!(
            "{call} {version}\r\n{host}{}{more}content-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
            self.headers,
            body.len()
        )
    }

    /// Asks, as in `GET /v1/station`, with more headers.
    pub(crate) async fn ask_with(&self, call: &str, more: &str, body: &Value) -> Said {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let exchange = async {
            let mut stream = self.open(&self.request("HTTP/1.1", call, more, &body)).await;
            let mut bytes = Vec::new();
            // Whoever ends a connection without a word has still said what came before.
            let _ = stream.read_to_end(&mut bytes).await;
            String::from_utf8(bytes).unwrap()
        };
        let text = tokio::time::timeout(PATIENCE, exchange).await.expect("an answer in time");
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or_default();
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
        Said {
            status: status.unwrap_or_else(|| panic!("{call}: {text:?}")),
            head: head.to_ascii_lowercase(),
            body: serde_json::from_str(body).unwrap_or_default(),
        }
    }

    /// Asks.
    pub(crate) async fn ask(&self, call: &str, body: Value) -> Said {
        self.ask_with(call, "", &body).await
    }

    /// Asks for what can be read.
    pub(crate) async fn get(&self, path: &str) -> Said {
        self.ask(&format!("GET {path}"), json!(null)).await
    }

    /// Follows a stream of events.
    pub(crate) async fn follow(&self, path: &str, more: &str) -> Followed {
        let stream = self.open(&self.request("HTTP/1.0", &format!("GET {path}"), more, "")).await;
        let mut lines = BufReader::new(stream).lines();
        while !lines.next_line().await.unwrap().unwrap().is_empty() {}
        Followed(lines)
    }
}

/// A stream of events that a program reads.
pub(crate) struct Followed(Lines<BufReader<TlsStream<TcpStream>>>);

impl Followed {
    /// The next event, by number and name; nothing where the stream has ended.
    pub(crate) async fn next(&mut self) -> Option<(Option<u64>, String, Value)> {
        let read = async {
            let (mut id, mut name, mut data) = (None, String::new(), Value::Null);
            loop {
                let line = self.0.next_line().await.ok().flatten()?;
                match line.split_once(':') {
                    None if !name.is_empty() => return Some((id, name, data)),
                    Some(("id", value)) => id = value.trim().parse().ok(),
                    Some(("event", value)) => name = value.trim().to_owned(),
                    Some(("data", value)) => data = serde_json::from_str(value.trim()).unwrap(),
                    _ => {}
                }
            }
        };
        tokio::time::timeout(PATIENCE, read).await.expect("an event, or the end, in time")
    }

    /// Reads until an entry of this name has come.
    pub(crate) async fn until_entry(&mut self, entry: &str) -> u64 {
        loop {
            let (id, name, data) = self.next().await.expect("a stream that goes on");
            if name == "entry" && data["entry"] == entry {
                return id.unwrap();
            }
        }
    }
}
