//! Who comes in: requests from this console's own pages, officers who are signed in, and programs with a token, each within their rights and lines.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use axum::extract::{Request, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, COOKIE, HOST, ORIGIN, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Redirect, Response};

use super::visitors::Known;
use super::{Console, Remote, bearer};
use crate::api::Refused;
use crate::api::asker::Asker;
use crate::clock;
use crate::officers::{Right, Session};

/// The cookie of a session; its name has browsers keep it to this very host and to TLS.
pub(super) const COOKIE_NAME: &str = "__Host-detente";
/// The cookie of the reader's language.
pub(super) const LANGUAGE: &str = "language";
/// The session's own word, with every command.
const CSRF: &str = "detente-csrf";

/// What a page may do: nothing but what this station itself gave it.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; \
    frame-ancestors 'none'; base-uri 'none'; require-trusted-types-for 'script'; trusted-types detente";

/// The value of a cookie.
pub(super) fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let all = headers.get_all(COOKIE).iter().filter_map(|header| header.to_str().ok());
    all.flat_map(|header| header.split(';'))
        .filter_map(|one| one.trim().split_once('='))
        .find(|(of, _)| *of == name)
        .map(|(_, value)| value)
}

fn refused(error: &str, what: &str, expected: &str, found: &str, hint: &str) -> Refused {
    let status = match error {
        "NotSignedIn" => StatusCode::UNAUTHORIZED,
        _ => StatusCode::FORBIDDEN,
    };
    Refused::new(status, error, what, expected, found, hint)
}

