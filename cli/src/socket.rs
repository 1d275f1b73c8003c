//! The station's API over its Unix socket (spec/api.md).
//!
//! One call a connection. Every answer is bounded in size and in the time it may take; every way in which there
//! can be no answer has a message of its own. What [`Trouble`] a call had matters to two callers: one that wrote
//! must know whether the station may have taken it, one that follows must know whether to come back.

use std::error::Error;
use std::io;
use std::path::Path;
use std::time::Duration;

use detente_station::Home;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::{Body, Bytes, Incoming};
use hyper::client::conn::http1;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::UnixStream;

use crate::answer::Answer;
use crate::failure::Failure;
use crate::harmless;
use crate::time;

/// Largest answer that is read, in bytes.
const MAX_ANSWER: usize = 64 << 20;
/// Largest file that is fetched, in bytes.
const MAX_FILE: usize = detente_dossier::archive::MOST_BYTES;
/// How much of an answer that makes no sense is shown, in characters.
const SHOWN: usize = 60;

/// Why a call has no answer.
#[derive(Debug)]
pub(crate) enum Trouble {
    /// There is no station to ask: nothing was asked.
    NoStation(Failure),
    /// The station may have been asked, and did not answer.
    Lost(Failure),
    /// The station answered that it refuses, or what makes no sense.
    Answered(Failure),
}

impl From<Trouble> for Failure {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::NoStation(failure) | Trouble::Lost(failure) | Trouble::Answered(failure) => failure,
        }
    }
}

/// The API of the station of a folder.
#[derive(Debug, Clone)]
pub(crate) struct Socket {
    home: Home,
    patience: Duration,
}

impl Socket {
    /// The API of a folder's station, which has so long for each answer.
    pub(crate) fn new(home: &Home, patience: Duration) -> Self {
        Self { home: home.clone(), patience }
    }

    /// The same with more time for an answer.
    pub(crate) fn with_more(&self, more: Duration) -> Self {
        Self { home: self.home.clone(), patience: self.patience.saturating_add(more) }
    }

    /// Asks.
    ///
    /// # Errors
    /// Why there is no answer.
    pub(crate) async fn get(&self, path: &str) -> Result<Answer, Trouble> {
        self.call(Method::GET, path, nothing()).await
    }

    /// Commands.
    ///
    /// # Errors
    /// Why there is no answer.
    pub(crate) async fn post(&self, path: &str, body: &Value) -> Result<Answer, Trouble> {
        self.call(Method::POST, path, Full::new(Bytes::from(body.to_string()))).await
    }

    /// Hands a file over.
    ///
    /// # Errors
    /// Why there is no answer.
    pub(crate) async fn hand(&self, path: &str, file: Vec<u8>) -> Result<Answer, Trouble> {
        self.call(Method::POST, path, Full::new(Bytes::from(file))).await
    }

    /// Hands over what comes piece by piece.
    ///
    /// # Errors
    /// Why there is no answer.
    pub(crate) async fn bring<B>(&self, path: &str, body: B) -> Result<Answer, Trouble>
    where
        B: Body<Data = Bytes> + Send + 'static,
        B::Error: Into<Box<dyn Error + Send + Sync>>,
    {
        self.call(Method::PUT, path, body).await
    }

    /// Commands, where the answer is a file.
    ///
    /// # Errors
    /// Why there is no answer.
    pub(crate) async fn fetch(&self, path: &str, body: &Value) -> Result<Bytes, Trouble> {
        self.whole(Method::POST, path, Full::new(Bytes::from(body.to_string())), MAX_FILE)
            .await
            .map(|(_, bytes)| bytes)
    }

    /// Takes something out.
    ///
    /// # Errors
    /// Why there is no answer.
    pub(crate) async fn delete(&self, path: &str) -> Result<Answer, Trouble> {
        self.call(Method::DELETE, path, nothing()).await
    }

