//! Questions about the past: as of a time, or as a party knew then (spec/line.md §5, Moments). Every answer shows its cut.

use axum::Json;
use axum::extract::State;
use detente_line::{Line, Memorandum, Moment, Seen};
use detente_record::{Book, Class, Cut, Entry, EntryRef, Party};
use serde::Deserialize;
use serde_json::{Value, json};

use super::consent::{cut_json, motion_json};
use super::draft::receipted_by;
use super::openapi::Answered;
use super::request::{Path, Query};
use super::status::suspension_json;
use super::{Answer, Api, LinePath, Refused, book_text, name_text};
use crate::keeper::Keeper;
use crate::store::{Store, StoreError};

/// Entries read at a time, and their bytes.
const READ: usize = 1_024;
const READ_BYTES: usize = 4 << 20;

/// Which moment is asked about; now, with everything held, if nothing is said.
#[derive(Debug, Clone, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Asked {
    /// ms.
    pub(crate) as_of_ms: Option<u64>,
    /// A party, by its name.
    pub(crate) known_to: Option<String>,
}

/// A moment of the record.
#[derive(Debug)]
pub(crate) struct Past {
    at_ms: u64,
    of: Option<Party>,
    pub(crate) cut: Cut,
    lacking: Vec<Book>,
    moment: Moment,
}

impl Asked {
    /// Reads what belongs to the moment; nothing, where none is asked about.
    pub(crate) async fn read(self, keeper: &Keeper, now_ms: u64) -> Result<Option<Past>, Refused> {
        if self.as_of_ms.is_none() && self.known_to.is_none() {
            return Ok(None);
        }
        let of = match self.known_to {
            None => None,
            Some(name) => Some(
                keeper.look(move |line| party_named(line, &name)).await.ok_or_else(Refused::stopping)??,
            ),
        };
        let (at_ms, store) = (self.as_of_ms.unwrap_or(now_ms), keeper.store.clone());
        let gathered = tokio::task::spawn_blocking(move || gather(&store, at_ms, of)).await;
        Ok(Some(gathered.map_err(|_| Refused::stopping())??))
    }
}

/// A party that is named by any memorandum that was ever in force.
fn party_named(line: &Line, name: &str) -> Result<Party, Refused> {
    let found = line.memoranda().find_map(|memorandum| memorandum.party_named(name));
    found.ok_or_else(|| {
        let names: Vec<String> =
            line.members().iter().map(|party| line.memorandum().name_of(*party)).collect();
        Refused::misuse("known_to", &format!("one of {}", names.join(", ")), name)
    })
}

fn gather(store: &Store, at_ms: u64, of: Option<Party>) -> Result<Past, StoreError> {
    let sizes = store.sizes()?.into_iter();
    let held: Cut = sizes.filter_map(|(code, size)| Some((Book::from_code(code).ok()?, size))).collect();
    let mut moment = Moment::new(at_ms, of);
    while let Some(EntryRef { book, number }) = moment.next(&held) {
        for stored in store.entries(book.code(), number, READ, READ_BYTES)? {
            let name = EntryRef { book, number: stored.number };
            if moment.next(&held) != Some(name) {
                break;
            }
            moment.take(name, Entry::decode(&stored.bytes).ok().as_ref());
        }
    }
    let (cut, lacking) = (moment.cut(&held), moment.lacking(&held).collect());
    Ok(Past { at_ms, of, cut, lacking, moment })
}

impl Past {
    /// Who may yet bring what belongs to it: parties nothing later of which is held, or whose acts wait to be judged.
    fn provisional(&self, line: &Line) -> Vec<String> {
        let memorandum = line.memorandum();
        let unjudged = |party: Party| {
            let held = line.held().into_iter();
            let mut acts = held.filter(|held| held.book.party == party && held.book.class == Class::A);
            acts.any(|held| self.cut.get(&held.book).is_some_and(|size| *size > held.judged))
        };
        let parties = line.seen_under(&self.cut).members().into_iter();
        let parties = parties.filter(|party| self.moment.is_provisional_for(*party) || unjudged(*party));
        parties.map(|party| memorandum.name_of(party)).collect()
    }

    /// The moment, as every answer about it shows it.
    pub(crate) fn json(&self, line: &Line) -> Value {
        let memorandum = line.memorandum();
        json!({
            "as_of_ms": self.at_ms,
            "known_to": self.of.map(|party| memorandum.name_of(party)),
            "provisional": self.provisional(line),
            "lacking": self.lacking.iter().map(|book| book_text(memorandum, *book)).collect::<Vec<_>>(),
        })
    }
}

fn standing_json(line: &Line, seen: &Seen<'_>, at_ms: u64) -> Value {
    let (now, then): (&Memorandum, &Memorandum) = (line.memorandum(), seen.memorandum());
    let members = seen.members();
    let parties = then.parties().map(|party| {
        let suspension = seen.last_suspension(party);
        json!({
            "name": then.name_of(party),
            "parted": seen.parting(party).map(|act| name_text(now, act)),
            "willing": seen.suspension(party, at_ms).is_none(),
            "suspension": suspension.map(|suspended| {
                let receipted_by = receipted_by(line, suspended.act);
                suspension_json(now, suspended, seen.consent(suspended.act), &receipted_by, at_ms)
            }),
        })
    });
    json!({
        "open": members.iter().all(|party| seen.suspension(*party, at_ms).is_none()),
        "memorandum": {"hash": detente_record::hex(&then.hash()), "fingerprint": detente_record::fingerprint(&then.hash())},
        "members": members.iter().map(|party| then.name_of(*party)).collect::<Vec<_>>(),
        "parties": parties.collect::<Vec<_>>(),
        "motions": seen.open_motions().into_iter().map(|motion| motion_json(line, seen, motion, None)).collect::<Vec<_>>(),
    })
}

/// `GET …/standing`
#[utoipa::path(get, operation_id = "moment_standing", path = "/v1/lines/{line}/standing", tag = "moment", summary = "How the line stands, or stood, or as a party knew then", params(("line" = String, Path), Asked), responses(Answered))]
pub(crate) async fn standing(
    State(api): State<Api>,
    Path(line): LinePath,
    Query(asked): Query<Asked>,
) -> Answer {
    let keeper = api.line(&line)?;
    let now_ms = api.now_ms();
    let past = asked.read(keeper, now_ms).await?;
    let seen = keeper.look(move |line| {
        let (seen, at_ms, cut) = match &past {
            Some(past) => (line.seen_under(&past.cut), past.at_ms, past.cut.clone()),
            None => (line.seen(), line.time_ms(now_ms), line.judged()),
        };
        let mut answer = standing_json(line, &seen, at_ms);
        if let Some(fields) = answer.as_object_mut() {
            fields.insert("at_ms".into(), json!(at_ms));
            fields.insert("moment".into(), past.as_ref().map_or(Value::Null, |past| past.json(line)));
            fields.insert("cut".into(), cut_json(line.memorandum(), &cut).into());
        }
        answer
    });
    seen.await.map(Json).ok_or_else(Refused::stopping)
}
