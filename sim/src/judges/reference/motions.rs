//! Motions, votes and decisions.

use std::collections::{BTreeMap, BTreeSet};

use detente_line::{Choice, Content, Matter, Memorandum, Outcome};
use detente_record::{Cut, EntryRef, Party};

use super::Reading;

/// A motion: which, the suspension that it would end, what it is to do, when it closes.
pub(super) struct Moved<'a> {
    pub(super) name: EntryRef,
    reopens: Option<EntryRef>,
    matter: &'a Matter,
    closes_ms: u64,
}

impl Reading<'_> {
    /// Motions under a cut: which, the suspension that they would end, when they close.
    pub(super) fn motions<'s>(&'s self, cut: &Cut) -> Vec<Moved<'s>> {
        let motions = self.acts(cut).filter_map(|(name, entry, content)| match content {
            Content::Motion { matter, closes_ms, .. } => {
                let about = entry.regards.first().copied();
                Some(Moved {
                    name,
                    reopens: about.filter(|_| *matter == Matter::Reopen),
                    matter,
                    closes_ms: *closes_ms,
                })
            }
            _ => None,
        });
        motions.collect()
    }

    /// Decisions under a cut with their motions, those that fewer come before first.
    pub(super) fn decisions(&self, cut: &Cut) -> Vec<(EntryRef, EntryRef, Outcome)> {
        let acts =
            self.acts(cut).filter_map(|(name, entry, content)| match (content, entry.regards.first()) {
                (Content::Decide { outcome, .. }, Some(motion)) => Some((name, *motion, *outcome)),
                _ => None,
            });
        let mut decisions: Vec<(EntryRef, EntryRef, Outcome)> = acts.collect();
        decisions.sort_by_cached_key(|(name, ..)| (self.come_before(*name), *name));
        decisions
    }

    /// How many decisions come before one, by the word of each on the one before it; what was disowned since counts.
    fn come_before(&self, decision: EntryRef) -> usize {
        let before = |name: &EntryRef| {
            let item = self.items.get(name).filter(|item| item.sound)?;
            match item.read.as_ref()?.1 {
                Content::Decide { before, .. } => before,
                _ => None,
            }
        };
        // Each is in the cut of the next: there is no way round in a circle.
        std::iter::successors(before(&decision), before).count()
    }

    /// Motions without a decision under a cut.
    pub(crate) fn open_motions(&self, cut: &Cut) -> BTreeSet<EntryRef> {
        let decided: BTreeSet<EntryRef> =
            self.decisions(cut).into_iter().map(|(_, motion, _)| motion).collect();
        self.motions(cut)
            .into_iter()
            .map(|motion| motion.name)
            .filter(|motion| !decided.contains(motion))
            .collect()
    }

    /// A decision that carried a motion to reopen after a suspension, under a cut.
    pub(crate) fn consent(&self, suspension: EntryRef, cut: &Cut) -> Option<EntryRef> {
        let about: BTreeMap<EntryRef, Option<EntryRef>> =
            self.motions(cut).into_iter().map(|motion| (motion.name, motion.reopens)).collect();
        let carried = self.decisions(cut).into_iter().find(|(_, motion, outcome)| {
            *outcome == Outcome::Carried && about.get(motion) == Some(&Some(suspension))
        });
        carried.map(|(decision, ..)| decision)
    }

    /// Each party's last vote on a motion under a cut; the motion is its mover's until the mover votes.
    pub(crate) fn votes(&self, motion: EntryRef, cut: &Cut) -> BTreeMap<Party, (EntryRef, Choice)> {
        let mut votes = BTreeMap::from([(motion.book.party, (motion, Choice::For))]);
        for (name, entry, content) in self.acts(cut) {
            if let Content::Vote { choice, .. } = content
                && entry.regards.first() == Some(&motion)
            {
                votes.insert(name.book.party, (name, *choice));
            }
        }
        let memorandum = self.memorandum(cut);
        votes.retain(|party, _| memorandum.member(*party).is_some());
        votes
    }

    pub(super) fn outcome(
        memorandum: &Memorandum,
        members: &[Party],
        motion: &Moved<'_>,
        votes: &BTreeMap<Party, (EntryRef, Choice)>,
        at_ms: u64,
    ) -> Option<Outcome> {
        let rule = &memorandum.terms().rule;
        let silent: Vec<&Party> = members.iter().filter(|party| !votes.contains_key(party)).collect();
        let by =
            |party: u8| votes.iter().find(|(of, _)| of.number() == party).map(|(_, (_, choice))| *choice);
        let in_favour = votes.values().filter(|(_, choice)| *choice == Choice::For).count();
        let needed = usize::from(rule.threshold).min(members.len());
        let vetoed = rule.veto.iter().any(|holder| by(*holder) == Some(Choice::Against));
        let all_veto_holders_voted = !silent.iter().any(|party| rule.veto.contains(&party.number()));
        let overtaken = match motion.matter {
            Matter::Amend(moved) => moved.terms().predecessor != Some(memorandum.hash()),
            _ => false,
        };
        if overtaken {
            Some(Outcome::Overtaken)
        } else if at_ms > motion.closes_ms {
            Some(Outcome::Lapsed)
        } else if in_favour >= needed && !vetoed && all_veto_holders_voted {
            Some(Outcome::Carried)
        } else if vetoed || in_favour + silent.len() < needed {
            Some(Outcome::Defeated)
        } else {
            None
        }
    }
}
