//! The officers of a station: who they are, what recognises their passkeys, who is signed in, and what each did.
//!
//! **Promises.** Of one-time links, sessions and tokens only hashes are kept: whoever copies the database can be nobody. What an officer does is
//! written down before it is answered (`audit`), and never changed by this program.
//!
//! **Bounds.** Officers, passkeys of each, sessions, tokens, and how long each lasts. One small database, its owner's
//! alone (0600), beside the lines and not within any: it is this party's own, and nothing of it is ever said on a line.

mod audit;
mod handover;
mod release;
mod role;
mod token;

use std::fs::{self, OpenOptions};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rusqlite::{Connection, OptionalExtension as _, Row, params};
use sha2::{Digest as _, Sha256};
use webauthn_rs::prelude::{Passkey, Uuid};
use zeroize::Zeroizing;

pub use audit::Deed;
pub use handover::Handover;
pub use release::{MOST_WAITING, Waiting};
pub use role::{Right, Role, right_to_write};
pub use token::{AskedToken, SCOPES, Token};

/// Most officers, passkeys of one, and sessions of one.
const MAX_OFFICERS: u64 = 1_000;
const MAX_PASSKEYS: usize = 16;
const MAX_SESSIONS: u64 = 16;
/// How long a one-time link is good for, ms.
const LINK_MS: u64 = 24 * 3_600_000;
/// How long a session lasts, ms: a watch and its handover.
const SESSION_MS: u64 = 14 * 3_600_000;
/// Longest name of an officer, in characters.
const MAX_NAME: usize = 60;
/// The format of the database.
const FORMAT: i64 = 1;

const TABLES: &str = "
PRAGMA journal_mode = WAL;
PRAGMA synchronous = FULL;
PRAGMA foreign_keys = ON;
CREATE TABLE IF NOT EXISTS officer (id BLOB PRIMARY KEY, name TEXT NOT NULL UNIQUE, role TEXT NOT NULL, lines TEXT NOT NULL,
    office TEXT, added_ms INTEGER NOT NULL, ended_ms INTEGER) STRICT;
