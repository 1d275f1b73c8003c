//! A witness at work (c2sp.org/tlog-witness): `POST /add-checkpoint`, and `GET /` and `GET /forks` for people.
//!
//! **Promises.** No answer of 200 before what it cosigns is durable; one decision at a time for each log. What convicts
//! a log is kept, and anybody may read it.
//!
//! **Bounds.** Connections, of which the oldest gives way of the address that has the most of them, the size of heads and bodies, the time
//! that either takes, and how long a connection lives.
//! It speaks plain HTTP: on the open net a web server with TLS stands before it.

use std::convert::Infallible;
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use axum::body::Bytes;
use detente_record::witness::{Cosignature, Decision, MAX_SUBMISSION, SIZE_TYPE, Submission, Unfit, Vetted};
use detente_record::{SecretKey, VerifierKey};
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio::task::{AbortHandle, JoinSet};

use super::folder::{Folder, Logs};
use super::memory::{Look, Memory};
use crate::clock::Clock;
use crate::crowd::Crowd;
use crate::error::SetupError;

/// Most connections at a time.
pub const MAX_CONNECTIONS: usize = 1_024;
/// Most bytes of a request's head, and of its fields.
const MAX_HEAD: usize = 16_384;
const MAX_FIELDS: usize = 64;
/// How long a head or a body may take, and how long a connection lives.
const HEAD_DEADLINE: Duration = Duration::from_secs(60);
const BODY_DEADLINE: Duration = Duration::from_secs(10);
const CONNECTION_LIFE: Duration = Duration::from_secs(3_600);
/// How long answers under way have when the witness stops.
const LAST_ANSWERS: Duration = Duration::from_secs(5);

/// What every request can reach.
struct Desk {
    key: SecretKey,
    vkey: VerifierKey,
    logs: RwLock<Arc<Logs>>,
    memory: Memory,
    database: PathBuf,
}

type Answer = Response<Full<Bytes>>;

/// Runs the witness of a folder until SIGTERM, SIGINT, or a failure of its memory. `bound` is told where it listens.
///
/// # Errors
/// Whatever keeps it from starting, and a memory that failed.
pub async fn serve(
    folder: Folder,
    listen: SocketAddr,
    clock: Clock,
    bound: impl FnOnce(SocketAddr) + Send,
) -> Result<(), SetupError> {
    let failed = |what| {
        move |cause: std::io::Error| SetupError::Io {
            what,
            path: listen.to_string().into(),
            cause: cause.to_string(),
            hint: "choose another address with --listen",
        }
    };
    let lock = std::fs::OpenOptions::new().create(true).append(true).open(folder.lock());
    let lock = lock.map_err(|cause| SetupError::io("lock", &folder.lock(), &cause))?;
    if lock.try_lock().is_err() {
        return Err(SetupError::File {
            path: folder.lock(),
            text: "expected no other process of this witness, found one".into(),
            hint: "stop that one, or go on with it".into(),
        });
    }
    let (key, vkey) = folder.read_key()?;
    let logs = folder.read_logs()?;
    let (ended_by, mut ended) = watch::channel(None);
    let memory = Memory::open(&folder.memory(), clock, move |why| {
        ended_by.send_replace(Some(why));
    })?;
    let listener = TcpListener::bind(listen).await.map_err(failed("listen at"))?;
    let address = listener.local_addr().map_err(failed("listen at"))?;
    tracing::info!(%address, name = vkey.name, logs = logs.len(), "the witness listens");
    bound(address);
    let database = folder.memory();
    let desk = Arc::new(Desk { key, vkey, logs: RwLock::new(Arc::new(logs)), memory, database });
    let (stop, stopping) = watch::channel(false);
    let mut connections = JoinSet::new();
    let outcome = tokio::select! {
        outcome = wait(&folder, &desk) => outcome,
        () = accept(listener, &desk, &mut connections, &stopping) => Ok(()),
        why = ended.wait_for(Option::is_some) => {
            let text = why.ok().and_then(|why| why.clone()).unwrap_or_else(|| "the memory closed".into());
            let hint = "check the disk, then start it again: what it cosigned is in its memory".into();
            Err(SetupError::File { path: folder.memory(), text, hint })
        }
    };
    tracing::info!("the witness stops");
    stop.send_replace(true);
    let answered = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout(LAST_ANSWERS, answered).await.is_err() {
        tracing::warn!("some requests were still under way and were cut");
    }
    connections.shutdown().await;
    // The last handle: its thread decides on what waits, and closes the memory, while nobody else runs here.
    let _ = tokio::task::spawn_blocking(move || drop(desk)).await;
    outcome
}

