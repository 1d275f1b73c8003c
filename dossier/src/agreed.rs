//! What the parties of a dossier hold of one thing, side by side, and what became of motions, as far as its entries show
//! (spec/dossier.md §6.1).
//!
//! Promises to take a party's last word among the entries that are here, and to say of nobody that it was silent: a word that is not
//! here may exist elsewhere.

use std::collections::{BTreeMap, BTreeSet};

use detente_line::{Choice, Content, Matter, Outcome, Stance};
use detente_record::{EntryRef, Party};

use crate::memoranda::Memoranda;
use crate::report::Established;
use crate::words;

/// What does not follow from what is laid side by side here.
pub const NOT_ALL: &str = "that this was anybody's last word, or that a party without one here said nothing: that takes all of its entries";

/// What each party holds of one entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SideBySide {
    /// Which entry it is about, here or not.
    pub about: EntryRef,
    /// Of every party, ascending: its last position here, where there is one.
    pub positions: Vec<(Party, Option<Held>)>,
}

/// A position of a party.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// The entry that states it.
    pub by: EntryRef,
    /// When, by the party's own clock, ms.
    pub time_ms: u64,
    /// What the party holds.
    pub stance: Stance,
    /// In its own words.
    pub text: Option<String>,
    /// In which language these are, BCP 47, where the entry says.
    pub language: Option<String>,
    /// Its earlier positions here, the oldest first.
    pub before: Vec<EntryRef>,
}

/// A motion, the votes on it that are here, and what was decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moved {
    /// The motion, here or not.
    pub motion: EntryRef,
    /// What it is to do, and its words, where it is here.
    pub what: Option<(&'static str, String)>,
    /// Of every party, ascending: its last vote here, where there is one; the motion is its mover's until the mover votes.
    pub votes: Vec<(Party, Option<(EntryRef, Choice)>)>,
    /// The decision, what it says, and the votes that it counts, where it is here.
    pub decision: Option<(EntryRef, Outcome, Vec<EntryRef>)>,
}

/// An entry that was read: its name, its serial and time, what it says.
fn read(entries: &[Established]) -> impl Iterator<Item = (&Established, &detente_record::Entry, &Content)> {
    entries.iter().filter_map(|entry| Some((entry, entry.read.as_ref().ok()?, entry.content.as_ref().ok()?)))
}

/// Everything of which some party states a position here, ascending.
pub fn positions(memoranda: &Memoranda, entries: &[Established]) -> Vec<SideBySide> {
    let mut about: BTreeMap<EntryRef, BTreeMap<Party, BTreeMap<u64, Held>>> = BTreeMap::new();
    for (entry, read, content) in read(entries) {
        let (Content::Position { stance, text, .. }, Some(subject)) = (content, read.regards.first()) else {
            continue;
        };
        let held = Held {
            by: entry.name,
            time_ms: read.time_ms,
            stance: *stance,
            text: text.clone(),
            language: read.language.clone(),
            before: Vec::new(),
        };
        let of_party = about.entry(*subject).or_default().entry(entry.name.book.party).or_default();
        of_party.insert(read.serial, held);
    }
    let side_by_side = |(about, mut held): (EntryRef, BTreeMap<Party, BTreeMap<u64, Held>>)| {
        let mut last = |party: Party| {
            let mut all = held.remove(&party).unwrap_or_default();
            let last = all.pop_last().map(|(_, last)| last)?;
            Some(Held { before: all.into_values().map(|earlier| earlier.by).collect(), ..last })
        };
        SideBySide { about, positions: memoranda.parties().map(|party| (party, last(party))).collect() }
    };
    about.into_iter().map(side_by_side).collect()
}

/// Every motion that is here, or of which a vote or a decision is, ascending.
pub fn motions(memoranda: &Memoranda, entries: &[Established]) -> Vec<Moved> {
    let mut votes: BTreeMap<EntryRef, BTreeMap<Party, (u64, EntryRef, Choice)>> = BTreeMap::new();
    let mut decisions: BTreeMap<EntryRef, (EntryRef, Outcome, Vec<EntryRef>)> = BTreeMap::new();
    let mut moved: BTreeMap<EntryRef, (&'static str, String)> = BTreeMap::new();
    for (entry, read, content) in read(entries) {
        let party = entry.name.book.party;
        match (content, read.regards.first()) {
            (Content::Motion { matter, text, .. }, _) => {
                let to = match matter {
                    Matter::Reopen => "to reopen",
                    Matter::Resolve => "to resolve",
                    Matter::Amend(_) => "to amend the memorandum",
                    Matter::Found(_) => "to found a working group",
                };
                moved.insert(entry.name, (to, text.clone()));
            }
            (Content::Vote { choice, .. }, Some(motion)) => {
                let last = votes.entry(*motion).or_default().entry(party).or_insert((0, entry.name, *choice));
                if last.0 < read.serial {
                    *last = (read.serial, entry.name, *choice);
                }
            }
            (Content::Decide { outcome, votes, .. }, Some(motion)) => {
                decisions.entry(*motion).or_insert((entry.name, *outcome, votes.clone()));
            }
            _ => {}
        }
    }
    let all: BTreeSet<EntryRef> = moved.keys().chain(votes.keys()).chain(decisions.keys()).copied().collect();
    let mut one = |motion: EntryRef| {
        let cast = votes.remove(&motion).unwrap_or_default();
        let vote = |party: Party| {
            let cast = cast.get(&party).map(|(_, vote, choice)| (*vote, *choice));
            let mover = moved.contains_key(&motion) && motion.book.party == party;
            cast.or_else(|| mover.then_some((motion, Choice::For)))
        };
        Moved {
            motion,
            votes: memoranda.parties().map(|party| (party, vote(party))).collect(),
            what: moved.get(&motion).cloned(),
            decision: decisions.remove(&motion),
        }
    };
    all.into_iter().map(&mut one).collect()
}

/// A stance, in words.
pub fn stance(stance: Stance) -> &'static str {
    match stance {
        Stance::Affirms => "affirms it",
        Stance::Disputes => "disputes it",
        Stance::Corrects => "corrects it",
        Stance::Withdraws => "has withdrawn its position",
    }
}

/// A vote, in words.
pub fn vote(choice: Choice) -> &'static str {
    match choice {
        Choice::For => "for",
        Choice::Against => "against",
        Choice::Abstain => "abstains",
    }
}

impl Moved {
    /// What became of it, in a sentence.
    pub fn outcome(&self, memoranda: &Memoranda) -> String {
        let Some((decision, outcome, counted)) = &self.decision else {
            return "no decision on it is here: it may be pending, or have been decided elsewhere".into();
        };
        let (by, name) = (memoranda.name_of(decision.book.party), words::name(memoranda, *decision));
        let what = match outcome {
            Outcome::Carried => "was carried",
            Outcome::Defeated => "was defeated",
            Outcome::Lapsed => "lapsed: it closed before it was decided",
            Outcome::Overtaken => {
                "was overtaken: another amendment of the same memorandum was carried before it"
            }
        };
        let here =
            |vote: &&EntryRef| self.votes.iter().any(|(_, cast)| cast.is_some_and(|(by, _)| by == **vote));
        let here = counted.iter().filter(here).count();
        format!(
            "it {what}, as {by} decided in {name}, counting {} votes, of which {here} are here as counted",
            counted.len()
        )
    }
}
