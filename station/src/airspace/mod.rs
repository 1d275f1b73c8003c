//! The airspace of a line: what notices are in force, the own plans beside them, and the alarm when two are in each
//! other's way.
//!
//! A thread of its own, so that nothing that the line does waits for geometry: it reads the record's notices once at its
//! start, then takes what becomes durable, and answers what it is asked. Plans never leave it but to their owner.

mod plans;
mod reminders;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Weak};
use std::thread::{self, JoinHandle};

use detente_line::airspace::fault::Fault as AirspaceFault;
use detente_line::notices::{Conflict, Notices, Pair, Standing, Subject, Taken, Tally};
use detente_line::{Amendment, Content, Memorandum, Notice, Shown, kind::number};
use detente_record::{Book, Entry, EntryRef, Party};
use rayon::iter::{IntoParallelRefIterator, ParallelIterator};
use rayon::slice::ParallelSlice;
use tokio::sync::{oneshot, watch};

use crate::clock::Clock;
use crate::feed::{Feed, Told};
use crate::hooks::Hooks;
use crate::store::{Entry as Stored, Store, StoreError};

use plans::Plans;
pub use plans::{MAX_PLANS, PlansError};
pub use reminders::Due;
use reminders::Reminders;
pub(crate) use reminders::due;

/// Most volumes that are held.
pub const MAX_VOLUMES: usize = 4_000_000;
/// Most entries and questions that wait.
const MAX_WAITING: usize = 65_536;
/// Most alarms of one notice or plan; what is beyond is in `conflicts`.
const MAX_ALARMS: usize = 64;
/// Entries that are read at once.
const PAGE: usize = 1_024;
/// Volumes that are held against all others without looking up.
const PART: usize = 4_096;

const UNREAD: &str = "the notices of the record could not all be read; `detente record verify` tells more";

/// A number for the register that nobody else knows. Answers do not depend on it: without it somebody could at worst make them
/// slow.
fn seed() -> u64 {
    let mut seed = [0; 8];
    let _ = getrandom::fill(&mut seed);
    u64::from_le_bytes(seed)
}

/// Two that have come to be in each other's way.
#[derive(Debug, Clone, Copy)]
pub struct Raised {
    /// Which two.
    pub pair: Pair,
    /// How.
    pub conflict: Conflict,
}

/// Something that has come due of a notice in force.
#[derive(Debug, Clone)]
pub struct Reminder {
    /// The notice, by the entry that gave it.
    pub origin: EntryRef,
    /// How it stands.
    pub standing: Standing,
    /// What has come due.
    pub due: Due,
    /// What it says, as far as it can be read.
    pub notice: Option<Box<Notice>>,
}

/// A sound entry about notices.
struct Came {
    name: EntryRef,
    serial: u64,
    regards: Vec<EntryRef>,
    content: Content,
    /// Whether what it regards had been judged before it, or when it was read back.
    judged: bool,
}

/// A memorandum that has come into force, and what of the record had been judged by then.
struct Amended {
    memorandum: Arc<Memorandum>,
    judged: BTreeMap<Book, u64>,
}

/// Entries that follow one another in the record, and the book and number of the last one read.
type Page = (Vec<Came>, (u32, u64));

enum Ask {
    Came(Box<Came>),
    Look(Box<dyn FnOnce(&mut Room) + Send>),
    /// Another memorandum is in force.
    Amended(Box<Amended>),
    /// Something may have come due, or comes due at another time than before.
    Remind,
}

/// The airspace of a line at work; clones are handles to the same one. The last one dropped ends its thread, which has
/// let go of the record and the plans then.
#[derive(Clone)]
pub struct Airspace(Arc<Working>);

