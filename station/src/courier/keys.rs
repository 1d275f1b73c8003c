//! The private halves of this station's courier keys, for one line: a file that is its owner's alone (spec/courier.md §2).

use std::path::{Path, PathBuf};

use detente_line::COURIER_KEY;
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::sealed::{KeyId, key_id, public};
use crate::error::SetupError;
use crate::home;
use crate::keys::{hex, private, random, unhex};

/// How old the last key becomes, ms: 30 days.
const ROTATION_MS: u64 = 30 * 86_400_000;
/// How long a key is kept after the next one was made, ms: 400 days.
const KEPT_MS: u64 = 400 * 86_400_000;
/// How long a relay may keep a file, ms: 60 days.
const RECENT_MS: u64 = 60 * 86_400_000;
/// Most keys.
const MAX_KEYS: usize = 17;

/// The file.
#[derive(Default, Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
#[serde(deny_unknown_fields)]
struct KeyFile {
    #[serde(default)]
    key: Vec<KeyOf>,
}

/// One key.
#[derive(Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
#[serde(deny_unknown_fields)]
struct KeyOf {
    rank: u8,
    number: u64,
    seed: String,
}

/// A courier key of this station's own.
pub(super) struct Private {
    pub(super) rank: u8,
    pub(super) number: u64,
    pub(super) seed: Zeroizing<[u8; 32]>,
    pub(super) public: Box<[u8; COURIER_KEY]>,
    pub(super) id: KeyId,
}

/// All of them that were not erased yet, the last one last.
pub(super) struct PrivateKeys {
    path: PathBuf,
    keys: Vec<Private>,
}

impl PrivateKeys {
    /// Reads the file, if there is one.
    ///
    /// # Errors
    /// `Exposed`, `Io`, or `File` for anything else than keys.
    pub(super) fn read(path: &Path) -> Result<Self, SetupError> {
        let mut keys = Vec::new();
        if path.exists() {
            private(path)?;
            // The parser's own message would quote the line; a line of this file is a key.
            let wrong = || {
                SetupError::File {
                path: path.to_owned(),
                text: "expected [[key]] with rank, number and seed, the key as 64 hex digits".into(),
                hint: "move it away: the station makes another key, and files sealed to the old ones stay closed".into(),
            }
            };
            let text = Zeroizing::new(home::read(path)?);
            let file: KeyFile = toml::from_str(&text).map_err(|_| wrong())?;
            for of in &file.key {
                let seed = unhex(&of.seed).map(Zeroizing::new).ok_or_else(wrong)?;
                keys.push(Private::of(of.rank, of.number, seed).ok_or_else(wrong)?);
            }
        }
        Ok(Self { path: path.to_owned(), keys })
    }

    /// The last one.
    pub(super) fn last(&self) -> Option<&Private> {
        self.keys.last()
    }

    /// Those that files of the last months may be sealed to, the last one first.
    pub(super) fn recent(&self, now_ms: u64) -> impl Iterator<Item = &Private> {
        let young = move |next: &Private| now_ms.saturating_sub(next.number) <= RECENT_MS;
        let replaced = self.keys.iter().zip(self.keys.iter().skip(1)).rev();
        let replaced = replaced.filter(move |(_, next)| young(next)).map(|(key, _)| key);
        self.keys.last().into_iter().chain(replaced)
    }

    /// The one of a name.
    pub(super) fn named(&self, id: &[u8]) -> Option<&Private> {
        self.keys.iter().find(|key| key.id == id)
    }

    /// Makes another one where there is none of this rank, the last one is old, or it is asked for; and erases those that nobody should need any more.
    ///
    /// # Errors
    /// `Io`, also if the system has no randomness.
    pub(super) fn renew(&mut self, rank: u8, now_ms: u64, asked: bool) -> Result<bool, SetupError> {
        let due = self
            .last()
            .is_none_or(|last| last.rank != rank || now_ms.saturating_sub(last.number) >= ROTATION_MS);
        let makes = due || asked;
        if makes {
            let number = self.last().map_or(now_ms, |last| now_ms.max(last.number + 1));
            self.keys.extend(Private::of(rank, number, random()?));
        }
        // A key is out of use since the next one was made.
        let over = |next: &Private| now_ms.saturating_sub(next.number) > KEPT_MS;
        let erased = self.keys.iter().skip(1).filter(|next| over(next)).count();
        let erased = erased.max(self.keys.len().saturating_sub(MAX_KEYS));
        self.keys.drain(..erased);
        if makes || erased > 0 {
            self.write()?;
        }
        Ok(makes)
    }

    fn write(&self) -> Result<(), SetupError> {
        // Room for all of it at once, so that no copy of a key is left behind.
        let mut text = Zeroizing::new(String::with_capacity(256 * (self.keys.len() + 1)));
        text.push_str("# What courier files for this station are sealed to. It makes and erases these keys by itself.\n");
        for key in &self.keys {
            let seed = Zeroizing::new(hex(&key.seed));
            text.push_str("\n[[key]]\n");
            text.push_str(&format!("rank = {}\nnumber = {}\nseed = \"", key.rank, key.number));
            text.push_str(&seed);
            text.push_str("\"\n");
        }
        home::write(&self.path, &text, 0o600, true)
    }
}

impl Private {
    fn of(rank: u8, number: u64, seed: Zeroizing<[u8; 32]>) -> Option<Self> {
        let public = public(&seed)?;
        let id = key_id(&public);
        Some(Self { rank, number, seed, public, id })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY_MS: u64 = 86_400_000;

    #[test]
    fn keys_rotate_stay_for_files_under_way_and_are_erased() {
        let folder = std::env::temp_dir().join(format!("detente-courier-keys-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let path = folder.join("courier.toml");
        let mut keys = PrivateKeys::read(&path).unwrap();
        assert!(keys.renew(0, DAY_MS, false).unwrap(), "the first");
        let first = keys.last().unwrap().id;
        assert!(!keys.renew(0, 29 * DAY_MS, false).unwrap(), "young");
        assert!(keys.renew(0, 32 * DAY_MS, false).unwrap(), "old");
        assert!(keys.renew(1, 33 * DAY_MS, false).unwrap(), "of another rank");
        assert!(keys.renew(1, 33 * DAY_MS, true).unwrap(), "asked for");
        let again = PrivateKeys::read(&path).unwrap();
        assert!(again.named(&first).is_some());
        let numbers: Vec<u64> = again.keys.iter().map(|key| key.number).collect();
        assert_eq!(numbers, [DAY_MS, 32 * DAY_MS, 33 * DAY_MS, 33 * DAY_MS + 1]);
        keys.renew(1, 432 * DAY_MS, false).unwrap();
        assert!(keys.named(&first).is_some(), "400 days after the second");
        keys.renew(1, 433 * DAY_MS, false).unwrap();
        assert!(keys.named(&first).is_none(), "over");
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
