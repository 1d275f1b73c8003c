//! What every page has around what it shows: language, direction, the reader, and what goes wrong.

use askama::Template;

use crate::words::{LANGUAGES, Language, Words};

/// Who reads, and in which language.
#[derive(Debug, Clone)]
pub struct Frame {
    /// The words.
    pub words: Words,
    /// The officer, where somebody is signed in.
    pub officer: Option<String>,
    /// The officer's role, by its name.
    pub role: String,
    /// What commands of this session carry.
    pub csrf: String,
    /// The path of the page, to come back to.
    pub here: String,
}

impl Frame {
    /// Nobody is signed in.
    pub fn stranger(words: Words, here: &str) -> Self {
        Self { words, officer: None, role: String::new(), csrf: String::new(), here: here.to_owned() }
    }

    pub(crate) fn t(&self, name: &str) -> String {
        self.words.t(name)
    }

    pub(crate) fn lang(&self) -> &'static str {
        self.words.language.tag
    }

    pub(crate) fn dir(&self) -> &'static str {
        if self.words.language.leftward { "rtl" } else { "ltr" }
    }

    pub(crate) fn languages(&self) -> &'static [Language] {
        LANGUAGES
    }

    pub(crate) fn officer_name(&self) -> &str {
        self.officer.as_deref().unwrap_or_default()
    }

    pub(crate) fn role_word(&self) -> String {
        match self.role.as_str() {
            "watch-officer" => self.t("role-watch-officer"),
            "supervisor" => self.t("role-supervisor"),
            "planner" => self.t("role-planner"),
            "observer" => self.t("role-observer"),
            "administrator" => self.t("role-administrator"),
            other => other.to_owned(),
        }
    }
}

/// A page that says what is wrong, and what to do.
#[derive(Debug, Template)]
#[template(path = "trouble.html")]
pub struct Trouble {
    /// Around it.
    pub frame: Frame,
    /// What was expected.
    pub expected: String,
    /// What was found.
    pub found: String,
    /// What to do.
    pub hint: String,
}
