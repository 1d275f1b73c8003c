//! What officers, and programs with tokens, did: written down before it is answered, and never changed by this program.

use rusqlite::params;

use super::{Officers, OfficersError, database, whole};

/// Something that an officer, or a program with a token, did.
#[derive(Debug, Clone)]
pub struct Deed {
    /// From 1.
    pub number: u64,
    /// ms since 1970.
    pub time_ms: u64,
    /// The officer's name; `token/` and its name of a token.
    pub officer: String,
    /// What was asked.
    pub what: String,
    /// The entry, or whatever else it was about.
    pub about: String,
    /// How it ended.
    pub outcome: String,
}

impl Officers {
    /// Writes down what an officer, or a program with a token, did.
    ///
    /// # Errors
    /// A database that fails.
    pub fn write_down(
        &self,
        officer: &str,
        what: &str,
        about: &str,
        outcome: &str,
        now_ms: u64,
    ) -> Result<(), OfficersError> {
        self.open_now()
            .execute(
                "INSERT INTO audit (time_ms, officer, what, about, outcome) VALUES (?1, ?2, ?3, ?4, ?5)",
                params![whole(now_ms), officer, what, about, outcome],
            )
            .map(|_| ())
            .map_err(database("write down what an officer did"))
    }

    /// What officers did, the newest first, before a number.
    ///
    /// # Errors
    /// A database that fails.
    pub fn deeds(&self, before: Option<u64>, most: u64) -> Result<Vec<Deed>, OfficersError> {
        let open = self.open_now();
        let mut asked = open
            .prepare("SELECT number, time_ms, officer, what, about, outcome FROM audit WHERE number < ?1 ORDER BY number DESC LIMIT ?2")
            .map_err(database("read what officers did"))?;
        let rows = asked
            .query_map(params![before.map_or(i64::MAX, whole), whole(most)], |row| {
                Ok(Deed {
                    number: row.get::<_, i64>(0)?.unsigned_abs(),
                    time_ms: row.get::<_, i64>(1)?.unsigned_abs(),
                    officer: row.get(2)?,
                    what: row.get(3)?,
                    about: row.get(4)?,
                    outcome: row.get(5)?,
                })
            })
            .map_err(database("read what officers did"))?;
        rows.collect::<Result<_, _>>().map_err(database("read what officers did"))
    }
}
