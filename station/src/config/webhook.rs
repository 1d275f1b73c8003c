//! `[[webhook]]`: where events are brought to.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::{Config, HINT};
use crate::error::SetupError;
use crate::form::Wrong;
use crate::wire::Place;

/// Most webhooks of a station, and characters of the name of one.
const MAX_WEBHOOKS: usize = 64;
const MAX_NAME: usize = 32;

/// What a webhook may bring: every event of the stream, and `flash`, every FLASH of another party, once.
pub const WEBHOOK_EVENTS: [&str; 26] = [
    "flash",
    "entry",
    "ahead",
    "otherwise",
    "receipted",
    "overdue",
    "plans",
    "release",
    "standing",
    "circuit",
    "missed",
    "due",
    "breach",
    "not-taken",
    "clock",
    "keys",
    "renewed",
    "not-renewed",
    "amended",
    "named",
    "attachment",
    "witnessed",
    "witness-trouble",
    "webhook-trouble",
    "withheld",
    "conflict",
];

/// A web server that events are brought to.
#[derive(Debug, Clone, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct WebhookConfig {
    /// What people call it: lowercase letters, digits and `-`; under it the station knows how far it is.
    pub name: String,
    /// Where: `https`, or `http` on this machine.
    pub url: String,
    /// Which events, by name.
    pub on: Vec<String>,
    /// Of which lines; of all, if none are given.
    #[serde(default)]
    pub lines: Vec<String>,
    /// The file of the secret that it is signed with, `webhooks/NAME.secret` if none is given; of the station's folder, where it is no whole path.
    pub secret: Option<PathBuf>,
    /// Certificates in PEM that the server's is held to, in place of this machine's roots; of the station's folder likewise.
    pub ca: Option<PathBuf>,
}

impl WebhookConfig {
    /// Whether it brings what happens on a line.
    pub fn is_of(&self, line: &str) -> bool {
        self.lines.is_empty() || self.lines.iter().any(|name| name == line)
    }

    fn check(&self) -> Result<(), (&'static str, String, String)> {
        let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if self.name.is_empty() || self.name.len() > MAX_NAME || !self.name.chars().all(is_plain) {
            let expected = format!("1 to {MAX_NAME} lowercase letters, digits and -");
            return Err(("name", expected, format!("{:?}", self.name)));
        }
        let place = Place::of(&self.url).map_err(|wrong| {
            let (expected, found) = wrong.split_once(", found ").unwrap_or((&wrong, "another"));
            ("url", expected.trim_start_matches("expected ").to_owned(), found.to_owned())
        })?;
        let is_here =
            place.host == "localhost" || place.host.parse().is_ok_and(|ip: IpAddr| ip.is_loopback());
        if !place.tls && !is_here {
            let expected = "https; http reaches this machine alone, at localhost or a loopback address";
            return Err(("url", expected.into(), format!("http to {}", place.host)));
        }
        if self.on.is_empty() {
            return Err(("on", format!("some of {}", WEBHOOK_EVENTS.join(", ")), "none".into()));
        }
        Ok(())
    }
}

impl Config {
    /// What is wrong with the webhooks.
    pub(super) fn check_webhooks(&self) -> Result<(), Wrong> {
        if self.webhook.len() > MAX_WEBHOOKS {
            let found = self.webhook.len().to_string();
            return Err(Wrong::new("webhook", &format!("at most {MAX_WEBHOOKS}"), &found));
        }
        for (place, webhook) in self.webhook.iter().enumerate() {
            let at = |key: &str| format!("webhook.{place}.{key}");
            if let Err((key, expected, found)) = webhook.check() {
                return Err(Wrong::new(at(key), &expected, &found));
            }
            if let Some(other) = webhook.on.iter().find(|name| !WEBHOOK_EVENTS.contains(&name.as_str())) {
                let expected = format!("one of {}", WEBHOOK_EVENTS.join(", "));
                return Err(Wrong::word(at("on"), &expected, other, WEBHOOK_EVENTS));
            }
            if self.webhook.iter().take(place).any(|other| other.name == webhook.name) {
                let found = format!("{:?} again", webhook.name);
                return Err(Wrong::new(at("name"), "a name that no other webhook has", &found));
            }
        }
        Ok(())
    }

    /// Holds the lines of webhooks to those that the station carries.
    ///
    /// # Errors
    /// `File`, with line and column, for one that it does not.
    pub(crate) fn check_webhook_lines(
        &self,
        path: &Path,
        lines: &BTreeMap<String, Vec<String>>,
    ) -> Result<(), SetupError> {
        let names = lines.keys().map(String::as_str);
        for (place, webhook) in self.webhook.iter().enumerate() {
            let Some(other) = webhook.lines.iter().find(|name| !lines.contains_key(*name)) else { continue };
            let all = names.clone().collect::<Vec<_>>().join(", ");
            let expected = format!("lines that this station carries: {all}");
            let wrong = Wrong::word(format!("webhook.{place}.lines"), &expected, other, names.clone());
            return Err(wrong.of(path, &self.source, HINT));
        }
        Ok(())
    }
}
