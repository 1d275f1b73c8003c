//! `POST …/dossier`: part of the record in one file, for a stranger (spec/dossier.md §8).

use std::collections::BTreeSet;

use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse as _, Response};
use detente_dossier::paper;
use detente_line::Line;
use detente_record::{EntryRef, LineSecret, Party, Signature};
use serde::Deserialize;

use super::openapi::Answered;
use super::request::Body;
use super::request::Path;
use super::{Api, LinePath, Refused, parse_name};
use crate::dossier::{Fresh, Making, Selection, holding};
use crate::keeper::Keeper;
use crate::paper::Paper;

/// Which entries a dossier is to have, or a disclosure is to name.
#[derive(Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Choice)]
pub(crate) struct Asked {
    #[serde(default)]
    entries: Vec<String>,
    #[serde(default)]
    threads: Vec<String>,
    #[serde(default)]
    notices: Vec<String>,
    #[serde(default)]
    disclosures: Vec<String>,
    since_ms: Option<u64>,
    until_ms: Option<u64>,
    #[serde(default)]
    exact: bool,
    #[serde(default)]
    founding_only: bool,
    #[serde(default)]
    custody: bool,
    #[serde(default)]
    attachments: bool,
}

fn selection(keeper: &Keeper, asked: &Asked, now_ms: u64) -> Result<Selection, Refused> {
    let names = |texts: &[String]| {
        texts.iter().map(|text| parse_name(&keeper.memorandum(), text)).collect::<Result<Vec<_>, Refused>>()
    };
    let times = match (asked.since_ms, asked.until_ms) {
        (None, None) => None,
        (since, until) => Some((since.unwrap_or(0), until.unwrap_or(now_ms))),
    };
    Ok(Selection {
        entries: names(&asked.entries)?,
        threads: names(&asked.threads)?,
        notices: names(&asked.notices)?,
        disclosures: names(&asked.disclosures)?,
        times,
        is_exact: asked.exact,
        is_founding_only: asked.founding_only,
        holding: Vec::new(),
        has_attachments: asked.attachments,
    })
}

/// The names of the entries that are to be disclosed, each of which a dossier can show.
pub(crate) async fn chosen(
    keeper: &Keeper,
    asked: &Asked,
    now_ms: u64,
) -> Result<BTreeSet<EntryRef>, Refused> {
    let selection = selection(keeper, asked, now_ms)?;
    let fresh = keeper.look(Fresh::of).await.ok_or_else(Refused::stopping)?;
    let (signatures, secrets) = (Vec::new(), Vec::new());
    let from = Source { keeper: keeper.clone(), signatures, secrets, fresh };
    let named = tokio::task::spawn_blocking(move || from.making().meant(&selection).map(|(names, _)| names));
    Ok(named.await.map_err(|_| Refused::stopping())??)
}

/// `POST …/dossier`
#[utoipa::path(post, operation_id = "dossier_make", path = "/v1/lines/{line}/dossier", tag = "dossier", summary = "A dossier of chosen entries", params(("line" = String, Path)), request_body = Asked, responses(Answered))]
pub(crate) async fn make(
    State(api): State<Api>,
    Path(line): LinePath,
    Body(asked): Body<Asked>,
) -> Result<Response, Refused> {
    let keeper = api.line(&line)?.clone();
    let selection = selection(&keeper, &asked, api.now_ms())?;
    let path = api.home.memorandum(&keeper.founding.terms().name);
    let unread = |error: crate::SetupError| {
        Refused::misuse("memorandum", "the one in force, with its signatures", error.to_string())
            .hinted(&error.hint())
    };
    let signed = Paper::read(&path).map_err(unread)?;
    // Its hash is the line's name, and the keys in it are the line's for ever.
    let signatures: Vec<_> = keeper
        .founding
        .parties()
        .filter_map(|party| Some((party, signature(&signed, &keeper.founding.name_of(party))?)))
        .collect();
    // What a stranger would refuse is not handed out.
    paper::signatures(&keeper.founding, paper::note(&keeper.founding, &signatures).as_bytes())?;
    let look = |line: &Line| (line.secrets(), Fresh::of(line));
    let (secrets, fresh) = keeper.look(look).await.ok_or_else(Refused::stopping)?;
    let from = Source { keeper: keeper.clone(), signatures, secrets, fresh };
    let (selection, from) = match asked.custody {
        true => with_custody(selection, from).await?,
        false => (selection, from),
    };
    let made = tokio::task::spawn_blocking(move || Ok::<_, Refused>(from.making().make(&selection)?));
    let bytes = made.await.map_err(|_| Refused::stopping())??;
    Ok(([(CONTENT_TYPE, "application/zip")], bytes).into_response())
}

/// What a dossier is made from, as it goes from thread to thread.
struct Source {
    keeper: Keeper,
    signatures: Vec<(Party, Signature)>,
    secrets: Vec<((Party, u8), LineSecret)>,
    fresh: Fresh,
}

impl Source {
    fn making(&self) -> Making<'_> {
        Making {
            store: &self.keeper.store,
            founding: &self.keeper.founding,
            naming: self.keeper.memorandum(),
            signatures: self.signatures.clone(),
            secrets: &self.secrets,
            fresh: &self.fresh,
            witnessed: self.keeper.witnesses.kept(),
        }
    }
}

/// Adds where parties say that they hold the attachments of what is selected.
async fn with_custody(selection: Selection, from: Source) -> Result<(Selection, Source), Refused> {
    let finding = tokio::task::spawn_blocking(move || {
        let blobs = from.making().attachments(&selection)?;
        Ok::<_, Refused>((blobs, selection, from))
    });
    let (blobs, mut selection, from) = finding.await.map_err(|_| Refused::stopping())??;
    let held = from.keeper.look(move |line| holding(line, &blobs)).await;
    selection.holding = held.ok_or_else(Refused::stopping)?;
    Ok((selection, from))
}

/// A party's signature in the memorandum's file.
fn signature(paper: &Paper, name: &str) -> Option<Signature> {
    paper.signature.iter().filter(|part| part.party == name).find_map(|part| part.bytes())
}
