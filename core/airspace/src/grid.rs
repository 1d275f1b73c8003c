//! Which entries could meet a box: cells by size, place and time.
//!
//! A volume is kept in one cell only, that of its south-western, earliest corner, in a grid whose cells are at least
//! as large as it is. There is a grid for every class of size: so a volume 500 km wide or a site that is always
//! there is met in a grid of its own, and does not make others look further. A query looks at the cells that can
//! hold something that reaches it, in every grid that holds anything.

use alloc::vec::Vec;
use core::hash::{BuildHasher, Hasher};

use hashbrown::HashMap;

use crate::block::{Block, Coarse, LANES};
use crate::position::{HALF_TURN, QUARTER, TURN};
use crate::span::LAST_MS;
use crate::volume::Extent;

/// Sizes of cells in longitude and latitude, as powers of two of 1e-7 degrees: 0.2°, 0.8°, 6.7°, 54°, everything.
const WIDTHS: [u32; 5] = [21, 23, 26, 29, 33];
/// What is at most so wide goes to the smallest cells, 2.9 km on the equator; an eighth of the cell, because small
/// things come in crowds.
const SMALL: i64 = 1 << 18;
/// Sizes of cells in time, as powers of two of ms: 9.3 hours, 6.2 days, 99 days, everything.
const TIMES: [u32; 4] = [25, 29, 33, 48];
const CLASSES: usize = WIDTHS.len() * TIMES.len();
/// Height of a step of the coarse altitude as a power of two of mm, and where it begins: −1 km to 15.7 km.
const STEP_MM: u32 = 16;
const LOWEST_MM: i64 = -1_000_000;
/// How many cells are scanned together.
const BATCH: usize = 32;
const NO_CELL: u32 = u32::MAX;

/// Where an entry stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Slot {
    pub(crate) cell: u32,
    pub(crate) place: u32,
}

/// Counts of cells from the south, the west and the beginning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Address {
    class: usize,
    lat: u64,
    lon: u64,
    time: u64,
}

#[derive(Debug)]
struct Cell {
    address: Address,
    /// Where it stands in its class's list.
    listed: u32,
    held: u32,
    blocks: Vec<Block>,
}

/// All cells of one size.
#[derive(Debug, Default)]
struct Class {
    /// How many entries there are.
    held: usize,
    cells: Vec<u32>,
    /// The most that an entry reaches north, east and on in time; begun anew when the class is empty.
    height: i64,
    width: i64,
    duration: u64,
    /// The easternmost longitude of any entry.
    east: i64,
}

/// The grids.
#[derive(Debug)]
pub(crate) struct Grid {
    classes: [Class; CLASSES],
    directory: HashMap<u64, u32, Mixer>,
    cells: Vec<Cell>,
    /// Cells that are in no class.
    free: Vec<u32>,
}

/// Where a box is, counted so that nothing is negative.
#[derive(Debug, Clone, Copy)]
struct Place {
    south: i64,
    north: i64,
    west: i64,
    east: i64,
    from: u64,
    until: u64,
    low: u8,
    high: u8,
}

impl Place {
    fn of(extent: &Extent) -> Self {
        let step = |mm: i64| ((mm - LOWEST_MM) >> STEP_MM).clamp(0, 255) as u8;
        let bounds = extent.bounds;
        Self {
            south: i64::from(bounds.south) + i64::from(QUARTER),
            north: i64::from(bounds.north) + i64::from(QUARTER),
            west: bounds.west + i64::from(HALF_TURN),
            east: bounds.east + i64::from(HALF_TURN),
            from: extent.span.from_ms(),
            until: extent.span.until_ms().min(LAST_MS + 1),
            low: extent.lower.map_or(0, step),
            high: extent.upper.map_or(255, step),
        }
    }

    /// As an entry: what touches a pole touches it at all longitudes.
    fn of_entry(extent: &Extent) -> Self {
        let mut place = Self::of(extent);
        if extent.bounds.north == QUARTER || extent.bounds.south == -QUARTER {
            (place.west, place.east) = (0, TURN);
        }
        place
    }

    fn class(&self) -> usize {
        let extent = (self.north - self.south).max(self.east - self.west);
        let duration = self.until - self.from;
        let time = TIMES.iter().position(|size| duration <= 1 << size).unwrap_or(TIMES.len() - 1);
        // Only what is always there comes in crowds of small things: all else is spared one more grid to look at.
        let small = time == TIMES.len() - 1 && extent <= SMALL;
        let fits = |size: &u32| extent <= 1 << size;
        let width =
            if small { 0 } else { 1 + WIDTHS.iter().skip(1).position(fits).unwrap_or(WIDTHS.len() - 2) };
        time * WIDTHS.len() + width
    }

    fn address(&self, class: usize) -> Address {
        let (width, time) = sizes(class);
        Address {
            class,
            lat: (self.south >> width) as u64,
            lon: (self.west >> width) as u64,
            time: self.from >> time,
        }
    }

