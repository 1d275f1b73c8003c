//! Entries: what is written (spec/record.md §3).
//!
//! [`Entry::decode`] accepts exactly the bytes that [`Entry::encode`] writes for some entry, within all limits;
//! [`EntryView::decode`] accepts the same, and copies nothing that it need not.
//! What an entry's body means is not judged here, and what ties it to other entries is [`crate::book`]'s.

use alloc::collections::BTreeMap;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::convert::Infallible;

use minicbor::{Encoder, encode};
use sha2::{Digest as _, Sha256};

use crate::cbor::{Broken, Reader};
use crate::fault::Fault;
use crate::hash::Hash;
use crate::name::{Book, Cut, EntryRef, MAX_SIZE};

/// Most bytes of an entry.
pub const MAX_ENTRY: usize = 16_384;
/// Most entries that one entry regards.
pub const MAX_REGARDS: usize = 16;
/// Most books in one cut.
pub const MAX_CUT: usize = 1_024;
/// Most bytes of a language tag.
pub const MAX_LANGUAGE: usize = 35;

/// An entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its place among all entries of its party, from 1.
    pub serial: u64,
    /// The author's clock, ms since 1970.
    pub time_ms: u64,
    /// The author's clock was behind; its last time is repeated.
    pub clock_held: bool,
    /// The office of the releasing officer.
    pub office: u16,
    /// The language of the body, BCP 47, 1 to 35 bytes; absent for the party's first.
    pub language: Option<String>,
    /// The entries that it regards, at most 16.
    pub regards: Vec<EntryRef>,
    /// The sizes of other books that moved, at most 1,024.
    pub cut: Cut,
    /// On acts: SHA-256 over every book that the author knew ([`vector_hash`]).
    pub vector: Option<Hash>,
    /// The kind, which says how the body is read.
    pub kind: u16,
    /// The body: a canonical map.
    pub body: Vec<u8>,
    /// The office of the second releasing officer, where two released it.
    pub second: Option<u16>,
}

impl Entry {
    /// Its bytes.
    ///
    /// # Errors
    /// `Misuse` for an entry over a limit, or whose body is no canonical map.
    pub fn encode(&self) -> Result<Vec<u8>, Fault> {
        let mut bytes = Vec::with_capacity(128 + self.body.len());
        let refuse = |reason| Fault::misuse("entry to write", "one within spec/record.md §3", reason);
        self.write(&mut Encoder::new(&mut bytes)).map_err(|error| refuse(error.to_string()))?;
        // What is written can be read: one set of limits serves both.
        EntryView::decode(&bytes).map_err(|fault| refuse(fault.to_string()))?;
        Ok(bytes)
    }

    /// Reads an entry.
    ///
    /// # Errors
    /// Those of [`EntryView::decode`].
    pub fn decode(bytes: &[u8]) -> Result<Self, Fault> {
        EntryView::decode(bytes).map(EntryView::into_entry)
    }

    fn write(&self, e: &mut Encoder<&mut Vec<u8>>) -> Result<(), encode::Error<Infallible>> {
        let optional = [
            self.clock_held,
            self.language.is_some(),
            !self.regards.is_empty(),
            !self.cut.is_empty(),
            self.vector.is_some(),
            self.second.is_some(),
        ];
        e.map(5 + optional.iter().map(|present| u64::from(*present)).sum::<u64>())?;
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
            for EntryRef { book, number } in &self.regards {
                e.array(2)?.u32(book.code())?.u64(*number)?;
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
        e.writer_mut().extend_from_slice(&self.body);
        if let Some(second) = self.second {
            e.u8(11)?.u16(second)?;
        }
        Ok(())
    }
}

/// An [`Entry`] whose language and body stay where they were read: for whoever reads many and keeps few.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntryView<'a> {
    /// [`Entry::serial`].
    pub serial: u64,
    /// [`Entry::time_ms`].
    pub time_ms: u64,
    /// [`Entry::clock_held`].
    pub clock_held: bool,
    /// [`Entry::office`].
    pub office: u16,
    /// [`Entry::language`].
    pub language: Option<&'a str>,
    /// [`Entry::regards`].
    pub regards: Vec<EntryRef>,
    /// [`Entry::cut`].
    pub cut: Cut,
    /// [`Entry::vector`].
    pub vector: Option<Hash>,
    /// [`Entry::kind`].
    pub kind: u16,
    /// [`Entry::body`].
    pub body: &'a [u8],
    /// [`Entry::second`].
    pub second: Option<u16>,
}

