//! Tiles: a book laid out as files that other people's tools read (spec/record.md §5, c2sp.org/tlog-tiles).
//!
//! A tile holds up to 256 consecutive hashes of one of the tree's levels 0, 8, 16 and so on; an entry bundle
//! holds the leaves under a tile of level 0.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use crate::blind::BLIND;
use crate::entry::MAX_ENTRY;
use crate::fault::Fault;
use crate::hash::Hash;
use crate::name::{MAX_SIZE, decimal};
use crate::proof::Node;

/// Hashes of a full tile.
pub const WIDTH: u64 = 256;
/// Levels of the tree between a level of tiles and the next.
pub const HEIGHT: u8 = 8;
/// The highest level of tiles of any book.
const TOP: u8 = 4;

/// A tile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tile {
    /// Its level; its hashes are of height 8 times that. At most 63.
    pub level: u8,
    /// How many full tiles stand to its left.
    pub index: u64,
    /// How many hashes it holds, 1 to 256; fewer than 256 make it a partial tile.
    pub width: u16,
}

impl Tile {
    /// The tiles of a book of a size, by level and then by index; none over the size of 2^40 − 1.
    pub fn of_size(size: u64) -> impl Iterator<Item = Self> {
        (0..=TOP).filter(move |_| size <= MAX_SIZE).flat_map(move |level| {
            let hashes = size >> (level * HEIGHT);
            let full = (0..hashes / WIDTH).map(move |index| Self { level, index, width: WIDTH as u16 });
            let partial = Self { level, index: hashes / WIDTH, width: (hashes % WIDTH) as u16 };
            full.chain((partial.width > 0).then_some(partial))
        })
    }

    /// The tile of a size that holds the hash of a subtree whose level is a multiple of 8.
    pub fn holding(node: Node, size: u64) -> Option<Self> {
        let hashes = size.checked_shr(u32::from(node.level))?;
        let index = node.index / WIDTH;
        let width = WIDTH.min(hashes.checked_sub(index * WIDTH)?) as u16;
        let holds = node.level.is_multiple_of(HEIGHT) && node.index < hashes;
        holds.then_some(Self { level: node.level / HEIGHT, index, width })
    }

    /// The subtrees whose hashes it holds, in their order.
    pub fn nodes(self) -> impl Iterator<Item = Node> {
        let level = self.level.saturating_mul(HEIGHT);
        let first = self.index.saturating_mul(WIDTH);
        (0..u64::from(self.width)).map(move |place| Node { level, index: first.saturating_add(place) })
    }

    /// Its file: `tile/0/x001/x234/067`, with `.p/5` when it is partial and 5 wide.
    pub fn path(self) -> String {
        format!("tile/{}/{}", self.level, self.place())
    }

    /// The file of the leaves under it, if it is of level 0: `tile/entries/x001/x234/067`.
    pub fn entries_path(self) -> Option<String> {
        (self.level == 0).then(|| format!("tile/entries/{}", self.place()))
    }

    /// Reads a path that [`Tile::path`] wrote.
    ///
    /// # Errors
    /// `Malformed` for any other text.
    pub fn parse(path: &str) -> Result<Self, Fault> {
        Self::read(path).ok_or_else(|| {
            let found: String = path.chars().take(64).collect();
            Fault::malformed("path of a tile", "a form like tile/0/x001/067.p/5", found)
        })
    }

    fn read(path: &str) -> Option<Self> {
        let (level, place) = path.strip_prefix("tile/")?.split_once('/')?;
        let (place, width) = match place.split_once(".p/") {
            None => (place, WIDTH),
            Some((place, width)) => (place, decimal(width).filter(|width| (1..WIDTH).contains(width))?),
        };
        let level = u8::try_from(decimal(level)?).ok().filter(|level| *level <= 63)?;
        let digits: String = place.chars().filter(char::is_ascii_digit).collect();
        let tile = Self { level, index: digits.parse().ok()?, width: width as u16 };
        (tile.path() == path).then_some(tile)
    }

    fn place(self) -> String {
        let mut groups = format!("{:03}", self.index % 1000);
        let mut rest = self.index / 1000;
        while rest > 0 {
            groups = format!("x{:03}/{groups}", rest % 1000);
            rest /= 1000;
        }
        if u64::from(self.width) < WIDTH { format!("{groups}.p/{}", self.width) } else { groups }
    }
}

/// Adds a leaf to an entry bundle: `u16(length) ‖ blind ‖ entry`.
///
/// # Errors
/// `Misuse` for an entry over 16,384 bytes.
pub fn bundle_leaf(bundle: &mut Vec<u8>, blind: &[u8; BLIND], entry: &[u8]) -> Result<(), Fault> {
    let length = u16::try_from(BLIND + entry.len()).ok().filter(|_| entry.len() <= MAX_ENTRY);
    let Some(length) = length else {
        return Err(Fault::misuse("entry to bundle", "at most 16,384 bytes", format!("{}", entry.len())));
    };
    bundle.extend_from_slice(&length.to_be_bytes());
    bundle.extend_from_slice(blind);
    bundle.extend_from_slice(entry);
    Ok(())
}

