//! The pages of the record: the log of a line, one entry with all that regards it, motions, whether the record holds, and both as they are printed.

use std::collections::BTreeMap;

use askama::Template;
use detente_dossier::words::KINDS;
use serde::Deserialize;
use serde_json::Value;

use crate::answer::{is, list, number, text, texts};
use crate::board::{class_of, precedence_word};
use crate::carried::{OnPage, on_page};
use crate::entry::{author, kind_word, said};
use crate::named;
use crate::page::Frame;
use crate::peer::Peer;
use crate::time;

/// How many characters of a text a row of the log shows; the thread and the printed page show all.
const GIST: usize = 400;

/// What of the log is asked for, as it was typed.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Sought {
    /// A book, as in `usa/Z`; every one, if empty, and so on.
    pub book: String,
    /// A party.
    pub party: String,
    /// A kind of entry.
    pub kind: String,
    /// What an entry says.
    pub text: String,
    /// A moment, as people type it.
    pub as_of: String,
    /// Where an earlier page ended.
    pub before: String,
}

/// When a party is known to have had an entry.
#[derive(Debug, Clone)]
struct Known {
    party: String,
    delivered: Option<u64>,
    displayed: Option<u64>,
    acknowledged: Option<u64>,
}

/// An entry as the log has it.
#[derive(Debug, Clone)]
struct Logged {
    name: String,
    class: char,
    kind: String,
    by: String,
    office: String,
    language: String,
    /// What it says in the reader's words, before what its author said.
    told: String,
    said: Peer,
    regards: Vec<String>,
    time_ms: u64,
    sha256: String,
    is_void: bool,
    known: Vec<Known>,
}

/// What an entry says: in the reader's words, where its kind says it without any of its author's, and in its author's.
fn telling(frame: &Frame, entry: &Value) -> (String, String) {
    let empty = Value::Null;
    let body = entry.get("body").unwrap_or(&empty);
    let own = match text(entry, "kind") {
        "vote" => named::vote(&frame.words, text(body, "choice")),
        "position" => named::stance(&frame.words, text(body, "stance")),
        "decide" => named::outcome(&frame.words, text(body, "outcome")),
        "passed-on" => return (String::new(), text(body, "to").to_owned()),
        "duty" => match text(body, "state") {
            "on" => frame.t("watch-is-held"),
            "handover" => frame.words.of_what("watch-goes-to", text(body, "to")),
            _ => frame.t("watch-is-not-held"),
        },
        _ => return (String::new(), said(frame, entry)),
    };
    (own, text(body, "text").to_owned())
}

impl Logged {
    fn of(frame: &Frame, entry: &Value, is_whole: bool) -> Self {
        let name = text(entry, "entry").to_owned();
        let language = entry.get("language").and_then(Value::as_str);
        let (told, words) = telling(frame, entry);
        let known = entry.get("known").and_then(Value::as_object).into_iter().flatten();
        let known = known.map(|(party, known)| {
            let at = |field: &str| known.get(field).and_then(Value::as_u64);
            Known {
                party: party.clone(),
                delivered: at("delivered_ms"),
                displayed: at("displayed_ms"),
                acknowledged: at("acknowledged_ms"),
            }
        });
        Self {
            class: class_of(&name),
            kind: kind_word(frame, text(entry, "kind")),
            by: author(entry),
            office: text(entry, "office").to_owned(),
            language: language.unwrap_or_default().to_owned(),
            said: if is_whole { Peer::text(&words, language) } else { Peer::gist(&words, GIST, language) },
            told,
            regards: texts(entry, "regards"),
            time_ms: number(entry, "time_ms"),
            sha256: text(entry, "sha256").to_owned(),
            is_void: entry.get("marked").is_some_and(|marked| !marked.is_null()),
            known: known.collect(),
            name,
        }
    }

    fn stamp(&self) -> String {
        time::stamp(self.time_ms)
    }

    /// Of another party: the furthest that is known, as its sign, its word and its time.
    fn furthest(&self, frame: &Frame, known: &Known) -> (&'static str, String, String) {
        let facts = [
            (known.acknowledged, "fact-acknowledged"),
            (known.displayed, "fact-displayed"),
            (known.delivered, "fact-delivered"),
        ];
        match facts.into_iter().find_map(|(at, word)| Some((at?, word))) {
            Some((at, word)) => ("●", frame.t(word), time::stamp(at)),
            None => ("○", frame.t("not-yet"), String::new()),
        }
    }

    fn at(&self, ms: &Option<u64>) -> String {
        ms.map(time::stamp).unwrap_or_default()
    }
}

