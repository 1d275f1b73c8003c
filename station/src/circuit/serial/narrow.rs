//! Narrow forms: what frames are called on a serial line, in fewer bytes (spec/serial.md §5.1).
//!
//! Promises that [`Forms::wide`] gives, of what [`Forms::narrow`] gave, the same frame to the byte; a frame of which that would not be
//! so goes as it is. Refuses, by name, whatever is no form, before it takes room for it.

use std::collections::VecDeque;

use detente_line::Content;
use detente_line::frame::{self, Frame};
use detente_record::{
    Book, Cut, Entry, EntryRef, EntryView, Hash, LineId, MAX_CUT, MAX_ENTRY, MAX_REGARDS, Party, Receipt,
    STEP_ENTRIES, sha256,
};

use super::packing;
use crate::circuit::MAX_FRAME;

/// First bytes.
const STEP: u8 = 1;
const RECEIPT: u8 = 2;
const HELLO: u8 = 3;
const STEPS: u8 = 4;
const RECEIPT_OF: u8 = 5;
const AHEAD: u8 = 6;
/// First bytes of frames: arrays of up to 31 elements.
const FRAMES: std::ops::RangeInclusive<u8> = 0x80..=0x9f;
/// A hello up to the line.
const HELLO_HEAD: [u8; 5] = [0x88, 0, 1, 0x58, 0x20];

/// Flags of an entry.
const PACKED: u8 = 0x80;
const FORM: u8 = 0x60;
const HELD: u8 = 0x10;
const LANGUAGE: u8 = 0x08;
const REGARDS: u8 = 0x04;
const CUT: u8 = 0x02;
const VECTOR: u8 = 0x01;
/// The kinds *test*, and its answer.
const TEST: u16 = 10;
const ANSWER: u16 = 11;

/// Forms of a body.
const MAP: u8 = 0x00;
const EMPTY: u8 = 0x20;
const TEXT: u8 = 0x40;
const WHOLE: u8 = 0x60;
/// The digest of the test that is regarded, instead of an empty body that is packed.
const DIGEST: u8 = PACKED | EMPTY;

/// The first office that is not said with the kind.
const FURTHER: u16 = 7;

/// The body without anything in it.
const NOTHING: [u8; 1] = [0xa0];

/// What is wrong with a form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Misformed {
    /// It begins like none.
    #[error("a form that begins with {0}, where 1 to 6 or 128 to 159 was expected")]
    Unknown(u8),
    /// It ends too early.
    #[error("a form that ends too early")]
    Short,
    /// It goes on behind its end.
    #[error("a form with {0} bytes more than it says")]
    After(usize),
    /// A number is over its limit.
    #[error("{what} of {found}, where at most {most} were expected")]
    Over {
        /// Of what.
        what: &'static str,
        found: u64,
        most: u64,
    },
    /// A packed string does not unpack.
    #[error("a packed string that does not unpack to the {0} bytes that it declares")]
    Packed(usize),
    /// Parts that make no entry.
    #[error("an entry in parts that make none")]
    Entry,
}

/// Digests of tests that went over a circuit, so that their answers need not say them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tests {
    sent: VecDeque<(EntryRef, Hash)>,
    heard: VecDeque<(EntryRef, Hash)>,
}

/// How many tests are remembered that went, which is more than could be answered at a time, and of those that came.
const MAX_SENT: usize = 1_024;
const MAX_HEARD: usize = 4;

fn find(tests: &VecDeque<(EntryRef, Hash)>, regards: &[EntryRef]) -> Option<Hash> {
    let test = regards.first()?;
    tests.iter().rev().find(|(name, _)| name == test).map(|(_, digest)| *digest)
}

/// Remembers the tests of a frame.
fn note(frame: &[u8], to: &mut VecDeque<(EntryRef, Hash)>, most: usize) {
    let Ok(Frame::Step { book, first, entries, .. } | Frame::Ahead { book, first, entries }) =
        Frame::decode(frame)
    else {
        return;
    };
    for (bytes, number) in entries.iter().zip(first..) {
        let Ok(entry) = EntryView::decode(bytes) else { continue };
        if entry.kind != TEST {
            continue;
        }
        let Ok(Content::Test { text, .. }) = Content::decode(entry.kind, entry.body) else { continue };
        to.push_back((EntryRef { book, number }, sha256(text.as_bytes())));
        if to.len() > most {
            to.pop_front();
        }
    }
}

