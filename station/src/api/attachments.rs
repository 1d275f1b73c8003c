//! Attachments: brought by officers, taken out by them, and who holds them (spec/api.md, "Attachments").
//!
//! Files pass in both directions as they come, chunk by chunk; none is ever whole in memory.

use std::fs::File;
use std::io::Read as _;

use axum::Json;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use axum::response::{IntoResponse as _, Response};
use detente_line::{Attachment, BlobState, Content, Event, Fetching, Line, Memorandum};
use detente_record::{Blob, CHUNK, Cut, Entry, EntryRef, Hash, Party, hex};
use futures_core::Stream;
use hyper::body::Bytes;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use tokio::sync::mpsc;
use tokio_stream::StreamExt as _;
use tokio_stream::wrappers::ReceiverStream;

use super::openapi::Answered;
use super::request::{Path, Query};
use super::{Answer, Api, LinePath, Refused, book_text, name_text, parse_name};
use crate::blobs::{BlobError, Folder, Writing};
use crate::keeper::Keeper;
use crate::keys::unhex;

/// How much of a file is under way between its reader and its writer, in pieces.
const AHEAD: usize = 4;
/// Most attachments in one answer.
const MAX_LISTED: usize = 1_000;

/// An attachment in a draft.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AskedAttachment {
    hash: String,
    size: u64,
    root: String,
    name: String,
    media_type: String,
}

/// What a draft attaches; nothing where it lists nothing.
///
/// # Errors
/// For a hash that is none. The rest is the core's to check.
pub(crate) fn attached(asked: Vec<AskedAttachment>) -> Result<Option<Vec<Attachment>>, Refused> {
    let one = |asked: AskedAttachment| {
        let AskedAttachment { hash, size, root, name, media_type } = asked;
        Ok(Attachment { hash: parse_hash(&hash)?, size, name, media_type, root: parse_hash(&root)? })
    };
    let all: Vec<Attachment> = asked.into_iter().map(one).collect::<Result<_, Refused>>()?;
    Ok((!all.is_empty()).then_some(all))
}

fn parse_hash(text: &str) -> Result<Hash, Refused> {
    unhex(text).ok_or_else(|| Refused::misuse("hash", "64 digits of hexadecimal", text))
}

impl From<BlobError> for Refused {
    fn from(error: BlobError) -> Self {
        let (status, name) = match &error {
            BlobError::Io { .. } => (StatusCode::SERVICE_UNAVAILABLE, "Store"),
            BlobError::Full { .. } => (StatusCode::INSUFFICIENT_STORAGE, "Full"),
            BlobError::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "TooLarge"),
        };
        Self::new(status, name, "attachment", "a file that can be kept", error.to_string(), error.hint())
    }
}

/// `PUT …/blobs`: the bytes of a file, which become durable; answers with what to name in a draft.
#[utoipa::path(put, operation_id = "attachments_bring", path = "/v1/lines/{line}/blobs", tag = "attachments", summary = "Brings a file to attach; answers its hash and root", params(("line" = String, Path)), request_body(content = Vec<u8>, content_type = "application/octet-stream"), responses(Answered))]
pub(crate) async fn bring(State(api): State<Api>, Path(line): LinePath, request: Request) -> Answer {
    let keeper = api.line(&line)?;
    let folder = keeper.blobs.folder.clone();
    let (pieces, mut brought) = mpsc::channel::<Bytes>(AHEAD);
    let writing = tokio::task::spawn_blocking(move || -> Result<Writing, BlobError> {
        let mut writing = Writing::incoming(&folder)?;
        while let Some(piece) = brought.blocking_recv() {
            writing.write(&piece)?;
        }
        Ok(writing)
    });
    let mut body = request.into_body().into_data_stream();
    while let Some(piece) = body.next().await {
        // What was cut off is thrown away with its writer.
        let piece = piece.map_err(|cause| {
            Refused::misuse("file", "one that comes whole", cause.to_string()).hinted("send it again")
        })?;
        if pieces.send(piece).await.is_err() {
            break;
        }
    }
    drop(pieces);
    let writing = writing.await.map_err(|_| Refused::stopping())??;
    let finished = tokio::task::spawn_blocking(move || writing.finish(None)).await;
    let Some(blob) = finished.map_err(|_| Refused::stopping())?? else { return Err(Refused::stopping()) };
    if !keeper.event(Event::Blob { blob, state: BlobState::Whole }).await {
        return Err(Refused::stopping());
    }
    Ok(Json(json!({"hash": hex(&blob.hash), "size": blob.size, "root": hex(&blob.root)})))
}

