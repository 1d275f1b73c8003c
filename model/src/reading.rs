//! Another reading of a record than the core's: straight from the bytes, by the words of spec/line.md §5, for few entries.
//!
//! It shares with the core how an entry is taken apart, and nothing of what entries mean together. Which entries are void it asks
//! the station; whether they should be is what it is for.

use detente_line::{Choice, Content, Matter, Outcome};
use detente_record::{Book, Class, Cut, Entry, EntryRef, Party};

use crate::founding::Rules;
use crate::station::Station;

/// Kinds of traffic that a suspension does not bar (spec/line.md §5, Permitted).
const PASSING: std::ops::RangeInclusive<u16> = 3..=13;
/// Kinds of traffic.
const TRAFFIC: std::ops::RangeInclusive<u16> = 1..=63;

/// An entry that a station takes for sound.
pub(crate) struct Said {
    pub(crate) name: EntryRef,
    pub(crate) entry: Entry,
    pub(crate) content: Content,
    /// Its full cut.
    covers: Cut,
}

impl Said {
    fn covers(&self, other: EntryRef) -> bool {
        self.covers.get(&other.book).is_some_and(|size| *size >= other.number)
    }

    fn party(&self) -> Party {
        self.name.book.party
    }

    fn regards(&self) -> Option<EntryRef> {
        self.entry.regards.first().copied()
    }
}

/// What a station takes for sound of what is on its disk.
pub(crate) struct Reading(Vec<Said>);

impl Reading {
    /// Of a station that lives.
    pub(crate) fn of(station: &Station) -> Self {
        let mut all = Vec::new();
        let Some(line) = &station.line else { return Self(all) };
        for (book, entries) in &station.disk.entries {
            let mut covers = Cut::new();
            for (bytes, number) in entries.iter().zip(1..) {
                let Ok(entry) = Entry::decode(bytes) else { continue };
                for (of, size) in &entry.cut {
                    let known = covers.entry(*of).or_default();
                    *known = (*size).max(*known);
                }
                covers.insert(*book, number - 1);
                let name = EntryRef { book: *book, number };
                let verdict = line.verdict(name);
                let is_void = verdict.marked.is_some() || station.disk.void.contains_key(&name);
                if let Ok(content) = Content::decode(entry.kind, &entry.body)
                    && !(is_void || verdict.unjudged)
                {
                    all.push(Said { name, entry, content, covers: covers.clone() });
                }
            }
        }
        Self(all)
    }

    fn get(&self, name: EntryRef) -> Option<&Said> {
        self.0.iter().find(|said| said.name == name)
    }

    /// How much of each book of acts was judged.
    pub(crate) fn acts(station: &Station) -> Option<Cut> {
        let judged = station.line.as_ref()?.judged();
        Some(judged.into_iter().filter(|(book, _): &(Book, u64)| book.class == Class::A).collect())
    }

    /// The decisions.
    pub(crate) fn decisions(&self) -> impl Iterator<Item = (&Said, Outcome)> {
        self.0.iter().filter_map(|said| match said.content {
            Content::Decide { outcome, .. } => Some((said, outcome)),
            _ => None,
        })
    }

    /// How parties voted on a motion, under the full cut of an entry: each one's last word; the motion is its mover's.
    fn votes(&self, motion: EntryRef, under: &Said) -> Vec<(Party, Choice)> {
        let mut votes = vec![(motion.book.party, Choice::For)];
        for said in self.0.iter().filter(|said| said.regards() == Some(motion) && under.covers(said.name)) {
            if let Content::Vote { choice, .. } = said.content {
                votes.retain(|(party, _)| *party != said.party());
                votes.push((said.party(), choice));
            }
        }
        votes
    }

    /// Whether the votes under a decision's own cut reach the number that the rules ask for.
    pub(crate) fn has_votes(&self, decision: &Said, rules: &Rules) -> bool {
        let Some(motion) = decision.regards() else { return false };
        let votes = self.votes(motion, decision);
        votes.iter().filter(|(_, choice)| *choice == Choice::For).count() >= usize::from(rules.threshold)
    }

    /// Whether every veto holder has voted, and none against.
    pub(crate) fn has_no_veto(&self, decision: &Said, rules: &Rules) -> bool {
        let Some(motion) = decision.regards() else { return false };
        let votes = self.votes(motion, decision);
        rules.veto.iter().all(|holder| {
            votes.iter().any(|(party, choice)| party.number() == *holder && *choice != Choice::Against)
        })
    }

    /// What a decision is on.
    pub(crate) fn motion(&self, decision: &Said) -> Option<EntryRef> {
        decision.regards()
    }

    /// Resumptions that name no decision under their cut, carried by votes there, on a motion to reopen that regards what they resume from.
    pub(crate) fn resumptions_without_consent(&self, rules: &Rules) -> usize {
        let consents = |resumes: &Said, decision: EntryRef| {
            let decision = self.get(decision).filter(|decision| resumes.covers(decision.name))?;
            let motion = self.get(decision.regards()?)?;
            let Content::Motion { matter: Matter::Reopen, .. } = motion.content else { return None };
            let Content::Decide { outcome: Outcome::Carried, .. } = decision.content else { return None };
            let is_on_it = motion.regards() == resumes.regards();
            Some(is_on_it && self.has_votes(decision, rules) && self.has_no_veto(decision, rules))
        };
        let resumes = self.0.iter().filter_map(|said| match said.content {
            Content::Resumes { decision, .. } => Some((said, decision)),
            _ => None,
        });
        resumes.filter(|(said, decision)| decision.and_then(|of| consents(said, of)) != Some(true)).count()
    }

    /// Whether a party is suspended for a kind, under an entry's full cut and at its own time.
    fn bars(&self, party: Party, entry: &Said) -> bool {
        let mut barred = false;
        for said in self.0.iter().filter(|said| said.party() == party && entry.covers(said.name)) {
            match &said.content {
                Content::Suspends { effective_ms, scope, .. }
                    if said.entry.time_ms.max(*effective_ms) <= entry.entry.time_ms =>
                {
                    barred = scope.is_empty() || scope.contains(&entry.entry.kind);
                }
                Content::Resumes { effective_ms, .. }
                    if said.entry.time_ms.max(*effective_ms) <= entry.entry.time_ms =>
                {
                    barred = false;
                }
                _ => {}
            }
        }
        barred
    }

    /// What is taken for sound though a suspension under its cut bars it.
    pub(crate) fn barred(&self, rules: &Rules) -> usize {
        let parties = || (0..rules.parties).filter_map(|number| Party::new(number).ok());
        let is_traffic =
            |kind: u16| TRAFFIC.contains(&kind) && !PASSING.contains(&kind) && !rules.passes.contains(&kind);
        let traffic = self.0.iter().filter(|said| is_traffic(said.entry.kind));
        traffic.filter(|said| parties().any(|party| self.bars(party, said))).count()
    }

    /// Whether something was said, soundly, of which its author did not know that a suspension barred it.
    pub(crate) fn has_crossing(&self) -> bool {
        let suspensions = || self.0.iter().filter(|said| matches!(said.content, Content::Suspends { .. }));
        let messages = self.0.iter().filter(|said| matches!(said.content, Content::Message(_)));
        messages.into_iter().any(|said| suspensions().any(|suspends| !said.covers(suspends.name)))
    }

    /// Whether somebody has resumed.
    pub(crate) fn has_resumption(&self) -> bool {
        self.0.iter().any(|said| matches!(said.content, Content::Resumes { .. }))
    }
}
