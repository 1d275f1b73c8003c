//! The file: a ZIP archive of which names and contents decide every byte (spec/dossier.md §2).
//!
//! Promises that an archive has one reading: parts one behind the other, stored as they are, and the directory that
//! follows from them, with nothing before, between or after. So there is no second content for another program to find,
//! nothing that could grow on unpacking, and no path that leads elsewhere. It refuses every other archive, also those that
//! usual programs would open.

use detente_record::{Blob, Fault};

use crate::part::ATTACHMENTS;

/// Most parts.
pub const MOST_PARTS: usize = 65_000;
/// Most bytes of a file without the contents of attachments.
pub const MOST_BYTES: usize = 256 << 20;
/// Most bytes of a whole file: what the numbers of an archive of this form reach.
pub const MOST_OF_FILE: u64 = u32::MAX as u64;
/// Most bytes of a part that is no attachment.
pub const MOST_OF_PART: usize = 1 << 20;
/// Most bytes of a part's name.
pub const MOST_OF_NAME: usize = 128;

pub(crate) const LOCAL: u32 = 0x0403_4b50;
const CENTRAL: u32 = 0x0201_4b50;
const END: u32 = 0x0605_4b50;
/// What it takes to unpack it: 1.0.
const VERSION: u16 = 10;
/// Made on Unix, so that programs give unpacked parts the mode below.
const MADE_BY: u16 = 3 << 8 | VERSION;
/// A plain file that everybody may read.
const MODE: u32 = 0o100_644 << 16;
/// 1 January 1980: an archive has no time of its own.
const DATE: u16 = 1 << 5 | 1;
pub(crate) const LOCAL_BYTES: usize = 30;

/// A part, where it lies in its archive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part<'a> {
    /// Its path: lower and upper case letters, digits, `-`, `.`, and `/` between folders.
    pub name: &'a str,
    /// What is in it; nothing where it was read and not kept.
    pub bytes: &'a [u8],
    /// What was read and not kept.
    pub away: Option<Blob>,
}

/// Where the content of an attachment, which was read and not kept, would begin in the bytes that were.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Away {
    pub(crate) at: usize,
    pub(crate) length: u64,
    pub(crate) checksum: u32,
    pub(crate) blob: Blob,
}

/// Whether a part is an attachment, which can be large.
pub(crate) fn is_attachment(name: &str) -> bool {
    name.starts_with(ATTACHMENTS)
}

/// An archive that is being written.
#[derive(Debug, Default)]
pub struct Writer {
    bytes: Vec<u8>,
    outline: Outline,
}

/// What an archive says of its parts, without their contents: for whoever writes these elsewhere.
#[derive(Debug, Default)]
pub struct Outline {
    at: u64,
    directory: Vec<u8>,
    count: u16,
}

impl Outline {
    /// The outline of an archive whose directory is cut off, so that more parts can follow.
    ///
    /// # Errors
    /// As [`read`].
    pub fn of(bytes: &[u8]) -> Result<Self, Fault> {
        let mut outline = Self::default();
        for part in read(bytes)? {
            outline.add(part.name, part.bytes.len() as u64, crc32fast::hash(part.bytes))?;
        }
        Ok(outline)
    }

    /// How many bytes stand before the directory.
    pub fn before_directory(&self) -> u64 {
        self.at
    }

    /// How many bytes stand before the content of a part.
    pub fn header_length(name: &str) -> u64 {
        (LOCAL_BYTES + name.len()) as u64
    }

    /// Adds a part of a length and a checksum (CRC-32); gives what stands before its content.
    ///
    /// # Errors
    /// `Misuse` for a name that no part can have, and past a bound.
    pub fn add(&mut self, name: &str, length: u64, checksum: u32) -> Result<Vec<u8>, Fault> {
        if !is_name(name) {
            return Err(Fault::misuse("name of a part", "one of spec/dossier.md", name.to_owned()));
        }
        if length > MOST_OF_PART as u64 && !is_attachment(name) {
            return Err(Fault::misuse("part", "at most 1 MiB", format!("{name} of {length} bytes")));
        }
        let headers = 2 * (name.len() as u64 + 64);
        let after = self.at.saturating_add(self.directory.len() as u64).saturating_add(length) + headers;
        if usize::from(self.count) >= MOST_PARTS || after > MOST_OF_FILE {
            let found = format!("more, at {name}");
            return Err(Fault::misuse("dossier", "at most 65,000 parts and 4 GiB", found));
        }
        let header = Header { name, checksum, length: short32(length), at: short32(self.at) };
        let mut local = Vec::with_capacity(LOCAL_BYTES + name.len());
        header.put_local(&mut local);
        header.put_central(&mut self.directory);
        self.at += Self::header_length(name) + length;
        self.count += 1;
        Ok(local)
    }

