//! Reading narrow forms: numbers, strings, receipts, entries. Every length is held to its limit before anything takes room for it.

use std::collections::VecDeque;

use detente_line::frame;
use detente_record::{
    Book, Cut, Entry, EntryRef, Hash, MAX_CUT, MAX_ENTRY, MAX_REGARDS, Party, Receipt, STEP_ENTRIES,
};

use super::memory::find;
use super::{
    ANSWER, CUT, EMPTY, FORM, FURTHER, HELD, LANGUAGE, Misformed, NOTHING, PACKED, REGARDS, TEXT, VECTOR,
    WHOLE, digest_body, packing, text_body,
};
use crate::circuit::MAX_FRAME;

/// A number that is said by another one.
pub(super) fn unfolded(from: u64, said: u64) -> Result<u64, Misformed> {
    let to = if said.is_multiple_of(2) { from.checked_add(said / 2) } else { from.checked_sub(said / 2 + 1) };
    to.ok_or(Misformed::Entry)
}

pub(super) fn at_most(what: &'static str, found: u64, most: u64) -> Result<u64, Misformed> {
    if found > most { Err(Misformed::Over { what, found, most }) } else { Ok(found) }
}

/// What is left of a form.
pub(super) struct Rest<'a>(pub(super) &'a [u8]);

impl<'a> Rest<'a> {
    pub(super) fn take(&mut self, length: usize) -> Result<&'a [u8], Misformed> {
        let (taken, rest) = self.0.split_at_checked(length).ok_or(Misformed::Short)?;
        self.0 = rest;
        Ok(taken)
    }

    pub(super) fn fixed<const N: usize>(&mut self) -> Result<[u8; N], Misformed> {
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

pub(super) fn wide_receipt(
    rest: &mut Rest<'_>,
    of: Option<Party>,
    last_ms: &mut u64,
) -> Result<Vec<u8>, Misformed> {
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

pub(super) fn wide_entries(
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
    let entry = Entry {
        serial,
        time_ms,
        clock_held,
        office,
        language,
        regards,
        cut,
        vector,
        kind,
        body,
        second: None,
    };
    entry.encode().map_err(|_| Misformed::Entry)
}