/// How frames are called between two stations. Times are said by what they differ from the last one in the same lane, which both
/// ends keep, in ms; 0 before the first.
#[derive(Debug, Clone)]
pub(crate) struct Forms {
    hello: [u8; 37],
    own: Party,
    peer: Party,
    /// The memorandum has bodies packed.
    pub(crate) packs: bool,
}

fn put(to: &mut Vec<u8>, mut number: u64) {
    while number > 0x7f {
        to.push(0x80 | (number & 0x7f) as u8);
        number >>= 7;
    }
    to.push(number as u8);
}

fn put_string(to: &mut Vec<u8>, bytes: &[u8]) {
    put(to, bytes.len() as u64);
    to.extend(bytes);
}

/// How a number is said by another one; `None` where that takes more than 64 bits.
fn folded(from: u64, to: u64) -> Option<u64> {
    match to.checked_sub(from) {
        Some(more) => more.checked_mul(2),
        None => (from - to).checked_mul(2)?.checked_sub(1),
    }
}

fn unfolded(from: u64, said: u64) -> Result<u64, Misformed> {
    let to = if said.is_multiple_of(2) { from.checked_add(said / 2) } else { from.checked_sub(said / 2 + 1) };
    to.ok_or(Misformed::Entry)
}

/// The text of a body that has nothing else.
fn lone_text(body: &[u8]) -> Option<&[u8]> {
    let behind = body.strip_prefix(&[0xa1, 0x01])?;
    let head = match behind.first()? {
        0x78 => 2,
        0x79 => 3,
        _ => 1,
    };
    let text = behind.get(head..)?;
    (*body == text_body(std::str::from_utf8(text).ok()?)).then_some(text)
}

fn digest_body(digest: &Hash) -> Vec<u8> {
    [&[0xa1, 0x01, 0x58, 0x20], &digest[..]].concat()
}

fn text_body(text: &str) -> Vec<u8> {
    let mut body = vec![0xa1, 0x01];
    // A string of an entry is no longer than 16,384 bytes.
    match text.len() {
        length @ ..24 => body.push(0x60 | length as u8),
        length @ ..256 => body.extend([0x78, length as u8]),
        length => {
            body.push(0x79);
            body.extend((length as u16).to_be_bytes());
        }
    }
    body.extend(text.as_bytes());
    body
}

impl Forms {
    /// Those of a station of a line, towards another.
    pub(crate) fn new(line: &LineId, own: Party, peer: Party, packs: bool) -> Self {
        let mut hello = [0; 37];
        for (to, from) in hello.iter_mut().zip(HELLO_HEAD.iter().chain(&line.0)) {
            *to = *from;
        }
        Self { hello, own, peer, packs }
    }

    /// The form of a frame; `last_ms` is the last time said in its lane.
    pub(crate) fn narrow(&self, frame: &[u8], last_ms: &mut u64, tests: &mut Tests) -> Vec<u8> {
        let heard = &tests.heard;
        let mut now_ms = *last_ms;
        let form = match Frame::decode(frame) {
            Ok(Frame::Step { book, first, entries, signature }) => {
                let kind = if entries.len() == 1 { STEP } else { STEPS };
                let mut form = self.entries(kind, book, first, (&entries, heard), &mut now_ms);
                form.extend(signature);
                Some(form)
            }
            Ok(Frame::Ahead { book, first, entries }) => {
                Some(self.entries(AHEAD, book, first, (&entries, heard), &mut now_ms))
            }
            Ok(Frame::Receipt(receipt)) => self.receipt(&receipt, &mut now_ms),
            Ok(Frame::Hello(_)) => frame.strip_prefix(&self.hello).map(|rest| [&[HELLO], rest].concat()),
            _ => None,
        };
        let there = Self { own: self.peer, peer: self.own, ..self.clone() };
        let same =
            |form: &Vec<u8>| there.frame(form, &mut last_ms.clone(), heard).is_ok_and(|wide| wide == frame);
        let form = form.filter(same);
        note(frame, &mut tests.sent, MAX_SENT);
        let Some(form) = form else { return frame.to_vec() };
        *last_ms = now_ms;
        form
    }