    /// The directory and the end.
    pub fn finish(mut self) -> Vec<u8> {
        let length = self.directory.len();
        put_end(&mut self.directory, self.count, self.at, length);
        self.directory
    }
}

impl Writer {
    /// Adds a part.
    ///
    /// # Errors
    /// `Misuse` for a name that no part can have, and past a bound.
    pub fn add(&mut self, name: &str, bytes: &[u8]) -> Result<(), Fault> {
        let after = self.bytes.len() + self.outline.directory.len() + bytes.len() + 2 * (name.len() + 64);
        if after > MOST_BYTES {
            let found = format!("more, at {name}");
            return Err(Fault::misuse("dossier", "at most 65,000 parts and 256 MiB", found));
        }
        let header = self.outline.add(name, bytes.len() as u64, crc32fast::hash(bytes))?;
        self.bytes.extend_from_slice(&header);
        self.bytes.extend_from_slice(bytes);
        Ok(())
    }

    /// The whole archive.
    pub fn finish(mut self) -> Vec<u8> {
        self.bytes.append(&mut self.outline.finish());
        self.bytes
    }
}

/// The parts of an archive, in their order.
///
/// # Errors
/// `Malformed` for anything but an archive of this form: what was expected at which byte.
pub fn read(bytes: &[u8]) -> Result<Vec<Part<'_>>, Fault> {
    read_kept(bytes, &[])
}

/// As [`read`], of an archive of which the contents of some attachments were not kept.
pub(crate) fn read_kept<'a>(bytes: &'a [u8], away: &[Away]) -> Result<Vec<Part<'a>>, Fault> {
    if bytes.len() > MOST_BYTES {
        return Err(Fault::malformed("dossier", "at most 256 MiB", format!("{} bytes", bytes.len())));
    }
    if !bytes.starts_with(&LOCAL.to_le_bytes()) {
        return Err(Fault::malformed("dossier", "a ZIP archive", "something else"));
    }
    let mut parts = Vec::new();
    let mut directory = Vec::new();
    let mut away = away.iter().peekable();
    // Where we are in the bytes that were kept, and how many before there were not.
    let (mut at, mut gone) = (0, 0_u64);
    while bytes.get(at..at + 4) == Some(&LOCAL.to_le_bytes()) {
        if parts.len() >= MOST_PARTS {
            return Err(Fault::malformed("dossier", "at most 65,000 parts", "more"));
        }
        let (part, header) = part(bytes, at, gone, away.peek().copied())?;
        header.put_central(&mut directory);
        at += LOCAL_BYTES + part.name.len() + part.bytes.len();
        if let Some(blob) = part.away {
            gone += blob.size;
            away.next();
        }
        parts.push(part);
    }
    let length = directory.len();
    // Fits: there are at most `MOST_PARTS`.
    put_end(&mut directory, u16::try_from(parts.len()).unwrap_or(u16::MAX), at as u64 + gone, length);
    match bytes.get(at..) {
        Some(rest) if rest == directory => Ok(parts),
        Some(rest) if directory.starts_with(rest) => Err(cut(bytes)),
        _ => {
            let found = format!("others, or more, after byte {at}");
            Err(Fault::malformed("directory of the archive", "the parts before it and nothing else", found))
        }
    }
}

