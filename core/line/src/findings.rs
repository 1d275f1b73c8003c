//! What observers found, as it is lodged on the line (spec/observers.md §4).
//!
//! A fold under a cut: nothing that the cut does not cover counts, so equal cuts give equal findings on every side. Each
//! observer's findings are a chain; what is missing in it shows, and two ends of it convict the observer.

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

use detente_record::{Cut, Entry, EntryRef, Hash};

use crate::finding::Finding;
use crate::kind::Content;

/// A finding and who lodged it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lodged {
    /// It.
    pub finding: Finding,
    /// Its hash.
    pub hash: Hash,
    /// The entries that lodge it with their authors' times, ms; ascending by name.
    pub by: Vec<(EntryRef, u64)>,
}

/// Two findings of one observer that cannot both be in one chain; by their hashes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Contradiction {
    /// Two of one serial, the lower hash first.
    Serial {
        /// Which.
        serial: u64,
        /// The one.
        one: Hash,
        /// The other.
        other: Hash,
    },
    /// One that names another before it than any that is lodged of the serial before its own.
    Before {
        /// The serial of the later one.
        serial: u64,
        /// A lodged one of the serial before it, the one of the lowest hash.
        lodged: Hash,
        /// The later one.
        later: Hash,
    },
}

/// One observer's findings.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Chain(Vec<Lodged>);

/// Every observer's findings.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Findings(BTreeMap<String, Chain>);

impl Findings {
    /// Folds the sound entries that are given, in any order; those that lodge nothing, or are not under the cut, are
    /// passed over.
    pub fn under(cut: &Cut, entries: impl IntoIterator<Item = (EntryRef, Entry, Content)>) -> Self {
        let mut all: BTreeMap<String, BTreeMap<(u64, Hash), Lodged>> = BTreeMap::new();
        for (name, entry, content) in entries {
            let covered = cut.get(&name.book).is_some_and(|size| *size >= name.number);
            let Content::Finding(finding) = content else { continue };
            if !covered {
                continue;
            }
            let (observer, serial, hash) =
                (finding.found().by.clone(), finding.found().serial, finding.hash());
            let lodged = all.entry(observer).or_default().entry((serial, hash));
            lodged
                .or_insert_with(|| Lodged { finding: *finding, hash, by: Vec::new() })
                .by
                .push((name, entry.time_ms));
        }
        let chain = |of: BTreeMap<_, Lodged>| {
            let mut chain: Vec<Lodged> = of.into_values().collect();
            chain.iter_mut().for_each(|lodged| lodged.by.sort_unstable());
            Chain(chain)
        };
        Self(all.into_iter().map(|(observer, of)| (observer, chain(of))).collect())
    }

    /// The observers of whom something is lodged, ascending by name.
    pub fn by_observer(&self) -> impl Iterator<Item = (&str, &Chain)> {
        self.0.iter().map(|(observer, chain)| (observer.as_str(), chain))
    }

    /// An observer's findings; `None` if nothing of it is lodged.
    pub fn of(&self, observer: &str) -> Option<&Chain> {
        self.0.get(observer)
    }
}

impl Chain {
    /// The findings, ascending by serial, then by hash.
    pub fn lodged(&self) -> &[Lodged] {
        &self.0
    }

    /// The serials that correct one, ascending.
    pub fn corrections_of(&self, serial: u64) -> impl Iterator<Item = u64> + '_ {
        let found = self.0.iter().map(|lodged| lodged.finding.found());
        found.filter(move |found| found.corrects == Some(serial)).map(|found| found.serial)
    }

    /// The serials of which nothing is lodged, below the highest one that is: first and last of each gap.
    pub fn missing(&self) -> Vec<(u64, u64)> {
        let mut missing = Vec::new();
        let mut next = 1;
        for serial in self.0.iter().map(Lodged::serial) {
            if serial > next {
                missing.push((next, serial - 1));
            }
            next = next.max(serial + 1);
        }
        missing
    }

    /// What in it cannot be one chain: each convicts the observer, ascending by serial.
    pub fn contradictions(&self) -> Vec<Contradiction> {
        let mut found = Vec::new();
        let mut before: &[Lodged] = &[];
        for of_serial in self.0.chunk_by(|one, other| one.serial() == other.serial()) {
            for pair in of_serial.windows(2) {
                if let [one, other] = pair {
                    let (serial, one, other) = (one.serial(), one.hash, other.hash);
                    found.push(Contradiction::Serial { serial, one, other });
                }
            }
            for later in of_serial {
                let named = later.finding.found().before;
                if let Some(first) = before.first()
                    && first.serial() + 1 == later.serial()
                    && !before.iter().any(|lodged| named == Some(lodged.hash))
                {
                    let (serial, lodged, later) = (later.serial(), first.hash, later.hash);
                    found.push(Contradiction::Before { serial, lodged, later });
                }
            }
            before = of_serial;
        }
        found
    }
}

