//! Tokens: with which programs make calls of the API, each within its scope and lines, until it is over.
//!
//! A token is never an officer: in the audit, and wherever somebody is named, it stands as `token/NAME`, and no officer is called so.

use std::fmt;

use rusqlite::{OptionalExtension as _, Row, params};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::{Officers, OfficersError, Right, database, secret, whole};

/// What a token's name begins with wherever an officer's name could stand.
pub(super) const MARK: &str = "token/";
/// What the secret of a token begins with, so that people and programs see what they have found.
const SECRET: &str = "detente_";
/// Most tokens, past ones counted.
const MAX_TOKENS: u64 = 1_000;
/// How long a token lasts where nobody says, and at most, ms.
pub(crate) const USUAL_MS: u64 = 90 * 86_400_000;
const LONGEST_MS: u64 = 366 * 86_400_000;
/// Longest name, in characters.
const MAX_NAME: usize = 60;
/// To which time it is known when a token was last used, ms: a program that asks every second does not write every second.
const USE_MS: u64 = 60_000;

/// What a token may be allowed, by name: every right but to administer.
pub const SCOPES: [(&str, Right); 5] = [
    ("read", Right::Read),
    ("plan", Right::Plan),
    ("notify", Right::Notify),
    ("write", Right::Write),
    ("act", Right::Act),
];

/// A token, without its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// As people call the program; no two tokens of a station have one name, ever.
    pub name: String,
    /// What it may do, in the order of [`SCOPES`]; reading is always part of it.
    pub scope: Vec<Right>,
    /// On which lines, by name; all, if there are none.
    pub lines: Vec<String>,
    /// The office that what it writes is released by.
    pub office: Option<String>,
    /// Since when it is one, ms.
    pub added_ms: u64,
    /// Until when it is good, ms.
    pub until_ms: u64,
    /// When it was last used, ms, to the minute.
    pub used_ms: Option<u64>,
    /// Since when it is one no more, ms.
    pub ended_ms: Option<u64>,
}

impl Token {
    /// Its name where an officer's could stand.
    pub fn marked(&self) -> String {
        format!("{MARK}{}", self.name)
    }

    /// Whether it may see a line.
    pub fn sees(&self, line: &str) -> bool {
        self.lines.is_empty() || self.lines.iter().any(|name| name == line)
    }

    /// Whether it is good at a time.
    pub fn is_good(&self, now_ms: u64) -> bool {
        self.ended_ms.is_none() && now_ms <= self.until_ms
    }

    /// The names of its scope.
    pub fn scope_names(&self) -> Vec<&'static str> {
        SCOPES.iter().filter(|(_, right)| self.scope.contains(right)).map(|(name, _)| *name).collect()
    }
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the token {}", self.name)
    }
}

/// A token that is asked for.
#[derive(Debug, Clone, Copy)]
pub struct AskedToken<'a> {
    /// As people are to call it: lowercase letters, digits, `-`, `.` and `_`.
    pub name: &'a str,
    /// The names of what it may do; reading need not be said.
    pub scope: &'a [String],
    /// On which lines; all, if there are none.
    pub lines: &'a [String],
    /// The office that what it writes is released by.
    pub office: Option<&'a str>,
    /// Until when, ms; 90 days, if not said, and 366 at most.
    pub until_ms: Option<u64>,
}

/// A secret is 32 random bytes: whoever looks for one that has the hash of another looks for ever, and so nothing is learnt from how
/// long the search for a hash takes.
fn hash(secret: &str) -> [u8; 32] {
    Sha256::digest(secret.as_bytes()).into()
}

fn rights(names: &str) -> Vec<Right> {
    // A scope of a later version is none here.
    let named = |name: &str| SCOPES.iter().find(|(known, _)| *known == name).map(|(_, right)| *right);
    names.split(',').filter_map(named).collect()
}

const TOKEN: &str = "SELECT name, scope, lines, office, added_ms, until_ms, used_ms, ended_ms FROM token";

