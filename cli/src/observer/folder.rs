//! An observer's folder: its key, and of each line the dossiers that it was given and the findings that it has signed.
//!
//! ```text
//! HOME/observer/keys.toml                          its key, mode 0600
//! HOME/observer/NAME.observer.toml                 its card
//! HOME/observer/lines/LINE/dossiers/SHA256.zip     what parties disclosed, by its hash
//! HOME/observer/lines/LINE/findings/SERIAL.finding what it has signed, each before it was handed over
//! ```
//!
//! Promises that nothing in it is ever replaced: a dossier has the name of its hash, and a serial is used once.

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use detente_dossier::archive::MOST_BYTES;
use detente_dossier::{Memoranda, Report, Wrong};
use detente_line::Finding;
use detente_record::{Hash, LineId, hex, sha256};
use detente_station::Home;
use detente_station::observer_keys::ObserverKeys;

use crate::failure::Failure;
use crate::finding;

/// Most dossiers of one line.
pub(super) const MOST_DOSSIERS: usize = 256;
/// Most lines.
const MOST_LINES: usize = 256;

/// An observer's folder.
#[derive(Debug)]
pub(crate) struct Folder {
    home: Home,
    path: PathBuf,
}

/// What it has of one line.
#[derive(Debug)]
pub(super) struct OfLine {
    pub(super) id: LineId,
    path: PathBuf,
}

/// A dossier that is here.
#[derive(Debug)]
pub(super) struct Held {
    pub(super) sha256: Hash,
    pub(super) report: Report,
}

fn failed(path: &Path, expected: &str, cause: &std::io::Error) -> Failure {
    let hint = "check who may read and write the folder, and its room";
    Failure::failed("Station", path.display().to_string(), expected, cause.to_string(), hint)
}

/// The names in a folder, ascending; none where there is no such folder.
fn names(path: &Path) -> Result<Vec<String>, Failure> {
    let found = match fs::read_dir(path) {
        Err(cause) if cause.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        found => found.map_err(|cause| failed(path, "a folder that can be listed", &cause))?,
    };
    let mut names: Vec<String> =
        found.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect();
    names.sort();
    Ok(names)
}

/// Reads a file that is no longer than a dossier may be.
///
/// # Errors
/// When it cannot be read.
pub(super) fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    let unread = |cause: std::io::Error| {
        let hint = "check the path and who may read it";
        Failure::misuse(path.display().to_string(), "a file that can be read", cause.to_string(), hint)
    };
    let file = File::open(path).map_err(unread)?;
    let mut bytes = Vec::new();
    file.take(MOST_BYTES as u64 + 1).read_to_end(&mut bytes).map_err(unread)?;
    Ok(bytes)
}

/// Writes a file that is not there, whole and durable, or not at all; says whether it was there already.
fn put(path: &Path, bytes: &[u8]) -> Result<bool, Failure> {
    let write = || {
        let folder = path.parent().unwrap_or(Path::new("."));
        fs::DirBuilder::new().recursive(true).create(folder)?;
        let beside = folder.join(format!(".{}.new", std::process::id()));
        let mut file =
            OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&beside)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        // Unlike a renaming, a link never takes the place of what is there.
        let linked = fs::hard_link(&beside, path);
        fs::remove_file(&beside)?;
        File::open(folder)?.sync_all()?;
        match linked {
            Err(cause) if cause.kind() == ErrorKind::AlreadyExists => Ok(true),
            linked => linked.map(|()| false),
        }
    };
    write().map_err(|cause| failed(path, "a file that can be written", &cause))
}

fn unhex(text: &str) -> Option<LineId> {
    let digits = text.as_bytes();
    let lower = |byte: &u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(byte);
    if digits.len() != 64 || !digits.iter().all(lower) {
        return None;
    }
    let mut bytes = [0; 32];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(LineId(bytes))
}

impl Folder {
    /// That of a home.
    pub(crate) fn of(home: &Home) -> Self {
        Self { home: home.clone(), path: home.path().join("observer") }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn keys(&self) -> PathBuf {
        self.path.join("keys.toml")
    }

    /// Makes the folder, for its owner alone.
    ///
    /// # Errors
    /// When that fails.
    pub(super) fn make(&self) -> Result<(), Failure> {
        Ok(self.home.make(&self.path)?)
    }

    /// The observer's key.
    ///
    /// # Errors
    /// Where there is none, or others can read it.
    pub(super) fn open_keys(&self) -> Result<ObserverKeys, Failure> {
        if !self.keys().exists() {
            let hint = "`detente observer init NAME` makes one";
            return Err(Failure::misuse(
                self.keys().display().to_string(),
                "an observer's key",
                "none",
                hint,
            ));
        }
        Ok(ObserverKeys::read(&self.keys())?)
    }

    /// The lines of which something is here.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub(super) fn lines(&self) -> Result<Vec<OfLine>, Failure> {
        let ids = names(&self.path.join("lines"))?.into_iter().filter_map(|name| unhex(&name));
        Ok(ids.take(MOST_LINES).map(|id| self.line(id)).collect())
    }

