//! What a party shows to an observer (spec/observers.md §2): which entries, and what is known of that under a cut.

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;

use detente_record::{Book, Cut, Entry, EntryRef, Fault, MAX_SIZE};
use minicbor::{Decode, Encode};

use crate::body::{bytes, exactly, maybe_within};
use crate::kind::Content;
use crate::memorandum::is_name;

/// Most spans of a disclosure.
pub const MAX_SPANS: usize = 512;
/// Most entries that a disclosure names: with itself, as many as a dossier holds.
pub const MAX_DISCLOSED: u64 = 19_999;

/// Entries of a book that follow each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// Of which book.
    pub book: Book,
    /// The first one's number.
    pub first: u64,
    /// The last one's.
    pub last: u64,
}

impl Span {
    /// The names of its entries, ascending.
    pub fn entries(self) -> impl Iterator<Item = EntryRef> {
        (self.first..=self.last).map(move |number| EntryRef { book: self.book, number })
    }

    /// How many entries it names.
    fn count(self) -> u64 {
        self.last.saturating_sub(self.first).saturating_add(1)
    }
}

/// What a party says that it shows to an observer. One that exists names at least one entry, in its one form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Disclosure {
    to: String,
    spans: Vec<Span>,
    text: Option<String>,
}

#[derive(Encode, Decode)]
struct WireSpan {
    #[n(0)]
    book: u32,
    #[n(1)]
    first: u64,
    #[n(2)]
    last: u64,
}

#[derive(Encode, Decode)]
#[cbor(map)]
struct Body {
    #[n(1)]
    to: String,
    #[n(2)]
    spans: Vec<WireSpan>,
    #[n(3)]
    text: Option<String>,
}

impl Disclosure {
    /// To an observer, of these entries.
    ///
    /// # Errors
    /// `Malformed` for no entries, too many, or in too many places.
    pub fn new(
        to: String,
        entries: impl IntoIterator<Item = EntryRef>,
        text: Option<String>,
    ) -> Result<Self, Fault> {
        let mut entries: Vec<EntryRef> = entries.into_iter().collect();
        entries.sort_unstable();
        entries.dedup();
        let mut spans: Vec<Span> = Vec::new();
        for EntryRef { book, number } in entries {
            match spans.last_mut() {
                Some(last) if last.book == book && last.last.checked_add(1) == Some(number) => {
                    last.last = number;
                }
                _ => spans.push(Span { book, first: number, last: number }),
            }
        }
        Self::checked(to, spans, text)
    }

    fn checked(to: String, spans: Vec<Span>, text: Option<String>) -> Result<Self, Fault> {
        let wrong =
            |expected: &'static str, found: String| Err(Fault::malformed("disclosure", expected, found));
        if !is_name(&to, 16) {
            return wrong("an observer's name, [a-z][a-z0-9-]{0,15}", "another".into());
        }
        if !(1..=MAX_SPANS).contains(&spans.len()) {
            return wrong("entries in 1 to 512 spans", spans.len().to_string());
        }
        if spans.iter().any(|span| span.first == 0 || span.last < span.first || span.last > MAX_SIZE) {
            return wrong("spans from a first number, 1 or above, to a last one", "another".into());
        }
        let apart = |pair: &[Span]| match pair {
            [a, b] => (a.book, a.last.saturating_add(1)) < (b.book, b.first),
            _ => true,
        };
        if !spans.windows(2).all(apart) {
            return wrong(
                "spans ascending by book and number, apart from each other",
                "another order".into(),
            );
        }
        let count = spans.iter().fold(0u64, |count, span| count.saturating_add(span.count()));
        if count > MAX_DISCLOSED {
            return wrong("at most 19,999 entries", count.to_string());
        }
        Ok(Self { to, spans, text: maybe_within(text)? })
    }

    /// The observer's name.
    pub fn to(&self) -> &str {
        &self.to
    }

    /// The entries, in spans, ascending.
    pub fn spans(&self) -> &[Span] {
        &self.spans
    }

    /// The names of the entries, ascending.
    pub fn entries(&self) -> impl Iterator<Item = EntryRef> + '_ {
        self.spans.iter().flat_map(|span| span.entries())
    }

    /// What it is for.
    pub fn text(&self) -> Option<&str> {
        self.text.as_deref()
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        let spans = self.spans.iter();
        let spans = spans.map(|span| WireSpan { book: span.book.code(), first: span.first, last: span.last });
        bytes(Body { to: self.to.clone(), spans: spans.collect(), text: self.text.clone() })
    }

    pub(crate) fn decode(body: &[u8]) -> Result<Self, Fault> {
        let Body { to, spans, text } = exactly(body)?;
        let span = |span: WireSpan| {
            Ok(Span { book: Book::from_code(span.book)?, first: span.first, last: span.last })
        };
        Self::checked(to, spans.into_iter().map(span).collect::<Result<_, Fault>>()?, text)
    }

    /// Holds it to what its author knew: nobody discloses what it does not hold. `stated` is the entry's full cut but for
    /// its own book, of which everything before it is known.
    ///
    /// # Errors
    /// `Misbehaved`, naming a span that reaches beyond.
    pub(crate) fn is_known(&self, name: EntryRef, stated: &Cut) -> Result<(), Fault> {
        let known = |span: &&Span| {
            let own = (span.book == name.book).then(|| name.number.saturating_sub(1));
            span.last <= own.or_else(|| stated.get(&span.book).copied()).unwrap_or(0)
        };
        match self.spans.iter().find(|span| !known(span)) {
            None => Ok(()),
            Some(span) => {
                let found = format!("number {} of the book {}", span.last, span.book.code());
                Err(Fault::misbehaved("disclosure", "entries that its full cut covers", found))
            }
        }
    }
}

