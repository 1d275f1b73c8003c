//! Which bytes are canonical (spec/record.md §1).
//!
//! `Reader` is the one place that enforces the deterministic encoding: whatever is read through it to its end is
//! canonical, so a structure is checked and read in one pass. It allocates nothing, looks at every byte once, and
//! its depth is bounded by [`MAX_DEPTH`]. Whoever has called [`canonical`] may read the bytes with any CBOR decoder,
//! and need only look at types and keys from then on.

use crate::fault::Fault;

/// How many arrays and maps may stand inside one another.
pub const MAX_DEPTH: usize = 16;

/// Holds bytes to be one item in the deterministic encoding, and nothing after it.
///
/// # Errors
/// `Malformed`, with the rule that is broken first.
pub fn canonical(bytes: &[u8]) -> Result<(), Fault> {
    let mut reader = Reader::new(bytes);
    let read = reader.item(0).and_then(|()| reader.end());
    read.map_err(|broken| {
        Fault::malformed("CBOR", "the deterministic encoding of spec/record.md §1", broken.found())
    })
}

/// The rule that is broken first; of one byte, so that results stay in registers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Broken {
    Short,
    Long,
    Indefinite,
    Reserved,
    NotUtf8,
    Descending,
    Key,
    Deep,
    Tag,
    Float,
    Break,
    Simple,
    After,
    Type,
}

impl Broken {
    /// What was found that breaks it.
    pub(crate) const fn found(self) -> &'static str {
        match self {
            Self::Short => "bytes that end too early",
            Self::Long => "an integer or length longer than it needs to be",
            Self::Indefinite => "an indefinite length",
            Self::Reserved => "a reserved head",
            Self::NotUtf8 => "text that is not UTF-8",
            Self::Descending => "map keys that do not ascend",
            Self::Key => "a map key that is not an unsigned integer",
            Self::Deep => "nesting deeper than 16",
            Self::Tag => "a tag",
            Self::Float => "a floating-point number",
            Self::Break => "a break",
            Self::Simple => "a simple value other than true, false and null",
            Self::After => "bytes after the item",
            Self::Type => "an item of another type",
        }
    }
}

/// Canonical bytes, from the first to the last.
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    #[inline]
    pub(crate) fn uint(&mut self) -> Result<u64, Broken> {
        self.headed(0, Broken::Type)
    }

    pub(crate) fn bytes(&mut self) -> Result<&'a [u8], Broken> {
        let length = self.headed(2, Broken::Type)?;
        self.string(length)
    }

    pub(crate) fn text(&mut self) -> Result<&'a str, Broken> {
        let length = self.headed(3, Broken::Type)?;
        core::str::from_utf8(self.string(length)?).map_err(|_| Broken::NotUtf8)
    }

    /// An array's head: how many items follow.
    pub(crate) fn array(&mut self) -> Result<u64, Broken> {
        self.headed(4, Broken::Type)
    }

    /// A map's head: how many keys follow, each read by [`Reader::key`] and before its item.
    pub(crate) fn map(&mut self) -> Result<u64, Broken> {
        self.headed(5, Broken::Type)
    }

    /// A key of a map, and the `last` one of the same map from now on.
    #[inline]
    pub(crate) fn key(&mut self, last: &mut Option<u64>) -> Result<u64, Broken> {
        let key = self.headed(0, Broken::Key)?;
        if last.replace(key).is_none_or(|last| last < key) { Ok(key) } else { Err(Broken::Descending) }
    }

    pub(crate) fn flag(&mut self) -> Result<bool, Broken> {
        match self.byte()? {
            0xf4 => Ok(false),
            0xf5 => Ok(true),
            _ => Err(Broken::Type),
        }
    }

    /// The bytes of a whole map that stands inside `depth` others.
    pub(crate) fn whole_map(&mut self, depth: usize) -> Result<&'a [u8], Broken> {
        let from = self.rest;
        if from.first().is_none_or(|first| first >> 5 != 5) {
            return Err(Broken::Type);
        }
        self.item(depth)?;
        from.get(..from.len() - self.rest.len()).ok_or(Broken::Short)
    }

    /// Any item that stands inside `depth` arrays and maps.
    pub(crate) fn item(&mut self, depth: usize) -> Result<(), Broken> {
        let first = self.byte()?;
        match first >> 5 {
            0 | 1 => self.argument(first).map(|_| ()),
            2 => {
                let length = self.argument(first)?;
                self.string(length).map(|_| ())
            }
            3 => {
                let length = self.argument(first)?;
                core::str::from_utf8(self.string(length)?).map(|_| ()).map_err(|_| Broken::NotUtf8)
            }
            4 => {
                let depth = deeper(depth)?;
                (0..self.argument(first)?).try_for_each(|_| self.item(depth))
            }
            5 => {
                let depth = deeper(depth)?;
                let mut last = None;
                (0..self.argument(first)?).try_for_each(|_| {
                    self.key(&mut last)?;
                    self.item(depth)
                })
            }
            6 => Err(Broken::Tag),
            _ => match first {
                0xf4..=0xf6 => Ok(()),
                0xf9..=0xfb => Err(Broken::Float),
                0xff => Err(Broken::Break),
                _ => Err(Broken::Simple),
            },
        }
    }

    /// Holds that nothing is left.
    pub(crate) fn end(&self) -> Result<(), Broken> {
        if self.rest.is_empty() { Ok(()) } else { Err(Broken::After) }
    }

    /// The argument of an item of one major type (RFC 8949 §3.1); for any other type, `otherwise`.
    #[inline]
    fn headed(&mut self, major: u8, otherwise: Broken) -> Result<u64, Broken> {
        let first = self.byte()?;
        if first >> 5 == major { self.argument(first) } else { Err(otherwise) }
    }

    /// The argument of an item's head: the value itself, a length or a count, in its shortest form.
    #[inline]
    fn argument(&mut self, first: u8) -> Result<u64, Broken> {
        match first & 31 {
            direct @ 0..=23 => Ok(u64::from(direct)),
            form => self.long_argument(form),
        }
    }

    /// An argument in the bytes after the head.
    fn long_argument(&mut self, form: u8) -> Result<u64, Broken> {
        let (value, least) = match form {
            24 => (u64::from(self.byte()?), 24),
            25 => (u64::from(u16::from_be_bytes(self.take()?)), 1 << 8),
            26 => (u64::from(u32::from_be_bytes(self.take()?)), 1 << 16),
            27 => (u64::from_be_bytes(self.take()?), 1 << 32),
            31 => return Err(Broken::Indefinite),
            _ => return Err(Broken::Reserved),
        };
        if value < least { Err(Broken::Long) } else { Ok(value) }
    }

    fn string(&mut self, length: u64) -> Result<&'a [u8], Broken> {
        let length = usize::try_from(length).map_err(|_| Broken::Short)?;
        let (string, rest) = self.rest.split_at_checked(length).ok_or(Broken::Short)?;
        self.rest = rest;
        Ok(string)
    }

    fn byte(&mut self) -> Result<u8, Broken> {
        let (byte, rest) = self.rest.split_first().ok_or(Broken::Short)?;
        self.rest = rest;
        Ok(*byte)
    }

    fn take<const N: usize>(&mut self) -> Result<[u8; N], Broken> {
        let (bytes, rest) = self.rest.split_first_chunk().ok_or(Broken::Short)?;
        self.rest = rest;
        Ok(*bytes)
    }
}

