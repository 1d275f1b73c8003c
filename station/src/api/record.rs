//! The record: its books, whether they hold, and what was found against anybody.

use axum::Json;
use axum::extract::State;
use detente_record::hex;
use serde_json::{Map, json};

use super::request::Path;
use super::{Answer, Api, LinePath, Refused, book_text};
use crate::verify::{Keys, Verification};

/// `GET …/books`
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
                "cosignatures_checked": cosigned.get(&book).map_or(0, |(count, _)| *count),
                "faults": found.faults,
            })
        });
        Ok::<_, Refused>(json!({"ok": ok, "books": books.collect::<Vec<_>>()}))
    });
    verified.await.map_err(|_| Refused::stopping())?.map(Json)
}

/// `GET …/evidence`
pub(crate) async fn evidence(State(api): State<Api>, Path(line): LinePath) -> Answer {
    let keeper = api.line(&line)?;
    let evidence = keeper.store.evidence(0, 1_000)?.into_iter().map(|found| {
        json!({"id": found.id, "what": found.kind, "time_ms": found.time_ms, "proof": hex(&found.bytes)})
    });
    Ok(Json(json!({"evidence": evidence.collect::<Vec<_>>()})))
}
