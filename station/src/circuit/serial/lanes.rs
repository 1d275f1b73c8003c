//! Lanes: streams of frames side by side, cut into fragments and put together again (spec/serial.md §5).

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use detente_line::Lane;

use super::narrow::{self, Last};
use crate::circuit::MAX_FRAME;

/// The lanes, in the order in which they go.
pub(super) const ALL: [Lane; 7] = [Lane::Z, Lane::Word, Lane::A, Lane::O, Lane::P, Lane::R, Lane::Part];

/// Most fragments of a lane under way.
const MAX_UNDER_WAY: u64 = 64;

/// The number of a lane on the wire.
pub(super) fn code(lane: Lane) -> u8 {
    match lane {
        Lane::Word => 0,
        Lane::Z => 1,
        Lane::A => 2,
        Lane::O => 3,
        Lane::P => 4,
        Lane::R => 5,
        Lane::Part => 6,
    }
}

/// The lane of a number.
pub(super) fn of_code(code: u8) -> Option<Lane> {
    ALL.into_iter().find(|lane| self::code(*lane) == code)
}

/// Whether a lane cuts others short.
pub(super) fn is_urgent(lane: Lane) -> bool {
    matches!(lane, Lane::Z | Lane::Word)
}

/// One direction of a lane, at its sender.
#[derive(Debug, Default)]
pub(super) struct Outlet {
    /// What is not cut into fragments yet.
    stream: VecDeque<u8>,
    /// How far on in it a fragment ends, so that what goes ahead of a signature does not wait for that.
    ends: VecDeque<usize>,
    next: u64,
    /// Fragments that were cut and of which the other side has not said that they came.
    under_way: BTreeMap<u64, Vec<u8>>,
    /// Of these, those that are to go, for the first time or again.
    to_go: BTreeSet<u64>,
    /// Of these, those that have never gone.
    fresh: BTreeSet<u64>,
    /// Something was put in and is not gone yet.
    busy: bool,
    /// What was said last in it (spec/serial.md §5.1).
    pub(super) last: Last,
}

impl Outlet {
    /// Puts frames in; together they are gone once the last of them has gone. What is said ahead goes `apart`: a packet ends with it.
    pub(super) fn put(&mut self, frames: &[Vec<u8>], apart: bool) {
        for frame in frames {
            let mut length = frame.len();
            while length > 0x7f {
                self.stream.push_back(0x80 | (length & 0x7f) as u8);
                length >>= 7;
            }
            self.stream.push_back(length as u8);
            self.stream.extend(frame);
            if apart && narrow::is_ahead(frame) {
                self.ends.push_back(self.stream.len());
            }
        }
        self.busy = true;
    }

    /// Whether a fragment could go.
    pub(super) fn has_any(&self) -> bool {
        !self.to_go.is_empty() || (!self.stream.is_empty() && self.has_room())
    }

    fn has_room(&self) -> bool {
        let first = self.under_way.keys().next().copied().unwrap_or(self.next);
        self.next < first + MAX_UNDER_WAY
    }

    /// The next fragment that fits, its index and bytes, and whether the packet should end with it. It counts as on its way until it
    /// is lost or cut short. One that goes again is as long as it was: `alone` it fits in any packet.
    pub(super) fn fragment(&mut self, most: usize, alone: bool) -> Option<(u64, &[u8], bool)> {
        let mut ends = false;
        let index = match self.to_go.first().copied() {
            Some(index) => index,
            None if self.stream.is_empty() || !self.has_room() || most == 0 => return None,
            None => {
                let end = self.ends.front().copied().unwrap_or(usize::MAX);
                let length = self.stream.len().min(most).min(end);
                ends = length == end;
                if ends {
                    self.ends.pop_front();
                }
                for end in &mut self.ends {
                    *end -= length;
                }
                self.under_way.insert(self.next, self.stream.drain(..length).collect());
                self.fresh.insert(self.next);
                self.next += 1;
                self.next - 1
            }
        };
        let bytes = self.under_way.get(&index)?;
        if bytes.len() > most && !alone {
            return None;
        }
        self.to_go.remove(&index);
        Some((index, bytes, ends))
    }

    /// A fragment has gone; whether with it all that was put in.
    pub(super) fn gone(&mut self, index: u64) -> bool {
        self.fresh.remove(&index);
        self.is_gone()
    }

    /// Whether all that was put in has gone; once.
    pub(super) fn is_gone(&mut self) -> bool {
        let gone = self.busy && self.stream.is_empty() && self.fresh.is_empty();
        self.busy &= !gone;
        gone
    }

