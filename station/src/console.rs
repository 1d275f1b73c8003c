//! The console over HTTPS, and the API beside it: for officers in a browser, each signed in with a passkey, and for programs with a token.
//!
//! **Promises.** Nothing but signing in, enrolling and the files that pages are made of is given to whoever is not signed in. A command is
//! taken only from a page of this console: the browser says where it comes from, and the session's own word has to be with it.
//! What an officer commands is written down before it is answered. It holds nothing of a line: pages are made of what the API answers.
//!
//! **Bounds.** Connections, those on which nobody has been let in yet, how many and how long ([`visitors`]), what a head, a body and a
//! handshake may take, attempts to sign in by address, ceremonies under way.

mod bearer;
mod boundary;
mod certificate;
mod gate;
mod map;
mod pages;
mod passkeys;
pub(crate) mod playing;
mod record;
mod visitors;

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};
use axum::{Extension, Router, middleware};
use detente_exchange::reading::MOST_BYTES;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;
use webauthn_rs::prelude::{Url, Webauthn, WebauthnBuilder};

use crate::api::{self, Api};
use crate::config::ConsoleConfig;
use crate::error::SetupError;
use crate::home::Home;
use boundary::Boundary;
pub use certificate::own_key_pin;
use passkeys::{Ceremonies, Patience};
use visitors::{Known, Visitors};

/// How long a handshake, and a request's head, may take.
const HANDSHAKE: Duration = Duration::from_secs(10);
const HEAD: Duration = Duration::from_secs(30);
/// Most bytes that somebody who is not signed in says at a time: an answer of an authenticator is shorter.
const MAX_UNKNOWN: usize = 16_384;
/// How long answers under way have when the station stops.
const LAST_ANSWERS: Duration = Duration::from_secs(2);

/// Where a request comes from.
#[derive(Debug, Clone, Copy)]
struct Remote(IpAddr);

/// What every page can reach.
#[derive(Clone)]
struct Console {
    api: Api,
    /// The API as an officer's browser, and a page that is being made, ask it.
    calls: Router,
    /// Where browsers find it: `https://localhost:4880`.
    origin: Arc<str>,
    webauthn: Arc<Webauthn>,
    ceremonies: Arc<Ceremonies>,
    patience: Arc<Patience>,
    /// How many more tokens that nobody has each address may come with.
    strangers: Arc<Patience>,
    boundary: Option<Arc<Boundary>>,
}

/// The console at work.
pub(crate) struct Serving {
    task: JoinHandle<()>,
    stop: watch::Sender<bool>,
}

impl Serving {
    /// Lets answers under way end, then stops.
    pub(crate) async fn stop(self) {
        self.stop.send_replace(true);
        let _ = self.task.await;
    }
}

/// The boundary that a console shows, where it is given one.
///
/// # Errors
/// What is wrong with its file.
pub(crate) fn agreed_boundary(home: &Home, config: &ConsoleConfig) -> Result<Option<Boundary>, SetupError> {
    config.boundary.as_ref().map(|path| Boundary::read(&home.path().join(path))).transpose()
}

/// Serves the console of a station.
///
/// # Errors
/// An address that cannot be listened at, a certificate that cannot be read or made, an origin that is none, a boundary that is none.
pub(crate) async fn serve(home: &Home, config: &ConsoleConfig, api: Api) -> Result<Serving, SetupError> {
    let boundary = agreed_boundary(home, config)?.map(Arc::new);
    let at = home.config();
    let wrong = |text: String| SetupError::File {
        path: at.clone(),
        text,
        hint: "correct [console] in station.toml; docs/console.md shows one".into(),
    };
    let origin = config.origin();
    let url = Url::parse(&origin).map_err(|cause| wrong(format!("console.origin: {cause}")))?;
    let host = url.host_str().unwrap_or_default().to_owned();
    let webauthn =
        WebauthnBuilder::new(&host, &url).and_then(|builder| builder.rp_name("Détente").build()).map_err(
            |cause| wrong(format!("console.origin: passkeys cannot be made for {origin}: {cause}")),
        )?;
    let acceptor = certificate::acceptor(home, config, &host)?;
    let failed = |cause: std::io::Error| SetupError::Io {
        what: "listen at",
        path: config.listen.to_string().into(),
        cause: cause.to_string(),
        hint: "choose another address as console.listen",
    };
    let listener = TcpListener::bind(config.listen).await.map_err(failed)?;
    tracing::info!(address = %config.listen, origin, "the console listens");
    let console = Console {
        calls: api::calls(api.clone()),
        api,
        origin: origin.into(),
        webauthn: Arc::new(webauthn),
        ceremonies: Arc::default(),
        patience: Arc::default(),
        strangers: Arc::default(),
        boundary,
    };
    let (stop, stopping) = watch::channel(false);
    let task = tokio::spawn(accept(listener, acceptor, router(console), stopping));
    Ok(Serving { task, stop })
}

