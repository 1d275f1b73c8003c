//! One connection to a web server elsewhere: a request at a time, bounded in time and in what is read of the answer.
//!
//! Redirects are not followed and nothing is negotiated: the address that was configured is the only one.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use axum::body::Bytes;
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper::client::conn::http1::{Builder, SendRequest};
use hyper::header::{CONTENT_TYPE, HOST, USER_AGENT};
use hyper::{HeaderMap, Request, Uri};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpStream, lookup_host};
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::circuit::{Roots, secure};

/// How long a request may take, from the first packet to the last byte of the answer.
pub(crate) const DEADLINE: Duration = Duration::from_secs(15);
/// Most bytes of an answer's head, of its fields, and of its body.
const MAX_HEAD: usize = 16_384;
const MAX_FIELDS: usize = 64;
const MAX_BODY: usize = 65_536;
/// How long a connection is kept that nothing goes over: what stands between may have forgotten it, and say nothing.
const KEPT: Duration = Duration::from_secs(20);

/// Why a request was not answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Unanswered {
    /// No connection, or one that broke: why.
    Unreachable(String),
    /// No whole answer within [`DEADLINE`].
    Stalled,
}

/// What a server answered.
#[derive(Debug)]
pub(crate) struct Answered {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    /// Nothing where it is over 65,536 bytes.
    pub(crate) body: Option<Bytes>,
}

impl Answered {
    /// The beginning of it, for people.
    pub(crate) fn said(&self) -> String {
        let text = String::from_utf8_lossy(self.body.as_deref().unwrap_or_default());
        text.trim().chars().map(|c| if c.is_control() { ' ' } else { c }).take(200).collect()
    }
}

/// A server's address, and the connection to it, if it is open.
#[derive(Debug)]
pub(crate) struct Wire {
    url: String,
    /// Whom its certificate is held to, in place of this machine's roots.
    roots: Option<Roots>,
    open: Option<Opened>,
    /// When something last went over it.
    used: Instant,
}

impl Wire {
    /// To a server that this machine's roots vouch for, or those that are given.
    pub(crate) fn to(url: &str, roots: Option<Roots>) -> Self {
        Self { url: url.into(), roots, open: None, used: Instant::now() }
    }

    /// Hands something over.
    ///
    /// # Errors
    /// Why it was not answered; it may have come all the same.
    pub(crate) async fn post(&mut self, headers: &HeaderMap, body: Bytes) -> Result<Answered, Unanswered> {
        let answered = tokio::time::timeout(DEADLINE, self.exchange(headers, body)).await;
        let answer = answered.unwrap_or(Err(Unanswered::Stalled));
        if answer.as_ref().map_or(true, |answer| answer.body.is_none()) {
            self.open = None;
        }
        answer
    }

    async fn exchange(&mut self, headers: &HeaderMap, body: Bytes) -> Result<Answered, Unanswered> {
        if self.used.elapsed() > KEPT {
            self.open = None;
        }
        self.used = Instant::now();
        // A connection that was kept may have been closed at the other end meanwhile; a fresh one may not.
        if let Some((sender, _)) = &mut self.open
            && sender.ready().await.is_ok()
            && let Ok(answer) = Self::ask(&self.url, sender, headers, body.clone()).await
        {
            return Ok(answer);
        }
        let (sender, _) = self.open.insert(dial(&self.url, self.roots.as_ref()).await?);
        Self::ask(&self.url, sender, headers, body).await
    }

    async fn ask(
        url: &str,
        sender: &mut SendRequest<Full<Bytes>>,
        headers: &HeaderMap,
        body: Bytes,
    ) -> Result<Answered, Unanswered> {
        let place = Place::of(url).map_err(unreachable)?;
        let mut request = Request::post(place.target)
            .header(HOST, place.authority)
            .header(USER_AGENT, concat!("detente/", env!("CARGO_PKG_VERSION")))
            .body(Full::new(body))
            .map_err(unreachable)?;
        request.headers_mut().extend(headers.clone());
        let answer = sender.send_request(request).await.map_err(unreachable)?;
        let (head, body) = answer.into_parts();
        let body = match Limited::new(body, MAX_BODY).collect().await {
            Ok(body) => Some(body.to_bytes()),
            Err(error) if error.is::<LengthLimitError>() => None,
            Err(error) => return Err(unreachable(error)),
        };
        Ok(Answered { status: head.status.as_u16(), headers: head.headers, body })
    }
}

/// What a URL says.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// Whether by TLS.
    pub(crate) tls: bool,
    /// Whom to dial.
    pub(crate) host: String,
    pub(crate) port: u16,
    /// Host and port as they stand there.
    authority: String,
    /// Path and query; `/` where there is none.
    target: String,
}

