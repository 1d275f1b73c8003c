//! What entries mean together, worked out a second time from spec/line.md §5: slowly, from a record alone.
//!
//! It shares with the core the decoding of entries and bodies, and nothing else: no cut is kept, no fold is
//! carried on, every question is answered by looking at everything again.

use std::collections::{BTreeMap, BTreeSet};

use detente_line::{Content, Matter, Memorandum};
use detente_record::{Book, Class, Cut, Entry, EntryRef, Party};

use crate::store::Record;

pub(crate) use facts::{Awaiting, Open};
pub(crate) use observers::Found;

mod facts;
mod members;
mod motions;
mod observers;
mod place;
mod ranks;
mod seals;

const DAY_MS: u64 = 86_400_000;

/// An entry, and what the specification says of it.
#[derive(Debug)]
pub(crate) struct Item {
    /// Entry and body, where both could be read.
    pub(crate) read: Option<(Entry, Content)>,
    /// Its author's time, ms, where it could be read.
    time_ms: Option<u64>,
    /// The full cut, without its own book.
    pub(crate) cut: Cut,
    /// It breaks no rule that the entry and its book show by themselves.
    well: bool,
    /// The acts that it rests on are held and judged, and so are the entries before it.
    pub(crate) judged: bool,
    /// Folds do not skip it.
    pub(crate) sound: bool,
}

/// Everything that a record says.
#[derive(Debug)]
pub(crate) struct Reading<'a> {
    founding: &'a Memorandum,
    /// Somebody has moved another memorandum.
    amends: bool,
    /// Somebody has moved one that names other parties: fewer, or more.
    expels: bool,
    /// Somebody has said that it leaves.
    leaves: bool,
    /// Every entry held.
    pub(crate) items: BTreeMap<EntryRef, Item>,
    /// Books of which more is held than a quota allows.
    pub(crate) over_quota: Vec<Book>,
}

/// Whether one of these openings (its name, the generation before, its size there) disowns an act.
fn is_disowned(act: EntryRef, openings: &[(EntryRef, u16, u64)]) -> bool {
    let generation = act.book.generation;
    openings.iter().any(|(later, before, size)| {
        (later.book.party, later.book.class) == (act.book.party, act.book.class)
            && (generation > *before && generation < later.book.generation
                || generation == *before && act.number > *size)
    })
}

impl<'a> Reading<'a> {
    /// Reads a record.
    pub(crate) fn new(founding: &'a Memorandum, record: &Record) -> Self {
        let mut reading = Self {
            founding,
            amends: false,
            expels: false,
            leaves: false,
            items: BTreeMap::new(),
            over_quota: Vec::new(),
        };
        for (book, entries) in &record.entries {
            reading.read_book(*book, entries.iter().map(|bytes| &**bytes));
        }
        reading.judge();
        reading
    }