fn router(console: Console) -> Router {
    let guarded = Router::new()
        .route("/", get(pages::home))
        .route("/lines/{line}", get(pages::line))
        .route("/lines/{line}/board", get(pages::board))
        .route("/lines/{line}/compose", post(pages::compose))
        .route("/lines/{line}/map", get(map::map))
        .route("/lines/{line}/map/part", get(map::part))
        .route("/lines/{line}/map/sketch", post(map::sketch))
        .route("/boundary", get(map::boundary))
        .route("/api", get(pages::described))
        .route("/lines/{line}/map/import", post(map::import).layer(DefaultBodyLimit::max(MOST_BYTES)))
        .route("/lines/{line}/entries/{party}/{book}/{number}", get(pages::entry))
        .route("/lines/{line}/entries/{party}/{book}/{number}/print", get(record::form))
        .route("/lines/{line}/handover", get(record::handover))
        .route("/lines/{line}/release", get(record::release))
        .route("/lines/{line}/record", get(record::log))
        .route("/lines/{line}/record/print", get(record::printed))
        .route("/lines/{line}/record/motions", get(record::motions))
        .route("/lines/{line}/record/verification", get(record::verification))
        .route("/lines/{line}/record/entries/{party}/{book}/{number}", get(record::thread))
        .route("/sign-out", post(passkeys::sign_out))
        .with_state(console.clone())
        .merge(console.calls.clone())
        .layer(middleware::from_fn_with_state(console.clone(), gate::signed_in));
    Router::new()
        .route("/assets/{name}", get(pages::asset))
        .route("/language", get(pages::language))
        .route("/sign-in", get(pages::sign_in))
        .route("/sign-in/begin", post(passkeys::begin_sign_in))
        .route("/sign-in/end", post(passkeys::end_sign_in))
        .route("/enrol", get(pages::enrol))
        .route("/enrol/begin", post(passkeys::begin_enrol))
        .route("/enrol/end", post(passkeys::end_enrol))
        .layer(DefaultBodyLimit::max(MAX_UNKNOWN))
        .with_state(console.clone())
        .merge(guarded)
        .layer(middleware::from_fn_with_state(console, gate::from_here))
}

async fn accept(
    listener: TcpListener,
    acceptor: TlsAcceptor,
    router: Router,
    mut stopping: watch::Receiver<bool>,
) {
    let graceful = GracefulShutdown::new();
    let mut visitors = Visitors::default();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = stopping.wait_for(|stops| *stops) => break,
        };
        let (stream, from) = match accepted {
            Ok(accepted) => accepted,
            Err(cause) => {
                // Out of files, as a rule: those that are open must close first.
                tracing::warn!(%cause, "a connection to the console was not taken");
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        let (acceptor, router, graceful) = (acceptor.clone(), router.clone(), graceful.watcher());
        visitors.begin(from.ip(), |known| answer(stream, from, known, acceptor, router, graceful));
    }
    let _ = tokio::time::timeout(LAST_ANSWERS, graceful.shutdown()).await;
}

async fn answer(
    stream: TcpStream,
    from: SocketAddr,
    known: Known,
    acceptor: TlsAcceptor,
    router: Router,
    graceful: Watcher,
) {
    // Answers are small and somebody waits for each.
    let _ = stream.set_nodelay(true);
    let Ok(Ok(stream)) = tokio::time::timeout(HANDSHAKE, acceptor.accept(stream)).await else { return };
    let service =
        TowerToHyperService::new(router.layer(Extension(Remote(from.ip()))).layer(Extension(known)));
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(HEAD).max_buf_size(65_536);
    builder.http2().timer(TokioTimer::new()).max_header_list_size(65_536).max_concurrent_streams(64);
    // A machine that has gone without a word gives its place back.
    builder.http2().keep_alive_interval(Some(HEAD)).keep_alive_timeout(HANDSHAKE);
    let serving = graceful.watch(builder.serve_connection(TokioIo::new(stream), service).into_owned());
    if let Err(cause) = serving.await {
        tracing::debug!(%cause, "a connection to the console ended");
    }
}