impl<'a> EntryView<'a> {
    /// Reads an entry, in one pass that also holds it to be canonical.
    ///
    /// # Errors
    /// `Incompatible` for canonical bytes that are an entry but for keys that this reader does not know;
    /// `Malformed` for anything else that is not an entry.
    pub fn decode(bytes: &'a [u8]) -> Result<Self, Fault> {
        if bytes.is_empty() || bytes.len() > MAX_ENTRY {
            return Err(ill("1 to 16,384 bytes", bytes.len()));
        }
        let mut reader = Reader::new(bytes);
        let r = &mut reader;
        let (mut serial, mut time_ms, mut office, mut kind, mut body) = (None, None, None, None, None);
        let (mut clock_held, mut language, mut regards, mut cut, mut vector) =
            (false, None, Vec::new(), Cut::new(), None);
        let (mut second, mut last, mut unknown) = (None, None, None);
        for _ in 0..typed("a map", r.map())? {
            match typed("integer keys that ascend", r.key(&mut last))? {
                1 => serial = Some(typed("a serial", r.uint())?),
                2 => time_ms = Some(typed("a time", r.uint())?),
                3 => clock_held = flag(r)?,
                4 => office = Some(small("an office to 65,535", r)?),
                5 => language = Some(tag(r)?),
                6 => regards = refs(r)?,
                7 => cut = sizes(r)?,
                8 => vector = Some(hash(r)?),
                9 => kind = Some(small("a kind to 65,535", r)?),
                10 => body = Some(typed("a body that is a canonical map", r.whole_map(1))?),
                11 => second = Some(small("an office to 65,535", r)?),
                key => {
                    typed("any canonical value", r.item(1))?;
                    unknown = unknown.or(Some(key));
                }
            }
        }
        typed("one map", reader.end())?;
        let (Some(serial), Some(time_ms), Some(office), Some(kind), Some(body)) =
            (serial, time_ms, office, kind, body)
        else {
            return Err(ill("keys 1, 2, 4, 9 and 10", "one missing"));
        };
        if serial == 0 {
            return Err(ill("a serial from 1", serial));
        }
        if let Some(key) = unknown {
            return Err(Fault::incompatible("entry", "keys 1 to 11", key.to_string()));
        }
        Ok(Self { serial, time_ms, clock_held, office, language, regards, cut, vector, kind, body, second })
    }

    /// The same entry, with a language and a body of its own.
    pub fn into_entry(self) -> Entry {
        let Self { serial, time_ms, clock_held, office, language, regards, cut, vector, kind, body, second } =
            self;
        let (language, body) = (language.map(String::from), body.to_vec());
        Entry { serial, time_ms, clock_held, office, language, regards, cut, vector, kind, body, second }
    }
}

/// SHA-256 over every book that the author of an act knows (spec/record.md §3, Vector).
///
/// Takes the size and root of every book of the act's full cut; books of size 0 count for nothing.
pub fn vector_hash(books: &BTreeMap<Book, (u64, Hash)>) -> Hash {
    let mut hasher = Sha256::new_with_prefix(b"detente vector v1\n");
    for (book, (size, root)) in books.iter().filter(|(_, (size, _))| *size > 0) {
        hasher.update(u64::from(book.code()).to_be_bytes());
        hasher.update(size.to_be_bytes());
        hasher.update(root);
    }
    hasher.finalize().into()
}

