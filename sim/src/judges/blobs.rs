//! Blobs: whoever says that it holds one does, what is held fits its hash, everybody comes to hold everything that
//! anybody honest holds, and no part goes while FLASH could.

use std::collections::BTreeMap;

use detente_line::frame::Frame;
use detente_line::{Content, Line};
use detente_record::{Book, Class, Cut, Entry, Party, Renewal, sha256};

use super::reference::Reading;
use super::{Court, Word, object};
use crate::blobs::Folder;
use crate::store::Record;
use crate::story::blob_name;

/// A part goes on a circuit only when every signed entry of an honest party's Z and A that is durable here, and the peer
/// lacks, has gone on it before.
///
/// # Errors
/// With the book that should have gone first.
pub(crate) fn flash_goes_first(
    court: &Court,
    of: Party,
    record: &Record,
    frame: &[u8],
    sent: &Cut,
    peer: Option<&Record>,
) -> Word {
    let (Ok(Frame::Part { .. }), Some(peer)) = (Frame::decode(frame), peer) else { return Ok(()) };
    let first = |book: &Book| matches!(book.class, Class::Z | Class::A) && court.is_honest(book.party);
    for (book, checkpoints) in record.checkpoints.iter().filter(|(book, _)| first(book)) {
        let signed = checkpoints.last_key_value().map_or(0, |(size, _)| *size);
        let gone = sent.get(book).copied().unwrap_or(0).max(peer.size(*book));
        if signed > gone && !is_over(court, record, *book, gone) {
            let (who, book) = (court.party(of), court.book(*book));
            let what = format!("{who} sends a part of a blob while {book} has {signed} and {gone} went");
            return object("blobs", what);
        }
    }
    Ok(())
}

/// Whether nothing of a book goes beyond a size, since the reach of its key ends there: a thief may have written on.
pub(crate) fn is_over(court: &Court, record: &Record, book: Book, gone: u64) -> bool {
    let reach = Reading::new(&court.memorandum, record).reaches().get(&book).copied();
    // Whoever has heard of the renewal and not yet of where the reach ends brings nothing that may lie beyond.
    let is_renewed = |of: &Renewal| of.occasion.party == book.party && of.occasion.rank > book.rank();
    reach.map_or_else(|| record.renewals.iter().any(is_renewed), |reach| gone >= reach)
}

/// What is in a folder fits its hash, and covers every word of its party's book that it holds something.
///
/// # Errors
/// With what does not fit, or is not there.
pub(crate) fn words_are_true(court: &Court, party: Party, record: &Record, folder: &Folder) -> Word {
    let who = court.party(party);
    if folder.whole().any(|(blob, bytes)| sha256(bytes) != blob.hash) {
        return object("blobs", format!("{who} keeps bytes that do not fit their hash"));
    }
    let own = record.entries.iter().filter(|(book, _)| book.party == party && book.class == Class::R);
    let own = own.filter(|(book, _)| !court.is_stolen(**book));
    for bytes in own.flat_map(|(_, entries)| entries) {
        let content = Entry::decode(bytes).and_then(|entry| Content::decode(entry.kind, &entry.body));
        if let Ok(Content::Holds { hashes }) = content
            && hashes.iter().any(|hash| !folder.has(hash))
        {
            return object("blobs", format!("{who} says that it holds what it has not"));
        }
    }
    Ok(())
}

/// Everybody honest holds every blob that the record names and somebody honest can give, and has said so. Whoever lacks
/// acts of a book that forked, and so cannot judge the entry that names a blob, gives it to nobody.
///
/// # Errors
/// With a blob that somebody lacks.
pub(crate) fn get_round(court: &Court, seen: &BTreeMap<Party, (&Line, &Folder)>, says: bool) -> Word {
    for (party, (line, folder)) in seen {
        for blob in line.custody().blobs() {
            let held = |folder: &Folder| folder.whole().any(|(whole, _)| *whole == blob);
            let givers =
                seen.iter().filter(|(_, (line, folder))| line.custody().names(&blob) && held(folder));
            let givers: Vec<String> = givers.map(|(of, _)| court.party(*of)).collect();
            let there = !givers.is_empty();
            if there && !held(folder) {
                let (who, givers, how) = (court.party(*party), givers.join(", "), line.fetching(&blob));
                let what = format!("{who} lacks {}, held by {givers}: {how:?}", blob_name(&blob));
                return object("liveness", what);
            }
            let everything: Cut = line.held().into_iter().map(|held| (held.book, held.size)).collect();
            if there && says && !line.custody().holders(&blob, &everything).contains_key(party) {
                let who = court.party(*party);
                return object(
                    "liveness",
                    format!("{who} holds a blob of {} bytes and never says", blob.size),
                );
            }
        }
    }
    Ok(())
}
