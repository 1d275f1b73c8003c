//! The record on its way between the core and the store: fed to the core at the start, and put into the store's terms.

use std::collections::{BTreeMap, BTreeSet};

use detente_line::frame::{self, Frame};
use detente_line::{Append, Line, Void};
use detente_record::{Book, Class, EntryRef, LAST_RANK, LineSecret, Party, Renewal, SignedCheckpoint};

use crate::api::fault_name;
use crate::error::SetupError;
use crate::store::{self, Batch, MAX_REASON_BYTES, NewEntry, NewEvidence, Reason, Store, StoreError};

/// Stored checkpoints and receipts that are restored, the newest of each book.
const RESTORED: u64 = 4_096;

/// Feeds the stored record to the core: secrets and the kept state, then what came after it: checkpoints, acts,
/// other parties' books, own ones, receipts. Says how many entries came after the kept state. Which of them are void is durable
/// then, whatever wrote the store.
pub(super) fn restore(line: &mut Line, store: &Store) -> Result<u64, SetupError> {
    let mut unkept = 0;
    let me = line.party();
    // Amendments name parties too, and come later.
    for party in (0..=u8::MAX).filter_map(|number| Party::new(number).ok()) {
        for rank in 0..=LAST_RANK {
            let renewal = if rank == 0 { None } else { store.note(&renewal_note(party, rank))? };
            if let Some(renewal) = renewal.and_then(|bytes| Renewal::decode(&bytes).ok()) {
                line.restore_renewal(renewal);
            } else if rank > 0 {
                break;
            }
            if let Some(note) = store.note(&secret_note(party, rank))?
                && let Ok(bytes) = <[u8; 32]>::try_from(note.as_slice())
            {
                line.restore_secret(party, rank, LineSecret::from_bytes(bytes));
            }
        }
    }
    for party in (0..=u8::MAX).filter_map(|number| Party::new(number).ok()) {
        let key = store.note(&courier_note(party))?.and_then(|bytes| match Frame::decode(&bytes) {
            Ok(Frame::CourierKey(key)) => Some(*key),
            _ => None,
        });
        key.into_iter().for_each(|key| line.restore_courier_key(key));
    }
    let kept = store.latest_snapshot()?;
    if kept.is_some_and(|kept| !line.restore_snapshot(&kept.bytes)) {
        tracing::warn!("the kept state does not fit this version or memorandum: the whole record is read");
    }
    let held: BTreeMap<Book, u64> = line.held().into_iter().map(|held| (held.book, held.size)).collect();
    let size_kept = |book: &Book| held.get(book).copied().unwrap_or(0);
    let sizes = store.sizes()?;
    let mut books: Vec<Book> = sizes.keys().map(|code| Book::from_code(*code)).collect::<Result<_, _>>()?;
    books.sort_by_key(|book| (book.class != Class::A, book.party == me, *book));
    for book in &books {
        restore_ends(line, store, *book)?;
        let size = sizes.get(&book.code()).copied().unwrap_or(0);
        let mut after = size.saturating_sub(RESTORED).max(line.signed_size(*book));
        while let Some(found) = store.next_checkpoint(book.code(), after)? {
            after = found.size;
            line.restore_checkpoint(signed(*book, &found));
        }
    }
    for book in &books {
        let mut from = size_kept(book) + 1;
        loop {
            let entries = store.entries(book.code(), from, 1_024, 4 << 20)?;
            let Some(last) = entries.last() else { break };
            from = last.number + 1;
            unkept += entries.len() as u64;
            for entry in &entries {
                line.restore_entry(EntryRef { book: *book, number: entry.number }, &entry.bytes)?;
            }
            keep_void(line, store)?;
        }
    }
    let mut after = 0;
    loop {
        let evidence = store.evidence(after, 256)?;
        let Some(last) = evidence.last() else { break };
        after = last.id;
        for one in &evidence {
            line.restore_evidence(&one.bytes);
        }
    }
    let signers: Vec<Party> =
        line.memorandum().everyone().filter_map(|member| Party::new(member.number).ok()).collect();
    for book in &books {
        for party in signers.iter().copied() {
            let known = line.receipts(*book).find(|receipt| receipt.party == party);
            let mut after = known.map_or(0, |receipt| receipt.size);
            loop {
                let receipts = store.receipts_after(book.code(), party.number(), after)?;
                let Some(last) = receipts.last() else { break };
                after = last.size;
                for receipt in &receipts {
                    line.restore_receipt(crate::links::receipt(*book, receipt)?);
                }
            }
        }
    }
    let every: BTreeSet<Book> = books.iter().chain(held.keys()).copied().collect();
    for book in every {
        is_whole(store, book, sizes.get(&book.code()).copied().unwrap_or(0), size_kept(&book), me)?;
    }
    Ok(unkept)
}

/// Holds a book to what is said of it: rows that the disk had confirmed and then lost would otherwise be written anew, as others.
///
/// # Errors
/// [`StoreError::Damaged`] where the kept state, a checkpoint, or a receipt of this party is of more than its entries.
fn is_whole(store: &Store, book: Book, size: u64, kept: u64, me: Party) -> Result<(), StoreError> {
    let signed = store.next_checkpoint(book.code(), size)?.map(|beyond| beyond.size);
    let receipted = store.receipted(book.code(), me.number())?;
    match signed.into_iter().chain(receipted).chain([kept]).find(|said| *said > size) {
        None => Ok(()),
        Some(said) => Err(StoreError::Damaged {
            what: format!("book {}", book.code()),
            expected: format!("the {said} entries that were there"),
            found: format!("{size}"),
        }),
    }
}

