//! Notices in force, own plans beside them, and who is in whose way (spec/line.md §5, "Notices in force").
//!
//! A fold beside the line's own: whoever holds a [`Notices`] gives it every sound entry of the kinds that it reads, each
//! book in its order, and it answers at any time what is in force and what something would touch. The order among books
//! makes no difference. It is apart from [`crate::Line`] because it is large, is only ever asked, and is built anew from
//! the record in seconds: nothing that a line does waits for it.
//!
//! Of who is in whose way no list is kept: it is found in the volumes in force whenever it is asked (`conflict.rs`). So none is
//! left out for want of room, and what was built anew says the same as what came one by one.
//!
//! A **plan** is a notice that its party has not given: it never leaves the station. Here it stands beside the notices,
//! and what is said of it stays here.

mod conflict;

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

use detente_airspace::fault::Fault;
use detente_airspace::register::Register;
use detente_airspace::volume::Volume;
use detente_record::{EntryRef, Party};

use crate::kind::{Amendment, Content};
use crate::notice::rule::{Nature, NoticeKind};
use crate::notice::{Field, Notice};
use conflict::group;

pub use conflict::{Conflict, Pair, Touch};
pub use detente_airspace::register::Tally;

/// What has volumes here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subject {
    /// A notice, by the entry that gave it first.
    Notice(EntryRef),
    /// An own plan, by its number.
    Plan(u64),
}

/// A notice, as it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// The entry whose content rules: the notice, or the amendment of the highest rank, then serial.
    pub rules: EntryRef,
    /// What it is about.
    pub nature: Nature,
    /// When it begins, ms.
    pub from_ms: u64,
    /// When it ends, ms; `None`: it has no end.
    pub until_ms: Option<u64>,
    /// When it is to be looked at again, ms; `None`: it does not say.
    pub review_ms: Option<u64>,
    /// The entry that withdrew it.
    pub withdrawn_by: Option<EntryRef>,
}

/// A sound entry, as far as notices are concerned.
#[derive(Debug, Clone, Copy)]
pub struct Taken<'a> {
    /// Its name.
    pub name: EntryRef,
    /// Its serial.
    pub serial: u64,
    /// What it regards.
    pub regards: &'a [EntryRef],
    /// What it says.
    pub content: &'a Content,
    /// Whether what it regards has been judged: then it has been taken, or is no notice.
    pub judged: bool,
}

/// A notice, and what rules it.
#[derive(Debug, Clone, Copy)]
struct Held {
    standing: Standing,
    /// Rank and serial of what rules.
    order: (u8, u64),
}

/// What came before the notice that it regards.
#[derive(Debug, Default)]
struct Early {
    amendment: Option<((u8, u64), EntryRef, Notice)>,
    withdrawal: Option<EntryRef>,
}

/// Every notice of a line, in force or not, and the own plans beside them.
#[derive(Debug)]
pub struct Notices {
    me: Party,
    natures: BTreeMap<String, Nature>,
    register: Register<Subject>,
    notices: BTreeMap<EntryRef, Held>,
    plans: BTreeMap<u64, Nature>,
    early: BTreeMap<EntryRef, Early>,
    /// With how many volumes of others its own are not clear, of each subject that is in somebody's way.
    ways: BTreeMap<Subject, u64>,
    /// Whether that is not counted as volumes come, but at [`Notices::settle`].
    put_off: bool,
}

impl Notices {
    /// None yet, of the kinds that a memorandum names, at the station of a party, for at most so many volumes; `seed` is any
    /// number that nobody else knows.
    pub fn new(kinds: &[NoticeKind], me: Party, most: usize, seed: u64) -> Self {
        Self {
            me,
            natures: kinds.iter().map(|kind| (kind.name.clone(), kind.nature())).collect(),
            register: Register::new(most, seed),
            notices: BTreeMap::new(),
            plans: BTreeMap::new(),
            early: BTreeMap::new(),
            ways: BTreeMap::new(),
            put_off: false,
        }
    }

    /// Whether the kinds of another memorandum mean what these do.
    pub fn has_natures_of(&self, kinds: &[NoticeKind]) -> bool {
        kinds.len() == self.natures.len()
            && kinds.iter().all(|kind| self.natures.get(&kind.name) == Some(&kind.nature()))
    }

    /// What a notice is about; an activity, if the memorandum does not name its kind.
    pub fn nature(&self, kind: &str) -> Nature {
        self.natures.get(kind).copied().unwrap_or(Nature::Activity)
    }

    /// Takes a sound entry in; says which subject is another than before, if any.
    ///
    /// # Errors
    /// [`Fault::Full`] if its volumes are more than there is room for: then the notice is held without them.
    pub fn take(&mut self, entry: Taken<'_>) -> Result<Option<Subject>, Fault> {
        let order = (entry.name.book.rank(), entry.serial);
        match (entry.content, entry.regards) {
            (Content::Notice(notice), _) => self.give(entry.name, order, notice).map(Some),
            (Content::Amendment(Amendment::Notice(notice)), [origin]) => match self.notices.get(origin) {
                None if entry.judged => Ok(None),
                None => {
                    let early = self.early.entry(*origin).or_default();
                    if early.amendment.as_ref().is_none_or(|(last, ..)| *last < order) {
                        early.amendment = Some((order, entry.name, notice.clone()));
                    }
                    Ok(None)
                }
                Some(held) if held.order > order => Ok(None),
                Some(_) => self.hold(*origin, entry.name, order, notice).map(Some),
            },
            (Content::Withdrawal { .. }, [origin]) if self.notices.contains_key(origin) => {
                Ok(Some(self.withdraw(*origin, entry.name)))
            }
            (Content::Withdrawal { .. }, [origin]) if !entry.judged => {
                let early = self.early.entry(*origin).or_default();
                early.withdrawal = Some(early.withdrawal.map_or(entry.name, |first| first.min(entry.name)));
                Ok(None)
            }
            _ => Ok(None),
        }
    }

