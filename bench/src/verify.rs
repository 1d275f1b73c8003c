//! Verifying a large record, beside hashing its bytes.
//!
//! Each entry is decoded in full (canonical or refused), blinded and hashed into its tree, and every checkpoint is
//! held to the root and to its author's signature. Beside it, one SHA-256 over the same bytes. Two threads take a
//! book each.

use std::sync::Arc;
use std::time::Instant;

use detente_record::{Checkpoint, EntryView, Frontier, LineId, SignedCheckpoint, leaf_hashes, sha256};
use detente_station::store::{self, Store};

use crate::Outcome;
use crate::figure::{Figure, Goal};
use crate::large::{Large, LargeBook};

/// Entries read from a store at a time, and their bytes.
const READ: usize = 1_024;
const READ_BYTES: usize = 4 << 20;
/// Passes from memory, of which the fastest counts.
const PASSES: usize = 3;

/// A book in memory.
struct InMemory {
    entries: Vec<Arc<[u8]>>,
    checkpoints: Vec<store::Checkpoint>,
}

/// A book on its way through verification.
struct Verified<'a> {
    of: &'a LargeBook,
    line: LineId,
    frontier: Frontier,
}

impl<'a> Verified<'a> {
    fn new(of: &'a LargeBook, line: LineId) -> Self {
        Self { of, line, frontier: Frontier::default() }
    }

    /// Takes the next entries; those that end in the checkpoint, if there is one.
    fn take(&mut self, entries: &[&[u8]], checkpoint: Option<&store::Checkpoint>) -> Outcome<()> {
        for bytes in entries {
            std::hint::black_box(EntryView::decode(bytes)?);
        }
        self.frontier.extend(&leaf_hashes(&self.of.secret, self.frontier.size(), entries));
        if let Some(found) = checkpoint {
            let root = self.frontier.root();
            if found.size != self.frontier.size() || found.root != root {
                return Err("a checkpoint is not its entries'".into());
            }
            let checkpoint = Checkpoint { book: self.of.book, size: found.size, root };
            SignedCheckpoint { checkpoint, signature: found.signature }.verify(&self.line, &self.of.key)?;
        }
        Ok(())
    }
}

fn read(store: &Store, of: &LargeBook) -> Outcome<InMemory> {
    let code = of.book.code();
    let mut found = InMemory { entries: Vec::new(), checkpoints: Vec::new() };
    loop {
        let entries = store.entries(code, found.entries.len() as u64 + 1, READ, READ_BYTES)?;
        if entries.is_empty() {
            break;
        }
        found.entries.extend(entries.into_iter().map(|entry| entry.bytes));
    }
    while let Some(next) =
        store.next_checkpoint(code, found.checkpoints.last().map_or(0, |last| last.size))?
    {
        found.checkpoints.push(next);
    }
    Ok(found)
}

fn verify_memory(of: &LargeBook, line: LineId, book: &InMemory) -> Outcome<()> {
    let mut verified = Verified::new(of, line);
    for checkpoint in &book.checkpoints {
        let range = verified.frontier.size() as usize..checkpoint.size as usize;
        let entries = book.entries.get(range).ok_or("a checkpoint beyond its book")?;
        let entries: Vec<&[u8]> = entries.iter().map(|bytes| &**bytes).collect();
        verified.take(&entries, Some(checkpoint))?;
    }
    if verified.frontier.size() as usize == book.entries.len() {
        Ok(())
    } else {
        Err("unsigned entries".into())
    }
}

