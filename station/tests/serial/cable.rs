//! A cable between two pseudo-terminals, as slow as a line is, that remembers what went over it. What goes wrong on it is put in
//! its way by whoever wants that (faults.rs).

use std::fs::File;
use std::io::{ErrorKind, Read as _, Write as _};
use std::os::fd::{AsFd as _, OwnedFd};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{Mode, OFlags};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{OptionalActions, tcgetattr, tcsetattr};

/// Longest that a cable waits for bytes before it looks whether it is still plugged, or whether there is something to come out.
const LOOK: Timespec = Timespec { tv_sec: 0, tv_nsec: 20_000_000 };

/// What becomes of bytes on a way.
pub(crate) trait Spoils: Send + Sync {
    /// Some begin, and will be at its end by then.
    fn begin(&self, _until: Instant) {}

    /// They are at its end, having begun then.
    fn end(&self, said: &[u8], began: Instant) -> Vec<u8>;
}

/// What was put in so far, and who waits for more.
#[derive(Default)]
struct Said {
    bytes: Mutex<Vec<u8>>,
    grows: Condvar,
}

/// One direction: what was put in, and what becomes of it.
#[derive(Clone, Default)]
pub(crate) struct Way {
    said: Arc<Said>,
    pub(crate) spoils: Arc<Mutex<Option<Box<dyn Spoils>>>>,
}

impl Way {
    /// What was put in so far.
    pub(crate) fn said(&self) -> Vec<u8> {
        self.said.bytes.lock().unwrap().clone()
    }

    /// Waits until so many bytes were put in; whether they were.
    pub(crate) fn says(&self, bytes: usize, within: Duration) -> bool {
        let said = self.said.bytes.lock().unwrap();
        let (said, _) = self.said.grows.wait_timeout_while(said, within, |said| said.len() < bytes).unwrap();
        said.len() >= bytes
    }
}

/// One end of the cable: a pseudo-terminal, under a name of its own.
pub(crate) struct Device {
    master: File,
    /// Held open, so that the line stays while no station has it.
    _held: OwnedFd,
}

impl Device {
    fn new(path: &Path) -> Self {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        rustix::io::ioctl_fionbio(&master, true).unwrap();
        grantpt(&master).unwrap();
        unlockpt(&master).unwrap();
        let name = ptsname(&master, Vec::new()).unwrap().into_string().unwrap();
        let held = rustix::fs::open(&name, OFlags::RDWR | OFlags::NOCTTY, Mode::empty()).unwrap();
        let mut modes = tcgetattr(held.as_fd()).unwrap();
        modes.make_raw();
        tcsetattr(held.as_fd(), OptionalActions::Now, &modes).unwrap();
        let _ = std::fs::remove_file(path);
        std::os::unix::fs::symlink(&name, path).unwrap();
        Self { master: master.into(), _held: held }
    }
}

/// A cable.
pub(crate) struct Cable {
    /// From the first end to the second, and back.
    pub(crate) ways: [Way; 2],
    pub(crate) paths: [PathBuf; 2],
    pub(crate) devices: Vec<Device>,
    pub(crate) carriers: Vec<JoinHandle<()>>,
    pub(crate) plugged: Arc<AtomicBool>,
    bits_per_s: u32,
}

impl Cable {
    pub(crate) fn new(folder: &Path, bits_per_s: u32) -> Self {
        let paths = [folder.join("tty-one"), folder.join("tty-two")];
        let mut cable = Self {
            ways: [Way::default(), Way::default()],
            paths,
            devices: Vec::new(),
            carriers: Vec::new(),
            plugged: Arc::default(),
            bits_per_s,
        };
        cable.plug();
        cable
    }

    /// Puts new devices at the names of the old ones.
    pub(crate) fn plug(&mut self) {
        self.devices = self.paths.iter().map(|path| Device::new(path)).collect();
        self.plugged = Arc::new(true.into());
        for (from, to) in [(0, 1), (1, 0)] {
            let input = self.devices[from].master.try_clone().unwrap();
            let output = self.devices[to].master.try_clone().unwrap();
            let (way, bits_per_s) = (self.ways[from].clone(), self.bits_per_s);
            let plugged = Arc::clone(&self.plugged);
            self.carriers.push(std::thread::spawn(move || carry(input, output, &way, bits_per_s, &plugged)));
        }
    }
}

fn carry(mut from: File, mut to: File, way: &Way, bits_per_s: u32, plugged: &AtomicBool) {
    let byte = Duration::from_micros(10_000_000 / u64::from(bits_per_s));
    let mut free = Instant::now();
    let mut bytes = [0; 16];
    while plugged.load(Ordering::Relaxed) {
        if poll(&mut [PollFd::new(&from, PollFlags::IN)], Some(&LOOK)).is_err() {
            return;
        }
        let read = match from.read(&mut bytes) {
            Ok(read) => read,
            Err(error) if error.kind() == ErrorKind::WouldBlock => 0,
            Err(_) => return,
        };
        let said = &bytes[..read];
        way.said.bytes.lock().unwrap().extend(said);
        way.said.grows.notify_all();
        let began = free.max(Instant::now());
        free = began + byte * u32::try_from(read).unwrap();
        if let Some(spoils) = way.spoils.lock().unwrap().as_ref().filter(|_| read > 0) {
            spoils.begin(free);
        }
        std::thread::sleep(free.saturating_duration_since(Instant::now()));
        let out = way.spoils.lock().unwrap().as_ref().map(|spoils| spoils.end(said, began));
        if to.write_all(out.as_deref().unwrap_or(said)).is_err() {
            return;
        }
    }
}

/// The packets of what a line said (spec/serial.md §2), read by an implementation of its own.
pub(crate) fn packets(said: &[u8]) -> Vec<Vec<u8>> {
    let unstuff = |stuffed: &[u8]| {
        let (mut packet, mut at) = (Vec::new(), 0);
        while at < stuffed.len() {
            let code = usize::from(stuffed[at]);
            packet.extend(stuffed.get(at + 1..at + code)?);
            at += code;
            if code < 255 && at < stuffed.len() {
                packet.push(0);
            }
        }
        Some(packet)
    };
    let pieces = said.split(|byte| *byte == 0).filter(|piece| !piece.is_empty());
    pieces.filter_map(unstuff).collect()
}

/// Packets of handshakes among those of a direction.
pub(crate) fn pieces(said: &[u8]) -> usize {
    packets(said).iter().filter(|packet| packet.first() == Some(&1)).count()
}

/// Openings and data of a direction: which pair as far as it is said, and the end of the counter.
pub(crate) fn counters(said: &[u8]) -> Vec<(u8, u64)> {
    let sealed = packets(said).into_iter().filter_map(|packet| match packet.as_slice() {
        [4, _, name, rest @ ..] if rest.len() >= 6 => {
            let length = rest.iter().position(|byte| byte & 0x80 == 0)? + 1;
            let counter = rest[..length].iter().rev().fold(0, |sum, byte| sum << 7 | u64::from(byte & 0x7f));
            Some((name & 0x0f, counter & 0xffff))
        }
        [first @ 0x80..=0x8f, high, low, ..] => Some((first & 0x0f, u64::from(*high) << 8 | u64::from(*low))),
        _ => None,
    });
    sealed.collect()
}

/// A text of so many characters in which nothing repeats, so that packing it brings little.
pub(crate) fn unlike(length: usize, mut seed: u64) -> String {
    let mut next = || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        char::from(b'!' + ((seed >> 33) % 90) as u8)
    };
    (0..length).map(|_| next()).collect()
}
