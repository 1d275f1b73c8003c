//! Notices in force, what something would touch, conflicts and own plans (spec/api.md, "Airspace").

use std::collections::BTreeSet;
use std::time::Instant;

use axum::Json;
use axum::extract::State;
use detente_line::airspace::bounds::Bounds;
use detente_line::airspace::verdict::Overlap;
use detente_line::airspace::volume::Volume;
use detente_line::notice::rule::Short;
use detente_line::notices::{Conflict, Pair, Standing, Subject, Touch};
use detente_line::{Amendment, Content, Memorandum, Notice};
use detente_record::{Entry, EntryRef, Party};
use serde::Deserialize;
use serde_json::{Value, json};

use super::entry::verdict_text;
use super::notice::{self, AskedNotice, fields_json, notice_json, position};
use super::openapi::Answered;
use super::request::{Body, Path, Query};
use super::{Answer, Api, LinePath, Refused, name_text, parse_name};
use crate::airspace::{self, PlansError, Reminder, Room};
use crate::keeper::Keeper;

/// Most notices, touches or conflicts in one answer.
const MAX_LIST: usize = 1_000;

impl From<PlansError> for Refused {
    fn from(error: PlansError) -> Self {
        let what = match error {
            PlansError::Full => return Self::misuse("plans", "at most 100,000", "more").hinted(error.hint()),
            _ => "plans",
        };
        let status = axum::http::StatusCode::SERVICE_UNAVAILABLE;
        Self::new(
            status,
            "Store",
            what,
            "plans that can be read and written",
            error.to_string(),
            error.hint(),
        )
    }
}

/// What is asked to be listed.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Listed {
    at_ms: Option<u64>,
    from_ms: Option<u64>,
    until_ms: Option<u64>,
    party: Option<String>,
    kind: Option<String>,
    #[serde(default)]
    all: bool,
}

/// A box in degrees: south, west, north, east; `east` may be beyond 180.
fn bounds_json(bounds: &Bounds) -> Value {
    let degrees = |units: i64| units as f64 / 1e7;
    json!([
        degrees(bounds.south.into()),
        degrees(bounds.west),
        degrees(bounds.north.into()),
        degrees(bounds.east)
    ])
}

pub(super) fn overlap_json(overlap: &Overlap) -> Value {
    let metres = |mm: Option<i64>| mm.map(|mm| mm as f64 / 1000.0);
    json!({
        "bounds": bounds_json(&overlap.bounds),
        "lower_m": metres(overlap.band.lower_mm),
        "upper_m": metres(overlap.band.upper_mm),
        "datum": notice::datum_text(overlap.band.datum),
        "widened": overlap.band.widened,
        "from_ms": overlap.span.from_ms(),
        "until_ms": overlap.span.end_ms(),
    })
}

pub(super) fn subject_text(memorandum: &Memorandum, subject: Subject) -> String {
    match subject {
        Subject::Notice(origin) => name_text(memorandum, origin),
        Subject::Plan(number) => format!("plan/{number}"),
    }
}

/// A conflict as an event says it.
pub(crate) fn conflict_json(memorandum: &Memorandum, (one, other): Pair, conflict: &Conflict) -> Value {
    json!({
        "one": subject_text(memorandum, one),
        "other": subject_text(memorandum, other),
        "verdict": verdict_text(conflict.verdict),
        "overlap": overlap_json(&conflict.overlap),
        "pairs": conflict.pairs,
        "from_ms": conflict.span.from_ms(),
        "until_ms": conflict.span.end_ms(),
    })
}

/// What has come due, as an event says it.
pub(crate) fn due_json(memorandum: &Memorandum, reminder: &Reminder) -> Value {
    let Reminder { origin, standing, due, notice } = reminder;
    let said = notice.as_ref().map(
        |notice| json!({"notice_kind": notice.kind, "text": notice.text, "fields": fields_json(notice)}),
    );
    json!({
        "entry": name_text(memorandum, *origin),
        "rules": name_text(memorandum, standing.rules),
        "party": memorandum.name_of(origin.book.party),
        "nature": standing.nature.name(),
        "due": due.name(),
        "until_ms": standing.until_ms,
        "review_ms": standing.review_ms,
        "notice": said,
    })
}