    fn receipt(&self, receipt: &Receipt, last_ms: &mut u64) -> Option<Vec<u8>> {
        let mut form = Vec::new();
        form.push(if receipt.party == self.own { RECEIPT } else { RECEIPT_OF });
        put(&mut form, receipt.book.code().into());
        if receipt.party != self.own {
            put(&mut form, receipt.party.number().into());
        }
        put(&mut form, receipt.size);
        put(&mut form, folded(*last_ms / 1_000, receipt.seconds)?);
        form.extend(receipt.signature);
        *last_ms = receipt.seconds.checked_mul(1_000)?;
        Some(form)
    }

    fn entries(
        &self,
        kind: u8,
        book: Book,
        first: u64,
        (entries, heard): (&[&[u8]], &VecDeque<(EntryRef, Hash)>),
        last_ms: &mut u64,
    ) -> Vec<u8> {
        let mut form = vec![kind];
        put(&mut form, book.code().into());
        put(&mut form, first);
        if kind != STEP {
            put(&mut form, entries.len() as u64);
        }
        let mut last_serial = 0;
        for bytes in entries {
            let parts = EntryView::decode(bytes).ok().and_then(|entry| {
                let said = [folded(last_serial, entry.serial)?, folded(*last_ms, entry.time_ms)?];
                Some((entry, said))
            });
            match parts {
                Some((entry, said)) => {
                    (last_serial, *last_ms) = (entry.serial, entry.time_ms);
                    self.entry(&entry, said, heard, &mut form);
                }
                None => self.string(WHOLE, bytes, &mut form, &[]),
            }
        }
        form
    }

    fn entry(
        &self,
        entry: &EntryView<'_>,
        said: [u64; 2],
        heard: &VecDeque<(EntryRef, Hash)>,
        form: &mut Vec<u8>,
    ) {
        let mut parts = Vec::new();
        for number in said {
            put(&mut parts, number);
        }
        put(&mut parts, u64::from(entry.kind) * 8 + u64::from(entry.office.min(FURTHER)));
        if let Some(office) = entry.office.checked_sub(FURTHER) {
            put(&mut parts, office.into());
        }
        let mut flags = if entry.clock_held { HELD } else { 0 };
        if let Some(language) = entry.language {
            flags |= LANGUAGE;
            put_string(&mut parts, language.as_bytes());
        }
        if !entry.regards.is_empty() {
            flags |= REGARDS;
            put(&mut parts, entry.regards.len() as u64);
            for EntryRef { book, number } in &entry.regards {
                put(&mut parts, book.code().into());
                put(&mut parts, *number);
            }
        }
        if !entry.cut.is_empty() {
            flags |= CUT;
            put(&mut parts, entry.cut.len() as u64);
            for (book, size) in &entry.cut {
                put(&mut parts, book.code().into());
                put(&mut parts, *size);
            }
        }
        if let Some(vector) = &entry.vector {
            flags |= VECTOR;
            parts.extend(vector);
        }
        let digest = find(heard, &entry.regards).filter(|_| entry.kind == ANSWER);
        if digest.is_some_and(|digest| entry.body == digest_body(&digest)) {
            form.push(flags | DIGEST);
            form.extend(parts);
        } else if entry.body == NOTHING {
            form.push(flags | EMPTY);
            form.extend(parts);
        } else if let Some(text) = lone_text(entry.body) {
            self.string(flags | TEXT, text, form, &parts);
        } else {
            self.string(flags | MAP, entry.body, form, &parts);
        }
    }

    /// Flags, parts and a string, packed where that is shorter.
    fn string(&self, flags: u8, bytes: &[u8], form: &mut Vec<u8>, parts: &[u8]) {
        let mut packed = Vec::new();
        if let Some(content) = self.packs.then(|| packing::pack(bytes)).flatten() {
            put(&mut packed, bytes.len() as u64);
            packed.extend(content);
        }
        let shorter = Some(packed).filter(|packed| !packed.is_empty() && packed.len() < bytes.len());
        form.push(if shorter.is_some() { flags | PACKED } else { flags });
        form.extend(parts);
        put_string(form, shorter.as_deref().unwrap_or(bytes));
    }