    /// Opens a stream, whose body is for the caller to read.
    ///
    /// # Errors
    /// Why there is none.
    pub(crate) async fn follow(&self, path: &str) -> Result<Incoming, Trouble> {
        let opening = async {
            let response = self.send(Method::GET, path, nothing()).await?;
            if response.status() == StatusCode::OK {
                return Ok(response.into_body());
            }
            let status = response.status();
            Err(match read(response, MAX_ANSWER).await {
                Ok(bytes) => Trouble::Answered(refusal(status, &bytes)),
                Err(trouble) => trouble,
            })
        };
        tokio::time::timeout(self.patience, opening).await.unwrap_or_else(|_| Err(self.late()))
    }

    /// Commands, where the answer is long: its body is for the caller to read, and so is a header.
    ///
    /// # Errors
    /// Why there is none.
    pub(crate) async fn draw(
        &self,
        path: &str,
        body: &Value,
        header: &str,
    ) -> Result<(Answer, Incoming), Trouble> {
        let opening = async {
            let response = self.send(Method::POST, path, Full::new(Bytes::from(body.to_string()))).await?;
            let status = response.status();
            if status.is_success() {
                let said =
                    response.headers().get(header).map(|said| said.as_bytes().to_vec()).unwrap_or_default();
                let answer =
                    Answer::read(&said).map_err(|_| Trouble::Answered(senseless("JSON", status, &said)))?;
                return Ok((answer, response.into_body()));
            }
            Err(match read(response, MAX_ANSWER).await {
                Ok(bytes) => Trouble::Answered(refusal(status, &bytes)),
                Err(trouble) => trouble,
            })
        };
        tokio::time::timeout(self.patience, opening).await.unwrap_or_else(|_| Err(self.late()))
    }

    async fn call<B>(&self, method: Method, path: &str, body: B) -> Result<Answer, Trouble>
    where
        B: Body<Data = Bytes> + Send + 'static,
        B::Error: Into<Box<dyn Error + Send + Sync>>,
    {
        let (status, bytes) = self.whole(method, path, body, MAX_ANSWER).await?;
        Answer::read(&bytes).map_err(|_| Trouble::Answered(senseless("JSON", status, &bytes)))
    }

    /// The whole body of an answer that is no refusal.
    async fn whole<B>(
        &self,
        method: Method,
        path: &str,
        body: B,
        most: usize,
    ) -> Result<(StatusCode, Bytes), Trouble>
    where
        B: Body<Data = Bytes> + Send + 'static,
        B::Error: Into<Box<dyn Error + Send + Sync>>,
    {
        let asking = async {
            let response = self.send(method, path, body).await?;
            let status = response.status();
            let bytes = read(response, most).await?;
            match status {
                status if status.is_success() => Ok((status, bytes)),
                _ => Err(Trouble::Answered(refusal(status, &bytes))),
            }
        };
        tokio::time::timeout(self.patience, asking).await.unwrap_or_else(|_| Err(self.late()))
    }

    async fn send<B>(&self, method: Method, path: &str, body: B) -> Result<Response<Incoming>, Trouble>
    where
        B: Body<Data = Bytes> + Send + 'static,
        B::Error: Into<Box<dyn Error + Send + Sync>>,
    {
        let socket = self.home.socket();
        let stream = UnixStream::connect(&socket).await;
        let stream = stream.map_err(|cause| Trouble::NoStation(absent(&self.home, &cause)))?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(|e| lost(&e))?;
        tokio::spawn(connection);
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", "station")
            .header("content-type", "application/json")
            .body(body);
        let request = request.map_err(|cause| {
            let (expected, hint) = ("one that HTTP takes", "check the names that were typed");
            Trouble::NoStation(Failure::misuse("path of the call", expected, cause.to_string(), hint))
        })?;
        sender.send_request(request).await.map_err(|cause| lost(&cause))
    }

