//! A list that grows without ever moving what it holds: so no insert has to wait for a copy of everything.

use alloc::vec::Vec;

/// How many items a page has, as a power of two.
const PAGE: u32 = 12;

/// Items by number, in pages.
#[derive(Debug)]
pub(crate) struct Paged<T> {
    pages: Vec<Vec<T>>,
}

impl<T> Paged<T> {
    pub(crate) const fn new() -> Self {
        Self { pages: Vec::new() }
    }

    /// Adds an item; returns its number.
    pub(crate) fn push(&mut self, item: T) -> u32 {
        let full = self.pages.last().is_none_or(|page| page.len() >> PAGE != 0);
        if full {
            self.pages.push(Vec::with_capacity(1 << PAGE));
        }
        let before = (self.pages.len() - 1) << PAGE;
        let Some(page) = self.pages.last_mut() else { return 0 };
        page.push(item);
        (before + page.len() - 1) as u32
    }

    /// How many items there are.
    pub(crate) fn len(&self) -> usize {
        let last = self.pages.last().map_or(0, Vec::len);
        (self.pages.len().saturating_sub(1) << PAGE) + last
    }

    #[inline]
    pub(crate) fn get(&self, number: u32) -> Option<&T> {
        self.pages.get((number >> PAGE) as usize)?.get(number as usize & ((1 << PAGE) - 1))
    }

    #[inline]
    pub(crate) fn get_mut(&mut self, number: u32) -> Option<&mut T> {
        self.pages.get_mut((number >> PAGE) as usize)?.get_mut(number as usize & ((1 << PAGE) - 1))
    }

    /// How many bytes the pages take.
    pub(crate) fn bytes(&self) -> usize {
        (self.pages.len() * size_of::<T>()) << PAGE
    }
}
