//! What is still open between the parties: what this party owes an answer to, and what it is owed
//! (spec/line.md §5, Facts, and §7, Handling).
//!
//! Only open items are held in memory; what became of closed ones is in the record.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;
use core::ops::Bound;

use detente_record::{Book, EntryRef, Party};

use crate::kind::Content;
use crate::snapshot::{Keep, keep};

/// An entry of another party that this party has to handle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owed {
    /// Its kind.
    pub kind: u16,
    /// Its author's time, ms.
    pub time_ms: u64,
    /// When this party first receipted it, ms; `None` until it has.
    pub arrived_ms: Option<u64>,
    /// Whether it was shown to an officer.
    pub displayed: bool,
}

/// An entry of this party that others have to handle.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Awaited {
    /// Its kind.
    pub kind: u16,
    /// Which of the audiences it has.
    audience: u16,
    /// Its time, ms.
    pub time_ms: u64,
    /// Who has shown it to an officer.
    pub displayed: BTreeSet<Party>,
    /// Who has acknowledged it.
    pub acknowledged: BTreeSet<Party>,
    /// Who has passed it on to those who act on it.
    pub passed_on: BTreeSet<Party>,
    /// Who has answered it.
    pub answered: BTreeSet<Party>,
}

keep!(Owed { kind, time_ms, arrived_ms, displayed });
keep!(Awaited { kind, audience, time_ms, displayed, acknowledged, passed_on, answered });

/// What a later entry does to an earlier one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Effect {
    Withdrawn,
    Displayed,
    Acknowledged,
    PassedOn,
    Answered,
}

/// Everything open.
#[derive(Debug, Clone)]
pub struct Facts {
    me: Party,
    /// Who had to handle what was written, from one change of members to the next.
    audiences: Vec<Vec<Party>>,
    owed: BTreeMap<EntryRef, Owed>,
    awaited: BTreeMap<EntryRef, Awaited>,
    /// What was said of entries that have not been judged yet, since classes travel by themselves.
    early: BTreeMap<EntryRef, Vec<(Party, Effect)>>,
    /// Up to which number each step of escalation has happened, by book and time of the step.
    escalated: BTreeMap<(Book, u64), u64>,
    /// Steps that happened to entries that have not been judged yet.
    early_steps: BTreeSet<(EntryRef, u64)>,
    /// Steps that have happened to a later entry, and not to one that is open: a record that was restored can have lost
    /// what closed it.
    late_steps: BTreeSet<(EntryRef, u64)>,
}

impl Keep for Facts {
    fn keep(&self, out: &mut Vec<u8>) {
        self.me.keep(out);
        self.audiences.keep(out);
        self.owed.keep(out);
        self.awaited.keep(out);
        self.early.keep(out);
        self.escalated.keep(out);
        self.early_steps.keep(out);
        self.late_steps.keep(out);
    }
    fn back(from: &mut &[u8]) -> Option<Self> {
        let mut facts = Self::new(Party::back(from)?);
        facts.audiences = Keep::back(from)?;
        facts.owed = Keep::back(from)?;
        facts.awaited = Keep::back(from)?;
        facts.early = Keep::back(from)?;
        facts.escalated = Keep::back(from)?;
        facts.early_steps = Keep::back(from)?;
        facts.late_steps = Keep::back(from)?;
        Some(facts)
    }
}

impl Keep for Effect {
    fn keep(&self, out: &mut Vec<u8>) {
        (*self as u8).keep(out);
    }
    fn back(from: &mut &[u8]) -> Option<Self> {
        let number = u8::back(from)?;
        let all = [Self::Withdrawn, Self::Displayed, Self::Acknowledged, Self::PassedOn, Self::Answered];
        all.into_iter().find(|effect| *effect as u8 == number)
    }
}

