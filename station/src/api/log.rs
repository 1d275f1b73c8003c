//! The log of a line: the entries of all its books, the newest first, and of each what every party is known to have had of it, and when.
//!
//! **Bounds.** Entries of an answer and entries looked at for it: where few fit what is asked for, the answer has few, and says where to go on.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use axum::Json;
use axum::extract::State;
use detente_line::Line;
use detente_line::kind::number;
use detente_record::{Book, Entry, EntryRef, Receipt};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::draft::parse_book;
use super::entry::plain_json;
use super::openapi::Answered;
use super::request::{Path, Query};
use super::{Answer, Api, LinePath, Refused, name_text, parse_name, reason_json};
use crate::keeper::Keeper;
use crate::{store, words};

/// Most entries of an answer.
const MOST: usize = 200;
/// Most entries that are looked at for one.
const MOST_READ: usize = 5_000;
/// Entries of a book read at a time, and their bytes, which hold that many of the largest.
const READ: u64 = 32;
const READ_BYTES: usize = 4 << 20;
/// Longest text that is looked for, and longest place to go on from, in bytes.
const MOST_TEXT: usize = 200;
const MOST_PLACE: usize = 32_768;
/// Most entries of a thread.
const MOST_IN_THREAD: usize = 256;

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Asked {
    book: Option<String>,
    party: Option<String>,
    kind: Option<String>,
    text: Option<String>,
    /// Nothing before it, ms.
    since_ms: Option<u64>,
    /// Nothing later, neither an entry nor what is known of one, ms.
    as_of_ms: Option<u64>,
    /// Where an earlier answer ended.
    before: Option<String>,
    limit: Option<usize>,
}

/// A book, read from its end.
struct Reading {
    book: Book,
    /// Up to this number, it is not shown yet.
    size: u64,
    /// What was read of it, ascending; the last one is number `size`.
    read: Vec<store::Entry>,
}

impl Reading {
    /// The last entry that is not shown yet.
    fn last(&mut self, keeper: &Keeper) -> Result<Option<&store::Entry>, Refused> {
        if self.read.is_empty() && self.size > 0 {
            let from = self.size.saturating_sub(READ - 1).max(1);
            let count = usize::try_from(self.size - from + 1).unwrap_or(1);
            self.read = keeper.store.entries(self.book.code(), from, count, READ_BYTES)?;
        }
        Ok(self.read.last())
    }

    fn take(&mut self) -> Option<store::Entry> {
        self.size = self.size.saturating_sub(1);
        self.read.pop()
    }
}

/// What an entry has to be, to be shown.
struct Sought {
    kind: Option<String>,
    text: Option<String>,
    since_ms: u64,
    as_of_ms: Option<u64>,
}

impl Sought {
    fn is(&self, entry: &Value) -> bool {
        let kind = entry.get("kind").and_then(Value::as_str).unwrap_or_default();
        let is_kind = self.kind.as_deref().is_none_or(|sought| sought == kind);
        is_kind
            && self.text.as_deref().is_none_or(|text| {
                entry.get("body").is_some_and(|body| says(body, text))
                    || entry
                        .get("entry")
                        .and_then(Value::as_str)
                        .is_some_and(|name| name.to_lowercase() == text)
            })
    }
}

/// Whether any text of a value has a text in it, which is in small letters.
fn says(value: &Value, text: &str) -> bool {
    match value {
        Value::String(said) => said.to_lowercase().contains(text),
        Value::Array(values) => values.iter().any(|value| says(value, text)),
        Value::Object(fields) => fields.values().any(|value| says(value, text)),
        _ => false,
    }
}

/// The books that are asked for, each from where an earlier answer left it.
fn books(keeper: &Keeper, asked: &Asked) -> Result<Vec<Reading>, Refused> {
    let memorandum = keeper.memorandum();
    let mut sizes = keeper.store.sizes()?;
    if let Some(text) = &asked.book {
        let code = parse_book(&memorandum, text)?.code();
        sizes.retain(|book, _| *book == code);
    }
    if let Some(name) = &asked.party {
        let expected = "a party of this line";
        let party =
            memorandum.party_named(name).ok_or_else(|| Refused::misuse("party", expected, name.as_str()))?;
        sizes.retain(|book, _| Book::from_code(*book).is_ok_and(|book| book.party == party));
    }
    if let Some(place) = &asked.before {
        if place.len() > MOST_PLACE {
            return Err(Refused::misuse("before", "what an answer had as its next", "something longer"));
        }
        let mut left = BTreeMap::new();
        for name in place.split(',').filter(|name| !name.is_empty()) {
            let name = parse_name(&memorandum, name)?;
            left.insert(name.book.code(), name.number);
        }
        // A book that is not in the place was shown to its beginning, or began later.
        sizes.retain(|book, size| {
            *size = left.get(book).copied().unwrap_or(0).min(*size);
            *size > 0
        });
    }
    let read = |(code, size)| Ok(Reading { book: Book::from_code(code)?, size, read: Vec::new() });
    sizes.into_iter().map(read).collect()
}

