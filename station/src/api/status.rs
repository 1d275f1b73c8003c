//! How a line stands, and what is open on it.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use detente_line::notice::Field;
use detente_line::{Awaited, Duty, Line, Memorandum, Owed, Suspended};
use detente_record::{Book, Class, EntryRef, Party};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::circuits::state_json;
use super::consent::motion_json;
use super::draft::receipted_by;
use super::entry::{MAX_ENTRIES, ahead_json, full_json, kind_text};
use super::observers::observers_json;
use super::openapi::Answered;
use super::request::{Path, Query};
use super::working_group::parent_json;
use super::{Answer, Api, LinePath, Refused, book_text, name_text};
use crate::airspace::{self, Due, Room};
use crate::circuits::Circuits;
use crate::keeper::{Keeper, WaitsForRoom};
use crate::paper::Paper;

/// `GET …/memorandum`
#[utoipa::path(get, operation_id = "status_memorandum", path = "/v1/lines/{line}/memorandum", tag = "line", summary = "The memorandum in force", params(("line" = String, Path)), responses(Answered))]
pub(crate) async fn memorandum(State(api): State<Api>, Path(line): LinePath) -> Answer {
    let memorandum = &api.line(&line)?.memorandum();
    let terms = memorandum.terms();
    let parent = parent_json(&api, terms).await?;
    let parties = terms.parties.iter().map(|member| {
        let offices = member.offices.iter();
        json!({
            "number": member.number,
            "name": member.name,
            "full_name": member.full_name,
            "languages": member.languages,
            "offices": offices.map(|o| json!({"number": o.number, "name": o.name, "rank": o.rank})).collect::<Vec<_>>(),
            "fingerprint": detente_record::fingerprint(&member.fingerprint_subject()),
        })
    });
    let clocks = [Class::Z, Class::O, Class::P, Class::R]
        .map(|class| (class.letter().to_string(), json!(memorandum.handling_ms(class))));
    let kinds = terms.notices.iter().map(|kind| {
        let fields = kind.required.iter().flatten();
        let names = fields.filter_map(|number| Field::ALL.into_iter().find(|field| *field as u16 == *number));
        json!({
            "name": kind.name,
            "nature": kind.nature().name(),
            "lead_ms": kind.lead_ms,
            "emergency_lead_ms": kind.emergency_lead_ms,
            "required": names.map(Field::name).collect::<Vec<_>>(),
            "review_ms": kind.review_ms,
        })
    });
    Ok(Json(json!({
        "name": terms.name,
        "line": memorandum.line().to_string(),
        "hash": detente_record::hex(&memorandum.hash()),
        "fingerprint": detente_record::fingerprint(&memorandum.hash()),
        "predecessor": terms.predecessor.map(|hash| detente_record::hex(&hash)),
        "parent": parent,
        "file": Paper::amending(memorandum).text(),
        "next_number": memorandum.everyone().map(|member| u16::from(member.number) + 1).max(),
        "parties": parties.collect::<Vec<_>>(),
        "observers": observers_json(memorandum),
        "depositary": memorandum.depositary().map(|party| memorandum.name_of(party)),
        "handling_ms": Map::from_iter(clocks),
        "notice_kinds": kinds.collect::<Vec<_>>(),
    })))
}

pub(crate) fn suspension_json(
    memorandum: &Memorandum,
    suspended: &Suspended,
    consent: Option<EntryRef>,
    receipted_by: &[Party],
    now_ms: u64,
) -> Value {
    json!({
        "entry": name_text(memorandum, suspended.act),
        "scope": suspended.scope.iter().copied().map(kind_text).collect::<Vec<_>>(),
        "reason": suspended.reason,
        "effective_ms": suspended.effective_ms,
        "effective": suspended.effective_ms <= now_ms,
        "consent": consent.map(|decision| name_text(memorandum, decision)),
        "receipted_by": receipted_by.iter().map(|party| memorandum.name_of(*party)).collect::<Vec<_>>(),
    })
}

fn party_json(line: &Line, party: Party, now_ms: u64) -> Value {
    let memorandum = line.memorandum();
    let circuits: Vec<_> =
        line.circuits().filter(|(_, state)| state.peer == party).map(|(_, state)| state).collect();
    let duty = line.duty(party);
    json!({
        "name": memorandum.name_of(party),
        "me": party == line.party(),
        "parted": line.parted(party).map(|act| name_text(memorandum, act)),
        "willing": line.suspension(party, now_ms).is_none(),
        "suspension": line.last_suspension(party).map(|suspended| {
            let receipted_by = receipted_by(line, suspended.act);
            suspension_json(memorandum, suspended, line.consent(suspended.act), &receipted_by, now_ms)
        }),
        "circuits_up": circuits.iter().filter(|state| state.ready && !state.silent).count(),
        "last_heard_ms": circuits.iter().map(|state| state.heard_ms).max(),
        "officer": duty.map_or("unknown", |(_, duty)| match duty {
            Duty::On | Duty::Handover { .. } => "on",
            Duty::Off => "off",
        }),
        "officer_since": duty.map(|(entry, _)| name_text(memorandum, entry)),
    })
}

