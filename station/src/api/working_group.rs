//! Working groups: what a decision founds, and whether the parent line's record bears out what a memorandum says of it
//! (spec/line.md §2.1).

use axum::extract::State;
use axum::{Extension, Json};
use detente_line::{Founding, Line, Matter, Outcome, Terms};
use detente_record::{EntryRef, Hash, LineId, hex, sha256};
use serde::Deserialize;
use serde_json::{Value, json};

use super::asker::Asker;
use super::openapi::Answered;
use super::request::{Path, Query};
use super::{Answer, Api, Refused, name_text, parse_name};
use crate::keeper::Keeper;
use crate::keys::unhex;
use crate::paper::{decision_text, parse_decision};

/// What a decision of a line founds.
struct Founded {
    motion: EntryRef,
    /// The name of the working group's line.
    name: String,
    text: String,
    /// SHA-256 of the decision's bytes.
    sha256: Hash,
}

/// What a decision founds, or why nothing.
async fn founded(keeper: &Keeper, decision: EntryRef) -> Result<Result<Founded, String>, Refused> {
    let name = name_text(&keeper.memorandum(), decision);
    let Some(stored) = keeper.store.entry(decision.book.code(), decision.number)? else {
        return Ok(Err(format!("{name} is not held here")));
    };
    let sha256 = sha256(&stored.bytes);
    let look = move |line: &Line| {
        let motions = line.motions().into_iter();
        let mut decided = motions.filter_map(|(motion, by)| Some((motion, by?)));
        let Some((motion, by)) = decided.find(|(_, by)| by.act == decision) else {
            return Err(format!("{name} is no decision that stands"));
        };
        match (&motion.matter, by.outcome) {
            (Matter::Found(group), Outcome::Carried) => {
                Ok(Founded { motion: motion.act, name: group.clone(), text: motion.text.clone(), sha256 })
            }
            (Matter::Found(_), _) => Err(format!("{name} did not carry its motion")),
            _ => Err(format!("{name} is on a motion that founds nothing")),
        }
    };
    keeper.look(look).await.ok_or_else(Refused::stopping)
}

/// Holds what a memorandum says of its founding decision to the parent line's record, where that is here: whether it
/// holds, `None` where nobody here can tell; why not; and the decision as it is called here.
async fn held(
    keeper: Option<&Keeper>,
    name: &str,
    founding: Option<&Founding>,
) -> Result<(Option<bool>, Option<String>, Option<Founded>), Refused> {
    let no = |why: String| Ok((Some(false), Some(why), None));
    let Some(founding) = founding else {
        return Ok((None, Some("the memorandum names no decision that founded it".into()), None));
    };
    let Some(keeper) = keeper else {
        return Ok((None, Some("the parent line is not on this station".into()), None));
    };
    let found = match founded(keeper, founding.decision()?).await? {
        Ok(found) => found,
        Err(why) => return no(why),
    };
    if found.sha256 != founding.sha256 {
        return no(format!("the decision has the hash {}", hex(&found.sha256)));
    }
    if found.name != name {
        return no(format!("the decision founds a line called {}", found.name));
    }
    Ok((Some(true), None, Some(found)))
}

/// What is known here of a working group's parent; null for a line that is none.
pub(crate) async fn parent_json(api: &Api, terms: &Terms) -> Result<Value, Refused> {
    let Some(parent) = &terms.parent else { return Ok(Value::Null) };
    let keeper = api.lines.values().find(|keeper| keeper.line() == LineId(*parent));
    let (holds, why, found) = held(keeper, &terms.name, terms.founding.as_ref()).await?;
    let decision = terms.founding.as_ref().and_then(|founding| founding.decision().ok());
    let named = |entry: EntryRef| match keeper {
        Some(keeper) => name_text(&keeper.memorandum(), entry),
        None => decision_text(entry),
    };
    Ok(json!({
        "line": hex(parent),
        "name": keeper.map(|keeper| keeper.memorandum().terms().name.clone()),
        "decision": decision.map(named),
        "decision_hash": terms.founding.as_ref().map(|founding| hex(&founding.sha256)),
        "holds": holds,
        "why": why,
        "motion": found.as_ref().map(|found| named(found.motion)),
        "text": found.map(|found| found.text),
    }))
}