/// Entries as they are shown, and where to go on, if there is more.
fn page(
    keeper: &Keeper,
    asked: &Asked,
    fresh: &[(Book, Receipt)],
) -> Result<(Vec<Value>, Option<String>), Refused> {
    let limit = asked.limit.unwrap_or(50).clamp(1, MOST);
    let text = asked.text.as_deref().map(str::trim).filter(|text| !text.is_empty());
    if let Some(long) = text.filter(|text| text.len() > MOST_TEXT) {
        let found = format!("{} bytes", long.len());
        return Err(Refused::misuse("text", "at most 200 bytes to look for", found));
    }
    if let Some(kind) = &asked.kind {
        words::kind(kind).map_err(|wrong| Refused::misuse("kind", "a kind of entry", wrong))?;
    }
    let sought = Sought {
        kind: asked.kind.clone(),
        text: text.map(str::to_lowercase),
        since_ms: asked.since_ms.unwrap_or(0),
        as_of_ms: asked.as_of_ms,
    };
    let mut books = books(keeper, asked)?;
    let (mut shown, mut read) = (Vec::new(), 0);
    while shown.len() < limit && read < MOST_READ {
        let mut newest: Option<(usize, (u64, Reverse<u32>))> = None;
        for (place, reading) in books.iter_mut().enumerate() {
            let code = reading.book.code();
            let Some(last) = reading.last(keeper)? else { continue };
            let age = (last.time_ms, Reverse(code));
            if newest.is_none_or(|(_, known)| age > known) {
                newest = Some((place, age));
            }
        }
        let Some(reading) = newest.and_then(|(place, _)| books.get_mut(place)) else { break };
        let book = reading.book;
        let Some(stored) = reading.take() else { break };
        read += 1;
        if sought.as_of_ms.is_some_and(|as_of_ms| stored.time_ms > as_of_ms) {
            continue;
        }
        if stored.time_ms < sought.since_ms {
            // Times do not decrease along a sound book.
            reading.size = 0;
            reading.read.clear();
            continue;
        }
        let entry = plain_json(keeper, EntryRef { book, number: stored.number }, &stored);
        if sought.is(&entry) {
            shown.push(with_what_is_known(keeper, entry, &stored, fresh, sought.as_of_ms)?);
        }
    }
    let memorandum = keeper.memorandum();
    let left = books.iter().filter(|reading| reading.size > 0);
    let left =
        left.map(|reading| name_text(&memorandum, EntryRef { book: reading.book, number: reading.size }));
    let left = left.collect::<Vec<_>>().join(",");
    Ok((shown, Some(left).filter(|left| !left.is_empty())))
}

/// Adds to an entry whether it is void, and what each other party is known to have had of it by a time.
fn with_what_is_known(
    keeper: &Keeper,
    mut entry: Value,
    stored: &store::Entry,
    fresh: &[(Book, Receipt)],
    as_of_ms: Option<u64>,
) -> Result<Value, Refused> {
    let memorandum = keeper.memorandum();
    let name = EntryRef { book: Book::from_code(stored.book)?, number: stored.number };
    let by_then = |ms: &u64| as_of_ms.is_none_or(|as_of_ms| *ms <= as_of_ms);
    let mut known: Map<String, Value> = Map::new();
    for party in memorandum.parties().filter(|party| *party != name.book.party) {
        let kept = keeper.store.first_receipt_covering(stored.book, party.number(), stored.number)?;
        let kept = kept.map(|receipt| receipt.seconds);
        let came = fresh.iter().find(|(book, receipt)| {
            *book == name.book && receipt.party == party && receipt.size >= name.number
        });
        let seconds = kept.or(came.map(|(_, receipt)| receipt.seconds));
        let delivered_ms = seconds.map(|seconds| seconds.saturating_mul(1_000)).filter(by_then);
        known.insert(
            memorandum.name_of(party),
            json!({"delivered_ms": delivered_ms, "displayed_ms": null, "acknowledged_ms": null}),
        );
    }
    let mut after = None;
    loop {
        let regards = keeper.store.regards_of(stored.book, stored.number, after)?;
        let Some(last) = regards.last() else { break };
        after = Some((last.book, last.number));
        for regard in regards.iter().filter(|regard| !regard.void) {
            let field = match regard.kind {
                number::DISPLAYED => "displayed_ms",
                number::ACKNOWLEDGEMENT => "acknowledged_ms",
                _ => continue,
            };
            let party = memorandum.name_of(Book::from_code(regard.book)?.party);
            let place = known.get_mut(&party).and_then(|known| known.get_mut(field));
            let Some(place) = place.filter(|place| place.is_null()) else { continue };
            let Some(by) = keeper.store.entry(regard.book, regard.number)? else { continue };
            if by_then(&by.time_ms) {
                *place = json!(by.time_ms);
            }
        }
    }
    if let Some(all) = entry.as_object_mut() {
        all.insert("known".into(), Value::Object(known));
        if let Some(reason) = keeper.store.void(stored.book, stored.number)? {
            all.insert("marked".into(), reason_json(&reason));
        }
    }
    Ok(entry)
}

