//! What a witness remembers: the last checkpoint that it cosigned of each log, and what convicts a log.
//!
//! **Promises.** One thread decides and writes, so that no two submissions of a log are ever compared with the same
//! memory; it answers only after the commit of everything that it decided on, which is durable then (SQLite, write-ahead
//! log, `synchronous=FULL`). What waits is decided on as one group, and shares one sync.
//!
//! **Refuses.** To go on after a failed write: everybody who waits is told, and the witness ends. To begin where there is
//! no memory (see [`folder`](super::folder)).

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;

use detente_record::base64;
use detente_record::witness::{Conviction, Decision, Known, Vetted};
use rusqlite::{Connection, OpenFlags, OptionalExtension as _, params};
use tokio::sync::oneshot;

use crate::clock::Clock;
use crate::error::SetupError;

/// The format of the database.
const FORMAT: u32 = 1;
/// Marks the file as a witness's: "dtnw".
const APPLICATION: u32 = 0x6474_6e77;
/// Most submissions that wait.
const MAX_WAITING: usize = 4_096;
/// Most submissions of a group.
const GROUP: usize = 512;
/// Most checkpoints of one log that are kept beside a proof that leads nowhere: anybody may send these.
const MAX_UNPROVED: u32 = 16;
/// Most checkpoints of one log that are kept because they convict it: only the log's key makes these.
const MAX_CONVICTIONS: u32 = 64;
/// Most findings that are listed at a time.
pub const MAX_LISTED: usize = 100;

const TABLES: &str = "
    CREATE TABLE log (
        origin TEXT PRIMARY KEY, size INTEGER NOT NULL, root BLOB NOT NULL, note TEXT NOT NULL,
        seconds INTEGER NOT NULL) STRICT, WITHOUT ROWID;
    CREATE TABLE fork (
        id INTEGER PRIMARY KEY, origin TEXT NOT NULL, size INTEGER NOT NULL, root BLOB NOT NULL, found TEXT NOT NULL,
        seconds INTEGER NOT NULL, known TEXT NOT NULL, shown TEXT NOT NULL, proof TEXT NOT NULL,
        UNIQUE (origin, size, root, found)) STRICT;
";

/// What was decided, durably.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decided {
    /// On the submission.
    pub decision: Decision,
    /// The time to cosign it with: the witness's clock, never earlier than before for the same log.
    pub seconds: u64,
}

/// The witness cannot go on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MemoryError {
    /// Too many wait.
    #[error("more than {MAX_WAITING} submissions wait")]
    Busy,
    /// It was stopped, or its memory failed.
    #[error("the memory is closed")]
    Closed,
}

/// What was kept against a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Which log.
    pub origin: String,
    /// `one size`, `across sizes`: it convicts. `unproved`: nobody has shown that the two agree.
    pub found: String,
    /// When, seconds since 1970.
    pub seconds: u64,
    /// The checkpoint that the witness knew.
    pub known: String,
    /// The one that it was shown.
    pub shown: String,
    /// The proof that came with it, a hash a line.
    pub proof: String,
}

/// A log that was cosigned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cosigned {
    /// Which log.
    pub origin: String,
    /// How many leaves.
    pub size: u64,
    /// When it was first cosigned at this size, seconds since 1970.
    pub seconds: u64,
}

struct Ask {
    vetted: Vetted,
    decided: oneshot::Sender<Decided>,
}

/// A witness's memory at work; dropped, it decides on what waits, and closes.
#[derive(Debug)]
pub struct Memory {
    asks: Option<SyncSender<Ask>>,
    thread: Option<JoinHandle<()>>,
}

fn failed(what: &'static str, path: &Path) -> impl Fn(rusqlite::Error) -> SetupError {
    move |cause| SetupError::File {
        path: path.to_owned(),
        text: format!("could not {what}: {cause}"),
        hint: "check the disk; never put a witness's memory back from a copy: make a new witness instead"
            .into(),
    }
}

impl Memory {
    /// Makes an empty memory.
    ///
    /// # Errors
    /// `Exists`, or `File`.
    pub fn make(path: &Path) -> Result<(), SetupError> {
        if path.exists() {
            return Err(SetupError::Exists { path: path.to_owned() });
        }
        let fail = failed("make the memory", path);
        let connection = Connection::open(path).map_err(&fail)?;
        let make = || {
            connection.pragma_update(None, "journal_mode", "wal")?;
            connection.pragma_update(None, "synchronous", "full")?;
            connection.execute_batch(TABLES)?;
            connection.pragma_update(None, "application_id", APPLICATION)?;
            connection.pragma_update(None, "user_version", FORMAT)
        };
        make().map_err(fail)
    }

