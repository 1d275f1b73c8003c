//! Entries (spec/record.md §3).

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use minicbor::{Decoder, Encoder};

use crate::cbor::canonical;
use crate::fault::Fault;
use crate::name::{Book, Cut, EntryRef, MAX_NUMBER};
use crate::tree::Hash;

/// Largest entry, in bytes.
pub const MAX_ENTRY: usize = 16_384;
/// Most entries in a step between two signed sizes.
pub const STEP_ENTRIES: u64 = 256;
/// Most bytes of entries in a step, unless one alone is larger.
pub const STEP_BYTES: u64 = 65_536;
/// Most entries that an entry regards.
pub const MAX_REGARDS: usize = 16;
/// Most books in a cut.
pub const MAX_CUT: usize = 1_024;

/// What stands in a book.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its place among all entries of its party, from 1.
    pub serial: u64,
    /// Its author's time, ms since 1970 UTC.
    pub time_ms: u64,
    /// The author's clock was behind, and the last time is repeated.
    pub clock_held: bool,
    /// Number of the releasing officer's office.
    pub office: u16,
    /// Language of the body, BCP 47; `None`: the party's first.
    pub language: Option<String>,
    /// What it regards.
    pub regards: Vec<EntryRef>,
    /// Sizes of other books that moved.
    pub cut: Cut,
    /// On acts: hash of the full vector.
    pub vector: Option<Hash>,
    /// Its kind.
    pub kind: u16,
    /// Its body, a canonical map.
    pub body: Vec<u8>,
}

fn malformed(error: impl ToString) -> Fault {
    Fault::malformed("entry", "the structure of spec/record.md §3", error.to_string())
}

impl Entry {
    /// Its bytes.
    ///
    /// # Errors
    /// `Misuse` if it breaks a limit or its body is not a canonical map.
    pub fn encode(&self) -> Result<Vec<u8>, Fault> {
        let misuse = |what: &'static str, expected: &'static str, found: String| Err(Fault::misuse(what, expected, found));
        if self.serial == 0 {
            return misuse("serial", "1 or more", "0".into());
        }
        if self.regards.len() > MAX_REGARDS {
            return misuse("regards", "at most 16 entries", self.regards.len().to_string());
        }
        if self.cut.len() > MAX_CUT {
            return misuse("cut", "at most 1,024 books", self.cut.len().to_string());
        }
        if let Some(language) = self.language.as_ref().filter(|language| !(1..=35).contains(&language.len())) {
            return misuse("language", "1 to 35 bytes", language.len().to_string());
        }
        if self.body.first().is_none_or(|first| first >> 5 != 5) || canonical(&self.body).is_err() {
            return misuse("body", "a canonical map", "something else".into());
        }
        let mut out = Vec::with_capacity(64 + self.body.len());
        // Writing to a `Vec` cannot fail.
        let _ = self.write(&mut Encoder::new(&mut out));
        out.extend_from_slice(&self.body);
        if out.len() > MAX_ENTRY {
            return misuse("entry", "at most 16,384 bytes", out.len().to_string());
        }
        Ok(out)
    }

    fn write(&self, e: &mut Encoder<&mut Vec<u8>>) -> Result<(), minicbor::encode::Error<core::convert::Infallible>> {
        let optional = [
            self.clock_held,
            self.language.is_some(),
            !self.regards.is_empty(),
            !self.cut.is_empty(),
            self.vector.is_some(),
        ];
        e.map(5 + optional.iter().filter(|present| **present).count() as u64)?;
        e.u8(1)?.u64(self.serial)?.u8(2)?.u64(self.time_ms)?;
        if self.clock_held {
            e.u8(3)?.bool(true)?;
        }
        e.u8(4)?.u16(self.office)?;
        if let Some(language) = &self.language {
            e.u8(5)?.str(language)?;
        }
        if !self.regards.is_empty() {
            e.u8(6)?.array(self.regards.len() as u64)?;
            for entry in &self.regards {
                e.array(2)?.u32(entry.book.code())?.u64(entry.number)?;
            }
        }
        if !self.cut.is_empty() {
            e.u8(7)?.map(self.cut.len() as u64)?;
            for (book, size) in &self.cut {
                e.u32(book.code())?.u64(*size)?;
            }
        }
        if let Some(vector) = &self.vector {
            e.u8(8)?.bytes(vector)?;
        }
        e.u8(9)?.u16(self.kind)?.u8(10)?;
        Ok(())
    }