fn counts(entries: impl Iterator<Item = EntryRef>) -> Value {
    let mut counts: BTreeMap<char, u64> =
        ['Z', 'O', 'P', 'R'].into_iter().map(|letter| (letter, 0)).collect();
    for entry in entries {
        *counts.entry(entry.book.class.letter()).or_default() += 1;
    }
    json!(counts.into_iter().map(|(letter, count)| (letter.to_string(), json!(count))).collect::<Map<_, _>>())
}

/// When an entry is to be handled by, ms.
fn due_ms(memorandum: &Memorandum, name: EntryRef, owed: &Owed) -> Option<u64> {
    Some(owed.arrived_ms?.saturating_add(memorandum.handling_ms(name.book.class)?))
}

/// Whether an entry should have been handled by now.
pub(super) fn is_overdue(line: &Line, name: EntryRef, owed: &Owed, now_ms: u64) -> bool {
    due_ms(line.memorandum(), name, owed).is_some_and(|due_ms| due_ms < now_ms)
}

fn status_json(line: &Line, circuits: &Circuits, clock_ms: u64) -> Value {
    let now_ms = line.time_ms(clock_ms);
    let memorandum = line.memorandum();
    let circuits =
        line.circuits().map(|(id, state)| state_json(circuits, id, &memorandum.name_of(state.peer), &state));
    let overdue = line.owed().filter(|(name, owed)| is_overdue(line, *name, owed, now_ms));
    let motions = line.open_motions().into_iter().map(|motion| motion_json(line, &line.seen(), motion, None));
    let cut = line.held().into_iter().map(|held| (book_text(memorandum, held.book), json!(held.size)));
    json!({
        "line": line.id().to_string(),
        "name": memorandum.terms().name,
        "party": memorandum.name_of(line.party()),
        "parted": line.parted(line.party()).map(|act| name_text(memorandum, act)),
        "now_ms": now_ms,
        "open": line.members().iter().all(|party| line.suspension(*party, now_ms).is_none()),
        "members": line.members().iter().map(|party| memorandum.name_of(*party)).collect::<Vec<_>>(),
        "parties": memorandum.parties().map(|party| party_json(line, party, now_ms)).collect::<Vec<_>>(),
        "circuits": circuits.collect::<Vec<_>>(),
        "owed": counts(line.owed().map(|(name, _)| name)),
        "awaited": counts(line.awaited().map(|(name, _)| name)),
        "overdue": overdue.count(),
        "motions": motions.collect::<Vec<_>>(),
        "next_test_ms": line.next_test_ms(),
        "forked": line.forked_books().map(|book| book_text(memorandum, book)).collect::<Vec<_>>(),
        "cut": cut.collect::<Map<_, _>>(),
        "seals": seals_json(line),
    })
}

/// Of each party with a seal key, up to where its books are sealed. What is told here was found to hold, both signatures of
/// it, when it came.
fn seals_json(line: &Line) -> Value {
    let memorandum = line.memorandum();
    let sizes: BTreeMap<Book, u64> = line.held().into_iter().map(|held| (held.book, held.size)).collect();
    let sealing = memorandum.terms().parties.iter().filter(|member| member.seal.is_some());
    let parties = sealing.filter_map(|member| {
        let party = Party::new(member.number).ok()?;
        let of = line.seals().filter(|(book, _)| book.party == party);
        let books = of.map(|(book, last)| {
            let said = json!({
                "size": last.size,
                "held": sizes.get(&book),
                "seconds": last.seconds,
                "entry": name_text(memorandum, last.entry),
                "ed25519": true,
                "ml_dsa": true,
            });
            (book_text(memorandum, book), said)
        });
        Some((member.name.clone(), Value::Object(books.collect())))
    });
    json!({"every_ms": memorandum.sealing_ms(), "parties": parties.collect::<Map<_, _>>()})
}

/// How each witness of the memorandum does.
fn witnesses_json(keeper: &Keeper) -> Value {
    let memorandum = &keeper.memorandum();
    let witnesses = memorandum.witnesses().iter().map(|witness| {
        let standing = keeper.witnesses.standing(&witness.name);
        let cosigned = standing.cosigned.iter().map(|(book, (size, seconds))| {
            (book_text(memorandum, *book), json!({"size": size, "seconds": seconds}))
        });
        let troubles = standing.troubles.iter().map(|(book, (trouble, since_ms))| {
            json!({
                "book": book.map(|book| book_text(memorandum, book)),
                "error": trouble.name(),
                "found": trouble.to_string(),
                "hint": trouble.hint(),
                "since_ms": since_ms,
            })
        });
        json!({
            "name": witness.name,
            "url": witness.url,
            "last_success_ms": standing.last_success_ms,
            "cosigned": cosigned.collect::<Map<_, _>>(),
            "troubles": troubles.collect::<Vec<_>>(),
        })
    });
    json!(witnesses.collect::<Vec<_>>())
}

