//! Nobody who is honest is blamed; whoever tells two honest parties different things is convicted.

use detente_record::{Book, Party};

use super::{Court, Word, object};
use crate::store::Record;

/// Whether a station blames an honest party.
///
/// # Errors
/// When it does.
pub(crate) fn honest_are_not_blamed(court: &Court, at: Party, record: &Record) -> Word {
    match record.evidence.iter().find(|evidence| court.is_honest(evidence.party)) {
        None => Ok(()),
        Some(evidence) => {
            let (at, party) = (court.party(at), court.party(evidence.party));
            object("blame", format!("{at} keeps evidence against {party}, who is honest: {}", evidence.fault))
        }
    }
}

/// Whether two honest parties that hold different entries under one name, and both the author's checkpoints,
/// have found out.
///
/// # Errors
/// When neither keeps evidence against the author.
pub(crate) fn forks_are_found(court: &Court, stores: &[(Party, &Record)]) -> Word {
    for (place, (one, first)) in stores.iter().enumerate() {
        for (other, second) in stores.iter().skip(place + 1) {
            for (book, entries) in &first.entries {
                let differ = second
                    .entries
                    .get(book)
                    .is_some_and(|held| held.iter().zip(entries).any(|(a, b)| a != b));
                if differ && !convicted(first, *book) && !convicted(second, *book) {
                    let (one, other, book) = (court.party(*one), court.party(*other), court.book(*book));
                    return object(
                        "blame",
                        format!("{one} and {other} hold different {book}, and nobody knows"),
                    );
                }
            }
        }
    }
    Ok(())
}

fn convicted(record: &Record, book: Book) -> bool {
    record
        .evidence
        .iter()
        .any(|evidence| evidence.party == book.party && evidence.fault.detail().what == "checkpoint")
}
