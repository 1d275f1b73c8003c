//! Which memorandum is in force, who is a member, and what is after a party's time.

use std::collections::BTreeSet;

use detente_line::{Content, Matter, Member, Memorandum, Outcome};
use detente_record::{Cut, Entry, EntryRef, Party};

use super::{Reading, observers};

impl Reading<'_> {
    /// The memorandum in force under a cut.
    pub(crate) fn memorandum(&self, cut: &Cut) -> &Memorandum {
        if !self.amends {
            return self.founding;
        }
        let last = self.decisions(cut).into_iter().rev().find_map(|decision| self.carried(decision, cut));
        last.unwrap_or(self.founding)
    }

    /// Every memorandum that has been in force under a cut.
    pub(super) fn been_in_force(&self, cut: &Cut) -> Vec<&Memorandum> {
        let carried = self.decisions(cut).into_iter().filter_map(|decision| self.carried(decision, cut));
        [self.founding].into_iter().chain(carried).collect()
    }

    /// What a decision put in force, if it carried an amendment of which the motion stands under a cut.
    fn carried<'s>(
        &'s self,
        (_, motion, outcome): (EntryRef, EntryRef, Outcome),
        cut: &Cut,
    ) -> Option<&'s Memorandum> {
        let mut acts = (outcome == Outcome::Carried).then(|| self.acts(cut))?;
        match acts.find(|(name, ..)| *name == motion)? {
            (_, _, Content::Motion { matter: Matter::Amend(moved), .. }) => Some(moved),
            _ => None,
        }
    }

    /// Whether a memorandum that was ever in force under a cut names a party.
    pub(crate) fn has_been_admitted(&self, party: Party, cut: &Cut) -> bool {
        self.been_in_force(cut).iter().any(|memorandum| memorandum.member(party).is_some())
    }

    /// When the last decision that let somebody in was taken, by its author's clock, ms; 0 where none was.
    pub(crate) fn last_admission_ms(&self, cut: &Cut) -> u64 {
        let founding: BTreeSet<Party> = self.founding.parties().collect();
        let admits = |decision: &(EntryRef, EntryRef, Outcome)| {
            self.carried(*decision, cut)
                .is_some_and(|moved| moved.parties().any(|of| !founding.contains(&of)))
        };
        let decisions = self.decisions(cut).into_iter().filter(admits);
        let times = decisions.filter_map(|(name, ..)| Some(self.items.get(&name)?.read.as_ref()?.0.time_ms));
        times.max().unwrap_or(0)
    }

    /// A party's word under a cut that it says nothing more.
    pub(super) fn left(&self, party: Party, cut: &Cut) -> Option<EntryRef> {
        if !self.leaves {
            return None;
        }
        let mut leaves = self.acts(cut).filter(|(_, _, content)| matches!(content, Content::Leaves { .. }));
        leaves.find(|(name, ..)| name.book.party == party).map(|(name, ..)| name)
    }

    /// Spec/line.md §5, Members.
    pub(crate) fn members(&self, cut: &Cut) -> Vec<Party> {
        let parties = self.memorandum(cut).parties();
        parties.filter(|party| self.left(*party, cut).is_none()).collect()
    }

    /// Whether an entry is beyond what a decision under a cut knew of its author's books, which expelled that.
    pub(super) fn is_after_its_time(&self, entry: EntryRef, owned: &[(EntryRef, &Entry, &Content)]) -> bool {
        owned.iter().any(|(decision, decide, content)| {
            let Content::Decide { outcome: Outcome::Carried, .. } = content else { return false };
            let motion = owned.iter().find(|(name, ..)| decide.regards.first() == Some(name));
            let Some((_, _, Content::Motion { matter: Matter::Amend(moved), .. })) = motion else {
                return false;
            };
            let known = &self.items[decision].cut;
            let known = known.get(&entry.book).copied().unwrap_or(0);
            let known = if entry.book == decision.book { decision.number } else { known };
            if entry.number <= known || moved.member(entry.book.party).is_some() {
                return false;
            }
            self.memorandum(&self.known_to(*decision)).member(entry.book.party).is_some()
        })
    }
}

/// Spec/line.md §5: whether a memorandum may take the place of the one in force.
pub(super) fn may_become(now: &Memorandum, then: &Memorandum, been: &[&Memorandum]) -> bool {
    let line = |of: &Memorandum| {
        let terms = of.terms();
        (terms.name.clone(), terms.parent, terms.refounds, terms.founding)
    };
    let who = |p: &Member| {
        (p.number, p.name.clone(), BTreeSet::from([p.book_key, p.receipt_key, p.station_key, p.commitment]))
    };
    let stays = |party: &Member| now.terms().parties.iter().any(|other| who(other) == who(party));
    let is_new = |party: &Member| {
        let all = been.iter().flat_map(|memorandum| &memorandum.terms().parties);
        all.map(who).all(|(number, name, keys)| {
            number != party.number && name != party.name && keys.is_disjoint(&who(party).2)
        })
    };
    then.terms().predecessor == Some(now.hash())
        && line(now) == line(then)
        && then.terms().parties.iter().all(|party| stays(party) || is_new(party))
        && observers::keeps_apart(then, been)
}
