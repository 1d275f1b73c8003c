//! TOML files of people's making, read against the form that they should have.
//!
//! Says what is wrong with its line and column, what was expected, what was found, and which known word is
//! nearest. Never quotes a line of the file: a file that was named by mistake may hold a key.

use std::path::Path;

use detente_record::Fault;
use serde::de::DeserializeOwned;
use toml::de::{DeTable, DeValue};

use crate::error::SetupError;

/// How alike two words must be, of 1, for one to have been meant by the other.
const ALIKE: f64 = 0.75;

/// What the deserializer calls things, and what people call them.
const WORDS: [(&str, &str); 9] = [
    ("a sequence", "a list"),
    ("sequence", "a list"),
    ("map", "a table"),
    ("u8", "a whole number from 0 to 255"),
    ("u16", "a whole number from 0 to 65535"),
    ("u64", "a whole number"),
    ("a string", "a text in quotes"),
    ("a boolean", "true or false"),
    ("boolean", "true or false"),
];

/// The nearest of some names to one that is not among them, if any is near.
pub fn nearest<'n>(found: &str, known: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    let found = found.to_lowercase();
    known
        .into_iter()
        .map(|name| (strsim::jaro_winkler(&found, name), name))
        .filter(|(likeness, _)| *likeness > ALIKE)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, name)| name)
}

/// What is wrong at one place of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wrong {
    /// The keys and, from 0, the places in lists that lead there: `party.1.station-key`. Empty: the whole file.
    pub(crate) at: String,
    /// What was expected, and what was found.
    pub(crate) text: String,
    /// What to do, where more can be said than that it is to be corrected.
    pub(crate) hint: Option<String>,
}

impl Wrong {
    /// Something else than expected.
    pub(crate) fn new(at: impl Into<String>, expected: &str, found: &str) -> Self {
        Self { at: at.into(), text: format!("expected {expected}, found {found}"), hint: None }
    }

    /// A word that is none of those known.
    pub(crate) fn word<'n>(
        at: impl Into<String>,
        expected: &str,
        found: &str,
        known: impl IntoIterator<Item = &'n str>,
    ) -> Self {
        let near = nearest(found, known).map(|near| format!("did you mean \"{near}\"?"));
        Self { hint: near, ..Self::new(at, expected, &format!("\"{found}\"")) }
    }

    /// As an error of the file, with the line and column of its place.
    pub(crate) fn of(self, path: &Path, source: &str, usual: &'static str) -> SetupError {
        let place = place_of(source, &self.at).map(|byte| position(source, byte));
        let text = match (place, self.at.is_empty()) {
            (Some(place), false) => format!("{place}, {}: {}", self.at, self.text),
            (Some(place), true) => format!("{place}: {}", self.text),
            (None, false) => format!("{}: {}", self.at, self.text),
            (None, true) => self.text,
        };
        let hint = self.hint.map_or(usual.into(), |hint| format!("{hint} ({usual})").into());
        SetupError::File { path: path.to_owned(), text, hint }
    }
}

/// The error of a file that breaks a rule at a place.
pub(crate) fn broken(path: &Path, source: &str, at: &str, fault: Fault) -> SetupError {
    let place = place_of(source, at).map(|byte| position(source, byte));
    let place = [place.as_deref(), Some(at)].into_iter().flatten().filter(|part| !part.is_empty());
    let place = place.collect::<Vec<_>>().join(", ");
    let place = if place.is_empty() { place } else { place + ": " };
    SetupError::Rule { path: path.to_owned(), place, fault }
}

/// Reads a file's text as the structure that it should be.
///
/// # Errors
/// `File`, with `hint` where nothing nearer can be said.
pub(crate) fn parse<T: DeserializeOwned>(
    path: &Path,
    source: &str,
    hint: &'static str,
) -> Result<T, SetupError> {
    toml::from_str(source).map_err(|error| {
        let place = error.span().map(|span| format!("{}: ", position(source, span.start)));
        let (text, near) = explain(error.message());
        let hint = near.map_or(hint.into(), |near| format!("did you mean `{near}`? ({hint})").into());
        SetupError::File { path: path.to_owned(), text: place.unwrap_or_default() + &text, hint }
    })
}

/// The deserializer's words in ours, and the known key that is nearest to an unknown one.
fn explain(message: &str) -> (String, Option<String>) {
    let words = |text: &str| {
        let known = WORDS.iter().find(|(theirs, _)| *theirs == text);
        known.map_or_else(|| text.to_owned(), |(_, ours)| (*ours).to_owned())
    };
    if message.starts_with("unknown field") {
        let mut quoted = message.split('`').skip(1).step_by(2);
        let found = quoted.next().unwrap_or_default();
        let known: Vec<&str> = quoted.collect();
        let text = format!("expected a key of {}, found `{found}`", known.join(", "));
        return (text, nearest(found, known).map(str::to_owned));
    }
    if let Some(key) = message.strip_prefix("missing field ") {
        return (format!("expected a key {key}, found none"), None);
    }
    let typed = message.strip_prefix("invalid type: ").or_else(|| message.strip_prefix("invalid value: "));
    match typed.and_then(|typed| typed.rsplit_once(", expected ")) {
        Some((found, expected)) => (format!("expected {}, found {}", words(expected), words(found)), None),
        None if message.starts_with("expected ") => (message.to_owned(), None),
        None => (format!("expected TOML, found what is none: {message}"), None),
    }
}

/// Line and column of a byte, both from 1.
fn position(source: &str, byte: usize) -> String {
    let before = source.get(..byte).unwrap_or(source);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    format!("line {line}, column {column}")
}

/// Where a place begins, or the last table on the way to it that is there.
fn place_of(source: &str, at: &str) -> Option<usize> {
    let tree = DeTable::parse(source).ok()?;
    let mut steps = at.split('.').filter(|step| !step.is_empty());
    let mut here = tree.get_ref().get(steps.next()?)?;
    for step in steps {
        let inner = match here.get_ref() {
            DeValue::Table(table) => table.get(step),
            DeValue::Array(list) => step.parse::<usize>().ok().and_then(|place| list.get(place)),
            _ => None,
        };
        let Some(inner) = inner else { break };
        here = inner;
    }
    Some(here.span().start)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_found_or_the_table_that_should_hold_it() {
        let source = "[one]\nkey = 1\n\n[[many]]\nname = \"a\"\n[[many]]\nname = \"b\"\n";
        let line = |at: &str| place_of(source, at).map(|byte| position(source, byte));
        assert_eq!(line("one.key").as_deref(), Some("line 2, column 7"));
        assert_eq!(line("many.1.name").as_deref(), Some("line 7, column 8"));
        assert_eq!(line("many.1.other").as_deref(), Some("line 6, column 1"));
        assert_eq!(line("two.key"), None);
        assert_eq!(line(""), None);
    }

    #[test]
    fn words_of_the_deserializer_become_ours() {
        let unknown = explain("unknown field `flahs`, expected one of `flash`, `immediate`");
        assert_eq!(unknown.0, "expected a key of flash, immediate, found `flahs`");
        assert_eq!(unknown.1.as_deref(), Some("flash"));
        assert_eq!(
            explain("invalid value: integer `300`, expected u8").0,
            "expected a whole number from 0 to 255, found integer `300`"
        );
        assert_eq!(explain("missing field `window`").0, "expected a key `window`, found none");
    }
}
