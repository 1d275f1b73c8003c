//! Attachments of the entries of a dossier: who added each, who says that they hold it, and whether its bytes are here
//! (spec/dossier.md §3.6, §6; spec/blobs.md §4).
//!
//! A word is a word: that bytes exist only they show, and what they show nobody here vouches for. That nobody says that a
//! party holds a file proves nothing.

use std::collections::BTreeMap;

use detente_line::{Attachment, Content};
use detente_record::{Blob, EntryRef, Fault, Hash, Party, hex};

use crate::memoranda::Memoranda;
use crate::report::Established;
use crate::words;

/// An attachment of an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attached {
    /// The entry that names it.
    pub entry: EntryRef,
    /// When, by the clock of its author, ms.
    pub time_ms: u64,
    /// What it says of it.
    pub attachment: Attachment,
    /// Of every other party, ascending: where it first says that it holds the file, and when by its own clock, ms.
    pub words: Vec<(Party, Option<(EntryRef, u64)>)>,
    /// Whether its bytes are here.
    pub bytes: Bytes,
}

/// Whether the bytes of an attachment are here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Bytes {
    /// They are not: whoever has the file can hold it to its hash.
    Absent,
    /// They are, and fit: in the part of the file, or in the file beside it, of this name.
    Fit(String),
    /// They are, and have the hash; their tree is not what the entry's author gave.
    FalseTree(String),
}

/// Something that is shown of an attachment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustodyFact {
    /// Its name, for programs.
    pub name: &'static str,
    /// Whom it is about.
    pub of: Party,
    /// Whether that party is bound by it.
    pub binds: bool,
    /// It, in a sentence.
    pub says: String,
    /// What it does not prove.
    pub does_not_prove: &'static str,
    /// The entry that says it, and when, by its author's clock, ms.
    pub by: Option<(EntryRef, u64)>,
}

/// The attachments of entries, in the order of these.
pub(crate) fn attached(memoranda: &Memoranda, entries: &[Established]) -> Vec<Attached> {
    let read = || {
        entries
            .iter()
            .filter_map(|entry| Some((entry, entry.read.as_ref().ok()?, entry.content.as_ref().ok()?)))
    };
    // A party's first word is its earliest: its times never decrease.
    let mut words: BTreeMap<(Party, Hash), (u64, EntryRef)> = BTreeMap::new();
    let mut said = |party: Party, hash: Hash, word: (u64, EntryRef)| {
        let known = words.entry((party, hash)).or_insert(word);
        *known = word.min(*known);
    };
    for (entry, read, content) in read() {
        let word = (read.time_ms, entry.name);
        for attachment in content.attachments() {
            said(entry.name.book.party, attachment.hash, word);
        }
        if let Content::Holds { hashes } = content {
            hashes.iter().for_each(|hash| said(entry.name.book.party, *hash, word));
        }
    }
    let of_entry = |(entry, read, content): (&Established, &detente_record::Entry, &Content)| {
        let (name, time_ms) = (entry.name, read.time_ms);
        let one = |attachment: &Attachment| {
            let others = memoranda.parties().filter(|party| *party != name.book.party);
            let word = |party: Party| {
                let found = words.get(&(party, attachment.hash)).map(|(time_ms, by)| (*by, *time_ms));
                (party, found)
            };
            let words = others.map(word).collect();
            Attached { entry: name, time_ms, attachment: attachment.clone(), words, bytes: Bytes::Absent }
        };
        content.attachments().iter().map(one).collect::<Vec<_>>()
    };
    read().flat_map(of_entry).collect()
}

/// Lays bytes, by what they are, beside the attachments that name them; `place` is the part or file that they are in.
///
/// # Errors
/// `Malformed` where no entry here names them: they are the bytes of something else.
pub(crate) fn lay(attached: &mut [Attached], place: &str, blob: &Blob) -> Result<(), Fault> {
    let mut is_named = false;
    for one in attached.iter_mut().filter(|one| one.attachment.hash == blob.hash) {
        is_named = true;
        one.bytes = match one.attachment.blob() == *blob {
            true => Bytes::Fit(place.to_owned()),
            false => Bytes::FalseTree(place.to_owned()),
        };
    }
    if is_named {
        return Ok(());
    }
    let found = format!("{} bytes with SHA-256 {}", blob.size, hex(&blob.hash));
    Err(Fault::malformed("attachment", "a file that an entry here names by its hash", found))
}

impl Attached {
    /// What is shown of it: who added it, who says that it holds it, whether its bytes are here.
    pub fn facts(&self, memoranda: &Memoranda) -> Vec<CustodyFact> {
        let author = self.entry.book.party;
        let (by, when) = (memoranda.name_of(author), words::time(self.time_ms));
        let name = |entry: EntryRef| words::name(memoranda, entry);
        let mut facts = vec![CustodyFact {
            name: "attached",
            of: author,
            binds: true,
            says: format!("{by} added it, in {} at {when} by the clock of {by}", name(self.entry)),
            does_not_prove: "what is in it, where it comes from, or that its name and media type are right",
            by: Some((self.entry, self.time_ms)),
        }];
        for (party, word) in &self.words {
            let who = memoranda.name_of(*party);
            facts.push(match word {
                Some((entry, time_ms)) => CustodyFact {
                    name: "holds",
                    of: *party,
                    binds: true,
                    says: format!(
                        "{who} said that it holds it, in {} at {} by the clock of {who}",
                        name(*entry),
                        words::time(*time_ms)
                    ),
                    does_not_prove: "that anybody there opened it, or that it has it still",
                    by: Some((*entry, *time_ms)),
                },
                None => CustodyFact {
                    name: "not-said-to-be-held",
                    of: *party,
                    binds: false,
                    says: format!("{who}: nothing here says that it holds it"),
                    does_not_prove: "anything: it may hold it, and what says so may be kept elsewhere",
                    by: None,
                },
            });
        }
        facts
    }

    /// Whether its bytes are here, in a sentence.
    pub fn bytes_say(&self, memoranda: &Memoranda) -> String {
        let author = memoranda.name_of(self.entry.book.party);
        match &self.bytes {
            Bytes::Absent => "its bytes are not here: whoever has the file can hold it to this hash".into(),
            Bytes::Fit(place) => format!("its bytes are in {place}, and are what {author} gave the hash of"),
            Bytes::FalseTree(place) => format!(
                "its bytes are in {place} and have this hash, but {author} gave the size or the tree of other bytes: what {author} said of it is not so"
            ),
        }
    }
}
