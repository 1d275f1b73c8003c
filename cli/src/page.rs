//! A page of text for people, in rows with labels that align.

use crate::output::{Output, Tone};

/// Columns of a label.
const LABEL: usize = 14;

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
        self.text.push_str(line.trim_end());
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
        let label = self.out.paint(Tone::Quiet, &format!("{label:<LABEL$}"));
        self.line(&format!("{label}{value}"));
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
            self.row(if place == 0 { label } else { "" }, &format!("│ {line}"));
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
