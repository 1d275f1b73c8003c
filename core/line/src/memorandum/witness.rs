//! The neutral witnesses that a memorandum names (spec/witness.md).

use alloc::string::{String, ToString as _};

use detente_record::{Fault, PublicKey};
use minicbor::{Decode, Encode};

use super::{ascending, refuse};

/// Most witnesses of a line.
pub const MAX_WITNESSES: usize = 32;
/// How often at most a book's head is submitted where the memorandum does not say, ms.
pub const WITNESSING_MS: u64 = 60_000;
/// A neutral witness: it cosigns checkpoints and is told nothing else (spec/witness.md).
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Witness {
    /// The name of its key, as a URL without its scheme.
    #[n(1)]
    pub name: String,
    /// Signs its cosignatures.
    #[cbor(n(2), with = "minicbor::bytes")]
    pub key: [u8; 32],
    /// Where it takes submissions: `https://` or `http://`.
    #[n(3)]
    pub url: String,
}

impl Witness {
    fn check(&self) -> Result<(), Fault> {
        if !is_cosigner_name(&self.name) {
            let expected = "1 to 200 printable ASCII characters without +, ://, or detente/ at the beginning";
            return Err(refuse("witness name", expected, self.name.clone()));
        }
        PublicKey::new(self.key)?;
        let rest = ["https://", "http://"].into_iter().find_map(|scheme| self.url.strip_prefix(scheme));
        let host = rest.map(|rest| rest.split_once('/').map_or(rest, |(host, _)| host));
        let sound = host.is_some_and(|host| !host.is_empty())
            && self.url.len() <= 200
            && self.url.chars().all(|c| c.is_ascii_alphanumeric() || "-._~:/[]%".contains(c))
            && !self.url.ends_with('/');
        if sound {
            Ok(())
        } else {
            let expected =
                "https:// or http://, a host, at most 200 characters, no slash at the end, no query";
            Err(refuse("witness url", expected, self.url.clone()))
        }
    }
}

/// Whether a text may be the name of a witness's key; names of this protocol's own keys and origins begin with
/// `detente/` and are nobody else's.
fn is_cosigner_name(name: &str) -> bool {
    (1..=200).contains(&name.len())
        && name.chars().all(|c| c.is_ascii_graphic() && c != '+')
        && !name.contains("://")
        && !name.starts_with("detente/")
}

/// Holds what a memorandum says of witnesses to its rules: how many, in which order, each by itself, and how often.
///
/// # Errors
/// `Malformed` or `WeakKey`, naming the rule.
pub(super) fn check(named: Option<&[Witness]>, witnessing_ms: Option<u64>) -> Result<(), Fault> {
    let witnesses = named.unwrap_or_default();
    if named.is_some() && !(1..=MAX_WITNESSES).contains(&witnesses.len()) {
        return Err(refuse("witnesses", "1 to 32, or no such key", witnesses.len().to_string()));
    }
    if !ascending(witnesses.iter().map(|witness| witness.name.as_str())) {
        return Err(refuse("witnesses", "ascending by name, each once", "another order"));
    }
    witnesses.iter().try_for_each(Witness::check)?;
    match witnessing_ms {
        Some(_) if witnesses.is_empty() => {
            Err(refuse("witnessing", "witnesses, or no time between submissions", "a time alone"))
        }
        Some(every_ms) if !(1_000..=86_400_000).contains(&every_ms) => {
            Err(refuse("witnessing", "1,000 to 86,400,000 ms", every_ms.to_string()))
        }
        _ => Ok(()),
    }
}
