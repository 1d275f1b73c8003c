//! A party's renewals as a file for people to carry (spec/keys.md §4): TOML that holds no secret.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use detente_record::{Hash, LineId, Renewal, hex};
use serde::{Deserialize, Serialize};

use crate::error::SetupError;
use crate::form::{self, Wrong};
use crate::home;
use crate::keys::unhex;

const HINT: &str = "take the file again from whoever gave it; spec/keys.md says what is in it";

/// The file.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    line: String,
    party: String,
    renewal: Vec<String>,
}

/// All of a party's renewals, ascending from rank 1, as a file holds them; nothing of it is believed yet.
#[derive(Debug, Clone)]
pub struct Renewals {
    /// The line.
    pub line: LineId,
    /// The party's short name.
    pub party: String,
    /// The renewals.
    pub all: Vec<Renewal>,
}

impl Renewals {
    /// Reads a file.
    ///
    /// # Errors
    /// `Io`, or `File` with the place.
    pub fn read(path: &Path) -> Result<Self, SetupError> {
        let source = home::read(path)?;
        let file: File = form::parse(path, &source, HINT)?;
        Self::of(&file).map_err(|wrong| wrong.of(path, &source, HINT))
    }

    fn of(file: &File) -> Result<Self, Wrong> {
        let line: Hash =
            unhex(&file.line).ok_or_else(|| Wrong::new("line", "64 hex digits", "something else"))?;
        let renewal = |text: &String| {
            let bytes = STANDARD.decode(text).map_err(|_| Wrong::new("renewal", "base64", "what is none"))?;
            Renewal::decode(&bytes).map_err(|fault| Wrong {
                at: "renewal".into(),
                text: fault.to_string(),
                hint: None,
            })
        };
        let all: Vec<Renewal> = file.renewal.iter().map(renewal).collect::<Result<_, Wrong>>()?;
        let ranks = all.iter().map(|renewal| renewal.occasion.rank);
        if all.is_empty() || !ranks.eq(1..=u8::try_from(all.len()).unwrap_or(u8::MAX)) {
            return Err(Wrong::new("renewal", "all of the party's, ascending from rank 1", "others"));
        }
        Ok(Self { line: LineId(line), party: file.party.clone(), all })
    }

    /// The renewals, as they stand in the file.
    pub fn base64(&self) -> Vec<String> {
        self.all.iter().map(|renewal| STANDARD.encode(renewal.encode())).collect()
    }

    /// The file's text.
    pub fn text(&self) -> String {
        let file = File { line: hex(&self.line.0), party: self.party.clone(), renewal: self.base64() };
        // Every field is a string or a list of strings: there is nothing that TOML cannot say.
        let text = toml::to_string_pretty(&file).unwrap_or_default();
        format!(
            "# The renewed keys of {}: give it to the other parties. It holds no secret.\n{text}",
            self.party
        )
    }
}
