//! What parties hold of something that was said (spec/line.md §5, Positions), side by side and with its history.
//!
//! A fold under a cut: nothing that the cut does not cover counts, so equal cuts give equal positions on every side.
//! Nobody's words are changed by anybody else's, and none are lost: what a party held before stays behind what it holds.

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

use detente_record::{Cut, Entry, EntryRef, Party};

use crate::kind::{Content, Stance};

/// One word of a party on an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// The entry that says so.
    pub name: EntryRef,
    /// Its serial: of a party's words, the one with the highest of the highest rank counts.
    pub serial: u64,
    /// Its author's time, ms.
    pub time_ms: u64,
    /// BCP 47; `None` for the party's first language.
    pub language: Option<String>,
    /// What is held.
    pub stance: Stance,
    /// In words.
    pub text: Option<String>,
    /// The entries that bear it out.
    pub borne_out_by: Vec<EntryRef>,
}

/// All parties' positions on one entry.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Positions(BTreeMap<Party, Vec<Held>>);

impl Positions {
    /// Folds the sound entries that are given, in any order; those that are no positions on `subject`, or not under
    /// the cut, are passed over.
    pub fn under(
        cut: &Cut,
        subject: EntryRef,
        entries: impl IntoIterator<Item = (EntryRef, Entry, Content)>,
    ) -> Self {
        let mut all: BTreeMap<Party, Vec<Held>> = BTreeMap::new();
        for (name, entry, content) in entries {
            let covered = cut.get(&name.book).is_some_and(|size| *size >= name.number);
            let Content::Position { stance, text, .. } = content else { continue };
            let Some((about, borne_out_by)) = entry.regards.split_first() else { continue };
            if !covered || *about != subject {
                continue;
            }
            let (serial, time_ms, language) = (entry.serial, entry.time_ms, entry.language);
            let borne_out_by = borne_out_by.to_vec();
            let held = Held { name, serial, time_ms, language, stance, text, borne_out_by };
            all.entry(name.book.party).or_default().push(held);
        }
        for history in all.values_mut() {
            // A serial that was used twice is a breach, and still one order on every side. What an old key says does not rule over what
            // a new one says, whatever its serial.
            history.sort_by_key(|held| (held.name.book.rank(), held.serial, held.name));
        }
        Self(all)
    }

    /// What a party holds; `None` if it has never said, or has withdrawn.
    pub fn of(&self, party: Party) -> Option<&Held> {
        self.history(party).last().filter(|held| held.stance != Stance::Withdraws)
    }

    /// Everything that a party has said, the latest last.
    pub fn history(&self, party: Party) -> &[Held] {
        self.0.get(&party).map_or(&[], Vec::as_slice)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot be set up fails")]
    use detente_record::{Book, Class};

    use super::*;

    fn book(party: u8, class: Class) -> Book {
        Book { generation: 0, party: Party::new(party).unwrap(), class }
    }

    fn said(
        book: Book,
        number: u64,
        serial: u64,
        stance: Stance,
        regards: &[EntryRef],
    ) -> (EntryRef, Entry, Content) {
        let content = Content::Position { stance, text: Some("so it was".into()), attachments: None };
        let entry = Entry {
            serial,
            time_ms: serial,
            clock_held: false,
            office: 1,
            language: None,
            regards: regards.to_vec(),
            cut: Cut::new(),
            vector: None,
            kind: content.kind(),
            body: content.encode(),
            second: None,
        };
        (EntryRef { book, number }, entry, content)
    }

    #[test]
    fn the_last_word_of_each_party_under_the_cut_counts() {
        let subject = EntryRef { book: book(0, Class::Z), number: 3 };
        let other = EntryRef { number: 2, ..subject };
        let (routine, urgent) = (book(1, Class::R), book(1, Class::Z));
        // The later word is in another book: the serial says which is the later one.
        let entries = [
            said(routine, 1, 1, Stance::Affirms, &[subject]),
            said(urgent, 1, 2, Stance::Disputes, &[subject, other]),
            said(routine, 2, 3, Stance::Withdraws, &[subject]),
            said(book(0, Class::R), 1, 9, Stance::Corrects, &[subject]),
            said(routine, 3, 4, Stance::Disputes, &[other, subject]),
        ];
        let [usa, rus] = [0, 1].map(|number| Party::new(number).unwrap());
        let fold = |sizes: &[(Book, u64)]| {
            Positions::under(&sizes.iter().copied().collect(), subject, entries.clone())
        };
        let none = fold(&[]);
        assert_eq!((none.of(usa), none.history(rus)), (None, [].as_slice()));
        let first = fold(&[(routine, 1)]);
        assert_eq!(first.of(rus).unwrap().stance, Stance::Affirms);
        let second = fold(&[(routine, 1), (urgent, 1)]);
        assert_eq!(second.of(rus).unwrap().stance, Stance::Disputes);
        assert_eq!(second.of(rus).unwrap().borne_out_by, [other]);
        let all = fold(&[(routine, 3), (urgent, 1), (book(0, Class::R), 1)]);
        assert_eq!(all.of(rus), None, "it has withdrawn");
        assert_eq!(all.history(rus).len(), 3, "and what it held before is not forgotten");
        assert_eq!(all.of(usa).unwrap().stance, Stance::Corrects, "a party corrects its own word");
        let backwards: Vec<_> = entries.iter().rev().cloned().collect();
        let cut = [(routine, 3), (urgent, 1), (book(0, Class::R), 1)].into_iter().collect();
        assert_eq!(Positions::under(&cut, subject, backwards), all, "whatever the order that they come in");
    }
}