struct Working {
    asks: Option<SyncSender<Ask>>,
    /// How long before an end or a review somebody is to be told, ms.
    ahead_ms: Arc<AtomicU64>,
    ending: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Drop for Working {
    fn drop(&mut self) {
        self.ending.store(true, Ordering::Relaxed);
        self.asks = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// What it begins with.
pub(crate) struct Opening {
    pub(crate) memorandum: Arc<Memorandum>,
    pub(crate) me: Party,
    pub(crate) store: Store,
    pub(crate) plans: PathBuf,
    pub(crate) clock: Clock,
    pub(crate) feed: Feed,
    pub(crate) hooks: Hooks,
    /// How long before an end or a review somebody is told, ms.
    pub(crate) ahead_ms: u64,
    /// How much of each book has been judged, the store knowing which of it is void: what comes later is told.
    pub(crate) judged: BTreeMap<Book, u64>,
}

/// What the thread has.
pub struct Room {
    notices: Notices,
    plans: Plans,
    reminders: Reminders,
    /// As configured now.
    ahead_ms: Arc<AtomicU64>,
    /// When something comes due next, for whoever rings then.
    next: watch::Sender<Option<u64>>,
    store: Store,
    memorandum: Arc<Memorandum>,
    me: Party,
    clock: Clock,
    feed: Feed,
    hooks: Hooks,
}

impl Airspace {
    /// Begins; the record's notices are read beside everything else.
    ///
    /// # Errors
    /// What is wrong with the plans.
    pub(crate) fn open(opening: Opening) -> Result<Self, PlansError> {
        let Opening { memorandum, me, store, plans, clock, feed, hooks, ahead_ms, judged } = opening;
        let plans = Plans::open(&plans)?;
        let notices = Notices::new(&memorandum.terms().notices, me, MAX_VOLUMES, seed());
        let reminders = Reminders::new(ahead_ms, plans.told_ms()?);
        let ahead_ms = Arc::new(AtomicU64::new(ahead_ms));
        let configured = Arc::clone(&ahead_ms);
        let (next, coming) = watch::channel(None);
        let bell = clock.clone();
        let mut room =
            Room { notices, plans, reminders, ahead_ms, next, store, memorandum, me, clock, feed, hooks };
        room.plan_all()?;
        let (asks, asked) = sync_channel(MAX_WAITING);
        let runtime = tokio::runtime::Handle::current();
        let ending = Arc::new(AtomicBool::new(false));
        let ended = Arc::clone(&ending);
        let thread = thread::spawn(move || {
            let _runtime = runtime.enter();
            if let Err(error) = room.restore(&judged, &ended) {
                tracing::error!(%error, "{UNREAD}");
            }
            if !ended.load(Ordering::Relaxed) {
                room.remind();
                room.work(&asked);
            }
        });
        let working =
            Arc::new(Working { asks: Some(asks), ahead_ms: configured, ending, thread: Some(thread) });
        tokio::spawn(ring(bell, coming, Arc::downgrade(&working)));
        Ok(Self(working))
    }

    /// Something became durable and was judged; waits while very much waits before it.
    pub(crate) fn shown(&self, shown: &Shown) {
        let Shown::Entry {
            name,
            serial,
            marked: None,
            unjudged: false,
            content: Some(content),
            regards,
            regarded_judged,
            ..
        } = shown
        else {
            return;
        };
        if !matches!(content, Content::Notice(_) | Content::Amendment(_) | Content::Withdrawal { .. }) {
            return;
        }
        let (name, serial, regards, judged) = (*name, *serial, regards.clone(), *regarded_judged);
        let came = Came { name, serial, regards, content: content.clone(), judged };
        if let Some(asks) = &self.0.asks {
            let _ = asks.send(Ask::Came(Box::new(came)));
        }
    }

    /// Another memorandum is in force, which may mean other things by the kinds of notices; waits while very much waits before
    /// it.
    pub(crate) fn amended(&self, memorandum: &Arc<Memorandum>, judged: BTreeMap<Book, u64>) {
        if let Some(asks) = &self.0.asks {
            let amended = Amended { memorandum: Arc::clone(memorandum), judged };
            let _ = asks.send(Ask::Amended(Box::new(amended)));
        }
    }

    /// From now on somebody is told so long before an end or a review, ms; what that makes due is told at once.
    pub(crate) fn warn(&self, ahead_ms: u64) {
        self.0.ahead_ms.store(ahead_ms, Ordering::Relaxed);
        if let Some(asks) = self.0.asks.clone() {
            // A queue that is full is waited for, not on the runtime; one that has ended has nothing to tell.
            tokio::task::spawn_blocking(move || asks.send(Ask::Remind).is_ok());
        }
    }

    /// Asks it something; `None` when it has ended.
    pub async fn look<T: Send + 'static>(
        &self,
        ask: impl FnOnce(&mut Room) -> T + Send + 'static,
    ) -> Option<T> {
        let (seen, answer) = oneshot::channel();
        let look = Ask::Look(Box::new(move |room: &mut Room| {
            let _ = seen.send(ask(room));
        }));
        let asks = self.0.asks.clone()?;
        tokio::task::spawn_blocking(move || asks.send(look)).await.ok()?.ok()?;
        answer.await.ok()
    }
}

impl Room {
    /// Takes every notice of the record that has been judged.
    fn restore(&mut self, judged: &BTreeMap<Book, u64>, ending: &AtomicBool) -> Result<(), StoreError> {
        let store = self.store.clone();
        self.notices.put_off();
        let read = read(&store, judged, ending, |came| {
            self.come(&came, true);
        });
        settle(&mut self.notices, ending);
        read
    }

    fn work(&mut self, asked: &Receiver<Ask>) {
        while let Ok(ask) = asked.recv() {
            match ask {
                Ask::Came(came) => {
                    if let Some(subject) = self.come(&came, false) {
                        self.alarm(subject);
                        self.remind();
                    }
                }
                Ask::Look(look) => look(self),
                Ask::Amended(amended) => self.amend(*amended),
                Ask::Remind => self.remind(),
            }
        }
    }

    /// What notices there are is told anew where a kind of theirs has come to mean something else.
    fn amend(&mut self, amended: Amended) {
        let Amended { memorandum, judged } = amended;
        let kinds = &memorandum.terms().notices;
        if !self.notices.has_natures_of(kinds) {
            self.notices = Notices::new(kinds, self.me, MAX_VOLUMES, seed());
            if let Err(error) = self.plan_all() {
                tracing::error!(%error, "the plans could not be read: they are not checked until the next start");
            }
            if let Err(error) = self.restore(&judged, &AtomicBool::new(false)) {
                tracing::error!(%error, "{UNREAD}");
            }
        }
        self.memorandum = memorandum;
        self.remind();
    }

    /// Takes every plan; there is room, since plans are bounded and come first.
    fn plan_all(&mut self) -> Result<(), PlansError> {
        for (number, plan) in self.plans.all()? {
            let _ = self.notices.plan(number, &plan);
        }
        Ok(())
    }

    fn come(&mut self, came: &Came, restored: bool) -> Option<Subject> {
        let taken = match self.notices.take(came.taken()) {
            Ok(subject) => subject,
            Err(full) => {
                tracing::error!(%full, "a notice is held without its volumes");
                None
            }
        };
        if let Some(Subject::Notice(origin)) = taken
            && let Some(standing) = self.notices.notice(origin)
        {
            self.reminders.put(origin, &standing, self.clock.now_ms(), restored);
        }
        taken
    }

    /// Tells what has come due, and says when it is to be asked again.
    fn remind(&mut self) {
        let now_ms = self.clock.now_ms();
        let ahead_ms = self.ahead_ms.load(Ordering::Relaxed);
        if ahead_ms != self.reminders.ahead_ms() {
            self.reminders.warn(ahead_ms, self.notices.notices(), now_ms);
        }
        let taken = self.reminders.take(now_ms);
        if !taken.is_empty()
            && let Err(error) = self.plans.keep_told_ms(now_ms)
        {
            tracing::error!(%error, "what has come due may be told again after the next start");
        }
        for (origin, what) in taken {
            let Some(standing) = self.notices.notice(origin) else { continue };
            // What came due while the station was down may have gone by.
            if !due(&standing, now_ms, self.reminders.ahead_ms()).contains(&what) {
                continue;
            }
            let notice = self.said(standing.rules).map(Box::new);
            let told = Told::Due(Reminder { origin, standing, due: what, notice });
            self.hooks.run(&told, &self.memorandum, self.me);
            self.feed.tell(told, None);
        }
        self.next.send_replace(self.reminders.next_ms());
    }

    /// The notice that an entry gave.
    fn said(&self, rules: EntryRef) -> Option<Notice> {
        let stored = self.store.entry(rules.book.code(), rules.number).ok()??;
        let entry = Entry::decode(&stored.bytes).ok()?;
        match Content::decode(entry.kind, &entry.body).ok()? {
            Content::Notice(notice) | Content::Amendment(Amendment::Notice(notice)) => Some(notice),
            _ => None,
        }
    }

    /// How long before an end or a review somebody is told, ms.
    pub fn ahead_ms(&self) -> u64 {
        self.reminders.ahead_ms()
    }

    /// Tells whose way a subject has come to be in.
    fn alarm(&self, subject: Subject) {
        let now_ms = self.clock.now_ms();
        let current = |(_, conflict): &(Subject, Conflict)| conflict.span.until_ms() >= now_ms;
        for (other, conflict) in self.notices.conflicts_of(subject).filter(current).take(MAX_ALARMS) {
            let told = Told::Conflict(Raised { pair: (subject, other), conflict });
            self.hooks.run(&told, &self.memorandum, self.me);
            self.feed.tell(told, None);
        }
    }

    /// The notices, and what is said of them.
    pub fn notices(&self) -> &Notices {
        &self.notices
    }

    /// Adds plans, all of them or none; gives their numbers.
    ///
    /// # Errors
    /// Why they were not kept.
    pub fn add_plans(&mut self, plans: &[Notice]) -> Result<Vec<u64>, PlansError> {
        let numbers = self.plans.keep(plans)?;
        for (number, plan) in numbers.iter().zip(plans) {
            match self.notices.plan(*number, plan) {
                Ok(subject) => self.alarm(subject),
                Err(full) => {
                    let full: AirspaceFault = full;
                    tracing::error!(%full, "a plan is kept and cannot be checked");
                }
            }
        }
        self.feed.tell(Told::Plans { added: numbers.len(), dropped: 0 }, None);
        Ok(numbers)
    }

    /// Drops a plan; whether it was there.
    ///
    /// # Errors
    /// Why it was not dropped.
    pub fn drop_plan(&mut self, number: u64) -> Result<bool, PlansError> {
        let dropped = self.plans.drop(number)?;
        self.notices.drop_plan(number);
        if dropped {
            self.feed.tell(Told::Plans { added: 0, dropped: 1 }, None);
        }
        Ok(dropped)
    }

    /// All plans.
    ///
    /// # Errors
    /// What cannot be read.
    pub fn plans(&self) -> Result<Vec<(u64, Notice)>, PlansError> {
        self.plans.all()
    }

    /// The plan of a number.
    ///
    /// # Errors
    /// What cannot be read.
    pub fn plan(&self, number: u64) -> Result<Option<Notice>, PlansError> {
        self.plans.one(number)
    }
}

/// The notices of a record that have been judged, as they stand, with no plans beside them: what a station of that party
/// reads at its start.
///
/// # Errors
/// Why the record could not be read.
pub fn rebuilt(
    store: &Store,
    memorandum: &Memorandum,
    me: Party,
    judged: &BTreeMap<Book, u64>,
) -> Result<Notices, StoreError> {
    let mut notices = Notices::new(&memorandum.terms().notices, me, MAX_VOLUMES, 0);
    let ending = AtomicBool::new(false);
    notices.put_off();
    read(store, judged, &ending, |came| {
        // One for which there is no room is held without its volumes.
        let _ = notices.take(came.taken());
    })?;
    settle(&mut notices, &ending);
    Ok(notices)
}

/// Finds who is in whose way, on all cores, among all that was read.
fn settle(notices: &mut Notices, ending: &AtomicBool) {
    let places = notices.places();
    let going_on = |_: &&[u32]| !ending.load(Ordering::Relaxed);
    let parts = places.par_chunks(PART).filter(going_on).fold(Tally::default, |mut tally, part| {
        notices.tally(part, &mut tally);
        tally
    });
    let tally = parts.reduce(Tally::default, Tally::and);
    notices.settle(&tally);
}

/// Reads every notice that has been judged and is not void, then what amends and withdraws, and gives them on in this order. While a
/// page is taken the next one is read and decoded, on all cores: most of the work is to hold every ring to its rules.
fn read(
    store: &Store,
    judged: &BTreeMap<Book, u64>,
    ending: &AtomicBool,
    mut take: impl FnMut(Came) + Send,
) -> Result<(), StoreError> {
    for kind in [number::NOTICE, number::AMENDMENT, number::WITHDRAWAL] {
        let following = |after| -> Result<Option<Page>, StoreError> {
            let page = store.of_kind(kind, after, PAGE)?;
            let Some(last) = page.last() else { return Ok(None) };
            let came = page.par_iter().filter_map(|stored| Came::decode(stored, judged)).collect();
            Ok(Some((came, (last.book, last.number))))
        };
        let mut page = following((0, 0))?;
        while let Some((came, after)) = page
            && !ending.load(Ordering::Relaxed)
        {
            let (next, ()) = rayon::join(|| following(after), || came.into_iter().for_each(&mut take));
            page = next?;
        }
    }
    Ok(())
}

impl Came {
    /// An entry of the store that is not known to be void, if it has been judged.
    fn decode(stored: &Stored, judged: &BTreeMap<Book, u64>) -> Option<Self> {
        let book = Book::from_code(stored.book).ok()?;
        let name = EntryRef { book, number: stored.number };
        if stored.number > judged.get(&book).copied().unwrap_or(0) {
            return None;
        }
        let entry = Entry::decode(&stored.bytes).ok()?;
        let content = Content::decode(entry.kind, &entry.body).ok()?;
        // What another of its author's books has yet to bring is not lost for having been amended or withdrawn already.
        let held = |of: &EntryRef| judged.get(&of.book).is_some_and(|size| *size >= of.number);
        let judged = entry.regards.iter().all(held);
        Some(Self { name, serial: entry.serial, regards: entry.regards, content, judged })
    }

    fn taken(&self) -> Taken<'_> {
        let Self { name, serial, regards, content, judged } = self;
        Taken { name: *name, serial: *serial, regards, content, judged: *judged }
    }
}

/// Asks for what has come due whenever the clock says that something has.
async fn ring(clock: Clock, mut next: watch::Receiver<Option<u64>>, airspace: Weak<Working>) {
    loop {
        let at_ms = *next.borrow_and_update();
        let come = async {
            match at_ms {
                None => std::future::pending().await,
                Some(at_ms) => {
                    while clock.now_ms() < at_ms {
                        clock.until(at_ms).await;
                    }
                }
            }
        };
        tokio::select! {
            changed = next.changed() => if changed.is_err() { return },
            () = come => {
                let airspace = Weak::clone(&airspace);
                // A queue that is full is waited for, and the last handle may be this one: neither on the runtime.
                let asked = tokio::task::spawn_blocking(move || {
                    let working = airspace.upgrade()?;
                    working.asks.as_ref()?.send(Ask::Remind).ok()
                });
                if asked.await.ok().flatten().is_none() || next.changed().await.is_err() {
                    return;
                }
            }
        }
    }
}
