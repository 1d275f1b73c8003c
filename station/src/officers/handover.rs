//! Handovers of the watch that were begun: one a line at most, until another officer takes over or it is begun anew.

use rusqlite::{OptionalExtension as _, params};

use super::{Officers, OfficersError, database, whole};

/// A handover that waits for whoever takes over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Handover {
    /// Who hands over, by name.
    pub outgoing: String,
    /// What was open when it was begun, as JSON.
    pub list: String,
    /// When it was begun, ms.
    pub begun_ms: u64,
}

impl Officers {
    /// Begins a handover on a line, in place of one that was begun there before.
    ///
    /// # Errors
    /// A database that fails.
    pub fn begin_handover(&self, line: &str, begun: &Handover) -> Result<(), OfficersError> {
        self.open_now()
            .execute(
                "INSERT OR REPLACE INTO handover (line, outgoing, list, begun_ms) VALUES (?1, ?2, ?3, ?4)",
                params![line, begun.outgoing, begun.list, whole(begun.begun_ms)],
            )
            .map(|_| ())
            .map_err(database("begin a handover"))
    }

    /// The handover that waits on a line.
    ///
    /// # Errors
    /// A database that fails.
    pub fn handover(&self, line: &str) -> Result<Option<Handover>, OfficersError> {
        self.open_now()
            .query_row("SELECT outgoing, list, begun_ms FROM handover WHERE line = ?1", [line], |row| {
                Ok(Handover {
                    outgoing: row.get(0)?,
                    list: row.get(1)?,
                    begun_ms: row.get::<_, i64>(2)?.unsigned_abs(),
                })
            })
            .optional()
            .map_err(database("look for a handover"))
    }

    /// Ends the handover of a line, if it is this one still; says whether it was.
    ///
    /// # Errors
    /// A database that fails.
    pub fn end_handover(&self, line: &str, of: &Handover) -> Result<bool, OfficersError> {
        self.open_now()
            .execute(
                "DELETE FROM handover WHERE line = ?1 AND begun_ms = ?2 AND list = ?3",
                params![line, whole(of.begun_ms), of.list],
            )
            .map(|ended| ended == 1)
            .map_err(database("end a handover"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_handover_waits_through_a_start_and_ends_once() {
        let path = std::env::temp_dir().join(format!("detente-officers-handover-{}.db", std::process::id()));
        let _ = std::fs::remove_file(&path);
        let begun =
            |outgoing: &str, begun_ms| Handover { outgoing: outgoing.into(), list: "{}".into(), begun_ms };
        let officers = Officers::open(&path).unwrap();
        officers.begin_handover("syria", &begun("Anna", 1_000)).unwrap();
        officers.begin_handover("syria", &begun("Boris", 2_000)).unwrap();
        drop(officers);
        let officers = Officers::open(&path).unwrap();
        assert_eq!(officers.handover("syria").unwrap(), Some(begun("Boris", 2_000)));
        assert_eq!(officers.handover("other").unwrap(), None);
        assert!(
            !officers.end_handover("syria", &begun("Anna", 1_000)).unwrap(),
            "another was begun in its place"
        );
        assert!(officers.end_handover("syria", &begun("Boris", 2_000)).unwrap());
        assert!(!officers.end_handover("syria", &begun("Boris", 2_000)).unwrap(), "of two, one takes it");
        std::fs::remove_file(path).unwrap();
    }
}
