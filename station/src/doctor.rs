//! What a station's folder shows, whether the station runs or not: configuration, keys, memorandum, disk.
//!
//! Reads only, and shows nothing of a key.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use serde::Serialize;

use crate::config::Config;
use crate::console::agreed_boundary;
use crate::error::SetupError;
use crate::home::Home;
use crate::keyset::KeySet;
use crate::paper::Paper;
use crate::webhook;

/// Free space below which a disk counts as nearly full, in bytes. At 80 MiB (`store::Options`) everything but FLASH
/// and acts is refused: a person needs to know well before that.
pub const NEARLY_FULL: u64 = 512 << 20;

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    /// What.
    pub name: String,
    /// Whether it is well.
    pub ok: bool,
    /// What was found.
    pub found: String,
    /// What to do; empty where it is well.
    pub hint: String,
}

impl Check {
    pub(crate) fn of(name: &str, ok: bool, found: impl Into<String>, hint: impl Into<String>) -> Self {
        let hint = if ok { String::new() } else { hint.into() };
        Self { name: name.into(), ok, found: found.into(), hint }
    }

    /// The same, as one of a line.
    pub(crate) fn on(self, line: &str) -> Self {
        Self { name: format!("{line}: {}", self.name), ..self }
    }

    fn failed(name: &str, error: &SetupError) -> Self {
        Self::of(name, false, error.to_string(), error.hint())
    }
}

/// Looks at everything in a station's folder.
pub fn look(home: &Home) -> Vec<Check> {
    look_at(home, |_| true)
}

/// The same, for somebody who may see some lines.
pub(crate) fn look_at(home: &Home, sees: impl Fn(&str) -> bool) -> Vec<Check> {
    let mut checks = vec![folder(home.path()), configuration(home)];
    let lines = home.lines();
    for webhook in Config::read(&home.config()).map(|config| config.webhook).unwrap_or_default() {
        // Of lines that somebody may see, and no other.
        let mut of = lines.iter().flatten().filter(|line| webhook.is_of(line));
        if of.all(|line| sees(line)) {
            checks.push(webhook::check_secret(home, &webhook));
        }
    }
    match lines {
        Err(error) => checks.push(Check::failed("lines", &error)),
        Ok(names) if names.is_empty() => {
            let none = SetupError::NoLine { home: home.path().to_owned() };
            checks.push(Check::failed("lines", &none));
        }
        Ok(names) => {
            for name in names.into_iter().filter(|name| sees(name)) {
                let of_line = [keys(home, &name), memorandum(home, &name), disk(&home.line(&name))];
                checks.extend(of_line.into_iter().map(|check| check.on(&name)));
            }
        }
    }
    checks
}

fn folder(path: &Path) -> Check {
    match fs::metadata(path) {
        Err(cause) => Check::failed("folder", &SetupError::io("look at", path, &cause)),
        Ok(found) => {
            let mode = found.permissions().mode() & 0o777;
            let hint = format!("others could put files into it: chmod 700 {}", path.display());
            Check::of("folder", mode & 0o022 == 0, format!("{} (mode {mode:o})", path.display()), hint)
        }
    }
}

fn configuration(home: &Home) -> Check {
    match Config::read(&home.config()) {
        Ok(config) => {
            let agreed = config.console.as_ref().map(|console| agreed_boundary(home, console)).transpose();
            if let Err(error) = agreed {
                return Check::failed("configuration", &error);
            }
            let found = format!("listens at {}, dials {}", config.listen, config.circuit.len());
            Check::of("configuration", true, found, "")
        }
        Err(error) => Check::failed("configuration", &error),
    }
}

fn keys(home: &Home, line: &str) -> Check {
    match KeySet::read(home, line).map(|keys| keys.last) {
        Ok(keys) => Check::of("keys", true, format!("of {}, their owner's alone", keys.party()), ""),
        Err(error) => Check::failed("keys", &error),
    }
}

fn memorandum(home: &Home, line: &str) -> Check {
    let path = home.memorandum(line);
    match Paper::read(&path).and_then(|paper| paper.missing(&path)) {
        Ok(missing) if missing.is_empty() => Check::of("memorandum", true, "signed by every party", ""),
        Ok(missing) => {
            let missing = missing.join(", ");
            Check::failed("memorandum", &SetupError::Unsigned { path, missing })
        }
        Err(SetupError::Io { .. }) if !path.exists() => {
            let hint = "`detente memorandum adopt FILE` puts one in force";
            Check::of("memorandum", false, "none in force", hint)
        }
        Err(error) => Check::failed("memorandum", &error),
    }
}

fn disk(folder: &Path) -> Check {
    match rustix::fs::statvfs(folder) {
        Err(cause) => Check::failed("disk", &SetupError::io("look at the disk of", folder, &cause.into())),
        Ok(found) => {
            let free = found.f_bavail.saturating_mul(found.f_frsize);
            let found = format!("{} MiB free", free >> 20);
            let hint =
                format!("keep {} MiB free; below 80 MiB only FLASH and acts are taken", NEARLY_FULL >> 20);
            Check::of("disk", free >= NEARLY_FULL, found, hint)
        }
    }
}
