//! What acts mean together: standing, motions and decisions, as folds under a cut (spec/line.md §5).
//!
//! Acts are added once they have been judged sound; nothing is ever taken away. Every question is asked
//! *under* a cut and answered from the acts that the cut covers alone, so that all sides answer alike.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::cmp::Reverse;

use detente_record::{Book, Class, Cut, EntryRef, Fault, Party};

use crate::kind::{Choice, Content, Matter, Outcome};
use crate::memorandum::Memorandum;
use crate::snapshot::keep;

/// A cut as far as books of acts go: what an entry knew when it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Under {
    acts: Arc<Cut>,
    own: Option<(Book, u64)>,
}

impl Under {
    /// The acts of a cut, and those of the book it is in up to a number.
    pub fn new(acts: Arc<Cut>, own: Option<(Book, u64)>) -> Self {
        Self { acts, own }
    }

    /// How much of a book of acts it covers.
    pub fn size(&self, book: Book) -> u64 {
        match self.own {
            Some((own, size)) if own == book => size,
            _ => self.acts.get(&book).copied().unwrap_or(0),
        }
    }

    /// Whether it covers an act.
    pub fn covers(&self, act: EntryRef) -> bool {
        act.number <= self.size(act.book)
    }

    /// Every book of acts that it covers anything of.
    pub fn books(&self) -> impl Iterator<Item = (Book, u64)> + '_ {
        let own = self.own.filter(|(_, size)| *size > 0);
        let rest = self.acts.iter().map(|(book, size)| (*book, *size));
        rest.filter(move |(book, _)| own.is_none_or(|(own, _)| own != *book)).chain(own)
    }
}

/// A party's own word on whether the line is open for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suspended {
    /// The act.
    pub act: EntryRef,
    /// Kinds it covers; empty: all.
    pub scope: Vec<u16>,
    /// Why.
    pub reason: String,
    /// Since when, ms.
    pub effective_ms: u64,
}

#[derive(Debug, Clone)]
struct Statement {
    act: EntryRef,
    effective_ms: u64,
    suspended: Option<Suspended>,
}

/// A motion and what is known of its votes.
#[derive(Debug, Clone)]
pub struct Motion {
    /// The act that moves it.
    pub act: EntryRef,
    /// What it is to do.
    pub matter: Matter,
    /// What it is about: to reopen, the suspension.
    pub about: Vec<EntryRef>,
    /// What is moved, in words.
    pub text: String,
    /// When it was moved, by its mover's clock, ms.
    pub moved_ms: u64,
    /// When it closes, ms.
    pub closes_ms: u64,
    votes: Vec<(EntryRef, Choice)>,
    /// The acts that decide it, in the order of decisions; the first one that stands counts.
    decisions: BTreeSet<(u64, EntryRef)>,
}

impl Motion {
    /// Whether it is to reopen after a suspension.
    fn reopens(&self, suspension: EntryRef) -> bool {
        self.matter == Matter::Reopen && self.about.first() == Some(&suspension)
    }
}

/// A decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// The act that decides.
    pub act: EntryRef,
    /// The motion.
    pub motion: EntryRef,
    /// What became of it.
    pub outcome: Outcome,
    /// How many decisions came before it.
    pub after: u64,
}

keep!(Suspended { act, scope, reason, effective_ms });
keep!(Statement { act, effective_ms, suspended });
keep!(Motion { act, matter, about, text, moved_ms, closes_ms, votes, decisions });
keep!(Decision { act, motion, outcome, after });
keep!(Opening { act, before, size, stated });
keep!(Ending { decision, motion, party, sizes });
keep!(Acts { statements, motions, undecided, decisions, order, amending, openings, endings, leaving });

/// Where a party's book goes on in a later generation: what it did not know of the ones before is disowned.
#[derive(Debug, Clone)]
struct Opening {
    act: EntryRef,
    before: u16,
    size: u64,
    /// Of one of a new rank: all that it states of other books.
    stated: Cut,
}

