//! Nobody who is honest is blamed; whoever tells two honest parties different things is convicted.

use detente_line::Evidence;
use detente_line::frame::Frame;
use detente_record::{Book, Party};

use super::{Court, Word, object};
use crate::store::Record;

/// What even an honest party may be blamed for.
pub(crate) struct Excused<'a> {
    /// They may have forgotten the seconds of receipts that they gave.
    pub(crate) forgetful: &'a dyn Fn(Party) -> bool,
    /// Somebody shows different acts to different parties, so that an act, or an amendment that follows one, can be sound to its author
    /// and not to another.
    pub(crate) forked: bool,
}

/// Whether a station blames an honest party.
///
/// # Errors
/// When it does.
pub(crate) fn honest_are_not_blamed(
    court: &Court,
    at: Party,
    record: &Record,
    excused: &Excused<'_>,
) -> Word {
    let blamed = record.evidence.iter().find(|evidence| {
        let about = evidence.fault.detail().what;
        let is_excused = about == "receipt" && (excused.forgetful)(evidence.party)
            || excused.forked && matches!(about, "act" | "permission" | "amendment")
            || is_a_thiefs(court, record, evidence);
        court.is_honest(evidence.party) && !is_excused
    });
    // Of a void entry the evidence does not say where it stands.
    let void = record.void.iter().filter(|(name, _)| court.stolen.contains_key(&name.book.party));
    let void = void.filter(|(_, fault)| !matches!(fault.detail().what, "act" | "permission" | "amendment"));
    if let Some((name, fault)) = void.into_iter().find(|(name, _)| !court.is_stolen(name.book)) {
        let (at, name) = (court.party(at), court.entry(*name));
        return object("blame", format!("{name}, which no thief can have written, is void at {at}: {fault}"));
    }
    match blamed {
        None => Ok(()),
        Some(evidence) => {
            let (at, party) = (court.party(at), court.party(evidence.party));
            object("blame", format!("{at} keeps evidence against {party}, who is honest: {}", evidence.fault))
        }
    }
}

/// Whether evidence against an honest party shows no more than that somebody else has its keys.
fn is_a_thiefs(court: &Court, record: &Record, evidence: &Evidence) -> bool {
    let (Some(stolen), Some(keys)) = (court.stolen.get(&evidence.party), court.keys_of(evidence.party))
    else {
        return false;
    };
    match Frame::decode(&evidence.proof) {
        Ok(Frame::Fork(fork)) => court.is_stolen(fork.head.checkpoint.book),
        Ok(Frame::Receipt(receipt)) => {
            let signed = record.checkpoints.get(&receipt.book).and_then(|of| of.get(&receipt.size));
            let key = keys.of_rank(stolen.rank).receipt.public();
            signed.is_some_and(|of| receipt.verify(&of.checkpoint.root, &court.line, &key).is_ok())
        }
        Ok(_) => false,
        Err(_) => evidence.proof.is_empty(),
    }
}

/// Whether two honest parties that hold different entries under one name have found out: what is held of another's
/// book was signed, up to the size at which it is held.
///
/// # Errors
/// When neither keeps evidence against the author.
pub(crate) fn forks_are_found(court: &Court, stores: &[(Party, &Record)]) -> Word {
    for (place, (one, first)) in stores.iter().enumerate() {
        for (other, second) in stores.iter().skip(place + 1) {
            for (book, entries) in &first.entries {
                let held = second.entries.get(book).map(Vec::as_slice).unwrap_or_default();
                let differ = entries.iter().zip(held).any(|(one, other)| one != other);
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
