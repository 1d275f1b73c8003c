//! What has to hold of bytes from strangers, from officers and from other programs, whatever they are.
//!
//! Each target is a function of bytes that panics where something does not hold, which is a finding. The programs of `fuzz/` have
//! libFuzzer call them, guided by coverage; `tests/corpora.rs` plays what is kept, in an ordinary build.

#![allow(clippy::panic, clippy::unwrap_used, clippy::expect_used, reason = "a panic is what a target finds")]

mod api;
mod browser;
pub mod corpus;
mod dossier;
mod files;
mod line;
mod operations;
mod record;
mod relay;
mod sealed;
mod setting_up;

pub use api::api;
pub use browser::passkey;
pub use dossier::dossier;
pub use files::{csv, file, geojson, kml, operational_intent, typed, xlsx};
pub use line::{content, frame, memorandum, narrow, volumes};
pub use operations::operations;
pub use record::{canonical, entry, frontier, names, note, signed, tlog_proof, witness};
pub use relay::relay;
pub use sealed::{courier, serial};
pub use setting_up::{configuration, paper, secret};

/// A target.
pub type Target = fn(&[u8]);

/// Every target, by its name.
pub const ALL: [(&str, Target); 30] = [
    ("api", api),
    ("canonical", canonical),
    ("configuration", configuration),
    ("content", content),
    ("courier", courier),
    ("csv", csv),
    ("dossier", dossier),
    ("entry", entry),
    ("file", file),
    ("frame", frame),
    ("frontier", frontier),
    ("geojson", geojson),
    ("kml", kml),
    ("memorandum", memorandum),
    ("names", names),
    ("narrow", narrow),
    ("note", note),
    ("operational_intent", operational_intent),
    ("operations", operations),
    ("paper", paper),
    ("passkey", passkey),
    ("relay", relay),
    ("secret", secret),
    ("serial", serial),
    ("signed", signed),
    ("tlog_proof", tlog_proof),
    ("typed", typed),
    ("volumes", volumes),
    ("witness", witness),
    ("xlsx", xlsx),
];

/// Ends what targets have begun, a station and a relay, and what they had in files is gone.
pub fn end() {
    api::end();
    relay::end();
}

/// As much of the bytes as is text.
fn text(bytes: &[u8]) -> &str {
    bytes.utf8_chunks().next().map_or("", |chunk| chunk.valid())
}
