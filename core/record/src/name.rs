//! The names of lines, parties, books and entries (spec/record.md §2).
//!
//! A value of these types is in its range: [`Party::new`] refuses 255, [`Book::from_code`] every code that names
//! no book. Only a [`Book`] put together by hand may carry a generation above [`Book::LAST_GENERATION`]; nothing
//! that encodes one accepts it.

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::{String, ToString as _};
use core::cmp::Ordering;
use core::fmt;

use crate::fault::Fault;
use crate::hash::{hex, sha256_of};

/// The largest size of a book, and the largest number of an entry: 2^40 − 1.
pub const MAX_SIZE: u64 = (1 << 40) - 1;

/// A line: SHA-256 of its founding memorandum, for ever.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LineId(pub [u8; 32]);

impl fmt::Display for LineId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(&self.0))
    }
}

impl fmt::Debug for LineId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LineId({self})")
    }
}

/// A party, as the memorandum numbers it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Party(u8);

impl Party {
    /// The party of a number.
    ///
    /// # Errors
    /// `Malformed` for 255, which does not exist.
    pub fn new(number: u8) -> Result<Self, Fault> {
        match number {
            u8::MAX => Err(Fault::malformed("party", "0 to 254", "255")),
            number => Ok(Self(number)),
        }
    }

    /// Its number, 0 to 254.
    pub const fn number(self) -> u8 {
        self.0
    }
}

/// Which of a party's five books; they order as they are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// FLASH.
    Z,
    /// Acts.
    A,
    /// IMMEDIATE.
    O,
    /// PRIORITY.
    P,
    /// ROUTINE.
    R,
}

impl Class {
    /// All classes, in the order of sending.
    pub const ALL: [Self; 5] = [Self::Z, Self::A, Self::O, Self::P, Self::R];

    /// Its letter.
    pub const fn letter(self) -> char {
        match self {
            Self::Z => 'Z',
            Self::A => 'A',
            Self::O => 'O',
            Self::P => 'P',
            Self::R => 'R',
        }
    }

    /// Its number, 0 to 4.
    pub const fn number(self) -> u8 {
        self as u8
    }

    /// The class of a letter.
    ///
    /// # Errors
    /// `Malformed` for any other letter.
    pub fn from_letter(letter: char) -> Result<Self, Fault> {
        let class = Self::ALL.into_iter().find(|class| class.letter() == letter);
        class.ok_or_else(|| Fault::malformed("class", "Z, A, O, P or R", letter.to_string()))
    }

    /// The class of a number.
    ///
    /// # Errors
    /// `Malformed` for a number above 4.
    pub fn from_number(number: u8) -> Result<Self, Fault> {
        let class = Self::ALL.get(usize::from(number)).copied();
        class.ok_or_else(|| Fault::malformed("class", "0 to 4", number.to_string()))
    }
}

/// One party's book of one class and generation; books order by their code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Book {
    /// Counts from 0, up to [`Book::LAST_GENERATION`].
    pub generation: u16,
    /// Whose book it is.
    pub party: Party,
    /// Which of the party's five.
    pub class: Class,
}

// By one integer, and not field by field: a station looks up its books all the time.
impl Ord for Book {
    fn cmp(&self, other: &Self) -> Ordering {
        self.code().cmp(&other.code())
    }
}

impl PartialOrd for Book {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Book {
    /// The last generation that a book can have.
    pub const LAST_GENERATION: u16 = 4095;

    /// Its one integer, `generation·2048 + party·8 + class`.
    pub const fn code(self) -> u32 {
        // Widening only; `From` is not const.
        (self.generation as u32) << 11 | (self.party.0 as u32) << 3 | self.class as u32
    }

    /// The book of a code.
    ///
    /// # Errors
    /// `Malformed` for a class above 4, party 255 or a generation above 4095.
    pub fn from_code(code: u32) -> Result<Self, Fault> {
        let none = || {
            Fault::malformed("book", "a generation to 4095, party to 254 and class to 4", code.to_string())
        };
        let generation =
            u16::try_from(code >> 11).ok().filter(|generation| *generation <= Self::LAST_GENERATION);
        let [.., low] = (code >> 3).to_be_bytes();
        let [.., last] = code.to_be_bytes();
        Ok(Self {
            generation: generation.ok_or_else(none)?,
            party: Party::new(low).map_err(|_| none())?,
            class: Class::from_number(last & 7).map_err(|_| none())?,
        })
    }

    /// Its origin on checkpoints, which tells a witness nothing (spec/record.md §6): 40 ASCII characters.
    pub fn origin(&self, line: &LineId) -> String {
        let place = [self.party.0, self.class as u8];
        let hash =
            sha256_of(&[b"detente book v1\n", &line.0, &place, &u32::from(self.generation).to_be_bytes()]);
        opaque(&hash)
    }

    /// Its name for people, given its party's short name: `usa/Z`, `usa/Z.1`.
    pub fn text(&self, party_name: &str) -> String {
        match self.generation {
            0 => format!("{party_name}/{}", self.class.letter()),
            generation => format!("{party_name}/{}.{generation}", self.class.letter()),
        }
    }
}

/// The name under which a party receipts (spec/record.md §7): 40 ASCII characters.
pub fn receipt_name(line: &LineId, party: Party) -> String {
    opaque(&sha256_of(&[b"detente receipt v1\n", &line.0, &[party.0]]))
}

/// The name under which a party seals (spec/record.md §12): 40 ASCII characters.
pub fn seal_name(line: &LineId, party: Party) -> String {
    opaque(&sha256_of(&[b"detente seal v1\n", &line.0, &[party.0]]))
}

fn opaque(hash: &[u8; 32]) -> String {
    let (half, _) = hash.split_at(16);
    let mut name = String::with_capacity(40);
    name.push_str("detente/");
    name.push_str(&hex(half));
    name
}

/// An entry: a book and a number, from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EntryRef {
    /// The book that it is in.
    pub book: Book,
    /// Its place there, 1 to [`MAX_SIZE`].
    pub number: u64,
}