impl Facts {
    /// Nothing open.
    pub fn new(me: Party) -> Self {
        Self {
            me,
            audiences: Vec::new(),
            owed: BTreeMap::new(),
            awaited: BTreeMap::new(),
            early: BTreeMap::new(),
            escalated: BTreeMap::new(),
            early_steps: BTreeSet::new(),
            late_steps: BTreeSet::new(),
        }
    }

    /// What this party has to handle, by entry.
    pub fn owed(&self) -> &BTreeMap<EntryRef, Owed> {
        &self.owed
    }

    /// What this party waits for, by entry.
    pub fn awaited(&self) -> &BTreeMap<EntryRef, Awaited> {
        &self.awaited
    }

    /// Who has not handled an entry that this party waits for, ascending.
    pub fn silent<'a>(&'a self, awaited: &'a Awaited) -> impl Iterator<Item = Party> + 'a {
        let audience = self.audiences.get(usize::from(awaited.audience)).into_iter().flatten().copied();
        audience.filter(|party| !awaited.acknowledged.contains(party) && !awaited.answered.contains(party))
    }

    /// Takes a sound entry in; `members` are those under its cut, and `judged` tells of which entries it is known by now
    /// what they are.
    pub fn admit(
        &mut self,
        name: EntryRef,
        regards: &[EntryRef],
        content: &Content,
        time_ms: u64,
        members: impl Iterator<Item = Party> + Clone,
        judged: impl Fn(EntryRef) -> bool,
    ) {
        let author = name.book.party;
        if content.is_to_be_handled() {
            self.open(name, content.kind(), time_ms, members);
        }
        for (by, effect) in self.early.remove(&name).unwrap_or_default() {
            self.regard(name, by, effect);
        }
        let effect = match content {
            Content::Displayed => Effect::Displayed,
            Content::Acknowledgement { .. } => Effect::Acknowledged,
            Content::PassedOn { .. } => Effect::PassedOn,
            Content::Message(message) if message.answers == Some(true) => Effect::Answered,
            Content::Withdrawal { .. } => Effect::Withdrawn,
            Content::Escalated { after_ms, .. } if author == self.me => {
                for subject in regards {
                    self.escalate(*subject, *after_ms);
                    if !judged(*subject) {
                        self.early_steps.insert((*subject, *after_ms));
                    }
                }
                return;
            }
            _ => return,
        };
        let own = effect == Effect::Withdrawn;
        for subject in regards.iter().filter(|subject| (subject.book.party == author) == own) {
            if judged(*subject) {
                self.regard(*subject, author, effect);
            } else if own || author == self.me || subject.book.party == self.me {
                self.early.entry(*subject).or_default().push((author, effect));
            }
        }
    }

    /// An entry is void: what was said of it is of no account.
    pub fn void(&mut self, name: EntryRef) {
        self.early.remove(&name);
        self.early_steps.retain(|(entry, _)| *entry != name);
    }

    fn open(
        &mut self,
        name: EntryRef,
        kind: u16,
        time_ms: u64,
        members: impl Iterator<Item = Party> + Clone,
    ) {
        let me = self.me;
        if name.book.party == me {
            let others = members.filter(|party| *party != me);
            if others.clone().next().is_some() {
                let audience = self.audience(others);
                self.awaited.insert(name, Awaited { kind, audience, time_ms, ..Awaited::default() });
            }
            return;
        }
        // It was not written to whoever was admitted later.
        if !members.clone().any(|party| party == me) {
            return;
        }
        self.owed.insert(name, Owed { kind, time_ms, arrived_ms: None, displayed: false });
        for ((_, after_ms), done) in self.escalated.range((name.book, 0)..=(name.book, u64::MAX)) {
            if !self.early_steps.remove(&(name, *after_ms)) && *done >= name.number {
                self.late_steps.insert((name, *after_ms));
            }
        }
    }