impl Opening {
    /// How much of an earlier book of the same party and class is its own; `None` if it says nothing of that.
    fn reach(&self, book: Book) -> Option<u64> {
        let new = self.act.book;
        let concerns = (book.party, book.class) == (new.party, new.class) && book.generation < new.generation;
        match self.before {
            before if !concerns || book.generation < before => None,
            before if book.generation == before => Some(self.size),
            _ => Some(0),
        }
    }

    fn disowns(&self, act: EntryRef) -> bool {
        self.reach(act.book).is_some_and(|reach| act.number > reach)
    }

    /// Whether the generation that it opens is of a higher rank than the one before.
    fn brings_rank(&self) -> bool {
        self.act.book.rank() > Book { generation: self.before, ..self.act.book }.rank()
    }
}

/// Where the past of a party ends that a decision expelled: what it said beyond is in force nowhere.
#[derive(Debug, Clone)]
struct Ending {
    decision: EntryRef,
    motion: EntryRef,
    party: Party,
    /// Of each of its books.
    sizes: Cut,
}

impl Ending {
    fn leaves_out(&self, entry: EntryRef) -> bool {
        let size = self.sizes.get(&entry.book).copied().unwrap_or(0);
        entry.book.party == self.party && entry.number > size
    }
}

/// All sound acts held.
#[derive(Debug, Clone, Default)]
pub struct Acts {
    statements: BTreeMap<Party, Vec<Statement>>,
    motions: BTreeMap<EntryRef, Motion>,
    /// The motions without any decision, disowned or not.
    undecided: BTreeSet<EntryRef>,
    decisions: BTreeMap<EntryRef, Decision>,
    /// All of them, in the order that each one's word on the one before it gives.
    order: BTreeSet<(u64, EntryRef)>,
    /// Those that carried an amendment of the memorandum.
    amending: BTreeSet<(u64, EntryRef)>,
    /// By book, descending: whether one counts shows in those before it.
    openings: BTreeMap<Reverse<Book>, Opening>,
    endings: Vec<Ending>,
    /// A party's word that it says nothing more.
    leaving: BTreeSet<EntryRef>,
}

impl Acts {
    /// Whether nobody has ever suspended.
    pub fn is_quiet(&self) -> bool {
        self.statements.is_empty()
    }

    /// Whether a cut covers an act, nothing under it disowns that, and it is not after its author's time.
    pub fn stands(&self, act: EntryRef, under: &Under) -> bool {
        self.is_owned(act, under) && !self.is_after_time(act, under)
    }

    /// Whether a cut covers an act, and nothing under it disowns that.
    fn is_owned(&self, act: EntryRef, under: &Under) -> bool {
        under.covers(act) && !self.is_disowned(act, |opening| under.covers(opening))
    }

    /// Whether an opening that counts disowns an entry, among those that `covers` says are under a cut.
    fn is_disowned(&self, entry: EntryRef, covers: impl Fn(EntryRef) -> bool) -> bool {
        !self.openings.is_empty() && self.counting(entry.book, covers).any(|opening| opening.disowns(entry))
    }

    /// The openings after a book, of its party and class, that count, from the highest generation down: none that counts disowns
    /// them (spec/keys.md §5). The last one that counts says so of the next: what others before it disown is higher.
    fn counting(&self, book: Book, covers: impl Fn(EntryRef) -> bool) -> impl Iterator<Item = &Opening> {
        let mut last: Option<&Opening> = None;
        let later = self.openings.values().filter(move |opening| {
            let of = opening.act.book;
            (of.party, of.class) == (book.party, book.class) && of.generation > book.generation
        });
        later.filter(move |opening| covers(opening.act)).filter(move |opening| {
            let counts = last.is_none_or(|last| !last.disowns(opening.act));
            if counts {
                last = Some(opening);
            }
            counts
        })
    }