/// The lines on this station that a decision of a line founded.
pub(crate) fn lines_founded_by(api: &Api, parent: LineId, decision: EntryRef, name: &str) -> Vec<String> {
    let founded = |keeper: &&Keeper| {
        let memorandum = keeper.memorandum();
        let terms = memorandum.terms();
        let by = terms.founding.as_ref().and_then(|founding| founding.decision().ok());
        terms.parent == Some(parent.0) && terms.name == name && by == Some(decision)
    };
    api.lines.values().filter(founded).map(|keeper| keeper.memorandum().terms().name.clone()).collect()
}

/// `GET …/founds/{party}/{book}/{number}`
#[utoipa::path(get, operation_id = "working_group_founds", path = "/v1/lines/{line}/founds/{party}/{book}/{number}", tag = "working-group", summary = "Whether a decision founded a working group", params(("line" = String, Path), ("party" = String, Path), ("book" = String, Path), ("number" = u64, Path)), responses(Answered))]
pub(crate) async fn founds(
    State(api): State<Api>,
    Path((line, party, book, number)): Path<(String, String, String, String)>,
) -> Answer {
    let keeper = api.line(&line)?;
    let memorandum = keeper.memorandum();
    let decision = parse_name(&memorandum, &format!("{party}/{book}/{number}"))?;
    let found = founded(keeper, decision).await?.map_err(|why| {
        let expected = "a decision that carried a motion to found a working group";
        Refused::misuse("decision", expected, why)
            .hinted("`detente motion list` shows what was decided, and by what")
    })?;
    let members = keeper.look(|line| line.members().to_vec()).await.ok_or_else(Refused::stopping)?;
    Ok(Json(json!({
        "parent": {"name": memorandum.terms().name, "line": keeper.line().to_string()},
        "decision": name_text(&memorandum, decision),
        "decision_in_file": decision_text(decision),
        "decision_hash": hex(&found.sha256),
        "motion": name_text(&memorandum, found.motion),
        "working_group": found.name,
        "text": found.text,
        "members": members.into_iter().map(|party| memorandum.name_of(party)).collect::<Vec<_>>(),
    })))
}

/// What a memorandum that is not in force here says of its parent.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Asked {
    name: String,
    parent: String,
    decision: Option<String>,
    decision_hash: Option<String>,
}

/// `GET /v1/working-group`
#[utoipa::path(
    get,
    operation_id = "working_group",
    path = "/v1/working-group",
    tag = "working-group",
    summary = "What the memorandum of a working group is to say of its parent",
    params(Asked),
    responses(Answered)
)]
pub(crate) async fn working_group(
    State(api): State<Api>,
    Extension(asker): Extension<Asker>,
    Query(asked): Query<Asked>,
) -> Answer {
    let hash = |field: &str, text: &str| {
        unhex::<32>(text).ok_or_else(|| Refused::misuse(field, "64 hex digits", "others"))
    };
    let parent = hash("parent", &asked.parent)?;
    let founding = match (&asked.decision, &asked.decision_hash) {
        (Some(decision), Some(sha256)) => {
            let expected = "an act such as 0/A/4";
            let decision = parse_decision(decision)
                .ok_or_else(|| Refused::misuse("decision", expected, decision.as_str()))?;
            Some(Founding::new(decision, hash("decision_hash", sha256)?))
        }
        _ => None,
    };
    let keeper = api.seen_by(&asker).map(|(_, keeper)| keeper).find(|keeper| keeper.line() == LineId(parent));
    let (holds, why, found) = held(keeper, &asked.name, founding.as_ref()).await?;
    Ok(Json(json!({
        "holds": holds,
        "why": why,
        "parent": keeper.map(|keeper| keeper.memorandum().terms().name.clone()),
        "text": found.map(|found| found.text),
    })))
}
