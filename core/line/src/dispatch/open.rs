//! Which books may have something for a circuit: the others are not looked at when it is free again, or a line of many parties would
//! look at all books of all of them whenever anything happens.
//!
//! A book is open to a circuit from the moment that it grows, or what its peer holds of it or what has gone on it changes, until it is found that
//! nothing of it is to go ([`Open`]). Where it changes up to where books go to somebody, all are.

use alloc::collections::BTreeSet;

use detente_record::{Book, Party};

use crate::line::Line;

/// The books that may have something for a circuit.
#[derive(Debug, Clone)]
pub(crate) enum Open {
    /// Any may.
    All,
    /// These.
    Books(BTreeSet<Book>),
}

impl Open {
    /// A book may have something.
    pub(crate) fn add(&mut self, book: Book) {
        if let Self::Books(books) = self {
            books.insert(book);
        }
    }
}

impl Line {
    /// A book has grown, or may go further.
    pub(crate) fn opens(&mut self, book: Book) {
        for state in self.circuits.values_mut() {
            state.open.add(book);
        }
    }

    /// What a party is known to hold of a book has changed.
    pub(crate) fn opens_to(&mut self, party: Party, book: Book) {
        for state in self.circuits.values_mut().filter(|state| state.peer == party) {
            state.open.add(book);
        }
    }

    /// What a party is known to hold is another.
    pub(crate) fn opens_all_to(&mut self, party: Party) {
        for state in self.circuits.values_mut().filter(|state| state.peer == party) {
            state.open = Open::All;
        }
    }

    /// Up to where books go to whom is another.
    pub(crate) fn opens_all(&mut self) {
        for state in self.circuits.values_mut() {
            state.open = Open::All;
        }
    }
}
