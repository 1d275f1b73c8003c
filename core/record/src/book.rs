//! What ties an entry to the entries before it (spec/record.md §3).
//!
//! [`Past`] is what one book has said so far, [`Serials`] what a party has said over all its books. Both judge
//! every entry that could be read, whatever the verdict on the one before. What a book has stated once it cannot
//! take back: entries are held to the most that any before them stated.

use alloc::collections::BTreeMap;
use alloc::format;

use crate::entry::{Entry, vector_hash};
use crate::fault::Fault;
use crate::hash::Hash;
use crate::name::{Book, Class, Cut};

/// What a book has said so far, to which its next entry is held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Past {
    /// Which book.
    pub book: Book,
    /// The highest serial of its entries.
    pub serial: u64,
    /// The latest time of its entries, ms.
    pub time_ms: u64,
    /// The largest size of each other book that an entry stated.
    pub stated: Cut,
}

impl Past {
    /// Of a book without entries.
    pub fn new(book: Book) -> Self {
        Self { book, serial: 0, time_ms: 0, stated: Cut::new() }
    }

    /// Holds the book's next entry that could be read to those before it, and takes it in.
    ///
    /// # Errors
    /// `Misbehaved`, with the first rule that is broken: the serial ascends, the time does not decrease, a vector
    /// stands on acts and nowhere else, the book itself is not in its cut, no stated size decreases.
    pub fn follow(&mut self, entry: &Entry) -> Result<(), Fault> {
        let verdict = self.judge(entry);
        (self.serial, self.time_ms) = (entry.serial.max(self.serial), entry.time_ms.max(self.time_ms));
        for (book, size) in entry.cut.iter().filter(|(book, _)| **book != self.book) {
            let stated = self.stated.entry(*book).or_default();
            *stated = (*stated).max(*size);
        }
        verdict
    }

    /// The full cut of the book's last entry, given its number; its own book is in it at that number − 1.
    pub fn full_cut(&self, number: u64) -> Cut {
        let mut cut = self.stated.clone();
        cut.insert(self.book, number.saturating_sub(1));
        cut
    }

    fn judge(&self, entry: &Entry) -> Result<(), Fault> {
        if entry.serial <= self.serial {
            return Err(Fault::misbehaved(
                "serial",
                format!("over {}", self.serial),
                format!("{}", entry.serial),
            ));
        }
        if entry.time_ms < self.time_ms {
            let expected = format!("at least {}", self.time_ms);
            return Err(Fault::misbehaved("time", expected, format!("{}", entry.time_ms)));
        }
        match (entry.vector, self.book.class) {
            (None, Class::A) => return Err(Fault::misbehaved("vector", "one on every act", "none")),
            (Some(_), Class::Z | Class::O | Class::P | Class::R) => {
                return Err(Fault::misbehaved("vector", "none outside the book of acts", "one"));
            }
            _ => (),
        }
        if entry.cut.contains_key(&self.book) {
            return Err(Fault::misbehaved("cut", "other books only", "its own"));
        }
        let fallen = entry.cut.iter().find_map(|(book, size)| {
            let stated = self.stated.get(book).filter(|stated| size < stated)?;
            Some((size, stated))
        });
        match fallen {
            Some((size, stated)) => {
                Err(Fault::misbehaved("size in a cut", format!("at least {stated}"), format!("{size}")))
            }
            None => Ok(()),
        }
    }
}

/// How far a party's serials and times have come, over all its books and generations.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Serials {
    serial: u64,
    time_ms: u64,
}

impl Serials {
    /// Holds the serial, time and clock flag of the party's next entry that could be read to the one before it, and
    /// takes them in.
    ///
    /// `lost` counts the entries in between that could not be read: each took a serial's place.
    ///
    /// # Errors
    /// `Misbehaved`: a serial used twice or skipped, a time that decreases, a clock said to be held that is not.
    pub fn follow(&mut self, serial: u64, time_ms: u64, clock_held: bool, lost: u64) -> Result<(), Fault> {
        let before = core::mem::replace(self, Self { serial, time_ms });
        let next = before.serial.saturating_add(lost).saturating_add(1);
        if serial != next {
            return Err(Fault::misbehaved("serial", format!("{next}"), format!("{serial}")));
        }
        if time_ms < before.time_ms {
            return Err(Fault::misbehaved(
                "time",
                format!("at least {}", before.time_ms),
                format!("{time_ms}"),
            ));
        }
        if clock_held && time_ms != before.time_ms && lost == 0 {
            let expected = format!("{} again, since its clock was held", before.time_ms);
            return Err(Fault::misbehaved("time", expected, format!("{time_ms}")));
        }
        Ok(())
    }
}

