//! An observer's key, and the card by which parties come to know it (spec/observers.md §1).

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use detente_line::Observer;
use detente_record::{SecretKey, possession_message};
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::error::SetupError;
use crate::home;
use crate::keys::unhex;

/// The file of the key.
#[derive(Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
#[serde(deny_unknown_fields)]
struct KeyFile {
    /// Short name of the observer.
    observer: String,
    key: String,
}

/// An observer's own key.
pub struct ObserverKeys {
    observer: String,
    key: Zeroizing<[u8; 32]>,
}

impl std::fmt::Debug for ObserverKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ObserverKeys").field("observer", &self.observer).finish_non_exhaustive()
    }
}

impl ObserverKeys {
    /// A new key from the system's randomness.
    ///
    /// # Errors
    /// `Io` if the system has none.
    pub fn generate(observer: &str) -> Result<Self, SetupError> {
        let mut key = Zeroizing::new([0; 32]);
        getrandom::fill(key.as_mut()).map_err(|cause| {
            SetupError::io("draw random bytes from", Path::new("the system"), &cause.into())
        })?;
        Ok(Self { observer: observer.into(), key })
    }

    /// Reads a file of a key that is its owner's alone.
    ///
    /// # Errors
    /// `Exposed`, `Io`, or `File` for anything else than a name and a key.
    pub fn read(path: &Path) -> Result<Self, SetupError> {
        let found = fs::metadata(path).map_err(|cause| SetupError::io("read", path, &cause))?;
        let mode = found.permissions().mode() & 0o777;
        if mode & 0o077 != 0 {
            return Err(SetupError::Exposed { path: path.to_owned(), mode });
        }
        // The parser's own message would quote the line; a line of this file is a key.
        let wrong = || SetupError::File {
            path: path.to_owned(),
            text: "expected observer and key, the key as 64 hex digits".into(),
            hint: "restore this file from where you keep it safe; it cannot be made again".into(),
        };
        let text = Zeroizing::new(home::read(path)?);
        let file: KeyFile = toml::from_str(&text).map_err(|_| wrong())?;
        let key = unhex(&file.key).map(Zeroizing::new).ok_or_else(wrong)?;
        Ok(Self { observer: file.observer.clone(), key })
    }

    /// Writes it to a new file, mode 0600.
    ///
    /// # Errors
    /// `Exists` or `Io`.
    pub fn write(&self, path: &Path) -> Result<(), SetupError> {
        let digits = |text: String, byte: &u8| text + &format!("{byte:02x}");
        let key = Zeroizing::new(self.key.iter().fold(String::with_capacity(64), digits));
        let text = Zeroizing::new(format!(
            "# Whoever reads this file can sign findings as {observer}. Never copy it to another machine.\n\
             observer = \"{observer}\"\nkey = \"{}\"\n",
            *key,
            observer = self.observer,
        ));
        home::write(path, &text, 0o600, false)
    }

    /// Short name of the observer.
    pub fn observer(&self) -> &str {
        &self.observer
    }

    /// The key that signs findings.
    pub fn key(&self) -> SecretKey {
        SecretKey::from_seed(*self.key)
    }

    /// The card by which parties come to know this key.
    pub fn card(&self, full_name: &str, languages: Vec<String>) -> Observer {
        let key = self.key();
        Observer {
            name: self.observer.clone(),
            full_name: full_name.into(),
            key: *key.public().bytes(),
            possession: key.sign(&possession_message("observer", &self.observer, &key.public())),
            languages,
        }
    }
}
