//! Templates of messages: what is often said on a line, in fields that leave nothing out, free text last, in every language of the console.
//!
//! What a template says is text like any other: its author binds themselves to the words, not to a form. A place and a moment stand in it as everybody writes them,
//! whatever the language; and a place, or words that run the other way, on a line of their own, so that no direction of writing turns them round.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::peer::is_leftward;
use crate::words::Words;

/// What can be said in a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TemplateForm {
    /// Anything.
    Text,
    /// A position.
    Place,
    /// A time.
    Moment,
    /// A whole number.
    Number,
    /// One of some things, by their names; the words of each.
    OneOf(&'static [(&'static str, &'static str)]),
}

/// A field of a template.
#[derive(Debug, Clone, Copy)]
pub struct TemplateField {
    /// As the API names it.
    pub name: &'static str,
    label: &'static str,
    /// What can be said in it.
    pub form: TemplateForm,
    /// Whether the template says nothing without it.
    pub needed: bool,
}

/// A message that is often sent.
#[derive(Debug, Clone, Copy)]
pub struct Template {
    /// As the API names it.
    pub name: &'static str,
    title: &'static str,
    /// What it usually goes as: its prosign.
    pub precedence: char,
    /// Whether it is safety of life, which passes while the line is suspended.
    pub saves_life: bool,
    /// In the order in which they are said.
    pub fields: &'static [TemplateField],
}

const fn needed(name: &'static str, label: &'static str, form: TemplateForm) -> TemplateField {
    TemplateField { name, label, form, needed: true }
}

const fn free(name: &'static str, label: &'static str, form: TemplateForm) -> TemplateField {
    TemplateField { name, label, form, needed: false }
}

use TemplateForm::{Moment, Number, OneOf, Place, Text};

const INCIDENTS: TemplateForm = OneOf(&[
    ("near-miss", "incident-near-miss"),
    ("fire", "incident-fire"),
    ("border-crossed", "incident-border-crossed"),
    ("aircraft-down", "incident-aircraft-down"),
    ("vessel-in-distress", "incident-vessel-in-distress"),
    ("site-damaged", "incident-site-damaged"),
    ("other", "incident-other"),
]);

const REQUESTS: TemplateForm = OneOf(&[
    ("hold-fire", "asked-hold-fire"),
    ("safe-passage", "asked-safe-passage"),
    ("assistance", "asked-assistance"),
]);

/// Every one.
pub const TEMPLATES: &[Template] = &[
    Template {
        name: "hold",
        title: "template-hold",
        precedence: 'O',
        saves_life: false,
        fields: &[
            needed("whom", "template-whom", Text),
            needed("place", "position", Place),
            needed("from", "template-from", Moment),
            free("until", "template-until", Moment),
            free("reply-by", "field-reply-by", Moment),
        ],
    },
    Template {
        name: "information",
        title: "template-information",
        precedence: 'P',
        saves_life: false,
        fields: &[
            needed("subject", "template-subject", Text),
            free("place", "position", Place),
            free("time", "template-time", Moment),
            free("reply-by", "field-reply-by", Moment),
        ],
    },
    Template {
        name: "incident",
        title: "template-incident",
        precedence: 'O',
        saves_life: false,
        fields: &[
            needed("incident", "template-what", INCIDENTS),
            needed("place", "position", Place),
            needed("time", "template-time", Moment),
            free("people", "template-people", Number),
        ],
    },
    Template {
        name: "rescue",
        title: "template-rescue",
        precedence: 'Z',
        saves_life: true,
        fields: &[
            needed("subject", "template-rescued", Text),
            needed("place", "template-last-known", Place),
            needed("time", "template-time", Moment),
            free("people", "template-people", Number),
            needed("asked", "template-asked", REQUESTS),
        ],
    },
    Template {
        name: "contact",
        title: "template-contact",
        precedence: 'O',
        saves_life: false,
        fields: &[
            needed("subject", "template-seen", Text),
            needed("place", "position", Place),
            needed("time", "template-time", Moment),
            free("movement", "template-movement", Text),
            free("reply-by", "field-reply-by", Moment),
        ],
    },
    Template {
        name: "talk",
        title: "template-talk",
        precedence: 'P',
        saves_life: false,
        fields: &[
            needed("whom", "template-office", Text),
            needed("time", "template-time", Moment),
            free("subject", "template-subject", Text),
        ],
    },
];

impl TemplateField {
    /// What it is called.
    pub fn label(&self, words: &Words) -> String {
        words.t(self.label)
    }

    fn said(&self, words: &Words, value: &str) -> String {
        match self.form {
            TemplateForm::OneOf(all) => all
                .iter()
                .find(|(name, _)| *name == value)
                .map_or_else(|| value.to_owned(), |(_, said)| words.t(said)),
            _ => value.to_owned(),
        }
    }
}

impl Template {
    /// The one of a name.
    pub fn named(name: &str) -> Option<&'static Self> {
        TEMPLATES.iter().find(|template| template.name == name)
    }

    /// What it is called.
    pub fn title(&self, words: &Words) -> String {
        words.t(self.title)
    }

    /// What it says in a language: `said` has its fields as they are understood, by name, and `free` what follows.
    pub fn text(&self, words: &Words, said: &BTreeMap<&str, String>, free: &str) -> String {
        let mut text = self.title(words);
        for field in self.fields {
            let Some(value) = said.get(field.name) else { continue };
            let turns = field.form == TemplateForm::Text && is_leftward(value) != words.language.leftward;
            let apart = if turns || field.form == TemplateForm::Place { "\n" } else { " " };
            let _ = write!(text, "\n{}:{apart}{}", field.label(words), field.said(words, value));
        }
        if !free.is_empty() {
            let _ = write!(text, "\n\n{free}");
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::LANGUAGES;

    #[test]
    fn a_template_says_the_same_in_every_language() {
        let hold = Template::named("hold").unwrap();
        let said = BTreeMap::from([
            ("whom", "Flight of two".to_owned()),
            ("place", "35.24000, 40.19000 · 37SFV0840001000".to_owned()),
            ("from", "062240ZAPR17".to_owned()),
        ]);
        let english = hold.text(&Words::english(), &said, "They are ours.");
        assert_eq!(
            english,
            "Request to hold\nWhom it concerns: Flight of two\nPosition:\n35.24000, 40.19000 · 37SFV0840001000\n\
             From: 062240ZAPR17\n\nThey are ours."
        );
        for language in LANGUAGES {
            let text = hold.text(&Words::of(language.tag).unwrap(), &said, "");
            for value in said.values() {
                assert!(text.contains(value.as_str()), "{} in {text}", language.tag);
            }
            let lines: Vec<&str> = text.lines().collect();
            assert!(lines.contains(&said["place"].as_str()), "on a line of its own: {text}");
            assert_eq!(lines.contains(&said["whom"].as_str()), language.leftward, "{text}");
            assert!(language.tag == "en" || !text.starts_with("Request"), "{text}");
        }
    }

    #[test]
    fn every_template_and_choice_is_said_in_every_language() {
        for language in LANGUAGES {
            let words = Words::of(language.tag).unwrap();
            for template in TEMPLATES {
                assert_ne!(template.title(&words), template.title, "{}", language.tag);
                for field in template.fields {
                    assert_ne!(field.label(&words), field.label, "{}", language.tag);
                    if let TemplateForm::OneOf(choices) = field.form {
                        for (name, said) in choices {
                            assert_ne!(words.t(said), **said, "{name} in {}", language.tag);
                        }
                    }
                }
            }
        }
    }
}
