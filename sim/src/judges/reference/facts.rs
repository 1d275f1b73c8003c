//! What is open between the parties, and what each of them holds of what was said.

use std::collections::{BTreeMap, BTreeSet};

use detente_line::{Content, Stance};
use detente_record::{EntryRef, Party};

use super::Reading;
use crate::store::Record;

/// Another party's open entry, as the record shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Open {
    /// When this party first receipted it, ms.
    pub(crate) arrived_ms: Option<u64>,
    /// This party said that it showed it to an officer.
    pub(crate) displayed: bool,
}

/// An own entry that others have to handle.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Awaiting {
    /// Who has shown it to an officer.
    pub(crate) displayed: BTreeSet<Party>,
    /// Who has acknowledged it.
    pub(crate) acknowledged: BTreeSet<Party>,
    /// Who has passed it on.
    pub(crate) passed_on: BTreeSet<Party>,
    /// Who has answered it.
    pub(crate) answered: BTreeSet<Party>,
}

impl Reading<'_> {
    /// What each party holds of each entry that positions were taken on: the entry that says so.
    pub(crate) fn positions(&self) -> BTreeMap<EntryRef, BTreeMap<Party, EntryRef>> {
        type Word = ((u16, u64), EntryRef, Stance);
        // By what it is about and whose.
        let mut latest: BTreeMap<(EntryRef, Party), Word> = BTreeMap::new();
        let mut positions: BTreeMap<EntryRef, BTreeMap<Party, EntryRef>> = BTreeMap::new();
        for (name, regards, content) in self.sound() {
            let serial = self.items[&name].read.as_ref().map_or(0, |(entry, _)| entry.serial);
            // What a later key says rules over what an earlier one said (spec/keys.md §5).
            let serial = (name.book.generation / 128, serial);
            if let (Content::Position { stance, .. }, Some(about)) = (content, regards.first()) {
                let word = (serial, name, *stance);
                let last = latest.entry((*about, name.book.party)).or_insert(word);
                *last = if (word.0, word.1) > (last.0, last.1) { word } else { *last };
            }
        }
        for ((about, party), (_, name, stance)) in latest {
            let held = positions.entry(about).or_default();
            if stance != Stance::Withdraws {
                held.insert(party, name);
            }
        }
        positions
    }

    /// What a party has to handle and has not.
    pub(crate) fn owed(&self, me: Party, record: &Record) -> BTreeMap<EntryRef, Open> {
        let mut owed = BTreeMap::new();
        // What was written without a party does not concern it, however it came to it.
        let written_to_me = |name: EntryRef| self.members(&self.known_to(name)).contains(&me);
        let others = self.to_handle().filter(|(name, _)| name.book.party != me && written_to_me(*name));
        for (name, _) in others {
            // By size: those over less than the entry do not cover it.
            let receipts = record.receipts.get(&name.book).map(|of| of.range((name.number, me)..));
            let mut covering =
                receipts.into_iter().flatten().filter(|((_, by), _)| *by == me).map(|(_, of)| of);
            let arrived_ms = covering.next().map(|receipt| receipt.seconds * 1000);
            owed.insert(name, Open { arrived_ms, displayed: false });
        }
        for (name, regards, content) in self.sound() {
            for subject in regards {
                let own = name.book.party == subject.book.party;
                let mine = name.book.party == me;
                let ends = match content {
                    Content::Withdrawal { .. } => own,
                    Content::Acknowledgement { .. } => mine,
                    Content::Message(message) => mine && message.answers == Some(true),
                    _ => false,
                };
                if ends {
                    owed.remove(subject);
                } else if mine
                    && *content == Content::Displayed
                    && let Some(open) = owed.get_mut(subject)
                {
                    open.displayed = true;
                }
            }
        }
        owed
    }

    /// What others have to handle and have not all.
    pub(crate) fn awaited(&self, me: Party) -> BTreeMap<EntryRef, Awaiting> {
        let mine = self.to_handle().filter(|(name, _)| name.book.party == me);
        let mut awaited: BTreeMap<EntryRef, Awaiting> =
            mine.map(|(name, _)| (name, Awaiting::default())).collect();
        for (name, regards, content) in self.sound() {
            let by = name.book.party;
            for subject in regards {
                if matches!(content, Content::Withdrawal { .. }) && by == me {
                    awaited.remove(subject);
                }
                let Some(open) = awaited.get_mut(subject).filter(|_| by != me) else { continue };
                let who = match content {
                    Content::Displayed => &mut open.displayed,
                    Content::Acknowledgement { .. } => &mut open.acknowledged,
                    Content::PassedOn { .. } => &mut open.passed_on,
                    Content::Message(message) if message.answers == Some(true) => &mut open.answered,
                    _ => continue,
                };
                who.insert(by);
            }
        }
        awaited.retain(|name, open| {
            let audience = self.members(&self.known_to(*name));
            let handled = |party: &Party| open.acknowledged.contains(party) || open.answered.contains(party);
            audience.iter().any(|party| *party != me && !handled(party))
        });
        awaited
    }

    fn sound(&self) -> impl Iterator<Item = (EntryRef, &[EntryRef], &Content)> {
        self.items.iter().filter(|(_, item)| item.sound).filter_map(|(name, item)| {
            let (entry, content) = item.read.as_ref()?;
            Some((*name, entry.regards.as_slice(), content))
        })
    }

    fn to_handle(&self) -> impl Iterator<Item = (EntryRef, &Content)> {
        let handled = |content: &Content| matches!(content.kind(), 1 | 2 | 7 | 14..=17);
        self.sound().filter(move |(.., content)| handled(content)).map(|(name, _, content)| (name, content))
    }
}