fn deeper(depth: usize) -> Result<usize, Broken> {
    if depth < MAX_DEPTH { Ok(depth + 1) } else { Err(Broken::Deep) }
}

#[cfg(test)]
mod tests {
    use alloc::vec;
    use alloc::vec::Vec;

    use super::*;

    #[test]
    fn accepts_the_deterministic_encoding() {
        let good: &[&[u8]] = &[
            &[0x00],
            &[0x17],
            &[0x18, 0x18],
            &[0x19, 0x01, 0x00],
            &[0x1a, 0, 1, 0, 0],
            &[0x1b, 0, 0, 0, 1, 0, 0, 0, 0],
            &[0x20],
            &[0x3b, 255, 255, 255, 255, 255, 255, 255, 255],
            &[0x40],
            &[0x41, 0xff],
            &[0x60],
            &[0x62, 0xc3, 0xa9],
            &[0x80],
            &[0x82, 0x01, 0xa0],
            &[0xa0],
            &[0xa2, 0x00, 0xf4, 0x18, 0x18, 0xf6],
            &[0xf5],
        ];
        for bytes in good {
            canonical(bytes).unwrap_or_else(|fault| panic!("{bytes:02x?}: {fault}"));
        }
    }

    #[test]
    fn refuses_everything_else() {
        let bad: &[(&[u8], &str)] = &[
            (&[], "bytes that end too early"),
            (&[0x18, 0x17], "an integer or length longer than it needs to be"),
            (&[0x19, 0x00, 0xff], "an integer or length longer than it needs to be"),
            (&[0x1a, 0, 0, 255, 255], "an integer or length longer than it needs to be"),
            (&[0x1b, 0, 0, 0, 0, 255, 255, 255, 255], "an integer or length longer than it needs to be"),
            (&[0x38, 0x17], "an integer or length longer than it needs to be"),
            (&[0x58, 0x01, 0x00], "an integer or length longer than it needs to be"),
            (&[0x1c], "a reserved head"),
            (&[0x5f, 0x41, 0x00, 0xff], "an indefinite length"),
            (&[0x9f, 0xff], "an indefinite length"),
            (&[0xbf, 0xff], "an indefinite length"),
            (&[0x61, 0xff], "text that is not UTF-8"),
            (&[0x63, 0xed, 0xa0, 0x80], "text that is not UTF-8"),
            (&[0xc0, 0x00], "a tag"),
            (&[0xf9, 0x3c, 0x00], "a floating-point number"),
            (&[0xf7], "a simple value other than true, false and null"),
            (&[0xf8, 0x20], "a simple value other than true, false and null"),
            (&[0xff], "a break"),
            (&[0xa1, 0x20, 0x00], "a map key that is not an unsigned integer"),
            (&[0xa1, 0x61, 0x61, 0x00], "a map key that is not an unsigned integer"),
            (&[0xa2, 0x01, 0x00, 0x01, 0x00], "map keys that do not ascend"),
            (&[0xa2, 0x02, 0x00, 0x01, 0x00], "map keys that do not ascend"),
            (&[0x00, 0x00], "bytes after the item"),
            (&[0x42, 0x00], "bytes that end too early"),
            (&[0x9b, 255, 255, 255, 255, 255, 255, 255, 255], "bytes that end too early"),
            (&[0x5b, 255, 255, 255, 255, 255, 255, 255, 255], "bytes that end too early"),
        ];
        for (bytes, rule) in bad {
            let fault = canonical(bytes).expect_err("not canonical");
            assert_eq!(fault.detail().found, *rule, "{bytes:02x?}");
        }
    }

    #[test]
    fn sixteen_levels_and_no_more() {
        let nested = |levels: usize| -> Vec<u8> { [vec![0x81; levels], vec![0x00]].concat() };
        assert!(canonical(&nested(16)).is_ok());
        assert!(canonical(&nested(17)).is_err());
        assert!(canonical(&vec![0x81; 1 << 20]).is_err());
    }
}
