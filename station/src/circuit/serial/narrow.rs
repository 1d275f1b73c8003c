//! Narrow forms: what frames are called on a serial line, in fewer bytes (spec/serial.md §5.1).
//!
//! Promises that [`Forms::wide`] gives, of what [`Forms::narrow`] gave, the same frame to the byte; a frame of which that would not be
//! so goes as it is. Refuses, by name, whatever is no form, before it takes room for it.

use std::collections::VecDeque;

use detente_line::frame::{self, Frame};
use detente_record::{Book, EntryRef, EntryView, Hash, LineId, Party, Receipt};

pub use self::memory::{Last, Tests};
use self::memory::{MAX_HEARD, MAX_SENT, find, note};
use self::reading::{Rest, at_most, wide_entries, wide_receipt};
use super::packing;
use crate::circuit::MAX_FRAME;

mod memory;
mod reading;

/// First bytes.
const STEP: u8 = 1;
const RECEIPT: u8 = 2;
const HELLO: u8 = 3;
const STEPS: u8 = 4;
const RECEIPT_OF: u8 = 5;
const AHEAD: u8 = 6;
const SIGNED: u8 = 7;
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
pub enum Misformed {
    /// It begins like none.
    #[error("a form that begins with {0}, where 1 to 7 or 128 to 159 was expected")]
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
        /// So many were said.
        found: u64,
        /// So many may be.
        most: u64,
    },
    /// A packed string does not unpack.
    #[error("a packed string that does not unpack to the {0} bytes that it declares")]
    Packed(usize),
    /// Parts that make no entry.
    #[error("an entry in parts that make none")]
    Entry,
    /// A signature of what was said ahead, and nothing was right before it.
    #[error("a signature of nothing said ahead")]
    Alone,
}

/// How frames are called between two stations. Times are said by what they differ from the last one in the same lane, which both
/// ends keep, in ms; 0 before the first.
#[derive(Debug, Clone)]
pub struct Forms {
    hello: [u8; 37],
    own: Party,
    peer: Party,
    /// The memorandum has bodies packed.
    pub packs: bool,
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
    pub fn new(line: &LineId, own: Party, peer: Party, packs: bool) -> Self {
        let mut hello = [0; 37];
        for (to, from) in hello.iter_mut().zip(HELLO_HEAD.iter().chain(&line.0)) {
            *to = *from;
        }
        Self { hello, own, peer, packs }
    }

