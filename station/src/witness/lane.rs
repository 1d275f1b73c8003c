//! A lane a witness and line: submits what grew, keeps what holds, tells of what does not, and waits longer each time.
//!
//! It reads what is durable from the store and asks nothing of the line's task: nothing on the line waits for it. A
//! trouble is told when it begins and when it changes its name, not at every try.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use detente_line::{Memorandum, Witness};
use detente_record::witness::{Cosignature, submission, told_size};
use detente_record::{Book, Checkpoint, Fault, PublicKey, SignedCheckpoint, hex};
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::Trouble;
use super::http::Wire;
use super::kept::{Kept, KeptCosignature, KeptError};
use crate::clock::Clock;
use crate::comparison::consistency;
use crate::feed::Told;
use crate::hooks::Hooks;
use crate::keeper::Keeper;
use crate::links::Lines;

/// How often a lane looks whether a book grew.
const LOOK: Duration = Duration::from_secs(1);
/// The first pause after a trouble; doubled up to the last.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LAST_PAUSE: Duration = Duration::from_secs(600);
/// How long another party's book may be larger at a witness than here before that is told: it may be on its way.
const ON_ITS_WAY: Duration = Duration::from_secs(300);
/// How far a witness's clock may be from this station's, in seconds.
const CLOCKS_APART_S: u64 = 300;
/// Most sizes that a witness is followed to in one go: others may submit the same book.
const MAX_TRIES: usize = 4;

/// How a witness does.
#[derive(Debug, Clone, Default)]
pub struct Standing {
    /// When it last cosigned something, ms since 1970, by the station's clock.
    pub last_success_ms: Option<u64>,
    /// What it cosigned of each book, and when by its own clock: size and seconds.
    pub cosigned: BTreeMap<Book, (u64, u64)>,
    /// What is wrong now, of a book or of all, and since when, ms since 1970.
    pub troubles: BTreeMap<Option<Book>, (Trouble, u64)>,
}

/// The witnesses of a line; clones are handles to the same ones.
#[derive(Debug, Clone)]
pub struct Witnesses(Arc<Watched>);

#[derive(Debug)]
struct Watched {
    kept: Option<Kept>,
    standings: Mutex<BTreeMap<String, Standing>>,
}

impl Witnesses {
    /// Those of a memorandum, with what they have cosigned so far; `kept` is opened only where there are any.
    ///
    /// # Errors
    /// If what they have cosigned cannot be read.
    pub(crate) fn of(
        memorandum: &Memorandum,
        kept: impl FnOnce() -> Result<Kept, KeptError>,
    ) -> Result<Self, KeptError> {
        let mut standings = BTreeMap::new();
        let kept = if memorandum.witnesses().is_empty() { None } else { Some(kept()?) };
        if let Some(kept) = &kept {
            for witness in memorandum.witnesses() {
                let cosigned = kept.newest(&witness.key)?;
                standings.insert(witness.name.clone(), Standing { cosigned, ..Standing::default() });
            }
        }
        Ok(Self(Arc::new(Watched { kept, standings: Mutex::new(standings) })))
    }

    fn standings(&self) -> MutexGuard<'_, BTreeMap<String, Standing>> {
        self.0.standings.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How the witness of a name does.
    pub fn standing(&self, name: &str) -> Standing {
        self.standings().get(name).cloned().unwrap_or_default()
    }

    /// What they have cosigned; `None` for a line without witnesses.
    pub fn kept(&self) -> Option<&Kept> {
        self.0.kept.as_ref()
    }
}

/// Every lane of a station; dropped, they end.
#[derive(Debug)]
pub(crate) struct Witnessing(JoinSet<()>);

impl Witnessing {
    /// Starts a lane for each witness of each line.
    pub(crate) fn start(lines: &Lines, clock: &Clock, hooks: &Hooks) -> Self {
        let mut lanes = JoinSet::new();
        for keeper in lines.values() {
            for witness in keeper.memorandum().witnesses() {
                let Ok(key) = PublicKey::new(witness.key) else { continue };
                let cosigned = keeper.witnesses.standing(&witness.name).cosigned;
                let books = cosigned.into_iter().map(|(book, (size, _))| (book, Progress::from(size)));
                let lane = Lane {
                    books: books.collect(),
                    wire: Wire::to(&witness.url),
                    keeper: keeper.clone(),
                    witness: witness.clone(),
                    key,
                    clock: clock.clone(),
                    hooks: hooks.clone(),
                    pause: Pause::default(),
                };
                lanes.spawn(lane.run());
            }
        }
        Self(lanes)
    }

