//! Judging entries once the acts that they rest on are held, for ever (spec/line.md §5), and what of every book this
//! station's own cuts may state.

use alloc::sync::Arc;
use alloc::vec::Vec;

use detente_record::{Blame, Book, Class, Cut, Entry, EntryRef, Fault, Party};

use crate::acts::Under;
use crate::books::{Day, Unjudged};
use crate::contract::{Evidence, Shown, Void};
use crate::kind::Content;
use crate::line::Line;
use crate::memorandum::Memorandum;

impl Line {
    /// Judges what can be judged of a book, and whatever then can be of others.
    pub(crate) fn settle(&mut self, book: Book) {
        if self.judge_ready(book) && book.class == Class::A {
            loop {
                let waiting: Vec<Book> = self
                    .books
                    .iter()
                    .filter(|(_, state)| !state.unjudged.is_empty())
                    .map(|(book, _)| *book)
                    .collect();
                let mut more = false;
                for book in waiting {
                    more |= self.judge_ready(book) && book.class == Class::A;
                }
                if !more {
                    break;
                }
            }
            self.close_cuts();
        }
    }

    /// Works out how much of every book this station's cuts may state: the largest signed sizes whose acts they
    /// can state too, so that cuts are closed over acts (spec/record.md §3).
    pub(crate) fn close_cuts(&mut self) {
        let mut statable = Cut::clone(&self.acts_held);
        loop {
            let acts = self.books.iter().filter(|(book, _)| book.class == Class::A);
            let next: Cut = acts
                .map(|(book, state)| {
                    let whole = self.writes_in(*book);
                    let size = if whole { state.size() } else { state.closable(&statable) };
                    (*book, size.min(statable.get(book).copied().unwrap_or(0)))
                })
                .collect();
            if next == statable {
                break;
            }
            statable = next;
        }
        for state in self.books.values_mut() {
            state.close(&statable);
        }
        self.statable = statable;
    }

    fn has_judged(&self, entry: EntryRef) -> bool {
        self.books.get(&entry.book).is_some_and(|state| state.judged >= entry.number)
    }

    /// Judges the entries of a book whose acts are held; says whether there were any.
    fn judge_ready(&mut self, book: Book) -> bool {
        let mut any = false;
        loop {
            let acts_held = Arc::clone(&self.acts_held);
            let held = |unjudged: &Unjudged| {
                unjudged.acts.iter().all(|(of, size)| acts_held.get(of).is_some_and(|held| held >= size))
            };
            let state = self.book(book);
            if !state.unjudged.front().is_some_and(held) {
                return any;
            }
            let Some(unjudged) = state.unjudged.pop_front() else { return any };
            state.judged = unjudged.number;
            any = true;
            let name = EntryRef { book, number: unjudged.number };
            let own = (book.class == Class::A).then(|| (book, unjudged.number.saturating_sub(1)));
            let under = Under::new(unjudged.acts, own);
            let (shown, verdict) = match unjudged.read {
                Ok((entry, content)) => {
                    let verdict = self.holds_to(name, &entry, &content, unjudged.day, &under);
                    if verdict.is_ok() {
                        self.admit(name, &entry.regards, &content, entry.time_ms, &under);
                        if matches!(content, Content::Opens { renewal: Some(_), .. }) {
                            self.rank_opened(book, unjudged.stated.clone().unwrap_or_default());
                        }
                        self.expel(name, &entry, &content, unjudged.stated, &under);
                        if let Some(arrived_ms) = unjudged.arrived_ms {
                            self.facts.arrived(book, name.number - 1, name.number, arrived_ms);
                        }
                    }
                    let marked = verdict.as_ref().err().cloned();
                    let (time_ms, regards) = (entry.time_ms, entry.regards);
                    let regarded_judged = regards.iter().all(|of| self.has_judged(*of));
                    (
                        Shown::Entry {
                            name,
                            serial: entry.serial,
                            marked,
                            unjudged: false,
                            content: Some(content),
                            regards,
                            regarded_judged,
                            time_ms,
                        },
                        verdict,
                    )
                }
                Err(fault) => {
                    let marked = Some(fault.clone());
                    let shown = Shown::Entry {
                        name,
                        serial: 0,
                        marked,
                        unjudged: false,
                        content: None,
                        regards: Vec::new(),
                        regarded_judged: true,
                        time_ms: 0,
                    };
                    (shown, Err(fault))
                }
            };
            if book.class == Class::A {
                Arc::make_mut(&mut self.acts_held).insert(book, name.number);
                self.follow_amendments();
                self.follow_members();
            }
            self.parts_with(name, &under);
            if let Err(fault) = &verdict {
                self.facts.void(name);
                self.void.insert(name, fault.clone());
                self.append.void.push(Void { name, fault: fault.clone() });
            }
            if self.started {
                self.on_durable.push(shown);
                if let Err(fault) = verdict
                    && fault.blame() != Blame::Incompatible
                {
                    self.convict(Evidence { party: book.party, fault, proof: Vec::new() });
                }
            }
        }
    }