    /// The form of a frame; `last` is what was said last in its lane.
    pub fn narrow(&self, frame: &[u8], last: &mut Last, tests: &mut Tests) -> Vec<u8> {
        let heard = &tests.heard;
        let mut now_ms = last.time_ms;
        let form = match Frame::decode(frame) {
            Ok(Frame::Step { book, first, entries, signature }) => {
                let said =
                    last.ahead.as_deref().is_some_and(|said| said == frame::ahead(book, first, &entries));
                let mut form = if said {
                    vec![SIGNED]
                } else {
                    let kind = if entries.len() == 1 { STEP } else { STEPS };
                    self.entries(kind, book, first, (&entries, heard), &mut now_ms)
                };
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
            |form: &Vec<u8>| there.frame(form, &mut last.clone(), heard).is_ok_and(|wide| wide == frame);
        // Numbers of more than 62 bits, which a liar may write, take more than in a frame.
        let form = form.filter(|form| form.len() <= frame.len()).filter(same);
        note(frame, &mut tests.sent, MAX_SENT);
        last.ahead = None;
        let Some(form) = form else { return frame.to_vec() };
        last.time_ms = now_ms;
        if is_ahead(&form) {
            last.ahead = Some(frame.to_vec());
        }
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
            let parts =
                EntryView::decode(bytes).ok().filter(|entry| entry.second.is_none()).and_then(|entry| {
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

    /// The frame of a form; `last` is what was said last in its lane.
    ///
    /// # Errors
    /// What is wrong with it. What a frame says is not looked at.
    pub fn wide(&self, form: &[u8], last: &mut Last, tests: &mut Tests) -> Result<Vec<u8>, Misformed> {
        let frame = self.frame(form, last, &tests.sent)?;
        last.ahead = is_ahead(form).then(|| frame.clone());
        note(&frame, &mut tests.heard, MAX_HEARD);
        Ok(frame)
    }

    fn frame(
        &self,
        form: &[u8],
        last: &mut Last,
        sent: &VecDeque<(EntryRef, Hash)>,
    ) -> Result<Vec<u8>, Misformed> {
        let Some((first, rest)) = form.split_first() else { return Err(Misformed::Short) };
        let (mut rest, last_ms) = (Rest(rest), &mut last.time_ms);
        let frame = match *first {
            STEP | STEPS => {
                let (book, first, entries) = wide_entries(&mut rest, *first == STEP, last_ms, sent)?;
                frame::step(book, first, &entries, &rest.fixed()?)
            }
            AHEAD => {
                let (book, first, entries) = wide_entries(&mut rest, false, last_ms, sent)?;
                frame::ahead(book, first, &entries)
            }
            SIGNED => match last.ahead.as_deref().map(Frame::decode) {
                Some(Ok(Frame::Ahead { book, first, entries })) => {
                    frame::step(book, first, &entries, &rest.fixed()?)
                }
                _ => return Err(Misformed::Alone),
            },
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

/// Whether a form says something ahead of its signature.
pub(crate) fn is_ahead(form: &[u8]) -> bool {
    form.first() == Some(&AHEAD)
}

#[cfg(test)]
mod tests {
    use detente_line::Content;
    use detente_record::{Cut, Entry, MAX_ENTRY, sha256};

    use super::*;

    const LINE: LineId = LineId([9; 32]);

    /// The forms of two stations.
    fn both(packs: bool) -> [Forms; 2] {
        let [one, other] = [0, 1].map(|number| Party::new(number).unwrap());
        [Forms::new(&LINE, one, other, packs), Forms::new(&LINE, other, one, packs)]
    }

    fn wide(form: &[u8]) -> Result<Vec<u8>, Misformed> {
        let [_, there] = both(true);
        there.wide(form, &mut Last::default(), &mut Tests::default())
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
            second: None,
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
            // Its signature right behind it is all that is said.
            (frame::step(book(3), 8, std::slice::from_ref(&empty), &[5; 64]), 65),
            (frame::step(book(3), 8, std::slice::from_ref(&empty), &[5; 64]), 85),
            (frame::ahead(book(3), 8, std::slice::from_ref(&empty)), 20),
            (frame::step(book(3), 9, std::slice::from_ref(&empty), &[5; 64]), 85),
            (frame::ping(77), 5),
            (vec![0x83, 1, 2], 3),
        ];
        for packs in [true, false] {
            let [here, there] = both(packs);
            let (mut said, mut came) = <(Last, Last)>::default();
            let (mut ours, mut theirs) = <(Tests, Tests)>::default();
            for (frame, most) in &frames {
                let form = here.narrow(frame, &mut said, &mut ours);
                assert_eq!(&there.wide(&form, &mut came, &mut theirs).unwrap(), frame);
                assert_eq!(said.time_ms, came.time_ms);
                assert!(form.len() <= frame.len());
                assert!(!packs || form.len() <= *most, "{} bytes, not {most}", form.len());
            }
        }
    }

    #[test]
    fn what_is_no_form_is_refused_by_name() {
        let [forms, _] = both(true);
        let text = text_body(&"stop and wait for the convoy ".repeat(20));
        let form = forms.narrow(
            &step(&[entry(1, text).encode().unwrap()]),
            &mut Last::default(),
            &mut Tests::default(),
        );
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
        assert_eq!(wide(&[8, 0]), Err(Misformed::Unknown(8)));
        assert_eq!(wide(&[&[SIGNED][..], &[0; 64]].concat()), Err(Misformed::Alone));
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
        let form = here.narrow(&frame::ahead(book(3), 8, &[test]), &mut Last::default(), &mut ours);
        there.wide(&form, &mut Last::default(), &mut theirs).unwrap();
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
            let form = there.narrow(&frame, &mut Last::default(), &mut theirs);
            assert_eq!(form.len() < 25, is_short, "{} bytes", form.len());
            assert_eq!(here.wide(&form, &mut Last::default(), &mut ours).as_ref(), Ok(&frame));
            // On another circuit nobody knows which test that was.
            let alone = here.wide(&form, &mut Last::default(), &mut Tests::default());
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
