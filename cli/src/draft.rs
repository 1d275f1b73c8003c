//! Drafts: what every command that writes has in common (spec/api.md, "Draft").
//!
//! A draft goes to the station once. Where the answer is lost, nobody knows whether it was taken, and the command
//! says so: it does not try again, because an entry that was written twice was said twice.

use std::time::Duration;

use clap::Args;
use detente_record::ParsedRef;
use detente_station::Home;
use serde_json::{Map, Value};

use crate::answer::Answer;
use crate::failure::Failure;
use crate::harmless;
use crate::line::{LineArgs, OnLine};
use crate::output::Output;
use crate::socket::Trouble;
use crate::time::When;

/// Most bytes of a text (spec/line.md §4).
pub(crate) const MAX_TEXT: usize = 12_000;

/// Options of every command that writes.
#[derive(Debug, Clone, Args)]
pub(crate) struct Writing {
    /// Office that releases it, by name or number; the watch, if not given
    #[arg(long, value_name = "OFFICE", help_heading = "Writing")]
    office: Option<String>,
    /// Language that it is in (BCP 47); the party's first, if not given
    #[arg(long, value_name = "TAG", help_heading = "Writing")]
    language: Option<String>,
    /// Wait until every other party has receipted it, or so many seconds are over (10, if not said)
    #[arg(long, value_name = "SECONDS", num_args = 0..=1, require_equals = true, default_missing_value = "10",
          value_parser = clap::value_parser!(u64).range(1..=600), help_heading = "Writing")]
    wait: Option<u64>,
    #[command(flatten)]
    line: LineArgs,
}

/// Reads the name of an entry, such as `usa/Z/3`.
///
/// # Errors
/// Says what would have been taken.
pub(crate) fn entry_name(text: &str) -> Result<String, String> {
    let found = || format!("expected the name of an entry such as usa/Z/3, found {}", harmless::line(text));
    ParsedRef::parse(text).map(|_| text.to_owned()).map_err(|_| found())
}

/// Holds a text to what an entry can carry.
///
/// # Errors
/// When it is empty or too long.
pub(crate) fn held_text(text: &str) -> Result<String, String> {
    match text.len() {
        _ if text.trim().is_empty() => Err("expected a text, found nothing but blanks".into()),
        length if length > MAX_TEXT => {
            Err(format!("expected at most {MAX_TEXT} bytes of text, found {length}: send it in parts"))
        }
        _ => Ok(text.to_owned()),
    }
}

/// A draft that grows field by field.
#[derive(Debug, Clone)]
pub(crate) struct Draft(Map<String, Value>);

impl Draft {
    /// A draft of a kind.
    pub(crate) fn of(kind: &str) -> Self {
        Self(Map::from_iter([("kind".to_owned(), kind.into())]))
    }

    /// Fields of no kind, for a draft to carry.
    pub(crate) fn empty() -> Self {
        Self(Map::new())
    }

    /// With a field.
    pub(crate) fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.0.insert(name.to_owned(), value.into());
        self
    }

    /// With a field, if there is something to put in it.
    pub(crate) fn with_any(self, name: &str, value: Option<impl Into<Value>>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }

    /// With a field, if it holds.
    pub(crate) fn with_flag(self, name: &str, holds: bool) -> Self {
        self.with_any(name, holds.then_some(true))
    }

    /// Regarding entries, if any.
    pub(crate) fn regarding(self, entries: &[String]) -> Self {
        self.with_any("regards", (!entries.is_empty()).then(|| entries.to_vec()))
    }

    /// Its fields, for a draft that carries another.
    pub(crate) fn fields(self) -> Map<String, Value> {
        self.0
    }
}

/// A line that is about to be written on.
pub(crate) struct Desk {
    writing: Writing,
    on: OnLine,
}

impl Writing {
    /// Finds the line to write on.
    ///
    /// # Errors
    /// As [`LineArgs::open`].
    pub(crate) async fn open(&self, home: &Home) -> Result<Desk, Failure> {
        Ok(Desk { writing: self.clone(), on: self.line.open(home).await? })
    }

    /// Finds the line and writes a draft that needs nothing from it.
    ///
    /// # Errors
    /// As [`LineArgs::open`] and [`Desk::write`].
    pub(crate) async fn write(&self, home: &Home, out: &Output, draft: Draft) -> Result<(), Failure> {
        self.open(home).await?.write(out, draft).await
    }
}

impl Desk {
    /// The line.
    pub(crate) fn on(&self) -> &OnLine {
        &self.on
    }

