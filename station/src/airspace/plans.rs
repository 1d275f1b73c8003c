//! A party's own plans, kept beside the record and never said to anybody.
//!
//! One small database a line, its owner's alone (0600): a plan is the body of a notice (spec/line.md §4.1) under a
//! number of its own. Whoever copies the record does not copy the plans.

use std::fs::{self, OpenOptions};
use std::io;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

use detente_line::{Content, Notice, kind::number};
use detente_record::Fault;
use rusqlite::{Connection, OptionalExtension as _, params};

/// Most plans of a line.
pub const MAX_PLANS: usize = 100_000;
/// The format of the database.
const FORMAT: i64 = 1;

/// What is wrong with the plans' database, or with a plan.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PlansError {
    /// The database failed.
    #[error("could not {what}: {cause}")]
    Database {
        /// What was tried.
        what: &'static str,
        /// What it said.
        cause: rusqlite::Error,
    },
    /// The file cannot be opened.
    #[error("could not open {path}: {cause}")]
    File {
        /// Which.
        path: String,
        /// What the system said.
        cause: io::Error,
    },
    /// A file of another version.
    #[error("the plans are of format {found}, expected {FORMAT}")]
    Format {
        /// As found.
        found: i64,
    },
    /// A plan that can no longer be read.
    #[error("plan {number}: {fault}")]
    Plan {
        /// Which.
        number: u64,
        /// Why.
        fault: Fault,
    },
    /// As many as may be.
    #[error("expected at most {MAX_PLANS} plans; drop those that are over")]
    Full,
}

impl PlansError {
    /// What to do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Database { .. } => {
                "check the disk that holds plans.db; without that file the station starts with no plans"
            }
            Self::File { .. } => "check the file's owner and its disk",
            Self::Format { .. } => "it was written by a later version: use that one",
            Self::Plan { .. } => "put that file back from a copy, or remove it and add the plans again",
            Self::Full => "`detente plan drop` takes out what is past",
        }
    }
}

/// The plans of a line.
#[derive(Debug)]
pub(super) struct Plans(Connection);

fn database(what: &'static str) -> impl FnOnce(rusqlite::Error) -> PlansError {
    move |cause| PlansError::Database { what, cause }
}

impl Plans {
    /// Opens the plans at a path, or makes a database for them.
    ///
    /// # Errors
    /// What is wrong with the file.
    pub(super) fn open(path: &Path) -> Result<Self, PlansError> {
        let failed = |cause| PlansError::File { path: path.display().to_string(), cause };
        // Made first, so that it is nobody else's from its first byte on.
        OpenOptions::new().create(true).append(true).mode(0o600).open(path).map_err(failed)?;
        fs::set_permissions(path, fs::Permissions::from_mode(0o600)).map_err(failed)?;
        let opened = Connection::open(path).map_err(database("open the plans"))?;
        let found: i64 = opened
            .query_row("PRAGMA user_version", [], |row| row.get(0))
            .map_err(database("read the plans' format"))?;
        if found != 0 && found != FORMAT {
            return Err(PlansError::Format { found });
        }
        opened
            .execute_batch(
                "PRAGMA synchronous = FULL;
                 CREATE TABLE IF NOT EXISTS plan (number INTEGER PRIMARY KEY AUTOINCREMENT, body BLOB NOT NULL) STRICT;
                 CREATE TABLE IF NOT EXISTS told (one INTEGER PRIMARY KEY CHECK (one = 1), until_ms INTEGER NOT NULL) STRICT;
                 PRAGMA user_version = 1;",
            )
            .map_err(database("make the plans' table"))?;
        Ok(Self(opened))
    }

