//! The observers that a memorandum names (spec/observers.md §1).

use alloc::collections::BTreeSet;
use alloc::format;
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;

use detente_record::{Fault, PublicKey, Signature, possession_message};
use minicbor::{Decode, Encode};

use super::{Memorandum, Terms, ascending, is_label, is_language, is_name, refuse};

/// Most observers of a line.
pub const MAX_OBSERVERS: usize = 32;

/// Who is shown what parties choose to show, and files findings; no party.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Observer {
    /// Short name, `[a-z][a-z0-9-]{0,15}`, of no party.
    #[n(1)]
    pub name: String,
    /// Full name.
    #[n(2)]
    pub full_name: String,
    /// Signs its findings.
    #[cbor(n(3), with = "minicbor::bytes")]
    pub key: [u8; 32],
    /// Possession of that key.
    #[cbor(n(4), with = "minicbor::bytes")]
    pub possession: Signature,
    /// BCP 47; the first one is what it writes in unless it says otherwise.
    #[n(5)]
    pub languages: Vec<String>,
}

impl Observer {
    /// Checks it by itself: name, key and its possession, languages.
    ///
    /// # Errors
    /// `Malformed` or `WeakKey`, naming the field.
    pub fn check(&self) -> Result<(), Fault> {
        let who = &self.name;
        if !is_name(who, 16) {
            return Err(refuse("observer name", "[a-z][a-z0-9-]{0,15}", who.clone()));
        }
        if !is_label(&self.full_name) {
            return Err(refuse("full name of an observer", "1 to 200 bytes without controls", who.clone()));
        }
        let key = PublicKey::new(self.key)?;
        if !key.verify(&possession_message("observer", who, &key), &self.possession) {
            let found = format!("none of the observer {who}");
            return Err(refuse("possession", "a signature by the observer's key", found));
        }
        if self.languages.is_empty() || !self.languages.iter().all(|tag| is_language(tag)) {
            let found = format!("{:?} of the observer {who}", self.languages);
            return Err(refuse("languages", "one or more BCP 47 tags", found));
        }
        Ok(())
    }
}

/// Holds what a memorandum says of observers to its rules, but for their keys, which are held to all others.
///
/// # Errors
/// `Malformed` or `WeakKey`, naming the rule.
pub(super) fn check(terms: &Terms) -> Result<(), Fault> {
    let Some(observers) = &terms.observers else { return Ok(()) };
    if !(1..=MAX_OBSERVERS).contains(&observers.len()) {
        return Err(refuse("observers", "1 to 32, or no such key", observers.len().to_string()));
    }
    if !ascending(observers.iter().map(|observer| observer.name.as_str())) {
        return Err(refuse("observers", "ascending by name, each once", "another order"));
    }
    observers.iter().try_for_each(Observer::check)?;
    let names: BTreeSet<&str> = terms.parties.iter().map(|member| member.name.as_str()).collect();
    match observers.iter().find(|observer| names.contains(observer.name.as_str())) {
        Some(observer) => Err(refuse("observer name", "one that is no party's", observer.name.clone())),
        None => Ok(()),
    }
}

impl Memorandum {
    /// Who is shown what parties choose to show, ascending by name.
    pub fn observers(&self) -> &[Observer] {
        self.terms.observers.as_deref().unwrap_or_default()
    }

    /// The observer of a name, for an entry that speaks of it.
    ///
    /// # Errors
    /// `Misbehaved` where it names none of this name.
    pub(crate) fn named_observer(&self, name: &str) -> Result<&Observer, Fault> {
        self.observer(name).ok_or_else(|| {
            Fault::misbehaved("observer", "one that the memorandum in force names", name.to_string())
        })
    }

    /// The observer of a name.
    pub fn observer(&self, name: &str) -> Option<&Observer> {
        self.observers().iter().find(|observer| observer.name == name)
    }

    /// Holds what an amendment of this memorandum says of observers, and of the parties that it admits, to all that `been` in
    /// force named: whoever comes back is the same, and nobody is taken for another.
    ///
    /// # Errors
    /// `Misbehaved`, naming who could be taken for whom.
    pub(super) fn may_observe<'a>(
        next: &Self,
        been: impl IntoIterator<Item = &'a Self>,
    ) -> Result<(), Fault> {
        for earlier in been {
            for observer in next.observers() {
                let other = |one: &&Observer| {
                    (one.name == observer.name || one.key == observer.key)
                        && (&one.name, one.key) != (&observer.name, observer.key)
                };
                let party = earlier.terms.parties.iter().any(|member| {
                    member.name == observer.name
                        || [member.book_key, member.receipt_key, member.station_key].contains(&observer.key)
                });
                if party || earlier.observers().iter().any(|one| other(&one)) {
                    let expected =
                        "observers with a name and a key that were no party's, and never another observer's";
                    return Err(Fault::misbehaved("amendment", expected, observer.name.clone()));
                }
            }
            for member in &next.terms.parties {
                let keys = [member.book_key, member.receipt_key, member.station_key];
                let taken = |one: &Observer| one.name == member.name || keys.contains(&one.key);
                if earlier.observers().iter().any(taken) {
                    let expected = "parties with a name and keys that were no observer's";
                    return Err(Fault::misbehaved("amendment", expected, member.name.clone()));
                }
            }
        }
        Ok(())
    }
}
