//! Files of other programs, in and out (spec/api.md, "Files").

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use detente_exchange::format::Format;
use detente_exchange::reading::MOST_BYTES;
use detente_exchange::time::Zone;
use detente_exchange::writing;
use detente_line::notice::Field;
use detente_line::notices::Standing as Held;
use detente_line::{Content, Draft, Memorandum, Notice, Said};
use detente_record::{Class, EntryRef};
use serde::Deserialize;
use serde_json::{Value, json};

use super::airspace::{given, keep_plans};
use super::notice::notice_json;
use super::openapi::Answered;
use super::request::{Path, Query};
use super::{Answer, Api, LinePath, Refused, name_text, touching};
use crate::airspace::Room;
use crate::import::{self, Change, MAX_ROWS, Row, Shortness, Standing, Terms, Understood, Wrong};
use crate::keeper::{Keeper, Refusal};
use crate::words;

/// What a file is to become.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Import {
    #[serde(rename = "as")]
    becomes: Option<String>,
    name: Option<String>,
    kind: Option<String>,
    zone: Option<String>,
    precedence: Option<String>,
    #[serde(default)]
    emergency: bool,
    #[serde(default)]
    dry_run: bool,
    #[serde(default)]
    withdraw_missing: bool,
}

/// What the rows of a file become.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Becomes {
    Notices,
    Plans,
    /// They are checked.
    Nothing,
}

/// Own notices that are not withdrawn, by serial.
async fn standing(keeper: &Keeper) -> Result<Standing, Refused> {
    let me = keeper.party;
    let own = move |(origin, held): &(EntryRef, Held)| origin.book.party == me && held.withdrawn_by.is_none();
    let found = keeper
        .airspace
        .look(move |room: &mut Room| room.notices().notices().filter(own).collect::<Vec<_>>())
        .await
        .ok_or_else(Refused::stopping)?;
    let mut standing = Standing::new();
    for (origin, held) in found {
        if let Some((notice, _)) = given(keeper, held.rules)?
            && let Some(serial) = notice.text_of(Field::Serial)
        {
            standing.insert(serial.to_owned(), (origin, notice));
        }
    }
    Ok(standing)
}

fn zone(name: Option<&str>) -> Result<Option<Zone>, Refused> {
    let named = |name: &str| {
        let expected = "a zone such as Asia/Damascus, UTC or +03:00";
        Zone::named(name).map_err(|reason| Refused::misuse("zone", expected, reason.to_string()))
    };
    name.map(named).transpose()
}

/// `POST …/import`
#[utoipa::path(post, operation_id = "files_import", path = "/v1/lines/{line}/import", tag = "airspace", summary = "Reads a file of notices or plans, and writes what it says", params(("line" = String, Path), Import), request_body(content = Vec<u8>, content_type = "application/octet-stream"), responses(Answered))]
pub(crate) async fn import(
    State(api): State<Api>,
    Path(line): LinePath,
    Query(asked): Query<Import>,
    bytes: Result<Bytes, BytesRejection>,
) -> Answer {
    let keeper = api.line(&line)?;
    let bytes = bytes.map_err(|wrong| {
        let expected = format!("a file of at most {} MiB", MOST_BYTES >> 20);
        let hint = "split it: a list that is sent in parts is one list, row by row";
        Refused::new(wrong.status(), "TooLarge", "body", &expected, wrong.body_text(), hint)
    })?;
    let becomes = match asked.becomes.as_deref() {
        None | Some("notices") => Becomes::Notices,
        Some("plans") => Becomes::Plans,
        Some("check") => Becomes::Nothing,
        Some(other) => return Err(Refused::misuse("as", "notices, plans or check", other)),
    };
    let class = asked.precedence.as_deref().map(words::class).transpose();
    let class = class.map_err(|error| Refused::misuse("precedence", "a precedence", error))?;
    if let Some(kind) = &asked.kind {
        super::notice::kind_named(&keeper.memorandum(), kind)?;
    }
    let zone = zone(asked.zone.as_deref())?;
    let standing = if becomes == Becomes::Plans { Standing::new() } else { standing(keeper).await? };
    let (memorandum, now_ms) = (Arc::clone(&keeper.memorandum()), api.now_ms());
    let (name, kind, emergency) = (asked.name.unwrap_or_default(), asked.kind, asked.emergency);
    let understood = tokio::task::spawn_blocking(move || {
        let terms = Terms {
            memorandum: &memorandum,
            kind: kind.as_deref(),
            zone: zone.as_ref(),
            emergency,
            now_ms,
            short: match becomes {
                Becomes::Notices => Shortness::Refused,
                Becomes::Plans => Shortness::Passed,
                Becomes::Nothing => Shortness::Named,
            },
        };
        import::understand(&bytes, &name, &terms, &standing)
    });
    let mut understood = understood.await.map_err(|_| Refused::stopping())?;
    if becomes == Becomes::Nothing {
        let checked = touching::check(keeper, std::mem::take(&mut understood.rows)).await?;
        return Ok(Json(joined(found_json(&understood), checked)));
    }
    let done = match becomes {
        _ if understood.wrong_count > 0 || asked.dry_run => json!({}),
        Becomes::Plans => take_plans(keeper, &understood, now_ms).await?,
        _ => write(keeper, &mut understood, class, asked.withdraw_missing).await?,
    };
    let done = joined(json!({"dry_run": asked.dry_run}), done);
    Ok(Json(joined(understood_json(&keeper.memorandum(), &understood), done)))
}

