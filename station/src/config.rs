//! How a station runs: `station.toml`, read at the start and again at SIGHUP.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;

use serde::{Deserialize, Deserializer};

use crate::duration;
use crate::error::SetupError;
use crate::form::{self, Wrong};
use crate::home;

const HINT: &str = "correct it and start the station; one that runs reads it at SIGHUP and goes on as before until it is right";

/// A station's configuration.
#[derive(Debug, Clone, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The UDP address that circuits come in at.
    #[serde(default = "anywhere", deserialize_with = "address")]
    pub listen: SocketAddr,
    /// Circuits that this station dials.
    #[serde(default)]
    pub circuit: Vec<CircuitConfig>,
    /// What is told of notices in force.
    #[serde(default)]
    pub notices: NoticesConfig,
    /// Commands that are run when something happens.
    #[serde(default)]
    pub hook: Vec<Hook>,
    /// What it was read from, for the places of what is wrong with it.
    #[serde(skip)]
    source: String,
}

/// A circuit that this station dials.
#[derive(Debug, Clone, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct CircuitConfig {
    /// Name of the line; may be left out where the station has one.
    pub line: Option<String>,
    /// Short name of the party at the other end.
    pub peer: String,
    /// `quic`.
    #[serde(default = "quic")]
    pub kind: String,
    /// Where it listens: `host:port`.
    pub address: String,
}

/// What is told of notices in force.
#[derive(Debug, Clone, Copy, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct NoticesConfig {
    /// How long before a notice ends, or its review, that is told, ms; never more than a quarter of its whole time.
    #[serde(default = "three_days", deserialize_with = "duration::deserialize")]
    pub warn: u64,
}

impl Default for NoticesConfig {
    fn default() -> Self {
        Self { warn: three_days() }
    }
}

fn three_days() -> u64 {
    72 * 3_600_000
}

/// A command that is run when something happens, with the event as JSON on its standard input.
#[derive(Debug, Clone, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct Hook {
    /// The event's name: `overdue`, `missed`, `breach`, `standing`, `circuit`, `clock`, `conflict`, `due`, `amended`, `witness-trouble`, or `flash` for every FLASH that comes in.
    pub on: String,
    /// The rank that is called; only for `overdue`; absent: all.
    pub rank: Option<u16>,
    /// Program and arguments; no shell.
    pub run: Vec<String>,
}

/// What a hook may wait for.
pub const HOOK_EVENTS: [&str; 11] = [
    "overdue",
    "missed",
    "breach",
    "standing",
    "circuit",
    "clock",
    "conflict",
    "due",
    "amended",
    "witness-trouble",
    "flash",
];

fn anywhere() -> SocketAddr {
    SocketAddr::from(([0, 0, 0, 0], 4800))
}

fn quic() -> String {
    "quic".into()
}

/// Reads the address of this machine that circuits come in at.
///
/// # Errors
/// Says what would have been taken.
pub fn listen_address(text: &str) -> Result<SocketAddr, String> {
    let expected = "expected an address of this machine and a UDP port, such as 0.0.0.0:4800";
    text.parse().map_err(|_| format!("{expected}, found {text:?}"))
}

fn address<'de, D: Deserializer<'de>>(source: D) -> Result<SocketAddr, D::Error> {
    listen_address(&String::deserialize(source)?).map_err(serde::de::Error::custom)
}

/// Whether a text has the form of the address of another station, `host:port`.
pub fn is_address(text: &str) -> bool {
    text.rsplit_once(':')
        .is_some_and(|(host, port)| !host.is_empty() && port.parse::<u16>().is_ok_and(|port| port != 0))
}

impl Config {
    /// Reads a configuration; one that is not there is the default one.
    ///
    /// # Errors
    /// `File`, with line and column, for anything that is not as it should be; `Io`.
    pub fn read(path: &Path) -> Result<Self, SetupError> {
        let source = if path.exists() { home::read(path)? } else { String::new() };
        let config: Self = form::parse(path, &source, HINT)?;
        config.check().map_err(|wrong| wrong.of(path, &source, HINT))?;
        Ok(Self { source, ..config })
    }

    fn check(&self) -> Result<(), Wrong> {
        for (place, circuit) in self.circuit.iter().enumerate() {
            let at = |key: &str| format!("circuit.{place}.{key}");
            if circuit.kind != "quic" {
                return Err(Wrong::word(at("kind"), "\"quic\"", &circuit.kind, ["quic"]));
            }
            if !is_address(&circuit.address) {
                let expected = "host:port, such as 192.0.2.10:4800";
                return Err(Wrong::new(at("address"), expected, &format!("{:?}", circuit.address)));
            }
        }
        for (place, hook) in self.hook.iter().enumerate() {
            let at = |key: &str| format!("hook.{place}.{key}");
            if !HOOK_EVENTS.contains(&hook.on.as_str()) {
                let expected = format!("one of {}", HOOK_EVENTS.join(", "));
                return Err(Wrong::word(at("on"), &expected, &hook.on, HOOK_EVENTS));
            }
            if let Some(rank) = hook.rank.filter(|_| hook.on != "overdue") {
                let expected = "no rank: only `overdue` calls one";
                return Err(Wrong::new(at("rank"), expected, &rank.to_string()));
            }
            if hook.run.first().is_none_or(|program| program.is_empty()) {
                return Err(Wrong::new(at("run"), "a program and its arguments", "no program"));
            }
        }
        Ok(())
    }

    /// Holds the circuits to the lines that the station carries: each one's name, and the parties at its other
    /// ends.
    ///
    /// # Errors
    /// `File`, with line and column, for a circuit to nobody.
    pub(crate) fn check_circuits(
        &self,
        path: &Path,
        lines: &BTreeMap<String, Vec<String>>,
    ) -> Result<(), SetupError> {
        let names = lines.keys().map(String::as_str);
        let all = names.clone().collect::<Vec<_>>().join(", ");
        for (place, circuit) in self.circuit.iter().enumerate() {
            let at = |key: &str| format!("circuit.{place}.{key}");
            let line = match &circuit.line {
                Some(name) => lines.get_key_value(name).ok_or_else(|| {
                    let expected = format!("a line that this station carries: {all}");
                    Wrong::word(at("line"), &expected, name, names.clone())
                }),
                None => lines.iter().next().filter(|_| lines.len() == 1).ok_or_else(|| {
                    Wrong::new(at("line"), &format!("one of {all}"), "none, and several here")
                }),
            };
            let known = line.and_then(|(name, parties)| {
                let known = parties.contains(&circuit.peer);
                let expected = format!("another party of the line {name}: {}", parties.join(", "));
                let near = parties.iter().map(String::as_str);
                if known { Ok(()) } else { Err(Wrong::word(at("peer"), &expected, &circuit.peer, near)) }
            });
            known.map_err(|wrong| wrong.of(path, &self.source, HINT))?;
        }
        Ok(())
    }
}
