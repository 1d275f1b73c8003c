//! How a checkpoint that a peer shows stands to what the store holds of its book (spec/line.md §6), and how a book grew
//! from one size to another (spec/witness.md).

use detente_line::Fork;
use detente_record::{Book, Hash, Node, SignedCheckpoint, node_hash, proof};

use crate::error::SetupError;
use crate::store::Store;

/// Levels of a tile: the store keeps the roots of full subtrees of 256 leaves, of 256 of those, and so on.
const TILE_LEVELS: u8 = 8;

/// Works out the root at the size of `head` in what is held, and how it leads to `with`.
///
/// # Errors
/// If the store lacks or has damaged what `with` covers.
pub(crate) fn compare(
    store: &Store,
    head: SignedCheckpoint,
    with: SignedCheckpoint,
) -> Result<Fork, SetupError> {
    let book = with.checkpoint.book.code();
    Fork::between(head, with, |node| subtree(store, book, node))
}

/// The proof that a book's tree of one size is the beginning of its tree of another.
///
/// # Errors
/// If the store lacks or has damaged what the second covers.
pub(crate) fn consistency(store: &Store, book: Book, from: u64, to: u64) -> Result<Vec<Hash>, SetupError> {
    proof::consistency(from, to, |node| subtree(store, book.code(), node))
}

/// The root of a book at a size that is held.
///
/// # Errors
/// If the store lacks or has damaged what the size covers.
pub(crate) fn root(store: &Store, book: Book, size: u64) -> Result<Hash, SetupError> {
    proof::root(size, |node| subtree(store, book.code(), node))
}

/// The hash of a complete subtree, from the leaves or the roots of tiles below it.
fn subtree(store: &Store, book: u32, node: Node) -> Result<Hash, SetupError> {
    let (tile, above) = (node.level / TILE_LEVELS, node.level % TILE_LEVELS);
    let (first, end) = (node.index << above, (node.index + 1) << above);
    let mut hashes = if tile == 0 {
        store.leaf_hashes(book, first + 1..end + 1)?
    } else {
        store.subtrees(book, tile, first..end)?
    };
    while hashes.len() > 1 {
        let (pairs, _) = hashes.as_chunks::<2>();
        hashes = pairs.iter().map(|[left, right]| node_hash(left, right)).collect();
    }
    Ok(hashes.first().copied().unwrap_or_default())
}