    /// The frame of a form; `last_ms` is the last time said in its lane.
    ///
    /// # Errors
    /// What is wrong with it. What a frame says is not looked at.
    pub(crate) fn wide(
        &self,
        form: &[u8],
        last_ms: &mut u64,
        tests: &mut Tests,
    ) -> Result<Vec<u8>, Misformed> {
        let frame = self.frame(form, last_ms, &tests.sent)?;
        note(&frame, &mut tests.heard, MAX_HEARD);
        Ok(frame)
    }

    fn frame(
        &self,
        form: &[u8],
        last_ms: &mut u64,
        sent: &VecDeque<(EntryRef, Hash)>,
    ) -> Result<Vec<u8>, Misformed> {
        let Some((first, rest)) = form.split_first() else { return Err(Misformed::Short) };
        let mut rest = Rest(rest);
        let frame = match *first {
            STEP | STEPS => {
                let (book, first, entries) = wide_entries(&mut rest, *first == STEP, last_ms, sent)?;
                frame::step(book, first, &entries, &rest.fixed()?)
            }
            AHEAD => {
                let (book, first, entries) = wide_entries(&mut rest, false, last_ms, sent)?;
                frame::ahead(book, first, &entries)
            }
            RECEIPT => wide_receipt(&mut rest, Some(self.peer), last_ms)?,
            RECEIPT_OF => wide_receipt(&mut rest, None, last_ms)?,
            HELLO => [&self.hello[..], rest.take(rest.0.len())?].concat(),
            first if FRAMES.contains(&first) => {
                rest.take(rest.0.len())?;
                form.to_vec()
            }
            first => return Err(Misformed::Unknown(first)),
        };
        if !rest.0.is_empty() {
            return Err(Misformed::After(rest.0.len()));
        }
        at_most("a frame", frame.len() as u64, MAX_FRAME as u64)?;
        Ok(frame)
    }
}

fn at_most(what: &'static str, found: u64, most: u64) -> Result<u64, Misformed> {
    if found > most { Err(Misformed::Over { what, found, most }) } else { Ok(found) }
}

/// What is left of a form.
struct Rest<'a>(&'a [u8]);

impl<'a> Rest<'a> {
    fn take(&mut self, length: usize) -> Result<&'a [u8], Misformed> {
        let (taken, rest) = self.0.split_at_checked(length).ok_or(Misformed::Short)?;
        self.0 = rest;
        Ok(taken)
    }

    fn fixed<const N: usize>(&mut self) -> Result<[u8; N], Misformed> {
        self.take(N)?.try_into().map_err(|_| Misformed::Short)
    }

    fn number(&mut self) -> Result<u64, Misformed> {
        let over = Misformed::Over { what: "an integer", found: u64::MAX, most: u64::MAX };
        let mut number = 0_u64;
        for place in 0..10 {
            let [byte] = self.fixed()?;
            let part = u64::from(byte & 0x7f);
            if place == 9 && byte > 1 {
                return Err(over);
            }
            number |= part << (7 * place);
            if byte & 0x80 == 0 {
                return Ok(number);
            }
        }
        Err(over)
    }

    fn up_to(&mut self, what: &'static str, most: u64) -> Result<u64, Misformed> {
        at_most(what, self.number()?, most)
    }

    fn small<T: TryFrom<u64>>(&mut self, what: &'static str, most: u64) -> Result<T, Misformed> {
        let found = self.number()?;
        T::try_from(found).ok().filter(|_| found <= most).ok_or(Misformed::Over { what, found, most })
    }

    fn book(&mut self) -> Result<Book, Misformed> {
        Book::from_code(self.small("the code of a book", u32::MAX.into())?).map_err(|_| Misformed::Entry)
    }

    fn string(&mut self, packed: bool) -> Result<Vec<u8>, Misformed> {
        let most = MAX_ENTRY as u64;
        let length: usize = self.small("a string", most)?;
        let mut string = Rest(self.take(length)?);
        if !packed {
            return Ok(string.0.to_vec());
        }
        let length: usize = string.small("a string unpacked", most)?;
        packing::unpack(string.0, length).ok_or(Misformed::Packed(length))
    }
}

