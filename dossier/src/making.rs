//! Making a dossier: from entries with their proofs to the bytes of the file (spec/dossier.md §3).
//!
//! Promises that equal evidence makes equal bytes, and that nothing is written which does not hold.

use std::collections::BTreeSet;

use detente_line::Fork;
use detente_record::dossier::Head;
use detente_record::tlog_proof::TlogProof;
use detente_record::{Book, EntryRef, Fault, Hash, Party, Signature, base64};

use crate::archive::Writer;
use crate::memoranda::Memoranda;
use crate::part::{Name, OfEntry, OfFork};
use crate::signers::{Signers, book_key};
use crate::{amending, later_keys, paper, words};

/// Most entries of a dossier.
pub const MOST_ENTRIES: usize = 20_000;

/// What a dossier is made of.
#[derive(Debug)]
pub struct Dossier<'m> {
    /// The memorandum that founded the line, and what was put in its place; the acts that did so are among the entries.
    pub memoranda: &'m Memoranda,
    /// Whether attachments are to follow, which whoever writes the file adds ([`crate::archive::Outline`]).
    pub with_attachments: bool,
    /// The signatures of all parties of the founding memorandum, ascending.
    pub signatures: Vec<(Party, Signature)>,
    /// The entries, in the order of their names.
    pub entries: Vec<Proven>,
    /// Books of which two checkpoints that cannot both be true are signed, ascending.
    pub forks: Vec<Fork>,
}

/// An entry with its proofs.
#[derive(Debug, Clone)]
pub struct Proven {
    /// Which it is.
    pub name: EntryRef,
    /// Its leaf: `blind(16) ‖ entry`.
    pub leaf: Vec<u8>,
    /// Its proofs, ascending by size, at least one.
    pub proofs: Vec<Placed>,
}

/// Where an entry stands under a checkpoint.
#[derive(Debug, Clone)]
pub struct Placed {
    /// The checkpoint, and the receipts and cosignatures for it.
    pub head: Head,
    /// The inclusion proof, the leaf's sibling first.
    pub hashes: Vec<Hash>,
}

impl Dossier<'_> {
    /// The file.
    ///
    /// # Errors
    /// `Misuse` for evidence that does not hold, is out of order, or is past a bound.
    pub fn write(&self) -> Result<Vec<u8>, Fault> {
        if self.entries.len() > MOST_ENTRIES {
            let found = self.entries.len().to_string();
            return Err(Fault::misuse("dossier", "at most 20,000 entries", found));
        }
        let mut writer = Writer::default();
        let (memoranda, founding) = (self.memoranda, self.memoranda.founding());
        let mut put = |name: Name, bytes: &[u8]| writer.add(&name.path(memoranda), bytes);
        let readme = paper::readme(memoranda, self.version(), self.entries.len(), self.forks.len());
        put(Name::Readme, readme.as_bytes())?;
        put(Name::Memorandum, &founding.encode())?;
        put(Name::Signatures, paper::note(founding, &self.signatures).as_bytes())?;
        put(Name::MemorandumText, paper::text(memoranda).as_bytes())?;
        put(Name::Keys, paper::keys(memoranda, &self.books()).as_bytes())?;
        let keys_apart = [
            (Name::Renewals, later_keys::renewals(memoranda)),
            (Name::Seals, later_keys::seals(memoranda)),
            (Name::Amendments, amending::text(memoranda)),
        ];
        for (name, text) in keys_apart {
            if let Some(text) = text {
                put(name, text.as_bytes())?;
            }
        }
        let signers = Signers::of(memoranda);
        let mut before = None;
        for entry in &self.entries {
            if before.replace(entry.name) >= Some(entry.name) {
                let found = words::name(memoranda, entry.name);
                return Err(Fault::misuse("entries of a dossier", "each once, in their order", found));
            }
            let (_, bytes) = entry.leaf.split_first_chunk::<16>().unwrap_or((&[0; 16], &[]));
            put(
                Name::Entry(entry.name, OfEntry::Words),
                words::text(memoranda, entry.name, bytes).as_bytes(),
            )?;
            for placed in &entry.proofs {
                let size = placed.head.checkpoint.checkpoint.size;
                let text = self.proof(entry, placed, &signers)?;
                put(Name::Entry(entry.name, OfEntry::Proof(size)), text.as_bytes())?;
            }
        }
        for fork in &self.forks {
            let book = fork.head.checkpoint.book;
            for (of, text) in fork_texts(memoranda, fork)? {
                put(Name::Fork(book, of), text.as_bytes())?;
            }
        }
        Ok(writer.finish())
    }

    /// The lowest version of the form that has all of this.
    fn version(&self) -> u8 {
        let has_keys = self
            .memoranda
            .parties()
            .any(|party| self.memoranda.rank(party) > 0 || self.memoranda.seal_key(party).is_some());
        match self.with_attachments || !self.memoranda.amended().is_empty() {
            _ if has_keys => 3,
            true => 2,
            false => 1,
        }
    }

    /// The text of a proof, which leads to its checkpoint.
    fn proof(&self, entry: &Proven, placed: &Placed, signers: &Signers<'_>) -> Result<String, Fault> {
        let index = entry.name.number.saturating_sub(1);
        if placed.head.entry(&entry.leaf, index, &placed.hashes).is_err() {
            let found = words::name(self.memoranda, entry.name);
            return Err(Fault::misuse("proof", "one that leads to its checkpoint", found));
        }
        let note = signers.note(&placed.head)?;
        Ok(TlogProof { leaf: entry.leaf.clone(), index, hashes: placed.hashes.clone(), note }.format())
    }

    /// The books that anything here is of.
    fn books(&self) -> BTreeSet<Book> {
        let entries = self.entries.iter().map(|entry| entry.name.book);
        entries.chain(self.forks.iter().map(|fork| fork.head.checkpoint.book)).collect()
    }
}

/// The parts of a fork: both checkpoints as notes and, where their sizes differ, what ties them.
///
/// # Errors
/// `Malformed` for a book of nobody.
pub(crate) fn fork_texts(memoranda: &Memoranda, fork: &Fork) -> Result<Vec<(OfFork, String)>, Fault> {
    let (line, key) = (memoranda.line(), book_key(memoranda, fork.head.checkpoint.book)?);
    let mut texts =
        vec![(OfFork::One, fork.head.note(&line, key)), (OfFork::Other, fork.with.note(&line, key))];
    if fork.head.checkpoint.size != fork.with.checkpoint.size {
        let mut text = base64(&fork.root) + "\n";
        for hash in &fork.proof {
            text.push_str(&base64(hash));
            text.push('\n');
        }
        texts.push((OfFork::Consistency, text));
    }
    Ok(texts)
}
