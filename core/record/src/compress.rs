//! SHA-256 of what is hashed once or more for every entry: leaves, nodes and blinds (spec/record.md §4, §5).
//!
//! These messages are a few blocks long: to buffer one, and to wipe the buffer, would cost as much as to hash it.
//! So a [`Message`] is laid out and padded here, and its blocks go straight into the compression function of `sha2`.

use alloc::vec::Vec;
use core::slice;

use sha2::block_api::compress256;

use crate::hash::Hash;

/// Bytes that SHA-256 takes in at a time.
pub(crate) const BLOCK: usize = 64;

/// SHA-256 between two blocks.
pub(crate) type State = [u32; 8];

/// SHA-256 before its first block (FIPS 180-4 §5.3.3).
pub(crate) const INITIAL: State =
    [0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19];

/// Messages that are laid out before the first of them is hashed.
const AHEAD: usize = 16;

/// SHA-256 after one block.
pub(crate) fn after(block: &[u8; BLOCK]) -> State {
    let mut state = INITIAL;
    compress256(&mut state, slice::from_ref(block));
    state
}

/// The hash of one message, begun with a state.
pub(crate) fn hash_one<'a>(begun: &State, lay_out: impl FnOnce(&mut Message<'a>)) -> Hash {
    let mut message = Message::BLANK;
    lay_out(&mut message);
    message.hash(begun)
}

/// The hashes of many messages, one for each item, all begun with one state.
///
/// A processor that reads bytes which it has only just written waits until they are written, and meanwhile works on
/// nothing else. So several messages are laid out, and then hashed.
pub(crate) fn hash_all<'a, T>(
    begun: &State,
    items: impl IntoIterator<Item = T>,
    lay_out: impl Fn(&mut Message<'a>, T),
) -> Vec<Hash> {
    let mut items = items.into_iter();
    let mut hashes = Vec::with_capacity(items.size_hint().0);
    let mut messages = [Message::BLANK; AHEAD];
    loop {
        let mut laid_out = 0;
        for (message, item) in messages.iter_mut().zip(&mut items) {
            lay_out(message, item);
            laid_out += 1;
        }
        hashes.extend(messages.iter().take(laid_out).map(|message| message.hash(begun)));
        if laid_out < AHEAD {
            return hashes;
        }
    }
}

/// A message laid out in blocks. What fills blocks of the caller's bytes stays there.
pub(crate) struct Message<'a> {
    first: [u8; BLOCK],
    /// How many of `first` there are: 0 or 1.
    firsts: usize,
    whole: &'a [[u8; BLOCK]],
    /// What is left, and the padding.
    last: [[u8; BLOCK]; 2],
    /// How many of `last` there are: 1 or 2.
    lasts: usize,
}

impl<'a> Message<'a> {
    const BLANK: Self = Self { first: [0; BLOCK], firsts: 0, whole: &[], last: [[0; BLOCK]; 2], lasts: 0 };

    /// Lays out `head`, fewer bytes than a block, and `rest`; `before` bytes have been taken in already.
    #[inline]
    pub(crate) fn lay_out(&mut self, before: usize, head: &[u8], rest: &'a [u8]) {
        let bits = (before + head.len() + rest.len()) as u64 * 8;
        let (start, space) = self.first.split_at_mut(head.len());
        let (head, rest) = match rest.split_at_checked(space.len()) {
            Some((fitting, rest)) => {
                start.copy_from_slice(head);
                space.copy_from_slice(fitting);
                self.firsts = 1;
                (&[][..], rest)
            }
            None => {
                self.firsts = 0;
                (head, rest)
            }
        };
        let (whole, tail) = rest.as_chunks();
        self.whole = whole;
        self.last = [[0; BLOCK]; 2];
        let (start, space) = self.last.as_flattened_mut().split_at_mut(head.len());
        start.copy_from_slice(head);
        let (start, space) = space.split_at_mut(tail.len());
        start.copy_from_slice(tail);
        // FIPS 180-4 §5.1.1: one bit, zeros, and at the end of a block the number of bits before.
        if let Some(mark) = space.first_mut() {
            *mark = 0x80;
        }
        self.lasts = if head.len() + tail.len() < BLOCK - 8 { 1 } else { 2 };
        if let Some(end) =
            self.last.iter_mut().take(self.lasts).last().and_then(|block| block.last_chunk_mut())
        {
            *end = bits.to_be_bytes();
        }
    }

    fn hash(&self, begun: &State) -> Hash {
        let mut state = *begun;
        let (first, _) = slice::from_ref(&self.first).split_at(self.firsts);
        let (last, _) = self.last.split_at(self.lasts);
        for blocks in [first, self.whole, last].into_iter().filter(|blocks| !blocks.is_empty()) {
            compress256(&mut state, blocks);
        }
        let mut hash = Hash::default();
        let (words, _) = hash.as_chunks_mut();
        for (bytes, word) in words.iter_mut().zip(state) {
            *bytes = word.to_be_bytes();
        }
        hash
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash::sha256_of;

    fn bytes() -> Vec<u8> {
        (0..=255).cycle().take(400).collect()
    }

    #[test]
    fn what_is_laid_out_hashes_as_elsewhere() {
        let bytes = bytes();
        for (length, place) in (0..300).flat_map(|length| [0, 1, 17, 33, 63].map(|place| (length, place))) {
            let (head, rest) = bytes[..place + length].split_at(place);
            let hash = hash_one(&INITIAL, |message| message.lay_out(0, head, rest));
            assert_eq!(hash, sha256_of(&[head, rest]), "{place} and {length}");
        }
        let (block, rest) = bytes.split_first_chunk().unwrap();
        for length in 0..300 {
            let rest = &rest[..length];
            let hash = hash_one(&after(block), |message| message.lay_out(BLOCK, &[], rest));
            assert_eq!(hash, sha256_of(&[block, rest]), "{length}");
        }
    }

    #[test]
    fn many_hash_like_each() {
        let bytes = bytes();
        for count in [0, 1, AHEAD - 1, AHEAD, AHEAD + 1, 5 * AHEAD] {
            // Longer ones first: nothing of a message may be left for the next.
            let items = bytes.chunks(4).take(count).enumerate().map(|(place, _)| &bytes[4 * place..]);
            let each: Vec<Hash> = items.clone().map(|rest| sha256_of(&[&[7], rest])).collect();
            assert_eq!(hash_all(&INITIAL, items, |message, rest| message.lay_out(0, &[7], rest)), each);
        }
    }
}
