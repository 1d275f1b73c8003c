//! The pages: each asks the API what it shows, as the officer who reads it.

use askama::Template;
use axum::body::{Body, to_bytes};
use axum::extract::{FromRequestParts, Path, Query};
use axum::http::header::{ACCEPT_LANGUAGE, CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH, SET_COOKIE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, Request, StatusCode, Uri};
use axum::response::{AppendHeaders, Html, IntoResponse as _, Redirect, Response};
use detente_console::{
    Board, ComposeForm, Composed, Described, Enrolling, Frame, Line, OpenEntry, SigningIn, Trouble, Words,
    assets,
};
use detente_record::hex;
use serde::Deserialize;
use serde_json::Value;
use tower::ServiceExt as _;

use super::Console;
use super::gate::{LANGUAGE, cookie};
use crate::api::Refused;
use crate::api::asker::Asker;
use crate::officers::{Right, Session};

/// Largest answer of the API that a page is made of, in bytes.
const MAX_ANSWER: usize = 16 << 20;

/// The language of a reader: as chosen, or as the browser would rather have it.
fn words(headers: &HeaderMap) -> Words {
    let accepted = headers.get(ACCEPT_LANGUAGE).and_then(|header| header.to_str().ok()).unwrap_or_default();
    cookie(headers, LANGUAGE).and_then(Words::of).unwrap_or_else(|| Words::accepted(accepted))
}

/// Who reads a page, and what it is made with.
pub(super) struct Reader {
    pub(super) console: Console,
    pub(super) asker: Asker,
    pub(super) session: Session,
    /// Around the page, in the reader's language; it comes back to the same page.
    pub(super) frame: Frame,
}

impl FromRequestParts<Console> for Reader {
    type Rejection = StatusCode;

    async fn from_request_parts(parts: &mut Parts, console: &Console) -> Result<Self, StatusCode> {
        let (session, asker) = (parts.extensions.get::<Session>(), parts.extensions.get::<Asker>());
        // The gate before every such page has put both there.
        let (Some(session), Some(asker)) = (session, asker) else { return Err(StatusCode::UNAUTHORIZED) };
        let here = parts.uri.path_and_query().map_or(parts.uri.path(), |path| path.as_str());
        let frame = Frame {
            here: here.to_owned(),
            words: words(&parts.headers),
            officer: Some(session.officer.name.clone()),
            role: session.officer.role.name().to_owned(),
            csrf: session.csrf.clone(),
        };
        Ok(Self { console: console.clone(), asker: asker.clone(), session: session.clone(), frame })
    }
}

impl Reader {
    /// What the API answers to the officer, of a line: `of` goes on from its path.
    pub(super) async fn ask(&self, line: &str, of: &str) -> Result<Value, Refused> {
        self.call(Method::GET, &format!("/v1/lines/{}{of}", encoded(line))).await
    }

    /// What it answers to a call without a body.
    pub(super) async fn call(&self, method: Method, path: &str) -> Result<Value, Refused> {
        self.console.call(&self.asker, method, path).await
    }

    pub(super) fn writes(&self) -> bool {
        self.session.officer.role.has(Right::Write)
    }

    pub(super) async fn board(&self, line: &str) -> Result<Board, Refused> {
        let status = self.ask(line, "").await?;
        let inbox = self.ask(line, "/inbox?limit=200").await?;
        Board::of(self.frame.clone(), status, inbox)
            .map_err(|cause| Refused::misuse("answer", "one of spec/api.md", cause.to_string()))
    }

    /// A page, or one that says what was refused.
    pub(super) fn shown(self, made: Result<impl Template, Refused>) -> Response {
        match made {
            Ok(made) => page(&made),
            Err(refused) => trouble(self.frame, &refused),
        }
    }
}