/// `GET …/blobs/{hash}`: the bytes of a blob that is here.
#[utoipa::path(get, operation_id = "attachments_take", path = "/v1/lines/{line}/blobs/{hash}", tag = "attachments", summary = "Takes out a file that goes with an entry", params(("line" = String, Path), ("hash" = String, Path)), responses(Answered))]
pub(crate) async fn take(
    State(api): State<Api>,
    Path((line, hash)): Path<(String, String)>,
) -> Result<Response, Refused> {
    let keeper = api.line(&line)?;
    let hash = parse_hash(&hash)?;
    let folder: &Folder = &keeper.blobs.folder;
    let lacking = || {
        let hint = "`detente attachments` shows what is here, and who may still bring the rest";
        let (expected, found) = ("one that is here", format!("{}, which is not", hex(&hash)));
        Refused::new(StatusCode::NOT_FOUND, "NotReceived", "attachment", expected, found, hint)
    };
    let file = File::open(folder.path(&hash)).map_err(|_| lacking())?;
    let length = file.metadata().map_err(|_| lacking())?.len();
    let headers =
        [(CONTENT_LENGTH, length.to_string()), (CONTENT_TYPE, "application/octet-stream".to_owned())];
    Ok((headers, Body::from_stream(stream(file))).into_response())
}

/// A file's bytes, from where it stands, as they are read.
pub(super) fn stream(mut file: File) -> impl Stream<Item = std::io::Result<Bytes>> {
    let (pieces, taken) = mpsc::channel(AHEAD);
    tokio::task::spawn_blocking(move || {
        loop {
            let mut piece = Vec::with_capacity(CHUNK as usize);
            let read = (&mut file).take(CHUNK).read_to_end(&mut piece);
            let last = !matches!(read, Ok(1..));
            if !last || read.is_err() {
                let piece = read.map(|_| Bytes::from(piece));
                if pieces.blocking_send(piece).is_err() {
                    return;
                }
            }
            if last {
                return;
            }
        }
    });
    ReceiverStream::new(taken)
}

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Of {
    entry: Option<String>,
}

/// A blob as the line's task sees it: who names it, who says that they hold it, how far it is here.
struct Seen {
    blob: Blob,
    named_by: Vec<EntryRef>,
    holders: Vec<(Party, EntryRef)>,
    fetching: Fetching,
}

fn seen(line: &Line, of: Option<EntryRef>) -> (Vec<Seen>, Cut, bool) {
    let held = line.held().into_iter().filter(|held| held.judged > 0);
    let cut: Cut = held.map(|held| (held.book, held.judged)).collect();
    let custody = line.custody();
    let all = custody.blobs().map(|blob| Seen {
        blob,
        named_by: custody.named_by(&blob, &cut),
        holders: custody.holders(&blob, &cut).into_iter().collect(),
        fetching: line.fetching(&blob),
    });
    let mut all: Vec<Seen> = all
        .filter(|seen| match of {
            Some(entry) => seen.named_by.contains(&entry),
            None => !seen.named_by.is_empty(),
        })
        .collect();
    let more = all.len() > MAX_LISTED;
    all.truncate(MAX_LISTED);
    (all, cut, more)
}