    /// A time as the station's clock has it, told back to whoever typed it.
    pub(crate) fn time(&self, out: &Output, what: &str, when: Option<When>) -> Option<u64> {
        let ms = when?.ms(self.on.now_ms);
        let said = format!("{what} {}", out.stamp_from_now(ms, self.on.now_ms));
        out.remark(&out.begun(&said));
        Some(ms)
    }

    /// Writes a draft and says what became of it: the entry's name on standard output, its fate on standard error.
    ///
    /// # Errors
    /// When it is refused, when nobody knows whether it was taken, or when it was to be receipted and was not in
    /// time.
    pub(crate) async fn write(&self, out: &Output, draft: Draft) -> Result<(), Failure> {
        let answer = self.posted(draft).await?;
        if let Some(number) = answer.at("release").number() {
            out.data(
                if out.is_json() { answer.raw().to_owned() } else { format!("release {number}") }.as_str(),
            )?;
            out.remark(&out.begun(&out.t("draft-waits")));
            return Ok(());
        }
        let name = answer.at("entry").or_unknown();
        out.data(if out.is_json() { answer.raw() } else { &name })?;
        self.tell(out, &name, &answer).await
    }

    /// Writes a draft that the caller goes on with: the entry's name, and the whole answer.
    ///
    /// # Errors
    /// When it is refused or waits for a second officer, and when nobody knows whether it was taken.
    pub(crate) async fn written(&self, draft: Draft) -> Result<(String, Answer), Failure> {
        let answer = self.posted(draft).await?;
        match answer.at("release").number() {
            None => Ok((answer.at("entry").or_unknown(), answer)),
            Some(number) => {
                let hint = "have a second officer release it, then ask for what comes after it";
                let expected = "an entry that one officer releases";
                let found = "one that waits for a second officer";
                Err(Failure::failed("AwaitsRelease", format!("release {number}"), expected, found, hint))
            }
        }
    }

    async fn posted(&self, draft: Draft) -> Result<Answer, Failure> {
        let Writing { office, language, wait, .. } = &self.writing;
        let draft = draft.with_any("office", office.as_deref()).with_any("language", language.as_deref());
        let path = match wait {
            Some(seconds) => format!("/entries?until=receipted&timeout_ms={}", seconds * 1_000),
            None => "/entries".to_owned(),
        };
        let more = Duration::from_secs(wait.unwrap_or(0));
        match self.on.post(&path, &Value::Object(draft.fields()), more).await {
            Ok(answer) => Ok(answer),
            Err(Trouble::Lost(failure)) => Err(failure.with_hint(UNKNOWN_FATE)),
            Err(trouble) => Err(trouble.into()),
        }
    }

    /// Tells the fate of an entry that was written.
    async fn tell(&self, out: &Output, name: &str, answer: &Answer) -> Result<(), Failure> {
        let wait = self.writing.wait;
        let receipted: Vec<String> =
            answer.at("receipted_by").list().filter_map(|party| party.text()).collect();
        if wait.is_none() {
            out.remark(&out.begun(&out.t("draft-durable")));
            return Ok(());
        }
        let parties = self.on.parties().await?;
        let missing: Vec<&str> = parties
            .iter()
            .filter(|name| **name != self.on.party && !receipted.contains(name))
            .map(String::as_str)
            .collect();
        if missing.is_empty() {
            let said = out.say("draft-receipted", &[("parties", &receipted.join(", "))]);
            out.remark(&out.begun(&said));
            return Ok(());
        }
        let expected = format!("a receipt of every other party within {} s", wait.unwrap_or(0));
        let hint = "it is durable here and goes out by itself; do not send it again: `detente show` tells its receipts";
        Err(Failure::failed("NotReceipted", name, expected, format!("none of {}", missing.join(", ")), hint))
    }
}

const UNKNOWN_FATE: &str =
    "nobody knows whether it was written: look with `detente record show` before sending it again";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_held_to_what_an_entry_can_carry() {
        assert!(held_text(&"x".repeat(MAX_TEXT)).is_ok());
        assert!(held_text(&"x".repeat(MAX_TEXT + 1)).is_err());
        assert!(held_text(&"é".repeat(MAX_TEXT / 2 + 1)).is_err_and(|why| why.contains("found 12002")));
        assert!(held_text(" \n\t").is_err() && held_text("").is_err());
    }

    #[test]
    fn a_draft_holds_only_what_was_said() {
        let draft = Draft::of("message").with("text", "x").with_flag("safety_of_life", false).regarding(&[]);
        assert_eq!(Value::Object(draft.fields()).to_string(), r#"{"kind":"message","text":"x"}"#);
    }
}