impl EntryRef {
    /// Its name for people, given its party's short name: `usa/Z/3`, `usa/Z.1/3`.
    pub fn text(&self, party_name: &str) -> String {
        format!("{}/{}", self.book.text(party_name), self.number)
    }
}

/// Sizes of books.
pub type Cut = BTreeMap<Book, u64>;

/// An entry as people name it; only the memorandum knows the party's number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParsedRef {
    /// The party's short name.
    pub party: String,
    /// The book's class.
    pub class: Class,
    /// The book's generation.
    pub generation: u16,
    /// The entry's number.
    pub number: u64,
}

impl ParsedRef {
    /// Reads `usa/Z/3` or `usa/Z.1/3`, in exactly the form that [`EntryRef::text`] writes.
    ///
    /// # Errors
    /// `Malformed` for any other form.
    pub fn parse(text: &str) -> Result<Self, Fault> {
        Self::read(text).ok_or_else(|| {
            let found: String = text.chars().take(64).collect();
            Fault::malformed("name of an entry", "a form like usa/Z/3 or usa/Z.1/3", found)
        })
    }

    fn read(text: &str) -> Option<Self> {
        let mut parts = text.split('/');
        let (party, book, number) = (parts.next()?, parts.next()?, parts.next()?);
        let (letter, generation) = match book.split_once('.') {
            None => (book, 0),
            Some((letter, generation)) => (letter, decimal(generation).filter(|generation| *generation > 0)?),
        };
        let mut letters = letter.chars();
        let class = Class::from_letter(letters.next()?).ok()?;
        let generation = u16::try_from(generation).ok().filter(|number| *number <= Book::LAST_GENERATION)?;
        let number = decimal(number).filter(|number| (1..=MAX_SIZE).contains(number))?;
        let whole = parts.next().is_none() && letters.next().is_none() && is_short_name(party);
        whole.then(|| Self { party: party.to_string(), class, generation, number })
    }
}

/// Whether a party may be called so: `[a-z][a-z0-9-]{0,15}`.
fn is_short_name(name: &str) -> bool {
    let bytes = name.as_bytes();
    bytes.len() <= 16
        && bytes.first().is_some_and(u8::is_ascii_lowercase)
        && bytes.iter().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || *byte == b'-')
}

/// A decimal number without sign or leading zeros.
pub(crate) fn decimal(text: &str) -> Option<u64> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    plain.then(|| text.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    fn book(generation: u16, party: u8, class: Class) -> Book {
        Book { generation, party: Party::new(party).unwrap(), class }
    }

    #[test]
    fn codes_name_every_book_once() {
        for code in 0..1 << 16 {
            let named = (code & 7) <= 4 && (code >> 3) & 255 <= 254;
            match Book::from_code(code) {
                Ok(book) => assert!(named && book.code() == code, "{code}"),
                Err(_) => assert!(!named, "{code}"),
            }
        }
        assert_eq!(Book::from_code(8_386_548).unwrap(), book(4094, 254, Class::R));
        assert_eq!(Book::from_code(8_388_596).unwrap(), book(4095, 254, Class::R));
        for none in [8_388_607, 8_388_608, u32::MAX] {
            assert!(Book::from_code(none).is_err(), "{none}");
        }
    }

    #[test]
    fn books_order_as_their_codes() {
        let books: alloc::vec::Vec<Book> =
            (0..100_000).filter_map(|code| Book::from_code(code).ok()).collect();
        assert!(books.is_sorted());
    }

    #[test]
    fn names_read_as_they_are_written() {
        for text in ["usa/Z/3", "usa/Z.1/3", "a-9/R.4095/1099511627775"] {
            let read = ParsedRef::parse(text).unwrap();
            let book = book(read.generation, 0, read.class);
            assert_eq!(EntryRef { book, number: read.number }.text(&read.party), text);
        }
        for other in [
            "",
            "usa",
            "usa/Z",
            "usa/Z/",
            "usa/Z/0",
            "usa/Z/03",
            "usa/Z/+3",
            "usa/Z.0/3",
            "usa/Z.01/3",
            "usa/Z.4096/3",
            "usa/Z./3",
            "usa/B/3",
            "usa/ZZ/3",
            "usa/z/3",
            "Usa/Z/3",
            "/Z/3",
            "9a/Z/3",
            "usa/Z/3/",
            "usa/Z/3 ",
            "usa/Z/1099511627776",
            "abcdefghijklmnopq/Z/3",
            "usa/Z.1.1/3",
        ] {
            assert!(ParsedRef::parse(other).is_err(), "{other:?}");
        }
    }

    #[test]
    fn classes() {
        for (number, class) in Class::ALL.into_iter().enumerate() {
            assert_eq!(usize::from(class.number()), number);
            assert_eq!(Class::from_number(class.number()).unwrap(), class);
            assert_eq!(Class::from_letter(class.letter()).unwrap(), class);
        }
        assert!(Class::from_number(5).is_err() && Class::from_letter('z').is_err());
        assert!(Party::new(255).is_err() && Party::new(254).is_ok());
    }
}
