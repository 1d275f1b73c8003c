//! Inclusion and consistency proofs (spec/record.md §5; RFC 6962 §2.1, RFC 9162 §2.1.3 and §2.1.4).
//!
//! Proofs are made from the hashes of complete subtrees, which a book's keeper has or computes; they are verified
//! from nothing but hashes and sizes. Any size and any list of hashes is safe to verify.

use alloc::format;
use alloc::vec::Vec;
use core::ops::Range;

use crate::fault::Fault;
use crate::hash::Hash;
use crate::tree::{empty_root, node_hash};

/// A complete subtree: the leaves `index·2^level` to `(index + 1)·2^level`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Node {
    /// Its height; a leaf has 0.
    pub level: u8,
    /// How many such subtrees stand to its left.
    pub index: u64,
}

/// The proof that the leaf of an index is in the tree of a size, the leaf's sibling first.
///
/// `hash` gives the hash of a complete subtree within that size; it is asked for at most `2·log2(size)` of them,
/// since all siblings but the one at the right edge are complete themselves.
///
/// # Errors
/// `Misuse` when the index is not below the size; and whatever `hash` fails with.
pub fn inclusion<E: From<Fault>>(
    index: u64,
    size: u64,
    mut hash: impl FnMut(Node) -> Result<Hash, E>,
) -> Result<Vec<Hash>, E> {
    if index >= size {
        return Err(
            Fault::misuse("index to prove", format!("below the size {size}"), format!("{index}")).into()
        );
    }
    let mut proof = Vec::new();
    let mut within = 0..size;
    while let Some(middle) = middle(&within) {
        let (sibling, next) = if index < middle {
            (middle..within.end, within.start..middle)
        } else {
            (within.start..middle, middle..within.end)
        };
        proof.push(range_hash(sibling, &mut hash)?);
        within = next;
    }
    proof.reverse();
    Ok(proof)
}

/// The proof that the tree of one size is the beginning of the tree of another.
///
/// It is empty when the sizes are equal or the first is 0.
///
/// # Errors
/// `Misuse` when the first size is above the second; and whatever `hash` fails with.
pub fn consistency<E: From<Fault>>(
    from: u64,
    to: u64,
    mut hash: impl FnMut(Node) -> Result<Hash, E>,
) -> Result<Vec<Hash>, E> {
    if from > to {
        return Err(Fault::misuse("size to prove", format!("at most {to}"), format!("{from}")).into());
    }
    let mut proof = Vec::new();
    let mut within = 0..to;
    // Down to the subtree that ends where the first tree does.
    while from > 0
        && from < within.end
        && let Some(middle) = middle(&within)
    {
        let (other, next) = if from <= middle {
            (middle..within.end, within.start..middle)
        } else {
            (within.start..middle, middle..within.end)
        };
        proof.push(range_hash(other, &mut hash)?);
        within = next;
    }
    // The verifier knows that subtree only if it is the whole first tree.
    if from > 0 && within.start > 0 {
        proof.push(range_hash(within, &mut hash)?);
    }
    proof.reverse();
    Ok(proof)
}

/// The root of the tree of a size, from the hashes of complete subtrees within it.
///
/// # Errors
/// Whatever `hash` fails with.
pub fn root<E>(size: u64, mut hash: impl FnMut(Node) -> Result<Hash, E>) -> Result<Hash, E> {
    range_hash(0..size, &mut hash)
}

/// Holds a leaf's hash to be at an index of the tree of a size and root.
///
/// # Errors
/// `Misbehaved` when the proof does not show it.
pub fn verify_inclusion(
    leaf: &Hash,
    index: u64,
    size: u64,
    proof: &[Hash],
    root: &Hash,
) -> Result<(), Fault> {
    let fails = |found| Err(Fault::misbehaved("inclusion proof", "one that leads to the root", found));
    if index >= size {
        return fails("an index beyond the size");
    }
    let mut climb = Climb { place: index, last: size - 1 };
    let mut reached = *leaf;
    for sibling in proof {
        if climb.last == 0 {
            return fails("too many hashes");
        }
        reached = if climb.is_right() { node_hash(sibling, &reached) } else { node_hash(&reached, sibling) };
        climb.rise();
    }
    if climb.last != 0 {
        return fails("too few hashes");
    }
    if reached == *root { Ok(()) } else { fails("another root") }
}

