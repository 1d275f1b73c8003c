//! What was written last, in memory: the size of every book, and the newest entries with their checkpoints.
//!
//! It is filled only after a commit is durable, so it never shows more than the disk would. For every book it
//! holds an unbroken run that ends at the book's size, so that the step just committed is sent, and an entry just
//! committed is read, without a query. Bounded in bytes over all books; the oldest entry goes first.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use super::batch::{STEP_BYTES, STEP_ENTRIES};
use super::{Batch, Checkpoint, Entry, Step};

/// What a run's entry costs beside its bytes.
const ENTRY_OVERHEAD: usize = 160;

/// The newest part of every book.
#[derive(Debug)]
pub(super) struct Recent {
    limit_bytes: usize,
    books: RwLock<Books>,
}

#[derive(Debug, Default)]
struct Books {
    sizes: BTreeMap<u32, u64>,
    runs: BTreeMap<u32, Run>,
    /// The books of the entries in all runs, oldest entry first.
    order: VecDeque<u32>,
    bytes: usize,
}

/// The end of one book.
#[derive(Debug, Default)]
struct Run {
    /// Unbroken, the last one's number being the book's size.
    entries: VecDeque<Entry>,
    /// Every checkpoint of the book whose last entry is in `entries`, by size. Complete, because a checkpoint is
    /// stored only once its entries are.
    checkpoints: BTreeMap<u64, Checkpoint>,
}

impl Recent {
    /// Starts with the sizes on disk and no entries; keeps at most `limit_bytes` of these.
    pub(super) fn new(sizes: BTreeMap<u32, u64>, limit_bytes: usize) -> Self {
        Self { limit_bytes, books: RwLock::new(Books { sizes, ..Books::default() }) }
    }

    /// Takes in what is durable now.
    pub(super) fn absorb(&self, batches: Vec<Batch>) {
        let mut guard = self.write();
        let books = &mut *guard;
        for batch in batches {
            for new in batch.entries {
                let size = books.sizes.entry(new.book).or_default();
                if new.number != *size + 1 {
                    continue;
                }
                *size = new.number;
                books.bytes += new.bytes.len() + ENTRY_OVERHEAD;
                books.order.push_back(new.book);
                books.runs.entry(new.book).or_default().entries.push_back(Entry {
                    book: new.book,
                    number: new.number,
                    bytes: new.bytes,
                    leaf: new.leaf,
                    kind: new.kind,
                    time_ms: new.time_ms,
                });
            }
            for checkpoint in batch.checkpoints {
                if let Some(run) = books.runs.get_mut(&checkpoint.book)
                    && run.covers(checkpoint.size)
                {
                    run.checkpoints.entry(checkpoint.size).or_insert(checkpoint);
                }
            }
        }
        while books.bytes > self.limit_bytes && books.forget_oldest() {}
    }

    /// The size of every book that has an entry.
    pub(super) fn sizes(&self) -> BTreeMap<u32, u64> {
        self.read().sizes.clone()
    }

    /// The size of one book.
    pub(super) fn size(&self, book: u32) -> u64 {
        self.read().sizes.get(&book).copied().unwrap_or_default()
    }

    /// An entry, if it is in memory.
    pub(super) fn entry(&self, book: u32, number: u64) -> Option<Entry> {
        let books = self.read();
        books.runs.get(&book)?.from(number)?.next().cloned()
    }

    /// Entries from a number on, up to the bounds and at least one; none if they are not all in memory.
    pub(super) fn entries(
        &self,
        book: u32,
        from: u64,
        max_count: usize,
        max_bytes: usize,
    ) -> Option<Vec<Entry>> {
        let books = self.read();
        let mut bytes = 0;
        let within = |entry: &&Entry| {
            let first = bytes == 0;
            bytes += entry.bytes.len();
            first || bytes <= max_bytes
        };
        Some(books.runs.get(&book)?.from(from)?.take(max_count).take_while(within).cloned().collect())
    }

    /// The step after `from_size`, if memory can tell: the outer `None` says that it cannot, the inner one that
    /// there is no step.
    pub(super) fn step(&self, book: u32, from_size: u64) -> Option<Option<Step>> {
        let books = self.read();
        if from_size >= books.sizes.get(&book).copied().unwrap_or_default() {
            return Some(None);
        }
        let run = books.runs.get(&book)?;
        let first = from_size.checked_add(1)?;
        let mut bytes = 0;
        let reach = run
            .from(first)?
            .take(STEP_ENTRIES as usize)
            .take_while(|entry| {
                bytes += entry.bytes.len();
                bytes <= STEP_BYTES
            })
            .last()
            .map_or(from_size, |entry| entry.number);
        let within =
            run.checkpoints.range(first..=reach.max(first)).next_back().filter(|(size, _)| **size <= reach);
        let Some((size, checkpoint)) = within.or_else(|| run.checkpoints.range(first..).next()) else {
            return Some(None);
        };
        let entries = run.from(first)?.take_while(|entry| entry.number <= *size).cloned().collect();
        Some(Some(Step { entries, checkpoint: checkpoint.clone() }))
    }

