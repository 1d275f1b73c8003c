//! The form in which an officer composes a notice, or an own plan, on the map. What its texts mean is the station's to say (spec/api.md, "Sketch").

use askama::Template;
use serde::Deserialize;
use serde_json::Value;

use crate::named;
use crate::page::Frame;

/// A field that a notice may have: its name, and what can be typed into it.
#[derive(Debug, Clone)]
pub struct NoticeField {
    /// As memoranda, files and the API name it.
    pub name: &'static str,
    /// The words that it may say; none where anything is typed.
    pub choices: Vec<&'static str>,
}

#[derive(Debug, Clone, Deserialize)]
struct Kind {
    name: String,
    nature: String,
    #[serde(default)]
    required: Option<Vec<String>>,
}

/// The form; on the page while the map beside it is made anew.
#[derive(Debug, Clone, Template)]
#[template(path = "map-notice.html")]
pub struct NoticeForm {
    frame: Frame,
    kinds: Vec<Kind>,
    fields: Vec<NoticeField>,
}

impl NoticeForm {
    /// Of a line, by its memorandum.
    ///
    /// # Errors
    /// Where the memorandum is not as spec/api.md has it.
    pub fn of(frame: Frame, memorandum: &Value, fields: Vec<NoticeField>) -> Result<Self, serde_json::Error> {
        let kinds = match memorandum.get("notice_kinds") {
            Some(kinds) => serde_json::from_value(kinds.clone())?,
            None => Vec::new(),
        };
        Ok(Self { frame, kinds, fields })
    }

    fn required(&self, kind: &Kind) -> String {
        kind.required.as_deref().unwrap_or_default().join(" ")
    }

    fn shape_word(&self, shape: &str) -> String {
        match shape {
            "circle" => self.frame.t("shape-circle"),
            "corridor" => self.frame.t("shape-corridor"),
            _ => self.frame.t("shape-area"),
        }
    }

    fn precedence_word(&self, prosign: &str) -> String {
        named::precedence(&self.frame.words, prosign.chars().next().unwrap_or('R'))
    }

    fn choice_word(&self, choice: &str) -> String {
        named::choice(&self.frame.words, choice)
    }

    fn field_word(&self, field: &str) -> String {
        named::field(&self.frame.words, field)
    }
}
