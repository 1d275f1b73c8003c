//! A party's own keys and secret for one line, and the card by which others come to know them.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use detente_line::{Identity, Member, Office};
use detente_record::renewal::{Occasion, RankSecrets};
use detente_record::{Class, LineSecret, Party, Renewal, SealSecret, SecretKey, possession_message};
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::error::SetupError;
use crate::home;

/// The file of keys: five lines of 64 hex digits; without the last, the party seals nothing.
#[derive(Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
#[serde(deny_unknown_fields)]
struct KeyFile {
    /// Short name of the party.
    party: String,
    book: String,
    receipt: String,
    station: String,
    secret: String,
    #[serde(default)]
    seal: Option<String>,
    /// Of keys that were renewed: where the reach of those before ends, if not at all that is held.
    #[serde(default)]
    reach: Vec<String>,
    /// Of keys that were renewed: the record was lost with those before.
    #[serde(default)]
    lost: bool,
}

/// A party's own keys and secret for one line.
pub struct Keys {
    party: String,
    book: Zeroizing<[u8; 32]>,
    receipt: Zeroizing<[u8; 32]>,
    station: Zeroizing<[u8; 32]>,
    secret: Zeroizing<[u8; 32]>,
    seal: Option<Zeroizing<[u8; 32]>>,
    reach: BTreeMap<Class, (u16, u64)>,
    lost: bool,
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Keys").field("party", &self.party).finish_non_exhaustive()
    }
}

/// Random bytes from the system.
pub(crate) fn random() -> Result<Zeroizing<[u8; 32]>, SetupError> {
    let mut bytes = Zeroizing::new([0; 32]);
    let drawn = getrandom::fill(bytes.as_mut());
    drawn
        .map_err(|cause| SetupError::io("draw random bytes from", Path::new("the system"), &cause.into()))?;
    Ok(bytes)
}

/// Holds a file to be its owner's alone.
pub(crate) fn private(path: &Path) -> Result<(), SetupError> {
    let found = fs::metadata(path).map_err(|cause| SetupError::io("read", path, &cause))?;
    let mode = found.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(SetupError::Exposed { path: path.to_owned(), mode });
    }
    Ok(())
}

pub(crate) fn hex(bytes: &[u8; 32]) -> String {
    bytes.iter().fold(String::with_capacity(64), |text, byte| text + &format!("{byte:02x}"))
}

/// The same of 16 bytes.
pub(crate) fn hex16(bytes: &[u8; 16]) -> String {
    bytes.iter().fold(String::with_capacity(32), |text, byte| text + &format!("{byte:02x}"))
}

/// Reads exactly `2 * N` digits of hexadecimal, and nothing else.
pub(crate) fn unhex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let digits = text.as_bytes();
    // What reads a number below would take a sign as well.
    if digits.len() != 2 * N || !digits.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    let mut bytes = [0; N];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(bytes)
}

/// `Z.0/17`: the class, the generation and the size at which a reach ends.
fn reach_of(text: &str) -> Option<(Class, (u16, u64))> {
    let (class, rest) = text.split_once('.')?;
    let (generation, size) = rest.split_once('/')?;
    let class = Class::from_letter(class.chars().next().filter(|_| class.len() == 1)?).ok()?;
    Some((class, (generation.parse().ok()?, size.parse().ok()?)))
}

impl Keys {
    /// New keys from the system's randomness.
    ///
    /// # Errors
    /// `Io` if the system has none.
    pub fn generate(party: &str) -> Result<Self, SetupError> {
        Ok(Self {
            party: party.into(),
            book: random()?,
            receipt: random()?,
            station: random()?,
            secret: random()?,
            seal: Some(random()?),
            reach: BTreeMap::new(),
            lost: false,
        })
    }

    /// Reads a file of keys that is its owner's alone.
    ///
    /// # Errors
    /// `Exposed`, `Io`, or `File` for anything else than four keys.
    pub fn read(path: &Path) -> Result<Self, SetupError> {
        private(path)?;
        // The parser's own message would quote the line; a line of this file is a key.
        let wrong = || SetupError::File {
            path: path.to_owned(),
            text: "expected party, book, receipt, station, secret and seal, each key as 64 hex digits".into(),
            hint: "restore this file from where you keep it safe; it cannot be made again".into(),
        };
        let text = Zeroizing::new(home::read(path)?);
        let file: KeyFile = toml::from_str(&text).map_err(|_| wrong())?;
        let key = |text: &str| unhex(text).map(Zeroizing::new).ok_or_else(wrong);
        Ok(Self {
            party: file.party.clone(),
            book: key(&file.book)?,
            receipt: key(&file.receipt)?,
            station: key(&file.station)?,
            secret: key(&file.secret)?,
            seal: file.seal.as_deref().map(key).transpose()?,
            reach: file.reach.iter().map(|text| reach_of(text)).collect::<Option<_>>().ok_or_else(wrong)?,
            lost: file.lost,
        })
    }

    /// Writes them to a new file, mode 0600.
    ///
    /// # Errors
    /// `Exists` or `Io`.
    pub fn write(&self, path: &Path) -> Result<(), SetupError> {
        home::write(path, &self.text(), 0o600, false)
    }

