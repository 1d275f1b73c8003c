//! Scheduled tests that were heard of, from the stations' own events.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value as Json;

use super::drawing::text;

/// Names of the entries that say what became of tests, by the station that told of them; clones share them.
#[derive(Debug, Clone, Default)]
pub(crate) struct TestsHeard(Arc<Mutex<BTreeMap<String, Heard>>>);

#[derive(Debug, Default)]
struct Heard {
    answers: BTreeSet<String>,
    missed: BTreeSet<String>,
}

impl TestsHeard {
    /// Takes an event of the station of a party; an entry counts once, however often it is told of.
    pub(crate) fn hear(&self, party: &str, event: &str, data: &Json) {
        let Some(name) = text(data, "entry").filter(|_| event == "entry") else { return };
        let mut heard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let heard = heard.entry(party.to_owned()).or_default();
        match text(data, "kind") {
            Some("test-answer") => heard.answers.insert(name.to_owned()),
            Some("missed") => heard.missed.insert(name.to_owned()),
            _ => false,
        };
    }

    /// How many were answered and how many missed, as any station knows.
    pub(crate) fn count(&self) -> (u64, u64) {
        let heard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let answers: BTreeSet<&String> = heard.values().flat_map(|heard| &heard.answers).collect();
        let missed: BTreeSet<&String> = heard.values().flat_map(|heard| &heard.missed).collect();
        (answers.len() as u64, missed.len() as u64)
    }

    /// How many answers the station of a party has told of.
    pub(crate) fn told_by(&self, party: &str) -> u64 {
        let heard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        heard.get(party).map_or(0, |heard| heard.answers.len() as u64)
    }

    /// In words, if so many at least were answered and so many at most missed; else what was found.
    pub(crate) fn held(&self, least: u64, most: u64) -> Result<String, String> {
        let (answered, missed) = self.count();
        let found = format!("{answered} scheduled tests answered, {missed} missed");
        if answered >= least && missed <= most { Ok(found) } else { Err(found) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_answer_that_both_sides_tell_of_is_one_answer() {
        let tests = TestsHeard::default();
        for party in ["usa", "rus", "rus"] {
            tests.hear(party, "entry", &json!({"entry": "rus/P/1", "kind": "test-answer"}));
        }
        tests.hear("usa", "entry", &json!({"entry": "usa/P/2", "kind": "missed"}));
        tests.hear("usa", "entry", &json!({"entry": "usa/P/3", "kind": "test"}));
        tests.hear("usa", "receipted", &json!({"entry": "usa/P/4", "kind": "missed"}));
        assert_eq!((tests.told_by("rus"), tests.told_by("fra")), (1, 0));
        assert_eq!(tests.count(), (1, 1));
        assert!(tests.held(1, 0).is_err());
        assert!(tests.held(2, 1).is_err());
        assert!(tests.held(1, 1).is_ok());
    }
}
