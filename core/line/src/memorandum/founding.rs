//! The decision of the parent line that founded a working group (spec/line.md §2.1).

use alloc::string::{String, ToString as _};

use detente_record::{Book, Class, EntryRef, Fault, Hash, MAX_SIZE};
use minicbor::{Decode, Encode};

use super::refuse;

/// Where the parent line's parties wanted this line: an act of theirs, and which bytes it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct Founding {
    /// The code of the act's book, on the parent line.
    #[n(0)]
    book: u32,
    /// Its number there.
    #[n(1)]
    number: u64,
    /// SHA-256 of the entry's bytes.
    #[cbor(n(2), with = "minicbor::bytes")]
    pub sha256: Hash,
}

impl Founding {
    /// By an act of the parent line with these bytes.
    pub fn new(decision: EntryRef, sha256: Hash) -> Self {
        Self { book: decision.book.code(), number: decision.number, sha256 }
    }

    /// The act, by its name on the parent line.
    ///
    /// # Errors
    /// `Malformed` where it names no act.
    pub fn decision(&self) -> Result<EntryRef, Fault> {
        let act = Book::from_code(self.book).ok().filter(|book| book.class == Class::A);
        match act.filter(|_| (1..=MAX_SIZE).contains(&self.number)) {
            Some(book) => Ok(EntryRef { book, number: self.number }),
            None => {
                let found = alloc::format!("book {}, number {}", self.book, self.number);
                Err(refuse("founding decision", "the name of an act of the parent line", found))
            }
        }
    }
}

/// Holds what a memorandum says of its founding decision to its rules.
///
/// # Errors
/// `Malformed`, naming the rule.
pub(super) fn check(founding: Option<&Founding>, parent: Option<&Hash>) -> Result<(), Fault> {
    let Some(founding) = founding else { return Ok(()) };
    if parent.is_none() {
        let expected = String::from("a parent line beside it");
        return Err(refuse("founding decision", expected, "none".to_string()));
    }
    founding.decision().map(drop)
}
