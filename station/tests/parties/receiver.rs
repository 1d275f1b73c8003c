//! A web server that webhooks deliver to: it answers as it is told to, and holds every delivery to its signature with an implementation
//! of HMAC that is not the station's.

use std::collections::{BTreeMap, VecDeque};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::Value;
use sha2::Sha256;
use tokio::io::{
    AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, BufReader,
};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;
use tokio_rustls::rustls::version::TLS13;

use super::PATIENCE;

/// A request as it came.
#[derive(Debug, Clone)]
pub(crate) struct Delivery {
    pub(crate) request: String,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: String,
    /// What it was answered.
    pub(crate) status: u16,
}

impl Delivery {
    pub(crate) fn id(&self) -> &str {
        &self.headers["webhook-id"]
    }

    pub(crate) fn said(&self) -> Value {
        serde_json::from_str(&self.body).expect("a body of JSON")
    }

    /// Holds it to the secret of a file and to this machine's clock, as Standard Webhooks says a receiver does.
    pub(crate) fn is_signed_by(&self, secret: &Path) -> bool {
        let text = std::fs::read_to_string(secret).unwrap();
        let key = STANDARD.decode(text.trim().strip_prefix("whsec_").unwrap()).unwrap();
        let at: u64 = self.headers["webhook-timestamp"].parse().unwrap();
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
        let mut mac = Hmac::<Sha256>::new_from_slice(&key).unwrap();
        mac.update(format!("{}.{at}.{}", self.id(), self.body).as_bytes());
        let signature = self.headers["webhook-signature"].strip_prefix("v1,").unwrap();
        now.abs_diff(at) < 300 && mac.verify_slice(&STANDARD.decode(signature).unwrap()).is_ok()
    }
}

/// How the next requests are answered; those after them with 200. 0: not at all.
type Answers = Arc<Mutex<VecDeque<u16>>>;

/// A receiver.
pub(crate) struct Receiver {
    pub(crate) port: u16,
    deliveries: mpsc::UnboundedReceiver<Delivery>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Receiver {
    /// One on a port of its own, which answers the first requests so.
    pub(crate) async fn start(answers: &[u16]) -> Self {
        Self::at(0, answers, None).await
    }

    /// One on a port that was chosen before, perhaps with TLS.
    pub(crate) async fn at(port: u16, answers: &[u16], tls: Option<TlsAcceptor>) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", port)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let answers: Answers = Arc::new(Mutex::new(answers.iter().copied().collect()));
        let (to, deliveries) = mpsc::unbounded_channel();
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (answers, to, tls) = (Arc::clone(&answers), to.clone(), tls.clone());
                tokio::spawn(async move {
                    match tls {
                        Some(tls) => {
                            // Who does not trust it ends the handshake.
                            let Ok(stream) = tls.accept(stream).await else { return };
                            take(stream, &answers, &to).await;
                        }
                        None => take(stream, &answers, &to).await,
                    }
                });
            }
        });
        Self { port, deliveries, task }
    }

    /// The next delivery, however it was answered.
    pub(crate) async fn next(&mut self) -> Delivery {
        let next = tokio::time::timeout(PATIENCE, self.deliveries.recv()).await;
        next.expect("a delivery in time").expect("a receiver")
    }

    /// What is next of a type.
    pub(crate) async fn next_of(&mut self, kind: &str) -> Value {
        loop {
            let said = self.next().await.said();
            if said["type"] == kind {
                return said;
            }
        }
    }

    /// What has come so far.
    pub(crate) fn so_far(&mut self) -> Vec<Delivery> {
        std::iter::from_fn(|| self.deliveries.try_recv().ok()).collect()
    }
}

async fn take<S>(stream: S, answers: &Answers, to: &mpsc::UnboundedSender<Delivery>)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut stream = BufReader::new(stream);
    loop {
        let (mut request, mut headers, mut line) = (String::new(), BTreeMap::new(), String::new());
        if stream.read_line(&mut request).await.unwrap_or(0) == 0 {
            return;
        }
        while stream.read_line(&mut line).await.unwrap_or(0) > 2 {
            let (name, value) = line.split_once(':').unwrap();
            headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
            line.clear();
        }
        let mut body = vec![0; headers["content-length"].parse().unwrap()];
        if stream.read_exact(&mut body).await.is_err() {
            return;
        }
        let status = answers.lock().unwrap().pop_front().unwrap_or(200);
        let body = String::from_utf8(body).unwrap();
        let _ = to.send(Delivery { request: request.trim().to_owned(), headers, body, status });
        if status == 0 {
            std::future::pending::<()>().await;
        }
        let answer = format!("HTTP/1.1 {status} x\r\nlocation: /elsewhere\r\ncontent-length: 2\r\n\r\nok");
        if stream.write_all(answer.as_bytes()).await.is_err() {
            return;
        }
    }
}

/// A port that nobody listens at.
pub(crate) async fn nobody() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    listener.local_addr().unwrap().port()
}

/// TLS under a certificate of its own for `localhost`, and that certificate in PEM.
pub(crate) fn own_tls() -> (TlsAcceptor, String) {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let rules = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_protocol_versions(&[&TLS13])
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    (TlsAcceptor::from(Arc::new(rules)), made.cert.pem())
}
