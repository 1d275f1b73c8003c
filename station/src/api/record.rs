//! The record: its books, whether they hold, and what was found against anybody.

use axum::Json;
use axum::extract::State;
use detente_line::frame::Frame;
use detente_record::{Party, hex};
use serde_json::{Map, Value, json};

use super::openapi::Answered;
use super::request::Path;
use super::{Answer, Api, LinePath, Refused, book_text, name_text};
use crate::verify::{Keys, Verification};

/// `GET …/books`
#[utoipa::path(get, operation_id = "record_books", path = "/v1/lines/{line}/books", tag = "record", summary = "The books, their sizes and roots", params(("line" = String, Path)), responses(Answered))]
pub(crate) async fn books(State(api): State<Api>, Path(line): LinePath) -> Answer {
    let keeper = api.line(&line)?;
    let seen = keeper.look(|line| {
        let memorandum = line.memorandum();
        let books = line.held().into_iter().map(|held| {
            let receipts = line.receipts(held.book).map(|receipt| {
                (memorandum.name_of(receipt.party), json!({"size": receipt.size, "seconds": receipt.seconds}))
            });
            json!({
                "book": book_text(memorandum, held.book),
                "size": held.size,
                "durable": held.durable,
                "signed": held.signed,
                "root": hex(&held.root),
                "judged": held.judged,
                "ended": held.ended,
                "origin": held.book.origin(&line.id()),
                "receipts": receipts.collect::<Map<_, _>>(),
            })
        });
        json!({"books": books.collect::<Vec<_>>()})
    });
    seen.await.map(Json).ok_or_else(Refused::stopping)
}

/// `POST …/verify`
#[utoipa::path(post, operation_id = "record_verify", path = "/v1/lines/{line}/verify", tag = "record", summary = "Verifies the whole record", params(("line" = String, Path)), responses(Answered))]
pub(crate) async fn verify(State(api): State<Api>, Path(line): LinePath) -> Answer {
    let keeper = api.line(&line)?.clone();
    let keys = keeper.look(Keys::of).await.ok_or_else(Refused::stopping)?;
    let verified = tokio::task::spawn_blocking(move || {
        let mut verified = Verification::run(&keeper.store, &keeper.memorandum(), &keys)?;
        let kept = keeper.witnesses.kept();
        let kept = kept.map(|kept| kept.verify(&keeper.store, &keeper.memorandum(), &keys.ring));
        let mut cosigned = kept.transpose()?.unwrap_or_default();
        for (book, (_, faults)) in &mut cosigned {
            verified.entry(*book).or_default().faults.append(faults);
        }
        let ok = verified.values().all(|book| book.faults.is_empty());
        let books = verified.into_iter().map(|(book, found)| {
            json!({
                "book": book_text(&keeper.memorandum(), book),
                "size": found.size,
                "root": hex(&found.root),
                "entries_checked": found.size,
                "checkpoints_checked": found.checkpoints,
                "receipts_checked": found.receipts,
                "seals_checked": found.seals,
                "sealed": found.sealed.map(|sealed| json!({
                    "size": sealed.size,
                    "seconds": sealed.seconds,
                    "entry": name_text(&keeper.memorandum(), sealed.entry),
                    "ed25519": true,
                    "ml_dsa": true,
                })),
                "cosignatures_checked": cosigned.get(&book).map_or(0, |(count, _)| *count),
                "faults": found.faults,
            })
        });
        Ok::<_, Refused>(json!({"ok": ok, "books": books.collect::<Vec<_>>()}))
    });
    verified.await.map_err(|_| Refused::stopping())?.map(Json)
}

/// `GET …/evidence`
#[utoipa::path(get, operation_id = "record_evidence", path = "/v1/lines/{line}/evidence", tag = "record", summary = "What convicts somebody", params(("line" = String, Path)), responses(Answered))]
pub(crate) async fn evidence(State(api): State<Api>, Path(line): LinePath) -> Answer {
    let keeper = api.line(&line)?;
    let memorandum = &keeper.memorandum();
    let evidence = keeper.store.evidence(0, 1_000)?.into_iter().map(|found| {
        // As the keeper writes it down: whose breach by number, which names outlive, and the fault.
        let (number, what) = found.kind.strip_prefix("party ").and_then(|kind| kind.split_once(": ")).unzip();
        let party = number.and_then(|number| Party::new(number.parse().ok()?).ok());
        let fork = match Frame::decode(&found.bytes) {
            Ok(Frame::Fork(fork)) => {
                let (head, with) = (&fork.head.checkpoint, &fork.with.checkpoint);
                json!({"book": book_text(memorandum, head.book), "sizes": [head.size, with.size]})
            }
            _ => Value::Null,
        };
        json!({
            "id": found.id,
            "party": party.map(|party| memorandum.name_of(party)),
            "what": what.unwrap_or(&found.kind),
            "time_ms": found.time_ms,
            "fork": fork,
            "proof": hex(&found.bytes),
        })
    });
    Ok(Json(json!({"evidence": evidence.collect::<Vec<_>>()})))
}
