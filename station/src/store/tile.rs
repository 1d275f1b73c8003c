//! The right edge of a book's Merkle tree, kept so that whole tiles are hashed once, when they fill.
//!
//! Hashing is RFC 6962 §2.1 (spec/record.md §5). A *node* is the root of a full, aligned subtree of `256^level`
//! leaves, the unit of C2SP tiles (height 8): with nodes stored, any proof over a book rehashes at most one
//! group of 256 leaves.

use sha2::{Digest, Sha256};

/// Leaves of a tile, and nodes of a tile one level up.
pub(super) const TILE: u64 = 256;

/// A node that the last leaf completed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Node {
    /// 1 for a tile of leaves, 2 for a tile of those, and so on.
    pub level: u8,
    /// Its place among the nodes of its level, from 0.
    pub index: u64,
    /// The root of its subtree.
    pub hash: [u8; 32],
}

/// The roots of the perfect subtrees that a tree of this size consists of.
#[derive(Clone, Debug, Default)]
pub(super) struct Frontier {
    size: u64,
    /// Largest first: one for every bit set in `size`.
    peaks: Vec<[u8; 32]>,
}

impl Frontier {
    /// How many leaves it has.
    pub(super) fn size(&self) -> u64 {
        self.size
    }

    /// Appends a leaf; every tile that it fills is passed to `filled`, lowest level first.
    pub(super) fn append(&mut self, leaf: [u8; 32], filled: impl FnMut(Node)) {
        self.graft(0, leaf, filled);
    }

    /// Appends a whole subtree of `256^level` leaves, where the size is a multiple of that.
    pub(super) fn graft(&mut self, level: u8, root: [u8; 32], mut filled: impl FnMut(Node)) {
        let mut height = u32::from(level) * 8;
        let mut index = self.size >> height;
        let mut hash = root;
        while index & 1 == 1 {
            let Some(left) = self.peaks.pop() else { break };
            hash = join(&left, &hash);
            index >>= 1;
            height += 1;
            if height.is_multiple_of(8) {
                filled(Node { level: (height / 8) as u8, index, hash });
            }
        }
        self.peaks.push(hash);
        self.size += 1 << (u32::from(level) * 8);
    }

    /// The Merkle root of the whole tree.
    pub(super) fn root(&self) -> [u8; 32] {
        let mut peaks = self.peaks.iter().rev();
        let Some(last) = peaks.next() else { return Sha256::digest([]).into() };
        peaks.fold(*last, |right, left| join(left, &right))
    }
}

fn join(left: &[u8; 32], right: &[u8; 32]) -> [u8; 32] {
    Sha256::new().chain_update([1]).chain_update(left).chain_update(right).finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leaf(n: u64) -> [u8; 32] {
        Sha256::new().chain_update([0]).chain_update(n.to_be_bytes()).finalize().into()
    }

    /// MTH of RFC 6962 §2.1, written as it stands there.
    fn naive(leaves: &[[u8; 32]]) -> [u8; 32] {
        match leaves {
            [] => Sha256::digest([]).into(),
            [one] => *one,
            many => {
                let (left, right) = many.split_at(many.len().next_power_of_two() / 2);
                join(&naive(left), &naive(right))
            }
        }
    }

    #[test]
    fn every_root_and_every_filled_tile_is_what_the_definition_gives() {
        let leaves: Vec<_> = (0..1030).map(leaf).collect();
        let mut frontier = Frontier::default();
        let mut nodes = Vec::new();
        for (size, leaf) in (1..).zip(&leaves) {
            frontier.append(*leaf, |node| nodes.push(node));
            assert_eq!(frontier.size(), size);
            assert_eq!(frontier.root(), naive(&leaves[..size as usize]), "size {size}");
        }
        let expected: Vec<_> = leaves.chunks_exact(256).map(naive).collect();
        assert_eq!(nodes.iter().map(|node| node.hash).collect::<Vec<_>>(), expected);
        assert!(nodes.iter().zip(0..).all(|(node, index)| node.level == 1 && node.index == index));
    }

    #[test]
    fn a_second_level_fills_from_grafted_tiles() {
        let tiles: Vec<_> = (0..256).map(leaf).collect();
        let mut frontier = Frontier::default();
        let mut nodes = Vec::new();
        for tile in &tiles {
            frontier.graft(1, *tile, |node| nodes.push(node));
        }
        assert_eq!(frontier.size(), 65_536);
        assert_eq!(nodes, [Node { level: 2, index: 0, hash: naive(&tiles) }]);
        assert_eq!(frontier.root(), naive(&tiles));
    }
}