    /// Reads an entry.
    ///
    /// # Errors
    /// `Malformed` if it is not canonical, lacks a key or breaks a limit; `Incompatible` if it has a key that
    /// this version does not know.
    pub fn decode(bytes: &[u8]) -> Result<Self, Fault> {
        if bytes.is_empty() || bytes.len() > MAX_ENTRY {
            return Err(Fault::malformed("entry", "1 to 16,384 bytes", bytes.len().to_string()));
        }
        canonical(bytes)?;
        let mut d = Decoder::new(bytes);
        let length = d.map().map_err(malformed)?.unwrap_or_default();
        let (mut serial, mut time_ms, mut office, mut kind, mut body) = (None, None, None, None, None);
        let mut entry = Self {
            serial: 0,
            time_ms: 0,
            clock_held: false,
            office: 0,
            language: None,
            regards: Vec::new(),
            cut: Cut::new(),
            vector: None,
            kind: 0,
            body: Vec::new(),
        };
        for _ in 0..length {
            match d.u64().map_err(malformed)? {
                1 => serial = Some(d.u64().map_err(malformed)?).filter(|serial| *serial > 0),
                2 => time_ms = Some(d.u64().map_err(malformed)?),
                3 => {
                    entry.clock_held = d.bool().map_err(malformed)?;
                    if !entry.clock_held {
                        return Err(Fault::malformed("held clock", "true, or absent", "false"));
                    }
                }
                4 => office = Some(d.u16().map_err(malformed)?),
                5 => entry.language = Some(Self::language(d.str().map_err(malformed)?)?),
                6 => entry.regards = Self::regards(&mut d)?,
                7 => entry.cut = Self::cut(&mut d)?,
                8 => entry.vector = Some(d.bytes().map_err(malformed)?.try_into().map_err(malformed)?),
                9 => kind = Some(d.u16().map_err(malformed)?),
                10 => {
                    let start = d.position();
                    d.skip().map_err(malformed)?;
                    let found = bytes.get(start..d.position()).unwrap_or_default();
                    body = Some(found).filter(|body| body.first().is_some_and(|first| first >> 5 == 5));
                }
                key => {
                    return Err(Fault::incompatible("entry", "the keys 1 to 10", format!("key {key}")));
                }
            }
        }
        let (Some(serial), Some(time_ms), Some(office), Some(kind), Some(body)) = (serial, time_ms, office, kind, body)
        else {
            return Err(Fault::malformed("entry", "serial, time, office, kind and a map as body", "one missing"));
        };
        Ok(Self { serial, time_ms, office, kind, body: body.to_vec(), ..entry })
    }

    fn language(text: &str) -> Result<String, Fault> {
        if (1..=35).contains(&text.len()) {
            Ok(text.to_string())
        } else {
            Err(Fault::malformed("language", "1 to 35 bytes", text.len().to_string()))
        }
    }

    fn regards(d: &mut Decoder<'_>) -> Result<Vec<EntryRef>, Fault> {
        let length = d.array().map_err(malformed)?.unwrap_or_default();
        if !(1..=MAX_REGARDS as u64).contains(&length) {
            return Err(Fault::malformed("regards", "1 to 16 entries", length.to_string()));
        }
        let one = |d: &mut Decoder<'_>| {
            if d.array().map_err(malformed)? != Some(2) {
                return Err(Fault::malformed("entry name", "book and number", "another array"));
            }
            let book = Book::from_code(d.u32().map_err(malformed)?)?;
            let number = d.u64().map_err(malformed)?;
            if number == 0 || number > MAX_NUMBER {
                return Err(Fault::malformed("entry number", "1 to 2^40 - 1", number.to_string()));
            }
            Ok(EntryRef { book, number })
        };
        (0..length).map(|_| one(d)).collect()
    }

    fn cut(d: &mut Decoder<'_>) -> Result<Cut, Fault> {
        let length = d.map().map_err(malformed)?.unwrap_or_default();
        if !(1..=MAX_CUT as u64).contains(&length) {
            return Err(Fault::malformed("cut", "1 to 1,024 books", length.to_string()));
        }
        let one = |d: &mut Decoder<'_>| {
            let book = Book::from_code(d.u32().map_err(malformed)?)?;
            let size = d.u64().map_err(malformed)?;
            if size > MAX_NUMBER {
                return Err(Fault::malformed("size", "at most 2^40 - 1", size.to_string()));
            }
            Ok((book, size))
        };
        (0..length).map(|_| one(d)).collect()
    }
}
