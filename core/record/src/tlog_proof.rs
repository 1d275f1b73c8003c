//! Proofs to take away (spec/record.md §10, c2sp.org/tlog-proof).
//!
//! A [`TlogProof`] is one entry with all that shows that its author wrote it and who has receipted it; nothing
//! in it is true until [`TlogProof::verify`] has held it to keys, and no other entry is revealed by it.

use alloc::format;
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;
use core::fmt::Write as _;

use crate::blind::BLIND;
use crate::checkpoint::SignedCheckpoint;
use crate::dossier::Head;
use crate::entry::MAX_ENTRY;
use crate::fault::Fault;
use crate::hash::{Hash, array_from_base64, base64, from_base64};
use crate::key::PublicKey;
use crate::name::{Book, EntryRef, LineId, Party, decimal};
use crate::note::{MAX_SIGNATURE_LINE, MAX_SIGNATURES, MAX_TEXT, Note};
use crate::receipt::Receipt;
use crate::seal::SealKey;

/// The first line of a proof.
pub const HEADER: &str = "c2sp.org/tlog-proof@v1";
/// Most hashes of a proof; a book has at most 40 levels.
pub const MAX_HASHES: usize = 64;

/// An entry, and where it stands under a checkpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlogProof {
    /// The entry's leaf: `blind(16) ‖ entry`.
    pub leaf: Vec<u8>,
    /// Its number − 1.
    pub index: u64,
    /// The inclusion proof, the leaf's sibling first.
    pub hashes: Vec<Hash>,
    /// The checkpoint as a signed note, with receipts as further signature lines.
    pub note: String,
}

/// What a proof shows once it is verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proved {
    /// Which entry it is.
    pub name: EntryRef,
    /// Its bytes.
    pub entry: Vec<u8>,
    /// The checkpoint that its author signed over it.
    pub checkpoint: SignedCheckpoint,
    /// The receipts that cover it, of the parties whose keys were given.
    pub receipts: Vec<Receipt>,
}

impl TlogProof {
    /// Puts a proof together; `author` and the parties' `receipt_keys` only name the signatures.
    ///
    /// # Errors
    /// `Misuse` when a receipt is not of the checkpoint or of a party without a key here, and when the proof
    /// does not lead from the leaf to the checkpoint's root.
    pub fn new(
        leaf: Vec<u8>,
        number: u64,
        hashes: Vec<Hash>,
        checkpoint: &SignedCheckpoint,
        receipts: &[Receipt],
        line: &LineId,
        keys: &Keys<'_>,
    ) -> Result<Self, Fault> {
        let head = Head {
            checkpoint: checkpoint.clone(),
            receipts: receipts.to_vec(),
            cosignatures: Vec::new(),
            seal: None,
        };
        let note = head.note(line, keys, &[])?;
        let of = &checkpoint.checkpoint;
        let proof = Self { leaf, index: number.saturating_sub(1), hashes, note };
        match proof.verify(line, of.book, keys) {
            Ok(_) => Ok(proof),
            Err(fault) => Err(Fault::misuse("proof", "one that holds", fault.to_string())),
        }
    }

