//! The pages of the record: each asks the API what it shows, as the officer who reads it.

use axum::extract::{Extension, Path, Query, State};
use axum::http::{HeaderMap, Method, Uri};
use axum::response::Response;
use detente_console::{Frame, Handover, Log, Motions, PrintedEntry, PrintedLog, Sought, Thread, Verified};
use detente_exchange::time;
use serde_json::Value;

use super::Console;
use super::pages::{encoded, frame, page, trouble};
use crate::api::Refused;
use crate::api::asker::Asker;
use crate::officers::{Right, Session};

/// Entries of a page of the log, and of a printed one.
const SHOWN: usize = 50;
const PRINTED: usize = 100;

/// Where an entry's page is: its line, party, book and number.
type EntryPath = Path<(String, String, String, String)>;

/// A frame that comes back to the same page of the same log.
fn framed(headers: &HeaderMap, session: &Session, here: &Uri) -> Frame {
    let path = here.path_and_query().map_or(here.path(), |path| path.as_str());
    Frame { here: path.to_owned(), ..frame(headers, session, here) }
}

/// The moment that was typed, ms; nothing, where nothing was.
fn moment(typed: &str) -> Result<Option<u64>, String> {
    if typed.trim().is_empty() {
        return Ok(None);
    }
    // A day that was typed alone is over at its end.
    time::read(typed, None).map(|moment| Some(moment.last_ms)).map_err(|reason| reason.to_string())
}

/// What of the log the API is asked for, and why a moment that was typed is none.
fn asked(line: &str, sought: &Sought, limit: usize) -> (String, Option<String>) {
    let (as_of_ms, wrong) = match moment(&sought.as_of) {
        Ok(as_of_ms) => (as_of_ms, None),
        Err(wrong) => (None, Some(wrong)),
    };
    let mut path = format!("/v1/lines/{}/log?limit={limit}", encoded(line));
    let typed = [
        ("book", &sought.book),
        ("party", &sought.party),
        ("kind", &sought.kind),
        ("text", &sought.text),
        ("before", &sought.before),
    ];
    for (name, value) in typed.into_iter().filter(|(_, value)| !value.is_empty()) {
        path += &format!("&{name}={}", encoded(value));
    }
    if let Some(as_of_ms) = as_of_ms {
        path += &format!("&as_of_ms={as_of_ms}");
    }
    (path, wrong)
}

/// A page, or one that says what was refused.
fn shown(frame: Frame, made: Result<impl askama::Template, Refused>) -> Response {
    match made {
        Ok(made) => page(&made),
        Err(refused) => trouble(frame, &refused),
    }
}

/// `GET /lines/{line}/record`
pub(super) async fn log(
    State(console): State<Console>,
    Extension(session): Extension<Session>,
    Extension(asker): Extension<Asker>,
    Path(line): Path<String>,
    Query(sought): Query<Sought>,
    here: Uri,
    headers: HeaderMap,
) -> Response {
    let frame = framed(&headers, &session, &here);
    let (path, wrong) = asked(&line, &sought, SHOWN);
    let made = async {
        let log = console.ask(&asker, &path).await?;
        let books = console.ask(&asker, &format!("/v1/lines/{}/books", encoded(&line))).await?;
        Ok(Log::of(frame.clone(), &line, sought, [&log, &books], wrong))
    };
    shown(frame.clone(), made.await)
}

/// `GET /lines/{line}/record/print`
pub(super) async fn printed(
    State(console): State<Console>,
    Extension(session): Extension<Session>,
    Extension(asker): Extension<Asker>,
    Path(line): Path<String>,
    Query(sought): Query<Sought>,
    here: Uri,
    headers: HeaderMap,
) -> Response {
    let frame = framed(&headers, &session, &here);
    let (path, wrong) = asked(&line, &sought, PRINTED);
    let made = async {
        if let Some(wrong) = wrong {
            return Err(Refused::misuse("as_of", "a moment", wrong));
        }
        let log = console.ask(&asker, &path).await?;
        let status = console.ask(&asker, &format!("/v1/lines/{}", encoded(&line))).await?;
        let memorandum = console.ask(&asker, &format!("/v1/lines/{}/memorandum", encoded(&line))).await?;
        Ok(PrintedLog::of(frame.clone(), &line, [&log, &status, &memorandum]))
    };
    shown(frame.clone(), made.await)
}

