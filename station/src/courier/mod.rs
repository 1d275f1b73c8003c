//! Books by courier: sealed files that are made for a party, and taken from one (spec/courier.md).
//!
//! What goes into a file and what becomes of it the core says; this makes bytes of it and back. A file is never whole in memory, and
//! one that does not open to its end, under its sender's signature, is not taken at all.

mod error;
mod keys;
pub(crate) mod playing;
pub(crate) mod sealed;
mod taking;

use std::fs::{self, File, OpenOptions};
use std::io::{BufWriter, Seek as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use detente_line::frame::{self, Frame};
use detente_line::{COURIER_KEY, CourierKey, Event, Line, Load, Waybill};
use detente_record::{Blob, Cut, LineId, Party, SecretKey};
use sha2::{Digest as _, Sha256};
use tokio::sync::mpsc;
use zeroize::Zeroizing;

pub use error::CourierError;
use keys::PrivateKeys;
pub use sealed::MAX_FILE;
use sealed::Sealing;
pub use taking::{Books, Imported};

use crate::clock::Clock;
use crate::error::SetupError;
use crate::home::Home;
use crate::keeper::{Ask, Keeper};
use crate::links;
use crate::mailbox::SLOT;

/// How often a station looks whether its courier key is old, ms.
const LOOK_MS: u64 = 3_600_000;
/// What the file of a courier key begins with.
const KEY_MAGIC: &str = "detente courier key 1";
/// Largest file of a courier key, in bytes.
const MAX_KEY_FILE: u64 = 16_384;

/// Files are numbered over the life of a station.
static NEXT_FILE: AtomicU64 = AtomicU64::new(1);

/// What opens files that are sealed to a key, and the key.
pub(crate) type Opener = (Zeroizing<[u8; 32]>, Box<[u8; COURIER_KEY]>);

/// The courier keys of this station on one line, and the place where its files are made.
#[derive(Clone)]
pub struct Courier {
    of: Arc<Of>,
}

struct Of {
    folder: PathBuf,
    line: LineId,
    me: Party,
    rank: u8,
    station: SecretKey,
    keys: Mutex<PrivateKeys>,
    clock: Clock,
}

/// What a file for a party is asked to be.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// About how many bytes at most.
    pub max_bytes: Option<u64>,
    /// The sizes that files made just before reach.
    pub beyond: Cut,
    /// As for somebody who holds nothing.
    pub all: bool,
    /// Most bytes of attachments that it brings.
    pub attachments: u64,
    /// Which of the files made together it is, from 1.
    pub part: u64,
}

/// A file that was made.
#[derive(Debug)]
pub struct Exported {
    /// Its bytes; it has no name, and is gone when nobody reads it any more.
    pub file: File,
    /// How many there are.
    pub bytes: u64,
    /// How many entries it brings.
    pub entries: u64,
    /// How many receipts.
    pub receipts: u64,
    /// How many attachments.
    pub attachments: u64,
    /// How many that the party may lack it has no room for.
    pub left_out: u64,
    /// The sizes that it reaches, those that it was to go beyond among them.
    pub reached: Cut,
    /// There is more, for another file.
    pub more: bool,
}

impl Courier {
    /// The courier keys of a line; the first one is made here.
    ///
    /// # Errors
    /// Those of the folder and of the file of keys.
    pub(crate) fn open(
        home: &Home,
        name: &str,
        (line, me): (LineId, Party),
        (rank, station): (u8, SecretKey),
        clock: Clock,
    ) -> Result<Self, SetupError> {
        let folder = home.courier(name);
        home.make(&folder)?;
        // What a station that died was making.
        for left in fs::read_dir(&folder).into_iter().flatten().flatten() {
            if left.path().extension().is_some_and(|end| end == "part") {
                let _ = fs::remove_file(left.path());
            }
        }
        let mut keys = PrivateKeys::read(&folder.join("keys.toml"))?;
        keys.renew(rank, clock.now_ms(), false)?;
        let of = Of { folder, line, me, rank, station, keys: Mutex::new(keys), clock };
        Ok(Self { of: Arc::new(of) })
    }

