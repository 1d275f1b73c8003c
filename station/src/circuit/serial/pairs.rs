//! The keys of a serial circuit: where they come from, where they are kept, and that no counter is used twice
//! (spec/serial.md §3).
//!
//! A file for its owner alone. Counters are taken on the disk, a block at a time, before they are used; a station that
//! was killed begins with the next block.

use std::collections::VecDeque;
use std::fmt;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use aws_lc_rs::aead::{AES_256_GCM_SIV, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::hkdf::{HKDF_SHA256, KeyType, Prk};
use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use zeroize::{Zeroize as _, Zeroizing};

use crate::error::SetupError;
use crate::form;
use crate::home;

/// The label of the exporter (RFC 8446 §7.5); its context is the line.
pub(in crate::circuit) const LABEL: &[u8] = b"EXPORTER-detente-serial-v1";

/// Most pairs that are kept.
const MAX_PAIRS: usize = 4;
/// How many counters are taken at a time.
pub(super) const BLOCK: u64 = 1_024;
/// Counters have 40 bits.
const MAX_COUNTER: u64 = (1 << 40) - 1;

const HINT: &str = "move it away and start the station: the two agree on new keys by themselves";

/// The name of a pair.
pub(super) type Name = [u8; 2];

/// A pair of keys as a TLS session gives it.
#[derive(Clone)]
pub(crate) struct Exported {
    pub(super) name: Name,
    pub(super) send: Zeroizing<[u8; 32]>,
    pub(super) receive: Zeroizing<[u8; 32]>,
}

impl fmt::Debug for Exported {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exported").finish_non_exhaustive()
    }
}

impl Exported {
    /// The pair of a session, of whose exporter `root` comes, for a station of the party `own` towards that of `peer`.
    pub(crate) fn of(root: &[u8; 32], own: u8, peer: u8) -> Option<Self> {
        let root = Prk::new_less_safe(HKDF_SHA256, root);
        let mut keys = Self { name: [0; 2], send: Zeroizing::new([0; 32]), receive: Zeroizing::new([0; 32]) };
        root.expand(&[b"name"], Length(2)).and_then(|okm| okm.fill(&mut keys.name)).ok()?;
        for (key, from, to) in [(&mut keys.send, own, peer), (&mut keys.receive, peer, own)] {
            root.expand(&[b"key", &[from, to]], Length(32)).and_then(|okm| okm.fill(&mut **key)).ok()?;
        }
        Some(keys)
    }
}

/// How many bytes are derived.
struct Length(usize);

impl KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

/// A pair in use.
struct Pair {
    id: PairId,
    keys: Exported,
    send: LessSafeKey,
    receive: LessSafeKey,
    /// The next counter to be used, and the first that is not taken on the disk.
    next: u64,
    taken: u64,
}

impl Pair {
    fn new(keys: Exported, taken: u64) -> Option<Self> {
        let key = |bytes: &[u8]| Some(LessSafeKey::new(UnboundKey::new(&AES_256_GCM_SIV, bytes).ok()?));
        let (send, receive) = (key(&*keys.send)?, key(&*keys.receive)?);
        Some(Self { id: PairId::of(&keys), keys, send, receive, next: taken, taken })
    }
}

/// The pairs of keys towards one party, the latest first.
pub(crate) struct Pairs {
    path: PathBuf,
    /// For which station keys they are, so that a renewal ends them.
    tie: String,
    pairs: VecDeque<Pair>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    stations: String,
    #[serde(default)]
    pair: Vec<Kept>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    name: String,
    send: String,
    receive: String,
    taken: u64,
}

impl Drop for Kept {
    fn drop(&mut self) {
        self.send.zeroize();
        self.receive.zeroize();
    }
}

fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

impl Kept {
    fn pair(&self) -> Option<Pair> {
        let key = |text: &str| {
            let mut key = Zeroizing::new([0; 32]);
            let digits = text.as_bytes().as_chunks::<2>();
            let ([], 32) = (digits.1, digits.0.len()) else { return None };
            for (byte, digits) in key.iter_mut().zip(digits.0) {
                *byte = u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
            }
            Some(key)
        };
        let name = u16::from_str_radix(&self.name, 16).ok().filter(|_| self.name.len() == 4)?.to_be_bytes();
        let keys = Exported { name, send: key(&self.send)?, receive: key(&self.receive)? };
        Pair::new(keys, self.taken)
    }
}

impl Pairs {
    /// Reads the pairs of a file, if it is there and for these two station keys.
    ///
    /// # Errors
    /// `Io`; `File` for one that is not as it was written.
    pub(crate) fn read(path: &Path, own: &[u8; 32], peer: &[u8; 32]) -> Result<Self, SetupError> {
        let tie = hex(&Sha256::new().chain_update(own).chain_update(peer).finalize());
        let mut all = Self { path: path.to_owned(), tie, pairs: VecDeque::new() };
        if !path.exists() {
            return Ok(all);
        }
        let text = Zeroizing::new(home::read(path)?);
        let file: File = form::parse(path, &text, HINT)?;
        if file.stations == all.tie {
            for kept in file.pair.iter().take(MAX_PAIRS) {
                let wrong = || SetupError::File {
                    path: path.to_owned(),
                    text: "expected pairs of keys, found one that is none".into(),
                    hint: HINT.into(),
                };
                all.pairs.push_back(kept.pair().ok_or_else(wrong)?);
            }
        }
        Ok(all)
    }

