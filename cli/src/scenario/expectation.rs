//! `expect`: what has to hold after a step, for the replay to say that the scenario held.
//!
//! An expectation is a statement about what the stations answer, never about what the player did.

use super::document::{Table, Value};
use super::step::Reader;

/// How long an expectation is waited for, ms of real time, unless it says otherwise.
const WITHIN_MS: u64 = 20_000;

/// One statement that has to come true.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Expectation {
    /// The line of the file where it stands.
    pub(crate) line: usize,
    /// What.
    pub(crate) that: That,
    /// How long it is waited for, ms of real time.
    pub(crate) within_ms: u64,
}

/// A party's standing as an expectation names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// No suspension is stated.
    InEffect,
    /// One is stated and its time has not come.
    Stated,
    /// One is effective.
    Suspended,
}

/// How two volumes lie to each other (spec/airspace.md §7).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// They touch.
    Conflict,
    /// One touches the room that the other asks for.
    WithinSeparation,
    /// Neither.
    Clear,
}

impl Verdict {
    /// As spec/api.md and the scenario's file write it.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Conflict => "conflict",
            Self::WithinSeparation => "within-separation",
            Self::Clear => "clear",
        }
    }
}

/// What is expected. `of` names a step, and `None` the step itself; `by` is empty for every other party.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum That {
    /// The entry was refused with this error; without this expectation it has to be accepted.
    Refused {
        /// A name of spec/line.md §8 or spec/api.md.
        error: String,
    },
    /// One of the facts about an entry: `delivered`, `displayed`, `acknowledged`, `passed_on`, `answered`.
    Fact {
        /// The entry's field that holds it (spec/api.md, Entry).
        field: &'static str,
        /// Who.
        by: Vec<String>,
        /// Of which step.
        of: Option<String>,
    },
    /// Every station says so of a party.
    Standing {
        /// The party.
        of: String,
        /// Its standing.
        is: Standing,
    },
    /// Every station says that the line is open, or that it is not.
    Open {
        /// Which of the two.
        is: bool,
    },
    /// The activity's start lies at least so long after the notice.
    LeadTime {
        /// ms.
        at_least_ms: u64,
        /// Of which step.
        of: Option<String>,
    },
    /// A station called an office about an entry that nobody had handled.
    Escalated {
        /// Whose station.
        by: String,
        /// The rank called.
        rank: u64,
        /// Which step.
        of: Option<String>,
    },
    /// An entry waits at a party beyond its objective.
    Overdue {
        /// The party.
        by: String,
        /// Which step.
        of: Option<String>,
    },
    /// A party acknowledged or answered an entry so soon after its author's time, by its own time.
    HandledWithin {
        /// The party.
        by: String,
        /// ms.
        at_most_ms: u64,
        /// Which step.
        of: Option<String>,
    },
    /// A motion was decided, the same on every side, or is not decided yet.
    Decided {
        /// `carried`, `defeated`, `lapsed`, `overtaken`; `pending`.
        is: &'static str,
        /// The motion's step.
        of: Option<String>,
    },
    /// So many have voted, as every station counts.
    Votes {
        /// For, against, abstained.
        counts: [u64; 3],
        /// The motion's step.
        of: Option<String>,
    },
    /// Two notices, or a notice and a plan, are in each other's way, or are not.
    Conflict {
        /// Whose stations say so; empty for all that can see both.
        by: Vec<String>,
        /// The two steps.
        between: [String; 2],
        /// How.
        is: Verdict,
    },
    /// What the step checked touches a notice, or anything.
    Touches {
        /// The notice's step; `None` for anything.
        notice: Option<String>,
        /// How.
        is: Verdict,
    },
    /// What was said and what was meant lie so far apart.
    Apart {
        /// km.
        at_least_km: f64,
        /// km.
        at_most_km: f64,
        /// Of which step.
        of: Option<String>,
    },
    /// A party has a circuit to every other one, or none to any.
    Circuit {
        /// The party.
        by: String,
        /// Up or down.
        up: bool,
    },
    /// Scheduled tests went on since the start.
    Tests {
        /// Answered, at least.
        answered: u64,
        /// Missed, at most.
        missed: u64,
    },
    /// Every entry of a burst that was accepted is on every station, the same.
    NothingLost {
        /// The burst's step.
        of: Option<String>,
    },
    /// All stations hold the same sizes and roots.
    SameBooks,
    /// Every station recomputes its books and finds no fault.
    Verified,
}

/// Reads an expectation.
pub(super) fn expectation(table: Table<'_, '_>, reader: &Reader<'_>) -> Option<Expectation> {
    let line = table.line();
    let within_ms = table.value("within").map_or(Some(WITHIN_MS), |value| value.duration());
    let that = that(&table, reader);
    table.close();
    Some(Expectation { line, that: that?, within_ms: within_ms? })
}

