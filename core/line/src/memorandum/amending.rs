//! What an amendment may change of a memorandum (spec/line.md §5, The memorandum in force).

use alloc::string::String;

use detente_record::{Fault, LineId};

use super::{Member, Memorandum};

impl Memorandum {
    /// Holds a memorandum that was moved to what may take the place of this one: it names this one as its predecessor,
    /// is of the same line, and has the same parties with the same keys. All else may change.
    ///
    /// # Errors
    /// `Misbehaved`, naming what it may not change.
    pub fn may_become(&self, next: &Self) -> Result<(), Fault> {
        let breach =
            |expected: &'static str, found: String| Err(Fault::misbehaved("amendment", expected, found));
        let (now, then) = (&self.terms, &next.terms);
        if then.predecessor != Some(self.hash) {
            let found =
                then.predecessor.map_or_else(|| String::from("none"), |hash| detente_record::hex(&hash));
            return breach("the memorandum in force as its predecessor", found);
        }
        if (&then.name, then.parent, then.refounds) != (&now.name, now.parent, now.refounds) {
            return breach(
                "the line's name, parent and the line that it refounds, as they are",
                then.name.clone(),
            );
        }
        if then.parties.len() != now.parties.len() {
            return breach("the parties of the line", alloc::format!("{} parties", then.parties.len()));
        }
        let same = |now: &Member, then: &Member| {
            (now.number, &now.name) == (then.number, &then.name)
                && now.fingerprint_subject() == then.fingerprint_subject()
        };
        match now.parties.iter().zip(&then.parties).find(|(now, then)| !same(now, then)) {
            None => Ok(()),
            Some((_, then)) => {
                breach("each party's number, short name, keys and commitment as they are", then.name.clone())
            }
        }
    }

    /// The same, as an amendment of the line that another memorandum founded.
    pub(crate) fn of_line(&self, line: LineId) -> Self {
        Self { line, ..self.clone() }
    }
}
