//! What entries mean together, worked out a second time from spec/line.md §5: slowly, from a record alone.
//!
//! It shares with the core the decoding of entries and bodies, and nothing else: no cut is kept, no fold is
//! carried on, every question is answered by looking at everything again.

use std::collections::{BTreeMap, BTreeSet};

use detente_line::{Choice, Content, Matter, Member, Memorandum, Outcome, Stance};
use detente_record::{Book, Class, Cut, Entry, EntryRef, Party};

use crate::store::Record;

const DAY_MS: u64 = 86_400_000;

/// An entry, and what the specification says of it.
#[derive(Debug)]
pub(crate) struct Item {
    /// Entry and body, where both could be read.
    pub(crate) read: Option<(Entry, Content)>,
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
    /// Somebody has moved one that names other parties.
    expels: bool,
    /// Somebody has said that it leaves.
    leaves: bool,
    /// Every entry held.
    pub(crate) items: BTreeMap<EntryRef, Item>,
    /// Books of which more is held than a quota allows.
    pub(crate) over_quota: Vec<Book>,
}

/// A motion: which, the suspension that it would end, what it is to do, when it closes.
struct Moved<'a> {
    name: EntryRef,
    reopens: Option<EntryRef>,
    matter: &'a Matter,
    closes_ms: u64,
}

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
                        well &= has_its_place(&content, book, &entry.regards);
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
            let item = Item { read, cut: cut.clone(), well, judged: false, sound: false };
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
        let mut cut = item.cut.clone();
        cut.insert(name.book, name.number - 1);
        let known = !matches!(content, Content::Unknown { .. });
        let offices = self.memorandum(&cut).member(name.book.party).map(|member| &member.offices);
        let office = offices.is_some_and(|all| all.iter().any(|office| office.number == entry.office));
        known
            && office
            && self.left(name.book.party, &cut).is_none()
            && self.is_permitted(content, entry.time_ms, &cut)
            && self.holds(name, entry, content, &cut)
    }

    /// The memorandum in force under a cut.
    pub(crate) fn memorandum<'s>(&'s self, cut: &'s Cut) -> &'s Memorandum {
        if !self.amends {
            return self.founding;
        }
        let carried =
            self.decisions(cut).into_iter().rev().filter(|(.., outcome)| *outcome == Outcome::Carried);
        let mut moved = carried.filter_map(|(_, motion, _)| {
            self.acts(cut).find_map(|(name, _, content)| match content {
                Content::Motion { matter: Matter::Amend(moved), .. } if name == motion => Some(moved),
                _ => None,
            })
        });
        moved.next().map_or(self.founding, |moved| moved)
    }

    /// Every memorandum that has been in force under a cut.
    fn been_in_force<'s>(&'s self, cut: &'s Cut) -> Vec<&'s Memorandum> {
        let mut been = vec![self.founding];
        for (_, motion, outcome) in self.decisions(cut) {
            let moved = self.acts(cut).find(|(name, ..)| *name == motion);
            if outcome == Outcome::Carried
                && let Some((_, _, Content::Motion { matter: Matter::Amend(moved), .. })) = moved
            {
                been.push(moved);
            }
        }
        been
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

    /// A party's word under a cut that it says nothing more.
    fn left(&self, party: Party, cut: &Cut) -> Option<EntryRef> {
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
    fn is_after_its_time(&self, entry: EntryRef, owned: &[(EntryRef, &Entry, &Content)]) -> bool {
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
            let mut before = self.items[decision].cut.clone();
            before.insert(decision.book, decision.number - 1);
            self.memorandum(&before).member(entry.book.party).is_some()
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
    fn acts<'s>(
        &'s self,
        cut: &'s Cut,
    ) -> impl DoubleEndedIterator<Item = (EntryRef, &'s Entry, &'s Content)> {
        let mut acts: Vec<_> = self.owned(cut).collect();
        if self.expels {
            let owned = acts.clone();
            acts.retain(|(name, ..)| !self.is_after_its_time(*name, &owned));
        }
        acts.into_iter()
    }

    /// Sound acts under a cut, in the order of their books, without those that their author disowned under it.
    fn owned<'s>(
        &'s self,
        cut: &'s Cut,
    ) -> impl DoubleEndedIterator<Item = (EntryRef, &'s Entry, &'s Content)> {
        let sound = move |(name, item): (&EntryRef, &'s Item)| {
            let under =
                name.book.class == Class::A && cut.get(&name.book).is_some_and(|size| name.number <= *size);
            let (entry, content) = item.read.as_ref().filter(|_| under && item.sound)?;
            Some((*name, entry, content))
        };
        let openings: Vec<(Book, u16, u64)> = self
            .items
            .iter()
            .filter_map(sound)
            .filter_map(|(name, _, content)| match content {
                Content::Opens { before, size, .. } => Some((name.book, *before, *size)),
                _ => None,
            })
            .collect();
        self.items.iter().filter_map(sound).filter(move |(name, ..)| {
            let generation = name.book.generation;
            !openings.iter().any(|(later, before, size)| {
                later.party == name.book.party
                    && (generation > *before && generation < later.generation
                        || generation == *before && name.number > *size)
            })
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

    /// Motions under a cut: which, the suspension that they would end, when they close.
    fn motions<'s>(&'s self, cut: &'s Cut) -> Vec<Moved<'s>> {
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
    fn decisions(&self, cut: &Cut) -> Vec<(EntryRef, EntryRef, Outcome)> {
        let acts =
            self.acts(cut).filter_map(|(name, entry, content)| match (content, entry.regards.first()) {
                (Content::Decide { outcome, .. }, Some(motion)) => Some((name, *motion, *outcome)),
                _ => None,
            });
        let mut decisions: Vec<(EntryRef, EntryRef, Outcome)> = acts.collect();
        decisions.sort_by_key(|(name, ..)| (self.come_before(*name), *name));
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

    /// What each party holds of each entry that positions were taken on: the entry that says so.
    pub(crate) fn positions(&self) -> BTreeMap<EntryRef, BTreeMap<Party, EntryRef>> {
        let mut latest: BTreeMap<(EntryRef, Party), (u64, EntryRef, Stance)> = BTreeMap::new();
        let mut positions: BTreeMap<EntryRef, BTreeMap<Party, EntryRef>> = BTreeMap::new();
        for (name, regards, content) in self.sound() {
            let serial = self.items[&name].read.as_ref().map_or(0, |(entry, _)| entry.serial);
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

    fn outcome(
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

    /// Whether an act holds under its cut.
    fn holds(&self, name: EntryRef, entry: &Entry, content: &Content, cut: &Cut) -> bool {
        let subject = entry.regards.first().copied();
        let later = name.book.generation > 0;
        let memorandum = self.memorandum(cut);
        match content {
            Content::Opens { before, .. } => name.number == 1 && later && *before < name.book.generation,
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
                    Matter::Resolve => true,
                    Matter::Amend(moved) => amends(memorandum, moved, &self.been_in_force(cut)),
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

    /// What a party has to handle and has not.
    pub(crate) fn owed(&self, me: Party, record: &Record) -> BTreeMap<EntryRef, Open> {
        let mut owed = BTreeMap::new();
        // What was written without a party does not concern it, however it came to it.
        let written_to_me = |name: EntryRef| self.members(&self.known_to(name)).contains(&me);
        let others = self.to_handle().filter(|(name, _)| name.book.party != me && written_to_me(*name));
        for (name, _) in others {
            let receipts = record.receipts.get(&name.book).into_iter().flatten();
            let mut covering = receipts
                .filter(|((size, by), _)| *by == me && *size >= name.number)
                .map(|(_, receipt)| receipt);
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

    /// What an entry's author knew when it wrote that.
    fn known_to(&self, name: EntryRef) -> Cut {
        let mut cut = self.items[&name].cut.clone();
        cut.insert(name.book, name.number - 1);
        cut
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
        let handled = |content: &Content| matches!(content.kind(), 1 | 2 | 7 | 14..=16);
        self.sound().filter(move |(.., content)| handled(content)).map(|(name, _, content)| (name, content))
    }
}

/// Spec/line.md §5: whether a memorandum may take the place of the one in force.
fn amends(now: &Memorandum, then: &Memorandum, been: &[&Memorandum]) -> bool {
    let line = |of: &Memorandum| (of.terms().name.clone(), of.terms().parent, of.terms().refounds);
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
}

/// Spec/line.md §4: the books that a kind may be in, and what it may regard, as far as names show it.
fn has_its_place(content: &Content, book: Book, regards: &[EntryRef]) -> bool {
    use Class::{A, O, P, R, Z};
    let life = matches!(content, Content::Message(message) if message.safety_of_life == Some(true));
    let kind = content.kind();
    let books: &[Class] = match kind {
        1 if life => &[Z],
        1..=6 | 9 | 14..=16 => &[Z, O, P, R],
        7 => &[Z],
        8 => &[Z, O],
        10..=13 => &[P],
        64 => &[Z, A, O, P, R],
        65..=70 => &[A],
        80 => &[R],
        0..64 => &[Z, O, P, R],
        _ => &[A],
    };
    let one = |wanted: &dyn Fn(&EntryRef) -> bool| matches!(regards, [subject] if wanted(subject));
    let own = |subject: &EntryRef| subject.book.party == book.party;
    let regarded = match kind {
        2 | 3 => one(&|subject| own(subject) && subject.book.class != A),
        4..=6 => one(&|subject| {
            let class = if subject.book.class == A { O } else { subject.book.class };
            !own(subject) && class == book.class
        }),
        8 | 9 => one(&|subject| !own(subject) && subject.book.class == book.class),
        10 | 12 | 13 | 64 | 65 | 70 | 80 => regards.is_empty(),
        11 => one(&|subject| !own(subject) && subject.book.class == P),
        66 => one(&|subject| own(subject) && subject.book.class == A),
        67 if !matches!(content, Content::Motion { matter: Matter::Reopen, .. }) => true,
        67..=69 => one(&|subject| subject.book.class == A),
        15 => one(&|subject| !own(subject)),
        16 => !regards.is_empty(),
        _ => true,
    };
    books.contains(&book.class) && regarded
}
