//! What a file shows, once it is read (spec/dossier.md §5).

use detente_line::{Content, Fork};
use detente_record::dossier::Bound;
use detente_record::{Blob, Entry, EntryRef, Fault, Hash};

use crate::compare::Conviction;
use crate::custody::{self, Attached};
use crate::fact::Fact;
use crate::memoranda::Memoranda;
use crate::words::{self, Row};

/// Something that does not hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{part}: {fault}")]
pub struct Wrong {
    /// The part that it is found in; the file itself, where no part can be told.
    pub part: String,
    /// What it is, and who is to blame.
    pub fault: Fault,
}

/// Something in a file that this version does not read; nothing is concluded from it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unread {
    /// The part that it is in.
    pub part: String,
    /// What it is.
    pub what: String,
}

/// What a file shows.
#[derive(Debug)]
pub struct Report {
    /// What everything else is held to: the memorandum that founded the line, which all of its parties signed, and what motions
    /// put in its place.
    pub memoranda: Memoranda,
    /// The version of the file's form.
    pub version: u8,
    /// The entries that are proved, in the order of their names.
    pub entries: Vec<Established>,
    /// The attachments of these entries, in their order.
    pub attachments: Vec<Attached>,
    /// Books of which two checkpoints that cannot both be true are here as evidence.
    pub forks: Vec<Fork>,
    /// Checkpoints in the proofs of this file that cannot both be true.
    pub convictions: Vec<Conviction>,
    /// What does not hold: at most [`crate::verify::MOST_WRONGS`].
    pub wrongs: Vec<Wrong>,
    /// How many things do not hold.
    pub wrong_count: usize,
    /// What was passed over: at most [`crate::verify::MOST_WRONGS`].
    pub unread: Vec<Unread>,
    /// Who wrote the texts for people, where it is not this version, so that they could not be compared.
    pub texts_by: Option<String>,
    /// How many parts there are.
    pub parts: usize,
}

/// An entry that is proved.
#[derive(Debug)]
pub struct Established {
    /// Which it is.
    pub name: EntryRef,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// The hash of its leaf.
    pub leaf: Hash,
    /// What they say, or why they cannot be read.
    pub read: Result<Entry, Fault>,
    /// What its body says, or why it cannot be read, or is not where the rules of the line have it.
    pub content: Result<Content, Fault>,
    /// The checkpoints that it stands under, ascending by size, at least one.
    pub under: Vec<Under>,
    /// What is shown of it.
    pub facts: Vec<Fact>,
    /// By others' clocks: between which times it came to be.
    pub bounds: Vec<Bound>,
}

/// A checkpoint that an entry stands under.
#[derive(Debug, Clone)]
pub struct Under {
    /// How many entries of the book it is over.
    pub size: u64,
    /// Their root.
    pub root: Hash,
    /// From the entry's leaf to that root.
    pub hashes: Vec<Hash>,
}

impl Report {
    /// Lays a file beside the attachments that name it; `place` says which file it is.
    ///
    /// # Errors
    /// Where no entry here names it.
    pub fn lay(&mut self, place: &str, blob: &Blob) -> Result<(), Wrong> {
        let laid = custody::lay(&mut self.attachments, place, blob);
        laid.map_err(|fault| Wrong { part: place.to_owned(), fault })
    }

    /// Whether nothing is wrong with the file.
    pub fn holds(&self) -> bool {
        self.wrong_count == 0
    }
}

impl Established {
    /// What it says, as people read it.
    pub fn rows(&self, memoranda: &Memoranda) -> Vec<Row> {
        match &self.read {
            Ok(read) => words::rows(memoranda, self.name, read, &self.content),
            Err(_) => Vec::new(),
        }
    }
}
