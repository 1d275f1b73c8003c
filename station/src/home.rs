//! A station's folder: where everything of it is, and that nobody else can read what must stay its own.
//!
//! ```text
//! HOME/station.toml             how this station runs
//! HOME/station.sock             its API, mode 0600
//! HOME/webhooks/NAME.secret     what a webhook is signed with, mode 0600
//! HOME/lines/NAME/keys.toml     this party's keys and secret for a line, mode 0600
//! HOME/lines/NAME/keys.1.toml   the same after a renewal, and so on
//! HOME/lines/NAME/renewals.toml what brought them
//! HOME/lines/NAME/serial-PARTY.toml   the keys of the serial circuit to a party, mode 0600
//! HOME/lines/NAME/memorandum.toml   the memorandum in force
//! HOME/lines/NAME/store/        the record
//! HOME/lines/NAME/blobs/        the attachments
//! HOME/lines/NAME/courier/      the private courier keys, mode 0600, and files being made
//! HOME/lines/NAME/witnessed.db   the cosignatures of witnesses
//! HOME/instance/NAME            the instance mark: never part of a backup of lines/
//! ```

use std::fs::{self, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use crate::error::SetupError;

/// The largest file of people's making that is read: memoranda, configurations, cards.
pub const MAX_FILE: u64 = 1 << 20;

/// A station's folder.
#[derive(Debug, Clone)]
pub struct Home(PathBuf);

impl Home {
    /// The folder at a path, whether it exists or not.
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    /// Its path.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// How this station runs.
    pub fn config(&self) -> PathBuf {
        self.0.join("station.toml")
    }

    /// Where its API listens.
    pub fn socket(&self) -> PathBuf {
        self.0.join("station.sock")
    }

    /// The officers of the station.
    pub fn officers(&self) -> PathBuf {
        self.0.join("officers.db")
    }

    /// The certificate that the console made itself, and its key.
    pub fn console_certificate(&self) -> PathBuf {
        self.0.join("console.crt")
    }

    /// The key of that certificate.
    pub fn console_key(&self) -> PathBuf {
        self.0.join("console.key")
    }

    /// What a webhook is signed with.
    pub fn webhook_secret(&self, name: &str) -> PathBuf {
        self.0.join("webhooks").join(format!("{name}.secret"))
    }

    /// The folder of a line.
    pub fn line(&self, name: &str) -> PathBuf {
        self.0.join("lines").join(name)
    }

    /// This party's keys for a line.
    pub fn keys(&self, name: &str) -> PathBuf {
        self.line(name).join("keys.toml")
    }

    /// This party's keys of a rank.
    pub fn keys_of(&self, name: &str, rank: u8) -> PathBuf {
        match rank {
            0 => self.keys(name),
            rank => self.line(name).join(format!("keys.{rank}.toml")),
        }
    }

    /// What brought this party's keys of later ranks.
    pub fn renewals(&self, name: &str) -> PathBuf {
        self.line(name).join("renewals.toml")
    }

    /// The keys of a serial circuit to a party.
    pub fn serial_keys(&self, name: &str, peer: &str) -> PathBuf {
        self.line(name).join(format!("serial-{peer}.toml"))
    }

    /// The memorandum in force.
    pub fn memorandum(&self, name: &str) -> PathBuf {
        self.line(name).join("memorandum.toml")
    }

    /// The amendment that admits this party, where it is not of those who founded the line.
    pub fn admission(&self, name: &str) -> PathBuf {
        self.line(name).join("admission.toml")
    }

    /// The memorandum that names this party's keys.
    pub fn enrolling(&self, name: &str) -> PathBuf {
        let admission = self.admission(name);
        if admission.exists() { admission } else { self.memorandum(name) }
    }

    /// The record.
    pub fn store(&self, name: &str) -> PathBuf {
        self.line(name).join("store")
    }

    /// The own plans.
    pub fn plans(&self, name: &str) -> PathBuf {
        self.line(name).join("plans.db")
    }

    /// The attachments.
    pub fn blobs(&self, name: &str) -> PathBuf {
        self.line(name).join("blobs")
    }

    /// The courier keys.
    pub fn courier(&self, name: &str) -> PathBuf {
        self.line(name).join("courier")
    }

    /// The cosignatures of witnesses.
    pub fn witnessed(&self, name: &str) -> PathBuf {
        self.line(name).join("witnessed.db")
    }

    /// The instance mark.
    pub fn mark(&self, name: &str) -> PathBuf {
        self.0.join("instance").join(name)
    }

    /// Makes a folder of it, for its owner alone.
    ///
    /// # Errors
    /// `Io` if that fails.
    pub fn make(&self, folder: &Path) -> Result<(), SetupError> {
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)
            .map_err(|cause| SetupError::io("make the folder", folder, &cause))
    }

    /// The names of the lines that have keys here.
    ///
    /// # Errors
    /// `Io` if the folder cannot be read.
    pub fn lines(&self) -> Result<Vec<String>, SetupError> {
        let folder = self.0.join("lines");
        let found = match fs::read_dir(&folder) {
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            found => found.map_err(|cause| SetupError::io("list", &folder, &cause))?,
        };
        let mut names = Vec::new();
        for name in found.filter_map(|entry| entry.ok()?.file_name().into_string().ok()) {
            // Keys that may not be looked at are not keys that are missing. Where they were lost, there are later ones.
            for keys in [self.keys(&name), self.renewals(&name)] {
                if keys.try_exists().map_err(|cause| SetupError::io("look for", &keys, &cause))? {
                    names.push(name);
                    break;
                }
            }
        }
        names.sort();
        Ok(names)
    }
}

/// Reads a text file of bounded size.
///
/// # Errors
/// `Io`, or `TooLarge`.
pub fn read(path: &Path) -> Result<String, SetupError> {
    let failed = |cause: io::Error| SetupError::io("read", path, &cause);
    let file = fs::File::open(path).map_err(failed)?;
    // Room for all of it at once, so that no copy of a key is left behind; read to the bound whatever the length
    // says, for a device or a pipe has none.
    let length = file.metadata().map_err(failed)?.len().min(MAX_FILE);
    let mut bytes = Vec::with_capacity(length as usize + 1);
    file.take(MAX_FILE + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > MAX_FILE {
        return Err(SetupError::TooLarge { path: path.to_owned(), limit: MAX_FILE });
    }
    String::from_utf8(bytes).map_err(|error| {
        let place = error.utf8_error().valid_up_to() + 1;
        let text = format!("expected text in UTF-8, found another byte at place {place}");
        SetupError::File { path: path.to_owned(), text, hint: "this is not the file that was meant".into() }
    })
}

/// Writes a file whole or not at all, with a mode; refuses to replace one unless told to.
///
/// # Errors
/// `Exists`, or `Io`.
pub fn write(path: &Path, text: &str, mode: u32, replace: bool) -> Result<(), SetupError> {
    if !replace && path.exists() {
        return Err(SetupError::Exists { path: path.to_owned() });
    }
    let beside = path.with_extension("new");
    let written = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(mode)
        .open(&beside)
        .and_then(|mut file| file.write_all(text.as_bytes()).and_then(|()| file.sync_all()))
        .and_then(|()| fs::rename(&beside, path))
        .and_then(|()| {
            let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
            fs::File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
        });
    written.map_err(|cause| SetupError::io("write", path, &cause))
}
