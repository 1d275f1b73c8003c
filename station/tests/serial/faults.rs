//! What goes wrong on a cable.

use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use crate::cable::{Cable, Spoils, Way};

/// What goes wrong in one direction.
pub(crate) struct Faults {
    /// Nothing passes.
    pub(crate) cut: AtomicBool,
    /// Bytes lost, and bits changed, of 100,000.
    pub(crate) lost: AtomicU32,
    pub(crate) changed: AtomicU32,
    /// So many packets pass, and no more.
    pub(crate) passes: AtomicU64,
    /// What comes out beside what is put in.
    noise: Mutex<Vec<u8>>,
}

impl Faults {
    /// Makes a way as bad as this says from now on, which is not at all to begin with.
    pub(crate) fn on(way: &Way) -> Arc<Self> {
        let faults = Arc::new(Self {
            cut: AtomicBool::new(false),
            lost: AtomicU32::new(0),
            changed: AtomicU32::new(0),
            passes: AtomicU64::new(u64::MAX),
            noise: Mutex::default(),
        });
        let spoiling = Spoiling {
            faults: Arc::clone(&faults),
            dice: Mutex::new(Dice(1)),
            within: AtomicBool::new(false),
        };
        *way.spoils.lock().unwrap() = Some(Box::new(spoiling));
        faults
    }

    fn spoil(&self, said: &[u8], dice: &mut Dice, within: &AtomicBool) -> Vec<u8> {
        let mut out = Vec::new();
        for byte in said {
            // A packet is over with the zero behind it.
            let ends = *byte == 0 && within.load(Ordering::Relaxed);
            within.store(*byte != 0, Ordering::Relaxed);
            let left = self.passes.load(Ordering::Relaxed);
            if ends && left > 0 && left < u64::MAX {
                self.passes.store(left - 1, Ordering::Relaxed);
            }
            if left == 0 || dice.of_100_000() < self.lost.load(Ordering::Relaxed) {
                continue;
            }
            let flips = (0..8).filter(|_| dice.of_100_000() < self.changed.load(Ordering::Relaxed));
            out.push(flips.fold(*byte, |byte, bit| byte ^ (1 << bit)));
        }
        out.append(&mut self.noise.lock().unwrap());
        if self.cut.load(Ordering::Relaxed) { Vec::new() } else { out }
    }

    /// These bytes come out as well.
    pub(crate) fn inject(&self, bytes: &[u8]) {
        self.noise.lock().unwrap().extend(bytes);
    }
}

/// A way as bad as that.
struct Spoiling {
    faults: Arc<Faults>,
    dice: Mutex<Dice>,
    within: AtomicBool,
}

impl Spoils for Spoiling {
    fn end(&self, said: &[u8], _began: Instant) -> Vec<u8> {
        self.faults.spoil(said, &mut self.dice.lock().unwrap(), &self.within)
    }
}

/// A way on which nothing can be said while something is on the other one: both are spoilt.
struct OneAtATime {
    own: usize,
    busy_until: Arc<Mutex<[Instant; 2]>>,
    spoilt: Arc<AtomicU64>,
}

impl Spoils for OneAtATime {
    fn begin(&self, until: Instant) {
        self.busy_until.lock().unwrap()[self.own] = until;
    }

    fn end(&self, said: &[u8], began: Instant) -> Vec<u8> {
        if self.busy_until.lock().unwrap()[1 - self.own] <= began || said.is_empty() {
            return said.to_vec();
        }
        self.spoilt.fetch_add(said.len() as u64, Ordering::Relaxed);
        said.iter().map(|byte| byte ^ 0x55).collect()
    }
}

/// Makes a cable one on which only one end can speak at a time; how many bytes were spoilt.
pub(crate) fn one_at_a_time(cable: &Cable) -> Arc<AtomicU64> {
    let (busy_until, spoilt) = (Arc::new(Mutex::new([Instant::now(); 2])), Arc::<AtomicU64>::default());
    for (own, way) in cable.ways.iter().enumerate() {
        let (busy_until, spoilt) = (Arc::clone(&busy_until), Arc::clone(&spoilt));
        *way.spoils.lock().unwrap() = Some(Box::new(OneAtATime { own, busy_until, spoilt }));
    }
    spoilt
}

/// Cuts ways, or joins them again.
pub(crate) fn cut(ways: &[Arc<Faults>; 2], cut: bool) {
    for faults in ways {
        faults.cut.store(cut, Ordering::Relaxed);
    }
}

impl Cable {
    /// The devices vanish.
    pub(crate) fn unplug(&mut self) {
        self.plugged.store(false, Ordering::Relaxed);
        self.devices.clear();
        for path in &self.paths {
            let _ = std::fs::remove_file(path);
        }
        // Once the last master is closed, whoever has the other end has an error.
        for carrier in self.carriers.drain(..) {
            carrier.join().unwrap();
        }
    }
}

/// A stream of numbers that a run repeats.
struct Dice(u64);

impl Dice {
    fn of_100_000(&mut self) -> u32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) % 100_000) as u32
    }
}
