//! Courier files: made, taken, and the keys that they are sealed to (spec/api.md, "Courier").

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write as _;

use axum::Json;
use axum::body::Body as Stream;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use axum::response::{IntoResponse as _, Response};
use detente_line::{CourierKey, Memorandum};
use detente_record::{Book, Party};
use hyper::body::Bytes;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio_stream::StreamExt as _;

use super::attachments::stream;
use super::openapi::Answered;
use super::request::{Body, Path};
use super::{Answer, Api, LinePath, Refused, book_text, fault_json};
use crate::courier::{Books, CourierError, Imported, MAX_FILE, Wanted, key_file};
use crate::keeper::Keeper;

/// How much of a file is under way between its reader and its writer, in pieces.
const AHEAD: usize = 4;
/// Smallest limit on a file's length, in bytes.
const LEAST_BYTES: u64 = 65_536;

impl From<CourierError> for Refused {
    fn from(error: CourierError) -> Self {
        let status = match &error {
            CourierError::Fault(_) => StatusCode::CONFLICT,
            CourierError::Stopping => return Self::stopping(),
            CourierError::Store(_) | CourierError::Blob(_) | CourierError::Io { .. } => {
                StatusCode::SERVICE_UNAVAILABLE
            }
            CourierError::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            _ => StatusCode::CONFLICT,
        };
        let expected = "one of spec/courier.md, for this station";
        Self::new(status, error.name(), "courier file", expected, error.to_string(), error.hint())
    }
}

/// What a file is asked to be.
#[derive(Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = CourierAsked)]
pub(crate) struct Asked {
    max_bytes: Option<u64>,
    /// The answer's `reached` of the file before, to go on from there.
    #[serde(default)]
    beyond: BTreeMap<String, u64>,
    #[serde(default)]
    all: bool,
    part: Option<u64>,
    /// Most bytes of attachments.
    #[serde(default)]
    attachments: u64,
}

impl Asked {
    fn wanted(self) -> Result<Wanted, Refused> {
        if let Some(bytes) = self.max_bytes.filter(|bytes| !(LEAST_BYTES..=MAX_FILE).contains(bytes)) {
            return Err(Refused::misuse("max_bytes", "65,536 to 4,294,967,296", bytes.to_string()));
        }
        let book = |(code, size): (String, u64)| {
            let read = code.parse().ok().and_then(|code| Book::from_code(code).ok());
            read.map(|book| (book, size))
                .ok_or_else(|| Refused::misuse("beyond", "sizes by a book's code", code))
        };
        let beyond = self.beyond.into_iter().map(book).collect::<Result<_, _>>()?;
        Ok(Wanted {
            max_bytes: self.max_bytes,
            beyond,
            all: self.all,
            part: self.part.unwrap_or(1),
            attachments: self.attachments,
        })
    }
}

/// The party of a name.
fn party(keeper: &Keeper, name: &str) -> Result<Party, Refused> {
    let memorandum = keeper.memorandum();
    let others = || memorandum.everyone().filter(|member| member.number != keeper.party.number());
    let found = others().find(|member| member.name == name);
    found.and_then(|member| Party::new(member.number).ok()).ok_or_else(|| {
        let names: Vec<&str> = others().map(|member| member.name.as_str()).collect();
        Refused::misuse("party", &format!("one of {}", names.join(", ")), name)
    })
}

/// `POST …/courier/{party}`: a file for a party.
#[utoipa::path(post, operation_id = "courier_export", path = "/v1/lines/{line}/courier/{party}", tag = "courier", summary = "A courier file for a party", params(("line" = String, Path), ("party" = String, Path)), request_body = Asked, responses(Answered))]
pub(crate) async fn export(
    State(api): State<Api>,
    Path((line, to)): Path<(String, String)>,
    Body(asked): Body<Asked>,
) -> Result<Response, Refused> {
    let keeper = api.line(&line)?;
    let to = party(keeper, &to)?;
    let made = keeper.courier.export(keeper, to, asked.wanted()?).await?;
    let reached: BTreeMap<String, u64> =
        made.reached.iter().map(|(book, size)| (book.code().to_string(), *size)).collect();
    let said = json!({
        "bytes": made.bytes, "entries": made.entries, "receipts": made.receipts, "more": made.more,
        "attachments": made.attachments, "left_out": made.left_out,
        "reached": reached,
    });
    let headers = [
        (CONTENT_LENGTH.as_str(), made.bytes.to_string()),
        (CONTENT_TYPE.as_str(), "application/octet-stream".to_owned()),
        ("detente-courier", said.to_string()),
    ];
    Ok((headers, Stream::from_stream(stream(made.file))).into_response())
}