/// The party of a name.
pub(super) fn party(memorandum: &Memorandum, name: Option<&str>) -> Result<Option<Party>, Refused> {
    let named = |name: &str| {
        memorandum.party_named(name).ok_or_else(|| {
            let names: Vec<String> = memorandum.parties().map(|party| memorandum.name_of(party)).collect();
            Refused::misuse("party", &format!("one of {}", names.join(", ")), name)
        })
    };
    name.map(named).transpose()
}

/// The notice that an entry gave, as the record has it.
pub(super) fn given(keeper: &Keeper, rules: EntryRef) -> Result<Option<(Notice, u64)>, Refused> {
    let Some(stored) = keeper.store.entry(rules.book.code(), rules.number)? else { return Ok(None) };
    let entry = Entry::decode(&stored.bytes)?;
    Ok(match Content::decode(entry.kind, &entry.body)? {
        Content::Notice(notice) | Content::Amendment(Amendment::Notice(notice)) => {
            Some((notice, entry.time_ms))
        }
        _ => None,
    })
}

pub(super) fn short_json(short: &Short) -> Value {
    json!({"what": short.what, "expected": short.expected, "found": short.found})
}

/// What a notice is short of, as its memorandum has it.
pub(crate) fn short_of(memorandum: &Memorandum, notice: &Notice, written_ms: u64) -> Vec<Short> {
    let extent = memorandum.terms().extent.as_ref();
    match memorandum.notice_kind(&notice.kind) {
        Some(kind) => kind.short(notice, written_ms, extent).into_iter().chain(kind.stray(notice)).collect(),
        None => vec![Short {
            what: "notice kind",
            expected: "one that the memorandum names".into(),
            found: notice.kind.clone(),
        }],
    }
}

fn standing_json(
    keeper: &Keeper,
    origin: EntryRef,
    standing: &Standing,
    due: &[airspace::Due],
) -> Result<Value, Refused> {
    let name = |entry| name_text(&keeper.memorandum(), entry);
    let given = given(keeper, standing.rules)?;
    let short: Vec<Value> = given
        .iter()
        .flat_map(|(notice, written_ms)| short_of(&keeper.memorandum(), notice, *written_ms))
        .map(|short| short_json(&short))
        .collect();
    Ok(json!({
        "entry": name(origin),
        "rules": name(standing.rules),
        "party": keeper.memorandum().name_of(origin.book.party),
        "nature": standing.nature.name(),
        "withdrawn_by": standing.withdrawn_by.map(name),
        "notice": given.as_ref().map(|(notice, _)| notice_json(notice)),
        "short": short,
        "due": due.iter().map(|due| due.name()).collect::<Vec<_>>(),
    }))
}

/// Those of which the time is nearest to now, at most so many as are listed, in their order; and whether there are more.
fn nearest<T>(mut found: Vec<T>, now_ms: u64, span: impl Fn(&T) -> (u64, Option<u64>)) -> (Vec<T>, bool) {
    if found.len() <= MAX_LIST {
        return (found, false);
    }
    let away = |one: &T| {
        let (from_ms, until_ms) = span(one);
        from_ms.saturating_sub(now_ms).max(now_ms.saturating_sub(until_ms.unwrap_or(u64::MAX)))
    };
    let mut order: Vec<(u64, usize)> = found.iter().enumerate().map(|(at, one)| (away(one), at)).collect();
    order.sort_unstable();
    let kept: BTreeSet<usize> = order.iter().take(MAX_LIST).map(|(_, at)| *at).collect();
    let mut at = 0..;
    found.retain(|_| at.next().is_some_and(|at| kept.contains(&at)));
    (found, true)
}