    /// What there is of a line.
    pub(super) fn line(&self, id: LineId) -> OfLine {
        OfLine { id, path: self.path.join("lines").join(id.to_string()) }
    }

    /// The line of a name, or of its fingerprint; the only one, where none is named.
    ///
    /// # Errors
    /// Where there is none, or several.
    pub(super) fn choose(&self, asked: Option<&str>) -> Result<(OfLine, Vec<Held>), Failure> {
        let mut found = Vec::new();
        let mut called = Vec::new();
        for line in self.lines()? {
            let held = line.dossiers()?;
            let Some(memoranda) = held.first().map(|held| &held.report.memoranda) else { continue };
            called.push(memoranda.line_name().to_owned());
            if asked.is_none_or(|asked| is_called(memoranda, asked)) {
                found.push((line, held));
            }
        }
        let hint = "`detente observer list` tells the lines and their fingerprints";
        match (found.pop(), found.is_empty()) {
            (Some(one), true) => Ok(one),
            (Some(_), false) => {
                let found = format!("several: {}", called.join(", "));
                Err(Failure::misuse("--line", "the name or fingerprint of one line", found, hint))
            }
            (None, _) => {
                let expected = if called.is_empty() {
                    "a line that something was disclosed of".into()
                } else {
                    format!("one of {}", called.join(", "))
                };
                let hint = if called.is_empty() {
                    "`detente observer take FILE` takes what parties disclose"
                } else {
                    hint
                };
                Err(Failure::misuse("--line", expected, asked.unwrap_or("none"), hint))
            }
        }
    }
}

/// Whether a line is called so: by its name, its fingerprint or its identity.
fn is_called(memoranda: &Memoranda, asked: &str) -> bool {
    let letters = |text: &str| text.chars().filter(char::is_ascii_alphanumeric).collect::<String>();
    let same = |text: &str| letters(text).eq_ignore_ascii_case(&letters(asked));
    memoranda.line_name() == asked
        || same(&detente_dossier::paper::line_fingerprint(memoranda))
        || same(&memoranda.line().to_string())
}

/// Whether a dossier holds but for what convicts the author of a book that it shows, which is kept as evidence.
///
/// # Errors
/// With what else is wrong.
pub(super) fn holds(report: &Report) -> Result<(), &Wrong> {
    if report.wrong_count <= report.convictions.len() {
        return Ok(());
    }
    report.wrongs.first().map_or(Ok(()), Err)
}

impl OfLine {
    /// The dossiers that are here, by their hashes.
    ///
    /// # Errors
    /// When one cannot be read, or is not what was kept.
    pub(super) fn dossiers(&self) -> Result<Vec<Held>, Failure> {
        let folder = self.path.join("dossiers");
        let mut held = Vec::new();
        for name in names(&folder)?.iter().filter(|name| name.ends_with(".zip")).take(MOST_DOSSIERS) {
            let path = folder.join(name);
            let bytes = read(&path)?;
            let sha256 = sha256(&bytes);
            let hint = "it was altered after it was taken: move it away, and take it again from who gave it";
            let wrong = |found: String| {
                Failure::failed(
                    "Malformed",
                    path.display().to_string(),
                    "the dossier that was taken",
                    found,
                    hint,
                )
            };
            if *name != format!("{}.zip", hex(&sha256)) {
                return Err(wrong(format!("one with SHA-256 {}", hex(&sha256))));
            }
            let report = detente_dossier::verify(&bytes).map_err(|found| wrong(found.to_string()))?;
            holds(&report).map_err(|found| wrong(found.to_string()))?;
            held.push(Held { sha256, report });
        }
        Ok(held)
    }

    /// Keeps a dossier; says whether it was here.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(super) fn keep(&self, bytes: &[u8]) -> Result<bool, Failure> {
        put(&self.path.join("dossiers").join(format!("{}.zip", hex(&sha256(bytes)))), bytes)
    }

    /// The findings that are here, ascending by serial.
    ///
    /// # Errors
    /// When one cannot be read.
    pub(super) fn findings(&self) -> Result<Vec<Finding>, Failure> {
        let folder = self.path.join("findings");
        let files = names(&folder)?.into_iter().filter(|name| name.ends_with(".finding"));
        let read = files.map(|name| finding::read(&folder.join(name)).map(|(finding, _)| finding));
        let mut findings = read.collect::<Result<Vec<_>, _>>()?;
        findings.sort_by_key(|finding| finding.found().serial);
        Ok(findings)
    }

    /// Keeps a finding under its serial; says whether one of that serial was here.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(super) fn keep_finding(&self, finding: &Finding) -> Result<bool, Failure> {
        let name = format!("{:08}.finding", finding.found().serial);
        put(&self.path.join("findings").join(name), finding.note().as_bytes())
    }
}
