//! Observers: what they were shown, and what they found (spec/observers.md).

use axum::Json;
use axum::extract::State;
use detente_line::kind::number::{DISCLOSES, FINDING};
use detente_line::{Chain, Content, Contradiction, Disclosed, Disclosures, Findings, Memorandum, On};
use detente_record::{Book, Cut, Entry, EntryRef, fingerprint, hex, sha256};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::consent::cut_json;
use super::entry::{MAX_ENTRIES, span_json};
use super::moment::{Asked, Past};
use super::openapi::Answered;
use super::request::{Path, Query};
use super::{Answer, Api, LinePath, Refused, name_text, parse_name};
use crate::keeper::Keeper;

/// An entry that was read, with its name.
type Read = (EntryRef, Entry, Content);

/// The observers that a memorandum names.
pub(crate) fn observers_json(memorandum: &Memorandum) -> Vec<Value> {
    let observer = |observer: &detente_line::Observer| {
        json!({
            "name": observer.name,
            "full_name": observer.full_name,
            "languages": observer.languages,
            "fingerprint": fingerprint(&observer.key),
        })
    };
    memorandum.observers().iter().map(observer).collect()
}

/// The entries of a kind that may count, at most 1,000, and whether there are more.
fn taken(keeper: &Keeper, kind: u16) -> Result<(Vec<Read>, bool), Refused> {
    let (mut taken, mut after) = (Vec::new(), (0, 0));
    loop {
        let page = keeper.store.of_kind(kind, after, MAX_ENTRIES)?;
        let Some(last) = page.last() else { return Ok((taken, false)) };
        after = (last.book, last.number);
        for stored in &page {
            if taken.len() == MAX_ENTRIES {
                return Ok((taken, true));
            }
            let name = EntryRef { book: Book::from_code(stored.book)?, number: stored.number };
            if let Ok(entry) = Entry::decode(&stored.bytes)
                && let Ok(content) = Content::decode(entry.kind, &entry.body)
            {
                taken.push((name, entry, content));
            }
        }
    }
}

/// What a fold is made from: the sound ones of a kind, the cut, whether there are more, and the moment that is asked about.
struct Seen {
    sound: Vec<Read>,
    cut: Cut,
    more: bool,
    moment: Value,
}

async fn seen(keeper: &Keeper, kind: u16, past: Option<Past>) -> Result<Seen, Refused> {
    let (taken, more) = taken(keeper, kind)?;
    // What the line calls void may not be in the store as such yet.
    let look = keeper.look(move |line| {
        let sound = taken.into_iter().filter(|(name, ..)| {
            let verdict = line.verdict(*name);
            verdict.marked.is_none() && !verdict.unjudged
        });
        Seen {
            sound: sound.collect(),
            cut: past.as_ref().map_or_else(|| line.judged(), |past| past.cut.clone()),
            more,
            moment: past.as_ref().map_or(Value::Null, |past| past.json(line)),
        }
    });
    look.await.ok_or_else(Refused::stopping)
}

/// An entry that a finding is on, and whether what is held here is what the observer was shown.
fn on_json(keeper: &Keeper, memorandum: &Memorandum, on: &On) -> Result<Value, Refused> {
    let held = match parse_name(memorandum, &on.entry) {
        Ok(name) => keeper.store.entry(name.book.code(), name.number)?,
        Err(_) => None,
    };
    let same = held.map(|held| sha256(&held.bytes) == on.sha256);
    Ok(json!({"entry": on.entry, "sha256": hex(&on.sha256), "same_here": same}))
}

fn contradiction_json(found: Contradiction) -> Value {
    match found {
        Contradiction::Serial { serial, one, other } => {
            json!({"serial": serial, "what": "two-of-one-serial", "one": hex(&one), "other": hex(&other)})
        }
        Contradiction::Before { serial, lodged, later } => {
            json!({"serial": serial, "what": "another-before-it", "one": hex(&lodged), "other": hex(&later)})
        }
    }
}

