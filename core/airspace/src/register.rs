//! The register: volumes under keys, and which of them a volume could touch.
//!
//! A key is the caller's: it says where volumes came from, and they are amended, withdrawn and found under it. Whatever
//! the order in which things were done, a query finds exactly the volumes whose verdict is not *clear*. Memory
//! is bounded by how many volumes the register was made for and by their corners.
//!
//! A key may be given a group, which means nothing here: a question can leave groups out, and does so before any
//! geometry.

mod entry;
mod tally;

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use crate::altitude::Band;
use crate::area::{Area, AreaView};
use crate::corners::Corners;
use crate::fault::Fault;
use crate::grid::Grid;
use crate::paged::Paged;
use crate::position::Position;
use crate::span::Span;
use crate::verdict::{Verdict, judge};
use crate::volume::{Extent, Volume, VolumeView};

use entry::{Entry, FEW, Form, plain};
pub use tally::Tally;

/// A volume of the register that is not clear of the one that was asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Found<K> {
    /// What it was put in under.
    pub key: K,
    /// Which of the volumes under that key, from 0.
    pub number: u32,
    /// The verdict on both.
    pub verdict: Verdict,
}

/// Volumes under keys.
#[derive(Debug)]
pub struct Register<K> {
    most: usize,
    held: usize,
    grid: Grid,
    entries: Paged<Entry>,
    origins: Paged<Origin<K>>,
    /// Entries that hold nothing.
    free: Vec<u32>,
    corners: Corners,
    whole: Paged<Option<Box<Volume>>>,
    /// What volumes kept whole take elsewhere.
    whole_bytes: usize,
    /// Places in `whole` that hold nothing.
    whole_free: Vec<u32>,
    /// The first entry of each key; the others follow by `Origin::next`.
    first: BTreeMap<K, u32>,
    /// Entries by when they end, in steps; one that was removed since, or put in anew, may still be named here.
    calendar: BTreeMap<u64, Vec<u32>>,
    /// How many entries `calendar` names.
    dated: usize,
}

/// A step of the calendar, as a power of two of ms: 17 minutes.
const CALENDAR: u32 = 20;
/// No entry.
const NONE: u32 = u32::MAX;

#[derive(Debug, Clone, Copy)]
struct Origin<K> {
    key: K,
    number: u32,
    next: u32,
}

/// How many candidates are looked at together, so that their cache misses overlap.
const BATCH: usize = 64;

impl<K: Copy + Ord> Register<K> {
    /// A register of at most `most` volumes. `seed` may be any number that those who write volumes do not know; answers do not
    /// depend on it.
    pub fn new(most: usize, seed: u64) -> Self {
        Self {
            most: most.min(NONE as usize - 1),
            held: 0,
            grid: Grid::new(seed),
            entries: Paged::new(),
            origins: Paged::new(),
            free: Vec::new(),
            corners: Corners::default(),
            whole: Paged::new(),
            whole_bytes: 0,
            whole_free: Vec::new(),
            first: BTreeMap::new(),
            calendar: BTreeMap::new(),
            dated: 0,
        }
    }

    /// How many volumes it holds.
    pub fn len(&self) -> usize {
        self.held
    }

    /// Whether it holds none.
    pub fn is_empty(&self) -> bool {
        self.held == 0
    }

    /// Puts volumes in under a key of group 0, instead of those that were there.
    ///
    /// # Errors
    /// [`Fault::Full`], with everything as it was, if they are more than there is room for.
    pub fn put(&mut self, key: K, volumes: impl IntoIterator<Item = Volume>) -> Result<(), Fault> {
        self.put_in(0, key, volumes)
    }

    /// Puts volumes in under a key of a group, instead of those that were there under the key, whatever its group was.
    ///
    /// # Errors
    /// As for [`put`](Self::put).
    pub fn put_in(
        &mut self,
        group: u16,
        key: K,
        volumes: impl IntoIterator<Item = Volume>,
    ) -> Result<(), Fault> {
        let volumes: Vec<Volume> = volumes.into_iter().collect();
        let before = self.under(key).count();
        if self.held - before + volumes.len() > self.most {
            return Err(Fault::Full { most: self.most });
        }
        self.remove(key);
        let mut next = NONE;
        for (number, volume) in (0..volumes.len() as u32).zip(volumes).rev() {
            next = self.insert(Origin { key, number, next }, group, volume);
        }
        if next != NONE {
            self.first.insert(key, next);
        }
        Ok(())
    }

