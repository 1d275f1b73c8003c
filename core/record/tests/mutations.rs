//! Whatever is done to valid bytes, no decoder panics, and none takes bytes that it would not write itself.

#![allow(clippy::unwrap_used, reason = "a test that cannot make its input has failed")]

use detente_record::note::Note;
use detente_record::tile::{Tile, bundled_leaves};
use detente_record::tlog_proof::{Keys, TlogProof};
use detente_record::{
    Blame, Book, Checkpoint, Class, Entry, EntryRef, Frontier, LineId, ParsedRef, Party, Receipt, SecretKey,
    canonical,
};

/// SplitMix64, so that every run makes the same mutations.
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        (self.roll() % end.max(1) as u64) as usize
    }

    /// Changes, removes, repeats or inserts bytes in one to four places.
    fn mutate(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut bytes = bytes.to_vec();
        for _ in 0..=self.below(4) {
            let at = self.below(bytes.len());
            let until = (at + 1 + self.below(8)).min(bytes.len());
            match self.below(6) {
                _ if bytes.is_empty() => bytes.push(self.roll() as u8),
                0 => bytes[at] = self.roll() as u8,
                1 => bytes[at] ^= 1 << self.below(8),
                2 => bytes[at] = bytes[at].wrapping_add(1),
                3 => drop(bytes.drain(at..until)),
                4 => {
                    let repeated = bytes[at..until].to_vec();
                    bytes.splice(at..at, repeated);
                }
                _ => bytes.truncate(at),
            }
        }
        bytes
    }
}

const LINE: LineId = LineId([7; 32]);

fn book() -> Book {
    Book { generation: 1, party: Party::new(3).unwrap(), class: Class::A }
}

fn entries() -> Vec<Vec<u8>> {
    let least = Entry {
        serial: 1,
        time_ms: 1_500_000_000_000,
        clock_held: false,
        office: 1,
        language: None,
        regards: Vec::new(),
        cut: [].into(),
        vector: None,
        kind: 1,
        body: vec![0xa1, 0x01, 0x65, b'h', b'e', b'l', b'l', b'o'],
        second: None,
    };
    let full = Entry {
        clock_held: true,
        language: Some("ru".into()),
        regards: vec![EntryRef { book: book(), number: 300 }, EntryRef { book: book(), number: 70_000 }],
        cut: (0..30).filter_map(|code| Some((Book::from_code(code).ok()?, u64::from(code) * 1000))).collect(),
        vector: Some([9; 32]),
        body: vec![0xa3, 0x01, 0x18, 0x64, 0x02, 0x82, 0x20, 0xf6, 0x18, 0x64, 0xa1, 0x00, 0xf5],
        ..least.clone()
    };
    vec![least.encode().unwrap(), full.encode().unwrap()]
}

fn proof() -> TlogProof {
    let (author, receiver) = (SecretKey::from_seed([1; 32]), SecretKey::from_seed([2; 32]));
    let leaf = [&[0; 16][..], &entries()[0]].concat();
    let root = detente_record::leaf_hash(&[0; 16], &entries()[0]);
    let checkpoint = Checkpoint { book: book(), size: 1, root }.sign(&LINE, &author);
    let party = Party::new(4).unwrap();
    let receipt = Receipt::sign(book(), party, 1, &root, 1_500_000_000, &LINE, &receiver);
    let keys = Keys { author: &author.public(), receipts: &[(party, receiver.public())], seal: None };
    TlogProof::new(leaf, 1, Vec::new(), &checkpoint, &[receipt], &LINE, &keys).unwrap()
}

#[test]
fn entries_have_one_encoding() {
    let mut dice = Dice(1);
    let mut taken = 0;
    for entry in entries() {
        for _ in 0..100_000 {
            let bytes = dice.mutate(&entry);
            match Entry::decode(&bytes) {
                Ok(read) => {
                    assert_eq!(read.encode().as_deref(), Ok(&bytes[..]), "{bytes:02x?}");
                    taken += 1;
                }
                Err(fault) if fault.blame() == Blame::Incompatible => assert!(canonical(&bytes).is_ok()),
                Err(fault) => assert_eq!(fault.blame(), Blame::Malformed, "{bytes:02x?}: {fault}"),
            }
        }
    }
    assert!(taken > 1_000, "mutations that never leave an entry valid test nothing: {taken}");
}

#[test]
fn canonical_bytes_are_read_to_their_end() {
    let mut dice = Dice(2);
    for entry in entries() {
        for _ in 0..100_000 {
            let bytes = dice.mutate(&entry);
            let mut decoder = minicbor::Decoder::new(&bytes);
            if canonical(&bytes).is_ok() {
                decoder.skip().unwrap();
                assert_eq!(decoder.position(), bytes.len(), "{bytes:02x?}");
            }
        }
    }
}

#[test]
fn bytes_that_mean_nothing_do_no_harm() {
    let mut dice = Dice(3);
    for _ in 0..200_000 {
        let length = dice.below(40);
        let bytes: Vec<u8> = (0..length).map(|_| dice.roll() as u8).collect();
        let _ = canonical(&bytes);
        let _ = Entry::decode(&bytes);
        let _ = Frontier::decode(&bytes);
        let _ = bundled_leaves(&bytes);
        let _ = Note::parse(&bytes);
    }
}

#[test]
fn frontiers_have_one_encoding() {
    let mut dice = Dice(4);
    let mut frontier = Frontier::default();
    for leaf in 0..11 {
        frontier.push([leaf; 32]);
        for _ in 0..2_000 {
            let bytes = dice.mutate(&frontier.encode());
            if let Ok(read) = Frontier::decode(&bytes) {
                assert_eq!(read.encode(), bytes);
                let _ = read.root();
            }
        }
    }
}

#[test]
fn proofs_have_one_text_and_touched_ones_prove_nothing_else() {
    let mut dice = Dice(5);
    let author = SecretKey::from_seed([1; 32]).public();
    let receivers = [(Party::new(4).unwrap(), SecretKey::from_seed([2; 32]).public())];
    let keys = Keys { author: &author, receipts: &receivers, seal: None };
    let sound = proof();
    let proved = sound.verify(&LINE, book(), &keys).unwrap();
    for _ in 0..20_000 {
        let bytes = dice.mutate(sound.format().as_bytes());
        let Ok(text) = String::from_utf8(bytes) else { continue };
        let Ok(read) = TlogProof::parse(&text) else { continue };
        assert_eq!(read.format(), text);
        if let Ok(other) = read.verify(&LINE, book(), &keys) {
            assert_eq!((&other.name, &other.entry), (&proved.name, &proved.entry));
            assert_eq!(other.checkpoint.checkpoint, proved.checkpoint.checkpoint);
        }
    }
}

#[test]
fn names_and_paths_have_one_text() {
    let mut dice = Dice(6);
    for text in ["usa/Z/3", "usa/Z.1/3", "tile/0/x001/x234/067", "tile/1/000.p/17"] {
        for _ in 0..20_000 {
            let Ok(text) = String::from_utf8(dice.mutate(text.as_bytes())) else { continue };
            if let Ok(read) = ParsedRef::parse(&text) {
                let book =
                    Book { generation: read.generation, party: Party::new(0).unwrap(), class: read.class };
                assert_eq!(EntryRef { book, number: read.number }.text(&read.party), text);
            }
            if let Ok(tile) = Tile::parse(&text) {
                assert_eq!(tile.path(), text);
            }
        }
    }
}