/// `GET …/notices`
#[utoipa::path(get, operation_id = "airspace_notices", path = "/v1/lines/{line}/notices", tag = "airspace", summary = "Notices", params(("line" = String, Path), Listed), responses(Answered))]
pub(crate) async fn notices(
    State(api): State<Api>,
    Path(line): LinePath,
    Query(listed): Query<Listed>,
) -> Answer {
    let keeper = api.line(&line)?;
    let party = party(&keeper.memorandum(), listed.party.as_deref())?;
    let at_ms = listed.at_ms.unwrap_or_else(|| api.now_ms());
    let (all, now_ms) = (listed.all, api.now_ms());
    let (from_ms, until_ms) = match (listed.at_ms, listed.from_ms, listed.until_ms) {
        (_, None, None) => (at_ms, at_ms),
        (None, from_ms, until_ms) => (from_ms.unwrap_or(0), until_ms.unwrap_or(u64::MAX)),
        _ => return Err(Refused::misuse("time", "a moment, or from and until", "both")),
    };
    let (found, ahead_ms) = keeper
        .airspace
        .look(move |room: &mut Room| {
            let wanted =
                |(origin, _): &(EntryRef, Standing)| party.is_none_or(|party| origin.book.party == party);
            let notices = room.notices();
            let found: Vec<(EntryRef, Standing)> = match all {
                true => notices.notices().filter(wanted).collect(),
                false => {
                    let then = notices.notices().filter(|(origin, standing)| {
                        let mut volumes = notices.volumes(Subject::Notice(*origin));
                        let in_time = |from: u64, until: u64| from <= until_ms && from_ms <= until;
                        standing.withdrawn_by.is_none()
                            && in_time(standing.from_ms, standing.until_ms.unwrap_or(u64::MAX))
                            && volumes.any(|volume| in_time(volume.span.from_ms(), volume.span.until_ms()))
                    });
                    then.filter(wanted).collect()
                }
            };
            let nearest = nearest(found, now_ms, |(_, standing)| (standing.from_ms, standing.until_ms));
            (nearest, room.ahead_ms())
        })
        .await
        .ok_or_else(Refused::stopping)?;
    let (found, more) = found;
    let (keeper, kind) = (keeper.clone(), listed.kind);
    // Others' covers are looked at, which takes its time.
    let reading = tokio::task::spawn_blocking(move || {
        let all = found.iter().map(|(origin, standing)| {
            standing_json(&keeper, *origin, standing, &airspace::due(standing, now_ms, ahead_ms))
        });
        let of_kind = |json: &Value| {
            kind.is_none() || kind.as_deref() == json.pointer("/notice/notice_kind").and_then(Value::as_str)
        };
        all.filter(|json| json.as_ref().map_or(true, of_kind)).collect::<Result<Vec<_>, Refused>>()
    });
    let shown = reading.await.map_err(|_| Refused::stopping())??;
    Ok(Json(json!({"at_ms": at_ms, "notices": shown, "more": more})))
}

/// What is asked to be checked: volumes as in a notice, or a place and a time.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Checked {
    notice: Option<AskedNotice>,
    position: Option<[f64; 2]>,
    radius_m: Option<f64>,
    from_ms: Option<u64>,
    until_ms: Option<u64>,
}

/// `POST …/check`
#[utoipa::path(post, operation_id = "airspace_check", path = "/v1/lines/{line}/check", tag = "airspace", summary = "What something at a place would touch", params(("line" = String, Path)), request_body = Checked, responses(Answered))]
pub(crate) async fn check(
    State(api): State<Api>,
    Path(line): LinePath,
    Body(asked): Body<Checked>,
) -> Answer {
    let keeper = api.line(&line)?;
    let volumes: Vec<Volume> = match (asked.notice, asked.position) {
        (Some(notice), None) => notice.notice(&keeper.memorandum())?.volumes,
        (None, Some(place)) => {
            let from_ms = asked.from_ms.unwrap_or_else(|| api.now_ms());
            let until_ms = asked.until_ms.unwrap_or(from_ms);
            vec![notice::around(position(place)?, asked.radius_m, from_ms, until_ms)?]
        }
        _ => return Err(Refused::misuse("check", "a notice, or a position", "both or neither")),
    };
    Ok(Json(looked(keeper, volumes).await?))
}