/// Holds the tree of one size and root to be the beginning of the tree of another.
///
/// # Errors
/// `Misbehaved` when the proof does not show it.
pub fn verify_consistency(
    from: u64,
    from_root: &Hash,
    to: u64,
    to_root: &Hash,
    proof: &[Hash],
) -> Result<(), Fault> {
    let fails = |found| Err(Fault::misbehaved("consistency proof", "one that leads to both roots", found));
    if from > to {
        return fails("a first size above the second");
    }
    if from == 0 || from == to {
        let expected = if from == 0 { empty_root() } else { *to_root };
        return match (proof.is_empty(), *from_root == expected) {
            (true, true) => Ok(()),
            (true, false) => fails("another root at the first size"),
            (false, _) => fails("too many hashes"),
        };
    }
    let (first, second) = roots_of(from, from_root, to, proof)?;
    match (first == *from_root, second == *to_root) {
        (true, true) => Ok(()),
        (false, _) => fails("another root at the first size"),
        (true, false) => fails("another root at the second size"),
    }
}

/// The root at the first size that a consistency proof shows to lie under the root at the second, whatever root was
/// expected there. None where the proof does not lead to the second root, and where it cannot tell: at sizes that are
/// powers of two it begins with the root that is to be shown.
pub fn tied_root(from: u64, to: u64, to_root: &Hash, proof: &[Hash]) -> Option<Hash> {
    if from == 0 || from >= to || from.is_power_of_two() {
        return None;
    }
    let (first, second) = roots_of(from, &empty_root(), to, proof).ok()?;
    (second == *to_root).then_some(first)
}

/// The two roots that a consistency proof leads to; `from` is over 0 and below `to`.
fn roots_of(from: u64, from_root: &Hash, to: u64, proof: &[Hash]) -> Result<(Hash, Hash), Fault> {
    let fails = |found| Err(Fault::misbehaved("consistency proof", "one that leads to both roots", found));
    let mut climb = Climb { place: from - 1, last: to - 1 };
    climb.skip(climb.place.trailing_ones());
    // The subtree from which both roots grow: the whole first tree, or the first hash of the proof.
    let (base, rest) = match proof.split_first() {
        _ if from.is_power_of_two() => (from_root, proof),
        Some((base, rest)) => (base, rest),
        None => return fails("too few hashes"),
    };
    let (mut first, mut second) = (*base, *base);
    for sibling in rest {
        if climb.last == 0 {
            return fails("too many hashes");
        }
        if climb.is_right() {
            first = node_hash(sibling, &first);
            second = node_hash(sibling, &second);
        } else {
            second = node_hash(&second, sibling);
        }
        climb.rise();
    }
    if climb.last != 0 {
        return fails("too few hashes");
    }
    Ok((first, second))
}

/// A place on its way up to the root, and the last place of its level.
struct Climb {
    place: u64,
    last: u64,
}

impl Climb {
    /// Whether the next sibling stands to the left.
    fn is_right(&self) -> bool {
        self.place % 2 == 1 || self.place == self.last
    }

    /// Goes up past the sibling just taken, and past levels where the right edge has none.
    fn rise(&mut self) {
        if self.place == self.last {
            self.skip(self.place.trailing_zeros());
        }
        self.skip(1);
    }

    fn skip(&mut self, levels: u32) {
        self.place = self.place.checked_shr(levels).unwrap_or(0);
        self.last = self.last.checked_shr(levels).unwrap_or(0);
    }
}

/// Where RFC 6962 divides a range: after the largest power of two below its length; `None` for a single leaf.
pub(crate) fn middle(range: &Range<u64>) -> Option<u64> {
    let last = (range.end - range.start).checked_sub(1)?;
    Some(range.start + (1 << last.checked_ilog2()?))
}