    /// Takes out all volumes under a key; returns how many there were.
    pub fn remove(&mut self, key: K) -> usize {
        let Some(mut entry) = self.first.remove(&key) else { return 0 };
        let mut removed = 0;
        while let Some(origin) = self.origins.get(entry).copied() {
            self.clear(entry);
            removed += 1;
            entry = origin.next;
        }
        removed
    }

    /// Takes out all volumes that ended before a moment, ms, with the time after them that they ask for; returns how
    /// many there were.
    pub fn expire(&mut self, now_ms: u64) -> usize {
        let mut removed = 0;
        while let Some((step, entries)) = self.calendar.first_entry().map(|first| (*first.key(), first)) {
            if step > now_ms >> CALENDAR {
                break;
            }
            let entries = entries.remove();
            self.dated -= entries.len();
            let mut later = Vec::new();
            for entry in entries {
                let Some(kept) = self.entries.get(entry).filter(|kept| kept.form != Form::Empty) else {
                    continue;
                };
                if kept.until_ms < now_ms {
                    self.unlink(entry);
                    self.clear(entry);
                    removed += 1;
                } else if kept.until_ms >> CALENDAR == step {
                    later.push(entry);
                }
            }
            if !later.is_empty() {
                self.dated += later.len();
                self.calendar.insert(step, later);
                break;
            }
        }
        removed
    }

    /// The group of a key that has volumes.
    pub fn group(&self, key: K) -> Option<u16> {
        self.under(key).next().and_then(|entry| self.entries.get(entry)).map(|kept| kept.group)
    }

    /// A volume that was found, as it was put in.
    pub fn found(&self, found: &Found<K>) -> Option<Volume> {
        self.volume(self.under(found.key).nth(found.number as usize)?)
    }

    /// The volumes under a key, as they were put in.
    pub fn volumes(&self, key: K) -> impl Iterator<Item = Volume> {
        self.under(key).filter_map(|entry| self.volume(entry))
    }

    /// All keys, ascending.
    pub fn keys(&self) -> impl Iterator<Item = K> {
        self.first.keys().copied()
    }

    /// Adds to `found` every volume that is not clear of the one asked about, in no order that could be relied upon.
    pub fn check(&self, asked: &Volume, found: &mut Vec<Found<K>>) {
        self.check_among(asked, |_| true, found);
    }

    /// As [`check`](Self::check), among the volumes of wanted groups.
    pub fn check_among(&self, asked: &Volume, wanted: impl Fn(u16) -> bool, found: &mut Vec<Found<K>>) {
        let before = found.len();
        let wanted = |_, group| wanted(group);
        let again = self.search(&asked.view(), &asked.extent(), wanted, |entry, verdict| {
            if let Some(origin) = self.origins.get(entry) {
                found.push(Found { key: origin.key, number: origin.number, verdict });
            }
        });
        if again && let Some(new) = found.get_mut(before..) {
            new.sort_unstable();
            let mut last: Option<Found<K>> = None;
            let mut place = 0;
            found.retain(|one| {
                place += 1;
                let seen = place > before && last == Some(*one);
                last = Some(*one);
                !seen
            });
        }
    }

    /// Every volume that is not clear of the one asked about, as [`check`](Self::check) finds them.
    pub fn touching(&self, asked: &Volume) -> impl Iterator<Item = Found<K>> + use<K> {
        let mut found = Vec::new();
        self.check(asked, &mut found);
        found.into_iter()
    }

    /// What is in force at a position and a moment, ms, at whatever altitude: keys and numbers, in no order that
    /// could be relied upon. Room that is only asked for is not counted.
    ///
    /// # Errors
    /// [`Fault::Position`] or [`Fault::Span`] if there is no such position or moment.
    pub fn at(
        &self,
        position: Position,
        at_ms: u64,
    ) -> Result<impl Iterator<Item = (K, u32)> + use<K>, Fault> {
        let asked = Volume::new(Area::point(position)?, Band::ALL, Span::new(at_ms, at_ms)?);
        let inside = self.touching(&asked).filter(|found| found.verdict == Verdict::Conflict);
        Ok(inside.map(|found| (found.key, found.number)))
    }