    /// Its text, for a file that ends in `.tlog-proof`.
    pub fn format(&self) -> String {
        let mut text = format!("{HEADER}\nextra {}\nindex {}\n", base64(&self.leaf), self.index);
        for hash in &self.hashes {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "{}", base64(hash));
        }
        text.push('\n');
        text.push_str(&self.note);
        text
    }

    /// Reads the text of a proof, and verifies nothing.
    ///
    /// # Errors
    /// `Malformed` for text of another form, without a leaf, or over a bound.
    pub fn parse(text: &str) -> Result<Self, Fault> {
        if text.len() > MAX_TEXT * 4 + MAX_SIGNATURES * MAX_SIGNATURE_LINE {
            return Err(malformed("at most 589,824 bytes", "more"));
        }
        let Some((head, note)) = text.split_once("\n\n") else {
            return Err(malformed("an empty line before the checkpoint", "none"));
        };
        let mut lines = head.split('\n');
        if lines.next() != Some(HEADER) {
            return Err(malformed(HEADER, "another first line"));
        }
        let Some(extra) = lines.next().and_then(|line| line.strip_prefix("extra ")) else {
            return Err(malformed("a line of extra, with the entry's leaf", "another line"));
        };
        let leaf = from_base64("leaf of a proof", extra)?;
        if !(BLIND + 1..=BLIND + MAX_ENTRY).contains(&leaf.len()) {
            return Err(Fault::malformed("leaf of a proof", "17 to 16,400 bytes", leaf.len().to_string()));
        }
        let Some(index) = lines.next().and_then(|line| line.strip_prefix("index ")).and_then(decimal) else {
            return Err(malformed("a line of index", "another line"));
        };
        let hashes: Vec<Hash> = lines
            .take(MAX_HASHES + 1)
            .map(|line| array_from_base64("hash of a proof", line))
            .collect::<Result<_, _>>()?;
        if hashes.len() > MAX_HASHES {
            return Err(malformed("at most 64 hashes", "more"));
        }
        Note::parse(note.as_bytes())?;
        Ok(Self { leaf, index, hashes, note: note.to_string() })
    }

    /// Holds it to the author's book key and the receipt keys of other parties.
    ///
    /// Signature lines under other names and keys are passed over; so a proof without receipts verifies, and
    /// says so by [`Proved::receipts`].
    ///
    /// # Errors
    /// `Misbehaved` when the checkpoint's signature or a receipt of these keys does not hold, or when the leaf
    /// is not under the checkpoint; `Malformed` for a checkpoint or leaf that is none.
    pub fn verify(&self, line: &LineId, book: Book, keys: &Keys<'_>) -> Result<Proved, Fault> {
        let head = Head::verify(&Note::parse(self.note.as_bytes())?, line, book, keys, &[])?;
        let (entry, _) = head.entry(&self.leaf, self.index, &self.hashes)?;
        let name = EntryRef { book, number: self.index.saturating_add(1) };
        Ok(Proved { name, entry: entry.to_vec(), checkpoint: head.checkpoint, receipts: head.receipts })
    }
}

/// The keys that a proof is held to.
#[derive(Debug, Clone, Copy)]
pub struct Keys<'a> {
    /// The author's book key.
    pub author: &'a PublicKey,
    /// The receipt keys of the other parties; of one whose keys were renewed, all of them, ascending by rank.
    pub receipts: &'a [(Party, PublicKey)],
    /// The author's seal key, where it is known.
    pub seal: Option<&'a SealKey>,
}

fn malformed(expected: &'static str, found: &'static str) -> Fault {
    Fault::malformed("tlog-proof", expected, found)
}

#[cfg(test)]
mod tests {
    use alloc::vec;

    use super::*;
    use crate::blind::{BookSecret, LineSecret};
    use crate::checkpoint::Checkpoint;
    use crate::key::SecretKey;
    use crate::name::Class;
    use crate::proof::{Node, inclusion};
    use crate::tree::{Frontier, leaf_hash};

    const LINE: LineId = LineId([7; 32]);
    const ENTRIES: [&[u8]; 5] = [b"a", b"b", b"c", b"d", b"e"];

    fn book() -> Book {
        Book { generation: 0, party: Party::new(3).unwrap(), class: Class::Z }
    }

    fn author() -> SecretKey {
        SecretKey::from_seed([1; 32])
    }

    fn receiver() -> SecretKey {
        SecretKey::from_seed([2; 32])
    }

    fn leaf(index: usize) -> Vec<u8> {
        let secret = BookSecret::new(&LineSecret::from_bytes([4; 32]), &book().origin(&LINE));
        [&secret.blind(index as u64), ENTRIES[index]].concat()
    }

    fn subtree(start: usize, end: usize) -> Frontier {
        let mut frontier = Frontier::default();
        for index in start..end {
            let leaf = leaf(index);
            let (blind, entry) = leaf.split_first_chunk().unwrap();
            frontier.push(leaf_hash(blind, entry));
        }
        frontier
    }