/// Reads the leaves of an entry bundle, each `blind ‖ entry`.
///
/// # Errors
/// `Malformed` for more than 256 leaves, a leaf shorter than its blind or longer than one can be, or bytes that
/// end too early.
pub fn bundled_leaves(bundle: &[u8]) -> Result<Vec<&[u8]>, Fault> {
    let malformed = |expected, found: usize| Fault::malformed("entry bundle", expected, format!("{found}"));
    let mut leaves = Vec::new();
    let mut rest = bundle;
    while !rest.is_empty() {
        let short = malformed("whole leaves", rest.len());
        let (length, after) = rest.split_first_chunk().ok_or_else(|| short.clone())?;
        let length = usize::from(u16::from_be_bytes(*length));
        if !(BLIND..=BLIND + MAX_ENTRY).contains(&length) {
            return Err(malformed("leaves of 16 to 16,400 bytes", length));
        }
        let (leaf, after) = after.split_at_checked(length).ok_or(short)?;
        if leaves.len() as u64 == WIDTH {
            return Err(malformed("at most 256 leaves", leaves.len() + 1));
        }
        leaves.push(leaf);
        rest = after;
    }
    Ok(leaves)
}

/// The bytes of a tile: the hashes of its subtrees.
///
/// # Errors
/// Whatever `hash` fails with.
pub fn contents<E>(tile: Tile, hash: impl FnMut(Node) -> Result<Hash, E>) -> Result<Vec<u8>, E> {
    let hashes: Vec<Hash> = tile.nodes().map(hash).collect::<Result<_, E>>()?;
    Ok(hashes.into_flattened())
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString as _;

    use super::*;

    #[test]
    fn paths_are_those_of_the_specification() {
        let path = |level, index, width| Tile { level, index, width }.path();
        assert_eq!(path(0, 1_234_067, 256), "tile/0/x001/x234/067");
        assert_eq!(path(1, 0, 1), "tile/1/000.p/1");
        assert_eq!(Tile { level: 0, index: 999, width: 7 }.entries_path().unwrap(), "tile/entries/999.p/7");
        assert_eq!(Tile { level: 1, index: 999, width: 7 }.entries_path(), None);
        for text in ["tile/0/x001/x234/067", "tile/63/000.p/255", "tile/4/x010/000"] {
            assert_eq!(Tile::parse(text).unwrap().path(), text);
        }
        for text in [
            "tile/0/1",
            "tile/00/000",
            "tile/64/000",
            "tile/0/000.p/0",
            "tile/0/000.p/256",
            "tile/0/x000/001",
            "tile/0/001/002",
            "/tile/0/000",
            "tile/0/000/",
            "tile/0/x99999999999999999999/000",
            "tile/0/",
            "tile/entries/000",
        ] {
            assert!(Tile::parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_book_of_70_000_entries_has_the_tiles_of_the_specification() {
        let tiles: Vec<Tile> = Tile::of_size(70_000).collect();
        let partial: Vec<String> =
            tiles.iter().filter(|tile| tile.width < 256).map(|tile| tile.path()).collect();
        assert_eq!(tiles.iter().filter(|tile| tile.level == 0 && tile.width == 256).count(), 273);
        assert_eq!(tiles.iter().filter(|tile| tile.level == 1 && tile.width == 256).count(), 1);
        assert_eq!(
            partial,
            ["tile/0/273.p/112", "tile/1/001.p/17", "tile/2/000.p/1"].map(|path| path.to_string())
        );
        let full: Vec<String> = Tile::of_size(256).map(Tile::path).collect();
        assert_eq!(full, ["tile/0/000".to_string(), "tile/1/000.p/1".to_string()]);
        assert_eq!(Tile::of_size(0).count(), 0);
        assert_eq!(Tile::of_size(u64::MAX).count(), 0);
        for tile in tiles {
            assert!(tile.nodes().all(|node| Tile::holding(node, 70_000) == Some(tile)));
        }
        assert_eq!(Tile::holding(Node { level: 0, index: 70_000 }, 70_000), None);
        assert_eq!(Tile::holding(Node { level: 4, index: 0 }, 70_000), None);
        assert_eq!(Tile::holding(Node { level: 200, index: 0 }, 70_000), None);
        assert_eq!(Tile::holding(Node { level: 0, index: u64::MAX }, 70_000), None);
    }

    #[test]
    fn bundles_read_as_they_were_written() {
        let mut bundle = Vec::new();
        let longest = [7; MAX_ENTRY];
        bundle_leaf(&mut bundle, &[1; 16], b"entry").unwrap();
        bundle_leaf(&mut bundle, &[2; 16], &longest).unwrap();
        let leaves = bundled_leaves(&bundle).unwrap();
        assert_eq!(
            leaves,
            [[&[1; 16], b"entry".as_slice()].concat(), [&[2; 16], longest.as_slice()].concat()]
        );
        assert!(bundle_leaf(&mut bundle, &[3; 16], &[0; MAX_ENTRY + 1]).is_err());
        assert!(bundled_leaves(&bundle[..bundle.len() - 1]).is_err());
        assert!(bundled_leaves(&[0]).is_err());
        assert!(bundled_leaves(&[0, 15, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]).is_err());
        let one = [&[0, 17][..], &[0; 17]].concat();
        assert_eq!(bundled_leaves(&one.repeat(256)).unwrap().len(), 256);
        assert!(bundled_leaves(&one.repeat(257)).is_err());
    }

    #[test]
    fn contents_are_the_hashes_in_order() {
        let tile = Tile { level: 1, index: 2, width: 3 };
        let bytes = contents(tile, |node| Ok::<_, Fault>([node.level + node.index as u8; 32])).unwrap();
        assert_eq!(bytes.len(), 96);
        let hashes: Vec<u8> = bytes.chunks(32).map(|hash| hash[0]).collect();
        assert_eq!(hashes, [8, 9, 10]); // level 8, indices 512 to 514, in one byte
    }
}