    /// One pair for as long as the process lives, of which nothing is written down; for what plays an end (`end/playing.rs`).
    pub(super) fn kept_nowhere(keys: Exported) -> Option<(Self, PairId)> {
        let mut pair = Pair::new(keys, 0)?;
        pair.taken = MAX_COUNTER;
        let id = pair.id;
        Some((Self { path: PathBuf::new(), tie: String::new(), pairs: VecDeque::from([pair]) }, id))
    }

    fn write(&self) -> Result<(), SetupError> {
        // Room for all of it at once, so that no copy of a key is left behind.
        let mut text = Zeroizing::new(String::with_capacity(1_024 + self.pairs.len() * 256));
        let _ = writeln!(
            text,
            "# Keys of the serial circuit to a party: for this station alone, and of no use in a backup."
        );
        let _ = writeln!(text, "stations = \"{}\"", self.tie);
        for pair in &self.pairs {
            let _ = writeln!(text, "\n[[pair]]\nname = \"{}\"", hex(&pair.id.name));
            for (field, key) in [("send", &pair.keys.send), ("receive", &pair.keys.receive)] {
                let said = Zeroizing::new(hex(&**key));
                let _ = writeln!(text, "{field} = \"{}\"", *said);
            }
            let _ = writeln!(text, "taken = {}", pair.taken);
        }
        home::write(&self.path, &text, 0o600, true)
    }

    /// Adds a pair, which is the latest from now on; of more than four the earliest goes.
    ///
    /// # Errors
    /// `Io`.
    pub(crate) fn add(&mut self, keys: Exported) -> Result<(), SetupError> {
        if self.pairs.iter().any(|pair| pair.keys.send == keys.send) {
            return Ok(());
        }
        let Some(pair) = Pair::new(keys, 0) else { return Ok(()) };
        self.pairs.push_front(pair);
        self.pairs.truncate(MAX_PAIRS);
        self.write()
    }

    /// Lets the pairs earlier than one go.
    ///
    /// # Errors
    /// `Io`.
    pub(super) fn end_before(&mut self, id: PairId) -> Result<(), SetupError> {
        let Some(place) = self.place(id) else { return Ok(()) };
        if place + 1 == self.pairs.len() {
            return Ok(());
        }
        self.pairs.truncate(place + 1);
        self.write()
    }

    fn place(&self, id: PairId) -> Option<usize> {
        self.pairs.iter().position(|pair| pair.id == id)
    }

    fn pair(&self, id: PairId) -> Option<&Pair> {
        self.pairs.iter().find(|pair| pair.id == id)
    }

    /// The pairs, the latest first.
    pub(super) fn ids(&self) -> Vec<PairId> {
        self.pairs.iter().map(|pair| pair.id).collect()
    }

    /// Whether a pair is later than another one; one that is gone is the earliest.
    pub(super) fn is_later(&self, id: PairId, than: PairId) -> bool {
        let place = |id| self.place(id).unwrap_or(usize::MAX);
        place(id) < place(than)
    }

    /// A counter that has never been used under a pair.
    ///
    /// # Errors
    /// `Io` where no more could be taken on the disk.
    pub(super) fn counter(&mut self, id: PairId) -> Result<Option<u64>, SetupError> {
        let Some(place) = self.place(id) else { return Ok(None) };
        let Some(pair) = self.pairs.get_mut(place).filter(|pair| pair.next < MAX_COUNTER) else {
            return Ok(None);
        };
        let counter = pair.next;
        if counter >= pair.taken {
            pair.taken = counter + BLOCK;
            let written = self.write();
            if let (Err(_), Some(pair)) = (&written, self.pairs.get_mut(place)) {
                pair.taken = counter;
            }
            written?;
        }
        if let Some(pair) = self.pairs.get_mut(place) {
            pair.next = counter + 1;
        }
        Ok(Some(counter))
    }

    /// Seals what stands behind `head`, which is authenticated with `bound`.
    pub(super) fn seal(&self, id: PairId, counter: u64, bound: &[u8], body: &mut Vec<u8>) -> Option<()> {
        let aad = Aad::from(bound);
        self.pair(id)?.send.seal_in_place_append_tag(nonce(counter), aad, body).ok()
    }

    /// Opens what the other side sealed.
    pub(super) fn open(&self, id: PairId, counter: u64, bound: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
        let mut body = sealed.to_vec();
        let opened =
            self.pair(id)?.receive.open_in_place(nonce(counter), Aad::from(bound), &mut body).ok()?;
        Some(opened.to_vec())
    }
}

/// Which pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct PairId {
    pub(super) name: Name,
    /// So that two of one name are told apart.
    more: [u8; 8],
}

impl PairId {
    fn of(keys: &Exported) -> Self {
        // Of a hash, not of a key.
        let digest: [u8; 32] = Sha256::new()
            .chain_update(b"detente serial pair\n")
            .chain_update(*keys.send)
            .chain_update(*keys.receive)
            .finalize()
            .into();
        let [a, b, c, d, e, f, g, h, ..] = digest;
        Self { name: keys.name, more: [a, b, c, d, e, f, g, h] }
    }
}

fn nonce(counter: u64) -> Nonce {
    let [a, b, c, d, e, f, g, h] = counter.to_be_bytes();
    Nonce::assume_unique_for_key([0, 0, 0, 0, a, b, c, d, e, f, g, h])
}