    /// Ends them all; each has let go of its line's record then.
    pub(crate) async fn stop(mut self) {
        self.0.shutdown().await;
    }
}

/// A pause that grows.
#[derive(Debug, Clone, Copy, Default)]
struct Pause {
    until: Option<Instant>,
    last: Duration,
}

impl Pause {
    fn is_over(&self) -> bool {
        self.until.is_none_or(|until| until <= Instant::now())
    }

    fn longer(&mut self) {
        self.last = (self.last * 2).clamp(FIRST_PAUSE, LAST_PAUSE);
        self.until = Some(Instant::now() + self.last);
    }

    fn of(&mut self, pause: Duration) {
        *self = Self { until: Some(Instant::now() + pause), last: Duration::ZERO };
    }
}

/// How far a witness is with a book.
#[derive(Debug, Clone, Copy, Default)]
struct Progress {
    /// The size that it is believed to know.
    known: u64,
    /// The size that it has cosigned for us.
    cosigned: u64,
    pause: Pause,
    /// Since when it has told of a larger book than is held.
    ahead: Option<Instant>,
}

impl From<u64> for Progress {
    fn from(cosigned: u64) -> Self {
        Self { known: cosigned, cosigned, ..Self::default() }
    }
}

struct Lane {
    keeper: Keeper,
    witness: Witness,
    key: PublicKey,
    clock: Clock,
    hooks: Hooks,
    wire: Wire,
    books: BTreeMap<Book, Progress>,
    pause: Pause,
}

