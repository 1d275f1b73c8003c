//! One connection to a witness: a request at a time, bounded in time and in what is read of the answer.
//!
//! Redirects are not followed and nothing is negotiated: the address in the memorandum is the only one.

use std::time::Duration;

use axum::body::Bytes;
use detente_record::witness::{MAX_ANSWER, SIZE_TYPE};
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper::client::conn::http1::{Builder, SendRequest};
use hyper::header::{CONTENT_TYPE, HOST, USER_AGENT};
use hyper::{Request, Uri};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use super::Trouble;
use crate::circuit::secure;

/// How long a request may take, from the first packet to the last byte of the answer.
pub(super) const DEADLINE: Duration = Duration::from_secs(15);
/// Most bytes of an answer's head, and of its fields.
const MAX_HEAD: usize = 16_384;
const MAX_FIELDS: usize = 64;

/// What a witness answered.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    /// Whether it says that it tells a size.
    pub(super) tells_size: bool,
    pub(super) body: Bytes,
}

impl Answer {
    /// The beginning of it, for people.
    pub(super) fn said(&self) -> String {
        let text = String::from_utf8_lossy(&self.body);
        text.trim().chars().map(|c| if c.is_control() { ' ' } else { c }).take(200).collect()
    }
}

/// A witness's address, and the connection to it, if it is open.
#[derive(Debug)]
pub(super) struct Wire {
    url: String,
    open: Option<(SendRequest<Full<Bytes>>, JoinSet<()>)>,
}

impl Wire {
    pub(super) fn to(url: &str) -> Self {
        Self { url: url.into(), open: None }
    }

    /// Submits a checkpoint.
    ///
    /// # Errors
    /// `Unreachable`, `Stalled`, or `Answer` for one over a bound.
    pub(super) async fn submit(&mut self, body: String) -> Result<Answer, Trouble> {
        let body = Bytes::from(body);
        let answered = tokio::time::timeout(DEADLINE, self.exchange(body)).await;
        let answer = answered.unwrap_or(Err(Trouble::Stalled { within: DEADLINE }));
        if answer.is_err() {
            self.open = None;
        }
        answer
    }

    async fn exchange(&mut self, body: Bytes) -> Result<Answer, Trouble> {
        // A connection that was kept may have been closed at the other end meanwhile; a fresh one may not.
        if let Some((sender, _)) = &mut self.open
            && sender.ready().await.is_ok()
            && let Ok(answer) = Self::post(&self.url, sender, body.clone()).await
        {
            return Ok(answer);
        }
        let (sender, _) = self.open.insert(dial(&self.url).await?);
        Self::post(&self.url, sender, body).await
    }

    async fn post(url: &str, sender: &mut SendRequest<Full<Bytes>>, body: Bytes) -> Result<Answer, Trouble> {
        let (_, _, authority, path) = parts(url)?;
        let request = Request::post(format!("{path}/add-checkpoint"))
            .header(HOST, authority)
            .header(USER_AGENT, concat!("detente/", env!("CARGO_PKG_VERSION")))
            .header(CONTENT_TYPE, "text/plain; charset=utf-8")
            .body(Full::new(body))
            .map_err(unreachable)?;
        let answer = sender.send_request(request).await.map_err(unreachable)?;
        let status = answer.status().as_u16();
        let tells_size = answer.headers().get(CONTENT_TYPE).is_some_and(|found| found == SIZE_TYPE);
        let body = Limited::new(answer.into_body(), MAX_ANSWER).collect().await;
        let body = body.map_err(|error| {
            if error.is::<LengthLimitError>() {
                let expected = "at most 65,536 bytes";
                Trouble::Answer(detente_record::Fault::malformed("answer of a witness", expected, "more"))
            } else {
                unreachable(error)
            }
        })?;
        Ok(Answer { status, tells_size, body: body.to_bytes() })
    }
}

/// Whether TLS, the host and port to dial, the authority and the path of a witness's URL.
fn parts(url: &str) -> Result<(bool, (String, u16), String, String), Trouble> {
    let uri: Uri = url.parse().map_err(unreachable)?;
    let tls = uri.scheme_str() == Some("https");
    let authority = uri.authority().ok_or_else(|| unreachable("a URL without a host"))?;
    let port = authority.port_u16().unwrap_or(if tls { 443 } else { 80 });
    let host = authority.host().trim_start_matches('[').trim_end_matches(']').to_owned();
    Ok((tls, (host, port), authority.to_string(), uri.path().trim_end_matches('/').to_owned()))
}

async fn dial(url: &str) -> Result<(SendRequest<Full<Bytes>>, JoinSet<()>), Trouble> {
    let (tls, (host, port), ..) = parts(url)?;
    let stream = TcpStream::connect((host.as_str(), port)).await.map_err(unreachable)?;
    // Nobody gains by waiting for more to send.
    let _ = stream.set_nodelay(true);
    if tls {
        let stream = secure(&host, stream).await.map_err(unreachable)?;
        shake_hands(TokioIo::new(stream)).await
    } else {
        shake_hands(TokioIo::new(stream)).await
    }
}

async fn shake_hands<T>(stream: T) -> Result<(SendRequest<Full<Bytes>>, JoinSet<()>), Trouble>
where
    T: hyper::rt::Read + hyper::rt::Write + Unpin + Send + 'static,
{
    let made = Builder::new().max_buf_size(MAX_HEAD).max_headers(MAX_FIELDS).handshake(stream).await;
    let (sender, connection) = made.map_err(unreachable)?;
    // Aborted with the last who holds it.
    let mut task = JoinSet::new();
    task.spawn(async move {
        if let Err(cause) = connection.await {
            tracing::debug!(%cause, "the connection to a witness ended");
        }
    });
    Ok((sender, task))
}

fn unreachable(cause: impl ToString) -> Trouble {
    Trouble::Unreachable { cause: cause.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_of_memoranda_are_taken_apart() {
        let of = |url| parts(url).unwrap();
        let whole = |tls, host: &str, port, authority: &str, path: &str| {
            (tls, (host.to_owned(), port), authority.to_owned(), path.to_owned())
        };
        assert_eq!(of("https://w.example"), whole(true, "w.example", 443, "w.example", ""));
        assert_eq!(
            of("http://w.example:8400/a/b"),
            whole(false, "w.example", 8400, "w.example:8400", "/a/b")
        );
        assert_eq!(of("http://[::1]:8400"), whole(false, "::1", 8400, "[::1]:8400", ""));
        assert!(parts("w.example/a").is_err());
    }
}
