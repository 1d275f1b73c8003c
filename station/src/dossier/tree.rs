//! A book's Merkle tree, read from the store in tiles, so that the proofs of neighbours share what they read.

use std::collections::HashMap;

use detente_record::{Book, Fault, Hash, Node, node_hash};

use crate::keeper::Refusal;
use crate::store::Store;

/// Tiles of the tree that are kept from one proof to the next.
const MOST_TILES: usize = 64;
/// Nodes of a tile, and its levels.
const TILE: u64 = 256;
const TILE_LEVELS: u8 = 8;

/// The tree of one book at a time, read in tiles that neighbours share.
pub(super) struct Tree<'a> {
    store: &'a Store,
    book: Option<Book>,
    size: u64,
    /// By level in tiles and place: the hashes of the tile, as far as there are any, and of the levels above them.
    tiles: HashMap<(u8, u64), Vec<Vec<Hash>>>,
}

impl<'a> Tree<'a> {
    /// Of no book yet.
    pub(super) fn new(store: &'a Store) -> Self {
        Self { store, book: None, size: 0, tiles: HashMap::new() }
    }

    /// Turns to a book.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub(super) fn turn_to(&mut self, book: Book) -> Result<(), Refusal> {
        if self.book != Some(book) {
            self.tiles.clear();
            self.size = self.store.size(book.code())?;
            self.book = Some(book);
        }
        Ok(())
    }

    /// The hash of a complete subtree.
    ///
    /// # Errors
    /// `Misuse` for one that is beyond the book; what the store fails with.
    pub(super) fn hash(&mut self, node: Node) -> Result<Hash, Refusal> {
        let (tile, above) = (node.level / TILE_LEVELS, node.level % TILE_LEVELS);
        let first = node.index << above;
        let place = first / TILE;
        if !self.tiles.contains_key(&(tile, place)) {
            if self.tiles.len() >= MOST_TILES {
                self.tiles.clear();
            }
            let levels = self.read(tile, place)?;
            self.tiles.insert((tile, place), levels);
        }
        let within = (first % TILE) >> above;
        let hash = self.tiles.get(&(tile, place)).and_then(|levels| levels.get(usize::from(above)));
        let hash = hash.and_then(|level| level.get(usize::try_from(within).ok()?)).copied();
        hash.ok_or_else(|| Fault::misuse("tree", "a complete subtree", "one beyond its book").into())
    }

    fn read(&self, tile: u8, place: u64) -> Result<Vec<Vec<Hash>>, Refusal> {
        let code = self.book.map(Book::code).unwrap_or_default();
        let count = self.size >> (u32::from(tile) * u32::from(TILE_LEVELS));
        let (first, end) = (place * TILE, count.min((place + 1) * TILE));
        let hashes = match tile {
            _ if end <= first => Vec::new(),
            0 => self.store.leaf_hashes(code, first + 1..end + 1)?,
            _ => self.store.subtrees(code, tile, first..end)?,
        };
        let mut levels = vec![hashes];
        for _ in 1..TILE_LEVELS {
            let below = levels.last().map(Vec::as_slice).unwrap_or_default();
            let (pairs, _) = below.as_chunks::<2>();
            levels.push(pairs.iter().map(|[left, right]| node_hash(left, right)).collect());
        }
        Ok(levels)
    }
}
