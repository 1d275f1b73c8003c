//! The API: HTTP and JSON on a Unix socket that only its owner can open (spec/api.md).
//!
//! It holds no state and decides nothing: commands go to the line's keeper, answers come from the line and the
//! store.

mod airspace;
pub(crate) mod asker;
pub(crate) mod attachments;
mod circuits;
mod coarse;
mod compose;
mod consent;
mod courier;
mod doctor;
mod dossier;
pub(crate) mod draft;
pub(crate) mod entry;
pub mod events;
mod files;
mod handover;
mod keys;
mod log;
mod metrics;
mod moment;
pub(crate) mod notice;
mod observers;
mod officers;
mod openapi;
mod place;
mod record;
mod release;
pub(crate) mod request;
mod sketch;
mod status;
mod tokens;
mod touching;
mod typed;
mod working_group;

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixListener as StdListener;
use std::sync::Arc;

use axum::extract::{DefaultBodyLimit, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json, Router};
use detente_exchange::reading::MOST_BYTES;
use detente_line::Memorandum;
use detente_record::{Blame, Book, Detail, EntryRef, Fault, ParsedRef};
use serde_json::{Value, json};
use tokio::net::UnixListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouterExt as _};
use utoipa_axum::routes;

use crate::clock::Clock;
use crate::error::SetupError;
use crate::home::Home;
use crate::keeper::{Keeper, Refusal};
use crate::links::Lines;
use crate::officers::Officers;
use crate::store::{Reason, StoreError};
use crate::webhook::Webhooks;
use crate::witness::VerifyError;
use asker::Asker;
use openapi::Answered;
use request::{Body, Path};

/// Largest body of a request, in bytes.
const MAX_BODY: usize = 65_536;

/// What every call can reach.
#[derive(Clone)]
pub(crate) struct Api {
    home: Home,
    lines: Arc<BTreeMap<String, Keeper>>,
    clock: Clock,
    started_ms: u64,
    stopping: watch::Receiver<bool>,
    pub(crate) officers: Officers,
    webhooks: Webhooks,
    /// Where browsers find the console, where there is one.
    origin: Option<Arc<str>>,
}

/// A refusal, as the caller gets it.
#[derive(Debug)]
pub(crate) struct Refused {
    status: StatusCode,
    error: Box<str>,
    what: Box<str>,
    expected: Box<str>,
    found: Box<str>,
    hint: Box<str>,
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let Self { status, error, what, expected, found, hint } = self;
        let body = json!({"error": error, "what": what, "expected": expected, "found": found, "hint": hint});
        (status, Json(body)).into_response()
    }
}

pub(crate) type Answer = Result<Json<Value>, Refused>;

impl Refused {
    pub(crate) fn new(
        status: StatusCode,
        error: &str,
        what: &str,
        expected: &str,
        found: impl Into<Box<str>>,
        hint: &str,
    ) -> Self {
        Self {
            status,
            error: error.into(),
            what: what.into(),
            expected: expected.into(),
            found: found.into(),
            hint: hint.into(),
        }
    }

    /// What a refusal was that the API answered.
    pub(crate) fn passed_on(status: StatusCode, said: &Value) -> Self {
        let text = |field: &str| said.get(field).and_then(Value::as_str).unwrap_or_default();
        Self::new(status, text("error"), text("what"), text("expected"), text("found"), text("hint"))
    }

    /// For a page: the status; what was expected, what was found, what to do.
    pub(crate) fn words(&self) -> (StatusCode, [String; 3]) {
        (self.status, [&self.expected, &self.found, &self.hint].map(|text| text.to_string()))
    }

    /// The caller asked for something that makes no sense.
    pub(crate) fn misuse(what: &str, expected: &str, found: impl Into<Box<str>>) -> Self {
        let hint = "correct what is named; `detente help` and spec/api.md say what can be asked";
        Self::new(StatusCode::BAD_REQUEST, "Misuse", what, expected, found, hint)
    }

    /// The same refusal with what to do about this one.
    pub(crate) fn hinted(mut self, hint: &str) -> Self {
        self.hint = hint.into();
        self
    }

    pub(crate) fn no_entry(found: impl Into<Box<str>>) -> Self {
        let hint = "`detente record show` lists what is held";
        Self::new(StatusCode::NOT_FOUND, "UnknownEntry", "entry", "an entry held here", found, hint)
    }

    pub(crate) fn stopping() -> Self {
        let (expected, hint) = ("a station at work", "start the station again: `detente run`");
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "Stopping", "station", expected, "one that stops", hint)
    }
}

