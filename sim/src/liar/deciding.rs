//! Decisions of a depositary that lies: right in everything, or right in everything but one thing.

use std::collections::BTreeMap;

use detente_line::{Choice, Content, Outcome};
use detente_record::{Class, Entry, EntryRef, Party};

use super::Liar;

impl Liar {
    /// Keeps what an entry moves, votes or decides.
    pub(super) fn note(&mut self, name: EntryRef, entry: Option<&Entry>) {
        let Some(entry) = entry.filter(|entry| (67..=69).contains(&entry.kind)) else { return };
        if let Ok(content) = Content::decode(entry.kind, &entry.body) {
            self.moved.insert(name, (entry.regards.clone(), content));
        }
    }

    /// Decides some motion, depositary or not: as the votes that it knows give it, or with one thing wrong.
    pub(super) fn decides(&mut self, branch: usize, now_ms: u64) {
        let decided: Vec<EntryRef> = self
            .moved
            .values()
            .filter_map(|(regards, content)| {
                matches!(content, Content::Decide { .. }).then(|| regards.first().copied())?
            })
            .collect();
        let again = self.rng.chance(100);
        let motions: Vec<(EntryRef, u64)> = self
            .moved
            .iter()
            .filter_map(|(name, (_, content))| match content {
                Content::Motion { closes_ms, .. } => Some((*name, *closes_ms)),
                _ => None,
            })
            .filter(|(name, _)| again || !decided.contains(name))
            .collect();
        let Some((motion, closes_ms)) = self.rng.pick(&motions).copied() else { return };
        let mut votes = BTreeMap::from([(motion.book.party, (motion, Choice::For))]);
        for (name, (regards, content)) in &self.moved {
            if let Content::Vote { choice, .. } = content
                && regards.first() == Some(&motion)
            {
                votes.insert(name.book.party, (*name, *choice));
            }
        }
        let mut outcome = self.outcome(&votes, now_ms > closes_ms);
        let mut before = self.last_decision();
        match self.rng.below(10) {
            0 => outcome = [Outcome::Carried, Outcome::Defeated, Outcome::Lapsed][self.rng.below(3) as usize],
            1 => {
                votes.pop_last();
            }
            2 => before = None,
            3 => before = self.seen.first().map(|(name, _)| *name),
            4 => {
                // A vote of somebody on something else.
                let others = self.moved.iter().filter(|(_, (regards, content))| {
                    matches!(content, Content::Vote { .. }) && regards.first() != Some(&motion)
                });
                let others: Vec<(Party, EntryRef)> =
                    others.map(|(name, _)| (name.book.party, *name)).collect();
                if let Some((party, name)) = self.rng.pick(&others) {
                    votes.insert(*party, (*name, Choice::For));
                }
            }
            _ => {}
        }
        let votes = votes.into_values().map(|(name, _)| name).collect();
        let content = Content::Decide { outcome, votes, before };
        self.write(branch, Class::A, vec![motion], &content, now_ms);
    }

    /// What the founding rule makes of votes; a little too soon where nothing follows from them yet.
    fn outcome(&self, votes: &BTreeMap<Party, (EntryRef, Choice)>, is_over: bool) -> Outcome {
        let rule = &self.memorandum.terms().rule;
        let says = |holder: &u8, wanted| {
            votes.iter().any(|(party, (_, choice))| party.number() == *holder && *choice == wanted)
        };
        let for_it = votes.values().filter(|(_, choice)| *choice == Choice::For).count();
        if is_over {
            Outcome::Lapsed
        } else if rule.veto.iter().any(|holder| says(holder, Choice::Against))
            || for_it < usize::from(rule.threshold)
        {
            Outcome::Defeated
        } else {
            Outcome::Carried
        }
    }

    /// The decision that it knows as the last one, counted from predecessor to predecessor.
    fn last_decision(&self) -> Option<EntryRef> {
        let before = |name: &EntryRef| match self.moved.get(name) {
            Some((_, Content::Decide { before, .. })) => *before,
            _ => None,
        };
        // Others lie too: a way round in a circle ends.
        let depth = |name: &EntryRef| std::iter::successors(before(name), before).take(1_000).count();
        let decisions =
            self.moved.iter().filter(|(_, (_, content))| matches!(content, Content::Decide { .. }));
        decisions.map(|(name, _)| (depth(name), *name)).max().map(|(_, name)| name)
    }
}
