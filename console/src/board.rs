//! The board of a line: how it stands, three facts of each party, what waits for an officer.

use std::collections::BTreeMap;

use askama::Template;
use serde::Deserialize;
use serde_json::Value;

use crate::answer::{is, text};
use crate::compose::ComposeForm;
use crate::entry::{author, called, kind_word, said};
use crate::named;
use crate::page::Frame;
use crate::peer::Peer;
use crate::time;

/// How many characters of a text a row shows.
const GIST: usize = 140;
/// The precedences, gravest first.
pub(crate) const PRECEDENCES: [char; 4] = ['Z', 'O', 'P', 'R'];

/// The page of a line; its parts are filled and filled anew by [`Board`].
#[derive(Debug, Template)]
#[template(path = "line.html")]
pub struct Line {
    /// Around it.
    pub frame: Frame,
    /// The line's name.
    pub name: String,
    /// The lines that the officer may see.
    pub lines: Vec<String>,
    /// The board as it is now.
    pub board: Board,
    /// Whether the officer may say something on it.
    pub writes: bool,
    /// The form of a message, where they may.
    pub compose: Option<ComposeForm>,
}

/// What `GET /v1/lines/{line}` says.
#[derive(Debug, Clone, Deserialize)]
struct Status {
    #[serde(default)]
    name: String,
    party: String,
    now_ms: u64,
    open: bool,
    parties: Vec<Party>,
    circuits: Vec<Circuit>,
    owed: BTreeMap<char, u64>,
    awaited: BTreeMap<char, u64>,
    overdue: u64,
    motions: Vec<Value>,
    next_test_ms: u64,
    forked: Vec<String>,
    #[serde(default)]
    awaiting_release: u64,
}

#[derive(Debug, Clone, Deserialize)]
struct Party {
    name: String,
    me: bool,
    parted: Option<String>,
    willing: bool,
    suspension: Option<Suspension>,
    circuits_up: u64,
    last_heard_ms: Option<u64>,
    officer: String,
}

#[derive(Debug, Clone, Deserialize)]
struct Suspension {
    entry: String,
    reason: String,
    effective_ms: u64,
    effective: bool,
    #[serde(default)]
    receipted_by: Vec<String>,
}

#[derive(Debug, Clone, Deserialize)]
struct Circuit {
    peer: String,
    name: Option<String>,
    kind: Option<String>,
    ready: bool,
    silent: bool,
    late: bool,
    best: bool,
    round_trip_ms: Option<u64>,
}

/// What `GET …/inbox` says.
#[derive(Debug, Clone, Deserialize)]
struct Inbox {
    owed: Vec<Value>,
    awaited: Vec<Value>,
    more: bool,
}

/// An entry as a row.
#[derive(Debug, Clone)]
struct Row {
    name: String,
    class: char,
    kind: String,
    by: String,
    gist: Peer,
    since_ms: u64,
    due_ms: Option<u64>,
    overdue: bool,
    /// Whom each party has called about it.
    called: Vec<(String, String)>,
    /// Of an own entry: what of it is known to have happened at each other party.
    facts: Vec<(String, &'static str)>,
}

/// The board of a line at a moment.
#[derive(Debug, Clone, Template)]
#[template(path = "board.html")]
pub struct Board {
    frame: Frame,
    status: Status,
    owed: Vec<Row>,
    awaited: Vec<Row>,
    more: bool,
}

impl Board {
    /// Of a line, by what the API says of it.
    ///
    /// # Errors
    /// Where an answer is not as spec/api.md has it.
    pub fn of(frame: Frame, status: Value, inbox: Value) -> Result<Self, serde_json::Error> {
        let status: Status = serde_json::from_value(status)?;
        let inbox: Inbox = serde_json::from_value(inbox)?;
        let others: Vec<&str> = status
            .parties
            .iter()
            .filter(|party| !party.me && party.parted.is_none())
            .map(|party| party.name.as_str())
            .collect();
        let rows = |entries: &[Value]| entries.iter().map(|entry| Row::of(&frame, entry, &others)).collect();
        let (owed, awaited) = (rows(&inbox.owed), rows(&inbox.awaited));
        Ok(Self { owed, awaited, more: inbox.more, status, frame })
    }

