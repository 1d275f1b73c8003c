//! `[[party]]` and `[memorandum]`: who is on the line of a scenario, and by which rules (spec/line.md §2).
//!
//! Only what a scenario has to choose is here; what is missing takes the values that FIELD practice names.
//! The station checks the memorandum again, as it checks any other.

use detente_station::length;
use detente_station::paper::SeparationPart;

use super::document::{Table, Value, hint_for};

/// A party of a scenario; its keys are made when it is played.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PartyPlan {
    /// Short name.
    pub(crate) name: String,
    /// Full name.
    pub(crate) full_name: String,
    /// BCP 47, the first one being the default.
    pub(crate) languages: Vec<String>,
    /// At least one of rank 0.
    pub(crate) offices: Vec<Office>,
}

/// An office.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Office {
    /// What it is called.
    pub(crate) name: String,
    /// 0 watch, 1 duty, 2 senior.
    pub(crate) rank: u16,
}

/// A step of escalation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Escalation {
    /// `Z`, `O`, `P` or `R`.
    pub(crate) precedence: char,
    /// Time open, ms.
    pub(crate) after_ms: u64,
    /// The rank that is called.
    pub(crate) rank: u16,
}

/// A kind of notice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NoticeKind {
    /// Its name.
    pub(crate) name: String,
    /// What it is about: `activity`, `movement` or `site`.
    pub(crate) nature: &'static str,
    /// The least room that its volumes ask for.
    pub(crate) separation: Option<SeparationPart>,
    /// Lead time, ms.
    pub(crate) lead_ms: u64,
    /// The same for an emergency, ms.
    pub(crate) emergency_lead_ms: Option<u64>,
}

/// How motions carry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Rule {
    /// Votes for that it takes.
    pub(crate) votes: u64,
    /// Parties whose vote against defeats.
    pub(crate) veto: Vec<String>,
    /// Longest window, ms.
    pub(crate) window_ms: u64,
}

/// The rules of a scenario's line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Terms {
    /// Short name of the depositary.
    pub(crate) depositary: String,
    /// Objectives of Z, O, P, R, ms.
    pub(crate) handling_ms: [u64; 4],
    /// Ascending by class, then by time.
    pub(crate) escalations: Vec<Escalation>,
    /// Test interval, ms.
    pub(crate) test_interval_ms: u64,
    /// Test grace, ms.
    pub(crate) test_grace_ms: u64,
    /// Reopening needs a carried motion.
    pub(crate) consent: bool,
    /// Kinds that pass beyond those that always do.
    pub(crate) passes: Vec<String>,
    /// How motions carry.
    pub(crate) rule: Rule,
    /// At least one where the scenario sends notices.
    pub(crate) notices: Vec<NoticeKind>,
}

/// The four classes of traffic, by letter.
pub(crate) const PRECEDENCES: [(&str, char); 4] = [("Z", 'Z'), ("O", 'O'), ("P", 'P'), ("R", 'R')];

/// What notices are about.
const NATURES: [(&str, &str); 3] = [("activity", "activity"), ("movement", "movement"), ("site", "site")];

const MINUTE_MS: u64 = 60_000;
const HOUR_MS: u64 = 60 * MINUTE_MS;

/// Reads a `[[party]]`.
pub(super) fn party(table: Table<'_, '_>) -> Option<PartyPlan> {
    let name = table.needed("name").and_then(|value| {
        let name = value.text()?;
        let is_short = name.len() <= 16
            && name.starts_with(|c: char| c.is_ascii_lowercase())
            && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
        if !is_short {
            value.refuse(
                "a short name, [a-z][a-z0-9-]{0,15}",
                Some("the full name goes to `full-name`".into()),
            );
        }
        is_short.then_some(name)
    });
    let full_name = table.needed("full-name").and_then(|value| value.text());
    let languages = table
        .value("languages")
        .and_then(|value| value.list())
        .map_or_else(|| vec!["en".to_owned()], |items| items.iter().filter_map(Value::text).collect());
    let offices: Vec<Office> = match table.value("offices") {
        Some(value) => value
            .list()
            .unwrap_or_default()
            .iter()
            .filter_map(|item| item.table("an office"))
            .filter_map(office)
            .collect(),
        None => [("watch officer", 0), ("duty officer", 1), ("senior officer", 2)]
            .map(|(name, rank)| Office { name: name.to_owned(), rank })
            .to_vec(),
    };
    if !offices.iter().any(|office| office.rank == 0) {
        table.fault("expected an office of rank 0, the watch, found none".to_owned(), None);
    }
    table.close();
    Some(PartyPlan { name: name?, full_name: full_name?, languages, offices })
}

fn office(table: Table<'_, '_>) -> Option<Office> {
    let name = table.needed("name").and_then(|value| value.text());
    let rank = table.needed("rank").and_then(|value| rank(&value));
    table.close();
    Some(Office { name: name?, rank: rank? })
}

fn rank(value: &Value<'_, '_>) -> Option<u16> {
    let rank = u16::try_from(value.whole()?).ok();
    if rank.is_none() {
        value.refuse("a rank: 0 watch, 1 duty, 2 senior", None);
    }
    rank
}

