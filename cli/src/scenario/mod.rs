//! Scenarios: lines replayed as data (docs/scenarios.md).
//!
//! A [`Scenario`] that exists has been checked: its parties, offices and notice kinds exist wherever they are
//! named, its steps ascend in time, and every step that is referred to comes before the reference. What it
//! refuses, it refuses with the line of the file, what was expected and what was found ([`document`]).
//! Reading a scenario needs no station, no clock and no network.

pub(crate) mod document;
mod draft;
mod expectation;
mod place;
mod shipped;
mod step;
mod terms;
pub(crate) mod time;

use std::fs;
use std::io::Read as _;
use std::path::Path;

pub(crate) use self::document::Faults;
pub(crate) use self::draft::Draft;
pub(crate) use self::expectation::{Standing, That, Verdict};
pub(crate) use self::place::Place;
pub(crate) use self::shipped::{SHIPPED, shipped};
pub(crate) use self::step::{Check, Deed, Step};
pub(crate) use self::terms::{PartyPlan, Terms};

use self::document::{Document, Table};

/// Largest scenario file, in bytes.
pub(crate) const MAX_SCENARIO: u64 = 1_048_576;
/// The file of a scenario's folder that says everything.
pub(crate) const FILE: &str = "scenario.toml";

/// A whole scenario.
#[derive(Debug, Clone)]
pub(crate) struct Scenario {
    /// One line about it.
    pub(crate) title: String,
    /// What it shows, for somebody who has not heard of it.
    pub(crate) summary: String,
    /// Where its facts come from.
    pub(crate) sources: Option<String>,
    /// What in it is invented; shown on the screen from the start.
    pub(crate) fiction: String,
    /// Name of the line.
    pub(crate) line: String,
    /// What the clocks show at the start, ms.
    pub(crate) start_ms: u64,
    /// Two or more, in the order of their columns.
    pub(crate) parties: Vec<PartyPlan>,
    /// The memorandum's terms.
    pub(crate) terms: Terms,
    /// In the order of time.
    pub(crate) steps: Vec<Step>,
}

/// Why a scenario could not be had.
#[derive(Debug)]
pub(crate) enum Unreadable {
    /// There is no such scenario.
    Missing {
        /// What was found in its place.
        found: String,
        /// What there is.
        hint: String,
    },
    /// It is there and is wrong.
    Faulty(Faults),
}

impl Scenario {
    /// The scenario of a name that is shipped, or of a folder or a file.
    ///
    /// # Errors
    /// [`Unreadable::Missing`] where there is none, it is over [`MAX_SCENARIO`] or not UTF-8;
    /// [`Unreadable::Faulty`] with all its faults.
    pub(crate) fn find(name: &str) -> Result<Self, Unreadable> {
        if let Some(source) = shipped(name) {
            return Self::parse(&format!("{name}/{FILE}"), source).map_err(Unreadable::Faulty);
        }
        let path = Path::new(name);
        let path = if path.is_dir() { path.join(FILE) } else { path.to_path_buf() };
        let missing = |why: String| {
            let names: Vec<&str> = SHIPPED.iter().map(|(name, _)| *name).collect();
            let near = document::nearest(name, names.iter().copied());
            let near = near.map(|near| format!("did you mean `{near}`? ")).unwrap_or_default();
            let hint =
                format!("{near}shipped: {}; docs/scenarios.md says how to write one", names.join(", "));
            Unreadable::Missing { found: format!("{}: {why}", path.display()), hint }
        };
        let file = fs::File::open(&path).map_err(|error| missing(error.to_string()))?;
        let mut source = String::new();
        file.take(MAX_SCENARIO + 1)
            .read_to_string(&mut source)
            .map_err(|error| missing(error.to_string()))?;
        if source.len() as u64 > MAX_SCENARIO {
            return Err(missing(format!("expected at most {MAX_SCENARIO} bytes, found more")));
        }
        Self::parse(&path.display().to_string(), &source).map_err(Unreadable::Faulty)
    }

    /// Reads a scenario; `name` is what its faults call it.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub(crate) fn parse(name: &str, source: &str) -> Result<Self, Faults> {
        let document = Document::new(source);
        let scenario = document.parse().and_then(|tree| {
            let whole = Table::new(&document, "a scenario", tree.span(), tree.get_ref());
            read(whole)
        });
        match (document.into_faults(name), scenario) {
            (None, Some(scenario)) => Ok(scenario),
            (Some(faults), _) => Err(faults),
            // Every reading that gives nothing leaves a fault; this is what is left of that promise.
            (None, None) => Err(Faults { name: name.to_owned(), faults: Vec::new() }),
        }
    }

    /// The place of a party among the columns.
    pub(crate) fn place_of(&self, party: &str) -> Option<usize> {
        self.parties.iter().position(|plan| plan.name == party)
    }
}

fn read(whole: Table<'_, '_>) -> Option<Scenario> {
    let head = whole.needed("scenario").and_then(|value| value.table("[scenario]"));
    let parties = whole.needed("party").and_then(|value| value.list()).unwrap_or_default();
    let parties: Vec<PartyPlan> =
        parties.iter().filter_map(|value| value.table("a party")).filter_map(terms::party).collect();
    if parties.len() < 2 {
        whole.fault(format!("expected two [[party]] or more, found {}", parties.len()), None);
    }
    if parties
        .iter()
        .enumerate()
        .any(|(place, one)| parties.iter().take(place).any(|other| other.name == one.name))
    {
        whole.fault("expected parties of different names, found a name twice".to_owned(), None);
    }
    let terms = whole
        .needed("memorandum")
        .and_then(|value| value.table("[memorandum]"))
        .and_then(|table| terms::terms(table, &parties));
    let steps = whole.needed("step").and_then(|value| value.list()).unwrap_or_default();
    let head = head?;
    let title = head.needed("title").and_then(|value| value.text());
    let summary = head.needed("summary").and_then(|value| value.text());
    let sources = head.value("sources").and_then(|value| value.text());
    let fiction = head.needed("fiction").and_then(|value| value.text());
    let line = head.needed("line").and_then(|value| value.text());
    let start_ms = head.needed("start").and_then(|value| value.instant());
    head.close();
    whole.close();
    let terms = terms?;
    let mut reader = step::Reader::new(&parties, &terms, start_ms?);
    let steps: Vec<Step> = steps
        .iter()
        .filter_map(|value| value.table("a step"))
        .filter_map(|table| reader.step(table))
        .collect();
    Some(Scenario {
        title: title?,
        summary: summary?,
        sources,
        fiction: fiction?,
        line: line?,
        start_ms: start_ms?,
        parties,
        terms,
        steps,
    })
}

#[cfg(test)]
mod tests;
