//! The watch: handling clocks and escalation, the test schedule, decisions and seals that are due, and what a standing
//! becomes by the clock alone (spec/line.md §7).

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use detente_record::{Book, Class, EntryRef, Party, sha256};

use crate::contract::{Draft, Shown};
use crate::kind::Content;
use crate::line::Line;

/// Most escalations in one go; the rest follow at once after.
const MAX_AT_ONCE: usize = 64;
/// Most slots whose tests are remembered.
const MAX_SLOTS: usize = 256;

/// What the watch remembers.
#[derive(Debug, Clone, Default)]
pub(crate) struct Watch {
    /// The next slot that this station may have to test in.
    to_send: u64,
    /// The next slot whose tests and answers are to be counted.
    to_count: u64,
    /// Tests heard, by slot.
    tests: BTreeMap<u64, EntryRef>,
    /// Who answered this party's test of a slot.
    answers: BTreeMap<u64, BTreeSet<Party>>,
    /// Tests of others that want an answer.
    to_answer: Vec<(EntryRef, String)>,
    /// The standing last shown.
    standing: BTreeMap<Party, bool>,
}

fn trim<V>(slots: &mut BTreeMap<u64, V>) {
    while slots.len() > MAX_SLOTS {
        slots.pop_first();
    }
}

impl Line {
    /// Whose turn a slot's test is.
    fn owner_of_slot(&self, slot: u64) -> Option<Party> {
        let place = slot % self.members.len().max(1) as u64;
        usize::try_from(place).ok().and_then(|place| self.members.get(place)).copied()
    }

    /// Slots begin to count with the first whole one.
    pub(crate) fn start_watch(&mut self) {
        let slot = self.pace.now_ms / self.memorandum.terms().tests.interval_ms;
        self.watch.to_send = slot + 1;
        self.watch.to_count = slot + 1;
        self.watch.to_answer.clear();
    }

    /// Whether a slot is about now. A test that comes ahead of its signature is answered only then, and only the first one: it is
    /// nothing of its author's quota yet, and what is answered is of this party's.
    pub(crate) fn is_about_now(&self, slot: u64) -> bool {
        (self.pace.now_ms / self.memorandum.terms().tests.interval_ms).abs_diff(slot) <= 1
    }

    /// Whether another test of a slot was heard.
    pub(crate) fn has_other_test(&self, name: EntryRef, slot: u64) -> bool {
        self.watch.tests.get(&slot).is_some_and(|known| *known != name)
    }

    /// A test, or an answer to one, has been admitted.
    pub(crate) fn heard_test(&mut self, name: EntryRef, regards: &[EntryRef], content: &Content) {
        let author = name.book.party;
        match content {
            Content::Test { slot, text } if self.owner_of_slot(*slot) == Some(author) => {
                // It may have come ahead of its signature.
                let is_new = self.watch.tests.insert(*slot, name) != Some(name);
                trim(&mut self.watch.tests);
                if is_new && author != self.me.party && self.started {
                    self.watch.to_answer.push((name, text.clone()));
                }
            }
            Content::TestAnswer { .. } => {
                let slot = self.watch.tests.iter().find(|(_, test)| regards.first() == Some(*test));
                if let Some(slot) = slot.map(|(slot, _)| *slot) {
                    self.watch.answers.entry(slot).or_default().insert(author);
                    trim(&mut self.watch.answers);
                }
            }
            _ => {}
        }
    }

    /// Does what the clock asks for.
    pub(crate) fn keep_watch(&mut self) {
        if !self.is_member() {
            return;
        }
        let writes = self.writes_by_itself();
        self.escalate();
        if writes {
            self.test();
        }
        self.count_tests();
        if writes {
            self.decide();
            self.seal();
        }
        self.show_standing();
    }

    /// Whether this station writes by itself: while its books are still to come back, and with keys that were renewed, it only
    /// shows what is due.
    fn writes_by_itself(&self) -> bool {
        !self.awaits_books() && !self.is_superseded()
    }

    fn write_own(&mut self, class: Class, regards: Vec<EntryRef>, content: Content) {
        if !self.writes_by_itself() {
            return;
        }
        let draft = Draft { regards, ..Draft::of(Some(class), content) };
        // Refused only for want of quota; then the record must do without it.
        let _ = self.write(draft);
    }

    /// Whether what a party says is to be handled: it could be told so.
    fn calls_for(&self, party: Party) -> bool {
        party != self.me.party && self.is_member() && self.members.contains(&party)
    }

    fn escalate(&mut self) {
        let mut done = 0;
        let books: Vec<Book> = self.facts.owing().filter(|book| self.calls_for(book.party)).collect();
        for book in books {
            let steps: Vec<(u64, u16)> =
                self.memorandum.escalations(book.class).map(|step| (step.after_ms, step.rank)).collect();
            for (after_ms, rank) in steps {
                while let Some((entry, due_ms)) = self.facts.next_escalation(book, after_ms) {
                    if due_ms > self.pace.now_ms || done >= MAX_AT_ONCE {
                        break;
                    }
                    done += 1;
                    self.facts.escalate(entry, after_ms);
                    let open_ms = self.pace.now_ms.saturating_sub(due_ms).saturating_add(after_ms);
                    self.show(Shown::Overdue { entry, rank, open_ms });
                    self.write_own(book.class, Vec::from([entry]), Content::Escalated { rank, after_ms });
                }
            }
        }
    }

