//! The parties of a line: names, keys, languages and offices (spec/line.md §2).

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use detente_record::{Fault, Hash, Party, PublicKey, Signature, possession_message};
use minicbor::{Decode, Encode};

use super::{ascending, is_label, is_language, is_name, refuse};

/// A party, its keys and its offices.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Member {
    /// 0 to 254, never reused.
    #[n(1)]
    pub number: u8,
    /// Short name, `[a-z][a-z0-9-]{0,15}`.
    #[n(2)]
    pub name: String,
    /// Full name.
    #[n(3)]
    pub full_name: String,
    /// Signs checkpoints and memoranda.
    #[cbor(n(4), with = "minicbor::bytes")]
    pub book_key: [u8; 32],
    /// Signs receipts.
    #[cbor(n(5), with = "minicbor::bytes")]
    pub receipt_key: [u8; 32],
    /// Identifies its station.
    #[cbor(n(6), with = "minicbor::bytes")]
    pub station_key: [u8; 32],
    /// Commitment of its line secret.
    #[cbor(n(7), with = "minicbor::bytes")]
    pub commitment: Hash,
    /// Possession of the three keys, and of the recovery key where there is one, 64 bytes each.
    #[n(8)]
    pub possession: Vec<minicbor::bytes::ByteVec>,
    /// BCP 47; the first one is what it writes in unless it says otherwise.
    #[n(9)]
    pub languages: Vec<String>,
    /// Ascending by number.
    #[n(10)]
    pub offices: Vec<Office>,
    /// Signs what renews its keys (spec/keys.md); kept offline.
    #[cbor(n(11), with = "minicbor::bytes")]
    pub recovery_key: Option<[u8; 32]>,
    /// Commitment of its seal key, where it has one.
    #[cbor(n(12), with = "minicbor::bytes")]
    pub seal: Option<Hash>,
}

/// An office that officers hold; keys stand for offices, not for voices.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Office {
    /// Number within the party.
    #[n(1)]
    pub number: u16,
    /// What it is called.
    #[n(2)]
    pub name: String,
    /// 0 watch officer, 1 duty officer, 2 and more: senior.
    #[n(3)]
    pub rank: u16,
}

impl Member {
    /// What a fingerprint of this party's keys is taken of (spec/record.md §8).
    pub fn fingerprint_subject(&self) -> Vec<u8> {
        let named = [self.book_key, self.receipt_key, self.station_key, self.commitment];
        named.into_iter().chain(self.recovery_key).chain(self.seal).flatten().collect()
    }

    /// Whether another memorandum of its line may name it so later: nothing by which it is known changes, but that it may be given a
    /// recovery key, and its first seal key.
    pub(super) fn may_become(&self, later: &Self) -> bool {
        let known = |of: &Self| (of.number, of.book_key, of.receipt_key, of.station_key, of.commitment);
        (known(self), &self.name) == (known(later), &later.name)
            && self.recovery_key.is_none_or(|key| later.recovery_key == Some(key))
            && (self.seal.is_none() || self.seal == later.seal)
    }

    /// Every key that it is known by.
    pub(super) fn keys(&self) -> impl Iterator<Item = [u8; 32]> + '_ {
        [self.book_key, self.receipt_key, self.station_key].into_iter().chain(self.recovery_key)
    }

    /// Whether it could be taken for another party of the line: they have a number, a name, a key or a secret in common.
    pub(super) fn shares_with(&self, other: &Self) -> bool {
        self.number == other.number
            || self.name == other.name
            || self.commitment == other.commitment
            || (self.seal.is_some() && self.seal == other.seal)
            || self.keys().any(|key| other.keys().any(|of| of == key))
    }

    /// The office that writes what the station writes by itself.
    pub fn watch_office(&self) -> u16 {
        self.offices.iter().find(|office| office.rank == 0).map_or(0, |office| office.number)
    }

    /// Checks the party by itself: names, keys and their possession, languages, offices.
    ///
    /// # Errors
    /// `Malformed`, naming the field.
    pub fn check(&self) -> Result<(), Fault> {
        let who = &self.name;
        if !is_name(who, 16) {
            return Err(refuse("party name", "[a-z][a-z0-9-]{0,15}", who.clone()));
        }
        Party::new(self.number)?;
        if !is_label(&self.full_name) {
            return Err(refuse("full name of a party", "1 to 200 bytes without controls", who.clone()));
        }
        let roles: Vec<_> = ["book", "receipt", "station", "recovery"].into_iter().zip(self.keys()).collect();
        if self.possession.len() != roles.len() {
            let found = format!("{} of {who}", self.possession.len());
            return Err(refuse("possession", format!("{} signatures", roles.len()), found));
        }
        for ((role, key), proof) in roles.into_iter().zip(&self.possession) {
            let key = PublicKey::new(key)?;
            let proved = Signature::try_from(proof.as_slice())
                .is_ok_and(|signature| key.verify(&possession_message(role, who, &key), &signature));
            if !proved {
                return Err(refuse(
                    "possession",
                    format!("a signature by the {role} key"),
                    format!("none of {who}"),
                ));
            }
        }
        if self.languages.is_empty() || !self.languages.iter().all(|tag| is_language(tag)) {
            return Err(refuse(
                "languages",
                "one or more BCP 47 tags",
                format!("{:?} of {who}", self.languages),
            ));
        }
        if !ascending(self.offices.iter().map(|office| office.number)) {
            return Err(refuse(
                "offices",
                "ascending by number, each once",
                format!("another order for {who}"),
            ));
        }
        if !self.offices.iter().any(|office| office.rank == 0) {
            return Err(refuse("offices", "at least one of rank 0, the watch", format!("none of {who}")));
        }
        if !self.offices.iter().all(|office| is_label(&office.name)) {
            return Err(refuse(
                "office name",
                "1 to 200 bytes without controls",
                format!("another of {who}"),
            ));
        }
        Ok(())
    }
}