/// Every request: for this very console, and a command from a page of it or with a token.
pub(super) async fn from_here(State(console): State<Console>, request: Request, next: Next) -> Response {
    let authority = console.origin.strip_prefix("https://").unwrap_or_default();
    let host = request.headers().get(HOST).and_then(|host| host.to_str().ok());
    // HTTP/2 has it in the request's own address.
    let host = host.or_else(|| request.uri().authority().map(|authority| authority.as_str()));
    if host != Some(authority) {
        let hint = "open the console by the address that `detente officer list` shows";
        return refused("OtherOrigin", "host", authority, host.unwrap_or("none"), hint).into_response();
    }
    let is_command = !matches!(*request.method(), Method::GET | Method::HEAD);
    let from = request.headers().get(ORIGIN).and_then(|origin| origin.to_str().ok());
    let has_token = bearer::is_call(request.headers(), request.uri().path());
    if is_command && !has_token && from != Some(&console.origin) {
        let hint = "commands come from a page of the console itself; nothing was done";
        return refused("OtherOrigin", "origin", &console.origin, from.unwrap_or("none"), hint)
            .into_response();
    }
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    let fixed = [
        (CONTENT_SECURITY_POLICY, POLICY),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (REFERRER_POLICY, "same-origin"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        (
            HeaderName::from_static("permissions-policy"),
            "publickey-credentials-get=(self), publickey-credentials-create=(self)",
        ),
    ];
    for (name, value) in fixed {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

/// What it takes to make a call of the API: one of these.
fn rights_of(method: &Method, path: &str) -> &'static [Right] {
    let reads = matches!(*method, Method::GET | Method::HEAD);
    let mut parts = path.trim_start_matches('/').split('/');
    if parts.next() != Some("v1") {
        return &[Right::Read];
    }
    match (parts.next(), parts.nth(1)) {
        (Some("officers" | "audit" | "tokens"), _) => &[Right::Administer],
        _ if reads => &[Right::Read],
        // Each entry takes its own, which the call itself looks at.
        (Some("lines"), Some("entries" | "releases")) => &[Right::Notify, Right::Write, Right::Act],
        (Some("lines"), Some("check" | "sketch" | "compose" | "verify" | "dossier")) => &[Right::Read],
        (Some("lines"), Some("plans")) => &[Right::Plan],
        (Some("lines"), Some("import")) => &[Right::Notify],
        (Some("lines"), Some("blobs" | "handover")) => &[Right::Write],
        _ => &[Right::Act],
    }
}

/// Whether a path is that of a sketch of a notice or a message, which is asked for at every key that is typed into one, and does nothing.
fn is_sketch(path: &str) -> bool {
    let parts: Vec<&str> = path.trim_start_matches('/').split('/').collect();
    matches!(
        parts.as_slice(),
        ["v1", "lines", _, "sketch" | "compose"] | ["lines", _, "map", "sketch"] | ["lines", _, "compose"]
    )
}

/// The line that a path is about.
fn line_of(path: &str) -> Option<String> {
    let mut parts = path.trim_start_matches('/').split('/').skip_while(|part| *part == "v1");
    let line = (parts.next() == Some("lines")).then(|| parts.next()).flatten()?;
    Some(super::pages::decoded(line))
}

/// Requests of officers, signed in and with the session's word where they command, and of programs with a token.
pub(super) async fn signed_in(State(console): State<Console>, mut request: Request, next: Next) -> Response {
    let path = request.uri().path().to_owned();
    let is_call = path.starts_with("/v1/");
    let now_ms = clock::system_ms();
    if let Some(secret) = bearer::token(request.headers()) {
        if !is_call {
            let hint = "ask the API, as spec/api.md says; pages are for officers who are signed in";
            return refused("NotYourScope", "token", "a call under /v1/", &path, hint).into_response();
        }
        let Some(Remote(from)) = request.extensions().get::<Remote>().copied() else {
            return StatusCode::INTERNAL_SERVER_ERROR.into_response();
        };
        return match bearer::asker(&console, secret, from, now_ms) {
            Ok(asker) => within(&console, asker, request, next, now_ms).await,
            Err(response) => *response,
        };
    }
    let is_part = request.headers().contains_key("detente-part");
    let token = cookie(request.headers(), COOKIE_NAME).unwrap_or_default();
    let session = match console.api.officers.session(token, now_ms) {
        Ok(Some(session)) => session,
        Ok(None) if is_call || is_part => {
            let hint = "sign in; a session lasts 14 hours";
            return refused("NotSignedIn", "session", "an officer who is signed in", "none", hint)
                .into_response();
        }
        Ok(None) => return Redirect::to("/sign-in").into_response(),
        Err(error) => return Refused::from(error).into_response(),
    };
    // A form cannot send a header: its handler looks at the field.
    if is_command(&request) && path != "/sign-out" && !has_word(request.headers(), &session) {
        let hint = "load the page again; nothing was done";
        return refused("OtherOrigin", CSRF, "the session's own word", "another", hint).into_response();
    }
    let asker = Asker::officer(session.officer.clone());
    request.extensions_mut().insert(session);
    within(&console, asker, request, next, now_ms).await
}

fn is_command(request: &Request) -> bool {
    !matches!(*request.method(), Method::GET | Method::HEAD)
}

/// Answers somebody who is known, within their rights and lines, and writes down what they command.
async fn within(console: &Console, asker: Asker, mut request: Request, next: Next, now_ms: u64) -> Response {
    if let Some(known) = request.extensions().get::<Known>() {
        known.is_let_in();
    }
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    if let Some(line) = line_of(&path).filter(|line| !asker.sees(line)) {
        let hint = "the administrator of this station says who sees which line";
        return refused("NotYourLine", "line", "one that you were admitted to", &line, hint).into_response();
    }
    let is_deed = is_command(&request) && !is_sketch(&path);
    let allowed = asker.may_any(rights_of(&method, &path));
    request.extensions_mut().insert(asker.clone());
    let response = match allowed {
        Ok(()) => next.run(request).await,
        Err(refused) => refused.into_response(),
    };
    if is_deed {
        let (what, outcome) = (format!("{method} {path}"), response.status().as_str().to_owned());
        let name = asker.name().unwrap_or_default();
        let written = console.api.officers.write_down(&name, &what, &asker.about(), &outcome, now_ms);
        if let Err(error) = written {
            tracing::error!(%error, hint = error.hint(), what, "what was done could not be written down");
            return Refused::from(error).into_response();
        }
    }
    response
}

/// Whether the session's own word is with a command.
fn has_word(headers: &HeaderMap, session: &Session) -> bool {
    let word = headers.get(CSRF).map(HeaderValue::as_bytes).unwrap_or_default();
    is_word(word, session)
}

/// Whether it is that word, in a time that does not tell how much of it is right.
pub(super) fn is_word(word: &[u8], session: &Session) -> bool {
    verify_slices_are_equal(word, session.csrf.as_bytes()).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_named_takes_the_most() {
        assert_eq!(rights_of(&Method::GET, "/v1/lines/x/inbox"), [Right::Read]);
        for path in ["/v1/officers", "/v1/officers/Anna", "/v1/audit", "/v1/tokens", "/v1/tokens/a"] {
            assert_eq!(rights_of(&Method::GET, path), [Right::Administer]);
            assert_eq!(rights_of(&Method::DELETE, path), [Right::Administer]);
        }
        let writes = [Right::Notify, Right::Write, Right::Act];
        assert_eq!(rights_of(&Method::POST, "/v1/lines/x/entries"), writes);
        assert_eq!(rights_of(&Method::POST, "/v1/lines/x/keys"), [Right::Act]);
        assert_eq!(rights_of(&Method::POST, "/v1/clock"), [Right::Act]);
        assert_eq!(rights_of(&Method::DELETE, "/v1/lines/x/plans/3"), [Right::Plan]);
        assert_eq!(rights_of(&Method::PUT, "/v1/lines/x/anything"), [Right::Act]);
    }

    #[test]
    fn nothing_but_a_sketch_goes_unwritten() {
        assert!(is_sketch("/v1/lines/syria/sketch") && is_sketch("/lines/syria/map/sketch"));
        assert!(is_sketch("/v1/lines/syria/compose") && is_sketch("/lines/syria/compose"));
        for deed in [
            "/v1/officers/sketch",
            "/v1/lines/syria/blobs/sketch",
            "/v1/lines/sketch",
            "/lines/syria/map/import",
        ] {
            assert!(!is_sketch(deed), "{deed}");
        }
    }

    #[test]
    fn the_line_of_a_path_is_found_however_it_is_written() {
        assert_eq!(line_of("/v1/lines/syria/inbox").as_deref(), Some("syria"));
        assert_eq!(line_of("/lines/sy%72ia").as_deref(), Some("syria"));
        assert_eq!(line_of("/v1/station"), None);
    }
}