    /// Own name of the party, and the reader's.
    pub fn party(&self) -> &str {
        &self.status.party
    }

    /// The FLASH entries that nobody here has acknowledged, by name.
    fn alarms(&self) -> String {
        let alarms = self.owed.iter().filter(|row| row.class == 'Z').map(|row| row.name.as_str());
        alarms.collect::<Vec<_>>().join(" ")
    }

    fn owed_count(&self, class: &char) -> u64 {
        self.status.owed.get(class).copied().unwrap_or(0)
    }

    fn awaited_count(&self, class: &char) -> u64 {
        self.status.awaited.get(class).copied().unwrap_or(0)
    }

    /// Whether this party has said that an officer of its own is present.
    fn officer_here(&self) -> &str {
        self.status.parties.iter().find(|party| party.me).map_or("unknown", |party| party.officer.as_str())
    }

    fn motions_open(&self) -> String {
        self.frame.words.n("motions-open", self.status.motions.len() as u64)
    }

    fn drafts_waiting(&self) -> String {
        self.frame.words.n("release-waiting", self.status.awaiting_release)
    }

    fn overdue(&self) -> String {
        self.frame.words.n("overdue-n", self.status.overdue)
    }

    fn precedences(&self) -> [char; 4] {
        PRECEDENCES
    }

    fn precedence_word(&self, class: &char) -> String {
        precedence_word(&self.frame, *class)
    }

    fn group(&self, ms: &u64) -> String {
        time::group(*ms)
    }

    fn ago(&self, ms: &u64) -> String {
        time::length(self.status.now_ms.saturating_sub(*ms))
    }

    fn until(&self, ms: &u64) -> String {
        time::length(ms.saturating_sub(self.status.now_ms))
    }

    fn peer(&self, text: &str) -> Peer {
        Peer::text(text, None)
    }

    fn suspended(&self) -> impl Iterator<Item = (&Party, &Suspension)> {
        self.status.parties.iter().filter_map(|party| Some((party, party.suspension.as_ref()?)))
    }
}

/// The word of a precedence.
pub(crate) fn precedence_word(frame: &Frame, class: char) -> String {
    named::precedence(&frame.words, class)
}

/// The class letter of an entry's name.
pub(crate) fn class_of(name: &str) -> char {
    name.split('/').nth(1).and_then(|book| book.chars().next()).unwrap_or('?')
}

impl Row {
    fn of(frame: &Frame, entry: &Value, others: &[&str]) -> Self {
        let name = text(entry, "entry").to_owned();
        let number = |field: &str| entry.get(field).and_then(Value::as_u64);
        let fact = |party: &&str| {
            let has = |fact: &str| entry.get(fact).is_some_and(|by| by.get(party).is_some());
            let furthest = ["answered", "passed_on", "acknowledged", "displayed", "delivered"]
                .into_iter()
                .find(|fact| has(fact))
                .unwrap_or("sent");
            ((*party).to_owned(), furthest)
        };
        Self {
            class: class_of(&name),
            kind: kind_word(frame, text(entry, "kind")),
            by: author(entry),
            gist: Peer::gist(&said(frame, entry), GIST, entry.get("language").and_then(Value::as_str)),
            since_ms: number("arrived_ms").or(number("time_ms")).unwrap_or(0),
            due_ms: number("due_ms"),
            overdue: is(entry, "overdue"),
            called: called(entry),
            facts: others.iter().map(fact).collect(),
            name,
        }
    }

    fn fact_word(&self, frame: &Frame, fact: &str) -> String {
        match fact {
            "answered" => frame.t("fact-answered"),
            "passed_on" => frame.t("fact-passed-on"),
            "acknowledged" => frame.t("fact-acknowledged"),
            "displayed" => frame.t("fact-displayed"),
            "delivered" => frame.t("fact-delivered"),
            _ => frame.t("fact-sent"),
        }
    }
}