/// What volumes would touch, the gravest first.
pub(super) async fn looked(keeper: &Keeper, volumes: Vec<Volume>) -> Result<Value, Refused> {
    let (touches, total, micros) = keeper
        .airspace
        .look(move |room: &mut Room| {
            let started = Instant::now();
            let mut touches = room.notices().touching(&volumes, None);
            let (total, micros) = (room.notices().len(), started.elapsed().as_micros() as u64);
            touches.sort_by_key(|touch| std::cmp::Reverse(touch.verdict));
            let rules = |touch: Touch| match touch.subject {
                Subject::Notice(origin) => {
                    (touch, room.notices().notice(origin).map(|standing| standing.rules))
                }
                Subject::Plan(_) => (touch, None),
            };
            (touches.into_iter().map(rules).collect::<Vec<_>>(), total, micros)
        })
        .await
        .ok_or_else(Refused::stopping)?;
    let shown = touches.iter().take(MAX_LIST).map(|(touch, rules)| touch_json(keeper, touch, *rules));
    let shown = shown.collect::<Result<Vec<_>, Refused>>()?;
    let verdict = touches.iter().map(|(touch, _)| touch.verdict).max();
    Ok(json!({
        "verdict": verdict.map_or("clear", verdict_text),
        "touches": shown,
        "more": touches.len() > MAX_LIST,
        "volumes": total,
        "took_us": micros,
    }))
}

fn touch_json(keeper: &Keeper, touch: &Touch, rules: Option<EntryRef>) -> Result<Value, Refused> {
    let memorandum = &keeper.memorandum();
    let party = match touch.subject {
        Subject::Plan(_) => keeper.party,
        Subject::Notice(origin) => origin.book.party,
    };
    let given = rules.map(|rules| given(keeper, rules)).transpose()?.flatten();
    let said = given.map(|(notice, _)| {
        json!({"notice_kind": notice.kind, "text": notice.text, "fields": fields_json(&notice)})
    });
    Ok(json!({
        "subject": subject_text(memorandum, touch.subject),
        "party": memorandum.name_of(party),
        "notice": said,
        "volume": touch.number + 1,
        "asked": touch.asked + 1,
        "verdict": verdict_text(touch.verdict),
        "overlap": overlap_json(&touch.overlap),
    }))
}

/// Whose conflicts are asked for.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Of {
    of: Option<String>,
}

/// `GET …/conflicts`
#[utoipa::path(get, operation_id = "airspace_conflicts", path = "/v1/lines/{line}/conflicts", tag = "airspace", summary = "Who is in whose way", params(("line" = String, Path), Of), responses(Answered))]
pub(crate) async fn conflicts(
    State(api): State<Api>,
    Path(line): LinePath,
    Query(asked): Query<Of>,
) -> Answer {
    let keeper = api.line(&line)?;
    let now_ms = api.now_ms();
    let of = asked.of.map(|name| parse_name(&keeper.memorandum(), &name)).transpose()?.map(Subject::Notice);
    let found = keeper
        .airspace
        .look(move |room: &mut Room| {
            let notices = room.notices();
            match of {
                None => notices.conflicts(now_ms).take(MAX_LIST + 1).collect::<Vec<(Pair, Conflict)>>(),
                Some(one) => {
                    let of_one = notices.conflicts_of(one).map(|(other, conflict)| ((one, other), conflict));
                    let current = of_one.filter(|(_, conflict)| conflict.span.until_ms() >= now_ms);
                    current.take(MAX_LIST + 1).collect()
                }
            }
        })
        .await
        .ok_or_else(Refused::stopping)?;
    let shown: Vec<Value> = found
        .iter()
        .take(MAX_LIST)
        .map(|(pair, conflict)| conflict_json(&keeper.memorandum(), *pair, conflict))
        .collect();
    Ok(Json(json!({"conflicts": shown, "more": found.len() > MAX_LIST})))
}

/// Own plans, as they are asked for.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Planned {
    plans: Vec<AskedNotice>,
}

/// Keeps plans; gives how many, and whose way they are in: the first so many, and how many in all.
pub(super) async fn keep_plans(
    keeper: &Keeper,
    plans: Vec<Notice>,
    now_ms: u64,
) -> Result<(Vec<u64>, Vec<Value>, usize), Refused> {
    let (numbers, conflicts) = keeper
        .airspace
        .look(move |room: &mut Room| {
            let numbers = room.add_plans(&plans)?;
            let subjects = numbers.iter().map(|number| Subject::Plan(*number));
            let conflicts = subjects.flat_map(|plan| {
                room.notices().conflicts_of(plan).map(move |(other, conflict)| ((plan, other), conflict))
            });
            let current = conflicts.filter(|(_, conflict)| conflict.span.until_ms() >= now_ms);
            let current: Vec<(Pair, Conflict)> = current.collect();
            Ok::<_, PlansError>((numbers, current))
        })
        .await
        .ok_or_else(Refused::stopping)??;
    let shown = conflicts.iter().take(MAX_LIST);
    let shown = shown.map(|(pair, conflict)| conflict_json(&keeper.memorandum(), *pair, conflict)).collect();
    Ok((numbers, shown, conflicts.len()))
}

