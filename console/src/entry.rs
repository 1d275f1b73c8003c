//! One entry, opened: what it says, who is bound by it, and what is known to have become of it.

use askama::Template;
use serde_json::Value;

use crate::answer::{is, list, number, text};
use crate::board::{class_of, precedence_word};
use crate::carried::{OnPage, on_page};
use crate::named;
use crate::page::Frame;
use crate::peer::Peer;
use crate::time;

/// What is known of an entry at one other party.
#[derive(Debug, Clone)]
struct Facts {
    party: String,
    /// Word, and when or by which entry, where it holds.
    facts: Vec<(String, Option<String>)>,
}

/// What somebody says that an entry says, in another language.
#[derive(Debug, Clone)]
struct Translation {
    entry: String,
    by: String,
    language: String,
    said: Peer,
}

impl Translation {
    fn of(said: &Value) -> Self {
        let language = text(said, "language");
        Self {
            entry: text(said, "entry").to_owned(),
            by: text(said, "party").to_owned(),
            said: Peer::text(text(said, "text"), Some(language)),
            language: language.to_owned(),
        }
    }
}

/// An entry, opened.
#[derive(Debug, Clone, Template)]
#[template(path = "entry.html")]
pub struct OpenEntry {
    frame: Frame,
    line: String,
    name: String,
    class: char,
    kind: String,
    by: String,
    /// Whether another party wrote it.
    others: bool,
    time_ms: u64,
    offices: Vec<String>,
    /// Whom each party has called about it.
    called: Vec<(String, String)>,
    language: String,
    said: Peer,
    carried: Vec<OnPage>,
    /// The same in another language, which it names.
    also: Option<(String, Peer)>,
    /// Translations of it: by whom, in which entry and language, and what they say.
    translations: Vec<Translation>,
    /// Whether it is one, of what it regards.
    translates: bool,
    regards: Vec<String>,
    facts: Vec<Facts>,
    marked: Option<String>,
    unjudged: bool,
    withdrawn_by: Option<String>,
    sha256: String,
    position: Option<[f64; 2]>,
    attachments: Vec<Peer>,
    /// Whether this party has acknowledged it.
    acknowledged: bool,
    /// Whether its author is still to be told that an officer has seen it.
    tells: bool,
    writes: bool,
}

/// Who wrote an entry.
pub(crate) fn author(entry: &Value) -> String {
    text(entry, "party").to_owned()
}

/// The word of a kind of entry.
pub(crate) fn kind_word(frame: &Frame, kind: &str) -> String {
    named::kind(&frame.words, kind)
}

/// Whom each party has called about an entry that waits for it: the party, and its offices or their rank.
pub(crate) fn called(entry: &Value) -> Vec<(String, String)> {
    let by_party = entry.get("escalated").and_then(Value::as_object).into_iter().flatten();
    let of = |(party, said): (&String, &Value)| {
        let offices: Vec<&str> = list(said, "offices").iter().filter_map(Value::as_str).collect();
        let rank = || number(said, "rank").to_string();
        (party.clone(), if offices.is_empty() { rank() } else { offices.join(", ") })
    };
    by_party.map(of).collect()
}

/// Where an entry says something is.
fn position_of(body: &Value) -> Option<[f64; 2]> {
    let position = body.get("position")?.as_array()?;
    Some([position.first()?.as_f64()?, position.get(1)?.as_f64()?])
}

/// A position in words: degrees, north and east positive.
fn place([latitude, longitude]: [f64; 2]) -> String {
    format!("{latitude:.5}, {longitude:.5}")
}

/// What an entry says, in one text: its own words, with where it says that something is.
pub(crate) fn said(frame: &Frame, entry: &Value) -> String {
    let empty = Value::Null;
    let body = entry.get("body").unwrap_or(&empty);
    let words = [
        text(body, "text"),
        text(body, "reason"),
        body.get("notice").map_or("", |notice| text(notice, "text")),
    ];
    let words = words.into_iter().find(|words| !words.is_empty()).unwrap_or_default();
    let kind = text(entry, "kind");
    match position_of(body) {
        Some(position) if kind == "cease" => {
            let at = frame.words.of_what("cease-at", &place(position));
            if words.is_empty() { at } else { format!("{at} — {words}") }
        }
        Some(position) if words.is_empty() => place(position),
        _ if words.is_empty() => kind_word(frame, kind),
        _ => words.to_owned(),
    }
}