    /// A notice comes; what came before it is taken with it.
    fn give(&mut self, name: EntryRef, order: (u8, u64), notice: &Notice) -> Result<Subject, Fault> {
        let early = self.early.remove(&name).unwrap_or_default();
        let held = match early.amendment {
            Some((order, rules, amended)) => self.hold(name, rules, order, &amended),
            None => self.hold(name, name, order, notice),
        };
        match early.withdrawal {
            Some(withdrawal) => Ok(self.withdraw(name, withdrawal)),
            None => held,
        }
    }

    fn hold(
        &mut self,
        origin: EntryRef,
        rules: EntryRef,
        order: (u8, u64),
        notice: &Notice,
    ) -> Result<Subject, Fault> {
        let (from_ms, until_ms) = (notice.from_ms(), notice.until_ms());
        let withdrawn_by = self.notices.get(&origin).and_then(|held| held.standing.withdrawn_by);
        let review_ms = notice.number_of(Field::Review);
        let nature = self.nature(&notice.kind);
        let standing = Standing { rules, nature, from_ms, until_ms, review_ms, withdrawn_by };
        self.notices.insert(origin, Held { standing, order });
        match withdrawn_by {
            None => self.place(Subject::Notice(origin), &notice.volumes),
            Some(_) => Ok(Subject::Notice(origin)),
        }
    }

    /// Ends a notice that is held; of several withdrawals the least is named.
    fn withdraw(&mut self, origin: EntryRef, by: EntryRef) -> Subject {
        if let Some(held) = self.notices.get_mut(&origin) {
            let first = held.standing.withdrawn_by.map_or(by, |first| first.min(by));
            held.standing.withdrawn_by = Some(first);
        }
        let subject = Subject::Notice(origin);
        self.remove(subject);
        subject
    }

    /// Puts a plan in, or in place of the one of that number.
    ///
    /// # Errors
    /// [`Fault::Full`] if there is no room for its volumes.
    pub fn plan(&mut self, number: u64, plan: &Notice) -> Result<Subject, Fault> {
        self.plans.insert(number, self.nature(&plan.kind));
        let placed = self.place(Subject::Plan(number), &plan.volumes);
        if placed.is_err() {
            self.plans.remove(&number);
        }
        placed
    }

    /// Takes a plan out; whether it was there.
    pub fn drop_plan(&mut self, number: u64) -> bool {
        self.remove(Subject::Plan(number));
        self.plans.remove(&number).is_some()
    }

    /// Puts a subject's volumes in the register instead of those that it had.
    fn place(&mut self, subject: Subject, volumes: &[Volume]) -> Result<Subject, Fault> {
        self.remove(subject);
        let Some((party, nature)) = self.whose(subject) else { return Ok(subject) };
        let group = group(party, nature);
        self.register.put_in(group, subject, volumes.iter().cloned())?;
        if !self.put_off {
            self.count(subject, group, volumes, |count| count.saturating_add(1));
        }
        Ok(subject)
    }

    /// Takes a subject's volumes out of the register.
    fn remove(&mut self, subject: Subject) {
        if self.ways.contains_key(&subject)
            && let Some(group) = self.register.group(subject)
        {
            let volumes: Vec<Volume> = self.register.volumes(subject).collect();
            self.count(subject, group, &volumes, |count| count.saturating_sub(1));
        }
        self.register.remove(subject);
    }

    /// Whose it is, and what it is about; a plan is this party's.
    pub fn whose(&self, subject: Subject) -> Option<(Party, Nature)> {
        match subject {
            Subject::Notice(origin) => {
                self.notices.get(&origin).map(|held| (origin.book.party, held.standing.nature))
            }
            Subject::Plan(number) => self.plans.get(&number).map(|nature| (self.me, *nature)),
        }
    }

    /// A notice, by the entry that gave it.
    pub fn notice(&self, origin: EntryRef) -> Option<Standing> {
        self.notices.get(&origin).map(|held| held.standing)
    }

    /// All notices, by the entry that gave them, withdrawn ones too.
    pub fn notices(&self) -> impl Iterator<Item = (EntryRef, Standing)> {
        self.notices.iter().map(|(origin, held)| (*origin, held.standing))
    }

    /// The notices in force at a moment, ms: those of which a volume's span holds it.
    pub fn in_force(&self, at_ms: u64) -> impl Iterator<Item = (EntryRef, Standing)> {
        self.notices().filter(move |(origin, standing)| {
            let within =
                standing.from_ms <= at_ms && standing.until_ms.is_none_or(|until_ms| at_ms <= until_ms);
            let mut volumes = self.register.volumes(Subject::Notice(*origin));
            within
                && standing.withdrawn_by.is_none()
                && volumes.any(|volume| volume.span.from_ms() <= at_ms && at_ms <= volume.span.until_ms())
        })
    }

    /// The volumes of a subject that is in force.
    pub fn volumes(&self, subject: Subject) -> impl Iterator<Item = Volume> {
        self.register.volumes(subject)
    }

    /// How many volumes are in force.
    pub fn len(&self) -> usize {
        self.register.len()
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.register.is_empty()
    }
}
