//! Signatures on their way to a disk that is full.
//!
//! The core holds what it has signed, and what others have receipted, as kept once it has handed that over. While the disk
//! has room for FLASH and acts alone, signatures in other books wait here, in order, and go with the first batch that
//! finds room; while not even the reserve has any, all of them do. As long as any waits the line's state is not kept, since
//! it would say that they are stored: a start without it signs its own books anew, and asks the others for the receipts
//! that are not there.

use crate::store::{Batch, Checkpoint, Receipt};

/// Most signatures that wait. Whatever the disk has no room for is not taken in the first place, so that they are of
/// what was under way when it filled up.
const MAX_WAITING: usize = 4_096;

/// Checkpoints and receipts that the disk has no room for just now.
#[derive(Debug, Default)]
pub(super) struct WaitingSignatures {
    checkpoints: Vec<Checkpoint>,
    receipts: Vec<Receipt>,
    /// There were more than may wait: until the next start the core believes more than is stored.
    lost: bool,
}

impl WaitingSignatures {
    /// How many wait.
    pub(super) fn len(&self) -> usize {
        self.checkpoints.len() + self.receipts.len()
    }

    /// Whether everything that the core holds as kept is stored, or handed to the store.
    pub(super) fn are_stored(&self) -> bool {
        self.len() == 0 && !self.lost
    }

    /// There is room again: all that wait go with this batch, before its own.
    pub(super) fn go_with(&mut self, batch: &mut Batch) {
        batch.checkpoints.splice(0..0, self.checkpoints.drain(..));
        batch.receipts.splice(0..0, self.receipts.drain(..));
    }

    /// The disk is full: leaves in the batch what is urgent, by its book, and has the rest wait.
    pub(super) fn hold_back(&mut self, batch: &mut Batch, urgent: impl Fn(u32) -> bool) {
        let checkpoints = batch.checkpoints.extract_if(.., |checkpoint| !urgent(checkpoint.book));
        self.checkpoints.extend(checkpoints);
        self.receipts.extend(batch.receipts.extract_if(.., |receipt| !urgent(receipt.book)));
        if self.len() > MAX_WAITING {
            tracing::error!(
                "the disk is full, and too many signatures wait: the next start reads the whole record"
            );
            *self = Self { lost: true, ..Self::default() };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn batch(sizes: &[(u32, u64)]) -> Batch {
        let checkpoint = |&(book, size)| Checkpoint { book, size, root: [1; 32], signature: [2; 64] };
        let receipt = |&(book, size)| Receipt { book, party: 9, size, seconds: 3, signature: [4; 64] };
        Batch {
            checkpoints: sizes.iter().map(checkpoint).collect(),
            receipts: sizes.iter().map(receipt).collect(),
            ..Batch::default()
        }
    }

    fn sizes(batch: &Batch) -> Vec<(u32, u64)> {
        let receipts: Vec<_> = batch.receipts.iter().map(|receipt| (receipt.book, receipt.size)).collect();
        let checkpoints: Vec<_> =
            batch.checkpoints.iter().map(|checkpoint| (checkpoint.book, checkpoint.size)).collect();
        assert_eq!(checkpoints, receipts);
        checkpoints
    }

    fn urgent(book: u32) -> bool {
        book & 7 <= 1
    }

    #[test]
    fn what_is_ordinary_waits_in_order_and_goes_first_when_there_is_room() {
        let mut waiting = WaitingSignatures::default();
        let mut first = batch(&[(0, 5), (4, 1), (1, 6), (4, 2)]);
        waiting.hold_back(&mut first, urgent);
        assert_eq!(sizes(&first), [(0, 5), (1, 6)]);
        let mut second = batch(&[(4, 3), (0, 7)]);
        waiting.hold_back(&mut second, urgent);
        assert_eq!(sizes(&second), [(0, 7)]);
        assert!(!waiting.are_stored());
        let mut roomy = batch(&[(4, 4)]);
        waiting.go_with(&mut roomy);
        assert_eq!(sizes(&roomy), [(4, 1), (4, 2), (4, 3), (4, 4)]);
        assert!(waiting.are_stored());
    }

    #[test]
    fn memory_is_bounded_and_what_was_lost_is_known() {
        let mut waiting = WaitingSignatures::default();
        let many: Vec<(u32, u64)> = (1..=MAX_WAITING as u64 / 2 + 1).map(|size| (4, size)).collect();
        waiting.hold_back(&mut batch(&many), urgent);
        assert!(waiting.len() == 0 && !waiting.are_stored());
    }
}