    fn read(&self) -> RwLockReadGuard<'_, Books> {
        self.books.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Books> {
        self.books.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Books {
    fn forget_oldest(&mut self) -> bool {
        let Some(run) = self.order.pop_front().and_then(|book| self.runs.get_mut(&book)) else {
            return false;
        };
        let Some(gone) = run.entries.pop_front() else { return false };
        run.checkpoints.remove(&gone.number);
        self.bytes -= gone.bytes.len() + ENTRY_OVERHEAD;
        true
    }
}

impl Run {
    fn covers(&self, number: u64) -> bool {
        self.entries.front().is_some_and(|first| first.number <= number)
    }

    /// The entries from a number on, if the first of them is here.
    fn from(&self, number: u64) -> Option<impl Iterator<Item = &Entry>> {
        let skipped = number.checked_sub(self.entries.front()?.number)?;
        let skipped = usize::try_from(skipped).ok().filter(|skipped| *skipped < self.entries.len())?;
        Some(self.entries.range(skipped..))
    }
}

#[cfg(test)]
mod tests {
    use super::super::NewEntry;
    use super::*;

    fn entries(book: u32, numbers: std::ops::RangeInclusive<u64>) -> Batch {
        let entry = |number| NewEntry {
            book,
            number,
            bytes: vec![0; 1_000].into(),
            leaf: [0; 32],
            kind: 1,
            time_ms: number,
            regards: Vec::new(),
        };
        Batch { entries: numbers.map(entry).collect(), ..Batch::default() }
    }

    fn signed(book: u32, size: u64) -> Batch {
        let checkpoint = Checkpoint { book, size, root: [0; 32], signature: [0; 64] };
        Batch { checkpoints: vec![checkpoint], ..Batch::default() }
    }

    #[test]
    fn steps_end_at_the_largest_signed_size_in_bounds_or_at_the_first_beyond() {
        let recent = Recent::new(BTreeMap::from([(8, 10)]), 1 << 20);
        recent.absorb(vec![entries(8, 11..=110), signed(8, 20), signed(8, 60), signed(8, 110), signed(8, 5)]);
        let end = |from| {
            recent.step(8, from).map(|step| step.map(|step| (step.entries.len(), step.checkpoint.size)))
        };
        assert_eq!(end(10), Some(Some((50, 60))), "65 entries fit, the last signed size among them is 60");
        assert_eq!(end(60), Some(Some((50, 110))));
        assert_eq!(end(59), Some(Some((51, 110))));
        assert_eq!(end(110), Some(None));
        assert_eq!(end(5), None, "older than memory");
        assert_eq!(recent.step(9, 0), Some(None));

        recent.absorb(vec![entries(16, 1..=200), signed(16, 199)]);
        let step = recent.step(16, 0).flatten().unwrap();
        assert_eq!(step.entries.len(), 199, "signed too seldom: the first beyond the bounds");
        assert_eq!(recent.step(16, 199), Some(None), "an entry that is not signed for yet");
    }

    #[test]
    fn memory_is_bounded_and_forgets_the_oldest_first() {
        let recent = Recent::new(BTreeMap::new(), 10 * (1_000 + ENTRY_OVERHEAD));
        recent.absorb(vec![entries(8, 1..=8), entries(16, 1..=4), signed(8, 2), signed(8, 8)]);
        assert_eq!(recent.entry(8, 2), None);
        assert_eq!(recent.entry(8, 3).map(|entry| entry.number), Some(3));
        assert_eq!(recent.entries(16, 1, 10, 2_500).map(|found| found.len()), Some(2));
        assert_eq!(recent.entries(16, 1, 10, 1).map(|found| found.len()), Some(1), "never nothing");
        assert_eq!(recent.step(8, 2).flatten().map(|step| step.checkpoint.size), Some(8));
        assert_eq!(recent.sizes(), BTreeMap::from([(8, 8), (16, 4)]));
        recent.absorb(vec![entries(8, 1..=8)]);
        assert_eq!(recent.size(8), 8, "what is there already changes nothing");
    }
}
