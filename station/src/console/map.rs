//! The map: notices of every party that are in force or planned, own plans, and who is in whose way.

use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::rejection::BytesRejection;
use axum::extract::{Path, Query, RawQuery};
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse as _, Response};
use detente_console::{
    Agreed, Answers, Imported, Map, MapPage, NoticeField, NoticeForm, boundary_path, sketched,
};
use detente_line::notice::{Field, Form};
use serde::Deserialize;
use serde_json::Value;

use super::pages::{Reader, encoded, page};
use crate::api::Refused;
use crate::officers::Right;

/// How far back the time slider goes, ms.
const BACK_MS: u64 = 86_400_000;

impl Reader {
    async fn map(&self, line: &str) -> Result<Map, Refused> {
        let now_ms = self.console.api.now_ms();
        let status = self.ask(line, "").await?;
        let since_ms = now_ms.saturating_sub(BACK_MS);
        let answers = Answers {
            notices: self.ask(line, &format!("/notices?from_ms={since_ms}")).await?,
            plans: self.ask(line, "/plans").await?,
            conflicts: self.ask(line, "/conflicts").await?,
            memorandum: self.ask(line, "/memorandum").await?,
            party: status.get("party").and_then(Value::as_str).unwrap_or_default().to_owned(),
            now_ms,
        };
        Map::of(self.frame.clone(), &answers)
            .map_err(|cause| Refused::misuse("answer", "one of spec/api.md", cause.to_string()))
    }

    fn boundary(&self) -> Option<Agreed> {
        self.console.boundary.as_deref().map(|boundary| Agreed::of(&boundary.name, &boundary.sha256))
    }

    async fn form(&self, line: &str) -> Result<NoticeForm, Refused> {
        let memorandum = self.ask(line, "/memorandum").await?;
        let fields = Field::ALL.map(|field| {
            let choices = match field.form() {
                Form::OneOf(words) => words.to_vec(),
                Form::Flag => vec!["yes", "no"],
                _ => Vec::new(),
            };
            NoticeField { name: field.name(), choices }
        });
        NoticeForm::of(self.frame.clone(), &memorandum, fields.to_vec())
            .map_err(|cause| Refused::misuse("answer", "one of spec/api.md", cause.to_string()))
    }
}

/// `GET /lines/{line}/map`
pub(super) async fn map(reader: Reader, Path(name): Path<String>) -> Response {
    let made = async {
        let (board, map) = (reader.board(&name).await?, reader.map(&name).await?);
        let notice = if reader.session.officer.role.has(Right::Notify) {
            Some(reader.form(&name).await?)
        } else {
            None
        };
        Ok(MapPage { frame: reader.frame.clone(), name, board, map, notice, boundary: reader.boundary() })
    };
    let made = made.await;
    reader.shown(made)
}

/// `GET /lines/{line}/map/part`
pub(super) async fn part(reader: Reader, Path(name): Path<String>) -> Result<Response, Refused> {
    Ok(page(&reader.map(&name).await?))
}

/// `GET /boundary`: the lines of the one that the parties agreed on, as a path in metres of the plane.
pub(super) async fn boundary(reader: Reader) -> Response {
    match &reader.console.boundary {
        Some(boundary) => boundary_path(&boundary.lines).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

/// From where a page draws.
#[derive(Debug, Deserialize)]
pub(super) struct Zero {
    x: f64,
    y: f64,
    near: f64,
}

/// `POST /lines/{line}/map/sketch`: as `POST …/sketch` of the API, with what it looks like on the plane.
pub(super) async fn sketch(
    reader: Reader,
    Path(name): Path<String>,
    Query(Zero { x, y, near }): Query<Zero>,
    typed: String,
) -> Result<Response, Refused> {
    let path = format!("/v1/lines/{}/sketch", encoded(&name));
    let answer = reader.console.call_with(&reader.asker, Method::POST, &path, Body::from(typed)).await?;
    Ok(Json(sketched(answer, [x, y], near)).into_response())
}

/// `POST /lines/{line}/map/import`: as `POST …/import` of the API, answered as a part of the page.
pub(super) async fn import(
    reader: Reader,
    Path(name): Path<String>,
    RawQuery(query): RawQuery,
    bytes: Result<Bytes, BytesRejection>,
) -> Result<Response, Refused> {
    reader.asker.may(Right::Notify)?;
    let bytes = bytes.map_err(|wrong| {
        Refused::new(
            wrong.status(),
            "TooLarge",
            "body",
            "a file of at most 64 MiB",
            wrong.body_text(),
            "split it",
        )
    })?;
    let query = query.unwrap_or_default();
    let said = |wanted: &str| query.split('&').any(|one| one == wanted);
    reader.asker.note(if said("dry_run=true") { "dry run" } else { "taken" });
    let path = format!("/v1/lines/{}/import?{query}", encoded(&name));
    let answer = reader.console.call_with(&reader.asker, Method::POST, &path, Body::from(bytes)).await?;
    Ok(page(&Imported::of(reader.frame, &answer, said("as=plans"))))
}
