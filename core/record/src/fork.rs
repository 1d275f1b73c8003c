//! Whether two signed trees of one book can both be true, from what proofs of their entries reveal (spec/dossier.md §7).
//!
//! Promises that what it names convicts: two trees that begin alike have the same hash over every whole part that both
//! have. It refuses to conclude anything where no such part is known of both.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::ops::Range;

use crate::hash::Hash;
use crate::proof::{self, Node, middle};
use crate::tree::node_hash;

/// A signed tree, as far as proofs that lead to its root reveal it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revealed {
    /// How many entries it has.
    pub size: u64,
    /// Its root, which the author signed.
    pub root: Hash,
    /// The hashes of whole subtrees.
    nodes: BTreeMap<Node, Hash>,
}

/// Why two trees of one book cannot both be true.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Contradiction {
    /// They have one size and different roots.
    Roots,
    /// They differ in one entry, by its number.
    Entry(u64),
    /// They differ somewhere from this number to that one.
    Within(u64, u64),
    /// The larger shows another root over as many entries as the smaller has.
    Beginning,
}

impl Revealed {
    /// A tree of which only the root is known.
    pub fn new(size: u64, root: Hash) -> Self {
        let mut nodes = BTreeMap::new();
        if let Some(node) = complete(&(0..size)) {
            nodes.insert(node, root);
        }
        Self { size, root, nodes }
    }

    /// Adds what the proof of a leaf reveals; the proof must have been held to this size and root.
    pub fn add(&mut self, leaf: &Hash, index: u64, hashes: &[Hash]) {
        let mut steps = Vec::with_capacity(hashes.len());
        let mut within = 0..self.size;
        while let Some(middle) = middle(&within) {
            let (left, right) = (within.start..middle, middle..within.end);
            let (sibling, next) = if index < middle { (right, left) } else { (left, right) };
            steps.push((sibling, within));
            within = next;
        }
        let mut reached = *leaf;
        self.nodes.insert(Node { level: 0, index }, reached);
        for ((sibling, whole), hash) in steps.into_iter().rev().zip(hashes) {
            reached = match sibling.start == whole.start {
                true => node_hash(hash, &reached),
                false => node_hash(&reached, hash),
            };
            for (range, hash) in [(sibling, *hash), (whole, reached)] {
                if let Some(node) = complete(&range) {
                    self.nodes.insert(node, hash);
                }
            }
        }
    }

    /// The whole subtrees that are known, with their hashes.
    pub fn nodes(&self) -> impl Iterator<Item = (Node, Hash)> + '_ {
        self.nodes.iter().map(|(node, hash)| (*node, *hash))
    }

    /// Why this tree and another of the same book cannot both be true, if that is known: the smallest part in which they differ.
    pub fn contradicts(&self, other: &Self) -> Option<Contradiction> {
        let (small, large) = if self.size <= other.size { (self, other) } else { (other, self) };
        if small.size == 0 {
            return None;
        }
        let differs = |(node, hash): (&Node, &Hash)| {
            large.nodes.get(node).is_some_and(|known| known != hash).then_some(*node)
        };
        if let Some(node) = small.nodes.iter().filter_map(differs).min() {
            let first = (node.index << node.level) + 1;
            return Some(match node.level {
                0 => Contradiction::Entry(first),
                _ if small.size == large.size && small.size == 1 << node.level => Contradiction::Roots,
                level => Contradiction::Within(first, first + (1 << level) - 1),
            });
        }
        if small.size == large.size {
            return (small.root != large.root).then_some(Contradiction::Roots);
        }
        let beginning = proof::root(small.size, |node| large.nodes.get(&node).copied().ok_or(()));
        (beginning.is_ok_and(|root| root != small.root)).then_some(Contradiction::Beginning)
    }
}