/// `GET …/attachments`
#[utoipa::path(get, operation_id = "attachments_list", path = "/v1/lines/{line}/attachments", tag = "attachments", summary = "Files that go with entries, and who holds them", params(("line" = String, Path), Of), responses(Answered))]
pub(crate) async fn list(State(api): State<Api>, Path(line): LinePath, Query(of): Query<Of>) -> Answer {
    let keeper = api.line(&line)?;
    let memorandum = &keeper.memorandum();
    let entry = of.entry.map(|name| parse_name(memorandum, &name)).transpose()?;
    if let Some(entry) = entry
        && (entry.number == 0 || keeper.store.size(entry.book.code())? < entry.number)
    {
        return Err(Refused::no_entry(name_text(memorandum, entry)));
    }
    let look = keeper.look(move |line| {
        let room = line.blobs_wait_for_room();
        (seen(line, entry), room)
    });
    let ((all, cut, more), waits_until_ms) = look.await.ok_or_else(Refused::stopping)?;
    let mut listed = Vec::new();
    for seen in &all {
        for by in seen.named_by.iter().filter(|by| entry.is_none_or(|entry| entry == **by)) {
            listed.extend(attachment_json(keeper, seen, *by)?);
        }
    }
    let stored = keeper.blobs.folder.stored();
    let cut: Map<String, Value> =
        cut.iter().map(|(book, size)| (book_text(memorandum, *book), json!(size))).collect();
    Ok(Json(json!({
        "attachments": listed,
        "more": more,
        "stored_bytes": stored.bytes,
        "has_room": stored.has_room,
        "waits_until_ms": waits_until_ms,
        "cut": cut,
    })))
}

/// An entry that is held, and what it says.
fn read(keeper: &Keeper, name: EntryRef) -> Result<Option<(Entry, Content)>, Refused> {
    let Some(stored) = keeper.store.entry(name.book.code(), name.number)? else { return Ok(None) };
    let read = Entry::decode(&stored.bytes);
    Ok(read
        .and_then(|entry| Ok((Content::decode(entry.kind, &entry.body)?, entry)))
        .ok()
        .map(|(c, e)| (e, c)))
}

/// What one entry calls a blob, and its custody.
fn attachment_json(keeper: &Keeper, seen: &Seen, by: EntryRef) -> Result<Vec<Value>, Refused> {
    let memorandum: &Memorandum = &keeper.memorandum();
    let Some((entry, content)) = read(keeper, by)? else { return Ok(Vec::new()) };
    let mut held_by = Map::new();
    for (party, word) in &seen.holders {
        let time_ms = read(keeper, *word)?.map(|(entry, _)| entry.time_ms);
        let said = json!({"entry": name_text(memorandum, *word), "since_ms": time_ms});
        held_by.insert(memorandum.name_of(*party), said);
    }
    let silent = memorandum.parties().filter(|party| seen.holders.iter().all(|(held, _)| held != party));
    let silent: Vec<String> = silent.map(|party| memorandum.name_of(party)).collect();
    let (state, received) = match seen.fetching {
        Fetching::Here => ("here", seen.blob.size),
        Fetching::UnderWay { chunks } => ("receiving", (chunks * CHUNK).min(seen.blob.size)),
        Fetching::Wanted { .. } | Fetching::Unasked => ("not-received", 0),
        Fetching::False => ("false", 0),
    };
    let failures = match seen.fetching {
        Fetching::Wanted { failures } => failures,
        _ => 0,
    };
    let ours = content.attachments().iter().filter(|one| one.blob() == seen.blob);
    let described = ours.map(|one| {
        json!({
            "entry": name_text(memorandum, by),
            "name": one.name,
            "media_type": one.media_type,
            "size": one.size,
            "hash": hex(&one.hash),
            "root": hex(&one.root),
            "added_by": memorandum.name_of(by.book.party),
            "added_ms": entry.time_ms,
            "state": state,
            "received_bytes": received,
            "failures": failures,
            "held_by": held_by,
            "not_received_by": silent,
        })
    });
    Ok(described.collect())
}

/// What goes with an entry, in its body.
pub(crate) fn attachments_json(content: &Content) -> Value {
    let described = content.attachments().iter().map(|one| {
        json!({
            "name": one.name, "media_type": one.media_type, "size": one.size, "hash": hex(&one.hash),
            "root": hex(&one.root),
        })
    });
    let described: Vec<Value> = described.collect();
    if described.is_empty() { Value::Null } else { described.into() }
}
