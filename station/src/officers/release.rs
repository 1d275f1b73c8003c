//! Drafts that wait for a second officer: each until another officer releases it or somebody takes it back.

use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::{Officers, OfficersError, database, whole};

/// Most drafts that wait on a line.
pub const MOST_WAITING: u64 = 100;

/// A draft that one officer has released.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// Its number at this station, never another's.
    pub id: u64,
    /// Who released it first, by name; none for the owner of the station's folder.
    pub drafter: Option<String>,
    /// What was asked to be written, as JSON.
    pub draft: String,
    /// When, ms.
    pub drafted_ms: u64,
}

fn waiting(row: &Row<'_>) -> rusqlite::Result<Waiting> {
    Ok(Waiting {
        id: row.get::<_, i64>(0)?.unsigned_abs(),
        drafter: row.get(1)?,
        draft: row.get(2)?,
        drafted_ms: row.get::<_, i64>(3)?.unsigned_abs(),
    })
}

fn count(opened: &Connection, line: &str) -> Result<u64, OfficersError> {
    opened
        .query_row("SELECT count(*) FROM release WHERE line = ?1", [line], |row| row.get::<_, i64>(0))
        .map(i64::unsigned_abs)
        .map_err(database("count what waits for a second officer"))
}

impl Officers {
    /// Keeps a draft until a second officer releases it; gives its number.
    ///
    /// # Errors
    /// Where too many wait, and a database that fails.
    pub fn await_release(
        &self,
        line: &str,
        drafter: Option<&str>,
        draft: &str,
        now_ms: u64,
    ) -> Result<u64, OfficersError> {
        let opened = self.open_now();
        if count(&opened, line)? >= MOST_WAITING {
            let found = format!("{MOST_WAITING} that wait already");
            return Err(OfficersError::Misuse {
                expected: "fewer drafts that wait for a second officer",
                found,
            });
        }
        opened
            .query_row(
                "INSERT INTO release (line, drafter, draft, drafted_ms) VALUES (?1, ?2, ?3, ?4) RETURNING id",
                params![line, drafter, draft, whole(now_ms)],
                |row| row.get::<_, i64>(0),
            )
            .map(i64::unsigned_abs)
            .map_err(database("keep a draft"))
    }

    /// How many drafts wait on a line.
    ///
    /// # Errors
    /// A database that fails.
    pub fn waiting_count(&self, line: &str) -> Result<u64, OfficersError> {
        count(&self.open_now(), line)
    }

    /// The drafts that wait on a line, the oldest first.
    ///
    /// # Errors
    /// A database that fails.
    pub fn waiting(&self, line: &str) -> Result<Vec<Waiting>, OfficersError> {
        let opened = self.open_now();
        let mut asked = opened
            .prepare_cached("SELECT id, drafter, draft, drafted_ms FROM release WHERE line = ?1 ORDER BY id")
            .map_err(database("look for what waits for a second officer"))?;
        let found = asked.query_map([line], waiting).and_then(Iterator::collect);
        found.map_err(database("read what waits for a second officer"))
    }

    /// One of them.
    ///
    /// # Errors
    /// A database that fails.
    pub fn waiting_one(&self, line: &str, id: u64) -> Result<Option<Waiting>, OfficersError> {
        self.open_now()
            .query_row(
                "SELECT id, drafter, draft, drafted_ms FROM release WHERE line = ?1 AND id = ?2",
                params![line, whole(id)],
                waiting,
            )
            .optional()
            .map_err(database("look for a draft"))
    }

    /// Has a draft wait no more; says whether it did.
    ///
    /// # Errors
    /// A database that fails.
    pub fn end_waiting(&self, line: &str, id: u64) -> Result<bool, OfficersError> {
        self.open_now()
            .execute("DELETE FROM release WHERE line = ?1 AND id = ?2", params![line, whole(id)])
            .map(|ended| ended == 1)
            .map_err(database("end the waiting of a draft"))
    }

    /// Has a draft wait again that could not be written, under its own number.
    ///
    /// # Errors
    /// A database that fails.
    pub fn wait_again(&self, line: &str, again: &Waiting) -> Result<(), OfficersError> {
        self.open_now()
            .execute(
                "INSERT INTO release (id, line, drafter, draft, drafted_ms) VALUES (?1, ?2, ?3, ?4, ?5)",
                params![whole(again.id), line, again.drafter, again.draft, whole(again.drafted_ms)],
            )
            .map(|_| ())
            .map_err(database("keep a draft"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drafts_wait_through_a_start_each_under_its_own_number_and_no_more_than_there_is_room_for() {
        let path = std::env::temp_dir().join(format!("detente-officers-release-{}.db", std::process::id()));
        let _ = std::fs::remove_file(&path);
        let officers = Officers::open(&path).unwrap();
        let first = officers.await_release("syria", Some("Anna"), "{}", 1_000).unwrap();
        let second = officers.await_release("syria", None, "{\"kind\":\"leaves\"}", 2_000).unwrap();
        assert!(officers.end_waiting("syria", second).unwrap());
        assert!(!officers.end_waiting("syria", second).unwrap(), "of two, one releases it");
        assert!(!officers.end_waiting("other", first).unwrap());
        drop(officers);
        let officers = Officers::open(&path).unwrap();
        let third = officers.await_release("syria", None, "{}", 3_000).unwrap();
        assert!(third > second, "no number comes twice");
        let held = officers.waiting("syria").unwrap();
        assert_eq!(held.iter().map(|one| one.id).collect::<Vec<_>>(), [first, third]);
        let one = officers.waiting_one("syria", first).unwrap().unwrap();
        assert_eq!((one.drafter.as_deref(), one.drafted_ms), (Some("Anna"), 1_000));
        assert_eq!(officers.waiting_one("other", first).unwrap(), None);
        officers.end_waiting("syria", first).unwrap();
        officers.wait_again("syria", &one).unwrap();
        assert_eq!(officers.waiting_one("syria", first).unwrap(), Some(one));
        for _ in 2..MOST_WAITING {
            officers.await_release("syria", None, "{}", 4_000).unwrap();
        }
        assert!(officers.await_release("syria", None, "{}", 4_000).is_err());
        assert_eq!(officers.waiting_count("syria").unwrap(), MOST_WAITING);
        std::fs::remove_file(path).unwrap();
    }
}
