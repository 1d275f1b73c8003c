//! A file as it comes, piece by piece: everything is kept but the contents of attachments, of which only the hashes are
//! (spec/dossier.md §2).
//!
//! Promises that memory does not grow with attachments, however large, but for 32 bytes in 64 KiB. What is in the file, and
//! whether it is one, says [`crate::verify::verify_loaded`]; refused here is only what is past a bound.

use detente_record::{BlobHasher, Fault};

use crate::archive::{
    Away, LOCAL, LOCAL_BYTES, MOST_BYTES, MOST_OF_FILE, MOST_OF_NAME, MOST_OF_PART, is_attachment,
};

/// A file on its way.
#[derive(Debug, Default)]
pub struct Loading {
    kept: Vec<u8>,
    away: Vec<Away>,
    /// Where the header of the part under way begins among the bytes kept.
    header: usize,
    stage: Stage,
    total: u64,
}

/// What comes next.
#[derive(Debug, Default)]
enum Stage {
    /// A header, or the directory.
    #[default]
    Header,
    /// The name of a part, up to a place among the bytes kept.
    Name { until: usize, length: u64 },
    /// The rest of a content that is kept.
    Content { left: u64 },
    /// The rest of a content that is not.
    Away { left: u64, checksum: crc32fast::Hasher, blob: Box<BlobHasher> },
    /// The directory and whatever follows.
    Rest,
}

/// A file that has come.
#[derive(Debug)]
pub struct Loaded {
    pub(crate) kept: Vec<u8>,
    pub(crate) away: Vec<Away>,
    /// How many bytes it has.
    pub size: u64,
}

impl Loaded {
    /// How many of its bytes are kept.
    pub fn kept_bytes(&self) -> usize {
        self.kept.len()
    }
}

impl Loading {
    /// Takes the next bytes.
    ///
    /// # Errors
    /// `Malformed` past a bound.
    pub fn push(&mut self, mut bytes: &[u8]) -> Result<(), Fault> {
        self.total = self.total.saturating_add(bytes.len() as u64);
        if self.total > MOST_OF_FILE {
            return Err(Fault::malformed("dossier", "at most 4,294,967,295 bytes", "more"));
        }
        while !bytes.is_empty() {
            let have = self.kept.len() - self.header;
            let wanted = match &mut self.stage {
                Stage::Header if have < 4 => 4 - have,
                Stage::Header => LOCAL_BYTES - have,
                Stage::Name { until, .. } => *until - self.kept.len(),
                Stage::Content { left } => usize::try_from(*left).unwrap_or(usize::MAX),
                Stage::Away { left, checksum, blob } => {
                    let now = bytes.len().min(usize::try_from(*left).unwrap_or(usize::MAX));
                    let (now, rest) = bytes.split_at(now);
                    checksum.update(now);
                    blob.update(now);
                    *left -= now.len() as u64;
                    bytes = rest;
                    if *left == 0 {
                        self.end_away();
                    }
                    continue;
                }
                Stage::Rest => bytes.len(),
            };
            let (now, rest) = bytes.split_at(wanted.min(bytes.len()));
            if self.kept.len() + now.len() > MOST_BYTES {
                return Err(Fault::malformed("dossier", "at most 256 MiB without attachments", "more"));
            }
            self.kept.extend_from_slice(now);
            bytes = rest;
            self.go_on(now.len() as u64)?;
        }
        Ok(())
    }

    /// What comes after so many more bytes were kept.
    fn go_on(&mut self, more: u64) -> Result<(), Fault> {
        let part = self.kept.get(self.header..).unwrap_or_default();
        match &mut self.stage {
            Stage::Header if part.len() == 4 && part != LOCAL.to_le_bytes() => self.stage = Stage::Rest,
            Stage::Header if part.len() == LOCAL_BYTES => {
                let number = |place: usize, width: usize| {
                    let bytes = part.get(place..place + width).unwrap_or_default();
                    bytes.iter().rev().fold(0_u64, |number, byte| number << 8 | u64::from(*byte))
                };
                let (length, name) = (number(22, 4), number(26, 2) as usize);
                if name > MOST_OF_NAME {
                    return Err(Fault::malformed("part", "at most 128 bytes of name", name.to_string()));
                }
                self.stage = Stage::Name { until: self.kept.len() + name, length };
                if name == 0 {
                    self.begin_content(length);
                }
            }
            Stage::Name { until, length } if *until == self.kept.len() => {
                let length = *length;
                self.begin_content(length);
            }
            Stage::Content { left } => {
                *left -= more;
                if *left == 0 {
                    self.next_part();
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn begin_content(&mut self, length: u64) {
        let name = self.kept.get(self.header + LOCAL_BYTES..).and_then(|name| str::from_utf8(name).ok());
        if name.is_some_and(is_attachment) {
            let (checksum, blob) = (crc32fast::Hasher::new(), Box::default());
            self.stage = Stage::Away { left: length, checksum, blob };
            if length == 0 {
                self.end_away();
            }
            return;
        }
        // A longer one is refused when it is read: nothing of it has to be kept for that.
        self.stage = match length {
            0 => return self.next_part(),
            length if length > MOST_OF_PART as u64 => Stage::Rest,
            left => Stage::Content { left },
        };
    }

    fn end_away(&mut self) {
        if let Stage::Away { checksum, blob, .. } = std::mem::take(&mut self.stage) {
            let blob = blob.finish();
            let at = self.kept.len();
            self.away.push(Away { at, length: blob.size, checksum: checksum.finalize(), blob });
        }
        self.next_part();
    }

    fn next_part(&mut self) {
        self.header = self.kept.len();
        self.stage = Stage::Header;
    }

    /// Says that this was all.
    pub fn finish(mut self) -> Loaded {
        // One that was cut off is shorter than its header says.
        if matches!(self.stage, Stage::Away { .. }) {
            self.end_away();
        }
        Loaded { kept: self.kept, away: self.away, size: self.total }
    }
}