    /// Begins with the memory at a path. `ended` is told why it cannot go on, should that be.
    ///
    /// # Errors
    /// `File`: there is none, or it is something else.
    pub fn open(
        path: &Path,
        clock: Clock,
        ended: impl FnOnce(String) + Send + 'static,
    ) -> Result<Self, SetupError> {
        let connection = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        let set = || {
            connection.pragma_update(None, "journal_mode", "wal")?;
            connection.pragma_update(None, "synchronous", "full")
        };
        set().map_err(failed("open the memory", path))?;
        let (asks, asked) = sync_channel(MAX_WAITING);
        let thread = std::thread::Builder::new()
            .name("memory".into())
            .spawn(move || {
                let mut mind = Mind { connection, known: HashMap::new(), clock };
                if let Err(cause) = mind.work(&asked) {
                    ended(format!("the memory failed: {cause}"));
                }
            })
            .map_err(|cause| SetupError::io("start a thread for", path, &cause))?;
        Ok(Self { asks: Some(asks), thread: Some(thread) })
    }

    /// Decides on a submission; answers once that is durable.
    ///
    /// # Errors
    /// `Busy`, `Closed`.
    pub async fn decide(&self, vetted: Vetted) -> Result<Decided, MemoryError> {
        let (decided, answer) = oneshot::channel();
        let asks = self.asks.as_ref().ok_or(MemoryError::Closed)?;
        asks.try_send(Ask { vetted, decided }).map_err(|error| match error {
            TrySendError::Full(_) => MemoryError::Busy,
            TrySendError::Disconnected(_) => MemoryError::Closed,
        })?;
        answer.await.map_err(|_| MemoryError::Closed)
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        self.asks = None;
        if let Some(thread) = self.thread.take() {
            // A panic of the thread was reported where it happened.
            let _ = thread.join();
        }
    }
}

fn connect(path: &Path, access: OpenFlags) -> Result<Connection, SetupError> {
    let fail = failed("open the memory", path);
    // Never made here: a witness without memory could be made to cosign a second history.
    let connection =
        Connection::open_with_flags(path, access | OpenFlags::SQLITE_OPEN_NO_MUTEX).map_err(&fail)?;
    let ask = |pragma| connection.pragma_query_value(None, pragma, |row| row.get::<_, u32>(0)).map_err(&fail);
    let found = (ask("application_id")?, ask("user_version")?);
    if found == (APPLICATION, FORMAT) {
        return Ok(connection);
    }
    Err(SetupError::File {
        path: path.to_owned(),
        text: format!(
            "expected a witness's memory of format {FORMAT}, found format {} of {:08x}",
            found.1, found.0
        ),
        hint: "it is of another program, or of a later version: use that one".into(),
    })
}

/// The one thread: the database, and what is in it of the logs that were asked for.
struct Mind {
    connection: Connection,
    known: HashMap<String, Option<(Known, u64)>>,
    clock: Clock,
}

impl Mind {
    fn work(&mut self, asked: &Receiver<Ask>) -> rusqlite::Result<()> {
        while let Ok(first) = asked.recv() {
            let group: Vec<Ask> = std::iter::once(first).chain(asked.try_iter()).take(GROUP).collect();
            // A failure drops the group: whoever waits hears that nothing was decided.
            self.connection.execute_batch("BEGIN IMMEDIATE")?;
            let mut decided = Vec::with_capacity(group.len());
            for Ask { vetted, decided: answer } in group {
                decided.push((answer, self.decide(&vetted)?));
            }
            self.connection.execute_batch("COMMIT")?;
            for (answer, decided) in decided {
                // Who asked may have gone.
                let _ = answer.send(decided);
            }
        }
        Ok(())
    }

    fn decide(&mut self, vetted: &Vetted) -> rusqlite::Result<Decided> {
        if !self.known.contains_key(&vetted.origin) {
            let read = read_known(&self.connection, &vetted.origin)?;
            self.known.insert(vetted.origin.clone(), read);
        }
        let held = self.known.get(&vetted.origin).and_then(Option::as_ref);
        let before = held.map_or(0, |(_, seconds)| *seconds);
        let seconds = (self.clock.now_ms() / 1_000).max(before);
        let known = held.map(|(known, _)| known);
        let decision = vetted.decide(known);
        match &decision {
            Decision::Cosign => {
                self.connection
                    .prepare_cached(
                        "INSERT INTO log (origin, size, root, note, seconds) VALUES (?1, ?2, ?3, ?4, ?5)
                         ON CONFLICT (origin) DO UPDATE SET size = ?2, root = ?3, note = ?4, seconds = ?5",
                    )?
                    .execute(params![
                        vetted.origin,
                        vetted.size.cast_signed(),
                        vetted.root,
                        vetted.note,
                        seconds.cast_signed()
                    ])?;
                let known = Known { size: vetted.size, root: vetted.root, note: vetted.note.clone() };
                self.known.insert(vetted.origin.clone(), Some((known, seconds)));
            }
            Decision::Forked => self.find(vetted, known, Some(Conviction::OneSize), seconds)?,
            Decision::Unproved { convicts } => self.find(vetted, known, *convicts, seconds)?,
            Decision::Stale { convicts: Some(conviction), .. } => {
                self.find(vetted, known, Some(*conviction), seconds)?;
            }
            Decision::Again | Decision::Backwards | Decision::Stale { convicts: None, .. } => {}
        }
        Ok(Decided { decision, seconds })
    }

