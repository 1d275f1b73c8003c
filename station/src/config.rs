//! How a station runs: `station.toml`, read at the start and again at SIGHUP.

mod webhook;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Deserializer};

use crate::circuit::{CircuitKind, Proxy};
use crate::duration;
use crate::error::SetupError;
use crate::form::{self, Wrong};
use crate::home;
pub use webhook::{WEBHOOK_EVENTS, WebhookConfig};

/// Most addresses of a circuit, and characters of its name or purpose.
const MAX_ADDRESSES: usize = 16;
const MAX_TEXT: usize = 100;
/// The rates that a serial line may have, bits a second.
const RATES: std::ops::RangeInclusive<u32> = 50..=1_000_000;
/// The most that a circuit may cost, ms.
const MAX_COST_MS: u64 = 86_400_000;

const HINT: &str = "correct it and start the station; one that runs reads it at SIGHUP and goes on as before until it is right";

/// A station's configuration.
#[derive(Debug, Clone, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The UDP address that circuits come in at.
    #[serde(default = "anywhere", deserialize_with = "address")]
    pub listen: SocketAddr,
    /// The TCP address that circuits come in at; without one, none come in over TCP.
    #[serde(default, rename = "listen-tcp", deserialize_with = "maybe_address")]
    pub listen_tcp: Option<SocketAddr>,
    /// Circuits that this station dials.
    #[serde(default)]
    pub circuit: Vec<CircuitConfig>,
    /// The console, where this station serves one.
    #[serde(default)]
    pub console: Option<ConsoleConfig>,
    /// What is told of notices in force.
    #[serde(default)]
    pub notices: NoticesConfig,
    /// Commands that are run when something happens.
    #[serde(default)]
    pub hook: Vec<Hook>,
    /// Web servers that events are brought to.
    #[serde(default)]
    pub webhook: Vec<WebhookConfig>,
    /// What it was read from, for the places of what is wrong with it.
    #[serde(skip)]
    source: String,
}

/// The console: where officers' browsers find it.
#[derive(Debug, Clone, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct ConsoleConfig {
    /// The TCP address that it listens at; of this machine alone, if none is given.
    #[serde(default = "loopback", deserialize_with = "address")]
    pub listen: SocketAddr,
    /// What browsers call it, for which passkeys are made: `https://` and a name, and a port that is not 443.
    pub origin: Option<String>,
    /// A certificate chain in PEM; one that the console makes itself, if none is given.
    pub certificate: Option<PathBuf>,
    /// Its key in PEM.
    pub key: Option<PathBuf>,
    /// GeoJSON of the lines that the parties agreed on, shown on the map; of the station's folder, where it is no whole path.
    pub boundary: Option<PathBuf>,
}

impl ConsoleConfig {
    /// What browsers call it.
    pub fn origin(&self) -> String {
        let here = || format!("https://localhost:{}", self.listen.port());
        self.origin.as_ref().map_or_else(here, |origin| origin.trim_end_matches('/').to_owned())
    }
}

fn loopback() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 4_880))
}

/// A circuit: one that this station dials, or, without an address, one that the other station does.
#[derive(Debug, Clone, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct CircuitConfig {
    /// Name of the line; may be left out where the station has one.
    pub line: Option<String>,
    /// Short name of the party at the other end.
    pub peer: String,
    /// `quic`, `tcp`, `relay` or `serial`.
    #[serde(default = "quic")]
    pub kind: String,
    /// What people call it; its kind, where none is given.
    pub name: Option<String>,
    /// Where the other station listens: `host:port`, or several, of which the first one that answers is taken.
    #[serde(default, deserialize_with = "addresses")]
    pub address: Vec<String>,
    /// The tty of a `serial` one.
    pub device: Option<String>,
    /// How many bits a second it carries.
    pub rate: Option<u32>,
    /// Only one side of it can speak at a time.
    #[serde(default, rename = "half-duplex")]
    pub half_duplex: bool,
    /// An HTTP proxy on the way, for `tcp`.
    #[serde(default, deserialize_with = "proxy")]
    pub proxy: Option<Proxy>,
    /// How much longer P and R may take on another circuit before they go on this one, ms.
    #[serde(default, deserialize_with = "duration::deserialize")]
    pub cost: u64,
    /// Of a relay: it keeps courier files for a station that is away.
    #[serde(default)]
    pub mailbox: bool,
    /// What it is for, in words.
    pub purpose: Option<String>,
}

impl CircuitConfig {
    /// What it runs on.
    pub fn kind(&self) -> CircuitKind {
        // A configuration with another kind is not taken.
        CircuitKind::named(&self.kind).unwrap_or(CircuitKind::Quic)
    }

    /// What people call it.
    pub fn name(&self) -> &str {
        self.name.as_deref().unwrap_or(&self.kind)
    }

    /// Where it leads, in words.
    pub fn addresses(&self) -> String {
        self.device.clone().unwrap_or_else(|| self.address.join(", "))
    }