/// One object of the fields of two.
fn joined(mut one: Value, other: Value) -> Value {
    if let (Some(fields), Value::Object(more)) = (one.as_object_mut(), other) {
        fields.extend(more);
    }
    one
}

async fn take_plans(keeper: &Keeper, understood: &Understood, now_ms: u64) -> Result<Value, Refused> {
    let plans: Vec<Notice> = understood.rows.iter().map(|row| row.notice.clone()).collect();
    let (numbers, conflicts, count) = keep_plans(keeper, plans, now_ms).await?;
    Ok(json!({"plans": numbers.len(), "conflicts": conflicts, "conflict_count": count}))
}

/// Writes what is new and what changed, in the file's order; then withdraws what it does not name, if asked to.
async fn write(
    keeper: &Keeper,
    understood: &mut Understood,
    class: Option<Class>,
    withdraw_missing: bool,
) -> Result<Value, Refused> {
    let draft = |regards: Vec<EntryRef>, content: Said| Draft {
        class,
        office: None,
        second: None,
        language: None,
        regards,
        content,
    };
    let mut drafts: Vec<Draft<Said>> = Vec::new();
    for row in &mut understood.rows {
        let Some(said) = row.said.take() else { continue };
        let regards = match row.change {
            Change::Changed(origin) => vec![origin],
            Change::New | Change::Same(_) => Vec::new(),
        };
        drafts.push(draft(regards, said));
    }
    if withdraw_missing {
        let withdrawal = Content::Withdrawal { reason: Some("no longer on the list".to_owned()) };
        let withdrawal = Said::new(&withdrawal).map_err(Refusal::Fault)?;
        drafts.extend(understood.missing.iter().map(|(_, origin)| draft(vec![*origin], withdrawal.clone())));
    }
    let wanted = drafts.len();
    let (written, refusal) = keeper.write_all(drafts).await;
    let last = written.last().map(|entry| name_text(&keeper.memorandum(), *entry));
    let refused = refusal.map(|refusal: Refusal| {
        let refused = Refused::from(refusal);
        json!({"what": refused.what, "expected": refused.expected, "found": refused.found, "hint": refused.hint})
    });
    Ok(json!({"wanted": wanted, "written": written.len(), "last": last, "refused": refused}))
}

fn wrong_json(wrong: &Wrong) -> Value {
    json!({"place": wrong.place, "reason": wrong.reason})
}

fn row_json(memorandum: &Memorandum, row: &Row) -> Value {
    let (change, entry) = match row.change {
        Change::New => ("new", None),
        Change::Changed(origin) => ("changed", Some(name_text(memorandum, origin))),
        Change::Same(origin) => ("same", Some(name_text(memorandum, origin))),
    };
    json!({
        "place": row.place, "serial": row.serial, "change": change, "entry": entry,
        "notice": notice_json(&row.notice), "echo": row.echo,
        "differs": row.differs.as_ref().map(|(before, after)| json!({"before": before, "after": after})),
    })
}

