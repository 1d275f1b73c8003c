//! What callers send, read so that whatever is wrong with it is answered as every other refusal is.

use axum::extract::rejection::JsonRejection;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::StatusCode;
use axum::http::request::Parts;
use serde::de::DeserializeOwned;

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

/// A body of JSON, at most [`MAX_BODY`] bytes.
pub(crate) struct Body<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = Refused;

    async fn from_request(request: Request, state: &S) -> Result<Self, Refused> {
        let length = request.headers().get("content-length").and_then(|length| length.to_str().ok());
        let length = length.map_or_else(|| "more".to_owned(), |length| format!("{length} bytes"));
        let read = axum::Json::from_request(request, state).await;
        read.map(|axum::Json(value)| Self(value)).map_err(|wrong: JsonRejection| match wrong.status() {
            StatusCode::PAYLOAD_TOO_LARGE => Refused::new(
                StatusCode::PAYLOAD_TOO_LARGE,
                "TooLarge",
                "request",
                &format!("at most {MAX_BODY} bytes"),
                length,
                "an entry holds at most 12,000 bytes of text: send it in parts",
            ),
            _ => Refused::misuse("body", "a JSON object as in spec/api.md", wrong.body_text())
                .hinted("send `content-type: application/json` and the fields that spec/api.md lists"),
        })
    }
}