/// The short name of a party that exists.
pub(super) fn party_name(value: &Value<'_, '_>, parties: &[PartyPlan]) -> Option<String> {
    let name = value.text()?;
    if parties.iter().any(|party| party.name == name) {
        return Some(name);
    }
    let names: Vec<&str> = parties.iter().map(|party| party.name.as_str()).collect();
    value.refuse("a party of this scenario", hint_for(&name, &names));
    None
}

/// Reads `[memorandum]`.
pub(super) fn terms(table: Table<'_, '_>, parties: &[PartyPlan]) -> Option<Terms> {
    let depositary = table.value("depositary").and_then(|value| party_name(&value, parties));
    let depositary = depositary.or_else(|| parties.first().map(|party| party.name.clone()))?;
    let handling = table.value("handling").and_then(|value| value.table("`handling`"));
    let handling_ms = handling.map_or([10 * MINUTE_MS, 30 * MINUTE_MS, 3 * HOUR_MS, 6 * HOUR_MS], |table| {
        let all = ["Z", "O", "P", "R"].map(|class| table.needed(class).and_then(|value| value.duration()));
        table.close();
        all.map(Option::unwrap_or_default)
    });
    let escalations = table.value("escalation").and_then(|value| value.list()).unwrap_or_default();
    let escalations =
        escalations.iter().filter_map(|item| item.table("an escalation")).filter_map(escalation).collect();
    let tests = table.value("tests").and_then(|value| value.table("`tests`"));
    let (test_interval_ms, test_grace_ms) = tests.map_or((24 * HOUR_MS, HOUR_MS), |table| {
        let interval = table.needed("interval").and_then(|value| value.duration());
        let grace = table.needed("grace").and_then(|value| value.duration());
        table.close();
        (interval.unwrap_or_default(), grace.unwrap_or_default())
    });
    let consent = table.value("consent").and_then(|value| value.flag()).unwrap_or(true);
    let passes = table.value("passes").and_then(|value| value.list()).unwrap_or_default();
    let passes = passes.iter().filter_map(Value::text).collect();
    let rule =
        table.value("rule").and_then(|value| value.table("`rule`")).and_then(|table| rule(table, parties));
    let rule = rule.unwrap_or_else(|| Rule {
        votes: parties.len() as u64,
        veto: parties.iter().map(|party| party.name.clone()).collect(),
        window_ms: 72 * HOUR_MS,
    });
    let notices = table.value("notice").and_then(|value| value.list()).unwrap_or_default();
    let notices =
        notices.iter().filter_map(|item| item.table("a notice kind")).filter_map(notice_kind).collect();
    table.close();
    Some(Terms {
        depositary,
        handling_ms,
        escalations,
        test_interval_ms,
        test_grace_ms,
        consent,
        passes,
        rule,
        notices,
    })
}

fn escalation(table: Table<'_, '_>) -> Option<Escalation> {
    let precedence = table.needed("precedence").and_then(|value| value.one_of(&PRECEDENCES));
    let after_ms = table.needed("after").and_then(|value| value.duration());
    let rank = table.needed("rank").and_then(|value| rank(&value));
    table.close();
    Some(Escalation { precedence: precedence?, after_ms: after_ms?, rank: rank? })
}

fn rule(table: Table<'_, '_>, parties: &[PartyPlan]) -> Option<Rule> {
    let votes = table.needed("votes").and_then(|value| value.whole());
    let veto = table.value("veto").and_then(|value| value.list()).unwrap_or_default();
    let veto = veto.iter().filter_map(|item| party_name(item, parties)).collect();
    let window_ms = table.needed("window").and_then(|value| value.duration());
    table.close();
    Some(Rule { votes: votes?, veto, window_ms: window_ms? })
}

fn notice_kind(table: Table<'_, '_>) -> Option<NoticeKind> {
    let name = table.needed("name").and_then(|value| value.text());
    let nature = table.value("nature").map_or(Some(NATURES[0].1), |value| value.one_of(&NATURES));
    let separation = table.value("separation").and_then(|value| value.table("`separation`")).map(separation);
    let lead_ms = table.needed("lead").and_then(|value| value.duration());
    let emergency_lead_ms = table.value("emergency").and_then(|value| value.duration());
    table.close();
    Some(NoticeKind { name: name?, nature: nature?, separation, lead_ms: lead_ms?, emergency_lead_ms })
}

/// `distance`, `height`, `time`: one of them or more.
fn separation(table: Table<'_, '_>) -> SeparationPart {
    let length = |key| {
        let value = table.value(key)?;
        let mm = length::parse(&value.text()?);
        if mm.is_err() {
            value.refuse("a length, such as \"5km\" or \"300m\"", None);
        }
        mm.ok()
    };
    let (distance, height) = (length("distance"), length("height"));
    let time = table.value("time").and_then(|value| value.duration());
    if distance.or(height).or(time).is_none() {
        table.fault("`separation` lacks `distance`, `height` or `time`".to_owned(), None);
    }
    table.close();
    SeparationPart { distance, height, time }
}
