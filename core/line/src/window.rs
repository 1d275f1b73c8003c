//! What is under way on a circuit without a receipt: how much of it may be, how long a receipt takes, and when it
//! goes again (spec/line.md §6).

use alloc::collections::{BTreeMap, VecDeque};
use alloc::vec::Vec;

use detente_record::Book;

/// Most steps of a book under way that the peer has not receipted.
const MAX_UNRECEIPTED: usize = 64;
/// How long a receipt may take beside four usual ones where a circuit is not narrow, ms.
const GRACE_MS: u64 = 1_000;
/// How often a step goes again by itself, each time after twice as long. After that hellos find what is lacking.
const MAX_AGAIN: u32 = 4;

/// How much of a book is under way.
#[derive(Debug, Clone, Default)]
struct UnderWay {
    /// The steps without a receipt: which size each reaches, and when it was handed over, ms.
    steps: VecDeque<(u64, u64)>,
    /// The size that the peer was last known to hold.
    known: u64,
    /// How often steps from there have gone again. What is receipted then may be any of them.
    again: u32,
}

impl UnderWay {
    fn overdue_ms(&self, patience_ms: u64) -> Option<u64> {
        let (_, at_ms) = self.steps.back().filter(|_| self.again < MAX_AGAIN)?;
        Some(at_ms.saturating_add(patience_ms << self.again))
    }
}

/// How much of O, P and R may be under way on a circuit before the peer has receipted it.
///
/// What the peer has yet to work through stands there in front of a FLASH, where nothing overtakes any more. So one
/// step of a book goes, and the next upon its receipt; more go only while a step takes no longer for that: then
/// it is the way that is long, not the queue at its end. On a narrow circuit FLASH overtakes to the end of the way, and time
/// that nothing is said in is dear: there the next step goes while the receipt of one is awaited.
#[derive(Debug, Clone)]
pub(crate) struct Window {
    /// How many steps of a book at least.
    floor: usize,
    /// How many steps of a book.
    steps: usize,
    /// How long a receipt may take beside four usual ones, ms.
    grace_ms: u64,
    /// The shortest time from a step to its receipt, ms.
    least_ms: u64,
    /// The smoothed time from a step to its receipt, ms.
    smoothed_ms: u64,
    under_way: BTreeMap<Book, UnderWay>,
}

impl Window {
    /// Nothing is under way, and nothing known of how long it takes; a receipt may take so much longer than elsewhere, ms.
    pub(crate) fn new(slack_ms: u64, is_narrow: bool) -> Self {
        let (grace_ms, floor) = (GRACE_MS + slack_ms, if is_narrow { 2 } else { 1 });
        Self { floor, steps: floor, grace_ms, least_ms: u64::MAX, smoothed_ms: 0, under_way: BTreeMap::new() }
    }

    /// A step up to a size has gone.
    pub(crate) fn sent(&mut self, book: Book, size: u64, at_ms: u64) {
        let steps = &mut self.under_way.entry(book).or_default().steps;
        if steps.len() >= MAX_UNRECEIPTED {
            steps.pop_front();
        }
        steps.push_back((size, at_ms));
    }

    /// The peer is known to hold a size of a book of which it was sent another. What it said that it lacks is under
    /// way no longer.
    pub(crate) fn holds(&mut self, book: Book, known: u64, sent: u64, now_ms: u64) {
        let Some(of) = self.under_way.get_mut(&book) else { return };
        let (was_full, was_again) = (of.steps.len() >= self.steps, of.again > 0);
        let mut took_ms = None;
        while let Some((_, at_ms)) = of.steps.pop_front_if(|(size, _)| *size <= known) {
            took_ms = Some(now_ms.saturating_sub(at_ms));
        }
        if known > of.known {
            (of.known, of.again) = (known, 0);
        }
        let left = of.steps.len();
        of.steps.retain(|(size, _)| *size <= sent);
        if of.steps.len() < left {
            of.again = of.again.max(1);
        }
        let Some(took_ms) = took_ms.filter(|_| !was_again) else { return };
        self.smoothed_ms =
            if self.least_ms == u64::MAX { took_ms } else { (7 * self.smoothed_ms + took_ms) / 8 };
        self.least_ms = self.least_ms.min(took_ms);
        if took_ms > self.least_ms.saturating_add(self.least_ms / 2) {
            self.steps = self.steps.saturating_sub(1).max(self.floor);
        } else if was_full && took_ms <= self.least_ms.saturating_add(self.least_ms / 4) {
            self.steps = self.steps.saturating_add(1).min(MAX_UNRECEIPTED);
        }
    }

    /// Whether another step of a book may go.
    pub(crate) fn is_open(&self, book: Book) -> bool {
        self.under_way.get(&book).is_none_or(|of| of.steps.len() < self.steps)
    }

    /// When the first book is overdue on a circuit of a round trip, ms: its last step should have been receipted by
    /// then.
    pub(crate) fn overdue_ms(&self, round_trip_ms: u64) -> Option<u64> {
        let patience_ms = self.patience_ms(round_trip_ms);
        self.under_way.values().filter_map(|of| of.overdue_ms(patience_ms)).min()
    }

    /// The books that are overdue by now, to go again. They count as under way no longer.
    pub(crate) fn overdue(&mut self, round_trip_ms: u64, now_ms: u64) -> Vec<Book> {
        let patience_ms = self.patience_ms(round_trip_ms);
        let mut overdue = Vec::new();
        for (book, of) in &mut self.under_way {
            if of.overdue_ms(patience_ms).is_some_and(|at_ms| at_ms <= now_ms) {
                of.steps.clear();
                of.again += 1;
                overdue.push(*book);
            }
        }
        overdue
    }

    fn patience_ms(&self, round_trip_ms: u64) -> u64 {
        self.grace_ms + 4 * self.smoothed_ms.max(round_trip_ms)
    }
}
