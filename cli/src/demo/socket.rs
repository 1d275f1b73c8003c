//! A station's API over its Unix socket (spec/api.md), as far as a replay needs it.

use std::path::PathBuf;

use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1;
use hyper::{Method, Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::Value as Json;
use tokio::net::UnixStream;

/// Largest answer that is read, in bytes.
const MAX_ANSWER: usize = 16 * 1_048_576;
/// Largest event that is read, in bytes.
const MAX_EVENT: usize = 1_048_576;

/// A station that can be called.
#[derive(Debug, Clone)]
pub(crate) struct Socket {
    path: PathBuf,
}

/// Why a call has no answer.
#[derive(Debug, Clone)]
pub(crate) enum Failed {
    /// The station refused: an error body of spec/api.md.
    Refused(Json),
    /// There is no station, or it went away.
    Gone(String),
}

impl std::fmt::Display for Failed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let text =
            |body: &Json, field: &str| body.get(field).and_then(Json::as_str).unwrap_or("?").to_owned();
        match self {
            Self::Gone(why) => f.write_str(why),
            Self::Refused(body) => {
                let (error, expected, found) =
                    (text(body, "error"), text(body, "expected"), text(body, "found"));
                write!(f, "{error}: expected {expected}, found {found}")
            }
        }
    }
}

fn gone(error: impl std::fmt::Display) -> Failed {
    Failed::Gone(error.to_string())
}

impl Socket {
    /// The API of the station whose socket is at a path.
    pub(crate) fn at(path: PathBuf) -> Self {
        Self { path }
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<&Json>,
    ) -> Result<Response<Incoming>, Failed> {
        let stream = UnixStream::connect(&self.path).await.map_err(gone)?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(gone)?;
        tokio::spawn(connection);
        let body = body.map(Json::to_string).unwrap_or_default();
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", "station")
            .header("content-type", "application/json")
            .body(Full::new(Bytes::from(body)))
            .map_err(gone)?;
        sender.send_request(request).await.map_err(gone)
    }

    async fn call(&self, method: Method, path: &str, body: Option<&Json>) -> Result<Json, Failed> {
        let answer = self.send(method, path, body).await?;
        let refused = answer.status().as_u16() >= 400;
        let bytes = Limited::new(answer.into_body(), MAX_ANSWER).collect().await.map_err(gone)?.to_bytes();
        let json = serde_json::from_slice(&bytes).map_err(gone)?;
        if refused { Err(Failed::Refused(json)) } else { Ok(json) }
    }

    /// `GET`.
    pub(crate) async fn ask(&self, path: &str) -> Result<Json, Failed> {
        self.call(Method::GET, path, None).await
    }

    /// `POST`.
    pub(crate) async fn tell(&self, path: &str, body: &Json) -> Result<Json, Failed> {
        self.call(Method::POST, path, Some(body)).await
    }

    /// Follows the events of a line until the stream ends; each is given with its name.
    ///
    /// # Errors
    /// How the stream ended.
    pub(crate) async fn follow(&self, line: &str, mut each: impl FnMut(&str, &Json)) -> Result<(), Failed> {
        let answer = self.send(Method::GET, &format!("/v1/lines/{line}/events?after=0"), None).await?;
        let mut body = answer.into_body();
        let mut pending: Vec<u8> = Vec::new();
        while let Some(frame) = body.frame().await {
            let Ok(bytes) = frame.map_err(gone)?.into_data() else { continue };
            pending.extend_from_slice(&bytes);
            while let Some(end) = pending.windows(2).position(|pair| pair == b"\n\n") {
                let event: Vec<u8> = pending.drain(..end + 2).collect();
                let event = String::from_utf8_lossy(&event);
                let field =
                    |name: &str| event.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
                if let (Some(name), Some(data)) = (field("event:"), field("data:")) {
                    each(name, &serde_json::from_str(data).unwrap_or_default());
                }
            }
            if pending.len() > MAX_EVENT {
                return Err(gone("an event over the limit"));
            }
        }
        Ok(())
    }
}