/// How many notices in force there is something due of, by what it is.
async fn due_json(keeper: &Keeper, now_ms: u64) -> Result<Value, Refused> {
    let counted = keeper.airspace.look(move |room: &mut Room| {
        let ahead_ms = room.ahead_ms();
        let mut counts = [Due::Ends, Due::Review, Due::ReviewOverdue].map(|due| (due, 0_u64));
        for (_, standing) in room.notices().in_force(now_ms) {
            for due in airspace::due(&standing, now_ms, ahead_ms) {
                counts.iter_mut().filter(|(one, _)| *one == due).for_each(|(_, count)| *count += 1);
            }
        }
        counts
    });
    let counts = counted.await.ok_or_else(Refused::stopping)?;
    let counts = counts.map(|(due, count)| (due.name().to_owned(), json!(count)));
    Ok(Value::Object(Map::from_iter(counts)))
}

/// `GET …/lines/{line}`
#[utoipa::path(get, operation_id = "status", path = "/v1/lines/{line}", tag = "line", summary = "How a line stands", params(("line" = String, Path)), responses(Answered))]
pub(crate) async fn status(State(api): State<Api>, Path(line): LinePath) -> Answer {
    let now_ms = api.now_ms();
    let keeper = api.line(&line)?;
    let circuits = keeper.circuits.clone();
    let seen = keeper.look(move |line| status_json(line, &circuits, now_ms)).await;
    let mut status = seen.ok_or_else(Refused::stopping)?;
    if let Some(fields) = status.as_object_mut() {
        fields.insert("parent".into(), parent_json(&api, keeper.memorandum().terms()).await?);
        fields.insert("witnesses".into(), witnesses_json(keeper));
        fields.insert("awaiting_release".into(), api.officers.waiting_count(&line)?.into());
        fields.insert("due".into(), due_json(keeper, now_ms).await?);
        let WaitsForRoom { entries, signatures, evidence, dropped } = keeper.waits_for_room();
        let waits = json!({"entries": entries, "signatures": signatures, "evidence": evidence, "evidence_dropped": dropped});
        fields.insert("waits_for_room".into(), waits);
    }
    Ok(Json(status))
}

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Limit {
    pub(crate) limit: Option<usize>,
}

/// By precedence, then by age.
fn first<'a, T: Clone + 'a>(
    open: impl Iterator<Item = (EntryRef, &'a T)>,
    age: impl Fn(&T) -> u64,
    limit: usize,
) -> (Vec<(EntryRef, T)>, bool) {
    let mut all: Vec<(EntryRef, &T)> = open.collect();
    all.sort_by_key(|(name, item)| (name.book.class, age(item), *name));
    let more = all.len() > limit;
    (all.into_iter().take(limit).map(|(name, item)| (name, item.clone())).collect(), more)
}

/// `GET …/inbox`
#[utoipa::path(get, operation_id = "status_inbox", path = "/v1/lines/{line}/inbox", tag = "line", summary = "What is owed and what is awaited, most urgent first", params(("line" = String, Path), Limit), responses(Answered))]
pub(crate) async fn inbox(
    State(api): State<Api>,
    Path(line): LinePath,
    Query(limit): Query<Limit>,
) -> Answer {
    let keeper = api.line(&line)?;
    let clock_ms = api.now_ms();
    let limit = limit.limit.unwrap_or(100).min(MAX_ENTRIES);
    let seen = keeper.look(move |line| {
        (
            first(line.owed(), |owed: &Owed| owed.time_ms, limit),
            first(line.awaited(), |a: &Awaited| a.time_ms, limit),
            line.time_ms(clock_ms),
            line.came_ahead().collect::<Vec<_>>(),
        )
    });
    let ((owed, more_owed), (awaited, more_awaited), now_ms, came) =
        seen.await.ok_or_else(Refused::stopping)?;
    let mut owed_json = Vec::new();
    for (name, owed) in owed {
        let due_ms = due_ms(&keeper.memorandum(), name, &owed);
        let mut json = full_json(keeper, name).await?;
        if let Some(fields) = json.as_object_mut() {
            fields.insert("arrived_ms".into(), json!(owed.arrived_ms));
            fields.insert("due_ms".into(), json!(due_ms));
            fields.insert("overdue".into(), json!(due_ms.is_some_and(|due_ms| due_ms < now_ms)));
        }
        owed_json.push(json);
    }
    let mut awaited_json = Vec::new();
    for (name, _) in awaited {
        // An entry that is written but not durable yet cannot be read yet.
        if let Ok(json) = full_json(keeper, name).await {
            awaited_json.push(json);
        }
    }
    let ahead: Vec<Value> =
        came.into_iter().map(|(name, came_ms, bytes)| ahead_json(keeper, name, came_ms, bytes)).collect();
    let more = more_owed || more_awaited;
    Ok(Json(json!({"ahead": ahead, "owed": owed_json, "awaited": awaited_json, "more": more})))
}