fn wide_receipt(rest: &mut Rest<'_>, of: Option<Party>, last_ms: &mut u64) -> Result<Vec<u8>, Misformed> {
    let book = rest.book()?;
    let party = match of {
        Some(party) => party,
        None => Party::new(rest.small("a party", 254)?).map_err(|_| Misformed::Entry)?,
    };
    let (size, seconds) = (rest.number()?, unfolded(*last_ms / 1_000, rest.number()?)?);
    *last_ms = seconds.checked_mul(1_000).ok_or(Misformed::Entry)?;
    let signature = rest.fixed()?;
    Ok(frame::receipt(&Receipt { book, party, size, seconds, signature }))
}

/// A book, the number of a first entry, and entries from there on.
type Entries = (Book, u64, Vec<Vec<u8>>);

fn wide_entries(
    rest: &mut Rest<'_>,
    alone: bool,
    last_ms: &mut u64,
    sent: &VecDeque<(EntryRef, Hash)>,
) -> Result<Entries, Misformed> {
    let (book, first) = (rest.book()?, rest.number()?);
    let count = if alone { 1 } else { rest.up_to("entries of a step", STEP_ENTRIES)? };
    let (mut entries, mut total): (Vec<Vec<u8>>, u64) = (Vec::new(), 0);
    let mut last_serial = 0;
    for _ in 0..count {
        let entry = wide_entry(rest, &mut last_serial, last_ms, sent)?;
        total = at_most("a frame", total + entry.len() as u64, MAX_FRAME as u64)?;
        entries.push(entry);
    }
    Ok((book, first, entries))
}

