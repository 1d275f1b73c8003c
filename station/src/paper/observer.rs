//! `[[observer]]`, and an observer's card by itself: who is shown what parties choose to show.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use detente_line::Observer;
use detente_record::{PublicKey, Signature};
use serde::{Deserialize, Serialize};

use super::{below, hash, hex};
use crate::error::SetupError;
use crate::form::{self, Wrong};
use crate::home;

/// `[[observer]]`, and a card by itself.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[expect(missing_docs, reason = "the fields of detente_line::Observer")]
pub struct ObserverCard {
    pub name: String,
    pub full_name: String,
    pub languages: Vec<String>,
    pub key: String,
    pub possession: String,
}

const HINT: &str = "ask the observer for its card as it was made; spec/memorandum.md lists every field";

impl ObserverCard {
    /// The card of an observer.
    pub fn of(observer: &Observer) -> Self {
        Self {
            name: observer.name.clone(),
            full_name: observer.full_name.clone(),
            languages: observer.languages.clone(),
            key: hex(&observer.key),
            possession: STANDARD.encode(observer.possession),
        }
    }

    /// The observer of the card; `at` is where that stands in its file.
    pub(super) fn observer(&self, at: &str) -> Result<Observer, Wrong> {
        let proof = STANDARD.decode(&self.possession).ok();
        let proof = proof.and_then(|proof| Signature::try_from(proof.as_slice()).ok());
        let wrong = || Wrong::new(below(at, "possession"), "a signature as base64", "what is none");
        Ok(Observer {
            name: self.name.clone(),
            full_name: self.full_name.clone(),
            key: hash(&below(at, "key"), &self.key)?,
            possession: proof.ok_or_else(wrong)?,
            languages: self.languages.clone(),
        })
    }

    /// Reads a card.
    ///
    /// # Errors
    /// `Io`, or `File` with line and column; `Rule` for a card whose key does not hold.
    pub fn read(path: &Path) -> Result<Self, SetupError> {
        let source = home::read(path)?;
        let card: Self = form::parse(path, &source, HINT)?;
        let observer = card.observer("").map_err(|wrong| wrong.of(path, &source, HINT))?;
        if let Err(fault) = PublicKey::new(observer.key) {
            return Err(form::broken(path, &source, "key", fault));
        }
        observer.check().map_err(|fault| form::broken(path, &source, "", fault))?;
        Ok(card)
    }

    /// The file of the card.
    pub fn text(&self) -> String {
        let text = toml::to_string_pretty(self).unwrap_or_default();
        format!(
            "# The card of the observer {}: give it to the parties. It holds no secret.\n{text}",
            self.name
        )
    }
}

/// The observers of a memorandum, ascending by name; `None` without any.
pub(super) fn observers(cards: &[ObserverCard]) -> Result<Option<Vec<Observer>>, Wrong> {
    let read = cards.iter().enumerate().map(|(place, card)| card.observer(&format!("observer.{place}")));
    let mut observers: Vec<Observer> = read.collect::<Result<_, _>>()?;
    observers.sort_by(|a, b| a.name.cmp(&b.name));
    Ok((!observers.is_empty()).then_some(observers))
}
