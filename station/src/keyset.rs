//! All keys that a station has for a line: the last ones, with which it speaks, and what it still needs of those before.

use std::collections::BTreeMap;
use std::path::Path;

use detente_line::{Member, Renewed};
use detente_record::{PublicKey, Renewal, SecretKey, possession_message};
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::circuit::LineIdentity;
use crate::error::SetupError;
use crate::home::{self, Home};
use crate::keys::{Keys, hex, private, random, unhex};
use crate::renewals::Renewals;

/// The keys of every rank that are here.
#[derive(Debug)]
pub struct KeySet {
    /// Those with which the station speaks.
    pub last: Keys,
    /// Those before, as far as they were kept.
    pub earlier: BTreeMap<u8, Keys>,
    /// What brought the last ones, ascending from rank 1.
    pub renewals: Vec<Renewal>,
}

impl KeySet {
    /// Reads the keys of a line.
    ///
    /// # Errors
    /// What is wrong with a file.
    pub fn read(home: &Home, line: &str) -> Result<Self, SetupError> {
        let path = home.renewals(line);
        let renewals = if path.exists() { Renewals::read(&path)?.all } else { Vec::new() };
        let rank = u8::try_from(renewals.len()).unwrap_or(u8::MAX);
        let last = Keys::read(&home.keys_of(line, rank))?;
        let mut earlier = BTreeMap::new();
        for rank in (0..rank).filter(|rank| home.keys_of(line, *rank).exists()) {
            earlier.insert(rank, Keys::read(&home.keys_of(line, rank))?);
        }
        Ok(Self { last, earlier, renewals })
    }

    /// The rank of the last keys.
    pub fn rank(&self) -> u8 {
        u8::try_from(self.renewals.len()).unwrap_or(u8::MAX)
    }

    /// What the core needs to know of it beside the last keys.
    pub fn renewed(&self) -> Renewed {
        Renewed {
            renewals: self.renewals.clone(),
            book_keys: self.earlier.iter().map(|(rank, keys)| (*rank, keys.book_key())).collect(),
            secrets: self.earlier.iter().map(|(rank, keys)| (*rank, keys.line_secret())).collect(),
            reach: self.last.reach().clone(),
            lost: self.last.record_is_lost(),
        }
    }

    /// What the circuits of a line need of it.
    pub fn identity(&self, line: [u8; 32], peers: Vec<[u8; 32]>) -> LineIdentity {
        let earlier = self.earlier.iter().map(|(rank, keys)| (*rank, keys.station_seed())).collect();
        LineIdentity { line, rank: self.rank(), station_seed: self.last.station_seed(), earlier, peers }
    }
}

/// The file of a recovery key.
#[derive(Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
#[serde(deny_unknown_fields)]
struct RecoveryFile {
    party: String,
    recovery: String,
}

/// The key that renews a party's keys; it belongs on no station.
pub struct RecoveryKey {
    party: String,
    seed: Zeroizing<[u8; 32]>,
}

impl std::fmt::Debug for RecoveryKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RecoveryKey").field("party", &self.party).finish_non_exhaustive()
    }
}

impl RecoveryKey {
    /// A new one from the system's randomness.
    ///
    /// # Errors
    /// `Io` if the system has none.
    pub fn generate(party: &str) -> Result<Self, SetupError> {
        Ok(Self { party: party.into(), seed: random()? })
    }

    /// Reads a file that is its owner's alone.
    ///
    /// # Errors
    /// `Exposed`, `Io`, or `File` for anything else than a recovery key.
    pub fn read(path: &Path) -> Result<Self, SetupError> {
        private(path)?;
        // The parser's own message would quote the line; a line of this file is a key.
        let wrong = || SetupError::File {
            path: path.to_owned(),
            text: "expected party and recovery, the key as 64 hex digits".into(),
            hint: "this is not a file that `detente keys recovery init` wrote".into(),
        };
        let text = Zeroizing::new(home::read(path)?);
        let file: RecoveryFile = toml::from_str(&text).map_err(|_| wrong())?;
        let seed = unhex(&file.recovery).map(Zeroizing::new).ok_or_else(wrong)?;
        Ok(Self { party: file.party.clone(), seed })
    }

    /// Writes it to a new file, mode 0600.
    ///
    /// # Errors
    /// `Exists` or `Io`.
    pub fn write(&self, path: &Path) -> Result<(), SetupError> {
        let seed = Zeroizing::new(hex(&self.seed));
        let text = Zeroizing::new(format!(
            "# Whoever reads this file can give {party} other keys. Keep it offline, away from the station.\n\
             party = \"{party}\"\nrecovery = \"{}\"\n",
            *seed,
            party = self.party,
        ));
        home::write(path, &text, 0o600, false)
    }

    /// Short name of the party.
    pub fn party(&self) -> &str {
        &self.party
    }

    /// The key.
    pub fn key(&self) -> SecretKey {
        SecretKey::from_seed(*self.seed)
    }

    /// Its public half.
    pub fn public(&self) -> PublicKey {
        self.key().public()
    }

    /// Puts its public half, and the proof that it is here, into a party's card.
    pub fn sign_card(&self, member: &mut Member) {
        let proof = self.key().sign(&possession_message("recovery", &self.party, &self.public()));
        member.possession.truncate(3);
        member.possession.push(proof.to_vec().into());
        member.recovery_key = Some(*self.public().bytes());
    }
}
