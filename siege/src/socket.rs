//! The smallest client of a station's socket (spec/api.md): one request, one answer, and then it is closed.

use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use serde_json::Value;

use crate::Outcome;

/// Longest wait for an answer: a station may be paused.
const PATIENCE: Duration = Duration::from_secs(40);

/// Asks, and gives the answer.
///
/// # Errors
/// If there is no station, no answer, or another one than 200.
pub(crate) fn ask(socket: &Path, method: &str, path: &str, body: &str) -> Outcome<Value> {
    let mut stream = UnixStream::connect(socket)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let length = body.len();
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nhost: station\r\nconnection: close\r\ncontent-type: application/json\r\n\
         content-length: {length}\r\n\r\n{body}"
    )?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    let text = String::from_utf8_lossy(&answer);
    let (head, body) = text.split_once("\r\n\r\n").ok_or("half an answer")?;
    if !head.starts_with("HTTP/1.1 200") {
        return Err(format!("{}: {body}", head.lines().next().unwrap_or_default()).into());
    }
    Ok(serde_json::from_str(body)?)
}
