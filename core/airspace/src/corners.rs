//! Corners of many areas, kept close together: a plain area costs eight bytes a corner and no allocation.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use crate::area::MAX_CORNERS;
use crate::position::Position;

/// How many corners a page has, as a power of two. A run of corners never spans two pages.
const PAGE: u32 = 16;
const _: () = assert!(MAX_CORNERS <= 1 << PAGE, "the largest area fits a page");

/// Runs of corners, by where they begin.
#[derive(Debug, Default)]
pub(crate) struct Corners {
    pages: Vec<Vec<Position>>,
    /// Runs that were given back, by their length. A run is used again by one of the same length only, so that
    /// none is ever cut to pieces.
    free: BTreeMap<usize, Vec<u32>>,
}

impl Corners {
    /// Keeps a run; returns where it begins.
    pub(crate) fn keep(&mut self, run: &[Position]) -> u32 {
        if let Some(at) = self.free.get_mut(&run.len()).and_then(Vec::pop) {
            let place = self.pages.get_mut((at >> PAGE) as usize);
            let begin = at as usize & ((1 << PAGE) - 1);
            if let Some(place) = place.and_then(|page| page.get_mut(begin..begin + run.len())) {
                place.copy_from_slice(run);
                return at;
            }
        }
        if self.pages.last().is_none_or(|page| page.len() + run.len() > 1 << PAGE) {
            self.pages.push(Vec::with_capacity(1 << PAGE));
        }
        let page_number = self.pages.len() - 1;
        let Some(page) = self.pages.last_mut() else { return 0 };
        let begin = page.len();
        page.extend_from_slice(run);
        ((page_number << PAGE) + begin) as u32
    }

    /// The run of `count` corners that begins there.
    #[inline]
    pub(crate) fn run(&self, at: u32, count: usize) -> &[Position] {
        let begin = at as usize & ((1 << PAGE) - 1);
        let page = self.pages.get((at >> PAGE) as usize);
        page.and_then(|page| page.get(begin..begin + count)).unwrap_or_default()
    }

    /// Gives a run back.
    pub(crate) fn release(&mut self, at: u32, count: usize) {
        self.free.entry(count).or_default().push(at);
    }

    /// How many bytes all of it takes.
    pub(crate) fn bytes(&self) -> usize {
        let free: usize = self.free.values().map(|runs| runs.capacity() * size_of::<u32>()).sum();
        (self.pages.len() << PAGE) * size_of::<Position>() + free
    }
}