/// The part whose header begins at a byte of those that were kept, with so many gone before; the next one that was not is `away`.
fn part<'a>(
    bytes: &'a [u8],
    at: usize,
    gone: u64,
    away: Option<&Away>,
) -> Result<(Part<'a>, Header<'a>), Fault> {
    let Some(rest) = bytes.get(at..) else { return Err(cut(bytes)) };
    let Some((header, rest)) = rest.split_at_checked(LOCAL_BYTES) else { return Err(cut(bytes)) };
    let u16_at = |place: usize| {
        let found = header.get(place..).and_then(<[u8]>::first_chunk::<2>);
        found.map_or(u16::MAX, |found| u16::from_le_bytes(*found))
    };
    let length = usize::from(u16_at(22)) | usize::from(u16_at(24)) << 16;
    let name_length = usize::from(u16_at(26));
    if u16_at(8) != 0 || u16_at(6) != 0 {
        let found = format!("one that is compressed, encrypted or of a length said later, at byte {at}");
        return Err(Fault::malformed("part", "one that is stored as it is", found));
    }
    if name_length > MOST_OF_NAME {
        let found = format!("{name_length} at byte {at}");
        return Err(Fault::malformed("part", "at most 128 bytes of name", found));
    }
    let Some((name, rest)) = rest.split_at_checked(name_length) else { return Err(cut(bytes)) };
    let name = str::from_utf8(name).ok().filter(|name| is_name(name));
    let Some(name) = name else {
        let found = format!("another at byte {at}");
        return Err(Fault::malformed("name of a part", "one of spec/dossier.md §3", found));
    };
    if length > MOST_OF_PART && !is_attachment(name) {
        return Err(Fault::malformed("part", "at most 1 MiB", format!("{length} at byte {at}")));
    }
    let away = away.filter(|away| away.at == at + LOCAL_BYTES + name_length);
    let (content, whole, checksum) = match away {
        Some(away) => (&[][..], away.length, away.checksum),
        None => {
            let Some(content) = rest.get(..length) else { return Err(cut(bytes)) };
            (content, length as u64, crc32fast::hash(content))
        }
    };
    if whole != length as u64 {
        return Err(cut(bytes));
    }
    let expected = Header { name, checksum, length: short32(whole), at: short32(at as u64 + gone) };
    let mut written = Vec::with_capacity(LOCAL_BYTES + name.len());
    expected.put_local(&mut written);
    if written.get(..LOCAL_BYTES) != Some(header) {
        let found = format!("another checksum, time or version, in {name} at byte {at}");
        return Err(Fault::malformed("header of a part", "the one that its content gives", found));
    }
    Ok((Part { name, bytes: content, away: away.map(|away| away.blob) }, expected))
}

fn cut(bytes: &[u8]) -> Fault {
    let found = format!("the file ends at byte {}", bytes.len());
    Fault::malformed("dossier", "all of it", found)
}

/// Whether a part can have this name: folders below the root, and nothing that a file system could take otherwise.
fn is_name(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.');
    let is_step = |step: &str| !step.is_empty() && !step.starts_with('.') && step.chars().all(plain);
    name.len() <= MOST_OF_NAME && name.split('/').all(is_step)
}

/// What an archive says of a part, twice.
struct Header<'a> {
    name: &'a str,
    checksum: u32,
    length: u32,
    at: u32,
}

/// What is at most [`MOST_OF_FILE`]; nothing else is written, and what is read so is refused.
fn short32(number: u64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

impl Header<'_> {
    /// What stands in both headers alike.
    fn put_shared(&self, out: &mut Vec<u8>) {
        for number in [VERSION, 0, 0, 0, DATE] {
            out.extend_from_slice(&number.to_le_bytes());
        }
        for number in [self.checksum, self.length, self.length, u32::from(short(self.name.len()))] {
            out.extend_from_slice(&number.to_le_bytes());
        }
    }

    fn put_local(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&LOCAL.to_le_bytes());
        self.put_shared(out);
        out.extend_from_slice(self.name.as_bytes());
    }

    fn put_central(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&CENTRAL.to_le_bytes());
        out.extend_from_slice(&MADE_BY.to_le_bytes());
        self.put_shared(out);
        // No comment, the first disk, no inner attributes.
        out.extend_from_slice(&[0; 6]);
        out.extend_from_slice(&MODE.to_le_bytes());
        out.extend_from_slice(&self.at.to_le_bytes());
        out.extend_from_slice(self.name.as_bytes());
    }
}

fn short(number: usize) -> u16 {
    u16::try_from(number).unwrap_or(u16::MAX)
}

fn put_end(out: &mut Vec<u8>, count: u16, at: u64, length: usize) {
    out.extend_from_slice(&END.to_le_bytes());
    for number in [0, 0, count, count] {
        out.extend_from_slice(&number.to_le_bytes());
    }
    for number in [length as u64, at] {
        out.extend_from_slice(&short32(number).to_le_bytes());
    }
    out.extend_from_slice(&[0; 2]);
}
