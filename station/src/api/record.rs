//! The record: its books, whether they hold, and what was found against anybody.

use axum::Json;
use axum::extract::State;
use detente_record::{Book, BookSecret, Checkpoint, Frontier, LineSecret, SignedCheckpoint, hex, leaf_hash};
use serde_json::{Map, Value, json};

use super::{Answer, Api, LinePath, Refused, book_text};
use crate::keeper::Keeper;
use crate::links;

/// Most faults that are told of one book.
const MAX_FAULTS: usize = 100;

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
    let verified = tokio::task::spawn_blocking(move || verify_all(&keeper, &secrets)).await;
    verified.map_err(|_| Refused::stopping())?.map(Json)
}

fn verify_all(keeper: &Keeper, secrets: &[(detente_record::Party, LineSecret)]) -> Result<Value, Refused> {
    let mut books = Vec::new();
    let mut ok = true;
    for code in keeper.store.sizes()?.into_keys() {
        let book = Book::from_code(code)?;
        let secret = secrets.iter().find(|(party, _)| *party == book.party).map(|(_, secret)| secret);
        let verified = match secret {
            Some(secret) => verify_book(keeper, book, secret)?,
            None => {
                json!({"book": book_text(&keeper.memorandum, book), "faults": ["no line secret for this book"]})
            }
        };
        ok &= verified.get("faults").and_then(Value::as_array).is_some_and(Vec::is_empty);
        books.push(verified);
    }
    Ok(json!({"ok": ok, "books": books}))
}

/// Reads a whole book again and holds every checkpoint and receipt of it to what it says.
fn verify_book(keeper: &Keeper, book: Book, secret: &LineSecret) -> Result<Value, Refused> {
    let (line, memorandum, store) = (keeper.line(), &keeper.memorandum, &keeper.store);
    let secret = BookSecret::new(secret, &book.origin(&line));
    let (mut frontier, mut checkpoints, mut receipts) = (Frontier::default(), 0u64, 0u64);
    let mut faults: Vec<String> = Vec::new();
    let mut fault = |text: String| {
        if faults.len() < MAX_FAULTS {
            faults.push(text);
        }
    };
    let mut next = store.next_checkpoint(book.code(), 0)?;
    let mut given = store.receipts(book.code(), 0)?;
    let size = store.size(book.code())?;
    while frontier.size() < size {
        let entries = store.entries(book.code(), frontier.size() + 1, 1_024, 4 << 20)?;
        if entries.is_empty() {
            fault(format!("entry {} is missing", frontier.size() + 1));
            break;
        }
        for entry in entries {
            let leaf = leaf_hash(&secret.blind(frontier.size()), &entry.bytes);
            if leaf != entry.leaf {
                fault(format!("entry {} does not hash to its stored leaf", entry.number));
            }
            frontier.push(leaf);
            let Some(found) = next.take_if(|found| found.size == frontier.size()) else { continue };
            let root = frontier.root();
            let checkpoint = Checkpoint { book, size: found.size, root };
            let signed = SignedCheckpoint { checkpoint, signature: found.signature };
            let holds = memorandum.book_key(book.party).is_some_and(|key| signed.verify(&line, key).is_ok());
            checkpoints += 1;
            if !holds {
                fault(format!("the checkpoint of size {} does not hold", found.size));
            }
            if given.first().is_some_and(|receipt| receipt.size <= found.size) {
                let (covered, rest): (Vec<_>, Vec<_>) =
                    given.into_iter().partition(|receipt| receipt.size <= found.size);
                for stored in covered {
                    let receipt = links::receipt(book, &stored)?;
                    let key = memorandum.receipt_key(receipt.party);
                    receipts += 1;
                    if receipt.size != found.size
                        || key.is_none_or(|key| receipt.verify(&root, &line, key).is_err())
                    {
                        fault(format!(
                            "a receipt of {} for size {} does not hold",
                            memorandum.name_of(receipt.party),
                            receipt.size
                        ));
                    }
                }
                given = if rest.is_empty() { store.receipts(book.code(), found.size)? } else { rest };
            }
            next = store.next_checkpoint(book.code(), found.size)?;
        }
    }
    if !given.is_empty() {
        fault("a receipt covers more than is held".into());
    }
    Ok(json!({
        "book": book_text(memorandum, book),
        "size": frontier.size(),
        "root": hex(&frontier.root()),
        "entries_checked": frontier.size(),
        "checkpoints_checked": checkpoints,
        "receipts_checked": receipts,
        "faults": faults,
    }))
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
