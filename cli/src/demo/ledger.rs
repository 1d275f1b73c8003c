//! What became of the steps that have been played: under which names their entries stand.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use crate::scenario::Place;

/// What became of one step.
#[derive(Debug, Clone, Default)]
pub(crate) struct Outcome {
    /// Place of the author among the parties.
    pub(crate) by: usize,
    /// Names of the entries, in the order in which they were accepted; of a plan, `plan/N` on its own station.
    pub(crate) names: Vec<String>,
    /// What its station was asked to check, as spec/api.md takes it.
    pub(crate) asked: Option<Json>,
    /// The error body, where the author's station refused.
    pub(crate) refused: Option<Json>,
    /// The position that was said.
    pub(crate) said: Option<Place>,
    /// The position that was meant.
    pub(crate) meant: Option<Place>,
}

impl Outcome {
    /// The entry that stands last in its book; a receipt that covers it covers the others.
    pub(crate) fn last(&self) -> Option<&str> {
        self.names.iter().max_by_key(|name| number(name)).map(String::as_str)
    }
}

/// Book and number of an entry's name.
pub(crate) fn split(name: &str) -> Option<(&str, u64)> {
    let (book, number) = name.rsplit_once('/')?;
    Some((book, number.parse().ok()?))
}

fn number(name: &str) -> u64 {
    split(name).map_or(0, |(_, number)| number)
}

/// All steps played so far.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    outcomes: Vec<Outcome>,
    ids: BTreeMap<String, usize>,
}

impl Ledger {
    /// Keeps what became of a step.
    pub(crate) fn keep(&mut self, id: Option<&str>, outcome: Outcome) {
        if let Some(id) = id {
            self.ids.insert(id.to_owned(), self.outcomes.len());
        }
        self.outcomes.push(outcome);
    }

    /// What became of a step, or of the one played last.
    pub(crate) fn outcome(&self, id: Option<&str>) -> Option<&Outcome> {
        match id {
            Some(id) => self.ids.get(id).and_then(|place| self.outcomes.get(*place)),
            None => self.outcomes.last(),
        }
    }

    /// The names of a step's entries.
    pub(crate) fn names(&self, id: &str) -> Vec<String> {
        self.outcome(Some(id)).map(|outcome| outcome.names.clone()).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_entry_is_the_one_with_the_highest_number() {
        let names = ["usa/P/9", "usa/P/11", "usa/P/10"].map(str::to_owned).to_vec();
        let mut ledger = Ledger::default();
        ledger.keep(Some("burst"), Outcome { names, ..Outcome::default() });
        ledger.keep(None, Outcome::default());
        assert_eq!(ledger.outcome(Some("burst")).and_then(Outcome::last), Some("usa/P/11"));
        assert_eq!(ledger.outcome(None).and_then(Outcome::last), None);
        assert_eq!(ledger.names("burst").len(), 3);
        assert!(ledger.names("other").is_empty());
    }
}