/// `POST …/plans`
#[utoipa::path(post, operation_id = "airspace_add_plans", path = "/v1/lines/{line}/plans", tag = "airspace", summary = "Keeps plans", params(("line" = String, Path)), request_body = Planned, responses(Answered))]
pub(crate) async fn add_plans(
    State(api): State<Api>,
    Path(line): LinePath,
    Body(asked): Body<Planned>,
) -> Answer {
    let keeper = api.line(&line)?;
    let plans = asked.plans.into_iter().map(|plan| plan.notice(&keeper.memorandum()));
    let plans: Vec<Notice> = plans.collect::<Result<_, _>>()?;
    let (numbers, conflicts, _) = keep_plans(keeper, plans, api.now_ms()).await?;
    Ok(Json(json!({"plans": numbers, "conflicts": conflicts})))
}

/// `GET …/plans`
#[utoipa::path(get, operation_id = "airspace_plans", path = "/v1/lines/{line}/plans", tag = "airspace", summary = "Own plans, which never leave this station", params(("line" = String, Path)), responses(Answered))]
pub(crate) async fn plans(State(api): State<Api>, Path(line): LinePath) -> Answer {
    let keeper = api.line(&line)?;
    let plans =
        keeper.airspace.look(|room: &mut Room| room.plans()).await.ok_or_else(Refused::stopping)??;
    let (plans, more) =
        nearest(plans, api.now_ms(), |(_, plan): &(u64, Notice)| (plan.from_ms(), plan.until_ms()));
    let shown: Vec<Value> =
        plans.iter().map(|(number, plan)| json!({"plan": number, "notice": notice_json(plan)})).collect();
    Ok(Json(json!({"plans": shown, "more": more})))
}

/// `DELETE …/plans/{number}`
#[utoipa::path(delete, operation_id = "airspace_drop_plan", path = "/v1/lines/{line}/plans/{number}", tag = "airspace", summary = "Drops a plan", params(("line" = String, Path), ("number" = u64, Path)), responses(Answered))]
pub(crate) async fn drop_plan(State(api): State<Api>, Path((line, number)): Path<(String, u64)>) -> Answer {
    let keeper = api.line(&line)?;
    let dropped = keeper
        .airspace
        .look(move |room: &mut Room| room.drop_plan(number))
        .await
        .ok_or_else(Refused::stopping)??;
    if !dropped {
        let hint = "`detente plan list` shows the plans that are there";
        return Err(Refused::misuse("plan", "the number of a plan", number.to_string()).hinted(hint));
    }
    Ok(Json(json!({"dropped": number})))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_too_many_those_nearest_to_now_stay_in_their_order() {
        let now_ms = 10_000_000;
        let few: Vec<u64> = (0..MAX_LIST as u64).collect();
        assert_eq!(nearest(few.clone(), now_ms, |at| (*at, Some(*at))), (few, false));
        // One begins now, one has no end, and the others are further away the later they stand; what is over is away as well.
        let mut all: Vec<(u64, Option<u64>)> =
            (0..2 * MAX_LIST as u64).map(|at| (now_ms + 1_000 + at, Some(now_ms + 2_000 + at))).collect();
        all.push((0, Some(1)));
        all.push((now_ms, Some(now_ms)));
        all.push((1, None));
        let (kept, more) = nearest(all.clone(), now_ms, |span| *span);
        assert!(more && kept.len() == MAX_LIST);
        assert!(kept.ends_with(&[(now_ms, Some(now_ms)), (1, None)]) && !kept.contains(&(0, Some(1))));
        assert_eq!(kept.first(), all.first());
        assert!(!kept.contains(&(now_ms + 1_000 + MAX_LIST as u64, Some(now_ms + 2_000 + MAX_LIST as u64))));
    }
}