/// The name of a fault, by spec/line.md §8.
pub(crate) fn fault_name(fault: &Fault) -> String {
    match (fault, fault.detail().what) {
        (Fault::WeakKey(_), _) => "WeakKey".into(),
        (_, "permission") => "NotPermitted".into(),
        (_, "quota") => "OverQuota".into(),
        (_, "line") if fault.blame() == Blame::Incompatible => "WrongLine".into(),
        (_, "protocol version") => "WrongVersion".into(),
        (_, "checkpoint") if fault.blame() == Blame::Misbehaved => "BadStep".into(),
        (_, "receipt") => "BadReceipt".into(),
        (_, "renewal") if fault.blame() == Blame::Misbehaved => "BadRenewal".into(),
        (_, "station key") => "OldKey".into(),
        _ => fault.blame().to_string(),
    }
}

/// A fault as JSON.
pub(crate) fn fault_json(fault: &Fault) -> Value {
    let detail = fault.detail();
    json!({"error": fault_name(fault), "what": detail.what, "expected": detail.expected, "found": detail.found})
}

/// Why an entry is void, as JSON.
pub(crate) fn reason_json(reason: &Reason) -> Value {
    let Reason { error, what, expected, found } = reason;
    json!({"error": error, "what": what, "expected": expected, "found": found})
}

impl From<Fault> for Refused {
    fn from(fault: Fault) -> Self {
        let name = fault_name(&fault);
        let (status, hint) = match (name.as_str(), fault.blame()) {
            ("BadRenewal", _) => (
                StatusCode::CONFLICT,
                "nothing was taken; ask the party itself, over a telephone, for its renewals",
            ),
            (_, Blame::Misbehaved) if fault.detail().what != "permission" => {
                return Self::own_breach(fault.detail());
            }
            ("NotPermitted", _) => (
                StatusCode::CONFLICT,
                "propose the reopening, or send it as FLASH with --safety-of-life if lives depend on it",
            ),
            ("OverQuota", _) => (
                StatusCode::CONFLICT,
                "the memorandum's quota ends the day at 00:00 UTC; higher precedences have their own",
            ),
            (_, Blame::Misuse | Blame::Malformed) => {
                (StatusCode::BAD_REQUEST, "correct what is named and send it again")
            }
            _ => (StatusCode::CONFLICT, "`detente status` shows how the line stands"),
        };
        let detail = fault.detail();
        Self::new(status, &name, detail.what, &detail.expected, detail.found.to_string(), hint)
    }
}

impl Refused {
    /// A draft that every party would hold against its author, which is why it is not written.
    fn own_breach(detail: &Detail) -> Self {
        let hint = match detail.what {
            "regards" => "`detente show` tells of an entry whose it is and what it says",
            "act" => {
                "`detente status` shows what is suspended and what is open to vote on; `detente reopen propose` \
                 begins a reopening"
            }
            "book" => "`detente help` says which precedences its kind has",
            "release" => {
                "two officers release this kind: send it by itself, so that it waits for the second one; a file of many cannot"
            }
            "observer" => {
                "`detente memorandum in-force --observe CARD` begins the amendment that grants the observer access"
            }
            "finding" => "ask the observer for its finding on this line as it signed it; nothing was lodged",
            "disclosure" => {
                "`detente record show` lists what is held; what has just come can be disclosed in a moment"
            }
            _ => "`detente status` shows how the line stands",
        };
        let found = detail.found.to_string();
        Self::new(StatusCode::CONFLICT, "NotPermitted", detail.what, &detail.expected, found, hint)
    }
}

impl From<StoreError> for Refused {
    fn from(error: StoreError) -> Self {
        let status = StatusCode::SERVICE_UNAVAILABLE;
        Self::new(status, "Store", "store", "a store that takes and gives", error.to_string(), error.hint())
    }
}

impl From<VerifyError> for Refused {
    fn from(error: VerifyError) -> Self {
        match error {
            VerifyError::Store(error) => error.into(),
            VerifyError::Kept(error) => {
                let (status, expected) = (StatusCode::SERVICE_UNAVAILABLE, "cosignatures that can be read");
                Self::new(status, "Store", "cosignatures", expected, error.to_string(), error.hint())
            }
        }
    }
}

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Fault(fault) => fault.into(),
            Refusal::Store(error) => error.into(),
            Refusal::Stopping => Self::stopping(),
        }
    }
}

impl Api {
    /// The line of a name.
    pub(crate) fn line(&self, name: &str) -> Result<&Keeper, Refused> {
        self.lines.get(name).ok_or_else(|| {
            let names: Vec<&str> = self.lines.keys().map(String::as_str).collect();
            let expected = format!("one of {}", names.join(", "));
            let hint = "name the line as its memorandum does";
            Refused::new(StatusCode::NOT_FOUND, "UnknownLine", "line", &expected, name, hint)
        })
    }