fn logged(frame: &Frame, answer: &Value, is_whole: bool) -> Vec<Logged> {
    list(answer, "entries").iter().map(|entry| Logged::of(frame, entry, is_whole)).collect()
}

/// The log of a line.
#[derive(Debug, Template)]
#[template(path = "record.html")]
pub struct Log {
    frame: Frame,
    line: String,
    parties: Vec<String>,
    books: Vec<String>,
    sought: Sought,
    as_of_ms: Option<u64>,
    /// What was typed as a moment, and was none.
    wrong: Option<String>,
    entries: Vec<Logged>,
    next: Option<String>,
}

impl Log {
    /// Of what `GET …/log` and `GET …/books` say. `wrong` is why a moment that was typed is none.
    pub fn of(
        frame: Frame,
        line: &str,
        sought: Sought,
        [log, books]: [&Value; 2],
        wrong: Option<String>,
    ) -> Self {
        let books: Vec<String> =
            list(books, "books").iter().map(|book| text(book, "book").to_owned()).collect();
        let mut parties: Vec<String> =
            books.iter().filter_map(|book| Some(book.split_once('/')?.0.to_owned())).collect();
        parties.sort_unstable();
        parties.dedup();
        Self {
            line: line.to_owned(),
            parties,
            books,
            as_of_ms: log.get("as_of_ms").and_then(Value::as_u64),
            entries: logged(&frame, log, false),
            next: log.get("next").and_then(Value::as_str).map(str::to_owned),
            frame,
            sought,
            wrong,
        }
    }

    fn kinds(&self) -> Vec<(&'static str, String)> {
        KINDS.iter().map(|(_, kind)| (*kind, kind_word(&self.frame, kind))).collect()
    }

    fn as_of(&self) -> Option<String> {
        self.as_of_ms.map(time::stamp)
    }

    fn known_as_of(&self, at: &str) -> String {
        self.frame.words.of_what("known-as-of", at)
    }
}

/// A party's positions on an entry, the last one first.
#[derive(Debug)]
struct Side {
    party: String,
    held: Vec<(String, u64, String, Peer)>,
}

/// An entry with all that regards it, and the positions of the parties on it side by side.
#[derive(Debug, Template)]
#[template(path = "record-entry.html")]
pub struct Thread {
    frame: Frame,
    line: String,
    name: String,
    entries: Vec<Logged>,
    more: bool,
    sides: Vec<Side>,
}

impl Thread {
    /// Of what `GET …/threads/…` and `GET …/positions/…` say.
    pub fn of(frame: Frame, line: &str, thread: &Value, positions: &Value) -> Self {
        let sides = positions.get("positions").and_then(Value::as_object).into_iter().flatten();
        let side = |(party, side): (&String, &Value)| {
            let held = list(side, "history").iter().map(|held| {
                (
                    named::stance(&frame.words, text(held, "stance")),
                    number(held, "time_ms"),
                    text(held, "entry").to_owned(),
                    Peer::text(text(held, "text"), held.get("language").and_then(Value::as_str)),
                )
            });
            Side { party: party.clone(), held: held.collect::<Vec<_>>().into_iter().rev().collect() }
        };
        let sides = sides.map(side).collect();
        Self {
            line: line.to_owned(),
            name: text(thread, "of").to_owned(),
            entries: logged(&frame, thread, true),
            more: is(thread, "more"),
            sides,
            frame,
        }
    }

    fn has_positions(&self) -> bool {
        self.sides.iter().any(|side| !side.held.is_empty())
    }

    fn stamp(&self, ms: &u64) -> String {
        time::stamp(*ms)
    }
}

#[derive(Debug)]
struct Motion {
    name: String,
    matter: String,
    about: Vec<String>,
    text: Peer,
    moved_ms: u64,
    closes_ms: u64,
    votes: Vec<(String, String)>,
    decision: Option<(String, String)>,
}

/// The motions of a line, with their votes.
#[derive(Debug, Template)]
#[template(path = "record-motions.html")]
pub struct Motions {
    frame: Frame,
    line: String,
    motions: Vec<Motion>,
    more: bool,
}