    /// The box on the scale of a cell: from its beginning to twice its size.
    #[inline]
    fn coarse(&self, address: &Address) -> Coarse {
        let (width, time) = sizes(address.class);
        let (lat, lon) = ((address.lat << width) as i64, (address.lon << width) as i64);
        let start = (address.time << time) as i64;
        let step = |value: i64, steps: u32| (value >> steps).clamp(0, 255) as u8;
        let (across, along) = (width - 7, time - 7);
        Coarse {
            low: [
                step(self.south - lat, across),
                step(self.west - lon, across),
                step(self.from as i64 - start, along),
                self.low,
            ],
            high: [
                step(self.north - lat, across),
                step(self.east - lon, across),
                step(self.until as i64 - start, along),
                self.high,
            ],
        }
    }
}

/// The sizes of a class's cells, as powers of two.
#[inline]
fn sizes(class: usize) -> (u32, u32) {
    let width = WIDTHS.get(class % WIDTHS.len()).copied().unwrap_or(33);
    let time = TIMES.get(class / WIDTHS.len()).copied().unwrap_or(48);
    (width, time)
}

impl Address {
    /// All of it in one number: 5 bits of class, 12 of latitude, 13 of longitude, 24 of time.
    #[inline]
    fn key(&self) -> u64 {
        (self.class as u64) << 49 | self.lat << 37 | self.lon << 24 | self.time
    }
}