    pub(crate) fn now_ms(&self) -> u64 {
        self.clock.now_ms()
    }

    /// The lines that somebody may see, by name.
    pub(crate) fn seen_by(&self, asker: &Asker) -> impl Iterator<Item = (&str, &Keeper)> {
        let all = self.lines.iter().map(|(name, keeper)| (name.as_str(), keeper));
        all.filter(|(name, _)| asker.sees(name))
    }

    /// The names of the lines.
    pub(crate) fn line_names(&self) -> impl Iterator<Item = &str> {
        self.lines.keys().map(String::as_str)
    }
}

/// The text of an entry's name.
pub(crate) fn name_text(memorandum: &Memorandum, entry: EntryRef) -> String {
    entry.text(&memorandum.name_of(entry.book.party))
}

/// The text of a book's name.
pub(crate) fn book_text(memorandum: &Memorandum, book: Book) -> String {
    book.text(&memorandum.name_of(book.party))
}

/// The entry of a name.
pub(crate) fn parse_name(memorandum: &Memorandum, text: &str) -> Result<EntryRef, Refused> {
    let parsed = ParsedRef::parse(text)?;
    let Some(party) = memorandum.party_named(&parsed.party) else {
        let names: Vec<String> = memorandum.parties().map(|party| memorandum.name_of(party)).collect();
        let expected = format!("one of {}", names.join(", "));
        return Err(Refused::misuse("party", &expected, parsed.party).hinted("an entry is named as usa/Z/3"));
    };
    let book = Book { generation: parsed.generation, party, class: parsed.class };
    Ok(EntryRef { book, number: parsed.number })
}

/// The API at work.
pub(crate) struct Serving {
    task: JoinHandle<()>,
    stop: watch::Sender<bool>,
    socket: std::path::PathBuf,
    /// What every call can reach.
    pub(crate) api: Api,
}

impl Serving {
    /// Lets calls under way end, then stops.
    pub(crate) async fn stop(self) {
        let _ = self.stop.send(true);
        let ended = tokio::time::timeout(std::time::Duration::from_secs(5), self.task).await;
        if ended.is_err() {
            tracing::warn!("some calls were still under way and were cut");
        }
        let _ = fs::remove_file(&self.socket);
    }
}

/// Serves the API of a station; `origin` is where browsers find its console, beside its webhooks stands when it was started, ms.
///
/// # Errors
/// `Io` if the socket cannot be made, and what is wrong with the officers' database.
pub(crate) fn serve(
    home: &Home,
    clock: Clock,
    lines: Lines,
    origin: Option<String>,
    (webhooks, started_ms): (Webhooks, u64),
) -> Result<Serving, SetupError> {
    let path = home.socket();
    // The store's lock says that no other station runs here: a socket that is there is a dead one's.
    if path.exists() {
        fs::remove_file(&path).map_err(|cause| SetupError::io("replace", &path, &cause))?;
    }
    let fail = |cause: std::io::Error| SetupError::io("listen on", &path, &cause);
    let listener = StdListener::bind(&path).map_err(fail)?;
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).map_err(fail)?;
    listener.set_nonblocking(true).map_err(fail)?;
    let listener = UnixListener::from_std(listener).map_err(fail)?;
    let (stop, stopping) = watch::channel(false);
    let named = lines.values().map(|keeper| (keeper.memorandum().terms().name.clone(), keeper.clone()));
    let lines = Arc::new(named.collect());
    let officers = Officers::open(&home.officers()).map_err(|error| SetupError::File {
        path: home.officers(),
        text: error.to_string(),
        hint: error.hint().into(),
    })?;
    let origin = origin.map(Arc::from);
    let (home, stopping_now) = (home.clone(), stopping.clone());
    let api = Api { home, lines, clock, started_ms, stopping: stopping_now, officers, webhooks, origin };
    let router = calls(api.clone()).layer(Extension(Asker::Owner));
    let mut stopping = stopping;
    let task = tokio::spawn(async move {
        let stopped = async move {
            let _ = stopping.wait_for(|stops| *stops).await;
        };
        if let Err(cause) = axum::serve(listener, router).with_graceful_shutdown(stopped).await {
            tracing::error!(%cause, "the API ended");
        }
    });
    Ok(Serving { task, stop, socket: path, api })
}

/// Every call; who asks has to be with each.
pub(crate) fn calls(api: Api) -> Router {
    routes()
        .split_for_parts()
        .0
        .fallback(nowhere)
        .method_not_allowed_fallback(nowhere)
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .with_state(api)
}