fn wide_entry(
    rest: &mut Rest<'_>,
    last_serial: &mut u64,
    last_ms: &mut u64,
    sent: &VecDeque<(EntryRef, Hash)>,
) -> Result<Vec<u8>, Misformed> {
    let [flags] = rest.fixed()?;
    let packed = flags & PACKED != 0;
    if flags & FORM == WHOLE {
        return if flags & !(FORM | PACKED) == 0 { rest.string(packed) } else { Err(Misformed::Entry) };
    }
    let (serial, time_ms) = (unfolded(*last_serial, rest.number()?)?, unfolded(*last_ms, rest.number()?)?);
    (*last_serial, *last_ms) = (serial, time_ms);
    let by_kind: u32 = rest.small("a kind and an office", 8 * u64::from(u16::MAX) + 7)?;
    let (kind, office) = ((by_kind / 8) as u16, (by_kind % 8) as u16);
    let further = if office == FURTHER { rest.small("an office", (u16::MAX - FURTHER).into())? } else { 0 };
    let office = office + further;
    let language = if flags & LANGUAGE == 0 { None } else { Some(rest.string(false)?) };
    let language = language.map(String::from_utf8).transpose().map_err(|_| Misformed::Entry)?;
    let mut regards = Vec::new();
    if flags & REGARDS != 0 {
        for _ in 0..rest.up_to("entries regarded", MAX_REGARDS as u64)? {
            regards.push(EntryRef { book: rest.book()?, number: rest.number()? });
        }
    }
    let mut cut = Cut::new();
    if flags & CUT != 0 {
        for _ in 0..rest.up_to("books of a cut", MAX_CUT as u64)? {
            cut.insert(rest.book()?, rest.number()?);
        }
    }
    let vector = if flags & VECTOR == 0 { None } else { Some(rest.fixed()?) };
    let body = match flags & FORM {
        EMPTY if packed => {
            let digest = find(sent, &regards).filter(|_| kind == ANSWER);
            digest_body(&digest.ok_or(Misformed::Entry)?)
        }
        EMPTY => NOTHING.to_vec(),
        TEXT => text_body(&String::from_utf8(rest.string(packed)?).map_err(|_| Misformed::Entry)?),
        _ => rest.string(packed)?,
    };
    let clock_held = flags & HELD != 0;
    let entry = Entry { serial, time_ms, clock_held, office, language, regards, cut, vector, kind, body };
    entry.encode().map_err(|_| Misformed::Entry)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: LineId = LineId([9; 32]);

    /// The forms of two stations.
    fn both(packs: bool) -> [Forms; 2] {
        let [one, other] = [0, 1].map(|number| Party::new(number).unwrap());
        [Forms::new(&LINE, one, other, packs), Forms::new(&LINE, other, one, packs)]
    }

    fn wide(form: &[u8]) -> Result<Vec<u8>, Misformed> {
        let [_, there] = both(true);
        there.wide(form, &mut 0, &mut Tests::default())
    }

    fn book(code: u32) -> Book {
        Book::from_code(code).unwrap()
    }

    fn entry(kind: u16, body: Vec<u8>) -> Entry {
        Entry {
            serial: 300,
            time_ms: 1_790_000_000_123,
            clock_held: false,
            office: 1,
            language: None,
            regards: Vec::new(),
            cut: Cut::new(),
            vector: None,
            kind,
            body,
        }
    }

    fn step(entries: &[Vec<u8>]) -> Vec<u8> {
        frame::step(book(11), 7, entries, &[5; 64])
    }

    #[test]
    fn every_frame_comes_back_as_it_was() {
        let text = text_body("Request that all firing cease along the road from the river to the airfield.");
        let full = Entry {
            clock_held: true,
            language: Some("ar".into()),
            regards: vec![
                EntryRef { book: book(0), number: 3 },
                EntryRef { book: book(2_100), number: 1 << 39 },
            ],
            cut: Cut::from([(book(4), 9), (book(8), 300)]),
            vector: Some([3; 32]),
            time_ms: 1_790_000_000_124,
            serial: 301,
            ..entry(67, vec![0xa1, 0x02, 0x61, b'x'])
        };
        let plain = [entry(4, vec![0xa0]), entry(1, text.clone()), full.clone()];
        let [empty, lone, full] = plain.map(|entry| entry.encode().unwrap());
        let earlier = Entry { serial: 1, ..entry(1, text) }.encode().unwrap();
        let hello = frame::Hello {
            version: 1,
            line: LINE,
            memorandum: [1; 32],
            party: Party::new(1).unwrap(),
            sizes: Cut::from([(book(4), 9)]),
            receipts: [].into(),
            heads: [].into(),
        };
        let receipt = Receipt {
            book: book(11),
            party: Party::new(0).unwrap(),
            size: 300,
            seconds: 1_790_000_000,
            signature: [8; 64],
        };
        let frames = [
            (step(std::slice::from_ref(&empty)), 85),
            (step(std::slice::from_ref(&lone)), 160),
            (step(&[empty.clone(), full.clone(), lone.clone()]), 250),
            // What has no parts, or goes back in time, goes whole.
            (step(&[b"no entry".to_vec(), lone, earlier, full]), 420),
            (frame::receipt(&receipt), 69),
            (frame::receipt(&Receipt { party: Party::new(1).unwrap(), ..receipt.clone() }), 70),
            (frame::hello(&hello), 46),
            (frame::hello(&frame::Hello { line: LineId([8; 32]), ..hello }), 83),
            (frame::ahead(book(3), 8, std::slice::from_ref(&empty)), 20),
            (frame::ping(77), 5),
            (vec![0x83, 1, 2], 3),
        ];
        for packs in [true, false] {
            let [here, there] = both(packs);
            let (mut said_ms, mut heard_ms) = (0, 0);
            let (mut ours, mut theirs) = <(Tests, Tests)>::default();
            for (frame, most) in &frames {
                let form = here.narrow(frame, &mut said_ms, &mut ours);
                assert_eq!(&there.wide(&form, &mut heard_ms, &mut theirs).unwrap(), frame);
                assert_eq!(said_ms, heard_ms);
                assert!(form.len() <= frame.len());
                assert!(!packs || form.len() <= *most, "{} bytes, not {most}", form.len());
            }
        }
    }

    #[test]
    fn what_is_no_form_is_refused_by_name() {
        let [forms, _] = both(true);
        let text = text_body(&"stop and wait for the convoy ".repeat(20));
        let form = forms.narrow(&step(&[entry(1, text).encode().unwrap()]), &mut 0, &mut Tests::default());
        assert_eq!(form[0], STEP);
        for at in 0..form.len() {
            assert!(wide(&form[..at]).is_err(), "{at}");
            for bit in [1, 0x20, 0x80] {
                let mut changed = form.clone();
                changed[at] ^= bit;
                assert!(wide(&changed).is_ok_and(|wide| wide.len() <= MAX_FRAME) || wide(&changed).is_err());
            }
        }
        assert_eq!(wide(&[]), Err(Misformed::Short));
        assert_eq!(wide(&[7, 0]), Err(Misformed::Unknown(7)));
        assert_eq!(wide(&[&form[..], &[0]].concat()), Err(Misformed::After(1)));
        assert_eq!(wide(&[STEP, 11, 7]), Err(Misformed::Short));
        let over = |what, found, most| Err(Misformed::Over { what, found, most });
        assert_eq!(wide(&[STEPS, 11, 7, 0x81, 2]), over("entries of a step", 257, 256));
        let [a, b, c] = [0x81, 0x80, 0x01];
        assert_eq!(wide(&[STEP, 11, 7, WHOLE, a, b, c]), over("a string", 16_385, 16_384));
        let bomb = [STEP, 11, 7, WHOLE | PACKED, 4, a, b, c, 0];
        assert_eq!(wide(&bomb), over("a string unpacked", 16_385, 16_384));
        assert_eq!(wide(&[STEP, 11, 7, WHOLE | PACKED, 3, 5, 1, 1]), Err(Misformed::Packed(5)));
        assert_eq!(wide(&[STEP, 11, 7, WHOLE | CUT, 0]), Err(Misformed::Entry));
        assert_eq!(wide(&[&[RECEIPT, 5][..], &[0; 80]].concat()), Err(Misformed::Entry));
        let long = [&[STEP, 0][..], &[0xff; 9], &[2]].concat();
        assert_eq!(wide(&long), over("an integer", u64::MAX, u64::MAX));
    }

    #[test]
    fn an_answer_to_a_test_that_came_here_does_not_say_its_digest() {
        let [here, there] = both(true);
        let (mut ours, mut theirs) = <(Tests, Tests)>::default();
        let content = Content::Test { slot: 7, text: "answer this".into() };
        let test = entry(TEST, content.encode()).encode().unwrap();
        let form = here.narrow(&frame::ahead(book(3), 8, &[test]), &mut 0, &mut ours);
        there.wide(&form, &mut 0, &mut theirs).unwrap();
        let answers = |number: u64, text: &str| {
            let content = Content::TestAnswer { digest: sha256(text.as_bytes()) };
            let regards = vec![EntryRef { book: book(3), number }];
            let answer = Entry { regards, ..entry(ANSWER, content.encode()) }.encode().unwrap();
            frame::ahead(book(11), 1, &[answer])
        };
        for (number, text, is_short) in
            [(8, "answer this", true), (8, "another", false), (9, "answer this", false)]
        {
            let frame = answers(number, text);
            let form = there.narrow(&frame, &mut 0, &mut theirs);
            assert_eq!(form.len() < 25, is_short, "{} bytes", form.len());
            assert_eq!(here.wide(&form, &mut 0, &mut ours).as_ref(), Ok(&frame));
            // On another circuit nobody knows which test that was.
            let alone = here.wide(&form, &mut 0, &mut Tests::default());
            assert_eq!(alone.is_err(), is_short);
        }
    }

    #[test]
    fn many_packed_entries_make_no_frame_over_the_limit() {
        let [forms, _] = both(true);
        let mut one = Vec::new();
        forms.string(WHOLE, &[b'x'; MAX_ENTRY], &mut one, &[]);
        assert!(one.len() < 100);
        let mut form = vec![STEPS, 0, 1, 9];
        form.extend(one.repeat(9));
        form.extend([0; 64]);
        let found = wide(&form);
        assert!(matches!(found, Err(Misformed::Over { what: "a frame", .. })), "{found:?}");
    }
}