fn token(row: &Row<'_>) -> rusqlite::Result<Token> {
    let (scope, lines): (String, String) = (row.get(1)?, row.get(2)?);
    let moment = |at: usize| Ok::<_, rusqlite::Error>(row.get::<_, Option<i64>>(at)?.map(i64::unsigned_abs));
    let lines = serde_json::from_str(&lines).map_err(|cause| {
        rusqlite::Error::FromSqlConversionFailure(2, rusqlite::types::Type::Text, Box::new(cause))
    })?;
    Ok(Token {
        name: row.get(0)?,
        scope: rights(&scope),
        lines,
        office: row.get(3)?,
        added_ms: row.get::<_, i64>(4)?.unsigned_abs(),
        until_ms: row.get::<_, i64>(5)?.unsigned_abs(),
        used_ms: moment(6)?,
        ended_ms: moment(7)?,
    })
}

/// Holds what is asked for to what a token can be: its scope as names, and until when.
fn checked(asked: &AskedToken<'_>, now_ms: u64) -> Result<(String, u64), OfficersError> {
    let misuse = |expected: &'static str, found: String| OfficersError::Misuse { expected, found };
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '.' | '_');
    let name = asked.name;
    if name.is_empty() || name.len() > MAX_NAME || !name.chars().all(is_plain) {
        let expected = "a name of 1 to 60 lowercase letters, digits, -, . and _";
        return Err(misuse(expected, name.chars().take(MAX_NAME).collect()));
    }
    let is_scope = |name: &&String| SCOPES.iter().any(|(known, _)| known == name);
    if let Some(other) = asked.scope.iter().find(|name| !is_scope(name)) {
        let expected = "a scope of read, plan, notify, write and act; no token administers";
        return Err(misuse(expected, other.chars().take(MAX_NAME).collect()));
    }
    let is_in = |name: &str| name == "read" || asked.scope.iter().any(|asked| asked == name);
    let scope: Vec<&str> = SCOPES.iter().map(|(name, _)| *name).filter(|name| is_in(name)).collect();
    let until_ms = asked.until_ms.unwrap_or_else(|| now_ms.saturating_add(USUAL_MS));
    if until_ms <= now_ms || until_ms > now_ms.saturating_add(LONGEST_MS) {
        return Err(misuse("a time from now to 366 days from now", format!("{until_ms} ms since 1970")));
    }
    Ok((scope.join(","), until_ms))
}

impl Officers {
    /// Makes a token; gives it with its secret, which is nowhere else.
    ///
    /// # Errors
    /// Where the name is none or is taken, the scope or the time is none that a token may have, or there is no room for more.
    pub fn add_token(
        &self,
        asked: &AskedToken<'_>,
        now_ms: u64,
    ) -> Result<(Token, Zeroizing<String>), OfficersError> {
        let (scope, until_ms) = checked(asked, now_ms)?;
        let open = self.open_now();
        let count: i64 = open
            .query_row("SELECT count(*) FROM token", [], |row| row.get(0))
            .map_err(database("count the tokens"))?;
        if count.unsigned_abs() >= MAX_TOKENS {
            let expected = "at most 1,000 tokens, past ones counted";
            return Err(OfficersError::Misuse { expected, found: count.to_string() });
        }
        // Officers of before there were tokens may be called as one would be.
        let taken = "SELECT 1 FROM token WHERE name = ?1 UNION SELECT 1 FROM officer WHERE name = ?2";
        let taken = open
            .query_row(taken, params![asked.name, format!("{MARK}{}", asked.name)], |_| Ok(()))
            .optional()
            .map_err(database("look for a token"))?;
        if taken.is_some() {
            let expected = "a name that no token of this station has or had";
            return Err(OfficersError::Misuse { expected, found: asked.name.to_owned() });
        }
        let random = secret()?;
        let made = Zeroizing::new(format!("{SECRET}{}", *random));
        let lines = serde_json::to_string(asked.lines).unwrap_or_else(|_| "none".into());
        open.execute(
            "INSERT INTO token (name, hash, scope, lines, office, added_ms, until_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            params![asked.name, hash(&made), scope, lines, asked.office, whole(now_ms), whole(until_ms)],
        )
        .map_err(database("add a token"))?;
        let token = Token {
            name: asked.name.to_owned(),
            scope: rights(&scope),
            lines: asked.lines.to_vec(),
            office: asked.office.map(str::to_owned),
            added_ms: now_ms,
            until_ms,
            used_ms: None,
            ended_ms: None,
        };
        Ok((token, made))
    }

