//! The record: its books, whether they hold, and what was found against anybody.

use axum::Json;
use axum::extract::State;
use detente_record::hex;
use serde_json::{Map, json};

use super::{Answer, Api, LinePath, Refused, book_text};
use crate::verify::Verification;

/// `GET …/books`
pub(crate) async fn books(State(api): State<Api>, axum::extract::Path(line): LinePath) -> Answer {
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
pub(crate) async fn verify(State(api): State<Api>, axum::extract::Path(line): LinePath) -> Answer {
    let keeper = api.line(&line)?.clone();
    let secrets = keeper.look(|line| line.secrets()).await.ok_or_else(Refused::stopping)?;
    let verified = tokio::task::spawn_blocking(move || {
        let verified = Verification::run(&keeper.store, &keeper.memorandum, &secrets)?;
        let ok = verified.values().all(|book| book.faults.is_empty());
        let books = verified.into_iter().map(|(book, found)| {
            json!({
                "book": book_text(&keeper.memorandum, book),
                "size": found.size,
                "root": hex(&found.root),
                "entries_checked": found.size,
                "checkpoints_checked": found.checkpoints,
                "receipts_checked": found.receipts,
                "faults": found.faults,
            })
        });
        Ok::<_, Refused>(json!({"ok": ok, "books": books.collect::<Vec<_>>()}))
    });
    verified.await.map_err(|_| Refused::stopping())?.map(Json)
}

/// `GET …/evidence`
pub(crate) async fn evidence(State(api): State<Api>, axum::extract::Path(line): LinePath) -> Answer {
    let keeper = api.line(&line)?;
    let evidence = keeper.store.evidence(0, 1_000)?.into_iter().map(|found| {
        json!({"id": found.id, "what": found.kind, "time_ms": found.time_ms, "proof": hex(&found.bytes)})
    });
    Ok(Json(json!({"evidence": evidence.collect::<Vec<_>>()})))
}

/// `GET /v1/doctor`
pub(crate) async fn doctor(State(api): State<Api>) -> Answer {
    let mut checks = Vec::new();
    for (name, keeper) in api.lines.iter() {
        let check = |what: &str, ok: bool, found: String, hint: &str| json!({"name": format!("{name}: {what}"), "ok": ok, "found": found, "hint": if ok { "" } else { hint }});
        let store = keeper.store.clone();
        let audit =
            tokio::task::spawn_blocking(move || store.check()).await.map_err(|_| Refused::stopping())?;
        match audit {
            Ok(audit) => {
                let found = match audit.faults.first() {
                    None => format!("{} entries", audit.counts.entries),
                    Some(first) => format!("{} faults, first: {first}", audit.fault_count),
                };
                let hint = "stop the station and restore the store from the other parties' mirrors";
                checks.push(check("store", audit.faults.is_empty(), found, hint));
            }
            Err(error) => checks.push(check("store", false, error.to_string(), error.hint())),
        }
        let space = keeper.store.space()?;
        let found = format!("{} MiB free", space.free_bytes >> 20);
        checks.push(check(
            "disk",
            space.ordinary_accepted,
            found,
            "free space: only FLASH and acts are taken",
        ));
        let peers = keeper.memorandum.parties().filter(|party| *party != keeper.party).collect::<Vec<_>>();
        let up = keeper.look(|line| {
            line.circuits().filter(|(_, s)| s.ready && !s.silent).map(|(_, s)| s.peer).collect::<Vec<_>>()
        });
        let up = up.await.ok_or_else(Refused::stopping)?;
        for peer in peers {
            let found = up.iter().filter(|other| **other == peer).count();
            let what = format!("circuit to {}", keeper.memorandum.name_of(peer));
            let hint = "check addresses in station.toml on both sides, and that UDP passes; the log says why a circuit was not taken";
            checks.push(check(&what, found > 0, format!("{found} up"), hint));
        }
        let breaches = keeper.store.evidence(0, 1)?.len();
        let hint = "`detente record evidence` shows it";
        checks.push(check(
            "evidence",
            breaches == 0,
            if breaches == 0 { "none".into() } else { "some".into() },
            hint,
        ));
    }
    Ok(Json(json!({"checks": checks})))
}