    fn late(&self) -> Trouble {
        let within = time::length(u64::try_from(self.patience.as_millis()).unwrap_or(u64::MAX));
        let hint = "the station is busy or stuck: its log says more; --timeout gives it longer";
        Trouble::Lost(Failure::failed(
            "Station",
            "the station",
            format!("an answer within {within}"),
            "none",
            hint,
        ))
    }
}

/// A body without a byte.
fn nothing() -> Full<Bytes> {
    Full::default()
}

async fn read(response: Response<Incoming>, most: usize) -> Result<Bytes, Trouble> {
    let body = Limited::new(response.into_body(), most).collect().await;
    body.map(http_body_util::Collected::to_bytes).map_err(|cause| lost(cause.as_ref()))
}

/// The connection broke, or what came over it was not HTTP, or too much.
fn lost(cause: &(dyn std::error::Error + 'static)) -> Trouble {
    let mut found = cause.to_string();
    let mut source = cause.source();
    while let Some(deeper) = source {
        found = format!("{found}: {deeper}");
        source = deeper.source();
    }
    let hint = "see whether the station still runs, and its log; `detente doctor` looks at it";
    Trouble::Lost(Failure::failed("Station", "the station's answer", "a whole one over HTTP", found, hint))
}

fn refusal(status: StatusCode, bytes: &[u8]) -> Failure {
    let said = serde_json::from_slice(bytes).ok();
    let said = said.and_then(|body: Value| Failure::refusal(status.as_u16(), &body));
    said.unwrap_or_else(|| senseless("an error of spec/api.md", status, bytes))
}

fn senseless(expected: &str, status: StatusCode, bytes: &[u8]) -> Failure {
    let text = String::from_utf8_lossy(bytes);
    let found = match harmless::first_line(&text, SHOWN) {
        (first, _) if first.is_empty() => "nothing".to_owned(),
        (first, _) => first,
    };
    let hint = "is the command of the same version as the station? `detente --version`";
    Failure::failed("Station", "the station's answer", expected, format!("{found} (status {status})"), hint)
}

/// Why nobody listens.
fn absent(home: &Home, cause: &io::Error) -> Failure {
    let (folder, socket) = (home.path(), home.socket());
    let station = |found: String, hint: &str| {
        Failure::failed("Station", "the station", "one that listens", found, hint)
    };
    let run = "start it: `detente run`, or the service that runs it";
    match cause.kind() {
        io::ErrorKind::NotFound if !exists(folder) => {
            let found = format!("no folder {}", folder.display());
            station(found, "name the station's folder with --home or DETENTE_HOME; `detente init` makes one")
        }
        io::ErrorKind::NotFound => station(format!("none: there is no {}", socket.display()), run),
        io::ErrorKind::ConnectionRefused => {
            station(format!("none behind {}: it has stopped", socket.display()), run)
        }
        io::ErrorKind::PermissionDenied => {
            let found = format!("{}, which this user may not open", socket.display());
            station(found, "only the station's own user works its line: become that user")
        }
        io::ErrorKind::InvalidInput => {
            let found = format!("{}, which is too long for a socket's path", socket.display());
            station(found, "choose a --home with a shorter path, of at most 90 bytes")
        }
        _ => station(format!("{}: {cause}", socket.display()), run),
    }
}

fn exists(folder: &Path) -> bool {
    folder.try_exists().unwrap_or(true)
}

#[cfg(test)]
mod tests {
    use detente_console::Words;

    use super::*;
    use crate::output::Output;

    #[test]
    fn a_socket_of_another_user_is_told_apart() {
        let home = Home::at("/nowhere");
        let out = Output::new(false, Words::english().on_terminal());
        let message = |kind: io::ErrorKind| absent(&home, &kind.into()).message(&out).unwrap();
        assert!(message(io::ErrorKind::PermissionDenied).contains("become that user"));
        assert!(message(io::ErrorKind::NotFound).contains("no folder /nowhere"));
        assert!(message(io::ErrorKind::ConnectionRefused).contains("it has stopped"));
    }
}
