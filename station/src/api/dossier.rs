//! `POST …/dossier`: part of the record in one file, for a stranger (spec/dossier.md §8).

use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse as _, Response};
use detente_dossier::paper;
use detente_line::Line;
use detente_record::Signature;
use serde::Deserialize;

use super::request::Body;
use super::request::Path;
use super::{Api, LinePath, Refused, parse_name};
use crate::dossier::{Fresh, Making, Selection};
use crate::paper::Paper;

/// Which entries a dossier is to have.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Asked {
    #[serde(default)]
    entries: Vec<String>,
    #[serde(default)]
    threads: Vec<String>,
    #[serde(default)]
    notices: Vec<String>,
    since_ms: Option<u64>,
    until_ms: Option<u64>,
    #[serde(default)]
    exact: bool,
}

/// `POST …/dossier`
pub(crate) async fn make(
    State(api): State<Api>,
    Path(line): LinePath,
    Body(asked): Body<Asked>,
) -> Result<Response, Refused> {
    let keeper = api.line(&line)?.clone();
    let names = |texts: &[String]| {
        texts.iter().map(|text| parse_name(&keeper.memorandum(), text)).collect::<Result<Vec<_>, Refused>>()
    };
    let times = match (asked.since_ms, asked.until_ms) {
        (None, None) => None,
        (since, until) => Some((since.unwrap_or(0), until.unwrap_or_else(|| api.now_ms()))),
    };
    let selection = Selection {
        entries: names(&asked.entries)?,
        threads: names(&asked.threads)?,
        notices: names(&asked.notices)?,
        times,
        is_exact: asked.exact,
    };
    let path = api.home.memorandum(&keeper.founding.terms().name);
    let unread = |error: crate::SetupError| {
        Refused::misuse("memorandum", "the one in force, with its signatures", error.to_string())
            .hinted(&error.hint())
    };
    let signed = Paper::read(&path).map_err(unread)?;
    let look = |line: &Line| (line.secrets(), Fresh::of(line));
    let (secrets, fresh) = keeper.look(look).await.ok_or_else(Refused::stopping)?;
    let made = tokio::task::spawn_blocking(move || {
        // Its hash is the line's name, and the keys in it are the line's for ever.
        let memorandum = &keeper.founding;
        let signatures: Vec<_> = memorandum
            .parties()
            .filter_map(|party| Some((party, signature(&signed, &memorandum.name_of(party))?)))
            .collect();
        // What a stranger would refuse is not handed out.
        paper::signatures(memorandum, paper::note(memorandum, &signatures).as_bytes())?;
        let making = Making {
            store: &keeper.store,
            memorandum,
            signatures,
            secrets: &secrets,
            fresh: &fresh,
            witnessed: keeper.witnesses.kept(),
        };
        Ok::<_, Refused>(making.make(&selection)?)
    });
    let bytes = made.await.map_err(|_| Refused::stopping())??;
    Ok(([(CONTENT_TYPE, "application/zip")], bytes).into_response())
}

/// A party's signature in the memorandum's file.
fn signature(paper: &Paper, name: &str) -> Option<Signature> {
    paper.signature.iter().filter(|part| part.party == name).find_map(|part| part.bytes())
}