    /// Every token, past ones as well, by name.
    ///
    /// # Errors
    /// A database that fails.
    pub fn tokens(&self) -> Result<Vec<Token>, OfficersError> {
        let open = self.open_now();
        let mut asked =
            open.prepare(&format!("{TOKEN} ORDER BY name")).map_err(database("list the tokens"))?;
        let rows = asked.query_map([], token).map_err(database("list the tokens"))?;
        rows.collect::<Result<_, _>>().map_err(database("list the tokens"))
    }

    /// The token of a name, whether it is good or not.
    ///
    /// # Errors
    /// A database that fails.
    pub fn token_named(&self, name: &str) -> Result<Option<Token>, OfficersError> {
        self.open_now()
            .query_row(&format!("{TOKEN} WHERE name = ?1"), [name], token)
            .optional()
            .map_err(database("look for a token"))
    }

    /// Whose secret this is, whether the token is good or not.
    ///
    /// # Errors
    /// A database that fails.
    pub fn token_of(&self, secret: &str) -> Result<Option<Token>, OfficersError> {
        self.open_now()
            .query_row(&format!("{TOKEN} WHERE hash = ?1"), [hash(secret)], token)
            .optional()
            .map_err(database("look for a token"))
    }

    /// Keeps when a token was used, to the minute.
    ///
    /// # Errors
    /// A database that fails.
    pub fn used_token(&self, used: &Token, now_ms: u64) -> Result<(), OfficersError> {
        if used.used_ms.is_some_and(|last_ms| now_ms.saturating_sub(last_ms) < USE_MS) {
            return Ok(());
        }
        self.open_now()
            .execute("UPDATE token SET used_ms = ?1 WHERE name = ?2", params![whole(now_ms), used.name])
            .map(|_| ())
            .map_err(database("keep when a token was used"))
    }

    /// A token is one no more, from the next call on. What it did stays.
    ///
    /// # Errors
    /// Where there is none of that name that has not ended.
    pub fn end_token(&self, name: &str, now_ms: u64) -> Result<(), OfficersError> {
        let ended = self
            .open_now()
            .execute(
                "UPDATE token SET ended_ms = ?1 WHERE name = ?2 AND ended_ms IS NULL",
                params![whole(now_ms), name],
            )
            .map_err(database("end a token"))?;
        if ended == 1 {
            return Ok(());
        }
        let found = name.chars().take(MAX_NAME).collect();
        Err(OfficersError::Misuse { expected: "a token of this station that has not ended", found })
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::officers::Role;

    fn officers(name: &str) -> (Officers, PathBuf) {
        let path = std::env::temp_dir().join(format!("detente-tokens-{name}-{}.db", std::process::id()));
        let _ = std::fs::remove_file(&path);
        (Officers::open(&path).unwrap(), path)
    }

    fn asked(name: &str) -> AskedToken<'_> {
        AskedToken { name, scope: &[], lines: &[], office: None, until_ms: None }
    }