CREATE TABLE IF NOT EXISTS passkey (credential BLOB PRIMARY KEY, officer BLOB NOT NULL REFERENCES officer, key TEXT NOT NULL,
    added_ms INTEGER NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS invitation (hash BLOB PRIMARY KEY, officer BLOB NOT NULL REFERENCES officer, until_ms INTEGER NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS session (hash BLOB PRIMARY KEY, officer BLOB NOT NULL REFERENCES officer, csrf TEXT NOT NULL,
    until_ms INTEGER NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS audit (number INTEGER PRIMARY KEY AUTOINCREMENT, time_ms INTEGER NOT NULL, officer TEXT NOT NULL,
    what TEXT NOT NULL, about TEXT NOT NULL, outcome TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS handover (line TEXT PRIMARY KEY, outgoing TEXT NOT NULL, list TEXT NOT NULL, begun_ms INTEGER NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS release (id INTEGER PRIMARY KEY AUTOINCREMENT, line TEXT NOT NULL, drafter TEXT, draft TEXT NOT NULL,
    drafted_ms INTEGER NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS token (name TEXT PRIMARY KEY, hash BLOB NOT NULL UNIQUE, scope TEXT NOT NULL, lines TEXT NOT NULL, office TEXT,
    added_ms INTEGER NOT NULL, until_ms INTEGER NOT NULL, used_ms INTEGER, ended_ms INTEGER) STRICT;
PRAGMA user_version = 1;";

/// What is wrong with the officers' database, or with what is asked of it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OfficersError {
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
        cause: std::io::Error,
    },
    /// A file of another version.
    #[error("the officers are of format {found}, expected {FORMAT}")]
    Format {
        /// As found.
        found: i64,
    },
    /// What was asked makes no sense.
    #[error("expected {expected}, found {found}")]
    Misuse {
        /// What makes sense.
        expected: &'static str,
        /// What was asked.
        found: String,
    },
    /// The system gives no random bytes.
    #[error("the system gives no random bytes")]
    NoRandomness,
}

impl OfficersError {
    /// What to do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Database { .. } => "check the disk that holds officers.db",
            Self::File { .. } => "check the file's owner and its disk",
            Self::Format { .. } => "it was written by a later version: use that one",
            Self::Misuse { .. } => "`detente officer list` shows who there is",
            Self::NoRandomness => "look at the system's log",
        }
    }
}

/// An officer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Officer {
    /// For authenticators, and for ever.
    pub id: Uuid,
    /// As people call them; unique at this station.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// On which lines, by name; all, if there are none.
    pub lines: Vec<String>,
    /// The office that they hold, which what they write is released by.
    pub office: Option<String>,
    /// How many passkeys are enrolled.
    pub passkeys: u64,
    /// Since when they are one no more, ms.
    pub ended_ms: Option<u64>,
}

impl Officer {
    /// Whether they may see a line.
    pub fn sees(&self, line: &str) -> bool {
        self.lines.is_empty() || self.lines.iter().any(|name| name == line)
    }
}

/// Somebody who is signed in.
#[derive(Debug, Clone)]
pub struct Session {
    /// Who.
    pub officer: Arc<Officer>,
    /// What its commands carry.
    pub csrf: String,
}

/// The officers of a station; clones are handles to the same ones.
#[derive(Debug, Clone)]
pub struct Officers(Arc<Mutex<Connection>>);

fn database(what: &'static str) -> impl FnOnce(rusqlite::Error) -> OfficersError {
    move |cause| OfficersError::Database { what, cause }
}

fn whole(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn hash(secret: &str) -> [u8; 32] {
    Sha256::digest(secret.as_bytes()).into()
}

/// 32 random bytes as text.
fn secret() -> Result<Zeroizing<String>, OfficersError> {
    let mut bytes = Zeroizing::new([0; 32]);
    getrandom::fill(&mut *bytes).map_err(|_| OfficersError::NoRandomness)?;
    Ok(Zeroizing::new(URL_SAFE_NO_PAD.encode(*bytes)))
}

const OFFICER: &str = "SELECT id, name, role, lines, office, ended_ms,
    (SELECT count(*) FROM passkey WHERE passkey.officer = officer.id) FROM officer";

fn officer(row: &Row<'_>) -> rusqlite::Result<Officer> {
    let id: Vec<u8> = row.get(0)?;
    let (role, lines): (String, String) = (row.get(2)?, row.get(3)?);
    Ok(Officer {
        id: Uuid::from_slice(&id).unwrap_or_default(),
        name: row.get(1)?,
        // A role of a later version may do nothing but read.
        role: Role::named(&role).unwrap_or(Role::Observer),
        lines: serde_json::from_str(&lines).unwrap_or_default(),
        office: row.get(4)?,
        passkeys: row.get::<_, i64>(6)?.unsigned_abs(),
        ended_ms: row.get::<_, Option<i64>>(5)?.map(i64::unsigned_abs),
    })
}

impl Officers {
    /// Opens the officers at a path, or makes a database for them.
    ///
    /// # Errors
    /// What is wrong with the file.
    pub fn open(path: &Path) -> Result<Self, OfficersError> {
        let failed = |cause| OfficersError::File { path: path.display().to_string(), cause };
        // Made first, so that it is nobody else's from its first byte on.
        OpenOptions::new().create(true).append(true).mode(0o600).open(path).map_err(failed)?;
        fs::set_permissions(path, fs::Permissions::from_mode(0o600)).map_err(failed)?;
        let opened = Connection::open(path).map_err(database("open the officers"))?;
        let found: i64 = opened
            .query_row("PRAGMA user_version", [], |row| row.get(0))
            .map_err(database("read the officers' format"))?;
        if found != 0 && found != FORMAT {
            return Err(OfficersError::Format { found });
        }
        opened.execute_batch(TABLES).map_err(database("make the officers' tables"))?;
        Ok(Self(Arc::new(Mutex::new(opened))))
    }

    fn open_now(&self) -> MutexGuard<'_, Connection> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Admits an officer.
    ///
    /// # Errors
    /// Where the name is none or is taken, or there is no room for more.
    pub fn add(
        &self,
        name: &str,
        role: Role,
        lines: &[String],
        office: Option<&str>,
        now_ms: u64,
    ) -> Result<Officer, OfficersError> {
        let name = name.trim();
        let is_plain = |c: char| {
            !c.is_control()
                && !matches!(c, '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
        };
        if name.is_empty() || name.chars().count() > MAX_NAME || !name.chars().all(is_plain) {
            let expected = "a name of 1 to 60 characters, none of them a control";
            return Err(OfficersError::Misuse { expected, found: name.chars().take(MAX_NAME).collect() });
        }
        if name.to_lowercase().starts_with(token::MARK) {
            let expected = "a name that does not begin as those of tokens do";
            return Err(OfficersError::Misuse { expected, found: name.to_owned() });
        }
        let open = self.open_now();
        let count: i64 = open
            .query_row("SELECT count(*) FROM officer", [], |row| row.get(0))
            .map_err(database("count the officers"))?;
        if count.unsigned_abs() >= MAX_OFFICERS {
            return Err(OfficersError::Misuse {
                expected: "at most 1,000 officers, past ones counted",
                found: count.to_string(),
            });
        }
        let taken = open
            .query_row("SELECT 1 FROM officer WHERE name = ?1", [name], |_| Ok(()))
            .optional()
            .map_err(database("look for an officer"))?;
        if taken.is_some() {
            let expected = "a name that no officer of this station has or had";
            return Err(OfficersError::Misuse { expected, found: name.to_owned() });
        }
        let mut id = [0; 16];
        getrandom::fill(&mut id).map_err(|_| OfficersError::NoRandomness)?;
        let id = Uuid::from_bytes(id);
        let listed = serde_json::to_string(lines).unwrap_or_default();
        open.execute(
            "INSERT INTO officer (id, name, role, lines, office, added_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            params![id.as_bytes(), name, role.name(), listed, office, whole(now_ms)],
        )
        .map_err(database("add an officer"))?;
        let (name, lines, office) = (name.to_owned(), lines.to_vec(), office.map(str::to_owned));
        Ok(Officer { id, name, role, lines, office, passkeys: 0, ended_ms: None })
    }

    /// Everybody, past officers as well, by name.
    ///
    /// # Errors
    /// A database that fails.
    pub fn all(&self) -> Result<Vec<Officer>, OfficersError> {
        let open = self.open_now();
        let mut asked =
            open.prepare(&format!("{OFFICER} ORDER BY name")).map_err(database("list the officers"))?;
        let rows = asked.query_map([], officer).map_err(database("list the officers"))?;
        rows.collect::<Result<_, _>>().map_err(database("list the officers"))
    }

    /// An officer of a name who is one still.
    ///
    /// # Errors
    /// Where there is none.
    pub fn named(&self, name: &str) -> Result<Officer, OfficersError> {
        let found = self
            .open_now()
            .query_row(&format!("{OFFICER} WHERE name = ?1 AND ended_ms IS NULL"), [name], officer)
            .optional()
            .map_err(database("look for an officer"))?;
        let none = || OfficersError::Misuse {
            expected: "an officer of this station",
            found: name.chars().take(MAX_NAME).collect(),
        };
        found.ok_or_else(none)
    }

    /// Whether somebody is an officer still.
    ///
    /// # Errors
    /// A database that fails.
    pub fn is_one(&self, officer: &Officer) -> Result<bool, OfficersError> {
        let found = "SELECT 1 FROM officer WHERE id = ?1 AND ended_ms IS NULL";
        let found = self.open_now().query_row(found, [officer.id.as_bytes()], |_| Ok(())).optional();
        found.map(|found| found.is_some()).map_err(database("look for an officer"))
    }

    /// Makes a one-time secret with which an officer enrols a passkey; older ones of theirs are good no more.
    ///
    /// # Errors
    /// A database that fails.
    pub fn invite(&self, of: &Officer, now_ms: u64) -> Result<(Zeroizing<String>, u64), OfficersError> {
        let (secret, until_ms) = (secret()?, now_ms.saturating_add(LINK_MS));
        let mut open = self.open_now();
        let begun = open.transaction().map_err(database("invite an officer"))?;
        begun
            .execute(
                "DELETE FROM invitation WHERE officer = ?1 OR until_ms < ?2",
                params![of.id.as_bytes(), whole(now_ms)],
            )
            .map_err(database("invite an officer"))?;
        begun
            .execute(
                "INSERT INTO invitation (hash, officer, until_ms) VALUES (?1, ?2, ?3)",
                params![hash(&secret), of.id.as_bytes(), whole(until_ms)],
            )
            .map_err(database("invite an officer"))?;
        begun.commit().map_err(database("invite an officer"))?;
        Ok((secret, until_ms))
    }

    /// Whom a one-time secret is for, if it is good; it stays good.
    ///
    /// # Errors
    /// A database that fails.
    pub fn invited(&self, secret: &str, now_ms: u64) -> Result<Option<Officer>, OfficersError> {
        let asked = format!(
            "{OFFICER} JOIN invitation ON invitation.officer = officer.id
             WHERE hash = ?1 AND until_ms >= ?2 AND ended_ms IS NULL"
        );
        self.open_now()
            .query_row(&asked, params![hash(secret), whole(now_ms)], officer)
            .optional()
            .map_err(database("look for an invitation"))
    }

    /// Enrols a passkey, with which the one-time secret is used up.
    ///
    /// # Errors
    /// Where the secret is not good any more, or the officer has as many as may be.
    pub fn enrol(&self, secret: &str, of: &Officer, key: &Passkey, now_ms: u64) -> Result<(), OfficersError> {
        let text = serde_json::to_string(key).unwrap_or_default();
        if self.passkeys(of)?.len() >= MAX_PASSKEYS {
            return Err(OfficersError::Misuse {
                expected: "at most 16 passkeys of one officer",
                found: "one more".into(),
            });
        }
        let mut open = self.open_now();
        let begun = open.transaction().map_err(database("enrol a passkey"))?;
        let used = begun
            .execute(
                "DELETE FROM invitation WHERE hash = ?1 AND officer = ?2 AND until_ms >= ?3",
                params![hash(secret), of.id.as_bytes(), whole(now_ms)],
            )
            .map_err(database("enrol a passkey"))?;
        if used != 1 {
            return Err(OfficersError::Misuse {
                expected: "a one-time link that was not used",
                found: "one that was, or is too old".into(),
            });
        }
        begun
            .execute(
                "INSERT INTO passkey (credential, officer, key, added_ms) VALUES (?1, ?2, ?3, ?4)",
                params![key.cred_id().as_slice(), of.id.as_bytes(), text, whole(now_ms)],
            )
            .map_err(database("enrol a passkey"))?;
        begun.commit().map_err(database("enrol a passkey"))
    }

    /// What recognises an officer's passkeys.
    ///
    /// # Errors
    /// A database that fails.
    pub fn passkeys(&self, of: &Officer) -> Result<Vec<Passkey>, OfficersError> {
        let open = self.open_now();
        let mut asked = open
            .prepare("SELECT key FROM passkey WHERE officer = ?1 ORDER BY added_ms")
            .map_err(database("read passkeys"))?;
        let rows = asked
            .query_map([of.id.as_bytes()], |row| row.get::<_, String>(0))
            .map_err(database("read passkeys"))?;
        let texts: Vec<String> = rows.collect::<Result<_, _>>().map_err(database("read passkeys"))?;
        Ok(texts.iter().filter_map(|text| serde_json::from_str(text).ok()).collect())
    }

    /// Keeps what a use of a passkey has changed of what recognises it, such as its counter.
    ///
    /// # Errors
    /// A database that fails.
    pub fn used(&self, key: &Passkey) -> Result<(), OfficersError> {
        let text = serde_json::to_string(key).unwrap_or_default();
        self.open_now()
            .execute(
                "UPDATE passkey SET key = ?1 WHERE credential = ?2",
                params![text, key.cred_id().as_slice()],
            )
            .map(|_| ())
            .map_err(database("keep a passkey's counter"))
    }

    /// Begins a session; gives its secret. The oldest of too many ends.
    ///
    /// # Errors
    /// A database that fails.
    pub fn begin(&self, of: &Officer, now_ms: u64) -> Result<Zeroizing<String>, OfficersError> {
        let (token, csrf, until_ms) = (secret()?, secret()?, now_ms.saturating_add(SESSION_MS));
        let mut open = self.open_now();
        let begun = open.transaction().map_err(database("begin a session"))?;
        begun
            .execute("DELETE FROM session WHERE until_ms < ?1", [whole(now_ms)])
            .map_err(database("begin a session"))?;
        begun
            .execute(
                "DELETE FROM session WHERE officer = ?1 AND hash NOT IN
                     (SELECT hash FROM session WHERE officer = ?1 ORDER BY until_ms DESC LIMIT ?2)",
                params![of.id.as_bytes(), whole(MAX_SESSIONS - 1)],
            )
            .map_err(database("begin a session"))?;
        begun
            .execute(
                "INSERT INTO session (hash, officer, csrf, until_ms) VALUES (?1, ?2, ?3, ?4)",
                params![hash(&token), of.id.as_bytes(), csrf.as_str(), whole(until_ms)],
            )
            .map_err(database("begin a session"))?;
        begun.commit().map_err(database("begin a session"))?;
        Ok(token)
    }

    /// Whose session a secret is of.
    ///
    /// # Errors
    /// A database that fails.
    pub fn session(&self, token: &str, now_ms: u64) -> Result<Option<Session>, OfficersError> {
        let asked = format!(
            "{}, session.csrf FROM officer JOIN session ON session.officer = officer.id
             WHERE session.hash = ?1 AND session.until_ms >= ?2 AND officer.ended_ms IS NULL",
            OFFICER.trim_end_matches(" FROM officer")
        );
        self.open_now()
            .query_row(&asked, params![hash(token), whole(now_ms)], |row| {
                Ok(Session { officer: Arc::new(officer(row)?), csrf: row.get(7)? })
            })
            .optional()
            .map_err(database("look for a session"))
    }

    /// Ends a session.
    ///
    /// # Errors
    /// A database that fails.
    pub fn end_session(&self, token: &str) -> Result<(), OfficersError> {
        self.open_now()
            .execute("DELETE FROM session WHERE hash = ?1", [hash(token)])
            .map(|_| ())
            .map_err(database("end a session"))
    }

    /// An officer is one no more: sessions, links and passkeys end with it. What they did stays.
    ///
    /// # Errors
    /// Where there is none of that name.
    pub fn end(&self, name: &str, now_ms: u64) -> Result<(), OfficersError> {
        let of = self.named(name)?;
        let mut open = self.open_now();
        let begun = open.transaction().map_err(database("end an officer"))?;
        for table in ["session", "invitation", "passkey"] {
            begun
                .execute(&format!("DELETE FROM {table} WHERE officer = ?1"), [of.id.as_bytes()])
                .map_err(database("end an officer"))?;
        }
        begun
            .execute(
                "UPDATE officer SET ended_ms = ?1 WHERE id = ?2",
                params![whole(now_ms), of.id.as_bytes()],
            )
            .map_err(database("end an officer"))?;
        begun.commit().map_err(database("end an officer"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn officers(name: &str) -> (Officers, std::path::PathBuf) {
        let path = std::env::temp_dir().join(format!("detente-officers-{name}-{}.db", std::process::id()));
        let _ = fs::remove_file(&path);
        (Officers::open(&path).unwrap(), path)
    }

    #[test]
    fn a_link_is_good_once_and_for_a_day() {
        let (officers, path) = officers("link");
        let anna = officers.add("Anna", Role::WatchOfficer, &[], Some("watch officer"), 1_000).unwrap();
        let (first, _) = officers.invite(&anna, 1_000).unwrap();
        let (second, until_ms) = officers.invite(&anna, 2_000).unwrap();
        assert!(officers.invited(&first, 3_000).unwrap().is_none(), "a later link ends an earlier one");
        assert_eq!(officers.invited(&second, until_ms).unwrap().unwrap().name, "Anna");
        assert!(officers.invited(&second, until_ms + 1).unwrap().is_none());
        assert!(officers.invited("", 3_000).unwrap().is_none());
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        fs::remove_file(path).unwrap();
    }

    #[test]
    fn a_session_ends_with_its_time_with_its_officer_and_when_it_is_ended() {
        let (officers, path) = officers("session");
        let anna = officers.add("Anna", Role::Supervisor, &["syria".into()], None, 1_000).unwrap();
        let token = officers.begin(&anna, 1_000).unwrap();
        let session = officers.session(&token, 2_000).unwrap().unwrap();
        assert!(session.officer.sees("syria") && !session.officer.sees("other"));
        assert!(officers.session(&token, 1_000 + SESSION_MS + 1).unwrap().is_none());
        let ended = officers.begin(&anna, 1_000).unwrap();
        officers.end_session(&ended).unwrap();
        assert!(officers.session(&ended, 2_000).unwrap().is_none());
        for _ in 0..MAX_SESSIONS {
            officers.begin(&anna, 3_000).unwrap();
        }
        assert!(officers.session(&token, 4_000).unwrap().is_none(), "the oldest of too many");
        let last = officers.begin(&anna, 5_000).unwrap();
        officers.end("Anna", 6_000).unwrap();
        assert!(officers.session(&last, 6_000).unwrap().is_none());
        assert!(officers.named("Anna").is_err());
        assert!(
            officers.add("Anna", Role::Observer, &[], None, 7_000).is_err(),
            "a name means one person for ever"
        );
        fs::remove_file(path).unwrap();
    }

    #[test]
    fn the_database_holds_no_secret_of_anybody() {
        let (officers, path) = officers("secrets");
        let anna = officers.add("Anna", Role::Observer, &[], None, 1_000).unwrap();
        let (link, _) = officers.invite(&anna, 1_000).unwrap();
        let token = officers.begin(&anna, 1_000).unwrap();
        let mut bytes = fs::read(&path).unwrap();
        bytes.extend(fs::read(path.with_extension("db-wal")).unwrap_or_default());
        for secret in [link.as_bytes(), token.as_bytes()] {
            assert!(!bytes.windows(secret.len()).any(|window| window == secret));
        }
        drop(officers);
        fs::remove_file(path).unwrap();
    }
}