fn verify_store(of: &LargeBook, line: LineId, store: &Store) -> Outcome<()> {
    let code = of.book.code();
    let size = store.size(code)?;
    let mut verified = Verified::new(of, line);
    while verified.frontier.size() < size {
        let entries = store.entries(code, verified.frontier.size() + 1, READ, READ_BYTES)?;
        let entries: Vec<&[u8]> = entries.iter().map(|entry| &*entry.bytes).collect();
        let mut rest = entries.as_slice();
        if rest.is_empty() {
            return Err("a book with a gap".into());
        }
        while !rest.is_empty() {
            let reached = verified.frontier.size();
            let checkpoint = store.next_checkpoint(code, reached)?.ok_or("unsigned entries")?;
            let wanted = (checkpoint.size - reached) as usize;
            let (next, after) = rest.split_at(wanted.min(rest.len()));
            verified.take(next, (next.len() == wanted).then_some(&checkpoint))?;
            rest = after;
        }
    }
    match store.next_checkpoint(code, size)? {
        None => Ok(()),
        Some(_) => Err("a checkpoint beyond its book".into()),
    }
}

/// Seconds that something takes for each book, one after the other and side by side.
fn timed<T: Sync>(
    passes: usize,
    books: &[T; 2],
    verify: impl Fn(&T) -> Outcome<()> + Sync,
) -> Outcome<[f64; 2]> {
    let (mut alone, mut together) = (f64::MAX, f64::MAX);
    for _ in 0..passes {
        let began = Instant::now();
        books.iter().try_for_each(&verify)?;
        alone = alone.min(began.elapsed().as_secs_f64());
        let began = Instant::now();
        std::thread::scope(|threads| {
            let running = books.each_ref().map(|book| threads.spawn(|| verify(book)));
            running.into_iter().try_for_each(|one| one.join().map_err(|_| "a verifier panicked")?)
        })?;
        together = together.min(began.elapsed().as_secs_f64());
    }
    Ok([alone, together])
}

/// Measures from memory and from the store.
pub(crate) fn measure(large: &Large) -> Outcome<Vec<Figure>> {
    let line = large.line();
    let [store, _other] = large.stores()?;
    let [usa, rus] = large.books();
    let books = [(read(&store, &usa)?, &usa), (read(&store, &rus)?, &rus)];
    let bytes: usize = books.iter().flat_map(|(book, _)| &book.entries).map(|entry| entry.len()).sum();
    let mib = bytes as f64 / 1_048_576.0;
    let whole: [Vec<u8>; 2] = books.each_ref().map(|(book, _)| {
        book.entries.iter().fold(Vec::new(), |mut whole, entry| {
            whole.extend_from_slice(entry);
            whole
        })
    });
    let hash = |bytes: &Vec<u8>| {
        std::hint::black_box(sha256(bytes));
        Ok(())
    };
    let [hashed, hashed_two] = timed(PASSES, &whole, hash)?;
    drop(whole);
    let [memory, memory_two] = timed(PASSES, &books, |(book, of)| verify_memory(of, line, book))?;
    let of = books.map(|(_, of)| of);
    let [stored, stored_two] = timed(1, &of, |of| verify_store(of, line, &store))?;
    let name = |what: &str| format!("verifying {} entries ({mib:.0} MiB) {what}", large.entries());
    let sha = || ("SHA-256 over the same bytes, one thread", Some(mib / hashed));
    let one = |seconds| ("the same on one thread", Some(mib / seconds));
    let unit = "MiB/s";
    let (quarter, twice) = (Goal::RatioAtLeast(0.25), Goal::RatioAtLeast(1.8));
    Ok(vec![
        // What two threads of this machine come to with nothing but arithmetic.
        Figure::beside(
            "SHA-256 over the same bytes, two threads",
            mib / hashed_two,
            unit,
            one(hashed),
            Goal::None,
        ),
        Figure::beside(name("from memory, one thread"), mib / memory, unit, sha(), quarter),
        Figure::beside(name("from memory, two threads"), mib / memory_two, unit, one(memory), twice),
        Figure::beside(name("from the store, one thread"), mib / stored, unit, sha(), quarter),
        Figure::beside(name("from the store, two threads"), mib / stored_two, unit, one(stored), twice),
    ])
}