    #[test]
    fn a_token_is_good_until_its_time_or_its_end_and_its_name_is_nobody_elses() {
        let (officers, path) = officers("time");
        let scope = ["notify".to_owned()];
        let wanted = AskedToken { scope: &scope, lines: &["syria".into()], ..asked("flight-planner") };
        let (made, secret) = officers.add_token(&wanted, 1_000).unwrap();
        assert_eq!(made.scope_names(), ["read", "notify"], "reading is part of each");
        let found = officers.token_of(&secret).unwrap().unwrap();
        assert_eq!(found, made);
        assert!(found.is_good(1_000 + USUAL_MS) && !found.is_good(1_001 + USUAL_MS));
        assert!(found.sees("syria") && !found.sees("other"));
        assert_eq!(officers.token_of("").unwrap(), None);
        assert_eq!(officers.token_of(&secret.to_uppercase()).unwrap(), None);
        officers.end_token("flight-planner", 2_000).unwrap();
        assert!(!officers.token_of(&secret).unwrap().unwrap().is_good(2_000));
        assert!(officers.end_token("flight-planner", 3_000).is_err(), "it ends once");
        assert!(officers.add_token(&asked("flight-planner"), 3_000).is_err());
        std::fs::remove_file(path).unwrap();
    }

    #[test]
    fn what_no_token_can_be_is_refused() {
        let (officers, path) = officers("refused");
        for name in ["", "Anna", "a b", "a/b", "ä", "token/a", &"a".repeat(61)] {
            assert!(officers.add_token(&asked(name), 1_000).is_err(), "{name}");
        }
        for scope in ["administer", "admin", "", "Read", "read,write"] {
            let scope = [scope.to_owned()];
            assert!(officers.add_token(&AskedToken { scope: &scope, ..asked("a") }, 1_000).is_err());
        }
        for until_ms in [0, 1_000, 1_001 + LONGEST_MS, u64::MAX] {
            let wanted = AskedToken { until_ms: Some(until_ms), ..asked("a") };
            assert!(officers.add_token(&wanted, 1_000).is_err(), "{until_ms}");
        }
        assert_eq!(officers.tokens().unwrap(), []);
        std::fs::remove_file(path).unwrap();
    }

    #[test]
    fn a_token_and_an_officer_are_never_called_alike() {
        let (officers, path) = officers("alike");
        for name in ["token/planner", "Token/planner", " TOKEN/x"] {
            assert!(officers.add(name, Role::Observer, &[], None, 1_000).is_err(), "{name}");
        }
        officers.add("planner", Role::Observer, &[], None, 1_000).unwrap();
        let (token, _) = officers.add_token(&asked("planner"), 1_000).unwrap();
        assert_eq!(token.marked(), "token/planner");
        // One of before there were tokens.
        officers
            .open_now()
            .execute("UPDATE officer SET name = 'token/old' WHERE name = 'planner'", [])
            .unwrap();
        assert!(officers.add_token(&asked("old"), 1_000).is_err());
        std::fs::remove_file(path).unwrap();
    }

    #[test]
    fn the_database_holds_no_secret_of_a_token_and_its_use_to_the_minute() {
        let (officers, path) = officers("secret");
        let (token, secret) = officers.add_token(&asked("monitor"), 1_000).unwrap();
        let mut bytes = std::fs::read(&path).unwrap();
        bytes.extend(std::fs::read(path.with_extension("db-wal")).unwrap_or_default());
        assert!(!bytes.windows(secret.len()).any(|window| window == secret.as_bytes()));
        let used = |now_ms| {
            let before = officers.token_named("monitor").unwrap().unwrap();
            officers.used_token(&before, now_ms).unwrap();
            officers.token_named("monitor").unwrap().unwrap().used_ms
        };
        assert_eq!(token.used_ms, None);
        assert_eq!([used(2_000), used(2_000 + USE_MS - 1)], [Some(2_000); 2]);
        assert_eq!(used(2_000 + USE_MS), Some(2_000 + USE_MS));
        drop(officers);
        std::fs::remove_file(path).unwrap();
    }

    #[test]
    fn a_database_of_before_there_were_tokens_gets_its_table() {
        let (officers, path) = officers("old");
        officers.open_now().execute_batch("DROP TABLE token").unwrap();
        drop(officers);
        let officers = Officers::open(&path).unwrap();
        officers.add_token(&asked("monitor"), 1_000).unwrap();
        assert_eq!(officers.tokens().unwrap().len(), 1);
        std::fs::remove_file(path).unwrap();
    }
}