/// Every call with what it takes, as `GET /v1/openapi.json` shows them.
fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::with_openapi(openapi::about())
        .routes(routes!(openapi::show))
        .routes(routes!(station))
        .routes(routes!(move_clock))
        .routes(routes!(officers::list, officers::add))
        .routes(routes!(officers::end))
        .routes(routes!(officers::invite))
        .routes(routes!(officers::audit))
        .routes(routes!(tokens::list, tokens::add))
        .routes(routes!(tokens::end))
        .routes(routes!(place::place))
        .routes(routes!(place::moment))
        .routes(routes!(metrics::metrics))
        .routes(routes!(doctor::doctor))
        .routes(routes!(working_group::working_group))
        .routes(routes!(status::status))
        .routes(routes!(status::memorandum))
        .routes(routes!(entry::list, draft::write))
        .routes(routes!(entry::one))
        .routes(routes!(consent::positions))
        .routes(routes!(log::log))
        .routes(routes!(log::thread))
        .routes(routes!(keys::keys, keys::take))
        .routes(routes!(keys::witnessed))
        .routes(routes!(consent::motions))
        .routes(routes!(working_group::founds))
        .routes(routes!(observers::findings))
        .routes(routes!(observers::disclosures))
        .routes(routes!(circuits::circuits))
        .routes(routes!(circuits::withhold))
        .routes(routes!(moment::standing))
        .routes(routes!(attachments::list))
        .routes(routes!(attachments::bring).layer(DefaultBodyLimit::disable()))
        .routes(routes!(attachments::take))
        .routes(routes!(courier::show, courier::rotate, courier::import).layer(DefaultBodyLimit::disable()))
        .routes(routes!(courier::export))
        .routes(routes!(handover::show, handover::begin))
        .routes(routes!(handover::take))
        .routes(routes!(release::list))
        .routes(routes!(release::give, release::take_back))
        .routes(routes!(status::inbox))
        .routes(routes!(record::books))
        .routes(routes!(record::verify))
        .routes(routes!(record::evidence))
        .routes(routes!(dossier::make))
        .routes(routes!(events::follow))
        .routes(routes!(files::import).layer(DefaultBodyLimit::max(MOST_BYTES)))
        .routes(routes!(files::export))
        .routes(routes!(airspace::notices))
        .routes(routes!(airspace::check))
        .routes(routes!(airspace::conflicts))
        .routes(routes!(coarse::coarse))
        .routes(routes!(sketch::sketch))
        .routes(routes!(compose::templates))
        .routes(routes!(compose::compose))
        .routes(routes!(airspace::plans, airspace::add_plans))
        .routes(routes!(airspace::drop_plan))
}

async fn nowhere(method: axum::http::Method, uri: axum::http::Uri) -> Refused {
    Refused::new(
        StatusCode::NOT_FOUND,
        "Misuse",
        "call",
        "a call of spec/api.md",
        format!("{method} {}", uri.path()),
        "spec/api.md lists every call; is the caller of the station's version? `detente --version`",
    )
}

#[utoipa::path(
    get,
    operation_id = "station",
    path = "/v1/station",
    tag = "station",
    summary = "What this station is, and which lines it works",
    responses(Answered)
)]
async fn station(State(api): State<Api>, Extension(asker): Extension<Asker>) -> Json<Value> {
    let lines = api.seen_by(&asker).map(|(_, keeper)| {
        json!({
            "name": keeper.memorandum().terms().name,
            "line": keeper.line().to_string(),
            "party": keeper.memorandum().name_of(keeper.party),
        })
    });
    Json(json!({
        "version": env!("CARGO_PKG_VERSION"),
        "started_ms": api.started_ms,
        "now_ms": api.now_ms(),
        "scenario_clock": api.clock.is_scenario(),
        "lines": lines.collect::<Vec<_>>(),
    }))
}

/// Moves a scenario's clock forward; a station on the system's clock has no such call.
#[utoipa::path(post, operation_id = "move_clock", path = "/v1/clock", tag = "station", summary = "Moves the clock of a station that replays a scenario", request_body = Value, responses(Answered))]
async fn move_clock(State(api): State<Api>, Body(asked): Body<Value>) -> Answer {
    if !api.clock.is_scenario() {
        return Err(Refused::misuse("clock", "a scenario's", "the system's, which nobody moves"));
    }
    let Some(now_ms) = asked.get("now_ms").and_then(Value::as_u64) else {
        return Err(Refused::misuse("now_ms", "ms since 1970", asked.to_string()));
    };
    if !api.clock.advance_to(now_ms) {
        return Err(Refused::misuse("now_ms", "a time after now", now_ms.to_string()));
    }
    Ok(Json(json!({"now_ms": api.now_ms()})))
}

/// The line of a path and everything else of it.
pub(crate) type LinePath = Path<String>;
