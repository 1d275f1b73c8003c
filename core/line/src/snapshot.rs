//! Snapshots: a line's whole state as bytes, so that a station with a long record starts at once.
//!
//! A snapshot is this station's own and nobody else's: it is written and read by one version of this crate, never
//! sent, and never evidence. One that does not fit (another version, line or party, or damaged) is refused, and
//! the record is replayed instead; both give the same line. It holds no keys.

use alloc::collections::{BTreeMap, BTreeSet, VecDeque};
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::cmp::Reverse;

use detente_record::{Book, Checkpoint, Class, EntryRef, Frontier, Party, Receipt, SignedCheckpoint};

use crate::kind::{Choice, Duty, Matter, Outcome};
use crate::memorandum::Memorandum;

/// What bytes of a snapshot begin with; another form, another number.
const MAGIC: &[u8] = b"detente snapshot 10\n";

/// Something that can be kept in a snapshot.
pub(crate) trait Keep: Sized {
    /// Appends it.
    fn keep(&self, out: &mut Vec<u8>);
    /// Reads it from the front; `None` if it is not there.
    fn back(from: &mut &[u8]) -> Option<Self>;
}

/// Keeps a structure field by field.
macro_rules! keep {
    ($name:ty { $($field:ident),+ $(,)? }) => {
        impl $crate::snapshot::Keep for $name {
            fn keep(&self, out: &mut alloc::vec::Vec<u8>) {
                $($crate::snapshot::Keep::keep(&self.$field, out);)+
            }
            fn back(from: &mut &[u8]) -> Option<Self> {
                Some(Self { $($field: $crate::snapshot::Keep::back(from)?),+ })
            }
        }
    };
}
pub(crate) use keep;

fn take<'a>(from: &mut &'a [u8], count: usize) -> Option<&'a [u8]> {
    let (taken, rest) = from.split_at_checked(count)?;
    *from = rest;
    Some(taken)
}

impl Keep for u64 {
    /// Little-endian base 128, as most numbers are small.
    fn keep(&self, out: &mut Vec<u8>) {
        let mut rest = *self;
        while rest >= 128 {
            out.push((rest & 127) as u8 | 128);
            rest >>= 7;
        }
        out.push(rest as u8);
    }
    fn back(from: &mut &[u8]) -> Option<Self> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let byte = take(from, 1)?.first().copied()?;
            number |= u64::from(byte & 127) << shift;
            if byte < 128 {
                return Some(number);
            }
        }
        None
    }
}

macro_rules! keep_number {
    ($($number:ty),+) => {$(
        impl Keep for $number {
            fn keep(&self, out: &mut Vec<u8>) {
                u64::from(*self).keep(out);
            }
            fn back(from: &mut &[u8]) -> Option<Self> {
                u64::back(from)?.try_into().ok()
            }
        }
    )+};
}
keep_number!(u8, u16, u32);

impl Keep for bool {
    fn keep(&self, out: &mut Vec<u8>) {
        out.push(u8::from(*self));
    }
    fn back(from: &mut &[u8]) -> Option<Self> {
        match take(from, 1)? {
            [0] => Some(false),
            [1] => Some(true),
            _ => None,
        }
    }
}

impl<const N: usize> Keep for [u8; N] {
    fn keep(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self);
    }
    fn back(from: &mut &[u8]) -> Option<Self> {
        take(from, N)?.try_into().ok()
    }
}

impl Keep for String {
    fn keep(&self, out: &mut Vec<u8>) {
        (self.len() as u64).keep(out);
        out.extend_from_slice(self.as_bytes());
    }
    fn back(from: &mut &[u8]) -> Option<Self> {
        let length = usize::try_from(u64::back(from)?).ok()?;
        core::str::from_utf8(take(from, length)?).ok().map(Self::from)
    }
}

impl<T: Keep> Keep for Option<T> {
    fn keep(&self, out: &mut Vec<u8>) {
        self.is_some().keep(out);
        if let Some(held) = self {
            held.keep(out);
        }
    }
    fn back(from: &mut &[u8]) -> Option<Self> {
        if bool::back(from)? { T::back(from).map(Some) } else { Some(None) }
    }
}

impl<T: Keep> Keep for Arc<T> {
    fn keep(&self, out: &mut Vec<u8>) {
        T::keep(self, out);
    }
    fn back(from: &mut &[u8]) -> Option<Self> {
        T::back(from).map(Self::new)
    }
}

impl<A: Keep, B: Keep> Keep for (A, B) {
    fn keep(&self, out: &mut Vec<u8>) {
        self.0.keep(out);
        self.1.keep(out);
    }
    fn back(from: &mut &[u8]) -> Option<Self> {
        Some((A::back(from)?, B::back(from)?))
    }
}

