//! How a station runs: `station.toml`, read at the start and again at SIGHUP.

use std::net::SocketAddr;
use std::path::Path;

use serde::Deserialize;

use crate::error::SetupError;
use crate::home;

/// A station's configuration.
#[derive(Debug, Clone, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The UDP address that circuits come in at.
    #[serde(default = "anywhere")]
    pub listen: SocketAddr,
    /// Circuits that this station dials.
    #[serde(default)]
    pub circuit: Vec<CircuitConfig>,
    /// Commands that are run when something happens.
    #[serde(default)]
    pub hook: Vec<Hook>,
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

/// A command that is run when something happens, with the event as JSON on its standard input.
#[derive(Debug, Clone, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct Hook {
    /// The event's name: `overdue`, `missed`, `breach`, `standing`, `circuit`, `clock`, or `flash` for every FLASH that comes in.
    pub on: String,
    /// The rank that is called; only for `overdue`; absent: all.
    pub rank: Option<u16>,
    /// Program and arguments; no shell.
    pub run: Vec<String>,
}

/// What a hook may wait for.
pub const HOOK_EVENTS: [&str; 7] = ["overdue", "missed", "breach", "standing", "circuit", "clock", "flash"];

fn anywhere() -> SocketAddr {
    SocketAddr::from(([0, 0, 0, 0], 4800))
}

fn quic() -> String {
    "quic".into()
}

impl Config {
    /// Reads a configuration; one that is not there is the default one.
    ///
    /// # Errors
    /// `File`, with line and column, for anything that is not as it should be; `Io`.
    pub fn read(path: &Path) -> Result<Self, SetupError> {
        let text = if path.exists() { home::read(path)? } else { String::new() };
        let wrong = |text: String| SetupError::File {
            path: path.to_owned(),
            text,
            hint: "correct it and send the station SIGHUP; until then it goes on as before",
        };
        let config: Self = toml::from_str(&text).map_err(|error| wrong(error.to_string()))?;
        for circuit in &config.circuit {
            if circuit.kind != "quic" {
                return Err(wrong(format!(
                    "circuit to {}: expected kind \"quic\", found {:?}",
                    circuit.peer, circuit.kind
                )));
            }
            let port = circuit.address.rsplit_once(':').and_then(|(_, port)| port.parse::<u16>().ok());
            if port.is_none_or(|port| port == 0) {
                return Err(wrong(format!(
                    "circuit to {}: expected an address host:port, found {:?}",
                    circuit.peer, circuit.address
                )));
            }
        }
        for hook in &config.hook {
            if !HOOK_EVENTS.contains(&hook.on.as_str()) {
                return Err(wrong(format!(
                    "hook: expected on = one of {HOOK_EVENTS:?}, found {:?}",
                    hook.on
                )));
            }
            if hook.run.first().is_none_or(|program| program.is_empty()) {
                return Err(wrong(format!("hook on {}: expected a program in run, found none", hook.on)));
            }
        }
        Ok(config)
    }
}
