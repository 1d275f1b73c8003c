//! Keys that no memorandum holds itself: those that renewals brought, and those that seal (spec/dossier.md §3.7, §3.8).
//!
//! Promises that a renewal is under its party's recovery key and follows what was before it, and that a seal key is the one which a
//! memorandum commits to. A renewal of a party that an amendment admits, or gives its recovery key, is taken when that amendment is.

use std::fmt::Write as _;

use detente_record::renewal::{LAST_RANK, Why};
use detente_record::{Fault, Party, Renewal, SealKey, base64, hash, seal_name};

use crate::memoranda::Memoranda;
use crate::words;

/// Most lines of either part: every party has so many ranks at most, and one renewal that contradicts another.
const MOST_LINES: usize = 256 * (LAST_RANK as usize + 1);
/// What renewals that contradict each other do not prove.
pub const CONTRADICTION_DOES_NOT_PROVE: &str = "which of the two is its owner's";
/// What a renewal does not prove.
pub const RENEWAL_DOES_NOT_PROVE: &str =
    "that the keys before it were in other hands, or when it became known to anybody";

/// `renewals.txt`, or nothing where nobody's keys were renewed.
pub fn renewals(memoranda: &Memoranda) -> Option<String> {
    let mut text = String::new();
    for renewal in all(memoranda) {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{} {}", memoranda.name_of(renewal.occasion.party), base64(&renewal.encode()));
    }
    (!text.is_empty()).then_some(text)
}

/// `seals.txt`, or nothing where no seal key is known.
pub fn seals(memoranda: &Memoranda) -> Option<String> {
    let mut text = String::new();
    for party in memoranda.parties() {
        let Some(key) = memoranda.seal_key(party) else { continue };
        let _ =
            writeln!(text, "{} {}", memoranda.name_of(party), key.vkey(&seal_name(&memoranda.line(), party)));
    }
    (!text.is_empty()).then_some(text)
}

/// The lines of a part: a party's short name and a text, a space between.
fn lines<'a>(part: &'static str, bytes: &'a [u8]) -> Result<Vec<(&'a str, &'a str)>, Fault> {
    let malformed = || {
        Fault::malformed(part, "1 to 8,192 lines, each a party's name, a space and a key", "something else")
    };
    let text = str::from_utf8(bytes).ok().and_then(|text| text.strip_suffix('\n')).ok_or_else(malformed)?;
    let lines: Vec<_> = text.split('\n').take(MOST_LINES + 1).map(|line| line.split_once(' ')).collect();
    if lines.len() > MOST_LINES {
        return Err(malformed());
    }
    lines.into_iter().collect::<Option<_>>().ok_or_else(malformed)
}

/// What a file brings of later keys, and has not been taken yet.
#[derive(Debug, Default)]
pub struct Pending {
    renewals: Vec<(String, Renewal)>,
    seals: Vec<(String, String)>,
}

impl Pending {
    /// Reads a `renewals.txt`; nothing of it is believed yet.
    ///
    /// # Errors
    /// `Malformed` for what is none.
    pub fn renewals(&mut self, bytes: &[u8]) -> Result<(), Fault> {
        for (name, text) in lines("renewals.txt", bytes)? {
            let bytes = hash::from_base64("renewals.txt", text)?;
            self.renewals.push((name.to_owned(), Renewal::decode(&bytes)?));
        }
        Ok(())
    }

    /// Reads a `seals.txt`; nothing of it is believed yet.
    ///
    /// # Errors
    /// `Malformed` for what is none.
    pub fn seals(&mut self, bytes: &[u8]) -> Result<(), Fault> {
        let named = lines("seals.txt", bytes)?.into_iter();
        self.seals = named.map(|(name, key)| (name.to_owned(), key.to_owned())).collect();
        Ok(())
    }

    /// Takes what the memoranda so far speak for: renewals under a recovery key that they name, seal keys that they commit to.
    ///
    /// # Errors
    /// `Misbehaved` for a renewal that is not its party's next one, and a key that is not the one committed to.
    pub fn take(&mut self, memoranda: &mut Memoranda) -> Result<(), Fault> {
        let mut left = Vec::new();
        for (name, renewal) in std::mem::take(&mut self.renewals) {
            let root = memoranda.party_named(&name).and_then(|party| memoranda.root(party));
            match root.filter(|root| root.recovery.is_some()) {
                Some(root) => memoranda.renew(&root, renewal)?,
                None => left.push((name, renewal)),
            }
        }
        self.renewals = left;
        let mut left = Vec::new();
        for (name, text) in std::mem::take(&mut self.seals) {
            let committed = memoranda
                .party_named(&name)
                .and_then(|party| Some((party, memoranda.seal_committed(party)?)));
            let Some((party, committed)) = committed else {
                left.push((name, text));
                continue;
            };
            let key = SealKey::from_vkey(&text, &seal_name(&memoranda.line(), party))?;
            if key.commitment() != committed {
                let expected = format!("the one that the memorandum commits {name} to");
                return Err(Fault::misbehaved("seal key", expected, "another"));
            }
            memoranda.tell_seal_key(party, key);
        }
        self.seals = left;
        Ok(())
    }

    /// Everything is taken that could be.
    ///
    /// # Errors
    /// `Misbehaved` where something is left.
    pub fn end(&self) -> Result<(), Fault> {
        if let Some((name, _)) = self.renewals.first() {
            return Err(Fault::misbehaved("renewal", "one of a party with a recovery key", name.clone()));
        }
        match self.seals.first() {
            Some((name, _)) => Err(Fault::misbehaved(
                "seal key",
                "one of a party whose key a memorandum commits to",
                name.clone(),
            )),
            None => Ok(()),
        }
    }
}

/// Every renewal here, by party, ascending by rank, and behind those of a party one that contradicts them.
pub fn all(memoranda: &Memoranda) -> impl Iterator<Item = &Renewal> {
    let ranks = memoranda.parties().filter_map(|party| memoranda.ranks(party));
    ranks.flat_map(|ranks| ranks.renewals().iter().chain(ranks.contradicting()))
}

/// A renewal, in a sentence.
pub fn renewal_says(memoranda: &Memoranda, renewal: &Renewal) -> String {
    let of = &renewal.occasion;
    let name = memoranda.name_of(of.party);
    let why = match of.why {
        Why::Rotation => "because it was time",
        Why::Compromise => "because those before were, or may have been, in other hands",
    };
    let when = words::time(of.time_ms);
    format!(
        "{name} renewed its keys under its recovery key, to rank {}, {why}, at {when} by the clock of {name}",
        of.rank
    )
}

/// That a party's renewals contradict each other, in a sentence; nothing, where they do not.
pub fn contradiction_says(memoranda: &Memoranda, party: Party) -> Option<String> {
    let rank = memoranda.ranks(party)?.spoiled_from()?;
    let name = memoranda.name_of(party);
    Some(format!(
        "the recovery key of {name} signed two renewals of rank {rank} that cannot both be its owner's: from this rank on neither counts"
    ))
}
