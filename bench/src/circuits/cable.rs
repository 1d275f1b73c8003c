//! A serial cable of a rate: two pseudo-terminals and what passes between them, counted, with losses where they are wanted.

use std::fs::File;
use std::io::{ErrorKind, Read as _, Write as _};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rustix::fs::{Mode, OFlags};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{OptionalActions, tcgetattr, tcsetattr};

use crate::Outcome;

/// Pause between two looks at a line that says nothing.
const LOOK: Duration = Duration::from_millis(2);

/// What both directions share.
#[derive(Default)]
struct Shared {
    ends: AtomicBool,
    /// Bytes that were put in, of both directions.
    bytes: AtomicU64,
    /// Of 1,000,000 bits, those that come changed.
    changed: AtomicU32,
    /// Of 1,000 packets, those that do not come.
    lost: AtomicU32,
}

/// A cable; it ends when it is let go.
pub(crate) struct Cable {
    shared: Arc<Shared>,
    carriers: Vec<JoinHandle<()>>,
    /// Where its two ends are.
    pub(crate) paths: Vec<PathBuf>,
    _held: Vec<OwnedFd>,
}

impl Cable {
    /// A cable of so many bits a second, 8N1, without faults.
    pub(crate) fn new(bits_per_s: u32) -> Outcome<Self> {
        let shared = Arc::<Shared>::default();
        let (mut masters, mut held, mut paths) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..2 {
            let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY)?;
            grantpt(&master)?;
            unlockpt(&master)?;
            rustix::io::ioctl_fionbio(&master, true)?;
            let name = ptsname(&master, Vec::new())?.into_string()?;
            // Open for as long as the cable is, so that it outlives its stations.
            let line = rustix::fs::open(&name, OFlags::RDWR | OFlags::NOCTTY, Mode::empty())?;
            let mut modes = tcgetattr(&line)?;
            modes.make_raw();
            tcsetattr(&line, OptionalActions::Now, &modes)?;
            masters.push(File::from(master));
            held.push(line);
            paths.push(Path::new(&name).to_owned());
        }
        let mut carriers = Vec::new();
        for (place, from) in masters.iter().enumerate() {
            let to = masters.get(1 - place).ok_or("two ends")?.try_clone()?;
            let (from, shared) = (from.try_clone()?, Arc::clone(&shared));
            carriers.push(thread::spawn(move || carry(from, to, &shared, bits_per_s, place as u64)));
        }
        Ok(Self { shared, carriers, paths, _held: held })
    }

    /// Bytes that were put in so far, of both directions together.
    pub(crate) fn bytes(&self) -> u64 {
        self.shared.bytes.load(Ordering::Relaxed)
    }

    /// From now on so many packets of 1,000 do not come, and so many bits of 1,000,000 come changed.
    pub(crate) fn spoil(&self, lost: u32, changed: u32) {
        self.shared.lost.store(lost, Ordering::Relaxed);
        self.shared.changed.store(changed, Ordering::Relaxed);
    }
}

impl Drop for Cable {
    fn drop(&mut self) {
        self.shared.ends.store(true, Ordering::Relaxed);
        for carrier in self.carriers.drain(..) {
            let _ = carrier.join();
        }
    }
}

/// Numbers that every run repeats.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }
}

fn carry(mut from: File, mut to: File, shared: &Shared, bits_per_s: u32, seed: u64) {
    let byte = Duration::from_micros(10_000_000 / u64::from(bits_per_s));
    let (mut dice, mut loses) = (Dice(seed), false);
    let mut free = Instant::now();
    let mut bytes = [0; 64];
    while !shared.ends.load(Ordering::Relaxed) {
        let read = match from.read(&mut bytes) {
            Ok(read) => read,
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                thread::sleep(LOOK);
                continue;
            }
            Err(_) => return,
        };
        let said = bytes.get(..read).unwrap_or_default();
        shared.bytes.fetch_add(read as u64, Ordering::Relaxed);
        free = free.max(Instant::now()) + byte * u32::try_from(read).unwrap_or(0);
        thread::sleep(free.saturating_duration_since(Instant::now()));
        let (lost, changed) = (shared.lost.load(Ordering::Relaxed), shared.changed.load(Ordering::Relaxed));
        let mut out = Vec::with_capacity(read);
        for byte in said {
            if *byte == 0 {
                loses = dice.below(1_000) < lost.into();
            }
            if loses && *byte != 0 {
                continue;
            }
            let hit =
                |bit: u32, dice: &mut Dice| (dice.below(1_000_000) < changed.into()).then_some(1 << bit);
            let mask = (0..8).filter_map(|bit| hit(bit, &mut dice)).fold(0, |mask: u8, bit: u8| mask | bit);
            out.push(byte ^ mask);
        }
        if to.write_all(&out).is_err() {
            return;
        }
    }
}
