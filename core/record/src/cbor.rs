//! The canonical form that every structure has (spec/record.md §1).

use alloc::format;

use crate::fault::Fault;

/// Deepest nesting.
const MAX_DEPTH: u8 = 16;

/// Walks one item after another; allocates nothing.
struct Walk<'a> {
    rest: &'a [u8],
}

fn wrong(expected: &'static str, found: impl Into<alloc::borrow::Cow<'static, str>>) -> Fault {
    Fault::malformed("canonical CBOR", expected, found)
}

impl<'a> Walk<'a> {
    fn take(&mut self, count: u64) -> Result<&'a [u8], Fault> {
        let count = usize::try_from(count).ok().filter(|count| *count <= self.rest.len());
        let Some((taken, rest)) = count.and_then(|count| self.rest.split_at_checked(count)) else {
            return Err(wrong("as many bytes as announced", "the end"));
        };
        self.rest = rest;
        Ok(taken)
    }

    /// Major type and argument, in the shortest form.
    fn head(&mut self) -> Result<(u8, u64), Fault> {
        let first = self.take(1)?.first().copied().unwrap_or_default();
        let (major, info) = (first >> 5, first & 31);
        let (argument, least) = match info {
            0..=23 => return Ok((major, u64::from(info))),
            24 => (self.number(1)?, 24),
            25 => (self.number(2)?, 1 << 8),
            26 => (self.number(4)?, 1 << 16),
            27 => (self.number(8)?, 1 << 32),
            _ => return Err(wrong("definite lengths", format!("additional information {info}"))),
        };
        if major == 7 || argument < least {
            return Err(wrong("the shortest form", format!("0x{first:02x} {argument}")));
        }
        Ok((major, argument))
    }

    fn number(&mut self, bytes: u64) -> Result<u64, Fault> {
        Ok(self.take(bytes)?.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)))
    }

    fn item(&mut self, depth: u8) -> Result<(), Fault> {
        if depth > MAX_DEPTH {
            return Err(wrong("nesting of at most 16", "deeper"));
        }
        match self.head()? {
            (0 | 1, _) => Ok(()),
            (2, length) => self.take(length).map(|_| ()),
            (3, length) => match core::str::from_utf8(self.take(length)?) {
                Ok(_) => Ok(()),
                Err(_) => Err(wrong("text in UTF-8", "other bytes")),
            },
            (4, length) => (0..length).try_for_each(|_| self.item(depth + 1)),
            (5, length) => {
                let mut last = None;
                for _ in 0..length {
                    let (major, key) = self.head()?;
                    if major != 0 || last.is_some_and(|last| key <= last) {
                        return Err(wrong("unsigned integer keys that ascend", format!("type {major}, {key}")));
                    }
                    last = Some(key);
                    self.item(depth + 1)?;
                }
                Ok(())
            }
            (7, 20..=22) => Ok(()),
            (major, _) => Err(wrong("integers, strings, arrays, maps, booleans, null", format!("type {major}"))),
        }
    }
}

/// Holds bytes to be exactly one item in the canonical form.
///
/// # Errors
/// `Malformed`, with the rule that they break.
pub fn canonical(bytes: &[u8]) -> Result<(), Fault> {
    let mut walk = Walk { rest: bytes };
    walk.item(1)?;
    if walk.rest.is_empty() { Ok(()) } else { Err(wrong("one item", format!("{} bytes after it", walk.rest.len()))) }
}
