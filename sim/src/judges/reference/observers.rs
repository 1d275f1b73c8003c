//! What observers were shown and what they found, read from the notes themselves (spec/observers.md).

use std::collections::{BTreeMap, BTreeSet};

use detente_line::{Content, Memorandum};
use detente_record::note::{ED25519, Note};
use detente_record::{Book, Cut, EntryRef, Hash, PublicKey, Signature, sha256};

use super::Reading;

/// One observer's findings: by serial and hash, the entries that lodge each; then the serials that are missing, and the
/// findings that convict it, by serial and hash.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Found {
    /// By serial and hash.
    pub(crate) lodged: BTreeMap<(u64, Hash), BTreeSet<EntryRef>>,
    /// Serials of which nothing is lodged.
    pub(crate) missing: BTreeSet<u64>,
    /// Of two of one serial the higher hash; and what follows from nothing that is lodged.
    pub(crate) convicting: BTreeSet<(u64, Hash)>,
}

/// The lines of a note's text that begin with a word.
fn values<'a>(text: &'a str, word: &'a str) -> impl Iterator<Item = &'a str> {
    let heading = text.split_once("\n\n").map_or(text, |(heading, _)| heading);
    heading.lines().filter_map(move |line| line.strip_prefix(word)?.strip_prefix(' '))
}

fn value<'a>(text: &'a str, word: &'a str) -> &'a str {
    values(text, word).next().unwrap_or_default()
}

fn digits(hash: &Hash) -> String {
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Spec/observers.md §2: whether a disclosure names only what its full cut covers.
pub(super) fn is_known(content: &Content, book: Book, number: u64, cut: &Cut) -> bool {
    let Content::Discloses(disclosure) = content else { return true };
    disclosure.entries().all(|entry| {
        let known = if entry.book == book { number - 1 } else { cut.get(&entry.book).copied().unwrap_or(0) };
        entry.number <= known
    })
}

/// Spec/observers.md §1: whether an amendment names observers and parties that could not be taken for anybody else.
pub(super) fn keeps_apart(then: &Memorandum, been: &[&Memorandum]) -> bool {
    let observers = |of: &Memorandum| -> BTreeSet<(String, Hash)> {
        of.terms().observers.iter().flatten().map(|one| (one.name.clone(), one.key)).collect()
    };
    let parties = |of: &Memorandum| -> BTreeSet<(String, Hash)> {
        let all = of.terms().parties.iter();
        all.flat_map(|p| [p.book_key, p.receipt_key, p.station_key].map(|key| (p.name.clone(), key)))
            .collect()
    };
    let shares = |one: &(String, Hash), other: &(String, Hash)| one.0 == other.0 || one.1 == other.1;
    been.iter().all(|earlier| {
        observers(then).iter().all(|one| {
            parties(earlier).iter().all(|party| !shares(one, party))
                && observers(earlier).iter().all(|other| one == other || !shares(one, other))
        }) && parties(then).iter().all(|one| observers(earlier).iter().all(|other| !shares(one, other)))
    })
}

impl Reading<'_> {
    /// Spec/observers.md §2 and §3: whether a finding or a disclosure is permitted under its cut.
    pub(super) fn is_of_an_observer(&self, content: &Content, cut: &Cut) -> bool {
        let observers = self.memorandum(cut).terms().observers.iter().flatten();
        let named = |name: &str| observers.clone().find(|observer| observer.name == name);
        match content {
            Content::Discloses(disclosure) => named(disclosure.to()).is_some(),
            Content::Finding(finding) => {
                let note = finding.note();
                let Ok(note) = Note::parse(note.as_bytes()) else { return false };
                let by = value(note.text, "by");
                let Some(observer) = named(by) else { return false };
                let Ok(key) = PublicKey::new(observer.key) else { return false };
                let line = self.founding.line().0;
                let origin = sha256(&[b"detente observer v1\n", line.as_slice(), by.as_bytes()].concat());
                let name = format!("detente/{}", digits(&origin).split_at(32).0);
                let signature = note.signature_by(&name, ED25519, &key).unwrap_or_default();
                value(note.text, "line") == digits(&line)
                    && Signature::try_from(signature).is_ok_and(|of| key.verify(note.text.as_bytes(), &of))
            }
            _ => true,
        }
    }

    /// What every observer found, as it is lodged.
    pub(crate) fn findings(&self) -> BTreeMap<String, Found> {
        let mut all: BTreeMap<String, Found> = BTreeMap::new();
        let mut before: BTreeMap<(String, u64, Hash), String> = BTreeMap::new();
        for (name, content) in self.sound_contents() {
            let Content::Finding(finding) = content else { continue };
            let note = finding.note();
            let text = note.rsplit_once("\n\n").map_or(String::new(), |(text, _)| format!("{text}\n"));
            let (by, hash) = (value(&text, "by").to_owned(), sha256(text.as_bytes()));
            let serial = value(&text, "serial").parse().unwrap_or(0);
            before.insert((by.clone(), serial, hash), value(&text, "before").to_owned());
            all.entry(by).or_default().lodged.entry((serial, hash)).or_default().insert(name);
        }
        for (by, found) in &mut all {
            let of = |serial: u64| {
                found.lodged.keys().filter(move |(one, _)| *one == serial).map(|(_, hash)| *hash)
            };
            let highest = found.lodged.keys().map(|(serial, _)| *serial).max().unwrap_or(0);
            let missing = (1..highest).filter(|serial| of(*serial).next().is_none()).collect();
            let convicting = found.lodged.keys().filter(|(serial, hash)| {
                let earlier: BTreeSet<String> =
                    of(serial.saturating_sub(1)).map(|hash| digits(&hash)).collect();
                let follows =
                    before.get(&(by.clone(), *serial, *hash)).is_some_and(|named| earlier.contains(named));
                of(*serial).any(|other| other < *hash) || !(earlier.is_empty() || follows)
            });
            let convicting = convicting.copied().collect();
            (found.missing, found.convicting) = (missing, convicting);
        }
        all
    }

    /// Which entries show something to each observer.
    pub(crate) fn disclosures(&self) -> BTreeMap<String, BTreeSet<EntryRef>> {
        let mut all: BTreeMap<String, BTreeSet<EntryRef>> = BTreeMap::new();
        for (name, content) in self.sound_contents() {
            if let Content::Discloses(disclosure) = content {
                all.entry(disclosure.to().to_owned()).or_default().insert(name);
            }
        }
        all
    }

    fn sound_contents(&self) -> impl Iterator<Item = (EntryRef, &Content)> {
        self.items.iter().filter(|(_, item)| item.sound).filter_map(|(name, item)| {
            let (_, content) = item.read.as_ref()?;
            Some((*name, content))
        })
    }
}