    /// Tells the line the own key, and makes another one when it is time, until the line ends.
    pub(crate) async fn keep(self, line: mpsc::WeakSender<Ask>) {
        loop {
            let Some(asks) = line.upgrade() else { return };
            if let Some(key) = self.own() {
                let _ = asks.send(Ask::Event(Event::CourierKey(Box::new(key)))).await;
            }
            // Whatever holds on to the line keeps its store open.
            drop(asks);
            let clock = &self.of.clock;
            clock.until(clock.now_ms().saturating_add(LOOK_MS)).await;
            if let Err(error) = self.renew(false) {
                tracing::error!(%error, hint = error.hint(), "no new courier key could be made");
            }
        }
    }

    fn renew(&self, asked: bool) -> Result<bool, SetupError> {
        let mut keys = self.of.keys.lock().unwrap_or_else(PoisonError::into_inner);
        keys.renew(self.of.rank, self.of.clock.now_ms(), asked)
    }

    /// Makes another key at once.
    ///
    /// # Errors
    /// Those of the file of keys.
    pub async fn rotate(&self, keeper: &Keeper) -> Result<(), SetupError> {
        self.renew(true)?;
        if let Some(key) = self.own() {
            keeper.event(Event::CourierKey(Box::new(key))).await;
        }
        Ok(())
    }

    /// The own key, as others are told it.
    pub fn own(&self) -> Option<CourierKey> {
        let keys = self.of.keys.lock().unwrap_or_else(PoisonError::into_inner);
        let last = keys.last()?;
        let (party, rank, number) = (self.of.me, last.rank, last.number);
        let message = CourierKey::message(&self.of.line, party, rank, number, &last.public);
        let signature = self.of.station.sign(&message);
        Some(CourierKey { party, rank, number, key: last.public.clone(), signature })
    }

    /// The keys that files still on their way may be sealed to, with what opens them, the last one first.
    pub(crate) fn openers(&self) -> Vec<Opener> {
        let keys = self.of.keys.lock().unwrap_or_else(PoisonError::into_inner);
        keys.recent(self.of.clock.now_ms()).map(|key| (key.seed.clone(), key.public.clone())).collect()
    }

    /// The slot at a relay in which files for a party replace each other: this station's secret.
    pub(crate) fn slot(&self, to: Party) -> [u8; SLOT] {
        // A signature is as random as the key to whoever has not got it, and the same every time.
        let what = [b"detente box slot v1\n".as_slice(), &self.of.line.0, &[to.number()]].concat();
        let hash = Sha256::digest(self.of.station.sign(&what));
        <[u8; 32]>::from(hash).first_chunk().copied().unwrap_or_default()
    }

    /// A file of this station's making, which loses its name at once.
    fn nameless(&self) -> Result<File, CourierError> {
        let path = self.of.folder.join(format!("{}.part", NEXT_FILE.fetch_add(1, Ordering::Relaxed)));
        let opened = OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(&path);
        let file = opened.map_err(|cause| CourierError::io("make", &cause))?;
        fs::remove_file(&path).map_err(|cause| CourierError::io("make", &cause))?;
        Ok(file)
    }

    /// Makes a file for a party: everything that it has not receipted, as far as is known here.
    ///
    /// # Errors
    /// `WrongParty`, `NoKey`, and those of the disk and the store.
    pub async fn export(&self, keeper: &Keeper, to: Party, wanted: Wanted) -> Result<Exported, CourierError> {
        let name = keeper.memorandum().name_of(to);
        let (beyond, all) = (wanted.beyond.clone(), wanted.all);
        let looked = keeper.look(move |line| {
            let key = line.courier_key(to).cloned();
            (line.load(to, &beyond, all), key, lacking(line, to))
        });
        let (load, key, lacking) = looked.await.ok_or(CourierError::Stopping)?;
        let load = load.filter(|_| to != self.of.me);
        let load = load.ok_or_else(|| CourierError::WrongParty("for no other party of the line".into()))?;
        let key = key.ok_or(CourierError::NoKey(name))?;
        let (courier, keeper) = (self.clone(), keeper.clone());
        let blobs = if wanted.attachments > 0 { lacking } else { Vec::new() };
        let making =
            tokio::task::spawn_blocking(move || courier.make(&keeper, to, &key, (&load, &blobs), wanted));
        making.await.map_err(|_| CourierError::Stopping)?
    }