/// The newest receipts of every book, which the store may not hold yet.
fn fresh(line: &Line) -> Vec<(Book, Receipt)> {
    let held = line.held().into_iter();
    held.flat_map(|held| line.receipts(held.book).cloned().map(move |receipt| (held.book, receipt))).collect()
}

/// `GET …/log`
#[utoipa::path(get, operation_id = "log", path = "/v1/lines/{line}/log", tag = "record", summary = "The entries of all books, the newest first", params(("line" = String, Path), Asked), responses(Answered))]
pub(crate) async fn log(State(api): State<Api>, Path(line): LinePath, Query(asked): Query<Asked>) -> Answer {
    let keeper = api.line(&line)?.clone();
    let fresh = keeper.look(fresh).await.ok_or_else(Refused::stopping)?;
    let read = tokio::task::spawn_blocking(move || {
        let (entries, next) = page(&keeper, &asked, &fresh)?;
        Ok::<_, Refused>(json!({"as_of_ms": asked.as_of_ms, "entries": entries, "next": next}))
    });
    read.await.map_err(|_| Refused::stopping())?.map(Json)
}

/// The names of a thread: an entry, what it regards and what regards it, and so on both ways; and whether there are more than may be shown.
fn thread_of(keeper: &Keeper, first: EntryRef) -> Result<(BTreeSet<EntryRef>, bool), Refused> {
    let (mut found, mut open) = (BTreeSet::new(), vec![first]);
    while let Some(name) = open.pop() {
        let Some(stored) = keeper.store.entry(name.book.code(), name.number)? else { continue };
        if found.contains(&name) {
            continue;
        }
        if found.len() == MOST_IN_THREAD {
            return Ok((found, true));
        }
        found.insert(name);
        open.extend(Entry::decode(&stored.bytes).map(|entry| entry.regards).unwrap_or_default());
        let mut after = None;
        loop {
            let regards = keeper.store.regards_of(name.book.code(), name.number, after)?;
            let Some(last) = regards.last() else { break };
            after = Some((last.book, last.number));
            for regard in &regards {
                open.push(EntryRef { book: Book::from_code(regard.book)?, number: regard.number });
            }
            if open.len() > MOST_READ {
                return Ok((found, true));
            }
        }
    }
    Ok((found, false))
}

/// `GET …/threads/{party}/{book}/{number}`
#[utoipa::path(get, operation_id = "log_thread", path = "/v1/lines/{line}/threads/{party}/{book}/{number}", tag = "record", summary = "An entry, what it regards and what regards it", params(("line" = String, Path), ("party" = String, Path), ("book" = String, Path), ("number" = u64, Path)), responses(Answered))]
pub(crate) async fn thread(
    State(api): State<Api>,
    Path((line, party, book, number)): Path<(String, String, String, String)>,
) -> Answer {
    let keeper = api.line(&line)?.clone();
    let first = parse_name(&keeper.memorandum(), &format!("{party}/{book}/{number}"))?;
    let fresh = keeper.look(fresh).await.ok_or_else(Refused::stopping)?;
    let read = tokio::task::spawn_blocking(move || {
        let text = name_text(&keeper.memorandum(), first);
        if keeper.store.entry(first.book.code(), first.number)?.is_none() {
            return Err(Refused::no_entry(text));
        }
        let (names, more) = thread_of(&keeper, first)?;
        let mut entries = Vec::new();
        for name in names {
            let Some(stored) = keeper.store.entry(name.book.code(), name.number)? else { continue };
            let entry = plain_json(&keeper, name, &stored);
            let entry = with_what_is_known(&keeper, entry, &stored, &fresh, None)?;
            entries.push((stored.time_ms, name, entry));
        }
        entries.sort_by_key(|(time_ms, name, _)| (*time_ms, *name));
        let entries: Vec<Value> = entries.into_iter().map(|(_, _, entry)| entry).collect();
        Ok(json!({"of": text, "entries": entries, "more": more}))
    });
    read.await.map_err(|_| Refused::stopping())?.map(Json)
}