/// The thread of an entry, as the API has it.
async fn thread_of(
    console: &Console,
    asker: &Asker,
    (line, party, book, number): &(String, String, String, String),
) -> Result<Value, Refused> {
    let name = [party, book, number].map(|part| encoded(part)).join("/");
    console.ask(asker, &format!("/v1/lines/{}/threads/{name}", encoded(line))).await
}

/// `GET /lines/{line}/record/entries/{party}/{book}/{number}`
pub(super) async fn thread(
    State(console): State<Console>,
    Extension(session): Extension<Session>,
    Extension(asker): Extension<Asker>,
    Path(of): EntryPath,
    here: Uri,
    headers: HeaderMap,
) -> Response {
    let frame = framed(&headers, &session, &here);
    let made = async {
        let thread = thread_of(&console, &asker, &of).await?;
        let (line, name) = (encoded(&of.0), [&of.1, &of.2, &of.3].map(|part| encoded(part)).join("/"));
        let positions = console.ask(&asker, &format!("/v1/lines/{line}/positions/{name}")).await?;
        Ok(Thread::of(frame.clone(), &of.0, &thread, &positions))
    };
    shown(frame.clone(), made.await)
}

/// `GET /lines/{line}/entries/{party}/{book}/{number}/print`
pub(super) async fn form(
    State(console): State<Console>,
    Extension(session): Extension<Session>,
    Extension(asker): Extension<Asker>,
    Path(of): EntryPath,
    here: Uri,
    headers: HeaderMap,
) -> Response {
    let frame = framed(&headers, &session, &here);
    let made = async {
        let thread = thread_of(&console, &asker, &of).await?;
        let status = console.ask(&asker, &format!("/v1/lines/{}", encoded(&of.0))).await?;
        PrintedEntry::of(frame.clone(), &of.0, &thread, &status)
            .ok_or_else(|| Refused::no_entry([&*of.1, &*of.2, &*of.3].join("/")))
    };
    shown(frame.clone(), made.await)
}

/// `GET /lines/{line}/record/motions`
pub(super) async fn motions(
    State(console): State<Console>,
    Extension(session): Extension<Session>,
    Extension(asker): Extension<Asker>,
    Path(line): Path<String>,
    here: Uri,
    headers: HeaderMap,
) -> Response {
    let frame = framed(&headers, &session, &here);
    let answer = console.ask(&asker, &format!("/v1/lines/{}/motions?limit=100", encoded(&line))).await;
    shown(frame.clone(), answer.map(|answer| Motions::of(frame.clone(), &line, &answer)))
}

/// `GET /lines/{line}/handover`
pub(super) async fn handover(
    State(console): State<Console>,
    Extension(session): Extension<Session>,
    Extension(asker): Extension<Asker>,
    Path(line): Path<String>,
    here: Uri,
    headers: HeaderMap,
) -> Response {
    let (frame, writes) = (framed(&headers, &session, &here), session.officer.role.has(Right::Write));
    let answer = console.ask(&asker, &format!("/v1/lines/{}/handover", encoded(&line))).await;
    shown(frame.clone(), answer.map(|answer| Handover::of(frame.clone(), &line, &answer, writes)))
}

/// `GET /lines/{line}/record/verification`: a part of a page.
pub(super) async fn verification(
    State(console): State<Console>,
    Extension(session): Extension<Session>,
    Extension(asker): Extension<Asker>,
    Path(line): Path<String>,
    here: Uri,
    headers: HeaderMap,
) -> Result<Response, Refused> {
    let path = format!("/v1/lines/{}/verify", encoded(&line));
    let answer = console.call(&asker, Method::POST, &path).await?;
    Ok(page(&Verified::of(frame(&headers, &session, &here), &answer)))
}
