//! Which kinds of entry two officers release (spec/line.md §3).

use alloc::format;
use alloc::string::ToString;

use detente_record::{Book, Class, Entry, Fault};

use super::{Memorandum, ascending, refuse};
use crate::kind::number;

/// The kinds that two officers may be asked to release: what people say at leisure. What answers, tests, warns or runs by itself waits for nobody.
const KINDS: [u16; 12] = [
    number::MESSAGE,
    number::AMENDMENT,
    number::WITHDRAWAL,
    number::NOTICE,
    number::POSITION,
    number::FINDING,
    number::DISCLOSES,
    number::SUSPENDS,
    number::RESUMES,
    number::MOTION,
    number::VOTE,
    number::LEAVES,
];

/// Holds key 24 to its rules.
///
/// # Errors
/// `Malformed`, with the rule that is broken.
pub(super) fn check(kinds: Option<&[u16]>) -> Result<(), Fault> {
    let Some(kinds) = kinds else { return Ok(()) };
    if kinds.is_empty() || !ascending(kinds.iter()) {
        return Err(refuse(
            "kinds of two officers",
            "one or more, ascending, each once",
            format!("{kinds:?}"),
        ));
    }
    match kinds.iter().find(|kind| !KINDS.contains(kind)) {
        Some(kind) => Err(refuse("kinds of two officers", format!("some of {KINDS:?}"), kind.to_string())),
        None => Ok(()),
    }
}

impl Memorandum {
    /// Whether an entry of a kind in a book of a class is released by two officers; none of book Z is, since nothing there waits.
    pub fn takes_two(&self, class: Class, kind: u16) -> bool {
        let kinds = self.terms().two_officers.as_deref().unwrap_or_default();
        class != Class::Z && kinds.contains(&kind)
    }

    /// Holds an entry to who released it: an office of its party, and a second one where its kind takes two.
    ///
    /// # Errors
    /// `Misbehaved`.
    pub(crate) fn holds_release(&self, book: Book, entry: &Entry) -> Result<(), Fault> {
        let offices = self.member(book.party).map(|member| member.offices.as_slice()).unwrap_or_default();
        let is_held = |number: u16| offices.iter().any(|office| office.number == number);
        if !is_held(entry.office) {
            return Err(Fault::misbehaved("office", "one of its party's", entry.office.to_string()));
        }
        match entry.second {
            Some(second) if !is_held(second) => {
                Err(Fault::misbehaved("second office", "one of its party's", second.to_string()))
            }
            None if self.takes_two(book.class, entry.kind) => {
                let expected = "the offices of two officers, as the memorandum has it for this kind";
                Err(Fault::misbehaved("release", expected, "one"))
            }
            _ => Ok(()),
        }
    }
}
