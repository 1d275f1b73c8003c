//! A witness's folder: its key, the logs that it knows, its memory.
//!
//! ```text
//! FOLDER/key.toml     its name and key, mode 0600
//! FOLDER/logs.txt     a vkey of a log a line; read again at SIGHUP
//! FOLDER/witness.db   what it has cosigned: never put back from a copy
//! FOLDER/lock         one process at a time
//! ```
//!
//! A witness whose memory is gone, or older than its word, could be made to cosign a second history. So a memory that is
//! missing beside a key is refused, never made anew; a lost one ends the witness, and another begins under a new key.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use detente_line::Keyring;
use detente_record::note::{COSIGNATURE, ED25519};
use detente_record::{Book, Class, LineId, Party, PublicKey, SecretKey, VerifierKey};
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::memory::Memory;
use crate::error::SetupError;
use crate::home;
use crate::keys::unhex;

/// Generations of each book of a line, of each rank of its party's keys, whose keys [`line_keys`] gives: a book goes on in a later one
/// when its store was lost, seldom more than 16 further on each time (spec/record.md §9).
pub const GENERATIONS: u16 = 64;
/// Most logs that a witness knows.
pub const MAX_LOGS: usize = 8_192;

/// The logs that a witness knows: the keys of each origin.
pub type Logs = BTreeMap<String, Arc<[VerifierKey]>>;

/// The file of a witness's key.
#[derive(Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
#[serde(deny_unknown_fields)]
struct KeyFile {
    name: String,
    seed: String,
}

/// A witness's folder.
#[derive(Debug, Clone)]
pub struct Folder(PathBuf);

impl Folder {
    /// The folder at a path, whether it exists or not.
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    /// Its path.
    pub fn path(&self) -> &Path {
        &self.0
    }

    fn key(&self) -> PathBuf {
        self.0.join("key.toml")
    }

    /// The logs that it knows.
    pub fn logs(&self) -> PathBuf {
        self.0.join("logs.txt")
    }

    /// What it has cosigned.
    pub fn memory(&self) -> PathBuf {
        self.0.join("witness.db")
    }

    pub(super) fn lock(&self) -> PathBuf {
        self.0.join("lock")
    }

    /// Makes a witness: a new key from the system's randomness, an empty memory, no logs. Gives its vkey.
    ///
    /// # Errors
    /// `Exists` for a folder that has one; `Io`; `Fault` for a name that a key cannot have.
    pub fn make(&self, name: &str) -> Result<VerifierKey, SetupError> {
        if self.key().exists() {
            return Err(SetupError::Exists { path: self.key() });
        }
        home::Home::at(&self.0).make(&self.0)?;
        let mut seed = Zeroizing::new([0; 32]);
        getrandom::fill(seed.as_mut_slice())
            .map_err(|cause| SetupError::io("draw random bytes for", &self.0, &cause.into()))?;
        let secret = SecretKey::from_seed(*seed);
        let vkey = VerifierKey { name: name.into(), signature_type: COSIGNATURE, key: secret.public() };
        // Whatever cannot be read back must not be given out.
        VerifierKey::parse(&vkey.text())?;
        Memory::make(&self.memory())?;
        home::write(&self.logs(), "# A log a line, as its vkey. Read again at SIGHUP.\n", 0o600, false)?;
        let hex = Zeroizing::new(detente_record::hex(seed.as_slice()));
        let text = Zeroizing::new(format!(
            "# Whoever reads this file can be this witness. Never copy it to another machine.\nname = {name:?}\nseed = \"{}\"\n",
            *hex
        ));
        home::write(&self.key(), &text, 0o600, false)?;
        Ok(vkey)
    }

