//! Proof of a breach on its way to a disk that is full.
//!
//! Promises that what proves a breach is kept at once even then, in the reserve of FLASH and acts: a station that
//! stops before there is room again still has it. Refuses to let whoever misbehaves again and again use up what FLASH
//! needs: of the reserve it takes [`RESERVED_BYTES`], and what goes beyond waits in memory for room.

use std::collections::VecDeque;

use crate::store::{Batch, NewEvidence};

/// As much as the reserve holds of evidence, in bytes: proof that a book has forked takes two or three thousand.
const RESERVED_BYTES: usize = 512 << 10;
/// Most evidence that waits in memory.
const MAX_WAITING: usize = 256;

/// Evidence that the disk has no room for just now, and how much of the reserve other evidence has taken.
#[derive(Debug, Default)]
pub(super) struct WaitingEvidence {
    waiting: VecDeque<NewEvidence>,
    reserved_bytes: usize,
}

impl WaitingEvidence {
    /// Whether nothing waits, and nothing is in the reserve: as always while there is room.
    pub(super) fn is_idle(&self) -> bool {
        self.waiting.is_empty() && self.reserved_bytes == 0
    }

    /// There is room again: all that waits goes with this batch, and the reserve is whole.
    pub(super) fn go_with(&mut self, batch: &mut Batch) {
        batch.evidence.extend(self.waiting.drain(..));
        self.reserved_bytes = 0;
    }

    /// The disk is full: leaves in the batch what the reserve may take, and has the rest wait.
    pub(super) fn hold_back(&mut self, batch: &mut Batch) {
        let (mut reserved_bytes, mut over) = (self.reserved_bytes, Vec::new());
        for piece in std::mem::take(&mut batch.evidence) {
            if reserved_bytes + piece.bytes.len() <= RESERVED_BYTES {
                reserved_bytes += piece.bytes.len();
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
                tracing::error!(kind = piece.kind, "the disk is full, and too much evidence waits for room");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn batch(sizes: &[usize]) -> Batch {
        let piece = |size: &usize| NewEvidence { kind: "fork".into(), time_ms: 1, bytes: vec![7; *size] };
        Batch { evidence: sizes.iter().map(piece).collect(), ..Batch::default() }
    }

    fn sizes(batch: &Batch) -> Vec<usize> {
        batch.evidence.iter().map(|piece| piece.bytes.len()).collect()
    }

    #[test]
    fn the_reserve_takes_its_share_and_the_rest_waits_for_room() {
        let mut evidence = WaitingEvidence::default();
        let mut first = batch(&[300 << 10, 300 << 10, 2_000]);
        evidence.hold_back(&mut first);
        assert_eq!(sizes(&first), [300 << 10, 2_000]);
        let mut second = batch(&[220 << 10, 3_000]);
        evidence.hold_back(&mut second);
        assert_eq!(sizes(&second), [3_000], "what the reserve has taken before counts");
        let mut roomy = batch(&[]);
        evidence.go_with(&mut roomy);
        assert_eq!(sizes(&roomy), [300 << 10, 220 << 10]);
        assert!(evidence.is_idle());
        let mut again = batch(&[RESERVED_BYTES]);
        evidence.hold_back(&mut again);
        assert_eq!(sizes(&again), [RESERVED_BYTES], "with room the reserve is whole again");
    }

    #[test]
    fn memory_is_bounded() {
        let mut evidence = WaitingEvidence::default();
        evidence.wait(batch(&[1; MAX_WAITING + 5]).evidence);
        let mut roomy = batch(&[]);
        evidence.go_with(&mut roomy);
        assert_eq!(sizes(&roomy).len(), MAX_WAITING);
    }
}
