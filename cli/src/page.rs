//! A page of text for people, in rows with labels that align.

use unicode_width::UnicodeWidthStr as _;

use crate::output::{Output, Tone};
use crate::words::padded;

/// Columns of a label in English, which other languages need more of.
const LABEL: usize = 14;
const LONGER_LABEL: usize = 22;

/// A page that grows row by row.
#[derive(Debug)]
pub(crate) struct Page<'a> {
    out: &'a Output,
    text: String,
}

impl<'a> Page<'a> {
    /// An empty page.
    pub(crate) fn new(out: &'a Output) -> Self {
        Self { out, text: String::new() }
    }

    /// A whole line.
    pub(crate) fn line(&mut self, line: &str) {
        self.text.push_str(&self.out.begun(line.trim_end()));
        self.text.push('\n');
    }

    /// A heading, apart from what is above it.
    pub(crate) fn heading(&mut self, heading: &str) {
        if !self.text.is_empty() {
            self.text.push('\n');
        }
        let painted = self.out.paint(Tone::Strong, heading);
        self.line(&painted);
    }

    /// A value with its label; rows that go on have an empty one.
    pub(crate) fn row(&mut self, label: &str, value: &str) {
        let columns = if self.out.words().is_english() { LABEL } else { LONGER_LABEL };
        let room = if label.width() < columns { "" } else { "  " };
        let label = self.out.paint(Tone::Quiet, &padded(label, columns));
        self.line(&format!("{label}{room}{value}"));
    }

    /// A value with its label, where the value is a name, a number or somebody's.
    pub(crate) fn name(&mut self, label: &str, value: Option<String>) {
        if let Some(value) = value {
            self.row(label, &self.out.apart(&value));
        }
    }

    /// The same, where there is a value.
    pub(crate) fn any(&mut self, label: &str, value: Option<String>) {
        if let Some(value) = value {
            self.row(label, &value);
        }
    }

    /// Lines of somebody's text, behind a rule that they cannot leave.
    pub(crate) fn quote(&mut self, label: &str, lines: &[String]) {
        for (place, line) in lines.iter().enumerate() {
            self.row(if place == 0 { label } else { "" }, &format!("│ {}", self.out.apart(line)));
        }
    }

    /// What is on it.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }
}

/// A fact by its shape and its words: it holds, or it does not.
pub(crate) fn fact(out: &Output, holds: bool, yes: &str, no: &str) -> String {
    let (tone, text) =
        if holds { (Tone::Good, format!("● {yes}")) } else { (Tone::Quiet, format!("○ {no}")) };
    out.paint(tone, &text)
}