    /// What is wrong with what only a serial one has, or with what it has not.
    fn check_serial(&self) -> Result<(), (&'static str, &'static str, String)> {
        if self.kind() != CircuitKind::Serial {
            let found = [
                ("device", self.device.is_some()),
                ("rate", self.rate.is_some()),
                ("half-duplex", self.half_duplex),
            ];
            let found = found.into_iter().find(|(_, is_there)| *is_there);
            return match found {
                Some((key, _)) => Err((key, "none: only a circuit of kind \"serial\" has one", "one".into())),
                None => Ok(()),
            };
        }
        if self.device.as_ref().is_none_or(|device| device.trim().is_empty()) {
            return Err(("device", "the tty that the line is at, such as \"/dev/ttyUSB0\"", "none".into()));
        }
        match self.rate {
            Some(rate) if RATES.contains(&rate) => {}
            found => {
                let found = found.map_or_else(|| "none".into(), |rate| rate.to_string());
                return Err((
                    "rate",
                    "the line's bits a second, 50 to 1000000, the same at both ends",
                    found,
                ));
            }
        }
        if !self.address.is_empty() {
            return Err(("address", "none: a serial line is at a device", self.addresses()));
        }
        Ok(())
    }
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
    /// The event's name: `overdue`, `missed`, `breach`, `standing`, `circuit`, `clock`, `conflict`, `due`, `amended`, `witness-trouble`, `webhook-trouble`, `ahead`, `otherwise`, or `flash` for every FLASH that comes in,
    /// as soon as it does: once, whether or not it came ahead of its signature.
    pub on: String,
    /// The rank that is called; only for `overdue`; absent: all.
    pub rank: Option<u16>,
    /// Program and arguments; no shell.
    pub run: Vec<String>,
}

/// What a hook may wait for.
pub const HOOK_EVENTS: [&str; 14] = [
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
    "webhook-trouble",
    "ahead",
    "otherwise",
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

fn maybe_address<'de, D: Deserializer<'de>>(source: D) -> Result<Option<SocketAddr>, D::Error> {
    let text = String::deserialize(source)?;
    let expected = "expected an address of this machine and a TCP port, such as 0.0.0.0:4800";
    text.parse().map(Some).map_err(|_| serde::de::Error::custom(format!("{expected}, found {text:?}")))
}

/// One address, or a list of them.
fn addresses<'de, D: Deserializer<'de>>(source: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged, expecting = "expected host:port, or a list of such addresses")]
    enum Given {
        One(String),
        Several(Vec<String>),
    }
    Ok(match Given::deserialize(source)? {
        Given::One(address) => vec![address],
        Given::Several(addresses) => addresses,
    })
}

fn proxy<'de, D: Deserializer<'de>>(source: D) -> Result<Option<Proxy>, D::Error> {
    Proxy::parse(&String::deserialize(source)?).map(Some).map_err(serde::de::Error::custom)
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
            let Some(kind) = CircuitKind::named(&circuit.kind) else {
                let kinds = CircuitKind::ALL.map(CircuitKind::name);
                let expected = format!("\"{}\"", kinds.join("\" or \""));
                return Err(Wrong::word(at("kind"), &expected, &circuit.kind, kinds));
            };
            if let Err((key, expected, found)) = circuit.check_serial() {
                return Err(Wrong::new(at(key), expected, &found));
            }
            let twice = |other: &&CircuitConfig| {
                other.kind() == kind && (&other.line, &other.peer) == (&circuit.line, &circuit.peer)
            };
            if kind == CircuitKind::Serial && self.circuit.iter().take(place).any(|other| twice(&other)) {
                let expected = format!("one serial circuit to {}: its keys are those of one", circuit.peer);
                return Err(Wrong::new(at("kind"), &expected, "a second one"));
            }
            if let Some(wrong) = circuit.address.iter().find(|address| !is_address(address)) {
                let expected = "host:port, such as 192.0.2.10:4800";
                return Err(Wrong::new(at("address"), expected, &format!("{wrong:?}")));
            }
            if kind == CircuitKind::Relay && circuit.address.len() != 1 {
                let expected = "the address of one relay, the same at both stations";
                return Err(Wrong::new(at("address"), expected, &circuit.address.len().to_string()));
            }
            if circuit.mailbox && kind != CircuitKind::Relay {
                let expected = "one only where the kind is \"relay\"";
                return Err(Wrong::new(at("mailbox"), expected, &circuit.kind));
            }
            if circuit.address.len() > MAX_ADDRESSES {
                let found = circuit.address.len().to_string();
                return Err(Wrong::new(at("address"), &format!("at most {MAX_ADDRESSES} addresses"), &found));
            }
            if circuit.proxy.is_some()
                && (matches!(kind, CircuitKind::Quic | CircuitKind::Serial) || circuit.address.is_empty())
            {
                let expected =
                    "a proxy only where the kind is \"tcp\" or \"relay\" and there is an address behind it";
                return Err(Wrong::new(at("proxy"), expected, "one without"));
            }
            for (key, text) in [("name", &circuit.name), ("purpose", &circuit.purpose)] {
                let Some(text) = text else { continue };
                if text.trim().is_empty()
                    || text.chars().count() > MAX_TEXT
                    || text.chars().any(char::is_control)
                {
                    let expected = format!("1 to {MAX_TEXT} characters on one line");
                    return Err(Wrong::new(at(key), &expected, &format!("{text:?}")));
                }
            }
            if circuit.cost > MAX_COST_MS {
                return Err(Wrong::new(at("cost"), "at most 1d", &duration::text(circuit.cost)));
            }
            let same = |other: &&CircuitConfig| {
                (&other.line, &other.peer, other.name()) == (&circuit.line, &circuit.peer, circuit.name())
            };
            let named = circuit.name.is_some();
            if let Some(earlier) = self.circuit.iter().take(place).find(|other| named && same(other)) {
                let expected = format!("a name that no other circuit to {} has", circuit.peer);
                return Err(Wrong::new(at("name"), &expected, &format!("{:?} again", earlier.name())));
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
        self.check_webhooks()
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
