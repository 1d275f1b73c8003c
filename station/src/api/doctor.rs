//! Whether the station is well: what its folder shows, and what only a station at work knows.

use axum::extract::State;
use axum::{Extension, Json};
use detente_line::{Line, Shown, Witness};
use detente_record::{Party, Receipt};
use serde_json::json;

use super::asker::Asker;
use super::openapi::Answered;
use super::{Answer, Api, Refused, book_text};
use crate::doctor::{self, Check};
use crate::duration;
use crate::feed::{KEPT, Told};
use crate::keeper::Keeper;

/// How far another party's clock may be off before that is told.
const CLOCKS_APART_MS: u64 = 10_000;

/// `GET /v1/doctor`
#[utoipa::path(
    get,
    operation_id = "doctor",
    path = "/v1/doctor",
    tag = "station",
    summary = "Whether the station is well",
    responses(Answered)
)]
pub(crate) async fn doctor(State(api): State<Api>, Extension(asker): Extension<Asker>) -> Answer {
    let (home, who) = (api.home.clone(), asker.clone());
    let looked = tokio::task::spawn_blocking(move || doctor::look_at(&home, |line| who.sees(line)));
    let mut checks = looked.await.map_err(|_| Refused::stopping())?;
    checks.extend(api.webhooks.checks(|line| asker.sees(line)));
    for (name, keeper) in api.seen_by(&asker) {
        let mut found = vec![store(keeper).await?, room(keeper)?];
        let seen = keeper.look(Seen::of).await.ok_or_else(Refused::stopping)?;
        for peer in keeper.memorandum().parties().filter(|party| *party != keeper.party) {
            found.push(circuit(keeper, &seen, peer, api.now_ms()));
            found.push(clock(keeper, &seen, peer, api.now_ms())?);
        }
        found.extend(seen.seals.map(seals));
        for witness in keeper.memorandum().witnesses() {
            found.push(witnessing(keeper, witness, api.now_ms()));
        }
        let none = keeper.store.evidence(0, 1)?.is_empty();
        let hint = "`detente record evidence` shows it";
        found.push(Check::of("evidence", none, if none { "none" } else { "some" }, hint));
        checks.extend(found.into_iter().map(|check| check.on(name)));
    }
    Ok(Json(json!({"checks": checks})))
}

/// What a line says of itself.
struct Seen {
    up: Vec<Party>,
    receipts: Vec<Receipt>,
    /// Whether the seal key is the one that the memorandum commits to, where it does.
    seals: Option<bool>,
}

impl Seen {
    fn of(line: &Line) -> Self {
        let up =
            line.circuits().filter(|(_, state)| state.ready && !state.silent).map(|(_, state)| state.peer);
        let own = line.held().into_iter().map(|held| held.book).filter(|book| book.party == line.party());
        Self {
            up: up.collect(),
            receipts: own.flat_map(|book| line.receipts(book).cloned()).collect(),
            seals: line.has_committed_seal_key(),
        }
    }
}

/// Whether this party's books are sealed as the memorandum has it.
fn seals(has_key: bool) -> Check {
    let found = if has_key {
        "with the key that the memorandum commits to"
    } else {
        "the memorandum commits to a key that is not here: nothing is sealed"
    };
    let hint = "bring keys.toml back from where it is kept safe; where it is lost, `detente init --seal-key` makes a new key and writes \
                the card, and a motion to amend puts it in the memorandum";
    Check::of("seals", has_key, found, hint)
}

async fn store(keeper: &Keeper) -> Result<Check, Refused> {
    let store = keeper.store.clone();
    let audit = tokio::task::spawn_blocking(move || store.check()).await.map_err(|_| Refused::stopping())?;
    Ok(match audit {
        Ok(audit) => {
            let found = match audit.faults.first() {
                None => format!("{} entries", audit.counts.entries),
                Some(first) => format!("{} faults, first: {first}", audit.fault_count),
            };
            let hint = "stop the station, move this line's folder store/ away, keep it, and start again: the other parties' mirrors bring everything back";
            Check::of("store", audit.faults.is_empty(), found, hint)
        }
        Err(error) => Check::of("store", false, error.to_string(), error.hint()),
    })
}

