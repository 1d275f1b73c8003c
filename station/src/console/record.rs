//! The pages of the record: each asks the API what it shows, as the officer who reads it.

use axum::extract::{Path, Query};
use axum::http::Method;
use axum::response::Response;
use detente_console::{Handover, Log, Motions, PrintedEntry, PrintedLog, Release, Sought, Thread, Verified};
use detente_exchange::time;

use super::pages::{EntryPath, Reader, encoded, named, page};
use crate::api::Refused;
use crate::officers::Right;

/// Entries of a page of the log, and of a printed one.
const SHOWN: usize = 50;
const PRINTED: usize = 100;

/// The moment that was typed, ms; nothing, where nothing was.
fn moment(typed: &str) -> Result<Option<u64>, String> {
    if typed.trim().is_empty() {
        return Ok(None);
    }
    // A day that was typed alone is over at its end.
    time::read(typed, None).map(|moment| Some(moment.last_ms)).map_err(|reason| reason.to_string())
}

/// What of the log the API is asked for, and why a moment that was typed is none.
fn asked(sought: &Sought, limit: usize) -> (String, Option<String>) {
    let (as_of_ms, wrong) = match moment(&sought.as_of) {
        Ok(as_of_ms) => (as_of_ms, None),
        Err(wrong) => (None, Some(wrong)),
    };
    let mut path = format!("/log?limit={limit}");
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

/// `GET /lines/{line}/record`
pub(super) async fn log(reader: Reader, Path(line): Path<String>, Query(sought): Query<Sought>) -> Response {
    let (path, wrong) = asked(&sought, SHOWN);
    let made = async {
        let (log, books) = (reader.ask(&line, &path).await?, reader.ask(&line, "/books").await?);
        Ok(Log::of(reader.frame.clone(), &line, sought, [&log, &books], wrong))
    };
    let made = made.await;
    reader.shown(made)
}

/// `GET /lines/{line}/record/print`
pub(super) async fn printed(
    reader: Reader,
    Path(line): Path<String>,
    Query(sought): Query<Sought>,
) -> Response {
    let (path, wrong) = asked(&sought, PRINTED);
    let made = async {
        if let Some(wrong) = wrong {
            return Err(Refused::misuse("as_of", "a moment", wrong));
        }
        let (log, status) = (reader.ask(&line, &path).await?, reader.ask(&line, "").await?);
        let memorandum = reader.ask(&line, "/memorandum").await?;
        Ok(PrintedLog::of(reader.frame.clone(), &line, [&log, &status, &memorandum]))
    };
    let made = made.await;
    reader.shown(made)
}

/// `GET /lines/{line}/record/entries/{party}/{book}/{number}`
pub(super) async fn thread(reader: Reader, Path(of): EntryPath) -> Response {
    let name = named(&of);
    let made = async {
        let thread = reader.ask(&of.0, &format!("/threads/{name}")).await?;
        let positions = reader.ask(&of.0, &format!("/positions/{name}")).await?;
        Ok(Thread::of(reader.frame.clone(), &of.0, &thread, &positions))
    };
    let made = made.await;
    reader.shown(made)
}

/// `GET /lines/{line}/entries/{party}/{book}/{number}/print`
pub(super) async fn form(reader: Reader, Path(of): EntryPath) -> Response {
    let made = async {
        let thread = reader.ask(&of.0, &format!("/threads/{}", named(&of))).await?;
        let status = reader.ask(&of.0, "").await?;
        PrintedEntry::of(reader.frame.clone(), &of.0, &thread, &status)
            .ok_or_else(|| Refused::no_entry([&*of.1, &*of.2, &*of.3].join("/")))
    };
    let made = made.await;
    reader.shown(made)
}

/// `GET /lines/{line}/record/motions`
pub(super) async fn motions(reader: Reader, Path(line): Path<String>) -> Response {
    let answer = reader.ask(&line, "/motions?limit=100").await;
    let frame = reader.frame.clone();
    reader.shown(answer.map(|answer| Motions::of(frame, &line, &answer)))
}

/// `GET /lines/{line}/handover`
pub(super) async fn handover(reader: Reader, Path(line): Path<String>) -> Response {
    let answer = reader.ask(&line, "/handover").await;
    let (frame, writes) = (reader.frame.clone(), reader.writes());
    reader.shown(answer.map(|answer| Handover::of(frame, &line, &answer, writes)))
}

/// `GET /lines/{line}/release`
pub(super) async fn release(reader: Reader, Path(line): Path<String>) -> Response {
    let answer = reader.ask(&line, "/releases").await;
    let (frame, writes) = (reader.frame.clone(), reader.session.officer.role.has(Right::Notify));
    reader.shown(answer.map(|answer| Release::of(frame, &line, &answer, writes)))
}

/// `GET /lines/{line}/record/verification`: a part of a page.
pub(super) async fn verification(reader: Reader, Path(line): Path<String>) -> Result<Response, Refused> {
    let answer = reader.call(Method::POST, &format!("/v1/lines/{}/verify", encoded(&line))).await?;
    Ok(page(&Verified::of(reader.frame, &answer)))
}
