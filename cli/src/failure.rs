//! Why a command did not do what was asked, and what to do about it.
//!
//! A failure says what was looked at, what was expected, what was found, and a hint; the station's refusals
//! (spec/api.md, "Errors") come through in its own words. Whatever a station or peer wrote is made harmless.

use std::fmt;
use std::process::ExitCode;

use detente_console::Words;
use detente_station::SetupError;
use serde_json::{Value, json};

use crate::harmless;
use crate::output::Output;

/// How a command ends that did not do what was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ending {
    /// Refused or failed: 1.
    Failed,
    /// Asked for what makes no sense: 2.
    Misuse,
    /// Nobody reads standard output any more: 0, and nothing is said.
    Unread,
}

/// Why a command did not do what was asked.
#[derive(Debug)]
pub(crate) struct Failure(Box<Told>);

#[derive(Debug)]
struct Told {
    ending: Ending,
    error: String,
    what: String,
    expected: String,
    found: String,
    hint: String,
}

impl Failure {
    fn new(ending: Ending, error: &str, [what, expected, found, hint]: [String; 4]) -> Self {
        Self(Box::new(Told { ending, error: error.into(), what, expected, found, hint }))
    }

    /// It was refused, or did not work.
    pub(crate) fn failed(
        error: &str,
        what: impl Into<String>,
        expected: impl Into<String>,
        found: impl Into<String>,
        hint: impl Into<String>,
    ) -> Self {
        Self::new(Ending::Failed, error, [what.into(), expected.into(), found.into(), hint.into()])
    }

    /// The command makes no sense as it was typed.
    pub(crate) fn misuse(
        what: impl Into<String>,
        expected: impl Into<String>,
        found: impl Into<String>,
        hint: impl Into<String>,
    ) -> Self {
        Self::new(Ending::Misuse, "Misuse", [what.into(), expected.into(), found.into(), hint.into()])
    }

    /// Nobody reads standard output any more.
    pub(crate) fn unread() -> Self {
        Self::new(Ending::Unread, "Unread", Default::default())
    }

    /// A station's refusal, from an error of spec/api.md; `None` if it is not one.
    pub(crate) fn refusal(status: u16, body: &Value) -> Option<Self> {
        let text = |name: &str| body.get(name).and_then(Value::as_str).map(str::to_owned);
        let ending = if status == 400 { Ending::Misuse } else { Ending::Failed };
        let said = [text("what")?, text("expected")?, text("found")?, text("hint").unwrap_or_default()];
        Some(Self::new(ending, &text("error")?, said))
    }

    /// The same failure with another hint.
    pub(crate) fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.0.hint = hint.into();
        self
    }

    /// Whether it is one of a name of spec/api.md.
    pub(crate) fn is(&self, error: &str) -> bool {
        self.0.error == error
    }

    /// What to do about it.
    pub(crate) fn hint(&self) -> &str {
        &self.0.hint
    }

    /// What the process ends with.
    pub(crate) fn exit_code(&self) -> ExitCode {
        match self.0.ending {
            Ending::Failed => ExitCode::FAILURE,
            Ending::Misuse => ExitCode::from(2),
            Ending::Unread => ExitCode::SUCCESS,
        }
    }

    /// It as the error of spec/api.md.
    pub(crate) fn json(&self) -> Value {
        let Told { error, what, expected, found, hint, .. } = self.0.as_ref();
        json!({"error": error, "what": what, "expected": expected, "found": found, "hint": hint})
    }

    /// What standard error gets to read, for people in their words or, with `--json`, as JSON.
    pub(crate) fn message(&self, out: &Output) -> Option<String> {
        if self.0.ending == Ending::Unread {
            return None;
        }
        if out.is_json() {
            return Some(self.json().to_string());
        }
        let said = out.begun(&out.say("failure-error", &[("what", &self.told(out.words()))]));
        if self.0.hint.is_empty() {
            return Some(said);
        }
        let hint = out.say("failure-hint", &[("what", &known(out.words(), &self.0.hint))]);
        Some(format!("{said}\n{}", out.begun(&format!(" {hint}"))))
    }

    /// It in a line, in the reader's words, as far as they reach: what was looked at and found is in the station's own.
    pub(crate) fn told(&self, words: &Words) -> String {
        let Told { error, what, expected, found, .. } = self.0.as_ref();
        let mut said = String::new();
        if !matches!(error.as_str(), "Misuse" | "Setup" | "Station") {
            said = format!("{}: ", harmless::line(error));
        }
        let [what, expected, found] = [what, expected, found].map(|text| known(words, text));
        if expected.is_empty() {
            return said + &what;
        }
        said + &words.of_all("failure-found", &[("what", &what), ("expected", &expected), ("found", &found)])
    }
}