/// Feeds to the core where the reach of an own book's earlier key may end, however long ago that was written.
fn restore_ends(line: &mut Line, store: &Store, book: Book) -> Result<(), StoreError> {
    let me = line.party();
    if book.party != me || book.rank() >= line.own_rank() {
        return Ok(());
    }
    let mut receipted = None;
    for other in (0..=u8::MAX).filter(|other| *other != me.number()) {
        receipted = store.receipted(book.code(), other)?.max(receipted);
    }
    for most in receipted.into_iter().chain(line.end_said(book)) {
        if let Some(found) = store.checkpoint_within(book.code(), most)? {
            line.restore_end(&signed(book, &found));
        }
    }
    Ok(())
}

/// Makes durable what restoring has found to be void; as a rule the store knows all of it, and nothing is written.
fn keep_void(line: &mut Line, store: &Store) -> Result<(), StoreError> {
    while let Some(append) = line.void_restored() {
        let mut batch = batch(append, 0);
        let mut unknown = Vec::new();
        for void in batch.void {
            if store.void(void.book, void.number)?.is_none() {
                unknown.push(void);
            }
        }
        batch.void = unknown;
        if !batch.void.is_empty() {
            store.submit_and_wait(Batch { patient: false, ..batch })?;
        }
    }
    Ok(())
}

/// A void entry in the store's terms.
fn void(Void { name, fault }: Void) -> store::Void {
    let part = |text: &str| {
        let end = text.floor_char_boundary(MAX_REASON_BYTES);
        text.get(..end).unwrap_or_default().to_owned()
    };
    let detail = fault.detail();
    let reason = Reason {
        error: fault_name(&fault),
        what: part(detail.what),
        expected: part(&detail.expected),
        found: part(&detail.found),
    };
    store::Void { book: name.book.code(), number: name.number, reason }
}

/// The key of the store's note that holds a party's line secret of a rank.
pub fn secret_note(party: Party, rank: u8) -> String {
    match rank {
        0 => format!("secret/{}", party.number()),
        rank => format!("secret/{}/{rank}", party.number()),
    }
}

/// The key of the store's note that holds a party's courier key.
fn courier_note(party: Party) -> String {
    format!("courier/{}", party.number())
}

/// The key of the store's note that holds the renewal which brought a party's keys of a rank.
fn renewal_note(party: Party, rank: u8) -> String {
    format!("renewal/{}/{rank}", party.number())
}

pub(crate) fn signed(book: Book, found: &store::Checkpoint) -> SignedCheckpoint {
    let checkpoint = detente_record::Checkpoint { book, size: found.size, root: found.root };
    SignedCheckpoint { checkpoint, signature: found.signature }
}

/// What the core wants durable, in the store's terms.
///
/// Signatures over what is durable already are made again after a crash: nobody waits for them, except that a
/// circuit takes the end of a step that is not the last from the store.
pub(super) fn batch(append: Append, now_ms: u64) -> Batch {
    let patient = !append.urgent && append.checkpoints.len() <= 1 && append.evidence.is_empty();
    let entries = append.entries.into_iter().map(|entry| NewEntry {
        book: entry.name.book.code(),
        number: entry.name.number,
        bytes: entry.bytes,
        leaf: entry.leaf,
        kind: entry.kind,
        time_ms: entry.time_ms,
        regards: entry.regards.iter().map(|subject| (subject.book.code(), subject.number)).collect(),
    });
    let checkpoints = append.checkpoints.into_iter().map(|signed| store::Checkpoint {
        book: signed.checkpoint.book.code(),
        size: signed.checkpoint.size,
        root: signed.checkpoint.root,
        signature: signed.signature,
    });
    let receipts = append.receipts.into_iter().map(|receipt| store::Receipt {
        book: receipt.book.code(),
        party: receipt.party.number(),
        size: receipt.size,
        seconds: receipt.seconds,
        signature: receipt.signature,
    });
    let evidence = append.evidence.into_iter().map(|evidence| NewEvidence {
        kind: format!("party {}: {}", evidence.party.number(), evidence.fault).chars().take(200).collect(),
        time_ms: now_ms,
        bytes: evidence.proof,
    });
    let renewals = append
        .renewals
        .iter()
        .map(|renewal| (renewal_note(renewal.occasion.party, renewal.occasion.rank), renewal.encode()));
    let courier_keys =
        append.courier_keys.iter().map(|key| (courier_note(key.party), frame::courier_key(key)));
    let secrets = append.secrets.into_iter();
    let secrets = secrets.map(|((party, rank), secret)| (secret_note(party, rank), secret.expose().to_vec()));
    Batch {
        seq: append.seq,
        entries: entries.collect(),
        checkpoints: checkpoints.collect(),
        receipts: receipts.collect(),
        evidence: evidence.collect(),
        notes: renewals.chain(courier_keys).chain(secrets).collect(),
        void: append.void.into_iter().map(void).collect(),
        snapshot: None,
        patient,
        insisted: false,
    }
}
