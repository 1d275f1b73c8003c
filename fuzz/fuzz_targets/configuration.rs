//! A station's configuration, an observer's card, a party's card, keys and recovery keys in a file: taken, or told what is wrong.
#![no_main]

use std::sync::OnceLock;

use detente_station::config::Config;
use detente_station::keys::Keys;
use detente_station::keyset::RecoveryKey;
use detente_station::paper::{Card, ObserverCard};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    static FILE: OnceLock<std::path::PathBuf> = OnceLock::new();
    let path = FILE.get_or_init(|| {
        let folder = std::env::temp_dir().join(format!("detente-fuzz-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a folder");
        folder.join("file.toml")
    });
    std::fs::write(path, bytes).expect("a file");
    let _ = Config::read(path);
    let _ = Card::read(path).and_then(|card| card.to_member(path));
    let _ = ObserverCard::read(path);
    let _ = (Keys::read(path).is_ok(), RecoveryKey::read(path).is_ok());
});