/// A text of a refusal in the reader's words, where it is one that these have; else as it is, harmless.
pub(crate) fn known(words: &Words, text: &str) -> String {
    let said = |name: &&str| match pattern(name) {
        (whole, None) => (whole == text).then(|| words.t(name)),
        (before, Some(after)) => {
            let thing = text.strip_prefix(before.as_str())?.strip_suffix(after.as_str())?;
            Some(words.of_all(name, &[("thing", &harmless::line(thing))]))
        }
    };
    let said = if words.is_english() { None } else { KNOWN.iter().find_map(said) };
    said.unwrap_or_else(|| harmless::line(text))
}

/// What a text is in English: whole, or what is before and behind the thing that it names.
fn pattern(name: &str) -> (String, Option<String>) {
    let english = Words::english().on_terminal().of_all(name, &[("thing", "\n")]);
    match english.split_once('\n') {
        Some((before, after)) => (before.to_owned(), Some(after.to_owned())),
        None => (english, None),
    }
}

/// What the refusals say that an officer on watch is likely to meet. The English ones are word for word what the station says.
const KNOWN: &[&str] = &[
    "hint-record-show",
    "hint-start",
    "hint-start-again",
    "hint-suspended",
    "hint-quota",
    "hint-correct",
    "hint-status",
    "hint-show",
    "hint-suspended-what",
    "hint-precedences",
    "hint-two-officers",
    "hint-help",
    "hint-line-name",
    "hint-entry-name",
    "hint-busy",
    "hint-log",
    "hint-which-line",
    "hint-unknown-fate",
    "hint-not-receipted",
    "found-none",
    "found-nothing",
    "what-station",
    "what-entry",
    "expected-listens",
    "expected-entry",
    "found-suspended",
    "expected-open-line",
    "expected-office",
    "expected-one-of",
    "expected-in-force",
    "expected-own-in-force",
    "expected-to-vote",
    "expected-moved",
    "expected-after-now",
    "expected-waiting",
    "expected-other-officer",
    "what-permission",
    "what-suspension",
    "what-motion",
    "what-office",
    "what-release",
    "what-precedence",
    "what-reply-by",
    "hint-office",
    "hint-date",
    "hint-own-entries",
    "hint-only-who-suspended",
    "hint-motion-reopens",
    "hint-closes",
    "hint-motion-list",
    "hint-release-gone",
    "hint-release-again",
    "found-no-folder",
    "found-no-socket",
    "found-stopped",
    "expected-answer",
    "hint-folder",
    "hint-user",
];

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.told(&Words::english().on_terminal()))
    }
}

impl From<SetupError> for Failure {
    fn from(error: SetupError) -> Self {
        Self::failed("Setup", error.to_string(), "", "", error.hint())
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;

    fn sources(folder: &Path, text: &mut String) {
        for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
            match entry.path() {
                path if path.is_dir() => sources(&path, text),
                path => *text += &fs::read_to_string(path).unwrap_or_default(),
            }
        }
    }

    #[test]
    fn what_is_known_of_refusals_is_word_for_word_what_they_say() {
        let mut text = String::new();
        for folder in ["src", "../station/src", "../core/line/src"] {
            sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join(folder), &mut text);
        }
        // A text may go on after the end of its line.
        let text = text.split("\\\n").map(str::trim_start).collect::<String>();
        for name in KNOWN {
            let is_said = match pattern(name) {
                (whole, None) => text.contains(&format!("\"{whole}\"")),
                (before, Some(after)) => {
                    text.contains(&format!("\"{before}{{")) && text.contains(&format!("}}{after}\""))
                }
            };
            assert!(is_said, "nobody says {name}");
        }
    }
}
