//! The form in which an officer composes a notice, or an own plan, on the map. What its texts mean is the station's to say (spec/api.md, "Sketch").

use askama::Template;
use serde::Deserialize;
use serde_json::Value;

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
        match prosign {
            "Z" => self.frame.t("precedence-z"),
            "O" => self.frame.t("precedence-o"),
            "P" => self.frame.t("precedence-p"),
            _ => self.frame.t("precedence-r"),
        }
    }

    fn choice_word(&self, choice: &str) -> String {
        match choice {
            "facility" => self.frame.t("choice-facility"),
            "critical-infrastructure" => self.frame.t("choice-critical-infrastructure"),
            "unverified" => self.frame.t("choice-unverified"),
            "self-reported" => self.frame.t("choice-self-reported"),
            "verified" => self.frame.t("choice-verified"),
            "yes" => self.frame.t("yes"),
            "no" => self.frame.t("no"),
            other => other.to_owned(),
        }
    }

    fn field_word(&self, field: &str) -> String {
        let name = match field {
            "serial" => "field-serial",
            "forces" => "field-forces",
            "activity-class" => "field-activity-class",
            "response" => "field-response",
            "reply-by" => "field-reply-by",
            "organisation" => "field-organisation",
            "name" => "field-name",
            "name-other-script" => "field-name-other-script",
            "function" => "field-function",
            "facility-class" => "field-facility-class",
            "accuracy" => "field-accuracy",
            "verification" => "field-verification",
            "verified-by" => "field-verified-by",
            "verified-how" => "field-verified-how",
            "verified-at" => "field-verified-at",
            "markings" => "field-markings",
            "contact" => "field-contact",
            "review" => "field-review",
            "purpose" => "field-purpose",
            "vehicles" => "field-vehicles",
            "headcount" => "field-headcount",
            "escorted" => "field-escorted",
            "convoy-contact" => "field-convoy-contact",
            "abort-contact" => "field-abort-contact",
            other => return other.to_owned(),
        };
        self.frame.t(name)
    }
}