    /// All plans, by number.
    pub(super) fn all(&self) -> Result<Vec<(u64, Notice)>, PlansError> {
        const WHAT: &str = "read the plans";
        let mut prepared =
            self.0.prepare("SELECT number, body FROM plan ORDER BY number").map_err(database(WHAT))?;
        let rows = prepared
            .query_map([], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, Vec<u8>>(1)?)))
            .map_err(database(WHAT))?;
        rows.map(|row| {
            let (number, body) = row.map_err(database(WHAT))?;
            read(number.cast_unsigned(), &body)
        })
        .collect()
    }

    /// The plan of a number.
    pub(super) fn one(&self, number: u64) -> Result<Option<Notice>, PlansError> {
        let body: Option<Vec<u8>> = self
            .0
            .query_row("SELECT body FROM plan WHERE number = ?1", [number.cast_signed()], |row| row.get(0))
            .optional()
            .map_err(database("read a plan"))?;
        body.map(|body| read(number, &body).map(|(_, plan)| plan)).transpose()
    }

    /// Keeps plans, all of them or none; gives their numbers, which ascend and are never used again.
    pub(super) fn keep(&mut self, plans: &[Notice]) -> Result<Vec<u64>, PlansError> {
        const WHAT: &str = "keep a plan";
        let kept = self.0.transaction().map_err(database(WHAT))?;
        let held: i64 =
            kept.query_row("SELECT count(*) FROM plan", [], |row| row.get(0)).map_err(database(WHAT))?;
        if held.cast_unsigned() as usize + plans.len() > MAX_PLANS {
            return Err(PlansError::Full);
        }
        let mut numbers = Vec::with_capacity(plans.len());
        for plan in plans {
            let body = Content::Notice(plan.clone()).encode();
            kept.prepare_cached("INSERT INTO plan (body) VALUES (?1)")
                .and_then(|mut insert| insert.execute(params![body]))
                .map_err(database(WHAT))?;
            numbers.push(kept.last_insert_rowid().cast_unsigned());
        }
        kept.commit().map_err(database(WHAT))?;
        Ok(numbers)
    }

    /// Up to when, ms, it was told what comes due of notices; 0 where nothing ever was.
    pub(super) fn told_ms(&self) -> Result<u64, PlansError> {
        let told = self.0.query_row("SELECT until_ms FROM told", [], |row| row.get::<_, i64>(0)).optional();
        Ok(told.map_err(database("read what was told"))?.map_or(0, i64::cast_unsigned))
    }

    /// Keeps up to when it was told.
    pub(super) fn keep_told_ms(&self, until_ms: u64) -> Result<(), PlansError> {
        let kept = self.0.execute(
            "INSERT INTO told VALUES (1, ?1) ON CONFLICT (one) DO UPDATE SET until_ms = max(until_ms, ?1)",
            [until_ms.cast_signed()],
        );
        kept.map(|_| ()).map_err(database("keep what was told"))
    }

    /// Drops a plan; whether it was there.
    pub(super) fn drop(&self, number: u64) -> Result<bool, PlansError> {
        let dropped = self.0.execute("DELETE FROM plan WHERE number = ?1", [number.cast_signed()]);
        dropped.map(|count| count > 0).map_err(database("drop a plan"))
    }
}

fn read(number: u64, body: &[u8]) -> Result<(u64, Notice), PlansError> {
    match Content::decode(number::NOTICE, body) {
        Ok(Content::Notice(plan)) => Ok((number, plan)),
        Ok(_) => {
            let fault = Fault::malformed("plan", "a notice", "something else");
            Err(PlansError::Plan { number, fault })
        }
        Err(fault) => Err(PlansError::Plan { number, fault }),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

    use std::collections::BTreeMap;

    use detente_line::airspace::altitude::Band;
    use detente_line::airspace::area::Area;
    use detente_line::airspace::span::Span;
    use detente_line::airspace::volume::Volume;
    use detente_line::{Notice, Position};

    use super::*;

    fn plan(text: &str) -> Notice {
        let area = Area::new(&[Position { lat: 350_000_000, lon: 400_000_000 }], &[]).unwrap();
        Notice {
            kind: "activity".into(),
            text: text.into(),
            volumes: vec![Volume::new(area, Band::ALL, Span::new(1, 2).unwrap())],
            fields: BTreeMap::new(),
            emergency: false,
            waypoints: Vec::new(),
        }
    }

    #[test]
    fn plans_are_their_owners_alone_and_come_back() {
        let folder = std::env::temp_dir().join(format!("detente-plans-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let path = folder.join("plans.db");
        let mut plans = Plans::open(&path).unwrap();
        assert_eq!(plans.keep(&[plan("one"), plan("two")]).unwrap(), [1, 2]);
        assert!(plans.drop(2).unwrap());
        assert!(!plans.drop(2).unwrap());
        drop(plans);
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let mut plans = Plans::open(&path).unwrap();
        // A number is never used again.
        assert_eq!(plans.keep(&[plan("three")]).unwrap(), [3]);
        assert_eq!(plans.all().unwrap(), [(1, plan("one")), (3, plan("three"))]);
        assert_eq!(plans.one(3).unwrap(), Some(plan("three")));
        assert_eq!(plans.one(2).unwrap(), None);
        plans.0.execute("UPDATE plan SET body = x'a0' WHERE number = 3", []).unwrap();
        assert!(matches!(plans.all(), Err(PlansError::Plan { number: 3, .. })));
        drop(plans);
        Connection::open(&path).unwrap().execute_batch("PRAGMA user_version = 7").unwrap();
        assert!(matches!(Plans::open(&path), Err(PlansError::Format { found: 7 })));
        fs::remove_dir_all(&folder).unwrap();
    }
}