/// Keeps anything that is a number of items one after another.
macro_rules! keep_list {
    ($list:ident<$($item:ident$(: $bound:ident)?),+>, $one:ty) => {
        impl<$($item: Keep $(+ $bound)?),+> Keep for $list<$($item),+> {
            fn keep(&self, out: &mut Vec<u8>) {
                (self.len() as u64).keep(out);
                for item in self {
                    keep_list!(@one item out $($item)+);
                }
            }
            fn back(from: &mut &[u8]) -> Option<Self> {
                let length = u64::back(from)?;
                (0..length).map(|_| <$one>::back(from)).collect()
            }
        }
    };
    (@one $item:ident $out:ident $a:ident) => { $item.keep($out) };
    (@one $item:ident $out:ident $a:ident $b:ident) => {{ $item.0.keep($out); $item.1.keep($out); }};
}
keep_list!(Vec<T>, T);
keep_list!(VecDeque<T>, T);
keep_list!(BTreeSet<T: Ord>, T);
keep_list!(BTreeMap<K: Ord, V>, (K, V));

impl Keep for Party {
    fn keep(&self, out: &mut Vec<u8>) {
        self.number().keep(out);
    }
    fn back(from: &mut &[u8]) -> Option<Self> {
        Self::new(u8::back(from)?).ok()
    }
}

impl<T: Keep> Keep for Reverse<T> {
    fn keep(&self, out: &mut Vec<u8>) {
        self.0.keep(out);
    }
    fn back(from: &mut &[u8]) -> Option<Self> {
        T::back(from).map(Self)
    }
}

impl Keep for Book {
    fn keep(&self, out: &mut Vec<u8>) {
        self.code().keep(out);
    }
    fn back(from: &mut &[u8]) -> Option<Self> {
        Self::from_code(u32::back(from)?).ok()
    }
}

impl Keep for Frontier {
    fn keep(&self, out: &mut Vec<u8>) {
        let bytes = self.encode();
        (bytes.len() as u64).keep(out);
        out.extend_from_slice(&bytes);
    }
    fn back(from: &mut &[u8]) -> Option<Self> {
        let length = usize::try_from(u64::back(from)?).ok()?;
        Self::decode(take(from, length)?).ok()
    }
}

impl Keep for Class {
    fn keep(&self, out: &mut Vec<u8>) {
        self.number().keep(out);
    }
    fn back(from: &mut &[u8]) -> Option<Self> {
        Self::from_number(u8::back(from)?).ok()
    }
}

impl Keep for Choice {
    fn keep(&self, out: &mut Vec<u8>) {
        (*self as u8).keep(out);
    }
    fn back(from: &mut &[u8]) -> Option<Self> {
        let number = u8::back(from)?;
        [Self::For, Self::Against, Self::Abstain].into_iter().find(|choice| *choice as u8 == number)
    }
}

impl Keep for Matter {
    fn keep(&self, out: &mut Vec<u8>) {
        match self {
            Self::Reopen => 1u8.keep(out),
            Self::Resolve => 2u8.keep(out),
            Self::Amend(memorandum) => {
                3u8.keep(out);
                memorandum.encode().keep(out);
            }
            Self::Found(name) => {
                4u8.keep(out);
                name.keep(out);
            }
        }
    }
    fn back(from: &mut &[u8]) -> Option<Self> {
        match u8::back(from)? {
            1 => Some(Self::Reopen),
            2 => Some(Self::Resolve),
            3 => Some(Self::Amend(Arc::new(Memorandum::decode(&Vec::<u8>::back(from)?).ok()?))),
            4 => String::back(from).map(Self::Found),
            _ => None,
        }
    }
}

impl Keep for Outcome {
    fn keep(&self, out: &mut Vec<u8>) {
        (*self as u8).keep(out);
    }
    fn back(from: &mut &[u8]) -> Option<Self> {
        let number = u8::back(from)?;
        [Self::Carried, Self::Defeated, Self::Lapsed, Self::Overtaken]
            .into_iter()
            .find(|outcome| *outcome as u8 == number)
    }
}

impl Keep for Duty {
    fn keep(&self, out: &mut Vec<u8>) {
        match self {
            Self::Off => (0u8, 0u16),
            Self::On => (1, 0),
            Self::Handover { to } => (2, *to),
        }
        .keep(out);
    }
    fn back(from: &mut &[u8]) -> Option<Self> {
        match <(u8, u16)>::back(from)? {
            (0, 0) => Some(Self::Off),
            (1, 0) => Some(Self::On),
            (2, to) => Some(Self::Handover { to }),
            _ => None,
        }
    }
}

keep!(EntryRef { book, number });
keep!(Checkpoint { book, size, root });
keep!(SignedCheckpoint { checkpoint, signature });
keep!(Receipt { book, party, size, seconds, signature });

/// The beginning of a snapshot: what it belongs to. The state follows.
pub(crate) fn begin(line: &[u8; 32], me: Party) -> Vec<u8> {
    let mut out = Vec::from(MAGIC);
    line.keep(&mut out);
    me.keep(&mut out);
    out
}