impl Lodged {
    fn serial(&self) -> u64 {
        self.finding.found().serial
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot be set up fails")]
    use alloc::boxed::Box;
    use alloc::string::ToString as _;
    use alloc::vec;

    use detente_record::{Book, Class, LineId, Party, SecretKey};

    use super::*;
    use crate::finding::{Found, On};

    fn finding(serial: u64, before: Option<Hash>, text: &str) -> Finding {
        let on = vec![On { entry: "usa/Z/3".into(), sha256: [1; 32] }];
        let (line, by, language) = (LineId([7; 32]), "un-board".into(), "en".into());
        let found = Found {
            line,
            by,
            serial,
            before,
            corrects: None,
            time_ms: serial,
            language,
            on,
            text: text.to_string(),
        };
        found.sign(&SecretKey::from_seed([3; 32])).unwrap()
    }

    fn lodging(party: u8, number: u64, finding: &Finding) -> (EntryRef, Entry, Content) {
        let content = Content::Finding(Box::new(finding.clone()));
        let entry = Entry {
            serial: number,
            time_ms: number,
            clock_held: false,
            office: 1,
            language: None,
            regards: Vec::new(),
            cut: Cut::new(),
            vector: None,
            kind: content.kind(),
            body: content.encode(),
            second: None,
        };
        let book = Book { generation: 0, party: Party::new(party).unwrap(), class: Class::R };
        (EntryRef { book, number }, entry, content)
    }

    #[test]
    fn a_chain_shows_what_is_missing_and_what_convicts() {
        let one = finding(1, None, "one");
        let two = finding(2, Some(one.hash()), "two");
        let other_two = finding(2, Some(one.hash()), "two, otherwise");
        let three = finding(3, Some([9; 32]), "three");
        let five = finding(5, Some([8; 32]), "five");
        let said = [
            lodging(0, 1, &two),
            lodging(0, 2, &one),
            lodging(1, 1, &one),
            lodging(1, 2, &five),
            lodging(1, 3, &three),
            lodging(1, 4, &other_two),
        ];
        let cut = |sizes: &[(u8, u64)]| -> Cut {
            let of = |(party, size): &(u8, u64)| (lodging(*party, 1, &one).0.book, *size);
            sizes.iter().map(of).collect()
        };
        let fold = |cut: &Cut| Findings::under(cut, said.clone());
        assert_eq!(fold(&Cut::new()), Findings::default());
        let early = fold(&cut(&[(0, 1)]));
        assert_eq!(early.of("un-board").unwrap().missing(), [(1, 1)]);
        let some = fold(&cut(&[(0, 2), (1, 2)]));
        let chain = some.of("un-board").unwrap();
        let by: Vec<usize> = chain.lodged().iter().map(|lodged| lodged.by.len()).collect();
        assert_eq!((by, chain.missing()), (vec![2, 1, 1], vec![(3, 4)]));
        assert_eq!(chain.contradictions(), []);
        let all = fold(&cut(&[(0, 2), (1, 4)]));
        let mut twos = [two.hash(), other_two.hash()];
        twos.sort_unstable();
        let [one, other] = twos;
        let expected = [
            Contradiction::Serial { serial: 2, one, other },
            Contradiction::Before { serial: 3, lodged: one, later: three.hash() },
        ];
        assert_eq!(all.of("un-board").unwrap().contradictions(), expected);
        let backwards = Findings::under(&cut(&[(0, 2), (1, 4)]), said.iter().rev().cloned());
        assert_eq!(backwards, all);
    }
}