    /// Whether an opening that counts brought keys of a later rank to a book's class: whoever has its keys alone can open others of their
    /// rank, and says nothing of where their reach ends.
    pub(crate) fn is_ended(&self, book: Book) -> bool {
        self.counting(book, |_| true).any(|opening| opening.act.book.rank() > book.rank())
    }

    /// How much of a book its author takes for its own, as every opening held that counts has it; `None` if none says anything of it.
    pub(crate) fn reach(&self, book: Book) -> Option<u64> {
        self.counting(book, |_| true).filter_map(|opening| opening.reach(book)).min()
    }

    /// Up to which sizes the receipts under a party's keys of a rank count: as its first act under later keys states. `None` before that
    /// is held.
    pub(crate) fn receipts_end(&self, party: Party, rank: u8) -> Option<&Cut> {
        let acts = Book { generation: u16::from(rank) * Book::GENERATIONS_OF_A_RANK, party, class: Class::A };
        let later = self.counting(acts, |_| true).filter(|opening| opening.brings_rank());
        let first = later.filter(|opening| opening.act.book.rank() > rank).last();
        first.map(|opening| &opening.stated)
    }

    /// Whether a decision under a cut expelled the author of an entry before it knew of that.
    pub fn is_after_time(&self, entry: EntryRef, under: &Under) -> bool {
        self.endings_under(under).any(|ending| ending.leaves_out(entry))
    }

    /// Where the past of parties ends, as the decisions under a cut have it that nothing there disowns.
    fn endings_under(&self, under: &Under) -> impl Iterator<Item = &Ending> {
        self.endings
            .iter()
            .filter(|ending| self.is_owned(ending.decision, under) && self.is_owned(ending.motion, under))
    }

    /// A party's word that it says nothing more, under a cut.
    pub fn leaving(&self, party: Party, under: &Under) -> Option<EntryRef> {
        self.leaving.iter().copied().find(|act| act.book.party == party && self.stands(*act, under))
    }