    fn read_book<'b>(&mut self, book: Book, entries: impl Iterator<Item = &'b [u8]>) {
        // No officer of a run moves another quota.
        let quota = self.founding.quota(book);
        let mut days: BTreeMap<u64, (u64, u64)> = BTreeMap::new();
        let (mut day, mut serial, mut time_ms, mut cut) = (0, 0, 0, Cut::new());
        for (bytes, number) in entries.zip(1..) {
            let entry = Entry::decode(bytes).ok();
            // A day that is over does not come back, whatever an author says.
            let said_ms = entry.as_ref().map(|entry| entry.time_ms);
            day = day.max(entry.as_ref().map_or(0, |entry| entry.time_ms) / DAY_MS);
            let spent = days.entry(day).or_default();
            *spent = (spent.0 + 1, spent.1 + bytes.len() as u64);
            let mut well = false;
            let mut read = None;
            if let Some(entry) = entry {
                well = entry.serial > serial
                    && entry.time_ms >= time_ms
                    && entry.vector.is_some() == (book.class == Class::A)
                    && !entry.cut.contains_key(&book)
                    && entry.cut.iter().all(|(of, size)| cut.get(of).is_none_or(|stated| size >= stated));
                (serial, time_ms) = (serial.max(entry.serial), time_ms.max(entry.time_ms));
                for (of, size) in entry.cut.iter().filter(|(of, _)| **of != book) {
                    let stated = cut.entry(*of).or_default();
                    *stated = (*stated).max(*size);
                }
                match Content::decode(entry.kind, &entry.body) {
                    Ok(content) => {
                        well &= place::allows(&content, book, &entry.regards);
                        well &= observers::is_known(&content, book, number, &cut);
                        self.leaves |= matches!(content, Content::Leaves { .. });
                        if let Content::Motion { matter: Matter::Amend(moved), .. } = &content {
                            self.amends = true;
                            self.expels |= !moved.parties().eq(self.founding.parties());
                        }
                        read = Some((entry, content));
                    }
                    Err(_) => well = false,
                }
            }
            let item = Item { read, time_ms: said_ms, cut: cut.clone(), well, judged: false, sound: false };
            self.items.insert(EntryRef { book, number }, item);
        }
        if days.values().any(|(entries, bytes)| *entries > quota.entries || *bytes > quota.bytes) {
            self.over_quota.push(book);
        }
    }

    /// Judges what can be judged, until nothing more can.
    fn judge(&mut self) {
        loop {
            let mut any = false;
            let waiting: Vec<EntryRef> =
                self.items.iter().filter(|(_, item)| !item.judged).map(|(name, _)| *name).collect();
            for name in waiting.into_iter() {
                if self.is_ready(name) {
                    let sound = self.is_sound(name);
                    if let Some(item) = self.items.get_mut(&name) {
                        (item.judged, item.sound) = (true, sound);
                    }
                    any = true;
                }
            }
            if !any {
                return;
            }
        }
    }

    /// What an entry's author knew when it wrote that.
    pub(crate) fn known_to(&self, name: EntryRef) -> Cut {
        let mut cut = self.items[&name].cut.clone();
        cut.insert(name.book, name.number - 1);
        cut
    }

    /// The times of entries, ascending, each once.
    pub(crate) fn times(&self) -> Vec<u64> {
        let times = self.items.values().filter_map(|item| Some(item.read.as_ref()?.0.time_ms));
        times.collect::<BTreeSet<u64>>().into_iter().collect()
    }

    /// How much of a book is held.
    fn size(&self, book: Book) -> u64 {
        let all = EntryRef { book, number: 0 }..=EntryRef { book, number: u64::MAX };
        self.items.range(all).next_back().map_or(0, |(name, _)| name.number)
    }

    /// Spec/line.md §5, Moments: the cut as of a time, or as a party knew then.
    pub(crate) fn moment(&self, at_ms: u64, of: Option<Party>) -> Cut {
        let mut cut = Cut::new();
        let mut later = BTreeSet::new();
        for (name, item) in &self.items {
            let is_later = item.time_ms.is_some_and(|time_ms| time_ms > at_ms);
            if is_later || of.is_some_and(|party| party != name.book.party) {
                later.insert(name.book);
            }
            if !later.contains(&name.book) {
                cut.insert(name.book, name.number);
            }
        }
        loop {
            let mut closed = cut.clone();
            for (name, item) in &self.items {
                if cut.get(&name.book).is_some_and(|size| name.number <= *size) {
                    for (book, size) in &item.cut {
                        let held = self.size(*book).min(*size);
                        let known = closed.entry(*book).or_default();
                        *known = (*known).max(held);
                    }
                }
            }
            closed.retain(|_, size| *size > 0);
            if closed == cut {
                return cut;
            }
            cut = closed;
        }
    }

    fn is_judged(&self, name: EntryRef) -> bool {
        self.items.get(&name).is_some_and(|item| item.judged)
    }

    fn is_ready(&self, name: EntryRef) -> bool {
        let Some(item) = self.items.get(&name).filter(|item| !item.judged) else { return false };
        let before = EntryRef { number: name.number - 1, ..name };
        (before.number == 0 || self.is_judged(before))
            && item.cut.iter().filter(|(of, size)| of.class == Class::A && **size > 0).all(|(of, size)| {
                // Judged in order, so the last one covered tells for all.
                self.is_judged(EntryRef { book: *of, number: *size })
            })
    }

    fn is_sound(&self, name: EntryRef) -> bool {
        let Some(item) = self.items.get(&name).filter(|item| item.well) else { return false };
        let Some((entry, content)) = &item.read else { return false };
        let cut = self.known_to(name);
        let known = !matches!(content, Content::Unknown { .. });
        known
            && self.is_released(name, entry, &cut)
            && self.left(name.book.party, &cut).is_none()
            && self.is_permitted(content, entry.time_ms, &cut)
            && self.holds(name, entry, content, &cut)
            && self.is_of_an_observer(content, &cut)
    }

    /// Spec/line.md §3.
    fn is_released(&self, name: EntryRef, entry: &Entry, cut: &Cut) -> bool {
        let memorandum = self.memorandum(cut);
        let Some(member) = memorandum.member(name.book.party) else { return false };
        let holds = |number: u16| member.offices.iter().any(|office| office.number == number);
        let two = memorandum.terms().two_officers.iter().flatten().any(|kind| *kind == entry.kind);
        let alone = entry.second.is_none() && (!two || name.book.class == Class::Z);
        holds(entry.office) && (alone || entry.second.is_some_and(holds))
    }

    /// Spec/line.md §5, Permitted.
    fn is_permitted(&self, content: &Content, time_ms: u64, cut: &Cut) -> bool {
        let kind = content.kind();
        let always = kind >= 64
            || (4..=13).contains(&kind)
            || kind == 3
            || matches!(content, Content::Message(message) if message.safety_of_life == Some(true))
            || self.memorandum(cut).terms().suspension.passes.contains(&kind);
        always
            || self.members(cut).into_iter().all(|party| match self.standing(party, cut, time_ms) {
                None => true,
                Some(suspension) => {
                    self.scope(suspension).is_some_and(|s| !s.is_empty() && !s.contains(&kind))
                }
            })
    }

    fn scope(&self, suspension: EntryRef) -> Option<&[u16]> {
        match &self.items.get(&suspension)?.read.as_ref()?.1 {
            Content::Suspends { scope, .. } => Some(scope),
            _ => None,
        }
    }

    /// Sound acts under a cut, in the order of their books, without those that their author disowned under it, and those
    /// after their author's time.
    fn acts<'s>(&'s self, cut: &Cut) -> impl DoubleEndedIterator<Item = (EntryRef, &'s Entry, &'s Content)> {
        let mut acts: Vec<_> = self.owned(cut).collect();
        if self.expels {
            let owned = acts.clone();
            acts.retain(|(name, ..)| !self.is_after_its_time(*name, &owned));
        }
        acts.into_iter()
    }

    /// Sound acts under a cut, in the order of their books, without those that their author disowned under it.
    fn owned<'s>(&'s self, cut: &Cut) -> impl DoubleEndedIterator<Item = (EntryRef, &'s Entry, &'s Content)> {
        let openings = self.under(cut).filter_map(|(name, _, content)| match content {
            Content::Opens { before, size, .. } => Some((name, *before, *size)),
            _ => None,
        });
        let mut openings: Vec<(EntryRef, u16, u64)> = openings.collect();
        openings.sort_by_key(|(name, ..)| std::cmp::Reverse(name.book.generation));
        // Spec/keys.md §5: from the highest generation down, one counts that none that counts disowns.
        let mut counting: Vec<(EntryRef, u16, u64)> = Vec::new();
        for opening in openings {
            if !is_disowned(opening.0, &counting) {
                counting.push(opening);
            }
        }
        self.under(cut).filter(move |(name, ..)| !is_disowned(*name, &counting))
    }

    /// Sound acts under a cut, in the order of their books.
    fn under<'s>(&'s self, cut: &Cut) -> impl DoubleEndedIterator<Item = (EntryRef, &'s Entry, &'s Content)> {
        let books = cut.iter().filter(|(book, _)| book.class == Class::A);
        let acts = books.flat_map(|(book, size)| {
            let first = EntryRef { book: *book, number: 0 };
            self.items.range(first..=EntryRef { number: *size, ..first })
        });
        acts.filter(|(_, item)| item.sound).filter_map(|(name, item)| {
            let (entry, content) = item.read.as_ref()?;
            Some((*name, entry, content))
        })
    }

    fn statements(&self, party: Party, cut: &Cut) -> Vec<(EntryRef, u64, bool)> {
        let of = self.acts(cut).filter(|(name, ..)| name.book.party == party);
        of.filter_map(|(name, entry, content)| match content {
            Content::Suspends { effective_ms, .. } => Some((name, entry.time_ms.max(*effective_ms), true)),
            Content::Resumes { effective_ms, .. } => Some((name, entry.time_ms.max(*effective_ms), false)),
            _ => None,
        })
        .collect()
    }

    /// A party's standing at a time under a cut: its suspension, or `None` while it is in effect.
    pub(crate) fn standing(&self, party: Party, cut: &Cut, at_ms: u64) -> Option<EntryRef> {
        let statements = self.statements(party, cut);
        let last = statements.into_iter().rev().find(|(_, effective_ms, _)| *effective_ms <= at_ms)?;
        last.2.then_some(last.0)
    }

    /// The suspension that a party's last statement under a cut is.
    pub(crate) fn in_force(&self, party: Party, cut: &Cut) -> Option<EntryRef> {
        self.statements(party, cut).last().filter(|(.., suspends)| *suspends).map(|(name, ..)| *name)
    }

    /// Whether an act holds under its cut.
    fn holds(&self, name: EntryRef, entry: &Entry, content: &Content, cut: &Cut) -> bool {
        let subject = entry.regards.first().copied();
        let later = name.book.generation > 0;
        let memorandum = self.memorandum(cut);
        match content {
            Content::Opens { before, renewal, .. } => {
                // Spec/keys.md §2 and §4.
                let ranks = (*before / 128, name.book.generation / 128);
                let said = renewal.as_ref().map(|renewal| &renewal.occasion);
                let fits = match said {
                    None => ranks.0 == ranks.1,
                    Some(said) => {
                        ranks.0 < ranks.1
                            && (said.line, said.party) == (self.founding.line(), name.book.party)
                            && u16::from(said.rank) == ranks.1
                    }
                };
                name.number == 1 && later && *before < name.book.generation && fits
            }
            _ if name.number == 1 && later => false,
            Content::Resumes { decision, .. } => {
                let in_force = self.in_force(name.book.party, cut);
                let consents = || {
                    let consent = in_force.and_then(|suspension| self.consent(suspension, cut));
                    consent.is_some() && consent == *decision
                };
                in_force.is_some()
                    && subject == in_force
                    && (!memorandum.terms().suspension.consent || consents())
            }
            Content::Motion { matter, closes_ms, .. } => {
                let latest = entry.time_ms + memorandum.terms().rule.window_ms;
                let about = subject.and_then(|subject| self.in_force(subject.book.party, cut));
                let reopens = about.is_some() && about == subject;
                let fits = match matter {
                    Matter::Reopen => reopens,
                    Matter::Resolve | Matter::Found(_) => true,
                    Matter::Amend(moved) => members::may_become(memorandum, moved, &self.been_in_force(cut)),
                };
                (entry.time_ms..=latest).contains(closes_ms) && fits
            }
            Content::Vote { .. } => self.motions(cut).iter().any(|motion| Some(motion.name) == subject),
            Content::Decide { outcome, votes, before } => {
                let motion = self.motions(cut).into_iter().find(|motion| Some(motion.name) == subject);
                let decisions = self.decisions(cut);
                let Some(motion) = motion else { return false };
                let counted = self.votes(motion.name, cut);
                Some(name.book.party) == memorandum.depositary()
                    && decisions.iter().all(|(_, decided, _)| *decided != motion.name)
                    && decisions.last().map(|(last, ..)| *last) == *before
                    && counted.values().map(|(vote, _)| *vote).eq(votes.iter().copied())
                    && Self::outcome(memorandum, &self.members(cut), &motion, &counted, entry.time_ms)
                        == Some(*outcome)
            }
            Content::Seals(sealed) => self.seal_holds(name, sealed, cut, memorandum),
            Content::Leaves { .. } => memorandum.depositary() != Some(name.book.party),
            _ => true,
        }
    }

    /// How much of every book of acts has been judged.
    pub(crate) fn judged_acts(&self) -> Cut {
        let mut cut = Cut::new();
        for (name, _) in self.items.iter().filter(|(name, item)| item.judged && name.book.class == Class::A) {
            cut.insert(name.book, name.number);
        }
        cut
    }
}
