//! Once stolen keys are renewed, nothing counts that was written with them beyond the point that their owner names; and that point
//! is one that somebody else has receipted.

use std::collections::{BTreeMap, BTreeSet};

use detente_line::{Content, Forgotten, Line};
use detente_record::{Book, Party};

use super::reference::Reading;
use super::{Court, Word, object};
use crate::store::Record;

/// Holds what a line says of stolen books to what their owner says of their end (spec/keys.md §5).
///
/// # Errors
/// With an entry beyond it that is not shown as disowned.
pub(crate) fn nothing_counts_beyond(court: &Court, line: &Line, reading: &Reading<'_>) -> Word {
    if court.stolen.is_empty() {
        return Ok(());
    }
    let beyond = reading.beyond_their_rank();
    for name in beyond.into_iter().filter(|name| court.is_stolen(name.book)) {
        if line.verdict(name).forgotten != Some(Forgotten::Disowned) {
            let (who, name) = (court.party(line.party()), court.entry(name));
            return object(
                "theft",
                format!("{name} at {who} is beyond the reach of stolen keys, and counts"),
            );
        }
    }
    Ok(())
}

/// Holds where a party that was robbed ends its stolen keys to what others had receipted; its record was never lost, nor
/// restored from a copy.
///
/// # Errors
/// With the opening that takes in what nobody else has receipted.
pub(crate) fn reach_is_receipted(
    court: &Court,
    author: Party,
    compromise: u8,
    record: &Record,
    reading: &Reading<'_>,
) -> Word {
    for (name, item) in reading.items.iter().filter(|(name, _)| name.book.party == author) {
        let Some((_, Content::Opens { before, size, renewal: Some(_), .. })) = &item.read else { continue };
        let ended = Book { generation: *before, ..name.book };
        if ended.rank() >= compromise || name.book.rank() < compromise || *size == 0 {
            continue;
        }
        let receipts = record.receipts.get(&ended);
        let by_others = receipts.into_iter().flatten().any(|((of, by), _)| of >= size && *by != author);
        if !by_others {
            let (name, ended) = (court.entry(*name), court.book(ended));
            return object("theft", format!("{name} ends {ended} at {size}, which nobody has receipted"));
        }
    }
    Ok(())
}

/// Holds that a party that was robbed has receipted with later keys what its receipts under the stolen ones do not count for any
/// more; a thief's stand in nobody's way.
///
/// # Errors
/// With a book of which the receipt that a line has of it does not count.
pub(crate) fn receipts_count(court: &Court, line: &Line, record: &Record, reading: &Reading<'_>) -> Word {
    for (signer, stolen) in court.stolen.iter().filter(|(signer, _)| **signer != line.party()) {
        let Some(keys) = court.keys_of(*signer) else { continue };
        let Some(end) = reading.receipts_end(*signer, stolen.rank) else { continue };
        let key = keys.of_rank(stolen.rank).receipt.public();
        for held in line.held() {
            let Some(receipt) = line.receipts(held.book).find(|receipt| receipt.party == *signer) else {
                continue;
            };
            let beyond = end.get(&held.book).is_none_or(|size| receipt.size > *size);
            let signed = record.checkpoints.get(&held.book).and_then(|of| of.get(&receipt.size));
            let is_old =
                signed.is_some_and(|of| receipt.verify(&of.checkpoint.root, &court.line, &key).is_ok());
            if beyond && is_old {
                let (who, signer, book) =
                    (court.party(line.party()), court.party(*signer), court.book(held.book));
                let size = receipt.size;
                return object(
                    "theft",
                    format!("{who} goes by {signer}'s receipt for {book} to {size}, under stolen keys"),
                );
            }
        }
    }
    Ok(())
}

/// The receipts that stations had given for stolen books when they came to hold the renewal.
#[derive(Default)]
pub(crate) struct Given {
    before: BTreeMap<Party, BTreeSet<(Book, u64)>>,
}

impl Given {
    /// A station's store has more that is durable.
    ///
    /// # Errors
    /// With a receipt that it gave for a stolen book, beyond its reach, when it knew of the renewal.
    pub(crate) fn durable(
        &mut self,
        court: &Court,
        at: Party,
        record: &Record,
        reading: impl Fn() -> BTreeMap<Book, u64>,
    ) -> Word {
        for (victim, stolen) in court.stolen.iter().filter(|(victim, _)| **victim != at) {
            let own =
                record.receipts.iter().filter(|(book, _)| book.party == *victim && court.is_stolen(**book));
            let own = own.flat_map(|(book, of)| of.keys().map(|(size, by)| (*book, *size, *by)));
            let own: BTreeSet<(Book, u64)> =
                own.filter(|(.., by)| *by == at).map(|(book, size, _)| (book, size)).collect();
            let knows = record
                .renewals
                .iter()
                .any(|of| of.occasion.party == *victim && of.occasion.rank > stolen.rank);
            if !knows {
                self.before.remove(&at);
                continue;
            }
            // What became durable together with the renewal was given before.
            let before = self.before.entry(at).or_insert_with(|| own.clone());
            let later: Vec<(Book, u64)> = own.difference(before).copied().collect();
            if later.is_empty() {
                continue;
            }
            let reach = reading();
            for (book, size) in later {
                if reach.get(&book).is_none_or(|reach| size > *reach) {
                    let (at, book) = (court.party(at), court.book(book));
                    return object(
                        "theft",
                        format!("{at} receipts {book} to {size}, beyond the reach of stolen keys"),
                    );
                }
                before.insert((book, size));
            }
        }
        Ok(())
    }

    /// A station's store has been restored from a copy: it is looked at anew.
    pub(crate) fn restored(&mut self, at: Party) {
        self.before.remove(&at);
    }
}
