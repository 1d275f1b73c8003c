//! What a step says on the line: the draft of an entry as spec/api.md takes it, and what the screen needs
//! beside it.
//!
//! References are to steps, by their `id`: the entry that a step became is known only when it is played.

use serde_json::{Map, Value as Json};

use super::document::{Table, Value};
use super::place::{self, Place, place};
use super::step::Reader;
use super::terms::PRECEDENCES;

/// An entry to be appended.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Draft {
    /// The kind as spec/api.md names it.
    pub(crate) kind: &'static str,
    /// The class, where the author has the choice.
    pub(crate) precedence: Option<char>,
    /// The steps whose entries it regards.
    pub(crate) regards: Vec<String>,
    /// What else the draft holds, under the names of spec/api.md.
    pub(crate) fields: Map<String, Json>,
    /// What it says, for the screen.
    pub(crate) text: Option<String>,
    /// The position that it says: the middle of an area, a read-back's, a cease's.
    pub(crate) said: Option<Place>,
    /// The position that its author meant; never on the line.
    pub(crate) meant: Option<Place>,
}

impl Draft {
    fn new(kind: &'static str) -> Self {
        Self {
            kind,
            precedence: None,
            regards: Vec::new(),
            fields: Map::new(),
            text: None,
            said: None,
            meant: None,
        }
    }

    fn put(&mut self, name: &str, value: impl Into<Json>) {
        self.fields.insert(name.to_owned(), value.into());
    }

    fn say(&mut self, field: &str, text: Option<String>) {
        if let Some(text) = text {
            self.put(field, text.clone());
            self.text = Some(text);
        }
    }
}

/// What a vote may say.
const CHOICES: [(&str, &str); 3] = [("for", "for"), ("against", "against"), ("abstain", "abstain")];

/// What a conflict report may say (spec/line.md §4.2).
const VERDICTS: [(&str, &str); 2] = [("conflict", "conflict"), ("within-separation", "within-separation")];

/// The words of `do` that append an entry, and the kind that each one appends.
pub(super) const SAYINGS: [(&str, &str); 18] = [
    ("message", "message"),
    ("notice", "notice"),
    ("report", "conflict"),
    ("amend", "amendment"),
    ("withdraw", "withdrawal"),
    ("acknowledge", "acknowledgement"),
    ("read-back", "read-back"),
    ("passed-on", "passed-on"),
    ("displayed", "displayed"),
    ("cease", "cease"),
    ("duty", "duty"),
    ("suspend", "suspends"),
    ("resume", "resumes"),
    ("propose-reopening", "motion"),
    ("move", "motion"),
    ("vote", "vote"),
    ("agree", "vote"),
    ("disagree", "vote"),
];

