//! The page of what waits for a second officer: each draft as it would be written, who released it first, and its digest.

use askama::Template;
use serde_json::Value;

use crate::answer::{is, list, number, text};
use crate::board::precedence_word;
use crate::entry::{kind_word, said};
use crate::page::Frame;
use crate::peer::Peer;
use crate::time;

/// Most fields of a draft that are shown beside its words.
const MOST_FIELDS: usize = 200;
/// Fields that are shown in their own places.
const APART: [&str; 5] = ["kind", "precedence", "text", "reason", "language"];

/// A draft that waits.
#[derive(Debug)]
struct Draft {
    id: u64,
    drafter: Option<String>,
    drafted_ms: u64,
    sha256: String,
    yours: bool,
    kind: String,
    precedence: Option<String>,
    said: Peer,
    /// Every other field, by its place.
    fields: Vec<(String, Peer)>,
}

/// What waits for a second officer on a line.
#[derive(Debug, Template)]
#[template(path = "release.html")]
pub struct Release {
    frame: Frame,
    line: String,
    drafts: Vec<Draft>,
    writes: bool,
}

/// Every value within one, each with its place.
fn flat(place: &str, value: &Value, out: &mut Vec<(String, Peer)>) {
    let within = |name: &str| if place.is_empty() { name.to_owned() } else { format!("{place} {name}") };
    match value {
        _ if out.len() >= MOST_FIELDS => {}
        Value::Null => {}
        Value::Array(items) if items.is_empty() => {}
        Value::Object(fields) => fields.iter().for_each(|(name, value)| flat(&within(name), value, out)),
        Value::Array(items) if items.iter().all(|item| item.is_number() || item.is_string()) => {
            let items: Vec<String> = items
                .iter()
                .map(|item| item.as_str().map_or_else(|| item.to_string(), str::to_owned))
                .collect();
            out.push((place.to_owned(), Peer::text(&items.join(", "), None)));
        }
        Value::Array(items) => {
            (1..)
                .zip(items)
                .for_each(|(number, item): (usize, _)| flat(&within(&number.to_string()), item, out));
        }
        Value::Number(ms) if place.ends_with("_ms") => {
            let said = ms.as_u64().map_or_else(|| ms.to_string(), time::stamp);
            out.push((place.to_owned(), Peer::text(&said, None)));
        }
        Value::String(text) => out.push((place.to_owned(), Peer::text(text, None))),
        other => out.push((place.to_owned(), Peer::text(&other.to_string(), None))),
    }
}

impl Draft {
    fn of(frame: &Frame, waiting: &Value) -> Self {
        let draft = waiting.get("draft").cloned().unwrap_or_default();
        let kind = text(&draft, "kind").to_owned();
        // What it says is read as an entry's is: its body has the fields of a draft.
        let words = said(frame, &serde_json::json!({"kind": kind, "body": draft}));
        let mut fields = Vec::new();
        let others =
            draft.as_object().into_iter().flatten().filter(|(name, _)| !APART.contains(&name.as_str()));
        others.for_each(|(name, value)| flat(name, value, &mut fields));
        let letter = draft.get("precedence").and_then(Value::as_str).and_then(|word| word.chars().next());
        Self {
            id: number(waiting, "release"),
            drafter: waiting.get("drafter").and_then(Value::as_str).map(str::to_owned),
            drafted_ms: number(waiting, "drafted_ms"),
            sha256: text(waiting, "sha256").to_owned(),
            yours: is(waiting, "yours"),
            kind: kind_word(frame, &kind),
            precedence: letter.map(|letter| precedence_word(frame, letter)),
            said: Peer::text(&words, draft.get("language").and_then(Value::as_str)),
            fields,
        }
    }
}

impl Release {
    /// Of what `GET …/releases` says.
    pub fn of(frame: Frame, line: &str, answer: &Value, writes: bool) -> Self {
        let drafts = list(answer, "releases").iter().map(|waiting| Draft::of(&frame, waiting)).collect();
        Self { line: line.to_owned(), drafts, writes, frame }
    }

    fn stamp(&self, ms: &u64) -> String {
        time::stamp(*ms)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::words::Words;

    #[test]
    fn a_draft_is_shown_whole_and_a_drafter_is_offered_another_officer() {
        let draft = json!({"kind": "suspends", "reason": "<b>Talks</b> failed.", "scope": ["message", "notice"],
            "effective_ms": 1_500_000_000_000_u64, "regards": []});
        let waiting = |yours| {
            json!({"releases": [{"release": 7, "drafter": "Anna", "drafted_ms": 1_500_000_000_000_u64, "draft": draft,
                "sha256": "ab", "yours": yours}]})
        };
        let html = |yours| {
            let frame = Frame::stranger(Words::english(), "/");
            Release::of(frame, "syria", &waiting(yours), true).render().unwrap()
        };
        let theirs = html(false);
        for says in ["Talks", "message, notice", "effective_ms", "140240", "Anna", "data-release=\"7\""] {
            assert!(theirs.contains(says), "{says} in {theirs}");
        }
        assert!(
            !theirs.contains("<b>") && theirs.contains("data-give") && !theirs.contains("class=\"second\"")
        );
        assert!(!html(true).contains("data-give") && html(true).contains("second"));
    }
}