    fn proof(number: u64, party: u8) -> Result<TlogProof, Fault> {
        let root = subtree(0, 5).root();
        let checkpoint = Checkpoint { book: book(), size: 5, root }.sign(&LINE, &author());
        let hashes = inclusion(number - 1, 5, |node: Node| {
            let start = (node.index << node.level) as usize;
            Ok::<_, Fault>(subtree(start, start + (1 << node.level)).root())
        });
        let party = Party::new(party)?;
        let receipt = Receipt::sign(book(), party, 5, &root, 1_500_000_000, &LINE, &receiver());
        let (author, receivers) = (author().public(), [(Party::new(4)?, receiver().public())]);
        let keys = Keys { author: &author, receipts: &receivers, seal: None };
        TlogProof::new(leaf(number as usize - 1), number, hashes?, &checkpoint, &[receipt], &LINE, &keys)
    }

    fn verify(proof: &TlogProof, receipts: &[(Party, PublicKey)]) -> Result<Proved, Fault> {
        proof.verify(&LINE, book(), &Keys { author: &author().public(), receipts, seal: None })
    }

    #[test]
    fn a_proof_read_again_proves_its_entry_and_receipts() {
        let receivers = [(Party::new(4).unwrap(), receiver().public())];
        for number in 1..=5 {
            let read = TlogProof::parse(&proof(number, 4).unwrap().format()).unwrap();
            let proved = verify(&read, &receivers).unwrap();
            assert_eq!(proved.name, EntryRef { book: book(), number });
            assert_eq!(proved.entry, ENTRIES[number as usize - 1]);
            assert_eq!((proved.checkpoint.checkpoint.size, proved.receipts.len()), (5, 1));
            assert_eq!(verify(&read, &[]).unwrap().receipts, []);
        }
        assert!(proof(1, 5).is_err(), "a receipt of a party without a key");
    }

    #[test]
    fn a_proof_that_was_touched_is_refused() {
        let sound = proof(3, 4).unwrap();
        let receivers = [(Party::new(4).unwrap(), receiver().public())];
        let refused = |change: fn(&mut TlogProof)| {
            let mut proof = sound.clone();
            change(&mut proof);
            assert!(verify(&proof, &receivers).is_err());
        };
        refused(|proof| proof.leaf[0] ^= 1);
        refused(|proof| proof.leaf[16] ^= 1);
        refused(|proof| proof.leaf = vec![0; 15]);
        refused(|proof| proof.index = 1);
        refused(|proof| proof.index = u64::MAX);
        refused(|proof| proof.hashes[0][0] ^= 1);
        refused(|proof| proof.hashes.clear());
        refused(|proof| proof.note = proof.note.replacen("\n5\n", "\n6\n", 1));
        let others = [(Party::new(4).unwrap(), author().public())];
        assert_eq!(verify(&sound, &others).unwrap().receipts, [], "a key that signed nothing here");
    }

    #[test]
    fn text_of_another_form_is_refused() {
        let text = proof(3, 4).unwrap().format();
        for (from, to) in [
            ("@v1", "@v2"),
            ("extra ", "extra"),
            ("extra ", ""),
            ("index 2", "index 02"),
            ("index 2", "index -2"),
            ("index 2\n", ""),
            ("index 2\n", "index 2\nAAAA\n"),
            ("\n\n", "\n"),
            ("— ", "- "),
        ] {
            assert!(TlogProof::parse(&text.replacen(from, to, 1)).is_err(), "{from:?}");
        }
        let hash = base64(&[0; 32]) + "\n";
        let more =
            |count: usize| text.replacen("index 2\n", &("index 2\n".to_string() + &hash.repeat(count)), 1);
        assert!(TlogProof::parse(&more(61)).is_ok());
        assert!(TlogProof::parse(&more(62)).is_err());
        assert!(TlogProof::parse(&text.repeat(2000)).is_err());
    }
}