fn understood_json(memorandum: &Memorandum, understood: &Understood) -> Value {
    let count =
        |wanted: fn(&Change) -> bool| understood.rows.iter().filter(|row| wanted(&row.change)).count();
    let missing = understood.missing.iter().take(MAX_ROWS);
    let missing: Vec<Value> = missing
        .map(|(serial, origin)| json!({"serial": serial, "entry": name_text(memorandum, *origin)}))
        .collect();
    let taken = json!({
        "rows": understood.rows.iter().take(MAX_ROWS).map(|row| row_json(memorandum, row)).collect::<Vec<_>>(),
        "more": understood.rows.len() > MAX_ROWS,
        "new": count(|change| matches!(change, Change::New)),
        "changed": count(|change| matches!(change, Change::Changed(_))),
        "same": count(|change| matches!(change, Change::Same(_))),
        "missing": missing,
        "missing_count": understood.missing.len(),
    });
    joined(found_json(understood), taken)
}

/// What is said of a file, whatever becomes of it.
fn found_json(understood: &Understood) -> Value {
    json!({
        "ok": understood.wrong_count == 0,
        "format": understood.format,
        "wrong": understood.wrong.iter().map(wrong_json).collect::<Vec<_>>(),
        "wrong_count": understood.wrong_count,
        "notes": understood.notes.iter().map(wrong_json).collect::<Vec<_>>(),
    })
}

/// What is to be put in a file.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Export {
    format: String,
    at_ms: Option<u64>,
    party: Option<String>,
    #[serde(default)]
    all: bool,
}

/// `GET …/export`
#[utoipa::path(get, operation_id = "files_export", path = "/v1/lines/{line}/export", tag = "airspace", summary = "Notices or plans as a file", params(("line" = String, Path), Export), responses(Answered))]
pub(crate) async fn export(
    State(api): State<Api>,
    Path(line): LinePath,
    Query(asked): Query<Export>,
) -> Answer {
    let keeper = api.line(&line)?;
    let formats = "geojson, kml, kmz, csv, xlsx or json (F3548)";
    let format = Format::named(&format!("x.{}", asked.format))
        .ok_or_else(|| Refused::misuse("format", formats, asked.format.as_str()))?;
    let party = super::airspace::party(&keeper.memorandum(), asked.party.as_deref())?;
    let (at_ms, all) = (asked.at_ms.unwrap_or_else(|| api.now_ms()), asked.all);
    let found = keeper
        .airspace
        .look(move |room: &mut Room| {
            let wanted = |(origin, held): &(EntryRef, Held)| {
                party.is_none_or(|party| origin.book.party == party) && held.withdrawn_by.is_none()
            };
            let notices = room.notices();
            match all {
                true => notices.notices().filter(wanted).collect::<Vec<_>>(),
                false => notices.in_force(at_ms).filter(wanted).collect(),
            }
        })
        .await
        .ok_or_else(Refused::stopping)?;
    let mut items = Vec::with_capacity(found.len());
    for (number, (origin, held)) in (1..).zip(&found) {
        if let Some((notice, _)) = given(keeper, held.rules)? {
            items.push(import::item_of(
                &notice,
                held.nature,
                &name_text(&keeper.memorandum(), *origin),
                number,
            ));
        }
    }
    let count = items.len();
    let written = tokio::task::spawn_blocking(move || writing::write(&items, format));
    let written = written.await.map_err(|_| Refused::stopping())?.map_err(|faults| {
        let first = faults.told().first().map(ToString::to_string).unwrap_or_default();
        let expected = format!("notices that {} can say", format.extension());
        Refused::misuse("export", &expected, format!("{} that it cannot: {first}", faults.count()))
            .hinted("choose another format: GeoJSON says everything")
    })?;
    let lost = written.lost.iter().take(MAX_ROWS);
    let lost: Vec<Value> =
        lost.map(|note| json!({"place": note.place.to_string(), "reason": note.text})).collect();
    Ok(Json(json!({
        "format": format.extension(), "at_ms": at_ms, "notices": count, "bytes": STANDARD.encode(&written.bytes), "lost": lost,
    })))
}