impl Place {
    /// Reads a URL of `http` or `https`.
    ///
    /// # Errors
    /// Says what would have been taken.
    pub(crate) fn of(url: &str) -> Result<Self, String> {
        let wrong = |found: &str| format!("expected a URL such as https://host:port/path, found {found}");
        let uri: Uri = url.parse().map_err(|_| wrong("what is none"))?;
        let tls = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => return Err(wrong("another scheme or none")),
        };
        let authority = uri.authority().ok_or_else(|| wrong("one without a host"))?;
        if authority.as_str().contains('@') {
            return Err(wrong("one with a name or a password in it"));
        }
        let port = authority.port_u16().unwrap_or(if tls { 443 } else { 80 });
        let host = authority.host().trim_start_matches('[').trim_end_matches(']').to_owned();
        let target = uri.path_and_query().map_or("/", |target| target.as_str());
        Ok(Self { tls, host, port, authority: authority.to_string(), target: target.to_owned() })
    }
}

/// Whether a server can be there. Who names one in a memorandum is not who runs this machine: what answers at addresses of its own link, such
/// as where clouds tell a machine its secrets, is no server for anybody else.
fn is_servers(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(four) => !four.is_link_local() && !four.is_multicast() && !four.is_unspecified(),
        IpAddr::V6(six) => !six.is_unicast_link_local() && !six.is_multicast() && !six.is_unspecified(),
    }
}

type Opened = (SendRequest<Full<Bytes>>, JoinSet<()>);

async fn dial(url: &str, roots: Option<&Roots>) -> Result<Opened, Unanswered> {
    let Place { tls, host, port, .. } = Place::of(url).map_err(unreachable)?;
    let found = lookup_host((host.as_str(), port)).await.map_err(unreachable)?;
    let servers: Vec<SocketAddr> = found.filter(|at| is_servers(at.ip())).collect();
    if servers.is_empty() {
        return Err(unreachable(format!("expected an address of a server, found none of {host}")));
    }
    let stream = TcpStream::connect(servers.as_slice()).await.map_err(unreachable)?;
    // Nobody gains by waiting for more to send.
    let _ = stream.set_nodelay(true);
    if tls {
        let stream = secure(&host, stream, roots).await.map_err(unreachable)?;
        shake_hands(TokioIo::new(stream)).await
    } else {
        shake_hands(TokioIo::new(stream)).await
    }
}

async fn shake_hands<T>(stream: T) -> Result<Opened, Unanswered>
where
    T: hyper::rt::Read + hyper::rt::Write + Unpin + Send + 'static,
{
    let made = Builder::new().max_buf_size(MAX_HEAD).max_headers(MAX_FIELDS).handshake(stream).await;
    let (sender, connection) = made.map_err(unreachable)?;
    // Aborted with the last who holds it.
    let mut task = JoinSet::new();
    task.spawn(async move {
        if let Err(cause) = connection.await {
            tracing::debug!(%cause, "a connection to a server elsewhere ended");
        }
    });
    Ok((sender, task))
}

fn unreachable(cause: impl ToString) -> Unanswered {
    Unanswered::Unreachable(cause.to_string())
}

/// One header of a request, by a name that is known when this is compiled.
pub(crate) fn content_type(kind: &'static str) -> HeaderMap {
    HeaderMap::from_iter([(CONTENT_TYPE, hyper::header::HeaderValue::from_static(kind))])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn nobody_is_called_at_addresses_of_a_machines_own_link() {
        for one in
            ["169.254.169.254", "[fe80::1]", "0.0.0.0", "[::]", "224.0.0.1", "[::ffff:169.254.169.254]"]
        {
            let refused = dial(&format!("http://{one}:80/latest"), None).await.err();
            let said = match refused {
                Some(Unanswered::Unreachable(said)) => said,
                other => panic!("{one}: {other:?}"),
            };
            assert!(said.starts_with("expected an address of a server"), "{one}: {said}");
        }
        assert!(is_servers("192.0.2.1".parse().unwrap()) && is_servers("127.0.0.1".parse().unwrap()));
    }

    #[test]
    fn urls_are_taken_apart() {
        let of = |url| Place::of(url).unwrap();
        let whole = |tls, host: &str, port, authority: &str, target: &str| Place {
            tls,
            host: host.to_owned(),
            port,
            authority: authority.to_owned(),
            target: target.to_owned(),
        };
        assert_eq!(of("https://w.example"), whole(true, "w.example", 443, "w.example", "/"));
        assert_eq!(
            of("http://w.example:8400/a/b?c=d"),
            whole(false, "w.example", 8400, "w.example:8400", "/a/b?c=d")
        );
        assert_eq!(of("http://[::1]:8400"), whole(false, "::1", 8400, "[::1]:8400", "/"));
        for wrong in ["w.example/a", "/a", "ftp://w.example", "https://anna:secret@w.example", ""] {
            assert!(Place::of(wrong).is_err(), "{wrong}");
        }
    }
}