impl Motions {
    /// Of what `GET …/motions` says.
    pub fn of(frame: Frame, line: &str, answer: &Value) -> Self {
        let motion = |motion: &Value| {
            let votes = motion.get("votes").and_then(Value::as_object).into_iter().flatten();
            let votes: BTreeMap<_, _> = votes
                .map(|(party, choice)| {
                    (party.clone(), named::vote(&frame.words, choice.as_str().unwrap_or_default()))
                })
                .collect();
            let decision = motion.get("decision").filter(|decision| !decision.is_null());
            Motion {
                name: text(motion, "motion").to_owned(),
                matter: named::matter(&frame.words, text(motion, "matter")),
                about: texts(motion, "about"),
                text: Peer::text(text(motion, "text"), None),
                moved_ms: number(motion, "moved_ms"),
                closes_ms: number(motion, "closes_ms"),
                votes: votes.into_iter().collect(),
                decision: decision.map(|decision| {
                    (
                        text(decision, "entry").to_owned(),
                        named::outcome(&frame.words, text(decision, "outcome")),
                    )
                }),
            }
        };
        let motions = list(answer, "motions").iter().map(motion).collect();
        let more = is(answer, "more");
        Self { line: line.to_owned(), motions, more, frame }
    }

    fn stamp(&self, ms: &u64) -> String {
        time::stamp(*ms)
    }
}

#[derive(Debug)]
struct CheckedBook {
    name: String,
    entries: u64,
    checkpoints: u64,
    receipts: u64,
    seals: u64,
    cosignatures: u64,
    faults: Vec<Peer>,
}

/// Whether the record holds.
#[derive(Debug, Template)]
#[template(path = "record-verified.html")]
pub struct Verified {
    frame: Frame,
    is_sound: bool,
    books: Vec<CheckedBook>,
}

impl Verified {
    /// Of what `POST …/verify` says.
    pub fn of(frame: Frame, answer: &Value) -> Self {
        let book = |book: &Value| {
            let fault = |fault: &Value| match fault.as_str() {
                Some(fault) => Peer::text(fault, None),
                None => Peer::text(&fault.to_string(), None),
            };
            CheckedBook {
                name: text(book, "book").to_owned(),
                entries: number(book, "entries_checked"),
                checkpoints: number(book, "checkpoints_checked"),
                receipts: number(book, "receipts_checked"),
                seals: number(book, "seals_checked"),
                cosignatures: number(book, "cosignatures_checked"),
                faults: list(book, "faults").iter().map(fault).collect(),
            }
        };
        let is_sound = is(answer, "ok");
        Self { books: list(answer, "books").iter().map(book).collect(), is_sound, frame }
    }
}

/// The log as it is printed: a page of a watch's log, signed by hand.
#[derive(Debug, Template)]
#[template(path = "record-print.html")]
pub struct PrintedLog {
    frame: Frame,
    line: String,
    party: String,
    fingerprint: String,
    printed_ms: u64,
    as_of_ms: Option<u64>,
    entries: Vec<Logged>,
    more: bool,
}

impl PrintedLog {
    /// Of what `GET …/log`, the line's status and its memorandum say.
    pub fn of(frame: Frame, line: &str, [log, status, memorandum]: [&Value; 3]) -> Self {
        let mut entries = logged(&frame, log, true);
        entries.reverse();
        Self {
            line: line.to_owned(),
            party: text(status, "party").to_owned(),
            fingerprint: text(memorandum, "fingerprint").to_owned(),
            printed_ms: number(status, "now_ms"),
            as_of_ms: log.get("as_of_ms").and_then(Value::as_u64),
            entries,
            more: log.get("next").is_some_and(|next| !next.is_null()),
            frame,
        }
    }

    fn stamp(&self, ms: &u64) -> String {
        time::stamp(*ms)
    }

    fn known_as_of(&self, ms: &u64) -> String {
        self.frame.words.of_what("known-as-of", &time::stamp(*ms))
    }
}

/// One entry as a message form.
#[derive(Debug, Template)]
#[template(path = "record-form.html")]
pub struct PrintedEntry {
    frame: Frame,
    line: String,
    party: String,
    printed_ms: u64,
    entry: Logged,
    carried: Vec<OnPage>,
    others: Vec<String>,
    leaf: String,
}

impl PrintedEntry {
    /// Of what `GET …/threads/…` and the line's status say; nothing, where the thread lacks the entry that it is of.
    pub fn of(frame: Frame, line: &str, thread: &Value, status: &Value) -> Option<Self> {
        let name = text(thread, "of");
        let entry = list(thread, "entries").iter().find(|entry| text(entry, "entry") == name)?;
        let by = author(entry);
        Some(Self {
            line: line.to_owned(),
            party: text(status, "party").to_owned(),
            printed_ms: number(status, "now_ms"),
            others: texts(status, "members").into_iter().filter(|party| *party != by).collect(),
            leaf: text(entry, "leaf").to_owned(),
            carried: on_page(&frame.words, entry),
            entry: Logged::of(&frame, entry, true),
            frame,
        })
    }

    fn stamp(&self, ms: &u64) -> String {
        time::stamp(*ms)
    }

    fn precedence(&self) -> String {
        precedence_word(&self.frame, self.entry.class)
    }
}