    fn test(&mut self) {
        let slot = self.pace.now_ms / self.memorandum.terms().tests.interval_ms;
        if slot >= self.watch.to_send {
            self.watch.to_send = slot + 1;
            if self.owner_of_slot(slot) == Some(self.me.party) {
                let name = self.memorandum.name_of(self.me.party);
                let text = format!("Test of slot {slot} by {name}: answer with its digest");
                self.write_own(Class::P, Vec::new(), Content::Test { slot, text });
            }
        }
        for (test, text) in core::mem::take(&mut self.watch.to_answer) {
            let digest = sha256(text.as_bytes());
            self.write_own(Class::P, Vec::from([test]), Content::TestAnswer { digest });
        }
    }

    fn count_tests(&mut self) {
        let tests = self.memorandum.terms().tests;
        let me = self.me.party;
        while self.watch.to_count.saturating_mul(tests.interval_ms).saturating_add(tests.grace_ms)
            <= self.pace.now_ms
        {
            let slot = self.watch.to_count;
            let ended = slot.saturating_mul(tests.interval_ms).saturating_add(tests.grace_ms);
            self.watch.to_count += 1;
            // A station that slept, or whose clock jumped, knows nothing about the slots between.
            if self.pace.now_ms - ended > tests.interval_ms {
                continue;
            }
            let owner = self.owner_of_slot(slot);
            let owed: Vec<Party> = match owner {
                Some(owner) if owner == me => {
                    let answered = self.watch.answers.get(&slot).cloned().unwrap_or_default();
                    let others = self.members.iter().filter(|party| **party != me);
                    others.filter(|party| !answered.contains(party)).copied().collect()
                }
                Some(owner) if !self.watch.tests.contains_key(&slot) => Vec::from([owner]),
                _ => Vec::new(),
            };
            for party in owed {
                self.show(Shown::Missed { slot, party });
                self.write_own(Class::P, Vec::new(), Content::Missed { slot, party });
            }
        }
    }

    /// The depositary's station decides what can be decided.
    fn decide(&mut self) {
        // Whoever is not the depositary as everything held here shows is none under a cut of its own either.
        if self.memorandum.depositary() != Some(self.me.party) {
            return;
        }
        loop {
            let under = self.next_under(self.current(Class::A));
            let memorandum = self.acts.in_force(&self.founding, &under);
            if memorandum.depositary() != Some(self.me.party) {
                return;
            }
            let now_ms = self.pace.now_ms.max(self.last.1);
            let next = self.acts.open_motions(&under).into_iter().find_map(|motion| {
                let outcome = self.acts.outcome(memorandum, motion, &under, now_ms)?;
                let votes =
                    self.acts.votes(memorandum, motion, &under).values().map(|(act, _)| *act).collect();
                let before = self.acts.last_decision(&under).map(|decision| decision.act);
                Some((motion.act, Content::Decide { outcome, votes, before }))
            });
            let Some((motion, decide)) = next else { return };
            let draft = Draft { regards: Vec::from([motion]), ..Draft::of(Some(Class::A), decide) };
            if self.write(draft).is_err() {
                return;
            }
        }
    }

    fn show_standing(&mut self) {
        if self.acts.is_quiet() {
            return;
        }
        let under = self.under_all();
        let now_ms = self.pace.now_ms;
        for party in self.members.clone() {
            let in_effect = self.acts.suspension(party, &under, now_ms).is_none();
            if self.watch.standing.insert(party, in_effect).unwrap_or(true) != in_effect {
                self.show(Shown::Standing { party, in_effect });
            }
        }
    }

    /// When the line next has something to do by the clock alone, ms.
    pub(crate) fn next_wake_ms(&self) -> Option<u64> {
        let watched_ms = if self.is_member() { self.next_watch_ms() } else { None };
        let others = [watched_ms, self.next_patience_ms()].into_iter().flatten();
        others.chain(self.next_dispatch_ms()).chain(self.next_fetch_ms()).min()
    }

    /// When the watch next has something to do, ms.
    fn next_watch_ms(&self) -> Option<u64> {
        let tests = self.memorandum.terms().tests;
        let mine = (self.watch.to_send..)
            .take(self.members.len())
            .find(|slot| self.owner_of_slot(*slot) == Some(self.me.party))
            .map(|slot| slot.saturating_mul(tests.interval_ms));
        let count = self.watch.to_count.saturating_mul(tests.interval_ms).saturating_add(tests.grace_ms);
        let escalations = self.facts.owing().filter(|book| self.calls_for(book.party)).flat_map(|book| {
            let steps = self.memorandum.escalations(book.class);
            steps.filter_map(move |step| {
                self.facts.next_escalation(book, step.after_ms).map(|(_, due_ms)| due_ms)
            })
        });
        let standing = self.acts.next_change_ms(self.pace.now_ms);
        let shown = escalations.chain([count]).chain(standing).min();
        if !self.writes_by_itself() {
            return shown;
        }
        let under = self.under_all();
        let closing = if self.memorandum.depositary() == Some(self.me.party) {
            // One that has closed already waits for room in the day's quota, not for the clock.
            let open = self.acts.open_motions(&under);
            let closing = open.iter().map(|motion| motion.closes_ms.saturating_add(1));
            closing.filter(|at_ms| *at_ms > self.pace.now_ms).min()
        } else {
            None
        };
        shown.into_iter().chain(mine).chain(closing).chain(self.next_seal_ms()).min()
    }
}
