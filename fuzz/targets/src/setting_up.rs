//! What people write into files to set a line up: spec/memorandum.md, keys.md, circuits.md.

use std::fs::{File, Permissions};
use std::io::{self, Seek as _, Write as _};
use std::os::fd::AsRawFd as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use detente_station::config::Config;
use detente_station::fuzzing;
use detente_station::keys::Keys;
use detente_station::keyset::RecoveryKey;
use detente_station::paper::{Card, ObserverCard, Paper};
use rustix::fs::{MemfdFlags, memfd_create};

use crate::text;

/// A memorandum that people wrote is either taken or told what is wrong with it; one that is taken, written as a file, means the same.
///
/// # Panics
/// Where it does not.
pub fn paper(bytes: &[u8]) {
    let path = Path::new("memorandum.toml");
    let Ok(paper) = Paper::parse(path, text(bytes)) else { return };
    let Ok(memorandum) = paper.memorandum(path) else { return };
    let written = Paper::of(&memorandum).text();
    let again = Paper::parse(path, &written).and_then(|paper| paper.memorandum(path));
    assert_eq!(again.map(|again| again.encode()).ok(), Some(memorandum.encode()), "{written}");
}

/// The secret of a webhook is 24 to 64 bytes in base64, behind its prefix, and nothing else.
///
/// # Panics
/// Where something else is taken.
pub fn secret(bytes: &[u8]) {
    let text = text(bytes);
    if fuzzing::is_secret(text) {
        let said = text.trim().strip_prefix("whsec_").expect("a prefix");
        let decoded = STANDARD.decode(said).expect("base64");
        assert!((24..=64).contains(&decoded.len()) && STANDARD.encode(decoded) == said);
    }
}

thread_local! {
    static FILE: File = nameless().expect("a file");
}

/// A file in memory alone, and its owner's alone, as files of keys have to be.
fn nameless() -> io::Result<File> {
    let file = File::from(memfd_create("detente-fuzz", MemfdFlags::CLOEXEC)?);
    file.set_permissions(Permissions::from_mode(0o600))?;
    Ok(file)
}

/// A station's configuration, an observer's card, a party's card, keys and recovery keys in a file: taken, or told what is wrong.
///
/// # Panics
/// Where there can be no file.
pub fn configuration(bytes: &[u8]) {
    FILE.with(|mut file| {
        file.set_len(0).and_then(|()| file.rewind()).and_then(|()| file.write_all(bytes)).expect("a file");
        let path = format!("/proc/self/fd/{}", file.as_raw_fd());
        let path = Path::new(&path);
        let _ = Config::read(path);
        let _ = Card::read(path).and_then(|card| card.to_member(path));
        let _ = ObserverCard::read(path);
        let _ = (Keys::read(path).is_ok(), RecoveryKey::read(path).is_ok());
    });
}