impl Lane {
    async fn run(mut self) {
        loop {
            if self.pause.is_over() {
                self.look().await;
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Submits every book that grew and is due.
    async fn look(&mut self) {
        let Ok(sizes) = self.keeper.store.sizes() else { return };
        let sizes = sizes.into_iter().filter_map(|(code, size)| Some((Book::from_code(code).ok()?, size)));
        for (book, size) in sizes {
            let progress = *self.books.entry(book).or_default();
            if size <= progress.cosigned || !progress.pause.is_over() {
                continue;
            }
            match self.witness_book(book).await {
                Ok(None) => {}
                Ok(Some(kept)) => self.cosigned(&kept),
                Err(trouble) => {
                    if trouble.is_of_one_book() {
                        self.books.entry(book).or_default().pause.longer();
                        self.troubled(Some(book), trouble);
                    } else {
                        self.pause.longer();
                        return self.troubled(None, trouble);
                    }
                }
            }
        }
    }

    /// Has the newest signed size of a book cosigned, and keeps that; nothing where it has not grown.
    async fn witness_book(&mut self, book: Book) -> Result<Option<KeptCosignature>, Trouble> {
        let store = self.keeper.store.clone();
        let newest = read(move || Ok(store.newest_checkpoint(book.code())?)).await?;
        let progress = self.books.entry(book).or_default();
        let Some(found) = newest.filter(|found| found.size > progress.cosigned) else { return Ok(None) };
        let keys = self.keeper.keyring();
        let Some(author) = keys.book_key(book) else { return Ok(None) };
        let (line, size) = (self.keeper.line(), found.size);
        let checkpoint = Checkpoint { book, size, root: found.root };
        let text = checkpoint.text(&line);
        let note = SignedCheckpoint { checkpoint, signature: found.signature }.note(&line, author);
        let mut old = progress.known.min(size);
        for _ in 0..MAX_TRIES {
            let store = self.keeper.store.clone();
            let proof = read(move || {
                consistency(&store, book, old, size).map_err(|error| Trouble::Own { what: error.to_string() })
            });
            let proof = proof.await?;
            let answer = self.wire.submit(submission(old, &proof, &note)).await?;
            match answer.status {
                200 => {
                    let name = &self.witness.name;
                    let cosignature = Cosignature::from_answer(&answer.body, &text, name, &self.key);
                    let cosignature = cosignature.map_err(Trouble::Answer)?;
                    self.check_clock(&cosignature)?;
                    let kept = KeptCosignature { book, witness: self.witness.key, size, cosignature };
                    let (witnesses, keeping) = (self.keeper.witnesses.clone(), kept.clone());
                    read(move || Ok(witnesses.kept().map(|all| all.keep(&keeping)).transpose()?)).await?;
                    return Ok(Some(kept));
                }
                409 if answer.tells_size => {
                    let told = told_size(&answer.body).map_err(Trouble::Answer)?;
                    if told > size {
                        return self.ahead(book, told);
                    }
                    if told == old {
                        let found = format!("{told}, which was said");
                        let expected = "another old size than the one that it refused";
                        let fault = Fault::misbehaved("size that a witness tells", expected, found);
                        return Err(Trouble::Answer(fault));
                    }
                    old = told;
                    self.books.entry(book).or_default().known = told;
                }
                409 => return Err(Trouble::Disagrees { size }),
                422 => return Err(Trouble::Disagrees { size: old }),
                404 => return Err(Trouble::Unknown),
                403 => return Err(Trouble::Distrusted),
                status => return Err(Trouble::Refused { status, said: answer.said }),
            }
        }
        let fault =
            Fault::misbehaved("size that a witness tells", "one that it then takes", "another each time");
        Err(Trouble::Answer(fault))
    }

    /// It tells of more of a book than was submitted: the next look may find it here; if not, that is told.
    fn ahead(&mut self, book: Book, told: u64) -> Result<Option<KeptCosignature>, Trouble> {
        let held = self.keeper.store.size(book.code())?;
        let own = book.party == self.keeper.party;
        let progress = self.books.entry(book).or_default();
        if told <= held {
            return Ok(None);
        }
        let since = *progress.ahead.get_or_insert_with(Instant::now);
        if own || since.elapsed() >= ON_ITS_WAY {
            return Err(Trouble::Ahead { told, held, own });
        }
        progress.pause.of(Duration::from_secs(10).min(ON_ITS_WAY));
        Ok(None)
    }

    fn check_clock(&self, cosignature: &Cosignature) -> Result<(), Trouble> {
        let here_s = self.clock.now_ms() / 1_000;
        let told_s = cosignature.seconds;
        // A scenario's clock is nobody's.
        if self.clock.is_scenario() || told_s.abs_diff(here_s) <= CLOCKS_APART_S {
            Ok(())
        } else {
            Err(Trouble::Clock { told_s, here_s })
        }
    }

    fn cosigned(&mut self, kept: &KeptCosignature) {
        let KeptCosignature { book, size, cosignature, .. } = kept;
        let every = Duration::from_millis(self.keeper.memorandum().witnessing_ms());
        let progress = self.books.entry(*book).or_default();
        *progress = Progress::from(*size);
        progress.pause.of(every);
        self.pause = Pause::default();
        let name = &self.witness.name;
        let over = {
            let mut standings = self.keeper.witnesses.standings();
            let standing = standings.entry(name.clone()).or_default();
            standing.last_success_ms = Some(self.clock.now_ms());
            standing.cosigned.insert(*book, (*size, cosignature.seconds));
            let all = standing.troubles.remove(&None);
            standing.troubles.remove(&Some(*book)).or(all)
        };
        if let Some((trouble, _)) = over {
            tracing::info!(witness = name, was = trouble.name(), "the witness cosigns again");
        }
        let (witness, seconds) = (name.clone(), cosignature.seconds);
        self.tell(Told::Witnessed { witness, book: *book, size: *size, seconds });
    }

    fn troubled(&self, book: Option<Book>, trouble: Trouble) {
        let (name, now_ms) = (&self.witness.name, self.clock.now_ms());
        let is_new = {
            let mut standings = self.keeper.witnesses.standings();
            let troubles = &mut standings.entry(name.clone()).or_default().troubles;
            let before = troubles.get(&book).map(|(before, since_ms)| (before.name(), *since_ms));
            let since_ms =
                before.filter(|(before, _)| *before == trouble.name()).map(|(_, since_ms)| since_ms);
            troubles.insert(book, (trouble.clone(), since_ms.unwrap_or(now_ms)));
            since_ms.is_none()
        };
        if !is_new {
            tracing::debug!(witness = name, %trouble, "the witness still does not cosign");
            return;
        }
        let of = book.map(|book| book.text(&self.keeper.memorandum().name_of(book.party)));
        tracing::warn!(
            witness = name, book = of, trouble = trouble.name(), %trouble, hint = trouble.hint(),
            key = hex(&self.witness.key), "the witness does not cosign; nothing waits for it"
        );
        self.tell(Told::WitnessTrouble { witness: name.clone(), book, trouble: Box::new(trouble) });
    }

    fn tell(&self, told: Told) {
        self.hooks.run(&told, &self.keeper.memorandum(), self.keeper.party);
        self.keeper.feed.tell(told, None);
    }
}

/// Reads where a thread may wait for the disk.
async fn read<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Trouble> + Send + 'static,
) -> Result<T, Trouble> {
    let stopping = || Trouble::Own { what: "the station stops".into() };
    tokio::task::spawn_blocking(work).await.map_err(|_| stopping())?
}