/// Waits for a signal to end; reads the list of logs again at SIGHUP.
async fn wait(folder: &Folder, desk: &Desk) -> Result<(), SetupError> {
    let listen =
        |kind| signal(kind).map_err(|cause| SetupError::io("listen for signals of", folder.path(), &cause));
    let mut terminate = listen(SignalKind::terminate())?;
    let mut interrupt = listen(SignalKind::interrupt())?;
    let mut hang_up = listen(SignalKind::hangup())?;
    loop {
        tokio::select! {
            _ = terminate.recv() => return Ok(()),
            _ = interrupt.recv() => return Ok(()),
            _ = hang_up.recv() => match folder.read_logs() {
                Ok(logs) => {
                    tracing::info!(logs = logs.len(), "the list of logs was read again");
                    *desk.logs.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(logs);
                }
                Err(error) => {
                    tracing::error!(%error, hint = error.hint(), "the list of logs is not taken; the old one stays");
                }
            },
        }
    }
}

async fn accept(
    listener: TcpListener,
    desk: &Arc<Desk>,
    connections: &mut JoinSet<()>,
    stopping: &watch::Receiver<bool>,
) {
    let mut crowd = Crowd::default();
    loop {
        let accepted = listener.accept().await;
        while connections.try_join_next().is_some() {}
        let (stream, from) = match accepted {
            Ok(accepted) => accepted,
            Err(cause) => {
                // Out of files, as a rule: those that are open must close first.
                tracing::warn!(%cause, "a connection was not taken");
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        crowd.retain(|connection: &AbortHandle| !connection.is_finished());
        while crowd.len() >= MAX_CONNECTIONS {
            let Some(yields) = crowd.yields() else { break };
            yields.abort();
        }
        let (desk, mut stopping) = (Arc::clone(desk), stopping.clone());
        let connection = connections.spawn(async move {
            // Answers are small and somebody waits for each.
            let _ = stream.set_nodelay(true);
            let service = service_fn(|request| {
                let desk = Arc::clone(&desk);
                async move { Ok::<_, Infallible>(desk.answer(request).await) }
            });
            let serving = hyper::server::conn::http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(HEAD_DEADLINE)
                .max_buf_size(MAX_HEAD)
                .max_headers(MAX_FIELDS)
                .serve_connection(TokioIo::new(stream), service);
            let mut serving = std::pin::pin!(serving);
            let ended = tokio::select! {
                ended = serving.as_mut() => ended,
                _ = async {
                    tokio::select! {
                        _ = stopping.wait_for(|stops| *stops) => {}
                        () = tokio::time::sleep(CONNECTION_LIFE) => {}
                    }
                } => {
                    serving.as_mut().graceful_shutdown();
                    serving.await
                }
            };
            if let Err(cause) = ended {
                tracing::debug!(%cause, "a connection ended");
            }
        });
        crowd.enter(from.ip(), connection);
    }
}

impl Desk {
    async fn answer(&self, request: Request<Incoming>) -> Answer {
        match (request.method(), request.uri().path()) {
            (&Method::POST, "/add-checkpoint") => self.add_checkpoint(request).await,
            (&Method::GET, "/") => self.introduce(),
            (&Method::GET, "/forks") => self.forks().await,
            (_, "/" | "/forks" | "/add-checkpoint") => {
                text(StatusCode::METHOD_NOT_ALLOWED, "POST /add-checkpoint, GET / or GET /forks\n")
            }
            _ => text(StatusCode::NOT_FOUND, "expected /add-checkpoint, / or /forks\n"),
        }
    }

    async fn add_checkpoint(&self, request: Request<Incoming>) -> Answer {
        let body = Limited::new(request.into_body(), MAX_SUBMISSION).collect();
        let bytes = match tokio::time::timeout(BODY_DEADLINE, body).await {
            Err(_) => return text(StatusCode::REQUEST_TIMEOUT, "expected the whole body within 10 s\n"),
            Ok(Err(error)) if error.is::<LengthLimitError>() => {
                return text(StatusCode::PAYLOAD_TOO_LARGE, "expected at most 65,536 bytes\n");
            }
            Ok(Err(_)) => return text(StatusCode::BAD_REQUEST, "the body broke off\n"),
            Ok(Ok(body)) => body.to_bytes(),
        };
        let submission = match Submission::parse(&bytes) {
            Ok(submission) => submission,
            Err(fault) => return text(StatusCode::BAD_REQUEST, format!("{fault}\n")),
        };
        let logs = Arc::clone(&self.logs.read().unwrap_or_else(PoisonError::into_inner));
        let vetted = match Vetted::of(submission, |origin| logs.get(origin).map_or(&[], |keys| &**keys)) {
            Ok(vetted) => vetted,
            Err(Unfit::Malformed(fault)) => return text(StatusCode::BAD_REQUEST, format!("{fault}\n")),
            Err(Unfit::Unknown) => {
                return text(StatusCode::NOT_FOUND, "this witness does not know the log\n");
            }
            Err(Unfit::Unsigned) => {
                return text(
                    StatusCode::FORBIDDEN,
                    "no signature by a key of the log that this witness knows\n",
                );
            }
        };
        self.decide(vetted).await
    }

    async fn decide(&self, vetted: Vetted) -> Answer {
        let checkpoint = vetted.text.clone();
        let decided = match self.memory.decide(vetted).await {
            Ok(decided) => decided,
            Err(error) => {
                return text(StatusCode::SERVICE_UNAVAILABLE, format!("{error}; try again later\n"));
            }
        };
        match decided.decision {
            Decision::Cosign | Decision::Again => {
                let cosignature = Cosignature::sign(&checkpoint, decided.seconds, &self.key);
                text(StatusCode::OK, cosignature.note_line(&self.vkey.name, &self.vkey.key))
            }
            Decision::Backwards => {
                text(StatusCode::BAD_REQUEST, "expected an old size of at most the checkpoint's\n")
            }
            Decision::Stale { size, .. } => {
                let mut answer = text(StatusCode::CONFLICT, format!("{size}\n"));
                answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(SIZE_TYPE));
                answer
            }
            Decision::Forked => text(
                StatusCode::CONFLICT,
                "another root at this size is known; both checkpoints are kept: GET /forks\n",
            ),
            Decision::Unproved { convicts } => {
                let more = if convicts.is_some() { "; both checkpoints are kept: GET /forks" } else { "" };
                let said = format!("the proof does not lead from what is known to this checkpoint{more}\n");
                text(StatusCode::UNPROCESSABLE_ENTITY, said)
            }
        }
    }

    fn introduce(&self) -> Answer {
        let logs = self.logs.read().unwrap_or_else(PoisonError::into_inner).len();
        let said = format!(
            "This is {}, a witness of c2sp.org/tlog-witness. It knows {logs} logs.\n\n{}\n\n\
             POST /add-checkpoint has it cosign a checkpoint; GET /forks shows what it holds against logs.\n\
             A cosignature says: at this time, by this witness's clock, this was the largest tree of the log that it had seen.\n",
            self.vkey.name,
            self.vkey.text(),
        );
        text(StatusCode::OK, said)
    }

    async fn forks(&self) -> Answer {
        let database = self.database.clone();
        let found = tokio::task::spawn_blocking(move || Look::open(&database)?.findings()).await;
        let Ok(Ok(findings)) = found else {
            return text(StatusCode::SERVICE_UNAVAILABLE, "the memory cannot be read now\n");
        };
        let mut said = String::new();
        for finding in &findings {
            // Writing to a string cannot fail.
            let _ = write!(said, "{}", Shown(finding));
        }
        if findings.is_empty() {
            said.push_str("none\n");
        }
        text(StatusCode::OK, said)
    }
}

/// A finding as text: what was known, what was shown, and the proof between them.
pub struct Shown<'a>(pub &'a super::memory::Finding);

impl std::fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let finding = self.0;
        let means = match finding.found.as_str() {
            "one size" => {
                "two checkpoints of one size with different roots, both signed: they cannot both be true, and this convicts whoever \
                 holds the log's key. Give both to everybody who relies on the log"
            }
            "across sizes" => {
                "two checkpoints, both signed, and a proof that the second does not go on from the first: they cannot both be true, and \
                 this convicts whoever holds the log's key. Give all of it to everybody who relies on the log"
            }
            _ => {
                "the proof that came with the second does not lead from the first; anybody may have sent it, and by itself it shows nothing"
            }
        };
        writeln!(f, "== {} at {} s\n{means}\n", finding.origin, finding.seconds)?;
        writeln!(f, "{}\n{}", finding.known, finding.shown)?;
        if !finding.proof.is_empty() {
            writeln!(f, "{}", finding.proof)?;
        }
        Ok(())
    }
}

fn text(status: StatusCode, said: impl Into<Bytes>) -> Answer {
    let mut answer = Response::new(Full::new(said.into()));
    *answer.status_mut() = status;
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    answer
}
