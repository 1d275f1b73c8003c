//! The smallest client of a station's socket (spec/api.md): one kept connection, one request at a time.

use std::path::Path;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::UnixStream;

use crate::Outcome;

/// Where the line of a measurement is.
pub(crate) const LINE: &str = "/v1/lines/bench";

/// A connection to a station.
pub(crate) struct Connection {
    stream: BufReader<UnixStream>,
    request: Vec<u8>,
    head: Vec<u8>,
    body: Vec<u8>,
}

impl Connection {
    /// Connects to a station's socket.
    pub(crate) async fn open(socket: &Path) -> Outcome<Self> {
        let stream = BufReader::new(UnixStream::connect(socket).await?);
        Ok(Self { stream, request: Vec::new(), head: Vec::new(), body: Vec::new() })
    }

    /// Asks, and gives the body of the answer.
    ///
    /// # Errors
    /// For any answer but 200.
    pub(crate) async fn ask(&mut self, method: &str, path: &str, body: &str) -> Outcome<&[u8]> {
        self.request.clear();
        let length = body.len();
        let head = format!(
            "{method} {path} HTTP/1.1\r\nhost: station\r\ncontent-type: application/json\r\n\
             content-length: {length}\r\n\r\n"
        );
        self.request.extend_from_slice(head.as_bytes());
        self.request.extend_from_slice(body.as_bytes());
        self.stream.write_all(&self.request).await?;
        self.stream.flush().await?;
        let (mut ok, mut length) = (false, 0);
        for line in 0.. {
            self.head.clear();
            self.stream.read_until(b'\n', &mut self.head).await?;
            let text = std::str::from_utf8(&self.head)?.trim_end();
            if line == 0 {
                ok = text.starts_with("HTTP/1.1 200");
            } else if text.is_empty() {
                break;
            } else if let Some((name, value)) = text.split_once(':')
                && name.eq_ignore_ascii_case("content-length")
            {
                length = value.trim().parse()?;
            }
        }
        self.body.resize(length, 0);
        self.stream.read_exact(&mut self.body).await?;
        if ok { Ok(&self.body) } else { Err(String::from_utf8_lossy(&self.body).into_owned().into()) }
    }

    /// Asks for something to read.
    pub(crate) async fn read(&mut self, path: &str) -> Outcome<Value> {
        Ok(serde_json::from_slice(self.ask("GET", path, "").await?)?)
    }

    /// Writes an entry, and returns once it is receipted by the one other party.
    pub(crate) async fn receipted(&mut self, draft: &str) -> Outcome<()> {
        let path = format!("{LINE}/entries?until=receipted&timeout_ms=60000");
        let answer = self.ask("POST", &path, draft).await?;
        let answer: Value = serde_json::from_slice(answer)?;
        match answer.get("receipted_by").and_then(Value::as_array) {
            Some(by) if by.len() == 1 => Ok(()),
            _ => Err(format!("a message was not receipted within a minute: {answer}").into()),
        }
    }

    /// Writes an entry, and returns once it is durable here.
    pub(crate) async fn durable(&mut self, draft: &str) -> Outcome<()> {
        self.ask("POST", &format!("{LINE}/entries"), draft).await.map(|_| ())
    }
}

/// A message of 200 bytes.
pub(crate) fn draft(precedence: char) -> String {
    let text = "Aircraft of ours will pass over the river from the east. ".repeat(4);
    let text = text.get(..200).unwrap_or(&text);
    format!("{{\"kind\":\"message\",\"precedence\":\"{precedence}\",\"text\":\"{text}\"}}")
}