    /// Keeps what was shown beside what is known.
    fn find(
        &self,
        vetted: &Vetted,
        known: Option<&Known>,
        convicts: Option<Conviction>,
        seconds: u64,
    ) -> rusqlite::Result<()> {
        let Some(known) = known else { return Ok(()) };
        let (found, most) = match convicts {
            Some(Conviction::OneSize) => ("one size", MAX_CONVICTIONS),
            Some(Conviction::AcrossSizes) => ("across sizes", MAX_CONVICTIONS),
            None => ("unproved", MAX_UNPROVED),
        };
        let proof: String = vetted.proof.iter().map(|hash| base64(hash) + "\n").collect();
        self.connection
            .prepare_cached(
                "INSERT OR IGNORE INTO fork (origin, size, root, found, seconds, known, shown, proof)
                 SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8
                 WHERE (SELECT count(*) FROM fork WHERE origin = ?1 AND found = ?4) < ?9",
            )?
            .execute(params![
                vetted.origin,
                vetted.size.cast_signed(),
                vetted.root,
                found,
                seconds.cast_signed(),
                known.note,
                vetted.note,
                proof,
                most
            ])?;
        if convicts.is_some() {
            tracing::error!(
                origin = vetted.origin,
                size = vetted.size,
                found,
                "a log has two histories; both checkpoints are kept"
            );
        }
        Ok(())
    }
}

fn read_known(connection: &Connection, origin: &str) -> rusqlite::Result<Option<(Known, u64)>> {
    connection
        .prepare_cached("SELECT size, root, note, seconds FROM log WHERE origin = ?1")?
        .query_row([origin], |row| {
            let size = row.get::<_, i64>(0)?.cast_unsigned();
            let known = Known { size, root: row.get(1)?, note: row.get(2)? };
            Ok((known, row.get::<_, i64>(3)?.cast_unsigned()))
        })
        .optional()
}

/// A look at a memory, whether its witness runs or not.
#[derive(Debug)]
pub struct Look {
    connection: Connection,
    path: PathBuf,
}

impl Look {
    /// Opens it to read.
    ///
    /// # Errors
    /// `File`.
    pub fn open(path: &Path) -> Result<Self, SetupError> {
        let connection = connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        Ok(Self { connection, path: path.to_owned() })
    }

    /// The newest [`MAX_LISTED`] findings: first those that convict.
    ///
    /// # Errors
    /// `File`.
    pub fn findings(&self) -> Result<Vec<Finding>, SetupError> {
        let read = || {
            let mut prepared = self.connection.prepare(
                "SELECT origin, found, seconds, known, shown, proof FROM fork
                 ORDER BY found = 'unproved', id DESC LIMIT ?1",
            )?;
            let rows = prepared.query_map([MAX_LISTED as i64], |row| {
                Ok(Finding {
                    origin: row.get(0)?,
                    found: row.get(1)?,
                    seconds: row.get::<_, i64>(2)?.cast_unsigned(),
                    known: row.get(3)?,
                    shown: row.get(4)?,
                    proof: row.get(5)?,
                })
            })?;
            rows.collect::<rusqlite::Result<Vec<_>>>()
        };
        read().map_err(failed("read the memory", &self.path))
    }

    /// Every log that was cosigned, by origin.
    ///
    /// # Errors
    /// `File`.
    pub fn cosigned(&self) -> Result<Vec<Cosigned>, SetupError> {
        let read = || {
            let mut prepared =
                self.connection.prepare("SELECT origin, size, seconds FROM log ORDER BY origin")?;
            let rows = prepared.query_map([], |row| {
                Ok(Cosigned {
                    origin: row.get(0)?,
                    size: row.get::<_, i64>(1)?.cast_unsigned(),
                    seconds: row.get::<_, i64>(2)?.cast_unsigned(),
                })
            })?;
            rows.collect::<rusqlite::Result<Vec<_>>>()
        };
        read().map_err(failed("read the memory", &self.path))
    }
}