    /// A fragment did not come, or was cut short: it goes again.
    pub(super) fn lost(&mut self, index: u64) {
        if self.under_way.contains_key(&index) {
            self.to_go.insert(index);
        }
    }

    /// A fragment came.
    pub(super) fn came(&mut self, index: u64) {
        self.under_way.remove(&index);
        self.to_go.remove(&index);
    }
}

/// One direction of a lane, at its reader.
#[derive(Debug, Default)]
pub(super) struct Inlet {
    next: u64,
    early: BTreeMap<u64, Vec<u8>>,
    /// The frame that comes, with its length.
    held: Vec<u8>,
    /// What was said last in it (spec/serial.md §5.1).
    pub(super) last: Last,
}

impl Inlet {
    /// Takes a fragment; what came already, or is too far ahead, is dropped.
    pub(super) fn take(&mut self, index: u8, bytes: &[u8]) {
        let ahead = index.wrapping_sub(self.next as u8);
        if u64::from(ahead) < MAX_UNDER_WAY {
            self.early.entry(self.next + u64::from(ahead)).or_insert_with(|| bytes.to_vec());
        }
        while let Some(bytes) = self.early.remove(&self.next) {
            self.held.extend(bytes);
            self.next += 1;
        }
    }

    /// The next whole frame.
    ///
    /// # Errors
    /// The length announced, if it is over [`MAX_FRAME`].
    pub(super) fn frame(&mut self) -> Result<Option<Vec<u8>>, usize> {
        let (mut length, mut behind) = (0_usize, 0);
        for byte in self.held.iter().take(3) {
            length |= usize::from(byte & 0x7f) << (7 * behind);
            behind += 1;
            if byte & 0x80 == 0 {
                break;
            }
        }
        let ends = behind > 0 && self.held.get(behind - 1).is_some_and(|byte| byte & 0x80 == 0);
        if behind == 3 && !ends || length > MAX_FRAME {
            return Err(length);
        }
        if !ends || self.held.len() < behind + length {
            return Ok(None);
        }
        let rest = self.held.split_off(behind + length);
        let mut frame = std::mem::replace(&mut self.held, rest);
        frame.drain(..behind);
        Ok(Some(frame))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_of_any_length_come_out_whole_whatever_order_fragments_come_in() {
        let frames = [vec![1; 5], Vec::new(), vec![2; 127], vec![3; 128], vec![4; 4_000], vec![5; 1]];
        let (mut out, mut into) = (Outlet::default(), Inlet::default());
        out.put(&frames, true);
        let mut found = Vec::new();
        let mut rounds = 0;
        while out.has_any() {
            rounds += 1;
            assert!(rounds < 100);
            let mut batch = Vec::new();
            while let Some((index, bytes, _)) = out.fragment(37, false) {
                batch.push((index, bytes.to_vec()));
            }
            for (place, (index, bytes)) in batch.into_iter().enumerate().rev() {
                out.gone(index);
                if place % 3 == 1 && rounds < 3 {
                    out.lost(index);
                } else {
                    into.take(index as u8, &bytes);
                    into.take(index as u8, &bytes);
                    out.came(index);
                }
            }
            while let Some(frame) = into.frame().unwrap() {
                found.push(frame);
            }
        }
        assert_eq!(found, frames);
    }

    #[test]
    fn what_goes_ahead_ends_a_fragment() {
        let ahead = [&[6][..], &[1; 69]].concat();
        let mut out = Outlet::default();
        out.put(&[ahead.clone(), vec![7; 65], vec![2; 20]], true);
        let mut lengths = Vec::new();
        while let Some((_, bytes, ends)) = out.fragment(50, false) {
            lengths.push((bytes.len(), ends));
        }
        // A length of one byte before each.
        assert_eq!(lengths, [(50, false), (21, true), (50, false), (37, false)]);
        out.put(&[ahead, vec![7; 65]], false);
        assert!(out.fragment(240, false).is_some_and(|(_, bytes, ends)| bytes.len() == 137 && !ends));
    }

    #[test]
    fn a_frame_over_the_limit_is_not_waited_for() {
        let mut into = Inlet::default();
        into.take(0, &[0xff, 0xff, 0x7f]);
        assert!(into.frame().is_err());
        let mut into = Inlet::default();
        into.take(0, &[0xff, 0xff, 0xff]);
        assert!(into.frame().is_err());
        let mut into = Inlet::default();
        into.take(0, &[0xff]);
        assert_eq!(into.frame(), Ok(None));
    }
}