/// A value that is absent, of another type, or out of its range.
#[cold]
fn ill(expected: &'static str, found: impl ToString) -> Fault {
    Fault::malformed("entry", expected, found.to_string())
}

/// Gives what is broken the expectation that it broke.
fn typed<T>(expected: &'static str, value: Result<T, Broken>) -> Result<T, Fault> {
    value.map_err(|broken| ill(expected, broken.found()))
}

fn small(expected: &'static str, r: &mut Reader<'_>) -> Result<u16, Fault> {
    let value = typed(expected, r.uint())?;
    u16::try_from(value).map_err(|_| ill(expected, value))
}

fn flag(r: &mut Reader<'_>) -> Result<bool, Fault> {
    match typed("true", r.flag())? {
        true => Ok(true),
        false => Err(ill("true, or no key 3", false)),
    }
}

fn tag<'a>(r: &mut Reader<'a>) -> Result<&'a str, Fault> {
    let tag = typed("a language tag", r.text())?;
    if (1..=MAX_LANGUAGE).contains(&tag.len()) {
        Ok(tag)
    } else {
        Err(ill("a language tag of 1 to 35 bytes", tag.len()))
    }
}

/// A count that is not 0 and within a limit.
fn count(expected: &'static str, length: Result<u64, Broken>, most: usize) -> Result<usize, Fault> {
    let length = typed(expected, length)?;
    let count = usize::try_from(length).ok().filter(|count| (1..=most).contains(count));
    count.ok_or_else(|| ill(expected, length))
}

fn book(code: u64) -> Result<Book, Fault> {
    Book::from_code(u32::try_from(code).map_err(|_| ill("a book", code))?)
}

fn refs(r: &mut Reader<'_>) -> Result<Vec<EntryRef>, Fault> {
    let count = count("1 to 16 entries regarded", r.array(), MAX_REGARDS)?;
    let mut refs = Vec::with_capacity(count);
    for _ in 0..count {
        if typed("a book and a number", r.array())? != 2 {
            return Err(ill("a book and a number", "another length"));
        }
        let (book, number) = (book(typed("a book", r.uint())?)?, typed("a number", r.uint())?);
        if !(1..=MAX_SIZE).contains(&number) {
            return Err(ill("a number from 1 to 2^40 - 1", number));
        }
        refs.push(EntryRef { book, number });
    }
    Ok(refs)
}

fn sizes(r: &mut Reader<'_>) -> Result<Cut, Fault> {
    let mut cut = Cut::new();
    let mut last = None;
    for _ in 0..count("1 to 1,024 books in a cut", r.map(), MAX_CUT)? {
        let (book, size) = (book(typed("a book", r.key(&mut last))?)?, typed("a size", r.uint())?);
        if size > MAX_SIZE {
            return Err(ill("a size to 2^40 - 1", size));
        }
        cut.insert(book, size);
    }
    Ok(cut)
}

fn hash(r: &mut Reader<'_>) -> Result<Hash, Fault> {
    let bytes = typed("a vector", r.bytes())?;
    Hash::try_from(bytes).map_err(|_| ill("a vector of 32 bytes", bytes.len()))
}

#[cfg(test)]
mod tests {
    use alloc::vec;

    use super::*;
    use crate::fault::Blame;
    use crate::name::{Class, Party};

    fn book(class: Class) -> Book {
        Book { generation: 2, party: Party::new(7).unwrap(), class }
    }

    fn full() -> Entry {
        Entry {
            serial: 300,
            time_ms: 1_500_000_000_000,
            clock_held: true,
            office: 2,
            language: Some("ar-SY".into()),
            regards: vec![
                EntryRef { book: book(Class::Z), number: 1 },
                EntryRef { book: book(Class::R), number: MAX_SIZE },
            ],
            cut: [(book(Class::A), 3), (book(Class::O), 70_000)].into(),
            vector: Some([9; 32]),
            kind: 64,
            body: vec![0xa1, 0x01, 0x61, 0x61],
            second: Some(65_535),
        }
    }