impl Grid {
    /// `seed` keeps strangers from choosing volumes whose cells all collide.
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            classes: core::array::from_fn(|_| Class::default()),
            directory: HashMap::with_hasher(Mixer { seed }),
            cells: Vec::new(),
            free: Vec::new(),
        }
    }

    /// Puts an entry in; returns where it stands.
    pub(crate) fn insert(&mut self, extent: &Extent, entry: u32) -> Slot {
        let place = Place::of_entry(extent);
        let number = place.class();
        let address = place.address(number);
        let cell = self.cell_at(address);
        if let Some(class) = self.classes.get_mut(number) {
            class.held += 1;
            class.height = class.height.max(place.north - place.south);
            class.width = class.width.max(place.east - place.west);
            class.duration = class.duration.max(place.until - place.from);
            class.east = class.east.max(place.east);
        }
        let Some(kept) = self.cells.get_mut(cell as usize) else { return Slot { cell, place: 0 } };
        let lane = kept.held as usize % LANES;
        if lane == 0 {
            kept.blocks.push(Block::EMPTY);
        }
        if let Some(block) = kept.blocks.last_mut() {
            block.put(lane, place.coarse(&address), entry);
        }
        kept.held += 1;
        Slot { cell, place: kept.held - 1 }
    }

    /// The cell of an address, made if it is not there.
    fn cell_at(&mut self, address: Address) -> u32 {
        let key = address.key();
        if let Some(cell) = self.directory.get(&key) {
            return *cell;
        }
        let Some(class) = self.classes.get_mut(address.class) else { return 0 };
        let listed = class.cells.len() as u32;
        let fresh = Cell { address, listed, held: 0, blocks: Vec::new() };
        let cell = match self.free.pop() {
            Some(cell) => {
                if let Some(place) = self.cells.get_mut(cell as usize) {
                    *place = fresh;
                }
                cell
            }
            None => {
                self.cells.push(fresh);
                (self.cells.len() - 1) as u32
            }
        };
        class.cells.push(cell);
        self.directory.insert(key, cell);
        cell
    }

    /// Takes an entry out; returns the entry that now stands there instead, if one had to move.
    pub(crate) fn remove(&mut self, slot: Slot) -> Option<u32> {
        let cell = self.cells.get_mut(slot.cell as usize)?;
        let address = cell.address;
        cell.held = cell.held.checked_sub(1)?;
        let last = cell.held as usize;
        let moved = cell.blocks.last().and_then(|block| block.at(last % LANES))?;
        let place = slot.place as usize;
        if place != last
            && let Some(block) = cell.blocks.get_mut(place / LANES)
        {
            block.put(place % LANES, moved.0, moved.1);
        }
        if last.is_multiple_of(LANES) {
            cell.blocks.pop();
        }
        let empty = cell.held == 0;
        let listed = cell.listed;
        if let Some(class) = self.classes.get_mut(address.class) {
            class.held -= 1;
            if empty {
                class.cells.swap_remove(listed as usize);
                if let Some(other) = class.cells.get(listed as usize).copied()
                    && let Some(other) = self.cells.get_mut(other as usize)
                {
                    other.listed = listed;
                }
            }
            if class.held == 0 {
                *class = Class::default();
            }
        }
        if empty {
            self.directory.remove(&address.key());
            if let Some(cell) = self.cells.get_mut(slot.cell as usize) {
                cell.blocks = Vec::new();
            }
            self.free.push(slot.cell);
        }
        (place != last).then_some(moved.1)
    }

    /// Calls `each` with every entry that could meet a box, and with others; with an entry that can be met from
    /// either side of the world, more than once. Returns whether that may have been so.
    #[inline]
    pub(crate) fn near(&self, extent: &Extent, mut each: impl FnMut(u32)) -> bool {
        let asked = Place::of(extent);
        let mut turns = 0;
        for (number, class) in self.classes.iter().enumerate() {
            if class.held == 0 {
                continue;
            }
            for turn in [0, -TURN, TURN] {
                let place = Place { west: asked.west + turn, east: asked.east + turn, ..asked };
                if place.east < 0 || place.west > class.east {
                    continue;
                }
                turns |= 1 << (turn.signum() + 1);
                self.near_in(number, class, &place, &mut each);
            }
        }
        turns != 2
    }

    #[inline]
    fn near_in(&self, number: usize, class: &Class, asked: &Place, each: &mut impl FnMut(u32)) {
        let (width, time) = sizes(number);
        let cells =
            |low: i64, reach: i64, high: i64| ((low - reach).max(0) >> width) as u64..=(high >> width) as u64;
        let lats = cells(asked.south, class.height, asked.north);
        let lons = cells(asked.west, class.width, asked.east.min(class.east));
        let times = asked.from.saturating_sub(class.duration) >> time..=asked.until >> time;
        let count = |range: &core::ops::RangeInclusive<u64>| (range.end() + 1).saturating_sub(*range.start());
        let all = count(&lats).saturating_mul(count(&lons)).saturating_mul(count(&times));
        if all > class.cells.len() as u64 {
            for cell in class.cells.iter().filter_map(|cell| self.cells.get(*cell as usize)) {
                let Address { lat, lon, time, .. } = cell.address;
                if lats.contains(&lat) && lons.contains(&lon) && times.contains(&time) {
                    cell.scan(asked, each);
                }
            }
            return;
        }
        let mut batch = [NO_CELL; BATCH];
        let mut held = 0;
        for time in times {
            for lat in lats.clone() {
                for lon in lons.clone() {
                    let address = Address { class: number, lat, lon, time };
                    let Some(cell) = self.directory.get(&address.key()) else { continue };
                    if held == BATCH {
                        self.scan_all(&batch, asked, each);
                        held = 0;
                    }
                    if let Some(place) = batch.get_mut(held) {
                        *place = *cell;
                        held += 1;
                    }
                }
            }
        }
        self.scan_all(batch.get(..held).unwrap_or_default(), asked, each);
    }

    /// Scans cells; first all of them are touched, so that one is read from memory while others are on their way.
    #[inline]
    fn scan_all(&self, batch: &[u32], asked: &Place, each: &mut impl FnMut(u32)) {
        let cells = || batch.iter().filter_map(|cell| self.cells.get(*cell as usize));
        let touched = cells().fold(0, |sum, cell| sum ^ cell.held);
        let touched =
            cells().filter_map(|cell| cell.blocks.first()).fold(touched, |sum, block| sum ^ block.touch());
        core::hint::black_box(touched);
        for cell in cells() {
            cell.scan(asked, each);
        }
    }

    /// Calls `each` with every entry once, cell by cell.
    pub(crate) fn each_by_place(&self, mut each: impl FnMut(u32)) {
        let mut cells: Vec<&Cell> = self.cells.iter().filter(|cell| cell.held > 0).collect();
        cells.sort_unstable_by_key(|cell| cell.address.key());
        for cell in cells {
            let lanes = cell.blocks.iter().flat_map(|block| (0..LANES).map(move |lane| block.entry(lane)));
            lanes.take(cell.held as usize).flatten().for_each(&mut each);
        }
    }

    /// How many bytes all of it takes.
    pub(crate) fn bytes(&self) -> usize {
        let blocks: usize = self.cells.iter().map(|cell| cell.blocks.capacity()).sum();
        let lists: usize = self.classes.iter().map(|class| class.cells.capacity()).sum();
        blocks * size_of::<Block>()
            + self.cells.capacity() * size_of::<Cell>()
            + (lists + self.free.capacity()) * size_of::<u32>()
            + self.directory.allocation_size()
    }
}

impl Cell {
    #[inline]
    fn scan(&self, asked: &Place, each: &mut impl FnMut(u32)) {
        let coarse = asked.coarse(&self.address);
        let mut held = self.held as usize;
        for block in &self.blocks {
            for lane in block.meeting(&coarse, held) {
                if let Some(entry) = block.entry(lane) {
                    each(entry);
                }
            }
            held = held.saturating_sub(LANES);
        }
    }
}

/// Spreads addresses over the directory, in a way that is not known to those who choose volumes.
#[derive(Debug, Clone)]
struct Mixer {
    seed: u64,
}

impl BuildHasher for Mixer {
    type Hasher = Mixed;

    fn build_hasher(&self) -> Mixed {
        Mixed(self.seed)
    }
}

struct Mixed(u64);

impl Hasher for Mixed {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64(u64::from(*byte));
        }
    }

    #[inline]
    fn write_u64(&mut self, value: u64) {
        let product = u128::from(self.0 ^ value) * u128::from(0x9e37_79b9_7f4a_7c15_u64);
        self.0 = (product >> 64) as u64 ^ product as u64;
    }
}
