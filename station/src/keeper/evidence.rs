//! Proof of a breach on its way to a disk that is full.
//!
//! Promises that the first proof of each kind of breach by a party is kept at once even then, as long as the reserve of FLASH
//! and acts has room: a station that stops before there is room again still has it. Refuses to let whoever misbehaves again and again use up what FLASH
//! needs: further proofs of one party's same breach share [`RESERVED_BYTES`] of the reserve, and what goes beyond waits in
//! memory for room.

use std::collections::{BTreeSet, VecDeque};

use crate::store::{Batch, NewEvidence};

/// As much as the reserve holds of evidence, in bytes: proof that a book has forked takes two or three thousand.
const RESERVED_BYTES: usize = 512 << 10;
/// Most evidence that waits in memory.
const MAX_WAITING: usize = 256;
/// What a piece takes beside its proof and its words, in bytes.
const PIECE_OVERHEAD: usize = 64;

/// Evidence that the disk has no room for just now, and how much of the reserve other evidence has taken.
#[derive(Debug, Default)]
pub(super) struct WaitingEvidence {
    waiting: VecDeque<NewEvidence>,
    reserved_bytes: usize,
    /// Whose breach of what was kept since the disk is full.
    first: BTreeSet<String>,
    dropped: u64,
}

/// Whose breach of what a piece proves: its words up to what was expected.
fn breach(piece: &NewEvidence) -> &str {
    piece.kind.split_once(": expected").map_or(&piece.kind, |(breach, _)| breach)
}

fn bytes(piece: &NewEvidence) -> usize {
    piece.bytes.len() + piece.kind.len() + PIECE_OVERHEAD
}

impl WaitingEvidence {
    /// Whether nothing waits, and nothing is in the reserve: as always while there is room.
    pub(super) fn is_idle(&self) -> bool {
        self.waiting.is_empty() && self.reserved_bytes == 0 && self.first.is_empty()
    }

    /// How many pieces wait in memory.
    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }

    /// How many pieces found no place, not even in memory.
    pub(super) fn dropped(&self) -> u64 {
        self.dropped
    }

    /// There is room again: all that waits goes with this batch, and the reserve is whole.
    pub(super) fn go_with(&mut self, batch: &mut Batch) {
        batch.evidence.extend(self.waiting.drain(..));
        self.reserved_bytes = 0;
        self.first.clear();
    }

    /// The disk is full: leaves in the batch what the reserve may take, and has the rest wait.
    pub(super) fn hold_back(&mut self, batch: &mut Batch) {
        let (mut reserved_bytes, mut over) = (self.reserved_bytes, Vec::new());
        for piece in std::mem::take(&mut batch.evidence) {
            if self.first.insert(breach(&piece).to_owned()) {
                batch.evidence.push(piece);
            } else if reserved_bytes + bytes(&piece) <= RESERVED_BYTES {
                reserved_bytes += bytes(&piece);
                batch.evidence.push(piece);
            } else {
                over.push(piece);
            }
        }
        self.reserved_bytes = reserved_bytes;
        self.wait(over);
    }

    /// Has evidence wait for room.
    pub(super) fn wait(&mut self, evidence: Vec<NewEvidence>) {
        for piece in evidence {
            if self.waiting.len() < MAX_WAITING {
                self.waiting.push_back(piece);
            } else {
                self.dropped += 1;
                let (kind, dropped) = (piece.kind, self.dropped);
                tracing::error!(kind, dropped, "the disk is full, and too much evidence waits for room");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pieces of the same breach, by their bytes.
    fn batch(sizes: &[usize]) -> Batch {
        let piece = |size: &usize| NewEvidence {
            kind: "party 1: checkpoint: expected one, found two".into(),
            time_ms: 1,
            bytes: vec![7; *size],
        };
        Batch { evidence: sizes.iter().map(piece).collect(), ..Batch::default() }
    }

    fn sizes(batch: &Batch) -> Vec<usize> {
        batch.evidence.iter().map(|piece| piece.bytes.len()).collect()
    }

    #[test]
    fn the_reserve_takes_its_share_and_the_rest_waits_for_room() {
        let mut evidence = WaitingEvidence::default();
        let mut first = batch(&[9, 300 << 10, 300 << 10, 2_000]);
        evidence.hold_back(&mut first);
        assert_eq!(sizes(&first), [9, 300 << 10, 2_000]);
        let mut second = batch(&[220 << 10, 3_000]);
        evidence.hold_back(&mut second);
        assert_eq!(sizes(&second), [3_000], "what the reserve has taken before counts");
        assert!(evidence.len() > 0);
        let mut roomy = batch(&[]);
        evidence.go_with(&mut roomy);
        assert_eq!(sizes(&roomy), [300 << 10, 220 << 10]);
        assert!(evidence.is_idle());
        let mut again = batch(&[9, RESERVED_BYTES / 2]);
        evidence.hold_back(&mut again);
        assert_eq!(sizes(&again), [9, RESERVED_BYTES / 2], "with room the reserve is whole again");
    }

    #[test]
    fn the_first_proof_of_each_breach_finds_a_place_whatever_others_have_taken() {
        let mut evidence = WaitingEvidence::default();
        evidence.hold_back(&mut batch(&[RESERVED_BYTES, RESERVED_BYTES - 200]));
        let mut other = batch(&[RESERVED_BYTES, 100]);
        for piece in &mut other.evidence {
            piece.kind = "party 2: checkpoint: expected one, found two".into();
        }
        evidence.hold_back(&mut other);
        assert_eq!(sizes(&other), [RESERVED_BYTES]);
        let mut alone = WaitingEvidence::default();
        alone.hold_back(&mut batch(&[9]));
        assert!(!alone.is_idle(), "with room the next one is a first one again");
    }

    #[test]
    fn what_has_no_proof_takes_room_too() {
        let mut evidence = WaitingEvidence::default();
        let mut many = batch(&[0; 10_000]);
        evidence.hold_back(&mut many);
        assert!(many.evidence.len() < RESERVED_BYTES / PIECE_OVERHEAD, "{}", many.evidence.len());
    }

    #[test]
    fn memory_is_bounded() {
        let mut evidence = WaitingEvidence::default();
        evidence.wait(batch(&[1; MAX_WAITING + 5]).evidence);
        assert_eq!(evidence.dropped, 5);
        let mut roomy = batch(&[]);
        evidence.go_with(&mut roomy);
        assert_eq!(sizes(&roomy).len(), MAX_WAITING);
    }
}
