//! The tree and its proofs, held to an implementation by others (`ct-merkle`).

use ct_merkle::digest::Output;
use ct_merkle::mem_backed_tree::MemoryBackedTree;
use ct_merkle::{ConsistencyProof, InclusionProof, RootHash};
use detente_record::proof::{consistency, inclusion};
use detente_record::{Fault, Frontier, Hash, Node, leaf_hash, verify_consistency, verify_inclusion};
use sha2::Sha256;

/// A little over two levels of 32, so that every shape of right edge occurs.
const SIZES: usize = 70;

fn blind(index: usize) -> [u8; 16] {
    [index as u8; 16]
}

fn entry(index: usize) -> Vec<u8> {
    format!("entry {index}").into_bytes()
}

/// The tree of every size, theirs and ours.
fn trees() -> Vec<(MemoryBackedTree<Sha256, Vec<u8>>, Frontier)> {
    let (mut theirs, mut ours) = (MemoryBackedTree::new(), Frontier::default());
    let mut trees = vec![(theirs.clone(), ours.clone())];
    for index in 0..SIZES {
        theirs.push([&blind(index)[..], &entry(index)].concat());
        ours.push(leaf_hash(&blind(index), &entry(index)));
        trees.push((theirs.clone(), ours.clone()));
    }
    trees
}

fn node(node: Node) -> Result<Hash, Fault> {
    let mut frontier = Frontier::default();
    let first = (node.index << node.level) as usize;
    (first..first + (1 << node.level))
        .for_each(|index| frontier.push(leaf_hash(&blind(index), &entry(index))));
    Ok(frontier.root())
}

#[test]
fn roots_agree() {
    for (theirs, ours) in trees() {
        assert_eq!(theirs.root().as_bytes().as_slice(), ours.root());
    }
}

#[test]
fn inclusion_proofs_agree_and_verify_on_both_sides() {
    for (theirs, ours) in trees().iter().skip(1) {
        let size = ours.size();
        for index in 0..size {
            let proof = inclusion(index, size, node).unwrap();
            assert_eq!(theirs.prove_inclusion(index as usize).as_bytes(), proof.as_flattened());
            let leaf = leaf_hash(&blind(index as usize), &entry(index as usize));
            verify_inclusion(&leaf, index, size, &proof, &ours.root()).unwrap();
            let proof = InclusionProof::<Sha256>::from_bytes(proof.into_flattened());
            let leaf = [&blind(index as usize)[..], &entry(index as usize)].concat();
            theirs.root().verify_inclusion(&leaf, index, &proof).unwrap();
        }
    }
}

#[test]
fn consistency_proofs_agree_and_verify_on_both_sides() {
    let trees = trees();
    for (theirs, ours) in trees.iter().skip(1) {
        for (_, before) in &trees[1..=ours.size() as usize] {
            let (from, to) = (before.size(), ours.size());
            let proof = consistency(from, to, node).unwrap();
            verify_consistency(from, &before.root(), to, &ours.root(), &proof).unwrap();
            if from < to {
                let their_proof = theirs.prove_consistency((to - from) as usize);
                assert_eq!(their_proof.as_bytes(), proof.as_flattened(), "{from} {to}");
                let proof = ConsistencyProof::<Sha256>::try_from_bytes(proof.into_flattened()).unwrap();
                let old = RootHash::<Sha256>::new(Output::<Sha256>::from(before.root()), from);
                theirs.root().verify_consistency(&old, &proof).unwrap();
            }
        }
    }
}
