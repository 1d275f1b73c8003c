//! Names of lines, parties, books and entries (spec/record.md §2).

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::{String, ToString};
use core::cmp::Ordering;
use core::fmt;

use sha2::{Digest, Sha256};

use crate::fault::Fault;

/// The largest generation.
pub const MAX_GENERATION: u16 = 4_095;
/// The largest number of an entry: what a store can hold of one book.
pub const MAX_NUMBER: u64 = (1 << 40) - 1;

/// A line: the hash of its founding memorandum, for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LineId(pub [u8; 32]);

impl fmt::Display for LineId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// A party's number in the memorandum, 0 to 254.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Party(u8);

impl Party {
    /// The party of a number.
    ///
    /// # Errors
    /// `Malformed` for 255, which does not exist.
    pub fn new(number: u8) -> Result<Self, Fault> {
        if number == u8::MAX { Err(Fault::malformed("party", "0 to 254", "255")) } else { Ok(Self(number)) }
    }

    /// Its number.
    pub const fn number(self) -> u8 {
        self.0
    }
}

/// Which of the five books, in the order of sending.
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
    /// All five, in the order of sending.
    pub const ALL: [Self; 5] = [Self::Z, Self::A, Self::O, Self::P, Self::R];

    /// Its prosign.
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

    /// The class of a prosign.
    ///
    /// # Errors
    /// `Malformed` for any other letter.
    pub fn from_letter(letter: char) -> Result<Self, Fault> {
        let found = Self::ALL.into_iter().find(|class| class.letter() == letter);
        found.ok_or_else(|| Fault::malformed("class", "Z, A, O, P or R", letter.to_string()))
    }

    /// The class of a number.
    ///
    /// # Errors
    /// `Malformed` for anything over 4.
    pub fn from_number(number: u8) -> Result<Self, Fault> {
        let found = Self::ALL.get(usize::from(number)).copied();
        found.ok_or_else(|| Fault::malformed("class", "0 to 4", number.to_string()))
    }
}

/// One party's book of one class and generation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Book {
    /// Counts from 0.
    pub generation: u16,
    /// Whose.
    pub party: Party,
    /// Which.
    pub class: Class,
}

impl Book {
    /// `generation·2048 + party·8 + class`.
    pub const fn code(self) -> u32 {
        self.generation as u32 * 2048 + self.party.0 as u32 * 8 + self.class as u32
    }

    /// The book of a code.
    ///
    /// # Errors
    /// `Malformed` for a code that names none.
    pub fn from_code(code: u32) -> Result<Self, Fault> {
        let generation = u16::try_from(code / 2048).ok().filter(|generation| *generation <= MAX_GENERATION);
        let Some(generation) = generation else {
            return Err(Fault::malformed("book", "a generation of at most 4095", (code / 2048).to_string()));
        };
        let party = Party::new((code / 8 % 256) as u8)?;
        Ok(Self { generation, party, class: Class::from_number((code % 8) as u8)? })
    }

    /// The origin of its checkpoints, which tells a witness nothing (spec §6).
    pub fn origin(self, line: &LineId) -> String {
        let mut hash = Sha256::new();
        hash.update(b"detente book v1\n");
        hash.update(line.0);
        hash.update([self.party.0, self.class as u8]);
        hash.update(u32::from(self.generation).to_be_bytes());
        opaque(hash)
    }

    /// Its name, given its party's: `usa/Z`, `usa/Z.1`.
    pub fn text(self, party: &str) -> String {
        match self.generation {
            0 => format!("{party}/{}", self.class.letter()),
            generation => format!("{party}/{}.{generation}", self.class.letter()),
        }
    }
}

impl PartialOrd for Book {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Book {
    fn cmp(&self, other: &Self) -> Ordering {
        self.code().cmp(&other.code())
    }
}

/// The name under which a party gives receipts (spec §7).
pub fn receipt_name(line: &LineId, party: Party) -> String {
    let mut hash = Sha256::new();
    hash.update(b"detente receipt v1\n");
    hash.update(line.0);
    hash.update([party.0]);
    opaque(hash)
}

fn opaque(hash: Sha256) -> String {
    let digest = hash.finalize();
    digest.iter().take(16).fold(String::from("detente/"), |name, byte| name + &format!("{byte:02x}"))
}

/// An entry's name: its book and its number there, from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EntryRef {
    /// Its book.
    pub book: Book,
    /// Its number there.
    pub number: u64,
}

impl EntryRef {
    /// Its name, given its party's: `usa/Z/3`.
    pub fn text(self, party: &str) -> String {
        format!("{}/{}", self.book.text(party), self.number)
    }
}

/// An entry's name as people write it, its party not looked up yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParsedRef {
    /// Short name of the party.
    pub party: String,
    /// Which book.
    pub class: Class,
    /// Its generation.
    pub generation: u16,
    /// The entry's number.
    pub number: u64,
}

impl ParsedRef {
    /// Reads `usa/Z/3` or `usa/Z.1/3`.
    ///
    /// # Errors
    /// `Malformed` for anything else.
    pub fn parse(text: &str) -> Result<Self, Fault> {
        let wrong = || Fault::malformed("entry name", "party/class/number, such as usa/Z/3", text.to_string());
        let mut parts = text.split('/');
        let (Some(party), Some(book), Some(number), None) = (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(wrong());
        };
        let (letter, generation) = book.split_once('.').unwrap_or((book, "0"));
        let mut letters = letter.chars();
        let (Some(letter), None) = (letters.next(), letters.next()) else { return Err(wrong()) };
        let canonical = |digits: &str| digits == "0" || !digits.starts_with(['0', '+']);
        let number = number.parse().ok().filter(|_| canonical(number)).ok_or_else(wrong)?;
        let generation = generation.parse().ok().filter(|_| canonical(generation)).ok_or_else(wrong)?;
        if party.is_empty() || number == 0 || number > MAX_NUMBER || generation > MAX_GENERATION {
            return Err(wrong());
        }
        Ok(Self { party: party.to_string(), class: Class::from_letter(letter)?, generation, number })
    }
}

/// Sizes of books.
pub type Cut = BTreeMap<Book, u64>;