    /// The members under a cut, ascending: the parties of the memorandum in force there that have not left.
    pub fn members<'a>(
        &'a self,
        memorandum: &'a Memorandum,
        under: &'a Under,
    ) -> impl Iterator<Item = Party> + Clone + 'a {
        memorandum.parties().filter(move |party| self.leaving(*party, under).is_none())
    }

    /// What a motion is to do.
    pub(crate) fn matter(&self, motion: EntryRef) -> Option<&Matter> {
        self.motions.get(&motion).map(|motion| &motion.matter)
    }

    /// By what a party is a member no more, under a cut: the decision that expelled it, or its own word that it leaves.
    pub(crate) fn parting(&self, party: Party, under: &Under) -> Option<EntryRef> {
        let expelled = || self.endings_under(under).find(|ending| ending.party == party);
        self.leaving(party, under).or_else(|| expelled().map(|ending| ending.decision))
    }

    /// The decision that expelled a party, and the last sizes of its books under its cut.
    pub(crate) fn end(&mut self, decision: EntryRef, motion: EntryRef, party: Party, sizes: Cut) {
        self.endings.push(Ending { decision, motion, party, sizes });
    }

    /// Whether an entry of any book is beyond what its author knew of that when it went on in a later generation, as all that is held has it.
    pub fn is_beyond_opening(&self, entry: EntryRef) -> bool {
        self.is_disowned(entry, |_| true)
    }

    /// Whether an entry is beyond the reach of the keys that it was written with, as all that is held has it.
    pub(crate) fn is_beyond_rank(&self, entry: EntryRef) -> bool {
        let later = self.counting(entry.book, |_| true).filter(|of| of.act.book.rank() > entry.book.rank());
        later.into_iter().any(|opening| opening.disowns(entry))
    }

    /// A party's standing at a time, under a cut: its suspension, or `None` while it is in effect.
    pub fn suspension(&self, party: Party, under: &Under, at_ms: u64) -> Option<&Suspended> {
        let statements = self.statements.get(&party)?;
        let last = statements
            .iter()
            .rev()
            .find(|statement| self.stands(statement.act, under) && statement.effective_ms <= at_ms)?;
        last.suspended.as_ref()
    }

    /// The latest suspension that a party could resume: its last statement under the cut, effective or not.
    pub fn last_suspension(&self, party: Party, under: &Under) -> Option<&Suspended> {
        let statements = self.statements.get(&party)?;
        statements.iter().rev().find(|statement| self.stands(statement.act, under))?.suspended.as_ref()
    }

    /// Every member that is suspended at a time, under a cut and the memorandum in force there.
    pub fn suspensions<'a>(
        &'a self,
        memorandum: &'a Memorandum,
        under: &'a Under,
        at_ms: u64,
    ) -> impl Iterator<Item = &'a Suspended> {
        let stated = self.statements.keys().filter(|party| memorandum.member(**party).is_some());
        let suspended = stated.filter_map(move |party| self.suspension(*party, under, at_ms));
        suspended.filter(|suspended| self.leaving(suspended.act.book.party, under).is_none())
    }

    /// When a standing will change by itself after a time, ms.
    pub fn next_change_ms(&self, after_ms: u64) -> Option<u64> {
        let all = self.statements.values().flatten();
        all.map(|statement| statement.effective_ms).filter(|at| *at > after_ms).min()
    }

    /// The motions without a decision under a cut, ascending; those decided long ago take no time.
    pub fn open_motions(&self, under: &Under) -> Vec<&Motion> {
        // A motion that is decided can be open under a cut that does not cover the decision, or disowns it.
        let acts_go_on = self.openings.keys().any(|Reverse(book)| book.class == Class::A);
        let acts_go_on = acts_go_on || !self.endings.is_empty();
        let latest = self.order.iter().rev().filter_map(|(_, act)| self.decisions.get(act));
        let unseen = latest.take_while(|decision| acts_go_on || !under.covers(decision.act));
        let mut open: BTreeSet<EntryRef> = unseen.map(|decision| decision.motion).collect();
        open.extend(&self.undecided);
        let motions = open.iter().filter_map(|motion| self.motions.get(motion));
        motions
            .filter(|motion| self.stands(motion.act, under) && self.decision_on(motion.act, under).is_none())
            .collect()
    }

    /// Every motion under a cut with its decision, ascending.
    pub fn motions(&self, under: &Under) -> Vec<(&Motion, Option<&Decision>)> {
        let standing = self.motions.values().filter(|motion| self.stands(motion.act, under));
        standing.map(|motion| (motion, self.decision_on(motion.act, under))).collect()
    }

    /// The decision on a motion, under a cut.
    pub fn decision_on(&self, motion: EntryRef, under: &Under) -> Option<&Decision> {
        let acts = &self.motions.get(&motion)?.decisions;
        let (_, first) = acts.iter().find(|(_, act)| self.stands(*act, under))?;
        self.decisions.get(first)
    }

    /// A decision that carried a motion to reopen after a suspension, under a cut.
    pub fn consent(&self, suspension: EntryRef, under: &Under) -> Option<&Decision> {
        let mut all = self.order.iter().filter_map(|(_, act)| self.decisions.get(act));
        all.find(|decision| {
            decision.outcome == Outcome::Carried
                && self.stands(decision.act, under)
                && self.stands(decision.motion, under)
                && self.motions.get(&decision.motion).is_some_and(|motion| motion.reopens(suspension))
        })
    }

    /// The votes on a motion that count under a cut and the memorandum in force there, ascending by party: each party's
    /// last one; the motion itself is its mover's until the mover votes.
    pub fn votes(
        &self,
        memorandum: &Memorandum,
        motion: &Motion,
        under: &Under,
    ) -> BTreeMap<Party, (EntryRef, Choice)> {
        let mut counted = BTreeMap::from([(motion.act.book.party, (motion.act, Choice::For))]);
        for (act, choice) in motion.votes.iter().filter(|(act, _)| self.stands(*act, under)) {
            let party = act.book.party;
            let earlier = counted.get(&party).filter(|(last, _)| *last != motion.act && last > act);
            if earlier.is_none() {
                counted.insert(party, (*act, *choice));
            }
        }
        counted.retain(|party, _| memorandum.member(*party).is_some());
        counted
    }

    /// The memorandum in force under a cut: the last one that a motion carried, or the one that founded the line.
    pub fn in_force<'a>(&'a self, founding: &'a Memorandum, under: &Under) -> &'a Memorandum {
        self.amended(under).map_or(founding, |(_, memorandum)| memorandum)
    }

    /// The last decision under a cut that carried an amendment of the memorandum, with what it put in force.
    pub fn amended(&self, under: &Under) -> Option<(EntryRef, &Arc<Memorandum>)> {
        self.carried(under).next_back()
    }

    /// Every memorandum that was in force under a cut at some time, the one in force there last.
    fn been_in_force<'a>(
        &'a self,
        founding: &'a Memorandum,
        under: &'a Under,
    ) -> impl Iterator<Item = &'a Memorandum> {
        core::iter::once(founding).chain(self.carried(under).map(|(_, memorandum)| &**memorandum))
    }

    /// Every memorandum that was ever put in force after the founding one.
    pub fn amendments(&self) -> impl Iterator<Item = &Arc<Memorandum>> {
        self.all_carried().map(|(_, memorandum)| memorandum)
    }

    /// The amendments that stand under a cut, in the order of the decisions that carried them.
    pub(crate) fn carried<'a>(
        &'a self,
        under: &Under,
    ) -> impl DoubleEndedIterator<Item = (EntryRef, &'a Arc<Memorandum>)> {
        let stands =
            |decision: &Decision| self.stands(decision.act, under) && self.stands(decision.motion, under);
        self.all_carried()
            .filter(move |(decision, _)| stands(decision))
            .map(|(decision, memorandum)| (decision.act, memorandum))
    }

    fn all_carried(&self) -> impl DoubleEndedIterator<Item = (&Decision, &Arc<Memorandum>)> {
        let decisions = self.amending.iter().filter_map(|(_, act)| self.decisions.get(act));
        decisions.filter_map(|decision| match self.matter(decision.motion)? {
            Matter::Amend(memorandum) => Some((decision, memorandum)),
            _ => None,
        })
    }

    /// What a decision at `at_ms` under a cut would say of a motion; `None` while none would be sound. `memorandum` is the
    /// one in force under that cut.
    pub fn outcome(
        &self,
        memorandum: &Memorandum,
        motion: &Motion,
        under: &Under,
        at_ms: u64,
    ) -> Option<Outcome> {
        if let Matter::Amend(moved) = &motion.matter
            && moved.terms().predecessor != Some(memorandum.hash())
        {
            return Some(Outcome::Overtaken);
        }
        if at_ms > motion.closes_ms {
            return Some(Outcome::Lapsed);
        }
        let rule = &memorandum.terms().rule;
        let votes = self.votes(memorandum, motion, under);
        let count = |wanted: Choice| votes.values().filter(|(_, choice)| *choice == wanted).count();
        let veto = |holder: &u8| {
            votes.iter().find(|(party, _)| party.number() == *holder).map(|(_, (_, choice))| *choice)
        };
        if rule.veto.iter().any(|holder| veto(holder) == Some(Choice::Against)) {
            return Some(Outcome::Defeated);
        }
        let members: Vec<Party> = self.members(memorandum, under).collect();
        let threshold = usize::from(rule.threshold).min(members.len());
        let silent = members.iter().filter(|member| !votes.contains_key(member));
        let mut vetoes_owed = silent.clone().filter(|member| rule.veto.contains(&member.number()));
        if count(Choice::For) >= threshold && vetoes_owed.next().is_none() {
            return Some(Outcome::Carried);
        }
        let silent = silent.count();
        (count(Choice::For) + silent < threshold).then_some(Outcome::Defeated)
    }

    /// The last decision under a cut.
    pub fn last_decision(&self, under: &Under) -> Option<&Decision> {
        let latest = self.order.iter().rev().filter_map(|(_, act)| self.decisions.get(act));
        latest.into_iter().find(|decision| self.stands(decision.act, under))
    }

    /// Holds an act to what the acts under its cut allow, on the line that a memorandum founded.
    ///
    /// # Errors
    /// `Misbehaved`, with the rule that it breaks.
    pub fn judge(
        &self,
        founding: &Memorandum,
        name: EntryRef,
        regards: &[EntryRef],
        content: &Content,
        time_ms: u64,
        under: &Under,
    ) -> Result<(), Fault> {
        let memorandum = self.in_force(founding, under);
        let subject = regards.first().copied();
        let breach = |expected: &'static str, found: String| Err(Fault::misbehaved("act", expected, found));
        let named = |entry: EntryRef| entry.text(&memorandum.name_of(entry.book.party));
        let any = |entry: Option<EntryRef>| entry.map_or_else(|| String::from("none"), named);
        let first_of_later = name.number == 1 && name.book.generation > 0;
        if first_of_later != matches!(content, Content::Opens { .. }) {
            return breach("`opens` as the first entry of a later generation, and nowhere else", named(name));
        }
        match content {
            Content::Opens { before, .. } if *before >= name.book.generation => {
                breach("a generation before its own", format!("{before}"))
            }
            Content::Opens { before, renewal, .. } => {
                let of = renewal.as_ref().map(|renewal| &renewal.occasion);
                let of = of.map(|of| (of.line, of.party, of.rank));
                let new = Book { generation: *before, ..name.book }.rank() < name.book.rank();
                let fits = (founding.line(), name.book.party, name.book.rank());
                if of == new.then_some(fits) {
                    Ok(())
                } else {
                    breach("the renewal that brought its rank, where the rank is new", named(name))
                }
            }
            Content::Resumes { decision, .. } => {
                let Some(suspended) = self.last_suspension(name.book.party, under) else {
                    return breach("a suspension in force to resume from", "none".into());
                };
                if subject != Some(suspended.act) {
                    return breach("the suspension in force to be regarded", any(subject));
                }
                if !memorandum.terms().suspension.consent {
                    return Ok(());
                }
                match self.consent(suspended.act, under) {
                    Some(consent) if Some(consent.act) == *decision => Ok(()),
                    _ => breach("the decision that consents to the reopening", any(*decision)),
                }
            }
            Content::Motion { matter, closes_ms, .. } => {
                let latest = time_ms.saturating_add(memorandum.terms().rule.window_ms);
                if *closes_ms < time_ms || *closes_ms > latest {
                    return breach(
                        "a closing time within the memorandum's window",
                        format!("{closes_ms} ms"),
                    );
                }
                let suspension = || {
                    let subject = subject?;
                    self.last_suspension(subject.book.party, under).filter(|s| s.act == subject)
                };
                match matter {
                    Matter::Resolve | Matter::Found(_) => Ok(()),
                    Matter::Amend(moved) => memorandum.may_become(moved, self.been_in_force(founding, under)),
                    Matter::Reopen if suspension().is_some() => Ok(()),
                    Matter::Reopen => breach("a suspension in force to be regarded", any(subject)),
                }
            }
            Content::Vote { .. } => match subject.filter(|subject| self.stands(*subject, under)) {
                Some(motion) if self.motions.contains_key(&motion) => Ok(()),
                _ => breach("a motion under the vote's cut", any(subject)),
            },
            Content::Decide { outcome, votes, before } => {
                if Some(name.book.party) != memorandum.depositary() {
                    return breach(
                        "a decision by the depositary",
                        format!("party {}", name.book.party.number()),
                    );
                }
                let motion = subject
                    .filter(|subject| self.stands(*subject, under))
                    .and_then(|act| self.motions.get(&act));
                let Some(motion) = motion else {
                    return breach("a motion under the decision's cut", any(subject));
                };
                if self.decision_on(motion.act, under).is_some() {
                    return breach("a motion not decided before", named(motion.act));
                }
                if *before != self.last_decision(under).map(|decision| decision.act) {
                    return breach("the decision before this one", any(*before));
                }
                let counted: Vec<EntryRef> =
                    self.votes(memorandum, motion, under).values().map(|(act, _)| *act).collect();
                if *votes != counted {
                    return breach(
                        "each party's last vote under the cut",
                        votes.iter().copied().map(named).collect::<Vec<_>>().join(", "),
                    );
                }
                match self.outcome(memorandum, motion, under, time_ms) {
                    Some(right) if right == *outcome => Ok(()),
                    Some(right) => {
                        breach("the outcome that the votes give", format!("{outcome:?}, not {right:?}"))
                    }
                    None => breach("votes that decide the motion", format!("{outcome:?} too early")),
                }
            }
            Content::Leaves { .. } if memorandum.depositary() == Some(name.book.party) => {
                breach("another depositary before this one leaves", named(name))
            }
            _ => Ok(()),
        }
    }

    /// What the opening of a rank states of other books.
    pub(crate) fn opened(&mut self, book: Book, stated: Cut) {
        if let Some(opening) = self.openings.get_mut(&Reverse(book)) {
            opening.stated = stated;
        }
    }

    /// Takes a sound act in.
    pub fn admit(&mut self, name: EntryRef, regards: &[EntryRef], content: &Content, time_ms: u64) {
        let subject = regards.first().copied();
        match (content, subject) {
            (Content::Opens { before, size, .. }, _) => {
                let opening = Opening { act: name, before: *before, size: *size, stated: Cut::new() };
                self.openings.insert(Reverse(name.book), opening);
            }
            (Content::Suspends { scope, effective_ms, reason }, _) => {
                let effective_ms = time_ms.max(*effective_ms);
                let suspended =
                    Suspended { act: name, scope: scope.clone(), reason: reason.clone(), effective_ms };
                self.state(Statement { act: name, effective_ms, suspended: Some(suspended) });
            }
            (Content::Resumes { effective_ms, .. }, _) => {
                let effective_ms = time_ms.max(*effective_ms);
                self.state(Statement { act: name, effective_ms, suspended: None });
            }
            (Content::Motion { matter, text, closes_ms }, _) => {
                let motion = Motion {
                    act: name,
                    matter: matter.clone(),
                    about: regards.to_vec(),
                    text: text.clone(),
                    moved_ms: time_ms,
                    closes_ms: *closes_ms,
                    votes: Vec::new(),
                    decisions: BTreeSet::new(),
                };
                self.motions.insert(name, motion);
                self.undecided.insert(name);
            }
            (Content::Vote { choice, .. }, Some(motion)) => {
                if let Some(motion) = self.motions.get_mut(&motion) {
                    motion.votes.push((name, *choice));
                }
            }
            (Content::Decide { outcome, before, .. }, Some(motion)) => {
                let after =
                    before.and_then(|before| self.decisions.get(&before)).map_or(0, |last| last.after + 1);
                self.decisions.insert(name, Decision { act: name, motion, outcome: *outcome, after });
                self.order.insert((after, name));
                self.undecided.remove(&motion);
                if let Some(motion) = self.motions.get_mut(&motion) {
                    motion.decisions.insert((after, name));
                    if *outcome == Outcome::Carried && matches!(motion.matter, Matter::Amend(_)) {
                        self.amending.insert((after, name));
                    }
                }
            }
            (Content::Leaves { .. }, _) => {
                self.leaving.insert(name);
            }
            _ => {}
        }
    }

    fn state(&mut self, statement: Statement) {
        let statements = self.statements.entry(statement.act.book.party).or_default();
        let place = statements.partition_point(|other| other.act < statement.act);
        statements.insert(place, statement);
    }
}