/// `PUT …/courier`: a file that has come.
#[utoipa::path(put, operation_id = "courier_import", path = "/v1/lines/{line}/courier", tag = "courier", summary = "Takes in a courier file", params(("line" = String, Path)), request_body(content = Vec<u8>, content_type = "application/octet-stream"), responses(Answered))]
pub(crate) async fn import(State(api): State<Api>, Path(line): LinePath, request: Request) -> Answer {
    let keeper = api.line(&line)?;
    let file = keeper.courier.incoming()?;
    let (pieces, mut brought) = mpsc::channel::<Bytes>(AHEAD);
    let writing = tokio::task::spawn_blocking(move || -> Result<File, CourierError> {
        let (mut file, mut bytes) = (file, 0);
        while let Some(piece) = brought.blocking_recv() {
            bytes += piece.len() as u64;
            if bytes > MAX_FILE {
                return Err(CourierError::TooLarge);
            }
            file.write_all(&piece).map_err(|cause| CourierError::io("write", &cause))?;
        }
        Ok(file)
    });
    let mut body = request.into_body().into_data_stream();
    while let Some(piece) = body.next().await {
        let piece = piece.map_err(|cause| {
            Refused::misuse("courier file", "one that comes whole", cause.to_string()).hinted("send it again")
        })?;
        if pieces.send(piece).await.is_err() {
            break;
        }
    }
    drop(pieces);
    let file = writing.await.map_err(|_| Refused::stopping())??;
    let imported = keeper.courier.import(keeper, file).await;
    let memorandum = &keeper.memorandum();
    let imported = imported.inspect_err(|error| {
        tracing::warn!(%error, hint = error.hint(), "a courier file was not taken");
    })?;
    Ok(Json(match imported {
        Imported::Key(key) => {
            let party = memorandum.name_of(key.party);
            tracing::info!(party, "a courier key has come");
            json!({"kind": "key", "party": party, "number": key.number})
        }
        Imported::Books(books) => {
            let (from, said) = (memorandum.name_of(books.from), books_json(memorandum, &books));
            let (entries, refused, beyond) = (books.entries(), books.unladen.refused, books.unladen.beyond);
            tracing::info!(from, entries, refused, beyond, "a courier file was taken");
            said
        }
    }))
}

fn books_json(memorandum: &Memorandum, books: &Books) -> Value {
    let changes = |changes: &BTreeMap<Book, (u64, u64)>| {
        let all = changes.iter().map(|(book, (before, after))| {
            json!({"book": book_text(memorandum, *book), "before": before, "after": after})
        });
        all.collect::<Vec<_>>()
    };
    json!({
        "kind": "books",
        "from": memorandum.name_of(books.from),
        "time_ms": books.time_ms,
        "part": books.part,
        "entries": books.entries(),
        "attachments": books.attachments,
        "books": changes(&books.grown),
        "receipted": changes(&books.receipted),
        "refused": books.unladen.refused,
        "beyond": books.unladen.beyond,
        "fault": books.unladen.fault.as_ref().map(fault_json),
    })
}

fn key_json(key: &CourierKey) -> Value {
    json!({"number": key.number, "rank": key.rank, "file": key_file(key)})
}

/// `GET …/courier`: the own courier key, and whom a file could be made for.
#[utoipa::path(get, operation_id = "courier_show", path = "/v1/lines/{line}/courier", tag = "courier", summary = "The courier keys of the parties", params(("line" = String, Path)), responses(Answered))]
pub(crate) async fn show(State(api): State<Api>, Path(line): LinePath) -> Answer {
    let keeper = api.line(&line)?;
    let me = keeper.party;
    let seen = keeper.look(move |line| {
        let others = line.memorandum().everyone().filter(|member| member.number != me.number());
        let others = others.filter_map(|member| {
            let party = Party::new(member.number).ok()?;
            let load = line.load(party, &[].into(), false)?;
            let entries: u64 = load.books.iter().map(|bring| bring.end.checkpoint.size - bring.from).sum();
            let key = line.courier_key(party);
            Some(json!({
                "party": member.name,
                "key_made_ms": key.map(|key| key.number),
                "unreceipted": entries,
            }))
        });
        others.collect::<Vec<_>>()
    });
    let parties = seen.await.ok_or_else(Refused::stopping)?;
    let own = keeper.courier.own();
    Ok(Json(json!({"own": own.as_ref().map(key_json), "parties": parties})))
}

/// `POST …/courier`: another courier key, at once.
#[utoipa::path(post, operation_id = "courier_rotate", path = "/v1/lines/{line}/courier", tag = "courier", summary = "Another courier key for this party", params(("line" = String, Path)), responses(Answered))]
pub(crate) async fn rotate(state: State<Api>, Path(line): LinePath) -> Answer {
    let keeper = state.line(&line)?;
    keeper.courier.rotate(keeper).await.map_err(|error| {
        let (status, expected) = (StatusCode::SERVICE_UNAVAILABLE, "one that can be written");
        Refused::new(status, "Store", "courier key", expected, error.to_string(), &error.hint())
    })?;
    show(state, Path(line)).await
}