/// A disclosure, by the entry that says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Disclosed {
    /// The entry.
    pub name: EntryRef,
    /// Its author's time, ms.
    pub time_ms: u64,
    /// BCP 47; `None` for the party's first language.
    pub language: Option<String>,
    /// What was disclosed.
    pub disclosure: Disclosure,
}

/// What was shown to whom, and by whom, under a cut.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Disclosures(BTreeMap<String, Vec<Disclosed>>);

impl Disclosures {
    /// Folds the sound entries that are given, in any order; those that disclose nothing, or are not under the cut, are
    /// passed over.
    pub fn under(cut: &Cut, entries: impl IntoIterator<Item = (EntryRef, Entry, Content)>) -> Self {
        let mut all: BTreeMap<String, Vec<Disclosed>> = BTreeMap::new();
        for (name, entry, content) in entries {
            let covered = cut.get(&name.book).is_some_and(|size| *size >= name.number);
            let Content::Discloses(disclosure) = content else { continue };
            if covered {
                let of = all.entry(disclosure.to.clone()).or_default();
                let (time_ms, language) = (entry.time_ms, entry.language);
                of.push(Disclosed { name, time_ms, language, disclosure });
            }
        }
        for of in all.values_mut() {
            of.sort_by_key(|disclosed| disclosed.name);
        }
        Self(all)
    }

    /// The observers that something was disclosed to, ascending by name, with what that was, ascending by the entry that
    /// says so.
    pub fn by_observer(&self) -> impl Iterator<Item = (&str, &[Disclosed])> {
        self.0.iter().map(|(observer, of)| (observer.as_str(), of.as_slice()))
    }

    /// What was disclosed to an observer.
    pub fn to(&self, observer: &str) -> &[Disclosed] {
        self.0.get(observer).map_or(&[], Vec::as_slice)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot be set up fails")]
    use detente_record::{Class, Party};

    use super::*;

    fn at(party: u8, class: Class, number: u64) -> EntryRef {
        EntryRef { book: Book { generation: 0, party: Party::new(party).unwrap(), class }, number }
    }

    #[test]
    fn entries_become_spans_that_are_apart() {
        let named = [3, 1, 2, 7, 3].map(|number| at(0, Class::R, number));
        let others = [at(1, Class::Z, 4), at(0, Class::A, 8)];
        let all = named.into_iter().chain(others);
        let disclosure = Disclosure::new("un-board".into(), all, None).unwrap();
        let spans: Vec<(u8, u64, u64)> =
            disclosure.spans().iter().map(|span| (span.book.class.number(), span.first, span.last)).collect();
        assert_eq!(spans, [(1, 8, 8), (4, 1, 3), (4, 7, 7), (0, 4, 4)]);
        assert_eq!(Disclosure::decode(&disclosure.encode()).unwrap(), disclosure);
        assert_eq!(disclosure.entries().count(), 6);
    }

    #[test]
    fn too_much_is_refused() {
        let of = |numbers: &mut dyn Iterator<Item = u64>| {
            Disclosure::new("b".into(), numbers.map(|number| at(0, Class::R, number)), None)
        };
        assert!(of(&mut (1..=19_999)).is_ok() && of(&mut (1..=20_000)).is_err());
        assert!(of(&mut (1..=1_024).step_by(2)).is_ok() && of(&mut (1..=1_026).step_by(2)).is_err());
        assert!(of(&mut core::iter::empty()).is_err());
        assert!(Disclosure::new("B".into(), [at(0, Class::R, 1)], None).is_err());
        assert!(Disclosure::new("b".into(), [at(0, Class::R, 1)], Some(String::new())).is_err());
    }

    #[test]
    fn nobody_discloses_what_it_does_not_know() {
        let own = at(0, Class::R, 5);
        let stated: Cut = [(at(1, Class::Z, 1).book, 3)].into_iter().collect();
        let known =
            |entry| Disclosure::new("b".into(), [entry], None).unwrap().is_known(own, &stated).is_ok();
        assert!(known(at(0, Class::R, 4)) && !known(at(0, Class::R, 5)));
        assert!(known(at(1, Class::Z, 3)) && !known(at(1, Class::Z, 4)) && !known(at(1, Class::R, 1)));
    }
}