fn that(table: &Table<'_, '_>, reader: &Reader<'_>) -> Option<That> {
    let words = [
        "refused",
        "receipted",
        "displayed",
        "acknowledged",
        "passed-on",
        "answered",
        "standing",
        "open",
        "lead-time",
        "escalated",
        "overdue",
        "handled-within",
        "decided",
        "votes",
        "conflict",
        "touches",
        "apart",
        "circuit",
        "tests",
        "nothing-lost",
        "same-books",
        "verified",
    ];
    let word = table.needed("that").and_then(|value| value.one_of(&words.map(|word| (word, word))))?;
    let of = || table.value("of").and_then(|value| reader.earlier(&value));
    let by = || table.needed("by").and_then(|value| reader.party(&value));
    let fact = |field| Some(That::Fact { field, by: parties(table, reader), of: of() });
    match word {
        "refused" => Some(That::Refused { error: table.needed("error").and_then(|value| value.text())? }),
        "receipted" => fact("delivered"),
        "displayed" => fact("displayed"),
        "acknowledged" => fact("acknowledged"),
        "passed-on" => fact("passed_on"),
        "answered" => fact("answered"),
        "standing" => {
            let states = [
                ("in-effect", Standing::InEffect),
                ("stated", Standing::Stated),
                ("suspended", Standing::Suspended),
            ];
            let of = table.needed("of").and_then(|value| reader.party(&value));
            let is = table.needed("is").and_then(|value| value.one_of(&states));
            Some(That::Standing { of: of?, is: is? })
        }
        "open" => Some(That::Open { is: table.value("is").map_or(Some(true), |value| value.flag())? }),
        "lead-time" => {
            let at_least_ms = table.needed("at-least").and_then(|value| value.duration());
            Some(That::LeadTime { at_least_ms: at_least_ms?, of: of() })
        }
        "escalated" => {
            let rank = table.needed("rank").and_then(|value| value.whole());
            Some(That::Escalated { by: by()?, rank: rank?, of: of() })
        }
        "overdue" => Some(That::Overdue { by: by()?, of: of() }),
        "handled-within" => {
            let at_most_ms = table.needed("at-most").and_then(|value| value.duration());
            Some(That::HandledWithin { by: by()?, at_most_ms: at_most_ms?, of: of() })
        }
        "decided" => {
            let outcomes = ["carried", "defeated", "lapsed", "overtaken", "pending"].map(|is| (is, is));
            let is = table.needed("is").and_then(|value| value.one_of(&outcomes));
            Some(That::Decided { is: is?, of: of() })
        }
        "votes" => {
            let count = |choice| table.value(choice).map_or(Some(0), |value| value.whole());
            let (in_favour, against, abstain) = (count("for"), count("against"), count("abstain"));
            Some(That::Votes { counts: [in_favour?, against?, abstain?], of: of() })
        }
        "conflict" => {
            let between = table.needed("between").and_then(|value| {
                let items = value.list()?;
                if items.len() != 2 {
                    value.refuse("two steps, each a notice or a plan", None);
                }
                let steps: Option<Vec<String>> = items.iter().map(|item| reader.earlier(item)).collect();
                <[String; 2]>::try_from(steps?).ok()
            });
            Some(That::Conflict { by: parties(table, reader), between: between?, is: verdict(table)? })
        }
        "touches" => {
            let notice = table.value("notice").map(|value| reader.earlier(&value));
            let is = verdict(table);
            match notice {
                Some(notice) => Some(That::Touches { notice: Some(notice?), is: is? }),
                None => Some(That::Touches { notice: None, is: is? }),
            }
        }
        "apart" => {
            let km = |key, usual| table.value(key).map_or(Some(usual), |value| value.number());
            let (least, most) = (km("at-least-km", 0.0), km("at-most-km", 40_000.0));
            Some(That::Apart { at_least_km: least?, at_most_km: most?, of: of() })
        }
        "circuit" => {
            let up = table.needed("is").and_then(|value| value.one_of(&[("up", true), ("down", false)]));
            Some(That::Circuit { by: by()?, up: up? })
        }
        "tests" => {
            let answered = table.needed("answered").and_then(|value| value.whole());
            let missed = table.value("missed").map_or(Some(0), |value| value.whole());
            Some(That::Tests { answered: answered?, missed: missed? })
        }
        "nothing-lost" => Some(That::NothingLost { of: of() }),
        "same-books" => Some(That::SameBooks),
        _ => Some(That::Verified),
    }
}

/// `is`, a conflict if it is not given.
fn verdict(table: &Table<'_, '_>) -> Option<Verdict> {
    let words = [Verdict::Conflict, Verdict::WithinSeparation, Verdict::Clear].map(|is| (is.word(), is));
    table.value("is").map_or(Some(Verdict::Conflict), |value| value.one_of(&words))
}

/// One party, a list of them, or none for every other one.
fn parties(table: &Table<'_, '_>, reader: &Reader<'_>) -> Vec<String> {
    let Some(value) = table.value("by") else { return Vec::new() };
    if value.is_list() {
        return value
            .list()
            .unwrap_or_default()
            .iter()
            .filter_map(|item: &Value<'_, '_>| reader.party(item))
            .collect();
    }
    reader.party(&value).into_iter().collect()
}
