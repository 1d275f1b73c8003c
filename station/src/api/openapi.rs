//! The API as other programs read it: OpenAPI 3.1, made of the calls themselves, so that it says what is there.

use std::collections::BTreeMap;

use axum::Json;
use serde::Serialize;
use serde_json::Value;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{
    ContentBuilder, InfoBuilder, OpenApi, OpenApiBuilder, Ref, RefOr, Response, ResponseBuilder,
};
use utoipa::{IntoResponses, PartialSchema as _, ToSchema};

use super::routes;

/// A refusal: what was expected, what was found, what to do.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Refusal {
    /// By which programs know it, such as `Misuse` or `NotPermitted`.
    error: String,
    /// What is refused.
    what: String,
    /// What would have been taken.
    expected: String,
    /// What was there.
    found: String,
    /// What to do about it.
    hint: String,
}

/// What every call answers: what spec/api.md says of it, or a refusal.
pub(crate) struct Answered;

impl IntoResponses for Answered {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        let answer =
            ResponseBuilder::new().description("done; spec/api.md says what stands in the answer").build();
        let refused = ContentBuilder::new().schema(Some(Ref::from_schema_name("Refusal"))).build();
        let refusal = ResponseBuilder::new()
            .description("refused: what was expected, found and to be done")
            .content("application/json", refused)
            .build();
        BTreeMap::from([
            ("2XX".to_owned(), RefOr::T(answer)),
            ("4XX".to_owned(), RefOr::T(refusal.clone())),
            ("503".to_owned(), RefOr::T(refusal)),
        ])
    }
}

/// What the description calls the tokens of programs.
const TOKEN: &str = "token";

/// What the API is, before its calls.
pub(super) fn about() -> OpenApi {
    let info = InfoBuilder::new()
        .title("Détente: the API of a station")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(
            "On the station's Unix socket for the owner of its folder, over HTTPS for officers who are signed in and for programs with a token. What each call takes and answers is in spec/api.md.",
        ))
        .build();
    let mut openapi = OpenApiBuilder::new().info(info).build();
    let components = openapi.components.get_or_insert_default();
    components.schemas.insert("Refusal".into(), Refusal::schema());
    let bearer = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .description(Some("A token of `POST /v1/tokens`, for calls over HTTPS, within its scope and lines."))
        .build();
    components.add_security_scheme(TOKEN, SecurityScheme::Http(bearer));
    // On the socket, whoever may open it needs none.
    let none: [&str; 0] = [];
    openapi.security = Some(vec![SecurityRequirement::default(), SecurityRequirement::new(TOKEN, none)]);
    openapi
}

/// `GET /v1/openapi.json`
#[utoipa::path(
    get,
    operation_id = "openapi_show",
    path = "/v1/openapi.json",
    tag = "station",
    summary = "This description",
    responses(Answered)
)]
pub(crate) async fn show() -> Json<Value> {
    let described = routes().split_for_parts().1;
    Json(serde_json::to_value(described).unwrap_or_default())
}
