//! What an amendment may change of a memorandum (spec/line.md §5, The memorandum in force, and Members).

use alloc::string::String;
use alloc::vec::Vec;

use detente_record::{Fault, LineId};

use super::{Member, Memorandum, Terms};

impl Memorandum {
    /// Holds a memorandum that was moved to what may take the place of this one: it names this one as its predecessor,
    /// is of the same line, leaves the parties that stay as they are, and admits none that could be taken for one
    /// of `been`, the memoranda that were in force up to this one. All else may change.
    ///
    /// # Errors
    /// `Misbehaved`, naming what it may not change.
    pub fn may_become<'a>(&self, next: &Self, been: impl IntoIterator<Item = &'a Self>) -> Result<(), Fault> {
        let breach =
            |expected: &'static str, found: String| Err(Fault::misbehaved("amendment", expected, found));
        let (now, then) = (&self.terms, &next.terms);
        if then.predecessor != Some(self.hash) {
            let found =
                then.predecessor.map_or_else(|| String::from("none"), |hash| detente_record::hex(&hash));
            return breach("the memorandum in force as its predecessor", found);
        }
        let line = |of: &Terms| (of.name.clone(), of.parent, of.refounds, of.founding);
        if line(now) != line(then) {
            return breach(
                "the line's name, parent, founding decision and the line that it refounds, as they are",
                then.name.clone(),
            );
        }
        let stays = |member: &Member| now.parties.iter().any(|other| other.may_become(member));
        let changed = |member: &&Member| {
            now.parties.iter().any(|other| other.number == member.number) && !stays(member)
        };
        if let Some(member) = then.parties.iter().find(changed) {
            return breach(
                "number, short name, keys, commitment and recovery key as they are, of each party that stays",
                member.name.clone(),
            );
        }
        let admitted = || then.parties.iter().filter(|member| !stays(member));
        let been: Vec<&Self> = been.into_iter().collect();
        Self::may_observe(next, been.iter().copied())?;
        for earlier in been {
            let taken =
                |member: &&Member| earlier.terms.parties.iter().any(|other| other.shares_with(member));
            if let Some(member) = admitted().find(taken) {
                return breach(
                    "of whom it admits a number, a short name, keys and a commitment that no party of this line ever had",
                    member.name.clone(),
                );
            }
        }
        Ok(())
    }

    /// The same, as one of the memoranda of a line; `others` are parties that the rest of those name.
    pub(crate) fn of_line(&self, line: LineId, others: Vec<Member>) -> Self {
        Self { line, others, ..self.clone() }
    }
}