    /// Holds an entry to the memorandum in force under its cut, to how the line stands there at its own time, and, if it
    /// is an act, to the acts before it. `day` is what its author has appended to the book in its day, it included.
    ///
    /// # Errors
    /// `Misbehaved`, with the rule that it breaks.
    pub(crate) fn holds_to(
        &self,
        name: EntryRef,
        entry: &Entry,
        content: &Content,
        day: Day,
        under: &Under,
    ) -> Result<(), Fault> {
        let memorandum = self.acts.in_force(&self.founding, under);
        memorandum.holds_release(name.book, entry)?;
        self.has_not_left(name.book.party, under)?;
        self.permitted(memorandum, content, entry.time_ms, under)?;
        self.holds_seal(name, content, memorandum)?;
        self.acts.judge(&self.founding, name, &entry.regards, content, entry.time_ms, under)?;
        match content {
            Content::Finding(finding) => finding.held_to(&self.id, memorandum)?,
            Content::Discloses(disclosure) => memorandum.named_observer(disclosure.to()).map(drop)?,
            _ => {}
        }
        let quota = memorandum.quota(name.book);
        if day.is_within(quota) {
            Ok(())
        } else {
            let expected = alloc::format!("{} entries and {} bytes a day", quota.entries, quota.bytes);
            Err(Fault::misbehaved("quota", expected, "more"))
        }
    }

    /// The memorandum in force changes with what is decided, and back where the depositary has lost its decision. Whom a decision
    /// admitted that counts no more is known all the same: others rest on what that party wrote, and bring it.
    pub(crate) fn follow_amendments(&mut self) {
        let under = self.under_all();
        let amended = self.acts.amended(&under);
        let (decision, memorandum) =
            (amended.map(|(act, _)| act), self.acts.in_force(&self.founding, &under));
        let is_other = memorandum.hash() != self.memorandum.hash();
        let is_new = |party: &Party| self.memorandum.anyone(*party).is_none();
        let named: Vec<Party> = self.roll().into_iter().filter(is_new).collect();
        if !is_other && named.is_empty() {
            return;
        }
        let memorandum = Arc::new(self.at_home(memorandum));
        self.memorandum = Arc::clone(&memorandum);
        for party in named.iter().filter(|party| **party != self.me.party) {
            self.peers.entry(*party).or_default();
        }
        self.root_renewals();
        if self.started && !is_other {
            self.on_durable.push(Shown::Named { parties: named, memorandum });
        } else if self.started {
            self.start_watch();
            let judged = self.judged();
            self.on_durable.push(Shown::Amended { decision, memorandum, judged });
        }
    }

    /// Whether an entry may pass as the line stands under its cut at its own time.
    ///
    /// # Errors
    /// `Misbehaved`, naming who suspended what.
    fn permitted(
        &self,
        memorandum: &Memorandum,
        content: &Content,
        time_ms: u64,
        under: &Under,
    ) -> Result<(), Fault> {
        let added = &memorandum.terms().suspension.passes;
        if self.acts.is_quiet() || content.always_passes() || added.contains(&content.kind()) {
            return Ok(());
        }
        let bars = |scope: &[u16]| scope.is_empty() || scope.contains(&content.kind());
        match self.acts.suspensions(memorandum, under, time_ms).find(|suspended| bars(&suspended.scope)) {
            None => Ok(()),
            Some(suspended) => {
                let name = suspended.act.text(&self.memorandum.name_of(suspended.act.book.party));
                let found = alloc::format!(
                    "suspended by {name}; only acts, acknowledgements, tests and safety of life pass"
                );
                Err(Fault::misbehaved("permission", "a line that is open for this kind of entry", found))
            }
        }
    }
}