    /// How many bytes the register takes, the corners of plain volumes left out, and how many those and the room for
    /// them take.
    pub fn bytes(&self) -> (usize, usize) {
        let keys = self.first.len() * (size_of::<K>() + size_of::<u32>()) * 3 / 2;
        let calendar: usize = self.calendar.values().map(|step| step.capacity() * size_of::<u32>()).sum();
        let whole = self.whole.bytes() + self.whole_bytes;
        let lists = (self.free.capacity() + self.whole_free.capacity()) * size_of::<u32>();
        let few = self.entries.bytes() / size_of::<Entry>() * size_of::<[Position; FEW]>();
        let entries = self.entries.bytes() - few + self.origins.bytes();
        (self.grid.bytes() + entries + keys + calendar + whole + lists, self.corners.bytes() + few)
    }

    /// Calls `each` with every entry that is wanted, by its number and group, and not clear of what is asked about. Returns
    /// whether it may have been called more than once with the same.
    #[inline]
    fn search(
        &self,
        asked: &VolumeView<'_>,
        extent: &Extent,
        wanted: impl Fn(u32, u16) -> bool,
        mut each: impl FnMut(u32, Verdict),
    ) -> bool {
        let mut batch = [0_u32; BATCH];
        let mut held = 0;
        let again = self.grid.near(extent, |entry| {
            if held == BATCH {
                self.judge_all(asked, &extent.span, &batch, &wanted, &mut each);
                held = 0;
            }
            if let Some(place) = batch.get_mut(held) {
                *place = entry;
                held += 1;
            }
        });
        let batch = batch.get(..held).unwrap_or_default();
        self.judge_all(asked, &extent.span, batch, &wanted, &mut each);
        again
    }

    #[inline]
    fn judge_all(
        &self,
        asked: &VolumeView<'_>,
        span: &Span,
        batch: &[u32],
        wanted: &impl Fn(u32, u16) -> bool,
        each: &mut impl FnMut(u32, Verdict),
    ) {
        // Memory is slow and can do many things at once: everything is touched before anything is waited for.
        core::hint::black_box(batch.iter().fold(0, |sum, entry| sum ^ self.touch(*entry)));
        let mut near = [NONE; BATCH];
        let mut held = 0;
        let mut touched = 0;
        for entry in batch {
            let Some(kept) = self.entries.get(*entry) else { continue };
            if wanted(*entry, kept.group)
                && kept.could_meet(asked, span)
                && let Some(place) = near.get_mut(held)
            {
                *place = *entry;
                held += 1;
                touched ^= self.touch_corners(kept);
            }
        }
        core::hint::black_box(touched);
        for entry in near.get(..held).unwrap_or_default() {
            let Some(view) = self.entries.get(*entry).and_then(|kept| self.view(kept)) else { continue };
            let verdict = judge(asked, &view);
            if verdict != Verdict::Clear {
                each(*entry, verdict);
            }
        }
    }

    /// Something that can only be known by reading an entry and what comes with it.
    #[inline]
    fn touch(&self, entry: u32) -> u32 {
        let (Some(kept), Some(origin)) = (self.entries.get(entry), self.origins.get(entry)) else { return 0 };
        kept.touch() ^ origin.number
    }

    /// Something that can only be known by reading the corners that an entry has no room for.
    #[inline]
    fn touch_corners(&self, kept: &Entry) -> u32 {
        if kept.few().is_some() {
            return 0;
        }
        let Form::Plain { .. } = kept.form else { return 0 };
        let [first, .., last] = self.corners_of(kept) else { return 0 };
        first.lat as u32 ^ last.lat as u32
    }

    fn under(&self, key: K) -> impl Iterator<Item = u32> {
        let mut entry = self.first.get(&key).copied().unwrap_or(NONE);
        core::iter::from_fn(move || {
            let origin = self.origins.get(entry)?;
            Some(core::mem::replace(&mut entry, origin.next))
        })
    }