    /// Its key, and the vkey of it.
    ///
    /// # Errors
    /// `Exposed` where others could read it, `Io`, `File`.
    pub fn read_key(&self) -> Result<(SecretKey, VerifierKey), SetupError> {
        let path = self.key();
        let found = fs::metadata(&path).map_err(|cause| SetupError::io("read", &path, &cause))?;
        let mode = found.permissions().mode() & 0o777;
        if mode & 0o077 != 0 {
            return Err(SetupError::Exposed { path, mode });
        }
        // The parser's own message would quote the line; a line of this file is a key.
        let wrong = || SetupError::File {
            path: path.clone(),
            text: "expected a name, and a seed of 64 hex digits".into(),
            hint: "restore this file from where you keep it safe, or make a new witness in another folder"
                .into(),
        };
        let text = Zeroizing::new(home::read(&path)?);
        let file: KeyFile = toml::from_str(&text).map_err(|_| wrong())?;
        let seed: Zeroizing<[u8; 32]> = unhex(&file.seed).map(Zeroizing::new).ok_or_else(wrong)?;
        let secret = SecretKey::from_seed(*seed);
        let vkey = VerifierKey { name: file.name.clone(), signature_type: COSIGNATURE, key: secret.public() };
        Ok((secret, vkey))
    }

    /// The logs of its list.
    ///
    /// # Errors
    /// `Io`, or `File` with the line.
    pub fn read_logs(&self) -> Result<Logs, SetupError> {
        let path = self.logs();
        let mut logs: BTreeMap<String, Vec<VerifierKey>> = BTreeMap::new();
        for key in read_keys(&path)? {
            let keys = logs.entry(key.name.clone()).or_default();
            if !keys.contains(&key) {
                keys.push(key);
            }
        }
        if logs.len() > MAX_LOGS {
            let text = format!("expected at most {MAX_LOGS} logs, found {}", logs.len());
            return Err(SetupError::File { path, text, hint: "run a second witness for the others".into() });
        }
        Ok(logs.into_iter().map(|(origin, keys)| (origin, keys.into())).collect())
    }

    /// Adds logs to its list; gives how many were new.
    ///
    /// # Errors
    /// As [`Folder::read_logs`]; nothing was added then.
    pub fn add(&self, keys: &[VerifierKey]) -> Result<usize, SetupError> {
        let path = self.logs();
        let mut text = home::read(&path)?;
        let known: BTreeSet<String> = read_keys(&path)?.iter().map(VerifierKey::text).collect();
        let mut count = 0;
        for key in keys.iter().map(VerifierKey::text).filter(|key| !known.contains(key)) {
            if !text.ends_with('\n') {
                text.push('\n');
            }
            text.push_str(&key);
            text.push('\n');
            count += 1;
        }
        if text.len() as u64 > home::MAX_FILE || known.len() + count > MAX_LOGS {
            return Err(SetupError::TooLarge { path, limit: home::MAX_FILE });
        }
        home::write(&path, &text, 0o600, true)?;
        Ok(count)
    }
}

/// The keys of logs in a file: a vkey a line; empty lines and those that begin with `#` are passed over.
///
/// # Errors
/// `Io`, or `File` with the line.
pub fn read_keys(path: &Path) -> Result<Vec<VerifierKey>, SetupError> {
    let text = home::read(path)?;
    let lines = text.lines().map(str::trim).enumerate();
    let lines = lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
    lines
        .map(|(place, line)| {
            let wrong = |text: String| SetupError::File {
                path: path.to_owned(),
                text: format!("line {}: {text}", place + 1),
                hint: "a log is given as its vkey: name+key id+base64".into(),
            };
            let key = VerifierKey::parse(line).map_err(|fault| wrong(fault.to_string()))?;
            match key.signature_type {
                ED25519 => Ok(key),
                _ => Err(wrong("expected the key of a log (type 1), found that of a witness".into())),
            }
        })
        .collect()
}

/// The keys under which the books of a line are witnessed, ascending by origin: which book is whose and of which
/// precedence cannot be seen from it. A keyring of the memorandum alone knows no keys that were renewed.
pub fn line_keys(line: &LineId, keyring: &Keyring) -> Vec<VerifierKey> {
    let of_party = |(party, rank, key): (Party, u8, &PublicKey)| {
        let first = u16::from(rank) * Book::GENERATIONS_OF_A_RANK;
        let books = (first..first + GENERATIONS)
            .flat_map(move |generation| Class::ALL.map(|class| Book { generation, party, class }));
        let key = key.clone();
        books.map(move |book| VerifierKey {
            name: book.origin(line),
            signature_type: ED25519,
            key: key.clone(),
        })
    };
    let mut keys: Vec<VerifierKey> = keyring.book_keys().flat_map(of_party).collect();
    keys.sort_by(|a, b| a.name.cmp(&b.name));
    keys
}