    fn make(
        &self,
        keeper: &Keeper,
        to: Party,
        key: &CourierKey,
        (load, blobs): (&Load, &[Blob]),
        wanted: Wanted,
    ) -> Result<Exported, CourierError> {
        let mut file = self.nameless()?;
        let out = BufWriter::with_capacity(1 << 20, &mut file);
        let mut sealing = Sealing::begin(out, &self.of.line, to, &key.key)?;
        let Of { line, me, rank, clock, .. } = self.of.as_ref();
        let waybill =
            Waybill { line: *line, from: *me, rank: *rank, to, time_ms: clock.now_ms(), part: wanted.part };
        sealing.frame(&waybill.encode())?;
        load.before.iter().try_for_each(|frame| sealing.frame(frame))?;
        let behind: u64 = load.after.iter().map(|frame| 4 + frame.len() as u64).sum();
        // Room for what ends a file, and for the last chunk's tag.
        let most = wanted.max_bytes.unwrap_or(MAX_FILE).min(MAX_FILE).saturating_sub(behind + 4_096);
        let (mut entries, mut receipts, mut more) = (0, load.after.len() as u64, false);
        let (mut attachments, mut left_out, mut room) = (0, 0, wanted.attachments);
        let mut reached = wanted.beyond;
        'books: for bring in &load.books {
            let mut from = bring.from;
            while from < bring.end.checkpoint.size {
                let Some((frames, size)) = links::step(keeper, bring.book, from, &bring.end, to)? else {
                    break;
                };
                let length: u64 = frames.iter().map(|frame| 4 + frame.len() as u64).sum();
                // At least one step, or there would be no end to files.
                if entries > 0 && sealing.length() + length + length / 1_024 > most {
                    more = true;
                    break 'books;
                }
                frames.iter().try_for_each(|frame| sealing.frame(frame))?;
                entries += size - from;
                receipts += frames.len() as u64 - 1;
                from = size;
                reached.insert(bring.book, from);
            }
        }
        load.after.iter().try_for_each(|frame| sealing.frame(frame))?;
        // After all books, where there is room.
        for blob in blobs.iter().filter(|blob| !more && keeper.blobs.folder.holds(blob)) {
            // Each chunk goes with a proof.
            let length = blob.size + blob.chunks() * 1_024;
            if blob.size > room || sealing.length() + length + length / 1_024 > most {
                left_out += 1;
                continue;
            }
            room -= blob.size;
            for chunk in 0..blob.chunks() {
                sealing.frame(&keeper.blobs.folder.frame(blob, chunk))?;
            }
            attachments += 1;
        }
        let bytes = sealing.finish(|message| self.of.station.sign(message))?;
        file.rewind().map_err(|cause| CourierError::io("read", &cause))?;
        Ok(Exported { file, bytes, entries, receipts, attachments, left_out, reached, more })
    }
}

/// The attachments that a member of the line may lack, as far as it has said what it holds.
fn lacking(line: &Line, to: Party) -> Vec<Blob> {
    let custody = line.custody();
    let all = custody.blobs().filter(|blob| blob.size > 0 && !custody.is_held_by(blob, to));
    if line.members().contains(&to) { all.collect() } else { Vec::new() }
}

/// A courier key as a file for people to carry (spec/courier.md §2).
pub fn key_file(key: &CourierKey) -> String {
    let text = STANDARD.encode(frame::courier_key(key));
    let lines = text.as_bytes().chunks(76).map(String::from_utf8_lossy).collect::<Vec<_>>().join("\n");
    format!("{KEY_MAGIC}\n{lines}\n")
}

/// Reads the file of a courier key; `None` where it does not begin as one.
fn read_key(bytes: &[u8]) -> Option<Result<CourierKey, CourierError>> {
    let rest = bytes.strip_prefix(KEY_MAGIC.as_bytes())?;
    let wrong = CourierError::Altered("it is not a courier key in base64");
    let text: Vec<u8> = rest.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
    let Ok(read) = STANDARD.decode(text) else { return Some(Err(wrong)) };
    Some(match Frame::decode(&read) {
        Ok(Frame::CourierKey(key)) => Ok(*key),
        _ => Err(wrong),
    })
}