impl OpenEntry {
    /// Of what `GET …/entries/…` of a line says; `me` is the reader's party, `others` the other members.
    pub fn of(frame: Frame, line: &str, entry: &Value, me: &str, others: &[String], writes: bool) -> Self {
        let name = text(entry, "entry").to_owned();
        let by = author(entry);
        let (empty, is_others) = (Value::Null, by != me);
        let body = entry.get("body").unwrap_or(&empty);
        let of = |party: &String| {
            let fact = |word: &str, field: &str| {
                let found = entry.get(field).and_then(|by| by.get(party));
                let shown = found.map(|found| match found.as_u64() {
                    Some(seconds) => time::stamp(seconds.saturating_mul(1_000)),
                    None => found.as_str().unwrap_or_default().to_owned(),
                });
                (frame.t(word), shown)
            };
            let facts = vec![
                fact("fact-delivered", "delivered"),
                fact("fact-displayed", "displayed"),
                fact("fact-acknowledged", "acknowledged"),
                fact("fact-passed-on", "passed_on"),
                fact("fact-answered", "answered"),
            ];
            Facts { party: party.clone(), facts }
        };
        // An entry of others is delivered to me by being here.
        let subjects: Vec<String> = others
            .iter()
            .filter(|party| **party != by)
            .cloned()
            .chain((by != me).then(|| me.to_owned()))
            .collect();
        let attachments = body.get("attachments").and_then(Value::as_array).into_iter().flatten();
        Self {
            class: class_of(&name),
            kind: kind_word(&frame, text(entry, "kind")),
            others: is_others,
            time_ms: number(entry, "time_ms"),
            offices: ["office", "second_office"]
                .into_iter()
                .filter_map(|field| entry.get(field)?.as_str())
                .map(str::to_owned)
                .collect(),
            called: called(entry),
            language: text(entry, "language").to_owned(),
            said: Peer::text(&said(&frame, entry), entry.get("language").and_then(Value::as_str)),
            carried: on_page(&frame.words, entry),
            also: body.get("also").filter(|also| !also.is_null()).map(|also| {
                let language = text(also, "language");
                (language.to_owned(), Peer::text(text(also, "text"), Some(language)))
            }),
            translations: list(entry, "translations").iter().map(Translation::of).collect(),
            translates: is(body, "translates"),
            regards: entry
                .get("regards")
                .and_then(Value::as_array)
                .into_iter()
                .flatten()
                .filter_map(Value::as_str)
                .map(str::to_owned)
                .collect(),
            facts: subjects.iter().map(of).collect(),
            marked: entry
                .get("marked")
                .filter(|marked| !marked.is_null())
                .map(|marked| format!("{}: {}", text(marked, "error"), text(marked, "found"))),
            unjudged: is(entry, "unjudged"),
            withdrawn_by: entry.get("withdrawn_by").and_then(Value::as_str).map(str::to_owned),
            sha256: text(entry, "sha256").to_owned(),
            position: position_of(body),
            attachments: attachments.map(|one| Peer::gist(text(one, "name"), 200, None)).collect(),
            acknowledged: entry.get("acknowledged").is_some_and(|by| by.get(me).is_some()),
            tells: writes
                && is_others
                && matches!(class_of(&name), 'Z' | 'O')
                && entry.get("displayed").is_none_or(|by| by.get(me).is_none()),
            writes,
            line: line.to_owned(),
            name,
            by,
            frame,
        }
    }

    fn precedence(&self) -> String {
        precedence_word(&self.frame, self.class)
    }

    fn stamp(&self, ms: &u64) -> String {
        time::stamp(*ms)
    }

    fn place(&self, position: &[f64; 2]) -> String {
        place(*position)
    }
}
