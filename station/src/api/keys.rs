//! Keys: which rank every party's are of, and renewals that are brought by hand.

use axum::Json;
use axum::extract::State;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use detente_line::{Event, Line};
use detente_record::renewal::Why;
use detente_record::{Party, Renewal, VerifierKey, fingerprint, hex};
use serde::Deserialize;
use serde_json::{Value, json};

use super::openapi::Answered;
use super::request::{Body, Path};
use super::{Answer, Api, LinePath, Refused};
use crate::witness::folder::line_keys;

/// `GET …/keys`
#[utoipa::path(get, operation_id = "keys", path = "/v1/lines/{line}/keys", tag = "keys", summary = "The keys of every party, and their renewals", params(("line" = String, Path)), responses(Answered))]
pub(crate) async fn keys(State(api): State<Api>, Path(line): LinePath) -> Answer {
    let keeper = api.line(&line)?;
    let seen = keeper.look(|line| {
        let keyring = line.keyring();
        let parties = line.memorandum().everyone().filter_map(|member| {
            let party = Party::new(member.number).ok()?;
            let (rank, keys) = keyring.last(party)?;
            Some(json!({
                "party": member.name,
                "rank": rank,
                "station_key": hex(keys.station.bytes()),
                "recovery": line.root(party).is_some_and(|root| root.recovery.is_some()),
                "renewals": line.renewals(party).iter().map(renewal_json).collect::<Vec<_>>(),
                "contradicted_from": line.spoiled_from(party),
                "fingerprint": print(line, party),
            }))
        });
        json!({
            "own_rank": line.own_rank(),
            "parties": parties.collect::<Vec<_>>(),
        })
    });
    seen.await.map(Json).ok_or_else(Refused::stopping)
}

/// What two people compare over a telephone: of keys that were renewed, the last renewal's hash.
fn print(line: &Line, party: Party) -> Option<String> {
    match line.renewals(party).last() {
        Some(last) => Some(fingerprint(&last.hash())),
        None => line.memorandum().anyone(party).map(|member| fingerprint(&member.fingerprint_subject())),
    }
}

fn renewal_json(renewal: &Renewal) -> Value {
    let said = &renewal.occasion;
    let why = if said.why == Why::Rotation { "rotation" } else { "compromise" };
    json!({
        "rank": said.rank, "why": why, "time_ms": said.time_ms, "hash": hex(&renewal.hash()),
        "bytes": STANDARD.encode(renewal.encode()),
    })
}

/// `GET …/witness-keys`
#[utoipa::path(get, operation_id = "keys_witnessed", path = "/v1/lines/{line}/witness-keys", tag = "keys", summary = "The keys that a witness needs", params(("line" = String, Path)), responses(Answered))]
pub(crate) async fn witnessed(State(api): State<Api>, Path(line): LinePath) -> Answer {
    let keeper = api.line(&line)?;
    let id = keeper.memorandum().line();
    let keyring = keeper.look(Line::keyring).await.ok_or_else(Refused::stopping)?;
    let keys: Vec<String> = line_keys(&id, &keyring).iter().map(VerifierKey::text).collect();
    Ok(Json(json!({"keys": keys})))
}

/// What is brought.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Brought {
    /// All renewals of a party, ascending from rank 1, base64.
    renewal: Vec<String>,
}

/// `POST …/keys`
#[utoipa::path(post, operation_id = "keys_take", path = "/v1/lines/{line}/keys", tag = "keys", summary = "Takes the renewals of a party's keys", params(("line" = String, Path)), request_body = Brought, responses(Answered))]
pub(crate) async fn take(
    State(api): State<Api>,
    Path(line): LinePath,
    Body(brought): Body<Brought>,
) -> Answer {
    let keeper = api.line(&line)?;
    let wrong =
        |found: &str| Refused::misuse("renewal", "renewals as spec/keys.md §4 has them, base64", found);
    let read = |text: &String| {
        let bytes = STANDARD.decode(text).map_err(|_| wrong("other text"))?;
        Ok(Renewal::decode(&bytes)?)
    };
    let renewals: Vec<Renewal> = brought.renewal.iter().map(read).collect::<Result<_, Refused>>()?;
    let offered = renewals.clone();
    let would = keeper.look(move |line| line.would_take(&offered)).await.ok_or_else(Refused::stopping)?;
    would?;
    let (Some(party), Some(rank)) = (
        renewals.first().map(|renewal| renewal.occasion.party),
        renewals.last().map(|renewal| renewal.occasion.rank),
    ) else {
        return Err(wrong("none"));
    };
    if !keeper.event(Event::Renewals(renewals)).await {
        return Err(Refused::stopping());
    }
    let contradicted =
        keeper.look(move |line| line.spoiled_from(party)).await.ok_or_else(Refused::stopping)?;
    let name = keeper.memorandum().name_of(party);
    Ok(Json(json!({"party": name, "rank": rank, "contradicted_from": contradicted})))
}