/// Reads the draft of a step whose `do` is one of [`SAYINGS`].
pub(super) fn draft(
    word: &str,
    kind: &'static str,
    table: &Table<'_, '_>,
    reader: &Reader<'_>,
    at_ms: u64,
) -> Option<Draft> {
    let mut draft = Draft::new(kind);
    let text = || table.value("text").and_then(|value| value.text());
    let needed_text = || table.needed("text").and_then(|value| value.text());
    match word {
        "message" => {
            draft.precedence = precedence(table, 'R');
            draft.say("text", needed_text());
            if let Some(flag) = table.value("safety-of-life").and_then(|value| value.flag()) {
                draft.put("safety_of_life", flag);
            }
            if let Some(by_ms) = table.value("reply-by").and_then(|value| value.instant()) {
                draft.put("reply_by_ms", by_ms);
            }
            if let Some(subject) = table.value("answers").and_then(|value| reader.earlier(&value)) {
                draft.regards.push(subject);
                draft.put("answers", true);
            }
            let regards = table.value("regards").and_then(|value| value.list()).unwrap_or_default();
            draft.regards.extend(regards.iter().filter_map(|value| reader.earlier(value)));
        }
        "notice" => {
            draft.precedence = precedence(table, 'P');
            let notice = notice(&mut draft, table, reader);
            draft.put("notice", notice);
        }
        "report" => {
            draft.precedence = precedence(table, 'P');
            draft.regards.extend(of(table, reader));
            let verdict = table.value("verdict").map_or(Some("conflict"), |value| value.one_of(&VERDICTS));
            draft.put("verdict", verdict?);
            let (volume, middle) = place::volume(table)?;
            draft.said = Some(middle);
            draft.put("volumes", vec![Json::Object(volume)]);
            draft.say("text", text());
        }
        "amend" => {
            draft.regards.extend(of(table, reader));
            if table.value("notice").is_some() {
                let notice = notice(&mut draft, table, reader);
                draft.put("notice", notice);
            } else {
                draft.say("text", needed_text());
            }
        }
        "withdraw" => {
            draft.regards.extend(of(table, reader));
            draft.say("reason", table.value("reason").and_then(|value| value.text()));
        }
        "acknowledge" => {
            draft.regards.extend(of(table, reader));
            draft.say("text", text());
        }
        "read-back" => {
            draft.regards.extend(of(table, reader));
            draft.say("text", needed_text());
            draft.said = table.value("position").and_then(|value| place(&value));
            draft.meant = table.value("meant").and_then(|value| place(&value));
            if let Some(said) = draft.said {
                draft.put("position", said);
            }
        }
        "passed-on" => {
            draft.regards.extend(of(table, reader));
            draft.say("to", table.needed("to").and_then(|value| value.text()));
        }
        "displayed" => draft.regards.extend(of(table, reader)),
        "cease" => {
            draft.said = table.needed("position").and_then(|value| place(&value));
            draft.put("position", draft.said?);
            draft.say("text", text());
        }
        "duty" => {
            let states = [("off", "off"), ("on", "on"), ("handover", "handover")];
            let state = table.needed("state").and_then(|value| value.one_of(&states))?;
            draft.put("state", state);
            if state == "handover" {
                draft.put("to", table.needed("to").and_then(|value| value.text())?);
            }
            draft.text = text();
        }
        "suspend" => {
            let effective_ms = table.value("effective").and_then(|value| value.instant()).unwrap_or(at_ms);
            draft.put("effective_ms", effective_ms);
            let scope = table.value("scope").and_then(|value| value.list()).unwrap_or_default();
            draft.put("scope", scope.iter().filter_map(Value::text).collect::<Vec<String>>());
            draft.say("reason", table.needed("reason").and_then(|value| value.text()));
        }
        "resume" => {
            let effective_ms = table.value("effective").and_then(|value| value.instant()).unwrap_or(at_ms);
            draft.put("effective_ms", effective_ms);
        }
        "propose-reopening" => {
            draft.say("text", needed_text());
            draft.put("closes_ms", table.needed("closes").and_then(|value| value.instant())?);
        }
        "move" => {
            draft.put("matter", "resolve");
            draft.say("text", needed_text());
            draft.put("closes_ms", table.needed("closes").and_then(|value| value.instant())?);
            let regards = table.value("regards").and_then(|value| value.list()).unwrap_or_default();
            draft.regards.extend(regards.iter().filter_map(|value| reader.earlier(value)));
        }
        "vote" => {
            draft.regards.extend(table.needed("of").and_then(|value| reader.motion(&value)));
            draft.put("choice", table.needed("choice").and_then(|value| value.one_of(&CHOICES))?);
            draft.say("text", text());
        }
        "agree" | "disagree" => {
            draft.put("choice", if word == "agree" { "for" } else { "against" });
            draft.say("text", text());
        }
        _ => return None,
    }
    if let Some(office) = table.value("office").and_then(|value| value.text()) {
        draft.put("office", office);
    }
    if let Some(language) = table.value("language").and_then(|value| value.text()) {
        draft.put("language", language);
    }
    Some(draft)
}

fn precedence(table: &Table<'_, '_>, usual: char) -> Option<char> {
    table.value("precedence").map_or(Some(usual), |value| value.one_of(&PRECEDENCES))
}

/// The step that this one is about.
fn of(table: &Table<'_, '_>, reader: &Reader<'_>) -> Option<String> {
    table.needed("of").and_then(|value| reader.earlier(&value))
}

/// A plan: the notice that a party does not give.
pub(super) fn plan(table: &Table<'_, '_>, reader: &Reader<'_>) -> Draft {
    let mut draft = Draft::new("plan");
    let notice = notice(&mut draft, table, reader);
    draft.put("notice", notice);
    draft
}

/// The fields of a notice; what it says and where goes to the draft for the screen.
fn notice(draft: &mut Draft, table: &Table<'_, '_>, reader: &Reader<'_>) -> Map<String, Json> {
    let said = match table.value("way") {
        Some(way) => place::way(&way, table),
        None => place::volume(table),
    };
    let (fields, middle) = said.unzip();
    let mut fields = fields.unwrap_or_default();
    let mut put = |name: &str, value: Option<Json>| {
        if let Some(value) = value {
            fields.insert(name.to_owned(), value);
        }
    };
    let kind = table.needed("notice").and_then(|value| reader.notice_kind(&value));
    put("notice_kind", kind.map(Json::from));
    draft.text = table.needed("text").and_then(|value| value.text());
    put("text", draft.text.clone().map(Json::from));
    draft.said = middle;
    draft.meant = table.value("meant").and_then(|value| place(&value));
    put("forces", table.value("forces").and_then(|value| value.text()).map(Json::from));
    put("emergency", table.value("emergency").and_then(|value| value.flag()).map(Json::from));
    // A notice is amended whole; what it regards is the amendment's.
    fields
}
