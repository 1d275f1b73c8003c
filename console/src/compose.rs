//! The form of a message: from a template or free, in one language or two side by side; and what is understood of it while it is typed (spec/api.md,
//! "Compose").

use askama::Template as Page;
use serde_json::Value;

use crate::answer::{is, list, number, text};
use crate::board::{PRECEDENCES, precedence_word};
use crate::page::Frame;
use crate::peer::Peer;
use crate::template::{TEMPLATES, Template, TemplateField, TemplateForm};
use crate::time;
use crate::words::{LANGUAGES, Language, Words};

/// The form; on the page of a line.
#[derive(Debug, Clone, Page)]
#[template(path = "compose.html")]
pub struct ComposeForm {
    frame: Frame,
    /// The language that another party reads, where it is not the reader's.
    theirs: Option<&'static Language>,
}

impl ComposeForm {
    /// Of a line, by its memorandum, for a reader of a party.
    pub fn of(frame: Frame, memorandum: &Value, me: &str) -> Self {
        let others = list(memorandum, "parties").iter().filter(|party| text(party, "name") != me);
        let firsts = others.filter_map(|party| Words::of(list(party, "languages").first()?.as_str()?));
        let own = frame.words.language.tag;
        let theirs = firsts.map(|words| words.language).find(|language| language.tag != own);
        Self { frame, theirs }
    }

    fn templates(&self) -> &'static [Template] {
        TEMPLATES
    }

    fn title(&self, template: &Template) -> String {
        template.title(&self.frame.words)
    }

    fn label(&self, field: &TemplateField) -> String {
        field.label(&self.frame.words)
    }

    /// What can be chosen in a field, where anything can.
    fn choices(&self, field: &TemplateField) -> Vec<(&'static str, String)> {
        match field.form {
            TemplateForm::OneOf(choices) => {
                choices.iter().map(|(name, said)| (*name, self.frame.t(said))).collect()
            }
            _ => Vec::new(),
        }
    }

    /// Whether what is typed there is the same in every language, and runs from left to right.
    fn is_plain(&self, field: &TemplateField) -> bool {
        field.form != TemplateForm::Text
    }

    fn precedences(&self) -> [char; 4] {
        PRECEDENCES
    }

    fn precedence_word(&self, class: &char) -> String {
        precedence_word(&self.frame, *class)
    }

    /// The languages that a message can also be said in.
    fn others(&self) -> impl Iterator<Item = &'static Language> {
        let own = self.frame.words.language.tag;
        LANGUAGES.iter().filter(move |language| language.tag != own)
    }

    fn is_theirs(&self, language: &Language) -> bool {
        self.theirs.is_some_and(|theirs| theirs.tag == language.tag)
    }
}

/// A text as it will be sent.
#[derive(Debug, Clone)]
struct Said {
    language: String,
    text: Peer,
}

/// What is understood of a message so far.
#[derive(Debug, Clone, Page)]
#[template(path = "composed.html")]
pub struct Composed {
    frame: Frame,
    /// As it is sent, where nothing is wrong.
    draft: Option<String>,
    said: Vec<Said>,
    /// What is wrong: the field by its name, what was expected, what was found.
    wrong: Vec<(String, String, String)>,
    handled_ms: u64,
    escalations: Vec<(u64, u64)>,
    two_officers: bool,
    suspended_by: Vec<String>,
    bytes: u64,
    most_bytes: u64,
}

impl Composed {
    /// By what the API says of it.
    pub fn of(frame: Frame, answer: &Value) -> Self {
        let nothing = Value::Null;
        let (draft, asks) = (answer.get("draft").unwrap_or(&nothing), answer.get("asks").unwrap_or(&nothing));
        let one = |of: &Value| {
            let language = text(of, "language");
            Said { language: language.to_owned(), text: Peer::text(text(of, "text"), Some(language)) }
        };
        let also = draft.get("also").map(one);
        let said = if draft.is_null() { Vec::new() } else { [one(draft)].into_iter().chain(also).collect() };
        let wrong = list(answer, "wrong").iter();
        let wrong = wrong.map(|one| {
            let of = |field: &str| text(one, field).to_owned();
            (of("what"), of("expected"), of("found"))
        });
        let escalations = list(asks, "escalations").iter();
        Self {
            draft: (!draft.is_null()).then(|| draft.to_string()),
            said,
            wrong: wrong.collect(),
            handled_ms: number(asks, "handled_ms"),
            escalations: escalations.map(|step| (number(step, "after_ms"), number(step, "rank"))).collect(),
            two_officers: is(asks, "two_officers"),
            suspended_by: list(asks, "suspended_by")
                .iter()
                .filter_map(Value::as_str)
                .map(str::to_owned)
                .collect(),
            bytes: number(asks, "bytes"),
            most_bytes: number(asks, "most_bytes"),
            frame,
        }
    }

    fn length(&self, ms: &u64) -> String {
        time::length(*ms)
    }

    /// What a language calls itself.
    fn language(&self, tag: &str) -> String {
        Words::of(tag).map_or_else(|| tag.to_owned(), |words| words.language.name.to_owned())
    }

    /// A field as people call it.
    fn field(&self, name: &str) -> String {
        let fields = TEMPLATES.iter().flat_map(|template| template.fields);
        let found =
            fields.filter(|field| field.name == name).map(|field| field.label(&self.frame.words)).next();
        found.unwrap_or_else(|| match name {
            "text" => self.frame.t("text"),
            "language" | "also" => self.frame.t("language"),
            "precedence" => self.frame.t("precedence"),
            "safety of life" => self.frame.t("compose-life"),
            other => other.to_owned(),
        })
    }
}