fn room(keeper: &Keeper) -> Result<Check, Refused> {
    let all = keeper.store.space()?.ordinary_accepted;
    let found = if all { "every precedence is taken" } else { "only FLASH and acts are taken" };
    Ok(Check::of("room", all, found, "free space on the disk of the store"))
}

/// Whether a circuit to a peer is up; where it is not and is dialled, why the last dial failed.
fn circuit(keeper: &Keeper, seen: &Seen, peer: Party, now_ms: u64) -> Check {
    let up = seen.up.iter().filter(|other| **other == peer).count();
    let hint = "check addresses in station.toml on both sides, and that UDP (quic) or TCP (tcp) passes; the log of `detente run` says \
                why a circuit was not taken";
    let name = keeper.memorandum().name_of(peer);
    let found = match keeper.circuits.last_failure(&name).filter(|_| up == 0) {
        None => format!("{up} up"),
        Some(last) => {
            let ago_s = now_ms.saturating_sub(last.at_ms) / 1_000;
            format!("0 up; {} was dialled {ago_s} s ago: {}", last.address, last.why)
        }
    };
    Check::of(&format!("circuit to {name}"), up > 0, found, hint)
}

/// Whether a witness cosigns; where it does not, why.
fn witnessing(keeper: &Keeper, witness: &Witness, now_ms: u64) -> Check {
    let standing = keeper.witnesses.standing(&witness.name);
    let name = format!("witness {}", witness.name);
    let first = standing.troubles.iter().next();
    if let Some((book, (trouble, since_ms))) = first {
        let of = book.map(|book| format!("{}: ", book_text(&keeper.memorandum(), book))).unwrap_or_default();
        let since_s = now_ms.saturating_sub(*since_ms) / 1_000;
        let found = format!("{of}{}: {trouble}, for {since_s} s", trouble.name());
        return Check::of(&name, false, found, trouble.hint());
    }
    let found = match standing.last_success_ms {
        Some(at_ms) => format!("cosigned {} s ago", now_ms.saturating_sub(at_ms) / 1_000),
        None => "nothing grew since the start".to_owned(),
    };
    Check::of(&name, true, found, "")
}

/// Holds a party's clock to its receipts of own entries: each was given after the entry was written and before
/// the receipt came in, by the own clock.
fn clock(keeper: &Keeper, seen: &Seen, peer: Party, now_ms: u64) -> Result<Check, Refused> {
    let mut off_ms: i64 = 0;
    let mut known = false;
    let (told, _) = keeper.feed.after(0, KEPT);
    for receipt in seen.receipts.iter().filter(|receipt| receipt.party == peer) {
        let Some(entry) = keeper.store.entry(receipt.book.code(), receipt.size)? else { continue };
        known = true;
        let given_ms = receipt.seconds.saturating_mul(1_000);
        let arrived = told.iter().rev().find(|happening| match happening.told.as_ref() {
            Told::Shown(shown) => {
                matches!(shown.as_ref(), Shown::Receipted { receipt: told } if told == receipt)
            }
            _ => false,
        });
        let latest_ms = arrived.map_or(now_ms, |happening| happening.at_ms);
        let apart_ms = if given_ms > latest_ms {
            given_ms.saturating_sub(latest_ms).cast_signed()
        } else {
            // Receipts count whole seconds.
            let earliest_ms = entry.time_ms.min(latest_ms) / 1_000 * 1_000;
            -earliest_ms.saturating_sub(given_ms).cast_signed()
        };
        if apart_ms.unsigned_abs() > off_ms.unsigned_abs() {
            off_ms = apart_ms;
        }
    }
    let apart = duration::text(off_ms.unsigned_abs() / 1_000 * 1_000);
    let ok = off_ms.unsigned_abs() <= CLOCKS_APART_MS;
    let found = match (known, ok, off_ms > 0) {
        (false, ..) => "not known before it receipts something".to_owned(),
        (true, true, _) => format!("within {} of this one", duration::text(CLOCKS_APART_MS)),
        (true, false, true) => format!("{apart} ahead of this one"),
        (true, false, false) => format!("{apart} behind this one"),
    };
    let hint = "one of the two is wrong: look at `timedatectl` here, and telephone the other party";
    Ok(Check::of(&format!("clock of {}", keeper.memorandum().name_of(peer)), ok, found, hint))
}
