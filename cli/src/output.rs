//! What a command says: data on standard output, messages on standard error.
//!
//! A reader that goes away ends the command quietly. Colour only repeats what a shape and a word say already; it
//! is there on a terminal, unless `NO_COLOR` is set or the terminal is a dumb one.

use std::io::{self, IsTerminal as _, Write as _};

use detente_console::Words;

use crate::failure::Failure;

/// What a piece of text says about itself, beside its words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tone {
    /// Nothing.
    Plain,
    /// Less important.
    Quiet,
    /// A heading.
    Strong,
    /// It holds.
    Good,
    /// It wants attention.
    Warn,
    /// It does not hold, or cannot wait.
    Bad,
}

/// Where a command says things.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Output {
    json: bool,
    terminal: bool,
    colour: bool,
    words: Words,
}

impl Output {
    /// As the process was started: `json` is what `--json` says; people read it in these words.
    pub(crate) fn new(json: bool, words: Words) -> Self {
        let terminal = io::stdout().is_terminal();
        let wanted = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        let able = std::env::var_os("TERM").is_some_and(|term| term != "dumb");
        Self { json, terminal, colour: terminal && wanted && able, words }
    }

    /// The reader's words.
    pub(crate) fn words(&self) -> &Words {
        &self.words
    }

    /// Whether programs read it.
    pub(crate) fn is_json(self) -> bool {
        self.json
    }

    /// Whether a person looks at it.
    pub(crate) fn is_seen(self) -> bool {
        self.terminal && !self.json
    }

    /// A piece of text in its tone.
    pub(crate) fn paint(self, tone: Tone, text: &str) -> String {
        let code = match tone {
            _ if !self.colour => "",
            Tone::Plain => "",
            Tone::Quiet => "2",
            Tone::Strong => "1",
            Tone::Good => "32",
            Tone::Warn => "33",
            Tone::Bad => "1;31",
        };
        if code.is_empty() { text.to_owned() } else { format!("\u{1b}[{code}m{text}\u{1b}[0m") }
    }

    /// Data: whole lines, or a JSON document, ended by a new line.
    ///
    /// # Errors
    /// `Unread` when nobody reads it any more; the system's answer otherwise.
    pub(crate) fn data(self, text: &str) -> Result<(), Failure> {
        let mut out = io::stdout().lock();
        let end = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
        let written = out
            .write_all(text.as_bytes())
            .and_then(|()| out.write_all(end.as_bytes()))
            .and_then(|()| out.flush());
        written.map_err(|cause| match cause.kind() {
            io::ErrorKind::BrokenPipe => Failure::unread(),
            _ => {
                let hint = "what the command did is done; ask for it again where there is room";
                Failure::failed(
                    "Station",
                    "standard output",
                    "one that takes what is written",
                    cause.to_string(),
                    hint,
                )
            }
        })
    }

    /// A message on standard error. Where that is closed there is nobody to tell.
    pub(crate) fn message(self, text: &str) {
        let _ = writeln!(io::stderr().lock(), "{text}");
    }

    /// A message for people only.
    pub(crate) fn remark(self, text: &str) {
        if !self.json {
            self.message(text);
        }
    }
}