fn chain_json(keeper: &Keeper, memorandum: &Memorandum, name: &str, chain: &Chain) -> Result<Value, Refused> {
    let mut findings = Vec::new();
    for lodged in chain.lodged() {
        let found = lodged.finding.found();
        let on = found.on.iter().map(|on| on_json(keeper, memorandum, on));
        let by = lodged.by.iter();
        let by = by.map(|(by, ms)| json!({"entry": name_text(memorandum, *by), "time_ms": ms}));
        findings.push(json!({
            "serial": found.serial,
            "hash": hex(&lodged.hash),
            "before": found.before.map(|before| hex(&before)),
            "corrects": found.corrects,
            "corrected_by": chain.corrections_of(found.serial).collect::<Vec<_>>(),
            "found_ms": found.time_ms,
            "language": found.language,
            "on": on.collect::<Result<Vec<_>, _>>()?,
            "text": found.text,
            "lodged_by": by.collect::<Vec<_>>(),
        }));
    }
    let contradictions = chain.contradictions().into_iter().map(contradiction_json);
    Ok(json!({
        "full_name": memorandum.observer(name).map(|observer| &observer.full_name),
        "named": memorandum.observer(name).is_some(),
        "findings": findings,
        "missing": chain.missing(),
        "contradictions": contradictions.collect::<Vec<_>>(),
    }))
}

/// `GET …/findings`
#[utoipa::path(get, operation_id = "observers_findings", path = "/v1/lines/{line}/findings", tag = "observers", summary = "What observers found", params(("line" = String, Path), super::moment::Asked), responses(Answered))]
pub(crate) async fn findings(
    State(api): State<Api>,
    Path(line): LinePath,
    Query(asked): Query<Asked>,
) -> Answer {
    let keeper = api.line(&line)?;
    let past = asked.read(keeper, api.now_ms()).await?;
    let Seen { sound, cut, more, moment } = seen(keeper, FINDING, past).await?;
    let memorandum = &keeper.memorandum();
    let findings = Findings::under(&cut, sound);
    let observers = findings
        .by_observer()
        .map(|(name, chain)| Ok((name.to_owned(), chain_json(keeper, memorandum, name, chain)?)));
    let observers = observers.collect::<Result<Map<_, _>, Refused>>()?;
    Ok(Json(json!({
        "observers": observers, "more": more, "moment": moment, "cut": cut_json(memorandum, &cut),
    })))
}

fn disclosed_json(memorandum: &Memorandum, disclosed: &Disclosed) -> Value {
    let Disclosed { name, time_ms, language, disclosure } = disclosed;
    let usual = || memorandum.member(name.book.party)?.languages.first().cloned();
    json!({
        "entry": name_text(memorandum, *name),
        "by": memorandum.name_of(name.book.party),
        "time_ms": time_ms,
        "language": language.clone().or_else(usual),
        "shown": disclosure.spans().iter().map(|span| span_json(memorandum, *span)).collect::<Vec<_>>(),
        "count": disclosure.entries().count(),
        "text": disclosure.text(),
    })
}

/// Which disclosures are asked for, and under which cut.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Wanted {
    to: Option<String>,
    as_of_ms: Option<u64>,
    known_to: Option<String>,
}

/// `GET …/disclosures`
#[utoipa::path(get, operation_id = "observers_disclosures", path = "/v1/lines/{line}/disclosures", tag = "observers", summary = "What was shown to observers", params(("line" = String, Path), Wanted), responses(Answered))]
pub(crate) async fn disclosures(
    State(api): State<Api>,
    Path(line): LinePath,
    Query(wanted): Query<Wanted>,
) -> Answer {
    let keeper = api.line(&line)?;
    let Wanted { to, as_of_ms, known_to } = wanted;
    let past = Asked { as_of_ms, known_to }.read(keeper, api.now_ms()).await?;
    let Seen { sound, cut, more, moment } = seen(keeper, DISCLOSES, past).await?;
    let memorandum = &keeper.memorandum();
    let disclosures = Disclosures::under(&cut, sound);
    let wanted = |name: &str| to.as_ref().is_none_or(|to| to == name);
    let observers = disclosures.by_observer().filter(|(name, _)| wanted(name)).map(|(name, of)| {
        let of: Vec<Value> = of.iter().map(|one| disclosed_json(memorandum, one)).collect();
        (name.to_owned(), of.into())
    });
    Ok(Json(json!({
        "observers": observers.collect::<Map<_, _>>(), "more": more, "moment": moment,
        "cut": cut_json(memorandum, &cut),
    })))
}
