//! The map: notices of every party that are in force or planned, own plans, and who is in whose way.

use axum::extract::{Extension, Path, State};
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use detente_console::{Answers, Frame, Map, MapPage};
use serde_json::Value;

use super::Console;
use super::pages::{encoded, frame, page, trouble};
use crate::api::Refused;
use crate::api::asker::Asker;
use crate::officers::Session;

/// How far back the time slider goes, ms.
const BACK_MS: u64 = 86_400_000;

impl Console {
    async fn map(&self, frame: Frame, asker: &Asker, line: &str) -> Result<Map, Refused> {
        let line = format!("/v1/lines/{}", encoded(line));
        let now_ms = self.api.now_ms();
        let status = self.ask(asker, &line).await?;
        let since_ms = now_ms.saturating_sub(BACK_MS);
        let answers = Answers {
            notices: self.ask(asker, &format!("{line}/notices?from_ms={since_ms}")).await?,
            plans: self.ask(asker, &format!("{line}/plans")).await?,
            conflicts: self.ask(asker, &format!("{line}/conflicts")).await?,
            memorandum: self.ask(asker, &format!("{line}/memorandum")).await?,
            party: status.get("party").and_then(Value::as_str).unwrap_or_default().to_owned(),
            now_ms,
        };
        Map::of(frame, &answers)
            .map_err(|cause| Refused::misuse("answer", "one of spec/api.md", cause.to_string()))
    }
}

/// `GET /lines/{line}/map`
pub(super) async fn map(
    State(console): State<Console>,
    Extension(session): Extension<Session>,
    Extension(asker): Extension<Asker>,
    Path(name): Path<String>,
    here: Uri,
    headers: HeaderMap,
) -> Response {
    let frame = frame(&headers, &session, &here);
    let board = match console.board(frame.clone(), &asker, &name).await {
        Ok(board) => board,
        Err(refused) => return trouble(frame, &refused),
    };
    match console.map(frame.clone(), &asker, &name).await {
        Ok(map) => page(&MapPage { frame, name, board, map }),
        Err(refused) => trouble(frame, &refused),
    }
}

/// `GET /lines/{line}/map/part`
pub(super) async fn part(
    State(console): State<Console>,
    Extension(session): Extension<Session>,
    Extension(asker): Extension<Asker>,
    Path(name): Path<String>,
    here: Uri,
    headers: HeaderMap,
) -> Result<Response, Refused> {
    Ok(page(&console.map(frame(&headers, &session, &here), &asker, &name).await?))
}