    fn text(&self) -> Zeroizing<String> {
        let [book, receipt, station, secret] =
            [&self.book, &self.receipt, &self.station, &self.secret].map(|key| Zeroizing::new(hex(key)));
        let mut text = Zeroizing::new(format!(
            "# Whoever reads this file can speak for {party}. Never copy it to another machine.\n\
             party = \"{party}\"\nbook = \"{}\"\nreceipt = \"{}\"\nstation = \"{}\"\nsecret = \"{}\"\n",
            *book,
            *receipt,
            *station,
            *secret,
            party = self.party,
        ));
        if let Some(seal) = self.seal.as_ref().map(|seal| Zeroizing::new(hex(seal))) {
            text.push_str(&format!("seal = \"{}\"\n", *seal));
        }
        if !self.reach.is_empty() {
            let all: Vec<String> = self
                .reach
                .iter()
                .map(|(class, (generation, size))| format!("\"{}.{generation}/{size}\"", class.letter()))
                .collect();
            text.push_str(&format!("reach = [{}]\n", all.join(", ")));
        }
        if self.lost {
            text.push_str("lost = true\n");
        }
        text
    }

    /// Makes a seal key where there is none, and adds it to the file that these keys were read from. Says whether there was none.
    ///
    /// # Errors
    /// `Io`, also if the system has no randomness.
    pub fn make_seal(&mut self, path: &Path) -> Result<bool, SetupError> {
        if self.seal.is_some() {
            return Ok(false);
        }
        self.seal = Some(random()?);
        home::write(path, &self.text(), 0o600, true)?;
        Ok(true)
    }

    /// Where the reach of the keys before ends, by class: generation and size.
    pub fn reach(&self) -> &BTreeMap<Class, (u16, u64)> {
        &self.reach
    }

    /// Whether the record was lost with the keys before.
    pub fn record_is_lost(&self) -> bool {
        self.lost
    }

    /// The same keys, which take the place of others: with where the reach of those ends, and whether the record was lost. The seal key
    /// is the others', since the memorandum commits to it; where they are lost, nothing is sealed.
    #[must_use]
    pub fn after(self, before: Option<&Self>, reach: BTreeMap<Class, (u16, u64)>, lost: bool) -> Self {
        let seal = before.and_then(|before| before.seal.clone());
        Self { seal, reach, lost, ..self }
    }

    /// A renewal that brings these keys, signed by a recovery key.
    pub fn renewal(&self, occasion: Occasion, recovery: &SecretKey) -> Renewal {
        let [book, receipt, station] =
            [&self.book, &self.receipt, &self.station].map(|seed| SecretKey::from_seed(**seed));
        let commitment = self.line_secret().commitment();
        let next = RankSecrets { book: &book, receipt: &receipt, station: &station, commitment };
        Renewal::sign(occasion, &self.party, &next, recovery)
    }

    /// The line secret.
    pub fn line_secret(&self) -> LineSecret {
        LineSecret::from_bytes(*self.secret)
    }

    /// Short name of the party.
    pub fn party(&self) -> &str {
        &self.party
    }

    /// The key that signs checkpoints and memoranda.
    pub fn book_key(&self) -> SecretKey {
        SecretKey::from_seed(*self.book)
    }

    /// The seed of the station's key.
    pub fn station_seed(&self) -> Zeroizing<[u8; 32]> {
        self.station.clone()
    }

    /// What the core needs to speak for a party.
    pub fn identity(&self, party: Party) -> Identity {
        Identity {
            party,
            book_key: self.book_key(),
            receipt_key: SecretKey::from_seed(*self.receipt),
            secret: LineSecret::from_bytes(*self.secret),
            seal_key: self.seal.as_ref().map(|seed| SealSecret::from_seed(**seed)),
        }
    }

    /// The card by which others come to know these keys; its number is given when a memorandum is drafted.
    pub fn card(&self, full_name: &str, languages: Vec<String>, offices: Vec<Office>) -> Member {
        let keys = [&self.book, &self.receipt, &self.station].map(|seed| SecretKey::from_seed(**seed));
        let proofs = ["book", "receipt", "station"].iter().zip(&keys).map(|(role, key)| {
            key.sign(&possession_message(role, &self.party, &key.public())).to_vec().into()
        });
        let [book, receipt, station] = keys.each_ref().map(|key| *key.public().bytes());
        Member {
            number: 0,
            name: self.party.clone(),
            full_name: full_name.into(),
            book_key: book,
            receipt_key: receipt,
            station_key: station,
            recovery_key: None,
            commitment: LineSecret::from_bytes(*self.secret).commitment(),
            possession: proofs.collect(),
            languages,
            offices,
            seal: self.seal.as_ref().map(|seed| SealSecret::from_seed(**seed).public().commitment()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::unhex;

    #[test]
    fn hex_is_digits_alone() {
        assert_eq!(unhex("00fFa9"), Some([0, 0xff, 0xa9]));
        for wrong in ["00ffa", "00ffa9a9", "+0ffa9", "00 fa9", "00ffg9", "00f\u{e9}9"] {
            assert_eq!(unhex::<3>(wrong), None, "{wrong:?}");
        }
    }
}
