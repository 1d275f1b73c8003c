//! The books that stations leave, as the judges read them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use detente_line::Void;
use detente_record::{Book, Checkpoint, EntryRef, LAST_RANK, LineSecret, Party, Receipt, SignedCheckpoint};
use detente_station::store::{Options, Store};
use sim::trial::{Record, Testimony, Verdict, judge as hear};

use crate::Outcome;
use crate::garrison::{Garrison, LINE, Post};
use crate::officers::Accepted;

/// Judges what the stations leave, and what their officers were told.
///
/// # Errors
/// With what a judge objects to.
pub(crate) fn judge(garrison: &Garrison, accepted: &Accepted) -> Outcome<Verdict> {
    let memorandum = &garrison.memorandum;
    let mut testimonies = Vec::new();
    for post in &garrison.posts {
        let party = memorandum.party_named(post.keys.party()).ok_or("a party without a name")?;
        let names = accepted.get(post.keys.party()).map(Vec::as_slice).unwrap_or_default();
        let named =
            names.iter().map(|name| entry(party, name).ok_or_else(|| format!("`{name}` is no entry")));
        testimonies.push(Testimony {
            identity: post.keys.identity(party),
            record: record(post, memorandum.line().0)?,
            // What stood in a store that was spoilt comes back from the others if it had got that far.
            accepted: if post.restored { Vec::new() } else { named.collect::<Result<_, _>>()? },
            restored: post.restored,
            forgetful: post.forgetful,
        });
    }
    let now_ms = SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis();
    Ok(hear(memorandum, &testimonies, u64::try_from(now_ms)?)?)
}

/// An entry of a name as the station tells it: `p00/R/3`, `p00/R.1/3`.
fn entry(party: Party, name: &str) -> Option<EntryRef> {
    let mut parts = name.split('/').skip(1);
    let (book, number) = (parts.next()?, parts.next()?.parse().ok()?);
    let (class, generation) = book.split_once('.').unwrap_or((book, "0"));
    let class = detente_record::Class::from_letter(class.chars().next()?).ok()?;
    Some(EntryRef { book: Book { generation: generation.parse().ok()?, party, class }, number })
}

/// Everything that a store holds.
fn record(post: &Post, line: [u8; 32]) -> Outcome<Record> {
    let (store, _) = Store::open(Options::new(post.home.store(LINE), post.home.mark(LINE), line))?;
    let mut record = Record::default();
    for (code, size) in store.sizes()? {
        let book = Book::from_code(code)?;
        let mut entries: Vec<Arc<[u8]>> = Vec::new();
        while (entries.len() as u64) < size {
            let some = store.entries(code, entries.len() as u64 + 1, 1_024, 4 << 20)?;
            if some.is_empty() {
                return Err(
                    format!("{} entries of book {code}, which should have {size}", entries.len()).into()
                );
            }
            entries.extend(some.iter().map(|entry| Arc::from(&*entry.bytes)));
        }
        record.entries.insert(book, entries);
        let mut after = 0;
        let checkpoints = record.checkpoints.entry(book).or_default();
        while let Some(found) = store.next_checkpoint(code, after)? {
            after = found.size;
            let checkpoint = Checkpoint { book, size: found.size, root: found.root };
            checkpoints.insert(found.size, SignedCheckpoint { checkpoint, signature: found.signature });
        }
        record.receipts.insert(book, receipts(&store, book)?);
        for number in 1..=size {
            if let Some(reason) = store.void(code, number)? {
                let name = EntryRef { book, number };
                let fault = detente_record::Fault::misuse("entry", reason.expected, reason.found);
                record.void.insert(name, Void { name, fault }.fault);
            }
        }
    }
    record.secrets = secrets(&store)?;
    record.snapshot = store.latest_snapshot()?.map(|kept| kept.bytes);
    if let Some(evidence) = store.evidence(0, 1)?.first() {
        return Err(format!("{} keeps evidence of {}", post.keys.party(), evidence.kind).into());
    }
    Ok(record)
}

fn receipts(store: &Store, book: Book) -> Outcome<BTreeMap<(u64, Party), Receipt>> {
    let mut found = BTreeMap::new();
    for party in (0..=u8::MAX).filter_map(|number| Party::new(number).ok()) {
        let mut after = 0;
        loop {
            let some = store.receipts_after(book.code(), party.number(), after)?;
            let Some(last) = some.last() else { break };
            after = last.size;
            for of in some {
                let (size, seconds, signature) = (of.size, of.seconds, of.signature);
                found.insert((size, party), Receipt { book, party, size, seconds, signature });
            }
        }
    }
    Ok(found)
}

fn secrets(store: &Store) -> Outcome<BTreeMap<(Party, u8), LineSecret>> {
    let mut found = BTreeMap::new();
    for party in (0..=u8::MAX).filter_map(|number| Party::new(number).ok()) {
        for rank in 0..=LAST_RANK {
            let note = store.note(&detente_station::keeper::secret_note(party, rank))?;
            let Some(bytes) = note.and_then(|bytes| <[u8; 32]>::try_from(bytes.as_slice()).ok()) else {
                break;
            };
            found.insert((party, rank), LineSecret::from_bytes(bytes));
        }
    }
    Ok(found)
}