    /// The number of an audience, the last one as a rule.
    fn audience(&mut self, others: impl Iterator<Item = Party> + Clone) -> u16 {
        let known = self.audiences.iter().rposition(|audience| audience.iter().copied().eq(others.clone()));
        let place = known.unwrap_or_else(|| {
            self.audiences.push(others.collect());
            self.audiences.len() - 1
        });
        u16::try_from(place).unwrap_or(u16::MAX)
    }

    /// Another party's entry is owed nothing any more.
    fn close(&mut self, subject: EntryRef) {
        self.owed.remove(&subject);
        self.late_steps.retain(|(entry, _)| *entry != subject);
    }

    fn regard(&mut self, subject: EntryRef, by: Party, effect: Effect) {
        if effect == Effect::Withdrawn {
            self.close(subject);
            self.awaited.remove(&subject);
        } else if by == self.me {
            match (self.owed.get_mut(&subject), effect) {
                (Some(owed), Effect::Displayed) => owed.displayed = true,
                (Some(_), Effect::Acknowledged | Effect::Answered) => self.close(subject),
                _ => {}
            }
        } else if let Some(awaited) = self.awaited.get_mut(&subject) {
            match effect {
                Effect::Displayed => awaited.displayed.insert(by),
                Effect::Acknowledged => awaited.acknowledged.insert(by),
                Effect::PassedOn => awaited.passed_on.insert(by),
                Effect::Answered => awaited.answered.insert(by),
                Effect::Withdrawn => false,
            };
            if let Some(awaited) = self.awaited.get(&subject)
                && self.silent(awaited).next().is_none()
            {
                self.awaited.remove(&subject);
            }
        }
    }

    /// This party receipted a book up to a size: the clocks of what had not arrived before start.
    pub fn arrived(&mut self, book: Book, before: u64, size: u64, at_ms: u64) {
        let from = EntryRef { book, number: before.saturating_add(1) };
        let to = EntryRef { book, number: size };
        if from <= to {
            for (_, owed) in self.owed.range_mut(from..=to) {
                owed.arrived_ms.get_or_insert(at_ms);
            }
        }
    }

    /// A step of escalation has happened to an entry; to those before it in its book that are open it is late.
    pub fn escalate(&mut self, entry: EntryRef, after_ms: u64) {
        let done = self.escalated.entry((entry.book, after_ms)).or_default();
        let from = EntryRef { book: entry.book, number: done.saturating_add(1) };
        *done = entry.number.max(*done);
        if from < entry {
            let passed = self.owed.range(from..entry).map(|(name, _)| (*name, after_ms));
            self.late_steps.extend(passed);
        }
        self.late_steps.remove(&(entry, after_ms));
    }

    /// The books in which something is owed, ascending.
    pub(crate) fn owing(&self) -> impl Iterator<Item = Book> {
        let first = |from: Bound<EntryRef>| {
            let (name, _) = self.owed.range((from, Bound::Unbounded)).next()?;
            Some(name.book)
        };
        core::iter::successors(first(Bound::Unbounded), move |book| {
            first(Bound::Excluded(EntryRef { book: *book, number: u64::MAX }))
        })
    }

    /// The first entry of a book to which a step of escalation has yet to happen, and when.
    pub fn next_escalation(&self, book: Book, after_ms: u64) -> Option<(EntryRef, u64)> {
        let done = self.escalated.get(&(book, after_ms)).copied().unwrap_or(0);
        let from = EntryRef { book, number: done.saturating_add(1) };
        let to = EntryRef { book, number: u64::MAX };
        let due = |name: EntryRef, owed: &Owed| Some((name, owed.arrived_ms?.saturating_add(after_ms)));
        let late = self.late_steps.iter().filter(|(name, step)| name.book == book && *step == after_ms);
        let late = late.filter_map(|(name, _)| due(*name, self.owed.get(name)?));
        let next = self.owed.range(from..=to).find_map(|(name, owed)| due(*name, owed));
        late.chain(next).min_by_key(|(_, due_ms)| *due_ms)
    }
}