/// A page, or that it could not be made, which tests would show.
pub(super) fn page(rendered: &impl Template) -> Response {
    match rendered.render() {
        Ok(html) => Html(html).into_response(),
        Err(cause) => {
            tracing::error!(%cause, "a page could not be made");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// A page that says what was refused.
pub(super) fn trouble(frame: Frame, refused: &Refused) -> Response {
    let (status, [expected, found, hint]) = refused.words();
    let told = page(&Trouble { frame, expected, found, hint });
    (status, told).into_response()
}

/// A part of a path as it was before it was written in one.
pub(super) fn decoded(part: &str) -> String {
    percent_encoding::percent_decode_str(part).decode_utf8_lossy().into_owned()
}

pub(super) fn encoded(part: &str) -> String {
    percent_encoding::utf8_percent_encode(part, percent_encoding::NON_ALPHANUMERIC).to_string()
}

impl Console {
    /// What the API answers to an officer's call without a body.
    async fn call(&self, asker: &Asker, method: Method, path: &str) -> Result<Value, Refused> {
        self.call_with(asker, method, path, Body::empty()).await
    }

    /// What it answers to one with a body.
    pub(super) async fn call_with(
        &self,
        asker: &Asker,
        method: Method,
        path: &str,
        body: Body,
    ) -> Result<Value, Refused> {
        let request = Request::builder().method(method).uri(path).extension(asker.clone());
        let request = request.header(CONTENT_TYPE, "application/json").body(body);
        let request =
            request.map_err(|cause| Refused::misuse("path", "one of spec/api.md", cause.to_string()))?;
        let Ok(answer) = self.calls.clone().oneshot(request).await;
        let status = answer.status();
        let bytes = to_bytes(answer.into_body(), MAX_ANSWER).await.map_err(|_| Refused::stopping())?;
        let said: Value = serde_json::from_slice(&bytes).map_err(|_| Refused::stopping())?;
        if status.is_success() { Ok(said) } else { Err(Refused::passed_on(status, &said)) }
    }

    /// The lines that an officer may see, by name.
    fn lines(&self, session: &Session) -> Vec<String> {
        self.api.line_names().filter(|name| session.officer.sees(name)).map(str::to_owned).collect()
    }
}

/// `GET /`: the first line that the officer may see.
pub(super) async fn home(reader: Reader) -> Response {
    match reader.console.lines(&reader.session).first() {
        Some(line) => Redirect::to(&format!("/lines/{}", encoded(line))).into_response(),
        None => {
            let found = "none of those that run here";
            let refused = Refused::misuse("line", "one that you may see", found);
            trouble(reader.frame, &refused.hinted("ask the administrator of this station"))
        }
    }
}

/// `GET /lines/{line}`
pub(super) async fn line(reader: Reader, Path(name): Path<String>) -> Response {
    let (lines, writes) = (reader.console.lines(&reader.session), reader.writes());
    let made = async {
        let (board, frame) = (reader.board(&name).await?, reader.frame.clone());
        let compose = match writes {
            true => {
                let memorandum = reader.ask(&name, "/memorandum").await?;
                Some(ComposeForm::of(frame.clone(), &memorandum, board.party()))
            }
            false => None,
        };
        Ok(Line { frame, name, lines, board, writes, compose })
    };
    let made = made.await;
    reader.shown(made)
}

/// `GET /lines/{line}/board`
pub(super) async fn board(reader: Reader, Path(name): Path<String>) -> Result<Response, Refused> {
    Ok(page(&reader.board(&name).await?))
}

/// `POST /lines/{line}/compose`: as `POST …/compose` of the API, answered as a part of the page.
pub(super) async fn compose(
    reader: Reader,
    Path(name): Path<String>,
    typed: String,
) -> Result<Response, Refused> {
    let path = format!("/v1/lines/{}/compose", encoded(&name));
    let answer = reader.console.call_with(&reader.asker, Method::POST, &path, Body::from(typed)).await?;
    Ok(page(&Composed::of(reader.frame, &answer)))
}

/// Where an entry is: its line, party, book and number.
pub(super) type EntryPath = Path<(String, String, String, String)>;

/// An entry's name, as a part of a path.
pub(super) fn named((_, party, book, number): &(String, String, String, String)) -> String {
    [party, book, number].map(|part| encoded(part)).join("/")
}

/// `GET /lines/{line}/entries/{party}/{book}/{number}`
pub(super) async fn entry(reader: Reader, Path(of): EntryPath) -> Result<Response, Refused> {
    let entry = reader.ask(&of.0, &format!("/entries/{}", named(&of))).await?;
    let status = reader.ask(&of.0, "").await?;
    let me = status.get("party").and_then(Value::as_str).unwrap_or_default();
    let members = status.get("members").and_then(Value::as_array).into_iter().flatten();
    let others: Vec<String> =
        members.filter_map(Value::as_str).filter(|name| *name != me).map(str::to_owned).collect();
    let writes = reader.writes();
    Ok(page(&OpenEntry::of(reader.frame, &of.0, &entry, me, &others, writes)))
}

/// `GET /api`: the calls of the API, for whoever writes a program.
pub(super) async fn described(reader: Reader) -> Response {
    let document = reader.call(Method::GET, "/v1/openapi.json").await;
    let frame = reader.frame.clone();
    reader.shown(document.map(|document| Described::of(frame, &document)))
}

/// `GET /sign-in`
pub(super) async fn sign_in(here: Uri, headers: HeaderMap) -> Response {
    page(&SigningIn { frame: Frame::stranger(words(&headers), here.path()) })
}

/// `GET /enrol`
pub(super) async fn enrol(here: Uri, headers: HeaderMap) -> Response {
    page(&Enrolling { frame: Frame::stranger(words(&headers), here.path()) })
}

/// Which language a reader chose.
#[derive(Deserialize)]
pub(super) struct Chosen {
    to: String,
    back: String,
}

/// `GET /language`: for a year, on this browser.
pub(super) async fn language(Query(chosen): Query<Chosen>) -> Response {
    let tag = Words::of(&chosen.to).unwrap_or_else(Words::english).language.tag;
    let cookie = format!("{LANGUAGE}={tag}; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=31536000");
    // A page of this console, never another place.
    let is_path = chosen.back.starts_with('/')
        && !chosen.back.starts_with("//")
        && !chosen.back.contains(['\\', '\n', '\r']);
    let back = if is_path { chosen.back.as_str() } else { "/" };
    (AppendHeaders([(SET_COOKIE, cookie)]), Redirect::to(back)).into_response()
}

/// `GET /assets/{name}`
pub(super) async fn asset(Path(name): Path<String>, headers: HeaderMap) -> Response {
    let Some(asset) = assets::asset(&name) else { return StatusCode::NOT_FOUND.into_response() };
    let tag = format!("\"{}\"", hex(&asset.sha256));
    if headers.get(IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == tag.as_bytes()) {
        return StatusCode::NOT_MODIFIED.into_response();
    }
    let told = [(CONTENT_TYPE, asset.media_type), (CACHE_CONTROL, "no-cache"), (ETAG, tag.as_str())];
    (AppendHeaders(told), asset.bytes.into_owned()).into_response()
}