    fn least() -> Entry {
        Entry {
            serial: 1,
            time_ms: 0,
            clock_held: false,
            office: 0,
            language: None,
            regards: Vec::new(),
            cut: Cut::new(),
            vector: None,
            kind: 0,
            body: vec![0xa0],
            second: None,
        }
    }

    #[test]
    fn reads_as_it_was_written() {
        for entry in [full(), least()] {
            assert_eq!(Entry::decode(&entry.encode().unwrap()).unwrap(), entry);
        }
        assert_eq!(least().encode().unwrap(), [0xa5, 1, 1, 2, 0, 4, 0, 9, 0, 10, 0xa0]);
    }

    #[test]
    fn writes_nothing_over_a_limit() {
        let refused = |change: fn(&mut Entry)| {
            let mut entry = full();
            change(&mut entry);
            assert_eq!(entry.encode().expect_err("over a limit").blame(), Blame::Misuse);
        };
        refused(|entry| entry.serial = 0);
        refused(|entry| entry.language = Some("".into()));
        refused(|entry| entry.language = Some("a".repeat(36)));
        refused(|entry| entry.regards = vec![entry.regards[0]; 17]);
        refused(|entry| entry.regards[0].number = 0);
        refused(|entry| entry.regards[0].number = MAX_SIZE + 1);
        refused(|entry| entry.regards[0].book.generation = 4096);
        refused(|entry| entry.cut = [(book(Class::A), MAX_SIZE + 1)].into());
        refused(|entry| {
            entry.cut = (0..2000).filter_map(|code| Some((Book::from_code(code).ok()?, 1))).collect()
        });
        refused(|entry| entry.body = Vec::new());
        refused(|entry| entry.body = vec![0x80]);
        refused(|entry| entry.body = vec![0xa1, 0x18, 0x01, 0x00]);
        refused(|entry| entry.body = vec![0xa0, 0x0b, 0x00]);
        refused(|entry| entry.body = [&[0xa1, 0x01, 0x59, 0x40, 0x00][..], &[0; 16_384]].concat());
    }

    #[test]
    fn an_entry_may_be_as_long_as_the_limit() {
        let mut entry = least();
        entry.body = [&[0xa1, 0x00, 0x59, 0x3f, 0xf1][..], &[0; 0x3ff1]].concat();
        let bytes = entry.encode().unwrap();
        assert_eq!(bytes.len(), MAX_ENTRY);
        assert_eq!(Entry::decode(&bytes).unwrap(), entry);
        assert!(Entry::decode(&[&bytes[..], &[0]].concat()).is_err());
    }

    #[test]
    fn unknown_keys_are_nobodys_fault() {
        let known = least().encode().unwrap();
        let with = |tail: &[u8]| {
            Entry::decode(&[&[0xa6], &known[1..], tail].concat()).expect_err("one key too many")
        };
        assert_eq!(with(&[0x0c, 0x00]).blame(), Blame::Incompatible);
        assert_eq!(with(&[0x18, 0x64, 0x82, 0x01, 0xa0]).blame(), Blame::Incompatible);
        assert_eq!(with(&[0x0a, 0x00]).blame(), Blame::Malformed);
        assert_eq!(with(&[0x0c, 0xf7]).blame(), Blame::Malformed);
        let zeroth = Entry::decode(&[&[0xa6, 0x00, 0x00], &known[1..]].concat());
        assert_eq!(zeroth.expect_err("key 0").blame(), Blame::Incompatible);
        let lacking = Entry::decode(&[0xa5, 1, 1, 2, 0, 4, 0, 9, 0, 12, 0xa0]);
        assert_eq!(lacking.expect_err("no body").blame(), Blame::Malformed);
    }
}
