//! What somebody has typed so far, as far as it is understood, and what is wrong with it.

use std::fmt::Display;

use detente_exchange::time;
use serde_json::{Value, json};

use super::Refused;

/// What is wrong so far.
#[derive(Default)]
pub(super) struct Wrong(pub(super) Vec<Value>);

impl Wrong {
    pub(super) fn add(&mut self, what: &str, expected: &str, found: impl Display) {
        self.0.push(json!({"what": what, "expected": expected, "found": found.to_string()}));
    }

    /// What was understood, if it was.
    pub(super) fn of<T, E: Display>(&mut self, what: &str, expected: &str, read: Result<T, E>) -> Option<T> {
        read.map_err(|reason| self.add(what, expected, reason)).ok()
    }

    pub(super) fn refused<T>(&mut self, read: Result<T, Refused>) -> Option<T> {
        let said = |refused: Refused| {
            self.add(&refused.what, &refused.expected, &refused.found);
        };
        read.map_err(said).ok()
    }
}

/// What a moment is expected as.
pub(super) const TIME: &str = "a time with its zone, such as 062240ZAPR17 or 2017-04-06T22:40Z";

/// The moment that is typed, or its last one where it is longer, ms.
pub(super) fn moment(what: &str, text: &str, last: bool, wrong: &mut Wrong) -> Option<u64> {
    let read = wrong.of(what, TIME, time::read(text, None))?;
    Some(if last { read.last_ms } else { read.first_ms })
}