    fn insert(&mut self, origin: Origin<K>, group: u16, volume: Volume) -> u32 {
        let extent = volume.extent();
        let entry = match self.free.pop() {
            Some(entry) => {
                if let Some(place) = self.origins.get_mut(entry) {
                    *place = origin;
                }
                entry
            }
            None => {
                self.origins.push(origin);
                self.entries.push(Entry::EMPTY)
            }
        };
        let slot = self.grid.insert(&extent, entry);
        let bounds = extent.bounds.rolled();
        let until_ms = extent.span.until_ms();
        let mut kept = Entry {
            from_ms: extent.span.from_ms(),
            until_ms,
            south: bounds.south,
            north: bounds.north,
            // In −180° to 180°, and at most 360° wide.
            west: bounds.west as i32,
            width: (bounds.east - bounds.west) as u32,
            slot,
            group,
            ..Entry::EMPTY
        };
        match plain(&volume) {
            Some((form, corners)) => {
                kept.form = form;
                kept.lower_mm = volume.band.lower().map_or(0, |limit| limit.mm);
                kept.upper_mm = volume.band.upper().map_or(0, |limit| limit.mm);
                kept.corners = corners.len() as u16;
                match kept.few.get_mut(..corners.len()) {
                    Some(few) => few.copy_from_slice(corners),
                    None => kept.at = self.corners.keep(corners),
                }
            }
            None => {
                kept.form = Form::Whole;
                self.whole_bytes += volume.bytes();
                let volume = Some(Box::new(volume));
                kept.at = match self.whole_free.pop() {
                    Some(at) => {
                        if let Some(place) = self.whole.get_mut(at) {
                            *place = volume;
                        }
                        at
                    }
                    None => self.whole.push(volume),
                };
            }
        }
        if let Some(place) = self.entries.get_mut(entry) {
            *place = kept;
        }
        self.held += 1;
        if until_ms != u64::MAX {
            self.calendar.entry(until_ms >> CALENDAR).or_default().push(entry);
            self.dated += 1;
            if self.dated > 2 * self.held + 1_024 {
                self.tidy_calendar();
            }
        }
        entry
    }

    /// Writes the calendar anew, without entries that are no longer there.
    fn tidy_calendar(&mut self) {
        self.calendar.clear();
        self.dated = 0;
        let Self { first, origins, entries, calendar, dated, .. } = self;
        for start in first.values() {
            let mut entry = *start;
            while let (Some(origin), Some(kept)) = (origins.get(entry), entries.get(entry)) {
                if kept.until_ms != u64::MAX {
                    calendar.entry(kept.until_ms >> CALENDAR).or_default().push(entry);
                    *dated += 1;
                }
                entry = origin.next;
            }
        }
    }

    /// Takes an entry out of the chain of its key.
    fn unlink(&mut self, entry: u32) {
        let Some(Origin { key, next, .. }) = self.origins.get(entry).copied() else { return };
        let mut before = self.first.get(&key).copied().unwrap_or(NONE);
        if before == entry {
            if next == NONE {
                self.first.remove(&key);
            } else {
                self.first.insert(key, next);
            }
            return;
        }
        while let Some(origin) = self.origins.get_mut(before) {
            if origin.next == entry {
                origin.next = next;
                return;
            }
            before = origin.next;
        }
    }

    /// Empties an entry.
    fn clear(&mut self, entry: u32) {
        let Some(kept) = self.entries.get_mut(entry) else { return };
        let gone = core::mem::replace(kept, Entry::EMPTY);
        if let Some(moved) = self.grid.remove(gone.slot)
            && let Some(moved) = self.entries.get_mut(moved)
        {
            moved.slot = gone.slot;
        }
        match gone.form {
            Form::Plain { .. } if gone.few().is_some() => {}
            Form::Plain { .. } => self.corners.release(gone.at, gone.corners.into()),
            Form::Whole => {
                if let Some(volume) = self.whole.get_mut(gone.at).and_then(Option::take) {
                    self.whole_bytes -= volume.bytes();
                }
                self.whole_free.push(gone.at);
            }
            Form::Empty => return,
        }
        self.free.push(entry);
        self.held -= 1;
    }

    /// The corners of a plain volume, wherever they are.
    #[inline]
    fn corners_of<'a>(&'a self, kept: &'a Entry) -> &'a [Position] {
        kept.few().unwrap_or_else(|| self.corners.run(kept.at, kept.corners.into()))
    }

    #[inline]
    fn view<'a>(&'a self, kept: &'a Entry) -> Option<VolumeView<'a>> {
        match kept.form {
            Form::Empty => None,
            Form::Whole => self.whole.get(kept.at)?.as_deref().map(Volume::view),
            Form::Plain { .. } => Some(VolumeView {
                area: AreaView {
                    corners: self.corners_of(kept),
                    ends: &[],
                    meridian: 0,
                    bounds: kept.bounds(),
                },
                band: kept.band()?,
                span: kept.span(),
                separation: None,
            }),
        }
    }

    fn volume(&self, entry: u32) -> Option<Volume> {
        let kept = self.entries.get(entry)?;
        match kept.form {
            Form::Whole => self.whole.get(kept.at)?.as_deref().cloned(),
            Form::Empty | Form::Plain { .. } => {
                let VolumeView { area, band, span, .. } = self.view(kept)?;
                Some(Volume::new(Area::restored(area.corners, area.bounds), band, span))
            }
        }
    }
}