/// Holds an act's vector to the roots, which this reader has computed, at the sizes of its full cut.
///
/// # Errors
/// `Misbehaved` when it is another hash, or absent.
pub fn verify_vector(entry: &Entry, books: &BTreeMap<Book, (u64, Hash)>) -> Result<(), Fault> {
    if entry.vector == Some(vector_hash(books)) {
        Ok(())
    } else {
        let found = if entry.vector.is_some() { "another" } else { "none" };
        Err(Fault::misbehaved("vector", "the hash over every book of the full cut", found))
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::*;
    use crate::name::Party;

    fn book(class: Class) -> Book {
        Book { generation: 0, party: Party::new(1).unwrap(), class }
    }

    fn entry(serial: u64, time_ms: u64, cut: &[(Class, u64)]) -> Entry {
        Entry {
            serial,
            time_ms,
            clock_held: false,
            office: 1,
            language: None,
            regards: Vec::new(),
            cut: cut.iter().map(|(class, size)| (book(*class), *size)).collect(),
            vector: None,
            kind: 1,
            body: [0xa0].into(),
            second: None,
        }
    }

    /// What is wrong with the last of these entries of a book.
    fn wrong(class: Class, entries: &[Entry]) -> Option<&'static str> {
        let mut past = Past::new(book(class));
        let verdicts: Vec<_> = entries.iter().map(|entry| past.follow(entry)).collect();
        verdicts.last().unwrap().as_ref().err().map(|fault| fault.detail().what)
    }

    #[test]
    fn a_book_ascends() {
        let first = || entry(5, 100, &[(Class::P, 3)]);
        assert_eq!(wrong(Class::Z, &[first(), entry(6, 100, &[(Class::P, 4), (Class::R, 1)])]), None);
        assert_eq!(wrong(Class::Z, &[first(), entry(9, 100, &[])]), None);
        assert_eq!(wrong(Class::Z, &[first(), entry(5, 100, &[])]), Some("serial"));
        assert_eq!(wrong(Class::Z, &[first(), entry(6, 99, &[])]), Some("time"));
        assert_eq!(wrong(Class::Z, &[first(), entry(6, 100, &[(Class::P, 2)])]), Some("size in a cut"));
        assert_eq!(wrong(Class::Z, &[first(), entry(6, 100, &[(Class::Z, 1)])]), Some("cut"));
    }

    #[test]
    fn what_was_stated_before_a_breach_still_binds_after_it() {
        let first = || [entry(5, 100, &[(Class::P, 3)]), entry(2, 50, &[(Class::P, 1)])];
        let after = |next: Entry| wrong(Class::Z, &[&first()[..], &[next]].concat());
        assert_eq!(after(entry(3, 60, &[])), Some("serial"));
        assert_eq!(after(entry(6, 60, &[])), Some("time"));
        assert_eq!(after(entry(6, 100, &[(Class::P, 2)])), Some("size in a cut"));
        assert_eq!(after(entry(6, 100, &[(Class::P, 4)])), None);
    }

    #[test]
    fn vectors_stand_on_acts_and_nowhere_else() {
        let act = Entry { vector: Some([0; 32]), ..entry(1, 1, &[]) };
        assert_eq!(wrong(Class::A, core::slice::from_ref(&act)), None);
        assert_eq!(wrong(Class::A, &[entry(1, 1, &[])]), Some("vector"));
        assert_eq!(wrong(Class::R, &[act]), Some("vector"));
    }

    #[test]
    fn the_full_cut_is_the_union_with_the_own_book() {
        let mut past = Past::new(book(Class::Z));
        past.follow(&entry(1, 1, &[(Class::P, 3), (Class::A, 1)])).unwrap();
        past.follow(&entry(2, 1, &[(Class::P, 7)])).unwrap();
        let full = past.full_cut(2);
        let expected = [(Class::Z, 1), (Class::A, 1), (Class::P, 7)];
        assert_eq!(full, expected.into_iter().map(|(class, size)| (book(class), size)).collect());
    }

    #[test]
    fn serials_leave_no_gap() {
        let mut serials = Serials::default();
        assert!(serials.follow(1, 100, false, 0).is_ok());
        assert!(serials.follow(2, 100, false, 0).is_ok());
        assert!(serials.follow(4, 100, false, 0).is_err());
        assert!(serials.follow(6, 100, false, 1).is_ok());
        assert!(serials.follow(7, 99, false, 0).is_err());
        assert!(serials.follow(8, 99, true, 0).is_ok());
        assert!(serials.follow(9, 100, true, 0).is_err());
        assert!(serials.follow(11, 101, true, 1).is_ok());
    }

    #[test]
    fn vectors_are_held_to_the_roots() {
        let books: BTreeMap<_, _> = [(book(Class::Z), (3, [1; 32])), (book(Class::R), (0, [2; 32]))].into();
        let sound = Entry { vector: Some(vector_hash(&books)), ..entry(1, 1, &[]) };
        assert!(verify_vector(&sound, &books).is_ok());
        assert!(verify_vector(&entry(1, 1, &[]), &books).is_err());
        let another = [(book(Class::Z), (4, [1; 32]))].into();
        assert!(verify_vector(&sound, &another).is_err());
    }
}
