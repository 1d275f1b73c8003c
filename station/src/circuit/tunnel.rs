//! A tunnel through an HTTP proxy (CONNECT, RFC 9110 §9.3.6), where a network lets nothing else out.
//!
//! The proxy is trusted with nothing: the keys that a circuit pins are compared through it. It learns where the other
//! station is, and what any onlooker learns (spec/circuits.md §8).

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http_body_util::Empty;
use hyper::body::Bytes;
use hyper::client::conn::http1::Builder;
use hyper::header::{HOST, PROXY_AUTHORIZATION};
use hyper::{Method, Request, Uri};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use zeroize::Zeroizing;

use super::CircuitError;

/// Most bytes, and fields, of a proxy's answer.
const MAX_HEAD: usize = 16_384;
const MAX_FIELDS: usize = 64;

/// A proxy, as a configuration names it: `http://[USER:PASSWORD@]HOST:PORT`.
#[derive(Clone, PartialEq, Eq)]
pub struct Proxy {
    address: String,
    /// What it is shown of who asks; never shown to anybody else.
    credentials: Option<Zeroizing<String>>,
}

/// A way through a proxy to one address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tunnel {
    /// The proxy.
    pub proxy: Proxy,
    /// Where it is to lead, `host:port`; the proxy finds out what that means.
    pub to: String,
}

impl Proxy {
    /// Reads a proxy's URL.
    ///
    /// # Errors
    /// Says what would have been taken.
    pub fn parse(url: &str) -> Result<Self, String> {
        let expected = "expected http://HOST:PORT or http://USER:PASSWORD@HOST:PORT";
        let rest = url.strip_prefix("http://").ok_or(expected)?;
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        let (credentials, address) = match rest.rsplit_once('@') {
            Some((credentials, address)) => (Some(credentials), address),
            None => (None, rest),
        };
        let plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_graphic());
        if !crate::config::is_address(address) || !plain(address) || address.contains('/') {
            return Err(format!("{expected}, found the address {address:?}"));
        }
        if credentials.is_some_and(|text| !text.contains(':') || text.chars().any(char::is_control)) {
            return Err(format!("{expected}, found other credentials"));
        }
        let credentials = credentials.map(|text| Zeroizing::new(text.to_owned()));
        Ok(Self { address: address.into(), credentials })
    }

    /// Where it is: `host:port`.
    pub fn address(&self) -> &str {
        &self.address
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Proxy").field(&self.address).finish()
    }
}

impl Tunnel {
    /// Asks the proxy at the other end of a stream for the way, and gives the stream back once it leads there.
    ///
    /// # Errors
    /// `Proxy`, with what it answered.
    pub(super) async fn open(&self, stream: TcpStream) -> Result<TcpStream, CircuitError> {
        let failed = |detail: &dyn fmt::Display| CircuitError::Proxy {
            proxy: self.proxy.address.clone(),
            to: self.to.clone(),
            detail: detail.to_string(),
        };
        let made = Builder::new()
            .max_buf_size(MAX_HEAD)
            .max_headers(MAX_FIELDS)
            .handshake::<_, Empty<Bytes>>(TokioIo::new(stream))
            .await;
        let (mut asking, connection) = made.map_err(|error| failed(&error))?;
        let to: Uri = self.to.parse().map_err(|error| failed(&error))?;
        let mut request = Request::builder().method(Method::CONNECT).uri(to).header(HOST, &self.to);
        if let Some(credentials) = &self.proxy.credentials {
            let shown = Zeroizing::new(format!("Basic {}", STANDARD.encode(credentials.as_bytes())));
            request = request.header(PROXY_AUTHORIZATION, shown.as_str());
        }
        let request = request.body(Empty::new()).map_err(|error| failed(&error))?;
        let answered = async {
            let answer = asking.send_request(request).await.map_err(|error| failed(&error))?;
            if !answer.status().is_success() {
                return Err(failed(&format_args!("it answered {}", answer.status())));
            }
            hyper::upgrade::on(answer).await.map_err(|error| failed(&error))
        };
        let mut connection = std::pin::pin!(connection.with_upgrades());
        let mut answered = std::pin::pin!(answered);
        let opened = tokio::select! {
            opened = &mut answered => opened?,
            _ = &mut connection => answered.await?,
        };
        let parts = opened.downcast::<TokioIo<TcpStream>>().map_err(|_| failed(&"it is no stream"))?;
        // A station says nothing before it is spoken to: this would be the proxy's own.
        if !parts.read_buf.is_empty() {
            return Err(failed(&"it sent more than its answer"));
        }
        Ok(parts.io.into_inner())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxy_is_named_by_its_url_and_shows_no_password() {
        let proxy = Proxy::parse("http://me:se@cret@proxy.example:3128/").unwrap();
        assert_eq!(proxy.address(), "proxy.example:3128");
        assert!(!format!("{proxy:?}").contains("cret"));
        assert_eq!(Proxy::parse("http://[::1]:3128").unwrap().address(), "[::1]:3128");
        for bad in [
            "proxy:3128",
            "https://p:1",
            "http://p",
            "http://p:0",
            "http://me@p:1",
            "http://p:1/x",
            "http://:1",
        ] {
            let said = Proxy::parse(bad).unwrap_err();
            assert!(said.starts_with("expected http://HOST:PORT"), "{bad}: {said}");
        }
    }
}