/// The hash of a subtree of RFC 6962, from those of the complete subtrees that it consists of.
fn range_hash<E>(range: Range<u64>, hash: &mut impl FnMut(Node) -> Result<Hash, E>) -> Result<Hash, E> {
    let mut parts = Vec::new();
    let mut start = range.start;
    while let Some(level) = (range.end - start).checked_ilog2() {
        parts.push(hash(Node { level: level as u8, index: start >> level })?);
        start += 1 << level;
    }
    let mut parts = parts.into_iter().rev();
    let last = parts.next().unwrap_or_else(empty_root);
    Ok(parts.fold(last, |right, left| node_hash(&left, &right)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::Frontier;

    /// RFC 6962 §2.1 as it is written: the root of a list of leaf hashes.
    fn root(leaves: &[Hash]) -> Hash {
        match leaves {
            [] => empty_root(),
            [leaf] => *leaf,
            _ => {
                let (left, right) = leaves.split_at(split(leaves.len()));
                node_hash(&root(left), &root(right))
            }
        }
    }

    fn split(n: usize) -> usize {
        (0..).map(|power| 1 << power).take_while(|power| *power < n).last().unwrap()
    }

    /// RFC 6962 §2.1.1.
    fn path(index: usize, leaves: &[Hash]) -> Vec<Hash> {
        if leaves.len() == 1 {
            return Vec::new();
        }
        let (left, right) = leaves.split_at(split(leaves.len()));
        let (mut proof, sibling) = if index < left.len() {
            (path(index, left), root(right))
        } else {
            (path(index - left.len(), right), root(left))
        };
        proof.push(sibling);
        proof
    }

    /// RFC 6962 §2.1.2.
    fn subproof(size: usize, leaves: &[Hash], known: bool) -> Vec<Hash> {
        if size == leaves.len() {
            return if known { Vec::new() } else { Vec::from([root(leaves)]) };
        }
        let (left, right) = leaves.split_at(split(leaves.len()));
        let (mut proof, other) = if size <= left.len() {
            (subproof(size, left, known), root(right))
        } else {
            (subproof(size - left.len(), right, false), root(left))
        };
        proof.push(other);
        proof
    }

    fn leaves() -> Vec<Hash> {
        (0..70_u8).map(|byte| [byte; 32]).collect()
    }

    fn nodes(leaves: &[Hash]) -> impl FnMut(Node) -> Result<Hash, Fault> {
        |node| {
            let width = 1 << node.level;
            let start = node.index as usize * width;
            Ok(root(&leaves[start..start + width]))
        }
    }

    #[test]
    fn frontiers_have_the_roots_of_rfc_6962() {
        let mut frontier = Frontier::default();
        for (size, leaf) in leaves().iter().enumerate() {
            assert_eq!(frontier.root(), root(&leaves()[..size]));
            assert_eq!(frontier.size(), size as u64);
            assert_eq!(Frontier::decode(&frontier.encode()).unwrap(), frontier);
            frontier.push(*leaf);
        }
    }

    #[test]
    fn inclusion_of_every_leaf_at_every_size() {
        let leaves = leaves();
        for size in 1..=leaves.len() {
            let root = root(&leaves[..size]);
            for index in 0..size {
                let proof = inclusion(index as u64, size as u64, nodes(&leaves)).unwrap();
                assert_eq!(proof, path(index, &leaves[..size]));
                let verify = |index: usize, size: usize, proof: &[Hash]| {
                    verify_inclusion(&leaves[index], index as u64, size as u64, proof, &root).is_ok()
                };
                assert!(verify(index, size, &proof));
                assert!(size == 1 || !verify((index + 1) % size, size, &proof));
                assert!(!verify(index, size, &[&proof[..], &[root]].concat()));
                if let Some((_, shorter)) = proof.split_last() {
                    assert!(!verify(index, size, shorter));
                }
            }
        }
        assert!(inclusion(70, 70, nodes(&leaves)).is_err());
    }

    #[test]
    fn consistency_of_every_pair_of_sizes() {
        let leaves = leaves();
        for to in 0..=leaves.len() {
            let to_root = root(&leaves[..to]);
            for from in 0..=to {
                let from_root = root(&leaves[..from]);
                let proof = consistency(from as u64, to as u64, nodes(&leaves)).unwrap();
                if from > 0 {
                    assert_eq!(proof, subproof(from, &leaves[..to], true), "{from} {to}");
                }
                let verify = |from_root: &Hash, to_root: &Hash, proof: &[Hash]| {
                    verify_consistency(from as u64, from_root, to as u64, to_root, proof).is_ok()
                };
                assert!(verify(&from_root, &to_root, &proof), "{from} {to}");
                assert!(!verify(&[0xee; 32], &to_root, &proof), "{from} {to}");
                assert!(from == 0 || !verify(&from_root, &[0xee; 32], &proof), "{from} {to}");
                assert!(!verify(&from_root, &to_root, &[&proof[..], &[to_root]].concat()), "{from} {to}");
                if let Some((_, shorter)) = proof.split_last() {
                    assert!(!verify(&from_root, &to_root, shorter), "{from} {to}");
                }
                let told = from > 0 && from < to && !from.is_power_of_two();
                let tied = tied_root(from as u64, to as u64, &to_root, &proof);
                assert_eq!(tied, told.then_some(from_root), "{from} {to}");
                assert_eq!(tied_root(from as u64, to as u64, &[0xee; 32], &proof), None);
            }
        }
        assert!(consistency(2, 1, nodes(&leaves)).is_err());
    }

    #[test]
    fn absurd_sizes_are_refused() {
        let hash = [0; 32];
        for size in [0, 1, 2, u64::MAX - 1, u64::MAX] {
            for other in [0, 1, 2, 1 << 63, u64::MAX - 1, u64::MAX] {
                for length in [0, 1, 63, 64, 65, 200] {
                    let proof = alloc::vec![hash; length];
                    assert!(verify_inclusion(&[1; 32], other, size, &proof, &hash).is_err());
                    assert!(verify_consistency(size, &[1; 32], other, &hash, &proof).is_err());
                }
            }
        }
        let made = inclusion::<Fault>(0, u64::MAX, |_| Ok(hash)).unwrap();
        assert_eq!(made.len(), 64);
    }
}