/// The whole subtree over a range, if it is over one.
fn complete(range: &Range<u64>) -> Option<Node> {
    let length = range.end.checked_sub(range.start)?;
    let whole = length.is_power_of_two() && range.start.is_multiple_of(length);
    let level = u8::try_from(length.trailing_zeros()).ok().filter(|_| whole)?;
    Some(Node { level, index: range.start >> level })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::Fault;
    use crate::proof::inclusion;
    use crate::tree::leaf_hash;

    /// The leaves of a book; from number `from` on those of another telling.
    fn leaves(count: u64, from: u64) -> Vec<Hash> {
        let telling = |number| u8::from(number >= from);
        (1..=count).map(|number| leaf_hash(&[telling(number); 16], &number.to_be_bytes())).collect()
    }

    fn subtree(leaves: &[Hash], node: Node) -> Hash {
        let range = (node.index << node.level) as usize..((node.index + 1) << node.level) as usize;
        fn hash(leaves: &[Hash]) -> Hash {
            match leaves {
                [leaf] => *leaf,
                _ => node_hash(&hash(&leaves[..leaves.len() / 2]), &hash(&leaves[leaves.len() / 2..])),
            }
        }
        hash(&leaves[range])
    }

    fn tree(leaves: &[Hash], shown: &[u64]) -> Revealed {
        let size = leaves.len() as u64;
        let at = |node| Ok::<_, Fault>(subtree(leaves, node));
        let mut tree = Revealed::new(size, proof::root(size, at).unwrap());
        for number in shown {
            let hashes = inclusion(number - 1, size, at).unwrap();
            tree.add(&leaves[*number as usize - 1], number - 1, &hashes);
        }
        tree
    }

    #[test]
    fn trees_that_grew_from_each_other_never_contradict() {
        let leaves = leaves(40, 99);
        for small in 1..=40_usize {
            for large in small..=40 {
                let one = tree(&leaves[..small], &[1, (small as u64).div_ceil(2), small as u64]);
                let other = tree(&leaves[..large], &[1, (large as u64).div_ceil(3), large as u64]);
                assert_eq!(one.contradicts(&other), None, "{small} {large}");
                assert_eq!(other.contradicts(&one), None);
            }
        }
    }

    #[test]
    fn one_entry_in_two_ways_is_named() {
        for (small, large) in [(5, 9), (5, 5), (8, 8), (16, 33), (7, 8)] {
            let one = tree(&leaves(small, 3), &[3]);
            let other = tree(&leaves(large, 99), &[3]);
            assert_eq!(one.contradicts(&other), Some(Contradiction::Entry(3)), "{small} {large}");
            assert_eq!(other.contradicts(&one), Some(Contradiction::Entry(3)));
        }
    }

    #[test]
    fn neighbours_in_two_ways_show_in_their_hash() {
        let (one, other) = (tree(&leaves(9, 3), &[1]), tree(&leaves(12, 99), &[2]));
        assert_eq!(one.contradicts(&other), Some(Contradiction::Within(3, 4)));
    }

    #[test]
    fn one_size_and_two_roots_need_no_proof() {
        let (one, other) = (tree(&leaves(6, 2), &[]), tree(&leaves(6, 99), &[]));
        assert_eq!(one.contradicts(&other), Some(Contradiction::Roots));
        let (one, other) = (tree(&leaves(8, 2), &[]), tree(&leaves(8, 99), &[]));
        assert_eq!(one.contradicts(&other), Some(Contradiction::Roots));
    }

    #[test]
    fn a_beginning_is_told_where_its_parts_are_known() {
        // 6 is 4 and 2: the proof of 5 under 8 shows both.
        let (one, other) = (tree(&leaves(6, 6), &[]), tree(&leaves(8, 99), &[5]));
        let of = |one: &Revealed| one.contradicts(&other);
        assert_eq!(of(&one), Some(Contradiction::Beginning));
        assert_eq!(of(&tree(&leaves(6, 99), &[])), None);
    }

    #[test]
    fn what_is_not_known_of_both_convicts_nobody() {
        let (one, other) = (tree(&leaves(5, 5), &[1]), tree(&leaves(9, 99), &[9]));
        assert_eq!(one.contradicts(&other), None, "4 entries are alike, and the fifth is shown by neither");
    }
}
