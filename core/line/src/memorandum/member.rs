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
    /// Possession of the three keys, 64 bytes each.
    #[n(8)]
    pub possession: Vec<minicbor::bytes::ByteVec>,
    /// BCP 47; the first one is what it writes in unless it says otherwise.
    #[n(9)]
    pub languages: Vec<String>,
    /// Ascending by number.
    #[n(10)]
    pub offices: Vec<Office>,
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
        let seal = self.seal.as_ref().map(Hash::as_slice).unwrap_or_default();
        [&self.book_key, &self.receipt_key, &self.station_key, self.commitment.as_slice(), seal].concat()
    }

    /// Whether it is the same party, as a later memorandum of its line names it: with the same keys, or with its first seal
    /// key besides.
    pub(super) fn is_same_party(&self, later: &Self) -> bool {
        let keys =
            |member: &Self| [member.book_key, member.receipt_key, member.station_key, member.commitment];
        (self.number, &self.name) == (later.number, &later.name)
            && keys(self) == keys(later)
            && (self.seal.is_none() || self.seal == later.seal)
    }

    /// Whether it could be taken for another party of the line: they have a number, a name, a key or a secret in common.
    pub(super) fn shares_with(&self, other: &Self) -> bool {
        let keys = [other.book_key, other.receipt_key, other.station_key];
        self.number == other.number
            || self.name == other.name
            || self.commitment == other.commitment
            || (self.seal.is_some() && self.seal == other.seal)
            || [self.book_key, self.receipt_key, self.station_key].iter().any(|key| keys.contains(key))
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
        let roles = [("book", self.book_key), ("receipt", self.receipt_key), ("station", self.station_key)];
        if self.possession.len() != roles.len() {
            return Err(refuse("possession", "3 signatures", format!("{} of {who}", self.possession.len())));
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
