//! Why a command did not do what was asked, and what to do about it.
//!
//! A failure says what was looked at, what was expected, what was found, and a hint; the station's refusals
//! (spec/api.md, "Errors") come through in its own words. Whatever a station or peer wrote is made harmless.

use std::fmt;
use std::process::ExitCode;

use detente_station::SetupError;
use serde_json::{Value, json};

use crate::harmless;

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

    /// What standard error gets to read, for people or, with `--json`, as the error of spec/api.md.
    pub(crate) fn message(&self, as_json: bool) -> Option<String> {
        let Told { ending, error, what, expected, found, hint } = self.0.as_ref();
        match (ending, as_json) {
            (Ending::Unread, _) => None,
            (_, true) => Some(
                json!({"error": error, "what": what, "expected": expected, "found": found, "hint": hint})
                    .to_string(),
            ),
            (_, false) if hint.is_empty() => Some(format!("error: {self}")),
            (_, false) => Some(format!("error: {self}\n hint: {}", harmless::line(hint))),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Told { error, what, expected, found, .. } = self.0.as_ref();
        if !matches!(error.as_str(), "Misuse" | "Setup" | "Station") {
            write!(f, "{}: ", harmless::line(error))?;
        }
        f.write_str(&harmless::line(what))?;
        if !expected.is_empty() {
            write!(f, ": expected {}, found {}", harmless::line(expected), harmless::line(found))?;
        }
        Ok(())
    }
}

impl From<SetupError> for Failure {
    fn from(error: SetupError) -> Self {
        Self::failed("Setup", error.to_string(), "", "", error.hint())
    }
}
