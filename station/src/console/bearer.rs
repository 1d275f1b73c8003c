//! Programs that come with a token (RFC 6750) instead of a session.
//!
//! **Promises.** A call with a token uses no cookie, and needs no page of the console around it: no page can put a token on a request
//! to another place unless that place lets it (WHATWG Fetch, "CORS protocol"), and the console lets none. What a token may do is
//! its scope, on its lines; pages are not for it. A token that is over is told so; one that nobody has counts against the
//! address that it comes from.

use std::net::IpAddr;

use axum::http::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};

use super::Console;
use crate::api::Refused;
use crate::api::asker::Asker;

/// The token that is with a request: empty, where it says that there is one and there is none.
pub(super) fn token(headers: &HeaderMap) -> Option<&str> {
    let mut all = headers.get_all(AUTHORIZATION).iter();
    let (first, more) = (all.next()?, all.next());
    let text = first.to_str().unwrap_or_default();
    let (scheme, token) = text.split_once(' ').unwrap_or((text, ""));
    let is_bearer = scheme.eq_ignore_ascii_case("bearer");
    // Of two, nobody says which one counts.
    is_bearer.then_some(if more.is_none() { token.trim() } else { "" })
}

/// Whether a request is a call of the API with a token, which is judged by that alone.
pub(super) fn is_call(headers: &HeaderMap, path: &str) -> bool {
    path.starts_with("/v1/") && token(headers).is_some()
}

fn challenged(refused: Refused) -> Response {
    let mut response = refused.into_response();
    if response.status() == StatusCode::UNAUTHORIZED {
        response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    response
}

fn unknown(found: &str, hint: &str) -> Refused {
    let expected = "one of this station that is good";
    Refused::new(StatusCode::UNAUTHORIZED, "NotSignedIn", "token", expected, found, hint)
}

/// Whose token it is.
///
/// # Errors
/// The answer to a token that is not good, or of which there were too many from that address that nobody has.
pub(super) fn asker(
    console: &Console,
    secret: &str,
    from: IpAddr,
    now_ms: u64,
) -> Result<Asker, Box<Response>> {
    let answer = |refused: Refused| Box::new(challenged(refused));
    let officers = &console.api.officers;
    let Some(token) = officers.token_of(secret).map_err(|error| answer(error.into()))? else {
        // Apart from attempts to sign in: a program that goes on with what it has must not keep people at the same address out.
        console.strangers.try_once(from, now_ms).map_err(answer)?;
        tracing::warn!(%from, "a program came with a token that nobody has");
        let hint = "send `Authorization: Bearer` and the token as `detente token add` printed it; a lost one is ended and replaced";
        return Err(answer(unknown("one that nobody has", hint)));
    };
    if !token.is_good(now_ms) {
        tracing::warn!(%from, token = token.name, "a program came with a token that is over");
        let found = if token.ended_ms.is_some() { "one that was ended" } else { "one whose time is over" };
        let hint = "the administrator of this station makes another: `detente token add`";
        return Err(answer(unknown(found, hint)));
    }
    if let Err(error) = officers.used_token(&token, now_ms) {
        // When it was last used is for people; the call goes on.
        tracing::warn!(%error, hint = error.hint(), "when a token was used is not kept");
    }
    Ok(Asker::token(token))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_what_stands_behind_bearer_and_nothing_else() {
        let of = |lines: &[&'static str]| {
            let mut headers = HeaderMap::new();
            for line in lines {
                headers.append(AUTHORIZATION, HeaderValue::from_static(line));
            }
            token(&headers).map(str::to_owned)
        };
        assert_eq!(of(&["Bearer abc"]).as_deref(), Some("abc"));
        assert_eq!(of(&["bearer  abc "]).as_deref(), Some("abc"));
        assert_eq!(of(&["Bearer"]).as_deref(), Some(""));
        assert_eq!(of(&["Bearer abc", "Bearer def"]).as_deref(), Some(""));
        assert_eq!(of(&["Basic abc"]), None);
        assert_eq!(of(&["Bearerabc"]), None);
        assert_eq!(of(&[]), None);
    }
}
