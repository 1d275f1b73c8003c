//! What callers send, read so that whatever is wrong with it is answered as every other refusal is.

use std::time::Duration;

use axum::extract::rejection::JsonRejection;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::StatusCode;
use axum::http::header::CONTENT_LENGTH;
use axum::http::request::Parts;
use serde::de::DeserializeOwned;
use tokio_stream::StreamExt as _;

use super::{MAX_BODY, Refused};

/// The variables of a path.
pub(crate) struct Path<T>(pub(crate) T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Path<T> {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refused> {
        let read = axum::extract::Path::from_request_parts(parts, state).await;
        read.map(|axum::extract::Path(value)| Self(value))
            .map_err(|wrong| Refused::misuse("path", "one of spec/api.md, in UTF-8", wrong.body_text()))
    }
}

/// What stands behind the `?`.
pub(crate) struct Query<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refused> {
        let read = axum::extract::Query::from_request_parts(parts, state).await;
        read.map(|axum::extract::Query(value)| Self(value)).map_err(|wrong| {
            Refused::misuse("query", "what spec/api.md has for this call", wrong.body_text())
        })
    }
}

/// Most bytes of a body that is too large which are read and thrown away, so that its sender gets to hear why it is
/// refused instead of a connection that breaks while it still writes.
const MAX_DISCARDED: usize = 64 << 20;
/// How long that may take.
const DISCARDING: Duration = Duration::from_secs(10);

/// A body of JSON, at most [`MAX_BODY`] bytes.
pub(crate) struct Body<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = Refused;

    async fn from_request(request: Request, state: &S) -> Result<Self, Refused> {
        let length = request.headers().get(CONTENT_LENGTH);
        let length: Option<usize> = length.and_then(|length| length.to_str().ok()?.parse().ok());
        if let Some(length) = length.filter(|length| *length > MAX_BODY) {
            // Whether it is thrown away in time matters to its sender alone.
            let _ = tokio::time::timeout(DISCARDING, discard(request)).await;
            return Err(too_large(format!("{length} bytes")));
        }
        let read = axum::Json::from_request(request, state).await;
        read.map(|axum::Json(value)| Self(value)).map_err(|wrong: JsonRejection| match wrong.status() {
            StatusCode::PAYLOAD_TOO_LARGE => too_large("more".into()),
            _ => Refused::misuse("body", "a JSON object as in spec/api.md", wrong.body_text())
                .hinted("send `content-type: application/json` and the fields that spec/api.md lists"),
        })
    }
}

async fn discard(request: Request) {
    let mut data = request.into_body().into_data_stream();
    let mut left = MAX_DISCARDED;
    while let Some(Ok(bytes)) = data.next().await {
        left = left.saturating_sub(bytes.len());
        if left == 0 {
            return;
        }
    }
}

fn too_large(found: String) -> Refused {
    Refused::new(
        StatusCode::PAYLOAD_TOO_LARGE,
        "TooLarge",
        "request",
        &format!("at most {MAX_BODY} bytes"),
        found,
        "an entry holds at most 12,000 bytes of text: send it in parts",
    )
}
